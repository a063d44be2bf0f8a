"""One self-contained page: what was recorded, laid beside what the guidance asks.

The page holds no script and asks nothing of the network. Everything that comes from a file is escaped. It opens with
what asks for a doctor, and it never speaks of a probability.
"""

from __future__ import annotations

import io
import os
import re
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.figure import Figure

from loadlens import __version__, figures, words
from loadlens import report_sections as sections
from loadlens.day_grid import CALENDAR_NAMES
from loadlens.figure_style import CSS_NAMES, styled
from loadlens.guidance import LEVELS
from loadlens.plan_figure import measure_plan, plot_plan
from loadlens.planning import plan, tell_plan
from loadlens.robustness import is_on_volume, recount, tell_recount
from loadlens.summaries import templates

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

    from loadlens.findings import Assessment

WIDE, NARROW = 9.0, 3.7
"""Widths of the figures [inch]: one for a desk and for paper, one for a telephone; the page shows the one that fits."""

RULES_DRAWN = 8
COLOUR_NAMES = {**CSS_NAMES, **CALENDAR_NAMES}


def report(found: Assessment, path: str | os.PathLike[str] | None = None, lang: str = "en") -> Path | str:
    """Write the report of an assessment as one HTML page.

    Parameters
    ----------
    found : Assessment
        What `assess` returns.
    path : path, optional
        Where to write it; its folder must exist. The page is returned as text when left out.
    lang : {"en", "nl"}
        Language.

    Returns
    -------
    Path or str
        The file that was written, or the page itself.

    Raises
    ------
    FileNotFoundError, IsADirectoryError
        The folder of `path` does not exist, or `path` is a folder.
    """
    target = None if path is None else _check_target(Path(path).expanduser())
    page = _render(found, lang)
    if target is None:
        return page
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        part.write_text(page, encoding="utf-8")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target


def _check_target(target: Path) -> Path:
    if target.is_dir():
        raise IsADirectoryError(f"{target}: is a folder; give the name of a file in it, such as report.html")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{target.parent}: no such folder; make it first, or write the report elsewhere")
    return target


def _render(found: Assessment, lang: str) -> str:
    recent, older = sections.alarms(found, lang)
    outside = sections.outside_now(found, lang)
    return templates().get_template("report.html.j2").render(
        lang=lang,
        say=partial(words.say, lang=lang),
        version=__version__,
        guidance=found.guidance,
        title=found.guidance.title[lang],
        levels=LEVELS,
        css=Markup(_style_sheet()),
        head=sections.summary(found, lang),
        red=sections.red_flags(found, lang),
        outside=outside,
        drawn={row["id"]: _draw_rule(found, row, lang) for row in outside[:RULES_DRAWN]},
        ways={row["id"]: _count_ways(found, row["id"], lang) for row in outside},
        within=sections.within_now(found, lang),
        missing=sections.not_assessable_now(found, lang),
        recent=recent,
        older=older,
        sheet=sections.statements(found, lang),
        planned=_tell_plan(found, lang),
        page_notes=sections.page_notes(found.guidance, lang),
        page_about=sections.page_about(found.guidance, lang),
        sources=sections.sources(found.log, lang),
        ledger=sections.ledger(found.log, lang),
        references=sections.references(found.guidance, lang),
        **_draw_all(found, lang),
    )  # fmt: skip


def _draw_all(found: Assessment, lang: str) -> dict[str, Markup]:
    heights = figures.measure_heights(found)
    draw: dict[str, Callable[[Axes], Axes]] = {
        "timeline": lambda ax: figures.plot_timeline(found, ax, lang),
        "guidance_figure": lambda ax: figures.plot_guidance(found, ax, lang),
        "calendar": lambda ax: figures.plot_calendar(found.log, ax, lang),
    }
    alts = {"timeline": "timeline_alt", "guidance_figure": "guidance_alt", "calendar": "calendar_alt"}
    return {name: _both_sizes(name, draw[name], heights[name], _describe(found, alts[name], lang)) for name in draw}


