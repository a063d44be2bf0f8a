"""How often rules speak up on a log and on its twins, and thresholds moved to a budget, openly."""

from __future__ import annotations

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from builders import build_activities, build_log
from loadlens import words
from loadlens.alarm_budget import ALL, budget, fit_budget, tell_budget
from loadlens.drawing.rate_figure import plot_budget
from loadlens.findings import assess
from loadlens.guidance import Guidance, read_guidance
from loadlens.log import LogError, RunningLog, empty_table
from loadlens.report_sections import page_about

START = pd.Timestamp("2023-01-02")
OURS = {"watch": "ours", "act": "ours"}
LOOSE = {
    "longest_run": {"watch": ({"ratio": {"above": 1.2}},), "act": ({"ratio": {"above": 2.0}},)},
    "two_week_volume": {
        "watch": ({"ratio": {"at_least": 1.2}, "z": {"at_least": 1.0}},),
        "act": ({"ratio": {"at_least": 1.5}, "z": {"at_least": 1.5}},),
    },
    "sleep": {
        "note": ({"mean": {"below": 25_200}},),
        "watch": ({"mean": {"below": 23_400}},),
        "act": ({"mean": {"below": 21_600}, "long_mean": {"below": 21_600}},),
    },
}
"""Limits that an uneven runner passes often, so that the tests do not hang on those of the document."""


def loosen() -> Guidance:
    guidance = read_guidance()
    rules = {
        name: replace(guidance.rules[name], levels=levels, whose={"note": "page", **OURS} if "note" in levels else OURS)
        for name, levels in LOOSE.items()
    }
    return replace(guidance, rules=guidance.rules | rules)


GUIDANCE = loosen()


def uneven_log(weeks: int = 60, spread: float = 0.45, seed: int = 5) -> RunningLog:
    """Four runs a week whose weeks vary a lot, and nights that vary as a watch's do."""
    rng = np.random.default_rng(seed)
    runs = []
    for week in range(weeks):
        size = float(np.exp(spread * rng.normal()))
        for day, base in ((1, 8000), (3, 8000), (5, 8000), (6, 14_000)):
            date = START + pd.Timedelta(days=7 * week + day)
            runs.append((str(date.date()), base * size * float(rng.uniform(0.8, 1.25))))
    nights = 7 * weeks
    wellness = pd.DataFrame(
        {
            "date": pd.date_range(START, periods=nights, freq="D"),
            "rhr_day": np.round(50 + 2.5 * rng.normal(size=nights)),
            "sleep": 24_500 + 3600 * rng.normal(size=nights),
        }
    )
    diary = pd.DataFrame({"date": [START], "kind": ["pain"], "value": [1.0], "tags": [""]})
    return build_log(build_activities(runs), wellness, diary)


@pytest.fixture(scope="module")
def log() -> RunningLog:
    return uneven_log()


@pytest.fixture(scope="module")
def table(log: RunningLog) -> pd.DataFrame:
    return budget(log, GUIDANCE, twins=6)


@pytest.fixture(scope="module")
def fitted(log: RunningLog) -> Guidance:
    return fit_budget(log, GUIDANCE, per_year=3, twins=6)


def only(*rules: str) -> Guidance:
    kept = {name: GUIDANCE.rules[name] for name in rules}
    return replace(GUIDANCE, rules=kept)


# ---------------------------------------------------------------- counting
def test_alarms_are_those_of_the_assessment_over_the_days_it_could_assess(log, table):
    found = assess(log, GUIDANCE).rules.set_index("rule")
    rows = table[table["rule"] != ALL].set_index("rule")
    assert (rows["alarms"] == found["alarms"].reindex(rows.index)).all()
    assert (rows["years"] == found["days_assessable"].reindex(rows.index) / 365.25).all()
    counted = rows[(rows["years"] > 0) & (rows["reason"] != "only_diary")]
    assert (counted["per_year"] == counted["alarms"] / counted["years"]).all()
    assert ((counted["low"] <= counted["per_year"]) & (counted["per_year"] < counted["high"])).all()


def test_three_long_runs_in_a_steady_year_are_three_alarms():
    """53 weeks of four runs; the first 30 days cannot be assessed, so 3 alarms in 341 of 371 days: 3.2 a year."""
    dates = [START + pd.Timedelta(days=7 * week + day) for week in range(53) for day in (0, 2, 4, 6)]
    metres = [10_000.0] * len(dates)
    for week in (15, 27, 40):
        metres[4 * week + 3] = 16_000.0
    runs = build_activities([(str(d.date()), m) for d, m in zip(dates, metres, strict=True)])
    row = budget(build_log(runs), only("longest_run"), twins=4).iloc[0]
    assert row["alarms"] == 3
    assert row["per_year"] == pytest.approx(3 / (341 / 365.25))
    assert row["low"] == pytest.approx(0.6187 / (341 / 365.25), abs=1e-3)  # Garwood's limits for 3
    assert 0 < row["twins"] <= 3 / (341 / 365.25) * 1.01, "the same three runs in every twin, some of them joined"


