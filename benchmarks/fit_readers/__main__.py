"""Measure FIT readers: `python -m benchmarks.fit_readers [FOLDER] [--json FILE] [--docs] [--quick] [--compare]`."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.fit_readers.environments import Reader, prepare_readers
from benchmarks.fit_readers.measuring import (
    TASKS,
    Measured,
    Progress,
    measure_import,
    measure_peaks,
    measure_times,
)
from benchmarks.fit_readers.summary import (
    CLASSES,
    check_targets,
    classify,
    memory,
    ratio,
    reading,
    spread_evenly,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
FULL = {
    "bytes": 400_000_000,  # of the files that fast readers read in each round
    "rounds": 9,
    "imports": 5,  # fresh interpreters of which the median import time is taken
    "peaks": 40,  # files of which the memory is measured
    "slow_bytes": 1_500_000,  # the same three for slow readers
    "slow_rounds": 3,
    "slow_peaks": 4,
    "patience": 240,  # seconds after which slow readers take part in no further round
}
QUICK = {
    "bytes": 8_000_000,
    "rounds": 5,
    "imports": 2,
    "peaks": 4,
    "slow_bytes": 100_000,
    "slow_rounds": 2,
    "slow_peaks": 1,
    "patience": 15,
}
LARGE = 150_000  # bytes from which the memory of a file stands out


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 0 when done."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fit_readers", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "sample_data", help="folder with FIT files")
    parser.add_argument("--json", type=Path, help="write all figures to this file; - for the terminal")
    parser.add_argument("--docs", action="store_true", help="write the page and figure of docs/")
    parser.add_argument("--quick", action="store_true", help="fewer files and rounds: within a minute")
    parser.add_argument("--compare", action="store_true", help="compare values with fitparse's instead of measuring")
    chosen = parser.parse_args(arguments)
    paths = [path for path in sorted(chosen.folder.rglob("*")) if path.suffix.lower() == ".fit"]
    files = {str(path): path.stat().st_size for path in paths}
    if not files:
        parser.error(f"no FIT files under {chosen.folder}")
    if chosen.compare:
        from benchmarks.fit_readers.comparison import compare_files

        return compare_files([Path(name) for name in files], Progress())
    found = run(files, QUICK if chosen.quick else FULL)
    from benchmarks.fit_readers.page import as_text, write_page

    print(as_text(found))
    if chosen.json:
        text = json.dumps(found, indent=1)
        print(text) if str(chosen.json) == "-" else chosen.json.write_text(text + "\n", "utf-8")
    if chosen.docs:
        print(f"written: {write_page(found, ROOT / 'docs')}")
    return 0


def run(files: dict[str, int], scope: dict[str, int]) -> dict[str, Any]:
    """Measure all readers on `files` (sizes by name) and sum up."""
    tell = Progress()
    readers = prepare_readers(tell)
    present = [reader for reader in readers if not reader.missing]
    counts = count_records(list(files))
    subset = choose(files, counts, scope["slow_bytes"])
    whole = choose(files, counts, scope["bytes"])
    chosen = {reader.name: [Path(name) for name in (subset if reader.slow else whole)] for reader in present}
    rounds = {reader.name: scope["slow_rounds" if reader.slow else "rounds"] for reader in present}
    measured = measure_times(present, chosen, rounds, scope["patience"], tell)
    large = sorted((size, name) for name, size in files.items() if size >= LARGE)
    warm = Path(min(files, key=lambda name: abs(files[name] - 60_000)))
    for reader in present:
        tell(f"memory and import of {reader.name}")
        own = large[: scope["slow_peaks"]] if reader.slow else large[-scope["peaks"] :]
        if own:
            measure_peaks(reader, [Path(name) for _, name in own], warm, measured[reader.name])
        measured[reader.name].import_seconds = measure_import(reader, scope["imports"])
    return sum_up(readers, measured, files, counts, {"scope": scope, "subset": len(subset), "whole": len(whole)})


def count_records(names: Sequence[str]) -> dict[str, int]:
    """Our record count of each file, by which files are classed; done by this process."""
    sys.path.insert(0, str(ROOT / "src"))
    from loadlens.formats.fit_messages import decode

    return {name: decode(Path(name).read_bytes()).count("record") for name in names}


def choose(files: dict[str, int], counts: dict[str, int], budget: int) -> list[str]:
    """Files of each of the three size classes within the budget of bytes; the largest class gets most of it."""
    shares = {"under 200 records": 0.15, "200 to 2,000": 0.25, "over 2,000": 0.6}
    classes = classify(counts)
    parts = [
        spread_evenly({n: files[n] for n in classes[label]}, int(share * budget)) for label, share in shares.items()
    ]
    return [name for part in parts for name in part]


def sum_up(
    readers: Sequence[Reader],
    measured: dict[str, Measured],
    files: dict[str, int],
    counts: dict[str, int],
    how: dict[str, Any],
) -> dict[str, Any]:
    """All figures of a run, ready for JSON; file names without their folders."""
    ours = measured["loadlens"]
    classes = classify(counts)
    ratios: dict[str, Any] = {}
    table: dict[str, Any] = {}
    for reader in readers:
        if reader.missing:
            table[reader.name] = {"version": reader.version, "missing": reader.missing}
            continue
        own = measured[reader.name]
        ratios[reader.name] = {
            task: {label: ratio(ours.answers[task], own.answers[task], names) for label, names in classes.items()}
            for task in TASKS
        }
        done = reading(ours.answers["all three"], own.answers["all three"])
        done["different"] = [Path(name).name for name in done["different"]]
        table[reader.name] = {
            "version": reader.version, "slow": reader.slow, "given_up": own.given_up, **done,
            "memory": memory(own.peaks, files), "import_seconds": own.import_seconds,
        }  # fmt: skip
    return {
        "files": len(files), "bytes": sum(files.values()), **how,
        "classes": {label: len(classes[label]) for label in CLASSES},
        "machine": f"Python {platform.python_version()}, {platform.system()} {platform.machine()}",
        "readers": table, "ratios": ratios,
        "speed": {task: speed(ours.answers[task], files) for task in TASKS},
        "targets": check_targets(ratios, table["loadlens"]["memory"], table["loadlens"]["import_seconds"]),
    }  # fmt: skip


def speed(answers: dict[str, list[dict[str, Any]]], sizes: dict[str, int]) -> float:
    """Megabytes a second of our reader, in the median round."""
    from benchmarks.fit_readers.summary import is_read, times_of

    names = [name for name, rounds in answers.items() if is_read(rounds)]
    totals = sorted(times_of(answers, names))
    return sum(sizes[name] for name in names) / totals[len(totals) // 2] / 1e6


if __name__ == "__main__":
    sys.exit(main())
