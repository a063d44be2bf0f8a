"""A log without what tells who it is of: only columns that ``data/sharing.toml`` lists, in the form it lists.

What is not needed is not there. Names are made up anew, text is kept only where it is a word of loadlens's own, dates
move by whole weeks. Nothing here makes data anonymous: whoever has the secret, or one of the runs, can find the runner.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import tomllib
from dataclasses import fields
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loadlens import words
from loadlens.diary_days import split_tags
from loadlens.diary_words import diary_kinds, diary_tags, find_site
from loadlens.log import LogError, RunningLog, conform, describe_columns

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

POLICIES = ("keep", "shift", "coarsen", "rename", "number", "words", "drop")

_TOLD = ("positions", "names", "words", "files", "dates", "rounded", "kept", "limits_runs", "limits_law", "secret")


@cache
def sharing_rules() -> dict[str, dict[str, Any]]:
    """Return what of each table may be shared, and how far dates and numbers are blurred (``data/sharing.toml``)."""
    return tomllib.loads(files("loadlens").joinpath("data/sharing.toml").read_text("utf-8"))


def find_secret(path: Path) -> bytes:
    """Return the secret of a study from its file, which is made where there is none.

    Parameters
    ----------
    path : Path
        Keep it apart from what is shared. Without it nobody can tell which participant a pseudonym stands for; who
        destroys it can no longer tell either.

    Raises
    ------
    LogError
        The file holds something else than the 64 signs 0-9 and a-f that are written here.
    OSError
        It cannot be read or made.
    """
    if not path.exists():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)  # nobody else may read it, at no moment
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"{secrets.token_hex(32)}\n")
    try:
        secret = bytes.fromhex(path.read_text("ascii").strip())
    except ValueError as error:
        raise LogError(f"{path}: is no secret of loadlens; would be right: 64 signs 0-9 and a-f, or no file") from error
    _check(secret)
    return secret


def pseudonym(participant: str, secret: bytes) -> str:
    """Return what a participant is called in what is shared.

    Parameters
    ----------
    participant : str
        What the participant is called in the study.
    secret : bytes
        Of the study, at least 16 bytes. Another secret gives other names, which nobody can lay beside these.

    Returns
    -------
    str
        ``"p"`` and 16 hexadecimal signs: the same participant under the same secret has the same one.

    Raises
    ------
    LogError
        The secret is too short, or the participant has no name.

    References
    ----------
    HMAC with SHA-256: RFC 2104.
    """
    return "p" + _digest(secret, "participant", participant)[:16]


def count_weeks(participant: str, secret: bytes) -> int:
    """Return by how many weeks the dates of a participant are moved: as likely back as forth, never 0.

    Parameters
    ----------
    participant : str
        What the participant is called in the study.
    secret : bytes
        Of the study, at least 16 bytes.

    Returns
    -------
    int
        By which other tables of the study, such as injuries seen by a physician, can be moved alike.

    Raises
    ------
    LogError
        The secret is too short, or the participant has no name.
    """
    most = int(sharing_rules()["shift"]["weeks"])
    place = int(_digest(secret, "dates", participant), 16) % (2 * most)
    return place - most if place < most else place - most + 1


def deidentify(log: RunningLog, participant: str, secret: bytes) -> RunningLog:
    """Return a log of which only that is left which may be shared.

    Parameters
    ----------
    log : RunningLog
        As `read` gives it.
    participant : str
        What the participant is called in the study: the number of weeks follows from it, and from the secret.
    secret : bytes
        Of the study, at least 16 bytes.

    Returns
    -------
    RunningLog
        With the same rows in the same order. It does not know where its files lie: `records` finds none. Findings on
        it are those of the whole log, on dates that are moved.

    Raises
    ------
    LogError
        The secret is too short, the participant has no name, or a column stands in no list.
    """
    days = pd.Timedelta(days=7 * count_weeks(participant, secret))
    names = {
        "activity": _name_activities(log, participant, secret),
        "gear": _count_names(log.gear["gear"], log.activities["gear"], name="pair"),
        "source": _name_sources(log.sources),
    }
    tables = {
        one.name: conform(one.name, _share(one.name, getattr(log, one.name), days, names))[0] for one in fields(log)
    }
    return RunningLog(**tables)


def describe(lang: str = "en") -> list[str]:
    """Say in sentences what `deidentify` drops, moves and keeps, and by what a runner can still be found.

    Parameters
    ----------
    lang : {"en", "nl"}
        Language.
    """
    rules = sharing_rules()
    given = {
        "weeks": words.number(float(rules["shift"]["weeks"]), lang),
        "climb": words.quantity(float(rules["step"]["ascent"]), "m", lang),
        "mass": words.quantity(float(rules["step"]["mass"]), "kg", lang),
    }
    return [words.say(f"sharing.{key}", lang, **given) for key in _TOLD]


# ---------------------------------------------------------------- the secret
def _check(secret: bytes) -> None:
    least = int(sharing_rules()["secret"]["bytes"])
    if len(secret) < least:
        raise LogError(f"secret: has {len(secret)} bytes; would be right: at least {least}, drawn at random")


def _digest(secret: bytes, purpose: str, *parts: str) -> str:
    """Give the keyed digest of texts; each with its length, so that no two lists of texts read as one."""
    _check(secret)
    if not parts[0]:
        raise LogError("participant: has no name; would be right: what the participant is called in the study")
    told = [text.encode("utf-8", "surrogatepass") for text in (purpose, *parts)]
    message = b"".join(len(text).to_bytes(8, "big") + text for text in told)
    return hmac.new(secret, message, hashlib.sha256).hexdigest()


# ---------------------------------------------------------------- names made up anew
def _name_activities(log: RunningLog, participant: str, secret: bytes) -> dict[str, str]:
    """Name activities by a keyed digest: their own keys tell the moment they began, or the number at a platform."""
    keys = pd.concat([log.activities["activity"], log.laps["activity"], log.minutes["activity"]]).dropna().unique()
    return {key: "a" + _digest(secret, "activity", participant, key)[:16] for key in keys}


def _count_names(*columns: pd.Series[Any], name: str) -> dict[str, str]:
    found = dict.fromkeys(value for column in columns for value in column.dropna())
    return {value: f"{name} {number}" for number, value in enumerate(found, 1)}


def _name_sources(sources: pd.DataFrame) -> dict[str, str]:
    """Name files by their format and a number, in the order in which they stand."""
    formats = _only(sources["format"], _known_format)
    counts: dict[str, int] = {}
    names: dict[str, str] = {}
    for path, kind in zip(sources["path"], formats, strict=True):
        label = kind if isinstance(kind, str) else "file"
        counts[label] = counts.get(label, 0) + 1
        if isinstance(path, str):
            names[path] = f"{label} {counts[label]}"
    return names


def _rename_source(given: str, names: dict[str, str]) -> str | None:
    """Name a source, or several in one cell as days of wellness have them; no file of the log: nothing."""
    if given in names:
        return names[given]
    return "; ".join(names[part] for part in given.split("; ") if part in names) or None


# ---------------------------------------------------------------- column by column
def _share(table: str, frame: pd.DataFrame, shift: pd.Timedelta, names: dict[str, dict[str, str]]) -> pd.DataFrame:
    rules = sharing_rules()
    told = {column: policy for policy in POLICIES for column in rules[table].get(policy, ())}
    unlisted = [name for name in describe_columns()[table] if name not in told]
    if unlisted:
        raise LogError(f"{table}: {unlisted} stand in no list of data/sharing.toml; would be right: one of {POLICIES}")
    shared: dict[str, Any] = {}
    for name in frame.columns:
        column = frame[name]
        match told[name]:
            case "keep":
                shared[name] = column
            case "shift":
                clock = describe_columns()[table][name]["dtype"] == "clock"
                shared[name] = (column.dt.floor(f"{rules['step']['clock']}s") if clock else column) + shift
            case "coarsen":
                shared[name] = (column / rules["step"][name]).round() * rules["step"][name]
            case "rename" if name in ("source", "path"):
                shared[name] = _only(column, lambda given: _rename_source(given, names["source"]))
            case "rename":
                shared[name] = _only(column, names[name].get)
            case "number":
                shared[name] = column.where(_is_entry(frame))
            case "words":
                shared[name] = _only(column, _VOCABULARIES[name])
    return pd.DataFrame(shared, index=frame.index)


def _is_entry(diary: pd.DataFrame) -> pd.Series[bool]:
    """Tell which entries hold a number that their kind can have; of an unknown kind any number is text."""
    bounds = {}
    for name, kind in diary_kinds().items():
        ends = [end for end in (kind.best, kind.worst) if end is not None]
        if kind.has_value:
            bounds[name] = (min(ends), max(ends)) if ends else (0.0, float(sharing_rules()["typed"]["below"]))
    low, high = ([bounds.get(str(kind).lower(), (np.nan, np.nan))[end] for kind in diary["kind"]] for end in (0, 1))
    return (diary["value"] >= np.array(low, dtype=float)) & (diary["value"] <= np.array(high, dtype=float))


def _only(column: pd.Series[Any], known: Callable[[str], str | None]) -> pd.Series[Any]:
    """Put the known word for each text, and nothing where there is none."""
    given = {value: known(value) for value in column.dropna().unique()}
    kept = [given.get(value) if isinstance(value, str) else None for value in column]
    return pd.Series(np.array(kept, dtype=object), index=column.index)


def _known_format(name: str) -> str | None:
    return name if name in sharing_rules()["formats"]["known"] else None


def _known_kind(name: str) -> str | None:
    return name if name.lower() in diary_kinds() else None


def _known_tags(cell: str) -> str | None:
    """Keep the tags that rules see in a cell, also those in the midst of other words."""
    return ", ".join(sorted(split_tags(cell) & diary_tags())) or None


def _known_entry(what: str) -> str | None:
    return what if words.knows(f"ledger.{what}") else None


def _known_field(cell: str) -> str | None:
    """Keep the name of a column, a kind of the diary or a part of files; all of several, or nothing."""
    columns = {name for table in describe_columns().values() for name in table}
    parts = cell.split("; ")
    known = all(
        part in columns or part in diary_kinds() or words.knows(f"fields.{part}") or words.knows(f"damage.{part}")
        for part in parts
    )
    return cell if known else None


_VOCABULARIES: dict[str, Callable[[str], str | None]] = {
    "format": _known_format,
    "kind": _known_kind,
    "site": find_site,
    "tags": _known_tags,
    "what": _known_entry,
    "field": _known_field,
}
