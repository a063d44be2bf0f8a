"""TCX and GPX: what stands there is read, what does not is concluded and told, and no file can do harm."""

from __future__ import annotations

import gzip
import io
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import loadlens as ll
from loadlens import log
from loadlens.formats import tracks
from loadlens.formats.source import HEAD_BYTES, Options, Reading, Source, UnreadableFile
from loadlens.formats.trackpoints import Findings, parse_number, parse_time
from loadlens.simulation import simulate
from loadlens.simulators.simulated_exports import write_export

START = pd.Timestamp("2026-03-01 22:30:00")  # UTC
STEP = 3 / 6_371_008.8 * 180 / np.pi  # degrees of latitude that are 3 m


def stamp(second: float, zone: str = "Z") -> str:
    return f"{START + pd.Timedelta(seconds=second):%Y-%m-%dT%H:%M:%S}{zone}"


def trkpt(second: float, metres: float, inner: str = "", zone: str = "Z") -> str:
    time = f"<time>{stamp(second, zone)}</time>"
    return f'<trkpt lat="{52 + metres / 3 * STEP:.9f}" lon="5.0">{time}{inner}</trkpt>'


def extension(cadence: int = 85, beats: int = 150) -> str:
    inner = f"<gpxtpx:hr>{beats}</gpxtpx:hr><gpxtpx:cad>{cadence}</gpxtpx:cad>"
    return f"<extensions><gpxtpx:TPE>{inner}</gpxtpx:TPE></extensions>"


def run_of(seconds: int = 121, cadence: int = 85, zone: str = "Z", speed: float = 3.0) -> str:
    """A point every second; the prefix gpxtpx is declared nowhere."""
    return "".join(trkpt(s, speed * s, extension(cadence), zone) for s in range(seconds))


def gpx(*segments: str, told: str = "<type>running</type>") -> bytes:
    inner = "".join(f"<trkseg>{segment}</trkseg>" for segment in segments)
    return f'<gpx creator="A watch"><trk>{told}{inner}</trk></gpx>'.encode()


def trackpoint(second: float, metres: float | None = None, inner: str = "", zone: str = "Z") -> str:
    far = "" if metres is None else f"<DistanceMeters>{metres}</DistanceMeters>"
    return f"<Trackpoint><Time>{stamp(second, zone)}</Time>{far}{inner}</Trackpoint>"


def lap(second: float, points: str, seconds: float = 120, metres: float = 360, more: str = "") -> str:
    total = f"<TotalTimeSeconds>{seconds}</TotalTimeSeconds><DistanceMeters>{metres}</DistanceMeters>{more}"
    return f'<Lap StartTime="{stamp(second)}">{total}<Track>{points}</Track></Lap>'


def tcx(*laps: str, sport: str = "Running", more: str = "") -> bytes:
    inner = f'<Activity Sport="{sport}"><Id>{stamp(0)}</Id>{"".join(laps)}{more}</Activity>'
    return f'<?xml version="1.0"?><TrainingCenterDatabase>{inner}</TrainingCenterDatabase>'.encode()


def treadmill(seconds: int = 121, inner: str = "<Cadence>85</Cadence>") -> str:
    return "".join(trackpoint(s, 3.0 * s, inner) for s in range(seconds))


def parse(data: bytes, tz: str | None = None, name: str = "a.gpx") -> Reading:
    reading = tracks.parse(Source(name, data[:HEAD_BYTES], lambda: io.BytesIO(data)), Options(tz=tz))
    assert reading.facts["rows"] == int(str(reading.facts["used"])) + int(str(reading.facts["set_aside"]))
    for table, frame in reading.tables.items():
        log.conform(table, frame)
    return reading


def only(reading: Reading) -> pd.Series:
    assert len(reading.tables["activities"]) == 1
    return reading.tables["activities"].iloc[0]


def said(reading: Reading) -> dict[str, dict[str, object]]:
    return {str(entry["what"]): entry for entry in reading.ledger}


# ---------------------------------------------------------------- GPX


