"""The minutes of a run that can be compared with those of another: steady running, on the level, rightly recorded."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from loadlens.windows import Flags, Floats, share

FLAT_COST = 3.6
"""Energy cost of running on the level [J/kg/m], the constant of the polynomial below."""


def choose_minutes(
    minutes: pd.DataFrame,
    columns: Sequence[str],
    *,
    left_out: Sequence[str],
    lock_width: float,
    lock_share: float,
    recorded_seconds: float,
    moving_share: float,
    warm_up_minutes: float,
    minimum_cadence: float,
    minimum_speed: float,
    maximum_grade: float,
) -> pd.DataFrame:
    """Take the minutes of steady running after the warm-up, without runs that are not comparable or not believed.

    Parameters
    ----------
    minutes : DataFrame
        Minutes of runs, indexed by date.
    columns : list of str
        Columns to take, beside activity and minute.
    left_out : list of str
        Kinds of run (``sub_sport``) that are left out.
    lock_width, lock_share : float
        What makes a run locked, as in `flag_locked`.
    recorded_seconds, moving_share, warm_up_minutes : float
        Recorded [s] and in motion [share] at least; minutes at the start that are left out.
    minimum_cadence, minimum_speed : float
        Below these [steps/min, m/s] it is walking; a minute without cadence goes by its speed alone.
    maximum_grade : float
        Steepest grade [%], up or down; a minute of unknown grade is kept.

    Returns
    -------
    DataFrame
        activity, minute and the columns, indexed by date.
    """
    kept = (minutes["recorded"] >= recorded_seconds) & (minutes["moving"] >= moving_share)
    kept &= (minutes["minute"] >= warm_up_minutes) & (minutes["speed"] >= minimum_speed)
    kept &= ~(minutes["cadence"] < minimum_cadence) & ~(minutes["grade"].abs() > maximum_grade)
    if left_out:
        kept &= ~minutes["sub_sport"].isin(list(left_out))
    needed = dict.fromkeys(("activity", "minute", "heart_rate", "cadence", *columns))
    taken = minutes.loc[np.asarray(kept, dtype=bool), list(needed)]
    return taken[~flag_locked(taken, lock_width=lock_width, lock_share=lock_share)]


def flag_locked(minutes: pd.DataFrame, *, lock_width: float, lock_share: float) -> Flags:
    """Tell which minutes belong to a run whose cadence cannot be told from its heart rate, or is no measurement.

    An optical sensor may count steps as heart beats, or a watch without a sensor may fill in one value: a cadence that
    never moves and is the same as in the run before. Neither number of such a run is believed.

    Parameters
    ----------
    minutes : DataFrame
        Minutes of runs, indexed by date.
    lock_width : float
        Heart rate and cadence no further apart [per minute] are alike.
    lock_share : float
        Share of a run's minutes that are alike from which the run is locked.

    Returns
    -------
    array of bool, shape (minutes,)
    """
    run = pd.factorize(minutes["activity"])[0]
    cadence = np.asarray(minutes["cadence"], dtype=np.float64)
    known = np.isfinite(cadence)
    alike = np.abs(np.asarray(minutes["heart_rate"], dtype=np.float64) - cadence) <= lock_width
    values = sum_by(run, known)
    mean = share(sum_by(run, np.where(known, cadence, 0.0)), values)
    off = sum_by(run, np.where(known, np.abs(cadence - mean[run]), 0.0))
    together = sum_by(run, alike) > lock_share * sum_by(run, np.ones(len(run)))
    still = np.where((off < 1e-6 * values) & (values > 1), mean, np.nan)
    first = np.flatnonzero(np.append(True, np.diff(np.maximum.accumulate(run)) > 0)) if len(run) else run
    order = np.argsort(minutes.index.to_numpy()[first], kind="stable") if len(run) else np.array([0])
    filled = np.zeros(len(still), dtype=bool)
    filled[order[1:]] = np.abs(np.diff(still[order])) < 0.05
    return np.asarray((together | filled)[run], dtype=bool)


def sum_by(group: NDArray[np.int64], values: Floats | Flags) -> Floats:
    """Add values up by group, 0 to the last; one group at least, so that nothing can still be indexed."""
    return np.asarray(np.bincount(group, weights=values, minlength=1), dtype=np.float64)


def level_speed(speed: Floats, grade: Floats) -> Floats:
    """Give the speed on the level that costs as much energy as the speed on a slope.

    Parameters
    ----------
    speed : array of float
        [m/s].
    grade : array of float
        [%]; NaN counts as level.

    Returns
    -------
    array of float
        [m/s].

    References
    ----------
    Minetti et al. 2002, J Appl Physiol 93:1039, doi 10.1152/japplphysiol.01177.2001: cost of running at slope i is
    155.4 i^5 - 30.4 i^4 - 43.3 i^3 + 46.3 i^2 + 19.5 i + 3.6 J/kg/m.
    """
    slope = np.nan_to_num(grade) / 100
    cost = np.polyval([155.4, -30.4, -43.3, 46.3, 19.5, FLAT_COST], slope)
    return np.asarray(speed * cost / FLAT_COST)
