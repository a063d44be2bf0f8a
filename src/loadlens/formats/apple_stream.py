"""Apple Health's export.xml -> calls as its elements open and close, of a file of any length, in little memory.

The document type that Apple writes at the top is passed over unread: that of iOS 16 is broken and stops every parser,
and nothing in it is needed. Entities are refused; nothing outside the file is ever fetched.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

import numpy as np
from tqdm import tqdm

from loadlens.formats.markup import DEEPEST, clean_blocks
from loadlens.formats.source import UnreadableFile

if TYPE_CHECKING:
    from loadlens.formats.source import Source

    Opened = Callable[[int, str, dict[str, str]], None]
    Closed = Callable[[int], None]

_ROOT = re.compile(rb"<HealthData[\s>/]")
_ROW = re.compile(rb"<(?:Record|Workout)\s")
_LONGEST_MARK = 9  # bytes of "<Workout "
_AGAIN = b"<HealthData>"
_ENTITY = re.compile(rb"<!\s*ENTITY", re.IGNORECASE)
_DOCTYPE = re.compile(rb"<!\s*DOCTYPE", re.IGNORECASE)
_DIGITS = (0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18, 21, 22, 23, 24)
_STAMP = 25  # characters of "2018-11-30 06:13:30 +0100"


@cache
def apple_rules() -> dict[str, Any]:
    """Return which elements are used, their units and the limits (``data/apple_health.toml``)."""
    return tomllib.loads(resources.files("loadlens").joinpath("data/apple_health.toml").read_text("utf-8"))


def stream_elements(source: Source, opened: Opened, closed: Closed) -> list[str]:
    """Call back as elements open (depth, name, attributes) and close (depth); the root has depth 1.

    What is no XML is passed over up to the next record or workout; the root then opens again.

    Parameters
    ----------
    source : Source
        Read once, a block at a time, with a bar of progress.
    opened, closed : callable

    Returns
    -------
    list of str
        What was wrong, and where; empty when the file is whole.

    Raises
    ------
    UnreadableFile
        The file declares entities, nests deeper than `markup.DEEPEST`, has an endless element or no root.
    """
    depth = 0
    problems: list[str] = []

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise UnreadableFile("xml_too_deep", where=source.name, limit=DEEPEST)
        opened(depth, name, attributes)

    def end(_: str) -> None:
        nonlocal depth
        closed(depth)
        depth -= 1

    whole = _skip_document_type(clean_blocks(source, source.bound), source.name)
    blocks = (block for block in whole if block)
    parser, fed, rest = _make_parser(begin, end, source.name), 0, b""
    with tqdm(total=source.bound, desc=source.name, unit="B", unit_scale=True, delay=1, leave=False) as bar:
        while block := rest or next(blocks, b""):
            rest = b""
            try:
                parser.Parse(block, False)
                fed += len(block)
                _refuse_endless(fed - parser.CurrentByteIndex, source.name)
            except expat.ExpatError as error:
                problems.append(str(error))
                if len(problems) >= apple_rules()["damages_at_most"]:
                    return problems
                rest = _find_next(block[max(parser.ErrorByteIndex - fed, 0) :], blocks)
                parser, fed, depth = _make_parser(begin, end, source.name), len(_AGAIN), 0
                parser.Parse(_AGAIN, False)
            bar.update(len(block) - len(rest))
        try:
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            problems.append(str(error))
    return problems


def _make_parser(
    begin: Callable[[str, dict[str, str]], None], end: Callable[[str], None], name: str
) -> expat.XMLParserType:
    def refused(*_: object) -> None:  # one that a trick put where it is not looked for
        raise UnreadableFile("apple_entities", where=name)

    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refused
    return parser


def _refuse_endless(waiting: int, name: str) -> None:
    longest = int(apple_rules()["element_at_most"])
    if waiting > longest:
        raise UnreadableFile("apple_element_endless", where=name, limit=longest)


def _find_next(block: bytes, blocks: Iterator[bytes]) -> bytes:
    """Return what follows from the next record or workout on; nothing when there is none."""
    while block:
        found = _ROW.search(block, 1)
        if found:
            return block[found.start() :]
        block = block[-_LONGEST_MARK:] + following if (following := next(blocks, b"")) else b""
    return b""


def _skip_document_type(blocks: Iterator[bytes], name: str) -> Iterator[bytes]:
    """Yield the blocks without what stands between the XML declaration and the root."""
    most = int(apple_rules()["prologue_at_most"])
    head = b""
    for block in blocks:
        head += block
        if _ROOT.search(head) or len(head) > most:
            break
    root, told = _ROOT.search(head), _DOCTYPE.search(head)
    if root is None:
        raise UnreadableFile("apple_no_root", where=name)
    if _ENTITY.search(head, 0, root.start()):
        raise UnreadableFile("apple_entities", where=name)
    yield head[: min(told.start() if told else root.start(), root.start())] + head[root.start() :]
    yield from blocks


def parse_stamps(stamps: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the instants that texts such as ``"2018-11-30 06:13:30 +0100"`` name.

    Parameters
    ----------
    stamps : list of str, length n

    Returns
    -------
    utc : array of float, shape (n,)
        Seconds since 1970; NaN where the text is no such time.
    offset : array of float, shape (n,)
        Seconds by which the clock written is ahead of UTC.
    """
    if not any(len(stamp) == _STAMP for stamp in stamps):  # a file can hold a hundred thousand empty ones
        return np.full(len(stamps), np.nan), np.full(len(stamps), np.nan)
    signs = np.array(stamps, dtype=f"U{_STAMP + 1}").view(np.uint32).reshape(len(stamps), _STAMP + 1).astype(np.int64)
    digits = signs[:, _DIGITS] - ord("0")
    good = ((digits >= 0) & (digits <= 9)).all(axis=1) & (signs[:, _STAMP] == 0)
    good &= (signs[:, (4, 7)] == ord("-")).all(axis=1) & (signs[:, (13, 16)] == ord(":")).all(axis=1)
    good &= ((signs[:, 10] == ord(" ")) | (signs[:, 10] == ord("T"))) & (signs[:, 19] == ord(" "))
    ahead, behind = signs[:, 20] == ord("+"), signs[:, 20] == ord("-")
    good &= ahead | behind
    digits[~good] = 0
    year = digits[:, 0] * 1000 + digits[:, 1] * 100 + digits[:, 2] * 10 + digits[:, 3]
    month, day, hour, minute, second, hours, minutes = (
        digits[:, at] * 10 + digits[:, at + 1] for at in range(4, 18, 2)
    )
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    good &= (days.astype("datetime64[M]") == months) & (month >= 1) & (month <= 12) & (day >= 1)
    good &= (hour < 24) & (minute < 60) & (second < 61) & (hours <= 14) & (minutes < 60)
    offset = np.where(behind, -1, 1) * (hours * 3600 + minutes * 60)
    utc = days.astype(np.int64) * 86_400 + hour * 3600 + minute * 60 + second - offset
    return np.where(good, utc, np.nan), np.where(good, offset, np.nan)


def convert(text: str | None, unit: str | None, table: str) -> float:
    """Return a number in the unit of the log, NaN where text or unit cannot be read.

    Parameters
    ----------
    text, unit : str or None
        As written: ``"5.02"`` and ``"km"``.
    table : str
        Table of ``[units]`` in which the unit must stand.
    """
    factor = apple_rules()["units"][table].get(unit)
    try:
        value = float(text) if text is not None and factor is not None else np.nan
    except ValueError:
        return np.nan
    if not abs(value) < 1e12:
        return np.nan
    scale, shift = factor if isinstance(factor, list) else (factor, 0.0)
    return value * float(scale) + float(shift)
