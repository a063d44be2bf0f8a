"""Days are run, rest or unknown, and the log says why."""

from __future__ import annotations

import hypothesis.strategies as st
import pandas as pd
from hypothesis import given

from builders import build_activities
from loadlens.coverage import account_days, note_runs_at_once, note_silences
from loadlens.log import conform, empty_table

NO_COVER = pd.DataFrame({"first": pd.Series(dtype="datetime64[us]"), "last": pd.Series(dtype="datetime64[us]")})


def cover(first: str, last: str) -> pd.DataFrame:
    return pd.DataFrame({"source": ["list.csv"], "first": [pd.Timestamp(first)], "last": [pd.Timestamp(last)]})


def test_days_no_source_covers_are_unknown():
    activities = build_activities([("2024-03-01", 5000), ("2024-03-10", 5000)])
    days = account_days(activities, empty_table("wellness"), NO_COVER)
    assert days["state"].tolist() == ["run"] + ["unknown"] * 8 + ["run"]
    assert set(days["reason"]) == {"run_recorded", "outside_sources"}


def test_a_complete_list_makes_days_between_its_runs_rest():
    activities = build_activities([("2024-03-01", 5000), ("2024-03-04", 5000)])
    days = account_days(activities, empty_table("wellness"), cover("2024-03-01", "2024-03-04"))
    assert days["state"].tolist() == ["run", "rest", "rest", "run"]


def test_ten_recordings_close_together_cover_the_days_between_but_not_a_gap_of_a_month():
    dates = [f"2024-03-{day:02d}" for day in range(1, 20, 2)] + ["2024-04-25"]
    days = account_days(build_activities([(d, 5000) for d in dates]), empty_table("wellness"), NO_COVER)
    days = days.set_index("date")
    assert days.loc["2024-03-02", "state"] == "rest"
    assert days.loc["2024-04-01", ["state", "reason"]].tolist() == ["unknown", "files_gap"]


def test_three_recordings_are_too_few_to_call_the_days_between_rest():
    days = account_days(
        build_activities([("2024-03-01", 1), ("2024-03-03", 1), ("2024-03-05", 1)]), empty_table("wellness"), NO_COVER
    )
    assert (days["state"] == "unknown").sum() == 2


def test_days_on_which_a_watch_that_is_always_worn_fell_silent_are_unknown_in_spite_of_the_list():
    activities = build_activities([("2024-03-01", 5000), ("2024-03-31", 5000)])
    worn = [d for d in pd.date_range("2024-03-01", "2024-03-31") if not 10 <= d.day <= 14]
    wellness = conform("wellness", pd.DataFrame({"date": worn, "rhr_day": 50.0}))[0]
    days = account_days(activities, wellness, cover("2024-03-01", "2024-03-31")).set_index("date")
    assert days.loc["2024-03-09", "state"] == "rest"
    assert days.loc["2024-03-10":"2024-03-14", "reason"].unique().tolist() == ["watch_not_worn"]
    assert (days["state"] == "unknown").sum() == 5


def test_one_forgotten_night_does_not_make_a_day_unknown():
    activities = build_activities([("2024-03-01", 5000), ("2024-03-31", 5000)])
    worn = [d for d in pd.date_range("2024-03-01", "2024-03-31") if d.day != 10]
    wellness = conform("wellness", pd.DataFrame({"date": worn, "rhr_day": 50.0}))[0]
    days = account_days(activities, wellness, cover("2024-03-01", "2024-03-31")).set_index("date")
    assert days.loc["2024-03-10", "state"] == "rest"


@given(st.sets(st.integers(0, 120), min_size=1, max_size=30), st.integers(0, 60), st.integers(60, 120))
def test_days_tile_the_span_without_gap_and_runs_are_always_runs(offsets, first, last):
    start = pd.Timestamp("2024-01-01")
    dates = [start + pd.Timedelta(days=o) for o in sorted(offsets)]
    activities = build_activities([(str(d.date()), 5000) for d in dates])
    covered = cover(str((start + pd.Timedelta(days=first)).date()), str((start + pd.Timedelta(days=last)).date()))
    days = account_days(activities, empty_table("wellness"), covered)
    assert days["date"].tolist() == list(pd.date_range(dates[0], dates[-1]))
    assert set(days.loc[days["state"] == "run", "date"]) == set(dates)


def test_a_list_silent_for_two_months_says_so():
    activities = build_activities([("2024-01-01", 5000), ("2024-03-03", 5000), ("2024-03-10", 5000)])
    (issue,) = note_silences(activities, cover("2024-01-01", "2024-03-10"))
    assert (issue["what"], issue["value"], issue["count"]) == ("long_silence", "2024-01-01", 61)


def run_beside(minutes: list[int]) -> list[dict[str, object]]:
    """What is said of a list of runs at noon of 30 minutes, and another whose runs start so many minutes later."""
    dates = pd.date_range("2024-03-01", periods=len(minutes), freq="2D")
    one = build_activities([(str(date.date()), 5000) for date in dates])
    other = one.assign(source="other.csv", start_local=one["start_local"] + pd.to_timedelta(minutes, unit="min"))
    both = pd.concat([one, other], ignore_index=True)
    return note_runs_at_once(both)


def test_runs_of_two_sources_under_way_at_once_are_said_once_with_how_many():
    (issue,) = run_beside([5, 8, 10, 15, -12, 40, 300])
    assert (issue["source"], issue["value"], issue["count"]) == ("list.csv", "other.csv", 5)
    assert issue["what"] == "runs_at_once"


def test_runs_at_other_times_and_a_watch_restarted_now_and_then_say_nothing():
    assert run_beside([31, 60, -45, 16, 120, -30, 700]) == [], "two of them share less than half of a run"
    assert run_beside([5, 5, 5, 5]) == []
    assert note_runs_at_once(build_activities([])) == []


def test_days_between_recordings_are_counted_from_the_first_day_of_the_log():
    """Wellness begins ten days before the recordings; runs every third day from 11 March make the days between rest."""
    dates = pd.date_range("2024-03-11", periods=10, freq="3D")
    wellness = conform("wellness", pd.DataFrame({"date": [pd.Timestamp("2024-03-01")], "mass": 70.0}))[0]
    days = account_days(build_activities([(str(d.date()), 5000) for d in dates]), wellness, NO_COVER)
    assert days["state"].tolist() == ["unknown"] * 10 + (["run", "rest", "rest"] * 10)[:-2]
