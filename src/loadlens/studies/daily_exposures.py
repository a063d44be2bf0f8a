"""What one runner was exposed to on each day: the change of load, in the forms that studies of injuries use."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from loadlens.log import TEXT
from loadlens.measures import longest_run
from loadlens.studies.exposure_rules import exposure_numbers, sort_by_band
from loadlens.training_load import acute_chronic
from loadlens.windows import Floats, Texts, place_on

RATIOS = ("week_ratio", "acute_chronic", "acute_chronic_coupled", "acute_chronic_ewma")
"""Columns of changes from week to week and month to month, known at the end of the day before."""

BANDED = ("spike", "week_ratio", "acute_chronic")
"""Exposures that Frandsen et al. 2025 sorted by bands."""

DTYPES: dict[str, Any] = (
    dict.fromkeys(["participant", *(f"{name}_{part}" for name in BANDED for part in ("band", "reason"))], TEXT)
    | dict.fromkeys(["date", "last_date", "known_on"], "datetime64[us]")
    | dict.fromkeys(["event", "case", "controls", "stratum", "onsets_before"], "int64")
)
"""Columns of tables of exposures that are no plain numbers."""


def measure_exposures(runs: pd.DataFrame, days: pd.DataFrame) -> pd.DataFrame:
    """Measure the exposures of one runner, day by day.

    Parameters
    ----------
    runs : DataFrame
        Runs only: date, distance [m], duration [s].
    days : DataFrame
        date and state, one row per day; days between that are not in it are unknown.

    Returns
    -------
    DataFrame
        One row per day of the span. state; length, distance [m]: of the longest run of the day and of all;
        duration [s]; spike: the longest run over the longest of the 30 days before (NaN on days without a run);
        week_ratio: 7 days over the 7 before; acute_chronic, _coupled, _ewma: 7 days over the 21 before, over the 28
        that hold them, and of weighted means, all [ratio] and known at the end of the day before; `spike_reason`,
        `week_ratio_reason`, `acute_chronic_reason`: why there is none, "" when there is.

    References
    ----------
    Frandsen et al. 2025, Br J Sports Med 59:1203, doi:10.1136/bjsports-2024-109380. Williams et al. 2017, Br J Sports
    Med 51:209, doi:10.1136/bjsports-2016-096589 (weighted means). Lolli et al. 2019, Br J Sports Med 53:921,
    doi:10.1136/bjsports-2017-098110: the coupled form goes together with its own numerator.
    """
    frame = measure_spikes(runs, days)
    rules = exposure_numbers()
    week = acute_chronic(frame["distance"], **rules["week_ratio"])
    month = acute_chronic(frame["distance"], **rules["acute_chronic"])
    columns = {"week_ratio": _a_day_later(week["uncoupled"]), "week_ratio_reason": _a_day_later(week["reason"])}
    columns |= {"acute_chronic": _a_day_later(month["uncoupled"])}
    columns |= {f"acute_chronic_{name}": _a_day_later(month[name]) for name in ("coupled", "ewma", "reason")}
    return frame.assign(**columns)


def measure_spikes(runs: pd.DataFrame, days: pd.DataFrame) -> pd.DataFrame:
    """Measure the first columns of `measure_exposures`: the days, and each run against the longest before it."""
    index = pd.date_range(days["date"].min(), days["date"].max(), freq="D", name="date")
    state = np.full(len(index), "unknown", dtype=object)
    state[place_on(pd.Index(days["date"]), index)] = days["state"].to_numpy(object)
    place = place_on(pd.Index(runs["date"]), index)
    runs, place = runs[place >= 0], place[place >= 0]
    state[place] = "run"
    day = {name: _add_up(runs[name].to_numpy("float64"), place, state) for name in ("distance", "duration")}
    length = _longest(runs["distance"].to_numpy("float64"), place, day["distance"])
    spike, reason = compare_runs(length, state, index)
    return pd.DataFrame({"state": state, "length": length, **day, "spike": spike, "spike_reason": reason}, index=index)


def compare_runs(length: Floats, state: Texts, index: pd.DatetimeIndex) -> tuple[Floats, Texts]:
    """Compare the longest run of each day [m] with the longest of the days before: ratio, and why there is none."""
    found = longest_run(
        pd.Series(length, index=index), state=pd.Series(state, index=index), hold_days=1, **exposure_numbers()["spike"]
    )
    ran = state == "run"
    reason = np.where(ran, found["reason"].to_numpy(object), "no_run")
    reason[ran & np.isnan(length)] = "no_distance"
    return np.where(ran, found["ratio"].to_numpy("float64"), np.nan), reason


def _a_day_later(known: pd.Series[Any]) -> np.ndarray:
    """Give each day what was known at the end of the day before it; the first day has none."""
    values = known.to_numpy(object if known.name == "reason" else "float64")
    return np.concatenate([["history_too_short"] if known.name == "reason" else [np.nan], values[:-1]])


def finish_table(parts: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    """Join the rows of all runners, name the bands, and give every column its dtype, whatever the rows hold."""
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    rows = rows.assign(**{f"{name}_band": sort_by_band(rows[name].astype("float64")) for name in BANDED})[columns]
    return rows.astype({name: DTYPES.get(name, "float64") for name in columns})


def _add_up(values: Floats, place: np.ndarray, state: Texts) -> Floats:
    """Add up by day: 0 on days of rest; NaN on unknown days, and where a run lacks the value."""
    total = np.where(state == "rest", 0.0, np.nan)
    ran = np.bincount(place, minlength=len(state)) > 0
    total[ran] = np.bincount(place, weights=values, minlength=len(state))[ran]  # NaN stays NaN
    return total


def _longest(metres: Floats, place: np.ndarray, total: Floats) -> Floats:
    longest = np.where(total == 0, 0.0, -np.inf)
    np.fmax.at(longest, place, metres)
    return np.where(np.isfinite(total), longest, np.nan)
