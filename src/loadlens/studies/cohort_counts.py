"""Counts over a whole cohort, from its tables piece by piece: what is known of the days, how often each rule spoke.

A piece of a table is held at a time. What is kept of it is a few numbers for each participant, for each rule, and for
each week; never the rows of days or of findings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loadlens.intervals import clustered_rate_interval
from loadlens.studies.cohort_tables import load, load_groups
from loadlens.studies.disclosure import summary_rules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

YEAR = 365.25
_RULE = ("rule", "offered", "participants", "days", "days_assessable", "alarms", "alarmed", "years", "per_year",
         "low", "high")  # fmt: skip

Shares = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True, eq=False)
class Counts:
    """What was counted over a cohort. Nothing is left out or hidden yet.

    Attributes
    ----------
    participants : DataFrame
        Indexed by participant, in order of names: status, reason, reason_nl, content, days, days_run, days_rest,
        days_unknown, runs; `gap`, the longest stretch of unknown days.
    weeks : dict of str to array
        Participant -> share of known days in each of its weeks, counted from its own first day.
    rules : DataFrame
        rule; participants `offered` to it, and `participants` with at least one assessable day; `days`,
        `days_assessable`, `alarms`, `alarmed` (participants with at least one), `years` of assessable days; `per_year`
        alarms with `low` and `high` of its 95 % interval, which takes into account that participants differ.
    reasons : DataFrame
        rule, reason, days, participants: why days were not assessable.
    flags : dict of str to list of str
        Flag of quality -> participants to whom it applies.
    """

    participants: pd.DataFrame
    weeks: dict[str, Shares]
    rules: pd.DataFrame
    reasons: pd.DataFrame
    flags: dict[str, list[str]]


def count_cohort(out: Path) -> Counts:
    """Count over the tables of a finished cohort.

    Parameters
    ----------
    out : Path
        The folder that `cohort.run` wrote.

    Raises
    ------
    UnreadableFile
        The folder holds no finished cohort.
    """
    columns = ["participant", "status", "reason", "reason_nl", "content", "days", "days_run", "days_rest",
               "days_unknown", "runs"]  # fmt: skip
    participants = load(out, "participants", columns=columns).set_index("participant")
    weeks, gaps = _count_days(out)
    participants["gap"] = pd.Series(gaps, dtype="float64").reindex(participants.index)
    days, reasons = _count_episodes(out, participants.index)
    return Counts(
        participants=participants,
        weeks=weeks,
        rules=_rate(days, _count_alarms(out, participants.index)),
        reasons=reasons,
        flags=_flag(participants) | _flag_files(out),
    )


def _by_participant(out: Path, table: str, columns: list[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    for piece in load_groups(out, table, columns=["participant", *columns]):
        for participant, rows in piece.groupby("participant", sort=False):
            yield str(participant), rows


# ---------------------------------------------------------------- days
def _count_days(out: Path) -> tuple[dict[str, Shares], dict[str, int]]:
    """Give the share of known days in each week, and the longest stretch of unknown ones, of each participant."""
    weeks: dict[str, Shares] = {}
    gaps: dict[str, int] = {}
    for participant, rows in _by_participant(out, "days", ["state"]):
        known = (rows["state"] != "unknown").to_numpy(dtype=bool)
        starts = np.arange(0, len(known), 7)
        sizes = np.diff(np.append(starts, len(known)))
        weeks[participant] = (np.add.reduceat(known.astype(np.int64), starts) / sizes).astype(np.float32)
        edges = np.flatnonzero(np.diff(np.concatenate(([0], ~known, [0])).astype(np.int64)))
        gaps[participant] = int(np.max(edges[1::2] - edges[::2], initial=0))
    return weeks, gaps


# ---------------------------------------------------------------- rules
def _count_episodes(out: Path, people: pd.Index[Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give the days of each rule and participant, all and assessable, and why days were not."""
    days, reasons = [], []
    for piece in load_groups(out, "episodes", columns=["participant", "rule", "level", "days", "reason"]):
        coded = _code(piece, people).astype({"days": "int64"})
        coded["assessable"] = coded["days"].where(coded["level"] != "not_assessable", 0)
        days.append(coded.groupby(["rule", "participant"], sort=False)[["days", "assessable"]].sum())
        missing = coded[coded["level"] == "not_assessable"].groupby(["rule", "reason"], sort=False)
        reasons.append(missing.agg(days=("days", "sum"), participants=("participant", "nunique")))
    # participants are never split over two pieces, so their counts add up
    told = pd.concat(reasons).groupby(level=["rule", "reason"], sort=False).sum().reset_index()
    told = told.sort_values(["rule", "days", "reason"], ascending=[True, False, True], ignore_index=True)
    return pd.concat(days), told


