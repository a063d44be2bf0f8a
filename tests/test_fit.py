"""FIT files: what they say becomes rows, what they cannot say is told."""

from __future__ import annotations

import io
import struct
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fastcrc.crc16 import arc

from loadlens import log
from loadlens.formats import fit
from loadlens.formats.fit_sessions import name_sport
from loadlens.formats.local_time import believe_offset
from loadlens.formats.source import Options, Reading, Source, UnreadableFile

EPOCH = pd.Timestamp("1989-12-31")
START = pd.Timestamp("2026-03-01 22:30:00")  # UTC
ROOT = Path(__file__).parents[1]
TYPES = {"B": 2, "b": 1, "H": 0x84, "h": 0x83, "I": 0x86, "i": 0x85, "2s": 2}  # format letter -> FIT base type
NUMBERS = {
    "file_id": 0, "sport": 12, "session": 18, "lap": 19, "record": 20, "event": 21, "weight_scale": 30, "activity": 34,
    "monitoring": 55, "monitoring_info": 103, "hr_data": 211, "sleep_level": 275, "sleep_score": 346, "hrv_status": 370,
}  # fmt: skip


Stored = tuple[int, str, int | bytes]


def stamp(moment: pd.Timestamp) -> int:
    return int((moment - EPOCH).total_seconds())


def message(name: str, *fields: Stored) -> bytes:
    """A definition and one data message of local type 0; fields are (number, format, stored value)."""
    plan = b"".join(bytes((number, struct.calcsize(kind), TYPES[kind])) for number, kind, _ in fields)
    definition = struct.pack("<BBBHB", 0x40, 0, 0, NUMBERS[name], len(fields)) + plan
    return definition + b"\0" + b"".join(struct.pack("<" + kind, value) for _, kind, value in fields)


def build(*messages: bytes, kind: int = 4) -> bytes:
    """A sound FIT file of these messages."""
    body = message("file_id", (0, "B", kind), (1, "H", 1), (2, "H", 3992)) + b"".join(messages)
    head = struct.pack("<BBHI4s", 12, 0x20, 2100, len(body), b".FIT")
    return head + body + struct.pack("<H", arc(head + body))


def record(second: float, *fields: Stored) -> bytes:
    return message("record", (253, "I", stamp(START) + int(second)), *fields)


def session(start: pd.Timestamp, seconds: int, *fields: Stored, sport: int = 1) -> bytes:
    """A summary of a session without pauses; sport 1 is running."""
    length = ((7, "I", seconds * 1000), (8, "I", seconds * 1000))
    times = ((253, "I", stamp(start) + seconds), (2, "I", stamp(start)), *length)
    return message("session", *times, (5, "B", sport), *fields)


def event(second: int, kind: int, of: int = 0) -> bytes:
    """An event of the timer (0): start (0) or stop_all (4)."""
    return message("event", (253, "I", stamp(START) + second), (0, "B", of), (1, "B", kind))


def activity(offset_hours: float) -> bytes:
    local = stamp(START) + int(offset_hours * 3600)
    return message("activity", (253, "I", stamp(START)), (5, "I", local))


def run(seconds: int = 121, cadence: int = 85) -> list[bytes]:
    """Records of a run at 3 m/s, 150 bpm."""
    return [record(s, (5, "I", 300 * s), (3, "B", 150), (4, "B", cadence)) for s in range(seconds)]


def parse(data: bytes, tz: str | None = None) -> Reading:
    return fit.parse(Source("a.fit", data[:16384], lambda: io.BytesIO(data)), Options(tz=tz))


def said(reading: Reading) -> dict[str, dict[str, object]]:
    return {str(entry["what"]): entry for entry in reading.ledger}


