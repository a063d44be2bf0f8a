"""Recordings: time is counted, never rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loadlens.formats.gait import counts_one_foot, went_like_a_run
from loadlens.formats.recordings import (
    divide_minutes,
    measure_path,
    order_records,
    summarise_recording,
)

START = pd.Timestamp("2026-03-01 08:00:00")


def build_recording(seconds, **columns) -> dict[str, np.ndarray]:
    """A recording with samples at these seconds after eight o'clock."""
    milliseconds = np.round(1000 * np.array(seconds, float)).astype("timedelta64[ms]")
    values = {name: np.array(column, float) for name, column in columns.items()}
    return {"time": np.datetime64(START, "ms") + milliseconds} | values


def divide(records, **known) -> pd.DataFrame:
    """The minutes as a table."""
    return pd.DataFrame(divide_minutes(records, **known))


def at(seconds: float) -> float:
    """Seconds since 1970 of a moment after eight o'clock."""
    return START.timestamp() + seconds


def test_a_sample_counts_for_the_time_until_the_next_one():
    """150 bpm for 10 s and 120 bpm for 50 s are 125 bpm, though there are ten samples of the one, five of the other."""
    seconds = [*range(10), *range(10, 61, 10)]
    rate = [150.0] * 10 + [120.0] * 6
    minutes = divide(build_recording(seconds, heart_rate=rate))
    assert minutes["minute"].tolist() == [0]
    assert minutes["recorded"].tolist() == [60.0]
    assert minutes["heart_rate"].iloc[0] == pytest.approx(125.0)


def test_distance_is_shared_between_minutes_where_no_sample_stands_on_the_border():
    """Samples every 8 s at 3 m/s: the first minute ends between two samples and still has 180 m."""
    seconds = np.arange(0, 121, 8.0)
    minutes = divide(build_recording(seconds, distance=3.0 * seconds))
    assert minutes["distance"].tolist() == pytest.approx([180.0, 180.0])
    assert minutes["speed"].tolist() == pytest.approx([3.0, 3.0])


def test_a_stopped_timer_is_not_recorded_time():
    """Stopped from second 30 to 90: half of minutes 0 and 1 remain, and the metres between are left out."""
    seconds = np.array([*range(31), *range(90, 121)], float)
    distance = np.concatenate((3.0 * np.arange(31), 95.0 + 3.0 * np.arange(31)))
    minutes = divide(build_recording(seconds, distance=distance), stops=np.array([[at(30), at(90)]]))
    assert minutes["recorded"].tolist() == [30.0, 30.0]
    assert minutes["distance"].tolist() == pytest.approx([90.0, 90.0])


def test_a_stop_without_an_end_lasts_until_the_end():
    seconds = np.arange(0, 121.0)
    minutes = divide(build_recording(seconds, distance=seconds), stops=np.array([[at(60), 1e11]]))
    assert minutes["minute"].tolist() == [0]
    assert minutes["recorded"].tolist() == [60.0]


@pytest.mark.parametrize(
    ("gained", "recorded"),
    [(300.0, 160.0), (5.0, 61.0)],  # 100 s without samples: run through at 3 m/s, or stood still
)
def test_a_gap_counts_when_the_distance_went_on(gained: float, recorded: float):
    seconds = np.array([*range(31), *range(130, 161)], float)
    distance = np.concatenate((3.0 * np.arange(31), 90.0 + gained + 3.0 * np.arange(31)))
    minutes = divide(build_recording(seconds, distance=distance))
    assert minutes["recorded"].sum() == pytest.approx(recorded)
    assert minutes["distance"].sum() == pytest.approx(180.0 + gained)


def test_a_gap_counts_whole_when_the_timer_is_known_to_have_run():
    seconds = np.array([*range(31), *range(130, 161)], float)
    minutes = divide(build_recording(seconds, distance=seconds * 0.1), stops=np.empty((0, 2)))
    assert minutes["recorded"].sum() == pytest.approx(160.0)


def test_two_samples_far_apart_are_an_hour_at_most():
    """Nothing is known of what was between them."""
    minutes = divide(build_recording([0, 200_000], heart_rate=[140.0, 141.0]))
    assert minutes["recorded"].sum() == 3600.0


