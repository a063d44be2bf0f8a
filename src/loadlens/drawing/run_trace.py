"""One run as it can be drawn: pace, heart rate, cadence and height along the time with the timer on.

Made of the samples of the recording where it is at hand, else of the minutes the log keeps; a run of which only totals
are known has an empty trace. Watches sample irregularly, so everything goes by time; what was not recorded stays NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from loadlens import words
from loadlens.formats.recordings import LONGEST_STEP, ON_FOOT, STANDING, count_distance
from loadlens.log import LogError, describe_columns
from loadlens.windows import share

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

    from loadlens.log import RunningLog

    Floats = NDArray[np.float64]

ON_FEET = ("run", "walk", "hike")
"""Sports that have a pace and steps."""

CHANNELS = ("speed", "heart_rate", "cadence", "altitude", "grade")
COLUMNS = ("time", "distance", *CHANNELS)

FINEST_STEP, MOST_STEPS = 10.0, 600
"""Steps of a trace [s], and how many at most: more than a figure can show."""

PACE_WINDOW = 30.0
"""Pace is a mean over so much time [s] on either side together: GPS speeds of single seconds are noise."""

SHORTEST_STOP = 30.0
"""A shorter stop [s] is a traffic light hardly noticed."""


@dataclass(frozen=True, eq=False)
class Trace:
    """One run, step by step.

    Attributes
    ----------
    activity : Series
        Its row of ``activities``.
    made_of : {"samples", "minutes", "totals"}
        What the table was made of.
    table : DataFrame
        time [s] with the timer on, distance [m] since the start, speed [m/s], heart_rate [bpm], cadence [steps/min],
        altitude [m], grade [%]; one row per step, a row of NaN where the line breaks.
    stops : DataFrame
        time [s], distance [m] and length [s] of every stop of half a minute or more.
    laps : DataFrame
        lap, and time [s] and distance [m] at which it began; the first lap has no row.
    """

    activity: pd.Series[Any]
    made_of: Literal["samples", "minutes", "totals"]
    table: pd.DataFrame
    stops: pd.DataFrame
    laps: pd.DataFrame

    def knows(self, channel: str) -> bool:
        """Tell whether a column has any value."""
        return bool(self.table[channel].notna().any())


def find_run(log: RunningLog, activity: str | int | dt.date) -> pd.Series[Any]:
    """Find one run (or walk or hike) by its id, its place in the table or its day.

    Parameters
    ----------
    log : RunningLog
        The log.
    activity : str, int or date
        One of ``activities.activity``, the number of its row in ``log.activities``, or the date of a run.

    Raises
    ------
    LogError
        There is none, or several runs are on that day; the message names them.
    """
    table = log.activities
    if isinstance(activity, (int, np.integer)) and not isinstance(activity, bool):
        if activity not in table.index:
            raise LogError(f"activity {activity}: no such row; would be right: 0 to {len(table) - 1} of log.activities")
        rows = table.loc[[activity]]
    else:
        rows = table[table["activity"] == activity] if isinstance(activity, str) else table.iloc[:0]
        if rows.empty:
            return _find_day(table, activity)
    row = rows.iloc[0]
    if row["sport"] not in ON_FEET:
        sport = words.say(f"sports.{row['sport']}") if pd.notna(row["sport"]) else words.MISSING
        raise LogError(f"{row['activity']}: is {sport}; would be right: a run, a walk or a hike")
    return row


def _find_day(table: pd.DataFrame, day: Any) -> pd.Series[Any]:
    try:
        date = pd.Timestamp(day).tz_localize(None).normalize()
    except (ValueError, TypeError, AttributeError) as error:  # AttributeError: of None pandas makes a missing time
        raise LogError(
            f"{day!r}: no such activity; would be right: one of activities.activity, a row number or a date"
        ) from error
    runs = table[table["sport"] == "run"]
    rows = runs[runs["date"] == date]
    if len(rows) > 1:
        raise LogError(f"{date.date()}: has {len(rows)} runs; would be right: one of {', '.join(rows['activity'])}")
    if rows.empty:
        apart = (runs["date"] - date).dt.total_seconds().abs().to_numpy(float)
        near = (
            f"; the nearest one is {runs['activity'].iloc[int(np.nanargmin(apart))]}"
            if np.isfinite(apart).any()
            else ""
        )
        raise LogError(f"{date.date()}: no run on that day{near}")
    return rows.iloc[0]


def trace_run(log: RunningLog, activity: str | int | dt.date) -> Trace:
    """Lay out one run step by step, from its samples where they are at hand, else from its minutes.

    Parameters
    ----------
    log : RunningLog
        The log.
    activity : str, int or date
        As for `find_run`.

    Raises
    ------
    LogError
        As for `find_run`.
    """
    row = find_run(log, activity)
    made_of: Literal["samples", "minutes", "totals"] = "totals"
    table, stops = pd.DataFrame(columns=list(COLUMNS), dtype=float), _no_stops()
    try:
        records = log.records(row["activity"])
    except LogError:  # no recording at hand, which the figure says; the minutes are in the log itself
        minutes = log.minutes[log.minutes["activity"] == row["activity"]]
        if len(minutes):
            made_of = "minutes"
            table, stops = trace_minutes(minutes)
    else:
        made_of = "samples"
        table, stops = trace_samples(records)
    laps = log.laps[log.laps["activity"] == row["activity"]].sort_values("lap")
    return Trace(row, made_of, table, stops, _place_laps(laps, table))


def _no_stops() -> pd.DataFrame:
    return pd.DataFrame({"time": [], "distance": [], "length": []}, dtype=float)


def trace_samples(records: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lay out samples in even steps of the time with the timer on.

    Parameters
    ----------
    records : DataFrame
        What `RunningLog.records` gives.

    Returns
    -------
    table, stops : DataFrame
        As in `Trace`. The grade is left to the altitude.
    """
    elapsed = records["elapsed"].to_numpy(float)
    if len(elapsed) < 2:
        return pd.DataFrame(columns=list(COLUMNS), dtype=float), _no_stops()
    recorded = {name: records[name].to_numpy(float) for name in ("distance", "speed") if records[name].notna().any()}
    counted = count_distance(elapsed, recorded.get("distance"), recorded.get("speed"))
    distance = np.full(len(elapsed), np.nan) if counted is None else counted - counted[0]
    timer = records["timer_time"].to_numpy(float)
    step = np.diff(elapsed)
    running = np.diff(timer) if np.isfinite(timer).all() else np.where(_goes_on(step, distance), step, 0.0)
    time = np.append(0.0, np.cumsum(np.clip(running, 0.0, step)))
    at = _steps(float(time[-1]))
    table = pd.DataFrame({"time": at, "distance": np.interp(at, time, distance)})
    table["speed"] = _mean_speed(at, time, distance)
    longest = max(LONGEST_STEP, 3 * float(np.median(step)))
    for name in ("heart_rate", "cadence", "altitude"):
        values = records[name].to_numpy(float)
        known = np.isfinite(values) & ((name != "cadence") | (values > 0))
        table[name] = _bridge(at, time[known], values[known], longest)
    fastest = describe_columns()["minutes"]["speed"]["range"][1]
    table["speed"] = table["speed"].where(table["speed"] <= fastest)  # a treadmill set right at the end is not run
    standing = (table["speed"] < STANDING).to_numpy()
    table.loc[standing, ["speed", "cadence"]] = np.nan
    pauses = np.flatnonzero(step - running >= SHORTEST_STOP)
    stops = pd.DataFrame({"time": time[pauses], "distance": distance[pauses], "length": (step - running)[pauses]})
    stood = _join_standing(at, table["distance"].to_numpy(float), standing)
    stops = pd.concat([part for part in (stops, stood) if len(part)] or [_no_stops()]).sort_values("time")
    breaks = pd.DataFrame({"time": stops["time"]}).reindex(columns=list(COLUMNS))
    table = (
        pd.concat([table.reindex(columns=list(COLUMNS)), breaks])
        if len(breaks)
        else table.reindex(columns=list(COLUMNS))
    )
    return table.sort_values("time", kind="stable").reset_index(drop=True), stops.reset_index(drop=True)


