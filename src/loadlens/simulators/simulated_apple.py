"""Writes a synthetic runner as the export of Apple Health: export.xml of workouts and records, routes beside it.

With its habits: the document type that iOS 16 broke, totals of old workouts as attributes and of new ones as
statistics, every time on the clock of the phone at home, the same run once more from an app, and days that watch and
phone both measured.
"""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import quoteattr
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from loadlens.simulation import TABLES, SimulatedRunner, parameters
from loadlens.simulators.simulated_accounts import zipped
from loadlens.simulators.simulated_tracks import track_route

Row = dict[Any, Any]
_FOLDER = "apple_health_export"


def write_apple(runner: SimulatedRunner, *, units: str = "metric", routes: int = 1) -> dict[str, bytes]:
    """Return the export as the Health app gives it: one zip.

    Parameters
    ----------
    runner : SimulatedRunner
    units : {"metric", "statute"}
        Kilometres, kilograms and degrees Celsius, or miles, pounds and degrees Fahrenheit.
    routes : int
        So many of the last runs have a route.

    Returns
    -------
    dict of str to bytes
        ``export.zip``; in it export.xml, its clinical copy, an electrocardiogram and the routes.
    """
    runs = runner.activities.loc[runner.activities["sport"] == "run", "activity"]
    routed = {key: f"workout-routes/route_{number:04d}.gpx" for number, key in enumerate(runs.iloc[-routes:])}
    content = apple_xml(runner, units=units, routes=routed if routes else {})
    members = {
        f"{_FOLDER}/export.xml": content.encode(),
        f"{_FOLDER}/export_cda.xml": TABLES["apple"]["clinical"].encode(),
        f"{_FOLDER}/electrocardiograms/ecg_2024-01-05.csv": TABLES["apple"]["electrocardiogram"].encode(),
    }
    members |= {f"{_FOLDER}/{path}": track_route(runner, key) for key, path in routed.items() if routes}
    return {"export.zip": zipped(members)}


def apple_xml(runner: SimulatedRunner, *, units: str = "metric", routes: dict[str, str] | None = None) -> str:
    """Return export.xml.

    Parameters
    ----------
    runner : SimulatedRunner
    units : {"metric", "statute"}
    routes : dict of str to str, optional
        Id of a run -> path of its route.
    """
    told = TABLES["apple"]
    lines = [told["head"].strip().format(date=_stamp(runner.wellness["date"].iloc[-1], runner))]
    for row in runner.wellness.to_dict("records"):
        lines += _heart(row, runner) + _sleep(row, runner) + _steps(row, runner)
    lines += _masses(runner, units)
    for number, row in enumerate(runner.activities.to_dict("records")):
        lines += _workout(row, number, runner, units, (routes or {}).get(row["activity"]))
    return "\n".join([*lines, "</HealthData>", ""])


def _stamp(moment: pd.Timestamp, runner: SimulatedRunner) -> str:
    """Write an instant, or a wall time at home, on the clock of the phone at home."""
    home = ZoneInfo(runner.zone)
    zoned = moment.tz_localize(home) if moment.tzinfo is None else moment.tz_convert(home)
    return f"{zoned:%Y-%m-%d %H:%M:%S %z}"


def _record(kind: str, who: str, begin: str, end: str, value: object, unit: str | None = None) -> str:
    told = TABLES["apple"]
    device = f" device={quoteattr(told['devices'][who])}" if who in told["devices"] else ""
    measure = f' unit="{unit}"' if unit else ""
    source = f'sourceName={quoteattr(told["sources"][who])} sourceVersion="10.4"{device}'
    dates = f'creationDate="{end}" startDate="{begin}" endDate="{end}"'
    return f' <Record type="{told["kinds"][kind]}" {source}{measure} {dates} value="{value}"/>'


def _heart(row: Row, runner: SimulatedRunner) -> list[str]:
    """Give the resting heart rate, once as it was before noon, heart rate variability of both kinds, and a beat."""
    date, lines = row["date"], []
    begin, noon, evening = (_stamp(date + pd.Timedelta(hours=hour), runner) for hour in (0, 11, 22))
    if row["rhr_day"] > 0:
        lines += [_record("rhr", "watch", begin, noon, int(row["rhr_day"]) + 2, "count/min")]
        lines += [_record("rhr", "watch", begin, evening, int(row["rhr_day"]), "count/min")]
    if row["hrv_rmssd"] > 0:
        for hour, shift in ((3, -4), (5, 4)):
            at = _stamp(date + pd.Timedelta(hours=hour), runner)
            lines += [_record("rmssd", "watch", at, at, row["hrv_rmssd"] + shift, "ms")]
            lines += [_record("sdnn", "watch", at, at, 1.5 * row["hrv_rmssd"] + shift, "ms")]
    return [*lines, _record("beat", "watch", noon, noon, 71, "count/min")]


