"""The lanes of the timeline, from top to bottom, and the lane in which the episodes of a rule are drawn.

A lane takes the log and the measures' own frames; where they hold nothing in the days shown there is no lane.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loadlens import words
from loadlens.drawing import figure_style as style
from loadlens.drawing.diary_lanes import lay_pain, lay_strength
from loadlens.drawing.figure_style import INK, MUTED, PAPER, RUN_SOFT, UNKNOWN
from loadlens.drawing.lane_parts import (
    Lane,
    View,
    bar_places,
    draw_bars,
    draw_values,
    line_key,
    mark_key,
    middays,
    name_lane,
    partial_key,
    take_column,
    take_value,
    value_keys,
)
from loadlens.drawing.shoe_lane import lay_shoes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from loadlens.findings import Assessment
    from loadlens.guidance import Rule

HEART_COLUMNS = ("rhr_day", "rhr_7d", "rhr_sleep")
HRV_COLUMNS = ("hrv_rmssd", "hrv_sdnn")


def lane_of(rule: Rule) -> str:
    """Return the lane in which the episodes of a rule are drawn."""
    first, measure = rule.signal[0], rule.measure or rule.id
    if measure in ("strength", "mobility"):
        return "strength"
    if first == "diary":
        return "diary"
    if "shoe" in measure:
        return "shoes"
    if measure in ("intensity_minutes", "hard_easy"):
        return "intensity"
    for start, lane in (("wellness.rhr", "heart"), ("wellness.hrv", "hrv"), ("wellness.sleep", "sleep")):
        if first.startswith(start):
            return lane
    if rule.units.get(rule.value) == "steps/min" or measure == "vertical_oscillation":
        return "cadence"
    return "distance" if first.startswith("activities.") else "other"


def lay_distance(found: Assessment, rules: list[Rule], view: View) -> Lane | None:  # noqa: ARG001
    """Lay out the distance of each week (or month) as bars, with the longest run of each marked."""
    unit, factor = words.axis_unit("m", view.lang)
    daily = found.log.daily("activities.distance") * factor
    if not view.cut(daily).gt(0).any():
        return None
    total = view.gather(daily).sum(min_count=1)
    complete = (view.gather(daily.isna()).sum() == 0).to_numpy()
    longest = view.gather(found.log.daily("activities.distance", "max") * factor).max()

    def paint(ax: Axes) -> None:
        draw_bars(ax, view, total, complete)
        begin, width = bar_places(view, pd.DatetimeIndex(total.index))
        shown = longest.gt(0).to_numpy() & (not view.monthly)  # beside a month a run is next to nothing
        size = float(np.clip(90 * view.inches / len(total), 3, 13))
        ax.scatter(
            (begin + width / 2)[shown], longest.to_numpy()[shown], s=size,
            marker="D", color=PAPER, edgecolor=INK, linewidth=0.6, zorder=3,
        )  # fmt: skip
        ax.set_ylim(0, float(total.max()) * 1.06)

    keys: list[Any] = [] if view.monthly else [mark_key(view.say("figures.longest_run"))]
    if not complete.all():
        keys.insert(0, partial_key(view))
    return Lane(name_lane(view, "monthly_distance" if view.monthly else "weekly_distance", unit), 1.2, paint,
                tuple(keys))  # fmt: skip


def lay_intensity(found: Assessment, rules: list[Rule], view: View) -> Lane | None:
    """Lay out the hard minutes of each week (or month): at least, at most, and the usual of the weeks before."""
    least, most = (take_column(found, rules, name) for name in ("today", "today_high"))
    if least is None or most is None or not view.cut(least).notna().any():
        return None
    low, high = view.gather(least).sum(min_count=1), view.gather(most).sum(min_count=1)
    complete = (view.gather(least.isna()).sum() == 0).to_numpy()
    usual = None if view.monthly else take_column(found, rules, "usual")

    def paint(ax: Axes) -> None:
        begin, width = bar_places(view, pd.DatetimeIndex(low.index))
        blank = style.spans(low.isna().to_numpy(), np.append(begin, begin[-1] + width[-1]))
        style.draw_boxes(ax, [(at, 0.0, length, 1.0) for at, length in blank], transform=ax.get_xaxis_transform(),
                         facecolor="none", edgecolor=UNKNOWN, hatch=style.LEVEL_HATCHES["not_assessable"],
                         zorder=0.5)  # fmt: skip
        draw_bars(ax, view, low, complete, facecolor=RUN_SOFT)
        open_ends = (high - low > 0).to_numpy()
        middle = (begin + width / 2)[open_ends]
        ax.vlines(middle, low[open_ends], high[open_ends], color=MUTED, linewidth=1.0, zorder=2.5)
        if usual is not None:
            shown = view.cut(usual)
            ax.plot(middays(shown.index), shown.to_numpy(), color=INK, linewidth=1.2, zorder=3)
        most_usual = 0.0 if usual is None else float(np.nan_to_num(view.cut(usual)).max(initial=0.0))
        ax.set_ylim(0, max(min(float(high.max()), 2 * float(low.max())), most_usual, 15.0) * 1.06)

    keys: list[Any] = []
    if usual is not None and view.cut(usual).notna().any():
        keys.append(line_key(view.say("figures.own_line")))
    if (high > low).any():
        keys.append(mark_key(view.say("figures.open_range"), "|", MUTED, MUTED, 7))
    if not complete[low.notna()].all():
        keys.append(partial_key(view))
    if low.isna().any():
        keys.append(style.level_patch("not_assessable", view.lang))
    name = "intensity_month" if view.monthly else "intensity"
    return Lane(name_lane(view, name, words.axis_unit("min", view.lang)[0]), 0.65, paint, tuple(keys))


def lay_heart(found: Assessment, rules: list[Rule], view: View) -> Lane | None:
    """Lay out the resting heart rate of each day, and the runner's own baseline where a rule has computed one."""
    name = _choose(found, HEART_COLUMNS, view)
    if name is None:
        return None
    values, baseline = found.log.daily(f"wellness.{name}"), take_column(found, rules, "baseline")
    return Lane(
        name_lane(view, "resting_heart_rate", words.axis_unit("bpm", view.lang)[0]), 0.62,
        lambda ax: draw_values(ax, view, values, baseline, 8), value_keys(view),
    )  # fmt: skip


