"""How often each rule speaks up on this log, and on the same days in another order; and thresholds to a budget.

A rule that alarms as often on shuffled days as on the real ones tells little about what happened. Who wants at most
six alarms a year can have the thresholds moved until the shuffled days give no more; the guidance then says which.
"""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from loadlens import words
from loadlens.findings import ALARM_GAP_DAYS, holds, join_above, measure_rules
from loadlens.guidance import LEVELS, Guidance, Moved, Rule, read_guidance
from loadlens.intervals import rate_interval
from loadlens.log import empty_table
from loadlens.measures import MEASURES
from loadlens.rules import Bound, builds_on
from loadlens.twins import can_shuffle, shuffle_days

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from loadlens.log import RunningLog
    from loadlens.rules import Condition
    from loadlens.windows import Flags, Floats

YEAR = 365.25
MINIMUM_DAYS = 91
"""Days that must be assessable: from less than a quarter of a year nobody knows how often a year something happens."""

TWINS = 20
OWN = "+own"
ALL = "all"
"""Stands for every rule that can be counted on twins, together."""

ALARM_LEVELS = LEVELS[LEVELS.index("watch") :]
MOVABLE_LEVELS = ("watch", "act")
STEPS = 100
"""Ways to be stricter that are tried for each rule, from not at all to the single worst day."""

SHOWN_STEP = {"m": 100, "s": 60, "ratio": 0.01, "share": 0.01, "days": 1, "count": 1}
"""A moved threshold is rounded, to the stricter side, to what a sentence shows of its unit; to 0.1 in other units."""

NO_RATE = ("not_assessable", "only_diary", "too_few_days")
"""Reasons why there is no rate at all: what was written in a diary answers a question, and does not come by chance."""

COLUMNS = ("rule", "alarms", "years", "per_year", "low", "high", "twins", "twins_low", "twins_high", "reason")


def budget(log: RunningLog, guidance: Guidance | None = None, *, twins: int = TWINS, seed: int = 0) -> pd.DataFrame:
    """Count the alarms per year of each rule, on a log and on twins of it whose blocks of days are shuffled.

    Parameters
    ----------
    log : RunningLog
        With at least one day.
    guidance : Guidance, optional
        The bundled document on runner's knee when left out.
    twins : int
        How many shuffled twins.
    seed : int
        The same seed gives the same twins.

    Returns
    -------
    DataFrame
        One row per rule that can alarm, and one (``all``) for those that have twins, where they are two or more.
        `alarms` in `years` of assessable days of this log; `per_year` with its exact 95 % interval `low` to `high`;
        `twins`: mean alarms per year of the twins, 95 % of which lie from `twins_low` to `twins_high`; `reason` why a
        rule has no twins: ``adds_up`` (what adds up from the first day on has no other order), ``log_too_short``, or,
        without any rate, ``only_diary``, ``too_few_days``, ``not_assessable``.

    Raises
    ------
    LogError
        The log has no days.
    GuidanceError
        A rule speaks of a column its measure does not give.
    ValueError
        There are no twins to count on.

    Notes
    -----
    An alarm is a stretch at `watch` or above; stretches up to 14 days apart are one. A year is a year of days on which
    the rule could be assessed. A twin keeps what lies within four weeks: the heavy weeks of this log are in the twins
    too, and raise what they give. So do seasons of resting heart rate, where blocks of summer and winter meet. The
    interval of `per_year` takes alarms to come one by one (Garwood 1936, Biometrika 28:437).
    """
    guidance = guidance or read_guidance()
    rules = [rule for rule in guidance.rules.values() if _can_alarm(rule)]
    details = measure_rules(log, guidance, [rule.id for rule in rules])
    own = {rule.id: _days_of(rule, [details[rule.id]]).count(rule.levels) for rule in rules}
    reasons = {rule.id: _no_twins(rule, details[rule.id], log) for rule in rules}
    paired = [rule for rule in rules if not reasons[rule.id]]
    drawn = _measure_twins(log, guidance, {rule.id: details[rule.id] for rule in paired}, twins, seed)
    rates = {
        rule.id: np.array([_days_of(rule, [frame]).count(rule.levels).rate for frame in drawn[rule.id]])
        for rule in paired
    }
    rows = [_row(rule.id, own[rule.id], rates.get(rule.id), reasons[rule.id]) for rule in rules]
    return pd.DataFrame([*rows, _sum_up(own, rates)] if len(rates) > 1 else rows, columns=list(COLUMNS))


