"""Every phrase exists in both languages, and numbers, dates and quantities read as worked out by hand."""

from __future__ import annotations

import ast
import math
import re
import string
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import loadlens
from loadlens.guidance import LEVELS, VERDICTS, read_guidance
from loadlens.rules import list_bounds
from loadlens.words import (
    LANGUAGES,
    axis_unit,
    date,
    knows,
    list_join,
    month,
    name_limit,
    number,
    quantity,
    say,
    weekday,
)

PACKAGE = Path(loadlens.__file__).parent
WORDS = tomllib.loads((PACKAGE / "data" / "words.toml").read_text("utf-8"))
COLUMNS = tomllib.loads((PACKAGE / "data" / "columns.toml").read_text("utf-8"))
PHRASES = {f"{section}.{name}": entry for section, group in WORDS.items() for name, entry in group.items()}


def placeholders(text: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}


def test_every_phrase_is_filled_in_exactly_the_two_languages():
    wrong = [key for key, entry in PHRASES.items() if set(entry) != set(LANGUAGES) or not all(entry.values())]
    assert wrong == []


def test_both_languages_have_the_same_named_placeholders():
    wrong = [key for key, entry in PHRASES.items() if placeholders(entry["en"]) != placeholders(entry["nl"])]
    assert wrong == []
    assert all(name.isidentifier() for entry in PHRASES.values() for name in placeholders(entry["en"]))


def test_ledger_sentences_use_only_what_a_ledger_row_has():
    wrong = {
        key: placeholders(entry["en"])
        for key, entry in PHRASES.items()
        if key.startswith("ledger.") and not placeholders(entry["en"]) <= {"value", "column", "count", "row"}
    }
    assert wrong == {}


def test_dutch_addresses_the_reader_with_je():
    texts = {
        key: entry["nl"] for key, entry in PHRASES.items() if key != "units.h"
    }  # "7 u" is seven hours, "km/u" a speed
    assert [key for key, text in texts.items() if re.search(r"(?<!/)\b(u|uw|uzelf)\b", text, re.IGNORECASE)] == []


def test_reasons_are_fragments_that_follow_because():
    assert [key for key, entry in WORDS["reasons"].items() for text in entry.values() if text[-1] in ".;:"] == []
    assert [key for key, entry in WORDS["reasons"].items() for text in entry.values() if text[0].isupper()] == []
    said = say("report.not_assessable_because", "nl", reason=say("reasons.no_diary", "nl"))
    assert said == "niet te beoordelen omdat er geen dagboek is"


@pytest.mark.parametrize(
    ("section", "values"),
    [
        ("levels", LEVELS),
        ("levels_short", LEVELS),
        ("levels_meaning", LEVELS),
        ("verdicts", VERDICTS),
        ("whose", ("page", "research", "ours", "budget", "hand")),
        ("states", COLUMNS["days"]["state"]["values"]),
        ("day_reasons", COLUMNS["days"]["reason"]["values"]),
        ("sports", COLUMNS["activities"]["sport"]["values"]),
        ("sub_sports", COLUMNS["activities"]["sub_sport"]["values"]),
        ("time_zones", COLUMNS["activities"]["time_zone_from"]["values"]),
        ("sides", COLUMNS["diary"]["side"]["values"]),
        ("status", COLUMNS["sources"]["status"]["values"]),
        ("number_formats", COLUMNS["sources"]["number_format"]["values"]),
        ("actions", COLUMNS["ledger"]["action"]["values"]),
        ("tables", COLUMNS),
    ],
)
def test_every_value_of_a_vocabulary_has_words_and_no_words_lack_a_value(section, values):
    assert set(WORDS[section]) == set(values)


