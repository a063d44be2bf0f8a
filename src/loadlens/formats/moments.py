"""Dates and times as exports write them, in any order and in a dozen languages.

Whether 5/2/2025 is in May or in February is decided once for a whole column, from evidence, and said when unsure.
"""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt

from loadlens.formats.cells import plain

Moment = npt.NDArray[np.datetime64]

_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d:\d\d)?")
_NUMERIC = re.compile(r"(\d{1,4})([./-]) ?(\d{1,2})[./-] ?(\d{1,4})\.?(?:[T ,]+(.*))?")
_WEEKDAY = re.compile(r"[^\W\d_]{2,12}\.?,? (?=\d)")
_SERIAL = re.compile(r"(\d{5})(?:[.,]\d+)?")
_TIME = re.compile(r"(\d{1,2})[:.h](\d\d)(?:[:.](\d\d))?(?:[.,]\d+)?\s*(?:([ap])\.? ?m\.?)?")
_ZONE = re.compile(r"(?:(?<=\d)|\s)(z|utc|gmt|[+-]\d\d:?\d\d)$", re.IGNORECASE)
_HALVES = {"午前": "am", "上午": "am", "오전": "am", "午後": "pm", "下午": "pm", "오후": "pm"}
_HALF, _CLOCK = "|".join(_HALVES), r"\d{1,2}:\d\d(?::\d\d)?"
_HALF_DAY = re.compile(rf"({_HALF})\s*({_CLOCK})|({_CLOCK})\s*({_HALF})")
_SPACED = re.compile(r"(?:\w{0,4},? )?(\d{4}) (\d{1,2}) (\d{1,2})(?= |$)")
_WORD = re.compile(r"[^\W\d_]+|\d+")
_CLOCK_ONLY = re.compile(r"\d{1,2}:\d\d")


@dataclass(frozen=True)
class Moments:
    """What a column of dates says.

    Attributes
    ----------
    values : array of datetime64[s]
        The wall time as written (in UTC when the cell says so); NaT where missing or not understood.
    order : str
        ``"ymd"``, ``"dmy"``, ``"mdy"`` or ``"ydm"`` for numeric dates, ``"words"`` for names of months,
        ``"serial"`` for days numbered as spreadsheets do.
    unsure : bool
        True when the order of day and month rests on habit alone.
    without_year, without_day : int
        Cells that hold a day but no year (``Nov 11``, ``Oct 1-7``) and whose year nothing shows, or a month without
        a day.
    years_found : int
        Cells without a year that got it from their neighbours.
    utc : bool
        Every cell says that its time is in UTC, and at least one is not midnight: platforms that write a local day
        as ``T00:00:00Z`` mean the day.
    """

    values: Moment
    order: str
    unsure: bool
    without_year: int
    without_day: int
    utc: bool = False
    years_found: int = 0


@cache
def month_names() -> dict[str, int]:
    """Return plain month names and abbreviations of all languages known -> 1..12."""
    text = resources.files("loadlens").joinpath("data/exports/months.toml").read_text(encoding="utf-8")
    found: dict[str, int] = {}
    for names in tomllib.loads(text).values():
        for number, variants in enumerate(names, start=1):
            for variant in variants:
                found[plain(variant)] = number
    return found


def _clean(cell: str) -> str:
    text = cell.replace("\u202f", " ").replace("\u00a0", " ").replace("年", "-").replace("月", "-")
    text = " ".join(text.replace("日", " ").removeprefix("'").split())
    return _SPACED.sub(r"\1-\2-\3", _HALF_DAY.sub(_in_latin, text), count=1)


def _in_latin(found: re.Match[str]) -> str:
    """Write the half of the day as ``3:02 pm``, on whichever side of the time it stood."""
    return f"{found[2] or found[3]} {_HALVES[found[1] or found[4]]}"


