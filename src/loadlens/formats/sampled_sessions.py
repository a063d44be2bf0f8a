"""One session with its samples -> an activity and its minutes, for exports that have a file for each session."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loadlens.formats import recordings
from loadlens.formats.export_profiles import find_sport
from loadlens.formats.fit_sessions import fit_rules
from loadlens.formats.local_time import are_set
from loadlens.formats.source import Options, Reading
from loadlens.formats.totals import count_steps, fill_totals

if TYPE_CHECKING:
    from loadlens.formats.recordings import Numbers, Recording

UNITS: dict[str, float] = {
    "km": 1000.0, "mi": 1609.344, "m": 1.0, "meters": 1.0, "ft": 0.3048, "yd": 0.9144,
    "km/h": 1 / 3.6, "mph": 0.44704, "mi/h": 0.44704, "m/s": 1.0, "cm": 10.0,
}  # fmt: skip
"""Factor of what a heading names to metres and m/s; a vertical oscillation in cm becomes mm."""


LARGEST = 1e9  # of numbers; no distance, height or power comes near it


@cache
def session_rules() -> dict[str, Any]:
    """Return what ``data/sessions.toml`` says."""
    return tomllib.loads(files("loadlens").joinpath("data/sessions.toml").read_text("utf-8"))


def to_floats(cells: Sequence[str], column: str, reading: Reading) -> Numbers:
    """Return numbers with a decimal point, NaN for an empty cell; what is none goes to the ledger.

    Parameters
    ----------
    cells : sequence of str
    column : str
        Its name in the log, for the ledger.
    reading : Reading
        Takes the entry.
    """
    values, wrong = np.full(len(cells), np.nan), []
    for place, cell in enumerate(cells):
        try:
            values[place] = float(cell) if cell else np.nan
        except ValueError:
            wrong.append(cell)
        if abs(values[place]) > LARGEST:
            values[place] = np.nan
            wrong.append(cell)
    if wrong:
        reading.note("cell_unreadable", "set_aside", column=column, value=wrong[0], count=len(wrong))
    return values


def read_local_clock(wall: np.datetime64, ahead: float, options: Options) -> dict[str, Any]:
    """Return the clock of a session whose start is written as local time.

    Parameters
    ----------
    wall : datetime64
        The start on the local clock.
    ahead : float
        Seconds by which that clock is ahead of UTC; NaN where nothing says so, and then the user's zone tells.
    options : Options

    Returns
    -------
    dict
        start_utc (NaT where it is not known), start_local, date, time_zone_from.
    """
    local = pd.Timestamp(wall)
    utc: Any = np.datetime64("NaT", "s")
    if np.isfinite(ahead):
        utc = wall - np.timedelta64(round(ahead), "s")
    elif options.tz is not None:
        zoned = local.tz_localize(options.tz, ambiguous=True, nonexistent="shift_forward")
        utc = zoned.tz_convert("UTC").tz_localize(None).to_datetime64()
    return {"start_utc": utc, "start_local": local, "date": local.normalize(), "time_zone_from": "record"}


def add_session(
    own: Recording,
    totals: Mapping[str, Any],
    clock: Mapping[str, Any],
    sport: str,
    reading: Reading,
    *,
    stops: Numbers | None = None,
) -> bool:
    """Put a session into the tables activities and minutes of a reading; False, and a ledger row, when it has no start.

    Parameters
    ----------
    own : dict of str to array
        Its samples (`recordings`); a cadence may count one foot.
    totals : mapping
        What the export says of the whole, in the columns and units of activities; NaN or absent where it does not.
    clock : mapping
        start_utc, start_local, date, time_zone_from.
    sport : str
        As exported.
    reading : Reading
    stops : array of float, shape (stops, 2), optional
        As `recordings.divide_minutes` takes them.
    """
    if not are_set(np.array([clock["date"]], "datetime64[s]"))[0]:
        reading.note("clock_not_set", "set_aside", column="start_local", value=clock["date"])
        return False
    name, kind, how = find_sport(sport)
    if how != "listed":
        reading.note(f"sport_{how}", "noted", column="sport", value=sport or "–")
    row: dict[str, Any] = dict.fromkeys(fit_rules()["session"], np.nan) | dict(totals) | dict(clock)
    row |= {"sport": name, "sub_sport": kind, "sport_as_exported": sport or None}
    own, found = recordings.order_records(own)
    for what, count in (("records_reordered", found["disordered"]), ("records_joined", found["joined"])):
        if count:
            reading.note(what, "repaired", column="record", count=count)
    foot = name in fit_rules()["foot"]
    if foot:
        count_steps(own, row, reading)
    else:
        row |= dict.fromkeys(("cadence", "max_cadence", "steps"), np.nan)
        own = {column: values for column, values in own.items() if column != "cadence"}
    minutes = recordings.divide_minutes(own, stops=stops)
    fill_totals(row, recordings.summarise_recording(own, minutes), foot, reading)
    table = reading.tables.get("activities")
    key = str(1 if table is None else len(table) + 1)
    frame = pd.DataFrame([row | {"activity": key}])
    frame["start_utc"] = pd.DatetimeIndex(np.array([row["start_utc"]], "datetime64[ms]"), tz="UTC")
    reading.tables["activities"] = frame if table is None else pd.concat([table, frame], ignore_index=True)
    if foot and len(minutes["minute"]):
        before = [reading.tables["minutes"]] if "minutes" in reading.tables else []
        reading.tables["minutes"] = pd.concat([*before, pd.DataFrame(minutes).assign(activity=key)], ignore_index=True)
    return True


def finish_session(reading: Reading, rows: int, used: int) -> Reading:
    """Say of a file how many sessions it has and how many were used; return its reading."""
    reading.facts |= {"rows": rows, "used": used, "set_aside": rows - used}
    reading.facts |= {"status": "read"} if used else {"status": "empty", "message": "track_empty"}
    return reading
