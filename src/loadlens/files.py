"""Reads whatever a watch or platform exported, in any mix, into one running log.

Find, recognise, parse, merge, account: every file offered gets a row in ``sources``, everything set aside or changed a
row in ``ledger``. A file named alone raises when it cannot be read; a bad file in a folder or zip never stops the rest.
"""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path, PurePosixPath
from typing import Any, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd
from tqdm import tqdm

from loadlens import log, merging, words
from loadlens.containers import Unopened, find_sources
from loadlens.coverage import account_days, note_silences
from loadlens.diary_shoes import name_shoes
from loadlens.formats import apple_health, fit, garmin_account, tabular, tracks
from loadlens.formats.profile_files import read_profiles
from loadlens.formats.source import Options, Reading, Source, UnreadableFile
from loadlens.ledger_words import message_column, tell_entry, tell_message
from loadlens.log import RunningLog, reading_rules


class Format(Protocol):
    """What a format module offers; packages of others add theirs under the entry points ``loadlens.formats``.

    A module may also say ``STREAMS = True``: its files can be longer than memory, and are never held there whole.
    """

    def sniff(self, head: bytes, name: str) -> bool:
        """Say whether a file that begins like this is of this format; never raises."""

    def parse(self, source: Source, options: Options) -> Reading:
        """Read the file; raises UnreadableFile when it cannot be used at all."""


@dataclass
class _Read:
    """One file offered, and what came of it."""

    facts: dict[str, object]
    reading: Reading | None = None


def read(
    *paths: str | Path,
    tz: str | None = None,
    aliases: Mapping[str, str] | None = None,
    profiles: str | Path | Sequence[str | Path] = (),
) -> RunningLog:
    """Read exports into one running log.

    Parameters
    ----------
    *paths : str or Path
        Files, folders, zips and gzips, in any mix.
    tz : str, optional
        IANA time zone in which days are counted where a file does not say, e.g. ``"Europe/Amsterdam"``.
    aliases : mapping of str to str, optional
        Heading in a CSV file -> column of loadlens, for exports that are not known.
    profiles : path or sequence of paths, optional
        Your own profiles of CSV exports: TOML files or folders of them (``docs/exports/adding_a_csv_export.md``).

    Returns
    -------
    RunningLog
        With a row in ``sources`` for every file offered and one in ``ledger`` for all that was set aside or changed.

    Raises
    ------
    UnreadableFile
        A path does not exist, a file named alone cannot be read, nothing in all the paths holds any data, or a
        profile is wrong.
    """
    own = read_profiles(*([profiles] if isinstance(profiles, (str, Path)) else profiles))
    options = Options(tz=_known_zone(tz), aliases=dict(aliases or {}), profiles=own)
    if not paths:
        raise UnreadableFile("no_path")
    offers: list[_Read] = []
    seen: dict[str, str] = {}
    names: Counter[str] = Counter()
    for given in paths:
        path = Path(given).expanduser()
        if not path.exists():
            raise UnreadableFile("path_missing", where=path)
        for offer in tqdm(find_sources(path), desc=path.name, unit=" files", delay=1, leave=False):
            names[offer.name] += 1  # two exports are often both called Activities.csv: number the second
            again = f" ({names[offer.name]})" if names[offer.name] > 1 else ""
            alone = len(paths) == 1 and path.is_file() and offer.name == path.name
            offers.append(_read_offer(replace(offer, name=offer.name + again), options, seen, alone=alone))
            if alone and offers[-1].facts["status"] in ("unreadable", "empty"):
                raise UnreadableFile("nothing_usable", where=offer.name, why=_explain(offers[-1]))
    return _assemble(offers)


def _known_zone(tz: str | None) -> str | None:
    if tz is None:
        return None
    try:
        ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UnreadableFile("time_zone_unknown", tz=tz) from error
    return tz


@cache
def formats() -> tuple[Format, ...]:
    """Return every known format, the most telling signature first."""
    others = tuple(entry.load() for entry in entry_points(group="loadlens.formats"))
    return (*others, fit, apple_health, tracks, garmin_account, tabular)


