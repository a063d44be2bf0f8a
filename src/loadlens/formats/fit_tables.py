"""The messages of one type as one table, whatever the number of definitions, and the table as a DataFrame.

Each definition is read straight into its places in the blocks of the whole table, rows in file order, so no value is
held twice; pandas takes the blocks as they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loadlens.formats.fit_values import DTYPES, FEW, MISSING, Route, Shape

try:
    from pandas.api.internals import create_dataframe_from_blocks  # type: ignore[import-not-found]
except ImportError:  # before pandas 3
    create_dataframe_from_blocks = None

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loadlens.formats.fit_definitions import Block
    from loadlens.formats.fit_values import Blocks, Layout

Columns = dict[str, np.ndarray]
_Source = tuple["Block", slice | np.ndarray, slice | np.ndarray]
"""Whence rows come: which messages of a block are in which rows."""

_NOTHING = Shape({})

_MANY = 50  # columns from which pandas before 3 is slower with each on its own


@dataclass(slots=True)
class Piece:
    """Messages of one definition in one part, to be read.

    Attributes
    ----------
    layout : Layout
        How to read them.
    rows : array
        Their raw content.
    block : Block
        Where they stand, and
    chosen : slice or array
        which of its messages they are.
    times : datetime64[s] array or None
        Times counted on from their headers, where these hold some.
    """

    layout: Layout
    rows: np.ndarray
    block: Block
    chosen: slice | np.ndarray
    times: np.ndarray | None


class Table:
    """Columns of one message type.

    Attributes
    ----------
    shape : Shape
        Names of the rows of each block.
    blocks : dict of str to array
        Columns of each kind side by side.
    count : int
        Rows.
    """

    def __init__(self, shape: Shape, blocks: Blocks, count: int, sources: Sequence[_Source]) -> None:
        self.shape, self.blocks, self.count, self._sources = shape, blocks, count, sources

    @cached_property
    def columns(self) -> Columns:
        """All columns by name, those of `blocks` as views of their rows; what changes them changes them in place."""
        return self.shape.divide(self.blocks)

    @property
    def derived(self) -> tuple[str, ...]:
        """Names of columns that are not in the blocks."""
        own = len(self.shape.columns)
        return tuple(self.columns)[own:] if "columns" in self.__dict__ and len(self.columns) > own else ()

    @property
    def part(self) -> np.ndarray:
        """Which chained file each message is from."""
        part = np.empty(self.count, np.int64)
        for block, _, target in self._sources:
            part[target] = block.part
        return part

    @property
    def offset(self) -> np.ndarray:
        """Where in the file each message stands."""
        offset = np.empty(self.count, np.int64)
        for block, chosen, target in self._sources:
            offset[target] = block.positions[chosen]
        return offset


def join(pieces: list[Piece]) -> Table:
    """Read the messages of several definitions: rows by offset, missing where a definition lacks a field."""
    if len(pieces) == 1:
        return _read_alone(pieces[0])
    if not pieces:
        return Table(_NOTHING, {}, 0, ())
    targets = _targets([piece.block.positions[piece.chosen] for piece in pieces])
    count = sum([len(piece.rows) for piece in pieces])
    shape, routes = _union(tuple([(piece.layout, piece.times is not None) for piece in pieces]))
    blocks = {kind: np.full((len(own), count), MISSING[kind], DTYPES[kind]) for kind, own in shape.names.items()}
    sources = [(piece.block, piece.chosen, target) for piece, target in zip(pieces, targets, strict=True)]
    table = Table(shape, blocks, count, sources)
    for piece, target, (straight, mixed) in zip(pieces, targets, routes, strict=True):
        piece.layout.spread(piece.rows, blocks, target, straight)
        if mixed:
            own_blocks = piece.layout.read(piece.rows)
            for kind, row, name in mixed:
                table.columns[name][target] = as_objects(own_blocks[kind][row])
        if piece.times is not None:
            own_times = table.columns["timestamp"][target]
            table.columns["timestamp"][target] = np.where(np.isnat(own_times), piece.times, own_times)
    return table


def _read_alone(piece: Piece) -> Table:
    """Read the messages of one definition."""
    blocks = piece.layout.read(piece.rows)
    table = Table(piece.layout.shape, blocks, len(piece.rows), [(piece.block, piece.chosen, slice(None))])
    if piece.times is not None:
        times = table.columns.setdefault("timestamp", piece.times)
        np.copyto(times, piece.times, where=np.isnat(times))
    return table


@lru_cache(maxsize=256)
def _union(
    parts: tuple[tuple[Layout, bool], ...],
) -> tuple[Shape, list[tuple[dict[str, Route], list[tuple[str, int, str]]]]]:
    """Columns of several definitions together.

    Returns their shape, and for each definition how its columns of a kind go to those of all, and kind, row and name
    of those that become objects because the column holds something else in another definition.
    """
    kinds: dict[str, str] = {}
    for layout, is_timed in parts:
        told = [(name, kind) for kind, names in layout.shape.names.items() for name in names]
        for name, kind in (*told, *([("timestamp", "M")] if is_timed else [])):
            kinds[name] = kind if kinds.get(name, kind) == kind else "O"
    shape = Shape({kind: tuple([name for name, its in kinds.items() if its == kind]) for kind in DTYPES})
    row = {name: number for own in shape.names.values() for number, name in enumerate(own)}
    routes = []
    for layout, _ in parts:
        straight, mixed = {}, []
        for kind, own in layout.shape.names.items():
            pairs = [(source, row[name]) for source, name in enumerate(own) if kinds[name] == kind]
            mixed += [(kind, source, name) for source, name in enumerate(own) if kinds[name] != kind]
            if pairs:
                chosen, places = (_as_slice(np.array(side)) for side in zip(*pairs, strict=True))
                straight[kind] = Route(pairs, chosen, places)
        routes.append((straight, mixed))
    return shape, routes


def _targets(offsets: list[np.ndarray]) -> Sequence[slice | np.ndarray]:
    """Where the rows of each table go in order of offset: a slice where they stay together."""
    spans = list(pairwise(accumulate(map(len, offsets), initial=0)))
    if all(before[-1] < after[0] for before, after in pairwise(offsets)):
        return [slice(start, stop) for start, stop in spans]
    order = np.concatenate(offsets).argsort(kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return [_as_slice(place[start:stop]) for start, stop in spans]


def _as_slice(places: np.ndarray) -> slice | np.ndarray:
    """Return ascending places as a slice where they lie side by side, others as they are."""
    first, last = int(places[0]), int(places[-1])
    is_whole = last - first == len(places) - 1 and (len(places) < 3 or bool((places[1:] > places[:-1]).all()))
    return slice(first, last + 1) if is_whole else places


def as_objects(column: np.ndarray) -> np.ndarray:
    """Return the same column as objects, None for what is missing."""
    objects = column.astype(object)
    if column.dtype.kind in "fM":
        objects[np.isnan(column) if column.dtype.kind == "f" else np.isnat(column)] = None
    return objects


def as_frame(table: Table) -> pd.DataFrame:
    """Return the fields of a table as a frame that takes its blocks without a copy; objects stay objects.

    Building a frame of thirty columns one by one takes longer than reading a short file, hence the blocks.
    """
    count, derived = table.count, table.derived
    if create_dataframe_from_blocks is None:
        return _frame_by_columns(table.columns, _count(count).view())
    kinds = "".join([table.columns[name].dtype.kind for name in derived])
    inside, outside, names = _blueprint(table.shape, derived, kinds)
    blocks: list[tuple[Any, np.ndarray]] = [(table.blocks[kind], places) for kind, places in inside]
    for alike, places in outside:
        content = [table.columns[name] for name in alike]
        if count <= FEW:
            blocks.append((np.concatenate(content).reshape(len(alike), -1), places))
        else:  # each as it is: no copies of long columns
            blocks += [(column[None], place) for column, place in zip(content, places[:, None], strict=True)]
    if count <= FEW:
        blocks = [(_wrap(block) if block.dtype.kind == "M" else block, places) for block, places in blocks]
    frame: pd.DataFrame = create_dataframe_from_blocks(blocks, index=_count(count).view(), columns=names.view())
    return frame


def _wrap(times: np.ndarray) -> Any:
    """Return a block of times as pandas keeps them: copied into such a one, as pandas takes far longer to make one."""
    wrapped = _blank(times.shape).copy()
    np.asarray(wrapped)[...] = times
    return wrapped


@lru_cache(maxsize=256)
def _blank(shape: tuple[int, int]) -> Any:
    return pd.array(np.zeros(math.prod(shape), DTYPES["M"])).reshape(shape)


@lru_cache(maxsize=256)
def _count(rows: int) -> pd.RangeIndex:
    return pd.RangeIndex(rows)


def _frame_by_columns(columns: Columns, index: pd.RangeIndex) -> pd.DataFrame:
    """Make a frame in the way of pandas before 3."""
    objects = {name: pd.Series(column, dtype=object) for name, column in columns.items() if column.dtype == object}
    return pd.DataFrame(columns | objects, index=index, copy=len(columns) > _MANY)


@lru_cache(maxsize=1024)
def _blueprint(
    shape: Shape, derived: tuple[str, ...], kinds: str
) -> tuple[list[tuple[str, np.ndarray]], list[tuple[list[str], np.ndarray]], pd.Index]:
    """Where the rows of each block go among the columns, the derived columns by kind with their places, and all names.

    The names of the blocks come first, then those of the derived columns.
    """
    inside, at = [], 0
    for kind, names in shape.names.items():
        inside.append((kind, np.arange(at, at + len(names), dtype=np.intp)))
        at += len(names)
    alike: dict[str, list[int]] = {}
    for place, kind in enumerate(kinds):
        alike.setdefault(kind, []).append(place)
    outside = [([derived[k] for k in own], np.array(own, np.intp) + at) for own in alike.values()]
    return inside, outside, pd.Index([*shape.columns, *derived], dtype=None if at or derived else object)
