"""Writes synthetic runs as exports that have a file for each session: Polar Flow, Polar's account, Stryd.

With their habits: two tables in one CSV, a comma at the end of each line, local time without a zone, strides of one
foot, bare NaN in JSON, an altimeter that begins at 0, time in seconds since 1970.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from loadlens.simulation import TABLES, SimulatedRunner, parameters
from loadlens.simulators.simulated_tracks import sample_run

Row = dict[Any, Any]


def _clock(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600:02d}:{whole % 3600 // 60:02d}:{whole % 60:02d}"


def _number(value: float, digits: int = 0) -> str:
    return "" if value != value else f"{value:.{digits}f}"


def _since(row: Row, point: Row) -> float:
    return float((point["time"] - row["start_utc"]).total_seconds())


def polar_flow_csv(runner: SimulatedRunner, row: Row, *, miles: bool = False) -> bytes:
    """Return one run as Polar Flow exports it.

    Parameters
    ----------
    runner : SimulatedRunner
    row : dict
        One of its runs.
    miles : bool
        Whether the account has miles and feet.
    """
    unit, fast, height, metres, foot = (
        ("mi", "mph", "ft", 1609.344, 0.3048) if miles else ("km", "km/h", "m", 1000.0, 1.0)
    )
    whole = {
        "Name": "Simulated Runner",
        "Sport": "TREADMILL_RUNNING" if row["sub_sport"] == "treadmill" else "RUNNING",
        "Date": f"{row['start_local']:%d-%m-%Y}",
        "Start time": f"{row['start_local']:%H:%M:%S}",
        "Duration": _clock(row["duration"]),
        f"Total distance ({unit})": _number(row["distance"] / metres, 2),
        "Average heart rate (bpm)": _number(row["heart_rate"]),
        f"Average speed ({fast})": _number(row["speed"] * 3600 / metres, 1),
        f"Max speed ({fast})": _number(row["max_speed"] * 3600 / metres, 1),
        "Calories": _number(row["calories"]),
        "Average cadence (rpm)": _number(row["cadence"] / 2),
        f"Ascent ({height})": _number(row["ascent"] / foot),
        f"Descent ({height})": _number(row["descent"] / foot),
        "Notes": "",
        "HR max": "191",
    }
    labels = ["Sample rate", "Time", "HR (bpm)", f"Speed ({fast})", "Cadence", f"Altitude ({height})"]
    lines = [[*whole], [*whole.values()], [*labels, f"Distances ({height})", "Power (W)"]]
    for place, point in enumerate(sample_run(runner, row["activity"])):
        lines.append(
            [
                str(TABLES["tracks"]["step"]) if place == 0 else "",
                _clock(_since(row, point)),
                _number(point["heart_rate"]),
                _number(point["speed"] * 3600 / metres, 1),
                _number(point["cadence"] / 2),
                _number(point["altitude"] / foot),
                _number(point["distance"] / foot, 1),
                "",
            ]
        )
    return "".join(f"{','.join(cells)},\n" for cells in lines).encode()


def polar_session_json(runner: SimulatedRunner, row: Row, *, old: bool = False) -> bytes:
    """Return one run as a training session of Polar's account export, in the older or the newer layout."""
    offset = row["start_local"] - row["start_utc"].tz_localize(None)
    points = sample_run(runner, row["activity"])
    make = _polar_old if old else _polar_new
    content = make(row, points, offset, runner)
    return json.dumps(content, separators=(",", ":")).encode()  # writes NaN bare, as the export does