@pytest.mark.parametrize("last", ["session", "records"])
def test_a_run_has_one_row_its_minutes_and_its_laps(last: str):
    """Sessions stand before or after their records; the order does not matter."""
    lap = message("lap", (2, "I", stamp(START)), (9, "I", 36_000), (8, "I", 120_000), (17, "B", 85))
    total = session(START, 120, (9, "I", 36_000), (16, "B", 149), (18, "B", 84), (10, "I", 170), (193, "B", 40))
    parts = [*run(), lap, total] if last == "session" else [total, lap, *run()]
    reading = parse(build(*parts, activity(1)))
    row = reading.tables["activities"].iloc[0]
    assert (row["distance"], row["duration"], row["heart_rate"]) == (360.0, 120.0, 149.0)
    assert (row["cadence"], row["steps"], row["rpe"]) == (168.0, 340.0, 4.0)
    assert row["device"] == "Garmin Forerunner 255"
    assert reading.tables["minutes"]["distance"].tolist() == pytest.approx([180.0, 180.0])
    assert reading.tables["minutes"]["cadence"].tolist() == [170.0, 170.0]
    assert reading.tables["laps"][["lap", "distance", "cadence"]].to_numpy().tolist() == [[1, 360.0, 170.0]]
    assert reading.facts["status"] == "read"
    assert said(reading)["cadence_doubled"]["value"] == "85/min < 120/min"


def test_steps_written_as_steps_are_not_doubled():
    reading = parse(build(*run(cadence=172), session(START, 120, (18, "B", 171)), activity(1)))
    assert reading.tables["activities"]["cadence"].tolist() == [171.0]
    assert reading.tables["minutes"]["cadence"].tolist() == [172.0, 172.0]
    assert "cadence_doubled" not in said(reading)


def test_a_ride_has_no_cadence_of_steps_and_no_minutes():
    reading = parse(build(*run(), session(START, 120, (18, "B", 85), sport=2), activity(1)))
    assert reading.tables["activities"]["sport"].tolist() == ["ride"]
    assert reading.tables["activities"]["cadence"].isna().all()
    assert "minutes" not in reading.tables


def test_the_local_day_is_that_of_the_file():
    """22:30 UTC on 1 March is 2 March where the clock is two hours ahead, whatever the user says."""
    row = parse(build(session(START, 120), activity(2)), tz="America/New_York").tables["activities"].iloc[0]
    assert row["date"] == pd.Timestamp("2026-03-02")
    assert row["start_local"] == pd.Timestamp("2026-03-02 00:30")
    assert row["time_zone_from"] == "file"


def test_the_user_says_the_day_where_the_file_does_not():
    row = parse(build(session(START, 120)), tz="Asia/Tokyo").tables["activities"].iloc[0]
    assert (row["date"], row["time_zone_from"]) == (pd.Timestamp("2026-03-02"), "user")


def test_an_unknown_day_is_counted_in_utc_and_told():
    wrong = message("activity", (253, "I", stamp(START)), (5, "I", 7200))  # 1989, as a well-known trainer app writes it
    reading = parse(build(session(START, 120), wrong))
    row = reading.tables["activities"].iloc[0]
    assert (row["date"], row["time_zone_from"]) == (pd.Timestamp("2026-03-01"), "assumed")
    assert pd.isna(row["start_local"])
    assert {"local_day_unsure", "local_time_unusable"} <= said(reading).keys()


@pytest.mark.parametrize(
    ("minutes", "east", "offset"),
    [
        (345, np.nan, 20_700.0),  # Nepal
        (-570, np.nan, -34_200.0),
        (61, np.nan, 3600.0),  # the two clocks are written a moment apart
        (67, np.nan, np.nan),
        (15 * 60, np.nan, np.nan),
        (0, 5.0, 0.0),
        (0, 116.0, np.nan),  # UTC written as local time in Beijing
    ],
)
def test_offsets_that_no_place_has_are_not_believed(minutes: int, east: float, offset: float):
    utc = np.datetime64("2026-03-01T08:00:00")
    assert believe_offset(utc + np.timedelta64(minutes, "m"), utc, east) == pytest.approx(offset, nan_ok=True)


