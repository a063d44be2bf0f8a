"""How real exports differ from the ones that were at hand when the readers were made."""

from __future__ import annotations

import pandas as pd
import pytest

from csv_reading import noted, read, table


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
