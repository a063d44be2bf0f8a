"""The tables of a cohort as CSV hold what the Parquet files hold."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

pytest.importorskip("pyarrow")

from cohorts import build_failed, build_member, write_tables
from loadlens import cohort
from loadlens.formats.source import UnreadableFile


def test_every_table_is_one_file_with_all_parts_in_order_and_an_empty_cell_for_what_is_missing(tmp_path: Path):
    members = [build_member("b", "run unknown"), build_member("a", "rest"), build_failed("c", 'said "no", twice')]
    out = write_tables(tmp_path / "out", members, per_part=2)
    files = cohort.write_csv(out, tmp_path / "csv")
    assert [path.name for path in files] == [f"{table}.csv" for table in cohort.TABLES]
    assert (tmp_path / "csv" / "days.csv").read_text("utf-8").splitlines() == [
        '"participant","date","state","reason","runs","other_activities"',
        '"a",2024-01-01,"rest",,,',
        '"b",2024-01-01,"run",,,',
        '"b",2024-01-02,"unknown",,,',
    ]
    people = pd.read_csv(tmp_path / "csv" / "participants.csv")
    assert people["reason"].dropna().tolist() == ['said "no", twice']
    assert len((tmp_path / "csv" / "wellness.csv").read_text("utf-8").splitlines()) == 1, "a heading, and no row"


def test_numbers_and_moments_are_those_of_the_tables(tmp_path: Path):
    member = build_member("a")
    start = pd.Timestamp("2024-03-01 00:00:00")
    member["tables"]["activities"] = [
        {"distance": 10_000.1 / 3, "start_local": start, "start_utc": start.tz_localize("UTC"), "source_row": 2}
    ]
    cohort.write_csv(write_tables(tmp_path / "out", [member]), tmp_path / "csv")
    row = pd.read_csv(tmp_path / "csv" / "activities.csv").iloc[0]
    assert row["distance"] == 10_000.1 / 3
    assert (row["start_local"], row["start_utc"]) == ("2024-03-01 00:00:00.000000", "2024-03-01 00:00:00.000000Z")
    assert row["source_row"] == 2
    assert pd.isna(row["duration"])


def test_a_cohort_that_is_not_finished_is_not_written(tmp_path: Path):
    with pytest.raises(UnreadableFile, match="no finished cohort"):
        cohort.write_csv(tmp_path, tmp_path / "csv")
    assert not (tmp_path / "csv").exists()