def fit_budget(
    log: RunningLog, guidance: Guidance | None = None, *, per_year: float = 6, twins: int = TWINS, seed: int = 0
) -> Guidance:
    """Move thresholds until all rules together give at most so many alarms per year on shuffled twins of a log.

    No rule is given more room than another: those that alarm most are made stricter until they are level with the
    next, and so on. Thresholds only ever become stricter. What moves is the first bound of a condition, or its bound on
    the value that is shown. The page's own numbers, notes, shoes and everything that only the diary tells stay.

    Parameters
    ----------
    log : RunningLog
        With at least one day.
    guidance : Guidance, optional
        The bundled document on runner's knee when left out.
    per_year : float
        The budget: alarms per year of assessable days, all rules together.
    twins, seed : int
        As in `budget`.

    Returns
    -------
    Guidance
        With ``+own`` at its version, and in `moved` every bound that was moved, from what to what; the sentences of
        those rules say so. The guidance itself when nothing had to move.

    Raises
    ------
    ValueError
        The budget is not above 0, the log is too short, there are no twins, or what may not move takes it all.
    """
    guidance = guidance or read_guidance()
    if not per_year > 0:
        raise ValueError(f"fit_budget: per_year is {per_year!r}; it should be a number of alarms above 0")
    if not can_shuffle(log):
        raise ValueError(f"fit_budget: the log has {len(log.days)} days; twenty weeks are needed to shuffle blocks")
    details = measure_rules(log, guidance, [rule.id for rule in guidance.rules.values() if _can_alarm(rule)])
    rules = [guidance.rules[name] for name in details if not _no_twins(guidance.rules[name], details[name], log)]
    drawn = _measure_twins(log, guidance, {rule.id: details[rule.id] for rule in rules}, twins, seed)
    days = {rule.id: _days_of(rule, drawn[rule.id]) for rule in rules}
    rates = {rule.id: days[rule.id].count(rule.levels).rate for rule in rules if days[rule.id].years}
    movable = {rule.id: rates[rule.id] for rule in rules if rule.id in rates and _bounds(rule)}
    room = per_year - sum(rate for name, rate in rates.items() if name not in movable)
    ceiling = _level_out(movable, room)
    changed = {
        name: _tighten(guidance.rules[name], days[name], ceiling) for name, rate in movable.items() if rate > ceiling
    }
    left = room - sum(days[name].count(changed.get(name, guidance.rules[name]).levels).rate for name in movable)
    if left < -1e-9:
        raise ValueError(
            f"fit_budget: numbers of the page, which do not move, leave {per_year - left:.1f} alarms a year; "
            f"give a per_year of at least that, not {per_year:g}"
        )
    return _own(guidance, changed, per_year) if changed else guidance


def tell_budget(table: pd.DataFrame, guidance: Guidance, lang: str = "en") -> list[str]:
    """Say in lines what `budget` counted for each rule, which rules it could not count, and what a budget has moved.

    Parameters
    ----------
    table : DataFrame
        What `budget` returns.
    guidance : Guidance
        What it was counted by.
    lang : {"en", "nl"}
        Language.
    """
    names = {rule.id: rule.words[lang]["name"] for rule in guidance.rules.values()}
    names[ALL] = words.say("budget.all", lang)
    lines = []
    for row in table[table["per_year"].notna()].to_dict("records"):
        shown = {name: words.number(float(row[name]), lang, 1) for name in COLUMNS[2:-1]}
        shown["alarms"] = words.number(float(row["alarms"]), lang)
        keys = "own_all" if row["rule"] == ALL else "own", f"no_twins_{row['reason']}" if row["reason"] else "twins"
        told = " ".join(words.say(f"budget.{key}", lang, **shown) for key in keys)
        lines.append(f"{names[row['rule']]}: {told}")
    for reason, group in table[table["per_year"].isna()].groupby("reason", sort=False):
        listed = "; ".join(names[rule] for rule in group["rule"])
        lines.append(f"{listed}: {words.say(f'budget.no_twins_{reason}', lang)}")
    return [*lines, *guidance.tell_moves(lang)]


