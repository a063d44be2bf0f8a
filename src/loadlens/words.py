"""Phrases, numbers, dates and display units in English and Dutch.

All that is shown to a reader passes through here: the sentences stand in ``data/words.toml``, and the canonical units
of ``data/columns.toml`` become the units a runner reads (metres become kilometres, metres a second become a pace).
Nothing is converted anywhere else.
"""

from __future__ import annotations

import datetime as dt
import math
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd

LANGUAGES = ("en", "nl")
"""Languages that every phrase exists in."""

MISSING = "–"
"""What is shown for a value that is not there."""

NO_BREAK = "\u00a0"
"""The space between a number and its unit: a line never breaks there."""

AXIS_FACTORS = {"m": 1e-3, "s": 1 / 3600, "m/s": 3.6, "share": 100.0}
"""Canonical unit -> factor to the unit of an axis; 1 for every other unit."""

WHOLE = frozenset({"ms", "W", "kcal", "steps", "bytes"})
"""Units whose decimals would only be noise."""


@cache
def _phrases() -> dict[str, dict[str, dict[str, str]]]:
    return tomllib.loads(files("loadlens").joinpath("data", "words.toml").read_text(encoding="utf-8"))


def _check_language(lang: str) -> None:
    if lang not in LANGUAGES:
        raise ValueError(f"language {lang!r}: not spoken here; choose one of {', '.join(LANGUAGES)}")


def knows(key: str) -> bool:
    """Tell whether a phrase exists.

    Parameters
    ----------
    key : str
        Section and name, e.g. ``"report.title"``.
    """
    section, _, name = key.partition(".")
    return name in _phrases().get(section, {})


def say(key: str, lang: str = "en", **values: object) -> str:
    """Return one phrase, its placeholders filled.

    Parameters
    ----------
    key : str
        Section and name in ``data/words.toml``, e.g. ``"report.title"``.
    lang : {"en", "nl"}
        Language.
    **values : object
        One for each ``{placeholder}`` of the phrase; values the phrase has no place for are left out.

    Raises
    ------
    ValueError
        The language, the key or the value of a placeholder is missing; the message names it.
    """
    _check_language(lang)
    if not knows(key):
        raise ValueError(f"words.toml: no phrase {key!r}; add it in {' and '.join(LANGUAGES)}")
    section, _, name = key.partition(".")
    try:
        return _phrases()[section][name][lang].format(**values)
    except KeyError as error:
        missing = error.args[0]
        raise ValueError(f"words.toml: {key!r} in {lang!r} needs {missing!r}; give it to say()") from error


def name_limit(column: str, lang: str = "en") -> str:
    """Return what a limit of a rule is about; a column of a measure that has no name is given as it is.

    Parameters
    ----------
    column : str
        Column of the measure, such as ``"rise"``.
    lang : {"en", "nl"}
        Language.
    """
    return say(f"limits.{column}", lang) if knows(f"limits.{column}") else column


def number(value: float, lang: str = "en", digits: int = 0) -> str:
    """Write a number with the decimal and thousands marks of the language.

    Parameters
    ----------
    value : float
        NaN and the infinities are shown as missing.
    lang : {"en", "nl"}
        Language.
    digits : int
        Decimals.
    """
    _check_language(lang)
    if not math.isfinite(value):
        return MISSING
    text = f"{abs(value):,.{digits}f}"
    marks = {",": say("numbers.thousands", lang), ".": say("numbers.decimal", lang)}
    text = "".join(marks.get(sign, sign) for sign in text)
    negative = value < 0 and any(sign in "123456789" for sign in text)
    return f"−{text}" if negative else text


def _trim(value: float, lang: str, digits: int = 1) -> str:
    """Write a number with as many decimals as it needs, and at most `digits`."""
    while digits and round(value, digits) == round(value, digits - 1):
        digits -= 1
    return number(value, lang, digits)


def _distance(value: float, lang: str) -> str:
    if value == 0 or round(abs(value)) >= 1000:
        kilometres = value / 1000
        digits = 0 if value == 0 or round(abs(kilometres), 1) >= 100 else 1
        return say("units.km", lang, value=number(kilometres, lang, digits))
    return say("units.m", lang, value=number(value, lang, 2 if abs(value) < 10 else 0))


