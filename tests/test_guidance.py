"""A guidance document is checked when it is read; an error names the file, the rule and the mend."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from loadlens.guidance import LEVELS, GuidanceError, read_guidance

SMALL = """
id = "small"
version = "0.1"
title = { en = "Small", nl = "Klein" }

[[references]]
id = "someone_2020"
citation = "Someone 2020"
confirmed = false
finding = { en = "Little.", nl = "Weinig." }

[[statements]]
id = "S1"
place = { section = "Over", heading = "Boven" }
kind = "rule"
rules = ["longest"]
verdict = "mixed"
references = ["someone_2020"]
words = { en = { says = "Not too far.", research = "Mixed." }, nl = { says = "Niet te ver.", research = "Gemengd." } }

[[rules]]
id = "longest"
statements = ["S1"]
signal = ["activities.distance"]
per_day = "max"
measure = "longest_run"
parameters = { window_days = 30, minimum_runs = 4, minimum_history_days = 30, hold_days = 7, unknown_share = 0.2 }
value = "ratio"
worse = "higher"
units = { ratio = "ratio", rise = "m" }
references = []
levels = { watch = [{ ratio = { above = 1.3 }, rise = { at_least = 2000 } }] }
whose = { watch = "ours" }
[rules.words.en]
name = "Longest"
asks = "Not too far."
finding = "{ratio}"
[rules.words.nl]
name = "Langste"
asks = "Niet te ver."
finding = "{ratio}"
"""


def write(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_bundled_document_is_read_whole():
    guidance = read_guidance()
    assert guidance.key == "runners_knee@1.0.0"
    assert [s for s in guidance.statements if s.startswith("G")] == [f"G{n:02d}" for n in range(1, 52)]
    assert next(iter(guidance.rules)) == "sudden_pop"
    assert len(guidance.rules) == 39
    assert all(rule.measure for rule in guidance.rules.values())


def test_the_bundled_document_says_what_its_version_said():
    guidance = read_guidance()
    assert {guidance.key: guidance.digest} == {
        "runners_knee@1.0.0": "6ba7cfdc9c6db909bfe92b5d26992d3b56352c816e98bb3f34324655cbcc45a3"
    }, "changed: once a release has held this version, a new one in document.toml; before that, its digest here"


def test_a_limit_or_a_sentence_that_changes_changes_the_digest_and_a_comment_does_not(tmp_path):
    digests = {
        read_guidance(write(tmp_path, text)).digest
        for text in (SMALL, "# mine" + SMALL, SMALL.replace("1.3", "1.4"), SMALL.replace("Not too far.", "Not far."))
    }
    assert len(digests) == 3


def test_only_the_diary_can_send_to_a_doctor():
    rules = read_guidance().rules.values()
    red = {r.id for r in rules if {"doctor", "emergency"} & set(r.levels)}
    assert red == {"sudden_pop", "swelling", "giving_way", "fever_unexplained_pain", "locking", "pain_two_weeks"}
    assert all(r.signal == ("diary",) for r in rules if r.id in red)


def test_the_literal_ten_percent_rule_is_never_an_alarm():
    rule = read_guidance().rules["weekly_increase"]
    assert list(rule.levels) == ["note"]
    assert rule.levels["note"][0]["increase"] == {"above": 10}
    assert rule.whose == {"note": "page"}


def test_marks_of_the_shoes_are_the_limits_of_their_levels():
    rule = read_guidance().rules["shoes"]
    limits = [bounds["distance"]["at_least"] for level in LEVELS for bounds in rule.levels.get(level, ())]
    assert limits == rule.parameters["marks"] == [600_000, 700_000, 800_000]
    assert rule.parameters["replace_at"] == 700_000


def test_dutch_words_address_the_reader_informally():
    texts = " ".join(text for r in read_guidance().rules.values() for text in r.words["nl"].values()).lower()
    assert not {"u", "uw"} & set(texts.replace(".", " ").replace(",", " ").split())


def test_one_file_is_enough(tmp_path):
    guidance = read_guidance(write(tmp_path, SMALL))
    assert guidance.key == "small@0.1"
    assert guidance.rules["longest"].levels["watch"] == ({"ratio": {"above": 1.3}, "rise": {"at_least": 2000}},)


def test_a_folder_reads_as_the_files_in_it(tmp_path):
    source = resources.files("loadlens") / "data" / "guidance" / "runners_knee"
    for part in source.iterdir():
        (tmp_path / part.name).write_bytes(part.read_bytes())
    assert read_guidance(tmp_path) == read_guidance()


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ('value = "ratio"', 'valeu = "ratio"', ["mine.toml", "'longest'", "'valeu'", "did you mean 'value'"]),
        ('measure = "longest_run"', 'measure = "longest"', ["'longest'", "did you mean 'longest_run'"]),
        ("hold_days = 7, ", "", ["'longest'", "needs hold_days"]),
        ("hold_days = 7", "hold_days = 0", ["'longest'", "hold_days is 0", "1 to"]),
        ("window_days = 30", "window_days = 1000000000", ["window_days is 1000000000"]),
        ("window_days = 30", "days = 30", ["parameters", "unknown 'days'"]),
        ("activities.distance", "activities.distanse", ["signal", "did you mean 'activities.distance'"]),
        ('per_day = "max"', 'per_day = "most"', ["per_day", "unknown 'most'"]),
        ("watch = [{", "wotch = [{", ["did you mean 'watch'"]),
        ("above = 1.3", "over = 1.3", ["levels.watch.ratio", "unknown 'over'"]),
        ("above = 1.3", 'above = "1.3"', ["a bound is a number"]),
        ("watch = [{ ratio = { above = 1.3 }, rise", "watch = [{ ratios = { above = 1.3 }, rise", ["'ratios'"]),
        ("levels = { watch", "levels = { doctor", ["whose"]),
        ('whose = { watch = "ours" }', 'whose = { watch = "mine" }', ["whose.watch", "page, research, ours"]),
        ('whose = { watch = "ours" }', "", ["whose", "whose number"]),
        ('ratio = "ratio", rise', 'ratio = "furlong", rise', ["units.ratio", "furlong"]),
        ('finding = "{ratio}"', 'finding = "{ratios}"', ["finding", "did you mean 'ratio'"]),
        ('finding = "{ratio}"', 'finding = "{ratio:>9}"', ["carries a format"]),
        ('finding = "{ratio}"', 'finding = "{ratio"', ["words.en.finding", "placeholder"]),
        ('asks = "Niet te ver."', "", ["words.nl", "no 'asks'"]),
        ('rules = ["longest"]', 'rules = ["shortest"]', ["statement 'S1'", "'shortest'"]),
        ('statements = ["S1"]', 'statements = ["S2"]', ["does not name it back", "add 'S1'"]),
        ('references = ["someone_2020"]', "references = []", ["'someone_2020'", "cited nowhere"]),
        ('references = ["someone_2020"]', 'references = ["someone_2021"]', ["did you mean 'someone_2020'"]),
        ('verdict = "mixed"', 'verdict = "maybe"', ["verdict", "'maybe'"]),
        ('kind = "rule"', 'kind = "text"', ["kind 'text' with 1 rules"]),
        ("confirmed = false", "confirmed = 0", ["confirmed is 0", "bool"]),
        ('id = "small"', 'id = "small', ["mine.toml", "not TOML"]),
    ],
)
def test_an_error_says_where_and_how_to_mend(tmp_path, old, new, parts):
    assert old in SMALL
    with pytest.raises(GuidanceError) as error:
        read_guidance(write(tmp_path, SMALL.replace(old, new)))
    assert all(part in str(error.value) for part in ["mine.toml", *parts] if part), str(error.value)


def test_a_rule_must_be_named_back_by_its_statement(tmp_path):
    rules = SMALL[SMALL.index("[[rules]]") :]
    text = SMALL + rules.replace('id = "longest"', 'id = "second"')
    with pytest.raises(GuidanceError, match=r"rule 'second'.*'S1'.*does not name it back.*add 'second' to rules"):
        read_guidance(write(tmp_path, text))


def test_a_level_for_the_doctor_needs_the_diary(tmp_path):
    text = SMALL.replace("levels = { watch", "levels = { doctor").replace("whose = { watch", "whose = { doctor")
    with pytest.raises(GuidanceError, match="only the diary can raise it"):
        read_guidance(write(tmp_path, text))


def test_a_key_in_two_files_names_both(tmp_path):
    write(tmp_path, SMALL)
    (tmp_path / "other.toml").write_text('version = "2"', encoding="utf-8")
    with pytest.raises(GuidanceError, match=r"other.toml: 'version' is already given in mine.toml"):
        read_guidance(tmp_path)


def test_nothing_there_is_said(tmp_path):
    with pytest.raises(GuidanceError, match="no guidance here"):
        read_guidance(tmp_path / "absent")
