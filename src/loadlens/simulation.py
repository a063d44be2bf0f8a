"""Synthetic runners whose truth is known: what was planted, when, how large, and what must stay quiet.

The parameters of each runner live in ``data/simulation.toml``. Every part of a life (plan, runs, nights, shoes) draws
from its own stream of random numbers, so that adding a part later leaves the others as they were.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

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


def simulate(
    name: str, *, seed: int = 0, weeks: int | None = None, start: str = "2024-01-01"
) -> SimulatedRunner:
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
    p = TABLES["defaults"] | TABLES["runners"][name] | ({} if weeks is None else {"weeks": weeks})
    if p["weeks"] < p["minimum_weeks"]:
        raise ValueError(f"simulate: {name} needs at least {p['minimum_weeks']} weeks, got {p['weeks']}")
    first = pd.Timestamp(start).normalize()
    plan = _plan(p, _stream(seed, name, "plan"))
    truth = dict(p["truth"]) | {"first": None, "last": None, "size": None}
    truth |= _plant_spike(plan, p)
    truth |= _planted(p)
    activities, minutes, pauses = _record_runs(plan, first, p, _stream(seed, name, "runs"))
    others = _record_others(plan, first, p, _stream(seed, name, "others"))
    activities = pd.concat([activities, others], ignore_index=True).sort_values("start_utc", kind="stable")
    activities["sport_as_exported"] = activities["sport"]
    wellness = _live(activities, first, p, _stream(seed, name, "nights"))
    unknown = tuple(tuple(first + pd.Timedelta(days=d) for d in (a, a + n - 1)) for a, n in p["gaps"])
    for one, other in unknown:
        activities = activities[~activities["date"].between(one, other)]
        wellness = wellness[~wellness["date"].between(one, other)]
    activities = activities.reset_index(drop=True)
    shoes = _wear_shoes(activities, p, _stream(seed, name, "shoes"))
    kept = set(activities["activity"])
    truth |= {
        key: first + pd.Timedelta(days=truth[key]) for key in ("first", "last") if truth[key] is not None
    }
    truth |= {"must_not_fire": tuple(truth["must_not_fire"]), "unknown": unknown}
    return SimulatedRunner(
        name,
        seed,
        p["zone"],
        activities,
        minutes[minutes["activity"].isin(kept)].reset_index(drop=True),
        pauses[pauses["activity"].isin(kept)].reset_index(drop=True),
        wellness.reset_index(drop=True),
        shoes,
        truth,
    )


def _stream(seed: int, name: str, part: str) -> np.random.Generator:
    return np.random.default_rng([seed, crc32(name.encode()), crc32(part.encode())])


# ---------------------------------------------------------------- the plan: which run on which day


def _plan(p: dict[str, Any], rng: np.random.Generator) -> pd.DataFrame:
    """Give one row per run: day since the start, kind, distance in m."""
    weeks = p["weeks"]
    limit = p["weekly_noise_limit"]
    noise = np.exp(p["weekly_noise"] * np.clip(rng.normal(size=weeks), -limit, limit))
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


def _plant_spike(plan: pd.DataFrame, p: dict[str, Any]) -> dict[str, Any]:
    """Make one long run larger than the longest of the 30 days before it, in place."""
    if "spike" not in p:
        return {}
    week = p["spike"]["first_week"] % p["weeks"]
    row = plan.index[(plan["day"] // 7 == week) & (plan["kind"] == "long")][0]
    day = int(plan["day"][row])
    before = plan.loc[plan["day"].between(day - 30, day - 1), "distance"].max()
    plan.loc[row, "distance"] = p["spike"]["size"] * before
    return {"first": day, "last": day, "size": p["spike"]["size"]}


def _planted(p: dict[str, Any]) -> dict[str, Any]:
    """Tell first and last day and size of what the parameters plant."""
    if "cadence_shift" in p:
        shift = p["cadence_shift"]
        return {
            "first": 7 * (shift["first_week"] % p["weeks"]),
            "last": 7 * p["weeks"] - 1,
            "size": shift["size"],
        }
    if "resting_heart_rate_rise" in p:
        rise = p["resting_heart_rate_rise"]
        first = 7 * (rise["first_week"] % p["weeks"])
        return {
            "first": first,
            "last": first + rise["ramp_days"] + rise["hold_days"] - 1,
            "size": rise["size"],
        }
    if p["plan"]:
        weeks = [(p["plan"][0]["first_week"] % p["weeks"]) + i for i in range(len(p["plan"][0]["factors"]))]
        factors = p["plan"][0]["factors"]
        if min(factors) == 0:
            weeks, factors = weeks[: factors.count(0)], [0]
        return {"first": 7 * weeks[0], "last": 7 * weeks[-1] + 6, "size": float(np.mean(factors))}
    return {}


def _ramp(event: dict[str, Any] | None, day: int | np.ndarray[Any, Any], weeks: int) -> Any:
    """Give the planted shift on each day: up over the ramp, held, and down again where it falls."""
    if event is None:
        return 0.0 * np.asarray(day)
    since = np.asarray(day) - 7 * (event["first_week"] % weeks) + 1
    up = np.clip(since / event["ramp_days"], 0, 1)
    if "fall_days" in event:
        up = up - np.clip((since - event["ramp_days"] - event["hold_days"]) / event["fall_days"], 0, 1)
    return event["size"] * up


# ---------------------------------------------------------------- runs, minute by minute


def _record_runs(
    plan: pd.DataFrame, first: pd.Timestamp, p: dict[str, Any], rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    rows, minutes, pauses = [], [], []
    for number, session in enumerate(plan.itertuples(index=False)):
        key = f"{p['serial']}-{number:04d}"
        day, kind, distance = int(session.day), str(session.kind), float(session.distance)  # type: ignore[arg-type]
        pause = (0.0, 0.0)
        if rng.random() < p["paused"]:
            begin = np.floor(rng.uniform(0.3, 0.8) * distance / p["easy_speed"])
            pause = (begin, begin + np.floor(rng.uniform(*p["pause_seconds"])))
            pauses.append((key, *pause))
        table = _run(kind, distance, pause, float(_ramp(p.get("cadence_shift"), day, p["weeks"])), p, rng)
        surface = ""
        if kind == "easy" and rng.random() < p["treadmill"]:
            surface, table["grade"] = "treadmill", 0.0
        elif kind == "tempo" and rng.random() < p["track"]:
            surface, table["grade"] = "track", 0.0
        row = {"activity": key} | _clock(day, first, p, rng)
        row |= _summarise(table, p) | {"sport": "run", "sub_sport": surface or None, "device": p["device"]}
        row["elapsed"] = row["duration"] + pause[1] - pause[0]
        row["title"] = f"{p['place']} run" if kind != "long" else f"{p['place']} long run"
        row["rpe"] = float({"easy": 3, "run_walk": 4, "long": 5, "tempo": 7}[kind] + rng.integers(-1, 2))
        rows.append(row)
        minutes.append(table.assign(activity=key))
    return (
        pd.DataFrame(rows),
        pd.concat(minutes, ignore_index=True),
        pd.DataFrame(pauses, columns=["activity", "start", "end"]),
    )


def _run(
    kind: str,
    distance: float,
    pause: tuple[float, float],
    shift: float,
    p: dict[str, Any],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Give the minutes of one run until the distance is reached."""
    n = int(distance / (60 * min(p["walk_speed"], p["easy_speed"]))) + 8
    minute = np.arange(n)
    speed = np.full(n, p["easy_speed"] * (0.97 if kind == "long" else 1.0))
    walking = np.zeros(n, bool)
    if kind == "run_walk":
        walking = minute % (p["run_minutes"] + p["walk_minutes"]) >= p["run_minutes"]
        speed[walking] = p["walk_speed"]
    elif kind == "tempo":
        whole = distance / (60 * p["tempo_speed"])
        speed[(minute > 0.25 * whole) & (minute < 0.9 * whole)] = p["tempo_speed"]
    speed = speed * np.exp(p["minute_speed_noise"] * rng.normal(size=n)) * np.exp(0.02 * rng.normal())
    stopped = np.clip(np.minimum(pause[1], 60 * (minute + 1)) - np.maximum(pause[0], 60 * minute), 0, 60)
    recorded = 60.0 - stopped
    reached = np.cumsum(speed * recorded)
    last = int(np.searchsorted(reached, distance))
    recorded[last] = max(1.0, np.round((distance - (reached[last] - speed[last] * recorded[last])) / speed[last]))
    faster = speed - p["reference_speed"]
    cadence = p["cadence"] + shift + p["cadence_slope"] * faster + p["cadence_run_noise"] * rng.normal()
    cadence = np.where(walking, p["walk_cadence"], cadence) + p["cadence_minute_noise"] * rng.normal(size=n)
    heart = p["heart_rate"] + p["heart_rate_slope"] * np.where(walking, -0.4, faster)
    heart = heart + p["heart_rate_drift"] * minute - 28 * np.exp(-(minute + 0.5) / 2.5)
    heart = heart + p["heart_rate_run_noise"] * rng.normal() + 1.2 * rng.normal(size=n)
    if rng.random() < p["no_heart_rate"]:
        heart = np.full(n, np.nan)
    noise = rng.normal(size=(3, n))
    table = pd.DataFrame(
        {
            "minute": minute,
            "recorded": recorded,
            "moving": 1.0,
            "distance": speed * recorded,
            "speed": speed,
            "heart_rate": np.minimum(heart, p["heart_rate_max"]).round(1),
            "cadence": cadence.round(1),
            "grade": (p["grade_noise"] * noise[0]).round(2),
        }
    )
    if p["running_dynamics"]:
        table["vertical_oscillation"] = (86 + 4 * faster + 1.5 * noise[1]).round(1)
        table["ground_contact"] = (252 - 42 * faster + 3 * noise[2]).round()
        table["power"] = (1.04 * p["mass"] * speed + 3 * noise[1]).round()
    table = table.iloc[: last + 1]
    return table[table["recorded"] > 0].reset_index(drop=True)


