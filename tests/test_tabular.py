from __future__ import annotations

import contextlib
import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csv_reading import noted, read, source, table
from loadlens.formats import tabular
from loadlens.formats.export_profiles import find_sport
from loadlens.formats.source import Options, Reading, UnreadableFile


def activities(text: str | bytes, **options: object) -> pd.DataFrame:
    return read(text, **options).tables["activities"]


def wellness(text: str | bytes, **options: object) -> pd.DataFrame:
    return read(text, "Wellness.csv", **options).tables["wellness"].set_index("date")


def unit_of(reading: Reading, what: str) -> dict[str, object]:
    """Field, value, count and action of the one entry that says how a unit was known."""
    (entry,) = noted(reading, what)
    return {name: entry[name] for name in ("field", "value", "count", "action")}


GARMIN = ["Activity Type", "Date", "Favorite", "Title", "Distance", "Calories", "Time", "Avg HR", "Max HR"]
GARMIN += ["Avg Run Cadence", "Avg Pace", "Total Ascent", "Avg Stride Length", "Moving Time", "Elapsed Time"]

# 10 km in 50:00 at 5:00/km: 170 steps a minute of 1.18 m are 10.03 km
RUN = ["Running", "2024-03-02 09:00:00", "false", "Round the lake", "10.00", "600", "00:50:00", "150", "170"]
RUN += ["170", "5:00", "42", "1.18", "00:49:30", "00:52:00"]


def garmin(*changes: dict[str, str], heading: list[str] = GARMIN) -> str:
    """Return a list with one row per argument, each the standard run with some cells changed."""
    rows = []
    for place, change in enumerate(changes):
        row = dict(zip(GARMIN, RUN, strict=True)) | {"Date": f"2024-03-{28 - place:02d} 09:00:00"} | change
        rows.append([row.get(label, "--") for label in heading])
    return table(heading, *rows)


# ------------------------------------------------------------------ Garmin Connect


def test_a_garmin_list_comes_in_the_units_of_the_log():
    reading = read(garmin({}))
    run = reading.tables["activities"].iloc[0]
    assert reading.format == "garmin_activities"
    assert (run["sport"], run["sport_as_exported"], run["title"]) == ("run", "Running", "Round the lake")
    assert run["start_local"] == pd.Timestamp("2024-03-28 09:00")
    assert run["date"] == pd.Timestamp("2024-03-28")
    assert run["time_zone_from"] == "record"
    assert "start_utc" not in run
    expected = {"distance": 10_000, "duration": 3000, "moving": 2970, "elapsed": 3120, "speed": 1000 / 300}
    expected |= {"heart_rate": 150, "max_heart_rate": 170, "cadence": 170, "step_length": 1.18, "ascent": 42}
    for column, value in expected.items():
        assert run[column] == pytest.approx(value), column
    assert reading.facts["covers"] is True
    assert reading.facts["language"] == "en"
    assert reading.facts["number_format"] == "point"
    assert reading.facts["units"] == "distance km"
    told = {"field": "distance", "value": "km (≈ 1003 m)", "count": 1, "action": "noted"}
    assert unit_of(reading, "unit_by_steps") == told


LANGUAGES = ("en", "nl", "de", "fr", "es", "pt", "it", "pl", "hu", "sv", "da", "ja", "zh")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_headings_of_every_language_are_known(language):
    profile = next(one for one in tabular.profiles() if one.id == "garmin_activities")
    names = {"sport": "Activity Type", "start_local": "Date", "title": "Title", "distance": "Distance"}
    names |= {"duration": "Time", "heart_rate": "Avg HR", "cadence": "Avg Run Cadence", "pace": "Avg Pace"}
    names |= {"ascent": "Total Ascent", "step_length": "Avg Stride Length", "favorite": "Favorite"}
    heading = [profile.fields[name].aliases[language][0] for name in names]
    row = dict(zip(GARMIN, RUN, strict=True))
    reading = read(table(heading, [row[label] for label in names.values()]))
    run = reading.tables["activities"].iloc[0]
    assert reading.facts["language"] == language
    assert (run["distance"], run["duration"], run["heart_rate"], run["cadence"]) == (10_000, 3000, 150, 170)


def test_of_two_columns_with_one_label_the_filled_one_counts():
    heading = [*GARMIN, "Avg Run Cadence", "Avg Run Cadence"]
    text = garmin({}, heading=heading).splitlines()
    first = text[1].rsplit(",", 2)[0].replace(",170,5:00", ",--,5:00")
    assert activities("\n".join([text[0], f"{first},0,168"]))["cadence"].tolist() == [168]


def test_pace_and_speed_lie_in_one_column_and_the_cell_tells_which():
    heading = ["Avg Speed" if label == "Avg Pace" else label for label in GARMIN]
    rows = [{}, {"Activity Type": "Cycling", "Distance": "30.00", "Time": "01:12:00", "Avg Speed": "25.0"}]
    text = garmin({"Avg Speed": "5:00"}, rows[1], heading=heading)
    assert activities(text)["speed"].tolist() == pytest.approx([1000 / 300, 25 / 3.6])


def test_run_cadence_under_a_label_for_bikes_counts_and_pedalling_does_not():
    heading = ["Avg Bike Cadence" if label == "Avg Run Cadence" else label for label in GARMIN]
    ride = {"Activity Type": "Cycling", "Distance": "20.00", "Avg Pace": "24.0", "Avg Bike Cadence": "82"}
    reading = read(garmin({"Avg Bike Cadence": "170"}, ride, heading=heading))
    frame = reading.tables["activities"]
    assert frame["cadence"].iloc[0] == 170
    assert np.isnan(frame["cadence"].iloc[1])
    assert noted(reading, "cadence_not_steps")[0]["count"] == 1


