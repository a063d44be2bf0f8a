"""Hands tasks to an executor, a bounded number at a time, and gives results as they come.

Of our own pool a process may be killed: the tasks it took with it are tried again one by one, each in a process of its
own, so that the one that ends its process is known and the others are done.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from queue import SimpleQueue
from typing import TypeVar

from loadlens.formats.source import UnreadableFile
from loadlens.studies.cohort_tables import cohort_bounds

T = TypeVar("T")
R = TypeVar("R")


def run_tasks(
    work: Callable[[T], R], tasks: Sequence[T], executor: Executor | None, jobs: int, killed: Callable[[T], R] | None
) -> Iterator[R]:
    """Yield the result of each task, in the order in which they are done.

    Parameters
    ----------
    work : callable
        Takes one task. What it raises ends the run.
    tasks : sequence
    executor : Executor, optional
        Any executor; a pool of our own when left out.
    jobs : int
        Processes of our own pool; with 1 the tasks run in this process.
    killed : callable, optional
        Gives the result of a task whose process is killed each time; an error ends the run when left out.

    Raises
    ------
    UnreadableFile
        The executor broke, and is not ours to mend.
    """
    if executor is not None:
        yield from _run_elsewhere(work, tasks, executor, killed)
    elif jobs == 1:
        for task in tasks:
            yield work(task)
    else:
        yield from _run_in_pool(work, tasks, jobs, killed)


def _run_elsewhere(
    work: Callable[[T], R], tasks: Sequence[T], executor: Executor, killed: Callable[[T], R] | None
) -> Iterator[R]:
    waiting = deque(tasks)
    for task, future in _hand_out(work, waiting, executor, cohort_bounds()["tasks_in_flight"]):
        error = future.exception()
        if error is None:
            yield future.result()
        elif type(error).__name__ == "KilledWorker" and killed is not None:  # Dask's, after tries of its own
            yield killed(task)
        elif isinstance(error, BrokenExecutor):
            raise UnreadableFile("cohort_executor_broke", found=str(error)) from error
        else:
            raise error


def _run_in_pool(work: Callable[[T], R], tasks: Sequence[T], jobs: int, killed: Callable[[T], R] | None) -> Iterator[R]:
    waiting = deque(tasks)
    while waiting:
        lost: list[T] = []
        with _open_pool(jobs) as pool:
            for task, future in _hand_out(work, waiting, pool, jobs * cohort_bounds()["tasks_per_process"]):
                try:
                    yield future.result()
                except BrokenExecutor:
                    lost.append(task)
        yield from _run_alone(work, lost, killed)


def _run_alone(work: Callable[[T], R], tasks: Sequence[T], killed: Callable[[T], R] | None) -> Iterator[R]:
    """Yield the result of each task, run with no other beside it; of those that end their process, that they do."""
    left = deque(tasks)
    while left:
        with _open_pool(1) as pool:
            while left:
                task = left.popleft()
                try:
                    yield pool.submit(work, task).result()
                except BrokenExecutor as error:
                    if killed is None:
                        raise UnreadableFile("cohort_executor_broke", found=str(error)) from error
                    yield killed(task)
                    break


def _hand_out(
    work: Callable[[T], R], waiting: deque[T], executor: Executor, most: int
) -> Iterator[tuple[T, Future[R]]]:
    """Yield tasks with their futures as they are done; when the executor breaks, `waiting` keeps what it never had."""
    done: SimpleQueue[Future[R]] = SimpleQueue()
    given: dict[Future[R], T] = {}
    broken = False
    while True:
        while waiting and len(given) < most and not broken:
            try:
                future = executor.submit(work, waiting[0])
            except BrokenExecutor:
                broken = True
                break
            given[future] = waiting.popleft()
            future.add_done_callback(done.put)
        if not given:
            return
        future = done.get()
        yield given.pop(future), future


class _Pool(ProcessPoolExecutor):
    """A pool that does not wait for what it was given when the run is stopped."""

    def __exit__(self, kind: object, *_: object) -> None:
        self.shutdown(wait=True, cancel_futures=kind is not None)


def _open_pool(jobs: int) -> _Pool:
    # Started anew and not copied: a copy of a process with threads may hang, and Windows has no copies.
    context = multiprocessing.get_context("spawn")
    most = cohort_bounds()["process_bytes_at_most"]
    return _Pool(jobs, mp_context=context, initializer=_begin_process, initargs=(most,))


def _begin_process(most: int) -> None:
    """Prepare a process of our pool: bounded memory, no progress bars of its own, and an end with its parent."""
    os.environ["TQDM_DISABLE"] = "1"
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it at once: what it stages is whole or not there
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    try:
        import resource
    except ImportError:  # Windows: the bounds of the readers hold, and nothing besides
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _end_with(parent: multiprocessing.process.BaseProcess) -> None:
    """End this process when its parent is gone, however that went: else it would wait for ever."""
    parent.join()
    os._exit(1)
