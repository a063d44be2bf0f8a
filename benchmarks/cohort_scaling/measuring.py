"""Runs cohorts in processes of their own, so that time and memory are those of the run alone."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from loadlens import cohort


def link_first(root: Path, many: Path, count: int) -> Path:
    """Make a cohort of the first so many participants of another; its files are the same on disk."""
    for entry in sorted(many.iterdir())[:count]:
        for path in [entry] if entry.is_file() else (path for path in entry.rglob("*") if path.is_file()):
            to = root / path.relative_to(many)
            to.parent.mkdir(parents=True, exist_ok=True)
            os.link(path, to)
    return root


def command(root: Path, out: Path, jobs: int) -> list[str]:
    """Give the words of a run on the command line."""
    return [sys.executable, "-m", "loadlens.cli", "cohort", str(root), "-o", str(out), "--jobs", str(jobs)]


def measure(root: Path, out: Path, jobs: int) -> dict[str, Any]:
    """Run a cohort once and give what it took, start of Python included."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command(root, out, jobs), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after, seconds = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - begin
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return tell(out) | {"jobs": jobs, "wall": seconds, "processor": processor, "disk": disk_of(out)}


def tell(out: Path) -> dict[str, Any]:
    """Give what a finished run says of itself."""
    run, manifest = (json.loads((out / f"{name}.json").read_text("utf-8")) for name in ("run", "manifest"))
    return {"digest": manifest["digest"], "assessed": manifest["participants"]["assessed"]} | run


def disk_of(out: Path) -> dict[str, int]:
    """Give the size of the tables, and of what is staged for the next run [bytes]."""
    return {
        name: sum(path.stat().st_size for path in (out / folder).rglob("*") if path.is_file())
        for name, folder in (("tables", "tables"), ("staged", ".state"))
    }


def fit_line(counts: list[int], seconds: list[float]) -> dict[str, float]:
    """Give the line of cost over participants: what a run costs anyhow, each participant, and how far it is off [s]."""
    each, fixed = np.polyfit(counts, seconds, 1)
    off = np.abs(np.polyval([each, fixed], counts) - seconds) / seconds
    return {"fixed": float(fixed), "each": float(each), "off_at_most": float(off.max())}


def project(each: float, efficiency: float, participants: int, cores: int) -> float:
    """Give the hours that so many participants take on so many processors like this one."""
    return each * participants / cores / efficiency / 3600


def run_four_ways(root: Path, out: Path) -> dict[str, dict[str, Any]]:
    """Run the same cohort with one process, two, on a Dask cluster of two, and killed midway and resumed."""
    found = {"one process": measure(root, out / "one", 1), "two processes": measure(root, out / "two", 2)}
    run_on_dask(root, out / "dask")
    found["Dask cluster"] = tell(out / "dask")
    staged = kill_midway(root, out / "killed", found["one process"]["participants"] // 2)
    cohort.run(root, out / "killed", jobs=1)
    found["killed and resumed"] = tell(out / "killed") | {"staged_when_killed": staged}
    return found


def run_on_dask(root: Path, out: Path) -> None:
    """Run a cohort on a cluster of two processes on this machine."""
    import distributed

    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        cohort.run(root, out, client.get_executor(pure=False))


def kill_midway(root: Path, out: Path, enough: int) -> int:
    """Start a run, kill all its processes when so many participants are staged, and give how many were."""
    with subprocess.Popen(
        command(root, out, 2), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as run:
        while len(list(out.glob(".state/*/*"))) < enough:
            if run.poll() is not None:
                raise RuntimeError(f"the run ended with {run.returncode} before it could be killed")
            time.sleep(0.2)
        os.killpg(run.pid, signal.SIGKILL)
    if (out / "manifest.json").exists():
        raise RuntimeError("the run was finished before it was killed; give more participants")
    return len([path for path in out.glob(".state/*/*") if not path.name.startswith("unfinished-")])
