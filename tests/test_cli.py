"""The commands do what they say and say what they did."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
import zipfile
from functools import partial
from pathlib import Path

import pytest

import loadlens
from cohort_folders import a_list
from loadlens import alarm_budget, words
from loadlens.cli import DEMO, SAMPLES, main


@pytest.fixture
def short(tmp_path: Path) -> str:
    """A list of two runs, which has a short report."""
    path = tmp_path / "Activities.csv"
    path.write_bytes(a_list())
    return str(path)


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_report_writes_a_page_in_each_language_and_says_where(lang, short, tmp_path, capsys):
    out = tmp_path / "report.html"
    assert main(["report", short, "-o", str(out), "--lang", lang]) == 0
    assert str(out) in capsys.readouterr().out
    assert f'lang="{lang}"' in out.read_text("utf-8")


def test_a_report_comes_as_pdf_beside_the_page_when_asked_for(short, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("loadlens.reports.print_page", lambda page, target, lang: page[-8:].encode())
    out = tmp_path / "report.html"
    asked = ["report", short, "-o", str(out), "--pdf", "--name", "A. Runner"]
    assert main(asked) == 0
    assert "About A. Runner." in out.read_text("utf-8")
    assert (tmp_path / "report.pdf").read_bytes().strip() == b"</html>"
    told = capsys.readouterr().out
    assert all(str(tmp_path / name) in told for name in ("report.html", "report.pdf"))


def test_a_pdf_that_nothing_can_make_is_one_plain_sentence_and_leaves_no_file(short, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("loadlens.paper.BROWSERS", ())
    monkeypatch.setattr("loadlens.paper.find_spec", lambda name: None)
    out = tmp_path / "rapport.pdf"
    assert main(["report", short, "-o", str(out), "--lang", "nl"]) == 1
    assert "geen programma gevonden om een PDF mee te maken; installeer Chromium" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [Path(short)]


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


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_plan_tells_the_next_run_and_the_next_week_in_each_language(lang, capsys):
    """The longest run of the last 30 days is 17.4 km, so that a note begins above 19.1."""
    assert main(["plan", str(SAMPLES / "steady"), "--lang", lang]) == 0
    told = capsys.readouterr().out
    assert words.say("plan.run", lang, date=words.date("2024-12-30", lang)) in told
    assert words.quantity(19_100, "m", lang) in told
    assert words.say("plan.no_claim", lang) in told


@pytest.fixture
def few_twins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three twins in the place of twenty: what is told of them does not hang on how many they are."""
    for name in ("budget", "fit_budget"):
        monkeypatch.setattr(alarm_budget, name, partial(getattr(alarm_budget, name), twins=3))


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_budget_tells_every_rule_and_what_a_budget_moves(lang, few_twins, capsys):
    assert main(["budget", str(SAMPLES / DEMO), "--per-year", "0.5", "--lang", lang]) == 0
    told = capsys.readouterr().out
    assert words.say("budget.all", lang) in told
    assert words.say("budget.moved", lang, per_year=words.number(0.5, lang, 1), moves="").rstrip(". ") in told
    assert words.say("cli.nothing_moved", lang) not in told


def test_a_budget_that_nothing_exceeds_moves_nothing(few_twins, capsys):
    assert main(["budget", str(SAMPLES / "steady"), "--per-year", "6"]) == 0
    assert capsys.readouterr().out.strip().endswith(words.say("cli.nothing_moved"))


def test_a_short_log_says_why_it_is_not_compared(capsys):
    assert main(["budget", str(SAMPLES / "strava_nl"), "--lang", "nl"]) == 0
    told = capsys.readouterr().out
    assert words.say("budget.no_twins_log_too_short", "nl") in told
    assert words.say("budget.all", "nl") not in told


def test_a_budget_of_nothing_is_an_error_in_a_sentence(capsys):
    assert main(["budget", str(SAMPLES / "steady"), "--per-year", "0"]) == 1
    assert "per_year" in capsys.readouterr().err


ENGLISH = {"the", "with", "and", "not", "were", "has", "had", "stated", "assumed", "rows", "read", "unclear", "comma"}
ENGLISH |= {"distance", "cadence", "average", "activity", "activities", "file", "unit", "units", "days", "known"}


def words_of(text: str) -> set[str]:
    """The words of a text but for names of files and their headings, which stay as the file has them."""
    lines = [
        line.partition("gebruikt: ")[0] if "die loadlens niet gebruikt" in line else line for line in text.split("\n")
    ]
    return set(re.findall(r"[a-z]+", re.sub(r"\S*[./_]\S*", "", "\n".join(lines)).lower()))


