"""Small cohorts for tests: a runner is a text with one letter per day, and the length of its runs."""

from __future__ import annotations

import pandas as pd

START = pd.Timestamp("2024-01-01")
STATES = {"r": "run", ".": "rest", "?": "unknown"}


def build_cohort(**runners: str | tuple[str, list[float]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give activities and days. "r..?": run, rest, rest, unknown; runs of 10 km unless lengths in m are given."""
    runs, grid = [], []
    for name, told in runners.items():
        text, metres = (told, [10_000.0] * told.count("r")) if isinstance(told, str) else told
        dates = pd.date_range(START, periods=len(text), freq="D", unit="us")
        grid += [(name, date, STATES[letter]) for date, letter in zip(dates, text, strict=True)]
        ran = [date for date, letter in zip(dates, text, strict=True) if letter == "r"]
        runs += [(name, date, "run", length, length / 2.5) for date, length in zip(ran, metres, strict=True)]
    activities = pd.DataFrame(runs, columns=["participant", "date", "sport", "distance", "duration"])
    days = pd.DataFrame(grid, columns=["participant", "date", "state"])
    return activities.astype({"date": "datetime64[us]", "distance": "float64", "duration": "float64"}), days


def build_events(*onsets: tuple[str, int]) -> pd.DataFrame:
    """Give the table of events; days count from 0, the first day."""
    rows = [(name, START + pd.Timedelta(days=day)) for name, day in onsets]
    return pd.DataFrame(rows, columns=["participant", "date"]).astype({"date": "datetime64[us]"})


def build_follow_up(*stretches: tuple[str, int, int]) -> pd.DataFrame:
    """Give the table of follow-up, in days from the first."""
    rows = [(name, START + pd.Timedelta(days=a), START + pd.Timedelta(days=b)) for name, a, b in stretches]
    return pd.DataFrame(rows, columns=["participant", "first", "last"])
