"""Bytes of a FIT file in, columns per message type out: fast, and whatever the state of the bytes.

A FIT file is one or more *parts* (chained files). A part is a header (its size, the size of the data, the letters
`.FIT`), then messages, then a checksum. Each message starts with a one-byte message header:

* a **definition** (bit 6) says for one of 16 *local types* which message follows under that number (record,
  session, ...), in which byte order, and which fields it has: number, size in bytes and base type each; with bit 5
  also developer fields, which `field_description` messages in the file itself name;
* a **data** message is the header byte with its local type, then the fields back to back. Its size is known from
  the definition alone, so a walk over the headers finds every message without looking inside one;
* a **compressed-timestamp** data message (bit 7) keeps the lowest five bits of its time in the header.

Decoding is in two steps. `decode` walks over the headers once (`_Walk`). Watches write the same few messages in turn
for hours, so the walk looks for a *period*: once a sequence of headers recurs, a strided slice of the bytes tells at C
speed how often. What is kept is where the messages of each definition start. `FitMessages.columns` then gathers the
messages of one type, one NumPy gather per definition, and turns each field into a column: no Python loop over
messages. Damage ends a part, never the reading: what came before it is kept, and `problems` says where and why.
"""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loadlens.formats.fit_profile import BASE_TYPES, EVERYWHERE, MESSAGES, Field, Message, base_number, field_of

if TYPE_CHECKING:
    from collections.abc import Iterator

try:
    from fastcrc.crc16 import arc as _fast_checksum
except ImportError:
    _fast_checksum = None

