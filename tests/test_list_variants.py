"""A list says the same however it is written: columns in another order, other encodings, saved by a spreadsheet."""

from __future__ import annotations

import csv
import io
import random
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csv_reading import noted, read, table
from loadlens.formats.moments import month_names, read_moments
from loadlens.formats.source import Reading, UnreadableFile
from loadlens.simulation import simulate
from loadlens.simulators import simulated_exports
from loadlens.simulators.simulated_exports import garmin_activities_csv, strava_archive

Rows = list[list[str]]


@cache
def simulated(kind: str) -> str:
    """The first sixty rows of a simulated list."""
    runner = simulate("comeback" if kind == "garmin_csv_miles" else "steady")
    if kind.startswith("garmin"):
        return write(rows_of(garmin_activities_csv(runner, kind))[:61])
    runner = replace(runner, activities=runner.activities.head(60))
    with pytest.MonkeyPatch.context() as patch:  # the recordings beside the list are not looked at here
        patch.setitem(simulated_exports._RECORDERS, "fit", ("fit", lambda *_: b""))
        return strava_archive(runner, kind)["activities.csv"].decode()


@cache
def as_written(kind: str) -> Reading:
    """What that list says as it is."""
    return read(simulated(kind))


def rows_of(text: str) -> Rows:
    return list(csv.reader(io.StringIO(text)))


def write(rows: Rows, mark: str = ",", end: str = "\r\n", quoting: int = csv.QUOTE_MINIMAL) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=mark, lineterminator=end, quoting=quoting).writerows(rows)
    return out.getvalue()


def shuffle(rows: Rows, seed: int) -> Rows:
    """Put columns in another order; columns of one label keep theirs, which is how platforms tell them apart."""
    order = list(range(len(rows[0])))
    random.Random(seed).shuffle(order)
    same: dict[str, list[int]] = {}
    for place in sorted(order):
        same.setdefault(rows[0][place], []).append(place)
    order = [same[rows[0][place]].pop(0) for place in order]
    return [[row[place] for place in order] for row in rows]


def assert_same(one: Reading, other: Reading, *, minutes: bool = False) -> None:
    """Whole tables are equal, whatever the order of their columns."""
    left, right = (reading.tables["activities"] for reading in (one, other))
    if minutes:
        left, right = (frame.assign(start_local=frame["start_local"].dt.floor("min")) for frame in (left, right))
    pd.testing.assert_frame_equal(left, right[left.columns], check_exact=False, rtol=1e-9)
    assert one.facts["units"] == other.facts["units"]
    assert one.facts["language"] == other.facts["language"]


KINDS = ["garmin_csv_en", "garmin_csv_nl", "garmin_csv_comma", "garmin_csv_miles", "nl", "de"]


@settings(max_examples=6, deadline=None)
@given(st.sampled_from(KINDS), st.integers(0, 10**6))
def test_the_order_of_columns_does_not_matter(kind, seed):
    assert_same(as_written(kind), read(write(shuffle(rows_of(simulated(kind)), seed))))


@pytest.mark.parametrize("kind", ["garmin_csv_nl", "garmin_csv_comma", "garmin_csv_miles", "nl"])
@pytest.mark.parametrize(
    "way", ["semicolon", "tab", "utf-16", "cp1252", "bom", "quoted", "carriage_returns", "pandas", "pasted_together"]
)
def test_the_way_of_writing_does_not_matter(kind, way):
    text = simulated(kind)
    rows = rows_of(text)
    if way == "pasted_together":
        rows = [rows[0], *rows[1:], rows[0], *rows[1:]]
    written: dict[str, Callable[[], str | bytes]] = {
        "semicolon": lambda: write(rows, ";"),
        "tab": lambda: write(rows, "\t"),
        "utf-16": lambda: write(rows).encode("utf-16"),
        "cp1252": lambda: write(rows).encode("cp1252", "replace"),
        "bom": lambda: write(rows).encode("utf-8-sig"),
        "quoted": lambda: write(rows, quoting=csv.QUOTE_ALL),
        "carriage_returns": lambda: write(rows, end="\r"),
        "pandas": lambda: pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False).to_csv(),
        "pasted_together": lambda: write(rows),
    }
    reading = read(written[way]())
    assert_same(as_written(kind), reading)
    if way == "pasted_together":
        assert reading.facts["set_aside"] == len(rows) // 2 - 1  # every second row is a repeat, and one is a heading


