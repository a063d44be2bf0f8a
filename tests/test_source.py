"""An error says where, what is wrong and what would be right, in every language, wherever it is raised."""

from __future__ import annotations

import ast
import io
import pickle
import string
import tomllib
from pathlib import Path

import pytest

import loadlens
from loadlens.formats.source import Reading, Source, UnreadableFile
from loadlens.words import LANGUAGES

PACKAGE = Path(loadlens.__file__).parent
WORDS = tomllib.loads((PACKAGE / "data" / "words.toml").read_text("utf-8"))


def test_an_error_speaks_every_language_and_english_by_itself():
    error = UnreadableFile("too_large", where="export.csv", limit=1_234_567)
    assert set(error.texts) == set(LANGUAGES)
    assert str(error) == error.tell("en")
    assert error.tell("en").startswith("export.csv: larger than 1,234,567 bytes")
    assert error.tell("nl").startswith("export.csv: uitgepakt groter dan 1.234.567 bytes")


def test_a_value_given_in_each_language_goes_to_its_own_sentence():
    error = UnreadableFile("refused", where="a.csv", why={"en": "weekly means", "nl": "weekgemiddelden"})
    assert (error.tell("en"), error.tell("nl")) == ("a.csv: weekly means", "a.csv: weekgemiddelden")


def test_a_sentence_of_a_format_from_outside_is_itself_in_every_language():
    error = UnreadableFile("a.xyz: not {whole}; export it again")
    assert set(error.texts.values()) == {"a.xyz: not {whole}; export it again"}


def test_braces_in_a_file_name_are_left_alone():
    assert UnreadableFile("file_empty", where="{where}.csv").tell("nl").startswith("{where}.csv: het bestand is leeg")


@pytest.mark.parametrize("error", [UnreadableFile("file_empty", where="a.csv"), UnreadableFile("a.csv: odd")])
def test_an_error_comes_back_from_another_process_as_it_was(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is UnreadableFile
    assert (again.texts, str(again), again.args) == (error.texts, str(error), error.args)


def test_a_source_longer_than_the_limit_is_refused_by_name():
    source = Source("big.fit", b"", lambda: io.BytesIO(bytes(11)))
    assert len(source.read(11)) == 11
    with pytest.raises(UnreadableFile, match=r"big\.fit: larger than 10 bytes"):
        source.read(10)


# ------------------------------------------------------------------ the places that raise


def raised() -> list[tuple[str, ast.Call]]:
    """Every call of UnreadableFile in the package, with the place where it stands."""
    calls = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "UnreadableFile":
                calls.append((f"{path.relative_to(PACKAGE).as_posix()}:{node.lineno}", node))
    return calls


def keys_of(call: ast.Call) -> set[str]:
    """Keys that a call may name: a literal, or both sides of a choice made just before."""
    return {node.value for node in ast.walk(call.args[0]) if isinstance(node, ast.Constant)}


def placeholders(key: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(WORDS["errors"][key]["en"]) if name}


def test_no_error_has_its_sentence_in_the_code():
    assert [
        place
        for place, call in raised()
        if isinstance(call.args[0], ast.JoinedStr) or not keys_of(call) <= set(WORDS["errors"])
    ] == []
    assert len(raised()) > 20


def test_every_error_is_given_what_its_sentence_asks_for():
    wrong = {
        place: keys_of(call)
        for place, call in raised()
        for key in keys_of(call) & set(WORDS["errors"])
        if all(one.arg for one in call.keywords) and {one.arg for one in call.keywords} != placeholders(key)
    }
    assert wrong == {}


def test_no_sentence_of_an_error_lies_idle():
    texts = "".join(path.read_text("utf-8") for path in PACKAGE.rglob("*.py"))
    assert [key for key in WORDS["errors"] if f'"{key}"' not in texts] == []


def test_a_refusal_of_an_export_is_told_in_every_language():
    for path in (PACKAGE / "data" / "exports").glob("*.toml"):
        for refusal in tomllib.loads(path.read_text("utf-8")).get("refuse", ()):
            assert set(refusal["why"]) == set(LANGUAGES)


def test_what_is_too_long_for_the_ledger_shows_that_it_was_cut():
    reading = Reading("list")
    reading.note("columns_not_used", "noted", value="a" * 201)
    reading.note("columns_not_used", "noted", value="a" * 200)
    assert [entry["value"] for entry in reading.ledger] == ["a" * 199 + "…", "a" * 200]
