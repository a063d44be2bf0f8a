"""A run without a distance is an interval: above at both ends, open, or not bounded at all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from builders import build_activities, build_log
from loadlens.findings import assess
from loadlens.guidance import read_guidance
from loadlens.load_bounds import bound_distance

GUIDANCE = read_guidance()
START = pd.Timestamp("2024-01-01")


def runs_of(distances: list[float], durations: list[float]) -> pd.DataFrame:
    """A run a day."""
    index = pd.date_range(START, periods=len(distances), freq="D", name="date")
    return pd.DataFrame({"distance": distances, "duration": durations, "moving": np.nan}, index=index)


def test_a_duration_bounds_a_run_by_the_slowest_and_the_fastest_before_it():
    """Before it 2.5 to 3.5 m/s; an hour is then 9,000 to 12,600 m. What comes later does not count."""
    runs = runs_of([9000, 9600, 10_800, 12_600, 10_800, np.nan, 18_000], [3600.0] * 7)
    found = bound_distance(runs, runs["distance"], "sum")
    assert found.iloc[5].tolist() == pytest.approx([9000, 12_600])
    assert found["low"].drop(found.index[5]).equals(runs["distance"].drop(found.index[5]))


def test_without_a_duration_it_is_between_nothing_and_the_longest_before_it():
    runs = runs_of([9000, 9600, 10_800, 12_600, 10_800, np.nan], [3600.0] * 5 + [np.nan])
    assert bound_distance(runs, runs["distance"], "sum").iloc[5].tolist() == [0, 12_600]


def test_too_few_runs_before_it_bound_nothing():
    runs = runs_of([9000, 9600, 10_800, 12_600, np.nan], [3600.0] * 5)
    assert bound_distance(runs, runs["distance"], "sum").iloc[4].isna().all()


def test_two_runs_on_a_day_add_up_or_the_longer_one_counts():
    """At one speed of 3 m/s: 7 km and an hour without a distance (10,800 m)."""
    runs = runs_of([10_800] * 5 + [np.nan], [3600.0] * 6)
    second = runs.iloc[[5]].assign(distance=7000.0)
    both = pd.concat([runs, second])
    signal = runs["distance"]
    assert bound_distance(both, signal, "sum").iloc[5].tolist() == [17_800, 17_800]
    assert bound_distance(both, signal, "max").iloc[5].tolist() == [10_800, 10_800]


def log_with(lost: tuple[int, float], weeks: int = 20):
    """Four runs a week of 8, 8, 8 and 14 km, 6 min/km now and then 5:30; one lacks its distance."""
    plan = [
        (str((START + pd.Timedelta(days=7 * week + day)).date()), metres)
        for week in range(weeks)
        for day, metres in ((1, 8000.0), (3, 8000.0), (5, 8000.0), (6, 14_000.0))
    ]
    activities = build_activities(plan)
    activities.loc[::3, "duration"] *= 330 / 360
    place, seconds = lost
    activities.loc[place, ["distance", "duration"]] = np.nan, seconds
    return build_log(activities), plan[place][0]


def level(found, rule: str, date: str) -> tuple[str, str]:
    days = found.days
    row = days[(days["rule"] == rule) & (days["date"] == pd.Timestamp(date))].iloc[0]
    return str(row["level"]), row["reason"]


def test_a_long_run_without_a_distance_is_above_at_both_ends():
    """8,000 s at 6:00 to 5:30 /km are 22.2 to 24.2 km: 1.59 to 1.73 times 14 km, attention either way."""
    log, date = log_with((71, 8000.0))
    found = assess(log, GUIDANCE)
    assert level(found, "longest_run", date) == ("watch", "")
    said = found.tell("longest_run", date)
    assert "between 22.2\u00a0km and 24.2\u00a0km" in said
    assert "between 1.59× and 1.73×" in said


def test_above_at_one_end_only_is_open_and_says_between_what():
    """5,000 s are 13.9 to 15.2 km: 0.99 to 1.08 times 14 km; 5,400 s are 15.0 to 16.4 km: 1.07 to 1.17."""
    log, date = log_with((71, 5000.0))
    assert level(assess(log, GUIDANCE), "longest_run", date) == ("ok", "")
    log, date = log_with((71, 5400.0))
    found = assess(log, GUIDANCE)
    assert level(found, "longest_run", date) == ("not_assessable", "load_between")
    assert found.tell("longest_run", date).endswith("(between 1.07× and 1.17×)")
    assert found.tell("longest_run", date, "nl").endswith("(tussen 1,07× en 1,17×)")


def test_a_lost_distance_leaves_two_weeks_and_weeks_judged_where_it_does_not_matter():
    log, date = log_with((70, 2880.0))  # 8 km at 6:00 /km, 8.7 km at 5:30
    found = assess(log, GUIDANCE)
    assert level(found, "two_week_volume", date) == ("ok", "")
    sunday = str((pd.Timestamp(date) + pd.Timedelta(days=1)).date())
    assert level(found, "weekly_increase", sunday) == ("ok", "")
    week = found.details["weekly_increase"].loc[sunday]
    assert (week["week"], week["week_high"]) == pytest.approx((38_000, 38_000 + 8000 * 30 / 330))


def test_a_run_of_unknown_length_may_be_nothing_or_the_longest():
    log, date = log_with((71, np.nan))
    found = assess(log, GUIDANCE)
    assert level(found, "longest_run", date) == ("ok", "")  # at most 14 km
    assert level(found, "weekly_increase", date) == ("ok", "")  # at most the week it replaces
