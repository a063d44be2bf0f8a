"""The figure of cadence shows the points and the line that the rule compared, and says where there is nothing to."""

from __future__ import annotations

from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from builders import build_activities, build_log
from loadlens import words
from loadlens.drawing.cadence_figure import RECENT, plot_cadence
from loadlens.drawing.form_points import gather_form
from loadlens.findings import Assessment, assess
from loadlens.log import RunningLog, conform

RUNS, DROP = 60, 8


def new_axes(width: float = 7, height: float = 5) -> Axes:
    return Figure(figsize=(width, height), layout="constrained").add_subplot()


def made_log(drop: float = 5.0, *, minutes: bool = True) -> RunningLog:
    """Every second day half an hour at 2.6 to 3.4 m/s; cadence is 120 + 15 x speed, less in the last eight."""
    days = pd.date_range("2024-01-01", periods=RUNS, freq="2D")
    activities = build_activities([(str(day.date()), 5_400.0) for day in days])
    speed = 2.6 + 0.2 * (np.arange(RUNS) % 5)
    cadence = 120 + 15 * speed + 0.3 * (-1.0) ** np.arange(RUNS) - drop * (np.arange(RUNS) >= RUNS - DROP)
    activities = conform("activities", activities.assign(duration=1800.0, speed=speed, cadence=cadence))[0]
    log = build_log(activities)
    if not minutes:
        return log
    table = pd.DataFrame({"activity": np.repeat(activities["activity"], 30), "minute": np.tile(np.arange(30), RUNS)})
    table = table.assign(recorded=60.0, moving=1.0, speed=np.repeat(speed, 30), cadence=np.repeat(cadence, 30))
    wobble = np.tile(np.linspace(-0.4, 0.4, 30), RUNS)  # or it would be taken for no measurement
    table = table.assign(cadence=table["cadence"].to_numpy() + wobble, distance=table["speed"].to_numpy() * 60)
    return replace(log, minutes=conform("minutes", table.reset_index(drop=True))[0])


@pytest.fixture(scope="module")
def lower() -> Assessment:
    return assess(made_log())


def written(ax: Axes) -> list[str]:
    return [text.get_text().replace("\u00a0", " ") for text in ax.findobj(Text) if text.get_text()]


def test_points_are_the_runs_that_the_rule_compared(lower: Assessment):
    """Last run on 28 April; eight runs are recent, and the line goes through those 21 to 132 days before it."""
    points = gather_form(lower, lower.guidance.rules["cadence"])
    assert len(points.runs_recent) == 8
    assert points.runs_recent.index[0] == pd.Timestamp("2024-04-14")
    assert (points.runs_before.index[0], points.runs_before.index[-1]) == (
        pd.Timestamp("2024-01-01"), pd.Timestamp("2024-04-06"),
    )  # fmt: skip
    assert len(points.minutes_recent) == 8 * 25  # the first five minutes are the warm-up
    row = lower.details["cadence"].iloc[-1]
    assert np.median(points.runs_recent["cadence"]) == pytest.approx(row["now"])
    expected = row["intercept"] + row["slope"] * points.runs_before["speed"]
    assert np.abs(points.runs_before["cadence"] - expected).max() < 0.5


def test_the_line_is_the_runners_own_and_the_arrow_is_the_drift(lower: Assessment):
    """Cadence was 120 + 15 x speed; the last runs lie 5 steps/min below it."""
    ax = new_axes()
    assert plot_cadence(lower, ax) is ax
    (line,) = [line for line in ax.lines if len(line.get_xdata()) == 2 and line.get_linestyle() == "--"]
    assert np.asarray(line.get_xdata()) == pytest.approx([2.6, 3.4])
    assert np.asarray(line.get_ydata()) == pytest.approx([159, 171], abs=0.3)
    (drift,) = [text for text in written(ax) if text.startswith("−") and text.endswith("steps/min")]
    assert float(drift.split()[0].replace("−", "-")) == pytest.approx(-5, abs=0.35)
    arrows = [text for text in ax.texts if getattr(text, "arrow_patch", None) is not None]
    assert len(arrows) == 1
    row = lower.details["cadence"].iloc[-1]
    assert arrows[0].xy == (row["speed"], row["now"])
    assert arrows[0].xyann == (row["speed"], row["usual"])


def test_last_runs_differ_from_the_others_by_shape_and_not_by_colour_alone(lower: Assessment):
    ax = new_axes()
    plot_cadence(lower, ax)
    marks = {
        line.get_marker(): len(line.get_xdata()) for line in ax.lines if line.get_marker() not in ("None", None, "")
    }
    assert marks == {"o": 49, "D": 8}
    (recent,) = [line for line in ax.lines if line.get_marker() == "D"]
    assert recent.get_markerfacecolor() == RECENT


def test_speeds_are_labelled_as_paces(lower: Assessment):
    """6:00 a kilometre is 1000 m in 360 s."""
    ax = new_axes()
    plot_cadence(lower, ax)
    ax.figure.draw_without_rendering()
    labels = {label.get_text(): label.get_position()[0] for label in ax.get_xticklabels()}
    assert labels["6:00"] == pytest.approx(1000 / 360)
    assert ax.get_xlim()[0] < ax.get_xlim()[1]  # faster to the right


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_the_finding_stands_above_the_figure(lower: Assessment, lang: str):
    ax = new_axes()
    plot_cadence(lower, ax, lang)
    told = lower.tell("cadence", lang=lang).replace("\u00a0", " ")
    assert any(" ".join(text.split()) == told for text in written(ax))


def test_a_drift_too_small_to_see_has_no_arrow():
    ax = new_axes()
    plot_cadence(assess(made_log(drop=0)), ax)
    assert [text for text in ax.texts if getattr(text, "arrow_patch", None) is not None] == []


def test_averages_of_whole_runs_serve_where_there_are_no_minutes():
    found = assess(made_log(minutes=False))
    points = gather_form(found, found.guidance.rules["cadence"])
    assert (len(points.minutes_before), len(points.runs_recent)) == (0, 8)
    ax = new_axes()
    plot_cadence(found, ax)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert words.say("form.minutes_before") not in labels
    assert words.say("form.line") in labels


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_a_log_without_cadence_says_why_it_is_not_assessable(lang: str):
    found = assess(build_log(build_activities([("2024-01-01", 5_000), ("2024-01-03", 5_000)])))
    ax = new_axes()
    plot_cadence(found, ax, lang)
    ax.figure.draw_without_rendering()
    assert words.say("form.no_points", lang) in written(ax)
    assert found.tell("cadence", lang=lang) in " ".join(written(ax)).replace("\n", " ")


def test_a_single_run_has_its_points_but_no_line():
    log = made_log()
    found = assess(log.until("2024-01-01"))
    ax = new_axes()
    plot_cadence(found, ax)
    ax.figure.draw_without_rendering()
    assert [line.get_marker() for line in ax.lines] == ["D"]
    assert words.say("form.line") not in [text.get_text() for text in ax.get_legend().get_texts()]


def test_a_guidance_without_such_a_rule_is_refused(lower: Assessment):
    rules = {name: rule for name, rule in lower.guidance.rules.items() if name != "cadence"}
    with pytest.raises(ValueError, match="no rule compares cadence at the same speed"):
        plot_cadence(replace(lower, guidance=replace(lower.guidance, rules=rules)), new_axes())


def test_settings_are_left_as_they_were(lower: Assessment):
    before = mpl.rcParams.copy()
    plot_cadence(lower, new_axes())
    assert dict(mpl.rcParams) == dict(before)
