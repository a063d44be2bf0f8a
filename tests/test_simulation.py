"""Synthetic runners tell the truth about themselves, and their exports are what watches and platforms give."""

from __future__ import annotations

import csv
import gzip
import io
import struct
import tomllib
import zipfile
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import fitparse
import numpy as np
import pandas as pd
import pytest

from loadlens.simulation import RUNNERS, SimulatedRunner, simulate
from loadlens.simulators import simulated_exports as exports

ROOT = Path(__file__).parents[1]
COLUMNS = tomllib.loads((ROOT / "src/loadlens/data/columns.toml").read_text("utf-8"))


@cache
def runner(name: str) -> SimulatedRunner:
    return simulate(name)


def runs_of(found: SimulatedRunner) -> pd.DataFrame:
    return found.activities[found.activities["sport"] == "run"]


def weekly(found: SimulatedRunner) -> pd.Series:
    """Distance per week in m, weeks from Monday to Sunday, first to last day of the log."""
    daily = runs_of(found).groupby("date")["distance"].sum()
    days = pd.date_range(found.wellness["date"].min(), found.wellness["date"].max(), freq="D")
    return daily.reindex(days).fillna(0).resample("W-SUN").sum()


def messages(content: bytes, kind: str) -> list[dict]:
    return [m.get_values() for m in fitparse.FitFile(io.BytesIO(content)).get_messages(kind)]


def rows_of(text: str) -> tuple[list[str], list[list[str]]]:
    head, *rows = csv.reader(io.StringIO(text))
    return head, rows


# ---------------------------------------------------------------- who they are


def test_the_same_seed_gives_the_same_runner_and_another_seed_another():
    one, two, other = (
        simulate("novice", weeks=6),
        simulate("novice", weeks=6),
        simulate("novice", weeks=6, seed=1),
    )
    for table in ("activities", "minutes", "pauses", "wellness", "shoes"):
        pd.testing.assert_frame_equal(getattr(one, table), getattr(two, table))
    assert not one.minutes["speed"].equals(other.minutes["speed"])


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match="no runner called 'fast'; known are steady, overload"):
        simulate("fast")


def test_a_log_too_short_for_what_is_planted_is_refused():
    with pytest.raises(ValueError, match="overload needs at least 36 weeks, got 20"):
        simulate("overload", weeks=20)


@pytest.mark.parametrize("name", RUNNERS)
def test_every_value_is_one_that_a_log_accepts(name):
    for table in ("activities", "minutes", "wellness"):
        frame = getattr(runner(name), table)
        assert set(frame) <= set(COLUMNS[table])
        for column, about in COLUMNS[table].items():
            if "range" in about and column in frame:
                known = frame[column].dropna()
                assert known.between(*about["range"]).all(), (table, column)
            if "values" in about and column in frame:
                assert set(frame[column].dropna()) <= set(about["values"])
    assert runner(name).activities["activity"].is_unique


def test_the_minutes_of_a_run_add_up_to_the_run():
    found = runner("overload")
    sums = found.minutes.groupby("activity")[["distance", "recorded"]].sum()
    runs = runs_of(found).set_index("activity")
    np.testing.assert_allclose(sums["distance"], runs.loc[sums.index, "distance"], atol=0.006)
    np.testing.assert_array_equal(sums["recorded"], runs.loc[sums.index, "duration"])


def test_a_pause_stands_between_duration_and_elapsed_time():
    found = runner("steady")
    stopped = found.pauses.assign(long=found.pauses["end"] - found.pauses["start"]).set_index("activity")["long"]
    runs = runs_of(found).set_index("activity")
    expected = runs["duration"].add(stopped, fill_value=0)
    assert len(stopped) > 10
    pd.testing.assert_series_equal(runs["elapsed"], expected[runs.index], check_names=False)


# ---------------------------------------------------------------- what is planted, measured on the runner


