"""Writes a synthetic runner as the archives of Google Health (new and old) and Samsung Health.

With their habits: millimetres and milliseconds, UTC with an offset beside it, local dates written as midnight in UTC,
a nap that is no night, 0 for what was not measured, and files of heart rates that are no resting heart rate.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from loadlens.simulation import TABLES, SimulatedRunner, parameters

Row = dict[Any, Any]
_SECOND = pd.Timedelta(seconds=1)


def write_csv(rows: Iterable[Row], *, above: str = "") -> bytes:
    """Return rows with the same members as a table, with lines `above` its headings."""
    rows = list(rows)
    out = io.StringIO()
    table = csv.DictWriter(out, list(rows[0]) if rows else ["timestamp"], lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return (above + out.getvalue()).encode()


def _json(content: Any) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()


def _z(moment: pd.Timestamp) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def find_offset(row: Row) -> pd.Timedelta:
    """Return by how much the local clock of an activity is ahead of UTC."""
    return pd.Timedelta(row["start_local"] - row["start_utc"].tz_localize(None))


def write_offset(offset: pd.Timedelta) -> str:
    """Return an offset from UTC as +02:00."""
    minutes = int(offset / pd.Timedelta(minutes=1))
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def write_whole(value: float, factor: float = 1.0, missing: str = "0") -> str:
    """Return a value times a factor as a whole number; what is missing as the export writes it."""
    return missing if pd.isna(value) else f"{value * factor:.0f}"


def list_nights(runner: SimulatedRunner) -> list[Row]:
    """Return the sleeps of a runner, a nap among them.

    Each has date (of waking), start and end (local), offset, and in seconds sleep, deep, light, rem, awake; score, rhr
    [bpm] and whether it is the main sleep of its date.
    """
    told = TABLES["platforms"]
    nights: list[Row] = []
    for day in runner.wellness[runner.wellness["sleep"].notna()].to_dict("records"):
        end = day["date"] + told["wake"] * _SECOND
        utc = end.tz_localize(runner.zone).tz_convert("UTC").tz_localize(None)
        deep, rem = (60 * round(day["sleep"] * share / 60) for share in told["stages"])
        night = {"date": day["date"], "end": end, "start": end - (day["sleep"] + told["awake"]) * _SECOND}
        night |= {"offset": end - utc, "sleep": day["sleep"], "deep": deep, "rem": rem, "awake": told["awake"]}
        night |= {"light": day["sleep"] - deep - rem, "score": day["sleep_score"], "rhr": day["rhr_day"], "main": True}
        nights.append(night)
    if nights:
        first = nights[0]
        begin = first["date"] + pd.Timedelta(hours=13)
        stages = {"deep": 0, "rem": 0, "light": told["nap"], "awake": 0, "sleep": told["nap"]}
        nap = {"start": begin, "end": begin + told["nap"] * _SECOND, "score": np.nan, "main": False}
        nights.insert(1, first | nap | stages)
    return nights


# ---------------------------------------------------------------- Google Health


def write_google(runner: SimulatedRunner) -> dict[str, bytes]:
    """Return the files of a Google Takeout of today, path to content."""
    source = {"data source": "Simulated band"}
    days = runner.wellness.to_dict("records")
    resting = [{"timestamp": _z(day["date"]), "beats per minute": day["rhr_day"]} | source for day in days]
    rmssd = "average heart rate variability milliseconds"
    variability = [{"timestamp": _z(day["date"]), rmssd: day["hrv_rmssd"]} | source for day in days]
    for row in resting + variability:  # what was not measured is 0
        row.update({name: 0.0 for name, value in row.items() if value != value})
    nights = list_nights(runner)
    exercises = [_google_exercise(row, place) for place, row in enumerate(runner.activities.to_dict("records"))]
    exercises.append(exercises[-1] | {"exercise_id": "1" * 18, "deletion_reason": "USER_DELETED"})
    first = runner.wellness["date"].iloc[0]
    grams = 1000 * parameters(runner.name)["mass"]
    weight = [{"timestamp": _z(day["date"] + 11 * 3600 * _SECOND), "weight grams": grams} for day in days[::7]]
    beats = [{"timestamp": _z(first + 7 * place * _SECOND), "beats per minute": 61.0 + place} for place in range(3)]
    minutes = [{"timestamp": _z(first + 60 * place * _SECOND), "steps": 12} | source for place in range(3)]
    root, fitness = "Takeout/Google Health/Physical Activity_GoogleData", "Health Fitness Data_GoogleData"
    return {
        f"{root}/daily_resting_heart_rate.csv": write_csv(resting),
        f"{root}/daily_heart_rate_variability.csv": write_csv(variability),
        f"{root}/weight.csv": write_csv(weight),
        f"{root}/heart_rate_{first:%Y-%m-%d}.csv": write_csv(beats),
        f"{root}/steps_{first:%Y-%m-01}.csv": write_csv(minutes),
        f"{root}/steps_readme.txt": b"Simulated.\n",
        f"Takeout/Google Health/{fitness}/UserExercises_{first:%Y-%m-%d}.csv": write_csv(exercises),
        f"Takeout/Google Health/{fitness}/UserSleeps_{first:%Y-%m-%d}.csv": write_csv(map(_google_sleep, nights)),
        f"Takeout/Google Health/{fitness}/UserSleepScores_{first:%Y-%m-%d}.csv": write_csv(map(_google_score, nights)),
        f"Takeout/Google Health/{fitness}/UserAppSettings.csv": b"setting,value\nunits,metric\n",
    }


def _google_exercise(row: Row, place: int) -> Row:
    start = row["start_utc"].tz_localize(None)
    return {
        "exercise_id": f"{300_000_000_000_000_000 + 7919 * place}",
        "exercise_start": _z(start),
        "exercise_end": _z(start + row["elapsed"] * _SECOND),
        "utc_offset": write_offset(find_offset(row)),
        "activity_name": TABLES["platforms"]["google"][row["sport"]],
        "log_type": "TRACKER",
        "pool_length_unit": "UNSPECIFIED",
        "tracker_total_calories": write_whole(row["calories"]),
        "tracker_total_steps": write_whole(row["steps"]),
        "tracker_total_distance_mm": write_whole(row["distance"], 1000),
        "tracker_total_altitude_mm": write_whole(row["ascent"], 1000),
        "tracker_avg_heart_rate": write_whole(row["heart_rate"]),
        "tracker_peak_heart_rate": write_whole(row["max_heart_rate"]),
        "tracker_avg_speed_mm_per_second": write_whole(row["speed"], 1000),
        "deletion_reason": "",
    }


def _google_sleep(night: Row) -> Row:
    return {
        "sleep_id": f"{500_000_000_000 + night['start'].value // 10**9}",
        "sleep_type": "STAGES" if night["main"] else "CLASSIC",
        "minutes_in_sleep_period": f"{(night['sleep'] + night['awake']) / 60:.0f}",
        "minutes_asleep": f"{night['sleep'] / 60:.0f}",
        "minutes_awake": f"{night['awake'] / 60:.0f}",
        "start_utc_offset": write_offset(night["offset"]),
        "sleep_start": _z(night["start"] - night["offset"]),
        "end_utc_offset": write_offset(night["offset"]),
        "sleep_end": _z(night["end"] - night["offset"]),
        "data_source": "DERIVED",
    }


def _google_score(night: Row) -> Row:
    """Give the score of a sleep; a nap has none, and parts of scores are -1."""
    return {
        "sleep_id": f"{500_000_000_000 + night['start'].value // 10**9}",
        "score_utc_offset": write_offset(night["offset"]),
        "score_time": _z(night["end"] - night["offset"]),
        "overall_score": f"{night['score']:.4f}" if night["main"] else "-1",
        "duration_score": "-1",
    }


def write_fitbit_old(runner: SimulatedRunner) -> dict[str, bytes]:
    """Return the JSON files of an older Takeout: a file for each month or so, times of the local clock."""
    root = "Takeout/Fitbit/Global Export Data"
    days = runner.wellness.to_dict("records")
    files: dict[str, bytes] = {}
    nights = list_nights(runner)
    for begin in range(0, len(nights), 31):
        rows = nights[begin : begin + 31]
        files[f"{root}/sleep-{rows[0]['date']:%Y-%m-%d}.json"] = _json([_old_sleep(row) for row in rows])
    resting = [
        {
            "dateTime": f"{day['date']:%m/%d/%y} 00:00:00",
            "value": {"date": f"{day['date']:%m/%d/%y}", "value": day["rhr_day"], "error": 6.79}
            if day["rhr_day"] > 0
            else {"date": None, "value": 0.0, "error": 0.0},
        }
        for day in days
    ]
    files[f"{root}/resting_heart_rate-{days[0]['date']:%Y-%m-%d}.json"] = _json(resting)
    exercises = [_old_exercise(row, place) for place, row in enumerate(runner.activities.to_dict("records"))]
    files[f"{root}/exercise-0.json"] = _json(exercises)
    steps = [{"dateTime": f"{days[0]['date']:%m/%d/%y} 07:00:00", "value": "12"}]
    files[f"{root}/steps-{days[0]['date']:%Y-%m-%d}.json"] = _json(steps)
    files[f"{root}/badge.json"] = _json([{"badgeType": "SIMULATED"}])
    return files


def _old_sleep(night: Row) -> Row:
    levels = {"deep": night["deep"], "light": night["light"], "rem": night["rem"], "wake": night["awake"]}
    summary = {name: {"minutes": seconds / 60} for name, seconds in levels.items()}
    return {
        "logId": 40_000_000_000 + night["start"].value // 10**9,
        "dateOfSleep": f"{night['date']:%Y-%m-%d}",
        "startTime": f"{night['start']:%Y-%m-%dT%H:%M:%S}.000",
        "endTime": f"{night['end']:%Y-%m-%dT%H:%M:%S}.000",
        "duration": 1000 * (night["sleep"] + night["awake"]),
        "minutesAsleep": night["sleep"] / 60,
        "minutesAwake": night["awake"] / 60,
        "levels": {"summary": summary},
        "mainSleep": night["main"],
    }


def _old_exercise(row: Row, place: int) -> Row:
    record = {
        "logId": 60_000_000_000 + 13 * place,
        "activityName": TABLES["platforms"]["google"][row["sport"]],
        "calories": row["calories"],
        "averageHeartRate": row["heart_rate"],
        "steps": row["steps"],
        "duration": 1000 * row["elapsed"],
        "activeDuration": 1000 * row["duration"],
        "startTime": f"{row['start_local']:%m/%d/%y %H:%M:%S}",
    }
    if row["distance"] > 0:
        unit, metres = ("Mile", 1609.344) if place % 5 == 0 else ("Kilometer", 1000.0)  # the unit of the account then
        record |= {"distance": row["distance"] / metres, "distanceUnit": unit}
    return {name: value for name, value in record.items() if value == value}


# ---------------------------------------------------------------- Samsung Health


def write_samsung(runner: SimulatedRunner) -> dict[str, bytes]:
    """Return the files of a Samsung Health download: a line above the headings, and names of tables in some of them."""
    stamp = f"{runner.wellness['date'].iloc[-1]:%Y%m%d}120000"
    root = f"samsunghealth_runner_{stamp}"
    nights = list_nights(runner)
    days = runner.wellness.to_dict("records")
    mass = parameters(runner.name)["mass"]
    tables: dict[str, list[Row]] = {
        "com.samsung.shealth.exercise": [_samsung_exercise(row) for row in runner.activities.to_dict("records")],
        "com.samsung.shealth.sleep": [_samsung_sleep(night) for night in nights if night["main"]],
        "com.samsung.health.sleep_stage": [row for night in nights for row in _samsung_stages(night)],
        "com.samsung.shealth.tracker.pedometer_day_summary": [
            {"day_time": f"{day['date'].value // 10**6}", "step_count": f"{day['steps'] * share:.0f}", "source": kind}
            for day in days
            for kind, share in (("phone", 0.4), ("all", 1.0))
        ],
        "com.samsung.health.weight": [
            {"start_time": f"{day['date']:%Y-%m-%d} 06:00:00.000", "weight": f"{mass:.1f}", "time_offset": "UTC+0100"}
            for day in days[::7]
        ],
        "com.samsung.shealth.tracker.heart_rate": [
            {"com.samsung.health.heart_rate.heart_rate": "61.0", "source": "1"},
        ],
    }
    files = {
        f"{root}/{name}.{stamp}.csv": write_csv([row | {"": ""} for row in rows], above=f"\ufeff{name},6320001,17\n")
        for name, rows in tables.items()
    }
    return files | {f"{root}/jsons/com.samsung.shealth.exercise/4/4f.live_data.json": _json([{"heart_rate": 61}])}


def _samsung_exercise(row: Row) -> Row:
    prefix = "com.samsung.health.exercise."
    cells = {
        "start_time": f"{row['start_utc']:%Y-%m-%d %H:%M:%S}.000",
        "time_offset": f"UTC{write_offset(find_offset(row)).replace(':', '')}",
        "exercise_type": TABLES["platforms"]["samsung"][row["sport"]],
        "duration": write_whole(row["duration"], 1000),
        "distance": f"{row['distance']:.2f}" if row["distance"] > 0 else "",
        "mean_heart_rate": write_whole(row["heart_rate"], missing=""),
        "max_heart_rate": write_whole(row["max_heart_rate"], missing=""),
        "mean_cadence": write_whole(row["cadence"], missing=""),
        "mean_speed": "" if pd.isna(row["speed"]) else f"{row['speed']:.4f}",
        "calorie": write_whole(row["calories"]),
        "datauuid": f"{row['activity']}-simulated",
    }
    return {"title": row["title"]} | {prefix + name: cell for name, cell in cells.items()}


def _samsung_sleep(night: Row) -> Row:
    prefix = "com.samsung.health.sleep."
    return {
        "sleep_score": write_whole(night["score"]),
        "efficiency": f"{100 * night['sleep'] / (night['sleep'] + night['awake']):.1f}",
        f"{prefix}start_time": f"{night['start'] - night['offset']:%Y-%m-%d %H:%M:%S}.000",
        f"{prefix}end_time": f"{night['end'] - night['offset']:%Y-%m-%d %H:%M:%S}.000",
        f"{prefix}time_offset": f"UTC{write_offset(night['offset']).replace(':', '')}",
        f"{prefix}datauuid": f"{night['start']:%Y%m%d%H%M}-simulated",
    }


def _samsung_stages(night: Row) -> list[Row]:
    begin = night["start"] - night["offset"]
    rows = []
    for code, name in (("40002", "light"), ("40003", "deep"), ("40004", "rem"), ("40001", "awake")):
        end = begin + night[name] * _SECOND
        if night[name] > 0:
            rows.append(
                {
                    "start_time": f"{begin:%Y-%m-%d %H:%M:%S}.000",
                    "sleep_id": f"{night['start']:%Y%m%d%H%M}-simulated",
                    "stage": code,
                    "time_offset": f"UTC{write_offset(night['offset']).replace(':', '')}",
                    "end_time": f"{end:%Y-%m-%d %H:%M:%S}.000",
                }
            )
        begin = end
    return rows


WRITERS = {
    "google_health": write_google,
    "fitbit_old": write_fitbit_old,
    "samsung_health": write_samsung,
}
"""Kind of export to the function that gives its files."""
