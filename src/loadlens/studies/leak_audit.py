"""Asks a table of an injury study what nobody could have known: leaks that make results look better than they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from loadlens import words
from loadlens.log import LogError
from loadlens.studies.cohort_splits import LeakError
from loadlens.studies.exposure_rules import exposure_numbers, take_columns
from loadlens.studies.missingness import (
    count_at_risk,
    find_risk_sets,
    measure_auc,
    move_events,
    name_patterns,
    sort_rows,
)

VERDICTS = ("sound", "leak", "not_assessable")
"""What a check can say."""

COLUMNS = ["check", "column", "verdict", "reason", "count", "auc", "limit", "p"]
ALL = "all columns"
NO_EXPOSURE = frozenset(
    {"participant", "date", "last_date", "known_on", "start", "stop", "event"}
    | {"case", "stratum", "controls", "onsets_before", "run_length"}
)
"""Columns of our own tables that are no exposures."""


def audit_leaks(
    table: pd.DataFrame,
    days: pd.DataFrame | None = None,
    *,
    columns: Sequence[str] | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Pass a table without the leaks that are known to ruin injury studies; else raise.

    Parameters
    ----------
    table : DataFrame
        participant; event with start and stop, or case with stratum, or event alone (any table of rows and outcomes);
        where there are such columns, date, last_date and known_on.
    days : DataFrame, optional
        participant, date, state: to check that nobody is counted at risk on an unknown day.
    columns : sequence of str, optional
        Exposures whose missing values are looked at; by default all that are no known other column.
    seed : int
        Of folds and permutations.

    Returns
    -------
    DataFrame
        One row per check and column. check; column; verdict: sound, or not_assessable with its `reason`
        (``too_few_events``, ``no_column``, ``nothing_missing``); count: rows or values it is about; for missingness
        also auc: how well missing values alone tell events apart, in runners they were not learned from; limit: what it
        must pass to be a leak; p: share of permutations with as much, over all columns.

    Raises
    ------
    LeakError
        There is a leak. The message names every one; ``report`` holds the table above.
    LogError
        The table lacks participant or event, or an outcome is neither 0 nor 1.

    Notes
    -----
    Checked are rows that come twice or overlap; exposures that hold days after their row began; time at risk on unknown
    days; and, for each exposure and all together, whether missing values alone tell who gets hurt when. For that, rates
    by pattern of missing values are learned on some runners and rank the rows at risk at each event of the others (5
    folds, no runner on both sides). It is a leak when the area under the curve is at least 0.55 and larger than in all
    but 1 % of permutations that hand the events of each runner to another at the same times; the largest column of each
    permutation counts, so that many columns make no false alarm (Westfall & Young 1993). History that is too short for
    all at once is no leak: they are compared at equal times. Nor is an exposure of runs on days known to have none
    (reason ``no_run``). Missing values that were filled in cannot be seen: audit before filling in. Sound is not the
    same as right.
    """
    rows, outcome = _check_table(table)
    report = [*_check_rows(table), _check_look_ahead(table), _check_unknown(table, days)]
    names = [str(name) for name in table.columns]
    asked = [name for name in names if name not in NO_EXPOSURE and not name.endswith(("_reason", "_band"))]
    report += _check_missingness(table, list(asked if columns is None else columns), rows, seed)
    told = pd.DataFrame([{**dict.fromkeys(COLUMNS, np.nan), "reason": "", **row} for row in report])[COLUMNS]
    if (told["verdict"] == "leak").any():
        error = LeakError(f"{outcome}: " + " ".join(tell_audit(told[told["verdict"] == "leak"])))
        error.report = told
        raise error
    return told


def tell_audit(report: pd.DataFrame, lang: str = "en") -> list[str]:
    """Say in a line each what `audit_leaks` found.

    Parameters
    ----------
    report : DataFrame
        What `audit_leaks` returns, or the ``report`` of the error it raised.
    lang : {"en", "nl"}
        Language.
    """
    lines = []
    for row in report.to_dict("records"):
        key = f"audit.{row['check']}_{row['reason'] or row['verdict']}"
        column = words.say("audit.all_columns", lang) if row["column"] == ALL else row["column"]
        lines.append(
            words.say(
                key,
                lang,
                column=column,
                count=words.number(float(row["count"]), lang),
                auc=words.number(float(row["auc"]), lang, 2),
                limit=words.number(float(row["limit"]), lang, 2),
                p=words.number(float(row["p"]), lang, 3),
                minimum=words.number(exposure_numbers()["audit"]["minimum_events"], lang),
            )
        )
    return lines


def _check_table(table: pd.DataFrame) -> tuple[np.ndarray, str]:
    outcome = "case" if "case" in table else "event"
    for name in ("participant", outcome):
        if name not in table or table[name].isna().any():
            raise LogError(f"table.{name}: missing; would be right: participant and event (or case) in every row")
    if not table[outcome].isin([0, 1]).all():
        raise LogError(f"table.{outcome}: not only 0 and 1; would be right: 1 where it happened, else 0")
    return np.flatnonzero(table[outcome].to_numpy() == 1), outcome


