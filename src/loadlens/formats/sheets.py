"""The cells of one table, column by column, as numbers, durations, dates and sports with their units.

A `Sheet` starts with text and ends as a frame; whatever could not be understood is in the ledger.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from loadlens.formats.cells import Floats, Mark, duration, plain, read_durations, read_numbers, read_offset
from loadlens.formats.export_profiles import DATE_KINDS, Field, Match, Profile, Unit, find_sport
from loadlens.formats.moments import read_moments
from loadlens.formats.source import Options, Reading, UnreadableFile

LEDGER_ROWS_PER_FIELD = 50
"""Cells of one column that get a ledger row each; more of them share one."""

_NUMBER_FORM = re.compile(r"['+\-\u2212]?[\d.,\s'’\u00a0\u202f]*\d[\d.,]*\s*[A-Za-z°%/²]{0,8}\.?")
_TIME_FORM = re.compile(r"[\d:.,]*\d[\d:.,]*")


@dataclass
class Sheet:
    """One table on its way from text to the log's columns.

    Attributes
    ----------
    frame : DataFrame
        One row per data row of the file; filled column by column.
    lines : list of int
        Line of the file each row starts on.
    cells : dict of str to list of str
        Text per field, empty where missing.
    mark : {"point", "comma"}
        Decimal mark of the file.
    kept : array of bool
        False for rows set aside.
    wrong : dict of str to list of int
        Positions of numbers that contradict the file's format; a hook may still solve them.
    units : dict of str to str
        Column -> unit it came in, where the format does not fix that; the ledger says how it was known.
    """

    profile: Profile
    match: Match
    frame: pd.DataFrame
    lines: list[int]
    cells: Mapping[str, list[str]]
    reading: Reading
    options: Options
    mark: Mark
    name: str
    kept: np.ndarray[tuple[int], np.dtype[np.bool_]] = field(init=False)
    wrong: dict[str, list[int]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.kept = np.ones(len(self.lines), dtype=bool)

    def floats(self, column: str) -> Floats:
        """Return a column as floats; all NaN when the file has no such column."""
        if column in self.frame:
            return self.frame[column].to_numpy(dtype=float, na_value=np.nan).copy()
        return np.full(len(self.lines), np.nan)

    def set_aside(self, place: int, what: str, value: object = None) -> None:
        """Leave one row out, with a ledger row."""
        if self.kept[place]:
            self.kept[place] = False
            self.reading.note(what, "set_aside", row=self.lines[place], value=value)

    def note_unit(self, what: str, column: str, unit: str, *, count: int = 1, seen: str = "") -> None:
        """Keep the unit a column came in, and put into the ledger how it was known; `seen` is what it rests on."""
        self.units[column] = unit
        action = "converted" if what == "unit_inferred" else "noted"
        self.reading.note(what, action, column=column, value=f"{unit}{seen}", count=count)

    def note_cells(self, what: str, column: str, places: Sequence[int], action: str = "set_aside") -> None:
        """Put cells into the ledger: one row each, or one for all when they are many."""
        cells = self.cells.get(column, [])
        if len(places) > LEDGER_ROWS_PER_FIELD:
            values = ", ".join(dict.fromkeys(cells[place] for place in places[:200]))
            self.reading.note(what, action, column=column, value=values, count=len(places))
            return
        for place in places:
            value = cells[place] if place < len(cells) else None
            self.reading.note(what, action, row=self.lines[place], column=column, value=value)


def has_form(cell: str, kind: str) -> bool:
    """Say whether a filled cell can be of a kind at all, to notice rows that slipped under other labels."""
    if kind == "number":
        return _NUMBER_FORM.fullmatch(cell) is not None
    if kind == "pace":
        return _TIME_FORM.fullmatch(cell) is not None
    if kind == "duration":
        return not np.isnan(duration(cell))
    if kind in DATE_KINDS:
        return any(sign.isdigit() for sign in cell)
    return True


def fill(sheet: Sheet, one: Field) -> None:
    """Read one field into the frame, in the unit of the log where the profile knows it."""
    cells = sheet.cells[one.name]
    if one.kind in DATE_KINDS:
        _fill_dates(sheet, one, cells)
    elif one.kind == "text":
        sheet.frame[one.name] = pd.Series([cell or None for cell in cells], dtype="object")
    elif one.kind == "sport":
        _fill_sports(sheet, cells)
    elif one.kind == "duration":
        _fill_durations(sheet, one, cells)
    elif one.kind == "pace":
        _fill_paces(sheet, one, cells)
    elif one.kind == "number":
        _fill_numbers(sheet, one, cells)
    elif one.kind == "offset":
        _fill_offsets(sheet, one, cells)


def _fill_dates(sheet: Sheet, one: Field, cells: list[str]) -> None:
    moments = read_moments(cells, sheet.match.language, as_written=one.kind != "instant")
    filled = max(sum(map(bool, cells)), 1)
    if moments.without_year * 2 > filled or moments.without_day * 2 > filled:
        what = "dates_without_year" if moments.without_year * 2 > filled else "dates_without_day"
        raise UnreadableFile(what, where=sheet.name, example=next(cell for cell in cells if cell))
    for place in np.flatnonzero(np.isnat(moments.values)):
        sheet.set_aside(int(place), "date_unreadable", cells[place])
    if moments.order == "serial":
        sheet.reading.note("date_from_serial", "converted", column=one.column, count=sum(map(bool, cells)))
    if moments.years_found:
        sheet.reading.note("year_from_order", "noted", column=one.column, count=moments.years_found)
    if moments.unsure:
        sheet.reading.note("date_order_unclear", "noted", column=one.column, value=moments.order)
    when = pd.Series(moments.values, index=sheet.frame.index)
    if sheet.profile.table != "activities" and (one.kind == "instant" or moments.utc):
        sheet.frame["date"] = _local_day(sheet, when)
        return
    if one.kind == "instant":
        _fill_instants(sheet, when)
        return
    sheet.frame["date"] = when.dt.normalize()
    if one.kind == "clock":
        sheet.frame["time_zone_from"] = "record"
        if not (when.dropna() == when.dropna().dt.normalize()).all():
            sheet.frame["start_local"] = when


def _fill_offsets(sheet: Sheet, one: Field, cells: list[str]) -> None:
    """Give the start in UTC, where a column says by how much the local clock was ahead of it."""
    if "start_local" not in sheet.frame:
        return
    offsets = np.array([read_offset(cell) if cell else np.nan for cell in cells], dtype=float)
    wrong = [place for place, cell in enumerate(cells) if cell and np.isnan(offsets[place])]
    sheet.note_cells("cell_unreadable", one.name, wrong)
    ahead = pd.to_timedelta(pd.Series(offsets, index=sheet.frame.index), unit="s")
    sheet.frame["start_utc"] = (sheet.frame["start_local"] - ahead).dt.tz_localize("UTC")


def _fill_instants(sheet: Sheet, when: pd.Series[pd.Timestamp]) -> None:
    sheet.frame["start_utc"] = when.dt.tz_localize("UTC")
    if "start_local" in sheet.frame:  # the list says the local time too
        return
    if sheet.options.tz is None:
        sheet.frame["date"] = when.dt.normalize()
        sheet.frame["time_zone_from"] = "assumed"
        sheet.reading.note("local_day_unsure", "noted", count=int(when.notna().sum()))
        return
    local = _to_local(when, sheet.options.tz)
    sheet.frame["start_local"] = local
    sheet.frame["date"] = local.dt.normalize()
    sheet.frame["time_zone_from"] = "user"


def _to_local(utc: pd.Series[pd.Timestamp], tz: str) -> pd.Series[pd.Timestamp]:
    try:
        return utc.dt.tz_localize("UTC").dt.tz_convert(tz).dt.tz_localize(None)
    except (KeyError, ValueError) as error:
        raise UnreadableFile("time_zone_unknown", tz=tz) from error


def _local_day(sheet: Sheet, utc: pd.Series[pd.Timestamp]) -> pd.Series[pd.Timestamp]:
    """Return the local day of daily values that are timed in UTC; without a time zone the day of UTC, and say so."""
    if sheet.options.tz is None:
        sheet.reading.note("wellness_day_unsure", "noted", column="date", count=int(utc.notna().sum()))
        return utc.dt.normalize()
    return _to_local(utc, sheet.options.tz).dt.normalize()


def _fill_sports(sheet: Sheet, cells: list[str]) -> None:
    known = {cell: find_sport(cell) for cell in set(cells)}
    counts = Counter(cells)
    for cell in sorted(known):
        if known[cell][2] != "listed" and cell:
            what = "sport_guessed" if known[cell][2] == "guessed" else "sport_unknown"
            sheet.reading.note(what, "noted", column="sport", value=cell, count=counts[cell])
    sheet.frame["sport"] = pd.Series([known[cell][0] for cell in cells], dtype="object")
    sheet.frame["sub_sport"] = pd.Series([known[cell][1] for cell in cells], dtype="object")
    sheet.frame["sport_as_exported"] = pd.Series([cell or None for cell in cells], dtype="object")


def _fill_paces(sheet: Sheet, one: Field, cells: list[str]) -> None:
    """Read what the cell's own form says: ``5:29`` is a pace, ``25.2`` a speed, whatever the label."""
    paces, _ = read_durations(cells)
    decimals = ["" if np.isfinite(pace) else cell for pace, cell in zip(paces, cells, strict=True)]
    speeds, wrong, _ = read_numbers(decimals, sheet.mark)
    paces[paces == 0] = np.nan
    speeds[speeds == 0] = np.nan
    sheet.frame[one.name] = paces
    sheet.frame[f"{one.name}_as_speed"] = speeds
    sheet.note_cells("cell_unreadable", one.name, wrong)


