"""The export of Apple Health: workouts, and one row per date of what watch, phone and scale measured.

``export.xml`` may have any name, lie in its zip or in the unpacked folder, and be longer than memory. The routes beside
it are GPX files that the reader of those takes; each workout names its own (`activities.file`).
"""

from __future__ import annotations

import re
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loadlens.formats.apple_days import read_quantity, read_sleep
from loadlens.formats.apple_records import Elements, Records
from loadlens.formats.apple_stream import apple_rules, convert, stream_elements
from loadlens.formats.apple_workouts import NEAR, Workout, find_starts, merge_apps, read_workout
from loadlens.formats.markup import strip_head
from loadlens.formats.source import Options, Reading, Source, UnreadableFile

if TYPE_CHECKING:
    Row = dict[str, Any]

STREAMS = True

_HEALTH = re.compile(rb"<(?:HealthData[\s>]|!DOCTYPE\s+HealthData\b)")
_CLINICAL = re.compile(rb"<ClinicalDocument[\s>]")
_NOT_DATA = ("ExportDate", "Me")


def sniff(head: bytes, name: str) -> bool:  # noqa: ARG001 the file may have any name
    """Say whether a file has the root of an Apple Health export, or of the clinical copy beside it; never raises."""
    text = strip_head(head)
    return _HEALTH.search(text) is not None or _CLINICAL.search(text) is not None


def parse(source: Source, options: Options) -> Reading:  # noqa: ARG001 every time has an offset
    """Read an Apple Health export.

    Parameters
    ----------
    source : Source
        Read as a stream.
    options : Options
        Not used: Apple writes an offset with every time, and the zone with most workouts.

    Returns
    -------
    Reading
        Tables activities and wellness. ``facts["rows"]`` counts records, workouts and all else that stands directly
        in the file; each kind that is not used has a row in the ledger. A file cut short is read as far as it goes.
        The clinical copy (``export_cda.xml``) has the status ``ignored``.

    Raises
    ------
    UnreadableFile
        It declares entities, nests too deeply, or holds more than any export does.
    """
    if _HEALTH.search(strip_head(source.head)) is None:
        facts: Row = {"rows": 0, "used": 0, "set_aside": 0, "status": "ignored", "message": "apple_part_not_used"}
        return Reading(apple_rules()["format"], facts=facts)
    reading = Reading(apple_rules()["format"])
    elements = Elements(source.name)
    rows: list[Row] = []
    problems = _stream(source, elements, rows, reading)
    activities, workouts = _finish_activities(rows, elements.records, reading)
    days, records = _read_days(elements.records, reading)
    for kind, count in elements.unused.most_common():
        reading.note("records_not_used", "set_aside", value=kind, count=count)
    if len(activities):
        reading.tables["activities"] = activities
    if len(days):
        reading.tables["wellness"] = days
    used = workouts + records
    reading.facts |= {"rows": elements.rows, "used": used, "set_aside": elements.rows - used}
    reading.facts["status"] = "damaged" if problems else "read" if used else "empty"
    if not used and not problems:
        reading.facts["message"] = "apple_empty"
    return reading


def _stream(source: Source, elements: Elements, rows: list[Row], reading: Reading) -> list[str]:
    """Let the file stream by: records into `elements`, workouts into `rows`; return what was wrong."""
    takers, most = elements.takers, apple_rules()
    workout: Workout | None = None
    record: Records | None = None
    workouts = 0

    def drop_workout() -> None:
        nonlocal workout
        if workout is not None:
            reading.note("workout_cut_off", "set_aside", row=elements.rows)
        workout = None

    def opened(depth: int, name: str, attributes: dict[str, str]) -> None:
        nonlocal workout, record, workouts
        if depth == 1:  # once more after damage
            drop_workout()
        elif depth == 2:
            if name == "Record":
                kind = attributes.get("type", "")
                take = takers.get(kind)
                elements.rows += 1
                if take is None:
                    record = None
                    elements.pass_over(kind[:100])
                else:
                    take(attributes)
                    record = elements.records[kind]
            elif name == "Workout":
                elements.rows += 1
                workouts += 1
                workout = Workout(attributes)
            elif name not in _NOT_DATA:
                elements.rows += 1
                elements.pass_over(name[:100])
            if workouts > most["workouts_at_most"] or elements.rows > most["rows_at_most"]:
                raise UnreadableFile("apple_too_many", where=source.name, count=elements.rows)
        elif workout is not None:
            workout.add(depth, name, attributes)
        elif record is not None and name == "MetadataEntry" and attributes.get("key") == most["workout"]["zone"]:
            record.place(attributes.get("value", ""))

    def closed(depth: int) -> None:
        nonlocal workout, record
        if depth == 2:
            record = None
            if workout is not None:
                row = read_workout(workout, elements.rows, reading)
                workout = None
                if row is not None:
                    rows.append(row)

    problems = stream_elements(source, opened, closed)
    drop_workout()
    if problems:
        reading.note("xml_passed_over", "noted", value=problems[0], count=len(problems))
    _join_entries(reading)
    return problems


