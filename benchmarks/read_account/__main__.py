"""Measure reading a ten-year account export: `python -m benchmarks.read_account [--folder DIR] [--json FILE]`.

A runner is simulated for ten years: some 2,050 recordings and 3,650 days, as the account export of Garmin, once as a
folder and once as one zip. Each is read in a process of its own: without the cache, the first time with it, again, and
once more after a recording was added. A rate is recordings per second of processor time, so that other work on the
machine counts little.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from loadlens.simulation import simulate
from loadlens.simulators.simulated_exports import write_export

WEEKS = 521
AGAIN = 3  # warm reads, of which the fastest counts: the others measure what else runs
COLD_AT_LEAST, WARM_AT_MOST = 30.0, 2.0  # recordings per processor second; seconds

READ = """
import json, resource, sys, time
begin = time.perf_counter(), time.process_time()
import loadlens
loadlens.read
ready = time.perf_counter(), time.process_time()
log = loadlens.read(sys.argv[1])
done = time.perf_counter(), time.process_time()
print(json.dumps({
    "import": ready[0] - begin[0], "wall": done[0] - ready[0], "processor": done[1] - ready[1],
    "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    "runs": len(log.runs), "days": len(log.wellness), "minutes": len(log.minutes),
}))
"""


def main() -> int:
    """Run the benchmark; 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.read_account", description=__doc__)
    parser.add_argument("--folder", type=Path, help="keep the simulated export here, or use the one that is here")
    parser.add_argument("--weeks", type=int, default=WEEKS)
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        place = given.folder or Path(temporary) / "export"
        make_export(place, given.weeks)
        measured = {
            name: measure(place / name, Path(temporary) / f"cache of {name}") for name in ("account", "account.zip")
        }
    for name, one in measured.items():
        print(f"\n{name}: {one['off']['runs']} recordings, {one['off']['days']} days, {one['off']['minutes']} minutes")
        for how in ("off", "cold", "warm", "grown"):
            told = one[how]
            rate = f"{told['runs'] / told['processor']:6.0f} recordings/s" if how in ("off", "cold") else ""
            seconds = f"{told['wall']:7.2f} s, processor {told['processor']:6.2f} s"
            print(f"  {how:5s} {seconds}, {told['megabytes']:4.0f} MB {rate}")
        print(f"  import {one['warm']['import']:.2f} s; the cache takes {one['cache_megabytes']:.0f} MB")
    if given.json:
        given.json.write_text(json.dumps(measured, indent=1) + "\n", "utf-8")
    missed = [
        name
        for name, one in measured.items()
        if one["cold"]["runs"] / one["cold"]["processor"] < COLD_AT_LEAST or one["warm"]["wall"] > WARM_AT_MOST
    ]
    print(f"\nmissed: {', '.join(missed)}" if missed else "\nboth targets met")
    return int(bool(missed))


def make_export(place: Path, weeks: int) -> None:
    """Simulate the export as a folder and a zip, unless they are there already."""
    if (place / "account.zip").exists():
        return
    runner = simulate("steady", weeks=weeks)
    paths = write_export(runner, place / "account", "garmin_account")
    with zipfile.ZipFile(place / "unfinished.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in paths:
            archive.write(path, path.relative_to(place / "account"))
    (place / "unfinished.zip").replace(place / "account.zip")


def measure(export: Path, cache: Path) -> dict[str, Any]:
    """Read an export in four ways, each in a process of its own."""
    told: dict[str, Any] = {"off": read(export, "off"), "cold": read(export, str(cache))}
    told["warm"] = min((read(export, str(cache)) for _ in range(AGAIN)), key=lambda one: one["wall"])
    told["cache_megabytes"] = sum(path.stat().st_size for path in cache.iterdir()) / 1e6
    with tempfile.TemporaryDirectory() as temporary:
        grown = Path(temporary) / "grown"
        new = min(write_export(simulate("novice", weeks=4), Path(temporary), "fit_damaged"))
        if export.is_dir():
            shutil.copytree(export, grown)
            shutil.copy(new, grown)
        else:
            shutil.copy(export, grown)
            with zipfile.ZipFile(grown, "a") as archive:
                archive.write(new, new.name)
        told["grown"] = read(grown, str(cache))
    return told


def read(export: Path, cache: str) -> dict[str, Any]:
    """Read an export in a process of its own and return what it measured."""
    found = subprocess.run(
        [sys.executable, "-c", READ, str(export)],
        env=os.environ | {"LOADLENS_CACHE": cache},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    told: dict[str, Any] = json.loads(found.stdout)
    return told


if __name__ == "__main__":
    sys.exit(main())
