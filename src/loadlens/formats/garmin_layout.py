"""A list of Garmin Connect whose headings are in no language known: its columns by where they stand and what they hold.

Garmin translates the headings, not the order. The first seven columns are always the same; what comes behind differs
from list to list (a column without values is left out), and is taken only where the values prove it: time / distance =
pace, and steps x step length = distance.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from loadlens.formats.cells import Floats, duration, read_number_either_way

FIRST = ("sport", "start_local", "favorite", "title", "distance", "calories", "duration")
HEART_RATES = ("heart_rate", "max_heart_rate")

MISSING = ("", "--", "--:--", "--:--:--")
LARGEST_HEART_RATE, SLOWEST_CADENCE, FASTEST_CADENCE = 250.0, 40.0, 400.0  # per minute

CLOSE = 0.06
SAME_EVERYWHERE = 0.9
"""Share of the filled cells that must have the form of a column."""
BORNE_OUT = 0.6
"""Share of the rows whose sum must come out: swims rest and rides show speeds, and chance fits one row in ten."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?")
_NUMBER = re.compile(r"'?-?\d[\d.,\u00a0\u202f' ]*")
_TIME = re.compile(r"(\d{1,3}:)?\d{1,2}:\d\d([.,]\d+)?")
_PACE = re.compile(r"\d{1,2}:\d\d")
_WORD = re.compile(r"[^\d.,:]*[^\W\d_][^\d:]*")
_PACE_OR_NUMBER = re.compile(rf"{_PACE.pattern}|{_NUMBER.pattern}")

_EFFECT = re.compile(r"[0-5][.,]\d")

_FORMS = {0: _WORD, 1: _MOMENT, 2: _WORD, 6: _TIME}

Rows = Sequence[Sequence[str]]


def place_fields(labels: Sequence[str], rows: Rows) -> dict[int, str]:
    """Say which field each column of a list of Garmin Connect holds, from layout and cells alone.

    Parameters
    ----------
    labels : sequence of str
        A row that may be the heading.
    rows : sequence of sequences of str
        Rows below it.

    Returns
    -------
    dict of int to str
        Column -> name of a field in the profile of these lists; empty when this is no such list.
    """
    if len(labels) < len(FIRST) or not rows or not all(_WORD.fullmatch(label.strip()) for label in labels[:7]):
        return {}
    if not all(_all_have(rows, place, form.fullmatch) for place, form in _FORMS.items()):
        return {}
    if any(_filled(rows, place) and not _all_have(rows, place, _NUMBER.fullmatch) for place in (4, 5)):
        return {}
    if len({row[2] for row in rows if len(row) > 2}) > 2:  # a favourite or not
        return {}
    found = dict(enumerate(FIRST))
    places = range(len(FIRST), len(labels))
    time = np.array([duration(_cell(row, 6)) for row in rows])
    distance = _floats(rows, 4)
    pace = next((place for place in places if _is_pace(rows, place, time, distance)), None)
    cadence = pace - 2 if pace is not None and _is_pair(rows, pace - 2, SLOWEST_CADENCE, FASTEST_CADENCE) else None
    # Without heart rates the cadences stand in their place; a training effect, or a second pair, tells.
    if _is_pair(rows, 7, 30.0, LARGEST_HEART_RATE) and (_is_effect(rows, 9) or (cadence or 0) > 8):
        found |= {7: HEART_RATES[0], 8: HEART_RATES[1]}
    if pace is None:
        return found
    found[pace] = "pace"
    if _all_have(rows, pace + 1, _PACE_OR_NUMBER.fullmatch):
        found[pace + 1] = "best_pace"
    if cadence is None or cadence in found:
        return found
    steps = _floats(rows, cadence) * time / 60
    step = next((place for place in places if place > pace and _is_step(rows, place, steps, distance)), None)
    if step is None:
        return found
    found |= {cadence: "cadence", cadence + 1: "max_cadence", step: "step_length"}
    return found | ({pace + 2: "ascent", pace + 3: "descent"} if step == pace + 4 else {})


def _cell(row: Sequence[str], place: int) -> str:
    return row[place].strip() if place < len(row) else ""


def _filled(rows: Rows, place: int) -> list[str]:
    return [cell for row in rows if (cell := _cell(row, place)) not in MISSING]


def _all_have(rows: Rows, place: int, fits: Callable[[str], object]) -> bool:
    cells = _filled(rows, place)
    return bool(cells) and sum(bool(fits(cell)) for cell in cells) >= SAME_EVERYWHERE * len(cells)


def _floats(rows: Rows, place: int) -> Floats:
    """Read numbers whichever mark they have: two decimals leave no doubt."""
    values = [read_number_either_way(_cell(row, place)) for row in rows]
    return np.array([value[0] if value else np.nan for value in values])


def _is_pair(rows: Rows, place: int, least: float, most: float) -> bool:
    """Say whether a mean stands here and its highest value beside it."""
    mean, highest = _floats(rows, place), _floats(rows, place + 1)
    both = np.isfinite(mean) & np.isfinite(highest) & (mean > 0)
    fits = (mean >= least) & (highest <= most) & (mean <= highest)
    return bool(both.any()) and bool(fits[both].mean() >= SAME_EVERYWHERE)


def _is_effect(rows: Rows, place: int) -> bool:
    """Say whether training effects stand here: 0.0 to 5.0, which take a heart rate to work out."""
    return _all_have(rows, place, _EFFECT.fullmatch)


def _is_pace(rows: Rows, place: int, time: Floats, distance: Floats) -> bool:
    cells = [_cell(row, place) for row in rows]
    pace = np.array([duration(cell) if _PACE.fullmatch(cell) else np.nan for cell in cells])
    with np.errstate(all="ignore"):
        ratio = time / pace / distance
    known = np.isfinite(ratio) & (distance > 0.2)
    off = np.abs(ratio[known, None] * np.array([1.0, 1000.0]) - 1).min(axis=1, initial=np.inf)  # track runs: metres
    return bool(known.any()) and bool((off < CLOSE).mean() >= BORNE_OUT)


def _is_step(rows: Rows, place: int, steps: Floats, distance: Floats) -> bool:
    length = _floats(rows, place)
    with np.errstate(all="ignore"):
        ratio = steps * length / distance
    known = np.isfinite(ratio) & (length > 0) & (distance > 0.2)
    units = np.array([1000.0, 1609.344, 1.0, 0.9144])  # kilometres, miles; on a track metres, yards
    off = np.abs(ratio[known, None] / units - 1).min(axis=1, initial=np.inf)
    return bool(known.any()) and bool((off < 2 * CLOSE).mean() >= BORNE_OUT)
