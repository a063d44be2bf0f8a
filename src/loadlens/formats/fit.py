"""FIT files -> tables of a running log: sessions, laps, minutes of foot sports, and the days of wellness files.

Activity files follow the public FIT profile and were checked on real files of many makers. Damaged files are read as
far as they go, and the ledger says where they stop.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loadlens import words
from loadlens.formats import recordings
from loadlens.formats.fit_messages import decode
from loadlens.formats.fit_sessions import (
    assign_sessions,
    choose,
    count_rows,
    divide_parts,
    find_place,
    find_sessions,
    find_timer_stops,
    fit_rules,
    gather_records,
    read_column,
    read_label,
    read_numbers,
    read_offset,
    read_times,
)
from loadlens.formats.fit_tables import Table, as_frame
from loadlens.formats.fit_values import Shape
from loadlens.formats.fit_wellness import read_wellness
from loadlens.formats.source import Options, Reading, Samples, Source, UnreadableFile
from loadlens.formats.totals import count_steps, fill_totals, is_noted, read_clock

if TYPE_CHECKING:
    from loadlens.formats.fit_sessions import Part
    from loadlens.formats.fit_tables import Columns
    from loadlens.formats.recordings import Recording

    _Tables = dict[str, list[Any]]  # activities and wellness as rows, laps and minutes as columns

_WORDS = (
    *("activity", "sport", "sub_sport", "sport_as_exported", "device", "time_zone_from"),
    *("start_utc", "start_local", "date"),
)
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
        keys = list(dict.fromkeys(f"damage.{problem.kind}" for problem in messages.problems))
        keys = keys or ["error_parts.no_message"]
        found = {lang: "; ".join(words.say(key, lang) for key in keys) for lang in words.LANGUAGES}
        raise UnreadableFile("fit_unreadable", where=source.name, found=found)
    reading = Reading("fit", facts={"rows": 0, "used": 0, "set_aside": 0})
    for problem in messages.problems:
        reading.note("fit_damaged", "noted", column=problem.kind, value=f"{problem.detail} (byte {problem.offset})")
    tables: _Tables = {"activities": [], "laps": [], "minutes": [], "wellness": []}
    kinds, units = set(), messages.units("record")
    for part in divide_parts(messages, reading):
        kind = read_label(part, "file_id", "type")
        kinds.add(kind)
        if "session" in part or ("record" in part and kind not in fit_rules()["ignored_kinds"]):
            _read_activities(part, units, reading, options, tables)
        days = read_wellness(part, reading, options)
        count_rows(reading, "rows", len(days))
        tables["wellness"] += days
    make = {"activities": _tabulate, "laps": _join, "minutes": _join, "wellness": _list_days}
    reading.tables = {name: make[name](rows) for name, rows in tables.items() if rows}
    count_rows(reading, "used", sum(len(reading.tables.get(name, ())) for name in ("activities", "wellness")))
    _settle(reading, kinds, damaged=is_noted(reading, "fit_damaged"))
    return reading


def sample(source: Source) -> list[Samples]:
    """Return the recording of each activity of a FIT file, cadence in steps/min; see `Samples`.

    Raises
    ------
    UnreadableFile
        The file is longer than ``Source.read`` takes.
    """
    messages = decode(source.read())
    reading, units, found = Reading("fit"), messages.units("record"), list[Samples]()
    for part in divide_parts(messages, reading):
        records = gather_records(part, units, reading, more=True)
        sessions = find_sessions(part, records, reading)
        if not sessions:
            continue
        owner, stops = assign_sessions(records["time"], sessions), find_timer_stops(part)
        for number, session in enumerate(sessions):
            own = choose(records, np.flatnonzero(owner == number))
            if session["sport"] in fit_rules()["foot"]:
                count_steps(own, dict(session), reading)
            else:
                own.pop("cadence", None)  # of pedals or arms
            if not session["skip"] and len(own["time"]):
                found.append(Samples(session["start"], own, stops=stops))
    return found


def _tabulate(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Make a table of activities, its columns of one type in every file; the log's gate gives each its own."""
    words = tuple([name for name in rows[0] if name in _WORDS])
    numbers = tuple([name for name in rows[0] if name not in _WORDS])
    told = np.array([[row[name] for name in words] for row in rows], object)
    measured = np.array([[row[name] for name in numbers] for row in rows], np.float64)
    return as_frame(Table(_shape(words, numbers), {"O": told.T, "f": measured.T}, len(rows), ()))


