"""How good each rule is: `python -m benchmarks.overload_bench [--quick] [--json FILE] [--docs]`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 0 when done."""
    from benchmarks.overload_bench.experiment import FULL, QUICK, run

    parser = argparse.ArgumentParser(prog="python -m benchmarks.overload_bench", description=__doc__)
    parser.add_argument("--json", type=Path, help="write all figures to this file; - for the terminal")
    parser.add_argument("--docs", action="store_true", help="write the page, the figure and the figures of docs/")
    parser.add_argument("--quick", action="store_true", help="fewer runners: within a minute")
    chosen = parser.parse_args(arguments)
    found = run(QUICK if chosen.quick else FULL, lambda text: print(text, file=sys.stderr, flush=True))
    if chosen.json:
        text = json.dumps(found, indent=1)
        print(text) if str(chosen.json) == "-" else chosen.json.write_text(text + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
