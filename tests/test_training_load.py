"""Load indices, worked by hand from their definitions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loadlens.guidance import read_guidance
from loadlens.training_load import acute_chronic, monotony, session_load

RULES = read_guidance().rules


def series(values: list[float]) -> pd.Series:
    return pd.Series(np.asarray(values, dtype=float), index=pd.date_range("2024-01-01", periods=len(values), freq="D"))


def test_monotony_is_the_mean_day_over_the_sample_deviation():
    """Loads 300, 0, 400, 0, 300, 0, 500: mean 214.29, deviation 211.57 (squares 268,571 / 6), strain 1,500 x 1.013."""
    day = monotony(series([300, 0, 400, 0, 300, 0, 500]), window_days=7).iloc[-1]
    assert day["monotony"] == pytest.approx(1.0129, abs=1e-4)
    assert (day["load"], day["strain"]) == (1500, pytest.approx(1519.3, abs=0.1))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([100, 0, 0, 0, 0, 0], "history_too_short"),
        ([100, 0, np.nan, 0, 0, 0, 0], "load_unknown"),
        ([50] * 7, "load_constant"),
        ([0] * 7, "no_runs"),
    ],
)
def test_a_week_without_monotony_says_why(values, reason):
    assert monotony(series(values), window_days=7)["reason"].iloc[-1] == reason


def sessions(rows: list[tuple[int, float, float]], count: int = 4) -> pd.Series:
    index = pd.date_range("2024-01-01", periods=count, freq="D")
    frame = pd.DataFrame(
        {"rpe": [r for _, _, r in rows], "duration": [60 * m for _, m, _ in rows], "moving": np.nan, "elapsed": np.nan},
        index=pd.DatetimeIndex([index[d] for d, _, _ in rows]),
    )
    diary = pd.DataFrame({"kind": ["exertion"] * 2, "value": [4.0, 5.0], "tags": ["", ""]}, index=index[[1, 2]])
    state = pd.Series(["run", "run", "run", "unknown"][:count], index=index)
    return session_load(frame, diary, state)


def test_session_load_is_exertion_times_minutes_of_every_session():
    """40 min at 5 and 30 min at 3: 290; 60 min at the 4 of the diary: 240; an unknown day is not 0."""
    load = sessions([(0, 40, 5), (0, 30, 3), (1, 60, np.nan), (2, 50, np.nan), (2, 20, 2)])
    assert load.iloc[:2].tolist() == [290, 240]
    assert np.isnan(load.iloc[2])  # two sessions, and the diary does not say which
    assert np.isnan(load.iloc[3])


ACWR = {"acute_days": 7, "chronic_days": 28, "minimum_history_days": 28, "unknown_share": 0.2}


def test_the_coupled_ratio_holds_the_week_on_both_sides():
    """21 days of 10 and 7 of 20: 20 / 12.5 = 1.6 coupled, 20 / 10 = 2 uncoupled."""
    day = acute_chronic(series([10.0] * 21 + [20.0] * 7 + [20.0]), **ACWR).iloc[27 + 1]
    assert day["coupled"] == pytest.approx(20 / ((20 * 10 + 8 * 20) / 28))
    day = acute_chronic(series([10.0] * 28 + [20.0] * 7), **ACWR).iloc[-1]
    assert day["coupled"] == pytest.approx(1.6)
    assert day["uncoupled"] == pytest.approx(2.0)
    assert day["acute"] == pytest.approx(140)


def test_the_weighted_ratio_uses_two_over_n_plus_one():
    """After a long time at 10, one day of 20: (10 + 10 x 2/8) / (10 + 10 x 2/29) = 12.5 / 10.69."""
    day = acute_chronic(series([10.0] * 60 + [20.0]), **ACWR).iloc[-1]
    assert day["ewma"] == pytest.approx(12.5 / (10 + 20 / 29))
    assert day["least"] == pytest.approx(min(day["coupled"], day["uncoupled"], day["ewma"]))


def test_an_unknown_day_changes_no_weighted_mean():
    values = [10.0] * 60 + [20.0, np.nan]
    found = acute_chronic(series(values), **ACWR)["ewma"]
    assert found.iloc[-1] == found.iloc[-2]


def test_ratios_wait_for_their_history_and_for_a_return():
    found = acute_chronic(series([10.0] * 40 + [0.0] * 28 + [10.0]), **ACWR)["reason"]
    assert found.iloc[27] == "history_too_short"
    assert found.iloc[67] == "no_runs"
    assert found.iloc[68] == "returning"


def test_no_load_index_ever_raises_an_alarm():
    assert list(RULES["acute_chronic"].levels) == list(RULES["monotony"].levels) == ["note"]
