"""The experiment: thresholds swept on seeds A, everything reported on seeds B."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from zlib import crc32

import numpy as np

from benchmarks.overload_bench.baselines import BASELINES, NEEDS_MINUTES
from benchmarks.overload_bench.changes import SCENARIOS, Scenario
from benchmarks.overload_bench.runners import DEVICES, RESIDUALS, WEEKLY_CV, Kind, Runner, draw_runner, write_log
from benchmarks.overload_bench.scoring import (
    WATCH,
    Verdict,
    count_act,
    count_alarms,
    judge_baseline,
    judge_rule,
    mean_with_interval,
    moved_threshold,
)
from loadlens.findings import assess
from loadlens.guidance import Guidance, read_guidance
from loadlens.log import RunningLog

WARM_UP_DAYS = 196
"""Days at the start that give every rule its history; alarms that begin in them are not counted."""

MINUTES_BEFORE = 200
"""Days of minutes a planted life needs before the change: no rule looks further back for its line."""

LONGEST_PLAN = 8
"""Weeks of the longest plan that a scenario lays down."""

MATCHED = (1, 2)
"""Alarms a runner-year at which rules are compared."""

OTHERS = {
    "novice": Kind(weekly_cv=0.38, weekly_distance=(2_000, 8_000)),
    "streaker": Kind(weekly_cv=0.25, every_day=True),
}
"""Populations of their own: what they raise is told apart and enters no threshold."""


@dataclass(frozen=True)
class Scope:
    """How much is simulated: runners of seeds A and B, those of B in whom is planted, novices and streakers; weeks."""

    tuned: int
    reported: int
    planted: int
    others: int
    weeks: int


FULL = Scope(tuned=72, reported=120, planted=120, others=18, weeks=130)
QUICK = Scope(tuned=6, reported=54, planted=14, others=2, weeks=92)


def watch_only(guidance: Guidance) -> tuple[str, ...]:
    """Rules that a watch alone can raise: an alarm level, and no diary and no list of shoes behind it."""
    return tuple(
        rule.id
        for rule in guidance.rules.values()
        if {"watch", "act"} & set(rule.levels) and "diary" not in rule.signal and rule.measure != "shoe_distance"
    )


def kind_of(number: int) -> Kind:
    """Kinds by turns, so that every combination is as frequent."""
    return Kind(WEEKLY_CV[number % 3], DEVICES[number // 3 % 2], RESIDUALS[number // 6 % 2])


def judge(log: RunningLog, guidance: Guidance, names: Iterable[str]) -> dict[str, Verdict]:
    """Let rules of the guidance and naive rules speak of a log."""
    rules = [name for name in names if name in guidance.rules]
    found: dict[str, Verdict] = {}
    if rules:
        part = replace(guidance, rules={name: guidance.rules[name] for name in rules})
        assessed = assess(log, part)
        codes = assessed.days["level"].cat.codes.to_numpy().reshape(len(rules), -1)
        for name, own in zip(rules, codes, strict=True):
            found[name] = judge_rule(part.rules[name], assessed.details[name], own)
    return found | {name: judge_baseline(BASELINES[name](log)) for name in names if name in BASELINES}


def run(scope: Scope, tell: Callable[[str], None]) -> dict[str, Any]:
    """Run the whole experiment; all figures, ready for JSON."""
    guidance = read_guidance()
    ours = watch_only(guidance)
    everyone = (*ours, *BASELINES)
    steady: dict[str, list[tuple[Runner, dict[str, Verdict]]]] = {}
    for seeds, count in (("A", scope.tuned), ("B", scope.reported)):
        tell(f"steady runners, seeds {seeds}")
        steady[seeds] = []
        for number in range(count):
            runner = draw_runner(kind_of(number), f"{seeds}-{number}", scope.weeks)
            steady[seeds].append((runner, judge(write_log(runner), guidance, everyone)))
    years = (7 * scope.weeks - WARM_UP_DAYS) / 365
    moved = {
        name: {
            str(rate): moved_threshold([v[name] for _, v in steady["A"]], WARM_UP_DAYS, years * scope.tuned, rate)
            for rate in MATCHED
        }
        for name in everyone
    }
    results = []
    for scenario in SCENARIOS:
        tell(scenario.name)
        results += list(plant(scenario, steady["B"][: scope.planted], scope.weeks, guidance, moved))
    populations = {"steady": [verdicts for _, verdicts in steady["B"]]}
    for name, kind in OTHERS.items():
        tell(name)
        lives = (draw_runner(kind, f"B-{name}-{number}", scope.weeks) for number in range(scope.others))
        populations[name] = [judge(write_log(life), guidance, everyone) for life in lives]
    return {
        "guidance": guidance.key,
        "scope": {**scope.__dict__, "runner_years": years * scope.reported, "warm_up_days": WARM_UP_DAYS},
        "all_rules": sum_rules([verdicts for _, verdicts in steady["B"]], ours, years),
        "percentage_alarms_of_novices": float(
            np.mean(
                [sum(count_alarms(v[r].relative, WARM_UP_DAYS) for r in ours) / years for v in populations["novice"]]
            )
        ),
        "stable": [
            {"population": population, "group": group, **entry}
            for population, lives in populations.items()
            for group, chosen in _groups(population, len(lives))
            for entry in burden([lives[place] for place in chosen], everyone, ours, years)
        ],
        "moved_thresholds": moved,
        "results": results,
    }


def _groups(population: str, count: int) -> Iterator[tuple[str, list[int]]]:
    yield "all", list(range(count))
    if population == "steady":
        for variant in ("weekly_cv", "device", "residual"):
            for value in dict.fromkeys(getattr(kind_of(number), variant) for number in range(count)):
                yield f"{variant} {value}", [n for n in range(count) if getattr(kind_of(n), variant) == value]


def sum_rules(lives: list[dict[str, Verdict]], rules: Iterable[str], years: float) -> dict[str, Any]:
    """Alarms of all watch-only rules together, a runner-year."""
    watch = [sum(count_alarms(v[name].codes >= WATCH, WARM_UP_DAYS) for name in rules) / years for v in lives]
    act = [sum(count_act(v[name].codes, WARM_UP_DAYS) for name in rules) / years for v in lives]
    told: dict[str, Any] = {"rules": list(rules)}
    for level, values in (("watch", watch), ("act", act)):
        mean = mean_with_interval(np.array(values))
        told[f"{level}_per_runner_year"] = mean["value"]
        told[f"{level}_interval"] = [mean["low"], mean["high"]]
    return told


def burden(
    lives: list[dict[str, Verdict]], names: Iterable[str], ours: Iterable[str], years: float
) -> Iterator[dict[str, Any]]:
    """Alarms of each rule a runner-year, days a year on which it stands at watch, share of days not assessable."""
    for name in names:
        own = [life[name].codes for life in lives]
        after = [codes[WARM_UP_DAYS:] for codes in own]
        yield {
            "rule": name,
            "kind": "loadlens" if name in ours else "baseline",
            "runners": len(lives),
            "watch_per_runner_year": mean_with_interval(
                np.array([count_alarms(codes >= WATCH, WARM_UP_DAYS) / years for codes in own])
            ),
            "act_per_runner_year": mean_with_interval(
                np.array([count_act(codes, WARM_UP_DAYS) / years for codes in own])
            ),
            "days_per_runner_year": float(np.mean([(codes >= WATCH).mean() for codes in after]) * 365),
            "not_assessable": float(np.mean([(codes == 0).mean() for codes in after])),
        }


# ---------------------------------------------------------------- planted
def plant(
    scenario: Scenario,
    steady: list[tuple[Runner, dict[str, Verdict]]],
    weeks: int,
    guidance: Guidance,
    moved: dict[str, dict[str, float]],
) -> Iterator[dict[str, Any]]:
    """Plant a scenario in every steady life and hold each rule against the same days of the life as it was."""
    names = [name for name in scenario.rules if name in BASELINES or "watch" in _levels(guidance, name)]
    if not names:
        return
    longest = max(scenario.windows)
    pairs: dict[Any, list[tuple[int, dict[str, Verdict], dict[str, Verdict]]]] = {}
    starts = [
        (runner, before, week)
        for runner, before in steady
        for week in start_weeks(runner.name, scenario.name, weeks, longest, scenario.starts)
    ]
    for runner, before, week in starts:
        start = 7 * week + scenario.first_day
        life = scenario.change(runner.kind, runner.name, weeks, week).until(start + longest)
        log = write_log(
            life,
            minutes_from=start - MINUTES_BEFORE if needs_minutes(guidance, names) else None,
            nights=bool({"resting_heart_rate", "mean_plus_5"} & set(names)),
        )
        pair = (start, judge(log, guidance, names), before)
        pairs.setdefault("all", []).append(pair)
        pairs.setdefault(f"{scenario.variants} {getattr(runner.kind, scenario.variants)}", []).append(pair)
    for variant, group in pairs.items():
        for window in scenario.windows:
            for name in names:
                yield {
                    "scenario": scenario.name,
                    "what": scenario.what,
                    "variant": variant,
                    "window_days": window,
                    "quiet": scenario.quiet,
                    "rule": name,
                    "kind": "baseline" if name in BASELINES else "loadlens",
                    "runners": len(group) // scenario.starts,
                    "planted": len(group),
                    **compare(group, name, window, moved[name], scenario.starts),
                }


def _levels(guidance: Guidance, name: str) -> Iterable[str]:
    return guidance.rules[name].levels if name in guidance.rules else ()


def needs_minutes(guidance: Guidance, names: Iterable[str]) -> bool:
    """Tell whether any of the rules reads the minutes."""
    return any(name in NEEDS_MINUTES or "minutes" in getattr(guidance.rules.get(name), "signal", ()) for name in names)


def start_weeks(name: str, scenario: str, weeks: int, longest: int, count: int) -> list[int]:
    """Draw the weeks of the change: after the warm-up, and with room for the whole window."""
    rng = np.random.default_rng(crc32(f"{name} {scenario}".encode()))
    last = weeks - max(longest // 7, LONGEST_PLAN) - 1
    return [int(rng.integers(WARM_UP_DAYS // 7 + 1, last)) for _ in range(count)]


def compare(
    group: list[tuple[int, dict[str, Verdict], dict[str, Verdict]]],
    name: str,
    window: int,
    moved: dict[str, float],
    starts: int = 1,
) -> dict[str, Any]:
    """Hits of one rule within a window: as it is, and with thresholds moved to so many alarms a year.

    A hit is a day of the window at watch or above; chance is the same of the life as it was. The delay runs to the
    first day at watch on which the life as it was is not. Of a runner's `starts`, which follow one another in the
    group, the interval takes the mean: runners are drawn anew, not starts.
    """
    with_change, without, delays, unknown = [], [], [], []
    for start, after, before in group:
        days = slice(start, start + window)
        planted, usual = after[name].codes[days], before[name].codes[days]
        with_change.append((planted >= WATCH).any())
        without.append((usual >= WATCH).any())
        new = np.flatnonzero((planted >= WATCH) & (usual < WATCH))
        if len(new):
            delays.append(int(new[0]))
        unknown.append((planted == 0).mean())
    hit, chance = np.array(with_change, dtype=float), np.array(without, dtype=float)
    told: dict[str, Any] = {
        "hit": float(hit.mean()),
        "chance": float(chance.mean()),
        "hit_minus_chance": mean_with_interval((hit - chance).reshape(-1, starts).mean(axis=1)),
        "median_delay_days": float(np.median(delays)) if delays else None,
        "not_assessable": float(np.mean(unknown)),
    }
    for rate, threshold in moved.items():
        hits = [(after[name].scores[s : s + window] >= threshold).any() for s, after, _ in group]
        by_chance = [(before[name].scores[s : s + window] >= threshold).any() for s, _, before in group]
        told[f"at_{rate}_per_year"] = {"hit": float(np.mean(hits)), "chance": float(np.mean(by_chance))}
    return told
