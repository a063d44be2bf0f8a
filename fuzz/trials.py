"""Reads mutants, and says what broke: what escapes but `UnreadableFile`, takes too long, or takes too much memory."""

from __future__ import annotations

import io
import os
import resource
import shutil
import signal
import tempfile
import time
import traceback
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from unittest import mock

import damage
import spoil
from invariants import check_log, look_further

import loadlens
from loadlens import files
from loadlens.formats import fit
from loadlens.formats.fit_messages import decode
from loadlens.formats.source import Options, Source, UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SLOW = 1.0  # s of this process for one file; in a folder half of it, and once for what is done with all files together
LONGEST = 20  # s of this process, after which a mutant hangs
PER_BYTE, FREE = 20, 100_000_000  # bytes of memory allowed for each of a file, and beyond
TOGETHER = 256  # mutants in a folder, and between two looks at the memory, which take longer than a small mutant
FEWER = 32  # of those mutants that are no FIT files: each of them may hold years
SOUND = "diary.csv", b"date,kind,value\n2024-03-01,pain,2\n"  # read beside them: a folder with it is never refused
os.environ.setdefault("TQDM_DISABLE", "1")  # before the first folder is read
BORDERS = ("decode", "parse", "read", "folder")
WHOLE = ("read", "folder")
"""The borders of what is no FIT file."""


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
    peak: int | None = None
    """Most bytes ever used up to the last read, without what is made of the log."""

    def note(self, problem: str, number: int) -> None:
        """Count something that broke."""
        self.came["broken"] += 1
        self.broken.setdefault(problem, []).append(number)


def run_trials(numbers: range, seeds: Sequence[Any], through: str, kind: str = "fit", slow: float = SLOW) -> Outcome:
    """Make the mutants of these numbers and read them up to one of `BORDERS`.

    In a folder `TOGETHER` of them are read at once; where that breaks, each of them is then read alone, and what breaks
    only together counts too.
    """
    outcome = Outcome()
    signal.signal(signal.SIGPROF, _stop)
    step = TOGETHER if kind == "fit" else FEWER if through == "folder" else 1
    with tempfile.TemporaryDirectory(dir=_memory_folder()) as place:
        for first in range(numbers.start, numbers.stop, step):
            group = range(first, min(first + step, numbers.stop))
            mutants = [(number, *make_mutant(number, seeds, kind)) for number in group]
            peak, before = peak_memory(), used_memory()
            if through == "folder":
                _try_folder(mutants, Path(place), outcome, kind, slow)
            else:
                for number, name, mutant in mutants:
                    read = partial(read_mutant, name, mutant, through, Path(place))
                    _try(read, number, f"{len(mutant):,} bytes of {name}", outcome, slow)
            now = peak_memory() if outcome.peak is None else outcome.peak
            grown = now - before if now > peak else 0  # below an earlier peak is little enough
            outcome.memory = max(outcome.memory, grown)
            longest = max(len(mutant) for _, _, mutant in mutants)
            if grown > PER_BYTE * longest + FREE:
                outcome.note(f"memory: {grown // 1_000_000} MB for {longest:,} bytes, or a file beside it", first)
    return outcome


def make_mutant(number: int, seeds: Sequence[Any], kind: str) -> tuple[str, bytes]:
    """Return the path under which a mutant is read, and its bytes."""
    if kind == "fit":
        return f"{number}.fit", damage.make_mutant(number, list(seeds))[1]
    name, mutant = spoil.make_mutant(number, seeds)
    return name, mutant


def _try_folder(mutants: list[tuple[int, str, bytes]], folder: Path, outcome: Outcome, kind: str, slow: float) -> None:
    """Read mutants as the files of a folder; where anything is wrong with that, each alone."""
    for number, name, mutant in mutants:
        _write(folder / (name if kind == "fit" else f"{number}/{name}"), mutant)
    if kind != "fit":
        _write(folder / SOUND[0], SOUND[1])
    first = mutants[0][0]
    together = Outcome()
    with _watched_parse() as (seconds, escaped):
        read = partial(_read_folder, folder, first, sound=kind != "fit")
        _try(read, first, "a folder", together, slow, lambda took: took - sum(seconds))
    if escaped:
        together.note(repr(escaped[0]), first)
    if max(seconds, default=0) > slow / 2:
        together.note("slow: one of them", first)
    _clear(folder)
    outcome.slowest, outcome.peak = max(outcome.slowest, together.slowest, *seconds), together.peak
    if not together.broken:
        outcome.came += together.came
        return
    known = outcome.came["broken"]
    for number, name, mutant in mutants:
        alone = partial(read_mutant, name, mutant, "read", folder)
        _try(alone, number, f"{len(mutant):,} bytes of {name}", outcome, slow)
    if outcome.came["broken"] == known:  # none is at fault alone
        for problem in together.broken:
            outcome.broken.setdefault(f"only in a folder: {problem}", []).append(first)


