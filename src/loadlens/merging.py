"""The same run from two sources becomes one, field by field.

Exact joins come first (a platform's list names the recording it belongs to, two sources give one id), then start and
duration, then clocks that are a time zone apart, then days of a list without times; last, one run in several files,
and the legs of a multisport activity. Ids and places of all that went in are kept in ``merged_from``; the ledger lists
every merge. What one source lists twice stays two and is noted: a list is taken at its word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from loadlens.log import MOST_ALIKE, TEXT, reading_rules
from loadlens.matching import find_named, find_same_days, find_same_starts, find_shifted, unite
from loadlens.precedence import list_sources, rank
from loadlens.run_parts import Taken, combine_parts, find_legs, find_parts

CLOCK = ["start_local", "date", "time_zone_from"]
_STEPS = ["cadence", "max_cadence", "steps", "step_length"]
_CLOCK_ORDER = {"file": 0, "joined_file": 1, "record": 2, "position": 3, "user": 4, "neighbour": 5, "assumed": 6}


@dataclass
class Merged:
    """Activities of which each stands once.

    Attributes
    ----------
    activities : DataFrame
        One row per activity, oldest first, without ``format``.
    renamed : dict
        Activity id before -> activity id that it became part of; only those that changed.
    later : dict
        Activity id before -> minutes after the start of the whole, of the parts of a run in several files.
    spare : set
        Activity ids of sources that tell of a part which a finer source tells of too.
    issues : list of dict
        One ledger row for each merge, and for each activity that one source lists twice.
    """

    activities: pd.DataFrame
    renamed: dict[str, str] = field(default_factory=dict)
    later: dict[str, int] = field(default_factory=dict)
    spare: set[str] = field(default_factory=set)
    issues: list[dict[str, object]] = field(default_factory=list)


def merge_activities(
    activities: pd.DataFrame,
    *,
    same_as: Mapping[str, str] | None = None,
    recorded: frozenset[str] | None = None,
) -> Merged:
    """Join activities that are one and the same; the order of the rows makes no difference.

    Parameters
    ----------
    activities : DataFrame
        The conformed table of all sources together, with an extra column ``format``.
    same_as : mapping of str to str, optional
        Name of a file -> name of the file of the same content that was read in its place.
    recorded : frozenset of str, optional
        Activities that have minutes: a format that no class in ``data/reading.toml`` names is then a recording.

    Returns
    -------
    Merged
    """
    table = rank(activities, recorded or frozenset())
    sources = list_sources(table)
    together = find_same_starts(table)
    names = table["source"].tolist()
    twins = [pair for pair in together if names[pair.one] == names[pair.other]]
    pairs = find_named(table, same_as or {}) + together
    groups = unite(sources, pairs)
    joined: dict[int, frozenset[str]] = {}
    for group, own in zip(groups, sources, strict=True):
        joined[group] = joined.get(group, frozenset()) | own
    pairs += find_shifted(table, [joined[group] for group in groups])
    pairs += find_same_days(table)
    table["_group"] = unite(sources, pairs)
    merged = Merged(table, issues=_note_twins(table, [(pair.one, pair.other) for pair in twins]))
    _join_groups(merged, "merged")
    _join_parts(merged)
    _divide_wholes(merged)
    whole = merged.activities.drop(columns=["format", "_rank"])
    order = ["date", "start_local", "start_utc", "source", "source_row", "activity"]
    merged.activities = whole.sort_values(order, kind="stable").reset_index(drop=True)
    return merged


def _note_twins(table: pd.DataFrame, pairs: list[tuple[int, int]]) -> list[dict[str, object]]:
    """Ledger rows for activities that one source itself lists twice, each with the first that it is like: both stay."""
    sources, rows = table["source"].tolist(), table["source_row"].tolist()
    first: dict[int, int] = {}
    for a, b in sorted(pairs):
        first.setdefault(b, a)
    issues: list[dict[str, object]] = []
    told: Counter[str] = Counter(sources[b] for b in first)
    noted: Counter[str] = Counter()
    for b, a in sorted(first.items(), key=lambda pair: pair[::-1]):
        noted[sources[b]] += 1
        number, beyond = noted[sources[b]], told[sources[b]] - MOST_ALIKE
        if number <= MOST_ALIKE + 1:  # the last one counts all that are left
            count = beyond if number > MOST_ALIKE else 1
            row = None if count > 1 else rows[b]
            entry = {"source": sources[b], "row": row, "field": "start_local", "what": "listed_twice"}
            issues.append(entry | {"value": rows[a], "count": count, "action": "noted"})
    return issues


def _join_groups(merged: Merged, what: str, gone: Mapping[Any, int] | None = None) -> None:
    """Make one row of the rows of each ``_group`` of the activities, and drop that column.

    `gone` says of a group how many rows became part of its first one, where that is not told by its number of rows.
    """
    table = merged.activities
    single = ~table["_group"].duplicated(keep=False)
    rows = table[~single]
    merged.activities = table.drop(columns="_group")
    if rows.empty:
        return
    whole = _merge_groups(rows)
    kept = dict(zip(whole["_group"], whole["activity"], strict=True))
    _rename(merged, rows["activity"], [kept[group] for group in rows["_group"]])
    counts = gone or {group: count - 1 for group, count in rows["_group"].value_counts().items()}
    merged.issues += [
        {
            "source": source,
            "row": row,
            "field": None,
            "what": what,
            "value": places,
            "count": counts[group],
            "action": "merged",
        }
        for source, row, places, group in zip(
            whole["source"], whole["source_row"], whole["merged_from"], whole["_group"], strict=True
        )
    ]
    merged.activities = _stack([merged.activities[single], whole.drop(columns="_group")])


def _rename(merged: Merged, names: Any, kept: Any) -> None:
    """Follow activities to the one that they became part of."""
    now = {name: new for name, new in zip(names, kept, strict=True) if name != new}
    merged.renamed = {name: now.get(new, new) for name, new in merged.renamed.items()} | now


def _join_parts(merged: Merged) -> None:
    """Join runs that stand as a whole in one source and in parts in another, until nothing is left to join."""
    while taken := find_parts(merged.activities):
        _put_together(merged, taken)


def _put_together(merged: Merged, taken: Taken) -> None:
    table = merged.activities
    rows = []
    for whole, parts in taken:
        one, later = combine_parts(table.iloc[parts])
        merged.later |= later
        merged.spare |= {name for name, kept in merged.renamed.items() if kept in later}
        one["merged_from"] = _join_places(_list_places(table.iloc[parts]))
        _rename(merged, table["activity"].iloc[parts], [one["activity"].iloc[0]] * len(parts))
        rows += [table.iloc[[whole]].assign(_group=whole), one.assign(_group=whole)]
    gone = [place for whole, parts in taken for place in (whole, *parts)]
    rest = table.drop(index=gone).assign(_group=lambda kept: -1 - np.arange(len(kept)))
    merged.activities = _stack([rest, *rows]).sort_values("_rank", kind="stable")
    merged.activities = merged.activities.reset_index(drop=True)
    _join_groups(merged, "parts_joined", {whole: len(parts) for whole, parts in taken})


def _stack(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Put tables under each other; pandas before 3 warns where one of them is empty."""
    return pd.concat([part for part in parts if len(part)], ignore_index=True)