def _duration(value: float, lang: str) -> str:
    sign, size = ("−" if value < 0 else ""), abs(value)
    if 0 < size < 60 and round(size) < 60:
        return sign + say("units.s", lang, value=number(size, lang))
    hours, minutes = divmod(round(size / 60), 60)
    parts = []
    if hours:
        parts.append(say("units.h", lang, value=number(hours, lang)))
    if minutes or not hours:
        parts.append(say("units.min", lang, value=number(minutes, lang)))
    return sign + NO_BREAK.join(parts)


def pace(speed: float, lang: str = "en") -> str:
    """Write a speed [m/s] as minutes and seconds a kilometre, without the unit: 5:30."""
    if not speed > 0:
        return MISSING
    minutes, seconds = divmod(round(1000 / speed), 60)
    return f"{number(minutes, lang)}:{seconds:02d}"


def _pace(value: float, lang: str) -> str:
    return say("units.pace", lang, value=pace(value, lang)) if value > 0 else MISSING


def quantity(value: float, unit: str, lang: str = "en") -> str:
    """Write a value in a canonical unit as a runner reads it.

    Parameters
    ----------
    value : float
        NaN and the infinities are shown as missing.
    unit : str
        Canonical unit: ``m`` becomes km, ``s`` hours and minutes, ``m/s`` a pace per kilometre, ``share`` a percentage;
        ``ratio`` is shown as 1.34×; ``z``, ``count`` and the empty unit as bare numbers; the others as they are.
    lang : {"en", "nl"}
        Language.

    Raises
    ------
    ValueError
        The unit is unknown.
    """
    _check_language(lang)
    if unit and unit not in ("m", "s", "m/s", "share", "count", "z") and not knows(f"units.{unit}"):
        raise ValueError(f"unit {unit!r}: unknown; add it to [units] in words.toml")
    if not math.isfinite(value):
        return MISSING
    special = {"m": _distance, "s": _duration, "m/s": _pace}
    if unit in special:
        return special[unit](value, lang)
    if unit in ("", "count"):
        return _trim(value, lang, 2 if unit == "" else 1)
    if unit == "z":
        return number(value, lang, 1)
    if unit == "ratio":
        return say("units.ratio", lang, value=number(value, lang, 2))
    if unit == "share":
        value, unit = value * 100, "%"
    digits = 0 if unit in WHOLE or (unit == "%" and abs(value) >= 10) else 1
    shown = _trim(value, lang, digits)
    section = "units_one" if shown == "1" and knows(f"units_one.{unit}") else "units"
    return say(f"{section}.{unit}", lang, value=shown)


def axis_unit(unit: str, lang: str = "en") -> tuple[str, float]:
    """Return the label of a unit on an axis, and the factor from the canonical unit to it.

    Parameters
    ----------
    unit : str
        Canonical unit, as in `quantity`. A speed is drawn in km/h, since a pace is not proportional to it.
    lang : {"en", "nl"}
        Language.

    Returns
    -------
    label : str
        Empty for bare numbers.
    factor : float
        Value in the canonical unit x factor = value on the axis.
    """
    return (say(f"axis_units.{unit}", lang) if unit else ""), AXIS_FACTORS.get(unit, 1.0)


def date(
    day: dt.date | np.datetime64 | str | None,
    lang: str = "en",
    year: bool = True,
) -> str:
    """Write a calendar day, e.g. "16 Jan 2026" or "16 jan 2026"; missing days as missing.

    Parameters
    ----------
    day : date, Timestamp, datetime64 or ISO text
        Local calendar day.
    lang : {"en", "nl"}
        Language.
    year : bool
        Whether the year is written.
    """
    _check_language(lang)
    moment = pd.NaT if day is None else pd.Timestamp(day)
    if pd.isna(moment):
        return MISSING
    text = f"{moment.day} {month(moment.month, lang)}"
    return f"{text} {moment.year}" if year else text


def month(index: int, lang: str = "en") -> str:
    """Return the short name of a month; January is 1."""
    return say(f"months.{index}", lang)


def weekday(index: int, lang: str = "en") -> str:
    """Return the short name of a day of the week; Monday is 0, as in pandas."""
    return say(f"weekdays.{index}", lang)


def list_join(items: Iterable[str], lang: str = "en") -> str:
    """Write a list as a sentence does: "a, b and c"."""
    words = list(items)
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {say('lists.and', lang)} {words[-1]}"