def test_every_unit_of_a_column_can_be_written_and_put_on_an_axis():
    units = {spec["unit"] for table in COLUMNS.values() for spec in table.values() if "unit" in spec}
    units |= {"ratio", "days", "nights", "runs", "count", "z", ""}
    for lang in LANGUAGES:
        assert all(quantity(3.0, unit, lang) for unit in units)
        assert all(axis_unit(unit, lang)[1] > 0 for unit in units)


def literal_keys() -> set[str]:
    """Keys that stand as plain text in calls to say(), in templates too, and to what writes ledger rows."""
    places = {"note": 0, "note_cells": 0, "set_aside": 1, "_set_aside": 1}
    templates = (path.read_text("utf-8") for path in PACKAGE.rglob("*.j2"))
    keys = {key for text in templates for key in re.findall(r"\bsay\([\"']([a-z_]+\.\w+)[\"'](?! ~)", text)}
    for path in PACKAGE.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Dict):
                pairs = zip(call.keys, call.values, strict=True)
                keys |= {
                    f"ledger.{value.value}"
                    for key, value in pairs
                    if isinstance(key, ast.Constant) and key.value == "what" and isinstance(value, ast.Constant)
                }
            if not isinstance(call, ast.Call):
                continue
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            place = 0 if name == "say" else places.get(name, len(call.args))
            given = call.args[place] if place < len(call.args) else None
            if isinstance(given, ast.Constant) and isinstance(given.value, str):
                keys.add(given.value if name == "say" else f"ledger.{given.value}")
    return keys


def test_every_key_that_the_code_names_has_a_phrase():
    keys = literal_keys()
    assert {"ledger.impossible_value", "units.km"} <= keys
    assert sorted(key for key in keys if not knows(key)) == []


@pytest.mark.parametrize(
    ("value", "digits", "en", "nl"),
    [
        (1234.5, 1, "1,234.5", "1.234,5"),
        (1234567, 0, "1,234,567", "1.234.567"),
        (0.25, 2, "0.25", "0,25"),
        (-3.2, 1, "−3.2", "−3,2"),
        (-0.04, 1, "0.0", "0,0"),  # no minus before a nought
        (math.nan, 1, "–", "–"),
        (math.inf, 0, "–", "–"),
    ],
)
def test_number(value, digits, en, nl):
    assert (number(value, "en", digits), number(value, "nl", digits)) == (en, nl)


@pytest.mark.parametrize(
    ("value", "unit", "en", "nl"),
    [
        (12_345, "m", "12.3 km", "12,3 km"),
        (612_400, "m", "612 km", "612 km"),  # a hundred km and more: no decimals
        (99_960, "m", "100 km", "100 km"),
        (812, "m", "812 m", "812 m"),
        (999.6, "m", "1.0 km", "1,0 km"),
        (1.123, "m", "1.12 m", "1,12 m"),
        (0, "m", "0 km", "0 km"),
        (27_600, "s", "7 h 40 min", "7 u 40 min"),  # 7 x 3600 + 40 x 60
        (28_800, "s", "8 h", "8 u"),
        (3_599, "s", "1 h", "1 u"),  # 59 min 59 s is an hour to the minute
        (1_500, "s", "25 min", "25 min"),
        (45, "s", "45 s", "45 s"),
        (-4_800, "s", "−1 h 20 min", "−1 u 20 min"),
        (1000 / 329, "m/s", "5:29 /km", "5:29 /km"),  # 329 s a kilometre
        (1000 / 359.7, "m/s", "6:00 /km", "6:00 /km"),
        (0, "m/s", "–", "–"),  # standing still has no pace
        (52, "bpm", "52 bpm", "52 slagen/min"),
        (55.5, "bpm", "55.5 bpm", "55,5 slagen/min"),
        (172.44, "steps/min", "172.4 steps/min", "172,4 stappen/min"),
        (245.3, "ms", "245 ms", "245 ms"),
        (92.44, "mm", "92.4 mm", "92,4 mm"),
        (7.25, "%", "7.2%", "7,2%"),
        (36.9, "%", "37%", "37%"),
        (0.333, "share", "33%", "33%"),
        (1.337, "ratio", "1.34×", "1,34×"),
        (71.5, "kg", "71.5 kg", "71,5 kg"),
        (1, "days", "1 day", "1 dag"),
        (12, "days", "12 days", "12 dagen"),
        (0, "nights", "0 nights", "0 nachten"),
        (1, "runs", "1 run", "1 hardloopsessie"),
        (4, "runs", "4 runs", "4 hardloopsessies"),
        (1_240, "count", "1,240", "1.240"),
        (2.61, "z", "2.6", "2,6"),
        (3.14159, "", "3.14", "3,14"),
        (math.nan, "m", "–", "–"),
        (math.nan, "s", "–", "–"),
    ],
)
def test_quantity_with_an_unbreakable_space_before_the_unit(value, unit, en, nl):
    assert quantity(value, unit, "en") == en.replace(" ", "\u00a0")
    assert quantity(value, unit, "nl") == nl.replace(" ", "\u00a0")