@lru_cache(maxsize=64)
def _shape(words: tuple[str, ...], numbers: tuple[str, ...]) -> Shape:
    return Shape({"O": words, "f": numbers})


def _list_days(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows)


def _join(parts: list[dict[str, Any]]) -> pd.DataFrame:
    """Make one table of the columns of several activities."""
    keys = np.array([part.pop("activity") for part in parts], object)
    length = [len(next(iter(part.values()))) for part in parts]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    starts = columns.pop("start_utc", None)
    numbers = tuple([name for name, column in columns.items() if column.dtype == np.float64])
    measured = np.array([columns.pop(name) for name in numbers])
    blocks = {"O": np.repeat(keys, length)[None], "f": measured}
    table = Table(_shape(("activity",), numbers), blocks, sum(length), ())
    table.columns.update(columns)
    frame = as_frame(table)
    if starts is not None:
        frame["start_utc"] = pd.DatetimeIndex(starts, tz="UTC")
    return frame


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
    place = find_place(part)
    of_record = assign_sessions(records["time"], sessions)
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
        row |= {"activity": key, "device": device} | read_clock(start, offset, options, reading, place)
        own = choose(records, np.flatnonzero(of_record == number))
        foot = row["sport"] in fit_rules()["foot"]
        factor = count_steps(own, row, reading) if foot else np.nan
        if not foot:
            row |= dict.fromkeys(("cadence", "max_cadence", "steps", "step_length"), np.nan)
            own = {name: values for name, values in own.items() if name != "cadence"}
        minutes = _divide(own, float(start.astype(np.int64)), row["duration"], stops, reading)
        totals = recordings.summarise_recording(own, minutes)
        fill_totals(row, totals, foot, reading)
        if np.isnan(row["elapsed"]) and not np.isnat(end):
            row["elapsed"] = float((end - start) / np.timedelta64(1, "s"))
        row |= {name: pd.Timestamp(row[name]) for name in ("start_local", "date")}
        tables["activities"].append(row | {"start_utc": pd.Timestamp(row["start_utc"], tz="UTC")})
        if foot and len(minutes["minute"]):
            tables["minutes"].append({"activity": key} | minutes)
        if foot and (of_lap == number).any():
            tables["laps"].append({"activity": key} | _read_laps(choose(part["lap"], of_lap == number), factor))


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


def _divide(own: Recording, start: float, timer: float, stops: np.ndarray | None, reading: Reading) -> Recording:
    """Divide into minutes; timer events that contradict the watch's own timer are left out."""
    minutes = recordings.divide_minutes(own, start, stops)
    off = abs(minutes["recorded"].sum() - timer)
    if len(own["time"]) > 1 and stops is not None and off > fit_rules()["disagreement"] * timer:
        without = recordings.divide_minutes(own, start)
        if abs(without["recorded"].sum() - timer) < off:
            reading.note("timer_events_ignored", "repaired", column="event", count=max(len(stops), 1))
            return without
    return minutes


def _read_laps(table: Columns, factor: float) -> dict[str, Any]:
    laps: dict[str, Any] = {name: read_numbers(table, name) for name in _LAP}
    if (fraction := read_column(table, "avg_fractional_cadence")) is not None:
        laps["cadence"] = laps["cadence"] + np.nan_to_num(fraction)
    laps["cadence"] = laps["cadence"] * factor
    paced = np.isnan(laps["speed"]) & (laps["duration"] > 0)
    np.divide(laps["distance"], laps["duration"], out=laps["speed"], where=paced)
    return laps | {"lap": np.arange(1, len(table["offset"]) + 1), "start_utc": table["start_time"]}
