"""A cohort that was de-identified holds nothing of what was planted in its exports: in no file, in no encoding."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import re
import shutil
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cohort_folders import run_quickly
from loadlens import cohort
from loadlens.cli import main
from loadlens.simulators.simulated_fit import fit_file, fit_message
from loadlens.studies.cohort_tables import load_groups
from loadlens.studies.deidentification import count_weeks, describe, pseudonym

pytestmark = pytest.mark.slow

pq = pytest.importorskip("pyarrow.parquet")
pc = pytest.importorskip("pyarrow.compute")

ROOT = Path(__file__).parents[1]
SECRET = bytes(range(32))

WORDS = {
    b"Waterland": b"Zqxwvktown",  # of titles
    b"Simulus": b"Zqxwvkshoe",
    b"Simulated": b"Zqxwvkname",
    b"runner@example.org": b"zqxwvkanna@planted.example",
}
"""What stands in samples in the place of names -> what is planted there."""

SERIAL, LATITUDE, LONGITUDE = 3141592653, 52.3456789, 4.9876543
PLANTED = ["zqxwvk", "planted.example", "612345678", str(SERIAL), "52.3456", "4.98765"]
"""Searched without regard for case; so long that packed bytes do not hold them by chance."""


# ---------------------------------------------------------------- planting
def plant(content: bytes, name: str) -> bytes:
    """Put planted words in a file, also in those within a zip or gzip, and in names."""
    if name.endswith(".gz"):
        return gzip.compress(plant(gzip.decompress(content), name.removesuffix(".gz")), mtime=0)
    if name.endswith(".zip"):
        made = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(content)) as given, zipfile.ZipFile(made, "w") as written:
            for member in given.namelist():
                written.writestr(replace(member.encode()).decode(), plant(given.read(member), member))
        return made.getvalue()
    if name.endswith("activities.csv") and b"Activiteits-ID" in content:
        return plant_strava(content)
    return content if name.endswith(".fit") else replace(content)


def replace(content: bytes) -> bytes:
    for word, planted in WORDS.items():
        content = content.replace(word, planted)
    return content


def plant_strava(content: bytes) -> bytes:
    """Fill the columns of an archive in which people write."""
    rows = list(csv.reader(io.StringIO(replace(content).decode("utf-8"))))
    written = [rows[0].index(name) for name in ("Beschrijving van activiteit", "Privénotitie activiteit")]
    for row in rows[1:]:
        for place in written:
            row[place] = "zqxwvk told of it, call 0612345678"
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue().encode()


def plant_fit() -> bytes:
    """A recording with a serial number and positions, of which no simulated one has any."""
    start = 1_080_000_000
    turn = 2**31 / 180
    maker = {"manufacturer": 255, "product": 1, "serial_number": SERIAL}
    layout = ((253, "uint32"), (0, "sint32"), (1, "sint32"), (5, "uint32"), (3, "uint8"))
    records = [
        (20, layout, (start + n, round(LATITUDE * turn), round((LONGITUDE + n * 1e-5) * turn), 300 * n, 140))
        for n in range(1200)
    ]
    session = (18, ((253, "uint32"), (2, "uint32"), (7, "uint32"), (8, "uint32"), (9, "uint32"), (5, "enum")),
               (start + 1199, start, 1_199_000, 1_199_000, 300 * 1199, 1))  # fmt: skip
    return fit_file([fit_message("file_id", type=4, **maker), *records, session])


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cohort of all sample exports, each folder a participant of a telling name."""
    root = tmp_path_factory.mktemp("zqxwvkstudy")
    for number, folder in enumerate(sorted(path for path in (ROOT / "sample_data").iterdir() if path.is_dir())):
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                within = replace(path.relative_to(folder).as_posix().encode()).decode()
                target = root / f"Zqxwvkanna Jansen {number}" / within
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(plant(path.read_bytes(), path.name))
    with next(root.rglob("dagboek.csv")).open("a", encoding="utf-8") as diary:
        diary.write("28-05-2024;pijn;3;zqxwvk oude litteken;links;zqxwvk kenmerk;zqxwvkanna@planted.example\n")
        diary.write("29-05-2024;zqxwvk onbekend;3;knie;links;;0612345678\n")
        diary.write("30-05-2024;;612345678;;;;\n30-05-2024;krachttraining;612345678;;;;\n")
    account = next(root.rglob("customer.json"))
    account.write_text(
        '{"firstName": "Zqxwvkanna", "emailAddress": "zqxwvkanna@planted.example", "phone": "0612345678"}'
    )
    recording = root / "Zqxwvkanna Jansen fit"
    recording.mkdir()
    (recording / "zqxwvk_home_run.fit").write_bytes(plant_fit())
    (root / "Zqxwvkbroken.zip").write_bytes(b"PK zqxwvk no zip at all")
    (root / "zqxwvk list of names.txt").write_text("0612345678")
    return root


# ---------------------------------------------------------------- searching
def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of a folder, its name, what is packed in it, and every value of every column, each value once."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        yield f"the name of {name}", name.encode()
        yield from unpack(name, path.read_bytes())


