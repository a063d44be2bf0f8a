"""What a diary alone tells: every statement that needs one is judged, and red flags need nothing else."""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

import loadlens
from builders import build_log
from loadlens import words
from loadlens.figures import plot_guidance, plot_rule, plot_timeline
from loadlens.findings import Assessment, assess
from loadlens.guidance import read_guidance
from loadlens.log import empty_table
from loadlens.reports import report

GUIDANCE = read_guidance()
START = pd.Timestamp("2024-03-01")
VOCABULARY = tomllib.loads((resources.files("loadlens") / "data" / "diary.toml").read_text("utf-8"))
PACKAGE = Path(loadlens.__file__).parent


def judge(*entries: tuple[int, str, float | None, str]) -> Assessment:
    """A log that holds nothing but these entries: day, kind, value, tags."""
    diary = pd.DataFrame(
        {
            "date": [START + pd.Timedelta(days=day) for day, *_ in entries],
            "kind": [kind for _, kind, _, _ in entries],
            "value": pd.array([value for *_, value, _ in entries], dtype="Float64").astype("float64"),
            "tags": [tags for *_, tags in entries],
        }
    )
    return assess(build_log(empty_table("activities"), diary=diary), GUIDANCE)


def last(found: Assessment, rule: str) -> str:
    return str(found.rules.set_index("rule").loc[rule, "level"])


# ---------------------------------------------------------------- red flags
@pytest.mark.parametrize("value", [None, 0.0, 9.0])
@pytest.mark.parametrize(
    ("tags", "rule", "level"),
    [
        ("swelling", "swelling", "doctor"),
        ("warmth", "swelling", "doctor"),
        ("redness", "swelling", "doctor"),
        ("giving_way", "giving_way", "doctor"),
        ("instability", "giving_way", "doctor"),
        ("fever", "fever_unexplained_pain", "doctor"),
        ("unexplained_pain", "fever_unexplained_pain", "doctor"),
        ("locking", "locking", "doctor"),
        ("sudden_severe_pain audible_pop", "sudden_pop", "doctor"),
        ("sudden_severe_pain audible_pop loss_of_function", "sudden_pop", "emergency"),
    ],
)
def test_a_red_flag_needs_one_entry_and_nothing_else(tags, rule, level, value):
    assert last(judge((0, "signs", value, tags)), rule) == level


def test_later_entries_of_well_being_mute_no_red_flag():
    calm = [(day, "pain", 0.0, "") for day in range(1, 14)]
    assert last(judge((0, "signs", None, "swelling"), *calm), "swelling") == "doctor"


def test_a_report_of_nothing_but_a_diary_opens_with_its_red_flag(tmp_path):
    found = judge((0, "signs", None, "giving_way"), (1, "pain", 3.0, "during"))
    for lang in words.LANGUAGES:
        page = report(found, tmp_path / f"{lang}.html", lang=lang)
        text = Path(page).read_text("utf-8")
        assert text.index(GUIDANCE.rules["giving_way"].words[lang]["name"]) > 0
    plot_timeline(found)
    plot_guidance(found)
    plt.close("all")


# ---------------------------------------------------------------- every statement of a diary
def days(kind: str, value: float, *places: int, tags: str = "") -> list[tuple[int, str, float | None, str]]:
    return [(place, kind, value, tags) for place in places]


