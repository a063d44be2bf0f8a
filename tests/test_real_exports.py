"""Real exports by people who do not know us: every one becomes a report, and its numbers are those of the file."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

import loadlens as ll
from loadlens.cli import main
from loadlens.log import RunningLog

HERE = Path(__file__).parents[1]
FOLDERS = ("garmin_activities_csv", "strava_activities_csv", "strava_archive", "fit", "garmin_account", "tcx_gpx")


def real(pattern: str) -> list[Path]:
    """Real exports, for parametrising; none where the checkout stands alone (then one skipped case remains)."""
    return sorted((HERE.parent / "shared" / "corpus").glob(pattern))


@pytest.mark.parametrize(
    "path",
    [*real("garmin_activities_csv/*.csv"), *real("strava_activities_csv/*.csv"), *real("strava_archive/*")],
    ids=lambda path: path.name,
)
@pytest.mark.parametrize("lang", ["en", "nl"])
def test_every_list_and_archive_becomes_a_report(path, lang, tmp_path, capsys):
    out = tmp_path / "report.html"
    assert main(["report", str(path), "-o", str(out), "--lang", lang]) == 0
    assert out.stat().st_size > 10_000


@cache
def log_of(folder: Path) -> RunningLog:
    return ll.read(folder)


def count_activities(path: Path) -> int:
    """Activities in a file, counted without loadlens: rows of a list, elements of a track, records of an account."""
    if path.suffix == ".csv":
        content = path.read_bytes()
        encoding = "utf-8-sig" if is_utf8(content) else "cp1252"
        lines = content.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
        full = [row for row in csv.reader(io.StringIO(lines)) if sum(bool(cell.strip()) for cell in row) > 2]
        return len(full) - 1  # the heading; a title above it is one cell
    if path.suffix in (".tcx", ".gpx"):
        nodes = ET.fromstring(path.read_bytes().lstrip()).iter()
        names = Counter(node.tag.rpartition("}")[2] for node in nodes)
        return names["Activity"] + names["trk"]
    (part,) = json.loads(path.read_bytes())
    return len(part["summarizedActivitiesExport"])


def is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_folder_is_read_and_accounted_for(corpus, folder):
    log = log_of(corpus / folder)
    sources = log.sources
    assert len(sources) >= len([p for p in (corpus / folder).rglob("*") if p.is_file()])
    assert_accounted(log)
    assert log.days["date"].diff().dropna().eq(pd.Timedelta(days=1)).all()
    assert len(ll.assess(log).rules) == len(ll.read_guidance().rules)


def assert_accounted(log: RunningLog) -> None:
    """Every row is used or set aside, every activity that was read stands in the log or was merged into one."""
    sources, ledger = log.sources, log.ledger
    assert (sources["rows"] == sources["used"] + sources["set_aside"]).all()
    assert (sources.loc[sources["status"] == "read", "used"] > 0).all(), "zero rows are never silent"
    assert sources.loc[sources["status"].isin(["unreadable", "ignored", "repeated"]), "message"].notna().all()
    assert not sources["message"].fillna("").str.contains("a fault of loadlens").any()
    of_activities = sources["path"].isin(set(log.activities["source"]) | places_of(log.activities))
    joined = ledger.loc[ledger["what"].isin(["merged", "parts_joined"]), "count"].sum()
    joined += (ledger["what"] == "multisport_divided").sum()
    wellness = log.wellness_by_source.groupby("source").size().reindex(sources["path"]).fillna(0).to_numpy()
    assert (sources["used"] - wellness)[of_activities].sum() == len(log.activities) + joined


def places_of(activities: pd.DataFrame) -> set[str]:
    merged = activities["merged_from"].dropna()
    return {place.partition(" #")[0] for places in merged for place in places.split("; ")}


LISTS = ["garmin_activities_csv/*.csv", "strava_activities_csv/*.csv", "tcx_gpx/*.?[cp]x", "*/*/*/*summarizedAct*.json"]


@pytest.mark.parametrize("path", [path for pattern in LISTS for path in real(pattern)], ids=lambda path: path.name)
def test_a_file_has_as_many_activities_as_an_independent_count_finds(path):
    log = ll.read(path)
    assert log.sources["rows"].sum() == count_activities(path)
    assert_accounted(log)


def test_an_account_has_the_totals_of_its_own_files(corpus):
    log = log_of(corpus / "garmin_account")
    (path,) = (corpus / "garmin_account").rglob("*summarizedAct*.json")
    listed = json.loads(path.read_bytes())[0]["summarizedActivitiesExport"]
    assert len(log.activities) == len({one["activityId"] for one in listed})
    metres = sum(one.get("distance") or 0 for one in listed) / 100
    assert log.activities["distance"].sum() == pytest.approx(metres, rel=1e-6)
    seconds = sum(one.get("duration") or 0 for one in listed) / 1000
    assert log.activities["duration"].sum() == pytest.approx(seconds, rel=1e-6)
    days = {}
    for path in (corpus / "garmin_account").rglob("*UDSFile*.json"):
        for one in json.loads(path.read_bytes()):
            if one.get("currentDayRestingHeartRate"):
                days[one["calendarDate"]] = 1
    assert log.wellness["rhr_day"].notna().sum() == len(days)


def test_everything_at_once_is_read_without_a_fault_and_accounted_for(corpus):
    log = log_of(corpus)
    assert_accounted(log)
    alone = [log_of(corpus / folder) for folder in FOLDERS]
    assert log.sources["rows"].sum() >= sum(one.sources["rows"].sum() for one in alone)
    assert log.activities["activity"].is_unique
    assert log.wellness["date"].is_unique
    assert set(log.minutes["activity"]) <= set(log.activities["activity"])
    assert not log.minutes.duplicated(["activity", "minute"]).any()


def test_running_cadence_is_in_steps_whatever_was_stored(corpus):
    runs = log_of(corpus / "fit").runs
    steady = runs[(runs["duration"] > 600) & (runs["speed"] > 2)]
    assert steady["cadence"].dropna().between(140, 200).mean() == 1.0


def test_a_fit_file_named_alone_is_read_or_refused_with_one_sentence(corpus):
    told = {}
    for path in sorted((corpus / "fit").glob("*.fit")):
        try:
            ll.read(path)
        except ll.UnreadableFile as error:
            told[path.name] = str(error)
    assert all(": " in message and "\n" not in message for message in told.values())
    assert len(told) < 50
