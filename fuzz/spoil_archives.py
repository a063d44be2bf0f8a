"""Damage zips and gzips: names that lead out, sizes that lie, passwords, broken directories, bombs, nests."""

from __future__ import annotations

import gzip
import io
import struct
import warnings
import zipfile
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

MOST = 1 << 20  # bytes
LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
NAMES = (
    *("../../escaped.csv", "/etc/escaped.csv", "C:\\escaped.csv", "..\\escaped.csv", "a//b.csv", "./a.csv", "", "."),
    *(
        "a\0b.csv",
        "x" * 5000 + ".csv",
        "\u202evsc.a",
        "<zz-mark>.csv",
        "\ufeffActivities.csv",
        "a\nb.csv",
        "CON",
        ".csv",
    ),
    *("Activities.csv", "activities.csv", "export.xml", "a.zip", "a.json", "sleepData.json", "é.csv", "__MACOSX/a.csv"),
    *("a/", "a/b/", "\U0001f3c3.csv", "a.csv/", "xl/workbook.xml", "%s{0}.csv", "..", "activities.csv/activities.csv"),
)
SIZES = (0, 1, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF)
MEMBER_WAYS = ("content " * 12 + "rename " * 4 + "double again drop gzip " * 2 + "nest nest bomb many").split()
LAYOUT_WAYS = ["size", "size", "flags", "way", "crc", "name", "byte", "cut", "before", "behind", "end", "offset"]
GZIP_WAYS = ("content " * 8 + "twice parts cut byte tail crc flags " * 2 + "bomb").split()


def spoil_archive(data: bytes, chance: random.Random, spoil: Callable[[str, bytes], bytes]) -> bytes:
    """Return an archive with a few things wrong; `spoil` damages a member, given its name."""
    if data[:2] == b"\x1f\x8b":
        return _spoil_gzip(data, chance, spoil)
    members = read_members(data)
    for _ in range(chance.choice((1, 1, 2, 3))):
        if members:
            _spoil_members(members, chance, spoil)
    whole = bytearray(write_members(members, chance))
    for _ in range(chance.choice((0, 0, 0, 1, 1, 2))):
        _spoil_layout(whole, chance)
    return bytes(whole[:MOST])


def read_members(data: bytes) -> list[tuple[str, bytes]]:
    """Return names and contents, as far as they can be read."""
    found = []
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.infolist():
                found.append((member.filename, archive.read(member) if member.file_size < 4 * MOST else b""))
    except (OSError, RuntimeError, ValueError, NotImplementedError, zipfile.BadZipFile, zlib.error, EOFError):
        pass
    return found