# ---------------------------------------------------------------- counting
class _Count(NamedTuple):
    alarms: int
    years: float

    @property
    def rate(self) -> float:
        return self.alarms / self.years if self.years else math.nan


def _can_alarm(rule: Rule) -> bool:
    return rule.measure is not None and any(level in rule.levels for level in ALARM_LEVELS)


def _no_twins(rule: Rule, frame: pd.DataFrame, log: RunningLog) -> str:
    """Say why shuffled days tell nothing of a rule; empty when they do."""
    days = int((frame["reason"] == "").sum())
    if not days:
        return "not_assessable"
    if rule.signal == ("diary",):
        return "only_diary"
    if days < MINIMUM_DAYS:
        return "too_few_days"
    if rule.measure and "gear" in inspect.signature(MEASURES[rule.measure]).parameters:
        return "adds_up"
    return "" if can_shuffle(log) else "log_too_short"


def _measure_twins(
    log: RunningLog, guidance: Guidance, details: Mapping[str, pd.DataFrame], twins: int, seed: int
) -> dict[str, list[pd.DataFrame]]:
    """Measure rules on every twin, by no other signals than those this log was judged by."""
    if twins < 1:
        raise ValueError(f"twins is {twins}; it should be at least 1, and twenty give a fair mean")
    rules = dict(guidance.rules)
    for name, frame in details.items():
        used = frame.loc[frame["reason"] == "", "signal"].unique()
        rules[name] = replace(rules[name], signal=tuple(signal for signal in rules[name].signal if signal in used))
    needed = {*details, *(other for name in details for other in builds_on(rules[name]))}
    if not any("minutes" in rules[name].signal for name in needed):
        log = replace(log, minutes=empty_table("minutes"))
    drawn: dict[str, list[pd.DataFrame]] = {name: [] for name in details}
    for number in range(twins):
        twin = shuffle_days(log, np.random.default_rng([seed, number]))
        for name, frame in measure_rules(twin, replace(guidance, rules=rules), details).items():
            drawn[name].append(frame)
    return drawn


def _days_of(rule: Rule, frames: Sequence[pd.DataFrame]) -> _Days:
    """Lay the days of several logs behind one another, so far apart that no alarm spans two of them."""
    columns = dict.fromkeys(c for level in ALARM_LEVELS for cond in rule.levels.get(level, ()) for c in cond)
    apart = np.full(ALARM_GAP_DAYS + 1, np.nan)
    known = [(frame["reason"] == "").to_numpy() for frame in frames]
    values: dict[str, Floats] = {}
    for column in columns:
        each = [np.where(k, frame[column].to_numpy(float), np.nan) for k, frame in zip(known, frames, strict=True)]
        values[column] = np.concatenate([part for one in each for part in (one, apart)])
    return _Days(values, sum(int(k.sum()) for k in known) / YEAR)


@dataclass(frozen=True)
class _Days:
    """The values of a rule on the days of one or more logs: NaN where it could not be assessed."""

    values: Mapping[str, Floats]
    years: float

    def count(self, levels: Mapping[str, Sequence[Condition]]) -> _Count:
        """Count the alarms that conditions raise."""
        above: Flags = np.logical_or.reduce(
            [holds(condition, self.values) for level in ALARM_LEVELS for condition in levels.get(level, ())]
        )
        return _Count(len(join_above(above)[0]), self.years)


def _row(rule: str, own: _Count, twins: Floats | None, reason: str) -> dict[str, Any]:
    if reason in NO_RATE:
        known = {"rule": rule, "alarms": own.alarms, "years": own.years, "reason": reason}
        return dict.fromkeys(COLUMNS, np.nan) | known
    low, high = rate_interval(own.alarms, own.years)
    shuffled = twins[np.isfinite(twins)] if twins is not None else np.empty(0)
    mean, ends = (shuffled.mean(), np.quantile(shuffled, [0.025, 0.975])) if len(shuffled) else (np.nan, [np.nan] * 2)
    numbers = (own.alarms, own.years, own.rate, low, high, mean, *ends, reason)
    return dict(zip(COLUMNS, (rule, *numbers), strict=True))


