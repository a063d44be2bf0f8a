"""Plants hazard ratios in many simulated cohorts: bias, coverage, false findings, false and true leaks.

``python -m benchmarks.planted_hazards --cohorts 40 --docs`` writes ``docs/planted_hazards.md``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from benchmarks.planted_hazards.cox import fit_cox
from loadlens.intervals import share_interval
from loadlens.simulators.simulated_injuries import keep_diaries, plant_injuries, simulate_training
from loadlens.studies.case_crossover_tables import tabulate_case_crossover
from loadlens.studies.cohort_splits import LeakError
from loadlens.studies.diary_follow_up import follow_diaries
from loadlens.studies.exposure_rules import band_names
from loadlens.studies.exposure_tables import indicate_bands, tabulate_exposures
from loadlens.studies.leak_audit import audit_leaks

DOCS = Path(__file__).parents[2] / "docs" / "planted_hazards.md"
BANDS = band_names()[1:]
SPIKES = [f"spike_{name}" for name in BANDS]
BASELINE = 0.015
"""Onsets per run in the reference band: more than real runners have, so that cohorts can be small."""

HEAD = """# Planted hazard ratios, found again

{cohorts} simulated cohorts of {participants} runners over {days} days in which a run of any band above the
reference carries {planted:g} times the hazard, and as many in which it carries no more; {baseline:.1%} of runs in the
reference band begin an onset. Onsets are read back from simulated diaries. Found is the geometric mean over the cohorts
in which there was an estimate; covered, in how many of them the 95 % interval held what was planted. Made by
`python -m benchmarks.planted_hazards --cohorts {cohorts} --participants {participants} --docs`; what the tables are is
told in [exposures.md](exposures.md).

| estimate | spike | planted | found | covered |
|---|---|---|---|---|
"""


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.planted_hazards", description=__doc__)
    parser.add_argument("--cohorts", type=int, default=10, help="cohorts with, and as many without, a planted ratio")
    parser.add_argument("--participants", type=int, default=120)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--planted", type=float, default=2.0, help="hazard ratio of every band above the reference")
    parser.add_argument("--docs", action="store_true", help=f"write {DOCS.name}")
    given = parser.parse_args()
    rows = [
        row
        for seed in tqdm(range(given.cohorts), unit=" cohorts")
        for planted in (given.planted, 1.0)
        for row in conduct(seed, planted, given.participants, given.days)
    ]
    told = {"cohorts": given.cohorts, "participants": given.participants, "days": given.days, "baseline": BASELINE}
    text = HEAD.format(planted=given.planted, **told) + tell(pd.DataFrame(rows))
    if given.docs:
        DOCS.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


def conduct(seed: int, planted: float, participants: int, days: int) -> list[dict[str, object]]:
    """Conduct one study: simulate, plant, follow the diaries, estimate in several ways, audit."""
    training = simulate_training(participants, days, seed=seed)
    ratios = dict.fromkeys(BANDS, planted)
    activities, grid, onsets = plant_injuries(*training, ratios, baseline=BASELINE, seed=seed)
    followed = follow_diaries(keep_diaries(onsets, grid), grid)
    rows: list[dict[str, object]] = []

    def estimate(way: str, table: pd.DataFrame, columns: list[str], strata: str | None = None) -> None:
        coded = indicate_bands(table)
        rows_of = table.join(coded).assign(spike_any=coded.max(axis=1, skipna=False))
        try:
            found = fit_cox(rows_of, columns, strata)
        except (ValueError, np.linalg.LinAlgError):  # a band without an onset has no estimate
            found = pd.DataFrame(np.nan, index=columns, columns=["ratio", "low", "high"])
        for name, ratio in found.iterrows():
            covered = bool(ratio["low"] <= planted <= ratio["high"])
            row = {"planted": planted, "way": way, "band": str(name).removeprefix("spike_")}
            rows.append(row | {"ratio": ratio["ratio"], "hit": covered})

    table = tabulate_exposures(activities, grid, *followed, scale="runs")
    estimate("Cox, time in runs", table, ["spike_any"])
    estimate("Cox, time in runs, by band", table, SPIKES)
    if planted != 1:
        by_days = tabulate_exposures(activities, grid, *followed)
        estimate("Cox, time in days", by_days, ["spike_any"])
        for referents in ("before", "month"):
            crossed = tabulate_case_crossover(activities, grid, *followed, referents=referents)
            as_rows = crossed.assign(start=0.0, stop=1.0, event=crossed["case"])
            estimate(f"case-crossover, referents {referents}", as_rows, ["spike_any"], "stratum")
    rng = np.random.default_rng(seed)
    cut = table["spike"].mask((table["event"] == 1) & (rng.random(len(table)) < 0.25))
    for name, audited in (
        ("nothing cut", table),
        ("the spike cut from a quarter of the events", table.assign(spike=cut)),
    ):
        rows.append({"planted": planted, "way": name, "band": "", "ratio": np.nan, "hit": not passes(audited)})
    return rows


def passes(table: pd.DataFrame) -> bool:
    """Tell whether the audit lets a table pass."""
    try:
        audit_leaks(table)
    except LeakError:
        return False
    return True


def tell(rows: pd.DataFrame) -> str:
    """Write the tables."""
    lines = []
    for (way, band, planted), group in rows[rows["band"] != ""].groupby(["way", "band", "planted"], sort=False):
        told = group.dropna(subset="ratio")
        mean = f"{np.exp(np.log(told['ratio'].to_numpy('float64')).mean()):.2f}" if len(told) else "none"
        lines.append(f"| {way} | {band} | {planted:g} | {mean} | {int(told['hit'].sum())} of {len(told)} |")
    lines += ["", "| audited | called a leak | 95 % interval |", "|---|---|---|"]
    for way, group in rows[rows["band"] == ""].groupby("way", sort=False):
        hits = int(group["hit"].sum())
        low, high = share_interval(hits, len(group))
        lines.append(f"| {way} | {hits} of {len(group)} | {low:.1%} to {high:.1%} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
