"""Archives that platforms give their users: which file is of which platform, and its table as records.

Which names, headings and columns a platform has stands in ``data/accounts/*.toml``; the cells become members of records
here, so that CSV and JSON are read on in the same way. What the records mean is for `loadlens.formats.account_records`.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any

from loadlens.formats import delimited
from loadlens.formats.json_records import Record, load_json, sound_records, unwrap
from loadlens.formats.source import Reading, Source, UnreadableFile

BYTES_AT_MOST, VALUES_AT_MOST = 200_000_000, 10_000_000
"""A larger JSON file is none of these: the longest are nights of a month, of some megabytes."""

HEADING_WITHIN = 3
NOT_KNOWN = "part_not_known"

_NUMBER = re.compile(r"[+-]?\d{1,18}(\.\d{1,18})?([eE][+-]?\d{1,2})?")
_NUMBERED = re.compile(r" \(\d+\)$|\.gz$")  # a second file of the same name is numbered
# What browsers, Finder and Windows put behind the name of a copy.
_COPIED = re.compile(r"( \(\d+\)| \d| -? ?(copy|kopie)( \d)?)+(?=\.(csv|json)$)")
_COLUMNS = ("id", "sport", "start", "end", "offset", "date", "main", "deleted", "stage")


@dataclass(frozen=True)
class Part:
    """What one file of an archive is.

    Attributes
    ----------
    platform : mapping
        The whole TOML file of the platform.
    table : mapping or None
        What it says of this table; None when nothing of it is read.
    why : str
        The key of ``[messages]`` that tells why nothing is read; empty for a table.
    """

    platform: Mapping[str, Any]
    table: Mapping[str, Any] | None
    why: str = ""


@cache
def all_platforms() -> tuple[dict[str, Any], ...]:
    """Return what is known of every platform, by name of its file."""
    folder = resources.files("loadlens").joinpath("data/accounts")
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    return tuple(tomllib.loads(file.read_text(encoding="utf-8")) for file in files)


def find_part(head: bytes, name: str) -> Part | None:
    """Return what a file is by its name and its beginning, None when it is of no platform known here; never raises.

    Parameters
    ----------
    head : bytes
        The first bytes.
    name : str
        Path as shown to the user.
    """
    path = PurePosixPath(_plain_name(name))
    if path.suffix not in (".csv", ".json"):
        return None
    file, is_json = path.name, path.suffix == ".json"
    headings = [] if is_json else _headings(head)
    found: list[tuple[int, Part]] = []
    for platform in all_platforms():
        labels = [set(_name_labels(cells, platform)) for cells in headings] if platform["tables"] else []
        for table in platform["tables"].values():
            named = any(fnmatchcase(file, form) for form in table["names"])
            if is_json:
                holds = all(f'"{word}"'.encode() in head for word in table["needs"])
                fits = named and (holds or (head.strip() == b"[]" and _is_in_folder(path, platform["folders"])))
            else:
                fits = any(known.issuperset(table["needs"]) for known in labels)
            if fits and (named or not table.get("by_name", False)):
                found.append((2 if named else 1, Part(platform, table)))
    if found:
        return max(found, key=lambda one: one[0])[1]
    return _find_unused(head, file, path)


def _plain_name(name: str) -> str:
    """Return a path in lower case, without what a second file of the same name or a copy has behind its own."""
    return _COPIED.sub("", _NUMBERED.sub("", _NUMBERED.sub("", name.lower())))


def _find_unused(head: bytes, file: str, path: PurePosixPath) -> Part | None:
    """Return why a file of an archive is not read, None when it belongs to none."""
    beginning = head.lower()
    for platform in all_platforms():
        ours = _is_in_folder(path, platform["folders"])
        if ours or any(mark.encode() in beginning for mark in platform["marks"]):
            for why, names in platform["not_used"].items():
                if any(fnmatchcase(file, form) for form in names):
                    return Part(platform, None, why)
        if ours:
            return Part(platform, None, NOT_KNOWN)
    return None


def _is_in_folder(path: PurePosixPath, forms: Iterable[str]) -> bool:
    parts = path.parts[:-1]
    places = [*parts, *(f"{above}/{below}" for above, below in pairwise(parts))]
    return any(fnmatchcase(place, form) for place in places for form in forms)


def _headings(head: bytes) -> list[list[str]]:
    """Return the first records, under every delimiter they may have."""
    text = delimited.head_text(head) or ""
    marks = delimited.likely_delimiters(text)
    return [cells for mark in marks for _, cells in delimited.first_records(text, mark, HEADING_WITHIN)]


def _name_labels(cells: Sequence[str], platform: Mapping[str, Any]) -> list[str]:
    """Return headings in lower case, without the name of their table, and in English."""
    labels = [cell.strip().lstrip("\ufeff").casefold() for cell in cells]
    if platform.get("short_labels"):
        labels = [label.rpartition(".")[2] if label.startswith("com.") else label for label in labels]
    known = platform.get("labels", {})
    return [known.get(label, label) for label in labels]


# ------------------------------------------------------------------ from the file to records


def load_records(source: Source, part: Part, reading: Reading) -> list[tuple[int, Record]]:
    """Return the records of a table, each with its row; what is none goes to the ledger.

    Parameters
    ----------
    source : Source
    part : Part
        With a table.
    reading : Reading
        Takes the ledger entries, and how many rows there are.

    Raises
    ------
    UnreadableFile
        The file is not whole, too large, or nested too deeply.
    """
    table = part.table or {}
    if _plain_name(source.name).endswith(".json"):
        limits = {"bytes_at_most": BYTES_AT_MOST, "values_at_most": VALUES_AT_MOST}
        found = unwrap(load_json(source, _members(table), **limits), None)
        reading.facts["rows"] = len(found)
        return sound_records(found, reading)
    return _read_table(source, part, reading)


def _paths(table: Mapping[str, Any]) -> set[str]:
    """Return the columns a table uses."""
    paths = {table[name] for name in _COLUMNS if name in table} | set(table.get("texts", {}).values())
    if "scale" in table:
        paths.add(table["scale"]["by"])
    return paths | _numeric(table)


def _numeric(table: Mapping[str, Any]) -> set[str]:
    return {path for one in table.get("fields", {}).values() for path in (*one.get("from", ()), *one.get("sum", ()))}


def _members(table: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(name for path in _paths(table) for name in path.split("."))


def _read_table(source: Source, part: Part, reading: Reading) -> list[tuple[int, Record]]:
    platform, table = part.platform, part.table or {}
    content = source.read(delimited.MAX_TEXT)
    encoding = delimited.find_encoding(content)
    if encoding is None:
        raise UnreadableFile("not_text", where=source.name)
    missing, numeric = set(platform["missing"]), _numeric(table)
    wanted = {path.partition(".")[0] for path in _paths(table)}
    json_cells = set(platform.get("json_cells", ()))
    labels: list[str] | None = None
    kept: list[tuple[int, Record]] = []
    rows = 0
    needs = set(table["needs"])
    found = delimited.find_table(
        delimited.head_text(source.head) or "",
        HEADING_WITHIN,
        lambda records: any(needs <= set(_name_labels(cells, platform)) for cells in records),
    )
    mark = found[0] if found else ","
    for row, told in delimited.read_records(content, encoding, mark, source.name):
        cells = delimited.with_points(told, mark)
        if labels is None:
            named = _name_labels(cells, platform)
            labels = named if needs <= set(named) else None
            continue
        if not any(cell.strip() for cell in cells):
            continue
        rows += 1
        if any(cell.strip() for cell in cells[len(labels) :]):
            reading.note("row_out_of_line", "set_aside", row=row, value=",".join(cells))
            continue
        record: Record = {}
        for label, raw in zip(labels, cells, strict=False):
            cell = raw.strip()
            if label not in wanted or cell in missing or label in record:
                continue  # of headings that stand there twice, the first that is filled counts
            if label in json_cells:
                record[label] = _read_json_cell(cell, row, reading)
            else:
                record[label] = float(cell) if label in numeric and _NUMBER.fullmatch(cell) else cell
        kept.append((row, record))
    reading.facts["rows"] = rows
    return kept


def _read_json_cell(cell: str, row: int, reading: Reading) -> Any:
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        reading.note("cell_unreadable", "set_aside", row=row, column="summary", value=cell[:40])
        return None
