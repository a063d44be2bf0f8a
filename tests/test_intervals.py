"""Exact intervals of counts, against values worked by hand and tables in print."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadlens.intervals import rate_interval, share_interval


def test_no_event_in_two_years_may_still_be_almost_two_a_year():
    """P(0 events) = exp(-2 r) = 0.025, so r = -ln(0.025) / 2 = 1.844."""
    low, high = rate_interval(0, 2.0)
    assert low == 0
    assert high == pytest.approx(-math.log(0.025) / 2, abs=1e-9)


@pytest.mark.parametrize(("events", "low", "high"), [(1, 0.0253, 5.5716), (3, 0.6187, 8.7673), (10, 4.7954, 18.3904)])
def test_rates_are_those_of_the_printed_table(events: int, low: float, high: float):
    """Garwood's limits for a mean, as printed in every table of the Poisson distribution."""
    assert rate_interval(events, 1.0) == pytest.approx((low, high), abs=2e-4)


def test_none_of_ten_may_still_be_three_in_ten():
    """(1 - p)^10 = 0.025, so p = 1 - 0.025^0.1 = 0.3085."""
    assert share_interval(0, 10) == pytest.approx((0, 1 - 0.025**0.1), abs=1e-9)
    assert share_interval(10, 10) == pytest.approx((0.025**0.1, 1), abs=1e-9)


def test_half_of_ten_is_the_printed_interval():
    assert share_interval(5, 10) == pytest.approx((0.1871, 0.8129), abs=1e-4)


def test_nothing_counted_gives_no_interval():
    assert all(math.isnan(end) for end in (*rate_interval(0, 0.0), *share_interval(0, 0)))


@given(hits=st.integers(0, 40), more=st.integers(0, 40))
def test_an_interval_holds_its_own_share_and_rate(hits: int, more: int):
    low, high = share_interval(hits, hits + more) if hits + more else (0.0, 1.0)
    assert 0 <= low <= high <= 1
    assert low <= (hits / (hits + more) if hits + more else 0.5) <= high
    low, high = rate_interval(hits, 3.0)
    assert low <= hits / 3.0 < high
