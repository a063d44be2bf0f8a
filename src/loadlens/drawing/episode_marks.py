"""Episodes on a lane of the timeline: a strip above its data, from `watch` on a tint below it, and short names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from loadlens.drawing import figure_style as style
from loadlens.drawing.figure_style import PAPER
from loadlens.guidance import LEVELS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from loadlens.drawing.lane_parts import View
    from loadlens.findings import Assessment
    from loadlens.guidance import Rule

STRIP, LINE = 0.085, 0.135
"""Height [inch] of the strip, and of a line of names below it."""

NARROWEST = 0.022
"""Width [inch] that the shortest episode takes: a day of ten years would be less than a pixel."""

MOST_LINES = 2
"""Lines of names below the strip; one more stands above it, beside the title of the lane."""

SIGN, TITLE_SIGN = 0.058, 0.082
"""Width [inch] of a letter of a name, and of a title."""


class Name(NamedTuple):
    """The name of an episode: its place [matplotlib days], its line (0 is that of the title), and its text."""

    begin: float
    line: int
    text: str


@dataclass(frozen=True)
class Marks:
    """The episodes of a lane in the days shown, at `note` or above, and those of their names that have a place."""

    episodes: pd.DataFrame
    names: list[Name]

    @property
    def height(self) -> float:
        """Inches they take; nothing when there are none."""
        if self.episodes.empty:
            return 0.0
        return STRIP + 0.03 + LINE * max((name.line for name in self.names), default=0)


def find_marks(found: Assessment, rules: list[Rule], title: str, view: View) -> Marks:
    """Find the episodes of a lane and a place for their names, the weightiest first; those without room stay unwritten.

    Parameters
    ----------
    found : Assessment
        What `assess` returns.
    rules : list of Rule
        Those of the lane.
    title : str
        Title of the lane, beside which the first line runs.
    view : View
        The days shown.
    """
    rows = found.episodes
    shown = rows["rule"].isin([rule.id for rule in rules]) & (rows["level"] >= "note")
    episodes = rows[shown & (rows["start"] <= view.last) & (rows["end"] >= view.first)]
    return Marks(episodes, [] if episodes.empty else _place_names(found, episodes, title, view))


def _place_names(found: Assessment, episodes: pd.DataFrame, title: str, view: View) -> list[Name]:
    alarms = found.alarms[found.alarms["rule"].isin(episodes["rule"])]
    alarms = alarms[(alarms["start"] <= view.last) & (alarms["end"] >= view.first)]
    if view.monthly:  # ten years hold more alarms than names fit: the newest of each rule, and the gravest
        alarms = alarms[(alarms["level"] >= "act") | ~alarms.duplicated("rule", keep="last")]
    notes = episodes[~episodes["rule"].isin(alarms["rule"])].drop_duplicates("rule", keep="last")
    wanted = [
        (
            LEVELS.index(row.level),
            style.stretch(row.start, row.end)[0],
            style.drawable(found.guidance.rules[row.rule].words[view.lang]["name"], 40),
        )
        for row in style.rows_of(pd.concat([alarms, notes]))
    ]
    left, length = style.stretch(view.first, view.last)
    title_end = left + (TITLE_SIGN * len(title) + 0.1) * view.per_inch
    taken: list[list[tuple[float, float, str]]] = [[(left, title_end, "")], *([] for _ in range(MOST_LINES))]
    names: list[Name] = []
    for _, where, text in sorted(wanted, key=lambda item: (-item[0], -item[1])):
        width = (SIGN * len(text) + 0.1) * view.per_inch
        begin = float(np.clip(where, left, max(left, left + length - width)))
        if any(text == other and begin < b and begin + width > a for busy in taken for a, b, other in busy):
            continue  # the name stands there already
        for line, busy in enumerate(taken):
            if all(begin + width <= a or begin >= b for a, b, _ in busy):
                busy.append((begin, begin + width, text))
                names.append(Name(begin, line, text))
                break
    return names


def draw_episodes(ax: Axes, marks: Marks, view: View, height: float) -> None:
    """Draw episodes in the head of a lane of this height [inch]."""
    for level in LEVELS[2:]:
        rows = marks.episodes[marks.episodes["level"] == level]
        stretches = [style.stretch(row.start, row.end) for row in style.rows_of(rows)]
        style.draw_band(ax, level, stretches, STRIP / height, NARROWEST * view.per_inch)
    for name in marks.names:
        above = 1 + 0.035 / height if name.line == 0 else 1 - (STRIP + 0.03 + LINE * (name.line - 1)) / height
        ax.text(
            name.begin, above, name.text, transform=ax.get_xaxis_transform(), fontsize=7.2,
            va="bottom" if name.line == 0 else "top", zorder=6,
            bbox={"facecolor": PAPER, "edgecolor": "none", "alpha": 0.85, "pad": 0.8},
        )  # fmt: skip
