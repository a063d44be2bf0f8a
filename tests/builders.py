"""Small logs made by hand, for tests."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from loadlens.coverage import account_days
from loadlens.log import RunningLog, conform, empty_table, tally_gear

INDEX = pd.date_range("2024-01-01", periods=100, freq="D", name="date")
"""A hundred days, for measures of the diary."""

Entry = tuple[int, str, float, str]
"""Day of `INDEX`, kind, value, tags."""


def build_diary(*entries: Entry) -> pd.DataFrame:
    """A diary indexed by date, as measures get it."""
    days, kinds, values, tags = zip(*entries, strict=True) if entries else ([], [], [], [])
    index = pd.DatetimeIndex([INDEX[day] for day in days], name="date")
    frame = pd.DataFrame({"kind": kinds, "value": values, "tags": tags}, index=index)
    return frame.astype({"kind": str, "value": float, "tags": str})


def build_activities(runs: Sequence[tuple[str, float | None]]) -> pd.DataFrame:
    """Runs of (date, metres) at noon, at 6 minutes a kilometre, from one list."""
    frame = pd.DataFrame(
        {
            "activity": [f"run-{number}" for number in range(len(runs))],
            "date": pd.to_datetime([date for date, _ in runs]),
            "distance": pd.array([metres for _, metres in runs], dtype="Float64").astype("float64"),
            "sport": "run",
            "source": "list.csv",
            "source_row": range(2, len(runs) + 2),
        }
    )
    frame["start_local"] = frame["date"] + pd.Timedelta(hours=12)
    frame["duration"] = frame["distance"] * 0.36
    return conform("activities", frame)[0]


def build_log(
    activities: pd.DataFrame, wellness: pd.DataFrame | None = None, diary: pd.DataFrame | None = None
) -> RunningLog:
    """A log in which one complete list covers all days from the first to the last activity."""
    wellness = conform("wellness", wellness)[0] if wellness is not None else empty_table("wellness")
    dates = activities["date"]
    covered = pd.DataFrame({"first": [dates.min()], "last": [dates.max()]}).dropna()
    diary = conform("diary", diary)[0] if diary is not None else empty_table("diary")
    return RunningLog(
        activities=activities,
        laps=empty_table("laps"),
        minutes=empty_table("minutes"),
        wellness=wellness,
        gear=tally_gear(activities),
        diary=diary,
        days=account_days(activities, wellness, covered, diary),
        sources=empty_table("sources"),
        ledger=empty_table("ledger"),
    )
