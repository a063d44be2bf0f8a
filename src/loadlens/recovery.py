"""Measures of recovery: resting heart rate, sleep, rest days, strength training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from loadlens.windows import (
    answer,
    first_reason,
    look_back,
    not_yet,
    on_days,
    row_medians,
    share,
    streaks,
)


def resting_heart_rate(
    signal: pd.Series[float],
    *,
    baseline_days: tuple[int, int],
    minimum_baseline: int,
    minimum_pairs: int,
    recent_days: int,
    minimum_recent: int,
    cap: float,
    swing_floor: float,
) -> pd.DataFrame:
    """Hold the resting heart rate of the last days against the runner's own months before, and against the own swing.

    Nights hang together: a high one is followed by another, so a sum of high days grows by chance as well. A few days
    of which the last counts most tell a rise soonest, and how much one day differs from the next tells how far they can
    be believed.

    Parameters
    ----------
    signal : Series
        Resting heart rate of each day [bpm].
    baseline_days : (int, int)
        First and last day of the baseline, counted back.
    minimum_baseline, minimum_pairs : int
        Values in the baseline, and pairs of days in a row that have one.
    recent_days, minimum_recent : int
        Days that are averaged, and values among them. The last day weighs `recent_days`, each before it one less.
    cap : float
        Most that a day counts above the baseline, and that a day may differ from the one before [bpm].
    swing_floor : float
        Smallest swing [bpm] that is believed: a value that is a mean of days itself hardly moves.

    Returns
    -------
    DataFrame
        rise: weighted mean of the recent days above the baseline; recent: the same, baseline added; baseline: median;
        swing: mean difference between one day of the baseline and the day before, `swing_floor` at least; excess: rise
        less swing. All [bpm].

    References
    ----------
    Bosquet et al. 2008, Br J Sports Med 42:709: overload of up to two weeks raises resting heart rate slightly, perhaps
    within the swing from day to day. Quer et al. 2020, PLoS ONE 15:e0227709: how much it varies within a person. The
    statistic is ours: ``docs/overload_bench.md`` says what else was tried.
    """
    beats = np.asarray(signal, dtype=np.float64)
    earlier = look_back(beats, *baseline_days)
    baseline = row_medians(earlier)
    above = np.minimum(look_back(beats, recent_days - 1) - baseline[:, None], cap)
    known = np.isfinite(look_back(beats, recent_days - 1))
    weight = known * np.arange(1.0, recent_days + 1)
    rise = share((weight * np.nan_to_num(above)).sum(axis=1), weight.sum(axis=1))
    moves = look_back(np.minimum(np.abs(np.diff(beats, prepend=np.nan)), cap), *baseline_days)
    pairs = np.isfinite(moves).sum(axis=1)
    swing = np.maximum(share(np.nansum(moves, axis=1), pairs.astype(np.float64)), swing_floor)
    thin = (np.isfinite(earlier).sum(axis=1) < minimum_baseline) | (pairs < minimum_pairs)
    reason = first_reason(
        (not_yet(np.isfinite(beats)), "no_resting_heart_rate"),
        (known.sum(axis=1) < minimum_recent, "too_few_values"),
        (thin & (np.arange(len(beats)) < baseline_days[0]), "history_too_short"),
        (thin, "baseline_missing"),
    )
    return answer(
        signal.index, reason, rise=rise, recent=baseline + rise, baseline=baseline, swing=swing, excess=rise - swing
    )


def sleep(
    signal: pd.Series[float], *, nights: int, minimum_nights: int, long_nights: int, minimum_long_nights: int
) -> pd.DataFrame:
    """Average the time asleep over a week and over two weeks.

    Parameters
    ----------
    signal : Series
        Time asleep in the night that ended on the day [s].
    nights, long_nights : int
        Nights in the shorter and in the longer mean.
    minimum_nights, minimum_long_nights : int
        Nights that must have a value.

    Returns
    -------
    DataFrame
        mean, long_mean [s]; long_mean is NaN when too few nights have a value.

    References
    ----------
    Milewski et al. 2014, J Pediatr Orthop 34:129: less than 8 h and injuries, in adolescents.
    """
    seconds = np.asarray(signal, dtype=np.float64)
    means = {}
    for name, width, least in (("mean", nights, minimum_nights), ("long_mean", long_nights, minimum_long_nights)):
        rows = look_back(seconds, width - 1)
        count = np.isfinite(rows).sum(axis=1)
        means[name] = np.where(count >= least, np.nansum(rows, axis=1) / np.maximum(count, 1), np.nan)
    reason = first_reason(
        (not_yet(np.isfinite(seconds)), "no_sleep"),
        (np.isnan(means["mean"]), "too_few_nights"),
    )
    return answer(signal.index, reason, **means)


def rest_days(
    signal: pd.DataFrame,
    *,
    days: pd.DatetimeIndex,
    activities: pd.DataFrame,
    window_days: int,
    session_seconds: float,
    gentle_sports: Sequence[str],
) -> pd.DataFrame:
    """Count rest days: days without a run, and days without any session at all.

    A full rest day has no run and no other session longer than `session_seconds`; gentle sports do not count against
    it. Where the log does not know, it is no rest day and no training day: a day is assessable when one full rest day
    in the window is certain, or when every day of the window is known.

    Parameters
    ----------
    signal : DataFrame
        The days of the log, indexed by date.
    activities : DataFrame
        All sessions, indexed by date.
    window_days : int
        Days looked back, the day itself included.
    session_seconds : float
        Length [s] from which another session ends a full rest day.
    gentle_sports : list of str
        Sports that leave a rest day a rest day.

    Returns
    -------
    DataFrame
        run_free, activity_free: days of the window; streak: known days in a row without a full rest day.
    """
    state = signal["state"].to_numpy()
    others = activities[~activities["sport"].isin(["run", *gentle_sports])]
    length = others["moving"].fillna(others["duration"]).fillna(others["elapsed"])
    every = np.ones(len(others))
    long = on_days(others.index, np.where(length > session_seconds, every, np.nan), days) > 0
    unclear = on_days(others.index, np.where(length.isna(), every, np.nan), days) > 0
    run_free = np.where(state == "unknown", np.nan, (state == "rest").astype(float))
    full = np.where(long, 0.0, run_free)
    full[unclear & (full == 1)] = np.nan
    window = look_back(full, window_days - 1)
    certain = (window == 1).any(axis=1)
    position = np.arange(len(full))
    reason = first_reason(
        (~certain & (position < window_days - 1), "history_too_short"),
        (~certain & np.isnan(window).any(axis=1), "unknown_days"),
    )
    return answer(
        days,
        reason,
        activity_free=np.nansum(window, axis=1),
        run_free=np.nansum(look_back(run_free, window_days - 1), axis=1),
        streak=streaks(full == 0).astype(float),
    )


def strength(
    signal: pd.DataFrame,
    *,
    days: pd.DatetimeIndex,
    state: pd.Series[str],
    diary: pd.DataFrame,
    window_days: int,
    logged_days: int,
    unknown_share: float,
) -> pd.DataFrame:
    """Count days with strength training a week, recorded or written down.

    Parameters
    ----------
    signal : DataFrame
        All sessions, indexed by date.
    diary : DataFrame
        Diary, indexed by date; entries of kind strength count, unless their value is 0.
    window_days, logged_days : int
        Days counted, and days within which at least one session shows that strength training is logged at all.
    unknown_share : float
        Largest share of the counted days that may be unknown.

    Returns
    -------
    DataFrame
        weekly [per week]; sessions: days with strength training in the window.

    References
    ----------
    Lauersen et al. 2018, Br J Sports Med 52:1557 (other sports); Toresdahl et al. 2020, Sports Health 12:74: no
    difference in overuse injuries in marathon runners.
    """
    written = diary[(diary["kind"] == "strength") & ~(diary["value"] == 0)]
    dates = signal.index[(signal["sport"] == "strength").to_numpy()].append(written.index)
    done = (on_days(dates, np.ones(len(dates)), days) > 0).astype(float)
    sessions = look_back(done, window_days - 1).sum(axis=1)
    unknown = (state.to_numpy() == "unknown").astype(float)
    reason = first_reason(
        (np.arange(len(days)) < window_days - 1, "history_too_short"),
        (~(np.fmax.reduce(look_back(done, logged_days - 1), axis=1) > 0), "not_logged"),
        (look_back(unknown, window_days - 1).mean(axis=1) > unknown_share, "unknown_days"),
    )
    return answer(days, reason, weekly=sessions * 7 / window_days, sessions=sessions)