def write_members(members: list[tuple[str, bytes]], chance: random.Random) -> bytes:
    """Return a zip of these members, each packed in a way drawn."""
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w") as archive:
        warnings.simplefilter("ignore")  # names that are there twice are meant
        for name, content in members:
            info = zipfile.ZipInfo(name, (2025, 1, 1, 0, 0, 0))
            info.filename = name  # also one that ZipInfo would mend
            ways = (zipfile.ZIP_DEFLATED,) * 6 + (zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
            with archive.open(_named(info, chance.choice(ways)), "w") as member:
                member.write(content)
        if chance.random() < 0.05:
            archive.comment = b"PK\x05\x06" * chance.choice((1, 4000))
    return out.getvalue()


def _named(info: zipfile.ZipInfo, way: int) -> zipfile.ZipInfo:
    info.compress_type = way
    return info


def _spoil_members(
    members: list[tuple[str, bytes]], chance: random.Random, spoil: Callable[[str, bytes], bytes]
) -> None:
    at = chance.randrange(len(members))
    name, content = members[at]
    match chance.choice(MEMBER_WAYS):
        case "content":
            members[at] = name, spoil(name, content)
        case "rename":
            members[at] = chance.choice((*NAMES, name.upper(), f"{name} (1)", f"../{name}", name[:-4])), content
        case "double":
            members.append((name, spoil(name, content)))
        case "again":
            members.append((name, content))
        case "drop":
            del members[at]
        case "nest":
            inner = members if chance.random() < 0.5 else [members[at]]
            for _ in range(chance.choice((1, 1, 2, 3, 5, 40))):
                inner = [(chance.choice(("in.zip", "in", "in.csv", "Part1.zip")), write_members(inner, chance))]
            members[at] = inner[0]
        case "gzip":
            members[at] = f"{name}.gz", gzip.compress(content, mtime=0)
        case "bomb":
            filler = chance.choice((b"\0", b"a", b",", b"\n", b'"', b"[", b"<a>", b"1,2\n", b"2024-01-01,1\n"))
            whole = filler * (chance.choice((3, 49, 60)) * 1_000_000 // len(filler))
            head = content[:3000] if chance.random() < 0.5 else b""
            members[at] = chance.choice((name, "bomb.csv", "bomb.json", "bomb.gpx")), head + whole
        case "many":
            parts = chance.choice((30, 300))
            members += [(f"{number}/{name}", content[:200] + b"%d" % number) for number in range(parts)]


def _spoil_layout(whole: bytearray, chance: random.Random) -> None:
    """Damage what a zip says of its members."""
    place = _find(whole, chance.choice((LOCAL, CENTRAL, CENTRAL, END)), chance)
    at = chance.randrange(len(whole) + 1)
    match chance.choice(LAYOUT_WAYS):
        case "size":
            _write(whole, place + chance.choice((20, 24)), "<I", chance.choice(SIZES))
        case "flags":
            for one in (_find(whole, CENTRAL, chance), _find(whole, LOCAL, chance)):
                back = 8 if whole[one : one + 4] == CENTRAL else 6
                _write(whole, one + back, "<H", chance.choice((1, 0x800, 0x2000, 0x41, 8, 0x20)))
        case "way":
            _write(whole, place + 10, "<H", chance.choice((0, 1, 6, 8, 9, 12, 14, 93, 95, 98, 99, 0xFFFF)))
        case "crc":
            _write(whole, place + 16, "<I", chance.randrange(1 << 32))
        case "name":
            for _ in range(chance.choice((1, 4))):
                if place + 46 < len(whole):
                    whole[chance.randrange(place + 46, min(place + 60, len(whole)))] = chance.randrange(256)
        case "byte":
            for _ in range(chance.choice((1, 4, 30))):
                whole[chance.randrange(len(whole))] = chance.randrange(256)
        case "cut":
            del whole[at:]
        case "before":
            whole[:0] = chance.choice((b"\0" * 100, b"PK\x03\x04", b"#!/bin/sh\n", b"MZ" * 50))
        case "behind":
            whole += chance.choice((b"\0" * 70_000, END + bytes(18), b"x"))
        case "end":
            end = whole.rfind(END)
            _write(whole, end + chance.choice((4, 6, 8, 10)), "<H", chance.choice((0, 1, 0xFFFF)))
        case "offset":
            end = whole.rfind(END)
            _write(whole, chance.choice((end + 12, end + 16, place + 42)), "<I", chance.choice((*SIZES, at)))
    if not whole:
        whole += b"PK"


def _find(whole: bytearray, sign: bytes, chance: random.Random) -> int:
    places, at = [], whole.find(sign)
    while at >= 0 and len(places) < 50:
        places.append(at)
        at = whole.find(sign, at + 1)
    return chance.choice(places) if places else 0


def _write(whole: bytearray, place: int, form: str, value: int) -> None:
    size = struct.calcsize(form)
    if 0 <= place <= len(whole) - size:
        whole[place : place + size] = struct.pack(form, value & (256**size - 1))


def _spoil_gzip(data: bytes, chance: random.Random, spoil: Callable[[str, bytes], bytes]) -> bytes:
    try:
        content = gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        content = data
    match chance.choice(GZIP_WAYS):
        case "content":
            return gzip.compress(spoil("", content), mtime=0)
        case "twice":
            for _ in range(chance.choice((1, 2, 30))):
                data = gzip.compress(data, mtime=0)
        case "parts":
            return data + gzip.compress(content[: len(content) // 2], mtime=0) * chance.choice((1, 500))
        case "bomb":
            filler = chance.choice((b"\0", b"a,", b"\n", b"[", b"<a>", b"2024-01-01,1\n"))
            more = filler * (chance.choice((3, 49, 60)) * 1_000_000 // len(filler))
            return gzip.compress(content[:3000] + more, mtime=0)
        case "cut":
            return data[: chance.randrange(len(data) + 1)]
        case "byte":
            whole = bytearray(data)
            for _ in range(chance.choice((1, 5))):
                whole[chance.randrange(len(whole))] = chance.randrange(256)
            return bytes(whole)
        case "tail":
            return data + chance.choice((b"\0" * 100, b"x", b"\x1f\x8b", b"\x1f\x8b\x08\0"))
        case "crc":
            return data[:-8] + chance.randbytes(8)
        case "flags":
            return data[:3] + bytes([chance.randrange(256)]) + data[4:]
    return data[:MOST]
