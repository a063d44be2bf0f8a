"""Sessions with their samples: Polar Flow, Polar's account export, Stryd."""

from __future__ import annotations

import contextlib
import io
import json
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import loadlens as ll
from loadlens.formats import polar_account, polar_flow, stryd
from loadlens.formats.source import Options, Reading, Source, UnreadableFile
from loadlens.log import conform
from loadlens.simulation import simulate
from loadlens.simulators.simulated_exports import write_export

HEADS = "Name,Sport,Date,Start time,Duration,Total distance (km),Average heart rate (bpm),Ascent (m),Notes,"
SAMPLES = "Sample rate,Time,HR (bpm),Speed (km/h),Cadence,Altitude (m),Distances (m),"


def parse(module: ModuleType, name: str, content: str, tz: str | None = None) -> Reading:
    data = content.encode()
    source = Source(name, data[:16_384], lambda: io.BytesIO(data))
    assert module.sniff(source.head, name)
    reading = module.parse(source, Options(tz=tz))
    assert reading.facts["used"] + reading.facts["set_aside"] == reading.facts["rows"]
    return reading


def whats(reading: Reading) -> set[str]:
    return {str(entry["what"]) for entry in reading.ledger}


# ---------------------------------------------------------------- what was simulated is what is read

KINDS = ("polar_flow", "polar_flow_miles", "polar_account", "polar_account_old", "stryd")


@pytest.fixture(scope="module")
def runner():
    return simulate("novice", weeks=4)


@pytest.fixture(scope="module")
def runs(runner):
    return runner.activities[runner.activities["sport"] == "run"].reset_index(drop=True)


@pytest.fixture(scope="module")
def logs(runner, tmp_path_factory):
    read = {}
    for kind in KINDS:
        folder = tmp_path_factory.mktemp(kind)
        write_export(runner, folder, kind)
        read[kind] = ll.read(folder, tz=runner.zone)
    return read


@pytest.mark.parametrize("kind", KINDS)
def test_runs_come_back_as_they_were_simulated(kind, runs, logs):
    found = logs[kind].runs
    assert found["date"].tolist() == runs["date"].tolist()
    assert found["start_utc"].tolist() == runs["start_utc"].dt.floor("s").tolist()
    precision = {"polar_flow": 5.1, "polar_flow_miles": 8.1}.get(kind, 0.1)  # m; a hundredth of a km or mile
    assert found["distance"].to_numpy(float) == pytest.approx(runs["distance"].to_numpy(float), abs=precision)
    assert found["duration"].to_numpy(float) == pytest.approx(runs["duration"].to_numpy(float), abs=5.1)
    assert found["heart_rate"].to_numpy(float) == pytest.approx(runs["heart_rate"].to_numpy(float), abs=1)
    if kind != "polar_account_old":  # its writer gives no cadence
        assert found["cadence"].to_numpy(float) == pytest.approx(runs["cadence"].to_numpy(float), abs=1.1)


@pytest.mark.parametrize("kind", KINDS)
def test_minutes_come_back_as_they_were_simulated(kind, runner, logs):
    found, truth = logs[kind].minutes, runner.minutes
    assert len(found) == len(truth)
    assert found["distance"].sum() == pytest.approx(truth["distance"].sum(), rel=0.006)
    assert found["heart_rate"].mean() == pytest.approx(truth["heart_rate"].mean(), abs=0.3)
    assert found["recorded"].sum() == pytest.approx(truth["recorded"].sum(), rel=0.006)


def test_the_same_week_from_three_makers_is_the_same_week(runner, runs, tmp_path):
    for kind in ("polar_flow", "polar_account", "stryd"):
        write_export(runner, tmp_path, kind, last_weeks=1)
    log = ll.read(tmp_path, tz=runner.zone)
    last = runs[runs["date"] > runner.wellness["date"].max() - pd.Timedelta(weeks=1)]
    assert log.runs["date"].tolist() == last["date"].tolist()
    assert log.runs["distance"].sum() == pytest.approx(last["distance"].sum(), abs=1)


# ---------------------------------------------------------------- Polar Flow, CSV


def a_session(
    date: str = "01-03-2024", *, heads: str = HEADS, samples: str = SAMPLES, distance: str = "0.60", rows: int = 241
) -> str:
    """A run of 3 m/s with 85 strides of one foot a minute, one sample a second; no heart rate in the first ten."""
    whole = f"A Runner,RUNNING,{date},18:05:00,00:04:00,{distance},150,12,felt easy,"
    body = [
        f"{'1' if second == 0 else ''},00:{second // 60:02d}:{second % 60:02d},{150 if second >= 10 else ''},10.8,85,"
        f"{20 + second / 60:.1f},{3.0 * second:.1f},"
        for second in range(rows)
    ]
    return "\n".join([heads, whole, samples, *body]) + "\n"


