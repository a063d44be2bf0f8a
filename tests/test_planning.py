"""How far the next run and the next week can go: limits worked by hand, and found again by running them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import build_activities, build_log
from loadlens import hypothetical_runs, words
from loadlens.comeback import path_shares
from loadlens.files import read
from loadlens.findings import assess
from loadlens.guidance import LEVELS, read_guidance
from loadlens.log import LogError, RunningLog, conform, empty_table
from loadlens.planning import plan, tell_plan

START = pd.Timestamp("2024-01-01")  # a Monday
GUIDANCE = read_guidance()
ON_DISTANCE = ("longest_run", "two_week_volume", "weekly_increase", "acute_chronic")
DISTANCE = replace(GUIDANCE, rules={name: GUIDANCE.rules[name] for name in ON_DISTANCE})


def on(*days: int) -> list[str]:
    return [str((START + pd.Timedelta(days=day)).date()) for day in days]


def steady(weeks: int = 30, metres: float | None = 10_000) -> list[tuple[str, float | None]]:
    """10 km on Monday, Wednesday and Friday; the log ends on a Friday."""
    return [(date, metres) for week in range(weeks) for date in on(7 * week, 7 * week + 2, 7 * week + 4)]


def log_of(runs: list[tuple[str, float | None]], rest_until: int | None = None, **diary) -> RunningLog:
    """Runs from one list; days of rest up to a day of the log, on which a walk is listed; and one diary entry."""
    activities = build_activities(runs)
    if rest_until is not None:
        walk = pd.DataFrame({"activity": ["walk"], "date": pd.to_datetime(on(rest_until)), "sport": "walk"})
        walk = walk.assign(duration=600.0)
        frame = activities.reindex(range(len(activities) + 1))
        frame.loc[len(activities), list(walk.columns)] = walk.iloc[0].tolist()
        activities = conform("activities", frame)[0]
    entry = pd.DataFrame({name: [value] for name, value in diary.items()}) if diary else None
    return build_log(activities, diary=entry)


def limit(table: pd.DataFrame, rule: str, span: str = "run") -> pd.Series:
    rows = table[(table["kind"] == "limit") & (table["rule"] == rule) & (table["span"] == span)]
    assert len(rows) == 1
    return rows.iloc[0]


# ---------------------------------------------------------------- limits by hand
def test_a_longest_run_of_10_km_gives_11_km_before_a_note_and_15_before_attention():
    """The rule notes above 1.10 times the longest of 30 days, and asks attention above 1.50 times and 2 km more."""
    table = plan(log_of(steady()))
    run = limit(table, "longest_run")
    assert (run["note"], run["watch"]) == (11_000, 15_000)
    assert (run["note_high"], run["watch_high"]) == (11_000, 15_000)
    assert run["first"] == run["last"] == START + pd.Timedelta(days=7 * 29 + 5)


def test_the_week_holds_equal_runs_on_the_usual_days():
    """Three runs a week, on Monday, Wednesday and Friday: 3 times 11 and 3 times 15 km."""
    week = limit(plan(log_of(steady())), "longest_run", "week")
    assert week["days"] == "2024-07-29 2024-07-31 2024-08-02"
    assert week["runs"] == 3
    assert (week["note"], week["watch"]) == (33_000, 45_000)


def test_ten_percent_more_than_the_week_before_is_the_limit_on_the_sunday_it_is_counted():
    """30 km ran this week by Friday, 33 may be: 3 km on Saturday. It never asks attention, so nothing limits there."""
    table = plan(log_of(steady()))
    assert limit(table, "weekly_increase")["note"] == 3_000
    assert np.isposinf(limit(table, "weekly_increase")["watch"])
    assert limit(table, "weekly_increase", "week")["note"] == 33_000


def test_all_forms_of_acute_to_chronic_load_pass_one_and_a_half_at_24_km():
    """Coupled, on the day after: (30 + x) over (120 + x) / 4 is 1.5 at x = 24; the other two pass it earlier."""
    assert limit(plan(log_of(steady())), "acute_chronic")["note"] == 24_000


def test_the_binding_rule_comes_first_and_all_rules_of_the_same_limit_bind():
    table = plan(log_of(steady()))
    limits = table[table["kind"] == "limit"]
    run, week = (limits[limits["span"] == span] for span in ("run", "week"))
    assert run["rule"].iloc[0] == "weekly_increase"
    assert run["binds"].tolist() == [True, False, False, False]
    assert set(week.loc[week["binds"], "rule"]) == {"longest_run", "weekly_increase"}
    assert run["note"].is_monotonic_increasing
    assert week["note"].is_monotonic_increasing


def test_limits_come_from_the_guidance_and_from_no_number_in_the_code():
    rule = GUIDANCE.rules["longest_run"]
    levels = rule.levels | {"note": ({"ratio": {"above": 1.25}},)}
    own = replace(DISTANCE, rules={"longest_run": replace(rule, levels=levels)})
    assert limit(plan(log_of(steady()), own), "longest_run")["note"] == 12_500


def test_a_rule_on_the_distance_of_days_with_another_measure_can_be_planned_with():
    """Foster's monotony of the last seven days, here of distance: it has a limit or a reason, like every rule."""
    rule = replace(GUIDANCE.rules["monotony"], signal=("activities.distance",))
    row = limit(plan(log_of(steady()), replace(DISTANCE, rules={"monotony": rule})), "monotony")
    assert np.isposinf(row["note"]) or row["note"] >= 0


