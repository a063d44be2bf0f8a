"""The same run from two sources becomes one, field by field.

Exact joins come first (a platform's list names the recording it belongs to), then start and duration. Ids and places of
all that went in are kept in ``merged_from``; the ledger lists every merge. What one source lists twice stays two and is
noted: a list is taken at its word.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from loadlens.log import TEXT, describe_columns, reading_rules

_CLOCK = ["start_local", "date", "time_zone_from"]
_STEPS = ["cadence", "max_cadence", "steps", "step_length"]
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
    issues = _note_twins(table, {(a, b) for a, b in together if sources[a] == sources[b]})
    rows = table[~single]
    merged = _merge_groups(rows) if len(rows) else rows
    kept = dict(zip(merged["_group"], merged["activity"], strict=True))
    joined = zip(rows["activity"], rows["_group"], strict=True)
    renamed = {name: kept[group] for name, group in joined if name != kept[group]}
    issues += [
        {
            "source": source,
            "row": row,
            "field": None,
            "what": "merged",
            "value": places,
            "count": count - 1,
            "action": "merged",
        }
        for source, row, places, count in zip(
            merged["source"],
            merged["source_row"],
            merged["merged_from"],
            rows["_group"].value_counts(sort=False).reindex(merged["_group"]).tolist(),
            strict=True,
        )
    ]
    whole = pd.concat([table[single], merged]) if len(merged) else table
    whole = whole.drop(columns=["format", "_rank", "_group"])
    whole = whole.sort_values(["date", "start_local", "start_utc"], kind="stable").reset_index(drop=True)
    return whole, renamed, issues


def _note_twins(table: pd.DataFrame, pairs: set[tuple[int, int]]) -> list[dict[str, object]]:
    """Ledger rows for activities that one source itself lists twice: both stay, a list is taken at its word."""
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
    sources, files = table["source"].tolist(), table["file"].tolist()
    recordings = {source: place for place, source in enumerate(sources) if pd.isna(files[place])}
    pairs = []
    for place in np.flatnonzero(table["file"].notna().to_numpy()).tolist():
        folder, _, _ = str(sources[place]).rpartition("/")
        for file in str(files[place]).split("; "):  # Apple Health may cut the route of one workout into several
            target = f"{folder}/{file}".lstrip("/")
            if target in recordings:
                pairs.append((recordings[target], place))
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
            other = first + step
            apart = (seconds[other] - seconds[first]) * rules["duration_over_gap"]
            if _as_long(lengths, first, other, apart, rules["share"]):
                pairs.append((int(places[first]), int(places[other])))
    return pairs


def _as_long(lengths: dict[str, Any], one: int, other: int, least: float, share: float) -> bool:
    """Whether any of the durations, of `least` seconds or more, agree; where one has none, whether the distances do."""
    times = [
        (lengths[a][one], lengths[b][other])
        for a in ("duration", "moving", "elapsed")
        for b in ("duration", "moving", "elapsed")
    ]
    times = [(a, b) for a, b in times if a > 0 and b > 0]  # NaN is not > 0
    if times:
        times = [(a, b) for a, b in times if min(a, b) >= least]
    else:
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


def _merge_groups(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each group: each field from the finest source that has it, the clock as one piece."""
    merged = rows.groupby("_group", sort=False).first().reset_index()[list(rows.columns)]
    clock = rows["time_zone_from"].map(_CLOCK_ORDER).fillna(len(_CLOCK_ORDER)).to_numpy(float)
    best = _least_of_each(rows, clock, merged)
    for name in _CLOCK:
        merged[name] = best[name].array
    _choose_sport(merged, rows)
    places: dict[int, list[str]] = {}
    for group, source, row in zip(rows["_group"], rows["source"], rows["source_row"], strict=True):
        places.setdefault(group, []).append(source if pd.isna(row) else f"{source} #{row}")
    merged["merged_from"] = pd.array(["; ".join(places[group]) for group in merged["_group"]], dtype=TEXT)
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
