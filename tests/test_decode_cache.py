"""What was read before is not read again, and comes back exactly; a cache can never do harm."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import shutil
import zipfile
from dataclasses import fields
from pathlib import Path

import pandas as pd
import pytest

import loadlens as ll
from loadlens import decode_cache, files
from loadlens.cli import main
from loadlens.formats import fit
from loadlens.log import RunningLog
from loadlens.simulation import simulate
from loadlens.simulators.simulated_exports import write_export

RUNNER = simulate("steady", weeks=4)


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("LOADLENS_CACHE", str(folder))
    return folder


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    write_export(RUNNER, folder, "garmin_account")
    write_export(RUNNER, folder / "list", "garmin_csv_nl")
    return folder


@pytest.fixture
def export(tmp_path, original) -> Path:
    return Path(shutil.copytree(original, tmp_path / "export"))


@pytest.fixture
def parsed(monkeypatch) -> list[str]:
    """Names of the FIT files that were really read."""
    names: list[str] = []
    parse = fit.parse

    def count(source, options):
        names.append(source.name)
        return parse(source, options)

    monkeypatch.setattr("loadlens.formats.fit.parse", count)
    return names


def same(one: RunningLog, other: RunningLog) -> None:
    for table in fields(RunningLog):
        pd.testing.assert_frame_equal(getattr(one, table.name), getattr(other, table.name))


def test_a_log_from_the_cache_is_the_log_that_was_read(cache, export, parsed):
    fresh = ll.read(export, cache=False)
    assert not cache.exists()
    cold = ll.read(export)
    read = len(parsed)
    warm = ll.read(export)
    assert len(parsed) == read > 0
    same(fresh, cold)
    same(cold, warm)


def test_a_log_from_the_cache_finds_the_samples_of_its_recordings(cache, export):
    cold, warm = ll.read(export), ll.read(export)
    run = cold.minutes["activity"].iloc[0]
    pd.testing.assert_frame_equal(warm.records(run), cold.records(run))
    assert len(warm.records(run)) > 100


def test_a_new_file_is_read_and_the_others_are_recalled(cache, export, parsed):
    ll.read(export)
    parsed.clear()
    write_export(simulate("novice", weeks=4), export, "fit_damaged")
    grown = ll.read(export)
    assert len(parsed) == 2
    same(grown, ll.read(export, cache=False))


def test_the_same_files_in_a_zip_of_another_name_are_recalled(cache, export, parsed, tmp_path):
    ll.read(export)
    parsed.clear()
    with zipfile.ZipFile(tmp_path / "export (1).zip", "w") as archive:
        for path in sorted(export.rglob("*.*")):
            archive.write(path, path.relative_to(export))
    ll.read(tmp_path / "export (1).zip")
    assert parsed == []


def test_content_counts_and_not_the_date_of_a_file(cache, export, parsed):
    ll.read(export)
    parsed.clear()
    path = export / "list" / "Activities.csv"
    kept = path.stat()
    text = path.read_text("utf-8")
    path.write_text(text.replace("Simulus", "Stimulus"), "utf-8") if "Simulus" in text else path.write_text(text[:-200])
    os.utime(path, ns=(kept.st_atime_ns, kept.st_mtime_ns))
    same(ll.read(export), ll.read(export, cache=False))


@pytest.mark.parametrize("option", [{"tz": "Asia/Tokyo"}, {"aliases": {"Rondes": "laps.lap"}}])
def test_options_that_matter_have_entries_of_their_own(cache, export, option):
    ll.read(export)
    same(ll.read(export, **option), ll.read(export, cache=False, **option))


def test_another_version_of_the_program_reads_anew(cache, export, parsed, monkeypatch):
    ll.read(export)
    read = len(parsed)
    monkeypatch.setattr(decode_cache, "describe_program", lambda: "another")
    ll.read(export)
    assert len(parsed) == 2 * read


@pytest.mark.parametrize("harm", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b[:-1] + bytes([b[-1] ^ 1])])
def test_a_damaged_entry_is_dropped_and_read_anew(cache, export, harm):
    whole = ll.read(export)
    entries = list(cache.iterdir())
    for entry in entries:
        entry.write_bytes(harm(entry.read_bytes()))
    same(ll.read(export), whole)
    assert {entry.name for entry in cache.iterdir()} == {entry.name for entry in entries}


def test_no_code_comes_out_of_the_cache(cache, export, tmp_path):
    ll.read(export)
    mark = tmp_path / "ran"

    class Harm:
        def __reduce__(self):
            return Path.touch, (mark,)

    for entry in cache.iterdir():
        entry.write_bytes(pickle.dumps(Harm()))
    ll.read(export)
    assert not mark.exists()


def test_a_kill_while_writing_leaves_no_entry_that_is_cut(cache, export, monkeypatch):
    def killed(self, target):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            ll.read(export)
    assert all(entry.name.startswith("unfinished-") for entry in cache.iterdir())
    same(ll.read(export), ll.read(export, cache=False))


def test_the_cache_stays_within_its_limit_and_the_oldest_goes_first(cache, monkeypatch):
    folder = decode_cache.find_folder()
    table = {"t": pd.DataFrame({"x": [1.0] * 1000})}
    for number in range(10):
        decode_cache.keep(folder, f"e{number}", table, None)
        os.utime(folder / f"e{number}", ns=(number, number))
    size = (folder / "e0").stat().st_size
    assert decode_cache.recall(folder, "e2") is not None  # used last, so kept
    monkeypatch.setitem(decode_cache.reading_rules()["cache"], "bytes_at_most", 4 * size)
    decode_cache.trim(folder)
    assert {entry.name for entry in folder.iterdir()} == {"e2", "e9", "e8", "e7"}


@pytest.mark.parametrize("told", ["off", "OFF", "0", "no"])
def test_the_cache_can_be_switched_off(export, monkeypatch, told, tmp_path):
    monkeypatch.setenv("LOADLENS_CACHE", told)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    ll.read(export)
    assert not (tmp_path / "home").exists()


def test_the_command_line_can_do_without_it(cache, export, capsys):
    assert main(["check", str(export), "--no-cache"]) == 0
    assert not cache.exists()
    assert main(["check", str(export)]) == 0
    assert any(cache.iterdir())


@pytest.mark.skipif(os.name != "posix" or os.sys.platform == "darwin", reason="another place on other systems")
def test_the_cache_lies_where_the_user_keeps_caches_and_is_private(export, monkeypatch, tmp_path):
    monkeypatch.delenv("LOADLENS_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    ll.read(export)
    folder = tmp_path / "home" / "loadlens"
    assert any(folder.iterdir())
    assert folder.stat().st_mode & 0o077 == 0


def test_a_cache_that_cannot_be_made_is_told_and_harms_nothing(export, monkeypatch, tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LOADLENS_CACHE", str(tmp_path / "file" / "cache"))
    same(ll.read(export), ll.read(export, cache=False))
    assert "the cache is off" in caplog.text


def test_files_that_change_while_they_are_read_are_not_kept(cache, export, monkeypatch):
    assemble = files.assemble

    def change(offers):
        path = export / "list" / "Activities.csv"
        path.write_bytes(path.read_bytes() + b"\n")
        return assemble(offers)

    with monkeypatch.context() as patch:
        patch.setattr(files, "assemble", change)
        ll.read(export)
    kept = len(list(cache.iterdir()))
    ll.read(export)
    assert len(list(cache.iterdir())) > kept


def test_what_a_reader_failed_on_is_tried_again(cache, export, monkeypatch):
    def fail(source, options):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr("loadlens.formats.fit.parse", fail)
        assert (ll.read(export).sources["status"] == "unreadable").sum() > 0
    assert (ll.read(export).sources["status"] == "unreadable").sum() == 0


def _read_runs(path: str) -> int:
    return len(ll.read(path).runs)


def test_several_processes_share_the_cache(cache, export):
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        counts = pool.map(_read_runs, [str(export)] * 6)
    assert set(counts) == {len(ll.read(export, cache=False).runs)}
    shutil.rmtree(cache)
