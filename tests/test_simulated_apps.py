"""What was simulated is what is read, through each app's table, to the precision of that table."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

import loadlens as ll
from loadlens.simulation import SimulatedRunner, simulate
from loadlens.simulators.simulated_apps import APP_WRITERS


@cache
def runner() -> SimulatedRunner:
    whole = simulate("steady")
    return replace(whole, activities=whole.activities.head(120), wellness=whole.wellness.head(150))


def read(kind: str, folder: Path) -> ll.RunningLog:
    for name, content in APP_WRITERS[kind](runner()).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    log = ll.read(folder)
    assert (log.sources["status"] == "read").all(), log.sources["message"].tolist()
    assert (log.sources["used"] + log.sources["set_aside"] == log.sources["rows"]).all()
    return log


@pytest.mark.parametrize("kind", ["whoop", "whoop_de", "runkeeper", "runkeeper_miles", "intervals_activities"])
def test_activities_come_back(kind, tmp_path):
    true = runner().activities.sort_values("start_local", kind="stable").reset_index(drop=True)
    found = read(kind, tmp_path).activities.sort_values("start_local", kind="stable").reset_index(drop=True)
    assert found["sport"].tolist() == true["sport"].tolist()
    assert found["date"].tolist() == true["date"].tolist()
    seconds = 31 if kind.startswith("whoop") else 1
    assert (found["duration"] - true["duration"]).abs().max() <= seconds
    runs = (true["sport"] == "run") & (true["distance"] > 0)
    metres = {"runkeeper": 5.1, "runkeeper_miles": 8.2}.get(kind, 0.1)
    assert (found["distance"] - true["distance"])[runs].abs().max() <= metres
    assert (found["heart_rate"] - true["heart_rate"]).abs().max() <= 0.5
    if kind == "intervals_activities":
        assert (found["cadence"] - true["cadence"])[runs].abs().max() <= 0.02
    if kind.startswith("runkeeper"):
        assert (found["ascent"] - true["ascent"])[runs].abs().max() <= 0.51
    if kind.startswith("whoop"):
        assert (found["start_utc"] - true["start_utc"]).abs().max() <= pd.Timedelta(seconds=1)


@pytest.mark.parametrize(
    ("kind", "columns", "least"),
    [
        ("whoop", {"rhr_sleep": "rhr_day", "hrv_rmssd": "hrv_rmssd", "sleep": "sleep"}, 0.95),
        ("hrv4training", {"rhr_day": "rhr_day", "hrv_rmssd": "hrv_rmssd"}, 0.85),
        ("elite_hrv", {"rhr_day": "rhr_day", "hrv_rmssd": "hrv_rmssd"}, 0.95),
        ("garmin_days", {"rhr_day": "rhr_day", "hrv_rmssd": "hrv_rmssd"}, 0.95),
    ],
)
def test_nights_and_mornings_come_back(kind, columns, least, tmp_path):
    found = read(kind, tmp_path).wellness.set_index("date")
    true = runner().wellness.set_index("date")
    for column, name in columns.items():
        both = pd.DataFrame({"found": found[column], "true": true[name]}).dropna()
        assert len(both) >= least * true[name].notna().sum(), column
        assert len(both) == found[column].notna().sum(), column
        assert (both["found"] - both["true"]).abs().max() <= (30 if name == "sleep" else 0.51), column
