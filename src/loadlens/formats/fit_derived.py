"""What the profile alone does not tell of FIT fields: packed values, several readings, fields a file describes itself.

A *packed* field carries *components*: `record.compressed_speed_distance` is 12 bits of speed and 12 of distance, the
latter rolling over. A *subfield* is another reading of a field that depends on a second one: `monitoring.cycles`
counts steps (and is scaled otherwise) where `activity_type` is walking or running. *Developer fields* mean what the
file's own `field_description` messages say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from loadlens.formats.fit_definitions import plan_field
from loadlens.formats.fit_profile import BASE_TYPES, base_number, field_of, message_of
from loadlens.formats.fit_values import EPOCH, NO_SECOND, Layout, native_layout

if TYPE_CHECKING:
    from loadlens.formats.fit_definitions import Definition, Plan
    from loadlens.formats.fit_profile import Component, Field, Message
    from loadlens.formats.fit_tables import Columns, Table
    from loadlens.formats.fit_values import Shape

_TOLD = ("developer_data_index", "field_definition_number", "fit_base_type_id", "field_name", "units")
_EXACT = 2.0**53  # numbers below are whole in float64; what is stored as a larger one is no code, time or count


def derive(table: Table, number: int) -> None:
    """Add the columns that fields of a message imply to its table; what is missing in others is filled in place."""
    packed, ambiguous, asked = _find_implying(table.shape, number)
    message = message_of(number)
    if message is None or not (packed or ambiguous):
        return
    for meaning in packed:
        _unpack(table, meaning, message)
    rows = _find_rows(table.columns, asked) if ambiguous else {}
    for meaning in ambiguous if rows else ():
        if table.columns[meaning.name].dtype.kind == "f":
            _read_otherwise(table.columns, meaning, rows)


@lru_cache(maxsize=1024)
def _find_implying(shape: Shape, number: int) -> tuple[list[Field], list[Field], dict[str, set[str | int]]]:
    """Fields of a message that imply others, as far as its table has them.

    Returns the packed ones, those of several readings, and the labels in other fields on which their reading depends.
    """
    message, present = message_of(number), set(shape.columns)
    if message is None:
        return [], [], {}
    packed = [field for field in message.packed if field.name in present]
    present |= {component.name for field in packed for component in field.components}
    ambiguous = [field for field in message.ambiguous if field.name in present]
    asked: dict[str, set[str | int]] = {}
    for name, label in [when for field in ambiguous for subfield in field.subfields for when in subfield.when]:
        asked.setdefault(name, set()).add(label)
    return packed, ambiguous, asked


def _unpack(table: Table, packed: Field, message: Message) -> None:
    """Give each component its column, in the rows that no other field has filled."""
    columns = table.columns
    content, valid = _bits(columns[packed.name])
    for component in packed.components:
        raw = content >> component.first_bit & (1 << component.bits) - 1
        if component.accumulate:
            raw = _accumulate(raw, valid, component.bits, table.part)
        values = _component_values(raw, valid, component, message.by_name.get(component.name))
        old = columns.get(component.name)
        if old is None:
            columns[component.name] = values
        elif old.dtype.kind == values.dtype.kind:
            missing = (
                np.isnan(old) if old.dtype.kind == "f" else np.array([each is None for each in old.tolist()], bool)
            )
            old[missing] = values[missing]


def _component_values(raw: np.ndarray, valid: np.ndarray, component: Component, meaning: Field | None) -> np.ndarray:
    if meaning and meaning.labels:
        return _labels(raw, valid, meaning)
    return np.where(valid, raw / component.scale - component.offset, np.nan)


def _labels(codes: np.ndarray, valid: np.ndarray, meaning: Field) -> np.ndarray:
    """Labels of codes, an unlisted code as it is, None where not valid."""
    pairs = zip(codes.tolist(), valid.tolist(), strict=True)
    return np.fromiter((meaning.labels.get(c, c) if ok else None for c, ok in pairs), object, len(codes))


def _bits(column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Packed values as whole numbers (of several bytes the lowest first), and where there are any."""
    if column.dtype == object:
        column = _whole(column)
    valid = ~np.isnan(column)
    return np.where(valid, column, 0).astype(np.int64), valid


def _whole(column: np.ndarray) -> np.ndarray:
    """Numbers from arrays of bytes; NaN where there are none or too many."""
    lengths = np.fromiter((len(row) if isinstance(row, np.ndarray) else 0 for row in column), np.int64, len(column))
    numbers = np.full(len(column), np.nan)
    for length in np.unique(lengths).tolist():
        if 0 < length <= 6:
            chosen = np.flatnonzero(lengths == length)
            content = np.concatenate(column[chosen].tolist()).reshape(len(chosen), length)
            numbers[chosen] = content @ 256.0 ** np.arange(length)
    return numbers


def _accumulate(raw: np.ndarray, valid: np.ndarray, bits: int, part: np.ndarray) -> np.ndarray:
    """Count on a value that rolls over after `bits` bits, from the first one in each part."""
    rows = np.flatnonzero(valid)
    group, low = part[rows], raw[rows]
    first = np.diff(group, prepend=-1) != 0
    total = raw.copy()
    if len(rows):
        total[rows] = unroll(np.where(first, low, -1), low, bits, group)
    return total