def _join_entries(reading: Reading) -> None:
    """Make one ledger entry of all that say the same of no row in particular."""
    joined: dict[tuple[object, ...], Row] = {}
    for entry in reading.ledger:
        key = tuple(value for name, value in entry.items() if name != "count")
        if key in joined:
            joined[key]["count"] += entry["count"]
        else:
            joined[key] = dict(entry)
    reading.ledger[:] = joined.values()


def _finish_activities(rows: list[Row], records: dict[str, Records], reading: Reading) -> tuple[pd.DataFrame, int]:
    """Return the activities with the exertion their owner gave, each once, and how many rows of the file they took."""
    if not rows:
        return pd.DataFrame(), _give_efforts(pd.DataFrame(), records, reading)
    table = pd.DataFrame(rows)
    if table["cadence"].notna().any():
        reading.note("cadence_from_steps", "converted", column="cadence", count=int(table["cadence"].notna().sum()))
    used = _give_efforts(table, records, reading) + len(rows)
    table = merge_apps(table, reading)
    written = int((table["time_zone_from"] == "file").sum())
    if written:
        reading.note("clock_of_phone", "noted", column="start_local", count=written)
    return table, used


def _give_efforts(table: pd.DataFrame, records: dict[str, Records], reading: Reading) -> int:
    """Give each workout the exertion noted for it, in place; return how many were given."""
    kind = next(name for name, rule in apple_rules()["records"].items() if rule["column"] == "rpe")
    noted, unit = records[kind].table(), apple_rules()["records"][kind]["unit"]
    if noted.empty:
        return 0
    factors = np.array([convert("1", name, unit) for name in records[kind].units.texts])
    values = noted["value"].to_numpy() * factors[noted["unit"]]
    place = _find_workouts(table, noted) if len(table) else np.full(len(noted), -1)
    place[~(values > 0)] = -1
    if (place >= 0).any():
        table["rpe"] = np.nan
        table.loc[place[place >= 0], "rpe"] = values[place >= 0]
    lost = int((place < 0).sum())
    if lost:
        reading.note("effort_without_workout", "set_aside", column="rpe", count=lost)
    return len(noted) - lost


def _find_workouts(table: pd.DataFrame, noted: pd.DataFrame) -> np.ndarray:
    """Return of each note the row of the workout it lies in, of several the one that begins with it; -1 for none."""
    begin = find_starts(table)
    end = begin + table["elapsed"].fillna(table["duration"]).fillna(0.0).to_numpy(float)
    order = np.argsort(begin, kind="stable")
    middle = ((noted["start"] + noted["end"]) / 2).to_numpy()
    last = np.searchsorted(begin[order], middle, side="right") - 1
    place, least = np.full(len(noted), -1), np.full(len(noted), np.inf)
    for back in range(min(NEAR, len(table))):
        row = order[np.maximum(last - back, 0)]
        apart = np.abs(noted["start"].to_numpy() - begin[row])
        better = (last - back >= 0) & (middle <= end[row]) & (apart < least)
        place[better], least[better] = row[better], apart[better]
    return place


def _read_days(records: dict[str, Records], reading: Reading) -> tuple[pd.DataFrame, int]:
    """Return one row for each date, and how many records the values come from."""
    parts, used = [], 0
    for kind, one in records.items():
        rule = apple_rules()["records"][kind]
        if not one.count or rule["column"] == "rpe":
            continue
        days, count = (read_quantity if "day" in rule else read_sleep)(one, reading)
        parts.append(days)
        used += count
    if not parts:
        return pd.DataFrame(), 0
    return reduce(lambda left, right: left.merge(right, on="date", how="outer"), parts).sort_values("date"), used
