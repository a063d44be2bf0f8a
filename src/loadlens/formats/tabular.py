"""The one reader of every CSV export: finds the profile that fits, and reads its columns into the log's units.

Which labels, units and conventions an export has stands in ``data/exports/*.toml``; what no file states and only the
values show is worked out by the hook that a profile names.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

import numpy as np
import pandas as pd

from loadlens.formats import delimited, garmin_layout, strava_layout
from loadlens.formats.cells import plain, vote
from loadlens.formats.diary_entries import finish_diary, settle_diary, take_entries
from loadlens.formats.evidence import guess_mark, settle_garmin_list, settle_nothing, settle_wellness
from loadlens.formats.export_profiles import DATE_KINDS, Match, Profile, match
from loadlens.formats.list_checks import settle_list, settle_planned_list
from loadlens.formats.profile_files import all_profiles, known_columns
from loadlens.formats.row_layout import Rows, gather_rows
from loadlens.formats.sheets import Sheet, fill
from loadlens.formats.source import Options, Reading, Source, UnreadableFile
from loadlens.formats.stacked_tables import join_sections, split_sections
from loadlens.formats.strava_evidence import settle_strava_list
from loadlens.formats.unknown_tables import WIDEST, explain_unknown, refuse_known

HEADING_WITHIN = 25
"""Records among which the heading must be."""

MOST_TABLES = 100
"""Tables, and headings of tables, that are read of one file; an export of a month has two among some forty."""

NUMERIC = ("number", "pace", "duration")

HOOKS: dict[str, Callable[[Sheet], None]] = {
    "list": settle_list,
    "planned_list": settle_planned_list,
    "garmin_list": settle_garmin_list,
    "strava_list": settle_strava_list,
    "wellness": settle_wellness,
    "none": settle_nothing,
}
"""What a profile may name to work out what the table does not say."""

LAYOUTS = {
    "strava_activities": (strava_layout.place_fields, strava_layout.FIRST),
    "garmin_activities": (garmin_layout.place_fields, garmin_layout.FIRST),
}
"""Lists whose columns stand in one order in every language: what finds them, and which fields must not lack."""

_WEB_PAGE = re.compile(r"\s*<(!doctype html|html\b)", re.IGNORECASE)


def profiles() -> list[Profile]:
    """Return the exports that can be read, one profile each."""
    return list(all_profiles())


def _user_aliases(options: Options) -> dict[str, str]:
    columns = known_columns((*options.profiles, *all_profiles()))
    unknown = [c for c in options.aliases.values() if c.rpartition(".")[2] not in columns]
    if unknown:
        raise UnreadableFile("no_such_column", column=unknown[0], columns=", ".join(sorted(columns)))
    return {plain(label): column for label, column in options.aliases.items()}


def _best_match(labels: Sequence[str], aliases: Mapping[str, str], own: Sequence[Profile]) -> Match | None:
    """Return the best match; any profile of the user's own comes before those of loadlens."""
    for known in (own, all_profiles()):
        found = [one for profile in known if (one := match(profile, labels, aliases))]
        if found:
            return max(found, key=lambda one: (one.hits, not one.profile.only_with_aliases))
    return None


def _find_heading(text: str, aliases: Mapping[str, str], own: Sequence[Profile] = ()) -> tuple[str, int, Match] | None:
    """Return delimiter, line and match of the heading in the first records of a text."""
    best: tuple[str, int, Match] | None = None
    for delimiter in delimited.likely_delimiters(text):
        for line, cells in delimited.first_records(text, delimiter, HEADING_WITHIN):
            found = _best_match(cells, aliases, own) if len(cells) <= WIDEST else None
            if found and (best is None or _weight(found, own) > _weight(best[2], own)):
                best = delimiter, line, found
    if best is None or any(name not in best[2].columns for name in LAYOUTS.get(best[2].profile.id, (None, ()))[1]):
        placed = _find_by_layout(text, aliases)
        if placed and (best is None or _replaces(placed[2], best[2])):
            return placed
    return best


