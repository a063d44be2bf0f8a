"""Fatigue, signs of too little recovery, mobility, the squat test, cooling and worn shoes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from builders import INDEX, Entry, build_diary
from loadlens.guidance import read_guidance
from loadlens.measures import MEASURES

RULES = read_guidance().rules


def measure(rule: str, *entries: Entry, **given) -> pd.DataFrame:
    spec = RULES[rule]
    return MEASURES[spec.measure](build_diary(*entries), days=INDEX, **given, **spec.parameters)


def daily(kind: str, value: float, *days: int) -> list[Entry]:
    return [(day, kind, value, "") for day in days]


# ---------------------------------------------------------------- fatigue (G07)
def tired(sleep: float = np.nan, quality: float | None = None) -> pd.Series:
    nights = pd.Series(sleep, index=INDEX)
    entries = daily("fatigue", 2, *range(50, 83)) + daily("fatigue", 4, *range(83, 90))
    if quality is not None:
        entries += daily("sleep_quality", quality, *range(85, 90))
    return measure("fatigue", *entries, sleep=nights).iloc[89]


def test_fatigue_is_held_against_the_four_weeks_before():
    day = tired(sleep=22_000.0, quality=2)
    assert (day["now"], day["usual"], day["rise"]) == (4, 2, 2)
    assert (day["sleep"], day["quality"]) == (22_000, 2)


def test_fatigue_needs_four_of_seven_days_and_a_baseline():
    nights = pd.Series(np.nan, index=INDEX)
    few = measure("fatigue", *daily("fatigue", 2, 50, 52, 54), sleep=nights)
    assert few["reason"].iloc[54] == "too_few_values"
    assert (
        measure("fatigue", *daily("fatigue", 2, *range(50, 55)), sleep=nights)["reason"].iloc[54] == "baseline_missing"
    )
    assert np.isnan(tired()["sleep"])


# ---------------------------------------------------------------- several signs (G25)
def signs(*entries: Entry, **levels: int) -> pd.Series:
    """Levels of the rules that count, 0 being not assessable, 1 within and 3 attention."""
    codes = dict.fromkeys(("performance_fall", "resting_heart_rate", "fatigue", "sleep"), 0) | levels
    found = {name: pd.DataFrame({"level": np.full(len(INDEX), code)}, index=INDEX) for name, code in codes.items()}
    return measure("recovery_signs", *entries, found=found).iloc[60]


def test_signs_are_counted_among_those_that_can_be_assessed():
    assert signs(resting_heart_rate=3, sleep=1)[["signs", "assessable"]].tolist() == [1, 2]
    day = signs(*daily("soreness", 4, *range(55, 60)), resting_heart_rate=3, sleep=3, fatigue=3)
    assert day[["signs", "assessable"]].tolist() == [3, 3]  # fatigue and sleep are one sign


def test_fewer_than_two_signs_are_no_answer():
    assert signs(sleep=3)["reason"] == "too_few_signs"


def test_irritability_counts_by_its_median():
    day = signs(*daily("irritability", 4, *range(54, 60)), sleep=1)
    assert day[["signs", "assessable"]].tolist() == [1, 2]


# ---------------------------------------------------------------- the rest (G21, G23, G24, G38)
def test_mobility_counts_days_of_five_minutes():
    """3 and 3 minutes on one day are 6; 4 are too few; a day without minutes counts; a recorded one of 10 too."""
    entries = [*daily("mobility", 3, 60, 60), *daily("mobility", 4, 61), (62, "mobility", np.nan, "")]
    sessions = pd.DataFrame({"sport": "mobility", "duration": 600.0, "elapsed": np.nan}, index=INDEX[[63]])
    found = measure("mobility", *entries, activities=sessions)
    assert found["done"].iloc[63] == 3
    assert found["reason"].iloc[59] == "not_logged"


def test_the_last_squat_test_counts_for_three_months():
    found = measure("squat_test", (5, "squat_test", 0, ""), (8, "squat_test", 1, ""))
    assert found["result"].iloc[[5, 8]].tolist() == [0, 1]
    assert found["age"].iloc[20] == 12
    assert found["reason"].iloc[99] == "stale"


def test_cooling_is_held_against_minutes_times_and_skin():
    entries = [*daily("cooling", 15, 50, 50, 50, 50), *daily("cooling", 25, 52), (52, "signs", np.nan, "skin_damage")]
    day = measure("cooling", *entries).iloc[52]
    assert (day["times"], day["longest"], day["skin"]) == (4, 25, 1)


@pytest.mark.parametrize(
    ("known", "written", "distance"), [(520_000, None, 520_000), (np.nan, 510, 510_000), (np.nan, None, np.nan)]
)
def test_signs_of_worn_shoes_stand_beside_their_distance(known, written, distance):
    entries: list[Entry] = [(50, "signs", np.nan, "uneven_sole flat_feeling")]
    entries += [] if written is None else [(50, "shoes", written, "")]
    found = {"shoes": pd.DataFrame({"distance": known}, index=INDEX)}
    day = measure("shoe_signs", *entries, found=found).iloc[50]
    assert day["flags"] == 2
    assert day["distance"] == pytest.approx(distance, nan_ok=True)
