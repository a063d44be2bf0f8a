"""What the numbers in a FIT file are called: message and field names, types, scales, units, labels.

A FIT file holds numbers only: message 20, field 3. The public profile says that this is `record.heart_rate`, in
beats a minute. The names come from the tables of the installed `fitparse`; messages and fields that its older
releases lack, and the few reading rules of loadlens, stand in `data/fit_profile.toml`. Both are read when a file
first needs them, each message type by itself, so that importing a reader costs next to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from importlib import import_module
from typing import Any


@dataclass(frozen=True, slots=True)
class BaseType:
    """How a value is stored: NumPy type code without byte order, and the pattern that means *no value*."""

    name: str
    code: str
    invalid: int | None

    @property
    def width(self) -> int:
        """Bytes of one value."""
        return int(self.code[1:] or 1)


BASE_TYPES = (
    BaseType("enum", "u1", 0xFF),
    BaseType("sint8", "i1", 0x7F),
    BaseType("uint8", "u1", 0xFF),
    BaseType("sint16", "i2", 0x7FFF),
    BaseType("uint16", "u2", 0xFFFF),
    BaseType("sint32", "i4", 0x7FFFFFFF),
    BaseType("uint32", "u4", 0xFFFFFFFF),
    BaseType("string", "S", None),
    BaseType("float32", "f4", None),  # its invalid pattern is a NaN already
    BaseType("float64", "f8", None),
    BaseType("uint8z", "u1", 0),
    BaseType("uint16z", "u2", 0),
    BaseType("uint32z", "u4", 0),
    BaseType("byte", "u1", 0xFF),
    BaseType("sint64", "i8", 0x7FFFFFFFFFFFFFFF),
    BaseType("uint64", "u8", 0xFFFFFFFFFFFFFFFF),
    BaseType("uint64z", "u8", 0),
)
"""Base types by number, the low five bits of the byte in a definition (bit 7 only says *wider than a byte*)."""

_BASE_NUMBERS = {base.name: number for number, base in enumerate(BASE_TYPES)}
_TIMES = ("date_time", "local_date_time")


@dataclass(frozen=True, slots=True)
class Component:
    """One value inside the bits of a packed field."""

    name: str
    first_bit: int
    bits: int
    scale: float
    offset: float
    units: str | None
    accumulate: bool


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message: stored value / scale - offset is the physical value.

    `is_array` says whether it holds several values; None where the profile is silent.
    """

    name: str
    base: BaseType
    labels: dict[int, str] = field(default_factory=dict)
    is_time: bool = False
    scale: float = 1.0
    offset: float = 0.0
    units: str | None = None
    unset: int | None = None
    components: tuple[Component, ...] = ()
    subfields: tuple[Subfield, ...] = ()
    is_array: bool | None = None


@dataclass(frozen=True, slots=True)
class Subfield:
    """Another reading of a field, for rows in which one of `when` (field name, label) holds."""

    field: Field
    when: tuple[tuple[str, str | int], ...]


@dataclass(frozen=True)
class Message:
    """One message type."""

    name: str
    number: int
    fields: dict[int, Field]

    @cached_property
    def packed(self) -> tuple[Field, ...]:
        """Fields that hold others in their bits."""
        return tuple(field for field in self.fields.values() if field.components)

    @cached_property
    def ambiguous(self) -> tuple[Field, ...]:
        """Fields with several readings."""
        return tuple(field for field in self.fields.values() if field.subfields)

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """Fields by name."""
        return {field.name: field for field in self.fields.values()}


@cache
def _notes() -> dict[str, Any]:
    """Read the data file."""
    import tomllib
    from importlib.resources import files

    return tomllib.loads(files("loadlens").joinpath("data/fit_profile.toml").read_text("utf-8"))


@cache
def _tables() -> Any:
    """Tables of fitparse."""
    return import_module("fitparse.profile")


@cache
def _numbers_of_notes() -> dict[int, str]:
    """Names of the messages in the data file, by number."""
    return {entry["number"]: name for name, entry in _notes()["messages"].items()}


