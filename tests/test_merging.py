"""One run seen by several sources becomes one; two runs stay two."""

from __future__ import annotations

import pandas as pd
import pytest

from loadlens.daily_sources import merge_wellness
from loadlens.log import conform
from loadlens.merging import merge_activities


def activity(source: str, kind: str, start: str, minutes: float, **more) -> pd.DataFrame:
    """One run, with the format that it came from."""
    row = {
        "activity": source,
        "source": source,
        "source_row": 1,
        "sport": "run",
        "start_local": pd.Timestamp(start),
        "date": pd.Timestamp(start).normalize(),
        "time_zone_from": "record",
        "duration": minutes * 60,
    } | more
    return conform("activities", pd.DataFrame([row]))[0].assign(format=kind)


def merge(*activities: pd.DataFrame) -> pd.DataFrame:
    return merge_activities(pd.concat(activities, ignore_index=True)).activities


def test_the_same_run_in_a_list_and_a_recording_is_one_with_the_best_of_both():
    one = activity("list.csv", "garmin_activities", "2024-03-01 18:00:30", 30.0, title="Evening", distance=5000.0)
    two = activity("run.fit", "fit", "2024-03-01 18:00:00", 30.2, cadence=170.0, distance=5012.0)
    found = merge_activities(pd.concat([one, two], ignore_index=True))
    merged = found.activities
    assert len(merged) == 1
    assert merged.loc[0, ["title", "cadence", "distance"]].tolist() == ["Evening", 170.0, 5012.0]
    assert merged.loc[0, "merged_from"] == "run.fit #1; list.csv #1"
    assert found.renamed == {"list.csv": "run.fit"}
    assert [issue["what"] for issue in found.issues] == ["merged"]


def test_a_morning_and_an_evening_run_stay_two():
    assert len(merge(activity("a", "fit", "2024-03-01 07:00", 30), activity("b", "fit", "2024-03-01 18:00", 30))) == 2


def test_runs_that_start_together_but_last_differently_stay_two():
    assert len(merge(activity("a", "fit", "2024-03-01 07:00", 30), activity("b", "fit", "2024-03-01 07:01", 31))) == 2


def test_strides_of_one_minute_recorded_one_after_the_other_stay_apart():
    strides = [activity(f"{n}.fit", "fit", f"2024-03-01 07:0{n}:{10 * n}", 1.0) for n in range(1, 5)]
    assert len(merge(*strides)) == 4


def test_a_ride_and_a_run_at_once_stay_two():
    ride = activity("b", "fit", "2024-03-01 07:00", 30, sport="ride")
    assert len(merge(activity("a", "fit", "2024-03-01 07:00", 30), ride)) == 2


def test_what_one_list_names_twice_stays_two_and_is_noted():
    twice = [activity("list.csv", "garmin_activities", "2024-03-01 07:00", 30, source_row=row) for row in (2, 3)]
    found = merge_activities(pd.concat(twice, ignore_index=True))
    issues = found.issues
    assert len(found.activities) == 2
    assert [(issue["what"], issue["row"], issue["action"]) for issue in issues] == [("listed_twice", 3, "noted")]


@pytest.mark.parametrize("seconds", [119, 120, 121])
def test_starts_may_differ_by_two_minutes_at_most(seconds):
    later = str(pd.Timestamp("2024-03-01 07:00") + pd.Timedelta(seconds=seconds))
    merged = merge(activity("a", "fit", "2024-03-01 07:00", 30), activity("b", "fit", later, 30))
    assert len(merged) == (1 if seconds <= 120 else 2)


def test_one_run_in_four_sources_is_one():
    kinds = ["fit", "garmin_activities", "strava_activities", "other"]
    merged = merge(*(activity(kind, kind, f"2024-03-01 07:00:{second:02d}", 30) for second, kind in enumerate(kinds)))
    assert len(merged) == 1
    assert merged.loc[0, "merged_from"].count(";") == 3


