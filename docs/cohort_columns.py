"""Writes the table of columns of a cohort, docs/cohort_columns.md: ``uv run python docs/cohort_columns.py``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from loadlens.studies.cohort_tables import describe_tables
from loadlens.studies.deidentification import POLICIES, sharing_rules

PAGE = Path(__file__).with_name("cohort_columns.md")

INTRO = (
    "Written by `python docs/cohort_columns.py` from the data of the package; the last column says what "
    "`--deidentify` leaves. The first column of every table is `participant`."
)

WHAT = {
    "participants": "One row per participant, also of those that failed.",
    "activities": "One row per session of any sport.",
    "days": "One row per local date of the log: run, rest or unknown, and why we know.",
    "wellness": "One row per date: each field from one maker over a whole stretch of days.",
    "diary": "One row per entry.",
    "assessments": "One row per rule and date.",
    "episodes": "Stretches of one level; those of a rule tile its log, without gap or overlap.",
    "alarms": "Stretches at `watch` or above, joined across gaps of 14 days or less.",
    "sources": "One row per file offered.",
    "ledger": "One row per thing set aside, repaired, converted, merged or noted.",
}

TYPES = {
    "text": "text", "level": "text, ordered", "number": "double", "integer": "int64", "flag": "boolean",
    "date": "date", "clock": "timestamp, local", "instant": "timestamp, UTC",
}  # fmt: skip

SHARED = {
    "keep": "as it is",
    "shift": "moved by whole weeks",
    "coarsen": "rounded",
    "rename": "made-up name",
    "number": "as it is, on the scale of its kind",
    "words": "known words only",
    "drop": "empty",
}


def write_columns() -> str:
    """Return the page."""
    lines = [
        "# Columns of the tables of a cohort",
        "",
        INTRO,
    ]
    for table, columns in describe_tables().items():
        lines += ["", f"## {table}", WHAT[table], "", "| column | type | unit | meaning | de-identified |"]
        lines += ["|---|---|---|---|---|", *_rows(table, columns)]
    return "\n".join(lines) + "\n"


def _rows(table: str, columns: dict[str, dict[str, Any]]) -> Iterator[str]:
    policies = {column: policy for policy in POLICIES for column in sharing_rules().get(table, {}).get(policy, ())}
    for name, spec in columns.items():
        if name == "participant":
            continue
        meaning = spec["en"]
        if "values" in spec:
            meaning += f": {', '.join(f'`{value}`' for value in spec['values'])}"
        shared = SHARED.get(policies.get(name, ""), _shared_elsewhere(table, name, spec))
        shared += ", its hour only" if spec["dtype"] == "clock" else ""
        yield f"| `{name}` | {TYPES[spec['dtype']]} | {spec.get('unit', '')} | {meaning} | {shared} |"


def _shared_elsewhere(table: str, name: str, spec: dict[str, Any]) -> str:
    """Say what becomes of columns that are worked out after a log was de-identified."""
    special = {("participants", "entry"): "empty", ("participants", "bytes"): "empty",
               ("participants", "content"): "digest with the secret", ("participants", "reason"): "kind of fault only",
               ("participants", "reason_nl"): "kind of fault only"}  # fmt: skip
    return special.get((table, name), SHARED["shift"] if spec["dtype"] == "date" else SHARED["keep"])


if __name__ == "__main__":
    PAGE.write_text(write_columns(), encoding="utf-8")
