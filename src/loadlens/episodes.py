"""Each time a rule went clearly outside the guidance, in sentences: what speaks for it, against it, and what is open.

Nothing is computed here; findings, the log and the guidance document are put into words, unescaped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loadlens import words
from loadlens.drawing.figure_style import rows_of
from loadlens.findings import holds
from loadlens.robustness import is_on_volume, recount, tell_ways

if TYPE_CHECKING:
    from collections.abc import Iterable

    from loadlens.findings import Assessment
    from loadlens.guidance import Guidance, Rule

Told = dict[str, Any]

WEIGHED = 6
"""So many alarms, the newest, are told with all that speaks for and against them; the older ones in one sentence."""

SIDES = {"supports": "for", "mixed": "against", "contradicts": "against", "no_evidence_found": "unknown"}
"""What research says of a statement -> the side on which it stands."""


def tell_alarms(found: Assessment, lang: str = "en") -> tuple[list[Told], list[Told]]:
    """Return every alarm of the log told, newest first: those that are weighed, and the older ones.

    Parameters
    ----------
    found : Assessment
        What `assess` returns.
    lang : {"en", "nl"}
        Language.

    Returns
    -------
    (list of dict, list of dict)
        As from `tell_episode`. Those that are weighed also have `far` and `interval` (sentences, or empty), and `for`,
        `against` and `unknown` (lists of `says` and of `references`, which are id and name).
    """
    rows = list(rows_of(found.alarms.sort_values(["start", "level"], ascending=False)))
    cited: set[str] = set()
    newest = [_weigh(found, row, cited, lang) for row in rows[:WEIGHED]]
    return newest, [tell_episode(found, row, lang) for row in rows[WEIGHED:]]


def tell_episode(found: Assessment, row: Any, lang: str = "en") -> Told:
    """Return what went outside the guidance, when, and the finding of the day on which it was furthest outside.

    Parameters
    ----------
    found : Assessment
        What `assess` returns.
    row : named tuple
        A row of its episodes or alarms: rule, level, start, end, days.
    lang : {"en", "nl"}
        Language.
    """
    worst = find_worst_day(found, row)
    return {
        "rule": row.rule,
        "name": found.guidance.rules[row.rule].words[lang]["name"],
        "level": row.level,
        "start": words.date(row.start, lang),
        "end": words.date(row.end, lang),
        "now": row.end == found.log.span[1],
        "days": words.quantity(float(row.days), "days", lang),
        "worst": words.date(worst, lang),
        "finding": found.tell(row.rule, worst, lang),
    }


def find_worst_day(found: Assessment, row: Any) -> pd.Timestamp:
    """Return the day within an episode on which its rule stood furthest outside the guidance."""
    days = found.days
    inside = days[(days["rule"] == row.rule) & days["date"].between(row.start, row.end) & (days["level"] == row.level)]
    values = inside.set_index("date")["value"].dropna()
    if values.empty:
        return pd.Timestamp(inside["date"].iloc[0])
    higher = found.guidance.rules[row.rule].worse != "lower"
    return pd.Timestamp(values.idxmax() if higher else values.idxmin())


def _weigh(found: Assessment, row: Any, cited: set[str], lang: str) -> Told:
    rule, worst = found.guidance.rules[row.rule], find_worst_day(found, row)
    sides: dict[str, list[Told]] = {"for": [], "against": [], "unknown": []}
    sides["for"] += [_say(line) for line in _tell_measured(found, row, lang)]
    if is_on_volume(rule):
        ways = tell_ways(recount(found, rule.id, worst), lang)
        sides["against" if ways["others"] else "for"] += [_say(line) for line in (*ways["holds"], *ways["others"])]
        sides["unknown"] += [_say(line) for line in ways["unknown"]]
    if rule.alarms_per_year is not None:
        sides["against"].append(_say(tell_steady(rule.alarms_per_year, lang)))
    _lay_research(found, rule, sides, cited, lang)
    sides["unknown"] += [_say(line) for line in _tell_unknown(found, row, lang)]
    return {
        **tell_episode(found, row, lang),
        "far": _tell_limit(found, rule, row.level, worst, lang),
        "interval": _tell_interval(found, rule, worst, lang),
        **sides,
    }


def _say(line: str, references: list[Told] | None = None) -> Told:
    return {"says": line, "references": references or []}


def tell_steady(alarms: float, lang: str = "en") -> str:
    """Say how often steady runners hear a rule; below one alarm in ten years a number would only look exact.

    Parameters
    ----------
    alarms : float
        Alarms per runner-year, as published with the rule.
    lang : {"en", "nl"}
        Language.
    """
    if alarms < 0.1:
        return words.say("report.hardly_ever", lang)
    return words.say("report.alarms_per_year", lang, value=words.number(alarms, lang, 1))


def _tell_measured(found: Assessment, row: Any, lang: str) -> list[str]:
    """Say on how many days of an episode its rule stood clearly outside, and on how many runs that rests."""
    inside = found.days[(found.days["rule"] == row.rule) & found.days["date"].between(row.start, row.end)]
    count = {
        "outside": int((inside["level"] >= "watch").sum()),
        "assessed": int((inside["level"] > "not_assessable").sum()),
    }
    told = [
        words.say("episode.measured", lang, **{n: words.quantity(float(v), "days", lang) for n, v in count.items()})
    ]
    runs = found.log.runs
    runs = runs[runs["date"].between(row.start, row.end)]
    if len(runs):
        bare = int(runs["distance"].isna().sum())
        key = "episode.runs" if not bare else "episode.runs_bare" if bare < len(runs) else "episode.runs_unknown"
        shown = {"runs": len(runs), "bare": bare}
        counted = {name: words.quantity(float(n), "runs", lang) for name, n in shown.items()}
        distance = words.quantity(float(runs["distance"].sum()), "m", lang)
        told.append(words.say(key, lang, **counted, distance=distance))
    return told


def _lay_research(found: Assessment, rule: Rule, sides: dict[str, list[Told]], cited: set[str], lang: str) -> None:
    """Lay what research says of the statements on its side; a second time on the page only by name."""
    for name in rule.statements:
        statement = found.guidance.statements[name]
        side = SIDES.get(statement.verdict)
        if side is None:
            continue
        verdict = words.say(f"verdicts.{statement.verdict}", lang)
        key = "episode.research_again" if name in cited else "episode.research"
        line = words.say(
            key, lang, verdict=verdict[:1].upper() + verdict[1:], id=name, research=statement.words[lang]["research"]
        )
        cited.add(name)
        sides[side].append(_say(line, name_references(found.guidance, statement.references)))


def name_references(guidance: Guidance, names: Iterable[str]) -> list[Told]:
    """Return id and short name of references: authors and year, which a citation begins with.

    Parameters
    ----------
    guidance : Guidance
        Where they stand.
    names : iterable of str
        Their ids.
    """
    return [{"id": name, "name": guidance.references[name].citation.partition(",")[0]} for name in names]


def _tell_unknown(found: Assessment, row: Any, lang: str) -> list[str]:
    """Say of how many days of an episode it is unknown whether there was a run, and how many cannot be assessed."""
    days = found.log.days
    unknown = int((days["date"].between(row.start, row.end) & (days["state"] == "unknown")).sum())
    key = "episode.unknown_days" if unknown else "episode.no_unknown_days"
    told = [words.say(key, lang, days=words.quantity(float(unknown), "days", lang))]
    inside = found.days[(found.days["rule"] == row.rule) & found.days["date"].between(row.start, row.end)]
    for reason, group in inside[inside["level"] == "not_assessable"].groupby("reason", sort=False):
        shown = words.quantity(float(len(group)), "days", lang)
        because = words.say(f"reasons.{reason}", lang)
        told.append(words.say("episode.not_assessable", lang, days=shown, reason=because))
    return told


def _tell_limit(found: Assessment, rule: Rule, level: str, day: pd.Timestamp, lang: str) -> str:
    """Say which limit of the level the day passed and whose number that is; empty where there are no words for it."""
    frame = found.details[rule.id].loc[[day]]
    for condition in rule.levels.get(level, ()):
        if not holds(condition, {column: frame[column].to_numpy(float) for column in condition})[0]:
            continue  # the limit of another condition would seem to say that nothing was passed
        for column, key in ((rule.value, "episode.limit"), *((name, f"episode.limit_{name}") for name in condition)):
            if column in condition and words.knows(key):
                unit = rule.units[column]
                return words.say(
                    key,
                    lang,
                    level=words.say(f"levels_short.{level}", lang),
                    limit=words.quantity(next(iter(condition[column].values())), unit, lang),
                    value=words.quantity(float(frame[column].iloc[0]), unit, lang),
                    whose=words.say(f"whose.{rule.whose[level]}", lang),
                )
    return ""


def _tell_interval(found: Assessment, rule: Rule, day: pd.Timestamp, lang: str) -> str:
    """Say between which values missing load leaves the rule; empty where none is missing."""
    frame, upper = found.details[rule.id], f"{rule.value}_high"
    if upper not in frame:
        return ""
    low, high = float(frame[rule.value].loc[day]), float(frame[upper].loc[day])
    if not np.isfinite(high) or low == high:
        return ""
    ends = (words.quantity(end, rule.units[rule.value], lang) for end in sorted((low, high)))
    return words.say("episode.interval", lang, **dict(zip(("low", "high"), ends, strict=True)))
