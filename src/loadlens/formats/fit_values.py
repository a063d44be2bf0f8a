"""Stored values of FIT messages to physical ones, whole columns at a time.

A `Plan` says where in a message a value stands, how it is stored and what it means. Numbers become float64 (stored
value / scale - offset, NaN where invalid), times datetime64[s], text and labels objects (None where missing).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from loadlens.formats.fit_profile import BASE_TYPES, EVERYWHERE, MESSAGES, BaseType, Field, base_number, field_of

if TYPE_CHECKING:
    from loadlens.formats.fit_definitions import Definition

EPOCH = 631065600  # 1989-12-31T00:00:00Z, second 0 of FIT, in Unix time
NO_TIME = np.datetime64("NaT", "s")
_FEW = 256  # rows up to which columns of the same type are computed together

Columns = dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Plan:
    """Where in a message a value stands, how it is stored, and what it means."""

    name: str
    meaning: Field
    at: int
    dtype: np.dtype[Any]
    invalid: int | None
    known: bool = True

    @property
    def is_number(self) -> bool:
        """Whether the field is one plain number."""
        special = self.meaning.is_time or self.meaning.labels or self.meaning.unset is not None
        return not special and self.dtype.kind in "iuf" and not self.dtype.shape

    @cached_property
    def labels(self) -> dict[int, str | None]:
        """Labels by code, None for the invalid one."""
        none: dict[int, str | None] = {} if self.invalid is None else {self.invalid: None}
        return {**self.meaning.labels, **none}


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
        None where the base type is none, its width does not divide the size, or it cannot hold what is meant:
        so a column of the profile is of one kind in all files, or holds arrays.
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
    if rest or not _suits(meaning, stored, count):
        return None
    code = order + stored.code
    return Plan(name, meaning, at, np.dtype(code if count == 1 else (code, (count,))), stored.invalid, known)


def _suits(meaning: Field, stored: BaseType, count: int) -> bool:
    """Whether a number stored this way can be what the field means."""
    if meaning.is_time:
        return count == 1 and stored.code in ("u4", "i4")
    return meaning.base.code != "S" and not (meaning.labels and stored.code[0] == "f")


@lru_cache(maxsize=4096)
def native_plans(definition: Definition) -> tuple[Plan, ...]:
    """Plans for the fields of the profile; of a field given twice only the first."""
    meanings = MESSAGES[definition.number].fields if definition.number in MESSAGES else EVERYWHERE
    plans: dict[str, Plan] = {}
    for number, size, base, at in definition.fields:
        meaning = meanings.get(number)
        name = meaning.name if meaning else f"unknown_{number}"
        name = f"field_{name}" if name in ("part", "offset") else name
        plan = plan_field(name, meaning, size, base, at, definition.order)
        if plan and name not in plans:
            plans[name] = plan
    return tuple(plans.values())


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
        names = [f"f{number}" for number in range(len(plans))]
        formats, offsets = [plan.dtype for plan in plans], [plan.at for plan in plans]
        self._dtype = np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": size})
        alike: dict[str, list[Plan]] = {}
        for plan in plans:
            if plan.is_number:
                alike.setdefault(plan.dtype.str, []).append(plan)
        self._groups = [_Group(group) for group in alike.values() if len(group) > 1]

    def columns(self, rows: np.ndarray) -> Columns:
        """Column of each field, from the raw content of the messages."""
        done: Columns = {}
        if len(rows) <= _FEW and self._groups:
            rows = np.ascontiguousarray(rows)
            content = rows.view(np.uint8).reshape(len(rows), -1)
            for group in self._groups:
                done |= group.columns(content)
        fields = rows.view(self._dtype)
        return {
            plan.name: done[plan.name] if plan.name in done else _physical(fields[f"f{number}"], plan)
            for number, plan in enumerate(self.plans)
        }


class _Group:
    """Plain numbers of one stored type, computed together: worth it where there are few rows."""

    def __init__(self, plans: list[Plan]) -> None:
        self._names = [plan.name for plan in plans]
        self._dtype = plans[0].dtype
        self._places = np.concatenate([np.arange(plan.at, plan.at + self._dtype.itemsize) for plan in plans])
        self._scale = np.array([[plan.meaning.scale] for plan in plans])
        self._offset = np.array([[plan.meaning.offset] for plan in plans])
        self._invalid = None
        if self._dtype.kind in "iu":
            self._invalid = np.array([[plan.invalid] for plan in plans], self._dtype)

    def columns(self, content: np.ndarray) -> Columns:
        """Columns from the content of the messages as bytes (messages, size)."""
        raw = np.take(content, self._places, axis=1).view(self._dtype).T
        values = np.empty(raw.shape)
        with np.errstate(all="ignore"):  # patterns of NaN trip the cast
            np.divide(raw, self._scale, out=values)
        values -= self._offset
        if self._invalid is not None:
            values[raw == self._invalid] = np.nan
        return dict(zip(self._names, values, strict=True))


def time_dtype(definition: Definition) -> np.dtype[Any]:
    """Type of a message of which only the time is read."""
    formats, offsets = [np.dtype(f"{definition.order}u4")], [definition.time_place or 0]
    return np.dtype({"names": ["time"], "formats": formats, "offsets": offsets, "itemsize": definition.size})


@lru_cache(maxsize=4096)
def native_layout(definition: Definition, unknown: bool) -> Layout:
    """Layout of the fields of the profile, with `unknown` of all others too."""
    plans = tuple(plan for plan in native_plans(definition) if plan.known or unknown)
    return Layout(plans, definition.size)


def _physical(raw: np.ndarray, plan: Plan) -> np.ndarray:
    """Column of one field from its stored values."""
    meaning = plan.meaning
    if raw.dtype.kind == "S":
        return _texts(raw)
    if raw.ndim == 2:
        return np.fromiter(_numbers(raw, plan), object, len(raw))
    if meaning.is_time:
        return as_times(np.where(raw == plan.invalid, -1, raw.astype(np.int64)))
    if meaning.labels:
        return np.fromiter((plan.labels.get(code, code) for code in raw.tolist()), object, len(raw))
    return _numbers(raw, plan)


def _numbers(raw: np.ndarray, plan: Plan) -> np.ndarray:
    """Physical values as float64, NaN for invalid ones; one value a message or several."""
    values = np.empty(raw.shape)
    with np.errstate(all="ignore"):  # patterns of NaN trip the cast
        np.divide(raw, plan.meaning.scale, out=values)
    if plan.meaning.offset:
        values -= plan.meaning.offset
    missing = _missing(raw, plan)
    if missing is not None and missing.any():
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
    return np.where(seconds < 0, NO_TIME, (seconds + EPOCH).view("datetime64[s]"))


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


def stack(pieces: list[Columns]) -> Columns:
    """Join tables of several definitions: rows by `offset`, missing where a definition lacks a field."""
    if len(pieces) == 1:
        return pieces[0]
    rows = sum(len(piece["offset"]) for piece in pieces)
    table: Columns = {}
    start = 0
    for piece in pieces:
        stop = start + len(piece["offset"])
        for name, column in piece.items():
            if name not in table:
                table[name] = _blank(column, rows)
            elif table[name].dtype.kind not in (column.dtype.kind, "O"):
                table[name] = as_objects(table[name])
            same = table[name].dtype.kind == column.dtype.kind
            table[name][start:stop] = column if same else as_objects(column)
        start = stop
    order = np.argsort(table["offset"], kind="stable")
    return {name: column[order] for name, column in table.items()}


def _blank(like: np.ndarray, rows: int) -> np.ndarray:
    """Column of missing values of the same kind."""
    missing = {"f": np.nan, "M": NO_TIME, "i": 0}.get(like.dtype.kind)
    return np.full(rows, missing, like.dtype)


def as_objects(column: np.ndarray) -> np.ndarray:
    """Return the same column as objects, None for what is missing."""
    objects = column.astype(object)
    if column.dtype.kind in "fM":
        objects[np.isnan(column) if column.dtype.kind == "f" else np.isnat(column)] = None
    return objects
