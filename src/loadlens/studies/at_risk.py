"""Each day of each runner with what was known of it: at risk or not, an event or not, exposed to what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from loadlens.log import LogError
from loadlens.studies.daily_exposures import BANDED, RATIOS, measure_exposures
from loadlens.studies.exposure_rules import FOLLOWED, exposure_numbers, take_columns
from loadlens.windows import place_on

if TYPE_CHECKING:
    from loadlens.windows import Flags

KNOWN_BEFORE = (*RATIOS, *(f"{name}_reason" for name in BANDED if name != "spike"))
"""What was known at the end of the day before a run."""


def lay_out_days(
    activities: pd.DataFrame,
    days: pd.DataFrame,
    events: pd.DataFrame,
    follow_up: pd.DataFrame | None,
    lag_days: int,
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Give the days of one runner after the other, in order of name.

    Parameters
    ----------
    activities, days, events, follow_up : DataFrame
        As in `exposure_tables.tabulate_exposures`.
    lag_days : int
        0: a run counts from its own day on; 1: from the next day on.

    Yields
    ------
    participant : str
    frame : DataFrame
        What `measure_exposures` gives for every day, but the spike and its reason are those of the run that counts on
        the day. run: its place among the days, -1 where none came lately or an unknown day since; run_length [m];
        at_risk; stretch: number of the stretch of follow-up, -1 outside; event; onsets_before: events of the runner
        before the day, counted or not.

    Raises
    ------
    LogError
        Tables do not fit; an event or a stretch belongs to a participant that has no days.
    """
    rows = take_columns("activities", activities, ["participant", "date", "sport", "distance", "duration"], ["date"])
    rows = rows[rows["sport"] == "run"]
    grid = take_columns("days", days, ["participant", "date", "state"], ["date"])
    if grid.duplicated(["participant", "date"]).any():
        twice = grid[grid.duplicated(["participant", "date"])].iloc[0]
        raise LogError(f"days: {twice['participant']} has {twice['date'].date()} twice; would be right: once")
    counted = take_events(events)
    spells = None if follow_up is None else take_columns("follow_up", follow_up, FOLLOWED, ["first", "last"])
    for name, table in {"activities": rows, "events": counted, "follow_up": spells}.items():
        stray = set() if table is None else set(table["participant"]) - set(grid["participant"])
        if stray:
            raise LogError(f"{name}: {min(stray)} has no row in days; would be right: the participants of days")
    runs_of = dict(iter(rows.groupby("participant", sort=False)))
    events_of = dict(iter(counted.groupby("participant", sort=False)))
    spells_of = {} if spells is None else dict(iter(spells.groupby("participant", sort=False)))
    for participant, own in grid.groupby("participant", sort=True):
        frame = measure_exposures(runs_of.get(participant, rows[:0]), own)
        index = pd.DatetimeIndex(frame.index)
        stretch = np.zeros(len(index), dtype=np.int64)
        if spells is not None:
            stretch = _number_stretches(index, spells_of.get(participant, spells[:0]))
        event = np.zeros(len(index), dtype=bool)
        onsets = pd.DatetimeIndex(events_of.get(participant, counted[:0])["date"])
        place = place_on(onsets, index)
        event[place[place >= 0]] = True
        before = np.cumsum(event) - event
        _, first, belongs = np.unique(stretch, return_index=True, return_inverse=True)
        followed = (stretch >= 0) & (before == before[first][belongs])  # an event ends its stretch
        followed &= (frame["state"] != "unknown").to_numpy()
        state = {"at_risk": followed, "stretch": stretch, "event": event & followed}
        before += int((onsets < index[0]).sum())  # before the log began; what comes after it nobody knew
        yield str(participant), frame.assign(**_carry_runs(frame, lag_days), **state, onsets_before=before)


def take_events(events: pd.DataFrame) -> pd.DataFrame:
    """Return participant and date of the events, each once; what could not be told (a reason) is none.

    Raises
    ------
    LogError
        A column is missing or a runner has two events on one day.
    """
    taken = take_columns("events", events, ["participant", "date"], ["date"])
    if "reason" in events:
        taken = taken[(events["reason"].isna() | (events["reason"] == "")).to_numpy()]
    twice = taken.duplicated()
    if twice.any():
        row = taken[twice].iloc[0]
        raise LogError(
            f"events: {row['participant']} has two on {row['date'].date()}; would be right: one row per onset and day"
        )
    return taken


def _carry_runs(frame: pd.DataFrame, lag_days: int) -> dict[str, np.ndarray]:
    """Carry what a run brings to the days after it, until the next run or the end of its hold."""
    hold = exposure_numbers()["at_risk"]["hold_days"]
    place = np.arange(len(frame))
    ran, unknown = (frame["state"].to_numpy() == "run"), (frame["state"].to_numpy() == "unknown")
    latest = np.maximum.accumulate(np.where(ran, place, -1))
    latest = np.concatenate([np.full(lag_days, -1), latest])[: len(frame)]
    at = np.maximum(latest, 0)
    passed = np.concatenate([[0], np.cumsum(unknown)])
    recent = (latest >= 0) & (place - latest - lag_days < hold)
    unseen = recent & (passed[place + 1] - passed[at] > 0)  # another run may have followed
    counts = recent & ~unseen
    reason = np.where(unseen, "unknown_days", "no_run")
    return {
        "run": np.where(counts, latest, -1),
        "spike": np.where(counts, frame["spike"].to_numpy()[at], np.nan),
        "run_length": np.where(counts, frame["length"].to_numpy()[at], np.nan),
        "spike_reason": np.where(counts, frame["spike_reason"].to_numpy()[at], reason),
    }


def _number_stretches(index: pd.DatetimeIndex, spells: pd.DataFrame) -> np.ndarray:
    """Give each day the number of its stretch of follow-up, -1 outside all of them."""
    number = np.full(len(index), -1, dtype=np.int64)
    for place, (first, last) in enumerate(zip(spells["first"], spells["last"], strict=True)):
        within: Flags = np.asarray((index >= first) & (index <= last), dtype=bool)
        if last < first or (number[within] >= 0).any():
            raise LogError(
                f"follow_up: {spells['participant'].iloc[0]}, {first.date()} to {last.date()} ends before it begins or "
                "lies on another stretch; would be right: stretches that follow one another"
            )
        number[within] = place
    return number
