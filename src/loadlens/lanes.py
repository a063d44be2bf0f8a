"""The lanes of the timeline: each draws one kind of data over the same axis of time, or says that there is none.

A lane is given the log and the measures' own frames, and computes nothing but weekly sums for drawing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from loadlens import words
from loadlens.figure_style import (
    GRID,
    INK,
    MUTED,
    PAPER,
    RUN,
    RUN_SOFT,
    by_period,
    day_starts,
    draw_dots,
    drawable,
    rows_of,
    width_of,
)
from loadlens.log import RunningLog, farthest

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from loadlens.guidance import Rule

HEADROOM = 1.42
"""Lanes reach this much above their highest value, so that episodes and their labels have a place."""

MONTHS_FROM_DAYS = 3 * 366
"""Logs longer than this are drawn by month."""

SHOES_NAMED = 8
HEART_COLUMNS = ("rhr_day", "rhr_7d", "rhr_sleep")


class Lane(Protocol):
    """Draws one lane and says whether there was anything to draw."""

    def __call__(self, ax: Axes, log: RunningLog, rules: list[Rule], details: dict[str, Any], lang: str) -> bool:
        """Draw on `ax`; `rules` are those of this lane, `details` the frames of their measures."""


def lane_of(rule: Rule) -> str:
    """Return the lane in which the episodes of a rule are drawn."""
    first = rule.signal[0]
    unit = rule.units.get(rule.value, "")
    if first == "diary":
        return "diary"
    if "shoe" in (rule.measure or rule.id):
        return "shoes"
    if first.startswith(("wellness.rhr", "wellness.hrv")):
        return "heart"
    if first.startswith("wellness.sleep"):
        return "sleep"
    if unit == "steps/min" or rule.measure == "vertical_oscillation":
        return "cadence"
    return "distance" if first.startswith("activities.") else "other"


def is_long(log: RunningLog) -> bool:
    """Tell whether a log is so long that it is drawn by month."""
    return len(log.days) > MONTHS_FROM_DAYS


def draw_distance(ax: Axes, log: RunningLog, rules: list[Rule], details: dict[str, Any], lang: str) -> bool:  # noqa: ARG001
    """Draw the distance of each week (or month) as bars, with the longest run of each marked."""
    monthly = is_long(log)
    unit, factor = words.axis_unit("m", lang)
    ax.set_title(_name("monthly_distance" if monthly else "weekly_distance", unit, lang))
    daily = log.daily("activities.distance") * factor
    if not daily.gt(0).any():
        return False
    total = by_period(daily, monthly=monthly).sum(min_count=1)
    complete = by_period(daily.isna(), monthly=monthly).sum() == 0
    longest = by_period(log.daily("activities.distance", "max") * factor, monthly=monthly).max()
    starts = day_starts(total.index)
    starts[-1] = starts[-2] + (total.index[-1].days_in_month if monthly else 7)
    widths = np.diff(starts)
    colours = np.where(complete.to_numpy(), RUN, RUN_SOFT)
    ax.bar(starts[:-1] + widths * 0.08, total.to_numpy(), widths * 0.84, align="edge", color=colours, zorder=2)
    shown = longest.gt(0).to_numpy()
    size = float(np.clip(90 * width_of(ax) / len(total), 3, 13))
    ax.scatter(
        starts[:-1][shown] + widths[shown] / 2, longest.to_numpy()[shown], s=size,
        marker="D", color=PAPER, edgecolor=INK, linewidth=0.6, zorder=3,
    )  # fmt: skip
    ax.set_ylim(0, float(total.max()) * HEADROOM)
    return True


def draw_heart(ax: Axes, log: RunningLog, rules: list[Rule], details: dict[str, Any], lang: str) -> bool:
    """Draw the resting heart rate of each day, and the runner's own baseline where a rule has computed one."""
    known = [name for name in HEART_COLUMNS if log.wellness[name].notna().any()]
    name = known[0] if known else HEART_COLUMNS[0]
    ax.set_title(_name("resting_heart_rate", words.axis_unit("bpm", lang)[0], lang))
    if not known:
        return False
    values = log.daily(f"wellness.{name}")
    _points(ax, values)
    baseline = _column(rules, details, "baseline")
    if baseline is not None:
        ax.plot(_middays(baseline.index), baseline.to_numpy(), color=INK, linewidth=1.1, zorder=3)
    _frame(ax, values, least=8)
    return True


