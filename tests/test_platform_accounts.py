"""Archives of Google Health, Samsung Health, Withings and Zepp: each value in its unit, on its day, nothing dropped."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import loadlens as ll
from loadlens import words
from loadlens.formats import platform_accounts
from loadlens.formats.account_parts import all_platforms, find_part
from loadlens.formats.record_times import read_offset, read_stamp
from loadlens.formats.source import Options, Reading, Source, UnreadableFile
from loadlens.log import describe_columns
from loadlens.simulation import simulate
from loadlens.simulators.simulated_exports import write_export

GOOGLE = "Takeout/Google Health/Physical Activity_GoogleData/"
FITNESS = "Takeout/Google Health/Health Fitness Data_GoogleData/"
OLD = "Takeout/Fitbit/Global Export Data/"
EXERCISES = (
    "exercise_id,exercise_start,exercise_end,utc_offset,activity_name,tracker_total_distance_mm,tracker_avg_heart_rate"
)
SLEEPS = "sleep_id,minutes_asleep,minutes_awake,sleep_start,end_utc_offset,sleep_end"
SAMSUNG = "com.samsung.shealth.exercise.20240301120000.csv"


def parse(name: str, content: str | bytes, tz: str | None = None) -> Reading:
    """Parse content as the file of that name; every row is used or set aside."""
    data = content.encode() if isinstance(content, str) else content
    source = Source(name, data[:16_384], lambda: io.BytesIO(data))
    assert platform_accounts.sniff(source.head, name)
    reading = platform_accounts.parse(source, Options(tz=tz))
    assert reading.facts["used"] + reading.facts["set_aside"] == reading.facts["rows"]
    return reading


def whats(reading: Reading) -> set[str]:
    return {str(entry["what"]) for entry in reading.ledger}


def lines(*rows: str) -> str:
    return "\n".join(rows) + "\n"


# ---------------------------------------------------------------- what was simulated is what is read

KINDS = ("google_health", "fitbit_old", "samsung_health", "withings", "zepp")
DAILY = {
    "google_health": ("sleep", "rhr_day", "hrv_rmssd", "sleep_score"),
    "fitbit_old": ("sleep", "rhr_day"),
    "samsung_health": ("sleep", "sleep_score", "steps"),
    "withings": ("sleep", "steps"),
    "zepp": ("sleep", "steps"),
}


@pytest.fixture(scope="module")
def runner():
    return simulate("novice", weeks=4)


@pytest.fixture(scope="module")
def logs(runner, tmp_path_factory):
    read = {}
    for kind in KINDS:
        folder = tmp_path_factory.mktemp(kind)
        write_export(runner, folder, kind)
        read[kind] = ll.read(folder, tz=runner.zone)
    return read


@pytest.mark.parametrize("kind", KINDS)
def test_activities_come_back_as_they_were_simulated(kind, runner, logs):
    found, truth = logs[kind].activities, runner.activities
    assert found["date"].tolist() == truth["date"].tolist()
    assert found["start_local"].tolist() == truth["start_local"].tolist()
    known = found["sport"] != "other"  # Zepp's number for a ride is not among those that are known
    assert known.sum() >= len(truth) - (kind == "zepp")
    assert found["sport"][known].tolist() == truth["sport"][known].tolist()
    assert found["distance"].to_numpy(float) == pytest.approx(truth["distance"].to_numpy(float), abs=0.06)
    length = "elapsed" if kind in ("google_health", "withings") else "duration"
    assert found["duration"].to_numpy(float) == pytest.approx(truth[length].to_numpy(float), abs=0.5)
    if kind != "zepp":
        assert found["heart_rate"].to_numpy(float) == pytest.approx(truth["heart_rate"].to_numpy(float), nan_ok=True)


@pytest.mark.parametrize("kind", KINDS)
def test_days_and_nights_come_back_as_they_were_simulated(kind, runner, logs):
    found = logs[kind].wellness.set_index("date")
    truth = runner.wellness.set_index("date")
    for column in DAILY[kind]:
        expected = truth[column].dropna()
        assert found[column].dropna().to_dict() == pytest.approx(expected.to_dict(), abs=1e-3), column


def test_cadence_of_samsung_counts_steps(runner, logs):
    runs = runner.activities["sport"] == "run"
    found = logs["samsung_health"].activities["cadence"]
    assert found[runs].tolist() == runner.activities["cadence"][runs].tolist()
    assert found[~runs].isna().all()


def test_a_new_archive_lies_beside_an_old_one_as_one_log(runner, tmp_path):
    for kind in ("google_health", "fitbit_old", "samsung_health", "withings"):
        write_export(runner, tmp_path, kind)
    log = ll.read(tmp_path, tz=runner.zone)
    assert len(log.activities) == len(runner.activities)
    assert log.runs["distance"].sum() == pytest.approx(
        runner.activities.loc[runner.activities["sport"] == "run", "distance"].sum(), abs=1
    )


def test_a_zip_of_an_archive_is_read_as_its_folder_is(runner, logs, tmp_path):
    folder, path = tmp_path / "folder", tmp_path / "takeout.zip"
    files = write_export(runner, folder, "google_health")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, file.relative_to(folder))
    log, other = ll.read(path, tz=runner.zone), logs["google_health"]
    for name in ("activities", "wellness"):
        one, two = (table.drop(columns="source") for table in (getattr(log, name), getattr(other, name)))
        pd.testing.assert_frame_equal(one, two)
    assert log.sources["status"].tolist() == other.sources["status"].tolist()


def test_the_sample_folder_is_what_the_code_writes_and_reads_as_the_runner_it_was(runner, tmp_path):
    folder = Path(__file__).parents[1] / "sample_data/other_platforms"
    for kind in KINDS:
        for path in write_export(runner, tmp_path, kind):
            assert (folder / path.relative_to(tmp_path)).read_bytes() == path.read_bytes()
    log = ll.read(folder, tz=runner.zone)
    assert log.activities["date"].tolist() == runner.activities["date"].tolist()
    truth = runner.activities.loc[runner.activities["sport"] == "run", "distance"]
    assert log.runs["distance"].sum() == pytest.approx(truth.sum(), abs=1)
    assert not set(log.sources["status"]) & {"unreadable", "damaged"}


def test_files_of_no_use_are_ignored_with_a_reason_and_never_an_error(logs):
    sources = pd.concat([log.sources for log in logs.values()])
    assert set(sources["status"]) == {"read", "ignored"}
    assert sources.loc[sources["status"] == "ignored", "message"].notna().all()
    beats = sources[sources["path"].str.contains(r"/heart_rate_2|tracker\.heart_rate|tracker_hr|HEARTRATE_AUTO_1")]
    assert len(beats) == 4
    assert beats["message"].str.contains("no resting heart rate").all()


# ---------------------------------------------------------------- times


@pytest.mark.parametrize(
    ("written", "seconds", "offset"),
    [
        ("2024-03-01T22:30:00Z", 1_709_332_200, 0.0),
        ("2024-03-01T22:30:00.552356Z", 1_709_332_200.552356, 0.0),
        ("2024-03-01T23:30:00+01:00", 1_709_335_800, 3600.0),
        ("2024-03-01 22:30:00+0000", 1_709_332_200, 0.0),
        ("03/01/24 22:30:00", 1_709_332_200, np.nan),
        (1_709_332_200_000, 1_709_332_200, 0.0),
        ("1709332200000", 1_709_332_200, 0.0),
        ("yesterday", np.nan, np.nan),
        (None, np.nan, np.nan),
        (True, np.nan, np.nan),
        ("9" * 400, np.nan, np.nan),
    ],
)
def test_a_stamp_is_the_clock_as_written_and_its_offset(written, seconds, offset):
    assert read_stamp(written) == pytest.approx((seconds, offset), nan_ok=True)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("+02:00", 7200),
        ("UTC-0300", -10_800),
        ("UTC+0545", 20_700),
        ("+00:00", np.nan),
        ("UTC+9900", np.nan),
        (2, np.nan),
    ],
)
def test_an_offset_is_believed_when_some_place_has_it(written, seconds):
    assert read_offset(written) == pytest.approx(seconds, nan_ok=True)


def test_a_late_run_counts_on_the_day_of_the_place_where_it_was_run():
    row = "1,2024-06-01T22:30:00Z,2024-06-01T23:00:00Z,+02:00,Run,5000000,140"
    found = parse(FITNESS + "UserExercises_2024-06-01.csv", lines(EXERCISES, row), tz="America/New_York")
    activity = found.tables["activities"].iloc[0]
    assert activity["start_local"] == pd.Timestamp("2024-06-02 00:30:00")
    assert activity["date"] == pd.Timestamp("2024-06-02")
    assert (activity["distance"], activity["duration"], activity["time_zone_from"]) == (5000.0, 1800.0, "file")


def test_an_offset_of_nothing_names_no_place_and_the_user_decides():
    row = "1,2024-06-01T22:30:00Z,2024-06-01T23:00:00Z,+00:00,Run,5000000,140"
    text = lines(EXERCISES, row)
    told = parse(FITNESS + "UserExercises_2024-06-01.csv", text, tz="Europe/Amsterdam").tables["activities"].iloc[0]
    assert (told["date"], told["time_zone_from"]) == (pd.Timestamp("2024-06-02"), "user")
    unsure = parse(FITNESS + "UserExercises_2024-06-01.csv", text)
    assert unsure.tables["activities"]["time_zone_from"].tolist() == ["assumed"]
    assert "local_day_unsure" in whats(unsure)


def test_an_offset_that_no_place_has_is_not_believed():
    row = "2024-03-01T18:00:00+23:00,2024-03-01T18:30:00+23:00,x,Running,{}"
    found = parse("activities.csv", lines("from,to,Timezone,Activity type,Data", row), tz="Europe/Amsterdam")
    activity = found.tables["activities"].iloc[0]
    assert activity["start_local"] == pd.Timestamp("2024-02-29 20:00:00")  # 19:00 the day before in UTC
    assert activity["time_zone_from"] == "user"


def test_a_daily_file_writes_the_local_date_as_midnight_in_utc_and_is_not_converted():
    text = lines("timestamp,beats per minute,data source", "2024-03-01T00:00:00Z,51.4,x", "2024-03-02T00:00:00Z,0.0,x")
    found = parse(GOOGLE + "daily_resting_heart_rate.csv", text, tz="America/Los_Angeles")
    assert found.tables["wellness"].to_dict("records") == [{"date": pd.Timestamp("2024-03-01"), "rhr_day": 51.4}]
    assert {"zero_not_measured", "record_without_values"} <= whats(found)


def test_local_midnight_given_in_utc_is_the_nearest_midnight_and_said():
    text = lines("timestamp,beats per minute", "2024-02-29T16:00:00Z,51", "2024-03-01T16:00:00Z,52")
    unsure = parse(GOOGLE + "daily_resting_heart_rate.csv", text)
    assert unsure.tables["wellness"]["date"].tolist() == [pd.Timestamp("2024-03-01"), pd.Timestamp("2024-03-02")]
    assert "midnight_elsewhere" in whats(unsure)
    told = parse(GOOGLE + "daily_resting_heart_rate.csv", text, tz="Asia/Singapore")
    assert told.tables["wellness"]["date"].tolist() == unsure.tables["wellness"]["date"].tolist()
    assert "midnight_elsewhere" not in whats(told)


# ---------------------------------------------------------------- activities


def test_a_deleted_activity_is_set_aside_and_a_repeated_one_counts_once():
    rows = [
        "1,2024-06-01T08:00:00Z,2024-06-01T08:30:00Z,+02:00,Run,5000000,0,",
        "1,2024-06-01T08:00:00Z,2024-06-01T08:30:00Z,+02:00,Run,5000000,0,",
        "2,2024-06-02T08:00:00Z,2024-06-02T08:30:00Z,+02:00,Run,6000000,0,USER_DELETED",
        "3,never,2024-06-02T08:30:00Z,+02:00,Run,6000000,0,",
    ]
    found = parse(FITNESS + "UserExercises_2024-06-01.csv", lines(f"{EXERCISES},deletion_reason", *rows))
    assert found.tables["activities"]["distance"].tolist() == [5000.0]
    assert found.tables["activities"]["heart_rate"].isna().all()
    assert {"activity_deleted", "row_repeated", "date_unreadable", "zero_not_measured"} <= whats(found)
    assert found.facts["set_aside"] == 3


def test_a_run_without_distance_is_one_of_unknown_distance():
    row = "1,2024-06-01T08:00:00Z,2024-06-01T08:30:00Z,+02:00,Treadmill Run,0,140"
    found = parse(FITNESS + "UserExercises_2024-06-01.csv", lines(EXERCISES, row))
    activity = found.tables["activities"].iloc[0]
    assert (activity["sport"], activity["sub_sport"]) == ("run", "treadmill")
    assert np.isnan(activity["distance"])
    assert "run_without_distance" in whats(found)


def an_old_exercise(**members: Any) -> dict[str, Any]:
    return {"logId": 1, "activityName": "Run", "startTime": "06/01/24 22:30:00", "duration": 1_800_000} | members


def test_old_exercises_say_in_which_unit_their_distance_is():
    records = [
        an_old_exercise(logId=1, distance=5.0, distanceUnit="Kilometer"),
        an_old_exercise(logId=2, distance=2.0, distanceUnit="Mile"),
        an_old_exercise(logId=3, distance=4.0, distanceUnit="Furlong"),
        an_old_exercise(logId=4, activeDuration=1_200_000),
    ]
    found = parse(OLD + "exercise-0.json", json.dumps(records))
    table = found.tables["activities"]
    assert table["distance"].tolist() == pytest.approx([5000.0, 3218.688, np.nan, np.nan], nan_ok=True)
    assert table["duration"].tolist() == [1800.0, 1800.0, 1800.0, 1200.0]
    assert table["elapsed"].tolist() == [1800.0] * 4
    assert {"unit_unknown", "clock_assumed_local"} <= whats(found)
    assert found.facts["units"] == "distance km, mi"


def test_samsung_counts_milliseconds_and_puts_the_offset_beside_utc():
    prefix = "com.samsung.health.exercise."
    heads = [
        "title",
        *(prefix + name for name in ("start_time", "time_offset", "exercise_type", "duration", "distance")),
    ]
    rows = [
        "Evening,2024-03-01 23:30:00.000,UTC+0100,1002,1800000,5000.0,",
        "Bowls,2024-03-02 10:00:00.000,UTC+0100,2999,600000,,",
        "Torn,2024-03-02 10:00:00.000,UTC+0100,1002,600000,100,,,one cell too many",
    ]
    text = "\ufeff" + lines("com.samsung.shealth.exercise,6320001,17", ",".join(heads) + ",", *rows)
    found = parse(SAMSUNG, text)
    table = found.tables["activities"]
    assert table["date"].tolist() == [pd.Timestamp("2024-03-02")] * 2
    assert table["duration"].tolist() == [1800.0, 600.0]
    assert table["sport"].tolist() == ["run", "other"]
    assert table["sport_as_exported"].tolist() == ["1002", "2999"]
    assert {"sport_unknown", "row_out_of_line"} <= whats(found)
    assert found.facts["rows"] == 3


def test_a_cadence_of_one_foot_is_doubled_and_said():
    heads = "start_time,time_offset,exercise_type,duration,mean_cadence"
    rows = [f"2024-03-0{day} 08:00:00.000,UTC+0100,1002,1800000,{beat}" for day, beat in ((1, 83), (2, 85))]
    found = parse(SAMSUNG, lines("com.samsung.shealth.exercise,1,1", heads, *rows))
    assert found.tables["activities"]["cadence"].tolist() == [166.0, 170.0]
    assert "cadence_doubled" in whats(found)


def test_the_summary_of_withings_is_json_in_a_cell_and_a_broken_one_costs_no_row():
    heads = "from,to,Timezone,Activity type,Data"
    rows = [
        '2024-03-01T18:00:00+01:00,2024-03-01T18:30:00+01:00,x,Running,"{""distance"":5000,""hr_average"":150}"',
        '2024-03-02T18:00:00+01:00,2024-03-02T18:20:00+01:00,x,Running,"{""distance"":"',
    ]
    found = parse("activities.csv", lines(heads, *rows))
    assert found.tables["activities"]["distance"].tolist() == pytest.approx([5000.0, np.nan], nan_ok=True)
    assert found.tables["activities"]["duration"].tolist() == [1800.0, 1200.0]
    assert found.tables["activities"]["heart_rate"].iloc[0] == 150
    assert "cell_unreadable" in whats(found)


def test_minus_one_and_null_are_missing_in_zepp():
    heads = "type,startTime,sportTime(s),distance(m),avgHeartRate,calories(kcal)"
    found = parse("SPORT_1.csv", lines(heads, "1,2024-03-01 18:03:16+0000,1800,-1.0,null,-1"), tz="Europe/Amsterdam")
    activity = found.tables["activities"].iloc[0]
    assert activity["start_local"] == pd.Timestamp("2024-03-01 19:03:16")
    assert np.isnan(activity["distance"])
    assert np.isnan(activity["heart_rate"])
    assert np.isnan(activity["calories"])


# ---------------------------------------------------------------- nights


def nights(*rows: str, tz: str | None = None) -> tuple[dict[str, float], Reading]:
    reading = parse(FITNESS + "UserSleeps_2024-03-01.csv", lines(SLEEPS, *rows), tz)
    table = reading.tables["wellness"]
    dates = [date.strftime("%m-%d") for date in table["date"]]
    return dict(zip(dates, table["sleep"].tolist(), strict=True)), reading


def test_a_night_belongs_to_the_day_of_waking_and_a_nap_to_none():
    found, reading = nights(
        "1,420,30,2024-03-01T22:00:00Z,+01:00,2024-03-02T05:30:00Z",
        "2,45,0,2024-03-02T13:00:00Z,+01:00,2024-03-02T13:45:00Z",
    )
    assert found == {"03-02": 420 * 60.0}
    assert "nap_apart" in whats(reading)


def test_a_nap_is_no_night_even_when_no_night_was_recorded():
    found, reading = nights("2,45,0,2024-03-02T13:00:00Z,+01:00,2024-03-02T13:45:00Z")
    assert found == {}
    assert reading.facts["status"] == "empty"


def test_a_short_night_is_a_night():
    found, _ = nights("2,150,5,2024-03-02T02:00:00Z,+01:00,2024-03-02T04:35:00Z")
    assert found == {"03-02": 150 * 60.0}


def test_parts_of_a_night_are_added_up_however_short():
    found, reading = nights(
        "1,150,0,2024-03-01T21:00:00Z,+01:00,2024-03-01T23:30:00Z",
        "2,140,0,2024-03-02T02:00:00Z,+01:00,2024-03-02T04:20:00Z",
        "3,40,0,2024-03-02T07:30:00Z,+01:00,2024-03-02T08:10:00Z",
        "4,30,0,2024-03-02T19:30:00Z,+01:00,2024-03-02T20:00:00Z",
    )
    assert found == {"03-02": (150 + 140 + 40) * 60.0}  # half an hour before bedtime is a nap
    assert "night_in_parts" in whats(reading)


def test_what_the_app_calls_the_main_sleep_is_the_night():
    def a_sleep(main: bool, minutes: int) -> dict[str, Any]:
        times = {"startTime": "2024-03-02T12:00:00.000", "endTime": "2024-03-02T16:00:00.000"}
        return {"dateOfSleep": "2024-03-02", "minutesAsleep": minutes, "mainSleep": main} | times

    found = parse(OLD + "sleep-2024-03-02.json", json.dumps([a_sleep(True, 170), a_sleep(False, 240)]))
    assert found.tables["wellness"]["sleep"].tolist() == [170 * 60.0]


def test_samsung_sleeps_as_long_as_its_stages_and_not_as_long_as_the_bed():
    heads = "start_time,sleep_id,stage,time_offset,end_time"
    rows = [
        "2024-03-01 22:00:00.000,a,40002,UTC+0100,2024-03-02 02:00:00.000",
        "2024-03-02 02:00:00.000,a,40001,UTC+0100,2024-03-02 02:30:00.000",
        "2024-03-02 02:30:00.000,a,40003,UTC+0100,2024-03-02 03:30:00.000",
        "2024-03-02 03:30:00.000,a,40004,UTC+0100,2024-03-02 05:00:00.000",
        "2024-03-02 05:00:00.000,a,49999,UTC+0100,2024-03-02 05:01:00.000",
    ]
    name = "com.samsung.health.sleep_stage.20240301120000.csv"
    found = parse(name, lines("com.samsung.health.sleep_stage,1,1", heads, *rows))
    night = found.tables["wellness"].iloc[0].to_dict()
    assert night["date"] == pd.Timestamp("2024-03-02")
    assert (night["sleep"], night["sleep_deep"], night["sleep_rem"]) == (6.5 * 3600, 3600, 1.5 * 3600)
    assert (night["sleep_light"], night["sleep_awake"]) == (4 * 3600, 1800)
    assert "record_unreadable" in whats(found)


def test_a_phone_and_a_watch_are_not_added_up():
    text = lines("com.samsung.x,1,1", "day_time,step_count", "1709251200000,4000", "1709251200000,9000")
    found = parse("com.samsung.shealth.tracker.pedometer_day_summary.20240301.csv", text)
    assert found.tables["wellness"].to_dict("records") == [{"date": pd.Timestamp("2024-03-01"), "steps": 9000.0}]
    assert "largest_of_date" in whats(found)


@pytest.mark.parametrize(
    "heads", ["von,bis,leicht (s),tief (s),rem (s),wach (s)", "from,to,light (s),deep (s),rem (s),awake (s)"]
)
def test_withings_headings_are_half_translated_and_mean_the_same(heads):
    row = "2024-03-01T23:00:00+01:00,2024-03-02T07:00:00+01:00,14400,7200,3600,600"
    night = parse("sleep.csv", lines(heads, row)).tables["wellness"].iloc[0]
    assert (night["date"], night["sleep"]) == (pd.Timestamp("2024-03-02"), 25_200.0)


def test_dates_of_zepp_nights_are_said_to_be_unsure():
    heads = "date,deepSleepTime,shallowSleepTime,wakeTime,start,stop,REMTime,naps"
    row = "2024-03-01,96,198,12,2024-03-01 23:47:00+0000,2024-03-02 05:13:00+0000,32,null"
    found = parse("SLEEP_1.csv", lines(heads, row), tz="Europe/Amsterdam")
    assert found.tables["wellness"]["sleep"].tolist() == [(96 + 198 + 32) * 60.0]
    assert found.tables["wellness"]["date"].tolist() == [pd.Timestamp("2024-03-02")]
    assert "wellness_day_unsure" in whats(found)


def test_old_resting_heart_rates_of_0_are_missing():
    records = [
        {"dateTime": "03/01/24 00:00:00", "value": {"date": "03/01/24", "value": 53.01, "error": 6.79}},
        {"dateTime": "03/02/24 00:00:00", "value": {"date": None, "value": 0.0, "error": 0.0}},
        "nonsense",
    ]
    found = parse(OLD + "resting_heart_rate-2024-03-01.json", json.dumps(records))
    assert found.tables["wellness"].to_dict("records") == [{"date": pd.Timestamp("2024-03-01"), "rhr_day": 53.01}]
    assert found.facts["set_aside"] == 2


# ---------------------------------------------------------------- what is not read


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        (GOOGLE + "heart_rate_2024-03-01.csv", "timestamp,beats per minute\n", "heart_rate_of_moments"),
        (GOOGLE + "steps_2024-03-01.csv", "timestamp,steps\n", "values_of_minutes"),
        ("steps_2024-03-01.csv", "timestamp,steps\n", "values_of_minutes"),
        (FITNESS + "SomethingNew.csv", "a,b\n", "part_not_known"),
        (OLD + "weight-2024-03-01.json", '[{"logId":1,"weight":160}]', "weight_unit_unknown"),
        ("x/jsons/com.samsung.shealth.exercise/4/4f.new.json", "{}", "part_not_known"),
        ("com.samsung.shealth.badge.2024.csv", "com.samsung.shealth.badge,1,1\n", "part_not_used"),
        ("raw_tracker_hr.csv", "start,duration,value\n", "heart_rate_of_moments"),
        ("Takeout/Fit/Daily activity metrics/2024-03-01.csv", "Start time,End time\n", "values_of_minutes"),
        ("Takeout/Fit/All Sessions/2024-03-01_RUNNING.json", "{}", "part_not_used"),
        ("HEARTRATE_AUTO_1.csv", "date,time,heartRate\n", "heart_rate_of_moments"),
        ("polar-user-data-export_1/sleep_result_1.json", "[]", "part_not_used"),
        ("Motion path detail data & description/motion path detail data.json", "[]", "huawei_not_read"),
        ("activity_123.csv", "Laps,Time,Cumulative Time,Distance km\n", "splits_without_start"),
    ],
)
def test_a_file_of_no_use_says_why(name, content, why):
    reading = parse(name, content)
    assert (reading.facts["status"], reading.facts["message"]) == ("ignored", why)
    assert not reading.tables


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("weight.csv", "Date,Weight\n2024-03-01,70\n"),
        ("activities.csv", "Activity ID,Activity Date\n"),
        ("sleep.csv", "Date,Sleep\n2024-03-01,7.5\n"),
        ("steps_2024.csv", "Date,Steps\n"),
        ("raw_runs.csv", "Date,Distance\n"),
        ("a.json", "{}"),
        ("Activities.csv", "Activity Type,Date,Title\n"),
    ],
)
def test_other_files_are_left_to_other_readers(name, content):
    assert find_part(content.encode(), name) is None


def test_heart_rates_alone_are_refused_with_the_reason(tmp_path):
    path = tmp_path / "heart_rate_2024-03-01.csv"
    path.write_text("timestamp,beats per minute\n2024-03-01T00:00:08Z,75.0\n")
    with pytest.raises(UnreadableFile, match="no resting heart rate"):
        ll.read(path)


def test_an_encrypted_zip_of_huawei_is_refused_with_the_way_out(tmp_path):
    path = tmp_path / "HUAWEI_HEALTH.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("motion path detail data.json", b"x" * 64)
    data = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1  # the flag of encryption
    path.write_bytes(data)
    with pytest.raises(UnreadableFile, match="protected by a password"):
        ll.read(path)


def test_google_health_files_of_the_corpus_are_read_or_ignored_politely(corpus):
    for path in sorted((corpus / "wellness/google_health").glob("*.csv")):
        head = path.read_bytes()[:16_384]
        reading = parse(path.name, path.read_bytes())
        assert find_part(head, path.name) is not None
        assert reading.facts["status"] == "ignored"
        assert words.knows(f"messages.{reading.facts['message']}")


# ---------------------------------------------------------------- no harm, no loss

ROLES = ("activities", "nights", "stages", "days")


@pytest.mark.parametrize("platform", all_platforms(), ids=lambda one: one["format"])
def test_what_is_told_of_a_platform_is_sound(platform):
    assert {"format", "folders", "marks", "missing", "tables", "not_used"} <= platform.keys()
    for why in (*platform["not_used"], "part_not_known"):
        assert words.knows(f"messages.{why}"), why
    for table in platform["tables"].values():
        assert table["role"] in ROLES
        assert table["clock"] in ("utc", "written", "local", "assumed", "date", "midnight")
        kind = "activities" if table["role"] == "activities" else "wellness"
        assert set(table.get("fields", {})) <= set(describe_columns()[kind])
        assert all(name == name.lower() for name in table["names"])


COLUMNS = {
    FITNESS + "UserExercises_1.csv": f"{EXERCISES},deletion_reason",
    FITNESS + "UserSleeps_1.csv": SLEEPS,
    GOOGLE + "daily_resting_heart_rate.csv": "timestamp,beats per minute",
    "sleep.csv": "from,to,light (s),deep (s),rem (s),awake (s)",
    "com.samsung.health.sleep_stage.2024.csv": "start_time,end_time,stage,sleep_id,time_offset",
}
CELLS = st.sampled_from(
    [
        *(
            "",
            "0",
            "-1",
            "420",
            "1e9",
            "nan",
            "2024-03-01T22:00:00Z",
            "2024-03-02T05:00:00Z",
            "2024-03-01 22:00:00.000",
        ),
        *("+01:00", "UTC+0100", "Run", "40002", "40001", "a", "inf", "x" * 50, "9" * 30, "0001-01-01T00:00:00Z"),
    ]
)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), name=st.sampled_from(sorted(COLUMNS)))
def test_whatever_stands_in_the_cells_every_row_is_used_or_set_aside(data, name):
    heads = COLUMNS[name].split(",")
    rows = data.draw(st.lists(st.lists(CELLS, min_size=len(heads), max_size=len(heads)), max_size=6))
    above = ["com.samsung.x,1,1"] if name.startswith("com.") else []
    reading = parse(name, lines(*above, ",".join(heads), *(",".join(row) for row in rows)))
    aside = sum(int(entry["count"]) for entry in reading.ledger if entry["action"] == "set_aside")
    assert reading.facts["rows"] == sum(any(cell for cell in row) for row in rows)
    assert aside >= reading.facts["set_aside"] or "nap_apart" in whats(reading)
    for kind, table in reading.tables.items():
        ll.log.conform(kind, table)


@settings(max_examples=40, deadline=None)
@given(order=st.permutations(range(7)))
def test_the_order_of_columns_does_not_matter(order):
    row = ["1", "2024-06-01T22:30:00Z", "2024-06-01T23:00:00Z", "+02:00", "Run", "5000000", "140"]
    heads = EXERCISES.split(",")
    out = io.StringIO()
    csv.writer(out).writerows([[heads[place] for place in order], [row[place] for place in order]])
    activity = parse(FITNESS + "UserExercises_1.csv", out.getvalue()).tables["activities"].iloc[0]
    assert (activity["distance"], activity["heart_rate"], str(activity["date"].date())) == (5000.0, 140.0, "2024-06-02")


@settings(max_examples=80, deadline=None)
@given(content=st.binary(max_size=300), name=st.sampled_from([*sorted(COLUMNS), OLD + "exercise-0.json", "sleep.json"]))
def test_bytes_of_any_kind_do_no_harm(content, name):
    source = Source(name, content[:16_384], lambda: io.BytesIO(content))
    if platform_accounts.sniff(source.head, name):
        with contextlib.suppress(UnreadableFile):
            reading = platform_accounts.parse(source, Options())
            assert reading.facts["used"] + reading.facts["set_aside"] == reading.facts["rows"]


@pytest.mark.parametrize("content", ["[" * 100_000, '[{"logId":1,"activityName":"Run","startTime":' + "[" * 90_000])
def test_deep_nesting_is_refused(content):
    with pytest.raises(UnreadableFile, match="not a whole JSON file"):
        parse(OLD + "exercise-0.json", '[{"logId":1,"activityName":"a","startTime":"b"},' + content)


def test_a_cut_file_keeps_what_stands_before_the_cut(tmp_path):
    rows = [
        f"{day},2024-06-{day:02d}T08:00:00Z,2024-06-{day:02d}T08:30:00Z,+02:00,Run,5000000,140" for day in range(1, 9)
    ]
    text = lines(EXERCISES, *rows)
    reading = parse(FITNESS + "UserExercises_1.csv", text[: text.index("2024-06-08T08:30") + 4])
    assert len(reading.tables["activities"]) == 8
    assert Path(tmp_path).exists()
