"""Reads whatever a watch or platform exported, in any mix, into one running log.

Find, recognise, parse, merge, account: every file offered gets a row in ``sources``, everything set aside or changed a
row in ``ledger``. A file named alone raises when it cannot be read; a bad file in a folder or zip never stops the rest.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path, PurePosixPath
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tqdm import tqdm

from loadlens import decode_cache, log, words
from loadlens.assembly import Offered, assemble, explain
from loadlens.containers import Unopened, find_sources, list_files
from loadlens.formats import (
    apple_health,
    fit,
    garmin_account,
    platform_accounts,
    polar_account,
    polar_flow,
    stryd,
    tabular,
    tracks,
)
from loadlens.formats.profile_files import read_profiles
from loadlens.formats.source import Options, Reading, Source, UnreadableFile
from loadlens.ledger_words import message_column
from loadlens.log import RunningLog, reading_rules


class Format(Protocol):
    """What a format module offers; packages of others add theirs under the entry points ``loadlens.formats``.

    A module may also say ``STREAMS = True``: its files can be longer than memory, and are never held there whole.
    """

    def sniff(self, head: bytes, name: str) -> bool:
        """Say whether a file that begins like this is of this format; never raises."""

    def parse(self, source: Source, options: Options) -> Reading:
        """Read the file; raises UnreadableFile when it cannot be used at all."""


def read(
    *paths: str | Path,
    tz: str | None = None,
    aliases: Mapping[str, str] | None = None,
    profiles: str | Path | Sequence[str | Path] = (),
    cache: bool = True,
) -> RunningLog:
    """Read exports into one running log.

    Parameters
    ----------
    *paths : str or Path
        Files, folders, zips and gzips, in any mix.
    tz : str, optional
        IANA time zone in which days are counted where a file does not say, e.g. ``"Europe/Amsterdam"``.
    aliases : mapping of str to str, optional
        Heading in a CSV file -> column of loadlens, for exports that are not known.
    profiles : path or sequence of paths, optional
        Your own profiles of CSV exports: TOML files or folders of them (``docs/exports/adding_a_csv_export.md``).
    cache : bool
        Whether what was read before may be taken from the user's cache, and what is read now is kept there. The
        environment variable ``LOADLENS_CACHE`` names another folder for it, or is ``off``.

    Returns
    -------
    RunningLog
        With a row in ``sources`` for every file offered and one in ``ledger`` for all that was set aside or changed.

    Raises
    ------
    UnreadableFile
        A path does not exist, a file named alone cannot be read, nothing in all the paths holds any data, or a
        profile is wrong.
    """
    own = read_profiles(*([profiles] if isinstance(profiles, (str, Path)) else profiles))
    options = Options(tz=known_zone(tz), aliases=dict(aliases or {}), profiles=own)
    if not paths:
        raise UnreadableFile("no_path")
    places = _name_places([Path(given).expanduser() for given in paths])
    folder = decode_cache.find_folder() if cache else None
    stamps = _stamp(places) if folder else None
    entry = _name_log(stamps, options) if stamps else None
    if entry and (found := decode_cache.recall(folder, entry)):
        return RunningLog(**found[0]).locate(places)
    offers = _read_all(places, options, folder)
    if not offers:
        raise UnreadableFile("no_files", where=", ".join(places))
    whole = assemble(offers)
    if entry and not any(offer.fault for offer in offers) and _stamp(places) == stamps:  # else files changed meanwhile
        decode_cache.keep(folder, entry, {one.name: getattr(whole, one.name) for one in fields(whole)}, None)
    decode_cache.trim(folder)
    return whole.locate(places)


def _stamp(places: dict[str, Path]) -> list[tuple[str, Path, int, int]] | None:
    """Return name, place, size and time of change of all files; None where one is closed."""
    stamps = []
    for shown, path in places.items():
        for file, name, error in list_files(path, shown):
            try:
                told = file.lstat() if error else file.stat()
            except OSError:
                return None
            stamps.append((name, file, told.st_size, told.st_mtime_ns))
    return stamps


def _name_log(stamps: list[tuple[str, Path, int, int]], options: Options) -> str | None:
    """Return the name under which the cache has the log of these files; None where one cannot be read.

    Files whose name says that they hold nothing of use, such as pictures, count by size and time of change.
    """
    try:
        told = [
            (name, decode_cache.digest_file(file) if file.is_file() and not _is_ignored(name) else (size, changed))
            for name, file, size, changed in stamps
        ]
    except OSError:
        return None
    return decode_cache.name_entry("log", told, repr(options))


def _name_places(paths: list[Path]) -> dict[str, Path]:
    """Name what was given, each by as little of its path as tells it apart, and put it in order of names.

    So the same exports make the same log in whatever order they are given, down to the order of its ledger.
    """
    for path in paths:
        if not path.exists():
            raise UnreadableFile("path_missing", where=path)
    whole = sorted(Path(os.path.abspath(path)) for path in paths)  # noqa: PTH100 a link keeps its own name
    alike = Counter(path.parts[-n:] for path in set(whole) for n in range(1, len(path.parts) + 1))
    places: dict[str, Path] = {}
    for path, times in sorted(Counter(whole).items()):
        ends = (path.parts[-n:] for n in range(1, len(path.parts) + 1))
        name = "/".join(next((end for end in ends if alike[end] == 1), path.parts))
        places |= {f"{name} ({number})" if number > 1 else name: path for number in range(1, times + 1)}
    return dict(sorted(places.items()))


def _read_all(places: dict[str, Path], options: Options, folder: Path | None) -> list[Offered]:
    offers: list[Offered] = []
    seen: dict[str, str] = {}
    names: Counter[str] = Counter()
    for shown, path in places.items():
        for offer in tqdm(find_sources(path, shown), desc=path.name, unit=" files", delay=1, leave=False):
            names[offer.name] += 1  # an archive can hold several members of one name: number the second
            again = f" ({names[offer.name]})" if names[offer.name] > 1 else ""
            named = replace(offer, name=offer.name + again)
            alone = len(places) == 1 and path.is_file() and offer.name == shown
            offers.append(_read_offer(named, options, seen, folder, alone=alone))
            if alone and offers[-1].facts["status"] in ("unreadable", "empty"):
                raise UnreadableFile("nothing_usable", where=offer.name, why=explain(offers[-1]))
    return offers


def known_zone(tz: str | None) -> str | None:
    """Return the name of a time zone, or None for none.

    Raises
    ------
    UnreadableFile
        There is no such zone.
    """
    if tz is None:
        return None
    try:
        ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UnreadableFile("time_zone_unknown", tz=tz) from error
    return tz


@cache
def formats() -> tuple[Format, ...]:
    """Return every known format, the most telling signature first."""
    others = tuple(entry.load() for entry in entry_points(group="loadlens.formats"))
    ours = (fit, apple_health, tracks, garmin_account, polar_account, polar_flow, stryd, platform_accounts, tabular)
    return (*others, *ours)


def _read_offer(
    offer: Source | Unopened, options: Options, seen: dict[str, str], folder: Path | None, *, alone: bool
) -> Offered:
    """Read one file; a fault of ours is an error where the file stands alone, and a row of ``sources`` among others."""
    facts: dict[str, object] = {"path": offer.name, "rows": 0, "used": 0, "set_aside": 0}
    if isinstance(offer, Unopened):
        return Offered(facts | {"status": "unreadable"} | _say_error(offer.error))
    if _is_ignored(offer.name) and not alone:
        return Offered(facts | {"status": "ignored"} | _say_message("not_running_data"))
    try:
        known = _recognise(offer)
        if known is None and not alone and _is_expected_unknown(offer.name):
            return Offered(facts | {"status": "ignored"} | _say_message("not_running_data"))
        source, facts["sha256"], facts["size"] = _identify(offer, streams=getattr(known, "STREAMS", False))
        if not facts["size"]:
            return Offered(facts | {"status": "empty"} | _say_error(UnreadableFile("file_empty", where=offer.name)))
        if facts["sha256"] in seen:
            first = seen[str(facts["sha256"])]
            return Offered(facts | {"status": "repeated"} | _say_message("repeated", path=first), same_as=first)
        seen[str(facts["sha256"])] = offer.name
        if known is None:
            raise UnreadableFile("format_unknown", where=offer.name)
        reading = _parse(known, source, options, folder, str(facts["sha256"]))
    except UnreadableFile as error:
        return Offered(facts | {"status": "unreadable"} | _say_error(error))
    except Exception as error:
        if alone:
            raise
        if isinstance(error, MemoryError):
            short = UnreadableFile("memory_short", where=offer.name)
            return Offered(facts | {"status": "unreadable"} | _say_error(short), fault=True)
        fault = UnreadableFile("reader_failed", where=offer.name, fault=f"{type(error).__name__}: {error}")
        return Offered(facts | {"status": "unreadable"} | _say_error(fault), fault=True)
    told = {name: value for name, value in reading.facts.items() if name in log.describe_columns()["sources"]}
    told = {"status": "read"} | told
    if told["status"] == "read" and told.get("rows") and not told.get("used"):
        told |= {"status": "empty", "message": told.get("message") or "nothing_used"}
    told |= _say_message(told.pop("message", None))
    return Offered(facts | {"format": reading.format} | told, reading)


def _parse(known: Format, source: Source, options: Options, folder: Path | None, digest: str) -> Reading:
    """Read one file, or recall what was read from the same content under the same name, in whatever archive."""
    within = source.name.partition("/")[2] or source.name
    entry = decode_cache.name_entry("file", digest, within, repr(options))
    if found := decode_cache.recall(folder, entry):
        return Reading(tables=found[0], **found[1])
    reading = known.parse(source, options)
    if any(len(table) for table in reading.tables.values()):
        facts = {"format": reading.format, "ledger": reading.ledger, "facts": reading.facts}
        decode_cache.keep(folder, entry, reading.tables, facts)
    return reading


def _identify(offer: Source, *, streams: bool) -> tuple[Source, str, int]:
    """Return a source to parse, with digest and length of its content: held in memory, unless its format streams."""
    if streams:
        digest, size = hashlib.sha256(), 0
        for block in offer.blocks():
            digest.update(block)
            size += len(block)
        return offer, digest.hexdigest(), size
    content = offer.read()
    held = replace(offer, opener=lambda: io.BytesIO(content), bound=len(content))
    return held, hashlib.sha256(content).hexdigest(), len(content)


def _say_error(error: UnreadableFile) -> dict[str, object]:
    """Return the columns of ``sources`` that have the message, one for each language."""
    return {message_column(lang): text for lang, text in error.texts.items()}


def _say_message(what: object, **values: object) -> dict[str, object]:
    """Return those columns for a key of ``[messages]``; a format from outside may give a sentence; none without one."""
    key, known = f"messages.{what}", words.knows(f"messages.{what}")
    return {message_column(lang): words.say(key, lang, **values) if known else what for lang in words.LANGUAGES if what}


def _is_ignored(name: str) -> bool:
    rules = reading_rules()["ignored"]
    path = PurePosixPath(name)
    return (
        path.name.lower() in rules["names"]
        or _suffix(name) in rules["suffixes"]
        or any(folder in rules["folders"] for folder in path.parts[:-1])
    )


def _is_expected_unknown(name: str) -> bool:
    return _suffix(name) in reading_rules()["ignored"]["suffixes_unless_known"]


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _recognise(source: Source) -> Format | None:
    return next((known for known in formats() if known.sniff(source.head, source.name)), None)
