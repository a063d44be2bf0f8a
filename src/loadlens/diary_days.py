"""What a diary says on each day: entries of a kind, entries with a tag, and the value that counts.

Kinds and tags are those of ``data/diary.toml``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from loadlens.windows import Flags, Floats, look_back, not_yet, place_on


def split_tags(text: str) -> set[str]:
    """Give the tags of one entry, whatever stands between them."""
    return set(text.lower().replace(",", " ").replace(";", " ").replace("|", " ").split())


def entries_of(diary: pd.DataFrame, *kinds: str) -> pd.DataFrame:
    """Give the entries of these kinds."""
    return diary[diary["kind"].fillna("").str.lower().isin(kinds)]


def entries_tagged(diary: pd.DataFrame, *tags: str) -> pd.DataFrame:
    """Give the entries that carry any of these tags."""
    wanted = set(tags)
    held = [bool(split_tags(text) & wanted) for text in diary["tags"].fillna("")]
    return diary[np.array(held, dtype=bool)]


def take_by_day(entries: pd.DataFrame, days: pd.DatetimeIndex) -> Floats:
    """Give the highest value of each day; NaN on days without one."""
    found = np.full(len(days), np.nan)
    place = place_on(entries.index, days)
    np.fmax.at(found, place[place >= 0], np.asarray(entries["value"], dtype=np.float64)[place >= 0])
    return found


def count_by_day(entries: pd.DataFrame, days: pd.DatetimeIndex) -> Floats:
    """Count the entries of each day."""
    place = place_on(entries.index, days)
    return np.bincount(place[place >= 0], minlength=len(days)).astype(np.float64)


def find_silence(
    diary: pd.DataFrame, entries: pd.DataFrame, days: pd.DatetimeIndex, last_days: int
) -> tuple[tuple[Flags, str], ...]:
    """Give the reasons not to judge: no diary yet, nothing of this kind in it yet, nothing in the last days."""
    made = count_by_day(entries, days)
    return (
        (not_yet(count_by_day(diary, days) > 0), "no_diary"),
        (not_yet(made > 0), "not_logged"),
        (np.nansum(look_back(made, last_days), axis=1) == 0, "stale"),
    )
