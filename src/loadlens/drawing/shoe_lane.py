"""The lane of shoes: a row for each pair, in which its distance grows towards where the guidance calls it worn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from loadlens import words
from loadlens.drawing import figure_style as style
from loadlens.drawing.figure_style import GRID, INK, PAPER, RUN, RUN_SOFT
from loadlens.drawing.lane_parts import Lane, View, bar_key, name_lane
from loadlens.log import farthest, tally_gear

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from loadlens.findings import Assessment
    from loadlens.guidance import Rule

ROWS, ROWS_BY_MONTH = 5, 3
"""Pairs that get a row, and in a long log; earlier ones share one."""

ROW_HEIGHT = 0.22
MOST_UNCERTAIN = 0.01
"""A possible distance that exceeds the certain one by a smaller share is not told."""


class Wear(NamedTuple):
    """How one pair was worn up to the last day shown: days [matplotlib], and the least and most distance [axis]."""

    name: str
    days: np.ndarray[Any, Any]
    least: np.ndarray[Any, Any]
    most: np.ndarray[Any, Any]


def lay_shoes(found: Assessment, rules: list[Rule], view: View) -> Lane | None:
    """Lay out how the distance on each pair grows; the newest pairs each have a row, earlier ones share one."""
    unit, factor = words.axis_unit("m", view.lang)
    activities = found.log.activities[found.log.activities["date"] <= view.last]
    pairs = tally_gear(activities, found.log.gear[["gear", "start_distance"]]).dropna(subset=["last_date"])
    pairs = pairs[pairs["last_date"] >= view.first].sort_values(["last_date", "first_date"])
    if pairs.empty:
        return None
    runs = activities[activities["sport"] == "run"]
    worn = _follow(pairs, runs, factor, view)
    most = ROWS_BY_MONTH if view.monthly else ROWS
    earlier = worn[:-most] if len(worn) > most + 1 else []
    known = pairs.set_index("gear")
    begun = known["first_date"].rank().to_dict()
    named = sorted(worn[len(earlier) :], key=lambda wear: float(begun[wear.name]))
    band = _find_band(rules)
    ends = [bound * factor for bound in band]
    reach = 1.06 * max([float(np.nanmax(wear.most)) for wear in worn] + [float(wear.least[-1]) for wear in worn] + ends)
    rows = ([earlier] if earlier else []) + [[wear] for wear in named]
    labels = [view.say("figures.earlier_pairs", count=len(earlier))] if earlier else []
    labels += [
        _tell(wear.name, known["distance_known"][wear.name], known["distance_possible"][wear.name], view.lang)
        for wear in named
    ]

    def paint(ax: Axes) -> None:
        ax.set_ylim(len(rows), 0)
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
        left, right = ax.get_xlim()
        for place, (wears, label) in enumerate(zip(rows, labels, strict=True)):
            foot = place + 0.96
            if ends:
                low, high = (foot - 0.88 * end / reach for end in (min(ends), max(ends)))
                style.draw_boxes(ax, [(left, high, right - left, low - high)], facecolor=GRID, zorder=0.4)
            for wear in wears:
                _draw_wear(ax, wear, foot, 0.88 / reach, folded=len(wears) > 1)
            begin, end = min(wear.days[0] for wear in wears), max(wear.days[-1] for wear in wears)
            _write_label(ax, label, (float(begin), float(end)), place, view, folded=len(wears) > 1)

    keys: list[Any] = []
    if ends:
        low, high = (words.quantity(bound, "m", view.lang) for bound in (min(band), max(band)))
        keys.append(bar_key(GRID, view.say("figures.shoe_band", low=low, high=high)))
    if any(_is_open(wear) for wear in worn):
        label = view.say("figures.shoe_possible")
        keys.append(Line2D([], [], color=RUN, linewidth=0.7, linestyle=(0, (2, 1.5)), label=label))
    return Lane(name_lane(view, "shoe_distance", unit), ROW_HEIGHT * len(rows), paint, tuple(keys))


def _find_band(rules: list[Rule]) -> list[float]:
    """Return the distances [m] at which the guidance calls a pair worn."""
    return [
        bound
        for rule in rules
        if rule.units.get(rule.value) == "m"
        for conditions in rule.levels.values()
        for condition in conditions
        for bound in condition.get(rule.value, {}).values()
    ]


def _follow(pairs: pd.DataFrame, runs: pd.DataFrame, factor: float, view: View) -> list[Wear]:
    """Add up the distance of each pair run by run; what lies before the days shown is its beginning.

    At most, a pair was also worn on every run that names no shoes between its first and its last, as in `tally_gear`.
    """
    runs = runs.sort_values("date", kind="stable")
    farthest_each = farthest(runs["distance"], runs["duration"])
    dates = style.day_starts(pd.DatetimeIndex(runs["date"]))[:-1]
    distance = runs["distance"].fillna(0).to_numpy()  # at least: an unknown distance adds nothing that is certain
    own, nameless = runs.groupby("gear").indices, runs["gear"].isna().to_numpy()
    first = style.stretch(view.first, view.last)[0]
    worn = []
    for name, start in zip(pairs["gear"], pairs["start_distance"].fillna(0.0), strict=True):
        mine = np.zeros(len(runs), dtype=bool)
        mine[own[name]] = True
        within = (dates >= dates[mine][0]) & (dates <= dates[mine][-1])
        maybe = mine | (nameless & within)
        days, sure = dates[maybe], np.where(mine[maybe], distance[maybe], 0.0)
        least, most = (np.append(start, start + np.cumsum(each)) * factor for each in (sure, farthest_each[maybe]))
        most[~np.isfinite(most)] = np.nan  # without a limit there is nothing to draw
        at = max(int((days < first).sum()) - 1, 0)
        worn.append(Wear(str(name), np.append(days[at], days[at:] + 1), least[at:], most[at:]))
    return worn


def _draw_wear(ax: Axes, wear: Wear, foot: float, scale: float, *, folded: bool) -> None:
    """Draw one pair as an area that grows, and above it how far it can have gone."""

    def area(low: np.ndarray[Any, Any], high: np.ndarray[Any, Any], **look: Any) -> None:
        points = np.column_stack([np.r_[wear.days, wear.days[::-1]], foot - scale * np.r_[high, low[::-1]]])
        ax.add_artist(PathPatch(Path(points, closed=False), linewidth=0, **look))

    if not folded:
        area(np.zeros_like(wear.least), wear.least, facecolor=RUN_SOFT, zorder=1.5)
    ax.plot(wear.days, foot - scale * wear.least, color=RUN, linewidth=0.9 if folded else 1.3, zorder=2,
            solid_capstyle="round")  # fmt: skip
    if _is_open(wear):
        area(wear.least, wear.most, facecolor=RUN_SOFT, alpha=0.4, zorder=1.6)
        ax.plot(wear.days, foot - scale * wear.most, color=RUN, linewidth=0.7, linestyle=(0, (2, 1.5)), zorder=2)


def _is_open(wear: Wear) -> bool:
    """Tell whether a pair can have gone further, and how far."""
    return bool(np.isfinite(wear.most).all() and (wear.most > wear.least + 1e-9).any())


def _tell(name: str, least: float, most: float, lang: str) -> str:
    """Write the name of a pair and its distance; two ends, where runs may have been in it or lack their distance."""
    low, high = (words.quantity(round(end, -3), "m", lang) for end in (least, most))
    key = "shoe_least" if np.isnan(most) else "shoe_range" if most > (1 + MOST_UNCERTAIN) * least + 1000 else "shoe"
    return words.say(f"figures.{key}", lang, name=style.drawable(name, 20), low=low, high=high)


def _write_label(ax: Axes, label: str, span: tuple[float, float], place: int, view: View, *, folded: bool) -> None:
    """Write a label after the end of a pair, before its beginning, or over its low beginning: where there is room."""
    left, right = ax.get_xlim()
    width = (0.058 * len(label) + 0.12) * view.per_inch
    begin, end = max(span[0], left), min(span[1], right)
    gap = 0.05 * view.per_inch
    height, at, side = place + 0.62, end + gap, "left"
    if end + width > right and begin - width >= left:
        at, side = begin - gap, "right"
    elif end + width > right and folded:  # below the row, where newer pairs leave the earlier days free
        label, height, at = f"↑ {label}", height + 1, left + gap
    elif end + width > right:
        height, at = place + 0.38, max(left + gap, min(begin + gap, right - width))
    ax.text(
        at, height, label, fontsize=7.2, ha=side, va="center", color=INK, zorder=5,
        bbox={"facecolor": PAPER, "edgecolor": "none", "alpha": 0.8, "pad": 0.6},
    )  # fmt: skip