def test_overload_runs_half_as_far_again_for_its_last_six_weeks_after_at_least_thirty_constant_ones():
    found = runner("overload")
    weeks = weekly(found)
    planted = weeks[found.truth["first"] :]
    before = weeks[: found.truth["first"] - pd.Timedelta(days=1)]
    ratios = planted / before.median()
    assert len(planted) == 6
    assert len(before) >= 30
    assert ratios.between(1.38, 1.68).all()
    assert ratios.mean() == pytest.approx(found.truth["size"], abs=0.07)


def test_the_spike_is_seventeen_tenths_of_the_longest_run_of_thirty_days():
    found = runner("long_run_spike")
    runs = runs_of(found)
    day = found.truth["first"]
    before = runs[runs["date"].between(day - pd.Timedelta(days=30), day - pd.Timedelta(days=1))]
    spike = runs.loc[runs["date"] == day, "distance"].max()
    assert spike / before["distance"].max() == pytest.approx(1.7, abs=0.02)
    assert day == found.truth["last"]


def test_the_resting_heart_rate_rises_by_six_over_ten_days_and_stays_for_fourteen():
    found = runner("resting_heart_rate_rise")
    resting = found.wellness.set_index("date")["rhr_day"]
    first, last = found.truth["first"], found.truth["last"]
    before = resting[first - pd.Timedelta(days=42) : first - pd.Timedelta(days=1)]
    held = resting[first + pd.Timedelta(days=10) : last]
    assert (last - first).days + 1 == 24
    assert held.mean() - before.mean() == pytest.approx(6, abs=1.5)


def test_cadence_drops_by_five_at_the_same_speed_and_speed_does_not_change():
    dropped = []
    for seed in range(4):  # about twenty runs each after the ramp: the mean of one runner is known to 0.35
        found = simulate("cadence_drop", seed=seed)
        table = found.minutes.merge(found.activities[["activity", "date"]], on="activity")
        table = table.groupby("activity")[["speed", "cadence", "date"]].mean()
        ramped = found.truth["first"] + pd.Timedelta(days=21)
        before, after = table[table["date"] < found.truth["first"]], table[table["date"] >= ramped]
        slope, level = np.polyfit(before["speed"], before["cadence"], 1)
        dropped.append((after["cadence"] - slope * after["speed"] - level).mean())
        assert slope == pytest.approx(15, abs=2)
        assert after["speed"].mean() == pytest.approx(before["speed"].mean(), abs=0.08)
    assert np.mean(dropped) == pytest.approx(-5, abs=0.5)


def test_cadence_of_whole_runs_scatters_by_one_and_a_half_around_the_line():
    found = runner("steady")
    means = found.minutes.groupby("activity")[["speed", "cadence"]].mean()
    slope, level = np.polyfit(means["speed"], means["cadence"], 1)
    assert (means["cadence"] - slope * means["speed"] - level).std() == pytest.approx(1.5, abs=0.3)


def test_the_comeback_has_six_weeks_off_with_the_watch_on_and_returns_below_the_old_level():
    found = runner("comeback")
    first, last = found.truth["first"], found.truth["last"]
    weeks = weekly(found)
    assert (weeks[first:last] == 0).all()
    assert found.wellness["date"].between(first, last).sum() == 42
    again = weeks[last + pd.Timedelta(days=1) :]
    assert again.iloc[0] / weeks[: first - pd.Timedelta(days=1)].median() == pytest.approx(0.55, abs=0.15)


def test_the_novice_stays_between_two_and_eight_km_a_week_and_walks():
    weeks = weekly(runner("novice"))
    assert weeks.between(1200, 8800).all()
    walked = runner("novice").minutes["speed"] < 2
    assert walked.mean() == pytest.approx(0.4, abs=0.08)


