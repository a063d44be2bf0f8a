"""The rules everyone ships, taken as they are: daily scores that are an alarm from 1 on, NaN where they say nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from loadlens.log import RunningLog
from loadlens.windows import look_back, share

Scores = np.ndarray[Any, Any]


@lru_cache(maxsize=2)
def _distance(log: RunningLog) -> pd.Series[float]:
    return log.daily("activities.distance")


def _weeks(log: RunningLog) -> tuple[Scores, Scores, Scores]:
    """Scores yet to be filled, totals of the full weeks from Monday to Sunday, and the place of each of those Sundays.

    A week's verdict is told on its Sunday; the days between tell nothing new.
    """
    metres = _distance(log).to_numpy()
    first = int(-log.days["date"].iloc[0].day_of_week % 7)
    count = (len(metres) - first) // 7
    totals = metres[first : first + 7 * count].reshape(count, 7).sum(axis=1)
    return np.zeros(len(metres)), totals, first + 7 * np.arange(count) + 6


def ten_percent(log: RunningLog) -> Scores:
    """Last full week over the one before; alarm above 1.1."""
    scores, totals, sundays = _weeks(log)
    scores[sundays[1:]] = share(totals[1:], totals[:-1]) / 1.1
    return scores


def week_of_four(log: RunningLog) -> Scores:
    """Last full week over the mean of the four before it; alarm above 1.3 and 5 km more."""
    scores, totals, sundays = _weeks(log)
    mean = look_back(totals, 4, 1).mean(axis=1)
    ratio = np.where(totals - mean >= 5000, share(totals, mean) / 1.3, 0.0)
    scores[sundays] = np.where(np.isfinite(mean), ratio, np.nan)
    return scores


def acwr_coupled(log: RunningLog) -> Scores:
    """Distance of 7 days over the weekly mean of 28 that hold them; alarm above 1.5."""
    metres = _distance(log).to_numpy()
    return share(look_back(metres, 6).sum(axis=1), look_back(metres, 27).sum(axis=1) / 4) / 1.5


def acwr_uncoupled(log: RunningLog) -> Scores:
    """Distance of 7 days over the weekly mean of the 21 before them; alarm above 1.5."""
    metres = _distance(log).to_numpy()
    return share(look_back(metres, 6).sum(axis=1), look_back(metres, 27, 7).sum(axis=1) / 3) / 1.5


def acwr_ewma(log: RunningLog) -> Scores:
    """Exponential means with lambda = 2 / (N + 1), N = 7 over N = 28 days (Williams 2017); alarm above 1.5."""
    metres = _distance(log)
    quick, slow = (metres.ewm(span=span, adjust=False, ignore_na=True).mean() for span in (7, 28))
    scores = share(quick.to_numpy(), slow.to_numpy()) / 1.5
    scores[:28] = np.nan
    return np.where(metres.notna(), scores, np.nan)


def mean_plus_5(log: RunningLog) -> Scores:
    """Resting heart rate of one day above the mean of all days before; alarm at 5 bpm."""
    beats = log.daily("wellness.rhr_day")
    mean = beats.expanding(21).mean().shift(1)
    return ((beats - mean) / 5).to_numpy()


def raw_cadence(log: RunningLog) -> Scores:
    """Mean cadence of the runs of 14 days below that of the 28 before them; alarm at 3 steps/min."""
    now, before = _recent(log, _of_runs(log)["cadence"])
    return (before - now) / 3


def efficiency_drop(log: RunningLog) -> Scores:
    """Mean speed over heart rate of the runs of 14 days below that of the 28 before them; alarm at 3 %."""
    runs = _of_runs(log)
    now, before = _recent(log, runs["speed"] / runs["heart_rate"])
    return (1 - share(now, before)) / 0.03


@lru_cache(maxsize=2)
def _of_runs(log: RunningLog) -> pd.DataFrame:
    """Means over the minutes of each run, by date: what a platform's list of activities shows."""
    means = log.minutes.groupby("activity", sort=False)[["cadence", "speed", "heart_rate"]].mean()
    return means.set_index(log.activities.set_index("activity")["date"].reindex(means.index))


def _recent(log: RunningLog, values: pd.Series[float]) -> tuple[Scores, Scores]:
    daily = values.groupby(level=0).mean().reindex(pd.DatetimeIndex(log.days["date"])).to_numpy()
    recent, before = look_back(daily, 13), look_back(daily, 41, 14)
    enough = (np.isfinite(recent).sum(axis=1) >= 3) & (np.isfinite(before).sum(axis=1) >= 6)
    means = (share(np.nansum(rows, axis=1), np.isfinite(rows).sum(axis=1).astype(float)) for rows in (recent, before))
    now, earlier = (np.where(enough, mean, np.nan) for mean in means)
    return now, earlier


BASELINES: dict[str, Callable[[RunningLog], Scores]] = {
    rule.__name__: rule
    for rule in (
        ten_percent,
        week_of_four,
        acwr_coupled,
        acwr_uncoupled,
        acwr_ewma,
        mean_plus_5,
        raw_cadence,
        efficiency_drop,
    )
}
NEEDS_MINUTES = ("raw_cadence", "efficiency_drop")
