"""Counting-process tables of a cohort: time at risk from start to stop, an event at its end or not, exposed to what."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from loadlens.log import LogError
from loadlens.studies.at_risk import KNOWN_BEFORE, lay_out_days, take_events
from loadlens.studies.daily_exposures import BANDED, finish_table
from loadlens.studies.exposure_rules import band_names

Unit = Literal["run", "day"]
Scale = Literal["days", "runs", "distance", "duration"]

COLUMNS = [
    *("participant", "date", "last_date", "start", "stop", "event", "onsets_before", "known_on", "run_length"),
    *("spike", "spike_band", "spike_reason", "week_ratio", "week_ratio_band", "week_ratio_reason"),
    *("acute_chronic", "acute_chronic_band", "acute_chronic_coupled", "acute_chronic_ewma", "acute_chronic_reason"),
]
"""Columns of a table of exposures, in order."""


def tabulate_exposures(
    activities: pd.DataFrame,
    days: pd.DataFrame,
    events: pd.DataFrame,
    follow_up: pd.DataFrame | None = None,
    *,
    unit: Unit = "run",
    scale: Scale = "days",
    lag_days: Literal[0, 1] = 0,
) -> pd.DataFrame:
    """Lay out time at risk with what each runner was exposed to, one row per run or per day.

    Parameters
    ----------
    activities : DataFrame
        participant, date, sport, distance [m], duration [s].
    days : DataFrame
        participant, date, state: run, rest or unknown.
    events : DataFrame
        participant, date: onsets. Rows with a `reason` are no events (as `follow_diaries` gives them).
    follow_up : DataFrame, optional
        participant, first, last: stretches of days on which an event would have been noticed. Without it every runner
        is followed over the whole log, and only the first event of each counts. An event ends its stretch; one in a
        later stretch is a recurrence.
    unit : {"run", "day"}
        ``run``: a row per day with a run, which lasts until the next, and at most 7 days (``hold_days``). ``day``: a
        row per day at risk, runs or not, which carries the last run of those days.
    scale : {"days", "runs", "distance", "duration"}
        What start and stop count: days since the first day at risk; or runs, metres or seconds run since then (rows
        per run only), where an event counts to the run it follows.
    lag_days : {0, 1}
        From when a run counts: 0 from its own day on, 1 from the day after. An onset on the day of a run counts to
        that run with 0, to the run before with 1.

    Returns
    -------
    DataFrame
        participant; date, last_date: days the row covers; start, stop: on the scale, at risk in (start, stop];
        event: 0 or 1, at the stop; onsets_before: earlier onsets of the runner; known_on: last day whose data the
        exposures hold; run_length [m]: longest run of that day; the exposures of `daily_exposures` with their bands
        and, where there is none, the reason. Missing exposures stay missing: drop or model them, and say so.

    Raises
    ------
    LogError
        A table lacks a column or a date, has two events of one runner on a day, overlapping stretches, or a participant
        without days.
    ValueError
        An argument is unknown, or rows per day are asked for on a scale that stands still on days without a run.

    Notes
    -----
    An unknown day is not at risk: the rows have a gap there, and the run before it counts no longer, since another may
    have followed. That is right when what makes days unknown has nothing to do with the hazard (independent censoring;
    `audit_leaks` asks the data). Ratios of weeks are those of the day before the run or day, so that a run cut short by
    pain changes none; only the spike is that of the run itself.

    References
    ----------
    Andersen & Gill 1982, Ann Stat 10:1100: the counting process with gaps and recurrences. Frandsen et al. 2025, Br J
    Sports Med 59:1203, doi:10.1136/bjsports-2024-109380: the exposures and bands.
    """
    for name, given, allowed in (("unit", unit, ("run", "day")), ("lag_days", lag_days, (0, 1)),
                                 ("scale", scale, ("days", "runs", "distance", "duration"))):  # fmt: skip
        if given not in allowed:
            raise ValueError(f"{name} {given!r}: not known; would be right: {', '.join(map(repr, allowed))}")
    if unit == "day" and scale != "days":
        raise ValueError(f"scale {scale!r}: stands still on days without a run; would be right: unit='run'")
    parts = []
    for participant, frame in lay_out_days(activities, days, events, follow_up, lag_days):
        rows = _per_day(frame) if unit == "day" else _per_run(frame, scale)
        parts.append(rows.assign(participant=participant))
    return finish_table(parts, COLUMNS)


def indicate_bands(table: pd.DataFrame, exposure: str = "spike") -> pd.DataFrame:
    """Give a column of 0 and 1 for each band above the reference, as regressions need them.

    Parameters
    ----------
    table : DataFrame
        With the column ``<exposure>_band``.
    exposure : {"spike", "week_ratio", "acute_chronic"}
        Which exposure.

    Returns
    -------
    DataFrame
        ``spike_small``, ``spike_moderate``, ``spike_large``: NaN where there is no band. The usual dummy coding gives a
        missing band 0 everywhere, which makes it the reference without a word.

    Raises
    ------
    LogError
        The table has no such band.
    """
    if exposure not in BANDED or f"{exposure}_band" not in table:
        raise LogError(f"table: no band of {exposure!r}; would be right: one of {', '.join(BANDED)}")
    band = table[f"{exposure}_band"]
    coded = {f"{exposure}_{name}": (band == name).astype("float64").where(band.notna()) for name in band_names()[1:]}
    return pd.DataFrame(coded, index=table.index)


def account_onsets(table: pd.DataFrame, events: pd.DataFrame, days: pd.DataFrame) -> pd.DataFrame:
    """Say of every event whether it is in a table of exposures, and if not, why.

    Parameters
    ----------
    table : DataFrame
        What `tabulate_exposures` returns.
    events, days : DataFrame
        What it was made from.

    Returns
    -------
    DataFrame
        participant, date; fate: ``counted``, ``outside_log``, ``unknown_day``, ``earlier_onset`` (not at risk: an
        earlier one ended the stretch), or ``not_at_risk`` (outside follow-up, or no run it could follow). Every event
        is one row: counted and left out add up.
    """
    taken = take_events(events).reset_index(drop=True)
    state = days.assign(participant=days["participant"].astype(str), date=pd.to_datetime(days["date"]))
    merged = taken.merge(state[["participant", "date", "state"]], on=["participant", "date"], how="left")
    counted = table.loc[table["event"] == 1, ["participant", "last_date"]].assign(counted=True)
    merged = merged.merge(counted, how="left", left_on=["participant", "date"], right_on=["participant", "last_date"])
    first = counted.groupby("participant")["last_date"].min().reindex(merged["participant"]).to_numpy()
    fate = np.select(
        [
            merged["counted"].notna(),
            merged["state"].isna(),
            merged["state"] == "unknown",
            merged["date"].to_numpy() > first,
        ],
        ["counted", "outside_log", "unknown_day", "earlier_onset"],
        "not_at_risk",
    )
    return taken.assign(fate=fate)


def _per_day(frame: pd.DataFrame) -> pd.DataFrame:
    place = np.arange(len(frame))
    kept = frame["at_risk"].to_numpy()
    entry = int(np.argmax(kept)) if kept.any() else 0
    dates = pd.DatetimeIndex(frame.index)
    known = dates[np.where(frame["run"] >= 0, np.maximum(frame["run"], place - 1), np.maximum(place - 1, 0))]
    rows = frame.assign(
        date=dates, last_date=dates, start=(place - entry) * 1.0, stop=(place - entry + 1) * 1.0, known_on=known
    )
    return rows[kept].assign(event=rows.loc[kept, "event"].astype("int64")).reset_index(drop=True)


def _per_run(frame: pd.DataFrame, scale: Scale) -> pd.DataFrame:
    dates = pd.DatetimeIndex(frame.index)
    at_risk, run, stretch = (frame[name].to_numpy() for name in ("at_risk", "run", "stretch"))
    at = np.flatnonzero(at_risk & (run >= 0))
    fresh = np.diff(run[at], prepend=-1) != 0
    if scale == "days":  # on the other scales a run is one step, whatever lies in the days after it
        fresh |= (np.diff(at, prepend=-1) != 1) | (np.diff(stretch[at], prepend=-1) != 0)
    begin = np.flatnonzero(fresh)
    first, last = at[begin], at[np.append(begin[1:], len(at)) - 1] if len(at) else at
    source = run[first]
    event = np.maximum.reduceat(frame["event"].to_numpy()[at], begin) if len(at) else at
    at_run = {name: frame[name].to_numpy()[source] for name in KNOWN_BEFORE}
    if scale == "days":
        entry = int(np.argmax(at_risk)) if at_risk.any() else 0
        start, stop = (first - entry) * 1.0, (last + 1 - entry) * 1.0
        step = stop - start
    else:
        step = np.ones(len(source)) if scale == "runs" else np.nan_to_num(frame[scale].to_numpy("float64")[source])
        stop = np.cumsum(step)
        start = stop - step
    columns = {name: frame[name].to_numpy()[first] for name in ("onsets_before", "run_length", "spike", "spike_reason")}
    columns |= {"date": dates[first].to_numpy(), "last_date": dates[last].to_numpy()}
    columns |= {"known_on": dates[source].to_numpy(), "start": start, "stop": stop}
    rows = pd.DataFrame(columns | at_run | {"event": event.astype("int64")})
    return rows[step > 0].reset_index(drop=True)  # a run of unknown length has no place on its scale
