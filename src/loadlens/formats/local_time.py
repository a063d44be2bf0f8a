"""From instants to the local day: as the file says, else the position or the user, else UTC, told as assumed."""

from __future__ import annotations

from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd

FIRST, LAST = np.datetime64("2000-01-01", "s"), np.datetime64("2100-01-01", "s")
"""Times before and after these come from a clock that was not set, or from damage."""

FURTHEST = 14 * 3600  # s; the time zone furthest from UTC
STEP = 900  # s; zones differ by quarters of an hour
DRIFT = 120  # s; the two clocks of a watch are written a moment apart
SUN_HOURS = 4.0  # h; no zone is this far from its own sun (the west of China: 3 h)


def are_set(times: np.ndarray) -> np.ndarray:
    """Say which times can be those of a set clock; NaT is none."""
    return np.asarray((times >= FIRST) & (times < LAST))


def believe_offset(local: np.datetime64, utc: np.datetime64, east: float = np.nan) -> float:
    """Return the seconds by which local time is ahead of UTC, NaN where no place has such a time.

    Parameters
    ----------
    local, utc : datetime64
        One moment on the local clock and in UTC.
    east : float, optional
        Longitude in degrees. An offset of 0 far from Greenwich means that UTC was written as local time.
    """
    if np.isnat(local) or np.isnat(utc):
        return np.nan
    seconds = float((local - utc) / np.timedelta64(1, "s"))
    rounded = float(STEP * round(seconds / STEP))
    if abs(rounded) > FURTHEST or abs(seconds - rounded) > DRIFT:
        return np.nan
    if rounded == 0 and abs(east) / 15 > SUN_HOURS:
        return np.nan
    return rounded


Place = tuple[float, float]
"""Latitude and longitude in degrees; NaN where unknown."""

NO_PLACE: Place = (np.nan, np.nan)


@cache
def _load_finder() -> Any:
    """Return what finds zones; None where the optional package is absent. It takes most of a second to load."""
    try:
        from timezonefinder import TimezoneFinder
    except ImportError:
        return None
    return TimezoneFinder()


def is_place(place: Place) -> bool:
    """Say whether this is a position on earth; (0, 0) is where receivers are that have none."""
    north, east = place
    return abs(north) <= 90 and abs(east) <= 180 and not (north == 0 and east == 0)


def can_find_zones() -> bool:
    """Say whether the optional package that knows the zones of the earth is there."""
    return _load_finder() is not None


def find_zone(place: Place) -> str | None:
    """Return the IANA time zone at a position; None where that, or the package ``timezonefinder``, is missing."""
    if not is_place(place) or not can_find_zones():
        return None
    north, east = place
    name: str | None = _load_finder().timezone_at(lat=north, lng=east)
    try:
        return name and ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError):  # its map may be newer than the zones of this machine
        return None


def to_local(times: np.ndarray, offset: float, tz: str | None, place: Place = NO_PLACE) -> tuple[np.ndarray, str]:
    """Return wall times and where they come from.

    Parameters
    ----------
    times : array of datetime64[s]
        UTC.
    offset : float
        Seconds ahead of UTC as the file says, NaN where it does not.
    tz : str, optional
        IANA time zone as the user says.
    place : (float, float)
        Where it was.

    Returns
    -------
    local : array of datetime64[s]
        UTC itself where nothing better is known.
    told : {"file", "position", "user", "assumed"}
        Who told the time zone.
    """
    if np.isfinite(offset):
        return times + np.timedelta64(int(offset), "s"), "file"
    there = find_zone(place)
    zone = there or tz
    if zone is None:
        return times, "assumed"
    local = pd.DatetimeIndex(times).tz_localize("UTC").tz_convert(zone).tz_localize(None)
    return local.to_numpy().astype("datetime64[s]"), "position" if there else "user"
