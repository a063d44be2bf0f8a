"""Reads whatever a watch or platform exported, in any mix, into one running log.

Find, recognise, parse, merge, account: every file offered gets a row in ``sources``, everything set aside or changed a
row in ``ledger``. A file named alone raises when it cannot be read; a bad file in a folder or zip never stops the rest.
"""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path, PurePosixPath
from typing import Any, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd
from tqdm import tqdm

from loadlens import log, merging, words
from loadlens.containers import Unopened, find_sources
from loadlens.formats import fit, tabular
from loadlens.formats.source import Options, Reading, Source, UnreadableFile
from loadlens.log import RunningLog, reading_rules


class Format(Protocol):
    """What a format module offers; packages of others add theirs under the entry points ``loadlens.formats``."""

    def sniff(self, head: bytes, name: str) -> bool:
        """Say whether a file that begins like this is of this format; never raises."""

    def parse(self, source: Source, options: Options) -> Reading:
        """Read the file; raises UnreadableFile when it cannot be used at all."""


@dataclass
class _Read:
    """One file offered, and what came of it."""

    facts: dict[str, object]
    reading: Reading | None = None


def read(*paths: str | Path, tz: str | None = None, aliases: Mapping[str, str] | None = None) -> RunningLog:
    """Read exports into one running log.

    Parameters
    ----------
    *paths : str or Path
        Files, folders, zips and gzips, in any mix.
    tz : str, optional
        IANA time zone in which days are counted where a file does not say, e.g. ``"Europe/Amsterdam"``.
    aliases : mapping of str to str, optional
        Heading in a CSV file -> column of loadlens, for exports that are not known.

    Returns
    -------
    RunningLog
        With a row in ``sources`` for every file offered and one in ``ledger`` for all that was set aside or changed.

    Raises
    ------
    UnreadableFile
        A path does not exist, a file named alone cannot be read, or nothing in all the paths holds any data.
    """
    options = Options(tz=_known_zone(tz), aliases=dict(aliases or {}))
    if not paths:
        raise UnreadableFile("read(): no path given; name a file, a folder or a zip that your platform exported")
    offers: list[_Read] = []
    seen: dict[str, str] = {}
    names: Counter[str] = Counter()
    for given in paths:
        path = Path(given).expanduser()
        if not path.exists():
            raise UnreadableFile(f"{path}: does not exist; name a file, a folder or a zip that your platform exported")
        for offer in tqdm(find_sources(path), desc=path.name, unit=" files", delay=1, leave=False):
            names[offer.name] += 1  # two exports are often both called Activities.csv: number the second
            again = f" ({names[offer.name]})" if names[offer.name] > 1 else ""
            offers.append(_read_offer(replace(offer, name=offer.name + again), options, seen))
            if path.is_file() and offer.name == path.name and offers[-1].facts["status"] in ("unreadable", "empty"):
                raise UnreadableFile(_reason(offers[-1]))
    return _assemble(offers)


def _known_zone(tz: str | None) -> str | None:
    if tz is None:
        return None
    try:
        ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UnreadableFile(f"tz: {tz!r} is not a time zone; would be right: 'Europe/Amsterdam'") from error
    return tz


@cache
def formats() -> tuple[Format, ...]:
    """Return every known format, the most telling signature first."""
    others = tuple(entry.load() for entry in entry_points(group="loadlens.formats"))
    return (*others, fit, tabular)


