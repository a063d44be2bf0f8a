"""Figures say what the log says: sums, marks, hatches and names, in both languages, and they leave nothing behind."""

from __future__ import annotations

from itertools import pairwise

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.patches import PathPatch

from builders import build_activities, build_log
from drawing import hatched, hide, made_log, new_axes, written
from loadlens import figures, words
from loadlens.drawing.figure_style import LEVEL_COLOURS, LEVEL_HATCHES, drawable, spans
from loadlens.findings import Assessment, assess
from loadlens.guidance import LEVELS


@pytest.fixture(scope="module")
def year() -> Assessment:
    return assess(hide(made_log(366, gear="Red"), "2024-05-06", "2024-05-26"))


def test_every_rule_has_a_row_and_not_assessable_is_not_within(year: Assessment):
    ax = new_axes()
    assert figures.plot_guidance(year, ax) is ax
    rules = year.guidance.rules.values()
    assert [label.get_text() for label in ax.get_yticklabels()] == [drawable(r.words["en"]["name"], 44) for r in rules]
    unassessed = hatched(ax, LEVEL_HATCHES["not_assessable"])[0]
    (within,) = [p for p in ax.findobj(PathPatch) if np.allclose(p.get_facecolor()[:3], to_rgb(LEVEL_COLOURS["ok"]))]
    assert within.get_hatch() is None
    assert unassessed.get_facecolor() != within.get_facecolor()


def test_levels_grow_darker_so_that_greyscale_and_colour_blind_readers_see_them():
    lightness = [float(np.dot(to_rgb(LEVEL_COLOURS[level]), (0.2126, 0.7152, 0.0722))) for level in LEVELS[1:]]
    assert all(a - b > 0.03 for a, b in pairwise(lightness))
    hatches = [LEVEL_HATCHES.get(level) for level in ("watch", "act", "doctor", "not_assessable")]
    assert len(set(hatches)) == 4


@pytest.mark.parametrize(
    ("lang", "expected"), [("en", "attention from 700 km (page)"), ("nl", "let op vanaf 700 km (pagina)")]
)
def test_limits_say_whose_number_they_are(year: Assessment, lang: str, expected: str):
    ax = new_axes(9, 3)
    assert figures.plot_rule(year, "shoes", ax, lang) is ax
    assert expected in [text.replace("\u00a0", " ") for text in written(ax)]
    rule = year.guidance.rules["shoes"]
    assert rule.words[lang]["name"] in written(ax)
    assert rule.words[lang]["asks"].split()[0] in " ".join(written(ax))


def test_a_rule_that_was_never_assessable_is_drawn_as_such(year: Assessment):
    ax = new_axes(9, 3)
    figures.plot_rule(year, "squat_test", ax)
    assert hatched(ax, LEVEL_HATCHES["not_assessable"])


def test_an_unknown_rule_is_refused_with_the_names_of_those_that_are(year: Assessment):
    with pytest.raises(ValueError, match=r"no such rule; it has .*longest_run"):
        figures.plot_rule(year, "tempo", new_axes())


def test_every_day_is_one_cell_of_the_calendar(year: Assessment):
    ax = new_axes()
    assert figures.plot_calendar(year.log, ax) is ax
    cells = sum(len(p.get_path().vertices) // 5 for p in ax.findobj(PathPatch))
    assert cells == 366
    (unknown,) = hatched(ax, "//////")
    assert len(unknown.get_path().vertices) // 5 == 21


def test_a_run_without_a_distance_is_a_run_on_the_calendar():
    ax = new_axes()
    figures.plot_calendar(build_log(build_activities([("2024-01-01", None), ("2024-01-03", 8_000)])), ax)
    assert words.say("figures.run_without_distance") in [t.get_text() for t in ax.get_legend().get_texts()]


def test_figures_leave_no_settings_and_no_open_figures(year: Assessment):
    plt.close("all")
    before = mpl.rcParams.copy()
    figures.plot_timeline(year, new_axes())
    figures.plot_guidance(year, new_axes())
    figures.plot_rule(year, "longest_run", new_axes())
    figures.plot_calendar(year.log, new_axes())
    assert plt.get_fignums() == []
    alone = figures.plot_calendar(year.log)  # without axes there is one new figure, which a notebook shows by itself
    assert plt.get_fignums() == [1]
    plt.close(alone.get_figure(root=True))
    assert dict(mpl.rcParams) == dict(before)


def test_a_log_of_one_day_can_be_drawn():
    found = assess(build_log(build_activities([("2024-02-29", 5_000)])))
    figures.plot_timeline(found, new_axes())
    figures.plot_guidance(found, new_axes())
    figures.plot_rule(found, "longest_run", new_axes())
    assert [label.get_text() for label in figures.plot_calendar(found.log, new_axes()).get_yticklabels()] == ["2024"]


def test_spans_join_what_touches_and_bridge_what_is_too_narrow_to_see():
    mask = np.array([True, True, False, True, False, False, True])
    assert spans(mask, np.arange(8.0)) == [(0, 2), (3, 1), (6, 1)]
    assert spans(mask, np.arange(8.0), bridge=1) == [(0, 4), (6, 1)]
