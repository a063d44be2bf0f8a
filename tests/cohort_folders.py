"""Small participants, quick to read, for tests of cohorts, and a guidance that is quick to assess."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from loadlens import cohort
from loadlens.guidance import Guidance, read_guidance


def one_rule() -> Guidance:
    """The bundled guidance with one of its rules: what a cohort does with a participant does not hang on how many."""
    guidance = read_guidance()
    return replace(guidance, rules={"longest_run": guidance.rules["longest_run"]})


def run_quickly(root: Path | str, out: Path, *executor: object, **given: object) -> pd.DataFrame:
    """Run a cohort with that guidance, in this process unless an executor is given."""
    return cohort.run(root, out, *executor, **({"jobs": 1, "guidance": one_rule()} | given))


def a_list(kilometres: float = 10.0) -> bytes:
    """A list of two runs, on 1 and 3 March 2024."""
    return (
        "Activity Type,Date,Distance,Time,Avg HR\n"
        f"Running,2024-03-01 08:00:00,{kilometres},00:55:00,141\n"
        "Running,2024-03-03 08:00:00,8.0,00:45:00,139\n"
    ).encode()


def write_lists(root: Path, *names: str) -> Path:
    """Give each participant such a list, the first run one kilometre longer than that of the one before."""
    for number, name in enumerate(names):
        (root / name).mkdir(parents=True)
        (root / name / "Activities.csv").write_bytes(a_list(10.0 + number))
    return root