def test_the_same_seed_gives_the_same_twins_and_another_seed_others(log, table):
    pd.testing.assert_frame_equal(budget(log, GUIDANCE, twins=6), table)
    other = budget(log, GUIDANCE, twins=6, seed=1)
    assert (other["per_year"].dropna() == table["per_year"].dropna()).all()
    assert (other["twins"].fillna(0) != table["twins"].fillna(0)).any()


def test_what_has_no_twins_says_why(log, table):
    reasons = table.set_index("rule")["reason"]
    assert reasons["swelling"] == "only_diary"
    assert reasons["cadence"] == reasons["shoes"] == "not_assessable"
    assert table.set_index("rule").loc["swelling", ["per_year", "low", "twins", "twins_low"]].isna().all()
    worn = replace(log, activities=log.activities.assign(gear=pd.Series("A", log.activities.index, dtype="str")))
    assert budget(worn, only("shoes"), twins=1).iloc[0]["reason"] == "adds_up"
    short = budget(uneven_log(weeks=19), GUIDANCE, twins=2).set_index("rule")
    assert short.loc["longest_run", "reason"] == "log_too_short"
    assert short.loc["longest_run", "per_year"] >= 0
    assert short.loc["two_week_volume", "reason"] == "too_few_days", "the first twelve weeks only serve to compare with"
    assert np.isnan(short.loc["two_week_volume", "per_year"])


def test_rules_that_only_note_are_not_counted(table):
    assert {"weekly_increase", "strength", "shoe_rotation"} & set(table["rule"]) == set()


def test_rates_of_all_rules_add_up(table):
    paired = table[(table["reason"] == "") & (table["rule"] != ALL)]
    total = table[table["rule"] == ALL].iloc[0]
    assert total["alarms"] == paired["alarms"].sum() > 0
    assert total["per_year"] == pytest.approx(paired["per_year"].sum())
    assert total["twins"] == pytest.approx(paired["twins"].sum())
    assert total["twins_low"] <= total["twins"] <= total["twins_high"]


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_every_rule_is_told_and_those_not_counted_together(log, table, lang):
    lines = tell_budget(table, GUIDANCE, lang)
    assert len(lines) == table["per_year"].notna().sum() + 2
    for rule in table.loc[table["rule"] != ALL, "rule"]:
        assert sum(GUIDANCE.rules[rule].words[lang]["name"] in line for line in lines) == 1
    assert lines[-2].endswith(words.say("budget.no_twins_only_diary", lang))
    assert lines[-1].endswith(words.say("budget.no_twins_not_assessable", lang))
    assert words.MISSING not in "".join(lines)


def test_rates_are_drawn_for_rules_with_twins_and_all_together(table):
    ax = plot_budget(table, GUIDANCE)
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == [
        GUIDANCE.rules[rule].words["en"]["name"] for rule in table.loc[table["reason"] == "", "rule"][:-1]
    ] + [words.say("budget.all")]
    dots = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "o"]
    assert dots == table.loc[table["reason"] == "", "per_year"].tolist()
    plt.close(ax.figure)


# ---------------------------------------------------------------- the budget
@pytest.mark.parametrize("per_year", [0.5, 3, 6.5])
def test_the_twins_keep_within_the_budget(log, table, per_year):
    assert table.set_index("rule")["twins"][ALL] > 6.5, "else the test shows nothing"
    own = fit_budget(log, GUIDANCE, per_year=per_year, twins=6)
    after = budget(log, own, twins=6).set_index("rule")["twins"][ALL]
    assert after <= per_year + 1e-9
    assert after > 0.6 * per_year - 0.5, "no stricter than the budget asks"


def test_limits_only_become_stricter_and_every_move_is_told(fitted):
    assert fitted.moved
    for move in fitted.moved:
        was, now = GUIDANCE.rules[move.rule], fitted.rules[move.rule]
        assert was.levels[move.level][move.condition][move.column][move.bound] == move.before
        assert now.levels[move.level][move.condition][move.column][move.bound] == move.after
        assert (move.after > move.before) is (move.bound in ("above", "at_least"))
        assert move.after != move.before
        assert now.whose[move.level] == "budget"
    told = {(m.rule, m.level, m.condition, m.column, m.bound) for m in fitted.moved}
    for name, rule in fitted.rules.items():  # and nothing else moved
        for level, conditions in rule.levels.items():
            for place, condition in enumerate(conditions):
                for column, bounds in condition.items():
                    for bound, limit in bounds.items():
                        same = GUIDANCE.rules[name].levels[level][place][column][bound] == limit
                        assert same is ((name, level, place, column, bound) not in told)


def test_notes_the_page_the_diary_and_shoes_never_move(log):
    own = fit_budget(log, GUIDANCE, per_year=0.1, twins=4)
    for name, rule in own.rules.items():
        was = GUIDANCE.rules[name]
        fixed = {level for level in rule.levels if level not in ("watch", "act") or was.whose[level] == "page"}
        assert all(rule.levels[level] == was.levels[level] for level in fixed)
        if was.signal == ("diary",) or name in ("shoes", "shoe_rotation"):
            assert rule == was


