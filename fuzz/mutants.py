"""Damage files in every way that comes to mind, read what is left, and say what broke.

    python fuzz/mutants.py --count 100000
    python fuzz/mutants.py sample_data --through read --count 10000
    python fuzz/mutants.py --kind lists --through folder --seconds 600
    python fuzz/mutants.py --through folder --seconds 3600 --jobs 2 --results found.json

The files are the small ones of `nasty.py`, some hundred bytes each, so that a mutation hits something, and those of the
folders named; of another kind than FIT they are the exports of our own simulator, a week each. Nothing but
`UnreadableFile` may escape, a file under 1 MB takes under a second, and memory stays below 20 times the file and
100 MB. Prints one line for each way in which that failed, with the numbers that make the mutants again. With
`--results` what was done is kept in a file, and the next run of the same code on the same seeds goes on where the last
one stopped.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections import Counter
from functools import partial
from itertools import count, islice
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from damage import gather_seeds, name_seeds
from exports import KINDS, gather_exports
from trials import BORDERS, FEWER, SLOW, TOGETHER, WHOLE, Outcome, make_mutant, run_trials

import loadlens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PORTION = 4 * TOGETHER  # mutants between two looks at the clock
SHOWN = 5  # numbers of mutants that are kept for each way in which something broke


def main() -> int:
    """Run as many mutants as asked for; 1 when any of them broke something."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", type=Path, help="files, or folders of them, beside our own")
    parser.add_argument("--kind", choices=("fit", *KINDS, "exports"), default="fit", help="what is damaged")
    parser.add_argument("--count", type=int, help="mutants; 10,000 where no time is given")
    parser.add_argument("--seconds", type=float, help="how long to go on")
    parser.add_argument("--seed", type=int, default=0, help="number of the first mutant")
    parser.add_argument("--through", choices=BORDERS, help="how far to read them; parse, or read where it is not FIT")
    parser.add_argument("--slow", type=float, default=SLOW, help="seconds that are too long, on a machine that is busy")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--results", type=Path, help="JSON file to which what was done is added")
    parser.add_argument("--keep", type=Path, help="folder for the mutants that broke something")
    given = parser.parse_args()
    is_fit = given.kind == "fit"
    through = given.through or ("parse" if is_fit else "read")
    if not is_fit and through not in WHOLE:
        parser.error(f"--through {through} is for FIT files; would be right: {' or '.join(WHOLE)}")
    kinds = KINDS if given.kind == "exports" else (given.kind,)
    seeds = gather_seeds(given.paths) if is_fit else gather_exports(given.paths, kinds)
    what = {"code": digest_code(), "seeds": name_seeds(seeds), "through": through}
    first = max(given.seed, find_next(given.results, what))
    most = given.count or (10_000 if given.seconds is None else sys.maxsize)
    run = {**what, "first": first, "count": 0, "came": {}, "broken": {}, "slowest": 0.0, "memory": 0, "seconds": 0}
    begun = time.perf_counter()
    for number, outcome in work(first, most, given.seconds, given.jobs, seeds, through, given.kind, given.slow):
        for problem in outcome.broken.keys() - run["broken"].keys():
            print(f"{problem}\n    mutant {outcome.broken[problem][0]}", flush=True)
            if given.keep:
                for broken in outcome.broken[problem][:SHOWN]:
                    name, mutant = make_mutant(broken, seeds, given.kind)
                    place = given.keep / str(broken) / Path(name).name
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(mutant)
        add(run, number, outcome, time.perf_counter() - begun)
        if given.results:
            write_results(given.results, run)
    print(tell([run]))
    if given.results:
        same = [old for old in read_results(given.results) if all(old[key] == what[key] for key in what)]
        print(f"with earlier runs of this code: {tell(same)}")
    return 1 if run["broken"] else 0


def work(
    first: int,
    most: int,
    seconds: float | None,
    jobs: int,
    seeds: Sequence[Any],
    through: str,
    kind: str = "fit",
    slow: float = SLOW,
) -> Iterator[tuple[int, Outcome]]:
    """Yield how many were read up to now and what came of the last ones, in order."""
    portion_size = PORTION if kind == "fit" else FEWER
    portions = (range(at, min(at + portion_size, first + most)) for at in count(first, portion_size))
    read = partial(run_trials, seeds=seeds, through=through, kind=kind, slow=slow)
    begun = time.perf_counter()
    with get_context("spawn").Pool(jobs, _warm_up, (seeds, through, kind)) as pool:
        while True:
            turn = [portion for portion in islice(portions, jobs) if portion]
            for portion, outcome in zip(turn, pool.map(read, turn, 1), strict=True):
                yield portion.stop - first, outcome
            if len(turn) < jobs or (seconds is not None and time.perf_counter() - begun > seconds):
                return


def _warm_up(seeds: Sequence[Any], through: str, kind: str) -> None:
    """Read some mutants: they set the memory that is usual, and what is read once is read."""
    run_trials(range(TOGETHER if kind == "fit" else 8), seeds, through, kind)


def add(run: dict[str, Any], count: int, outcome: Outcome, seconds: float) -> None:
    """Add what came of some mutants to the account of a run."""
    run["count"], run["seconds"] = count, round(seconds)
    run["came"] = dict(Counter(run["came"]) + outcome.came)
    for problem, numbers in outcome.broken.items():
        run["broken"][problem] = [*run["broken"].get(problem, []), *numbers][:SHOWN]
    run["slowest"] = max(run["slowest"], round(outcome.slowest, 3))
    run["memory"] = max(run["memory"], outcome.memory)


def tell(runs: list[dict[str, Any]]) -> str:
    """Say in one line what came of runs."""
    came = sum((Counter(run["came"]) for run in runs), Counter())
    ways = {problem for run in runs for problem in run["broken"]}
    return (
        f"{sum(run['count'] for run in runs):,} mutants, {dict(came)}, {len(ways)} ways in which something broke; "
        f"slowest {max(run['slowest'] for run in runs):.2f} s; "
        f"memory grew by {max(run['memory'] for run in runs) / 1e6:.0f} MB at most; "
        f"{sum(run['seconds'] for run in runs):,} s"
    )


def digest_code() -> str:
    """Return a digest of what is tested: the code and data of loadlens."""
    home = Path(loadlens.__file__).parent
    files = sorted(path for path in home.rglob("*") if path.suffix in (".py", ".toml"))
    return hashlib.sha256(b"".join(hashlib.sha256(path.read_bytes()).digest() for path in files)).hexdigest()[:12]


def read_results(path: Path) -> list[dict[str, Any]]:
    """Read the accounts of earlier runs; none where there is no file."""
    runs: list[dict[str, Any]] = json.loads(path.read_text("utf-8")) if path.exists() else []
    return runs


def find_next(path: Path | None, what: dict[str, str]) -> int:
    """Return the number after the last mutant that the same code has read, of the same seeds and as far."""
    runs = read_results(path) if path else []
    return max((run["first"] + run["count"] for run in runs if all(run[key] == what[key] for key in what)), default=0)


def write_results(path: Path, run: dict[str, Any]) -> None:
    """Put the account of this run in the place of what it said before."""
    begins = {key: run[key] for key in ("code", "seeds", "through", "first")}
    others = [old for old in read_results(path) if any(old[key] != begins[key] for key in begins)]
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps([*others, run], indent=1) + "\n", "utf-8")
    fresh.replace(path)


if __name__ == "__main__":
    sys.exit(main())
