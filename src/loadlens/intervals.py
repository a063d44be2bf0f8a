"""Exact 95 % intervals of counts, from the distributions themselves: no normal approximation, which fails on few."""

from __future__ import annotations

import math
from collections.abc import Callable

CONFIDENCE = 0.95


def rate_interval(events: int, time: float) -> tuple[float, float]:
    """Give the exact interval of a rate, from a count of events that come one by one (Poisson).

    Parameters
    ----------
    events : int
        How many were counted.
    time : float
        Over how long; the interval is per unit of it.

    Returns
    -------
    low, high : float
        NaN when `time` is 0.

    References
    ----------
    Garwood 1936, Biometrika 28:437.
    """
    if not time > 0:
        return math.nan, math.nan
    tail = (1 - CONFIDENCE) / 2
    most = 10 + 2 * events + 10 * math.sqrt(events)
    low = 0.0 if events == 0 else _solve(lambda mean: 1 - _poisson(events - 1, mean) - tail, 0.0, float(events))
    high = _solve(lambda mean: tail - _poisson(events, mean), float(events), most)
    return low / time, high / time


def share_interval(hits: int, trials: int) -> tuple[float, float]:
    """Give the exact interval of a share (binomial).

    Parameters
    ----------
    hits, trials : int
        How many of how many.

    Returns
    -------
    low, high : float
        NaN when there are no trials.

    References
    ----------
    Clopper and Pearson 1934, Biometrika 26:404.
    """
    if trials == 0:
        return math.nan, math.nan
    tail = (1 - CONFIDENCE) / 2
    low = 0.0 if hits == 0 else _solve(lambda p: 1 - _binomial(hits - 1, trials, p) - tail, 0.0, 1.0)
    high = 1.0 if hits == trials else _solve(lambda p: tail - _binomial(hits, trials, p), 0.0, 1.0)
    return low, high


def _poisson(most: int, mean: float) -> float:
    """Probability of at most so many events."""
    if mean <= 0:
        return 1.0
    return math.fsum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(most + 1))


def _binomial(most: int, trials: int, p: float) -> float:
    """Probability of at most so many hits."""
    return math.fsum(math.comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(most + 1))


def _solve(rising: Callable[[float], float], low: float, high: float) -> float:
    """Halve the bracket until the root of a rising function stands fast."""
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return (low + high) / 2
