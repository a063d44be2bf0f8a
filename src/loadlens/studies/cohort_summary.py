"""What a summary of a cohort tells: plain data, in which small groups are hidden when it is to be shared.

Here, and nowhere else, is decided what may be told. Whatever shows a summary shows this and no more.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from loadlens.studies.disclosure import (
    hide_groups,
    hide_part,
    is_small,
    smallest_group,
    summary_rules,
    write_told,
)

if TYPE_CHECKING:
    import pandas as pd

    from loadlens.studies.cohort_counts import Counts

FLAGS = ("files_damaged", "same_content", "several_people", "short_span", "no_runs", "mostly_unknown", "long_gap",
         "units_inferred", "clock_unsure", "list_cut_off", "maker_changed")  # fmt: skip
"""Flags of quality, in the order in which they are told."""

SPREADS = ("known", "run_days", "runs_per_week", "days")
"""What is told of the spread over participants."""

Matrix = np.ndarray[Any, np.dtype[np.float64]]


def sum_up(counts: Counts, *, hide: bool) -> dict[str, Any]:
    """Return what a summary tells, ready for JSON.

    Parameters
    ----------
    counts : Counts
        What `count_cohort` counted.
    hide : bool
        Whether it is to be shared: groups below the smallest size, and all from which they would follow, are not told,
        and nobody is named.

    Returns
    -------
    dict
        participants, failures, coverage, rules, flags. A count of which too few are part is ``"<5"``, one of which all
        but too few are part such as ``">35"``; a number that is not told, or does not exist, is None.
    """
    done = counts.participants[counts.participants["status"] == "assessed"]
    failed = counts.participants[counts.participants["status"] != "assessed"]
    return {
        "smallest_group": smallest_group() if hide else None,
        "participants": _sizes(len(done), len(failed), hide=hide),
        "failures": _failures(failed, hide=hide),
        "coverage": _coverage(done, hide=hide),
        "rules": [_rule(row, counts.reasons, hide=hide) for row in counts.rules.to_dict("records")],
        "flags": [_flag(flag, done.index.intersection(counts.flags[flag]), len(done), hide=hide) for flag in FLAGS],
    }


def _part(count: int, total: int, *, hide: bool) -> int | str | None:
    return write_told(hide_part(count, total), total) if hide else count


def _sizes(assessed: int, failed: int, *, hide: bool) -> dict[str, int | str | None]:
    """Tell how many there are: all else counts those that were assessed, so the sum gives way where one is small."""
    least = f"<{smallest_group()}"
    hidden = hide and (is_small(assessed) or is_small(failed))
    return {
        "found": None if hidden else assessed + failed,
        "assessed": least if hide and is_small(assessed) else assessed,
        "failed": least if hide and is_small(failed) else failed,
    }


def _failures(failed: pd.DataFrame, *, hide: bool) -> list[dict[str, Any]]:
    """Group participants that failed by their reason, the most frequent first."""
    groups = list(failed.fillna({"reason": "", "reason_nl": ""}).groupby(["reason", "reason_nl"], sort=True))
    sizes = {str(place): len(rows) for place, (_, rows) in enumerate(groups)}
    told = hide_groups(sizes) if hide else sizes
    found = [
        {"reason": {"en": str(reason[0]), "nl": str(reason[1])}}
        | {"participants": write_told(told[str(place)], len(failed))}
        | ({} if hide else {"listed": _list_some(list(rows.index))})
        for place, (reason, rows) in enumerate(groups)
    ]
    order = sorted(range(len(found)), key=lambda place: -sizes[str(place)])
    return [found[place] for place in order]


def _list_some(names: list[str]) -> list[str]:
    return [str(name) for name in names[: summary_rules()["quality"]["listed"]]]


def _coverage(done: pd.DataFrame, *, hide: bool) -> dict[str, Any]:
    """Add up days over all participants, and tell quartiles where each quarter of them is no small group."""
    days = done[["days", "days_run", "days_rest", "days_unknown", "runs"]].astype("float64")
    totals: dict[str, Any] = {str(name): int(days[name].sum()) for name in days}
    if hide and is_small(len(done)):
        return dict.fromkeys(totals) | {"spread": dict.fromkeys(SPREADS)}
    length = days["days"]
    each = {
        "known": 1 - days["days_unknown"] / length,
        "run_days": days["days_run"] / length,
        "runs_per_week": 7 * days["runs"] / (length - days["days_unknown"]).where(length > days["days_unknown"]),
        "days": length,
    }
    told = len(done) > 0 and not (hide and len(done) < 4 * smallest_group())
    spread = {name: _quartiles(values) if told else None for name, values in each.items()}
    return totals | {"spread": spread}


def _quartiles(values: pd.Series[float]) -> list[float] | None:
    known = values.dropna()
    return [round(float(known.quantile(q)), 4) for q in (0.25, 0.5, 0.75)] if len(known) else None


def _rule(row: dict[Any, Any], reasons: pd.DataFrame, *, hide: bool) -> dict[str, Any]:
    rule, seen, offered = str(row["rule"]), int(row["participants"]), int(row["offered"])
    known = not (hide and is_small(seen))
    rate = known and not (hide and is_small(int(row["alarmed"])))
    numbers = {name: _number(row[name]) if rate else None for name in ("per_year", "low", "high")}
    told = _part(seen, offered, hide=hide)
    return {
        "rule": rule,
        "participants": told,
        "share_assessable": _number(row["days_assessable"] / row["days"]) if known and row["days"] else None,
        "years": _number(row["years"]) if known else None,
        "alarms": int(row["alarms"]) if rate else None,
        "alarmed": _part(int(row["alarmed"]), seen, hide=hide) if isinstance(told, int) else None,
        **numbers,
        "reasons": _reasons(reasons[reasons["rule"] == rule], row["days"], known=known, hide=hide),
    }


def _reasons(rows: pd.DataFrame, days: float, *, known: bool, hide: bool) -> list[dict[str, Any]]:
    """Tell why days of a rule were not assessable, as shares of all days.

    These shares and that of assessable days are 1 together: one that is hidden alone would be what is left.
    """
    told: list[dict[str, Any]] = [
        {
            "reason": str(row["reason"]),
            "share": _number(row["days"] / days),
            "small": hide and is_small(row["participants"]),
        }
        for row in rows.to_dict("records")
    ]
    hidden = [entry for entry in told if entry["small"]]
    others = [entry for entry in told if not entry["small"]]
    if len(hidden) + (not known) == 1 and others:
        others[-1]["small"] = True
    return [{"reason": entry["reason"], "share": None if entry["small"] else entry["share"]} for entry in told]


def _flag(flag: str, names: pd.Index[Any], total: int, *, hide: bool) -> dict[str, Any]:
    told = {"flag": flag, "participants": _part(len(names), total, hide=hide)}
    return told if hide else told | {"listed": _list_some(list(names))}


def _number(value: Any) -> float | None:
    return round(float(value), 4) if math.isfinite(value) else None


# ---------------------------------------------------------------- the figure of coverage
def lay_out_weeks(counts: Counts, *, hide: bool) -> tuple[Matrix, int, int]:
    """Lay the weeks of all participants below one another, those of whom most is known first.

    Parameters
    ----------
    counts : Counts
        What `count_cohort` counted.
    hide : bool
        Whether it is to be shared: then no row, and no place in it, stands for fewer than the smallest group.

    Returns
    -------
    shares : array of float, shape (rows, columns)
        Share of days that are known; NaN where there is nobody, or nobody who may be told of.
    per_row : int
        Participants in a row, at most.
    per_column : int
        Weeks in a column.
    """
    rules = summary_rules()["figure"]
    ordered = sorted(counts.weeks.values(), key=lambda weeks: (-float(weeks.mean()), len(weeks)))
    longest = max(map(len, ordered), default=0)
    per_column = max(1, math.ceil(longest / rules["columns"]))
    columns = math.ceil(longest / per_column)
    least = smallest_group() if hide else 1
    if len(ordered) < least:
        return np.empty((0, columns)), least, per_column
    rows = min(rules["rows"], len(ordered) // least)
    bounds = np.linspace(0, len(ordered), rows + 1).round().astype(int)
    shares = np.full((rows, columns), np.nan)
    for row, (first, past) in enumerate(pairwise(bounds)):
        shares[row] = _average(ordered[first:past], per_column, columns, least)
    return shares, int(np.diff(bounds).max()), per_column


def _average(weeks: list[Any], per_column: int, columns: int, least: int) -> Matrix:
    """Average the weeks of some participants, column by column, where at least so many have any."""
    total, people = np.zeros(columns), np.zeros(columns)
    for one in weeks:
        starts = np.arange(0, len(one), per_column)
        sizes = np.diff(np.append(starts, len(one)))
        total[: len(starts)] += np.add.reduceat(one.astype(np.float64), starts) / sizes
        people[: len(starts)] += 1
    return np.where(people >= least, total / np.maximum(people, 1), np.nan)