def _read_otherwise(columns: Columns, meaning: Field, rows: dict[tuple[str, str | int], np.ndarray]) -> None:
    """Give each other reading of a field its column, in the rows to which it applies."""
    column = columns[meaning.name]
    for subfield in meaning.subfields:
        own = [rows[when] for when in subfield.when if when in rows]
        if not own or subfield.field.name in columns:
            continue
        valid = np.abs(column) < _EXACT
        valid &= own[0] if len(own) == 1 else np.logical_or.reduce(own)
        if not valid.any():
            continue
        if _is_same_number(meaning, subfield.field):
            columns[subfield.field.name] = np.where(valid, column, np.nan)
            continue
        raw = np.rint((np.where(valid, column, 0) + meaning.offset) * meaning.scale)
        valid &= np.abs(raw) < _EXACT
        raw[~valid] = 0
        columns[subfield.field.name] = _subfield_values(raw, valid, subfield.field)


def _find_rows(columns: Columns, asked: dict[str, set[str | int]]) -> dict[tuple[str, str | int], np.ndarray]:
    """Where in columns of labels the labels asked for stand, by column and label; anything else may stand there too."""
    rows: dict[tuple[str, str | int], np.ndarray] = {}
    for name, labels in asked.items():
        column = columns.get(name)
        values = column.tolist() if column is not None and column.dtype == object else []
        for label in {value for value in values if isinstance(value, (str, int))} & labels:
            same = (type(value) is type(label) and value == label for value in values)
            rows[name, label] = np.fromiter(same, bool, len(values))
    return rows


def _is_same_number(one: Field, other: Field) -> bool:
    """Whether two readings of what is stored are the same number."""
    return (one.scale, one.offset) == (other.scale, other.offset) == (1, 0) and not (other.labels or other.is_time)


def _subfield_values(raw: np.ndarray, valid: np.ndarray, meaning: Field) -> np.ndarray:
    """Column of a subfield from the stored values of its field."""
    if meaning.labels:
        return _labels(raw.astype(np.int64), valid, meaning)
    if meaning.is_time:
        return as_times(np.where(valid, raw, -1).astype(np.int64))
    return np.where(valid, raw / meaning.scale - meaning.offset, np.nan)


def as_times(seconds: np.ndarray) -> np.ndarray:
    """Turn whole seconds since 1989-12-31 (int64) into times, NaT where negative."""
    since = seconds + EPOCH
    since[seconds < 0] = NO_SECOND
    return since.view("datetime64[s]")


def unroll(anchors: np.ndarray, low: np.ndarray, bits: int, group: np.ndarray) -> np.ndarray:
    """Whole numbers from their lowest bits, counted on from the last anchor of the same group.

    Parameters
    ----------
    anchors : int64 array
        The whole number where it is known, else -1.
    low : int64 array
        The lowest `bits` bits where it is not.
    bits : int
        Width of `low`.
    group : int array
        Ascending; nothing is counted on from one group into the next.

    Returns
    -------
    int64 array
        -1 before the first anchor of a group.
    """
    known = anchors >= 0
    low = np.where(known, anchors, low) & ((1 << bits) - 1)
    steps = np.diff(low, prepend=low[:1]) & ((1 << bits) - 1)
    steps[known] = 0
    total = np.cumsum(steps)
    last = np.maximum.accumulate(np.where(known, np.arange(len(low)), 0))
    sound = known[last] & (group[last] == group)
    return np.where(sound, anchors[last] + total - total[last], -1)


@dataclass(frozen=True, slots=True)
class Description:
    """What a `field_description` says of a developer field; without a name nobody described it."""

    name: str
    base: int
    units: str | None


@lru_cache(maxsize=512)
def describe(definition: Definition, content: bytes) -> tuple[int, int, Description] | None:
    """Read one `field_description` from its native fields: developer data index, number, and what it says."""
    layout = native_layout(definition, False)
    blocks = layout.read(np.frombuffer(content, f"V{definition.size}"))
    told = {
        key: row[0] for kind, keys in layout.shape.names.items() for key, row in zip(keys, blocks[kind], strict=True)
    }
    index, number, base, name, units = map(told.get, _TOLD)
    if index is None or number is None or np.isnan(index) or np.isnan(number):
        return None
    kind = base_number(base) if isinstance(base, (str, int)) else len(BASE_TYPES)
    label = re.sub(r"\W+", "_", name.lower()).strip("_") if isinstance(name, str) else ""
    how = Description(label, kind, units if isinstance(units, str) else None)
    return (int(index), int(number), how) if kind < len(BASE_TYPES) else None


@lru_cache(maxsize=512)
def plan_developer(
    definition: Definition, used: tuple[Description, ...], native: frozenset[str], unknown: bool
) -> tuple[Plan, ...]:
    """Plans for developer fields, under names that no native field of the message and no other of them has."""
    plans: dict[str, Plan] = {}
    for (number, size, index, at), how in zip(definition.developer, used, strict=True):
        if not how.name and not unknown:
            continue
        name = how.name or f"unknown_dev_{index}_{number}"
        name = f"{name}_dev" if name in native else name
        name = f"{name}_{index}_{number}" if name in plans else name
        meaning = field_of(name, BASE_TYPES[how.base].name, units=how.units)
        plan = plan_field(name, meaning, size, how.base, at, definition.order)
        if plan:
            plans[name] = plan
    return tuple(plans.values())


@lru_cache(maxsize=512)
def extend(native: Layout, developer: tuple[Plan, ...], size: int) -> Layout:
    """Layout with developer fields too."""
    return Layout((*native.plans, *developer), size)
