"""Drawing a cohort: what is known of the days of all participants, and how often each rule spoke.

Both draw what a summary tells and compute nothing, so that nothing is seen in them that may not be told.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from loadlens import words
from loadlens.drawing import figure_style as style
from loadlens.drawing.day_grid import CALENDAR_COLOURS
from loadlens.drawing.figure_style import GRID, INK, MUTED, PAPER, RUN, UNKNOWN
from loadlens.studies.disclosure import smallest_group

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

ROW = 0.27
"""Height of a rule [inch]."""

STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Ends of the shades of coverage: none known, up to a quarter, ..., all known."""

FAR = 2.5
"""An interval that reaches further than so many times the highest rate is cut, and says how far it goes."""

AXIS_AT_LEAST = 0.1  # alarms a year


def plot_coverage(
    shares: np.ndarray[Any, Any], people: int, per_column: int, ax: Axes | None = None, lang: str = "en"
) -> Axes:
    """Draw the share of known days by week of each participant, or of several together.

    Parameters
    ----------
    shares : array of float, shape (rows, columns)
        As `lay_out_weeks` gives it; NaN is left white.
    people : int
        Participants in all rows.
    per_column : int
        Weeks in a column.
    ax : Axes, optional
        Where to draw; a new figure when left out.
    lang : {"en", "nl"}
        Language.

    Returns
    -------
    Axes
    """
    rows, columns = shares.shape
    with style.styled():
        ax = style.new_axes(ax, 9, measure_coverage(rows)[0])
        edges = np.arange(columns + 1) * float(per_column)
        for step, mask in enumerate(_masks(shares)):
            boxes = [(at, float(row), width, 1.0) for row in range(rows) for at, width in style.spans(mask[row], edges)]
            hatched: dict[str, Any] = {"facecolor": PAPER, "edgecolor": UNKNOWN, "hatch": "/////"}
            style.draw_boxes(ax, boxes, **(hatched if step == 0 else {"facecolor": CALENDAR_COLOURS[step - 1]}))
        ax.set_xlim(0, edges[-1])
        ax.set_ylim(rows, 0)
        ax.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, steps=[1, 2, 2.5, 5, 10]))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: words.number(value, lang)))
        ends = np.linspace(0, people, 5 if rows > 8 else 2).round()
        ax.set_yticks(ends / people * rows, [words.number(float(end), lang) for end in ends])
        ax.set_xlabel(words.say("cohort_report.figure_weeks", lang))
        ax.set_ylabel(words.say("cohort_report.figure_participants", lang))
        ax.set_title(words.say("cohort_report.figure_coverage", lang))
        style.legend_below(ax, _coverage_keys(lang), 0.62)
    return ax


def _masks(shares: np.ndarray[Any, Any]) -> list[np.ndarray[Any, Any]]:
    """Part the shares by the shade they are drawn in."""
    between = [(shares > low) & (shares <= high) & (shares < 1) for low, high in pairwise(STEPS)]
    return [shares == 0, *between, shares == 1]


def _coverage_keys(lang: str) -> list[Any]:
    said = [words.say("cohort_report.figure_up_to", lang, share=words.quantity(s, "share", lang)) for s in STEPS[1:-1]]
    labels = [*said, *(words.say(f"cohort_report.figure_{most}", lang) for most in ("more", "all"))]
    none = Patch(facecolor=PAPER, edgecolor=UNKNOWN, hatch="/////", linewidth=0)
    none.set_label(words.say("cohort_report.figure_unknown", lang))
    shades = zip(CALENDAR_COLOURS, labels, strict=True)
    return [none, *(Patch(facecolor=colour, linewidth=0, label=label) for colour, label in shades)]


def measure_coverage(rows: int) -> tuple[float, float]:
    """Return how high [inch] the figure of coverage wants to be, on a wide page and on a telephone."""
    height = float(np.clip(0.11 * rows, 0.9, 5.0))
    return height + 1.2, height + 1.9


def plot_alarm_rates(
    rules: Sequence[Mapping[str, Any]], names: Mapping[str, str], ax: Axes | None = None, lang: str = "en"
) -> Axes:
    """Draw the alarms a year of each rule as a dot with its interval; rules that may not be told of say so.

    Parameters
    ----------
    rules : sequence of mapping
        Rows of ``rules`` as `sum_up` gives them.
    names : mapping of str to str
        Rule -> what it is called.
    ax : Axes, optional
        Where to draw; a new figure when left out.
    lang : {"en", "nl"}
        Language.

    Returns
    -------
    Axes
    """
    told = [row for row in rules if row["per_year"] is not None]
    top = max([row["per_year"] for row in told], default=0.0) * FAR
    reach = max([AXIS_AT_LEAST, *(min(row["high"], top) for row in told if row["high"] is not None)])
    with style.styled():
        ax = style.new_axes(ax, 9, measure_alarm_rates(len(rules))[0])
        ax.set_xlim(-0.02 * reach, 1.06 * reach)
        for at, row in enumerate(rules):
            _draw_rate(ax, at, row, reach, lang)
        longest = 44 if style.width_of(ax) > 5 else 24
        ax.set_ylim(len(rules) - 0.4, -0.6)
        ax.set_yticks(range(len(rules)), [style.drawable(names[row["rule"]], longest) for row in rules], color=INK)
        ax.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _write(value, lang)))
        ax.spines["left"].set_visible(False)
        ax.grid(axis="x", color=GRID, linewidth=0.6)
        ax.set_axisbelow(True)
        ax.set_title(words.say("cohort_report.head_rate", lang))
        interval = words.say("cohort_report.head_interval", lang)
        rate = words.say("cohort_report.figure_rate", lang)
        dot = Line2D([], [], color=RUN, marker="o", markersize=5, linewidth=0, markeredgecolor=PAPER, label=rate)
        style.legend_below(ax, [dot, Line2D([], [], color=INK, linewidth=1.2, label=interval)], 0.4)
    return ax


def _write(value: float, lang: str) -> str:
    digits = next((n for n in range(3) if np.isclose(value, round(value, n), atol=1e-9)), 3)
    return words.number(value, lang, digits)


def _draw_rate(ax: Axes, at: int, row: Mapping[str, Any], reach: float, lang: str) -> None:
    if row["per_year"] is None:
        small = row["years"] is None or isinstance(row["alarmed"], str)
        key = "cohort_report.figure_small" if small else "cohort_report.figure_silent"
        ax.text(0, at, words.say(key, lang, least=smallest_group()), color=MUTED, fontsize=7.5, va="center")
        return
    if row["high"] is not None:
        ax.plot([row["low"], min(row["high"], reach)], [at, at], color=INK, linewidth=1.2, zorder=3)
        if row["high"] > reach:
            said = words.say("cohort_report.figure_beyond", lang, high=words.number(row["high"], lang, 1))
            ax.plot(reach, at, ">", color=INK, markersize=4, zorder=3)
            ax.text(0.97 * reach, at - 0.12, said, color=MUTED, fontsize=7, ha="right", va="bottom")
    ax.plot(row["per_year"], at, "o", color=RUN, markeredgecolor=PAPER, markersize=6.5, zorder=4)


def measure_alarm_rates(rules: int) -> tuple[float, float]:
    """Return how high [inch] the figure of alarm rates wants to be, on a wide page and on a telephone."""
    return ROW * rules + 0.95, ROW * rules + 1.0
