"""Show what was measured: as text on the terminal, and as a page of the docs."""

from __future__ import annotations

import json
from pathlib import Path
from string import Template
from typing import Any

from benchmarks.cohort_scaling.measuring import project

MANY, CORES = 50_000, (16, 64, 256)


def as_text(found: dict[str, Any]) -> str:
    """Give the tables as plain text."""
    line = found["line"]
    return "\n\n".join(
        [
            linear_table(found),
            f"{line['fixed']:.1f} s anyhow, {line['each']:.2f} s each; at most {line['off_at_most']:.1%} from the line",
            second_table(found),
            same_table(found),
            projected_table(found),
        ]
    )


def linear_table(found: dict[str, Any]) -> str:
    """Time and memory for each number of participants."""
    rows = [
        [count, f"{one['processor']:.1f}", f"{one['processor'] / count:.2f}", _megabytes(one)]
        for count, one in zip(found["counts"], found["one_process"], strict=True)
    ]
    return table(["participants", "processor time [s]", "for each [s]", "memory [MB]"], rows)


def _megabytes(run: dict[str, Any]) -> str:
    return f"{run['peak_bytes_of_a_process'] / 1e6:.0f}"


def second_table(found: dict[str, Any]) -> str:
    """One process against two."""
    one, two = found["one_process"][-1], found["two_processes"]
    rows = [
        [jobs, f"{run['seconds']:.1f}", f"{run['processor']:.1f}", _megabytes(run), efficiency]
        for jobs, run, efficiency in ((1, one, ""), (2, two, f"{found['efficiency']:.0%}"))
    ]
    return table(["processes", "time [s]", "processor time [s]", "memory of each [MB]", "efficiency"], rows)


def same_table(found: dict[str, Any]) -> str:
    """Digest of the tables, way by way."""
    if not found["ways"]:
        return "Not run this time."
    rows = [[way, one["participants"], one["reused"], f"`{one['digest'][:16]}…`"] for way, one in found["ways"].items()]
    return table(["way", "participants", "of which done before the kill", "digest of all tables"], rows)


def projected_table(found: dict[str, Any]) -> str:
    """Hours of 50,000 participants."""
    rows = [
        [cores, f"{project(found['line']['each'], min(found['efficiency'], 1.0), MANY, cores):.2f}"] for cores in CORES
    ]
    return table(["processors", "hours"], rows)


def table(heads: list[str], rows: list[list[object]]) -> str:
    """Write a table in Markdown."""
    cells = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in row)} |" for row in cells)


def write_page(found: dict[str, Any], docs: Path) -> Path:
    """Write the page and the figures it rests on."""
    line, size = found["line"], found["one_process"][-1]["disk"]
    share = MANY / found["counts"][-1] / 1e9
    values = found["machine"] | {
        "participants": found["counts"][-1],
        "ways": next((one["participants"] for one in found["ways"].values()), 200),
        "years": found["weeks"] // 52,
        "load": f"{found['machine']['load']:.1f}",
        "linear": linear_table(found),
        "fixed": f"{line['fixed']:.1f}",
        "each": f"{line['each']:.2f}",
        "off": f"{line['off_at_most']:.1%}",
        "second": second_table(found),
        "same": same_table(found),
        "projected": projected_table(found),
        "tables": f"{size['tables'] * share:.0f}",
        "staged": f"{size['staged'] * share:.0f}",
    }
    page = Template(Path(__file__).with_name("page.md").read_text("utf-8")).substitute(values)
    (docs / "cohort_scaling.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    written = docs / "cohort_scaling.md"
    written.write_text(page, "utf-8")
    return written
