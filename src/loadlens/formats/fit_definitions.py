"""Definition messages of a FIT file: which message follows under a local type, and with which fields.

After its header byte a definition has a reserved byte, the byte order, the message number (`record` is 20), the count
of fields, and for each field its number, its size in bytes and its base type; with bit 5 of the header also the same
for developer fields, which `field_description` messages in the file itself name. A `Plan` joins what a definition
says of a field with what the profile does; a `Block` says where the messages of a definition stand.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from typing import Any

import numpy as np

from loadlens.formats.fit_profile import BASE_TYPES, EVERYWHERE, BaseType, Field, base_number, field_of, message_of

_FEW = 64  # messages up to which Python gathers them faster than NumPy
_SEVERAL = 8  # values of an array up to which they are read together with other numbers
_FEW_RUNS = 16  # runs up to which one after another is faster than all together
LONGEST_PERIOD = 8  # messages after which a sequence of headers recurs


@dataclass(frozen=True, eq=False)
class Definition:
    """A definition message.

    Attributes
    ----------
    number : int
        Which message of the profile.
    order : str
        Byte order, `<` or `>`.
    size : int
        Bytes of a message, without its header byte.
    fields : tuple of (number, size, base type, place)
        Place counts from the byte after the header.
    developer : tuple of (number, size, developer data index, place)
        The fields that the file describes itself.
    """

    number: int
    order: str
    size: int
    fields: tuple[tuple[int, int, int, int], ...]
    developer: tuple[tuple[int, int, int, int], ...]

    @property
    def is_plausible(self) -> bool:
        """Whether every field has a base type and a size that goes with it, and none comes twice."""
        kinds = [(size, kind & 0x1F) for _, size, kind, _ in self.fields]
        sound = all(size and kind < len(BASE_TYPES) and not size % BASE_TYPES[kind].width for size, kind in kinds)
        return sound and 0 < len(kinds) == len({number for number, *_ in self.fields})

    @cached_property
    def name(self) -> str | None:
        """Name of the message; None where the profile has none."""
        message = message_of(self.number)
        return message.name if message else None

    @cached_property
    def time_place(self) -> int | None:
        """Where the time stands (field 253), None where the definition has none."""
        return next((at for number, size, _, at in self.fields if number == 253 and size == 4), None)

    @cached_property
    def _planned(self) -> tuple[dict[str, Plan], list[str]]:
        message = message_of(self.number)
        meanings = message.fields if message else EVERYWHERE
        plans: dict[str, Plan] = {}
        faults: list[str] = []
        for number, size, base, at in self.fields:
            meaning = meanings.get(number)
            name = meaning.name if meaning else f"unknown_{number}"
            name = f"field_{name}" if name in ("part", "offset") else name
            plan = plan_field(name, meaning, size, base, at, self.order)
            if meaning and size and (plan is None or plan.extra):
                faults.append(f"{name}: {size} bytes of base type {base:#04x} are not what it holds")
            if plan and name not in plans:
                plans[name] = plan
        return plans, faults

    @property
    def plans(self) -> dict[str, Plan]:
        """Plans for the fields by name; of a field given twice only the first."""
        return self._planned[0]

    @property
    def faults(self) -> list[str]:
        """What is wrong with fields that the profile knows."""
        return self._planned[1]


@dataclass(frozen=True, eq=False, slots=True)
class Plan:
    """Where in a message a value stands, how it is stored, and what it means.

    `extra` counts values beyond the one that the field holds by the profile; they are not read.
    """

    name: str
    meaning: Field
    at: int
    dtype: np.dtype[Any]
    invalid: int | None
    known: bool = True
    extra: int = 0

    @property
    def is_number(self) -> bool:
        """Whether the column is one of numbers."""
        return not (self.meaning.is_time or self.meaning.labels) and self.dtype.kind in "iuf" and not self.dtype.shape

    @property
    def is_time(self) -> bool:
        """Whether the column is one of times."""
        return self.meaning.is_time and self.dtype.kind in "iu" and not self.dtype.shape

    @property
    def is_label_of_a_byte(self) -> bool:
        """Whether the column is one of labels, by a code of one byte."""
        return bool(self.meaning.labels) and self.dtype in (np.dtype("u1"), np.dtype("i1"))

    @property
    def is_several_numbers(self) -> bool:
        """Whether the column is one of short arrays whose values are valid or not one by one; bytes are so together."""
        return 0 < sum(self.dtype.shape) <= _SEVERAL and self.meaning.base.name != "byte"

    @property
    def labels(self) -> dict[int, str | None]:
        """Labels by code, None for the invalid one."""
        none: dict[int, str | None] = {} if self.invalid is None else {self.invalid: None}
        return {**self.meaning.labels, **none}

    @property
    def label_table(self) -> np.ndarray:
        """Label of each code of one byte; the code itself where it has none."""
        codes, labels = range(-128, 0) if self.dtype.kind == "i" else range(128, 256), self.labels
        return np.array([labels.get(code, code) for code in (*range(128), *codes)], object)


@dataclass(eq=False)
class Block:
    """The messages of one definition in one part: where their header bytes stand."""

    definition: Definition
    part: int
    compressed: bool
    singles: array[int] = field(default_factory=partial(array, "q"))
    runs: list[tuple[int, int, int]] = field(default_factory=list)  # first place, count, stride

    def __len__(self) -> int:
        return len(self.singles) + (sum([count for _, count, _ in self.runs]) if self.runs else 0)

    @property
    def first(self) -> int:
        """Offset of the first message."""
        first = self.runs[0][0] if self.runs else self.singles[0]
        return min(first, self.singles[0]) if self.singles else first

    @property
    def last_two(self) -> list[int]:
        """Offsets of the last messages, two at most; they are among the runs of one period or the singles."""
        runs = self.runs[-LONGEST_PERIOD:]
        ends = [first + stride * k for first, count, stride in runs for k in range(max(0, count - 2), count)]
        return sorted([*self.singles[-2:], *ends])[-2:]

    @property
    def last(self) -> int:
        """Offset of the last message."""
        return self.last_two[-1]

    def take_back(self) -> int:
        """Forget the last message, and return its offset."""
        last = self.last
        if self.singles and self.singles[-1] == last:
            return self.singles.pop()
        for place in range(len(self.runs) - 1, -1, -1):
            first, count, stride = self.runs[place]
            if first + stride * (count - 1) == last:
                self.runs[place : place + 1] = [(first, count - 1, stride)] if count > 1 else []
                break
        return last

    @cached_property
    def positions(self) -> np.ndarray:
        """Offsets of the messages in the file, ascending."""
        if len(self.runs) == 1 and not self.singles:
            first, count, stride = self.runs[0]
            return np.arange(count, dtype=np.int64) * stride + first
        singles = np.array(self.singles, np.int64)
        if not self.runs:
            return singles
        if len(self.runs) <= _FEW_RUNS:
            runs = [np.arange(first, first + count * stride, stride) for first, count, stride in self.runs]
            return np.sort(np.concatenate([singles, *runs]), kind="stable")
        first, count, stride = np.array(self.runs, np.int64).T
        number = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        places = np.concatenate([np.repeat(first, count) + np.repeat(stride, count) * number, singles])
        return np.sort(places, kind="stable")

    def rows(self, data: bytes) -> np.ndarray:
        """Content of the messages, header bytes left out, as an array of raw items of their size."""
        size = self.definition.size
        if size and not self.runs and len(self.singles) <= _FEW:
            return np.frombuffer(b"".join([data[at + 1 : at + 1 + size] for at in self.singles]), f"V{size}")
        if len(self.runs) == 1 and not self.singles:
            first, count, stride = self.runs[0]
            return np.ndarray((count,), f"V{size}", data, first + 1, (stride,))
        anywhere = np.ndarray((len(data) - size + 1,), f"V{size}", data, 0, (1,))
        rows: np.ndarray = anywhere[self.positions + 1]
        return rows


def time_dtype(definition: Definition) -> np.dtype[Any]:
    """Type of a message of which only the time is read."""
    formats, offsets = [np.dtype(f"{definition.order}u4")], [definition.time_place or 0]
    return np.dtype({"names": ["time"], "formats": formats, "offsets": offsets, "itemsize": definition.size})


def plan_field(name: str, meaning: Field | None, size: int, base: int, at: int, order: str) -> Plan | None:
    """Plan one field of a definition.

    Parameters
    ----------
    name : str
        Column name.
    meaning : Field or None
        What the profile says; None for a field it does not know.
    size, base : int
        Bytes and base type by the definition.
    at : int
        Place in the message.
    order : str
        `<` or `>`.

    Returns
    -------
    Plan or None
        None where the base type is none, its width does not divide the size, or it cannot hold what is meant: so a
        column of the profile is of one kind in all files. Where the profile has one value the first is read.
    """
    number = base & 0x1F
    if number >= len(BASE_TYPES) or not size:
        return None
    stored, known = BASE_TYPES[number], meaning is not None
    meaning = meaning or field_of(name, stored.name)
    if stored.name == "byte" and meaning.base.width == size and meaning.base.code != "S":
        stored = meaning.base  # some writers call every number bytes
    if stored.name == "uint32" and size in (1, 2):
        stored = BASE_TYPES[base_number(f"uint{8 * size}")]  # others write fewer bytes than they announce
    if stored.code == "S":
        return Plan(name, meaning, at, np.dtype(f"S{size}"), None, known) if meaning.base.code == "S" else None
    count, rest = divmod(size, stored.width)
    if rest or not _suits(meaning, stored):
        return None
    code = order + stored.code
    is_array = count > 1 if meaning.is_array is None else meaning.is_array
    dtype = np.dtype((code, (count,)) if is_array else code)
    return Plan(name, meaning, at, dtype, stored.invalid, known, 0 if is_array else count - 1)


def _suits(meaning: Field, stored: BaseType) -> bool:
    """Whether a number stored this way can be what the field means."""
    if meaning.is_time:
        return stored.code in ("u4", "i4")
    return meaning.base.code != "S" and not (meaning.labels and stored.code[0] == "f")


@lru_cache(maxsize=1024)  # a hundred watches of all makers have some 600
def _definition(content: bytes, has_developer: bool) -> Definition:
    """Read a definition without its header byte; cached, for watches repeat theirs from file to file."""
    native = 5 + 3 * content[4]
    starts = [*range(5, native, 3), *(range(native + 1, len(content), 3) if has_developer else ())]
    places, at = [], 0
    for start in starts:
        number, size, kind = content[start : start + 3]
        places.append((number, size, kind, at))
        at += size
    order = ">" if content[1] else "<"
    number = int.from_bytes(content[2:4], "big" if content[1] else "little")
    return Definition(number, order, at, tuple(places[: content[4]]), tuple(places[content[4] :]))


def read_definition(data: bytes, at: int, end: int) -> tuple[Definition, int] | None:
    """Read the definition at `at`; with its length, None when the data end before it does."""
    has_developer = bool(data[at] & 0x20)
    if at + 6 > end:
        return None
    length = 6 + 3 * data[at + 5]
    if has_developer:
        if at + length >= end:
            return None
        length += 1 + 3 * data[at + length]
    if at + length > end:
        return None
    return _definition(data[at + 1 : at + length], has_developer), length
