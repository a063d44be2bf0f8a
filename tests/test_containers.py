"""What a user names is found whole, and nothing hostile gets far."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest

from loadlens import containers
from loadlens.containers import Unopened, find_sources
from loadlens.formats.source import Source, UnreadableFile


def zipped(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def contents(path) -> dict[str, bytes]:
    """Everything found at a path: its content, or why not."""
    found = {}
    for offer in find_sources(path):
        found[offer.name] = str(offer.error).encode() if isinstance(offer, Unopened) else offer.read()
    return found


def test_a_folder_with_a_zip_with_a_gzip_is_read_through(tmp_path):
    (tmp_path / "b.csv").write_bytes(b"b")
    (tmp_path / "sub").mkdir()
    inner = zipped({"deep.csv": b"d"})
    (tmp_path / "sub" / "a.zip").write_bytes(zipped({"x/1.fit.gz": gzip.compress(b"run"), "in.zip": inner}))
    root = tmp_path.name
    assert contents(tmp_path) == {
        f"{root}/b.csv": b"b",
        f"{root}/sub/a.zip/in.zip/deep.csv": b"d",
        f"{root}/sub/a.zip/x/1.fit.gz": b"run",
    }


def test_the_head_is_the_unpacked_head(tmp_path):
    path = tmp_path / "run.fit.gz"
    path.write_bytes(gzip.compress(b".FIT" + bytes(100_000)))
    (source,) = find_sources(path)
    assert isinstance(source, Source)
    assert source.head.startswith(b".FIT")
    assert len(source.head) == containers.HEAD_BYTES


def test_members_named_with_dots_write_nothing_outside(tmp_path):
    path = tmp_path / "evil.zip"
    path.write_bytes(zipped({"../../escaped.csv": b"x", "/etc/escaped2.csv": b"y"}))
    assert sorted(contents(path).values()) == [b"x", b"y"]
    assert [p.name for p in tmp_path.parent.rglob("escaped*")] == []


def test_a_zip_bomb_is_refused_by_name_and_its_neighbour_is_read(tmp_path):
    path = tmp_path / "bomb.zip"
    path.write_bytes(zipped({"bomb.csv": bytes(80_000_000), "fine.csv": b"fine"}))
    found = {offer.name: offer for offer in find_sources(path)}
    assert isinstance(found["bomb.zip/bomb.csv"], Source)
    offers = find_sources(path)
    bomb = next(offers)
    assert isinstance(bomb, Source)
    with pytest.raises(UnreadableFile, match=r"bomb.zip/bomb.csv: unpacks to more than"):
        bomb.read()
    assert "bomb.zip/fine.csv" in found


def test_a_stream_past_a_gibibyte_goes_through_where_it_packs_like_an_export(tmp_path):
    """Rows that differ pack 30 times or less; the guard knows how many bytes such a member can give, and no more."""
    path = tmp_path / "export.zip"
    rows = b"".join(b"<Record value='%d' at='%x'/>" % (n % 97, n * 2654435761 % 2**32) for n in range(100_000))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("export.xml", "w") as member:
        for _ in range(30):
            member.write(rows)
    (source,) = find_sources(path)
    assert isinstance(source, Source)
    (offer,) = [sum(map(len, found.blocks())) for found in find_sources(path)]
    assert offer == 30 * len(rows) == source.bound


def test_a_gzip_bomb_is_refused(tmp_path):
    path = tmp_path / "bomb.fit.gz"
    path.write_bytes(gzip.compress(bytes(80_000_000)))
    (source,) = find_sources(path)
    with pytest.raises(UnreadableFile, match="unpacks to more than"):
        source.read()


def test_a_zip_in_a_zip_in_a_zip_ends_with_a_reason(tmp_path):
    packed = zipped({"x.csv": b"x"})
    for _ in range(6):
        packed = zipped({"in.zip": packed})
    path = tmp_path / "deep.zip"
    path.write_bytes(packed)
    (offer,) = find_sources(path)
    assert isinstance(offer, Unopened)
    assert "unpack it by hand" in str(offer.error)


def test_a_member_whose_own_head_is_damaged_does_not_take_the_others_with_it(tmp_path):
    """Its name stands in the zip twice: whole in the list at the end, and at its own head no UTF-8 at all."""
    packed = zipped({"å.csv": b"a", "b.csv": b"b"})
    assert packed.count("å".encode()) == 2
    path = tmp_path / "export.zip"
    path.write_bytes(packed.replace("å".encode(), b"\x80\x80", 1))
    found = contents(path)
    assert found["export.zip/b.csv"] == b"b"
    assert b"packed content is damaged" in found["export.zip/å.csv"]


def test_a_zip_with_a_list_of_names_that_are_no_text_is_told(tmp_path):
    path = tmp_path / "export.zip"
    path.write_bytes(zipped({"å.csv": b"a"}).replace("å".encode(), b"\x80\x80"))
    assert "the zip is damaged" in contents(path)["export.zip"].decode()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("cut.zip", zipped({"a.csv": b"a" * 1000})[:60], "zip is damaged"),
        ("book.xlsx", zipped({"xl/workbook.xml": b"<x/>"}), "save the sheet as CSV"),
        ("cut.fit.gz", gzip.compress(bytes(range(256)) * 99)[:40], "packed content is damaged"),
        ("not.fit.gz", b"\x1f\x8bnothing like it", "packed content is damaged"),
    ],
    ids=["cut zip", "Excel workbook", "cut gzip", "no gzip"],
)
def test_what_cannot_be_opened_says_why(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)
    (offer,) = find_sources(path)
    assert isinstance(offer, Unopened)
    assert words in str(offer.error)
    assert str(offer.error).startswith(name)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("secret")
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "link.csv").symlink_to(secret)
    (folder / "loop").symlink_to(folder)
    (offer,) = find_sources(folder)
    assert isinstance(offer, Unopened)
    assert "leads out of the folder" in str(offer.error)


def test_hidden_files_are_passed_over(tmp_path):
    (tmp_path / ".DS_Store").write_bytes(b"x")
    (tmp_path / "._run.fit").write_bytes(b"x")
    assert contents(tmp_path) == {}
