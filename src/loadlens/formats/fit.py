"""FIT files -> tables of a running log: sessions, laps, minutes of foot sports, and the days of wellness files.

Activity files follow the public FIT profile and were checked on real files of many makers. Damaged files are read as
far as they go, and the ledger says where they stop.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loadlens.formats import recordings
from loadlens.formats.fit_messages import decode
from loadlens.formats.fit_sessions import (
    assign_sessions,
    count_rows,
    divide_parts,
    find_sessions,
    find_timer_stops,
    fit_rules,
    gather_records,
    read_column,
    read_label,
    read_number,
    read_offset,
    read_times,
)
from loadlens.formats.fit_wellness import read_wellness
from loadlens.formats.local_time import to_local
from loadlens.formats.source import Options, Reading, Source, UnreadableFile

if TYPE_CHECKING:
    from loadlens.formats.fit_sessions import Part, Table

    _Tables = dict[str, list[Any]]  # activities and wellness as rows, laps and minutes as frames

SHORTEST_RUN = 60.0  # s; a longer one that got nowhere was not measured
_LAP = ("distance", "duration", "speed", "heart_rate", "max_heart_rate", "cadence", "ascent", "descent")


def sniff(head: bytes, name: str) -> bool:
    """Say whether a file begins like a FIT file, or has the name of one and the bytes of no other kind we know."""
    if b".FIT" in head[:4096] and not head.startswith(b"PK\x03\x04"):
        return True
    named = re.search(r"\.fit(\.gz)?$", name, re.IGNORECASE) is not None
    other = head.startswith((b"PK\x03\x04", b"\x1f\x8b")) or b"<gpx" in head or b"<TrainingCenterDatabase" in head
    return named and not other


def parse(source: Source, options: Options) -> Reading:
    """Read a FIT file, damaged or not, of any kind.

    Parameters
    ----------
    source : Source
        The file.
    options : Options
        `tz` counts where the file does not say what local time is.

    Returns
    -------
    Reading
        Tables activities, laps, minutes and wellness, as far as the file has them. ``facts["rows"]`` counts sessions
        and days of wellness.

    Raises
    ------
    UnreadableFile
        Not one message can be read.
    """
    messages = decode(source.read())
    if not messages.names:
        found = "; ".join(problem.detail for problem in messages.problems) or "no message that is known"
        right = "the original file from the watch or platform, not an error page or another format renamed"
        raise UnreadableFile(f"{source.name}: not a readable FIT file ({found}); would be right: {right}")
    reading = Reading("fit", facts={"rows": 0, "used": 0, "set_aside": 0, "units": "SI (FIT profile)"})
    for problem in messages.problems:
        reading.note("fit_damaged", "noted", column=problem.kind, value=f"{problem.detail} (byte {problem.offset})")
    tables: _Tables = {"activities": [], "laps": [], "minutes": [], "wellness": []}
    kinds, units = set(), messages.units("record")
    for part in divide_parts(messages):
        kind = read_label(part, "file_id", "type")
        kinds.add(kind)
        if "session" in part or ("record" in part and kind not in fit_rules()["ignored_kinds"]):
            _read_activities(part, units, reading, options, tables)
        days = read_wellness(part, reading, options)
        count_rows(reading, "rows", len(days))
        tables["wellness"] += days
    reading.tables = {name: _join(rows) for name, rows in tables.items() if rows}
    count_rows(reading, "used", sum(len(reading.tables.get(name, ())) for name in ("activities", "wellness")))
    _settle(reading, kinds, damaged=bool(messages.problems))
    return reading


def _join(rows: list[Any]) -> pd.DataFrame:
    """Make one table of rows or of tables."""
    return pd.DataFrame(rows) if isinstance(rows[0], dict) else pd.concat(rows, ignore_index=True)


def _settle(reading: Reading, kinds: set[Any], *, damaged: bool) -> None:
    """Say of the file as a whole what came of it."""
    if reading.facts["rows"]:
        reading.facts["status"] = "damaged" if damaged else "read"
        return
    kind = ", ".join(sorted(str(kind) for kind in kinds if kind is not None)) or "unknown"
    active = "activity" in kinds or kinds <= {None}
    what = "fit_empty" if active else "fit_kind_ignored"
    reading.facts |= {"status": "empty" if active else "ignored", "message": what}
    reading.note(what, "noted", value=kind)


def _read_activities(part: Part, units: dict[str, str], reading: Reading, options: Options, tables: _Tables) -> None:
    """Read the sessions of one part, with the records and laps that lie within their time."""
    records = gather_records(part, units, reading)
    sessions = find_sessions(part, records, reading)
    if not sessions:
        return
    offset, stops, device = read_offset(part, reading), find_timer_stops(part), _name_device(part)
    of_record = assign_sessions(records["time"].to_numpy(), sessions)
    of_lap = assign_sessions(read_times(part, "lap", "start_time"), sessions)
    for what, owner in (("records_outside_session", of_record), ("laps_outside_session", of_lap)):
        if (owner < 0).any():
            reading.note(what, "set_aside", count=int((owner < 0).sum()))
    for number, session in enumerate(sessions):
        if session["skip"]:
            continue
        key = str(len(tables["activities"]) + 1)
        start, end = session["start"], session["end"]
        row = {name: value for name, value in session.items() if name not in ("start", "end", "saved", "skip")}
        row |= {"activity": key, "device": device} | _read_clock(start, offset, options, reading)
        own = records[of_record == number].reset_index(drop=True)
        foot = row["sport"] in fit_rules()["foot"]
        factor = _count_steps(own, row, reading) if foot else np.nan
        if not foot:
            row |= dict.fromkeys(("cadence", "max_cadence", "steps", "step_length"), np.nan)
            own = own.drop(columns="cadence", errors="ignore")
        minutes = _divide(own, pd.Timestamp(start), row["duration"], stops, reading)
        totals = recordings.summarise_recording(own, minutes)
        _fill_totals(row, totals, foot, reading)
        if np.isnan(row["elapsed"]) and not np.isnat(end):
            row["elapsed"] = float((end - start) / np.timedelta64(1, "s"))
        tables["activities"].append(row)
        if foot and len(minutes):
            tables["minutes"].append(minutes.assign(activity=key))
        if foot and (of_lap == number).any():
            laps = _read_laps(part["lap"], np.flatnonzero(of_lap == number), factor)
            tables["laps"].append(laps.assign(activity=key))


def _read_clock(start: np.datetime64, offset: float, options: Options, reading: Reading) -> dict[str, Any]:
    local, told = to_local(np.array([start]).astype("datetime64[s]"), offset, options.tz)
    if told == "assumed" and not _is_noted(reading, "local_day_unsure"):
        reading.note("local_day_unsure", "noted", column="date")
    wall = pd.Timestamp(local[0])
    return {
        "start_utc": pd.Timestamp(start, tz="UTC"),
        "start_local": pd.NaT if told == "assumed" else wall,
        "date": wall.normalize(),
        "time_zone_from": told,
    }


def _is_noted(reading: Reading, what: str) -> bool:
    return any(entry["what"] == what for entry in reading.ledger)


def _name_device(part: Part) -> str | None:
    """Manufacturer and product as one would say them, e.g. ``Garmin Forerunner 255``."""
    maker = read_label(part, "file_id", "manufacturer")
    maker = maker.replace("_", " ").title() if isinstance(maker, str) and maker != "development" else ""
    product = read_label(part, "file_id", "product_name") or read_label(part, "file_id", "garmin_product")
    product = product if isinstance(product, str) else ""
    if product == read_label(part, "file_id", "garmin_product"):
        product = re.sub(r"^fr(?=\d)", "forerunner ", product.replace("_", " "))
        product = re.sub(r"(?<=[a-z])(?=\d)", " ", product)
        product = product[:1].upper() + product[1:]
    if product.lower().startswith(maker.lower()):
        maker = ""
    return f"{maker} {product}".strip() or None


def _divide(
    own: pd.DataFrame, start: pd.Timestamp, timer: float, stops: np.ndarray | None, reading: Reading
) -> pd.DataFrame:
    """Divide into minutes; timer events that contradict the watch's own timer are left out."""
    minutes = recordings.divide_minutes(own, start, stops)
    off = abs(minutes["recorded"].sum() - timer)
    if len(own) > 1 and stops is not None and off > fit_rules()["disagreement"] * timer:
        without = recordings.divide_minutes(own, start)
        if abs(without["recorded"].sum() - timer) < off:
            reading.note("timer_events_ignored", "repaired", column="event", count=max(len(stops), 1))
            return without
    return minutes


