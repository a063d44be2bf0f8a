"""CSV exports besides Garmin's and Strava's lists: what each says comes in, in the log's units, on the right day."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from csv_reading import noted, read, table
from loadlens.formats.source import UnreadableFile

# ---------------------------------------------------------------- Whoop

CYCLES = {
    "en": ["Cycle start time", "Cycle timezone", "Resting heart rate (bpm)", "Heart rate variability (ms)"],
    "de": ["Startzeit des Zyklus", "Zeitzone des Zyklus", "Ruheherzfrequenz (Schläge pro Minute)"],
    "es": ["Hora de inicio del ciclo", "Zona horaria del ciclo", "Frecuencia cardíaca en reposo (lpm)"],
}
CYCLES["en"] += ["Wake onset", "Asleep duration (min)", "Deep (SWS) duration (min)", "Sleep performance %"]
CYCLES["de"] += ["Herzfrequenzvariabilität (ms)", "Beginn des Aufwachens", "Schlafdauer (Min.)"]
CYCLES["de"] += ["Dauer des Tiefschlafs (Min.)", "Schlafleistung %"]
CYCLES["es"] += ["Variabilidad de la frecuencia cardíaca (ms)", "Inicio de la vigilia", "Duración del sueño (min)"]
CYCLES["es"] += ["Duración de sueño profundo (SWS) (min)", "Calificación del sueño (%)"]


@pytest.mark.parametrize("language", ["en", "de", "es"])
def test_a_cycle_of_whoop_belongs_to_the_day_of_waking_up(language):
    night = ["2024-05-01 23:40:12", "UTC+02:00", "44", "81", "2024-05-02 07:05:10", "421", "88", "91"]
    going_on = ["2024-05-02 23:10:00", "UTC+02:00", "", "", "", "", "", ""]
    reading = read(table(CYCLES[language], going_on, night), "physiological_cycles.csv")
    frame = reading.tables["wellness"].set_index("date")
    assert (reading.format, reading.facts["language"]) == ("whoop_cycles", language)
    expected = {"rhr_sleep": 44, "hrv_rmssd": 81, "sleep": 421 * 60, "sleep_deep": 88 * 60, "sleep_score": 91}
    assert frame.loc["2024-05-02"].to_dict() == expected
    assert (reading.facts["used"], reading.facts["set_aside"]) == (1, 1)


def test_naps_of_whoop_are_no_nights():
    heading = [*CYCLES["en"], "Nap"]
    night = ["2024-05-01 23:40:12", "UTCZ", "", "", "2024-05-02 07:05:10", "421", "88", "91", "false"]
    nap = ["2024-05-02 13:00:00", "UTCZ", "", "", "2024-05-02 13:40:00", "35", "0", "20", "true"]
    reading = read(table(heading, nap, night), "sleeps.csv")
    assert reading.tables["wellness"]["sleep"].tolist() == [421 * 60]
    assert noted(reading, "row_of_another_kind")[0]["value"] == "Nap: true"


def test_workouts_of_whoop_know_their_offset():
    heading = ["Cycle start time", "Cycle timezone", "Workout start time", "Duration (min)", "Activity name"]
    heading += ["Energy burned (cal)", "Max HR (bpm)", "Average HR (bpm)", "Distance (meters)"]
    run = ["2024-05-01 23:40:12", "UTC-05:30", "2024-05-02 22:10:00", "50", "Running", "610", "176", "151", "10012.5"]
    reading = read(table(heading, run), "workouts.csv")
    row = reading.tables["activities"].iloc[0]
    assert (row["sport"], row["distance"], row["duration"], row["calories"]) == ("run", 10_012.5, 3000, 610)
    assert row["start_utc"] == pd.Timestamp("2024-05-03 03:40", tz="UTC")
    assert (row["date"], row["time_zone_from"]) == (pd.Timestamp("2024-05-02"), "record")


def test_the_journal_of_whoop_is_refused_with_what_would_be_right():
    with pytest.raises(UnreadableFile, match="journal of Whoop"):
        read("Cycle start time,Question text,Answered yes,Notes\n2024-05-01,Caffeine?,true,\n", "journal_entries.csv")


# ---------------------------------------------------------------- HRV4Training and EliteHRV

HRV = ["date", " time", " HR", "AVNN", "SDNN", "rMSSD", "trainingRPE", " sleep_quality", "muscle_soreness", " fatigue"]
HRV += ["traveling", "sickness", "alcohol", "note", " latitude", " longitude"]


def hrv(*rows: list[str], end: str = "\n") -> str:
    return end.join(",".join(row) for row in [HRV, *rows]) + end


def morning(day: str, **changes: str) -> list[str]:
    row = dict.fromkeys(HRV, "")
    row |= {"date": day, " HR": "51.5", "AVNN": "1150.2", "SDNN": "70.1", "rMSSD": "62.3", "trainingRPE": "4"}
    row |= {" sleep_quality": "10", "muscle_soreness": "1", " fatigue": "5.5", "traveling": "not traveling"}
    return list((row | {"sickness": "not sick", "alcohol": "a little"} | changes).values())


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_morning_of_hrv4training_fills_wellness_and_diary(end):
    reading = read(hrv(morning("2024-05-01"), morning("2024-05-02", **{" HR": "-"}), end=end), "myMeasurements.csv")
    frame = reading.tables["wellness"]
    assert reading.format == "hrv4training"
    assert frame[["rhr_day", "hrv_rmssd", "hrv_sdnn"]].iloc[0].tolist() == [51.5, 62.3, 70.1]
    first = reading.tables["diary"][reading.tables["diary"]["date"] == "2024-05-01"]
    said = dict(zip(first["kind"], first["value"], strict=True))
    # ten steps to five: 10 of sleep is 5, 1 of soreness is 1, 5.5 of fatigue is the middle
    assert said["sleep_quality"] == pytest.approx(5)
    assert said["soreness"] == pytest.approx(1)
    assert said["fatigue"] == pytest.approx(3)
    assert (said["exertion"], said["illness"]) == (4, 0)
    assert first.loc[first["kind"] == "circumstance", "tags"].tolist() == ["alcohol"]


def test_days_of_android_are_year_day_month_and_zeros_are_no_measurement():
    none = {" HR": "0.0", "AVNN": "0.0", "SDNN": "0.0", "rMSSD": "0.0", " sleep_quality": "", "muscle_soreness": ""}
    reading = read(hrv(morning("2017-27-07"), morning("2017-09-08", **none, **{" fatigue": ""})), "m.csv")
    assert reading.tables["wellness"]["date"].tolist() == [pd.Timestamp("2017-07-27")]
    second = reading.tables["diary"][reading.tables["diary"]["date"] == "2017-08-09"]
    assert second["kind"].tolist() == ["exertion"]  # not sick, not travelling: the app's words, not the runner's
    assert noted(reading, "diary_default")[0]["count"] == 1
    assert reading.facts["used"] == 2


def test_decimal_commas_in_unquoted_coordinates_do_not_move_what_stands_before():
    row = [*morning("2024-05-01")[:-2], "45", "6749", "9", "5614"]
    reading = read(hrv(row), "m.csv")
    assert reading.tables["wellness"]["hrv_rmssd"].tolist() == [62.3]
    assert noted(reading, "row_longer_than_heading")[0]["row"] == 2


@pytest.mark.parametrize("stamp", ["2024-05-01 11:30:00 p. m. +0000", "2024-05-01 23:30:00 +0000"])
def test_a_morning_in_utc_is_of_the_local_day_once_a_zone_is_given(stamp):
    text = f"timestamp_measurement,HR,AVNN,SDNN,rMSSD\n{stamp},44,1350,80,66\n2024-05-03 06:00:00 +0000,44,1350,80,66\n"
    reading = read(text, "m.csv")
    assert reading.tables["wellness"]["date"].dt.day.tolist() == [1, 3]
    assert noted(reading, "wellness_day_unsure")[0]["count"] == 2
    reading = read(text, "m.csv", tz="Asia/Tokyo")
    assert reading.tables["wellness"]["date"].dt.day.tolist() == [2, 3]
    assert not noted(reading, "wellness_day_unsure")


def test_the_score_of_elitehrv_is_not_taken_for_a_variability():
    text = "\ufeffMember,Date,Datetime,Type,HRV,lnRmssd,Rmssd,Nn50,Pnn50,Sdnn,Score,HR\r\n"
    text += "A,2024-05-01,2024-05-01 06:30:00,readiness,57,3.7,40.9,32,21,61.9,7,50.5\r\n"
    text += "A,2024-05-01,2024-05-01 20:30:00,breathing,77,4.7,90.9,32,21,99.9,7,60.5\r\n"
    reading = read(text, "EliteHRV.csv")
    assert reading.tables["wellness"][["hrv_rmssd", "hrv_sdnn", "rhr_day"]].to_numpy().tolist() == [[40.9, 61.9, 50.5]]
    assert (reading.facts["rows"], reading.facts["set_aside"]) == (2, 1)


# ---------------------------------------------------------------- Runkeeper, intervals.icu, Runalyze

RUNKEEPER = ["Date", "Activity Id", "Type", "Route Name", "Distance ({})", "Duration", "Average Pace"]
RUNKEEPER += ["Average Speed ({}/h)", "Calories Burned", "Climb ({})", "Average Heart Rate (bpm)", "Notes", "GPX File"]


def runkeeper(length: str, height: str, *rows: list[str]) -> str:
    units = iter((length, length, height))
    return table([label.format(next(units)) if "{}" in label else label for label in RUNKEEPER], *rows)


def test_runkeeper_says_its_units_in_the_headings():
    row = ["2024-05-01 18:03:10", "a-1", "Running", "", "6.21", "50:00", "8:03", "7.5", "700", "100", "150", "", "x"]
    run = read(runkeeper("mi", "ft", row), "cardioActivities.csv").tables["activities"].iloc[0]
    assert run["distance"] == pytest.approx(6.21 * 1609.344)
    assert (run["ascent"], run["duration"], run["heart_rate"]) == (pytest.approx(30.48), 3000, 150)
    row[4:10] = ["10.00", "50:00", "5:00", "12.0", "700", "100"]
    run = read(runkeeper("km", "m", row), "cardioActivities.csv").tables["activities"].iloc[0]
    assert (run["distance"], run["ascent"], run["file"]) == (10_000, 100, "x")


def test_intervals_icu_writes_strides_and_seconds():
    heading = ["id", "start_date_local", "name", "type", "moving_time", "distance", "average_cadence", "icu_rpe"]
    row = ["i101", "2024-05-01T18:03:10", "Easy", "Run", "3000", "10012.5", "84.5", "6"]
    reading = read(table(heading, row), "activities.csv")
    run = reading.tables["activities"].iloc[0]
    assert reading.format == "intervals_activities"
    assert (run["duration"], run["distance"], run["cadence"], run["rpe"]) == (3000, 10_012.5, 169, 6)
    assert run["start_local"] == pd.Timestamp("2024-05-01 18:03:10")
    assert noted(reading, "duration_from")[0]["value"] == "moving"


def test_a_diary_of_runalyze_keeps_its_notes_and_makes_no_value_of_them():
    heading = ["Datum", "Art", "Distanz in km", "Zeit HH:MM:SS", "HFavg", "HFmax", "Schuh", "Notiz"]
    text = table(heading, ["18.02.12", "LaD", "7,4", "00:55:30", "133", "147", "Blau", "Wade fühlte sich hart an"])
    reading = read(text.encode("latin-1"), "Runalyze.csv")
    run = reading.tables["activities"].iloc[0]
    assert (run["date"], run["distance"], run["duration"]) == (pd.Timestamp("2012-02-18"), 7400, 3330)
    assert (run["gear"], run["note"]) == ("Blau", "Wade fühlte sich hart an")
    assert "diary" not in reading.tables


# ---------------------------------------------------------------- Garmin's tables of days


def test_garmin_tables_of_days_are_read_where_the_days_are_whole():
    text = "Date,Overnight HRV,Baseline,7d Avg\n2025-11-11,42ms,35ms - 51ms,44ms\n"
    assert read(text, "HRV.csv").tables["wellness"]["hrv_rmssd"].tolist() == [42]
    text = "Date,Resting,High\n2025-11-11,55 bpm,160 bpm\n"
    assert read(text, "HR.csv").tables["wellness"]["rhr_day"].tolist() == [55]
    text = "Date,Avg,Rest,Low,Medium Stress,High Stress\n5/20/2025,32,4h 26min,5h 38min,1h 12min,14min\n"
    frame = read(text, "Stress.csv").tables["wellness"]
    assert (frame["date"].iloc[0], frame["stress"].iloc[0]) == (pd.Timestamp("2025-05-20"), 32)


def test_days_without_a_year_are_refused_unless_the_table_itself_shows_the_year():
    rows = ["Jan 2", "Jan 1", '"Dec 31, 2024"', '"Dec 30, 2024"']
    text = "Date,Resting,High\n" + "".join(f"{day},5{n} bpm,160 bpm\n" for n, day in enumerate(rows))
    reading = read(text, "HR.csv")
    assert reading.tables["wellness"]["date"].dt.strftime("%F").tolist() == [
        "2024-12-30", "2024-12-31", "2025-01-01", "2025-01-02",
    ]  # fmt: skip
    assert noted(reading, "year_from_order")[0]["count"] == 2
    with pytest.raises(UnreadableFile, match="no year"):
        read("Date,Overnight HRV,Baseline,7d Avg\nNov 11,42ms,35ms - 51ms,34ms\n", "HRV.csv")
    between = "Date,Resting,High\n" + "".join(f"{day},50 bpm,160 bpm\n" for day in ('"Jan 3, 2025"', "Jan 1", "Dec 30"))
    assert read(between, "HR.csv").tables["wellness"]["date"].dt.year.tolist() == [2024, 2025, 2025]
    far = "Date,Resting,High\nJul 2,50 bpm,160 bpm\n" + '"Dec 31, 2024",51 bpm,160 bpm\n"Dec 30, 2024",52 bpm,1 bpm\n'
    reading = read(far, "HR.csv")  # half a year away: before or after, nothing shows it
    assert len(reading.tables["wellness"]) == 2
    assert noted(reading, "date_unreadable")[0]["value"] == "Jul 2"


# ---------------------------------------------------------------- real exports


def rows_of(path: Path) -> list[dict[str, str]]:
    text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    found = csv.DictReader(io.StringIO(text), skipinitialspace=True)
    return [{key.strip(): value or "" for key, value in row.items() if key} for row in found]


def real(corpus: Path, pattern: str) -> Path:
    (path,) = corpus.glob(f"wellness/{pattern}")
    return path


def test_a_real_export_of_whoop(corpus):
    path = real(corpus, "whoop/*cycles.csv")
    rows = [row for row in rows_of(path) if row["Wake onset"]]
    frame = read(path.read_bytes(), path.name).tables["wellness"]
    assert len(frame) == len({row["Wake onset"][:10] for row in rows})
    asleep = sum(float(row["Asleep duration (min)"] or 0) for row in rows)
    assert frame["sleep"].sum() == pytest.approx(60 * asleep)
    assert frame["rhr_sleep"].mean() == pytest.approx(np.mean([float(r["Resting heart rate (bpm)"]) for r in rows]))


@pytest.mark.parametrize(
    ("pattern", "column", "day"),
    [
        ("hrv_apps/*2017_7_28*", "timestamp_measurement", lambda text: text[:10]),
        ("hrv_apps/*Android*", "date", lambda text: f"{text[:4]}-{text[8:]}-{text[5:7]}"),
        ("hrv_apps/*ElitHRV*", "Date", lambda text: text),
    ],
    ids=["ios", "android", "elite"],
)
def test_real_exports_of_morning_measurements(corpus, pattern: str, column: str, day: Callable[[str], str]):
    path = real(corpus, pattern)
    name = next(key for key in rows_of(path)[0] if key.lower() == "rmssd")
    expected: dict[str, float] = {}
    for row in rows_of(path):
        if float(row[name] or 0) > 0:
            expected.setdefault(day(row[column]), float(row[name]))
    reading = read(path.read_bytes(), path.name)
    frame = reading.tables["wellness"].dropna(subset=["hrv_rmssd"])
    found = dict(zip(frame["date"].dt.strftime("%F"), frame["hrv_rmssd"], strict=True))
    assert found == pytest.approx(expected)


def test_a_real_export_of_runkeeper_that_a_spreadsheet_saved(corpus):
    path = real(corpus, "runkeeper/*.csv")
    rows = rows_of(path)
    reading = read(path.read_bytes(), path.name)
    frame = reading.tables["activities"]
    assert len(frame) == len(rows)
    assert frame["distance"].sum() == pytest.approx(1000 * sum(float(row["Distance (km)"]) for row in rows))
    checked = 0
    for row, seconds in zip(rows, frame["duration"], strict=True):
        minutes, _, second = row["Average Pace"].partition(":")
        if second.isdigit():
            by_pace = float(row["Distance (km)"]) * (60 * int(minutes) + int(second))
            assert seconds == pytest.approx(by_pace, rel=0.02, abs=10), row["Duration"]
            checked += 1
    assert checked > 450
    starts = [datetime.strptime(row["Date"], "%m/%d/%Y %H:%M") for row in rows]
    assert frame["start_local"].tolist() == [pd.Timestamp(start) for start in starts]
    assert max(frame["duration"]) < timedelta(hours=12).total_seconds()


def test_second_by_second_tables_are_refused_with_what_would_be_right(corpus):
    for name in ("Epson", "Wahoo"):
        path = real(corpus, f"misc_csv/*{name}.csv")
        with pytest.raises(UnreadableFile, match=r"second by second.*TCX"):
            read(path.read_bytes(), path.name)
