"""The Garmin account export (folder ``DI_CONNECT``): activities, days, nights, body mass and shoes, each a JSON file.

Which file holds what, under which names and in which units, stands in ``data/garmin_account.toml``. Files of
the export that hold nothing of use are told apart from files that cannot be read.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from loadlens.formats.export_profiles import find_sport
from loadlens.formats.json_records import (
    Record,
    dig,
    load_json,
    measure,
    read_id,
    read_numbers,
    read_text,
    show,
    sound_records,
    unwrap,
)
from loadlens.formats.local_time import are_set, believe_offset, to_local
from loadlens.formats.moments import read_moments
from loadlens.formats.source import Options, Reading, Source, UnreadableFile

NOT_USED, NOT_KNOWN = "account_part_not_used", "account_part_not_known"
_FOOT = ("run", "walk", "hike")
MOST_MARKS = 4  # signs behind names that are alike; more of them get a number
_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@cache
def _rules() -> dict[str, Any]:
    text = resources.files("loadlens").joinpath("data/garmin_account.toml").read_text("utf-8")
    return tomllib.loads(text)


def _classify(head: bytes, name: str) -> str | None:
    """Return the table a file holds, that it is a part of no use or not known, or None when it is another's."""
    path, rules = PurePosixPath(name.lower()), _rules()
    if path.suffix != ".json":
        return None
    tables: dict[str, Record] = rules["tables"]
    by_name = [kind for kind, told in tables.items() if any(fnmatchcase(path.name, form) for form in told["names"])]
    by_sign = [kind for kind, told in tables.items() if any(f'"{sign}"'.encode() in head for sign in told["signs"])]
    if by_name or by_sign:
        return (by_name or by_sign)[0]
    if any(fnmatchcase(path.name, form) for form in rules["not_used"]["names"]):
        return NOT_USED
    ours = any(fnmatchcase(folder, form) for folder in path.parts[:-1] for form in rules["not_used"]["folders"])
    return NOT_KNOWN if ours else None


def sniff(head: bytes, name: str) -> bool:
    """Say whether a file is a JSON file of a Garmin account export, of use or not; never raises."""
    return _classify(head, name) is not None


def parse(source: Source, options: Options) -> Reading:
    """Read one JSON file of a Garmin account export.

    Parameters
    ----------
    source : Source
    options : Options
        `tz` counts for an activity that gives no local time.

    Returns
    -------
    Reading
        One of the tables activities, wellness and gear. ``facts["gear_of"]`` of a file of shoes holds pairs of an
        activity's id at Garmin and the name of the shoes. A file of no use has the status ``ignored``.

    Raises
    ------
    UnreadableFile
        Not JSON, not whole, too large or nested too deeply.
    """
    kind = _classify(source.head, source.name)
    if kind is None:
        raise UnreadableFile("account_part_not_known", where=source.name)
    reading = Reading(_rules()["format"], facts={"rows": 0, "used": 0, "set_aside": 0})
    if kind in (NOT_USED, NOT_KNOWN):
        reading.facts |= {"status": "ignored", "message": kind}
        return reading
    told = _rules()["tables"][kind]
    limits = {name: told.get(name, _rules()[name]) for name in ("bytes_at_most", "values_at_most")}
    found = load_json(source, _wanted(told), **limits)
    if kind == "gear":
        _read_gear(found, told, reading, source.name)
    else:
        records = unwrap(found, told.get("records"))
        _bound(len(records), source.name)
        if kind == "activities":
            reading.tables["activities"] = _read_activities(records, told, reading, options)
            reading.facts["covers"] = True
        else:
            reading.tables["wellness"] = _read_days(records, told, reading)
        used = len(reading.tables["activities" if kind == "activities" else "wellness"])
        reading.facts |= {"rows": len(records), "used": used, "set_aside": len(records) - used}
    empty = not reading.facts["used"]
    reading.facts |= {"status": "empty", "message": "account_part_empty"} if empty else {"status": "read"}
    return reading


