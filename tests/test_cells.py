from __future__ import annotations

import numpy as np
import pytest

from loadlens.formats import delimited
from loadlens.formats.cells import (
    duration,
    plain,
    read_durations,
    read_number_either_way,
    read_numbers,
    split_unit,
    vote,
)
from loadlens.formats.moments import read_moments
from loadlens.formats.source import UnreadableFile

NAN = float("nan")


def days(cells: list[str], language: str = "en") -> list[str]:
    return [str(moment)[:10] for moment in read_moments(cells, language).values]


def times(cells: list[str], language: str = "en") -> list[str]:
    return [str(moment) for moment in read_moments(cells, language).values]


# ------------------------------------------------------------------ labels


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("  Calorieën ", "calorieen"),
        ("Normalized Power® (NP®)", "normalized power (np)"),
        ('<span class="translation_missing" title="x">Jump Count</span>', "jump count"),
        ("elapsed_time", "elapsed time"),
        ("\ufeffDate", "date"),
        ("Type d’activité", "type d'activite"),
        ("[]", "[]"),
    ],
)
def test_labels_are_compared_without_accents_case_tags_and_marks(label, expected):
    assert plain(label) == expected


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Resting Heart Rate (bpm)", ("resting heart rate", "bpm")),
        ("Slaap [uur]", ("slaap", "uur")),
        ("sleep_min", ("sleep", "min")),
        ("Distanz in km", ("distanz", "km")),
        ("Datum", ("datum", "")),
    ],
)
def test_a_unit_behind_a_label_is_split_off(label, expected):
    assert split_unit(label) == expected


# ------------------------------------------------------------------ numbers


def test_tokens_without_doubt_decide_the_decimal_mark():
    assert vote([["4,14", "0,91"], ["320", "1,276"]])[0] == "comma"
    assert vote([["4.14", "1,276.5"], ["1,276"]])[0] == "point"
    assert vote([["1.234.567"]]) == ("comma", {"point": 0, "comma": 1})
    assert vote([["0,914"]])[0] == "comma"  # nobody groups thousands behind a zero


def test_three_digits_behind_one_mark_prove_nothing():
    assert vote([["1,276", "12.345", "320", "--", ""]])[0] is None


def test_a_mark_in_a_count_groups_thousands():
    assert vote([], [["12.345"]])[0] == "comma"
    assert vote([], [["12,345", "987"]])[0] == "point"


def test_one_contradicting_token_does_not_win():
    assert vote([["4.23", "5.30", "2,81"]]) == ("point", {"point": 2, "comma": 1})


@pytest.mark.parametrize(
    ("mark", "cell", "expected"),
    [
        ("point", "1,276", 1276.0),
        ("comma", "1,276", 1.276),
        ("comma", "1.276", 1276.0),
        ("comma", "4,14", 4.14),
        ("comma", "1.234,5", 1234.5),
        ("point", "1,234.5", 1234.5),
        ("point", "'-12", -12.0),
        ("point", "\u221212", -12.0),
        ("point", "1 234.5", 1234.5),
        ("point", "1'234.5", 1234.5),
        ("point", "9.5e-05", 9.5e-05),
        ("point", "55 bpm", 55.0),
        ("point", "42ms", 42.0),
        ("point", "+0.3°", 0.3),
    ],
)
def test_numbers_are_read_with_either_mark(mark, cell, expected):
    values, wrong, _ = read_numbers([cell], mark)
    assert values[0] == pytest.approx(expected)
    assert wrong == []


@pytest.mark.parametrize(
    ("mark", "cell"),
    [("point", "2,81"), ("comma", "4.14"), ("point", "nan"), ("point", "inf"), ("point", "1_000"), ("point", "No")],
)
def test_what_is_no_number_in_the_format_is_missing_and_reported(mark, cell):
    values, wrong, _ = read_numbers(["7", cell, ""], mark)
    assert np.isnan(values[1])
    assert np.isnan(values[2])
    assert wrong == [1]


