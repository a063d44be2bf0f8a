"""Finds the files in what a user names: a file, a folder, a zip, a gzip, in any mix and nesting.

Nothing is ever unpacked to disk, so no path in an archive can lead anywhere; content is read through a guard that stops
at a bomb. What cannot be opened is handed on with its reason, so that the rest goes on.
"""

from __future__ import annotations

import gzip
import io
import os
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from loadlens.formats.source import BLOCK, HEAD_BYTES, MAX_BYTES, Source, UnreadableFile
from loadlens.log import reading_rules

_ZIP = b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
_GZIP = b"\x1f\x8b"
_BROKEN = (OSError, EOFError, RuntimeError, ValueError, zlib.error, zipfile.BadZipFile, struct.error)
"""What the standard library raises at damaged archives: also at names that are no UTF-8, and at places below zero."""


@dataclass(frozen=True)
class Unopened:
    """A file that could not be opened, and why."""

    name: str
    error: UnreadableFile


class _Guarded(io.RawIOBase):
    """A stream that says which file is broken, and refuses to unpack far more than a real export would."""

    def __init__(self, stream: IO[bytes], name: str, most: int) -> None:
        self._stream, self._name, self._seen, self._most = stream, name, 0, most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            block = self._stream.read(len(buffer))
        except UnreadableFile:
            raise
        except _BROKEN as error:
            raise UnreadableFile("packed_damaged", where=self._name, found=error) from error
        self._seen += len(block)
        if self._seen > self._most:
            raise UnreadableFile("unpacks_too_far", where=self._name, limit=self._most)
        buffer[: len(block)] = block
        return len(block)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _bound(packed: int | None) -> int:
    """Return how many bytes a real export has at most, which takes `packed` bytes where it is compressed."""
    rules = reading_rules()["containers"]
    most = int(rules["bytes_at_most"])
    if packed is None:
        return most
    return min(most, max(int(rules["ratio_matters_above_bytes"]), packed * int(rules["ratio_at_most"])))


def find_sources(path: Path, shown: str | None = None) -> Iterator[Source | Unopened]:
    """Yield every file at a path: the file itself, all files of a folder, all members of a zip, decompressed.

    Parameters
    ----------
    path : Path
        A file or folder. Folders are walked in name order; links that lead out of the folder are not followed.
    shown : str, optional
        Name under which it is shown; its own by default.

    Notes
    -----
    A source can be read until the next one is asked for: the archive it lies in is open only so long.
    """
    for file, name, error in list_files(path, shown or path.name):
        yield from _open_file(file, name) if error is None else [Unopened(name, error)]


def list_files(path: Path, shown: str) -> Iterator[tuple[Path, str, UnreadableFile | None]]:
    """Yield the file, or every file of the folder, in name order: place, name as shown, and why it cannot be used."""
    if not path.is_dir():
        yield path, shown, None
        return
    root = path.resolve()
    closed: list[OSError] = []
    for place, subfolders, names in os.walk(path, followlinks=False, onerror=closed.append):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in sorted(names):
            file = Path(place, name)
            told = f"{shown}/{file.relative_to(path).as_posix()}"
            if name.startswith("."):
                continue
            if file.is_symlink() and not file.resolve().is_relative_to(root):
                yield file, told, UnreadableFile("link_outside", where=told)
            elif not file.is_file():
                yield file, told, UnreadableFile("not_a_plain_file", where=told)
            else:
                yield file, told, None
    for error in closed:
        file = Path(error.filename)
        told = f"{shown}/{file.relative_to(path).as_posix()}"
        yield file, told, UnreadableFile("cannot_open", where=told, found=error.strerror)


def _open_file(path: Path, shown: str) -> Iterator[Source | Unopened]:
    try:
        size = path.stat().st_size
        yield from _open(lambda: path.open("rb"), shown, size, depth=0)
    except OSError as error:
        yield Unopened(shown, UnreadableFile("cannot_open", where=shown, found=error.strerror))


