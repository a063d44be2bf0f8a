"""What the page for researchers says of the tables is what the tables are."""

from __future__ import annotations

import runpy
from pathlib import Path

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