def _goes_on(step: Floats, distance: Floats) -> NDArray[np.bool_]:
    """Tell which steps between samples were run, where the file tells nothing of the timer; as minutes count them."""
    through = np.diff(distance) / np.where(step > 0, step, 1.0)
    usual = max(LONGEST_STEP, 3 * float(np.median(step)))
    return np.asarray((step <= usual) | ((through >= ON_FOOT[0]) & (through <= ON_FOOT[1])), dtype=bool)


def _steps(length: float) -> Floats:
    count = int(np.clip(np.ceil(length / FINEST_STEP), 1, MOST_STEPS))
    return np.linspace(0.0, length, count + 1)


def _mean_speed(at: Floats, time: Floats, distance: Floats) -> Floats:
    """Speed over a window of time around each step: the distance gained in it, by the time with the timer on."""
    half = max(PACE_WINDOW, at[-1] / MOST_STEPS) / 2
    first, last = np.clip(at - half, 0.0, time[-1]), np.clip(at + half, 0.0, time[-1])
    gained = np.interp(last, time, distance) - np.interp(first, time, distance)
    return share(gained, last - first)


def _bridge(at: Floats, time: Floats, values: Floats, longest: float) -> Floats:
    """Values at each step between samples no further apart than `longest` [s]; NaN where none was recorded."""
    if not len(time):
        return np.full(len(at), np.nan)
    after = np.searchsorted(time, at)
    left, right = time[np.maximum(after - 1, 0)], time[np.minimum(after, len(time) - 1)]
    near = ((right - left <= longest) | (right == at)) & (at >= time[0] - longest) & (at <= time[-1] + longest)
    return np.where(near, np.interp(at, time, values), np.nan)


