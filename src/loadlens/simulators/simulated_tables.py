"""Writes a synthetic runner as plain tables of platforms: TrainingPeaks, Oura, MapMyRun, Withings and Zepp.

With their habits: plans and days off among the workouts, hours as decimals, one quantity a row, a heading that stands
there twice, days without a time of day, months in words, JSON in a cell, -1 for what was not measured.
"""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from loadlens.simulation import TABLES, SimulatedRunner, parameters
from loadlens.simulators.simulated_platforms import find_offset, list_nights, write_csv, write_offset, write_whole

Row = dict[Any, Any]
MILE = 1609.344
SECOND = pd.Timedelta(seconds=1)


def _cell(value: float, digits: int = 0) -> str:
    return "" if pd.isna(value) else f"{value:.{digits}f}"


def trainingpeaks_workouts_csv(runner: SimulatedRunner) -> bytes:
    """Return the workouts of TrainingPeaks; after each week stand a day off and a workout that was only planned."""
    rows: list[Row] = []
    for row in runner.activities.to_dict("records"):
        rows.append(
            {
                "Title": row["title"],
                "WorkoutType": TABLES["platforms"]["trainingpeaks"][row["sport"]],
                "PlannedDuration": "",
                "PlannedDistanceInMeters": "",
                "WorkoutDay": f"{row['date']:%Y-%m-%d}",
                "DistanceInMeters": _cell(row["distance"], 3) if row["distance"] > 0 else "",
                "CadenceAverage": _cell(row["cadence"] / 2, 1),
                "VelocityAverage": _cell(row["speed"], 3),
                "HeartRateAverage": _cell(row["heart_rate"]),
                "HeartRateMax": _cell(row["max_heart_rate"]),
                "TimeTotalInHours": _cell(row["duration"] / 3600, 8),
                "AthleteComments": "",
                "Rpe": _cell(row["rpe"]),
            }
        )
        if row["date"].isoweekday() == 7:
            empty = dict.fromkeys(rows[-1], "") | {"WorkoutDay": f"{row['date']:%Y-%m-%d}"}
            rows.append(empty | {"Title": "Rest", "WorkoutType": "Day Off"})
            rows.append(empty | {"Title": "Easy", "WorkoutType": "Run", "PlannedDistanceInMeters": "8000"})
    return write_csv(rows)


def trainingpeaks_metrics_csv(runner: SimulatedRunner) -> bytes:
    """Return the daily values of TrainingPeaks, one quantity a row."""
    names = {"Pulse": ("rhr_day", 1.0), "HRV": ("hrv_rmssd", 1.0), "Sleep Hours": ("sleep", 3600.0)}
    rows: list[Row] = []
    for day in runner.wellness.to_dict("records"):
        stamp = f"{day['date']:%Y-%m-%d} 00:00:00"
        for name, (column, divisor) in names.items():
            if day[column] > 0:
                rows.append({"Timestamp": stamp, "Type": name, "Value": f"{day[column] / divisor:.6g}"})
        rows.append({"Timestamp": stamp, "Type": "Stress Level", "Value": "Min : 1 / Max : 90 / Avg : 30"})
    return write_csv(rows)


def oura_csv(runner: SimulatedRunner) -> bytes:
    """Return the days of Oura; of a night without the ring only the date stands there."""
    nights = {night["date"]: night for night in list_nights(runner) if night["main"]}
    labels = ["date", "Sleep Score", "Total Sleep Time", "Awake Time", "REM Sleep Time", "Light Sleep Time"]
    labels += ["Deep Sleep Time", "Sleep Timing", "Sleep Timing", "Average Resting Heart Rate"]
    labels += ["Lowest Resting Heart Rate", "Average HRV", "Steps", "Readiness Score"]
    lines = [",".join(labels)]
    for day in runner.wellness.to_dict("records"):
        night = nights.get(day["date"])
        cells = [""] * (len(labels) - 3)
        if night:
            cells = [
                _cell(night["score"]),
                *(_cell(night[name]) for name in ("sleep", "awake", "rem", "light", "deep")),
            ]
            cells += ["13170", "", _cell(day["rhr_day"] + 4.3, 2), _cell(day["rhr_day"]), _cell(day["hrv_rmssd"])]
        lines.append(",".join([f"{day['date']:%Y-%m-%d}", *cells, _cell(day["steps"]), ""]))
    return ("\n".join(lines) + "\n").encode()


def mapmyrun_csv(runner: SimulatedRunner) -> bytes:
    """Return the workouts of MapMyRun in miles, newest first."""
    rows = []
    for row in runner.activities[::-1].to_dict("records"):
        day = f"{row['start_local']:%b. %d, %Y}"
        pace = row["duration"] / 60 / (row["distance"] / MILE) if row["distance"] > 0 else float("nan")
        rows.append(
            {
                "Date Submitted": day,
                "Workout Date": day,
                "Activity Type": TABLES["platforms"]["mapmyrun"][row["sport"]],
                "Calories Burned (kCal)": _cell(row["calories"]),
                "Distance (mi)": _cell(row["distance"] / MILE, 6),
                "Workout Time (seconds)": _cell(row["duration"]),
                "Avg Pace (min/mi)": _cell(pace, 4),
                "Avg Speed (mi/h)": _cell(row["speed"] / 0.44704, 5),
                "Avg Heart Rate": _cell(row["heart_rate"]),
                "Steps": _cell(row["steps"]),
                "Notes": row["gear"] or "",
                "Source": "Simulated",
            }
        )
    return write_csv(rows)


