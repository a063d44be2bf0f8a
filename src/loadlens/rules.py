"""One rule of a guidance document: signal -> measure -> level, checked when it is read."""

from __future__ import annotations

import inspect
import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args

from loadlens import words
from loadlens.guidance_blocks import GuidanceError, allow_only, get, get_names, get_words, one_of
from loadlens.log import PerDay, describe_columns
from loadlens.measures import BUILDS_ON, FROM_THE_LOG, MEASURES

LEVELS = ("not_assessable", "ok", "note", "watch", "act", "doctor", "emergency")
"""Every answer a rule can give, mildest first."""

MOST_DAYS = 3660
FRAMES = ("days", "activities", "runs", "minutes", "diary", "session_load", "session_minutes")
BOUNDS = ("above", "at_least", "below", "at_most")
OWNERS = ("page", "research", "ours")

Condition = dict[str, dict[str, float]]


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
    words : dict
        Language -> name, asks, finding, why. A part of a finding in square brackets is said only on days that have
        every number it speaks of.
    """

    id: str
    statements: tuple[str, ...]
    signal: tuple[str, ...]
    per_day: PerDay | None
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

    @property
    def limits(self) -> dict[str, tuple[float, str]]:
        """Every bound a sentence may name, with its unit: ``watch_excess`` is the first bound of watch on excess."""
        named: dict[str, tuple[float, str]] = {}
        for level, conditions in self.levels.items():
            for condition in conditions:
                for column, bounds in condition.items():
                    named.setdefault(f"{level}_{column}", (next(iter(bounds.values())), self.units.get(column, "")))
        return named


def read_rule(block: dict[str, Any], where: str) -> Rule:
    """Read and check one rule; `where` names its file and its id."""
    allow_only(block, set(Rule.__dataclass_fields__), where)
    rule = Rule(
        id=block["id"],
        statements=get_names(block, "statements", where),
        signal=tuple(_signal(name, where) for name in get_names(block, "signal", where)),
        per_day=get(block, "per_day", str, where, None),
        measure=get(block, "measure", str, where, None),
        parameters=get(block, "parameters", dict, where, {}),
        value=get(block, "value", str, where, ""),
        worse=get(block, "worse", str, where, None),
        units=get(block, "units", dict, where, {}),
        levels={
            level: _conditions(level, given, where) for level, given in get(block, "levels", dict, where, {}).items()
        },
        whose=get(block, "whose", dict, where, {}),
        references=get_names(block, "references", where),
        alarms_per_year=get(block, "alarms_per_year", float, where, None),
        words=get_words(block, ("name", "asks", "finding") if "measure" in block else ("name", "asks"), where),
    )
    if not rule.signal or not rule.statements:
        raise GuidanceError(f"{where}: a rule needs a signal and the statements it checks; give both lists")
    _check_measure(rule, where)
    _check_levels(rule, where)
    return rule


def builds_on(rule: Rule) -> list[str]:
    """Return the ids of the rules whose findings this one counts, as its parameters name them."""
    named = [rule.parameters[name] for name in BUILDS_ON if name in rule.parameters]
    return [one for names in named for one in ([names] if isinstance(names, str) else names)]


def _signal(name: str, where: str) -> str:
    if name in FRAMES:
        return name
    table, _, column = name.partition(".")
    if table in ("activities", "wellness") and column in describe_columns()[table]:
        return name
    daily = [f"{t}.{c}" for t, group in describe_columns().items() for c, spec in group.items() if "per_day" in spec]
    return one_of(name, (*FRAMES, *daily), f"{where}: signal")


def _check_measure(rule: Rule, where: str) -> None:
    if rule.per_day is not None:
        one_of(rule.per_day, get_args(PerDay), f"{where}: per_day")
    if rule.measure is None:
        if rule.levels or rule.value or rule.parameters:
            raise GuidanceError(f"{where}: levels, value or parameters without a measure; name the measure")
        return
    measure = MEASURES[one_of(rule.measure, tuple(MEASURES), f"{where}: measure")]
    _check_parameters(rule, measure, where)
    if rule.value not in rule.units or rule.worse not in ("higher", "lower"):
        raise GuidanceError(
            f"{where}: value {rule.value!r}, worse {rule.worse!r}; value is a column listed in units, "
            "worse is 'higher' or 'lower'"
        )
    for column, unit in rule.units.items():
        if unit not in ("text", "date"):
            try:
                words.quantity(1.0, unit)
            except (ValueError, TypeError) as error:
                raise GuidanceError(f"{where}: units.{column}: {error}") from error
    for lang, texts in rule.words.items():
        _check_sentence(texts["finding"], {*rule.units, *rule.limits}, f"{where}: words.{lang}.finding")


def _check_parameters(rule: Rule, measure: Callable[..., Any], where: str) -> None:
    """Compare the parameters with what the measure takes; windows are bounded, since they cost memory."""
    own = {
        name: parameter
        for name, parameter in inspect.signature(measure).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY and name not in FROM_THE_LOG
    }
    allow_only(rule.parameters, set(own), f"{where}: parameters")
    for name, parameter in own.items():
        if name not in rule.parameters:
            if parameter.default is parameter.empty:
                raise GuidanceError(f"{where}: {rule.measure} needs {name}; add it to parameters")
            continue
        kind, value = str(parameter.annotation), rule.parameters[name]
        items = value if isinstance(value, list) else [value]
        if "str" in kind:
            right = all(isinstance(item, str) for item in items)
        else:
            right = all(isinstance(item, (int, float)) and not isinstance(item, bool) for item in items)
        if "int" in kind:
            right = right and all(isinstance(item, int) and 1 <= item <= MOST_DAYS for item in items)
        if kind.startswith("tuple"):
            right = right and len(items) == 2 and ("int" not in kind or items[0] > items[1])
        if not right or isinstance(value, list) == (kind in ("int", "float", "str")):
            raise GuidanceError(
                f"{where}: parameters.{name} is {value!r}; it should be {kind}, whole numbers 1 to {MOST_DAYS}, "
                "days back with the furthest first"
            )


def _check_sentence(sentence: str, columns: set[str], where: str) -> None:
    try:
        parts = list(string.Formatter().parse(sentence))
    except ValueError as error:
        raise GuidanceError(f"{where}: {error}; write every placeholder as {{column}}") from error
    for _, field, spec, conversion in parts:
        if field is not None:
            one_of(field, tuple(sorted(columns)), where)
            if spec or conversion:
                raise GuidanceError(f"{where}: {field!r} carries a format; units decide how numbers are written")


def _check_levels(rule: Rule, where: str) -> None:
    if rule.measure and not rule.levels:
        raise GuidanceError(f"{where}: no levels; give at least one under [rules.levels]")
    if set(rule.whose) != set(rule.levels):
        raise GuidanceError(
            f"{where}: whose speaks of {sorted(rule.whose)}, levels of {sorted(rule.levels)}; "
            "say of every level whose number it is"
        )
    for level, owner in rule.whose.items():
        one_of(owner, OWNERS, f"{where}: whose.{level}")
    for level, conditions in rule.levels.items():
        if level in ("doctor", "emergency") and rule.signal != ("diary",):
            raise GuidanceError(f"{where}: level {level!r} from {list(rule.signal)}; only the diary can raise it")
        for condition in conditions:
            allow_only(condition, set(rule.units), f"{where}: levels.{level}")


def _conditions(level: str, given: Any, where: str) -> tuple[Condition, ...]:
    one_of(level, LEVELS[2:], f"{where}: levels")
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
            allow_only(bounds, set(BOUNDS), place)
            if any(isinstance(b, bool) or not isinstance(b, (int, float)) for b in bounds.values()):
                raise GuidanceError(f"{place}: {bounds!r}; a bound is a number")
    return tuple(given)