def _count_steps(own: pd.DataFrame, row: dict[str, Any], reading: Reading) -> float:
    """Turn strides of one foot into steps, in the samples and in the totals; return the factor of the totals."""
    recorded = own["cadence"].to_numpy(float) if "cadence" in own else np.empty(0)
    if np.isnan(row["step_length"]) and "step_length" in own:
        row["step_length"] = float(own["step_length"].where(own["step_length"] > 0).mean()) / 1000
    known = row["sport"], row["duration"], row["distance"], row["step_length"]
    one_foot, evidence = recordings.counts_one_foot(recorded, *known)
    steps = recorded[recorded > 0] * (2 if one_foot else 1)
    if np.isnan(row["cadence"]):
        total_one_foot = one_foot
    elif len(steps):
        total_one_foot = row["cadence"] < np.sqrt(0.5) * float(np.mean(steps))  # nearer to half of it than to all
    else:
        total_one_foot, evidence = recordings.counts_one_foot(np.array([row["cadence"]]), *known)
    if one_foot:
        own["cadence"] = 2 * own["cadence"]
    factor = 2.0 if total_one_foot else 1.0
    row["cadence"] *= factor
    row["max_cadence"] *= factor
    expected = row["cadence"] * row["duration"] / 60
    if not abs(row["steps"] - expected) < abs(2 * row["steps"] - expected):  # also when the cadence is unknown
        row["steps"] *= 2
    if (one_foot or total_one_foot) and not _is_noted(reading, "cadence_doubled"):
        reading.note("cadence_doubled", "converted", column="cadence", value=evidence)
    return factor


