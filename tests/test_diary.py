"""A diary, in either language, says the same as its canonical words; nothing written in one is lost."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import loadlens as ll
from builders import build_activities
from csv_reading import noted, read, table
from loadlens import diary_words
from loadlens.diary_shoes import name_shoes
from loadlens.log import conform
from loadlens.simulation import simulate
from loadlens.simulators.simulated_diary import diary_csv, diary_sheet_csv

ENGLISH = """date,kind,value,site,side,tags,note
2024-05-01,pain,4,knee,left,"during, stairs",after 6 km
2024-05-02,pain,0,knee,left,next morning,
2024-05-03,strength,30,,,,
2024-05-04,signs,,knee,right,swelling; giving way,
"""
DUTCH = """Datum;Soort;Waarde;Plek;Kant;Kenmerken;Notitie
1-5-2024;pijn;4;knee;links;tijdens / trap;after 6 km
2-5-2024;Pijnscore;0;knee;L;ochtend erna;
3-5-2024;krachttraining;30;;;;
4-5-2024;rode vlag;;knee;rechts;zwelling + wegzakken;
"""


def diary(text: str) -> pd.DataFrame:
    return conform("diary", read(text, "diary.csv").tables["diary"])[0]


@pytest.mark.parametrize("text", [ENGLISH, DUTCH], ids=["en", "nl"])
def test_a_diary_in_either_language_holds_the_same_entries(text):
    frame = diary(text)
    assert frame["kind"].tolist() == ["pain", "pain", "strength", "signs"]
    assert frame["value"].tolist() == pytest.approx([4, 0, 30, np.nan], nan_ok=True)
    assert frame["side"].fillna("").tolist() == ["left", "left", "", "right"]
    assert frame["tags"].fillna("").tolist() == ["during, stairs", "next_morning", "", "swelling, giving_way"]
    assert frame["date"].dt.day.tolist() == [1, 2, 3, 4]
    assert frame["note"].iloc[0] == "after 6 km"


def test_a_word_that_is_not_known_stays_in_the_note_and_the_ledger_names_the_nearest():
    reading = read("date,kind,value,tags\n2024-05-01,pijnn,3,swelling knees\n", "d.csv")
    entry = reading.tables["diary"].iloc[0]
    assert (entry["kind"], entry["value"], entry["note"], entry["tags"]) == (None, 3, "pijnn", "swelling knees")
    told = {row["field"]: row["value"] for row in noted(reading, "diary_word_near")}
    assert told == {"kind": "pijnn → pijn?", "tags": "swelling knees → swelling?"}
    reading = read("date,kind,value\n2024-05-01,xyzzy,3\n", "d.csv")
    assert noted(reading, "diary_word_unknown")[0]["value"] == "xyzzy"


def test_a_value_off_its_scale_is_set_aside_and_kept_as_a_note():
    reading = read("date,kind,value,note\n2024-05-01,pain,11,sharp\n2024-05-02,fatigue,5,\n", "d.csv")
    frame = reading.tables["diary"]
    assert frame["value"].tolist() == pytest.approx([np.nan, 5], nan_ok=True)
    assert frame["note"].iloc[0] == "11 – sharp"
    entry = noted(reading, "diary_off_scale")[0]
    assert (entry["row"], entry["value"], entry["action"]) == (2, "11", "set_aside")


def test_values_may_be_words_or_shares_of_the_scale_and_what_cannot_be_read_stays_in_the_note():
    text = "date,kind,value\n2024-05-01,pain,3/10\n2024-05-02,ziek,ja\n2024-05-03,pain,3/5\n2024-05-04,pain,quite\n"
    reading = read(text, "d.csv")
    frame = reading.tables["diary"]
    assert frame["value"].tolist() == pytest.approx([3, 1, np.nan, np.nan], nan_ok=True)
    assert frame["note"].tolist()[2:] == ["3/5", "quite"]
    assert [row["value"] for row in noted(reading, "cell_unreadable")] == ["3/5", "quite"]


def test_an_entry_that_says_nothing_is_set_aside():
    reading = read("date,kind,value\n2024-05-01,pain,3\n2024-05-02,,\n", "d.csv")
    assert (reading.facts["used"], reading.facts["set_aside"]) == (1, 1)


def test_a_sheet_with_one_row_a_day_fills_the_diary_and_the_wellness():
    text = table(["Datum", "Rusthartslag", "Pijn", "Vermoeidheid", "Ziek", "Opmerking"])
    text += table(["2024-05-01", "52", "3", "2", "nee", "knie"], ["2024-05-02", "", "12", "", "ja", ""])
    reading = read(text, "sheet.csv")
    frame = reading.tables["diary"]
    assert reading.tables["wellness"]["rhr_day"].tolist() == [52]
    said = list(zip(frame["date"].dt.day, frame["kind"], frame["value"], strict=True))
    assert said == [(1, "pain", 3), (1, "fatigue", 2), (1, "illness", 0), (2, "illness", 1)]
    assert frame["note"].iloc[0] == "knie"
    assert noted(reading, "diary_off_scale")[0]["value"] == "12"
    assert reading.facts["used"] == 2


def test_the_scale_of_another_export_is_turned_and_stretched():
    # four steps, 1 the best: 1 -> 1, 2 -> 2.33, 4 -> 5 of five; sleep quality best at 5; an injury of 2 is 3.33
    text = "date,restingHR,soreness,sleepQuality,injury\n2024-05-01,50,1,1,2\n2024-05-02,51,4,4,\n2024-05-03,51,5,,\n"
    reading = read(text, "wellness.csv")
    frame = reading.tables["diary"].set_index(["date", "kind"])["value"]
    assert reading.format == "intervals_wellness"
    assert frame.xs("soreness", level="kind").tolist() == pytest.approx([1, 5])
    assert frame.xs("sleep_quality", level="kind").tolist() == pytest.approx([5, 1])
    assert frame.xs("injury", level="kind").tolist() == pytest.approx([10 / 3])
    scaled = {row["field"]: row["value"] for row in noted(reading, "diary_scaled")}
    assert scaled["sleep_quality"] == "1 … 4 → 5 … 1"
    assert noted(reading, "diary_off_scale")[0]["row"] == 4


@settings(deadline=None)
@given(
    st.sampled_from([kind for kind in diary_words.diary_kinds().values() if kind.best is not None]),
    st.floats(-50, 50),
    st.floats(0.5, 50),
    st.booleans(),
    st.lists(st.floats(0, 1), min_size=2, max_size=5),
)
def test_best_stays_best_and_order_is_kept_on_every_scale(kind, low, width, worse_is_high, shares):
    best, worst = (low, low + width) if worse_is_high else (low + width, low)
    values = np.array([best, worst, *(best + share * (worst - best) for share in sorted(shares))])
    scaled = diary_words.fit_scale(values.copy(), kind, best, worst)
    assert scaled[0] == kind.best
    assert scaled[1] == pytest.approx(kind.worst)
    inner = scaled[2:][np.isfinite(scaled[2:])]
    away = np.abs(inner - kind.best)
    assert (np.diff(away) >= -1e-9).all()


def test_every_kind_tag_and_side_is_found_by_all_its_words_and_none_means_two_things():
    for section, find in (("kinds", diary_words.find_kind), ("tags", diary_words.find_tag)):
        for name, entry in diary_words._vocabulary()[section].items():
            for lang in ("en", "nl"):
                assert [find(word) for word in entry[lang]] == [name] * len(entry[lang]), (section, name)
    assert diary_words.find_side("Links") == "left"


# ---------------------------------------------------------------- shoes


def entries(*rows: tuple[str, float, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["date", "value", "note"]).assign(kind="shoes", source="d.csv")
    return conform("diary", frame)[0]


def test_shoes_of_the_diary_name_the_runs_of_that_day_that_name_none():
    activities = build_activities([("2024-05-01", 5000), ("2024-05-02", 6000), ("2024-05-03", 7000)])
    activities.loc[1, "gear"] = "Red"
    told = entries(("2024-05-01", np.nan, "Blue"), ("2024-05-02", np.nan, "Blue"))
    named, starts, issues = name_shoes(activities, told)
    assert named["gear"].fillna("").tolist() == ["Blue", "Red", ""]
    assert starts.empty
    assert [(row["what"], row["count"]) for row in issues] == [("shoes_from_diary", 1)]


def test_a_day_with_two_pairs_names_no_shoes_and_it_is_said():
    activities = build_activities([("2024-05-01", 5000)])
    named, _, issues = name_shoes(activities, entries(("2024-05-01", 1, "Blue"), ("2024-05-01", 2, "Red")))
    assert named["gear"].isna().all()
    assert [row["what"] for row in issues] == ["shoes_two_pairs"]


def test_the_distance_already_on_shoes_counts_from_the_day_it_was_written():
    # 5 km in the log before the entry of 300 km: 295 km lie before the log, 306 km are known in the end
    activities = build_activities([("2024-05-01", 5000), ("2024-05-02", 6000)])
    activities["gear"] = pd.array(["Blue", None], dtype=activities["gear"].dtype)
    _, starts, _ = name_shoes(activities, entries(("2024-05-02", 300, "Blue")))
    assert starts["start_distance"].tolist() == [295_000]


def test_a_diary_beside_a_list_of_runs_fills_shoes_and_diary(tmp_path: Path):
    heading = ["Activity Type", "Date", "Title", "Distance", "Time", "Avg Pace"]
    runs = table(heading, ["Running", "2024-05-01 09:00:00", "x", "10.00", "00:50:00", "5:00"])
    (tmp_path / "Activities.csv").write_text(runs)
    (tmp_path / "dagboek.csv").write_text("datum;soort;waarde;notitie\n1-5-2024;schoenen;120;Blauw\n2-5-2024;pijn;2;\n")
    log = ll.read(tmp_path)
    assert log.gear[["gear", "start_distance", "distance_known"]].to_numpy().tolist() == [["Blauw", 120_000, 130_000]]
    assert log.diary["kind"].tolist() == ["shoes", "pain"]
    assert (log.sources["status"] == "read").all()


# ---------------------------------------------------------------- what was simulated, and what the page shows

PAGE = (Path(__file__).parents[1] / "docs" / "diary.md").read_text("utf-8")


def test_the_two_diaries_of_the_page_say_the_same():
    english, dutch = (diary(block) for block in re.findall(r"```\n(dat.*?)```", PAGE, re.DOTALL)[:2])
    same = ["date", "kind", "value", "side", "tags"]
    pd.testing.assert_frame_equal(english[same], dutch[same])
    assert english["kind"].tolist() == ["pain", "pain", "strength", "shoes", "signs"]


def test_every_kind_stands_on_the_page_in_both_languages():
    for kind in diary_words.diary_kinds().values():
        assert f"| {kind.words['en'][0]} | {kind.words['nl'][0]} |" in PAGE, kind.name


@pytest.mark.parametrize("lang", ["en", "nl"])
def test_a_simulated_diary_is_read_as_it_was_written(lang):
    runner = simulate("overload", weeks=36)
    frame = diary(diary_csv(runner, lang))
    pain = frame[frame["kind"] == "pain"].set_index("date")["value"]
    first = runner.truth["first"]
    assert pain[:first].max() == 0
    assert pain.iloc[-5:].mean() > 3
    runs = runner.activities[runner.activities["sport"] == "run"].drop_duplicates("date")
    shoes = frame[frame["kind"] == "shoes"]
    assert dict(zip(shoes["date"], shoes["note"], strict=True)) == dict(zip(runs["date"], runs["gear"], strict=True))
    assert frame.loc[frame["kind"] == "strength", "value"].eq(25).all()
    felt = read(diary_sheet_csv(runner, lang), "felt.csv").tables["diary"]
    assert set(felt["kind"]) == {"fatigue", "soreness", "sleep_quality"}
    assert felt["value"].between(1, 5).all()
    assert len(felt) == 3 * len(runner.wellness)


def test_shoes_of_the_sample_have_the_distance_that_was_simulated():
    runner = simulate("overload", weeks=36)
    log = ll.sample("diary")
    known = log.gear.set_index("gear")["distance_known"]
    true = runner.shoes.set_index("gear")["distance"]
    assert known.to_dict() == pytest.approx(true[known.index].to_dict(), abs=1000)  # km are written whole
    assert log.sources["status"].eq("read").all()
    assert log.diary["kind"].isin(list(diary_words.diary_kinds())).all()
