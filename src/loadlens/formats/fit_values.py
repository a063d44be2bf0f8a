"""Stored values of FIT messages to physical ones, whole columns at a time.

Numbers become float64 (stored value / scale - offset, NaN where invalid), all of a message type in one block of
memory, a row for each field; times datetime64[s], text, labels and arrays objects (None where missing).
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

try:
    from pandas.api.internals import create_dataframe_from_blocks  # type: ignore[import-not-found]
except ImportError:  # before pandas 3
    create_dataframe_from_blocks = None

if TYPE_CHECKING:
    from loadlens.formats.fit_definitions import Definition, Plan

EPOCH = 631065600  # 1989-12-31T00:00:00Z, second 0 of FIT, in Unix time
NO_TIME = np.datetime64("NaT", "s")
_NO_SECOND = np.iinfo(np.int64).min  # how datetime64 stores NaT
_FEW = 512  # messages up to which all numbers are computed together

Columns = dict[str, np.ndarray]


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


class Layout:
    """How to read the messages of one definition: its plans, compiled.

    Parameters
    ----------
    plans : tuple of Plan
        Fields to read, names distinct.
    size : int
        Bytes of a message.
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
        self._has_floats = any(plan.dtype.base.kind == "f" for plan in plans)

    def table(self, rows: np.ndarray) -> Table:
        """Columns of each field, from the raw content of the messages."""
        with np.errstate(all="ignore") if self._has_floats else nullcontext():  # patterns of NaN trip the casts
            block = np.empty((len(self._numbers), len(rows)))
            if self._numbers:
                (self._read_few if len(rows) <= _FEW else self._read_many)(rows, block)
            columns = dict(zip(self.numbers, block, strict=True))
            if self._others:
                fields = rows.view(self._dtype)
                columns |= {plan.name: _physical(fields[plan.name], plan) for plan in self._others}
        if self._labels:
            codes = _content(rows).take(self._label_places, axis=1)
            columns |= zip(self._labels, self._label_tables[(codes + self._label_starts).T], strict=True)
        return Table(columns, block, self.numbers)

    def _read_few(self, rows: np.ndarray, block: np.ndarray) -> None:
        """Read numbers of few messages: fields of one type side by side, then all together."""
        content = _content(rows).take(self._bytes, axis=1)
        for dtype, first, last, start, stop in self._kinds:
            block[first:last] = content[:, start:stop].view(dtype).T
        missing = block == self._invalid
        for row in self._unset:
            missing[row] |= block[row] == self._numbers[row].meaning.unset
        block /= self._scale
        block -= self._offset
        np.copyto(block, np.nan, where=missing)

    def _read_many(self, rows: np.ndarray, block: np.ndarray) -> None:
        """Read numbers of many messages, field by field straight into their place."""
        fields = rows.view(self._dtype)
        for values, plan in zip(block, self._numbers, strict=True):
            _numbers(fields[plan.name], plan, values)


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


def time_dtype(definition: Definition) -> np.dtype[Any]:
    """Type of a message of which only the time is read."""
    formats, offsets = [np.dtype(f"{definition.order}u4")], [definition.time_place or 0]
    return np.dtype({"names": ["time"], "formats": formats, "offsets": offsets, "itemsize": definition.size})


@lru_cache(maxsize=4096)
def native_layout(definition: Definition, unknown: bool) -> Layout:
    """Layout of the fields of the profile, with `unknown` of all others too."""
    plans = tuple(plan for plan in definition.plans.values() if plan.known or unknown)
    return Layout(plans, definition.size)


def _physical(raw: np.ndarray, plan: Plan) -> np.ndarray:
    """Column of one field that is no plain number, from its stored values."""
    if raw.dtype.kind == "S":
        return _texts(raw)
    if raw.ndim == 2:
        return np.fromiter(_numbers(raw, plan, np.empty(raw.shape)), object, len(raw))
    if plan.meaning.is_time:
        seconds = raw.astype(np.int64)
        seconds += EPOCH
        seconds[raw == plan.invalid] = _NO_SECOND
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
    if missing is not None and (missing.size <= _FEW or missing.any()):
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


def as_times(seconds: np.ndarray) -> np.ndarray:
    """Turn whole seconds since 1989-12-31 (int64) into times, NaT where negative."""
    since = seconds + EPOCH
    since[seconds < 0] = _NO_SECOND
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


