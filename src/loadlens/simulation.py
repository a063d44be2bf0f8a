"""Synthetic runners whose truth is known: what was planted, when, how large, and what must stay quiet.

The parameters of each runner live in ``data/simulation.toml``. Every part of a life (plan, runs, nights, shoes) draws
from its own stream of random numbers, so that adding a part later leaves the others as they were.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd

from loadlens.simulators.simulated_runs import clock, ramp, record_runs

TABLES: dict[str, Any] = tomllib.loads((files("loadlens") / "data" / "simulation.toml").read_text("utf-8"))
"""Everything of ``data/simulation.toml``: runners, how exports are written, and the sample folders."""

RUNNERS: tuple[str, ...] = tuple(TABLES["runners"])
"""Names of the runners that `simulate` knows."""


@dataclass(frozen=True)
class SimulatedRunner:
    """One synthetic runner, in the columns and units of ``data/columns.toml``.

    Attributes
    ----------
    name : str
        One of `RUNNERS`.
    seed : int
        The seed it was drawn with.
    zone : str
        IANA time zone of home.
    activities : DataFrame
        One row per session, oldest first; only what the watch recorded.
    minutes : DataFrame
        One row per recorded minute of each run.
    pauses : DataFrame
        activity, start, end: stopped timer, in seconds since the start of the run.
    wellness : DataFrame
        One row per day with data.
    shoes : DataFrame
        gear, first_date, last_date, runs, start_distance, distance [m].
    truth : dict
        kind of what was planted, first and last date (None when nothing was), size (a ratio, bpm or steps/min),
        must_not_fire (kinds that must stay quiet) and unknown (first and last date of each stretch without data).
    """

    name: str
    seed: int
    zone: str
    activities: pd.DataFrame
    minutes: pd.DataFrame
    pauses: pd.DataFrame
    wellness: pd.DataFrame
    shoes: pd.DataFrame
    truth: dict[str, Any]


def simulate(name: str, *, seed: int = 0, weeks: int | None = None, start: str = "2024-01-01") -> SimulatedRunner:
    """Draw one synthetic runner.

    Parameters
    ----------
    name : str
        One of `RUNNERS`.
    seed : int
        The same seed gives the same runner, to the last digit.
    weeks : int, optional
        Length of the log; each runner has its own default and minimum.
    start : str
        First day; the training week begins on its weekday.

    Returns
    -------
    SimulatedRunner

    Raises
    ------
    ValueError
        The name is unknown, or `weeks` leaves no room for what is planted.
    """
    if name not in RUNNERS:
        raise ValueError(f"simulate: no runner called {name!r}; known are {', '.join(RUNNERS)}")
    p = parameters(name) | ({} if weeks is None else {"weeks": weeks})
    if p["weeks"] < p["minimum_weeks"]:
        raise ValueError(f"simulate: {name} needs at least {p['minimum_weeks']} weeks, got {p['weeks']}")
    first = pd.Timestamp(start).normalize()
    plan = _plan(p, _stream(seed, name, "plan"))
    if "spike" in p:
        _plant_spike(plan, p)
    truth = _tell(p, first)
    runs, minutes, pauses = record_runs(plan, first, p, _stream(seed, name, "runs"))
    others = _record_others(plan, first, p, _stream(seed, name, "others"))
    activities = pd.concat([runs, others], ignore_index=True).sort_values("start_utc", kind="stable")
    wellness = _live(activities, first, p, _stream(seed, name, "nights"))
    for begin, end in truth["unknown"]:
        activities = activities[~activities["date"].between(begin, end)]
        wellness = wellness[~wellness["date"].between(begin, end)]
    activities = activities.reset_index(drop=True)
    shoes = _wear_shoes(activities, p, _stream(seed, name, "shoes"))
    minutes = minutes[minutes["activity"].isin(activities["activity"])].reset_index(drop=True)
    pauses = pauses[pauses["activity"].isin(activities["activity"])].reset_index(drop=True)
    wellness = wellness.reset_index(drop=True)
    return SimulatedRunner(name, seed, p["zone"], activities, minutes, pauses, wellness, shoes, truth)


def parameters(name: str) -> dict[str, Any]:
    """Return the parameters of a runner, its own over the common ones."""
    return {**TABLES["defaults"], **TABLES["runners"][name]}


def _stream(seed: int, name: str, part: str) -> np.random.Generator:
    return np.random.default_rng([seed, crc32(name.encode()), crc32(part.encode())])


# ---------------------------------------------------------------- the plan: which run on which day


def _plan(p: dict[str, Any], rng: np.random.Generator) -> pd.DataFrame:
    """Give one row per run: day since the start, kind, distance in m."""
    weeks = p["weeks"]
    limit = p["weekly_noise_limit"]
    surprise = rng.normal(size=weeks + 1)
    swing = (surprise[1:] - p["weekly_swing"] * surprise[:-1]) / np.hypot(1, p["weekly_swing"])
    noise = np.exp(p["weekly_noise"] * np.clip(swing, -limit, limit))
    planned = np.ones(weeks)
    for part in p["plan"]:
        begin = part["first_week"] % weeks
        planned[begin : begin + len(part["factors"])] = part["factors"]
        noise[begin : begin + len(part["factors"])] **= 0.2  # a planted change keeps its size
    rows: list[tuple[int, str, float]] = []
    for week in range(weeks):
        if planned[week] == 0:
            continue
        sessions = [s for s in p["sessions"] if s[1] != "easy" or rng.random() >= p["skipped"]]
        if planned[week] > 1:
            sessions = [*p["sessions"], p["extra_session"]]
        total = np.clip(p["weekly_distance"] * planned[week] * noise[week], *p["weekly_limits"])
        long_factor = planned[week] ** p["long_follows"] * noise[week] ** 0.4
        long_factor *= np.exp(p["long_noise"] * np.clip(rng.normal(), -1.5, 1.5))
        rest = total - sum(s[2] * p["weekly_distance"] * long_factor for s in sessions if s[1] == "long")
        shares = sum(s[2] for s in p["sessions"] if s[1] != "long")
        if planned[week] > 1:
            shares += p["extra_session"][2]
        for day, kind, share in sessions:
            if kind == "long":
                distance = share * p["weekly_distance"] * long_factor
            else:
                distance = rest * share / shares * rng.uniform(0.95, 1.05)
            rows.append((7 * week + day, kind, float(distance)))
    return pd.DataFrame(rows, columns=["day", "kind", "distance"])


def _plant_spike(plan: pd.DataFrame, p: dict[str, Any]) -> None:
    """Make one long run so many times the longest of the 30 days before it, in place."""
    week = p["spike"]["first_week"] % p["weeks"]
    row = plan.index[(plan["day"] // 7 == week) & (plan["kind"] == "long")][0]
    before = plan["day"].between(plan["day"][row] - 30, plan["day"][row] - 1)
    plan.loc[row, "distance"] = p["spike"]["size"] * plan.loc[before, "distance"].max()


def _tell(p: dict[str, Any], first: pd.Timestamp) -> dict[str, Any]:
    """Give the truth in dates."""
    told = p["truth"]

    def date(day: int) -> pd.Timestamp:
        return first + pd.Timedelta(days=day)

    truth = {"kind": told["kind"], "first": None, "last": None, "size": told.get("size")}
    if "first_week" in told:
        begin = 7 * (told["first_week"] % p["weeks"]) + told.get("weekday", 0)
        truth |= {"first": date(begin), "last": date(begin + told["days"] - 1)}
    unknown = tuple((date(begin), date(begin + days - 1)) for begin, days in p["gaps"])
    return truth | {"must_not_fire": tuple(told["must_not_fire"]), "unknown": unknown}


# ---------------------------------------------------------------- the rest: other sports, nights, shoes


def _record_others(
    plan: pd.DataFrame, first: pd.Timestamp, p: dict[str, Any], rng: np.random.Generator
) -> pd.DataFrame:
    """Give the strength sessions, and rides, walks and swims on days without a run."""
    rows: list[dict[str, Any]] = []
    chosen: list[str]
    week = -1  # the last one with such a day: at most one a week, so that days of full rest remain
    free = set(range(7 * p["weeks"])) - set(plan["day"])
    wishes = ("ride", "walk", "swim")
    odds = np.array([p["times_a_week"][sport] for sport in wishes]) * p["weeks"] / len(free)
    for day in range(7 * p["weeks"]):
        chosen = []
        if day % 7 in p["strength_days"] and rng.random() < p["strength_probability"]:
            chosen.append("strength")
        drawn = rng.random(len(wishes)) < odds
        if day in free and drawn.any() and day // 7 > week:
            week = day // 7
            chosen.append(wishes[int(np.argmax(drawn))])
        for sport in chosen:
            speed, length, heart = p["other_sports"][sport]
            duration = float(np.round(length * rng.uniform(0.8, 1.25)))
            when = clock(day, first, p, rng)
            early = pd.Timedelta(hours=2 if when["start_local"].hour > 2 else -12)  # never on top of a run
            row = {"activity": f"{p['serial']}-x{len(rows):03d}", "sport": sport, "device": p["device"]}
            row |= when | {name: when[name] - early for name in ("start_utc", "start_local")}
            row |= {"duration": duration, "elapsed": duration, "moving": duration}
            row["title"] = f"{p['place']} {sport}"
            row |= {"heart_rate": float(heart + rng.integers(-6, 7)), "max_heart_rate": float(heart + 31)}
            row |= {"distance": round(speed * duration, 2), "calories": float(np.round(duration / 60 * 7))}
            row |= {"speed": speed or np.nan, "max_speed": round(1.5 * speed, 2) or np.nan}
            rows.append(row)
    return pd.DataFrame(rows)


def _wander(n: int, sd: float, memory: float, rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """Give a first-order autoregressive series with standard deviation `sd`."""
    steps = rng.normal(size=n) * sd * np.sqrt(1 - memory**2)
    steps[0] = sd * rng.normal()
    for i in range(1, n):
        steps[i] += memory * steps[i - 1]
    wandered: np.ndarray[Any, Any] = steps
    return wandered


def _live(activities: pd.DataFrame, first: pd.Timestamp, p: dict[str, Any], rng: np.random.Generator) -> pd.DataFrame:
    """Give the days: resting heart rate, sleep, heart rate variability, steps."""
    n = 7 * p["weeks"]
    dates = pd.date_range(first, periods=n, freq="D")
    wander = _wander(n, p["resting_heart_rate_sd"], p["resting_heart_rate_memory"], rng)
    rise = ramp(p.get("resting_heart_rate_rise"), np.arange(n), p["weeks"])
    table = pd.DataFrame({"date": dates, "rhr_day": np.round(p["resting_heart_rate"] + wander + rise)})
    table["sleep"] = 60.0 * np.round((p["sleep"] + p["sleep_sd"] * rng.normal(size=n)) / 60)
    table["hrv_rmssd"] = np.round(p["rmssd"] + p["rmssd_sd"] * rng.normal(size=n) - 1.2 * (wander + rise))
    score = 80 + (table["sleep"] - p["sleep"]) / 300 + 4 * rng.normal(size=n)
    table["sleep_score"] = np.clip(np.round(score), 25, 99)
    run_steps = activities.groupby("date")["steps"].sum().reindex(dates).fillna(0).to_numpy()
    table["steps"] = np.round(np.maximum(900, p["steps"] + p["steps_sd"] * rng.normal(size=n))) + run_steps
    table.loc[rng.random(n) < p["night_missing"], ["rhr_day", "sleep", "hrv_rmssd", "sleep_score"]] = np.nan
    table["rhr_7d"] = np.floor(table["rhr_day"].rolling(7, min_periods=1).mean() + 0.5)
    return table


def _wear_shoes(activities: pd.DataFrame, p: dict[str, Any], rng: np.random.Generator) -> pd.DataFrame:
    """Name the pair of each run in `activities` (column ``gear``) and tell what each pair has done."""
    pairs: list[dict[str, Any]] = [{"gear": f"Simulus {i + 1}", "distance": 0.0} for i in range(p["shoes_in_use"])]
    worn: list[dict[str, Any]] = []
    named: list[str | None] = []
    bought = len(pairs)
    for row in activities.to_dict("records"):
        if row["sport"] != "run":
            named.append(None)
            continue
        turn = int(rng.integers(len(pairs)))
        if pairs[turn]["distance"] + row["distance"] > p["shoe_limit"]:
            bought += 1
            pairs[turn] = {"gear": f"Simulus {bought}", "distance": 0.0}
        pairs[turn]["distance"] += row["distance"]
        named.append(pairs[turn]["gear"] if rng.random() < p["shoes_named"] else None)
        worn.append({"gear": pairs[turn]["gear"], "date": row["date"], "distance": row["distance"]})
    activities["gear"] = pd.Series(named, dtype=object)
    table = pd.DataFrame(worn).groupby("gear", sort=False)
    shoes = table["date"].agg(["min", "max", "size"]).set_axis(["first_date", "last_date", "runs"], axis=1)
    return shoes.assign(start_distance=0.0, distance=table["distance"].sum().round(2)).reset_index()
