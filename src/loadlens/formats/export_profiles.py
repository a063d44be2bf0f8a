"""Profiles of CSV exports, held against the labels of a table.

A profile says which labels, in which languages, mean which field, and what has to be known to read it. Adding an export
is adding one such file to ``data/exports``.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from importlib import resources

from loadlens.diary_words import find_pain_site
from loadlens.formats.cells import plain, split_unit, squeeze

_SCALE = re.compile(r"(\d{1,3}) ?(?:-|–|/|t/m|tot|to|bis) ?(\d{1,3})")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_PANDAS_REPEAT = re.compile(r"\.\d{1,2}$")

DATE_KINDS = ("clock", "instant", "date")
DATE_COLUMNS = ("date", "start_local", "start_utc")


@dataclass(frozen=True)
class Unit:
    """A unit a field may come in: factor to the unit of the log, its names, the largest usual median in it."""

    factor: float
    words: tuple[str, ...]
    up_to: float | None


@dataclass(frozen=True)
class Field:
    """One thing a row says, and the labels it goes by in each language.

    Where `settled_later`, a unit in the label is only remembered; a hook does the conversion for the whole list.
    `whole` numbers have no decimals, so that a mark in one groups thousands. `values` says what number a word in a
    cell stands for. With `diary` the field becomes entries of that kind (or their note), on a scale from best to
    worst where `scale` gives one, with `tag`, `site` and `side` on each. In a long table `named` lists what the field
    is called in the column of names. An entry that an app writes by itself counts `only_with` another field filled.
    """

    name: str
    column: str
    kind: str
    aliases: Mapping[str, tuple[str, ...]]
    zero_is_missing: bool = False
    factor: float = 1.0
    numbers: str = "infer"
    occurrence: str = "all"
    best_label_only: bool = False
    hours_first: bool = False
    units: tuple[Unit, ...] = ()
    settled_later: bool = False
    whole: bool = False
    values: Mapping[str, float] = field(default_factory=dict)
    diary: str | None = None
    scale: tuple[float, float] | None = None
    tag: str | None = None
    site: str | None = None
    side: str | None = None
    named: tuple[str, ...] = ()
    only_with: str | None = None

    def unit(self, word: str) -> Unit | None:
        """Return the unit of that name, if the field may come in it."""
        return next((unit for unit in self.units if word in unit.words), None)


@dataclass(frozen=True)
class Refusal:
    """A table that looks like this profile and must not be read as one."""

    labels: tuple[str, ...]
    least: int
    why: Mapping[str, str]


@dataclass(frozen=True)
class Profile:
    """One export: its labels, its conventions, its name in English and Dutch."""

    id: str
    table: str
    names: Mapping[str, str]
    fields: Mapping[str, Field]
    least: int
    needs: tuple[str, ...]
    never: tuple[str, ...]
    never_words: tuple[str, ...]
    missing: frozenset[str]
    hook: str
    covers: bool
    rows_per_page: int | None
    row_is_full: bool
    first_column_is_date: bool
    only_with_aliases: bool
    refusals: tuple[Refusal, ...]
    long: tuple[str, str] | None = None
    """In a long table: the fields that hold the name of a quantity and its value."""
    aside: Mapping[str, frozenset[str]] = field(default_factory=dict)
    only: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Field -> plain words: rows that hold one of them are something else; rows that hold none of them are."""
    titles: tuple[str, ...] = ()
    """Plain titles of the tables that stand under each other in the export's file."""
    longest: str | None = None
    """Of several rows of one day, the one with most of this column counts; without it the first."""

    @cached_property
    def lookup(self) -> dict[str, list[tuple[str, str, int]]]:
        """Plain label -> the fields, languages and places in the list of aliases it stands for."""
        found: dict[str, list[tuple[str, str, int]]] = {}
        for name, one in self.fields.items():
            for language, labels in one.aliases.items():
                for rank, label in enumerate(labels):
                    found.setdefault(plain(label), []).append((name, language, rank))
        return found

    @cached_property
    def squeezed(self) -> dict[str, list[tuple[str, str, int]]]:
        """The same by label without anything between its words; one of a single word stands for itself alone."""
        found: dict[str, list[tuple[str, str, int]]] = {}
        for label, meanings in self.lookup.items():
            if (squeezed := squeeze(label)) not in ("", label):
                found.setdefault(squeezed, []).extend(meanings)
        return found

    def explain(self, label: str) -> list[tuple[str, str, int]]:
        """Return what a whole label stands for: as it is written, else however its words are joined."""
        return self.lookup.get(plain(label)) or self.squeezed.get(squeeze(label), [])