def test_sparse_platforms_are_not_all_gaps():
    """One sample a minute is the usual step there."""
    seconds = np.arange(0, 601, 60.0)
    minutes = divide(build_recording(seconds, heart_rate=np.full(11, 140.0)))
    assert minutes["recorded"].tolist() == [60.0] * 10


def test_standing_shows_in_moving_and_not_in_the_cadence():
    """30 s at 170 steps a minute, 30 s at rest: the cadence is 170, half of the time was in motion."""
    cadence = np.where(np.arange(61) < 30, 170.0, 0.0)
    speed = np.where(np.arange(61) < 30, 3.0, 0.0)
    minutes = divide(build_recording(np.arange(61.0), cadence=cadence, speed=speed))
    assert minutes["cadence"].tolist() == [170.0]
    assert minutes["moving"].tolist() == [0.5]
    assert minutes["distance"].tolist() == [90.0]  # from the speed, there being no distance


def test_motion_is_told_by_distance_or_steps_where_no_speed_is_recorded():
    distance = np.minimum(3.0 * np.arange(61), 90.0)
    minutes = divide(build_recording(np.arange(61.0), distance=distance))
    assert minutes["moving"].iloc[0] == pytest.approx(0.5, abs=0.1)
    steps = np.where(np.arange(61) < 45, 160.0, 0.0)
    assert divide(build_recording(np.arange(61.0), cadence=steps))["moving"].tolist() == [0.75]
    assert divide(build_recording(np.arange(61.0)))["moving"].isna().all()


def test_the_grade_is_the_slope_of_altitude_on_distance():
    """5 m up in every 100 m, with altitude noise of half a metre to and fro."""
    distance = 3.0 * np.arange(121)
    altitude = 0.05 * distance + np.where(np.arange(121) % 2, 0.5, -0.5)
    minutes = divide(build_recording(np.arange(121.0), distance=distance, altitude=altitude))
    assert minutes["grade"].tolist() == pytest.approx([5.0, 5.0], abs=0.1)


def test_no_grade_from_a_few_metres_or_from_impossible_heights():
    distance = 0.2 * np.arange(61)  # 12 m
    low = build_recording(np.arange(61.0), distance=distance, altitude=distance)
    assert divide(low)["grade"].isna().all()
    high = build_recording(np.arange(61.0), distance=3.0 * distance, altitude=np.full(61, 12_606.8))
    assert divide(high)["grade"].isna().all()


def test_a_distance_that_starts_again_goes_on_from_where_it_was():
    """100 m, then a counter at zero, then 100 m."""
    distance = np.concatenate((np.linspace(0, 300, 31), np.linspace(0, 300, 31)))
    minutes = divide(build_recording(np.arange(62.0), distance=distance))
    assert minutes["distance"].sum() == pytest.approx(600.0)


def test_damage_does_not_run_to_the_moon():
    distance = 3.0 * np.arange(121)
    distance[50] = 14_316_841.0
    minutes = divide(build_recording(np.arange(121.0), distance=distance))
    assert minutes["distance"].sum() == pytest.approx(360.0, abs=10)


def test_minutes_begin_at_the_start_of_the_session():
    """A first sample 20 s after the start: minute 0 has 40 s, and the metres before it count."""
    seconds = np.arange(20.0, 61.0)
    minutes = divide(build_recording(seconds, distance=3.0 * seconds), start=START.timestamp())
    assert minutes["recorded"].tolist() == [40.0]
    assert minutes["distance"].tolist() == pytest.approx([180.0])


def test_missing_is_not_zero():
    rate = np.where(np.arange(121) < 60, np.nan, 150.0)
    minutes = divide(build_recording(np.arange(121.0), heart_rate=rate))
    assert np.isnan(minutes["heart_rate"].iloc[0])
    assert minutes["heart_rate"].iloc[1] == 150.0
    assert minutes["distance"].isna().all()


@pytest.mark.parametrize("seconds", [[], [0.0]])
def test_fewer_than_two_samples_have_no_minutes(seconds: list[float]):
    assert divide(build_recording(seconds)).empty


