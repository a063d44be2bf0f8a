"""Measures of running distance, and every measure by name: days in, days out, each with its paper.

A measure takes a daily Series or a frame indexed by date and gives one row per day of the log: named numbers, and why
a day is not assessable (``reason``, "" when it is). Each day is judged with what was known at its end. Keyword
arguments named in `FROM_THE_LOG` come from the log; all others are parameters of the rule.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from loadlens.intensity import hard_easy, intensity_minutes
from loadlens.load_bounds import compare_ends
from loadlens.pain import lasting_pain, pain_trend, persistent_pain, tagged_pain
from loadlens.pain_rest import cross_training, rest_by_severity, running_through_pain, stay_active
from loadlens.performance import late_in_runs, performance_fall
from loadlens.recovery import rest_days, resting_heart_rate, sleep, strength
from loadlens.running_form import form_change
from loadlens.self_care import cooling, diary_flag, fatigue, mobility, recovery_signs, shoe_signs, squat_test
from loadlens.shoe_wear import shoe_distance, shoe_rotation
from loadlens.training_load import acute_chronic, monotony
from loadlens.windows import Floats, answer, first_reason, look_back, row_medians, row_spreads, share, streaks

FROM_THE_LOG = ("days", "state", "activities", "runs", "gear", "diary", "distance", "sleep", "bounds", "found")
"""Keyword arguments a measure gets from the log: the days, their state, tables indexed by date, daily Series, bounds of
a signal where load is missing, and (found) what other rules gave."""

BUILDS_ON = ("minutes_from", "distance_from", "alone", "together")
"""Parameters that name the rules whose findings a measure asks for as ``found``."""


def longest_run(
    signal: pd.Series[float],
    *,
    state: pd.Series[str],
    window_days: int,
    minimum_runs: int,
    minimum_history_days: int,
    hold_days: int,
    unknown_share: float,
    bounds: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Compare the longest run of a day with the longest in the days before it.

    A day shows the run of the last `hold_days` days that went furthest past its own reference, so that one long run
    is one finding that stays in sight for a week. A day without runs counts as 0 m.

    Parameters
    ----------
    signal : Series
        Longest session of each day [m]: 0 on rest days, NaN when unknown.
    state : Series
        run, rest or unknown.
    window_days : int
        Days before the run, itself excluded, that hold the reference.
    minimum_runs, minimum_history_days : int
        Days with a run in the window, and days of log before the day.
    hold_days : int
        Days, the run's own included, on which it is shown.
    unknown_share : float
        Largest share of the window that may be unknown.
    bounds : DataFrame, optional
        low and high of each day [m], where runs lack their distance.

    Returns
    -------
    DataFrame
        ratio, longest [m], reference [m], rise [m], weekly [m]: mean distance a week in the window, from the longest
        session of each day; before [m], weekly_before [m]: reference and weekly of the day itself, not of the run that
        is shown.

    References
    ----------
    Frandsen et al. 2025, Br J Sports Med 59:1203: more than 10 % beyond the longest of 30 days went with more injuries.
    """
    metres = np.asarray(signal if bounds is None else bounds["low"], dtype=np.float64)
    before = look_back(metres, window_days, 1)
    known = np.isfinite(before)
    lost = (state.to_numpy() == "run") & ~np.isfinite(metres)
    lost_before = np.fmax.reduce(look_back(lost.astype(np.float64), window_days), axis=1) > 0
    most = before if bounds is None else look_back(np.asarray(bounds["high"], dtype=np.float64), window_days, 1)
    reason = first_reason(
        (np.arange(len(metres)) < minimum_history_days, "history_too_short"),
        (lost_before, "no_distance"),
        (~np.isfinite(metres) | (known.mean(axis=1) < 1 - unknown_share), "unknown_days"),
        ((known & (most > 0)).sum(axis=1) < minimum_runs, "too_few_runs"),
    )

    def compare(now: Floats, then: Floats) -> dict[str, Floats]:
        rows = look_back(then, window_days, 1)
        reference = np.fmax.reduce(rows, axis=1)
        rise = np.where(reason == "", now - reference, np.nan)
        recent = look_back(rise, hold_days - 1)
        furthest = np.argmax(np.where(np.isfinite(recent), recent, -np.inf), axis=1)
        shown = np.maximum(np.arange(len(now)) - (hold_days - 1) + furthest, 0)
        weekly = 7 * share(np.nansum(rows, axis=1), known.sum(axis=1).astype(np.float64))
        numbers = {"ratio": share(now, reference), "longest": now, "reference": reference}
        held = {name: values[shown] for name, values in {**numbers, "rise": rise, "weekly": weekly}.items()}
        return held | {"before": reference, "weekly_before": weekly}

    return answer(signal.index, reason, **compare_ends(compare, signal, bounds))


