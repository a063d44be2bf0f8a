"""A verdict on volume, counted in other ways."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from builders import build_activities, build_log
from loadlens import words
from loadlens.findings import Assessment, assess
from loadlens.guidance import GuidanceError, read_guidance
from loadlens.log import LogError, conform
from loadlens.robustness import recount, tell_recount

START = pd.Timestamp("2024-01-01")  # a Monday
GUIDANCE = read_guidance()
VOLUME = replace(
    GUIDANCE, rules={name: GUIDANCE.rules[name] for name in ("two_week_volume", "weekly_increase", "sleep")}
)


def found_of(weeks: list[float], days: int | None = None, **columns) -> Assessment:
    """Four runs a week, so many times 10 km each; columns of activities, one value for all or one for each run."""
    runs = [
        (str((START + pd.Timedelta(days=7 * week + day)).date()), 10_000.0 * size)
        for week, size in enumerate(weeks)
        for day in (0, 2, 4, 6)
    ]
    log = build_log(build_activities(runs).assign(**columns))
    log = log if days is None else log.until(START + pd.Timedelta(days=days - 1))
    return assess(log, VOLUME)


EVEN = [1.0, 1.1, 0.9, 1.0, 1.1, 0.9, 1.0, 1.1, 0.9, 1.0, 1.1, 0.9]
RAISED = [*EVEN, 1.8, 1.8, 1.8]


def test_twice_the_volume_is_found_in_all_twelve_ways():
    """The log ends on a Friday, so that the three kinds of week end on three days."""
    found = found_of(RAISED, days=103, rpe=4.0, heart_rate=150.0)
    table = recount(found)
    assert len(table) == 12
    assert table["end"].dt.day_name().tolist() == ["Friday"] * 4 + ["Sunday"] * 4 + ["Saturday"] * 4
    assert table["holds"].all()
    assert not table["repeats"].any()
    assert tell_recount(table) == "The verdict (action) holds in 12 of 12 ways of counting."
    assert tell_recount(table, "nl") == "Het oordeel (actie) blijft staan bij 12 van de 12 manieren van tellen."


def test_the_first_way_is_the_rule_itself():
    found = found_of(RAISED, days=103, rpe=4.0, heart_rate=150.0)
    first = recount(found).iloc[0]
    last = found.rules.set_index("rule").loc["two_week_volume"]
    assert first["level"] == first["verdict"] == last["level"]
    assert first["value"] == pytest.approx(last["value"])


def test_load_is_expressed_in_metres_at_the_runners_own_mean():
    """At the same pace, effort and heart rate all ways give the same ratio."""
    table = recount(found_of(RAISED, days=103, rpe=4.0, heart_rate=150.0))
    assert np.ptp(table.groupby("weeks")["value"].agg(np.ptp)) == pytest.approx(0, abs=1e-9)


def test_easier_runs_make_a_longer_fortnight_a_milder_load():
    """1.8 times the distance at half the perceived exertion is 0.9 times the load: only there the verdict falls."""
    effort = [4.0] * 48 + [2.0] * 12
    found = found_of([1.0] * 12 + [1.8] * 3, rpe=effort, heart_rate=150.0)
    table = recount(found, date=START + pd.Timedelta(days=102))
    other = table[~table["holds"]]
    assert set(other["counted_in"]) == {"exertion"}
    assert set(other["level"]) == {"ok"}
    ratio = table.loc[(table["counted_in"] == "exertion") & (table["weeks"] == "rolling"), "value"].item()
    assert ratio == pytest.approx(0.9)
    assert "holds in 9 of 12" in tell_recount(table)
    assert "minutes times perceived exertion, weeks from Sunday (within)" in tell_recount(table)


def test_exertion_may_come_from_the_diary():
    found = found_of(RAISED, heart_rate=150.0)
    dates = found.log.runs["date"]
    written = pd.DataFrame({"date": dates, "kind": "exertion", "value": 4.0})
    log = replace(found.log, diary=conform("diary", written)[0])
    table = recount(assess(log, VOLUME), date=START + pd.Timedelta(days=102))
    assert table["holds"].all()


def test_what_was_not_recorded_is_not_assessable_and_says_what_is_missing():
    table = recount(found_of(RAISED, days=103, heart_rate=150.0))
    effort = table[table["counted_in"] == "exertion"]
    assert effort["holds"].isna().all()
    assert set(effort["reason"]) == {"no_exertion"}
    said = tell_recount(table, "nl")
    assert "9 van de 9" in said
    assert "ontbreekt hoe zwaar ze voelden" in said


def test_weeks_that_are_the_same_weeks_count_once():
    """On a Sunday the last seven days are the week from Monday: eight ways, not twelve."""
    table = recount(found_of(RAISED, rpe=4.0, heart_rate=150.0))
    assert table["repeats"].sum() == 4
    assert "of 8 ways" in tell_recount(table)


def test_the_weekly_rule_is_counted_over_other_weeks():
    """Runs of 10 km, and 16 km on the last Sunday: 15 % more from Monday, 0 in weeks that end on Saturday."""
    runs = [(str((START + pd.Timedelta(days=7 * w + d)).date()), 10_000.0) for w in range(10) for d in (0, 2, 4, 6)]
    runs[-1] = (runs[-1][0], 16_000.0)
    table = recount(assess(build_log(build_activities(runs)), VOLUME), "weekly_increase")
    values = table[table["counted_in"] == "distance"].set_index("weeks")["value"]
    assert values["monday"] == values["rolling"] == pytest.approx(15.0)
    assert values["sunday"] == pytest.approx(0.0)
    assert table["verdict"].iloc[0] == "note"
    assert table.set_index(["weeks", "counted_in"])["holds"]["sunday", "distance"] == False  # noqa: E712


def test_nothing_after_the_day_is_looked_at():
    day = START + pd.Timedelta(days=102)
    whole = recount(found_of([*RAISED, 3.0, 0.2], rpe=4.0, heart_rate=150.0), date=day)
    before = recount(found_of(RAISED, days=103, rpe=4.0, heart_rate=150.0), date=day)
    pd.testing.assert_frame_equal(whole, before)


def test_a_verdict_that_cannot_be_given_has_no_ways():
    table = recount(found_of([1.0, 1.0, 1.0]))
    assert table["holds"].isna().all()
    assert tell_recount(table, "nl") == words.say("recount.unknown", "nl")


def test_days_before_the_first_full_week_are_not_assessable():
    table = recount(found_of([1.0, 1.0, 1.0]), date="2024-01-03")
    assert set(table["level"]) == {"not_assessable"}


def test_other_rules_and_other_days_are_refused():
    found = found_of([1.0, 1.0])
    for rule in ("sleep", "nothing"):
        with pytest.raises(GuidanceError, match="no rule on volume; those are two_week_volume, weekly_increase"):
            recount(found, rule)
    with pytest.raises(LogError, match="2031-01-01 is outside the log"):
        recount(found, date="2031-01-01")
