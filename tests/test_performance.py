"""Performance at the same heart rate, late in runs, and the minutes that are compared."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loadlens.guidance import read_guidance
from loadlens.measures import MEASURES
from loadlens.run_minutes import flag_locked, level_speed

RULES = read_guidance().rules
START = pd.Timestamp("2024-01-01")


@pytest.mark.parametrize(("grade", "cost"), [(0.0, 3.6), (10.0, 5.968), (-10.0, 2.151)])
def test_a_slope_costs_what_minettis_polynomial_says(grade, cost):
    """At +10 %: .001554 - .00304 - .0433 + .463 + 1.95 + 3.6 = 5.968 J/kg/m; on the level 3.6."""
    assert level_speed(np.array([3.0]), np.array([grade]))[0] == pytest.approx(3 * cost / 3.6, abs=1e-3)


def test_the_polynomial_is_near_what_the_paper_measured():
    """Measured cost: 18.93 +- 1.74 J/kg/m at +45 %, 1.73 +- 0.36 at -20 %."""
    cost = 3.6 * level_speed(np.ones(2), np.array([45.0, -20.0]))
    assert np.abs(cost - [18.93, 1.73]).tolist() <= [1.74, 0.36]


def test_an_unknown_grade_counts_as_level():
    assert level_speed(np.array([3.0]), np.array([np.nan]))[0] == 3


# ---------------------------------------------------------------- what is believed
def run_minutes(cadences: list[list[float]], heart: float = 140.0) -> pd.DataFrame:
    rows = [(START + pd.Timedelta(days=n), n, heart, c) for n, run in enumerate(cadences) for c in run]
    frame = pd.DataFrame(rows, columns=["date", "activity", "heart_rate", "cadence"])
    return frame.set_index("date")


def test_a_cadence_that_is_the_heart_rate_is_locked():
    frame = run_minutes([[140, 141, 139, 170], [140, 170, 171, 169]])
    found = flag_locked(frame, lock_width=2, lock_share=0.5)
    assert found.tolist() == [True] * 4 + [False] * 4


def test_a_cadence_that_never_moves_and_comes_back_is_no_measurement():
    frame = run_minutes([[168.0] * 3, [168.0] * 3, [171.0] * 3, [168, 169, 168]])
    assert flag_locked(frame, lock_width=2, lock_share=0.5).reshape(4, 3).all(axis=1).tolist() == [
        False, True, False, False,
    ]  # fmt: skip


# ---------------------------------------------------------------- performance
def performance(
    slower_from: int = 999,
    heat: tuple[float, float] = (0.0, 0.0),
    more_from: int = 999,
    weeks: int = 24,
    by: float = 0.95,
) -> pd.Series:
    """A run every other day: speed 2.8 + 0.04 x (heart rate - 140) at 134 to 146 bpm, with alternating noise."""
    index = pd.date_range(START, periods=7 * weeks, freq="D", name="date")
    rows = []
    for n, day in enumerate(range(0, 7 * weeks, 2)):
        heart = 134.0 + 4 * (n % 4)
        degrees = heat[1] if day >= slower_from else heat[0] + 10 * (n % 3 == 0)
        speed = (2.8 + 0.04 * (heart - 140)) * (by if day >= slower_from else 1) + (0.01 if n % 2 else -0.01)
        if heat[1]:
            speed = 2.8 + 0.04 * (heart - 140) - 0.01 * (degrees - 10) + (0.01 if n % 2 else -0.01)
        rows.append(pd.DataFrame({"date": index[day], "activity": n, "minute": np.arange(40), "speed": speed,
                                  "heart_rate": heart, "cadence": 170.0 + np.arange(40) % 2,
                                  "temperature": degrees if heat[1] else np.nan}))  # fmt: skip
    signal = pd.concat(rows).assign(recorded=60.0, moving=1.0, grade=0.0, sub_sport="road").set_index("date")
    day = np.arange(len(index))
    metres = pd.Series(np.where(day % 2, 0.0, 8000.0) * np.where(day >= more_from, 1.3, 1.0), index=index)
    return MEASURES["performance_fall"](
        signal, days=index, distance=metres, **RULES["performance_fall"].parameters
    ).iloc[-1]


def test_slower_at_the_same_heart_rate_is_measured_against_the_own_line():
    """Five per cent slower for two weeks, and 30 % more distance for four."""
    day = performance(slower_from=24 * 7 - 14, more_from=24 * 7 - 28)
    assert day["percent"] == pytest.approx(-5, abs=0.6)
    assert day["change_se"] < -3
    assert day["load"] == pytest.approx(30)


def test_nothing_changes_when_nothing_changes():
    day = performance()
    assert abs(day["percent"]) < 0.6
    assert day["load"] == pytest.approx(0)
    assert day["usual"] == pytest.approx(day["now"], abs=0.02)


def phase(slower: float = 0.0, strain: float = 0.0) -> pd.Series:
    """Runs at 140 + 25 x (speed - 2.8) bpm that scatter by 6 from run to run; those of the last two weeks differ."""
    index = pd.date_range(START, periods=7 * 24, freq="D", name="date")
    rows = []
    for n, day in enumerate(range(0, 7 * 24, 2)):
        late = day >= 24 * 7 - 14
        speed = 2.6 + 0.2 * (n % 3) - slower * late
        heart = 140 + 25 * (speed - 2.8) + (6 if n % 2 else -6) + strain * late
        rows.append(pd.DataFrame({"date": index[day], "activity": n, "minute": np.arange(40), "speed": speed,
                                  "heart_rate": heart, "cadence": 170.0 + np.arange(40) % 2}))  # fmt: skip
    signal = pd.concat(rows).assign(recorded=60.0, moving=1.0, grade=0.0, sub_sport="road", temperature=np.nan)
    metres = pd.Series(np.where(np.arange(len(index)) % 2, 0.0, 8000.0), index=index)
    return MEASURES["performance_fall"](
        signal.set_index("date"), days=index, distance=metres, **RULES["performance_fall"].parameters
    ).iloc[-1]


def test_running_slower_at_a_lower_heart_rate_is_no_fall():
    """Half a metre a second slower is 12.5 bpm lower, as the line has it, however much heart rate scatters."""
    assert abs(phase(slower=0.5)["percent"]) < 1
    assert abs(phase(slower=0.5)["change_se"]) < 0.5


def test_more_beats_at_the_same_speed_are_told_as_speed():
    """Eight beats at 25 bpm for one m/s are 0.32 m/s: 2.8 m/s where 3.12 used to go with that heart rate, -10.3 %."""
    day = phase(strain=8.0)
    assert day["now"] == pytest.approx(2.8)
    assert day["usual"] == pytest.approx(3.12, abs=0.02)
    assert day["percent"] == pytest.approx(100 * (2.8 / 3.12 - 1), abs=0.6)
    assert day["heart_rate"] == pytest.approx(148)
    assert phase(strain=-8.0)["percent"] > 10


def test_what_heat_explains_is_no_fall():
    """0.01 m/s lost for each degree: 30 instead of 10 or 20 degrees would look like 5 % slower."""
    assert abs(performance(slower_from=24 * 7 - 14, heat=(10.0, 30.0))["percent"]) < 1


def test_a_fall_needs_both_and_two_verdicts_to_call_for_action():
    rule = RULES["performance_fall"]
    for level in rule.levels.values():
        assert all({"percent", "load"} <= set(condition) for condition in level)
    assert "held" in rule.levels["act"][0]


# ---------------------------------------------------------------- late in runs
def late(column: str, last: int, drift: float = 0.0, fade: float = 0.0, slower: float = 0.0) -> pd.Series:
    """Long runs of 70 minutes once a week; in the last ones heart rate drifts, cadence fades or speed falls."""
    index = pd.date_range(START, periods=7 * 20, freq="D", name="date")
    rows = []
    for week in range(20):
        minute = np.arange(70)
        heart = 140.0 + (drift if week >= 20 - last else 0) * (minute >= 40)
        speed = 2.8 - (slower if week >= 20 - last else 0) * (minute >= 48)
        cadence = 170.0 + minute % 2 - (fade if week >= 20 - last else 0) * (minute >= 48)
        rows.append(pd.DataFrame({"date": index[7 * week + 6], "activity": week, "minute": minute, "speed": speed,
                                  "heart_rate": heart, "cadence": cadence}))  # fmt: skip
    signal = pd.concat(rows).assign(recorded=60.0, moving=1.0, grade=0.0, sub_sport="road").set_index("date")
    rule = RULES["decoupling" if column == "decoupling" else "cadence_fade"]
    return MEASURES["late_in_runs"](signal, days=index, **rule.parameters).iloc[-1]


def test_decoupling_is_the_loss_of_speed_for_a_heart_beat():
    """Minutes 10 to 69: halves of 30; 140 bpm, then 154: 1 - 140/154 = 9.1 %."""
    day = late("decoupling", 3, drift=14)
    assert day["now"] == pytest.approx(100 * (1 - 140 / 154))
    assert day["usual"] == pytest.approx(0, abs=0.1)
    assert day["change"] == pytest.approx(9.09, abs=0.1)


def test_cadence_fades_beyond_what_the_speed_explains():
    """Six steps fewer in the last third: at the same speed 6; when 0.2 m/s slower, 6 - 15 x 0.2 = 3."""
    assert late("fade", 3, fade=6)["change"] == pytest.approx(6, abs=0.2)
    assert late("fade", 3, fade=6, slower=0.2)["now"] == pytest.approx(3, abs=0.2)


def test_late_in_runs_is_only_ever_noted():
    assert list(RULES["decoupling"].levels) == list(RULES["cadence_fade"].levels) == ["note"]
