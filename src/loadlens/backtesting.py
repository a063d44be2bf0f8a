"""What rules said in the weeks before pain began, beside weeks of the same runner in which it did not.

It looks back at one runner, and predicts nothing: pain has many causes, starts are few, and a rule that spoke before
three of five starts may have spoken as often before nothing at all. That is why both are counted.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loadlens import words
from loadlens.guidance import LEVELS
from loadlens.intervals import share_interval
from loadlens.pain_starts import DAY, find_hurting, find_starts, start_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loadlens.findings import Assessment
    from loadlens.log import RunningLog
    from loadlens.windows import Flags

WATCH = LEVELS.index("watch")
COLUMNS = [
    *("rule", "starts", "spoke", "share", "low", "high", "lead_days"),
    *("stretches", "stretches_spoke", "stretches_share", "stretches_low", "stretches_high", "reason"),
]


@cache
def _numbers() -> dict[str, dict[str, Any]]:
    return tomllib.loads(files("loadlens").joinpath("data/backtest.toml").read_text("utf-8"))


def backtest(found: Assessment) -> pd.DataFrame:
    """Count how often each rule spoke in the weeks before pain began, and in stretches of the same runner without pain.

    A rule spoke when it stood at `watch` or above on any day of the window. Stretches without pain are as long, end at
    the same time of year, overlap neither each other nor the weeks before a start, and lie where the diary was kept.
    Rules that read nothing but the diary are left out: they would find the pain itself.

    Parameters
    ----------
    found : Assessment
        Of a log with a diary.

    Returns
    -------
    DataFrame
        One row per rule. `starts` that can be assessed, before how many of them it `spoke`, that `share` with its exact
        95 % interval `low` to `high`; `lead_days`: median days from the first word to the start; the same for
        `stretches` without pain. `reason` is ``too_few_starts`` where there are too few for a share (NaN), or
        ``too_few_stretches`` where nothing can be set beside it.

    Notes
    -----
    Intervals of Clopper and Pearson 1934, Biometrika 26:404; windows of one runner are taken as independent, which they
    are not quite. Matching within the runner, as in case-crossover studies (Maclure 1991, Am J Epidemiol 133:144).
    Starts at other places than the knee count too.
    """
    log, days = found.log, _numbers()["windows"]["days"]
    starts = find_starts(log.diary)
    before = [date - days * DAY for date in starts.loc[starts["reason"] == "", "date"]]
    before = [first for first in before if first >= log.span[0]]
    quiet = _match(log, before)
    levels = found.days.assign(code=found.days["level"].cat.codes).pivot_table(
        index="date", columns="rule", values="code", aggfunc="max", observed=True
    )
    rows = []
    for rule in found.guidance.rules.values():
        if rule.measure and rule.signal != ("diary",) and {"watch", "act"} & set(rule.levels):
            codes = levels[rule.id]
            rows.append((rule.id, *_row([codes[a : a + (days - 1) * DAY] for a in before],
                                        [codes[a : a + (days - 1) * DAY] for a in quiet])))  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


def tell_backtest(table: pd.DataFrame, found: Assessment, lang: str = "en") -> list[str]:
    """Say in lines what `backtest` counted: first the starts, then one line for each rule.

    Parameters
    ----------
    table : DataFrame
        What `backtest` returns.
    found : Assessment
        What it was counted from.
    lang : {"en", "nl"}
        Language.
    """
    starts = find_starts(found.log.diary)
    aside = int((starts["reason"] != "").sum())
    numbers = {"weeks": words.number(_numbers()["windows"]["days"] / 7, lang),
               "minimum": words.number(_numbers()["enough"]["starts"], lang)}  # fmt: skip
    lines = [words.say("backtest.starts", lang, count=words.number(len(starts) - aside, lang), **numbers)]
    if aside:
        lines.append(words.say("backtest.aside", lang, count=words.number(aside, lang)))
    for row in table.to_dict("records"):
        shown = {
            key: words.number(float(row[key]), lang) for key in ("starts", "spoke", "stretches", "stretches_spoke")
        }
        for key in ("share", "low", "high", "stretches_share", "stretches_low", "stretches_high"):
            shown[key] = words.quantity(round(float(row[key]), 2), "share", lang)
        lead = words.quantity(float(row["lead_days"]), "days", lang)
        key = row["reason"] or "counted"
        said = words.say(f"backtest.{key}", lang, **shown, **numbers)
        if not row["reason"] and row["spoke"]:
            said = f"{said} {words.say('backtest.lead', lang, lead=lead)}"
        lines.append(f"{found.guidance.rules[row['rule']].words[lang]['name']}: {said}")
    return [*lines, words.say("backtest.no_claim", lang)]


def _match(log: RunningLog, before: Sequence[pd.Timestamp]) -> list[pd.Timestamp]:
    """Choose the first days of stretches without pain: for each start those nearest to its time of year."""
    numbers, free = _numbers()["windows"], start_numbers()["starts"]["pain_free_days"]
    length = numbers["days"]
    days = pd.DatetimeIndex(log.days["date"])
    diary = log.diary.dropna(subset=["date"])
    if diary.empty or not before:
        return []
    hurt = days.isin(diary.loc[find_hurting(diary), "date"])
    taken = np.zeros(len(days), dtype=bool)
    for first in before:
        taken |= np.asarray((days >= first) & (days < first + length * DAY))
    kept = np.asarray((days >= diary["date"].min()) & (days <= diary["date"].max()))
    chosen: list[pd.Timestamp] = []
    for first in before:
        apart = _season_apart(days, first)
        order = np.lexsort((np.abs((days - first).days.to_numpy()), apart))
        mine = 0
        for at in order[apart[order] <= numbers["season_days"]]:
            reach = slice(at, at + length)
            clear = slice(max(at + length - free, 0), at + length + 1)  # nor does any begin on the day after
            whole = at + length <= len(days) and kept[reach].all() and at + length - free >= 0
            if mine < numbers["per_start"] and whole and not taken[reach].any() and not hurt[clear].any():
                taken[reach] = True
                chosen.append(days[at])
                mine += 1
    return sorted(chosen)


def _season_apart(days: pd.DatetimeIndex, first: pd.Timestamp) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Give the days between two times of year, the short way round."""
    apart = np.abs(days.day_of_year.to_numpy() - first.day_of_year)
    return np.asarray(np.minimum(apart, 365 - apart), dtype=np.int64)


def _row(before: Sequence[pd.Series[int]], quiet: Sequence[pd.Series[int]]) -> tuple[Any, ...]:
    least = _numbers()["windows"]["assessable"]
    before, quiet = ([w for w in group if (w > 0).mean() >= least] for group in (before, quiet))
    spoke: list[Flags] = [np.asarray(window >= WATCH) for window in before]
    leads = [len(flags) - int(np.argmax(flags)) for flags in spoke if flags.any()]
    counts = (len(before), len(leads)), (len(quiet), sum(bool((window >= WATCH).any()) for window in quiet))
    reason = "too_few_starts" if len(before) < _numbers()["enough"]["starts"] else "" if quiet else "too_few_stretches"
    numbers: list[Any] = []
    for total, hits in counts:
        share = (hits / total, *share_interval(hits, total)) if total and reason != "too_few_starts" else (np.nan,) * 3
        numbers += [total, hits, *share]
    lead = float(np.median(leads)) if leads else np.nan
    return (*numbers[:5], lead, *numbers[5:], reason)
