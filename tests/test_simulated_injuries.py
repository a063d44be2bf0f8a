"""Planted hazard ratios come back from tables of exposures; where nothing was planted nothing is found."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest

from loadlens.simulators.simulated_injuries import DAY, injury_numbers, keep_diaries, plant_injuries, simulate_training
from loadlens.studies.case_crossover_tables import tabulate_case_crossover
from loadlens.studies.diary_follow_up import follow_diaries
from loadlens.studies.exposure_tables import COLUMNS as EXPOSURE_COLUMNS
from loadlens.studies.exposure_tables import account_onsets, indicate_bands, tabulate_exposures
from loadlens.studies.leak_audit import audit_leaks

sys.path.insert(0, str(Path(__file__).parents[1]))  # benchmarks are no part of the package

from benchmarks.planted_hazards.cox import fit_cox

pytestmark = pytest.mark.slow

PLANTED = {"small": 3.0, "moderate": 3.0, "large": 6.0}
NONE = {"small": 1.0, "moderate": 1.0, "large": 1.0}
SPIKES = ["spike_small", "spike_moderate", "spike_large"]


@cache
def train(runners: int = 120) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A year of runners to whom nothing has happened yet."""
    return simulate_training(runners, 365, seed=11)


class Study(NamedTuple):
    """What was planted, what a study finds of it in the diaries, and its table."""

    activities: pd.DataFrame
    days: pd.DataFrame
    onsets: pd.DataFrame
    events: pd.DataFrame
    follow_up: pd.DataFrame
    table: pd.DataFrame


def conduct(ratios: dict[str, float], seed: int, runners: int = 120) -> Study:
    activities, days, onsets = plant_injuries(*train(runners), ratios, baseline=0.03, seed=seed)
    events, follow_up = follow_diaries(keep_diaries(onsets, days), days)
    table = tabulate_exposures(activities, days, events, follow_up, scale="runs")
    return Study(activities, days, onsets, events, follow_up, with_bands(table))


def with_bands(table: pd.DataFrame) -> pd.DataFrame:
    coded = indicate_bands(table)
    return table.join(coded).assign(spiked=coded.max(axis=1, skipna=False))


@pytest.fixture(scope="module")
def study() -> Study:
    return conduct(PLANTED, 11)


def test_the_planted_hazard_ratio_lies_in_its_interval(study: Study):
    found = fit_cox(study.table, SPIKES)
    assert study.table["event"].sum() > 300
    planted = pd.Series(list(PLANTED.values()), index=SPIKES)
    assert ((found["low"] < planted) & (planted < found["high"])).all(), found
    assert (found["low"] > 1).all(), "and the interval says that there is something"
    assert (found["high"] / found["low"] < 5).all(), "an interval that holds everything holds nothing"


def test_where_nothing_was_planted_nothing_is_found():
    found = fit_cox(conduct(NONE, 12, runners=60).table, ["spiked"]).loc["spiked"]
    assert found["low"] < 1 < found["high"], found
    assert found["high"] < 3


def test_the_audit_passes_the_study(study: Study):
    report = audit_leaks(study.table[EXPOSURE_COLUMNS], study.days)
    assert set(report["verdict"]) == {"sound"}


def test_a_case_crossover_of_the_same_study_finds_it_within_runners(study: Study):
    table = with_bands(tabulate_case_crossover(study.activities, study.days, study.events, study.follow_up))
    rows = table.assign(start=0.0, stop=1.0, event=table["case"])
    ratio = fit_cox(rows, ["spiked"], strata="stratum").loc["spiked"]
    assert 1 < ratio["low"] < 3.5 < ratio["high"], ratio  # between the 3 and the 6 that were planted


def test_every_planted_onset_that_a_diary_could_show_is_accounted_for(study: Study):
    fates = account_onsets(study.table, study.events, study.days)["fate"].value_counts()
    assert fates["counted"] == study.table["event"].sum()
    assert fates.sum() == (study.events["reason"] == "").sum()
    written = set(zip(study.events["participant"], study.events["date"], strict=True))
    assert written <= set(zip(study.onsets["participant"], study.onsets["date"], strict=True))


def test_after_an_onset_nobody_runs_for_the_days_off(study: Study):
    off = injury_numbers()["onsets"]["days_off"]
    ran = set(zip(study.activities["participant"], study.activities["date"], strict=True))
    told = study.days.set_index(["participant", "date"])["state"].to_dict()
    for name, date in study.onsets.itertuples(index=False):
        assert (name, date) in ran, "an onset begins with a run"
        after = [(name, date + day * DAY) for day in range(1, off + 1)]
        assert not ran & set(after)
        assert "run" not in {told.get(day) for day in after}


def test_states_and_runs_agree_before_and_after_planting(study: Study):
    for activities, days in (train(), study[:2]):
        ran = days[days["state"] == "run"]
        assert list(zip(ran["participant"], ran["date"], strict=True)) == list(
            zip(activities["participant"], activities["date"], strict=True)
        )
        assert {"run", "rest", "unknown"} == set(days["state"])


def test_more_participants_leave_the_first_ones_as_they_were():
    few, many = simulate_training(3, 90, seed=5), simulate_training(6, 90, seed=5)
    for one, other in zip(few, many, strict=True):
        pd.testing.assert_frame_equal(one, other[: len(one)])
    for one, other in zip(
        plant_injuries(*few, baseline=0.05, seed=5), plant_injuries(*few, baseline=0.05, seed=5), strict=True
    ):
        pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize(
    ("ratios", "baseline", "said"),
    [({"huge": 2.0}, None, "hazard_ratios"), (PLANTED, 0.5, "hazards per run"), (NONE, -0.1, "hazards per run")],
)
def test_hazards_that_are_none_are_named(ratios, baseline, said):
    with pytest.raises(ValueError, match=said):
        plant_injuries(*simulate_training(1, 60), ratios, baseline=baseline)


@pytest.mark.filterwarnings("ignore")  # of lifelines itself
def test_lifelines_reads_the_table_and_estimates_the_same():
    """Time in metres has no ties, about which the two differ (Breslow here, Efron there)."""
    lifelines = pytest.importorskip("lifelines", reason="lifelines asks for pandas before 3")
    activities, days, onsets = plant_injuries(*simulate_training(60, 200, seed=4), PLANTED, baseline=0.03, seed=4)
    table = with_bands(tabulate_exposures(activities, days, onsets, scale="distance"))
    rows = table.dropna(subset=["spiked"])[["participant", "start", "stop", "event", "spiked"]]
    fitter = lifelines.CoxTimeVaryingFitter()
    fitter.fit(rows, id_col="participant", event_col="event", start_col="start", stop_col="stop")
    ours = fit_cox(table, ["spiked"]).loc["spiked"]
    assert fitter.summary.loc["spiked", "exp(coef)"] == pytest.approx(ours["ratio"], rel=1e-3)
    assert fitter.summary.loc["spiked", "exp(coef) upper 95%"] == pytest.approx(ours["high"], rel=1e-3)
