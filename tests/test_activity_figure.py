"""The figure of one run shows its pace upside down, its gaps, its laps, and what the rules saw in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

import loadlens as ll
from builders import build_activities, build_log
from loadlens import words
from loadlens.drawing.activity_figure import plot_activity
from loadlens.drawing.figure_style import drawable
from loadlens.drawing.run_findings import see_run
from loadlens.findings import Assessment, assess
from loadlens.log import LogError, RunningLog, conform

DAYS = pd.date_range("2024-01-01", periods=45, freq="D")


def new_axes(width: float = 9, height: float = 8) -> Axes:
    return Figure(figsize=(width, height), layout="constrained").add_subplot()


def made_log(last: float = 16_000.0, **columns) -> RunningLog:
    """Every third day 10 km, on the last day this many metres at 6 min/km, minute by minute."""
    runs = [(str(day.date()), 10_000.0) for day in DAYS[:-1:3]]
    activities = build_activities([*runs, (str(DAYS[-1].date()), last)])
    activities = conform("activities", activities.assign(**columns))[0]
    log = build_log(activities)
    own = activities["activity"].iloc[-1]
    count = round(last / 1000 * 6)
    minutes = pd.DataFrame({"activity": own, "minute": range(count), "recorded": 60.0, "distance": last / count})
    minutes = minutes.assign(speed=last / count / 60, moving=1.0, heart_rate=150.0, cadence=170.0, grade=1.0)
    laps = pd.DataFrame({"activity": own, "lap": [1, 2], "duration": [360.0, 360.0 * 15], "distance": [1000, 15_000]})
    return replace(log, minutes=conform("minutes", minutes)[0], laps=conform("laps", laps)[0])


@pytest.fixture(scope="module")
def far() -> Assessment:
    """16 km, where 10 km was the longest: 1.6 times, and 6 km more."""
    return assess(made_log())


def written(ax: Axes) -> list[str]:
    return [text.get_text().replace("\u00a0", " ") for text in ax.findobj(Text) if text.get_text()]


def lane(ax: Axes, number: int) -> Axes:
    found = ax.child_axes[number]
    assert isinstance(found, Axes)
    return found


def test_the_fast_pace_is_on_top_and_read_in_minutes_a_kilometre():
    ax = new_axes()
    assert plot_activity(made_log(), str(DAYS[-1].date()), ax) is ax
    pace = lane(ax, 0)
    (line,) = [line for line in pace.lines if len(line.get_xdata()) > 2]
    assert np.asarray(line.get_ydata()) == pytest.approx(np.full(96, 6.0))
    bottom, top = pace.get_ylim()
    assert bottom > 6 > top
    ax.figure.draw_without_rendering()
    assert "6:00" in [label.get_text() for label in pace.get_yticklabels()]
    assert line.get_xdata()[-1] == pytest.approx(16 - 1 / 12)  # km; the last minute stands at its middle


def test_every_lane_shares_the_axis_of_distance():
    ax = new_axes()
    plot_activity(made_log(), 15, ax)
    assert [lane(ax, n).get_xlim() for n in range(4)] == [lane(ax, 0).get_xlim()] * 4
    assert lane(ax, 3).get_xlabel() == "distance (km)"


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_a_channel_that_was_not_recorded_has_a_lane_that_says_so(lang: str):
    log = made_log()
    bare = replace(log, minutes=log.minutes.assign(heart_rate=np.nan, grade=np.nan))
    ax = new_axes()
    plot_activity(bare, 15, ax, lang)
    names = [words.say(f"activity.{name}", lang).partition(" (")[0] for name in ("heart_rate", "altitude")]
    said = [words.say("activity.not_recorded", lang, name=name) for name in names]
    assert [lane(ax, n).get_title(loc="left") for n in (1, 3)] == said


def test_a_run_without_distance_goes_along_the_time():
    log = made_log()
    ax = new_axes()
    plot_activity(replace(log, minutes=log.minutes.assign(distance=np.nan, speed=np.nan)), 15, ax)
    assert lane(ax, 3).get_xlabel() == "time with the timer on (min)"
    assert lane(ax, 1).get_xlim() == (0, pytest.approx(95.5))  # 96 minutes, the last at its middle


def test_a_run_of_which_only_totals_are_known_says_so(far: Assessment):
    """Its lanes are empty, but how far it went beyond the longest run before it still shows."""
    log = replace(far.log, minutes=far.log.minutes.iloc[:0])
    ax = new_axes()
    plot_activity(log, 15, ax, found=far)
    assert words.say("activity.made_of_totals") in written(ax)
    assert "Pace, heart rate, cadence and height: not recorded" in written(ax)
    assert len(ax.child_axes) == 1
    assert lane(ax, 0).get_xlim() == (0, pytest.approx(16))
    assert any("longest of the 30 days before: 10.0 km" in text for text in written(ax))


def test_a_run_with_neither_distance_nor_duration_can_be_drawn():
    log = build_log(build_activities([("2024-01-01", None)]))
    ax = new_axes()
    plot_activity(log, 0, ax, "nl", assess(log))
    ax.figure.draw_without_rendering()
    assert "– · –" in written(ax)


def test_laps_and_lost_minutes_are_marked_in_every_lane():
    """The second lap begins at 1 km; minutes 30 to 34 are missing after 5 km."""
    log = made_log()
    gone = log.minutes["minute"].between(30, 34)
    ax = new_axes()
    plot_activity(replace(log, minutes=log.minutes[~gone].reset_index(drop=True)), 15, ax)
    for n in range(4):
        uprights = sorted(line.get_xdata()[0] for line in lane(ax, n).lines if len(line.get_xdata()) == 2)
        assert [at for at in uprights if at > 0] == [pytest.approx(1.0, abs=0.02), pytest.approx(5.0)]
    assert {"2", "stop 5 min"} <= set(written(lane(ax, 0)))


def test_what_lies_beyond_the_longest_run_before_is_shaded_by_level(far: Assessment):
    """10 km was the longest of 30 days: note from 11 km (1.10), attention from 15 km (1.50, and 2 km more)."""
    seen = see_run(far, far.log.activities.iloc[-1])
    assert seen.longest_before == 10_000
    assert seen.levels_from == [
        ("note", pytest.approx(11_000)), ("watch", pytest.approx(15_000)), ("act", pytest.approx(20_000)),
    ]  # fmt: skip
    ax = new_axes()
    plot_activity(far.log, 15, ax, found=far)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert {"note", "attention"} <= set(labels)
    assert "action" not in labels


def test_the_run_is_held_against_the_days_before_itself_even_when_a_longer_one_is_in_sight():
    """12 km five days before: the rule still shows that one (1.2), but this run of 11 km is held against 12 km."""
    dates = [*(str(day.date()) for day in DAYS[:-6:3]), str(DAYS[-6].date()), str(DAYS[-1].date())]
    log = build_log(
        build_activities([(date, 10_000.0) for date in dates[:-2]] + [(dates[-2], 12_000.0), (dates[-1], 11_000.0)])
    )
    found = assess(log)
    assert found.details["longest_run"]["longest"].iloc[-1] == 12_000
    assert see_run(found, log.activities.iloc[-1]).longest_before == 12_000


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        ("en", "Distance 16.0 km; the longest run of the 30 days before: 10.0 km (1.60×)."),
        ("nl", "Afstand 16,0 km; de langste hardloopsessie van de 30 dagen ervoor: 10,0 km (1,60×)."),
    ],
)
def test_sentences_tell_what_the_rules_saw(far: Assessment, lang: str, expected: str):
    told = [said.replace("\u00a0", " ") for said in see_run(far, far.log.activities.iloc[-1], lang).sentences]
    assert told[0] == expected
    name = far.guidance.rules["longest_run"].words[lang]["name"]
    assert f"{name} ({words.say('levels_short.watch', lang)})" in told[-1]
    hard = far.guidance.rules["intensity_minutes"].words[lang]["name"]
    assert any(
        said.startswith(f"{hard}: {words.say('report.not_assessable_because', lang, reason='')}") for said in told
    )


def test_hard_begins_where_the_assessment_says_and_cadence_is_held_against_the_own_line():
    found = assess(ll.sample("overload"))
    frame = found.details["cadence"]
    runs = found.log.runs
    alone = runs.loc[~runs["date"].duplicated(keep=False), "date"]
    day = frame.index[(frame["reason"] == "") & frame["residual"].notna() & frame.index.isin(alone)][-1]
    seen = see_run(found, runs[runs["date"] == day].iloc[0])
    assert seen.usual_cadence == (pytest.approx(frame.loc[day, "slope"]), pytest.approx(frame.loc[day, "intercept"]))
    change = words.quantity(abs(frame.loc[day, "residual"]), "steps/min")
    assert any(said.startswith("Cadence: ") and change in said for said in seen.sentences)
    assert seen.hard_from == {"heart_rate": found.details["intensity_minutes"].loc[day, "heart_rate"]}


def test_the_assessment_of_another_log_is_refused(far: Assessment):
    other = build_log(build_activities([("2025-01-01", 5_000)]).assign(activity="elsewhere"))
    with pytest.raises(LogError, match="elsewhere: the assessed log does not have it"):
        plot_activity(other, 0, new_axes(), found=far)


@pytest.mark.parametrize("title", [r"$\frac{1}{0", "<b>&amp;</b>", "\u202eמבחן ריצה", "x" * 300, "two\nlines", "👟"])
def test_a_title_from_a_file_is_drawn_as_a_title(title: str):
    ax = new_axes(3.7)
    plot_activity(made_log(title=title), 15, ax)
    ax.figure.draw_without_rendering()
    (head,) = [text for text in written(ax) if text.startswith("Run of 14 Feb 2024: ")]
    assert drawable(title, 12)[:8] in head
    assert "\n" not in head
    assert len(head) < 60


def test_the_figure_leaves_no_settings_behind_and_is_new_when_no_axes_are_given():
    import matplotlib.pyplot as plt

    plt.close("all")
    before = mpl.rcParams.copy()
    ax = ll.plot_activity(made_log(), 15, lang="nl")
    assert dict(mpl.rcParams) == dict(before)
    assert plt.get_fignums() == [1]
    plt.close(ax.get_figure(root=True))


def test_a_real_recording_is_drawn_from_its_samples(corpus: Path):
    log = ll.read(corpus / "fit" / "running_page__FIT_OUT__396070311.fit")
    ax = new_axes()
    plot_activity(log, 0, ax, "nl")
    assert words.say("activity.made_of_samples", "nl") in written(ax)
    assert "stop 14 min" in written(ax)
