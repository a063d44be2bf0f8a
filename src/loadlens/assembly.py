"""Makes one log of what was read from many files: conform, merge, settle days, tally shoes, account for every day."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from loadlens import log, words
from loadlens.coverage import account_days, note_runs_at_once, note_silences
from loadlens.daily_sources import merge_wellness
from loadlens.diary_shoes import name_shoes
from loadlens.formats.source import Reading, UnreadableFile
from loadlens.ledger_words import tell_entry, tell_message
from loadlens.local_days import settle_days
from loadlens.log import RunningLog
from loadlens.merging import Merged, merge_activities

READ = ("activities", "laps", "minutes", "wellness", "gear", "diary")
"""Tables that readings may have."""


@dataclass
class Offered:
    """One file offered, and what came of it: its row of ``sources``, and its reading where it could be read."""

    facts: dict[str, object]
    reading: Reading | None = None
    same_as: str | None = None
    """Name of the file of the same content that was read in its place."""
    fault: bool = False
    """Whether a reader failed on it, which may not happen again."""


def assemble(offers: list[Offered]) -> RunningLog:
    """Make one log of all readings: conform, merge, tally shoes, account for every day."""
    whole = _conform_readings([offer for offer in offers if offer.reading is not None])
    if whole["activities"].empty and whole["wellness"].empty and whole["diary"].empty:
        told = [(offer.facts["path"], explain(offer)) for offer in offers[:5]]
        reasons = {lang: "; ".join(f"{path}: {why[lang]}" for path, why in told) for lang in words.LANGUAGES}
        raise UnreadableFile("nothing_read", reasons=reasons)
    issues = _name_gear(whole["activities"], offers)
    same_as = {str(offer.facts["path"]): offer.same_as for offer in offers if offer.same_as}
    recorded = frozenset(whole["minutes"]["activity"])
    merged = merge_activities(whole["activities"], same_as=same_as, recorded=recorded)
    wellness, by_source, differing = merge_wellness(whole["wellness"])
    activities, unsure = settle_days(merged.activities)
    activities = activities.sort_values(["date", "start_local", "start_utc"], kind="stable").reset_index(drop=True)
    activities, starts, worn = name_shoes(activities, whole["diary"])
    starts = _stack("gear", [whole["gear"], log.conform("gear", starts)[0]])[["gear", "start_distance"]]
    issues += merged.issues + differing + unsure + worn
    activities["activity"], final = _name(activities)
    for name in ("laps", "minutes"):
        whole[name] = _follow(whole[name], merged, final)
    covered = _covered(offers)
    issues += note_silences(activities, covered) + note_runs_at_once(activities)
    sources = log.conform("sources", pd.DataFrame([offer.facts for offer in offers]))[0]
    return RunningLog(
        activities=activities,
        laps=whole["laps"],
        minutes=whole["minutes"],
        wellness=wellness,
        gear=log.tally_gear(activities, starts),
        diary=whole["diary"],
        days=account_days(activities, by_source, covered, whole["diary"]),
        sources=sources,
        ledger=_stack("ledger", [whole["ledger"], log.conform("ledger", pd.DataFrame(issues))[0]]),
        wellness_by_source=by_source,
    )


def _name_gear(activities: pd.DataFrame, offers: list[Offered]) -> list[dict[str, object]]:
    """Name the shoes of activities whose ids another file of the same export lists, in place; note ids without one."""
    issues: list[dict[str, object]] = []
    for offer in offers:
        gear_of = dict(offer.reading.facts.get("gear_of", ())) if offer.reading else {}  # type: ignore[call-overload]
        if not gear_of:
            continue
        own = activities["format"] == offer.facts["format"]
        ids = activities["source_id"].where(own)
        activities["gear"] = activities["gear"].fillna(ids.map(gear_of).astype(log.TEXT))
        listed = set(ids.dropna())
        missing = Counter(gear for number, gear in gear_of.items() if number not in listed)
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


def explain(offer: Offered) -> dict[str, str]:
    """Return in each language why a file gave nothing: its message, and the first thing that was set aside in it."""
    aside = [entry for entry in offer.reading.ledger if entry["action"] == "set_aside"] if offer.reading else []
    why: dict[str, str] = {}
    for lang in words.LANGUAGES:
        said = [tell_message(offer.facts, lang).removeprefix(f"{offer.facts['path']}: ")]
        said += [tell_entry(entry, lang) for entry in aside[:1]]
        why[lang] = "; ".join(filter(None, said)) or words.say(f"status.{offer.facts['status']}", lang)
    return why


def _conform_readings(offers: list[Offered]) -> dict[str, pd.DataFrame]:
    """Pass the tables of all readings through the gate, each table as a whole; the ledger in the order of the files."""
    readings = [offer.reading for offer in offers if offer.reading is not None]
    paths = [str(offer.facts["path"]) for offer in offers]
    said = {path: [] for path in paths}  # type: dict[str, list[dict[str, object]]]
    for path, reading in zip(paths, readings, strict=True):  # unsure days are counted after merging
        said[path] += [entry for entry in reading.ledger if entry["what"] != "local_day_unsure"]
    whole: dict[str, pd.DataFrame] = {}
    dates: list[pd.DataFrame] = []
    nothing = pd.DataFrame()
    for table in READ:
        parts = [reading.tables.get(table, nothing) for reading in readings]
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


def _follow(table: pd.DataFrame, merged: Merged, final: dict[str, str]) -> pd.DataFrame:
    """Give laps and minutes the final activity ids; of activities seen twice only one source's are kept.

    Where a run stands in parts, all parts are kept unless the whole has its own: minutes go on from the start of the
    first part, laps are numbered through.
    """
    if table.empty:
        return table
    present = table["activity"].unique().tolist()
    whole = {name: merged.renamed.get(name, name) for name in present}
    in_parts = {whole[name] for name in present if name in merged.later}
    single = [name for name in present if name not in merged.later and name not in merged.spare]
    in_one = {whole[name] for name in single}
    chosen: dict[str, str] = {}
    for name in single:
        group = whole[name]
        if name == group or group not in chosen:
            chosen[group] = name
    names = {name: final[whole[name]] for name in chosen.values()}
    names |= {name: final[whole[name]] for name in merged.later if whole.get(name) in in_parts - in_one}
    kept = table[table["activity"].isin(list(names))].copy()
    if "minute" in kept:
        kept["minute"] = kept["minute"] + kept["activity"].map(merged.later).fillna(0).astype("Int64")
    kept["activity"] = kept["activity"].map(names).astype(log.TEXT)
    if "lap" in kept and in_parts:
        several = kept["activity"].isin([final[group] for group in in_parts])
        kept["lap"] = kept["lap"].mask(several, kept.groupby("activity").cumcount() + 1)
    return kept.reset_index(drop=True)


def _covered(offers: list[Offered]) -> pd.DataFrame:
    """Spans over which a list names every activity."""
    spans = [
        {"source": offer.facts["path"], "first": offer.facts["first_date"], "last": offer.facts["last_date"]}
        for offer in offers
        if offer.reading is not None and offer.reading.facts.get("covers") and "first_date" in offer.facts
    ]
    return pd.DataFrame(spans, columns=["source", "first", "last"])