def _join_standing(at: Floats, distance: Floats, standing: NDArray[np.bool_]) -> pd.DataFrame:
    """Stretches in which the timer ran and the runner stood."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], standing.astype(np.int8), [0]))))
    first, last = edges[::2], edges[1::2] - 1
    stops = pd.DataFrame({"time": at[first], "distance": distance[first], "length": at[last] - at[first]})
    return stops[stops["length"] >= SHORTEST_STOP]


def trace_minutes(minutes: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lay out the minutes of one run; each stands at its middle.

    Parameters
    ----------
    minutes : DataFrame
        Rows of ``log.minutes`` of one activity.

    Returns
    -------
    table, stops : DataFrame
        As in `Trace`.
    """
    minutes = minutes.sort_values("minute")
    recorded = minutes["recorded"].fillna(60.0).to_numpy(float)
    metres = minutes["distance"].to_numpy(float)
    table = minutes.reindex(columns=["speed", "heart_rate", "cadence", "altitude", "grade"]).astype(float)
    table["time"] = np.cumsum(recorded) - recorded / 2
    table["distance"] = np.cumsum(metres) - metres / 2
    table.loc[(table["speed"] < STANDING).to_numpy(), ["speed", "cadence"]] = np.nan
    number = minutes["minute"].to_numpy(float)
    lost = 60.0 * (np.diff(number) - 1)
    after = np.flatnonzero(lost > 0)
    lacking = 60.0 - recorded
    stops = pd.DataFrame(
        {
            "time": np.cumsum(recorded)[after],
            "distance": np.cumsum(metres)[after],
            "length": lost[after] + lacking[after] + lacking[after + 1],
        }
    )
    breaks = pd.DataFrame({"time": stops["time"]}).reindex(columns=list(COLUMNS))
    table = pd.concat([table, breaks]) if len(breaks) else table
    return table.reindex(columns=list(COLUMNS)).sort_values("time", kind="stable").reset_index(drop=True), stops


def _place_laps(laps: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Say where each lap but the first began: by the time with the timer on, where it is known, else by distance."""
    begun = pd.DataFrame({"lap": laps["lap"].to_numpy(), "time": np.nan, "distance": np.nan})
    for name, column in (("time", "duration"), ("distance", "distance")):
        begun[name] = np.append(0.0, np.cumsum(laps[column].to_numpy(float)))[:-1] if len(laps) else np.nan
    known = table.dropna(subset=["time", "distance"])
    if len(known):  # distances of laps are rounded, and one that was lost would shift all later ones
        placed = np.interp(begun["time"], known["time"], known["distance"])
        begun["distance"] = np.where(np.isfinite(begun["time"]), placed, begun["distance"])
    return begun.iloc[1:].reset_index(drop=True)
