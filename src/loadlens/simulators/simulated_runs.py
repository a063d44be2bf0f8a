"""The runs of a synthetic runner, minute by minute, and what a watch would say about each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd


def ramp(event: dict[str, Any] | None, day: int | np.ndarray[Any, Any], weeks: int) -> Any:
    """Give the planted shift on each day: up over the ramp, held, and down again where it falls."""
    if event is None:
        return 0.0 * np.asarray(day)
    since = np.asarray(day) - 7 * (event["first_week"] % weeks) + 1
    up = np.clip(since / event["ramp_days"], 0, 1)
    if "fall_days" in event:
        up = up - np.clip((since - event["ramp_days"] - event["hold_days"]) / event["fall_days"], 0, 1)
    return event["size"] * up


def record_runs(
    plan: pd.DataFrame, first: pd.Timestamp, p: dict[str, Any], rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Give the runs of a plan (day, kind, distance): one row each, their minutes, and their pauses."""
    rows, minutes, pauses = [], [], []
    for number, session in enumerate(plan.to_dict("records")):
        key = f"{p['serial']}-{number:04d}"
        day, kind, distance = session["day"], session["kind"], session["distance"]
        pause = (0.0, 0.0)
        if rng.random() < p["paused"]:
            begin = np.floor(rng.uniform(0.3, 0.8) * distance / p["easy_speed"])
            pause = (begin, begin + np.floor(rng.uniform(*p["pause_seconds"])))
            pauses.append((key, *pause))
        table = _run(kind, distance, pause, float(ramp(p.get("cadence_shift"), day, p["weeks"])), p, rng)
        surface = None
        if kind == "easy" and rng.random() < p["treadmill"]:
            surface = "treadmill"
        elif kind == "tempo" and rng.random() < p["track"]:
            surface = "track"
        if surface is not None:
            table["grade"] = np.zeros_like(table["grade"])
        row = {"activity": key} | clock(day, first, p, rng)
        row |= _summarise(table, p) | {"sport": "run", "sub_sport": surface, "device": p["device"]}
        row["elapsed"] = row["duration"] + pause[1] - pause[0]
        row["title"] = f"{p['place']} run" if kind != "long" else f"{p['place']} long run"
        row["rpe"] = float(p["exertion"][kind] + rng.integers(-1, 2))
        rows.append(row)
        minutes.append(table | {"activity": np.full(len(table["minute"]), key, object)})
    return (
        pd.DataFrame(rows),
        pd.DataFrame({name: np.concatenate([table[name] for table in minutes]) for name in minutes[0]}),
        pd.DataFrame(pauses, columns=["activity", "start", "end"]),
    )


def _run(
    kind: str,
    distance: float,
    pause: tuple[float, float],
    shift: float,
    p: dict[str, Any],
    rng: np.random.Generator,
) -> dict[str, np.ndarray[Any, Any]]:
    """Give the minutes of one run until the distance is reached, column by column."""
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
    missing = distance - reached[last] + speed[last] * recorded[last]
    recorded[last] = max(1.0, np.round(missing / speed[last]))
    faster = speed - p["reference_speed"]
    cadence = p["cadence"] + shift + p["cadence_slope"] * faster + p["cadence_run_noise"] * rng.normal()
    cadence = np.where(walking, p["walk_cadence"], cadence) + p["cadence_minute_noise"] * rng.normal(size=n)
    heart = p["heart_rate"] + p["heart_rate_slope"] * np.where(walking, -0.4, faster)
    heart = heart + p["heart_rate_drift"] * minute - 28 * np.exp(-(minute + 0.5) / 2.5)
    heart = heart + p["heart_rate_run_noise"] * rng.normal() + 1.2 * rng.normal(size=n)
    if rng.random() < p["no_heart_rate"]:
        heart = np.full(n, np.nan)
    noise = rng.normal(size=(4, n))
    table = {
        "minute": minute,
        "recorded": recorded,
        "moving": np.ones(n),
        "distance": speed * recorded,
        "speed": speed,
        "heart_rate": np.minimum(heart, p["heart_rate_max"]).round(1),
        "cadence": cadence.round(1),
        "grade": (p["grade_noise"] * noise[0]).round(2),
    }
    if p["running_dynamics"]:
        for name, wobble in zip(("vertical_oscillation", "ground_contact", "power"), noise[1:], strict=True):
            level, slope, spread, digits = p[name]
            table[name] = (level + slope * faster + spread * wobble).round(digits)
    ran = (minute <= last) & (recorded > 0)
    return {name: column[ran] for name, column in table.items()}


def clock(day: int, first: pd.Timestamp, p: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
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


def _mean(table: dict[str, np.ndarray[Any, Any]], column: str) -> float:
    if column not in table:
        return np.nan
    known = ~np.isnan(table[column])
    return float(np.average(table[column][known], weights=table["recorded"][known])) if known.any() else np.nan


def _summarise(table: dict[str, np.ndarray[Any, Any]], p: dict[str, Any]) -> dict[str, Any]:
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
        "descent": float(np.round(np.abs(climb[climb < 0]).sum())),
        "calories": float(np.round(p["mass"] * distance / 1000)),
        "steps": float(np.round(cadence * duration / 60)),
    }