def _wanted(told: Record) -> frozenset[str]:
    """Return the names of all members that a table uses; none where names are numbers of things (shoes)."""
    if "fields" not in told:
        return frozenset()
    paths = [told.get(name) for name in ("records", "id", "sport", "start_local", "date", "version", "worn")]
    paths += [*told.get("start_utc", ()), *told.get("texts", {}).values(), *told.get("metrics", {}).values()]
    for one in told["fields"].values():
        paths += [*one.get("from", ()), *one.get("sum", ())]
    return frozenset(part for path in [*paths, _rules()["date_within"]] if path for part in path.split("."))


def _bound(records: int, name: str) -> None:
    if records > _rules()["records_at_most"]:
        raise UnreadableFile("too_many_records", where=name, count=records)


# ------------------------------------------------------------------ activities


def _read_activities(records: list[Any], told: Record, reading: Reading, options: Options) -> pd.DataFrame:
    """Return one row for each activity that has a time; what one file gives twice is taken once."""
    kept = sound_records(records, reading)
    utc = _instants(kept, told["start_utc"], reading)
    local = _instants(kept, [told["start_local"]], reading)
    known = ~np.isnat(utc) | ~np.isnat(local)
    seen: dict[str, int] = {}
    for place, (row, record) in enumerate(kept):
        number = read_id(dig(record, told["id"]))
        if not known[place]:
            reading.note("date_unreadable", "set_aside", row=row, column="start_utc")
        elif number is not None and seen.setdefault(number, row) != row:
            reading.note("row_repeated", "set_aside", row=row, value=seen[number])
            known[place] = False
    kept = [one for one, good in zip(kept, known, strict=True) if good]
    rows = [record for _, record in kept]
    frame = _read_clock(utc[known], local[known], reading, options)
    frame["source_row"] = [row for row, _ in kept]
    frame["activity"] = frame["source_row"].astype(str)
    frame["source_id"] = [read_id(dig(record, told["id"])) for record in rows]
    for column, path in told["texts"].items():
        frame[column] = [read_text(dig(record, path)) for record in rows]
    sports = _read_sports([read_text(dig(record, told["sport"])) for record in rows], reading)
    frame["sport"], frame["sub_sport"], frame["sport_as_exported"] = sports
    foot = frame["sport"].isin(_FOOT).to_numpy()
    for column, one in told["fields"].items():
        values, second = measure(rows, column, one, reading)
        if one.get("foot"):
            other = np.isfinite(values) & ~foot
            if other.any():
                reading.note("cadence_not_steps", "set_aside", column=column, count=int(other.sum()))
            values[~foot] = np.nan
            if (second & foot).any():
                reading.note("cadence_doubled", "converted", column=column, count=int((second & foot).sum()))
        frame[column] = values
    return _settle_totals(frame, reading)


