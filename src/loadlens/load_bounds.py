"""Missing load is an interval, not zero: how far a run without a distance can have been, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from loadlens.log import PerDay, reading_rules
from loadlens.windows import Floats


def bound_distance(runs: pd.DataFrame, signal: pd.Series[float], per_day: PerDay) -> pd.DataFrame:
    """Give the least and the most that can have been run on each day.

    A run without a distance went as far as its duration allows at the slowest and the fastest average speed of the
    runner's own runs before it; without a duration, between nothing and the longest of those runs. Without enough runs
    before it nothing bounds it, and the day stays NaN.

    Parameters
    ----------
    runs : DataFrame
        Runs, indexed by date.
    signal : Series
        Distance of each day [m]: NaN on unknown days and where a run has none.
    per_day : {"sum", "max"}
        How the runs of one day add up.

    Returns
    -------
    DataFrame
        low, high [m], by day; equal to the signal where nothing is missing.

    Notes
    -----
    The numbers stand under ``[bounds]`` in ``data/reading.toml`` and are ours.
    """
    frame = pd.DataFrame({"low": signal, "high": signal})
    lost = runs["distance"].isna().to_numpy()
    if not lost.any():
        return frame
    rules = reading_rules()["bounds"]
    length = np.asarray(runs["moving"].fillna(runs["duration"]), dtype=np.float64)
    metres = np.asarray(runs["distance"], dtype=np.float64)
    days = runs.index.to_numpy()
    own = np.argsort(days, kind="stable")
    own = own[(metres[own] > 0) & (length[own] > 0)]
    begin = np.searchsorted(days[own], days - np.timedelta64(rules["days"], "D"))
    end = np.searchsorted(days[own], days)
    low, high = metres.copy(), metres.copy()
    for run in np.flatnonzero(lost & (end - begin >= rules["runs_at_least"])):
        before = own[begin[run] : end[run]]
        if length[run] > 0:
            speeds = metres[before] / length[before]
            low[run], high[run] = length[run] * speeds.min(), length[run] * speeds.max()
        else:
            low[run], high[run] = 0.0, metres[before].max()
    ends = pd.DataFrame({"low": low, "high": high}, index=runs.index)
    of_day = ends[runs.index.isin(runs.index[lost])].groupby(level=0)
    whole = of_day.agg("max" if per_day == "max" else "sum")
    whole = whole[(of_day["low"].count() == of_day.size()) & whole.index.isin(frame.index)]
    frame.loc[whole.index, ["low", "high"]] = whole
    return frame


def compare_ends(
    compare: Callable[[Floats, Floats], dict[str, Any]], signal: pd.Series[float], bounds: pd.DataFrame | None
) -> dict[str, Any]:
    """Compare now with before at both ends of what is known.

    Parameters
    ----------
    compare : callable
        Gives named numbers for (load that is judged, load it is held against).
    signal : Series
        Load of each day.
    bounds : DataFrame or None
        low and high of each day; None when nothing is missing.

    Returns
    -------
    dict
        The numbers at the low end: least now, most before. Where the ends differ, also those at the high end, under
        the same names with ``_high``.
    """
    if bounds is None or bounds["low"].equals(bounds["high"]):
        values = np.asarray(signal, dtype=np.float64)
        return compare(values, values)
    low, high = (np.asarray(bounds[end], dtype=np.float64) for end in ("low", "high"))
    return compare(low, high) | {f"{name}_high": numbers for name, numbers in compare(high, low).items()}
