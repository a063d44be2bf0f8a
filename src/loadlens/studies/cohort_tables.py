"""The tables of a cohort as Parquet: one schema each, the same bytes for the same rows, read back as pandas.

A table lies in ``tables/<name>/part-00000.parquet`` and on, in the order of participants. Rows of a participant are
never split over two row groups, so that a table longer than memory can be read group by group, and one participant
without the others. Text stands as text and days as dates: R, DuckDB and Polars read them without us.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd

from loadlens.formats.source import UnreadableFile
from loadlens.log import DTYPES, TEXT, describe_columns
from loadlens.rules import LEVELS

OF_THE_LOG = ("activities", "days", "wellness", "diary", "sources", "ledger")
TABLES = ("participants", "activities", "days", "wellness", "diary", "assessments", "episodes", "alarms", "sources",
          "ledger")  # fmt: skip
"""Names of the tables of a cohort."""

LEVEL = pd.CategoricalDtype(list(LEVELS), ordered=True)
_PARTICIPANT = {"dtype": "text", "en": "participant", "nl": "deelnemer"}


@cache
def cohort_bounds() -> dict[str, int]:
    """Return the bounds of a run over many participants (``data/cohort.toml``)."""
    bounds: dict[str, int] = _told()["bounds"]
    return bounds


@cache
def _told() -> dict[str, Any]:
    return tomllib.loads(files("loadlens").joinpath("data/cohort.toml").read_text("utf-8"))


@cache
def describe_tables() -> dict[str, dict[str, dict[str, Any]]]:
    """Return every table's columns with their dtype, unit and names; ``participant`` is the first of each."""
    known = describe_columns() | {name: spec for name, spec in _told().items() if name != "bounds"}
    return {name: {"participant": _PARTICIPANT} | known[name] for name in TABLES}


def import_arrow() -> Any:
    """Return pyarrow.

    Raises
    ------
    UnreadableFile
        It is not installed; the message says how to.
    """
    try:
        import pyarrow as pa
        import pyarrow.compute
        import pyarrow.csv
        import pyarrow.parquet
    except ImportError as error:
        raise UnreadableFile("package_missing", package="pyarrow", extra="cohort") from error
    return pa


@cache
def arrow_schema(table: str) -> Any:
    """Return the Arrow schema of a table; the unit of a column is in its metadata."""
    pa = import_arrow()
    types = {
        "text": pa.string(),
        "level": pa.string(),
        "number": pa.float64(),
        "integer": pa.int64(),
        "flag": pa.bool_(),
        "date": pa.date32(),
        "clock": pa.timestamp("us"),
        "instant": pa.timestamp("us", tz="UTC"),
    }
    return pa.schema(
        [
            pa.field(name, types[spec["dtype"]], metadata={"unit": spec["unit"]} if "unit" in spec else None)
            for name, spec in describe_tables()[table].items()
        ]
    )


def to_arrow(table: str, frame: pd.DataFrame, participant: str) -> Any:
    """Return a frame of one participant as an Arrow table of the declared schema; NaN becomes null."""
    pa = import_arrow()
    named, schema = frame.assign(participant=participant), arrow_schema(table)
    columns = []
    for name, spec in describe_tables()[table].items():
        if spec["dtype"] in ("text", "level"):
            columns.append(_to_texts(named[name]))
        else:
            values = named[name].astype(DTYPES[spec["dtype"]])
            columns.append(pa.array(values, schema.field(name).type, from_pandas=True))
    return pa.Table.from_arrays(columns, schema=schema)


def _to_texts(column: pd.Series[Any]) -> Any:
    """Return texts for Arrow; what has no form in UTF-8, as names of files may have it, is written as escapes."""
    pa = import_arrow()
    texts = column.astype(object)
    try:
        return pa.array(texts, pa.string(), from_pandas=True)
    except UnicodeEncodeError:
        escaped = [None if pd.isna(text) else text.encode("utf-8", "backslashreplace").decode() for text in texts]
        return pa.array(escaped, pa.string())


