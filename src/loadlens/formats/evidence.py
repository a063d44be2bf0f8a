"""What lists of activities do not say and only their values show: units, and which of two readings is right.

Each hook takes a filled `Sheet`, brings distances, speeds and climbs into metres, and puts into the ledger what it
rested on. The checks are identities, not models: distance = time / pace, and
distance = cadence x time x step length.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from loadlens.formats.cells import Floats, Mark, duration, plain, read_number_either_way, read_numbers
from loadlens.formats.sheets import Sheet

KM, MILE, YARD, FOOT = 1000.0, 1609.344, 0.9144, 0.3048

ON_FOOT = ("run", "walk", "hike")

CLOSE = 0.06
"""Share by which a check may miss: paces are whole seconds, distances hundredths of a kilometre."""

FASTEST = {"run": 12.0, "walk": 6.0, "hike": 6.0, "swim": 3.5, "row": 8.0}
"""m/s; a whole session faster than this was read in the wrong unit."""

PACE_OVER = {"swim": 100.0, "row": 500.0}
"""Metres a pace is given over where that is not the kilometre or the mile."""


def guess_mark(cells: Mapping[str, list[str]], delimiter: str) -> Mark:
    """Choose a decimal mark where no token proves one: by time / pace = distance, else by the delimiter."""
    columns = [cells.get(name, []) for name in ("distance", "duration", "pace")]
    hits: dict[Mark, int] = {"point": 0, "comma": 0}
    for distance, time, pace in zip(*columns, strict=False):
        expected = duration(time) / duration(pace) if time and pace and duration(pace) else np.nan
        for mark in hits:
            values, _, _ = read_numbers([distance], mark)
            hits[mark] += bool(abs(values[0] / expected - 1) < CLOSE) if expected else 0
    if hits["point"] == hits["comma"]:
        return "comma" if delimiter == ";" else "point"
    return "point" if hits["point"] > hits["comma"] else "comma"


def _sports(sheet: Sheet) -> list[str]:
    """Return the sport of each row; a list that names none is taken as a list of runs, and the ledger says so."""
    if "sport" not in sheet.frame:
        sheet.frame["sport"] = "run"
        sheet.reading.note("sport_assumed", "noted", column="sport", value="run", count=len(sheet.lines))
    return [str(sport) for sport in sheet.frame["sport"]]


# ------------------------------------------------------------------ lists without units (Garmin Connect)


def settle_garmin_list(sheet: Sheet) -> None:
    """Bring a list of Garmin Connect into the units of the log."""
    sports = _sports(sheet)
    unit = _distance_unit(sheet, sports)
    _settle_distances(sheet, sports, unit)
    _settle_speeds(sheet, sports, unit)
    if unit == MILE:
        for column in ("ascent", "descent"):
            if column in sheet.frame and column not in sheet.match.units:  # else its heading says it
                sheet.frame[column] = sheet.floats(column) * FOOT
                sheet.note_unit("unit_with_distance", column, "ft")
    _settle_form(sheet, unit)
    _settle_temperature(sheet, unit)
    keep_steps_per_minute(sheet, sports)
    drop_empty_runs(sheet, sports)


def _distance_unit(sheet: Sheet, sports: list[str]) -> float:
    """Return the metres in one unit of distance, from steps x step length, and say how it is known."""
    stated = sheet.match.units.get("distance")
    if stated is not None:
        sheet.note_unit("unit_by_heading", "distance", stated.words[0])
        return stated.factor
    distance, minutes, step = sheet.floats("distance"), sheet.floats("duration") / 60, sheet.floats("step_length")
    foot = np.isin(sports, ON_FOOT)
    for steps in (sheet.floats("cadence") * minutes, sheet.floats("steps")):
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(foot & (distance > 0), steps * step / distance, np.nan)
        for unit, word in ((KM, "km"), (MILE, "mi")):
            near = ratio[np.abs(ratio / unit - 1) < 2 * CLOSE]
            if len(near) and len(near) * 2 > np.isfinite(ratio).sum():
                seen = f" (≈ {np.median(near):.0f} m)"
                sheet.note_unit("unit_by_steps", "distance", word, count=len(near), seen=seen)
                return unit
    if (distance[~np.isin(sports, tuple(PACE_OVER))] > 0).any():
        sheet.note_unit("distance_unit_assumed", "distance", "km")
    return KM


def _expected(sheet: Sheet, sports: list[str], unit: float) -> Floats:
    """Return the metres that time and pace, or time and speed, make."""
    time, pace, speed = sheet.floats("duration"), sheet.floats("pace"), sheet.floats("pace_as_speed")
    over = np.array([_pace_over(sport, unit) for sport in sports])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.isfinite(pace), time / pace * over, time * speed * unit / 3600)


def _pace_over(sport: str, unit: float) -> float:
    short = PACE_OVER.get(sport)
    if short is None:
        return unit if unit in (KM, MILE) else KM
    return short * YARD if sport == "swim" and unit == MILE else short


def _factors(sport: str, unit: float) -> list[float]:
    """Return metres per unit of distance, the likeliest first."""
    if sport == "swim":
        short = YARD if unit == MILE else 1.0
        return [short, short * 1000, unit]
    if sport == "row":
        return [1.0, unit]
    return [unit, 1.0, YARD] if unit == MILE else [unit, 1.0]


def _settle_distances(sheet: Sheet, sports: list[str], unit: float) -> None:
    if "distance" not in sheet.frame:
        return
    _repair_times(sheet, sports, unit)
    raw, time = sheet.floats("distance"), sheet.floats("duration")
    expected = _expected(sheet, sports, unit)
    metres = np.full(len(raw), np.nan)
    in_metres: list[int] = []
    disagree: list[int] = []
    for place, sport in enumerate(sports):
        factors = _factors(sport, unit)
        good = [factor for factor in factors if _fits(raw[place], factor, expected[place])]
        if good:
            factor = good[0]
        else:
            factor = _plausible(raw[place], factors, time[place], sport)
            if sport in ON_FOOT and np.isfinite(expected[place] * raw[place]) and raw[place] > 0.1:
                disagree.append(place)
        metres[place] = raw[place] * factor
        if factor != factors[0] and np.isfinite(raw[place]):
            in_metres.append(place)
    _solve_contradictions(sheet, metres, expected, sports, unit)
    sheet.frame["distance"] = metres
    if unit == MILE and "swim" in sports:
        sheet.reading.note("swim_unit_assumed", "noted", column="distance", value="yd", count=sports.count("swim"))
    for what, places, action in (("row_in_other_unit", in_metres, "converted"), ("pace_disagrees", disagree, "noted")):
        sheet.note_cells(what, "distance", places, action)


def _fits(raw: float, factor: float, expected: float) -> bool:
    if not raw > 0 or not expected > 0:
        return False
    # Two decimals are written, so a short distance is uncertain by a hundredth of its unit.
    return bool(abs(raw * factor / expected - 1) < CLOSE + 0.006 / raw)


def _plausible(raw: float, factors: list[float], time: float, sport: str) -> float:
    limit = FASTEST.get(sport, 40.0)
    if not raw > 0 or not time > 0:
        return factors[0]
    return next((factor for factor in factors if raw * factor / time <= limit), factors[0])


def _repair_times(sheet: Sheet, sports: list[str], unit: float) -> None:
    """Undo spreadsheets that make ``32:11`` (minutes) into ``32:11:00`` (hours): time / pace is 60 times too far."""
    raw, time = sheet.floats("distance"), sheet.floats("duration")
    expected = _expected(sheet, sports, unit)
    places = [
        place
        for place, sport in enumerate(sports)
        if time[place] % 60 == 0 and any(_fits(raw[place], f * 60, expected[place]) for f in _factors(sport, unit)[:1])
    ]
    if places:
        time[places] /= 60
        sheet.frame["duration"] = time
        sheet.note_cells("time_in_wrong_places", "duration", places, "repaired")


def _solve_contradictions(sheet: Sheet, metres: Floats, expected: Floats, sports: list[str], unit: float) -> None:
    """Read distances in the other number format where time / pace singles out one reading."""
    unsolved = []
    for place in sheet.wrong.get("distance", []):
        readings = read_number_either_way(sheet.cells["distance"][place])
        fitting = [
            value * factor
            for value in readings
            for factor in _factors(sports[place], unit)
            if _fits(value, factor, expected[place])
        ]
        if fitting and max(fitting) - min(fitting) < 0.1 * min(fitting):
            metres[place] = fitting[0]
            sheet.note_cells("number_format_contradicts", "distance", [place], "repaired")
        else:
            unsolved.append(place)
    sheet.wrong["distance"] = unsolved


def _settle_speeds(sheet: Sheet, sports: list[str], unit: float) -> None:
    over = np.array([_pace_over(sport, unit) for sport in sports])
    for column, pace in (("speed", "pace"), ("max_speed", "best_pace")):
        if pace not in sheet.frame:
            continue
        with np.errstate(divide="ignore", invalid="ignore"):
            by_pace = over / sheet.floats(pace)
        by_speed = sheet.floats(f"{pace}_as_speed") * unit / 3600
        sheet.frame[column] = np.where(np.isfinite(by_pace), by_pace, by_speed)
        sheet.frame = sheet.frame.drop(columns=[pace, f"{pace}_as_speed"])


def _settle_form(sheet: Sheet, unit: float) -> None:
    """Accounts in miles may show vertical oscillation in inches: no body moves less than 5 cm, none more than 5 in."""
    values = sheet.floats("vertical_oscillation")
    if unit == MILE and np.isfinite(values).any() and np.nanmedian(values) < 50:
        sheet.frame["vertical_oscillation"] = values * 2.54
        sheet.note_unit("unit_inferred", "vertical_oscillation", "in")


def _settle_temperature(sheet: Sheet, unit: float) -> None:
    """Give the middle of lowest and highest; 0 and 0, or a highest of 0 below the lowest, was not measured."""
    low, high = sheet.floats("min_temperature"), sheet.floats("max_temperature")
    high = np.where((high == 0) & (low > 0), low, high)
    both = np.isfinite(low) & np.isfinite(high)
    if both.any():
        middle = np.where(both & ~((low == 0) & (high == 0)), (low + high) / 2, np.nan)
        if unit == MILE and np.isfinite(middle).any() and np.nanmedian(middle) > 45:
            middle = (middle - 32) / 1.8
            sheet.note_unit("unit_inferred", "temperature", "°F")
        sheet.frame["temperature"] = middle
        if known := int(np.isfinite(middle).sum()):
            sheet.reading.note("temperature_middle", "converted", column="temperature", count=known)
    columns = [column for column in ("min_temperature", "max_temperature") if column in sheet.frame]
    sheet.frame = sheet.frame.drop(columns=columns)


# ------------------------------------------------------------------ Strava


def settle_strava_list(sheet: Sheet) -> None:
    """Bring a Strava list into the units of the log."""
    sports = _sports(sheet)
    _settle_strava_distance(sheet, sports)
    _settle_strava_times(sheet)
    _double_strides(sheet, sports)
    keep_steps_per_minute(sheet, sports)
    drop_empty_runs(sheet, sports)
    notes = [
        "\n".join(part for part in parts if isinstance(part, str)) or None
        for parts in zip(_texts(sheet, "description"), _texts(sheet, "private_note"), strict=True)
    ]
    sheet.frame["note"] = pd.Series(notes, index=sheet.frame.index, dtype="object")
    dropped = [column for column in ("description", "private_note", "timer") if column in sheet.frame]
    sheet.frame = sheet.frame.drop(columns=dropped)
    if "file" in sheet.frame:
        sheet.frame["file"] = sheet.frame["file"].str.replace("\\", "/").str.lstrip("/")


def _texts(sheet: Sheet, column: str) -> list[object]:
    return list(sheet.frame[column]) if column in sheet.frame else [None] * len(sheet.lines)


def _settle_strava_distance(sheet: Sheet, sports: list[str]) -> None:
    metres, listed, time = sheet.floats("distance"), sheet.floats("distance_listed"), sheet.floats("elapsed")
    short = np.isin(sports, tuple(PACE_OVER))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (metres / listed)[~short & (listed > 0) & (metres > 0)]
        speed = (listed / time)[~short & (listed > 0) & (time > 0)]
    if len(ratio):
        sheet.note_unit("unit_by_second_column", "distance", "m", count=len(ratio))
        factor = KM
    else:
        # Nobody covers 300 m in an hour, nor 300 km: metres and kilometres cannot be confused.
        factor = 1.0 if len(speed) and np.median(speed) > 0.08 else KM
        if len(speed):
            sheet.note_unit("unit_inferred", "distance", "m" if factor == 1 else "km", count=len(speed))
        elif (listed > 0).any():
            sheet.note_unit("distance_unit_assumed", "distance", "km")
    factors = np.full(len(listed), factor)
    for place in np.flatnonzero(short):
        factors[place] = _plausible(listed[place], [1.0, KM] if factor == KM else [1.0], time[place], sports[place])
    sheet.frame["distance"] = np.where(np.isfinite(metres), metres, listed * factors)
    sheet.frame = sheet.frame.drop(columns=[c for c in ("distance_listed",) if c in sheet.frame])


def _settle_strava_times(sheet: Sheet) -> None:
    """Timer time where written; else moving time, Strava's own; else elapsed time, pauses included."""
    timer, moving, elapsed = (sheet.floats(column) for column in ("timer", "moving", "elapsed"))
    by_moving = ~np.isfinite(timer) & np.isfinite(moving)
    by_elapsed = ~np.isfinite(timer) & ~np.isfinite(moving) & np.isfinite(elapsed)
    sheet.frame["duration"] = np.where(np.isfinite(timer), timer, np.where(by_moving, moving, elapsed))
    for column, places in (("moving", by_moving), ("elapsed", by_elapsed)):
        if places.any():
            sheet.reading.note("duration_from", "noted", column="duration", value=column, count=int(places.sum()))


