"""Findings: every rule answers for every day, without looking ahead, and nothing mutes a red flag."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import build_activities, build_log
from loadlens import words
from loadlens.findings import assess
from loadlens.guidance import GuidanceError, read_guidance
from loadlens.log import LogError, RunningLog, conform, empty_table
from loadlens.simulators.simulated_exports import sample

GUIDANCE = read_guidance()
START = pd.Timestamp("2024-01-01")


def steady_runs(weeks: int, seed: int = 1) -> list[tuple[str, float]]:
    """Four runs a week of 8, 8, 8 and 14 km, give or take a few per cent."""
    rng = np.random.default_rng(seed)
    plan = [
        (7 * week + day, base) for week in range(weeks) for day, base in ((1, 8000), (3, 8000), (5, 8000), (6, 14_000))
    ]
    return [(str((START + pd.Timedelta(days=d)).date()), float(base * rng.uniform(0.96, 1.04))) for d, base in plan]


def wellness_of(days: int, seed: int = 2) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "date": pd.date_range(START, periods=days, freq="D"),
            "rhr_day": np.round(50 + rng.normal(0, 1, days)),
            "sleep": 27_000 + rng.normal(0, 1200, days),
        }
    )


def with_minutes(log: RunningLog, drop_from: str | None = None, hard_from: str | None = None) -> RunningLog:
    """Twenty minutes a run, cadence 130 + 15 x speed, every fourth run hard; from a date fewer steps, or all hard."""
    rng = np.random.default_rng(3)
    rows = []
    for n, (key, date) in enumerate(zip(log.runs["activity"], log.runs["date"], strict=True)):
        speed = 2.6 + 0.6 * rng.random()
        shift = rng.normal(0, 1) - (5 if drop_from and date >= pd.Timestamp(drop_from) else 0)
        minute = np.arange(20)
        frame = pd.DataFrame({"activity": key, "minute": minute, "recorded": 60.0, "moving": 1.0, "speed": speed})
        hard = n % 4 == 1 or (hard_from is not None and date >= pd.Timestamp(hard_from))
        frame["heart_rate"] = (160 if hard else 135) + 4 * rng.random() + rng.random(20)
        frame.loc[rng.random(20) < 0.02, "heart_rate"] = np.nan
        frame["ground_contact"] = 260 - 30 * speed + shift
        rows.append(frame.assign(cadence=130 + 15 * speed + shift, vertical_oscillation=88.0 + shift / 5))
    return replace(log, minutes=conform("minutes", pd.concat(rows))[0])


def steady_log(weeks: int = 40, **changes) -> RunningLog:
    activities = build_activities(changes.pop("runs", steady_runs(weeks)))
    activities["gear"] = [f"{'AB'[n % 2]}{n // 100}" for n in range(len(activities))]  # new pairs every 25 weeks
    return with_minutes(build_log(activities, wellness_of(7 * weeks), **changes))


def diary_of(*entries: tuple[str, str, float, str]) -> pd.DataFrame:
    dates, kinds, values, tags = zip(*entries, strict=True)
    return pd.DataFrame({"date": pd.to_datetime(list(dates)), "kind": kinds, "value": values, "tags": tags})


def level(found, rule: str, date: str) -> str:
    days = found.days
    return str(days[(days["rule"] == rule) & (days["date"] == pd.Timestamp(date))]["level"].iloc[0])


def alarms(found) -> dict[str, int]:
    return found.alarms.groupby("rule").size().to_dict()


# ---------------------------------------------------------------- what is found and what is not
def test_a_steady_runner_raises_no_alarm():
    found = assess(steady_log(), GUIDANCE)
    assert alarms(found) == {}
    last = found.rules.set_index("rule")
    for rule in ("longest_run", "two_week_volume", "weekly_increase", "resting_heart_rate", "cadence", "rest_days"):
        assert last.loc[rule, "level"] == "ok"


def test_a_planted_long_run_is_one_alarm_of_seven_days():
    runs = steady_runs(40)
    runs[123] = (runs[123][0], 24_000.0)  # a Sunday; 1.7 times 14 km
    found = assess(steady_log(runs=runs), GUIDANCE)
    alarm = found.alarms[found.alarms["rule"] == "longest_run"]
    assert alarm["start"].tolist() == [pd.Timestamp(runs[123][0])]
    assert alarm["days"].tolist() == [7]
    assert alarm["level"].tolist() == ["watch"]


def test_planted_weeks_of_half_as_much_again_are_found():
    runs = [(date, metres * (1.6 if n >= 136 else 1)) for n, (date, metres) in enumerate(steady_runs(40))]
    found = assess(steady_log(runs=runs), GUIDANCE)
    assert alarms(found)["two_week_volume"] == 1
    assert (found.alarms["start"] >= pd.Timestamp(runs[136][0])).all()


def test_a_planted_rise_of_resting_heart_rate_is_found_and_ends():
    wellness = wellness_of(280)
    wellness.loc[200:223, "rhr_day"] += np.round(np.minimum(np.arange(1, 25) / 10, 1) * 6)
    log = steady_log()
    found = assess(replace(log, wellness=conform("wellness", wellness)[0]), GUIDANCE)
    alarm = found.alarms[found.alarms["rule"] == "resting_heart_rate"].iloc[0]
    assert START + pd.Timedelta(days=200) < alarm["start"] < START + pd.Timedelta(days=215)
    assert alarm["end"] < START + pd.Timedelta(days=232)


def test_a_planted_fall_of_cadence_is_found():
    log = steady_log()
    found = assess(with_minutes(log, drop_from="2024-08-01"), GUIDANCE)
    alarm = found.alarms[found.alarms["rule"] == "cadence"].iloc[0]
    assert pd.Timestamp("2024-08-01") < alarm["start"] < pd.Timestamp("2024-08-25")


def test_planted_hard_weeks_are_found():
    """All four runs a week are hard, not one: 80 instead of 20 minutes."""
    log = steady_log()
    log = replace(log, activities=log.activities.assign(duration=1200.0))  # as long as its minutes: none is missing
    found = assess(with_minutes(log, hard_from="2024-08-05"), GUIDANCE)
    alarm = found.alarms[found.alarms["rule"] == "intensity_minutes"].iloc[0]
    assert pd.Timestamp("2024-08-05") < alarm["start"] < pd.Timestamp("2024-08-14")
    days = found.alarms[found.alarms["rule"] == "hard_easy"]["start"]
    assert days.empty  # Tuesday, Thursday, Saturday, Sunday: never three in a row, and four a week


def test_signs_of_other_rules_are_counted_once_they_call_for_attention():
    """Sleep of less than 6 hours and a resting heart rate 6 bpm higher: the two signs that this log can tell."""
    wellness = wellness_of(280)
    wellness.loc[200:230, "rhr_day"] += 6
    wellness.loc[200:230, "sleep"] = 21_000.0
    found = assess(replace(steady_log(), wellness=conform("wellness", wellness)[0]), GUIDANCE)
    day = found.details["recovery_signs"].loc[START + pd.Timedelta(days=215)]
    assert (day["signs"], day["assessable"]) == (2, 2)  # runs of 20 minutes say nothing of performance
    assert level(found, "recovery_signs", str((START + pd.Timedelta(days=215)).date())) == "watch"


def test_meanings_of_resting_heart_rate_are_never_mixed():
    """The day value is used where it is assessable; the sleeping average, 8 bpm lower, only before that."""
    wellness = wellness_of(280)
    wellness["rhr_sleep"] = wellness["rhr_day"] - 8
    wellness.loc[:139, "rhr_day"] = np.nan
    log = steady_log()
    found = assess(replace(log, wellness=conform("wellness", wellness)[0]), GUIDANCE)
    frame = found.details["resting_heart_rate"]
    assert frame["signal"].iloc[100] == "wellness.rhr_sleep"
    assert frame["signal"].iloc[-1] == "wellness.rhr_day"
    assert alarms(found) == {}
    assert frame["rise"].abs().max() < 3


def test_a_novice_gets_no_percentages():
    """Three runs a week of some 2 km: a run of 3.5 km is 1.75 times the longest, and nothing to speak of."""
    runs = [(str((START + pd.Timedelta(days=7 * w + d)).date()), 2000.0) for w in range(20) for d in (1, 3, 6)]
    runs[50] = (runs[50][0], 3500.0)
    found = assess(build_log(build_activities(runs)), GUIDANCE)
    assert alarms(found) == {}
    assert level(found, "longest_run", runs[50][0]) == "ok"
    assert found.rules.set_index("rule").loc["weekly_increase", "reason"] == "low_base"


def test_what_is_missing_is_named():
    runs = steady_runs(20)
    found = assess(build_log(build_activities(runs)), GUIDANCE)
    reasons = found.rules.set_index("rule")["reason"]
    assert reasons["resting_heart_rate"] == "no_resting_heart_rate"
    assert reasons["cadence"] == "no_minutes"
    assert reasons["shoes"] == "no_shoes_named"
    assert reasons["swelling"] == reasons["pain_trend"] == "no_diary"
    assert reasons["hard_easy"] == "no_hard_limit"
    assert "not_yet_computed" not in set(found.days["reason"])


def test_every_reason_can_be_said():
    found = assess(steady_log(diary=diary_of(("2024-03-01", "pain", 2.0, ""))), GUIDANCE)
    for reason in set(found.days["reason"]) - {""}:
        assert all(words.say(f"reasons.{reason}", lang) for lang in words.LANGUAGES)


# ---------------------------------------------------------------- red flags
def test_three_signs_on_one_day_call_112_and_two_a_doctor():
    three = diary_of(("2024-05-01", "pain", 9.0, "sudden_severe_pain;audible_pop;loss_of_function"))
    assert level(assess(steady_log(diary=three), GUIDANCE), "sudden_pop", "2024-05-01") == "emergency"
    two = diary_of(("2024-05-01", "pain", 9.0, "sudden_severe_pain;audible_pop"))
    assert level(assess(steady_log(diary=two), GUIDANCE), "sudden_pop", "2024-05-01") == "doctor"


@pytest.mark.parametrize(
    ("tag", "rule"),
    [
        ("swelling", "swelling"),
        ("warmth", "swelling"),
        ("redness", "swelling"),
        ("giving_way", "giving_way"),
        ("fever", "fever_unexplained_pain"),
        ("unexplained_pain", "fever_unexplained_pain"),
        ("locking", "locking"),
    ],
)
def test_one_entry_sends_to_a_doctor_on_the_same_day(tag, rule):
    found = assess(steady_log(weeks=8, diary=diary_of(("2024-01-03", "pain", 3.0, tag))), GUIDANCE)
    assert level(found, rule, "2024-01-03") == "doctor"


# ---------------------------------------------------------------- shape
KINDS = ["pain", "pain", "pain", "fatigue", "soreness", "irritability", "sleep_quality", "mobility", "strength"]
KINDS += ["squat_test", "cooling", "exertion", "shoes", "signs"]
TAGS = ["", "", "before", "during", "after", "next_morning", "swelling", "locking", "stairs", "sitting", "stabbing"]
TAGS += ["cross_training", "flat_feeling", "skin_damage", "before,after"]


def hostile_logs() -> st.SearchStrategy[RunningLog]:
    """Runs on any day with any distance or none, shoes or none, unknown stretches, patchy nights, a diary."""

    @st.composite
    def draw_log(draw) -> RunningLog:
        count = draw(st.integers(40, 130))
        rng = np.random.default_rng(draw(st.integers(0, 10_000)))
        place = np.flatnonzero(rng.random(count) < draw(st.sampled_from([0.1, 0.5, 0.9])))
        if not len(place):
            place = np.array([0])
        dates = START + pd.to_timedelta(place, unit="D")
        metres = [None if rng.random() < 0.03 else float(rng.lognormal(9, 0.4)) for _ in place]
        activities = build_activities([(str(d.date()), m) for d, m in zip(dates, metres, strict=True)])
        activities["gear"] = rng.choice(["A", "B", None], len(activities))
        activities["sport"] = rng.choice(["run", "run", "run", "ride", "strength", "walk"], len(activities))
        activities["rpe"] = rng.choice([3.0, 8.0, np.nan], len(activities))
        activities["temperature"] = rng.choice([5.0, 25.0, np.nan], len(activities))
        activities.loc[rng.random(len(activities)) < 0.5, "duration"] = 3000.0  # also where the distance is lost
        activities = conform("activities", activities)[0]
        wellness = wellness_of(count)
        wellness.loc[rng.random(count) < 0.2, ["rhr_day", "sleep"]] = np.nan
        written = draw(st.sampled_from([1, 3, 80]))
        entries = [
            (str((START + pd.Timedelta(days=int(day))).date()), str(kind), float(rng.integers(0, 9)), str(tag))
            for day, kind, tag in zip(
                rng.integers(0, count, written), rng.choice(KINDS, written), rng.choice(TAGS, written), strict=True
            )
        ]
        log = build_log(activities, wellness, diary_of(*entries))
        days = log.days.copy()
        first = draw(st.integers(0, len(days) - 1))
        rest = days.index.isin(range(first, first + draw(st.integers(0, 20)))) & (days["state"] == "rest")
        days.loc[rest, "state"] = "unknown"
        log = replace(log, days=days)
        return with_minutes(log) if len(log.runs) else log

    return draw_log()


SLOW = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@SLOW
@given(log=hostile_logs(), share=st.floats(0.3, 0.99))
def test_no_day_is_judged_with_what_came_after_it(log, share):
    last = log.days["date"].iloc[int(share * (len(log.days) - 1))]
    whole, before = assess(log, GUIDANCE).days, assess(log.until(last), GUIDANCE).days
    kept = whole[whole["date"] <= last].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, before)


@SLOW
@given(log=hostile_logs())
def test_episodes_tile_the_span_of_the_log(log):
    found = assess(log, GUIDANCE)
    first, last = log.span
    one = pd.Timedelta(days=1)
    for rule, rows in found.episodes.groupby("rule"):
        assert rows["start"].iloc[0] == first, rule
        assert rows["end"].iloc[-1] == last
        assert (rows["start"].iloc[1:].to_numpy() == (rows["end"].iloc[:-1] + one).to_numpy()).all()
        assert rows["days"].sum() == len(log.days)
        same = (rows["level"].astype(str) + rows["reason"]).to_numpy()
        assert (same[1:] != same[:-1]).all()
    assert set(found.episodes["rule"]) == set(GUIDANCE.rules)


@SLOW
@given(log=hostile_logs(), day=st.integers(0, 39), tag=st.sampled_from(["swelling", "locking", "giving_way", "fever"]))
def test_a_red_flag_lowers_no_rule_that_sends_to_a_doctor(log, day, tag):
    entry = diary_of((str((log.span[0] + pd.Timedelta(days=min(day, len(log.days) - 1))).date()), "pain", 5.0, tag))
    more = replace(log, diary=conform("diary", pd.concat([log.diary, entry], ignore_index=True))[0])
    grave = [rule.id for rule in GUIDANCE.rules.values() if {"doctor", "emergency"} & set(rule.levels)]
    after, before = (
        found.days[found.days["rule"].isin(grave)] for found in (assess(more, GUIDANCE), assess(log, GUIDANCE))
    )
    assert (after["level"] >= before["level"]).all()


@SLOW
@given(log=hostile_logs())
def test_a_day_has_a_value_or_a_reason_and_never_both(log):
    days = assess(log, GUIDANCE).days
    assert ((days["reason"] != "") == (days["level"] == "not_assessable")).all()
    assert (days["value"].notna() == (days["reason"] == "")).all()


def test_alarms_join_stretches_no_further_apart_than_two_weeks():
    runs = steady_runs(40)
    for n, metres in ((91, 23_000.0), (95, 36_000.0)):  # two Sundays, one week apart
        runs[n] = (runs[n][0], metres)
    found = assess(steady_log(runs=runs), GUIDANCE)
    assert alarms(found)["longest_run"] == 1


def test_the_summary_speaks_of_the_last_day():
    found = assess(steady_log(), GUIDANCE)
    assert found.rules["rule"].tolist() == list(GUIDANCE.rules)
    last = found.days[found.days["date"] == found.log.span[1]]
    assert found.rules["level"].astype(str).tolist() == last["level"].astype(str).tolist()
    row = found.rules.set_index("rule").loc["rest_days"]
    assert (row["days_above"], row["alarms"]) == (0, 0)
    assert row["days_assessable"] == (found.details["rest_days"]["reason"] == "").sum()


def test_a_finding_is_told_in_both_languages():
    runs = steady_runs(20)
    runs = [(date, 10_000.0) for date, _ in runs]
    runs[67] = (runs[67][0], 14_000.0)
    found = assess(build_log(build_activities(runs)), GUIDANCE)
    assert "14.0\u00a0km" in found.tell("longest_run", runs[67][0])
    assert "1,40×" in found.tell("longest_run", runs[67][0], lang="nl")
    assert found.tell("swelling", lang="nl") == "niet te beoordelen omdat er geen dagboek is"
    assert "outside the log" in found.tell("longest_run", "2031-01-01")
    with pytest.raises(GuidanceError, match="no rule 'nothing'"):
        found.tell("nothing")


def test_an_assessment_shows_itself_and_escapes_what_it_shows():
    activities = build_activities([(date, 40_000.0) for date, _ in steady_runs(8)])  # far enough to wear shoes out
    activities["gear"] = "<b>fast</b>"
    shown = assess(build_log(activities), GUIDANCE)._repr_html_()
    assert "&lt;b&gt;fast" in shown
    assert "<b>" not in shown


def test_a_column_the_measure_does_not_give_is_refused():
    rule = GUIDANCE.rules["sleep"]
    wrong = replace(rule, units={**rule.units, "naps": "s"})
    with pytest.raises(GuidanceError, match=r"'sleep'.*naps"):
        assess(steady_log(weeks=8), replace(GUIDANCE, rules={"sleep": wrong}))


def test_a_log_without_days_is_refused():
    with pytest.raises(LogError):
        assess(build_log(empty_table("activities")), GUIDANCE)


@pytest.mark.parametrize("weeks", [1, 520])
def test_a_week_and_ten_years_are_judged_day_by_day(weeks):
    log = steady_log(weeks=weeks)
    found = assess(log, GUIDANCE)
    assert len(found.days) == len(GUIDANCE.rules) * len(log.days)


def test_a_bracketed_part_of_a_finding_is_said_only_when_its_numbers_are_known():
    """Hard begins at a heart rate or at a pace, never at a dash."""

    def tell(log: RunningLog) -> str:
        found = assess(log)
        frame = found.details["intensity_minutes"]
        return found.tell("intensity_minutes", frame.index[frame["reason"] == ""][-1])

    log = sample("overload")
    by_heart = tell(log)
    assert ("heart rate of 1" in by_heart, "pace" in by_heart) == (True, False)
    by_pace = tell(replace(log, minutes=log.minutes.assign(heart_rate=np.nan)))
    assert ("heart rate" in by_pace, "pace of" in by_pace) == (False, True)
    assert not {"[", "]", words.MISSING} & {*by_heart, *by_pace}
