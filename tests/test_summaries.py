"""What shows itself says what it is, in both languages, and lets no tag of a file through."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pandas as pd
import pytest

import loadlens as ll
from builders import build_activities, build_log
from loadlens import words
from loadlens.findings import Assessment
from loadlens.guidance import LEVELS, read_guidance

EVIL = "<script>alert(1)</script>&amp;"


@pytest.fixture(scope="module")
def found() -> Assessment:
    """Four runs of 10 km a week for thirty weeks, then three weeks of 16 km."""
    dates = [
        pd.Timestamp("2024-01-01") + pd.Timedelta(days=7 * week + day) for week in range(33) for day in (0, 2, 4, 6)
    ]
    runs = [(str(date.date()), 16_000.0 if at >= 120 else 10_000.0) for at, date in enumerate(dates)]
    return ll.assess(build_log(build_activities(runs)))


def tags_of(html: str) -> list[str]:
    seen: list[str] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: seen.append(tag)  # type: ignore[method-assign]
    parser.feed(html)
    return seen


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_a_log_says_how_many_runs_and_which_days_are_known(found: Assessment, lang: str):
    shown = ll.show(found.log, lang)
    rows = dict(shown.rows)
    assert rows[words.say("log.runs", lang)] == "132"
    assert rows[words.say("log.distance", lang)] == words.quantity(120 * 10_000 + 12 * 16_000, "m", lang)
    assert f'lang="{lang}"' in shown._repr_html_()


def test_the_same_lines_are_text_in_a_terminal_and_a_table_in_a_notebook(found: Assessment):
    for thing in (found.log, found, found.guidance, found.guidance.rules["sleep"]):
        shown = ll.show(thing)
        assert thing._repr_html_() == shown._repr_html_()
        assert tags_of(shown._repr_html_()).count("tr") == len(shown.rows)
    assert repr(found.log) == repr(ll.show(found.log))
    assert repr(found).startswith("Assessment against runners_knee@1.0.0")
    assert max(map(len, repr(found).splitlines())) <= 100


def test_an_assessment_tells_what_is_outside_before_what_is_not_known(found: Assessment):
    rows = ll.show(found).rows
    names = [name for name, _ in rows]
    assert names[0] == ""  # how many rules could be assessed
    assert names[1].startswith(("Longest run", "Distance over two weeks"))
    assert names.index("not assessable") > 1
    dutch = " ".join(value for _, value in ll.show(found, "nl").rows)
    assert words.say("reasons.no_diary", "nl") in dutch


def test_a_log_without_days_says_so():
    assert words.say("log.empty") in repr(build_log(build_activities([])))


def test_a_rule_and_a_guidance_are_one_line_inside_other_things():
    guidance = read_guidance()
    assert repr([guidance.rules["sleep"]]) == "[<Rule sleep: Sleep>]"
    assert repr(guidance) == "<Guidance runners_knee@1.0.0: 51 statements, 39 rules>"


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_a_rule_shows_each_level_with_its_limits_and_whose_they_are(lang: str):
    rows = dict(ll.show(read_guidance().rules["sleep"], lang).rows)
    note = rows[words.say("levels_short.note", lang)]
    seven, long = words.quantity(25_200, "s", lang), words.quantity(34_200, "s", lang)
    mean = {"en": "mean", "nl": "gemiddelde"}[lang]
    assert f"{mean} < {seven}" in note
    assert f"{mean} > {long}" in note
    assert words.say("whose.page", lang) in note
    assert words.say("whose.ours", lang) in rows[words.say("levels_short.act", lang)]


def test_every_rule_can_be_shown_in_every_language():
    rules = read_guidance().rules.values()
    for lang in words.LANGUAGES:
        shown = {rule.id: dict(ll.show(rule, lang).rows) for rule in rules}
        for rule in rules:
            levels = [words.say(f"levels_short.{level}", lang) for level in LEVELS if level in rule.levels]
            assert set(levels) <= set(shown[rule.id]), rule.id


def test_a_plan_and_a_budget_are_told_in_the_words_they_have(found: Assessment):
    table = ll.plan(found.log)
    for lang in words.LANGUAGES:
        told = [line for _, line in ll.show(table, lang).rows]
        assert told == ll.tell_plan(table, found.guidance, lang)
    counts = ll.budget(
        found.log, replace(found.guidance, rules={"longest_run": found.guidance.rules["longest_run"]}), twins=2
    )
    assert ll.show(counts).rows[0][1].startswith("Longest run:")


def test_a_plan_by_another_guidance_is_not_told_in_the_words_of_this_one(found: Assessment):
    table = ll.plan(found.log).assign(rule="my_rule")
    with pytest.raises(ValueError, match=r"runners_knee@1.0.0 has no rules \['my_rule'\]; give guidance="):
        ll.show(table)


@pytest.mark.parametrize(("what", "said"), [(3, "int"), (pd.DataFrame({"a": [1]}), r"columns \['a'\]")])
def test_what_cannot_be_shown_is_named(what, said):
    with pytest.raises(TypeError, match=f"show: .*{said}"):
        ll.show(what)


def test_an_unknown_language_is_refused(found: Assessment):
    with pytest.raises(ValueError, match="language 'de'"):
        ll.show(found, "de")


def test_what_a_guidance_file_says_is_text_and_never_a_tag(found: Assessment):
    rule = found.guidance.rules["two_week_volume"]
    texts = {lang: dict.fromkeys(rule.words[lang], EVIL) for lang in words.LANGUAGES}
    bad = replace(rule, words=texts, references=(EVIL,))
    guidance = replace(found.guidance, title=dict.fromkeys(words.LANGUAGES, EVIL), rules={rule.id: bad})
    for html in (bad._repr_html_(), guidance._repr_html_(), ll.assess(found.log, guidance)._repr_html_()):
        assert "script" not in tags_of(html)
        assert "&lt;script&gt;" in html