@cache
def _type_of(name: str) -> tuple[str, dict[int, str]]:
    """Look up the base type name and the labels of a profile type."""
    entry = _notes()["types"].get(name)
    if entry:
        return entry["base"], {int(code): label for code, label in entry.items() if code.isdigit()}
    kind = _tables().FIELD_TYPES.get(name)
    if kind is None:
        return name, {}
    return kind.base_type.name, {} if name in (*_TIMES, *_notes()["numbers"]) else dict(kind.values or {})


def field_of(name: str, type_name: str, **rest: Any) -> Field:
    """Build a field from the name of its profile type.

    Parameters
    ----------
    name : str
        Field name.
    type_name : str
        Profile type, such as `uint16`, `date_time` or `sport`.
    **rest
        `scale`, `offset`, `units`, `components`, `subfields` or `is_array`.
    """
    base_name, labels = _type_of(type_name)
    base = BASE_TYPES[_BASE_NUMBERS[base_name]]
    known: dict[str, Any] = {key: value for key, value in rest.items() if value or value is False}
    if known.get("units") == "semicircles":
        known |= {"units": "deg", "scale": 2**31 / 180}
    if type_name in _TIMES:
        known.pop("units", None)
    return Field(name, base, labels, type_name in _TIMES, unset=_notes()["unset"].get(type_name), **known)


def base_number(code: str | int) -> int:
    """Return the number of a base type from its label, or from a code the profile has no label for."""
    return _BASE_NUMBERS.get(code, _BASE_NUMBERS["byte"]) if isinstance(code, str) else code & 0x1F


def _read_subfield(sub: Any) -> Subfield:
    read = field_of(sub.name, sub.type.name, scale=sub.scale, offset=sub.offset, units=sub.units)
    return Subfield(read, tuple((reference.name, reference.value) for reference in sub.ref_fields))


def _read_component(part: Any) -> Component:
    scale, offset = float(part.scale or 1), float(part.offset or 0)
    return Component(part.name, part.bit_offset, part.bits, scale, offset, part.units, bool(part.accumulate))


def _read_field(entry: Any, message: str) -> Field:
    packed = _notes()["packed"].get(message, [])
    return field_of(
        entry.name,
        entry.type.name,
        scale=entry.scale,
        offset=entry.offset,
        units=entry.units,
        components=tuple(map(_read_component, entry.components or ())) if entry.name in packed else (),
        subfields=tuple(map(_read_subfield, entry.subfields or ())),
        is_array=_is_array(entry.name, message),
    )


def _is_array(name: str, message: str) -> bool:
    """Whether a field of the profile holds several values."""
    several: dict[str, list[str]] = _notes()["several"]
    return name in several["everywhere"] or name in several.get(message, ())


@cache
def message_of(number: int) -> Message | None:
    """Message type by number: what fitparse's tables say, then what the data file adds; None for an unknown one."""
    table, noted = _tables().MESSAGE_TYPES.get(number), _numbers_of_notes().get(number)
    if table is None and noted is None:
        return None
    name = str(table.name if table else noted)
    fields = {key: _read_field(item, name) for key, item in table.fields.items()} if table else {}
    for key, item in _notes()["messages"].get(noted, {}).items():
        if key.isdigit():
            fields[int(key)] = _merge(fields.get(int(key)), item, name)
    return Message(name, number, EVERYWHERE | fields)


def _merge(old: Field | None, item: dict[str, Any], message: str) -> Field:
    """Read one field of the data file, keeping the components and subfields the tables know of it."""
    rest = {key: value for key, value in item.items() if key not in ("name", "type")}
    new = field_of(item["name"], item["type"], is_array=_is_array(item["name"], message), **rest)
    return replace(new, components=old.components, subfields=old.subfields) if old else new


def message_numbers() -> list[int]:
    """Numbers of all message types that are known."""
    return sorted({*_tables().MESSAGE_TYPES, *_numbers_of_notes()})


EVERYWHERE = {
    253: Field("timestamp", BASE_TYPES[_BASE_NUMBERS["uint32"]], is_time=True, is_array=False),
    254: Field("message_index", BASE_TYPES[_BASE_NUMBERS["uint16"]], is_array=False),
}
"""The two fields that mean the same in every message."""
