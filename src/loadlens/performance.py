"""Measures of performance: speed at the same heart rate over months, and what happens late in a long run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from loadlens.run_minutes import choose_minutes, level_speed, sum_by
from loadlens.running_form import compare_recent, summarise_runs
from loadlens.windows import Flags, Floats, Texts, answer, first_reason, look_back, not_yet, on_days, share

UNKNOWN_HEAT = -999.0
"""Stands for a temperature [°C] that a run does not know, while medians are taken."""


def performance_fall(
    signal: pd.DataFrame,
    *,
    days: pd.DatetimeIndex,
    distance: pd.Series[float],
    baseline_days: tuple[int, int],
    minimum_baseline: int,
    recent_runs: int,
    recent_days: int,
    held_days: int,
    slope_bounds: tuple[float, float],
    heat_bounds: tuple[float, float],
    load_days: int,
    unknown_share: float,
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
    """Compare speed at the same heart rate with the months before, and distance with the weeks before.

    Each run is one point: medians over its steady minutes of heart rate and of speed, brought to the level. The heart
    rate of recent runs is held against the line of heart rate on speed through the baseline; what temperature explains
    of it is taken off where runs know theirs. The line is drawn this way round because heart rate is what scatters from
    run to run: a line of speed on heart rate comes out too flat and takes slow running for a loss. The line then
    tells which speed used to go with the heart rate of the recent runs.

    Parameters
    ----------
    signal : DataFrame
        Minutes of runs, indexed by date, with the temperature of their run.
    distance : Series
        Distance of each day [m].
    baseline_days, minimum_baseline, recent_runs, recent_days, slope_bounds
        As in `form_change`; the slope is bpm for one m/s, and above 0.
    held_days : int
        Days between the two verdicts of which `held` gives the milder.
    heat_bounds : (float, float)
        What heart rate may gain for one degree [bpm per °C].
    load_days : int
        Days added up for the change of distance, and as many before them.
    unknown_share : float
        Largest share of unknown days in either.
    minimum_minutes, warm_up_minutes, recorded_seconds, moving_share, minimum_cadence, minimum_speed, maximum_grade
        What makes a minute steady, as in `form_change`.
    lock_width, lock_share, left_out
        Runs that are left out, as in `form_change`.

    Returns
    -------
    DataFrame
        percent: speed of the recent runs against the speed that used to go with their heart rate [%]; change_se: the
        rise of heart rate in standard errors, below 0 as `percent` is; held: the milder of `percent` now and
        `held_days` ago [%]; load: change of distance [%]; now, usual [m/s]; heart_rate [bpm].

    References
    ----------
    Minetti et al. 2002, J Appl Physiol 93:1039 (slopes). Berkson 1950, J Am Stat Assoc 45:164: which of two
    variables to regress on which when one is in error. The statistic is ours: speed at a heart rate varied by 2.6 to
    7.1 % from run to run in ten real logs.
    """
    kept = choose_minutes(
        signal,
        ["speed", "grade", "temperature"],
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
    flat = level_speed(*(np.asarray(kept[name], dtype=np.float64) for name in ("speed", "grade")))
    kept = kept.assign(flat=flat, heat=kept["temperature"].fillna(UNKNOWN_HEAT))
    points = summarise_runs(kept, ("flat", "heart_rate", "heat"), minimum_minutes)
    points = points.set_axis(["x", "y", "z"], axis=1)
    points["z"] = points["z"].where(points["z"] > UNKNOWN_HEAT)
    frame = compare_recent(
        points,
        days,
        _lacking(signal, days),
        baseline_days=baseline_days,
        minimum_baseline=minimum_baseline,
        recent_runs=recent_runs,
        recent_days=recent_days,
        slope_bounds=slope_bounds,
        other_bounds=heat_bounds,
    )
    metres = np.asarray(distance, dtype=np.float64)
    (recent, known), (earlier, known_before) = (
        _mean(look_back(metres, first, last)) for first, last in ((load_days - 1, 0), (2 * load_days - 1, load_days))
    )
    reason = np.where(
        frame["reason"] == "",
        first_reason(
            (np.arange(len(days)) < 2 * load_days - 1, "history_too_short"),
            (np.fmin(known, known_before) < 1 - unknown_share, "unknown_days"),
            (~(earlier > 0), "returning"),
        ),
        frame["reason"],
    )
    now, rise, slope = (np.asarray(frame[name], dtype=np.float64) for name in ("x", "change", "slope"))
    usual = now + share(rise, slope)
    percent = 100 * (share(now, usual) - 1)
    before = np.concatenate([np.full(held_days, np.nan), percent])[: len(percent)]
    return answer(
        days,
        reason,
        percent=percent,
        change_se=-np.asarray(frame["change_se"]),
        held=np.maximum(percent, before),
        load=100 * (share(recent, earlier) - 1),
        now=now,
        usual=usual,
        heart_rate=np.asarray(frame["now"]),
    )


def late_in_runs(
    signal: pd.DataFrame,
    *,
    days: pd.DatetimeIndex,
    column: str,
    baseline_days: tuple[int, int],
    minimum_baseline: int,
    recent_runs: int,
    recent_days: int,
    long_minutes: int,
    cadence_slope: float,
    warm_up_minutes: float,
    recorded_seconds: float,
    moving_share: float,
    minimum_cadence: float,
    minimum_speed: float,
    maximum_grade: float,
    lock_width: float,
    lock_share: float,
) -> pd.DataFrame:
    """Compare how long runs end with how they used to end.

    Parameters
    ----------
    signal : DataFrame
        Minutes of runs, indexed by date.
    column : str
        ``decoupling``: by how much speed on the level for each heart beat is lower in the second half of the steady
        minutes than in the first [%]. ``fade``: by how much cadence is lower in their last third than in their first,
        less what the change of speed explains [steps/min].
    baseline_days, minimum_baseline, recent_runs, recent_days
        As in `form_change`.
    long_minutes : int
        Steady minutes from which a run is long.
    cadence_slope : float
        Steps/min that go with one m/s.
    warm_up_minutes, recorded_seconds, moving_share, minimum_cadence, minimum_speed, maximum_grade
        What makes a minute steady, as in `form_change`.
    lock_width, lock_share
        Runs that are left out, as in `form_change`.

    Returns
    -------
    DataFrame
        change: median of the recent long runs less that of the earlier ones; now, usual. All [%] or [steps/min].

    Notes
    -----
    Shown as context. Decoupling is in common use among coaches; no study on injuries was found, and both numbers are
    ours.
    """
    needed = "heart_rate" if column == "decoupling" else "cadence"
    kept = choose_minutes(
        signal,
        ["speed", "grade"],
        left_out=(),
        lock_width=lock_width,
        lock_share=lock_share,
        recorded_seconds=recorded_seconds,
        moving_share=moving_share,
        warm_up_minutes=warm_up_minutes,
        minimum_cadence=minimum_cadence,
        minimum_speed=minimum_speed,
        maximum_grade=maximum_grade,
    )
    kept = kept[kept[needed].notna()]
    run = pd.factorize(kept["activity"])[0]
    order = np.lexsort((np.asarray(kept["minute"], dtype=np.float64), run))
    kept, run = kept.iloc[order], run[order]
    count = np.bincount(run, minlength=1)
    place = np.arange(len(kept)) - np.concatenate([[0], np.cumsum(count)])[run] if len(kept) else run
    flat = level_speed(*(np.asarray(kept[name], dtype=np.float64) for name in ("speed", "grade")))
    parts = 2 if column == "decoupling" else 3
    part = place * parts // count[run] if len(kept) else place
    (first_speed, last_speed), (first, last) = (
        (_part_mean(values, run, part == 0), _part_mean(values, run, part == parts - 1))
        for values in (flat, np.asarray(kept[needed], dtype=np.float64))
    )
    if column == "decoupling":
        ends = 100 * (1 - share(share(last_speed, last), share(first_speed, first)))
    else:
        ends = (first - last) - cadence_slope * (first_speed - last_speed)
    dates = kept.index[np.unique(run, return_index=True)[1]]
    points = pd.DataFrame({"x": 0.0, "y": ends[: len(dates)]}, index=dates)
    points = points[(count[: len(dates)] >= long_minutes)].dropna().sort_index(kind="stable")
    frame = compare_recent(
        points,
        days,
        _lacking(signal, days, needed),
        baseline_days=baseline_days,
        minimum_baseline=minimum_baseline,
        recent_runs=recent_runs,
        recent_days=recent_days,
        slope_bounds=(0.0, 0.0),
    )
    return frame[["change", "now", "usual", "reason"]]


def _lacking(signal: pd.DataFrame, days: pd.DatetimeIndex, column: str = "heart_rate") -> Texts:
    have = np.asarray(signal[column].notna(), dtype=np.float64)
    return first_reason(
        (not_yet(on_days(signal.index, np.ones(len(signal)), days) > 0), "no_minutes"),
        (not_yet(on_days(signal.index, have, days) > 0), f"no_{column}"),
    )


def _mean(rows: Floats) -> tuple[Floats, Floats]:
    """Mean of each row over its known values, and their share."""
    known = np.isfinite(rows).sum(axis=1).astype(np.float64)
    return share(np.nansum(rows, axis=1), known), known / rows.shape[1]


def _part_mean(values: Floats, run: NDArray[np.int64], inside: Flags) -> Floats:
    return share(sum_by(run, np.where(inside, values, 0.0)), sum_by(run, inside))
