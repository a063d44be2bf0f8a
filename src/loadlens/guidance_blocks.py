"""Blocks of a guidance document, read with a refusal that says where, what is wrong and what would be right."""

from __future__ import annotations

import difflib
import tomllib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from importlib.resources.abc import Traversable

LANGUAGES = ("en", "nl")
MAX_BYTES = 2_000_000


class GuidanceError(ValueError):
    """A guidance document cannot be used. The message says where, what is wrong, and what would be right."""


def load_toml(file: Traversable) -> dict[str, Any]:
    """Return the content of one TOML file; refuse what is too large or not TOML."""
    with file.open("rb") as stream:
        raw = stream.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise GuidanceError(f"{file.name}: larger than {MAX_BYTES:,} bytes; guidance is a short text")
    try:
        return tomllib.loads(raw.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise GuidanceError(f"{file.name}: not TOML in UTF-8 ({error}); correct that line") from error


def get(block: Mapping[str, Any], key: str, kind: type[Any], where: str, *default: Any) -> Any:
    """Return one value of a block, of the right type and not empty; `default` makes it optional."""
    if key not in block:
        if default:
            return default[0]
        raise GuidanceError(f"{where}: no {key!r}; add {key} ({kind.__name__})")
    value = block[key]
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        raise GuidanceError(f"{where}: {key} is {value!r}; it should be of type {kind.__name__}")
    if isinstance(value, str) and not value.strip():
        raise GuidanceError(f"{where}: {key} is empty; fill it or take it out")
    return value


def get_names(block: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    """Return a list of different names; empty when left out."""
    names = get(block, key, list, where, [])
    if not all(isinstance(n, str) for n in names) or len(set(names)) != len(names):
        raise GuidanceError(f"{where}: {key} is {names!r}; give a list of different names")
    return tuple(names)


def get_words(block: Mapping[str, Any], needed: tuple[str, ...], where: str) -> dict[str, dict[str, str]]:
    """Return the words of a block: every language, and in each the needed texts."""
    words = get(block, "words", dict, where)
    allow_only(words, set(LANGUAGES), f"{where}: words")
    return {
        lang: get_texts(get(words, lang, dict, f"{where}: words"), needed, f"{where}: words.{lang}")
        for lang in LANGUAGES
    }


def get_texts(block: Mapping[str, Any], needed: Iterable[str], where: str) -> dict[str, str]:
    """Return a block that holds nothing but texts, among them the needed ones."""
    for key in {*needed, *block}:
        get(block, key, str, where)
    return dict(block)


def allow_only(block: Mapping[str, Any], allowed: set[str], where: str) -> None:
    """Refuse keys that mean nothing here, most of which are slips of the pen."""
    for key in block:
        one_of(key, tuple(sorted(allowed)), where)


def one_of(name: str, allowed: tuple[str, ...], where: str) -> str:
    """Return the name when it is allowed; otherwise say what it may be."""
    if name not in allowed:
        near = difflib.get_close_matches(name, allowed, n=1)
        mend = f"did you mean {near[0]!r}?" if near else f"use one of: {', '.join(allowed[:40]) or 'nothing'}"
        raise GuidanceError(f"{where}: unknown {name!r}; {mend}")
    return name
