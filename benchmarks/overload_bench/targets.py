"""What is aimed for, held against what was found."""

from __future__ import annotations

from typing import Any

FOUND = [  # scenario, variant, window, rule, least hit minus chance
    ("volume_40", "weekly_cv 0.25", 21, "two_week_volume", 0.50),
    ("ramp_15", "weekly_cv 0.25", 35, "two_week_volume", 0.75),
    ("one_run_1.6", "all", 1, "longest_run", 0.95),
    ("resting_heart_rate_5", "device smooth", 14, "resting_heart_rate", 0.65),
    ("resting_heart_rate_5", "device noisy", 14, "resting_heart_rate", 0.50),
    ("cadence_4", "residual 3.0", 42, "cadence", 0.65),
    ("cadence_4", "residual 1.5", 42, "cadence", 0.85),
]
MOST = {"watch": (6.0, 2.0), "act": (1.0, 0.5)}
"""Level -> most alarms a runner-year of all rules together, and of any single one."""


def pick(found: dict[str, Any], scenario: str, variant: str, window: int, rule: str) -> dict[str, Any] | None:
    """Return the entry of one rule on one scenario, None where the rule has no alarm level."""
    for entry in found["results"]:
        if (entry["scenario"], entry["variant"], entry["window_days"], entry["rule"]) == (
            scenario, variant, window, rule,
        ):  # fmt: skip
            return dict(entry)
    return None


def burden_of(found: dict[str, Any], rule: str, group: str = "all", population: str = "steady") -> dict[str, Any]:
    """Return what a rule raises in one group."""
    return next(
        dict(entry)
        for entry in found["stable"]
        if (entry["rule"], entry["group"], entry["population"]) == (rule, group, population)
    )


def check_targets(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Targets with what was found, and whether they are met."""
    rows = []

    def add(target: str, value: float, met: bool) -> None:
        rows.append({"target": target, "found": value, "met": met})

    ours = found["all_rules"]["rules"]
    for level, (all_most, one_most) in MOST.items():
        value = found["all_rules"][f"{level}_per_runner_year"]
        add(f"steady runners, all rules together: at most {all_most:g} {level} a year", value, value <= all_most)
        value, rule = max((burden_of(found, rule)[f"{level}_per_runner_year"]["value"], rule) for rule in ours)
        add(f"steady runners, any single rule ({rule}): at most {one_most:g} {level} a year", value, value <= one_most)
    value = found["percentage_alarms_of_novices"]
    add("novices of 2 to 8 km a week: no alarm about a percentage", value, value == 0)
    for scenario, variant, window, rule, least in FOUND:
        entry = pick(found, scenario, variant, window, rule)
        if entry:
            value = entry["hit_minus_chance"]["value"]
            within = "the same day" if window == 1 else f"within {window} days"
            add(f"{entry['what']} ({variant.replace('_', ' ')}): hit minus chance at least {least:.2f} {within}",
                value, value >= least)  # fmt: skip
    for rule, what in (("cadence", "cadence"), ("performance_fall", "falling performance")):
        entry = pick(found, "base_phase", "all", 56, rule)
        if entry:
            add(f"alarm about {what} in 8 slower weeks: at most 0.10", entry["hit"], entry["hit"] <= 0.10)
    return rows
