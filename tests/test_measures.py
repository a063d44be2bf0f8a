"""Measures, with numbers worked by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loadlens.guidance import read_guidance
from loadlens.log import TEXT
from loadlens.measures import MEASURES
from loadlens.running_form import compare_recent, fit_lines
from loadlens.windows import look_back, row_medians, row_spreads, streaks

RULES = read_guidance().rules
MONDAY = "2024-01-01"


def days(count: int, start: str = MONDAY) -> pd.DatetimeIndex:
    return pd.date_range(start, periods=count, freq="D", name="date")


def series(values: list[float], start: str = MONDAY) -> pd.Series:
    return pd.Series(np.asarray(values, dtype=float), index=days(len(values), start))


def measure(rule: str, signal, **given) -> pd.DataFrame:
    spec = RULES[rule]
    return MEASURES[spec.measure](signal, **given, **spec.parameters)


def known(signal: pd.Series) -> pd.Series:
    return pd.Series(np.where(signal > 0, "run", np.where(signal.isna(), "unknown", "rest")), index=signal.index)


def longest(values: list[float], state: pd.Series | None = None) -> pd.DataFrame:
    signal = series(values)
    return measure("longest_run", signal, state=known(signal) if state is None else state)


# ---------------------------------------------------------------- windows
def test_a_window_ends_on_its_own_day():
    rows = look_back(np.array([1.0, 2, 3]), 2)
    assert rows[2].tolist() == [1, 2, 3]
    assert rows[0].tolist()[2] == 1
    assert np.isnan(rows[0][:2]).all()


def test_medians_and_spreads_skip_what_is_missing():
    rows = np.array([[1.0, np.nan, 3.0, 8.0], [np.nan] * 4, [2.0, 4.0, np.nan, np.nan]])
    middle = row_medians(rows)
    assert middle[[0, 2]].tolist() == [3, 3]
    assert np.isnan(middle[1])
    assert row_spreads(rows, middle)[0] == pytest.approx(1.4826 * 2)  # |1-3|, |3-3|, |8-3| -> 2


def test_a_streak_starts_anew_after_a_break():
    assert streaks(np.array([True, True, False, True])).tolist() == [1, 2, 0, 1]


# ---------------------------------------------------------------- longest run
WEEK = [0.0, 5000, 0, 5000, 0, 5000, 10_000]  # 25 km


def test_a_run_is_held_against_the_longest_of_thirty_days():
    found = longest([*WEEK * 5, 0, 16_000, 0])
    day = found.iloc[36]
    assert (day["ratio"], day["rise"], day["reference"]) == (1.6, 6000, 10_000)
    assert day["weekly"] == pytest.approx(110_000 / 30 * 7)  # four weeks of 25 km and one run of 10 km


def test_a_long_run_stays_in_sight_for_seven_days():
    found = longest([*WEEK * 5, 0, 16_000, *[0] * 8])
    assert found["ratio"].iloc[36:43].tolist() == [1.6] * 7
    assert found["ratio"].iloc[43] == 0  # a week without a run is 0 times the reference


def test_the_day_sum_is_not_a_session():
    """Two runs of 8 km on one day are a longest run of 8 km; the signal holds the longest session."""
    assert RULES["longest_run"].per_day == "max"


def test_the_longest_run_needs_thirty_days_and_four_runs():
    assert set(longest(WEEK * 5)["reason"].iloc[:30]) == {"history_too_short"}
    assert longest([*[0] * 32, 5000, 5000, 5000, 9000])["reason"].iloc[-1] == "too_few_runs"


def test_a_run_without_distance_bars_thirty_days():
    values = WEEK * 12
    values[40] = np.nan
    signal = series(values)
    state = known(signal).mask(signal.isna(), "run")
    reasons = longest(values, state)["reason"]
    assert set(reasons.iloc[40:71]) == {"no_distance"}
    assert reasons.iloc[39] == reasons.iloc[71] == ""


def test_a_fifth_of_unknown_days_is_let_pass():
    values = WEEK * 10
    for place in (40, 42, 44, 47, 49, 51):  # rest days and more: six of thirty
        values[place] = np.nan
    reasons = longest(values)["reason"]
    assert reasons.iloc[52] == ""
    assert reasons.iloc[51] == "unknown_days"  # the day itself
    values[45] = np.nan
    assert longest(values)["reason"].iloc[52] == "unknown_days"


# ---------------------------------------------------------------- two weeks
def two_weeks(weekly: list[float]) -> pd.DataFrame:
    values = [week / 7 for week in weekly for _ in range(7)]
    return measure("two_week_volume", series(values))


def test_two_weeks_are_held_against_the_median_week():
    """Ten even weeks of 30 km, then 45 and 45: spread² = 6 · 0.3² / 16 = 0.184²; log(1.5) / (0.184 / sqrt 2) = 3.12."""
    day = two_weeks([30_000] * 10 + [45_000] * 2).iloc[-1]
    assert day["ratio"] == pytest.approx(1.5)
    assert day["z"] == pytest.approx(3.121, abs=1e-3)
    assert day["rise"] == pytest.approx(15_000)


def test_the_own_spread_of_weeks_is_drawn_towards_that_of_other_runners():
    """Weeks of 20 and 40 km by turns: median of the logs log(28.3), each 0.347 off, own spread 1.4826 · 0.347 = 0.514.

    With 20 such weeks and the weight of six: spread² = (20 · 0.514² + 6 · 0.3²) / 26 = 0.473²; for 50 and 50 km
    log(50 / 28.28) / (0.473 / sqrt 2) = 1.70.
    """
    day = two_weeks([20_000, 40_000] * 10 + [50_000] * 2).iloc[-1]
    assert day["z"] == pytest.approx(1.70, abs=0.01)


def test_two_weeks_are_averaged_geometrically():
    """20 and 45 km: sqrt(900) = 30 km a week."""
    assert two_weeks([30_000] * 10 + [20_000, 45_000]).iloc[-1]["recent"] == pytest.approx(30_000)


def test_weeks_off_do_not_lower_the_reference():
    """A week off inside the ten is left out: the median stays 30 km."""
    day = two_weeks([30_000] * 5 + [0] + [30_000] * 4 + [33_000] * 2).iloc[-1]
    assert day["reference"] == pytest.approx(30_000)


def test_two_weeks_need_six_active_weeks():
    assert two_weeks([30_000] * 7).iloc[-1]["reason"] == "history_too_short"
    assert two_weeks([30_000] * 8).iloc[-1]["reason"] == ""


def test_after_two_weeks_off_a_runner_is_returning():
    found = two_weeks([30_000] * 10 + [0] * 2 + [30_000] * 4)
    assert set(found["reason"].iloc[70:84]) == {""}  # resting is no overload
    assert found["reason"].iloc[84] == "returning"
    assert found["reason"].iloc[-1] == ""


def test_a_few_unknown_days_are_bridged_by_the_mean_of_the_known():
    values = [30_000 / 7] * 84
    values[75] = values[80] = np.nan
    assert measure("two_week_volume", series(values)).iloc[-1]["ratio"] == pytest.approx(1)
    values[78] = np.nan  # three of fourteen is more than a fifth
    assert measure("two_week_volume", series(values)).iloc[-1]["reason"] == "unknown_days"


# ---------------------------------------------------------------- week against week
def weeks(weekly: list[float], lead: int = 0) -> pd.DataFrame:
    values = [0.0] * lead + [part for week in weekly for part in [week / 2, 0, 0, week / 2, 0, 0, 0]]
    start = pd.Timestamp(MONDAY) - pd.Timedelta(days=lead)
    return measure("weekly_increase", series(values, str(start.date())))


def test_a_full_week_is_held_against_the_week_before():
    """30 km after 25 km: +20 %, shown from the Sunday on."""
    found = weeks([25_000, 25_000, 30_000, 0])
    assert found["increase"].iloc[19] == 0
    assert found["increase"].iloc[20] == pytest.approx(20)
    assert found["increase"].iloc[26] == pytest.approx(20)


def test_weeks_run_from_monday_to_sunday_wherever_the_log_starts():
    found = weeks([25_000, 30_000], lead=3)
    assert found["increase"].iloc[-1] == pytest.approx(20)
    assert found["reason"].iloc[-2] == "history_too_short"


def test_after_a_down_week_the_mean_of_four_weeks_counts():
    """40, 40, 40, 20 km: their mean, 35 km, is more than 20 km; 42 km is then +20 %."""
    day = weeks([40_000, 40_000, 40_000, 20_000, 42_000]).iloc[-1]
    assert day["reference"] == 35_000
    assert day["increase"] == pytest.approx(20)


@pytest.mark.parametrize(("weekly", "reason"), [([8000, 9000], "low_base"), ([20_000, 0, 0, 20_000], "returning")])
def test_a_week_is_not_judged_without_a_base(weekly, reason):
    assert weeks(weekly)["reason"].iloc[-1] == reason


def test_one_unknown_day_leaves_two_weeks_unjudged():
    values = [5000.0] * 35
    values[16] = np.nan
    reasons = measure("weekly_increase", series(values))["reason"]
    assert reasons.iloc[13] == ""
    assert set(reasons.iloc[20:34]) == {"unknown_days"}
    assert reasons.iloc[34] == ""


# ---------------------------------------------------------------- resting heart rate
CALM = [50.0, 51.0, 52.0, 51.0] * 26
"""Resting heart rate with a median of 51 that differs by 1 from one day to the next."""


def test_the_last_days_are_weighted_and_the_usual_swing_is_taken_off():
    """52, 53, 54, 55, 56: (1 x 1 + 2 x 2 + 3 x 3 + 4 x 4 + 5 x 5) / 15 = 55 / 15 = 3.67 above 51; less 1 is 2.67."""
    found = measure("resting_heart_rate", series([*CALM, 52, 53, 54, 55, 56])).iloc[-1]
    assert found[["baseline", "swing"]].tolist() == [51, 1]
    assert found["rise"] == pytest.approx(55 / 15)
    assert found["recent"] == pytest.approx(51 + 55 / 15)
    assert found["excess"] == pytest.approx(55 / 15 - 1)


def test_an_unknown_day_gives_its_weight_to_the_others_and_is_no_difference():
    """Of the last five the second, third and fifth are known: weights 2, 3 and 5."""
    values = CALM.copy()
    values[40] = np.nan
    found = measure("resting_heart_rate", series([*values, np.nan, 52, 56, np.nan, 57])).iloc[-1]
    assert found["swing"] == 1
    assert found["rise"] == pytest.approx((2 * 1 + 3 * 5 + 5 * 6) / 10)


def test_one_bad_night_counts_for_ten_beats_at_most():
    """A night of 90 after 50, 51, 52, 51: (-1 x 1 + 1 x 3 + 10 x 5) / 15, where its 39 bpm would give 13."""
    found = measure("resting_heart_rate", series([*CALM, 90])).iloc[-1]
    assert found["rise"] == pytest.approx(52 / 15)
    assert found["excess"] < 3
    values = CALM.copy()
    values[60] = 90
    swing = measure("resting_heart_rate", series(values))["swing"].iloc[-1]
    assert swing == pytest.approx((81 * 1 + 2 * 10) / 83)  # two differences of 39, each counted as 10


def test_the_alarm_ends_soon_after_the_rise():
    """Six beats for two weeks, swing 1: 6 x 9 / 15 - 1 = 2.6 on the second day, 3.8 on the third.

    Back again it is 6 x 10 / 15 - 1 = 3 on the first day and 1.4 on the second.
    """
    excess = measure("resting_heart_rate", series([50.0] * 100 + [56.0] * 14 + [50.0] * 10))["excess"]
    assert excess.iloc[101:103].tolist() == pytest.approx([2.6, 3.8])
    assert excess.iloc[114:116].tolist() == pytest.approx([3, 1.4])
    assert (excess.iloc[100:] >= 3).sum() == 13


def test_no_day_is_judged_by_what_comes_after_it():
    values = [50.0, 53.0, 51.0, 54.0] * 30
    whole = measure("resting_heart_rate", series([*values, 70, 71, 72]))
    pd.testing.assert_frame_equal(measure("resting_heart_rate", series(values)), whole.iloc[:-3], check_freq=False)


def test_resting_heart_rate_needs_a_baseline_and_recent_days():
    reasons = measure("resting_heart_rate", series([50.0] * 40))["reason"]
    assert reasons.iloc[27] == "history_too_short"  # 20 values up to day -8
    assert reasons.iloc[28] == ""
    assert measure("resting_heart_rate", series([50.0] * 60 + [np.nan] * 3))["reason"].iloc[-1] == "too_few_values"
    assert measure("resting_heart_rate", series([50.0] * 60 + [np.nan] * 2))["reason"].iloc[-1] == ""
    assert set(measure("resting_heart_rate", series([np.nan] * 60))["reason"]) == {"no_resting_heart_rate"}


def test_a_mean_of_seven_days_is_not_believed_to_be_steady():
    """A value that never moves has a swing of 1: a rise of 3.5 leaves 2.5."""
    found = measure("resting_heart_rate", series([50.0] * 100 + [53.5] * 5)).iloc[-1]
    assert found[["rise", "swing", "excess"]].tolist() == [3.5, 1, 2.5]


def test_a_swing_needs_days_in_a_row():
    """Every other day has a value, but for the last five: 42 values in the baseline, and no pair of days in a row."""
    found = measure("resting_heart_rate", series([50.0, np.nan] * 50 + [50.0] * 5))
    assert found["reason"].iloc[-1] == "baseline_missing"


# ---------------------------------------------------------------- sleep, rest, strength
def test_sleep_is_averaged_over_the_nights_that_are_known():
    """Five nights of 6 h and two unknown: mean 6 h; with three unknown there is no answer."""
    assert measure("sleep", series([21_600.0] * 5 + [np.nan] * 2))["mean"].iloc[-1] == 21_600
    assert measure("sleep", series([21_600.0] * 4 + [np.nan] * 3))["reason"].iloc[-1] == "too_few_nights"


def rest(states: str, others: list[tuple[int, str, float]] = ()) -> pd.DataFrame:
    index = days(len(states))
    frame = pd.DataFrame({"state": [{"r": "run", "-": "rest", "?": "unknown"}[s] for s in states]}, index=index)
    sessions = pd.DataFrame(
        {"sport": [s for _, s, _ in others], "duration": [float(t) for _, _, t in others]},
        index=pd.DatetimeIndex([index[d] for d, _, _ in others]),
    ).assign(moving=np.nan, elapsed=np.nan)
    return measure("rest_days", frame, days=index, activities=sessions)


def test_days_in_a_row_without_a_full_rest_day_are_counted():
    found = rest("-" + "r" * 8)
    assert found["streak"].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8]
    assert found["run_free"].iloc[-1] == 0


def test_a_long_ride_ends_a_full_rest_day_and_a_walk_or_a_short_ride_does_not():
    """Of three days without a run one has a ride of 30 minutes: 3 run-free, 2 without any training."""
    found = rest("-rr-r-r", [(0, "walk", 5000), (3, "ride", 1800), (5, "ride", 1200)]).iloc[-1]
    assert (found["run_free"], found["activity_free"]) == (3, 2)


def test_a_session_of_unknown_length_leaves_the_day_open():
    assert rest("rrrrrr-", [(6, "ride", np.nan)])["reason"].iloc[-1] == "unknown_days"


def test_unknown_days_matter_only_when_no_rest_day_is_certain():
    assert rest("rrr?rrr")["reason"].iloc[-1] == "unknown_days"
    assert rest("r-r?rrr")["reason"].iloc[-1] == ""


def test_strength_is_counted_by_day_and_never_assumed_absent():
    """Eight days with strength in 28 are 2 a week; two sessions on one day count once."""
    index = days(70)
    dates = index[[42, 45, 49, 52, 56, 59, 63, 66, 66]]
    sessions = pd.DataFrame({"sport": "strength"}, index=dates)
    diary = pd.DataFrame({"kind": pd.Series(dtype=str), "value": pd.Series(dtype=float)}, index=pd.DatetimeIndex([]))
    state = pd.Series("rest", index=index)
    found = measure("strength", sessions, days=index, state=state, diary=diary)
    assert found["weekly"].iloc[69] == 2
    assert found["reason"].iloc[41] == "not_logged"


# ---------------------------------------------------------------- running form
def test_the_line_is_not_moved_by_an_outlier():
    x = np.linspace(2.5, 3.5, 15)[None, :]
    y = 120 + 15 * x + np.where(np.arange(15) == 7, 60, np.where(np.arange(15) % 2, 0.1, -0.1))
    slope, intercept, _ = fit_lines(x, y, np.ones_like(x, dtype=bool), (2, 30))
    assert intercept + 3.0 * slope == pytest.approx(165, abs=1)


def test_the_slope_is_bounded():
    x = np.array([[2.0, 3.0, 4.0]])
    slope, intercept, _ = fit_lines(x, 100 + 50 * x, np.ones_like(x, dtype=bool), (2, 30))
    assert slope[0] == 30
    assert intercept[0] + 3 * slope[0] == pytest.approx(250)


@pytest.mark.parametrize(("x", "error"), [(2.0, 0.75), (6.0, 4.75)])
def test_a_line_is_believed_where_it_was_drawn(x, error):
    """Line through x = 1, 1, 3, 3 with residuals of 1: spread 1.4826, mean 2, sum of squares 4.

    Two runs 10 above it: variance 1/2 + 1/4 + (x - 2)^2 / 4, which is 0.75 among its own speeds and 4.75 at x = 6.
    """
    points = pd.DataFrame({"x": [1.0, 1, 3, 3, x, x], "y": [1.0, -1, 1, -1, 10, 10]}, index=days(6))
    found = compare_recent(
        points, days(6), np.full(6, "", dtype=object), baseline_days=(5, 2), minimum_baseline=4, recent_runs=2,
        recent_days=7, slope_bounds=(-1, 1),
    ).iloc[-1]  # fmt: skip
    assert found["change"] == pytest.approx(10)
    assert found["change_se"] == pytest.approx(10 / (1.4826 * np.sqrt(error)))


def minutes_of(
    runs: int, drop_from: int = 10_000, slower: float = 0.0, drop: float = -5.0
) -> tuple[pd.DataFrame, pd.DatetimeIndex]:
    """A run every other day at alternating speeds, cadence 120 + 15 x speed, with alternating noise of 1 step."""
    rows = []
    for n in range(runs):
        speed = 2.7 + 0.2 * (n % 4) - (slower if n >= drop_from else 0)
        cadence = 120 + 15 * speed + (1 if n % 2 else -1) + (drop if n >= drop_from else 0)
        for minute in range(20):
            warm = minute < 5
            rows.append((2 * n, f"run-{n}", minute, speed, 100.0 if warm else cadence, 90.0))
    frame = pd.DataFrame(rows, columns=["day", "activity", "minute", "speed", "cadence", "vertical_oscillation"])
    frame = frame.assign(recorded=60.0, moving=1.0, grade=np.nan, heart_rate=np.nan, sub_sport="road")
    index = days(2 * runs)
    return frame.set_index(index[frame["day"]]), index


def test_cadence_is_compared_at_the_same_speed():
    """A slower month alone changes nothing; five steps fewer at the same speed are -5."""
    signal, index = minutes_of(60, drop_from=50, slower=0.3, drop=0.0)
    assert abs(measure("cadence", signal, days=index)["change"].iloc[-1]) < 1.5
    signal, index = minutes_of(60, drop_from=50, slower=0.3, drop=-5.0)
    day = measure("cadence", signal, days=index).iloc[-1]
    assert day["change"] == pytest.approx(-5, abs=1.1)
    assert day["change_se"] < -3


def test_cadence_waits_for_fifteen_runs_three_weeks_ago():
    signal, index = minutes_of(60)
    reasons = measure("cadence", signal, days=index)["reason"]
    assert reasons.iloc[13] == "too_few_runs"
    assert reasons.iloc[48] == "baseline_missing"  # runs on days 0 to 26: fourteen
    assert reasons.iloc[50] == ""


def test_cadence_says_when_recent_runs_are_too_long_ago():
    signal, index = minutes_of(60)
    longer = days(len(index) + 40)
    reasons = measure("cadence", signal, days=longer)["reason"]
    assert reasons.iloc[len(index) + 11] == ""  # the eighth last run lies 27 days back
    assert reasons.iloc[len(index) + 12] == "too_few_runs"


def test_cadence_falls_back_on_whole_runs_that_agree_with_each_other():
    signal, index = minutes_of(60, drop_from=50)
    runs = signal[signal["minute"] == 10].drop(columns=["minute", "recorded", "grade"])
    runs = runs.assign(moving=1800.0, duration=1800.0, distance=np.nan)
    assert measure("cadence", runs, days=index)["change"].iloc[-1] == pytest.approx(-5, abs=1.1)
    rough = runs.assign(cadence=runs["cadence"] + np.where(np.arange(len(runs)) % 4 < 2, 6, -6))
    assert measure("cadence", rough, days=index)["reason"].iloc[-1] == "wide_uncertainty"


def test_without_minutes_or_cadence_it_says_which():
    signal, index = minutes_of(20)
    assert set(measure("cadence", signal.iloc[:0], days=index)["reason"]) == {"no_minutes"}
    assert set(measure("cadence", signal.assign(cadence=np.nan), days=index)["reason"]) == {"no_cadence"}


def test_runs_on_a_treadmill_do_not_count_for_cadence_and_it_says_so():
    signal, index = minutes_of(60)
    assert set(measure("cadence", signal.assign(sub_sport="treadmill"), days=index)["reason"]) == {"runs_left_out"}
    mixed = signal.assign(sub_sport=np.where(signal["day"] == 0, "road", "treadmill"))
    assert measure("cadence", mixed, days=index)["reason"].iloc[-1] == "too_few_runs"


# ---------------------------------------------------------------- shoes
def shoes(runs: list[tuple[int, float, str | None]], count: int, start: float = np.nan) -> pd.DataFrame:
    index = days(count)
    signal = pd.DataFrame(
        {"distance": [d for _, d, _ in runs], "gear": pd.array([g for _, _, g in runs], dtype=TEXT)},
        index=pd.DatetimeIndex([index[day] for day, _, _ in runs]),
    )
    gear = pd.DataFrame({"gear": ["A"], "start_distance": [start]})
    return measure("shoes", signal, days=index, gear=gear)


def test_distance_on_shoes_grows_run_by_run_from_where_it_started():
    found = shoes([(0, 10_000, "A"), (2, 15_000, "A")], 4, start=590_000)
    assert found["distance"].tolist() == [600_000, 600_000, 615_000, 615_000]
    assert found["shoe"].iloc[-1] == "A"


def test_the_most_used_pair_in_use_is_shown_and_a_pair_set_aside_is_not():
    found = shoes([(0, 50_000, "A"), (10, 8000, "B"), (30, 8000, "B")], 60)
    assert found["shoe"].iloc[20] == "A"
    assert found["shoe"].iloc[40] == "B"
    assert found["reason"].iloc[58] == "stale"


def test_runs_without_shoes_named_make_an_interval():
    """590 km certain and 60 km unnamed after 100 km in the log: 600 km lies between, so nothing can be said."""
    runs = [(0, 50_000, "A"), (1, 60_000, None), (2, 50_000, "A")]
    assert shoes(runs, 3, start=490_000)["reason"].iloc[-1] == "shoes_uncertain"
    clear = shoes(runs, 3, start=100_000).iloc[-1]
    assert (clear["distance"], clear["possible"]) == (200_000, 260_000)


def test_the_day_of_replacement_is_projected_at_the_rate_of_four_weeks():
    """28 km in 28 days are 7 km a week; from 690 km the last 10 km take 10 days."""
    found = shoes([(day, 4000.0, "A") for day in range(0, 28, 4)], 28, start=662_000).iloc[-1]
    assert (found["distance"], found["weekly"]) == (690_000, 7000)
    assert pd.Timestamp(found["due"], unit="D") == pd.Timestamp(MONDAY) + pd.Timedelta(days=27 + 10)


def test_worn_or_idle_shoes_have_no_day_of_replacement():
    assert np.isnan(shoes([(0, 10_000, "A")], 1, start=695_000)["due"].iloc[-1])


def test_runs_before_the_first_in_a_pair_were_not_in_it():
    found = shoes([(0, 90_000, None), (5, 10_000, "A")], 6)
    assert found["possible"].iloc[-1] == 10_000
    assert found["reason"].iloc[0] == "no_shoes_named"


def test_a_run_in_the_pair_without_a_distance_makes_an_interval():
    """560 km certain and an hour without distance: at 50 km in four hours that is 12.5 km, at most 572.5 km."""
    signal = pd.DataFrame(
        {
            "distance": [50_000.0, np.nan, 10_000.0],
            "duration": [14_400.0, 3600.0, 3600.0],
            "gear": pd.array(["A"] * 3, dtype=TEXT),
        },
        index=days(3),
    )
    found = measure("shoes", signal, days=days(3), gear=pd.DataFrame({"gear": ["A"], "start_distance": [500_000.0]}))
    assert found["possible"].tolist() == [550_000, 562_500, 572_500]
    near = measure("shoes", signal, days=days(3), gear=pd.DataFrame({"gear": ["A"], "start_distance": [535_000.0]}))
    assert near["reason"].tolist() == ["", "", ""]  # 595 to 607.5 km: the missing part is small beside the 60 km since
    signal["duration"] = np.nan
    open_end = measure("shoes", signal, days=days(3), gear=pd.DataFrame({"gear": ["A"], "start_distance": [0.0]}))
    assert open_end["reason"].tolist() == ["", "shoes_uncertain", "shoes_uncertain"]


def test_past_the_last_mark_a_missing_distance_changes_nothing_and_has_no_upper_end():
    runs = [(0, 50_000, "A"), (1, np.nan, "A")]
    found = shoes(runs, 2, start=800_000).iloc[-1]
    assert (found["reason"], found["distance"]) == ("", 850_000)
    assert np.isnan(found["possible"])


def test_rotation_without_distances_is_not_assessable():
    index = days(28)
    signal = pd.DataFrame(
        {"distance": [30_000.0, np.nan, 30_000, 10_000], "gear": ["A", "B", "A", "B"]}, index=index[[3, 10, 17, 24]]
    )
    assert measure("shoe_rotation", signal, days=index).iloc[-1]["reason"] == "shoes_uncertain"


def test_rotation_is_the_share_of_the_main_pair():
    index = days(28)
    signal = pd.DataFrame(
        {"distance": [30_000.0, 10_000, 30_000, 10_000], "gear": ["A", "B", "A", "B"]}, index=index[[3, 10, 17, 24]]
    )
    day = measure("shoe_rotation", signal, days=index).iloc[-1]
    assert (day["main"], day["main_high"], day["pairs"]) == (0.75, 0.75, 2)


def test_runs_without_shoes_named_leave_the_rotation_between_two_ends():
    """60 km in A, 20 in B, 20 unnamed: A took 60 to 80 %."""
    index = days(28)
    metres, gear = [30_000.0, 10_000, 20_000, 30_000, 10_000], ["A", "B", None, "A", "B"]
    signal = pd.DataFrame({"distance": metres, "gear": gear}, index=index[[3, 10, 14, 17, 24]])
    day = measure("shoe_rotation", signal, days=index).iloc[-1]
    assert (day["main"], day["main_high"]) == (0.6, 0.8)


# ---------------------------------------------------------------- diary
def diary(entries: list[tuple[int, str, float, str]], count: int = 40, rule: str = "swelling") -> pd.DataFrame:
    index = days(count)
    signal = pd.DataFrame(
        {
            "kind": [k for _, k, _, _ in entries],
            "value": [v for _, _, v, _ in entries],
            "tags": [t for *_, t in entries],
        },
        index=pd.DatetimeIndex([index[d] for d, *_ in entries]),
    )
    return measure(rule, signal, days=index)


def test_one_entry_is_enough_and_stays_for_fourteen_days():
    found = diary([(10, "pain", 2.0, "swelling; stabbing")])
    assert found["flags"].iloc[10:25].tolist() == [1] * 15
    assert found["reason"].iloc[25] == "stale"
    assert found["reason"].iloc[9] == "no_diary"


def test_a_kind_with_value_zero_says_that_the_sign_is_absent():
    found = diary([(10, "swelling", 0.0, ""), (12, "swelling", np.nan, "")])
    assert found["flags"].iloc[10:13].tolist() == [0, 0, 1]


def test_a_later_entry_without_the_sign_does_not_mute_it():
    assert diary([(10, "pain", 5.0, "warmth"), (12, "pain", 0.0, "")])["flags"].iloc[12] == 1


def test_signs_of_an_injury_count_together_only_on_one_day():
    both = [(10, "pain", 9.0, "sudden_severe_pain audible_pop"), (10, "loss_of_function", np.nan, "")]
    assert diary(both, rule="sudden_pop")["flags"].iloc[10] == 3
    apart = [(10, "pain", 9.0, "sudden_severe_pain,audible_pop"), (11, "loss_of_function", np.nan, "")]
    assert diary(apart, rule="sudden_pop")["flags"].iloc[11] == 2


def test_clicking_is_minor():
    found = diary([(3, "pain", 1.0, "clicking")], rule="locking").iloc[3]
    assert (found["flags"], found["minor"]) == (0, 1)


def test_every_rule_gets_the_columns_it_speaks_of():
    """Rules with a measure declare units for columns the measure gives; findings refuse anything else."""
    index = days(3)
    found = measure("sleep", series([25_200.0] * 3))
    assert set(RULES["sleep"].units) <= set(found.columns)
    assert found.index.equals(index)