_EPOCH = 631065600  # 1989-12-31T00:00:00Z, second 0 of FIT, in Unix time
_LOCAL_TYPE = bytes(h & 0xE0 if h & 0x80 else h for h in range(256))  # headers without their 5-bit times
_LONGEST_PERIOD = 8
_TRIAL = 16  # repeats that must hold before a period is followed


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the bytes, and where.

    Attributes
    ----------
    offset : int
        Byte offset in the whole file.
    kind : str
        `not_fit`, `header`, `truncated`, `checksum`, `definition`, `local_type`, `size` or `garbage`.
    detail : str
        Short English sentence.
    """

    offset: int
    kind: str
    detail: str


# -- checksum ----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=32)
def _advance(level: int) -> np.ndarray:
    """Table by checksum: what it becomes after 2**level words (two bytes each) of zeros."""
    if level:
        half = _advance(level - 1)
        return half[half]
    table = np.arange(65536, dtype=np.uint16)
    for _ in range(16):
        table = (table >> 1) ^ (np.uint16(0xA001) * (table & 1))
    return table


def _folded_checksum(data: bytes) -> int:
    """CRC-16/ARC of `data` in NumPy: every word on its own, then neighbours joined until one is left.

    Zeros in front leave this checksum as it is, so an odd count is padded there.
    """
    words = np.frombuffer(data if len(data) % 2 == 0 else b"\0" + data, "<u2")
    sums, level = _advance(0)[words], 0
    while len(sums) > 1:
        if len(sums) % 2:
            sums = np.concatenate((np.zeros(1, np.uint16), sums))
        sums, level = _advance(level)[sums[0::2]] ^ sums[1::2], level + 1
    return int(sums[0]) if len(sums) else 0


def _checksum(data: bytes) -> int:
    return int(_fast_checksum(data)) if _fast_checksum else _folded_checksum(data)


# -- parts -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Part:
    """One header with its data: messages from `body` to `end`; the next part is looked for from `after`."""

    body: int
    end: int
    after: int


def _is_header(data: bytes, at: int) -> bool:
    return data[at + 8 : at + 12] == b".FIT"


def _next_header(data: bytes, at: int) -> int | None:
    """Offset of the first header at or after `at`."""
    letters = data.find(b".FIT", at + 8)
    while letters >= 0 and data[letters - 8] not in (12, 14):
        letters = data.find(b".FIT", letters + 1)
    return letters - 8 if letters >= 0 else None


def _header_size(data: bytes, at: int) -> int:
    """Size of the header, from its first byte unless no definition follows there."""
    for size in (data[at], 14, 12):
        if size >= 12 and data[at + size : at + size + 1] and data[at + size] & 0xC0 == 0x40:
            return size
    return min(max(data[at], 12), len(data) - at)


def _agrees(data: bytes, at: int, end: int) -> bool:
    """Whether the two bytes at `end` are the checksum of those from `at`."""
    stored = data[end : end + 2]
    return len(stored) == 2 and _checksum(data[at:end]) == int.from_bytes(stored, "little")


def _outline(data: bytes, at: int, problems: list[Problem]) -> _Part:
    """Read the header at `at` and settle where its data end."""
    size = _header_size(data, at)
    if data[at] not in (12, 14):
        problems.append(Problem(at, "header", f"header size {data[at]} is neither 12 nor 14"))
    if size >= 14 and data[at + 12 : at + 14] != b"\0\0" and not _agrees(data, at, at + 12):
        problems.append(Problem(at + 12, "checksum", "header checksum does not agree"))
    body = at + size
    announced = int.from_bytes(data[at + 4 : at + 8], "little")
    end = body + announced
    if announced and _agrees(data, at, end):
        return _Part(body, end, end + 2)
    other = _next_header(data, body)
    other = len(data) if other is None else other
    if other - 2 >= body and other - 2 != end and _agrees(data, at, other - 2):
        detail = f"{announced} bytes of data announced, {other - 2 - body} found, and these agree with the checksum"
        problems.append(Problem(at + 4, "size", detail))
        return _Part(body, other - 2, other)
    if announced and end + 2 <= len(data):
        problems.append(Problem(end, "checksum", "checksum of the file does not agree"))
        return _Part(body, end, end + 2)
    kind = "truncated" if announced else "size"
    problems.append(Problem(other if announced else at + 4, kind, f"{announced} bytes of data announced"
                            f", {other - body} found"))
    return _Part(body, min(end, other) if announced else other, other)


# -- definitions -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Column:
    """Where in a message a value stands, how it is stored and what it means."""

    name: str
    meaning: Field
    at: int
    dtype: np.dtype[Any]
    invalid: int | None
    known: bool = True


def _column(name: str, meaning: Field | None, size: int, base: int, at: int, order: str) -> _Column | None:
    """Plan for one field, None when its size does not fit its base type or the base type is none."""
    stored = BASE_TYPES[base & 0x1F] if base & 0x1F < len(BASE_TYPES) else None
    if stored is None or not size:
        return None
    known = meaning is not None
    meaning = meaning or field_of(name, stored.name)
    if stored.name == "byte" and meaning.base.code[1:] == str(size):
        stored = meaning.base  # some writers call every number bytes
    if stored.code == "S":
        return _Column(name, meaning, at, np.dtype(f"S{size}"), None, known)
    count, rest = divmod(size, int(stored.code[1:]))
    if rest:
        return None
    dtype = np.dtype(order + stored.code) if count == 1 else np.dtype((order + stored.code, (count,)))
    return _Column(name, meaning, at, dtype, stored.invalid, known)


@dataclass(frozen=True, eq=False)
class _Definition:
    """A definition message: which message, its size, and its fields as (number, size, base type, place)."""

    number: int
    order: str
    size: int
    fields: tuple[tuple[int, int, int, int], ...]
    developer: tuple[tuple[int, int, int, int], ...]

    @cached_property
    def columns(self) -> tuple[_Column, ...]:
        """Plans for the native fields; of a field number given twice only the first."""
        meanings = MESSAGES[self.number].fields if self.number in MESSAGES else EVERYWHERE
        plans: dict[str, _Column] = {}
        for number, size, base, at in self.fields:
            meaning = meanings.get(number)
            name = meaning.name if meaning else f"unknown_{number}"
            name = f"field_{name}" if name in ("part", "offset") else name
            plan = _column(name, meaning, size, base, at, self.order)
            if plan and name not in plans:
                plans[name] = plan
        return tuple(plans.values())


@lru_cache(maxsize=4096)
def _definition(content: bytes, has_developer: bool) -> _Definition:
    """Read a definition message without its header byte; cached, for watches repeat theirs for ever."""
    order = ">" if content[1] else "<"
    number = int.from_bytes(content[2:4], "big" if content[1] else "little")
    places, at = [], 0
    native_end = 5 + 3 * content[4]
    developer_start = native_end + 1 if has_developer else len(content)
    for start in (*range(5, native_end, 3), *range(developer_start, len(content), 3)):
        first, size, last = content[start : start + 3]
        places.append((first, size, last, at))
        at += size
    return _Definition(number, order, at, tuple(places[: content[4]]), tuple(places[content[4] :]))


# -- the walk over the headers -----------------------------------------------------------------------------------


@dataclass(eq=False)
class _Block:
    """The messages of one definition in one part: where their header bytes stand."""

    definition: _Definition
    part: int
    compressed: bool
    singles: array[int] = field(default_factory=lambda: array("q"))
    runs: list[tuple[int, int, int]] = field(default_factory=list)  # first place, count, stride

    @property
    def first(self) -> int:
        """Offset of the first message."""
        return min([*self.singles[:1], *(first for first, _, _ in self.runs[:1])])

    def __len__(self) -> int:
        return len(self.singles) + sum(count for _, count, _ in self.runs)

    @cached_property
    def positions(self) -> np.ndarray:
        """Offsets of the messages in the file, ascending."""
        pieces = [np.arange(count, dtype=np.int64) * stride + first for first, count, stride in self.runs]
        if self.singles:
            pieces.append(np.frombuffer(self.singles, np.int64))
        places = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
        return places if len(pieces) == 1 else np.sort(places, kind="stable")

    def rows(self, data: bytes, dtype: np.dtype[Any]) -> np.ndarray:
        """Content of the messages as a structured array."""
        if len(self.runs) == 1 and not self.singles:
            first, count, stride = self.runs[0]
            return np.ndarray((count,), dtype, data, first + 1, (stride,))
        size = dtype.itemsize
        anywhere = np.ndarray((len(data) - size + 1,), f"V{size}", data, 0, (1,))
        return anywhere[self.positions + 1].view(dtype)


class _Walk:
    """One pass over the message headers of a part."""

    def __init__(self, data: bytes, part: int, problems: list[Problem]) -> None:
        self.data, self.part, self.problems = data, part, problems
        self.blocks: dict[tuple[_Definition, bool], _Block] = {}
        self.steps = [0] * 256  # by header: bytes to the next header, 0 when the local type is not defined
        self.places: list[_Block | None] = [None] * 256  # by header: where its messages are noted
        self.notes: list[Any] = [None] * 256  # by header: the append method of those singles

    def run(self, at: int, end: int) -> None:
        """Note every message from `at` to `end`, or to the first damage."""
        data, steps, patience = self.data, self.steps, 256
        while at < end:
            header = data[at]
            if not steps[header]:
                if header & 0xC0 != 0x40:
                    local = header >> 5 & 3 if header & 0x80 else header & 15
                    self._report(at, "local_type", f"local type {local} used before it is defined")
                    return
                length = self._define(at, end)
                if not length:
                    self._report(at, "truncated", "definition cut short")
                    return
                at += length
                continue
            after = self._follow_period(at, end)
            if after > at:
                at, patience = after, 256
                continue
            at = self._step(at, min(end, at + patience))
            patience = min(2 * patience, 1 << 20)
        if at > end:
            self._drop_last(end)

    def _report(self, at: int, kind: str, detail: str) -> None:
        self.problems.append(Problem(at, kind, detail))

    def _define(self, at: int, end: int) -> int:
        """Take in the definition at `at` and return its length, 0 when it is cut."""
        data, has_developer = self.data, bool(self.data[at] & 0x20)
        if at + 6 > end:
            return 0
        length = 6 + 3 * data[at + 5]
        if has_developer:
            if at + length >= end:
                return 0
            length += 1 + 3 * data[at + length]
        if at + length > end:
            return 0
        definition = _definition(data[at + 1 : at + length], has_developer)
        local = data[at] & 15
        self._bind(definition, False, slice(local, 64, 16))
        if local < 4:
            self._bind(definition, True, slice(0x80 + 32 * local, 0xA0 + 32 * local))
        return length

    def _bind(self, definition: _Definition, compressed: bool, headers: slice) -> None:
        """Let messages under `headers` follow `definition` from here on."""
        block = self.blocks.get((definition, compressed))
        if block is None:
            block = self.blocks[definition, compressed] = _Block(definition, self.part, compressed)
        elif self.places[headers.start] is block:
            return
        count = len(range(*headers.indices(256)))
        self.steps[headers] = [1 + definition.size] * count
        self.places[headers] = [block] * count
        self.notes[headers] = [block.singles.append] * count

    def _step(self, at: int, stop: int) -> int:
        """Note message after message until `stop` or a header that is no data message."""
        data, steps, notes = self.data, self.steps, self.notes
        while at < stop:
            header = data[at]
            size = steps[header]
            if not size:
                break
            notes[header](at)
            at += size
        return at

    def _follow_period(self, at: int, end: int) -> int:
        """Note as many repeats of a sequence of headers as stand at `at`; return where they end."""
        data, steps = self.data, self.steps
        heads, offsets, place = bytearray(), [], at
        while len(heads) < _LONGEST_PERIOD and place < end and steps[data[place]]:
            head = _LOCAL_TYPE[data[place]]
            if heads and head == heads[0]:
                repeats = self._count_repeats(at, end, place - at, heads, offsets)
                if repeats:
                    for key, offset in zip(heads, offsets, strict=True):
                        block = self.places[key]
                        assert block is not None
                        block.runs.append((at + offset, repeats, place - at))
                    return at + repeats * (place - at)
            heads.append(head)
            offsets.append(place - at)
            place += steps[head]
        return at

    def _count_repeats(self, at: int, end: int, stride: int, heads: bytes, offsets: list[int]) -> int:
        """How often the sequence stands back to back from `at`; 0 when fewer than the trial asks."""
        most, done, window = (end - at) // stride, 0, _TRIAL
        while done < most:
            window = min(window, most - done)
            base, whole = at + done * stride, window
            for head, offset in zip(heads, offsets, strict=True):
                first = base + offset
                seen = self.data[first : first + (whole - 1) * stride + 1 : stride].translate(_LOCAL_TYPE)
                whole = min(whole, len(seen) - len(seen.lstrip(bytes((head,)))))
                if not whole:
                    break
            done += whole
            if whole < window or done < _TRIAL:
                break
            window *= 8
        return done if done >= _TRIAL else 0

    def _drop_last(self, end: int) -> None:
        """Take back the message that ran past the end of the data."""
        last = max((block for block in self.blocks.values() if block.singles), key=lambda block: block.singles[-1])
        self._report(last.singles.pop(), "truncated", f"message cut short at byte {end}")


# -- values ------------------------------------------------------------------------------------------------------


def _numbers(raw: np.ndarray, plan: _Column) -> np.ndarray:
    """Physical values as float64, NaN for invalid ones; any shape."""
    meaning = plan.meaning
    values = np.empty(raw.shape)
    with np.errstate(all="ignore"):  # patterns of NaN trip the cast
        np.divide(raw, meaning.scale, out=values)
    if meaning.offset:
        values -= meaning.offset
    missing = _missing(raw, plan)
    if missing is not None and missing.any():
        values[missing] = np.nan
    return values


def _missing(raw: np.ndarray, plan: _Column) -> np.ndarray | None:
    """Mask of invalid values; bytes in a row are invalid together only."""
    if plan.invalid is None:
        return None
    missing: np.ndarray = raw == plan.invalid
    if raw.ndim == 2 and plan.meaning.base.name == "byte":
        missing &= missing.all(axis=1, keepdims=True)
    if plan.meaning.unset is not None and raw.dtype.itemsize > 1:
        missing |= raw == plan.meaning.unset
    return missing


def _times(raw: np.ndarray, plan: _Column) -> np.ndarray:
    seconds = raw.astype(np.int64) + _EPOCH
    return np.where(raw == plan.invalid, np.datetime64("NaT", "s"), seconds.view("datetime64[s]"))


def _labels(raw: np.ndarray, plan: _Column) -> np.ndarray:
    """Labels of the codes; a code without one stays an int, an invalid one becomes None."""
    codes, which = np.unique(raw, return_inverse=True)
    names = np.empty(len(codes), object)
    for place, code in enumerate(codes.tolist()):
        names[place] = None if code == plan.invalid else plan.meaning.labels.get(code, code)
    return names[which]


def _texts(raw: np.ndarray) -> np.ndarray:
    """Text up to the first NUL, None when empty."""
    texts = np.empty(len(raw), object)
    texts[:] = [text.split(b"\0", 1)[0].decode("utf-8", "replace") or None for text in raw.tolist()]
    return texts


def _physical(raw: np.ndarray, plan: _Column) -> np.ndarray:
    """Column of one field from its stored values."""
    kind, meaning = raw.dtype.kind, plan.meaning
    if kind == "S":
        return _texts(raw)
    if raw.ndim == 2:
        return np.fromiter(_numbers(raw, plan), object, len(raw))
    if meaning.is_time and kind in "iu" and raw.dtype.itemsize == 4:
        return _times(raw, plan)
    if meaning.labels and kind in "iu":
        return _labels(raw, plan)
    return _numbers(raw, plan)


def _unroll(anchors: np.ndarray, low: np.ndarray, bits: int, group: np.ndarray) -> np.ndarray:
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


# -- tables ------------------------------------------------------------------------------------------------------

_Table = dict[str, np.ndarray]


def _blank(like: np.ndarray, rows: int) -> np.ndarray:
    """Column of missing values of the same kind."""
    missing = {"f": np.nan, "M": np.datetime64("NaT", "s")}.get(like.dtype.kind)
    return np.full(rows, missing, like.dtype)


def _as_objects(column: np.ndarray) -> np.ndarray:
    """The same column as objects, None for what is missing."""
    objects = column.astype(object)
    if column.dtype.kind in "fM":
        objects[np.isnan(column) if column.dtype.kind == "f" else np.isnat(column)] = None
    return objects


def _stack(pieces: list[_Table]) -> _Table:
    """Join the tables of several definitions, rows in file order, missing where a definition lacks a field."""
    if len(pieces) == 1:
        return pieces[0]
    rows = sum(len(piece["offset"]) for piece in pieces)
    table: _Table = {"part": np.empty(rows, np.int64), "offset": np.empty(rows, np.int64)}
    start = 0
    for piece in pieces:
        stop = start + len(piece["offset"])
        for name, column in piece.items():
            if name not in table:
                table[name] = _blank(column, rows)
            elif table[name].dtype.kind != column.dtype.kind and table[name].dtype != object:
                table[name] = _as_objects(table[name])
            same = table[name].dtype.kind == column.dtype.kind
            table[name][start:stop] = column if same else _as_objects(column)
        start = stop
    order = np.argsort(table["offset"], kind="stable")
    return {name: column[order] for name, column in table.items()}


class FitMessages:
    """The messages of a FIT file, columns on demand.

    Attributes
    ----------
    problems : tuple of Problem
        What is wrong with the bytes, in file order; empty for a sound file.
    names : tuple of str
        Message types present, in order of appearance.
    """

    def __init__(self, data: bytes, blocks: list[_Block], problems: list[Problem], unknown: bool) -> None:
        self._data = data
        self._all = blocks
        self._unknown = unknown
        self._blocks: dict[str, list[_Block]] = {}
        for block in sorted(blocks, key=lambda block: block.first):
            number = block.definition.number
            if number in MESSAGES or unknown:
                name = MESSAGES[number].name if number in MESSAGES else f"unknown_{number}"
                self._blocks.setdefault(name, []).append(block)
        self.problems = tuple(sorted(problems, key=lambda problem: problem.offset))
        self.names = tuple(self._blocks)

    def __contains__(self, name: object) -> bool:
        return name in self._blocks

    def count(self, name: str) -> int:
        """Count the messages of one type."""
        return sum(map(len, self._blocks.get(name, ())))

    def columns(self, name: str) -> _Table:
        """Decode the messages of one type.

        Parameters
        ----------
        name : str
            Message type, such as `record`.

        Returns
        -------
        dict of str to array
            Arrays of equal length, rows in file order, {} when the file has no such message. `part` (which chained
            file) and `offset` (byte offset) come first. Numbers are float64 in physical units (positions in
            degrees), NaN where missing; times datetime64[s] (counted from 1989-12-31 also where the clock was not
            set); texts and labels objects, None where missing, a code without label an int; fields with several
            values objects, each a 1-D float64 array.
        """
        blocks = self._blocks.get(name, ())
        taken = {plan.name for block in blocks for plan in self._native(block)}
        pieces = [piece for block in blocks for piece in self._pieces(block, taken)]
        if not pieces:
            return {}
        table = _stack(pieces)
        if "timestamp_16" in table:
            table["timestamp"] = self._timestamps_16(table)
        message = MESSAGES.get(blocks[0].definition.number)
        for meaning in message.fields.values() if message else ():
            if meaning.name in table:
                _expand_components(table, meaning, message)
                _expand_subfields(table, meaning)
        return table

    def frame(self, name: str) -> pd.DataFrame:
        """Return the same columns as a frame, objects kept as objects."""
        columns = self.columns(name)
        return pd.DataFrame({key: pd.Series(column, dtype=column.dtype) for key, column in columns.items()})

    def units(self, name: str) -> dict[str, str]:
        """Units of the columns of one message type that have one, as the profile or the developer spells them."""
        blocks = self._blocks.get(name, ())
        taken = {plan.name for block in blocks for plan in self._native(block)}
        plans = [plan for block in blocks for plan in self._native(block)]
        plans += [plan for block in blocks for _, _, more in self._segments(block, taken) for plan in more]
        units: dict[str, str] = {}
        for plan in plans:
            meaning = plan.meaning
            derived = (*meaning.components, *(sub.field for sub in meaning.subfields))
            for source, key in ((meaning, plan.name), *((item, item.name) for item in derived)):
                if source.units:
                    units.setdefault(key, source.units)
        return units

    def _native(self, block: _Block) -> list[_Column]:
        return [plan for plan in block.definition.columns if plan.known or self._unknown]

    def _pieces(self, block: _Block, taken: set[str]) -> Iterator[_Table]:
        """Columns of one definition, in one table unless developer fields change meaning on the way."""
        native = self._native(block)
        for start, stop, developer in self._segments(block, taken):
            places, plans = block.positions[start:stop], [*native, *developer]
            table = {"part": np.full(len(places), block.part), "offset": places}
            if plans:
                rows = block.rows(self._data, _layout(plans, block.definition.size))[start:stop]
                for number, plan in enumerate(plans):
                    table[plan.name] = _physical(rows[f"f{number}"], plan)
            if block.compressed and "timestamp" not in table:
                table["timestamp"] = self._compressed_times(block.part, places)
            yield table

    def _segments(self, block: _Block, taken: set[str]) -> Iterator[tuple[int, int, list[_Column]]]:
        """Stretches of rows (start, stop) with the developer fields as then described."""
        keys = [key for key in block.definition.developer if (block.part, key[2], key[0]) in self._described]
        if not keys:
            yield 0, len(block), []
            return
        known = [self._described[block.part, index, number] for number, _, index, _ in keys]
        which = [np.maximum(np.searchsorted(offsets, block.positions) - 1, 0) for offsets, _ in known]
        changes = np.logical_or.reduce([np.diff(one) != 0 for one in which])
        edges = [0, *(np.flatnonzero(changes) + 1).tolist(), len(block)]
        for start, stop in zip(edges, edges[1:], strict=False):
            used = [told[one[start]] for (_, told), one in zip(known, which, strict=True)]
            yield start, stop, _developer_columns(keys, used, block.definition.order, taken)

    @cached_property
    def _described(self) -> dict[tuple[int, int, int], tuple[np.ndarray, list[_Description]]]:
        """Developer fields by part, developer index and number: where they are described, and how."""
        blocks = [block for block in self._all if block.definition.number == _FIELD_DESCRIPTION]
        table = _stack([piece for block in blocks for piece in self._pieces(block, set())]) if blocks else {}
        found: dict[tuple[int, int, int], list[tuple[int, _Description]]] = {}
        wanted = ("developer_data_index", "field_definition_number", "fit_base_type_id", "field_name")
        if not all(key in table for key in wanted):
            return {}
        columns = [table[key].tolist() for key in ("part", "offset", *wanted)]
        columns.append(table["units"].tolist() if "units" in table else [None] * len(table["part"]))
        for part, offset, index, number, base, name, units in zip(*columns, strict=True):
            label = re.sub(r"\W+", "_", name.lower()).strip("_") if isinstance(name, str) else ""
            if label and index == index and number == number and base is not None:
                told = found.setdefault((part, int(index), int(number)), [])
                description = _Description(label, base_number(base), units if isinstance(units, str) else None)
                if not told or told[-1][1] != description:
                    told.append((offset, description))
        return {key: (np.array([at for at, _ in told]), [how for _, how in told]) for key, told in found.items()}

    def _raw(self, block: _Block, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Offsets and seconds since 1989-12-31 of the valid times a definition holds under `name`."""
        plans = [plan for plan in block.definition.columns if plan.name == name and plan.dtype.str[1:] == "u4"]
        if not plans:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        raw = block.rows(self._data, _layout(plans, block.definition.size))["f0"].astype(np.int64)
        valid = raw != plans[0].invalid
        return block.positions[valid], raw[valid]

    def _compressed_times(self, part: int, places: np.ndarray) -> np.ndarray:
        """Times of messages whose headers hold the lowest five bits only."""
        offsets, seconds = self._clock[part]
        found = seconds[np.searchsorted(offsets, places)]
        return np.where(found < 0, np.datetime64("NaT", "s"), (found + _EPOCH).view("datetime64[s]"))

    @cached_property
    def _clock(self) -> dict[int, tuple[np.ndarray, np.ndarray]]:
        """By part: offsets of all messages with a time, and that time, compressed ones counted on."""
        clock = {}
        content = np.frombuffer(self._data, np.uint8)
        for part in {block.part for block in self._all if block.compressed}:
            blocks = [block for block in self._all if block.part == part]
            full = [self._raw(block, "timestamp") for block in blocks]
            short = np.concatenate([block.positions for block in blocks if block.compressed])
            offsets = np.concatenate([*(where for where, _ in full), short])
            anchors = np.concatenate([*(seconds for _, seconds in full), np.full(len(short), -1)])
            # a compressed message that also holds a full time stands here twice: its full time is the one to keep
            order = np.lexsort((anchors < 0, offsets))
            offsets, anchors = offsets[order], anchors[order]
            low = (content[offsets] & 31).astype(np.int64)
            clock[part] = offsets, _unroll(anchors, low, 5, np.zeros(len(offsets), np.int64))
        return clock

    def _timestamps_16(self, table: _Table) -> np.ndarray:
        """Times of monitoring messages, the 16-bit ones counted on from the last whole one."""
        blocks = self._blocks.get("monitoring_info", [])
        more = [self._raw(block, "timestamp") for block in blocks]
        places = np.concatenate([table["offset"], *(where for where, _ in more)])
        part = np.concatenate(
            [table["part"], *(np.full(len(at), block.part) for block, (at, _) in zip(blocks, more, strict=True))]
        )
        rows = len(table["offset"])
        own = table.get("timestamp", np.full(rows, np.datetime64("NaT", "s")))
        whole = np.where(np.isnat(own), -1, own.astype(np.int64) - _EPOCH)
        anchors = np.concatenate([whole, *(seconds for _, seconds in more)])
        short = table["timestamp_16"]
        low = np.concatenate([np.nan_to_num(short).astype(np.int64), np.zeros(len(anchors) - rows, np.int64)])
        used = np.flatnonzero((anchors >= 0) | np.concatenate([~np.isnan(short), np.ones(len(anchors) - rows, bool)]))
        used = used[np.argsort(places[used], kind="stable")]
        seconds = np.full(len(anchors), -1)
        seconds[used] = _unroll(anchors[used], low[used], 16, part[used])
        seconds = seconds[:rows]
        return np.where(seconds < 0, np.datetime64("NaT", "s"), (seconds + _EPOCH).view("datetime64[s]"))