def test_a_gpx_run_is_measured_along_its_positions_and_counts_steps():
    """120 s at 3 m/s are 360 m; 85 strides are 170 steps; the prefix of the extension was never declared."""
    reading = parse(gpx(run_of()))
    row = only(reading)
    assert row["distance"] == pytest.approx(360, rel=1e-4)
    assert (row["duration"], row["elapsed"], row["heart_rate"], row["cadence"]) == (120, 120, 150, 170)
    assert (row["sport"], row["device"]) == ("run", "A watch")
    assert row["start_utc"] == START.tz_localize("UTC")
    assert reading.tables["minutes"]["distance"].tolist() == pytest.approx([180, 180], rel=1e-4)
    assert reading.tables["minutes"]["cadence"].tolist() == [170, 170]
    assert said(reading)["cadence_doubled"]["value"] == "85/min < 120/min"


def test_steps_are_not_doubled():
    reading = parse(gpx(run_of(cadence=172)))
    assert only(reading)["cadence"] == 172
    assert "cadence_doubled" not in said(reading)


def test_segments_of_one_track_are_one_run_with_a_pause():
    """60 s, a pause of 200 s in which 400 m went by bus, 60 s: 120 s and 360 m run, 320 s elapsed."""
    first = "".join(trkpt(s, 3 * s) for s in range(61))
    later = "".join(trkpt(260 + s, 580 + 3 * s) for s in range(61))
    row = only(parse(gpx(first, later)))
    assert row["distance"] == pytest.approx(360, rel=1e-3)
    assert row["duration"] == pytest.approx(120, abs=2)
    assert row["elapsed"] == 320


def test_a_segment_cut_by_a_lost_signal_goes_on():
    first = "".join(trkpt(s, 3 * s) for s in range(61))
    later = "".join(trkpt(s, 3 * s) for s in range(68, 121))
    row = only(parse(gpx(first, later)))
    assert (row["distance"], row["duration"]) == (pytest.approx(360, rel=1e-3), 120)


def test_tracks_of_different_starts_are_different_activities():
    morning, evening = (f"<trk><type>{kind}</type><trkseg>{run_of()}</trkseg></trk>" for kind in ("9", "1"))
    evening = evening.replace("T22:", "T23:")
    reading = parse(f"<gpx>{evening}{morning}</gpx>".encode())
    assert reading.tables["activities"]["sport"].tolist() == ["run", "ride"]
    assert reading.tables["minutes"]["activity"].unique().tolist() == ["1"]


def test_a_history_in_one_track_is_cut_where_it_rests_for_hours():
    days = [run_of().replace("2026-03-01", f"2026-03-{day:02d}") for day in (1, 2, 3)]
    assert len(parse(gpx(*days)).tables["activities"]) == 3


def test_laps_written_as_tracks_are_one_run():
    laps = [[trkpt(s, 3 * s) for s in range(*span)] for span in ((0, 60), (61, 120), (121, 180))]
    inner = "".join(f"<trk><trkseg>{''.join(one)}</trkseg></trk>" for one in laps)
    reading = parse(f"<gpx>{inner}</gpx>".encode())
    assert only(reading)["distance"] == pytest.approx(537, rel=1e-3)
    assert said(reading)["tracks_joined"]["count"] == 2


@pytest.mark.parametrize(
    ("told", "sport", "sub_sport"),
    [
        ("<type>running</type>", "run", None),
        ("<type>trail_running</type>", "run", "trail"),
        ("<type>9</type>", "run", None),
        ("<type>1</type>", "ride", None),
        ("<type>hiking</type>", "hike", None),
        ("<name>Domingo corrida matutina</name>", "run", None),
        ("<name>Ochtendrondje</name>", "run", None),
        ("<type>running</type><name>Fietsen en daarna lopen</name>", "run", None),
    ],
)
def test_the_sport_comes_from_the_type_then_the_title_then_the_speed(told, sport, sub_sport):
    row = only(parse(gpx(run_of(), told=told)))
    assert row["sport"] == sport
    assert (None if pd.isna(row["sub_sport"]) else row["sub_sport"]) == sub_sport
    assert (row["sport_as_exported"] is None) == ("<type>" not in told)


@pytest.mark.parametrize(
    ("speed", "sport", "what"),
    [(3.0, "run", "sport_assumed"), (7.0, "other", "sport_unknown"), (1.2, "other", "sport_unknown")],
)
def test_a_track_without_a_name_is_a_run_only_when_it_went_like_one(speed, sport, what):
    reading = parse(gpx(run_of(speed=speed), told=""))
    assert only(reading)["sport"] == sport
    assert what in said(reading)


