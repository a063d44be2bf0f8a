"""How good each rule is: `python -m benchmarks.overload_bench [--quick] [--json FILE] [--docs] [--series FOLDER]`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 0 when done."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overload_bench", description=__doc__)
    parser.add_argument("--json", type=Path, help="write all figures to this file; - for the terminal")
    parser.add_argument("--docs", action="store_true", help="write the page, the figure and the figures of docs/")
    parser.add_argument("--quick", action="store_true", help="fewer runners and no real series: within a minute")
    parser.add_argument("--series", type=Path, default=ROOT.parent / "shared" / "corpus" / "series",
                        help="folder with real series; left out where there is none")  # fmt: skip
    chosen = parser.parse_args(arguments)
    found = measure(chosen.quick, chosen.series)
    from benchmarks.overload_bench.page import as_text, write_page

    if str(chosen.json) != "-":
        print(as_text(found))
    if chosen.json:
        text = json.dumps(found, indent=1)
        print(text) if str(chosen.json) == "-" else chosen.json.write_text(text + "\n", "utf-8")
    if chosen.docs:
        print(f"written: {write_page(found, ROOT / 'docs')}")
    return 0


def measure(quick: bool, series: Path) -> dict[str, Any]:
    """Run every part; progress goes to the terminal's error stream."""
    from benchmarks.overload_bench import experiment, scaling
    from benchmarks.overload_bench.real_series import run_series
    from loadlens.guidance import read_guidance

    def tell(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    found = experiment.run(experiment.QUICK if quick else experiment.FULL, tell)
    found["real"] = None
    if not quick and series.is_dir():
        tell("real series")
        guidance = read_guidance()
        found["real"] = run_series(series, lambda log, names: experiment.judge(log, guidance, names))
    tell("time")
    found["time"] = scaling.measure((1,) if quick else (1, 10, 30))
    return found


if __name__ == "__main__":
    sys.exit(main())