def _fill_totals(row: dict[str, Any], totals: dict[str, float], foot: bool, reading: Reading) -> None:
    """Fill the totals that the watch left out from its recording, and say where the two disagree."""
    if not row["duration"] > 0:
        row["duration"] = np.nan
    nowhere = foot and max(row["duration"], totals.get("duration", 0.0)) >= SHORTEST_RUN
    if nowhere and totals.get("distance") == 0:
        totals = totals | {"distance": np.nan, "speed": np.nan}
    if nowhere and row["distance"] == 0:
        row["distance"] = np.nan
        if not totals.get("distance", np.nan) > 0:
            reading.note("zero_distance", "set_aside", column="distance", value=0)
    recorded = totals.get("distance", np.nan)
    if row["distance"] == 0 and recorded > 0:
        row["distance"] = np.nan
        reading.note("totals_disagree", "repaired", column="distance", value=f"0 m; {recorded:.0f} m")
    if abs(recorded - row["distance"]) > fit_rules()["disagreement"] * row["distance"]:
        told = f"{row['distance']:.0f} m; {recorded:.0f} m"
        reading.note("totals_disagree", "noted", column="distance", value=told)
    for name, value in totals.items():
        if np.isnan(row.get(name, np.nan)):
            row[name] = value
    if np.isnan(row["speed"]) and row["duration"] > 0:
        row["speed"] = row["distance"] / row["duration"]


def _read_laps(table: Table, rows: np.ndarray, factor: float) -> pd.DataFrame:
    laps = pd.DataFrame([{name: read_number(table, name, int(row)) for name in _LAP} for row in rows])
    if (fraction := read_column(table, "avg_fractional_cadence")) is not None:
        laps["cadence"] += np.nan_to_num(fraction[rows])
    laps["cadence"] *= factor
    laps["speed"] = laps["speed"].fillna(laps["distance"] / laps["duration"].where(laps["duration"] > 0))
    start = pd.Series(table["start_time"][rows]).dt.tz_localize("UTC")
    return laps.assign(lap=np.arange(1, len(rows) + 1), start_utc=start)