def test_the_decimal_mark_is_voted_on_whatever_the_language():
    reading = read(garmin({"Distance": "10,00", "Avg Stride Length": "1,18", "Calories": "1.600"}))
    run = reading.tables["activities"].iloc[0]
    assert reading.facts["number_format"] == "comma"
    assert (run["distance"], run["step_length"], run["calories"]) == (10_000, 1.18, 1600)


def test_a_number_in_the_other_format_is_solved_by_time_and_pace():
    # a track run of 2,810 m that a spreadsheet turned into 2,81, in a file of 4.23s: 2.81 km at 4:18 are 12:06
    odd = {"Activity Type": "Track Running", "Distance": "2,81", "Time": "00:12:06", "Avg Pace": "4:18"}
    reading = read(garmin({}, {}, odd))
    assert reading.tables["activities"]["distance"].iloc[2] == pytest.approx(2810)
    assert noted(reading, "number_format_contradicts")[0]["action"] == "repaired"


def test_a_number_in_the_other_format_that_nothing_solves_is_missing():
    reading = read(garmin({}, {}, {"Distance": "2,81", "Avg Pace": "--"}))
    assert np.isnan(reading.tables["activities"]["distance"].iloc[2])
    entry = noted(reading, "cell_unreadable")[0]
    assert (entry["row"], entry["field"], entry["value"], entry["action"]) == (4, "distance", "2,81", "set_aside")


def test_without_a_token_that_proves_the_format_time_and_pace_do():
    # 1,276 km at 5:00 are 6:23; as a whole number it would be 1276 km
    text = table(["Activity Type", "Date", "Title", "Distance", "Time", "Avg Pace"])
    text += table(["Running", "2024-03-02 09:00:00", "x", "1,276", "00:06:23", "5:00"])
    reading = read(text)
    assert reading.tables["activities"]["distance"].iloc[0] == pytest.approx(1276)
    assert reading.facts["number_format"] == "unclear"


def test_miles_are_inferred_from_cadence_and_step_length_and_bring_feet():
    # 6.21 miles at 8:03 are 50:00; 170 x 50 x 1.18 m / 6.21 = 1615 m per unit
    reading = read(garmin({"Distance": "6.21", "Avg Pace": "8:03", "Total Ascent": "100"}))
    run = reading.tables["activities"].iloc[0]
    assert run["distance"] == pytest.approx(6.21 * 1609.344)
    assert run["speed"] == pytest.approx(1609.344 / 483)
    assert run["ascent"] == pytest.approx(30.48)
    assert reading.facts["units"] == "distance mi; ascent ft"
    assert unit_of(reading, "unit_by_steps")["value"] == "mi (≈ 1615 m)"
    assert unit_of(reading, "unit_with_distance")["field"] == "ascent"


def test_miles_are_inferred_from_steps_where_there_is_no_cadence():
    heading = [*GARMIN, "Steps"]
    change = {"Distance": "6.21", "Avg Pace": "8:03", "Avg Run Cadence": "--", "Steps": "8,500"}
    reading = read(garmin(change, heading=heading))
    assert reading.tables["activities"]["distance"].iloc[0] == pytest.approx(9994, abs=1)
    assert reading.facts["units"] == "distance mi; ascent ft"
    assert unit_of(reading, "unit_by_steps")["value"] == "mi (≈ 1615 m)"  # 8,500 x 1.18 m / 6.21


def test_without_any_evidence_kilometres_are_assumed_and_it_is_said():
    reading = read(garmin({"Avg Run Cadence": "--", "Avg Stride Length": "--"}))
    assert reading.facts["units"] == "distance km"
    assert unit_of(reading, "distance_unit_assumed")["value"] == "km"
    assert not noted(reading, "unit_by_steps")


def test_swims_and_track_runs_are_in_metres():
    swim = {"Activity Type": "Pool Swim", "Distance": "1,276", "Time": "32:11", "Avg Pace": "2:31"}
    track = {"Activity Type": "Track Running", "Distance": "2,810", "Time": "12:06", "Avg Pace": "4:18"}
    reading = read(garmin({}, swim, track))
    frame = reading.tables["activities"]
    assert frame["distance"].tolist() == pytest.approx([10_000, 1276, 2810])
    assert frame["sub_sport"].tolist() == [None, "pool", "track"]
    assert frame["speed"].iloc[1] == pytest.approx(100 / 151)
    assert noted(reading, "row_in_other_unit")[0]["row"] == 4


def test_what_says_nothing_is_missing_and_zero_too_where_no_body_makes_it():
    empty = {"Avg HR": "0", "Max HR": "--", "Avg Run Cadence": "0", "Avg Stride Length": "0.00", "Moving Time": "--"}
    run = activities(garmin({}, empty | {"Elapsed Time": "--:--:--", "Total Ascent": "0", "Calories": ""})).iloc[1]
    for column in ("heart_rate", "max_heart_rate", "cadence", "step_length", "moving", "elapsed", "calories"):
        assert np.isnan(run[column]), column
    assert run["ascent"] == 0


def test_temperature_is_missing_only_when_lowest_and_highest_are_both_zero():
    heading = [*GARMIN, "Min Temp", "Max Temp"]
    pairs = (("4.0", "28.0"), ("0.0", "0.0"), ("0.0", "6.0"), ("21.0", "0.0"))
    rows = [{"Min Temp": low, "Max Temp": high} for low, high in pairs]
    values = activities(garmin(*rows, heading=heading))["temperature"].tolist()
    assert values == pytest.approx([16, np.nan, 3, 21], nan_ok=True)  # a highest of 0 below the lowest is none


