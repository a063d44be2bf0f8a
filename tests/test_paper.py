"""A page becomes a PDF where something can make one, and says what to do where nothing can."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from loadlens import paper, words
from loadlens.reports import _style_sheet

TARGET = Path("report.pdf")


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper, "BROWSERS", ())
    monkeypatch.setattr(paper, "find_spec", lambda name: None)


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_without_a_browser_it_says_what_to_install(alone: None, lang: str):
    with pytest.raises(FileNotFoundError, match=r"report.pdf: .*Chromium.*weasyprint"):
        paper.print_page("<p>", TARGET, lang)


def make_browser(folder: Path, script: str) -> str:
    program = folder / "browser"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(program)


def test_a_browser_that_makes_nothing_is_named_with_what_it_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(paper, "BROWSERS", (make_browser(tmp_path, "echo no display >&2; exit 3"),))
    with pytest.raises(OSError, match=r"report.pdf: browser made no PDF \(no display\)"):
        paper.print_page("<p>", TARGET)


def test_a_browser_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(paper, "BROWSERS", (make_browser(tmp_path, "exec sleep 60"),))
    monkeypatch.setattr(paper, "SECONDS", 0.2)
    with pytest.raises(TimeoutError, match=r"report.pdf: browser had not made a PDF"):
        paper.print_page("<p>", TARGET)


def test_a_browser_gets_the_page_a_profile_of_its_own_and_no_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """This one prints what it was asked: the page it was given, after the words of the command."""
    script = 'for word; do case "$word" in --print-to-pdf=*) out="${word#*=}";; file://*) page="${word#file://}";; '
    script += "esac; done\n"
    script += 'printf "%s\\n" "$@" > "$out"; cat "$page" >> "$out"'
    monkeypatch.setattr(paper, "BROWSERS", (make_browser(tmp_path, script),))
    asked = paper.print_page("<p>page</p>", TARGET).decode()
    assert asked.endswith("<p>page</p>")
    assert "--host-resolver-rules=MAP * ~NOTFOUND" in asked
    profile = next(word for word in asked.splitlines() if word.startswith("--user-data-dir="))
    assert not Path(profile.partition("=")[2]).exists(), "thrown away"


def test_for_weasyprint_variables_stand_for_the_colours_of_the_day():
    page = f'<style>{_style_sheet()}</style><path style="fill: var(--run)"/>'
    settled = paper.settle_colours(page)
    assert '<path style="fill: #2d6187"/>' in settled
    assert "var(" not in settled


def test_nothing_is_fetched_for_weasyprint():
    with pytest.raises(ValueError, match="fetches nothing"):
        paper._refuse("https://example.org/x.css")