def test_unknown_days_have_no_data_of_any_kind():
    found = runner("unworn_watch")
    assert [(last - first).days + 1 for first, last in found.truth["unknown"]] == [9, 16, 5]
    for first, last in found.truth["unknown"]:
        assert not found.activities["date"].between(first, last).any()
        assert not found.wellness["date"].between(first, last).any()
    days = pd.date_range(found.wellness["date"].min(), found.wellness["date"].max(), freq="D")
    assert len(days) - found.wellness["date"].nunique() == 30


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_constant_runner_gives_nothing_to_find(seed):
    found = simulate("steady", seed=seed)
    weeks = weekly(found)
    assert 0.08 < weeks.std() / weeks.mean() < 0.18
    longest = (
        runs_of(found).groupby("date")["distance"].max().reindex(pd.date_range("2024-01-01", periods=364, freq="D"))
    )
    before = longest.fillna(0).shift(1).rolling(30).max()
    assert (longest / before).max() < 1.3
    active = found.activities[found.activities["duration"] > 1200].groupby("date").size()
    idle = active.reindex(longest.index).isna().resample("W-SUN").sum()
    assert idle.min() >= 2
    assert found.shoes["distance"].max() < 700_000
    asleep = found.wellness["sleep"].rolling(7, min_periods=5).mean()
    assert asleep.min() > 6.5 * 3600


def test_resting_heart_rate_wanders_and_its_seven_day_value_is_the_rounded_mean():
    found = runner("comeback").wellness
    resting = found["rhr_day"].interpolate()
    assert resting.std() == pytest.approx(1.75, abs=0.5)
    assert resting.autocorr(1) == pytest.approx(0.72, abs=0.12)
    week = found["rhr_day"].iloc[100:107]
    assert found["rhr_7d"].iloc[106] == np.floor(week.mean() + 0.5)


def test_summer_time_and_travel_change_the_offset_and_some_runs_have_another_utc_date():
    runs = runs_of(runner("steady"))
    utc = runs["start_utc"].dt.tz_localize(None)
    hours = pd.Series(((runs["start_local"] - utc) / pd.Timedelta(hours=1)).to_numpy(), index=runs["date"])
    assert set(hours[:"2024-03-30"]) == {1.0}
    assert set(hours["2024-03-31":"2024-05-19"]) == {2.0}
    assert set(hours["2024-05-20":"2024-05-26"]) == {-4.0}
    assert (utc.dt.normalize() != runs["date"]).sum() >= 3
    assert (runs["start_local"].dt.normalize() == runs["date"]).all()


# ---------------------------------------------------------------- FIT


def test_the_checksum_is_crc_16_arc():
    assert exports.fit_checksum(b"123456789") == 0xBB3D


def test_a_fit_file_is_header_definition_data_and_checksum():
    content = exports.fit_file([(0, ((0, "enum"), (3, "uint32z")), (4, 77))])
    definition = bytes([0x40, 0, 0, 0, 0, 2, 0, 1, 0x00, 3, 4, 0x8C])
    data = bytes([0, 4, 77, 0, 0, 0])
    assert content[14:-2] == definition + data
    assert struct.unpack("<BBHI4s", content[:12]) == (14, 0x20, 2195, 18, b".FIT")
    assert exports.fit_checksum(content) == 0  # a sound file and its checksum cancel out


@pytest.mark.parametrize("form", [{"big_endian": True}, {"header_size": 12}])
def test_other_forms_of_the_format_say_the_same(form):
    moment = pd.Timestamp("2024-05-01 06:00", tz="UTC")
    parts = [exports.fit_message("record", timestamp=moment, distance=12.5, heart_rate=None, enhanced_speed=2.75)]
    record = messages(exports.fit_file(parts, **form), "record")[0]
    assert record["timestamp"] == moment.to_pydatetime().replace(tzinfo=None)
    assert (record["distance"], record["heart_rate"], record["enhanced_speed"]) == (12.5, None, 2.75)


def test_more_layouts_than_local_numbers_are_defined_anew():
    wide = [(20, tuple((field, "uint8") for field in range(n)), tuple(range(n))) for n in range(1, 40)]
    read = list(fitparse.FitFile(io.BytesIO(exports.fit_file(wide + wide))).get_messages())
    assert len(read) == 78


