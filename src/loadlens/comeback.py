"""The way back after a break: the longest run of each week, from the longest before the break. All numbers are ours."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from loadlens.load_bounds import bound_distance

if TYPE_CHECKING:
    from loadlens.log import RunningLog


class Comeback(NamedTuple):
    """A week of the way back: the most [m] that a run has in it, at both ends of what is known."""

    first: pd.Timestamp
    last: pd.Timestamp
    low: float
    high: float


@cache
def planning_rules() -> dict[str, Any]:
    """Return the numbers by which a plan looks ahead (``data/planning.toml``)."""
    return tomllib.loads(files("loadlens").joinpath("data/planning.toml").read_text("utf-8"))


def path_shares(days_off: int) -> list[float]:
    """Give the share of the longest run before the break in each week back, until all of it.

    Parameters
    ----------
    days_off : int
        Days without a run.
    """
    rules = planning_rules()["comeback"]
    share = next(start["share"] for start in reversed(rules["start"]) if days_off >= start["days"])
    shares = []
    while share < 1:
        shares.append(share)
        share *= rules["growth"]
    return [*shares, 1.0]


def find_comeback(log: RunningLog, begin: pd.Timestamp) -> list[Comeback]:
    """Give the weeks that are left of the way back from the last break.

    Parameters
    ----------
    log : RunningLog
        With at least one day.
    begin : Timestamp
        The first day on which there can be a run.

    Returns
    -------
    list of Comeback
        Empty when there was no break, it is too long ago, it cannot be told from unknown days, or no distance of the
        runs before it is known. Weeks are counted from the first run after the break, or from `begin`.

    Notes
    -----
    The numbers stand under ``[comeback]`` in ``data/planning.toml``. They are a proposal of ours, not the page's, and
    rest on no study.
    """
    rules = planning_rules()["comeback"]
    dates = pd.DatetimeIndex(log.days["date"])
    state = log.days["state"].to_numpy()
    ran = np.flatnonzero(state == "run")
    off = np.diff(np.append(ran, len(state) + (begin - log.span[1]).days - 1)) - 1
    breaks = np.flatnonzero(off >= rules["break_days"])
    if not len(breaks):
        return []
    before, days_off = int(ran[breaks[-1]]), int(off[breaks[-1]])
    back = before + 1 + days_off
    unknown = (state[before + 1 : back] == "unknown").mean() if before + 1 < len(state) else 0.0
    low, high = _find_longest(log, before, rules["before_days"])
    if unknown > rules["unknown_share"] or not high > 0:
        return []
    shares = path_shares(days_off)
    starts = pd.date_range(dates[back] if back < len(dates) else begin, periods=len(shares), freq="7D")
    weeks = [
        Comeback(first, first + pd.Timedelta(days=6), low * share, high * share)
        for first, share in zip(starts, shares, strict=True)
    ]
    return [week for week in weeks if week.last >= begin]


def _find_longest(log: RunningLog, before: int, window: int) -> tuple[float, float]:
    """Give the longest run [m] of the days up to a place, at both ends of what is known; NaN when none is."""
    signal = log.daily("activities.distance", "max")
    bounds = bound_distance(log.runs.set_index("date"), signal, "max").iloc[max(before + 1 - window, 0) : before + 1]
    ends = [bounds[end].to_numpy() for end in ("low", "high")]
    low, high = (float(end[np.isfinite(end)].max(initial=0.0)) for end in ends)
    return low, high