@dataclass
class Match:
    """How the labels of one table fall to the fields of one profile."""

    profile: Profile
    width: int
    columns: dict[str, list[int]] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)
    scales: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Lowest and highest value, for fields of the diary whose heading states them: ``"pain (0-10)"``."""
    languages: Counter[str] = field(default_factory=Counter)
    unused: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    filled: int = 0
    known: int = 0
    """Headings that are not empty, and those of them that the profile knows."""
    placed: int = 0
    """Columns known by where they stand, in a table whose headings are in no language known."""

    @property
    def hits(self) -> int:
        """Distinct columns of the log found; a column of notes tells nothing about a table."""
        found = (self.profile.fields[name] for name in self.columns)
        return len({one.column for one in found if one.diary != "note"})

    @property
    def language(self) -> str:
        """Language with the most labels."""
        return self.languages.most_common(1)[0][0] if self.languages else "unknown"


@cache
def _sport_names() -> tuple[dict[str, tuple[str, str | None]], dict[str, tuple[str, str | None]]]:
    text = resources.files("loadlens").joinpath("data/exports/sports.toml").read_text(encoding="utf-8")
    exact: dict[str, tuple[str, str | None]] = {}
    words: dict[str, tuple[str, str | None]] = {}
    for entry in tomllib.loads(text)["sports"]:
        sport = (entry["sport"], entry.get("sub_sport"))
        for language, names in entry.items():
            if language == "words":
                words.update((word, sport) for word in names)
            elif isinstance(names, list):
                for name in names:
                    exact.setdefault(plain(name), sport)
    return exact, words


def find_sport(name: str) -> tuple[str, str | None, str]:
    """Return the sport an export's word stands for.

    Parameters
    ----------
    name : str
        ``"Trail Running"``, ``"lap_swimming"``, ``"Hardloopsessie"``.

    Returns
    -------
    sport, sub_sport : str, str or None
        As in ``columns.toml``.
    how : {"listed", "guessed", "unknown"}
        Guessed means that one word of it is known; unknown gives ``"other"``.
    """
    exact, words = _sport_names()
    text = plain(name)
    if text in exact:
        return (*exact[text], "listed")
    for word in text.replace("-", " ").replace("/", " ").replace("(", " ").replace(")", " ").split():
        if word in words:
            return (*words[word], "guessed")
    return "other", None, "unknown"


def _named_by_user(profile: Profile, column: str) -> list[str]:
    column = column.rpartition(".")[2]
    return [
        name
        for name, one in profile.fields.items()
        if column in (name, one.column) or (one.kind in DATE_KINDS and column in DATE_COLUMNS)
    ]


def _candidates(profile: Profile, label: str) -> tuple[list[tuple[str, str, int]], str]:
    """Return what a label may stand for, and the unit it names."""
    found = profile.lookup.get(plain(label), [])
    if found:
        return found, ""
    name, unit = split_unit(_HUMP.sub(" ", label))
    found = [
        candidate
        for candidate in profile.lookup.get(name, ())
        if unit
        and (profile.fields[candidate[0]].unit(unit) is not None or _is_scale(profile.fields[candidate[0]], unit))
    ]
    if not found and (joined := profile.squeezed.get(squeeze(label))):
        return joined, ""
    return found, unit


def _is_scale(one: Field, unit: str) -> bool:
    return one.diary is not None and one.kind == "number" and one.scale is None and bool(_SCALE.fullmatch(unit))


def _vetoed(profile: Profile, labels: Iterable[str]) -> bool:
    return any(
        plain(label) in profile.never
        or any(word in plain(_HUMP.sub(" ", label)).split() for word in profile.never_words)
        for label in labels
    )


def _settle(one: Field, places: list[tuple[int, bool, int]]) -> list[int]:
    """Choose among the columns that bear a field's labels: (column, in the table's language, rank)."""
    if any(own for _, own, _ in places):
        places = [place for place in places if place[1]]
    if one.best_label_only:
        best = min(rank for _, _, rank in places)
        places = [place for place in places if place[2] == best]
    columns = [column for column, _, _ in places]
    if one.occurrence == "first":
        return columns[:1]
    return columns[1:2] if one.occurrence == "second" else columns


def _restore_repeats(labels: Sequence[str]) -> list[str]:
    """Take off the ``.1`` that pandas puts behind a label that was there before."""
    seen = set(labels)
    return [base if (base := _PANDAS_REPEAT.sub("", label)) in seen else label for label in labels]


def match(profile: Profile, labels: Sequence[str], aliases: Mapping[str, str]) -> Match | None:
    """Hold the labels of a table against a profile.

    Parameters
    ----------
    profile : Profile
    labels : sequence of str
        A row that may be a heading.
    aliases : mapping of str to str
        The user's own: plain label -> column.

    Returns
    -------
    Match or None
        None when it is not this export.
    """
    labels = _restore_repeats(labels)
    own = [plain(label) for label in labels]
    by_user = {place for place, label in enumerate(own) if label in aliases}
    if (profile.only_with_aliases and not by_user) or _vetoed(profile, labels):
        return None
    result = Match(profile, width=len(labels))
    candidates: list[list[tuple[str, str, int]]] = []
    units: list[str] = []
    for place, label in enumerate(labels):
        found, unit = _candidates(profile, label)
        if place in by_user:
            named = _named_by_user(profile, aliases[own[place]])
            found = [(name, "user", 0) for name in named]
        candidates.append(found)
        units.append(unit or own[place])
        result.languages.update({language for _, language, _ in found} - {"user"})
    language = result.language
    places: dict[str, list[tuple[int, bool, int]]] = {}
    for place, found in enumerate(candidates):
        spoken = {candidate[1] for candidate in found}
        chosen = language if language in spoken else next(iter(c[1] for c in found), "")
        for name, one_language, rank in found:
            if one_language in (chosen, "user"):
                places.setdefault(name, []).append((place, one_language == language, rank))
        if all(profile.fields[name].kind == "ignore" for name, _, _ in found) and labels[place].strip():
            result.unused.append(labels[place].strip())
    result.filled = sum(bool(label) for label in own)
    result.known = sum(bool(found) and bool(label) for found, label in zip(candidates, own, strict=True))
    for name, choice in places.items():
        from_user = [place for place, _, _ in choice if place in by_user]
        columns = from_user or _settle(profile.fields[name], choice)
        if columns:
            result.columns[name] = columns
            result.labels[name] = labels[columns[0]].strip()
            unit_named = profile.fields[name].unit(units[columns[0]])
            if unit_named:
                result.units[name] = unit_named
            stated = _SCALE.fullmatch(units[columns[0]])
            if stated and int(stated[1]) < int(stated[2]):
                result.scales[name] = float(stated[1]), float(stated[2])
    _take_pain_columns(result, labels)
    _take_first_column(result, labels)
    complete = all(name in result.columns for name in profile.needs) and result.hits >= profile.least
    return result if complete else None


def _take_pain_columns(result: Match, labels: Sequence[str]) -> None:
    """Give each column of pain somewhere a field of its own, where the profile keeps pain."""
    pain = next((one for one in result.profile.fields.values() if one.diary == "pain"), None)
    if pain is None:
        return
    taken = {place for places in result.columns.values() for place in places}
    added: dict[str, Field] = {}
    for place, label in enumerate(labels):
        name, unit = split_unit(label)
        stated = _SCALE.fullmatch(unit)
        found = find_pain_site(name if stated else label)
        key = plain(label)
        if place in taken or found is None or key in added:
            continue
        added[key] = replace(pain, name=key, column=key, aliases={"any": (label,)}, site=found[0], side=found[1])
        result.columns[key], result.labels[key] = [place], label.strip()
        result.unused = [one for one in result.unused if one != label.strip()]
        result.known += 1
        if stated and int(stated[1]) < int(stated[2]):
            result.scales[key] = float(stated[1]), float(stated[2])
    if added:
        result.profile = replace(result.profile, fields={**result.profile.fields, **added})


def _take_first_column(result: Match, labels: Sequence[str]) -> None:
    """Give a table whose first label is a title of the whole its dates."""
    lacking = [name for name in result.profile.needs if name not in result.columns]
    taken = {place for places in result.columns.values() for place in places}
    if result.profile.first_column_is_date and len(lacking) == 1 and labels and 0 not in taken:
        result.columns[lacking[0]] = [0]
        result.unused = [label for label in result.unused if label != labels[0].strip()]
