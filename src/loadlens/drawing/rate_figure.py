"""Drawing how often rules speak up: on the log itself, and on the same days in another order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from loadlens import words
from loadlens.alarm_budget import ALL
from loadlens.drawing import figure_style as style
from loadlens.drawing.figure_style import GRID, INK, PAPER, RUN, RUN_SOFT

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from loadlens.guidance import Guidance

ROW = 0.34
"""Height of a rule [inch]."""


def plot_budget(table: pd.DataFrame, guidance: Guidance, ax: Axes | None = None, lang: str = "en") -> Axes:
    """Draw the alarms per year of each rule that has twins: on this log, and on its shuffled twins.

    Parameters
    ----------
    table : DataFrame
        What `budget` returns.
    guidance : Guidance
        What it was counted by.
    ax : Axes, optional
        Where to draw; a new figure when left out.
    lang : {"en", "nl"}
        Language.

    Returns
    -------
    Axes
    """
    rows = table[table["reason"] == ""].to_dict("records")
    names = [
        words.say("budget.all", lang) if row["rule"] == ALL else guidance.rules[str(row["rule"])].words[lang]["name"]
        for row in rows
    ]
    with style.styled():
        ax = style.new_axes(ax, 8.2, ROW * len(rows) + 1.1)
        for at, row in enumerate(rows):
            _draw_row(ax, at, row)
        ax.set_ylim(len(rows) - 0.4, -0.6)
        ax.set_yticks(range(len(rows)), [style.drawable(name, 40) for name in names], color=INK)
        ax.set_xlim(left=-0.02 * ax.get_xlim()[1])
        ax.spines["left"].set_visible(False)
        ax.grid(axis="x", color=GRID, linewidth=0.6)
        ax.set_axisbelow(True)
        ax.axhline(len(rows) - 1.5, color=INK, linewidth=0.6)
        ax.set_xlabel(words.say("figures.alarms_per_year", lang))
        ax.set_title(words.say("figures.budget_title", lang))
        style.legend_below(ax, _keys(lang), 0.62)
    return ax


def _draw_row(ax: Axes, at: int, row: dict[Any, Any]) -> None:
    """Draw the range of the twins as a bar, their mean as a line in it, and the log's own rate as a dot."""
    if np.isfinite(row["twins"]):
        low, high = row["twins_low"], row["twins_high"]
        ax.barh(at, high - low, left=low, height=0.5, color=RUN_SOFT, edgecolor=RUN_SOFT, linewidth=1.5, zorder=2)
        ax.plot([row["twins"]] * 2, [at - 0.32, at + 0.32], color=RUN, linewidth=2, zorder=3)
    ax.plot([row["low"], row["high"]], [at, at], color=INK, linewidth=0.8, zorder=4)
    ax.plot(row["per_year"], at, "o", color=INK, markeredgecolor=PAPER, markersize=6, zorder=5)


def _keys(lang: str) -> list[Any]:
    own = Line2D(
        [], [], color=INK, linewidth=0.8, marker="o", markersize=5, label=words.say("figures.budget_own", lang)
    )
    mean = Line2D([], [], color=RUN, linewidth=2, label=words.say("figures.budget_mean", lang))
    return [own, Patch(facecolor=RUN_SOFT, label=words.say("figures.budget_range", lang)), mean]
