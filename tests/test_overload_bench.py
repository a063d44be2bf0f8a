"""The benchmark of rules: its runners are what they claim to be, its counting is that of findings, its figures fit."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from builders import build_activities, build_log
from loadlens.findings import assess
from loadlens.guidance import read_guidance

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # benchmarks are no part of the package

from benchmarks.overload_bench import baselines, changes, experiment, page, scoring  # noqa: E402
from benchmarks.overload_bench.runners import SETTINGS, WEEKLY_CV, Kind, Plan, draw_runner, write_log  # noqa: E402
from benchmarks.overload_bench.targets import burden_of  # noqa: E402

pytestmark = pytest.mark.slow

GUIDANCE = read_guidance()
PUBLISHED = json.loads((ROOT / "docs" / "overload_bench.json").read_text("utf-8"))


def weekly(runner) -> np.ndarray:
    return np.bincount(runner.runs["day"], runner.runs["distance"], runner.days).reshape(-1, 7).sum(axis=1)


# ---------------------------------------------------------------- runners
@pytest.mark.parametrize("cv", WEEKLY_CV)
def test_weeks_vary_as_much_as_they_say(cv):
    found = []
    for number in range(12):
        weeks = weekly(draw_runner(Kind(weekly_cv=cv), f"T-{number}", 104)) / 1000
        windows = np.lib.stride_tricks.sliding_window_view(weeks, 9)
        windows = windows[(windows > 5).all(axis=1)]
        found += list(windows.std(axis=1, ddof=1) / windows.mean(axis=1))
    assert np.median(found) == pytest.approx(cv, rel=0.12)


def test_nights_vary_and_hang_together_as_measured():
    """Measured: SD within a person 2.1 to 2.4 over three months, 1.6 to 1.8 without the 29-day median, steps of 1.2."""
    rows = []
    for number in range(20):
        nights = draw_runner(Kind(), f"T-{number}", 70).nights["rhr"].iloc[:97]
        off = nights - nights.rolling(29, center=True, min_periods=15).median()
        rows.append((nights.std(), off.std(), nights.diff().std(), off.corr(off.shift(1))))
    within, off, step, memory = np.mean(rows, axis=0)
    assert 1.9 < within < 2.5
    assert 1.5 < off < 1.9
    assert 1.1 < step < 1.5
    assert 0.6 < memory < 0.8


def test_the_same_name_gives_the_same_runner_and_another_name_another():
    first, again = (draw_runner.__wrapped__(Kind(), "T-1", 60) for _ in range(2))
    pd.testing.assert_frame_equal(first.runs, again.runs)
    pd.testing.assert_frame_equal(first.nights, again.nights)
    assert not first.runs["distance"].equals(draw_runner(Kind(), "T-2", 60).runs["distance"])


def test_a_plan_changes_its_own_weeks_and_nothing_else():
    usual = draw_runner(Kind(), "T-3", 60)
    planned = draw_runner(Kind(), "T-3", 60, Plan(40, (1.4,) * 6))
    outside = [~runner.runs["day"].between(280, 321) for runner in (usual, planned)]
    pd.testing.assert_frame_equal(
        usual.runs[outside[0]].reset_index(drop=True), planned.runs[outside[1]].reset_index(drop=True)
    )
    drift = SETTINGS["training"]["drift_sd"]
    assert weekly(planned)[40:46].mean() / np.median(weekly(usual)) == pytest.approx(1.4, rel=3 * drift)


@pytest.mark.parametrize("scenario", changes.SCENARIOS, ids=lambda scenario: scenario.name)
def test_nothing_changes_before_a_scenario_begins(scenario):
    if scenario.name == "missing_days":
        pytest.skip("unknown days begin ten weeks before, so that references hold them too")
    usual = draw_runner(Kind(), "T-4", 60)
    life = scenario.change(Kind(), "T-4", 60, 40)
    start = 7 * 40 + scenario.first_day
    before = [runner.runs[runner.runs["day"] < start] for runner in (usual, life)]
    pd.testing.assert_frame_equal(*before, check_dtype=False)
    assert life.nights["rhr"].iloc[:start].equals(usual.nights["rhr"].iloc[:start])
    same = life.runs.equals(usual.runs) and life.nights.equals(usual.nights)
    assert not same, "a scenario plants something"


def test_one_run_is_as_much_longer_as_it_says():
    life = changes._one_run(1.6)(Kind(), "T-5", 60, 40)
    day = 7 * 40 + 6
    before = life.runs[life.runs["day"].between(day - 30, day - 1)]
    assert life.runs.set_index("day").loc[day, "distance"] == pytest.approx(1.6 * before["distance"].max())


# ---------------------------------------------------------------- naive rules, by hand
def log_of(weeks: list[float], run_days: tuple[int, ...] = (1, 3, 6)):
    """Weeks of so many metres from a Monday, spread evenly over their run days."""
    start = pd.Timestamp("2024-01-01")
    runs = [
        (str((start + pd.Timedelta(days=7 * w + d)).date()), m / len(run_days))
        for w, m in enumerate(weeks)
        for d in run_days
    ]
    return build_log(build_activities([("2024-01-01", 0.0), *runs]))


def test_the_ten_percent_rule_is_told_on_sundays():
    """22 km after 20 km is 1.1 times: a score of 1; 30 after 22 is 1.364 / 1.1 = 1.24."""
    scores = baselines.ten_percent(log_of([20_000, 22_000, 30_000]))
    assert scores[[13, 20]] == pytest.approx([1.0, 1.2397], abs=1e-3)
    assert scores[16] == 0


def test_acute_to_chronic_is_two_when_a_week_doubles_and_is_counted_apart():
    """Weeks of 20, 20, 20 and 40 km: coupled 40 / 25 = 1.6, uncoupled 40 / 20 = 2."""
    log = log_of([20_000, 20_000, 20_000, 40_000])
    assert baselines.acwr_coupled(log)[27] * 1.5 == pytest.approx(1.6)
    assert baselines.acwr_uncoupled(log)[27] * 1.5 == pytest.approx(2.0)


def test_a_week_is_held_against_the_mean_of_four():
    """39 km after four weeks of 30: 1.3 times and 9 km more is a score of 1; of 12 km it is less than 5 km more."""
    assert baselines.week_of_four(log_of([30_000] * 4 + [39_000]))[34] == pytest.approx(1.0)
    assert baselines.week_of_four(log_of([12_000] * 4 + [16_000]))[34] == 0


# ---------------------------------------------------------------- counting
def test_alarms_are_counted_as_findings_counts_them():
    for number in range(2):
        log = write_log(draw_runner(Kind(weekly_cv=0.38), f"T-{number}", 80))
        names = experiment.watch_only(GUIDANCE)
        found = assess(log, GUIDANCE).alarms
        for name, verdict in experiment.judge(log, GUIDANCE, names).items():
            own = found[found["rule"] == name]
            assert scoring.count_alarms(verdict.codes >= scoring.WATCH, 0) == len(own)
            assert scoring.count_act(verdict.codes, 0) == (own["level"] >= "act").sum()


def test_a_score_of_one_is_the_threshold_of_the_guidance():
    log = write_log(draw_runner(Kind(weekly_cv=0.38), "T-9", 80))
    for name, verdict in experiment.judge(log, GUIDANCE, experiment.watch_only(GUIDANCE)).items():
        alarms = verdict.codes >= scoring.WATCH
        if "act" in GUIDANCE.rules[name].levels:  # a day may reach act by a column that watch does not speak of
            assert alarms[verdict.scores >= 1].all(), name
        else:
            assert (alarms == (verdict.scores >= 1)).all(), name


def test_thresholds_move_until_alarms_come_so_often():
    """Peaks of 1 to 10, a month apart: a threshold just above 6 leaves four alarms, one a year over four years."""
    scores = np.zeros(400)
    scores[30::30][:10] = np.arange(1, 11)
    verdict = scoring.judge_baseline(scores)
    assert 6 < scoring.moved_threshold([verdict], 0, years=4, per_year=1) <= 6.01


def test_an_interval_holds_the_mean_and_is_none_where_all_are_alike():
    assert scoring.mean_with_interval(np.full(8, 2.5)) == {"value": 2.5, "low": 2.5, "high": 2.5}
    found = scoring.mean_with_interval(np.array([0.0, 1, 2, 3, 4, 5, 6, 7]))
    assert found["low"] < found["value"] == 3.5 < found["high"]


def test_hits_chance_and_delay_by_hand():
    """Two lives, 4 days from day 2: one hears on day 4 only with the change, the other on day 3 either way."""

    def verdict(*days: int) -> dict[str, scoring.Verdict]:
        scores = np.zeros(8)
        scores[list(days)] = 1
        return {"rule": scoring.judge_baseline(scores)}

    group = [(2, verdict(4), verdict()), (2, verdict(3), verdict(3))]
    found = experiment.compare(group, "rule", 4, {"1": 2.0})
    assert (found["hit"], found["chance"], found["hit_minus_chance"]["value"]) == (1.0, 0.5, 0.5)
    assert found["median_delay_days"] == 2
    assert found["at_1_per_year"] == {"hit": 0.0, "chance": 0.0}
    one_runner = experiment.compare(group, "rule", 4, {}, starts=2)["hit_minus_chance"]
    assert one_runner == {"value": 0.5, "low": 0.5, "high": 0.5}  # two starts of one life: no one else to be drawn


def test_more_starts_keep_the_first():
    once, four = (experiment.start_weeks("B-1", "illness", 130, 14, count) for count in (1, 4))
    assert four[0] == once[0]
    assert len(set(four)) > 1
    assert min(four) >= experiment.WARM_UP_DAYS // 7 + 1


# ---------------------------------------------------------------- the whole, small
def run_small(scenarios):
    """Few runners, and each scenario planted in two of them once."""
    scope = experiment.Scope(tuned=2, reported=3, planted=2, others=1, weeks=60)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(experiment, "SCENARIOS", [replace(one, starts=1) for one in scenarios])
        return experiment.run(scope, lambda _: None)


@pytest.fixture(scope="module")
def small():
    return run_small(changes.SCENARIOS)


def test_every_scenario_and_every_rule_is_told(small):
    assert {entry["scenario"] for entry in small["results"]} >= {
        s.name for s in changes.SCENARIOS if "cadence" in s.rules
    }
    assert set(small["all_rules"]["rules"]) == set(experiment.watch_only(GUIDANCE))
    low, high = small["all_rules"]["watch_interval"]
    assert low <= small["all_rules"]["watch_per_runner_year"] <= high
    together = sum(burden_of(small, rule)["watch_per_runner_year"]["value"] for rule in small["all_rules"]["rules"])
    assert small["all_rules"]["watch_per_runner_year"] == pytest.approx(together)


def test_the_same_seeds_give_the_same_figures(small):
    """Runners are drawn anew; of the scenarios every fifth."""
    draw_runner.cache_clear()
    again = run_small(changes.SCENARIOS[::5])
    names = {scenario.name for scenario in changes.SCENARIOS[::5]}
    assert again == {**small, "results": [entry for entry in small["results"] if entry["scenario"] in names]}
    assert {entry["scenario"] for entry in again["results"]}


def test_the_tables_can_be_read(small):
    time = {
        "ten_years_of_one_runner_seconds": 0.3,
        "runners_seconds": {"1": 0.3},
        "projected_1000_runners_seconds": 300,
    }
    text = page.as_text({**small, "real": None, "time": time})
    assert "all rules of loadlens together" in text
    assert "5 minutes" in text


# ---------------------------------------------------------------- what is published
def test_the_published_alarms_a_year_are_those_of_the_benchmark():
    for name in PUBLISHED["all_rules"]["rules"]:
        own = burden_of(PUBLISHED, name)["watch_per_runner_year"]
        stated = GUIDANCE.rules[name].alarms_per_year
        assert stated is not None, f"{name} has no alarms_per_year in rules.toml"
        assert own["low"] - 0.05 <= stated <= own["high"] + 0.05, name


def test_what_is_published_keeps_the_budget():
    assert PUBLISHED["all_rules"]["watch_per_runner_year"] <= 6
    assert PUBLISHED["all_rules"]["act_per_runner_year"] <= 1
    for name in PUBLISHED["all_rules"]["rules"]:
        assert burden_of(PUBLISHED, name)["watch_per_runner_year"]["value"] <= 2, name
        assert burden_of(PUBLISHED, name)["act_per_runner_year"]["value"] <= 0.5, name
    assert PUBLISHED["percentage_alarms_of_novices"] == 0