def test_the_unit_behind_a_number_is_given_back():
    assert read_numbers(["160 lb", "72"], "point")[2] == ["lb", ""]


def test_a_doubtful_token_has_all_its_readings():
    assert read_number_either_way("2,81") == [2.81, 2810.0]
    assert read_number_either_way("1,276") == [1276.0, 1.276]


# ------------------------------------------------------------------ durations


@pytest.mark.parametrize(
    ("cell", "seconds"),
    [
        ("32:11", 1931),
        ("1:08:38", 4118),
        ("00:04:36.5", 276.5),
        ("3:03.4", 183.4),
        ("0:11:51", 711),
        ("00:10.2", 10.2),
        ("00:04:36,5", 276.5),
        ("6h 17min", 22_620),
        ("7u30", 27_000),
        ("7 Std. 40 Min.", 27_600),
        ("45 min", 2700),
        ("58:40:00", 211_200),
    ],
)
def test_durations_are_seconds(cell, seconds):
    assert duration(cell) == pytest.approx(seconds)


def test_two_numbers_are_hours_and_minutes_of_sleep():
    assert duration("7:30", "h:m") == 27_000
    assert duration("7:30") == 450


@pytest.mark.parametrize("cell", ["01:00:19.49.7", "--", "12:75", "195", "No", "10:31 PM"])
def test_what_is_no_duration_is_missing_and_reported(cell):
    values, wrong = read_durations([cell, "", "1:00"])
    assert np.isnan(values[0])
    assert np.isnan(values[1])
    assert values[2] == 60
    assert wrong == [0]


# ------------------------------------------------------------------ dates


def test_iso_dates_are_read_as_they_stand():
    assert times(["2018-08-21 20:06:36", "", "2019-01-02 03:04:05"]) == [
        "2018-08-21T20:06:36",
        "NaT",
        "2019-01-02T03:04:05",
    ]


def test_a_day_that_does_not_exist_is_missing():
    assert days(["2023-02-30 10:00:00", "2023-02-28 10:00:00"]) == ["NaT", "2023-02-28"]


def test_one_part_above_twelve_decides_for_the_whole_column():
    assert days(["5/2/2025 16:42", "4/28/2025 7:00"]) == ["2025-05-02", "2025-04-28"]
    assert days(["5/2/2025 16:42", "28/4/2025 7:00"]) == ["2025-02-05", "2025-04-28"]


def test_a_sorted_list_decides_where_no_part_is_above_twelve():
    # newest first, one run every other day of early May; as day/month it would leap over the year
    cells = ["5/11/2025 8:00", "5/9/2025 8:00", "5/7/2025 8:00", "5/4/2025 8:00", "5/2/2025 8:00"]
    read = read_moments(cells, "nl")
    assert (read.order, read.unsure) == ("mdy", False)


def test_where_nothing_decides_the_order_is_called_unsure():
    assert read_moments(["5/2/2025 16:42"], "en").unsure
    assert days(["5/2/2025 16:42"], "en") == ["2025-05-02"]
    assert days(["5/2/2025 16:42"], "nl") == ["2025-02-05"]
    assert not read_moments(["5/5/2025"], "en").unsure


def test_dates_with_points_have_the_day_first():
    assert times(["09.12.2022, 15:24:49"], "de") == ["2022-12-09T15:24:49"]
    assert days(["18.02.12"], "de") == ["2012-02-18"]
    assert days(["2024. 08. 09."], "hu") == ["2024-08-09"]


