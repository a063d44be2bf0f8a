"""Several tables under each other in one file, each below a line with nothing but its title."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import pandas as pd

from loadlens.formats.cells import plain
from loadlens.formats.delimited import Record
from loadlens.formats.source import Reading

COUNTS = ("rows", "used", "set_aside", "headings", "headings_known")


def split_sections(records: Iterable[Record], titles: Sequence[str]) -> Iterator[tuple[int, str, list[Record]]]:
    """Part a file where the titles of its tables stand.

    Parameters
    ----------
    records : iterable of (int, list of str)
    titles : sequence of str
        Plain; a line whose only cell begins with one of them begins a table.

    Yields
    ------
    line : int
        Of the title; 1 for what stands above the first.
    title : str
    records : list of (int, list of str)
        Those that are not empty.
    """
    line, title, section = 1, "", list[Record]()
    for place, cells in records:
        filled = [cell.strip() for cell in cells if cell.strip()]
        if len(filled) == 1 and plain(filled[0]).startswith(tuple(titles)):
            if section:
                yield line, title, section
            line, title, section = place, filled[0], []
        elif filled:
            section.append((place, cells))
    if section:
        yield line, title, section


def join_sections(whole: Reading, parts: Sequence[Reading]) -> Reading:
    """Put the tables of a file together: one row for each date, and every count the sum of its tables'.

    Parameters
    ----------
    whole : Reading
        With what was noted of the file, and with the rows of tables that were not read as its facts.
    parts : sequence of Reading
        One for each table that was read; what the first says of a date counts.

    Returns
    -------
    Reading
    """
    counts = {name: sum(int(str(part.facts.get(name) or 0)) for part in (whole, *parts)) for name in COUNTS}
    facts = {name: value for part in reversed(parts) for name, value in part.facts.items() if value is not None}
    used = counts["used"]
    whole.facts = facts | counts | {"status": "read" if used else "empty", "message": None if used else "no_row_used"}
    for part in parts:
        whole.ledger += part.ledger
        for name, table in part.tables.items():
            before = whole.tables.get(name)
            whole.tables[name] = table if before is None else pd.concat([before, table], ignore_index=True)
    if "wellness" in whole.tables:
        whole.tables["wellness"] = whole.tables["wellness"].groupby("date", as_index=False).first()
    return whole
