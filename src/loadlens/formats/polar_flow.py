"""The CSV of one session from Polar Flow: two tables one above the other, the whole and a row for every second.

What the headings mean stands in ``data/sessions.toml``. The start is local time; the unit stands in each heading.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from loadlens.formats import delimited
from loadlens.formats.cells import duration, split_unit
from loadlens.formats.fit_sessions import DAY, LONGEST
from loadlens.formats.sampled_sessions import (
    UNITS,
    add_session,
    finish_session,
    read_local_clock,
    session_rules,
    to_floats,
)
from loadlens.formats.source import Options, Reading, Source, UnreadableFile

if TYPE_CHECKING:
    from loadlens.formats.recordings import Recording

_SAMPLES, _SUMMARY = ("sample rate", "time"), ("sport", "date", "start time", "duration")
_DATE = re.compile(r"(\d{1,4})[-./](\d{1,2})[-./](\d{1,4})")


def sniff(head: bytes, name: str) -> bool:  # noqa: ARG001 every format is asked alike
    """Say whether a file is a session of Polar Flow; never raises."""
    return _find_mark(head) is not None


def _find_mark(head: bytes) -> str | None:
    found = delimited.find_table(delimited.head_text(head) or "", 6, lambda cells: _find_headings(cells) is not None)
    return found[0] if found else None


def _find_headings(records: Sequence[Sequence[str]]) -> tuple[int, int] | None:
    """Return the places of the headings of the whole and of the samples."""
    whole = samples = None
    for place, cells in enumerate(records):
        labels = [cell.strip().lstrip("\ufeff").casefold() for cell in cells]
        if whole is None and all(label in labels for label in _SUMMARY):
            whole = place
        elif whole is not None and all(label in labels for label in _SAMPLES):
            samples = place
            break
    return None if whole is None or samples is None else (whole, samples)


def parse(source: Source, options: Options) -> Reading:
    """Read a session.

    Parameters
    ----------
    source : Source
    options : Options
        `tz` gives the instant of a start that is written as local time.

    Returns
    -------
    Reading
        One activity, and its minutes when it was on foot. ``facts["rows"]`` counts sessions.

    Raises
    ------
    UnreadableFile
        Too large, or without the lines it should have.
    """
    content = source.read(delimited.MAX_TEXT)
    encoding = delimited.find_encoding(content) or "utf-8"
    mark = _find_mark(source.head) or ","
    told = (cells for _, cells in delimited.read_records(content, encoding, mark, source.name))
    records = [delimited.with_points(cells, mark) for cells in told if any(map(str.strip, cells))]
    places = _find_headings(records[:6])
    if places is None or places[0] + 1 >= places[1]:
        raise UnreadableFile("polar_lines_missing", where=source.name)
    rules = session_rules()["polar_csv"]
    reading = Reading(rules["format"])
    whole = _name_cells(records[places[0]], records[places[0] + 1])
    wall = _read_start(whole, reading)
    if wall is None:
        return finish_session(reading, 1, 0)
    totals = _read_totals(whole, rules["totals"], reading)
    own = _read_samples(records[places[1]], records[places[1] + 1 :], wall, rules["samples"], reading)
    text = {"title": whole.get("name", ("", ""))[0] or None, "note": whole.get("notes", ("", ""))[0] or None}
    clock = read_local_clock(wall, np.nan, options)
    added = add_session(own, totals | text, clock, whole["sport"][0], reading)
    return finish_session(reading, 1, int(added))


def _name_cells(labels: Sequence[str], cells: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return heading without its unit -> the cell and the unit; of the same heading twice the first that is filled."""
    found: dict[str, tuple[str, str]] = {}
    for label, cell in zip(labels, cells, strict=False):
        name, unit = _split(label)
        if cell.strip() or name not in found:
            found.setdefault(name, (cell.strip(), unit))
    return found


def _split(label: str) -> tuple[str, str]:
    text = label.strip().lstrip("\ufeff").casefold()
    return split_unit(text) if "(" in text else (text, "")


def _read_start(whole: Mapping[str, tuple[str, str]], reading: Reading) -> np.datetime64 | None:
    """Return the start on the local clock; None, and a ledger row, when there is none."""
    told = f"{whole['date'][0]} {whole['start time'][0]}"
    found, seconds = _DATE.fullmatch(whole["date"][0]), duration(whole["start time"][0])
    if found and 0 <= seconds < DAY:
        first, second, third = (int(part) for part in found.groups())
        year, month, day = (first, second, third) if first > 31 else (third, second, first)
        if month > 12 >= day:
            month, day = day, month
            reading.note("date_order_unclear", "noted", column="date", value="mdy")
        try:
            return np.datetime64(datetime(year, month, day) + timedelta(seconds=seconds), "s")
        except ValueError:
            pass
    reading.note("date_unreadable", "set_aside", row=2, column="start_local", value=told)
    return None


def _read_totals(whole: Mapping[str, tuple[str, str]], names: Mapping[str, str], reading: Reading) -> dict[str, float]:
    totals = {"duration": duration(whole["duration"][0])}
    units = []
    for name, column in names.items():
        if not column or name not in whole:
            continue
        cell, unit = whole[name]
        value = float(to_floats([cell], column, reading)[0]) * UNITS.get(unit, 1.0)
        totals[column] = value if value != 0 or column in ("ascent", "descent") else np.nan
        if unit in ("km", "mi", "ft") and cell:
            units.append(f"{column} {unit}")
    reading.facts["units"] = "; ".join(units) or None
    used = {*names, *_SUMMARY, "name", "notes"}
    unused = [name for name, (cell, _) in whole.items() if name and cell and name not in used]
    if unused:
        reading.note("columns_not_used", "noted", value=", ".join(unused), count=len(unused))
    return totals


def _read_samples(
    labels: Sequence[str],
    rows: Sequence[Sequence[str]],
    wall: np.datetime64,
    names: Mapping[str, str],
    reading: Reading,
) -> Recording:
    """Return the samples; their times are those since the start, on the local clock."""
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    places = {_split(label)[0]: (place, _split(label)[1]) for place, label in enumerate(labels)}

    def column(name: str) -> list[str]:
        place = places[name][0]
        return [row[place].strip() if place < len(row) else "" for row in rows]

    since = np.array([duration(cell) for cell in column("time")], dtype=float)
    since[~(since < LONGEST)] = np.nan
    lost = int(np.isnan(since).sum())
    if lost:
        reading.note("records_without_time", "set_aside", column="record", count=lost)
    known = np.isfinite(since)
    own: Recording = {"time": wall + np.round(since[known]).astype("timedelta64[s]")}
    for name, target in names.items():
        if name in places:
            values = to_floats(column(name), target, reading)[known] * UNITS.get(places[name][1], 1.0)
            if np.isfinite(values).any():
                own[target] = values
    return own