def test_decimal_commas_in_positions_are_read_and_told():
    data = gpx(run_of()).replace(b'lat="52.', b'lat="52,').replace(b'lon="5.0"', b'lon="5,0"')
    reading = parse(data)
    assert only(reading)["distance"] == pytest.approx(360, rel=1e-4)
    assert (said(reading)["decimal_commas"]["count"], reading.facts["number_format"]) == (242, "comma")


def test_points_without_position_or_heart_rate_leave_no_hole():
    points = [trkpt(s, 3 * s, extension()) for s in range(121)]
    points[40] = f"<trkpt><time>{stamp(40)}</time></trkpt>"
    points[41] = trkpt(41, 123, extension(beats=0))
    row = only(parse(gpx("".join(points))))
    assert (row["distance"], row["duration"]) == (pytest.approx(360, rel=1e-4), 120)
    assert row["heart_rate"] == 150


def test_a_run_that_got_nowhere_has_no_distance():
    """Two minutes on one spot: an indoor run, not one of 0 m."""
    reading = parse(gpx(run_of(speed=0.0)))
    assert np.isnan(only(reading)["distance"])
    assert only(reading)["duration"] == 120


def test_a_position_off_the_earth_moves_nobody():
    data = gpx(run_of()).replace(b'lat="52.0', b'lat="520.0', 30)
    assert only(parse(data))["distance"] == pytest.approx(3 * 90, rel=0.01)


def test_extensions_for_power_temperature_and_running_dynamics():
    inner = (
        "<extensions><power>250</power><a:TPE><a:atemp>18</a:atemp><a:speed>3</a:speed>"
        "<a:VerticalOscillation>8.5</a:VerticalOscillation><a:GroundContactTime>240</a:GroundContactTime>"
        "<a:mood>fine</a:mood></a:TPE></extensions>"
    )
    reading = parse(gpx("".join(trkpt(s, 3 * s, inner) for s in range(121))))
    row = only(reading)
    assert row[["power", "temperature", "vertical_oscillation", "ground_contact"]].tolist() == [250, 18, 85, 240]
    assert said(reading)["unit_inferred"]["value"] == "cm"
    assert said(reading)["columns_not_used"]["value"] == "mood"


@pytest.mark.parametrize(("factor", "measured"), [(1.05, 378.0), (0.001, 360.0)])
def test_a_distance_in_the_extensions_counts_only_when_it_is_one(factor, measured):
    """5 % more than the positions is a foot pod; a thousandth of them is kilometres."""
    points = (trkpt(s, 3 * s, f"<gpxdata:distance>{3 * s * factor}</gpxdata:distance>") for s in range(121))
    reading = parse(gpx("".join(points)))
    assert only(reading)["distance"] == pytest.approx(measured, rel=1e-3)
    assert ("distance_from_positions" in said(reading)) == (factor < 1)


@pytest.mark.parametrize(
    "data",
    [
        b'<gpx><rte><rtept lat="52" lon="5"/></rte></gpx>',
        b'<gpx><trk><trkseg><trkpt lat="52" lon="5"/><trkpt lat="52.1" lon="5"/></trkseg></trk></gpx>',
        b"<TrainingCenterDatabase><Courses><Course><Trackpoint/></Course></Courses></TrainingCenterDatabase>",
    ],
)
def test_a_planned_route_is_no_activity(data):
    reading = parse(data)
    assert (reading.facts["status"], reading.facts["message"]) == ("ignored", "route_ignored")
    assert reading.tables == {}


def test_a_file_without_tracks_is_empty():
    assert parse(b"<gpx></gpx>").facts["status"] == "empty"


# ---------------------------------------------------------------- TCX