def _count_alarms(out: Path, people: pd.Index[Any]) -> pd.Series[Any]:
    pieces = [
        _code(piece, people).groupby(["rule", "participant"], sort=False).size()
        for piece in load_groups(out, "alarms", columns=["participant", "rule"])
    ]
    return pd.concat(pieces).rename("alarms")


def _code(piece: pd.DataFrame, people: pd.Index[Any]) -> pd.DataFrame:
    """Put a participant's place in the order of names for the name: millions of names would fill the memory."""
    return piece.assign(participant=people.get_indexer(pd.Index(piece["participant"])).astype(np.int32))


def _rate(days: pd.DataFrame, alarms: pd.Series[Any]) -> pd.DataFrame:
    """Give alarms per year of assessable days, rule by rule; people with more alarms than others widen the interval."""
    table = days.join(alarms).fillna({"alarms": 0})
    rows = []
    for rule, group in table.groupby(level="rule", sort=True):
        events, years = group["alarms"].to_numpy("float64"), group["assessable"].to_numpy("float64") / YEAR
        low, high = clustered_rate_interval(events, years)
        rows.append(
            {
                "rule": str(rule),
                "offered": len(group),
                "participants": int((years > 0).sum()),
                "days": int(group["days"].sum()),
                "days_assessable": int(group["assessable"].sum()),
                "alarms": int(events.sum()),
                "alarmed": int((events > 0).sum()),
                "years": float(years.sum()),
                "per_year": float(events.sum() / years.sum()) if years.sum() else np.nan,
                "low": low,
                "high": high,
            }
        )
    return pd.DataFrame(rows, columns=list(_RULE))


# ---------------------------------------------------------------- flags of quality
def _flag(participants: pd.DataFrame) -> dict[str, list[str]]:
    rules = summary_rules()["quality"]
    done = participants[participants["status"] == "assessed"]
    days = done["days"].astype("float64")
    alike = participants["content"].notna() & participants["content"].duplicated(keep=False)
    marked = {
        "same_content": participants.index[alike],
        "short_span": done.index[days < rules["short_span_days"]],
        "long_gap": done.index[done["gap"] >= rules["gap_days"]],
        "mostly_unknown": done.index[done["days_unknown"].astype("float64") > rules["mostly_unknown"] * days],
        "no_runs": done.index[done["runs"] == 0],
    }
    return {flag: list(names) for flag, names in marked.items()}


def _flag_files(out: Path) -> dict[str, list[str]]:
    told = {"files_damaged": ["damaged", "unreadable"]}
    flags: dict[str, dict[str, None]] = {flag: {} for flag in (*told, *summary_rules()["quality"]["ledger"])}
    for piece in load_groups(out, "sources", columns=["participant", "status"]):
        flags["files_damaged"] |= dict.fromkeys(piece.loc[piece["status"].isin(told["files_damaged"]), "participant"])
    for piece in load_groups(out, "ledger", columns=["participant", "what"]):
        for flag, keys in summary_rules()["quality"]["ledger"].items():
            flags[flag] |= dict.fromkeys(piece.loc[piece["what"].isin(keys), "participant"])
    return {flag: list(names) for flag, names in flags.items()}
