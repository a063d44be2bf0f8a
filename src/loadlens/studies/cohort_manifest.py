"""The manifest of a cohort: all that decides the tables, and a digest of each file, so that a number can be defended.

Nothing in it depends on when, where or by how many processes it was made: the same input and program give the same
manifest, to the byte. How long it took stands in ``run.json``, which no digest covers.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from loadlens import __version__
from loadlens.decode_cache import COMPUTES, digest_file
from loadlens.studies.cohort_staging import Outcome, Part, written_whole
from loadlens.studies.cohort_tables import TABLES, arrow_schema
from loadlens.studies.cohort_tasks import Settings
from loadlens.studies.participants import Ignored

NAME = "manifest.json"


def write_manifest(
    settings: Settings, outcomes: Sequence[Outcome], ignored: Sequence[Ignored], parts: Sequence[Part]
) -> dict[str, Any]:
    """Write the manifest of finished tables and return it.

    Parameters
    ----------
    settings : Settings
    outcomes : sequence of Outcome
        One for each participant.
    ignored : sequence of Ignored
        Entries that were no participants; only their number is told when names are secret.
    parts : sequence of Part
        All files of all tables.
    """
    told = {
        "loadlens": __version__,
        "program": settings.program,
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in COMPUTES},
        # a time zone tells where people live: with names secret, it is not told
        "arguments": settings.arguments | ({"tz": None} if settings.secret is not None else {}),
        "participants": {
            "found": len(outcomes),
            "assessed": sum(not one.failed for one in outcomes),
            "failed": sum(one.failed for one in outcomes),
        },
        "ignored": _tell_ignored(ignored, secret=settings.secret is not None),
        "tables": {name: _tell_table(name, parts) for name in TABLES},
        "files": {
            part.path: {"sha256": part.sha256, "bytes": part.bytes, "rows": part.rows}
            for part in sorted(parts, key=lambda part: part.path)
        },
        "digest": digest_parts(parts),
    }
    write_json(Path(settings.out) / NAME, told)
    return told


def digest_parts(parts: Sequence[Part]) -> str:
    """Return one digest of all files of all tables: their paths and digests, a line each, in order of the paths."""
    lines = sorted(f"{part.path} {part.sha256}\n" for part in parts)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def add_reports(out: Path, paths: Sequence[Path]) -> None:
    """Name the reports in the manifest; apart from the tables, for their language changes nothing in those."""
    told = json.loads((out / NAME).read_text("utf-8"))
    told["reports"] = {path.relative_to(out).as_posix(): digest_file(path) for path in sorted(paths)}
    write_json(out / NAME, told)


def write_json(path: Path, told: dict[str, Any]) -> None:
    """Write a file whole or not at all."""
    with written_whole(path) as stream:
        stream.write(json.dumps(told, indent=1, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n")


def sum_up_run(outcomes: Sequence[Outcome], seconds: float, jobs: int | None) -> dict[str, Any]:
    """Return what a run took, for ``run.json``: of participants that were done before, nothing counts.

    Parameters
    ----------
    outcomes : sequence of Outcome
    seconds : float
        From beginning to end [s].
    jobs : int or None
        Processes; None where the executor is not ours.
    """
    fresh = [one for one in outcomes if not one.reused]
    return {
        "seconds": round(seconds, 3),
        "processes": jobs,
        "participants": len(outcomes),
        "reused": len(outcomes) - len(fresh),
        "processor_seconds_per_participant": round(sum(one.processor for one in fresh) / max(len(fresh), 1), 4),
        "slowest_participant_seconds": round(max((one.seconds for one in fresh), default=0.0), 3),
        "peak_bytes_of_a_process": max((one.peak for one in fresh), default=0),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _tell_ignored(ignored: Sequence[Ignored], *, secret: bool) -> Any:
    if secret:
        return dict(sorted(Counter(one.why for one in ignored).items()))
    return [asdict(one) for one in sorted(ignored, key=lambda one: one.entry)]


def _tell_table(table: str, parts: Sequence[Part]) -> dict[str, Any]:
    own = [part for part in parts if part.table == table]
    columns = {field.name: str(field.type) for field in arrow_schema(table)}
    return {"rows": sum(part.rows for part in own), "parts": len(own), "columns": columns}