def stack(pieces: list[Table]) -> Table:
    """Join tables of several definitions: rows by `offset`, missing where a definition lacks a field."""
    if len(pieces) == 1:
        return pieces[0]
    targets = _targets([piece.columns["offset"] for piece in pieces])
    rows = sum(len(piece.columns["offset"]) for piece in pieces)
    kinds, numbers, places = _union(tuple((tuple(p.columns), _kinds_of(p.columns), p.numbers) for p in pieces))
    block = np.full((len(numbers), rows), np.nan)
    for piece, target, (source, place) in zip(pieces, targets, places, strict=True):
        values = piece.block if len(source) == len(piece.block) else piece.block[source]
        if isinstance(target, slice):
            block[place, target] = values
        elif rows <= _FEW:
            block[place[:, None], target] = values
        else:  # faster for many messages
            for row, column in zip(place.tolist(), values, strict=True):
                block[row][target] = column
    found = dict(zip(numbers, block, strict=True))
    for name, kind in kinds.items():
        if name not in found:
            column = found[name] = _blank(kind, rows)
            for piece, target in zip(pieces, targets, strict=True):
                if name in piece.columns:
                    part = piece.columns[name]
                    column[target] = part if part.dtype.kind == kind else as_objects(part)
    return Table({name: found[name] for name in kinds}, block, numbers)


def _kinds_of(columns: Columns) -> str:
    return "".join([column.dtype.kind for column in columns.values()])


@lru_cache(maxsize=512)
def _union(
    shapes: tuple[tuple[tuple[str, ...], str, tuple[str, ...]], ...],
) -> tuple[dict[str, str], tuple[str, ...], list[tuple[np.ndarray, np.ndarray]]]:
    """Kinds of the columns of several tables, names of the numbers, and by table which rows of its block go where."""
    kinds: dict[str, str] = {}
    for names, told, _ in shapes:
        for name, kind in zip(names, told, strict=True):
            kinds[name] = kind if kinds.get(name, kind) == kind else "O"
    numbers = tuple(name for name, kind in kinds.items() if kind == "f")
    row = {name: number for number, name in enumerate(numbers)}
    places = []
    for _, _, own in shapes:
        pairs = [(source, row[name]) for source, name in enumerate(own) if name in row]
        places.append((np.array([a for a, _ in pairs], np.intp), np.array([b for _, b in pairs], np.intp)))
    return kinds, numbers, places


def _targets(offsets: list[np.ndarray]) -> list[slice | np.ndarray]:
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


def as_frame(table: Table) -> pd.DataFrame:
    """Return a table as a frame without copying its block; objects stay objects.

    Building a frame of thirty columns one by one takes longer than reading a short file, hence the blocks.
    """
    columns = table.columns
    if create_dataframe_from_blocks is None or not columns:
        objects = {key: pd.Series(column, dtype=object) for key, column in columns.items() if column.dtype == object}
        return pd.DataFrame({**columns, **objects}, copy=len(columns) > 50)
    together, rest, index = _blueprint(tuple(columns), _kinds_of(columns), table.numbers)
    blocks = [(table.block, together)] if table.numbers else []
    count = len(next(iter(columns.values())))
    for alike, places in rest:
        content = [columns[name] for name in alike]
        if count <= _FEW:
            blocks.append((np.concatenate(content).reshape(len(alike), -1), places))
        else:  # each as it is: no copies of long columns
            blocks += [(column[None], place) for column, place in zip(content, places[:, None], strict=True)]
    rows = pd.RangeIndex(count)
    frame: pd.DataFrame = create_dataframe_from_blocks(blocks, index=rows, columns=index.view())
    return frame


_Group = tuple[list[str], np.ndarray]


@lru_cache(maxsize=512)
def _blueprint(
    names: tuple[str, ...], kinds: str, numbers: tuple[str, ...]
) -> tuple[np.ndarray, list[_Group], pd.Index]:
    """Where the rows of a block go among the columns, the other columns by kind with their places, and the names."""
    place = {name: number for number, name in enumerate(names)}
    together = np.array([place[name] for name in numbers], np.intp)
    alike: dict[str, list[str]] = {}
    for name, kind in zip(names, kinds, strict=True):
        if name not in numbers:
            alike.setdefault(kind, []).append(name)
    rest = [(group, np.array([place[name] for name in group], np.intp)) for group in alike.values()]
    return together, rest, pd.Index(names)
