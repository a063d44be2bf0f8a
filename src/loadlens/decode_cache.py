"""Keeps what was read, so that it need not be read again: by content, never by name or date of a file.

An entry is named by a digest of the content, of this program (its code, its data, the packages it computes with) and of
the options that matter. It is written under another name and then renamed, so a kill at any moment leaves a whole entry
or none; one that is damaged is dropped and read anew; the folder never grows past a limit. Entries hold numbers and
texts, no code (`packing`). They hold health data: the folder is for its owner alone.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
import tempfile
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path
from typing import Any

import pandas as pd

from loadlens.log import reading_rules
from loadlens.packing import Unpackable, pack, unpack

_TOLD = logging.getLogger(__name__)
COMPUTES = ("numpy", "pandas", "pyarrow", "python-fitparse", "fastcrc")
_KNOW_ZONES = ("tzdata", "timezonefinder", "timezonefinder-data")


def find_folder() -> Path | None:
    """Return the folder of the cache, made when absent; None where the cache is off or cannot be written.

    ``LOADLENS_CACHE`` names another folder, or is ``off``.
    """
    told = os.environ.get("LOADLENS_CACHE", "")
    if told.lower() in ("off", "0", "no", "false"):
        return None
    folder = Path(told).expanduser() if told else _user_folder() / "loadlens"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        _TOLD.warning("the cache is off: %s", error)
        return None
    return folder


def _user_folder() -> Path:
    """Return where this system keeps caches of a user."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


@cache
def describe_program() -> str:
    """Return a digest of all that decides what comes of a file: our code and data, formats from outside, packages."""
    digest = hashlib.sha256(sys.version.encode())
    package = Path(__file__).parent
    for path in sorted(path for path in package.rglob("*") if path.suffix in (".py", ".toml")):
        digest.update(path.relative_to(package).as_posix().encode() + path.read_bytes())
    for name in (*COMPUTES, *_KNOW_ZONES):
        try:
            digest.update(f"{name} {version(name)}".encode())
        except PackageNotFoundError:
            digest.update(f"{name} absent".encode())
    outside = (one for one in distributions() if one.entry_points.select(group="loadlens.formats"))
    for one in sorted(f"{one.name} {one.version}" for one in outside):
        digest.update(one.encode())
    return digest.hexdigest()


def digest_file(path: Path) -> str:
    """Return the SHA-256 of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def name_entry(*parts: object) -> str:
    """Return the name of the entry for what these tell: texts, numbers, and lists of them."""
    return hashlib.sha256(json.dumps([describe_program(), *parts], default=str).encode()).hexdigest()


def recall(folder: Path | None, name: str) -> tuple[dict[str, pd.DataFrame], Any] | None:
    """Return the tables and facts of an entry; None where there is none. A damaged one is deleted."""
    if folder is None:
        return None
    path = folder / name
    try:
        found = unpack(path.read_bytes())
        os.utime(path)  # used last: dropped last
    except FileNotFoundError:
        return None
    except OSError as error:
        _TOLD.warning("an entry of the cache cannot be read: %s", error)
        return None
    except (Unpackable, ValueError, LookupError, TypeError) as error:
        _TOLD.info("a damaged entry of the cache was dropped: %s (%s)", path, error)
        path.unlink(missing_ok=True)
        return None
    return found


def keep(folder: Path | None, name: str, tables: dict[str, pd.DataFrame], facts: object) -> None:
    """Keep tables and facts under a name; what has no form as bytes, or finds no room on disk, is not kept."""
    if folder is None:
        return
    try:
        content = pack(tables, facts)
    except Unpackable as error:  # a format from outside may hand over anything
        _TOLD.info("not kept in the cache: %s", error)
        return
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix="unfinished-", delete=False) as stream:
            temporary = Path(stream.name)
            stream.write(content)
        temporary.replace(folder / name)
    except OSError as error:
        _TOLD.warning("the cache cannot be written: %s", error)
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def trim(folder: Path | None) -> None:
    """Delete the entries that were used longest ago until the rest is within the limit of ``data/reading.toml``."""
    if folder is None:
        return
    room = reading_rules()["cache"]["bytes_at_most"]
    for path, size in _list_newest(os.scandir(folder)):
        room -= size
        if room < 0:
            path.unlink(missing_ok=True)


def _list_newest(entries: Iterable[os.DirEntry[str]]) -> list[tuple[Path, int]]:
    found = []
    for entry in entries:
        try:
            told = entry.stat(follow_symlinks=False)
        except FileNotFoundError:  # another process dropped it meanwhile
            continue
        if entry.is_file(follow_symlinks=False):
            found.append((told.st_mtime_ns, entry.path, told.st_size))
    return [(Path(path), size) for _, path, size in sorted(found, reverse=True)]
