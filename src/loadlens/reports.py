"""One self-contained page: what was recorded, laid beside what the guidance asks.

The page holds no script and asks nothing of the network. Everything that comes from a file is escaped. It opens with
what asks for a doctor, and it never speaks of a probability.
"""

from __future__ import annotations

import os
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from loadlens import __version__, figures, words
from loadlens import report_sections as sections
from loadlens.drawing.plan_figure import measure_plan, plot_plan
from loadlens.episodes import tell_alarms
from loadlens.guidance import LEVELS
from loadlens.letters import write_letter
from loadlens.page_figures import inline_figure, inline_sparks
from loadlens.paper import print_page
from loadlens.planning import plan, tell_plan
from loadlens.robustness import is_on_volume, recount, tell_recount
from loadlens.summaries import templates
from loadlens.tallies import tally_months

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

    from loadlens.findings import Assessment

RULES_DRAWN = 8

TITLES = {
    "red-flags": "report.red_flags",
    "now": "report.now",
    "not-assessable": "report.not_assessable",
    "timeline": "report.timeline",
    "episodes": "report.episodes",
    "sheet": "report.guidance_sheet",
    "plan": "plan.title",
    "read": "page.ledger_title",
    "evidence": "report.evidence",
    "no-claim": "report.no_claim",
}
"""The sections of the page, in their order: id and heading."""

OVERRIDES = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
"""Signs that turn the direction of writing: one in a name from a file would reverse our own words after it."""


def report(
    found: Assessment, path: str | os.PathLike[str] | None = None, lang: str = "en", *, name: str | None = None
) -> Path | str:
    """Write the report of an assessment as one HTML page, or on paper as PDF.

    Printed, it begins with a letter of one page for a physiotherapist; the rest is its appendix.

    Parameters
    ----------
    found : Assessment
        What `assess` returns.
    path : path, optional
        Where to write it; its folder must exist. A name that ends in ``.pdf`` gives a PDF, which takes Chromium, Chrome
        or WeasyPrint. The page is returned as text when left out.
    lang : {"en", "nl"}
        Language.
    name : str, optional
        Of the runner, for the letter. A log holds no names, so none is given when left out.

    Returns
    -------
    Path or str
        The file that was written, or the page itself.

    Raises
    ------
    FileNotFoundError, IsADirectoryError
        The folder of `path` does not exist, or `path` is a folder; or nothing is installed that makes a PDF.
    TimeoutError, OSError
        The program that makes the PDF took too long, or failed.
    """
    target = None if path is None else check_target(Path(path).expanduser(), lang)
    page = _render(found, lang, name)
    return page if target is None else write_page(page, target, lang)


def write_page(page: str, target: Path, lang: str = "en") -> Path:
    """Write a page that `report` returned, as HTML or as PDF, whole or not at all.

    Parameters
    ----------
    page : str
        The page.
    target : Path
        Where to; as `path` of `report`.
    lang : {"en", "nl"}
        Language of messages.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, TimeoutError, OSError
        As `report`.
    """
    part = check_target(target, lang).with_name(f".{target.name}.{os.getpid()}.part")
    try:
        if target.suffix.lower() == ".pdf":
            part.write_bytes(print_page(page, target, lang))
        else:
            part.write_text(page, encoding="utf-8")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target


def check_target(target: Path, lang: str = "en") -> Path:
    """Return the place of a report, when one can be written there.

    Parameters
    ----------
    target : Path
        Name of the file to be.
    lang : {"en", "nl"}
        Language of messages.

    Raises
    ------
    FileNotFoundError, IsADirectoryError
        Its folder does not exist, or it is a folder.
    """
    if target.is_dir():
        raise IsADirectoryError(words.say("paper.is_folder", lang, where=target))
    if not target.parent.is_dir():
        raise FileNotFoundError(words.say("paper.no_folder", lang, where=target.parent))
    return target


def _render(found: Assessment, lang: str, name: str | None) -> str:
    recent, older = tell_alarms(found, lang)
    outside = sections.outside_now(found, lang)
    sheet = sections.statements(found, lang)
    sparks, sparked = inline_sparks(
        found, (rule for group in sheet for row in group["statements"] for rule in row["rules"])
    )
    titles = {key: words.say(phrase, lang) for key, phrase in TITLES.items()}
    page = templates().get_template("report.html.j2").render(
        lang=lang,
        say=partial(words.say, lang=lang),
        version=__version__,
        guidance=found.guidance,
        title=found.guidance.title[lang],
        titles=titles,
        contents=list(titles.items()),
        levels=LEVELS,
        css=Markup(_style_sheet()),
        letter=write_letter(found, lang, name),
        head=sections.summary(found, lang),
        red=sections.red_flags(found, lang),
        outside=outside,
        drawn={row["id"]: _draw_rule(found, row, lang) for row in outside[:RULES_DRAWN]},
        ways={row["id"]: _count_ways(found, row["id"], lang) for row in outside},
        within=sections.within_now(found, lang),
        missing=sections.not_assessable_now(found, lang),
        months=tally_months(found, lang),
        recent=recent,
        older=older,
        sheet=sheet,
        sparks=sparks,
        sparked=sparked,
        planned=_tell_plan(found, lang),
        page_notes=sections.page_notes(found.guidance, lang),
        page_about=sections.page_about(found.guidance, lang),
        sources=sections.sources(found.log, lang),
        ledger=sections.ledger(found.log, lang),
        references=sections.references(found.guidance, lang),
        **_draw_all(found, lang),
    )  # fmt: skip
    return page.translate(OVERRIDES)


def _draw_all(found: Assessment, lang: str) -> dict[str, Markup]:
    heights = figures.measure_heights(found)
    draw: dict[str, Callable[[Axes], Axes]] = {
        "timeline": lambda ax: figures.fit_timeline(found, ax, lang),
        "guidance_figure": lambda ax: figures.plot_guidance(found, ax, lang),
        "calendar": lambda ax: figures.plot_calendar(found.log, ax, lang),
    }
    alts = {"timeline": "timeline_alt", "guidance_figure": "guidance_alt", "calendar": "calendar_alt"}
    return {
        name: inline_figure(name, draw[name], heights.get(name), _describe(found, alts[name], lang)) for name in draw
    }


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
    return {"lines": lines, "figure": inline_figure("plan", draw, measure_plan(table), alt)}


def _draw_rule(found: Assessment, row: dict[str, Any], lang: str) -> Markup:
    def draw(ax: Axes) -> Axes:
        figures.plot_rule(found, row["id"], ax, lang)
        ax.set_title("")  # the page has just said the name of the rule and what the guidance asks
        for text in ax.texts:
            text.set_visible(text.get_gid() != figures.SUBTITLE)
        return ax

    alt = f"{words.say('report.rule_alt', lang, name=row['name'])}. {row['finding']}"
    return inline_figure(f"rule-{row['id']}", draw, (2.3, 2.4), alt)


def _describe(found: Assessment, key: str, lang: str) -> str:
    head = sections.summary(found, lang)
    days = words.say("report.days_known", lang, **head["days"])
    span = words.say("report.from_to", lang, first=head["first"], last=head["last"])
    return f"{words.say(f'report.{key}', lang)}, {span}. {days}"


@cache
def _style_sheet() -> str:
    loader = templates().loader
    assert loader is not None
    return loader.get_source(templates(), "report.css")[0]
