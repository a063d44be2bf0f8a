"""Drawing the guidance sheet: a row for every statement, with where the runner stands and what research says.

The rows are those of `guidance_sheet.sheet_rows`; nothing is computed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from matplotlib.patches import Rectangle

from loadlens import words
from loadlens.drawing import figure_style as style
from loadlens.drawing.figure_style import GRID, INK, LEVEL_COLOURS, LEVEL_HATCHES, MUTED, PAPER, UNKNOWN
from loadlens.guidance_sheet import NOT_CHECKED, YEAR, sheet_rows, sparkline

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from loadlens.findings import Assessment

NEW = 10.5
"""Width of a new figure [inch]."""

TELEPHONE = 5
"""On axes narrower than this [inch] the parts of a row stand below one another."""

LINE, SPACE, HEAD, SECTION = 0.145, 0.15, 0.5, 0.34
"""Height of a line of text, of the room below a row, of the head and of the name of a section [inch]."""

SIGNS_AN_INCH = 17.0
SPARK = (1.35, 0.32)
"""Width and height of a small line [inch]."""

EVIDENCE, NOW = 1.2, 1.3
"""Width of the columns that say what research says and how things stand now [inch]."""


@dataclass(frozen=True)
class _Columns:
    """Where each part of a row begins, and how wide the texts are [inch]."""

    says: float
    stands: float
    spark: float
    evidence: float
    level: float
    wide_says: float
    wide_stands: float


def plot_sheet(found: Assessment, ax: Axes | None = None, lang: str = "en", section: str | None = None) -> Axes:
    """Draw the guidance sheet: what the page says, what the log says, the last year, research, and the level now.

    Parameters
    ----------
    found : Assessment
        What `assess` returns.
    ax : Axes, optional
        Where to draw; the small lines are inset in it (``ax.child_axes``). A new figure, as high as the sheet needs,
        when left out.
    lang : {"en", "nl"}
        Language.
    section : str, optional
        One section of the page, as `sheet_rows` names it: the whole sheet is some pages long.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        The page has no such section; the message names those it has.
    """
    rows = _take_rows(found, lang, section)
    with style.styled():
        inches = NEW - 0.3 if ax is None else style.width_of(ax)
        columns = _set_columns(inches)
        laid = [(row, *_fold(row, columns)) for row in rows]
        heights = [_height(row, says, stands, inches) for row, says, stands in laid]
        total = HEAD + SECTION * len({row["section"] for row in rows}) + sum(heights)
        ax = style.new_axes(ax, NEW, total + 0.2)
        ax.set_axis_off()
        ax.set_xlim(0, inches)
        ax.set_ylim(total, 0)
        _write_head(ax, found, columns, inches, lang)
        at, before = HEAD, None
        for (row, says, stands), height in zip(laid, heights, strict=True):
            if row["section"] != before:
                _write(ax, 0, at + 0.08, [style.drawable(row["section"], 60)], INK, fontsize=9, fontweight="bold")
                at, before = at + SECTION, row["section"]
            _draw_row(ax, found, row, says, stands, at, columns, inches, lang)
            at += height
            ax.plot([0, inches], [at - SPACE / 2] * 2, color=GRID, linewidth=0.7)
    return ax


def measure_sheet(found: Assessment, lang: str = "en", section: str | None = None) -> tuple[float, float]:
    """Return how high [inch] the sheet wants to be, on a wide page and on a telephone."""
    rows = _take_rows(found, lang, section)
    sections = HEAD + SECTION * len({row["section"] for row in rows}) + 0.2
    wide, narrow = (
        sections + sum(_height(row, *_fold(row, _set_columns(inches)), inches) for row in rows)
        for inches in (NEW - 0.3, 3.1)
    )
    return wide, narrow


def _take_rows(found: Assessment, lang: str, section: str | None) -> list[dict[str, Any]]:
    rows = sheet_rows(found, lang)
    sections = dict.fromkeys(row["section"] for row in rows)
    if section is not None and section not in sections:
        raise ValueError(f"{section}: the page has no such section; it has {'; '.join(sections)}")
    return [row for row in rows if section in (None, row["section"])]


def _set_columns(inches: float) -> _Columns:
    """Divide the width; on a telephone everything begins at the left and the small line stands on the right."""
    if inches < TELEPHONE:
        return _Columns(0, 0, inches - SPARK[0], 0, 0, inches, inches)
    free = inches - SPARK[0] - EVIDENCE - NOW - 0.6
    stands = 0.45 * free + 0.2
    spark = stands + 0.55 * free + 0.2
    return _Columns(0, stands, spark, spark + SPARK[0] + 0.2, inches - NOW, 0.45 * free, 0.55 * free)


def _fold(row: dict[str, Any], columns: _Columns) -> tuple[list[str], list[str]]:
    """Break what the page says, its number, and what the log says into lines."""
    says = [*style.fold(row["says"], int(columns.wide_says * SIGNS_AN_INCH))]
    told = [text for text in (row["stands"], row["because"]) if text]
    return says, [line for text in told for line in style.fold(text, int(columns.wide_stands * SIGNS_AN_INCH))]


def _fold_number(row: dict[str, Any], columns: _Columns) -> list[str]:
    return style.fold(row["number"], int(columns.wide_says * SIGNS_AN_INCH * 0.85))  # bold signs are wider


def _height(row: dict[str, Any], says: list[str], stands: list[str], inches: float) -> float:
    left = len(says) + len(_fold_number(row, _set_columns(inches)))
    if inches < TELEPHONE:
        return LINE * (left + len(stands)) + SPARK[1] + SPACE
    return max(LINE * max(left, len(stands)), SPARK[1]) + SPACE


def _write_head(ax: Axes, found: Assessment, columns: _Columns, inches: float, lang: str) -> None:
    date = words.date(found.log.span[1], lang)
    title = words.say("sheet.title", lang, date=date)
    if inches < TELEPHONE:
        _write(ax, 0, 0, style.fold(title, int(inches * 12)), INK, fontsize=9, fontweight="bold")
        return
    _write(ax, 0, 0, [title], INK, fontsize=10, fontweight="bold")
    span = "sheet.head_year" if len(found.log.days) >= YEAR else "sheet.head_span"
    heads = {
        columns.says: "sheet.head_says", columns.stands: "sheet.head_stands", columns.spark: span,
        columns.evidence: "sheet.head_evidence", columns.level: "sheet.head_now",
    }  # fmt: skip
    for x, key in heads.items():
        _write(ax, x, 0.28, [words.say(key, lang)], MUTED, fontsize=8)


def _draw_row(
    ax: Axes,
    found: Assessment,
    row: dict[str, Any],
    says: list[str],
    stands: list[str],
    at: float,
    columns: _Columns,
    inches: float,
    lang: str,
) -> None:
    """Draw one statement: on a wide page side by side, on a telephone below one another."""
    narrow = inches < TELEPHONE
    advice = row["level"] == NOT_CHECKED
    _write(ax, columns.says, at, says, INK)
    below = at + LINE * len(says)
    number = _fold_number(row, columns)
    _write(ax, columns.says, below, number, MUTED, fontweight="bold")
    below += LINE * len(number)
    _write(ax, columns.stands, below if narrow else at, stands, MUTED if advice or not row["stands"] else INK)
    foot = below + LINE * len(stands) if narrow else at
    _write(ax, columns.evidence, foot + (0.16 if narrow else 0), [row["evidence"]], INK)
    _draw_level(ax, columns.level, foot, row["level"], lang)
    if row["rules"]:
        height = ax.get_ylim()[0]
        box = (columns.spark / inches, 1 - (foot + SPARK[1]) / height, SPARK[0] / inches, SPARK[1] / height)
        lane = ax.inset_axes(box)
        lane.set_in_layout(False)
        sparkline(found, row["rules"][0], lane)


def _write(ax: Axes, x: float, top: float, lines: list[str], colour: str, **look: Any) -> None:
    """Write lines of text downwards; they were broken to fit, so the layout need not look at them again."""
    for number, line in enumerate(lines):
        text = ax.text(x, top + LINE * number, line, va="top", color=colour, **{"fontsize": 7.6, **look})
        text.set_in_layout(False)


def _draw_level(ax: Axes, x: float, top: float, level: str, lang: str) -> None:
    """Draw the colour of a level and its name; advice that no rule checks has no colour."""
    if level == NOT_CHECKED:
        _write(ax, x, top, [words.say("sheet.not_checked", lang)], MUTED)
        return
    edge = UNKNOWN if level == "not_assessable" else PAPER
    box = Rectangle((x, top + 0.01), 0.16, 0.11, facecolor=LEVEL_COLOURS[level], edgecolor=edge, linewidth=0)
    if level in LEVEL_HATCHES:
        box.set_hatch(LEVEL_HATCHES[level])
    ax.add_patch(box)
    _write(ax, x + 0.22, top, [words.say(f"levels_short.{level}", lang)], INK)
