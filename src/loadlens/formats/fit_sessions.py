"""One chained part of a FIT file -> its sessions and its recording, in the units of loadlens, not yet put together."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from loadlens.formats import gait, recordings
from loadlens.formats.local_time import NO_PLACE, are_set, believe_offset

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from loadlens.formats.fit_messages import FitMessages
    from loadlens.formats.local_time import Place
    from loadlens.formats.recordings import Recording
    from loadlens.formats.source import Reading

    Table = dict[str, np.ndarray]
    Part = dict[str, Table]

SLACK = 60.0  # s by which records may stand outside their session: the clocks of a watch are set on the way
DAY = 86_400.0  # s; without a session, records further apart do not belong together
LONGEST = 30 * DAY  # s; no activity lasts longer, so what a damaged clock makes of one has no end there
MOST_SESSIONS = 250  # in one file, and
MOST_PARTS = 250  # chained files in one; more is damage or malice, and would be read for minutes
FOR_EVER = 1e11  # s since 1970
_NEVER = np.datetime64("NaT", "s")
_NAMES = (
    *("file_id", "session", "lap", "record", "event", "activity", "sport", "timestamp_correlation"),
    *("monitoring_info", "monitoring_hr_data", "monitoring", "sleep_level", "sleep_assessment"),
    *("hrv_status_summary", "weight_scale"),
)


@cache
def fit_rules() -> dict[str, Any]:
    """Return how FIT files name what loadlens needs (``data/sports.toml``)."""
    text = files("loadlens").joinpath("data/sports.toml").read_text("utf-8")
    return dict(tomllib.loads(text)["fit"])


def divide_parts(messages: FitMessages, reading: Reading) -> Iterator[Part]:
    """Yield the message tables of each chained file on its own; absent messages have no table."""
    tables = {name: messages.columns(name) for name in _NAMES if name in messages}
    if len({int(table["part"][end]) for table in tables.values() for end in (0, -1)}) == 1:  # rows are in file order
        yield tables
        return
    numbers = np.unique(np.concatenate([table["part"] for table in tables.values()] or [np.empty(0, int)]))
    if len(numbers) > MOST_PARTS:
        told, count = f"more than {MOST_PARTS} files in one", len(numbers) - MOST_PARTS
        reading.note("fit_damaged", "set_aside", column="file_id", value=told, count=count)
        numbers = numbers[:MOST_PARTS]
    edges = {name: np.searchsorted(table["part"], (numbers, numbers + 1)).T for name, table in tables.items()}
    for place in range(len(numbers)):  # rows stand in file order, so those of a part stand together
        yield {
            name: {column: values[slice(*edges[name][place])] for column, values in table.items()}
            for name, table in tables.items()
            if edges[name][place][1] > edges[name][place][0]
        }


def read_numbers(table: Table, name: str) -> np.ndarray:
    """Return a total of all sessions or laps under its name in loadlens, NaN where it is missing."""
    rules = fit_rules()
    out = np.full(len(table["offset"]), np.nan)
    for field in rules["session"][name]:
        column = read_column(table, field)
        if column is not None:
            usable = np.isnan(out) & (column > 0) if name in rules["positive"] else np.isnan(out)
            out = np.where(usable, column * rules["session_factor"].get(name, 1.0), out)
    return out


def read_column(table: Table, field: str) -> np.ndarray | None:
    """Return a column of finite numbers; None when it is absent, or a writer stored lists or texts under its name."""
    column = table.get(field)
    if column is None or column.dtype.kind != "f":
        return None
    return np.where(np.isinf(column), np.nan, column) if np.isinf(column).any() else column


def read_label(part: Part, message: str, field: str, row: int = 0) -> str | int | None:
    """Return a label, the bare code where the profile has no label for it, or None."""
    column = part.get(message, {}).get(field)
    value = column[row] if column is not None and column.dtype == object else None
    return value if isinstance(value, str | int) else None


def write_time(time: np.datetime64) -> str:
    """Return a time as one reads it."""
    return str(time).replace("T", " ")


def find_label(part: Part, message: str, field: str, label: str | int) -> np.ndarray:
    """Say in which messages a field has this label; damage may have put lists among the labels."""
    table = part.get(message, {})
    column = table.get(field, np.full(len(table.get("offset", ())), None))
    return np.fromiter((isinstance(value, str | int) and value == label for value in column.tolist()), bool)


def read_times(part: Part, message: str, field: str) -> np.ndarray:
    """Return a column of times, NaT where a writer stored something else; empty without the message."""
    table = part.get(message, {})
    column = table.get(field, np.empty(0))
    if column.dtype.kind == "M":
        return column
    return np.full(len(table.get("offset", ())), _NEVER)


def find_place(part: Part) -> Place:
    """Return the first position of a part."""
    north, east = (read_column(part.get("record", {}), f"position_{name}") for name in ("lat", "long"))
    if north is None or east is None or len(north) != len(east):
        return NO_PLACE
    fix = np.flatnonzero(np.isfinite(north) & np.isfinite(east) & (east != 0))
    return (float(north[fix[0]]), float(east[fix[0]])) if len(fix) else NO_PLACE


def read_offset(part: Part, reading: Reading) -> float:
    """Return the seconds local time is ahead of UTC as the part says, NaN where it does not or is not believed."""
    _, east = find_place(part)
    for message in ("activity", "monitoring_info", "timestamp_correlation"):
        local, utc = (read_times(part, message, name) for name in ("local_timestamp", "timestamp"))
        stated = ~np.isnat(local) & ~np.isnat(utc)
        if not stated.any():
            continue
        offset = believe_offset(local[stated][-1], utc[stated][-1], east)
        if np.isfinite(offset):
            return offset
        reading.note("local_time_unusable", "set_aside", column="local_timestamp", value=write_time(local[stated][-1]))
    return np.nan


def gather_records(part: Part, units: dict[str, str], reading: Reading, *, more: bool = False) -> Recording:
    """Return the samples of a part as a recording in order.

    Parameters
    ----------
    part : dict
        The part.
    units : dict
        Units of the record columns, as the file spells them.
    reading : Reading
        Takes the ledger entries.
    more : bool, optional
        Also the columns of ``[fit.sample]``.

    Returns
    -------
    dict of str to array
        A recording (see `recordings`) with step_length [mm]; the cadence still as the watch counts it.
    """
    table, wanted = part.get("record", {}), fit_rules()["record"]
    out: Recording = {"time": read_times(part, "record", "timestamp")}
    for name, fields in (wanted | fit_rules()["sample"] if more else wanted).items():
        for field in fields:
            values = read_column(table, field)
            if values is None:
                continue
            if name == "vertical_oscillation" and units.get(field, "").lower().startswith("c"):
                values = 10.0 * values  # Stryd gives centimetres
            if field == "cadence" and (fraction := read_column(table, "fractional_cadence")) is not None:
                values = values + np.nan_to_num(fraction)
            out[name] = np.where(np.isnan(out[name]), values, out[name]) if name in out else values
    north, east = read_column(table, "position_lat"), read_column(table, "position_long")
    if north is not None and east is not None and not ("distance" in out and np.isfinite(out["distance"]).any()):
        out["distance"] = recordings.measure_path(north, east, out["time"])
    wrong = ~np.isnat(out["time"]) & ~are_set(out["time"])
    if wrong.any():
        first, count = write_time(out["time"][wrong][0]), int(wrong.sum())
        reading.note("clock_not_set", "set_aside", column="record", value=first, count=count)
        out = choose(out, ~wrong)
    records, found = recordings.order_records(out)
    for what, action, count in (
        ("records_without_time", "set_aside", found["untimed"]),
        ("records_reordered", "repaired", found["disordered"]),
        ("records_joined", "merged", found["joined"]),
    ):
        if count:
            reading.note(what, action, column="record", count=count)
    return records


def choose(table: Table, rows: np.ndarray | slice) -> Table:
    """Return some of the rows."""
    return {name: column[rows] for name, column in table.items()}


def find_sessions(part: Part, records: Recording, reading: Reading) -> list[dict[str, Any]]:
    """Return the sessions of a part, oldest first; from its records when it has none.

    Each has start and end (datetime64, the end NaT when unknown), sport, sub_sport, sport_as_exported, the totals of
    ``[fit.session]`` (cadence and steps still as the watch counts them) and ``skip`` for transitions. Counts rows and
    what was set aside in ``reading.facts``.
    """
    count = len(part["session"]["offset"]) if "session" in part else 0
    kept = _limit_sessions(count or 1, reading)
    if not (count and kept):
        return _rebuild_session(part, records, reading) if kept else []
    sessions = _read_sessions({**part, "session": choose(part["session"], slice(0, kept))})
    if count == 1 and not are_set(sessions[0]["start"]) and len(records["time"]):
        sessions[0] |= {"start": records["time"][0], "end": _NEVER}
        reading.note("clock_not_set", "repaired", column="session", value=write_time(sessions[0]["start"]))
    for session in sessions:
        if not are_set(session["start"]):
            _set_aside(reading, "clock_not_set", write_time(session["start"]))
        elif session["skip"]:
            _set_aside(reading, "transition_skipped", f"{session['duration']:.0f} s")
    sessions = sorted((one for one in sessions if are_set(one["start"])), key=lambda session: session["start"])
    for session, before in zip(sessions, [None, *sessions], strict=False):
        _mend_start(session, before, records["time"], reading)
    return sessions


def count_rows(reading: Reading, name: str, count: int) -> None:
    """Add to a count in the facts of a reading."""
    before = reading.facts.get(name, 0)
    assert isinstance(before, int)
    reading.facts[name] = before + count


def _set_aside(reading: Reading, what: str, value: object) -> None:
    reading.note(what, "set_aside", column="session", value=value)
    count_rows(reading, "set_aside", 1)


def _limit_sessions(count: int, reading: Reading) -> int:
    """Count the sessions of a part, and return how many of them still are within reason for one file."""
    before = reading.facts.get("rows", 0)
    assert isinstance(before, int)
    kept = max(min(count, MOST_SESSIONS - before), 0)
    count_rows(reading, "rows", count)
    if kept < count:
        told = f"more than {MOST_SESSIONS} sessions in one file"
        reading.note("fit_damaged", "set_aside", column="session", value=told, count=count - kept)
        count_rows(reading, "set_aside", count - kept)
    return kept


def _read_sessions(part: Part) -> list[dict[str, Any]]:
    table = part["session"]
    totals = {name: read_numbers(table, name) for name in fit_rules()["session"]}
    for name in ("cadence", "max_cadence"):
        fraction = read_column(table, f"{name.removesuffix('cadence') or 'avg_'}fractional_cadence")
        totals[name] = totals[name] + (np.nan_to_num(fraction) if fraction is not None else 0.0)
    rows = zip(*(column.tolist() for column in totals.values()), strict=True)
    starts, ends = (read_times(part, "session", name) for name in ("start_time", "timestamp"))
    sessions = []
    for row, (start, saved, values) in enumerate(zip(starts, ends, rows, strict=True)):
        session: dict[str, Any] = dict(zip(totals, values, strict=True))
        end = saved
        if session["elapsed"] > 0:
            length = np.timedelta64(round(session["elapsed"]), "s")
            start = end - length if np.isnat(start) else start
            end = start + length if np.isnat(end) else max(end, start + length)
        end = end if end > start else _NEVER
        sport, sub_sport = (read_label(part, "session", name, row) for name in ("sport", "sub_sport"))
        sessions.append(session | {"start": start, "end": end, "saved": saved} | name_sport(sport, sub_sport))
    return sessions


def _mend_start(session: dict[str, Any], before: dict[str, Any] | None, times: np.ndarray, reading: Reading) -> None:
    """Begin a session where it must have begun when its length says so and there are records from then on."""
    if not (session["elapsed"] > 0 and session["saved"] > session["start"]):
        return
    begun = session["saved"] - np.timedelta64(round(session["elapsed"]), "s")
    first, last = np.searchsorted(times, (begun, session["start"] - np.timedelta64(round(SLACK), "s") + 1))
    if first < last and (before is None or before["end"] <= begun):
        reading.note("session_start_moved", "repaired", column="start_utc", value=write_time(session["start"]))
        session |= {"start": begun, "end": session["saved"]}


def _rebuild_session(part: Part, records: Recording, reading: Reading) -> list[dict[str, Any]]:
    """Make the session that a crash or a cut file left out, from the longest stretch of its records."""
    times = records["time"]
    if len(times) < 2:
        _set_aside(reading, "too_few_records", len(times))
        return []
    stretch = np.append(0, np.cumsum(np.diff(times) > np.timedelta64(int(DAY), "s")))
    own = choose(records, stretch == np.bincount(stretch).argmax())
    told = [("sport", "sport"), ("lap", "sport"), ("record", "activity_type")]
    sport = next((label for one in told if (label := read_label(part, *one)) is not None), None)
    named = name_sport(sport, read_label(part, "sport", "sub_sport") or read_label(part, "lap", "sub_sport"))
    if sport is None and named["sport"] == "other" and looks_like_a_run(own):
        named["sport"] = "run"
        reading.note("sport_assumed", "noted", column="sport", value="run")
    first, last = own["time"][[0, -1]]
    reading.note("session_rebuilt", "repaired", column="session", value=named["sport"], count=len(own["time"]))
    totals = dict.fromkeys(fit_rules()["session"], np.nan)
    return [totals | named | {"start": first, "end": last, "saved": last, "skip": False}]


def looks_like_a_run(own: Recording) -> bool:
    """Say whether a recording that names no sport is taken as a run (``[fit.assumed_run]``)."""
    rules, times = fit_rules()["assumed_run"], own["time"]
    if not len(times) or times[-1] - times[0] > np.timedelta64(rules["longest"], "s"):
        return False
    speed = recordings.divide_minutes(own)["speed"]
    return gait.went_like_a_run(speed, own.get("cadence", np.empty(0)), rules)


def name_sport(sport: str | int | None, sub_sport: str | int | None) -> dict[str, Any]:
    """Return sport and sub_sport in the vocabulary of loadlens, both as exported, and whether to skip the session."""
    rules = fit_rules()
    known = rules["sport"].get(sport, "other")
    if sport is None or sport in rules["sport_of_sub_sport"]["vague"]:
        told = rules["sport_of_sub_sport"].get(sub_sport)
        known = told if isinstance(told, str) else known
    exported = "/".join(str(name) for name in (sport, sub_sport) if name is not None)
    return {
        "sport": known,
        "sub_sport": rules["sub_sport"].get(sub_sport),
        "sport_as_exported": exported or None,
        "skip": sport in rules["skipped"],
    }


def assign_sessions(times: np.ndarray, sessions: Sequence[dict[str, Any]]) -> np.ndarray:
    """Return for each time the place of its session in the list, oldest first, -1 for times outside all of them."""
    starts = np.array([session["start"] for session in sessions]).astype("datetime64[s]").astype(np.int64)
    ends = np.array([session["end"] for session in sessions]).astype("datetime64[s]")
    last = np.minimum(np.where(np.isnat(ends), starts + DAY, ends.astype(np.int64)), starts + LONGEST) + SLACK
    seconds = times.astype("datetime64[s]").astype(np.int64)
    owner = np.searchsorted(starts, seconds, side="right") - 1
    owner[(owner < 0) & (seconds >= starts[0] - SLACK)] = 0
    owner[np.isnat(times) | (seconds > last[owner])] = -1
    return owner


def find_timer_stops(part: Part) -> np.ndarray | None:
    """Return the stretches of stopped timer, shape (stops, 2), in seconds since 1970; None without timer events."""
    times = read_times(part, "event", "timestamp")
    rows = np.flatnonzero(~np.isnat(times) & find_label(part, "event", "event", "timer"))
    if not len(rows):
        return None
    rows = rows[np.argsort(times[rows], kind="stable")]
    stops: list[list[float]] = []
    for row, time in zip(rows.tolist(), recordings.to_seconds(times[rows]).tolist(), strict=True):
        kind = str(read_label(part, "event", "event_type", row))
        stopped = bool(stops) and stops[-1][1] == FOR_EVER
        if kind.startswith("stop") and not stopped:
            stops.append([time, FOR_EVER])
        elif kind == "start" and stopped:
            stops[-1][1] = time
    return np.array(stops, float).reshape(-1, 2)
