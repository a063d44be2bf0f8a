"""A twin holds the same days in another order: nothing is made up, and all that belongs to a day moves with it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import build_activities, build_log
from loadlens.log import RunningLog
from loadlens.twins import REACH_BLOCKS, can_shuffle, shuffle_days

START = pd.Timestamp("2024-01-01")


def numbered_log(days: int) -> RunningLog:
    """A run on most days, as many metres as the number of its day; resting heart rate 40 + the last two digits."""
    dates = [START + pd.Timedelta(days=day) for day in range(days)]
    run = [day for day in range(days) if day % 7 not in (2, 4) or day in (0, days - 1)]
    activities = build_activities([(str(dates[day].date()), 1000.0 + day) for day in run])
    wellness = pd.DataFrame({"date": dates, "rhr_day": [40.0 + day % 100 / 2 for day in range(days)]})
    diary = pd.DataFrame({"date": [START], "kind": ["pain"], "value": [4.0]})
    return build_log(activities, wellness, diary)


def by_day(log: RunningLog) -> dict[str, pd.Series]:
    """What each date holds: number of its day, read back from distance; resting heart rate; state."""
    metres = log.runs.set_index("date")["distance"] - 1000
    return {
        "day": metres,
        "heart": log.wellness.set_index("date")["rhr_day"],
        "state": log.days.set_index("date")["state"],
    }


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), days=st.integers(100, 800))
def test_a_twin_is_the_same_days_in_another_order(seed: int, days: int):
    log = numbered_log(days)
    twin = shuffle_days(log, np.random.default_rng(seed))
    was, now = by_day(log), by_day(twin)
    assert sorted(now["day"]) == sorted(was["day"])
    assert twin.days["date"].tolist() == log.days["date"].tolist()
    moved = (now["day"].index - START).days - now["day"].to_numpy()
    assert set(moved % 28) == {0}, "blocks of four whole weeks: a Sunday stays a Sunday"
    assert np.abs(moved).max() < 28 * REACH_BLOCKS, "less than a year"
    source = (START + pd.to_timedelta(now["day"], unit="D")).to_numpy()
    assert (now["heart"][now["day"].index].to_numpy() == was["heart"][source].to_numpy()).all()
    assert (now["state"] == "run").sum() == (was["state"] == "run").sum()
    assert set(now["state"].index[now["state"] == "run"]) == set(now["day"].index)


def test_most_days_move_and_weeks_stay_together():
    log = numbered_log(364)
    now = by_day(shuffle_days(log, np.random.default_rng(1)))["day"]
    moved = (now.index - START).days - now.to_numpy()
    assert (moved != 0).mean() > 0.5
    assert (np.diff(moved) != 0).sum() <= 13, "moves change only at the edges of blocks"


def test_starts_move_with_their_day_and_stay_at_their_hour():
    log = numbered_log(364)
    twin = shuffle_days(log, np.random.default_rng(1))
    assert (twin.activities["start_local"].dt.normalize() == twin.activities["date"]).all()
    assert set(twin.activities["start_local"].dt.hour) == {12}
    assert twin.activities["date"].is_monotonic_increasing


def test_the_diary_is_left_out_and_the_log_is_left_alone():
    log = numbered_log(200)
    before = log.activities.copy()
    assert shuffle_days(log, np.random.default_rng(0)).diary.empty
    pd.testing.assert_frame_equal(log.activities, before)
    assert len(log.diary) == 1


@pytest.mark.parametrize(("days", "enough"), [(139, False), (140, True)])
def test_four_blocks_must_fit_wherever_the_first_begins(days: int, enough: bool):
    assert can_shuffle(numbered_log(days)) is enough


def test_a_log_shorter_than_a_block_stays_as_it_is():
    log = numbered_log(20)
    pd.testing.assert_frame_equal(shuffle_days(log, np.random.default_rng(0)).activities, log.activities)
