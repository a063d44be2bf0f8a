"""From the records of a table to rows under its headings: sections, repeated headings, rows that slipped.

In a long table, where each row names one quantity, the value goes to the field of that name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from loadlens.formats import delimited
from loadlens.formats.cells import plain
from loadlens.formats.export_profiles import Match, Profile, match
from loadlens.formats.sheets import has_form
from loadlens.formats.source import Reading

MOST_HEADINGS = 1_000
"""Different headings in one file; a row beyond them is taken for data, and set aside as such."""

_LETTER = re.compile(r"[^\W\d_]")


@dataclass
class Rows:
    """The data rows of a file: per field the first cell that says something.

    `aside` counts rows that fit no heading; `unnamed` are the places of rows of a long table that name no field.
    """

    lines: list[int] = field(default_factory=list)
    cells: dict[str, list[str]] = field(default_factory=dict)
    aside: int = 0
    unnamed: list[int] = field(default_factory=list)


def gather_rows(
    records: Iterator[delimited.Record],
    heading: int,
    found: Match,
    delimiter: str,
    aliases: Mapping[str, str],
    reading: Reading,
) -> Rows:
    """Lay the records of a table under its headings.

    Parameters
    ----------
    records : iterator of (int, list of str)
    heading : int
        Line of the heading.
    found : Match
    delimiter : str
    aliases : mapping of str to str
        The user's own: plain label -> column.
    reading : Reading
        Takes the ledger rows.

    Returns
    -------
    Rows
    """
    rows = Rows()
    wanted = [name for name, one in found.profile.fields.items() if one.kind != "ignore"]
    current = found
    titles = 0
    headings: dict[tuple[str, ...], Match | None] = {}
    _add_fields(rows, wanted, current)
    for line, cells in records:
        if line <= heading:
            titles += line < heading and any(cell.strip() for cell in cells)
            continue
        if not any(cell.strip() for cell in cells):
            continue
        again = _heading_again(cells, current, aliases, headings)
        if again is not None:
            same = again.columns == current.columns
            reading.note("heading_repeated" if same else "section_started", "noted", row=line)
            found.languages.update(again.languages)
            current = again
            _add_fields(rows, wanted, current)
            continue
        mended = _lay_straight(line, cells, current, delimiter, reading)
        if mended is None:
            rows.aside += 1
            continue
        rows.lines.append(line)
        for name, kept in rows.cells.items():
            kept.append(_first_filled(mended, current.columns.get(name, ()), current.profile, name))
    nothing = [""] * len(rows.lines)  # one list for all fields that no heading names: there are dozens
    rows.cells = {name: rows.cells.get(name, nothing) for name in wanted}
    if titles:
        reading.note("lines_above_heading", "noted", count=titles)
    if found.profile.long is not None:
        _spread(rows, found.profile, found.profile.long, aliases, reading)
    return rows


def _add_fields(rows: Rows, wanted: Sequence[str], current: Match) -> None:
    """Begin a list of cells for each field that no heading named before."""
    for name in wanted:
        if name in current.columns and name not in rows.cells:
            rows.cells[name] = [""] * len(rows.lines)


def _spread(rows: Rows, profile: Profile, long: tuple[str, str], aliases: Mapping[str, str], reading: Reading) -> None:
    """Give each value to the field its row names; rows that name no known quantity are set aside, by name."""
    names, values = (rows.cells[name] for name in long)
    known = {word: one.name for one in profile.fields.values() for word in one.named}
    known |= {label: name for label, column in aliases.items() for name in _fields_of(profile, column)}
    fields = [known.get(plain(name)) for name in names]
    for one in profile.fields.values():
        if one.named:
            pairs = zip(values, fields, strict=True)
            rows.cells[one.name] = [
                "" if one.name != name or value in profile.missing else value for value, name in pairs
            ]
    rows.unnamed = [place for place, name in enumerate(fields) if name is None]
    for name, count in Counter(names[place] for place in rows.unnamed).items():
        reading.note("quantity_not_used", "set_aside", value=name, count=count)


def _fields_of(profile: Profile, column: str) -> list[str]:
    return [one.name for one in profile.fields.values() if one.named and column in (one.name, one.column)]


def _heading_again(
    cells: Sequence[str], current: Match, aliases: Mapping[str, str], seen: dict[tuple[str, ...], Match | None]
) -> Match | None:
    """Return what a row means that is a heading; `seen` holds those met before, of which no file has many."""
    known = current.profile.lookup
    if sum(plain(cell) in known for cell in cells[:8] if _LETTER.search(cell[:60]) and len(cell) < 60) < 3:
        return None
    if (row := tuple(cells)) not in seen:
        if len(seen) >= MOST_HEADINGS:
            return None
        seen[row] = match(current.profile, cells, aliases)
    return seen[row]


def _first_filled(cells: Sequence[str], places: Sequence[int], profile: Profile, name: str) -> str:
    zero_is_missing = profile.fields[name].zero_is_missing
    for place in places:
        cell = cells[place].strip() if place < len(cells) else ""
        if cell not in profile.missing and not (zero_is_missing and not cell.strip("0.,:")):
            return cell
    return ""


def _misplaced(cells: Sequence[str], current: Match) -> list[int]:
    """Return the columns whose cell cannot be what their label says."""
    wrong = []
    for name, places in current.columns.items():
        one = current.profile.fields[name]
        for place in places:
            cell = cells[place].strip() if place < len(cells) else ""
            said = cell in current.profile.missing or plain(cell) in one.values
            if not said and not has_form(cell, one.kind):
                wrong.append(place)
    return sorted(wrong)


def _lay_straight(line: int, cells: list[str], current: Match, delimiter: str, reading: Reading) -> list[str] | None:
    """Return a row under its labels: a longer or shorter one only as far as the cells fit; None to set it aside."""
    filled = len(cells)
    while filled and not cells[filled - 1].strip():
        filled -= 1
    excess = filled - current.width
    if excess > 0:
        title = current.columns.get("title", [None])[0]
        if not _misplaced(cells, current):
            reading.note("row_longer_than_heading", "noted", row=line, count=excess)
            return cells
        if title is not None:
            joined = delimiter.join(cells[title : title + excess + 1])
            mended = [*cells[:title], joined, *cells[title + excess + 1 :]]
            if not _misplaced(mended, current):
                reading.note("row_longer_than_heading", "repaired", row=line, column="title", value=joined)
                return mended
        reading.note("row_out_of_line", "set_aside", row=line, value=delimiter.join(cells))
        return None
    if excess < 0 and current.profile.row_is_full:
        wrong = _misplaced(cells, current)
        if wrong:
            # The cells before the gap stand right; the gap lies at most `-excess` columns before the first wrong one.
            keep = max(wrong[0] + excess, 0)
            reading.note("row_out_of_line", "repaired", row=line, value=delimiter.join(cells[keep:filled]))
            return cells[:keep]
    return cells
