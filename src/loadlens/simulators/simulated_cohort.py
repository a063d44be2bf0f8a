"""Writes a cohort of synthetic runners whose truth is known: a folder or a zip for each, as a study has them.

Most have what most participants can give, a list of activities and one of days, and a diary; every so many also have
the recordings of their last weeks. Languages and decimal marks differ, as do runners and the week in which they begin.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from loadlens.simulation import RUNNERS, TABLES, simulate
from loadlens.simulators.simulated_accounts import zipped
from loadlens.simulators.simulated_exports import WRITERS, write_export


def write_cohort(folder: str | Path, participants: int, *, seed: int = 0, weeks: int = 104) -> pd.DataFrame:
    """Write the exports of a cohort and return its truth.

    Parameters
    ----------
    folder : path
        Made when absent.
    participants : int
        How many; the first so many are the same in a larger cohort of the same seed.
    seed : int
        The same seed gives the same files, to the byte.
    weeks : int
        Length of every log; 40 at least.

    Returns
    -------
    DataFrame
        One row per participant: participant, runner (one of ``simulation.RUNNERS``), seed, kind, first, last and size
        of what was planted.

    Raises
    ------
    ValueError
        `weeks` leaves no room for what is planted.
    """
    told = TABLES["cohort"]
    rows = []
    for number in range(participants):
        name = f"P{number + 1:05d}"
        draw = np.random.default_rng([seed, number])
        own, runner_name = int(draw.integers(2**31)), RUNNERS[number % len(RUNNERS)]
        first = pd.Timestamp(told["first_monday"]) + pd.Timedelta(weeks=int(draw.integers(told["first_weeks"])))
        runner = simulate(runner_name, seed=own, weeks=weeks, start=f"{first:%Y-%m-%d}")
        kinds = told["kinds"][number % len(told["kinds"])]
        if number % told["zip_every"] == told["zip_every"] - 1:
            files = {path: content for kind in kinds for path, content in WRITERS[kind](runner).items()}
            Path(folder).mkdir(parents=True, exist_ok=True)
            Path(folder, f"{name}.zip").write_bytes(zipped(files))
        else:
            for kind in kinds:
                write_export(runner, Path(folder) / name, kind)
            if number % told["recordings_every"] == 0:
                write_export(runner, Path(folder) / name, "fit", last_weeks=told["recordings_weeks"])
        truth = {key: runner.truth[key] for key in ("kind", "first", "last", "size")}
        rows.append({"participant": name, "runner": runner_name, "seed": own} | truth)
    return pd.DataFrame(rows).astype({"first": "datetime64[us]", "last": "datetime64[us]", "size": "float64"})
