"""The samples of an activity come from its file when asked for, and only when it is still the file that was read."""

from __future__ import annotations

import gzip
import pickle
import zipfile
from pathlib import Path

import fitparse
import numpy as np
import pandas as pd
import pytest

import loadlens as ll
from loadlens.log import LogError, describe_columns
from test_fit import START as FIT_START
from test_fit import activity, build, event, record, run, session
from test_tracks import START as TRACK_START
from test_tracks import gpx, lap, run_of, tcx, treadmill

pytestmark = pytest.mark.filterwarnings("error")
RUN = build(*run(), session(FIT_START, 120, (9, "I", 36_000)), activity(1))
LIST = "Activity Type,Date,Title,Distance,Time\nRunning,2020-01-05 09:00:00,By hand,5.00,00:30:00\n"


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def samples(path: Path, row: int = 0, **asked: bool) -> pd.DataFrame:
    log = ll.read(path)
    return log.records(log.activities["activity"].iloc[row], **asked)


def test_samples_of_a_fit_file_are_in_the_units_of_the_log(tmp_path):
    table = samples(write(tmp_path / "a.fit", RUN))
    assert list(table.columns) == [
        name for name in describe_columns()["records"] if name not in ("latitude", "longitude")
    ]
    assert table["elapsed"].tolist() == list(range(121))
    assert table["time_utc"].iloc[0] == FIT_START.tz_localize("UTC")
    assert table["distance"].tolist() == pytest.approx([3.0 * second for second in range(121)])
    assert set(table["heart_rate"]) == {150.0}
    assert set(table["cadence"]) == {170.0}  # 85 strides of one foot
    assert table[["altitude", "power", "temperature", "timer_time"]].isna().all(axis=None)  # missing is not zero


def test_the_timer_leaves_out_its_stops(tmp_path):
    stops = event(0, 0), event(30, 4), event(50, 0), event(120, 4)
    table = samples(write(tmp_path / "a.fit", build(*run(), *stops, session(FIT_START, 120), activity(1))))
    assert table["timer_time"].iloc[[30, 40, 50, 120]].tolist() == [30.0, 30.0, 30.0, 100.0]


def test_each_session_of_a_file_has_its_own_samples(tmp_path):
    legs = session(FIT_START, 60, sport=2), session(FIT_START + pd.Timedelta(seconds=60), 60, sport=1)
    path = write(tmp_path / "a.fit", build(*run(), *legs, activity(1)))
    ride, jog = samples(path, 0), samples(path, 1)
    assert (len(ride), len(jog)) == (60, 61)
    assert ride["cadence"].isna().all()  # pedals make no steps
    assert set(jog["cadence"]) == {170.0}


@pytest.mark.parametrize("kind", ["folder", "subfolder", "zip", "gz", "gz in a zip in a zip"])
def test_wherever_the_file_lies(kind, tmp_path):
    expected = samples(write(tmp_path / "plain" / "a.fit", RUN))
    match kind:
        case "folder":
            path = write(tmp_path / "export" / "a.fit", RUN).parent
        case "subfolder":
            path = write(tmp_path / "export" / "b" / "c" / "a.fit", RUN).parents[2]
        case "gz":
            path = write(tmp_path / "a.fit.gz", gzip.compress(RUN))
        case "zip":
            path = tmp_path / "export.zip"
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("activities/a.fit", RUN)
        case _:
            path, inner = tmp_path / "export.zip", tmp_path / "part.zip"
            with zipfile.ZipFile(inner, "w") as archive:
                archive.writestr("a.fit.gz", gzip.compress(RUN))
            with zipfile.ZipFile(path, "w") as archive:
                archive.write(inner, "part.zip")
    pd.testing.assert_frame_equal(samples(path), expected)


def test_the_same_run_in_a_list_and_a_file_has_the_samples_of_the_file(tmp_path):
    local = (FIT_START + pd.Timedelta(hours=1)).strftime("%Y-%m-%d %H:%M:%S")
    write(tmp_path / "Activities.csv", f"{LIST}Running,{local},A run,0.36,00:02:00\n".encode())
    write(tmp_path / "a.fit", RUN)
    log = ll.read(tmp_path)
    merged = log.activities[log.activities["merged_from"].notna()]
    assert len(merged) == 1
    assert len(log.records(merged["activity"].iloc[0])) == 121


