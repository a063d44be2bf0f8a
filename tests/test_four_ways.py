"""The same months exported four ways and read together are the same months read once."""

from __future__ import annotations

import itertools
from pathlib import Path

import pandas as pd
import pytest

import loadlens as ll
from loadlens.log import RunningLog
from loadlens.simulation import simulate
from loadlens.simulators import simulated_accounts, simulated_exports, simulated_fit
from loadlens.simulators.simulated_exports import write_export

pytestmark = pytest.mark.slow

LIFE = simulate("steady", weeks=16)  # the clocks change in its thirteenth week
RUNS = LIFE.activities[LIFE.activities["sport"] == "run"]
WAYS = {
    "account": ("garmin_account",),
    "list": ("garmin_csv_nl",),
    "recordings": ("fit", "monitoring_fit"),
    "strava": ("strava_archive_nl",),
}


@pytest.fixture(scope="module")
def exports(tmp_path_factory) -> dict[str, Path]:
    """A folder for each way; a recording is the same file wherever it stands, so it is made once."""
    made: dict[str, bytes] = {}

    def remember(runner, activity):
        if activity not in made:
            made[activity] = simulated_fit.activity_fit(runner, activity)
        return made[activity]

    folder = tmp_path_factory.mktemp("ways")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulated_accounts, "activity_fit", remember)
        patch.setattr(simulated_exports, "activity_fit", remember)
        patch.setitem(simulated_exports._RECORDERS, "fit", ("fit", remember))
        for way, kinds in WAYS.items():
            for kind in kinds:
                write_export(LIFE, folder / way, kind)
    return {way: folder / way for way in WAYS}


@pytest.fixture(scope="module")
def together(exports) -> RunningLog:
    return ll.read(*exports.values())


@pytest.fixture(scope="module")
def once(exports) -> RunningLog:
    return ll.read(exports["account"])


def test_every_activity_is_there_once(together):
    truth = LIFE.activities
    assert len(together.activities) == len(truth)
    assert together.activities["sport"].value_counts().to_dict() == truth["sport"].value_counts().to_dict()
    in_all = together.runs["merged_from"].str.count("; ") + 1
    assert (in_all >= 3).mean() > 0.95


def test_distances_durations_and_days_are_those_read_once(together, once):
    columns = ["activity", "date", "sport", "start_utc", "start_local", "distance", "duration", "heart_rate", "cadence"]
    pd.testing.assert_frame_equal(together.activities[columns], once.activities[columns])
    truth = LIFE.activities
    assert together.activities["date"].tolist() == truth["date"].tolist()
    assert together.activities["distance"].sum() == pytest.approx(truth["distance"].sum(), rel=1e-4)
    assert together.activities["duration"].sum() == pytest.approx(truth["duration"].sum(), rel=1e-4)


def test_days_minutes_and_laps_are_those_read_once(together, once):
    pd.testing.assert_frame_equal(together.minutes, once.minutes)
    pd.testing.assert_frame_equal(together.laps, once.laps)
    pd.testing.assert_frame_equal(together.days, once.days)


def test_wellness_is_that_read_once(together, once):
    columns = ["date", "rhr_day", "rhr_7d", "hrv_rmssd", "mass"]
    pd.testing.assert_frame_equal(together.wellness[columns], once.wellness[columns])
    assert set(together.wellness_by_source["format"]) == {"garmin_account", "fit"}
    assert not (together.ledger["what"] == "wellness_maker_changed").any()


def test_shoes_have_the_distance_that_the_runner_put_on_them(together):
    found = together.gear.set_index("gear")
    for pair in LIFE.shoes.to_dict("records"):
        gear = found.loc[pair["gear"]]
        assert gear["distance_known"] <= pair["distance"] * 1.001
        assert gear["distance_possible"] >= pair["distance"] * 0.999


def test_the_order_in_which_the_exports_are_given_makes_no_difference(exports, together):
    for order in itertools.islice(itertools.permutations(exports.values()), 7, 24, 11):
        other = ll.read(*order)
        for table in ("activities", "minutes", "wellness", "days", "gear", "sources", "ledger"):
            pd.testing.assert_frame_equal(getattr(other, table), getattr(together, table))


@pytest.mark.parametrize("ways", [("list", "recordings"), ("recordings", "strava"), ("list", "strava")])
def test_any_two_ways_are_the_same_months_too(exports, ways):
    log = ll.read(*(exports[way] for way in ways))
    assert len(log.runs) == len(RUNS)
    assert log.runs["distance"].sum() == pytest.approx(RUNS["distance"].sum(), rel=0.002)
    assert log.runs["date"].tolist() == RUNS["date"].tolist()
