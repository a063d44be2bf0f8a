"""The task of a cohort: one participant is read and assessed, and what comes of it staged, whatever goes wrong.

It runs in any process, also on another machine that sees the same folders.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from loadlens import words
from loadlens.containers import list_files
from loadlens.decode_cache import describe_program, digest_file, name_entry
from loadlens.files import read
from loadlens.findings import assess
from loadlens.formats.profile_files import read_profiles
from loadlens.formats.source import UnreadableFile
from loadlens.guidance import Guidance, read_guidance
from loadlens.log import LogError
from loadlens.studies.cohort_staging import Outcome, recall, stage
from loadlens.studies.cohort_tables import OF_THE_LOG, cohort_bounds
from loadlens.studies.deidentification import deidentify, pseudonym
from loadlens.studies.participants import Participant, at_hand


@dataclass(frozen=True)
class Settings:
    """All that decides what comes of a participant, and where it goes.

    Attributes
    ----------
    root, out : str
        Where the participants lie, and where the results go; `out` is a path that every worker sees.
    guidance : Guidance or None
        None for the bundled one, which need not travel with every task.
    secret : bytes or None
        Key of pseudonyms and shifts; None leaves everything as it was recorded.
    arguments : dict
        What of this a result depends on, as the manifest tells it.
    program : str
        Digest of the program that hands out the tasks; a worker that has another one refuses.
    """

    root: str
    out: str
    tz: str | None
    profiles: tuple[str, ...]
    guidance: Guidance | None
    secret: bytes | None
    arguments: dict[str, Any]
    program: str


@cache
def bundled_guidance() -> Guidance:
    """Return the bundled document, read once for all participants of a process."""
    return read_guidance()


def describe_guidance(guidance: Guidance | None) -> dict[str, str]:
    """Return id, version and digest of a guidance document, limits that were moved included."""
    document = guidance or bundled_guidance()
    return {"id": document.key, "sha256": document.digest}


def digest_profiles(profiles: Sequence[str]) -> list[str]:
    """Return the digests of the profiles of CSV exports that lie at these paths.

    Raises
    ------
    UnreadableFile
        A profile is wrong.
    """
    read_profiles(*profiles)
    places = [file for given in profiles for file, _, _ in list_files(Path(given), "") if file.suffix == ".toml"]
    return [digest_file(place) for place in places]


@dataclass(frozen=True)
class _Offered:
    """The files of one participant: name, size and digest; and name, size and time of change, to see what changes."""

    files: list[tuple[str, int, str]]
    stamps: list[tuple[str, int, int]]


# ---------------------------------------------------------------- one participant
def assess_participant(settings: Settings, participant: Participant) -> Outcome:
    """Read, assess and stage one participant; whatever is wrong with it becomes the reason in its row.

    Parameters
    ----------
    settings : Settings
    participant : Participant

    Raises
    ------
    UnreadableFile
        This process has another version of the program than the one that hands out the tasks.
    """
    if describe_program() != settings.program:
        raise UnreadableFile("cohort_other_program")
    wall, processor = time.perf_counter(), time.process_time()
    outcome = _settle(settings, participant)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    return replace(outcome, seconds=wall, processor=processor, peak=_peak_memory())


def _settle(settings: Settings, participant: Participant) -> Outcome:
    public = name_publicly(participant, settings.secret)
    row: dict[str, object] = {"participant": public, "status": "failed"}
    if settings.secret is None:
        row["entry"] = participant.entry.encode("utf-8", "backslashreplace").decode()
    here = settings.root
    try:
        if participant.problem is not None:
            raise participant.problem
        with at_hand(settings.root, participant.entry) as place:
            here = str(place.parent)
            offered = _list_offered(place, participant.entry)
            row |= _tell_offered(offered, settings.secret)
            staged = _name_staged(settings, participant, offered)
            if (status := recall(settings.out, staged)) is not None:
                return Outcome(public, staged=staged, reused=True, failed=status == "failed")
            try:
                tables = _assess(settings, participant, place)
                row |= _tell_log(tables) | {"status": "assessed"}
            except (UnreadableFile, LogError) as error:  # the same files would give the same again
                tables = {}
                row |= _tell_failure(error, settings, here)
            if _stamp(place, participant.entry) != offered.stamps:
                raise UnreadableFile("cohort_files_changed", where=participant.entry)
            stage(settings.out, staged, public, tables | {"participants": pd.DataFrame([row])})
            return Outcome(public, staged=staged, failed=row["status"] == "failed")
    except Exception as error:  # noqa: BLE001 one participant must not end the run; the row says what happened
        row |= {"status": "failed"} | _tell_failure(error, settings, here)
        return Outcome(public, row=row, failed=True)


def name_publicly(participant: Participant, secret: bytes | None) -> str:
    """Return the name a participant has in the tables."""
    return participant.id if secret is None else pseudonym(participant.id, secret)


def tell_killed(participant: Participant, secret: bytes | None) -> Outcome:
    """Return the outcome of a participant whose process ended in the middle of it, more than once."""
    public = name_publicly(participant, secret)
    row: dict[str, object] = {"participant": public, "status": "failed"}
    if secret is None:
        row["entry"] = participant.entry.encode("utf-8", "backslashreplace").decode()
    return Outcome(public, row=row | _say("cohort.killed"), failed=True)


def _assess(settings: Settings, participant: Participant, place: Path) -> dict[str, pd.DataFrame]:
    """Return the tables of one participant; assessed on moved dates, where they move."""
    log = read(place, tz=settings.tz, profiles=settings.profiles, cache=False)
    if settings.secret is not None:
        log = deidentify(log, participant.id, settings.secret)
    found = assess(log, settings.guidance or bundled_guidance())
    return {name: getattr(log, name) for name in OF_THE_LOG} | {
        "assessments": found.days,
        "episodes": found.episodes,
        "alarms": found.alarms,
    }


def _list_offered(place: Path, entry: str) -> _Offered:
    files = []
    for path, name, closed in list_files(place, entry):
        digest = "closed" if closed else _digest(path)
        files.append((name.partition("/")[2], 0 if closed else path.stat().st_size, digest))
    return _Offered(files, _stamp(place, entry))


def _digest(path: Path) -> str:
    try:
        return digest_file(path)
    except OSError as error:  # reading it fails too, and says so in its row of sources
        return f"closed: {error.strerror}"


def _stamp(place: Path, entry: str) -> list[tuple[str, int, int]]:
    told = ((name, path.stat()) for path, name, closed in list_files(place, entry) if closed is None)
    return [(name, stat.st_size, stat.st_mtime_ns) for name, stat in told]


def _name_staged(settings: Settings, participant: Participant, offered: _Offered) -> str:
    """Return the name of the staged file: another content, argument or program has another name."""
    secret = None if settings.secret is None else settings.secret.hex()
    entry = participant.entry.encode("utf-8", "backslashreplace").decode()
    told = [(name.encode("utf-8", "backslashreplace").decode(), size, digest) for name, size, digest in offered.files]
    return name_entry("participant", entry, told, settings.arguments, secret)


# ---------------------------------------------------------------- its row
def _tell_offered(offered: _Offered, secret: bytes | None) -> dict[str, object]:
    """Return what is known of the files before they are read; a digest that only the holder of a secret can compare."""
    content = repr(sorted((size, digest) for _, size, digest in offered.files)).encode()
    digest = hashlib.sha256(content) if secret is None else hmac.new(secret, content, "sha256")
    told: dict[str, object] = {"files": len(offered.files), "content": digest.hexdigest()}
    return told if secret is not None else told | {"bytes": sum(size for _, size, _ in offered.files)}


def _tell_log(tables: dict[str, pd.DataFrame]) -> dict[str, object]:
    days, activities, status = tables["days"], tables["activities"], tables["sources"]["status"]
    states = days["state"].value_counts()
    return {
        "first_date": days["date"].iloc[0],
        "last_date": days["date"].iloc[-1],
        "days": len(days),
        **{f"days_{state}": int(states.get(state, 0)) for state in ("run", "rest", "unknown")},
        "activities": len(activities),
        "runs": int((activities["sport"] == "run").sum()),
        "sources_read": int(status.isin(["read", "damaged"]).sum()),
        "sources_unreadable": int((status == "unreadable").sum()),
    }


def _tell_failure(error: Exception, settings: Settings, here: str) -> dict[str, object]:
    """Return the reason in every language, without places on this machine; without any content where it is secret."""
    fault = type(error).__name__
    if settings.secret is not None:
        return _say("cohort.failed_withheld", fault=fault)
    if isinstance(error, UnreadableFile):
        said: dict[str, object] = {_reason(lang): text for lang, text in error.texts.items()}
    elif isinstance(error, MemoryError):
        said = _say("cohort.failed_memory")
    else:
        said = _say("cohort.failed_fault", fault=f"{fault}: {error}{_tell_line(error)}")
    most = cohort_bounds()["reason_characters_at_most"]
    return {name: str(text).replace(f"{here}{os.sep}", "")[:most] for name, text in said.items()}


def _tell_line(error: Exception) -> str:
    """Return the last line of ours that led to a fault, for whoever mends it."""
    package = Path(__file__).parents[1]
    ours = [one for one in traceback.extract_tb(error.__traceback__) if package in Path(one.filename).parents]
    return f" ({Path(ours[-1].filename).name}:{ours[-1].lineno})" if ours else ""


def _say(key: str, **values: object) -> dict[str, object]:
    return {_reason(lang): words.say(key, lang, **values) for lang in words.LANGUAGES}


def _reason(lang: str) -> str:
    return "reason" if lang == "en" else f"reason_{lang}"


def _peak_memory() -> int:
    """Return the most memory this process ever held, in bytes; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)
