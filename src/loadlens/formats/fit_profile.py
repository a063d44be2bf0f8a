"""What the numbers in a FIT file are called: message and field names, types, scales, units, labels.

A FIT file holds numbers only: message 20, field 3. The public profile says that this is `record.heart_rate`, in
beats a minute. The names come from the tables of the installed `fitparse`, read once at import; messages and
fields that its older releases lack, and the few reading rules of loadlens, stand in `data/fit_profile.toml`.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from importlib.resources import files
from typing import Any

from fitparse import profile as tables


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
    """One field of a message: stored value / scale - offset is the physical value."""

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


@dataclass(frozen=True, slots=True)
class Subfield:
    """Another reading of a field, for rows in which one of `when` (field name, label) holds."""

    field: Field
    when: tuple[tuple[str, str | int], ...]


@dataclass(frozen=True, slots=True)
class Message:
    """One message type."""

    name: str
    number: int
    fields: dict[int, Field]


def field_of(name: str, type_name: str, **rest: Any) -> Field:
    """Build a field from the name of its profile type.

    Parameters
    ----------
    name : str
        Field name.
    type_name : str
        Profile type, such as `uint16`, `date_time` or `sport`.
    **rest
        `scale`, `offset`, `units`, `components` or `subfields`.
    """
    base_name, labels = _TYPES.get(type_name, (type_name, {}))
    base = BASE_TYPES[_BASE_NUMBERS[base_name]]
    known = {key: value for key, value in rest.items() if value}
    if known.get("units") == "semicircles":
        known |= {"units": "deg", "scale": 2**31 / 180}
    if type_name in _TIMES:
        known.pop("units", None)
    return Field(name, base, labels, type_name in _TIMES, unset=_NOTES["unset"].get(type_name), **known)


def base_number(code: str | int) -> int:
    """Return the number of a base type from its label, or from a code the profile has no label for."""
    return _BASE_NUMBERS.get(code, _BASE_NUMBERS["byte"]) if isinstance(code, str) else code & 0x1F


def _read_types() -> dict[str, tuple[str, dict[int, str]]]:
    """Read base type name and labels of each profile type."""
    types = {
        name: (kind.base_type.name, {} if name in _TIMES or name in _NOTES["numbers"] else dict(kind.values or {}))
        for name, kind in tables.FIELD_TYPES.items()
    }
    for name, entry in _NOTES["types"].items():
        types[name] = (entry["base"], {int(code): label for code, label in entry.items() if code.isdigit()})
    return types


def _read_subfield(sub: Any) -> Subfield:
    read = field_of(sub.name, sub.type.name, scale=sub.scale, offset=sub.offset, units=sub.units)
    return Subfield(read, tuple((reference.name, reference.value) for reference in sub.ref_fields))


def _read_component(part: Any) -> Component:
    scale, offset = float(part.scale or 1), float(part.offset or 0)
    return Component(part.name, part.bit_offset, part.bits, scale, offset, part.units, bool(part.accumulate))


def _read_field(entry: Any, packed: list[str]) -> Field:
    return field_of(
        entry.name,
        entry.type.name,
        scale=entry.scale,
        offset=entry.offset,
        units=entry.units,
        components=tuple(map(_read_component, entry.components or ())) if entry.name in packed else (),
        subfields=tuple(map(_read_subfield, entry.subfields or ())),
    )


def _read_messages() -> dict[int, Message]:
    """Every message type, by number: fitparse's tables, then what the data file adds."""
    messages = {}
    for number, entry in tables.MESSAGE_TYPES.items():
        packed = _NOTES["packed"].get(entry.name, [])
        fields = {key: _read_field(item, packed) for key, item in entry.fields.items()}
        messages[number] = Message(entry.name, number, EVERYWHERE | fields)
    for name, entry in _NOTES["messages"].items():
        number = entry["number"]
        fields = {int(key): _merge(messages, number, int(key), item) for key, item in entry.items() if key.isdigit()}
        old = messages.get(number)
        messages[number] = Message(old.name if old else name, number, (old.fields if old else EVERYWHERE) | fields)
    return messages


def _merge(messages: dict[int, Message], number: int, key: int, item: dict[str, Any]) -> Field:
    """Read one field of the data file, keeping the components and subfields the tables know of it."""
    new = field_of(item["name"], item["type"], **{k: v for k, v in item.items() if k not in ("name", "type")})
    old = messages[number].fields.get(key) if number in messages else None
    return replace(new, components=old.components, subfields=old.subfields) if old else new


_NOTES: dict[str, Any] = tomllib.loads(files("loadlens").joinpath("data/fit_profile.toml").read_text("utf-8"))
_TYPES = _read_types()

EVERYWHERE = {253: field_of("timestamp", "date_time"), 254: field_of("message_index", "message_index")}
"""The two fields that mean the same in every message."""

MESSAGES = _read_messages()
"""The message types of the profile, by number."""