def as_spreadsheet(cell: str, mark: str) -> str:
    """A cell as an English spreadsheet writes it back: dates, truth, times of a day and more, no grouping."""
    if found := re.fullmatch(r"(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):\d\d", cell):
        year, month, day, hour, minute = map(int, found.groups())
        return f"{month}/{day}/{year} {hour}:{minute:02d}"
    if cell in ("false", "true"):
        return cell.upper()
    if found := re.fullmatch(r"(\d\d):(\d\d:\d\d)", cell):
        return f"{int(found[1])}:{found[2]}"
    if found := re.fullmatch(r"(\d{2,3}):(\d\d)", cell):  # minutes and seconds of 24 or more are hours to it
        return f"{cell}:00" if int(found[1]) >= 24 else cell
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+", cell) and mark == "point":
        cell = cell.replace(",", "")
    found = re.fullmatch(r"(-?\d+)\.(\d+)", cell)
    return (found[1] + (f".{rest}" if (rest := found[2].rstrip("0")) else "")) if found else cell


@pytest.mark.parametrize("kind", ["garmin_csv_en", "garmin_csv_nl", "garmin_csv_miles"])
def test_a_list_that_a_spreadsheet_saved_again_says_the_same(kind):
    rows = rows_of(simulated(kind))
    saved = [rows[0], *([as_spreadsheet(cell, "point") for cell in row] for row in rows[1:])]
    assert_same(as_written(kind), read(write(saved)), minutes=True)


@pytest.mark.parametrize("kind", ["garmin_csv_en", "garmin_csv_comma", "garmin_csv_nl"])
@settings(max_examples=5, deadline=None)
@given(st.data())
def test_columns_that_are_missing_leave_the_others_as_they_are(kind, data):
    rows = rows_of(simulated(kind))
    told = r"Cadence|slagen|\[\]|Stride|lengte|Avg Pace|Gemiddeld tempo"
    needed = {0, 1, 3, 4, 6, *(place for place, label in enumerate(rows[0]) if re.search(told, label))}
    dropped = data.draw(st.sets(st.sampled_from(sorted(set(range(len(rows[0]))) - needed)), max_size=10))
    fewer = [[cell for place, cell in enumerate(row) if place not in dropped] for row in rows]
    one, other = as_written(kind).tables["activities"], read(write(fewer)).tables["activities"]
    same = [column for column in one if column in other]
    pd.testing.assert_frame_equal(one[same], other[same])


@pytest.mark.parametrize("kind", ["garmin_csv_en", "garmin_csv_nl"])
def test_a_list_of_one_row_says_what_that_row_says_in_a_long_list(kind):
    rows = rows_of(simulated(kind))
    whole = as_written(kind).tables["activities"]
    for place in range(1, 40, 3):
        alone = read(write([rows[0], rows[place]])).tables["activities"]
        assert alone["distance"].iloc[0] == pytest.approx(whole["distance"].iloc[place - 1], nan_ok=True), rows[place]


def test_files_of_two_encodings_pasted_together_are_read_whole():
    heading = ["Activiteittype", "Datum", "Titel", "Afstand", "Calorieën", "Tijd", "Gemiddeld tempo"]
    one = table(heading, ["Hardlopen", "2024-03-02 09:00:00", "Één", "10,00", "600", "50:00", "5:00"])
    two = table(heading, ["Hardlopen", "2024-03-01 09:00:00", "Ván", "10,00", "610", "50:00", "5:00"])
    frame = read(one.encode() + two.encode("cp1252")).tables["activities"]
    assert frame[["title", "calories"]].to_numpy().tolist() == [["Één", 600], ["Ván", 610]]


# ---------------------------------------------------------------- miles and degrees without cadence

GARMIN = ["Activity Type", "Date", "Title", "Distance", "Time", "Avg Pace", "Total Ascent", "Min Temp", "Max Temp"]
# 6.21 miles at 8:03 a mile are 50:00
RUN = ["Running", "2024-03-02 09:00:00", "x", "6.21", "00:50:00", "8:03", "328", "62.6", "77.0"]


def test_degrees_fahrenheit_mean_miles_and_feet():
    reading = read(table(GARMIN, RUN, [*RUN[:1], "2024-03-03 09:00:00", *RUN[2:]]))
    run = reading.tables["activities"].iloc[0]
    assert run["distance"] == pytest.approx(6.21 * 1609.344)
    assert run["ascent"] == pytest.approx(328 * 0.3048)
    assert run["temperature"] == pytest.approx((17 + 25) / 2)
    assert noted(reading, "unit_with_temperature")[0]["value"] == "mi"


