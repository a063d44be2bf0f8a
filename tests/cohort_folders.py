"""Small participants, quick to read, for tests of cohorts."""

from __future__ import annotations

from pathlib import Path


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
