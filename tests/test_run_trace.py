"""A run is laid out by time: irregular samples, stops, walks, lost signals, and what was not recorded at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import loadlens as ll
from builders import build_activities, build_log
from loadlens.drawing.run_trace import find_run, trace_minutes, trace_run, trace_samples
from loadlens.log import LogError, RunningLog, conform, describe_columns
from test_fit import START, activity, build, event, message, run, session, stamp

RECORDS = list(describe_columns()["records"])


def made_records(elapsed, **columns) -> pd.DataFrame:
    """Samples at these seconds; distance, speed ... as given, everything else not recorded."""
    frame = pd.DataFrame({"elapsed": np.asarray(elapsed, float)} | columns)
    return frame.reindex(columns=RECORDS).astype({name: float for name in RECORDS if name != "time_utc"})


def made_minutes(speeds: list[float], **columns) -> pd.DataFrame:
    """One row for each minute, recorded whole and run at these speeds [m/s]."""
    frame = pd.DataFrame({"activity": "run-0", "minute": range(len(speeds)), "speed": speeds, "recorded": 60.0})
    return conform("minutes", frame.assign(distance=frame["speed"] * 60, **columns))[0]


def with_minutes(log: RunningLog, minutes: pd.DataFrame) -> RunningLog:
    return replace(log, minutes=minutes)


def test_a_steady_run_has_one_pace_from_beginning_to_end():
    seconds = np.arange(601)
    table, stops = trace_samples(made_records(seconds, distance=3.0 * seconds, heart_rate=150.0))
    assert table["speed"].to_numpy() == pytest.approx(np.full(61, 3.0))
    assert table["distance"].iloc[-1] == pytest.approx(1800)
    assert set(table["heart_rate"]) == {150.0}
    assert table[["cadence", "altitude", "grade"]].isna().all(axis=None)
    assert stops.empty


def test_pace_goes_by_time_and_not_by_samples():
    """Seconds 0 to 300 every second at 4 m/s, then one sample in 8 s at 2 m/s: a mean over rows would say 3.9."""
    dense, sparse = np.arange(301), np.arange(308, 605, 8)
    metres = np.concatenate([4.0 * dense, 1200 + 2.0 * (sparse - 300)])
    table, _ = trace_samples(made_records(np.concatenate([dense, sparse]), distance=metres))
    assert table["speed"].iloc[10] == pytest.approx(4.0)
    assert table["speed"].iloc[50] == pytest.approx(2.0)


def test_a_stop_of_the_timer_is_a_gap_and_not_a_slow_pace():
    """300 s at 3 m/s, two minutes of stopped timer, 300 s at 3 m/s."""
    seconds = np.concatenate([np.arange(301), np.arange(420, 721)])
    timer = np.concatenate([np.arange(301), np.arange(300, 601)])
    table, stops = trace_samples(made_records(seconds, distance=3.0 * timer, timer_time=timer))
    assert table["speed"].dropna().min() == pytest.approx(3.0)
    assert stops[["time", "distance", "length"]].to_numpy().tolist() == [[300.0, 900.0, 120.0]]
    assert table.loc[table["speed"].isna(), "time"].tolist() == [300.0]  # the line breaks where the stop was


def test_auto_pause_without_word_of_the_timer_is_a_stop_too():
    """The watch wrote nothing for two minutes and the distance did not move."""
    seconds = np.concatenate([np.arange(301), np.arange(421, 722)])
    metres = 3.0 * np.concatenate([np.arange(301), np.arange(300, 601)])
    _, stops = trace_samples(made_records(seconds, distance=metres))
    assert stops["length"].tolist() == [121.0]


def test_a_lost_signal_is_no_stop_when_the_distance_went_on():
    """Two minutes without a sample, 360 m further on: 3 m/s all along, but the heart rate of that time is unknown."""
    seconds = np.concatenate([np.arange(301), np.arange(420, 721)])
    table, stops = trace_samples(made_records(seconds, distance=3.0 * seconds, heart_rate=150.0))
    assert stops.empty
    assert table["speed"].to_numpy() == pytest.approx(np.full(len(table), 3.0))
    lost = table["time"].between(310, 410)
    assert table.loc[lost, "heart_rate"].isna().all()
    assert table.loc[~lost, "heart_rate"].notna().all()


def test_standing_with_the_timer_on_is_a_stop_and_a_walk_is_not():
    """Five minutes at 3 m/s, two of standing, two of walking at 1.5 m/s."""
    speed = np.repeat([3.0, 0.0, 1.5], [300, 120, 120])
    metres = np.append(0.0, np.cumsum(speed))
    table, stops = trace_samples(made_records(np.arange(541), distance=metres, timer_time=np.arange(541.0)))
    assert len(stops) == 1
    assert stops["length"].iloc[0] == pytest.approx(120, abs=35)  # the pace is a mean over 30 s
    walked = table[table["time"].between(450, 520)]
    assert walked["speed"].to_numpy() == pytest.approx(np.full(len(walked), 1.5))


def test_a_jump_that_nobody_runs_has_no_pace():
    """Ten minutes at 3 m/s, then the treadmill is set right: 1000 m in a second."""
    metres = np.append(3.0 * np.arange(601), 2800.0)
    table, _ = trace_samples(made_records(np.arange(602), distance=metres))
    assert table["distance"].iloc[-1] == 2800
    assert table["speed"].dropna().to_numpy() == pytest.approx(np.full(table["speed"].count(), 3.0))
    assert table["speed"].isna().sum() == 2  # the means that reach into the jump


def test_without_distance_or_speed_there_is_no_pace():
    table, stops = trace_samples(made_records(np.arange(601), heart_rate=150.0))
    assert table[["distance", "speed"]].isna().all(axis=None)
    assert table["heart_rate"].notna().all()
    assert stops.empty


@pytest.mark.parametrize("elapsed", [[], [0.0]])
def test_too_few_samples_give_an_empty_trace(elapsed):
    table, stops = trace_samples(made_records(elapsed))
    assert (len(table), len(stops)) == (0, 0)


def test_a_clock_that_jumps_years_does_not_fill_the_memory():
    table, _ = trace_samples(made_records([0.0, 1.0, 2.0, 3e8, 3e8 + 1], distance=[0.0, 3, 6, 9, 12]))
    assert len(table) < 20
    endless, _ = trace_samples(made_records(np.arange(0, 9e6, 600.0), distance=np.arange(0, 9e6, 600.0)))
    assert len(endless) == 601


@settings(deadline=None)
@given(
    steps=st.lists(st.integers(1, 400), min_size=2, max_size=40),
    speeds=st.lists(st.floats(0, 6), min_size=40, max_size=40),
)
def test_distance_never_falls_and_time_with_the_timer_never_exceeds_the_clock(steps, speeds):
    elapsed = np.append(0.0, np.cumsum(steps))
    metres = np.append(0.0, np.cumsum(np.array(steps) * speeds[: len(steps)]))
    table, stops = trace_samples(made_records(elapsed, distance=metres))
    assert (np.diff(table["distance"].dropna()) >= -1e-6).all()
    assert table["time"].is_monotonic_increasing
    assert table["time"].iloc[-1] <= elapsed[-1] + 1e-6
    assert table["distance"].max() == pytest.approx(metres[-1], abs=1e-6)
    assert (stops["length"] >= 30).all()


def test_minutes_stand_at_their_middle_and_lost_ones_are_a_stop():
    """Minutes 0, 1 and 5 at 3 m/s: three minutes are missing between them."""
    minutes = made_minutes([3.0, 3.0, 3.0]).assign(minute=pd.array([0, 1, 5], dtype="Int64"))
    table, stops = trace_minutes(minutes)
    assert table.loc[table["speed"].notna(), "time"].tolist() == [30.0, 90.0, 150.0]
    assert table.loc[table["speed"].notna(), "distance"].tolist() == [90.0, 270.0, 450.0]
    assert stops.to_numpy().tolist() == [[120.0, 360.0, 180.0]]


def test_a_run_is_found_by_id_by_row_and_by_day():
    log = build_log(build_activities([("2024-03-01", 5_000), ("2024-03-03", 8_000)]))
    assert find_run(log, "run-1")["distance"] == 8_000
    assert find_run(log, 1)["distance"] == 8_000
    assert find_run(log, "2024-03-03")["distance"] == 8_000
    assert find_run(log, pd.Timestamp("2024-03-03 17:00").date())["distance"] == 8_000


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("2024-03-01", "2024-03-01: has 2 runs; would be right: one of run-0, run-1"),
        ("2024-03-04", "2024-03-04: no run on that day; the nearest one is run-2"),
        (3, "activity 3: no such row; would be right: 0 to 2"),
        (-1, "no such row"),
        ("tempo", "'tempo': no such activity"),
        (None, "None: no such activity"),
    ],
)
def test_what_is_not_one_run_is_refused_with_what_there_is(asked, said):
    log = build_log(build_activities([("2024-03-01", 5_000), ("2024-03-01", 6_000), ("2024-03-03", 8_000)]))
    with pytest.raises(LogError, match=said):
        find_run(log, asked)


def test_a_ride_has_no_pace_and_an_empty_log_no_run():
    log = build_log(build_activities([("2024-03-01", 5_000)]).assign(sport="ride"))
    with pytest.raises(LogError, match="is cycling; would be right: a run"):
        find_run(log, 0)
    with pytest.raises(LogError, match="no run on that day"):
        find_run(build_log(build_activities([])), "2024-03-01")


def test_what_the_log_has_decides_what_the_trace_is_made_of(tmp_path: Path):
    """Samples while the file lies there, else minutes, else totals only."""
    laps = [message("lap", (253, "I", stamp(START) + 60 * n), (2, "I", stamp(START) + 60 * (n - 1)),
                    (7, "I", 60_000), (8, "I", 60_000), (9, "I", 18_000)) for n in (1, 2)]  # fmt: skip
    path = tmp_path / "a.fit"
    path.write_bytes(
        build(*run(), event(0, 0), event(120, 4), *laps, session(START, 120, (9, "I", 36_000)), activity(1))
    )
    log = ll.read(path)
    trace = trace_run(log, 0)
    assert trace.made_of == "samples"
    assert trace.laps.to_numpy().tolist() == [[2, 60.0, 180.0]]
    path.unlink()
    by_minute = trace_run(log, 0)
    assert by_minute.made_of == "minutes"
    assert by_minute.table["speed"].dropna().to_numpy() == pytest.approx([3.0, 3.0])
    assert by_minute.laps["distance"].tolist() == pytest.approx([180.0])
    bare = trace_run(with_minutes(log, log.minutes.iloc[:0]), 0)
    assert (bare.made_of, len(bare.table), bare.knows("speed")) == ("totals", 0, False)


def test_every_real_recording_on_foot_has_a_trace(corpus: Path):
    """Distance of the trace and of the totals agree where both are known."""
    seen = 0
    for path in sorted((corpus / "fit").glob("running_page*.fit"))[:4]:
        log = ll.read(path)
        trace = trace_run(log, 0)
        assert trace.made_of == "samples"
        assert trace.table["distance"].max() == pytest.approx(log.activities["distance"].iloc[0], rel=0.01)
        assert trace.table["time"].iloc[-1] == pytest.approx(log.activities["duration"].iloc[0], rel=0.02)
        seen += 1
    assert seen == 4
