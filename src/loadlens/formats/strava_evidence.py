"""What a Strava list does not say and only its values show: the unit of its first distances, and which time it is."""

from __future__ import annotations

import numpy as np
import pandas as pd

from loadlens.formats.list_checks import (
    KM,
    PACE_OVER,
    choose_factor,
    double_strides,
    drop_empty_runs,
    keep_steps_per_minute,
    name_sports,
    settle_times,
)
from loadlens.formats.sheets import Sheet


def settle_strava_list(sheet: Sheet) -> None:
    """Bring a Strava list into the units of the log."""
    sports = name_sports(sheet)
    _settle_strava_distance(sheet, sports)
    settle_times(sheet)
    double_strides(sheet, sports)
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
        factors[place] = choose_factor(listed[place], [1.0, KM] if factor == KM else [1.0], time[place], sports[place])
    sheet.frame["distance"] = np.where(np.isfinite(metres), metres, listed * factors)
    sheet.frame = sheet.frame.drop(columns=[c for c in ("distance_listed",) if c in sheet.frame])
