"""What a cohort costs: `python -m benchmarks.cohort_scaling [--participants N] [--ways N] [--json FILE] [--docs]`.

Participants are simulated, two years each: a list of activities, one of days, mostly a diary, now and then recordings.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.cohort_scaling.measuring import fit_line, link_first, measure, run_four_ways
from benchmarks.cohort_scaling.page import as_text, write_page
from loadlens.simulators.simulated_cohort import write_cohort

ROOT = Path(__file__).parents[2]
WEEKS = 104


def main() -> int:
    """Run the benchmark; 1 when a run gave other bytes than the first."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cohort_scaling", description=__doc__)
    parser.add_argument("--participants", type=int, default=40, help="in the largest cohort; halved, and again")
    parser.add_argument("--ways", type=int, metavar="N", help="also run so many participants in four ways")
    parser.add_argument("--folder", type=Path, help="keep the simulated participants here, or use those that are here")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--docs", action="store_true", help="write the page of docs/")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        found = run(given.participants, given.ways, given.folder or Path(temporary) / "participants", Path(temporary))
    print(as_text(found))
    if given.json:
        given.json.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    if given.docs:
        print(f"written: {write_page(found, ROOT / 'docs')}")
    digests = {one["digest"] for one in found["ways"].values()}
    return int(len(digests) > 1 or not found["same_bytes"])


def run(participants: int, ways: int | None, many: Path, temporary: Path) -> dict[str, Any]:
    """Measure cohorts of three sizes with one process, the largest with two, and one in four ways."""
    if not many.is_dir():
        write_cohort(many, max(participants, ways or 0), weeks=WEEKS)
    counts = [participants // 4, participants // 2, participants]
    roots = {count: link_first(temporary / f"first {count}", many, count) for count in counts}
    ones = [measure(roots[count], temporary / f"out {count}", 1) for count in counts]
    two = measure(roots[participants], temporary / "out of two", 2)
    four = {} if ways is None else run_four_ways(link_first(temporary / "ways", many, ways), temporary / "of ways")
    return {
        "machine": {"processors": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()[0]},
        "weeks": WEEKS,
        "counts": counts,
        "one_process": ones,
        "two_processes": two,
        "line": fit_line(counts, [one["processor"] for one in ones]),
        "efficiency": ones[-1]["seconds"] / two["seconds"] / 2,
        "same_bytes": ones[-1]["digest"] == two["digest"],
        "ways": four,
    }


if __name__ == "__main__":
    sys.exit(main())
