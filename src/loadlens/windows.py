"""Windows over days: plain array helpers that the measures share. A row never holds anything after its own day."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Texts = NDArray[np.object_]


def look_back(values: Floats, first: int, last: int = 0) -> Floats:
    """Give each day the values of the days `first` to `last` before it, oldest first.

    Parameters
    ----------
    values : array of float, shape (days,)
    first, last : int
        Days back, both included; ``last=0`` is the day itself.

    Returns
    -------
    array of float, shape (days, first - last + 1)
        A read-only view; days before the log are NaN.
    """
    padded = np.concatenate([np.full(first, np.nan), values])
    return sliding_window_view(padded, first - last + 1)[: len(values)]


def row_medians(rows: Floats) -> Floats:
    """Median of each row without its NaN; NaN where a row has no value."""
    ordered = np.sort(rows, axis=1)  # NaN go last
    count = np.isfinite(rows).sum(axis=1)
    line = np.arange(len(rows))
    low, high = np.maximum(count - 1, 0) // 2, np.maximum(count, 1) // 2
    return np.asarray(np.where(count > 0, (ordered[line, low] + ordered[line, high]) / 2, np.nan))


def row_spreads(rows: Floats, middle: Floats) -> Floats:
    """Scaled median absolute deviation of each row, 1.4826 MAD: the standard deviation of a normal sample."""
    return 1.4826 * row_medians(np.abs(rows - middle[:, None]))


def share(part: Floats, whole: Floats) -> Floats:
    """Divide, with NaN where there is nothing to divide by."""
    return np.asarray(np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=np.asarray(whole) > 0))


def streaks(flags: Flags) -> NDArray[np.int64]:
    """Count how many days in a row, up to and including each day, are True."""
    position = np.arange(1, len(flags) + 1)
    last_false = np.maximum.accumulate(np.where(flags, 0, position)) if len(flags) else position
    return np.asarray(position - last_false)


def not_yet(found: Flags) -> Flags:
    """Days on and before which nothing has been found: what comes later is not known on the day."""
    return ~np.maximum.accumulate(np.asarray(found, dtype=bool))


def place_on(dates: pd.Index, days: pd.DatetimeIndex) -> NDArray[np.int64]:
    """Give each date its place among the days of the log, which follow one another; -1 outside them."""
    ordinals = pd.DatetimeIndex(dates).to_numpy().astype("datetime64[D]").astype(np.int64)
    first = days.to_numpy()[:1].astype("datetime64[D]").astype(np.int64)
    place = ordinals - first if len(days) else np.full(len(ordinals), -1)
    return np.where((place >= 0) & (place < len(days)), place, -1)


def on_days(dates: pd.Index, values: Floats, days: pd.DatetimeIndex) -> Floats:
    """Add up values by date over the days of the log; days without any are 0. NaN count for nothing."""
    place = place_on(dates, days)
    inside = (place >= 0) & np.isfinite(values)
    return np.bincount(place[inside], weights=values[inside], minlength=len(days)).astype(float)


def first_reason(*cases: tuple[Flags, str]) -> Texts:
    """Give each day the reason of the first case that holds, or "" when none does."""
    reasons = np.full(len(cases[0][0]), "", dtype=object)
    for holds, reason in reversed(cases):
        reasons[holds] = reason
    return reasons


def answer(days: pd.Index, reason: Texts, **columns: Floats | Texts) -> pd.DataFrame:
    """Build the frame a measure gives back: numbers only on assessable days."""
    told = reason == ""
    frame = pd.DataFrame(
        {name: np.where(told, values, "" if values.dtype == object else np.nan) for name, values in columns.items()},
        index=days,
    )
    frame["reason"] = reason
    return frame