@pytest.mark.parametrize(
    ("rule", "level", "entries"),
    [
        ("pain_trend", "watch", [(0, "pain", 1.0, "before"), (0, "pain", 3.0, "after")]),
        ("pain_trend", "act", [(0, "pain", 1.0, "before"), (1, "pain", 2.0, "next_morning")]),
        ("pain_trend", "ok", [(0, "pain", 1.0, "before"), (0, "pain", 2.0, "after")]),
        ("persistent_pain", "act", days("pain", 1, 0, 1, 2, 3)),
        ("persistent_pain", "act", days("pain", 2, 0, tags="burning")),
        ("persistent_pain", "ok", days("pain", 1, 0, 1, 2)),
        ("pain_stairs_downhill", "watch", days("pain", 2, 0, tags="downhill")),
        ("pain_after_sitting", "watch", days("pain", 2, 0, tags="sitting")),
        ("pain_two_weeks", "doctor", days("pain", 2, *range(15))),
        ("pain_two_weeks", "ok", days("pain", 2, *range(9))),
        ("cross_training", "watch", days("pain", 2, 0, tags="cross_training")),
        ("cross_training", "act", days("pain", 5, 0, tags="cross_training")),
        ("cooling", "note", days("cooling", 25, 0)),
        ("cooling", "watch", [*days("cooling", 10, 0), (0, "signs", None, "skin_damage")]),
        ("squat_test", "note", days("squat_test", 0, 0)),
        ("squat_test", "ok", days("squat_test", 1, 0)),
        ("mobility", "note", days("mobility", 10, 0, 5, 13)),
        ("mobility", "ok", days("mobility", 5, *range(14))),
        ("fatigue", "watch", [*days("fatigue", 2, *range(28)), *days("fatigue", 3, *range(28, 35))]),
        ("fatigue", "act", [*days("fatigue", 2, *range(28)), *days("fatigue", 3, *range(28, 35)),
                            *days("sleep_quality", 1, *range(28, 35))]),
        ("recovery_signs", "watch", [*days("soreness", 4, *range(7)), *days("irritability", 5, *range(7))]),
        ("shoe_signs", "note", [(0, "signs", None, "flat_feeling")]),
        ("shoe_signs", "watch", [(0, "signs", None, "flat_feeling"), (0, "shoes", 550.0, "")]),
        ("running_through_rest", "not_assessable", days("pain", 5, 0, 1)),  # nobody knows whether there were runs
        ("rest_by_severity", "not_assessable", [*days("pain", 5, 0), *days("pain", 1, 3)]),
        ("stay_active", "ok", [*days("pain", 3, 0, 6), (6, "strength", 20.0, "")]),
        ("strength", "not_assessable", [*days("strength", 20, 27), *days("pain", 0, 0)]),  # unknown days are not idle
    ],
)  # fmt: skip
def test_a_diary_is_judged(rule, level, entries):
    assert last(judge(*entries), rule) == level


def test_no_rule_is_left_uncomputed():
    found = judge((0, "pain", 2.0, ""))
    assert "not_yet_computed" not in set(found.days["reason"])
    assert [rule.id for rule in GUIDANCE.rules.values() if rule.measure is None] == []


def test_every_rule_can_be_told_and_drawn_in_both_languages():
    found = judge((0, "pain", 2.0, "during"), (3, "pain", 5.0, "next_morning"), (20, "fatigue", 3.0, ""))
    for rule in GUIDANCE.rules:
        for lang in words.LANGUAGES:
            for day in found.days["date"].unique():
                assert "{" not in found.tell(rule, day, lang)
            plot_rule(found, rule, lang=lang)
            plt.close("all")


# ---------------------------------------------------------------- one vocabulary
def test_rules_name_no_tag_that_a_diary_cannot_have():
    named = {
        tag
        for rule in GUIDANCE.rules.values()
        for name in ("tags", "minor_tags")
        for tag in rule.parameters.get(name, ())
    }
    assert named - set(VOCABULARY["tags"]) == set()


def test_measures_ask_for_no_kind_or_tag_that_a_diary_cannot_have():
    code = "\n".join(path.read_text("utf-8") for path in PACKAGE.glob("*.py"))
    kinds = re.findall(r'entries_of\(\w+((?:, "\w+")+)\)', code)
    tags = re.findall(r'entries_tagged\(\w+((?:, "\w+")+)\)', code)
    asked = {name for found in kinds for name in re.findall(r'"(\w+)"', found)}
    assert asked >= {
        "pain",
        "fatigue",
        "soreness",
        "irritability",
        "mobility",
        "squat_test",
        "cooling",
        "exertion",
        "shoes",
    }
    assert asked - set(VOCABULARY["kinds"]) == set()
    assert {name for found in tags for name in re.findall(r'"(\w+)"', found)} - set(VOCABULARY["tags"]) == set()
    assert {"before", "during", "after", "next_morning"} <= set(VOCABULARY["tags"])


def test_every_tag_of_pain_and_every_sign_is_used_by_a_rule():
    """A diary has no words that nothing listens to, but for circumstances that explain a number."""
    code = "\n".join(path.read_text("utf-8") for path in PACKAGE.glob("*.py"))
    used = {tag for rule in GUIDANCE.rules.values() for value in rule.parameters.values() if isinstance(value, list)
            for tag in value}  # fmt: skip
    unused = {tag for tag in VOCABULARY["tags"] if tag not in used and f'"{tag}"' not in code}
    assert unused - {"travel", "altitude", "alcohol", "new_device"} == set()


def test_a_value_that_is_missing_is_not_zero():
    found = judge((0, "pain", None, "stairs"))
    assert last(found, "pain_stairs_downhill") == "watch"
    assert np.isnan(found.details["pain_stairs_downhill"]["worst"].iloc[-1])
