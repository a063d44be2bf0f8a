"""What is planted in a steady life: overloads that should be found, and events that should stay quiet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np
import pandas as pd

from benchmarks.overload_bench.runners import Kind, Plan, Runner, draw_runner

Change = Callable[[Kind, str, int, int], Runner]
"""(kind, name, weeks, first week) -> the same runner with something planted from that week on."""

VOLUME = ("longest_run", "two_week_volume", "weekly_increase")
VOLUME_BASELINES = ("ten_percent", "week_of_four", "acwr_coupled", "acwr_uncoupled", "acwr_ewma")


@dataclass(frozen=True)
class Scenario:
    """One thing planted, where it is looked for and by which rules.

    Attributes
    ----------
    change : callable
        See `Change`.
    windows : tuple of int
        Days from the first changed day within which an alarm counts.
    rules : tuple of str
        Rules of loadlens and naive baselines that speak of it.
    variants : str
        Field of `Kind` by which results are told apart.
    first_day : int
        Of the first week, 0 for Monday.
    quiet : bool
        True when an alarm would be a false one.
    starts : int
        Weeks in which it is planted, each in a copy of the life of its own; more than one where a log is quickly made.
    """

    name: str
    what: str
    change: Change
    windows: tuple[int, ...]
    rules: tuple[str, ...]
    variants: str
    first_day: int = 0
    quiet: bool = False
    starts: int = 1


def _follow(*factors: float, noise: float | None = 0.122) -> Change:
    def change(kind: Kind, name: str, weeks: int, week: int) -> Runner:
        return draw_runner(kind, name, weeks, Plan(week, factors, noise))

    return change


def _one_run(size: float) -> Change:
    """Make the Sunday run of the week so many times the longest of the 30 days before it."""

    def change(kind: Kind, name: str, weeks: int, week: int) -> Runner:
        runner = draw_runner(kind, name, weeks)
        runs, day = runner.runs.copy(), 7 * week + 6
        longest = runs.loc[runs["day"].between(day - 30, day - 1), "distance"].max()
        runs = runs[runs["day"] != day]
        planted = pd.DataFrame({"day": [day], "distance": size * longest, "speed": runner.traits["speed"] - 0.15})
        planted = planted.assign(hard=0.0, cadence=0.0, strain=0.0, shift=0, halved=False)
        return replace(runner, runs=pd.concat([runs, planted]).sort_values("day", ignore_index=True))

    return change


def _nights(rise: Callable[[np.ndarray], np.ndarray]) -> Change:
    """Add beats to nights, by days since the start."""

    def change(kind: Kind, name: str, weeks: int, week: int) -> Runner:
        runner = draw_runner(kind, name, weeks)
        since = np.arange(runner.days) - 7 * week
        beats = np.where(since >= 0, np.round(rise(since)), 0.0)
        return replace(runner, nights=runner.nights.assign(rhr=runner.nights["rhr"] + beats))

    return change


def _ramp(size: float, days: int, held: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda since: np.where(since < days + held, size * np.clip((since + 1) / days, 0, 1), 0.0)


def _runs(plan: tuple[float, ...] | None = None, **edits: Callable[[pd.DataFrame, np.ndarray], object]) -> Change:
    """Edit columns of the runs; each edit takes the runs and the days since the start."""

    def change(kind: Kind, name: str, weeks: int, week: int) -> Runner:
        runner = draw_runner(kind, name, weeks, Plan(week, plan, None) if plan else None)
        since = runner.runs["day"].to_numpy() - 7 * week
        return replace(
            runner, runs=runner.runs.assign(**{key: edit(runner.runs, since) for key, edit in edits.items()})
        )

    return change


def _rest(first: int, days: int) -> Change:
    def change(kind: Kind, name: str, weeks: int, week: int) -> Runner:
        runner = draw_runner(kind, name, weeks)
        since = runner.runs["day"] - 7 * week
        return replace(runner, runs=runner.runs[~since.between(first, first + days - 1)].reset_index(drop=True))

    return change


def _unknown(least: float, most: float) -> Change:
    """From the start on, days of which no source knows anything: a share of all that differs from runner to runner."""

    def change(kind: Kind, name: str, weeks: int, week: int) -> Runner:
        runner = draw_runner(kind, name, weeks)
        rng = np.random.default_rng(crc32(f"{name} unknown".encode()))
        share = rng.uniform(least, most)
        lost = (rng.random(runner.days) < share) & (np.arange(runner.days) >= 7 * week - 70)
        return replace(runner, covered=~lost)

    return change


def _within(since: np.ndarray, days: int) -> np.ndarray:
    return (since >= 0) & (since < days)


FORM = ("cadence", "raw_cadence")
EFFORT = ("performance_fall", "efficiency_drop")
NIGHT = ("resting_heart_rate", "mean_plus_5")
NIGHT_STARTS = 4
"""With one start in each of 60 lives, what is found of a change is known no better than to 0.13 either way."""

SCENARIOS = (
    Scenario("volume_40", "weekly distance +40 % for six weeks", _follow(*[1.4] * 6), (21, 42),
             VOLUME + VOLUME_BASELINES, "weekly_cv"),
    Scenario("volume_40_uneven", "the same, in weeks as uneven as before", _follow(*[1.4] * 6, noise=None), (21,),
             VOLUME + VOLUME_BASELINES, "weekly_cv"),
    Scenario("volume_60", "weekly distance +60 % for six weeks", _follow(*[1.6] * 6), (21,),
             VOLUME + VOLUME_BASELINES, "weekly_cv"),
    Scenario("ramp_15", "weekly distance +15 % on the week before, five times",
             _follow(*[1.15**n for n in range(1, 6)]), (35,), VOLUME + VOLUME_BASELINES, "weekly_cv"),
    Scenario("one_run_1.6", "one run of 1.6 times the longest of 30 days", _one_run(1.6), (1,),
             ("longest_run", "acwr_coupled", "acwr_ewma"), "weekly_cv", first_day=6),
    Scenario("one_run_1.4", "one run of 1.4 times the longest of 30 days", _one_run(1.4), (1,),
             ("longest_run", "acwr_coupled", "acwr_ewma"), "weekly_cv", first_day=6),
    Scenario("resting_heart_rate_5", "resting heart rate +5 bpm over 10 days, held 14",
             _nights(_ramp(5, 10, 14)), (14, 24), NIGHT, "device", starts=NIGHT_STARTS),
    Scenario("resting_heart_rate_3", "resting heart rate +3 bpm over 10 days, held 14",
             _nights(_ramp(3, 10, 14)), (14, 24), NIGHT, "device", starts=NIGHT_STARTS),
    Scenario("cadence_4", "cadence -4 steps/min at equal speed, over 21 days",
             _runs(cadence=lambda runs, since: runs["cadence"] - 4 * np.clip((since + 1) / 21, 0, 1)), (42,),
             FORM, "residual"),
    Scenario("intensity_double", "twice the hard minutes for six weeks",
             _runs(hard=lambda runs, since: np.where(_within(since, 42), 2 * runs["hard"], runs["hard"])),
             (28, 42), ("intensity_minutes", "hard_easy"), "weekly_cv"),
    Scenario("efficiency_fall", "heart rate 6 % up at equal speed over 14 days, with 15 % more distance",
             _runs((1.15,) * 8, strain=lambda runs, since: runs["strain"] + 0.06 * np.clip((since + 1) / 14, 0, 1)),
             (56,), EFFORT, "residual"),
    Scenario("base_phase", "8 weeks 0.4 m/s slower",
             _runs(speed=lambda runs, since: runs["speed"] - 0.4 * _within(since, 56)), (56,),
             FORM + EFFORT, "residual", quiet=True),
    Scenario("taper", "three weeks of 0.75, 0.6 and 0.4, then as before", _follow(0.75, 0.6, 0.4, 1, 1), (42,),
             VOLUME + VOLUME_BASELINES, "weekly_cv", quiet=True),
    Scenario("week_off", "nine days without a run, then as before", _rest(0, 9), (42,),
             VOLUME + VOLUME_BASELINES, "weekly_cv", quiet=True),
    Scenario("illness", "resting heart rate +8 bpm for 4 days", _nights(lambda s: np.where(s < 4, 8.0, 0.0)), (14,),
             NIGHT, "device", quiet=True, starts=NIGHT_STARTS),
    Scenario("device_change", "resting heart rate read 4 bpm higher from one day on", _nights(lambda s: 0 * s + 4.0),
             (42,), NIGHT, "device", quiet=True, starts=NIGHT_STARTS),
    Scenario("clock_change", "every tenth run dated one day late",
             _runs(shift=lambda runs, since: np.where((since >= 0) & (runs.index % 10 == 0), 1, 0)), (42,),
             (*VOLUME, "rest_days", *VOLUME_BASELINES), "weekly_cv", quiet=True),
    Scenario("missing_days", "5 to 30 % of the days unknown", _unknown(0.05, 0.30), (182,),
             (*VOLUME, "resting_heart_rate", "rest_days", *VOLUME_BASELINES, "mean_plus_5"), "weekly_cv", quiet=True),
    Scenario("unit_flip", "28 days of cadence in strides instead of steps",
             _runs(halved=lambda _, since: _within(since, 28)), (42,), FORM, "residual", quiet=True),
)  # fmt: skip
