"""Twins of a log: the same days in another order, to learn what a rule says of this runner when nothing happens.

Blocks of whole weeks change places, so that a Sunday stays a Sunday and the weeks of a block stay together, while what
was built up over months is gone. A block moves by no more than about a year: what a runner ran ten years ago beside
what the same runner runs now would be a leap that nobody made.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from loadlens.log import empty_table

if TYPE_CHECKING:
    from loadlens.log import RunningLog

BLOCK_WEEKS = 4
"""Weeks that stay together: rules that compare two weeks with the weeks before see such a pair whole."""

REACH_BLOCKS = 13
"""A block moves by fewer places than this: by less than a year."""


def can_shuffle(log: RunningLog, block_weeks: int = BLOCK_WEEKS) -> bool:
    """Tell whether a log is long enough for blocks to change places: four of them, wherever the first begins."""
    return len(log.days) >= 5 * 7 * block_weeks


def shuffle_days(log: RunningLog, rng: np.random.Generator, block_weeks: int = BLOCK_WEEKS) -> RunningLog:
    """Put blocks of days in another order; all that belongs to a day moves with it.

    Parameters
    ----------
    log : RunningLog
        With days.
    rng : Generator
        Draws where the first block begins and where each block goes. The days before the first whole block, and those
        after the last, stay where they are.
    block_weeks : int
        Weeks of a block.

    Returns
    -------
    RunningLog
        Activities, minutes, wellness and the state of the days in the new order. The diary is left out: what was
        written down has its own reasons to follow what came before. Shoes keep their totals, which mean nothing here.

    Notes
    -----
    A block permutation, after the block bootstrap of Künsch 1989, Ann Stat 17:1217, with displacements bounded. On
    simulated runners in whose weeks nothing happens, twins alarm about as often as the runners themselves from blocks
    of two weeks on; blocks of one week tear pairs of weeks apart and alarm too seldom.
    """
    moved = _shifts(len(log.days), rng, 7 * block_weeks)
    first = log.span[0]
    days = log.days.copy()
    target = np.arange(len(days)) + moved
    order = np.empty(len(days), dtype=np.int64)
    order[target] = np.arange(len(days))
    days = days.iloc[order].reset_index(drop=True).assign(date=log.days["date"])
    activities, wellness = _move(log.activities, first, moved), _move(log.wellness, first, moved)
    return replace(log, activities=activities, wellness=wellness, days=days, diary=empty_table("diary"))


def _shifts(count: int, rng: np.random.Generator, block: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Give each day the number of days it moves by: a multiple of the block."""
    head = int(rng.integers(0, block))
    blocks = max((count - head) // block, 0)
    order = np.argsort(np.arange(blocks) + rng.uniform(0, REACH_BLOCKS, blocks))
    moved = np.zeros(count, dtype=np.int64)
    place = np.empty(blocks, dtype=np.int64)
    place[order] = np.arange(blocks)
    moved[head : head + blocks * block] = np.repeat((place - np.arange(blocks)) * block, block)
    return moved


def _move(table: pd.DataFrame, first: pd.Timestamp, moved: np.ndarray[tuple[int], np.dtype[np.int64]]) -> pd.DataFrame:
    """Move the rows of a table with their day, and put them in order of date again."""
    place = np.asarray((table["date"] - first).dt.days, dtype=np.float64)
    inside = np.isfinite(place) & (place >= 0) & (place < len(moved))
    by = np.zeros(len(table), dtype=np.int64)
    by[inside] = moved[place[inside].astype(np.int64)]
    shift = pd.Series(by.astype("timedelta64[D]").astype("timedelta64[us]"), index=table.index)
    dated = {name: table[name] + shift for name in ("date", "start_local", "start_utc") if name in table}
    return table.assign(**dated).sort_values("date", kind="stable").reset_index(drop=True)
