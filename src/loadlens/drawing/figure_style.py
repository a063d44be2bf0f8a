"""What every figure shares: colours that survive greyscale, hatches, the axis of time, labels that do not collide.

Levels differ in lightness, in hatch and in name, never by red against green. The colours are also the names under
which `reports` turns them into CSS variables, so that an inline figure follows the page into dark mode.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import dates as mdates
from matplotlib import font_manager
from matplotlib.lines import Line2D
from matplotlib.markers import TICKDOWN
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path
from matplotlib.ticker import FuncFormatter, MaxNLocator
from matplotlib.transforms import ScaledTranslation

from loadlens import words
from loadlens.guidance import LEVELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from matplotlib.axes import Axes

    from loadlens.log import RunningLog

INK, MUTED, GRID, PAPER = "#22303d", "#61707e", "#e1e6eb", "#fefefe"
RUN, RUN_SOFT, UNKNOWN, WITHIN = "#2d6187", "#a5c3d8", "#b3bec8", "#dce6ee"
LEVEL_COLOURS = {
    "not_assessable": PAPER,
    "ok": WITHIN,
    "note": "#f4d58a",
    "watch": "#e5902f",
    "act": "#a8326e",
    "doctor": "#5c1d73",
    "emergency": "#1c0b2b",
}
"""From light to dark with the level; also read as lightness in greyscale."""

LEVEL_HATCHES = {"not_assessable": "\\\\\\", "watch": "////", "act": "xxxx", "doctor": "|||||"}
DOTS_AS_SHAPE = 1000
"""More dots than this are smaller as a picture, also inside a vector figure."""

CSS_NAMES = {
    INK: "ink", MUTED: "muted", GRID: "grid", PAPER: "paper", RUN: "run", RUN_SOFT: "run-soft", UNKNOWN: "unknown",
    **{colour: level for level, colour in LEVEL_COLOURS.items() if level != "not_assessable"},
}  # fmt: skip
"""Colour -> name of the CSS variable that stands for it on a page."""

_STYLE: Any = {
    "font.family": ["sans-serif"],
    "font.size": 8.5,
    "text.color": INK,
    "text.usetex": False,
    "text.parse_math": False,  # a shoe called "$100$" is a name, not a formula
    "axes.edgecolor": UNKNOWN,
    "axes.facecolor": "none",
    "axes.grid": False,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 8.5,
    "axes.linewidth": 0.7,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlepad": 5,
    "axes.titley": 1.0,  # or every label near a title is measured again and again, to get out of its way
    "figure.facecolor": PAPER,
    "hatch.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "legend.handlelength": 1.6,
    "legend.columnspacing": 1.4,
    "savefig.facecolor": PAPER,
    "xtick.color": UNKNOWN,
    "xtick.labelcolor": MUTED,
    "xtick.labelsize": 8,
    "ytick.color": UNKNOWN,
    "ytick.labelcolor": MUTED,
    "ytick.labelsize": 8,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
}


@contextmanager
def styled() -> Iterator[None]:
    """Hold the style of loadlens for a while; the settings of the caller come back afterwards.

    Only the settings of the style are put back: a notebook's backend, which pyplot may choose meanwhile, turns
    interactive mode on, and without that no later figure would show itself.
    """
    before = {name: mpl.rcParams[name] for name in _STYLE}
    mpl.rcParams.update(_STYLE)
    try:
        yield
    finally:
        mpl.rcParams.update(before)


def new_axes(ax: Axes | None, width: float, height: float) -> Axes:
    """Return the axes given, or new ones on a figure of this size [inch] that a notebook shows by itself."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt  # only here: 0.3 s, and only when nobody gave axes

    return plt.figure(figsize=(width, height), layout="constrained").add_subplot()


def width_of(ax: Axes) -> float:
    """Return about how wide axes are [inch]: what decides how many labels fit."""
    figure = ax.get_figure(root=True)
    if figure is None:
        raise ValueError("figure: the axes belong to no figure; take them from Figure.add_subplot()")
    place = ax.get_subplotspec()
    if figure.get_layout_engine() is None or place is None:
        return float(ax.get_position().width * figure.get_figwidth())
    share = len(place.colspan) / place.get_gridspec().ncols
    return float(share * figure.get_figwidth() - 0.6)  # a layout engine leaves little more than the labels


@cache
def _drawable_codes() -> frozenset[int]:
    path = font_manager.findfont(font_manager.FontProperties(family=["sans-serif"]))
    return frozenset(font_manager.get_font(path).get_charmap())


