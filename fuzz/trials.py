"""Reads mutants, and says what broke: what escapes but `UnreadableFile`, takes too long, or takes too much memory."""

from __future__ import annotations

import io
import os
import resource
import signal
import tempfile
import time
import traceback
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from damage import make_mutant

import loadlens
from loadlens.formats import fit
from loadlens.formats.fit_messages import decode
from loadlens.formats.source import Options, Source, UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from damage import Seed

SLOW = 1.0  # s of this process for one file; in a folder half of it, and once for what is done with all files together
LONGEST = 20  # s of this process, after which a mutant hangs
PER_BYTE, FREE = 20, 100_000_000  # bytes of memory allowed for each of a file, and beyond
TOGETHER = 256  # mutants in a folder, and between two looks at the memory, which take longer than a small mutant
os.environ.setdefault("TQDM_DISABLE", "1")  # before the first folder is read
BORDERS = ("decode", "parse", "read", "folder")


@dataclass
class Outcome:
    """What came of mutants.

    Attributes
    ----------
    came : Counter
        How many were read, refused, ...
    broken : dict of str to (int, list of int)
        By what broke: how many, and the numbers of the first few.
    slowest : float
        Most seconds for one, or for what is done with all files of a folder together.
    memory : int
        Most bytes by which memory grew in `TOGETHER` of them.
    """

    came: Counter[str] = field(default_factory=Counter)
    broken: dict[str, list[int]] = field(default_factory=dict)
    slowest: float = 0.0
    memory: int = 0

    def note(self, problem: str, number: int) -> None:
        """Count something that broke."""
        self.came["broken"] += 1
        self.broken.setdefault(problem, []).append(number)


def run_trials(numbers: range, seeds: list[Seed], through: str) -> Outcome:
    """Make the mutants of these numbers and read them up to one of `BORDERS`.

    In a folder `TOGETHER` of them are read at once; where that breaks, each of them is then read alone, and what breaks
    only together counts too.
    """
    outcome = Outcome()
    signal.signal(signal.SIGPROF, _stop)
    with tempfile.TemporaryDirectory(dir=_memory_folder()) as place:
        for first in range(numbers.start, numbers.stop, TOGETHER):
            group = range(first, min(first + TOGETHER, numbers.stop))
            mutants = [(number, make_mutant(number, seeds)[1]) for number in group]
            peak, before = peak_memory(), used_memory()
            if through == "folder":
                _try_folder(mutants, Path(place), outcome)
            else:
                for number, mutant in mutants:
                    _try(partial(read_mutant, mutant, through, Path(place)), number, len(mutant), outcome)
            now = peak_memory()
            grown = now - before if now > peak else 0  # below an earlier peak is little enough
            outcome.memory = max(outcome.memory, grown)
            longest = max(len(mutant) for _, mutant in mutants)
            if grown > PER_BYTE * longest + FREE:
                outcome.note(f"memory: {grown // 1_000_000} MB for {longest:,} bytes, or a file beside it", first)
    return outcome


def _try_folder(mutants: list[tuple[int, bytes]], folder: Path, outcome: Outcome) -> None:
    """Read mutants as the files of a folder; where anything is wrong with that, each alone."""
    for number, mutant in mutants:
        (folder / f"{number}.fit").write_bytes(mutant)
    together = Outcome()
    with _watched_parse() as (seconds, escaped):
        _try(partial(_read_folder, folder), mutants[0][0], 0, together, lambda took: took - sum(seconds))
    if escaped:
        together.note(repr(escaped[0]), mutants[0][0])
    if max(seconds, default=0) > SLOW / 2:
        together.note("slow: one of them", mutants[0][0])
    for number, _ in mutants:
        (folder / f"{number}.fit").unlink()
    outcome.slowest = max(outcome.slowest, together.slowest, *seconds)
    if not together.broken:
        outcome.came += together.came
        return
    known = outcome.came["broken"]
    for number, mutant in mutants:
        _try(partial(read_mutant, mutant, "read", folder), number, len(mutant), outcome)
    if outcome.came["broken"] == known:  # none is at fault alone
        for problem in together.broken:
            outcome.broken.setdefault(f"only in a folder: {problem}", []).append(mutants[0][0])


