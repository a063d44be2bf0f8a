"""What a report says, as plain data: each function gives one section, in the language asked for, unescaped.

Nothing is computed here; findings and the log are put in order and put into words.
"""

from __future__ import annotations

import re
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import pandas as pd

from loadlens import words
from loadlens.drawing.figure_style import rows_of
from loadlens.episodes import name_references, tell_episode, tell_steady
from loadlens.guidance import LEVELS
from loadlens.guidance_sheet import sheet_rows
from loadlens.ledger_words import tell_alike, tell_format, tell_message
from loadlens.tallies import tell_sum

if TYPE_CHECKING:
    from loadlens.findings import Assessment
    from loadlens.guidance import Guidance, Statement
    from loadlens.log import RunningLog

FILES_ALIKE, FILES_TROUBLED = 4, 40
"""From so many files of one kind on they are one line; files in trouble are named one by one for longer."""

DOI = re.compile(r"10\.\d{4,9}/\S+")

Section = dict[str, Any]


def summary(found: Assessment, lang: str) -> Section:
    """Return the figures at the head: runs, distance, days known, rules that can be assessed."""
    log, levels = found.log, found.rules["level"]
    first, last = log.span
    states = log.days["state"].value_counts()
    share = {state: float(states.get(state, 0)) / len(log.days) for state in ("run", "rest", "unknown")}
    return {
        "first": words.date(first, lang),
        "last": words.date(last, lang),
        "runs": words.number(float(len(log.runs)), lang),
        "distance": tell_sum(log.runs["distance"], lang),
        "days": {
            **{state: words.number(float(states.get(state, 0)), lang) for state in share},
            "all": words.number(float(len(log.days)), lang),
        },
        "share": {state: f"{100 * value:.2f}" for state, value in share.items()},
        "assessed": int((levels != "not_assessable").sum()),
        "rules": len(levels),
        "above": int((levels >= "watch").sum()),
        "ever": bool(found.rules["days_assessable"].sum()),
        "no_runs": tell_no_runs(log, lang),
    }


def tell_no_runs(log: RunningLog, lang: str) -> str:
    """Say that a log holds no run and what it holds instead, so that nobody takes silence for rest; else empty."""
    if len(log.runs):
        return ""
    counts = log.activities["sport"].fillna("other").value_counts()
    named = [f"{words.say(f'sports.{sport}', lang)} ({words.number(float(n), lang)}×)" for sport, n in counts.items()]
    key = "report.no_runs" if named else "report.no_activities"
    return words.say(key, lang, sports=words.list_join(named, lang))


def red_flags(found: Assessment, lang: str) -> Section:
    """Return what asks for a doctor: now, earlier, and the signs to look for."""
    grave = [rule for rule in found.guidance.rules.values() if {"doctor", "emergency"} & set(rule.levels)]
    now = [row for row in _now(found, lang) if row["grave"]]
    episodes = found.episodes[found.episodes["level"] >= "doctor"]
    earlier = episodes[episodes["end"] < found.log.span[1]].sort_values("start", ascending=False)
    signs = dict.fromkeys(name for rule in grave if "emergency" not in rule.levels for name in rule.statements)
    return {
        "now": sorted(now, key=lambda row: -row["weight"]),
        "earlier": [tell_episode(found, row, lang) for row in rows_of(earlier)],
        "signs": [found.guidance.statements[name].words[lang]["says"] for name in signs],
        "known": _know_flags(found, {rule.id for rule in grave}),
        "emergency": any("emergency" in rule.levels for rule in grave),
    }


def _know_flags(found: Assessment, grave: set[str]) -> str:
    """Tell whether red flags could be seen on the last day: none, no_diary or stale, as the phrases are called."""
    if found.log.diary.empty:
        return "no_diary"
    levels = found.rules.loc[found.rules["rule"].isin(grave), "level"]
    return "none" if (levels != "not_assessable").any() else "stale"


def outside_now(found: Assessment, lang: str) -> list[Section]:
    """Return the rules outside the guidance on the last day, gravest first; doctor and emergency stand elsewhere."""
    rows = [row for row in _now(found, lang) if not row["grave"]]
    return sorted(rows, key=lambda row: -row["weight"])


def within_now(found: Assessment, lang: str) -> list[Section]:
    """Return the rules that hold on the last day."""
    rows = found.rules[found.rules["level"] == "ok"]
    return [{"name": _rule_name(found, rule, lang), "finding": found.tell(rule, lang=lang)} for rule in rows["rule"]]


def not_assessable_now(found: Assessment, lang: str) -> list[Section]:
    """Return the rules that cannot be assessed on the last day, what the log lacks before what loadlens lacks."""
    rows = found.rules[found.rules["level"] == "not_assessable"]
    groups = [
        {
            "key": reason,
            "reason": words.say(f"reasons.{reason}", lang),
            "rules": [_rule_name(found, rule, lang) for rule in group["rule"]],
            "ours": reason == "not_yet_computed",
        }
        for reason, group in rows.groupby("reason", sort=False)
    ]
    return sorted(groups, key=lambda group: (group["ours"], -len(group["rules"])))


def _now(found: Assessment, lang: str) -> list[Section]:
    rows = found.rules[found.rules["level"] >= "note"]
    return [_finding(found, row, lang) for row in rows_of(rows)]


