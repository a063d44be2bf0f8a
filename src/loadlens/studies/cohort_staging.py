"""What was made of participants, on disk: a staged file for each, and staged files joined to parts of tables.

Each file is written under another name and renamed, so that a kill at any moment leaves a whole file or none.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

import pandas as pd

from loadlens.decode_cache import digest_file
from loadlens.studies.cohort_tables import (
    TABLES,
    arrow_schema,
    cohort_bounds,
    describe_tables,
    import_arrow,
    open_writer,
    to_arrow,
)

UNFINISHED = "unfinished-"
"""How the names of files begin that are being written."""

STATE = ".state"
"""Folder in the results where staged files lie."""


@dataclass(frozen=True)
class Outcome:
    """What came of one participant: small, for it travels back to where the tasks are handed out.

    Attributes
    ----------
    participant : str
        Its name in the tables.
    staged : str or None
        Name of the staged file; None where the failure may not happen again, and `row` says what it was.
    row : dict or None
        Its row of ``participants``, where nothing is staged.
    failed, reused : bool
        Whether it failed, and whether an earlier run had staged it.
    seconds, processor : float
        Time taken, and processor time [s].
    peak : int
        The most memory its process ever held [bytes]; 0 where the system does not tell.
    """

    participant: str
    staged: str | None = None
    row: dict[str, object] | None = None
    failed: bool = False
    reused: bool = False
    seconds: float = 0.0
    processor: float = 0.0
    peak: int = 0


@dataclass(frozen=True)
class Part:
    """One written file of a table: path below the results, digest, size [bytes], and rows."""

    path: str
    table: str
    sha256: str
    bytes: int
    rows: int


# ---------------------------------------------------------------- one participant
def _place_staged(out: str, staged: str) -> Path:
    return Path(out) / STATE / staged[:2] / staged


def recall(out: str, staged: str) -> str | None:
    """Return the status of a participant that is staged whole; None where it is not."""
    try:
        with zipfile.ZipFile(_place_staged(out, staged)) as kept:
            rows = _read_member(kept, "participants")
    except (FileNotFoundError, zipfile.BadZipFile, KeyError, ValueError):  # none, or cut off when the machine stopped
        return None
    return str(rows["status"][0].as_py())


def stage(out: str, staged: str, participant: str, tables: dict[str, pd.DataFrame]) -> None:
    """Write the tables of a participant into one file, for 50,000 participants have 500,000 tables."""
    path = _place_staged(out, staged)
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as kept:
        for name, frame in tables.items():
            content = BytesIO()
            made = to_arrow(name, frame.reindex(columns=list(describe_tables()[name])), participant)
            import_arrow().parquet.write_table(made, content, compression="zstd")
            kept.writestr(zipfile.ZipInfo(f"{name}.parquet"), content.getvalue())


@contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """Give a stream to a file that has its name only when all of it is written."""
    unfinished = path.with_name(f"{UNFINISHED}{uuid4().hex}")
    try:
        with unfinished.open("xb") as stream:
            yield stream
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


# ---------------------------------------------------------------- one part of every table
def join_participants(out: str, group: tuple[int, Sequence[Outcome]]) -> list[Part]:
    """Write one part of every table from what was staged of these participants, in their order.

    Parameters
    ----------
    out : str
        Folder of the results.
    group : int and sequence of Outcome
        Which part this is, and who is in it, in the order of their names.

    Returns
    -------
    list of Part
        One for each table.
    """
    number, members = group
    return [_join(Path(out), number, table, members) for table in TABLES]


def _join(out: Path, number: int, table: str, members: Sequence[Outcome]) -> Part:
    path = out / "tables" / table / f"part-{number:05d}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows, pieces, waiting = 0, [], 0
    with written_whole(path) as stream, open_writer(stream, table) as writer:
        for member in members:
            piece = _piece(out, table, member)
            if piece is None or not piece.num_rows:
                continue
            pieces.append(piece)
            waiting += piece.num_rows
            if waiting >= cohort_bounds()["rows_per_group"]:
                rows, pieces, waiting = rows + _write_group(writer, pieces), [], 0
        rows += _write_group(writer, pieces)
    return Part(path.relative_to(out).as_posix(), table, digest_file(path), path.stat().st_size, rows)


def _write_group(writer: Any, pieces: list[Any]) -> int:
    """Write whole participants as one group of rows, which their statistics then tell apart from all others."""
    if not pieces:
        return 0
    joined = import_arrow().concat_tables(pieces)
    writer.write_table(joined, row_group_size=joined.num_rows)
    return int(joined.num_rows)


def _piece(out: Path, table: str, member: Outcome) -> Any | None:
    """Return what a participant adds to a table; None where it failed before there was any."""
    if member.staged is None:
        row = pd.DataFrame([member.row]).reindex(columns=list(describe_tables()[table]))
        return to_arrow(table, row, member.participant) if table == "participants" else None
    with zipfile.ZipFile(_place_staged(str(out), member.staged)) as kept:
        return _read_member(kept, table) if f"{table}.parquet" in kept.namelist() else None


def _read_member(kept: zipfile.ZipFile, table: str) -> Any:
    content = BytesIO(kept.read(f"{table}.parquet"))
    return import_arrow().parquet.read_table(content, schema=arrow_schema(table))
