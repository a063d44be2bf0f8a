"""Which source comes first where several tell of the same thing, and where rows come from."""

from __future__ import annotations

import numpy as np
import pandas as pd

from loadlens.log import reading_rules

_CLASSES = ("recordings", "accounts", "lists")


def rank(table: pd.DataFrame, recorded: frozenset[str] = frozenset()) -> pd.DataFrame:
    """Order rows so that the finest source comes first: recording, account, list; then by name, place and time.

    Parameters
    ----------
    table : DataFrame
        Activities or wellness, with a column ``format``.
    recorded : frozenset of str
        Activities with minutes.

    Returns
    -------
    DataFrame
        With a column ``_rank``, on a RangeIndex.
    """
    rules = reading_rules()["merging"]
    order = {name: 1000 * place for place, name in enumerate(_CLASSES)}
    known = {name: order[one] + place for one in _CLASSES for place, name in enumerate(rules[one])}
    others = sorted(set(table["format"].dropna()) - set(known))
    places = {name: float(place) for place, name in enumerate(others)}
    unlisted = 500 + table["format"].map(places).astype("float64").fillna(len(others))  # of no rows the map gives text
    if "activity" in table:
        unlisted += np.where(table["activity"].isin(recorded), order["recordings"], order["lists"])
    else:
        unlisted += order["lists"]
    table = table.assign(_rank=table["format"].map(known).astype("float64").fillna(unlisted).astype("int64"))
    ties = [name for name in ("source", "source_row", "date", "start_utc", "start_local", "activity") if name in table]
    return table.sort_values(["_rank", *ties], kind="stable").reset_index(drop=True)


def list_sources(table: pd.DataFrame) -> list[frozenset[str]]:
    """Return for each activity the names of all files it was read from."""
    return [
        frozenset([source] if pd.isna(places) else [one.partition(" #")[0] for one in places.split("; ")])
        for source, places in zip(table["source"], table["merged_from"], strict=True)
    ]
