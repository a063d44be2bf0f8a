"""The board answers each change of a limit, in both languages; without widgets the same answers stand still."""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest

import loadlens as ll
from loadlens import exploration, words
from loadlens.exploration import StillView, crop, explore
from loadlens.findings import Assessment
from loadlens.guidance import GuidanceError, read_guidance
from loadlens.rule_trials import count_alarms, judge_again, move_limits
from test_rule_trials import WATCH, log_with_three_long_runs

widgets = pytest.importorskip("ipywidgets")


@pytest.fixture(scope="module")
def found() -> Assessment:
    return ll.assess(log_with_three_long_runs())


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tests draw; a picture takes longer than all the rest."""
    monkeypatch.setattr(exploration, "_picture", lambda *_: "<img>")


undrawn = pytest.mark.usefixtures("no_pictures")


def parts(board) -> dict[str, object]:
    """Controls by what they are called on the screen."""
    seen = {}
    stack = list(board.children)
    while stack:
        one = stack.pop()
        seen[getattr(one, "description", "") or f"{type(one).__name__}-{len(seen)}"] = one
        stack += list(getattr(one, "children", ()))
    return seen


def control(board, *named: str):
    (one,) = (found for name, found in parts(board).items() if all(word in name for word in named))
    return one


def verdict(board) -> str:
    (one,) = (w.value for w in board.children if isinstance(w, widgets.HTML) and "<table" in w.value)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "|", one)).replace("\u00a0", " ")


def picture(board) -> str:
    (one,) = (w.value for w in board.children if isinstance(w, widgets.HTML) and "<img" in w.value)
    return one


def test_moving_a_limit_changes_level_alarms_and_picture_at_once(found: Assessment):
    board = explore(found, "longest_run")
    before = picture(board)
    assert re.search(r"Alarms, whole log\|+ \|+0\|+ \|+0\|", verdict(board))
    control(board, "attention 1: ratio").value = 1.29
    assert re.search(r"Alarms, whole log\|+ \|+0\|+ \|+3\|", verdict(board)), "three runs of 1.3 times the longest"
    counted = count_alarms(
        judge_again(found, move_limits(found.guidance.rules["longest_run"], {WATCH: 1.29})), "longest_run"
    )
    assert words.number(counted["per_year"], "en", 1) in verdict(board)
    assert "attention: ratio 1.29× instead of 1.50×" in verdict(board)
    assert "about 0.9 times a year" in verdict(board)
    assert picture(board) != before


@undrawn
def test_the_slider_beside_a_limit_moves_it_and_is_moved_by_it(found: Assessment):
    board = explore(found, "longest_run")
    number = control(board, "attention 1: ratio")
    (row,) = (one for one in parts(board).values() if isinstance(one, widgets.HBox) and number in one.children)
    (slider,) = (one for one in row.children if one is not number)
    slider.value = 1.29
    assert number.value == 1.29
    assert "attention: ratio 1.29× instead of 1.50×" in verdict(board)
    number.value = 1.5
    assert slider.value == 1.5


@undrawn
def test_the_button_puts_every_limit_back(found: Assessment):
    board = explore(found, "longest_run")
    before = verdict(board)
    control(board, "attention 1: ratio").value = 1.29
    control(board, "action: rise").value = 5.0
    assert verdict(board) != before
    control(board, words.say("explore.back")).click()
    assert verdict(board) == before
    assert control(board, "attention 1: ratio").value == 1.5


@undrawn
def test_another_rule_brings_its_own_limits(found: Assessment):
    board = explore(found, "longest_run")
    control(board, words.say("explore.rule")).value = "rest_days"
    names = [name for name in parts(board) if "in a row" in name]
    assert sorted(names) == ["action: in a row ≥ (days)", "attention: in a row ≥ (days)", "note: in a row ≥ (days)"]
    assert "Rest days" in verdict(board)


@undrawn
def test_the_verdict_is_that_of_the_last_day_of_the_period(found: Assessment):
    board = explore(found, "longest_run")
    control(board, "attention 1: ratio").value = 1.29
    period = control(board, words.say("explore.period"))
    days = [day for _, day in period.options]
    long = pd.Timestamp("2024-01-01") + pd.Timedelta(days=7 * 27 + 6)  # a Sunday of 13 km
    after = next(day for day in days if day > long)
    period.value = (days[0], after)
    shown = verdict(board)
    assert f"Level on {words.date(after)}" in shown
    assert re.search(
        r"Level on [^|]+\|+ \|+outside the number stated, no alarm\|+ \|+outside the guidance: pay attention", shown
    )
    assert shown.count("attention, ") == 2, "two of the three alarms began in this period"


@undrawn
def test_the_text_to_keep_reads_back_as_the_limits_on_the_board(found: Assessment, tmp_path: Path):
    board = explore(found, "longest_run")
    (area,) = (one for one in parts(board).values() if isinstance(one, widgets.Textarea))
    assert area.value == ""
    control(board, words.say("explore.keep")).value = True
    control(board, "attention 1: ratio").value = 1.25
    file = tmp_path / "my_rules.toml"
    file.write_text(area.value, encoding="utf-8")
    assert WATCH.of(read_guidance(file).rules["longest_run"]) == 1.25


@undrawn
def test_limits_are_shown_in_the_units_a_runner_reads_and_kept_in_those_of_the_log(found: Assessment, tmp_path: Path):
    board = explore(found, "longest_run", "nl")
    one = control(board, "let op 1: toename")
    assert (one.value, one.description) == (2.0, "let op 1: toename ≥ (km)")
    one.value = 3.4
    control(board, words.say("explore.keep", "nl")).value = True
    (area,) = (one for one in parts(board).values() if isinstance(one, widgets.Textarea))
    file = tmp_path / "my_rules.toml"
    file.write_text(area.value, encoding="utf-8")
    assert read_guidance(file).rules["longest_run"].levels["watch"][0]["rise"] == {"at_least": 3400.0}


@undrawn
@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_every_rule_can_be_explored_with_every_control_named(found: Assessment, lang: str):
    board = explore(found, lang=lang)
    for _, name in control(board, words.say("explore.rule", lang)).options:
        control(board, words.say("explore.rule", lang)).value = name
        controls = [
            one for one in parts(board).values() if isinstance(one, (widgets.BoundedFloatText, widgets.Checkbox))
        ]
        assert all(one.description for one in controls)
        assert len({one.description for one in controls}) == len(controls), "no two controls have one name"
        assert f'lang="{lang}"' in next(w.value for w in board.children if "<table" in getattr(w, "value", ""))


def test_a_period_shows_its_own_days_only(found: Assessment):
    first, last = pd.Timestamp("2024-03-01"), pd.Timestamp("2024-05-31")
    cut = crop(found, first, last)
    assert cut.log.span == (first, last)
    rows = cut.episodes[cut.episodes["rule"] == "longest_run"]
    assert (rows["start"].min(), rows["end"].max()) == (first, last)
    assert len(cut.days) == len(found.details) * 92


@undrawn
def test_it_begins_with_the_rule_that_stands_highest_now(found: Assessment):
    board = explore(found)
    start = control(board, words.say("explore.rule")).value
    levels = found.rules.set_index("rule")["level"]
    assert levels[start] == levels[[name for _, name in control(board, words.say("explore.rule")).options]].max()


def test_red_flags_cannot_be_explored(found: Assessment):
    with pytest.raises(GuidanceError, match="rule 'swelling' has no limit to move"):
        explore(found, "swelling")


def test_exploring_leaves_no_figure_open_and_the_assessment_as_it_was(found: Assessment):
    before = found.days.copy()
    board = explore(found, "longest_run")
    control(board, "attention 1: ratio").value = 1.29
    assert plt.get_fignums() == []
    pd.testing.assert_frame_equal(found.days, before)


# ---------------------------------------------------------------- without widgets
@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_without_widgets_a_figure_and_a_table_say_the_same_and_how_to_get_them(
    found: Assessment, lang: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(exploration, "find_spec", lambda name: None)
    view = explore(found, "longest_run", lang)
    assert isinstance(view, StillView)
    html = view._repr_html_()
    assert "data:image/png;base64," in html
    assert "pip install &#34;loadlens[notebook]&#34;" in html
    assert 'pip install "loadlens[notebook]"' in repr(view)
    assert html.count(words.say("explore.as_published", lang)) == view.table["published"].sum()
    assert len(repr(view).splitlines()) == 2 + len(view.table)
