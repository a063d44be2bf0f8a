"""Sources and ledger are told in the reader's language: columns, units, dates, sports and numbers too."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import loadlens
from loadlens.formats.profile_files import all_profiles
from loadlens.ledger_words import (
    MEASURES,
    MOMENTS,
    ROWS,
    VOCABULARIES,
    name_field,
    tell_alike,
    tell_entry,
    tell_format,
    tell_message,
    tell_units,
)
from loadlens.log import describe_columns, name_column
from loadlens.words import knows

PACKAGE = Path(loadlens.__file__).parent
WORDS = tomllib.loads((PACKAGE / "data" / "words.toml").read_text("utf-8"))


@pytest.mark.parametrize(
    ("entry", "en", "nl"),
    [
        (
            {"what": "impossible_value", "field": "distance", "value": "612400", "count": 1},
            "distance: 612\u00a0km is outside",
            "afstand: 612\u00a0km valt buiten",
        ),
        (
            {"what": "impossible_value", "field": "heart_rate", "value": "255.5"},
            "average heart rate: 255.5\u00a0bpm",
            "gemiddelde hartslag: 255,5\u00a0slagen/min",
        ),
        (
            {"what": "long_silence", "field": "date", "value": "2024-03-01", "count": 1234},
            "no activity for 1,234 days after 1 Mar 2024",
            "1.234 dagen geen activiteit na 1 mrt 2024",
        ),
        (
            {"what": "session_start_moved", "field": "start_utc", "value": "2024-03-01 07:05:33"},
            "names 1 Mar 2024 07:05 as the start",
            "noemt 1 mrt 2024 07:05 als start",
        ),
        ({"what": "date_order_unclear", "value": "mdy"}, "read as month before day", "gelezen als maand voor dag"),
        ({"what": "sport_assumed", "value": "run", "count": 3}, "running was assumed", "hardlopen is aangenomen"),
        (
            {"what": "duration_from", "field": "duration", "value": "moving", "count": 2},
            "timer time: not listed, so moving time was used (2×)",
            "tijd: staat er niet bij, dus is gebruikt: tijd in beweging (2×)",
        ),
        (
            {"what": "fit_damaged", "field": "truncated", "value": "message cut short (byte 2790)"},
            "damaged: it ends too early (byte 2,790); all",
            "beschadigd: het houdt te vroeg op (byte 2.790); alles",
        ),
        (
            {"what": "unit_by_steps", "field": "distance", "value": "km (≈ 1003 m)", "count": 12},
            "distance in km (≈ 1003 m), as steps times step length show (12 rows)",
            "afstand in km (≈ 1003 m), zoals stappen maal paslengte laten zien (12 rijen)",
        ),
        (
            {"what": "pace_disagrees", "field": "speed", "value": "0.462 m/s; 0.534 m/s", "count": 1},
            "kept: 0.462 m/s; 0.534 m/s (1×)",
            "gebruikt: 0,462 m/s; 0,534 m/s (1×)",
        ),
        (
            {"what": "pace_disagrees", "field": "distance", "value": "10.02", "count": 1},
            "kept: 10.02 (1×)",
            "gebruikt: 10.02 (1×)",  # a cell is shown as it stands in the file
        ),
        (
            {"what": "row_repeated", "row": 1020.0, "value": "1019"},
            "row 1,020: the same as row 1,019",
            "rij 1.020: gelijk aan rij 1.019",
        ),
        (
            {"what": "cell_unreadable", "field": "local_timestamp", "value": "2,81", "count": 1},
            "local time: cannot be read: 2,81",
            "lokale tijd: niet te lezen: 2,81",
        ),
        (
            {"what": "wellness_maker_changed", "field": "rhr_day", "value": "2024-02-10: oura → fit", "count": 1},
            "change of device: 10 Feb 2024, oura → fit",
            "wissel van toestel zijn: 10 feb 2024, oura → fit",
        ),
        (
            {"what": "local_day_unsure", "field": "date", "value": "12/40", "count": 12},
            "12/40 activities could belong to the day before or after",
            "12/40 activiteiten kunnen bij de dag ervoor of erna horen",
        ),
        (
            {"what": "record_without_values", "field": "sleep; rhr_day", "count": 2},
            "without a value for sleep; resting heart rate of the day (2×)",
            "zonder waarde voor slaap; rusthartslag van de dag (2×)",
        ),
    ],
    ids=lambda given: given["what"] if isinstance(given, dict) else "",
)
def test_an_entry_is_told_in_words(entry, en, nl):
    assert en in tell_entry(entry, "en")
    assert nl in tell_entry(entry, "nl")


def test_what_an_entry_lacks_is_shown_as_missing_and_one_counts_as_one():
    entry = {"what": "cell_unreadable", "field": None, "value": np.nan, "row": np.nan, "count": None}
    assert tell_entry(entry, "en") == "–: cannot be read: – (1×)"
    assert tell_entry({"what": "impossible_value", "field": "distance", "value": "far", "count": 1}, "nl").count("far")
    assert tell_entry({"what": "row_without_values", "row": 1204}, "nl") == "rij 1.204: bevat geen bruikbare waarde"


def test_an_entry_of_a_format_from_outside_is_shown_as_it_is():
    assert tell_entry({"what": "lost_in_space", "value": "7"}, "nl") == "lost_in_space (7)"


def test_names_of_columns_and_of_parts_of_files():
    assert (name_column("ascent", "nl"), name_column("ascent", "en")) == ("stijging", "ascent")
    assert (name_field("record", "nl"), name_field("seconds_of_fame", "nl")) == ("metingen", "seconds_of_fame")


def test_units_and_the_way_a_file_is_written():
    assert tell_units("distance mi; ascent ft", "nl") == "afstand mi; stijging ft"
    source = {"language": "nl", "number_format": "comma", "units": "sleep h"}
    assert tell_format(source, "nl") == ["Nederlands", "decimale komma", "slaap h"]
    assert tell_format(source, "en") == ["Dutch", "decimal comma", "sleep h"]
    assert tell_format({"language": np.nan, "units": None}, "en") == []


def test_a_message_is_taken_from_the_column_of_the_language():
    source = {"message": "holds no activity", "message_nl": "bevat geen activiteit"}
    assert (tell_message(source, "en"), tell_message(source, "nl")) == tuple(source.values())
    assert tell_message({"message": np.nan}, "nl") == ""


# ------------------------------------------------------------------ nothing lacks its words


def literals(function: str, keyword: str, place: int) -> set[str]:
    """Texts that stand as one argument in calls of a function."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = getattr(call.func, "attr", getattr(call.func, "id", "")) if isinstance(call, ast.Call) else ""
            if name == function:
                given = [one.value for one in call.keywords if one.arg == keyword] + call.args[place : place + 1]
                found |= {one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    return found


def test_every_field_that_the_ledger_names_has_words():
    columns = {name for table in describe_columns().values() for name in table}
    named = literals("note", "column", 9)
    assert {"distance", "record"} <= named
    assert named - columns - set(WORDS["fields"]) - set(WORDS["damage"]) == set()
    assert set(WORDS["fields"]) & columns == set()


def test_every_kind_of_damage_has_words():
    kinds = literals("Problem", "kind", 1) | literals("_lost", "kind", 1)
    assert "truncated" in kinds
    assert kinds - set(WORDS["damage"]) == set()


def test_every_language_of_headings_has_a_name():
    spoken = {language.partition("_")[0] for profile in all_profiles() for one in profile.fields.values()
              for language in one.aliases}  # fmt: skip
    assert {"nl", "de", "ja"} <= spoken
    assert sorted(spoken - set(WORDS["languages"])) == []


def test_the_keys_with_values_of_their_own_are_keys_of_the_ledger():
    assert all(knows(f"ledger.{key}") for key in (*MEASURES, *MOMENTS, *ROWS, *VOCABULARIES))


def test_of_several_silences_the_longest_is_told_and_of_other_rows_the_sum():
    """Silences of 55 and 196 days are no silence of 251 days; 3 and 4 cells that were doubled are 7."""
    silences = pd.DataFrame(
        {"what": "long_silence", "field": "date", "value": ["2020-01-11", "2021-06-19"], "count": [55, 196]}
    )
    silences["source"] = ["a.csv", "b.csv"]
    said, count, source = tell_alike(silences, "nl")
    assert (said[:42], count, source) == ("196 dagen geen activiteit na 19 jun 2021: ", 196, "b.csv")
    assert said.endswith(" (de langste van 2)")
    doubled = pd.DataFrame({"what": "cadence_doubled", "field": "cadence", "value": None, "count": [3, 4]})
    assert tell_alike(doubled, "en")[1] == 7
    assert tell_alike(silences.iloc[:1], "en")[0].endswith("that is missing")


def test_a_tag_of_the_diary_is_named_in_the_language_too():
    said = tell_entry({"what": "diary_default", "field": "travel", "count": 1}, "nl")
    assert said.startswith("reis: door de app ingevuld")
