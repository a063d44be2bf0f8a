"""Finds the participants of a cohort: each folder or zip in a folder, here or at any place that fsspec can open.

What lies there besides is told with its reason, and so is what looks like a participant and cannot be one.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from loadlens.formats.source import BLOCK, UnreadableFile
from loadlens.studies.cohort_tables import cohort_bounds

_ZIP = ".zip"


@dataclass(frozen=True)
class Participant:
    """One participant as found.

    Attributes
    ----------
    id : str
        Name of the folder, or of the archive without ``.zip``.
    entry : str
        Name as it stands in the folder.
    problem : UnreadableFile or None
        Why it cannot be read, where that shows from outside.
    """

    id: str
    entry: str
    problem: UnreadableFile | None = None


@dataclass(frozen=True)
class Ignored:
    """An entry that is no participant; `why` is a key of ``[cohort_ignored]`` in ``data/words.toml``."""

    entry: str
    why: str


def is_remote(root: str) -> bool:
    """Tell whether a root is a URL, which fsspec opens, and no path."""
    return "://" in root


def find_participants(root: str, out: Path) -> tuple[list[Participant], list[Ignored]]:
    """Return the participants in a folder, in the order of their ids, and the entries that are none.

    Parameters
    ----------
    root : str
        A folder, or any URL of fsspec.
    out : Path
        Folder of the results: no participant, should it lie in `root`.

    Raises
    ------
    UnreadableFile
        The folder does not exist, or holds no participant.
    """
    found, ignored = _list_remote(root) if is_remote(root) else _list_local(Path(root), out.resolve())
    if not found:
        raise UnreadableFile("cohort_empty", where=_hide_login(root))
    entries: dict[str, list[Participant]] = defaultdict(list)
    for one in found:
        entries[one.id].append(one)
    return [_unite(entries[name]) for name in sorted(entries)], ignored


def _hide_login(root: str) -> str:
    """Return a URL without what may be a password in it."""
    scheme, mark, rest = root.rpartition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}" if mark else root


def _unite(same: list[Participant]) -> Participant:
    if len(same) == 1:
        return same[0]
    entries = ", ".join(sorted(one.entry for one in same))
    return replace(same[0], entry=entries, problem=UnreadableFile("cohort_same_id", where=same[0].id, entries=entries))


def _name(entry: str, *, is_folder: bool) -> str:
    """Return the id that an entry gives; bytes that are no UTF-8 are written as escapes."""
    name = entry if is_folder else entry[: -len(_ZIP)]
    return name.encode("utf-8", "backslashreplace").decode()


def _list_local(root: Path, out: Path) -> tuple[list[Participant], list[Ignored]]:
    if not root.exists():
        raise UnreadableFile("cohort_missing", where=str(root))
    if not root.is_dir():
        raise UnreadableFile("cohort_not_a_folder", where=str(root))
    whole = root.resolve()
    found, ignored = [], []
    for path in sorted(root.iterdir()):
        why = _why_ignored(path.name)
        if why is None and path.resolve() == out:
            why = "output"
        if why is not None:
            ignored.append(Ignored(path.name, why))
        elif path.is_symlink() and not path.exists():
            found.append(_closed(path.name, "cohort_link_broken"))
        elif path.is_symlink() and not path.resolve().is_relative_to(whole):
            found.append(_closed(path.name, "link_outside"))
        elif path.is_dir():
            found.append(Participant(_name(path.name, is_folder=True), path.name))
        elif path.suffix.lower() == _ZIP and path.is_file():
            found.append(Participant(_name(path.name, is_folder=False), path.name))
        else:
            ignored.append(Ignored(path.name, "no_folder_or_zip"))
    return found, ignored


def _closed(entry: str, what: str) -> Participant:
    name = _name(entry, is_folder=not entry.lower().endswith(_ZIP))
    return Participant(name, entry, UnreadableFile(what, where=name))


def _why_ignored(entry: str) -> str | None:
    return "hidden" if entry.startswith(".") else None


# ---------------------------------------------------------------- other places than this machine
def _open_place(root: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise UnreadableFile("package_missing", package="fsspec", extra="cohort") from error
    try:
        system, path = url_to_fs(root)
    except (ValueError, ImportError) as error:
        raise UnreadableFile("cohort_place_unknown", where=_hide_login(root), found=str(error)) from error
    return system, str(path).rstrip("/")


def _list_remote(root: str) -> tuple[list[Participant], list[Ignored]]:
    system, place = _open_place(root)
    try:
        listed = system.ls(place, detail=True)
    except FileNotFoundError as error:
        raise UnreadableFile("cohort_missing", where=_hide_login(root)) from error
    found, ignored = [], []
    for told in sorted(listed, key=lambda told: str(told["name"])):
        entry = PurePosixPath(told["name"]).name
        is_folder = told["type"] == "directory"
        if not entry or str(told["name"]).strip("/") == place.strip("/"):
            continue  # some stores list the folder in itself
        if why := _why_ignored(entry):
            ignored.append(Ignored(entry, why))
        elif is_folder or entry.lower().endswith(_ZIP):
            found.append(Participant(_name(entry, is_folder=is_folder), entry))
        else:
            ignored.append(Ignored(entry, "no_folder_or_zip"))
    return found, ignored


@contextmanager
def at_hand(root: str, entry: str) -> Iterator[Path]:
    """Give the place of a participant on this machine, fetched when it lies elsewhere and deleted afterwards.

    Raises
    ------
    UnreadableFile
        There is more of it than one participant has.
    """
    if not is_remote(root):
        yield Path(root) / entry
        return
    with TemporaryDirectory(prefix="loadlens-") as folder:
        _fetch(root, entry, Path(folder))
        yield Path(folder) / entry


def _fetch(root: str, entry: str, folder: Path) -> None:
    system, place = _open_place(root)
    whole, bounds = f"{place}/{entry}", cohort_bounds()
    if is_folder := bool(system.isdir(whole)):
        (folder / entry).mkdir()  # also when nothing is in it
    names = sorted(system.find(whole)) if is_folder else [whole]
    if len(names) > bounds["fetched_files_at_most"]:
        raise UnreadableFile("cohort_fetch_files", where=entry, limit=bounds["fetched_files_at_most"])
    left = bounds["fetched_bytes_at_most"]
    for name in names:
        inner = PurePosixPath(str(name).lstrip("/")).relative_to(place.lstrip("/"))
        if any(part == ".." or "\\" in part or (os.name == "nt" and ":" in part) for part in inner.parts):
            raise UnreadableFile("link_outside", where=f"{entry}/{inner}")
        to = folder.joinpath(*inner.parts)
        to.parent.mkdir(parents=True, exist_ok=True)
        with system.open(name, "rb") as stream, to.open("wb") as copy:
            while block := stream.read(BLOCK):
                left -= len(block)
                if left < 0:
                    raise UnreadableFile("cohort_fetch_bytes", where=entry, limit=bounds["fetched_bytes_at_most"])
                copy.write(block)
