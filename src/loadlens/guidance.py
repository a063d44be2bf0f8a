"""A guidance document as data: what a page says, what research says of it, and the rules that check it.

A guidance document is a folder of TOML files (or one file): who wrote it, its statements, its references, its rules.
Everything is checked when it is read, so that a finding can trust it; an error says where, what is wrong and what
would be right. Numbers that are not on the page carry whose they are.
"""

from __future__ import annotations

import difflib
import inspect
import string
import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loadlens.measures import FROM_THE_LOG, MEASURES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from importlib.resources.abc import Traversable

LEVELS = ("not_assessable", "ok", "note", "watch", "act", "doctor", "emergency")
"""Every answer a rule can give, mildest first."""

LANGUAGES = ("en", "nl")
FRAMES = ("days", "activities", "runs", "minutes", "diary")
BOUNDS = ("above", "at_least", "below", "at_most")
OWNERS = ("page", "research", "ours")
VERDICTS = ("supports", "mixed", "contradicts", "no_evidence_found", "not_checkable")
MAX_BYTES = 2_000_000

Condition = dict[str, dict[str, float]]


class GuidanceError(ValueError):
    """A guidance document cannot be used. The message says where, what is wrong, and what would be right."""


@dataclass(frozen=True)
class Reference:
    """A published source; `confirmed` is whether somebody of ours looked the numbers up in it."""

    id: str
    citation: str
    doi: str | None
    confirmed: bool


@dataclass(frozen=True)
class Statement:
    """One checkable sentence of the page: its place, what it says in our words, and what research says of it."""

    id: str
    place: str
    kind: str
    rules: tuple[str, ...]
    verdict: str
    references: tuple[str, ...]
    words: dict[str, dict[str, str]]


@dataclass(frozen=True)
class Rule:
    """One rule: signal -> measure -> level.

    Attributes
    ----------
    signal : tuple of str
        Columns (``wellness.rhr_day``) or frames (``minutes``); the first that is assessable on a day is used.
    measure : str or None
        Function of :mod:`loadlens.measures`; None when the rule is not computed yet.
    value : str
        The measure's column that is shown and drawn; `worse` is the side on which it is worse.
    units : dict
        Unit of every column of the measure that sentences and levels speak of.
    levels : dict
        Level -> conditions. A level holds when any condition holds; within one, all bounds hold.
    whose : dict
        Level -> ``"page"``, ``"research"`` or ``"ours"``: whose number it is.
    alarms_per_year : float or None
        Alarms per runner-year measured on steady runners, published with the rule.
    """

    id: str
    statements: tuple[str, ...]
    signal: tuple[str, ...]
    per_day: str | None
    measure: str | None
    parameters: dict[str, Any]
    value: str
    worse: str | None
    units: dict[str, str]
    levels: dict[str, tuple[Condition, ...]]
    whose: dict[str, str]
    references: tuple[str, ...]
    alarms_per_year: float | None
    words: dict[str, dict[str, str]]


@dataclass(frozen=True)
class Guidance:
    """One version of one guidance document. Released versions are never edited."""

    id: str
    version: str
    title: dict[str, str]
    source: dict[str, Any]
    statements: dict[str, Statement]
    rules: dict[str, Rule]
    references: dict[str, Reference]

    @property
    def key(self) -> str:
        """Identity carried by every finding, e.g. ``runners_knee@1.0.0``."""
        return f"{self.id}@{self.version}"


def read_guidance(path: str | Path | None = None) -> Guidance:
    """Read and check a guidance document.

    Parameters
    ----------
    path : str or Path, optional
        A folder of TOML files or one file; the bundled document on runner's knee when left out.

    Raises
    ------
    GuidanceError
        Anything in it is missing, unknown or contradictory; the message names the file, the rule and the mend.
    """
    content, origin = _load(path)
    where = origin.get("id", "guidance")
    _only(content, {"id", "version", "title", "source", "statements", "rules", "references"}, where)
    guidance = Guidance(
        id=_get(content, "id", str, where),
        version=_get(content, "version", str, where),
        title=_texts(_get(content, "title", dict, where), LANGUAGES, f"{where}: title"),
        source=_get(content, "source", dict, where, {}),
        references=_read_each(content, "references", origin, _reference),
        statements=_read_each(content, "statements", origin, _statement),
        rules=_read_each(content, "rules", origin, _rule),
    )
    _agree(guidance, origin)
    return guidance