def _replaces(placed: Match, named: Match) -> bool:
    return placed.profile is named.profile and placed.hits > named.hits


def _find_by_layout(text: str, aliases: Mapping[str, str]) -> tuple[str, int, Match] | None:
    """Return the heading of a list in a language not known, or half known, read by where its columns stand."""
    for delimiter in delimited.likely_delimiters(text):
        records = delimited.first_records(text, delimiter, HEADING_WITHIN)
        for place, (line, labels) in enumerate(records[:-1]):
            if len(labels) > WIDEST:
                continue
            below = [cells for _, cells in records[place + 1 :] if any(cells)]
            for profile in all_profiles():
                fields = LAYOUTS[profile.id][0](labels, below) if profile.id in LAYOUTS else {}
                known = aliases.keys() | profile.lookup.keys()
                fields = {column: name for column, name in fields.items() if plain(labels[column]) not in known}
                first = {name: next(iter(profile.fields[name].aliases.values()))[0] for name in fields.values()}
                named = [first[fields[column]] if column in fields else label for column, label in enumerate(labels)]
                if fields and (found := match(profile, named, aliases)):
                    original = {named[column]: labels[column].strip() for column in fields}
                    found.unused = [original.get(label, label) for label in found.unused]
                    found.labels = {name: original.get(label, label) for name, label in found.labels.items()}
                    found.languages.clear()
                    found.placed = len(fields)
                    return delimiter, line, found
    return None


def _weight(found: Match, own: Sequence[Profile]) -> tuple[bool, int]:
    return _is_among(found.profile, own), found.hits


def _is_among(profile: Profile, own: Sequence[Profile]) -> bool:
    """Say whether a profile is one of the user's own, with the columns of pain added that a table has."""
    return any(profile.id == one.id for one in own)


def sniff(head: bytes, name: str) -> bool:
    """Say whether a file is a table this module should try.

    Parameters
    ----------
    head : bytes
        The first bytes.
    name : str
        Path; any text named ``*.csv`` or ``*.tsv`` is a table, so that an unknown one is reported and not passed over.

    Returns
    -------
    bool
    """
    text = delimited.head_text(head)
    if text is None:
        return False
    if PurePosixPath(name).suffix.casefold() in (".csv", ".tsv"):
        return True
    if text.lstrip("\ufeff \r\n\t")[:1] in ("<", "{", "["):
        return False
    return _find_heading(text, {}) is not None


def parse(source: Source, options: Options) -> Reading:
    """Read one CSV export.

    Parameters
    ----------
    source : Source
    options : Options
        `tz` turns UTC times into local days where the file knows no other; `aliases` names labels no profile knows.

    Returns
    -------
    Reading
        `format` is the id of the profile; `facts` says language, number format, units, and how many rows were used.

    Raises
    ------
    UnreadableFile
        No profile fits (the message names the labels), or the table is of a kind that cannot be read as daily data.
    """
    aliases = _user_aliases(options)
    content = source.read(delimited.MAX_TEXT)
    encoding = delimited.find_encoding(content)
    text = delimited.head_text(content[:262_144])
    if encoding is None or text is None:
        raise UnreadableFile("not_text", where=source.name)
    if not text.strip("\ufeff \r\n\t"):
        raise UnreadableFile("file_empty", where=source.name)
    if _WEB_PAGE.match(text):
        raise UnreadableFile("web_page", where=source.name)
    if not options.profiles:
        refuse_known(source.name, text)
    heading = _find_heading(text, aliases, options.profiles)
    if options.profiles and (heading is None or not _is_among(heading[2].profile, options.profiles)):
        refuse_known(source.name, text)
    if heading is None:
        raise UnreadableFile("headings_unknown", where=source.name, **explain_unknown(text))
    delimiter, line, found = heading
    reading = Reading(found.profile.id)
    if not delimited.has_paired_quotes(content, encoding, delimiter, source.name):
        reading.note("quotes_unpaired", "noted")
    if found.placed:
        reading.note("headings_by_place", "noted", count=found.placed)
    records = delimited.read_records(content, encoding, delimiter, source.name)
    if found.profile.titles:
        return _read_sections(reading, records, found.profile.titles, options, delimiter, source.name)
    rows = gather_rows(records, line, found, delimiter, aliases, reading)
    _fill(reading, rows, found, options, delimiter, source.name)
    return reading