def _mark_of(sheet: Sheet, one: Field) -> str:
    return sheet.mark if one.numbers == "infer" else one.numbers


def _fill_numbers(sheet: Sheet, one: Field, cells: list[str]) -> None:
    said = {place: one.values[word] for place, cell in enumerate(cells) if (word := plain(cell)) in one.values}
    figures = ["" if place in said else cell for place, cell in enumerate(cells)]
    values, wrong, suffixes = read_numbers(figures, _mark_of(sheet, one))
    values[list(said)] = list(said.values())
    values *= one.factor
    values = _convert(sheet, one, values, suffixes)
    if one.zero_is_missing:
        values[values == 0] = np.nan
    sheet.frame[one.name] = values
    sheet.wrong[one.name] = wrong


def _fill_durations(sheet: Sheet, one: Field, cells: list[str]) -> None:
    values, odd = read_durations(cells, "h:m" if one.hours_first else "m:s")
    plain_cells = [""] * len(cells)
    for place in odd:
        plain_cells[place] = cells[place]
    numbers, wrong, suffixes = read_numbers(plain_cells, _mark_of(sheet, one))
    if one.units:
        numbers = _convert(sheet, one, numbers, suffixes)
        values = np.where(np.isfinite(values), values, numbers)
    else:
        wrong = odd
    if one.zero_is_missing:
        values[values == 0] = np.nan
    sheet.frame[one.name] = values
    sheet.wrong[one.name] = wrong


def _convert(sheet: Sheet, one: Field, values: Floats, suffixes: list[str]) -> Floats:
    """Bring plain numbers into the unit of the log: by the cell's unit, the label's, or the usual size."""
    if not one.units or one.settled_later or not np.isfinite(values).any():
        return values
    unit = sheet.match.units.get(one.name)
    if unit is not None:
        if len(one.units) > 1:
            sheet.note_unit("unit_by_heading", one.column, unit.words[0])
    else:
        unit = _usual_unit(sheet, one, values)
    own = [one.unit(plain(suffix)) if suffix else None for suffix in suffixes]
    factors: Floats = np.array([(cell or unit).factor for cell in own], dtype=float)
    return np.multiply(values, factors)


def _usual_unit(sheet: Sheet, one: Field, values: Floats) -> Unit:
    if len(one.units) == 1 or one.units[0].up_to is None:
        return one.units[0]
    middle = float(np.median(np.abs(values[np.isfinite(values)])))
    unit = next((unit for unit in one.units if unit.up_to is None or middle <= unit.up_to), one.units[-1])
    sheet.note_unit("unit_inferred", one.column, unit.words[0])
    return unit
