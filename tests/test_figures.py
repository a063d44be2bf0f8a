"""Figures say what the log says: sums, marks, hatches and names, in both languages, and they leave nothing behind."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.text import Text

from builders import build_activities, build_log
from loadlens import figures, words
from loadlens.figure_style import LEVEL_COLOURS, LEVEL_HATCHES, drawable, spans
from loadlens.findings import Assessment, assess
from loadlens.guidance import LEVELS
from loadlens.log import RunningLog, conform, tally_gear


def new_axes(width: float = 9, height: float = 6) -> Axes:
    return Figure(figsize=(width, height), layout="constrained").add_subplot()


def made_log(days: int, *, gear: str | None = None) -> RunningLog:
    """Every second day a run: 8 km, each tenth one 18 km; resting heart rate and sleep every day; pain at the end."""
    dates = pd.date_range("2024-01-01", periods=days, freq="D")
    runs = [(str(day.date()), 18_000.0 if n % 10 == 9 else 8_000.0) for n, day in enumerate(dates[::2])]
    activities = build_activities(runs)
    if gear is not None:
        activities = conform("activities", activities.assign(gear=gear))[0]
    wellness = pd.DataFrame({"date": dates, "rhr_day": 50.0 + np.arange(days) % 3, "sleep": 27_000.0})
    diary = pd.DataFrame({"date": dates[-3:], "kind": "pain", "value": [2.0, 3.0, 4.0], "tags": "swelling"})
    log = build_log(activities, wellness, diary)
    return replace(log, gear=tally_gear(activities))


def hide(log: RunningLog, first: str, last: str) -> RunningLog:
    """The same log with a stretch of unknown days."""
    inside = log.days["date"].between(first, last)
    days = log.days.assign(state=log.days["state"].mask(inside, "unknown"))
    return replace(log, days=days)


def boxes(ax: Axes, hatch: str) -> list[PathPatch]:
    return [a for a in ax.findobj(PathPatch) if a.get_hatch() == hatch]


def written(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.findobj(Text) if text.get_text()]


@pytest.fixture(scope="module")
def year() -> Assessment:
    return assess(hide(made_log(366, gear="Red"), "2024-05-06", "2024-05-26"))


def test_bars_are_the_distance_of_each_week():
    """Two weeks from Monday 1 January: 8 + 12 km, then 5 km."""
    log = build_log(build_activities([("2024-01-01", 8_000), ("2024-01-07", 12_000), ("2024-01-08", 5_000)]))
    ax = new_axes()
    assert figures.plot_timeline(assess(log), ax) is ax
    bars = [p for p in ax.child_axes[0].patches if isinstance(p, Rectangle)]
    assert [bar.get_height() for bar in bars] == pytest.approx([20, 5])
    (marks,) = ax.child_axes[0].collections
    assert np.asarray(marks.get_offsets())[:, 1] == pytest.approx([12, 5])


def test_a_log_of_more_than_three_years_is_drawn_by_month():
    ax = new_axes()
    figures.plot_timeline(assess(made_log(4 * 365)), ax)
    bars = [p for p in ax.child_axes[0].patches if isinstance(p, Rectangle)]
    assert len(bars) == 48
    assert bars[0].get_height() == pytest.approx((16 * 8_000 + 10_000) / 1000)  # sixteen runs in January, one of 18 km


def test_unknown_days_are_hatched_in_every_lane(year: Assessment):
    ax = new_axes()
    figures.plot_timeline(year, ax)
    assert len(ax.child_axes) >= 6
    assert all(boxes(lane, "/////") for lane in ax.child_axes)


def test_a_week_with_unknown_days_is_drawn_lighter(year: Assessment):
    ax = new_axes()
    figures.plot_timeline(hidden := year, ax)
    bars = [p for p in ax.child_axes[0].patches if isinstance(p, Rectangle)]
    assert len({bar.get_facecolor() for bar in bars}) == 2
    assert words.say("figures.partial_period") in [t.get_text() for t in ax.get_legend().get_texts()]
    assert hidden.log.days["state"].eq("unknown").sum() == 21


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_a_lane_without_data_says_so(lang: str):
    ax = new_axes()
    figures.plot_timeline(assess(build_log(build_activities([("2024-01-01", 8_000), ("2024-03-01", 8_000)]))), ax, lang)
    missing = [text for text in written(ax) if text.endswith(words.say("figures.no_data", lang))]
    assert len(missing) == 4  # resting heart rate, sleep, shoes, diary


@pytest.mark.parametrize("width", [3.7, 9.0])
def test_labels_of_episodes_do_not_cover_each_other(width: float):
    found = assess(made_log(500))
    ax = new_axes(width, 8)
    figures.plot_timeline(found, ax)
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
    for lane in ax.child_axes:
        places = [text.get_window_extent() for text in lane.texts]
        pairs = [(a, b) for n, a in enumerate(places) for b in places[n + 1 :]]
        assert not any(a.overlaps(b) for a, b in pairs)


def test_every_rule_has_a_row_and_not_assessable_is_not_within(year: Assessment):
    ax = new_axes()
    assert figures.plot_guidance(year, ax) is ax
    rules = year.guidance.rules.values()
    assert [label.get_text() for label in ax.get_yticklabels()] == [drawable(r.words["en"]["name"], 44) for r in rules]
    hatched = boxes(ax, LEVEL_HATCHES["not_assessable"])[0]
    (within,) = [p for p in ax.findobj(PathPatch) if np.allclose(p.get_facecolor()[:3], to_rgb(LEVEL_COLOURS["ok"]))]
    assert within.get_hatch() is None
    assert hatched.get_facecolor() != within.get_facecolor()


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
    assert boxes(ax, LEVEL_HATCHES["not_assessable"])


def test_an_unknown_rule_is_refused_with_the_names_of_those_that_are(year: Assessment):
    with pytest.raises(ValueError, match=r"no such rule; it has .*longest_run"):
        figures.plot_rule(year, "tempo", new_axes())


def test_every_day_is_one_cell_of_the_calendar(year: Assessment):
    ax = new_axes()
    assert figures.plot_calendar(year.log, ax) is ax
    cells = sum(len(p.get_path().vertices) // 5 for p in ax.findobj(PathPatch))
    assert cells == 366
    (unknown,) = boxes(ax, "//////")
    assert len(unknown.get_path().vertices) // 5 == 21


def test_a_run_without_a_distance_is_a_run_on_the_calendar():
    ax = new_axes()
    figures.plot_calendar(build_log(build_activities([("2024-01-01", None), ("2024-01-03", 8_000)])), ax)
    assert words.say("figures.run_without_distance") in [t.get_text() for t in ax.get_legend().get_texts()]


@pytest.mark.parametrize("name", [r"$\frac{1}{0", "👟 snel", "two\nlines", "x" * 200, "<b>&amp;</b>"])
def test_a_name_from_a_file_is_drawn_as_a_name(name: str):
    """No formula is set, no missing sign warns, nothing runs off the figure."""
    ax = new_axes()
    figures.plot_timeline(assess(made_log(60, gear=name)), ax)
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
    assert drawable(name, 20) in written(ax)


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
