"""What if a limit of a rule stood elsewhere: the same measures, judged anew by other limits, and how often they alarm.

Only the limits move. What was measured stays as it was, so that a change is answered at once.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from loadlens.alarm_budget import MINIMUM_DAYS, SHOWN_STEP, YEAR
from loadlens.findings import conclude, settle
from loadlens.guidance import GuidanceError
from loadlens.intervals import rate_interval
from loadlens.rules import Bound, list_bounds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loadlens.findings import Assessment
    from loadlens.guidance import Rule

FIXED_LEVELS = ("doctor", "emergency")
"""Red flags: nothing mutes them, so their limits do not move."""

BY_HAND = "hand"
"""Whose number a limit is that was moved here."""

STEPS = 200
"""Steps between the ends of a limit that are enough to tell days apart."""

TABLE_COLUMNS = (
    "level", "condition", "column", "bound", "limit", "published", "days_at", "alarms", "years", "per_year", "low",
    "high", "reason",
)  # fmt: skip


class Reach(NamedTuple):
    """From where to where a limit can sensibly move, and in which steps; canonical unit."""

    low: float
    high: float
    step: float


def list_movable(rule: Rule) -> list[Bound]:
    """Name the limits of a rule that may be moved: all but those of red flags."""
    return [bound for bound in list_bounds(rule) if bound.level not in FIXED_LEVELS]


def move_limits(rule: Rule, limits: Mapping[Bound, float]) -> Rule:
    """Give a rule with other limits; a level of which one was moved says that its number was moved by hand.

    Parameters
    ----------
    rule : Rule
        As its guidance has it.
    limits : mapping of Bound to float
        In the canonical unit of the column; limits left out stay.

    Raises
    ------
    ValueError
        The rule has no such limit, it is one of a red flag, or the number is not finite.
    """
    known = list_movable(rule)
    levels = {level: [dict(condition) for condition in conditions] for level, conditions in rule.levels.items()}
    whose = dict(rule.whose)
    for bound, limit in limits.items():
        if bound not in known:
            raise ValueError(f"{rule.id}: {' '.join(map(str, bound))} does not move; these do: {known}")
        if not math.isfinite(limit):
            raise ValueError(f"{rule.id}: {bound.column} {bound.bound} {limit}; a limit is a number")
        if limit != bound.of(rule):
            condition = levels[bound.level][bound.condition]
            condition[bound.column] = condition[bound.column] | {bound.bound: float(limit)}
            whose[bound.level] = BY_HAND
    if whose == rule.whose:
        return rule
    moved = {level: tuple(conditions) for level, conditions in levels.items()}
    return replace(rule, levels=moved, whose=whose, alarms_per_year=None)


def judge_again(found: Assessment, rule: Rule) -> Assessment:
    """Judge one rule anew by other limits, on what was measured before.

    Parameters
    ----------
    found : Assessment
        What `assess` returns.
    rule : Rule
        One of its rules, with other limits.

    Returns
    -------
    Assessment
        Of that rule alone; equal to what `assess` gives with it.

    Raises
    ------
    GuidanceError
        The assessment has no such rule.
    """
    if rule.id not in found.details:
        raise GuidanceError(f"{found.guidance.key}: no rule {rule.id!r}; it has {', '.join(found.details)}")
    frame = found.details[rule.id]
    if rule.value in frame:
        # missing load left the level open at the old limits; where a number is there, the new ones may settle it
        open_then = (frame["reason"] == "load_between") & frame[rule.value].notna()
        frame = settle(rule, frame.assign(reason=frame["reason"].mask(open_then, "")))
    guidance = replace(found.guidance, rules=found.guidance.rules | {rule.id: rule})
    return conclude(found.log, guidance, {rule.id: frame})


def count_alarms(found: Assessment, rule: str) -> dict[str, Any]:
    """Count how often a rule stands outside the guidance and how often it alarms, over the whole log.

    Parameters
    ----------
    found : Assessment
        What `assess` or `judge_again` returns.
    rule : str
        Id of the rule.

    Returns
    -------
    dict
        days_outside (`note` or above), alarms, years (assessable), per_year with its exact 95 % interval low to high
        (Garwood 1936, Biometrika 28:437), and reason: why there is no rate, as in `budget`; empty where there is one.
    """
    rows = found.rules.set_index("rule")
    days, alarms = int(rows["days_assessable"][rule]), int(rows["alarms"][rule])
    outside = int(((found.days["rule"] == rule) & (found.days["level"] >= "note")).sum())
    years = days / YEAR
    reason = ""
    if not days:
        reason = "not_assessable"
    elif found.guidance.rules[rule].signal == ("diary",):
        reason = "only_diary"
    elif days < MINIMUM_DAYS:
        reason = "too_few_days"
    rate, (low, high) = (alarms / years, rate_interval(alarms, years)) if not reason else (math.nan, (math.nan,) * 2)
    return {
        "days_outside": outside, "alarms": alarms, "years": years, "per_year": rate, "low": low, "high": high,
        "reason": reason,
    }  # fmt: skip


def find_reach(found: Assessment, rule: Rule, bound: Bound) -> Reach:
    """Give how far a limit can move: over all that its column held on assessable days, and past its own limit.

    Parameters
    ----------
    found : Assessment
        What `assess` returns.
    rule : Rule
        As its guidance has it.
    bound : Bound
        One of its limits.
    """
    frame, limit = found.details[rule.id], bound.of(rule)
    values = frame.loc[frame["reason"] == "", bound.column].to_numpy(float)
    values = values[np.isfinite(values)]
    ends = [limit, *(np.quantile(values, [0.02, 1.0]) if len(values) else ())]
    low, high = min(ends), max(ends)
    room = 0.1 * (high - low) or 0.5 * abs(limit) or 1.0
    fine = float(SHOWN_STEP.get(rule.units[bound.column], 0.1))
    step = next(
        fine * 10**tens * ones for tens in range(12) for ones in (1, 2, 5)
        if (high - low + 2 * room) / (fine * 10**tens * ones) <= STEPS
    )  # fmt: skip
    below, above = (math.ceil(max(size, step) / step - 1e-9) for size in (limit - low + room, high - limit + room))
    if limit >= 0 and low >= 0:  # counts, distances and hours do not go below 0
        below = min(below, math.floor(limit / step + 1e-9))
    return Reach(*(round(number, 9) for number in (limit - below * step, limit + above * step, step)))


def try_limits(found: Assessment, rule: str, steps: int = 9) -> pd.DataFrame:
    """Say how often a rule would speak up on this log if one of its limits stood elsewhere, limit by limit.

    Parameters
    ----------
    found : Assessment
        What `assess` returns.
    rule : str
        Id of the rule.
    steps : int
        How many places each limit is tried at, its own among them.

    Returns
    -------
    DataFrame
        level, condition, column, bound, limit (canonical unit), published (the guidance has it there), days_at (days
        at this level or above), alarms, years, per_year, low, high, reason. The other limits stay where they are.

    Raises
    ------
    GuidanceError
        The assessment has no such rule.
    ValueError
        Fewer than two steps.
    """
    if rule not in found.details:
        raise GuidanceError(f"{found.guidance.key}: no rule {rule!r}; it has {', '.join(found.details)}")
    if steps < 2:
        raise ValueError(f"try_limits: steps is {steps}; it should be at least 2")
    spec = found.guidance.rules[rule]
    rows = []
    for bound in list_movable(spec):
        reach, own = find_reach(found, spec, bound), bound.of(spec)
        grid = np.linspace(reach.low, reach.high, steps)
        grid = np.unique(np.round(own + np.round((grid - own) / reach.step) * reach.step, 9))
        for limit in sorted({*map(float, grid), own}):
            tried = judge_again(found, move_limits(spec, {bound: limit}))
            counted = count_alarms(tried, rule) | {"days_at": int((tried.days["level"] >= bound.level).sum())}
            rows.append(bound._asdict() | {"limit": limit, "published": limit == own} | counted)
    return pd.DataFrame(rows, columns=list(TABLE_COLUMNS))
