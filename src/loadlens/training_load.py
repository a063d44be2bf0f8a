"""Well-known indices of training load, shown with what is known of them: they raise no alarm by themselves."""

from __future__ import annotations

import numpy as np
import pandas as pd

from loadlens.diary_days import entries_of, take_by_day
from loadlens.windows import Floats, answer, first_reason, look_back, on_days, share


def session_load(activities: pd.DataFrame, diary: pd.DataFrame, state: pd.Series[str]) -> pd.Series[float]:
    """Give the session-RPE load of each day: perceived exertion times minutes, added up over all sessions.

    Parameters
    ----------
    activities : DataFrame
        All sessions, indexed by date.
    diary : DataFrame
        Diary, indexed by date; exertion written down serves the only session of its day that carries none.
    state : Series
        run, rest or unknown, by day.

    Returns
    -------
    Series
        Arbitrary units; 0 on days known to be without a session, NaN where a session lacks exertion or duration.

    References
    ----------
    Foster et al. 2001, J Strength Cond Res 15:109: exertion 0 to 10 of the whole session times its minutes.
    """
    exertion = rate_sessions(activities, diary, pd.DatetimeIndex(state.index))
    return _add_up(exertion * _minutes(activities), state)


def rate_sessions(activities: pd.DataFrame, diary: pd.DataFrame, days: pd.DatetimeIndex) -> pd.Series[float]:
    """Give the perceived exertion of each session, 0 to 10: recorded, or written down on a day with one session."""
    count = on_days(activities.index, np.ones(len(activities)), days)
    written = pd.Series(take_by_day(entries_of(diary, "exertion"), days), index=days)
    alone = pd.Series(count == 1, index=days).reindex(activities.index, fill_value=False)
    return activities["rpe"].fillna(written.reindex(activities.index).where(alone))


def session_minutes(activities: pd.DataFrame, state: pd.Series[str]) -> pd.Series[float]:
    """Give the minutes of all sessions of each day; 0 and NaN as in `session_load`."""
    return _add_up(_minutes(activities), state)


def _minutes(activities: pd.DataFrame) -> pd.Series[float]:
    return activities["duration"].fillna(activities["moving"]).fillna(activities["elapsed"]) / 60


def _add_up(loads: pd.Series[float], state: pd.Series[str]) -> pd.Series[float]:
    """Add loads up by day; NaN where one is lacking, and on unknown days without any."""
    days = pd.DatetimeIndex(state.index)
    values = np.asarray(loads, dtype=np.float64)
    count = on_days(loads.index, np.ones(len(loads)), days)
    lacking = on_days(loads.index, np.isnan(values).astype(np.float64), days) > 0
    open_days = lacking | ((state == "unknown").to_numpy() & (count == 0))
    return pd.Series(np.where(open_days, np.nan, on_days(loads.index, values, days)), index=days)


def monotony(signal: pd.Series[float], *, window_days: int) -> pd.DataFrame:
    """Give monotony and strain over the days up to each day.

    Monotony is the mean daily load over its standard deviation (of a sample, n - 1), days without training counted as
    0; strain is the load of those days added up, times monotony.

    Parameters
    ----------
    signal : Series
        Load of each day, in any unit: NaN when unknown.
    window_days : int
        Days up to and including the day; Foster's week has 7.

    Returns
    -------
    DataFrame
        monotony; load: added up; strain. The last two in the unit of the signal.

    References
    ----------
    Foster 1998, Med Sci Sports Exerc 30:1164. The paper's abstract does not say which standard deviation; the one of a
    sample is ours.
    """
    rows = look_back(np.asarray(signal, dtype=np.float64), window_days - 1)
    with np.errstate(invalid="ignore"):
        spread = rows.std(axis=1, ddof=1)
    load = rows.sum(axis=1)
    reason = first_reason(
        (np.arange(len(rows)) < window_days - 1, "history_too_short"),
        (np.isnan(load), "load_unknown"),
        (~(load > 0), "no_runs"),
        (~(spread > 1e-9), "load_constant"),
    )
    index = share(load / window_days, spread)
    return answer(signal.index, reason, monotony=index, load=load, strain=load * index)


def acute_chronic(
    signal: pd.Series[float], *, acute_days: int, chronic_days: int, minimum_history_days: int, unknown_share: float
) -> pd.DataFrame:
    """Give the ratio of acute to chronic load in its three common forms.

    Coupled: mean of the acute days over the mean of the chronic days, which hold the acute ones. Uncoupled: over the
    chronic days before the acute ones. EWMA: ratio of two exponentially weighted means with lambda = 2 / (N + 1), the
    first of which starts at the first known day; an unknown day leaves both as they were.

    Parameters
    ----------
    signal : Series
        Load of each day: NaN when unknown.
    acute_days, chronic_days : int
        7 and 28; the uncoupled form then has 7 and 21.
    minimum_history_days : int
        Days of log before the weighted means have forgotten where they started.
    unknown_share : float
        Largest share of unknown days, among the acute as among the chronic ones.

    Returns
    -------
    DataFrame
        coupled, uncoupled, ewma [ratio]; least: the smallest of the three; acute, chronic: mean a week, coupled.

    References
    ----------
    Williams et al. 2017, Br J Sports Med 51:209 (EWMA). Lolli et al. 2019, Br J Sports Med 53:921: the coupled form
    correlates with itself. Impellizzeri et al. 2021, Sports Med 51:581: it predicts no better than the acute load over
    a random number.
    """
    load = np.asarray(signal, dtype=np.float64)
    means, known = {}, {}
    windows = {"acute": (acute_days - 1, 0), "chronic": (chronic_days - 1, 0), "before": (chronic_days - 1, acute_days)}
    for name, (first, last) in windows.items():
        rows = look_back(load, first, last)
        count = np.isfinite(rows).sum(axis=1).astype(np.float64)
        means[name], known[name] = share(np.nansum(rows, axis=1), count), count / rows.shape[1]
    weighted = {days: _weigh(load, days) for days in (acute_days, chronic_days)}
    forms = {
        "coupled": share(means["acute"], means["chronic"]),
        "uncoupled": share(means["acute"], means["before"]),
        "ewma": share(weighted[acute_days], weighted[chronic_days]),
    }
    reason = first_reason(
        (np.arange(len(load)) < minimum_history_days, "history_too_short"),
        (np.fmin(known["acute"], known["chronic"]) < 1 - unknown_share, "unknown_days"),
        (~(means["before"] > 0) & (means["acute"] > 0), "returning"),
        (~(means["before"] > 0) | ~np.isfinite(forms["ewma"]), "no_runs"),
    )
    return answer(
        signal.index,
        reason,
        **forms,
        least=np.minimum.reduce(list(forms.values())),
        acute=7 * means["acute"],
        chronic=7 * means["chronic"],
    )


def _weigh(load: Floats, days: int) -> Floats:
    """Exponentially weighted mean with lambda = 2 / (days + 1); unknown days change nothing."""
    weighted = pd.Series(load).ewm(alpha=2 / (days + 1), adjust=False, ignore_na=True).mean()
    return np.asarray(weighted, dtype=np.float64)
