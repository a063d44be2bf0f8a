"""The guidance statement by statement: what the page says, where the runner stands now, and what research says of it.

One row for every statement, in the order of the page, in words; and the last year of a rule as a small line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loadlens import words
from loadlens.drawing import figure_style as style
from loadlens.drawing.figure_style import INK, LEVEL_COLOURS, LEVEL_HATCHES, RUN, UNKNOWN
from loadlens.guidance import LEVELS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from loadlens.findings import Assessment
    from loadlens.guidance import Guidance, Statement

Row = dict[str, Any]

YEAR = 365
"""Days a small line shows at most."""

DAILY_UP_TO = 120
"""Longer stretches are drawn by week, at the worst day of each: a day would be narrower than the line."""

NOT_CHECKED = "not_checked"
"""Stands in the place of a level at advice that no rule checks."""


def sheet_rows(found: Assessment, lang: str = "en") -> list[Row]:
    """Say of every statement of the guidance where the runner stands on the last day of the log.

    Parameters
    ----------
    found : Assessment
        What `assess` returns.
    lang : {"en", "nl"}
        Language.

    Returns
    -------
    list of dict
        One for each statement, in the order of the page; all unescaped text.

        id, section, says : str
            The statement; `section` is that of the page, in the language of the page.
        number : str
            The number of the page with its unit; empty where it gives none.
        stands : str
            Date and finding of the rule under it that is worst now; empty where none can be assessed.
        level : str
            That worst level; ``"not_checked"`` for advice without a rule.
        because : str
            Why it, or a part of it, cannot be assessed or checked; else empty.
        evidence, evidence_text : str
            A mark and a word for what research says; the studies in short.
        rules : list of str
            Ids of the rules under it, the worst first.
        states : list of dict
            name, level of each of them, in the same order.
        kind, verdict, verdict_said, research, references
            As in the guidance document, and put into words.
    """
    levels = {row.rule: str(row.level) for row in style.rows_of(found.rules)}
    return [_row(found, statement, levels, lang) for statement in found.guidance.statements.values()]


def _row(found: Assessment, statement: Statement, levels: dict[str, str], lang: str) -> Row:
    said = statement.words[lang]
    rules = sorted(statement.rules, key=lambda rule: -LEVELS.index(levels[rule]))
    level = levels[rules[0]] if rules else NOT_CHECKED
    stands = ""
    if rules and level != "not_assessable":
        date = words.date(found.log.span[1], lang)
        stands = words.say("sheet.stands", lang, date=date, said=found.tell(rules[0], lang=lang))
    return {
        "id": statement.id,
        "section": statement.place["section"],
        "says": said["says"],
        "number": said.get("number") or statement.page_numbers or "",
        "stands": stands,
        "level": level,
        "because": _tell_lacking(found, rules, levels, lang),
        "evidence": words.say(f"evidence.{statement.verdict}", lang),
        "evidence_text": "; ".join(_shorten(found.guidance, name) for name in statement.references),
        "rules": rules,
        "states": [{"name": _name(found, rule, lang), "level": levels[rule]} for rule in rules],
        "kind": words.say(f"kinds.{statement.kind}", lang),
        "verdict": statement.verdict,
        "verdict_said": words.say(f"verdicts.{statement.verdict}", lang),
        "research": said["research"],
        "references": statement.references,
    }


def _tell_lacking(found: Assessment, rules: list[str], levels: dict[str, str], lang: str) -> str:
    """Say why a statement cannot be assessed; where only some of its rules cannot, name them."""
    if not rules:
        return words.say("sheet.advice", lang)
    lacking = [rule for rule in rules if levels[rule] == "not_assessable"]
    told = {rule: found.tell(rule, lang=lang) for rule in lacking}
    if len(lacking) == len(rules):
        return "; ".join(dict.fromkeys(told.values()))
    named = [words.say("sheet.because_of", lang, name=_name(found, rule, lang), said=told[rule]) for rule in lacking]
    return "; ".join(named)


def _name(found: Assessment, rule: str, lang: str) -> str:
    return found.guidance.rules[rule].words[lang]["name"]


def _shorten(guidance: Guidance, reference: str) -> str:
    """Give authors and year of a study, which its citation begins with."""
    return guidance.references[reference].citation.partition(",")[0]


def sparkline(found: Assessment, rule: str, ax: Axes) -> Axes:
    """Draw the last twelve months of a rule as a small line against its limits; a shorter log is drawn whole.

    Stretches in which it is unknown whether there was a run, and those that cannot be assessed, are hatched. Days
    outside the guidance have the colour of their level behind them; the last value has a dot.

    Parameters
    ----------
    found : Assessment
        What `assess` returns.
    rule : str
        Id of the rule.
    ax : Axes
        Where to draw; it keeps no axes lines. About 1.6 x 0.35 inch is enough.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        The guidance has no such rule.
    """
    spec = found.guidance.rules.get(rule)
    if spec is None:
        raise ValueError(f"{rule}: the guidance has no such rule; it has {', '.join(found.guidance.rules)}")
    days = found.days[found.days["rule"] == rule].iloc[-YEAR:].set_index("date")
    unknown = (found.log.days["state"].iloc[-YEAR:] == "unknown").to_numpy()
    codes = days["level"].cat.codes.to_numpy()
    starts = style.day_starts(days.index)
    narrow = (starts[-1] - starts[0]) / 160
    with style.styled():
        ax.set_axis_off()
        ax.set_xlim(starts[0], starts[-1])
        _fill(ax, style.spans((codes == 0) & ~unknown, starts, narrow), hatch=LEVEL_HATCHES["not_assessable"])
        _fill(ax, style.spans(unknown, starts, narrow), hatch="/////")
        for level in LEVELS[2:]:
            outside = style.spans(codes == LEVELS.index(level), starts, narrow)
            _fill(ax, outside, facecolor=LEVEL_COLOURS[level], edgecolor="none", alpha=0.55)
        _draw_line(ax, days["value"], spec.worse != "lower", _limits(spec.levels, spec.value))
    return ax


def _fill(ax: Axes, stretches: list[tuple[float, float]], **look: Any) -> None:
    """Fill stretches over the whole height."""
    boxes = [(start, 0.0, length, 1.0) for start, length in stretches]
    style.draw_boxes(ax, boxes, **{
        "transform": ax.get_xaxis_transform(), "facecolor": "none", "edgecolor": UNKNOWN, "zorder": 0.5, **look
    })  # fmt: skip


def _limits(levels: dict[str, Any], column: str) -> list[float]:
    """Give the bounds on the value of a rule, those of the mildest level first."""
    conditions = [condition for level in LEVELS for condition in levels.get(level, ())]
    return [bound for condition in conditions for bound in condition.get(column, {}).values()]


def _draw_line(ax: Axes, values: pd.Series[float], higher: bool, limits: list[float]) -> None:
    """Draw values by day or, where there are many, the worst of each week, and the limits that lie near them."""
    last, middle = values.iloc[-1], 0.5
    at = style.day_starts(values.index)[:-1]
    if len(values) > DAILY_UP_TO:
        week = (np.arange(len(values)) - len(values)) // 7  # counted from the end: the last week is a whole one
        groups = values.groupby(week)
        at, values, middle = (
            at[np.flatnonzero(np.diff(week, prepend=np.nan))],
            groups.max() if higher else groups.min(),
            3.5,
        )
    shown = np.append(values.to_numpy(float), last)  # the line ends where the runner stands now
    at = np.append(at + middle, ax.get_xlim()[1])
    if not np.isfinite(shown).any():
        return
    low, high = (float(edge(shown[np.isfinite(shown)])) for edge in (np.min, np.max))
    near = limits[:1] + [limit for limit in limits[1:] if low <= limit <= high]
    low, high = min(low, *near, high), max(high, *near, low)
    room = (high - low) or abs(high) or 1.0
    ax.set_ylim(low - 0.12 * room, high + 0.12 * room)
    for limit in near:
        ax.axhline(limit, color=INK, linewidth=0.6, linestyle=(0, (3, 2)), zorder=2)
    ax.plot(at, shown, color=RUN, linewidth=1.0, zorder=3)
    alone = np.isfinite(shown) & ~np.isfinite(np.roll(shown, 1)) & ~np.isfinite(np.roll(shown, -1))
    style.draw_dots(ax, at, np.where(alone, shown, np.nan), 1.2, RUN, zorder=3)
    if np.isfinite(last):
        ax.plot(at[-1:], [last], "o", color=INK, markersize=2.6, zorder=4, clip_on=False)