@contextmanager
def _watched_parse() -> Iterator[tuple[list[float], list[Exception]]]:
    """List how long each file takes that is parsed meanwhile, and what escapes: of a folder the rest goes on."""
    seconds: list[float] = []
    escaped: list[Exception] = []
    parse = fit.parse

    def watched(*given: Any) -> Any:
        start = time.process_time()
        try:
            return parse(*given)
        except UnreadableFile:
            raise
        except Exception as error:
            escaped.append(error)
            raise
        finally:
            seconds.append(time.process_time() - start)

    fit.parse = watched
    try:
        yield seconds, escaped
    finally:
        fit.parse = parse


def _try(
    read: Callable[[], list[str]],
    number: int,
    size: int,
    outcome: Outcome,
    count: Callable[[float], float] = lambda took: took,
) -> None:
    """Read under the watch of a clock, and note what came of it or broke; `count` says how much of the time counts."""
    start = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, LONGEST)
    try:
        came, problem = read(), None
    except Exception as error:  # noqa: BLE001 whatever escapes is what we look for
        at = traceback.extract_tb(error.__traceback__)[-1]
        own = [frame for frame in traceback.extract_tb(error.__traceback__) if "loadlens" in frame.filename] or [at]
        problem = f"{type(error).__name__} in {own[-1].name} line {own[-1].lineno} ({at.name}): {error}"[:160]
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    took = count(time.process_time() - start)
    outcome.slowest = max(outcome.slowest, took)
    if problem is None and took > SLOW:
        problem = f"slow: over {int(took)} s for {size:,} bytes"
    if problem is None:
        outcome.came.update(came)
    else:
        outcome.note(problem, number)


def read_mutant(data: bytes, through: str, folder: Path) -> list[str]:
    """Read a mutant through the decoder, ``fit.parse`` or ``loadlens.read``; return what came of it."""
    try:
        if through == "decode":
            return [_decode(data)]
        if through == "parse":
            reading = fit.parse(Source("mutant.fit", data[:16384], lambda: io.BytesIO(data)), Options())
            facts = reading.facts
            if facts["used"] + facts["set_aside"] != facts["rows"]:  # type: ignore[operator]
                raise AssertionError(f"rows not accounted for: {facts}")
        else:
            path = folder / "mutant.fit"
            path.write_bytes(data)
            _check(loadlens.read(path, cache=False))
    except UnreadableFile:
        return ["unreadable"]
    return ["read"]


def _read_folder(folder: Path) -> list[str]:
    """Read all files of a folder."""
    try:
        log = loadlens.read(folder, cache=False)
    except UnreadableFile:  # not one of them holds anything
        return ["unreadable"] * len(list(folder.iterdir()))
    _check(log)
    return ["unreadable" if status in ("unreadable", "empty") else "read" for status in log.sources["status"]]


def _check(log: loadlens.RunningLog) -> None:
    """Look whether every row of every file is accounted for."""
    rows = log.sources[["used", "set_aside", "rows"]].fillna(0)
    wrong = rows["used"] + rows["set_aside"] != rows["rows"]
    if wrong.any():
        raise AssertionError(f"rows not accounted for: {log.sources.loc[wrong].iloc[0].to_dict()}")


def _decode(data: bytes) -> str:
    """Decode every message and field, and look whether each column has a value for each message."""
    messages = decode(data, unknown=True)
    for name in messages.names:
        count = messages.count(name)
        wrong = [key for key, column in messages.columns(name).items() if len(column) != count]
        if wrong:
            raise AssertionError(f"{name}: not {count} values in {wrong}")
    return "damaged" if messages.problems else "sound"


def _stop(*_: object) -> None:
    raise TimeoutError(f"no end after {LONGEST} s")


def _memory_folder() -> str | None:
    """Return a folder that lies in memory, where there is one."""
    return next((place for place in ("/dev/shm",) if Path(place).is_dir()), None)


def peak_memory() -> int:
    """Return the most bytes this process has ever used."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def used_memory() -> int:
    """Return the bytes this process uses now."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize()
