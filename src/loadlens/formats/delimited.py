"""Bytes of a delimited text file in, numbered records out: encoding, line ends, delimiter, quotes.

Nothing here knows what a heading means. Memory stays bounded whatever the bytes are.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator

from loadlens.formats.source import UnreadableFile

MAX_TEXT = 200_000_000
"""Longest text that is read, in bytes. A list of 20,000 activities is some 15 MB."""

MAX_RECORDS = 500_000
MAX_LINE = 1_000_000
MAX_LINES_PER_RECORD = 5_000

STRAY = 4
"""Control characters a damaged text may hold; a binary file has more."""

DELIMITERS = (",", ";", "\t", "|")

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")  # all but tabs and ends of lines and pages

_DECIMAL_COMMA = re.compile(r"^([+-]?\d+),(\d+)$")

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))

Record = tuple[int, list[str]]
"""Line on which a record starts (the first line is 1), and its cells."""


def find_encoding(content: bytes, *, cut: bool = False) -> str | None:
    """Return the encoding of a text, or None when the bytes are no text.

    Parameters
    ----------
    content : bytes
        The file, or its beginning.
    cut : bool
        Whether `content` may end in the middle of a character.

    Returns
    -------
    str or None
        UTF-8 or UTF-16 when marked so, UTF-8 when valid or where files of two encodings were pasted together (what
        is not valid is then read as Windows code page), else the Windows code page of Western Europe.
    """
    for mark, name in _BOMS:
        if content.startswith(mark):
            return name
    if content[:65_536].count(0) > STRAY:
        return _find_wide(content[:65_536])
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(content), 1 << 20):
            decoder.decode(content[start : start + (1 << 20)])
        decoder.decode(b"", final=not cut)
    except UnicodeDecodeError:
        if not content.decode("utf-8", "ignore").isascii():
            return "utf-8"
        try:
            content.decode("cp1252")
        except UnicodeDecodeError:
            return "latin-1"
        return "cp1252"
    return "utf-8"


def _find_wide(beginning: bytes) -> str | None:
    """Return UTF-16 where it has no mark but every second byte of a text in Western letters is zero."""
    for start, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros = beginning[start::2].count(0)
        if zeros > 0.8 * (len(beginning) // 2) and beginning.count(0) - zeros <= STRAY:
            return name
    return None


def _read_as_western(error: UnicodeError) -> tuple[str, int]:
    """Read bytes that are no UTF-8 as the Windows code page of Western Europe."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return wrong.decode("cp1252", "replace"), error.end


codecs.register_error("loadlens.western", _read_as_western)


def head_text(head: bytes) -> str | None:
    """Return the beginning of a file as text, or None when it is binary."""
    encoding = find_encoding(head, cut=True)
    if encoding is None:
        return None
    text = head.decode(encoding, errors="ignore" if encoding.startswith("utf-16") else _errors(encoding))
    return None if len(_CONTROL.findall(text[:4096])) > STRAY else text


def _lines(stream: io.TextIOBase, name: str, since: list[int]) -> Iterator[str]:
    for line in stream:
        since[0] += 1
        if len(line) > MAX_LINE or since[0] > MAX_LINES_PER_RECORD:
            raise UnreadableFile("row_too_long", where=name, characters=MAX_LINE, lines=MAX_LINES_PER_RECORD)
        yield line


def _errors(encoding: str) -> str:
    return "loadlens.western" if encoding.startswith("utf-8") else "replace"


def read_records(content: bytes, encoding: str, delimiter: str, name: str, *, strict: bool = False) -> Iterator[Record]:
    """Yield the records of a delimited text, one at a time.

    Parameters
    ----------
    content : bytes
        The whole text.
    encoding, delimiter : str
        As found before.
    name : str
        What errors call the file.
    strict : bool
        Raise ``csv.Error`` where quotation marks do not pair up.

    Raises
    ------
    UnreadableFile
        More rows, or a longer row, than any real list holds.
    """
    stream = io.TextIOWrapper(io.BytesIO(content), encoding=encoding, errors=_errors(encoding), newline="")
    since = [0]
    reader = csv.reader(_lines(stream, name, since), delimiter=delimiter, strict=strict)
    start = 1
    try:
        for count, cells in enumerate(reader, start=1):
            if count > MAX_RECORDS:
                raise UnreadableFile("too_many_rows", where=name, limit=MAX_RECORDS)
            yield start, cells
            start = reader.line_num + 1
            since[0] = 0
    except csv.Error as error:
        if strict:
            raise
        raise UnreadableFile("cells_unsplit", where=name, line=start, found=error) from error


def has_paired_quotes(content: bytes, encoding: str, delimiter: str, name: str) -> bool:
    """Say whether every quotation mark has its partner, as far as the csv rules can tell."""
    try:
        for _ in read_records(content, encoding, delimiter, name, strict=True):
            pass
    except csv.Error:
        return False
    return True


def first_records(text: str, delimiter: str, most: int = 40) -> list[Record]:
    """Return the first records of a text that are not empty; fewer when it breaks off inside quotes."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    found: list[Record] = []
    start = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                found.append((start, cells))
            start = reader.line_num + 1
            if len(found) == most:
                break
    except csv.Error:
        return found
    return found


def find_table(text: str, most: int, fits: Callable[[list[list[str]]], bool]) -> tuple[str, list[list[str]]] | None:
    """Return the delimiter, and the first records, under which a table of a platform is itself.

    Parameters
    ----------
    text : str
    most : int
        Records to look at.
    fits : callable
        Says whether these records are the table's. The comma is tried first: platforms write it, and others come from
        spreadsheets that saved the file again.
    """
    for mark in sorted(likely_delimiters(text), key=lambda mark: mark != ","):
        cells = [cells for _, cells in first_records(text, mark, most)]
        if fits(cells):
            return mark, cells
    return None


def with_points(cells: list[str], delimiter: str) -> list[str]:
    """Return cells with decimal points, where commas between figures can be nothing else as they part no cells."""
    return cells if delimiter == "," else [_DECIMAL_COMMA.sub(r"\1.\2", cell) for cell in cells]


def likely_delimiters(text: str) -> list[str]:
    """Return the delimiters that occur in the first lines, most frequent first; a line ``sep=;`` decides."""
    lines = [line for line in text[:65_536].splitlines() if line.strip()][:20]
    if lines and lines[0].lower().startswith("sep=") and lines[0][4:5] in DELIMITERS:
        return [lines[0][4]]
    counts = {mark: max((line.count(mark) for line in lines), default=0) for mark in DELIMITERS}
    return sorted((mark for mark in DELIMITERS if counts[mark]), key=lambda mark: -counts[mark]) or [","]