@pytest.mark.parametrize("name", ["overload", "steady", "novice"])
def test_a_recording_read_back_holds_the_run(name):
    found = runner(name)
    paused = found.pauses["activity"].iloc[-1]
    rows = runs_of(found).set_index("activity")
    for activity in (paused, rows.index[-1]):
        row, content = rows.loc[activity], exports.activity_fit(found, activity)
        session, records = messages(content, "session")[0], messages(content, "record")
        utc = row["start_utc"].tz_localize(None)
        assert session["start_time"] == records[0]["timestamp"] == utc
        assert session["total_distance"] == pytest.approx(row["distance"], abs=0.006)
        assert session["total_timer_time"] == row["duration"]
        assert session["total_elapsed_time"] == row["elapsed"]
        assert records[-1]["distance"] == pytest.approx(row["distance"], abs=0.006)
        assert records[-1]["timestamp"] == utc + timedelta(seconds=row["elapsed"])
        assert 2 * (session["avg_running_cadence"] + session["avg_fractional_cadence"]) == row["cadence"]
        laps = messages(content, "lap")
        assert len(laps) == session["num_laps"]
        assert sum(lap["total_timer_time"] for lap in laps) == pytest.approx(row["duration"], abs=0.01)
        assert sum(lap["total_distance"] for lap in laps) == pytest.approx(row["distance"], abs=0.1)
        last = messages(content, "activity")[0]
        offset = last["local_timestamp"] - last["timestamp"]
        assert offset == row["start_local"] - utc
        assert not any("position_lat" in record for record in records)


def test_no_sample_is_recorded_while_the_timer_stands_still():
    found = runner("overload")
    stop = found.pauses.iloc[-1]
    content = exports.activity_fit(found, stop["activity"])
    start = messages(content, "session")[0]["start_time"]
    seconds = np.array([(r["timestamp"] - start).total_seconds() for r in messages(content, "record")])
    assert not ((seconds > stop["start"]) & (seconds < stop["end"])).any()
    events = [(e["event_type"], (e["timestamp"] - start).total_seconds()) for e in messages(content, "event")]
    assert events[1:3] == [("stop_all", stop["start"]), ("start", stop["end"])]
    steps = np.diff(seconds[seconds <= stop["start"]])[:-1]
    assert set(steps) <= {3, 4, 5, 6, 7}


def test_the_minutes_of_a_recording_are_those_of_the_runner():
    found = runner("overload")
    activity = runs_of(found)["activity"].iloc[-2]
    truth = found.minutes[found.minutes["activity"] == activity].iloc[1:-1]
    records = pd.DataFrame(messages(exports.activity_fit(found, activity), "record"))
    minute = (records["timestamp"] - records["timestamp"].iloc[0]).dt.total_seconds() // 60
    records["steps"] = 2 * (records["cadence"] + records["fractional_cadence"])
    read = records.groupby(minute.astype(int))[["steps", "enhanced_speed", "heart_rate"]].mean()
    read = read.loc[truth["minute"]]
    assert np.abs(read["steps"].to_numpy() - truth["cadence"].to_numpy()).mean() < 0.6
    assert np.abs(read["enhanced_speed"].to_numpy() - truth["speed"].to_numpy()).mean() < 0.03
    assert np.abs(read["heart_rate"].to_numpy() - truth["heart_rate"].to_numpy()).mean() < 1.5


def test_a_run_without_a_strap_has_no_heart_rate_in_its_recording():
    found = runner("steady")
    bare = runs_of(found).query("heart_rate.isna()")["activity"].iloc[0]
    content = exports.activity_fit(found, bare)
    assert messages(content, "session")[0]["avg_heart_rate"] is None
    assert {record["heart_rate"] for record in messages(content, "record")} == {None}