def test_year_day_month_is_noticed():
    assert days(["2017-27-07", "2017-02-08"]) == ["2017-07-27", "2017-08-02"]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("Sep 12, 2018, 3:02:23 PM", "2018-09-12T15:02:23"),
        ("Mar 3, 2024, 12:12:45 AM", "2024-03-03T00:12:45"),
        ("12 Sept 2016", "2016-09-12T00:00:00"),
        ("8 jul 2017, 15:25:34", "2017-07-08T15:25:34"),
        ("23 jun. 2017 15:52:12", "2017-06-23T15:52:12"),
        ("1 mrt. 2021 06:00:01", "2021-03-01T06:00:01"),
        ("4 mei 2022, 18:30:00", "2022-05-04T18:30:00"),
        ("9 okt 2020, 07:08:09", "2020-10-09T07:08:09"),
        ("Fr, 25 Mai 2012 20:31", "2012-05-25T20:31:00"),
        ("lun., 30 juin 2014 7:03", "2014-06-30T07:03:00"),
        ("mar., 1 juil. 2014 7:03", "2014-07-01T07:03:00"),
        ("Jun 26, 2026", "2026-06-26T00:00:00"),
        ("2019-05-01T10:00:00Z", "2019-05-01T10:00:00"),
        ("2019-05-01T10:00:00+02:00", "2019-05-01T08:00:00"),
        ("8 jul 2017, 3:25:34\u202fp. m.", "2017-07-08T15:25:34"),
    ],
)
def test_dates_with_names_of_months(cell, expected):
    assert times([cell]) == [expected]


def test_an_offset_can_be_left_as_written():
    read = read_moments(["2019-05-01T23:30:00-05:00"], as_written=True)
    assert str(read.values[0]) == "2019-05-01T23:30:00"


def test_dates_that_lack_a_year_or_a_day_are_counted_and_not_guessed():
    read = read_moments(["Nov 11", "Oct 1-7", "Aug 27 - Sep 2"])
    assert np.isnat(read.values).all()
    assert read.without_year == 3
    assert read_moments(["April 2024"]).without_day == 1


# ------------------------------------------------------------------ text to records


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_encoding_and_line_end_gives_the_same_records(encoding, end):
    content = end.join(['a,"é', 'b"', "1,2"]).encode(encoding)
    found = delimited.find_encoding(content)
    assert found is not None
    records = list(delimited.read_records(content, found, ",", "t.csv"))
    assert [[cell.replace(end, "\n") for cell in cells] for _, cells in records] == [["a", "é\nb"], ["1", "2"]]
    assert [line for line, _ in records] == [1, 3]


def test_binary_is_no_text():
    assert delimited.find_encoding(b"\x0e\x10" + bytes(6) + b".FIT") is None
    assert delimited.head_text(b"PK\x03\x04\x01\x02\x05\x06\x07") is None


def test_a_head_cut_inside_a_letter_is_still_utf8():
    assert delimited.find_encoding("Calorieë".encode()[:-1], cut=True) == "utf-8"


def test_the_delimiter_may_be_stated_as_excel_does():
    assert delimited.likely_delimiters("sep=;\na;b,c,d")[0] == ";"
    assert delimited.likely_delimiters("a\tb\tc\n1,5\t2\t3")[0] == "\t"


def test_memory_stays_bounded_where_a_quotation_mark_is_never_closed():
    content = b'a,b\n1,"' + b"x\n" * (delimited.MAX_LINES_PER_RECORD + 5)
    with pytest.raises(UnreadableFile, match="quotation mark"):
        list(delimited.read_records(content, "utf-8", ",", "t.csv"))
    assert not delimited.has_paired_quotes(b'a,b\n1,"2\n', "utf-8", ",", "t.csv")


def test_too_many_rows_and_too_long_cells_are_refused(monkeypatch):
    monkeypatch.setattr(delimited, "MAX_RECORDS", 10)
    with pytest.raises(UnreadableFile, match="more than 10 rows"):
        list(delimited.read_records(b"1,2\n" * 11, "utf-8", ",", "t.csv"))
    with pytest.raises(UnreadableFile, match="cannot be split"):
        list(delimited.read_records(b"1," + b"2" * 200_000, "utf-8", ",", "t.csv"))