def _instants(kept: list[tuple[int, Record]], paths: Sequence[str], reading: Reading) -> np.ndarray:
    """Return times of ms since 1970; NaT where there is none, or one of a clock that was not set."""
    times = np.full(len(kept), np.datetime64("NaT", "s"))
    for path in paths:
        numbers = read_numbers([record for _, record in kept], path, "start_utc", reading)
        fill = np.isnat(times) & (np.abs(numbers) < 1e14)
        times[fill] = (numbers[fill] // 1000).astype("int64").astype("datetime64[s]")
    unset = ~np.isnat(times) & ~are_set(times)
    if unset.any():
        told = times[unset][0]
        reading.note("clock_not_set", "set_aside", column="start_utc", value=told, count=int(unset.sum()))
    times[unset] = np.datetime64("NaT")
    return times


def _read_clock(utc: np.ndarray, local: np.ndarray, reading: Reading, options: Options) -> pd.DataFrame:
    """Return UTC, local time and day, and where the zone is known from; each activity names its own."""
    local, told = local.copy(), np.full(len(utc), "record", dtype=object)
    for place, instant in enumerate(utc):
        offset = believe_offset(local[place], instant)
        if np.isfinite(offset):
            local[place] = instant + np.timedelta64(int(offset), "s")
        elif not np.isnat(instant):
            if not np.isnat(local[place]):
                reading.note("local_time_unusable", "set_aside", column="start_local", value=local[place])
            [local[place]], told[place] = to_local(np.array([instant]), np.nan, options.tz)
    frame = pd.DataFrame({"start_utc": utc, "start_local": local, "date": local, "time_zone_from": told})
    frame["start_local"] = frame["start_local"].mask(frame["time_zone_from"] == "assumed")
    unsure = int((frame["time_zone_from"] == "assumed").sum())
    if unsure:
        reading.note("local_day_unsure", "noted", column="date", count=unsure)
    frame["start_utc"] = frame["start_utc"].dt.tz_localize("UTC")
    frame["date"] = frame["date"].dt.normalize()
    return frame


def _read_sports(names: list[str | None], reading: Reading) -> tuple[list[str], list[str | None], list[str | None]]:
    """Return sport, kind and name as exported of each key; what is not listed goes to the ledger."""
    keys, endings = _rules()["sports"]["keys"], _rules()["sports"]["endings"]
    sports, kinds = [], []
    unsure: Counter[tuple[str, str]] = Counter()
    for name in names:
        key = name or ""
        for ending in endings:
            key = key.removesuffix(ending)
        sport, kind, how = find_sport(name or "")
        if key in keys:
            sport, kind, how = keys[key][0], (keys[key][1:] or [None])[0], "listed"
        elif how != "listed":
            sport, kind, how = find_sport(key)
        sports.append(sport)
        kinds.append(kind)
        if how != "listed":
            unsure[how, name or "–"] += 1
    for (how, name), count in unsure.items():
        reading.note(f"sport_{how}", "noted", column="sport", value=name, count=count)
    return sports, kinds, names


def _settle_totals(frame: pd.DataFrame, reading: Reading) -> pd.DataFrame:
    """Make a run of distance 0 one of unknown distance, and hold distance and time against the speed listed."""
    nowhere = (frame["sport"] == "run") & (frame["distance"] == 0) & (frame["duration"] > 0)
    if nowhere.any():
        reading.note("run_without_distance", "set_aside", column="distance", count=int(nowhere.sum()))
    frame["distance"] = frame["distance"].mask(nowhere)
    expected = frame["distance"] / frame["duration"]
    off = (expected - frame["speed"]).abs() > _rules()["speed_share"] * frame["speed"]
    if off.any():
        told = f"{expected[off].iloc[0]:.3f} m/s; {frame['speed'][off].iloc[0]:.3f} m/s"
        reading.note("pace_disagrees", "noted", column="speed", value=told, count=int(off.sum()))
    frame["speed"] = frame["speed"].fillna(expected.where(expected > 0))
    return frame


# ------------------------------------------------------------------ days


def _read_days(records: list[Any], told: Record, reading: Reading) -> pd.DataFrame:
    """Return one row for each date with a value: of several records of a date the newest that has one."""
    kept = sound_records(records, reading)
    if "metrics" in told:
        kept = [(row, _spread(record, told)) for row, record in kept]
    dates = _dates(kept, told["date"], reading)
    good = dates.notna().to_numpy()
    idle = np.array(["worn" in told and dig(record, told["worn"]) is False for _, record in kept], dtype=bool)
    if (good & idle).any():
        reading.note("watch_not_worn", "set_aside", column="date", count=int((good & idle).sum()))
    good = good & ~idle
    rows = [record for (_, record), one in zip(kept, good, strict=True) if one]
    frame = pd.DataFrame({"date": dates[good].reset_index(drop=True)})
    columns = list(told["fields"])
    for column, one in told["fields"].items():
        frame[column], _ = measure(rows, column, one, reading)
        if "only_with" in one:
            frame[column] = frame[column].where(frame[one["only_with"]].notna())
    some = frame[columns].notna().any(axis=1)
    for column, one in told["fields"].items():
        lacking = int((some & frame[column].isna()).sum())
        if "lacking" in one and lacking:
            reading.note(one["lacking"], "noted", column=column, count=lacking)
    if not some.all():
        reading.note(told["nothing"], "set_aside", column="; ".join(columns), count=int((~some).sum()))
    frame["_version"] = read_numbers(rows, told["version"], "version", reading) if "version" in told else 0.0
    frame = frame[some].sort_values(["date", "_version"], kind="stable", na_position="first")
    older = frame["date"].duplicated(keep="last")
    if older.any():
        reading.note("older_version", "set_aside", column="date", count=int(older.sum()))
    return frame.loc[~older, ["date", *columns]].reset_index(drop=True)


def _spread(record: Record, told: Record) -> Record:
    """Return a record of which a list of named values has become members."""
    names = told["metrics"]
    listed = dig(record, names["list"])
    values = {
        one[names["name"]]: one.get(names["value"])
        for one in (listed if isinstance(listed, list) else ())
        if isinstance(one, dict) and isinstance(one.get(names["name"]), str)
    }
    return values | record


def _dates(kept: list[tuple[int, Record]], path: str, reading: Reading) -> pd.Series[Any]:
    """Return local days; what follows the day in the text is a time of no use here."""
    raw = [dig(record, path) for _, record in kept]
    told = [dig(day, _rules()["date_within"]) if isinstance(day, dict) else day for day in raw]
    days = [day if isinstance(day, str) and len(day) < 60 else "" for day in told]
    iso = [bool(_ISO_DAY.match(day)) for day in days]
    texts = [day[:10] if known else None for day, known in zip(days, iso, strict=True)]
    dates = pd.Series(pd.to_datetime(pd.Series(texts, dtype=object), format="%Y-%m-%d", errors="coerce"))
    if not all(iso):
        words = read_moments(["" if known else day for day, known in zip(days, iso, strict=True)]).values
        dates = dates.fillna(pd.Series(words.astype("datetime64[D]").astype("datetime64[us]"), index=dates.index))
    dates = dates.where(are_set(dates.to_numpy().astype("datetime64[s]")))
    for place in np.flatnonzero(dates.isna()):
        reading.note("date_unreadable", "set_aside", row=kept[place][0], column="date", value=show(raw[place]))
    return dates


# ------------------------------------------------------------------ shoes


def _read_gear(found: Any, told: Record, reading: Reading, name: str) -> None:
    """Name the shoes, and say for each activity's id which were worn: the activities stand in another file."""
    things: list[Any] = []
    listed: list[tuple[str, Any]] = []
    for part in found if isinstance(found, list) else [found]:
        things += unwrap(dig(part, told["things"]) or [], None)
        worn = dig(part, told["worn_by"])
        for key, entries in (worn if isinstance(worn, dict) else {}).items():
            listed += [(key, entry) for entry in unwrap(entries, None)]
    _bound(len(things) + len(listed), name)
    owned = [thing for _, thing in sound_records(things, reading)]
    shoes = [one for one in owned if one.get(told["kind"]) == told["shoes"]]
    if len(owned) > len(shoes):
        reading.note("gear_not_shoes", "set_aside", column="gear", count=len(owned) - len(shoes))
    names = _name_shoes(shoes, told)
    by_key = {str(one.get(told["key"])): name for one, name in zip(shoes, names, strict=True)}
    others = {str(one.get(told["key"])) for one in owned} - by_key.keys()
    worn_by: dict[str, str] = {}
    aside = len(things) - len(shoes)
    for row, (key, entry) in enumerate(listed, 1):
        number = read_id(dig(entry, told["activity"]))
        if key in others:
            reading.note("gear_not_shoes", "set_aside", row=row, column="gear")
        elif number is None or key not in by_key:
            reading.note("record_unreadable", "set_aside", row=row, column="gear", value=show(entry))
        elif worn_by.setdefault(number, by_key[key]) != by_key[key]:
            reading.note("gear_twice", "set_aside", row=row, column="gear", value=number)
        else:
            continue
        aside += 1
    reading.tables["gear"] = pd.DataFrame({"gear": names}, dtype=object)
    reading.facts["gear_of"] = tuple(worn_by.items())
    rows = len(things) + len(listed)
    reading.facts |= {"rows": rows, "used": rows - aside, "set_aside": aside}


def _name_shoes(shoes: list[Record], told: Record) -> list[str]:
    """Name each pair as its owner did, else by make; two pairs of one name also by the month of their first use."""
    first = [next((text for label in told["labels"] if (text := read_text(one.get(label)))), "–") for one in shoes]
    alike, again = Counter(first), Counter[str]()
    names: dict[str, None] = {}
    for one, name in zip(shoes, first, strict=True):
        if alike[name] > 1:
            name = f"{name} ({show(one.get(told['begin']) or '–')[:7]})"
        while (fresh := name + (" +" * again[name] if again[name] < MOST_MARKS else f" +{again[name]}")) in names:
            again[name] += 1
        names[fresh] = None
    return list(names)
