"""The report of a cohort: one page, and the same numbers for machines.

What may be told is decided in `loadlens.studies.cohort_summary`; the page shows that and no more. Where the cohort was
de-identified, small groups are hidden and nobody is named. The same tables give the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loadlens import __version__, words
from loadlens.guidance import LEVELS, read_guidance
from loadlens.page_figures import inline_figure
from loadlens.studies.cohort_counts import count_cohort
from loadlens.studies.cohort_figures import measure_alarm_rates, measure_coverage, plot_alarm_rates, plot_coverage
from loadlens.studies.cohort_summary import SPREADS, lay_out_weeks, sum_up
from loadlens.studies.deidentification import describe
from loadlens.studies.disclosure import smallest_group, summary_rules
from loadlens.summaries import templates

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping

    from markupsafe import Markup

    from loadlens.guidance import Guidance
    from loadlens.studies.cohort_counts import Counts

PAGE, NUMBERS, TABLE = "report.html", "summary.json", "summary.csv"
REASONS_TOLD = 3
"""Reasons why a rule was not assessable that stand in the table, at most."""

_SHARES = ("known", "run_days")


def write(out: str | os.PathLike[str], lang: str = "en", guidance: Guidance | None = None) -> list[Path]:
    """Write the report of a finished cohort beside its tables.

    Parameters
    ----------
    out : path
        The folder that `cohort.run` wrote.
    lang : {"en", "nl"}
        Language of the page.
    guidance : Guidance, optional
        By which the cohort was assessed; the bundled document on runner's knee when left out.

    Returns
    -------
    list of Path
        ``report.html``; ``summary.json`` and ``summary.csv``, which are in no language.

    Raises
    ------
    UnreadableFile
        The folder holds no finished cohort.

    Notes
    -----
    Tables are read piece by piece; what is held of them is a few numbers for each participant, rule and week.
    """
    folder = Path(out)
    counts = count_cohort(folder)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    hide = bool(manifest["arguments"]["deidentified"])
    told = {"digest": manifest["digest"], "guidance": manifest["arguments"]["guidance"]["id"], "deidentified": hide}
    told |= sum_up(counts, hide=hide)
    pages = {
        PAGE: _render(counts, told, guidance or read_guidance(), lang),
        NUMBERS: json.dumps(told, indent=1, ensure_ascii=False) + "\n",
        TABLE: _tabulate(told),
    }
    for name, content in pages.items():
        unfinished = folder / f"unfinished-{name}"
        unfinished.write_text(content, encoding="utf-8", newline="\n", errors="backslashreplace")
        unfinished.replace(folder / name)
    return [folder / name for name in pages]


# ---------------------------------------------------------------- for machines
def _tabulate(told: Mapping[str, Any]) -> str:
    """Return all numbers in long form: what is counted, of what, which number."""
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(["section", "of", "measure", "value"])
    table.writerows(_rows(told))
    return stream.getvalue()


def _rows(told: Mapping[str, Any]) -> Iterator[tuple[str, str, str, Any]]:
    yield from (("participants", "", name, value) for name, value in told["participants"].items())
    yield from (("days", "", name, value) for name, value in told["coverage"].items() if name != "spread")
    for measure, quartiles in told["coverage"]["spread"].items():
        for name, value in zip(("q25", "median", "q75"), quartiles or [None] * 3, strict=True):
            yield "spread", measure, name, value
    for row in told["rules"]:
        numbers = ((name, value) for name, value in row.items() if name not in ("rule", "reasons"))
        yield from (("rules", row["rule"], name, value) for name, value in numbers)
        yield from (("reasons", row["rule"], entry["reason"], entry["share"]) for entry in row["reasons"])
    yield from (("flags", row["flag"], "participants", row["participants"]) for row in told["flags"])


# ---------------------------------------------------------------- the page
def _render(counts: Counts, told: dict[str, Any], guidance: Guidance, lang: str) -> str:
    count = partial(_say_count, lang=lang)
    names = {row["rule"]: _name_rule(guidance, row["rule"], lang) for row in told["rules"]}
    rules = sorted(told["rules"], key=lambda row: _place(guidance, row["rule"]))
    alarming = [row for row in rules if _can_alarm(guidance, row["rule"])]
    hide = told["deidentified"]
    return templates().get_template("cohort.html.j2").render(
        lang=lang,
        say=partial(words.say, lang=lang),
        version=__version__,
        told=told,
        head=_head(told, count, lang),
        flags=[
            row | {"said": _say_flag(row["flag"], lang), "count": count(row["participants"])}
            for row in told["flags"]
            if row["participants"] != 0
        ],
        failures=[
            {"reason": row["reason"][lang], "count": count(row["participants"]), "listed": row.get("listed", [])}
            | {"more": _more(row)}
            for row in told["failures"]
        ],
        more=_more,
        spread=_say_spread(told["coverage"]["spread"], lang),
        rules=[_say_rule(row, names, lang) | {"count": count(row["participants"])} for row in rules],
        alarms=[_say_alarms(row, names, lang) for row in alarming],
        coverage=_draw_coverage(counts, hide=hide, lang=lang),
        rates=_draw_rates(alarming, names, lang),
        sharing=describe(lang) if hide else [],
        least=smallest_group(),
    )  # fmt: skip


def _head(told: Mapping[str, Any], count: Any, lang: str) -> dict[str, Any]:
    days = told["coverage"]
    known = days["days"] and 1 - days["days_unknown"] / days["days"]
    states = ("run", "rest", "unknown")
    share = {state: days[f"days_{state}"] / days["days"] if days["days"] else 0.0 for state in states}
    return {
        **{name: count(value) for name, value in told["participants"].items()},
        "years": _number(days["days"] and days["days"] / 365.25, lang, 1),
        "known": words.MISSING if not days["days"] else words.quantity(known, "share", lang),
        "runs": _number(days["runs"], lang),
        "days": {state: _number(days[f"days_{state}"], lang) for state in states},
        "share": {state: f"{100 * value:.2f}" for state, value in share.items()},
    }


def _number(value: float | None, lang: str, digits: int = 0) -> str:
    return words.MISSING if value is None else words.number(float(value), lang, digits)


def _say_count(told: int | str | None, lang: str) -> str:
    """Write a count, or that it is below or above another number."""
    if told is None:
        return words.MISSING
    sign = "" if isinstance(told, int) else told[0]
    return sign + words.number(float(str(told).removeprefix(sign)), lang)


def _more(row: Mapping[str, Any]) -> int:
    """Return how many participants a row does not name; none where it names nobody."""
    return row["participants"] - len(row["listed"]) if row.get("listed") else 0


def _say_flag(flag: str, lang: str) -> str:
    rules = summary_rules()["quality"]
    days = {name: words.number(float(rules[name]), lang) for name in ("short_span_days", "gap_days")}
    mostly = words.quantity(rules["mostly_unknown"], "share", lang)
    return words.say(f"cohort_flags.{flag}", lang, mostly_unknown=mostly, **days)


def _say_spread(spread: Mapping[str, list[float] | None], lang: str) -> list[dict[str, Any]]:
    told = []
    for name in SPREADS:
        unit, digits = ("share", 0) if name in _SHARES else ("", 1 if name == "runs_per_week" else 0)
        quartiles = spread[name]
        if quartiles is not None:
            said = [words.quantity(q, unit, lang) if unit else words.number(q, lang, digits) for q in quartiles]
            told.append({"said": words.say(f"cohort_report.spread_{name}", lang), "quartiles": said})
    return told


def _name_rule(guidance: Guidance, rule: str, lang: str) -> str:
    return guidance.rules[rule].words[lang]["name"] if rule in guidance.rules else rule


def _place(guidance: Guidance, rule: str) -> tuple[int, str]:
    """Order rules as the guidance does; those of another document come last, by their id."""
    order = list(guidance.rules)
    return (order.index(rule) if rule in guidance.rules else len(order)), rule


def _can_alarm(guidance: Guidance, rule: str) -> bool:
    alarming = LEVELS[LEVELS.index("watch") :]
    return rule not in guidance.rules or any(level in guidance.rules[rule].levels for level in alarming)


def _say_rule(row: Mapping[str, Any], names: Mapping[str, str], lang: str) -> dict[str, Any]:
    share = row["share_assessable"]
    why = [
        words.say("cohort_report.why", lang, share=words.quantity(entry["share"], "share", lang),
                  reason=_say_reason(entry["reason"], lang))
        for entry in row["reasons"]
        if entry["share"] is not None and entry["share"] >= 0.005
    ]  # fmt: skip
    return {
        "name": names[row["rule"]],
        "share": words.MISSING if share is None else words.quantity(share, "share", lang),
        "why": why[:REASONS_TOLD],
    }


def _say_reason(reason: str, lang: str) -> str:
    """Say a reason of people in general: those of a report speak to its runner."""
    keys = (f"cohort_reasons.{reason}", f"reasons.{reason}")
    return next((words.say(key, lang) for key in keys if words.knows(key)), reason)


def _say_alarms(row: Mapping[str, Any], names: Mapping[str, str], lang: str) -> dict[str, Any]:
    ends = {end: _number(row[end], lang, 2) for end in ("low", "high")}
    return {
        "name": names[row["rule"]],
        "rate": _number(row["per_year"], lang, 2),
        "interval": words.MISSING if row["high"] is None else words.say("cohort_report.interval", lang, **ends),
        "alarms": _number(row["alarms"], lang),
        "alarmed": _say_count(row["alarmed"], lang),
        "years": _number(row["years"], lang, 1),
    }


def _draw_coverage(counts: Counts, *, hide: bool, lang: str) -> dict[str, Any]:
    shares, per_row, per_column = lay_out_weeks(counts, hide=hide)
    if not shares.size:
        return {"figure": "", "reading": words.say("cohort_report.coverage_too_few", lang)}
    key = "coverage_reading" if per_row == 1 else "coverage_reading_many"
    reading = words.say(f"cohort_report.{key}", lang, per_row=words.number(float(per_row), lang))
    draw = partial(plot_coverage, shares, len(counts.weeks), per_column, lang=lang)
    alt = f"{words.say('cohort_report.figure_coverage', lang)}. {reading}"
    return {"figure": inline_figure("coverage", draw, measure_coverage(len(shares)), alt), "reading": reading}


def _draw_rates(rows: list[dict[str, Any]], names: Mapping[str, str], lang: str) -> Markup | str:
    if not rows:
        return ""
    draw = partial(plot_alarm_rates, rows, names, lang=lang)
    said = [f"{names[row['rule']]} {_number(row['per_year'], lang, 2)}" for row in rows if row["per_year"] is not None]
    alt = f"{words.say('cohort_report.figure_rates', lang)}. {'; '.join(said)}"
    return inline_figure("rates", draw, measure_alarm_rates(len(rows)), alt)
