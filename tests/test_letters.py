"""The letter says what a physiotherapist asks for, keeps to its page, and counts what it leaves out."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from builders import build_activities, build_log
from loadlens import words
from loadlens.findings import assess
from loadlens.letters import LETTERS, LINES, LONGEST, PAIN, clip, write_letter
from loadlens.log import conform
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
    assert letter["flags_known"] == "no_diary"


def test_a_diary_of_long_ago_does_not_say_that_there_are_no_red_flags():
    """Pain was written down in March, runs go on until September: nobody knows of the last two weeks."""
    runs = build_activities(
        [(str(day.date()), 8_000.0) for day in pd.date_range("2024-03-01", "2024-09-01", freq="3D")]
    )
    entries = pd.DataFrame({"date": pd.to_datetime(["2024-03-04"]), "kind": "pain", "value": [2.0]})
    assert write_letter(assess(build_log(runs, None, entries)))["flags_known"] == "stale"
    assert write_letter(assess(pain_log(10)))["flags_known"] == "none"


def test_runs_with_minutes_are_counted_and_not_rides():
    """One run and one ride have a recording: that is one run with a recording by the minute."""
    table = build_activities([("2024-03-01", 8_000.0), ("2024-03-02", 20_000.0)]).assign(sport=["run", "ride"])
    log = build_log(conform("activities", table)[0])
    minutes = pd.DataFrame({"activity": ["run-0", "run-1"], "minute": [0, 0], "distance": [150.0, 400.0]})
    letter = write_letter(assess(replace(log, minutes=conform("minutes", minutes)[0])), "nl")
    assert "sessies met een opname per minuut: 1" in letter["recorded"]


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