def test_a_list_row_joins_the_recording_it_names_and_takes_its_local_day():
    listed = activity(
        "export.zip/activities.csv", "strava_activities", "2024-03-02 01:30", 55.0,
        file="activities/77.fit.gz", title="Night", start_utc=pd.Timestamp("2024-03-02 01:30", tz="UTC"),
        start_local=pd.NaT, time_zone_from="assumed",
    )  # fmt: skip
    recorded = activity(
        "export.zip/activities/77.fit.gz", "fit", "2024-03-01 20:30", 60.0,
        start_utc=pd.Timestamp("2024-03-02 01:30", tz="UTC"), time_zone_from="file",
    )  # fmt: skip
    merged = merge(listed, recorded)
    assert len(merged) == 1
    assert merged.loc[0, "date"] == pd.Timestamp("2024-03-01")
    assert merged.loc[0, ["title", "time_zone_from", "duration"]].tolist() == ["Night", "file", 3600.0]


def day(source, kind, **values):
    frame = pd.DataFrame([{"date": pd.Timestamp("2024-03-01"), "source": source} | values])
    return conform("wellness", frame)[0].assign(format=kind)


def test_steps_that_grow_through_the_files_of_a_day_count_once_and_whole():
    files = pd.concat([day("1.fit", "fit", steps=900.0), day("2.fit", "fit", steps=8000.0), day("3.fit", "fit")])
    merged, _, issues = merge_wellness(files.reset_index(drop=True))
    assert merged.loc[0, "steps"] == 8000
    assert issues == []


def test_wellness_of_one_day_takes_each_field_from_the_first_source_that_has_it():
    both = pd.concat([day("w.csv", "wellness", rhr_day=51.0, sleep=27_000.0), day("m.fit", "fit", rhr_day=50.0)])
    merged, _, issues = merge_wellness(both.reset_index(drop=True))
    assert merged.loc[0, ["rhr_day", "sleep", "source"]].tolist() == [50.0, 27_000.0, "m.fit; w.csv"]
    assert issues == [{"field": "rhr_day", "what": "wellness_differs", "count": 1, "action": "noted"}]


def test_ten_years_in_a_list_and_as_recordings_are_merged_run_by_run():
    """3,000 runs twice: each keeps its own title, cadence, clock and places."""
    starts = pd.date_range("2014-01-01 18:00", periods=3000, freq="D")
    many = {
        "activity": [f"{kind}{n}" for kind in "rl" for n in range(3000)],
        "source": [f"{n}.fit" for n in range(3000)] + ["list.csv"] * 3000,
        "source_row": pd.array([pd.NA] * 3000 + list(range(3000)), "Int64"),
        "sport": "run",
        "start_local": [*starts, *(starts + pd.Timedelta(seconds=30))],
        "time_zone_from": ["file"] * 3000 + ["record"] * 3000,
        "duration": 1800.0,
        "cadence": [160.0 + n % 20 for n in range(3000)] + [100.0] * 3000,
        "title": [None] * 3000 + [f"run {n}" for n in range(3000)],
    }
    table = conform("activities", pd.DataFrame(many).assign(date=lambda t: t["start_local"].dt.normalize()))[0]
    table["format"] = ["fit"] * 3000 + ["garmin_activities"] * 3000
    found = merge_activities(table.sample(frac=1, random_state=1))
    merged, renamed = found.activities, found.renamed
    assert len(merged) == len(renamed) == len(found.issues) == 3000
    assert merged["activity"].tolist() == [f"r{n}" for n in range(3000)]
    assert merged["title"].tolist() == [f"run {n}" for n in range(3000)]
    assert merged["cadence"].tolist() == [160.0 + n % 20 for n in range(3000)]
    assert merged["start_local"].tolist() == starts.tolist()
    assert merged["merged_from"].iloc[7] == "7.fit; list.csv #7"
    assert renamed["l7"] == "r7"
