"""Drawing what was recorded and found: the timeline, the rules by week, one rule, the calendar of days.

A figure takes an assessment or a log and, if you like, axes; it returns the axes and computes nothing that findings
or the log can give. Days on which it is unknown whether there was a run are hatched everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from loadlens import words
from loadlens.drawing import figure_style as style
from loadlens.drawing.day_grid import plot_calendar
from loadlens.drawing.figure_style import INK, LEVEL_COLOURS, LEVEL_HATCHES, MUTED, PAPER, RUN, UNKNOWN
from loadlens.drawing.timeline import fit_timeline, plot_timeline
from loadlens.guidance import LEVELS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from loadlens.findings import Assessment
    from loadlens.guidance import Rule

__all__ = ["fit_timeline", "measure_heights", "plot_calendar", "plot_guidance", "plot_rule", "plot_timeline"]

SUBTITLE = "subtitle"
MONTHS_FROM_DAYS = 3 * 366
"""The rules of a longer log are drawn by month."""


def measure_heights(found: Assessment) -> dict[str, tuple[float, float]]:
    """Return how high [inch] figures of the whole log want to be, on a wide page and on a telephone."""
    first, last = found.log.span
    years = last.year - first.year + 1
    return {
        "guidance_figure": _measure_guidance(found),
        "calendar": (1.35 * years + 0.9, 0.58 * years + 1.1),
    }


def _measure_guidance(found: Assessment) -> tuple[float, float]:
    rows = 0.24 * len(found.guidance.rules)
    return rows + 1.1, rows + 1.6


def plot_guidance(found: Assessment, ax: Axes | None = None, lang: str = "en") -> Axes:
    """Draw every rule by week (by month in a long log): the worst level reached, or that it could not be assessed.

    Parameters
    ----------
    found : Assessment
        What `assess` returns.
    ax : Axes, optional
        Where to draw; a new figure when left out.
    lang : {"en", "nl"}
        Language.

    Returns
    -------
    Axes
    """
    rules = list(found.guidance.rules.values())
    monthly = len(found.log.days) > MONTHS_FROM_DAYS
    days = found.days.assign(code=found.days["level"].cat.codes)
    table = days.pivot_table(index="date", columns="rule", values="code", aggfunc="max", observed=True)
    worst = style.by_period(table, monthly=monthly).max()
    first, last = found.log.span
    edges = (style.stretch(first, last)[0], sum(style.stretch(first, last)))
    starts = np.append(np.maximum(style.day_starts(worst.index)[:-1], edges[0]), edges[1])
    with style.styled():
        ax = style.new_axes(ax, 10.5, _measure_guidance(found)[0])
        for level in LEVELS:
            _draw_matrix(ax, [worst[rule.id].to_numpy() == LEVELS.index(level) for rule in rules], starts, level)
        longest = 44 if style.width_of(ax) > 5 else 26
        names = [style.drawable(rule.words[lang]["name"], longest) for rule in rules]
        style.draw_time(ax, first, last, style.width_of(ax) - 0.06 * max(map(len, names)), lang)
        ax.set_ylim(len(rules) - 0.4, -0.6)
        ax.set_yticks(range(len(rules)), names, color=INK)
        ax.spines["left"].set_visible(False)
        ax.set_title(words.say("figures.guidance_title_months" if monthly else "figures.guidance_title", lang))
        present = [level for level in LEVELS if (found.days["level"] == level).any()]
        style.legend_below(ax, [style.level_patch(level, lang) for level in present], 0.5)
    return ax


def _draw_matrix(ax: Axes, masks: list[Any], starts: np.ndarray[Any, Any], level: str) -> None:
    """Draw all cells of one level as one shape, so that ten years stay light."""
    boxes = [(at, row - 0.38, width, 0.76) for row, mask in enumerate(masks) for at, width in style.spans(mask, starts)]
    edge = UNKNOWN if level == "not_assessable" else PAPER
    style.draw_boxes(ax, boxes, facecolor=LEVEL_COLOURS[level], edgecolor=edge, hatch=LEVEL_HATCHES.get(level))


def plot_rule(found: Assessment, rule: str, ax: Axes | None = None, lang: str = "en") -> Axes:
    """Draw the value of one rule day by day, its limits and whose they are, and what could not be assessed.

    Parameters
    ----------
    found : Assessment
        What `assess` returns.
    rule : str
        Id of the rule.
    ax : Axes, optional
        Where to draw; a new figure when left out.
    lang : {"en", "nl"}
        Language.

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
    days = found.days[found.days["rule"] == rule]
    unit, factor = words.axis_unit(spec.units.get(spec.value, ""), lang)
    values = days["value"].to_numpy(dtype=float) * factor
    starts = style.day_starts(days["date"])
    first, last = found.log.span
    with style.styled():
        ax = style.new_axes(ax, 9, 3.1)
        inches = style.width_of(ax)
        style.draw_time(ax, first, last, inches, lang)
        known = (found.log.days["state"] != "unknown").to_numpy()
        unassessed = style.spans(known & (days["level"] == "not_assessable").to_numpy(), starts, len(days) / 400)
        boxes = [(start, 0.0, length, 1.0) for start, length in unassessed]
        style.draw_boxes(ax, boxes, transform=ax.get_xaxis_transform(), facecolor="none", edgecolor=UNKNOWN,
                         hatch=LEVEL_HATCHES["not_assessable"], zorder=0.5)  # fmt: skip
        style.hatch_unknown(ax, style.unknown_spans(found.log))
        rows = found.episodes[(found.episodes["rule"] == rule) & (found.episodes["level"] >= "note")]
        for level in LEVELS[2:]:
            style.draw_band(
                ax, level, [style.stretch(r.start, r.end) for r in style.rows_of(rows[rows["level"] == level])], 0.04
            )
        ax.plot(starts[:-1] + 0.5, values, color=RUN, linewidth=1.1 if len(days) < 800 else 0.6, zorder=3)
        style.draw_dots(ax, starts[:-1] + 0.5, values, _dot(values), RUN, zorder=3)
        _draw_limits(ax, spec, values, factor, lang)
        ax.set_ylabel(unit or words.say("report.head_value", lang))
        style.localise(ax, lang)
        name, asks = spec.words[lang]["name"], spec.words[lang]["asks"]
        lines = style.fold(asks, max(24, int(inches * 15)))
        ax.set_title(name, pad=8 + 11.5 * len(lines))
        ax.annotate("\n".join(lines), (0, 1), xytext=(0, 5), xycoords="axes fraction", textcoords="offset points",
                    va="bottom", color=MUTED, fontsize=8, linespacing=1.25, gid=SUBTITLE)  # fmt: skip
        present = [level for level in LEVELS if level != "ok" and (days["level"] == level).any()]
        if present:
            style.legend_below(ax, [style.level_patch(level, lang) for level in present], 0.5)
    return ax