def test_monitoring_read_back_holds_the_nights():
    found = runner("unworn_watch")
    nights = found.wellness.iloc[:7]
    content = exports.monitoring_fit(found, nights)
    resting = messages(content, "monitoring_hr_data")
    worn = nights.dropna(subset=["rhr_day"])
    assert [r["current_day_resting_heart_rate"] for r in resting] == worn["rhr_day"].tolist()
    assert [r["resting_heart_rate"] for r in resting] == worn["rhr_7d"].tolist()
    levels, events = messages(content, "sleep_level"), messages(content, "event")
    assert {event["event"] for event in events} == {74}
    slept = [(levels[6 * i + 5]["timestamp"] - events[2 * i]["timestamp"]).total_seconds() for i in range(len(worn))]
    assert slept == worn["sleep"].tolist()
    steps = [m["steps"] for m in messages(content, "monitoring") if "steps" in m]
    assert steps[3::4] == nights["steps"].tolist()
    info = messages(content, "monitoring_info")[0]
    assert info["local_timestamp"] - info["timestamp"] == timedelta(hours=1)


# ---------------------------------------------------------------- Garmin's lists


@pytest.mark.parametrize("kind", exports.TABLES["garmin"]["kinds"])
def test_a_garmin_list_has_a_row_for_every_activity_with_start_and_duration_to_the_second(kind):
    found = runner("steady")
    head, rows = rows_of(exports.garmin_activities_csv(found, kind))
    assert len(rows) == len(found.activities)
    assert all(len(row) == len(head) for row in rows)
    assert len(set(head)) < len(head)
    newest = found.activities[::-1]
    assert [row[1] for row in rows] == [f"{t:%Y-%m-%d %H:%M:%S}" for t in newest["start_local"]]
    seconds = [int(h) * 3600 + int(m) * 60 + int(s) for h, m, s in (row[6].split(":") for row in rows)]
    assert seconds == newest["duration"].tolist()


def test_a_garmin_list_shows_swims_and_track_runs_in_metres_and_the_rest_in_km():
    found = runner("steady")
    _, rows = rows_of(exports.garmin_activities_csv(found, "garmin_csv_en"))
    for row, (_, truth) in zip(rows, found.activities[::-1].iterrows(), strict=True):
        metres = truth["sport"] == "swim" or truth["sub_sport"] == "track"
        shown = float(row[4].replace(",", "")) * (1 if metres else 1000)
        assert shown == pytest.approx(truth["distance"], abs=0.51 if metres else 5.01)
    assert any("," in row[4] for row in rows)


def test_decimal_commas_stand_under_english_headings_and_swap_both_marks():
    found = runner("steady")
    _, points = rows_of(exports.garmin_activities_csv(found, "garmin_csv_en"))
    _, commas = rows_of(exports.garmin_activities_csv(found, "garmin_csv_comma"))
    swapped = [row[4].translate(str.maketrans(".,", ",.")) for row in points]
    assert [row[4] for row in commas] == swapped
    assert [row[12] for row in commas] != [row[12] for row in points]  # a ride's speed
    assert [row[6] for row in commas] == [row[6] for row in points]  # times have no decimals to swap


def test_miles_are_stated_nowhere_but_cadence_and_step_length_tell():
    found = runner("comeback")
    head, rows = rows_of(exports.garmin_activities_csv(found, "garmin_csv_miles"))
    assert not any("mi" in label.split() or "mile" in label.lower() for label in head)
    runs = [row for row in rows if row[0] == "Running"]
    at = [head.index(label) for label in ("Time", "Avg Run Cadence", "Avg Stride Length", "Distance")]
    metres = []
    for row in runs:
        time, cadence, step, distance = (row[i] for i in at)
        hours, minutes, seconds = (int(part) for part in time.split(":"))
        metres.append((hours * 60 + minutes + seconds / 60) * float(cadence) * float(step) / float(distance))
    assert np.median(metres) == pytest.approx(1609, rel=0.01)