def draw_sleep(ax: Axes, log: RunningLog, rules: list[Rule], details: dict[str, Any], lang: str) -> bool:
    """Draw the sleep of each night, and its mean over several nights where a rule has computed one."""
    unit, factor = words.axis_unit("s", lang)
    ax.set_title(_name("sleep", unit, lang))
    values = log.daily("wellness.sleep") * factor
    if values.notna().sum() == 0:
        return False
    _points(ax, values, soft=True)
    mean = _value(rules, details, "s")
    if mean is not None:
        ax.plot(_middays(mean.index), mean.to_numpy() * factor, color=INK, linewidth=1.2, zorder=3)
    _frame(ax, values, least=3)
    return True


def draw_cadence(ax: Axes, log: RunningLog, rules: list[Rule], details: dict[str, Any], lang: str) -> bool:  # noqa: ARG001
    """Draw cadence at equal speed, as far below or above the runner's own as its rule has computed."""
    ax.set_title(_name("cadence", words.axis_unit("steps/min", lang)[0], lang))
    change = _value(rules, details, "steps/min")
    if change is None or change.notna().sum() == 0:
        return False
    ax.axhline(0, color=MUTED, linewidth=0.6, zorder=1)
    residual = _column(rules, details, "residual")
    if residual is not None:
        _points(ax, residual, soft=True)
    ax.plot(_middays(change.index), change.to_numpy(), color=INK, linewidth=1.2, zorder=3)
    _frame(ax, change if residual is None else pd.concat([change, residual]), least=6)
    return True


def draw_shoes(ax: Axes, log: RunningLog, rules: list[Rule], details: dict[str, Any], lang: str) -> bool:  # noqa: ARG001
    """Draw how the distance on each pair of shoes grows, against the span in which the guidance calls them worn."""
    unit, factor = words.axis_unit("m", lang)
    ax.set_title(_name("shoe_distance", unit, lang))
    pairs = log.gear.dropna(subset=["last_date"]).sort_values("last_date")
    if pairs.empty:
        return False
    low_high = [
        bound * factor
        for rule in rules
        for conditions in rule.levels.values()
        for condition in conditions
        for bound in condition.get(rule.value, {}).values()
        if rule.units.get(rule.value) == "m"
    ]
    if low_high:
        ax.axhspan(min(low_high), max(low_high), facecolor=GRID, zorder=0.4)
    ends = []
    for pair in rows_of(pairs):
        runs = log.runs[log.runs["gear"] == pair.gear].sort_values("date")
        before = 0.0 if pd.isna(pair.start_distance) else float(pair.start_distance)
        grown = (runs["distance"].fillna(0).cumsum() + before) * factor
        days = day_starts(pd.DatetimeIndex(runs["date"]))[:-1]
        ax.plot(days, grown, color=RUN, linewidth=1.3, solid_capstyle="round", zorder=2)
        most = np.cumsum(farthest(runs["distance"], runs["duration"])) + before
        if runs["distance"].isna().any():  # how far the pair can have gone; without a limit there is nothing to draw
            ax.fill_between(
                days, grown, np.where(np.isfinite(most), most, np.nan) * factor, color=RUN, alpha=0.25, lw=0
            )
        ends.append((float(days[-1]), float(grown.iloc[-1]), drawable(pair.gear, 20)))
    ax.set_ylim(0, max([top for _, top, _ in ends] + low_high) * HEADROOM)
    _name_ends(ax, ends[-SHOES_NAMED:])
    return True


def draw_diary(ax: Axes, log: RunningLog, rules: list[Rule], details: dict[str, Any], lang: str) -> bool:  # noqa: ARG001
    """Draw the pain that was noted, 0 to 10; other entries as a mark at the foot."""
    ax.set_title(_name("pain", "0–10", lang))
    entries = log.diary.dropna(subset=["date"])
    if entries.empty:
        return False
    pain = entries[(entries["kind"] == "pain") & entries["value"].notna()]
    others = entries.drop(pain.index)
    ax.vlines(_middays(pd.DatetimeIndex(pain["date"])), 0, pain["value"], color=INK, linewidth=1.0, zorder=2)
    draw_dots(ax, _middays(pd.DatetimeIndex(pain["date"])), pain["value"].to_numpy(dtype=float), 3.4, INK, zorder=3)
    ax.plot(_middays(pd.DatetimeIndex(others["date"])), np.zeros(len(others)), "|", color=MUTED, markersize=5, zorder=2)
    ax.set_ylim(0, 10 * HEADROOM)
    return True


