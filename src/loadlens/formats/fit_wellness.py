"""The daily values of one chained part of a FIT file -> rows of the table wellness.

No real file with all of these is public, so they follow the public FIT profile alone: steps add up from local midnight
in `monitoring`, by kind of movement; a `sleep_level` ends at its time, and the first one begins where an event says
that sleep began.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loadlens.formats.fit_sessions import read_column, read_offset, read_times
from loadlens.formats.local_time import are_set, to_local

if TYPE_CHECKING:
    from loadlens.formats.fit_sessions import Part
    from loadlens.formats.source import Options, Reading

    Found = tuple[str, np.ndarray, np.ndarray]  # column, UTC times, values

SLEEP_EVENT = 74  # the profile's number; the tables of fitparse have no label for it
LONGEST_STAGE = 3 * 3600  # s; a longer sleep stage means that the night was interrupted
ASLEEP = ("light", "deep", "rem")
ON_FOOT = ("walking", "running")

_PLAIN = (
    ("rhr_7d", "monitoring_hr_data", "resting_heart_rate"),  # the maker's mean of the last seven days
    ("rhr_day", "monitoring_hr_data", "current_day_resting_heart_rate"),
    ("hrv_rmssd", "hrv_status_summary", "last_night_average"),
    ("mass", "weight_scale", "weight"),
)


def read_wellness(part: Part, reading: Reading, options: Options) -> list[dict[str, Any]]:
    """Return one row for each local date on which the part has a daily value.

    Parameters
    ----------
    part : dict
        The part (`fit_sessions.divide_parts`).
    reading : Reading
        Takes the ledger entries.
    options : Options
        `tz` counts where the file does not say what local time is.

    Returns
    -------
    list of dict
        date, and of rhr_7d, rhr_day [bpm], hrv_rmssd [ms], mass [kg], sleep [s], sleep_score and steps what there is.
        Of several values of one day the last one counts; the sleep of one date is added up.
    """
    found = [one for one in _read_plain(part, reading) if len(one[1])] + _read_sleep(part)
    if not found and "monitoring" not in part:
        return []
    offset = read_offset(part, reading)
    days: dict[pd.Timestamp, dict[str, Any]] = {}
    unsure = False
    for column, times, values in found + _read_steps(part, offset, options):
        unset = ~np.isnat(times) & ~are_set(times)
        if unset.any():
            reading.note("clock_not_set", "set_aside", column=column, value=times[unset][0], count=int(unset.sum()))
        usable = are_set(times) & (values > 0)
        local, told = to_local(times[usable], offset, options.tz)
        unsure = unsure or (told == "assumed" and bool(usable.any()))
        for time, value in zip(local, values[usable].tolist(), strict=True):
            day = days.setdefault(pd.Timestamp(time).normalize(), {})
            day[column] = value + day.get(column, 0.0) if column == "sleep" else value
    if unsure:
        reading.note("wellness_day_unsure", "noted", column="date", count=len(days))
    return [{"date": date} | days[date] for date in sorted(days)]


def _read_plain(part: Part, reading: Reading) -> list[Found]:
    """Values that stand in the file as they are. Of scales that weigh several people nothing is used."""
    found = []
    for column, message, field in _PLAIN:
        table = part.get(message, {})
        values = read_column(table, field)
        if values is None:
            continue
        people = read_column(table, "user_profile_index")
        if people is not None and len(np.unique(people[~np.isnan(people)])) > 1:
            reading.note("several_people", "set_aside", column=column, count=len(table["offset"]))
            continue
        found.append((column, read_times(part, message, "timestamp"), values))
    return found


def _read_sleep(part: Part) -> list[Found]:
    """Seconds asleep of each night, at the time of waking, and the score of the last night."""
    times = read_times(part, "sleep_level", "timestamp")
    levels = part.get("sleep_level", {}).get("sleep_level", np.empty(0))
    scores = read_column(part.get("sleep_assessment", {}), "overall_sleep_score")
    found: list[Found] = []
    if len(times) and len(levels):
        order = np.argsort(times, kind="stable")[: int((~np.isnat(times)).sum())]
        times, levels = times[order], levels[order]
        edges = np.unique(np.concatenate((times, _sleep_starts(part))))
        before = edges[np.maximum(np.searchsorted(edges, times) - 1, 0)]
        lasted = (times - before) / np.timedelta64(1, "s")
        counted = np.where(np.isin(levels.astype(str), ASLEEP) & (lasted <= LONGEST_STAGE), lasted, 0.0)
        gap = np.diff(times) / np.timedelta64(1, "s") > LONGEST_STAGE
        night = np.append(0, np.cumsum(gap))[: len(times)]
        woken = times[np.append(gap, True)] if len(times) else times
        found.append(("sleep", woken, np.bincount(night, counted)))
        times = woken
    if scores is not None:
        moments = times if len(times) else read_times(part, "file_id", "time_created")
        found.append(("sleep_score", moments[-1:], scores[-1:][: len(moments)]))
    return found


def _sleep_starts(part: Part) -> np.ndarray:
    """Return the times at which an event says that sleep began."""
    events = part.get("event", {})
    times = read_times(part, "event", "timestamp")
    if not {"event", "event_type"} <= events.keys():
        return times[:0]
    return times[(events["event"] == SLEEP_EVENT) & (events["event_type"] == "start") & ~np.isnat(times)]


def _read_steps(part: Part, offset: float, options: Options) -> list[Found]:
    """Return the steps of each local date. A count at midnight closes the day before; one cycle is two steps."""
    table = part.get("monitoring", {})
    cycles = read_column(table, "cycles")
    if cycles is None or "activity_type" not in table:
        return []
    times = read_times(part, "monitoring", "timestamp")
    known = are_set(times) & np.isfinite(cycles) & np.isin(table["activity_type"].astype(str), ON_FOOT)
    if not known.any():
        return []
    times = times[known] - np.timedelta64(1, "s")
    frame = pd.DataFrame(
        {
            "day": to_local(times, offset, options.tz)[0].astype("datetime64[D]"),
            "kind": table["activity_type"][known].astype(str),
            "time": times,
            "steps": 2.0 * cycles[known],
        }
    )
    highest = frame.groupby(["day", "kind"]).agg(time=("time", "max"), steps=("steps", "max"))
    days = highest.groupby("day").agg(time=("time", "max"), steps=("steps", "sum"))
    return [("steps", days["time"].to_numpy().astype("datetime64[s]"), days["steps"].to_numpy())]