def _double_strides(sheet: Sheet, sports: list[str]) -> None:
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


# ------------------------------------------------------------------ lists whose units are declared


def settle_list(sheet: Sheet) -> None:
    """Bring a list whose profile says every unit into the log: steps, and runs that measured nothing."""
    sports = _sports(sheet)
    if "duration" not in sheet.frame:
        _settle_strava_times(sheet)
    _double_strides(sheet, sports)
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


# ------------------------------------------------------------------ what every list needs


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


def settle_wellness(sheet: Sheet) -> None:
    """Say so where the heading does not tell which heart rate variability was meant."""
    named = sheet.profile.fields["hrv_rmssd"].named if "hrv_rmssd" in sheet.profile.fields else ()
    label = sheet.match.labels.get("hrv_rmssd", named[0] if named else "rmssd")
    if "rmssd" not in plain(label) and np.isfinite(sheet.floats("hrv_rmssd")).any():
        sheet.reading.note("hrv_kind_assumed", "noted", column="hrv_rmssd", value=label)


def settle_nothing(sheet: Sheet) -> None:
    """Leave a sheet as its profile made it."""


HOOKS: dict[str, Callable[[Sheet], None]] = {
    "list": settle_list,
    "planned_list": settle_planned_list,
    "garmin_list": settle_garmin_list,
    "strava_list": settle_strava_list,
    "wellness": settle_wellness,
    "none": settle_nothing,
}