def test_a_session_is_two_tables_one_above_the_other():
    reading = parse(polar_flow, "a.CSV", a_session(), tz="Europe/Amsterdam")
    run, minutes = reading.tables["activities"].iloc[0], reading.tables["minutes"]
    assert run["start_local"] == pd.Timestamp("2024-03-01 18:05:00")
    assert run["start_utc"] == pd.Timestamp("2024-03-01 17:05:00", tz="UTC")
    assert (run["duration"], run["distance"], run["heart_rate"], run["ascent"]) == (240.0, 600.0, 150.0, 12.0)
    assert (run["sport"], run["title"], run["note"]) == ("run", "A Runner", "felt easy")
    assert run["cadence"] == 170.0
    assert minutes["distance"].tolist() == pytest.approx([180.0] * 4)
    assert minutes["cadence"].tolist() == pytest.approx([170.0] * 4)
    assert minutes["heart_rate"].tolist() == pytest.approx([150.0] * 4)
    assert "cadence_doubled" in whats(reading)


def test_without_a_zone_the_day_is_known_and_the_instant_is_not():
    run = parse(polar_flow, "a.CSV", a_session()).tables["activities"].iloc[0]
    assert run["date"] == pd.Timestamp("2024-03-01")
    assert pd.isna(run["start_utc"])
    assert run["time_zone_from"] == "record"


def test_miles_and_feet_are_read_from_the_headings():
    heads = HEADS.replace("(km)", "(mi)").replace("Ascent (m)", "Ascent (ft)")
    samples = SAMPLES.replace("(km/h)", "(mph)").replace("Altitude (m)", "Altitude (ft)").replace("(m)", "(ft)")
    reading = parse(polar_flow, "a.CSV", a_session(heads=heads, samples=samples, distance="0.37"))
    run = reading.tables["activities"].iloc[0]
    assert run["distance"] == pytest.approx(0.37 * 1609.344)
    assert run["ascent"] == pytest.approx(12 * 0.3048)
    assert reading.facts["units"] == "distance mi; ascent ft"
    assert reading.tables["minutes"]["distance"].iloc[0] == pytest.approx(180 * 0.3048)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("01-03-2024", "2024-03-01"),
        ("13.02.2026", "2026-02-13"),
        ("2024-03-01", "2024-03-01"),
        ("03-21-2024", "2024-03-21"),
    ],
)
def test_the_date_stands_in_several_orders(written, day):
    reading = parse(polar_flow, "a.CSV", a_session(written))
    assert reading.tables["activities"]["date"].tolist() == [pd.Timestamp(day)]
    assert ("date_order_unclear" in whats(reading)) == (written == "03-21-2024")


def test_a_session_without_a_date_is_set_aside():
    reading = parse(polar_flow, "a.CSV", a_session("soon"))
    assert (reading.facts["status"], reading.facts["set_aside"]) == ("empty", 1)
    assert "date_unreadable" in whats(reading)


def test_a_session_without_its_line_of_values_is_refused_with_the_way_out():
    text = "\n".join([HEADS, SAMPLES, "1,00:00:00,150,,,,,"])
    with pytest.raises(UnreadableFile, match="without the line of values"):
        parse(polar_flow, "a.CSV", text)


def test_samples_that_are_none_cost_no_session():
    text = a_session().replace("00:00:30,150", "later,150").replace("00:00:40,150", "00:00:40,fast")
    reading = parse(polar_flow, "a.CSV", text)
    assert {"records_without_time", "cell_unreadable"} <= whats(reading)
    assert reading.tables["activities"]["distance"].tolist() == [600.0]


def test_a_ride_has_no_minutes_and_no_steps():
    reading = parse(polar_flow, "a.CSV", a_session().replace("RUNNING", "CYCLING"))
    assert reading.tables["activities"]["sport"].tolist() == ["ride"]
    assert reading.tables["activities"]["cadence"].isna().all()
    assert "minutes" not in reading.tables


# ---------------------------------------------------------------- Polar's account export