def test_act_never_starts_before_watch(fitted):
    rule = fitted.rules["sleep"]
    assert rule.levels["watch"][0]["mean"]["below"] < GUIDANCE.rules["sleep"].levels["watch"][0]["mean"]["below"]
    assert rule.levels["act"][0]["mean"]["below"] <= rule.levels["watch"][0]["mean"]["below"]


def test_the_guidance_and_its_findings_say_what_moved(log, fitted):
    assert fitted.key == f"{GUIDANCE.id}@{GUIDANCE.version}+own"
    assert fitted.alarm_budget == 3
    found = assess(log, fitted)
    move = next(m for m in fitted.moved if m.rule == "two_week_volume" and m.level == "watch")
    day = found.days[(found.days["rule"] == move.rule) & (found.days["level"] != "not_assessable")]["date"].iloc[0]
    english, dutch = (found.tell(move.rule, day, lang) for lang in ("en", "nl"))
    assert f"{move.after:.2f}× instead of {move.before:.2f}×" in english
    assert f"{move.after:.2f}× in plaats van {move.before:.2f}×".replace(".", ",") in dutch
    assert fitted.tell_moved("swelling") == ""
    assert all(m.rule in {"two_week_volume", "longest_run", "sleep", "resting_heart_rate"} for m in fitted.moved)


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_the_report_says_which_limits_were_moved(fitted, lang):
    assert fitted.moved
    told = fitted.tell_moves(lang)
    assert [line for line in page_about(fitted, lang) if line in told] == told
    assert len(told) == len({move.rule for move in fitted.moved})


def test_the_sentence_on_resting_heart_rate_names_the_limit_that_holds(log):
    rule = GUIDANCE.rules["resting_heart_rate"]
    stricter = replace(rule, levels={**rule.levels, "watch": ({"excess": {"at_least": 14.5}},)})
    found = assess(log, replace(GUIDANCE, rules={rule.id: stricter}))
    assert "Attention starts at 14.5\u00a0bpm" in found.tell(rule.id)
    assert "Let op begint bij 14,5\u00a0slagen" in found.tell(rule.id, lang="nl")


def test_within_the_budget_nothing_moves(log):
    assert fit_budget(log, GUIDANCE, per_year=1000, twins=2) is GUIDANCE


def test_a_second_budget_still_tells_what_the_document_had(log, fitted):
    again = fit_budget(log, fitted, per_year=1, twins=6)
    assert again.key == fitted.key
    once = {(m.rule, m.level, m.condition) for m in fitted.moved}
    assert once & {(m.rule, m.level, m.condition) for m in again.moved}
    for move in again.moved:
        was = GUIDANCE.rules[move.rule].levels[move.level][move.condition][move.column][move.bound]
        assert move.before == was


def test_the_highest_gives_way_first(log):
    """Rates 8 and 1 under a budget of 4: the lower stays as it is, the higher gives way to 3."""
    from loadlens.alarm_budget import _level_out

    assert _level_out({"a": 8.0, "b": 1.0}, 4.0) == 3.0
    assert _level_out({"a": 8.0, "b": 3.0}, 4.0) == 2.0
    assert _level_out({"a": 1.0, "b": 2.0}, 4.0) == float("inf")


@pytest.mark.parametrize("per_year", [0, -1, float("nan")])
def test_a_budget_of_nothing_is_refused(log, per_year):
    with pytest.raises(ValueError, match="per_year"):
        fit_budget(log, GUIDANCE, per_year=per_year)


def test_no_twins_is_refused(log):
    for count in (budget, fit_budget):
        with pytest.raises(ValueError, match="twins is 0"):
            count(log, GUIDANCE, twins=0)


def test_limits_on_both_sides_of_a_value_move_apart(log):
    """A rule on too little and too much sleep: the low limit goes down, the high one up, and act stays beyond watch."""
    rule = GUIDANCE.rules["sleep"]
    watch = ({"mean": {"below": 24_000}}, {"mean": {"above": 25_500}})
    both = replace(
        rule, levels={"watch": watch, "act": ({"mean": {"above": 25_800}},)}, whose={"watch": "ours", "act": "ours"}
    )
    own = fit_budget(log, replace(GUIDANCE, rules={"sleep": both}), per_year=1, twins=4).rules["sleep"].levels
    low, high = (next(iter(condition["mean"].values())) for condition in own["watch"])
    assert low < 24_000
    assert high > 25_500
    assert own["act"][0]["mean"]["above"] >= high


def test_a_short_log_and_an_empty_log_are_refused():
    with pytest.raises(ValueError, match="84 days; twenty weeks"):
        fit_budget(uneven_log(weeks=12).until(START + pd.Timedelta(days=83)), GUIDANCE)
    with pytest.raises(LogError):
        budget(build_log(empty_table("activities")), GUIDANCE)


def test_a_budget_that_the_page_alone_exceeds_is_refused(log):
    rule = GUIDANCE.rules["sleep"]
    pages = replace(rule, whose=dict.fromkeys(rule.whose, "page"))
    with pytest.raises(ValueError, match=r"numbers of the page.*at least that, not 0.1"):
        fit_budget(log, replace(GUIDANCE, rules={"sleep": pages}), per_year=0.1, twins=4)
