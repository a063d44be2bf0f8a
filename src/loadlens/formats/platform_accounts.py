"""Archives of Google Health (Fitbit), Samsung Health, Withings and Zepp: hundreds of files, of which a few are read.

Each file is known by its name and its headings, which stand in ``data/accounts/*.toml``. Files that hold nothing of use
are told apart from files that cannot be read: they are ignored, and the reason is given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from loadlens.formats.account_parts import find_part, load_records
from loadlens.formats.account_records import read_activities, read_days
from loadlens.formats.sleep_records import read_nights, read_stages
from loadlens.formats.source import Options, Reading, Source, UnreadableFile

_READERS: dict[str, Callable[..., tuple[pd.DataFrame, int]]] = {
    "activities": read_activities,
    "nights": read_nights,
    "stages": read_stages,
    "days": read_days,
}


def sniff(head: bytes, name: str) -> bool:
    """Say whether a file is a part of such an archive, of use or not; never raises."""
    return find_part(head, name) is not None


def parse(source: Source, options: Options) -> Reading:
    """Read one file of an archive.

    Parameters
    ----------
    source : Source
    options : Options
        `tz` counts for times that are in UTC and name no place.

    Returns
    -------
    Reading
        Named after the platform, with a table of activities or of wellness. A file of no use has the status
        ``ignored`` and says why; ``facts["rows"]`` counts records.

    Raises
    ------
    UnreadableFile
        Not whole, too large or nested too deeply.
    """
    part = find_part(source.head, source.name)
    if part is None:
        raise UnreadableFile("format_unknown", where=source.name)
    facts: dict[str, object] = {"rows": 0, "used": 0, "set_aside": 0}
    reading = Reading(part.platform["format"], facts=facts)
    if part.table is None:
        reading.facts |= {"status": "ignored", "message": part.why}
        return reading
    table: dict[str, Any] = dict(part.table)
    records = load_records(source, part, reading)
    role = table["role"]
    frame, used = _READERS[role](records, table, reading, options)
    reading.tables["activities" if role == "activities" else "wellness"] = frame
    reading.facts |= {"used": used, "set_aside": int(str(reading.facts["rows"])) - used}
    if role == "activities" and table.get("covers"):
        reading.facts["covers"] = True
    empty = frame.empty
    reading.facts |= {"status": "empty", "message": "account_part_empty"} if empty else {"status": "read"}
    return reading
