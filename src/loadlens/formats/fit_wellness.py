"""The daily values of one chained part of a FIT file -> rows of the table wellness.

No real file with all of these is public, so they follow the public FIT profile alone: steps add up from local midnight
in `monitoring`, by kind of movement; a `sleep_level` ends at its time, and the first one begins where an event says
that sleep began.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loadlens.formats.fit_sessions import find_label, read_column, read_offset, read_times, write_time
from loadlens.formats.local_time import are_set, to_local

if TYPE_CHECKING:
    from loadlens.formats.fit_sessions import Part
    from loadlens.formats.source import Options, Reading

    Found = tuple[str, np.ndarray, np.ndarray]  # column, UTC times, values

SLEEP_EVENT = 74  # the profile's number; the tables of fitparse have no label for it
LONGEST_STAGE = 3 * 3600  # s; a longer sleep stage means that the night was interrupted
ASLEEP = ("light", "deep", "rem")
STAGES = {f"sleep_{stage}": stage for stage in (*ASLEEP, "awake")}
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
        date, and of rhr_7d, rhr_day [bpm], hrv_rmssd [ms], mass [kg], sleep and its stages [s], sleep_score and steps
        what there is. Of several values of one day the last one counts; the sleep of one date is added up.
    """
    found = [one for one in _read_plain(part, reading) if len(one[1])] + _read_sleep(part)
    if not found and "monitoring" not in part:
        return []
    offset = read_offset(part, reading)
    days: dict[np.datetime64, dict[str, float]] = {}
    unsure = False
    for column, times, values in found + _read_steps(part, offset, options):
        unset = ~np.isnat(times) & ~are_set(times)
        if unset.any():
            reading.note(
                "clock_not_set", "set_aside", column=column, value=write_time(times[unset][0]), count=int(unset.sum())
            )
        usable = are_set(times) & ((values > 0) | (column in STAGES))  # a night without deep sleep is one of 0 s
        local, told = to_local(times[usable], offset, options.tz)
        unsure = unsure or (told == "assumed" and bool(usable.any()))
        date, which = np.unique(local.astype("datetime64[D]"), return_inverse=True)
        total = np.bincount(which, values[usable], len(date))
        total = total if column == "sleep" or column in STAGES else values[usable][last_of_each(which, len(date))]
        for day, value in zip(date, total.tolist(), strict=True):
            days.setdefault(day, {})[column] = value
    if unsure:
        reading.note("wellness_day_unsure", "noted", column="date", count=len(days))
    return [{"date": pd.Timestamp(date)} | days[date] for date in sorted(days)]


def last_of_each(which: np.ndarray, count: int) -> np.ndarray:
    """Return the last place of each of the numbers 0 to `count`, all of which occur."""
    last = np.empty(count, np.intp)
    last[which] = np.arange(len(which))  # of several values for one place numpy keeps the last
    return last


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
    """Seconds asleep and in each stage of each night, at the time of waking, and the score of the last night."""
    times = read_times(part, "sleep_level", "timestamp")
    stages = {stage: find_label(part, "sleep_level", "sleep_level", stage) for stage in STAGES.values()}
    scores = read_column(part.get("sleep_assessment", {}), "overall_sleep_score")
    found: list[Found] = []
    if "sleep_level" in part.get("sleep_level", {}):
        order = np.argsort(times, kind="stable")[: int((~np.isnat(times)).sum())]
        times, stages = times[order], {stage: own[order] for stage, own in stages.items()}
        edges = np.unique(np.concatenate((times, _sleep_starts(part))))
        before = edges[np.maximum(np.searchsorted(edges, times) - 1, 0)]
        lasted = (times - before) / np.timedelta64(1, "s")
        counted = np.where(lasted <= LONGEST_STAGE, lasted, 0.0)
        gap = np.diff(times) / np.timedelta64(1, "s") > LONGEST_STAGE
        night = np.append(0, np.cumsum(gap))[: len(times)]
        woken = times[np.append(gap, True)] if len(times) else times
        spent = {stage: np.bincount(night, counted * own, len(woken)) for stage, own in stages.items()}
        slept = np.sum([spent[stage] for stage in ASLEEP], axis=0)
        found.append(("sleep", woken, slept))
        told = [(column, stage) for column, stage in STAGES.items() if stage != "rem" or stages[stage].any()]
        found += [(column, woken[slept > 0], spent[stage][slept > 0]) for column, stage in told]  # not all know REM
        times = woken
    if scores is not None:
        moments = times if len(times) else read_times(part, "file_id", "time_created")
        found.append(("sleep_score", moments[-1:], scores[-1:][: len(moments)]))
    return found


def _sleep_starts(part: Part) -> np.ndarray:
    """Return the times at which an event says that sleep began."""
    times = read_times(part, "event", "timestamp")
    begun = find_label(part, "event", "event", SLEEP_EVENT) & find_label(part, "event", "event_type", "start")
    return np.asarray(times[begun & ~np.isnat(times)])


def _read_steps(part: Part, offset: float, options: Options) -> list[Found]:
    """Return the steps of each local date. A count at midnight closes the day before; one cycle is two steps."""
    table = part.get("monitoring", {})
    cycles = read_column(table, "cycles")
    if cycles is None or "activity_type" not in table:
        return []
    times = read_times(part, "monitoring", "timestamp")
    counted = are_set(times) & np.isfinite(cycles)
    steps: dict[np.datetime64, float] = {}
    last: dict[np.datetime64, np.datetime64] = {}
    for kind in ON_FOOT:
        rows = np.flatnonzero(counted & find_label(part, "monitoring", "activity_type", kind))
        at = times[rows] - np.timedelta64(1, "s")
        day = to_local(at, offset, options.tz)[0].astype("datetime64[D]")
        order = np.argsort(day, kind="stable")
        dates, first = np.unique(day[order], return_index=True)
        if len(dates):
            highest = np.maximum.reduceat(2.0 * cycles[rows][order], first)
            latest = np.maximum.reduceat(at[order], first)
            for date, count, time in zip(dates, highest.tolist(), latest, strict=True):
                steps[date] = steps.get(date, 0.0) + count
                last[date] = max(time, last.get(date, time))
    if not steps:
        return []
    days = sorted(steps)
    return [("steps", np.array([last[day] for day in days]), np.array([steps[day] for day in days]))]
