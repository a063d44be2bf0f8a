"""The numbers of exposures, splits and audits, and the bands that changes of load are sorted by."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from loadlens.log import TEXT, LogError
from loadlens.windows import Floats

FOLLOWED = ["participant", "first", "last"]
"""Columns of a table of follow-up: stretches of days on which an event would have been noticed."""


@cache
def exposure_numbers() -> dict[str, Any]:
    """Return windows, bands and limits with their sources (``data/exposures.toml``)."""
    return tomllib.loads(files("loadlens").joinpath("data/exposures.toml").read_text("utf-8"))


def band_names() -> list[str]:
    """Return the bands from the reference up."""
    return [band["name"] for band in exposure_numbers()["bands"]]


def place_in_bands(ratio: Floats) -> NDArray[np.int64]:
    """Give the place of each ratio among the bands, 0 for the reference, and -1 where there is no ratio.

    Parameters
    ----------
    ratio : array of float
        A load over its reference.

    References
    ----------
    Frandsen et al. 2025, Br J Sports Med 59:1203, doi:10.1136/bjsports-2024-109380: up to +10 %, +30 %, +100 %, beyond.
    """
    limits = [band["up_to"] for band in exposure_numbers()["bands"][:-1]]
    values = np.round(ratio, 9)  # 12.1 km after 11 km is 10 % more, whatever the last bit says
    return np.where(np.isnan(values), -1, np.searchsorted(limits, values))  # a limit belongs to the band below it


def sort_by_band(ratio: pd.Series[float]) -> pd.Series[str]:
    """Give each ratio the name of its band; missing where the ratio is: what cannot be assessed is in no band."""
    names = np.array([*band_names(), np.nan], dtype=object)
    placed = names[place_in_bands(np.asarray(ratio, dtype=np.float64))]
    return pd.Series(placed, index=ratio.index, dtype=TEXT)


def take_columns(name: str, frame: pd.DataFrame, columns: list[str], dates: list[str]) -> pd.DataFrame:
    """Return these columns of a table of many participants, dates as local days.

    Raises
    ------
    LogError
        A column is missing, a participant or a date is missing, or a date cannot be read.
    """
    lacking = [column for column in columns if column not in frame]
    if lacking:
        raise LogError(f"{name}: no column {', '.join(lacking)}; would be right: {', '.join(columns)}")
    taken = frame[columns].copy()
    for column in dates:
        try:
            taken[column] = (
                pd.to_datetime(taken[column], format="ISO8601")
                .dt.tz_localize(None)
                .dt.normalize()
                .astype("datetime64[us]")
            )
        except (ValueError, TypeError, AttributeError) as error:
            told = str(error).partition(". You might")[0]
            raise LogError(f"{name}.{column}: {told}; would be right: local days such as 2026-01-16") from error
    for column in ["participant", *dates]:
        if taken[column].isna().any():
            row = int(np.flatnonzero(taken[column].isna())[0])
            raise LogError(f"{name}.{column}: missing in row {row}; would be right: a value in every row")
    return taken.assign(participant=taken["participant"].astype(str))