def _finding(found: Assessment, row: Any, lang: str) -> Section:
    rule = found.guidance.rules[row.rule]
    statements = [found.guidance.statements[name] for name in rule.statements]
    return {
        "id": rule.id,
        "name": rule.words[lang]["name"],
        "level": row.level,
        "weight": LEVELS.index(row.level),
        "grave": row.level in ("doctor", "emergency"),
        "finding": found.tell(rule.id, lang=lang),
        "since": words.date(row.since, lang),
        "asks": rule.words[lang]["asks"],
        "whose": words.say(f"whose.{rule.whose[row.level]}", lang),
        "steady": None if rule.alarms_per_year is None else tell_steady(rule.alarms_per_year, lang),
        "research": [_research(statement, lang) for statement in statements],
    }  # fmt: skip


def _research(statement: Statement, lang: str) -> Section:
    return {
        "id": statement.id,
        "verdict": statement.verdict,
        "verdict_said": words.say(f"verdicts.{statement.verdict}", lang),
        "research": statement.words[lang]["research"],
    }


def _rule_name(found: Assessment, rule: str, lang: str) -> str:
    return str(found.guidance.rules[rule].words[lang]["name"])


def statements(found: Assessment, lang: str) -> list[Section]:
    """Return the guidance sheet: every statement with its state now and its evidence, grouped as on the page."""
    rows = [
        {
            **row,
            "states": [{**state, "id": rule} for rule, state in zip(row["rules"], row["states"], strict=True)],
            "cited": name_references(found.guidance, row["references"]),
        }
        for row in sheet_rows(found, lang)
    ]
    return [{"place": place, "statements": list(group)} for place, group in groupby(rows, itemgetter("section"))]


def page_notes(guidance: Guidance, lang: str) -> list[str]:
    """Return where the page contradicts itself, as the guidance document tells it."""
    return [str(note[lang]) for note in guidance.source.get("inconsistencies", ())]


def page_about(guidance: Guidance, lang: str) -> list[str]:
    """Return what the page is and is not, as the guidance document tells it, and which limits a budget has moved."""
    keys = ("page", "what_it_is", "what_it_is_not")
    about = [str(guidance.source[key][lang]) for key in keys if isinstance(guidance.source.get(key), dict)]
    return [*about, *guidance.tell_moves(lang)]


def references(guidance: Guidance, lang: str) -> list[Section]:
    """Return the literature, with a link where the document gives a DOI that is one."""
    return [
        {
            "id": reference.id,
            "citation": reference.citation,
            "doi": reference.doi if reference.doi and DOI.fullmatch(reference.doi) else None,
            "confirmed": words.say("report.confirmed" if reference.confirmed else "report.not_confirmed", lang),
        }
        for reference in guidance.references.values()
    ]


def sources(log: RunningLog, lang: str) -> list[Section]:
    """Return every file offered, with what became of it; many files of one kind in one folder are one line."""
    table = log.sources.assign(folder=[_text(path).rpartition("/")[0] for path in log.sources["path"]])
    lines = []
    same = ["folder", "format", "status", "message", "language", "number_format", "units"]
    for _, group in table.groupby(same, sort=False, dropna=False):
        alike = group["status"].isin(["read", "ignored", "repeated"]).all()
        if len(group) >= (FILES_ALIKE if alike else FILES_TROUBLED):
            lines.append(_source_line(group, lang))
        else:
            lines += [_source_line(group.iloc[[place]], lang) for place in range(len(group))]
    return lines


def _source_line(group: pd.DataFrame, lang: str) -> Section:
    row = group.iloc[0]
    path = _text(row["path"])
    if len(group) > 1:
        count = words.number(float(len(group)), lang)
        path = words.say("report.files_alike", lang, count=count, folder=_text(row["folder"]) or ".")
    span = (group["first_date"].min(), group["last_date"].max())
    return {
        "path": path,
        "format": _text(row["format"]),
        "status": words.MISSING if pd.isna(row["status"]) else words.say(f"status.{row['status']}", lang),
        "counts": [_count(group[column].sum(min_count=1), lang) for column in ("rows", "used", "set_aside")],
        "period": " – ".join(dict.fromkeys(words.date(day, lang) for day in span)),
        "written": "; ".join(tell_format(row.to_dict(), lang)),
        "message": tell_message(row.to_dict(), lang),
    }


def ledger(log: RunningLog, lang: str) -> list[Section]:
    """Return what was set aside, repaired or to be known, one line for each kind of thing and column."""
    rows = log.ledger.assign(count=log.ledger["count"].fillna(1), field=log.ledger["field"].fillna(""))
    groups = []
    for (_, action, _), group in rows.groupby(["what", "action", "field"], sort=False, dropna=False):
        said, count, source = tell_alike(group, lang)
        groups.append(
            {
                "said": said,
                "action": words.say(f"actions.{action}", lang) if isinstance(action, str) else words.MISSING,
                "count": words.number(float(count), lang),
                "others": max(group["source"].nunique() - 1, 0),
                "example": drawable_path(source),
                "weight": count,
            }
        )
    return sorted(groups, key=lambda group: -group["weight"])


def drawable_path(path: str) -> str:
    """Return the end of a path, which is the part that tells files apart."""
    return path if len(path) <= 60 else f"…{path[-59:]}"


def _text(value: Any) -> str:
    return "" if pd.isna(value) else str(value)


def _count(value: Any, lang: str) -> str:
    return words.MISSING if pd.isna(value) else words.number(float(value), lang)
