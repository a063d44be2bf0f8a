"""Events and time at risk from the diaries of many runners: where pain began, and where it could have been seen to."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from loadlens.pain_starts import DAY, find_hurting, find_starts, start_numbers
from loadlens.studies.exposure_rules import FOLLOWED, take_columns
from loadlens.windows import Flags

Definition = Literal["pain", "time_loss"]


def follow_diaries(
    diary: pd.DataFrame, days: pd.DataFrame, definition: Definition = "pain"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Find the events in diaries, and the days on which an event would have been noticed.

    Parameters
    ----------
    diary : DataFrame
        participant, date, kind, value, site.
    days : DataFrame
        participant, date, state.
    definition : {"pain", "time_loss"}
        ``pain``: pain or an injury at or above the threshold after so many days without. ``time_loss``: such a start
        after which nobody ran for so many days (numbers: ``data/pain_starts.toml``).

    Returns
    -------
    events : DataFrame
        participant, date, kind, value, site, reason: "" for an event, else why it could not be told whether it was
        one (``diary_too_young``, ``unknown_days``, ``log_ends``). Starts that cost no time are left out of
        ``time_loss``.
    follow_up : DataFrame
        participant, first, last: stretches of days at risk. The diary was kept (never silent for longer than the
        limit), is old enough, and nothing had hurt for the days without pain. A start ends a stretch, and belongs to it
        when it is an event; one that could not be told ends the stretch on the day before.

    Raises
    ------
    LogError
        A table lacks a column or a date.
    ValueError
        No such definition.

    Notes
    -----
    No entry is not "no pain": where the diary is silent, nobody was at risk of being seen to get hurt. The first day
    after a silence is left out too, since pain written down on it began nobody knows when.

    References
    ----------
    Yamato et al. 2015, J Orthop Sports Phys Ther 45:375, doi:10.2519/jospt.2015.5741: running stopped or restricted for
    at least 7 days. A log shows a stop, and no restriction.
    """
    if definition not in ("pain", "time_loss"):
        raise ValueError(f"definition {definition!r}: not known; would be right: 'pain' or 'time_loss'")
    entries = take_columns("diary", diary, ["participant", "date", "kind", "value", "site"], ["date"])
    states = take_columns("days", days, ["participant", "date", "state"], ["date"])
    known = {name: rows.set_index("date")["state"] for name, rows in states.groupby("participant", sort=False)}
    events, spells = [], []
    for name, rows in entries.groupby("participant", sort=True):
        starts = find_starts(rows)
        if definition == "time_loss":
            starts = _keep_time_loss(starts, known.get(name, pd.Series(dtype="object")))
        followed = _find_days(rows)
        followed = followed.difference(pd.DatetimeIndex(starts.loc[starts["reason"] != "", "date"]))
        events.append(starts.assign(participant=name))
        spells.append(find_stretches(followed).assign(participant=name))
    columns = ["participant", "date", "kind", "value", "site", "reason"]
    if not events:
        return pd.DataFrame(columns=columns), pd.DataFrame(columns=FOLLOWED)
    return pd.concat(events, ignore_index=True)[columns], pd.concat(spells, ignore_index=True)[FOLLOWED]


def find_stretches(days: pd.DatetimeIndex) -> pd.DataFrame:
    """Give the first and last day of each stretch of days that follow one another."""
    breaks = np.flatnonzero(np.diff(days.to_numpy().astype("datetime64[D]").astype(np.int64)) != 1)
    first, last = np.concatenate([[0], breaks + 1]), np.concatenate([breaks, [len(days) - 1]])
    if not len(days):
        first = last = np.array([], dtype=np.int64)
    return pd.DataFrame({"first": days[first], "last": days[last]})


def _find_days(diary: pd.DataFrame) -> pd.DatetimeIndex:
    """Give the days on which a start would have been one, and would have been written down."""
    numbers, free = start_numbers(), start_numbers()["starts"]["pain_free_days"]
    written = pd.DatetimeIndex(diary["date"].unique()).sort_values()
    days = pd.date_range(written[0] + free * DAY, written[-1], freq="D", unit="us")
    previous = written[np.maximum(written.searchsorted(days, side="left") - 1, 0)]
    following = written[written.searchsorted(days, side="left")]
    kept: Flags = np.asarray((following - previous) <= numbers["kept"]["silent_days"] * DAY)
    hurt = pd.DatetimeIndex(diary.loc[find_hurting(diary), "date"].unique()).sort_values()
    latest = hurt.searchsorted(days, side="left") - 1
    quiet = np.ones(len(days), dtype=bool)
    had = latest >= 0
    quiet[had] = (days[had] - hurt[latest[had]]) > free * DAY
    return days[kept & quiet]


def _keep_time_loss(starts: pd.DataFrame, state: pd.Series[str]) -> pd.DataFrame:
    """Keep starts after which nobody ran, and say of which it cannot be told."""
    length = start_numbers()["time_loss"]["days_without_run"]
    reasons = []
    for date, reason in zip(starts["date"], starts["reason"], strict=True):
        after = state.reindex(pd.date_range(date + DAY, periods=length, freq="D"))
        if (after == "run").any():
            reasons.append("ran_on")
        elif reason or (after == "rest").all():
            reasons.append(reason)
        else:
            reasons.append("log_ends" if state.empty or after.index[-1] > state.index.max() else "unknown_days")
    told = starts.assign(reason=pd.Series(reasons, index=starts.index, dtype="object"))
    return told[told["reason"] != "ran_on"].reset_index(drop=True)
