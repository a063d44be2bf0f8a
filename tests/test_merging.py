"""One run seen by several sources becomes one; two runs stay two."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

from loadlens.log import conform
from loadlens.merging import merge_activities


def activity(source: str, kind: str, start: str, minutes: float, **more) -> pd.DataFrame:
    """One run, with the format that it came from."""
    return tabulate([describe(source, kind, start, minutes, **more)])


def tabulate(rows: list[dict]) -> pd.DataFrame:
    kinds = [row["format"] for row in rows]
    table = pd.DataFrame([{name: value for name, value in row.items() if name != "format"} for row in rows])
    return conform("activities", table)[0].assign(format=kinds)


def describe(source: str, kind: str, start: str, minutes: float, **more) -> dict:
    return {
        "format": kind,
        "activity": source,
        "source": source,
        "source_row": 1,
        "sport": "run",
        "start_local": pd.Timestamp(start),
        "date": pd.Timestamp(start).normalize(),
        "time_zone_from": "record",
        "duration": minutes * 60,
    } | more


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


# ---------------------------------------------------------------- by id


def utc(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def test_a_list_row_finds_its_recording_by_number_when_the_file_was_moved():
    listed = activity(
        "activities.csv", "strava_activities", "2024-03-02 01:30", 55.0, file="activities/1120099887.fit.gz"
    )
    moved = activity("my runs/1120099887.fit", "fit", "2024-03-02 01:37", 70.0, source_row=None)
    other = activity("my runs/1120099888.fit", "fit", "2024-03-02 09:00", 55.0, source_row=None)
    merged = merge(listed, moved, other)
    assert merged["merged_from"].fillna("").tolist() == [f"{moved['source'][0]}; activities.csv #1", ""]


def test_a_list_row_finds_the_file_that_was_read_in_place_of_its_own():
    listed = activity("a/activities.csv", "strava_activities", "2024-03-02 01:30", 55.0, file="activities/7.fit.gz")
    read = activity("account.zip/x.fit", "fit", "2024-03-02 03:30", 70.0, source_row=None)
    table = pd.concat([listed, read], ignore_index=True)
    assert len(merge_activities(table).activities) == 2
    assert len(merge_activities(table, same_as={"a/activities/7.fit.gz": "account.zip/x.fit"}).activities) == 1


def test_a_workout_that_names_several_routes_joins_them_all():
    workout = activity("health/export.xml", "apple_health", "2024-03-02 07:00", 30.0, file="/r/1.gpx; /r/2.gpx")
    routes = [
        activity(f"health/r/{n}.gpx", "gpx", f"2024-03-02 07:{15 * n - 15:02d}", 15.0, source_row=None) for n in (1, 2)
    ]
    merged = merge(workout, *routes)
    assert len(merged) == 1
    assert merged.loc[0, "duration"] == 1800


def test_the_same_id_in_two_exports_of_a_platform_joins_them_also_when_a_run_was_cropped_in_between():
    early = activity("2023.zip/activities.csv", "strava_activities", "2023-03-02 07:00", 55.0, source_id="8123456789")
    late = activity("2024.zip/activities.csv", "strava_activities", "2023-03-02 07:20", 35.0, source_id="8123456789")
    assert len(merge(early, late)) == 1


def test_the_id_of_an_activity_joins_the_recording_that_bears_it_but_not_one_of_another_day():
    account = activity("summarized.json", "garmin_account", "2024-03-02 07:00", 55.0, source_id="14123456789")
    named = activity("activity_14123456789.tcx", "tcx", "2024-03-02 07:10", 44.0, source_row=None)
    assert len(merge(account, named)) == 1
    another = activity("activity_14123456789.tcx", "tcx", "2024-05-02 07:10", 44.0, source_row=None)
    assert len(merge(account, another)) == 2


def test_short_numbers_are_no_ids():
    one = activity("12.fit", "fit", "2024-03-02 07:00", 55.0, source_row=None)
    other = activity("list.csv", "wellness", "2024-03-02 12:10", 44.0, source_id="12")
    assert len(merge(one, other)) == 2


# ---------------------------------------------------------------- clocks a zone apart


def listed_runs(hours: float, count: int = 1, **more) -> list[pd.DataFrame]:
    """Runs in a list in wall time, so many hours ahead of UTC, on days three apart."""
    runs = []
    for number in range(count):
        start = pd.Timestamp("2024-03-01 17:00:20") + pd.Timedelta(days=3 * number, hours=hours)
        values = {"source_row": number + 2, "distance": 5000.0 + 100 * number} | more
        runs.append(activity("list.csv", "garmin_activities", str(start), 30 + number, **values))
    return runs


def recorded_runs(count: int = 1, **more) -> list[pd.DataFrame]:
    """The same runs as recordings that know UTC only."""
    runs = []
    for number in range(count):
        start = pd.Timestamp("2024-03-01 17:00:00") + pd.Timedelta(days=3 * number)
        values = {"start_utc": start.tz_localize("UTC"), "start_local": pd.NaT, "time_zone_from": "assumed"}
        values |= {"source_row": None, "distance": 5001.0 + 100 * number} | more
        runs.append(activity(f"{number}.fit", "fit", str(start), 30 + number, **values))
    return runs


@pytest.mark.parametrize("hours", [-8, 1, 5.75, 11])
def test_a_recording_in_utc_and_a_list_in_wall_time_are_one_run_in_the_zone_of_the_list(hours):
    (run,) = merge(*recorded_runs(), *listed_runs(hours)).to_dict("records")
    assert run["start_utc"] == utc("2024-03-01 17:00")
    assert run["start_local"] == pd.Timestamp("2024-03-01 17:00:20") + pd.Timedelta(hours=hours)
    assert run["time_zone_from"] == "record"


@pytest.mark.parametrize("hours", [0.6, 1.25, 15, -13])
def test_no_zone_is_so_far_from_utc(hours):
    assert len(merge(*recorded_runs(), *listed_runs(hours))) == 2


def test_another_distance_is_another_run_whatever_the_clocks():
    assert len(merge(*recorded_runs(), *listed_runs(1, distance=5200.0))) == 2


def test_where_two_runs_fit_the_offset_that_the_other_runs_share_decides():
    """A run of 5 km in the morning, and one in the evening: the list, an hour ahead, has only the evening."""
    morning = recorded_runs(1)[0].assign(start_utc=utc("2024-03-01 07:00"), source="m.fit", activity="m.fit")
    merged = merge(*recorded_runs(3), morning, *listed_runs(1, 3))
    assert len(merged) == 4
    assert "m.fit" not in set(merged["merged_from"].dropna().str.partition(";")[0])


def test_a_list_that_contradicts_a_stated_zone_is_believed_only_when_several_runs_agree():
    """On a journey: the watch knew the zone of the place, the list keeps that of home, six hours behind."""
    ahead = pd.Timedelta(hours=7)
    known = [
        run.assign(start_local=run["start_utc"].dt.tz_localize(None) + ahead, time_zone_from="file")
        for run in recorded_runs(3)
    ]
    assert len(merge(known[0], *listed_runs(1))) == 2
    merged = merge(*known, *listed_runs(1, 3))
    assert len(merged) == 3
    assert merged["time_zone_from"].tolist() == ["file"] * 3


# ---------------------------------------------------------------- one run in several files, multisport


def parts(second: str = "2024-03-01 07:25") -> list[pd.DataFrame]:
    more = {"source_row": None, "elapsed": 1260.0, "max_heart_rate": 170.0, "heart_rate": 150.0}
    one = activity("1.fit", "fit", "2024-03-01 07:00", 20, distance=4000.0, **more)
    other = activity("2.fit", "fit", second, 40, distance=8000.0, **(more | {"heart_rate": 156.0, "elapsed": 2430.0}))
    return [one, other]


def test_a_watch_stopped_and_started_again_and_a_list_with_the_whole_are_one_run():
    """4 km in 20 and 8 km in 40 minutes, 5 minutes apart: 12 km in 60; heart rate (20 × 150 + 40 × 156) / 60 = 154."""
    whole = activity("list.csv", "garmin_activities", "2024-03-01 07:00:10", 60, distance=12_010.0, title="Long")
    found = merge_activities(pd.concat([*parts(), whole], ignore_index=True))
    (run,) = found.activities.to_dict("records")
    assert (run["distance"], run["duration"], run["heart_rate"], run["max_heart_rate"]) == (12_000, 3600, 154, 170)
    assert run["elapsed"] == 25 * 60 + 2430
    assert (run["title"], run["speed"]) == ("Long", 12_000 / 3600)
    assert run["merged_from"] == "1.fit; 2.fit; list.csv #1"
    assert found.later == {"1.fit": 0, "2.fit": 25}
    assert [(issue["what"], issue["action"], issue["count"]) for issue in found.issues] == [
        ("parts_joined", "merged", 2)
    ]
    assert found.renamed == {"2.fit": "1.fit", "list.csv": "1.fit"}


def test_one_recording_and_a_list_with_two_halves_are_one_run():
    halves = [part.assign(source="list.csv", source_row=row, format="garmin_activities", activity=f"h{row}")
              for row, part in enumerate(parts("2024-03-01 07:20"), 2)]  # fmt: skip
    whole = activity("whole.fit", "fit", "2024-03-01 07:00", 60, distance=12_010.0, source_row=None)
    found = merge_activities(pd.concat([*halves, whole], ignore_index=True))
    assert found.activities["distance"].tolist() == [12_010.0]
    assert found.activities.loc[0, "merged_from"] == "whole.fit; list.csv #2; list.csv #3"


def test_two_recordings_one_after_the_other_stay_two_without_a_whole():
    assert len(merge(*parts())) == 2


def test_parts_that_do_not_add_up_to_the_whole_stay_apart():
    whole = activity("list.csv", "garmin_activities", "2024-03-01 07:00:10", 75, distance=15_000.0)
    assert len(merge(*parts(), whole)) == 3


def test_parts_that_their_own_list_names_one_by_one_are_not_joined():
    names = [part.assign(source="list.csv", source_row=row, format="garmin_activities", activity=f"n{row}")
             for row, part in enumerate(parts(), 2)]  # fmt: skip
    whole = activity("list.csv", "garmin_activities", "2024-03-01 07:00:10", 60, distance=12_000.0, source_row=4)
    assert len(merge(*parts(), *names, whole)) == 3


def test_of_a_multisport_activity_the_legs_count_and_the_whole_does_not():
    swim = activity("t.fit", "fit", "2024-06-01 09:00", 30, sport="swim", distance=1500.0, activity="t1")
    ride = activity("t.fit", "fit", "2024-06-01 09:33", 70, sport="ride", distance=40_000.0, activity="t2")
    run = activity("t.fit", "fit", "2024-06-01 10:45", 45, distance=10_000.0, activity="t3")
    whole = activity(
        "list.csv", "garmin_activities", "2024-06-01 09:00", 150, sport="multisport", distance=51_500.0, elapsed=9000.0
    )
    found = merge_activities(pd.concat([swim, ride, run, whole], ignore_index=True))
    assert found.activities["sport"].tolist() == ["swim", "ride", "run"]
    assert found.activities["distance"].sum() == 51_500
    assert [(issue["what"], issue["count"], issue["value"]) for issue in found.issues] == [
        ("multisport_divided", 3, "list.csv #1")
    ]
    assert merge(whole)["sport"].tolist() == ["multisport"]


def test_a_sport_called_other_is_any_sport():
    unnamed = activity("run.gpx", "gpx", "2024-03-01 07:00", 30, sport="other", source_row=None)
    assert merge(unnamed, activity("l", "garmin_activities", "2024-03-01 07:00", 30))["sport"].tolist() == ["run"]


def test_a_format_nobody_listed_is_a_recording_when_it_has_minutes_and_a_list_when_not():
    mine = activity("x.abc", "someones_own", "2024-03-01 07:00", 30, title="Mine")
    account = activity("a.json", "garmin_account", "2024-03-01 07:00", 30, title="Account")
    both = pd.concat([mine, account], ignore_index=True)
    assert merge_activities(both).activities["title"].tolist() == ["Account"]
    assert merge_activities(both, recorded=frozenset(["x.abc"])).activities["title"].tolist() == ["Mine"]


# ---------------------------------------------------------------- whatever the rows


KINDS = ["fit", "tcx", "garmin_activities", "strava_activities"]


@st.composite
def lives(draw) -> pd.DataFrame:
    """A few days of activities, each seen by one to four sources that trim, round and know other clocks."""
    rows = []
    for number in range(draw(st.integers(1, 6))):
        start = pd.Timestamp("2024-03-01") + pd.Timedelta(minutes=draw(st.integers(0, 5 * 24 * 60)))
        minutes, sport = draw(st.sampled_from([1, 20, 30, 31, 60])), draw(st.sampled_from(["run", "ride", "other"]))
        for kind in draw(st.sets(st.sampled_from(KINDS), min_size=1)):
            late = pd.Timedelta(seconds=draw(st.integers(0, 90)))
            local, universal = draw(st.sampled_from([(True, True), (True, False), (False, True)]))
            recorded = kind in ("fit", "tcx")
            source = f"{number}.{kind}" if recorded else f"{kind}.csv"
            told = describe(
                source, kind, str(start + late + pd.Timedelta(hours=1)), minutes * draw(st.sampled_from([1, 1.01])),
                activity=f"{number}{kind}", source_row=None if recorded else number + 2, sport=sport,
                distance=draw(st.sampled_from([np.nan, 150.0 * minutes])),
                start_utc=(start + late).tz_localize("UTC") if universal else pd.NaT,
                time_zone_from="file" if local else "assumed",
            )  # fmt: skip
            rows.append(told | ({} if local else {"start_local": pd.NaT}))
    return tabulate(rows)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lives(), st.randoms(use_true_random=False))
def test_the_order_of_rows_makes_no_difference(table, chance):
    order = list(range(len(table)))
    chance.shuffle(order)
    one, other = merge_activities(table), merge_activities(table.iloc[order].reset_index(drop=True))
    pd.testing.assert_frame_equal(one.activities, other.activities)
    assert (one.renamed, one.later) == (other.renamed, other.later)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lives())
def test_what_was_merged_stays_as_it_is_when_merged_again(table):
    once = merge_activities(table).activities
    kinds = dict(zip(table["source"], table["format"], strict=True))
    again = merge_activities(once.assign(format=once["source"].map(kinds)))
    pd.testing.assert_frame_equal(again.activities, once)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lives())
def test_every_row_is_in_the_result_once_by_itself_or_by_the_name_of_what_it_became(table):
    found = merge_activities(table)
    kept = found.activities["activity"].tolist()
    assert len(kept) == len(set(kept))
    assert sorted(kept + list(found.renamed)) == sorted(table["activity"])
    assert set(found.renamed.values()) <= set(kept)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 100), st.sampled_from(["fit", "garmin_activities", "tcx"])), min_size=1, max_size=12
    )
)
def test_total_distance_stays_where_nothing_overlaps(runs):
    rows = [
        describe(f"{day}", kind, str(pd.Timestamp("2024-01-01") + pd.Timedelta(days=2 * day)), 30 + day / 10,
                 distance=1000.0 + 37 * length, source_row=None)
        for day, (length, kind) in enumerate(runs)
    ]  # fmt: skip
    merged = merge_activities(tabulate(rows)).activities
    assert merged["distance"].sum() == sum(1000.0 + 37 * length for length, _ in runs)