def _load(path: str | Path | None) -> tuple[dict[str, Any], dict[str, str]]:
    """Merge the files by top-level key; also tell from which file each key came."""
    root: Traversable = (
        resources.files("loadlens") / "data" / "guidance" / "runners_knee" if path is None else Path(path).expanduser()
    )
    if root.is_dir():
        files = sorted((f for f in root.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    else:
        files = [root] if root.is_file() else []
    if not files:
        raise GuidanceError(f"{root}: no guidance here; give a folder with TOML files, or one TOML file")
    content: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for file in files:
        for key, value in _toml(file).items():
            if key in content:
                raise GuidanceError(
                    f"{file.name}: {key!r} is already given in {origin[key]}; keep each top-level key in one file"
                )
            content[key], origin[key] = value, file.name
    return content, origin


def _toml(file: Traversable) -> dict[str, Any]:
    with file.open("rb") as stream:
        raw = stream.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise GuidanceError(f"{file.name}: larger than {MAX_BYTES:,} bytes; guidance is a short text")
    try:
        return tomllib.loads(raw.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise GuidanceError(f"{file.name}: not TOML in UTF-8 ({error}); correct that line") from error


def _read_each(content: dict[str, Any], key: str, origin: dict[str, str], reader: Any) -> dict[str, Any]:
    """Read a list of blocks, or a table of blocks by id, into a dict by id in document order."""
    file = origin.get(key, "guidance")
    blocks = content.get(key)
    if isinstance(blocks, dict):
        blocks = [{"id": name, **block} if isinstance(block, dict) else block for name, block in blocks.items()]
    if not isinstance(blocks, list) or not blocks:
        raise GuidanceError(f"{file}: no {key}; give at least one [[{key}]] block")
    found: dict[str, Any] = {}
    for number, block in enumerate(blocks, start=1):
        if not isinstance(block, dict):
            raise GuidanceError(f"{file}: {key} {number} is not a block; write [[{key}]]")
        name = _get(block, "id", str, f"{file}: {key} {number}")
        if name in found:
            raise GuidanceError(f"{file}: {name!r} is given twice; every id is used once")
        found[name] = reader(block, f"{file}: {key.removesuffix('s')} {name!r}")
    return found


def _reference(block: dict[str, Any], where: str) -> Reference:
    _only(block, {"id", "citation", "doi", "confirmed"}, where)
    return Reference(
        id=block["id"],
        citation=_get(block, "citation", str, where),
        doi=_get(block, "doi", str, where, None) or None,
        confirmed=_get(block, "confirmed", bool, where),
    )


def _statement(block: dict[str, Any], where: str) -> Statement:
    _only(block, {"id", "place", "kind", "rules", "verdict", "references", "words"}, where)
    statement = Statement(
        id=block["id"],
        place=_get(block, "place", str, where),
        kind=_one_of(_get(block, "kind", str, where), ("rule", "diary", "text"), f"{where}: kind"),
        rules=_names(block, "rules", where),
        verdict=_one_of(_get(block, "verdict", str, where), VERDICTS, f"{where}: verdict"),
        references=_names(block, "references", where),
        words=_words(block, ("says", "research"), where),
    )
    if (statement.kind == "text") == bool(statement.rules):
        raise GuidanceError(f"{where}: kind {statement.kind!r} with {len(statement.rules)} rules; "
                            "a text has none, every other kind has at least one")
    return statement


def _rule(block: dict[str, Any], where: str) -> Rule:
    keys = set(Rule.__dataclass_fields__)
    _only(block, keys, where)
    rule = Rule(
        id=block["id"],
        statements=_names(block, "statements", where),
        signal=tuple(_signal(name, where) for name in _names(block, "signal", where)),
        per_day=_get(block, "per_day", str, where, None),
        measure=_get(block, "measure", str, where, None),
        parameters=_get(block, "parameters", dict, where, {}),
        value=_get(block, "value", str, where, ""),
        worse=_get(block, "worse", str, where, None),
        units=_get(block, "units", dict, where, {}),
        levels={level: _conditions(level, given, where) for level, given in _get(block, "levels", dict, where, {}).items()},
        whose=_get(block, "whose", dict, where, {}),
        references=_names(block, "references", where),
        alarms_per_year=_get(block, "alarms_per_year", float, where, None),
        words=_words(block, ("name", "asks", "finding"), where),
    )
    if not rule.signal or not rule.statements:
        raise GuidanceError(f"{where}: a rule needs a signal and the statements it checks; give both lists")
    _check_measure(rule, where)
    _check_levels(rule, where)
    return rule


def _signal(name: str, where: str) -> str:
    if name in FRAMES:
        return name
    table, _, column = name.partition(".")
    columns = tomllib.loads((resources.files("loadlens") / "data" / "columns.toml").read_text("utf-8"))
    daily = [f"{t}.{c}" for t, group in columns.items() for c, entry in group.items() if "per_day" in entry]
    if column not in columns.get(table, {}):
        _one_of(name, (*FRAMES, *daily), f"{where}: signal")
    return name


def _check_measure(rule: Rule, where: str) -> None:
    if rule.measure is None:
        if rule.levels or rule.value or rule.parameters:
            raise GuidanceError(f"{where}: levels, value or parameters without a measure; name the measure")
        return
    measure = MEASURES[_one_of(rule.measure, tuple(MEASURES), f"{where}: measure")]
    signature = inspect.signature(measure)
    own = {n: p for n, p in signature.parameters.items() if p.kind is p.KEYWORD_ONLY and n not in FROM_THE_LOG}
    _only(rule.parameters, set(own), f"{where}: parameters")
    missing = [n for n, p in own.items() if p.default is p.empty and n not in rule.parameters]
    if missing:
        raise GuidanceError(f"{where}: {rule.measure} needs {', '.join(missing)}; add to parameters")
    if rule.value not in rule.units or rule.worse not in ("higher", "lower"):
        raise GuidanceError(f"{where}: value {rule.value!r}, worse {rule.worse!r}; value is a column listed in units, "
                            "worse is 'higher' or 'lower'")
    for lang, words in rule.words.items():
        fields = {f for _, f, _, _ in string.Formatter().parse(words["finding"]) if f is not None}
        _only(dict.fromkeys(fields), set(rule.units), f"{where}: words.{lang}.finding")


def _check_levels(rule: Rule, where: str) -> None:
    if rule.measure and not rule.levels:
        raise GuidanceError(f"{where}: no levels; give at least one under [rules.levels]")
    if set(rule.whose) != set(rule.levels):
        raise GuidanceError(f"{where}: whose speaks of {sorted(rule.whose)}, levels of {sorted(rule.levels)}; "
                            "say of every level whose number it is")
    for level, owner in rule.whose.items():
        _one_of(owner, OWNERS, f"{where}: whose.{level}")
    for level, conditions in rule.levels.items():
        if level in ("doctor", "emergency") and rule.signal != ("diary",):
            raise GuidanceError(f"{where}: level {level!r} from {list(rule.signal)}; only the diary can raise it")
        for condition in conditions:
            _only(condition, set(rule.units), f"{where}: levels.{level}")


def _conditions(level: str, given: Any, where: str) -> tuple[Condition, ...]:
    _one_of(level, LEVELS[2:], f"{where}: levels")
    shape = "a list of tables such as { ratio = { above = 1.10 } }"
    if not isinstance(given, list) or not given:
        raise GuidanceError(f"{where}: levels.{level} is empty or no list; give {shape}")
    for condition in given:
        if not isinstance(condition, dict) or not condition:
            raise GuidanceError(f"{where}: levels.{level} holds {condition!r}; give {shape}")
        for column, bounds in condition.items():
            place = f"{where}: levels.{level}.{column}"
            if not isinstance(bounds, dict) or not bounds:
                raise GuidanceError(f"{place}: {bounds!r} is no bound; give {shape}")
            _only(bounds, set(BOUNDS), place)
            if any(isinstance(b, bool) or not isinstance(b, (int, float)) for b in bounds.values()):
                raise GuidanceError(f"{place}: {bounds!r}; a bound is a number")
    return tuple(given)


def _agree(guidance: Guidance, origin: Mapping[str, str]) -> None:
    """Statements, rules and references must know each other, in both directions."""
    cited: set[str] = set()
    for kind, blocks in (("statements", guidance.statements), ("rules", guidance.rules)):
        for name, block in blocks.items():  # type: ignore[attr-defined]
            where = f"{origin[kind]}: {kind.removesuffix('s')} {name!r}"
            other = "rules" if kind == "statements" else "statements"
            partners: Mapping[str, Any] = getattr(guidance, other)
            for partner in getattr(block, other):
                _one_of(partner, tuple(partners), f"{where}: {other}")
                if name not in getattr(partners[partner], kind):
                    raise GuidanceError(f"{where}: names {partner!r}, which does not name it back; "
                                        f"add {name!r} to {kind} of {partner!r} in {origin[other]}")
            for reference in block.references:
                _one_of(reference, tuple(guidance.references), f"{where}: references")
            cited.update(block.references)
    for reference in guidance.references:
        if reference not in cited:
            raise GuidanceError(f"{origin['references']}: reference {reference!r} is cited nowhere; "
                                "cite it in a statement or a rule, or take it out")


# ---------------------------------------------------------------- small readers, each with a helpful refusal
def _get(block: Mapping[str, Any], key: str, kind: type, where: str, *default: Any) -> Any:
    if key not in block:
        if default:
            return default[0]
        raise GuidanceError(f"{where}: no {key!r}; add {key} ({kind.__name__})")
    value = block[key]
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        raise GuidanceError(f"{where}: {key} is {value!r}; it should be of type {kind.__name__}")
    if kind is str and not value.strip():
        raise GuidanceError(f"{where}: {key} is empty; fill it or take it out")
    return value


def _names(block: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    names = _get(block, key, list, where, [])
    if not all(isinstance(n, str) for n in names) or len(set(names)) != len(names):
        raise GuidanceError(f"{where}: {key} is {names!r}; give a list of different names")
    return tuple(names)


def _words(block: Mapping[str, Any], needed: tuple[str, ...], where: str) -> dict[str, dict[str, str]]:
    words = _get(block, "words", dict, where)
    _only(words, set(LANGUAGES), f"{where}: words")
    return {lang: _texts(_get(words, lang, dict, f"{where}: words"), needed, f"{where}: words.{lang}") for lang in LANGUAGES}


def _texts(block: Mapping[str, Any], needed: Iterable[str], where: str) -> dict[str, str]:
    for key in {*needed, *block}:
        _get(block, key, str, where)
    return dict(block)


def _only(block: Mapping[str, Any], allowed: set[str], where: str) -> None:
    for key in block:
        _one_of(key, tuple(sorted(allowed)), where)


def _one_of(name: str, allowed: tuple[str, ...], where: str) -> str:
    if name not in allowed:
        near = difflib.get_close_matches(name, allowed, n=1)
        mend = f"did you mean {near[0]!r}?" if near else f"use one of: {', '.join(allowed[:40]) or 'nothing'}"
        raise GuidanceError(f"{where}: unknown {name!r}; {mend}")
    return name
