"""One activity in several pieces: a run whose watch was stopped and started again, a multisport activity and its legs.

A whole and its parts come from different sources; which is which shows only by time: the parts follow each other within
the whole, and add up to it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from loadlens.log import reading_rules
from loadlens.matching import agree, read_clocks, read_kinds
from loadlens.precedence import list_sources

_SUMS = ("distance", "duration", "moving", "ascent", "descent", "calories", "steps")
_MEANS = (
    *("heart_rate", "cadence", "step_length", "vertical_oscillation", "vertical_ratio", "ground_contact", "power"),
    "temperature",
)
_MOST = ("max_speed", "max_heart_rate", "max_cadence", "rpe")

Taken = list[tuple[int, list[int]]]


def find_parts(table: pd.DataFrame) -> Taken:
    """Find runs that one source has as a whole and another in parts.

    Parameters
    ----------
    table : DataFrame
        Activities of which each stands once for all sources that agree on it, with ``format``.

    Returns
    -------
    list of (int, list of int)
        Place of the whole, and of its parts, oldest first. The parts are of one format and none of a source of the
        whole; the first begins with it, they do not overlap, none ends after it, and durations as well as distances
        (where known) add up to those of the whole.
    """
    rules = reading_rules()["merging"]
    kinds, formats = read_kinds(table), table["format"].tolist()
    sources = list_sources(table)
    found: Taken = []
    taken: set[int] = set()
    for whole, near, clock in _find_within(table):
        if whole in taken or not kinds[whole]:
            continue
        alike = [row for row in near if kinds[row] == kinds[whole] and not sources[row] & sources[whole]]
        for kind in dict.fromkeys(formats[row] for row in alike):
            parts = [row for row in alike if formats[row] == kind and row not in taken]
            if (
                2 <= len(parts) <= rules["parts"]["parts_at_most"]
                and abs(clock[parts[0]] - clock[whole]) <= rules["start_seconds"]
                and _follow_on(table, parts, clock)
                and _add_up(table, whole, parts)
            ):
                found.append((whole, parts))
                taken |= {whole, *parts}
                break
    return found


def _find_within(table: pd.DataFrame) -> list[tuple[int, list[int], np.ndarray]]:
    """Return each row with the rows that begin within its time, oldest first, and the clock that tells."""
    rules = reading_rules()["merging"]
    slack, most = rules["start_seconds"], 3600.0 * rules["parts"]["window_hours"]
    lasts = np.fmin(
        np.fmax.reduce([table[name].to_numpy("float64") for name in ("duration", "moving", "elapsed")]), most
    )
    found: dict[int, tuple[int, list[int], np.ndarray]] = {}
    for clock in read_clocks(table).values():
        order = np.lexsort((lasts, clock))[: int(np.isfinite(clock).sum())]  # of two that begin together the shorter
        moments = clock[order]
        first = np.searchsorted(moments, moments - slack)
        last = np.searchsorted(moments, moments + np.nan_to_num(lasts[order]) + slack, side="right")
        for place in np.flatnonzero(last - first >= 3).tolist():  # itself, and two more
            row = int(order[place])
            if row not in found and last[place] - first[place] <= 50:
                near = [int(one) for one in order[first[place] : last[place]] if one != row]
                found[row] = row, near, clock
    return [found[row] for row in sorted(found)]


def _follow_on(table: pd.DataFrame, parts: list[int], clock: np.ndarray) -> bool:
    """Say whether each part begins when the one before it has ended, to the slack of a start."""
    slack = reading_rules()["merging"]["start_seconds"]
    moving = table[["duration", "moving"]].min(axis=1).to_numpy("float64")
    return all(clock[after] >= clock[before] + moving[before] - slack for before, after in pairwise(parts))


def _add_up(table: pd.DataFrame, whole: int, parts: list[int]) -> bool:
    share = reading_rules()["merging"]["share"]
    times = [table[name].iloc[parts].sum(skipna=False) for name in ("duration", "moving")]
    lasts = [table[name].iloc[whole] for name in ("duration", "moving", "elapsed")]
    if not any(agree(a, b, share) for a in times for b in lasts):
        return False
    distance, total = table["distance"].iloc[parts].sum(skipna=False), table["distance"].iloc[whole]
    return bool(np.isnan(distance) or np.isnan(total) or agree(distance, total, share))


def combine_parts(parts: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """Make one row of the parts of a run.

    Parameters
    ----------
    parts : DataFrame
        Rows of activities, oldest first.

    Returns
    -------
    row : DataFrame
        One row: totals added up (unknown when that of a part is), means weighted by duration, the highest of highest
        values, and words of the first part that has them. It bears the id of the first part.
    later : dict of str to int
        Activity -> minutes after the start of the first part, one after the last minute of the part before at least.
    """
    row = parts.bfill().iloc[[0]].copy()
    for name in _SUMS:
        row[name] = parts[name].sum(skipna=False)
    weight = parts["duration"].fillna(0).to_numpy("float64")
    for name in _MEANS:
        values = parts[name].to_numpy("float64")
        known = np.isfinite(values) & (weight > 0)
        row[name] = float(np.average(values[known], weights=weight[known])) if known.any() else np.nan
    for name in _MOST:
        row[name] = parts[name].max()
    row["speed"] = row["distance"] / row["duration"]
    clock = next(one for one in read_clocks(parts).values() if np.isfinite(one).all())
    since = clock - clock[0]
    row["elapsed"] = since[-1] + parts["elapsed"].iloc[-1]
    later: dict[str, int] = {}
    least = 0
    for name, seconds, lasts in zip(parts["activity"], since, parts[["elapsed", "duration"]].max(axis=1), strict=True):
        later[name] = max(int(seconds // 60), least)
        least = later[name] + int(np.nan_to_num(lasts) // 60) + 1
    return row, later


def find_legs(table: pd.DataFrame) -> Taken:
    """Find multisport activities whose legs are there too, of the same source or another.

    Parameters
    ----------
    table : DataFrame
        Activities of which each stands once for all sources that agree on it.

    Returns
    -------
    list of (int, list of int)
        Place of the whole, and of its legs: two or more activities of one sport each within its time, that take most
        of it and no more.
    """
    rules = reading_rules()["merging"]
    several = (table["sport"] == "multisport").to_numpy()
    if not several.any():
        return []
    duration = table["duration"].to_numpy("float64")
    found: Taken = []
    for whole, near, _ in _find_within(table):
        legs = [row for row in near if not several[row] and duration[row] > 0]
        total: Any = duration[legs].sum()
        lasts = np.fmax(duration[whole], table["elapsed"].to_numpy("float64")[whole])
        if (
            several[whole]
            and len(legs) >= 2
            and rules["parts"]["legs_share_at_least"] * duration[whole] <= total <= (1 + rules["share"]) * lasts
        ):
            found.append((whole, legs))
    return found