def _polar_old(row: Row, points: list[Row], offset: pd.Timedelta, runner: SimulatedRunner) -> Row:
    start = f"{row['start_local']:%Y-%m-%dT%H:%M:%S}.000"
    channels = {"heartRate": ("heart_rate", 1.0), "speed": ("speed", 3.6), "distance": ("distance", 1.0)}
    samples = {
        name: [
            {
                "dateTime": f"{(point['time'] + offset):%Y-%m-%dT%H:%M:%S}.000",
                "value": round(point[column] * factor, 2),
            }
            for point in points
            if point[column] == point[column]
        ]
        for name, (column, factor) in channels.items()
    }
    exercise = {
        "startTime": start,
        "timezoneOffset": int(offset.total_seconds() // 60),
        "duration": f"PT{row['duration']:.3f}S",
        "distance": row["distance"],
        "sport": "RUNNING",
        "samples": samples,
    }
    heart = {} if row["heart_rate"] != row["heart_rate"] else {"heartRate": {"avg": row["heart_rate"]}}
    summary = {
        "exportVersion": "1.6",
        "name": row["title"],
        "startTime": start,
        "deviceId": parameters(runner.name)["device"],
    }
    return summary | {"exercises": [exercise | heart]}


def _polar_new(row: Row, points: list[Row], offset: pd.Timedelta, runner: SimulatedRunner) -> Row:
    step = TABLES["tracks"]["step"]
    since = np.array([_since(row, point) for point in points])
    grid = np.arange(0.0, row["elapsed"], step)
    stops = runner.pauses.loc[runner.pauses["activity"] == row["activity"], ["start", "end"]].to_numpy()
    paused = np.zeros(len(grid), bool)
    for stop, again in stops:
        paused |= (grid > stop) & (grid < again)
    channels = []
    for kind, column, factor in (
        ("HEART_RATE", "heart_rate", 1.0),
        ("SPEED", "speed", 3.6),
        ("DISTANCE", "distance", 1.0),
        ("ALTITUDE", "altitude", 1.0),
        ("CADENCE", "cadence", 0.5),
    ):
        values = np.interp(grid, since, [point[column] for point in points]) * factor
        values[paused] = np.nan
        if kind == "ALTITUDE":
            values[:2] = 0.0
        channels.append({"type": kind, "intervalMillis": 1000 * step, "values": values.round(2).tolist()})
    start = f"{row['start_local']:%Y-%m-%dT%H:%M:%S}"
    begin = row["start_local"]
    pauses = [
        {
            "startTime": f"{begin + pd.Timedelta(seconds=stop):%Y-%m-%dT%H:%M:%S}",
            "endTime": f"{begin + pd.Timedelta(seconds=again):%Y-%m-%dT%H:%M:%S}",
        }
        for stop, again in stops.tolist()
    ]
    exercise = {
        "startTime": start,
        "durationMillis": int(1000 * row["duration"]),
        "distanceMeters": row["distance"],
        "timezoneOffsetMinutes": int(offset.total_seconds() // 60),
        "sport": {"id": "17" if row["sub_sport"] == "treadmill" else "1"},
        "samples": {"samples": channels},
        "pauseTimes": pauses,
    }
    if row["heart_rate"] == row["heart_rate"]:
        heart = {"type": "STATISTICS_TYPE_HEART_RATE", "avg": row["heart_rate"], "max": row["max_heart_rate"]}
        exercise["statistics"] = {"statistics": [heart]}
    return {
        "exportVersion": "2.6",
        "identifier": {"id": f"simulated-{row['activity']}"},
        "startTime": start,
        "name": row["title"],
        "product": {"modelName": parameters(runner.name)["device"]},
        "exercises": [exercise],
    }


def stryd_csv(runner: SimulatedRunner, row: Row) -> bytes:
    """Return one run as Stryd exports it; the power in W/kg is of no use without the mass."""
    labels = ["Timestamp", "Power (w/kg)", "Watch Speed (m/s)", "Stryd Speed (m/s)", "Watch Distance (meters)"]
    labels += ["Stryd Distance (meters)", "Cadence (spm)", "Heart Rate (bpm)", "Stryd Elevation (m)"]
    lines = [",".join(labels)]
    for point in sample_run(runner, row["activity"]):
        seconds = int(point["time"].timestamp())
        cells = [str(seconds), "3.1", "", _number(point["speed"], 2), "", _number(point["distance"], 1)]
        cells += [_number(point["cadence"]), _number(point["heart_rate"]), _number(point["altitude"], 1)]
        lines.append(",".join(cells))
    return ("\n".join(lines) + "\n").encode()


def _write(runner: SimulatedRunner, kind: str) -> dict[str, bytes]:
    runs = runner.activities[runner.activities["sport"] == "run"].to_dict("records")
    files: dict[str, bytes] = {}
    for row in runs:
        stamp = f"{row['start_local']:%Y-%m-%dT%H-%M-%S}"
        if kind == "stryd":
            files[f"stryd/{stamp}.csv"] = stryd_csv(runner, row)
        elif kind.startswith("polar_flow"):
            files[f"polar_flow/Simulated_Runner_{stamp}.CSV"] = polar_flow_csv(
                runner, row, miles=kind.endswith("miles")
            )
        else:
            name = f"training-session_{stamp}_simulated-{row['activity']}.json"
            folder = "polar-user-data-export_simulated"
            files[f"{folder}/{name}"] = polar_session_json(runner, row, old=kind.endswith("old"))
    if kind.startswith("polar_account"):
        files["polar-user-data-export_simulated/sleep_result_simulated.json"] = b"[]"
    return files


KINDS = ("polar_flow", "polar_flow_miles", "polar_account", "polar_account_old", "stryd")
WRITERS = {kind: (lambda runner, kind=kind: _write(runner, kind)) for kind in KINDS}
"""Kind of export to the function that gives its files."""