def _list_places(rows: pd.DataFrame) -> list[list[str]]:
    """Return for each row the places it was read from."""
    columns = (rows[name].tolist() for name in ("source", "source_row", "merged_from"))
    return [
        [source if pd.isna(row) else f"{source} #{row}"] if pd.isna(places) else places.split("; ")
        for source, row, places in zip(*columns, strict=True)
    ]


def _join_places(places: list[list[str]]) -> str:
    return "; ".join(dict.fromkeys(place for own in places for place in own))


def _divide_wholes(merged: Merged) -> None:
    """Take a multisport activity out where its legs are there: they would count twice."""
    table = merged.activities
    found = find_legs(table)
    places = _list_places(table) if found else []
    for whole, legs in found:
        row = table.iloc[whole]
        merged.issues.append(
            {
                "source": row["source"],
                "row": row["source_row"],
                "field": "sport",
                "what": "multisport_divided",
                "value": _join_places([places[whole]]),
                "count": len(legs),
                "action": "merged",
            }
        )
        for leg in legs:
            table.loc[table.index[leg], "merged_from"] = _join_places([places[leg], places[whole]])
        _rename(merged, [row["activity"]], [table["activity"].iloc[legs[0]]])
    merged.activities = table.drop(index=table.index[[whole for whole, _ in found]]).reset_index(drop=True)


# ------------------------------------------------------------------ one row of several


def _merge_groups(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each group: each field from the finest source that has it, the clock as one piece."""
    merged = rows.groupby("_group", sort=False).first().reset_index()[list(rows.columns)]
    clock = rows["time_zone_from"].map(_CLOCK_ORDER).fillna(len(_CLOCK_ORDER)).to_numpy(float)
    bare = (rows["start_local"].isna() & rows["start_utc"].isna()).to_numpy()
    clock += len(_CLOCK_ORDER) * bare  # a day alone says less than a clock
    best = _least_of_each(rows, clock, merged)
    for name in CLOCK:
        merged[name] = best[name].array
    _choose_sport(merged, rows)
    places: dict[int, list[list[str]]] = {}
    for group, own in zip(rows["_group"], _list_places(rows), strict=True):
        places.setdefault(group, []).append(own)
    merged["merged_from"] = pd.array([_join_places(places[group]) for group in merged["_group"]], dtype=TEXT)
    return merged


def _least_of_each(rows: pd.DataFrame, number: np.ndarray, merged: pd.DataFrame) -> pd.DataFrame:
    """Return of each group the row with the smallest number, the first of equals; in the order of `merged`."""
    least = rows.iloc[np.argsort(number, kind="stable")].drop_duplicates("_group")
    return least.set_index("_group").reindex(merged["_group"])


def _choose_sport(merged: pd.DataFrame, rows: pd.DataFrame) -> None:
    """Take the sport from the finest source that names one: "other" names none, and some formats know only a few."""
    rules = reading_rules()["merging"]
    unnamed = rows["sport"].isna() | (rows["sport"] == "other")
    doubt = 4 * unnamed + 2 * rows["sport_as_exported"].isna() + rows["format"].isin(rules["vague_sports"])
    chosen = _least_of_each(rows, doubt.to_numpy(), merged)
    alike = rows["sport"] == rows["_group"].map(chosen["sport"])
    kinds = rows["sub_sport"].where(alike).groupby(rows["_group"], sort=False).first()
    merged["sport"], merged["sport_as_exported"] = chosen["sport"].array, chosen["sport_as_exported"].array
    merged["sub_sport"] = kinds.reindex(merged["_group"]).array
    on_foot = merged["sport"].isin(rules["on_foot"])
    for name in _STEPS:
        merged[name] = merged[name].where(on_foot)
