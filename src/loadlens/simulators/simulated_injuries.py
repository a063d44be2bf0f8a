"""Simulated training of a cohort, and onsets planted in it with a known hazard ratio: the truth that a study must find.

Numbers stand in ``data/injuries.toml``. Nothing here is data of anyone.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from loadlens.studies.daily_exposures import compare_runs, measure_spikes
from loadlens.studies.exposure_rules import band_names, place_in_bands

DAY = pd.Timedelta(days=1)


@cache
def injury_numbers() -> dict[str, dict[str, Any]]:
    """Return the numbers of the simulation (``data/injuries.toml``)."""
    return tomllib.loads(files("loadlens").joinpath("data/injuries.toml").read_text("utf-8"))


def simulate_training(
    participants: int, days: int = 365, seed: int = 0, start: str = "2024-01-01"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw the runs of many runners, and their days.

    Parameters
    ----------
    participants, days : int
        How many runners, and days of each.
    seed : int
        The same seed gives the same cohort; more participants leave the first ones as they were.
    start : str
        First day of all.

    Returns
    -------
    activities : DataFrame
        participant, date, sport, distance [m], duration [s].
    days : DataFrame
        participant, date, state: run, rest, or unknown in stretches without data.
    """
    p = injury_numbers()["training"]
    dates = pd.date_range(start, periods=days, freq="D", unit="us")
    runs, grid = [], []
    for number in range(participants):
        rng = np.random.default_rng([seed, number])
        name = f"runner-{number:05d}"
        often = rng.uniform(*p["runs_a_week"]) / 7
        usual = p["usual_run"] * np.exp(p["between_runners"] * rng.normal())
        steps = p["drift"] * rng.normal(size=days // 7 + 1)
        form = np.zeros(len(steps))
        for week in range(1, len(steps)):
            form[week] = (1 - p["back_to_usual"]) * form[week - 1] + steps[week]
        metres = usual * np.exp(form[np.arange(days) // 7] + p["between_runs"] * rng.normal(size=days))
        metres *= np.where(dates.day_of_week == 6, p["long_run"], 1.0)
        larks = rng.random(days) < p["lark_probability"]
        metres *= np.where(larks, rng.uniform(p["lark"][0], p["lark"][1], size=days), 1.0)
        ran = rng.random(days) < np.where(dates.day_of_week == 6, np.sqrt(often), often)
        begins = np.flatnonzero(rng.random(days) < p["gap_probability"])
        lengths = rng.integers(p["gap_days"][0], p["gap_days"][1], size=len(begins), endpoint=True)
        unknown = np.zeros(days, dtype=bool)
        for begin, length in zip(begins, lengths, strict=True):
            unknown[begin : begin + length] = True
        ran &= ~unknown
        state = np.where(unknown, "unknown", np.where(ran, "run", "rest"))
        grid.append(pd.DataFrame({"participant": name, "date": dates, "state": state}))
        metres = np.round(metres[ran])
        told = {"participant": name, "date": dates[ran], "sport": "run", "distance": metres}
        runs.append(pd.DataFrame(told | {"duration": np.round(metres / p["speed"])}))
    return pd.concat(runs, ignore_index=True), pd.concat(grid, ignore_index=True)


def plant_injuries(
    activities: pd.DataFrame,
    days: pd.DataFrame,
    hazard_ratios: Mapping[str, float] | None = None,
    *,
    baseline: float | None = None,
    seed: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Plant onsets of pain whose hazard depends on the spike of the run they begin with.

    Parameters
    ----------
    activities, days : DataFrame
        As in `tabulate_exposures`; of any cohort, simulated or real.
    hazard_ratios : mapping, optional
        Hazard ratio of the bands small, moderate and large against the reference; by default those of Frandsen et al.
        2025. A run whose spike cannot be assessed carries the hazard of the reference.
    baseline : float, optional
        Onsets per run in the reference band, below 1.
    seed : int
        The same seed plants the same onsets.

    Returns
    -------
    activities, days : DataFrame
        As given, without the runs of the days off after an onset, which are rest.
    events : DataFrame
        participant, date.

    Raises
    ------
    ValueError
        A band is unknown, or a hazard is not between 0 and 1.

    Notes
    -----
    Runs that are taken out change what later runs are compared with, so exposures are measured anew after each onset.
    """
    numbers = injury_numbers()["onsets"]
    ratios = {name: float(numbers[name]) for name in band_names()[1:]}
    if hazard_ratios is not None:
        if set(hazard_ratios) != set(ratios):
            raise ValueError(f"hazard_ratios: {sorted(hazard_ratios)}; would be right: {', '.join(ratios)}")
        ratios = {name: float(hazard_ratios[name]) for name in ratios}
    per_run = float(numbers["baseline"] if baseline is None else baseline)
    hazards = per_run * np.array([1.0, *ratios.values(), 1.0])  # by place of the band; the last one for none
    if not ((hazards >= 0) & (hazards < 1)).all():
        raise ValueError(f"hazards per run {hazards[:-1]}; would be right: from 0 to below 1")
    runs_of = dict(iter(activities[activities["sport"] == "run"].groupby("participant", sort=False)))
    events: dict[str, list[Any]] = {"participant": [], "date": []}
    rested: dict[str, list[Any]] = {"participant": [], "date": []}
    for number, (name, own) in enumerate(days.groupby("participant", sort=True)):
        frame = measure_spikes(runs_of.get(name, activities[:0]), own)
        index = pd.DatetimeIndex(frame.index)
        length, state, spike = frame["length"].to_numpy().copy(), frame["state"].to_numpy(object), frame["spike"]
        chance = np.random.default_rng([seed, number, 1]).random(len(index))
        begin, ratio = 0, spike.to_numpy("float64")
        while True:
            struck = np.flatnonzero((state == "run") & (chance < hazards[place_in_bands(ratio)]))
            struck = struck[struck >= begin]
            if not len(struck):
                break
            begin = int(struck[0]) + 1
            off = np.arange(begin, min(begin + numbers["days_off"], len(index)))
            off = off[state[off] == "run"]
            events["participant"].append(name)
            events["date"].append(index[begin - 1])
            rested["participant"] += [name] * len(off)
            rested["date"] += list(index[off])
            state[off], length[off] = "rest", 0.0
            ratio, _ = compare_runs(length, state, index)
    idle = pd.DataFrame(rested).assign(off=True)

    def is_off(table: pd.DataFrame) -> np.ndarray:
        if idle.empty:
            return np.zeros(len(table), dtype=bool)
        return table[["participant", "date"]].merge(idle, how="left")["off"].notna().to_numpy()

    gone = is_off(activities) & (activities["sport"] == "run").to_numpy()
    calm = days.assign(state=days["state"].mask(is_off(days), "rest"))
    return activities[~gone].reset_index(drop=True), calm, pd.DataFrame(events)


def keep_diaries(events: pd.DataFrame, days: pd.DataFrame) -> pd.DataFrame:
    """Write diaries: pain on the day it begins and while it lasts, and once a week that there is none.

    Parameters
    ----------
    events, days : DataFrame
        What `plant_injuries` returns.

    Returns
    -------
    DataFrame
        participant, date, kind, value, site: pain of 5 on the onset and 4 on the days off, 0 on other Sundays.
    """
    off = injury_numbers()["onsets"]["days_off"]
    weekly = days.loc[days["date"].dt.day_of_week == 6, ["participant", "date"]].assign(value=0.0)
    hurt = [events[["participant", "date"]].assign(value=5.0)]
    hurt += [events[["participant"]].assign(date=events["date"] + day * DAY, value=4.0) for day in range(1, off + 1)]
    diary = pd.concat([*hurt, weekly], ignore_index=True).drop_duplicates(["participant", "date"])
    inside = diary.merge(days[["participant", "date"]], on=["participant", "date"])
    ordered: pd.DataFrame = inside.sort_values(["participant", "date"], ignore_index=True)
    return ordered.assign(kind="pain", site="knee")


def write_participants(folder: str | Path, activities: pd.DataFrame, diary: pd.DataFrame) -> None:
    """Write what participants of a study hand in: a folder each, with a list of runs and a diary.

    Parameters
    ----------
    folder : path
        Made when absent.
    activities, diary : DataFrame
        What `plant_injuries` and `keep_diaries` return.

    Notes
    -----
    The list has the headings of Runkeeper's export and counts as complete: a day without a run in it is rest.
    """
    diaries = dict(iter(diary.groupby("participant", sort=False)))
    for name, runs in activities.groupby("participant", sort=True):
        place = Path(folder, str(name))
        place.mkdir(parents=True, exist_ok=True)
        listed = pd.DataFrame(
            {
                "Activity Id": [f"{name}-{number:04d}" for number in range(len(runs))],
                "Date": runs["date"].dt.strftime("%Y-%m-%d 18:00:00"),
                "Type": "Running",
                "Route Name": "Round",
                "Distance (km)": (runs["distance"] / 1000).round(3),
                "Duration": [str(pd.Timedelta(seconds=length)).split()[-1] for length in runs["duration"]],
                "Average Speed (km/h)": (3.6 * runs["distance"] / runs["duration"]).round(2),
                "GPX File": "",
            }
        )
        listed.to_csv(place / "cardioActivities.csv", index=False)
        own = diaries.get(name, diary[:0])
        own[["date", "kind", "value", "site"]].to_csv(place / "diary.csv", index=False)
