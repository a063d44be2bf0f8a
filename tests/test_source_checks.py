"""What `loadlens check` says of every file, for people and for machines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import loadlens as ll
from csv_reading import table
from loadlens.cli import main
from loadlens.source_checks import check_log

HEADING = ["Activity Type", "Date", "Title", "Distance", "Time", "Avg Pace", "Something else"]


def runs(count: int, unit: str = "") -> str:
    heading = [f"{label}{unit}" if label == "Distance" else label for label in HEADING]
    rows = [["Running", f"2024-03-{day + 1:02d} 09:00:00", "x", "10.00", "50:00", "5:00", ""] for day in range(count)]
    return table(heading, *rows)


def checked(folder: Path) -> dict[str, object]:
    (source,) = check_log(ll.read(folder))["sources"]
    return source


def test_a_list_tells_its_score_its_units_and_where_it_may_be_cut_off(tmp_path: Path):
    (tmp_path / "Activities.csv").write_text(runs(20))
    source = checked(tmp_path)
    assert (source["format"], source["headings"], source["headings_known"]) == ("garmin_activities", 7, 6)
    assert source["units"] == [{"column": "distance", "unit": "km", "known_by": "assumed", "evidence": "km"}]
    assert source["cut_off"] == {"oldest": "2024-03-01", "rows": 20}
    assert source["days_unsure"] == 0
    assert (source["rows"], source["used"], source["set_aside"]) == (20, 20, 0)


def test_a_unit_in_the_heading_is_believed(tmp_path: Path):
    (tmp_path / "Activities.csv").write_text(runs(3, " (mi)"))
    assert checked(tmp_path)["units"][0] == {
        "column": "distance", "unit": "mi", "known_by": "heading", "evidence": "mi",
    }  # fmt: skip
    assert ll.read(tmp_path).runs["distance"].iloc[0] == pytest.approx(16_093.44)


def test_days_at_risk_and_repeated_rows_are_counted(tmp_path: Path):
    heading = ["Activity ID", "Activity Date", "Activity Name", "Activity Type", "Elapsed Time", "Distance", "Filename"]
    row = ["1", "Mar 3, 2024, 11:12:45 PM", "x", "Run", "3000", "10.00", ""]
    other = ["2", "Mar 4, 2024, 11:12:45 PM", "x", "Run", "3000", "10.00", ""]
    (tmp_path / "activities.csv").write_text(table(heading, row, row, other))
    source = checked(tmp_path)
    assert source["days_unsure"] == 2
    assert source["duplicates"] == {"rows_repeated": 1, "listed_twice": 0, "in_other_sources": 0}


def test_a_run_in_two_files_is_counted_in_both(tmp_path: Path):
    (tmp_path / "Activities.csv").write_text(runs(2))
    (tmp_path / "mine.csv").write_text(runs(2).replace("Title", "Titel").replace(",x,", ",y,"))
    sources = check_log(ll.read(tmp_path))["sources"]
    assert [source["duplicates"]["in_other_sources"] for source in sources] == [2, 2]


@pytest.mark.parametrize("lang", ["en", "nl"])
def test_json_holds_no_nan_and_its_keys_are_those_of_the_documentation(tmp_path: Path, capsys, lang):
    (tmp_path / "Activities.csv").write_text(runs(20))
    (tmp_path / "broken.fit").write_bytes(b"\x0e\x10nonsense.FIT")
    assert main(["check", str(tmp_path), "--json", "--lang", lang]) == 0
    told = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    page = (Path(__file__).parents[1] / "docs" / "check_json.md").read_text("utf-8")
    assert told["schema"] in page
    for key in {*told, *(key for source in told["sources"] for key in source)}:
        assert f"`{key}" in page, key
    assert {source["status"] for source in told["sources"]} == {"read", "unreadable"}
    assert all(source["message"] for source in told["sources"] if source["status"] == "unreadable")


def test_the_printed_check_says_the_same_in_words(tmp_path: Path, capsys):
    (tmp_path / "Activities.csv").write_text(runs(20))
    assert main(["check", str(tmp_path), "--lang", "nl"]) == 0
    told = capsys.readouterr().out
    assert "koppen bekend: 6 van 7" in told
    assert "oudere activiteiten ontbreken waarschijnlijk" in told