@pytest.mark.parametrize(
    "day",
    ["2026-01-16", pd.Timestamp("2026-01-16 07:30"), np.datetime64("2026-01-16"), pd.Timestamp("2026-01-16").date()],
)
def test_date_from_any_kind_of_day(day):
    assert (date(day, "en"), date(day, "nl")) == ("16 Jan 2026", "16 jan 2026")


def test_date_in_march_without_year_and_missing_date():
    assert (date("2024-03-01", "nl", year=False), date("2024-05-31", "nl")) == ("1 mrt", "31 mei 2024")
    assert (date(None, "en"), date(pd.NaT, "nl")) == ("–", "–")


def test_names_of_months_and_weekdays_count_as_pandas_does():
    monday = pd.Timestamp("2026-01-05")
    assert (weekday(monday.day_of_week, "en"), weekday(6, "nl")) == ("Mon", "zo")
    assert [month(index, "nl") for index in (1, 3, 5, 10)] == ["jan", "mrt", "mei", "okt"]


def test_axis_unit_gives_label_and_factor():
    assert axis_unit("m", "nl") == ("km", 0.001)
    assert axis_unit("bpm", "nl") == ("slagen/min", 1.0)
    assert axis_unit("", "en") == ("", 1.0)
    label, factor = axis_unit("s", "nl")
    assert (label, 27_000 * factor) == ("uur", pytest.approx(7.5))


def test_list_join():
    assert list_join(["pain", "fever", "swelling"], "en") == "pain, fever and swelling"
    assert list_join(["pijn", "koorts"], "nl") == "pijn en koorts"
    assert (list_join(["pijn"], "nl"), list_join([], "nl")) == ("pijn", "")


def test_say_fills_placeholders_and_leaves_braces_in_values_alone():
    assert say("report.since", "nl", date="16 jan 2026") == "sinds 16 jan 2026"
    assert say("report.since", "en", date="{level}") == "since {level}"


def test_errors_name_the_key_the_placeholder_the_language_and_the_unit():
    with pytest.raises(ValueError, match=r"no phrase 'report\.nowhere'"):
        say("report.nowhere")
    with pytest.raises(ValueError, match=r"'report\.since' in 'en' needs 'date'"):
        say("report.since")
    with pytest.raises(ValueError, match=r"'de'.*en, nl"):
        say("report.title", "de")
    with pytest.raises(ValueError, match="'furlong'"):
        quantity(1.0, "furlong")
    with pytest.raises(ValueError, match="furlong"):
        axis_unit("furlong")


def test_every_limit_of_the_guidance_has_a_name_but_z():
    columns = {bound.column for rule in read_guidance().rules.values() for bound in list_bounds(rule)}
    assert {name for name in columns if not knows(f"limits.{name}")} == {"z"}
    assert name_limit("rise", "nl") == "toename"
    assert name_limit("of_somebody_else", "nl") == "of_somebody_else"