def test_a_treadmill_keeps_its_distance_its_laps_and_its_totals():
    """Laps of 60 s and 180 m, and of 60 s and 170 m, at 140 and 150 bpm on average."""
    beats = "<AverageHeartRateBpm><Value>{}</Value></AverageHeartRateBpm>"
    beats += "<MaximumHeartRateBpm><Value>{}</Value></MaximumHeartRateBpm>"
    first = lap(0, treadmill(61), 60, 180, beats.format(140, 160) + "<Calories>9</Calories><Cadence>84</Cadence>")
    points = "".join(trackpoint(s, 3.0 * s, "<Cadence>85</Cadence>") for s in range(60, 121))
    second = lap(60, points, 60, 170, beats.format(150, 165) + "<Calories>10</Calories><Cadence>86</Cadence>")
    reading = parse(tcx(first, second, more="<Notes>Flat</Notes><Creator><Name>Forerunner 10</Name></Creator>"))
    row = only(reading)
    totals = row[["distance", "duration", "heart_rate", "max_heart_rate", "cadence", "calories"]].tolist()
    assert totals == [350, 120, 145, 165, 170, 19]
    assert row[["sport", "sport_as_exported", "note", "device"]].tolist() == ["run", "Running", "Flat", "Forerunner 10"]
    laps = reading.tables["laps"][["lap", "distance", "duration", "cadence"]].to_numpy().tolist()
    assert laps == [[1, 180, 60, 168], [2, 170, 60, 172]]
    assert reading.tables["laps"]["start_utc"].iloc[1] == START.tz_localize("UTC") + pd.Timedelta(seconds=60)
    assert reading.tables["minutes"]["distance"].tolist() == [180, 180]


def test_cadence_in_the_extension_counts_like_the_plain_one():
    inner = "<ns3:Speed>3</ns3:Speed><ns3:RunCadence>88</ns3:RunCadence><ns3:Watts>240</ns3:Watts>"
    row = only(parse(tcx(lap(0, treadmill(inner=f"<Extensions><ns3:TPX>{inner}</ns3:TPX></Extensions>")))))
    assert (row["cadence"], row["power"]) == (176, 240)


def test_positions_that_drift_do_not_overrule_the_distance_of_a_treadmill():
    """360 m on the treadmill, 120 m of drift."""
    place = "<Position><LatitudeDegrees>{}</LatitudeDegrees><LongitudeDegrees>5</LongitudeDegrees></Position>"
    points = (trackpoint(s, 3.0 * s, place.format(52 + s / 3 * STEP)) for s in range(121))
    assert only(parse(tcx(lap(0, "".join(points), 120, 0))))["distance"] == 360


def test_positions_stand_in_for_a_distance_that_never_grows():
    place = "<Position><LatitudeDegrees>{}</LatitudeDegrees><LongitudeDegrees>5</LongitudeDegrees></Position>"
    points = (trackpoint(s, 0.0, place.format(52 + s * STEP)) for s in range(121))
    reading = parse(tcx(lap(0, "".join(points), 120, 0)))
    assert only(reading)["distance"] == pytest.approx(360, rel=1e-4)
    assert "totals_disagree" in said(reading)


def test_a_ride_has_no_steps_and_no_minutes():
    reading = parse(tcx(lap(0, treadmill()), sport="Biking"))
    assert np.isnan(only(reading)["cadence"])
    assert list(reading.tables) == ["activities"]


def test_laps_without_points_are_an_activity():
    reading = parse(tcx(lap(0, "", 1800, 5000)))
    assert only(reading)[["distance", "duration"]].tolist() == [5000, 1800]
    assert "minutes" not in reading.tables


def test_activities_of_one_file_and_an_empty_one():
    other = tcx(lap(90_000, "", 600, 2000)).split(b"<Activity ")[1].split(b"</Activity>")[0]
    empty = b'<Activity Sport="Running"><Id>2026-01-01T10:00:00Z</Id></Activity>'
    data = tcx(lap(0, treadmill())).replace(b"<Activity ", empty + b"<Activity " + other + b"</Activity><Activity ", 1)
    reading = parse(data)
    assert sorted(reading.tables["activities"]["distance"]) == [360, 2000]
    assert (reading.facts["rows"], reading.facts["used"], reading.facts["set_aside"]) == (3, 2, 1)
    assert said(reading)["too_few_records"]["action"] == "set_aside"


