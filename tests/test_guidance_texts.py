"""What the bundled guidance says: complete, in both languages, in our own words, citing only what was looked up."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import loadlens

FOLDER = Path(loadlens.__file__).parent / "data" / "guidance" / "runners_knee"
VERDICTS = {"supports", "mixed", "contradicts", "no_evidence_found", "not_checkable"}
TEXT_ONLY = ["G01", "G02", "G10", "G11", "G15", "G16", "G17", "G19", "G41", "G42", "G43", "G45", "G46"]
RED_FLAGS = ("swelling", "giving_way", "fever_unexplained_pain", "sudden_pop", "pain_two_weeks")


def read(name: str) -> dict:
    return tomllib.loads((FOLDER / name).read_text("utf-8"))


DOCUMENT = read("document.toml")
REFERENCES = {entry["id"]: entry for entry in read("references.toml")["references"]}
STATEMENTS = {entry["id"]: entry for entry in read("statements.toml")["statements"]}


def words_of(text: str) -> list[str]:
    return re.findall(r"[\w%]+", text.lower())


def runs_of(words: list[str], length: int) -> set[tuple[str, ...]]:
    return {tuple(words[at : at + length]) for at in range(len(words) - length + 1)}


def test_the_51_statements_stand_in_the_order_of_the_page():
    assert list(STATEMENTS) == [f"G{number:02d}" for number in range(1, 52)]


def test_every_statement_says_one_sentence_and_has_research_in_both_languages():
    for name, entry in STATEMENTS.items():
        assert set(entry["words"]) == {"en", "nl"}, name
        for text in entry["words"].values():
            assert set(text) == {"says", "research"} | ({"number"} if "page_numbers" in entry else set()), name
            assert re.fullmatch(r"[A-Z][^!?]*\.", text["says"]), name
            assert text["says"].count(". ") == 0, name
            assert text["research"].endswith("."), name


def test_kinds_rules_and_verdicts_are_of_the_vocabulary():
    assert {entry["verdict"] for entry in STATEMENTS.values()} <= VERDICTS
    assert [name for name, entry in STATEMENTS.items() if entry["kind"] == "text"] == TEXT_ONLY
    assert [name for name, entry in STATEMENTS.items() if not entry["rules"]] == TEXT_ONLY


def test_red_flags_are_read_from_the_diary():
    for flag in RED_FLAGS:
        found = [entry["kind"] for entry in STATEMENTS.values() if flag in entry["rules"]]
        assert found, flag
        assert set(found) == {"diary"}, flag


def test_only_confirmed_references_are_cited_and_each_one_is_cited():
    cited = {reference for entry in STATEMENTS.values() for reference in entry["references"]}
    assert cited - set(REFERENCES) == set()
    assert set(REFERENCES) - cited == set()
    assert [name for name in sorted(cited) if not REFERENCES[name]["confirmed"]] == []


def test_a_verdict_other_than_none_found_cites_a_study():
    for name, entry in STATEMENTS.items():
        if entry["verdict"] in ("supports", "mixed", "contradicts"):
            assert entry["references"], name


def test_every_reference_states_its_design_and_a_finding_with_plain_doi():
    for name, entry in REFERENCES.items():
        assert re.match(r"\S+( et al\.)? \d{4}, .+ \d+:\S+, .+", entry["citation"]), name
        assert set(entry["finding"]) == {"en", "nl"}, name
        assert re.fullmatch(r"10\.\d{4,}/\S+", entry.get("doi", "10.1234/none")), name


def test_english_and_dutch_name_the_same_numbers():
    def numbers(text: str, lang: str) -> list[float]:
        found = re.findall(r"\d+(?:[.,]\d+)*", text)
        marks = ("", ".") if lang == "en" else (".", "")
        plain = [
            part.replace(",", marks[0]) if lang == "en" else part.replace(".", "").replace(",", ".") for part in found
        ]
        return sorted(float(part) for part in plain)

    for name, entry in REFERENCES.items():
        assert numbers(entry["finding"]["en"], "en") == numbers(entry["finding"]["nl"], "nl"), name
    for name, entry in STATEMENTS.items():
        en, nl = (entry["words"][lang]["research"] for lang in ("en", "nl"))
        assert numbers(en, "en") == numbers(nl, "nl"), name


def test_the_number_of_the_page_is_the_same_in_every_language():
    for name, entry in STATEMENTS.items():
        if "page_numbers" in entry:
            on_page, *written = (
                re.findall(r"\d+", text)
                for text in (entry["page_numbers"], *(words["number"] for words in entry["words"].values()))
            )
            assert written == [on_page, on_page], name


def test_nothing_speaks_of_a_chance_of_injury_or_addresses_the_reader_formally():
    texts = [text for entry in STATEMENTS.values() for said in entry["words"].values() for text in said.values()]
    texts += [text for entry in REFERENCES.values() for text in entry["finding"].values()]
    assert [text for text in texts if re.search(r"probabilit|your risk|jouw risico|kans op", text, re.IGNORECASE)] == []
    dutch = [text for entry in STATEMENTS.values() for text in entry["words"]["nl"].values()]
    assert [text for text in dutch if re.search(r"\b(u|uw|uzelf)\b", text, re.IGNORECASE)] == []


def test_the_document_says_what_it_is_and_where_the_page_disagrees_with_itself():
    assert (DOCUMENT["id"], DOCUMENT["version"], set(DOCUMENT["title"])) == ("runners_knee", "1.0.0", {"en", "nl"})
    source = DOCUMENT["source"]
    assert (source["date_read"], source["language"]) == ("2026-11", "nl")
    for part in (source["page"], source["what_it_is"], source["what_it_is_not"], *source["inconsistencies"]):
        assert {"en", "nl"} <= set(part)
    assert len(source["inconsistencies"]) == 6
    assert {name for part in source["inconsistencies"] for name in part["statements"]} <= set(STATEMENTS)


@pytest.fixture(scope="module")
def page(corpus: Path) -> str:
    path = corpus.parent / "guidance" / "page-nl.txt"
    if not path.is_file():
        pytest.skip("the page is not beside this checkout")
    return path.read_text("utf-8")


def test_no_sentence_of_ours_shares_eight_words_running_with_the_page(page):
    of_page = runs_of(words_of(page), 8)
    for name, entry in STATEMENTS.items():
        for text in entry["words"]["nl"].values():
            assert not runs_of(words_of(text), 8) & of_page, name


def test_sections_headings_and_numbers_stand_on_the_page(page):
    plain = " ".join(words_of(page))
    for name, entry in STATEMENTS.items():
        parts = [entry["place"]["section"], *entry["place"]["heading"].split(": ")]
        parts += re.split(r"[;,]", entry.get("page_numbers", ""))
        assert [part for part in parts if " ".join(words_of(part)) not in plain] == [], name


def test_no_words_of_a_rule_share_eight_words_running_with_the_page(page):
    of_page = runs_of(words_of(page), 8)
    for rule in read("rules.toml")["rules"]:
        for text in rule["words"]["nl"].values():
            assert not runs_of(words_of(text), 8) & of_page, rule["id"]
