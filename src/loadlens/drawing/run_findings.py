"""What the rules saw in one run: the numbers of its day that concern it, and sentences about them.

Nothing is judged anew: limits and levels are those of the assessment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from loadlens import words
from loadlens.guidance import LEVELS
from loadlens.log import LogError

if TYPE_CHECKING:
    import pandas as pd

    from loadlens.findings import Assessment
    from loadlens.guidance import Rule
    from loadlens.rules import Condition

HOW_FAR = ("longest_run",)
HOW_HARD = ("intensity_minutes",)
HOW_STEPPED = ("form_change",)
"""Measures whose numbers speak of a single run."""


@dataclass(frozen=True)
class Seen:
    """What the rules saw in one run.

    Attributes
    ----------
    sentences : list of str
        What is said of it, one sentence for each rule, and at last what was outside the guidance on its day.
    longest_before : float
        Longest run [m] of the days before; NaN where that is not known.
    levels_from : list of (level, float)
        Distance [m] of one run at which each level begins, mildest first.
    hard_from : dict
        ``heart_rate`` [bpm] or ``speed`` [m/s] at which hard begins; empty where that is not known.
    usual_cadence : (float, float) or None
        Slope [steps/min for one m/s] and intercept [steps/min] of the runner's own line on that day.
    labels : dict
        Words for ``longest_before`` and ``hard_from``.
    """

    sentences: list[str]
    longest_before: float = np.nan
    levels_from: list[tuple[str, float]] = field(default_factory=list)
    hard_from: dict[str, float] = field(default_factory=dict)
    usual_cadence: tuple[float, float] | None = None
    labels: dict[str, str] = field(default_factory=dict)


def see_run(found: Assessment, run: pd.Series[Any], lang: str = "en") -> Seen:
    """Gather what the rules saw in one run.

    Parameters
    ----------
    found : Assessment
        What `assess` returns.
    run : Series
        A row of its ``log.activities``.
    lang : {"en", "nl"}
        Language.

    Raises
    ------
    LogError
        The assessed log does not have this activity.
    """
    known = found.log.activities
    if not (known["activity"] == run["activity"]).any():
        raise LogError(
            f"{run['activity']}: the assessed log does not have it; would be right: the log of this assessment"
        )
    day = run["date"]
    parts: dict[str, Any] = {"sentences": [], "labels": {}}
    if run["sport"] == "run" and day in found.log.days["date"].to_numpy():
        for rule in found.guidance.rules.values():
            row = found.details[rule.id].loc[day]
            if rule.measure in HOW_FAR:
                _see_distance(parts, rule, row, run, lang)
            elif rule.measure in HOW_HARD:
                _see_hard(parts, rule, row, lang)
            elif rule.measure in HOW_STEPPED and rule.parameters.get("column") == "cadence":
                _see_cadence(parts, found, rule, row, run, lang)
            else:
                continue
            if row["reason"]:
                said = found.tell(rule.id, day, lang)
                name = rule.words[lang]["name"]
                parts["sentences"].append(words.say("activity.said_unknown", lang, name=name, said=said))
        parts["sentences"].append(_tell_outside(found, day, lang))
    return Seen(**parts)


def _tell_outside(found: Assessment, day: Any, lang: str) -> str:
    days = found.days[(found.days["date"] == day) & (found.days["level"] >= "note")].sort_values(
        "level", ascending=False
    )
    if days.empty:
        return words.say("activity.said_none", lang)
    names = [
        words.say(
            "activity.said_rule", lang,
            name=found.guidance.rules[rule].words[lang]["name"], level=words.say(f"levels_short.{level}", lang),
        )
        for rule, level in zip(days["rule"], days["level"], strict=True)
    ]  # fmt: skip
    return words.say("activity.said_outside", lang, names=words.list_join(names, lang))


def _see_distance(parts: dict[str, Any], rule: Rule, row: pd.Series[Any], run: pd.Series[Any], lang: str) -> None:
    """Set the run beside the longest of the days before its own day, and say from where each level would hold."""
    before = float(row["before"])
    if row["reason"] or not before > 0:
        return
    shown = {
        "days": words.quantity(float(rule.parameters["window_days"]), "days", lang),
        "reference": words.quantity(before, "m", lang),
    }
    parts["longest_before"] = before
    parts["labels"]["longest_before"] = words.say("activity.longest_before", lang, **shown)
    weekly = float(row["weekly_before"])
    starts = {
        level: min((_begins(condition, before, weekly) for condition in rule.levels.get(level, ())), default=np.inf)
        for level in LEVELS[2:]
    }
    parts["levels_from"] = [(level, start) for level, start in starts.items() if np.isfinite(start)]
    if run["distance"] > 0:
        shown["distance"] = words.quantity(float(run["distance"]), "m", lang)
        shown["ratio"] = words.quantity(float(run["distance"]) / before, "ratio", lang)
        parts["sentences"].append(words.say("activity.said_longest", lang, **shown))


def _begins(condition: Condition, before: float, weekly: float) -> float:
    """Distance [m] from which a condition on ratio and rise holds; infinite where its other bounds do not."""
    start = 0.0
    for column, bounds in condition.items():
        for side, bound in bounds.items():
            if column == "weekly":
                low = side in ("above", "at_least")
                if not (weekly >= bound if low else weekly < bound):
                    return np.inf
            elif column in ("ratio", "rise") and side in ("above", "at_least"):
                start = max(start, before * bound if column == "ratio" else before + bound)
            else:
                return np.inf
    return start


def _see_hard(parts: dict[str, Any], rule: Rule, row: pd.Series[Any], lang: str) -> None:
    limits = {name: float(row[name]) for name in ("heart_rate", "speed") if np.isfinite(row[name])}
    if not limits:
        return
    name, limit = next(iter(limits.items()))
    said = words.quantity(limit, rule.units[name], lang)
    parts["hard_from"] = {name: limit}
    parts["labels"]["hard_from"] = words.say("activity.hard_from", lang, limit=said)
    if row["reason"]:  # the limit is known, but not on which side of its own the week lies
        return
    low, high = (words.quantity(float(row.get(key, row["today"])), "min", lang) for key in ("today", "today_high"))
    minutes = low if low == high else words.say("report.range", lang, low=low, high=high)
    parts["sentences"].append(words.say("activity.said_hard", lang, minutes=minutes, limit=said))


def _see_cadence(
    parts: dict[str, Any], found: Assessment, rule: Rule, row: pd.Series[Any], run: pd.Series[Any], lang: str
) -> None:
    """Give the runner's own line, and how far off it this run was: known of the last run of a day only."""
    if row["reason"] or str(run["sub_sport"]) in rule.parameters["left_out"]:
        return
    parts["usual_cadence"] = (float(row["slope"]), float(row["intercept"]))
    same_day = found.log.runs[found.log.runs["date"] == run["date"]]
    if np.isfinite(row["residual"]) and len(same_day) == 1:
        change = words.quantity(abs(float(row["residual"])), rule.units[rule.value], lang)
        key = "activity.said_fewer" if row["residual"] < 0 else "activity.said_more"
        parts["sentences"].append(words.say(key, lang, change=change))