def test_points_between_the_legs_of_a_triathlon_are_set_aside():
    leg = tcx(lap(0, treadmill())).split(b"<TrainingCenterDatabase>")[1].split(b"</TrainingCenterDatabase>")[0]
    transition = f"<Transition>{trackpoint(1)}{trackpoint(2)}</Transition>".encode()
    inner = b"<MultiSportSession>" + transition + leg + b"</MultiSportSession>"
    reading = parse(b"<TrainingCenterDatabase>" + inner + b"</TrainingCenterDatabase>")
    assert only(reading)["distance"] == 360
    assert said(reading)["records_outside_session"]["count"] == 2


# ---------------------------------------------------------------- the clock


def test_z_names_no_place_so_the_day_is_unsure_until_the_user_names_one():
    """22:30 UTC on 1 March is 23:30 that day in Amsterdam, and 2 March in Nairobi."""
    row = only(reading := parse(gpx(run_of())))
    assert (row["time_zone_from"], row["date"]) == ("assumed", pd.Timestamp("2026-03-01"))
    assert "local_day_unsure" in said(reading)
    row = only(reading := parse(gpx(run_of()), tz="Africa/Nairobi"))
    assert (row["time_zone_from"], row["date"]) == ("user", pd.Timestamp("2026-03-02"))
    assert row["start_local"] == pd.Timestamp("2026-03-02 01:30")
    assert "local_day_unsure" not in said(reading)


def test_an_offset_is_the_local_time():
    row = only(parse(gpx(run_of(zone="+02:00"))))
    assert (row["time_zone_from"], row["start_local"]) == ("file", START)
    assert row["start_utc"] == (START - pd.Timedelta(hours=2)).tz_localize("UTC")


def test_an_offset_under_another_sun_is_not_believed():
    reading = parse(gpx(run_of(zone="+11:00")))
    assert only(reading)["time_zone_from"] == "assumed"
    assert said(reading)["local_time_unusable"]["value"] == "+11.00 h"


def test_times_without_a_zone_are_local():
    row = only(reading := parse(gpx(run_of(zone=""))))
    assert (row["time_zone_from"], row["start_local"]) == ("assumed", START)
    assert pd.isna(row["start_utc"])
    assert "times_without_zone" in said(reading)
    row = only(parse(gpx(run_of(zone="")), tz="Europe/Amsterdam"))
    assert (row["time_zone_from"], row["start_utc"]) == ("user", (START - pd.Timedelta(hours=1)).tz_localize("UTC"))


@pytest.mark.parametrize(
    ("text", "seconds", "offset"),
    [
        ("1970-01-01T01:00:00+01:00", 0, 3600),
        ("1970-01-01T00:00:01.5Z", 1.5, 0),
        ("1970-01-01T00:00:01.0", 1, np.nan),
        ("1970-01-01 00:00:01 UTC", 1, 0),
        ("1970-1-1T00:00:01.", 1, np.nan),
        ("1970-01-01", np.nan, np.nan),
        ("yesterday", np.nan, np.nan),
        ("", np.nan, np.nan),
    ],
)
def test_times_as_people_and_programs_write_them(text, seconds, offset):
    findings = Findings()
    assert parse_time(text, findings) == pytest.approx((seconds, offset), nan_ok=True)
    assert bool(findings.unreadable) == (bool(text) and np.isnan(seconds))


def test_numbers_that_are_none_are_missing_and_counted():
    findings = Findings()
    read = [parse_number(text, "speed", findings) for text in ("3.5", "3,5", "", "nan", "1e999", "fast", "1,2,3")]
    np.testing.assert_array_equal(read, [3.5, 3.5, *[np.nan] * 5])
    assert (findings.commas, findings.unreadable) == (1, {"speed": [3, "1e999"]})


def test_a_clock_that_was_not_set_and_a_jump_are_set_aside():
    wrong = trkpt(0, 0).replace("2026", "1980")
    far = trkpt(500, 0).replace("2026", "2028")
    reading = parse(gpx(wrong + run_of() + far))
    assert only(reading)["duration"] == 120
    assert said(reading)["clock_not_set"]["count"] == 1
    assert reading.facts["set_aside"] == 1  # the lone point two years later


# ---------------------------------------------------------------- the file


