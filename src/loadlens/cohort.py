"""Many participants: each is read and assessed by itself, and together they become one honest set of tables.

One task a participant, for any executor: a pool of processes by default, a Dask cluster's on a cluster. What a task
made is staged under a digest of all that decided it, so that a run that was stopped goes on where it was and gives the
same bytes. A participant that fails is a row with its reason, and the rest goes on.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import pandas as pd
from tqdm import tqdm

from loadlens import words
from loadlens.decode_cache import describe_program
from loadlens.files import known_zone
from loadlens.formats.source import UnreadableFile
from loadlens.guidance import Guidance
from loadlens.studies import cohort_report
from loadlens.studies.cohort_csv import write_csv
from loadlens.studies.cohort_exposures import case_crossover, exposures, find_onsets
from loadlens.studies.cohort_manifest import NAME, add_reports, sum_up_run, write_json, write_manifest
from loadlens.studies.cohort_pool import run_tasks
from loadlens.studies.cohort_splits import LeakError, assign_folds, check_split, split_by_athlete, split_forward
from loadlens.studies.cohort_staging import STATE, UNFINISHED, Outcome, Part, join_participants
from loadlens.studies.cohort_tables import TABLES, cohort_bounds, describe_tables, import_arrow, load, load_groups
from loadlens.studies.cohort_tasks import (
    Settings,
    assess_participant,
    describe_guidance,
    digest_profiles,
    name_publicly,
    tell_killed,
)
from loadlens.studies.exposure_tables import account_onsets, indicate_bands
from loadlens.studies.leak_audit import audit_leaks, tell_audit
from loadlens.studies.participants import find_participants, is_remote

__all__ = ["TABLES", "describe_tables", "load", "load_groups", "run", "write_csv"]
__all__ += ["LeakError", "account_onsets", "assign_folds", "audit_leaks", "case_crossover", "check_split", "exposures"]
__all__ += ["find_onsets", "indicate_bands", "split_by_athlete", "split_forward", "tell_audit"]

R = TypeVar("R")


def run(
    root: str | Path,
    out: str | Path,
    executor: Executor | None = None,
    *,
    jobs: int | None = None,
    tz: str | None = None,
    profiles: Sequence[str | Path] = (),
    guidance: Guidance | None = None,
    secret: bytes | None = None,
    lang: str = "en",
) -> pd.DataFrame:
    """Read and assess every participant in a folder, and write one set of tables.

    Parameters
    ----------
    root : str or Path
        Folder with a folder or zip for each participant; or any URL of fsspec, e.g. ``"s3://bucket/study"``.
    out : str or Path
        Folder of the results, made when absent. A run into the folder of an earlier one does only what is new or
        changed, and what is no longer in `root` leaves the tables.
    executor : Executor, optional
        Where the tasks run: any of ``concurrent.futures``, or what ``get_executor()`` of a Dask client gives. Its
        workers must see `root` and `out` under the same paths. A pool of processes of our own when left out.
    jobs : int, optional
        Processes of our own pool; the number of processors when left out. With 1 everything runs in this process.
    tz : str, optional
        IANA time zone in which days are counted where a file does not say.
    profiles : sequence of str or Path, optional
        Your own profiles of CSV exports, as for `loadlens.read`.
    guidance : Guidance, optional
        The bundled document on runner's knee when left out.
    secret : bytes, optional
        Key by which participants are de-identified; nothing is when left out.
    lang : {"en", "nl"}
        Language of the progress and of the report.

    Returns
    -------
    DataFrame
        The table ``participants``: one row each, also of those that failed, with the reason.

    Raises
    ------
    UnreadableFile
        `root` holds no participants, `out` is the same folder, an argument is wrong, or the executor broke; what was
        done until then is kept for the next run.

    Notes
    -----
    ``tables/<name>/part-00000.parquet`` hold the tables (`load`, `load_groups`), ``manifest.json`` all that decided
    them and a digest of each file, ``report.html`` the report. The same input, arguments and program give the same
    bytes, whatever the executor and however often the run was stopped. A script that leaves `executor` and `jobs` to us
    calls this under ``if __name__ == "__main__":``, for each process of the pool imports the script.
    """
    begin = time.perf_counter()
    import_arrow()
    place = str(root) if is_remote(str(root)) else str(Path(root).expanduser().absolute())
    folder = Path(out).expanduser().absolute()
    if not is_remote(place) and folder.resolve() == Path(place).resolve():
        raise UnreadableFile("cohort_same_folder", where=str(out))
    if jobs is not None and jobs < 1:
        raise UnreadableFile("cohort_jobs", jobs=str(jobs))
    given = tuple(str(Path(path).expanduser().absolute()) for path in profiles)
    arguments = {
        "tz": known_zone(tz),
        "profiles": digest_profiles(given),
        "guidance": describe_guidance(guidance),
        "deidentified": secret is not None,
    }
    settings = Settings(place, str(folder), tz, given, guidance, secret, arguments, describe_program())
    participants, ignored = find_participants(place, folder)
    for one in participants[:1] if secret is not None else []:
        name_publicly(one, secret)  # refuses a key that is too short, before anything is done with it
    _begin(folder)
    processes = 0 if executor is not None else jobs or os.cpu_count() or 1
    work, killed = partial(assess_participant, settings), partial(tell_killed, secret=secret)
    done = run_tasks(work, participants, executor, processes, killed)
    outcomes = _sort(_show(done, len(participants), "cohort.unit_participants", lang))
    groups = _group(outcomes)
    joined = run_tasks(partial(join_participants, str(folder)), groups, executor, min(processes, len(groups)), None)
    parts = [part for group in _show(joined, len(groups), "cohort.unit_parts", lang) for part in group]
    _drop_stale(folder, outcomes, parts)
    write_manifest(settings, outcomes, ignored, parts)
    add_reports(folder, cohort_report.write(folder, lang, guidance))
    write_json(folder / "run.json", sum_up_run(outcomes, time.perf_counter() - begin, processes or None))
    return load(folder, "participants")


def _begin(folder: Path) -> None:
    """Make the folder of the results; until the run is finished nothing in it counts as a cohort."""
    (folder / STATE).mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / NAME).unlink(missing_ok=True)
    for left in [*folder.glob(f"{STATE}/*/{UNFINISHED}*"), *folder.glob(f"tables/*/{UNFINISHED}*")]:
        left.unlink()


def _show(results: Iterable[R], total: int, unit: str, lang: str) -> Iterator[R]:
    """Show how many are done, how fast, and how long it takes to the end."""
    yield from tqdm(results, total=total, unit=f" {words.say(unit, lang)}", delay=1, smoothing=0.05)


def _sort(outcomes: Iterable[Outcome]) -> list[Outcome]:
    ordered = sorted(outcomes, key=lambda one: one.participant)
    for one, other in pairwise(ordered):
        if one.participant == other.participant:
            raise UnreadableFile("cohort_same_name", where=one.participant)
    return ordered


def _group(outcomes: Sequence[Outcome]) -> list[tuple[int, list[Outcome]]]:
    """Return the participants that share a part, numbered."""
    size = cohort_bounds()["participants_per_part"]
    starts = range(0, len(outcomes), size)
    return [(number, list(outcomes[start : start + size])) for number, start in enumerate(starts)]


def _drop_stale(folder: Path, outcomes: Sequence[Outcome], parts: Sequence[Part]) -> None:
    """Delete what an earlier run left and no participant of this one needs: who was taken out leaves no trace."""
    current = {folder / part.path for part in parts}
    kept = {one.staged for one in outcomes}
    for path in folder.glob("tables/*/part-*.parquet"):
        if path not in current:
            path.unlink()
    for path in folder.glob(f"{STATE}/*/*"):
        if path.name not in kept:
            path.unlink()
    for empty in folder.glob(f"{STATE}/*"):
        if not any(empty.iterdir()):
            empty.rmdir()
