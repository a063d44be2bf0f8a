"""The Garmin account export: every file in its own units, nothing dropped in silence."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import loadlens as ll
from loadlens.formats import garmin_account
from loadlens.formats.source import Options, Reading, Source, UnreadableFile
from loadlens.simulation import simulate
from loadlens.simulators.simulated_exports import write_export

NAMES = {
    "activities": "DI_CONNECT/DI-Connect-Fitness/a_0_summarizedActivities.json",
    "gear": "DI_CONNECT/DI-Connect-Fitness/a_gear.json",
    "daily": "DI_CONNECT/DI-Connect-Aggregator/UDSFile_2024-01-01_2024-04-10.json",
    "sleep": "DI_CONNECT/DI-Connect-Wellness/2024-01-01_2024-04-10_1_sleepData.json",
    "health": "DI_CONNECT/DI-Connect-Wellness/2024-01-01_2024-04-10_1_healthStatusData.json",
    "body": "DI_CONNECT/DI-Connect-Wellness/1_userBioMetrics.json",
}
GMT = 1_717_225_200_000  # 2024-06-01 07:00 UTC


def parse(kind: str, content: Any, tz: str | None = None) -> Reading:
    """Parse content (JSON values or bytes) as the file of that kind."""
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    source = Source(NAMES.get(kind, kind), data[:16_384], lambda: io.BytesIO(data))
    reading = garmin_account.parse(source, Options(tz=tz))
    facts = reading.facts
    assert facts["used"] + facts["set_aside"] == facts["rows"]
    return reading


def an_activity(**members: Any) -> dict[str, Any]:
    """A run of 10 km in an hour, at nine in the morning in Amsterdam."""
    run = {
        "activityId": 11,
        "activityType": "running",
        "startTimeGmt": float(GMT),
        "startTimeLocal": float(GMT + 7_200_000),
        "distance": 1_000_000.0,
        "duration": 3_600_000.0,
        "avgSpeed": 0.2777777777,
    }
    return run | members


def activities(*records: Any, tz: str | None = None) -> tuple[pd.DataFrame, Reading]:
    reading = parse("activities", [{"summarizedActivitiesExport": list(records)}], tz)
    return reading.tables["activities"], reading


def noted(reading: Reading) -> dict[str, int]:
    """What the ledger says, and how often."""
    counts: dict[str, int] = {}
    for entry in reading.ledger:
        counts[str(entry["what"])] = counts.get(str(entry["what"]), 0) + int(str(entry["count"]))
    return counts


# ------------------------------------------------------------------ which file is what


@pytest.mark.parametrize("kind", NAMES)
def test_each_file_is_known_by_its_name_alone(kind):
    assert garmin_account.sniff(b"[]", NAMES[kind])
    assert garmin_account.sniff(b"[]", Path(NAMES[kind]).name)


def test_a_renamed_file_is_known_by_what_stands_in_it():
    assert garmin_account.sniff(b'[{"summarizedActivitiesExport":[', "runs.json")
    assert garmin_account.sniff(b'[{"sleepStartTimestampGMT":"2024', "nights.json")


def test_json_of_others_and_other_files_of_the_export_are_left_alone():
    assert not garmin_account.sniff(b'{"a": 1}', "notes/data.json")
    assert not garmin_account.sniff(b"\x0e\x10", "DI_CONNECT/DI-Connect-Uploaded-Files/a.fit")
    assert not garmin_account.sniff(b"Date,Steps", "DI_CONNECT/list.csv")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("DI_CONNECT/DI-Connect-Metrics/MetricsAcuteTrainingLoad_20240101_20240410_1.json", "account_part_not_used"),
        ("MetricsMaxMetData_20240101_20240410_1.json", "account_part_not_used"),
        ("DI_CONNECT/DI-Connect-Wellness/1_heartRateZones.json", "account_part_not_used"),
        ("export.zip/DI_CONNECT/DI-Connect-User/something_new.json", "account_part_not_known"),
        ("customer_data/customer.json", "account_part_not_known"),
    ],
)
def test_files_of_no_use_are_ignored_and_not_even_parsed(name, message):
    reading = parse(name, b"this is not JSON")
    assert (reading.facts["status"], reading.facts["message"]) == ("ignored", message)


def test_a_file_without_records_is_empty_and_says_so():
    assert parse("sleep", []).facts["status"] == "empty"
    assert parse("activities", [{"summarizedActivitiesExport": []}]).facts["rows"] == 0


# ------------------------------------------------------------------ activities


def test_an_activity_is_read_in_its_own_units():
    """cm, ms, tenths of m/s, cm of stride and climb, kJ: 418.4 kJ are 100 kcal."""
    table, reading = activities(
        an_activity(
            name="Morning",
            movingDuration=3_500_000.0,
            elapsedDuration=3_700_000.0,
            maxSpeed=0.4,
            avgHr=150.0,
            maxHr=171.0,
            avgDoubleCadence=172.5,
            avgStrideLength=96.6,
            avgVerticalOscillation=8.4,
            avgGroundContactTime=248.0,
            avgPower=250.0,
            elevationGain=12_300.0,
            elevationLoss=0.0,
            calories=418.4,
            steps=10_350.0,
        )
    )
    row = table.iloc[0]
    expected = {
        "distance": 10_000,
        "duration": 3600,
        "moving": 3500,
        "elapsed": 3700,
        "speed": 2.777777777,
        "max_speed": 4,
        "heart_rate": 150,
        "max_heart_rate": 171,
        "cadence": 172.5,
        "step_length": 0.966,
        "vertical_oscillation": 84,
        "ground_contact": 248,
        "power": 250,
        "ascent": 123,
        "descent": 0,
        "calories": 100,
        "steps": 10_350,
    }
    assert {name: row[name] for name in expected} == pytest.approx(expected)
    assert (row["title"], row["sport"], row["source_id"], row["source_row"]) == ("Morning", "run", "11", 1)
    assert reading.ledger == []
    assert reading.facts["covers"] is True


@pytest.mark.parametrize(
    ("hours", "local", "day"),
    [(2, "2024-06-01 09:00", "2024-06-01"), (-10, "2024-05-31 21:00", "2024-05-31"), (5.5, "2024-06-01 12:30", None)],
)
def test_each_activity_names_its_own_time_zone(hours, local, day):
    table, _ = activities(an_activity(startTimeLocal=GMT + hours * 3_600_000))
    row = table.iloc[0]
    assert row["start_utc"] == pd.Timestamp("2024-06-01 07:00", tz="UTC")
    assert row["start_local"] == pd.Timestamp(local)
    assert row["date"] == pd.Timestamp(day or "2024-06-01")
    assert row["time_zone_from"] == "record"


def test_without_a_local_time_the_day_is_the_users_or_assumed():
    late = GMT + 16 * 3_600_000  # 23:00 UTC is the next day in Amsterdam
    table, _ = activities(an_activity(startTimeGmt=late, startTimeLocal=None), tz="Europe/Amsterdam")
    assert table["date"].iloc[0] == pd.Timestamp("2024-06-02")
    assert table["time_zone_from"].iloc[0] == "user"
    table, reading = activities(an_activity(startTimeGmt=late, startTimeLocal=None))
    assert table["date"].iloc[0] == pd.Timestamp("2024-06-01")
    assert pd.isna(table["start_local"].iloc[0])
    assert noted(reading) == {"local_day_unsure": 1}


def test_a_local_time_that_no_zone_has_is_not_believed():
    table, reading = activities(an_activity(startTimeLocal=GMT + 30 * 3_600_000))
    assert table["time_zone_from"].iloc[0] == "assumed"
    assert noted(reading) == {"local_time_unusable": 1, "local_day_unsure": 1}


def test_cadence_of_one_foot_is_doubled_and_told():
    table, reading = activities(an_activity(avgRunCadence=84.0), an_activity(activityId=12, avgDoubleCadence=170.0))
    assert table["cadence"].tolist() == [168, 170]
    assert noted(reading) == {"cadence_doubled": 1}


def test_a_ride_has_no_steps_per_minute():
    table, reading = activities(an_activity(activityType="road_biking", avgDoubleCadence=88.0))
    assert table["sport"].iloc[0] == "ride"
    assert np.isnan(table["cadence"].iloc[0])
    assert noted(reading) == {"cadence_not_steps": 1}


@pytest.mark.parametrize(
    ("key", "sport", "kind"),
    [
        ("running", "run", None),
        ("treadmill_running", "run", "treadmill"),
        ("trail_running", "run", "trail"),
        ("track_running", "run", "track"),
        ("virtual_run", "run", "virtual"),
        ("ultra_run", "run", "ultra"),
        ("walking", "walk", None),
        ("steps", "walk", None),
        ("hiking", "hike", None),
        ("lap_swimming", "swim", "pool"),
        ("rowing_v2", "row", None),
        ("kayaking_v2", "row", None),
        ("wheelchair_push_run", "other", None),
        ("transition_v2", "multisport", None),
        ("resort_skiing_snowboarding_ws", "winter", None),
        ("stand_up_paddleboarding_v2", "row", None),
    ],
)
def test_types_are_known_without_guessing(key, sport, kind):
    table, reading = activities(an_activity(activityType=key))
    assert (table["sport"].iloc[0], table["sub_sport"].iloc[0]) == (sport, kind)
    assert noted(reading) == {}


def test_a_type_nobody_knows_is_counted_as_other_and_told():
    table, reading = activities(
        an_activity(activityType="underwater_chess"), an_activity(activityId=2, activityType=None)
    )
    assert table["sport"].tolist() == ["other", "other"]
    assert noted(reading) == {"sport_unknown": 2}


def test_exertion_is_read_in_tens_and_only_when_plausible():
    records = [an_activity(activityId=n, workoutRpe=value) for n, value in enumerate((60, 0, 100, 140, 4), 1)]
    table, reading = activities(*records)
    assert table["rpe"].iloc[:3].tolist() == pytest.approx([6, np.nan, 10], nan_ok=True)
    assert table["rpe"].iloc[3:].isna().all()
    assert noted(reading) == {"zero_not_measured": 1, "cell_unreadable": 2}


def test_a_run_that_lasted_and_got_nowhere_has_an_unknown_distance():
    table, reading = activities(an_activity(distance=0.0, avgSpeed=0.0, movingDuration=0.0))
    assert table[["distance", "speed", "moving"]].iloc[0].isna().all()
    assert noted(reading) == {"run_without_distance": 1, "zero_not_measured": 2}


def test_speed_that_does_not_fit_distance_and_time_is_noted():
    _, reading = activities(an_activity(avgSpeed=0.30))
    assert noted(reading) == {"pace_disagrees": 1}


def test_records_that_cannot_be_used_are_set_aside_one_by_one():
    """One with no time, one from 1989, one twice, two that are no records: of six one is used."""
    unset = an_activity(activityId=3, startTimeGmt=631_065_600_000, startTimeLocal=631_065_600_000)
    dateless = an_activity(activityId=2, startTimeGmt=None, startTimeLocal=None)
    table, reading = activities(an_activity(), dateless, unset, an_activity(), None, [1])
    assert table["source_row"].tolist() == [1]
    assert (reading.facts["rows"], reading.facts["set_aside"]) == (6, 5)
    told = noted(reading)
    assert (told["date_unreadable"], told["row_repeated"], told["record_unreadable"]) == (2, 1, 2)


# ------------------------------------------------------------------ days


def a_day(date: str, **members: Any) -> dict[str, Any]:
    return {"calendarDate": date, "version": 5, "includesWellnessData": True} | members


def test_the_two_resting_heart_rates_are_kept_apart():
    days = [a_day("2024-06-01", currentDayRestingHeartRate=51, restingHeartRate=48, totalSteps=9000)]
    row = parse("daily", days).tables["wellness"].iloc[0]
    assert (row["rhr_day"], row["rhr_7d"], row["steps"]) == (51, 48, 9000)
    only = parse("daily", [a_day("2024-06-01", restingHeartRate=48)]).tables["wellness"].iloc[0]
    assert np.isnan(only["rhr_day"])
    assert only["rhr_7d"] == 48


def test_days_in_words_as_older_exports_wrap_them_are_read_beside_plain_ones():
    """About 2018 to 2020 a day was {"date": "Sep 27, 2018 12:00:00 AM"}."""
    days: list[Any] = [{"date": "Sep 27, 2018 12:00:00 AM"}, "2018-10-03T00:00:00.0", {"date": 5}, "x" * 500]
    reading = parse("daily", [{"calendarDate": day, "totalSteps": 1000} for day in days])
    assert reading.tables["wellness"]["date"].tolist() == [pd.Timestamp("2018-09-27"), pd.Timestamp("2018-10-03")]
    assert noted(reading) == {"date_unreadable": 2}


def test_of_several_versions_of_a_day_the_newest_counts():
    days = [a_day("2024-06-01", version=v, totalSteps=steps) for v, steps in ((40, 800), (41, 12_000), (39, 500))]
    reading = parse("daily", days)
    assert reading.tables["wellness"]["steps"].tolist() == [12_000]
    assert (reading.facts["used"], noted(reading)) == (1, {"older_version": 2})


def test_days_without_a_watch_hold_nothing():
    """A placeholder, a day on which the watch lay aside, and one of 0 steps: unknown, not nought."""
    days = [
        {"calendarDate": "2006-01-01", "version": 13},
        a_day("2024-06-01", includesWellnessData=False, restingHeartRate=50),
        a_day("2024-06-02", totalSteps=0),
    ]
    reading = parse("daily", days)
    assert reading.tables["wellness"].empty
    assert noted(reading) == {"watch_not_worn": 1, "record_without_values": 2, "zero_not_measured": 1}
    assert reading.facts["status"] == "empty"


def test_sleep_is_the_sum_of_its_stages_on_the_day_of_waking():
    """1 h deep, 5 h light and 1.5 h REM are 7.5 h; an older watch has no REM: 6 h."""
    nights = [
        {"calendarDate": "2024-06-01", "deepSleepSeconds": 3600, "lightSleepSeconds": 18_000, "remSleepSeconds": 5400},
        {"calendarDate": "2024-06-02", "deepSleepSeconds": 3600, "lightSleepSeconds": 18_000, "awakeSleepSeconds": 600},
    ]
    nights[0] |= {"sleepEndTimestampGMT": "2024-05-31T22:30:00.0", "sleepScores": {"overallScore": 82}}
    table = parse("sleep", nights).tables["wellness"]
    assert table["date"].tolist() == [pd.Timestamp("2024-06-01"), pd.Timestamp("2024-06-02")]
    assert table["sleep"].tolist() == [27_000, 21_600]
    assert table["sleep_score"].tolist() == pytest.approx([82, np.nan], nan_ok=True)
    stages = table[["sleep_deep", "sleep_light", "sleep_rem", "sleep_awake"]].to_numpy().tolist()
    assert stages[0] == pytest.approx([3600, 18_000, 5400, np.nan], nan_ok=True)
    assert stages[1] == pytest.approx([3600, 18_000, np.nan, 600], nan_ok=True)


def test_a_night_without_stages_is_unknown_and_never_nought():
    nights = [
        {"calendarDate": "2024-06-01", "sleepWindowConfirmationType": "UNCONFIRMED"},
        {"calendarDate": "2024-06-02", "deepSleepSeconds": 0, "lightSleepSeconds": 0, "remSleepSeconds": 0},
        {"calendarDate": "2024-06-03", "sleepScores": {"overallScore": 70}},
    ]
    reading = parse("sleep", nights)
    assert reading.tables["wellness"]["date"].tolist() == [pd.Timestamp("2024-06-03")]
    assert reading.tables["wellness"].filter(like="sleep").iloc[0].dropna().to_dict() == {"sleep_score": 70}
    assert noted(reading) == {"night_without_stages": 3}


def test_stages_of_a_night_that_was_not_measured_are_unknown_even_where_they_stand_as_nought():
    off = {"deepSleepSeconds": 0, "lightSleepSeconds": 0, "awakeSleepSeconds": 0, "sleepScores": {"overallScore": 1}}
    on = {"deepSleepSeconds": 0, "lightSleepSeconds": 21_600, "awakeSleepSeconds": 0}
    nights = [{"calendarDate": "2024-06-01"} | off, {"calendarDate": "2024-06-02"} | on]
    table = parse("sleep", nights).tables["wellness"]
    assert table[["sleep_deep", "sleep_light", "sleep_awake"]].iloc[0].isna().all()
    assert table[["sleep_deep", "sleep_light", "sleep_awake"]].iloc[1].tolist() == [0, 21_600, 0]


def test_stress_is_that_of_the_whole_day_and_unknown_where_too_little_was_measured():
    def stressed(date: str, total: int) -> dict[str, Any]:
        parts = [{"type": "AWAKE", "averageStressLevel": 44}, {"type": "TOTAL", "averageStressLevel": total}]
        return a_day(date, totalSteps=9000) | {"allDayStress": {"aggregatorList": parts}}

    reading = parse("daily", [stressed("2024-06-01", 31), stressed("2024-06-02", -1), stressed("2024-06-03", -2)])
    assert reading.tables["wellness"]["stress"].tolist() == pytest.approx([31, np.nan, np.nan], nan_ok=True)
    assert noted(reading) == {"code_not_measured": 2}


def test_heart_rate_variability_and_the_heart_rate_asleep():
    def metrics(*values: tuple[str, Any, str]) -> list[dict[str, Any]]:
        return [{"type": kind, "value": value, "status": status} for kind, value, status in values]

    days = [
        {"calendarDate": "2024-06-01", "metrics": metrics(("HRV", 61.0, "IN_RANGE"), ("HR", 49.0, "IN_RANGE"))},
        {"calendarDate": "2024-06-02", "metrics": metrics(("HRV", 0.0, "UNKNOWN"), ("HR", 52.0, "UNKNOWN"))},
        {
            "calendarDate": "2024-06-03",
            "metrics": [{"type": "HRV", "status": "UNKNOWN"}, {"type": "SPO2", "value": 96}],
        },
        {"calendarDate": "2024-06-04", "metrics": None},
    ]
    reading = parse("health", days)
    table = reading.tables["wellness"]
    assert table["hrv_rmssd"].tolist() == pytest.approx([61, np.nan], nan_ok=True)
    assert table["rhr_sleep"].tolist() == [49, 52]
    assert "rhr_day" not in table
    assert noted(reading) == {"zero_not_measured": 1, "record_without_values": 2}


def test_body_mass_comes_in_grams_and_the_last_of_a_day_counts():
    def weighing(date: str, version: int, grams: float) -> dict[str, Any]:
        return {"metaData": {"calendarDate": f"{date}T06:10:00.0"}, "version": version, "weight": {"weight": grams}}

    records = [weighing("2024-06-01", 2, 71_900.0), weighing("2024-06-01", 1, 72_400.0)]
    records.append({"metaData": {"calendarDate": "2024-06-02T00:00:00.0"}, "version": 3, "vo2MaxRunning": 48.0})
    reading = parse("body", records)
    assert reading.tables["wellness"]["mass"].tolist() == pytest.approx([71.9])
    assert noted(reading) == {"older_version": 1, "record_without_values": 1}


# ------------------------------------------------------------------ shoes


def a_pair(key: int, name: str, **members: Any) -> dict[str, Any]:
    return {"gearPk": key, "gearTypeName": "Shoes", "customMakeModel": name, "dateBegin": "2024-01-15"} | members


def test_shoes_are_named_as_the_owner_did_and_two_alike_are_told_apart():
    gear = [
        a_pair(1, "Maker Fast"),
        a_pair(2, "Maker Fast", dateBegin="2024-09-01"),
        a_pair(3, "X", displayName="Blue"),
    ]
    gear.append({"gearPk": 4, "gearTypeName": "Bike", "customMakeModel": "Wheels"})
    worn = {"1": [{"gearPk": 1, "activityId": 11}], "3": [{"activityId": 12}], "4": [{"activityId": 13}]}
    reading = parse("gear", [{"gearDTOS": gear, "gearActivityDTOs": worn}])
    assert reading.tables["gear"]["gear"].tolist() == ["Maker Fast (2024-01)", "Maker Fast (2024-09)", "Blue"]
    assert reading.facts["gear_of"] == (("11", "Maker Fast (2024-01)"), ("12", "Blue"))
    assert (reading.facts["rows"], reading.facts["used"]) == (7, 5)
    assert noted(reading) == {"gear_not_shoes": 2}


def test_shoes_find_their_runs_in_the_other_file(tmp_path):
    """12 km and 8 km in one pair are 20 km; a run in it that no list has is told; a run without shoes stays so."""
    records = [
        an_activity(
            activityId=n, distance=km * 1e5, startTimeGmt=GMT + n * 86_400_000, startTimeLocal=GMT + n * 86_400_000
        )
        for n, km in ((1, 12), (2, 8), (3, 5))
    ]
    worn = {"1": [{"activityId": 1}, {"activityId": 2}, {"activityId": 99}]}
    gear = [a_pair(1, "Maker Fast", maximumMeters=700_000.0), a_pair(2, "Unworn")]
    files = {
        NAMES["activities"]: [{"summarizedActivitiesExport": records}],
        NAMES["gear"]: [{"gearDTOS": gear, "gearActivityDTOs": worn}],
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(json.dumps(content), "utf-8")
    log = ll.read(tmp_path)
    shoes = log.gear.set_index("gear")
    assert shoes.loc["Maker Fast", "distance_known"] == 20_000
    assert shoes.loc["Maker Fast", "runs"] == 2
    assert shoes.loc["Unworn", "runs"] == 0
    assert log.runs["gear"].isna().tolist() == [False, False, True]
    unknown = log.ledger[log.ledger["what"] == "gear_activity_unknown"]
    assert unknown[["value", "count"]].to_numpy().tolist() == [["Maker Fast", 1]]


# ------------------------------------------------------------------ hostile


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[{",
        b"<html>",
        b"[" * 100_000,
        b"\xff\xfe\xfa",
        b'[{"calendarDate": "2024-06-01", "totalSteps": 1' + b"0" * 5000,
    ],
)
def test_what_is_no_json_is_refused_with_its_name(content):
    with pytest.raises(UnreadableFile, match=r"UDSFile_.*JSON"):
        parse("daily", content)


def test_a_file_with_more_values_than_memory_is_refused(monkeypatch):
    rules = garmin_account._rules() | {"values_at_most": 1000}
    monkeypatch.setattr(garmin_account, "_rules", lambda: rules)
    with pytest.raises(UnreadableFile, match="values; more than any export"):
        parse("daily", [[]] * 1001)


def test_a_file_with_more_records_than_a_life_has_days_is_refused():
    with pytest.raises(UnreadableFile, match="100,001 records"):
        parse("sleep", [{}] * 100_001)
    with pytest.raises(UnreadableFile, match="100,001 records"):
        parse("gear", [{"gearDTOS": [[]] * 100_001}])


def test_values_of_the_wrong_kind_are_no_measurement():
    days = [a_day("2024-06-01", totalSteps=True, restingHeartRate="50", currentDayRestingHeartRate=50)]
    reading = parse("daily", days)
    assert reading.tables["wellness"][["rhr_7d", "steps"]].iloc[0].isna().all()
    assert noted(reading) == {"cell_unreadable": 2}
    text = b'[{"calendarDate": "2024-06-01", "totalSteps": NaN, "restingHeartRate": 1e999}]'
    assert noted(parse("daily", text)) == {"cell_unreadable": 2, "record_without_values": 1}


def test_half_a_character_in_a_title_can_be_written(tmp_path):
    table, _ = activities(an_activity(name="caf\ud83d"))
    assert table["title"].iloc[0].encode("utf-8") == b"caf?"


MEMBERS = (
    ["summarizedActivitiesExport", "activityId", "startTimeGmt", "startTimeLocal", "duration", "distance"],
    ["activityType", "workoutRpe", "calendarDate", "metaData", "version", "totalSteps", "deepSleepSeconds"],
    ["lightSleepSeconds", "sleepScores", "overallScore", "weight", "metrics", "type", "value"],
    ["gearDTOS", "gearActivityDTOs", "gearPk", "gearTypeName", "displayName", "7"],
)
TOLD = st.sampled_from([GMT, "2024-06-01", "Shoes", "HRV", "running"])
NAMED = st.sampled_from([name for names in MEMBERS for name in names])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMED, inner | TOLD, max_size=6),
    max_leaves=30,
)


@settings(max_examples=120, deadline=None)
@given(kind=st.sampled_from(sorted(NAMES)), content=JSON)
def test_whatever_the_json_says_every_record_is_accounted_for(kind, content):
    parse(kind, content)


# ------------------------------------------------------------------ what was simulated is what is read


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    runner, folder = simulate("steady", weeks=10), tmp_path_factory.mktemp("account")
    write_export(runner, folder, "garmin_account")
    return runner, folder


def test_lists_and_recordings_in_the_zip_within_become_one_log(simulated):
    runner, folder = simulated
    log = ll.read(folder)
    truth = runner.activities[runner.activities["sport"] == "run"]
    assert len(log.activities) == len(runner.activities)
    assert log.runs["date"].tolist() == truth["date"].tolist()
    assert log.runs["distance"].to_numpy() == pytest.approx(truth["distance"].to_numpy(), abs=1)
    assert log.runs["duration"].to_numpy() == pytest.approx(truth["duration"].to_numpy(), abs=1)
    assert log.runs["merged_from"].str.contains(r"\.fit").all()
    assert log.runs["title"].tolist() == truth["title"].tolist()
    assert len(log.minutes) > 0
    assert set(log.sources["status"]) == {"read", "ignored", "empty"}  # empty: the days before there was a watch
    assert (log.sources["used"] + log.sources["set_aside"] == log.sources["rows"]).all()


def test_the_lists_alone_give_back_what_was_simulated(simulated):
    runner, folder = simulated
    files = sorted((folder / "DI_CONNECT").rglob("*.json"))
    log = ll.read(*(file for file in files if "2005" not in file.name))  # that one is empty, and may not be named alone
    truth = runner.activities
    exact = ["distance", "duration", "moving", "elapsed", "heart_rate", "cadence", "step_length", "ascent", "calories"]
    for column in exact:
        read = log.activities[column].to_numpy(float)
        assert read == pytest.approx(truth[column].to_numpy(float), rel=1e-9, nan_ok=True), column
    assert log.activities["start_local"].tolist() == truth["start_local"].tolist()
    assert log.activities["start_utc"].tolist() == truth["start_utc"].tolist()
    assert log.activities["sport"].tolist() == truth["sport"].tolist()
    days = log.wellness.merge(runner.wellness, on="date", how="outer", suffixes=("", "_true"))
    assert len(days) == len(runner.wellness)
    for column in ("rhr_day", "rhr_7d", "sleep", "sleep_score", "hrv_rmssd", "steps"):
        assert days[column].to_numpy() == pytest.approx(days[f"{column}_true"].to_numpy(), nan_ok=True), column
    assert log.wellness["mass"].dropna().tolist() == [71.0] * 10


def test_every_pair_has_the_distance_of_its_runs(simulated):
    runner, folder = simulated
    shoes = ll.read(folder).gear.set_index("gear")["distance_known"]
    truth = runner.shoes.set_index("gear")["distance"]
    assert shoes[truth.index].to_numpy() == pytest.approx(truth.to_numpy(), rel=0.001)


# ------------------------------------------------------------------ a real export


@pytest.fixture(scope="module")
def account(corpus):
    return ll.read(corpus / "garmin_account" / "DI_CONNECT")


def records_of(corpus: Path, pattern: str) -> list[dict[str, Any]]:
    """All records of the files of a kind, in a way of its own."""
    found: list[dict[str, Any]] = []
    for path in sorted((corpus / "garmin_account" / "DI_CONNECT").rglob(pattern)):
        found += json.loads(path.read_text("utf-8"))
    return found


def rows_of(log: Any, pattern: str) -> pd.Series:
    return log.sources[log.sources["path"].str.contains(pattern)][["rows", "used", "set_aside"]].sum()


def test_every_day_and_night_of_a_real_export_is_accounted_for(account, corpus):
    days, nights = records_of(corpus, "UDSFile*.json"), records_of(corpus, "*sleepData.json")
    assert (len(days), len(nights)) == (2244, 2023)
    told = ("currentDayRestingHeartRate", "restingHeartRate", "totalSteps")
    stress = {
        day["calendarDate"]: part["averageStressLevel"]
        for day in days
        for part in (day["allDayStress"] or {}).get("aggregatorList", ())
        if part["type"] == "TOTAL" and part["averageStressLevel"] >= 0
    }
    filled = {day["calendarDate"] for day in days if any(day.get(name, 0) > 0 for name in told)} | stress.keys()
    slept = [night for night in nights if night.get("deepSleepSeconds", 0) + night.get("lightSleepSeconds", 0) > 0]
    assert rows_of(account, "UDSFile").tolist() == [2244, len(filled), 2244 - len(filled)]
    assert rows_of(account, "sleepData")["rows"] == 2023
    assert account.wellness["sleep"].notna().sum() == len(slept)
    assert account.wellness[["rhr_day", "rhr_7d"]].notna().sum().tolist() == [
        sum("currentDayRestingHeartRate" in day for day in days),
        sum("restingHeartRate" in day for day in days),
    ]
    told_stress = account.wellness.set_index("date")["stress"].dropna()
    assert {f"{date:%Y-%m-%d}": value for date, value in told_stress.items()} == stress
    for column, name in [("sleep_deep", "deep"), ("sleep_rem", "rem"), ("sleep_awake", "awake")]:
        own = [night[f"{name}SleepSeconds"] for night in slept if f"{name}SleepSeconds" in night]
        assert (account.wellness[column].sum(), account.wellness[column].count()) == (sum(own), len(own)), column
    hours = sum(n["deepSleepSeconds"] + n["lightSleepSeconds"] + n.get("remSleepSeconds", 0) for n in slept)
    assert account.wellness["sleep"].sum() == hours
    weighed = {r["metaData"]["calendarDate"][:10] for r in records_of(corpus, "*userBioMetrics.json") if "weight" in r}
    assert account.wellness["mass"].notna().sum() == len(weighed)


def test_nights_and_days_of_a_real_export_that_are_not_used_are_explained(account, corpus):
    """Of 2,023 nights 84 were off the wrist and 66 not confirmed; of 2,244 days two were not worn, the rest empty."""
    nights = records_of(corpus, "*sleepData.json")
    off = sum(night["sleepWindowConfirmationType"] == "OFF_WRIST" for night in nights)
    bare = sum("deepSleepSeconds" not in night for night in nights)
    assert (off, bare) == (84, 66)
    assert account.wellness["sleep"].notna().sum() == 2023 - 84 - 66
    for table in ("UDSFile", "sleepData"):
        own = account.ledger[account.ledger["source"].str.contains(table) & (account.ledger["action"] == "set_aside")]
        whole = own[own["what"].isin(["watch_not_worn", "record_without_values", "night_without_stages"])]
        assert whole["count"].sum() == rows_of(account, table)["set_aside"] > 0


def test_each_shoe_of_a_real_export_has_run_the_distance_of_its_activities(account, corpus):
    """This export lacks the activities since 2023, in which its shoes were worn: they stand at 0, and it is said."""
    [part] = records_of(corpus, "*summarizedActivities.json")
    [gear] = records_of(corpus, "*_gear.json")
    metres = {one["activityId"]: one["distance"] / 100 for one in part["summarizedActivitiesExport"]}
    shoes = [one["gearPk"] for one in gear["gearDTOS"] if one["gearTypeName"] == "Shoes"]
    worn = {key: [one["activityId"] for one in gear["gearActivityDTOs"].get(str(key), ())] for key in shoes}
    sums = sorted(sum(metres.get(number, 0.0) for number in numbers) for numbers in worn.values())
    assert sorted(account.gear["distance_known"]) == pytest.approx(sums, rel=0.01)
    lost = account.ledger.loc[account.ledger["what"] == "gear_activity_unknown", "count"].sum()
    assert lost == sum(number not in metres for numbers in worn.values() for number in numbers) == 8


def test_activities_of_a_real_export_equal_a_naive_count(account, corpus):
    [part] = records_of(corpus, "*summarizedActivities.json")
    listed = part["summarizedActivitiesExport"]
    runs = [one for one in listed if "running" in one["activityType"]]
    assert (len(account.activities), len(account.runs)) == (len(listed), len(runs))
    assert account.runs["distance"].sum() == pytest.approx(sum(one["distance"] for one in runs) / 100)
    moved = account.runs[account.runs["duration"] > 60]
    pace = moved["distance"] / moved["duration"] / moved["speed"]
    assert (pace - 1).abs().lt(0.01).mean() > 0.95
    assert 140 <= account.runs["cadence"].median() <= 200
    assert account.runs["cadence"].lt(200).all()
    assert set(account.activities["time_zone_from"]) == {"record"}


def test_the_smoothed_resting_heart_rate_is_the_mean_of_seven_days(account):
    days = account.wellness.set_index("date")[["rhr_day", "rhr_7d"]].asfreq("D")
    mean = np.floor(days["rhr_day"].rolling(7, min_periods=1).mean() + 0.5)
    both = days["rhr_7d"].notna() & days["rhr_day"].notna() & (days.index >= "2022-01-01")
    assert (mean == days["rhr_7d"])[both].mean() >= 0.85


def test_no_file_of_a_real_export_is_unreadable(account, corpus):
    status = account.sources.set_index("path")["status"]
    assert set(status) == {"read", "ignored", "empty"}
    assert status[status == "empty"].index.str.contains("UDSFile_2005").all()
    assert not account.sources["message"].eq("account_part_not_known").any()
    [gear] = records_of(corpus, "*_gear.json")
    shoes = [one for one in gear["gearDTOS"] if one["gearTypeName"] == "Shoes"]
    assert len(account.gear) == len(shoes)
    linked = sum(len(entries) for entries in gear["gearActivityDTOs"].values())
    told = account.ledger[account.ledger["what"] == "gear_activity_unknown"]
    assert account.gear["runs"].sum() + told["count"].sum() == linked