_FIELD_DESCRIPTION = 206


@dataclass(frozen=True, slots=True)
class _Description:
    """What a file says of one developer field."""

    name: str
    base: int
    units: str | None


def _developer_columns(
    keys: list[tuple[int, int, int, int]], used: list[_Description], order: str, taken: set[str]
) -> list[_Column]:
    """Plans for developer fields, under names that no native field and no other developer has."""
    plans: dict[str, _Column] = {}
    for (_, size, _, at), told in zip(keys, used, strict=True):
        name = f"{told.name}_dev" if told.name in taken else told.name
        name = name if name not in plans else f"{name}_{len(plans)}"
        stored = BASE_TYPES[told.base]
        plan = _column(name, field_of(name, stored.name, units=told.units), size, told.base, at, order)
        if plan:
            plans[name] = plan
    return list(plans.values())


def _expand_components(table: _Table, packed: Field, message: Message) -> None:
    """Give each value in the bits of a packed field its column, where no other field filled it."""
    if not packed.components:
        return
    content, valid = _bits(table[packed.name])
    for part in packed.components:
        raw = content >> part.first_bit & (1 << part.bits) - 1
        if part.accumulate:
            raw = _accumulated(raw, valid, part.bits, table["part"])
        meaning = next((one for one in message.fields.values() if one.name == part.name), None)
        if meaning and meaning.labels:
            plan = _Column(part.name, meaning, 0, raw.dtype, None)
            values = _labels(raw, plan)
            values[~valid] = None
        else:
            values = np.where(valid, raw / part.scale - part.offset, np.nan)
        old = table.get(part.name)
        table[part.name] = values if old is None else _filled(old, values)


