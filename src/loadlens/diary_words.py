"""The words and scales of the diary: what an entry can say, in English and Dutch, and how other scales fall to ours.

The vocabulary stands in ``data/diary.toml``.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from loadlens.formats.cells import Floats, plain
from loadlens.words import LANGUAGES

_BETWEEN = re.compile(r"[()\[\]:/,–-]")

NEAR = 0.7
"""Likeness, from 0 to 1, from which on a word is offered as the nearest known one."""


@dataclass(frozen=True)
class Kind:
    """A kind of entry: its scale from best to worst, or its unit, or neither where the entry itself says all."""

    name: str
    best: float | None
    worst: float | None
    unit: str | None
    words: Mapping[str, tuple[str, ...]]

    @property
    def has_value(self) -> bool:
        """Whether an entry of this kind holds a number."""
        return self.best is not None or self.unit is not None


@cache
def _vocabulary() -> dict[str, dict[str, dict[str, Any]]]:
    return tomllib.loads(files("loadlens").joinpath("data/diary.toml").read_text("utf-8"))


@cache
def diary_kinds() -> dict[str, Kind]:
    """Return every kind of entry, by its canonical name."""
    kinds = {}
    for name, entry in _vocabulary()["kinds"].items():
        low, high = entry.get("scale", (None, None))
        best, worst = (low, high) if entry.get("worse") != "low" else (high, low)
        said = {lang: tuple(entry[lang]) for lang in LANGUAGES}
        kinds[name] = Kind(name, best, worst, entry.get("unit"), said)
    return kinds


@cache
def _names(section: str) -> dict[str, str]:
    """Plain word, in any language, -> canonical name."""
    found: dict[str, str] = {}
    for name, entry in _vocabulary()[section].items():
        found[plain(name)] = name
        for words in entry.values():
            if isinstance(words, list):
                found.update({plain(word): name for word in words if isinstance(word, str)})
    return found


def find_kind(word: str) -> str | None:
    """Return the kind a word stands for, None when it is not known."""
    return _names("kinds").get(plain(word))


def find_tag(word: str) -> str | None:
    """Return the tag a word stands for, None when it is not known."""
    return _names("tags").get(plain(word))


def find_side(word: str) -> str | None:
    """Return left, right or both, None when the word is not known."""
    return _names("sides").get(plain(word))


@cache
def _body() -> frozenset[str]:
    return frozenset(plain(word) for words in _vocabulary()["body"].values() for word in words)


@cache
def diary_tags() -> frozenset[str]:
    """Return every tag, by its canonical name."""
    return frozenset(_vocabulary()["tags"])


def find_site(word: str) -> str | None:
    """Return a part of the body in its plain form, None when it is not one that ``data/diary.toml`` lists."""
    return plain(word) if plain(word) in _body() else None


def find_pain_site(heading: str) -> tuple[str, str | None] | None:
    """Return where it hurts, and on which side, of a heading such as ``"pain left knee"`` or ``"kniepijn"``.

    Parameters
    ----------
    heading : str

    Returns
    -------
    (site, side) or None
        None when it is no heading of pain in a part of the body that is known.
    """
    text = plain(_BETWEEN.sub(" ", heading))
    said = [word for word, kind in _names("kinds").items() if kind == "pain" and word in text]
    if not said:
        return None
    rest = text.replace(max(said, key=len), " ", 1).split()
    sides = [side for word in rest if (side := find_side(word))]
    site = " ".join(word for word in rest if not find_side(word))
    return (site, sides[0] if len(sides) == 1 else None) if site in _body() else None


def find_nearest(section: str, word: str) -> str:
    """Return the known word most like an unknown one, empty when none is near.

    Parameters
    ----------
    section : {"kinds", "tags", "sides"}
    word : str
        What stands in the diary.
    """
    close = difflib.get_close_matches(plain(word), list(_names(section)), n=1, cutoff=NEAR)
    return close[0] if close else ""


def name_kind(kind: str, lang: str) -> str:
    """Return what a kind is called in a language; a name that is no kind is returned as it is."""
    known = diary_kinds().get(kind)
    return known.words[lang][0] if known else kind


def name_tag(tag: str, lang: str) -> str:
    """Return what a tag is called in a language; a word that is no tag is returned as it is."""
    known = _vocabulary()["tags"].get(tag)
    return str(known[lang][0]) if known else tag


def fit_scale(values: Floats, kind: Kind, best: float, worst: float) -> Floats:
    """Bring values of another scale to the scale of a kind, linearly, best to best and worst to worst.

    Parameters
    ----------
    values : array of float
        NaN stays NaN; a value outside the scale given becomes NaN.
    kind : Kind
        One with a scale.
    best, worst : float
        The ends of the scale the values are on.

    Returns
    -------
    array of float
    """
    if kind.best is None or kind.worst is None:
        raise ValueError(f"{kind.name}: has no scale to bring values to")
    share = (values - best) / (worst - best)
    share[(share < 0) | (share > 1)] = float("nan")
    return kind.best + share * (kind.worst - kind.best)
