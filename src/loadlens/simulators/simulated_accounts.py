"""Writes a synthetic runner as the account export of Garmin: JSON files in folders, recordings in a zip within.

With its habits: cm and ms, chunks that overlap, days before there was a watch, records of a day in several versions,
nights without stages, shoes by number, and files that hold nothing of running.
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import numpy as np
import pandas as pd

from loadlens.simulation import TABLES, SimulatedRunner, parameters
from loadlens.simulators.simulated_fit import activity_fit

Record = dict[Any, Any]
_EPOCH = pd.Timestamp("1970-01-01")


def zipped(members: dict[str, bytes]) -> bytes:
    """Return a zip with these members: same members, same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2025, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def write_account(runner: SimulatedRunner) -> dict[str, bytes]:
    """Return the files of a Garmin account export: path to content.

    Parameters
    ----------
    runner : SimulatedRunner

    Returns
    -------
    dict of str to bytes
        Activities in two files of which the second repeats the end of the first, days and nights in chunks that
        overlap by a day, and the recordings of all runs in a zip.
    """
    person, told = f"{parameters(runner.name)['serial']}", TABLES["garmin_account"]
    activities = [_activity(row, number) for number, row in enumerate(runner.activities.to_dict("records"))]
    half = len(activities) // 2
    files: dict[str, Any] = {
        f"Fitness/{told['owner']}_0_summarizedActivities": _listed(activities[:half]),
        f"Fitness/{told['owner']}_1001_summarizedActivities": _listed(activities[max(half - 3, 0) :]),
        f"Fitness/{told['owner']}_gear": [_gear(runner, activities)],
        f"Wellness/{person}_userBioMetrics": _masses(runner),
        f"Wellness/{person}_heartRateZones": [{"sport": "DEFAULT", "maxHeartRateUsed": 188}],
        f"Metrics/MetricsAcuteTrainingLoad_20240101_20240410_{person}": [{"dailyTrainingLoadAcute": 412}],
        "Aggregator/UDSFile_2005-09-27_2006-01-05": _placeholders(),
    }
    step = told["chunk_days"]
    for begin in range(0, len(runner.wellness), step):
        days = runner.wellness.iloc[max(begin - 1, 0) : begin + step]
        span = f"{days['date'].iloc[0]:%Y-%m-%d}_{days['date'].iloc[-1]:%Y-%m-%d}"
        rows = days.to_dict("records")
        files[f"Aggregator/UDSFile_{span}"] = _days(rows)
        files[f"Wellness/{span}_{person}_sleepData"] = [_night(row) for row in rows]
        files[f"Wellness/{span}_{person}_healthStatusData"] = [_health(row) for row in rows]
    parts = {
        f"DI_CONNECT/DI-Connect-{name}.json": json.dumps(content, separators=(",", ":")).encode()
        for name, content in files.items()
    }
    runs = runner.activities.loc[runner.activities["sport"] == "run", "activity"]
    recordings = {
        f"{told['owner']}_{90_000_000 + 13 * place}.fit": activity_fit(runner, run) for place, run in enumerate(runs)
    }
    parts["DI_CONNECT/DI-Connect-Uploaded-Files/UploadedFiles_0-_Part1.zip"] = zipped(recordings)
    parts["customer_data/customer.json"] = b'{"simulated": true}'
    return parts


def _known(record: Record) -> Record:
    """Leave out what the watch did not record: the export has no empty members."""
    return {name: value for name, value in record.items() if not (isinstance(value, float) and np.isnan(value))}


def _listed(activities: list[Record]) -> list[Record]:
    return [{"summarizedActivitiesExport": activities}]


def _number(place: int) -> int:
    return 10_400_000_000 + 6007 * place


def _milliseconds(time: pd.Timestamp) -> float:
    return float((time - _EPOCH) / pd.Timedelta(milliseconds=1))


def _activity(row: Record, place: int) -> Record:
    """Give one activity; the oldest know of one foot only, and every third says how hard it was."""
    told = TABLES["garmin_account"]
    run = row["sport"] == "run"
    sport = row["sub_sport"] if row["sub_sport"] in told["types"] else row["sport"]
    steps = {"avgDoubleCadence": row["cadence"], "maxDoubleCadence": row["max_cadence"]}
    if place < told["one_foot"]:
        steps = {"avgRunCadence": row["cadence"] / 2, "maxRunCadence": row["max_cadence"] / 2}
    record = {
        "activityId": _number(place),
        "name": row["title"],
        "activityType": told["types"][sport],
        "startTimeGmt": _milliseconds(row["start_utc"].tz_localize(None)),
        "startTimeLocal": _milliseconds(row["start_local"]),
        "distance": row["distance"] * 100,
        "duration": row["duration"] * 1000,
        "movingDuration": row["moving"] * 1000,
        "elapsedDuration": row["elapsed"] * 1000,
        "avgSpeed": row["distance"] / row["duration"] / 10,
        "maxSpeed": row["max_speed"] / 10,
        "avgHr": row["heart_rate"],
        "maxHr": row["max_heart_rate"],
        "avgStrideLength": row["step_length"] * 100 if run else np.nan,
        "avgVerticalOscillation": row["vertical_oscillation"] / 10,
        "avgGroundContactTime": row["ground_contact"],
        "avgPower": row["power"],
        "elevationGain": row["ascent"] * 100,
        "elevationLoss": row["descent"] * 100,
        "calories": row["calories"] * 4.184,
        "steps": row["steps"],
        "workoutRpe": row["rpe"] * 10 if place % 3 == 0 else np.nan,
        "splits": [{"type": 17, "measurements": [{"fieldEnum": "SUM_DISTANCE", "value": row["distance"] * 100}]}],
    }
    return _known(record | (steps if run else {}))


