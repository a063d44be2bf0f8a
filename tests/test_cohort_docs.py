"""What the page for researchers says of the tables is what the tables are."""

from __future__ import annotations

import re
import runpy
from importlib.util import find_spec
from pathlib import Path

import pytest

from loadlens.cohort import find_onsets
from loadlens.simulators.simulated_injuries import keep_diaries, plant_injuries, simulate_training
from loadlens.studies.cohort_tables import TABLES, describe_tables

DOCS = Path(__file__).parents[1] / "docs"


def test_the_page_of_columns_is_the_one_the_data_gives():
    made = runpy.run_path(str(DOCS / "cohort_columns.py"))["write_columns"]()
    assert (DOCS / "cohort_columns.md").read_text("utf-8") == made


def test_every_column_of_every_table_has_a_row():
    text = (DOCS / "cohort_columns.md").read_text("utf-8")
    for table in TABLES:
        section = text.partition(f"\n## {table}\n")[2].partition("\n## ")[0]
        assert [line.split("`")[1] for line in section.splitlines() if line.startswith("| `")] == [
            name for name in describe_tables()[table] if name != "participant"
        ]


def test_the_python_of_the_page_on_exposures_runs_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("pyarrow")
    from cohorts import write_tables

    activities, days, onsets = plant_injuries(*simulate_training(6, 420, seed=8), baseline=0.03, seed=8)
    tables = {"activities": activities, "days": days, "diary": keep_diaries(onsets, days)}
    members = [
        {
            "name": name,
            "tables": {table: rows[rows["participant"] == name].to_dict("records") for table, rows in tables.items()},
        }
        for name in sorted(days["participant"].unique())
    ]
    write_tables(tmp_path / "results", members)
    monkeypatch.chdir(tmp_path)
    events, follow_up = find_onsets(tables)
    events[events["reason"] == ""].to_csv("injuries.csv", index=False)
    follow_up.to_csv("follow_up.csv", index=False)
    space: dict[str, object] = {}
    blocks = re.findall(r"^```python\n(.*?)^```$", (DOCS / "exposures.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    for block in blocks:
        if "lifelines" not in block or find_spec("lifelines"):
            exec(compile(block, "exposures.md", "exec", dont_inherit=True), space)
    assert len(space["table"]) > len(space["rows"]) > 300
    assert len(space["train"]) > len(space["test"]) > 0
