"""Small exports of every kind that is read but FIT: those of our own simulator, and of any folder given."""

from __future__ import annotations

import gzip
import io
import json
import re
import tempfile
import zipfile
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from loadlens.simulation import simulate
from loadlens.simulators.simulated_accounts import zipped
from loadlens.simulators.simulated_exports import WRITERS, write_export

if TYPE_CHECKING:
    from collections.abc import Sequence

    Export = tuple[str, bytes]

KINDS = ("lists", "json", "markup", "archives")
ENDINGS = {
    **dict.fromkeys((".csv", ".txt", ".tsv"), "lists"),
    ".json": "json",
    **dict.fromkeys((".xml", ".gpx", ".tcx"), "markup"),
    **dict.fromkeys((".zip", ".gz"), "archives"),
}
LARGEST = 1 << 20  # bytes of a file
SMALL = 8_000  # bytes; of larger files the beginning serves as well, and more often
FEW = 4  # members of every list of JSON, points of every track, that the beginning keeps


def name_kind(path: str) -> str:
    """Return which of `KINDS` a file is by its name, ``""`` for none."""
    return ENDINGS.get(PurePosixPath(path).suffix.lower(), "")


def gather_exports(paths: Sequence[Path], kinds: Sequence[str] = KINDS) -> list[Export]:
    """Return path and bytes of simulated exports, and of every file in `paths`, of these kinds."""
    found = [*write_exports(), *_write_packed()] if set(kinds) != {"archives"} else list(_write_packed())
    for root in paths:
        files = [root] if root.is_file() else sorted(file for file in root.rglob("*") if file.is_file())
        for file in files:
            told = file.relative_to(root.parent).as_posix()
            if file.stat().st_size <= 8 * LARGEST:
                found += shorten(told, file.read_bytes())
    return [(path, data) for path, data in found if name_kind(path) in kinds]


@cache
def write_exports() -> tuple[tuple[str, bytes], ...]:
    """Return every simulated export of one week; of several recordings the first."""
    runner = simulate("steady", weeks=4)
    found: dict[str, bytes] = {}
    for kind in WRITERS:
        if kind in ("fit", "fit_damaged", "monitoring_fit"):
            continue
        with tempfile.TemporaryDirectory() as folder:
            seen: set[tuple[str, str]] = set()
            for file in write_export(runner, folder, kind, last_weeks=1):
                path = file.relative_to(folder)
                alike = str(path.parent), re.sub(r"[\d-]+", "", path.name)
                if alike in seen and name_kind(path.name) != "json":
                    continue
                seen.add(alike)
                for name, data in shorten(f"{kind}/{path.as_posix()}", file.read_bytes(), whole=False):
                    found[name] = data
            if kind.startswith("apple"):
                with zipfile.ZipFile(Path(folder, "export.zip")) as archive:
                    for name in archive.namelist():
                        found |= dict(shorten(f"{kind}/{name}", archive.read(name), whole=False))
    return tuple(found.items())


@cache
def _write_packed() -> tuple[tuple[str, bytes], ...]:
    """Return archives of short files: whole accounts as zips, and single files as gzips."""
    accounts: dict[str, dict[str, bytes]] = {}
    for path, data in write_exports():
        kind, _, within = path.partition("/")
        if name_kind(path) != "archives":
            accounts.setdefault(kind, {})[within] = data
    packed = [(f"{kind}.zip", zipped(members)) for kind, members in accounts.items()]
    singles = [(f"{path}.gz", gzip.compress(data, mtime=0)) for path, data in write_exports()[::5]]
    whole = [(path, data) for path, data in write_exports() if name_kind(path) == "archives"]
    return (*packed, *singles, *whole)


def shorten(path: str, data: bytes, *, whole: bool = True) -> list[Export]:
    """Return a file as several seeds: as it is unless too large, and some times its beginning."""
    if len(data) <= SMALL or name_kind(path) == "archives":
        return [(path, data)] if len(data) <= LARGEST else []
    match name_kind(path):
        case "json":
            brief = _shorten_json(data)
        case "markup":
            brief = _shorten_markup(data)
        case _:
            brief = data[:SMALL].rpartition(b"\n")[0] + b"\n"
    return [(path, brief)] * (4 if whole else 1) + ([(path, data)] if whole and len(data) <= LARGEST else [])


def _shorten_json(data: bytes) -> bytes:
    def first(value: Any) -> Any:
        if isinstance(value, list):
            return [first(one) for one in value[:FEW]]
        return {key: first(one) for key, one in value.items()} if isinstance(value, dict) else value

    return json.dumps(first(json.loads(data))).encode()


def _shorten_markup(data: bytes) -> bytes:
    """Leave out most points of a track and most records of a diary: the first of every stretch stay."""
    out, seen = io.BytesIO(), 0
    form = re.compile(rb"(?s)\s*(?:<Record\b[^>]*/>|<(Trackpoint|trkpt)\b.*?</\1>)\s*")
    at = 0
    for found in form.finditer(data):
        between = data[at : found.start()]
        seen = 0 if len(between) > 300 else seen + 1
        out.write(between)
        if seen < 8 * FEW:
            out.write(found[0])
        at = found.end()
    out.write(data[at:])
    return out.getvalue()
