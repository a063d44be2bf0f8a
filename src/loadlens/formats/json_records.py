"""From a JSON file to columns: records of a list, and the numbers and texts that stand at the same place in each.

Memory stays bounded: of every object only the members asked for are kept, and a file with more values than a real
export could have is not parsed at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from loadlens.formats.source import Reading, Source, UnreadableFile

Record = dict[str, Any]


def load_json(source: Source, wanted: frozenset[str], *, bytes_at_most: int, values_at_most: int) -> Any:
    """Return what a JSON file says.

    Parameters
    ----------
    source : Source
    wanted : frozenset of str
        Names of the members that are kept, at whatever depth; all when empty.
    bytes_at_most, values_at_most : int
        A larger file, or one with more values, is refused.

    Raises
    ------
    UnreadableFile
        Too large, not JSON, not whole, or nested too deeply.
    """

    def keep(members: Record) -> Record:
        return {name: members[name] for name in wanted & members.keys()}

    content = source.read(bytes_at_most)
    values = sum(content.count(sign) for sign in (b",", b"[", b"{"))
    if values > values_at_most:
        raise UnreadableFile("json_too_many", where=source.name, count=values)
    try:
        return json.loads(content, object_hook=keep if wanted else None)
    except (ValueError, RecursionError) as error:
        raise UnreadableFile("json_broken", where=source.name, found=error) from error


def unwrap(found: Any, key: str | None) -> list[Any]:
    """Return the records, which stand in a list, or in lists under a key of the members of a list."""
    records: list[Any] = []
    for part in found if isinstance(found, list) else [found]:
        inside = part.get(key) if key and isinstance(part, dict) else None
        records += inside if isinstance(inside, list) else [part]
    return records


def sound_records(records: Sequence[Any], reading: Reading) -> list[tuple[int, Record]]:
    """Return the records that have members, each with its place in the list, the first being 1."""
    kept = []
    for row, record in enumerate(records, 1):
        if isinstance(record, dict):
            kept.append((row, record))
        else:
            reading.note("record_unreadable", "set_aside", row=row, value=show(record))
    return kept


def dig(record: Any, path: str) -> Any:
    """Return what stands at a path such as ``"weight.weight"``, None where nothing does."""
    for name in path.split("."):
        record = record.get(name) if isinstance(record, dict) else None
    return record


def read_text(value: Any) -> str | None:
    """Return a text that can be written anywhere (half a surrogate pair cannot), None where there is none."""
    if not isinstance(value, str) or not value.strip():
        return None
    return value.strip().encode("utf-8", "replace").decode("utf-8")


def show(value: Any) -> str:
    """Return the beginning of what stood there, for the ledger."""
    return str(value)[:40].encode("utf-8", "replace").decode("utf-8")


def read_id(value: Any) -> str | None:
    """Return an id, which is a whole number or a text, as text."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    return read_text(str(value)) if value else None


def read_code(value: Any) -> str | None:
    """Return a word or a whole number that stands for something, as text."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return read_text(str(value)) if isinstance(value, (str, int)) and not isinstance(value, bool) else None


def read_numbers(records: Sequence[Any], path: str, column: str, reading: Reading) -> np.ndarray:
    """Return one number for each record, NaN where none stands; what stands there and is none goes to the ledger.

    Truth values and numbers written as text are no measurement.
    """
    raw = [dig(record, path) for record in records]
    values = np.array([_number(value) for value in raw], dtype="float64")
    wrong = [value for value, number in zip(raw, values, strict=True) if value is not None and np.isnan(number)]
    if wrong:
        reading.note("cell_unreadable", "set_aside", column=column, value=show(wrong[0]), count=len(wrong))
    return values


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e18:
        return np.nan
    return float(value)


def measure(
    records: Sequence[Any], column: str, told: Mapping[str, Any], reading: Reading
) -> tuple[np.ndarray, np.ndarray]:
    """Return one column in the unit of the log.

    Parameters
    ----------
    records : sequence
    column : str
        Its name in the log.
    told : mapping
        ``from``: path -> factor, the first path with a value counts; or ``sum``: paths, of which those in ``needs``
        must be there, times ``factor``. ``zero_is_missing`` where 0 means that nothing was measured; ``codes``: numbers
        that mean so; ``between``: the least and the most that can stand there, before the factor.
    reading : Reading
        Takes the ledger entries.

    Returns
    -------
    values : array of float
        NaN where nothing was measured.
    second : array of bool
        Whether the value comes from another path than the first.
    """
    values, second = np.full(len(records), np.nan), np.zeros(len(records), dtype=bool)
    if "sum" in told:
        parts = {path: read_numbers(records, path, column, reading) for path in told["sum"]}
        lacking = np.any([np.isnan(parts[path]) for path in told["needs"]], axis=0)
        total = np.nansum([*parts.values()], axis=0)
        return np.where(lacking | (total <= 0), np.nan, total * told.get("factor", 1)), second
    for choice, (path, factor) in enumerate(told["from"].items()):
        raw = read_numbers(records, path, column, reading)
        nothing = (raw == 0) & told.get("zero_is_missing", False)
        if nothing.any():
            reading.note("zero_not_measured", "set_aside", column=column, count=int(nothing.sum()))
            raw[nothing] = np.nan
        code = np.isin(raw, told.get("codes", ()))
        if code.any():
            reading.note(
                "code_not_measured", "set_aside", column=column, value=f"{raw[code][0]:g}", count=int(code.sum())
            )
            raw[code] = np.nan
        low, high = told.get("between", (-np.inf, np.inf))
        outside = (raw < low) | (raw > high)
        if outside.any():
            first = f"{raw[outside][0]:g}"
            reading.note("cell_unreadable", "set_aside", column=column, value=first, count=int(outside.sum()))
            raw[outside] = np.nan
        fill = np.isnan(values) & ~np.isnan(raw)
        values[fill] = raw[fill] * factor
        second |= fill & (choice > 0)
    return values, second
