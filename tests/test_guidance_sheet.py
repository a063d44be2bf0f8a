"""The guidance sheet: a row for every statement, with its number, where the runner stands, evidence, and why not."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.text import Text

from builders import build_activities, build_log
from loadlens import report_sections, words
from loadlens.drawing.figure_style import LEVEL_HATCHES
from loadlens.drawing.sheet_figure import measure_sheet, plot_sheet
from loadlens.findings import Assessment, assess
from loadlens.guidance_sheet import NOT_CHECKED, sheet_rows, sparkline
from loadlens.log import RunningLog, conform

DOCTOR = "Wanneer naar de dokter?"


def new_axes(width: float = 1.6, height: float = 0.35) -> Axes:
    return Figure(figsize=(width, height)).add_axes((0, 0, 1, 1))


def made_log(days: int = 400, last: float = 16_000.0) -> RunningLog:
    """Every second day 8 km for this many days, the last run this long; nights of 6.5 hours."""
    dates = pd.date_range("2024-01-01", periods=days, freq="D")
    runs = [(str(day.date()), 8_000.0) for day in dates[:-1:2]]
    wellness = pd.DataFrame({"date": dates, "sleep": 23_400.0})
    return build_log(build_activities([*runs, (str(dates[-1].date()), last)]), wellness)


@pytest.fixture(scope="module")
def found() -> Assessment:
    return assess(made_log())


def by_id(found: Assessment, lang: str = "en") -> dict[str, dict]:
    return {row["id"]: row for row in sheet_rows(found, lang)}


def written(ax: Axes) -> list[str]:
    return [text.get_text().replace("\u00a0", " ") for text in ax.findobj(Text) if text.get_text()]


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_every_statement_has_a_row_in_the_order_of_the_page(found: Assessment, lang: str):
    rows = sheet_rows(found, lang)
    assert [row["id"] for row in rows] == list(found.guidance.statements)
    for row in rows:
        statement = found.guidance.statements[row["id"]]
        assert row["says"] == statement.words[lang]["says"]
        assert sorted(row["rules"]) == sorted(statement.rules)
        assert row["evidence"][0] in "+±−○"
        assert bool(row["number"]) == bool(statement.page_numbers)
        assert row["stands"] or row["because"]


@pytest.mark.parametrize(
    ("lang", "number", "stands"),
    [
        ("en", "7 to 9 h a night", "3 Feb 2025: Mean of the last 7 nights: 6 h 30 min; of the last 14: 6 h 30 min."),
        ("nl", "7 tot 9 uur per nacht", ("3 feb 2025: Gemiddeld over de laatste 7 nachten: 6 u 30 min; over de laatste "
         "14: 6 u 30 min.")),
    ],
)  # fmt: skip
def test_a_row_says_the_number_of_the_page_and_where_the_runner_stands(found: Assessment, lang, number, stands):
    row = by_id(found, lang)["G27"]
    assert (row["number"], row["stands"].replace("\u00a0", " ")) == (number, stands)
    assert (row["level"], row["because"], row["rules"]) == ("note", "", ["sleep"])
    assert row["evidence"] == words.say("evidence.mixed", lang)
    assert row["evidence_text"] == "Milewski et al. 2014"


def test_the_worst_rule_speaks_for_a_statement_and_the_others_keep_their_level(found: Assessment):
    """16 km after 8 km at most: the longest run is worse than what two weeks add up to."""
    row = by_id(found)["G03"]
    levels = found.rules.set_index("rule")["level"]
    assert row["rules"][0] == "longest_run"
    assert row["level"] == levels["longest_run"] == "watch"
    assert [state["level"] for state in row["states"]] == [levels[rule] for rule in row["rules"]]
    assert found.tell("longest_run") in row["stands"]


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_what_cannot_be_assessed_says_why_and_is_not_within(found: Assessment, lang: str):
    row = by_id(found, lang)["G08"]
    assert (row["level"], row["stands"]) == ("not_assessable", "")
    assert row["because"] == found.tell("resting_heart_rate", lang=lang)


def test_a_statement_of_which_a_part_cannot_be_assessed_names_that_part(found: Assessment):
    row = by_id(found)["G28"]
    assert (row["level"], row["rules"]) == ("ok", ["monotony", "hard_easy"])
    name = found.guidance.rules["hard_easy"].words["en"]["name"]
    assert row["because"] == f"{name}: {found.tell('hard_easy')}"


def test_advice_that_no_rule_checks_says_so(found: Assessment):
    row = by_id(found)["G10"]
    assert (row["level"], row["rules"], row["stands"]) == (NOT_CHECKED, [], "")
    assert row["because"] == words.say("sheet.advice")


def test_the_sheet_of_the_report_is_made_of_the_same_rows(found: Assessment):
    groups = report_sections.statements(found, "en")
    shown = [row for group in groups for row in group["statements"]]
    for row, told in zip(shown, sheet_rows(found, "en"), strict=True):
        states = [{"name": state["name"], "level": state["level"]} for state in row["states"]]
        assert {name: row[name] for name in told} | {"states": states} == told
    assert groups[0]["place"] == "Goed om te weten"


# ---------------------------------------------------------------- the small line
def test_a_small_line_shows_the_last_year_by_week_and_ends_where_the_runner_stands(found: Assessment):
    """365 days are 53 weeks, counted from the end, and the day itself: 54 points."""
    ax = new_axes()
    assert sparkline(found, "longest_run", ax) is ax
    (line,) = [line for line in ax.lines if len(line.get_xdata()) > 2]
    assert len(line.get_xdata()) == 54
    assert line.get_ydata()[-1] == pytest.approx(2.0)  # 16 km where 8 km was the longest
    assert line.get_xdata()[-1] == ax.get_xlim()[1]
    assert ax.get_xlim()[1] - ax.get_xlim()[0] == 365


def test_a_shorter_log_is_shown_whole_and_day_by_day():
    found = assess(made_log(60))
    ax = new_axes()
    sparkline(found, "sleep", ax)
    (line,) = [line for line in ax.lines if len(line.get_xdata()) > 2]
    assert len(line.get_xdata()) == 61
    assert ax.get_xlim()[1] - ax.get_xlim()[0] == 60


def test_the_mildest_limit_is_always_in_sight(found: Assessment):
    ax = new_axes()
    sparkline(found, "longest_run", ax)
    limits = [line.get_ydata()[0] for line in ax.lines if line.get_linestyle() == "--"]
    assert 1.1 in limits
    bottom, top = ax.get_ylim()
    assert all(bottom < limit < top for limit in limits)


def test_unknown_and_unassessable_stretches_are_hatched_apart(found: Assessment):
    days = found.log.days
    hidden = days["date"].between("2024-08-01", "2024-09-30")
    log = replace(found.log, days=days.assign(state=days["state"].mask(hidden, "unknown")))
    ax = new_axes()
    sparkline(assess(log), "resting_heart_rate", ax)
    hatches = {patch.get_hatch() for patch in ax.findobj(PathPatch)}
    assert {"/////", LEVEL_HATCHES["not_assessable"]} <= hatches
    assert [line for line in ax.lines if len(line.get_xdata()) > 2] == []


def test_a_rule_that_is_unknown_is_refused(found: Assessment):
    with pytest.raises(ValueError, match=r"tempo: the guidance has no such rule; it has .*longest_run"):
        sparkline(found, "tempo", new_axes())


def test_small_lines_are_light():
    """Some forty of them stand on one page: 4 kB each at most, also of ten years."""
    found = assess(made_log(3650))
    for rule in ("longest_run", "two_week_volume", "sleep", "cadence"):
        ax = new_axes()
        sparkline(found, rule, ax)
        page = io.BytesIO()
        ax.figure.savefig(page, format="svg", metadata={"Date": None})
        assert len(page.getvalue()) < 5_000, rule


def test_a_log_of_one_day_has_rows_and_small_lines():
    found = assess(build_log(build_activities([("2024-02-29", 5_000)])))
    assert len(sheet_rows(found, "nl")) == len(found.guidance.statements)
    for rule in found.guidance.rules:
        ax = new_axes()
        sparkline(found, rule, ax)
        ax.figure.draw_without_rendering()


# ---------------------------------------------------------------- the figure
@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_the_figure_has_a_line_of_words_for_every_statement_of_a_section(found: Assessment, lang: str):
    ax = Figure(figsize=(10.5, 5), layout="constrained").add_subplot()
    assert plot_sheet(found, ax, lang, section=DOCTOR) is ax
    rows = [row for row in sheet_rows(found, lang) if row["section"] == DOCTOR]
    shown = " ".join(written(ax))
    assert all(row["says"].split(",")[0] in shown for row in rows)
    assert len(ax.child_axes) == sum(bool(row["rules"]) for row in rows) == 5


def test_the_whole_sheet_has_every_section_and_is_as_high_as_it_asks(found: Assessment):
    import matplotlib.pyplot as plt

    ax = plot_sheet(found, lang="nl")
    assert {row["section"] for row in sheet_rows(found)} <= set(written(ax))
    figure = ax.get_figure(root=True)
    assert figure.get_figheight() == pytest.approx(measure_sheet(found, "nl")[0])
    assert len(ax.child_axes) == sum(bool(row["rules"]) for row in sheet_rows(found))
    plt.close(figure)


def test_a_section_that_the_page_does_not_have_is_refused(found: Assessment):
    with pytest.raises(
        ValueError, match=f"Dokter: the page has no such section; it has Goed om te weten; .*{DOCTOR[:8]}"
    ):
        plot_sheet(found, new_axes(), section="Dokter")


@pytest.mark.parametrize("width", [3.7, 10.5])
def test_texts_of_a_row_do_not_lie_on_one_another(found: Assessment, width: float):
    height = measure_sheet(found, "nl", DOCTOR)[0 if width > 5 else 1]
    ax = Figure(figsize=(width, height), layout="constrained").add_subplot()
    plot_sheet(found, ax, "nl", DOCTOR)
    ax.figure.draw_without_rendering()
    boxes = [text.get_window_extent().shrunk(0.98, 0.7) for text in ax.texts]
    boxes += [lane.get_window_extent() for lane in ax.child_axes]
    assert not any(a.overlaps(b) for n, a in enumerate(boxes) for b in boxes[n + 1 :])
    assert max(box.x1 for box in boxes) <= ax.figure.bbox.x1
    assert np.isfinite([box.x0 for box in boxes]).all()


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_minutes_without_speed_and_heart_rate_have_a_reason_in_words(lang: str):
    """A treadmill without a sensor: minutes are there, and nothing in them."""
    log = made_log(60)
    minutes = pd.DataFrame({"activity": log.activities["activity"].iloc[0], "minute": range(30), "recorded": 60.0})
    found = assess(replace(log, minutes=conform("minutes", minutes)[0]))
    row = by_id(found, lang)["G04"]
    assert row["level"] == "not_assessable"
    assert row["because"] == words.say(
        "report.not_assessable_because",
        lang,
        reason=words.say(f"reasons.{found.rules.set_index('rule')['reason']['intensity_minutes']}", lang),
    )
