"""What TCX and GPX have in common: tracks of points with times, as they stand in the file."""

from __future__ import annotations

import math
import re
import tomllib
from array import array
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from loadlens.formats.source import UnreadableFile

NAN = math.nan
FAR = 1e11  # s since 1970; no time is further away
LARGEST = 1e9  # of numbers; no distance, height or power comes near it
MOST_TRACKS = 5000  # activities in one file, and
MOST_LAPS = 100_000  # laps; more is no log of one person, and would be read for hours
MOST_SHORT, SHORTEST_TRACK = 1000, 2000  # activities of any length; bytes, of an activity of a few minutes
SHOWN_NAMES = 40  # names of elements that are not used, at most

_FRACTION = re.compile(r"[.,]\d*")
_DATE = re.compile(r"\d{4}-\d\d?-\d\d?")


@dataclass
class Track:
    """One activity as the file has it.

    Attributes
    ----------
    sport, title, note, device : str or None
        As they stand there.
    start : tuple of float
        Seconds since 1970 and offset of the zone, as `parse_time` gives them; NaN where only the points tell.
    laps : list of dict
        Of TCX: columns of ``[laps]``, ``start`` and ``offset``.
    columns : dict of str to array
        Of the points: ``time``, ``offset``, ``segment`` and the columns of ``[points]``.
    count : int
        Number of points.
    """

    sport: str | None = None
    title: str | None = None
    note: str | None = None
    device: str | None = None
    start: tuple[float, float] = (NAN, NAN)
    laps: list[dict[str, float]] = field(default_factory=list)
    columns: dict[str, array[float]] = field(default_factory=dict)
    count: int = 0


@dataclass
class Findings:
    """All tracks of a file and what was met on the way.

    Attributes
    ----------
    tracks : list of Track
    routes : int
        Planned routes and courses, which are no activities.
    laps : int
        Laps of all tracks.
    stray : int
        Points that belong to no activity.
    commas : int
        Numbers with a decimal comma.
    unreadable : dict of str to list
        Column -> how many texts in it are no value, and the first of them.
    unused : dict of str to None
        Elements of points that loadlens does not use, in order.
    """

    tracks: list[Track] = field(default_factory=list)
    routes: int = 0
    laps: int = 0
    stray: int = 0
    commas: int = 0
    unreadable: dict[str, list[Any]] = field(default_factory=dict)
    unused: dict[str, None] = field(default_factory=dict)


@cache
def track_rules() -> dict[str, Any]:
    """Return the vocabularies and numbers of ``data/tracks.toml``."""
    return tomllib.loads(files("loadlens").joinpath("data/tracks.toml").read_text("utf-8"))


def check_number(tracks: int, laps: int, name: str, size: float = math.inf) -> None:
    """Refuse a file with more activities or laps than anyone has.

    Parameters
    ----------
    tracks, laps : int
        How many there are.
    name : str
        Name of the file, for the error.
    size : float, optional
        Its bytes: a small file with thousands of activities holds next to nothing of each.

    Raises
    ------
    UnreadableFile
        There are more than `MOST_TRACKS`, or `MOST_LAPS`, or so many that `SHORTEST_TRACK` bytes are not there for each
        beyond the first `MOST_SHORT`.
    """
    most = int(min(MOST_TRACKS, MOST_SHORT + size / SHORTEST_TRACK))
    if tracks > most or laps > MOST_LAPS:
        raise UnreadableFile("too_many_tracks", where=name, tracks=most, laps=MOST_LAPS)


def add_point(track: Track, point: dict[str, float]) -> None:
    """Add a point; what it lacks is NaN."""
    columns = track.columns
    if not point.keys() <= columns.keys():
        for name in point.keys() - columns.keys():
            columns[name] = array("d", [NAN]) * track.count
    for name, column in columns.items():
        column.append(point.get(name, NAN))
    track.count += 1


def parse_number(text: str, column: str, findings: Findings) -> float:
    """Return a number, with a point or a comma; NaN for none, which is counted unless the text is empty."""
    try:
        value = float(text)
    except ValueError:
        if not text:
            return NAN
        try:
            value = float(text.replace(",", ".", 1))
        except ValueError:
            _count_unreadable(text, column, findings)
            return NAN
        findings.commas += 1
    if abs(value) <= LARGEST:
        return value
    if not math.isnan(value):
        _count_unreadable(text, column, findings)
    return NAN


def parse_time(text: str, findings: Findings) -> tuple[float, float]:
    """Return seconds since 1970 and the seconds by which its zone is ahead of UTC.

    The offset is NaN for a time without a zone, whose seconds then count on the clock it was read from; both are NaN
    for what is no time.
    """
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            if len(text) < 16:  # a date without a time of day
                raise ValueError(text)
            return moment.replace(tzinfo=UTC).timestamp(), NAN
        offset = moment.utcoffset()
        return moment.timestamp(), offset.total_seconds() if offset is not None else NAN
    except (ValueError, OverflowError):
        return _parse_odd_time(text, findings)


def _parse_odd_time(text: str, findings: Findings) -> tuple[float, float]:
    """Read ``2024-3-1 7:05:00.`` and ``2024-03-01T07:05:00 UTC``; count what is no time."""
    if not text:
        return NAN, NAN
    if _DATE.match(text):
        date, _, clock = text.replace(" ", "T", 1).partition("T")
        zone = "UTC" if clock.rstrip().upper().endswith(("UTC", "GMT", "Z")) else ""
        clock = _FRACTION.sub("", re.sub(r"[A-Za-z\s]+$", "", clock))
        try:
            moment = datetime.strptime(f"{date}T{clock}", "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
        except ValueError:
            pass
        else:
            return moment.timestamp(), 0.0 if zone else NAN
    _count_unreadable(text, "time", findings)
    return NAN, NAN


def _count_unreadable(text: str, column: str, findings: Findings) -> None:
    entry = findings.unreadable.setdefault(column, [0, text[:40]])
    entry[0] += 1


def note_unused(name: str, text: str, findings: Findings) -> None:
    """Remember the name of an element of a point that said something nobody asked for."""
    if text and len(findings.unused) < SHOWN_NAMES:
        findings.unused[name] = None