def test_the_apostrophe_is_taken_off_numbers_and_left_on_titles():
    heading = [*GARMIN, "Min Temp", "Max Temp"]
    text = garmin({"Title": "'s-Gravenhage Running", "Min Temp": "'-12", "Max Temp": "-2"}, heading=heading)
    run = activities(text).iloc[0]
    assert run["title"] == "'s-Gravenhage Running"
    assert run["temperature"] == -7


def test_dates_that_a_spreadsheet_rewrote_are_read_with_the_evidence_of_the_whole_file():
    text = garmin({"Date": "5/2/2025 16:42"}, {"Date": "4/28/2025 7:05"})
    starts = activities(text)["start_local"].tolist()
    assert starts == [pd.Timestamp("2025-05-02 16:42"), pd.Timestamp("2025-04-28 07:05")]
    reading = read(garmin({"Date": "5/2/2025 16:42"}))
    assert noted(reading, "date_order_unclear")[0]["value"] == "mdy"


def test_minutes_that_a_spreadsheet_made_hours_are_put_back():
    reading = read(garmin({}, {"Time": "50:00:00"}))
    assert reading.tables["activities"]["duration"].tolist() == [3000, 3000]
    assert noted(reading, "time_in_wrong_places")[0]["row"] == 3


def test_the_german_list_of_2012_with_titles_blanks_and_a_repeated_heading():
    heading = " Favorit,Aktivitätsname,Aktivitätstyp,Course,Start,Zeit,Distanz,Positiver Höhenunterschied,"
    heading += "Ø Geschw(Ø Pace),Max. Geschw.(Beste Pace),Ø HF,Max. HF,Kalorien,"
    row = ' false,Abendlauf,Laufen,--,"Di, 5 Jun 2012 19:30",1:05:11,"10,20",38,6:23,3:10,138,150,588,'
    reading = read("\n".join(["Aktivitäten von jemand", " ", heading, row, heading, ""]))
    run = reading.tables["activities"].iloc[0]
    assert (run["distance"], run["duration"], run["ascent"]) == (10_200, 3911, 38)
    assert run["start_local"] == pd.Timestamp("2012-06-05 19:30")
    assert run["source_row"] == 4
    assert (reading.facts["rows"], reading.facts["language"]) == (1, "de")
    assert noted(reading, "heading_repeated")[0]["row"] == 5


def test_the_french_list_of_2014():
    text = " activite,Type,date,Temps,Distance,Gain_altitude,Perte_altitude,Vitesse_moy,Vitesse_max,Calories,\n"
    text += ' tour,Course à pied,"mar., 1 juil. 2014 7:03",20:46,"2,94",23,19,7:04,5:42,241,\n'
    reading = read(text)
    run = reading.tables["activities"].iloc[0]
    assert reading.format == "garmin_activities"
    assert (run["sport"], run["distance"], run["ascent"], run["descent"]) == ("run", 2940, 23, 19)
    assert run["sport_as_exported"] == "Course à pied"
    assert run["date"] == pd.Timestamp("2014-07-01")


@pytest.mark.parametrize("mark", [";", "\t", ","])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252"])
@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_delimiters_encodings_and_line_ends(mark, encoding, end):
    heading = ["Activiteittype", "Datum", "Titel", "Afstand", "Calorieën", "Tijd", "Gemiddeld tempo"]
    text = table(heading, ["Hardlopen", "2024-03-02 09:00:00", "Één", "10,00", "600", "50:00", "5:00"], mark=mark)
    run = activities(text.replace("\n", end).encode(encoding)).iloc[0]
    assert (run["distance"], run["title"], run["calories"]) == (10_000, "Één", 600)


def test_raw_keys_and_translated_types_are_sports():
    assert find_sport("lap_swimming")[:2] == ("swim", "pool")
    assert find_sport("Laufbandtraining")[:2] == ("run", "treadmill")
    assert find_sport("Hardloopsessie")[:2] == ("run", None)
    assert find_sport("VirtualRun")[:2] == ("run", "virtual")
    assert find_sport("Langlaufen")[:2] == ("winter", None)
    assert find_sport("Night Running") == ("run", None, "guessed")
    assert find_sport("Quidditch") == ("other", None, "unknown")


def test_an_unknown_sport_is_in_the_ledger():
    reading = read(garmin({}, {"Activity Type": "Quidditch"}, {"Activity Type": "Quidditch"}))
    assert noted(reading, "sport_unknown") == [
        {"row": None, "field": "sport", "what": "sport_unknown", "value": "Quidditch", "count": 2, "action": "noted"}
    ]


def test_exports_pasted_together_are_read_section_by_section():
    other = ["Date", "Activity Type", "Title", "Time", "Distance", "Avg Pace", "Avg HR"]
    second = table(other, ["2024-02-01 08:00:00", "Running", "b", "25:00", "5.00", "5:00", "140"])
    reading = read(garmin({}) + second + garmin({}))
    assert reading.tables["activities"]["distance"].tolist() == [10_000, 5000]
    assert reading.tables["activities"]["heart_rate"].tolist() == [150, 140]
    assert [entry["row"] for entry in noted(reading, "section_started")] == [3, 5]
    assert noted(reading, "row_repeated")[0]["row"] == 6
    assert (reading.facts["rows"], reading.facts["set_aside"]) == (3, 1)


