"""Writes what a synthetic runner notes down: pain that grows after what was planted, strength, shoes, how it felt."""

from __future__ import annotations

import csv
import io
from zlib import crc32

import numpy as np
import pandas as pd

from loadlens.diary_words import name_kind, name_tag
from loadlens.simulation import TABLES, SimulatedRunner


def diary_csv(runner: SimulatedRunner, lang: str) -> str:
    """Return a diary of one entry a row: pain after runs, strength training twice a week, the shoes of each run.

    Parameters
    ----------
    runner : SimulatedRunner
        Pain begins some days after what was planted, and grows.
    lang : {"en", "nl"}
        Language of the headings and the words.
    """
    told = TABLES["diary"]
    rng = np.random.default_rng([runner.seed, crc32(runner.name.encode()), 78])
    rows: list[list[object]] = []
    worn: set[str] = set()
    already = _already_on(runner)
    days = runner.activities[runner.activities["sport"] == "run"].drop_duplicates("date")
    for date, gear in zip(days["date"], days["gear"], strict=True):
        pain = _pain(runner, date, rng)
        if isinstance(gear, str):
            km = "" if gear in worn else f"{already[gear] / 1000:.0f}"
            rows.append([date, name_kind("shoes", lang), km, "", "", "", gear])
            worn.add(gear)
        if pain is not None:
            tags = ["during"] if pain < told["sharp_from"] else ["during", "next_morning"]
            said = ", ".join(name_tag(tag, lang) for tag in tags)
            rows.append([date, name_kind("pain", lang), pain, told["site"][lang], told["side"][lang], said, ""])
    first, last = days["date"].min(), days["date"].max()
    for day in pd.date_range(first, last, freq="D"):
        if day.day_name() in told["strength_days"]:
            rows.append([day, name_kind("strength", lang), told["strength_minutes"], "", "", "", ""])
    rows.sort(key=lambda row: (row[0], str(row[1])))
    return _table(told["headings"][lang], rows, lang)


def diary_sheet_csv(runner: SimulatedRunner, lang: str) -> str:
    """Return a diary of one row a day: fatigue, soreness and sleep quality on the diary's own scales."""
    rng = np.random.default_rng([runner.seed, crc32(runner.name.encode()), 79])
    kinds = ("fatigue", "soreness", "sleep_quality")
    rows = []
    for date in runner.wellness["date"]:
        worse = _share(runner, date)
        felt = np.array([1.6 + 1.8 * worse, 1.4 + 1.6 * worse, 4.2 - 1.0 * worse]) + rng.normal(0, 0.5, 3)
        values = [round(value) for value in felt.clip(1, 5).tolist()]
        rows.append([date, *values])
    heading = [TABLES["diary"]["headings"][lang][0], *(name_kind(kind, lang) for kind in kinds)]
    return _table(heading, rows, lang)


def _already_on(runner: SimulatedRunner) -> dict[str, float]:
    """Return the metres on each pair of shoes before its first run of this log."""
    shoes = runner.shoes.set_index("gear")
    runs = runner.activities[runner.activities["sport"] == "run"]
    worn = runs.groupby("gear")["distance"].sum().reindex(shoes.index).fillna(0.0)
    before: pd.Series[float] = shoes["start_distance"] + shoes["distance"] - worn
    return {str(gear): float(metres) for gear, metres in before.items()}


def _share(runner: SimulatedRunner, date: pd.Timestamp) -> float:
    """Return how far into what was planted a day lies: 0 before it, 1 at its end."""
    first, last = runner.truth["first"], runner.truth["last"]
    if first is None or date < first:
        return 0.0
    return float(min((date - first) / max(last - first, pd.Timedelta(days=1)), 1.0))


def _pain(runner: SimulatedRunner, date: pd.Timestamp, rng: np.random.Generator) -> int | None:
    """Return pain from 0 to 10, or None when nothing was noted."""
    told = TABLES["diary"]
    noted, swing = rng.random(), rng.normal(0, 0.6)
    share = _share(runner, date - pd.Timedelta(days=told["pain_lag_days"]))
    if share == 0.0:
        return 0 if noted < told["painless_noted"] else None
    return int(np.clip(round(1 + (told["worst_pain"] - 1) * share + swing), 0, 10))


def _table(heading: list[str], rows: list[list[object]], lang: str) -> str:
    out = io.StringIO()
    table = csv.writer(out, delimiter=";" if lang == "nl" else ",", lineterminator="\n")
    table.writerow(heading)
    form = "%d-%m-%Y" if lang == "nl" else "%Y-%m-%d"
    for date, *cells in rows:
        table.writerow([pd.Timestamp(str(date)).strftime(form), *cells])
    return out.getvalue()