def test_a_run_without_a_distance_leaves_a_range():
    """Runs of 10 km took 3000 or 3600 s, so a run of 3600 s was 10 to 12 km: 11 km for certain, 13.2 perhaps."""
    activities = build_activities(steady())
    activities["duration"] = [3000.0 if number % 2 else 3600.0 for number in range(len(activities))]
    activities.loc[len(activities) - 2, ["distance", "duration"]] = [np.nan, 3600.0]
    row = limit(plan(build_log(activities), DISTANCE), "longest_run")
    assert (row["note"], row["note_high"]) == (11_000, 13_200)
    assert (row["watch"], row["watch_high"]) == (15_000, 18_000)
    said = tell_plan(plan(build_log(activities), DISTANCE), DISTANCE, "nl")
    assert any("zeker 11,0\u00a0km en misschien 13,2\u00a0km" in line for line in said)


def test_a_run_whose_length_follows_from_its_duration_leaves_no_range():
    """Every run of 10 km took 3600 s, and so did the one without a distance: the week stands at 30 km, 3 are left."""
    activities = build_activities(steady()).assign(duration=3600.0)
    activities.loc[len(activities) - 1, "distance"] = np.nan
    row = limit(plan(build_log(activities), DISTANCE), "weekly_increase")
    assert (row["note"], row["note_high"]) == (3_000, 3_000)


def test_what_cannot_be_assessed_says_why_and_what_the_page_asks():
    table = plan(log_of(steady(4)))
    row = limit(table, "longest_run")
    assert np.isnan(row[["note", "note_high", "watch", "watch_high"]].astype(float)).all()
    assert row["reason"] == "history_too_short"
    assert not row["binds"]
    assert table.loc[table["kind"] == "limit", "rule"].iloc[0] == "weekly_increase"
    for lang in words.LANGUAGES:
        asks = GUIDANCE.rules["longest_run"].words[lang]["asks"]
        told = [line for line in tell_plan(table, GUIDANCE, lang) if asks in line]
        assert len(told) == 1
        assert words.say("reasons.history_too_short", lang) in told[0]


def test_a_week_that_is_over_its_limit_already_leaves_nothing():
    """36 km by Friday after a week of 30: any run before Sunday goes further outside the rule."""
    runs = [*steady()[:-1], (steady()[-1][0], 16_000.0)]
    assert limit(plan(log_of(runs)), "weekly_increase")["note"] == 0


def test_a_long_run_of_before_is_not_held_against_the_next():
    """A run of 20 km after at most 10 stays in sight for a week; the next may still go 1.10 times as far as it."""
    table = plan(log_of([*steady()[:-1], (steady()[-1][0], 20_000.0)]), DISTANCE)
    row = limit(table, "longest_run")
    assert row["level"] == "watch"
    assert row["note"] == 22_000
    assert row["clear"] == START + pd.Timedelta(days=7 * 29 + 4 + 7)


def test_outside_already_it_is_what_the_rule_comes_to_after_the_seven_days_that_counts():
    runs = steady()
    runs[-4:] = [(date, 20_000.0) for date, _ in runs[-4:]]
    table = plan(log_of(runs), DISTANCE)
    run, week = (limit(table, "two_week_volume", span) for span in ("run", "week"))
    assert run["level"] in ("watch", "act")
    assert run["note"] == 0 < week["note"]
    assert run["clear"] > run["first"]
    assert "(now: " in " ".join(tell_plan(table, DISTANCE))


# ---------------------------------------------------------------- limits found again
def levels_with(
    runs: list[tuple[str, float | None]], ahead: list[tuple[str, float]], last: int, *rules: str
) -> pd.DataFrame:
    """Levels of rules on every day up to a day of the log, with these runs added to it."""
    asked = replace(DISTANCE, rules={name: DISTANCE.rules[name] for name in rules or ON_DISTANCE})
    days = assess(log_of([*runs, *ahead], rest_until=last), asked).days
    return days.assign(code=days["level"].cat.codes).set_index(["rule", "date"])