def _sleep(row: Row, runner: SimulatedRunner) -> list[str]:
    """Give the night as the watch has it, by stages of which one stands there twice, and as phone and app have it."""
    if not row["sleep"] > 0:
        return []
    told = TABLES["apple"]
    up = row["date"] + pd.Timedelta(hours=7)
    deep, rem = (60 * round(row["sleep"] * share / 60) for share in told["stages"])
    parts = [("core", row["sleep"] - deep - rem), ("deep", deep), ("awake", told["awake"]), ("rem", rem)]
    bed = up - pd.Timedelta(seconds=row["sleep"] + told["awake"])
    lines, at = [], bed
    for stage, seconds in parts:
        until = at + pd.Timedelta(seconds=seconds)
        lines.append(_night(stage, "watch", at, until, runner))
        at = until
    lines.append(_night("core", "watch", bed + pd.Timedelta(minutes=5), bed + pd.Timedelta(minutes=35), runner))
    lines.append(_night("in_bed", "phone", bed - pd.Timedelta(minutes=25), up + pd.Timedelta(minutes=10), runner))
    lines.append(_night("asleep", "app", bed - pd.Timedelta(minutes=15), up, runner))
    return lines


def _night(stage: str, who: str, begin: pd.Timestamp, end: pd.Timestamp, runner: SimulatedRunner) -> str:
    value = TABLES["apple"]["sleep"][stage]
    line = _record("sleep", who, _stamp(begin, runner), _stamp(end, runner), value)
    return f'{line[:-2]}>\n  <MetadataEntry key="HKTimeZone" value="{runner.zone}"/>\n </Record>'


def _steps(row: Row, runner: SimulatedRunner) -> list[str]:
    """Give the steps of the watch in four pieces, and those that the phone in a pocket counted of the same."""
    lines = []
    if not row["steps"] > 0:
        return []
    edges = np.round(np.linspace(0, row["steps"], 5))
    for place, hour in enumerate((8, 12, 16, 20)):
        begin = _stamp(row["date"] + pd.Timedelta(hours=hour), runner)
        end = _stamp(row["date"] + pd.Timedelta(hours=hour + 1), runner)
        count = int(edges[place + 1] - edges[place])
        lines.append(_record("steps", "watch", begin, end, count, "count"))
        lines.append(_record("steps", "phone", begin, end, int(0.6 * count), "count"))
    return lines


def _masses(runner: SimulatedRunner, units: str) -> list[str]:
    """Give a weighing on every seventh morning."""
    kilograms = float(parameters(runner.name)["mass"])
    value, unit = (kilograms / 0.45359237, "lb") if units == "statute" else (kilograms, "kg")
    mornings = [_stamp(date + pd.Timedelta(hours=7, minutes=15), runner) for date in runner.wellness["date"][::7]]
    return [_record("mass", "scale", at, at, round(value, 4), unit) for at in mornings]


def _workout(row: Row, number: int, runner: SimulatedRunner, units: str, route: str | None) -> list[str]:
    """Give one workout; every fourth run stands there again from an app, every third has its exertion beside it."""
    told, run = TABLES["apple"], row["sport"] == "run"
    begin = row["start_utc"]
    start, end = (_stamp(moment, runner) for moment in (begin, begin + pd.Timedelta(seconds=row["elapsed"])))
    length, unit = (1609.344, "mi") if units == "statute" else (1000.0, "km")
    kind = f"HKWorkoutActivityType{told['types'][row['sport']]}"
    old = number < told["attributes_only"]
    totals = (
        f' totalDistance="{row["distance"] / length:.6f}" totalDistanceUnit="{unit}"' if row["distance"] > 0 else ""
    )
    energy = f' totalEnergyBurned="{row["calories"]:.0f}" totalEnergyBurnedUnit="kcal"'
    head = f' <Workout workoutActivityType="{kind}" duration="{row["duration"] / 60:.9f}" durationUnit="min"'
    device = f'sourceName={quoteattr(told["sources"]["watch"])} sourceVersion="10.4"'
    dates = f'creationDate="{end}" startDate="{start}" endDate="{end}"'
    lines = [f"{head}{totals + energy if old else ''} {device} {dates}>"]
    lines += [f"  {line}" for line in _metadata(row, runner, units)] + _pauses(row, runner)
    lines += [
        f'  <WorkoutStatistics {line} startDate="{start}" endDate="{end}"/>' for line in _statistics(row, units, old)
    ]
    if route:
        lines += [f'  <WorkoutRoute {device}>\n   <FileReference path="/{route}"/>\n  </WorkoutRoute>']
    lines += [" </Workout>"]
    if run and number % 4 == 0:
        again = f'creationDate="{end}" startDate="{_stamp(begin + pd.Timedelta(seconds=8), runner)}" endDate="{end}"'
        lines += [f'{head}{totals} sourceName="{told["sources"]["copy"]}" {again}/>']
    if run and number % 3 == 0:
        lines += [_record("effort", "watch", start, end, row["rpe"], "appleEffortScore")]
    return lines