def test_a_shorter_row_counts_as_far_as_its_cells_fit_the_headings():
    short = RUN[:9] + RUN[10:]  # the cadence is lacking, so everything behind it slipped one column
    reading = read(table(GARMIN, RUN, [*short, ""]))
    run = reading.tables["activities"].iloc[1]
    assert (run["distance"], run["duration"], run["heart_rate"]) == (10_000, 3000, 150)
    assert np.isnan(run["elapsed"])
    assert noted(reading, "row_out_of_line")[0]["row"] == 3


def test_a_comma_in_an_unquoted_title_is_mended():
    broken = [*RUN[:3], "Slow", " and easy", *RUN[4:]]
    reading = read(table(GARMIN, RUN, broken))
    run = reading.tables["activities"].iloc[1]
    assert (run["title"], run["distance"], run["elapsed"]) == ("Slow, and easy", 10_000, 3120)
    assert noted(reading, "row_longer_than_heading")[0]["action"] == "repaired"


def test_a_longer_row_that_fits_nothing_is_set_aside():
    reading = read(table(GARMIN, RUN, ["x"] * (len(RUN) + 3)))
    assert (reading.facts["rows"], reading.facts["used"]) == (2, 1)
    assert noted(reading, "row_out_of_line")[0]["action"] == "set_aside"


def test_a_row_without_a_date_is_set_aside_with_its_number():
    reading = read(garmin({}, {"Date": "Summary"}))
    assert (reading.facts["used"], reading.facts["set_aside"]) == (1, 1)
    entry = noted(reading, "date_unreadable")[0]
    assert (entry["row"], entry["value"], entry["action"]) == (3, "Summary", "set_aside")


def test_twenty_rows_are_probably_a_list_cut_off():
    reading = read(garmin(*[{}] * 20))
    entry = noted(reading, "probably_cut_off")[0]
    assert (entry["value"], entry["count"]) == ("2024-03-09", 20)
    assert not noted(read(garmin(*[{}] * 19)), "probably_cut_off")


def test_a_run_that_lasted_but_measured_no_distance_has_an_unknown_one():
    reading = read(garmin({}, {"Activity Type": "Treadmill Running", "Distance": "0.00", "Avg Pace": "--"}))
    assert np.isnan(reading.tables["activities"]["distance"].iloc[1])
    assert noted(reading, "run_without_distance")[0]["row"] == 3


def test_a_distance_that_time_and_pace_deny_stays_and_is_noted():
    reading = read(garmin({}, {"Distance": "7.50"}))
    assert reading.tables["activities"]["distance"].iloc[1] == 7500
    assert noted(reading, "pace_disagrees")[0]["row"] == 3


# ------------------------------------------------------------------ Strava

STRAVA = ["Activity ID", "Activity Date", "Activity Name", "Activity Type", "Activity Description", "Elapsed Time"]
STRAVA += ["Distance", "Max Heart Rate", "Relative Effort", "Commute", "Activity Private Note", "Activity Gear"]
STRAVA += ["Filename", "Athlete Weight", "Bike Weight", "Elapsed Time", "Moving Time", "Distance", "Max Speed"]
STRAVA += ["Average Speed", "Elevation Gain", "Average Cadence", "Max Heart Rate", "Average Heart Rate", "Calories"]
STRAVA += ["Perceived Exertion", "Gear", "Timer Time", "Media"]


def strava(*changes: dict[str, str], heading: list[str] = STRAVA) -> str:
    rows = []
    for change in changes:
        row = {"Activity ID": "101", "Activity Date": "Mar 3, 2024, 11:12:45 PM", "Activity Name": "Evening Run"}
        row |= {"Activity Type": "Run", "Elapsed Time": "3120", "Distance": "10.00", "Distance 2": "10003.4"}
        row |= {"Moving Time": "2970.0", "Max Heart Rate": "171", "Max Heart Rate 2": "", "Commute": "false"}
        row |= {"Average Heart Rate": "150.4", "Average Cadence": "85.0", "Average Speed": "3.37"}
        row |= {"Filename": "activities/202.fit.gz", "Activity Gear": "Blue shoes", "Gear": "77.0", **change}
        seen: dict[str, int] = {}
        cells = []
        for label in heading:
            seen[label] = seen.get(label, 0) + 1
            cells.append(row.get(f"{label} {seen[label]}", row.get(label, "")))
        rows.append(cells)
    return table(heading, *rows)


def test_a_strava_list_comes_in_the_units_of_the_log():
    reading = read(strava({"Perceived Exertion": "6.0", "Elevation Gain": "55.5"}))
    run = reading.tables["activities"].iloc[0]
    assert reading.format == "strava_activities"
    expected = {"distance": 10_003.4, "duration": 2970, "moving": 2970, "elapsed": 3120, "max_heart_rate": 171}
    expected |= {"heart_rate": 150.4, "cadence": 170, "speed": 3.37, "rpe": 6, "ascent": 55.5}
    for column, value in expected.items():
        assert run[column] == pytest.approx(value), column
    assert (run["source_id"], run["file"], run["gear"]) == ("101", "activities/202.fit.gz", "Blue shoes")
    assert run["start_utc"] == pd.Timestamp("2024-03-03 23:12:45", tz="UTC")
    assert reading.facts["units"] == "distance m"
    told = {"field": "distance", "value": "m", "count": 1, "action": "noted"}
    assert unit_of(reading, "unit_by_second_column") == told
    told = {"field": "duration", "value": "moving", "count": 1, "action": "noted"}
    assert unit_of(reading, "duration_from") == told


