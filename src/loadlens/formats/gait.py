"""What a cadence and a speed tell of how someone went: by which foot steps were counted, and whether it was a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loadlens.formats.recordings import Numbers


def counts_one_foot(
    cadence: Numbers, on_foot: str, seconds: float = np.nan, distance: float = np.nan, step: float = np.nan
) -> tuple[bool, str]:
    """Say whether a cadence counts the strides of one foot, so that it must be doubled into steps.

    Parameters
    ----------
    cadence : array of float
        As recorded, per minute.
    on_foot : {"run", "walk", "hike"}
        Sport. Runners take 140 to 210 steps a minute, walkers 80 to 140; half of that counts one foot.
    seconds, distance, step : float, optional
        Duration [s], distance [m] and mean step length [m]. When all three are known they decide.

    Returns
    -------
    one_foot : bool
        Whether to double; False when nothing is known.
    evidence : str
        The numbers that decided, in figures only.
    """
    steps = cadence[cadence > 0]
    if not len(steps):
        return False, ""
    typical = float(np.median(steps))
    walked = float(np.mean(steps)) * seconds / 60 * step  # what the cadence makes of it, if it counts steps
    ratio = distance / walked if walked > 0 else np.nan
    if 0.8 < ratio < 1.25 or 1.6 < ratio < 2.5:
        factor = 2 if ratio > 1.5 else 1
        return factor == 2, (
            f"{factor} × {np.mean(steps):.1f}/min × {seconds / 60:.1f} min × {step:.2f} m"
            f" = {factor * walked:.0f} m; {distance:.0f} m"
        )
    limit = 120 if on_foot == "run" else 80
    return typical < limit, f"{typical:.0f}/min < {limit}/min" if typical < limit else ""


def went_like_a_run(speed: Numbers, cadence: Numbers, rules: Mapping[str, Any]) -> bool:
    """Say whether a recording of an unnamed sport went like a run.

    Parameters
    ----------
    speed : array of float, shape (minutes,)
        Speed of each minute [m/s], NaN where unknown.
    cadence : array of float, shape (samples,)
        As recorded, per minute, of one foot or of both; may be empty.
    rules : mapping
        ``middle``: least and most speed of the middle minute [m/s]; ``fast``: most of the fastest tenth of minutes
        [m/s]; ``steps``: least and most of the middle cadence [steps/min], which counts only where one is known.
    """
    speed, cadence = speed[np.isfinite(speed)], cadence[cadence > 0]
    if not len(speed):
        return False
    if len(cadence):
        steps = float(np.median(cadence)) * (2 if counts_one_foot(cadence, "run")[0] else 1)
        if not rules["steps"][0] <= steps <= rules["steps"][1]:
            return False
    low, high = rules["middle"]
    return bool(low <= np.median(speed) <= high and np.quantile(speed, 0.9) <= rules["fast"])
