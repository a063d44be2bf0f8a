"""The training sessions of Polar's account export: one JSON file each, samples in it, in either of two layouts.

Starts are local time with the offset beside them. What the members mean stands in ``data/sessions.toml``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from loadlens.formats.json_records import Record, dig, load_json, read_code, read_text, show, sound_records
from loadlens.formats.local_time import FURTHEST
from loadlens.formats.record_times import read_stamp, to_times
from loadlens.formats.sampled_sessions import add_session, finish_session, read_local_clock, session_rules
from loadlens.formats.source import Options, Reading, Source

if TYPE_CHECKING:
    from loadlens.formats.recordings import Numbers, Recording

BYTES_AT_MOST, VALUES_AT_MOST = 200_000_000, 10_000_000
"""A session of seven hours is 8 MB; one of several days still fits."""

_MEMBERS = (b'"exercises"', b'"startTime"', b'"exportVersion"')


def sniff(head: bytes, name: str) -> bool:
    """Say whether a file is a training session of an account export; never raises."""
    file = PurePosixPath(name.lower()).name
    if file.startswith("training-session") and file.endswith(".json") and head.lstrip().startswith(b"{"):
        return True
    return all(member in head for member in _MEMBERS)


def parse(source: Source, options: Options) -> Reading:
    """Read a training session: one activity for each of its exercises, one as a rule.

    Parameters
    ----------
    source : Source
    options : Options
        `tz` gives the instant of a start whose offset is not told.

    Returns
    -------
    Reading
        Activities, and minutes of those on foot. ``facts["rows"]`` counts exercises.

    Raises
    ------
    UnreadableFile
        Not JSON, not whole, too large or nested too deeply.
    """
    rules = session_rules()["polar_json"]
    reading = Reading(rules["format"])
    limits = {"bytes_at_most": BYTES_AT_MOST, "values_at_most": VALUES_AT_MOST}
    found = load_json(source, frozenset(), **limits)
    session: Record = found if isinstance(found, dict) else {}
    listed = session.get("exercises")
    exercises = listed if isinstance(listed, list) else []
    kept = sound_records(exercises, reading)
    alone = len(exercises) == 1
    used = sum(_read_exercise(one, session, row, reading, options, alone=alone) for row, one in kept)
    return finish_session(reading, len(exercises), used)


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _read_exercise(
    exercise: Record, session: Record, row: int, reading: Reading, options: Options, *, alone: bool
) -> bool:
    """Read one exercise of a session into the tables; False when it has no start."""
    written = _first(exercise.get("startTime"), session.get("startTime"))
    wall = to_times(np.array([read_stamp(written)[0]]))[0]
    if np.isnat(wall):
        reading.note("date_unreadable", "set_aside", row=row, column="start_local", value=show(written))
        return False
    names = ("timezoneOffsetMinutes", "timezoneOffset", "timeZoneOffset")
    minutes = _first(*(one.get(name) for one in (exercise, session) for name in names))
    ahead = _number(minutes) * 60
    if not abs(ahead) <= FURTHEST:
        ahead = np.nan
    if "timezoneOffsetMinutes" not in exercise and "timezoneOffsetMinutes" not in session:
        reading.note("clock_assumed_local", "noted", column="start_local")
    rules = session_rules()["polar_json"]
    code = read_code(_first(dig(exercise, "sport.id"), dig(session, "sport.id")))
    sport = rules["sports"].get(code, code) if code else read_text(exercise.get("sport")) or ""
    own = _read_channels(exercise, wall, rules, reading)
    totals = _sum_up(exercise, session if alone else {})
    clock = read_local_clock(wall, ahead, options)
    return add_session(own, totals, clock, sport, reading, stops=_read_pauses(exercise))


def _number(value: Any) -> float:
    good = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e12
    return float(value) if good else np.nan


def _sum_up(exercise: Record, session: Record) -> dict[str, Any]:
    """Return the totals in m, s, bpm, in either layout; those of the session where it is the only exercise."""

    def total(*paths: str) -> float:
        values = [_number(dig(one, path)) for one in (exercise, session) for path in paths]
        return next((value for value in values if value > 0), np.nan)

    length = next((one["duration"] for one in (exercise, session) if isinstance(one.get("duration"), str)), "")
    found = re.fullmatch(r"PT(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:(\d{1,7}(?:\.\d+)?)S)?", length)
    parts = found.groups() if found else ()
    seconds = sum(float(part or 0) * unit for part, unit in zip(parts, (3600, 60, 1), strict=False))
    statistics = dig(exercise, "statistics.statistics")
    heart: Record = {}
    for one in statistics if isinstance(statistics, list) else ():
        if isinstance(one, dict) and one.get("type") == "STATISTICS_TYPE_HEART_RATE":
            heart = one
    return {
        "title": read_text(session.get("name")),
        "note": read_text(session.get("note")),
        "device": read_text(_first(dig(session, "product.modelName"), session.get("deviceId"))),
        "source_id": read_code(dig(session, "identifier.id")),
        "distance": total("distanceMeters", "distance"),
        "duration": seconds if seconds > 0 else total("durationMillis") / 1000,
        "heart_rate": _first_number(_number(heart.get("avg")), total("heartRate.avg", "averageHeartRate", "hrAvg")),
        "max_heart_rate": _first_number(_number(heart.get("max")), total("heartRate.max", "maximumHeartRate", "hrMax")),
        "ascent": total("ascentMeters", "ascent"),
        "descent": total("descentMeters", "descent"),
        "calories": total("calories", "kiloCalories"),
    }


def _first_number(one: float, other: float) -> float:
    return one if one > 0 else other


def _read_pauses(exercise: Record) -> Numbers | None:
    """Return start and end of each pause in seconds since 1970; None where the layout tells of none."""
    listed = exercise.get("pauseTimes")
    if not isinstance(listed, list):
        return None
    pauses = [
        (read_stamp(one.get("startTime"))[0], read_stamp(one.get("endTime"))[0])
        for one in listed
        if isinstance(one, dict)
    ]
    stops: list[tuple[float, float]] = []
    for begin, end in sorted(pause for pause in pauses if pause[0] < pause[1]):
        if not stops or begin >= stops[-1][1]:
            stops.append((begin, end))
    return np.array(stops, dtype=float).reshape(-1, 2)


def _read_channels(exercise: Record, wall: np.datetime64, rules: Mapping[str, Any], reading: Reading) -> Recording:
    """Return the samples of all channels at the times at which any has one."""
    start = float(wall.astype("datetime64[s]").astype("int64"))
    channels: dict[str, tuple[Numbers, Numbers]] = {}
    samples = exercise.get("samples")
    inner = samples.get("samples") if isinstance(samples, dict) else None
    if isinstance(inner, list):
        for one in inner:
            column = rules["samples"].get(str(one.get("type")).lower()) if isinstance(one, dict) else None
            values = one.get("values") if column else None
            if column and isinstance(values, list) and values:
                step = _number(one.get("intervalMillis")) / 1000
                since: Numbers = np.arange(len(values), dtype=float) * (step if step > 0 else 1.0)
                channels[column] = start + since, _floats(values)
    elif isinstance(samples, dict):
        for name, listed in samples.items():
            column = rules["samples"].get(str(name).lower())
            if column and isinstance(listed, list) and listed:
                pairs = [one if isinstance(one, dict) else {} for one in listed]
                stamps = [read_stamp(one.get("dateTime"))[0] for one in pairs]
                channels[column] = _floats(stamps), _floats([one.get("value") for one in pairs])
    return _align(channels, rules["factors"], reading)


def _floats(values: Sequence[Any]) -> Numbers:
    return np.array([_number(value) for value in values], dtype=float)


def _align(
    channels: Mapping[str, tuple[Numbers, Numbers]], factors: Mapping[str, float], reading: Reading
) -> Recording:
    """Put channels of different times side by side; a leading height of 0 is an altimeter that has not begun."""
    known: dict[str, tuple[Numbers, Numbers]] = {
        name: (np.round(times[np.isfinite(times)]), values[np.isfinite(times)])
        for name, (times, values) in channels.items()
    }
    if not known:
        return {"time": np.empty(0, "datetime64[s]")}
    lost = sum(len(times) - len(known[name][0]) for name, (times, _) in channels.items())
    if lost:
        reading.note("records_without_time", "set_aside", column="record", count=lost)
    clock = np.unique(np.concatenate([times for times, _ in known.values()]))
    own: Recording = {"time": to_times(clock)}
    for name, (times, values) in known.items():
        column = np.full(len(clock), np.nan)
        column[np.searchsorted(clock, times)] = values * factors.get(name, 1.0)
        if name == "altitude":
            column[: int(np.argmax(column != 0)) if (column != 0).any() else len(column)] = np.nan
        own[name] = column
    unset = np.isnat(own["time"])
    return {name: column[~unset] for name, column in own.items()} if unset.any() else own
