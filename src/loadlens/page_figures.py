"""Figures as part of a page: inline SVG in the colours and letters of the page, small, and with a text in its place.

Nothing is drawn here; what draws is given. Every figure comes in two widths, of which the page shows the one that fits.
"""

from __future__ import annotations

import io
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import matplotlib as mpl
import pandas as pd
from markupsafe import Markup
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from loadlens.drawing.day_grid import CALENDAR_NAMES
from loadlens.drawing.figure_style import CSS_NAMES, styled
from loadlens.guidance_sheet import YEAR, sparkline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from matplotlib.axes import Axes

    from loadlens.findings import Assessment

WIDE, NARROW = 9.0, 3.7
"""Widths of the figures [inch]: one for a desk and for paper, one for a telephone."""

SPARK = (1.6, 0.35)
"""Width and height of a small line [inch]."""

SVG_DPI = 72
"""Points to an inch, which is what an SVG is written in."""

EDGE = 3
"""Points left free along the edges of a figure."""

COLOUR_NAMES = {**CSS_NAMES, **CALENDAR_NAMES}

SETTINGS: dict[Any, Any] = {"svg.fonttype": "none", "path.simplify_threshold": 0.3}
"""Letters stay letters; points of a line that lie within a third of a point of it are left out."""

_STEPS = re.compile(r"([MLQCz])([^MLQCz]*)")
_PATH = re.compile(r'(?<=\sd=")[^"]*')
_BETWEEN = re.compile(r">([^<]*)<")


def inline_figure(name: str, draw: Callable[[Axes], Axes], heights: tuple[float, float] | None, alt: str) -> Markup:
    """Return a figure in both widths.

    Parameters
    ----------
    name : str
        Sets the ids of its parts apart from those of other figures on the page.
    draw : callable
        Draws on the axes it is given.
    heights : (float, float) or None
        Of the wide and of the narrow one [inch]; None where `draw` makes its figure as high as it asks.
    alt : str
        What is read in the place of the figure.
    """
    wide, narrow = heights or (WIDE, NARROW)
    sizes = (("wide", WIDE, wide), ("narrow", NARROW, narrow))
    return Markup("").join(_inline(f"{name}-{size}", draw, (width, height), alt, size) for size, width, height in sizes)


def _inline(name: str, draw: Callable[[Axes], Axes], inches: tuple[float, float], alt: str, size: str) -> Markup:
    with styled(), mpl.rc_context({**SETTINGS, "svg.hashsalt": name}):
        figure = Figure(figsize=inches, dpi=SVG_DPI, facecolor="none", layout="constrained")
        ax = draw(figure.add_subplot())
        figure.set_layout_engine("none")  # it lays out twice, for axes that push each other; these are alone
        for axis in (axis for axes in (ax, *ax.child_axes) for axis in (axes.xaxis, axes.yaxis)):
            if not axis.get_label_text():
                axis.set_label_coords(0, 0)  # or all numbers of the axis are measured to find a place for no words
        _fit_axes(ax, figure)
        box, content = _write(figure, name)
    opening = Markup('<svg class="{}" role="img" aria-label="{}" viewBox="{}">').format(size, alt, box)
    return opening + Markup(content) + Markup("</svg>")  # matplotlib escapes what it writes


def _fit_axes(ax: Axes, figure: Figure) -> None:
    """Give axes what their labels and, below them, their legend leave of the figure; labels are measured once."""
    axes, legend = ax.get_window_extent(), ax.get_legend()
    foot = axes.y0
    if legend is not None:
        legend.set_in_layout(False)  # it begins where the axes do: narrower axes would not make it fit
        foot = legend.get_window_extent().y0
    labelled = ax.get_tightbbox(for_layout_only=True)
    assert labelled is not None  # the axes are visible
    whole = figure.bbox.padded(-EDGE)
    place = Bbox.from_extents(
        whole.x0 + axes.x0 - labelled.x0,
        whole.y0 + axes.y0 - min(labelled.y0, foot),
        whole.x1 + axes.x1 - labelled.x1,
        whole.y1 + axes.y1 - labelled.y1,
    )
    ax.set_position(place.transformed(figure.transFigure.inverted()))


