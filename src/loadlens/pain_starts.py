"""Where pain or an injury began in a diary, and the stretches of days on which one could have begun."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from loadlens.windows import Flags

DAY = pd.Timedelta(days=1)


@cache
def start_numbers() -> dict[str, dict[str, Any]]:
    """Return what counts as a start, and as running that stopped (``data/pain_starts.toml``)."""
    return tomllib.loads(files("loadlens").joinpath("data/pain_starts.toml").read_text("utf-8"))


def find_hurting(diary: pd.DataFrame) -> Flags:
    """Tell which entries may be pain at or above the threshold: also those without a number."""
    numbers = start_numbers()["starts"]
    return np.asarray(diary["kind"].isin(numbers["kinds"]) & ~(diary["value"] < numbers["threshold"]), dtype=bool)


def find_starts(diary: pd.DataFrame) -> pd.DataFrame:
    """Find where pain or an injury began, in the diary of one runner.

    A start is the first entry at or above the threshold after so many days without one (``data/pain_starts.toml``).
    Pain written down without a number breaks the days without pain, and is no start. When the diary is younger than
    that, nobody knows how long it had hurt: such a start is set aside.

    Parameters
    ----------
    diary : DataFrame
        The table of that name.

    Returns
    -------
    DataFrame
        date, kind, value, site: one row per start; reason: "" or why it is set aside (``diary_too_young``).
    """
    numbers = start_numbers()["starts"]
    diary = diary.dropna(subset=["date"]).sort_values("date", kind="stable")
    hurt = diary[find_hurting(diary)]
    counts = (hurt["value"] >= numbers["threshold"]) | ((hurt["kind"] == "injury") & hurt["value"].isna())
    quiet = hurt["date"].diff() > numbers["pain_free_days"] * DAY
    quiet.iloc[:1] = True
    starts: pd.DataFrame = hurt.loc[counts & quiet, ["date", "kind", "value", "site"]].reset_index(drop=True)
    young = starts["date"] - diary["date"].min() < numbers["pain_free_days"] * DAY
    return starts.assign(reason=np.where(young, "diary_too_young", ""))
