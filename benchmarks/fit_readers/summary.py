"""From answers to figures: ratios per size class, files read, counts, memory. Numbers in, numbers out."""

from __future__ import annotations

import statistics
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

CLASSES: dict[str, Callable[[int], bool]] = {
    "under 200 records": lambda count: count < 200,
    "200 to 2,000": lambda count: 200 <= count <= 2000,
    "over 2,000": lambda count: count > 2000,
    "200 and more": lambda count: count >= 200,
}
TARGETS = (
    # reader, task, class, at least
    ("fitfast", "records", "200 and more", 3.0),
    ("fitfast", "all three", "200 and more", 5.0),
    ("fitfast", "records", "under 200 records", 0.9),
    ("fitfast", "all three", "under 200 records", 1.3),
    ("fitparse", "records", "200 and more", 200.0),
)
MOST_MEMORY = 6.0  # times the file
MOST_IMPORT = 0.020  # seconds

Answers = dict[str, list[dict[str, Any]]]  # by file: one per round


def times_of(answers: Answers, names: Iterable[str]) -> list[float]:
    """Total seconds over the files named, round by round; only of files read in every round."""
    rows = [
        [answer["seconds"] for answer in answers[name]] for name in names if name in answers and is_read(answers[name])
    ]
    return [sum(column) for column in zip(*rows, strict=True)] if rows else []


def is_read(rounds: Sequence[dict[str, Any]]) -> bool:
    """Whether a file was read each time."""
    return bool(rounds) and all("seconds" in answer for answer in rounds)


def ratio(ours: Answers, theirs: Answers, names: Iterable[str]) -> dict[str, Any] | None:
    """How many times faster we are on the files both read: median and extremes over the rounds both took part in."""
    common = [name for name in names if is_read(ours.get(name, [])) and is_read(theirs.get(name, []))]
    rounds = [b / a for a, b in zip(times_of(ours, common), times_of(theirs, common), strict=False)]
    if not rounds:
        return None
    found = {"median": statistics.median(rounds), "least": min(rounds), "most": max(rounds)}
    return {**found, "rounds": len(rounds), "files": len(common)}


def classify(counts: dict[str, int]) -> dict[str, list[str]]:
    """File names by size class, from their record counts."""
    return {label: [name for name, count in counts.items() if holds(count)] for label, holds in CLASSES.items()}


def reading(ours: Answers, theirs: Answers) -> dict[str, Any]:
    """Files offered, read and refused with reasons; of those read, with other counts than ours."""
    read = {name: rounds[0]["counts"] for name, rounds in theirs.items() if is_read(rounds)}
    reasons = Counter(_reason(rounds) for rounds in theirs.values() if not is_read(rounds))
    others = sorted(name for name, counts in read.items() if counts != ours[name][0].get("counts"))
    return {
        "offered": len(theirs), "read": len(read), "refused": len(theirs) - len(read), "reasons": dict(reasons),
        "equal": len(read) - len(others), "different": others,
    }  # fmt: skip


def _reason(rounds: Sequence[dict[str, Any]]) -> str:
    told = next((answer["refused"] for answer in rounds if "refused" in answer), "not asked")
    return str(told).partition(":")[0]


def memory(peaks: dict[str, float | None], sizes: dict[str, int]) -> dict[str, float] | None:
    """Rise of memory in times the file's size: median and most."""
    times = [peak / sizes[name] for name, peak in peaks.items() if peak is not None]
    return {"median": statistics.median(times), "most": max(times), "files": len(times)} if times else None


def spread_evenly(sizes: dict[str, int], budget: int) -> list[str]:
    """Files of all sizes, as many as the budget of bytes allows: every k-th in order of size."""
    order = sorted(sizes, key=lambda name: (sizes[name], name))
    for step in range(1, len(order) + 1):
        chosen = order[step // 2 :: step]
        if sum(sizes[name] for name in chosen) <= budget:
            return chosen
    return order[:1]


def check_targets(
    ratios: dict[str, Any], ours_memory: dict[str, float] | None, ours_import: float | None
) -> list[dict[str, Any]]:
    """Compare what was measured with what is aimed for; `met` is None where nothing was measured."""
    rows = []
    for reader, task, label, wanted in TARGETS:
        found = ratios.get(reader, {}).get(task, {}).get(label)
        value = found["median"] if found else None
        rows.append({"target": f"{wanted:g} x {reader}, {task}, {label}", "found": value,
                     "met": None if value is None else value >= wanted})  # fmt: skip
    peak = ours_memory["most"] if ours_memory else None
    rows.append({"target": f"memory at most {MOST_MEMORY:g} x the file", "found": peak,
                 "met": None if peak is None else peak <= MOST_MEMORY})  # fmt: skip
    rows.append({"target": f"import under {1000 * MOST_IMPORT:g} ms beyond NumPy and pandas",
                 "found": None if ours_import is None else 1000 * ours_import,
                 "met": None if ours_import is None else ours_import < MOST_IMPORT})  # fmt: skip
    return rows
