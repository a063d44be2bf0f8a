"""The lanes of what was written down: strength and mobility, pain, and other entries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loadlens.diary_days import entries_of
from loadlens.drawing import figure_style as style
from loadlens.drawing.figure_style import INK, MUTED, RUN, RUN_SOFT
from loadlens.drawing.lane_parts import Lane, View, bar_key, draw_bars, mark_key, middays, name_lane

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from loadlens.findings import Assessment
    from loadlens.guidance import Rule

MARKS_PER_INCH = 30
"""Up to so many days on an inch each day has its own mark; beyond it days are counted."""

ELSEWHERE = ("pain", "strength", "mobility", "shoes")
"""Kinds of entries that have a place of their own, so that they are not among the other entries."""


def lay_strength(found: Assessment, rules: list[Rule], view: View) -> Lane | None:  # noqa: ARG001
    """Lay out the days with strength or mobility training, recorded or written down: marks, or counts in a long log."""
    log = found.log
    trained = log.activities.loc[log.activities["sport"] == "strength", "date"]
    kinds = {
        "strength": pd.concat([trained, _written(log.diary, "strength")]),
        "mobility": _written(log.diary, "mobility"),
    }
    index = pd.DatetimeIndex(log.days["date"])
    done = pd.DataFrame({kind: index.isin(pd.DatetimeIndex(dates)) for kind, dates in kinds.items()}, index=index)
    shown = view.cut(done)
    if not shown.to_numpy().any():
        return None
    looks: dict[str, dict[str, Any]] = {
        "strength": {"facecolor": RUN, "edgecolor": "none"},
        "mobility": {"facecolor": RUN_SOFT, "edgecolor": "none"},
    }
    present = [kind for kind in kinds if shown[kind].any()]
    title = view.say(f"figures.{'strength_mobility' if len(present) > 1 else present[0]}")
    keys = tuple(bar_key(looks[kind]["facecolor"], view.say(f"figures.{kind}")) for kind in present if len(present) > 1)

    def mark(ax: Axes) -> None:
        starts = style.day_starts(shown.index)[:-1]
        for height, kind in enumerate(reversed(present)):
            boxes = [(at + 0.12, height + 0.14, 0.76, 0.72) for at in starts[shown[kind].to_numpy()]]
            style.draw_boxes(ax, boxes, **looks[kind], zorder=2)
        ax.set_ylim(0, len(present))
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)

    def count(ax: Axes) -> None:
        totals = view.gather(done.astype(float)).sum()
        for place, kind in enumerate(present):
            part = (place / len(present), (place + 1) / len(present))
            draw_bars(ax, view, totals[kind], part=part, **looks[kind])
        ax.set_ylim(0, max(float(totals.to_numpy().max()), 3) * 1.06)

    if view.per_inch <= MARKS_PER_INCH:
        return Lane(title, 0.17 * len(present), mark, keys)
    unit = view.say("figures.days_a_month") if view.monthly else view.say("figures.days_a_week")
    return Lane(view.say("figures.lane_value", name=title, unit=unit), 0.42, count, keys)


def _written(diary: pd.DataFrame, kind: str) -> pd.Series[Any]:
    """Return the dates of entries of a kind; an entry of 0 says that it was not done."""
    entries = entries_of(diary, kind)
    return entries.loc[~(entries["value"] == 0), "date"].dropna()


def lay_pain(found: Assessment, rules: list[Rule], view: View) -> Lane | None:  # noqa: ARG001
    """Lay out the worst pain of each day (or month), 0 to 10; other entries as a mark at the foot."""
    diary = found.log.diary.dropna(subset=["date"])
    diary = diary[diary["date"].between(view.first, view.last)]
    noted = entries_of(diary, "pain").dropna(subset=["value"])
    others = diary[~diary["kind"].fillna("").str.lower().isin(ELSEWHERE)]
    if noted.empty and others.empty:
        return None
    worst = noted.groupby("date")["value"].max()
    other = pd.DatetimeIndex(np.unique(others["date"]))
    keys = [mark_key(view.say("figures.other_entries"), "|", MUTED, MUTED, 6)] if len(other) else []

    def paint(ax: Axes) -> None:
        heights, places, marks = worst, middays(worst.index), middays(other)
        if view.monthly and len(worst):
            heights = style.by_period(worst, monthly=True).max().dropna()
            places = style.day_starts(heights.index)[:-1] + 15
        if view.monthly and len(other):
            marks = style.day_starts(other.to_period("M").unique().to_timestamp())[:-1] + 15
        values = heights.to_numpy(dtype=float)
        hurts = values > 0
        ax.vlines(places[hurts], 0, values[hurts], color=INK, linewidth=1.0, zorder=2)
        apart = 72 / view.per_inch * (30 if view.monthly else 1)  # points from one dot to the next
        size = float(np.clip(0.6 * apart, 1.0, 3.4))
        style.draw_dots(ax, places[hurts], values[hurts], size, INK, zorder=3)
        style.draw_dots(ax, places[~hurts], values[~hurts], min(size, 2.2), RUN_SOFT, zorder=2.5)
        if len(marks):
            ax.plot(marks, np.full(len(marks), -1.7), "|", color=MUTED, markersize=4, zorder=2)
        ax.set_ylim(-2.6 if len(marks) else -0.6, 10.4)

    height = 0.6 if (worst > 0).any() else 0.25
    return Lane(name_lane(view, "pain", "0–10"), height, paint, tuple(keys))