@settings(max_examples=5, deadline=None)
@given(
    days=st.lists(st.integers(0, 5), min_size=3, max_size=5, unique=True),
    sizes=st.lists(st.integers(4, 14), min_size=4, max_size=9),
    end=st.integers(60, 200),
    span=st.sampled_from(["run", "week"]),
)
def test_at_its_limit_no_rule_speaks_up_and_a_little_more_makes_it(
    days: list[int], sizes: list[int], end: int, span: str
):
    """Run for real, in the words of `assess`: the same levels as with rest, and one metre a run more is too much."""
    runs = [
        (on(7 * week + day)[0], 1000.0 * sizes[(week * 3 + day) % len(sizes)])
        for week in range(end // 7 + 1)
        for day in sorted(days)
        if 7 * week + day < end
    ]
    last = int((pd.Timestamp(runs[-1][0]) - START).days)
    horizon = last + (7 if span == "run" else 13)
    table = plan(log_of(runs), DISTANCE)
    rest = levels_with(runs, [], horizon)
    first = START + pd.Timedelta(days=last + 1)
    for row in table[(table["span"] == span) & (table["reason"] == "")].to_dict("records"):
        for level in ("note", "watch"):
            code = LEVELS.index(level)
            before = rest.loc[row["rule"]].loc[first:]
            if np.isinf(row[level]) or (before["code"] >= code).any():
                continue
            dates = row["days"].split()

            def crosses(metres: float) -> bool:
                ahead = [(date, metres / len(dates)) for date in dates]  # noqa: B023
                ran = levels_with(runs, ahead, horizon, row["rule"])  # noqa: B023
                return bool((ran.loc[row["rule"]].loc[first:]["code"] >= code).any())  # noqa: B023

            assert not crosses(row[level])
            assert crosses(row[level] + 1)


def test_how_much_of_the_past_a_log_holds_changes_nothing(monkeypatch: pytest.MonkeyPatch):
    """Only as much of the past is looked at as the windows of the rules reach; all of it gives the same plan."""
    sizes = np.random.default_rng(5).integers(6_000, 14_000, 600)
    runs = [(date, float(size)) for (date, _), size in zip(steady(200), sizes, strict=True)]
    log = log_of(runs)
    short = plan(log)
    monkeypatch.setattr(hypothetical_runs, "_FORGOTTEN", 100_000)
    pd.testing.assert_frame_equal(short, plan(log))


# ---------------------------------------------------------------- rest, pain, red flags
def test_a_full_rest_day_has_to_come_before_the_seventh_day_in_a_row():
    """Run on five days in a row; two more make seven: rest by the second of them."""
    runs = [*steady(), *[(date, 5_000.0) for date in on(*range(212, 217))]]
    row = plan(log_of(runs)).set_index("kind").loc["rest_day"]
    assert row["last"] == START + pd.Timedelta(days=218)
    assert row["level"] == "ok"


def test_a_full_rest_day_that_is_overdue_is_said_to_be():
    table = plan(log_of([(date, 5_000.0) for date in on(*range(60))]))
    assert words.say("plan.rest_now", "nl", name="Rustdagen") in tell_plan(table, GUIDANCE, "nl")


def test_moderate_pain_asks_for_no_run_for_a_week_and_the_plan_begins_after_it():
    """Pain of 5 on Thursday: no run up to and including the Thursday after it."""
    thursday = pd.Timestamp(on(7 * 29 + 3)[0])
    table = plan(log_of(steady(), date=thursday, kind="pain", value=5.0))
    asked = table[table["kind"] == "no_run"].set_index("rule")
    assert asked.loc["running_through_rest", "last"] == thursday + pd.Timedelta(days=7)
    assert (table.loc[table["kind"] == "limit", "first"] == thursday + pd.Timedelta(days=8)).all()
    said = tell_plan(table, GUIDANCE, "nl")
    assert said[0].startswith("Doorlopen tijdens rust: niet lopen tot en met 1 aug 2024.")


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_a_red_flag_leaves_no_plan(lang: str):
    day = pd.Timestamp(steady()[-1][0])
    table = plan(log_of(steady(), date=day, kind="pain", value=6.0, tags="swelling"))
    assert set(table["kind"]) == {"red_flag"}
    said = tell_plan(table, GUIDANCE, lang)
    assert said[0] == words.say("report.see_doctor", lang)
    assert GUIDANCE.rules["swelling"].words[lang]["name"] in said[1]
    assert "km" not in " ".join(said)


def test_an_emergency_comes_before_every_other_sign():
    tags = "sudden_severe_pain,audible_pop,loss_of_function,swelling"
    table = plan(log_of(steady(), date=pd.Timestamp(steady()[-1][0]), kind="pain", value=9.0, tags=tags))
    assert table["level"].tolist()[:2] == ["emergency", "doctor"]
    assert tell_plan(table, GUIDANCE)[0] == words.say("report.call_112")


# ---------------------------------------------------------------- coming back
def test_after_twenty_days_off_the_longest_run_grows_from_seven_tenths_of_what_it_was():
    """10 km before: 7.0, 7.7, 8.47, 9.317 and, in the fifth week, all of it."""
    table = plan(log_of(steady(20), rest_until=7 * 19 + 4 + 20))
    path = table[table["kind"] == "comeback"]
    assert path["note"].tolist() == pytest.approx([7_000, 7_700, 8_470, 9_317, 10_000])
    assert path["first"].iloc[0] == START + pd.Timedelta(days=7 * 19 + 4 + 21)
    assert (path["first"].diff().dropna() == pd.Timedelta(days=7)).all()
    assert np.isfinite(path["note"]).all()
    assert "not from the page" in " ".join(tell_plan(table, GUIDANCE))


@pytest.mark.parametrize(("days", "share"), [(14, 0.7), (27, 0.7), (28, 0.5), (55, 0.5), (56, 0.35), (400, 0.35)])
def test_a_longer_break_starts_lower_and_no_week_grows_by_more_than_a_tenth(days: int, share: float):
    path = np.array(path_shares(days))
    assert path[0] == share
    assert path[-1] == 1
    assert (path[1:] / path[:-1] <= 1.1 + 1e-9).all()


def test_a_break_of_thirteen_days_is_none():
    table = plan(log_of(steady(20), rest_until=7 * 19 + 4 + 13))
    assert not (table["kind"] == "comeback").any()


def test_a_runner_who_is_back_gets_the_weeks_that_are_left():
    """Back on day 157 after 19 days off; the log ends 10 days later, in the second week: 4 of 5 weeks are left."""
    runs = [*steady(20), *[(date, 5_000.0) for date in on(157, 160, 167)]]
    path = plan(log_of(runs)).query("kind == 'comeback'")
    assert path["note"].tolist() == pytest.approx([7_700, 8_470, 9_317, 10_000])
    assert path["first"].iloc[0] == START + pd.Timedelta(days=164)


def test_unknown_days_are_no_break():
    log = log_of(steady(20), rest_until=7 * 19 + 4 + 20)
    unknown = log.days["date"] > START + pd.Timedelta(days=7 * 19 + 4)
    days = log.days.assign(state=log.days["state"].mask(unknown, "unknown"))
    table = plan(replace(log, days=days))
    assert not (table["kind"] == "comeback").any()
    assert limit(table, "weekly_increase")["reason"] == "unknown_days"


# ---------------------------------------------------------------- odd logs and words
def test_a_log_without_runs_has_no_numbers_and_says_so():
    wellness = pd.DataFrame({"date": pd.date_range(START, periods=60), "rhr_day": 50.0})
    table = plan(build_log(empty_table("activities"), wellness))
    assert not np.isfinite(table["note"]).any()
    assert words.say("plan.no_claim") in tell_plan(table, GUIDANCE)


def test_a_log_of_one_day_can_be_planned_from_and_an_empty_one_is_refused():
    assert (plan(log_of([(on(0)[0], 5_000.0)])).query("kind == 'limit'")["reason"] != "").all()
    with pytest.raises(LogError, match="it has no days"):
        plan(build_log(empty_table("activities")))


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_no_word_of_chance_or_of_safety_and_no_limit_is_rounded_up(lang: str):
    runs = steady()
    runs[-1] = (runs[-1][0], 10_890.0)  # 1.10 times it is 11 979 m
    table = plan(log_of(runs, date=pd.Timestamp(runs[-1][0]), kind="pain", value=2.0))
    said = " ".join(tell_plan(table, GUIDANCE, lang)).lower()
    assert not any(word in said for word in ("safe", "veilig", "probab", "kans", "risk", "risico", "inf", "nan"))
    assert limit(table, "longest_run")["note"] == 11_979
    assert words.quantity(11_900, "m", lang) in said
    assert words.quantity(12_000, "m", lang) not in said


@pytest.mark.parametrize("folder", ["garmin_activities_csv", "strava_activities_csv"])
def test_real_exports_can_be_planned_from(corpus: Path, folder: str):
    for path in sorted((corpus / folder).glob("*.csv"))[:3]:
        table = plan(read(path, tz="Europe/Amsterdam", cache=False))
        limits = table[(table["kind"] == "limit") & (table["reason"] == "")]
        assert (limits["note"] <= limits["watch"]).all()
        assert (limits["note"] <= limits["note_high"]).all()
        assert all(tell_plan(table, GUIDANCE, lang) for lang in words.LANGUAGES)