def _gear(runner: SimulatedRunner, activities: list[Record]) -> Record:
    """Give every pair a number and a limit, name a bicycle too, and list the activities of each pair."""
    keys = {name: 44_000_000 + 17 * place for place, name in enumerate(runner.shoes["gear"])}
    begins = dict(zip(runner.shoes["gear"], runner.shoes["first_date"], strict=True))
    shoes = [
        {
            "gearPk": key,
            "gearTypeName": "Shoes",
            "customMakeModel": name,
            "dateBegin": f"{begins[name]:%Y-%m-%d}",
            "maximumMeters": parameters(runner.name)["shoe_limit"],
        }
        for name, key in keys.items()
    ]
    worn: dict[str, list[Record]] = {}
    for name, activity in zip(runner.activities["gear"], activities, strict=True):
        if isinstance(name, str):
            pair = {"gearPk": keys[name], "activityId": activity["activityId"]}
            worn.setdefault(str(keys[name]), []).append(pair)
    bicycle = {"gearPk": 43_000_000, "gearTypeName": "Bike", "customMakeModel": "Simulus Bike"}
    return {"gearDTOS": [*shoes, bicycle], "gearActivityDTOs": worn}


def _placeholders() -> list[Record]:
    """Give the days long before the watch that every account has."""
    return [{"calendarDate": f"2006-01-0{day}", "version": 13, "durationInMilliseconds": 0} for day in (1, 2)]


def _days(rows: list[Record]) -> list[Record]:
    """Give the days; the first of a chunk stands there again as it was before noon."""
    days = [
        _known(
            {
                "calendarDate": f"{row['date']:%Y-%m-%d}",
                "version": 86_340_003,
                "includesWellnessData": True,
                "totalSteps": row["steps"],
                "currentDayRestingHeartRate": row["rhr_day"],
                "restingHeartRate": row["rhr_7d"],
                "allDayStress": {"aggregatorList": [_stress(row, "TOTAL", 0), _stress(row, "ASLEEP", -9)]},
            }
        )
        for row in rows
    ]
    return [*days, days[0] | {"version": 41_000_001, "totalSteps": days[0]["totalSteps"] // 2}]


def _stress(row: Record, kind: str, shift: int) -> Record:
    """Give the stress of the day, -1 on days without a resting heart rate."""
    level = int(row["rhr_day"]) - 20 + shift if row["rhr_day"] > 0 else -1
    return {"type": kind, "averageStressLevel": level}


def _night(row: Record) -> Record:
    night = {"calendarDate": f"{row['date']:%Y-%m-%d}", "sleepWindowConfirmationType": "UNCONFIRMED"}
    if np.isnan(row["sleep"]):
        return night
    deep, rem = (60 * round(row["sleep"] * share / 60) for share in TABLES["garmin_account"]["stages"])
    stages = {"deepSleepSeconds": deep, "lightSleepSeconds": int(row["sleep"]) - deep - rem, "remSleepSeconds": rem}
    scores = {"sleepScores": {"overallScore": int(row["sleep_score"])}}
    return (
        night | {"sleepWindowConfirmationType": "ENHANCED_CONFIRMED_FINAL", "awakeSleepSeconds": 900} | stages | scores
    )


def _health(row: Record) -> Record:
    """Give the night's values; where nothing was measured they are 0, or absent."""
    variability = {"type": "HRV", "value": 0.0, "status": "UNKNOWN"}
    if row["hrv_rmssd"] > 0:
        variability |= {"value": row["hrv_rmssd"], "status": "IN_RANGE"}
    heart = {"type": "HR", "status": "UNKNOWN"} | ({"value": row["rhr_day"] + 4} if row["rhr_day"] > 0 else {})
    return {"calendarDate": f"{row['date']:%Y-%m-%d}", "metrics": [variability, heart]}


def _masses(runner: SimulatedRunner) -> list[Record]:
    """Give a weighing on every seventh day, and records of other things between them."""
    grams = 1000.0 * parameters(runner.name)["mass"]
    records = []
    for place, date in enumerate(runner.wellness["date"]):
        day = {"metaData": {"calendarDate": f"{date:%Y-%m-%d}T00:00:00.0"}, "version": place}
        if place % 7 == 0:
            records.append(day | {"weight": {"weight": grams, "sourceType": "INDEX_SCALE"}})
        elif place % 7 == 3:
            records.append(day | {"vo2MaxRunning": 48.0})
    return records