def test_days_are_of_utc_and_said_to_be_unsure_until_a_zone_is_given():
    reading = read(strava({}))
    run = reading.tables["activities"].iloc[0]
    assert (run["date"], run["time_zone_from"]) == (pd.Timestamp("2024-03-03"), "assumed")
    assert "start_local" not in run
    assert noted(reading, "local_day_unsure")[0]["count"] == 1
    reading = read(strava({}), tz="Europe/Amsterdam")
    run = reading.tables["activities"].iloc[0]
    assert (run["date"], run["time_zone_from"]) == (pd.Timestamp("2024-03-04"), "user")
    assert run["start_local"] == pd.Timestamp("2024-03-04 00:12:45")
    assert not noted(reading, "local_day_unsure")
    with pytest.raises(UnreadableFile, match="time zone"):
        read(strava({}), tz="Mars/Base")


def test_timer_time_comes_before_moving_and_elapsed_time():
    rows = [{"Timer Time": "3001.0"}, {"Timer Time": "0.0"}, {"Timer Time": "", "Moving Time": ""}]
    assert activities(strava(*rows))["duration"].tolist() == [3001, 2970, 3120]


def test_strides_are_doubled_for_those_on_foot_and_the_ledger_says_so():
    reading = read(strava({}, {"Activity Type": "Walk", "Average Cadence": "57"}, {"Activity Type": "Ride"}))
    cadence = reading.tables["activities"]["cadence"]
    assert cadence.tolist() == pytest.approx([170, 114, np.nan], nan_ok=True)
    assert noted(reading, "cadence_doubled")[0]["count"] == 2
    reading = read(strava({"Average Cadence": "168"}))
    assert reading.tables["activities"]["cadence"].tolist() == [168]
    assert not noted(reading, "cadence_doubled")


def test_the_first_distance_serves_where_the_second_is_empty():
    ride = {"Activity Type": "Ride", "Distance": "31.5", "Distance 2": ""}
    swim = {"Activity Type": "Swim", "Distance": "1,500", "Distance 2": "", "Elapsed Time": "2000"}
    assert activities(strava({}, ride, swim))["distance"].tolist() == pytest.approx([10_003.4, 31_500, 1500])


@pytest.mark.parametrize("language", ["en", "nl", "de", "fr", "es"])
def test_the_first_distance_of_a_swim_is_in_metres_in_every_number_format(language):
    profile = next(one for one in tabular.profiles() if one.id == "strava_activities")
    fields = ["source_id", "start_utc", "title", "sport", "elapsed", "distance_listed", "gear", "file"]
    heading = [profile.fields[name].aliases[language][0] for name in fields]
    run, swim = ("9.72", "1,500") if language == "en" else ("9,72", "1.500")
    rows = [["1", "2024-03-04 06:12:45", "a", "Run", "3107", run, "", ""]]
    rows += [["2", "2024-03-05 06:12:45", "b", "Swim", "2000", swim, "", ""]]
    assert activities(table(heading, *rows))["distance"].tolist() == pytest.approx([9720, 1500])


def test_a_description_may_run_over_lines_and_joins_the_private_note():
    text = strava({"Activity Description": "calm\n\nuntil km 8", "Activity Private Note": "left knee 2/10"})
    reading = read(text + strava({"Activity ID": "102"}).split("\n", 1)[1])
    frame = reading.tables["activities"]
    assert frame["note"].iloc[0] == "calm\n\nuntil km 8\nleft knee 2/10"
    assert frame["source_row"].tolist() == [2, 5]
    assert frame["note"].iloc[1] is None or pd.isna(frame["note"].iloc[1])


def test_labels_wrapped_in_untranslated_html_are_read():
    span = '<span class="translation_missing" title="translation missing: en-US.x">{}</span>'
    heading = [span.format(label) if label in ("Timer Time", "Average Cadence") else label for label in STRAVA]
    text = strava({span.format("Timer Time"): "3005", span.format("Average Cadence"): "86"}, heading=heading)
    run = activities(text).iloc[0]
    assert (run["duration"], run["cadence"]) == (3005, 172)


def test_ten_lower_case_columns_of_before_2019_are_in_metres():
    heading = ["id", "date", "name", "type", "description", "elapsed_time", "distance", "commute", "gear", "filename"]
    row = ["9", "2018-03-12 17:10:33", "Run", "Run", "", "3120", "10003.4", "false", "Red shoes", "activities/9.gpx"]
    reading = read(table(heading, row))
    run = reading.tables["activities"].iloc[0]
    assert reading.format == "strava_activities"
    assert (run["distance"], run["duration"], run["gear"]) == (10_003.4, 3120, "Red shoes")
    assert run["start_utc"] == pd.Timestamp("2018-03-12 17:10:33", tz="UTC")
    assert reading.facts["language"] == "en"


def test_ten_title_case_columns_of_2019_are_in_kilometres():
    heading = [*STRAVA[:7], "Commute", "Activity Gear", "Filename"]
    run = activities(strava({"Distance": "3.68", "Elapsed Time": "1200"}, heading=heading)).iloc[0]
    assert run["distance"] == pytest.approx(3680)
    assert run["duration"] == 1200


