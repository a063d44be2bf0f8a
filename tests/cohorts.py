"""Finished cohorts made by hand, for tests of what is written about them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from loadlens.studies.cohort_tables import TABLES, arrow_schema, describe_tables, open_writer

Member = dict[str, Any]
"""A participant: its name, `status`, and frames or lists of rows by table."""


def build_member(
    name: str,
    states: str = "run rest unknown",
    episodes: Sequence[tuple[str, str, int, str]] = (("volume", "ok", 3, ""),),
    alarms: Sequence[str] = (),
    **more: Any,
) -> Member:
    """A participant that was assessed: states of days, episodes as (rule, level, days, reason), rules that alarmed."""
    days = states.split()
    first = pd.Timestamp("2024-01-01")
    row = {
        "status": "assessed",
        "content": name,
        "days": len(days),
        "runs": days.count("run"),
        **{f"days_{state}": days.count(state) for state in ("run", "rest", "unknown")},
    }
    tables = {
        "days": [{"date": first + pd.Timedelta(days=n), "state": state} for n, state in enumerate(days)],
        "episodes": [dict(zip(("rule", "level", "days", "reason"), one, strict=True)) for one in episodes],
        "alarms": [{"rule": rule, "level": "watch", "start": first, "end": first, "days": 1} for rule in alarms],
        "sources": [{"path": "list.csv", "status": status} for status in more.pop("files", ["read"])],
        "ledger": [{"what": what} for what in more.pop("ledger", [])],
    }
    return {"name": name, "tables": tables | {"participants": [row | more]}}


def build_failed(name: str, reason: str = "cannot be read", reason_nl: str = "niet te lezen") -> Member:
    """A participant that failed."""
    row = {"status": "failed", "reason": reason, "reason_nl": reason_nl}
    return {"name": name, "tables": {"participants": [row]}}


def write_tables(out: Path, members: Sequence[Member], *, deidentified: bool = False, per_part: int = 3) -> Path:
    """The tables and the manifest of a cohort, some participants to a part."""
    members = sorted(members, key=lambda member: member["name"])
    for table in TABLES:
        folder = out / "tables" / table
        folder.mkdir(parents=True)
        for number, start in enumerate(range(0, max(len(members), 1), per_part)):
            pieces = [_tabulate(table, member) for member in members[start : start + per_part]]
            with (folder / f"part-{number:05d}.parquet").open("wb") as stream, open_writer(stream, table) as writer:
                writer.write_table(pa.concat_tables([arrow_schema(table).empty_table(), *pieces]))
    arguments = {"guidance": {"id": "runners_knee@1"}, "deidentified": deidentified}
    told = {"digest": "d" * 64, "arguments": arguments}
    (out / "manifest.json").write_text(json.dumps(told))
    return out


def _tabulate(table: str, member: Member) -> pa.Table:
    rows = member["tables"].get(table, [])
    columns = {name: [row.get(name) for row in rows] for name in describe_tables()[table]}
    return pa.table(columns | {"participant": [member["name"]] * len(rows)}, schema=arrow_schema(table))
