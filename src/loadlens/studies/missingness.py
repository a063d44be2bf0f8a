"""How well events can be told from nothing but which values are missing, on runners the rates were not learned from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from loadlens.studies.cohort_splits import assign_folds
from loadlens.windows import Floats

Whole = NDArray[np.int64]

TRIES = 20
"""How often another runner at risk at the time of an event is looked for before it stays where it was."""


@dataclass(frozen=True)
class RiskSets:
    """Who could have had each event: rows at risk at its time, or of its stratum, or all rows.

    Attributes
    ----------
    runner, fold : array of int, shape (rows,)
        Of each row.
    begin, end : array of float, shape (rows,)
        The row is in every set whose number lies in (begin, end].
    event_row, event_set : array of int, shape (events,)
        Row and set of each event.
    sets : int
        Number of sets.
    kind : {"times", "strata", "rows"}
        What a set is.
    """

    runner: Whole
    fold: Whole
    begin: Floats
    end: Floats
    event_row: Whole
    event_set: Whole
    sets: int
    kind: Literal["times", "strata", "rows"]


def find_risk_sets(table: pd.DataFrame, folds: int, seed: int) -> RiskSets:
    """Find the sets of a table.

    Parameters
    ----------
    table : DataFrame
        participant, and event with start and stop (a set per time of an event); case with stratum (a set per stratum);
        or event alone (one set of all rows).
    folds, seed : int
        As in `cohort_splits.assign_folds`.
    """
    names = table["participant"].astype(str)
    runner = _whole(pd.factorize(names, sort=True)[0])
    fold = _whole(names.map(assign_folds(names, folds, seed)))
    if "stratum" in table:
        number = _whole(pd.factorize(table["stratum"], sort=True)[0])
        row, end = _whole(np.flatnonzero(table["case"] == 1)), np.asarray(number, dtype=np.float64)
        return RiskSets(runner, fold, end - 1, end, row, number[row], int(number.max(initial=-1)) + 1, "strata")
    row = _whole(np.flatnonzero(table["event"] == 1))
    if "stop" not in table:
        end = np.zeros(len(table))
        return RiskSets(runner, fold, end - 1, end, row, np.zeros(len(row), dtype=np.int64), 1, "rows")
    start, stop = (np.asarray(table[name], dtype=np.float64) for name in ("start", "stop"))
    times, at = np.unique(stop[row], return_inverse=True)
    # A row is in the sets at times after its start, up to its stop.
    begin, end = (
        np.asarray(np.searchsorted(times, edge, side="right") - 1, dtype=np.float64) for edge in (start, stop)
    )
    return RiskSets(runner, fold, begin, end, row, _whole(at), len(times), "times")


def count_at_risk(sets: RiskSets, pattern: Whole, folds: int) -> Floats:
    """Count the rows in each set, by fold and pattern: array of shape (sets, folds, patterns)."""
    patterns = int(pattern.max(initial=0)) + 1
    change = np.zeros((sets.sets + 1, folds, patterns))
    np.add.at(change, (sets.begin.astype(np.int64) + 1, sets.fold, pattern), 1)
    np.add.at(change, (sets.end.astype(np.int64) + 1, sets.fold, pattern), -1)
    counts: Floats = np.cumsum(change, axis=0)[:-1]
    return counts


def measure_auc(counts: Floats, event_set: Whole, fold: Whole, pattern: Whole) -> float:
    """Tell how often the row of an event looks more like one than another row of its set, by its pattern alone.

    Each pattern has a rate: observed over expected events (as in a log-rank test) in the other folds, 1 added to both.
    The rates rank the rows of the fold that was held out.

    Parameters
    ----------
    counts : array of float, shape (sets, folds, patterns)
        What `count_at_risk` gives.
    event_set, fold, pattern : array of int, shape (events,)
        Of the row of each event.

    Returns
    -------
    float
        0.5 when missingness tells nothing; NaN when no event has another row beside it.
    """
    _, folds, patterns = counts.shape
    wins, weighed = 0.0, 0
    for held in range(folds):
        mine = fold == held
        if not mine.any():
            continue
        rest = counts.sum(axis=1) - counts[:, held]
        total = rest.sum(axis=1, keepdims=True)
        shares = np.divide(rest, total, out=np.zeros_like(rest), where=total > 0)
        observed = np.bincount(pattern[~mine], minlength=patterns)
        rate = (observed + 1) / (shares[event_set[~mine]].sum(axis=0) + 1)
        ranks = np.sign(rate[:, None] - rate[None, :]) / 2 + 0.5
        beside = counts[event_set[mine], held]
        others = beside.sum(axis=1) - 1
        won = (beside * ranks[pattern[mine]]).sum(axis=1) - 0.5  # the row itself ties with itself
        able = others > 0
        wins += float((won[able] / others[able]).sum())
        weighed += int(able.sum())
    return wins / weighed if weighed else float("nan")


def sort_rows(sets: RiskSets) -> Whole:
    """Order the rows by stratum, or by runner and time: once for all permutations."""
    if sets.kind == "strata":
        return _whole(np.argsort(sets.end, kind="stable"))
    return _whole(np.lexsort((sets.end, sets.begin, sets.runner)))


def move_events(sets: RiskSets, order: Whole, rng: np.random.Generator) -> Whole:
    """Give all events of each runner to another runner, at the same times; return the row of each.

    Times, and how many events one runner has, stay what they were; what the runner's missing values have to do with
    them is gone. Where the other runner was not at risk at that time, somebody who was gets the event. In strata, which
    are of one runner each, the event goes to any row of its stratum.

    Parameters
    ----------
    sets : RiskSets
        Who could have had each event.
    order : array of int, shape (rows,)
        What `sort_rows` gives.
    rng : Generator
        Draws the other runners.
    """
    group = _whole(sets.end) if sets.kind == "strata" else sets.runner
    size = np.bincount(group)
    first = np.cumsum(size) - size
    if sets.kind == "strata":
        return _whole(order[first[sets.event_set] + rng.integers(0, size[sets.event_set])])
    target = _whole(rng.permutation(len(size)))[sets.runner[sets.event_row]]
    if sets.kind == "rows":
        return _whole(order[first[target] + rng.integers(0, size[target])])
    span = sets.sets + 2.0
    keys = (sets.runner * span + sets.begin)[order]
    moved, left = sets.event_row.copy(), _whole(np.arange(len(sets.event_row)))
    for _ in range(TRIES):
        place = np.searchsorted(keys, target[left] * span + sets.event_set[left]) - 1  # the last that began before
        found = order[np.maximum(place, 0)]
        fits = (place >= 0) & (sets.runner[found] == target[left]) & (sets.end[found] >= sets.event_set[left])
        moved[left[fits]] = found[fits]
        left = left[~fits]
        if not len(left):
            break
        target = _whole(rng.integers(0, len(size), len(moved)))
    return moved


def name_patterns(missing: pd.DataFrame) -> Whole:
    """Give rows with the same missing values the same number, from 0 up."""
    return _whole(missing.groupby(list(missing.columns), sort=True).ngroup())


def _whole(values: ArrayLike) -> Whole:
    return np.asarray(values, dtype=np.int64)
