"""Files of a megabyte that ask for as much time or memory as they can: what each of them takes to read.

    python fuzz/greedy.py
    python fuzz/greedy.py diary json

Each is read in a process of its own. Prints seconds of the processor and by how much memory grew; 1 where a file takes
over a second, over 20 times itself and 100 MB, or where anything escapes but `UnreadableFile`.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from exports import write_exports

import loadlens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIZE = 1_000_000  # bytes
PER_BYTE, FREE, SLOW = 20, 100_000_000, 1.0  # as in trials.py


def fill(head: str, row: str | Callable[[int], str], tail: str = "") -> bytes:
    """Return a text of `SIZE` bytes: rows between what stands above and below."""
    out, size, number = [head], len(head) + len(tail), 0
    while size < SIZE:
        line = row if isinstance(row, str) else row(number)
        out.append(line)
        size += len(line.encode())
        number += 1
    return "".join([*out[:-1], tail]).encode()


def day(number: int) -> str:
    """Return one of the days of ninety years, each a step away from the last."""
    return f"{1971 + number // 336 % 88}-{1 + number // 28 % 12:02d}-{1 + number % 28:02d}"


def write_greedy() -> Iterator[tuple[str, bytes]]:
    """Yield path and content of each."""
    yield from _write_tables()
    yield from _write_objects()
    yield from _write_markup()
    yield from _write_archives()
    for path, data in write_exports():
        if path.lower().endswith((".csv", ".json")) and len(data) < 20_000:
            yield _repeat(path, data)


def _repeat(path: str, data: bytes) -> tuple[str, bytes]:
    """Return an export of ours whose rows are there over and over."""
    if path.endswith(".json"):
        told = json.loads(data)
        if isinstance(told, list) and told:
            return f"again/{path}", json.dumps(told * (SIZE // len(json.dumps(told)) + 1)).encode()[: 4 * SIZE]
        return path, data
    head, _, body = data.partition(b"\n")
    return f"again/{path}", head + b"\n" + body * (SIZE // max(len(body), 1) if body else 0)


def _write_tables() -> Iterator[tuple[str, bytes]]:
    diary = "date,kind,value,tags,side,note\n"
    yield "diary_words.csv", fill(diary, lambda n: f"{day(n)},word{n},3,tag{n},side{n},x\n")
    yield "diary_off.csv", fill("date,kind,value\n", lambda n: f"{day(n)},pain,{11 + n}\n")
    yield "diary_same.csv", fill("date,kind,value\n", "2024-01-05,pain,3\n")
    yield "diary_dateless.csv", fill("date,kind,value\n", "x,pain,3\n")
    yield "days.csv", fill("date,resting hr,sleep\n", lambda n: f"{day(n)},50,7\n")
    yield "days_wrong.csv", fill("date,resting hr,sleep\n", lambda n: f"{n},{'x' * (n % 7)},{n}h\n")
    yield "days_short.csv", fill("date,resting hr,sleep\n", "1\n")
    yield "days_impossible.csv", fill("date,resting hr,sleep\n", lambda n: f"{day(n)},9{n},7\n")
    yield "headings_again.csv", fill("", "date,resting hr,sleep\n")
    yield "headings_wide.csv", fill("", lambda n: f"h{n},")
    yield "headings_known_wide.csv", fill("date,resting hr,sleep,", lambda n: f"h{n},", "\n2024-01-05,50,7\n")
    yield "headings_long.csv", fill("", "date,kind,value,resting hr,")
    yield "commas.csv", fill("date,resting hr,sleep\n", ",")
    yield "lines.csv", fill("", "\n")
    yield "lines_below.csv", fill("date,resting hr,sleep\n2024-01-05,50,7\n", "\n")
    yield "quotes.csv", fill("date,resting hr,sleep\n", '"')
    yield "open_quote.csv", fill('date,resting hr,sleep\n2024-01-05,"50,7\n', "2024-01-05,50,7\n")
    yield "long_cell.csv", fill("date,resting hr,sleep\n2024-01-05,50,", "9")
    yield "words.txt", fill("", "lorem ipsum dolor ")
    yield "letters.csv", fill("", "a")
    yield "accents.csv", fill("date,resting hr,sleep\n", "e\u0301")
    yield "tags.csv", fill("date,resting hr,sleep\n", "<")
    yield (
        "cells_tagged.csv",
        fill("date,<resting hr,sleep\n2024-01-05,50,7\n", "2024-01-05,<<<<<<<<<<<<<<<<<<<<<<<,7\n"),
    )
    yield "sections.csv", fill("", "Body\nDate,Weight\nActivities\nDate,Steps,Minutes Sedentary,Distance,Floors\n")
    yield "months.csv", fill("date,resting hr,sleep\n", lambda n: f"{n % 28} jan,5{n},7\n")
    yield (
        "words_of_days.csv",
        fill("date,resting hr,sleep\n", lambda n: f'"Mon, January {n % 28 + 1}, 20{n % 60:02d}",50,7\n'),
    )
    head = "Date,Activity Id,Type,Route Name,Distance (km),Duration,Average Pace,Average Speed (km/h),Calories Burned,"
    head += "Climb (m),Average Heart Rate (bpm),Notes,GPX File\n"
    for name, date in (("each_day", day), ("one_day", lambda n: f"2024-01-05 {n % 24:02d}:{n % 60:02d}:{n % 59:02d}")):
        row = lambda n, date=date: f"{date(n)},{n},Running,,5.{n % 99},25:{n % 60:02d},5:00,12,1,1,150,,\n"  # noqa: E731
        yield f"runs_{name}.csv", fill(head, row)
    yield "runs_sports.csv", fill(head, lambda n: f"{day(n)},{n},Sport{n},,5,25:00,5:00,12,1,1,150,,\n")
    garmin = next(data for path, data in write_exports() if path.startswith("garmin_csv_en/")).decode()
    first, line = garmin.splitlines()[:2]
    yield "Activities.csv", fill(f"{first}\n", lambda n: line.replace("2024-01-28", day(n)) + "\n")
    yield "shoes/activities.csv", fill("date,distance,gear,type\n", lambda n: f"{day(n)},5,shoe {n},run\n")


def _write_objects() -> Iterator[tuple[str, bytes]]:
    for name, start in (
        ("fitbit/resting_heart_rate-2024.json", '[{"dateTime":"01/05/24 00:00:00","value":{"value":60}}'),
        (
            "fitbit/sleep-2024.json",
            '[{"logId":1,"dateOfSleep":"2024-01-05","minutesAsleep":1,"startTime":"","levels":{}}',
        ),
        ("garmin/2024_sleepData.json", '[{"calendarDate":"2024-01-05","deepSleepSeconds":1}'),
        ("garmin/UDSFile_2024.json", '[{"calendarDate":"2024-01-05","restingHeartRate":50}'),
        ("garmin/x_summarizedActivities.json", '[{"summarizedActivitiesExport":[{"activityId":1,"beginTimestamp":1}'),
        ("garmin/x_gear.json", '[{"gearDTOS":[{"gearPk":1}],"gearActivityDTOs":{"1":[{"activityId":1}'),
    ):
        close = start.count("[") - start.count("]"), start.count("{") - start.count("}")
        ends = "]}]" if close == (2, 1) else "]}}]" if close[0] == 2 else "]"
        for what, more in (("numbers", ",1"), ("empty", ",{}"), ("lists", ",[]"), ("dates", ',{"calendarDate":""}')):
            yield name.replace("/", f"/{what}/"), fill(start, more, ends)
    yield "polar/training-session_2024.json", fill('{"exercises":[{"samples":{"heartRate":[', "{},", "{}]}}]}")
    for bracket in ("[", '{"a":', '[{"dateOfSleep":'):
        yield f"deep{len(bracket)}/sleepData.json", fill("", bracket)
    yield "digits/sleepData.json", fill('[{"calendarDate":"2024-01-05","deepSleepSeconds":', "9", "}]")
    yield (
        "garmin_days/UDSFile_1.json",
        fill("[", lambda n: f'{{"calendarDate":"{day(n)}","restingHeartRate":5{n % 9}}},', "{}]"),
    )


def _write_markup() -> Iterator[tuple[str, bytes]]:
    head = '<?xml version="1.0"?><gpx version="1.1"><trk><trkseg>'
    point = lambda n: f'<trkpt lat="52.{n:06d}" lon="5"><time>{day(n)}T10:00:00Z</time></trkpt>'  # noqa: E731
    yield "years.gpx", fill(head, point, "</trkseg></trk></gpx>")
    yield "tracks.gpx", fill('<gpx version="1.1">', lambda n: f"<trk><trkseg>{point(n)}</trkseg></trk>", "</gpx>")
    yield "empty_points.gpx", fill(head, "<trkpt/>", "</trkseg></trk></gpx>")
    yield "names.gpx", fill(head, lambda n: f"<a{n}/>", "</trkseg></trk></gpx>")
    yield "attributes.gpx", fill(f"{head}<trkpt ", lambda n: f'a{n}="1" ', "/></trkseg></trk></gpx>")
    yield "deep.gpx", fill("<gpx>", "<a>")
    yield "text.gpx", fill("<gpx><name>", "x", "</name></gpx>")
    yield "opened.gpx", fill("<gpx>", "<")
    yield "amps.gpx", fill("<gpx><name>", "&", "</name></gpx>")
    yield "references.gpx", fill("<gpx><name>", "&amp;", "</name></gpx>")
    lap = (
        "<Lap StartTime='{0}T10:00:00Z'><TotalTimeSeconds>60</TotalTimeSeconds><DistanceMeters>9</DistanceMeters></Lap>"
    )
    run = "<TrainingCenterDatabase><Activities><Activity Sport='Running'><Id>2024-01-05T10:00:00Z</Id>"
    close = "</Activity></Activities></TrainingCenterDatabase>"
    yield "laps.tcx", fill(run, lambda n: lap.format(day(n)), close)
    many = "<Activity Sport='Running'><Id>{0}T10:00:00Z</Id>" + lap + "</Activity>"
    yield (
        "activities.tcx",
        fill(run + "</Activity>", lambda n: many.format(day(n)), "</Activities></TrainingCenterDatabase>"),
    )
    apple = '<HealthData locale="en"><ExportDate value="2024-01-05 10:00:00 +0100"/>'
    record = (
        '<Record type="{2}" sourceName="W{1}" unit="count/min" startDate="{0} 10:00:00 +0100" '
        'endDate="{0} 10:0{3}:00 +0100" value="5{3}"/>'
    )
    for name, kind in (
        ("steps", "HKQuantityTypeIdentifierStepCount"),
        ("rest", "HKQuantityTypeIdentifierRestingHeartRate"),
        ("sleep", "HKCategoryTypeIdentifierSleepAnalysis"),
        ("sdnn", "HKQuantityTypeIdentifierHeartRateVariabilitySDNN"),
    ):
        row = lambda n, kind=kind: record.format(day(n), n, kind, n % 9)  # noqa: E731
        yield f"apple_{name}/export.xml", fill(apple, row, "</HealthData>")
    workout = (
        '<Workout workoutActivityType="HKWorkoutActivityTypeRunning" duration="30" durationUnit="min" '
        'startDate="{0} 10:00:00 +0100" endDate="{0} 10:30:00 +0100"><MetadataEntry key="a{1}" value="b"/></Workout>'
    )
    yield "apple_workouts/export.xml", fill(apple, lambda n: workout.format(day(n), n), "</HealthData>")
    yield "apple_short/export.xml", fill(apple, "<Record/>", "</HealthData>")
    yield "apple_empty_workouts/export.xml", fill(apple, "<Workout/>", "</HealthData>")


def _write_archives() -> Iterator[tuple[str, bytes]]:
    yield "members.zip", _zip((f"{n}.csv", b"") for n in range(9_000))
    yield "members_read.zip", _zip((f"{n}.csv", b"date,resting hr,sleep\n2024-01-05,50,7\n") for n in range(300))
    for name, piece in (
        ("zeros", b"\0"),
        ("commas", b","),
        ("lines", b"\n"),
        ("rows", b"2024-01-05,50,7\n"),
        ("a", b"a"),
    ):
        whole = b"date,resting hr,sleep\n" + piece * (49_000_000 // len(piece))
        yield f"bomb_{name}.zip", _zip([("bomb.csv", whole)])
    objects = b'[{"calendarDate":"2024-01-05","deepSleepSeconds":1}' + b",{}" * 16_000_000 + b"]"
    yield "bomb_json.zip", _zip([("x_sleepData.json", objects)])
    yield "bomb_gpx.zip", _zip([("a.gpx", b"<gpx>" + b"<trkpt/>" * 6_000_000)])
    yield "bomb.csv.gz", gzip.compress(b"date,resting hr,sleep\n" + b"2024-01-05,50,7\n" * 3_000_000, mtime=0)
    inner = _zip((f"{n}.csv", b"") for n in range(300))
    yield "nested.zip", _zip((f"{n}.zip", inner) for n in range(60))
    yield "parts.csv.gz", gzip.compress(b"1,2\n", mtime=0) * 40_000
    yield "prefix.zip", b"PK\x03\x04" * 250_000


def _zip(members: object) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:  # type: ignore[attr-defined]
            archive.writestr(name, content)
    return out.getvalue()


def measure(path: str, data: bytes) -> tuple[float, int, str]:
    """Read a file in a process of its own; return seconds, bytes by which memory grew, and what came of it."""
    giving, taking = os.pipe()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, Path(path).name)
        place.write_bytes(data)
        child = os.fork()
        if not child:
            begun, used = time.process_time(), _status("VmRSS")
            _reset_peak()
            try:
                log = loadlens.read(place, cache=False)
                came = f"read: {len(log.activities)} {len(log.wellness)} {len(log.diary)}; ledger {len(log.ledger)}"
            except loadlens.UnreadableFile as error:
                came = f"unreadable: {len(str(error))} signs"
            except BaseException as error:  # noqa: BLE001 whatever escapes is what we look for
                came = f"ESCAPED {type(error).__name__}: {error}"[:200]
            os.write(taking, f"{time.process_time() - begun} {_status('VmHWM') - used} {came}".encode())
            os._exit(0)
        os.close(taking)
        os.waitpid(child, 0)
        told = os.read(giving, 4096).decode().split(" ", 2)
        os.close(giving)
    return (float(told[0]), int(told[1]), told[2]) if len(told) == 3 else (0.0, 0, "ESCAPED: the process died")


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def _reset_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", "ascii")


def main() -> int:
    """Measure all files whose path holds one of the words given; 1 when any of them asks for too much."""
    os.environ["TQDM_DISABLE"] = "1"
    loadlens.read(Path(__file__).parents[1] / "sample_data" / "diary", cache=False)  # what is imported once is imported
    bad = 0
    for path, data in write_greedy():
        if len(sys.argv) > 1 and not any(word in path for word in sys.argv[1:]):
            continue
        seconds, grown, came = measure(path, data)
        wrong = seconds > SLOW or grown > PER_BYTE * len(data) + FREE or came.startswith("ESCAPED")
        bad += wrong
        mark = "!" if wrong else " "
        print(f"{mark} {seconds:6.2f} s {grown / 1e6:6.0f} MB  {len(data):>9,} bytes of {path}: {came}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