@pytest.mark.parametrize(
    "bend",
    [
        lambda data: b" " * 10 + data,
        lambda data: b"\xef\xbb\xbf\r\n" + data,
        lambda data: data + b"\0\0\n",
        lambda data: data.decode().encode("utf-16"),
        lambda data: b'<?xml version="1.0" encoding="UTF-16"?>' + data,
        lambda data: b'<?xml version="1.0" encoding="ISO-8859-1"?>' + data.replace(b"A watch", b"L\xe4ufer"),
        lambda data: data.replace(b"A watch", b"L\xe4ufer"),
        lambda data: data.replace(b"A watch", b"Tom & Jerry\x03"),
        lambda data: data.replace(b"trkpt", b"g:trkpt").replace(b"<gpx ", b"<g:gpx ").replace(b"</gpx>", b"</g:gpx>"),
    ],
    ids=["blanks", "mark", "noughts", "utf-16", "false utf-16", "latin-1", "untold latin-1", "ampersand", "prefix"],
)
def test_files_as_they_are_found(bend):
    data = bend(gpx(run_of()))
    assert tracks.sniff(data[:HEAD_BYTES], "unnamed")
    row = only(parse(data))
    assert row["distance"] == pytest.approx(360, rel=1e-4)
    assert row["device"] in ("A watch", "Läufer", "Tom & Jerry")


@pytest.mark.parametrize("kind", ["gpx", "tcx"])
def test_what_stands_before_a_cut_is_kept(kind):
    data = gpx(run_of(601)) if kind == "gpx" else tcx(lap(0, treadmill(601), 600, 1800))
    reading = parse(data[: len(data) // 2])
    assert (reading.facts["status"], reading.facts["used"]) == ("damaged", 1)
    assert "xml_damaged" in said(reading)
    assert reading.tables["minutes"]["distance"].sum() == pytest.approx(900, abs=20)


@pytest.mark.parametrize("place", range(7, 4000, 211))
def test_a_file_cut_anywhere_is_read_or_refused(place):
    data = tcx(lap(0, treadmill(40)))[:place]
    if b"<Train" not in data:
        with pytest.raises(UnreadableFile, match=r"a\.tcx"):
            parse(data, name="a.tcx")
    else:
        assert parse(data, name="a.tcx").facts["status"] in ("damaged", "empty")


BOMB = b'<?xml version="1.0"?><!DOCTYPE gpx [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><gpx>&b;</gpx>'


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (BOMB, "DOCTYPE"),
        (b'<!DOCTYPE gpx SYSTEM "file:///etc/passwd"><gpx></gpx>', "DOCTYPE"),
        (BOMB.decode().encode("utf-16"), "DOCTYPE"),
        (b"<gpx>" + b"<a>" * 200_000, "within each other"),
        (b"<html><body>Log in</body></html>", "<html>"),
        (b"<<<", "no TCX or GPX"),
        (b"<gpx>" + b"<trk/>" * 5001 + b"</gpx>", "5,000 activities"),
        (tcx("<Lap/>" * 100_001), "100,000 laps"),
        (gpx("".join(trkpt(18_000 * n, 0) for n in range(5001))), "5,000 activities"),
    ],
    ids=["bomb", "outside", "wide bomb", "deep", "page", "noise", "many tracks", "many laps", "many days"],
)
def test_what_could_harm_is_refused_and_what_is_no_track_is_named(data, words):
    with pytest.raises(UnreadableFile, match=words):
        parse(data)


def test_sniffing_takes_its_own_and_leaves_the_rest():
    assert tracks.sniff(b"<html>", "x/1.GPX.gz")
    assert not tracks.sniff(b"<html>", "x/1.html")
    assert not tracks.sniff(b"Activity Type,Date\n", "Activities.csv")
    assert not tracks.sniff(b"\x0e\x10.FIT", "1.gpx")
    assert not tracks.sniff(b"", "1.gpx")


def test_memory_stays_within_six_times_the_file():
    data = gpx(run_of(20_000))
    parse(gpx(run_of()))  # what is loaded once is not counted
    tracemalloc.start()
    parse(data)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 6 * len(data)


# ---------------------------------------------------------------- together with the rest

RUNNER = simulate("novice", weeks=4)


def compare(found: ll.RunningLog) -> pd.DataFrame:
    """Runs as read beside the truth, by the second they started: read over true."""
    truth = RUNNER.activities[RUNNER.activities["sport"] == "run"]
    true, read = (table.set_index(table["start_utc"].dt.floor("s")).sort_index() for table in (truth, found.runs))
    assert read.index.tolist() == true.index.tolist()
    assert read["date"].tolist() == true["date"].tolist()
    names = ["distance", "duration", "heart_rate", "cadence"]
    return read[names] / true[names]


