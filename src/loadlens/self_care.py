"""Measures of what a runner writes down about recovery and care: fatigue, mobility, the squat test, cooling, signs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from loadlens.diary_days import count_by_day, entries_of, entries_tagged, find_silence, split_tags, take_by_day
from loadlens.windows import Flags, Floats, answer, first_reason, look_back, not_yet, on_days, place_on, row_medians

WATCH = 3
"""Place of `watch` among the levels (``rules.LEVELS``); a sign of another rule is there from here on."""


def diary_flag(
    signal: pd.DataFrame,
    *,
    days: pd.DatetimeIndex,
    tags: Sequence[str],
    hold_days: int,
    minor_tags: Sequence[str] = (),
) -> pd.DataFrame:
    """Count which of the named signs were written down. One entry is enough; nothing mutes it.

    A sign is a kind or a tag of an entry; a kind with the value 0 says that the sign is absent. Signs count together
    when they were written down on the same day. An entry, whatever it says, speaks for its day and `hold_days` after:
    a sign stays in sight for as long, and without a recent entry a day is not assessable rather than fine.

    Parameters
    ----------
    signal : DataFrame
        The diary, indexed by date.
    tags, minor_tags : list of str
        The signs that raise the rule, and those that are only noted.
    hold_days : int
        Days after an entry for which it speaks.

    Returns
    -------
    DataFrame
        flags, minor: most signs on one day, in sight on this day.
    """
    place = place_on(signal.index, days)
    written = np.full(len(days), np.nan)
    written[place[place >= 0]] = 0.0
    counts = {"flags": written, "minor": written.copy()}
    absent = (signal["value"] == 0).to_numpy()
    entries = zip(place, signal["kind"].fillna(""), signal["tags"].fillna(""), absent, strict=True)
    ticked: dict[int, set[str]] = {}
    for at, kind, text, none in entries:
        ticked.setdefault(int(at), set()).update(split_tags(text) | (set() if none else {kind.lower()}))
    for day, names in ticked.items():
        if day >= 0:
            counts["flags"][day] = len(names & set(tags))
            counts["minor"][day] = len(names & set(minor_tags))
    held = {name: np.fmax.reduce(look_back(count, hold_days), axis=1) for name, count in counts.items()}
    silent: Flags = np.isnan(held["flags"])
    reason = first_reason((not_yet(np.isfinite(written)), "no_diary"), (silent, "stale"))
    return answer(days, reason, **held)


def shoe_signs(
    signal: pd.DataFrame,
    *,
    days: pd.DatetimeIndex,
    found: Mapping[str, pd.DataFrame],
    distance_from: str,
    tags: Sequence[str],
    hold_days: int,
) -> pd.DataFrame:
    """Count signs of worn shoes, beside the distance on the most used pair.

    Parameters
    ----------
    signal : DataFrame
        The diary, indexed by date; the kind shoes may give the distance on them [km].
    found : mapping of str to DataFrame
        What rules judged before this one gave; `distance_from` is the one that follows the shoes.
    distance_from : str
        Id of that rule.
    tags : list of str
        The signs.
    hold_days : int
        Days after an entry for which it speaks.

    Returns
    -------
    DataFrame
        flags: most signs on one day; distance [m]: known for certain, or written down, NaN when neither is.
    """
    frame = diary_flag(signal, days=days, tags=tags, hold_days=hold_days)
    written = pd.Series(take_by_day(entries_of(signal, "shoes"), days) * 1000).ffill(limit=hold_days)
    known = np.asarray(found[distance_from]["distance"], dtype=np.float64)
    reason = np.asarray(frame["reason"], dtype=object)
    return answer(days, reason, flags=np.asarray(frame["flags"]), distance=np.fmax(known, np.asarray(written)))


def fatigue(
    signal: pd.DataFrame,
    *,
    days: pd.DatetimeIndex,
    sleep: pd.Series[float],
    recent_days: int,
    minimum_recent: int,
    usual_days: tuple[int, int],
    minimum_usual: int,
) -> pd.DataFrame:
    """Compare fatigue with the runner's own usual, beside sleep.

    Parameters
    ----------
    signal : DataFrame
        The diary, indexed by date: fatigue and sleep_quality, 1 to 5.
    sleep : Series
        Time asleep in the night that ended on the day [s].
    recent_days, minimum_recent : int
        Days of the recent median, and how many must have a value.
    usual_days, minimum_usual : int
        First and last day, counted back, of the usual median, and how many must have a value.

    Returns
    -------
    DataFrame
        rise, now, usual [1-5]; sleep: mean [s]; quality: median [1-5]; both NaN when too few nights have one.
    """
    entries = entries_of(signal, "fatigue")
    tired = take_by_day(entries, days)
    week, before = look_back(tired, recent_days - 1), look_back(tired, *usual_days)
    now, usual = row_medians(week), row_medians(before)
    nights = look_back(np.asarray(sleep, dtype=np.float64), recent_days - 1)
    slept = np.isfinite(nights).sum(axis=1)
    quality = look_back(take_by_day(entries_of(signal, "sleep_quality"), days), recent_days - 1)
    reason = first_reason(
        *find_silence(signal, entries, days, usual_days[0]),
        (np.isfinite(week).sum(axis=1) < minimum_recent, "too_few_values"),
        (np.isfinite(before).sum(axis=1) < minimum_usual, "baseline_missing"),
    )
    return answer(
        days,
        reason,
        rise=now - usual,
        now=now,
        usual=usual,
        sleep=np.where(slept >= minimum_recent, np.nansum(nights, axis=1) / np.maximum(slept, 1), np.nan),
        quality=np.where(np.isfinite(quality).sum(axis=1) >= minimum_recent, row_medians(quality), np.nan),
    )


def recovery_signs(
    signal: pd.DataFrame,
    *,
    days: pd.DatetimeIndex,
    found: Mapping[str, pd.DataFrame],
    alone: Sequence[str],
    together: Sequence[str],
    soreness: float,
    soreness_days: int,
    irritability: float,
    window_days: int,
    minimum_values: int,
    minimum_signs: int,
) -> pd.DataFrame:
    """Count signs of too little recovery, and how many could be assessed.

    The signs are the rules `alone`, one for all rules `together`, lasting soreness, and irritability. A rule is a sign
    from attention on.

    Parameters
    ----------
    signal : DataFrame
        The diary, indexed by date: soreness and irritability, 1 to 5.
    found : mapping of str to DataFrame
        What rules judged before this one gave, with their level.
    alone, together : list of str
        Ids of the rules that are a sign each, and of those that are one sign together.
    soreness, soreness_days : float, int
        Soreness that counts, and on how many days of the window.
    irritability : float
        Median of the window that counts.
    window_days, minimum_values : int
        Days looked at, and values of each that are needed.
    minimum_signs : int
        Signs that must be assessable.

    Returns
    -------
    DataFrame
        signs: present; assessable: how many could be told.
    """
    levels = {name: np.asarray(found[name]["level"]) for name in (*alone, *together)}
    group = np.maximum.reduce([levels[name] for name in together])
    known = [*(levels[name] > 0 for name in alone), group > 0]
    there = [*(levels[name] >= WATCH for name in alone), group >= WATCH]
    sore = look_back(take_by_day(entries_of(signal, "soreness"), days), window_days - 1)
    short = look_back(take_by_day(entries_of(signal, "irritability"), days), window_days - 1)
    known += [np.isfinite(rows).sum(axis=1) >= minimum_values for rows in (sore, short)]
    there += [(sore >= soreness).sum(axis=1) >= soreness_days, row_medians(short) >= irritability]
    assessable = np.array(known, dtype=np.float64).sum(axis=0)
    signs = (np.array(known) & np.array(there)).astype(np.float64).sum(axis=0)
    reason = first_reason((assessable < minimum_signs, "too_few_signs"))
    return answer(days, reason, signs=signs, assessable=assessable)


def mobility(
    signal: pd.DataFrame,
    *,
    days: pd.DatetimeIndex,
    activities: pd.DataFrame,
    window_days: int,
    logged_days: int,
    minimum_minutes: float,
) -> pd.DataFrame:
    """Count days with mobility training, written down or recorded.

    Parameters
    ----------
    signal : DataFrame
        The diary, indexed by date: mobility [min]; an entry without minutes counts as enough.
    activities : DataFrame
        All sessions, indexed by date.
    window_days, logged_days : int
        Days counted, and days within which one entry shows that it is logged at all.
    minimum_minutes : float
        Minutes of a day that count.

    Returns
    -------
    DataFrame
        done: days of the window.
    """
    entries = entries_of(signal, "mobility")
    sessions = activities[activities["sport"] == "mobility"]
    minutes = pd.concat([entries["value"], sessions["duration"].fillna(sessions["elapsed"]) / 60])
    length = np.asarray(minutes, dtype=np.float64)
    total = on_days(minutes.index, np.where(np.isnan(length), minimum_minutes, length), days)
    made = (total >= minimum_minutes).astype(np.float64)
    reason = first_reason(
        (~(np.nansum(look_back(made, logged_days - 1), axis=1) > 0), "not_logged"),
        (np.arange(len(days)) < window_days - 1, "history_too_short"),
    )
    return answer(days, reason, done=np.nansum(look_back(made, window_days - 1), axis=1))


def squat_test(signal: pd.DataFrame, *, days: pd.DatetimeIndex, hold_days: int) -> pd.DataFrame:
    """Give the last deep squat: 1 with the heels on the ground, 0 when they came off.

    Parameters
    ----------
    signal : DataFrame
        The diary, indexed by date: squat_test, 0 or 1.
    hold_days : int
        Days for which a test speaks.

    Returns
    -------
    DataFrame
        result; age: days since the test.
    """
    entries = entries_of(signal, "squat_test").dropna(subset=["value"])
    tested = take_by_day(entries, days)
    position = np.arange(len(days))
    last = np.maximum.accumulate(np.where(np.isfinite(tested), position, -1)) if len(days) else position
    reason = first_reason(*find_silence(signal, entries, days, hold_days))
    return answer(days, reason, result=tested[last], age=(position - last).astype(np.float64))


def cooling(signal: pd.DataFrame, *, days: pd.DatetimeIndex, tags: Sequence[str], hold_days: int) -> pd.DataFrame:
    """Compare cooling with how it should be done.

    Parameters
    ----------
    signal : DataFrame
        The diary, indexed by date: cooling [min], one entry each time.
    tags : list of str
        Signs on the skin.
    hold_days : int
        Days in which cooling is looked at.

    Returns
    -------
    DataFrame
        longest [min], NaN when no entry says how long; times: most on one day; skin: entries with a sign.
    """
    entries = entries_of(signal, "cooling")
    entries = entries[~(entries["value"] == 0)]

    def most(values: Floats) -> Floats:
        return np.asarray(np.fmax.reduce(look_back(values, hold_days), axis=1))

    reason = first_reason(*find_silence(signal, entries, days, hold_days))
    return answer(
        days,
        reason,
        longest=most(take_by_day(entries, days)),
        times=most(count_by_day(entries, days)),
        skin=most(count_by_day(entries_tagged(signal, *tags), days)),
    )
