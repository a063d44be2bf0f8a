"""Whether a verdict on volume depends on how volume is counted: in what, and over which weeks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loadlens import words
from loadlens.findings import judge, measure_rules
from loadlens.guidance import LEVELS, GuidanceError
from loadlens.hypothetical_runs import cut_past
from loadlens.log import LogError, empty_table
from loadlens.training_load import rate_sessions

if TYPE_CHECKING:
    from loadlens.findings import Assessment
    from loadlens.guidance import Guidance, Rule
    from loadlens.log import RunningLog

COUNTED_IN = {
    "distance": "no_distance",
    "time": "no_duration",
    "exertion": "no_exertion",
    "heartbeats": "no_heart_rate",
}
"""What volume is counted in, and the reason when it cannot be."""

SATURDAY, SUNDAY = 5, 6
SIGNAL = "activities.distance"
COLUMNS = ("rule", "date", "verdict", "counted_in", "weeks", "end", "level", "value", "reason", "repeats", "holds")


def recount(found: Assessment, rule: str = "two_week_volume", date: pd.Timestamp | str | None = None) -> pd.DataFrame:
    """Give the verdict of a rule on volume in twelve ways of counting.

    Counted in distance, time, session-RPE load (perceived exertion times minutes) and heartbeats (mean heart rate times
    minutes); over weeks of 7 days that end on the day, the last full weeks from Monday, and those from Sunday. Load is
    expressed in metres at the runner's own mean up to that day, so that the rule's limits hold unchanged.

    Parameters
    ----------
    found : Assessment
        Of the log.
    rule : str
        Id of a rule whose signal is the distance of a day.
    date : Timestamp or str, optional
        The day that is judged, with what was known on it; the last day of the log when left out.

    Returns
    -------
    DataFrame
        One row per way: `verdict` of the rule itself; `level`, `value` and `reason` counted this way; `repeats` where
        the weeks are those of another way; `holds` whether it stands on the same side of the line between `watch` and
        milder (`note` where the rule has no `watch`), missing where it cannot be assessed.

    Raises
    ------
    GuidanceError
        The guidance has no such rule, or it is not about the distance of a day.
    LogError
        The log does not hold `date`.

    References
    ----------
    Session-RPE load: Foster et al. 2001, J Strength Cond Res 15:109. Heartbeats are ours.
    """
    spec = found.guidance.rules.get(rule)
    if spec is None or not is_on_volume(spec):
        fit = ", ".join(other.id for other in found.guidance.rules.values() if is_on_volume(other))
        raise GuidanceError(f"{found.guidance.key}: {rule!r} is no rule on volume; those are {fit or 'none'}")
    day = pd.Timestamp(found.log.span[1] if date is None else date).normalize()
    line = LEVELS.index("watch" if {"watch", "act"} & set(spec.levels) else "note")
    first, last = found.log.span
    if not first <= day <= last:
        raise LogError(f"recount: {day.date()} is outside the log; give a day from {first.date()} to {last.date()}")
    light = replace(found.log, minutes=empty_table("minutes"), laps=empty_table("laps"))
    verdict = _judge_last(found.guidance, rule, light.until(day))[0]
    ends = {"rolling": day, "monday": _last(SUNDAY, day), "sunday": _last(SATURDAY, day)}
    rows: list[tuple[Any, ...]] = []
    for place, (weeks, end) in enumerate(ends.items()):
        repeats = end in list(ends.values())[:place]
        known = light.until(end)
        whole = True
        for name, lacking in COUNTED_IN.items():
            code, value, reason = 0, np.nan, "history_too_short"
            if end >= first:
                code, value, reason = _judge_last(found.guidance, rule, _close_week(_count_in(name, known), end))
            if name == "distance":
                whole = code > 0
            elif whole and not code:
                reason = lacking  # the runs are known, what they are counted in is not
            holds = None if 0 in (code, verdict) else (code >= line) == (verdict >= line)
            rows.append((rule, day, LEVELS[verdict], name, weeks, end, LEVELS[code], value, reason, repeats, holds))
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"holds": "boolean"})


def is_on_volume(rule: Rule) -> bool:
    """Tell whether a rule judges the distance of days, added up: what `recount` can count in other ways."""
    return rule.measure is not None and rule.signal == (SIGNAL,) and rule.per_day in (None, "sum")


def tell_recount(table: pd.DataFrame, lang: str = "en") -> str:
    """Say in how many ways of counting a verdict holds, in which it does not, and which cannot be assessed.

    Parameters
    ----------
    table : DataFrame
        What `recount` returns. Ways that repeat the weeks of another count once.
    lang : {"en", "nl"}
        Language.
    """
    told = tell_ways(table, lang)
    if not told["holds"]:
        return words.say("recount.unknown", lang)
    return " ".join([*told["holds"], *told["others"], *told["unknown"]])


def tell_ways(table: pd.DataFrame, lang: str = "en") -> dict[str, list[str]]:
    """Say the same in parts, for a page that lays what speaks for a verdict beside what speaks against it.

    Parameters
    ----------
    table : DataFrame
        What `recount` returns.
    lang : {"en", "nl"}
        Language.

    Returns
    -------
    dict of list of str
        holds: in how many ways the verdict holds, one sentence or none; others: in which it is another, one or none;
        unknown: which cannot be assessed, one for each reason.
    """
    ways = table[~table["repeats"]]
    verdict = words.say(f"levels_short.{table['verdict'].iloc[0]}", lang)
    known = ways[ways["holds"].notna()]
    told: dict[str, list[str]] = {"holds": [], "others": [], "unknown": []}
    if len(known):
        count = {"holds": int(known["holds"].sum()), "ways": len(known)}
        told["holds"].append(words.say("recount.holds", lang, verdict=verdict, **count))
        others = [_name(row, lang) for row in known[~known["holds"].astype(bool)].to_dict("records")]
        if others:
            told["others"].append(words.say("recount.others", lang, others="; ".join(others)))
    for reason, group in ways[ways["holds"].isna()].groupby("reason", sort=False):
        names = words.list_join(dict.fromkeys(words.say(f"recount.{name}", lang) for name in group["counted_in"]), lang)
        because = words.say(f"reasons.{reason}", lang)
        told["unknown"].append(words.say("recount.not_assessable", lang, names=names, count=len(group), reason=because))
    return told


def _name(row: dict[Any, Any], lang: str) -> str:
    keys = f"recount.{row['counted_in']}", f"recount.{row['weeks']}", f"levels_short.{row['level']}"
    counted, weeks, level = (words.say(key, lang) for key in keys)
    return f"{counted}, {weeks} ({level})"


def _last(weekday: int, day: pd.Timestamp) -> pd.Timestamp:
    """Give the last day of the week that is so, up to and including a day."""
    return day - pd.Timedelta(days=(day.day_of_week - weekday) % 7)


def _count_in(name: str, log: RunningLog) -> RunningLog:
    """Give the log with distances that are another load of the runs, at the mean distance for so much of it."""
    runs = log.activities
    time = runs["duration"].fillna(runs["moving"])
    if name == "distance":
        return log
    diary = log.diary.dropna(subset=["date"]).set_index("date")
    exertion = rate_sessions(runs.set_index("date"), diary, pd.DatetimeIndex(log.days["date"])).to_numpy()
    load = {"time": time, "exertion": time * exertion, "heartbeats": time * runs["heart_rate"]}[name]
    both = (runs["sport"] == "run") & load.gt(0) & runs["distance"].gt(0)
    total = load[both].sum()
    metres = load * (runs.loc[both, "distance"].sum() / total if total else np.nan)
    return replace(log, activities=runs.assign(distance=metres))


def _close_week(log: RunningLog, end: pd.Timestamp) -> RunningLog:
    """Give the log with all dates moved so that it ends on a Sunday: a rule on weeks then ends its week there."""
    by = pd.Timedelta(days=(SUNDAY - end.day_of_week) % 7)
    moved = {name: getattr(log, name).assign(date=getattr(log, name)["date"] + by)
             for name in ("activities", "wellness", "diary", "days")}  # fmt: skip
    return replace(log, **moved)


def _judge_last(guidance: Guidance, name: str, log: RunningLog) -> tuple[int, float, str]:
    """Give the level, the value and the reason of a rule on the last day of a log."""
    rule = guidance.rules[name]
    frame = measure_rules(cut_past(log, [rule]), guidance, [name])[name]
    return int(judge(rule, frame)[-1]), float(frame[rule.value].iloc[-1]), str(frame["reason"].iloc[-1])
