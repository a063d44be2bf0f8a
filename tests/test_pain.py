"""Pain that was written down, and the rest that follows it, with numbers worked by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from builders import INDEX, Entry, build_diary
from loadlens.guidance import read_guidance
from loadlens.measures import MEASURES

RULES = read_guidance().rules


def pains(*days: int, value: float = 2.0, tags: str = "") -> list[Entry]:
    return [(day, "pain", value, tags) for day in days]


def measure(
    rule: str, *entries: Entry, runs: tuple[int, ...] = (), unknown: tuple[int, ...] = (), sessions=()
) -> pd.DataFrame:
    """All days rest, but for the runs (8 km each) and the unknown ones; sessions are (day, sport)."""
    state = pd.Series("rest", index=INDEX)
    state.iloc[list(runs)], state.iloc[list(unknown)] = "run", "unknown"
    distance = pd.Series(np.where(state == "run", 8000.0, np.where(state == "unknown", np.nan, 0.0)), index=INDEX)
    done = pd.DataFrame({"sport": [s for _, s in sessions]}, index=INDEX[[d for d, _ in sessions]])
    given = {
        "days": INDEX,
        "state": state,
        "distance": distance,
        "activities": done,
        "runs": pd.DataFrame({"descent": 40.0}, index=INDEX[list(runs)]),
    }
    spec = RULES[rule]
    code = MEASURES[spec.measure]
    asked = {name: value for name, value in given.items() if name in code.__annotations__}
    return code(build_diary(*entries), **asked, **spec.parameters)


# ---------------------------------------------------------------- growing pain (G05)
def test_pain_rises_from_before_to_during_or_after():
    found = measure("pain_trend", (50, "pain", 1, "before"), (50, "pain", 4, "during"), (50, "pain", 2, "after"))
    day = found.iloc[50]
    assert (day["rise"], day["rises"], day["worst"]) == (3, 1, 3)
    assert np.isnan(day["morning"])
    assert found["reason"].iloc[49] == "no_diary"
    assert found["reason"].iloc[65] == "stale"


def test_two_of_the_last_three_runs_are_counted():
    runs = [(d, "pain", v, t) for d in (40, 43, 46) for v, t in ((1, "during"), (3 if d != 43 else 1, "after"))]
    assert measure("pain_trend", *runs).iloc[46]["rises"] == 2


def test_more_pain_the_next_morning_is_known_the_next_day():
    found = measure("pain_trend", (50, "pain", 1, "before"), (51, "pain", 2, "next_morning"))
    assert found["reason"].iloc[50] == "too_few_values"
    assert found.iloc[51]["morning"] == 1


def test_a_certain_rise_over_three_weeks_is_the_median_slope():
    """1 to 6 on every fourth day: every slope is 0.25 a day, over 20 days 5 points."""
    found = measure("pain_trend", *[(40 + 4 * n, "pain", v, "") for n, v in enumerate((1, 2, 3, 4, 5, 6))])
    assert found.iloc[60]["trend"] == pytest.approx(5)
    tied = measure("pain_trend", *[(40 + 2 * n, "pain", v, "") for n, v in enumerate((6, 6, 6, 7, 7, 7, 8, 8, 8))])
    assert tied.iloc[56]["trend"] > 0, "9 ties of 36 slopes: (36 - 1.96 x 9) / 2 = 9.2, and the tenth slope is above 0"
    unsure = measure("pain_trend", *[(40 + 4 * n, "pain", v, "") for n, v in enumerate((3, 1, 4, 1, 5, 3))])
    assert unsure.iloc[60]["trend"] == 0


def test_one_reading_says_nothing_about_growth():
    assert measure("pain_trend", (50, "pain", 3, ""))["reason"].iloc[50] == "too_few_values"


# ---------------------------------------------------------------- persistent, stairs, sitting (G29-G31)
def test_pain_on_four_of_seven_days_is_counted_and_zero_is_not_pain():
    found = measure("persistent_pain", *pains(50, 51, 53, 55), (54, "pain", 0, ""))
    assert found["pain_days"].iloc[[53, 55, 57]].tolist() == [3, 4, 3]


def test_one_stabbing_pain_is_enough_and_a_value_of_zero_denies_it():
    assert measure("persistent_pain", (50, "pain", 2, "stabbing")).iloc[50]["quality"] == 1
    assert measure("persistent_pain", (50, "pain", 0, "stabbing")).iloc[50]["quality"] == 0


def test_pain_on_stairs_is_shown_beside_the_descent_of_the_runs():
    found = measure(
        "pain_stairs_downhill", (50, "pain", 3, "stairs"), (51, "signs", np.nan, "downhill"), runs=(40, 45)
    ).iloc[51]
    assert (found["entries"], found["worst"], found["descent"]) == (2, 3, 80)


def test_no_pain_after_sitting_is_no_sign():
    found = measure("pain_after_sitting", (50, "pain", 0, "sitting"))
    assert found.iloc[50]["entries"] == 0
    assert np.isnan(measure("pain_stairs_downhill", (50, "pain", 0, "stairs")).iloc[50]["descent"])


# ---------------------------------------------------------------- two weeks of pain (G47)
TEN = tuple(range(80, 95))[::-1][:10]


def test_two_weeks_of_pain_despite_rest():
    """Pain on 10 of 15 days; 1 run in them, 28 in the 56 before: (1/15) / (28/56) = 13 %."""
    day = measure("pain_two_weeks", *pains(*TEN), runs=(*range(24, 80, 2), 82)).iloc[94]
    assert (day["pain_days"], day["rest_unknown"]) == (10, 0)
    assert day["run_share"] == pytest.approx(1 / 15 / 0.5)


def test_when_nobody_knows_whether_you_rested_it_says_so():
    day = measure("pain_two_weeks", *pains(*TEN), unknown=tuple(range(100))).iloc[94]
    assert (day["pain_days"], day["rest_unknown"]) == (10, 1)


# ---------------------------------------------------------------- rest (G35-G37)
def test_runs_in_the_week_after_moderate_pain_are_counted():
    found = measure("running_through_rest", *pains(50, value=5), runs=(50, 52, 56, 58))
    assert found["runs"].iloc[[52, 56, 58]].tolist() == [1, 2, 2]  # the day itself and the eighth do not count
    assert found["reason"].iloc[50] == "no_recent_pain"
    assert found["severe_runs"].max() == 0
    assert measure("running_through_rest", *pains(50, value=8), runs=(62,)).iloc[62]["severe_runs"] == 1


def test_light_pain_asks_for_no_stop():
    assert measure("running_through_rest", *pains(50, value=3), runs=(51,))["reason"].iloc[51] == "no_recent_pain"


def test_a_run_on_the_fifth_day_after_moderate_pain_comes_three_days_early():
    """Moderate asks 7 days; four days of rest and a run on the fifth: 3 are lacking."""
    found = measure("rest_by_severity", *pains(50, value=5), runs=(55,))
    assert found["lacking"].iloc[[54, 55]].tolist() == [0, 3]
    assert (found.iloc[55]["asked"], found.iloc[55]["rested"]) == (7, 4)


def test_rest_counts_from_the_last_day_with_the_worst_pain():
    found = measure("rest_by_severity", *pains(50, value=8), *pains(58, value=7), *pains(60, value=2), runs=(66,))
    assert (found.iloc[66]["asked"], found.iloc[66]["rested"], found.iloc[66]["lacking"]) == (14, 7, 7)


def test_light_pain_allows_half_the_usual():
    """Usual 8 km every second day, 4 km a day; 8 km in the three days after light pain: 2/3 of it."""
    found = measure("rest_by_severity", *pains(60, value=2), runs=(*range(30, 60, 2), 62))
    assert found.iloc[63]["load"] == pytest.approx(2 / 3)
    assert np.isnan(found.iloc[61]["load"])
    assert found.iloc[63]["lacking"] == 0


def test_rest_on_unknown_days_is_not_known():
    assert measure("rest_by_severity", *pains(50, value=5), unknown=(52,))["reason"].iloc[53] == "unknown_days"


def test_activity_counts_while_there_is_pain():
    sessions = [(47, "swim"), (49, "ride"), (49, "run")]
    found = measure("stay_active", *pains(50), (49, "pain", 3, "cross_training"), sessions=sessions).iloc[50]
    assert (found["active"], found["painless"]) == (2, 1)
    assert measure("stay_active", *pains(50)).iloc[50]["painless"] == 0
    assert measure("stay_active", *pains(50), unknown=(48,))["reason"].iloc[50] == "unknown_days"
    assert measure("stay_active", (50, "pain", 0, ""))["reason"].iloc[50] == "no_recent_pain"


def test_pain_in_another_sport_and_walks_on_bad_days():
    found = measure("cross_training", (50, "pain", 2, "cross_training"), (52, "pain", 4, ""),
                    sessions=[(50, "ride"), (51, "walk"), (52, "walk")]).iloc[52]  # fmt: skip
    assert (found["worst"], found["walks"], found["gentle"]) == (2, 1, 1)