@pytest.mark.parametrize("kind", ["tcx", "tcx_blanks", "gpx", "gpx_without_type", "strava_archive_mixed"])
def test_what_was_simulated_is_what_is_read(kind, tmp_path):
    write_export(RUNNER, tmp_path, kind)
    found = ll.read(tmp_path, tz=RUNNER.zone)
    assert (found.sources["status"].isin(["read", "ignored"])).all()
    share = compare(found)
    assert share["distance"].between(0.995, 1.005).all()
    assert share["duration"].between(0.985, 1.015).all()
    assert (share[["heart_rate", "cadence"]] - 1).abs().max().max() < 0.03


def test_an_archive_gives_its_tracks_their_sport_and_title(tmp_path):
    (path,) = write_export(RUNNER, tmp_path, "strava_archive_mixed")
    found = ll.read(path)
    assert {"fit", "tcx", "gpx"} <= set(found.sources["format"].dropna())
    named = found.runs[found.runs["merged_from"].str.contains(r"\.(?:gpx|tcx)\.gz", na=False)]
    assert len(named) > 5
    assert named["title"].notna().all()
    assert named["file"].str.startswith("activities/").all()
    assert (found.sources["rows"] == found.sources["used"] + found.sources["set_aside"]).all()


def test_a_list_knows_the_sport_better_than_a_track(tmp_path):
    """A slow ride without a type was taken for a run, a hike was "Other": the list says what they were."""
    folder = tmp_path / "export"
    (folder / "activities").mkdir(parents=True)
    listed = "Activity ID,Activity Date,Activity Name,Activity Type,Elapsed Time,Distance,Filename\n"
    for number, kind in ((1, "Ride"), (2, "Hike"), (3, "Run")):
        listed += f'{number},"Mar {number}, 2026, 10:30:00 PM",Out,{kind},120,0.36,activities/{number}'
        listed += ".gpx.gz\n" if number == 1 else ".tcx.gz\n"
    (folder / "activities.csv").write_text(listed)
    contents = {"1.gpx": gpx(run_of(), told=""), "2.tcx": tcx(lap(0, treadmill()), sport="Other")}
    contents["3.tcx"] = contents["2.tcx"].replace(b"2026-03-01", b"2026-03-03")
    contents["2.tcx"] = contents["2.tcx"].replace(b"2026-03-01", b"2026-03-02")
    for name, content in contents.items():
        (folder / "activities" / f"{name}.gz").write_bytes(gzip.compress(content))
    found = ll.read(folder, tz="UTC").activities
    assert found["sport"].tolist() == ["ride", "hike", "run"]
    assert np.isnan(found["cadence"].iloc[0])
    assert found["title"].tolist() == ["Out"] * 3


def test_real_files_of_three_platforms_are_plausible(corpus: Path):
    paths = sorted((corpus / "tcx_gpx").iterdir())
    assert len(paths) >= 14
    for path in paths:
        data = path.read_bytes()
        row = only(parse(data, name=path.name))
        assert 500 < row["distance"] < 60_000
        assert 1.0 < row["distance"] / row["duration"] < 8.0
        if row["sport"] == "run" and row["cadence"] > 0 and row["distance"] / row["duration"] > 2:
            assert 140 < row["cadence"] < 200


@pytest.mark.parametrize(("number", "versions"), [("4801048867", 4), ("4078723797", 3), ("5039744860", 2)])
def test_real_versions_of_one_activity_become_one(corpus: Path, number: str, versions: int):
    paths = [path for folder in ("fit", "tcx_gpx") for path in sorted((corpus / folder).glob(f"*{number}*"))]
    found = ll.read(*paths).activities
    assert len(found) == 1
    assert len(paths) == versions == found["merged_from"].iloc[0].count(";") + 1
    if versions > 2:  # the third has a pause in which its owner rode on
        alone = [ll.read(path).activities.iloc[0] for path in paths]
        for name in ("distance", "duration"):
            values = [row[name] for row in alone]
            assert max(values) / min(values) < 1.02