def _read_offer(offer: Source | Unopened, options: Options, seen: dict[str, str]) -> _Read:
    facts: dict[str, object] = {"path": offer.name, "rows": 0, "used": 0, "set_aside": 0}
    if isinstance(offer, Unopened):
        return _Read(facts | {"status": "unreadable", "message": offer.message})
    if _is_ignored(offer.name):
        return _Read(facts | {"status": "ignored", "message": "not_running_data"})
    try:
        content = offer.read()
        facts |= {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        if not content:
            return _Read(facts | {"status": "empty", "message": f"{offer.name}: the file is empty; export it again"})
        if facts["sha256"] in seen:
            return _Read(facts | {"status": "repeated", "message": seen[str(facts["sha256"])]})
        seen[str(facts["sha256"])] = offer.name
        source = replace(offer, opener=lambda: io.BytesIO(content))
        reading = _recognise(source).parse(source, options)
    except UnreadableFile as error:
        return _Read(facts | {"status": "unreadable", "message": str(error)})
    known = {name: value for name, value in reading.facts.items() if name in log.describe_columns()["sources"]}
    return _Read(facts | {"status": "read", "format": reading.format} | known, reading)


def _is_ignored(name: str) -> bool:
    rules = reading_rules()["ignored"]
    path = PurePosixPath(name)
    return (
        path.name.lower() in rules["names"]
        or path.suffix.lower() in rules["suffixes"]
        or any(folder in rules["folders"] for folder in path.parts[:-1])
    )


def _recognise(source: Source) -> Format:
    for known in formats():
        if known.sniff(source.head, source.name):
            return known
    raise UnreadableFile(
        f"{source.name}: not a format loadlens reads; would be right: FIT files, Garmin's Activities.csv, "
        "a Strava archive, a CSV of daily resting heart rate or sleep"
    )


def _assemble(offers: list[_Read]) -> RunningLog:
    """Make one log of all readings: conform, merge, tally shoes, account for every day."""
    tables: dict[str, list[pd.DataFrame]] = {name: [] for name in log.describe_columns()}
    taken: set[str] = set()
    for offer in offers:
        if offer.reading is not None:
            _conform_reading(offer, tables, taken)
    whole = {name: _stack(name, parts) for name, parts in tables.items()}
    if whole["activities"].empty and whole["wellness"].empty and whole["diary"].empty:
        raise UnreadableFile("nothing to read was found: " + ("; ".join(map(_reason, offers[:5])) or "no files at all"))
    issues: list[dict[str, object]] = []
    activities, renamed, merged = merging.merge_activities(whole["activities"])
    wellness, differing = merging.merge_wellness(whole["wellness"])
    issues += merged + differing + _unsure_days(activities)
    activities["activity"], final = _name(activities)
    for name in ("laps", "minutes"):
        whole[name] = _follow(whole[name], renamed, final)
    covered = _covered(offers)
    issues += _vanished(activities, covered)
    sources = log.conform("sources", pd.DataFrame([offer.facts for offer in offers]))[0]
    return RunningLog(
        activities=activities,
        laps=whole["laps"],
        minutes=whole["minutes"],
        wellness=wellness,
        gear=log.tally_gear(activities, whole["gear"][["gear", "start_distance"]]),
        diary=whole["diary"],
        days=log.account_days(activities, wellness, covered, whole["diary"]),
        sources=sources,
        ledger=_stack("ledger", [whole["ledger"], log.conform("ledger", pd.DataFrame(issues))[0]]),
    )


def _reason(offer: _Read) -> str:
    """Why a file gave nothing, in a sentence that names it."""
    name, message = str(offer.facts["path"]), str(offer.facts.get("message") or "")
    if words.knows(f"messages.{message}"):
        return f"{name}: {words.say(f'messages.{message}')}"
    if message.startswith(name):
        return message
    for entry in offer.reading.ledger if offer.reading else []:
        if entry["action"] == "set_aside":
            shown = {"value": entry["value"], "column": entry["field"], "row": entry["row"], "count": entry["count"]}
            return f"{name}: " + words.say(f"ledger.{entry['what']}", **shown)
    return f"{name}: {words.say('status.' + str(offer.facts['status']))} {message}".rstrip()


def _conform_reading(offer: _Read, tables: dict[str, list[pd.DataFrame]], taken: set[str]) -> None:
    """Pass the tables of one reading through the gate, under activity ids that no other reading has."""
    reading, name = offer.reading, str(offer.facts["path"])
    assert reading is not None
    entries = [entry for entry in reading.ledger if entry["what"] != "local_day_unsure"]  # counted after merging
    prefix = f"{len(taken)}:"
    taken.add(name)
    dates = []
    for table, raw in reading.tables.items():
        frame = raw.copy()
        if "activity" in frame:
            frame["activity"] = prefix + frame["activity"].astype(str)
        if "source" in log.describe_columns()[table]:
            frame["source"] = name
        frame, wrong = log.conform(table, frame)
        entries += wrong
        if table in ("activities", "wellness"):
            frame["format"] = reading.format
        if "date" in frame:
            dates.append(frame["date"])
        tables[table].append(frame)
    every = pd.concat(dates).dropna() if dates else pd.Series(dtype="datetime64[us]")
    if len(every):
        offer.facts |= {"first_date": every.min(), "last_date": every.max()}
    if entries:
        tables["ledger"].append(log.ledger_rows(name, entries))


def _stack(table: str, parts: list[pd.DataFrame]) -> pd.DataFrame:
    parts = [part for part in parts if len(part)]
    if parts:
        return pd.concat(parts, ignore_index=True)
    empty = log.empty_table(table)
    return empty.assign(format=pd.Series(dtype=log.TEXT)) if table in ("activities", "wellness") else empty


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
    kept = table[table["activity"].isin(list(chosen.values()))].copy()
    kept["activity"] = kept["activity"].map(lambda name: final[renamed.get(name, name)]).astype(log.TEXT)
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


def _vanished(activities: pd.DataFrame, covered: pd.DataFrame) -> list[dict[str, object]]:
    """One ledger row for each long silence in a list: a month that vanished, or a real break."""
    most = pd.Timedelta(days=reading_rules()["coverage"]["silence_worth_saying_days"])
    issues: list[dict[str, object]] = []
    for source, first, last in covered.itertuples(index=False):
        dates = activities.loc[activities["date"].between(first, last), "date"].drop_duplicates().sort_values()
        for start, length in zip(dates, (dates.shift(-1) - dates), strict=True):
            if length > most:
                issues.append(
                    {
                        "source": source,
                        "field": "date",
                        "what": "long_silence",
                        "value": f"{start:%Y-%m-%d}",
                        "count": length.days - 1,
                        "action": "noted",
                    }
                )
    return issues
