"""The letter says what a physiotherapist asks for, keeps to its page, and counts what it leaves out."""

from __future__ import annotations

import pandas as pd
import pytest

from builders import build_activities, build_log
from loadlens import words
from loadlens.findings import assess
from loadlens.letters import LETTERS, LINES, LONGEST, PAIN, clip, write_letter
from report_logs import made_log


def pain_log(count: int) -> object:
    dates = pd.date_range("2024-03-01", periods=count, freq="D")
    entries = pd.DataFrame({"date": dates, "kind": "pain", "value": [0.0, *[3.0] * (count - 1)], "site": "knie",
                            "side": "left", "tags": "during stairs", "note": "x" * 200})  # fmt: skip
    return build_log(build_activities([(str(day.date()), 8_000.0) for day in dates]), None, entries)


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_pain_is_given_newest_first_and_what_is_left_out_is_counted(lang: str):
    """Ten entries, of which one says that there was no pain: nine, of which five are shown."""
    letter = write_letter(assess(pain_log(10)), lang)
    newest = [words.date(day, lang) for day in ("2024-03-10", "2024-03-09")]
    assert [row["date"] for row in letter["pain"][:2]] == newest
    assert len(letter["pain"]) == PAIN == 5
    assert letter["more"]["pain"] == words.say("letter.earlier", lang, count=4)
    during, side = {"en": ("during", "left"), "nl": ("tijdens", "links")}[lang]
    assert letter["pain"][0]["where"].startswith(f"knie {side}; {during}; ")
    assert len(letter["pain"][0]["where"]) <= LONGEST["pain"]


def test_no_name_is_given_unless_asked_for():
    found = assess(made_log(60))
    assert write_letter(found)["name"] == ""
    assert write_letter(found, name="A. Runner")["name"] == "A. Runner"


def test_its_lists_share_the_lines_of_the_page_and_red_flags_come_first():
    grave = "swelling giving_way fever locking sudden_severe_pain audible_pop"
    letter = write_letter(assess(made_log(200, tags=grave)))
    shown = [row for key in ("flags", "outside", "unknown") for row in letter[key]]
    taken = sum(-(-sum(len(str(text)) for text in row.values()) // LETTERS) for row in shown)
    assert taken <= LINES + 4, "each list has at least one row, whatever room is left"
    assert len(letter["flags"]) >= 2
    assert letter["more"]["unknown"]


def test_without_a_diary_it_says_that_nothing_is_known():
    letter = write_letter(assess(made_log(60, diary=False)))
    assert (letter["diary"], letter["pain"], letter["flags"]) == (False, [], [])


def test_a_text_is_cut_where_it_must_be_and_shows_it():
    assert clip("abcdef", 6) == "abcdef"
    assert clip("abc defgh", 6) == "abc d…"


def test_rules_that_find_no_room_are_counted_and_no_name_is_cut():
    """Without a diary some twenty rules cannot be assessed for that one reason; those named and counted are all."""
    found = assess(made_log(60, diary=False))
    listed = next(row["rules"] for row in write_letter(found, "nl")["unknown"] if "dagboek" in row["reason"])
    names, _, more = listed.rpartition(" en nog ")
    missing = found.rules[found.rules["reason"] == "no_diary"]["rule"]
    all_names = [found.guidance.rules[rule].words["nl"]["name"] for rule in missing]
    assert names.split("; ") == all_names[: len(names.split("; "))]
    assert len(names.split("; ")) + int(more) == len(all_names)
    assert len(listed) <= LONGEST["rules"]


def test_it_speaks_of_the_runner_and_not_to_the_reader():
    """Nights go on for two months after the only run: the letter does not ask whether the physiotherapist ran."""
    nights = pd.DataFrame({"date": pd.date_range("2024-03-01", "2024-04-30"), "sleep": 27_000.0})
    letter = write_letter(assess(build_log(build_activities([("2024-03-01", 5_000.0)]), nights)), "nl")
    reasons = " ".join(row["reason"] for row in letter["unknown"])
    assert "bekend is of er is hardgelopen" in reasons
    assert "of je" not in reasons
    assert letter["runs"] == "1\N{NO-BREAK SPACE}hardloopsessie"