def inline_sparks(found: Assessment, rules: Iterable[str]) -> tuple[Markup, set[str]]:
    """Return small lines of the last year as symbols, each drawn once however often the page shows it.

    Parameters
    ----------
    found : Assessment
        What `assess` returns.
    rules : iterable of str
        Ids of rules.

    Returns
    -------
    Markup
        One SVG that shows nothing by itself; a rule has the symbol ``spark-{rule}``.
    set of str
        The rules that have one: those with a day in the last year that can be assessed.
    """
    last = found.log.span[1]
    recent = found.days[found.days["date"] > last - pd.Timedelta(days=YEAR)]
    year = replace(found, days=recent)  # the search for one rule in ten years of all costs more than its drawing
    known = set(recent.loc[recent["level"] > "not_assessable", "rule"])
    symbols = []
    with styled(), mpl.rc_context({**SETTINGS, "svg.hashsalt": "spark"}):
        figure = Figure(figsize=SPARK, facecolor="none")
        ax = figure.add_axes((0.01, 0.06, 0.97, 0.88))  # for all of them: to make axes costs more than a line
        for rule in (rule for rule in dict.fromkeys(rules) if rule in known):
            sparkline(year, rule, ax)
            box, content = _write(figure, f"spark-{rule}")
            symbols.append(
                Markup('<symbol id="spark-{}" viewBox="{}">').format(rule, box) + Markup(content + "</symbol>")
            )
            for drawn in (*ax.lines, *ax.patches):
                drawn.remove()
    hidden = Markup('<svg class="symbols" width="0" height="0" aria-hidden="true">{}</svg>')
    return hidden.format(Markup("").join(symbols)), known


def _write(figure: Figure, name: str) -> tuple[str, str]:
    """Write a figure: its viewBox, and what stands within it, fitted to the page."""
    stream, canvas = io.StringIO(), cast("Any", FigureCanvasSVG(figure))  # its methods have no types
    canvas.print_svg(stream, metadata={"Date": None, "Creator": None})  # savefig would draw twice, once for the layout
    text = stream.getvalue()
    text = text[text.index("<svg") : text.rindex("</svg>")]
    text = re.sub(r"<(metadata|style)\b.*?</\1>", "", text, flags=re.DOTALL)
    opening, _, content = text.partition(">")
    box = re.search(r'viewBox="([\d. -]*)"', opening)
    assert box is not None  # matplotlib always gives one
    prefix = re.sub(r"[^a-z0-9]+", "-", name.lower())
    texts = (text if text.strip() else "" for text in _BETWEEN.findall(content))
    tags = _fit_tags(_BETWEEN.sub("><", content), prefix)
    return box[1], re.sub("><", lambda _: f">{next(texts)}<", tags)


def _fit_tags(tags: str, prefix: str) -> str:
    """Fit tags of a figure to the page; without what stands between them, for a name from a file may look like one."""
    meant = set(re.findall(r'(?:url\(|href=")#([^)"]+)', tags))
    tags = re.sub(r' id="([^"]*)"', lambda found: found[0] if found[1] in meant else "", tags)
    tags = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{prefix}-", tags)  # ids are unique on the whole page
    tags = re.sub(r"'DejaVu Sans'[^;\"]*", "var(--sans)", tags).replace("xlink:href", "href")
    tags = _PATH.sub(lambda found: shorten_path(found[0]), tags)
    tags = re.sub(r"(\d\.\d\d)\d+", r"\1", tags)  # a hundredth of a point is finer than any screen
    for colour, variable in COLOUR_NAMES.items():
        tags = tags.replace(colour, f"var(--{variable})")
    return tags


def shorten_path(path: str) -> str:
    """Return the path data of an SVG in steps from point to point, in tenths of a point.

    Parameters
    ----------
    path : str
        Absolute ``M``, ``L``, ``Q``, ``C`` and ``z``, as matplotlib writes them.

    Notes
    -----
    The end of each step is rounded, not the step, so that errors do not add up.
    """
    at, start, told = (0, 0), (0, 0), []
    for letter, rest in _STEPS.findall(path):
        if letter == "z":
            told.append("z")
            at = start
            continue
        numbers = [round(10 * float(number)) for number in rest.split()]
        points = list(zip(numbers[::2], numbers[1::2], strict=True))
        steps = [(x - at[0], y - at[1]) for x, y in points]
        at = points[-1]
        if letter == "M":
            start = at
        if letter == "L" and steps[0][0] == 0:
            told.append(f"v{_tenths(steps[0][1])}")
        elif letter == "L" and steps[0][1] == 0:
            told.append(f"h{_tenths(steps[0][0])}")
        else:
            told.append(letter.lower() + " ".join(f"{_tenths(x)} {_tenths(y)}" for x, y in steps))
    return "".join(told)


def _tenths(number: int) -> str:
    whole, tenth = divmod(abs(number), 10)
    sign = "-" if number < 0 else ""
    return f"{sign}{whole}.{tenth}" if tenth else f"{sign}{whole}"
