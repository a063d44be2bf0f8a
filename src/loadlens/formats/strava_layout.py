"""A Strava list whose headings are in no language known: its columns by where they stand.

Strava translates the headings, not the order. Every vintage since 2012 begins with the number, moment, name and kind of
the activity, and names elapsed time and distance side by side; since 2019 both return where the part for machines
begins, with the moving time between them and speeds and climbs behind them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from loadlens.formats.cells import plain

_NUMBER = re.compile(r"\d{1,20}")
_FILE = re.compile(r"/?activities[/\\][^/\\]+\.(?:fit|gpx|tcx)(?:\.gz)?", re.IGNORECASE)

FIRST = ("source_id", "start_utc", "title", "sport")
AFTER_REPEAT = ("elapsed", "moving", "distance", "max_speed", "speed", "ascent", "descent")
"""Fields from the second elapsed time on."""

RETURNS = {"max_heart_rate": 15, "relative_effort": 22}
FURTHER = {"max_heart_rate": 15, "heart_rate": 16, "power": 18, "calories": 19, "temperature": 21}
"""Columns behind the second elapsed time. Cadences are left out: in some vintages mean and highest change places."""

OLD_TIME, OLD_DISTANCE = 5, 6
"""Places of both in the ten columns of the first vintages, which repeat nothing."""

SAME_EVERYWHERE = 0.9
"""Share of the rows whose cells must have the form of a column."""


def place_fields(labels: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[int, str]:
    """Say which field each column of a Strava list holds, from layout and cells alone.

    Parameters
    ----------
    labels : sequence of str
        A row that may be the heading.
    rows : sequence of sequences of str
        Rows below it.

    Returns
    -------
    dict of int to str
        Column -> name of a field in the profile of Strava lists; empty when this is no such list.
    """
    if len(labels) <= OLD_DISTANCE or not all(label.strip() for label in labels[: len(FIRST)]) or not rows:
        return {}
    if any(_NUMBER.fullmatch(label.strip()) for label in labels[: len(FIRST)]):
        return {}
    if not _mostly(rows, 0, _NUMBER.fullmatch) or not _mostly(rows, 1, lambda cell: re.search(r"\d.*\d.*\D", cell)):
        return {}
    files = [place for place in range(len(labels)) if any(_FILE.fullmatch(_cell(row, place)) for row in rows)]
    repeat = _repeated_pair(labels)
    if not files and repeat is None:
        return {}
    found = dict(enumerate(FIRST)) | dict.fromkeys(files[:1], "file")
    if repeat is None:
        return found | {OLD_TIME: "elapsed", OLD_DISTANCE: "distance"}
    first, second = repeat
    known = range(second, min(second + len(AFTER_REPEAT), len(labels)))
    found |= {first: "elapsed", first + 1: "distance"}
    found |= dict(zip(known, AFTER_REPEAT, strict=False))
    return found | _later_fields(labels, first, second)


def _cell(row: Sequence[str], place: int) -> str:
    return row[place].strip() if place < len(row) else ""


def _mostly(rows: Sequence[Sequence[str]], place: int, fits: Callable[[str], object]) -> bool:
    return sum(bool(fits(_cell(row, place))) for row in rows) >= SAME_EVERYWHERE * len(rows)


def _repeated_pair(labels: Sequence[str]) -> tuple[int, int] | None:
    """Return where elapsed time stands, and where again: the first neighbours that return with one between them."""
    names = [plain(label) for label in labels]
    for first in range(len(FIRST), len(names) - 1):
        for second in range(first + 2, len(names) - 2):
            if names[first] and (names[first], names[first + 1]) == (names[second], names[second + 2]):
                return first, second
    return None


def _later_fields(labels: Sequence[str], first: int, second: int) -> dict[int, str]:
    """Place what stands further back, once the heading behind the first distance returns where it does in English."""
    names = [plain(label) for label in labels]
    returned = [name for name, away in RETURNS.items() if _at(names, second + away) == names[first + 2] != ""]
    if not returned:
        return {}
    found = {second + away: name for name, away in FURTHER.items()}
    return found | ({first + 2: "max_heart_rate"} if returned == ["max_heart_rate"] else {})


def _at(names: Sequence[str], place: int) -> str:
    return names[place] if place < len(names) else ""
