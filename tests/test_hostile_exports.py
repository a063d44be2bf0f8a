"""Damaged and hostile exports of every kind but FIT: a log or a reason, every row accounted, little time and memory."""

from __future__ import annotations

import importlib
import json
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

import loadlens as ll
from csv_reading import noted, read, source
from loadlens.formats import diary_entries, garmin_account, row_layout, tabular
from loadlens.formats.source import Options, Reading
from loadlens.log import MOST_ALIKE, conform

DAYS = "date,resting hr,sleep\n"


# ------------------------------------------------------------------ figures that are no digits


@pytest.mark.parametrize("never", ["² mei 2024", "²024-01-05"])
def test_a_raised_figure_is_no_day(never: str) -> None:
    """Python counts "²" among the digits, and cannot make a number of it."""
    reading = read(f"{DAYS}2024-05-01,50,7\n{never},51,7\n", "days.csv")
    assert [entry["value"] for entry in noted(reading, "date_unreadable")] == [never]
    assert reading.tables["wellness"]["rhr_day"].tolist() == [50]


# ------------------------------------------------------------------ a ledger that stays short


def test_what_is_wrong_in_thousands_of_rows_fills_no_ledger() -> None:
    """Of 3,000 rows without a date 1,000 have a row of the ledger each, and one row more counts the 2,000 left."""
    reading = read(f"{DAYS}2024-05-01,50,7\n" + "x,50,7\n" * 3000, "days.csv")
    entries = noted(reading, "date_unreadable")
    assert len(entries) == MOST_ALIKE + 1
    assert (entries[0]["row"], entries[-1]["row"], entries[-1]["count"]) == (3, None, 2000)
    assert sum(int(str(entry["count"])) for entry in entries) == reading.facts["set_aside"] == 3000


def test_entries_of_different_kinds_do_not_share_a_row() -> None:
    reading = Reading("any")
    for number in range(MOST_ALIKE + 5):
        for column in ("date", "sleep"):
            reading.note("cell_unreadable", "set_aside", row=number, column=column)
    assert [(entry["field"], entry["count"]) for entry in reading.ledger[-2:]] == [("date", 5), ("sleep", 5)]


def test_impossible_values_of_thousands_of_days_share_a_row_of_the_ledger() -> None:
    days = pd.DataFrame({"date": pd.date_range("2000-01-01", periods=2500), "rhr_day": 900.0})
    days["source"] = ["a.csv"] * 1200 + ["b.csv"] * 1300
    frame, issues = conform("wellness", days)
    assert frame["rhr_day"].isna().all()
    counts = {name: [one["count"] for one in issues if one["source"] == name] for name in ("a.csv", "b.csv")}
    assert [(len(each), sum(each), each[-1]) for each in counts.values()] == [(1001, 1200, 200), (1001, 1300, 300)]


def test_only_the_first_unknown_words_of_a_diary_are_compared_with_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(diary_entries, "find_nearest", lambda _, word: asked.append(word) or "")
    rows = "".join(f"2024-05-01,word{number},3\n" for number in range(3000))
    reading = read(f"date,kind,value\n{rows}", "diary.csv")
    assert len(asked) == MOST_ALIKE
    assert sum(int(str(entry["count"])) for entry in noted(reading, "diary_word_unknown")) == 3000


# ------------------------------------------------------------------ tables that ask for much


def seconds_to_read(text: str, tmp_path: Path, name: str = "days.csv") -> float:
    path = tmp_path / name
    path.write_text(text)
    begun = time.process_time()
    with suppress(ll.UnreadableFile):
        ll.read(path, cache=False)
    return time.process_time() - begun


def test_a_row_of_fifty_thousand_cells_is_no_heading_to_explain(tmp_path: Path) -> None:
    """Each heading was looked for among all: minutes, of which now little is left."""
    assert seconds_to_read(",".join(f"h{number}" for number in range(50_000)) + "\n", tmp_path) < 2


def test_values_off_the_scale_of_a_long_diary_cost_no_more_than_others(tmp_path: Path) -> None:
    """Each row was looked for in a list of all that are off: 30,000 x 30,000 comparisons."""
    rows = "".join(f"2024-05-01,pain,{11 + number}\n" for number in range(30_000))
    assert seconds_to_read(f"date,kind,value\n{rows}", tmp_path, "diary.csv") < 6


def test_headings_that_are_there_again_and_again_are_understood_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    match = row_layout.match
    monkeypatch.setattr(row_layout, "match", lambda *given: asked.append(given) or match(*given))
    reading = read((DAYS + "2024-05-01,50,7\n") * 2000, "days.csv")
    assert len(asked) == 1
    assert sum(int(str(entry["count"])) for entry in noted(reading, "heading_repeated")) == 1999