def drawable(text: object, longest: int = 28) -> str:
    """Return a name from a file as the font can draw it: one line, not too long, unknown signs as a small box."""
    known = _drawable_codes()
    line = " ".join(str(text).split())
    line = "".join(sign if ord(sign) in known else "▫" for sign in line)
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…"


def spans(mask: np.ndarray[Any, Any], starts: np.ndarray[Any, Any], bridge: float = 0.0) -> list[tuple[float, float]]:
    """Join neighbouring days (or weeks) of which something holds.

    Parameters
    ----------
    mask : bool array, shape (n,)
        Whether it holds.
    starts : float array, shape (n + 1,)
        Where each begins, and where the last one ends, in matplotlib days.
    bridge : float
        Gaps up to this long [days] are drawn as one: they would be too narrow to see.

    Returns
    -------
    list of (start, length)
    """
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(np.int8), [0]))))
    joined: list[tuple[float, float]] = []
    for first, past in zip(starts[edges[::2]], starts[edges[1::2]], strict=True):
        if joined and first - sum(joined[-1]) <= bridge:
            joined[-1] = (joined[-1][0], past - joined[-1][0])
        else:
            joined.append((float(first), float(past - first)))
    return joined


def day_starts(dates: pd.Index[Any] | pd.Series[Any]) -> np.ndarray[Any, Any]:
    """Return where each day begins and where the last one ends, in matplotlib days."""
    numbers = _to_numbers(pd.DatetimeIndex(dates).to_numpy())
    return np.append(numbers, numbers[-1] + 1)


def _to_numbers(days: Any) -> np.ndarray[Any, Any]:
    convert: Callable[[Any], Any] = mdates.date2num
    return np.asarray(convert(days), dtype=float)


def rows_of(frame: pd.DataFrame) -> Iterator[Any]:
    """Go through the rows of a frame as named tuples."""
    yield from frame.itertuples(index=False)


def by_period(values: Any, *, monthly: bool) -> Any:
    """Return daily values gathered by calendar month, or by week from Monday, for drawing."""
    return values.resample("MS") if monthly else values.resample("W-MON", closed="left", label="left")


def unknown_spans(log: RunningLog) -> list[tuple[float, float]]:
    """Return the stretches of the log in which it is unknown whether there was a run."""
    starts = day_starts(log.days["date"])
    bridge = (starts[-1] - starts[0]) / 400
    return spans((log.days["state"] == "unknown").to_numpy(), starts, bridge)


def hatch_unknown(ax: Axes, stretches: list[tuple[float, float]]) -> None:
    """Hatch stretches over the whole height of the axes."""
    boxes = [(start, 0.0, length, 1.0) for start, length in stretches]
    look: dict[str, Any] = {"facecolor": "none", "edgecolor": UNKNOWN, "hatch": "/////", "alpha": 0.7}
    draw_boxes(ax, boxes, transform=ax.get_xaxis_transform(), zorder=0.6, **look)


def draw_boxes(ax: Axes, boxes: list[tuple[float, float, float, float]], **look: Any) -> None:
    """Draw rectangles (left, bottom, width, height) as one shape, so that ten years of them stay light."""
    if not boxes:
        return
    x, y, width, height = np.array(boxes).T
    corners = np.stack([[x, x + width, x + width, x, x], [y, y, y + height, y + height, y]], axis=-1)
    codes = np.tile([Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY], len(boxes))
    ax.add_artist(PathPatch(Path(corners.transpose(1, 0, 2).reshape(-1, 2), codes), **({"linewidth": 0} | look)))


def draw_dots(
    ax: Axes, x: np.ndarray[Any, Any], y: np.ndarray[Any, Any], size: float, colour: str, zorder: float
) -> None:
    """Draw round dots of a width [points] as one shape; a scatter writes every dot out in full."""
    known = np.isfinite(y)
    if not known.any():
        return
    ends = np.repeat(np.column_stack([x[known], y[known]]), 2, axis=0)
    ends[1::2, 0] += 1e-3
    shape = Path(ends, np.tile([Path.MOVETO, Path.LINETO], int(known.sum())))
    shape.should_simplify = False  # or neighbouring dots would be taken for one
    look: dict[str, Any] = {"fill": False, "snap": False, "edgecolor": colour, "linewidth": size, "capstyle": "round"}
    ax.add_artist(PathPatch(shape, zorder=zorder, rasterized=bool(known.sum() > DOTS_AS_SHAPE), **look))


