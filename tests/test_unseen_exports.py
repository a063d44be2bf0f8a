"""How real exports differ from the ones that were at hand when the readers were made."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest

import loadlens as ll
from csv_reading import noted, read, source, table
from loadlens.formats import polar_flow
from loadlens.formats.source import Options


def days(text: str, name: str) -> pd.DataFrame:
    return read(text, name).tables["wellness"].set_index("date")


RUNKEEPER = ["Date", "Type", "Route Name", "Distance (mi)", "Duration", "Average Pace", "Average Speed (mph)"]
RUNKEEPER += ["Calories Burned", "Climb (ft)", "Average Heart Rate (bpm)", "Notes", "GPX File"]


def test_the_lists_of_runkeeper_had_no_id_at_first():
    row = ["2014-05-03 09:30:00", "Running", "", "2.00", "20:00", "10:00", "6.00", "200.0", "100", "150", "", "a.gpx"]
    run = read(table(RUNKEEPER, row), "cardioActivities.csv").tables["activities"].iloc[0]
    assert run["distance"] == pytest.approx(2 * 1609.344)
    assert run["ascent"] == pytest.approx(30.48)
    assert (run["duration"], run["heart_rate"], run["sport"]) == (1200, 150, "run")


def test_oura_exports_what_was_chosen_on_its_page_and_no_more():
    text = "date,Average HRV,Lowest Resting Heart Rate,Average Resting Heart Rate\n2026-01-01,61,42,47.5\n"
    assert days(text, "trends.csv").loc["2026-01-01"].to_dict() == {"hrv_rmssd": 61, "rhr_day": 42, "rhr_sleep": 47.5}


WHOOP = ["Cycle start time", "Cycle end time", "Cycle timezone", "Resting heart rate (bpm)"]
WHOOP += ["Heart rate variability (ms)", "Sleep onset", "Wake onset", "Asleep duration (min)", "REM duration (min)"]


@pytest.mark.parametrize(
    "tidied",
    [
        [label.lower().replace(" ", "_").replace("(", "").replace(")", "") for label in WHOOP],
        [label.title().replace(" ", "").replace("(", "").replace(")", "") for label in WHOOP],
        [label.replace(" ", "-") for label in WHOOP],
    ],
)
def test_headings_are_known_however_a_script_joined_their_words(tidied):
    night = ["2024-05-01 23:00:00", "", "UTC+02:00", "52", "61", "2024-05-01 23:00:00", "2024-05-02 07:00:00", 450, 90]
    found = days(table(tidied, night), "cycles.csv").loc["2024-05-02"]
    assert found.to_dict() == {"rhr_sleep": 52, "hrv_rmssd": 61, "sleep": 27_000, "sleep_rem": 5400}


def test_a_list_of_sessions_is_no_table_of_days_however_its_words_are_joined():
    for headings in ("date,steps,weight,average pace", "date,steps,weight,averagePace"):
        with pytest.raises(ValueError, match="no known export"):
            read(f"{headings}\n2024-05-01,5000,70,5:10\n", "sessions.csv")


def test_words_of_whoop_for_training_with_weights():
    head = ["Cycle start time", "Cycle timezone", "Workout start time", "Duration (min)", "Activity name"]
    rows = [
        ["", "UTC+01:00", f"2024-05-0{n} 18:00:00", 40, name] for n, name in enumerate(["Weightlifting", "Running"], 1)
    ]
    reading = read(table([*head, "Average HR (bpm)"], *([*row, 120] for row in rows)), "workouts.csv")
    assert reading.tables["activities"]["sport"].tolist() == ["strength", "run"]
    assert not noted(reading, "sport_unknown")


# ------------------------------------------------------------------ Fitbit's website

ACTIVITIES = ["Date", "Calories Burned", "Steps", "Distance", "Floors", "Minutes Sedentary", "Minutes Lightly Active"]
ACTIVITIES += ["Minutes Fairly Active", "Minutes Very Active", "Activity Calories"]
SLEEP = ["Start Time", "End Time", "Minutes Asleep", "Minutes Awake", "Number of Awakenings", "Time in Bed"]
SLEEP += ["Minutes REM Sleep", "Minutes Light Sleep", "Minutes Deep Sleep"]
NIGHTS = [
    ["2024-05-02 2:00PM", "2024-05-02 2:50PM", "45", "5", "1", "50", "N/A", "N/A", "N/A"],
    ["2024-05-01 11:00PM", "2024-05-02 7:00AM", "430", "50", "30", "480", "90", "250", "90"],
]


def fitbit(first: str, second: str) -> str:
    return table(
        ["Body"],
        ["Date", "Weight", "BMI", "Fat"],
        *([f"{first}", "154", "22", "0"] for _ in range(30)),
        [],
        ["Foods"],
        ["Date", "Calories In"],
        [first, "70"],
        [],
        ["Activities"],
        ACTIVITIES,
        [first, "2,400", "12,345", "8.7", "3", "700", "200", "20", "40", "1,100"],
        [second, "2,200", "999", "0.7", "3", "700", "200", "20", "40", "900"],
        [],
        ["Sleep"],
        SLEEP,
        *NIGHTS,
        [],
        ["Food Log 20240501"],
        ["Daily Totals"],
        ["", "Calories", "1,500"],
    )


@pytest.mark.parametrize("dates", [("2024-05-01", "2024-05-02"), ("01-05-2024", "13-05-2024")])
def test_tables_under_each_other_are_read_each_under_its_own_headings(dates):
    reading = read(fitbit(*dates), "fitbit_export_20240501.csv")
    found = reading.tables["wellness"].set_index("date")
    assert found["steps"].dropna().tolist() == [12_345, 999]
    assert "mass" not in found, "its unit is that of the account, and calories are no weights"
    night = found.loc["2024-05-02"]
    assert (night["sleep"], night["sleep_rem"], night["sleep_awake"]) == (25_800, 5400, 3000), "not the nap"
    assert noted(reading, "longest_of_date")[0]["count"] == 1
    assert [(one["value"], one["count"]) for one in noted(reading, "table_not_used")] == [
        ("Body", 30),
        ("Foods", 1),
        ("Food Log 20240501", 1),
    ]
    assert (reading.facts["rows"], reading.facts["used"]) == (36, 4)


def test_a_single_table_of_fitbit_stands_alone():
    found = days(table(["Sleep"], SLEEP, *NIGHTS), "fitbit_export.csv")
    assert found["sleep"].tolist() == [25_800]


# ------------------------------------------------------------------ tables people keep themselves

SHEET = "datum;rusthartslag;gewicht\n{};48;70,5\n{};49;70,1\n"


@pytest.mark.parametrize(
    "written", [("wo 1-5-2024", "ma 13-5-2024"), ("45413", "45425"), ("wo. 1 mei 2024", "13 mei '24")]
)
def test_a_day_may_bear_its_weekday_or_the_number_a_spreadsheet_gives_it(written):
    found = read(SHEET.format(*written), "gewicht.csv").tables["wellness"]
    assert found["date"].iloc[0] == pd.Timestamp("2024-05-01")
    if "'" not in written[1]:
        assert found["date"].iloc[1] == pd.Timestamp("2024-05-13")


@pytest.mark.parametrize("never", ["2099-12-31", "1970-01-01", "31-12-2099", "31 dec 2099", "0000-00-00", "9999-12-31"])
def test_a_day_of_another_age_is_a_slip_and_does_not_stretch_the_log(never):
    reading = read(f"date,resting hr\n2024-05-01,50\n{never},51\n2024-05-03,52\n", "days.csv")
    assert reading.tables["wellness"]["rhr_day"].tolist() == [50, 52]
    assert [entry["value"] for entry in noted(reading, "date_unreadable")] == [never]


def test_five_figures_are_no_day_where_other_cells_are_dates():
    reading = read(SHEET.format("45413", "13-5-2024"), "gewicht.csv")
    assert [entry["value"] for entry in noted(reading, "date_unreadable")] == ["45413"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("date,resting hr,sleep\n,52,7\n,53,8\n", "days.csv"),
        ("date,kind,value\n,pain,3\n,pain,4\n", "diary.csv"),
        (table(RUNKEEPER, *[["", "Running", "", "2", "20:00", "10:00", "6", "1", "1", "150", "", ""]] * 2), "runs.csv"),
    ],
)
def test_rows_are_set_aside_where_not_one_has_a_date(text, name):
    reading = read(text, name)
    assert (reading.facts["rows"], reading.facts["set_aside"]) == (2, 2)
    assert len(noted(reading, "date_unreadable")) == 2
    assert all(part.empty for part in reading.tables.values())


@pytest.mark.parametrize("heading", ["date,kind,value", "date,resting hr,sleep", ",".join(RUNKEEPER)])
def test_a_heading_without_rows_says_so(heading, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(heading + "\n")
    with pytest.raises(ll.UnreadableFile, match="no row that could be used"):
        ll.read(path, cache=False)


def test_units_are_known_in_headings_that_programs_write():
    text = "date,sleepHours,restingHeartRate,weightKg\n2026-01-01,7.5,61,70\n"
    assert days(text, "app.csv").loc["2026-01-01"].to_dict() == {"sleep": 27_000, "rhr_day": 61, "mass": 70}
    assert days("date,SleepMinutes,Steps\n2026-01-01,450,9000\n", "app.csv")["sleep"].tolist() == [27_000]


def entries(text: str) -> list[tuple[object, ...]]:
    diary = read(text, "dagboek.csv").tables["diary"]
    return list(diary[["kind", "value"]].itertuples(index=False, name=None))


def test_a_heading_may_state_its_scale():
    text = "datum;spierpijn (0-10);slaapkwaliteit (1-10);vermoeidheid 1-5\n1-5-2024;5;10;2\n13-5-2024;10;1;3\n"
    assert entries(text) == [
        ("soreness", 3),
        ("fatigue", 2),
        ("sleep_quality", 5),
        ("soreness", 5),
        ("fatigue", 3),
        ("sleep_quality", 1),
    ]


def test_a_column_on_another_scale_than_the_diarys_is_not_read_as_if_on_it():
    text = "date,stress,resting hr\n2024-05-01,2,50\n2024-05-02,7,50\n2024-05-03,8,50\n"
    reading = read(text, "days.csv")
    assert "diary" not in reading.tables
    assert noted(reading, "diary_scale_unclear")[0]["count"] == 3
    borg = read("date,rpe,resting hr\n2024-05-01,9,50\n2024-05-02,13,50\n2024-05-03,17,50\n", "days.csv")
    assert "diary" not in borg.tables
    slip = read(text.replace(",8,", ",3,"), "days.csv")
    assert slip.tables["diary"]["value"].tolist() == [2, 3], "a single value beyond the scale is a slip of the pen"


@pytest.mark.parametrize("mark", [",", ";"])
def test_a_word_for_a_number_counts_whatever_the_decimal_mark(mark):
    sheet = table(["datum", "rusthartslag", "ziek"], ["1-5-2024", 50, "ja"], ["13-5-2024", 51, "nee"], mark=mark)
    assert entries(sheet) == [("illness", 1), ("illness", 0)]
    diary = table(["datum", "soort", "waarde"], ["1-5-2024", "ziek", "ja"], ["13-5-2024", "pijn", 3], mark=mark)
    assert entries(diary) == [("illness", 1), ("pain", 3)]


def test_columns_of_pain_somewhere_keep_the_place():
    text = "datum;pijn knie;kuitpijn links (0-10);pain (back);rusthartslag\n1-5-2024;2;0;;50\n13-5-2024;;3;1;51\n"
    reading = read(text, "dagboek.csv")
    diary = reading.tables["diary"]
    assert set(diary["kind"]) == {"pain"}
    found = sorted(diary[["site", "side", "value"]].fillna("–").itertuples(index=False, name=None))
    assert found == [("back", "–", 1), ("knie", "–", 2), ("kuit", "left", 0), ("kuit", "left", 3)]
    assert not noted(reading, "columns_not_used")


def test_numbers_beyond_all_measure_are_set_aside_and_overflow_nothing():
    absurd = ["1e308", "-1e400", "9" * 400, "1e-320", "-0"]
    rows = [["2024-05-03 09:30:00", "Running", "", n, "20:00", n, n, n, n, n, "", "a.gpx"] for n in absurd]
    reading = read(table(RUNKEEPER, *rows), "cardioActivities.csv")
    assert reading.facts["used"] == 5
    assert not reading.tables["activities"]["distance"].gt(0).any()
    assert {entry["value"] for entry in noted(reading, "cell_unreadable")} >= {"1e308", "-1e400"}


# ------------------------------------------------------------------ the same file in another guise

DAYS = "date,resting hr,sleep\n2024-05-01,50,7.5\n2024-05-02,51,8\n"
STEPS = "date,value\n2024-05-01,9000\n2024-05-02,8000\n"
WEIGHT = 'Date,"Weight (kg)","Fat mass (kg)"\n2024-05-01 07:00:00,70.5,\n2024-05-02 07:00:00,70.1,\n'


@pytest.mark.parametrize("before", ["\n" * 40, ",,,\n" * 40, "\r\n  \r\n"])
def test_a_screenful_of_empty_lines_hides_no_heading(before):
    assert days(before + DAYS, "days.csv")["rhr_day"].tolist() == [50, 51]


@pytest.mark.parametrize("name", ["days.txt", "days.csv.txt", "Days (2).TXT"])
def test_a_table_saved_as_text_is_read_and_an_explanation_beside_it_is_not(name, tmp_path):
    (tmp_path / name).write_text(DAYS)
    (tmp_path / "readme.txt").write_text("What the columns mean, in words.\n")
    log = ll.read(tmp_path, cache=False)
    assert log.wellness["rhr_day"].tolist() == [50, 51]
    assert sorted(log.sources["status"]) == ["ignored", "read"]


@pytest.mark.parametrize(
    "name", ["weight (3).csv", "weight 2.csv", "weight - Copy.csv", "weight.csv.gz", "WEIGHT (1).CSV"]
)
def test_a_part_of_an_account_is_known_by_its_name_though_it_was_copied_or_packed(name, tmp_path):
    write(tmp_path / name, WEIGHT)
    assert ll.read(tmp_path / name, cache=False).wellness["mass"].tolist() == [70.5, 70.1]


@pytest.mark.parametrize("mark", [";", "\t"])
def test_a_part_of_an_account_that_a_spreadsheet_saved_again(mark, tmp_path):
    text = WEIGHT.replace(",", mark).replace("70.5", "70,5").replace("70.1", "70,1")
    write(tmp_path / "weight.csv", text)
    assert ll.read(tmp_path / "weight.csv", cache=False).wellness["mass"].tolist() == [70.5, 70.1]


def write(path: Path, text: str) -> None:
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_session_of_polar_flow_that_a_spreadsheet_saved_again(mark):
    point = "." if mark == "," else ","
    head = ["Name", "Sport", "Date", "Start time", "Duration", "Total distance (km)", "Max heart rate (bpm)"]
    whole = ["A", "RUNNING", "01-05-2024", "18:00:00", "00:20:00", f"4{point}25", "181"]
    samples = [["1", f"00:00:0{second}", "150"] for second in range(5)]
    text = table(head, whole, ["Sample rate", "Time", "HR (bpm)"], *samples, mark=mark)
    offered = source("\n" * 20 + text, "session.csv")
    assert polar_flow.sniff(offered.head, offered.name)
    run = polar_flow.parse(offered, Options()).tables["activities"].iloc[0]
    assert run["distance"] == pytest.approx(4250)
    assert (run["duration"], run["max_heart_rate"]) == (1200, 181)