def _bits(column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Packed values as whole numbers (bytes: lowest first) and where there are any."""
    if column.dtype == object:
        width = max((len(row) for row in column if row is not None), default=0)
        column = np.array([row if row is not None and len(row) == width else np.full(width, np.nan) for row in column])
        column = column @ 256.0 ** np.arange(width) if width <= 6 else np.full(len(column), np.nan)
    valid = ~np.isnan(column)
    return np.where(valid, column, 0).astype(np.int64), valid


def _accumulated(raw: np.ndarray, valid: np.ndarray, bits: int, part: np.ndarray) -> np.ndarray:
    """Count a value on that rolls over at `bits` bits, from its first one in each part."""
    rows = np.flatnonzero(valid)
    group, low = part[rows], raw[rows]
    first = np.diff(group, prepend=-1) != 0
    out = raw.copy()
    out[rows] = _unroll(np.where(first, low, -1), low, bits, group) if len(rows) else low
    return out


def _filled(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Column `old`, filled from `new` where it is missing."""
    if old.dtype.kind != new.dtype.kind:
        return old
    return np.where(pd.isna(old), new, old)


def _expand_subfields(table: _Table, meaning: Field) -> None:
    """Give each other reading of a field its own column, in the rows that another field says."""
    for sub in meaning.subfields:
        rows = np.zeros(len(table["offset"]), bool)
        for name, label in sub.when:
            if name in table:
                rows |= table[name] == label
        if not rows.any() or sub.field.name in table:
            continue
        column = table[meaning.name]
        if column.dtype.kind != "f":
            continue
        raw = np.where(rows, np.rint((column + meaning.offset) * meaning.scale), np.nan)
        table[sub.field.name] = _reread(raw, sub.field)


def _reread(raw: np.ndarray, meaning: Field) -> np.ndarray:
    """Column of a subfield from the stored values of its field, NaN where it does not hold."""
    valid = ~np.isnan(raw)
    codes = np.where(valid, raw, 0).astype(np.int64)
    plan = _Column(meaning.name, meaning, 0, codes.dtype, None)
    if meaning.labels:
        values = _labels(codes, plan)
        values[~valid] = None
        return values
    if meaning.is_time:
        return np.where(valid, (codes + _EPOCH).view("datetime64[s]"), np.datetime64("NaT", "s"))
    return raw / meaning.scale - meaning.offset


def _layout(plans: list[_Column], size: int) -> np.dtype[Any]:
    """Structured type of a message with these fields."""
    return np.dtype(
        {
            "names": [f"f{number}" for number in range(len(plans))],
            "formats": [plan.dtype for plan in plans],
            "offsets": [plan.at for plan in plans],
            "itemsize": size,
        }
    )


def decode(data: bytes, *, unknown: bool = False) -> FitMessages:
    """Find the messages in the bytes of a FIT file; damaged files are read as far as they can be."""
    problems: list[Problem] = []
    blocks: list[_Block] = []
    part, after = 0, 0
    at = 0 if _is_header(data, 0) else _next_header(data, 0)
    if at is None:
        problems.append(Problem(0, "not_fit", "no header of a FIT file"))
    while at is not None:
        if at > after:
            problems.append(Problem(after, "garbage", f"{at - after} bytes before the next header"))
        outline = _outline(data, at, problems)
        walk = _Walk(data, part, problems)
        walk.run(outline.body, outline.end)
        blocks += [block for block in walk.blocks.values() if len(block)]
        part, after = part + 1, outline.after
        at = after if _is_header(data, after) else _next_header(data, after)
    if part and after < len(data):
        problems.append(Problem(after, "garbage", f"{len(data) - after} bytes after the end of the file"))
    return FitMessages(data, blocks, problems, unknown)
