"""Stored values of FIT messages to physical ones, whole columns at a time.

Numbers become float64 (stored value / scale - offset, NaN where invalid), times datetime64[s], text, labels and arrays
objects (None where missing). Columns of one kind lie side by side in one block of memory, a row for each field: few
messages are then read all fields at once, many field by field, and pandas takes a block as it is.
"""

from __future__ import annotations

import math
from contextlib import nullcontext
from functools import lru_cache
from itertools import pairwise
from struct import Struct
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from loadlens.formats.fit_definitions import Definition, Plan

EPOCH = 631065600  # 1989-12-31T00:00:00Z, second 0 of FIT, in Unix time
NO_TIME = np.datetime64("NaT", "s")
_TIME = np.dtype("datetime64[s]")
NO_SECOND = np.iinfo(np.int64).min  # how datetime64 stores NaT
FEW = 512  # messages up to which all numbers are computed together
_NARROW = 18  # numbers in a message up to which reading each by itself is faster than all of a type together

_CODES = {"u1": "B", "i1": "b", "u2": "H", "i2": "h", "u4": "I", "i4": "i", "u8": "Q", "i8": "q", "f4": "f", "f8": "d"}

Blocks = dict[str, np.ndarray]  # by kind: columns (columns, messages)


class Route(NamedTuple):
    """To which rows of a larger block the rows of one go.

    Attributes
    ----------
    pairs : list of (int, int)
        Row and its place.
    rows, places : slice or array
        The same as NumPy takes them, slices where they lie side by side.
    """

    pairs: list[tuple[int, int]]
    rows: slice | np.ndarray
    places: slice | np.ndarray


DTYPES: dict[str, Any] = {"f": np.float64, "M": "datetime64[s]", "O": object}
MISSING: dict[str, Any] = {"f": np.nan, "M": NO_TIME, "O": None}