def level_patch(level: str, lang: str) -> Patch:
    """Return the entry of a level in a legend."""
    edge = UNKNOWN if level == "not_assessable" else PAPER
    patch = Patch(facecolor=LEVEL_COLOURS[level], edgecolor=edge, linewidth=0, hatch=LEVEL_HATCHES.get(level))
    patch.set_label(words.say(f"levels_short.{level}", lang))
    return patch


def unknown_patch(lang: str) -> Patch:
    """Return the entry of unknown days in a legend."""
    label = words.say("figures.unknown_days", lang)
    return Patch(facecolor="none", edgecolor=UNKNOWN, linewidth=0, hatch="/////", label=label)


def legend_below(ax: Axes, handles: list[Any], offset: float, beside: float = 0.0) -> None:
    """Put a legend under the axes, `offset` inches down, in as many columns as fit; labels beside them take room."""
    figure = ax.get_figure(root=True)
    assert figure is not None  # width_of has asked
    below = ax.transAxes + ScaledTranslation(0, -offset, figure.dpi_scale_trans)
    columns = _legend_columns(handles, width_of(ax) - beside)
    ax.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0, 0), bbox_transform=below, ncols=columns, borderaxespad=0,
        borderpad=0,
    )  # fmt: skip


def legend_rows(handles: list[Any], inches: float) -> int:
    """Return how many lines a legend takes under axes of this width."""
    return -(-len(handles) // _legend_columns(handles, inches)) if handles else 0


def _legend_columns(handles: list[Any], inches: float) -> int:
    widths = [0.42 + 0.066 * len(str(handle.get_label())) for handle in handles]
    return next((n for n in range(len(handles), 1, -1) if _legend_width(widths, n) <= inches), 1)


def _legend_width(widths: list[float], columns: int) -> float:
    """Width [inch] of a legend; the first columns hold one entry more where they cannot all hold the same."""
    return sum(float(part.max()) for part in np.array_split(widths, columns))


def draw_time(ax: Axes, first: pd.Timestamp, last: pd.Timestamp, inches: float, lang: str) -> None:
    """Give axes a horizontal axis of local dates, with as many labels as fit."""
    begin, length = stretch(first, last)
    ax.set_xlim(begin, begin + length)
    ax.set_xticks(*choose_ticks(first, last, inches, lang))


def choose_ticks(
    first: pd.Timestamp, last: pd.Timestamp, inches: float, lang: str
) -> tuple[np.ndarray[Any, Any], list[str]]:
    """Return where an axis of local dates is labelled, in matplotlib days, and its labels: as many as fit."""
    ticks, labels = _choose_dates(first, last, max(2.0, inches / 0.5), lang)
    return _to_numbers([tick.to_pydatetime() for tick in ticks]), labels


def draw_grid(ax: Axes, ticks: np.ndarray[Any, Any]) -> None:
    """Draw a vertical line at each tick, all of them as one shape."""
    ends = np.column_stack([np.zeros(len(ticks)), np.ones(len(ticks)), np.full(len(ticks), np.nan)])
    look: dict[str, Any] = {"color": GRID, "linewidth": 0.6, "zorder": 0.5, "transform": ax.get_xaxis_transform()}
    ax.add_artist(Line2D(np.repeat(ticks, 3), ends.ravel(), **look))


def leave_unlabelled(ax: Axes, ticks: np.ndarray[Any, Any]) -> None:
    """Give axes the marks of a horizontal axis in the place of one, which is made of many parts and measures each."""
    ax.xaxis.set_visible(False)
    look: dict[str, Any] = {"color": UNKNOWN, "linestyle": "none", "marker": TICKDOWN, "markersize": 3, "mew": 0.8}
    transform = ax.get_xaxis_transform()
    ax.add_artist(Line2D(ticks, np.zeros(len(ticks)), transform=transform, clip_on=False, zorder=0.5, **look))


def _choose_dates(
    first: pd.Timestamp, last: pd.Timestamp, slots: float, lang: str
) -> tuple[list[pd.Timestamp], list[str]]:
    days = (last - first).days + 1
    if days <= 10 * slots:  # up to some months: days of the month
        step = next((s for s in (1, 2, 7, 14, 28) if days / s <= slots), 28)
        ticks = list(pd.date_range(first, last, freq=f"{step // 7}W-MON" if step >= 7 else f"{step}D"))
        return ticks or [first], [words.date(t, lang, year=False) for t in ticks or [first]]
    months = days / 30.44
    step = next((s for s in (1, 2, 3, 6, 12, 24, 60) if months / s <= slots), 120)
    starts = pd.date_range(first - pd.offsets.MonthBegin(1), last, freq="MS")
    ticks = [t for t in starts if t >= first and ((t.year * 12 + t.month - 1) % step == 0)]
    if step >= 12:
        return ticks, [str(t.year) for t in ticks]
    labels = [words.month(t.month, lang) for t in ticks]
    years = [t.year for t in ticks]
    shown = [
        f"{label}\n{year}" if n == 0 or year != years[n - 1] else label
        for n, (label, year) in enumerate(zip(labels, years, strict=True))
    ]
    return ticks, shown


def draw_labels(
    ax: Axes, labels: list[tuple[float, str, int]], inches: float, *, rows: int, top: float, step: float
) -> None:
    """Write short labels above a lane where there is room; the weightiest first, the others stay unwritten.

    Parameters
    ----------
    ax : Axes
        The lane.
    labels : list of (where, text, weight)
        Start in matplotlib days, text, and its weight.
    inches : float
        Width of the axes.
    rows : int
        Lines of labels at most.
    top, step : float
        Height of the first line and distance between lines, as shares of the lane.
    """
    left, right = ax.get_xlim()
    per_inch = (right - left) / inches
    taken: list[list[tuple[float, float, str]]] = [[] for _ in range(rows)]
    for where, text, _ in sorted(labels, key=lambda item: (-item[2], -item[0])):
        width = (0.058 * len(text) + 0.1) * per_inch
        begin = float(np.clip(where, left, max(left, right - width)))
        if any(text == other and begin < b and begin + width > a for busy in taken for a, b, other in busy):
            continue  # the name stands there already
        for row, busy in enumerate(taken):
            if all(begin + width <= a or begin >= b for a, b, _ in busy):
                busy.append((begin, begin + width, text))
                ax.text(
                    begin, top - row * step, text, transform=ax.get_xaxis_transform(), fontsize=7.2, va="top",
                    bbox={"facecolor": PAPER, "edgecolor": "none", "alpha": 0.85, "pad": 0.8}, zorder=6,
                )  # fmt: skip
                break


def stretch(start: pd.Timestamp, end: pd.Timestamp) -> tuple[float, float]:
    """Return begin and length, in matplotlib days, of a stretch from the start of one day to the end of another."""
    begin = float(_to_numbers(start.to_pydatetime()))
    return begin, float((end - start).days + 1)


def few_ticks(height: float) -> MaxNLocator:
    """Return a locator with about one tick for each 0.35 inch."""
    return MaxNLocator(nbins=max(2, int(height / 0.35)), steps=[1, 2, 2.5, 5, 10])


def localise(ax: Axes, lang: str) -> None:
    """Write the numbers of the vertical axis with the marks of the language."""

    def write(value: float, _: int | None = None) -> str:
        digits = next((n for n in range(3) if np.isclose(value, round(value, n), atol=1e-9)), 3)
        return words.number(value, lang, digits)

    ax.yaxis.set_major_formatter(FuncFormatter(write))


def fold(text: str, width: int) -> list[str]:
    """Break a sentence into lines of at most `width` signs."""
    return textwrap.wrap(text, width)


def draw_band(ax: Axes, level: str, stretches: list[tuple[float, float]], strip: float, narrowest: float = 0.0) -> None:
    """Colour the head of a lane over each stretch, and from `watch` on the lane below it too.

    Parameters
    ----------
    ax : Axes
        The lane.
    level : str
        One of LEVELS.
    stretches : list of (begin, length)
        In matplotlib days.
    strip : float
        Height of the head, as a share of the lane.
    narrowest : float
        Days that a stretch is drawn long at least.
    """
    look: dict[str, Any] = {"transform": ax.get_xaxis_transform(), "facecolor": LEVEL_COLOURS[level]}
    order = LEVELS.index(level) / 10
    wide = [(start - max(narrowest - length, 0) / 2, max(length, narrowest)) for start, length in stretches]
    if level != "note":
        under = [(start, 0.0, length, 1.0) for start, length in wide]
        draw_boxes(ax, under, alpha=0.16, edgecolor="none", zorder=0.8 + order / 10, **look)
    heads = [(start, 1 - strip, length, strip) for start, length in wide]
    draw_boxes(ax, heads, edgecolor=PAPER, hatch=LEVEL_HATCHES.get(level), zorder=4 + order, **look)
