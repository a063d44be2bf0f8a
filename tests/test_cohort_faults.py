"""What goes wrong with one participant, or with a process, costs nobody else anything."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from concurrent.futures import Executor, Future
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

import loadlens as ll
from cohort_folders import a_list, run_quickly, write_lists
from loadlens.formats.source import UnreadableFile
from loadlens.simulators.simulated_exports import fit_file
from loadlens.studies import cohort_pool, cohort_tables, cohort_tasks
from loadlens.studies.participants import Participant

pytest.importorskip("pyarrow")


def reasons(found: pd.DataFrame) -> dict[str, str]:
    failed = found[found["status"] == "failed"].set_index("participant")
    assert failed["reason_nl"].notna().all()
    return failed["reason"].to_dict()


# ---------------------------------------------------------------- hostile participants
def test_each_hostile_participant_is_a_row_with_its_reason_and_the_others_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    root = write_lists(tmp_path / "root", "a_good", "closed", "z_good")
    for name in ("bomb", "fit", "nonsense", "empty"):
        (root / name).mkdir()
    with zipfile.ZipFile(root / "bomb" / "export.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("activities.csv", b"Activity ID,Activity Date\n" + bytes(80_000_000))
    (root / "fit" / "run.fit").write_bytes(fit_file([])[:-2] + b"\xff\xff")
    with (root / "nonsense" / "Activities.csv").open("wb") as file:  # past the limit of tables; the rest is never read
        file.write(b"lorem;ipsum,dolor\n1,2\t3\n" * 1000)
        file.truncate(250_000_000)
    (root / "damaged.zip").write_bytes(b"PK\x03\x04 and nothing of a zip")
    refuse_opening(root / "closed" / "Activities.csv", monkeypatch)
    found = run_quickly(root, tmp_path / "out")
    assert found.set_index("participant")["status"].to_dict() == {
        "a_good": "assessed", "bomb": "failed", "closed": "failed", "damaged": "failed", "empty": "failed",
        "fit": "failed", "nonsense": "failed", "z_good": "assessed",
    }  # fmt: skip
    said = reasons(found)
    assert "which no export of its size does" in said["bomb"]
    assert "the zip is damaged" in said["damaged"]
    assert "no files at all" in said["empty"]
    assert "fit/run.fit" in said["fit"]
    assert "larger than 200,000,000 bytes" in said["nonsense"]
    assert "cannot be opened (Permission denied)" in said["closed"]
    assert len(ll.cohort.load(tmp_path / "out", "activities")) == 4
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["participants"] == {"found": 8, "assessed": 2, "failed": 6}


def refuse_opening(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Close a file to this process, also to root, whom no permission stops."""
    real = Path.open

    def opened(path: Path, *given: object, **named: object) -> object:
        if path == place:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *given, **named)

    monkeypatch.setattr(Path, "open", opened)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyError("weight"), "KeyError: 'weight'"),
        (MemoryError(), "more memory than a process may have"),
        (RecursionError("too deep"), "RecursionError: too deep"),
    ],
)
def test_a_fault_of_ours_costs_one_participant_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
):
    root, out, real = write_lists(tmp_path / "root", "a", "b", "c"), tmp_path / "out", cohort_tasks.assess

    def faulty(log: ll.RunningLog, *given: object) -> ll.Assessment:
        if log.activities["distance"].max() == 11_000:  # of b
            raise error
        return real(log, *given)

    monkeypatch.setattr(cohort_tasks, "assess", faulty)
    found = run_quickly(root, out)
    assert list(reasons(found)) == ["b"]
    assert said in reasons(found)["b"]
    assert str(tmp_path) not in reasons(found)["b"]
    monkeypatch.undo()
    assert run_quickly(root, out)["status"].tolist() == ["assessed"] * 3
    assert json.loads((out / "run.json").read_text())["reused"] == 2


def test_files_that_change_while_they_are_read_are_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    root, real = write_lists(tmp_path / "root", "a"), cohort_tasks.read

    def slow(place: Path, **given: object) -> ll.RunningLog:
        log = real(place, **given)
        (place / "Activities.csv").write_bytes(a_list(21.1))
        return log

    monkeypatch.setattr(cohort_tasks, "read", slow)
    assert "changed while they were read" in reasons(run_quickly(root, tmp_path / "out"))["a"]


def test_names_and_texts_that_are_no_utf8_are_written_as_escapes(tmp_path: Path):
    root = write_lists(tmp_path / "root", "a")
    try:
        (root / os.fsdecode(b"caf\xe9")).mkdir()
    except OSError:
        pytest.skip("this system has names in UTF-8 only")
    found = run_quickly(root, tmp_path / "out")
    assert found["participant"].tolist() == ["a", r"caf\udce9"]


def test_with_a_secret_no_reason_quotes_a_file_and_no_name_is_told(tmp_path: Path):
    root = write_lists(tmp_path / "root", "Jansen")
    (root / "Pietersen").mkdir()
    (root / "Pietersen" / "runs of Pietersen.csv").write_bytes(b"a,b\nPietersen,2\n")
    (root / "list of Pietersen.txt").write_bytes(b"Pietersen")
    found = run_quickly(root, tmp_path / "out", secret=bytes(range(32)))
    assert found["status"].value_counts().to_dict() == {"assessed": 1, "failed": 1}
    assert found["participant"].str.fullmatch("p[0-9a-f]{16}").all()
    assert found[["entry", "bytes"]].isna().all(axis=None)
    assert "left out" in next(iter(reasons(found).values()))
    for path in (path for path in (tmp_path / "out").rglob("*") if path.is_file()):
        assert b"etersen" not in path.read_bytes() + bytes(path)
    for name in cohort_tables.TABLES:
        shown = ll.cohort.load(tmp_path / "out", name).to_csv()
        assert "etersen" not in shown
        assert "Jansen" not in shown