def test_each_leg_of_a_multisport_activity_has_its_own_records():
    """Ride, transition, run: the records go by time, the transition is set aside."""
    legs = (
        session(START, 60, sport=2),
        session(START + pd.Timedelta(seconds=60), 20, sport=3),
        session(START + pd.Timedelta(seconds=80), 40, sport=1),
    )
    reading = parse(build(*legs, *run(), activity(1)))
    assert reading.tables["activities"]["sport"].tolist() == ["ride", "run"]
    assert reading.tables["activities"]["distance"].tolist() == pytest.approx([177.0, 120.0])
    assert reading.tables["minutes"]["recorded"].sum() == 40.0
    assert (reading.facts["rows"], reading.facts["used"], reading.facts["set_aside"]) == (3, 2, 1)
    assert "transition_skipped" in said(reading)


def test_a_recording_without_a_summary_is_made_whole():
    """A crash: the sport comes from the sport message, the rest from the records."""
    reading = parse(build(message("sport", (0, "B", 1), (1, "B", 3)), *run()))
    row = reading.tables["activities"].iloc[0]
    assert (row["sport"], row["sub_sport"], row["sport_as_exported"]) == ("run", "trail", "running/trail")
    assert (row["distance"], row["duration"], row["heart_rate"]) == (360.0, 120.0, 150.0)
    assert said(reading)["session_rebuilt"]["count"] == 121


@pytest.mark.parametrize(("speed", "sport"), [(3.0, "run"), (8.0, "other"), (1.3, "other")])
def test_a_recording_that_names_no_sport_is_a_run_only_when_it_went_like_one(speed, sport):
    samples = [record(second, (5, "I", round(100 * speed * second))) for second in range(181)]
    reading = parse(build(*samples))
    assert reading.tables["activities"]["sport"].tolist() == [sport]
    assert ("sport_assumed" in said(reading)) == (sport == "run")
    assert ("minutes" in reading.tables) == (sport == "run")


def test_a_manual_run_keeps_its_totals():
    reading = parse(build(session(START, 1800, (9, "I", 500_000), (6, "B", 1)), activity(1)))
    row = reading.tables["activities"].iloc[0]
    assert (row["distance"], row["duration"], row["sub_sport"]) == (5000.0, 1800.0, "treadmill")
    assert row["speed"] == pytest.approx(5000 / 1800)
    assert "minutes" not in reading.tables


def test_a_run_that_got_nowhere_was_not_measured():
    reading = parse(build(session(START, 1800, (9, "I", 0)), activity(1)))
    assert reading.tables["activities"]["distance"].isna().all()
    assert "zero_distance" in said(reading)


def test_summary_and_recording_that_disagree_are_told():
    reading = parse(build(*run(), session(START, 120, (9, "I", 50_000)), activity(1)))
    assert reading.tables["activities"]["distance"].tolist() == [500.0]
    assert said(reading)["totals_disagree"]["value"] == "500 m; 360 m"


def test_the_stopped_timer_is_left_out():
    """Stop at 30 s, go on at 90 s: 60 s of timer in 120 s."""
    timer = (7, "I", 120_000), (8, "I", 60_000)
    total = message("session", (253, "I", stamp(START) + 120), (2, "I", stamp(START)), *timer, (5, "B", 1))
    reading = parse(build(event(0, 0), event(30, 4), event(90, 0), *run(), total, activity(1)))
    assert reading.tables["minutes"]["recorded"].tolist() == [30.0, 30.0]
    assert reading.tables["activities"]["duration"].tolist() == [60.0]


def test_stops_that_contradict_the_timer_are_not_used():
    """A stop without a start, and yet the timer ran for two minutes."""
    reading = parse(build(event(0, 0), event(10, 4), *run(), session(START, 120), activity(1)))
    assert reading.tables["minutes"]["recorded"].tolist() == [60.0, 60.0]
    assert "timer_events_ignored" in said(reading)


def test_a_start_that_is_too_late_for_its_own_length_is_mended():
    """The summary says 22:31:30, it lasts 120 s until 22:32:00, and there are records from 22:30:00 on."""
    timer = (7, "I", 120_000), (8, "I", 120_000)
    total = message("session", (253, "I", stamp(START) + 120), (2, "I", stamp(START) + 90), *timer, (5, "B", 1))
    reading = parse(build(*run(), total, activity(1)))
    assert reading.tables["activities"]["start_utc"].tolist() == [START.tz_localize("UTC")]
    assert reading.tables["minutes"]["recorded"].sum() == 120.0