def _count_ways(found: Assessment, rule: str, lang: str) -> str:
    """Say whether a verdict on volume holds when volume is counted in other ways; empty for other rules."""
    return tell_recount(recount(found, rule), lang) if is_on_volume(found.guidance.rules[rule]) else ""


def _tell_plan(found: Assessment, lang: str) -> dict[str, Any]:
    """Say how far the next run and week can go, and draw it; only said where there is nothing to draw."""
    table = plan(found.log, found.guidance)
    lines = tell_plan(table, found.guidance, lang)
    if not (table["kind"] == "limit").any():
        return {"lines": lines, "figure": ""}
    alt = f"{words.say('plan.title', lang)}. {' '.join(lines[:2])}"
    draw = partial(plot_plan, table, found.guidance, lang=lang)
    return {"lines": lines, "figure": _both_sizes("plan", draw, measure_plan(table), alt)}


def _draw_rule(found: Assessment, row: dict[str, Any], lang: str) -> Markup:
    def draw(ax: Axes) -> Axes:
        figures.plot_rule(found, row["id"], ax, lang)
        ax.set_title("")  # the page has just said the name of the rule and what the guidance asks
        for text in ax.texts:
            text.set_visible(text.get_gid() != figures.SUBTITLE)
        return ax

    alt = f"{words.say('report.rule_alt', lang, name=row['name'])}. {row['finding']}"
    return _both_sizes(f"rule-{row['id']}", draw, (2.3, 2.4), alt)


def _describe(found: Assessment, key: str, lang: str) -> str:
    head = sections.summary(found, lang)
    days = words.say("report.days_known", lang, **head["days"])
    span = words.say("report.from_to", lang, first=head["first"], last=head["last"])
    return f"{words.say(f'report.{key}', lang)}, {span}. {days}"


def _both_sizes(name: str, draw: Callable[[Axes], Axes], heights: tuple[float, float], alt: str) -> Markup:
    drawn = [
        _inline(f"{name}-{size}", draw, width, height, alt, size)
        for size, width, height in (("wide", WIDE, heights[0]), ("narrow", NARROW, heights[1]))
    ]
    return Markup("").join(drawn)


def _inline(name: str, draw: Callable[[Axes], Axes], width: float, height: float, alt: str, size: str) -> Markup:
    """Draw a figure as inline SVG whose colours are the page's variables and whose letters are the page's."""
    stream = io.StringIO()
    with styled(), mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure.add_subplot())
        figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    text = re.sub(r"<(metadata|style)\b.*?</\1>", "", text[text.index("<svg") :], flags=re.DOTALL)
    prefix = re.sub(r"[^a-z0-9]+", "-", name.lower())
    svg = re.sub(r"<[^>]+>", lambda tag: _fit_tag(tag[0], prefix), text)
    opening = Markup('<svg class="{}" role="img" aria-label="{}" ').format(size, alt)
    svg = re.sub(r'<svg [^>]*?(viewBox="[^"]*")[^>]*>', lambda found: f"{opening}{found[1]}>", svg, count=1)
    return Markup(svg)  # matplotlib escapes what it writes


def _fit_tag(tag: str, prefix: str) -> str:
    """Fit one tag of a figure to the page; what stands between tags, such as a name from a file, is left alone."""
    tag = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{prefix}-", tag)  # ids are unique on the whole page
    tag = re.sub(r"'DejaVu Sans'[^;\"]*", "var(--sans)", tag)
    tag = re.sub(r"(\d\.\d\d)\d+", r"\1", tag)  # a hundredth of a point is finer than any screen
    for colour, variable in COLOUR_NAMES.items():
        tag = tag.replace(colour, f"var(--{variable})")
    return tag


@cache
def _style_sheet() -> str:
    loader = templates().loader
    assert loader is not None
    return loader.get_source(templates(), "report.css")[0]
