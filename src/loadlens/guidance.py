"""A guidance document as data: what a page says, what research says of it, and the rules that check it.

A guidance document is a folder of TOML files (or one file): who wrote it, its statements, its references, its rules.
Everything is checked when it is read, so that a finding can trust it; an error says where, what is wrong and what
would be right. Numbers that are not on the page carry whose they are.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loadlens import words
from loadlens.displays import Shown
from loadlens.guidance_blocks import (
    LANGUAGES,
    GuidanceError,
    allow_only,
    get,
    get_names,
    get_texts,
    get_words,
    load_toml,
    one_of,
)
from loadlens.rules import LEVELS, Rule, builds_on, read_rule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from importlib.resources.abc import Traversable

__all__ = ["LEVELS", "Guidance", "GuidanceError", "Moved", "Reference", "Rule", "Statement", "read_guidance"]

VERDICTS = ("supports", "mixed", "contradicts", "no_evidence_found", "not_checkable")


@dataclass(frozen=True)
class Reference:
    """A published source and what it found; `confirmed` is whether the numbers were looked up in it."""

    id: str
    citation: str
    doi: str | None
    confirmed: bool
    finding: dict[str, str]


@dataclass(frozen=True)
class Statement:
    """One statement of the page: where it stands, what it says in our words, and what research says of it.

    Attributes
    ----------
    place : dict
        ``section`` and ``heading`` on the page, in its own language.
    kind : str
        ``"rule"`` (read from what was recorded), ``"diary"`` or ``"text"`` (cannot be computed).
    page_numbers : str or None
        The page's own words for its number.
    words : dict
        Language -> ``says``, ``research`` and, where the page has a number, that ``number`` as a reader writes it.
    """

    id: str
    place: dict[str, str]
    kind: str
    page_numbers: str | None
    rules: tuple[str, ...]
    verdict: str
    references: tuple[str, ...]
    words: dict[str, dict[str, str]]


@dataclass(frozen=True)
class Moved:
    """One bound of a rule that an alarm budget moved.

    Attributes
    ----------
    condition : int
        Place of the condition within its level, from 0.
    column, bound : str
        Which bound of it, e.g. ``"ratio"`` and ``"at_least"``.
    before, after : float
        What the document has, and what holds now.
    """

    rule: str
    level: str
    condition: int
    column: str
    bound: str
    before: float
    after: float


@dataclass(frozen=True)
class Guidance(Shown):
    """One version of one guidance document. Released versions are never edited.

    Attributes
    ----------
    alarm_budget : float or None
        Alarms per year that were asked for, when `loadlens.fit_budget` moved thresholds; `moved` says which.
    """

    id: str
    version: str
    title: dict[str, str]
    source: dict[str, Any]
    statements: dict[str, Statement]
    rules: dict[str, Rule]
    references: dict[str, Reference]
    alarm_budget: float | None = None
    moved: tuple[Moved, ...] = ()

    @property
    def key(self) -> str:
        """Identity carried by every finding, e.g. ``runners_knee@1.0.0``."""
        return f"{self.id}@{self.version}"

    @property
    def digest(self) -> str:
        """SHA-256 of all that the document says, limits that were moved included; the order of its blocks counts."""
        told = json.dumps(asdict(self), ensure_ascii=False, default=str)  # a date, as TOML has them, as text
        return hashlib.sha256(told.encode()).hexdigest()

    def tell_moved(self, rule: str, lang: str = "en") -> str:
        """Say which limits of a rule an alarm budget moved, from what to what; empty when it moved none.

        Parameters
        ----------
        rule : str
            Id of the rule.
        lang : {"en", "nl"}
            Language.
        """
        parts = []
        for move in (move for move in self.moved if move.rule == rule):
            unit = self.rules[rule].units[move.column]
            key = "budget.moved_up" if move.bound in ("above", "at_least") else "budget.moved_down"
            shown = {"before": words.quantity(move.before, unit, lang), "after": words.quantity(move.after, unit, lang)}
            parts.append(words.say(key, lang, level=words.say(f"levels_short.{move.level}", lang), **shown))
        if not parts or self.alarm_budget is None:
            return ""
        asked = words.number(self.alarm_budget, lang, 0 if self.alarm_budget == int(self.alarm_budget) else 1)
        return words.say("budget.moved", lang, per_year=asked, moves=words.list_join(dict.fromkeys(parts), lang))

    def tell_moves(self, lang: str = "en") -> list[str]:
        """Say of every rule whose limits an alarm budget moved, which and from what to what."""
        rules = dict.fromkeys(move.rule for move in self.moved)
        return [f"{self.rules[rule].words[lang]['name']}: {self.tell_moved(rule, lang)}" for rule in rules]

    def __repr__(self) -> str:
        return f"<Guidance {self.key}: {len(self.statements)} statements, {len(self.rules)} rules>"


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
    allow_only(content, {"id", "version", "title", "source", "statements", "rules", "references"}, where)
    guidance = Guidance(
        id=get(content, "id", str, where),
        version=get(content, "version", str, where),
        title=get_texts(get(content, "title", dict, where), LANGUAGES, f"{where}: title"),
        source=get(content, "source", dict, where, {}),
        references=_read_each(content, "references", origin, _reference),
        statements=_read_each(content, "statements", origin, _statement),
        rules=_read_each(content, "rules", origin, read_rule),
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
        for key, value in load_toml(file).items():
            if key in content:
                raise GuidanceError(
                    f"{file.name}: {key!r} is already given in {origin[key]}; keep each top-level key in one file"
                )
            content[key], origin[key] = value, file.name
    return content, origin


def _read_each(
    content: dict[str, Any], key: str, origin: dict[str, str], reader: Callable[[dict[str, Any], str], Any]
) -> dict[str, Any]:
    """Read a list of blocks into a dict by id, in document order."""
    file = origin.get(key, "guidance")
    blocks = content.get(key, [])
    if not isinstance(blocks, list) or not (blocks or key == "references"):
        raise GuidanceError(f"{file}: no {key}; give at least one [[{key}]] block")
    found: dict[str, Any] = {}
    for number, block in enumerate(blocks, start=1):
        if not isinstance(block, dict):
            raise GuidanceError(f"{file}: {key} {number} is not a block; write [[{key}]]")
        name = get(block, "id", str, f"{file}: {key} {number}")
        if name in found:
            raise GuidanceError(f"{file}: {name!r} is given twice; every id is used once")
        found[name] = reader(block, f"{file}: {key.removesuffix('s')} {name!r}")
    return found


def _reference(block: dict[str, Any], where: str) -> Reference:
    allow_only(block, set(Reference.__dataclass_fields__), where)
    return Reference(
        id=block["id"],
        citation=get(block, "citation", str, where),
        doi=get(block, "doi", str, where, None) or None,
        confirmed=get(block, "confirmed", bool, where),
        finding=get_texts(get(block, "finding", dict, where), LANGUAGES, f"{where}: finding"),
    )


def _statement(block: dict[str, Any], where: str) -> Statement:
    allow_only(block, set(Statement.__dataclass_fields__), where)
    statement = Statement(
        id=block["id"],
        place=get_texts(get(block, "place", dict, where), ("section", "heading"), f"{where}: place"),
        kind=one_of(get(block, "kind", str, where), ("rule", "diary", "text"), f"{where}: kind"),
        page_numbers=get(block, "page_numbers", str, where, None),
        rules=get_names(block, "rules", where),
        verdict=one_of(get(block, "verdict", str, where), VERDICTS, f"{where}: verdict"),
        references=get_names(block, "references", where),
        words=get_words(block, ("says", "research"), where),
    )
    if (statement.kind == "text") == bool(statement.rules):
        raise GuidanceError(
            f"{where}: kind {statement.kind!r} with {len(statement.rules)} rules; "
            "a text has none, every other kind has at least one"
        )
    return statement


def _agree(guidance: Guidance, origin: Mapping[str, str]) -> None:
    """Statements, rules and references must know each other, in both directions."""
    cited: set[str] = set()
    for kind, blocks in (("statements", guidance.statements), ("rules", guidance.rules)):
        for name, block in blocks.items():
            where = f"{origin[kind]}: {kind.removesuffix('s')} {name!r}"
            other = "rules" if kind == "statements" else "statements"
            partners: Mapping[str, Any] = getattr(guidance, other)
            for partner in getattr(block, other):
                one_of(partner, tuple(partners), f"{where}: {other}")
                if name not in getattr(partners[partner], kind):
                    raise GuidanceError(
                        f"{where}: names {partner!r}, which does not name it back; "
                        f"add {name!r} to {kind} of {partner!r} in {origin[other]}"
                    )
            for reference in block.references:
                one_of(reference, tuple(guidance.references), f"{where}: references")
            cited.update(block.references)
    for rule in guidance.rules.values():
        plain = tuple(name for name, other in guidance.rules.items() if not builds_on(other))
        for name in builds_on(rule):
            one_of(name, plain, f"{origin['rules']}: rule {rule.id!r}: parameters: rule to build on")
    for reference in guidance.references:
        if reference not in cited:
            raise GuidanceError(
                f"{origin['references']}: reference {reference!r} is cited nowhere; "
                "cite it in a statement or a rule, or take it out"
            )