def test_a_clock_that_was_not_set_puts_nothing_on_a_day():
    early = pd.Timestamp("1990-07-09")
    old = [message("record", (253, "I", stamp(early) + s), (3, "B", 140)) for s in range(10)]
    reading = parse(build(*old, session(early, 10), activity(1)))
    assert "activities" not in reading.tables
    assert (reading.facts["rows"], reading.facts["set_aside"]) == (1, 1)
    assert said(reading)["clock_not_set"]["action"] == "set_aside"


def test_records_without_times_are_never_silent():
    reading = parse(build(*[message("record", (3, "B", 140)) for _ in range(5)]))
    assert said(reading)["records_without_time"]["count"] == 5
    assert (reading.facts["rows"], reading.facts["used"], reading.facts["set_aside"]) == (1, 0, 1)


def test_of_a_list_where_a_number_belongs_the_first_value_counts():
    """Odd writers and damage: two bytes of fractional cadence (0.5) in one field; 85.5 strides are 171 steps."""
    odd = [record(s, (5, "I", 300 * s), (4, "B", 85), (53, "2s", b"\x40\x20"), (0, "2s", b"ab")) for s in range(121)]
    total = session(START, 120, (9, "I", 36_000), (18, "B", 85), (92, "2s", b"\x40\x20"))
    reading = parse(build(*odd, total, activity(1)))
    assert reading.tables["minutes"]["cadence"].tolist() == [171.0, 171.0]
    assert reading.tables["activities"]["cadence"].tolist() == [171.0]


def test_chained_files_are_read_one_by_one():
    later = START + pd.Timedelta(days=1)
    reading = parse(build(*run(), session(START, 120), activity(1)) + build(session(later, 600), activity(3)))
    assert reading.tables["activities"]["activity"].tolist() == ["1", "2"]
    assert reading.tables["activities"]["date"].tolist() == [pd.Timestamp("2026-03-01"), pd.Timestamp("2026-03-03")]


def test_a_damaged_file_keeps_what_can_be_read():
    data = build(session(START, 120, (9, "I", 36_000)), activity(1), *run())
    reading = parse(data[:-50])
    assert reading.facts["status"] == "damaged"
    assert reading.tables["activities"]["distance"].tolist() == [360.0]
    assert said(reading)["fit_damaged"]["action"] == "noted"


@pytest.mark.parametrize("kind", [2, 5, 6])  # settings, workout, course
def test_other_kinds_are_ignored_without_an_error(kind: int):
    reading = parse(build(*run(), kind=kind))
    assert (reading.facts["status"], reading.facts["rows"]) == ("ignored", 0)
    assert reading.facts["message"] == "fit_kind_ignored"
    assert "fit_kind_ignored" in said(reading)


def test_an_activity_file_with_nothing_in_it_is_empty():
    reading = parse(build())
    assert (reading.facts["status"], reading.facts["rows"]) == ("empty", 0)
    assert "fit_empty" in said(reading)


@pytest.mark.parametrize("data", [b"<html>not found</html>", b"", b"\x0e\x10\0\0"])
def test_what_is_no_fit_file_says_what_would_be_right(data: bytes):
    with pytest.raises(UnreadableFile, match=r"a.fit: not a readable FIT file .*would be right"):
        parse(data)


def test_files_are_recognised_by_their_bytes_then_by_name():
    assert fit.sniff(build()[:64], "x")
    assert fit.sniff(b"{}", "ACTIVITY.FIT.GZ")
    assert not fit.sniff(b'<?xml version="1.0"?><gpx ', "a.fit")
    assert not fit.sniff(b"PK\x03\x04....FIT", "a.fit")
    assert not fit.sniff(b"Datum;Afstand", "a.csv")


