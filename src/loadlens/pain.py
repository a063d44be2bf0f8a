"""Measures of the pain that was written down: when it grows, where it comes, how long it stays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from loadlens.diary_days import count_by_day, entries_of, entries_tagged, find_silence, take_by_day
from loadlens.windows import Floats, answer, first_reason, look_back, on_days, share

QUANTILE = 1.96
"""Of the normal distribution: a slope is believed when its 95 % interval leaves 0 out."""


def pain_trend(
    signal: pd.DataFrame,
    *,
    days: pd.DatetimeIndex,
    rise_points: float,
    runs_back: int,
    recent_days: int,
    trend_days: int,
    minimum_days: int,
) -> pd.DataFrame:
    """Follow how pain grows within a run, into the next morning, and over weeks.

    Parameters
    ----------
    signal : DataFrame
        The diary, indexed by date: pain, 0 to 10, tagged before, during, after or next_morning.
    rise_points : float
        Rise within one run that counts.
    runs_back, recent_days : int
        Runs among which such rises are counted, and the days within which they must lie.
    trend_days, minimum_days : int
        Days of the trend, and days with pain written down it needs.

    Returns
    -------
    DataFrame
        rise: of the last run, from before to during or after, or from during to after; rises: runs among the last ones
        whose rise counts; morning: next morning against before the run; trend: over `trend_days`, 0 unless it is
        certain; worst: the largest of rise, morning and trend. All in points but `rises`.

    References
    ----------
    Sen 1968, J Am Stat Assoc 63:1379: the median of all slopes, and the interval from Kendall's variance
    n (n - 1) (2 n + 5) / 18, less t (t - 1) (2 t + 5) / 18 for each t equal values: pain comes in whole points.
    """
    pain = entries_of(signal, "pain")
    when = {tag: take_by_day(entries_tagged(pain, tag), days) for tag in ("before", "during", "after", "next_morning")}
    before, during, after = when["before"], when["during"], when["after"]
    rise = np.fmax(np.fmax(during - before, after - before), after - during)
    morning = when["next_morning"] - np.concatenate([[np.nan], before])[: len(days)]
    worst = take_by_day(pain, days)
    trend = _rise_over(look_back(worst, trend_days - 1), minimum_days)
    numbers = {
        "rise": _last_known(rise, recent_days),
        "rises": _count_last(rise, rise_points, runs_back, recent_days),
        "morning": _last_known(morning, recent_days),
        "trend": trend,
    }
    largest = np.fmax(np.fmax(numbers["rise"], numbers["morning"]), trend)
    reason = first_reason(
        *find_silence(signal, pain, days, recent_days),
        (np.isnan(largest), "too_few_values"),
    )
    return answer(days, reason, **numbers, worst=largest)


def _last_known(values: Floats, last_days: int) -> Floats:
    """Carry the last known value on for so many days."""
    return np.asarray(pd.Series(values).ffill(limit=last_days), dtype=np.float64)


def _count_last(values: Floats, limit: float, back: int, last_days: int) -> Floats:
    """Count values at or above the limit among the last known ones of the last days."""
    known = np.flatnonzero(np.isfinite(values))
    high = np.where(values[known] >= limit, known, -1)
    counts = np.zeros(len(values))
    for today in range(len(values)) if len(known) else ():
        upto = int(np.searchsorted(known, today, side="right"))
        last = high[max(upto - back, 0) : upto]
        counts[today] = ((last >= 0) & (last > today - last_days)).sum()
    return counts


def _rise_over(rows: Floats, minimum_days: int) -> Floats:
    """Give the Theil-Sen rise from the first to the last known value of each row; 0 unless it is certain."""
    rises = np.full(len(rows), np.nan)
    for at in np.flatnonzero(np.isfinite(rows).sum(axis=1) >= minimum_days):
        place = np.flatnonzero(np.isfinite(rows[at]))
        first, second = np.triu_indices(len(place), 1)
        values = rows[at][place]
        slopes = np.sort((values[second] - values[first]) / (place[second] - place[first]))
        tied = np.unique(values, return_counts=True)[1]
        half = QUANTILE * np.sqrt((_sum_variance(np.array([len(place)])) - _sum_variance(tied)) / 18)
        lowest = int(np.floor((len(slopes) - half) / 2))
        certain = lowest >= 0 and slopes[lowest] > 0
        rises[at] = float(np.median(slopes)) * (place[-1] - place[0]) if certain else 0.0
    return rises


def _sum_variance(n: NDArray[np.int64]) -> int:
    """Give Kendall's variance of groups of n values, added up and without its divisor."""
    return int((n * (n - 1) * (2 * n + 5)).sum())


