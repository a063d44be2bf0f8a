"""The timeline: everything recorded over one axis of time, lane under lane, with every episode of the guidance.

Days on which it is unknown whether there was a run are hatched in every lane; what is missing altogether is said in a
line under the lanes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.text import Text

from loadlens import words
from loadlens.drawing import figure_style as style
from loadlens.drawing.episode_marks import Marks, draw_episodes, find_marks
from loadlens.drawing.figure_style import MUTED
from loadlens.drawing.lane_parts import Lane, View, choose_view
from loadlens.drawing.lanes import LANES, NAMES, lane_of
from loadlens.guidance import LEVELS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from loadlens.findings import Assessment
    from loadlens.guidance import Rule

WIDTH, MARGIN = 10.5, 0.6
GAP, TICKS, NOTE_LINE, KEY_LINE = 0.33, 0.5, 0.155, 0.175
"""Inches: above a lane for its title, below the last one for dates, for a line of words, for a line of the legend."""

DATES, TALL = 0.15, 5
"""Inches for dates below the first lane, in a figure of so many lanes."""

SIGNS_PER_INCH = 15.5
HAIRS_APART = 0.15
"""Inches between the hairs of two alarms, at least."""


@dataclass(frozen=True)
class Layout:
    """What a timeline will hold: its lanes, the episodes drawn in each, and its words."""

    lanes: dict[str, Lane]
    marks: dict[str, Marks]
    notes: list[str]
    keys: list[Any]
    unknown: list[tuple[float, float]]

    @property
    def height(self) -> float:
        """Inches of all lanes with their titles."""
        return sum(lane.height + self.marks[name].height + self.gap(name) for name, lane in self.lanes.items())

    def gap(self, name: str) -> float:
        """Inches above a lane; in a tall figure also for the dates below the first one."""
        return GAP + (DATES if self.is_tall and list(self.lanes).index(name) == 1 else 0.0)

    @property
    def is_tall(self) -> bool:
        """Whether dates at the very foot would be far from the first lane."""
        return len(self.lanes) >= TALL

    def whole(self, inches: float) -> float:
        """Inches of a figure with axes of this width: lanes, dates, words and legend."""
        foot = TICKS + NOTE_LINE * len(self.notes) + KEY_LINE * style.legend_rows(self.keys, inches)
        return self.height + foot + 0.1


def plot_timeline(
    found: Assessment,
    ax: Axes | None = None,
    lang: str = "en",
    *,
    start: pd.Timestamp | str | None = None,
    end: pd.Timestamp | str | None = None,
) -> Axes:
    """Draw everything recorded over one axis of time, with every episode above what the guidance asks.

    Parameters
    ----------
    found : Assessment
        What `assess` returns.
    ax : Axes, optional
        Where to draw; its lanes are inset in it (``ax.child_axes``). A new figure when left out.
    lang : {"en", "nl"}
        Language.
    start, end : Timestamp or str, optional
        First and last day that are drawn; the whole log when left out. As in pandas, ``"2024-05"`` and ``"2024"``
        stand for a whole month and a whole year.

    Returns
    -------
    Axes
        The axes that hold the lanes.

    Raises
    ------
    LogError
        A date cannot be read or lies outside the log, or the end comes before the start.
    """
    with style.styled():
        inches = WIDTH - MARGIN if ax is None else style.width_of(ax)
        view = choose_view(found.log, start, end, inches, lang)
        layout = lay_out(found, view)
        ax = style.new_axes(ax, WIDTH, layout.whole(inches))
        _draw(ax, found, view, layout)
    return ax


def fit_timeline(
    found: Assessment,
    ax: Axes,
    lang: str = "en",
    *,
    start: pd.Timestamp | str | None = None,
    end: pd.Timestamp | str | None = None,
) -> Axes:
    """Draw as `plot_timeline` does, on axes alone in a figure, and make that figure as high as the timeline asks."""
    figure = ax.get_figure(root=True)
    assert figure is not None  # width_of asks for it, and says so
    with style.styled():
        view = choose_view(found.log, start, end, style.width_of(ax), lang)
        layout = lay_out(found, view)
        figure.set_figheight(layout.whole(view.inches))
        _draw(ax, found, view, layout)
    return ax


def _draw(ax: Axes, found: Assessment, view: View, layout: Layout) -> None:
    ax.set_axis_off()
    begin, length = style.stretch(view.first, view.last)
    ax.set_xlim(begin, begin + length)
    dates = style.choose_ticks(view.first, view.last, view.inches, view.lang)
    at = layout.height
    for name, lane in layout.lanes.items():
        tall = lane.height + layout.marks[name].height
        at -= layout.gap(name) + tall
        inset = ax.inset_axes((0, at / layout.height, 1, tall / layout.height))
        inset.set_xlim(begin, begin + length)
        _draw_lane(inset, lane, view, tall)
        draw_episodes(inset, layout.marks[name], view, tall)
        style.hatch_unknown(inset, layout.unknown)
        _label_days(inset, name, layout, *dates)
        for text in (child for child in inset.get_children() if isinstance(child, Text)):
            text.set_in_layout(False)  # a long name of a lane may not narrow all lanes
    _mark_alarms(ax, found, view, 1 - GAP / layout.height)
    below = TICKS
    for line in layout.notes:
        ax.annotate(line, (0, 0), xytext=(0, -72 * (below - 0.08)), xycoords="axes fraction",
                    textcoords="offset points", va="top", fontsize=8, color=MUTED)  # fmt: skip
        below += NOTE_LINE
    if layout.keys:
        style.legend_below(ax, layout.keys, below)


def lay_out(found: Assessment, view: View) -> Layout:
    """Gather what the timeline will hold in the days shown."""
    rules: dict[str, list[Rule]] = {name: [] for name in LANES}
    for rule in found.guidance.rules.values():
        rules[lane_of(rule)].append(rule)
    lanes: dict[str, Lane] = {}
    for name, lay in LANES.items():
        lane = lay(found, rules[name], view)
        if lane is not None:
            lanes[name] = lane
        elif name != "other":
            rules["other"] += rules[name]  # their episodes, if they have any, need a place all the same
    if not lanes:
        lanes["distance"] = Lane(view.say("figures.distance"), 0.3, _clear)
    marks = {name: find_marks(found, rules[name], lane.title, view) for name, lane in lanes.items()}
    days = found.log.days[found.log.days["date"].between(view.first, view.last)]
    bridge = ((view.last - view.first).days + 1) / 400
    unknown = style.spans((days["state"] == "unknown").to_numpy(), style.day_starts(days["date"]), bridge)
    return Layout(lanes, marks, _tell_missing(found, rules, lanes, view), _keys(lanes, marks, view, unknown), unknown)


def _clear(ax: Axes) -> None:
    ax.set_yticks([])


def _draw_lane(ax: Axes, lane: Lane, view: View, tall: float) -> None:
    lane.paint(ax)
    ax.set_title(lane.title)
    foot, top = ax.get_ylim()
    if ax.get_yticks().size:
        ticks = style.few_ticks(lane.height).tick_values(foot, top)
        ax.set_yticks([tick for tick in ticks if foot <= tick <= top])
        style.localise(ax, view.lang)
    ax.set_ylim(foot, foot + (top - foot) * tall / lane.height)  # above the data, a place for episodes
    ax.set_axisbelow(True)


def _label_days(ax: Axes, name: str, layout: Layout, ticks: np.ndarray[Any, Any], labels: list[str]) -> None:
    """Write dates below the last lane only, in a tall figure also below the first one, there on one line."""
    names = list(layout.lanes)
    style.draw_grid(ax, ticks)
    if name == names[-1]:
        ax.set_xticks(ticks, labels)
    elif layout.is_tall and name == names[0]:
        ax.set_xticks(ticks, [label.partition("\n")[0] for label in labels])
    else:
        style.leave_unlabelled(ax, ticks)


def _mark_alarms(ax: Axes, found: Assessment, view: View, top: float) -> None:
    """Draw a hair through all lanes where an alarm begins, so that what came with it can be read off."""
    alarms = found.alarms[found.alarms["start"].between(view.first, view.last)].sort_values("start")
    if view.monthly:
        alarms = alarms[alarms["level"] >= "act"]
    drawn = -np.inf
    for row in style.rows_of(alarms):
        at = style.stretch(row.start, row.end)[0]
        if at - drawn >= HAIRS_APART * view.per_inch:
            ax.plot([at, at], [0, top], transform=ax.get_xaxis_transform(), color=MUTED, linewidth=0.6,
                    linestyle=(0, (1, 2)), zorder=0.5)  # fmt: skip
            drawn = at


def _tell_missing(found: Assessment, rules: dict[str, list[Rule]], lanes: dict[str, Lane], view: View) -> list[str]:
    """Say which lanes are not there: silence would look like a quiet lane."""
    bare: list[str] = []
    reasons: dict[str, list[str]] = {}
    for name, key in NAMES.items():
        if name in lanes:
            continue
        if name in ("intensity", "cadence") and rules[name]:
            reason = str(view.cut(found.details[rules[name][0].id])["reason"].iloc[-1])
            reasons.setdefault(reason, []).append(_lower(view.say(f"figures.{key}")))
        else:
            bare.append(_lower(view.say(f"figures.{key}")))
    said = [view.say("figures.missing_lanes", names=words.list_join(bare, view.lang))] if bare else []
    for reason, names in reasons.items():
        because = words.say(f"reasons.{reason}", view.lang) if reason else view.say("figures.no_data")
        listed = words.list_join(names, view.lang)
        told = words.say("report.not_assessable_because", view.lang, reason=because)
        said.append(f"{listed[0].upper()}{listed[1:]}: {told}.")
    return [line for sentence in said for line in style.fold(sentence, int(view.inches * SIGNS_PER_INCH))]


def _lower(name: str) -> str:
    return f"{name[0].lower()}{name[1:]}"


def _keys(lanes: dict[str, Lane], marks: dict[str, Marks], view: View, unknown: list[Any]) -> list[Any]:
    """Return the entries of the legend, each once."""
    handles = {str(key.get_label()): key for lane in lanes.values() for key in lane.keys}
    shown = {level for mark in marks.values() for level in mark.episodes["level"]}
    levels = [style.level_patch(level, view.lang) for level in LEVELS[2:] if level in shown]
    return [*handles.values(), *levels, *([style.unknown_patch(view.lang)] if unknown else [])]
