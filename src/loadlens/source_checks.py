"""What is known of every file that was offered, as plain data: for the command line, and as JSON for machines.

The schema is stable: keys may be added, none is renamed or removed while ``schema`` stays the same
(``docs/check_json.md``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from loadlens.ledger_words import tell_alike, tell_entry, tell_message

if TYPE_CHECKING:
    from loadlens.log import RunningLog

SCHEMA = "loadlens-check/1"

UNIT_KNOWN_BY = {
    "unit_by_heading": "heading",
    "unit_by_steps": "steps",
    "unit_by_track": "track_runs",
    "unit_by_step_count": "step_count",
    "unit_by_second_column": "second_column",
    "unit_with_distance": "distance",
    "unit_with_temperature": "temperature",
    "unit_inferred": "size_of_values",
    "distance_unit_assumed": "assumed",
    "swim_unit_assumed": "assumed",
}
"""Key of the ledger -> how a unit was known."""

DAYS_UNSURE = ("local_day_unsure", "wellness_day_unsure")
REPEATS = ("row_repeated", "date_repeated")
WORTH_SAYING = (*UNIT_KNOWN_BY, *DAYS_UNSURE, *REPEATS, "listed_twice", "runs_at_once", "probably_cut_off")
WORTH_SAYING += ("long_silence", "date_order_unclear", "headings_unknown", "sport_unknown", "sport_assumed")
WORTH_SAYING += ("quantity_not_used",)
"""Keys of the ledger that tell how far a file can be trusted, rather than what happened to one of its cells."""


def check_log(log: RunningLog, lang: str = "en") -> dict[str, Any]:
    """Return what was read and how far it can be trusted, as JSON has it: no NaN, dates as text.

    Parameters
    ----------
    log : RunningLog
    lang : {"en", "nl"}
        Language of the sentences; keys and values for machines are the same in every language.

    Returns
    -------
    dict
        schema, span, days, sources, ledger.
    """
    known = len(log.days) > 0
    first, last = log.span if known else (pd.NaT, pd.NaT)
    states = log.days.groupby(["state", "reason"]).size().rename("count").reset_index()
    return {
        "schema": SCHEMA,
        "span": {"first": _plain(first), "last": _plain(last)},
        "days": [{str(name): _plain(value) for name, value in row.items()} for row in states.to_dict("records")],
        "sources": check_sources(log, lang),
        "ledger": [
            {str(name): _plain(value) for name, value in entry.items()} | {"said": tell_entry(entry, lang)}
            for entry in log.ledger.to_dict("records")
        ],
    }


def check_sources(log: RunningLog, lang: str) -> list[dict[str, Any]]:
    """Return one entry for every file offered; see `check_log`."""
    entries = dict(iter(log.ledger.groupby("source")))
    none = log.ledger.iloc[:0]
    merged = _count_merged(log)
    return [
        _check_source(row, entries.get(row["path"], none), merged.get(row["path"], 0), lang)
        for row in log.sources.to_dict("records")
    ]


def tell_trust(entries: pd.DataFrame, lang: str) -> list[str]:
    """Return the sentences of a file's ledger that say how far it can be trusted, one for each kind and column."""
    rows = entries[entries["what"].isin(WORTH_SAYING)]
    return [tell_alike(alike, lang)[0] for _, alike in rows.groupby(["what", "field"], dropna=False, sort=False)]


def _check_source(row: dict[Any, Any], entries: pd.DataFrame, merged: int, lang: str) -> dict[str, Any]:
    facts = {name: _plain(value) for name, value in row.items() if not str(name).startswith("message")}
    units = dict(pair.split(" ", 1) for pair in str(facts["units"] or "").split("; ") if " " in pair)
    known_by = {
        entry["field"]: (UNIT_KNOWN_BY[str(entry["what"])], _plain(entry["value"]))
        for entry in entries[entries["what"].isin(UNIT_KNOWN_BY)].to_dict("records")
    }
    cut = entries[entries["what"] == "probably_cut_off"]
    gaps = entries[entries["what"] == "long_silence"]
    return facts | {
        "message": tell_message(row, lang) or None,
        "units": [
            {"column": column, "unit": unit, "known_by": known_by.get(column, (None, None))[0]}
            | {"evidence": known_by.get(column, (None, None))[1]}
            for column, unit in units.items()
        ],
        "days_unsure": _sum(entries, DAYS_UNSURE),
        "cut_off": None if cut.empty else {"oldest": cut["value"].iloc[0], "rows": int(cut["count"].iloc[0])},
        "gaps": [
            {"after": value, "days": int(count)} for value, count in zip(gaps["value"], gaps["count"], strict=True)
        ],
        "duplicates": {
            "rows_repeated": _sum(entries, REPEATS),
            "listed_twice": _sum(entries, ("listed_twice",)),
            "in_other_sources": merged,
        },
        "trust": tell_trust(entries, lang),
    }


def _sum(entries: pd.DataFrame, what: tuple[str, ...]) -> int:
    return int(entries.loc[entries["what"].isin(what), "count"].fillna(1).sum())


def _count_merged(log: RunningLog) -> dict[str, int]:
    """Count, for each file, the activities in it that another file has too."""
    counts: dict[str, int] = {}
    for places in log.activities["merged_from"].dropna():
        for path in {place.rpartition(" #")[0] or place for place in str(places).split("; ")}:
            counts[path] = counts.get(path, 0) + 1
    return counts


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: None for what is missing, days as YYYY-MM-DD, numbers of Python."""
    if value is None or pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d")
    return value.item() if hasattr(value, "item") else value
