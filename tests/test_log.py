"""The log's gate, its daily series, and its account of days."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from builders import build_activities, build_log
from loadlens.log import LogError, conform, describe_columns, farthest, tally_gear


@pytest.mark.parametrize("table", list(describe_columns()))
def test_every_column_is_named_in_english_and_dutch(table):
    for name, spec in describe_columns()[table].items():
        assert spec["en"], name
        assert spec["nl"], name
        assert spec["dtype"] in {"text", "number", "integer", "flag", "date", "instant", "clock"}


def test_conform_gives_all_columns_in_order_whatever_came_in():
    frame, issues = conform("activities", pd.DataFrame({"distance": [5000.0], "activity": ["a"]}))
    assert list(frame.columns) == list(describe_columns()["activities"])
    assert frame["heart_rate"].isna().all()
    assert issues == []


def test_a_column_of_nothing_but_gaps_is_of_its_own_kind_whatever_they_are_gaps_of():
    """pandas takes times that are all missing for times without a zone, which are no instants."""
    frame, _ = conform("activities", pd.DataFrame({"start_utc": [pd.NaT, pd.NaT], "distance": [None, None]}))
    assert (str(frame["start_utc"].dtype), str(frame["distance"].dtype)) == ("datetime64[us, UTC]", "float64")


def test_conform_sets_a_heart_rate_of_300_aside_and_says_where():
    frame, issues = conform(
        "activities", pd.DataFrame({"heart_rate": [150.0, 300.0], "source": "list.csv", "source_row": [2, 3]})
    )
    assert frame["heart_rate"].tolist()[0] == 150
    assert np.isnan(frame["heart_rate"].iloc[1])
    assert [(i["source"], i["row"], i["field"], i["value"], i["action"]) for i in issues] == [
        ("list.csv", 3, "heart_rate", "300", "set_aside")
    ]


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (pd.DataFrame({"km": [1.0]}), "unknown columns"),
        (pd.DataFrame({"sport": ["jogging"]}), "is not one of"),
        (pd.DataFrame({"source_row": [1.5]}), "would be right: integer"),
        (pd.DataFrame({"distance": ["five"]}), "would be right: number"),
    ],
)
def test_conform_says_what_is_wrong_and_what_would_be_right(frame, words):
    with pytest.raises(LogError, match=words):
        conform("activities", frame)


def test_an_unknown_table_is_refused_by_name():
    with pytest.raises(LogError, match="no such table"):
        conform("sleepers", pd.DataFrame())


def test_two_runs_on_one_day_add_up_and_a_rest_day_is_zero():
    log = build_log(build_activities([("2024-03-01", 5000), ("2024-03-01", 3000), ("2024-03-03", 8000)]))
    assert log.daily("activities.distance").tolist() == [8000.0, 0.0, 8000.0]
    assert log.daily("activities.distance", "max").tolist() == [5000.0, 0.0, 8000.0]


def test_a_run_without_a_distance_makes_the_day_unknown_not_zero():
    log = build_log(build_activities([("2024-03-01", 5000), ("2024-03-02", None), ("2024-03-02", 4000)]))
    assert np.isnan(log.daily("activities.distance").iloc[1])


def test_a_ride_is_no_run_and_its_day_is_a_rest_from_running():
    activities = build_activities([("2024-03-01", 5000), ("2024-03-02", 40_000), ("2024-03-03", 5000)])
    activities.loc[1, "sport"] = "ride"
    log = build_log(activities)
    assert log.daily("activities.distance").tolist() == [5000.0, 0.0, 5000.0]
    assert log.days["other_activities"].tolist() == [0, 1, 0]


def test_a_night_without_sleep_data_is_missing_not_sleepless():
    wellness = pd.DataFrame({"date": pd.to_datetime(["2024-03-01", "2024-03-02"]), "sleep": [27_000.0, None]})
    log = build_log(build_activities([("2024-03-01", 5000)]), wellness)
    sleep = log.daily("wellness.sleep")
    assert sleep.iloc[0] == 27_000
    assert np.isnan(sleep.iloc[1])


def test_a_diary_entry_after_the_last_run_is_inside_the_span():
    diary = pd.DataFrame({"date": [pd.Timestamp("2024-03-05")], "kind": ["swelling"], "value": [1.0]})
    log = build_log(build_activities([("2024-03-01", 5000)]), diary=diary)
    assert log.span[1] == pd.Timestamp("2024-03-05")
    assert log.days["state"].iloc[-1] == "unknown"


def test_daily_refuses_a_column_without_a_daily_form():
    log = build_log(build_activities([("2024-03-01", 5000)]))
    with pytest.raises(LogError, match="has no daily value"):
        log.daily("activities.title")


def test_until_knows_nothing_of_later_days():
    activities = build_activities([("2024-03-01", 5000), ("2024-03-03", 8000)])
    activities["gear"] = "Blue"
    log = build_log(activities)
    early = log.until("2024-03-02")
    assert len(early.activities) == 1
    assert early.days["date"].max() == pd.Timestamp("2024-03-02")
    assert early.gear["distance_known"].tolist() == [5000.0]
    assert log.gear["distance_known"].tolist() == [13_000.0]


def test_shoes_get_a_range_when_runs_name_no_shoes():
    activities = build_activities([("2024-03-01", 5000), ("2024-03-02", 3000), ("2024-03-03", 8000), ("2024-03-09", 1)])
    activities["gear"] = pd.array(["Blue", None, "Blue", None], dtype=activities["gear"].dtype)
    gear = tally_gear(activities, pd.DataFrame({"gear": ["Blue"], "start_distance": [100_000.0]}))
    assert gear.loc[0, ["distance_known", "distance_possible"]].tolist() == [113_000.0, 116_000.0]
    assert gear.loc[0, "runs"] == 2


def test_a_pair_of_which_an_account_and_a_diary_tell_the_distance_before_is_one_pair_with_the_larger():
    starts = pd.DataFrame({"gear": ["Blue", "Blue"], "start_distance": [100_000.0, 120_000.0]})
    gear = tally_gear(build_activities([("2024-03-01", 10_000)]).assign(gear="Blue"), starts)
    assert gear[["gear", "runs", "distance_known"]].to_numpy().tolist() == [["Blue", 1, 130_000.0]]


def test_a_run_in_a_pair_without_a_distance_widens_what_is_possible_by_what_its_time_allows():
    """The fastest run before was 5 km in half an hour; 20 minutes more at that speed are 3.33 km at most."""
    activities = build_activities([("2024-03-01", 5000), ("2024-03-02", None), ("2024-03-03", 8000)])
    activities["gear"] = "Blue"
    activities["duration"] = [1800.0, 1200.0, 2880.0]
    gear = tally_gear(activities).iloc[0]
    assert gear["distance_known"] == 13_000.0
    assert gear["distance_possible"] == pytest.approx(13_000 + 5000 * 1200 / 1800)


def test_a_run_without_a_distance_or_a_duration_leaves_no_limit():
    activities = build_activities([("2024-03-01", 5000), ("2024-03-02", None), ("2024-03-03", 8000)])
    activities["gear"] = pd.array(["Blue", None, "Blue"], dtype=activities["gear"].dtype)
    activities["duration"] = [1800.0, np.nan, 2880.0]
    gear = tally_gear(activities).iloc[0]
    assert gear["distance_known"] == 13_000.0
    assert np.isnan(gear["distance_possible"])


def test_how_far_a_run_can_have_gone_is_told_by_earlier_runs_only():
    distance, duration = pd.Series([np.nan, 3000.0, np.nan, 9000.0]), pd.Series([600.0, 1000.0, 500.0, 1500.0])
    assert farthest(distance, duration).tolist() == [np.inf, 3000.0, 1500.0, 9000.0]


def test_a_log_without_days_says_so():
    log = build_log(build_activities([]))
    with pytest.raises(LogError, match="no days"):
        _ = log.span


def test_impossible_minutes_are_counted_for_each_source():
    """Minutes do not say where they come from, so the one who hands them over does."""
    minutes = pd.DataFrame({"activity": list("aabb"), "minute": range(4), "heart_rate": [300.0, 301.0, 150.0, 299.0]})
    frame, issues = conform("minutes", minutes, ["a.fit", "a.fit", "b.fit", "b.fit"])
    assert frame["heart_rate"].isna().tolist() == [True, True, False, True]
    assert [(i["source"], i["value"], i["count"]) for i in issues] == [("a.fit", "300", 2), ("b.fit", "299", 1)]