def _read_sections(
    reading: Reading,
    records: Iterator[delimited.Record],
    titles: Sequence[str],
    options: Options,
    delimiter: str,
    name: str,
) -> Reading:
    """Read a file of several tables, each by the profile that fits it; those without one are set aside whole."""
    aliases = _user_aliases(options)
    parts: list[Reading] = []
    reading.facts.update(rows=0, set_aside=0)
    known: dict[tuple[str, ...], Match | None] = {}
    for line, title, section in split_sections(records, titles):
        heading, cells = section[0]
        if len(section) == 1:
            continue
        if (row := tuple(cells)) not in known:
            known[row] = _best_match(cells, aliases, options.profiles) if len(known) < MOST_TABLES else None
        found = known[row] if len(parts) < MOST_TABLES else None
        if found is None or all(one.kind in (*DATE_KINDS, "ignore") for one in found.profile.fields.values()):
            count = len(section) - 1  # without the heading
            reading.note("table_not_used", "set_aside", row=line, value=title or ", ".join(cells), count=count)
            reading.facts = {key: int(str(value)) + count for key, value in reading.facts.items()}
            continue
        part = Reading(found.profile.id)
        rows = gather_rows(iter(section), heading, found, delimiter, aliases, part)
        _fill(part, rows, found, options, delimiter, name)
        parts.append(part)
    return join_sections(reading, parts)


# ------------------------------------------------------------------ from rows to columns


def _fill(reading: Reading, rows: Rows, found: Match, options: Options, delimiter: str, name: str) -> None:
    profile = found.profile
    if found.unused:
        reading.note("columns_not_used", "noted", value=", ".join(found.unused), count=len(found.unused))
    inferred = [one for one in profile.fields.values() if one.numbers == "infer" and one.kind in NUMERIC]
    counts = [rows.cells[one.name] for one in inferred if one.whole]
    mark, _ = vote([rows.cells[one.name] for one in inferred if not one.whole], counts)
    sheet = Sheet(
        profile=profile,
        match=found,
        frame=pd.DataFrame(index=pd.RangeIndex(len(rows.lines))),
        lines=rows.lines,
        cells=rows.cells,
        reading=reading,
        options=options,
        mark=mark or guess_mark(rows.cells, delimiter),
        name=name,
    )
    sheet.kept[rows.unnamed] = False
    _leave_out(sheet)
    _one_person(sheet)
    for one in sorted(profile.fields.values(), key=lambda one: one.kind == "offset"):  # an offset needs its clock
        if any(rows.cells.get(one.name, ())):
            fill(sheet, one)
    if "date" not in sheet.frame:
        _leave_out_dateless(sheet)
    (settle_diary if profile.table == "diary" else HOOKS[profile.hook])(sheet)
    for column, places in sheet.wrong.items():
        sheet.note_cells("cell_unreadable", column, places)
    _page_ends(sheet)
    if profile.table == "diary":
        reading.tables["diary"] = finish_diary(sheet)
    else:
        entries = take_entries(sheet)
        reading.tables[profile.table] = _finish(sheet, set(entries.pop("place")))
        if len(entries):
            reading.tables["diary"] = entries
    used = int(sheet.kept.sum())
    reading.facts.update(
        rows=len(rows.lines) + rows.aside,
        used=used,
        set_aside=len(rows.lines) + rows.aside - used,
        status="read" if used else "empty",
        message=None if used else "no_row_used",
        language=found.language.partition("_")[0] if found.languages else None,
        number_format=mark or ("unclear" if inferred else _declared_mark(profile)),
        units="; ".join(f"{column} {unit}" for column, unit in sheet.units.items()) or None,
        covers=profile.covers,
        headings=found.filled,
        headings_known=found.known,
    )


