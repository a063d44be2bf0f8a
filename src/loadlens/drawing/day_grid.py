"""The calendar: every day of a log, a year to a block, so that every later "rest" is earned."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.patches import Patch

from loadlens import words
from loadlens.drawing import figure_style as style
from loadlens.drawing.figure_style import INK, MUTED, PAPER, UNKNOWN

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from loadlens.log import RunningLog

CALENDAR_STEPS = (5, 10, 15, 20)
CALENDAR_COLOURS = ("#c3d9e8", "#8fb8d3", "#5790b6", "#2b668e", "#143a56")
REST = "#f0f2f4"
CALENDAR_NAMES = {REST: "rest", **{colour: f"run-{n}" for n, colour in enumerate(CALENDAR_COLOURS, 1)}}
BLOCK = 8.6
"""Rows a year takes: seven days, and air below them."""

ABOVE_MONTHS = 17.6
"""Points from the days to the title: the names of the months stand between them."""


def plot_calendar(log: RunningLog, ax: Axes | None = None, lang: str = "en") -> Axes:
    """Draw every day of the log, a year to a block: how far, no run, or unknown.

    Parameters
    ----------
    log : RunningLog
        The log.
    ax : Axes, optional
        Where to draw; a new figure when left out.
    lang : {"en", "nl"}
        Language.

    Returns
    -------
    Axes
    """
    unit, factor = words.axis_unit("m", lang)
    dates = pd.DatetimeIndex(log.days["date"])
    years = dates.year.to_numpy()
    new_year = pd.to_datetime(pd.Series(years).astype(str) + "-01-01").dt.day_of_week.to_numpy()
    column = (dates.day_of_year.to_numpy() - 1 + new_year) // 7
    row = (years - years.min()) * BLOCK + dates.day_of_week.to_numpy()
    state = log.days["state"].to_numpy(dtype=object)
    distance = (log.daily("activities.distance").to_numpy() * factor).round(3)
    step = np.digitize(np.nan_to_num(distance), CALENDAR_STEPS)
    ran, measured = state == "run", np.isfinite(distance)
    count = int(years.max() - years.min() + 1)
    with style.styled():
        ax = style.new_axes(ax, 10.5, 1.35 * count + 0.9)

        def draw(mask: Any, face: str, edge: str = "none", hatch: str | None = None) -> None:
            boxes = [(c + 0.06, r + 0.06, 0.88, 0.88) for c, r in zip(column[mask], row[mask], strict=True)]
            style.draw_boxes(ax, boxes, facecolor=face, edgecolor=edge, hatch=hatch)

        draw(state == "rest", REST)
        draw(state == "unknown", PAPER, UNKNOWN, "//////")
        for n, colour in enumerate(CALENDAR_COLOURS):
            draw(ran & measured & (step == n), colour)
        draw(ran & ~measured, CALENDAR_COLOURS[0], INK, "xxxxxx")
        ax.set_xlim(0, 53.6)
        ax.set_ylim(BLOCK * count - BLOCK + 7.2, -0.4)
        _label_calendar(ax, years, lang)
        title = words.say("figures.lane_value", lang, name=words.say("figures.calendar_title", lang), unit=unit)
        ax.set_title(title, pad=ABOVE_MONTHS)
        style.legend_below(ax, _calendar_keys(lang, unit, bool((ran & ~measured).any())), 0.32)
    return ax


def _label_calendar(ax: Axes, years: np.ndarray[Any, Any], lang: str) -> None:
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    first = int(years.min())
    ax.set_yticks(BLOCK * np.arange(years.max() - first + 1) + 3.5, [str(y) for y in range(first, years.max() + 1)])
    ax.tick_params(axis="y", labelcolor=INK, labelsize=9)
    ax.set_xticks([2 + 52.18 * n / 12 for n in range(12)], [words.month(n, lang) for n in range(1, 13)])
    ax.xaxis.tick_top()
    if style.width_of(ax) > 5:
        for index in (0, 2, 4, 6):
            ax.text(53.9, index + 0.5, words.weekday(index, lang), fontsize=6.8, color=MUTED, va="center")


def _calendar_keys(lang: str, unit: str, unmeasured: bool) -> list[Patch]:
    bounds = [str(step) for step in CALENDAR_STEPS]
    labels = [
        f"< {bounds[0]} {unit}",
        *(f"{a}–{b}" for a, b in pairwise(bounds)),
        f"≥ {bounds[-1]}",
    ]
    keys = [Patch(facecolor=c, edgecolor="none", label=t) for c, t in zip(CALENDAR_COLOURS, labels, strict=True)]
    if unmeasured:
        label = words.say("figures.run_without_distance", lang)
        keys.append(Patch(facecolor=CALENDAR_COLOURS[0], edgecolor=INK, hatch="xxxxxx", linewidth=0, label=label))
    keys.append(Patch(facecolor=REST, edgecolor=UNKNOWN, linewidth=0.4, label=words.say("states.rest", lang)))
    return [
        *keys,
        Patch(facecolor=PAPER, edgecolor=UNKNOWN, hatch="//////", linewidth=0, label=words.say("states.unknown", lang)),
    ]
