"""Steady runners, drawn as tables of a log: each part of a life has its own stream of random numbers."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd

from loadlens.log import RunningLog, conform, empty_table

SETTINGS: dict[str, Any] = tomllib.loads((Path(__file__).parent / "athletes.toml").read_text("utf-8"))
START = pd.Timestamp("2023-01-02")  # a Monday
WEEKLY_CV = (0.15, 0.25, 0.38)
DEVICES = ("smooth", "noisy")
RESIDUALS = (1.5, 3.0)


@dataclass(frozen=True)
class Kind:
    """What sort of runner: how much weeks vary, which device, how much cadence scatters, and how far a week is."""

    weekly_cv: float = 0.25
    device: str = "smooth"
    residual: float = 1.5
    weekly_distance: tuple[float, float] | None = None  # m; None: as in athletes.toml
    every_day: bool = False


@dataclass(frozen=True)
class Runner:
    """A life of whole weeks: runs by day, nights by day, and which days a source covers.

    Attributes
    ----------
    runs : DataFrame
        day, distance [m], speed [m/s], hard (share of the minutes), cadence (residual) [steps/min], strain (log of
        heart rate above usual at equal speed), shift (days by which the date is misread), halved (cadence in strides).
    nights : DataFrame
        rhr [bpm], sleep [s]: one row per day, NaN where the device has nothing.
    covered : array of bool
        Days that a source covers.
    traits : dict
        What stays the same for life.
    """

    name: str
    kind: Kind
    days: int
    runs: pd.DataFrame
    nights: pd.DataFrame
    covered: np.ndarray[Any, Any]
    traits: dict[str, float] = field(default_factory=dict)

    def until(self, days: int) -> Runner:
        """Return the first days of this life."""
        runs = self.runs[self.runs["day"] < days]
        return replace(self, days=days, runs=runs, nights=self.nights[:days], covered=self.covered[:days])


@dataclass(frozen=True)
class Plan:
    """Weeks that follow a plan: how much more each is than usual, and how far they may stray from it.

    Attributes
    ----------
    first_week : int
        Week of the first factor.
    factors : tuple of float
        One for each week; no light week and no week off comes between.
    noise : float or None
        Log SD of these weeks at most; None leaves them as uneven as the others.
    """

    first_week: int
    factors: tuple[float, ...]
    noise: float | None = 0.122


@lru_cache(maxsize=400)
def draw_runner(kind: Kind, name: str, weeks: int, plan: Plan | None = None) -> Runner:
    """Draw one steady runner; the same kind, name and length give the same runner to the last digit.

    A plan changes its own weeks and nothing else.
    """
    t, r, n = SETTINGS["training"], SETTINGS["running"], SETTINGS["nights"]
    rng = _stream(name, "traits")
    ranges = {
        "weekly_distance": kind.weekly_distance or t["weekly_distance"],
        **{key: t[key] for key in ("long_share",)},
        **{key: r[key] for key in ("speed", "cadence", "cadence_slope", "maximum_heart_rate", "efficiency_noise")},
        **{key: n[key] for key in ("resting_heart_rate", "sd", "sleep", "sleep_sd")},
    }
    traits = {key: float(rng.uniform(*reach)) for key, reach in ranges.items()}
    traits["runs_a_week"] = 7 if kind.every_day else int(rng.choice(t["runs_a_week"]))
    if kind.weekly_distance:
        traits["runs_a_week"] = min(traits["runs_a_week"], 3)
    runs = _train(kind, traits, weeks, _stream(name, "training"), plan)
    return Runner(
        name=name,
        kind=kind,
        days=7 * weeks,
        runs=runs,
        nights=_sleep(kind, traits, 7 * weeks, _stream(name, "nights")),
        covered=np.ones(7 * weeks, dtype=bool),
        traits=traits,
    )


def _stream(name: str, part: str) -> np.random.Generator:
    return np.random.default_rng([crc32(name.encode()), crc32(part.encode())])


def wander(count: int, sd: float, memory: float, rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """Give a first-order autoregressive series with standard deviation `sd` and lag-1 correlation `memory`."""
    values = rng.normal(size=count) * sd
    values[1:] *= np.sqrt(1 - memory**2)
    for place in range(1, count):
        values[place] += memory * values[place - 1]
    return np.asarray(values)


# ---------------------------------------------------------------- the runs
def _train(
    kind: Kind, traits: dict[str, float], weeks: int, rng: np.random.Generator, plan: Plan | None
) -> pd.DataFrame:
    t, r = SETTINGS["training"], SETTINGS["running"]
    spread = t["week_noise"][WEEKLY_CV.index(kind.weekly_cv)]
    limit = t["weekly_limit"]
    noise = spread * np.clip(wander(weeks, 1.0, t["week_memory"], rng), -limit, limit)
    drift = wander(weeks, t["drift_sd"], t["drift_memory"], rng)
    light = np.where(rng.random(weeks) < t["light_week_odds"], np.log(rng.uniform(0.6, 0.8, weeks)), 0.0)
    idle = (rng.random(weeks) < t["idle_weeks_a_year"] / 52) & (not kind.every_day)
    if plan:
        kept = slice(plan.first_week, plan.first_week + len(plan.factors))
        light[kept], idle[kept] = np.log(plan.factors), False
        noise[kept] *= 1.0 if plan.noise is None else min(1.0, plan.noise / spread)
    total = traits["weekly_distance"] * np.exp(noise + drift + light)
    long_share = traits["long_share"] * np.exp(rng.normal(0, t["long_share_noise"], weeks))
    usual = int(traits["runs_a_week"])
    fixed = np.sort(rng.permutation(6)[: usual - 1])
    parts = []
    for week, own in zip(range(weeks), rng.spawn(weeks), strict=True):  # so that a plan moves no other week's draws
        if idle[week]:
            continue
        count = usual
        if usual < 7:  # in a low week a run drops out, in a high one another comes in
            count = int(np.clip(round(usual * np.exp(0.4 * noise[week]) + own.uniform(-0.4, 0.4)), 2, 6))
        spare = np.setdiff1d(np.arange(6), fixed)
        chosen = np.concatenate([own.permutation(fixed), own.permutation(spare)])[: count - 1]
        share = min(max(long_share[week], 1.15 / count), 0.8)
        uneven = np.exp(own.normal(0, t["share_noise"], count - 1))
        hard = np.append(own.random(count - 1) < r["hard_runs"] / (usual - 1), False)
        scatter = own.normal(size=(3, count))
        slower = r["long_slower"] * (np.arange(count) == count - 1)
        parts.append(
            {
                "day": 7 * week + np.append(np.sort(chosen), 6),
                "distance": total[week] * np.append((1 - share) * uneven / uneven.sum(), share),
                "speed": traits["speed"] + r["speed_noise"] * scatter[0] - slower,
                "hard": hard * own.uniform(*r["hard_share"], count),
                "cadence": kind.residual * scatter[1],
                "strain": traits["efficiency_noise"] * scatter[2],
            }
        )
    runs = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    runs["distance"] = np.maximum(runs["distance"], 800.0)
    return pd.DataFrame(runs).assign(shift=0, halved=False)


# ---------------------------------------------------------------- the nights
def _sleep(kind: Kind, traits: dict[str, float], days: int, rng: np.random.Generator) -> pd.DataFrame:
    n = SETTINGS["nights"]
    beats = traits["resting_heart_rate"] + wander(days, traits["sd"], n["memory"], rng)
    beats = beats + wander(days, n["slow_sd"], n["slow_memory"], rng)
    extra = rng.normal(0, n["white_noise"], days)
    if kind.device == "noisy":
        beats = beats + extra
    sleep = traits["sleep"] + wander(days, traits["sleep_sd"], n["sleep_memory"], rng)
    table = pd.DataFrame({"rhr": np.round(beats), "sleep": 60 * np.round(np.maximum(sleep, 7200) / 60)})
    return table.mask(np.repeat(rng.random((days, 1)) < n["missing"], 2, axis=1))


# ---------------------------------------------------------------- the log
def write_log(runner: Runner, *, minutes_from: int | None = 0, nights: bool = True) -> RunningLog:
    """Give the runner as a log; only the tables that the rules at hand read.

    Parameters
    ----------
    runner : Runner
        Drawn, changed or both.
    minutes_from : int or None
        First day whose minutes are given; None for no minutes at all.
    nights : bool
        Whether the table wellness is filled.
    """
    dates = pd.date_range(START, periods=runner.days, freq="D", unit="us")
    runs = runner.runs[runner.covered[runner.runs["day"].to_numpy()]]
    table = None if minutes_from is None else _minutes(runner, runs[runs["day"] >= minutes_from])
    day = np.minimum(runs["day"].to_numpy() + runs["shift"].to_numpy(), runner.days - 1)
    keys = [f"run-{number}" for number in runs.index]
    duration = (runs["distance"] / runs["speed"]).to_numpy()
    local = dates[day] + pd.Timedelta(hours=18)
    activities = pd.DataFrame(
        {
            "activity": keys,
            "date": dates[day],
            "start_local": local,
            "start_utc": local.tz_localize("UTC"),
            "sport": "run",
            "distance": runs["distance"].to_numpy(),
            "duration": duration,
            "moving": duration,
            "speed": runs["speed"].to_numpy(),
        }
    )
    counts = np.bincount(day, minlength=runner.days)
    state = np.where(counts > 0, "run", np.where(runner.covered, "rest", "unknown"))
    reason = np.where(counts > 0, "run_recorded", np.where(runner.covered, "listed", "outside_sources"))
    known = pd.DataFrame({"date": dates, "state": state, "reason": reason, "runs": counts, "other_activities": 0})
    wellness = pd.DataFrame({"date": dates, "rhr_day": runner.nights["rhr"], "sleep": runner.nights["sleep"]})
    return RunningLog(
        activities=conform("activities", activities)[0],
        laps=empty_table("laps"),
        minutes=empty_table("minutes") if table is None else conform("minutes", table)[0],
        wellness=conform("wellness", wellness[runner.covered])[0] if nights else empty_table("wellness"),
        gear=empty_table("gear"),
        diary=empty_table("diary"),
        days=conform("days", known)[0],
        sources=empty_table("sources"),
        ledger=empty_table("ledger"),
    )


def _minutes(runner: Runner, runs: pd.DataFrame) -> pd.DataFrame:
    """One row per minute: hard parts in the middle, five easy minutes first, everything else about the run's speed."""
    r, traits = SETTINGS["running"], runner.traits
    count = np.maximum((runs["distance"] / runs["speed"] / 60).to_numpy().astype(int), 1)
    run = np.repeat(np.arange(len(runs)), count)
    minute = np.arange(len(run)) - np.repeat(np.cumsum(count) - count, count)
    rng = _stream(runner.name, "minutes")
    draws = rng.normal(size=(4, 60 * runner.days))  # one row a minute of 60 a day: a change moves no draw
    place = (runs["day"].to_numpy()[run] * 60 + minute) % draws.shape[1]
    hard = minute < 10 + (runs["hard"].to_numpy() * count)[run]
    hard &= (minute >= 10) & (runs["hard"].to_numpy()[run] > 0)
    speed = runs["speed"].to_numpy()[run] + r["minute_speed_noise"] * draws[0, place] + r["hard_faster"] * hard
    speed = np.maximum(speed - 0.3 * (minute < 5), 1.2)
    off = speed - traits["speed"]
    cadence = traits["cadence"] + traits["cadence_slope"] * off + runs["cadence"].to_numpy()[run]
    cadence = cadence + r["minute_cadence_noise"] * draws[1, place]
    top = traits["maximum_heart_rate"] * r["threshold_share"]
    beats = (top + r["heart_rate_slope"] * (off - r["hard_faster"])) * np.exp(runs["strain"].to_numpy()[run])
    beats = beats + r["minute_heart_rate_noise"] * draws[2, place] - 25 * np.exp(-minute / 3)
    return pd.DataFrame(
        {
            "activity": np.array([f"run-{number}" for number in runs.index], dtype=object)[run],
            "minute": minute,
            "recorded": 60.0,
            "moving": 1.0,
            "distance": 60 * speed,
            "speed": speed,
            "heart_rate": np.clip(np.round(beats), 60, traits["maximum_heart_rate"]),
            "cadence": np.round(np.where(runs["halved"].to_numpy()[run], cadence / 2, cadence)),
            "grade": r["grade_sd"] * draws[3, place],
        }
    )
