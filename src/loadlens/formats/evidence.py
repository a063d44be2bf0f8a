"""What Garmin's list of activities does not say and only its values show: units, and which of two readings is right.

A hook takes a filled `Sheet`, brings distances, speeds and climbs into metres, and puts into the ledger what it
rested on. The checks are identities, not models: distance = time / pace, and
distance = cadence x time x step length.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from loadlens.formats.cells import Floats, Mark, duration, plain, read_number_either_way, read_numbers
from loadlens.formats.list_checks import (
    FOOT,
    KM,
    MILE,
    ON_FOOT,
    PACE_OVER,
    YARD,
    choose_factor,
    drop_empty_runs,
    keep_steps_per_minute,
    name_sports,
)
from loadlens.formats.sheets import Sheet

DAY = 86_400.0  # s

CLOSE = 0.06
"""Share by which a check may miss: paces are whole seconds, distances hundredths of a kilometre."""

HOTTEST = 45.0  # °C

MOST_STEPS_PER_KM, LEAST_STEPS_PER_MILE = 950.0, 1650.0
"""Fewer would be steps of 1.7 m if the unit were the mile, more would be steps of 0.6 m if it were the kilometre."""


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


# ------------------------------------------------------------------ lists without units (Garmin Connect)


def settle_garmin_list(sheet: Sheet) -> None:
    """Bring a list of Garmin Connect into the units of the log."""
    sports = name_sports(sheet)
    _repair_paces(sheet)
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
    return (
        _unit_of_track(sheet, foot)
        or _unit_of_step_count(sheet, sports)
        or _unit_of_account(sheet)
        or _assume_km(sheet, sports)
    )


def _unit_of_track(sheet: Sheet, foot: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float | None:
    """Track runs stand in metres or yards whatever the other rows do: 1000 or 1760 of them make one unit of pace."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(foot, sheet.floats("distance") * sheet.floats("pace") / sheet.floats("duration"), np.nan)
    counts = {unit: int((np.abs(ratio / small - 1) < CLOSE).sum()) for unit, small in ((KM, 1000), (MILE, 1760))}
    unit = max(counts, key=lambda unit: counts[unit])
    if counts[KM] == counts[MILE]:
        return None
    seen = " (≈ 1000 m)" if unit == KM else " (≈ 1760 yd)"
    sheet.note_unit("unit_by_track", "distance", "km" if unit == KM else "mi", count=counts[unit], seen=seen)
    return unit


def _unit_of_step_count(sheet: Sheet, sports: list[str]) -> float | None:
    """Without step lengths, count steps: fewer than a runner takes in a mile, or more than in a kilometre."""
    steps = np.fmax(sheet.floats("cadence") * sheet.floats("duration") / 60, sheet.floats("steps"))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(np.array(sports) == "run", steps / sheet.floats("distance"), np.nan)
    ratio = ratio[np.isfinite(ratio) & (ratio > 600) & (ratio < 2400)]  # track runs in metres are neither
    if not len(ratio) or MOST_STEPS_PER_KM < np.median(ratio) < LEAST_STEPS_PER_MILE:
        return None
    unit = KM if np.median(ratio) <= MOST_STEPS_PER_KM else MILE
    seen = f" (≈ {np.median(ratio):.0f})"
    sheet.note_unit("unit_by_step_count", "distance", "km" if unit == KM else "mi", count=len(ratio), seen=seen)
    return unit


def _unit_of_account(sheet: Sheet) -> float | None:
    """Return miles where temperatures are in °F: an account shows both or neither."""
    if _is_fahrenheit(sheet):
        sheet.note_unit("unit_with_temperature", "distance", "mi")
        return MILE
    return None


def _assume_km(sheet: Sheet, sports: list[str]) -> float:
    if (sheet.floats("distance")[~np.isin(sports, tuple(PACE_OVER))] > 0).any():
        sheet.note_unit("distance_unit_assumed", "distance", "km")
    return KM


def _is_fahrenheit(sheet: Sheet) -> bool:
    """On the wrist it may be 45 °C on a hot day, but not on one day in four."""
    warm = np.fmax(sheet.floats("min_temperature"), sheet.floats("max_temperature"))
    warm = warm[np.isfinite(warm) & (warm != 0)]
    return bool(len(warm)) and float(np.quantile(warm, 0.75)) > HOTTEST


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
            factor = choose_factor(raw[place], factors, time[place], sport)
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


def _repair_times(sheet: Sheet, sports: list[str], unit: float) -> None:
    """Undo spreadsheets that make ``32:11`` (minutes) into ``32:11:00`` (hours): time / pace is 60 times too far."""
    raw, time = sheet.floats("distance"), sheet.floats("duration")
    expected = _expected(sheet, sports, unit)
    places = [
        place
        for place, sport in enumerate(sports)
        if time[place] % 60 == 0 and any(_fits(raw[place], f * 60, expected[place]) for f in _factors(sport, unit)[:1])
    ]
    if not places:
        return
    # Once a row proves it, every time of a day or more that ends on a whole minute was written so.
    for column in ("duration", "moving", "elapsed"):
        if column in sheet.frame:
            values = sheet.floats(column)
            proved = places if column == "duration" else []
            wrong = sorted({*proved, *np.flatnonzero((values >= DAY) & (values % 60 == 0)).tolist()})
            values[wrong] /= 60
            sheet.frame[column] = values
            sheet.note_cells("time_in_wrong_places", column, wrong, "repaired")


def _repair_paces(sheet: Sheet) -> None:
    """Undo the same for paces: a kilometre takes no day."""
    for column in ("pace", "best_pace"):
        values = sheet.floats(column)
        wrong = np.flatnonzero((values >= DAY) & (values % 60 == 0)).tolist()
        if wrong:
            values[wrong] /= 60
            sheet.frame[column] = values
            sheet.note_cells("time_in_wrong_places", column, wrong, "repaired")


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
        if unit == MILE and _is_fahrenheit(sheet):
            middle = (middle - 32) / 1.8
            sheet.note_unit("unit_inferred", "temperature", "°F")
        sheet.frame["temperature"] = middle
        if known := int(np.isfinite(middle).sum()):
            sheet.reading.note("temperature_middle", "converted", column="temperature", count=known)
    columns = [column for column in ("min_temperature", "max_temperature") if column in sheet.frame]
    sheet.frame = sheet.frame.drop(columns=columns)


# ------------------------------------------------------------------ days


def settle_wellness(sheet: Sheet) -> None:
    """Say so where the heading does not tell which heart rate variability was meant."""
    named = sheet.profile.fields["hrv_rmssd"].named if "hrv_rmssd" in sheet.profile.fields else ()
    label = sheet.match.labels.get("hrv_rmssd", named[0] if named else "rmssd")
    if "rmssd" not in plain(label) and np.isfinite(sheet.floats("hrv_rmssd")).any():
        sheet.reading.note("hrv_kind_assumed", "noted", column="hrv_rmssd", value=label)


def settle_nothing(sheet: Sheet) -> None:
    """Leave a sheet as its profile made it."""