def _zone(text: str) -> tuple[str, int | None]:
    """Split off a zone; its offset in minutes is taken away later, so that the result is UTC. None without a zone."""
    found = _ZONE.search(text)
    if not found or not _CLOCK_ONLY.search(text):
        return text, None
    mark = found[1]
    if mark[0] not in "+-":
        return text[: found.start()], 0
    minutes = int(mark[1:3]) * 60 + int(mark[-2:])
    return text[: found.start()], minutes if mark[0] == "+" else -minutes


def _time(text: str) -> tuple[int, int, int] | None:
    if not text:
        return 0, 0, 0
    found = _TIME.fullmatch(text.strip().casefold())
    if not found:
        return None
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if found[4] and hour > 12:  # noon may be written as 0:30 in the afternoon
        return None
    if found[4]:
        hour = hour % 12 + (12 if found[4] == "p" else 0)
    return hour, minute, second


def _year(text: str) -> int:
    return int(text) if len(text) == 4 else 2000 + int(text) if int(text) < 70 else 1900 + int(text)


def _build(year: int, month: int, day: int, time: tuple[int, int, int] | None) -> datetime | None:
    if time is None:
        return None
    try:
        moment = datetime(year, month, day, *time)
    except ValueError:
        return None
    return moment if FIRST_DAY <= moment < END else None


def _from_words(text: str) -> tuple[datetime | None, str]:
    """Read a date with a month's name; the second value says what is lacking: "year", "day" or nothing."""
    time: tuple[int, int, int] | None = (0, 0, 0)
    found = re.search(r"\d{1,2}(?:[:h]\d\d|\.\d\d\.\d\d).*$", text)
    if found:
        time = _time(found[0])
        text = text[: found.start()]
    tokens = _WORD.findall(text)
    names = month_names()
    months = [names[plain(token)] for token in tokens if plain(token) in names]
    years = [token for token in tokens if token.isdecimal() and len(token) == 4]
    days = [int(token) for token in tokens if token.isdecimal() and len(token) <= 2]
    if not months or len(days) > 1 or len(years) > 1:
        return None, "year" if months and not years else ""
    if not years or not days:
        return None, "day" if years else "year"
    # A weekday may look like a month ("mar." is Tuesday in French); the month stands nearer to the year.
    return _build(int(years[0]), months[-1], days[0], time), ""


def _split(text: str) -> tuple[str, str, str, str, str] | None:
    found = _NUMERIC.fullmatch(_WEEKDAY.sub("", text, count=1))
    return None if found is None else (found[1], found[3], found[4], found[5] or "", found[2])


def _variation(moments: list[datetime | None]) -> float:
    known = [moment for moment in moments if moment is not None]
    if len(known) < 3:
        return np.inf
    return sum(abs((b - a).days) for a, b in itertools.pairwise(known))


def _numeric(parts: tuple[str, str, str, str, str], order: str) -> datetime | None:
    first, second, third, time, _ = parts
    by_letter = dict(zip(order, (first, second, third), strict=True))
    return _build(_year(by_letter["y"]), int(by_letter["m"]), int(by_letter["d"]), _time(time))


def _order(split: list[tuple[str, str, str, str, str]], language: str) -> tuple[str, bool]:
    """Decide the order of day, month and year for a whole column; also say whether that is unsure."""
    if sum(len(parts[0]) == 4 for parts in split) * 2 > len(split):
        swapped = sum(int(parts[1]) > 12 for parts in split)
        return ("ydm" if swapped > sum(int(parts[2]) > 12 for parts in split) else "ymd"), False
    day_first = sum(int(parts[0]) > 12 for parts in split)
    month_first = sum(int(parts[1]) > 12 for parts in split)
    if day_first != month_first:
        return ("dmy" if day_first > month_first else "mdy"), False
    if split[0][4] == ".":
        return "dmy", False
    # Lists are sorted: under the wrong reading they jump to and fro.
    jumps = {order: _variation([_numeric(parts, order) for parts in split]) for order in ("dmy", "mdy")}
    if min(jumps.values()) * 2 < max(jumps.values()) and np.isfinite(max(jumps.values())):
        return min(jumps, key=lambda order: jumps[order]), False
    english = language == "en" and split[0][4] == "/"
    same = all(parts[0] == parts[1] for parts in split)
    return ("mdy" if english else "dmy"), not same