def test_a_key_that_is_too_short_is_refused_before_anything_is_done(tmp_path: Path):
    root = write_lists(tmp_path / "root", "a")
    with pytest.raises(ll.LogError):
        run_quickly(root, tmp_path / "out", secret=b"short")
    assert not (tmp_path / "out").exists()


# ---------------------------------------------------------------- processes that die
def square(number: int) -> int:
    return number * number


def square_or_die(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def claim(size: int) -> str:
    try:
        return f"got {len(bytearray(size))}"
    except MemoryError:
        return "refused"


def lost(number: int) -> int:
    return -number


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
def test_a_killed_process_loses_its_own_task_alone():
    assert sorted(cohort_pool.run_tasks(square_or_die, range(6), None, 2, lost)) == [-3, 0, 1, 4, 16, 25]


def test_memory_of_a_process_is_bounded(monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("resource")
    bounds = cohort_tables.cohort_bounds() | {"process_bytes_at_most": 4_000_000_000}
    monkeypatch.setattr(cohort_pool, "cohort_bounds", lambda: bounds)
    assert list(cohort_pool.run_tasks(claim, [5_000_000_000, 1000], None, 2, None)) in (
        ["refused", "got 1000"], ["got 1000", "refused"],
    )  # fmt: skip


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="where processes cannot be looked at")
def test_processes_of_the_pool_end_with_the_one_that_opened_them(tmp_path: Path):
    script = tmp_path / "hold.py"
    script.write_text(
        "import os, time\n"
        "from loadlens.studies import cohort_pool\n"
        "if __name__ == '__main__':\n"
        "    pool = cohort_pool._open_pool(1)\n"
        "    print(pool.submit(os.getpid).result(), flush=True)\n"
        "    time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert Path(f"/proc/{child}").exists()
        parent.kill()
        parent.wait()
        deadline = time.monotonic() + 30
        while is_running(child):
            assert time.monotonic() < deadline, "it outlives its parent"
            time.sleep(0.05)


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class KilledWorker(Exception):
    """As Dask names what it raises for a task whose workers died."""


class Elsewhere(Executor):
    """An executor that fails on one participant with a given error, and counts how much it holds at a time."""

    def __init__(self, error: Exception | None, on: str = "b") -> None:
        self.error, self.on, self.held, self.most = error, on, [], 0

    def submit(self, work, /, task):
        future: Future = Future()
        self.held.append((future, work, task))
        self.most = max(self.most, len(self.held))
        if len(self.held) == 2 or getattr(task, "id", None) == "c" or isinstance(task, tuple):
            while self.held:
                self.settle(*self.held.pop(0))
        return future

    def settle(self, future, work, task):
        if self.error is not None and isinstance(task, Participant) and task.id == self.on:
            future.set_exception(self.error)
        else:
            future.set_result(work(task))


def test_a_participant_that_kills_the_workers_of_a_cluster_is_a_row(tmp_path: Path):
    root = write_lists(tmp_path / "root", "a", "b", "c")
    found = run_quickly(root, tmp_path / "out", Elsewhere(KilledWorker("b")))
    assert found["status"].tolist() == ["assessed", "failed", "assessed"]
    assert "killed twice" in reasons(found)["b"]
    assert ll.cohort.load(tmp_path / "out", "days")["participant"].unique().tolist() == ["a", "c"]


def test_an_error_of_the_cluster_ends_the_run_and_the_next_one_goes_on(tmp_path: Path):
    root, out = write_lists(tmp_path / "root", "a", "b", "c"), tmp_path / "out"
    with pytest.raises(OSError, match="the scheduler is gone"):
        run_quickly(root, out, Elsewhere(OSError("the scheduler is gone")))
    assert not (out / "manifest.json").exists()
    assert run_quickly(root, out)["status"].tolist() == ["assessed"] * 3
    assert json.loads((out / "run.json").read_text())["reused"] >= 1


def test_a_worker_with_another_program_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    root = write_lists(tmp_path / "root", "a")
    monkeypatch.setattr(cohort_tasks, "describe_program", lambda: "another")
    with pytest.raises(UnreadableFile, match="a worker has another version"):
        run_quickly(root, tmp_path / "out")


def test_an_executor_holds_a_bounded_number_of_tasks(monkeypatch: pytest.MonkeyPatch):
    bounds = cohort_tables.cohort_bounds() | {"tasks_in_flight": 7}
    monkeypatch.setattr(cohort_pool, "cohort_bounds", lambda: bounds)
    executor = Waiting()
    assert sorted(cohort_pool.run_tasks(square, range(100), executor, 0, None)) == [n * n for n in range(100)]
    assert executor.most == 7


class Waiting(Executor):
    """An executor that does nothing until it can hold no more, as far as it knows."""

    def __init__(self) -> None:
        self.held: list[tuple[Future, partial]] = []
        self.given = self.most = 0

    def submit(self, work, /, task):
        future: Future = Future()
        self.held.append((future, partial(work, task)))
        self.given += 1
        self.most = max(self.most, len(self.held))
        if len(self.held) == 7 or self.given > 93:
            while self.held:
                waiting, todo = self.held.pop()
                waiting.set_result(todo())
        return future