def test_a_field_that_only_a_later_heading_names_is_empty_before() -> None:
    text = f"{DAYS}2024-05-01,50,7\ndate,resting hr,steps\n2024-05-02,51,9000\n"
    days = read(text, "days.csv").tables["wellness"].set_index("date")
    assert days["steps"].isna().tolist() == [True, False]
    assert days["rhr_day"].tolist() == [50, 51]


def test_a_file_of_thousands_of_tables_has_a_hundred_that_are_read() -> None:
    table = "Activities\nDate,Steps,Minutes Sedentary,Distance,Floors\n2024-05-01,5,5,5,5\n"
    reading = read(table * (tabular.MOST_TABLES + 50) + "Body\nDate,Weight\n" * 5000, "fitbit.csv")
    assert reading.facts["rows"] == tabular.MOST_TABLES + 50
    assert sum(int(str(entry["count"])) for entry in noted(reading, "table_not_used")) == 50


def test_thousands_of_tracks_of_two_points_are_no_log_and_not_read_for_minutes(tmp_path: Path) -> None:
    """1,200 tracks in 240,000 bytes: one for each 2,000 bytes beyond the first thousand would be 1,120."""
    points = "".join(
        f"<trk><trkseg><trkpt lat='52' lon='5'><time>{day:%Y-%m-%d}T10:00:00Z</time></trkpt></trkseg></trk>"
        for day in pd.date_range("2010-01-01", periods=1200)
    )
    path = tmp_path / "tracks.gpx"
    path.write_text(f"<gpx>{points}</gpx>".ljust(240_000))
    with pytest.raises(ll.UnreadableFile, match="more than 1,120 activities"):
        ll.read(path, cache=False)


def test_workouts_without_anything_cost_next_to_nothing(tmp_path: Path) -> None:
    text = f'<HealthData locale="en">{"<Workout/>" * 60_000}</HealthData>'
    assert seconds_to_read(text, tmp_path, "export.xml") < 4


def test_thousands_of_shoes_of_one_name_are_told_apart_at_once(tmp_path: Path) -> None:
    """Each was compared with all before it, sign by sign: half a minute for 3,000 of them."""
    pair = {"gearPk": 1, "gearTypeName": "Shoes", "displayName": "Simulus", "dateBegin": "2024-01-05"}
    told = [{"gearDTOS": [pair | {"gearPk": number} for number in range(3000)], "gearActivityDTOs": {}}]
    begun = time.process_time()
    reading = garmin_account.parse(source(json.dumps(told), "x_gear.json"), Options())
    assert time.process_time() - begun < 2
    names = reading.tables["gear"]["gear"]
    assert names.tolist()[:2] == ["Simulus (2024-01)", "Simulus (2024-01) +"]
    assert names.is_unique
    assert names.str.len().max() < 30


HEAD = "Date,Activity Id,Type,Route Name,Distance (km),Duration,Average Pace,Average Speed (km/h),Calories Burned,"
HEAD += "Climb (m),Average Heart Rate (bpm),Notes,GPX File\n"


@pytest.mark.parametrize(
    ("runs", "rows", "counts"), [(5, 4, {1: 4}), (MOST_ALIKE + 4, MOST_ALIKE + 1, {1: MOST_ALIKE, 3: 1})]
)
def test_runs_of_one_list_that_start_together_are_each_told_once(runs, rows, counts, tmp_path: Path) -> None:
    """Five alike rows are ten pairs, and four that repeat another; of 1,003 repeats the last row counts three."""
    path = tmp_path / "cardioActivities.csv"
    alike = "".join(f"2024-01-05 10:00:00,{n},Running,,5.00,25:00,5:00,12,1,1,150,,\n" for n in range(runs))
    path.write_text(HEAD + alike)
    log = ll.read(path, cache=False)
    assert len(log.activities) == runs
    twice = log.ledger[log.ledger["what"] == "listed_twice"]
    assert (len(twice), twice["count"].value_counts().to_dict()) == (rows, counts)
    assert twice["row"].tolist()[:4] == [3, 4, 5, 6]
    assert twice["value"].tolist()[:4] == ["2", "2", "2", "2"]


def test_a_small_zip_unpacks_to_ten_megabytes_at_most(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("days.csv", DAYS + "2024-05-01,50,7\n" * 700_000)
    with pytest.raises(ll.UnreadableFile, match="unpacks to more than"):
        ll.read(path, cache=False)


# ------------------------------------------------------------------ mutants of our own exports


@pytest.fixture(scope="module")
def fuzzing() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[1] / "fuzz"))
        yield importlib.import_module("exports"), importlib.import_module("trials")


@pytest.mark.parametrize("kind", ["lists", "json", "markup", "archives"])
def test_some_mutants_of_every_kind_of_export_break_nothing(kind: str, fuzzing: tuple) -> None:
    exports, trials = fuzzing
    seeds = exports.gather_exports([], [kind])
    found = trials.run_trials(range(1, 25), seeds, "folder", kind, slow=20)
    assert found.broken == {}
    assert found.came["read"] > 3