def two_week_volume(
    signal: pd.Series[float],
    *,
    reference_weeks: int,
    minimum_weeks: int,
    usual_spread: float,
    usual_weeks: int,
    off_days: int,
    unknown_share: float,
    bounds: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Compare the last two weeks with the runner's own usual week, on the runner's own scale.

    Weeks are blocks of 7 days counted back from the day. The last two are averaged geometrically and compared with
    the median of the active weeks among those before. A few unknown days are bridged: a week is then 7 times the mean
    of its known days; reference weeks with too many unknown days, or without running, are left out.

    Parameters
    ----------
    signal : Series
        Distance of each day [m], NaN when unknown.
    reference_weeks, minimum_weeks : int
        Weeks before the last two, and how many of them must be known and active.
    usual_spread, usual_weeks : float, int
        Standard deviation of the logarithm of a week among runners, and how many of the runner's own weeks it weighs
        as much as.
    off_days : int
        Days without running after which a runner is returning.
    unknown_share : float
        Largest share of unknown days in the last two weeks, and in a reference week.
    bounds : DataFrame, optional
        low and high of each day [m], where runs lack their distance.

    Returns
    -------
    DataFrame
        ratio; z: log(ratio) / (spread / sqrt 2), NaN when one of the two weeks is empty; recent, reference, rise [m].

    Notes
    -----
    Our own statistic; how often it fires and what it finds stands in ``docs/overload_bench.md``. Half a year of weeks
    makes the reference: the spread of ten is off by a quarter, and false alarms come where it is too small. For the
    same reason it is drawn towards that of other runners, spread² = (n own² + m usual²) / (n + m), with own = 1.4826
    MAD of n weeks and m = `usual_weeks` (Smyth 2004, Stat Appl Genet Mol Biol 3:3, doi:10.2202/1544-6115.1027).
    """
    most = np.asarray(signal if bounds is None else bounds["high"], dtype=np.float64)
    n, weeks = len(most), reference_weeks + 2
    known = np.isfinite(_weeks(most, weeks)).sum(axis=2)
    total = np.nansum(_weeks(most, weeks), axis=2)
    seen = known[:, :-2] >= 7 * (1 - unknown_share)
    active = (seen & (total[:, :-2] > 0)).sum(axis=1)
    off = np.nanmax(look_back(streaks(most == 0).astype(float), 27), axis=1) >= off_days
    reason = first_reason(
        (known[:, -2:].sum(axis=1) < 14 * (1 - unknown_share), "unknown_days"),
        (off & (total[:, -2:].sum(axis=1) > 0), "returning"),
        ((active < minimum_weeks) & (np.arange(n) < 7 * weeks - 1), "history_too_short"),
        ((active < minimum_weeks) & (seen.sum(axis=1) < minimum_weeks), "unknown_days"),
        (active < minimum_weeks, "too_few_weeks"),
    )

    def compare(now: Floats, then: Floats) -> dict[str, Floats]:
        volume = 7 * share(np.nansum(_weeks(then, weeks), axis=2), known.astype(float))
        logs = np.log(np.where(seen & (volume[:, :-2] > 0), volume[:, :-2], np.nan))
        middle = row_medians(logs)
        own, count = np.nan_to_num(row_spreads(logs, middle)), np.isfinite(logs).sum(axis=1)
        spread = np.sqrt((count * own**2 + usual_weeks * usual_spread**2) / (count + usual_weeks))
        last = 7 * share(np.nansum(_weeks(now, 2), axis=2), known[:, -2:].astype(float))
        recent, reference = np.sqrt(last[:, 0] * last[:, 1]), np.exp(middle)
        ratio = share(recent, reference)
        z = np.log(ratio, where=ratio > 0, out=np.full(n, np.nan)) / (spread / np.sqrt(2))
        return {"ratio": ratio, "z": z, "recent": recent, "reference": reference, "rise": recent - reference}

    return answer(signal.index, reason, **compare_ends(compare, signal, bounds))


def _weeks(values: Floats, weeks: int) -> Floats:
    """Give each day its last weeks, oldest first, as blocks of 7 days that end on it."""
    return look_back(values, 7 * weeks - 1).reshape(len(values), weeks, 7)


def weekly_increase(
    signal: pd.Series[float],
    *,
    minimum_base: float,
    mean_weeks: int,
    search_weeks: int,
    off_days: int,
    bounds: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Compare the last full week, Monday to Sunday, with the week before it.

    After a down week the mean of the last active weeks is the reference where that is more. Every day carries the
    verdict of the last full week known at its end.

    Parameters
    ----------
    signal : Series
        Distance of each day [m], NaN when unknown.
    minimum_base : float
        Reference [m] below which a percentage means little.
    mean_weeks, search_weeks : int
        Active weeks in the mean, and how many weeks back they are looked for.
    off_days : int
        Days without running after which the first weeks are a return.
    bounds : DataFrame, optional
        low and high of each day [m], where runs lack their distance.

    Returns
    -------
    DataFrame
        increase [%], week, previous, reference, rise [m].

    Notes
    -----
    The rule is a convention: Buist et al. 2008 (Am J Sports Med 36:33) and Nielsen et al. 2014 (J Orthop Sports Phys
    Ther 44:739) found no difference in injuries at 10 %.
    """
    most = np.asarray(signal if bounds is None else bounds["high"], dtype=np.float64)
    start = int(-pd.DatetimeIndex(signal.index).day_of_week[0] % 7) if len(most) else 0
    count = max(len(most) - start, 0) // 7
    idle = streaks(most == 0)[start : start + 7 * count].reshape(count, 7).max(axis=1, initial=0) >= off_days
    shown = np.maximum((np.arange(len(most)) - start + 1) // 7 - 1, -1)

    def compare(now: Floats, then: Floats) -> dict[str, Any]:
        week, earlier = (v[start : start + 7 * count].reshape(count, 7).sum(axis=1) for v in (now, then))
        numbers = np.full((count + 1, 5), np.nan)  # the last row serves days before the first full week
        reasons = np.array([""] * count + ["history_too_short"], dtype=object)
        for j in range(count):
            base = earlier[max(j - search_weeks, 0) : j]
            base = base[base > 0][-mean_weeks:]
            reference = max(earlier[j - 1], base.mean()) if j and len(base) else 0.0
            if j == 0:
                reasons[j] = "history_too_short"
            elif np.isnan([week[j], earlier[j - 1]]).any():
                reasons[j] = "unknown_days"
            elif week[j] > 0 and idle[j - 1 : j + 1].any():
                reasons[j] = "returning"
            elif reference < minimum_base:
                reasons[j] = "low_base"
            else:
                rise = week[j] - reference
                numbers[j] = 100 * rise / reference, week[j], earlier[j - 1], reference, rise
        columns = ("increase", "week", "previous", "reference", "rise")
        return {name: numbers[shown, place] for place, name in enumerate(columns)} | {"reason": reasons[shown]}

    ends = compare_ends(compare, signal, bounds)
    reason, other = ends.pop("reason"), ends.pop("reason_high", None)
    if other is not None:
        reason = np.where(reason == other, reason, "load_between")
    return answer(signal.index, reason, **ends)


MEASURES: dict[str, Callable[..., pd.DataFrame]] = {
    measure.__name__: measure
    for measure in (
        longest_run,
        two_week_volume,
        weekly_increase,
        resting_heart_rate,
        form_change,
        rest_days,
        sleep,
        strength,
        shoe_distance,
        shoe_rotation,
        intensity_minutes,
        hard_easy,
        performance_fall,
        late_in_runs,
        monotony,
        acute_chronic,
        diary_flag,
        pain_trend,
        persistent_pain,
        tagged_pain,
        lasting_pain,
        running_through_pain,
        rest_by_severity,
        stay_active,
        cross_training,
        shoe_signs,
        fatigue,
        recovery_signs,
        mobility,
        squat_test,
        cooling,
    )
}
"""Every measure a rule may name."""