def _dot(values: np.ndarray[Any, Any]) -> float:
    """Return how wide [points] dots are: single days between gaps have no line, so they need one."""
    return float(np.clip(300 / max(np.isfinite(values).sum(), 1), 1.1, 3.5))


def _draw_limits(ax: Axes, rule: Rule, values: np.ndarray[Any, Any], factor: float, lang: str) -> None:
    """Draw every bound on the value as a line that says its level and whose number it is."""
    unit = rule.units.get(rule.value, "")
    limits: dict[float, tuple[str, str]] = {}
    for level in LEVELS[2:]:
        for condition in rule.levels.get(level, ()):
            for side, bound in condition.get(rule.value, {}).items():
                text = words.say(
                    "figures.limit" if side in ("above", "at_least") else "figures.limit_below", lang,
                    level=words.say(f"levels_short.{level}", lang), value=words.quantity(bound, unit, lang),
                    whose=words.say(f"figures.{rule.whose[level]}", lang),
                )  # fmt: skip
                limits.setdefault(bound * factor, (level, text))
    seen = np.concatenate([values[np.isfinite(values)], list(limits)]) if limits else values[np.isfinite(values)]
    if len(seen) == 0:
        ax.set_yticks([])
        return
    low, high = float(seen.min()), float(seen.max())
    room = (high - low) or abs(high) or 1.0
    low, high = low - 0.08 * room, high + 0.16 * room
    ax.set_ylim(low, high)
    outside = style.width_of(ax) > 5
    written = -np.inf
    for bound, (level, text) in sorted(limits.items()):
        ax.axhline(bound, color=INK, linewidth=0.9, linestyle=_dash(level), zorder=2.5)
        written = max(bound, written + 0.075 * (high - low))  # labels of near limits are spread upwards
        place: dict[str, Any] = (
            {"x": 1.008, "ha": "left", "va": "center"} if outside else {"x": 0.995, "ha": "right", "va": "bottom"}
        )
        ax.text(y=written, s=text, transform=ax.get_yaxis_transform(), fontsize=7.5, color=INK, zorder=6, **place,
                bbox={"facecolor": PAPER, "edgecolor": "none", "alpha": 0.75, "pad": 0.5})  # fmt: skip


def _dash(level: str) -> Any:
    return {"note": (0, (1, 2)), "watch": (0, (4, 2))}.get(level, "-")
