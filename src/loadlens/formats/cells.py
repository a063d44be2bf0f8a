"""What one cell says: labels, numbers with either decimal mark, durations.

A list of cells goes in, an array of floats comes out; a cell that says nothing, or that cannot be understood, is NaN,
and the positions of the latter are given back so that the caller can put them in the ledger.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Mark = Literal["point", "comma"]

_TAG = re.compile(r"<[^<>]*>")
_NOISE = re.compile(r"[\s_]+")
_MARKS = re.compile(r"[®™*]")
_SEPARATORS = re.compile(r"[^\w%°]|_")
_VOICED = "\u3099\u309a"  # in Japanese no accents: without them a bike (バイク) is a hike (ハイク)
_GROUPS = re.compile(r"(?<=\d)[ \u00a0\u202f'’](?=\d{3}(?!\d))")
_UNIT_TAIL = re.compile(r"^([^A-Za-z°%]*\d)\s*([A-Za-z°%/²]{1,8}\.?)$")

_POINT = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|[+-]?\.\d+")
_COMMA = re.compile(r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d*)?|[+-]?,\d+")
_MACHINE = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")

SMALLEST, LARGEST = 1e-12, 1e15
"""What is smaller is nothing, and what is larger no number an export means; ids and milliseconds since 1970 are less.
Nothing between them overflows when multiplied or divided."""

_CLOCKED = re.compile(r"(?:(\d{1,3})\s*(?:days?|d)[\s,]+)?(?:(\d{1,4}):)?(\d{1,4}):(\d{1,2})(?:[.,](\d{1,6}))?")
_SPELLED = re.compile(
    r"(?:(\d{1,3})\s*(?:h|hr|hrs|hours?|u|uur|uren|std|stunden?)\.?)?\s*"
    r"(?:(\d{1,4})\s*(?:m|min|mins|minutes?|minuten?|minuut)?\.?)?\s*"
    r"(?:(\d{1,2})\s*(?:s|sec|secs|seconds?|sek|seconden?)\.?)?",
    re.IGNORECASE,
)


@lru_cache(maxsize=65_536)
def plain(text: str) -> str:
    """Return a label without tags, accents, case, trade marks and doubled blanks: the form labels are compared in."""
    text = _MARKS.sub("", _TAG.sub("", text))
    if "&" in text:
        text = html.unescape(text)
    text = unicodedata.normalize("NFKD", text).casefold()
    text = "".join(sign for sign in text if sign in _VOICED or not unicodedata.combining(sign))
    return _NOISE.sub(" ", text.replace("’", "'")).strip(" :.\ufeff")


def squeeze(text: str) -> str:
    """Return a plain label without anything between its words, as scripts that tidy headings leave them.

    ``"Resting heart rate (bpm)"``, ``"resting_heart_rate_bpm"`` and ``"restingHeartRateBpm"`` give the same.
    """
    return _SEPARATORS.sub("", plain(text))


def split_unit(label: str) -> tuple[str, str]:
    """Split ``"Sleep (hours)"`` or ``"sleep_min"`` into its plain name and the word after it.

    Returns
    -------
    tuple of str
        Plain name and plain unit; the unit is empty when the label has one word and no brackets.
    """
    text = plain(label)
    found = re.fullmatch(r"(.+?)[ ,/]*(?:[(\[](.*?)[)\]]|\bin ([\w/%°]+))", text)
    if found:
        return found[1].strip(), (found[2] or found[3] or "").strip()
    name, _, unit = text.rpartition(" ")
    return (name, unit) if name else (text, "")


def _trim(cell: str) -> str:
    """Return a number without the guard apostrophe of spreadsheets, blanks and grouping blanks."""
    text = cell.strip().removeprefix("'").strip().replace("\u2212", "-")
    return _GROUPS.sub("", text)


def _evidence(text: str) -> Mark | None:
    """Say which decimal mark a token proves; none when it would be a number either way."""
    point, comma = text.count("."), text.count(",")
    if not point + comma:
        return None
    if point and comma:
        mark: Mark = "point" if text.rfind(".") > text.rfind(",") else "comma"
        return mark if (_POINT if mark == "point" else _COMMA).fullmatch(text) else None
    whole, _, rest = text.lstrip("+-").partition("." if point else ",")
    if max(point, comma) > 1:
        grouped = (_COMMA if point else _POINT).fullmatch(text)
        return None if grouped is None else ("comma" if point else "point")
    if not (whole + rest).isdecimal():
        return None
    if len(rest) == 3 and 1 <= len(whole) <= 3 and not whole.startswith("0"):
        return None
    return "point" if point else "comma"


def vote(columns: Iterable[Sequence[str]], counts: Iterable[Sequence[str]] = ()) -> tuple[Mark | None, dict[Mark, int]]:
    """Find the decimal mark of a file from the tokens that leave no doubt.

    Parameters
    ----------
    columns : iterable of sequences of str
        The cells of every column that holds numbers in the user's format.
    counts : iterable of sequences of str
        Columns that hold whole numbers only (steps): there ``12.345`` groups thousands, so the decimal mark is a comma.

    Returns
    -------
    mark : {"point", "comma"} or None
        None when no token, or as many on each side, proves anything.
    votes : dict
        Tokens on each side.
    """
    votes: dict[Mark, int] = {"point": 0, "comma": 0}
    for whole, group in ((False, columns), (True, counts)):
        known: dict[str, Mark | None] = {}
        for cells in group:
            for cell in cells:
                if cell not in known:
                    text = _without_unit(_trim(cell))[0]
                    known[cell] = _evidence(text) or (_grouping(text) if whole else None)
                side = known[cell]
                if side:
                    votes[side] += 1
    if votes["point"] == votes["comma"]:
        return None, votes
    return ("point" if votes["point"] > votes["comma"] else "comma"), votes


def _grouping(text: str) -> Mark | None:
    found = re.fullmatch(r"\d{1,3}([.,])\d{3}", text)
    return None if found is None else ("comma" if found[1] == "." else "point")


def _without_unit(text: str) -> tuple[str, str]:
    found = _UNIT_TAIL.fullmatch(text)
    return (found[1].strip(), found[2].casefold().rstrip(".")) if found else (text, "")


def _number(text: str, mark: str) -> float:
    if mark == "comma":
        if _COMMA.fullmatch(text) and _evidence(text) != "point":
            return float(text.replace(".", "").replace(",", "."))
        return np.nan
    if _MACHINE.fullmatch(text):
        return float(text)
    if _POINT.fullmatch(text):
        return float(text.replace(",", ""))
    return np.nan


def read_numbers(cells: Sequence[str], mark: str) -> tuple[Floats, list[int], list[str]]:
    """Read a column of numbers.

    Parameters
    ----------
    cells : sequence of str
        An empty cell is missing.
    mark : {"point", "comma"}
        The decimal mark; the other sign then groups thousands, three digits at a time.

    Returns
    -------
    values : array of float
        NaN where missing or not understood.
    wrong : list of int
        Positions that hold something which is no number in this format, or none that any export could mean.
    units : list of str
        Unit written behind each number, casefolded, else empty.
    """
    values = np.full(len(cells), np.nan)
    units = [""] * len(cells)
    wrong: list[int] = []
    known: dict[str, tuple[float, str]] = {}
    for place, cell in enumerate(cells):
        if not cell:
            continue
        if cell not in known:
            text, unit = _without_unit(_trim(cell))
            known[cell] = (_number(text, mark), unit)
        value, units[place] = known[cell]
        if abs(value) <= LARGEST:
            values[place] = value if abs(value) >= SMALLEST else 0.0
        else:
            wrong.append(place)
    return values, wrong, units


def read_number_either_way(cell: str) -> list[float]:
    """Return every value a token of doubtful format may have, e.g. ``2,81`` -> 2.81, 281 and (cut off) 2810."""
    text = _trim(cell)
    found = [value for value in (_number(text, "point"), _number(text, "comma")) if np.isfinite(value)]
    whole, sign, rest = text.replace(".", ",").partition(",")
    if sign and whole.isdecimal() and rest.isdecimal() and len(rest) < 3:
        found.append(float(whole + rest.ljust(3, "0")))
    return list(dict.fromkeys(found))


@lru_cache(maxsize=65_536)
def duration(cell: str, pair: Literal["m:s", "h:m"] = "m:s") -> float:
    """Return the seconds that a duration with colons or unit letters says, else NaN.

    Parameters
    ----------
    cell : str
        ``32:11``, ``1:08:38``, ``00:04:36.5``, ``6h 17min``, ``7u30``.
    pair : {"m:s", "h:m"}
        What two numbers with one colon are.
    """
    text = cell.strip().removeprefix("'").strip()
    found = _CLOCKED.fullmatch(text)
    if found:
        days, first, second, third, fraction = found.groups()
        if int(third) > 59 or (first is not None and int(second) > 59):
            return np.nan
        seconds = int(second) * 60 + int(third) + (float(f"0.{fraction}") if fraction else 0.0)
        if first is None and pair == "h:m":
            if int(third) > 59 or fraction:
                return np.nan
            seconds *= 60
        return int(days or 0) * 86_400 + int(first or 0) * 3600 + seconds
    found = _SPELLED.fullmatch(text)
    if found and text and not text.isdecimal():
        hours, minutes, rest = (int(part or 0) for part in found.groups())
        return float(hours * 3600 + minutes * 60 + rest)
    return np.nan


def read_durations(cells: Sequence[str], pair: Literal["m:s", "h:m"] = "m:s") -> tuple[Floats, list[int]]:
    """Read a column of durations in seconds; the second list holds the positions not understood."""
    values = np.array([duration(cell, pair) if cell else np.nan for cell in cells], dtype=float)
    wrong = [place for place, cell in enumerate(cells) if cell and np.isnan(values[place])]
    return values, wrong


_OFFSET = re.compile(r"(?:UTC|GMT)?\s*(?:Z|([+-])(\d{1,2}):?(\d{2})?)?", re.IGNORECASE)


def read_offset(cell: str) -> float:
    """Return the seconds by which local time is ahead of UTC, e.g. ``UTC-05:00`` or ``+0530``; NaN when unclear."""
    found = _OFFSET.fullmatch(cell.strip().replace("\u2212", "-"))
    if not found or not cell.strip():
        return np.nan
    sign, hours, minutes = found.groups()
    seconds = int(hours or 0) * 3600 + int(minutes or 0) * 60
    return float(-seconds if sign == "-" else seconds) if seconds <= 14 * 3600 else np.nan
