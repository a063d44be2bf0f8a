"""What a rule says of a life, day by day, and the figures made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from loadlens.findings import ALARM_GAP_DAYS
from loadlens.guidance import LEVELS, Rule

WATCH, ACT = LEVELS.index("watch"), LEVELS.index("act")
DRAWS = 1000

SWEPT = {
    "longest_run": ("ratio",),
    "two_week_volume": ("z",),
    "resting_heart_rate": ("excess",),
    "cadence": ("change", "change_se"),
    "sleep": ("mean", "long_mean"),
    "intensity_minutes": ("ratio",),
    "hard_easy": ("in_row", "week"),
    "performance_fall": ("percent", "change_se"),
}
"""Columns whose bounds move together when a rule is held at so many alarms a year; its other bounds stay. Of rules not
named here it is the column that is shown."""


@dataclass(frozen=True)
class Verdict:
    """One rule on one life.

    Attributes
    ----------
    codes : array of int8, shape (days,)
        Place in LEVELS.
    scores : array of float32, shape (days,)
        1 or more where the rule is at watch: by how many times its thresholds could move before it is not.
    relative : array of bool, shape (days,)
        Days at watch because of a ratio or a percentage.
    """

    codes: np.ndarray[Any, Any]
    scores: np.ndarray[Any, Any]
    relative: np.ndarray[Any, Any]


def judge_rule(rule: Rule, frame: pd.DataFrame, codes: np.ndarray[Any, Any]) -> Verdict:
    """Score the days of a rule by its measure; `codes` are its levels."""
    swept = SWEPT.get(rule.id, (rule.value,))
    best = np.full(len(frame), -np.inf)
    relative = np.zeros(len(frame), dtype=bool)
    for condition in rule.levels.get("watch", ()):
        least = np.full(len(frame), np.inf)
        moved = False
        for column, bounds in condition.items():
            values = frame[column].to_numpy(float)
            for bound, limit in bounds.items():
                higher = bound in ("above", "at_least")
                if column in swept and limit != 0:
                    moved = True
                    with np.errstate(divide="ignore", invalid="ignore"):
                        by = values / limit if higher == (limit > 0) else limit / values
                    least = np.fmin(least, np.where(np.isnan(values), -np.inf, by))
                else:
                    holds = values >= limit if higher else values <= limit
                    least = np.where(holds, least, -np.inf)
        least = least if moved else np.where(least > 0, 1.0, -np.inf)
        if any(rule.units[column] in ("ratio", "%") for column in condition):
            relative |= (least >= 1) & (codes >= WATCH)
        best = np.fmax(best, least)
    assessable = (frame["reason"] == "").to_numpy()
    return Verdict(codes.astype(np.int8), np.where(assessable, best, -np.inf).astype(np.float32), relative)


def judge_baseline(scores: np.ndarray[Any, Any]) -> Verdict:
    """Levels of a naive rule: watch from a score of 1 on."""
    known = np.isfinite(scores)
    codes = np.where(known, np.where(scores >= 1, WATCH, LEVELS.index("ok")), 0)
    return Verdict(codes.astype(np.int8), np.where(known, scores, -np.inf).astype(np.float32), codes >= WATCH)


# ---------------------------------------------------------------- alarms
def find_alarms(above: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """First and last day of each alarm: days above, joined as `loadlens.findings` joins them."""
    places = np.flatnonzero(above)
    if not len(places):
        return places, places
    cuts = np.flatnonzero(np.diff(places) > ALARM_GAP_DAYS + 1)
    return places[np.append(0, cuts + 1)], places[np.append(cuts, len(places) - 1)]


def count_alarms(above: np.ndarray[Any, Any], first_day: int) -> int:
    """Alarms that begin on or after a day."""
    return int((find_alarms(above)[0] >= first_day).sum())


def count_act(codes: np.ndarray[Any, Any], first_day: int) -> int:
    """Alarms that begin on or after a day and reach `act`."""
    starts, ends = find_alarms(codes >= WATCH)
    reached = [codes[a : b + 1].max() >= ACT for a, b in zip(starts, ends, strict=True)]
    return int((np.array(reached, dtype=bool) & (starts >= first_day)).sum())


def moved_threshold(verdicts: list[Verdict], first_day: int, years: float, per_year: float) -> float:
    """Find by how much thresholds must be multiplied for so many alarms a runner-year, by halving."""
    low, high = 0.1, 10.0
    for _ in range(22):
        middle = float(np.sqrt(low * high))
        alarms = sum(count_alarms(verdict.scores >= middle, first_day) for verdict in verdicts)
        low, high = (middle, high) if alarms > per_year * years else (low, middle)
    return high


# ---------------------------------------------------------------- intervals
def mean_with_interval(values: np.ndarray[Any, Any], seed: int = 0) -> dict[str, float]:
    """Mean over runners and its 95 % percentile interval, runners drawn anew 1,000 times."""
    values = np.asarray(values, dtype=float)
    rng = np.random.default_rng(seed)
    means = values[rng.integers(0, len(values), (DRAWS, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return {"value": float(values.mean()), "low": float(low), "high": float(high)}
