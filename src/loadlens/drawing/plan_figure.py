"""Drawing a plan: how far each rule lets the next run and the next seven days go, and which is the first limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from loadlens import words
from loadlens.drawing import figure_style as style
from loadlens.drawing.figure_style import GRID, INK, LEVEL_COLOURS, LEVEL_HATCHES, MUTED, PAPER, RUN, UNKNOWN

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from loadlens.guidance import Guidance

ROW, HEAD, FOOT = 0.38, 0.34, 0.5
"""Height of a rule, of the title and of the axis of a panel [inch]."""

TELEPHONE = 5
"""On axes narrower than this [inch] the names of the rules stand above the bars, not beside them."""

BAR = 0.5
"""Height of a bar, as a share of that of a rule."""

OPEN_HATCH = "\\\\\\\\"


def plot_plan(table: pd.DataFrame, guidance: Guidance, ax: Axes | None = None, lang: str = "en") -> Axes:
    """Draw a plan: for the next run and the next seven days a bar per rule, up to note, up to watch, and beyond.

    Parameters
    ----------
    table : DataFrame
        What `plan` returns.
    guidance : Guidance
        What it was made by.
    ax : Axes, optional
        Where to draw; its panels are inset in it (``ax.child_axes``). A new figure when left out.
    lang : {"en", "nl"}
        Language.

    Returns
    -------
    Axes
        The axes that hold the two panels; only words where a red flag leaves no plan.
    """
    limits, comeback = table[table["kind"] == "limit"], table[table["kind"] == "comeback"]
    panels = [limits[limits["span"] == span].to_dict("records") for span in ("run", "week")]
    panels = [rows for rows in panels if rows]
    heights = [HEAD + ROW * len(rows) + FOOT for rows in panels]
    with style.styled():
        ax = style.new_axes(ax, 8.2, measure_plan(table)[0])
        ax.set_axis_off()
        if not panels:
            key = "figure_red" if (table["kind"] == "red_flag").any() else "head_unknown"
            said = words.say(f"plan.{key}", lang, span=words.say("plan.title", lang))
            ax.text(0, 0.5, said, transform=ax.transAxes, fontweight="bold", color=INK, wrap=True)
            return ax
        inches, top = style.width_of(ax), sum(heights)
        for rows, height in zip(panels, heights, strict=True):
            share = (top - HEAD - ROW * len(rows)) / sum(heights)
            panel = ax.inset_axes((0, share, 1, ROW * len(rows) / sum(heights)))
            _draw_panel(panel, rows, guidance, inches, lang)
            rest = "_rest" if rows[0]["span"] == "run" and (table["kind"] == "no_run").any() else ""
            first = words.date(rows[0]["first"], lang, year=False)
            if rows[0]["span"] == "run" and len(comeback):
                step = comeback["note"].iloc[0] * words.axis_unit("m", lang)[1]
                panel.axvline(step, color=INK, linewidth=1.4, linestyle=(0, (1, 1.5)), zorder=4)
            panel.set_title(words.say(f"plan.figure_{rows[0]['span']}{rest}", lang, date=first))
            top -= height
        style.legend_below(ax, _keys(limits, comeback, lang), 0.05, beside=0 if inches < TELEPHONE else 1.6)
    return ax


def measure_plan(table: pd.DataFrame) -> tuple[float, float]:
    """Return how high [inch] the figure of a plan wants to be, on a wide page and on a telephone."""
    spans = table.loc[table["kind"] == "limit", "span"]
    panels = float(spans.nunique() * (HEAD + FOOT) + ROW * len(spans))
    return panels + 0.6, panels + 1.7


def _draw_panel(ax: Axes, rows: list[dict[Any, Any]], guidance: Guidance, inches: float, lang: str) -> None:
    unit, factor = words.axis_unit("m", lang)
    ends = np.array([[row["note_high"], row["watch_high"]] for row in rows]) * factor
    reach = 1.12 * float(np.max(ends[np.isfinite(ends)], initial=10.0))
    names = [style.drawable(guidance.rules[row["rule"]].words[lang]["name"], 34) for row in rows]
    for at, row in enumerate(rows):
        _draw_row(ax, at, row, factor, reach, lang)
        if inches < TELEPHONE:
            weight = "bold" if row["binds"] else "normal"
            ax.text(0, at - 0.26, names[at], ha="left", va="bottom", fontsize=8, fontweight=weight, color=INK, zorder=5)
    ax.set_xlim(0, reach)
    ax.set_ylim(len(rows) - 0.45, -0.7 if inches < TELEPHONE else -0.55)
    ax.set_yticks(range(len(rows)), names if inches >= TELEPHONE else [""] * len(rows), color=INK)
    for label, row in zip(ax.get_yticklabels(), rows, strict=True):
        label.set_fontweight("bold" if row["binds"] else "normal")
    ax.spines["left"].set_visible(False)
    ax.grid(axis="x", color=GRID, linewidth=0.6)
    ax.set_axisbelow(True)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=max(2, int(inches)), steps=[1, 2, 5, 10], integer=True))
    ax.set_xlabel(unit, loc="right")


def _draw_row(ax: Axes, at: int, row: dict[Any, Any], factor: float, reach: float, lang: str) -> None:
    """Draw what lies within, what is a note, what asks attention; what is open or unknown is hatched."""

    def bar(begin: float, end: float, **look: Any) -> None:
        if end > begin:
            ax.barh(at, end - begin, left=begin, height=BAR, linewidth=0, zorder=2, **look)

    if row["reason"]:
        bar(0, reach, facecolor=PAPER, edgecolor=UNKNOWN, hatch=LEVEL_HATCHES["not_assessable"])
        _write(ax, 0.01 * reach, at, words.say("plan.figure_unknown", lang), MUTED)
        return
    note, note_high, watch, watch_high = (
        min(row[name] * factor, reach) for name in ("note", "note_high", "watch", "watch_high")
    )
    bar(0, note, facecolor=RUN)
    bar(note_high, watch, facecolor=LEVEL_COLOURS["note"])
    bar(max(watch_high, note_high), reach, facecolor=LEVEL_COLOURS["watch"], edgecolor=PAPER, hatch="////")
    for low, high in ((note, note_high), (max(watch, note_high), watch_high)):
        bar(low, high, facecolor=PAPER, edgecolor=INK, hatch=OPEN_HATCH)
    if np.isfinite(row["note"]):
        said = words.quantity(row["note"] // 100 * 100, "m", lang)
        inside = note > 0.16 * reach
        _write(
            ax, note - 0.008 * reach if inside else note + 0.008 * reach, at, said, INK, "right" if inside else "left"
        )
    if row["binds"]:
        ax.plot([note, note], [at - 0.36, at + 0.36], color=INK, linewidth=2.2, zorder=4, solid_capstyle="butt")


def _write(ax: Axes, x: float, at: int, text: str, colour: str, side: str = "left") -> None:
    box: Any = {"facecolor": PAPER, "edgecolor": "none", "alpha": 0.8, "pad": 1.0}
    ax.text(x, at, text, ha=side, va="center", fontsize=7.5, color=colour, bbox=box, zorder=5)


def _keys(limits: pd.DataFrame, comeback: pd.DataFrame, lang: str) -> list[Any]:
    """Give the entries of the legend that the figure holds."""
    is_open = ((limits["note"] < limits["note_high"]) | (limits["watch"] < limits["watch_high"])).any()
    keys: list[Any] = [
        Patch(facecolor=RUN, label=words.say("plan.figure_within", lang)),
        Patch(facecolor=LEVEL_COLOURS["note"], label=words.say("plan.figure_note", lang)),
        Patch(facecolor=LEVEL_COLOURS["watch"], edgecolor=PAPER, linewidth=0, hatch="////",
              label=words.say("plan.figure_watch", lang)),
    ]  # fmt: skip
    if limits["binds"].any():
        keys.append(Line2D([], [], color=INK, linewidth=2.2, label=words.say("plan.figure_binds", lang)))
    if len(comeback):
        label = words.say("plan.figure_comeback", lang)
        keys.append(Line2D([], [], color=INK, linewidth=1.4, linestyle=(0, (1, 1.5)), label=label))
    if is_open:
        label = words.say("plan.figure_open", lang)
        keys.append(Patch(facecolor=PAPER, edgecolor=INK, linewidth=0, hatch=OPEN_HATCH, label=label))
    if (limits["reason"] != "").any():
        label = words.say("plan.figure_unknown", lang)
        hatch = LEVEL_HATCHES["not_assessable"]
        keys.append(Patch(facecolor=PAPER, edgecolor=UNKNOWN, linewidth=0, hatch=hatch, label=label))
    return keys
