"""Hard minutes and hard days: the limit comes from the log, with its uncertainty, or there is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loadlens.guidance import read_guidance
from loadlens.measures import MEASURES

RULES = read_guidance().rules
START = pd.Timestamp("2024-01-01")
HARD_DAYS = (1, 4)


def minutes_of(
    weeks: int, tempo: int | list[int] = 20, easy: float = 140, hard: float = 165, column: str = "heart_rate"
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DatetimeIndex]:
    """Runs of 50 minutes on four days a week; on the second of them the last `tempo` minutes are hard."""
    tempos = tempo if isinstance(tempo, list) else [tempo] * weeks
    index = pd.date_range(START, periods=7 * weeks, freq="D", name="date")
    rows = []
    for week in range(weeks):
        for day in (0, 2, 4, 6):
            value = np.full(50, easy)
            if day == 2:
                value[50 - tempos[week] :] = hard
            rows.append(pd.DataFrame({"date": index[7 * week + day], "activity": f"{week}-{day}", column: value}))
    frame = pd.concat(rows)
    frame["minute"] = frame.groupby("activity").cumcount()
    blank = {"heart_rate": np.nan, "speed": 2.8, "cadence": 172.0 + frame["minute"] % 2, "grade": np.nan}
    frame = frame.assign(**{k: v for k, v in blank.items() if k not in frame}, recorded=60.0, sub_sport="road")
    dates = frame.groupby("activity", sort=False)["date"].first()
    runs = pd.DataFrame({"moving": 3000.0, "duration": 3000.0, "elapsed": 3000.0, "distance": 8000.0, "rpe": np.nan},
                        index=pd.DatetimeIndex(dates))  # fmt: skip
    return frame.set_index("date"), runs, index


def measure(signal, runs, index, **changes) -> pd.DataFrame:
    state = pd.Series(np.where(index.isin(runs.index), "run", "rest"), index=index)
    rule = RULES["intensity_minutes"]
    return MEASURES["intensity_minutes"](signal, days=index, runs=runs, state=state, **{**rule.parameters, **changes})


def test_the_limit_is_a_share_of_the_hardest_sustained_effort():
    """20 minutes at 165 bpm on end: 0.95 x 165 = 156.75; 20 hard minutes a week are then usual."""
    day = measure(*minutes_of(20)).iloc[-1]
    assert day["heart_rate"] == pytest.approx(156.75)
    assert (day["minutes"], day["usual"], day["ratio"]) == (20, 20, 1)


def test_twice_the_usual_hard_minutes_are_counted():
    """45 instead of 20 minutes: 2.25 times, 25 more."""
    day = measure(*minutes_of(20, [20] * 19 + [45])).iloc[-1]
    assert (day["ratio"], day["rise"]) == (2.25, 25)


def test_the_limit_does_not_rise_with_the_week_it_judges():
    """Only runs up to 8 days ago draw it: a week at 185 bpm is judged by the limit from 165."""
    signal, runs, index = minutes_of(20)
    last = signal.index >= index[-7]
    signal.loc[last & (signal["heart_rate"] > 160), "heart_rate"] = 185.0
    assert measure(signal, runs, index).iloc[-1]["heart_rate"] == pytest.approx(156.75)


def test_without_efforts_that_stand_clear_nothing_is_called_hard():
    """20 minutes at 146 bpm: the limit would be 138.7, below the usual run of 140."""
    assert measure(*minutes_of(20, hard=146))["reason"].iloc[-1] == "no_hard_runs"


def test_too_few_runs_draw_no_limit():
    found = measure(*minutes_of(20))["reason"]
    assert found.iloc[27] == "too_few_runs"  # 11 runs at least 8 days ago
    assert found.iloc[28] == "too_few_weeks"  # four whole weeks before the last 7 days: day 34
    assert found.iloc[34] == ""


def test_half_the_range_of_the_hardest_runs_is_the_doubt():
    """Efforts of 160, 165 and 170: limit 156.75, give or take 4.75; at 155 bpm nobody can tell."""
    signal, runs, index = minutes_of(20, easy=135)
    hard = signal["heart_rate"] > 160
    run = signal["activity"]
    signal.loc[hard & (run == "9-2"), "heart_rate"] = 175.0
    signal.loc[hard & (run != "9-2"), "heart_rate"] = 165.0
    found = measure(signal, runs, index).iloc[-1]
    assert found["heart_rate"] == pytest.approx(0.95 * 165)
    signal.loc[run == "19-2", "heart_rate"] = 154.0  # between 0.95 x 160 and 0.95 x 170
    found = measure(signal, runs, index).iloc[-1]
    assert (found["minutes"], found["minutes_high"]) == (0, 50)


def test_a_run_without_heart_rate_may_have_been_hard():
    """Up to the most of any day: 20 minutes now give 20 to 40."""
    signal, runs, index = minutes_of(20)
    bare = signal[signal["activity"] != "19-4"]
    day = measure(bare, runs, index).iloc[-1]
    assert (day["minutes"], day["minutes_high"]) == (20, 40)


def test_without_heart_rate_the_speed_gives_the_limit():
    """20 minutes at 3.6 m/s among runs at 2.8: 0.95 x 3.6 = 3.42 m/s. A treadmill or a slope is not comparable."""
    signal, runs, index = minutes_of(20, easy=2.8, hard=3.6, column="speed")
    day = measure(signal, runs, index).iloc[-1]
    assert day["speed"] == pytest.approx(3.42)
    assert (day["minutes"], day["usual"]) == (20, 20)
    down = signal.assign(grade=np.where(signal["speed"] > 3, -6.0, 0.0))
    assert measure(down, runs, index)["reason"].iloc[-1] == "no_hard_runs"


def test_a_heart_rate_that_counts_steps_is_not_believed():
    signal, runs, index = minutes_of(20)
    locked = signal["activity"] == "19-4"
    signal.loc[locked, "heart_rate"] = signal.loc[locked, "cadence"]
    day = measure(signal, runs, index).iloc[-1]
    assert day["minutes"] == 20


def test_hard_minutes_after_four_weeks_without_are_fresh():
    day = measure(*minutes_of(24, [20] * 18 + [0] * 5 + [20])).iloc[-1]
    assert day["fresh"] == 1
    assert measure(*minutes_of(24)).iloc[-1]["fresh"] == 0


# ---------------------------------------------------------------- hard days
def hard_days(hard: list[float], rpe: dict[int, float] | None = None, lost: tuple[int, ...] = ()) -> pd.DataFrame:
    """A run of 8 km on each day after four easy weeks, with so many hard minutes."""
    count = 28 + len(hard)
    index = pd.date_range(START, periods=count, freq="D", name="date")
    today = np.concatenate([np.zeros(28), hard])
    low, high = today.copy(), today.copy()
    for place in lost:
        low[28 + place], high[28 + place] = 0, 40
    minutes = pd.DataFrame({"today": low, "today_high": high, "reason": ""}, index=index)
    runs = pd.DataFrame({"distance": 8000.0, "rpe": np.nan}, index=index)
    for place, value in (rpe or {}).items():
        runs.iloc[28 + place, 1] = value
    return MEASURES["hard_easy"](
        runs,
        days=index,
        state=pd.Series("run", index=index),
        diary=pd.DataFrame({"kind": pd.Series(dtype=str), "value": pd.Series(dtype=float)}, index=pd.DatetimeIndex([])),
        found={"intensity_minutes": minutes},
        **RULES["hard_easy"].parameters,
    )


def test_hard_days_in_a_row_and_in_a_week_are_counted():
    day = hard_days([20, 5, 12, 15, 30]).iloc[-1]
    assert (day["in_row"], day["week"]) == (3, 4)


def test_exertion_makes_a_day_hard_and_a_lost_heart_rate_leaves_it_open():
    assert hard_days([20, 5, 5], rpe={1: 8.0}).iloc[-2]["in_row"] == 2
    day = hard_days([20, 5, 20], lost=(1,)).iloc[-1]
    assert (day["in_row"], day["in_row_high"]) == (1, 3)
