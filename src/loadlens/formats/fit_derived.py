"""Columns that FIT messages hold in disguise: values packed in the bits of a field, and fields with several readings.

A *packed* field carries *components*: `record.compressed_speed_distance` is 12 bits of speed and 12 of distance, the
latter rolling over. A *subfield* is another reading of a field that depends on a second one: `monitoring.cycles`
counts steps (and is scaled otherwise) where `activity_type` is walking or running.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from loadlens.formats.fit_values import Columns, as_times, unroll

if TYPE_CHECKING:
    from loadlens.formats.fit_profile import Component, Field, Message


def derive(table: Columns, message: Message) -> None:
    """Add the columns that fields of `message` imply to its table."""
    present = [meaning for meaning in message.fields.values() if meaning.name in table]
    for meaning in present:
        if meaning.components:
            _unpack(table, meaning, message)
    for meaning in present:
        if meaning.subfields and table[meaning.name].dtype.kind == "f":
            _read_otherwise(table, meaning)


def _unpack(table: Columns, packed: Field, message: Message) -> None:
    """Give each component its column, in the rows that no other field has filled."""
    content, valid = _bits(table[packed.name])
    meanings = {meaning.name: meaning for meaning in message.fields.values()}
    for component in packed.components:
        raw = content >> component.first_bit & (1 << component.bits) - 1
        if component.accumulate:
            raw = _accumulate(raw, valid, component.bits, table["part"])
        values = _component_values(raw, valid, component, meanings.get(component.name))
        old = table.get(component.name)
        if old is None:
            table[component.name] = values
        elif old.dtype.kind == values.dtype.kind:
            table[component.name] = np.where(pd.isna(old), values, old)


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
        rows = [row if isinstance(row, np.ndarray) and len(row) <= 6 else np.full(1, np.nan) for row in column]
        column = np.array([row @ 256.0 ** np.arange(len(row)) for row in rows], np.float64)
    valid = ~np.isnan(column)
    return np.where(valid, column, 0).astype(np.int64), valid


def _accumulate(raw: np.ndarray, valid: np.ndarray, bits: int, part: np.ndarray) -> np.ndarray:
    """Count on a value that rolls over after `bits` bits, from the first one in each part."""
    rows = np.flatnonzero(valid)
    group, low = part[rows], raw[rows]
    first = np.diff(group, prepend=-1) != 0
    total = raw.copy()
    if len(rows):
        total[rows] = unroll(np.where(first, low, -1), low, bits, group)
    return total


def _read_otherwise(table: Columns, meaning: Field) -> None:
    """Give each other reading of a field its column, in the rows to which it applies."""
    column = table[meaning.name]
    for subfield in meaning.subfields:
        applies = np.zeros(len(column), bool)
        for name, label in subfield.when:
            if name in table and table[name].dtype == object:
                applies |= _equals(table[name], label)
        valid = applies & np.isfinite(column)
        if valid.any() and subfield.field.name not in table:
            raw = np.rint((np.where(valid, column, 0) + meaning.offset) * meaning.scale)
            table[subfield.field.name] = _subfield_values(raw, valid, subfield.field)


def _equals(column: np.ndarray, label: str | int) -> np.ndarray:
    """Where a column of labels holds this one; anything else may stand in it too."""
    same = (type(value) is type(label) and value == label for value in column.tolist())
    return np.fromiter(same, bool, len(column))


def _subfield_values(raw: np.ndarray, valid: np.ndarray, meaning: Field) -> np.ndarray:
    """Column of a subfield from the stored values of its field."""
    if meaning.labels:
        return _labels(raw.astype(np.int64), valid, meaning)
    if meaning.is_time:
        return as_times(np.where(valid, raw, -1).astype(np.int64))
    return np.where(valid, raw / meaning.scale - meaning.offset, np.nan)