def an_export(**members: Any) -> dict[str, Any]:
    """A run of 10 min at 3 m/s in the newer layout, a sample every second, in Amsterdam; paused in the fifth minute."""
    seconds = np.arange(600)
    paused = (seconds > 240) & (seconds < 300)
    speed = np.where(paused, np.nan, 10.8)
    gone = np.cumsum(np.where(paused, 0.0, 3.0))
    exercise = {
        "startTime": "2024-06-01T23:30:00",
        "durationMillis": 540_000,
        "distanceMeters": 1620.0,
        "timezoneOffsetMinutes": 120,
        "sport": {"id": "1"},
        "samples": {
            "samples": [
                {"type": "SPEED", "intervalMillis": 1000, "values": speed.tolist()},
                {"type": "DISTANCE", "intervalMillis": 1000, "values": gone.tolist()},
                {"type": "HEART_RATE", "intervalMillis": 1000, "values": [150] * 600},
                {"type": "ALTITUDE", "intervalMillis": 1000, "values": [0, 0, 0, *[183.0] * 597]},
            ]
        },
        "pauseTimes": [{"startTime": "2024-06-01T23:34:00", "endTime": "2024-06-01T23:35:00"}],
    }
    session = {"exportVersion": "2.6", "startTime": "2024-06-01T23:30:00", "identifier": {"id": "502"}}
    return session | {"hrAvg": 150, "hrMax": 160} | members | {"exercises": [exercise | members.get("exercise", {})]}


NAME = "training-session_2024-06-01T23-30-00_502.json"


def test_a_late_run_has_its_own_offset_and_bare_nan_is_missing():
    text = json.dumps(an_export())
    assert "NaN" in text
    reading = parse(polar_account, NAME, text, tz="America/New_York")
    run, minutes = reading.tables["activities"].iloc[0], reading.tables["minutes"]
    assert run["date"] == pd.Timestamp("2024-06-01")
    assert run["start_utc"] == pd.Timestamp("2024-06-01 21:30:00", tz="UTC")
    assert (run["duration"], run["distance"], run["heart_rate"], run["max_heart_rate"]) == (540.0, 1620.0, 150.0, 160.0)
    assert run["source_id"] == "502"
    assert minutes["minute"].tolist() == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    assert minutes["grade"].abs().max() == pytest.approx(0, abs=1e-6)  # the altimeter's first zeros are no climb
    assert "clock_assumed_local" not in whats(reading)


@pytest.mark.parametrize(
    ("code", "sport", "kind"),
    [("1", "run", None), ("17", "run", "treadmill"), ("2", "ride", None), ("99", "other", None)],
)
def test_sports_are_numbers_of_which_some_are_known(code, sport, kind):
    reading = parse(polar_account, NAME, json.dumps(an_export(exercise={"sport": {"id": code}})))
    run = reading.tables["activities"].iloc[0]
    assert (run["sport"], run["sub_sport"] if isinstance(run["sub_sport"], str) else None) == (sport, kind)
    assert ("sport_unknown" in whats(reading)) == (code == "99")


def test_several_exercises_of_a_session_are_several_activities():
    export = an_export()
    later = export["exercises"][0] | {"startTime": "2024-06-02T00:30:00", "sport": {"id": "2"}}
    reading = parse(polar_account, NAME, json.dumps(export | {"exercises": [export["exercises"][0], later, "junk"]}))
    assert reading.tables["activities"]["sport"].tolist() == ["run", "ride"]
    assert reading.tables["activities"]["date"].tolist() == [pd.Timestamp("2024-06-01"), pd.Timestamp("2024-06-02")]
    assert set(reading.tables["minutes"]["activity"]) == {"1"}
    assert "record_unreadable" in whats(reading)


def test_the_older_layout_has_a_time_at_each_sample():
    start = pd.Timestamp("2018-01-05 18:03:12")
    samples = {
        "heartRate": [
            {"dateTime": f"{start + pd.Timedelta(seconds=second):%Y-%m-%dT%H:%M:%S}.000", "value": 140}
            for second in range(121)
        ],
        "distance": [
            {"dateTime": f"{start + pd.Timedelta(seconds=second):%Y-%m-%dT%H:%M:%S}.000", "value": 3.0 * second}
            for second in range(121)
        ],
    }
    exercise = {"startTime": "2018-01-05T18:03:12.000", "duration": "PT2M0.5S", "distance": 360.0, "sport": "RUNNING"}
    exercise |= {"timezoneOffset": 60, "samples": samples, "heartRate": {"avg": 140, "max": 151}}
    session = {"exportVersion": "1.6", "startTime": "2018-01-05T18:03:12.000", "exercises": [exercise]}
    reading = parse(polar_account, "training-session-2018-01-05-1-2.json", json.dumps(session))
    run = reading.tables["activities"].iloc[0]
    assert (run["duration"], run["distance"], run["max_heart_rate"]) == (120.5, 360.0, 151.0)
    assert run["start_utc"] == pd.Timestamp("2018-01-05 17:03:12", tz="UTC")
    assert reading.tables["minutes"]["distance"].tolist() == pytest.approx([180.0, 180.0])
    assert "clock_assumed_local" in whats(reading)