def _check_rows(table: pd.DataFrame) -> list[dict[str, object]]:
    """Rows that come twice or overlap count the same time, or the same onset, more than once."""
    if {"start", "stop"} <= set(table):
        ordered = table.sort_values(["participant", "start", "stop"], kind="stable")
        follows = ordered["participant"].eq(ordered["participant"].shift())
        reached = ordered.groupby("participant")["stop"].cummax().shift()
        wrong = int((follows & (ordered["start"] < reached)).sum() + (~(table["start"] < table["stop"])).sum())
    else:
        keys = [name for name in ("participant", "stratum", "date") if name in table]
        if "date" not in keys:
            return [{"check": "rows", "verdict": "not_assessable", "reason": "no_column", "count": 0}]
        wrong = int(table.duplicated(keys).sum())
    return [{"check": "rows", "verdict": "leak" if wrong else "sound", "count": wrong}]


def _check_look_ahead(table: pd.DataFrame) -> dict[str, object]:
    if not {"known_on", "date"} <= set(table):
        return {"check": "look_ahead", "verdict": "not_assessable", "reason": "no_column", "count": 0}
    dated = take_columns("table", table, ["participant", "date", "known_on"], ["date", "known_on"])
    late = int((dated["known_on"] > dated["date"]).sum())
    return {"check": "look_ahead", "verdict": "leak" if late else "sound", "count": late}


def _check_unknown(table: pd.DataFrame, days: pd.DataFrame | None) -> dict[str, object]:
    if days is None or "date" not in table:
        return {"check": "unknown_days", "verdict": "not_assessable", "reason": "no_column", "count": 0}
    last = "last_date" if "last_date" in table else "date"
    covered = take_columns("table", table.assign(last=table[last]), ["participant", "date", "last"], ["date", "last"])
    grid = take_columns("days", days, ["participant", "date", "state"], ["date"]).rename(columns={"date": "day"})
    unknown = grid[grid["state"] == "unknown"]
    found = pd.merge_asof(
        unknown.sort_values("day"), covered.sort_values("date"), left_on="day", right_on="date", by="participant"
    )
    count = int((found["day"] <= found["last"]).sum())
    return {"check": "unknown_days", "verdict": "leak" if count else "sound", "count": count}


def _check_missingness(table: pd.DataFrame, asked: list[str], events: np.ndarray, seed: int) -> list[dict[str, object]]:
    rules = exposure_numbers()["audit"]
    stray = [name for name in asked if name not in table]
    if stray:
        raise LogError(f"table: no column {', '.join(stray)}; would be right: columns of the table")
    absent = table[asked].isna()
    for name in asked:  # where it is known that nobody ran, a spike is not missing: there was none
        if f"{name}_reason" in table:
            absent[name] &= table[f"{name}_reason"] != "no_run"
    base = [{"check": "missingness", "column": name, "count": int(absent[name].sum())} for name in asked]
    told = [name for name in asked if 0 < int(absent[name].sum()) < len(table)]
    if len(events) < rules["minimum_events"]:
        return [row | {"verdict": "not_assessable", "reason": "too_few_events"} for row in base]
    whole = [row | {"verdict": "sound", "reason": "nothing_missing"} for row in base if row["column"] not in told]
    if not told:
        return whole
    patterns = {name: absent[name].to_numpy().astype(np.int64) for name in told}
    if len(told) > 1:
        patterns[ALL] = name_patterns(absent[told])
    sets = find_risk_sets(table, rules["folds"], seed)
    counts = {name: count_at_risk(sets, pattern, rules["folds"]) for name, pattern in patterns.items()}
    order, rng = sort_rows(sets), np.random.default_rng(seed)

    def score(rows: np.ndarray) -> np.ndarray:
        fold = sets.fold[rows]
        return np.array([measure_auc(counts[n], sets.event_set, fold, patterns[n][rows]) for n in patterns])

    found = score(sets.event_row)
    most = np.array([np.max(score(move_events(sets, order, rng))) for _ in range(rules["permutations"])])
    chance = float(np.quantile(most, 1 - rules["error_share"], method="higher"))
    limit = max(chance, rules["auc"])
    rows = []
    for name, auc in zip(patterns, found, strict=True):
        p = (1 + int((most >= auc).sum())) / (1 + len(most))
        leak = bool(auc >= limit and p <= rules["error_share"])
        count = int(absent[told].any(axis=1).sum()) if name == ALL else int(absent[name].sum())
        rows.append(
            {"check": "missingness", "column": name, "count": count, "verdict": "leak" if leak else "sound"}
            | {"auc": float(auc), "limit": limit, "p": p}
        )
    return [*whole, *rows]
