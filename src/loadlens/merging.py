"""The same run from two sources becomes one, field by field.

Exact joins come first (a platform's list names the recording it belongs to), then start and duration. Ids and places of
all that went in are kept in ``merged_from``; the ledger lists every merge. What one source lists twice stays two and is
noted: a list is taken at its word.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from loadlens.log import describe_columns, reading_rules

_CLOCK = ["start_local", "date", "time_zone_from"]
_CLOCK_ORDER = {"file": 0, "joined_file": 1, "record": 2, "position": 3, "user": 4, "assumed": 5}


def merge_activities(activities: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str], list[dict[str, object]]]:
    """Join activities that are one and the same.

    Parameters
    ----------
    activities : DataFrame
        The conformed table of all sources together, with an extra column ``format``.

    Returns
    -------
    activities : DataFrame
        One row per activity, oldest first, without ``format``.
    renamed : dict
        Activity id before -> activity id that it became part of; only those that changed.
    issues : list of dict
        One ledger row for each merge, and for each activity that one source lists twice.
    """
    table = _rank(activities)
    together = _same_start(table, "start_utc") + _same_start(table, "start_local")
    sources = table["source"].tolist()
    pairs = _same_recording(table) + [(a, b) for a, b in together if sources[a] != sources[b]]
    table["_group"] = _unite(len(table), pairs)
    single = ~table["_group"].duplicated(keep=False)
    parts = [table[single]]
    renamed: dict[str, str] = {}
    issues = _note_twins(table, {(a, b) for a, b in together if sources[a] == sources[b]})
    for _, rows in table[~single].groupby("_group", sort=False):
        merged = _merge_rows(rows)
        renamed |= dict.fromkeys(rows["activity"].iloc[1:], rows["activity"].iloc[0])
        issues.append(
            {
                "source": merged["source"].iloc[0],
                "row": merged["source_row"].iloc[0],
                "field": None,
                "what": "merged",
                "value": merged["merged_from"].iloc[0],
                "count": len(rows) - 1,
                "action": "merged",
            }
        )
        parts.append(merged)
    whole = pd.concat(parts) if len(parts) > 1 else parts[0]
    whole = whole.drop(columns=["format", "_rank", "_group"])
    whole = whole.sort_values(["date", "start_local", "start_utc"], kind="stable").reset_index(drop=True)
    return whole, renamed, issues


def _note_twins(table: pd.DataFrame, pairs: set[tuple[int, int]]) -> list[dict[str, object]]:
    """Ledger rows for activities that one source itself lists twice: they stay two, since a list is taken at its word."""
    return [
        {
            "source": table["source"].iloc[b],
            "row": table["source_row"].iloc[b],
            "field": "start_local",
            "what": "listed_twice",
            "value": table["source_row"].iloc[a],
            "count": 1,
            "action": "noted",
        }
        for a, b in sorted(pairs)
    ]


def _rank(activities: pd.DataFrame) -> pd.DataFrame:
    """Order rows so that the finest source comes first; an entry that is not listed comes last."""
    order = {name: place for place, name in enumerate(reading_rules()["merging"]["precedence"])}
    table = activities.copy()
    table["_rank"] = table["format"].map(order).fillna(len(order))
    return table.sort_values("_rank", kind="stable").reset_index(drop=True)


def _same_recording(table: pd.DataFrame) -> list[tuple[int, int]]:
    """Pairs of a list's row and the recording that it names, which lies beside the list."""
    recordings = {source: place for place, source in enumerate(table["source"]) if pd.isna(table["file"].iloc[place])}
    pairs = []
    for place in np.flatnonzero(table["file"].notna().to_numpy()):
        folder, _, _ = str(table["source"].iloc[place]).rpartition("/")
        target = f"{folder}/{table['file'].iloc[place]}".lstrip("/")
        if target in recordings:
            pairs.append((recordings[target], int(place)))
    return pairs