@contextmanager
def _watched_parse() -> Iterator[tuple[list[float], list[Exception]]]:
    """List how long each file takes that is parsed meanwhile, and what escapes: of a folder the rest goes on."""
    seconds: list[float] = []
    escaped: list[Exception] = []

    def watch(parse: Callable[..., Any]) -> Callable[..., Any]:
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

        return watched

    with ExitStack() as stack:
        for known in files.formats():
            stack.enter_context(mock.patch.object(known, "parse", watch(known.parse)))
        yield seconds, escaped


def _try(
    read: Callable[[], tuple[list[str], Callable[[int], None]]],
    number: int,
    what: str,
    outcome: Outcome,
    slow: float,
    count: Callable[[float], float] = lambda took: took,
) -> None:
    """Read under the watch of a clock, and note what came of it or broke; `count` says how much of the time counts.

    What is then looked at, once read, takes its own time.
    """
    start = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, LONGEST)
    took = None
    try:
        came, look = read()
        took = count(time.process_time() - start)
        outcome.peak = peak_memory()
        look(number)
        problem = None
    except Exception as error:  # noqa: BLE001 whatever escapes is what we look for
        problem = _tell(error)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    took = count(time.process_time() - start) if took is None else took
    outcome.slowest = max(outcome.slowest, took)
    if problem is None and took > slow:
        problem = f"slow: over {int(took)} s for {what}"
    if problem is None:
        outcome.came.update(came)
    else:
        outcome.note(problem, number)


def _tell(error: Exception) -> str:
    """Say what escaped and where: the frame of ours that is deepest, and the deepest of all."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "loadlens/" in frame.filename.rpartition("src/")[2]] or [frames[-1]]
    place = f"{PurePosixPath(own[-1].filename).stem}.{own[-1].name} line {own[-1].lineno}"
    return f"{type(error).__name__} in {place} ({frames[-1].name}): {error}"[:200]


def read_mutant(name: str, data: bytes, through: str, folder: Path) -> tuple[list[str], Callable[[int], None]]:
    """Read a mutant through the decoder, ``fit.parse`` or ``loadlens.read``; return what came of it, and a look."""
    try:
        if through == "decode":
            return [_decode(data)], _nothing
        if through == "parse":
            reading = fit.parse(Source("mutant.fit", data[:16384], lambda: io.BytesIO(data)), Options())
            facts = reading.facts
            if facts["used"] + facts["set_aside"] != facts["rows"]:  # type: ignore[operator]
                raise AssertionError(f"rows not accounted for: {facts}")
            return ["read"], _nothing
        path = folder / PurePosixPath(name).name
        path.write_bytes(data)
        try:
            log = loadlens.read(path, tz="Europe/Amsterdam" if len(data) % 2 else None, cache=False)
        finally:
            path.unlink()
    except UnreadableFile:
        return ["unreadable"], _nothing
    return ["read"], partial(_look, log)


def _read_folder(folder: Path, first: int, *, sound: bool) -> tuple[list[str], Callable[[int], None]]:
    """Read all files of a folder; with a sound one among them, the folder as a whole is never refused."""
    try:
        log = loadlens.read(folder, tz="Europe/Amsterdam" if first % 64 else None, cache=False)
    except UnreadableFile as error:
        if sound:
            raise AssertionError(f"a folder was refused: {error}") from error
        return ["unreadable"] * len(list(folder.iterdir())), _nothing  # not one of them holds anything
    came = ["unreadable" if status in ("unreadable", "empty") else "read" for status in log.sources["status"]]
    return came, partial(_look, log)


def _look(log: loadlens.RunningLog, number: int) -> None:
    """Look whether a log is what a log is, and at some also what is made of them."""
    check_log(log)
    look_further(log, number)


def _nothing(_: int) -> None:
    """Look no further."""


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _clear(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


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