def lay_hrv(found: Assessment, rules: list[Rule], view: View) -> Lane | None:
    """Lay out heart rate variability, and its baseline where a rule has computed one."""
    name = _choose(found, HRV_COLUMNS, view)
    if name is None:
        return None
    values, baseline = found.log.daily(f"wellness.{name}"), take_column(found, rules, "baseline")
    unit = f"{words.axis_unit('ms', view.lang)[0]}, {'rMSSD' if name == 'hrv_rmssd' else 'SDNN'}"
    return Lane(
        name_lane(view, "hrv", unit), 0.62,
        lambda ax: draw_values(ax, view, values, baseline, 20, soft=True), value_keys(view),
    )  # fmt: skip


def lay_sleep(found: Assessment, rules: list[Rule], view: View) -> Lane | None:
    """Lay out the sleep of each night, and its mean over several nights where a rule has computed one."""
    unit, factor = words.axis_unit("s", view.lang)
    values, mean = found.log.daily("wellness.sleep") * factor, take_value(found, rules, "s")
    if not view.cut(values).notna().any():
        return None
    line = None if mean is None else mean * factor
    return Lane(
        name_lane(view, "sleep", unit), 0.62,
        lambda ax: draw_values(ax, view, values, line, 3, soft=True), value_keys(view),
    )  # fmt: skip


def lay_cadence(found: Assessment, rules: list[Rule], view: View) -> Lane | None:
    """Lay out cadence at equal speed, as far below or above the runner's own as its rule has computed."""
    change, each = take_value(found, rules, "steps/min"), take_column(found, rules, "residual")
    if change is None or not view.cut(change).notna().any():
        return None
    values = change if each is None or not view.cut(each).notna().any() else each

    def paint(ax: Axes) -> None:
        ax.axhline(0, color=MUTED, linewidth=0.6, zorder=1)
        draw_values(ax, view, values, change, 6, soft=True)

    title = name_lane(view, "cadence", words.axis_unit("steps/min", view.lang)[0])
    return Lane(title, 0.62, paint, value_keys(view))


def lay_other(found: Assessment, rules: list[Rule], view: View) -> Lane | None:
    """Leave room for the episodes of rules that no other lane shows, such as rest days."""
    shown = found.episodes[found.episodes["rule"].isin([rule.id for rule in rules])]
    shown = shown[(shown["level"] >= "note") & (shown["start"] <= view.last) & (shown["end"] >= view.first)]
    if shown.empty:
        return None
    return Lane(view.say("figures.other_rules"), 0.05, _clear)


def _clear(ax: Axes) -> None:
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)


def _choose(found: Assessment, columns: tuple[str, ...], view: View) -> str | None:
    """Return the first column of wellness that has at least half as many values as the fullest one."""
    inside = found.log.wellness["date"].between(view.first, view.last)
    counts: dict[str, Any] = {name: int(found.log.wellness.loc[inside, name].count()) for name in columns}
    return next((name for name in columns if counts[name] and 2 * counts[name] >= max(counts.values())), None)


LANES: dict[str, Callable[[Assessment, list[Rule], View], Lane | None]] = {
    "distance": lay_distance,
    "intensity": lay_intensity,
    "heart": lay_heart,
    "hrv": lay_hrv,
    "sleep": lay_sleep,
    "cadence": lay_cadence,
    "shoes": lay_shoes,
    "strength": lay_strength,
    "diary": lay_pain,
    "other": lay_other,
}
"""Every lane from top to bottom."""

NAMES = {
    "distance": "distance",
    "intensity": "intensity",
    "heart": "resting_heart_rate",
    "hrv": "hrv",
    "sleep": "sleep",
    "cadence": "cadence",
    "shoes": "shoes",
    "strength": "strength",
    "diary": "pain",
}
"""What a lane is called where it is missing."""