def open_writer(stream: BinaryIO, table: str) -> Any:
    """Return a Parquet writer whose bytes depend on the rows, their groups and the version of pyarrow alone."""
    return import_arrow().parquet.ParquetWriter(stream, arrow_schema(table), compression="zstd", version="2.6")


def list_parts(out: str | Path, table: str) -> list[Path]:
    """Return the files of a table, in order.

    Raises
    ------
    UnreadableFile
        There is no such table, or the folder holds no finished cohort.
    """
    if table not in TABLES:
        raise UnreadableFile("cohort_no_table", table=table, known=", ".join(TABLES))
    if not Path(out, "manifest.json").is_file():
        raise UnreadableFile("cohort_unfinished", where=str(out))
    return sorted(Path(out, "tables", table).glob("part-*.parquet"))


def load(
    out: str | Path, table: str, participants: Collection[str] | None = None, columns: Sequence[str] | None = None
) -> pd.DataFrame:
    """Return a table of a cohort, or part of it.

    Parameters
    ----------
    out : path
        The folder that `loadlens.cohort.run` wrote.
    table : str
        One of `TABLES`.
    participants : collection of str, optional
        Only these; all when left out. Others are not read from disk.
    columns : sequence of str, optional
        Only these, in this order; all when left out.

    Returns
    -------
    DataFrame
        In the dtypes of a log: dates as datetime64[us], whole numbers as Int64, `level` as an ordered categorical.
        Participants come in the order of their names, rows in the order in which they were written.

    Raises
    ------
    UnreadableFile
        No such table or column, or the folder holds no finished cohort.
    """
    groups = list(load_groups(out, table, participants, columns))
    return pd.concat(groups, ignore_index=True) if len(groups) > 1 else groups[0]


def load_groups(
    out: str | Path, table: str, participants: Collection[str] | None = None, columns: Sequence[str] | None = None
) -> Iterator[pd.DataFrame]:
    """Yield a table of a cohort piece by piece, for tables longer than memory; at least one piece, also when empty.

    Each frame holds all rows of its participants, so that a sum over a participant is whole. Parameters, dtypes and
    errors are those of `load`.
    """
    parts = list_parts(out, table)
    wanted = list(describe_tables()[table]) if columns is None else list(columns)
    if strange := [name for name in wanted if name not in describe_tables()[table]]:
        raise UnreadableFile(
            "cohort_no_column", table=table, column=", ".join(strange), known=", ".join(describe_tables()[table])
        )
    chosen = None if participants is None else {*participants}
    found = False
    for part in parts:
        for rows in read_part(part, wanted, chosen):
            found = True
            yield _to_pandas(rows, table)
    if not found:
        yield _to_pandas(arrow_schema(table).empty_table().select(wanted), table)


def read_part(part: Path, columns: list[str], chosen: set[str] | None = None) -> Iterator[Any]:
    """Yield the row groups of a file that have rows of these participants; statistics tell which cannot have any."""
    pa = import_arrow()
    with pa.parquet.ParquetFile(part) as file:
        for number in range(file.num_row_groups):
            if chosen is None:
                yield file.read_row_group(number, columns=columns)
                continue
            told = file.metadata.row_group(number).column(0).statistics
            if not any(told.min <= participant <= told.max for participant in chosen):
                continue
            rows = file.read_row_group(number, columns=[*dict.fromkeys([*columns, "participant"])])
            rows = rows.filter(pa.compute.is_in(rows["participant"], pa.array(sorted(chosen), pa.string())))
            if rows.num_rows:
                yield rows.select(columns)


def _to_pandas(rows: Any, table: str) -> pd.DataFrame:
    pa = import_arrow()
    kinds = {name: describe_tables()[table][name]["dtype"] for name in rows.column_names}
    for place, (name, kind) in enumerate(kinds.items()):
        if kind == "date":
            rows = rows.set_column(place, name, rows[name].cast(pa.timestamp("us")))
    mapped = {pa.string(): TEXT, pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    frame: pd.DataFrame = rows.to_pandas(types_mapper=mapped.get, ignore_metadata=True)
    return frame.astype({name: LEVEL for name, kind in kinds.items() if kind == "level"})