@pytest.mark.parametrize(
    ("language", "moment", "listed", "kind"),
    [
        ("nl", "4 mrt 2024, 06:12:45", "9,72", "Hardloopsessie"),
        ("de", "04.03.2024, 06:12:45", "9,72", "Lauf"),
        ("fr", "4 mars 2024, 06:12:45", "9,72", "Course à pied"),
        ("en", "Mar 4, 2024, 6:12:45 AM", "9.72", "Trail Run"),
    ],
)
def test_strava_in_other_languages(language, moment, listed, kind):
    profile = next(one for one in tabular.profiles() if one.id == "strava_activities")
    fields = ["source_id", "start_utc", "title", "sport", "elapsed", "distance_listed", "gear", "file"]
    heading = [profile.fields[name].aliases[language][0] for name in fields]
    row = ["1", moment, "Lekker", kind, "3107", listed, "Schoen", "activities/1.fit.gz"]
    reading = read(table(heading, row))
    run = reading.tables["activities"].iloc[0]
    assert (run["sport"], run["distance"]) == ("run", pytest.approx(9720))
    assert run["start_utc"] == pd.Timestamp("2024-03-04 06:12:45", tz="UTC")
    assert reading.facts["language"] == language


# ------------------------------------------------------------------ daily tables


@pytest.mark.parametrize(
    ("text", "column", "value"),
    [
        ("date,resting_hr\n2024-05-01,52\n", "rhr_day", 52),
        ("Datum;Rusthartslag;Slaap (uur)\n01-05-2024;52;7,5\n", "sleep", 27_000),
        ("Datum;Ruhepuls;Gewicht (kg)\n01.05.2024;52;71,4\n", "mass", 71.4),
        ("Date,Resting Heart Rate (bpm),HRV (ms)\n2024-05-01,52,61\n", "hrv_rmssd", 61),
        ("date,rMSSD,SDNN\n2024-05-01,61.5,70.1\n", "hrv_sdnn", 70.1),
        ("date,sleep\n2024-05-01,7:30\n", "sleep", 27_000),
        ("date,sleep\n2024-05-01,7h 40min\n", "sleep", 27_600),
        ("date,sleep_min\n2024-05-01,450\n", "sleep", 27_000),
        ("date,sleep\n2024-05-01,450\n", "sleep", 27_000),
        ("date,sleep\n2024-05-01,27000\n", "sleep", 27_000),
        ("Datum;Slaap\n1 mei 2024;7,5\n", "sleep", 27_000),
        ("date,weight (lb)\n2024-05-01,160\n", "mass", 72.5748),
        ("date,weight\n2024-05-01,160 lb\n", "mass", 72.5748),
        ('date,steps\n2024-05-01,"12,345"\n', "steps", 12_345),
        ("date,rhr\n2024-05-01,55 bpm\n", "rhr_day", 55),
        ("Datum\tStappen\n1 mei 2024\t12.345\n", "steps", 12_345),
    ],
)
def test_a_plain_table_of_days(text, column, value):
    assert wellness(text).loc["2024-05-01", column] == pytest.approx(value)


def test_an_inferred_unit_and_an_unnamed_variability_are_said():
    reading = read("date,sleep,hrv\n2024-05-01,7.5,61\n", "Wellness.csv")
    assert reading.facts["units"] == "sleep h"
    told = {"field": "sleep", "value": "h", "count": 1, "action": "converted"}
    assert unit_of(reading, "unit_inferred") == told
    assert noted(reading, "hrv_kind_assumed")[0]["value"] == "hrv"
    assert not noted(read("date,rmssd\n2024-05-01,61\n", "Wellness.csv"), "hrv_kind_assumed")


def test_a_day_written_twice_is_one_day_and_an_empty_day_is_set_aside():
    reading = read("date,rhr,weight\n2024-05-01,52,\n2024-05-01,,71\n2024-05-02,0,\n", "Wellness.csv")
    frame = reading.tables["wellness"]
    assert frame[["rhr_day", "mass"]].to_numpy().tolist() == [[52, 71]]
    assert noted(reading, "date_repeated")[0]["action"] == "merged"
    assert noted(reading, "row_without_values")[0]["row"] == 4
    assert reading.facts["covers"] is False


def test_a_table_of_several_people_is_refused():
    with pytest.raises(UnreadableFile, match="2 different people"):
        read("person,date,resting_hr\na,2024-05-01,52\nb,2024-05-01,60\n", "Wellness.csv")
    assert wellness("person,date,resting_hr\na,2024-05-01,52\n").loc["2024-05-01", "rhr_day"] == 52


SLEEP = ["Sleep Score 4 Weeks", "Score", "Resting Heart Rate", "Body Battery", "Pulse Ox", "Respiration"]
SLEEP += ["HRV Status", "Quality", "Duration", "Sleep Need", "Bedtime", "Wake Time"]


@pytest.mark.parametrize("first", ["Sleep Score 4 Weeks", "Date", "Score di sonno 4 settimane"])
@pytest.mark.parametrize("day", ["2025-11-07", "Nov 7, 2025", "11/7/2025"])
def test_the_sleep_table_of_garmin_has_its_dates_under_its_title(first, day):
    night = [day, "75", "56", "+36", "96.18", "15.0", "50", "Fair", "6h 17min", "8h 0min", "10:31 PM", "4:49 AM"]
    before = ["2025-11-06" if "-" in day else day.replace("7", "6", 1), *["--"] * 11]
    if day.startswith("11/"):
        before[0] = "11/26/2025"
    reading = read(table([first, *SLEEP[1:]], night, before), "Sleep.csv")
    frame = reading.tables["wellness"].set_index("date")
    assert reading.format == "garmin_sleep"
    assert frame.loc["2025-11-07"].to_dict() == {"sleep_score": 75, "rhr_day": 56, "sleep": 22_620}
    assert (reading.facts["used"], reading.facts["set_aside"]) == (1, 1)