@pytest.mark.parametrize(
    ("sport", "sub_sport", "expected"),
    [
        ("running", "trail", ("run", "trail")),
        ("fitness_equipment", "treadmill", ("run", "treadmill")),
        ("training", "strength_training", ("strength", None)),
        ("cycling", "road", ("ride", "road")),
        ("hang_gliding", None, ("other", None)),
        (250, 240, ("other", None)),
        (None, None, ("other", None)),
    ],
)
def test_sports_are_named_in_the_vocabulary(sport, sub_sport, expected):
    named = name_sport(sport, sub_sport)
    assert (named["sport"], named["sub_sport"]) == expected


def test_every_sport_in_the_table_is_one_of_the_log():
    rules = tomllib.loads((ROOT / "src/loadlens/data/sports.toml").read_text("utf-8"))["fit"]
    columns = log.describe_columns()["activities"]
    told = {value for value in rules["sport_of_sub_sport"].values() if isinstance(value, str)}
    assert {*rules["sport"].values(), *told, *rules["foot"]} <= set(columns["sport"]["values"])
    assert set(rules["sub_sport"].values()) <= set(columns["sub_sport"]["values"])
    assert set(rules["session"]) <= set(columns)


# ---------------------------------------------------------------- wellness


MORNING = pd.Timestamp("2026-03-02 05:00:00")  # UTC, 07:00 on the clock


def info() -> bytes:
    return message("monitoring_info", (253, "I", stamp(MORNING)), (0, "I", stamp(MORNING) + 7200))


def moment(name: str, time: pd.Timestamp, *fields: Stored) -> bytes:
    return message(name, (253, "I", stamp(time)), *fields)


def test_resting_heart_rate_of_the_day_is_not_that_of_the_week():
    reading = parse(build(info(), moment("hr_data", MORNING, (0, "B", 47), (1, "B", 44)), kind=32))
    assert reading.tables["wellness"].to_dict("records") == [
        {"date": pd.Timestamp("2026-03-02"), "rhr_7d": 47.0, "rhr_day": 44.0}
    ]
    assert (reading.facts["rows"], reading.facts["used"]) == (1, 1)


def test_steps_add_up_by_kind_of_movement_until_local_midnight():
    """Walking 4,000 and running 3,000 by 23:59; the count at midnight closes the day; then 200 on the next."""
    midnight = pd.Timestamp("2026-03-02 22:00:00")  # UTC
    rows = [
        (MORNING, 6, 1000), (MORNING + pd.Timedelta(hours=1), 1, 3000), (MORNING + pd.Timedelta(hours=2), 6, 3500),
        (midnight, 6, 4000), (midnight + pd.Timedelta(minutes=20), 6, 200),
    ]  # fmt: skip
    counts = [moment("monitoring", time, (5, "B", kind), (3, "I", steps)) for time, kind, steps in rows]
    reading = parse(build(info(), *counts, kind=32))
    assert reading.tables["wellness"]["steps"].tolist() == [7000.0, 200.0]
    assert reading.tables["wellness"]["date"].tolist() == [pd.Timestamp("2026-03-02"), pd.Timestamp("2026-03-03")]


def test_sleep_belongs_to_the_day_of_waking():
    """Asleep from 22:00 UTC; light 1 h, deep 2 h, awake 30 min, rem 1.5 h: 4.5 h of sleep on 2 March."""
    begun = pd.Timestamp("2026-03-01 22:00:00")
    stages = [(60, 2), (180, 3), (210, 1), (300, 4)]
    levels = [moment("sleep_level", begun + pd.Timedelta(minutes=m), (0, "B", level)) for m, level in stages]
    start = moment("event", begun, (0, "B", 74), (1, "B", 0))
    score = message("sleep_score", (6, "B", 81))
    reading = parse(build(start, *levels, score, kind=49), tz="Europe/Amsterdam")
    (night,) = reading.tables["wellness"].to_dict("records")
    assert night.pop("date") == pd.Timestamp("2026-03-02")
    stages = {"sleep_light": 3600.0, "sleep_deep": 7200.0, "sleep_awake": 1800.0, "sleep_rem": 5400.0}
    assert night == {"sleep": 16_200.0, "sleep_score": 81.0} | stages