def _same_start(table: pd.DataFrame, clock: str) -> list[tuple[int, int]]:
    """Pairs that start together on one clock, last as long, and are not two different sports."""
    rules = reading_rules()["merging"]
    known = table[table[clock].notna()].sort_values(clock, kind="stable")
    seconds = (known[clock] - pd.Timestamp("2000-01-01", tz=known[clock].dt.tz)).dt.total_seconds().to_numpy()
    lengths = {name: known[name].to_numpy() for name in ("duration", "moving", "elapsed", "distance")}
    runs = (known["sport"] == "run").to_numpy()
    places = known.index.to_numpy()
    pairs = []
    for step in range(1, 5):  # a run in five sources at once is the most that is looked for
        near = seconds[step:] - seconds[:-step] <= rules["start_seconds"]
        for first in np.flatnonzero(near & (runs[step:] == runs[:-step])).tolist():
            if _as_long(lengths, first, first + step, rules["share"]):
                pairs.append((int(places[first]), int(places[first + step])))
    return pairs


def _as_long(lengths: dict[str, Any], one: int, other: int, share: float) -> bool:
    """Whether any of the durations agree, or, where one lacks a duration, the distances."""
    times = [
        (lengths[a][one], lengths[b][other])
        for a in ("duration", "moving", "elapsed")
        for b in ("duration", "moving", "elapsed")
    ]
    times = [(a, b) for a, b in times if a > 0 and b > 0]  # NaN is not > 0
    if not times:
        a, b = lengths["distance"][one], lengths["distance"][other]
        times = [(a, b)] if a > 0 and b > 0 else []
    return any(abs(a - b) <= share * max(a, b) for a, b in times)


def _unite(count: int, pairs: list[tuple[int, int]]) -> list[int]:
    """Return for each of `count` rows the number of its group, when the rows of every pair belong together."""
    parent = list(range(count))

    def find(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    for one, other in pairs:
        a, b = sorted((find(one), find(other)))
        parent[b] = a
    return [find(row) for row in range(count)]


def _merge_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row: each field from the finest source that has it, the clock as one piece."""
    merged = rows.bfill().iloc[:1].copy()
    clock = rows["time_zone_from"].map(_CLOCK_ORDER).fillna(len(_CLOCK_ORDER)).to_numpy().argmin()
    for name in _CLOCK:
        merged[name] = rows[name].iloc[clock]
    if rows["start_utc"].notna().any():
        merged["start_utc"] = rows["start_utc"].dropna().iloc[0]
    places = [
        source if pd.isna(row) else f"{source} #{row}"
        for source, row in zip(rows["source"], rows["source_row"], strict=True)
    ]
    merged["merged_from"] = "; ".join(places)
    return merged


def merge_wellness(wellness: pd.DataFrame) -> tuple[pd.DataFrame, list[dict[str, object]]]:
    """Join the wellness rows of one date: each field from the first source that has it.

    Parameters
    ----------
    wellness : DataFrame
        The conformed table of all sources together, with an extra column ``format``.

    Returns
    -------
    wellness : DataFrame
        One row per date, in order.
    issues : list of dict
        One ledger row for each column in which makers said different things.
    """
    table = _rank(wellness)
    values = list(table.columns.drop(["date", "source", "format", "_rank"]))
    # One maker's files of a day grow through the day (steps), or hold a piece of it (sleep): the fullest one counts.
    grows = {
        name: "max" if describe_columns()["wellness"][name]["per_day"] in ("max", "sum") else "first" for name in values
    }
    by_maker = table.groupby(["date", "_rank"], sort=True)[values].agg(grows)
    groups = by_maker.groupby(level="date")
    merged = groups.first()
    differing = (groups.max() != groups.min()).where(merged.notna()).sum()
    merged["source"] = table.groupby("date")["source"].agg(lambda names: "; ".join(dict.fromkeys(names)))
    issues: list[dict[str, object]] = [
        {"field": column, "what": "wellness_differs", "count": int(count), "action": "noted"}
        for column, count in differing.items()
        if count
    ]
    return merged.reset_index()[list(wellness.columns.drop("format"))], issues
