"""What shows itself in a notebook: a log, an assessment, a guidance, a rule, a plan, each as one small table.

The same rows are HTML in a notebook and text in a terminal. Everything that comes from a file is escaped.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from loadlens import alarm_budget, planning, words
from loadlens import report_sections as sections
from loadlens.displays import Shown
from loadlens.episodes import tell_steady
from loadlens.findings import Assessment
from loadlens.guidance import LEVELS, VERDICTS, Guidance, Rule, read_guidance
from loadlens.log import RunningLog
from loadlens.tallies import tell_sum

if TYPE_CHECKING:
    from loadlens.rules import Condition

WIDTH = 100
"""Signs on a line in a terminal."""

SIGNS = {"above": ">", "at_least": "≥", "below": "<", "at_most": "≤"}

Rows = list[tuple[str, str]]


@dataclass(frozen=True, repr=False)
class Summary:
    """A caption and named lines; a notebook shows it as a table, a terminal as text."""

    caption: str
    rows: tuple[tuple[str, str], ...]
    lang: str

    def __repr__(self) -> str:
        wide = min(max((len(name) for name, _ in self.rows), default=0), 34)
        lines = [self.caption]
        for name, value in self.rows:
            head = f"  {name:<{wide}}  " if wide else "  "
            lines += textwrap.wrap(value, WIDTH, initial_indent=head, subsequent_indent=" " * min(len(head), wide + 4))
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return templates().get_template("summary.html.j2").render(
            caption=self.caption, rows=self.rows, lang=self.lang
        )  # fmt: skip


@cache
def templates() -> Environment:
    """Return the templates of all that is shown as HTML; they escape what they are given."""
    return Environment(
        loader=PackageLoader("loadlens", "data"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def show(what: Shown | pd.DataFrame, lang: str = "en", guidance: Guidance | None = None) -> Summary:
    """Show a log, an assessment, a guidance, a rule, a plan or a budget as a small table, in a language.

    In a notebook a log, an assessment, a guidance and a rule do so by themselves, in English.

    Parameters
    ----------
    what : RunningLog, Assessment, Guidance, Rule or DataFrame
        A DataFrame is what `plan` or `budget` returns.
    lang : {"en", "nl"}
        Language.
    guidance : Guidance, optional
        What a plan or a budget was made by; the bundled document on runner's knee when left out.

    Returns
    -------
    Summary
        Shows itself as HTML in a notebook, and as text in a terminal.

    Raises
    ------
    TypeError
        Something else was given, such as a plan of which columns are missing.
    ValueError
        The language is unknown, or a table speaks of a rule that the guidance does not have.
    """
    words.say("log.title", lang)  # refuses an unknown language, whatever is shown
    if isinstance(what, RunningLog):
        caption, rows = _log_rows(what, lang)
    elif isinstance(what, Assessment):
        caption, rows = _assessment_rows(what, lang)
    elif isinstance(what, Guidance):
        caption, rows = _guidance_rows(what, lang)
    elif isinstance(what, Rule):
        caption, rows = _rule_rows(what, lang)
    elif isinstance(what, pd.DataFrame):
        caption, rows = _table_rows(what, lang, guidance or read_guidance())
    else:
        raise TypeError(f"show: {type(what).__name__}; give a log, an assessment, a guidance, a rule, a plan, a budget")
    return Summary(caption, tuple(rows), lang)


def _log_rows(log: RunningLog, lang: str) -> tuple[str, Rows]:
    title = words.say("log.title", lang)
    if log.days.empty:
        return title, [(words.say("log.days", lang), words.say("log.empty", lang))]
    first, last = (words.date(day, lang) for day in log.span)
    states = log.days["state"].value_counts()
    known = {state: words.number(float(states.get(state, 0)), lang) for state in ("run", "rest", "unknown")}
    wellness = log.wellness[["rhr_day", "rhr_7d", "rhr_sleep", "sleep"]].notna().any(axis=1).sum()
    counts = {
        "runs": len(log.runs),
        "other_activities": len(log.activities) - len(log.runs),
        "minutes": len(log.minutes),
        "wellness": int(wellness),
        "gear": len(log.gear),
        "diary": len(log.diary),
        "sources": int(log.sources["status"].isin(["read", "damaged"]).sum()),
        "unread": int((log.sources["status"] == "unreadable").sum()),
        "ledger": len(log.ledger),
    }
    rows = [
        (words.say("log.days", lang), words.say("report.days_known", lang, **known)),
        (words.say("log.distance", lang), tell_sum(log.runs["distance"], lang)),
        (words.say("log.time", lang), words.quantity(float(log.runs["duration"].sum()), "s", lang)),
        *((words.say(f"log.{key}", lang), words.number(float(n), lang)) for key, n in counts.items()),
    ]
    return f"{title}, {words.say('log.span', lang, first=first, last=last)}", rows


def _assessment_rows(found: Assessment, lang: str) -> tuple[str, Rows]:
    """Say what is outside the guidance on the last day, and what is not known."""
    red = sections.red_flags(found, lang)["now"]
    told = [
        (f"{row['name']} · {words.say('levels_short.' + row['level'], lang)}", row["finding"])
        for row in [*red, *sections.outside_now(found, lang)]
    ]
    if not told:
        told = [(words.say("report.now", lang), words.say("report.now_none", lang))]
    groups = sections.not_assessable_now(found, lang)
    told += [
        (words.say("levels_short.not_assessable", lang), f"{g['reason']}: {', '.join(g['rules'])}") for g in groups
    ]
    head = sections.summary(found, lang)
    assessed = words.say("report.assessed", lang, assessed=head["assessed"], rules=head["rules"])
    as_of = words.say("report.as_of", lang, date=head["last"])
    return words.say("log.assessment", lang, guidance=found.guidance.key), [("", f"{assessed}. {as_of}"), *told]


def _guidance_rows(guidance: Guidance, lang: str) -> tuple[str, Rows]:
    counts = dict.fromkeys(VERDICTS, 0)
    for statement in guidance.statements.values():
        counts[statement.verdict] += 1
    names = [rule.words[lang]["name"] for rule in guidance.rules.values()]
    rows = [
        (words.say("show.statements", lang), words.number(float(len(guidance.statements)), lang)),
        *((words.say(f"verdicts.{name}", lang), words.number(float(n), lang)) for name, n in counts.items() if n),
        (words.say("figures.rules", lang), words.list_join(names, lang)),
        *(("", line) for line in guidance.tell_moves(lang)),
    ]
    return f"{guidance.title[lang]} ({guidance.key})", rows


def _rule_rows(rule: Rule, lang: str) -> tuple[str, Rows]:
    texts = rule.words[lang]
    rows = [(words.say("report.page_asks", lang), texts["asks"])]
    rows += [(words.say(f"levels_short.{level}", lang), _tell_level(rule, level, lang)) for level in _levels_of(rule)]
    if "why" in texts:
        rows.append((words.say("show.why", lang), texts["why"]))
    measured = rule.measure or words.say("reasons.not_yet_computed", lang)
    rows.append((words.say("show.measure", lang), f"{measured} ← {', '.join(rule.signal)}"))
    rows += [(name, _plain(value)) for name, value in rule.parameters.items()]
    rows.append((words.say("show.statements", lang), ", ".join(rule.statements)))
    if rule.references:
        rows.append((words.say("show.references", lang), ", ".join(rule.references)))
    steady = None if rule.alarms_per_year is None else tell_steady(rule.alarms_per_year, lang)
    return f"{texts['name']} ({rule.id})", rows + ([("", steady)] if steady else [])


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _levels_of(rule: Rule) -> list[str]:
    return [level for level in LEVELS if level in rule.levels]


def _tell_level(rule: Rule, level: str, lang: str) -> str:
    """Write the conditions of a level with the names its measure uses, and whose numbers they are."""
    either = f" {words.say('show.or', lang)} "
    told = either.join(tell_condition(rule, condition, lang) for condition in rule.levels[level])
    return f"{told} ({words.say(f'whose.{rule.whose[level]}', lang)})"


def tell_condition(rule: Rule, condition: Condition, lang: str = "en") -> str:
    """Write one condition, e.g. "ratio ≥ 1.20×, rise ≥ 4.0 km".

    Parameters
    ----------
    rule : Rule
        Whose units hold.
    condition : dict
        Column -> bound -> limit, in canonical units.
    lang : {"en", "nl"}
        Language.
    """
    return "; ".join(
        f"{words.name_limit(column, lang)} {SIGNS[bound]} {words.quantity(limit, rule.units[column], lang)}"
        for column, bounds in condition.items()
        for bound, limit in bounds.items()
    )


def _table_rows(table: pd.DataFrame, lang: str, guidance: Guidance) -> tuple[str, Rows]:
    """Put a plan or a budget into words, whichever its columns say it is."""
    columns = set(table.columns)
    if columns == set(planning.COLUMNS):
        caption, tell = words.say("plan.title", lang), planning.tell_plan
    elif columns == set(alarm_budget.COLUMNS):
        caption, tell = words.say("figures.budget_title", lang), alarm_budget.tell_budget
    else:
        raise TypeError(f"show: a table with columns {sorted(columns)}; give what plan() or budget() returns, whole")
    stray = sorted(set(table["rule"]) - {*guidance.rules, alarm_budget.ALL, ""})
    if stray:
        raise ValueError(f"show: {guidance.key} has no rules {stray}; give guidance=, what the table was made by")
    return caption, [("", line) for line in tell(table, guidance, lang)]