def _sum_up(counts: Mapping[str, _Count], rates: Mapping[str, Floats]) -> dict[str, Any]:
    """Add up the rules that have twins: rates add, each over the days on which its rule could be assessed."""
    alarms, rate = sum(counts[rule].alarms for rule in rates), sum(counts[rule].rate for rule in rates)
    longest = max(counts[rule].years for rule in rates)
    total = np.sum([np.nan_to_num(each) for each in rates.values()], axis=0)
    return _row(ALL, _Count(alarms, alarms / rate if alarms else longest), total, "")


# ---------------------------------------------------------------- moving thresholds
def _bounds(rule: Rule) -> list[Bound]:
    """Name the one bound of each condition that may move: on the value shown, or else the first."""
    found = []
    for level in MOVABLE_LEVELS:
        if rule.whose.get(level, "page") != "page":
            for place, condition in enumerate(rule.levels[level]):
                column = rule.value if rule.value in condition else next(iter(condition))
                found.append(Bound(level, place, column, next(iter(condition[column]))))
    return found


def _level_out(rates: Mapping[str, float], room: float) -> float:
    """Give the ceiling at which rates, each cut off there, add up to the room: nobody gives way before the highest."""
    ordered = sorted(rates.values())
    for place, rate in enumerate(ordered):
        share = room / (len(ordered) - place)
        if rate > share:
            return share
        room -= rate
    return math.inf


def _tighten(rule: Rule, days: _Days, ceiling: float) -> Rule:
    """Give the least strict version of a rule that, with all stricter ones, stays at or below the ceiling."""
    pools = {b: days.values[b.column][holds(rule.levels[b.level][b.condition], days.values)] for b in _bounds(rule)}
    ways = [_stricter(rule, pools, step / STEPS) for step in range(1, STEPS + 1)]
    over = [place for place, way in enumerate(ways) if days.count(way.levels).rate > ceiling]
    first = over[-1] + 1 if over else 0
    return ways[min(first, STEPS - 1)]


def _stricter(rule: Rule, pools: Mapping[Bound, Floats], share: float) -> Rule:
    """Move every bound past so large a share of the days that its condition now holds on."""
    levels = {level: [dict(condition) for condition in conditions] for level, conditions in rule.levels.items()}
    loosest: dict[tuple[str, int], float] = {}
    for bound, pool in pools.items():
        limit = bound.sign * bound.of(rule)
        if len(pool):
            step = SHOWN_STEP.get(rule.units[bound.column], 0.1)
            limit = max(limit, round(math.ceil(np.quantile(bound.sign * pool, share) / step + 1e-9) * step, 6))
        side = bound.column, bound.sign
        if bound.level == "watch":
            loosest[side] = min(limit, loosest.get(side, math.inf))
        limit = max(limit, loosest.get(side, -math.inf))  # act never starts before watch
        condition = levels[bound.level][bound.condition]
        condition[bound.column] = condition[bound.column] | {bound.bound: bound.sign * limit}
    return replace(rule, levels={level: tuple(conditions) for level, conditions in levels.items()})


def _own(guidance: Guidance, changed: Mapping[str, Rule], per_year: float) -> Guidance:
    """Give the guidance with the changed rules, and say which bounds moved from what the document has."""
    moved = {(m.rule, m.level, m.condition, m.column, m.bound): m for m in guidance.moved}
    for name, rule in changed.items():
        for bound in _bounds(rule):
            before, after = bound.of(guidance.rules[name]), bound.of(rule)
            if before != after:
                first = moved.get((name, *bound))
                moved[name, *bound] = Moved(name, *bound, before=first.before if first else before, after=after)
    levels = {(move.rule, move.level) for move in moved.values()}
    rules = {
        name: replace(rule, alarms_per_year=None, whose={
            level: "budget" if (name, level) in levels else whose for level, whose in rule.whose.items()
        }) for name, rule in changed.items()
    }  # fmt: skip
    return replace(
        guidance,
        version=f"{guidance.version.removesuffix(OWN)}{OWN}",
        rules=guidance.rules | rules,
        alarm_budget=per_year,
        moved=tuple(moved.values()),
    )
