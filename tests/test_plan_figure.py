"""The figure of a plan shows its numbers, marks the first limit, hatches what is open, and is read without colour."""

from __future__ import annotations

from itertools import pairwise

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from loadlens import words
from loadlens.drawing.figure_style import LEVEL_COLOURS, LEVEL_HATCHES, RUN
from loadlens.drawing.plan_figure import OPEN_HATCH, measure_plan, plot_plan
from loadlens.guidance import read_guidance
from loadlens.planning import COLUMNS

GUIDANCE = read_guidance()
DAY = pd.Timestamp("2024-07-27")


def made_plan(**changes) -> pd.DataFrame:
    """Two rules for a run and a week: 11 and 15 km before a note and attention; the other only ever notes, at 3 km."""
    rows = []
    for span, factor in (("run", 1), ("week", 3)):
        base = {"kind": "limit", "span": span, "level": "ok", "first": DAY, "last": DAY, "days": str(DAY.date())}
        note = {"note": 3_000.0, "note_high": 3_000.0, "watch": np.inf, "watch_high": np.inf}
        both = {"note": 11_000.0, "note_high": 11_000.0, "watch": 15_000.0, "watch_high": 15_000.0} | changes
        limits = {name: value * factor if name in note else value for name, value in both.items()}
        rows.append(base | note | {"rule": "weekly_increase", "binds": True})
        rows.append(base | limits | {"rule": "longest_run", "binds": False})
    return pd.DataFrame([{"reason": ""} | row for row in rows]).reindex(columns=list(COLUMNS))


def drawn(table: pd.DataFrame, width: float = 8, lang: str = "en") -> Axes:
    height = measure_plan(table)[0 if width > 5 else 1]
    ax = Figure(figsize=(width, height), layout="constrained").add_subplot()
    plot_plan(table, GUIDANCE, ax, lang)
    ax.figure.draw_without_rendering()
    return ax


def bars(panel: Axes, row: int) -> list[Rectangle]:
    boxes = [patch for patch in panel.patches if isinstance(patch, Rectangle)]
    return [box for box in boxes if box.get_y() < row < box.get_y() + box.get_height()]


def test_bars_end_at_the_limits_in_km():
    """Within up to 11 km, a note up to 15, attention beyond it, to the edge."""
    run = drawn(made_plan()).child_axes[0]
    within, note, watch = bars(run, 1)
    assert (within.get_x(), within.get_width()) == (0, pytest.approx(11))
    assert (note.get_x(), note.get_width()) == (pytest.approx(11), pytest.approx(4))
    assert (watch.get_x(), watch.get_x() + watch.get_width()) == (pytest.approx(15), pytest.approx(run.get_xlim()[1]))
    assert len(bars(run, 0)) == 2  # no distance brings the other rule to attention


def test_both_spans_have_a_panel_of_their_own_and_the_binding_rule_is_marked():
    ax = drawn(made_plan())
    assert len(ax.child_axes) == 2
    for panel in ax.child_axes:
        weights = [label.get_fontweight() for label in panel.get_yticklabels()]
        assert weights == ["bold", "normal"]
        assert [line.get_xdata()[0] for line in panel.lines] == [pytest.approx(3)]


def test_what_missing_load_leaves_open_is_hatched():
    run = drawn(made_plan(note_high=13_200.0, watch_high=18_000.0)).child_axes[0]
    open_bars = [box for box in bars(run, 1) if box.get_hatch() == OPEN_HATCH]
    ends = [(box.get_x(), box.get_x() + box.get_width()) for box in open_bars]
    assert ends == [(pytest.approx(11), pytest.approx(13.2)), (pytest.approx(15), pytest.approx(18))]


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_what_cannot_be_assessed_is_hatched_and_said(lang: str):
    nothing = dict.fromkeys(("note", "note_high", "watch", "watch_high"), np.nan)
    ax = drawn(made_plan(reason="history_too_short", **nothing), lang=lang)
    run = ax.child_axes[0]
    (bar,) = bars(run, 1)
    assert bar.get_hatch() == LEVEL_HATCHES["not_assessable"]
    assert words.say("plan.figure_unknown", lang) in [text.get_text() for text in run.texts]
    assert words.say("plan.figure_unknown", lang) in [text.get_text() for text in ax.get_legend().get_texts()]


def test_within_note_and_attention_differ_in_lightness():
    shades = [
        float(np.dot(to_rgb(c), (0.2126, 0.7152, 0.0722))) for c in (RUN, LEVEL_COLOURS["watch"], LEVEL_COLOURS["note"])
    ]
    assert all(b - a > 0.15 for a, b in pairwise(shades))


def test_on_a_telephone_names_stand_above_the_bars():
    run = drawn(made_plan(), width=3.7).child_axes[0]
    assert [label.get_text() for label in run.get_yticklabels()] == ["", ""]
    assert {"Week against week", "Longest run"} <= {text.get_text() for text in run.texts}


@pytest.mark.parametrize(("kind", "key"), [("red_flag", "figure_red"), ("comeback", "head_unknown")])
def test_without_a_limit_there_are_only_words(kind: str, key: str):
    table = pd.DataFrame([{"kind": kind}]).reindex(columns=list(COLUMNS))
    ax = drawn(table, lang="nl")
    said = words.say(f"plan.{key}", "nl", span=words.say("plan.title", "nl"))
    assert [text.get_text() for text in ax.findobj(Text) if text.get_text()] == [said]
    assert ax.child_axes == []


def test_rest_that_is_asked_first_stands_in_the_title():
    table = made_plan()
    rest = table.iloc[:1].assign(kind="no_run")
    ax = drawn(pd.concat([rest, table], ignore_index=True))
    assert ax.child_axes[0].get_title(loc="left") == words.say("plan.figure_run_rest", date="27 Jul")


def test_it_takes_and_gives_axes_and_leaves_no_settings():
    plt.close("all")
    before = mpl.rcParams.copy()
    ax = Figure(figsize=(8, 3), layout="constrained").add_subplot()
    assert plot_plan(made_plan(), GUIDANCE, ax) is ax
    assert plt.get_fignums() == []
    plt.close(plot_plan(made_plan(), GUIDANCE).get_figure(root=True))
    assert dict(mpl.rcParams) == dict(before)