class Shape:
    """Columns of a table by kind; two are the same only when one is the other, so asking for what follows is cheap.

    Parameters
    ----------
    names : dict of str to tuple of str
        Names of the columns of each kind, in the order of their rows in a block.

    Attributes
    ----------
    names : dict of str to tuple of str
        The same, without kinds that have none.
    columns : tuple of str
        All names, block after block.
    """

    def __init__(self, names: dict[str, tuple[str, ...]]) -> None:
        self.names = {kind: own for kind, own in names.items() if own}
        self.columns = tuple([name for own in self.names.values() for name in own])

    def divide(self, blocks: Blocks) -> dict[str, np.ndarray]:
        """Columns by name: the rows of blocks of this shape."""
        return dict(zip(self.columns, [row for kind in self.names for row in blocks[kind]], strict=True))


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
    shape : Shape
        The columns it gives.
    """

    def __init__(self, plans: tuple[Plan, ...], size: int) -> None:
        self.plans = plans
        times = [plan for plan in plans if plan.is_time]
        like_times = {plan.dtype for plan in times}
        numbers = sorted(
            (plan for plan in plans if plan.is_number), key=lambda plan: (plan.dtype in like_times, plan.dtype.str)
        )
        labels = [plan for plan in plans if plan.is_label_of_a_byte]
        arrays = [plan for plan in plans if plan.is_several_numbers]
        together = {*numbers, *times, *labels, *arrays}
        self._rest = [plan for plan in plans if plan not in together]
        of_kind = {"f": numbers, "M": times, "O": [*labels, *arrays, *self._rest]}
        self._of_kind = {kind: own for kind, own in of_kind.items() if own}
        self.shape = Shape({kind: tuple([plan.name for plan in own]) for kind, own in of_kind.items()})
        self._ends = len(numbers), len(numbers) + len(times), len(numbers) + len(times) + len(labels)
        names, formats = [plan.name for plan in plans], [plan.dtype for plan in plans]
        offsets = [plan.at for plan in plans]
        self._dtype = np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": size})
        self._tables = np.array([plan.label_table for plan in labels], object).reshape(-1)
        self._starts = 256 * np.arange(len(labels)).reshape(-1, 1)
        # of few messages all together, array values one by one: a time is a number counted from another year, a label
        # one that is looked up
        cells = [(plan, at) for plan in (*numbers, *times, *labels, *arrays) for at in _places(plan)]
        measured = [plan for plan, _ in cells]
        ends = np.cumsum([0, *(math.prod(plan.dtype.shape) for plan in arrays)]).tolist()
        self._arrays = list(pairwise(ends))
        self._scale = _column([plan.meaning.scale for plan in measured])
        self._offset = _column([-EPOCH if plan.is_time else plan.meaning.offset for plan in measured])
        self._invalid = _column([np.nan if plan.invalid is None else plan.invalid for plan in measured])
        self._missing = _column([float(NO_SECOND) if plan.is_time else np.nan for plan in measured])
        self._unset = [(row, plan.meaning.unset) for row, plan in enumerate(measured) if _may_be_unset(plan)]
        self._single = [plan.name for plan in (*numbers, *times, *labels)]
        stored = [(at, plan.dtype.base) for plan, at in cells]
        self._bytes = np.array([k for at, dtype in stored for k in range(at, at + dtype.itemsize)], int)
        self._types = _types([dtype for _, dtype in stored])
        self._struct, self._order = _struct(stored, size)
        self._has_floats = any(plan.dtype.base.kind == "f" for plan in plans)

    def read(self, rows: np.ndarray) -> Blocks:
        """Columns of each kind (columns, messages), from the raw content of the messages."""
        if len(rows) <= FEW:
            return self._read_few(rows)
        blocks = {kind: np.empty((len(plans), len(rows)), DTYPES[kind]) for kind, plans in self._of_kind.items()}
        fields = rows.view(self._dtype)
        with self._unwarned():
            for kind, plans in self._of_kind.items():
                for plan, values in zip(plans, blocks[kind], strict=True):
                    _read_column(fields[plan.name], plan, values)
        return blocks

    def spread(self, rows: np.ndarray, blocks: Blocks, target: slice | np.ndarray, routes: dict[str, Route]) -> None:
        """Write columns into blocks of more than this definition: the messages go to `target`, the columns by `routes`.

        Columns of many messages are read straight into their places where these lie side by side.
        """
        if len(rows) <= FEW:
            own = self._read_few(rows)
            for kind, (_, chosen, places) in routes.items():
                at = places if isinstance(places, slice) or isinstance(target, slice) else places[:, None]
                blocks[kind][at, target] = own[kind][chosen]
            return
        fields = rows.view(self._dtype)
        with self._unwarned():
            for kind, route in routes.items():
                for source, place in route.pairs:
                    plan, column = self._of_kind[kind][source], blocks[kind][place]
                    values = column[target] if isinstance(target, slice) else np.empty(len(rows), DTYPES[kind])
                    _read_column(fields[plan.name], plan, values)
                    if not isinstance(target, slice):
                        column[target] = values

    def _unwarned(self) -> AbstractContextManager[Any]:
        """Patterns of NaN trip the casts of floating-point fields."""
        return np.errstate(all="ignore") if self._has_floats else nullcontext()

    def _read_few(self, rows: np.ndarray) -> Blocks:
        """Read few messages: all numbers, times, labels and values of arrays together."""
        numbers, times, labels = self._ends
        blocks: Blocks = {}
        with self._unwarned():
            values = self._stored(rows) if len(self._order) else np.empty((0, len(rows)))
            codes = values[times:labels].astype(np.int64) if labels > times else None
            missing = values == self._invalid
            for row, unset in self._unset:
                missing[row] |= values[row] == unset
            values /= self._scale
            values -= self._offset
            np.copyto(values, self._missing, where=missing)
            if "O" in self._of_kind:
                blocks["O"] = self._objects(rows, codes, values[labels:])
        if numbers:
            blocks["f"] = values[:numbers]
        if times > numbers:
            blocks["M"] = values[numbers:times].astype(np.int64).view(_TIME)
        return blocks

    def _stored(self, rows: np.ndarray) -> np.ndarray:
        """Return the stored numbers of few messages (numbers, messages) in the way that takes least time."""
        if len(rows) == 1:
            return np.array(self._struct.unpack(rows.tobytes()), float).take(self._order)[:, None]
        values = np.empty((len(self._order), len(rows)))
        if len(self._single) <= _NARROW and not self._arrays:
            fields = rows.view(self._dtype)
            for name, row in zip(self._single, values, strict=True):
                row[...] = fields[name]
            return values
        content = np.ascontiguousarray(rows).view(np.uint8).reshape(len(rows), -1).take(self._bytes, axis=1)
        for dtype, first, last, start, stop in self._types:
            values[first:last] = content[:, start:stop].view(dtype).T
        return values

    def _objects(self, rows: np.ndarray, codes: np.ndarray | None, of_arrays: np.ndarray) -> np.ndarray:
        """Put together what is neither number nor time: the labels of one byte from their codes, arrays, the rest."""
        objects = np.empty((len(self._of_kind["O"]), len(rows)), object)
        labels = 0 if codes is None else len(codes)
        arrays = labels + len(self._arrays)
        if codes is not None:
            objects[:labels] = self._tables[(codes & 0xFF) + self._starts]
        if self._arrays:
            wide = np.ascontiguousarray(of_arrays.T)
            for (start, stop), values in zip(self._arrays, objects[labels:arrays], strict=True):
                values[...] = np.fromiter(wide[:, start:stop], object, len(rows))
        if self._rest:
            fields = rows.view(self._dtype)
            for plan, values in zip(self._rest, objects[arrays:], strict=True):
                _read_column(fields[plan.name], plan, values)
        return objects


def _column(values: list[float]) -> np.ndarray:
    return np.array(values, float).reshape(-1, 1)


def _may_be_unset(plan: Plan) -> bool:
    """Whether a number of the field can mean that nothing was set."""
    measures = plan.is_number or plan.is_several_numbers
    return measures and plan.meaning.unset is not None and plan.dtype.base.itemsize > 1


def _places(plan: Plan) -> range:
    """Where in a message the values of a field stand, one or several."""
    return range(plan.at, plan.at + plan.dtype.itemsize, plan.dtype.base.itemsize)


def _types(stored: list[np.dtype[Any]]) -> list[tuple[np.dtype[Any], int, int, int, int]]:
    """List the runs of one type among stored values: type, first and last value, first and last byte."""
    types: list[tuple[np.dtype[Any], int, int, int, int]] = []
    at = 0
    for place, dtype in enumerate(stored):
        if types and types[-1][0] == dtype:
            _, first, _, start, _ = types.pop()
        else:
            first, start = place, at
        at += dtype.itemsize
        types.append((dtype, first, place + 1, start, at))
    return types


def _struct(stored: list[tuple[int, np.dtype[Any]]], size: int) -> tuple[Struct, np.ndarray]:
    """Compile values (place, type) into a struct of the message, and say where in it each of them comes."""
    order = next((dtype.str[0] for _, dtype in stored if dtype.itemsize > 1), "<")
    codes, at = [order], 0
    in_place = sorted(range(len(stored)), key=lambda number: stored[number][0])
    for start, dtype in [stored[number] for number in in_place]:
        codes.append(f"{start - at}x{_CODES[dtype.str[1:]]}")
        at = start + dtype.itemsize
    return Struct("".join([*codes, f"{size - at}x"])), np.argsort(in_place)


@lru_cache(maxsize=1024)
def native_layout(definition: Definition, unknown: bool) -> Layout:
    """Layout of the fields of the profile, with `unknown` of all others too."""
    plans = tuple(plan for plan in definition.plans.values() if plan.known or unknown)
    return Layout(plans, definition.size)


def _read_column(raw: np.ndarray, plan: Plan, values: np.ndarray) -> None:
    """Write the physical values of one field into `values`, from its stored ones."""
    if plan.is_number:
        _numbers(raw, plan, values)
    elif plan.is_time:
        seconds = values.view(np.int64)
        seconds[...] = raw
        seconds += EPOCH
        seconds[raw == plan.invalid] = NO_SECOND
    elif plan.is_label_of_a_byte:
        np.take(plan.label_table, raw.astype(np.uint8), out=values, mode="clip")
    elif raw.dtype.kind == "S":
        values[...] = _texts(raw)
    elif raw.ndim == 2:
        values[...] = np.fromiter(_numbers(raw, plan, np.empty(raw.shape)), object, len(raw))
    else:
        labels = plan.labels
        values[...] = np.fromiter((labels.get(code, code) for code in raw.tolist()), object, len(raw))


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
