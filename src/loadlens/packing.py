"""Tables and plain values as bytes and back, exactly: no code can come out of them, and damage shows.

Layout: eight bytes of name, the SHA-256 of all that follows, the length of a JSON header (eight bytes, little-endian),
the header, and the columns' buffers one after another.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import pandas as pd

MAGIC = b"loadlns1"
_PLAIN = "fiubM"  # kinds of arrays whose bytes are their values
_NULLABLE = {
    "Int64": (pd.arrays.IntegerArray, np.int64),
    "Float64": (pd.arrays.FloatingArray, np.float64),
    "boolean": (pd.arrays.BooleanArray, np.bool_),
}


class Unpackable(ValueError):
    """The bytes are damaged, or a table holds something that has no form here."""


def pack(tables: dict[str, pd.DataFrame], facts: object) -> bytes:
    """Return tables and facts as bytes.

    Parameters
    ----------
    tables : dict of str to DataFrame
        With a RangeIndex; columns of numbers, times, texts and nullable numbers, or of objects that are texts,
        numbers, times or missing.
    facts : object
        Texts, numbers, times, None, and dicts, lists and tuples of them.

    Raises
    ------
    Unpackable
        A column or a fact is of another type.
    """
    buffers: list[bytes] = []
    described: dict[str, Any] = {}
    for name, table in tables.items():
        columns = [[str(label), *_pack_column(table[label], buffers)] for label in table.columns]
        described[name] = {"rows": len(table), "columns": columns}
    header = json.dumps({"tables": described, "facts": _encode(facts)}, separators=(",", ":")).encode()
    rest = b"".join([len(header).to_bytes(8, "little"), header, *buffers])
    return MAGIC + hashlib.sha256(rest).digest() + rest


def unpack(content: bytes) -> tuple[dict[str, pd.DataFrame], Any]:
    """Return the tables and facts that were packed.

    Raises
    ------
    Unpackable
        The bytes are not those that `pack` made.
    """
    rest = memoryview(content)[40:]
    if content[:8] != MAGIC or content[8:40] != hashlib.sha256(rest).digest():
        raise Unpackable("damaged")
    end = 8 + int.from_bytes(rest[:8], "little")
    header = json.loads(bytes(rest[8:end]))
    tables = {}
    place = end
    for name, told in header["tables"].items():
        columns = {}
        for label, kind, sizes, *more in told["columns"]:
            parts = []
            for dtype, count in sizes:
                if np.dtype(dtype).kind not in _PLAIN:
                    raise Unpackable(dtype)
                parts.append(np.frombuffer(rest, dtype, count, place).copy())  # a log's tables can be written to
                place += count * np.dtype(dtype).itemsize
            columns[label] = _unpack_column(kind, parts, more)
        tables[name] = pd.DataFrame(columns, index=pd.RangeIndex(told["rows"]), copy=False)
    return tables, _decode(header["facts"])


def _pack_column(column: pd.Series[Any], buffers: list[bytes]) -> list[Any]:
    """Append the buffers of a column; return its kind, their types and lengths, and what else tells it."""
    more: list[Any] = []
    dtype = column.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in _PLAIN:
        kind, arrays = "plain", [column.to_numpy()]
    elif isinstance(dtype, pd.DatetimeTZDtype):
        kind, arrays, more = "zoned", [column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()], [str(dtype.tz)]
    elif str(dtype) in _NULLABLE:
        of = _NULLABLE[str(dtype)][1]
        kind, arrays, more = "nullable", [column.to_numpy(of, na_value=of(0)), column.isna().to_numpy()], [str(dtype)]
    elif isinstance(dtype, pd.StringDtype):
        codes, texts = pd.factorize(column)
        kind, arrays, more = "text", [codes.astype(np.int32)], [list(texts)]
    elif isinstance(dtype, np.dtype) and dtype.kind == "O":
        known: dict[str, int] = {}
        codes = np.fromiter(
            (known.setdefault(json.dumps(_encode(value)), len(known)) for value in column), np.int32, len(column)
        )
        kind, arrays, more = "object", [codes], [list(known)]
    else:
        raise Unpackable(str(dtype))
    buffers += [np.ascontiguousarray(one).tobytes() for one in arrays]
    return [kind, [[one.dtype.str, len(one)] for one in arrays], *more]


def _unpack_column(kind: str, parts: list[np.ndarray], more: list[Any]) -> Any:
    if kind == "plain":
        return parts[0]
    if kind == "zoned":
        return pd.DatetimeIndex(parts[0]).tz_localize("UTC").tz_convert(more[0])
    if kind == "nullable":
        return _NULLABLE[more[0]][0](parts[0], parts[1])
    if kind == "text":
        return pd.array(more[0], dtype=pd.StringDtype(na_value=np.nan)).take(parts[0], allow_fill=True)
    values = np.empty(len(more[0]), object)
    values[:] = [_decode(json.loads(text)) for text in more[0]]
    return values[parts[0]]


def _encode(value: Any) -> Any:
    """Return a value as JSON can hold it; what JSON cannot tell apart is a list with a mark."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, dict):
        return ["d", [[_encode(key), _encode(one)] for key, one in value.items()]]
    if isinstance(value, list | tuple):
        return ["l" if isinstance(value, list) else "t", [_encode(one) for one in value]]
    if isinstance(value, type(pd.NaT)):
        return ["T", None, ""]
    if isinstance(value, pd.Timestamp):
        return ["T", value.isoformat(), value.unit]
    if value is pd.NA:
        return ["N"]
    if isinstance(value, np.generic):
        return _encode(value.item())
    if isinstance(value, int):
        return ["i", str(value)]
    if isinstance(value, float):
        return ["f", value.hex()]
    raise Unpackable(type(value).__name__)


def _decode(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    mark, *rest = value
    if mark == "d":
        return {_decode(key): _decode(one) for key, one in rest[0]}
    if mark in ("l", "t"):
        return (list if mark == "l" else tuple)(_decode(one) for one in rest[0])
    if mark == "T":
        return pd.NaT if rest[0] is None else pd.Timestamp(rest[0]).as_unit(rest[1])
    if mark == "N":
        return pd.NA
    return int(rest[0]) if mark == "i" else float.fromhex(rest[0])
