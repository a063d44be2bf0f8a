"""Writes a synthetic runner as plain tables of platforms: TrainingPeaks, Oura and MapMyRun.

With their habits: plans and days off among the workouts, hours as decimals, one quantity a row, a heading that stands
there twice, days without a time of day, months in words.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from loadlens.simulated_platforms import list_nights, write_csv
from loadlens.simulation import TABLES, SimulatedRunner

Row = dict[Any, Any]
MILE = 1609.344


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


WRITERS = {
    "trainingpeaks": lambda runner: {
        "trainingpeaks/workouts.csv": trainingpeaks_workouts_csv(runner),
        "trainingpeaks/metrics.csv": trainingpeaks_metrics_csv(runner),
    },
    "oura": lambda runner: {"oura/oura_trends.csv": oura_csv(runner)},
    "mapmyrun": lambda runner: {"mapmyrun/user_workout_history.csv": mapmyrun_csv(runner)},
}
"""Kind of export to the function that gives its files."""
