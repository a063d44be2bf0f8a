"""What the sources cover: which days are known to be days of running or of rest, and which are unknown.

Missing is not zero: a day without a run is a day of rest only when some source covers it. The numbers by which a source
is believed to cover a day stand in ``data/reading.toml``.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from loadlens.log import conform, reading_rules


def account_days(
    activities: pd.DataFrame, wellness: pd.DataFrame, covered: pd.DataFrame, diary: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Say of every local date of the span whether it was a day of running, of rest, or unknown.

    Parameters
    ----------
    activities, wellness : DataFrame
        The tables of those names.
    covered : DataFrame
        Columns first and last: the spans over which a source lists every activity.
    diary : DataFrame, optional
        The table of that name; its dates belong to the span, so that no entry falls outside it.

    Returns
    -------
    DataFrame
        The table days. Rest is a day without a run that some source covers: a complete list, a regular set of
        recordings without a long gap, or a watch that was worn. Where a watch is otherwise worn every day and the
        wellness data stop for several days, those days are unknown, list or no list.
    """
    rules = reading_rules()["coverage"]
    dated = [activities["date"], wellness["date"], *([] if diary is None else [diary["date"]])]
    dates = pd.concat(dated).dropna()
    if dates.empty:
        return conform("days", pd.DataFrame())[0]
    index = pd.date_range(dates.min(), dates.max(), freq="D")
    runs = activities[activities["sport"] == "run"].groupby("date").size().reindex(index, fill_value=0)
    others = activities[activities["sport"] != "run"].groupby("date").size().reindex(index, fill_value=0)
    reason = pd.Series("outside_sources", index=index, dtype=object)
    worn = pd.Series(index.isin(_worn_dates(wellness)), index=index)
    active = activities["date"].dropna()
    if not active.empty:
        reach = pd.Timedelta(days=rules["days_after_last_activity"])
        near = (index >= active.min()) & (index <= active.max() + reach)
        reason[worn & near] = "watch_worn"
    between, gaps = _between_recordings(active, index, rules)
    reason[gaps & (reason == "outside_sources")] = "files_gap"
    reason[between] = "between_files"
    for first, last in zip(covered["first"], covered["last"], strict=True):
        reason[first:last] = "listed"
    reason[_unworn(worn, rules) & (others == 0)] = "watch_not_worn"
    reason[runs > 0] = "run_recorded"
    state = reason.map(
        {
            "run_recorded": "run",
            "listed": "rest",
            "between_files": "rest",
            "watch_worn": "rest",
            "outside_sources": "unknown",
            "files_gap": "unknown",
            "watch_not_worn": "unknown",
        }
    )
    days = pd.DataFrame({"date": index, "state": state, "reason": reason, "runs": runs, "other_activities": others})
    return conform("days", days)[0]


def _worn_dates(wellness: pd.DataFrame) -> pd.Series[Any]:
    signs = ["rhr_day", "rhr_sleep", "hrv_rmssd", "hrv_sdnn", "sleep", "steps"]
    return wellness.loc[wellness[signs].notna().any(axis=1), "date"]


def _between_recordings(
    active: pd.Series[Any], index: pd.DatetimeIndex, rules: dict[str, Any]
) -> tuple[np.ndarray, np.ndarray]:
    """Days between two recordings that are close enough, and days in a gap too long to call rest."""
    dates = np.unique(active.to_numpy().astype("datetime64[D]"))
    between, gaps = np.zeros(len(index), bool), np.zeros(len(index), bool)
    if len(dates) >= rules["recordings_at_least"]:
        places = (dates - index[0].to_datetime64().astype("datetime64[D]")).astype(int)
        for first, last in pairwise(places.tolist()):
            (between if last - first <= rules["gap_days_at_most"] else gaps)[first : last + 1] = True
    return between, gaps


def _unworn(worn: pd.Series[bool], rules: dict[str, Any]) -> pd.Series[bool]:
    """Days in a stretch without wellness data inside the span of a watch that is otherwise worn daily."""
    if not worn.any():
        return worn
    inside = worn[worn].index
    span = worn[inside[0] : inside[-1]]
    if span.mean() < rules["worn_share_at_least"]:
        return pd.Series(False, index=worn.index)
    stretch = (span != span.shift()).cumsum()
    long_enough = span.groupby(stretch).transform("size") >= rules["unworn_days_at_least"]
    unworn: pd.Series[bool] = (~span & long_enough).reindex(worn.index, fill_value=False)
    return unworn


def note_silences(activities: pd.DataFrame, covered: pd.DataFrame) -> list[dict[str, object]]:
    """Return a ledger row for each long silence in a list: a month that vanished, or a real break.

    Parameters
    ----------
    activities : DataFrame
        The table of that name.
    covered : DataFrame
        Columns source, first and last.
    """
    most = pd.Timedelta(days=reading_rules()["coverage"]["silence_worth_saying_days"])
    issues: list[dict[str, object]] = []
    for source, first, last in covered.itertuples(index=False):
        dates = activities.loc[activities["date"].between(first, last), "date"].drop_duplicates().sort_values()
        for start, length in zip(dates, (dates.shift(-1) - dates), strict=True):
            if length > most:
                issues.append(
                    {
                        "source": source,
                        "field": "date",
                        "what": "long_silence",
                        "value": f"{start:%Y-%m-%d}",
                        "count": length.days - 1,
                        "action": "noted",
                    }
                )
    return issues


def note_runs_at_once(activities: pd.DataFrame) -> list[dict[str, object]]:
    """Return a ledger row when one source has runs under way while those of another were: nobody runs twice at once.

    What is one run seen by two devices was merged before. What is left are recordings that could not be matched, or the
    exports of two people; which of the two, times cannot tell.

    Parameters
    ----------
    activities : DataFrame
        The table of that name, after merging.
    """
    rules = reading_rules()["coverage"]
    runs = activities[activities["sport"] == "run"].dropna(subset=["start_local", "duration"])
    runs = runs.sort_values("start_local", kind="stable")
    start = runs["start_local"].to_numpy().astype("datetime64[s]").astype(np.int64)
    length, source = runs["duration"].to_numpy("float64"), runs["source"].to_numpy(object)
    pairs: list[tuple[str, str]] = []
    for back in range(1, min(rules["runs_at_once_neighbours"], len(runs) - 1) + 1):
        shared = np.minimum(start[:-back] + length[:-back], start[back:] + length[back:]) - start[back:]
        enough = rules["runs_at_once_share"] * np.minimum(length[:-back], length[back:])
        at_once = (shared >= enough) & (shared > 0) & (source[:-back] != source[back:])
        pairs += [(source[place], source[place + back]) for place in np.flatnonzero(at_once).tolist()]
    if len(pairs) < rules["runs_at_once_at_least"]:
        return []
    one, other = min(pairs)
    told = {"source": one, "field": "start_local", "what": "runs_at_once", "value": other}
    return [told | {"count": len(pairs), "action": "noted"}]