def _metadata(row: Row, runner: SimulatedRunner, units: str) -> list[str]:
    warm = "59 degF" if units == "statute" else "15 degC"
    entries = {"HKIndoorWorkout": "1" if row["sub_sport"] == "treadmill" else "0", "HKTimeZone": _zone(row, runner)}
    if row["sport"] == "run" and row["sub_sport"] != "treadmill":
        entries |= {"HKWeatherTemperature": warm, "HKElevationAscended": f"{row['ascent'] * 100:.0f} cm"}
    return [f'<MetadataEntry key="{key}" value="{value}"/>' for key, value in entries.items()]


def _zone(row: Row, runner: SimulatedRunner) -> str:
    """Return the zone in which an activity began: home, or where the runner was abroad."""
    zones: list[str] = [runner.zone, *(trip["zone"] for trip in parameters(runner.name)["abroad"])]
    return next(one for one in zones if row["start_utc"].tz_convert(one).tz_localize(None) == row["start_local"])


def _pauses(row: Row, runner: SimulatedRunner) -> list[str]:
    """Give each pause by hand and once more as the watch noticed it."""
    lines = []
    for pause in runner.pauses[runner.pauses["activity"] == row["activity"]].to_dict("records"):
        for kind, seconds in (("Pause", pause["start"]), ("Resume", pause["end"])):
            date = _stamp(row["start_utc"] + pd.Timedelta(seconds=seconds), runner)
            lines.append(f'  <WorkoutEvent type="HKWorkoutEventType{kind}" date="{date}"/>')
            motion = {"Pause": "MotionPaused", "Resume": "MotionResumed"}[kind]
            lines.append(f'  <WorkoutEvent type="HKWorkoutEventType{motion}" date="{date}"/>')
    return lines


def _statistics(row: Row, units: str, old: bool) -> list[str]:
    """Give what newer exports tell of a workout; of old ones the heart rate alone."""
    length, unit = (1609.344, "mi") if units == "statute" else (1000.0, "km")
    speed, per = (0.44704, "mi/hr") if units == "statute" else (1 / 3.6, "km/hr")
    lines = [("HeartRate", f'average="{row["heart_rate"]}" maximum="{row["max_heart_rate"]}" unit="count/min"')]
    if not old:
        way = TABLES["apple"]["ways"].get(row["sport"])
        if way and row["distance"] > 0:
            lines.append((way, f'sum="{row["distance"] / length:.6f}" unit="{unit}"'))
        lines.append(("ActiveEnergyBurned", f'sum="{row["calories"]}" unit="Cal"'))
    if row["sport"] == "run" and not old:
        lines += [
            ("StepCount", f'sum="{row["steps"]:.0f}" unit="count"'),
            ("RunningSpeed", f'average="{row["speed"] / speed}" maximum="{row["max_speed"] / speed}" unit="{per}"'),
            ("RunningStrideLength", f'average="{row["step_length"]}" unit="m"'),
            ("RunningVerticalOscillation", f'average="{row["vertical_oscillation"] / 10}" unit="cm"'),
            ("RunningGroundContactTime", f'average="{row["ground_contact"]}" unit="ms"'),
            ("RunningPower", f'average="{row["power"]}" unit="W"'),
        ]
    return [f'type="HKQuantityTypeIdentifier{kind}" {values}' for kind, values in lines if '"nan"' not in values]
