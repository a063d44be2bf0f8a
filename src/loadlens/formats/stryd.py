"""The CSV of a run from Stryd PowerCenter: one row for every second, in UTC.

What its headings mean stands in ``data/sessions.toml``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from loadlens.formats import delimited
from loadlens.formats.record_times import read_stamp, to_times
from loadlens.formats.sampled_sessions import add_session, finish_session, session_rules, to_floats
from loadlens.formats.source import Options, Reading, Source, UnreadableFile
from loadlens.formats.totals import read_clock

if TYPE_CHECKING:
    from loadlens.formats.recordings import Recording

MILLISECONDS_ABOVE = 1e11  # no time in seconds is that large


def sniff(head: bytes, name: str) -> bool:  # noqa: ARG001 every format is asked alike
    """Say whether a file is a run of Stryd; never raises."""
    return _find_mark(head) is not None


def _find_mark(head: bytes) -> str | None:
    found = delimited.find_table(delimited.head_text(head) or "", 2, lambda cells: any(map(_is_heading, cells)))
    return found[0] if found else None


def _labels(cells: Sequence[str]) -> list[str]:
    return [cell.strip().lstrip("\ufeff").casefold() for cell in cells]


def _is_heading(cells: Sequence[str]) -> bool:
    return set(session_rules()["stryd"]["needs"]) <= set(_labels(cells))


def parse(source: Source, options: Options) -> Reading:
    """Read one run.

    Parameters
    ----------
    source : Source
    options : Options
        `tz` turns its UTC into the local day.

    Returns
    -------
    Reading
        One activity and its minutes. A second without a time is set aside.

    Raises
    ------
    UnreadableFile
        No text, or longer than any run.
    """
    rules = session_rules()["stryd"]
    content = source.read(delimited.MAX_TEXT)
    encoding = delimited.find_encoding(content)
    if encoding is None:
        raise UnreadableFile("not_text", where=source.name)
    mark = _find_mark(source.head) or ","
    told = (cells for _, cells in delimited.read_records(content, encoding, mark, source.name))
    records = [delimited.with_points(cells, mark) for cells in told]
    first = next(place for place, cells in enumerate(records) if _is_heading(cells))
    labels, rows = _labels(records[first]), [row for row in records[first + 1 :] if any(map(str.strip, row))]
    reading = Reading(rules["format"])
    columns = {label: [row[at].strip() if at < len(row) else "" for row in rows] for at, label in enumerate(labels)}
    times = to_times(np.array([_seconds(cell) for cell in columns["timestamp"]], dtype=float))
    known = ~np.isnat(times)
    if not known.all():
        reading.note("records_without_time", "set_aside", column="record", count=int((~known).sum()))
    own: Recording = {"time": times[known]}
    for names in (rules["samples"], rules["otherwise"]):
        for label, column in names.items():
            if label in columns and not np.nansum(own.get(column, np.zeros(1))) > 0:
                factor = 10.0 if column == "vertical_oscillation" else 1.0
                own[column] = to_floats(columns[label], column, reading)[known] * factor
    unused = [label for label in labels if label not in {*rules["samples"], *rules["otherwise"], "timestamp", ""}]
    if unused:
        reading.note("columns_not_used", "noted", value=", ".join(unused), count=len(unused))
    if len(own["time"]) < 2:
        reading.note("too_few_records", "set_aside", column="record", value=len(own["time"]))
        return finish_session(reading, 1, 0)
    clock = read_clock(own["time"].min(), np.nan, options, reading)
    return finish_session(reading, 1, int(add_session(own, {}, clock, "running", reading)))


def _seconds(cell: str) -> float:
    """Return seconds since 1970 of a number of s or ms, or of a time in words."""
    try:
        number = float(cell)
    except ValueError:
        wall, ahead = read_stamp(cell)
        return wall - (0.0 if np.isnan(ahead) else ahead)
    return number / 1000 if number > MILLISECONDS_ABOVE else number
