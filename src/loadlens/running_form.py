"""The measure of running form: cadence, vertical oscillation or ground contact, compared at the same speed.

All go with speed, so a slower month looks like a change of form. Each run becomes one point, its medians over minutes
of steady running; recent runs are compared with the line through the runs of the months before.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from loadlens.run_minutes import choose_minutes
from loadlens.windows import (
    Flags,
    Floats,
    Texts,
    answer,
    first_reason,
    not_yet,
    on_days,
    row_medians,
    row_spreads,
    share,
)

Ordinals = NDArray[np.int64]

COLUMNS = ("change", "change_se", "percent", "now", "usual", "x", "slope", "intercept", "residual")
"""What a comparison gives for each day."""

HUBER = 1.345
"""Residuals beyond so many spreads weigh less: 95 % efficient on normal data (Huber 1964, Ann Math Stat 35:73)."""

ROUNDS = 10
"""Reweightings of the line at most."""

SETTLED = 1e-3
"""Weights that move less than this move the line by less than a watch resolves."""


def form_change(
    signal: pd.DataFrame,
    *,
    days: pd.DatetimeIndex,
    column: str,
    baseline_days: tuple[int, int],
    minimum_baseline: int,
    recent_runs: int,
    recent_days: int,
    slope_bounds: tuple[float, float],
    maximum_spread: float,
    minimum_minutes: int,
    warm_up_minutes: float,
    recorded_seconds: float,
    moving_share: float,
    minimum_cadence: float,
    minimum_speed: float,
    maximum_grade: float,
    lock_width: float,
    lock_share: float,
    left_out: Sequence[str],
) -> pd.DataFrame:
    """Compare the recent runs with what the same speed used to go with.

    The verdict of the last run stands until the recent runs are no longer recent.

    Parameters
    ----------
    signal : DataFrame
        Minutes of runs or, as a fallback, runs, indexed by date.
    column : str
        cadence [steps/min], vertical_oscillation [mm] or ground_contact [ms].
    baseline_days : (int, int)
        First and last day, counted back, of the runs the line is drawn through.
    minimum_baseline : int
        Runs the line needs.
    recent_runs, recent_days : int
        Runs that are compared, and the days they must lie within.
    slope_bounds : (float, float)
        What the column may gain for one m/s.
    maximum_spread : float
        Largest spread about the line [unit of the column] with which averages of whole runs are believed; points made
        of steady minutes need no such bar.
    minimum_minutes, warm_up_minutes : int
        Steady minutes a run needs, and minutes at its start that are left out.
    recorded_seconds, moving_share, minimum_cadence, minimum_speed, maximum_grade : float
        What makes a minute one of steady running: recorded [s], in motion [share], not walked [steps/min, m/s], and
        level [%] where the grade is known. A whole run must meet the cadence and the speed.
    lock_width, lock_share : float
        Runs whose cadence is within so many of the heart rate for so large a share of the minutes are left out: one
        was taken for the other; so are runs whose cadence never moves and is that of the run before.
    left_out : list of str
        Kinds of run (``sub_sport``) whose speed is not comparable.

    Returns
    -------
    DataFrame
        change: median residual of the recent runs [unit of the column]; change_se: the same in standard errors of a
        mean of so many runs about a line that is known no better than its own runs tell; percent: relative to the line
        [%]; now: median of the recent runs; usual: the same less the change [unit of the column]; speed [m/s]; slope:
        of the line [unit of the column for one m/s]; intercept: of the line [unit of the column]; residual: the last
        run of the day itself [unit of the column], NaN on days without a usable run.

    References
    ----------
    Heiderscheit et al. 2011, Med Sci Sports Exerc 43:296: 5 % more steps take load off the knee. Luedke et al. 2016,
    Med Sci Sports Exerc 48:1244. The statistic is ours.
    """
    if "minute" in signal:
        kept = choose_minutes(
            signal,
            ["speed", column],
            left_out=left_out,
            lock_width=lock_width,
            lock_share=lock_share,
            recorded_seconds=recorded_seconds,
            moving_share=moving_share,
            warm_up_minutes=warm_up_minutes,
            minimum_cadence=minimum_cadence,
            minimum_speed=minimum_speed,
            maximum_grade=maximum_grade,
        )
        points = summarise_runs(kept, ("speed", column), minimum_minutes)
    else:
        points = average_runs(
            signal,
            column,
            left_out=left_out,
            minimum_cadence=minimum_cadence,
            minimum_speed=minimum_speed,
            minimum_minutes=minimum_minutes,
        )
    counted = signal.index[~signal["sub_sport"].isin(list(left_out))] if left_out else signal.index
    lacking = first_reason(
        (_none_yet(signal.index, days), "no_minutes" if "minute" in signal else "no_runs"),
        (_none_yet(counted, days), "runs_left_out"),
        (_none_yet(signal.index[signal[column].notna()], days), f"no_{column}"),
    )
    frame = compare_recent(
        points.set_axis(["x", "y"], axis=1),
        days,
        lacking,
        baseline_days=baseline_days,
        minimum_baseline=minimum_baseline,
        recent_runs=recent_runs,
        recent_days=recent_days,
        slope_bounds=slope_bounds,
        maximum_spread=np.inf if "minute" in signal else maximum_spread,
    )
    return frame.rename(columns={"x": "speed"})


def compare_recent(
    points: pd.DataFrame,
    days: pd.DatetimeIndex,
    lacking: Texts,
    *,
    baseline_days: tuple[int, int],
    minimum_baseline: int,
    recent_runs: int,
    recent_days: int,
    slope_bounds: tuple[float, float],
    maximum_spread: float = np.inf,
    other_bounds: tuple[float, float] | None = None,
) -> pd.DataFrame:
    """Compare the last runs with the line through those of the months before, day by day.

    Parameters
    ----------
    points : DataFrame
        One row per run, oldest first, indexed by date: x, y and, with `other_bounds`, z.
    lacking : array of str, shape (days,)
        Reasons that come before the ones found here; "" where there is none.
    baseline_days, minimum_baseline, recent_runs, recent_days, slope_bounds, maximum_spread
        As in `form_change`.
    other_bounds : (float, float), optional
        What y may gain for one z, for what the line leaves over; runs whose z is NaN are left as they are.

    Returns
    -------
    DataFrame
        change, change_se, percent, now, usual, x, slope, intercept, residual, as `form_change` has them.
    """
    if len(points) < recent_runs:
        blank = np.full(len(days), np.nan)
        return answer(days, np.where(lacking == "", "too_few_runs", lacking), **dict.fromkeys(COLUMNS, blank))
    dates = _ordinals(pd.DatetimeIndex(points.index))
    x, y = (np.asarray(points[name], dtype=np.float64) for name in ("x", "y"))
    z = None if other_bounds is None else np.asarray(points["z"], dtype=np.float64)
    last, verdicts, thin = _compare(
        dates, x, y, z, baseline_days, minimum_baseline, recent_runs, slope_bounds, other_bounds or (0.0, 0.0)
    )
    today = _ordinals(days)
    shown = np.searchsorted(dates[last], today, side="right") - 1
    oldest = np.where(shown >= 0, dates[last - recent_runs + 1][shown], today - recent_days)
    reason = first_reason(
        (today - oldest >= recent_days, "too_few_runs"),
        (thin[shown], "baseline_missing"),
        ((verdicts["spread"] > maximum_spread)[shown], "wide_uncertainty"),
    )
    reason = np.where(lacking == "", reason, lacking)
    frame = answer(days, reason, **{name: verdicts[name][shown] for name in COLUMNS})
    frame.loc[dates[last][shown] != today, "residual"] = np.nan
    return frame


def summarise_runs(minutes: pd.DataFrame, columns: Sequence[str], minimum_minutes: int) -> pd.DataFrame:
    """Give one point per run: the medians of its minutes in which all columns are known, by date."""
    known = minutes[minutes[list(columns)].notna().all(axis=1)]
    run, keys = pd.factorize(known["activity"])
    first = np.unique(run, return_index=True)[1]
    points = known[list(columns)].groupby(run).median().set_axis(known.index[first])
    enough = np.bincount(run, minlength=len(keys)) >= minimum_minutes
    return points[enough].rename_axis("date").sort_index(kind="stable")


def average_runs(
    runs: pd.DataFrame,
    column: str,
    *,
    left_out: Sequence[str],
    minimum_cadence: float,
    minimum_speed: float,
    minimum_minutes: int,
) -> pd.DataFrame:
    """Give one point per run that has only its averages: speed [m/s] and a column, by date."""
    kept = runs[~runs["sub_sport"].isin(list(left_out)) & (runs["cadence"] >= minimum_cadence)]
    moving = kept["moving"].fillna(kept["duration"])
    speed = kept["speed"].fillna(kept["distance"] / moving.where(moving > 0))
    kept = kept.assign(speed=speed)[(speed >= minimum_speed) & (moving >= 60 * minimum_minutes)]
    return kept[["speed", column]].dropna().sort_index(kind="stable")


def _compare(
    dates: Ordinals,
    x: Floats,
    y: Floats,
    z: Floats | None,
    baseline_days: tuple[int, int],
    minimum_baseline: int,
    recent_runs: int,
    slope_bounds: tuple[float, float],
    other_bounds: tuple[float, float],
) -> tuple[Ordinals, dict[str, Floats], Flags]:
    """Judge each day with a run: place of its last run, the numbers, and whether the baseline is too thin."""
    last = np.flatnonzero(np.append(np.diff(dates) > 0, True))
    last = last[last >= recent_runs - 1]
    first = np.searchsorted(dates, dates[last] - baseline_days[0])
    beyond = np.searchsorted(dates, dates[last] - baseline_days[1], side="right")
    place = first[:, None] + np.arange(max(int((beyond - first).max()), 1))
    inside = place < beyond[:, None]
    place = np.minimum(place, len(x) - 1)
    slope, intercept, spread = fit_lines(x[place], y[place], inside, slope_bounds)
    recent = last[:, None] + np.arange(1 - recent_runs, 1)
    line = intercept[:, None] + slope[:, None] * x[recent]
    if z is not None:
        left = y[place] - intercept[:, None] - slope[:, None] * x[place]
        told = inside & np.isfinite(z[place])
        second, shift, rest = fit_lines(np.nan_to_num(z[place]), left, told, other_bounds)
        enough = told.sum(axis=1) >= minimum_baseline
        line += np.where(enough[:, None] & np.isfinite(z[recent]), shift[:, None] + second[:, None] * z[recent], 0.0)
        spread = np.where(enough, rest, spread)
    off = y[recent] - line
    change = row_medians(off)
    error = spread * np.sqrt(1 / recent_runs + _line_variance(x[place], inside, x[recent].mean(axis=1)))
    verdicts = {
        "change": change,
        "change_se": change / np.maximum(error, 1e-6),
        "percent": 100 * row_medians(share(off, line)),
        "now": row_medians(y[recent]),
        "usual": row_medians(y[recent]) - change,
        "x": row_medians(x[recent]),
        "slope": slope,
        "intercept": intercept,
        "residual": off[:, -1],
        "spread": spread,
    }
    return last, verdicts, (beyond - first) < minimum_baseline


def _line_variance(x: Floats, inside: Flags, at: Floats) -> Floats:
    """Variance of each row's line at a place, for residuals of variance 1: 1/n + (at - mean)^2 / sum of squares.

    A line says little beyond the speeds it was drawn through; without this a phase of slower running looks like a
    change.

    References
    ----------
    Draper and Smith 1998, Applied Regression Analysis, 3rd edition (variance of a fitted line).
    """
    count = inside.sum(axis=1).astype(np.float64)
    mean = share(np.where(inside, x, 0.0).sum(axis=1), count)
    square = (np.where(inside, x - mean[:, None], 0.0) ** 2).sum(axis=1)
    return share(np.ones(len(x)), count) + np.nan_to_num(share((at - mean) ** 2, square))


def fit_lines(x: Floats, y: Floats, inside: Flags, slope_bounds: tuple[float, float]) -> tuple[Floats, Floats, Floats]:
    """Fit one robust line per row, all rows at once: Huber weights by iteratively reweighted least squares.

    Parameters
    ----------
    x, y : array of float, shape (rows, points)
    inside : array of bool, shape (rows, points)
        Points that belong to the row.
    slope_bounds : (float, float)
        Smallest and largest slope.

    Returns
    -------
    slope, intercept, spread : array of float, shape (rows,)
        `spread` is 1.4826 MAD of the residuals; NaN rows have no points.
    """
    slope, intercept, spread = (np.full(len(x), np.nan) for _ in range(3))
    weight, rows = inside.astype(float), np.arange(len(x))
    for _ in range(ROUNDS):
        total = weight.sum(axis=1)
        centre_x, centre_y = share((weight * x).sum(axis=1), total), share((weight * y).sum(axis=1), total)
        off_x = x - centre_x[:, None]
        along = (weight * off_x * (y - centre_y[:, None])).sum(axis=1)
        tilt = np.clip(np.nan_to_num(share(along, (weight * off_x**2).sum(axis=1))), *slope_bounds)
        slope[rows], intercept[rows] = tilt, centre_y - tilt * centre_x
        residual = np.where(inside, y - intercept[rows, None] - tilt[:, None] * x, np.nan)
        spread[rows] = row_spreads(residual, row_medians(residual))
        limit = HUBER * np.maximum(spread[rows], 1e-9)[:, None]
        before, weight = weight, np.where(inside, limit / np.maximum(np.abs(np.nan_to_num(residual)), limit), 0.0)
        weight = np.nan_to_num(weight)
        moves = np.abs(weight - before).max(axis=1, initial=0.0) > SETTLED  # each row for itself: none waits for others
        if not moves.any():
            break
        if not moves.all():
            x, y, inside, weight, rows = x[moves], y[moves], inside[moves], weight[moves], rows[moves]
    return slope, intercept, spread


def _none_yet(dates: pd.Index, days: pd.DatetimeIndex) -> Flags:
    return not_yet(on_days(dates, np.ones(len(dates)), days) > 0)


def _ordinals(dates: pd.DatetimeIndex) -> Ordinals:
    return dates.to_numpy().astype("datetime64[D]").astype(np.int64)