def _open(
    opener: Callable[[], IO[bytes]], shown: str, size: int, depth: int, packed: int | None = None
) -> Iterator[Source | Unopened]:
    """Yield the source behind `opener`, or the sources in it when it is a zip."""
    most = _bound(packed)
    try:
        with _Guarded(opener(), shown, most) as stream:
            head = _read_head(stream)
        if head.startswith((_ZIP, _EMPTY_ZIP)):
            yield from _open_zip(opener, shown, depth)
            return
        if head.startswith(_GZIP):

            def unzipped() -> IO[bytes]:
                packed_stream = opener()
                unpacked = gzip.GzipFile(fileobj=packed_stream, mode="rb")
                unpacked.myfileobj = cast("io.FileIO", packed_stream)  # so that closing the one closes the other
                return cast("IO[bytes]", unpacked)

            most = min(most, _bound(size))
            with _Guarded(unzipped(), shown, most) as stream:
                head = _read_head(stream)
            yield Source(shown, head, _guard(unzipped, shown, most), most)
            return
        yield Source(shown, head, _guard(opener, shown, most), min(most, size))
    except UnreadableFile as error:
        yield Unopened(shown, error)


def _guard(opener: Callable[[], IO[bytes]], shown: str, most: int) -> Callable[[], BinaryIO]:
    def opened() -> BinaryIO:
        return cast("BinaryIO", io.BufferedReader(_Guarded(opener(), shown, most), BLOCK))

    return opened


def _read_head(stream: _Guarded) -> bytes:
    head = b""
    while len(head) < HEAD_BYTES and (block := stream.read(HEAD_BYTES - len(head))):
        head += block
    return head


def _open_zip(opener: Callable[[], IO[bytes]], shown: str, depth: int) -> Iterator[Source | Unopened]:
    rules = reading_rules()["containers"]
    if depth >= rules["depth_at_most"]:
        yield Unopened(shown, UnreadableFile("zip_too_deep", where=shown, limit=rules["depth_at_most"]))
        return
    try:
        with opener() as packed, _seekable(packed, shown) as whole, zipfile.ZipFile(whole) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if len(members) > rules["members_at_most"]:
                raise UnreadableFile("zip_too_many", where=shown, count=len(members))
            if any(member.filename == "xl/workbook.xml" for member in members):
                raise UnreadableFile("excel_workbook", where=shown)
            for member in sorted(members, key=lambda member: member.filename):
                yield from _open_member(archive, member, f"{shown}/{member.filename}", depth)
    except UnreadableFile:
        raise
    except _BROKEN as error:
        yield Unopened(shown, UnreadableFile("zip_damaged", where=shown, found=error))


def _open_member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, shown: str, depth: int
) -> Iterator[Source | Unopened]:
    if Path(member.filename).name.startswith("."):
        return
    if member.flag_bits & 0x1:
        yield Unopened(shown, UnreadableFile("zip_password", where=shown))
        return

    def opened() -> IO[bytes]:
        try:
            return archive.open(member)
        except _BROKEN as error:  # its own head is damaged: the members beside it are not
            raise UnreadableFile("packed_damaged", where=shown, found=error) from error

    yield from _open(opened, shown, member.file_size, depth + 1, max(member.compress_size, 1))


def _seekable(stream: IO[bytes], shown: str) -> IO[bytes]:
    """Return the stream itself where it is a file on disk, else a copy that spills to disk when it is large."""
    if not isinstance(stream, zipfile.ZipExtFile):
        return stream
    copy = tempfile.SpooledTemporaryFile(max_size=1 << 26)  # noqa: SIM115 the caller closes it
    guarded = _Guarded(stream, shown, MAX_BYTES)
    while block := guarded.read(BLOCK):
        copy.write(block)
    copy.seek(0)
    return cast("IO[bytes]", copy)
