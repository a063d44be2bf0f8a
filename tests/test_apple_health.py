"""The export of Apple Health: nothing counted twice, nothing dropped in silence, however long or broken the file."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import loadlens as ll
from loadlens.formats import apple_health
from loadlens.formats.apple_days import merge_intervals
from loadlens.formats.apple_stream import parse_stamps
from loadlens.formats.source import Options, Reading, Source, UnreadableFile
from loadlens.simulation import simulate
from loadlens.simulators.simulated_exports import write_export

Q, C = "HKQuantityTypeIdentifier", "HKCategoryTypeIdentifier"
SLEEP = "HKCategoryValueSleepAnalysis"
BROKEN_TYPE = """<!DOCTYPE HealthData [
<!-- HealthKit Export Version: 12 -->
<!ELEMENT HealthData (ExportDate,Me,(Record|Workout)*)>
<!ATTLIST HealthData
  locale CDATA #REQUIRED
<!ELEMENT RightEye EMPTY>
>
]>
"""


def export(*elements: str, prologue: str = "") -> bytes:
    """The bytes of an export with these elements."""
    inner = "\n".join(elements)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n' + prologue
    date = '<ExportDate value="2024-06-01 09:00:00 +0200"/>'
    return f'{head}<HealthData locale="nl_NL">\n {date}\n{inner}\n</HealthData>\n'.encode()


def record(kind: str, start: str, value: object, *, end: str = "", unit: str = "count/min", who: str = "Watch") -> str:
    return (
        f'<Record type="{kind}" sourceName="{who}" unit="{unit}" creationDate="{end or start}" startDate="{start}" '
        f'endDate="{end or start}" value="{value}"/>'
    )


def workout(*children: str, kind: str = "Running", who: str = "Watch", **members: str) -> str:
    """A workout from eight to half past eight on 1 March 2024 in Amsterdam, unless told otherwise."""
    told = {
        "duration": "30",
        "durationUnit": "min",
        "startDate": "2024-03-01 08:00:00 +0100",
        "endDate": "2024-03-01 08:30:00 +0100",
    } | members
    attributes = " ".join(f'{name}="{value}"' for name, value in told.items())
    head = f'<Workout workoutActivityType="HKWorkoutActivityType{kind}" sourceName="{who}" {attributes}>'
    return head + "".join(children) + "</Workout>"


def statistic(kind: str, unit: str, start: str = "08:00", end: str = "08:30", **values: object) -> str:
    told = " ".join(f'{name}="{value}"' for name, value in values.items())
    dates = f'startDate="2024-03-01 {start}:00 +0100" endDate="2024-03-01 {end}:00 +0100"'
    return f'<WorkoutStatistics type="{Q}{kind}" {dates} {told} unit="{unit}"/>'


def entry(key: str, value: str) -> str:
    return f'<MetadataEntry key="{key}" value="{value}"/>'


def night(stage: str, start: str, end: str, who: str = "Watch") -> str:
    return (
        f'<Record type="{C}SleepAnalysis" sourceName="{who}" startDate="{start} +0100" endDate="{end} +0100" '
        f'value="{SLEEP}{stage}"/>'
    )


def parse(content: bytes) -> Reading:
    source = Source("导出.xml", content[:16_384], lambda: io.BytesIO(content), len(content))
    reading = apple_health.parse(source, Options())
    assert reading.facts["used"] + reading.facts["set_aside"] == reading.facts["rows"]
    return reading


def activity(*children: str, **members: str) -> tuple[pd.Series, Reading]:
    """The one activity that comes of a workout."""
    reading = parse(export(workout(*children, **members)))
    (row,) = reading.tables["activities"].to_dict("records")
    return pd.Series(row), reading


def days(*records: str) -> tuple[pd.DataFrame, Reading]:
    reading = parse(export(*records))
    return reading.tables["wellness"].set_index("date"), reading


def noted(reading: Reading) -> dict[str, int]:
    """What the ledger says, and how often."""
    counts: dict[str, int] = {}
    for one in reading.ledger:
        counts[str(one["what"])] = counts.get(str(one["what"]), 0) + int(str(one["count"]))
    return counts


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text)


# ------------------------------------------------------------------ which file it is


def test_it_is_known_by_its_root_whatever_its_name_and_others_are_left_alone():
    assert apple_health.sniff(export(), "导出.xml")
    assert apple_health.sniff(b"\xef\xbb\xbf" + export(prologue=BROKEN_TYPE), "exportación.xml")
    assert apple_health.sniff(b'<?xml version="1.0"?><!DOCTYPE HealthData [' + b" " * 20_000, "x")
    assert not apple_health.sniff(b'<?xml version="1.0"?><gpx version="1.1">', "export.xml")
    assert not apple_health.sniff(b"", "export.xml")


def test_the_clinical_copy_is_ignored_without_being_read():
    def opener():
        raise AssertionError("opened")

    head = b'<?xml version="1.0"?>\n<ClinicalDocument xmlns="urn:hl7-org:v3">'
    assert apple_health.sniff(head, "exportar_cda.xml")
    reading = apple_health.parse(Source("exportar_cda.xml", head, opener), Options())
    assert (reading.facts["status"], reading.facts["message"]) == ("ignored", "apple_part_not_used")


def test_an_export_without_anything_of_use_is_empty_and_says_what_it_held():
    reading = parse(export(record(f"{Q}HeartRate", "2024-03-01 08:00:00 +0100", 61), '<ActivitySummary a="b"/>'))
    assert (reading.facts["status"], reading.facts["rows"], reading.facts["set_aside"]) == ("empty", 2, 2)
    assert {entry["value"] for entry in reading.ledger} == {f"{Q}HeartRate", "ActivitySummary"}


# ------------------------------------------------------------------ workouts


def test_totals_of_an_old_export_stand_in_attributes_with_their_units():
    """3.1 miles are 3.1 x 1609.344 = 4988.97 m; 500 kJ / 4.184 are 119.5 kcal."""
    run, _ = activity(totalDistance="3.1", totalDistanceUnit="mi", totalEnergyBurned="500", totalEnergyBurnedUnit="kJ")
    assert run["distance"] == pytest.approx(4988.9664)
    assert run["calories"] == pytest.approx(119.503, abs=0.001)
    assert (run["duration"], run["sport"], run["device"]) == (1800, "run", "Watch")
    assert run["speed"] == pytest.approx(4988.9664 / 1800)


@pytest.mark.parametrize(("value", "unit"), [("5", "km"), ("5000", "m"), ("3.106855961", "mi")])
def test_a_distance_is_the_same_in_every_unit(value, unit):
    assert activity(totalDistance=value, totalDistanceUnit=unit)[0]["distance"] == pytest.approx(5000, abs=0.001)


def test_totals_of_a_new_export_stand_in_statistics():
    run, _ = activity(
        statistic("DistanceWalkingRunning", "km", sum=5.02),
        statistic("HeartRate", "count/min", average=148.6, minimum=98, maximum=171),
        statistic("ActiveEnergyBurned", "Cal", sum=310),
        statistic("StepCount", "count", sum=5100),
        statistic("RunningPower", "W", average=231),
        statistic("RunningSpeed", "km/hr", average=10, maximum=14.4),
        statistic("RunningStrideLength", "m", average=0.98),
        statistic("RunningVerticalOscillation", "cm", average=9.1),
        statistic("RunningGroundContactTime", "ms", average=251),
        entry("HKElevationAscended", "1234 cm"),
        entry("HKWeatherTemperature", "59 degF"),
    )
    assert run["distance"] == pytest.approx(5020)
    assert (run["heart_rate"], run["max_heart_rate"], run["calories"]) == (148.6, 171, 310)
    assert run["cadence"] == pytest.approx(170)  # 5100 steps in 30 minutes
    assert (run["power"], run["step_length"], run["ground_contact"]) == (231, 0.98, 251)
    assert run["max_speed"] == pytest.approx(4)
    assert run["vertical_oscillation"] == pytest.approx(91)  # mm
    assert run["ascent"] == pytest.approx(12.34)
    assert run["temperature"] == pytest.approx(15)


def test_statistics_in_pieces_are_added_up_or_weighed_by_their_length():
    """170 bpm for 4 minutes and 120 for 12 are (680 + 1440) / 16 = 132.5."""
    run, _ = activity(
        statistic("HeartRate", "count/min", "08:00", "08:04", average=170, maximum=178),
        statistic("HeartRate", "count/min", "08:04", "08:16", average=120, maximum=140),
        statistic("DistanceWalkingRunning", "km", "08:00", "08:04", sum=1.5),
        statistic("DistanceWalkingRunning", "km", "08:04", "08:16", sum=4),
    )
    assert (run["heart_rate"], run["max_heart_rate"], run["distance"]) == (132.5, 178, 5500)


def test_the_parts_of_a_workout_count_only_where_the_whole_says_nothing():
    part = statistic("DistanceWalkingRunning", "km", sum=5)
    beats = statistic("HeartRate", "count/min", average=150)
    run, _ = activity(f"<WorkoutActivity>{part}{beats}</WorkoutActivity>", part)
    assert (run["distance"], run["heart_rate"]) == (5000, 150)


def test_pauses_by_hand_and_by_the_watch_count_once():
    """33 minutes from start to end, three of them paused: 30 in motion; a pause to the end takes its last minute."""
    events = "".join(
        f'<WorkoutEvent type="HKWorkoutEventType{kind}" date="2024-03-01 08:{minute}:00 +0100"/>'
        for kind, minute in [
            ("Pause", "10"),
            ("MotionPaused", "10"),
            ("Resume", "13"),
            ("MotionResumed", "12"),
            ("Segment", "20"),
            ("Pause", "32"),
        ]
    )
    run, _ = activity(events, duration="29", endDate="2024-03-01 08:33:00 +0100")
    assert (run["duration"], run["elapsed"], run["moving"]) == (29 * 60, 33 * 60, 29 * 60)
    run, reading = activity(events, duration="", endDate="2024-03-01 08:33:00 +0100")
    assert run["duration"] == 29 * 60
    assert noted(reading)["duration_from_clock"] == 1


def test_without_pauses_nothing_is_said_of_motion():
    assert np.isnan(activity()[0]["moving"])


def test_a_duration_longer_than_the_workout_is_in_the_wrong_unit():
    run, reading = activity(duration="1800", durationUnit="min")
    assert run["duration"] == 1800
    assert noted(reading)["duration_too_long"] == 1


def test_a_workout_belongs_to_the_day_of_its_own_zone():
    """Half past one at night in Amsterdam, where the phone is now, was half past seven of the evening before there."""
    late = {"startDate": "2024-03-02 01:30:00 +0100", "endDate": "2024-03-02 02:00:00 +0100"}
    run, reading = activity(entry("HKTimeZone", "America/New_York"), **late)
    assert run["start_local"] == day("2024-03-01 19:30")
    assert (run["date"], run["time_zone_from"]) == (day("2024-03-01"), "record")
    assert run["start_utc"] == pd.Timestamp("2024-03-02 00:30", tz="UTC")
    assert "clock_of_phone" not in noted(reading)


@pytest.mark.parametrize("zone", [None, "Nowhere/Land", "../etc"])
def test_without_a_zone_the_clock_of_the_phone_counts_and_the_ledger_says_so(zone):
    late = {"startDate": "2024-03-02 01:30:00 +0100", "endDate": "2024-03-02 02:00:00 +0100"}
    run, reading = activity(*([entry("HKTimeZone", zone)] if zone else []), **late)
    assert (run["date"], run["time_zone_from"]) == (day("2024-03-02"), "file")
    assert noted(reading)["clock_of_phone"] == 1
    assert ("zone_unknown" in noted(reading)) == (zone is not None)


@pytest.mark.parametrize(
    ("kind", "children", "sport", "sub_sport"),
    [
        ("Running", [entry("HKIndoorWorkout", "1")], "run", "indoor"),
        ("Running", [entry("HKIndoorWorkout", "0")], "run", None),
        ("Swimming", [entry("HKSwimmingLocationType", "1")], "swim", "pool"),
        ("Yoga", [entry("HKIndoorWorkout", "1")], "mobility", None),
        ("HighIntensityIntervalTraining", [], "cardio", None),
        ("TrailRunning", [], "run", "trail"),
        ("Underwater", [], "other", None),
    ],
)
def test_every_kind_of_workout_has_a_sport(kind, children, sport, sub_sport):
    row, reading = activity(*children, kind=kind)
    assert (row["sport"], row["sub_sport"]) == (sport, sub_sport)
    assert row["sport_as_exported"] == f"HKWorkoutActivityType{kind}"
    assert ("sport_unknown" in noted(reading)) == (kind == "Underwater")


def test_what_many_workouts_have_in_common_is_one_row_of_the_ledger():
    reading = parse(export(*[workout(kind="Underwater")] * 5))
    (told,) = [one for one in reading.ledger if one["what"] == "sport_unknown"]
    assert told["count"] == 5


def test_steps_and_cadence_are_of_those_on_foot_alone():
    ride, _ = activity(statistic("StepCount", "count", sum=900), kind="Cycling")
    assert np.isnan(ride["steps"])
    assert np.isnan(ride["cadence"])


def test_a_run_of_distance_nought_has_an_unknown_distance():
    run, reading = activity(totalDistance="0", totalDistanceUnit="km")
    assert np.isnan(run["distance"])
    assert noted(reading)["run_without_distance"] == 1


def test_a_unit_nobody_knows_is_no_number_and_said():
    run, reading = activity(totalDistance="5", totalDistanceUnit="leagues")
    assert np.isnan(run["distance"])
    assert [one["value"] for one in reading.ledger if one["what"] == "cell_unreadable"] == ["5 leagues"]


def test_a_workout_without_a_time_is_set_aside_by_its_place():
    reading = parse(export(workout(startDate="yesterday"), workout()))
    assert len(reading.tables["activities"]) == 1
    (aside,) = [one for one in reading.ledger if one["what"] == "date_unreadable"]
    assert (aside["row"], aside["value"]) == (1, "yesterday")


def test_exertion_goes_to_the_workout_it_was_noted_for():
    noted_for = {"end": "2024-03-01 08:30:00 +0100", "unit": "appleEffortScore"}
    reading = parse(
        export(
            workout(),
            record(f"{Q}WorkoutEffortScore", "2024-03-01 08:00:00 +0100", 7, **noted_for),
            record(f"{Q}WorkoutEffortScore", "2024-03-09 08:00:00 +0100", 9, unit="appleEffortScore"),
        )
    )
    assert reading.tables["activities"]["rpe"].tolist() == [7]
    assert noted(reading)["effort_without_workout"] == 1


def test_a_pause_written_with_its_length_is_that_long():
    pause = '<WorkoutEvent type="HKWorkoutEventTypePause" date="2024-03-01 08:10:00 +0100" duration="2"'
    pause += ' durationUnit="min"/>'
    assert activity(pause, duration="28")[0]["moving"] == 28 * 60


# ------------------------------------------------------------------ the same workout from several apps


def copied(seconds: int, minutes: float, who: str) -> pd.DataFrame:
    start = f"2024-03-01 08:{seconds // 60:02d}:{seconds % 60:02d} +0100"
    first = workout(statistic("DistanceWalkingRunning", "km", sum=5), statistic("HeartRate", "count/min", average=150))
    other = workout(who=who, startDate=start, duration=f"{minutes}", totalDistance="5.1", totalDistanceUnit="km")
    reading = parse(export(other, first))
    assert reading.facts["used"] == 2
    table = reading.tables["activities"]
    assert ("app_wrote_again" in noted(reading)) == (len(table) == 1)
    return table


def test_one_run_that_two_apps_wrote_is_one_with_the_values_of_the_fuller():
    table = copied(40, 30.1, "Strava")
    assert table[["distance", "heart_rate", "device"]].values.tolist() == [[5000, 150, "Watch"]]


@pytest.mark.parametrize(
    ("seconds", "minutes", "who"), [(121, 30, "Strava"), (40, 31, "Strava"), (40, 30, "Watch")], ids=str
)
def test_runs_that_start_or_last_otherwise_or_come_from_one_app_stay_two(seconds, minutes, who):
    assert len(copied(seconds, minutes, who)) == 2


def test_a_route_is_joined_to_the_workout_that_names_it(tmp_path):
    (path,) = write_export(simulate("steady", weeks=10), tmp_path, "apple_health")
    log = ll.read(path)
    routed = log.activities[log.activities["merged_from"].notna()]
    assert routed["merged_from"].str.contains("export.xml #").tolist() == [True]
    assert log.minutes["activity"].unique().tolist() == routed["activity"].tolist()
    assert log.activities["start_utc"].is_unique


def test_two_routes_of_one_workout_make_no_second_run(tmp_path):
    runner = simulate("steady", weeks=4)
    (path,) = write_export(runner, tmp_path, "apple_health")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "unpacked")
    (route,) = (tmp_path / "unpacked").rglob("*.gpx")
    points = route.read_text().split("   <trkpt")
    half = len(points) // 2
    route.write_text("   <trkpt".join([*points[:half], points[-1]]))
    route.with_name("second.gpx").write_text("   <trkpt".join([points[0], *points[half:]]))
    whole = next((tmp_path / "unpacked").rglob("export.xml"))
    first = f'<FileReference path="/workout-routes/{route.name}"/>'
    assert first in whole.read_text()
    whole.write_text(whole.read_text().replace(first, first + first.replace(route.name, "second.gpx")))
    log = ll.read(tmp_path / "unpacked")
    assert len(log.activities) == len(runner.activities)
    (joined,) = log.activities["merged_from"].dropna()
    assert joined.count(".gpx") == 2


def test_both_routes_of_a_workout_are_named():
    one = '<WorkoutRoute><FileReference path="/workout-routes/a.gpx"/></WorkoutRoute>'
    run, reading = activity(one, one.replace("a.gpx", "b.gpx"))
    assert run["file"] == "workout-routes/a.gpx; workout-routes/b.gpx"
    assert noted(reading)["routes_more"] == 1


# ------------------------------------------------------------------ days


def test_of_several_resting_heart_rates_of_a_day_the_last_counts():
    table, reading = days(
        record(f"{Q}RestingHeartRate", "2024-03-01 00:01:00 +0100", 52, end="2024-03-01 22:00:00 +0100"),
        record(f"{Q}RestingHeartRate", "2024-03-01 00:01:00 +0100", 55, end="2024-03-01 11:00:00 +0100"),
    )
    assert table["rhr_day"].to_dict() == {day("2024-03-01"): 52}
    assert noted(reading)["older_version"] == 1


def test_a_day_stays_itself_when_the_phone_was_exported_elsewhere():
    """The first of March in Amsterdam, written on a phone in New York, begins on the evening of 29 February."""
    table, _ = days(record(f"{Q}RestingHeartRate", "2024-02-29 18:00:00 -0500", 50, end="2024-03-01 17:00:00 -0500"))
    assert table.index.tolist() == [day("2024-03-01")]


def test_both_kinds_of_variability_are_means_of_the_day_and_kept_apart():
    at = "2024-03-01 0{}:00:00 +0100"
    table, _ = days(
        record(f"{Q}HeartRateVariabilitySDNN", at.format(3), 60, unit="ms"),
        record(f"{Q}HeartRateVariabilitySDNN", at.format(5), 70, unit="ms"),
        record(f"{Q}HeartRateVariabilityRMSSD", at.format(5), 41, unit="ms"),
    )
    assert table.loc[day("2024-03-01"), ["hrv_sdnn", "hrv_rmssd"]].tolist() == [65, 41]


@pytest.mark.parametrize(("value", "unit"), [(70, "kg"), (154.3235835, "lb"), (70_000, "g"), (11.02311311, "st")])
def test_body_mass_is_in_kilograms_whatever_the_unit(value, unit):
    table, _ = days(record(f"{Q}BodyMass", "2024-03-01 07:00:00 +0100", value, unit=unit))
    assert table["mass"].tolist() == pytest.approx([70])


def test_a_record_in_an_unknown_unit_or_without_a_number_or_time_is_set_aside():
    at = "2024-03-01 07:00:00 +0100"
    _, reading = days(
        record(f"{Q}BodyMass", at, 70, unit="kg"),
        record(f"{Q}BodyMass", at, 70, unit="pood"),
        record(f"{Q}BodyMass", at, "heavy", unit="kg"),
        record(f"{Q}BodyMass", "20240301070000+0100", 70, unit="kg"),
    )
    told = noted(reading)
    assert (told["unit_unknown"], told["records_without_number"], told["records_without_day"]) == (1, 1, 1)
    assert reading.facts["used"] == 1


def test_steps_of_phone_and_watch_are_not_added_up():
    """The watch counted 700 + 300, the phone 650 of the same; the next day the phone went alone."""
    hour = {"end": "2024-03-01 09:00:00 +0100", "unit": "count"}
    table, reading = days(
        record(f"{Q}StepCount", "2024-03-01 08:00:00 +0100", 700, **hour),
        record(f"{Q}StepCount", "2024-03-01 08:30:00 +0100", 300, **hour),
        record(f"{Q}StepCount", "2024-03-01 08:00:00 +0100", 650, who="Phone", **hour),
        record(f"{Q}StepCount", "2024-03-01 08:00:00 +0100", 650, who="Phone", **hour),
        record(f"{Q}StepCount", "2024-03-02 08:00:00 +0100", 4000, who="Phone", unit="count"),
    )
    assert table["steps"].to_dict() == {day("2024-03-01"): 1000, day("2024-03-02"): 4000}
    assert (noted(reading)["source_not_chosen"], noted(reading)["records_repeated"]) == (1, 1)
    (used,) = [one for one in reading.ledger if one["what"] == "sources_used"]
    assert used["value"] == "Watch, Phone"


# ------------------------------------------------------------------ nights


def test_overlapping_intervals_of_one_source_count_once_on_the_day_of_waking():
    """Light 23-2 and 1-3 are four hours, deep 3-5 two, REM 5-6 one; ten minutes awake; 23 to 6 is seven asleep."""
    table, reading = days(
        night("AsleepCore", "2024-02-29 23:00:00", "2024-03-01 02:00:00"),
        night("AsleepCore", "2024-03-01 01:00:00", "2024-03-01 03:00:00"),
        night("AsleepDeep", "2024-03-01 03:00:00", "2024-03-01 05:00:00"),
        night("AsleepREM", "2024-03-01 05:00:00", "2024-03-01 06:00:00"),
        night("Awake", "2024-03-01 06:00:00", "2024-03-01 06:10:00"),
        night("InBed", "2024-02-29 22:30:00", "2024-03-01 06:30:00"),
    )
    (row,) = table.to_dict("index").items()
    assert row[0] == day("2024-03-01")
    assert {name: value / 3600 for name, value in row[1].items()} == pytest.approx(
        {"sleep": 7, "sleep_light": 4, "sleep_deep": 2, "sleep_rem": 1, "sleep_awake": 1 / 6}
    )
    assert noted(reading)["in_bed_not_asleep"] == 1


def test_a_nap_counts_for_its_own_day_and_a_night_with_a_gap_stays_one():
    table, _ = days(
        night("Asleep", "2024-02-29 23:00:00", "2024-03-01 03:00:00"),
        night("Asleep", "2024-03-01 05:00:00", "2024-03-01 07:00:00"),
        night("Asleep", "2024-03-01 14:00:00", "2024-03-01 15:00:00"),
        night("Asleep", "2024-03-01 21:30:00", "2024-03-01 22:30:00"),
        night("Asleep", "2024-03-01 23:30:00", "2024-03-02 06:30:00"),
    )
    assert (table["sleep"] / 3600).to_dict() == {day("2024-03-01"): 7, day("2024-03-02"): 8}
    assert table[["sleep_deep", "sleep_light", "sleep_rem", "sleep_awake"]].isna().all(axis=None)


def test_of_several_sources_the_one_with_stages_counts_and_else_the_one_with_most_nights():
    table, reading = days(
        night("AsleepCore", "2024-03-01 00:00:00", "2024-03-01 06:00:00"),
        night("Asleep", "2024-02-29 23:00:00", "2024-03-01 07:00:00", "App"),
        night("Asleep", "2024-03-01 23:00:00", "2024-03-02 07:00:00", "App"),
        night("Asleep", "2024-03-01 22:00:00", "2024-03-02 08:00:00", "Bed"),
    )
    assert (table["sleep"] / 3600).to_dict() == {day("2024-03-01"): 6, day("2024-03-02"): 8}
    assert {one["value"]: one["count"] for one in reading.ledger if one["what"] == "source_not_chosen"} == {
        "App": 1,
        "Bed": 1,
    }


def test_odd_intervals_and_time_awake_by_day_go_to_the_ledger():
    table, reading = days(
        night("Asleep", "2024-02-29 23:00:00", "2024-03-01 07:00:00"),
        night("Asleep", "2024-03-01 07:00:00", "2024-03-01 07:00:00"),
        night("Dreaming", "2024-03-01 01:00:00", "2024-03-01 02:00:00"),
        night("Asleep", "2024-03-01 23:00:00", "2024-03-04 07:00:00"),
        night("Awake", "2024-03-01 13:00:00", "2024-03-01 14:00:00"),
    )
    assert (table["sleep"] / 3600).tolist() == [8]
    assert (noted(reading)["sleep_unusable"], noted(reading)["sleep_outside_night"]) == (3, 1)


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 60)), max_size=30))
def test_merged_intervals_cover_the_same_minutes_once(intervals):
    start = np.array([begin for begin, _ in intervals], dtype="float64")
    end = start + np.array([lasts for _, lasts in intervals], dtype="float64")
    first, last = merge_intervals(start, end)
    covered = {minute for begin, lasts in intervals for minute in range(begin, begin + lasts)}
    assert (last - first).sum() == len(covered)
    assert (first[1:] > last[:-1]).all()


# ------------------------------------------------------------------ times


@given(
    st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1)).map(lambda time: time.replace(microsecond=0)),
    st.integers(-14 * 4, 14 * 4).map(lambda quarters: timedelta(minutes=15 * quarters)),
)
def test_times_are_read_as_the_standard_library_reads_them(time, ahead):
    written = f"{time.replace(tzinfo=timezone(ahead)):%Y-%m-%d %H:%M:%S %z}"
    (utc,), (offset,) = parse_stamps([written])
    assert datetime.fromtimestamp(utc, UTC) == datetime.strptime(written, "%Y-%m-%d %H:%M:%S %z")
    assert offset == ahead.total_seconds()


@given(st.text(max_size=30))
def test_what_is_no_time_is_none(text):
    assert np.isnan(parse_stamps([text])[0]).all()


@pytest.mark.parametrize(
    "text", ["2024-02-30 00:00:00 +0100", "2024-13-01 00:00:00 +0100", "2024-03-01 25:00:00 +0100", "2024-03-01"]
)
def test_days_and_hours_that_do_not_exist_are_no_time(text):
    assert np.isnan(parse_stamps([text])[0]).all()


# ------------------------------------------------------------------ broken and hostile files


RUN = workout(totalDistance="5", totalDistanceUnit="km")
BEAT = record(f"{Q}HeartRate", "2024-03-01 08:00:00 +0100", 61)


def test_the_document_type_that_ios_16_broke_does_not_matter():
    reading = parse(export(RUN, prologue=BROKEN_TYPE))
    assert reading.facts["status"] == "read"
    assert reading.tables["activities"]["distance"].tolist() == [5000]


@pytest.mark.parametrize(
    "prologue",
    [
        '<!DOCTYPE HealthData [<!ENTITY a "b">]>',
        '<!DOCTYPE HealthData [<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]>',
        '<!DOCTYPE HealthData [<!entity a "b">]>',
    ],
)
def test_entities_are_refused(prologue):
    with pytest.raises(UnreadableFile, match="declares entities"):
        parse(export(RUN, prologue=prologue))


def test_nothing_outside_the_file_is_fetched_and_no_entity_expands(tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    prologue = f'<!DOCTYPE HealthData SYSTEM "file://{tmp_path}/secret.txt">'
    reading = parse(export(workout(entry("HKWorkoutBrandName", "&secret;")), prologue=prologue))
    assert reading.tables["activities"]["title"].tolist() == ["&secret;"]


@pytest.mark.parametrize(
    "prologue",
    [
        '<!-- <HealthData > --><!DOCTYPE HealthData [<!ENTITY a "b">]>',
        "<!-- <HealthData > --><!DOCTYPE HealthData [<!ELEMENT a ANY>]>",
    ],
)
def test_a_document_type_that_hides_behind_a_comment_is_refused(prologue):
    with pytest.raises(UnreadableFile, match="declares entities"):
        parse(export(RUN, prologue=prologue))


def test_what_is_no_xml_is_passed_over_and_the_rest_is_read():
    """As exports of iOS 8: an attribute whose name has blanks. The workout in which damage lies is not used."""
    steps = record(f"{Q}StepCount", "2024-03-01 08:00:00 +0100", 900, unit="count")
    blanks = '<Record type="HKQuantityTypeIdentifierBodyMass" Health Mate App Version="2.6.0" value="70"/>'
    torn = RUN.replace("</Workout>", "<broken</Workout>")
    reading = parse(export(steps, blanks, torn, '<!DOCTYPE x [<!ENTITY a "b">]>', RUN, prologue=BROKEN_TYPE))
    assert reading.facts["status"] == "damaged"
    assert len(reading.tables["activities"]) == 1
    assert reading.tables["wellness"]["steps"].tolist() == [900]
    assert (noted(reading)["xml_passed_over"], noted(reading)["workout_cut_off"]) == (2, 1)
    assert (reading.facts["rows"], reading.facts["used"]) == (3, 2)


def test_a_file_of_nothing_but_damage_ends():
    reading = parse(export(*["<Record <Record >"] * 3000, RUN))
    assert reading.facts["status"] == "damaged"
    assert noted(reading)["xml_passed_over"] <= 1000


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_damage_anywhere_never_stops_the_reading_and_loses_no_row(data):
    content = bytearray(export(RUN, BEAT, night("Asleep", "2024-03-01 01:00:00", "2024-03-01 02:00:00"), RUN))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(80, len(content) - 1))] = data.draw(st.sampled_from(list(b'<>"&/\0x= ')))
    assert parse(bytes(content)).facts["rows"] <= 12


@pytest.mark.parametrize("cut", [0.5, 0.9])
def test_a_file_cut_short_is_read_as_far_as_it_goes(cut):
    content = export(*[RUN] * 4, *[BEAT] * 4)
    reading = parse(content[: int(cut * len(content))])
    assert reading.facts["status"] == "damaged"
    assert noted(reading)["xml_passed_over"] == 1
    assert 0 < len(reading.tables["activities"]) <= 4


def test_a_workout_that_is_cut_off_is_not_used():
    content = export(RUN, RUN)
    reading = parse(content[: content.rindex(b"</Workout>")])
    assert len(reading.tables["activities"]) == 1
    assert (noted(reading)["workout_cut_off"], reading.facts["rows"]) == (1, 2)


def test_control_signs_stray_ampersands_and_bytes_of_no_encoding_do_not_stop_it():
    content = export(record(f"{Q}StepCount", "2024-03-01 08:00:00 +0100", 900, unit="count", who="A & B\x0b"), RUN)
    reading = parse(content.replace(b"A & B", b"A & B\xff"))
    assert reading.facts["status"] == "read"
    assert reading.facts["used"] == 2


def test_nesting_without_end_and_elements_without_end_are_refused():
    with pytest.raises(UnreadableFile, match="within each other"):
        parse(export("<a>" * 200 + "</a>" * 200))
    with pytest.raises(UnreadableFile, match="one element is longer"):
        parse(export(f'<Record type="{"x" * 40_000_000}"/>'))


def test_a_file_that_only_begins_like_one_is_refused():
    with pytest.raises(UnreadableFile, match="holds none"):
        parse(b'<?xml version="1.0"?>\n<!DOCTYPE HealthData [' + b" " * 1000)


def test_names_without_number_are_refused():
    many = (record(f"{Q}StepCount", "2024-03-01 08:00:00 +0100", 1, who=f"app {n}") for n in range(3000))
    with pytest.raises(UnreadableFile, match="more than any Apple Health export"):
        parse(export(*many))


ELEMENTS = st.sampled_from(
    [
        RUN,
        BEAT,
        workout(startDate="?"),
        workout(kind="Yoga", endDate="2024-03-01 07:00:00 +0100"),
        record(f"{Q}StepCount", "2024-03-01 08:00:00 +0100", 5, unit="count"),
        record(f"{Q}StepCount", "2024-03-01 08:00:00 +0100", "1e400", unit="count"),
        record(f"{Q}RestingHeartRate", "?", 5),
        record(f"{Q}WorkoutEffortScore", "2024-03-01 08:10:00 +0100", 5, unit="appleEffortScore"),
        night("AsleepREM", "2024-03-01 01:00:00", "2024-03-01 02:00:00"),
        night("Awake", "2024-03-01 02:00:00", "2024-03-01 02:10:00", "App"),
        night("Asleep", "2024-03-01 03:00:00", "2024-03-01 02:00:00"),
        "<Correlation type='x'><Record type='y'/></Correlation>",
        "<Record/>",
        "<Workout/>",
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(ELEMENTS, max_size=12))
def test_whatever_it_holds_every_row_is_used_or_in_the_ledger(elements):
    reading = parse(export(*elements))
    assert reading.facts["rows"] == len(elements)
    aside = sum(int(str(one["count"])) for one in reading.ledger if one["action"] == "set_aside" and is_a_row(one))
    assert aside == reading.facts["set_aside"]


def is_a_row(entry: dict[str, object]) -> bool:
    """Whether a ledger entry stands for rows of the file, not for a single value of one that is used."""
    return entry["what"] not in ("cell_unreadable", "run_without_distance", "zone_unknown")


def test_memory_does_not_grow_with_what_is_not_used(tmp_path):
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("apple_health_export/export.xml", export(RUN, *[BEAT] * 60_000))  # 15 MB
    tracemalloc.start()
    log = ll.read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert log.sources["set_aside"].tolist() == [60_000]
    assert peak < 9_000_000


# ------------------------------------------------------------------ the whole


@pytest.mark.parametrize("kind", ["apple_health", "apple_health_miles"])
def test_what_was_simulated_is_what_is_read(kind, tmp_path):
    runner = simulate("steady", weeks=10)
    (path,) = write_export(runner, tmp_path, kind)
    log = ll.read(path)
    truth, found = runner.activities, log.activities
    assert found["date"].tolist() == truth["date"].tolist()
    assert found["start_local"].tolist() == truth["start_local"].dt.floor("s").tolist()
    assert found["sport"].tolist() == truth["sport"].tolist()
    for name, precision in [("duration", 1e-6), ("elapsed", 1.0), ("heart_rate", 1e-6), ("max_heart_rate", 1e-6)]:
        assert np.allclose(found[name], truth[name], atol=precision, equal_nan=True), name
    assert np.allclose(found["distance"], truth["distance"].where(truth["distance"] > 0), atol=0.01, equal_nan=True)
    new = np.arange(len(truth)) >= 12  # the oldest workouts give totals alone
    for name in ("steps", "power", "step_length", "vertical_oscillation", "ground_contact", "max_speed"):
        runs = new & (truth["sport"] == "run").to_numpy()
        assert np.allclose(found.loc[runs, name], truth.loc[runs, name], rtol=1e-6, equal_nan=True), name
    told = found["rpe"].notna()
    assert told.sum() > 5
    assert found.loc[told, "rpe"].tolist() == truth.loc[told.to_numpy(), "rpe"].tolist()
    assert log.wellness["date"].tolist() == runner.wellness["date"].tolist()
    for name in ("rhr_day", "hrv_rmssd", "sleep", "steps"):
        assert np.allclose(log.wellness[name], runner.wellness[name], equal_nan=True), name
    nights = log.wellness[["sleep_deep", "sleep_light", "sleep_rem"]].sum(axis=1, min_count=3)
    assert np.allclose(nights, runner.wellness["sleep"], equal_nan=True)
    assert np.allclose(log.wellness["mass"].dropna(), 71, atol=1e-4)


def test_the_unpacked_folder_reads_as_its_zip(tmp_path):
    (path,) = write_export(simulate("steady", weeks=4), tmp_path, "apple_health")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "unpacked")
    one, other = ll.read(path), ll.read(tmp_path / "unpacked")
    pd.testing.assert_frame_equal(
        one.activities.drop(columns=["source", "merged_from"]), other.activities.drop(columns=["source", "merged_from"])
    )
    assert sorted(one.sources["status"]) == sorted(other.sources["status"]) == ["ignored", "ignored", "read", "read"]