def _read_offer(offer: Source | Unopened, options: Options, seen: dict[str, str], *, alone: bool) -> _Read:
    """Read one file; a fault of ours is an error where the file stands alone, and a row of ``sources`` among others."""
    facts: dict[str, object] = {"path": offer.name, "rows": 0, "used": 0, "set_aside": 0}
    if isinstance(offer, Unopened):
        return _Read(facts | {"status": "unreadable"} | _say_error(offer.error))
    if _is_ignored(offer.name):
        return _Read(facts | {"status": "ignored"} | _say_message("not_running_data"))
    try:
        known = _recognise(offer)
        source, facts["sha256"], facts["size"] = _identify(offer, streams=getattr(known, "STREAMS", False))
        if not facts["size"]:
            return _Read(facts | {"status": "empty"} | _say_error(UnreadableFile("file_empty", where=offer.name)))
        if facts["sha256"] in seen:
            return _Read(facts | {"status": "repeated"} | _say_message("repeated", path=seen[str(facts["sha256"])]))
        seen[str(facts["sha256"])] = offer.name
        if known is None:
            raise UnreadableFile("format_unknown", where=offer.name)
        reading = known.parse(source, options)
    except UnreadableFile as error:
        return _Read(facts | {"status": "unreadable"} | _say_error(error))
    except Exception as error:
        if alone:
            raise
        fault = UnreadableFile("reader_failed", where=offer.name, fault=f"{type(error).__name__}: {error}")
        return _Read(facts | {"status": "unreadable"} | _say_error(fault))
    told = {name: value for name, value in reading.facts.items() if name in log.describe_columns()["sources"]}
    told |= _say_message(told.pop("message", None))
    return _Read(facts | {"status": "read", "format": reading.format} | told, reading)


def _identify(offer: Source, *, streams: bool) -> tuple[Source, str, int]:
    """Return a source to parse, with digest and length of its content: held in memory, unless its format streams."""
    if streams:
        digest, size = hashlib.sha256(), 0
        for block in offer.blocks():
            digest.update(block)
            size += len(block)
        return offer, digest.hexdigest(), size
    content = offer.read()
    held = replace(offer, opener=lambda: io.BytesIO(content), bound=len(content))
    return held, hashlib.sha256(content).hexdigest(), len(content)


def _say_error(error: UnreadableFile) -> dict[str, object]:
    """Return the columns of ``sources`` that have the message, one for each language."""
    return {message_column(lang): text for lang, text in error.texts.items()}


def _say_message(what: object, **values: object) -> dict[str, object]:
    """Return those columns for a key of ``[messages]``; a format from outside may give a sentence; none without one."""
    key, known = f"messages.{what}", words.knows(f"messages.{what}")
    return {message_column(lang): words.say(key, lang, **values) if known else what for lang in words.LANGUAGES if what}


def _is_ignored(name: str) -> bool:
    rules = reading_rules()["ignored"]
    path = PurePosixPath(name)
    return (
        path.name.lower() in rules["names"]
        or path.suffix.lower() in rules["suffixes"]
        or any(folder in rules["folders"] for folder in path.parts[:-1])
    )


def _recognise(source: Source) -> Format | None:
    return next((known for known in formats() if known.sniff(source.head, source.name)), None)