def draw_other(ax: Axes, log: RunningLog, rules: list[Rule], details: dict[str, Any], lang: str) -> bool:  # noqa: ARG001
    """Leave room for the episodes of rules that no other lane shows, such as rest days."""
    ax.set_title(words.say("figures.other_rules", lang))
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    return True


LANES: dict[str, tuple[Lane, float]] = {
    "distance": (draw_distance, 1.75),
    "heart": (draw_heart, 1.0),
    "sleep": (draw_sleep, 0.9),
    "cadence": (draw_cadence, 0.9),
    "shoes": (draw_shoes, 0.95),
    "diary": (draw_diary, 0.8),
    "other": (draw_other, 0.42),
}
"""Every lane from top to bottom, with its height [inch]."""


def keys(lang: str, drawn: set[str], *, partial: bool) -> list[Any]:
    """Return the legend entries of what the lanes have drawn."""
    entries: list[Any] = []
    if "distance" in drawn:
        if partial:
            entries.append(Patch(facecolor=RUN_SOFT, edgecolor="none", label=words.say("figures.partial_period", lang)))
        marker: dict[str, Any] = {
            "color": "none",
            "marker": "D",
            "markersize": 4,
            "markerfacecolor": PAPER,
            "markeredgecolor": INK,
        }
        entries.append(Line2D([], [], label=words.say("figures.longest_run", lang), markeredgewidth=0.6, **marker))
    if drawn & {"heart", "sleep", "cadence"}:
        entries.append(Line2D([], [], color=INK, linewidth=1.2, label=words.say("figures.own_line", lang)))
    return entries


def _name(key: str, unit: str, lang: str) -> str:
    return words.say("figures.lane_value", lang, name=words.say(f"figures.{key}", lang), unit=unit)


def _middays(index: pd.Index[Any]) -> np.ndarray[Any, Any]:
    return day_starts(pd.DatetimeIndex(index))[:-1] + 0.5 if len(index) else np.array([])


def _points(ax: Axes, values: pd.Series[float], *, soft: bool = False) -> None:
    size = float(np.clip(45 / np.sqrt(max(values.count(), 1)), 1.0, 3.2))
    colour = RUN_SOFT if soft else RUN
    draw_dots(ax, _middays(values.index), values.to_numpy(dtype=float), size, colour, zorder=2)


def _frame(ax: Axes, values: pd.Series[float], least: float) -> None:
    """Leave room above the bulk of the values: a rare far value may not flatten them, nor may noise fill the lane."""
    low, high = np.nanpercentile(values, [0.5, 99.5])
    room = max(high - low, least)
    low = (low + high - room) / 2
    ax.set_ylim(low - 0.12 * room, low + HEADROOM * room)


def _column(rules: list[Rule], details: dict[str, Any], name: str) -> pd.Series[float] | None:
    found = (details[rule.id][name] for rule in rules if rule.id in details and name in details[rule.id])
    return next(found, None)


def _value(rules: list[Rule], details: dict[str, Any], unit: str) -> pd.Series[float] | None:
    """Return the value of the first rule of the lane that is in this unit."""
    fitting = [rule for rule in rules if rule.id in details and rule.units.get(rule.value) == unit]
    return details[fitting[0].id][fitting[0].value] if fitting else None


def _name_ends(ax: Axes, ends: list[tuple[float, float, str]]) -> None:
    """Write the names of pairs at the ends of their lines, the newest first, where there is room for them."""
    (left, right), top = ax.get_xlim(), ax.get_ylim()[1]
    per_inch = (right - left) / width_of(ax)
    taken: list[tuple[float, float, float]] = []
    for day, height, name in reversed(ends):
        width = (0.058 * len(name) + 0.15) * per_inch
        begin = day - width if day + width > right else day
        free = (
            level
            for level in (height, height - 0.15 * top)
            if level > 0
            and all(begin >= b or begin + width <= a or abs(level - at) >= 0.14 * top for a, b, at in taken)
        )
        level = next(free, None)
        if level is None:
            continue
        taken.append((begin, begin + width, level))
        late = begin < day
        ax.annotate(
            name, (day, level), xytext=(-4 if late else 4, 0), textcoords="offset points", fontsize=7.2,
            ha="right" if late else "left", va="center", color=INK, zorder=5,
            bbox={"facecolor": PAPER, "edgecolor": "none", "alpha": 0.8, "pad": 0.6},
        )  # fmt: skip