def unpack(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    yield name, content
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            for member in packed.namelist():
                yield f"{name}: {member}", member.encode()
                yield from unpack(f"{name}: {member}", packed.read(member))
    if content.startswith(b"PAR1"):
        table = pq.read_table(io.BytesIO(content))
        yield f"{name}: its metadata", repr(table.schema.metadata).encode()
        for column in table.column_names:
            yield f"{name}: {column}", "\n".join(map(str, pc.unique(table[column]).to_pylist())).encode()


def spellings(text: str) -> Iterator[bytes]:
    """A text as it may stand in a file: as it is, in UTF-16, and in base64 and hexadecimal of both."""
    for case in {text, text.capitalize(), text.upper()}:
        for raw in (case.encode(), case.encode("utf-16-le")):
            yield raw.lower()
            yield raw.hex().encode()
            for shift in range(3):  # base64 depends on where in three bytes a text begins; its ends depend on others
                whole = base64.b64encode(b"\0" * shift + raw)
                yield whole[(shift * 8 + 5) // 6 : (shift + len(raw)) * 8 // 6].lower()


def find_planted(folder: Path) -> dict[str, list[str]]:
    """What was planted -> where it is found."""
    numbers = [struct.pack(order + "I", SERIAL) for order in "<>"] + [struct.pack("<d", LATITUDE)]
    found: dict[str, list[str]] = {}
    for place, content in contents(folder):
        lower = content.lower()
        for text in PLANTED:
            if any(spelling in lower for spelling in spellings(text)):
                found.setdefault(text, []).append(place)
        if any(number in content for number in numbers):
            found.setdefault("numbers", []).append(place)
    return found


@pytest.mark.parametrize(
    "spelled",
    [b"a Zqxwvkanna b", "xx ZQXWVK".encode("utf-16-le"), base64.b64encode(b"12 zqxwvk 3"), b"zqxwvk".hex().encode()],
)
def test_the_search_finds_a_word_however_it_is_written(tmp_path, spelled):
    (tmp_path / "file").write_bytes(spelled)
    assert find_planted(tmp_path) == {"zqxwvk": ["file"]}


@pytest.fixture(scope="module")
def shared(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("results") / "shared"
    cohort.run(root, out, jobs=1, tz="Europe/Amsterdam", secret=SECRET, lang="nl")
    return out


def test_without_deidentification_what_was_planted_is_there(root, tmp_path):
    """Else the search below would prove nothing."""
    for telling in ("dagboek.csv", "customer.json", "export_4100.zip"):
        folder = root / next(root.rglob(telling)).relative_to(root).parts[0]
        shutil.copytree(folder, tmp_path / "some" / folder.name)
    out = tmp_path / "out"
    run_quickly(tmp_path / "some", out, tz="Europe/Amsterdam")
    assert {"zqxwvk", "planted.example", "612345678"} <= set(find_planted(out))


def test_nothing_that_was_planted_is_in_any_file_that_is_shared(shared):
    assert find_planted(shared) == {}


def test_no_position_of_a_track_is_in_any_file_that_is_shared(root, shared):
    with zipfile.ZipFile(next(root.rglob("export_4101.zip"))) as archive:
        tracks = [archive.read(name) for name in archive.namelist() if name.endswith(".gpx.gz")]
    places = re.findall(rb'l[ao][tn]="([^"]{9,})"', gzip.decompress(tracks[0]))[:4]
    assert len(set(places)) == 4
    assert [where for where, content in contents(shared) if any(place in content for place in places)] == []


def test_every_export_was_read_and_only_the_broken_one_failed(shared):
    people = cohort.load(shared, "participants")
    assert people["status"].value_counts().to_dict() == {"assessed": len(people) - 1, "failed": 1}
    assert people["participant"].str.fullmatch("p[0-9a-f]{16}").all()
    assert cohort.load(shared, "activities")["distance"].gt(0).sum() > 1000


def test_the_report_says_what_was_done_and_names_nobody(shared):
    page = (shared / "report.html").read_text("utf-8")
    assert all(sentence in page for sentence in describe("nl") if "'" not in sentence)
    assert all(name not in page for name in cohort.load(shared, "participants")["participant"])


def test_neither_the_place_of_the_study_nor_the_time_zone_is_told(shared):
    assert b"Amsterdam" not in (shared / "manifest.json").read_bytes()
    assert (cohort.load(shared, "activities")["start_utc"].isna()).all()


def test_findings_are_the_same_as_without_on_dates_moved_by_whole_weeks(root, shared, tmp_path):
    (tmp_path / "one").mkdir()
    given = next(path for path in root.iterdir() if (path / "dagboek.csv").exists())
    shutil.copytree(given, tmp_path / "one" / given.name)
    cohort.run(tmp_path / "one", tmp_path / "out", jobs=1, tz="Europe/Amsterdam")
    before = cohort.load(tmp_path / "out", "assessments")
    after = cohort.load(shared, "assessments", participants=[pseudonym(given.name, SECRET)])
    assert (after["date"] - before["date"]).dt.days.unique().tolist() == [7 * count_weeks(given.name, SECRET)]
    assert after[["rule", "value", "level", "reason"]].equals(before[["rule", "value", "level", "reason"]])
    assert next(load_groups(shared, "diary"))["note"].isna().all()


def test_a_key_among_the_results_would_be_shared_with_them_and_is_refused(tmp_path, capsys):
    (tmp_path / "study" / "P1").mkdir(parents=True)
    out = tmp_path / "out"
    given = ["cohort", str(tmp_path / "study"), "-o", str(out), "--deidentify", "--key-file", str(out / "study.key")]
    assert main([*given, "--lang", "nl"]) == 1
    assert "tussen de resultaten" in capsys.readouterr().err
    assert not out.exists()