def _clock(day: int, first: pd.Timestamp, p: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Choose the start: evening or weekend morning, now and then just after midnight, at home or abroad."""
    zone = p["zone"]
    for trip in p["abroad"]:
        if 0 <= day // 7 - trip["first_week"] < trip["weeks"]:
            zone = trip["zone"]
    hour = rng.normal(*(p["morning"] if day % 7 >= 5 else p["evening"]))
    late = rng.random() < p["after_midnight"]
    second = int(rng.uniform(300, 3000)) if late else int(3600 * np.clip(hour, 6.2, 22.2))
    date = first + pd.Timedelta(days=day)
    local = datetime(date.year, date.month, date.day) + timedelta(seconds=second)
    utc = local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return {
        "start_utc": pd.Timestamp(utc),
        "start_local": pd.Timestamp(local),
        "date": date,
        "time_zone_from": "file",
    }


def _mean(table: pd.DataFrame, column: str) -> float:
    known = table[table[column].notna()] if column in table else table.iloc[:0]
    return float(np.average(known[column], weights=known["recorded"])) if len(known) else np.nan


def _summarise(table: pd.DataFrame, p: dict[str, Any]) -> dict[str, Any]:
    """Give what a watch says about a whole run; whole bpm and steps/min, as watches do."""
    distance, duration = round(float(table["distance"].sum()), 2), float(table["recorded"].sum())
    climb = table["grade"] / 100 * table["distance"]
    cadence, heart = float(np.round(_mean(table, "cadence"))), _mean(table, "heart_rate")
    oscillation = float(np.round(_mean(table, "vertical_oscillation"), 1))
    step = round(60 * distance / duration / cadence, 2)
    return {
        "distance": distance,
        "duration": duration,
        "moving": duration,
        "speed": round(distance / duration, 3),
        "max_speed": round(float(table["speed"].max()) * 1.06, 3),
        "heart_rate": float(np.round(heart)),
        "max_heart_rate": float(np.round(table["heart_rate"].max() + 2)),
        "cadence": cadence,
        "max_cadence": float(np.round(table["cadence"].max() + 5)),
        "step_length": step,
        "vertical_oscillation": oscillation,
        "vertical_ratio": round(oscillation / 10 / step, 1),
        "ground_contact": float(np.round(_mean(table, "ground_contact"))),
        "power": float(np.round(_mean(table, "power"))),
        "ascent": float(np.round(climb[climb > 0].sum())),
        "descent": float(np.round(-climb[climb < 0].sum())),
        "calories": float(np.round(p["mass"] * distance / 1000)),
        "steps": float(np.round(cadence * duration / 60)),
    }


# ---------------------------------------------------------------- the rest: other sports, nights, shoes


def _record_others(
    plan: pd.DataFrame, first: pd.Timestamp, p: dict[str, Any], rng: np.random.Generator
) -> pd.DataFrame:
    """Give rides, walks, swims and strength sessions: sport, speed in m/s, minutes and heart rate."""
    rows: list[dict[str, Any]] = []
    free = [day for day in range(7 * p["weeks"]) if day not in set(plan["day"])]
    wishes = {"ride": (6.4, 75, 122), "walk": (1.45, 45, 92), "swim": (0.72, 34, 128)}
    for day in range(7 * p["weeks"]):
        chosen = []
        if day % 7 in p["strength_days"] and rng.random() < p["strength_probability"]:
            chosen.append(("strength", 0.0, 26, 102))
        draw = rng.random(3) < np.array([p["rides"], p["walks"], p["swims"]]) * 7 * p["weeks"] / len(free) / 7
        if day in free and draw.any():
            sport = list(wishes)[int(np.argmax(draw))]
            chosen.append((sport, *wishes[sport]))
        for sport, speed, length, heart in chosen:
            duration = float(np.round(60 * length * rng.uniform(0.8, 1.25)))
            clock = _clock(day, first, p, rng)
            early = pd.Timedelta(hours=2 if clock["start_local"].hour > 2 else -12)  # never on top of a run
            row = {"activity": f"{p['serial']}-x{len(rows):03d}", "sport": sport, "device": p["device"]}
            row |= clock | {"start_utc": clock["start_utc"] - early, "start_local": clock["start_local"] - early}
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
    return steps


def _live(
    activities: pd.DataFrame, first: pd.Timestamp, p: dict[str, Any], rng: np.random.Generator
) -> pd.DataFrame:
    """Give the days: resting heart rate, sleep, heart rate variability, steps."""
    n = 7 * p["weeks"]
    dates = pd.date_range(first, periods=n, freq="D")
    wander = _wander(n, p["resting_heart_rate_sd"], p["resting_heart_rate_memory"], rng)
    rise = _ramp(p.get("resting_heart_rate_rise"), np.arange(n), p["weeks"])
    table = pd.DataFrame({"date": dates, "rhr_day": np.round(p["resting_heart_rate"] + wander + rise)})
    table["sleep"] = 60.0 * np.round((p["sleep"] + p["sleep_sd"] * rng.normal(size=n)) / 60)
    table["hrv_rmssd"] = np.round(p["rmssd"] + p["rmssd_sd"] * rng.normal(size=n) - 1.2 * (wander + rise))
    table["sleep_score"] = np.clip(np.round(80 + (table["sleep"] - p["sleep"]) / 300 + 4 * rng.normal(size=n)), 25, 99)
    run_steps = activities.groupby("date")["steps"].sum().reindex(dates).fillna(0).to_numpy()
    table["steps"] = np.round(np.maximum(900, p["steps"] + p["steps_sd"] * rng.normal(size=n))) + run_steps
    table.loc[rng.random(n) < p["night_missing"], ["rhr_day", "sleep", "hrv_rmssd", "sleep_score"]] = np.nan
    table["rhr_7d"] = np.floor(table["rhr_day"].rolling(7, min_periods=1).mean() + 0.5)
    return table


def _wear_shoes(activities: pd.DataFrame, p: dict[str, Any], rng: np.random.Generator) -> pd.DataFrame:
    """Name the pair of each run in `activities` (column ``gear``) and tell what each pair has done."""
    pairs = [{"gear": f"Simulus {i + 1}", "distance": 0.0} for i in range(p["shoes_in_use"])]
    worn: list[dict[str, Any]] = []
    bought = len(pairs)
    activities["gear"] = pd.Series([None] * len(activities), dtype=object)
    for row in activities.index[activities["sport"] == "run"]:
        turn = int(rng.integers(len(pairs)))
        distance = float(activities["distance"][row])
        if pairs[turn]["distance"] + distance > p["shoe_limit"]:
            bought += 1
            pairs[turn] = {"gear": f"Simulus {bought}", "distance": 0.0}
        pairs[turn]["distance"] += distance
        named = rng.random() < p["shoes_named"]
        activities.loc[row, "gear"] = pairs[turn]["gear"] if named else None
        worn.append({"gear": pairs[turn]["gear"], "date": activities["date"][row], "distance": distance})
    table = pd.DataFrame(worn).groupby("gear", sort=False)
    shoes = table["date"].agg(["min", "max", "size"]).set_axis(["first_date", "last_date", "runs"], axis=1)
    return shoes.assign(start_distance=0.0, distance=table["distance"].sum().round(2)).reset_index()