@pytest.mark.parametrize(
    "exercises", [None, [], "x", [1, None], [{"startTime": 5}], [{"startTime": "2024", "samples": 3}]]
)
def test_a_session_without_an_exercise_that_can_be_used_says_so(exercises):
    reading = parse(polar_account, NAME, json.dumps({"exportVersion": "2.6", "exercises": exercises}))
    assert reading.facts["status"] == "empty"


@pytest.mark.parametrize("content", ["{", '{"exercises":' + "[" * 100_000, "{} {}"])
def test_what_is_no_whole_json_is_refused(content):
    with pytest.raises(UnreadableFile, match="not a whole JSON file"):
        parse(polar_account, NAME, content)


VALUES = st.sampled_from([None, True, -1, 0, 1e300, 1e18, "x", [], {}, [{}], "2024-06-01T23:30:00", {"samples": [{}]}])


@settings(max_examples=60, deadline=None)
@given(members=st.dictionaries(st.sampled_from(["startTime", "samples", "pauseTimes", "sport", "statistics"]), VALUES))
def test_members_of_any_kind_do_no_harm(members):
    reading = parse(polar_account, NAME, json.dumps(an_export(exercise=members)))
    for kind, table in reading.tables.items():
        conform(kind, table)


# ---------------------------------------------------------------- Stryd

STRYD = (
    "Timestamp,Power (w/kg),Watch Distance (meters),Stryd Distance (meters),Stryd Speed (m/s),Cadence (spm),"
    "Heart Rate (bpm)"
)


def a_pod(distance: float = 3.0, *, start: int = 1_717_279_800) -> str:
    """Two minutes from 2024-06-01 22:10 UTC; the watch measures 2.9 m a second."""
    rows = [
        f"{start + second},3.1,{2.9 * second:.1f},{distance * second:.1f},{distance:.1f},172,150"
        for second in range(121)
    ]
    return "\n".join([STRYD, *rows]) + "\n"


def test_a_run_of_stryd_is_in_utc_and_its_cadence_counts_steps():
    reading = parse(stryd, "a.csv", a_pod(), tz="Europe/Amsterdam")
    run = reading.tables["activities"].iloc[0]
    assert run["start_local"] == pd.Timestamp("2024-06-02 00:10:00")
    assert (run["distance"], run["duration"], run["cadence"], run["heart_rate"]) == (360.0, 120.0, 172.0, 150.0)
    assert np.isnan(run["power"])
    assert "cadence_doubled" not in whats(reading)
    assert "columns_not_used" in whats(reading)


def test_a_pod_that_measured_nothing_leaves_it_to_the_watch():
    reading = parse(stryd, "a.csv", a_pod(0.0))
    assert reading.tables["activities"]["distance"].tolist() == pytest.approx([348.0])
    assert "local_day_unsure" in whats(reading)


def test_a_pod_without_times_gives_no_run():
    reading = parse(stryd, "a.csv", a_pod(start=5))
    assert reading.facts["status"] == "empty"
    assert {"records_without_time", "too_few_records"} <= whats(reading)


@settings(max_examples=80, deadline=None)
@given(cut=st.integers(0, 3000), junk=st.binary(max_size=40), kind=st.sampled_from(["csv", "json", "stryd"]))
def test_a_file_cut_anywhere_with_junk_behind_does_no_harm(cut, junk, kind):
    texts = {
        "csv": (polar_flow, a_session(rows=40)),
        "json": (polar_account, json.dumps(an_export())),
        "stryd": (stryd, a_pod()),
    }
    module, text = texts[kind]
    data = text.encode()[:cut] + junk
    source = Source("x.csv", data[:16_384], lambda: io.BytesIO(data))
    if module.sniff(source.head, "x.csv"):
        with contextlib.suppress(UnreadableFile):
            reading = module.parse(source, Options())
            assert reading.facts["used"] + reading.facts["set_aside"] == reading.facts["rows"]
