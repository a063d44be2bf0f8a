"""Exact 95 % intervals of counts, from the distributions themselves: no normal approximation, which fails on few."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Any

import numpy as np

CONFIDENCE = 0.95
COUNTED = 100
"""Up to so many events the distribution is added up term by term; above it its cube root is normal to a thousandth."""

Numbers = np.ndarray[Any, np.dtype[np.float64]]


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


def clustered_rate_interval(events: Numbers, times: Numbers) -> tuple[float, float]:
    """Give the interval of the common rate of several people, some of whom have more events than others.

    Parameters
    ----------
    events : array of float, shape (people,)
        How many each had.
    times : array of float, shape (people,)
        Over how long; the interval is per unit of it. People without any time count for nothing.

    Returns
    -------
    low, high : float
        NaN without any time, and with fewer than two people: from one nobody knows how far people differ.

    Notes
    -----
    The events of one person are no independent proof of a rate. The variance of events / time is that of a ratio of
    two sums over people (Cochran 1977, Sampling Techniques, 6.4), which is the robust variance of a Poisson model
    (Zeger and Liang 1986, Biometrics 42:121); the interval is symmetric in the logarithm, with a quantile of Student's
    t. From few events that variance comes out too small by chance, so neither end lies within the exact interval of
    `rate_interval`, which takes all events to be independent.
    """
    seen = times > 0
    events, times = events[seen], times[seen]
    people, time, count = len(times), float(times.sum()), float(events.sum())
    if people < 2:
        return math.nan, math.nan
    exact = rate_interval(round(count), time) if count <= COUNTED else _rate_of_many(count, time)
    if count == 0:
        return exact
    rate = count / time
    variance = people / (people - 1) * float(((events - rate * times) ** 2).sum()) / count**2  # of the logarithm
    reach = _student(people - 1) * math.sqrt(variance)
    return min(exact[0], rate * math.exp(-reach)), max(exact[1], rate * math.exp(reach))


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


def _rate_of_many(events: float, time: float) -> tuple[float, float]:
    """Give the interval of `rate_interval` where there are many events (Wilson and Hilferty 1931, PNAS 17:684)."""
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    above = events + 1
    low = events * (1 - 1 / (9 * events) - z / (3 * math.sqrt(events))) ** 3
    return low / time, above * (1 - 1 / (9 * above) + z / (3 * math.sqrt(above))) ** 3 / time


def _student(degrees: int) -> float:
    """Give the quantile of Student's t at which the interval ends: where its tail has the probability that is left."""
    return _solve(lambda t: (1 - CONFIDENCE) / 2 - _tail_of_student(t, degrees), 0.0, 100.0)


def _tail_of_student(t: float, degrees: int) -> float:
    """Give the probability above t (Abramowitz and Stegun 1972, 26.7.3 and 26.7.4)."""
    if degrees > 1000:  # normal to the fourth digit
        return 1 - NormalDist().cdf(t)
    angle = math.atan(t / math.sqrt(degrees))
    sine, cosine = math.sin(angle), math.cos(angle)
    term = cosine if degrees % 2 else 1.0
    series, start = (0.0, 3) if degrees == 1 else (term, 3 if degrees % 2 else 2)
    for k in range(start, degrees - 1, 2):
        term *= cosine**2 * (k - 1) / k
        series += term
    between = 2 / math.pi * (angle + sine * series) if degrees % 2 else sine * series
    return (1 - between) / 2


def _binomial(most: int, trials: int, p: float) -> float:
    """Probability of at most so many hits."""
    return math.fsum(math.comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(most + 1))


def _solve(rising: Callable[[float], float], low: float, high: float) -> float:
    """Halve the bracket until the root of a rising function stands fast."""
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return (low + high) / 2
