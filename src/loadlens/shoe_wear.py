"""Measures of shoes: how far they have run, and how they are alternated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from loadlens.log import farthest
from loadlens.windows import Floats, Texts, answer, first_reason, not_yet, on_days, share

FURTHEST_DAYS = 3650
"""A projected day beyond this says no more than that the shoes are hardly run in."""

_NO_LIMIT = 1e9
"""Metres; stands for a distance without a limit, where infinity could not be subtracted again."""


def shoe_distance(
    signal: pd.DataFrame,
    *,
    days: pd.DatetimeIndex,
    gear: pd.DataFrame,
    worn_days: int,
    unnamed_share: float,
    marks: Sequence[float],
    replace_at: float,
    rate_days: int,
) -> pd.DataFrame:
    """Follow the distance on the most used of the shoes in use.

    Runs that name no shoes may have been in any pair in use since its first run, and a run in a pair of which the
    distance is missing may have been as long as its duration allows (`loadlens.log.farthest`). Where the two are more
    than `unnamed_share` of the distance since then and would carry a pair past one of the `marks`, the day is not
    assessable.
    Distance run before the log counts where it is known.

    Parameters
    ----------
    signal : DataFrame
        Runs, indexed by date, oldest first.
    gear : DataFrame
        Shoes, with the distance on them before the log [m].
    worn_days : int
        Days since its last named run within which a pair is in use.
    unnamed_share : float
        Largest share of the distance without shoes named that is let pass.
    marks : list of float
        The distances [m] at which a level begins.
    replace_at : float
        Distance [m] at which a pair is to be replaced.
    rate_days : int
        Days that give the current rate.

    Returns
    -------
    DataFrame
        distance [m]: certain; possible [m]: when every run without shoes named was in them and every distance that is
        missing was the longest it can be, NaN when that has no limit; shoe: its name; weekly [m]: run in it a week, at
        the current rate; due: day on which it reaches `replace_at` at that rate, in days since 1970-01-01, NaN when it
        already has or is not run in.

    Notes
    -----
    600 to 800 km is a convention; no prospective study of it was found. Theisen et al. 2014, Br J Sports Med 48:371:
    midsole hardness made no difference.
    """
    n = len(days)
    signal = _bound(signal)
    unnamed = np.cumsum(_distance(signal[signal["gear"].isna()], days, "most"))
    starts = gear.dropna(subset=["gear"]).set_index("gear")["start_distance"]
    best, possible, names = np.full(n, np.nan), np.full(n, np.nan), np.full(n, "", dtype=object)
    weekly = np.full(n, np.nan)
    uncertain, position = np.zeros(n, dtype=bool), np.arange(n)
    for name, runs in signal[signal["gear"].notna()].groupby("gear"):
        worn = on_days(runs.index, np.ones(len(runs)), days) > 0
        if not worn.any():
            continue
        start = starts.get(name, np.nan)
        own = np.cumsum(_distance(runs, days))
        first = int(np.argmax(worn))
        since = np.maximum(unnamed - (unnamed[first - 1] if first else 0.0), 0.0)
        since = since + np.cumsum(_distance(runs, days, "more"))
        certain = own + (0.0 if np.isnan(start) else float(start))
        upper = certain + since
        current = position - np.maximum.accumulate(np.where(worn, position, -worn_days)) < worn_days
        straddles = np.digitize(certain, marks) != np.digitize(upper, marks)
        uncertain |= current & straddles & (since > unnamed_share * (own + since))
        more = current & ~(certain <= best)
        best, names = np.where(more, certain, best), np.where(more, str(name), names)
        weekly = np.where(more, 7 / rate_days * (own - np.concatenate([np.zeros(rate_days), own])[:n]), weekly)
        possible = np.where(current, np.fmax(possible, upper), possible)
    possible[possible >= _NO_LIMIT] = np.nan
    uncertain &= ~(best >= max(marks))  # past the last mark nothing unnamed can change the answer
    unnamed_yet = not_yet(on_days(signal.index, np.asarray(signal["gear"].notna(), dtype=np.float64), days) > 0)
    reason = first_reason((unnamed_yet, "no_shoes_named"), (np.isnan(best), "stale"), (uncertain, "shoes_uncertain"))
    shown: Texts = names
    today = days.to_numpy().astype("datetime64[D]").astype(np.float64)
    left = np.where(best < replace_at, replace_at - best, np.nan)
    due = today + np.ceil(7 * share(left, weekly))
    due[due > today + FURTHEST_DAYS] = np.nan
    return answer(days, reason, distance=best, possible=possible, shoe=shown, weekly=weekly, due=due)


def shoe_rotation(signal: pd.DataFrame, *, days: pd.DatetimeIndex, window_days: int, minimum_runs: int) -> pd.DataFrame:
    """Give the share of the distance run in the most used pair.

    Runs that name no shoes may have been in that pair or in any other, and a missing distance may have been as long as
    its duration allows, so the share lies between two ends.

    Parameters
    ----------
    signal : DataFrame
        Runs, indexed by date.
    window_days, minimum_runs : int
        Days looked back, and runs with shoes named in them.

    Returns
    -------
    DataFrame
        main, main_high [share]: at least and at most; pairs: pairs known to be worn in the window.

    References
    ----------
    Malisoux et al. 2015, Scand J Med Sci Sports 25:110: runners who alternated shoes had fewer injuries.
    """
    signal = _bound(signal)
    named = signal[signal["gear"].notna()]
    total = _rolling(_distance(named, days), window_days)
    unnamed = _rolling(_distance(signal[signal["gear"].isna()], days, "most"), window_days)
    unnamed += _rolling(_distance(named, days, "more"), window_days)
    per_pair = [_rolling(_distance(runs, days), window_days) for _, runs in named.groupby("gear")]
    stacked = np.array(per_pair) if per_pair else np.zeros((1, len(days)))
    count = _rolling(on_days(named.index, np.ones(len(named)), days), window_days)
    reason = first_reason(
        (not_yet(on_days(named.index, np.ones(len(named)), days) > 0), "no_shoes_named"),
        (np.arange(len(days)) < window_days - 1, "history_too_short"),
        (unnamed >= _NO_LIMIT, "shoes_uncertain"),
        ((count < minimum_runs) | ~(total > 0), "too_few_runs"),
    )
    main, whole = stacked.max(axis=0), total + unnamed
    return answer(
        days,
        reason,
        main=share(main, whole),
        main_high=share(main + unnamed, whole),
        pairs=(stacked > 0).sum(axis=0).astype(float),
    )


def _bound(signal: pd.DataFrame) -> pd.DataFrame:
    """Give each run `most` [m], how far it can have gone, and `more`, how much of that is not certain."""
    lasted = signal["duration"] if "duration" in signal else pd.Series(np.nan, index=signal.index)
    most = np.minimum(farthest(signal["distance"], lasted), _NO_LIMIT)
    return signal.assign(most=most, more=np.where(signal["distance"].isna(), most, 0.0))


def _distance(runs: pd.DataFrame, days: pd.DatetimeIndex, column: str = "distance") -> Floats:
    return on_days(runs.index, np.asarray(runs[column], dtype=np.float64), days)


def _rolling(values: Floats, window_days: int) -> Floats:
    """Sum over the last days; rounded to millimetres, so that a sum of nothing is 0."""
    total = np.concatenate([np.zeros(window_days), np.cumsum(values)])
    return np.asarray((total[window_days:] - total[:-window_days]).round(3))