def _assemble(offers: list[_Read]) -> RunningLog:
    """Make one log of all readings: conform, merge, tally shoes, account for every day."""
    whole = _conform_readings([offer for offer in offers if offer.reading is not None])
    if whole["activities"].empty and whole["wellness"].empty and whole["diary"].empty:
        told = [(offer.facts["path"], _explain(offer)) for offer in offers[:5]]
        none = {lang: words.say("error_parts.no_files", lang) for lang in words.LANGUAGES}
        reasons = {lang: "; ".join(f"{path}: {why[lang]}" for path, why in told) or none[lang] for lang in none}
        raise UnreadableFile("nothing_read", reasons=reasons)
    issues = _name_gear(whole["activities"], offers)
    activities, renamed, merged = merging.merge_activities(whole["activities"])
    wellness, differing = merging.merge_wellness(whole["wellness"])
    activities, starts, worn = name_shoes(activities, whole["diary"])
    starts = _stack("gear", [whole["gear"], log.conform("gear", starts)[0]])[["gear", "start_distance"]]
    issues += merged + differing + worn + _unsure_days(activities)
    activities["activity"], final = _name(activities)
    for name in ("laps", "minutes"):
        whole[name] = _follow(whole[name], renamed, final)
    covered = _covered(offers)
    issues += note_silences(activities, covered)
    sources = log.conform("sources", pd.DataFrame([offer.facts for offer in offers]))[0]
    return RunningLog(
        activities=activities,
        laps=whole["laps"],
        minutes=whole["minutes"],
        wellness=wellness,
        gear=log.tally_gear(activities, starts),
        diary=whole["diary"],
        days=account_days(activities, wellness, covered, whole["diary"]),
        sources=sources,
        ledger=_stack("ledger", [whole["ledger"], log.conform("ledger", pd.DataFrame(issues))[0]]),
    )


def _name_gear(activities: pd.DataFrame, offers: list[_Read]) -> list[dict[str, object]]:
    """Name the shoes of activities whose ids another file of the same export lists, in place; note ids without one."""
    issues: list[dict[str, object]] = []
    for offer in offers:
        gear_of = dict(offer.reading.facts.get("gear_of", ())) if offer.reading else {}  # type: ignore[call-overload]
        if not gear_of:
            continue
        own = activities["format"] == offer.facts["format"]
        ids = activities["source_id"].where(own)
        activities["gear"] = activities["gear"].fillna(ids.map(gear_of).astype(log.TEXT))
        missing = Counter(gear for number, gear in gear_of.items() if number not in set(ids.dropna()))
        issues += [
            {
                "source": offer.facts["path"],
                "field": "gear",
                "what": "gear_activity_unknown",
                "value": gear,
                "count": count,
                "action": "noted",
            }
            for gear, count in missing.items()
        ]
    return issues


def _explain(offer: _Read) -> dict[str, str]:
    """Return in each language why a file gave nothing: its message, and the first thing that was set aside in it."""
    aside = [entry for entry in offer.reading.ledger if entry["action"] == "set_aside"] if offer.reading else []
    why: dict[str, str] = {}
    for lang in words.LANGUAGES:
        said = [tell_message(offer.facts, lang).removeprefix(f"{offer.facts['path']}: ")]
        said += [tell_entry(entry, lang) for entry in aside[:1]]
        why[lang] = "; ".join(filter(None, said)) or words.say(f"status.{offer.facts['status']}", lang)
    return why


def _conform_readings(offers: list[_Read]) -> dict[str, pd.DataFrame]:
    """Pass the tables of all readings through the gate, each table as a whole; the ledger in the order of the files."""
    readings = [offer.reading for offer in offers if offer.reading is not None]
    paths = [str(offer.facts["path"]) for offer in offers]
    said = {path: [] for path in paths}  # type: dict[str, list[dict[str, object]]]
    for path, reading in zip(paths, readings, strict=True):  # unsure days are counted after merging
        said[path] += [entry for entry in reading.ledger if entry["what"] != "local_day_unsure"]
    whole: dict[str, pd.DataFrame] = {}
    dates: list[pd.DataFrame] = []
    for table in log.describe_columns():
        parts = [reading.tables.get(table, pd.DataFrame()) for reading in readings]
        frame, owner, wrong = _conform_parts(table, parts, paths)
        for entry in wrong:
            said[str(entry["source"])].append(entry)
        if table in ("activities", "wellness"):
            frame["format"] = pd.Series([readings[number].format for number in owner], dtype=log.TEXT)
        if "date" in frame:
            dates.append(pd.DataFrame({"owner": owner, "date": frame["date"]}))
        whole[table] = frame
    spans = pd.concat(dates).dropna().groupby("owner")["date"].agg(["min", "max"])
    for number, first, last in spans.itertuples():
        offers[number].facts |= {"first_date": first, "last_date": last}
    entries = [entry | {"source": entry.get("source") or path} for path in paths for entry in said[path]]
    whole["ledger"] = log.conform("ledger", pd.DataFrame(entries))[0]
    return whole


