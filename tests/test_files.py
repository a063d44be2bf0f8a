"""Whatever a user points at becomes one log, and every file and row is accounted for."""

from __future__ import annotations

import hashlib
import tracemalloc
import zipfile
from types import SimpleNamespace

import pandas as pd
import pytest

import loadlens as ll
from loadlens.formats.source import Reading
from loadlens.ledger_words import tell_entry
from loadlens.simulation import simulate
from loadlens.simulators.simulated_exports import write_export

STEADY = simulate("steady", weeks=12)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A list and the recordings of the same runner, in one folder."""
    path = tmp_path_factory.mktemp("exports") / "export"
    write_export(STEADY, path, "garmin_csv_nl")
    write_export(STEADY, path, "fit", last_weeks=3)
    write_export(STEADY, path, "wellness_csv")
    return path


def runs_of(runner) -> pd.DataFrame:
    return runner.activities[runner.activities["sport"] == "run"]


def test_a_list_and_recordings_of_the_same_runs_are_counted_once(folder):
    log = ll.read(folder)
    truth = runs_of(STEADY)
    assert len(log.runs) == len(truth)
    assert log.runs["distance"].sum() == pytest.approx(truth["distance"].sum(), rel=0.002)
    merged = log.activities["merged_from"].notna().sum()
    assert merged == (log.ledger["what"] == "merged").sum() > 0


def test_exports_of_two_people_in_one_folder_are_said_to_be_under_way_at_once_and_those_of_one_are_not(
    folder, tmp_path
):
    assert "runs_at_once" not in set(ll.read(folder).ledger["what"])
    write_export(simulate("steady", seed=5, weeks=12), tmp_path / "neighbour", "garmin_csv_en")
    log = ll.read(folder, tmp_path / "neighbour")
    (noted,) = log.ledger[log.ledger["what"] == "runs_at_once"].to_dict("records")
    assert noted["count"] >= 5
    assert {noted["source"].split("/")[0], noted["value"].split("/")[0]} == {"export", "neighbour"}
    assert "two people" in tell_entry(noted, "en")
    assert "twee mensen" in tell_entry(noted, "nl")


def test_every_row_read_is_used_or_set_aside(folder):
    sources = ll.read(folder).sources
    assert (sources["rows"] == sources["used"] + sources["set_aside"]).all()
    assert sources["rows"].sum() > 0


def test_minutes_belong_to_the_merged_activities(folder):
    log = ll.read(folder)
    assert set(log.minutes["activity"]) <= set(log.activities["activity"])
    per_run = log.minutes.groupby("activity")["distance"].sum()
    whole = log.activities.set_index("activity")["distance"].reindex(per_run.index)
    assert (per_run / whole).between(0.98, 1.02).mean() > 0.95


def test_a_zip_reads_as_its_folder(folder, tmp_path):
    packed = tmp_path / "export.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in folder.rglob("*"):
            archive.write(path, path.relative_to(folder))
    one, other = ll.read(folder), ll.read(packed)
    pd.testing.assert_frame_equal(
        one.activities.drop(columns=["source", "merged_from"]),
        other.activities.drop(columns=["source", "merged_from"]),
    )


def test_the_same_file_twice_counts_once(folder, tmp_path):
    path = next(folder.rglob("*.csv"))
    copy = tmp_path / "copy.csv"
    copy.write_bytes(path.read_bytes())
    log = ll.read(path, copy)
    assert log.sources["status"].tolist() == ["read", "repeated"]
    assert len(log.activities) + len(log.wellness) == len(ll.read(path).activities) + len(ll.read(path).wellness)


def test_a_strava_archive_joins_its_files_and_takes_the_local_day(tmp_path):
    runner = simulate("long_run_spike", weeks=18)
    (path, *_) = write_export(runner, tmp_path, "strava_archive_zip")
    log = ll.read(path)
    truth = runs_of(runner)
    assert len(log.runs) == len(truth)
    joined = log.runs[log.runs["time_zone_from"].isin(["file", "joined_file"])]
    assert len(joined) >= 0.8 * len(truth)
    days = truth.assign(start=truth["start_utc"].dt.floor("s")).set_index("start")["date"]
    found = joined.assign(start=joined["start_utc"].dt.floor("s")).set_index("start")["date"]
    pd.testing.assert_series_equal(found, days.reindex(found.index), check_names=False, check_dtype=False)


def test_rows_of_an_archive_without_a_file_take_the_zone_of_their_neighbours(tmp_path):
    """The rides and the runs entered by hand know UTC only; the runs around them know their zone."""
    runner = simulate("long_run_spike", weeks=18)
    (path, *_) = write_export(runner, tmp_path, "strava_archive_zip")
    log = ll.read(path)
    assert set(log.activities["time_zone_from"]) == {"file", "neighbour"}
    assert log.activities["date"].tolist() == runner.activities["date"].tolist()
    told = log.ledger.set_index("what")["count"]
    assert told["local_day_neighbour"] == (log.activities["time_zone_from"] == "neighbour").sum() > 0


def test_exports_of_one_name_are_told_apart_by_their_folders(folder, tmp_path):
    for name in ("mine", "yours"):
        (tmp_path / name).mkdir()
    (tmp_path / "mine" / "Activities.csv").write_bytes((folder / "Activities.csv").read_bytes())
    write_export(simulate("novice", weeks=4), tmp_path / "yours", "garmin_csv_nl")
    paths = [tmp_path / name / "Activities.csv" for name in ("yours", "mine")]
    log, other = ll.read(*paths), ll.read(*paths[::-1])
    assert log.sources["path"].tolist() == ["mine/Activities.csv", "yours/Activities.csv"]
    for table in ("activities", "sources", "ledger"):
        pd.testing.assert_frame_equal(getattr(log, table), getattr(other, table))


def test_a_damaged_recording_is_a_row_and_the_rest_is_read(tmp_path):
    write_export(simulate("novice", weeks=4), tmp_path, "fit_damaged")
    log = ll.read(tmp_path)
    assert sorted(log.sources["status"]) == ["damaged", "read"]
    assert len(log.runs) == 2
    assert (log.ledger["what"].str.contains("damage")).any()


def test_a_bad_file_in_a_folder_never_stops_the_rest(folder, tmp_path):
    for path in folder.rglob("*.csv"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "shopping.csv").write_text("apples,pears\n1,2\n")
    (tmp_path / "noise.fit").write_bytes(b"not a recording at all")
    (tmp_path / "nothing.csv").write_bytes(b"")
    sources = ll.read(tmp_path).sources.set_index(ll.read(tmp_path).sources["path"].str.rpartition("/")[2])
    assert sources.loc["shopping.csv", "status"] == "unreadable"
    assert "apples" in sources.loc["shopping.csv", "message"]
    assert sources.loc["noise.fit", "status"] == "unreadable"
    assert sources.loc["nothing.csv", "status"] == "empty"
    assert (sources["status"] == "read").sum() == 2


def test_a_fault_in_a_reader_stops_one_file_only_and_says_so(folder, tmp_path, monkeypatch):
    (tmp_path / "odd.fit").write_bytes(next(folder.rglob("*.fit")).read_bytes())
    (tmp_path / "list.csv").write_bytes((folder / "Activities.csv").read_bytes())

    def fail(source, options):
        raise ZeroDivisionError("by no runs")

    monkeypatch.setattr("loadlens.formats.fit.parse", fail)
    sources = ll.read(tmp_path).sources.set_index("status")
    assert "ZeroDivisionError: by no runs" in sources.loc["unreadable", "message"]
    assert sources.loc["read", "path"].endswith("list.csv")
    with pytest.raises(ZeroDivisionError):
        ll.read(tmp_path / "odd.fit")


def test_a_bad_file_among_several_named_ones_never_stops_the_rest(folder, tmp_path):
    (tmp_path / "bad.csv").write_text("apples,pears\n1,2\n")
    log = ll.read(tmp_path / "bad.csv", folder / "Activities.csv")
    assert sorted(log.sources["status"]) == ["read", "unreadable"]


def test_a_huge_file_of_nonsense_is_refused_without_being_held_in_memory(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_bytes(b"apples,pears\n1,2\n")
    with path.open("r+b") as file:
        file.truncate(2 << 30)  # a hole: takes no room on disk
    tracemalloc.start()
    with pytest.raises(ll.UnreadableFile, match=r"runs\.csv: larger than 1,073,741,824 bytes"):
        ll.read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 30_000_000


def count_lines(source, options):
    """A reader of files that are longer than memory: each line is the minutes of one run."""
    runs = [float(line) for line in source.head.split(b"\n") if line.strip(b"\0")]
    days = pd.date_range("2024-03-01", periods=len(runs), freq="D")
    table = pd.DataFrame({"activity": "a", "date": days, "sport": "run", "duration": [60 * one for one in runs]})
    return Reading("lines", {"activities": table}, facts={"rows": len(runs), "used": len(runs), "set_aside": 0})


def test_a_format_that_streams_is_never_held_in_memory_and_is_known_by_its_digest(tmp_path, monkeypatch):
    stream = SimpleNamespace(STREAMS=True, sniff=lambda head, name: head.startswith(b"30\n"), parse=count_lines)
    monkeypatch.setattr("loadlens.files.formats", lambda: (stream,))
    path = tmp_path / "long.lines"
    path.write_bytes(b"30\n40\n")
    with path.open("r+b") as file:
        file.truncate(100_000_000)
    tracemalloc.start()
    log = ll.read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert log.runs["duration"].tolist() == [1800, 2400]
    assert log.sources["size"].tolist() == [100_000_000]
    assert log.sources["sha256"].tolist() == [hashlib.sha256(path.read_bytes()).hexdigest()]
    assert peak < 30_000_000


def test_a_list_with_unknown_headings_names_them_and_what_was_looked_for(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text("Giorno,Strada\n2024-03-01,5\n")
    with pytest.raises(ll.UnreadableFile, match=r"Giorno") as error:
        ll.read(path)
    assert "Strada" in str(error.value)
    assert "aliases" in str(error.value)


@pytest.mark.parametrize(
    ("given", "words"),
    [(["/no/such/file.fit"], "does not exist"), ([], "no path given")],
)
def test_what_is_not_there_is_said(given, words):
    with pytest.raises(ll.UnreadableFile, match=words):
        ll.read(*given)


def test_an_unknown_time_zone_is_refused(folder):
    with pytest.raises(ll.UnreadableFile, match="Europe/Amsterdam"):
        ll.read(folder, tz="Dutch time")


def test_a_folder_with_nothing_in_it_says_so(tmp_path):
    with pytest.raises(ll.UnreadableFile, match=f"^{tmp_path.name}: no files at all"):
        ll.read(tmp_path)


def test_stretches_without_the_watch_are_unknown_days(tmp_path):
    runner = simulate("unworn_watch")
    write_export(runner, tmp_path, "fit")
    write_export(runner, tmp_path, "monitoring_fit")
    days = ll.read(tmp_path).days.set_index("date")["state"]
    assert runner.truth["unknown"]
    for first, last in runner.truth["unknown"]:
        assert (days[first:last] == "unknown").all()
    assert (days == "rest").sum() > 30


def test_reading_twice_gives_the_same_log(folder):
    one, other = ll.read(folder), ll.read(folder)
    for table in ("activities", "minutes", "wellness", "days", "ledger", "sources"):
        pd.testing.assert_frame_equal(getattr(one, table), getattr(other, table))


def test_the_ledger_names_files_in_the_order_in_which_they_were_read(tmp_path):
    """Recordings with and without a summary differ in their columns, and yet every row keeps its file."""
    write_export(simulate("steady", weeks=4), tmp_path, "fit")
    write_export(simulate("novice", weeks=4), tmp_path, "fit_damaged")
    log = ll.read(tmp_path)
    place = {path: number for number, path in enumerate(log.sources["path"])}
    own = log.ledger[~log.ledger["what"].isin(["merged", "local_day_unsure", "local_day_neighbour", "long_silence"])]
    told = [place[source] for source in own["source"]]
    assert told == sorted(told) != []
    for activity, source in zip(log.activities["activity"], log.activities["source"], strict=True):
        alone = ll.read(tmp_path.parent / source)
        minutes = log.minutes[log.minutes["activity"] == activity]
        assert minutes["distance"].sum() == pytest.approx(alone.minutes["distance"].sum())


def test_a_table_or_track_that_was_renamed_to_txt_is_read_and_a_note_is_not_needed(tmp_path):
    write_export(STEADY, tmp_path, "garmin_csv_nl")
    (table,) = tmp_path.glob("*.csv")
    table = table.rename(tmp_path / "Activities.txt")
    (tmp_path / "readme.txt").write_text("A note, with a comma,\nand a second line\n")
    sources = ll.read(tmp_path).sources.set_index("path")["status"]
    assert sources.to_dict() == {
        f"{tmp_path.name}/Activities.txt": "read",
        f"{tmp_path.name}/readme.txt": "ignored",
    }
    assert len(ll.read(table).activities) == len(STEADY.activities)
    with pytest.raises(ll.UnreadableFile, match=r"readme\.txt"):
        ll.read(tmp_path / "readme.txt")
