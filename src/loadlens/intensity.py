"""How hard: minutes above a limit that the log itself gives, and whether hard days are followed by easy ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from loadlens.diary_days import entries_of, take_by_day
from loadlens.run_minutes import flag_locked
from loadlens.windows import (
    Floats,
    Texts,
    answer,
    first_reason,
    look_back,
    not_yet,
    on_days,
    place_on,
    row_medians,
    share,
    streaks,
)

COLUMNS = {"heart_rate": 1.0, "speed": 0.05}
"""What a limit can be drawn on, and the step [bpm, m/s] in which it is drawn."""


def intensity_minutes(
    signal: pd.DataFrame,
    *,
    days: pd.DatetimeIndex,
    runs: pd.DataFrame,
    state: pd.Series[str],
    sustained_minutes: int,
    estimate_days: tuple[int, int],
    minimum_runs: int,
    hardest_runs: int,
    limit_share: float,
    clear_share: float,
    reference_weeks: int,
    minimum_weeks: int,
    floor_minutes: float,
    fresh_days: int,
    unknown_share: float,
    lock_width: float,
    lock_share: float,
    maximum_grade: float,
    left_out: Sequence[str],
) -> pd.DataFrame:
    """Compare the hard minutes of the last 7 days with those of the weeks before.

    A minute is hard above a share of the runner's own best sustained effort: the median, over the hardest runs of the
    last months, of the highest mean heart rate (where that is not assessable: speed) over so many minutes on end. Half
    the range of those runs is the uncertainty of the limit. Without efforts that stand clear of the usual run nothing
    is called hard. Minutes without a value may have been hard: up to the most of any day of these weeks, and to one
    sustained effort at least. A day is assessable when the highest and the lowest limit give the same level.

    Parameters
    ----------
    signal : DataFrame
        Minutes of runs, indexed by date.
    runs : DataFrame
        Runs, indexed by date.
    state : Series
        run, rest or unknown, by day.
    sustained_minutes : int
        Minutes on end of a sustained effort.
    estimate_days : (int, int)
        First and last day, counted back, of the runs the limit is drawn from.
    minimum_runs, hardest_runs : int
        Runs with a sustained effort that it needs, and how many of the hardest count.
    limit_share : float
        Limit, as a share of the sustained effort.
    clear_share : float
        The limit lies at least this share above the sustained effort of the usual run.
    reference_weeks, minimum_weeks : int
        Weeks before the last 7 days, and how many of them must be known and with a run.
    floor_minutes : float
        Hard minutes a week [min] that are believed as usual at least.
    fresh_days : int
        Days before the last 7 without any hard minute, after which hard minutes are fresh.
    unknown_share : float
        Largest share of unknown days in a week.
    lock_width, lock_share : float
        Runs whose heart rate cannot be told from their cadence are left out, as in `form_change`.
    maximum_grade : float
        By speed, only minutes no steeper than this [%] can be hard.
    left_out : list of str
        Kinds of run whose speed is not comparable.

    Returns
    -------
    DataFrame
        minutes: of the last 7 days; usual: a week; rise [min]; ratio: to the usual week, or to `floor_minutes` where
        that is more; fresh: 1 after `fresh_days` without; today [min]: of the day itself; heart_rate [bpm] or speed
        [m/s]: the limit.

    Notes
    -----
    The limit is ours. Ramskov et al. 2018, BMJ Open Sport Exerc Med 4:e000333: building up intensity did not differ
    from building up distance.
    """
    taken = signal[["activity", "minute", "recorded", *COLUMNS]]
    heart = taken[~flag_locked(signal, lock_width=lock_width, lock_share=lock_share)]
    flat = taken[~signal["sub_sport"].isin(list(left_out)) & ~(signal["grade"].abs() > maximum_grade)]
    length = np.asarray(runs["moving"].fillna(runs["duration"]).fillna(runs["elapsed"]), dtype=np.float64) / 60
    run_minutes = on_days(runs.index, length, days)
    run_minutes[on_days(runs.index, np.isnan(length).astype(np.float64), days) > 0] = np.inf  # of unknown length
    frames: list[pd.DataFrame] = []
    for column, table in (("heart_rate", heart), ("speed", flat)):
        sustained, above = _sum_up(table, column, days, sustained_minutes)
        needed = np.full(len(days), True) if not frames else (frames[0]["reason"] != "").to_numpy()
        limit, doubt, unsure = np.full(len(days), np.nan), np.full(len(days), np.nan), np.full(len(days), "", object)
        limit[needed], doubt[needed], unsure[needed] = _estimate_limit(
            look_back(sustained, *estimate_days)[needed], minimum_runs, hardest_runs, limit_share, clear_share
        )
        seen = above[:, 0]
        gap = np.where(run_minutes > 0, np.maximum(run_minutes - seen - 1.0, 0.0), 0.0)
        numbers = [
            _compare_weeks(
                above, gap, ends, COLUMNS[column], state, reference_weeks, unknown_share, fresh_days, sustained_minutes
            )
            for ends in ((limit + doubt, False), (limit - doubt, True))
        ]
        for end in numbers:
            end["ratio"] = share(end["minutes"], np.maximum(end["usual"], floor_minutes))
            end["rise"] = end["minutes"] - end["usual"]
        reason = np.where(
            unsure == "",
            first_reason(
                (numbers[0].pop("unknown") + numbers[1].pop("unknown") > 0, "unknown_days"),
                (np.fmin(numbers[0].pop("weeks"), numbers[1].pop("weeks")) < minimum_weeks, "too_few_weeks"),
            ),
            unsure,
        )
        have = np.asarray(signal[column].notna(), dtype=np.float64)
        lacking = first_reason(
            (not_yet(on_days(signal.index, np.ones(len(signal)), days) > 0), "no_minutes"),
            (not_yet(on_days(signal.index, have, days) > 0), f"no_{column}"),
        )
        limits = {name: limit if name == column else np.full(len(days), np.nan) for name in COLUMNS}
        high = {f"{name}_high": values for name, values in numbers[1].items()}
        frames.append(answer(days, np.where(lacking == "", reason, lacking), **numbers[0], **high, **limits))
    first, second = frames
    better = (first["reason"] == "no_heart_rate") | ((first["reason"] != "") & (second["reason"] == ""))
    return first.where(~better, second)


def _sum_up(table: pd.DataFrame, column: str, days: pd.DatetimeIndex, sustained: int) -> tuple[Floats, Floats]:
    """Give each day its best sustained effort, and its minutes at or above each step of the column."""
    run = pd.factorize(table["activity"])[0]
    minute = np.asarray(table["minute"], dtype=np.float64)
    values, recorded = (np.asarray(table[name], dtype=np.float64) for name in (column, "recorded"))
    step = np.diff(run.astype(np.float64) * 1e5 + minute)
    order = np.arange(len(run)) if (step > 0).all() else np.lexsort((minute, run))
    order = order[np.isfinite(values[order]) & (recorded[order] > 0)]
    values, run, minute, day = values[order], run[order], minute[order], place_on(table.index, days)[order]
    best = np.full(len(days), np.nan)
    if len(values) >= sustained:
        total = np.concatenate([[0.0], np.cumsum(values)])
        mean = (total[sustained:] - total[:-sustained]) / sustained
        whole = run[sustained - 1 :] == run[: len(run) - sustained + 1]
        whole &= minute[sustained - 1 :] - minute[: len(run) - sustained + 1] < 1.25 * sustained
        whole &= day[sustained - 1 :] >= 0
        np.fmax.at(best, day[sustained - 1 :][whole], mean[whole])
    steps = np.floor(values / COLUMNS[column] + 1e-9).astype(np.int64)
    width = int(steps.max(initial=0)) + 2
    inside = day >= 0
    weights = recorded[order] / 60
    flat = np.bincount(day[inside] * width + steps[inside], weights[inside], minlength=len(days) * width)
    return best, np.asarray(flat.reshape(len(days), width)[:, ::-1].cumsum(axis=1)[:, ::-1])


def _estimate_limit(
    rows: Floats, minimum_runs: int, hardest_runs: int, limit_share: float, clear_share: float
) -> tuple[Floats, Floats, Texts]:
    """Give each day the limit, its uncertainty, and why there is none."""
    ordered = np.sort(rows, axis=1)  # NaN go last
    count = np.isfinite(ordered).sum(axis=1)
    few = count < max(minimum_runs, hardest_runs)
    line = np.arange(len(rows))
    usual = (ordered[line, np.maximum(count - 1, 0) // 2] + ordered[line, np.maximum(count, 1) // 2]) / 2
    place = np.maximum(count[:, None] - 1 - np.arange(hardest_runs), 0)
    hardest = np.where(few[:, None], np.nan, ordered[line[:, None], place])
    limit = limit_share * row_medians(hardest)
    doubt = limit_share * (hardest[:, 0] - hardest[:, -1]) / 2
    reason = first_reason((few, "too_few_runs"), (limit - doubt < (1 + clear_share) * usual, "no_hard_runs"))
    return np.where(reason == "", limit, np.nan), np.where(reason == "", doubt, np.nan), reason


def _compare_weeks(
    above: Floats,
    gap: Floats,
    limit: tuple[Floats, bool],
    step: float,
    state: pd.Series[str],
    weeks: int,
    unknown_share: float,
    fresh_days: int,
    sustained: int,
) -> dict[str, Floats]:
    """Add up hard minutes at one limit; gaps in the recordings count as hard now, or before, as far as plausible."""
    bound, gaps_now = limit
    column = np.clip(np.nan_to_num(np.ceil(bound / step)), 0, above.shape[1] - 1).astype(np.int64)
    n, reach = len(above), 7 * (weeks + 1)
    day = np.arange(n)[:, None] - np.arange(reach)[::-1]  # oldest first
    hard = above[np.maximum(day, 0), column[:, None]]
    most = np.maximum(hard.max(axis=1, initial=0.0), sustained)
    hard = np.where(day >= 0, hard, 0.0)
    missing = np.where(day >= 0, np.minimum(gap[np.maximum(day, 0)], most[:, None]), 0.0)
    part = slice(-7, None) if gaps_now else slice(None, -7)
    hard[:, part] += missing[:, part]
    inside = day >= 0
    unknown = (state.to_numpy() == "unknown").astype(np.float64)
    lost = np.where(inside, unknown[np.maximum(day, 0)], 1.0).reshape(n, weeks + 1, 7).mean(axis=2) > unknown_share
    ran = np.where(inside, (above[:, 0] + gap > 0)[np.maximum(day, 0)], False).reshape(n, weeks + 1, 7).any(axis=2)
    total = hard.reshape(n, weeks + 1, 7).sum(axis=2)
    active = np.where(~lost & ran, total, np.nan)[:, :-1]
    quiet = hard[:, -7 - fresh_days : -7].sum(axis=1) == 0
    return {
        "minutes": total[:, -1],
        "usual": row_medians(active),
        "fresh": (quiet & (total[:, -1] > 0)).astype(np.float64),
        "today": hard[:, -1],
        "unknown": lost[:, -1].astype(np.float64),
        "weeks": np.isfinite(active).sum(axis=1).astype(np.float64),
    }


def hard_easy(
    signal: pd.DataFrame,
    *,
    days: pd.DatetimeIndex,
    state: pd.Series[str],
    diary: pd.DataFrame,
    found: Mapping[str, pd.DataFrame],
    minutes_from: str,
    hard_minutes: float,
    hard_exertion: float,
    long_ratio: float,
    long_days: int,
    minimum_runs: int,
) -> pd.DataFrame:
    """Count hard days in a row, and in a week.

    A day is hard with so many hard minutes, at so high an exertion, or with a run so much longer than the usual one.
    Where heart rate or distance is missing the day may have been hard.

    Parameters
    ----------
    signal : DataFrame
        Runs, indexed by date.
    state : Series
        run, rest or unknown, by day.
    diary : DataFrame
        Diary, indexed by date: exertion.
    found : mapping of str to DataFrame
        What rules judged before this one gave; `minutes_from` is the one that counts hard minutes.
    minutes_from : str
        Id of that rule.
    hard_minutes, hard_exertion, long_ratio : float
        What makes a day hard: minutes above the limit [min], exertion [0-10], or the longest run as a multiple of the
        median run of the last `long_days`.
    long_days, minimum_runs : int
        Days whose runs give the median, and runs it needs.

    Returns
    -------
    DataFrame
        in_row: hard days up to and including the day [days]; week: hard days of the last 7.
    """
    n = len(days)
    minutes = found[minutes_from]
    least = np.asarray(minutes["today"], dtype=np.float64)
    most = np.asarray(minutes["today_high"], dtype=np.float64)
    metres = np.full(n, np.nan)
    place = place_on(signal.index, days)
    np.fmax.at(metres, place[place >= 0], np.asarray(signal["distance"], dtype=np.float64)[place >= 0])
    before = look_back(metres, long_days, 1)
    usual = np.where(np.isfinite(before).sum(axis=1) >= minimum_runs, row_medians(before), np.nan)
    exertion = np.fmax(take_by_day(signal.rename(columns={"rpe": "value"})[["value"]], days),
                       take_by_day(entries_of(diary, "exertion"), days))  # fmt: skip
    signs = np.array([least >= hard_minutes, exertion >= hard_exertion, metres > long_ratio * usual])
    known = np.isfinite(np.array([least + most, exertion]))
    ran = (state == "run").to_numpy()
    hard = signs.any(axis=0)
    open_days = (ran & ~hard & (~known.any(axis=0) | (most >= hard_minutes))) | (state == "unknown").to_numpy()
    ends = [hard, hard | open_days]
    unsure = ran & ~known.any(axis=0)
    lately = look_back(unsure.astype(np.float64), 6)
    bare = np.nansum(lately, axis=1) >= np.nansum(look_back(ran.astype(np.float64), 6), axis=1)
    reason = first_reason(
        (bare & (np.nansum(lately, axis=1) > 0) & (minutes["reason"] != "").to_numpy(), "no_hard_limit"),
        (np.arange(n) < 6, "history_too_short"),
    )
    numbers = {}
    for suffix, end in zip(("", "_high"), ends, strict=True):
        numbers[f"in_row{suffix}"] = streaks(end).astype(np.float64)
        numbers[f"week{suffix}"] = np.nansum(look_back(end.astype(np.float64), 6), axis=1)
    return answer(days, reason, **numbers)