def _conform_parts(
    table: str, parts: list[pd.DataFrame], paths: list[str]
) -> tuple[pd.DataFrame, np.ndarray, list[dict[str, object]]]:
    """Join the parts of a table, ids of activities made distinct; return also the number of the part of each row."""
    alike: dict[object, list[int]] = {}
    for number, part in enumerate(parts):
        if len(part):  # what differs in columns or types is not joined before it is conformed
            alike.setdefault(tuple(zip(part.columns, part.dtypes, strict=True)), []).append(number)
    if not alike:
        return log.empty_table(table), np.empty(0, int), []
    frames, owners, issues = [], [], []
    for numbers in alike.values():
        frame = pd.concat([parts[number] for number in numbers], ignore_index=True)
        owner = np.repeat(numbers, [len(parts[number]) for number in numbers])
        source = np.array(paths, object)[owner]
        if "activity" in frame:
            frame["activity"] = [f"{n}:{key}" for n, key in zip(owner.tolist(), frame["activity"], strict=True)]
        if "source" in log.describe_columns()[table]:
            frame["source"] = source
        frame, wrong = log.conform(table, frame, source)
        frames.append(frame)
        owners.append(owner)
        issues += wrong
    owner = np.concatenate(owners)
    order = np.argsort(owner, kind="stable")
    return pd.concat(frames, ignore_index=True).iloc[order].reset_index(drop=True), owner[order], issues


def _stack(table: str, parts: list[pd.DataFrame]) -> pd.DataFrame:
    parts = [part for part in parts if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else log.empty_table(table)


def _name(activities: pd.DataFrame) -> tuple[pd.Series[Any], dict[str, str]]:
    """Name each activity by its start; a second one at the same time gets a number."""
    start = activities["start_local"].fillna(activities["start_utc"].dt.tz_localize(None)).fillna(activities["date"])
    names = start.dt.strftime("%Y-%m-%d-%H%M").fillna("undated").astype(log.TEXT)
    again = names.groupby(names).cumcount()
    names = names.where(again == 0, names + "-" + (again + 1).astype(str))
    return names, dict(zip(activities["activity"], names, strict=True))


def _follow(table: pd.DataFrame, renamed: dict[str, str], final: dict[str, str]) -> pd.DataFrame:
    """Give laps and minutes the final activity ids; of activities seen twice only one source's are kept."""
    if table.empty:
        return table
    chosen: dict[str, str] = {}
    for name in table["activity"].unique():
        group = renamed.get(name, name)
        if name == group or group not in chosen:
            chosen[group] = name
    names = {name: final[renamed.get(name, name)] for name in chosen.values()}
    kept = table[table["activity"].isin(list(names))].copy()
    kept["activity"] = kept["activity"].map(names).astype(log.TEXT)
    return kept.reset_index(drop=True)


def _covered(offers: list[_Read]) -> pd.DataFrame:
    """Spans over which a list names every activity."""
    spans = [
        {"source": offer.facts["path"], "first": offer.facts["first_date"], "last": offer.facts["last_date"]}
        for offer in offers
        if offer.reading is not None and offer.reading.facts.get("covers") and "first_date" in offer.facts
    ]
    return pd.DataFrame(spans, columns=["source", "first", "last"])


def _unsure_days(activities: pd.DataFrame) -> list[dict[str, object]]:
    """One ledger row for each source whose activities could belong to the day before or after."""
    unsure = activities[activities["time_zone_from"] == "assumed"]
    return [
        {"source": source, "field": "date", "what": "local_day_unsure", "count": len(rows), "action": "noted"}
        for source, rows in unsure.groupby("source")
    ]