def test_samples_are_put_in_order_and_joined():
    """Some writers give heart rate and distance in two rows of one second."""
    records = build_recording([0, 2, 1, 1], heart_rate=[140.0, 142.0, 141.0, np.nan], distance=[0.0, 6.0, np.nan, 3.0])
    late = {"time": np.array(["NaT"], "datetime64[ms]"), "heart_rate": np.array([150.0]), "distance": np.array([9.0])}
    records = {name: np.append(records[name], late[name]) for name in records}
    ordered, found = order_records(records)
    assert ordered["heart_rate"].tolist() == [140.0, 141.0, 142.0]
    assert ordered["distance"].tolist() == [0.0, 3.0, 6.0]
    assert found == {"untimed": 1, "disordered": 1, "joined": 1}


def test_a_heart_rate_of_zero_is_missing():
    ordered, _ = order_records(build_recording([0, 1], heart_rate=[0.0, 140.0]))
    assert np.isnan(ordered["heart_rate"]).tolist() == [True, False]


def test_totals_of_a_recording():
    """Two minutes at 3 m/s and 150 bpm, one minute standing at 120 bpm."""
    speed = np.where(np.arange(181) < 120, 3.0, 0.0)
    rate = np.where(np.arange(181) < 120, 150.0, 120.0)
    records = build_recording(np.arange(181.0), speed=speed, heart_rate=rate, power=np.zeros(181))
    total = summarise_recording(records, divide_minutes(records))
    assert total["duration"] == total["elapsed"] == 180.0
    assert total["distance"] == pytest.approx(360.0)
    assert total["moving"] == pytest.approx(120.0)
    assert total["speed"] == pytest.approx(2.0)
    assert total["heart_rate"] == pytest.approx(140.0)
    assert total["max_heart_rate"] == 150.0
    assert np.isnan(total["power"])


@pytest.mark.parametrize(
    ("cadence", "sport", "doubled"),
    [(85.0, "run", True), (172.0, "run", False), (58.0, "walk", True), (112.0, "walk", False)],
)
def test_strides_and_steps_are_told_apart(cadence: float, sport: str, doubled: bool):
    assert counts_one_foot(np.full(10, cadence), sport)[0] is doubled


def test_step_length_decides_when_it_is_known():
    """60 strides a minute for 30 min with steps of 0.8 m are 2 x 60 x 30 x 0.8 = 2880 m; as steps only 1440."""
    doubled, evidence = counts_one_foot(np.full(10, 100.0), "walk", 1800.0, 4800.0, 0.8)
    assert doubled
    assert "4800 m" in evidence
    assert counts_one_foot(np.full(10, 110.0), "run", 1800.0, 2640.0, 0.8)[0] is False


def test_nothing_is_doubled_without_steps():
    assert counts_one_foot(np.array([0.0, np.nan]), "run") == (False, "")


def test_a_path_is_measured_on_the_sphere():
    """One degree of latitude is 111.2 km; a fix at (0, 0) and a jump there and back add nothing."""
    latitude = np.array([52.0, 53.0, 0.0, 10.0, 53.0])
    longitude = np.array([5.0, 5.0, 0.0, 5.0, 5.0])
    time = build_recording([0, 5000, 5001, 5002, 5003])["time"]
    path = measure_path(latitude, longitude, time)
    assert path[1] == pytest.approx(111_195, abs=1)
    assert np.isnan(path[2])
    assert path[4] == path[1]


def test_a_hundred_thousand_samples_make_1667_minutes():
    seconds = np.arange(100_000.0)
    records = build_recording(seconds, distance=3 * seconds, heart_rate=np.full(100_000, 140.0), altitude=seconds % 50)
    minutes = divide(records)
    assert len(minutes) == 1667


RULES = {"middle": [1.9, 5.0], "fast": 6.0, "steps": [130, 230]}


@pytest.mark.parametrize(
    ("speed", "cadence", "run"),
    [
        ([3.0, 3.1, 3.0], [], True),
        ([3.0, 3.1, 3.0], [82, 84, 0], True),  # strides of one foot: 166 steps
        ([3.0, 3.1, 3.0], [60, 61, 60], False),  # legs that turn 60 times a minute turn a crank
        ([1.2, 1.3, np.nan], [], False),  # a walk
        ([4.0, 4.0, 12.0, 12.0], [], False),  # downhill on wheels
        ([np.nan], [84], False),  # nothing is known of the speed
    ],
)
def test_what_went_like_a_run(speed, cadence, run):
    assert went_like_a_run(np.array(speed), np.array(cadence, float), RULES) is run
