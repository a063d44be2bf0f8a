"""The commands do what they say and say what they did."""

from __future__ import annotations

import gzip
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from loadlens import words
from loadlens.cli import DEMO, SAMPLES, main


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_report_writes_a_page_in_each_language_and_says_where(lang, tmp_path, capsys):
    out = tmp_path / "report.html"
    assert main(["report", str(SAMPLES / "decimal_comma"), "-o", str(out), "--lang", lang]) == 0
    assert str(out) in capsys.readouterr().out
    assert f'lang="{lang}"' in out.read_text("utf-8")


def test_demo_writes_a_report_here_and_says_where(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["demo"]) == 0
    assert (tmp_path / "loadlens_report.html").stat().st_size > 10_000
    assert "loadlens_report.html" in capsys.readouterr().out


def test_check_accounts_for_files_days_and_changes(capsys):
    assert main(["check", str(SAMPLES / "damaged")]) == 0
    told = capsys.readouterr().out
    assert words.say("status.damaged") in told
    assert words.say("check.ledger") in told
    assert "damaged/activities" in told


def test_check_speaks_dutch(capsys):
    assert main(["check", str(SAMPLES / DEMO), "--lang", "nl"]) == 0
    assert words.say("check.days", "nl") in capsys.readouterr().out


def test_a_missing_file_is_one_plain_sentence_and_exit_code_1(capsys):
    assert main(["report", "nowhere.zip"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("loadlens: nowhere.zip: does not exist")
    assert "Traceback" not in told


def test_a_report_in_a_folder_that_is_not_there_is_refused(tmp_path, capsys):
    out = tmp_path / "no" / "report.html"
    assert main(["report", str(SAMPLES / "decimal_comma"), "-o", str(out)]) == 1
    assert str(out.parent) in capsys.readouterr().err


def test_an_unknown_command_is_exit_code_2(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["predict"])
    assert stopped.value.code == 2


def unpacked(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, archives opened: their packed bytes depend on the compressor's version."""
    found: dict[str, bytes] = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                members = {member: archive.read(member) for member in archive.namelist()}
            found |= {f"{name}/{k}": gzip.decompress(v) if k.endswith(".gz") else v for k, v in members.items()}
        elif path.is_file():
            found[name] = path.read_bytes()
    return found


def test_simulate_writes_the_sample_data(tmp_path, capsys):
    assert main(["simulate", str(tmp_path)]) == 0
    assert str(tmp_path) in capsys.readouterr().out
    written, kept = unpacked(tmp_path), unpacked(SAMPLES)
    assert sorted(written) == sorted(kept)
    assert [name for name in kept if written[name] != kept[name]] == []


def test_importing_the_package_loads_nothing_heavy():
    code = "import sys, loadlens; print(sorted({'pandas', 'matplotlib', 'jinja2'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
