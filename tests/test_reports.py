"""The report stands on its own, escapes what comes from files, opens with red flags, and is whole in both languages."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from builders import build_activities, build_log
from loadlens import reports, words
from loadlens.findings import Assessment, assess
from loadlens.log import conform
from loadlens.report_sections import ledger, tell_no_runs
from loadlens.robustness import recount, tell_recount
from report_logs import OVERRIDE, SHOWN, made_log


class Page(HTMLParser):
    """Tags with their attributes, and the text outside style sheets."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside not in ("style", "q"):
            self.text.append(data)


@pytest.fixture(scope="module")
def found() -> Assessment:
    return assess(made_log())


@pytest.fixture(scope="module")
def pages(found: Assessment) -> dict[str, str]:
    return {lang: str(reports.report(found, lang=lang)) for lang in words.LANGUAGES}


@pytest.fixture(scope="module")
def tiny() -> Assessment:
    """Two runs and nothing else."""
    return assess(build_log(build_activities([("2024-03-01", 8_000), ("2024-03-12", 8_000)])))


@pytest.fixture(scope="module")
def flagged() -> dict[str, str]:
    """Pages with a red flag in the diary."""
    found = assess(made_log(40, tags="swelling"))
    return {lang: str(reports.report(found, lang=lang)) for lang in words.LANGUAGES}


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_the_page_stands_on_its_own(pages: dict[str, str], lang: str):
    page = Page(pages[lang])
    kinds = {tag for tag, _ in page.tags}
    assert not kinds & {"script", "link", "iframe", "object", "embed", "base", "form"}
    policy = [attrs["content"] for tag, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy"]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]
    outside = [value for _, attrs in page.tags for value in attrs.values() if value and "//" in value]
    assert all(value.startswith(("https://doi.org/10.", "http://www.w3.org/")) for value in outside)
    assert not re.search(r"@import|url\((?!#)", pages[lang])
    assert ("html", {"lang": lang}) in page.tags
    assert len(pages[lang].encode()) < 1_000_000


def test_what_comes_from_files_is_escaped(pages: dict[str, str]):
    page = Page(pages["en"])
    assert not any(tag == "script" or any(name.startswith("on") for name in attrs) for tag, attrs in page.tags)
    assert not any(
        attrs.get("src") for _, attrs in page.tags if not str(attrs.get("xlink:href", "")).startswith("data:")
    )
    assert "&lt;script&gt;alert" in pages["en"]
    assert SHOWN in "".join(page.text)  # and it is still there to be read
    assert OVERRIDE not in pages["en"]


def test_every_id_is_used_once_and_every_reference_within_the_page_is_met(pages: dict[str, str]):
    page = Page(pages["en"])
    ids = Counter(attrs["id"] for _, attrs in page.tags if attrs.get("id"))
    assert max(ids.values()) == 1
    links = [str(v) for _, attrs in page.tags for k, v in attrs.items() if k in ("href", "xlink:href")]
    wanted = {link[1:] for link in links if link.startswith("#")} | set(re.findall(r"url\(#([^)]+)\)", pages["en"]))
    assert wanted <= set(ids)


def test_every_figure_has_a_text_in_its_place(pages: dict[str, str]):
    drawn = [attrs for tag, attrs in Page(pages["nl"]).tags if tag == "svg" and "aria-hidden" not in attrs]
    assert {str(attrs["class"]) for attrs in drawn} == {"wide", "narrow", "spark"}
    assert all(attrs["role"] == "img" and len(str(attrs["aria-label"])) > 20 for attrs in drawn)


def test_the_order_is_from_what_is_grave_to_what_was_read(pages: dict[str, str]):
    tags = Page(pages["en"]).tags
    headings = [str(attrs["id"]) for tag, attrs in tags if tag == "h2" and "id" in attrs]
    order = list(reports.TITLES)
    assert (order[:3], order[-2:]) == (["red-flags", "now", "not-assessable"], ["evidence", "no-claim"])
    assert headings == [f"h-{name}" for name in order]
    assert [attrs["href"] for tag, attrs in tags if tag == "a"][1:11] == [f"#{name}" for name in order]
    folds = [attrs for tag, attrs in tags if tag == "details"]
    assert sum("open" in attrs for attrs in folds) == 5, "what is grave, now, unknown and when is open to begin with"


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_a_red_flag_stands_above_everything(flagged: dict[str, str], lang: str):
    letter, page = flagged[lang].split("<main")
    assert words.say("report.see_doctor", lang) in letter
    order = page.index(words.say("report.see_doctor", lang))
    assert page.index('id="red-flags"') < order < page.index('id="now"')
    assert 'class="flag doctor"' in page


def test_the_plan_is_told_and_drawn_unless_a_red_flag_leaves_none(pages: dict[str, str], flagged: dict[str, str]):
    """20 km is the longest of the last 30 days: up to 22 km within."""
    text = "".join(Page(pages["en"]).text)
    assert words.say("plan.title") in text
    assert f"up to {words.quantity(22_000, 'm')} within" in text
    assert pages["en"].count(f'aria-label="{words.say("plan.title")}') == 2
    assert words.say("plan.no_plan", names="Swelling, warmth, redness") in flagged["en"]
    assert f'aria-label="{words.say("plan.title")}' not in flagged["en"]


def test_without_a_diary_no_red_flag_does_not_mean_none():
    page = str(reports.report(assess(made_log(40, diary=False))))
    assert words.say("report.red_flags_no_diary") in page
    assert words.say("report.red_flags_none") not in page


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_every_statement_rule_and_reference_is_there(pages: dict[str, str], found: Assessment, lang: str):
    text = "".join(Page(pages[lang]).text)
    assert len(found.guidance.statements) == 51
    for statement in found.guidance.statements.values():
        assert statement.words[lang]["says"] in text
        assert statement.words[lang]["research"] in text
    assert all(rule.words[lang]["name"] in text for rule in found.guidance.rules.values())
    assert all(reference.citation in text for reference in found.guidance.references.values())


def test_what_is_outside_now_is_told_with_its_number_and_whose_it_is(pages: dict[str, str], found: Assessment):
    """20 km after at most 8 km is 2.50 times: act, and the number is from research or ours, never silent."""
    text = "".join(Page(pages["en"]).text)
    rule = found.guidance.rules["longest_run"]
    assert found.rules.set_index("rule").loc["longest_run", "level"] == "act"
    assert found.tell("longest_run") in text
    assert "2.50" in found.tell("longest_run")
    assert words.say(f"whose.{rule.whose['act']}") in text


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_a_verdict_on_volume_says_in_how_many_ways_of_counting_it_holds(
    pages: dict[str, str], found: Assessment, lang: str
):
    """The week with the run of 20 km is noted; the ways are said once, and for no rule that is not about volume."""
    assert found.rules.set_index("rule").loc["weekly_increase", "level"] == "note"
    said = tell_recount(recount(found, "weekly_increase"), lang)
    assert said in "".join(Page(pages[lang]).text)
    start = words.say("recount.holds", lang, verdict="§", holds="", ways="").partition("§")[0]
    volume = [
        rule
        for rule in found.rules.loc[found.rules["level"] >= "note", "rule"]
        if rule.endswith(("volume", "increase"))
    ]
    now = pages[lang].partition('id="now"')[2].partition('id="not-assessable"')[0]
    assert now.count(start) == len(volume) > 0


def test_dutch_addresses_the_reader_with_je(pages: dict[str, str]):
    text = "".join(Page(pages["nl"]).text)
    assert re.findall(r"(?<![\d\xa0])\b[Uu]w?\b(?! \d)", text) == []
    assert re.search(r"\bje\b", text)


def test_it_is_written_whole_or_not_at_all_and_the_same_each_time(
    found: Assessment, pages: dict[str, str], tiny: Assessment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    target = tmp_path / "report.html"
    assert reports.report(found, target) == target
    before = target.read_text("utf-8")
    assert before.startswith("<!doctype html>")
    assert before == pages["en"]

    def fail(self: Path, *_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        reports.report(tiny, target, lang="nl")
    assert target.read_text("utf-8") == before
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_place_that_cannot_be_written_is_refused_before_the_work(found: Assessment, tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="no such folder; make it first"):
        reports.report(found, tmp_path / "none" / "report.html")
    with pytest.raises(IsADirectoryError, match="give the name of a file"):
        reports.report(found, tmp_path)


def test_ten_years_stay_below_a_megabyte_and_a_half():
    page = str(reports.report(assess(made_log(3650))))
    assert len(page.encode()) < 1_500_000


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_an_episode_lays_what_speaks_for_it_beside_what_speaks_against_it_and_what_is_open(
    pages: dict[str, str], lang: str
):
    """One run of 20 km after 8 km is far outside on one day, and every side has something to say of it."""
    text = pages[lang].partition('id="episodes"')[2].partition('id="sheet"')[0]
    for side in ("for", "against", "unknown"):
        assert f"<dt>{words.say(f'episode.{side}', lang)}</dt>" in text
    assert words.say("episode.no_unknown_days", lang) in text
    assert 'href="#ref-frandsen_2025"' in text


def test_many_files_of_one_kind_are_one_line(tiny: Assessment):
    good = {"format": "fit", "status": "read", "rows": 1, "used": 1, "set_aside": 0}
    rows = [{"path": f"runs/{n}.fit", **good} for n in range(300)]
    rows.append({"path": "runs/bad.fit", **good, "status": "damaged"})
    log = replace(tiny.log, sources=conform("sources", pd.DataFrame(rows))[0])
    text = "".join(Page(str(reports.report(replace(tiny, log=log)))).text)
    assert "300 files in runs" in text
    assert "runs/bad.fit" in text
    assert "runs/7.fit" not in text


def test_lengths_of_different_things_are_not_added_up(found: Assessment):
    """Two lists of 280 and 20 rows make no list of 300 rows; two repaired cells do make two."""
    lists = [
        {"source": f"{n}.csv", "what": "probably_cut_off", "field": "date", "value": "2016-08-28", "count": n}
        for n in (20, 280)
    ]
    cells = [{"source": "20.csv", "what": "cell_unreadable", "field": "distance", "value": "x", "count": 1}] * 2
    entries = conform("ledger", pd.DataFrame([*lists, *cells]).assign(action="noted"))[0]
    cut, unreadable = ledger(replace(found.log, ledger=entries), "en")
    assert "the list has 280 rows" in str(cut["said"])
    assert (cut["example"], cut["others"], unreadable["count"]) == ("280.csv", 1, "2")


def test_a_log_of_two_runs_and_nothing_else_has_a_report(tiny: Assessment):
    page = str(reports.report(tiny))
    assert words.say("report.now_none") in page
    assert words.say("report.ledger_none") in page
    assert words.say("report.episodes_none") in page


def test_a_log_without_runs_says_what_it_holds_instead():
    table = build_activities([(f"2024-03-0{day}", 20_000.0) for day in (1, 2, 3, 4)])
    log = build_log(conform("activities", table.assign(sport=["ride", "ride", "walk", "ride"]))[0])
    assert tell_no_runs(log, "nl") == "In het logboek staat geen hardloopsessie, alleen: fietsen (3×) en wandelen (1×)."
    assert tell_no_runs(build_log(build_activities([("2024-03-01", 5_000.0)])), "nl") == ""


def test_where_nothing_can_be_assessed_nothing_is_said_to_be_within():
    """Three nights are too few for the rule on sleep, and there is no activity: neither page nor letter reassures."""
    nights = pd.DataFrame({"date": pd.date_range("2024-03-01", periods=3), "sleep": 27_000.0})
    log = build_log(build_activities([]), nights)
    page = " ".join(Page(str(reports.report(assess(log), lang="nl"))).text)
    said = ("report.no_activities", "report.now_unknown", "report.episodes_unknown")
    assert [page.count(words.say(key, "nl")) for key in said] == [2, 2, 1]
    assert words.say("report.now_none", "nl") not in page