def _declared_mark(profile: Profile) -> str | None:
    """Return the decimal mark that a profile states for all its numbers."""
    return next((one.numbers for one in profile.fields.values() if one.kind in NUMERIC), None)


def _leave_out_dateless(sheet: Sheet) -> None:
    """Set every row aside where not one has a date."""
    sheet.frame["date"] = pd.Series(pd.NaT, index=sheet.frame.index, dtype="datetime64[us]")
    for place in range(len(sheet.lines)):
        sheet.set_aside(place, "date_unreadable")


def _leave_out(sheet: Sheet) -> None:
    """Set aside the rows that are something else than the table is read for: naps, other kinds of measurement."""
    rules = [(one, said, True) for one, said in sheet.profile.aside.items()]
    rules += [(one, said, False) for one, said in sheet.profile.only.items()]
    for name, said, aside in rules:
        if name not in sheet.match.columns:
            continue
        counts: Counter[str] = Counter()
        for place, cell in enumerate(sheet.cells[name]):
            if sheet.kept[place] and (plain(cell) in said) == aside:
                sheet.kept[place] = False
                counts[cell] += 1
        for cell, count in counts.items():
            value = f"{sheet.match.labels[name]}: {cell}"
            sheet.reading.note("row_of_another_kind", "set_aside", value=value, count=count)


def _one_person(sheet: Sheet) -> None:
    people = {cell for cell in sheet.cells.get("person", ()) if cell}
    if len(people) > 1:
        raise UnreadableFile("several_people", where=sheet.name, count=len(people))


def _page_ends(sheet: Sheet) -> None:
    """Note a list whose length is a whole number of pages: most such lists were cut off when exported."""
    page = sheet.profile.rows_per_page
    if page and len(sheet.lines) and len(sheet.lines) % page == 0 and "date" in sheet.frame:
        oldest = sheet.frame["date"].min()
        if pd.notna(oldest):
            day = oldest.date().isoformat()
            sheet.reading.note("probably_cut_off", "noted", value=day, count=len(sheet.lines))


def _finish(sheet: Sheet, told: set[int]) -> pd.DataFrame:
    """Return the rows that are kept, each with the line it came from; those in `told` gave entries of the diary."""
    frame = sheet.frame
    frame["source_row"] = np.array(sheet.lines, dtype="int64")
    if sheet.profile.table == "activities":
        frame["activity"] = frame["source_row"].astype(str)
        if "start_local" in frame or "start_utc" in frame:
            _set_repeats_aside(sheet)
        return frame[sheet.kept].reset_index(drop=True)
    values = [column for column in frame if column not in ("date", "source_row")]
    empty = frame[values].isna().all(axis=1).to_numpy() if values else np.ones(len(frame), dtype=bool)
    for place in np.flatnonzero(empty & sheet.kept):
        if place not in told:
            sheet.set_aside(int(place), "row_without_values")
    frame = frame[sheet.kept & ~empty]
    if not len(frame):
        return frame[["date", *values]] if "date" in frame else pd.DataFrame(columns=["date", *values])
    days = frame.groupby("date", as_index=False)
    if sheet.profile.long is None:
        repeats = int(frame["date"].duplicated().sum())
    else:  # there every quantity has a row of its own
        repeats = int((days[values].count()[values] - 1).clip(lower=0).to_numpy().sum())
    longest = sheet.profile.longest
    if repeats:
        sheet.reading.note("longest_of_date" if longest else "date_repeated", "merged", column="date", count=repeats)
    if longest:
        frame = frame.sort_values(longest, ascending=False, kind="stable")
    return frame[["date", *values]].groupby("date", as_index=False).first()


def _set_repeats_aside(sheet: Sheet) -> None:
    """Set aside rows that repeat an earlier one cell by cell, as happens when exports are pasted together."""
    seen: dict[tuple[str, ...], int] = {}
    for place, row in enumerate(zip(*sheet.cells.values(), strict=True)):
        if seen.setdefault(row, place) != place:
            sheet.set_aside(place, "row_repeated", sheet.lines[seen[row]])
