"""How long assessing takes: ten years of one runner, and how it grows with runners."""

from __future__ import annotations

from time import process_time
from typing import Any

from benchmarks.overload_bench.experiment import kind_of
from benchmarks.overload_bench.runners import draw_runner, write_log
from loadlens.findings import assess
from loadlens.guidance import read_guidance

WEEKS = 522


def measure(counts: tuple[int, ...]) -> dict[str, Any]:
    """Time the whole guidance on ten years of one runner (best of 3) and of so many runners in turn.

    Seconds of processor time: what else the machine does is left out.
    """
    guidance = read_guidance()
    logs = [write_log(draw_runner(kind_of(number), f"B-{number}", WEEKS)) for number in range(min(3, counts[-1]))]
    best = min(_time(lambda: assess(logs[0], guidance)) for _ in range(3))
    seconds = {}
    for count in counts:
        seconds[str(count)] = _time(lambda count=count: [assess(logs[n % len(logs)], guidance) for n in range(count)])
    last = counts[-1]
    return {
        "ten_years_of_one_runner_seconds": best,
        "runners_seconds": seconds,
        "projected_1000_runners_seconds": 1000 * seconds[str(last)] / last,
    }


def _time(work: Any) -> float:
    begin = process_time()
    work()
    return process_time() - begin
