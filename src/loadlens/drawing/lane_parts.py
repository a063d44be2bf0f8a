"""What the lanes of the timeline are made of: the stretch of days shown, and the ways in which days are drawn.

Nothing is computed here but sums and middles by week or month, for a line of many years cannot show single days.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from loadlens import words
from loadlens.drawing import figure_style as style
from loadlens.drawing.figure_style import INK, PAPER, RUN, RUN_SOFT
from loadlens.log import LogError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from loadlens.findings import Assessment
    from loadlens.guidance import Rule
    from loadlens.log import RunningLog

DAYS_PER_INCH = 125
"""More days than this on an inch are drawn by month: a week would be a hair, and days would be a smear."""

JOINED_PER_INCH = 16
"""With fewer days than this on an inch, dots of days in a row are joined by a line."""


PARTIAL: dict[str, Any] = {"facecolor": PAPER, "edgecolor": RUN, "linewidth": 0.8}
"""The look of a bar that is at least so high: hollow."""


@dataclass(frozen=True)
class View:
    """The stretch of days that a timeline shows, how wide it is [inch], and its language."""

    first: pd.Timestamp
    last: pd.Timestamp
    inches: float
    lang: str

    @property
    def per_inch(self) -> float:
        """Days on an inch."""
        return ((self.last - self.first).days + 1) / self.inches

    @property
    def monthly(self) -> bool:
        """Whether days are gathered by month, not by week."""
        return self.per_inch > DAYS_PER_INCH

    def cut(self, values: Any) -> Any:
        """Return the days shown of a Series or frame indexed by date."""
        return values.loc[self.first : self.last]

    def gather(self, values: Any) -> Any:
        """Group the days shown by week or month; the first and last of these are whole."""
        if self.monthly:
            first, last = self.first.replace(day=1), self.last + pd.offsets.MonthEnd(0)
        else:
            first = self.first - pd.Timedelta(days=self.first.weekday())
            last = self.last + pd.Timedelta(days=6 - self.last.weekday())
        return style.by_period(values.loc[first:last], monthly=self.monthly)

    def say(self, key: str, **values: object) -> str:
        """Say a phrase in the language of the figure."""
        return words.say(key, self.lang, **values)


@dataclass(frozen=True)
class Lane:
    """One lane, ready to be drawn: its title, the height [inch] its data want, and what explains its marks."""

    title: str
    height: float
    paint: Callable[[Axes], None]
    keys: tuple[Any, ...] = ()


def choose_view(log: RunningLog, start: Any, end: Any, inches: float, lang: str) -> View:
    """Return the stretch of days from `start` to `end`, as `loadlens.plot_timeline` takes them.

    Raises
    ------
    LogError
        A date cannot be read, lies outside the log, or the end comes before the start.
    """
    first, last = log.span
    begun, ended = (_to_period(date, name, log) for date, name in ((start, "start"), (end, "end")))
    view = View(
        first if begun is None else max(first, begun[0]), last if ended is None else min(last, ended[1]), inches, lang
    )
    if view.first > view.last:
        raise LogError(f"end: {end} comes before {start}; would be right: a day on or after {view.first.date()}")
    return view


def _to_period(date: Any, name: str, log: RunningLog) -> tuple[pd.Timestamp, pd.Timestamp] | None:
    """Return the first and last day that a date stands for: "2024-05" is a whole month, as in pandas."""
    if date is None:
        return None
    first, last = log.span
    right = f"would be right: a date from {first.date()} to {last.date()}"
    try:
        period = pd.Period(date) if isinstance(date, str) else pd.Period(pd.Timestamp(date).tz_localize(None), "D")
        begin, stop = period.start_time.normalize(), period.end_time.normalize()
    except (ValueError, TypeError, AttributeError) as error:
        raise LogError(f"{name}: {date!r} is no date; {right}, such as {last.date()} or {last:%Y-%m}") from error
    if pd.isna(begin):
        raise LogError(f"{name}: {date!r} is no date; {right}, such as {last.date()} or {last:%Y-%m}")
    if begin > last or stop < first:
        raise LogError(f"{name}: {date} lies outside the log; {right}")
    return begin, stop


# ---------------------------------------------------------------- bars by week or month
def bar_places(view: View, periods: pd.DatetimeIndex) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return where the bar of each week or month begins, and how wide its place is, in matplotlib days."""
    starts = style.day_starts(periods)
    starts[-1] = starts[-2] + (periods[-1].days_in_month if view.monthly else 7)
    return starts[:-1], np.diff(starts)


def draw_bars(
    ax: Axes,
    view: View,
    totals: pd.Series[float],
    complete: np.ndarray[Any, Any] | None = None,
    part: tuple[float, float] = (0.0, 1.0),
    **look: Any,
) -> None:
    """Draw a bar for each week or month, hollow where it is not complete.

    Parameters
    ----------
    ax : Axes
        The lane.
    view : View
        The days shown.
    totals : Series
        Height of each bar, by the first day of its week or month; NaN draws nothing.
    complete : bool array, optional
        Whether every day of it is known; all of them when left out.
    part : (float, float)
        From where to where in its place a bar stands, where two share one.
    **look
        What bars look like.
    """
    begin, width = bar_places(view, pd.DatetimeIndex(totals.index))
    heights = totals.to_numpy(dtype=float)
    left, right = (0.08 + 0.84 * edge for edge in part)
    boxes = np.column_stack([begin + width * left, np.zeros(len(heights)), width * (right - left), heights])
    known = np.ones(len(boxes), dtype=bool) if complete is None else complete
    there = np.isfinite(heights) & (heights != 0)
    full, hollow = boxes[known & there].tolist(), boxes[~known & there].tolist()
    style.draw_boxes(ax, full, **({"facecolor": RUN, "edgecolor": "none", "zorder": 2} | look))
    style.draw_boxes(ax, hollow, **PARTIAL, zorder=2)


