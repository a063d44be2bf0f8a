"""Writes a synthetic runner as tables of apps: Whoop, HRV4Training, EliteHRV, Runkeeper, intervals.icu, Garmin's days.

With their habits: a cycle that is still going on, days as YYYY-DD-MM with zeros where nothing was measured, units in
headings, readings that are no morning readings, strides instead of steps.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from loadlens.simulation import TABLES, SimulatedRunner

MILE, FOOT = 1609.344, 0.3048

Row = dict[str, str]


def _write(rows: list[Row], end: str = "\n") -> bytes:
    out = io.StringIO(newline="")
    table = csv.DictWriter(out, list(rows[0]), lineterminator=end)
    table.writeheader()
    table.writerows(rows)
    return out.getvalue().encode()


def _cell(value: Any, digits: int = 0) -> str:
    return "" if pd.isna(value) else f"{value:.{digits}f}"


def _offset(row: dict[Any, Any]) -> str:
    ahead = int((row["start_local"] - row["start_utc"].tz_localize(None)).total_seconds())
    sign = "-" if ahead < 0 else "+"
    return f"UTC{sign}{abs(ahead) // 3600:02d}:{abs(ahead) % 3600 // 60:02d}"


# ---------------------------------------------------------------- Whoop


def whoop_cycles_csv(runner: SimulatedRunner, lang: str = "en") -> bytes:
    """Return days and nights of Whoop, newest first; the first one is still going on."""
    labels = TABLES["apps"]["whoop_cycles"][lang]
    rows = [dict.fromkeys(labels, "") | {labels[0]: "2030-01-01 23:00:00"}]
    for day in runner.wellness[::-1].to_dict("records"):
        wake = day["date"] + pd.Timedelta(hours=7)
        asleep = day["sleep"] / 60
        onset = wake - pd.Timedelta(minutes=0 if np.isnan(asleep) else asleep + 20)
        cells = [f"{onset:%Y-%m-%d %H:%M:%S}", "UTC+01:00", f"{wake:%Y-%m-%d %H:%M:%S}", _cell(day["rhr_day"])]
        cells += [_cell(day["hrv_rmssd"]), _cell(asleep), "" if np.isnan(asleep) else "20", _cell(day["sleep_score"])]
        rows.append(dict(zip(labels, cells, strict=True)))
    return _write(rows)


def whoop_workouts_csv(runner: SimulatedRunner, lang: str = "en") -> bytes:
    """Return the activities of Whoop, newest first, with the offset of local time in a column of its own."""
    labels = TABLES["apps"]["whoop_workouts"][lang]
    rows = []
    for row in runner.activities[::-1].to_dict("records"):
        cells = [_offset(row), f"{row['start_local']:%Y-%m-%d %H:%M:%S}", _cell(row["duration"] / 60)]
        cells += [TABLES["apps"]["sports"][row["sport"]], _cell(row["calories"])]
        cells += [_cell(row["max_heart_rate"]), _cell(row["heart_rate"])]
        distance = _cell(row["distance"], 1) if row["distance"] > 0 else ""
        rows.append(dict(zip(labels, cells, strict=True)) | {"Distance (meters)": distance})
    return _write(rows)


# ---------------------------------------------------------------- morning measurements


def hrv4training_csv(runner: SimulatedRunner) -> bytes:
    """Return mornings as HRV4Training of Android writes them; one morning in nine was not measured."""
    rows = []
    for number, day in enumerate(runner.wellness.to_dict("records")):
        measured = number % 9 != 8 and day["hrv_rmssd"] > 0
        told = {"HR": day["rhr_day"], "AVNN": 60_000 / day["rhr_day"], "SDNN": 1.2 * day["hrv_rmssd"]}
        told |= {"rMSSD": day["hrv_rmssd"]}
        row = {"date": f"{day['date']:%Y-%d-%m}", " time": "07:00"}
        row |= {f" {name}": _cell(value, 3) if measured else "0.0" for name, value in told.items()}
        row |= {
            " trainingRPE": "3",
            " sleep_quality": "7" if measured else "",
            "muscle_soreness": "2" if measured else "",
        }
        rows.append(row | {"traveling": "not traveling", "sickness": "not sick", "note": ""})
    return _write(rows, end="\r")


def elite_hrv_csv(runner: SimulatedRunner) -> bytes:
    """Return readings of EliteHRV: one each morning, and now and then a breathing exercise in the evening."""
    rows = []
    for number, day in enumerate(runner.wellness.to_dict("records")):
        if not day["hrv_rmssd"] > 0:
            continue
        rmssd = day["hrv_rmssd"]
        row = {"Member": "Runner", "Date": f"{day['date']:%Y-%m-%d}", "Datetime": f"{day['date']:%Y-%m-%d} 06:30:00"}
        row |= {"Type": "readiness", "HRV": _cell(15.4 * np.log(rmssd)), "lnRmssd": _cell(np.log(rmssd), 4)}
        rows.append(row | {"Rmssd": _cell(rmssd, 2), "Sdnn": _cell(1.2 * rmssd, 2), "HR": _cell(day["rhr_day"], 2)})
        if number % 5 == 0:
            rows.append(
                rows[-1] | {"Type": "breathing", "Rmssd": "99.00", "Datetime": f"{day['date']:%Y-%m-%d} 21:00:00"}
            )
    return b"\xef\xbb\xbf" + _write(rows, end="\r\n")


# ---------------------------------------------------------------- lists


def runkeeper_csv(runner: SimulatedRunner, *, statute: bool) -> bytes:
    """Return the list of Runkeeper, newest first, in kilometres and metres or in miles and feet."""
    unit, length, height, high = (MILE, "mi", FOOT, "ft") if statute else (1000.0, "km", 1.0, "m")
    rows = []
    for number, row in enumerate(runner.activities[::-1].to_dict("records")):
        minutes, seconds = divmod(round(row["duration"]), 60)
        time = f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}" if minutes >= 60 else f"{minutes}:{seconds:02d}"
        moving = row["distance"] > 0
        pace = divmod(round(row["duration"] / (row["distance"] / unit)), 60) if moving else (0, 0)
        rows.append(
            {
                "Date": f"{row['start_local']:%Y-%m-%d %H:%M:%S}",
                "Activity Id": f"0000-{number:05d}",
                "Type": TABLES["apps"]["sports"][row["sport"]],
                "Route Name": "",
                f"Distance ({length})": _cell(row["distance"] / unit, 2),
                "Duration": time,
                "Average Pace": f"{pace[0]}:{pace[1]:02d}" if moving else "",
                f"Average Speed ({'mph' if statute else 'km/h'})": _cell(row["speed"] * 3600 / unit, 2),
                "Calories Burned": _cell(row["calories"]),
                f"Climb ({high})": _cell(row["ascent"] / height),
                "Average Heart Rate (bpm)": _cell(row["heart_rate"]),
                "Notes": "",
                "GPX File": "",
            }
        )
    return _write(rows)


def intervals_activities_csv(runner: SimulatedRunner) -> bytes:
    """Return the list of intervals.icu: SI units, local ISO times, strides of one foot."""
    rows = []
    for number, row in enumerate(runner.activities[::-1].to_dict("records")):
        rows.append(
            {
                "id": f"i{100_000 + number}",
                "start_date_local": f"{row['start_local']:%Y-%m-%dT%H:%M:%S}",
                "name": row["title"],
                "type": TABLES["strava"]["types"]["en"][row["sport"]],
                "moving_time": _cell(row["duration"]),
                "elapsed_time": _cell(row["elapsed"]),
                "distance": _cell(row["distance"], 2),
                "total_elevation_gain": _cell(row["ascent"], 1),
                "average_heartrate": _cell(row["heart_rate"]),
                "max_heartrate": _cell(row["max_heart_rate"]),
                "average_cadence": _cell(row["cadence"] / 2, 2),
                "icu_rpe": _cell(row["rpe"]),
                "icu_training_load": "50",
            }
        )
    return _write(rows)


# ---------------------------------------------------------------- Garmin's tables of days


def garmin_day_tables(runner: SimulatedRunner) -> dict[str, bytes]:
    """Return heart rate variability and heart rate per day as the website of Garmin Connect gives them."""
    variability, heart = [], []
    for day in runner.wellness[::-1].to_dict("records"):
        date = f"{day['date']:%b} {day['date'].day}, {day['date'].year}"
        known = day["hrv_rmssd"] > 0
        last = f"{day['hrv_rmssd']:.0f}ms" if known else "--"
        variability.append({"Date": date, "Overnight HRV": last, "Baseline": "35ms - 61ms", "7d Avg": "50ms"})
        rest = f"{day['rhr_day']:.0f} bpm" if day["rhr_day"] > 0 else "--"
        heart.append({"Date": date, "Resting": rest, "High": "151 bpm"})
    return {"HRV Status.csv": _write(variability), "Heart Rate.csv": _write(heart)}


APP_WRITERS: dict[str, Callable[[SimulatedRunner], dict[str, bytes]]] = {
    "whoop": lambda runner: {
        "whoop/physiological_cycles.csv": whoop_cycles_csv(runner),
        "whoop/workouts.csv": whoop_workouts_csv(runner),
    },
    "whoop_de": lambda runner: {
        "whoop/physiologische_zyklen.csv": whoop_cycles_csv(runner, "de"),
        "whoop/trainings.csv": whoop_workouts_csv(runner, "de"),
    },
    "hrv4training": lambda runner: {"MyMeasurements.csv": hrv4training_csv(runner)},
    "elite_hrv": lambda runner: {"EliteHRV.csv": elite_hrv_csv(runner)},
    "runkeeper": lambda runner: {"cardioActivities.csv": runkeeper_csv(runner, statute=False)},
    "runkeeper_miles": lambda runner: {"cardioActivities.csv": runkeeper_csv(runner, statute=True)},
    "intervals_activities": lambda runner: {"activities.csv": intervals_activities_csv(runner)},
    "garmin_days": garmin_day_tables,
}
"""Kind of export to the function that gives its files."""