def persistent_pain(
    signal: pd.DataFrame, *, days: pd.DatetimeIndex, tags: Sequence[str], window_days: int, hold_days: int
) -> pd.DataFrame:
    """Count days with pain, and entries that call it stabbing or burning.

    Parameters
    ----------
    signal : DataFrame
        The diary, indexed by date: pain, 0 to 10.
    tags : list of str
        Kinds of pain that count on their own.
    window_days, hold_days : int
        Days in which pain is counted, the day included, and days after an entry for which it speaks.

    Returns
    -------
    DataFrame
        pain_days: days with pain of 1 or more; quality: entries with one of the tags; worst [0-10].
    """
    pain = entries_of(signal, "pain")
    worst = take_by_day(pain, days)
    named = entries_tagged(signal, *tags)
    named = named[~(named["value"] == 0)]
    reason = first_reason(*find_silence(signal, pd.concat([pain, named]), days, hold_days))
    return answer(
        days,
        reason,
        pain_days=np.nansum(look_back((worst >= 1).astype(np.float64), window_days - 1), axis=1),
        quality=np.nansum(look_back(count_by_day(named, days), hold_days), axis=1),
        worst=np.fmax.reduce(look_back(worst, hold_days), axis=1),
    )


def tagged_pain(
    signal: pd.DataFrame, *, days: pd.DatetimeIndex, runs: pd.DataFrame, tags: Sequence[str], hold_days: int
) -> pd.DataFrame:
    """Count entries of pain in a situation; an entry with the value 0 says that it did not hurt there.

    Parameters
    ----------
    signal : DataFrame
        The diary, indexed by date.
    runs : DataFrame
        Runs, indexed by date: descent [m].
    tags : list of str
        The situation.
    hold_days : int
        Days after an entry for which it speaks.

    Returns
    -------
    DataFrame
        entries; worst [0-10], NaN when no number was given; descent [m] of the runs of these days that know theirs,
        NaN when none does.
    """
    named = entries_tagged(signal, *tags)
    named = named[~(named["value"] == 0)]
    down = runs["descent"].dropna()
    metres = on_days(down.index, np.asarray(down, dtype=np.float64), days)
    some = look_back(on_days(down.index, np.ones(len(down)), days), hold_days)
    return answer(
        days,
        first_reason(*find_silence(signal, signal, days, hold_days)),
        entries=np.nansum(look_back(count_by_day(named, days), hold_days), axis=1),
        worst=np.fmax.reduce(look_back(take_by_day(named, days), hold_days), axis=1),
        descent=np.where(np.nansum(some, axis=1) > 0, np.nansum(look_back(metres, hold_days), axis=1), np.nan),
    )


def lasting_pain(
    signal: pd.DataFrame,
    *,
    days: pd.DatetimeIndex,
    state: pd.Series[str],
    window_days: int,
    usual_days: int,
    unknown_share: float,
) -> pd.DataFrame:
    """Count days with pain over more than two weeks, and how much was run on them against usual.

    Parameters
    ----------
    signal : DataFrame
        The diary, indexed by date: pain, 0 to 10.
    state : Series
        run, rest or unknown, by day.
    window_days, usual_days : int
        Days looked at, the day included, and days before them that show how often is usual.
    unknown_share : float
        Largest share of unknown days in either.

    Returns
    -------
    DataFrame
        pain_days: days with pain of 1 or more; run_share: days with a run, against as many usual days; rest_unknown: 1
        when that cannot be known, which is never a reason to keep silent.
    """
    pain = entries_of(signal, "pain")
    known = (state != "unknown").to_numpy()
    ran = np.where(known, (state == "run").to_numpy(), np.nan).astype(np.float64)
    often = []
    for first, last in ((window_days - 1, 0), (window_days + usual_days - 1, window_days)):
        rows = look_back(ran, first, last)
        count = np.isfinite(rows).sum(axis=1).astype(np.float64)
        enough = count >= (1 - unknown_share) * rows.shape[1]
        often.append(np.where(enough, share(np.nansum(rows, axis=1), count), np.nan))
    run_share = np.where(often[0] == 0, 0.0, share(often[0], often[1]))
    return answer(
        days,
        first_reason(*find_silence(signal, pain, days, window_days - 1)),
        pain_days=np.nansum(look_back((take_by_day(pain, days) >= 1).astype(np.float64), window_days - 1), axis=1),
        run_share=run_share,
        rest_unknown=np.isnan(run_share).astype(np.float64),
    )