def test_nights_without_a_year_are_refused_with_what_would_be_right():
    night = ["Nov 7", "75", "56", "36", "96", "15", "50", "Fair", "6h 17min", "8h 0min", "10:31 PM", "4:49 AM"]
    with pytest.raises(UnreadableFile, match=r"no year \(e\.g\. 'Nov 7'\).*DI_CONNECT"):
        read(table(SLEEP, night), "Sleep.csv")
    with pytest.raises(UnreadableFile, match="no day"):
        read("date,steps\nApril 2024,249942\n", "steps.csv")


def test_means_over_weeks_are_refused_with_what_would_be_right():
    heading = ["\ufeffDate", "Avg Score", "Avg Quality", "Avg Duration", "Avg Sleep Need", "Avg Bedtime"]
    with pytest.raises(UnreadableFile, match=r"averaged over weeks.*DI_CONNECT"):
        read(table(heading, ["Oct 1-7", "76", "Fair", "7h 40min", "8h 14min", "12:12 AM"]), "Sleep.csv")


# ------------------------------------------------------------------ what nobody knows


def test_unknown_headings_are_named_with_the_closest_aliases_and_the_way_out():
    text = "Dag;Afstnd;Tijdd\n2024-05-01;10;50:00\n"
    with pytest.raises(UnreadableFile) as error:
        read(text, "runs.csv")
    message = str(error.value)
    for part in ("runs.csv", "'Afstnd'", "close to 'afstand'", "distance in", 'aliases={"Their', "Garmin Connect"):
        assert part in message


def test_aliases_make_an_unknown_list_readable():
    text = "When;How far (km);How long;Felt\n01.05.2024;10,5;52:30;fine\n08.05.2024;21,1;1:50:00;ok\n"
    aliases = {"when": "date", "How far (km)": "distance", "How long": "duration", "Felt": "note"}
    reading = read(text, "mine.csv", aliases=aliases)
    frame = reading.tables["activities"]
    assert frame["distance"].tolist() == pytest.approx([10_500, 21_100])
    assert frame["duration"].tolist() == [3150, 6600]
    assert frame["date"].tolist() == [pd.Timestamp("2024-05-01"), pd.Timestamp("2024-05-08")]
    assert frame["sport"].tolist() == ["run", "run"]
    assert noted(reading, "sport_assumed")
    assert reading.facts["units"] == "distance km"
    assert unit_of(reading, "unit_by_heading")["value"] == "km"
    assert "start_local" not in frame


def test_aliases_work_on_a_known_export_in_an_unknown_language():
    text = garmin({"Favorite": "7"}).replace("Distance", "Matka", 1).replace("Time", "Aika", 1)  # not Garmin's layout
    assert np.isnan(activities(text).get("distance", pd.Series([np.nan])).iloc[0])
    frame = activities(text, aliases={"Matka": "distance", "Aika": "duration"})
    assert frame[["distance", "duration"]].to_numpy().tolist() == [[10_000, 3000]]


def test_aliases_work_on_a_table_of_days():
    frame = wellness("when,pulse at dawn\n2024-05-01,52\n", aliases={"when": "date", "pulse at dawn": "rhr_day"})
    assert frame.loc["2024-05-01", "rhr_day"] == 52


def test_an_alias_for_a_column_that_does_not_exist_is_refused():
    with pytest.raises(UnreadableFile, match=r"no column 'distanse'.*distance"):
        read(garmin({}), aliases={"Matka": "distanse"})


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        (b"a,b\n1,2\n", "anything.csv", True),
        (b"a,b\n1,2\n", "anything.txt", False),
        (b"", "empty.csv", True),
        (b"\x0e\x10\x00\x00\x00\x00\x00\x00.FIT", "run.csv", False),
        (b'{"date": 1, "steps": 2}', "day.json", False),
        (b"<gpx><date>,steps</date></gpx>", "run.gpx", False),
        (b"date,resting_hr\n2024-05-01,52\n", "my pulse.txt", True),
        (b"\xff\xfe\xff", "x", False),
    ],
)
def test_sniff_takes_every_csv_and_other_names_when_a_profile_fits(content, name, expected):
    assert tabular.sniff(content, name) is expected


def test_an_empty_file_is_refused_and_an_empty_list_is_said_to_be_empty():
    with pytest.raises(UnreadableFile, match="empty"):
        tabular.parse(source(b" \n"), Options())
    reading = read(table(GARMIN))
    assert (reading.facts["rows"], reading.facts["status"]) == (0, "empty")
    assert len(reading.tables["activities"]) == 0


def test_a_quotation_mark_that_does_not_pair_up_is_noted():
    assert noted(read(garmin({}) + 'Running,2024-03-01 09:00:00,false,"open\n'), "quotes_unpaired")


@given(st.text(alphabet="Date,;\"\n\r\tTime 0123456789:.-/'Distance\x00é", max_size=300), st.booleans())
def test_no_text_makes_the_reader_fail_in_any_other_way(text, under_heading):
    content = (",".join(GARMIN) + "\n" + text if under_heading else text).encode()
    assert tabular.sniff(content, "x.csv") in (True, False)
    assert tabular.sniff(content, "x") in (True, False)
    facts: dict[str, object] = {}
    with contextlib.suppress(UnreadableFile):
        facts = tabular.parse(source(content), Options()).facts
    assert not facts or facts["used"] + facts["set_aside"] == facts["rows"]


def test_text_larger_than_any_list_is_refused(monkeypatch):
    monkeypatch.setattr("loadlens.formats.delimited.MAX_TEXT", 100)
    with pytest.raises(UnreadableFile, match="larger than 100 bytes"):
        tabular.parse(source(garmin({})), Options())