def test_the_dutch_list_repeats_headings_and_its_titles_may_begin_with_an_apostrophe():
    head, rows = rows_of(exports.garmin_activities_csv(runner("overload"), "garmin_csv_nl"))
    assert head.count("Gem. slagen") == head.count("[]") == 2
    assert rows[0][3] == "'s-Waterland Hardlopen"
    assert rows[0][22] == "--"


def test_garmins_sleep_export_names_the_report_over_the_dates():
    found = runner("overload")
    head, rows = rows_of(exports.garmin_sleep_csv(found))
    assert head[0] == "Sleep Score 4 Weeks"
    row, truth = rows[0], found.wellness.iloc[-1]
    hours, minutes = (int(part[:-1]) for part in row[8].replace("min", "m").split())
    assert row[0] == f"{truth['date']:%Y-%m-%d}"
    assert (hours * 3600 + minutes * 60, float(row[2])) == (truth["sleep"], truth["rhr_day"])
    bare = [row for row in rows if row[8] == "--"]
    assert len(bare) == found.wellness["sleep"].isna().sum() > 0
    assert {row[2] for row in bare} == {"--"}


def test_days_for_intervals_leave_missing_values_empty():
    found = runner("steady")
    _, rows = rows_of(exports.intervals_wellness_csv(found))
    assert sum(row[1] == "" for row in rows) == found.wellness["rhr_day"].isna().sum() > 0
    assert float(rows[5][5]) == found.wellness["steps"].iloc[5]


# ---------------------------------------------------------------- Strava's archive


@pytest.fixture(scope="module")
def short() -> SimulatedRunner:
    return simulate("long_run_spike", weeks=16)


@pytest.fixture(scope="module")
def archive(short) -> dict[str, bytes]:
    return exports.strava_archive(short, "nl")


@pytest.mark.parametrize(
    ("language", "form"), [("en", "%b %d, %Y, %I:%M:%S %p"), ("de", "%d.%m.%Y, %H:%M:%S"), ("nl", None)]
)
def test_the_strava_list_speaks_the_accounts_language_first_and_the_computers_second(
    short, language, form, monkeypatch
):
    monkeypatch.setitem(exports._RECORDERS, "fit", ("fit", lambda *_: b""))  # the recordings are not looked at here
    members = exports.strava_archive(short, language)
    head, rows = rows_of(members["activities.csv"].decode())
    english = exports.TABLES["strava"]["labels"]["en"]
    assert len(head) == len(english) == 99
    second = [i for i, label in enumerate(english) if label == "Distance"]
    for row, (_, truth) in zip(rows, short.activities.iterrows(), strict=True):
        human = row[second[0]].translate(str.maketrans(".,", ",.")) if language != "en" else row[second[0]]
        unit = 1 if truth["sport"] == "swim" else 1000
        assert float(human.replace(",", "")) * unit == pytest.approx(truth["distance"], abs=5.01)
        assert float(row[second[1]]) == pytest.approx(truth["distance"], abs=0.001)
        if form:
            assert pd.to_datetime(row[1], format=form) == truth["start_utc"].tz_localize(None)
        if truth["sport"] == "run":
            assert float(row[english.index("Average Cadence")]) == truth["cadence"] / 2
    months = {row[1].split()[1] for row in rows} if language == "nl" else {"mrt"}
    assert "mrt" in months


def test_recordings_are_joined_by_file_name_and_some_rows_have_none(short, archive):
    head, rows = rows_of(archive["activities.csv"].decode())
    file, number = head.index("Bestandsnaam"), head.index("Activiteits-ID")
    named = [row for row in rows if row[file]]
    runs = int((short.activities["sport"] == "run").sum())
    assert 0.85 * runs < len(named) < runs
    assert {row[file] for row in named} == {name for name in archive if name.startswith("activities/")}
    assert all(row[number] not in row[file] for row in named)
    row = next(row for row in named if row[3] == "Hardloopsessie")
    session = messages(gzip.decompress(archive[row[file]]), "session")[0]
    assert row[1].endswith(f"{session['start_time']:%H:%M:%S}")