# ---------------------------------------------------------------- values by day
def middays(index: pd.Index[Any]) -> np.ndarray[Any, Any]:
    """Return the middle of each day, in matplotlib days."""
    return style.day_starts(pd.DatetimeIndex(index))[:-1] + 0.5 if len(index) else np.array([])


def draw_values(
    ax: Axes, view: View, values: pd.Series[float], line: pd.Series[float] | None, least: float, *, soft: bool = False
) -> None:
    """Draw a value for each day as dots, or the middle half of each month as a bar, and a line through them.

    Parameters
    ----------
    ax : Axes
        The lane.
    view : View
        The days shown.
    values, line : Series
        By date; without a line its place is taken by the mean of each week or month.
    least : float
        The axis spans at least this much, so that noise does not fill the lane.
    soft : bool
        Dots stay in the background.
    """
    shown = view.cut(values)
    bottom, top = _frame(ax, shown, least)
    middle = view.gather(values if line is None else line).mean()
    if view.monthly:
        groups = view.gather(values)
        low, high = groups.quantile(0.25).to_numpy(), groups.quantile(0.75).to_numpy()
        begin, width = bar_places(view, pd.DatetimeIndex(middle.index))
        thin = 0.035 * (top - bottom)  # a month of equal values is a dash, not nothing
        low, high = (
            np.where(high - low < thin, (low + high - thin) / 2, low),
            np.where(high - low < thin, (low + high + thin) / 2, high),
        )
        boxes = np.column_stack([begin + width * 0.12, low, width * 0.76, high - low])
        style.draw_boxes(ax, boxes[np.isfinite(low)].tolist(), facecolor=RUN_SOFT, edgecolor="none", zorder=2)
    else:
        _draw_dots(ax, view, shown, bottom, top, soft=soft)
    if view.monthly or line is None:
        begin, width = bar_places(view, pd.DatetimeIndex(middle.index))
        ax.plot(begin + width / 2, middle.to_numpy(), color=INK, linewidth=1.1, zorder=3)
    else:
        line = view.cut(line)
        ax.plot(middays(line.index), line.to_numpy(), color=INK, linewidth=1.2, zorder=3)


def _draw_dots(ax: Axes, view: View, values: pd.Series[float], bottom: float, top: float, *, soft: bool) -> None:
    days, heights = middays(values.index), values.to_numpy(dtype=float)
    colour = RUN_SOFT if soft else RUN
    if view.per_inch < JOINED_PER_INCH and not soft:
        ax.plot(days, heights, color=RUN_SOFT, linewidth=0.8, zorder=1.9)
    size = float(np.clip(45 / np.sqrt(max(values.count(), 1)), 1.0, 3.2))
    inside = (heights >= bottom) & (heights <= top)
    style.draw_dots(ax, days[inside], heights[inside], size, colour, zorder=2)
    for beyond, edge, marker in ((heights > top, top, "^"), (heights < bottom, bottom, "v")):
        if beyond.any():  # too far off to be drawn where they are: an arrow says so
            ax.plot(days[beyond], np.full(beyond.sum(), edge), marker, color=colour, markersize=3, zorder=2, mew=0)


def _frame(ax: Axes, values: pd.Series[float], least: float) -> tuple[float, float]:
    """Make room for the bulk of the values: a rare far value may not flatten them, nor may noise fill the lane."""
    low, high = np.nanpercentile(values, [0.5, 99.5])
    room = max(high - low, least)
    middle = (low + high) / 2
    ax.set_ylim(middle - 0.62 * room, middle + 0.62 * room)
    return float(middle - 0.58 * room), float(middle + 0.58 * room)


def take_column(found: Assessment, rules: list[Rule], name: str) -> pd.Series[float] | None:
    """Return a column that the measure of a rule of this lane gave; the first rule that has it."""
    return next((found.details[r.id][name] for r in rules if name in found.details[r.id]), None)


def take_value(found: Assessment, rules: list[Rule], unit: str) -> pd.Series[float] | None:
    """Return the value of the first rule of the lane that is in this unit."""
    return next((found.details[r.id][r.value] for r in rules if r.units.get(r.value) == unit), None)


# ---------------------------------------------------------------- what explains the marks
def bar_key(colour: str, label: str) -> Patch:
    """Return the entry of a bar or an area in a legend."""
    return Patch(facecolor=colour, edgecolor="none", label=label)


def partial_key(view: View) -> Patch:
    """Return the entry of a bar that is at least so high."""
    return Patch(**PARTIAL, label=view.say("figures.partial_period"))


def line_key(label: str) -> Line2D:
    """Return the entry of a line in a legend."""
    return Line2D([], [], color=INK, linewidth=1.2, label=label)


def mark_key(label: str, marker: str = "D", face: str = PAPER, edge: str = INK, size: float = 4) -> Line2D:
    """Return the entry of a mark in a legend."""
    look: dict[str, Any] = {"markerfacecolor": face, "markeredgecolor": edge, "markeredgewidth": 0.6}
    return Line2D([], [], color="none", marker=marker, markersize=size, label=label, **look)


def value_keys(view: View) -> tuple[Any, ...]:
    """Return the entries of what `draw_values` draws."""
    line = line_key(view.say("figures.own_line"))
    return (bar_key(RUN_SOFT, view.say("figures.month_spread")), line) if view.monthly else (line,)


def name_lane(view: View, key: str, unit: str) -> str:
    """Return the title of a lane with its unit."""
    return view.say("figures.lane_value", name=view.say(f"figures.{key}"), unit=unit)
