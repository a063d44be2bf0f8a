"""Stored values of FIT messages to physical ones, whole columns at a time.

Numbers become float64 (stored value / scale - offset, NaN where invalid), times datetime64[s], text, labels and arrays
objects (None where missing). All numbers of a message type lie in one block of memory, a row for each field, and each
definition is read straight into its places there, in file order, so no value is held twice.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from loadlens.formats.fit_definitions import Definition, Plan

EPOCH = 631065600  # 1989-12-31T00:00:00Z, second 0 of FIT, in Unix time
NO_TIME = np.datetime64("NaT", "s")
NO_SECOND = np.iinfo(np.int64).min  # how datetime64 stores NaT
FEW = 512  # messages up to which all numbers are computed together

Columns = dict[str, np.ndarray]


class Layout:
    """How to read the messages of one definition: its plans, compiled.

    Parameters
    ----------
    plans : tuple of Plan
        Fields to read, names distinct.
    size : int
        Bytes of a message.

    Attributes
    ----------
    numbers : tuple of str
        Names of the columns of numbers.
    kinds : dict of str to str
        Kind of each column in their order: `f`, `M` for times, `O`.
    """

    def __init__(self, plans: tuple[Plan, ...], size: int) -> None:
        self.plans = plans
        numbers = sorted((plan for plan in plans if plan.is_number), key=lambda plan: plan.dtype.str)
        self._numbers = tuple(numbers)
        labels = [plan for plan in plans if plan.is_label_of_a_byte]
        self._labels = tuple(plan.name for plan in labels)
        self._label_places = np.array([plan.at for plan in labels], int)
        self._label_tables = np.array([plan.label_table for plan in labels], object).reshape(-1)
        self._label_starts = 256 * np.arange(len(labels))
        self._others = tuple(plan for plan in plans if not (plan.is_number or plan.is_label_of_a_byte))
        self.numbers = tuple(plan.name for plan in numbers)
        names, formats = [plan.name for plan in plans], [plan.dtype for plan in plans]
        offsets = [plan.at for plan in plans]
        self._dtype = np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": size})
        self._scale = np.array([[plan.meaning.scale] for plan in numbers])
        self._offset = np.array([[plan.meaning.offset] for plan in numbers])
        self._invalid = np.array([[np.nan if plan.invalid is None else plan.invalid] for plan in numbers], float)
        self._unset = [
            row for row, plan in enumerate(numbers) if plan.meaning.unset is not None and plan.dtype.itemsize > 1
        ]
        self._bytes = np.array([at for plan in numbers for at in range(plan.at, plan.at + plan.dtype.itemsize)], int)
        self._kinds = _kinds(numbers)
        self.kinds = dict.fromkeys(self.numbers, "f")
        self.kinds |= {plan.name: "M" if _is_time(plan) else "O" for plan in self._others}
        self.kinds |= dict.fromkeys(self._labels, "O")
        self._has_floats = any(plan.dtype.base.kind == "f" for plan in plans)

    def numbers_of(self, rows: np.ndarray) -> np.ndarray:
        """Numbers from the raw content of the messages, (fields, messages)."""
        block = np.empty((len(self._numbers), len(rows)))
        if len(rows) > FEW:
            fields = rows.view(self._dtype)
            for place, values in enumerate(block):
                self._read(fields, place, values)
        elif self._numbers:
            self._read_few(rows, block)
        return block

    def columns_of(self, rows: np.ndarray) -> Columns:
        """All columns, from the raw content of the messages."""
        return dict(zip(self.numbers, self.numbers_of(rows), strict=True)) | self.rest_of(rows)

    def spread_numbers(
        self, rows: np.ndarray, block: np.ndarray, target: slice | np.ndarray, chosen: np.ndarray, places: np.ndarray
    ) -> None:
        """Write numbers into a block (fields, messages) of more than this definition.

        The fields `chosen` go to the rows `places` of the block, the messages to its columns `target`.
        """
        if len(rows) <= FEW:
            values = self.numbers_of(rows)[chosen]
            if isinstance(target, slice):
                block[places, target] = values
            else:
                block[places[:, None], target] = values
            return
        fields = rows.view(self._dtype)
        for number, place in zip(chosen.tolist(), places.tolist(), strict=True):
            if isinstance(target, slice):
                self._read(fields, number, block[place, target])
            else:
                block[place][target] = self._read(fields, number, np.empty(len(rows)))

    def rest_of(self, rows: np.ndarray) -> Columns:
        """Columns of all that is no number, from the raw content of the messages."""
        columns: Columns = {}
        if self._others:
            fields = rows.view(self._dtype)
            with self._unwarned():
                columns = {plan.name: _physical(fields[plan.name], plan) for plan in self._others}
        if self._labels:
            codes = _content(rows).take(self._label_places, axis=1)
            columns |= zip(self._labels, self._label_tables[(codes + self._label_starts).T], strict=True)
        return columns

    def _unwarned(self) -> AbstractContextManager[Any]:
        """Patterns of NaN trip the casts of floating-point fields."""
        return np.errstate(all="ignore") if self._has_floats else nullcontext()

    def _read_few(self, rows: np.ndarray, block: np.ndarray) -> None:
        """Read numbers of few messages: fields of one type side by side, then all together."""
        content = _content(rows).take(self._bytes, axis=1)
        with self._unwarned():
            for dtype, first, last, start, stop in self._kinds:
                block[first:last] = content[:, start:stop].view(dtype).T
            missing = block == self._invalid
            for row in self._unset:
                missing[row] |= block[row] == self._numbers[row].meaning.unset
            block /= self._scale
            block -= self._offset
            np.copyto(block, np.nan, where=missing)

    def _read(self, fields: np.ndarray, number: int, values: np.ndarray) -> np.ndarray:
        """Read one field of many messages straight into its place."""
        plan = self._numbers[number]
        with self._unwarned():
            return _numbers(fields[plan.name], plan, values)


def _content(rows: np.ndarray) -> np.ndarray:
    """Messages as bytes (messages, size)."""
    return np.ascontiguousarray(rows).view(np.uint8).reshape(len(rows), -1)


def _kinds(plans: list[Plan]) -> list[tuple[np.dtype[Any], int, int, int, int]]:
    """List the stored types of plans in order: type, first and last plan, first and last byte."""
    kinds: list[tuple[np.dtype[Any], int, int, int, int]] = []
    at = 0
    for place, plan in enumerate(plans):
        if kinds and kinds[-1][0] == plan.dtype:
            _, first, _, start, _ = kinds.pop()
        else:
            first, start = place, at
        at += plan.dtype.itemsize
        kinds.append((plan.dtype, first, place + 1, start, at))
    return kinds


@lru_cache(maxsize=512)
def native_layout(definition: Definition, unknown: bool) -> Layout:
    """Layout of the fields of the profile, with `unknown` of all others too."""
    plans = tuple(plan for plan in definition.plans.values() if plan.known or unknown)
    return Layout(plans, definition.size)


def _is_time(plan: Plan) -> bool:
    """Whether the column is one of times."""
    return plan.meaning.is_time and plan.dtype.kind in "iu" and not plan.dtype.shape


def _physical(raw: np.ndarray, plan: Plan) -> np.ndarray:
    """Column of one field that is no plain number, from its stored values."""
    if raw.dtype.kind == "S":
        return _texts(raw)
    if raw.ndim == 2:
        return np.fromiter(_numbers(raw, plan, np.empty(raw.shape)), object, len(raw))
    if plan.meaning.is_time:
        seconds = raw.astype(np.int64)
        seconds += EPOCH
        seconds[raw == plan.invalid] = NO_SECOND
        return seconds.view("datetime64[s]")
    return np.fromiter((plan.labels.get(code, code) for code in raw.tolist()), object, len(raw))


def _numbers(raw: np.ndarray, plan: Plan, values: np.ndarray) -> np.ndarray:
    """Write physical values into `values`, NaN for invalid ones; one value a message or several."""
    if plan.meaning.scale == 1:
        values[...] = raw
    else:
        np.divide(raw, plan.meaning.scale, out=values)
    if plan.meaning.offset:
        values -= plan.meaning.offset
    missing = _missing(raw, plan)
    if missing is not None and (missing.size <= FEW or missing.any()):
        values[missing] = np.nan
    return values


def _missing(raw: np.ndarray, plan: Plan) -> np.ndarray | None:
    """Mask of invalid values; a row of bytes is invalid as a whole."""
    if plan.invalid is None:
        return None
    missing: np.ndarray = raw == plan.invalid
    if raw.ndim == 2 and plan.meaning.base.name == "byte":
        missing &= missing.all(axis=1, keepdims=True)
    if plan.meaning.unset is not None and raw.dtype.itemsize > 1:
        missing |= raw == plan.meaning.unset
    return missing


def _texts(raw: np.ndarray) -> np.ndarray:
    """Text up to the first NUL, None when empty."""
    parts = (text.split(b"\0", 1)[0].decode("utf-8", "replace") or None for text in raw.tolist())
    return np.fromiter(parts, object, len(raw))


@dataclass(slots=True)
class Table:
    """Columns of one message type.

    Attributes
    ----------
    columns : dict of str to array
        All columns by name, those of `block` as views of its rows.
    block : float64 array (fields, messages)
        The numbers.
    numbers : tuple of str
        Names of its rows.
    """

    columns: Columns
    block: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    numbers: tuple[str, ...] = ()


@dataclass(slots=True)
class Piece:
    """Messages of one definition in one part, to be read.

    Attributes
    ----------
    layout : Layout
        How to read them.
    rows : array
        Their raw content.
    offsets : int64 array
        Where they stand in the file, ascending.
    part : int
        Which chained file.
    times : datetime64[s] array or None
        Times counted on from their headers, where these hold some.
    """

    layout: Layout
    rows: np.ndarray
    offsets: np.ndarray
    part: int
    times: np.ndarray | None


def join(pieces: list[Piece]) -> Table:
    """Read the messages of several definitions: rows by offset, missing where a definition lacks a field."""
    if len(pieces) == 1:
        return _read_alone(pieces[0])
    targets = _targets([piece.offsets for piece in pieces])
    count = sum([len(piece.offsets) for piece in pieces])
    kinds, numbers, sources = _union(tuple([(piece.layout, piece.times is not None) for piece in pieces]))
    block = np.full((len(numbers), count), np.nan)
    found = dict(zip(numbers, block, strict=True))
    found |= {name: _blank(kind, count) for name, kind in kinds.items() if kind != "f"}
    for piece, target, (chosen, places, mixed) in zip(pieces, targets, sources, strict=True):
        found["part"][target], found["offset"][target] = piece.part, piece.offsets
        piece.layout.spread_numbers(piece.rows, block, target, chosen, places)
        rest = piece.layout.rest_of(piece.rows)
        if mixed:
            own = piece.layout.numbers_of(piece.rows)
            rest |= {piece.layout.numbers[row]: own[row] for row in mixed}
        for name, column in _complete(rest, piece.times).items():
            found[name][target] = column if column.dtype.kind == kinds[name] else as_objects(column)
    return Table({name: found[name] for name in kinds}, block, numbers)


def _read_alone(piece: Piece) -> Table:
    """Read the messages of one definition."""
    block, numbers = piece.layout.numbers_of(piece.rows), piece.layout.numbers
    columns = {"part": np.full(len(piece.offsets), piece.part), "offset": np.array(piece.offsets)}
    columns |= zip(numbers, block, strict=True)
    columns |= _complete(piece.layout.rest_of(piece.rows), piece.times)
    return Table(columns, block, numbers)


def _complete(columns: Columns, times: np.ndarray | None) -> Columns:
    """Let the times of the headers stand in for those that the messages lack."""
    if times is not None:
        own = columns.get("timestamp", times)
        columns["timestamp"] = np.where(np.isnat(own), times, own)
    return columns


_Source = tuple[np.ndarray, np.ndarray, list[int]]


@lru_cache(maxsize=256)
def _union(shapes: tuple[tuple[Layout, bool], ...]) -> tuple[dict[str, str], tuple[str, ...], list[_Source]]:
    """Columns of several definitions together.

    Returns kinds by name, the names of the numbers, and for each definition which of its numbers go to which rows of
    the block, and which of them to none because the column holds something else in another definition.
    """
    kinds = {"part": "i", "offset": "i"}
    for layout, is_timed in shapes:
        for name, kind in (*layout.kinds.items(), *((("timestamp", "M"),) if is_timed else ())):
            kinds[name] = kind if kinds.get(name, kind) == kind else "O"
    numbers = tuple(name for name, kind in kinds.items() if kind == "f")
    row = {name: number for number, name in enumerate(numbers)}
    sources = []
    for layout, _ in shapes:
        pairs = [(source, row[name]) for source, name in enumerate(layout.numbers) if name in row]
        mixed = [source for source, name in enumerate(layout.numbers) if name not in row]
        chosen, places = (np.array([pair[side] for pair in pairs], np.intp) for side in (0, 1))
        sources.append((chosen, places, mixed))
    return kinds, numbers, sources


def _targets(offsets: list[np.ndarray]) -> Sequence[slice | np.ndarray]:
    """Where the rows of each table go in order of offset: a slice where they stay together."""
    stops = np.cumsum([len(each) for each in offsets]).tolist()
    if all(before[-1] < after[0] for before, after in pairwise(offsets)):
        return [slice(stop - len(each), stop) for each, stop in zip(offsets, stops, strict=True)]
    order = np.argsort(np.concatenate(offsets), kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    parts = [place[stop - len(each) : stop] for each, stop in zip(offsets, stops, strict=True)]
    return [slice(int(p[0]), int(p[-1]) + 1) if p[-1] - p[0] == len(p) - 1 else p for p in parts]


def _blank(kind: str, rows: int) -> np.ndarray:
    """Column of missing values of a kind other than float."""
    if kind == "M":
        return np.full(rows, NO_TIME)
    return np.zeros(rows, np.int64) if kind == "i" else np.full(rows, None)


def as_objects(column: np.ndarray) -> np.ndarray:
    """Return the same column as objects, None for what is missing."""
    objects = column.astype(object)
    if column.dtype.kind in "fM":
        objects[np.isnan(column) if column.dtype.kind == "f" else np.isnat(column)] = None
    return objects
