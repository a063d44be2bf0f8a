"""From instants to the local day: what the file says, else what the user says, else UTC, told as assumed."""

from __future__ import annotations

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


def to_local(times: np.ndarray, offset: float, tz: str | None) -> tuple[np.ndarray, str]:
    """Return wall times and where they come from.

    Parameters
    ----------
    times : array of datetime64[s]
        UTC.
    offset : float
        Seconds ahead of UTC as the file says, NaN where it does not.
    tz : str, optional
        IANA time zone as the user says.

    Returns
    -------
    local : array of datetime64[s]
        UTC itself where nothing better is known.
    told : {"file", "user", "assumed"}
        Who told the time zone.
    """
    if np.isfinite(offset):
        return times + np.timedelta64(int(offset), "s"), "file"
    if tz is None:
        return times, "assumed"
    local = pd.DatetimeIndex(times).tz_localize("UTC").tz_convert(tz).tz_localize(None)
    return local.to_numpy().astype("datetime64[s]"), "user"