def test_a_run_on_the_track_tells_miles_from_kilometres():
    # 3,520 yd are 2 miles: 16:00 at 8:00; 3,200 m are 3.2 km: 16:00 at 5:00
    track = ["Track Running", "2024-03-03 09:00:00", "x", "3,520", "00:16:00", "8:00", "0", "0.0", "0.0"]
    cool = [*RUN[:7], "0.0", "0.0"]
    reading = read(table(GARMIN, cool, track))
    assert reading.tables["activities"]["distance"].tolist() == pytest.approx([6.21 * 1609.344, 3520 * 0.9144])
    assert noted(reading, "unit_by_track")[0]["value"] == "mi (≈ 1760 yd)"
    track[3:6] = ["3,200", "00:16:00", "5:00"]
    reading = read(table(GARMIN, [*cool[:3], "10.00", "00:50:00", "5:00", *cool[6:]], track))
    assert reading.tables["activities"]["distance"].tolist() == pytest.approx([10_000, 3200])
    assert noted(reading, "unit_by_track")[0]["value"] == "km (≈ 1000 m)"


@pytest.mark.parametrize(
    ("distance", "pace", "cadence", "unit"),
    [("6.21", "8:03", "170", "mi"), ("10.00", "5:00", "170", "km"), ("6.21", "8:03", "150", None)],
)
def test_the_number_of_steps_tells_miles_where_no_step_length_is_listed(distance, pace, cadence, unit):
    # 170 a minute for 50 minutes are 850 to the kilometre, for 63 minutes 1725 to the mile; 1208 may be either
    heading = [*GARMIN[:6], "Avg Run Cadence"]
    rows = [["Running", f"2024-03-0{day} 09:00:00", "x", distance, "00:50:00", pace, cadence] for day in (1, 2, 3)]
    slow = [[*row[:4], "01:03:00", "10:09", row[6]] for row in rows]
    reading = read(table(heading, *(slow if unit == "mi" else rows)))
    metres = 1609.344 if unit == "mi" else 1000
    assert reading.tables["activities"]["distance"].iloc[0] == pytest.approx(float(distance) * metres)
    told = [row["value"] for row in noted(reading, "unit_by_step_count")]
    assert [value.partition(" ")[0] for value in told] == ([unit] if unit else [])
    assert bool(noted(reading, "distance_unit_assumed")) is (unit is None)


def test_nothing_is_known_of_miles_without_any_sign_and_it_is_said_how_to_tell():
    reading = read(table(GARMIN[:6], RUN[:6]))
    assert noted(reading, "distance_unit_assumed")[0]["value"] == "km"
    heading = ["Distance (mi)" if label == "Distance" else label for label in GARMIN[:6]]
    assert read(table(heading, RUN[:6])).tables["activities"]["distance"].iloc[0] == pytest.approx(6.21 * 1609.344)


def test_a_list_of_other_sports_alone_is_read_and_names_no_unit_it_does_not_know():
    swim = ["Pool Swimming", "2024-03-02 09:00:00", "x", "1,276", "00:32:11", "2:31", "--", "--", "--"]
    gym = ["Strength Training", "2024-03-03 09:00:00", "x", "0.00", "00:45:00", "--", "--", "--", "--"]
    reading = read(table(GARMIN, swim, gym))
    assert reading.tables["activities"]["distance"].tolist() == [1276, 0]
    assert reading.tables["activities"]["sport"].tolist() == ["swim", "strength"]
    assert not noted(reading, "distance_unit_assumed")


def test_norwegian_headings_are_known():
    heading = ["Aktivitetstype", "Dato", "Favoritt", "Tittel", "Distanse", "Kalorier", "Tid", "Gjennomsnittlig puls"]
    row = ["Løping", "2026-07-01 18:23:45", "false", "x", "5,02", "412", "00:28:15", "156"]
    reading = read(table(heading, row))
    run = reading.tables["activities"].iloc[0]
    assert (run["sport"], run["distance"], run["heart_rate"]) == ("run", 5020, 156)
    assert reading.facts["language"] == "no"


