"""The timeline tells what was recorded, lane by lane: sums by week and month, gaps as gaps, names that can be read."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from builders import build_activities, build_log
from drawing import boxes, hatched, hide, lane, made_log, new_axes, written
from loadlens import words
from loadlens.drawing.episode_marks import NARROWEST, find_marks
from loadlens.drawing.figure_style import (
    GRID,
    INK,
    LEVEL_COLOURS,
    LEVEL_HATCHES,
    PAPER,
    RUN,
    RUN_SOFT,
    day_starts,
    drawable,
)
from loadlens.drawing.lane_parts import View
from loadlens.drawing.timeline import fit_timeline, plot_timeline
from loadlens.findings import Assessment, assess
from loadlens.log import LogError, RunningLog, conform, tally_gear


@cache
def whole_year() -> Assessment:
    return assess(hide(made_log(366, gear="Red"), "2024-05-06", "2024-05-26"))


@cache
def three_months() -> Assessment:
    return assess(made_log(91))


@pytest.fixture
def year() -> Assessment:
    return whole_year()


@pytest.fixture
def quarter() -> Assessment:
    return three_months()


def draw(found: Assessment, width: float = 9, lang: str = "en", **span: Any) -> Axes:
    ax = new_axes(width)
    assert fit_timeline(found, ax, lang, **span) is ax
    return ax


def heights(ax: Axes, colour: str) -> list[float]:
    return [top - bottom for _, bottom, _, top in boxes(ax, colour)]


def tell(found: Assessment, rule: str, **columns: float) -> Assessment:
    """The same assessment, in which the measure of a rule gave these numbers on every day."""
    frame = found.details[rule].assign(**columns, reason="")
    return replace(found, details=found.details | {rule: frame})


# ---------------------------------------------------------------- distance
def test_bars_are_the_distance_of_each_week():
    """Two weeks from Monday 1 January: 8 + 12 km, then 5 km."""
    log = build_log(build_activities([("2024-01-01", 8_000), ("2024-01-07", 12_000), ("2024-01-08", 5_000)]))
    first = draw(assess(log)).child_axes[0]
    assert heights(first, RUN) == pytest.approx([20, 5])
    (marks,) = first.collections
    assert np.asarray(marks.get_offsets())[:, 1] == pytest.approx([12, 5])


def test_a_log_of_more_than_three_years_is_drawn_by_month():
    bars = heights(draw(assess(made_log(4 * 365))).child_axes[0], RUN)
    assert len(bars) == 48
    assert bars[0] == pytest.approx((16 * 8_000 + 10_000) / 1000)  # sixteen runs in January, one of 18 km


def test_what_fits_by_week_on_a_page_is_drawn_by_month_on_a_telephone():
    found = assess(made_log(500))
    assert len(heights(draw(found, 9).child_axes[0], RUN)) == 72  # 500 days from a Monday
    assert len(heights(draw(found, 3.7).child_axes[0], RUN)) == 17  # January 2024 to May 2025


def test_a_week_with_unknown_days_is_hollow(year: Assessment):
    ax = draw(year)
    bars = ax.child_axes[0]
    assert len(heights(bars, RUN)) + len(heights(bars, PAPER)) == 53
    assert len(heights(bars, PAPER)) == 3  # 6 to 26 May are three weeks
    assert words.say("figures.partial_period") in [t.get_text() for t in ax.get_legend().get_texts()]


def test_unknown_days_are_hatched_in_every_lane(year: Assessment):
    ax = draw(year)
    assert len(ax.child_axes) >= 5
    assert all(hatched(child, "/////") for child in ax.child_axes)


# ---------------------------------------------------------------- intensity
def test_hard_minutes_add_up_by_week_from_at_least_to_at_most(quarter: Assessment):
    """Three hard minutes a day for certain, four at most: 21 to 28 a week."""
    found = tell(quarter, "intensity_minutes", today=3.0, today_high=4.0, usual=20.0)
    bars = lane(draw(found), "Hard minutes")
    assert heights(bars, RUN_SOFT) == pytest.approx([21.0] * 13)
    (ranges,) = bars.collections
    assert [list(segment[:, 1]) for segment in ranges.get_segments()] == [pytest.approx([21, 28])] * 13


def test_weeks_in_which_hard_cannot_be_told_are_hatched_and_not_zero(quarter: Assessment):
    found = tell(quarter, "intensity_minutes", today=3.0, today_high=3.0, usual=20.0)
    frame = found.details["intensity_minutes"]
    frame.iloc[14:28, frame.columns.get_indexer(["today", "today_high"])] = np.nan
    bars = lane(draw(found), "Hard minutes")
    assert len(heights(bars, RUN_SOFT)) == 11
    (blank,) = hatched(bars, LEVEL_HATCHES["not_assessable"])
    low, high = blank.get_path().vertices[:, 0].min(), blank.get_path().vertices[:, 0].max()
    assert (low, high) == tuple(day_starts(pd.DatetimeIndex(["2024-01-15", "2024-01-28"]))[[0, -1]])


# ---------------------------------------------------------------- nights
def test_heart_rate_variability_has_a_lane_with_the_mean_of_each_week(quarter: Assessment):
    """From Monday 1 January 40 ms all week, then 60 ms."""
    dates = quarter.log.days["date"]
    values = np.where(np.arange(len(dates)) < 7, 40.0, 60.0)
    wellness = conform("wellness", pd.DataFrame({"date": dates, "hrv_rmssd": values}))[0]
    night = lane(draw(replace(quarter, log=replace(quarter.log, wellness=wellness))), "Heart rate variability")
    assert "rMSSD" in night.get_title(loc="left")
    (line,) = [each for each in night.lines if to_hex(each.get_color()) == INK]
    assert list(line.get_ydata()) == [40.0] + [60.0] * 12


def test_many_years_of_nights_are_drawn_as_the_middle_half_of_each_month():
    """50, 51, 52 in turn: the middle half of any month reaches from 50 to 52."""
    night = lane(draw(assess(made_log(4 * 365))), "Resting heart rate")
    spread = boxes(night, RUN_SOFT)
    assert len(spread) == 48
    assert spread[:, 1] == pytest.approx(50.0, abs=0.5)
    assert spread[:, 3] == pytest.approx(52.0, abs=0.5)


def test_a_value_far_off_is_an_arrow_at_the_edge(quarter: Assessment):
    wellness = quarter.log.wellness.assign(rhr_day=50.0)
    wellness.loc[40, "rhr_day"] = 95.0
    night = lane(draw(replace(quarter, log=replace(quarter.log, wellness=wellness))), "Resting heart rate")
    (arrow,) = [line for line in night.lines if line.get_marker() == "^"]
    assert len(arrow.get_xdata()) == 1
    assert arrow.get_ydata()[0] < night.get_ylim()[1] < 95


def test_the_fuller_of_two_resting_heart_rates_is_drawn(quarter: Assessment):
    wellness = quarter.log.wellness.assign(rhr_7d=61.0)
    wellness.loc[3:, "rhr_day"] = np.nan
    night = lane(draw(replace(quarter, log=replace(quarter.log, wellness=wellness))), "Resting heart rate")
    low, high = night.get_ylim()
    assert low < 61 < high
    assert low > 52


# ---------------------------------------------------------------- shoes
def shod_log(pairs: list[str | None], each: int = 10, metres: float | None = 10_000) -> RunningLog:
    """Each pair in turn for some days with a run; afterwards the next."""
    dates = pd.date_range("2024-01-01", periods=each * len(pairs), freq="D")
    activities = build_activities([(str(day.date()), metres) for day in dates])
    activities = conform("activities", activities.assign(gear=np.repeat(np.array(pairs, dtype=object), each)))[0]
    return replace(build_log(activities), gear=tally_gear(activities))


def test_each_pair_of_shoes_has_a_row_in_which_its_distance_grows():
    rows = lane(draw(assess(shod_log(["Red", "Blue"]))), "Distance on each pair")
    assert [text for text in written(rows) if "km" in text and "·" in text] == [
        "Red · 100\u00a0km",
        "Blue · 100\u00a0km",
    ]
    lines = [np.asarray(line.get_ydata()) for line in rows.lines if to_hex(line.get_color()) == RUN]
    assert len(lines) == 2
    assert all((np.diff(line) < 0).all() for line in lines)  # the axis points down
    assert lines[0].max() <= 1 <= lines[1].min()
    assert lines[1].max() <= 2


def test_the_span_in_which_shoes_are_worn_is_that_of_the_guidance():
    """600 to 800 km of 848 (800 and six per cent) on a row of 0.88 that ends at 0.96."""
    rows = lane(draw(assess(shod_log(["Red"]))), "Distance on each pair")
    ((_, high, _, low),) = boxes(rows, GRID)
    assert (low, high) == (pytest.approx(0.96 - 0.88 * 600 / 848), pytest.approx(0.96 - 0.88 * 800 / 848))


def test_earlier_pairs_share_one_row_and_are_counted():
    found = assess(shod_log([f"Pair {n}" for n in range(9)]))
    rows = lane(draw(found), "Distance on each pair")
    named = [text for text in written(rows) if "·" in text]
    assert [name.partition(" ·")[0] for name in named] == [f"Pair {n}" for n in range(4, 9)]
    assert any("+ 4 earlier pairs" in text for text in written(rows))
    shown = lane(draw(found, start="2024-01-05", end="2024-01-12"), "Distance on each pair")
    assert [name.partition(" ·")[0] for name in written(shown) if "·" in name] == ["Pair 0", "Pair 1"]


def test_shoes_of_runs_that_name_none_may_have_run_further():
    """Red ran 100 km, and 50 km within its days name no shoes."""
    log = shod_log(["Red", "Red"])
    names = log.activities["gear"].copy()
    names.iloc[5:10] = None
    activities = conform("activities", log.activities.assign(gear=names))[0]
    rows = lane(draw(assess(replace(log, activities=activities, gear=tally_gear(activities)))), "Distance on each pair")
    assert "Red · 150\u00a0km to 200\u00a0km" in written(rows)
    least, most = (np.asarray(line.get_ydata()) for line in rows.lines[:2])
    grown = [(0.96 - ends[-1]) / 0.88 * 848 for ends in (least, most)]
    assert grown == pytest.approx([150, 200])


def test_shoes_show_what_was_known_on_the_last_day_shown():
    rows = lane(draw(assess(shod_log(["Red", "Red"])), end="2024-01-12"), "Distance on each pair")
    assert "Red · 120\u00a0km" in written(rows)


@pytest.mark.parametrize("name", [r"$\frac{1}{0", "👟 snel", "two\nlines", "x" * 200, "<b>&amp;</b>"])
def test_a_name_from_a_file_is_drawn_as_a_name(name: str):
    """No formula is set, no missing sign warns, nothing runs off the figure."""
    ax = draw(assess(made_log(60, gear=name)))
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
    assert any(text.startswith(f"{drawable(name, 20)} · ") for text in written(ax))


# ---------------------------------------------------------------- what was written down
def diary_log(days: int, entries: list[tuple[int, str, float]]) -> RunningLog:
    dates = pd.date_range("2024-01-01", periods=days, freq="D")
    diary = pd.DataFrame(
        {
            "date": [dates[day] for day, _, _ in entries],
            "kind": [kind for _, kind, _ in entries],
            "value": [value for _, _, value in entries],
        }
    )
    runs = build_activities([(str(dates[0].date()), 8_000), (str(dates[-1].date()), 8_000)])
    return build_log(runs, None, diary)


def test_strength_and_mobility_are_marks_by_day_in_a_short_log():
    log = diary_log(60, [(0, "strength", 30), (3, "strength", 30), (3, "mobility", 10), (9, "strength", 0)])
    marks = lane(draw(assess(log)), "Strength and mobility")
    assert len(boxes(marks, RUN)) == 2  # the entry of 0 says that it was not done
    assert len(boxes(marks, RUN_SOFT)) == 1


def test_strength_is_counted_by_week_in_a_long_log():
    log = diary_log(364, [(0, "strength", 30), (2, "strength", 30), (2, "strength", 20), (8, "strength", 30)])
    marks = lane(draw(assess(log)), "Strength training (days a week)")
    assert heights(marks, RUN) == pytest.approx([2, 1])


def test_strength_and_mobility_of_a_week_stand_side_by_side():
    log = diary_log(364, [(0, "strength", 30), (0, "mobility", 30), (2, "mobility", 20)])
    marks = lane(draw(assess(log)), "Strength and mobility (days a week)")
    ((_, _, end, strength),), ((begin, _, _, mobility),) = boxes(marks, RUN), boxes(marks, RUN_SOFT)
    assert (strength, mobility) == (1, 2)
    assert end <= begin + 1e-9


def test_pain_stands_at_its_height_and_entries_without_a_place_of_their_own_are_marked():
    log = diary_log(60, [(10, "pain", 6), (11, "pain", 0), (12, "fatigue", 4), (13, "shoes", 0)])
    ax = draw(assess(log))
    pain = lane(ax, "Pain")
    (stems,) = pain.collections
    assert [segment[1, 1] for segment in stems.get_segments()] == [6]
    (marks,) = [line for line in pain.lines if line.get_marker() == "|"]
    assert len(marks.get_xdata()) == 1
    assert words.say("figures.other_entries") in [t.get_text() for t in ax.get_legend().get_texts()]


# ---------------------------------------------------------------- what is not there
def test_a_diary_without_pain_can_be_drawn():
    pain = lane(draw(assess(diary_log(60, [(12, "fatigue", 4)]))), "Pain")
    assert [line.get_marker() for line in pain.lines if line.get_marker() != "None"] == ["|"]


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_lanes_without_data_are_named_in_one_line(lang: str):
    found = assess(build_log(build_activities([("2024-01-01", 8_000), ("2024-03-01", 8_000)])))
    ax = draw(found, lang=lang)
    assert len(ax.child_axes) == 1
    said = " ".join(text.get_text() for text in ax.texts)
    missing = ("resting_heart_rate", "hrv", "sleep", "shoes", "strength", "pain", "intensity", "cadence")
    assert all(words.say(f"figures.{name}", lang).lower() in said.lower() for name in missing)
    assert words.say("reasons.no_minutes", lang) in said


def test_episodes_of_a_lane_that_is_not_there_are_drawn_among_the_other_rules(quarter: Assessment):
    """Hard days in a row come from exertion that was written down, also where no recording tells hard minutes."""
    assert not [child for child in draw(quarter).child_axes if child.get_title(loc="left").startswith("Hard")]
    episodes = quarter.episodes[quarter.episodes["rule"] == "hard_easy"].head(1).assign(level="note")
    others = draw(replace(quarter, episodes=pd.concat([quarter.episodes, episodes])))
    name = quarter.guidance.rules["hard_easy"].words["en"]["name"]
    assert name in written(lane(others, "Other rules"))


def test_a_figure_is_not_taller_than_its_lanes_ask(year: Assessment):
    bare = assess(build_log(build_activities([("2024-01-01", 8_000), ("2024-12-31", 8_000)])))
    low, high = (draw(found).get_figure().get_figheight() for found in (bare, year))
    assert low < 3 < high
    assert plot_timeline(year).get_figure().get_figheight() == pytest.approx(high, abs=0.5)  # a wider one of its own


def test_axes_that_are_given_keep_the_height_of_their_figure(year: Assessment):
    ax = new_axes(9, 6)
    assert plot_timeline(year, ax) is ax
    assert ax.get_figure().get_figheight() == 6
    assert len(ax.child_axes) == len(draw(year).child_axes)


# ---------------------------------------------------------------- episodes
@pytest.mark.parametrize("width", [3.7, 7.3, 9.0])
@pytest.mark.parametrize("days", [60, 500, 1500])
def test_words_of_a_lane_do_not_cover_each_other(width: float, days: int):
    ax = draw(assess(made_log(days, gear="Red")), width)
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
    for child in ax.child_axes:
        titles = [child._left_title]  # what Axes.set_title wrote
        places = [text.get_window_extent() for text in [*child.texts, *titles]]
        assert not any(a.overlaps(b) for a, b in combinations(places, 2)), child.get_title(loc="left")


@settings(max_examples=60, deadline=None)
@given(
    alarms=st.lists(st.tuples(st.integers(0, 89), st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=40),
    inches=st.floats(2.5, 11),
)
def test_names_lie_within_the_figure_and_never_over_one_another(alarms: list[tuple[int, int, int]], inches: float):
    quarter = three_months()
    first, last = quarter.log.span
    rules = list(quarter.guidance.rules.values())
    starts = pd.to_datetime([first + pd.Timedelta(days=start) for start, _, _ in alarms])
    ends = starts + pd.to_timedelta([length for _, length, _ in alarms], unit="D")
    ends = ends.where(ends <= last, last)
    rows = pd.DataFrame({"rule": [rules[n].id for _, _, n in alarms], "level": "act", "start": starts, "end": ends})
    rows = rows.astype({"level": quarter.episodes["level"].dtype}).assign(days=1, worst=np.nan, reason="")
    view = View(first, last, inches, "en")
    names = find_marks(replace(quarter, episodes=rows, alarms=rows), rules, "Distance a week (km)", view).names
    assert names
    left, right = day_starts(pd.DatetimeIndex([first, last]))[[0, -1]]
    longest = max(len(name.text) for name in names)
    for name in names:
        assert name.begin >= left
        if 0.058 * longest + 0.1 < inches:
            assert name.begin + (0.058 * len(name.text) + 0.1) * view.per_inch <= right + 1e-6
    for a, b in combinations(names, 2):
        early, late = sorted((a, b))
        if a.line == b.line:
            assert early.begin + (0.058 * len(early.text) + 0.1) * view.per_inch <= late.begin + 1e-6


def test_an_episode_of_a_day_can_be_seen_in_ten_years():
    found = assess(made_log(3650))
    first = found.log.span[0]
    day = found.episodes.head(1).assign(rule="weekly_increase", level="note", start=first + pd.Timedelta(days=900))
    ax = draw(replace(found, episodes=day.assign(end=day["start"]), alarms=found.alarms.head(0)))
    ((begin, _, end, _),) = boxes(ax.child_axes[0], LEVEL_COLOURS["note"])
    inches = ax.get_figure(root=True).get_figwidth() - 0.6  # type: ignore[union-attr]
    assert end - begin == pytest.approx(NARROWEST * 3650 / inches)


# ---------------------------------------------------------------- a stretch of days
def test_part_of_a_log_is_drawn_from_start_to_end(year: Assessment):
    ax = draw(year, start="2024-03-01", end="2024-05-31")
    limits = day_starts(pd.date_range("2024-03-01", "2024-05-31"))
    for child in ax.child_axes:
        assert child.get_xlim() == (limits[0], limits[-1])
    bars = boxes(ax.child_axes[0], RUN)
    assert bars[0][0] < limits[0]  # the week in which the month begins is whole: its bar says the distance of a week
    assert len(bars) + len(boxes(ax.child_axes[0], PAPER)) == 14


@settings(max_examples=12, deadline=None)
@given(days=st.tuples(st.integers(0, 365), st.integers(0, 365)).map(sorted), width=st.sampled_from([3.7, 7.3, 9.0]))
def test_any_stretch_can_be_drawn_and_its_weeks_are_whole(days: list[int], width: float):
    """Bars add up to the distance from the Monday before the first day to the Sunday after the last."""
    year = whole_year()
    first, last = (year.log.span[0] + pd.Timedelta(days=day) for day in days)
    ax = draw(year, width, start=first, end=last)
    assert {child.get_xlim() for child in ax.child_axes} == {
        (day_starts(pd.DatetimeIndex([first]))[0], day_starts(pd.DatetimeIndex([last]))[1])
    }
    week = pd.Timedelta(days=1)
    runs = year.log.runs.set_index("date")["distance"]
    whole = runs.loc[first - first.weekday() * week : last + (6 - last.weekday()) * week].sum()
    bars = [child for child in ax.child_axes if child.get_title(loc="left").startswith("Distance a week")]
    assert bars or not runs.loc[first:last].sum()
    for child in bars:
        assert sum(heights(child, RUN)) + sum(heights(child, PAPER)) == pytest.approx(whole / 1000)


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("2024-02", "2024-02", 29),
        ("2024-02", None, 335),
        (None, "2024-02", 60),
        ("2024", "2024", 366),
        ("2024-12-30", None, 2),
        (pd.Timestamp("2024-12-30 17:00"), pd.Timestamp("2024-12-31", tz="Europe/Amsterdam"), 2),
    ],
)
def test_dates_stand_for_what_they_stand_for_in_pandas(year: Assessment, start: object, end: object, days: int):
    ax = new_axes()
    plot_timeline(year, ax, start=start, end=end)  # type: ignore[arg-type]
    left, right = ax.child_axes[0].get_xlim()
    assert right - left == days


@pytest.mark.parametrize(
    ("span", "message"),
    [
        ({"start": "2031-01-01"}, "start: 2031-01-01 lies outside the log; .* from 2024-01-01 to 2024-12-31"),
        ({"end": "2023"}, "end: 2023 lies outside the log"),
        ({"start": "soon"}, "start: 'soon' is no date; .*such as 2024-12-31 or 2024-12"),
        ({"start": 12.5j}, "start: 12.5j is no date"),
        ({"start": ""}, "start: '' is no date"),
        ({"start": "2024-06-02", "end": "2024-06-01"}, "end: 2024-06-01 comes before 2024-06-02"),
    ],
)
def test_dates_that_cannot_be_drawn_are_refused(year: Assessment, span: dict[str, str], message: str):
    with pytest.raises(LogError, match=message):
        plot_timeline(year, new_axes(), **span)


def test_an_assessment_draws_itself_in_part(year: Assessment):
    import matplotlib.pyplot as plt

    ax = year.plot("nl", start="2024-06", end="2024-06")
    assert ax.child_axes[0].get_xlim()[1] - ax.child_axes[0].get_xlim()[0] == 30
    plt.close(ax.get_figure(root=True))


def test_unknown_days_outside_the_stretch_are_not_in_the_legend(year: Assessment):
    ax = draw(year, start="2024-08", end="2024-10")
    assert words.say("figures.unknown_days") not in [t.get_text() for t in ax.get_legend().get_texts()]


def test_ten_years_stay_light():
    """A report holds the figure twice, and nine others."""
    ax = draw(assess(made_log(3650, gear="Red")))
    stream = io.StringIO()
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.savefig(stream, format="svg")  # type: ignore[union-attr]
    assert "<image" not in stream.getvalue()
    assert len(stream.getvalue()) < 350_000
