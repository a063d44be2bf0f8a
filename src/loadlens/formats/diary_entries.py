"""What a table says that belongs in the diary: columns of how someone felt, and diaries themselves.

A column becomes one entry a day on the diary's own scale; what is off the scale, and every word that is not known,
goes to the ledger with the nearest known one.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

from loadlens.diary_words import diary_kinds, find_kind, find_nearest, find_side, find_tag, fit_scale
from loadlens.formats.cells import Floats
from loadlens.formats.export_profiles import Field
from loadlens.formats.sheets import Sheet
from loadlens.log import MOST_ALIKE

NOTE = "note"
"""What ``diary`` of a field says when it is the note of the row's entries."""

BEYOND_AT_LEAST, BEYOND_SHARE, COMMON_END = 2, 0.1, 10
"""So many values beyond a scale are no slips of the pen, when they are a share like this of all, or when all would
stand on the scale of ten that most people use."""

COLUMNS = ("date", "kind", "value", "site", "side", "tags", "note")


# ------------------------------------------------------------------ columns of other tables


def take_entries(sheet: Sheet) -> pd.DataFrame:
    """Turn the fields of a sheet that belong in the diary into entries, and take them out of its frame.

    Parameters
    ----------
    sheet : Sheet
        Filled; only rows that are kept give entries.

    Returns
    -------
    DataFrame
        Columns of the table diary, and `place`: the row of the sheet each entry comes from.
    """
    fields = [one for one in sheet.profile.fields.values() if one.diary and one.name in sheet.frame]
    parts = [_entries_of(sheet, one) for one in fields if one.diary != NOTE]
    entries = pd.concat(parts) if parts else pd.DataFrame(columns=[*COLUMNS, "place"])
    for one in fields:
        if one.diary == NOTE:
            entries = _add_notes(sheet, one, entries)
    sheet.frame = sheet.frame.drop(columns=[one.name for one in fields])
    return entries.sort_values("place", kind="stable").reset_index(drop=True)


def _entries_of(sheet: Sheet, one: Field) -> pd.DataFrame:
    kind = diary_kinds()[str(one.diary)]
    read = sheet.floats(one.name)
    values, scale = read.copy(), one.scale
    if kind.best is not None and kind.worst is not None:
        low, high = sheet.match.scales.get(one.name, (0.0, 0.0))
        if low < high:
            scale = (low, high) if kind.best < kind.worst else (high, low)
        values = fit_scale(read, kind, *(scale or (kind.best, kind.worst)))
        if scale not in (None, (kind.best, kind.worst)) and np.isfinite(values).any():
            told = f"{scale[0]:g} … {scale[1]:g} → {kind.best:g} … {kind.worst:g}"
            count = int(np.isfinite(values).sum())
            sheet.reading.note("diary_scaled", "converted", column=one.name, value=told, count=count)
        beyond = int((np.isfinite(read) & ~np.isfinite(values) & sheet.kept).sum())
        count = int((np.isfinite(read) & sheet.kept).sum())
        many = beyond >= BEYOND_AT_LEAST and (np.nanmax(read) <= COMMON_END or beyond >= BEYOND_SHARE * count)
        if scale is None and many:
            sheet.reading.note("diary_scale_unclear", "set_aside", column=one.name, count=count)
            read = values = np.full(len(read), np.nan)
    off = np.flatnonzero(np.isfinite(read) & ~np.isfinite(values) & sheet.kept)
    sheet.note_cells("diary_off_scale", one.name, off.tolist())
    said = np.isfinite(values) & sheet.kept
    if not kind.has_value:  # such an entry says all by being there
        said &= values > 0
        values[:] = np.nan
    if one.only_with is not None:
        other = sheet.cells.get(one.only_with, [""] * len(said))
        alone = said & np.array([not cell for cell in other], dtype=bool)
        if alone.any():
            sheet.reading.note("diary_default", "set_aside", column=one.name, count=int(alone.sum()))
        said &= ~alone
    places = np.flatnonzero(said)
    table = {"date": sheet.frame["date"].to_numpy()[places], "kind": kind.name, "value": values[places]}
    where = {"site": one.site, "side": one.side}
    return pd.DataFrame(table | where | {"tags": one.tag, "place": places})


def _add_notes(sheet: Sheet, one: Field, entries: pd.DataFrame) -> pd.DataFrame:
    """Give the row's note to its entries; one of a row without entries stands alone."""
    notes = sheet.frame[one.name][sheet.kept].dropna()
    entries = entries.assign(note=entries["place"].map(notes))
    alone = notes[~notes.index.isin(entries["place"])]
    dates = sheet.frame["date"].loc[alone.index]
    added = pd.DataFrame({"date": dates, "note": alone, "place": alone.index})
    return pd.concat([part for part in (entries, added) if len(part)]) if len(entries) + len(added) else entries


