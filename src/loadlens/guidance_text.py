"""A rule as text: one TOML file that `read_guidance` reads, to keep limits that were tried on a log of one's own."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import tomli_w

from loadlens import words
from loadlens.guidance import GuidanceError
from loadlens.rules import OWNERS, builds_on, list_bounds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from loadlens.guidance import Guidance, Rule


def write_rule(guidance: Guidance, rule: Rule) -> str:
    """Write a rule as a guidance document of its own, with its statements and references.

    Where its limits differ from those of the guidance, they are said to be ours, the rate of alarms measured with the
    old ones is left out, and the words on why say what was moved instead of telling of limits that no longer hold.

    Parameters
    ----------
    guidance : Guidance
        Where the rule comes from.
    rule : Rule
        One of its rules, perhaps with other limits.

    Returns
    -------
    str
        TOML: save it as ``my_rules.toml`` and read it with ``read_guidance("my_rules.toml")``.

    Raises
    ------
    GuidanceError
        The guidance has no rule of this id.
    """
    if rule.id not in guidance.rules:
        raise GuidanceError(f"{guidance.key}: no rule {rule.id!r}; it has {', '.join(guidance.rules)}")
    names = {rule.id, *builds_on(rule)}
    kept = [
        _own(guidance, rule) if name == rule.id else _open(guidance.rules[name])
        for name in guidance.rules
        if name in names
    ]
    statements = [
        replace(one, rules=tuple(name for name in one.rules if name in names))
        for one in guidance.statements.values()
        if names & set(one.rules)
    ]
    cited = {name for rule in kept for name in rule.references} | {n for one in statements for n in one.references}
    document = {
        "id": f"my_{rule.id}",
        "version": "1",
        "title": {lang: _title(guidance, rule, lang) for lang in words.LANGUAGES},
        "statements": _plain(statements),
        "rules": _plain(kept),
        "references": _plain(one for name, one in guidance.references.items() if name in cited),
    }
    return tomli_w.dumps({key: value for key, value in document.items() if value})


def _title(guidance: Guidance, rule: Rule, lang: str) -> str:
    return words.say("explore.own_title", lang, name=rule.words[lang]["name"], guidance=guidance.key)


def _open(rule: Rule) -> Rule:
    """Give a rule as a document may have it: a limit that a budget or a hand moved belongs to nobody's page."""
    return replace(
        rule, whose={level: owner if owner in OWNERS else "ours" for level, owner in rule.whose.items()}
    )  # fmt: skip


def _own(guidance: Guidance, rule: Rule) -> Rule:
    before = guidance.rules[rule.id]
    changed = rule.levels != before.levels
    if not changed:
        return _open(rule)
    told = {lang: texts | {"why": tell_moves(before, rule, guidance.key, lang)} for lang, texts in rule.words.items()}
    return replace(_open(rule), words=told, alarms_per_year=None)


def tell_moves(before: Rule, after: Rule, key: str, lang: str = "en") -> str:
    """Say which limits of a rule differ from those it had, from what to what; empty where none does.

    Parameters
    ----------
    before, after : Rule
        The same rule with limits at the same places.
    key : str
        Whose limits those before were, e.g. ``runners_knee@1.0.0``.
    lang : {"en", "nl"}
        Language.
    """
    moves = []
    for bound in list_bounds(before):
        old, new = bound.of(before), bound.of(after)
        if old != new:
            unit = before.units[bound.column]
            shown = {"before": words.quantity(old, unit, lang), "after": words.quantity(new, unit, lang)}
            level = words.say(f"levels_short.{bound.level}", lang)
            moves.append(
                words.say("explore.move", lang, level=level, column=words.name_limit(bound.column, lang), **shown)
            )
    return words.say("explore.moved", lang, guidance=key, moves=words.list_join(moves, lang)) if moves else ""


def _plain(blocks: Iterable[Any]) -> list[dict[str, Any]]:
    """Give dataclasses as TOML can hold them: without what is None or empty."""
    given = [{one.name: getattr(block, one.name) for one in fields(block)} for block in blocks]
    return [{key: value for key, value in block.items() if value not in (None, {}, ())} for block in given]
