"""Times in the records of an archive: as written, with an offset beside them or none, brought to UTC and local."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from loadlens.formats.json_records import Record, dig
from loadlens.formats.local_time import FURTHEST, are_set, to_local
from loadlens.formats.source import Options

Table = Mapping[str, Any]
Kept = Sequence[tuple[int, Record]]
"""Rows of the file and what stands in them."""

_OFFSET = re.compile(r"(?:UTC|GMT)?([+-]?)(\d\d):?(\d\d)(?::\d\d)?")
_MONTH_FIRST = re.compile(r"(\d\d)/(\d\d)/(\d\d|\d{4})(?: (\d\d):(\d\d):(\d\d))?")


def read_stamp(value: Any) -> tuple[float, float]:
    """Return seconds since 1970 on the clock as written, and how far that clock is ahead of UTC [s].

    Parameters
    ----------
    value : Any
        ISO 8601 with or without an offset, ``09/27/26 05:22:23``, or ms since 1970.

    Returns
    -------
    seconds, offset : float
        NaN for what is no time; the offset is NaN where none is written.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return (value / 1000, 0.0) if abs(value) < 1e14 else (np.nan, np.nan)
    if not isinstance(value, str):
        return np.nan, np.nan
    found = _MONTH_FIRST.fullmatch(value)
    try:
        if found:
            month, day, year, hour, minute, second = (int(part or 0) for part in found.groups())
            moment = datetime(year + 2000 if year < 100 else year, month, day, hour, minute, second)
        elif value.isdecimal():
            return read_stamp(float(value))
        else:
            moment = datetime.fromisoformat(value)
        offset = moment.utcoffset()
        wall = moment.replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        return np.nan, np.nan
    return wall, np.nan if offset is None else offset.total_seconds()


def read_offset(value: Any) -> float:
    """Return the seconds by which ``+02:00`` or ``UTC-0300`` is ahead of UTC; NaN for none, and for 0.

    An offset of nothing is what some exports write where they know of no place.
    """
    found = _OFFSET.fullmatch(value) if isinstance(value, str) else None
    if not found:
        return np.nan
    seconds = (-1 if found[1] == "-" else 1) * (int(found[2]) * 3600 + int(found[3]) * 60)
    return float(seconds) if 0 < abs(seconds) <= FURTHEST else np.nan


def read_stamps(kept: Kept, path: str) -> tuple[np.ndarray, np.ndarray]:
    """Return what `read_stamp` gives for the value at a path of each record."""
    pairs = np.array([read_stamp(dig(record, path)) for _, record in kept], dtype=float).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def to_times(seconds: np.ndarray) -> np.ndarray:
    """Return times of seconds since 1970; NaT for none, and for those of a clock that was not set."""
    times = np.full(len(seconds), np.datetime64("NaT", "s"))
    known = np.abs(seconds) < 1e11
    times[known] = np.round(seconds[known]).astype("int64").astype("datetime64[s]")
    times[~are_set(times)] = np.datetime64("NaT")
    return times


def read_clock(kept: Kept, path: str, table: Table, options: Options) -> pd.DataFrame:
    """Return the moments at a path in UTC and on the local clock, and who told the zone.

    Parameters
    ----------
    kept : sequence of (int, dict)
        Rows and records.
    path : str
        Where the time stands.
    table : mapping
        ``clock`` and, where there is one, the path of the ``offset``.
    options : Options
        The user's zone counts where the file says none.

    Returns
    -------
    DataFrame
        utc, local (datetime64[s]) and told ("file", "user", "assumed"), one row for each record.
    """
    wall, written = read_stamps(kept, path)
    clock = table["clock"]
    if clock in ("local", "assumed"):
        local = to_times(wall)
        told = "file" if clock == "local" else "assumed"
        return pd.DataFrame({"utc": np.full(len(local), np.datetime64("NaT", "s")), "local": local, "told": told})
    utc = to_times(wall - np.nan_to_num(written))
    ahead = np.where((written != 0) & (np.abs(written) <= FURTHEST), written, np.nan)
    if "offset" in table:
        given = np.array([read_offset(dig(record, table["offset"])) for _, record in kept], dtype=float)
        ahead = np.where(np.isnan(given), ahead, given)
    local, who = to_local(utc, np.nan, options.tz)
    placed = np.isfinite(ahead)
    local = np.where(placed, utc + np.nan_to_num(ahead).astype("timedelta64[s]"), local)
    return pd.DataFrame({"utc": utc, "local": local, "told": np.where(placed, "file", who)})
