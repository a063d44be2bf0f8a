"""Small files with everything in them that readers of FIT stumble over, written here: seeds from which mutants come."""

from __future__ import annotations

import struct

from loadlens.simulators.simulated_fit import Message, fit_checksum, fit_file

NOON = 1_000_000_032  # a time whose lowest five bits are 0
TIME = (253, "uint32")


def write_seeds() -> dict[str, bytes]:
    """Return small FIT files by what is odd about them."""
    run = [_file_id(4), *_records(24), _event(0, 0), _event(24, 4), _lap(0, 12), _lap(12, 12), _session(0, 24)]
    return {
        "a run": fit_file(run),
        "big endian": fit_file(run, big_endian=True),
        "short header": fit_file(run, header_size=12),
        "no session": fit_file([_file_id(4), *_records(30)]),
        "records in two layouts": fit_file([_file_id(4), *_records(9), *_enhanced(9), *_records(9), _session(0, 27)]),
        "many records": fit_file([_file_id(4), *_records(90), _session(0, 90)]),
        "chained": fit_file([_file_id(4), *_records(9), _session(0, 9)]) + fit_file([_file_id(4), *_records(6)]),
        "three sports": fit_file([_file_id(4), *_records(20), _session(0, 8, 5), _session(8, 6, 2), _session(14, 6)]),
        "packed speed and distance": fit_file([_file_id(4), *_packed(20), _session(0, 20)]),
        "a day of steps": fit_file([_file_id(32), *_monitoring(12)]),
        "a night": fit_file([_file_id(49), *_night(8)]),
        "text and arrays": fit_file([_file_id(4), *_texts(5), *_records(5)]),
        "five bits of time": _wrap(_define(0, 20, TIME, (3, "uint8")) + _five_bits(18)),
        "fields of its own": _wrap(_own_fields(8)),
        "fields of no size": _wrap(_no_size(255) + bytes(5_500)),
        "no definition": _wrap(b"\x00\x01\x02"),
        "no data": _wrap(b""),
    }


def _file_id(kind: int) -> Message:
    layout = (0, "enum"), (1, "uint16"), (2, "uint16"), (4, "uint32")
    return 0, layout, (kind, 1, 3113, NOON)


def _records(count: int) -> list[Message]:
    layout = (TIME, (0, "sint32"), (1, "sint32"), (5, "uint32"), (6, "uint16"), (3, "uint8"), (4, "uint8"))
    return [
        (20, layout, (NOON + k, 620_000_000 + 300 * k, 58_000_000, 280 * k, 2800, 140 + k % 9, 84))
        for k in range(count)
    ]


def _enhanced(count: int) -> list[Message]:
    layout = (TIME, (5, "uint32"), (73, "uint32"), (78, "uint32"), (39, "uint16"), (41, "uint16"), (53, "uint8"))
    return [(20, layout, (NOON + 9 + k, 2520 + 280 * k, 2800, 2600, 850, 2400, 64)) for k in range(count)]


def _packed(count: int) -> list[Message]:
    rows = ((280 & 0xFFF) | (45 * k & 0xFFF) << 12 for k in range(count))
    return [(20, (TIME, (8, "uint8")), (NOON + k, row.to_bytes(3, "little"))) for k, row in enumerate(rows)]


def _event(second: int, kind: int) -> Message:
    return 21, (TIME, (0, "enum"), (1, "enum"), (3, "uint32")), (NOON + second, 0, kind, 0)


def _lap(first: int, seconds: int) -> Message:
    layout = TIME, (2, "uint32"), (7, "uint32"), (8, "uint32"), (9, "uint32"), (15, "uint8"), (17, "uint8")
    return 19, layout, (NOON + first + seconds, NOON + first, 1000 * seconds, 1000 * seconds, 280 * seconds, 145, 84)


