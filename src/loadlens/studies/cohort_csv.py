"""The tables of a cohort as CSV, for programs that do not read Parquet."""

from __future__ import annotations

from pathlib import Path

from loadlens.studies.cohort_staging import written_whole
from loadlens.studies.cohort_tables import TABLES, arrow_schema, import_arrow, list_parts, read_part


def write_csv(out: str | Path, folder: str | Path) -> list[Path]:
    """Write every table of a cohort as one CSV file, in UTF-8 with a heading, separated by commas.

    Parameters
    ----------
    out : path
        The folder that `loadlens.cohort.run` wrote.
    folder : path
        Where ``participants.csv``, ``activities.csv`` and on are written; made when absent.

    Returns
    -------
    list of Path
        The files, in the order of `TABLES`.

    Raises
    ------
    UnreadableFile
        The folder holds no finished cohort.

    Notes
    -----
    Rows, columns and numbers are those of the Parquet files, to the last digit; what is missing is an empty cell. They
    are written piece by piece, so a file may be longer than memory.
    """
    pa = import_arrow()
    parts = {table: list_parts(out, table) for table in TABLES}
    to = Path(folder).expanduser()
    to.mkdir(parents=True, exist_ok=True)
    written = []
    for table in TABLES:
        schema, path = arrow_schema(table), to / f"{table}.csv"
        with written_whole(path) as stream, pa.csv.CSVWriter(stream, schema) as writer:
            for part in parts[table]:
                for rows in read_part(part, schema.names):
                    writer.write_table(rows)
        written.append(path)
    return written
