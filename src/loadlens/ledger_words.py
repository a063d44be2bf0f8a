"""Sources and ledger in words: what the command line and the report say of a file and of a row of the ledger.

Both tables keep keys, names of columns and canonical values; here they become sentences in the reader's language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from loadlens import words
from loadlens.diary_words import name_kind, name_tag
from loadlens.log import describe_columns, name_column

SIZES = ("long_silence", "probably_cut_off")
"""Entries whose count is the length of one thing (days, rows), which does not add up with that of another."""

MOMENTS = ("long_silence", "probably_cut_off", "session_start_moved", "times_without_zone", "clock_not_set")
"""Keys of the ledger whose value is a date, or a date and a time."""

MEASURES = ("totals_disagree", "distance_from_positions", "local_time_unusable", "pace_disagrees")
"""Keys whose value may be measures that a reader wrote, such as ``"0.462 m/s; 0.534 m/s"``."""

ROWS = ("row_repeated", "listed_twice")
"""Keys whose value is the number of another row."""

VOCABULARIES = {"date_order_unclear": "date_orders", "sport_assumed": "sports"}
"""Key of the ledger -> section of ``data/words.toml`` that has words for its value."""

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d)(?::\d\d(?:\.\d+)?)?)?")
_MEASURES = re.compile(r"[+-]?\d+(\.\d+)? [a-z/]+(; [+-]?\d+(\.\d+)? [a-z/]+)*")
_PLACE = re.compile(r"byte (\d+)")


def message_column(lang: str) -> str:
    """Return the column of ``sources`` that has the message in a language."""
    return "message" if lang == "en" else f"message_{lang}"


def tell_message(source: Mapping[Any, Any], lang: str) -> str:
    """Return why a file gave nothing; empty where there is nothing to say."""
    return _text(source.get(message_column(lang)))


def tell_format(source: Mapping[Any, Any], lang: str) -> list[str]:
    """Return what is known of how a file is written: language of its headings, decimal mark, units not fixed."""
    told = []
    for column, section in (("language", "languages"), ("number_format", "number_formats")):
        if value := _text(source.get(column)):
            told.append(_say_known(f"{section}.{value}", value, lang))
    return [*told, *filter(None, [tell_units(_text(source.get("units")), lang)])]


def tell_units(units: str, lang: str) -> str:
    """Return units such as ``"distance km; ascent ft"`` with the columns' own names."""
    pairs = (pair.partition(" ") for pair in units.split("; "))
    return "; ".join(f"{name_field(column, lang)}{space}{unit}" for column, space, unit in pairs)


def name_field(field: str, lang: str) -> str:
    """Return what a field of the ledger is called: a column, several, or a part of files that is no column."""
    names = []
    for one in field.split("; "):
        name = name_column(one, lang)
        names.append(_say_known(f"fields.{one}", name_tag(name_kind(one, lang), lang), lang) if name == one else name)
    return "; ".join(names)


def tell_entry(entry: Mapping[Any, Any], lang: str) -> str:
    """Say one row of the ledger in a sentence.

    Parameters
    ----------
    entry : mapping
        Columns of the table ledger: what, and value, field, row, count where they are known.
    lang : {"en", "nl"}
        Language.

    Returns
    -------
    str
        A key of a format from outside, which has no sentence here, is shown as it is with its value.
    """
    what, field, value = (_text(entry.get(name)) for name in ("what", "field", "value"))
    if not words.knows(f"ledger.{what}"):
        return f"{what} ({value or words.MISSING})"
    row, count = entry.get("row"), entry.get("count")
    return words.say(
        f"ledger.{what}",
        lang,
        value=_say_value(what, value, field, lang),
        column=_name_damage(field, lang) if what == "fit_damaged" else name_field(field, lang) or words.MISSING,
        row=words.MISSING if pd.isna(row) else words.number(float(row), lang),
        count=words.number(1.0 if pd.isna(count) else float(count), lang),
    )


def tell_alike(entries: pd.DataFrame, lang: str) -> tuple[str, int, str]:
    """Say rows of the ledger of one kind and column in one sentence: that, its count, and the source it speaks of.

    Parameters
    ----------
    entries : DataFrame
        Rows of the table ledger, at least one. Their counts are added up; of lengths the longest is told.
    lang : {"en", "nl"}
        Language.
    """
    counts = entries["count"].fillna(1)
    sized = entries["what"].iloc[0] in SIZES
    place = int(counts.to_numpy(float).argmax()) if sized else 0
    count = int(counts.max() if sized else counts.sum())
    entry = entries.iloc[place].to_dict() | {"count": count}
    said = tell_entry(entry, lang)
    if sized and len(entries) > 1:
        said = words.say("ledger_more.longest_of", lang, said=said, count=words.number(float(len(entries)), lang))
    return said, count, _text(entry.get("source"))


def _text(value: Any) -> str:
    return "" if value is None or pd.isna(value) else str(value)


def _say_known(key: str, otherwise: str, lang: str) -> str:
    return words.say(key, lang) if words.knows(key) else otherwise


# ---------------------------------------------------------------- values that have words or a form of their own


def _say_value(what: str, value: str, field: str, lang: str) -> str:
    """Say a value; one of a kind without words of its own is shown as it stands in the file."""
    if what == "impossible_value":
        return _say_quantity(value, field, lang)
    if what == "fit_damaged":
        return _say_place(value, lang)
    if what == "duration_from":
        return name_field(value, lang)
    if what in ROWS and value.isdecimal():
        return words.number(float(value), lang)
    if what in MEASURES and _MEASURES.fullmatch(value):
        return value.replace(".", words.say("numbers.decimal", lang))
    if what in MOMENTS:
        return _say_moment(value, lang)
    if what == "wellness_maker_changed":
        date, _, makers = value.partition(": ")
        return f"{_say_moment(date, lang)}, {makers}"
    return _say_known(f"{VOCABULARIES[what]}.{value}" if what in VOCABULARIES else "", value or words.MISSING, lang)


def _say_quantity(value: str, column: str, lang: str) -> str:
    """Write a value in the unit of its column."""
    try:
        number = float(value)
    except ValueError:
        return value or words.MISSING
    units = (table[column].get("unit", "") for table in describe_columns().values() if column in table)
    return words.quantity(number, next(units, ""), lang)


def _say_moment(value: str, lang: str) -> str:
    found = _MOMENT.fullmatch(value)
    if found is None:
        return value or words.MISSING
    return " ".join(filter(None, [words.date(found[1], lang), found[2]]))


def _say_place(value: str, lang: str) -> str:
    """Keep the place; the decoder's own words stand in the ledger for whoever mends files."""
    found = _PLACE.findall(value)
    return f" (byte {words.number(float(found[-1]), lang)})" if found else ""


def _name_damage(field: str, lang: str) -> str:
    return _say_known(f"damage.{field}", field or words.MISSING, lang)