def _session(first: int, seconds: int, sport: int = 1) -> Message:
    layout = (
        *(TIME, (2, "uint32"), (7, "uint32"), (8, "uint32"), (9, "uint32"), (10, "uint32")),
        *((5, "enum"), (6, "enum"), (14, "uint16"), (16, "uint8"), (18, "uint8"), (22, "uint16")),
    )
    totals = 1000 * seconds, 1000 * seconds, 280 * seconds, 84 * seconds // 60
    return 18, layout, (NOON + first + seconds, NOON + first, *totals, sport, 0, 2800, 145, 84, 3)


def _monitoring(count: int) -> list[Message]:
    rows: list[Message] = [(103, (TIME, (0, "uint32"), (1, "uint8")), (NOON, NOON + 3600, bytes((6, 1))))]
    for k in range(count):
        low = (NOON + 60 * k) & 0xFFFF
        rows.append((55, ((26, "uint16"), (5, "enum"), (3, "uint32")), (low, 6 + k % 2, 100 * k)))
        rows.append((55, ((26, "uint16"), (27, "uint8")), (low, 55 + k)))
    return [*rows, (211, (TIME, (0, "uint8"), (1, "uint8")), (NOON + 60 * count, 52, 51))]


def _night(count: int) -> list[Message]:
    levels: list[Message] = [(275, (TIME, (0, "enum")), (NOON + 600 * k, 1 + k % 4)) for k in range(count)]
    ends: list[Message] = [(21, (TIME, (0, "enum"), (1, "enum")), (NOON + 600 * k, 74, k // 8)) for k in (0, 8)]
    return [*levels, *ends, (370, (TIME, (0, "uint16"), (1, "uint16")), (NOON, 6400, 6100))]


def _texts(count: int) -> list[Message]:
    layout = TIME, (8, "string"), (5, "uint32"), (4, "uint8")
    told = "", "run", "Zoë läuft", "\ud7ff" * 3, "<script>"
    return [(26, layout, (NOON, told[k % 5], bytes(8), b"\xff" * k)) for k in range(count)]


# -- what fit_file does not write


def _define(local: int, number: int, *fields: tuple[int, str], own: tuple[tuple[int, int, int], ...] = ()) -> bytes:
    codes = {"uint8": (1, 2), "uint16": (2, 0x84), "uint32": (4, 0x86), "string": (12, 7)}
    head = struct.pack("<BBBHB", 0x40 | local | 0x20 * bool(own), 0, 0, number, len(fields))
    more = bytes([len(own)]) + b"".join(map(bytes, own)) if own else b""
    return head + b"".join(bytes((field, *codes[base])) for field, base in fields) + more


def _five_bits(count: int) -> bytes:
    whole = struct.pack("<BIB", 0, NOON, 140)
    return whole + _define(1, 20, (3, "uint8")) + b"".join(bytes((0xA0 | k * 3 & 31, 140 + k)) for k in range(count))


def _own_fields(count: int) -> bytes:
    fields = (0, "uint8"), (1, "uint8"), (2, "uint8"), (3, "string"), (8, "string")
    told = [(0, 0x84, b"Power"), (1, 2, b"Leg Spring"), (2, 0x07, b"heart_rate")]
    described = b"".join(struct.pack("<BBBB12s12s", 2, 0, number, base, name, b"W") for number, base, name in told)
    layout = _define(0, 20, TIME, (3, "uint8"), own=((0, 2, 0), (1, 1, 0), (2, 3, 0)))
    rows = b"".join(struct.pack("<BIBHB3s", 0, NOON + k, 140, 250 + k, 9, b"ab") for k in range(count))
    return _define(2, 206, *fields) + described + layout + rows


def _no_size(count: int) -> bytes:
    """Define records of so many fields that a message is its header alone, and a table of them has no end."""
    return struct.pack("<BBBHB", 0x40, 0, 0, 20, count) + b"".join(bytes((field, 0, 2)) for field in range(count))


def _wrap(body: bytes) -> bytes:
    head = struct.pack("<BBHI4s", 14, 32, 2100, len(body), b".FIT")
    whole = head + struct.pack("<H", fit_checksum(head)) + body
    return whole + struct.pack("<H", fit_checksum(whole))
