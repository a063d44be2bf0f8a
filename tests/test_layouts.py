"""Lists whose headings are in a language nobody listed: known by where their columns stand and what they hold."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from functools import cache

import pandas as pd
import pytest

from csv_reading import noted, read, table
from loadlens.formats.export_profiles import find_sport
from loadlens.formats.source import UnreadableFile
from loadlens.simulation import simulate
from loadlens.simulators.simulated_exports import garmin_activities_csv, strava_archive

SAME = ["distance", "heart_rate", "speed", "ascent", "sport"]


@cache
def simulated(kind: str) -> str:
    runner = simulate("steady")
    if kind.startswith("garmin"):
        return garmin_activities_csv(runner, kind)
    return strava_archive(replace(runner, activities=runner.activities.head(60)), kind)["activities.csv"].decode()


def in_no_language(text: str) -> str:
    """Turn every heading round and put a letter before it: no list of words knows it, repeats stay repeats."""
    heading, *rows = csv.reader(io.StringIO(text))
    return table([f"ж{label[::-1]}" for label in heading], *rows)


@pytest.mark.parametrize("kind", ["garmin_csv_en", "garmin_csv_nl", "en", "nl", "de"])
def test_a_list_in_an_unknown_language_says_what_it_says_in_a_known_one(kind):
    known, unknown = read(simulated(kind)), read(in_no_language(simulated(kind)))
    assert unknown.format == known.format
    assert unknown.facts["used"] == known.facts["used"]
    assert unknown.facts["language"] is None
    for column in [*SAME, "duration" if kind.startswith("garmin") else "moving"]:
        left, right = (reading.tables["activities"][column] for reading in (known, unknown))
        pd.testing.assert_series_equal(left, right, obj=column)
    (entry,) = noted(unknown, "headings_by_place")
    assert entry["count"] >= 11
    assert not noted(known, "headings_by_place")


def test_a_garmin_list_in_an_unknown_language_gives_its_steps_to_tell_the_unit():
    by_words, by_place = read(simulated("garmin_csv_miles")), read(in_no_language(simulated("garmin_csv_miles")))
    for column in ("distance", "cadence", "step_length"):
        left, right = (reading.tables["activities"][column] for reading in (by_words, by_place))
        pd.testing.assert_series_equal(left, right, obj=column)


def test_a_list_in_an_unknown_language_without_any_energy_and_with_absurd_numbers_is_read():
    heading = ["тип", "день", "любимое", "имя", "путь", "энергия", "время", "пульс", "пульсмакс", "эффект", "темп"]
    row = ["Бег", "2026-08-22 16:14:45", "false", "x", "6.55", "--", "00:33:02", "155", "172", "3.5", "5:03"]
    odd = [*row[:4], "1e308", "--", "00:33:02", "9" * 400, "9" * 400, "3.5", "5:03"]
    reading = read(
        table(
            heading,
            row,
            [odd[0], "2026-08-23 16:14:45", *odd[2:]],
            *[[row[0], f"2026-08-{day} 10:00:00", *row[2:]] for day in range(10, 22)],
        )
    )
    assert reading.facts["used"] == 14
    assert reading.tables["activities"]["distance"].iloc[0] == 6550
    assert reading.tables["activities"]["heart_rate"].iloc[0] == 155
    assert reading.tables["activities"]["distance"].isna().iloc[1]


def test_without_heart_rates_the_cadences_that_stand_in_their_place_are_not_taken_for_them():
    heading = ["тип", "день", "любимое", "имя", "путь", "энергия", "время", "шаги", "шагимакс", "темп", "лучший"]
    row = ["Бег", "2026-08-22 16:14:45", "false", "x", "6.55", "364", "00:33:02", "172", "180", "5:03", "3:54"]
    climbs = [["вверх", "вниз", "длина"], ["9", "7", "1.15"]]
    bare = read(table(heading, row)).tables["activities"].iloc[0]
    assert not {"heart_rate", "cadence"} & set(bare.index)
    assert bare["distance"] == 6550
    run = read(table(heading + climbs[0], row + climbs[1])).tables["activities"].iloc[0]
    assert (run["cadence"], run["max_cadence"], run["step_length"], run["ascent"]) == (172, 180, 1.15, 9)
    assert "heart_rate" not in run.index


OLD_STRAVA = ["номер", "день", "имя", "вид", "слова", "время", "путь", "работа", "обувь", "файл"]


def test_the_ten_columns_of_the_first_strava_lists_are_known_by_a_file_of_the_archive():
    row = ["123456789", "16 авг. 2018 г., 21:01:41", "Вечер", "Забег", "", "3600", "10,25", "false", "", ""]
    file = [*row[:9], "activities/77.gpx.gz"]
    reading = read(table(OLD_STRAVA, file, ["123456790", "17 авг. 2018 г., 21:01:41", *row[2:]]))
    frame = reading.tables["activities"]
    assert reading.format == "strava_activities"
    assert frame["distance"].tolist() == [10_250, 10_250]
    assert frame["sport"].tolist() == ["run", "run"]
    assert frame["start_utc"].iloc[1] == pd.Timestamp("2018-08-17 21:01:41", tz="UTC")
    assert frame["file"].iloc[0] == "activities/77.gpx.gz"


@pytest.mark.parametrize("change", [{0: "abc"}, {1: "-"}, {9: ""}])
def test_what_does_not_hold_numbers_dates_and_a_file_is_no_strava_list(change):
    row = ["123456789", "16 авг. 2018 г., 21:01:41", "x", "Забег", "", "3600", "10,25", "false", "", "activities/7.gpx"]
    row = [change.get(place, cell) for place, cell in enumerate(row)]
    with pytest.raises(UnreadableFile, match="no known export"):
        read(table(OLD_STRAVA, row))


def test_relative_effort_is_not_taken_for_a_heart_rate():
    """In lists without the highest heart rate in front, the effort stands there and returns seven columns later."""
    heading, *rows = csv.reader(io.StringIO(simulated("en")))
    place = heading.index("Max Heart Rate")
    assert heading[place + 1] == "Relative Effort"
    again = heading.index("Max Heart Rate", place + 1)
    rows = [[*row[:again], "171", *row[again + 1 :]] for row in rows]
    shorter = table(*([*row[:place], *row[place + 1 :]] for row in (heading, *rows)))
    known, unknown = read(shorter), read(in_no_language(shorter))
    for reading in (known, unknown):
        assert set(reading.tables["activities"]["max_heart_rate"]) == {171.0}


def test_names_the_user_gives_come_before_the_layout():
    heading, *rows = csv.reader(io.StringIO(in_no_language(simulated("garmin_csv_en"))))
    reading = read(table(heading, *rows), aliases={heading[5]: "ascent"})
    assert reading.tables["activities"]["ascent"].iloc[0] == float(rows[0][5].replace(",", ""))
    assert "calories" not in reading.tables["activities"]


HALF_KNOWN = ["活動類型", "日期", "未知", "標題", "距離", "未知", "未知", "平均心率", "最大心率"]


def test_a_list_of_which_some_headings_are_known_gets_the_rest_by_place():
    reading = read(
        table(HALF_KNOWN, ["跑步", "2026-08-22 16:14:45", "false", "x", "6.55", "364", "00:33:02", "155", "172"])
    )
    run = reading.tables["activities"].iloc[0]
    assert (run["sport"], run["distance"], run["duration"], run["heart_rate"]) == ("run", 6550, 1982, 155)


def test_the_answers_of_stravas_interface_saved_as_a_table_are_read_with_their_local_day():
    heading = ["", "id", "name", "type", "sport_type", "distance", "moving_time", "elapsed_time", "start_date"]
    heading += ["start_date_local", "average_cadence", "average_heartrate", "athlete"]
    row = ["0", "123456", "Late", "Run", "TrailRun", "8000.1", "2400", "2500", "2024-03-04T03:30:00Z"]
    row += ["2024-03-03T22:30:00Z", "83.5", "null", "{'id': 1}"]
    reading = read(table(heading, row))
    run = reading.tables["activities"].iloc[0]
    assert (run["distance"], run["duration"], run["cadence"]) == (8000.1, 2400, 167)
    assert (run["sport"], run["sub_sport"]) == ("run", "trail")
    assert run["start_utc"] == pd.Timestamp("2024-03-04 03:30", tz="UTC")
    assert (run["start_local"], run["date"]) == (pd.Timestamp("2024-03-03 22:30"), pd.Timestamp("2024-03-03"))
    assert not noted(reading, "local_day_unsure")
    assert not noted(reading, "cell_unreadable")


def test_the_list_of_the_first_garmin_website_is_read_in_japanese():
    title, heading = (
        ["アクティビティ x"],
        ["お気に入り", "アクティビティ名", "アクティビティ タイプ", "コース", "スタート", "タイム"],
    )
    heading += ["距離", "高度上昇量", "平均スピード(平均ペース)", "平均心拍"]
    row = ["false", "朝", "ランニング", "--", "土, 2014 10 11 9:12 午後", "50:00", "10.00", "144", "5:00", "150"]
    reading = read(table(title, [""], heading, row))
    run = reading.tables["activities"].iloc[0]
    assert run["start_local"] == pd.Timestamp("2014-10-11 21:12")
    assert (run["distance"], run["duration"], run["ascent"], run["heart_rate"]) == (10_000, 3000, 144, 150)


@pytest.mark.parametrize(
    ("name", "sport"),
    [
        ("トラックラン", ("run", "track")),
        ("屋内ラン", ("run", "indoor")),
        ("バイク", ("ride", None)),
        ("ハイク", ("hike", None)),
        ("室内骑行", ("ride", "indoor")),
        ("操場跑步", ("run", "track")),
        ("Løpetur", ("run", None)),
        ("Bassengsvømming", ("swim", "pool")),
        ("Basseng", ("swim", "pool")),
        ("Sykling", ("ride", None)),
        ("Styrketrening", ("strength", None)),
        ("Забег", ("run", None)),
        ("달리기", ("run", None)),
    ],
)
def test_sports_are_known_in_more_languages(name, sport):
    assert find_sport(name) == (*sport, "listed")


def test_a_danish_run_not_listed_is_guessed_from_its_word():
    assert find_sport("Langt løb") == ("run", None, "guessed")