# ------------------------------------------------------------------ a diary of one entry a row


def settle_diary(sheet: Sheet) -> None:
    """Bring the words of a diary to those of ``data/diary.toml``, and set values off their kind's scale aside."""
    frame = sheet.frame
    for column in ("kind", "side", "tags", "site", "note"):
        if column not in frame:
            frame[column] = None
    if "value" not in frame:
        frame["value"] = np.nan
    kinds = [find_kind(str(word)) if word else None for word in frame["kind"]]
    _note_unknown(sheet, "kind", "kinds", [n for n, word in enumerate(frame["kind"]) if word and kinds[n] is None])
    sides = [find_side(str(word)) if word else None for word in frame["side"]]
    _note_unknown(sheet, "side", "sides", [n for n, word in enumerate(frame["side"]) if word and sides[n] is None])
    values = _read_shares(sheet, kinds)
    off = [n for n, kind in enumerate(kinds) if kind and _is_off(float(values[n]), kind)]
    values[off] = np.nan
    lost = {*off, *sheet.wrong.get("value", ())}
    sheet.note_cells("diary_off_scale", "value", off)
    tags, notes = _tags(sheet), list(frame["note"])
    for place, word in enumerate(frame["kind"]):
        if word and kinds[place] is None:  # nothing that was written may be lost
            notes[place] = " – ".join(str(part) for part in (word, notes[place]) if part)
        if place in lost:
            notes[place] = " – ".join(str(part) for part in (sheet.cells["value"][place], notes[place]) if part)
    table: dict[str, Any] = {"date": frame["date"], "kind": kinds, "value": values, "site": frame["site"]}
    sheet.frame = pd.DataFrame(table | {"side": sides, "tags": tags, "note": notes}, index=frame.index)


def _read_shares(sheet: Sheet, kinds: list[str | None]) -> Floats:
    """Read values such as ``3/10`` where the second number is the end of the kind's scale."""
    values, wrong = sheet.floats("value"), []
    for place in sheet.wrong.get("value", ()):
        kind = diary_kinds().get(str(kinds[place]))
        found = re.fullmatch(r"(\d{1,2}(?:[.,]\d)?) ?/ ?(\d{1,2})", sheet.cells["value"][place])
        if found and kind and float(found[2]) == max(kind.best or 0.0, kind.worst or 0.0):
            values[place] = float(found[1].replace(",", "."))
            continue
        wrong.append(place)
    sheet.wrong["value"] = wrong
    return values


def _is_off(value: float, name: str) -> bool:
    kind = diary_kinds()[name]
    if not np.isfinite(value):
        return False
    if kind.best is None or kind.worst is None:
        return kind.unit is not None and value < 0
    return not min(kind.best, kind.worst) <= value <= max(kind.best, kind.worst)


def _tags(sheet: Sheet) -> list[str | None]:
    """Return canonical tags, parted by commas; words that are no tag stay as they are written, with a ledger row."""
    found: list[str | None] = []
    for place, cell in enumerate(sheet.frame["tags"]):
        known = []
        for word in filter(None, (part.strip() for part in re.split(r"[,;|/+]", str(cell or "")))):
            tag = find_tag(word)
            if tag is None:
                _note_word(sheet, "tags", "tags", place, word)
            known.append(tag or word)
        found.append(", ".join(dict.fromkeys(known)) or None)
    return found


def _note_unknown(sheet: Sheet, column: str, section: str, places: list[int]) -> None:
    words = sheet.frame[column].tolist()
    for place in places:
        _note_word(sheet, column, section, place, str(words[place]))


def _note_word(sheet: Sheet, column: str, section: str, place: int, word: str) -> None:
    few = len(sheet.reading.ledger) < MOST_ALIKE  # to compare words takes long
    near = find_nearest(section, word) if few else ""
    value = f"{word} → {near}?" if near else word
    what = "diary_word_near" if near else "diary_word_unknown"
    sheet.reading.note(what, "noted", row=sheet.lines[place], column=column, value=value)


def finish_diary(sheet: Sheet) -> pd.DataFrame:
    """Return the entries of a diary that hold something besides a date."""
    values: Floats = sheet.floats("value")
    said = sheet.frame[["kind", "tags", "note", "site"]].notna().any(axis=1).to_numpy() | np.isfinite(values)
    for place in np.flatnonzero(~said & sheet.kept):
        sheet.set_aside(int(place), "row_without_values")
    return sheet.frame[sheet.kept].reset_index(drop=True)
