"""Profiles of CSV exports as files: those that come with loadlens in ``data/exports``, and a user's own.

Every file is checked when it is read; an error names the place in the file, what is wrong and what would be right.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from loadlens.diary_words import diary_kinds, find_tag
from loadlens.formats.cells import plain
from loadlens.formats.export_profiles import DATE_COLUMNS, Field, Profile, Refusal, Unit
from loadlens.formats.source import UnreadableFile
from loadlens.log import describe_columns

NOT_PROFILES = ("sports.toml", "months.toml", "refused.toml")

TABLES = ("activities", "wellness", "diary")
HOOKS = ("none", "list", "planned_list", "garmin_list", "strava_list", "wellness")
KINDS = (
    "clock",
    "instant",
    "date",
    "offset",
    "number",
    "duration",
    "pace",
    "sport",
    "text",
    "person",
    "part",
    "ignore",
)
NUMBERS = ("infer", "point", "comma")
OCCURRENCES = ("all", "first", "second")

HELPERS = {"garmin_list": ("pace", "best_pace", "min_temperature", "max_temperature")}
HELPERS["strava_list"] = ("description", "private_note", "timer", "distance_listed")
"""Fields that are no columns of a table: a hook makes columns of them."""

_NUMBER = (int, float)
_PROFILE_KEYS = {
    **dict.fromkeys(("id", "table", "hook", "numbers", "longest"), str),
    **dict.fromkeys(("names", "fields", "detect", "long", "aside", "only"), dict),
    **dict.fromkeys(("covers", "row_is_full", "best_label_only"), bool),
    **dict.fromkeys(("missing", "refuse", "titles"), list),
    "rows_per_page": int,
}
_DETECT_KEYS = {
    **dict.fromkeys(("needs", "never", "never_words"), list),
    **dict.fromkeys(("first_column_is_date", "only_with_aliases"), bool),
    "least": int,
}
_FIELD_KEYS = {
    **dict.fromkeys(("kind", "column", "numbers", "occurrence", "diary", "tag", "only_with"), str),
    **dict.fromkeys(("zero_is_missing", "best_label_only", "hours_first", "whole"), bool),
    **dict.fromkeys(("units", "stated_units", "named"), list),
    **dict.fromkeys(("values", "scale"), dict),
    "aliases": (dict, list),
    "factor": _NUMBER,
}
_UNIT_KEYS = {"factor": _NUMBER, "words": list, "up_to": _NUMBER}


def read_profile(text: str, where: str) -> Profile:
    """Read one profile from its TOML text.

    Parameters
    ----------
    text : str
    where : str
        What errors call the file.

    Returns
    -------
    Profile

    Raises
    ------
    UnreadableFile
        The text is no TOML, or something in it is unknown, missing or of the wrong form.
    """
    try:
        entry = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UnreadableFile("profile_not_toml", where=where, found=error) from error
    return build_profile(entry, where)


def build_profile(entry: Mapping[str, Any], where: str) -> Profile:
    """Return the profile that parsed TOML says; see `read_profile`."""
    _check_keys(entry, _PROFILE_KEYS, ("id", "table", "fields", "detect"), where)
    table = _one_of(entry, "table", TABLES, where)
    hook = _one_of(entry, "hook", HOOKS, where, "none")
    fields = {name: _read_field(name, one, entry, f"{where}: fields.{name}") for name, one in entry["fields"].items()}
    _check_columns(fields.values(), table, hook, where)
    for name, one in fields.items():
        _check_names([one.only_with] if one.only_with else [], fields, f"{where}: fields.{name}.only_with")
    detect, place = entry["detect"], f"{where}: detect"
    _check_keys(detect, _DETECT_KEYS, ("needs",), place)
    _check_names(detect["needs"], fields, f"{place}.needs")
    _check_names([entry["longest"]] if "longest" in entry else [], fields, f"{where}: longest")
    for owner, key in ((detect, "never"), (detect, "never_words"), (entry, "missing"), (entry, "titles")):
        _check_texts(owner.get(key, []), f"{where}: {key}")
    _check_texts(list(entry.get("names", {}).values()), f"{where}: names")
    return Profile(
        id=entry["id"],
        table=table,
        names={"en": entry["id"], "nl": entry["id"]} | dict(entry.get("names", {})),
        fields=fields,
        least=detect.get("least", len(detect["needs"])),
        needs=tuple(detect["needs"]),
        never=tuple(plain(label) for label in detect.get("never", ())),
        never_words=tuple(plain(word) for word in detect.get("never_words", ())),
        missing=frozenset(entry.get("missing", ())) | {""},
        hook=hook,
        covers=entry.get("covers", False),
        rows_per_page=entry.get("rows_per_page"),
        row_is_full=entry.get("row_is_full", False),
        first_column_is_date=detect.get("first_column_is_date", False),
        only_with_aliases=detect.get("only_with_aliases", False),
        refusals=_read_refusals(entry, where),
        long=_read_long(entry, fields, where),
        aside=_read_rows(entry, "aside", fields, where),
        only=_read_rows(entry, "only", fields, where),
        titles=tuple(plain(title) for title in entry.get("titles", ())),
        longest=entry.get("longest"),
    )


def _read_field(name: str, entry: Any, profile: Mapping[str, Any], where: str) -> Field:
    if not isinstance(entry, dict):
        raise UnreadableFile("profile_value", where=where, found=repr(entry), right=f'[fields.{name}] kind = "number"')
    _check_keys(entry, _FIELD_KEYS, ("kind",), where)
    kind = _one_of(entry, "kind", KINDS, where)
    if not entry.get("aliases") and not entry.get("named"):
        raise UnreadableFile("profile_key_missing", where=where, entry="aliases", example='aliases = ["Heading"]')
    aliases = entry.get("aliases", {})
    by_language = aliases if isinstance(aliases, dict) else {"any": aliases}
    for language, labels in (by_language | {"named": entry.get("named", [])}).items():
        _check_texts(labels, f"{where}: {language}")
    for word, number in entry.get("values", {}).items():
        if not isinstance(number, _NUMBER) or isinstance(number, bool):
            raise UnreadableFile("profile_value", where=f"{where}: values.{word}", found=repr(number), right="1")
    units = [_read_unit(one, f"{where}: units") for key in ("units", "stated_units") for one in entry.get(key, ())]
    return Field(
        name=name,
        column=entry.get("column", name),
        kind=kind,
        aliases={language: tuple(labels) for language, labels in by_language.items()},
        zero_is_missing=entry.get("zero_is_missing", False),
        factor=float(entry.get("factor", 1)),
        numbers=_one_of(entry, "numbers", NUMBERS, where, profile.get("numbers", "infer")),
        occurrence=_one_of(entry, "occurrence", OCCURRENCES, where, "all"),
        best_label_only=entry.get("best_label_only", profile.get("best_label_only", False)),
        hours_first=entry.get("hours_first", False),
        units=tuple(units),
        settled_later="stated_units" in entry,
        whole=entry.get("whole", False),
        values={plain(word): float(number) for word, number in entry.get("values", {}).items()},
        diary=_read_kind(entry, where),
        scale=_read_scale(entry, where),
        tag=_read_tag(entry, where),
        named=tuple(plain(word) for word in entry.get("named", ())),
        only_with=entry.get("only_with"),
    )


def _read_unit(entry: Any, where: str) -> Unit:
    if not isinstance(entry, dict):
        raise UnreadableFile("profile_value", where=where, found=repr(entry), right='{ factor = 1000, words = ["km"] }')
    _check_keys(entry, _UNIT_KEYS, ("factor", "words"), where)
    _check_texts(entry["words"], f"{where}: words")
    return Unit(float(entry["factor"]), tuple(plain(word) for word in entry["words"]), entry.get("up_to"))


def _read_kind(entry: Mapping[str, Any], where: str) -> str | None:
    return _one_of(entry, "diary", (*diary_kinds(), "note"), where) if "diary" in entry else None


def _read_scale(entry: Mapping[str, Any], where: str) -> tuple[float, float] | None:
    if "scale" not in entry:
        return None
    example = "scale = { best = 1, worst = 4 }"
    _check_keys(entry["scale"], {"best": _NUMBER, "worst": _NUMBER}, ("best", "worst"), f"{where}: scale")
    best, worst = float(entry["scale"]["best"]), float(entry["scale"]["worst"])
    kind = diary_kinds().get(entry.get("diary", ""))
    if kind is None or kind.best is None or best == worst:
        raise UnreadableFile("profile_value", where=f"{where}: scale", found=f"{best:g}, {worst:g}", right=example)
    return best, worst


def _read_tag(entry: Mapping[str, Any], where: str) -> str | None:
    if "tag" not in entry:
        return None
    tag = find_tag(entry["tag"])
    if tag is None:
        raise UnreadableFile("profile_value", where=f"{where}: tag", found=repr(entry["tag"]), right="'travel'")
    return tag


def _read_long(entry: Mapping[str, Any], fields: Mapping[str, Field], where: str) -> tuple[str, str] | None:
    if "long" not in entry:
        return None
    place = f"{where}: long"
    _check_keys(entry["long"], {"name": str, "value": str}, ("name", "value"), place)
    names = entry["long"]["name"], entry["long"]["value"]
    _check_names([name for name in names if name not in fields or fields[name].kind != "part"] or names, fields, place)
    return names


def _read_rows(
    entry: Mapping[str, Any], key: str, fields: Mapping[str, Field], where: str
) -> dict[str, frozenset[str]]:
    """Read which rows of a table are something else, by a word in one of its fields."""
    rows = entry.get(key, {})
    _check_names(rows, fields, f"{where}: {key}")
    for name, said in rows.items():
        _check_texts(said, f"{where}: {key}.{name}")
    return {name: frozenset(plain(word) for word in said) for name, said in rows.items()}


def _read_refusals(entry: Mapping[str, Any], where: str) -> tuple[Refusal, ...]:
    keys = {"labels": list, "least": int, "why": dict}
    for one in entry.get("refuse", ()):
        _check_keys(one, keys, tuple(keys), f"{where}: refuse")
        _check_texts(one["labels"], f"{where}: refuse: labels")
        _check_keys(one["why"], {"en": str, "nl": str}, ("en", "nl"), f"{where}: refuse: why")
    return tuple(
        Refusal(tuple(plain(label) for label in one["labels"]), one["least"], one["why"])
        for one in entry.get("refuse", ())
    )


# ------------------------------------------------------------------ checks


def _check_keys(entry: Any, known: Mapping[str, Any], needed: Sequence[str], where: str) -> None:
    """Raise for a key that is unknown, missing, or has a value of the wrong type."""
    if not isinstance(entry, dict):
        raise UnreadableFile("profile_value", where=where, found=repr(entry), right=f"{{ {', '.join(needed)} }}")
    for key, value in entry.items():
        if key not in known:
            near = difflib.get_close_matches(key, list(known), n=1)
            raise UnreadableFile("profile_key_unknown", where=where, entry=key, known=", ".join(near or known))
        if not isinstance(value, known[key]) or (isinstance(value, bool) and known[key] is not bool):
            kinds = known[key] if isinstance(known[key], tuple) else (known[key],)
            right = " / ".join(_EXAMPLES[kind] for kind in kinds)
            raise UnreadableFile("profile_value", where=f"{where}: {key}", found=repr(value), right=right)
    for key in needed:
        if key not in entry:
            example = f"{key} = {_EXAMPLES[known[key] if isinstance(known[key], type) else known[key][0]]}"
            raise UnreadableFile("profile_key_missing", where=where, entry=key, example=example)


_EXAMPLES = {str: '"…"', int: "1", float: "1.0", bool: "true", list: '["…"]', dict: "{ … }"}


def _one_of(
    entry: Mapping[str, Any], key: str, choices: Sequence[str], where: str, otherwise: str | None = None
) -> str:
    value = entry.get(key, otherwise)
    if value not in choices:
        near = difflib.get_close_matches(str(value), choices, n=1)
        right = ", ".join([*near, *(choice for choice in choices if choice not in near)])
        raise UnreadableFile("profile_value", where=f"{where}: {key}", found=repr(value), right=right)
    return str(value)


def _check_texts(value: Any, where: str) -> None:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise UnreadableFile("profile_value", where=where, found=repr(value), right='["Heading"]')


def _check_names(names: Iterable[Any], fields: Mapping[str, Field], where: str) -> None:
    for name in names:
        if not isinstance(name, str) or name not in fields:
            raise UnreadableFile("profile_value", where=where, found=repr(name), right=", ".join(fields))


def _check_columns(fields: Iterable[Field], table: str, hook: str, where: str) -> None:
    """Raise for a field that would fill no column of the table."""
    columns = list(describe_columns()[table])
    allowed = {*columns, *HELPERS.get(hook, ())}
    for one in fields:
        free = one.kind in ("clock", "instant", "date", "offset", "person", "part", "ignore", "sport") or one.diary
        if not free and one.name not in allowed:
            near = difflib.get_close_matches(one.name, columns, n=1)
            right = ", ".join(near or columns)
            raise UnreadableFile("profile_value", where=f"{where}: fields", found=repr(one.name), right=right)


# ------------------------------------------------------------------ where they lie


@cache
def all_profiles() -> tuple[Profile, ...]:
    """Return the profiles that come with loadlens, by name."""
    folder = resources.files("loadlens").joinpath("data/exports")
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".toml") and file.name not in NOT_PROFILES),
        key=lambda file: file.name,
    )
    return tuple(read_profile(file.read_text(encoding="utf-8"), file.name) for file in files)


@cache
def all_refusals() -> tuple[Refusal, ...]:
    """Return the tables that are known and cannot be read, each with the reason."""
    text = resources.files("loadlens").joinpath("data/exports/refused.toml").read_text(encoding="utf-8")
    own = tuple(refusal for profile in all_profiles() for refusal in profile.refusals)
    return (*_read_refusals(tomllib.loads(text), "refused.toml"), *own)


def read_profiles(*paths: str | Path) -> tuple[Profile, ...]:
    """Read a user's own profiles.

    Parameters
    ----------
    *paths : str or Path
        TOML files, and folders of them.

    Returns
    -------
    tuple of Profile

    Raises
    ------
    UnreadableFile
        A path does not exist or holds no profile, or a profile is wrong.
    """
    found: list[Profile] = []
    for given in paths:
        path = Path(given).expanduser()
        files = sorted(path.glob("*.toml")) if path.is_dir() else [path]
        if not files or not path.exists():
            raise UnreadableFile("path_missing" if not path.exists() else "profile_folder_empty", where=path)
        for file in files:
            try:
                text = file.read_text("utf-8-sig")
            except (OSError, UnicodeDecodeError) as error:
                raise UnreadableFile("profile_not_toml", where=file, found=error) from error
            found.append(read_profile(text, file.name))
    return tuple(found)


def known_columns(profiles: Iterable[Profile]) -> set[str]:
    """Return every column that ``aliases`` may name."""
    unnamable = ("ignore", "part")
    fields = (one for profile in profiles for one in profile.fields.values() if one.kind not in unnamable)
    return {one.column for one in fields} | set(DATE_COLUMNS)
