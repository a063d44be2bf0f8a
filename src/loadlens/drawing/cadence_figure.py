"""Drawing cadence against speed: the runner's own line, the runs behind it, and how the last ones lie beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter

from loadlens import words
from loadlens.drawing import figure_style as style
from loadlens.drawing.figure_style import GRID, INK, LEVEL_COLOURS, MUTED, PAPER, RUN, RUN_SOFT
from loadlens.drawing.form_points import gather_form

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from loadlens.drawing.form_points import FormPoints
    from loadlens.findings import Assessment
    from loadlens.guidance import Rule

PACE_STEPS = (0.25, 0.5, 1.0, 2.0)
"""Between the labels of paces [min/km]."""

RECENT, RECENT_SOFT = LEVEL_COLOURS["act"], "#c0648f"
"""Of the last runs and their minutes; darker than the others, the runs of another shape too."""

LEAST_ARROW = 0.5
"""A smaller drift [steps/min] is too short for an arrow."""


def plot_cadence(found: Assessment, ax: Axes | None = None, lang: str = "en") -> Axes:
    """Draw cadence against speed: steady minutes and runs, the runner's own line, and the drift of the last runs.

    Everything is what the rule on cadence at the same speed compared at its last run.

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
        Speed [m/s], labelled as a pace, against cadence [steps/min].

    Raises
    ------
    ValueError
        The guidance has no rule that compares cadence at the same speed.
    """
    rule = _find_rule(found)
    points = gather_form(found, rule)
    row = found.details[rule.id].iloc[-1]
    with style.styled():
        ax = style.new_axes(ax, 7.5, 5)
        inches = style.width_of(ax)
        lines = style.fold(found.tell(rule.id, lang=lang), max(24, int(inches * 15)))
        ax.set_title(rule.words[lang]["name"], pad=8 + 11.5 * len(lines))
        ax.annotate("\n".join(lines), (0, 1), xytext=(0, 5), xycoords="axes fraction", textcoords="offset points",
                    va="bottom", color=MUTED, fontsize=8, linespacing=1.25)  # fmt: skip
        ax.set_xlabel(words.say("form.speed", lang), fontsize=8.5)
        ax.set_ylabel(words.say("form.cadence", lang), fontsize=8.5)
        drawn = _draw_points(ax, points, lang)
        if not drawn:
            ax.set_xticks([])
            ax.set_yticks([])
            said = words.say("form.no_points", lang)
            ax.text(0.5, 0.5, said, transform=ax.transAxes, ha="center", color=MUTED, wrap=True)
            return ax
        if row["reason"] == "":
            drawn.append(_draw_line(ax, points, row, rule, lang))
        _draw_axes(ax, points, inches, lang)
        style.legend_below(ax, drawn, 0.6)
    return ax


def _find_rule(found: Assessment) -> Rule:
    for rule in found.guidance.rules.values():
        if rule.measure == "form_change" and rule.parameters["column"] == "cadence":
            return rule
    raise ValueError(
        f"{found.guidance.key}: no rule compares cadence at the same speed; "
        "would be right: one with measure form_change and column cadence"
    )


def _draw_points(ax: Axes, points: FormPoints, lang: str) -> list[Any]:
    """Draw minutes as dots and runs as marks, the last ones in another tone and shape; return the legend entries."""
    days = words.quantity(_span(points.minutes_recent), "days", lang)
    runs = words.quantity(float(len(points.runs_recent)), "runs", lang)
    kinds: list[tuple[pd.DataFrame, str, dict[str, Any]]] = [
        (points.minutes_before, words.say("form.minutes_before", lang), {"color": RUN_SOFT, "size": 1.6}),
        (points.minutes_recent, words.say("form.minutes_recent", lang, days=days), {"color": RECENT_SOFT, "size": 1.6}),
        (points.runs_before, words.say("form.runs_before", lang), {"color": RUN, "marker": "o"}),
        (points.runs_recent, words.say("form.runs_recent", lang, runs=runs), {"color": RECENT, "marker": "D"}),
    ]
    keys: list[Any] = []
    for order, (table, label, look) in enumerate(kinds, start=1):
        if table.empty:
            continue
        x, y = table["speed"].to_numpy(float), table["cadence"].to_numpy(float)
        if "marker" in look:
            style_of: dict[str, Any] = {
                "linestyle": "none", "marker": look["marker"], "markersize": 5, "markerfacecolor": look["color"],
                "markeredgecolor": PAPER, "markeredgewidth": 0.7,
            }  # fmt: skip
            ax.plot(x, y, zorder=order, **style_of)
            keys.append(Line2D([], [], label=label, **style_of))
        else:
            style.draw_dots(ax, x, y, look["size"], look["color"], zorder=order)
            keys.append(Line2D([], [], linestyle="none", marker=".", markersize=4, color=look["color"], label=label))
    return keys


def _span(table: pd.DataFrame) -> float:
    return float((table.index[-1] - table.index[0]).days + 1) if len(table) else 0.0


def _draw_line(ax: Axes, points: FormPoints, row: pd.Series[Any], rule: Rule, lang: str) -> Line2D:
    """Draw the line over the speeds it was drawn through, and an arrow from what is usual to what the last runs had."""
    speeds = np.concatenate([points.runs_before["speed"], points.runs_recent["speed"]]).astype(float)
    ends = np.array([speeds.min(), speeds.max()]) if np.ptp(speeds) > 0 else speeds[0] + np.array([-0.1, 0.1])
    look: dict[str, Any] = {"color": INK, "linewidth": 1.4, "linestyle": (0, (5, 2))}
    ax.plot(ends, row["intercept"] + row["slope"] * ends, zorder=5, **look)
    now, usual = float(row["now"]), float(row["usual"])
    arrow = {"arrowstyle": "-|>", "color": INK, "linewidth": 1.6, "shrinkA": 0, "shrinkB": 0}
    if abs(now - usual) >= LEAST_ARROW:
        ax.annotate("", (row["speed"], now), (row["speed"], usual), arrowprops=arrow, zorder=6)
    ax.annotate(words.quantity(float(row["change"]), rule.units["change"], lang), (row["speed"], (now + usual) / 2),
                xytext=(6, 0), textcoords="offset points", va="center", fontsize=8.5, fontweight="bold", zorder=7,
                bbox={"facecolor": PAPER, "edgecolor": "none", "alpha": 0.85, "pad": 1.0})  # fmt: skip
    return Line2D([], [], label=words.say("form.line", lang), **look)


def _draw_axes(ax: Axes, points: FormPoints, inches: float, lang: str) -> None:
    """Frame the bulk of the points, and label speeds by the pace they are."""
    tables = [points.minutes_before, points.minutes_recent, points.runs_before, points.runs_recent]
    for column, least, set_limits in (("speed", 0.4, ax.set_xlim), ("cadence", 8.0, ax.set_ylim)):
        values = np.concatenate([table[column].to_numpy(float) for table in tables])
        runs = np.concatenate([table[column].to_numpy(float) for table in tables[2:]])
        low, high = np.percentile(values, [0.5, 99.5])
        if len(runs):
            low, high = min(low, runs.min()), max(high, runs.max())
        room = max(high - low, least)
        set_limits((low + high) / 2 - 0.56 * room, (low + high) / 2 + 0.56 * room)
    slowest, fastest = (1000 / 60 / speed for speed in ax.get_xlim())
    step = next((s for s in PACE_STEPS if (slowest - fastest) / s <= max(3, inches)), PACE_STEPS[-1])
    paces = np.arange(np.ceil(fastest / step), slowest / step + 1e-9) * step
    ax.xaxis.set_major_locator(FixedLocator(list(1000 / 60 / paces)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda speed, _=None: words.pace(speed, lang)))
    ax.grid(axis="both", color=GRID, linewidth=0.6)
    ax.set_axisbelow(True)
    style.localise(ax, lang)
