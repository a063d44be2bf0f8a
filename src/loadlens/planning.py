"""How far the next run and the next seven days can go before a rule of the guidance speaks up, and which speaks first.

Never a probability, and never a word of what would be safe: only what stays below what the guidance asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loadlens import words
from loadlens.comeback import find_comeback, planning_rules
from loadlens.findings import judge, judge_ends, measure_rules, parameters_of
from loadlens.guidance import LEVELS, read_guidance
from loadlens.hypothetical_runs import DISTANCE, cut_past, find_limits, look_ahead, measure_ahead
from loadlens.rules import builds_on

if TYPE_CHECKING:
    from loadlens.guidance import Guidance, Rule
    from loadlens.log import RunningLog

WEEK = 7
DAYS, DIARY = "days", "diary"
"""Signals of rules that no distance moves by itself: a run does, or what was written down."""

COLUMNS: dict[str, Any] = {
    "kind": str, "span": str, "rule": str, "level": str, "first": "datetime64[us]", "last": "datetime64[us]",
    "days": str, "runs": float, "note": float, "note_high": float, "watch": float, "watch_high": float, "binds": bool,
    "clear": "datetime64[us]", "reason": str,
}  # fmt: skip


def plan(log: RunningLog, guidance: Guidance | None = None) -> pd.DataFrame:
    """Give the most for the next run and for the next seven days under each rule that limits distance.

    Parameters
    ----------
    log : RunningLog
        With at least one day. The next run is on the day after its last one; what comes after the days planned for is
        taken as rest.
    guidance : Guidance, optional
        The bundled document on runner's knee when left out.

    Returns
    -------
    DataFrame
        kind, span, rule, level, first, last, days, runs, note, note_high, watch, watch_high, binds, clear, reason: one
        row per thing that is planned. `kind` tells what:

        ``red_flag`` : a rule asks for a professional. Then there is no other row: no plan.

        ``outside`` : a rule on the diary stands at watch or above now, which comes before any distance.

        ``no_run`` : a rule on the diary asks for no run at all from `first` to `last`. What is planned begins after it.

        ``limit`` : `span` is ``run`` or ``week``. `note` and `watch` [m, whole] are the most, in all the `runs` of
        equal length on `days` (dates, a space between them), that does not bring `rule` to that level or above, or
        further above it, on any day (after the span, where it stands there already); infinite when no distance does,
        NaN with a `reason` when it cannot be assessed. Where runs lack their distance, ``_high`` is the most at best.
        `binds` marks the lowest `note` of the span; it comes first. Where the rule stands at note or above even without
        a run, `clear` is the first day on which it no longer does. A rule on the diary has a row only where it limits
        the distance.

        ``rest_day`` : a full rest day by `last` keeps `rule` below note; a row without `last` when that is not asked
        within four weeks, or with a `reason` when it cannot be assessed.

        ``comeback`` : the weeks after a break; `note` and `note_high` [m] are the most for one run. These numbers are
        ours.

        `level` is where the rule stands on the last day of the log.

    Raises
    ------
    LogError
        The log has no days.
    GuidanceError
        A rule speaks of a column its measure does not give.

    Notes
    -----
    The rules are measured on the log with hypothetical runs on it, so that the limits are those of the guidance itself.
    The week holds runs on the days of the runner's own usual week. A rule with several signals, or one that
    counts what other rules found, is not planned for.
    """
    guidance = guidance or read_guidance()
    rules = [rule for rule in guidance.rules.values() if _looks_at_runs(rule)]
    diary = [rule for rule in guidance.rules.values() if rule.signal == (DIARY,)]
    if log.diary.empty:  # rules on it would only say that there is none
        rules, diary = [rule for rule in rules if rule not in diary], []
    past = cut_past(log, rules)
    details = measure_rules(log, guidance, [rule.id for rule in diary])  # the whole diary: nothing mutes a red flag
    details |= measure_rules(past, guidance, [rule.id for rule in rules if rule not in diary])
    codes = {name: int(judge(guidance.rules[name], frame)[-1]) for name, frame in details.items()}
    now = [{"rule": name, "level": LEVELS[code]} for name, code in sorted(codes.items(), key=lambda item: -item[1])]
    grave = [row for row in now if codes[row["rule"]] >= LEVELS.index("doctor")]
    if grave:
        return _table([{"kind": "red_flag"} | row for row in grave])
    outside = [row for row in now if codes[row["rule"]] >= LEVELS.index("watch")]
    outside = [{"kind": "outside"} | row for row in outside if guidance.rules[row["rule"]] in diary]
    levels = {name: LEVELS[code] for name, code in codes.items()}
    no_run, begin = _find_no_run(past, [rule for rule in rules if rule in diary], levels)
    usual = _usual_days(past, begin)
    limits = [
        row
        for span, run_on in (("run", [begin]), ("week", usual))
        for row in _limit_rows(span, begin, run_on, past, rules, levels)
    ]
    rest = [_rest_row(rule, past, begin, levels[rule.id]) for rule in rules if rule.signal == (DAYS,)]
    comeback = [
        {"kind": "comeback", "first": week.first, "last": week.last, "note": week.low, "note_high": week.high}
        for week in find_comeback(log, _date(log, begin))
    ]
    return _table([*outside, *no_run, *limits, *rest, *comeback])


def _looks_at_runs(rule: Rule) -> bool:
    """Tell whether a run that is not yet run can move a rule: by its distance, or by being a run."""
    if rule.measure is None or builds_on(rule) or not rule.levels:
        return False
    asks = {"state", "activities", "runs", "distance"} & set(parameters_of(rule.measure))
    return rule.signal in ((DISTANCE,), (DAYS,)) or (rule.signal == (DIARY,) and bool(asks))


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    blank: dict[Any, Any] = {str: "", bool: False, float: np.nan, "datetime64[us]": pd.NaT}
    filled = [{name: row.get(name, blank[kind]) for name, kind in COLUMNS.items()} for row in rows]
    return pd.DataFrame(filled, columns=list(COLUMNS)).astype(COLUMNS)


def _date(log: RunningLog, day: int) -> pd.Timestamp:
    """Give the date of a day ahead; the first is 1."""
    return log.span[1] + pd.Timedelta(days=day)


# ---------------------------------------------------------------- whether, and when
def _find_no_run(log: RunningLog, rules: list[Rule], levels: dict[str, str]) -> tuple[list[dict[str, Any]], int]:
    """Give the days on which rules ask for no run at all, however short, and the first day ahead that is free of them.

    Four weeks ahead are looked at; where a rule still asks for rest then, what is planned begins after them.
    """
    asked: dict[str, int] = {}
    horizon = planning_rules()["ahead"]["rest_horizon"]
    for day in range(1, horizon + 1):
        rest, run = look_ahead(log, day + WEEK - 1), look_ahead(log, day + WEEK - 1, [day])
        rules = [
            rule for rule in rules if find_limits(rule, rest, run, (day, day), 1).note == 0
        ]  # what asks no more is done
        if not rules:
            break
        asked |= {rule.id: day for rule in rules}
    rows = [
        {"kind": "no_run", "rule": name, "level": levels[name], "first": _date(log, 1), "last": _date(log, last)}
        for name, last in asked.items()
    ]
    return rows, max(asked.values(), default=0) + 1


def _usual_days(log: RunningLog, begin: int) -> list[int]:
    """Give which of the seven days from a day ahead hold a run in the runner's own usual week.

    Usual are the four weeks up to the last run. A runner without runs gets one.
    """
    state = log.days["state"].to_numpy()
    ran = np.flatnonzero(state == "run")
    if not len(ran):
        return [begin]
    usual = state[max(ran[-1] + 1 - planning_rules()["ahead"]["usual_days"], 0) : ran[-1] + 1]
    runs = int(np.clip(round(WEEK * (usual == "run").sum() / (usual != "unknown").sum()), 1, WEEK))
    recent = ran[ran > ran[-1] - len(usual)]
    often = np.bincount((recent - len(state) - begin + 1) % WEEK, minlength=WEEK)  # 0 is the day of `begin`
    return sorted(begin + int(day) for day in np.argsort(-often, kind="stable")[:runs])


def _rest_row(rule: Rule, log: RunningLog, begin: int, level: str) -> dict[str, Any]:
    """Run on every day ahead, and see on which a rule on days first reaches a level."""
    days = begin - 1 + planning_rules()["ahead"]["rest_horizon"]
    ahead = look_ahead(log, days, range(begin, days + 1))
    frame = measure_ahead(rule, ahead)(1.0).iloc[ahead.last + begin :]
    codes = judge_ends(rule, frame)[1]
    row: dict[str, Any] = {"kind": "rest_day", "rule": rule.id, "level": level}
    over = np.flatnonzero(codes >= LEVELS.index("note"))
    if len(over):
        return row | {"last": _date(log, begin + int(over[0]))}
    return row | ({"reason": str(frame["reason"].iloc[0])} if not codes[0] else {})


# ---------------------------------------------------------------- how far
def _limit_rows(
    span: str, begin: int, run_on: list[int], log: RunningLog, rules: list[Rule], levels: dict[str, str]
) -> list[dict[str, Any]]:
    long, farthest = (1 if span == "run" else WEEK), planning_rules()["ahead"]["farthest"]
    days = begin + long - 1 + WEEK - 1  # a week from Monday that holds the last of them is over then
    rest, run = look_ahead(log, days), look_ahead(log, days, run_on)
    given: dict[str, Any] = {
        "kind": "limit",
        "span": span,
        "first": _date(log, begin),
        "last": _date(log, begin + long - 1),
        "days": " ".join(str(_date(log, day).date()) for day in run_on),
        "runs": len(run_on),
    }
    rows: list[dict[str, Any]] = [
        given | {"rule": rule.id, "level": levels[rule.id]} | limits._asdict()
        for rule in rules
        if rule.signal != (DAYS,)
        for limits in [find_limits(rule, rest, run, (begin, begin + long - 1), farthest)]
        if rule.signal != (DIARY,) or np.isfinite(limits.note)
    ]
    rows.sort(key=lambda row: (np.isnan(row["note"]), row["note"], row["watch"]))
    for row in rows:
        row["clear"] = _date(log, begin + int(row["clear"])) if row["clear"] > 0 else pd.NaT
        row["binds"] = bool(np.isfinite(row["note"]) and row["note"] == rows[0]["note"])
    return rows


# ---------------------------------------------------------------- in words
def tell_plan(table: pd.DataFrame, guidance: Guidance, lang: str = "en") -> list[str]:
    """Say in lines what a plan holds: first what the next run and week can be, then why, rule by rule.

    Distances are rounded down to 100 m, so that what is said never lies above the limit.

    Parameters
    ----------
    table : DataFrame
        What `plan` returns.
    guidance : Guidance
        What it was made by.
    lang : {"en", "nl"}
        Language.
    """
    names = {rule.id: rule.words[lang]["name"] for rule in guidance.rules.values()}
    rows = _rows(table)
    if len(red := rows["red_flag"]):
        listed = words.list_join([names[row["rule"]] for row in red], lang)
        call = words.say("report.call_112" if red[0]["level"] == "emergency" else "report.see_doctor", lang)
        return [call, words.say("plan.no_plan", lang, names=listed)]
    lines = []
    for row in [*rows["outside"], *rows["no_run"]]:
        asks = guidance.rules[row["rule"]].words[lang]["asks"]
        level, last = words.say(f"levels_short.{row['level']}", lang), words.date(row["last"], lang)
        key = f"plan.{row['kind']}"
        lines.append(words.say(key, lang, name=names[row["rule"]], level=level, date=last, asks=asks))
    for span in ("run", "week"):
        lines += _tell_span([row for row in rows["limit"] if row["span"] == span], names, lang)
    if weeks := rows["comeback"]:
        steps = [(words.date(row["first"], lang), _most(row["note"], row["note_high"], lang)) for row in weeks]
        said = [words.say("plan.comeback_week", lang, first=first, most=most) for first, most in steps]
        lines.append(words.say("plan.comeback", lang, weeks=", ".join(said)))
    for name in dict.fromkeys(row["rule"] for row in rows["limit"]):
        lines.append(_tell_rule(guidance.rules[name], [row for row in rows["limit"] if row["rule"] == name], lang))
    lines += [_tell_rest(row, names[row["rule"]], guidance, lang) for row in rows["rest_day"]]
    return [*lines, words.say("plan.no_claim", lang)]


def _rows(table: pd.DataFrame) -> dict[str, list[dict[Any, Any]]]:
    kinds = ("red_flag", "outside", "no_run", "limit", "rest_day", "comeback")
    return {kind: table[table["kind"] == kind].to_dict("records") for kind in kinds}


def _most(least: float, most: float, lang: str) -> str:
    """Write a distance, or both ends of it where missing load leaves it open."""
    low, high = (words.quantity(end // 100 * 100, "m", lang) for end in (least, most))
    if low == high:
        return low
    return words.say("plan.open" if np.isfinite(most) else "plan.open_end", lang, low=low, high=high)


def _tell_days(row: dict[Any, Any], lang: str) -> str:
    """Say for which day or days a limit is."""
    first, last = words.date(row["first"], lang), words.date(row["last"], lang)
    if row["span"] == "run":
        return words.say("plan.run", lang, date=first)
    days = words.list_join([words.weekday(pd.Timestamp(day).day_of_week, lang) for day in row["days"].split()], lang)
    return words.say("plan.week" if row["runs"] > 1 else "plan.week_one", lang, first=first, last=last, days=days)


def _tell_span(rows: list[dict[Any, Any]], names: dict[str, str], lang: str) -> list[str]:
    """Say the most under all rules together, and which rule is the first limit; nothing without rules."""
    if not rows:
        return []
    binding = [row for row in rows if row["binds"]]
    known = [row for row in rows if not row["reason"]]
    low, high = (min((row[end] for row in known), default=np.nan) for end in ("note", "note_high"))
    if not known:
        key = "head_unknown"
    elif not binding:
        key = "head_free"
    elif high < 100:
        key = "head_none"
    else:
        key = "head" if len(known) == len(rows) else "head_part"
    listed = words.list_join([names[row["rule"]] for row in binding], lang)
    return [words.say(f"plan.{key}", lang, span=_tell_days(rows[0], lang), names=listed, most=_most(low, high, lang))]


def _tell_rule(rule: Rule, rows: list[dict[Any, Any]], lang: str) -> str:
    """Say the limits of one rule, or why it has none and what the page asks in words."""
    name = rule.words[lang]["name"]
    if all(row["reason"] for row in rows):
        reason = words.say(f"reasons.{rows[0]['reason']}", lang)
        return words.say("plan.unknown", lang, name=name, reason=reason, asks=rule.words[lang]["asks"])
    said = {row["span"]: _tell_limits(rule, row, lang) for row in rows}
    if LEVELS.index(rows[0]["level"]) >= LEVELS.index("note"):
        name = words.say("plan.now", lang, name=name, level=words.say(f"levels_short.{rows[0]['level']}", lang))
    key = "rule" if len(said) == 2 else f"only_{rows[0]['span']}"
    return words.say(f"plan.{key}", lang, name=name, **said)


def _tell_limits(rule: Rule, row: dict[Any, Any], lang: str) -> str:
    """Say one rule's limits and whose numbers they are."""
    if row["reason"]:
        return words.say("plan.unknown_part", lang, reason=words.say(f"reasons.{row['reason']}", lang))
    if not np.isfinite(row["note"]):
        return words.say("plan.no_limit", lang)
    if row["note_high"] < 100:
        clear = words.date(row["clear"], lang)
        return words.say("plan.none_left" if pd.isna(row["clear"]) else "plan.already", lang, date=clear)
    said = {"note": _most(row["note"], row["note_high"], lang), "watch": _most(row["watch"], row["watch_high"], lang)}
    for level in ("note", "watch"):
        whose = rule.whose.get(level) or next(iter(rule.whose.values()))
        said[f"{level}_whose"] = words.say(f"figures.{whose}", lang)
    if not np.isfinite(row["watch"]):
        return words.say("plan.note_only", lang, **said)
    same = row["note"] == row["watch"] and row["note_high"] == row["watch_high"]
    return words.say("plan.same" if same else "plan.both", lang, **said)


def _tell_rest(row: dict[Any, Any], name: str, guidance: Guidance, lang: str) -> str:
    if row["reason"]:
        asks = guidance.rules[row["rule"]].words[lang]["asks"]
        reason = words.say(f"reasons.{row['reason']}", lang)
        return words.say("plan.unknown", lang, name=name, reason=reason, asks=asks)
    if LEVELS.index(row["level"]) >= LEVELS.index("note"):
        return words.say("plan.rest_now", lang, name=name)
    if pd.isna(row["last"]):
        return words.say("plan.rest_free", lang, name=name)
    return words.say("plan.rest_day", lang, name=name, date=words.date(row["last"], lang))