def test_the_zip_holds_the_archive(short, tmp_path):
    few = replace(short, activities=short.activities.head(6))
    paths = exports.write_export(few, tmp_path, "strava_archive_zip")
    with zipfile.ZipFile(paths[0]) as zipped:
        assert {name: zipped.read(name) for name in zipped.namelist()} == exports.strava_archive(few, "nl")


# ---------------------------------------------------------------- to disk


def test_an_unknown_kind_is_answered_with_the_known_ones(short, tmp_path):
    with pytest.raises(ValueError, match="no export called 'pdf'; known are fit"):
        exports.write_export(short, tmp_path, "pdf")


def test_only_the_last_weeks_are_written_when_asked(short, tmp_path):
    paths = exports.write_export(short, tmp_path, "fit", last_weeks=2)
    late = runs_of(short)[runs_of(short)["date"] > short.wellness["date"].max() - pd.Timedelta(weeks=2)]
    assert [path.stem for path in paths] == [f"{t:%Y-%m-%d-%H-%M-%S}" for t in late["start_local"]]


def test_the_damaged_recording_is_a_sound_one_cut_short(tmp_path):
    whole, cut = exports.write_export(simulate("novice", weeks=4), tmp_path, "fit_damaged")
    assert len(messages(whole.read_bytes(), "session")) == 1
    content = cut.read_bytes()
    assert whole.name < cut.name
    assert struct.unpack("<I", content[4:8])[0] > len(content)  # the header promises more than there is


def test_the_sample_folders_are_what_the_code_writes_and_small():
    folder = ROOT / "sample_data"
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 5_000_000
    found = runner("overload")
    assert (folder / "overload/Activities.csv").read_text("utf-8") == exports.garmin_activities_csv(
        found, "garmin_csv_nl"
    )
    assert (folder / "overload/Sleep.csv").read_text("utf-8") == exports.garmin_sleep_csv(found)
    recordings = sorted((folder / "overload/activities").glob("*.fit"))
    assert len(recordings) >= 25
    assert recordings[-1].read_bytes() == exports.activity_fit(found, runs_of(found)["activity"].iloc[-1])


def test_the_samples_name_their_folders_and_are_the_same_twice(tmp_path, monkeypatch):
    samples = {name: exports.TABLES["samples"][name] for name in ("damaged", "steady")}
    monkeypatch.setitem(exports.TABLES, "samples", samples)
    one, two = exports.write_samples(tmp_path / "one"), exports.write_samples(tmp_path / "two")
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]
    assert {path.relative_to(tmp_path / "one").parts[0] for path in one} == {
        "damaged",
        "steady",
        "README.md",
    }
    assert "`damaged/`" in (tmp_path / "one/README.md").read_text("utf-8")


def test_a_sample_is_read_back_as_the_runner_it_was():
    log, found = exports.sample("unworn_watch"), runner("unworn_watch")
    assert log.runs["distance"].sum() == pytest.approx(runs_of(found)["distance"].sum(), abs=1)
    assert log.runs["date"].tolist() == runs_of(found)["date"].tolist()
    states = log.days.set_index("date")["state"]
    assert all((states[first:last] == "unknown").all() for first, last in found.truth["unknown"])
    slept = log.wellness.set_index("date")["sleep"].dropna()
    truth = found.wellness.set_index("date")["sleep"].dropna()
    assert slept.tolist() == truth[slept.index].tolist()
    assert len(slept) == len(truth)


def test_a_sample_is_the_same_log_without_the_folders_of_a_clone(tmp_path, monkeypatch):
    here = exports.sample("decimal_comma")
    monkeypatch.setattr(exports, "SAMPLES", tmp_path / "nowhere")
    written = exports.sample("decimal_comma")
    for table in ("activities", "wellness", "days", "ledger"):
        pd.testing.assert_frame_equal(getattr(here, table), getattr(written, table))


def test_an_unknown_sample_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match="no sample called 'fast'; known are overload, steady"):
        exports.sample("fast")