def test_a_watch_that_tells_no_rem_leaves_it_unknown_and_deep_sleep_of_nought_is_nought():
    begun = pd.Timestamp("2026-03-01 22:00:00")
    start = moment("event", begun, (0, "B", 74), (1, "B", 0))
    level = moment("sleep_level", begun + pd.Timedelta(minutes=90), (0, "B", 2))
    (night,) = parse(build(start, level, kind=49)).tables["wellness"].to_dict("records")
    assert (night["sleep"], night["sleep_light"], night["sleep_deep"], night["sleep_awake"]) == (5400, 5400, 0, 0)
    assert "sleep_rem" not in night


def test_heart_rate_variability_of_the_night_and_mass():
    status = moment("hrv_status", MORNING, (1, "H", 52 * 128))
    mass = moment("weight_scale", MORNING, (0, "H", 7180))
    reading = parse(build(status, mass, kind=9))
    assert reading.tables["wellness"][["hrv_rmssd", "mass"]].to_numpy().tolist() == [[52.0, 71.8]]
    assert said(reading)["wellness_day_unsure"]["count"] == 1


def test_the_scale_of_a_household_is_not_one_person():
    people = [moment("weight_scale", MORNING, (0, "H", 7180), (12, "H", person)) for person in (0, 1)]
    reading = parse(build(*people, kind=9))
    assert "wellness" not in reading.tables
    assert said(reading)["several_people"]["count"] == 2


# ---------------------------------------------------------------- real files


def read_corpus(corpus: Path) -> list[tuple[str, Reading | None]]:
    out: list[tuple[str, Reading | None]] = []
    for path in sorted(corpus.glob("fit/*.[fF][iI][tT]")):
        data = path.read_bytes()
        try:
            out.append((path.name, parse(data)))
        except UnreadableFile:
            out.append((path.name, None))
    return out


@pytest.fixture(scope="module")
def readings(corpus: Path) -> list[tuple[str, Reading]]:
    everything = read_corpus(corpus)
    assert len(everything) == 161
    read = [(name, reading) for name, reading in everything if reading is not None]
    assert len(read) >= 153
    return read


def test_every_row_of_real_files_is_accounted_for(readings: list[tuple[str, Reading]]):
    for name, reading in readings:
        facts = reading.facts
        assert facts["used"] + facts["set_aside"] == facts["rows"], name
        assert facts["rows"] or facts["status"] in ("ignored", "empty"), name
        assert facts["rows"] == facts["used"] or reading.ledger, name
        for table, frame in reading.tables.items():
            log.conform(table, frame)


def real_runs(readings: list[tuple[str, Reading]]) -> list[tuple[str, pd.Series, pd.DataFrame]]:
    """Runs of more than ten minutes with a recording."""
    out = []
    for name, reading in readings:
        minutes = reading.tables.get("minutes", pd.DataFrame({"activity": []}))
        for _, row in reading.tables.get("activities", pd.DataFrame()).iterrows():
            own = minutes[minutes["activity"] == row["activity"]]
            if row["sport"] == "run" and row["duration"] > 600 and len(own):
                out.append((name, row, own))
    return out


def test_runners_take_140_to_200_steps_a_minute(readings: list[tuple[str, Reading]]):
    """A mountain run up a summit is walked; there the file's own step count is the measure."""
    medians = {
        f"{name} {row['activity']}": own["cadence"].median()
        for name, row, own in real_runs(readings)
        if "cadence" in own and own["cadence"].notna().any() and row["speed"] > 1.5
    }
    assert len(medians) >= 20
    assert {name: median for name, median in medians.items() if not 140 <= median <= 200} == {}


def test_minutes_add_up_to_the_run(readings: list[tuple[str, Reading]]):
    shares = {
        f"{name} {row['activity']}": own["distance"].sum() / row["distance"] for name, row, own in real_runs(readings)
    }
    assert len(shares) >= 20
    assert {name: share for name, share in shares.items() if not 0.98 <= share <= 1.02} == {}