# ---------------------------------------------------------------- dates in every language


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("12 Sept 2016", "2016-09-12"),
        ("8 jul 2017, 15:25:34", "2017-07-08 15:25:34"),
        ("23 jun. 2017 15:52:12", "2017-06-23 15:52:12"),
        ("3 mrt 2021, 06:12:45", "2021-03-03 06:12:45"),
        ("3 mei 2021, 06:12:45", "2021-05-03 06:12:45"),
        ("3 okt. 2021 06:12:45", "2021-10-03 06:12:45"),
        ("09.12.2022, 15:24:49", "2022-12-09 15:24:49"),
        ("Mar 3, 2024, 6:12:45 AM", "2024-03-03 06:12:45"),
        ("Sep 12, 2018, 3:02:23\u202fPM", "2018-09-12 15:02:23"),
        ("Fr, 25 Mai 2012 20:31", "2012-05-25 20:31"),
        ("lun., 30 juin 2014 7:03", "2014-06-30 07:03"),
        ("mar., 1 juil. 2014 7:03", "2014-07-01 07:03"),
        ("1 août 2014 à 7:03", "2014-08-01 07:03"),
        ("14 févr. 2024, 07:03:00", "2024-02-14 07:03"),
        ("14 feb 2024, 7:03:00", "2024-02-14 07:03"),
        ("14 de fev. de 2024, 07:03:00", "2024-02-14 07:03"),
        ("14 dic 2024, 07:03:00", "2024-12-14 07:03"),
        ("14 gen 2024, 07:03:00", "2024-01-14 07:03"),
        ("2024年3月2日 09:00", "2024-03-02 09:00"),
        ("2017-27-07", "2017-07-27"),
        ("2026年8月16日 下午3:02:11", "2026-08-16 15:02:11"),
        ("2014年10月11日 午後0:30", "2014-10-11 12:30"),
        ("2026. 8. 16. 오전 3:02:11", "2026-08-16 03:02:11"),
        ("日, 2014 10 5 2:00 午後", "2014-10-05 14:00"),
        ("16 авг. 2026 г., 09:01:41", "2026-08-16 09:01:41"),
        ("23. okt. 2018 15.02.11", "2018-10-23 15:02:11"),
    ],
)
def test_dates_as_platforms_write_them(cell, moment):
    assert pd.Timestamp(read_moments([cell]).values[0]) == pd.Timestamp(moment)


def test_every_name_of_a_month_is_read_in_a_date():
    for name, number in month_names().items():
        moment = read_moments([f"14 {name} 2024 07:03"]).values[0]
        assert pd.Timestamp(moment) == pd.Timestamp(2024, number, 14, 7, 3), name


# ---------------------------------------------------------------- real lists


def real_lists(corpus: Path) -> list[Path]:
    return [
        *sorted((corpus / "garmin_activities_csv").glob("*.csv")),
        *(corpus / "strava_activities_csv").glob("*.csv"),
    ]


def test_real_lists_say_the_same_in_another_order_and_another_encoding(corpus):
    for path in real_lists(corpus):
        content = path.read_bytes()
        rows = rows_of(content.decode("utf-8-sig"))
        base = read(content)
        if len({len(row) for row in rows}) == 1:
            assert_same(base, read(write(shuffle(rows, 7)).encode("utf-16"))), path.name
        if not any("\n" in cell for row in rows for cell in row):
            assert_same(base, read(write(rows, ";", "\r"))), path.name


def test_real_lists_survive_a_spreadsheet(corpus):
    for path in sorted((corpus / "garmin_activities_csv").glob("*.csv")):
        base = read(path.read_bytes())
        rows = rows_of(path.read_bytes().decode("utf-8-sig"))
        if base.facts["number_format"] != "point" or any(len(row) != len(rows[0]) for row in rows):
            continue
        saved = [rows[0], *([as_spreadsheet(cell, "point") for cell in row] for row in rows[1:])]
        other = read(write(saved))
        for column in ("distance", "duration", "moving", "elapsed", "speed", "heart_rate", "cadence", "date"):
            if column in base.tables["activities"]:
                left, right = (reading.tables["activities"][column] for reading in (base, other))
                pd.testing.assert_series_equal(left, right, check_dtype=False, obj=f"{path.name} {column}")


@pytest.mark.parametrize("cut", [1, 7, 100, 5000])
def test_a_list_that_breaks_off_anywhere_loses_no_row_before(cut):
    text = simulated("garmin_csv_en")[:-cut]
    reading = read(text)
    assert reading.facts["rows"] == len(rows_of(text)) - 1
    whole = as_written("garmin_csv_en").tables["activities"]["distance"]
    kept = reading.tables["activities"]["distance"]
    assert kept.iloc[:-1].tolist() == pytest.approx(whole.iloc[: len(kept) - 1].tolist(), nan_ok=True)


def test_a_heading_alone_in_an_unknown_language_is_refused_and_not_guessed():
    with pytest.raises(UnreadableFile, match="no known export"):
        read("Aktiviti,Tarih,Mesafe\nKoşu,2024-03-02,10\n")
