"""Limits that are moved by hand: judged as if the guidance had them there, and written down so that it can."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import loadlens as ll
from builders import build_activities, build_log
from loadlens.findings import Assessment
from loadlens.guidance import GuidanceError, read_guidance
from loadlens.rule_trials import (
    BY_HAND,
    count_alarms,
    find_reach,
    judge_again,
    list_movable,
    move_limits,
    try_limits,
)
from loadlens.rules import Bound, list_bounds

START = pd.Timestamp("2024-01-01")
WATCH = Bound("watch", 0, "ratio", "above")
RISE = Bound("watch", 0, "rise", "at_least")


def log_with_three_long_runs():
    """53 weeks of four runs of 10 km; three of them, twelve weeks apart or more, are 13 km."""
    dates = [START + pd.Timedelta(days=7 * week + day) for week in range(53) for day in (0, 2, 4, 6)]
    metres = [10_000.0] * len(dates)
    for week in (15, 27, 40):
        metres[4 * week + 3] = 13_000.0
    return build_log(build_activities([(str(d.date()), m) for d, m in zip(dates, metres, strict=True)]))


@pytest.fixture(scope="module")
def found() -> Assessment:
    return ll.assess(log_with_three_long_runs())


@cache
def assess_gaps() -> Assessment:
    """Runs of which every seventh lacks its distance, so that some levels stay open between two ends."""
    rng = np.random.default_rng(4)
    days = [START + pd.Timedelta(days=int(d)) for d in np.flatnonzero(rng.random(300) < 0.6)]
    runs = build_activities([(str(day.date()), float(9000 * np.exp(0.4 * rng.normal()))) for day in days])
    runs["duration"] *= rng.uniform(0.8, 1.25, len(runs))  # at one speed a duration would tell the distance
    runs.loc[runs.index % 7 == 3, "distance"] = np.nan
    return ll.assess(build_log(runs))


def same(one: pd.DataFrame, other: pd.DataFrame, rule: str) -> None:
    pd.testing.assert_frame_equal(
        one[one["rule"] == rule].reset_index(drop=True), other[other["rule"] == rule].reset_index(drop=True)
    )


def test_a_limit_of_130_percent_makes_three_long_runs_three_alarms_and_of_150_none(found: Assessment):
    """13 km over 10 km is 1.3, and 3 km more. Days 30 to 370 can be assessed: 3 in 341 days are 3.21 a year."""
    rule = found.guidance.rules["longest_run"]
    assert count_alarms(found, "longest_run")["alarms"] == 0
    counted = count_alarms(judge_again(found, move_limits(rule, {WATCH: 1.29})), "longest_run")
    assert counted["alarms"] == 3
    assert counted["per_year"] == pytest.approx(3 / (341 / 365.25))
    assert counted["low"] < counted["per_year"] < counted["high"]


def test_the_counts_of_limits_that_did_not_move_are_those_of_the_budget(found: Assessment):
    only = replace(found.guidance, rules={"longest_run": found.guidance.rules["longest_run"]})
    row = ll.budget(found.log, only, twins=1).iloc[0]
    counted = count_alarms(found, "longest_run")
    assert [counted[name] for name in ("alarms", "years", "per_year", "low", "high")] == [
        row[name] for name in ("alarms", "years", "per_year", "low", "high")
    ]


@pytest.mark.parametrize("gaps", [False, True])
def test_judging_again_by_the_same_limits_changes_nothing(gaps: bool, found: Assessment):
    before = assess_gaps() if gaps else found
    for name, rule in before.guidance.rules.items():
        again = judge_again(before, rule)
        for table in ("days", "episodes", "alarms", "rules"):
            same(getattr(before, table), getattr(again, table), name)


@settings(max_examples=12, deadline=None)
@given(share=st.floats(0.05, 0.95), name=st.sampled_from(["longest_run", "two_week_volume", "acute_chronic"]))
def test_judging_again_is_what_assessing_with_those_limits_gives(share: float, name: str):
    gappy = assess_gaps()
    assert (gappy.days["reason"] == "load_between").any()
    rule = gappy.guidance.rules[name]
    limits = {}
    for bound in list_movable(rule):
        reach = find_reach(gappy, rule, bound)
        limits[bound] = reach.low + share * (reach.high - reach.low)
    moved = move_limits(rule, limits)
    whole = ll.assess(gappy.log, replace(gappy.guidance, rules={name: moved}))
    again = judge_again(gappy, moved)
    for table in ("days", "episodes", "alarms", "rules"):
        same(getattr(whole, table), getattr(again, table), name)


def test_a_moved_limit_says_that_it_was_moved_and_loses_the_rate_measured_without_it():
    rule = read_guidance().rules["longest_run"]
    moved = move_limits(rule, {WATCH: 1.3, RISE: RISE.of(rule)})
    assert moved.levels["watch"][0] == {
        "ratio": {"above": 1.3},
        "rise": {"at_least": 2000},
        "weekly": {"at_least": 10_000},
    }
    assert moved.whose == {"note": "research", "watch": BY_HAND, "act": "ours"}
    assert (moved.alarms_per_year, rule.alarms_per_year) == (None, 0.89)
    assert move_limits(rule, {WATCH: 1.5}) is rule
    assert rule.levels["watch"][0]["ratio"] == {"above": 1.5}


def test_red_flags_do_not_move():
    rules = read_guidance().rules
    assert list_movable(rules["swelling"]) == []
    assert {bound.level for bound in list_movable(rules["locking"])} == {"note"}
    (flag,) = list_bounds(rules["swelling"])
    with pytest.raises(ValueError, match="swelling: doctor 0 flags at_least does not move"):
        move_limits(rules["swelling"], {flag: 2})


def test_a_limit_is_a_number(found: Assessment):
    with pytest.raises(ValueError, match="longest_run: ratio above nan; a limit is a number"):
        move_limits(found.guidance.rules["longest_run"], {WATCH: float("nan")})


def test_every_movable_limit_lies_within_its_reach_on_a_step(found: Assessment):
    for name, rule in found.guidance.rules.items():
        for bound in list_movable(rule):
            reach, limit = find_reach(found, rule, bound), bound.of(rule)
            assert reach.low <= limit < reach.high or (reach.low < limit <= reach.high), (name, bound)
            assert (limit - reach.low) / reach.step == pytest.approx(round((limit - reach.low) / reach.step), abs=1e-6)
            assert (reach.high - reach.low) / reach.step <= 450


def test_trying_limits_gives_the_published_one_once_for_each_and_stricter_ones_alarm_less(found: Assessment):
    table = try_limits(found, "longest_run", steps=7)
    places = ["level", "condition", "column", "bound"]
    assert (table.groupby(places)["published"].sum() == 1).all()
    ratio = table[(table["level"] == "watch") & (table["column"] == "ratio")]
    assert ratio["limit"].is_monotonic_increasing
    assert ratio["days_at"].is_monotonic_decreasing
    assert ratio["days_at"].iloc[0] > ratio["days_at"].iloc[-1]


def test_no_rate_is_given_where_there_is_none(found: Assessment):
    assert count_alarms(found, "swelling")["reason"] == "not_assessable"
    short = ll.assess(found.log.until(START + pd.Timedelta(days=100)))
    counted = count_alarms(short, "longest_run")
    assert counted["reason"] == "too_few_days"
    assert np.isnan([counted["per_year"], counted["low"], counted["high"]]).all()


def test_an_unknown_rule_is_answered_with_the_known_ones(found: Assessment):
    for call in (
        lambda: try_limits(found, "longest_rum"),
        lambda: judge_again(found, replace(found.guidance.rules["sleep"], id="x")),
    ):
        with pytest.raises(GuidanceError, match=r"runners_knee@1\.0\.0: no rule .*longest_run"):
            call()
    with pytest.raises(ValueError, match="steps is 1"):
        try_limits(found, "longest_run", steps=1)


# ---------------------------------------------------------------- the text to keep
@pytest.mark.parametrize("name", list(read_guidance().rules))
def test_every_rule_is_written_so_that_it_reads_back(name: str, tmp_path: Path):
    guidance = read_guidance()
    file = tmp_path / "my_rules.toml"
    file.write_text(ll.write_rule(guidance, guidance.rules[name]), encoding="utf-8")
    assert read_guidance(file).rules[name] == guidance.rules[name]


def test_moved_limits_are_written_as_ours_with_words_that_say_so(found: Assessment, tmp_path: Path):
    moved = move_limits(found.guidance.rules["longest_run"], {WATCH: 1.25})
    file = tmp_path / "my_rules.toml"
    file.write_text(ll.write_rule(found.guidance, moved), encoding="utf-8")
    own = read_guidance(file)
    assert own.key == "my_longest_run@1"
    rule = own.rules["longest_run"]
    assert (rule.levels, rule.whose["watch"], rule.alarms_per_year) == (moved.levels, "ours", None)
    assert "attention: ratio 1.25× instead of 1.50×" in rule.words["en"]["why"].replace("\u00a0", " ")
    assert "let op: verhouding 1,25× in plaats van 1,50×" in rule.words["nl"]["why"].replace("\u00a0", " ")
    same(ll.assess(found.log, own).days, judge_again(found, moved).days, "longest_run")


def test_a_rule_of_another_guidance_is_not_written(found: Assessment):
    with pytest.raises(GuidanceError, match="no rule 'other'"):
        ll.write_rule(found.guidance, replace(found.guidance.rules["sleep"], id="other"))