@pytest.mark.parametrize("sample", ["decimal_comma", "miles", "damaged", DEMO])
def test_check_is_wholly_dutch(sample, capsys):
    assert main(["check", str(SAMPLES / sample), "--lang", "nl"]) == 0
    told = capsys.readouterr().out
    assert words.say("check.days", "nl") in told
    assert "afstand" in told or sample == "damaged"
    assert sorted(ENGLISH & words_of(told)) == []
    assert main(["check", str(SAMPLES / sample)]) == 0
    assert len(ENGLISH & words_of(capsys.readouterr().out)) > 5


def test_check_names_language_decimal_mark_units_and_how_they_were_known(capsys):
    assert main(["check", str(SAMPLES / "decimal_comma"), "--lang", "nl"]) == 0
    told = capsys.readouterr().out
    assert "Engels; decimale komma; afstand km" in told
    assert "afstand in km (≈ 1000 m), zoals stappen maal paslengte laten zien" in told
    assert "hoogste cadans: telt" in told


def test_a_copy_is_said_to_be_one_and_files_without_trouble_have_no_message(tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("date,resting_hr\n2024-05-01,52\n")
    sources = loadlens.read(tmp_path).sources
    assert sources["message"].isna().tolist() == [True, False]
    assert sources["message"].iloc[1].startswith("same content as ")
    assert sources["message_nl"].iloc[1] == f"zelfde inhoud als {tmp_path.name}/a.csv"
    assert sources["message_nl"].isna().tolist() == [True, False]


def test_a_missing_file_is_one_plain_sentence_and_exit_code_1(capsys):
    assert main(["report", "nowhere.zip"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("loadlens: nowhere.zip: does not exist")
    assert "Traceback" not in told


def test_an_error_speaks_the_language_asked_for(tmp_path, capsys):
    assert main(["report", "nowhere.zip", "--lang", "nl"]) == 1
    assert capsys.readouterr().err.startswith("loadlens: nowhere.zip: bestaat niet; noem een bestand")
    path = tmp_path / "runs.csv"
    path.write_text("Giorno,Afstnd\n2024-03-01,5\n")
    assert main(["check", str(path), "--lang", "nl"]) == 1
    told = capsys.readouterr().err
    for part in ("runs.csv: geen bekende export", "'Giorno'", "lijkt op 'afstand'", "Strava-archief", "ten minste"):
        assert part in told
    assert ENGLISH & words_of(told) == {"distance"}  # the column that aliases may name
    assert main(["check", str(tmp_path), "--lang", "nl", "--tz", "Mars/Base"]) == 1
    assert "'Mars/Base' is geen tijdzone" in capsys.readouterr().err


def test_a_folder_with_nothing_of_use_says_why_of_each_file_in_the_language_asked_for(tmp_path, capsys):
    (tmp_path / "photo.fit").write_bytes(b"not a recording at all")
    (tmp_path / "runs.csv").write_text("Activity Type,Date,Title,Distance,Time\nRunning,none,x,5,30:00\n")
    (tmp_path / "nothing.csv").write_bytes(b"")
    assert main(["check", str(tmp_path), "--lang", "nl"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("loadlens: niets gevonden om te lezen: ")
    for part in ("photo.fit: geen leesbaar FIT-bestand (geen FIT-kop)", "nothing.csv: het bestand is leeg"):
        assert part in told
    assert "runs.csv: een kopregel, en geen rij die bruikbaar was; rij 2: geen datum te lezen: none" in told


def test_a_report_in_a_folder_that_is_not_there_is_refused(short, tmp_path, capsys):
    out = tmp_path / "no" / "report.html"
    assert main(["report", short, "-o", str(out), "--lang", "nl"]) == 1
    told = capsys.readouterr()
    assert told.err.startswith(f"loadlens: {out.parent}: die map bestaat niet; maak hem eerst")
    assert not told.out, "said before anything is read"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty", None, "empty: helemaal geen bestanden; noem het bestand, de map of de zip"),
        ("notes.txt", b"10 km on Monday", "notes.txt: geen formaat dat loadlens leest; goed zijn FIT-"),
        ("Activities.csv", b"<!DOCTYPE html><html><body>Log in</body></html>", "Activities.csv: een webpagina"),
        ("list.csv", b"who;age\nJan;3\n", "op de opdrachtregel met --profile en een TOML-bestand"),
    ],
)
def test_what_is_no_export_is_named_with_what_would_be_right(name, content, said, tmp_path, capsys):
    path = tmp_path / name
    path.mkdir() if content is None else path.write_bytes(content)
    assert main(["check", str(path), "--lang", "nl"]) == 1
    assert said in capsys.readouterr().err


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