@pytest.mark.parametrize("name", ["a.gpx", "a.tcx"])
def test_samples_of_tracks(name, tmp_path):
    data = gpx(run_of()) if name.endswith("gpx") else tcx(lap(0, treadmill()))
    table = samples(write(tmp_path / name, data))
    assert table["time_utc"].iloc[0] == TRACK_START.tz_localize("UTC")
    assert table["elapsed"].tolist() == list(range(121))
    assert table["distance"].iloc[-1] == pytest.approx(360.0, rel=1e-3)
    assert set(table["cadence"]) == {170.0}
    assert table["timer_time"].isna().all()  # neither format tells


def test_times_without_a_zone_become_utc_only_with_one(tmp_path):
    path = write(tmp_path / "a.gpx", gpx(run_of(zone="")))
    assert samples(path)["time_utc"].isna().all()
    log = ll.read(path, tz="Europe/Amsterdam")
    table = log.records(log.activities["activity"].iloc[0])
    assert table["time_utc"].iloc[0] == TRACK_START.tz_localize("Europe/Amsterdam")
    assert table["elapsed"].iloc[-1] == 120.0


def test_positions_come_only_when_asked_for(tmp_path):
    path = write(tmp_path / "a.gpx", gpx(run_of()))
    assert "latitude" not in samples(path)
    table = samples(path, positions=True)
    assert (table["latitude"].iloc[0], table["longitude"].iloc[0]) == (52.0, 5.0)
    degrees = 2**31 / 180
    points = [record(s, (0, "i", round(52 * degrees)), (1, "i", round(5 * degrees)), (13, "b", 21)) for s in range(60)]
    table = samples(write(tmp_path / "b.fit", build(*points, session(FIT_START, 60), activity(1))), positions=True)
    assert table["latitude"].tolist() == pytest.approx([52.0] * 60)
    assert set(table["temperature"]) == {21.0}


def test_what_cannot_be_given_is_said(tmp_path):
    write(tmp_path / "Activities.csv", LIST.encode())
    path = write(tmp_path / "a.fit", RUN)
    log = ll.read(tmp_path)
    listed, recorded = log.activities["activity"]
    with pytest.raises(LogError, match="no such activity"):
        log.records("2020-02-30-0000")
    with pytest.raises(LogError, match="no recording"):
        log.records(listed)
    later = log.until("2100-01-01")
    assert len(later.records(recorded)) == 121
    assert len(pickle.loads(pickle.dumps(log)).records(recorded)) == 121
    path.write_bytes(RUN + b"\0")
    with pytest.raises(LogError, match="has changed"):
        log.records(recorded)
    path.unlink()
    with pytest.raises(LogError, match="no longer"):
        log.records(recorded)


def test_a_run_by_hand_has_totals_and_no_samples(tmp_path):
    path = write(tmp_path / "a.fit", build(session(FIT_START, 1800, (9, "I", 500_000)), activity(1)))
    with pytest.raises(LogError, match="no samples"):
        samples(path)


def test_a_log_that_was_not_read_says_so(tmp_path):
    log = ll.read(write(tmp_path / "a.fit", RUN))
    with pytest.raises(LogError, match="does not know"):
        log.locate({}).records(log.activities["activity"].iloc[0])


def test_nothing_of_where_files_lie_is_in_a_table(tmp_path):
    log = ll.read(write(tmp_path / "secret place" / "a.fit", RUN))
    for name in ("activities", "sources", "ledger", "minutes"):
        assert "secret place" not in getattr(log, name).to_csv()
    assert "secret place" not in repr(log)


def test_samples_of_real_files_are_those_of_an_independent_reader(corpus):
    """Heart rates of all instants, the last known one where several samples share a second."""
    checked = 0
    for path in sorted((corpus / "fit").glob("*.fit")):
        if not 20_000 < path.stat().st_size < 130_000:
            continue
        try:
            log = ll.read(path)
            theirs = [m.get_values() for m in fitparse.FitFile(str(path)).get_messages("record")]
        except Exception:  # noqa: BLE001 other tests tell what either reader refuses
            continue
        if len(log.activities) != 1 or len(log.ledger.query("field == 'record'")):
            continue
        table = log.records(log.activities["activity"].iloc[0])
        beats = {row["timestamp"]: row["heart_rate"] for row in theirs if row.get("heart_rate")}
        ours = table.set_index(table["time_utc"].dt.tz_localize(None))["heart_rate"].dropna()
        assert ours.to_dict() == {pd.Timestamp(at): float(value) for at, value in beats.items()}, path.name
        assert (np.diff(table["elapsed"]) > 0).all(), path.name
        checked += bool(beats)
    assert checked >= 3