def test_each_profile_has_a_name_in_both_languages_and_can_be_found_by_its_own_labels():
    for profile in tabular.profiles():
        assert set(profile.names) == {"en", "nl"}
        assert profile.least <= len({one.column for one in profile.fields.values()})


# ------------------------------------------------------------------ real exports

# Words for running in those files, found by looking at each file's own list of types.
RUNNING = {"running", "Running", "Laufen", "Laufbandtraining", "Laufen auf der Bahn", "Löpning", "Löpband", "Carrera"}
RUNNING |= {"Entrenamiento en cinta", "Futás", "Beltéri futás", "Teremfutás", "Hardloopsessie", "Run"}


def real(path: Path) -> Reading:
    content = path.read_bytes()
    return read(content, path.name)


def naive(path: Path, sport: int, distance: int, metres: float) -> tuple[int, float]:
    """Count runs and add up their distances by position alone; thousands of metres are track runs."""
    count, total = 0, 0.0
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.reader(file):
            if len(row) <= distance or row[sport].strip() not in RUNNING:
                continue
            text = row[distance].strip()
            count += 1
            if "," in text and "." not in text and len(text.split(",")[1]) == 2 and not text.startswith("2,81"):
                total += float(text.replace(",", ".")) * metres
            elif "," in text:  # 2,810 m on the track, once resaved as 2,81
                total += float(text.replace(",", "").ljust(4, "0")) * metres / 1000
            else:
                total += float(text or 0) * metres
    return count, total


def test_every_real_garmin_list_counts_and_adds_up(corpus):
    files = sorted((corpus / "garmin_activities_csv").glob("*.csv"))
    assert len(files) >= 10
    agreeing = runs_seen = 0
    for path in files:
        reading = real(path)
        frame = reading.tables["activities"]
        runs = frame[frame["sport"] == "run"]
        legacy = "GarminConnect" in path.name
        count, total = naive(path, 2 if legacy else 0, 6 if legacy else 4, 1000)
        assert len(runs) == count, path.name
        assert runs["distance"].sum() == pytest.approx(total), path.name
        assert not noted(reading, "sport_unknown"), path.name
        checked = runs[runs["speed"].notna() & (runs["distance"] > 0)]
        ratio = checked["duration"] * checked["speed"] / checked["distance"]
        agreeing += int((ratio - 1).abs().lt(0.05).sum())
        runs_seen += len(checked)
        standing = (runs["duration"] / runs["moving"]).median() if "moving" in runs else 1.0
        if "cadence" in runs and runs["cadence"].notna().any() and not standing > 1.35:
            # one file records whole outings, more than a third of them standing still: no running cadence
            assert 140 < runs["cadence"].median() < 200, path.name
    assert runs_seen > 900
    assert agreeing / runs_seen >= 0.995


def test_every_real_strava_list_counts_and_adds_up(corpus):
    files = [*sorted((corpus / "strava_activities_csv").glob("*.csv")), corpus / "strava_archive/mini/activities.csv"]
    for path in files:
        reading = real(path)
        frame = reading.tables["activities"]
        runs = frame[frame["sport"] == "run"]
        with path.open(encoding="utf-8-sig", newline="") as file:
            heading = next(csv.reader(file))
        second = [place for place, label in enumerate(heading) if label in ("Distance", "Afstand")][1]
        count, total = naive(path, 3, second, 1)
        assert len(runs) == count, path.name
        assert runs["distance"].sum() == pytest.approx(total), path.name
        assert 140 < runs["cadence"].median() < 200, path.name
        assert reading.facts["used"] == reading.facts["rows"]
        assert not noted(reading, "sport_unknown"), path.name
        assert not noted(reading, "cell_unreadable"), path.name


def test_real_tables_of_other_apps_are_refused_and_weekly_sleep_too(corpus):
    refused = ("Sleep.csv", "Epson.csv", "Wahoo.csv", "resting_hr.csv", "runs_02.csv")
    files = [path for path in corpus.rglob("*.csv") if path.name.endswith(refused)]
    assert len(files) >= len(refused)
    for path in files:
        content = path.read_bytes()
        with pytest.raises(UnreadableFile, match=path.name[:10]):
            tabular.parse(source(content, path.name), Options())


# ------------------------------------------------------------------ damage and malice


def test_a_number_no_sum_can_hold_is_set_aside_and_the_row_kept():
    reading = read(garmin({"Distance": "1e308"}, {}))
    assert reading.tables["activities"]["distance"].isna().tolist() == [True, False]
    (entry,) = noted(reading, "cell_unreadable")
    assert (entry["row"], entry["field"], entry["value"]) == (2, "distance", "1e308")


@pytest.mark.parametrize("day", ["0001-01-01 10:00:00", "1969-12-31 23:59:59", "2101-01-01 00:00", "9999-12-31 09:00"])
def test_a_date_no_watch_has_seen_is_set_aside_in_every_way_of_writing(day):
    for date in (day, day.replace("-", "/")):
        reading = read(garmin({"Date": date}, {}))
        assert (reading.facts["used"], reading.facts["set_aside"]) == (1, 1)
        (entry,) = noted(reading, "date_unreadable")
        assert entry["value"] == date


def test_a_table_below_a_screenful_of_empty_lines_is_found():
    reading = read("\n" * 60 + garmin({}))
    assert reading.tables["activities"]["source_row"].tolist() == [62]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_text_of_two_bytes_a_letter_needs_no_mark(encoding):
    assert read(garmin({"Title": "Zaterdag €"}).encode(encoding)).tables["activities"]["distance"].tolist() == [10_000]