FIRST_DAY, END = datetime(1970, 1, 2), datetime(2060, 1, 1)
"""Days that a list can hold: the first of January 1970 is what a program writes that knows no date, and a slip of the
pen in a year must not make a log end in another age."""

SERIALS = range(32_874, 54_789)
"""Numbers that spreadsheets give the days of 1990 to 2049, counted from 30 December 1899."""

NOT_A_TIME = np.datetime64("NaT", "s")

NEIGHBOUR_DAYS = 31
"""Days at most between two rows of a table by the day; a year is carried over no larger gap."""


def _find_years(cells: Sequence[str], moments: list[datetime | None]) -> int:
    """Carry years from dated cells to neighbours without one, in place, as far as the order leaves no doubt.

    A table lists days in order, so a day without a year stands within a month of the dated day beside it.
    """
    count = 0
    for step in (1, -1):
        for place in range(len(moments))[::step]:
            beside = place - step
            near = moments[beside] if 0 <= beside < len(moments) else None
            if moments[place] is not None or near is None:
                continue
            guesses = [_from_words(f"{cells[place]} {year}")[0] for year in (near.year - 1, near.year, near.year + 1)]
            close = [moment for moment in guesses if moment and abs((moment - near).days) <= NEIGHBOUR_DAYS]
            if len(close) == 1:
                moments[place] = close[0]
                count += 1
    return count


def read_moments(cells: Sequence[str], language: str = "en", *, as_written: bool = False) -> Moments:
    """Read a column of dates, with or without times.

    Parameters
    ----------
    cells : sequence of str
        An empty cell is missing.
    language : str
        Language of the headings; used only where the cells themselves leave day and month open.
    as_written : bool
        Keep the wall time where a cell bears an offset; otherwise such a cell becomes UTC.

    Returns
    -------
    Moments
    """
    filled = [cell for cell in cells if cell]
    if filled and all(_ISO.fullmatch(cell) for cell in filled):
        try:
            values = np.array([cell or "NaT" for cell in cells], dtype="datetime64[s]")
        except ValueError:
            pass
        else:
            told = values[~np.isnat(values)]
            if ((told >= np.datetime64(FIRST_DAY)) & (told < np.datetime64(END))).all():
                return Moments(values, "ymd", unsure=False, without_year=0, without_day=0)
    if filled and all(_SERIAL.fullmatch(cell) and int(cell[:5]) in SERIALS for cell in filled):
        days = np.array([int(cell[:5]) if cell else 0 for cell in cells])
        values = np.where(days > 0, np.datetime64("1899-12-30", "s") + days * np.timedelta64(86_400, "s"), NOT_A_TIME)
        return Moments(values, "serial", unsure=False, without_year=0, without_day=0)
    zoned = [_zone(_clean(cell)) for cell in cells]
    split = [_split(text) for text, _ in zoned]
    known = [parts for parts in split if parts is not None]
    order, unsure = _order(known, language) if known else ("words", False)
    lacking = {"year": 0, "day": 0, "": 0}
    moments: list[datetime | None] = []
    for (text, offset), parts in zip(zoned, split, strict=True):
        moment, lacks = (_numeric(parts, order), "") if parts else _from_words(text)
        lacking[lacks] += 1
        if moment is not None and not as_written:
            moment -= timedelta(minutes=offset or 0)
        moments.append(moment)
    found = _find_years([text for text, _ in zoned], moments) if lacking["year"] else 0
    lacking["year"] -= found
    values = np.array(moments, dtype="datetime64[s]")
    zones = {offset for cell, (_, offset) in zip(cells, zoned, strict=True) if cell}
    timed = any(moment is not None and moment.time() != time() for moment in moments)
    utc = zones == {0} and timed
    return Moments(values, order, unsure, lacking["year"], lacking["day"], utc, years_found=found)
