"""TCX and GPX files -> tables of a running log: activities, laps and minutes of those on foot.

Neither format tells a time zone, GPX knows no totals, TCX three sports; what is concluded instead stands in the ledger.
Files that were cut short are read as far as they go.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loadlens.formats import recordings
from loadlens.formats.export_profiles import find_sport
from loadlens.formats.fit_sessions import DAY, fit_rules, looks_like_a_run
from loadlens.formats.gpx import read_tracks
from loadlens.formats.local_time import FURTHEST, NO_PLACE, SUN_HOURS, Place, are_set
from loadlens.formats.markup import read_elements, strip_head
from loadlens.formats.source import Options, Reading, Samples, Source, UnreadableFile
from loadlens.formats.tcx import read_activities
from loadlens.formats.totals import count_steps, fill_totals, is_noted, read_clock
from loadlens.formats.track_pieces import find_pieces, set_track_aside
from loadlens.formats.trackpoints import FAR, Findings, Track, check_number, track_rules

if TYPE_CHECKING:
    from loadlens.formats.recordings import Numbers, Recording

_ROOTS = {"gpx": ("gpx", read_tracks), "trainingcenterdatabase": ("tcx", read_activities)}
_ROOT = re.compile(rb"<(?:\w{1,40}:)?(gpx|TrainingCenterDatabase)[\s>]", re.IGNORECASE)
_NAMED = re.compile(r"\.(gpx|tcx)(\.gz)?$", re.IGNORECASE)
_WHOLE = ("distance", "duration", "calories", "steps")  # of laps: add up to those of the activity
_MEANS = ("heart_rate", "cadence", "power")
_MOST = ("max_heart_rate", "max_cadence", "max_speed")
_OF_POINTS = ("latitude", "longitude", "segment", "offset", "temperature")
_LAP = ("distance", "duration", "speed", "heart_rate", "max_heart_rate", "cadence")


def sniff(head: bytes, name: str) -> bool:
    """Say whether a file has the root of TCX or GPX near its beginning, or the name of one and begins like XML."""
    text = strip_head(head)
    return _ROOT.search(text) is not None or (_NAMED.search(name) is not None and text.startswith(b"<"))


def parse(source: Source, options: Options) -> Reading:
    """Read a TCX or GPX file, damaged or not.

    Parameters
    ----------
    source : Source
        The file.
    options : Options
        `tz` counts the days, and is the zone of times that have none.

    Returns
    -------
    Reading
        Of format ``"tcx"`` or ``"gpx"``; tables activities, laps and minutes, as far as the file has them.
        ``facts["rows"]`` counts activities. Planned routes give the status ``"ignored"``.

    Raises
    ------
    UnreadableFile
        The file is no TCX or GPX at all, or has a document type or entities.
    """
    problems: list[str] = []
    kind, findings = _gather(source, problems)
    reading = Reading(kind, facts={"rows": 0, "used": 0, "set_aside": 0})
    if problems:
        reading.note("xml_damaged", "noted", value="; ".join(problems))
    _note_findings(findings, reading)
    tables: dict[str, list[Any]] = {"activities": [], "laps": [], "minutes": []}
    pieces = find_pieces(findings.tracks, kind, source.name, reading)
    check_number(len(pieces), 0, source.name, source.bound)
    for track, records in pieces:
        _read_piece(track, records, options, reading, tables)
    for name, rows in tables.items():
        if rows:
            reading.tables[name] = _tabulate(rows) if name == "activities" else pd.concat(rows, ignore_index=True)
    used = len(tables["activities"])
    reading.facts |= {"used": used, "rows": used + int(str(reading.facts["set_aside"]))}
    _settle(reading, findings, damaged=bool(problems))
    return reading


def sample(source: Source) -> list[Samples]:
    """Return the recording of each activity of a TCX or GPX file, cadence in steps/min; see `Samples`.

    Raises
    ------
    UnreadableFile
        The file is no TCX or GPX at all, or has a document type or entities.
    """
    kind, findings = _gather(source, [])
    reading, found = Reading(kind, facts={"rows": 0, "used": 0, "set_aside": 0}), list[Samples]()
    for track, records in find_pieces(findings.tracks, kind, source.name, reading):
        if len(records["time"]):
            start, offset = _find_start(track, records)
            own = _measure(records, reading)
            row = dict.fromkeys(fit_rules()["session"], np.nan) | _name_sport(track, own, reading)
            if row["sport"] in fit_rules()["foot"]:
                count_steps(own, row, reading)
            else:
                own.pop("cadence", None)  # of pedals or arms
            own |= {name: records[name] for name in fit_rules()["sample"] if name in records}
            found.append(Samples(start, own, is_utc=not np.isnan(offset)))
    return found


def _gather(source: Source, problems: list[str]) -> tuple[str, Findings]:
    """Read the tracks as they stand in the file, and say which format it is."""
    elements = read_elements(source, problems)
    root = next(elements, ("", None, ""))
    kind, gather = _ROOTS.get(root[0], ("", read_tracks))
    if not kind:
        found = f"<{root[0]}>" if root[0] else "; ".join(problems)
        raise UnreadableFile("not_a_track", where=source.name, found=found)
    return kind, gather(chain([root], elements), source.name)


def _tabulate(rows: list[dict[str, Any]]) -> pd.DataFrame:
    starts = np.array([row["start_utc"] for row in rows], "datetime64[ms]")
    return pd.DataFrame(rows).assign(start_utc=pd.DatetimeIndex(starts, tz="UTC"))


def _note_findings(findings: Findings, reading: Reading) -> None:
    for column, (count, first) in findings.unreadable.items():
        reading.note("cell_unreadable", "set_aside", column=column, value=first, count=count)
    if findings.commas:
        reading.facts["number_format"] = "comma"
        reading.note("decimal_commas", "converted", count=findings.commas)
    if findings.stray:
        reading.note("records_outside_session", "set_aside", column="record", count=findings.stray)
    if findings.unused:
        reading.note("columns_not_used", "noted", value=", ".join(findings.unused))


def _settle(reading: Reading, findings: Findings, *, damaged: bool) -> None:
    """Say of the file as a whole what came of it."""
    if reading.facts["used"]:
        reading.facts["status"] = "damaged" if damaged else "read"
        return
    planned = findings.routes or is_noted(reading, "track_without_times")
    what = "route_ignored" if planned else "track_empty"
    reading.facts |= {"status": "ignored" if planned else "empty", "message": what}
    reading.note(what, "noted", count=max(findings.routes, 1))


# ---------------------------------------------------------------- one activity


def _read_piece(
    track: Track, records: Recording, options: Options, reading: Reading, tables: dict[str, list[Any]]
) -> None:
    """Read one activity into the tables, or set it aside."""
    laps = [lap for lap in track.laps if lap["duration"] > 0 or lap["distance"] > 0]
    start, offset = _find_start(track, records)
    if len(records["time"]) < 2 and not any(lap["duration"] > 0 for lap in laps):
        set_track_aside(reading, "too_few_records", len(records["time"]))
        return
    if not are_set(np.asarray(start)):
        set_track_aside(reading, "clock_not_set", start)
        return
    own = _measure(records, reading)
    clock, ahead = _read_zone(start, offset, _find_place(records), options, reading)
    row: dict[str, Any] = dict.fromkeys(fit_rules()["session"], np.nan) | _total(laps) | clock
    row["temperature"] = recordings.mean_of(*_weigh(records, "temperature"))
    row |= _name_sport(track, own, reading)
    key = str(len(tables["activities"]) + 1)
    row |= {"activity": key, "title": track.title, "note": track.note, "device": track.device}
    foot = row["sport"] in fit_rules()["foot"]
    factor = count_steps(own, row, reading) if foot else np.nan
    if not foot:
        row |= dict.fromkeys(("cadence", "max_cadence", "steps"), np.nan)
        own.pop("cadence", None)
    minutes = recordings.divide_minutes(own, float(recordings.to_seconds(np.asarray(start))))
    fill_totals(row, recordings.summarise_recording(own, minutes), foot, reading)
    tables["activities"].append(row)
    if foot and len(minutes["minute"]):
        tables["minutes"].append(pd.DataFrame(minutes).assign(activity=key))
    if foot and laps:
        tables["laps"].append(_list_laps(laps, factor, ahead).assign(activity=key))


def _weigh(records: Recording, name: str) -> tuple[Numbers, Numbers]:
    values = records.get(name, np.empty(0))
    return values, np.ones(len(values))


def _find_place(records: Recording) -> Place:
    """Return the first position."""
    if "latitude" not in records or "longitude" not in records:
        return NO_PLACE
    fix = np.flatnonzero(np.isfinite(records["latitude"]) & np.isfinite(records["longitude"]))
    return (float(records["latitude"][fix[0]]), float(records["longitude"][fix[0]])) if len(fix) else NO_PLACE


def _find_start(track: Track, records: Recording) -> tuple[np.datetime64, float]:
    """Return the moment of the first lap, the activity or the first point, and the offset of its zone as written."""
    first, offset = np.datetime64("NaT", "ms"), np.nan
    if len(records["time"]):
        first, offset = records["time"][0], float(records["offset"][0])
    for seconds, ahead in [(lap["start"], lap["offset"]) for lap in track.laps[:1]] + [track.start]:
        if not abs(seconds) < FAR:
            continue
        told = np.datetime64(round(seconds * 1000), "ms")
        if are_set(np.asarray(told)) and (np.isnat(first) or 0 <= (first - told) / np.timedelta64(1, "s") <= DAY):
            return told, ahead
    return first, offset


def _read_zone(
    start: np.datetime64, offset: float, place: Place, options: Options, reading: Reading
) -> tuple[dict[str, Any], float]:
    """Return the clock of an activity, and the seconds by which times as written are ahead of UTC (NaN: unknown).

    Z and +00:00 name no place; another offset does, when the sun there agrees. A time without a zone is local time.
    """
    if np.isnan(offset):
        if not is_noted(reading, "times_without_zone"):
            reading.note("times_without_zone", "noted", column="start_local", value=start.astype("datetime64[s]"))
        wall = pd.Timestamp(start.astype("datetime64[s]"))
        clock: dict[str, Any] = {"start_local": wall, "date": wall.normalize(), "start_utc": np.datetime64("NaT", "s")}
        if options.tz is None:
            return clock | {"time_zone_from": "assumed"}, np.nan
        zoned = wall.tz_localize(options.tz, ambiguous=True, nonexistent="shift_forward")
        utc = zoned.tz_convert("UTC").tz_localize(None)
        return clock | {"start_utc": utc.to_datetime64(), "time_zone_from": "user"}, (wall - utc).total_seconds()
    told = offset if offset else np.nan
    if abs(told) > FURTHEST or abs(told / 3600 - place[1] / 15) > SUN_HOURS:
        reading.note("local_time_unusable", "set_aside", column="start_local", value=f"{told / 3600:+.2f} h")
        told = np.nan
    return read_clock(start, told, options, reading, place), 0.0


def _measure(records: Recording, reading: Reading) -> Recording:
    """Return the recording in our units, its distance from the file, else from the positions, without these."""
    own = {name: values for name, values in records.items() if name not in _OF_POINTS}
    for name, unit in track_rules()["units"].items():
        known = own[name][own[name] > 0] if name in own else np.empty(0)
        if len(known) and np.median(known) < unit["below"]:
            own[name] = own[name] * unit["factor"]
            reading.note("unit_inferred", "converted", column=name, value=unit["unit"])
    if "latitude" in records and "longitude" in records:
        path = _measure_path(records)
        if not _is_counted(own.get("distance", np.empty(0)), path):
            if np.nanmax(own.get("distance", np.zeros(1)), initial=0.0) > 0:
                told = f"{np.nanmax(own['distance']):.0f} m; {np.nanmax(path, initial=0.0):.0f} m"
                reading.note("distance_from_positions", "repaired", column="distance", value=told)
            own["distance"] = path
    return own


def _is_counted(distance: Numbers, path: Numbers) -> bool:
    """Say whether a distance counts on, in metres: it grows, and not to far less than the path."""
    known = distance[np.isfinite(distance)]
    if not len(known) or known.max() <= 0:
        return False
    grown, gone = known[0] + np.maximum(np.diff(known), 0).sum(), np.nanmax(path, initial=0.0)
    return bool(gone < recordings.NEW_COUNT or grown >= track_rules()["tracks"]["distance_over_path"] * gone)


def _measure_path(records: Recording) -> Numbers:
    """Measure along the positions, but not across a pause between two segments."""
    north, east = records["latitude"], records["longitude"]
    on_earth = (np.abs(north) <= 90) & (np.abs(east) <= 180)
    path = recordings.measure_path(np.where(on_earth, north, np.nan), east, records["time"])
    fix = np.flatnonzero(np.isfinite(path))
    gap = np.diff(records["time"][fix]) / np.timedelta64(1, "s")
    paused = (np.diff(records["segment"][fix]) != 0) & (gap > track_rules()["tracks"]["signal_lost"])
    path[fix[1:]] = np.cumsum(np.where(paused, 0.0, np.diff(path[fix])))
    return path


def _total(laps: list[dict[str, float]]) -> dict[str, float]:
    """Add up laps; a total that some lap lacks is left to the recording."""
    if not laps:
        return {}
    column = {name: np.array([lap[name] for lap in laps]) for name in (*_WHOLE, *_MEANS, *_MOST)}
    total = {name: float(column[name].sum()) for name in _WHOLE}
    for name in _MEANS:
        known = np.where(column[name] > 0, column[name], np.nan)
        total[name] = float((known * column["duration"]).sum() / max(column["duration"].sum(), 1e-9))
    for name in _MOST:
        most = float(np.fmax.reduce(column[name]))
        total[name] = most if most > 0 else np.nan
    return total | {name: total[name] or np.nan for name in ("calories", "steps")}  # 0 is not measured


def _list_laps(laps: list[dict[str, float]], factor: float, ahead: float) -> pd.DataFrame:
    table = pd.DataFrame(laps)
    seconds = (table["start"].where(table["start"].abs() < FAR) - ahead).to_numpy(float)
    start = np.full(len(table), np.datetime64("NaT", "ms"))
    known = np.isfinite(seconds)
    start[known] = np.round(seconds[known] * 1000).astype(np.int64).astype("datetime64[ms]")
    for name in ("heart_rate", "max_heart_rate", "cadence", "speed"):
        table[name] = table[name].where(table[name] > 0)
    table["cadence"] = table["cadence"] * factor
    table["speed"] = table["speed"].fillna(table["distance"] / table["duration"].where(table["duration"] > 0))
    return table[list(_LAP)].assign(lap=np.arange(1, len(table) + 1), start_utc=pd.DatetimeIndex(start, tz="UTC"))


def _name_sport(track: Track, own: Recording, reading: Reading) -> dict[str, Any]:
    """Return sport, sub_sport and sport_as_exported; without a name from the title, else from how it went."""
    listed = track_rules()["sports"].get(track.sport)
    if listed is not None:
        return {"sport": listed, "sub_sport": None, "sport_as_exported": track.sport}
    if track.sport:
        sport, sub_sport, how = find_sport(track.sport)
        if how != "listed":
            what, action = ("sport_guessed", "converted") if how == "guessed" else ("sport_unknown", "noted")
            reading.note(what, action, column="sport", value=track.sport)
        return {"sport": sport, "sub_sport": sub_sport, "sport_as_exported": track.sport}
    sport, sub_sport, how = find_sport(track.title or "")
    if how != "unknown":
        reading.note("sport_guessed", "converted", column="sport", value=track.title)
    elif looks_like_a_run(own):
        sport = "run"
        reading.note("sport_assumed", "noted", column="sport", value=sport)
    else:
        reading.note("sport_unknown", "noted", column="sport", value=track.title or "–")
    return {"sport": sport, "sub_sport": sub_sport, "sport_as_exported": None}
