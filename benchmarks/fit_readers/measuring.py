"""Measure readers in turn: each in its own process, all on the same files, one running at a time."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from benchmarks.fit_readers.environments import HERE, Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

TASKS = {"records": ("record",), "all three": ("record", "session", "lap")}
CHUNK = 128, 1 << 20  # files and bytes between two readers' turns, at most
PATIENCE = 300.0  # seconds for one order, after which a reader is given up

Answer = dict[str, Any]


@dataclass
class Measured:
    """What one reader did.

    Attributes
    ----------
    answers : dict
        By task and file name: one answer per round, `{"seconds": ..., "counts": [...]}` or `{"refused": ...}`.
    peaks : dict
        By file name: bytes by which memory rose.
    import_seconds : float or None
        Beyond NumPy and pandas.
    given_up : str
        Why it was not measured to the end, if it was not.
    """

    answers: dict[str, dict[str, list[Answer]]] = field(default_factory=lambda: {task: {} for task in TASKS})
    peaks: dict[str, float | None] = field(default_factory=dict)
    import_seconds: float | None = None
    given_up: str = ""


class Worker:
    """The process of one reader."""

    def __init__(self, reader: Reader) -> None:
        command = [str(reader.python), str(HERE / "worker.py"), reader.function]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, env=_surroundings()
        )

    def ask(self, **order: Any) -> Any:
        """Give an order and wait for the answer; RuntimeError when none comes."""
        inlet, outlet = self._process.stdin, self._process.stdout
        assert inlet is not None
        assert outlet is not None
        watch = threading.Timer(PATIENCE, self._process.kill)
        watch.start()
        try:
            inlet.write(json.dumps(order) + "\n")
            inlet.flush()
            line = outlet.readline()
        except BrokenPipeError:
            line = ""
        finally:
            watch.cancel()
        if not line:
            raise RuntimeError(f"its process ended (code {self._process.wait()})")
        return json.loads(line)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()


def _surroundings() -> dict[str, str]:
    """Environment variables: the checkout on the import path, modules compiled once, libraries held to one thread."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return {**kept, **threads, "PYTHONPATH": str(HERE.parents[1] / "src")}


def measure_times(
    readers: Sequence[Reader],
    files: Mapping[str, Sequence[Path]],
    rounds: Mapping[str, int],
    patience: float,
    tell: Callable[[str], None],
) -> dict[str, Measured]:
    """Time all readers on both tasks, in rounds, taking turns every few files, small ones among small ones.

    Parameters
    ----------
    readers : sequence of Reader
        Whom to measure.
    files, rounds : dict
        By reader: its files, and in how many rounds it takes part.
    patience : float
        Seconds after which slow readers take part in no further round.
    tell : callable
        Called with the progress.
    """
    start_time = monotonic()
    measured = {reader.name: Measured() for reader in readers}
    workers = {reader.name: Worker(reader) for reader in readers}
    chunks = divide({path: path.stat().st_size for chosen in files.values() for path in chosen})
    mine = {name: set(chosen) for name, chosen in files.items()}
    for reader in readers:
        if not reader.slow:  # what a reader keeps from file to file is kept before the clock starts
            for own in divide({path: path.stat().st_size for path in files[reader.name]}):
                names = [str(path) for path in own]
                _ask(workers[reader.name], Measured(), "all three", names, TASKS["all three"])
    for turn in range(max(rounds.values())):
        if turn and monotonic() - start_time > patience:
            rounds = {
                reader.name: min(turn, rounds[reader.name]) if reader.slow else rounds[reader.name]
                for reader in readers
            }
        for task, kinds in TASKS.items():
            for number, chunk in enumerate(chunks):
                tell(f"round {turn + 1} of {max(rounds.values())}, {task}: turn {number + 1} of {len(chunks)}")
                for name in _order(list(workers), turn):
                    own = [str(path) for path in chunk if path in mine[name]]
                    if own and turn < rounds[name] and not measured[name].given_up:
                        _ask(workers[name], measured[name], task, own, kinds)
    for worker in workers.values():
        worker.close()
    return measured


def divide(sizes: Mapping[Path, int]) -> list[list[Path]]:
    """Divide files, the smallest first, into what is read in one turn, so that small ones stand among small ones."""
    most_files, most_bytes = CHUNK
    chunks: list[list[Path]] = [[]]
    filled = 0
    for path, size in sorted(sizes.items(), key=lambda item: (item[1], item[0])):
        if chunks[-1] and (len(chunks[-1]) == most_files or filled + size > most_bytes):
            chunks.append([])
            filled = 0
        chunks[-1].append(path)
        filled += size
    return chunks


def _order(names: list[str], turn: int) -> list[str]:
    """Another reader starts in each round."""
    shift = turn % len(names)
    return names[shift:] + names[:shift]


def _ask(worker: Worker, measured: Measured, task: str, files: list[str], kinds: tuple[str, ...]) -> None:
    try:
        answers = worker.ask(task="time", files=files, kinds=kinds)
    except RuntimeError as error:
        measured.given_up = str(error)
        return
    for name, answer in zip(files, answers, strict=True):
        measured.answers[task].setdefault(name, []).append(answer)


def measure_peaks(reader: Reader, files: Sequence[Path], warm: Path, measured: Measured) -> None:
    """Measure how far memory rises, for each file in a fork of its own."""
    worker = Worker(reader)
    try:
        kinds = TASKS["records"]
        peaks = worker.ask(task="peak", files=[str(path) for path in files], kinds=kinds, warm=str(warm))
        measured.peaks = dict(zip([str(path) for path in files], peaks, strict=True))
    except RuntimeError as error:
        measured.given_up = measured.given_up or str(error)
    finally:
        worker.close()


def measure_import(reader: Reader, times: int) -> float | None:
    """Seconds that the import adds after NumPy and pandas; median of so many fresh interpreters."""
    code = (
        "import numpy, pandas, time; start = time.perf_counter(); "
        f"import {reader.imports}; print(time.perf_counter() - start)"
    )
    seconds = []
    for _ in range(times):
        done = subprocess.run(
            [str(reader.python), "-c", code], capture_output=True, text=True, check=False, env=_surroundings()
        )
        if done.returncode:
            return None
        seconds.append(float(done.stdout))
    return statistics.median(seconds)


class Progress:
    """One line on the terminal's error stream that overwrites itself; plain lines, fewer, elsewhere."""

    def __init__(self) -> None:
        self._start, self._last = monotonic(), -10.0

    def __call__(self, text: str) -> None:
        """Show the time so far and `text`."""
        now = monotonic() - self._start
        if sys.stderr.isatty():
            print(f"\r{now:5.0f} s  {text:<70}", end="", file=sys.stderr, flush=True)
        elif now - self._last > 10:
            self._last = now
            print(f"{now:5.0f} s  {text}", file=sys.stderr, flush=True)
