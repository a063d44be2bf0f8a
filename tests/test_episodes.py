"""An episode is told with its numbers, with what speaks for and against it, and with what is unknown inside it."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from builders import build_activities, build_log
from loadlens import words
from loadlens.episodes import WEIGHED, tell_alarms
from loadlens.findings import Assessment, assess
from loadlens.log import RunningLog

FIRST = pd.Timestamp("2024-01-01")
NBSP = "\N{NO-BREAK SPACE}"


def steady_then(last: float) -> RunningLog:
    """Run 8 km on every second day of ten weeks, then once so far on the day after."""
    days = [FIRST + pd.Timedelta(days=2 * n) for n in range(35)]
    runs = [(str(day.date()), 8_000.0) for day in days]
    return build_log(build_activities([*runs, (str((days[-1] + pd.Timedelta(days=1)).date()), last)]))


def told(found: Assessment, rule: str, lang: str = "en") -> dict:
    newest, _ = tell_alarms(found, lang)
    return next(row for row in newest if row["rule"] == rule)


def lines(row: dict, side: str) -> str:
    return " ".join(line["says"] for line in row[side])


def test_it_says_how_far_outside_and_whose_limit_that_is():
    """16 km after at most 8 km in the 30 days before is 2.00 times."""
    found = assess(steady_then(16_000))
    row, rule = told(found, "longest_run"), found.guidance.rules["longest_run"]
    assert row["far"].endswith("the value was 2.00×.")
    assert words.say(f"whose.{rule.whose[row['level']]}") in row["far"]
    assert row["now"] is True
    assert row["start"] == row["end"] == row["worst"] == words.date("2024-03-10")


def test_the_limit_told_is_the_one_that_was_passed():
    """5 km a week, then 7.5 km: 1.50 times is not above 1.50, but below 10 km a week a rise of 2 km is enough."""
    days = [FIRST + pd.Timedelta(weeks=week) for week in range(10)]
    found = assess(
        build_log(
            build_activities([(str(day.date()), 5_000.0) for day in days[:-1]] + [(str(days[-1].date()), 7_500.0)])
        )
    )
    told_nl = told(found, "longest_run", "nl")["far"]
    assert told_nl.startswith(f"Voor ‘let op’ is een toename van 2,0{NBSP}km genoeg")
    assert told_nl.endswith(f"de toename was 2,5{NBSP}km.")
    assert "1,50×" not in told_nl


def test_it_counts_days_and_runs_inside_it():
    said = lines(told(assess(steady_then(16_000)), "longest_run"), "for")
    assert f"Days clearly outside: 1{NBSP}day; days that can be assessed: 1{NBSP}day." in said
    assert f"Recorded in it: 1{NBSP}run, 16.0{NBSP}km." in said


def test_runs_of_which_none_has_a_distance_are_no_0_km():
    found = assess(steady_then(16_000))
    activities = found.log.activities
    last = activities["date"] == activities["date"].max()
    bare = replace(found.log, activities=activities.assign(distance=activities["distance"].mask(last)))
    said = lines(told(replace(found, log=bare), "longest_run"), "for")
    assert f"Recorded in it: 1{NBSP}run, without a distance." in said


def test_research_stands_on_the_side_it_speaks_for_with_its_references():
    found = assess(steady_then(16_000))
    row = told(found, "longest_run")
    sides = {"supports": "for", "mixed": "against", "contradicts": "against", "no_evidence_found": "unknown"}
    named = [found.guidance.statements[name] for name in found.guidance.rules["longest_run"].statements]
    for statement in named:
        if statement.verdict in sides:
            cited = [one["id"] for line in row[sides[statement.verdict]] for one in line["references"]]
            assert set(statement.references) <= set(cited)
    assert any(statement.verdict in sides for statement in named)


def test_days_of_which_nothing_is_known_are_counted_as_unknown():
    log = steady_then(16_000)
    days = log.days.assign(state=log.days["state"].mask(log.days["date"] == log.span[1], "unknown"))
    found = assess(log)
    hidden = replace(found, log=replace(log, days=days))
    assert f"Unknown whether there was a run: 1{NBSP}day." in lines(told(hidden, "longest_run"), "unknown")
    assert words.say("episode.no_unknown_days") in lines(told(found, "longest_run"), "unknown")


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_a_verdict_on_volume_is_counted_in_other_ways(lang: str):
    """Every way of counting the distance of two weeks is one of distance alone: nothing else was recorded."""
    row = told(assess(steady_then(60_000)), "two_week_volume", lang)
    start = words.say("recount.holds", lang, verdict="§", holds="", ways="").partition("§")[0]
    assert start in lines(row, "for") + lines(row, "against")


def test_a_study_is_told_once_and_named_afterwards():
    found = assess(steady_then(60_000))
    newest, _ = tell_alarms(found)
    research = found.guidance.statements["G03"].words["en"]["research"]
    text = " ".join(lines(row, side) for row in newest for side in ("for", "against", "unknown"))
    assert text.count(research) == 1
    assert "(G03), as told above." in text


def test_older_ones_are_told_in_one_sentence_and_none_is_lost():
    """Every sixth week one run is twice as long: more alarms than are weighed."""
    days = pd.date_range(FIRST, periods=500, freq="2D")
    runs = [(str(day.date()), 20_000.0 if n % 21 == 20 else 8_000.0) for n, day in enumerate(days)]
    found = assess(build_log(build_activities(runs)))
    newest, older = tell_alarms(found)
    assert len(newest) == WEIGHED
    assert len(newest) + len(older) == len(found.alarms) > WEIGHED
    assert all(row["finding"] and "for" not in row for row in older)
