"""Bytes of a FIT file in, columns per message type out: fast, and whatever the state of the bytes.

A FIT file is a stream of messages (`file_id`, `record`, `lap`, `session`, ...) whose layout the file itself defines.
Reading it takes these steps, each in a module that can be read alone:

1. `fit_parts` finds the parts of the file and where their data end, and verifies the checksums;
2. `fit_walk` passes once over the one-byte message headers, reads the definitions (`fit_definitions`) and notes
   where the messages of each stand (a `Block`);
3. `fit_values` turns all messages of a definition into columns at once, with what `fit_profile` says of each field,
   and `fit_tables` joins the definitions of one message type in file order;
4. here comes what needs more than one message: the names of developer fields, times of which a message holds only the
   lowest bits, and the tables' derived columns (`fit_derived`).

There is no Python loop over the messages of a regular file. Damage never raises: what came before it is kept, what
makes sense after it too, and `problems` says where and why. Steps 3 and 4 happen for the message types asked for.
"""

from __future__ import annotations

from functools import cached_property
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING

import numpy as np

from loadlens.formats.fit_definitions import time_dtype
from loadlens.formats.fit_derived import Description, as_times, derive, describe, extend, plan_developer, unroll
from loadlens.formats.fit_parts import Problem, find_parts
from loadlens.formats.fit_profile import base_number
from loadlens.formats.fit_tables import Piece, Table, as_frame, join
from loadlens.formats.fit_values import EPOCH, NO_TIME, native_layout
from loadlens.formats.fit_walk import Allowance, Walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from loadlens.formats.fit_definitions import Block, Plan
    from loadlens.formats.fit_tables import Columns

__all__ = ["FitMessages", "Problem", "decode"]

_FIELD_DESCRIPTION = 206
_CELLS = 32  # most cells of a table for each byte of the file; real files stay under 4
_FREE_CELLS = 1 << 20


def decode(data: bytes, *, unknown: bool = False) -> FitMessages:
    """Find the messages in the bytes of a FIT file.

    Parameters
    ----------
    data : bytes
        The whole file. Anything is taken: damage, chained files, other formats.
    unknown : bool, optional
        Keep messages and fields that the profile does not name, as `unknown_<number>`.

    Returns
    -------
    FitMessages
        What was found, `problems` with what is wrong.
    """
    problems: list[Problem] = []
    blocks: list[Block] = []
    allowance = Allowance.of(data)
    for number, part in enumerate(find_parts(data, problems)):
        walk = Walk(data, number, part.body, part.end, allowance)
        blocks += walk.blocks
        problems += walk.problems
    return FitMessages(data, blocks, problems, unknown)


_Described = dict[tuple[int, int, int], tuple[np.ndarray, list[Description]]]


