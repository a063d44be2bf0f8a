"""Real exports by people who do not know us: every one becomes a report, and its numbers are those of the file."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import loadlens as ll
from loadlens.cli import main

HERE = Path(__file__).parents[1]
FOLDERS = ("garmin_activities_csv", "strava_activities_csv", "strava_archive", "fit")


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


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_folder_is_read_and_accounted_for(corpus, folder):
    log = ll.read(corpus / folder)
    sources = log.sources
    assert len(sources) >= len([p for p in (corpus / folder).rglob("*") if p.is_file()])
    assert (sources["rows"] == sources["used"] + sources["set_aside"]).all()
    assert sources.loc[sources["status"].isin(["unreadable", "ignored", "repeated"]), "message"].notna().all()
    assert log.days["date"].diff().dropna().eq(pd.Timedelta(days=1)).all()
    assert len(ll.assess(log).rules) == 34


def test_running_cadence_is_in_steps_whatever_was_stored(corpus):
    runs = ll.read(corpus / "fit").runs
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