# ---------------------------------------------------------------- Withings and Zepp


def write_withings(runner: SimulatedRunner) -> dict[str, bytes]:
    """Return the files of a Withings download of a German account: half of the headings are translated."""
    days = runner.wellness.to_dict("records")
    mass = parameters(runner.name)["mass"]
    weight = [{"Date": f"{day['date']:%Y-%m-%d} 07:10:00", "Gewicht (kg)": f"{mass:.2f}"} for day in days[::7]]
    steps = [{"date": f"{day['date']:%Y-%m-%d}", "value": f"{day['steps']:.0f}"} for day in days]
    beats = {"start": f"{days[0]['date']:%Y-%m-%dT07:00:00}+01:00", "duration": "[60,60]", "value": "[61,64]"}
    return {
        "withings/activities.csv": write_csv(map(_withings_activity, runner.activities.to_dict("records"))),
        "withings/sleep.csv": write_csv(map(_withings_sleep, list_nights(runner))),
        "withings/weight.csv": write_csv(weight),
        "withings/aggregates_steps.csv": write_csv(steps),
        "withings/raw_tracker_hr.csv": write_csv([beats]),
    }


def _withings_activity(row: Row) -> Row:
    sums = {"calories": row["calories"], "hr_average": row["heart_rate"], "hr_max": row["max_heart_rate"]}
    sums |= {"steps": row["steps"], "distance": row["distance"], "elevation": row["ascent"]}
    end = row["start_local"] + row["elapsed"] * SECOND
    zone = write_offset(find_offset(row))
    return {
        "von": f"{row['start_local']:%Y-%m-%dT%H:%M:%S}{zone}",
        "bis": f"{end:%Y-%m-%dT%H:%M:%S}{zone}",
        "from (manual)": "",
        "Timezone": "simulated",
        "Activity type": TABLES["platforms"]["withings"][row["sport"]],
        "Data": json.dumps({name: value for name, value in sums.items() if value == value}),
        "GPS": "",
    }


def _withings_sleep(night: Row) -> Row:
    zone = write_offset(night["offset"])
    return {
        "von": f"{night['start']:%Y-%m-%dT%H:%M:%S}{zone}",
        "bis": f"{night['end']:%Y-%m-%dT%H:%M:%S}{zone}",
        "leicht (s)": f"{night['light']:.0f}",
        "tief (s)": f"{night['deep']:.0f}",
        "rem (s)": f"{night['rem']:.0f}",
        "wach (s)": f"{night['awake']:.0f}",
        "Average heart rate": write_whole(night["rhr"] + 4),
    }


def write_zepp(runner: SimulatedRunner) -> dict[str, bytes]:
    """Return the files of a Zepp export: UTC that names no place, -1 and null for what was not measured."""
    sport = [
        {
            "type": TABLES["platforms"]["zepp"][row["sport"]],
            "startTime": f"{row['start_utc']:%Y-%m-%d %H:%M:%S}+0000",
            "sportTime(s)": write_whole(row["duration"]),
            "maxPace(/meter)": "-1.0",
            "distance(m)": f"{row['distance']:.1f}",
            "calories(kcal)": write_whole(row["calories"]),
        }
        for row in runner.activities.to_dict("records")
    ]
    sleep = [
        {
            "date": f"{night['date']:%Y-%m-%d}",
            "deepSleepTime": f"{night['deep'] / 60:.0f}",
            "shallowSleepTime": f"{night['light'] / 60:.0f}",
            "wakeTime": f"{night['awake'] / 60:.0f}",
            "start": f"{night['start'] - night['offset']:%Y-%m-%d %H:%M:%S}+0000",
            "stop": f"{night['end'] - night['offset']:%Y-%m-%d %H:%M:%S}+0000",
            "REMTime": f"{night['rem'] / 60:.0f}",
            "naps": "null",
        }
        for night in list_nights(runner)
        if night["main"]
    ]
    days = runner.wellness.to_dict("records")
    steps = [
        {"date": f"{day['date']:%Y-%m-%d}", "steps": write_whole(day["steps"]), "distance": "0", "runDistance": "0"}
        for day in days
    ]
    beats = [{"date": f"{days[0]['date']:%Y-%m-%d}", "time": "07:13", "heartRate": "61"}]
    return {
        "zepp/SPORT/SPORT_1.csv": write_csv(sport),
        "zepp/SLEEP/SLEEP_1.csv": write_csv(sleep),
        "zepp/ACTIVITY/ACTIVITY_1.csv": write_csv(steps),
        "zepp/HEARTRATE_AUTO/HEARTRATE_AUTO_1.csv": write_csv(beats),
    }


WRITERS = {
    "trainingpeaks": lambda runner: {
        "trainingpeaks/workouts.csv": trainingpeaks_workouts_csv(runner),
        "trainingpeaks/metrics.csv": trainingpeaks_metrics_csv(runner),
    },
    "withings": write_withings,
    "zepp": write_zepp,
    "oura": lambda runner: {"oura/oura_trends.csv": oura_csv(runner)},
    "mapmyrun": lambda runner: {"mapmyrun/user_workout_history.csv": mapmyrun_csv(runner)},
}
"""Kind of export to the function that gives its files."""