class FitMessages:
    """The messages of a FIT file, columns on demand; each call decodes anew."""

    def __init__(self, data: bytes, blocks: list[Block], problems: list[Problem], unknown: bool) -> None:
        self._data, self._unknown, self._found, self._problems = data, unknown, blocks, problems
        self._blocks: dict[str, list[Block]] = {}
        for block in blocks:
            name = block.definition.name or (f"unknown_{block.definition.number}" if unknown else None)
            if name:
                self._blocks.setdefault(name, []).append(block)
        for name in () if self._is_small() else self._blocks:
            problems += self._bound(name)

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the bytes, in file order; empty for a sound file."""
        named = [block for blocks in self._blocks.values() for block in blocks]
        faults = [Problem(block.first, "size", fault) for block in named for fault in block.definition.faults]
        return tuple(sorted((*self._problems, *faults), key=lambda problem: problem.offset))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Message types present, in order of appearance."""
        end = len(self._data)  # where those stand of which all was set aside
        return tuple(
            sorted(self._blocks, key=lambda name: min([block.first for block in self._blocks[name]], default=end))
        )

    def __contains__(self, name: str) -> bool:
        """Whether there are messages of a type that are not set aside."""
        return bool(self._blocks.get(name))

    def count(self, name: str) -> int:
        """Count the messages of one type."""
        return sum(map(len, self._blocks.get(name, ())))

    def columns(self, name: str) -> Columns:
        """Decode the messages of one type.

        Parameters
        ----------
        name : str
            Message type, such as `record`.

        Returns
        -------
        dict of str to array
            Arrays of equal length, rows in file order; {} when there is no such message. `part` (which chained
            file) and `offset` (byte offset) come first. Numbers are float64 in physical units (positions in
            degrees), NaN where missing; times datetime64[s], NaT where missing, seconds counted from 1989-12-31
            also when the clock was not set; text and labels objects, None where missing, a code without a label
            an int; fields of several values objects, each a 1-D float64 array.
        """
        table = self._table(name)
        return {"part": table.part, "offset": table.offset} | table.columns if table.count else {}

    def frame(self, name: str) -> pd.DataFrame:
        """Return `columns` as a frame, without `part` and `offset`; objects stay objects."""
        return as_frame(self._table(name))

    def _table(self, name: str) -> Table:
        """Decode the messages of one type, all definitions together."""
        blocks = self._in_order(name)
        table = join([piece for block in blocks for piece in self._pieces(block)])
        if "timestamp_16" in table.shape.columns and table.columns["timestamp_16"].dtype.kind == "f":
            times = self._times_from_16_bits(table, table.columns["timestamp_16"])
            table.columns.setdefault("timestamp", times)[...] = times
        if blocks:
            derive(table, blocks[0].definition.number)
        return table

    def _in_order(self, name: str) -> list[Block]:
        """Blocks of one message type, by their first message."""
        blocks = self._blocks.get(name, [])
        return sorted(blocks, key=attrgetter("first")) if len(blocks) > 1 else blocks

    def units(self, name: str) -> dict[str, str]:
        """Units by column, for those that can have one, as the profile or the developer spells them."""
        units: dict[str, str] = {}
        for block in self._in_order(name):
            described = self._developer(block) if block.definition.developer else ()
            developer = [plan for _, plans in described for plan in plans]
            for plan in (*native_layout(block.definition, self._unknown).plans, *developer):
                meaning = plan.meaning
                told = [(plan.name, meaning.units)]
                told += [(component.name, component.units) for component in meaning.components]
                told += [(subfield.field.name, subfield.field.units) for subfield in meaning.subfields]
                for key, unit in told:
                    if unit:
                        units.setdefault(key, unit)
        return units

    def _is_small(self) -> bool:
        """Whether even one table of all messages, with all fields of all definitions, would be no matter."""
        width = sum([len(block.definition.fields) for block in self._found])
        developer = sum([len(block.definition.developer) for block in self._found])
        most = _CELLS * len(self._data) + _FREE_CELLS
        if not developer and len(self._data) * width <= most:
            return True  # no file has more messages than bytes
        descriptions = sum([len(block) for block in self._found if block.definition.number == _FIELD_DESCRIPTION])
        width += (1 + descriptions) * developer
        return sum(map(len, self._found)) * width <= most

    def _bound(self, name: str) -> list[Problem]:
        """Set aside definitions that would blow the table up, as no watch does, and say so."""
        columns: set[int | str] = set()
        rows, kept, problems = 0, [], []
        most = _CELLS * len(self._data) + _FREE_CELLS
        for block in sorted(self._blocks[name], key=len, reverse=True):
            told = [how for _, how in self._told(block)]
            new: set[int | str] = {field[0] for field in block.definition.fields}
            fits = len(block) * sum(map(len, told)) <= most
            if fits:
                new = (new | {how.name for hows in told for how in hows}) - columns
            if not fits or (rows + len(block)) * (len(columns) + len(new)) > most:
                detail = f"{len(block)} {name} messages set aside: too many different fields for one table"
                problems.append(Problem(block.first, "definition", detail))
                continue
            columns |= new
            rows += len(block)
            kept.append(block)
        self._blocks[name] = kept
        return problems

    def _pieces(self, block: Block) -> Iterator[Piece]:
        """Messages of one definition, in one piece unless developer fields change their meaning on the way."""
        native = native_layout(block.definition, self._unknown)
        rows = block.rows(self._data)
        times = self._times_from_headers(block.positions) if block.compressed else None
        if not block.definition.developer:
            yield Piece(native, rows, block, slice(None), times)
            return
        for chosen, developer in self._developer(block):
            layout = extend(native, developer, block.definition.size) if developer else native
            yield Piece(layout, rows[chosen], block, chosen, times if times is None else times[chosen])

    # -- developer fields

    def _told(self, block: Block) -> list[tuple[np.ndarray, list[Description]]]:
        """List what is told of each developer field of a definition, and where."""
        return [self._described.get((block.part, key[2], key[0]), _NOBODY) for key in block.definition.developer]

    def _developer(self, block: Block) -> Iterator[tuple[slice | np.ndarray, tuple[Plan, ...]]]:
        """Rows with plans for the developer fields as then described.

        The last description before a message holds; for messages before the first one, the first.
        """
        told = self._told(block)
        if all(len(at) == 1 for at, _ in told):
            yield slice(None), self._developer_plans(block, [how[0] for _, how in told])
            return
        which = np.stack([np.maximum(np.searchsorted(at, block.positions) - 1, 0) for at, _ in told], axis=1)
        ways, way = np.unique(which, axis=0, return_inverse=True)
        order = np.argsort(way, kind="stable")
        for chosen, used in zip(np.split(order, np.cumsum(np.bincount(way))[:-1]), ways.tolist(), strict=True):
            yield chosen, self._developer_plans(block, [how[k] for (_, how), k in zip(told, used, strict=True)])

    def _developer_plans(self, block: Block, used: list[Description]) -> tuple[Plan, ...]:
        """Plans under names that no native field of the message and no other developer field has."""
        return plan_developer(block.definition, tuple(used), self._native_names[block.definition.number], self._unknown)

    @cached_property
    def _native_names(self) -> dict[int, frozenset[str]]:
        """Names of the native columns, by message number."""
        names: dict[int, set[str]] = {}
        for block in self._found:
            taken = names.setdefault(block.definition.number, {"part", "offset", "timestamp"})
            taken |= {plan.name for plan in block.definition.plans.values() if plan.known or self._unknown}
        return {number: frozenset(taken) for number, taken in names.items()}

    @cached_property
    def _described(self) -> _Described:
        """Developer fields by part, developer data index and number: the places of descriptions, and these."""
        found: dict[tuple[int, int, int], list[tuple[int, Description]]] = {}
        for part, offset, (index, number, how) in sorted(self._descriptions(), key=itemgetter(0, 1)):
            told = found.setdefault((part, index, number), [])
            if not told or told[-1][1] != how:
                told.append((offset, how))
        return {key: (np.array([at for at, _ in told]), [how for _, how in told]) for key, told in found.items()}

    def _descriptions(self) -> Iterator[tuple[int, int, tuple[int, int, Description]]]:
        """Part, offset and content of each usable `field_description`."""
        for block in self._found:
            if block.definition.number == _FIELD_DESCRIPTION and block.definition.size:
                contents = block.rows(self._data).tolist()
                for place, content in zip(block.positions.tolist(), contents, strict=True):
                    how = describe(block.definition, content)
                    if how:
                        yield block.part, place, how

    # -- times of which a message holds only the lowest bits

    def _whole_times(self, blocks: list[Block]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Offset, part and seconds since 1989-12-31 of the messages that hold a whole time."""
        pieces = [np.empty((3, 0), np.int64)]
        for block in blocks:
            definition = block.definition
            if definition.time_place is not None:
                seconds = block.rows(self._data).view(time_dtype(definition))["time"].astype(np.int64)
                rows = np.stack([block.positions, np.full(len(block), block.part), seconds])
                pieces.append(rows[:, seconds != 0xFFFFFFFF])
        offsets, part, seconds = np.concatenate(pieces, axis=1)
        return offsets, part, seconds

    @cached_property
    def _clock(self) -> tuple[np.ndarray, np.ndarray]:
        """Offsets of all messages with a time, and that time, those of the headers counted on."""
        short = [block for block in self._found if block.compressed]
        parts = {block.part for block in short}
        offsets, part, whole = self._whole_times([block for block in self._found if block.part in parts])
        places = np.concatenate([block.positions for block in short])
        headers = np.frombuffer(self._data, np.uint8)[places].astype(np.int64)
        offsets = np.concatenate([offsets, places])
        part = np.concatenate([part, *(np.full(len(block), block.part) for block in short)])
        anchors = np.concatenate([whole, np.full(len(places), -1)])
        low = np.concatenate([whole, headers]) & 31
        order = np.lexsort((anchors < 0, offsets))  # of a message with both the whole time comes first
        return offsets[order], unroll(anchors[order], low[order], 5, part[order])

    def _times_from_headers(self, places: np.ndarray) -> np.ndarray:
        """Look up the times of messages whose headers hold the lowest five bits."""
        offsets, seconds = self._clock
        return as_times(seconds[np.searchsorted(offsets, places)])

    def _times_from_16_bits(self, table: Table, short: np.ndarray) -> np.ndarray:
        """Complete the times of monitoring messages: those of 16 bits count on from the whole one before."""
        offsets, part, whole = self._whole_times(self._blocks.get("monitoring_info", []))
        rows, more = table.count, np.full(len(offsets), np.nan)
        own = table.columns.get("timestamp", np.full(rows, NO_TIME))
        seconds = np.where(np.isnat(own), -1, own.astype(np.int64) - EPOCH)
        offsets = np.concatenate([table.offset, offsets])
        part = np.concatenate([table.part, part])
        anchors = np.concatenate([seconds, whole])
        short = np.concatenate([short, more])
        used = np.flatnonzero((anchors >= 0) | (short >= 0))
        used = used[np.argsort(offsets[used], kind="stable")]
        times = np.full(len(offsets), -1)
        times[used] = unroll(anchors[used], np.nan_to_num(short[used]).astype(np.int64), 16, part[used])
        return as_times(times[:rows])


_NOBODY = (np.zeros(1, np.int64), [Description("", base_number("byte"), None)])
