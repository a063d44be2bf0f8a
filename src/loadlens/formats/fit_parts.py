"""The outer shape of a FIT file: headers, sizes and checksums of its parts.

A file is one part or several on end (*chained* files). A part is a header of 12 or 14 bytes (its own size, protocol,
profile, the size of the data, the letters `.FIT` and, in the longer one, its own checksum), the data, and two bytes
of checksum over all before. Watches that crash leave a size of 0, downloads break off, and servers glue text to the
end: what the bytes themselves show then goes before what the header says, and each such thing becomes a `Problem`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_fast_checksum: Callable[[bytes], int] | None
try:
    from fastcrc import crc16

    _fast_checksum = crc16.arc
except ImportError:  # an optional extra
    _fast_checksum = None

MOST_PARTS = 2000  # chained files in one that are looked for; more is damage or malice


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


class Part(NamedTuple):
    """One header with its data: messages from `body` to `end`; what follows starts at `after`."""

    body: int
    end: int
    after: int


@lru_cache(maxsize=40)
def _advance(level: int) -> np.ndarray:
    """Table by checksum: what it becomes after 2**level words (of two bytes) of zeros."""
    if level:
        half = _advance(level - 1)
        table: np.ndarray = half[half]
        return table
    table = np.arange(65536, dtype=np.uint16)
    for _ in range(16):
        table = (table >> 1) ^ (np.uint16(0xA001) * (table & 1))
    return table


def folded_checksum(data: bytes) -> int:
    """CRC-16/ARC of `data` in NumPy: of every word alone, then of neighbours together until one is left.

    Zeros in front do not change this checksum, so an odd count is made even there.
    """
    words = np.frombuffer(data if len(data) % 2 == 0 else b"\0" + data, "<u2")
    sums, level = _advance(0)[words], 0
    while len(sums) > 1:
        if len(sums) % 2:
            sums = np.concatenate((np.zeros(1, np.uint16), sums))
        sums, level = _advance(level)[sums[0::2]] ^ sums[1::2], level + 1
    return int(sums[0]) if len(sums) else 0


def checksum(data: bytes) -> int:
    """CRC-16/ARC of `data`, by `fastcrc` where it is installed."""
    return int(_fast_checksum(data)) if _fast_checksum else folded_checksum(data)


def find_parts(data: bytes, problems: list[Problem]) -> Iterator[Part]:
    """Find the parts of a file one after another; bytes that belong to none are reported.

    Each stretch of the file is searched and checked a fixed number of times at most, whatever the headers claim.
    """
    after, count = 0, 0
    at = 0 if _is_header(data, 0) else _next_header(data, 0)
    if at is None:
        problems.append(Problem(0, "not_fit", "no FIT header in these bytes"))
    while at is not None:
        if count == MOST_PARTS:
            detail = f"more than {MOST_PARTS} files in one; {len(data) - at} bytes are not read"
            problems.append(Problem(at, "garbage", detail))
            return
        count += 1
        if at > after:
            problems.append(Problem(after, "garbage", f"{at - after} bytes before the next header"))
        part = _outline(data, at, problems)
        yield part
        after = part.after
        at = after if _is_header(data, after) else _next_header(data, after)
    if 0 < after < len(data):
        problems.append(Problem(after, "garbage", f"{len(data) - after} bytes after the end of the file"))


def _is_header(data: bytes, at: int) -> bool:
    return data[at + 8 : at + 12] == b".FIT"


def _next_header(data: bytes, at: int) -> int | None:
    """Offset of the first header at or after `at`."""
    letters = data.find(b".FIT", at + 8)
    while letters >= 0 and data[letters - 8] not in (12, 14):
        letters = data.find(b".FIT", letters + 1)
    return letters - 8 if letters >= 0 else None


def _outline(data: bytes, at: int, problems: list[Problem]) -> Part:
    """Read the header at `at` and settle where its data end."""
    size = _header_size(data, at)
    if data[at] not in (12, 14):
        problems.append(Problem(at, "header", f"header size {data[at]} is neither 12 nor 14"))
    if size >= 14 and data[at + 12 : at + 14] != b"\0\0" and not _agrees(data, at, at + 12):
        problems.append(Problem(at + 12, "checksum", "the checksum of the header does not agree"))
    return _data_bounds(data, at, at + size, problems)


def _header_size(data: bytes, at: int) -> int:
    """Size of the header: what its first byte says, unless that is odd and no definition follows there."""
    if data[at] in (12, 14):
        return data[at]
    for size in (data[at], 14, 12):
        if size >= 12 and at + size < len(data) and data[at + size] & 0xC0 == 0x40:
            return size
    return 12


def _data_bounds(data: bytes, at: int, body: int, problems: list[Problem]) -> Part:
    """Settle where the data end that start at `body`: by the checksum, else by the header, else by the bytes."""
    announced = int.from_bytes(data[at + 4 : at + 8], "little")
    end = body + announced
    if _agrees(data, at, end):
        if not announced:
            problems.append(Problem(at + 4, "size", "a header without data"))
        return Part(body, end, end + 2)
    following = _next_header(data, body)
    stop = len(data) if following is None else following
    if stop - 2 >= body and stop - 2 != end and _agrees(data, at, stop - 2):
        detail = f"{announced} bytes of data announced, {stop - 2 - body} found, and these agree with the checksum"
        problems.append(Problem(at + 4, "size", detail))
        return Part(body, stop - 2, stop)
    if announced and end + 2 <= len(data):
        problems.append(Problem(end, "checksum", "the checksum of the file does not agree"))
        return Part(body, end, end + 2)
    detail = f"{announced} bytes of data announced, {max(0, stop - body)} found"
    problems.append(Problem(stop, "truncated", detail) if announced else Problem(at + 4, "size", detail))
    return Part(body, min(end, stop) if announced else stop, max(stop, body))


def _agrees(data: bytes, at: int, end: int) -> bool:
    """Whether the two bytes at `end` are the checksum of those from `at`."""
    stored = data[end : end + 2]
    return len(stored) == 2 and checksum(data[at:end]) == int.from_bytes(stored, "little")
