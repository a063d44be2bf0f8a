"""Measures of what is done about pain: rest from running, staying active, other sports."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from loadlens.diary_days import count_by_day, entries_of, entries_tagged, find_silence, take_by_day
from loadlens.windows import Flags, Floats, answer, first_reason, look_back, on_days


def running_through_pain(
    signal: pd.DataFrame,
    *,
    days: pd.DatetimeIndex,
    state: pd.Series[str],
    moderate: float,
    severe: float,
    moderate_days: int,
    severe_days: int,
    hold_days: int,
) -> pd.DataFrame:
    """Count days with a run while the pain written down before asks for rest.

    Parameters
    ----------
    signal : DataFrame
        The diary, indexed by date: pain, 0 to 10.
    state : Series
        run, rest or unknown, by day.
    moderate, severe : float
        Pain from which it is called so.
    moderate_days, severe_days : int
        Days of rest after such an entry.
    hold_days : int
        Days in which runs are counted, the day included.

    Returns
    -------
    DataFrame
        runs, severe_runs: days with a run within the rest after moderate or worse, and after severe pain; worst
        [0-10]: of the days of rest.
    """
    pain = entries_of(signal, "pain")
    worst = take_by_day(pain, days)
    ran = (state == "run").to_numpy()
    unknown = (state == "unknown").to_numpy()
    rest = {
        name: np.fmax.reduce(look_back(worst, reach, 1), axis=1) >= limit
        for name, limit, reach in (("runs", moderate, moderate_days), ("severe_runs", severe, severe_days))
    }
    resting = rest["runs"] | rest["severe_runs"]
    numbers = {name: _count(ran & asked, hold_days) for name, asked in rest.items()}
    reason = first_reason(
        *find_silence(signal, pain, days, severe_days + hold_days),
        (_count(resting, hold_days) == 0, "no_recent_pain"),
        ((_count(unknown & resting, hold_days) > 0) & (numbers["runs"] == 0), "unknown_days"),
    )
    return answer(days, reason, **numbers, worst=np.fmax.reduce(look_back(worst, severe_days), axis=1))


def rest_by_severity(
    signal: pd.DataFrame,
    *,
    days: pd.DatetimeIndex,
    state: pd.Series[str],
    distance: pd.Series[float],
    from_pain: Sequence[float],
    rest_days: Sequence[int],
    window_days: int,
    usual_days: int,
) -> pd.DataFrame:
    """Compare the rest taken with what the severity of the pain asks.

    The worst pain of the window counts, and the last day on which it was so bad. After light pain running may go on,
    at half the usual; after more, no run for so many days.

    Parameters
    ----------
    signal : DataFrame
        The diary, indexed by date: pain, 0 to 10.
    state : Series
        run, rest or unknown, by day.
    distance : Series
        Distance of each day [m].
    from_pain, rest_days : list
        Pain from which it is light, moderate, severe; days of rest that each asks at least.
    window_days, usual_days : int
        Days in which pain is looked for, and days before it that give the usual distance.

    Returns
    -------
    DataFrame
        worst [0-10]; asked, rested: days; lacking: days of rest that were missed, known once a run came too early;
        load: distance since light pain, for as many days as it asks, as a share of usual.
    """
    worst = take_by_day(entries_of(signal, "pain"), days)
    severity = np.digitize(worst, list(from_pain)).astype(np.float64)
    severity[~np.isfinite(worst)] = np.nan
    ran, unknown = (state == "run").to_numpy(), (state == "unknown").to_numpy()
    metres = np.asarray(distance, dtype=np.float64)
    names = ("worst", "asked", "rested", "lacking", "load")
    numbers = {name: np.full(len(days), np.nan) for name in names}
    open_days = np.zeros(len(days), dtype=bool)
    recent = look_back(severity, window_days)
    painful = np.fmax.reduce(recent, axis=1) >= 1
    for today in np.flatnonzero(painful):
        row = recent[today]
        grade = int(np.nanmax(row))
        since = int(np.flatnonzero(row[::-1] == grade)[0])
        start, asked = today - since, int(rest_days[grade - 1])
        after = slice(start + 1, min(start + asked, today) + 1)
        runs = np.flatnonzero(ran[after])
        rested = int(runs[0]) if len(runs) else since
        numbers["worst"][today], numbers["asked"][today], numbers["rested"][today] = worst[start], asked, rested
        numbers["lacking"][today] = float(asked - rested) if len(runs) and grade > 1 else 0.0
        open_days[today] = bool(unknown[after].any()) and not len(runs)
        if grade == 1 and since >= asked:
            usual = metres[max(start - usual_days, 0) : start]
            now = metres[after]
            if np.isfinite(now).all() and np.nansum(usual) > 0:
                numbers["load"][today] = now.mean() / np.nanmean(usual)
    reason = first_reason(
        *find_silence(signal, entries_of(signal, "pain"), days, window_days),
        (~painful, "no_recent_pain"),
        (open_days, "unknown_days"),
    )
    return answer(days, reason, **numbers)


def stay_active(
    signal: pd.DataFrame,
    *,
    days: pd.DatetimeIndex,
    state: pd.Series[str],
    activities: pd.DataFrame,
    window_days: int,
    pain_days: int,
) -> pd.DataFrame:
    """Count active days while there is pain, and those on which another sport hurt.

    Parameters
    ----------
    signal : DataFrame
        The diary, indexed by date: pain, also of other sports (cross_training); strength and mobility count as active.
    state : Series
        run, rest or unknown, by day.
    activities : DataFrame
        All sessions, indexed by date.
    window_days, pain_days : int
        Days counted, the day included, and days before it within which pain was written down.

    Returns
    -------
    DataFrame
        active, painless: days with any activity, and those of them without pain in another sport.
    """
    pain = entries_of(signal, "pain")
    hurt = take_by_day(pain, days) >= 1
    moved = on_days(activities.index, np.ones(len(activities)), days) > 0
    moved |= count_by_day(_done(entries_of(signal, "strength", "mobility")), days) > 0
    painful = take_by_day(entries_tagged(pain, "cross_training"), days) >= 1
    active = _count(moved, window_days)
    reason = first_reason(
        *find_silence(signal, pain, days, pain_days),
        (_count(hurt, pain_days + 1) == 0, "no_recent_pain"),
        (np.arange(len(days)) < window_days - 1, "history_too_short"),
        ((active == 0) & (_count((state == "unknown").to_numpy(), window_days) > 0), "unknown_days"),
    )
    return answer(days, reason, active=active, painless=_count(moved & ~painful, window_days))


def cross_training(
    signal: pd.DataFrame,
    *,
    days: pd.DatetimeIndex,
    activities: pd.DataFrame,
    gentle_sports: Sequence[str],
    walking_sports: Sequence[str],
    walking_pain: float,
    hold_days: int,
) -> pd.DataFrame:
    """Follow whether other sports hurt, and whether walks were taken on days of more than mild pain.

    Parameters
    ----------
    signal : DataFrame
        The diary, indexed by date: pain, 0 to 10; tagged cross_training where another sport gave it.
    activities : DataFrame
        All sessions, indexed by date.
    gentle_sports, walking_sports : list of str
        Sports of little impact, and those that are walking.
    walking_pain : float
        Pain above which a walk is not what is advised.
    hold_days : int
        Days after an entry for which it speaks.

    Returns
    -------
    DataFrame
        worst [0-10]: in another sport, 0 when none hurt; walks: days with a walk and more pain than that; gentle:
        days with a sport of little impact.
    """
    pain = entries_of(signal, "pain")
    other = take_by_day(entries_tagged(pain, "cross_training"), days)
    walked = _sessions(activities, walking_sports, days)
    reason = first_reason(*find_silence(signal, pain, days, hold_days))
    return answer(
        days,
        reason,
        worst=np.nan_to_num(np.fmax.reduce(look_back(other, hold_days), axis=1)),
        walks=_count(walked & (take_by_day(pain, days) > walking_pain), hold_days + 1),
        gentle=_count(_sessions(activities, gentle_sports, days), hold_days + 1),
    )


def _sessions(activities: pd.DataFrame, sports: Sequence[str], days: pd.DatetimeIndex) -> Flags:
    dates = activities.index[activities["sport"].isin(list(sports)).to_numpy()]
    return np.asarray(on_days(dates, np.ones(len(dates)), days) > 0)


def _done(entries: pd.DataFrame) -> pd.DataFrame:
    return entries[~(entries["value"] == 0)]


def _count(flags: Flags, window_days: int) -> Floats:
    """Count the days of the window that are True."""
    return np.asarray(np.nansum(look_back(flags.astype(np.float64), window_days - 1), axis=1))
