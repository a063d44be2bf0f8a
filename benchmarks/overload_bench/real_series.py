"""Real daily series, where a folder with them is at hand: what rules raise there, and what is planted in them.

The series carry no labels: what a rule raises on them is a burden, not false alarms, since some of it may be true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd

from benchmarks.overload_bench.baselines import NEEDS_MINUTES
from benchmarks.overload_bench.changes import NIGHT, VOLUME, VOLUME_BASELINES
from benchmarks.overload_bench.scoring import WATCH, Verdict, count_act, count_alarms, mean_with_interval
from loadlens.coverage import account_days
from loadlens.guidance import LEVELS
from loadlens.log import RunningLog, conform, empty_table

Judge = Callable[[RunningLog, tuple[str, ...]], dict[str, Verdict]]

RUN_RULES = (*VOLUME[:2], "rest_days", *VOLUME_BASELINES)
STARTS = 3  # changes planted in one series, each in a copy of its own


@dataclass(frozen=True)
class Planted:
    """A change planted in real series: which, where, and the days an alarm may take."""

    name: str
    rules: tuple[str, ...]
    change: Callable[[RunningLog, pd.Timestamp], RunningLog]
    windows: tuple[int, ...]
    history: int  # days of log before it


def _more_distance(log: RunningLog, first: pd.Timestamp) -> RunningLog:
    table = log.activities.copy()
    inside = table["date"].between(first, first + pd.Timedelta(days=41))
    table.loc[inside, "distance"] *= 1.4
    return replace(log, activities=table)


def _more_beats(size: float) -> Callable[[RunningLog, pd.Timestamp], RunningLog]:
    def change(log: RunningLog, first: pd.Timestamp) -> RunningLog:
        table = log.wellness.copy()
        since = (table["date"] - first).dt.days
        rise = np.where((since >= 0) & (since < 24), size * np.clip((since + 1) / 10, 0, 1), 0.0)
        table["rhr_day"] += rise
        return replace(log, wellness=table)

    return change


PLANTED = (
    Planted("volume_40", (*VOLUME[:2], *VOLUME_BASELINES), _more_distance, (21, 42), 196),
    Planted("resting_heart_rate_5", NIGHT, _more_beats(5), (14, 24), 40),
    Planted("resting_heart_rate_3", NIGHT, _more_beats(3), (14, 24), 40),
)


def read_series(folder: Path) -> tuple[list[RunningLog], list[RunningLog]]:
    """Read the lists of runs, and the nights, one log a person each."""
    runs = [_runs(pd.read_csv(path, parse_dates=["date"])) for path in sorted(folder.glob("runs_*.csv"))]
    nights = pd.read_csv(folder / "resting_hr.csv", parse_dates=["date"])
    people = [_log(empty_table("activities"), own) for _, own in nights.groupby("person")]
    return [log for log in runs if len(log.days) > 365], people


def _runs(table: pd.DataFrame) -> RunningLog:
    runs = table[table["run"] & (table["km"] > 0)].reset_index(drop=True)
    activities = pd.DataFrame(
        {
            "activity": [f"run-{number}" for number in range(len(runs))],
            "date": runs["date"].dt.normalize(),
            "start_local": runs["date"],
            "sport": "run",
            "distance": 1000 * runs["km"],
            "duration": runs["sec"],
        }
    )
    return _log(conform("activities", activities)[0], None)


def _log(activities: pd.DataFrame, nights: pd.DataFrame | None) -> RunningLog:
    wellness = empty_table("wellness")
    if nights is not None:
        wellness = conform("wellness", pd.DataFrame({"date": nights["date"], "rhr_day": nights["resting_hr"]}))[0]
    dates = activities["date"]
    covered = pd.DataFrame({"first": [dates.min()], "last": [dates.max()]}).dropna()
    tables = {name: empty_table(name) for name in ("laps", "minutes", "gear", "diary", "sources", "ledger")}
    return RunningLog(
        activities=activities, wellness=wellness, days=account_days(activities, wellness, covered), **tables
    )


def run_series(folder: Path, judge: Judge) -> dict[str, Any]:
    """Give burden and hits on real series."""
    runs, nights = read_series(folder)
    rules = (RUN_RULES, tuple(name for name in NIGHT if name not in NEEDS_MINUTES))
    lives = [[(log, judge(log, names)) for log in logs] for logs, names in zip((runs, nights), rules, strict=True)]
    found: dict[str, Any] = {"runners": len(runs), "nights": len(nights), "burden": [], "results": []}
    for own, names in zip(lives, rules, strict=True):
        found["burden"] += [_burden([verdicts[name] for _, verdicts in own], name) for name in names]
    for planted in PLANTED:
        found["results"] += list(_plant(planted, lives[1] if planted.rules is NIGHT else lives[0], judge))
    return found


def _burden(verdicts: list[Verdict], name: str) -> dict[str, Any]:
    """Alarms a year of assessable days, people weighted by theirs."""
    days = np.array([(verdict.codes > 0).sum() for verdict in verdicts])
    watch = np.array([count_alarms(verdict.codes >= WATCH, 0) for verdict in verdicts])
    act = np.array([count_act(verdict.codes, 0) for verdict in verdicts])
    years = days.sum() / 365
    return {
        "rule": name,
        "assessable_years": float(years),
        "watch_per_year": float(watch.sum() / years) if years else None,
        "act_per_year": float(act.sum() / years) if years else None,
    }


def _plant(planted: Planted, lives: list[tuple[RunningLog, dict[str, Verdict]]], judge: Judge) -> Iterator[Any]:
    pairs = []
    longest = max(planted.windows)
    for number, (log, before) in enumerate(lives):
        room = len(log.days) - longest - planted.history
        if room <= 0:
            continue
        rng = np.random.default_rng(crc32(f"{planted.name} {number}".encode()))
        for start in rng.integers(planted.history, planted.history + room, STARTS):
            first = log.days["date"].iloc[int(start)]
            after = judge(planted.change(log, first).until(first + pd.Timedelta(days=longest - 1)), planted.rules)
            pairs.append((int(start), after, before))
    for window in planted.windows:
        for name in planted.rules:
            hit, chance = [], []
            for start, after, before in pairs:
                days = slice(start, start + window)
                if (before[name].codes[days] == LEVELS.index("not_assessable")).all():
                    continue
                hit.append((after[name].codes[days] >= WATCH).any())
                chance.append((before[name].codes[days] >= WATCH).any())
            yield {
                "scenario": planted.name,
                "window_days": window,
                "rule": name,
                "planted": len(pairs),
                "assessable": len(hit),
                "hit": float(np.mean(hit)) if hit else None,
                "chance": float(np.mean(chance)) if hit else None,
                "hit_minus_chance": mean_with_interval(np.array(hit, float) - np.array(chance, float)) if hit else None,
            }
