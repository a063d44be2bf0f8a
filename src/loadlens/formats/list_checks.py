"""What every list of activities needs, whatever platform wrote it: sports, times, steps, runs that measured nothing."""

from __future__ import annotations

import numpy as np

from loadlens.formats.sheets import Sheet

KM, MILE, YARD, FOOT = 1000.0, 1609.344, 0.9144, 0.3048
DAY = 86_400.0  # s

ON_FOOT = ("run", "walk", "hike")

FASTEST = {"run": 12.0, "walk": 6.0, "hike": 6.0, "swim": 3.5, "row": 8.0}
"""m/s; a whole session faster than this was read in the wrong unit."""

PACE_OVER = {"swim": 100.0, "row": 500.0}
"""Metres a pace is given over where that is not the kilometre or the mile."""


def name_sports(sheet: Sheet) -> list[str]:
    """Return the sport of each row; a list that names none is taken as a list of runs, and the ledger says so."""
    if "sport" not in sheet.frame:
        sheet.frame["sport"] = "run"
        sheet.reading.note("sport_assumed", "noted", column="sport", value="run", count=len(sheet.lines))
    return [str(sport) for sport in sheet.frame["sport"]]


def choose_factor(raw: float, factors: list[float], time: float, sport: str) -> float:
    """Return the first factor (metres per unit) that makes no session faster than anyone goes in that sport."""
    limit = FASTEST.get(sport, 40.0)
    if not raw > 0 or not time > 0:
        return factors[0]
    return next((factor for factor in factors if raw * factor / time <= limit), factors[0])


def settle_times(sheet: Sheet) -> None:
    """Timer time where written; else moving time, Strava's own; else elapsed time, pauses included."""
    timer, moving, elapsed = (sheet.floats(column) for column in ("timer", "moving", "elapsed"))
    by_moving = ~np.isfinite(timer) & np.isfinite(moving)
    by_elapsed = ~np.isfinite(timer) & ~np.isfinite(moving) & np.isfinite(elapsed)
    sheet.frame["duration"] = np.where(np.isfinite(timer), timer, np.where(by_moving, moving, elapsed))
    for column, places in (("moving", by_moving), ("elapsed", by_elapsed)):
        if places.any():
            sheet.reading.note("duration_from", "noted", column="duration", value=column, count=int(places.sum()))


def double_strides(sheet: Sheet, sports: list[str]) -> None:
    """Turn strides of one foot into steps, when the file's runs show that strides were counted."""
    cadence = sheet.floats("cadence")
    foot = np.isin(sports, ON_FOOT)
    runs = cadence[np.array(sports) == "run"]
    runs = runs[np.isfinite(runs)]
    others = cadence[foot & np.isfinite(cadence)]
    strides = bool(np.median(runs) < 120) if len(runs) else bool(len(others) and np.median(others) < 75)
    if not strides:
        return
    for column in ("cadence", "max_cadence"):
        values = sheet.floats(column)
        count = int(np.isfinite(values[foot]).sum())
        if count:
            values[foot] *= 2
            sheet.frame[column] = values
            sheet.reading.note("cadence_doubled", "converted", column=column, count=count)


def keep_steps_per_minute(sheet: Sheet, sports: list[str]) -> None:
    """Leave out cadences that count no steps: pedals, strokes."""
    other = ~np.isin(sports, ON_FOOT)
    for column in ("cadence", "max_cadence"):
        values = sheet.floats(column)
        count = int(np.isfinite(values[other]).sum())
        if count:
            values[other] = np.nan
            sheet.frame[column] = values
            sheet.reading.note("cadence_not_steps", "set_aside", column=column, count=count)


def drop_empty_runs(sheet: Sheet, sports: list[str]) -> None:
    """Make the distance of a run that lasted but measures 0 (a treadmill) unknown: it is not none."""
    distance, time = sheet.floats("distance"), sheet.floats("duration")
    places = np.flatnonzero((np.array(sports) == "run") & (distance == 0) & (time > 0))
    if len(places):
        distance[places] = np.nan
        sheet.frame["distance"] = distance
        sheet.note_cells("run_without_distance", "distance", places.tolist())


def settle_list(sheet: Sheet) -> None:
    """Bring a list whose profile says every unit into the log: steps, and runs that measured nothing."""
    sports = name_sports(sheet)
    if "duration" not in sheet.frame:
        settle_times(sheet)
    double_strides(sheet, sports)
    keep_steps_per_minute(sheet, sports)
    drop_empty_runs(sheet, sports)


def settle_planned_list(sheet: Sheet) -> None:
    """Set aside the rows of a training plan that have no result: planned only, missed, or a day off."""
    done = np.zeros(len(sheet.lines), dtype=bool)
    for column in ("distance", "duration", "heart_rate", "speed", "power"):
        done |= np.isfinite(sheet.floats(column))
    planned = np.flatnonzero(sheet.kept & ~done)
    if len(planned):
        sheet.kept[planned] = False
        sheet.reading.note("planned_only", "set_aside", row=sheet.lines[planned[0]], count=len(planned))
    settle_list(sheet)
