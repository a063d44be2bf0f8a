"""Shoes that a diary names: for the runs of a day that name none, and the distance already on them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from loadlens.log import TEXT


def name_shoes(
    activities: pd.DataFrame, diary: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, list[dict[str, object]]]:
    """Give the runs of a day the shoes that the diary names for it.

    Parameters
    ----------
    activities, diary : DataFrame
        The tables of those names. An entry of kind shoes has the name of a pair in its note, and may have as its
        value the km on that pair before the runs of that day.

    Returns
    -------
    activities : DataFrame
        With `gear` filled on runs that named none. A day on which the diary names two pairs tells nothing.
    starts : DataFrame
        Columns gear and start_distance [m], the distance on a pair before its first run of the log.
    issues : list of dict
        Ledger rows.
    """
    entries = diary[(diary["kind"] == "shoes") & diary["note"].notna() & diary["date"].notna()]
    starts = pd.DataFrame({"gear": pd.Series(dtype=TEXT), "start_distance": pd.Series(dtype="float64")})
    if entries.empty:
        return activities, starts, []
    entries = entries.assign(gear=entries["note"].str.strip())
    pairs = entries.groupby("date")["gear"].nunique()
    clear = entries[entries["date"].map(pairs) == 1].drop_duplicates("date").set_index("date")
    bare = (activities["sport"] == "run") & activities["gear"].isna()
    worn = activities["date"].map(clear["gear"]).astype(TEXT).where(bare)
    activities = activities.assign(gear=activities["gear"].fillna(worn))
    issues = [_note("shoes_from_diary", source, count) for source, count in _count(worn, clear)]
    doubtful = entries[(entries["date"].map(pairs) > 1) & entries["date"].isin(activities.loc[bare, "date"])]
    days = doubtful.drop_duplicates("date").groupby("source", dropna=False).size()
    issues += [_note("shoes_two_pairs", source, int(count)) for source, count in days.items()]
    first = entries.dropna(subset=["value"]).sort_values("date", kind="stable").drop_duplicates("gear")
    runs = activities[activities["sport"] == "run"]
    before = [
        runs.loc[(runs["gear"] == gear) & (runs["date"] < date), "distance"].sum()
        for gear, date in zip(first["gear"], first["date"], strict=True)
    ]
    metres = np.maximum(first["value"].to_numpy(dtype=float) * 1000 - np.array(before, dtype=float), 0.0)
    return activities, pd.DataFrame({"gear": first["gear"].to_numpy(), "start_distance": metres}), issues


def _count(worn: pd.Series[Any], clear: pd.DataFrame) -> list[tuple[object, int]]:
    source = clear.drop_duplicates("gear").set_index("gear")["source"]
    counts = worn.dropna().map(source).groupby(worn.dropna().map(source), dropna=False).size()
    return [(name, int(count)) for name, count in counts.items()]


def _note(what: str, source: object, count: int) -> dict[str, object]:
    action = "merged" if what == "shoes_from_diary" else "noted"
    return {"source": source, "field": "gear", "what": what, "value": None, "count": count, "action": action}
