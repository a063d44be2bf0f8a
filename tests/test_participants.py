"""Who is a participant, who is not and why; here and at other places."""

from __future__ import annotations

from pathlib import Path

import pytest

import loadlens as ll
from cohort_folders import a_list, run_quickly, write_lists
from loadlens.formats.source import UnreadableFile
from loadlens.studies import cohort_tables, participants
from loadlens.studies.participants import Ignored, find_participants


def test_folders_and_zips_are_participants_and_the_rest_is_told(tmp_path: Path):
    for name in ("P2", "P10", ".git", "out"):
        (tmp_path / name).mkdir()
    for name in ("P1.zip", "P3.ZIP", "participants.tsv"):
        (tmp_path / name).touch()
    found, ignored = find_participants(str(tmp_path), tmp_path / "out")
    assert [(one.id, one.entry, one.problem) for one in found] == [
        ("P1", "P1.zip", None), ("P10", "P10", None), ("P2", "P2", None), ("P3", "P3.ZIP", None),
    ]  # fmt: skip
    assert ignored == [
        Ignored(".git", "hidden"),
        Ignored("out", "output"),
        Ignored("participants.tsv", "no_folder_or_zip"),
    ]


def test_two_of_one_name_are_one_row_that_says_so(tmp_path: Path):
    write_lists(tmp_path, "P1")
    (tmp_path / "P1.zip").touch()
    (one,), _ = find_participants(str(tmp_path), tmp_path / "out")
    assert one.problem is not None
    assert "more than one participant has this name (P1, P1.zip)" in str(one.problem)


def test_links_that_lead_away_or_nowhere_are_not_followed(tmp_path: Path):
    root, elsewhere = tmp_path / "root", write_lists(tmp_path / "elsewhere", "x")
    write_lists(root, "a")
    (root / "away").symlink_to(elsewhere / "x")
    (root / "nowhere").symlink_to(root / "gone")
    (root / "within").symlink_to(root / "a")
    found, _ = find_participants(str(root), tmp_path / "out")
    assert {one.id: one.problem and str(one.problem).partition(":")[2][:33] for one in found} == {
        "a": None, "away": " a link that leads out of the fol", "nowhere": " a link that leads nowhere; put t",
        "within": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda place: None, "does not exist"),
        (lambda place: place.touch(), "not a folder"),
        (lambda place: place.mkdir(), "holds no participants"),
    ],
)
def test_a_root_that_cannot_be_one_is_refused(tmp_path: Path, make, said):
    make(tmp_path / "root")
    with pytest.raises(UnreadableFile, match=said):
        find_participants(str(tmp_path / "root"), tmp_path / "out")


def test_results_do_not_go_where_the_participants_are(tmp_path: Path):
    write_lists(tmp_path, "a")
    with pytest.raises(UnreadableFile, match="a folder of their own"):
        ll.cohort.run(tmp_path, tmp_path / "." / ".")


@pytest.mark.parametrize(
    ("wrong", "said"), [({"jobs": 0}, "0 processes"), ({"tz": "Mars/Olympus"}, "not a time zone"),
                        ({"profiles": ["none.toml"]}, "none.toml")]
)  # fmt: skip
def test_wrong_arguments_are_refused_before_anything_is_done(tmp_path: Path, wrong, said):
    write_lists(tmp_path / "root", "a")
    with pytest.raises(UnreadableFile, match=said):
        ll.cohort.run(tmp_path / "root", tmp_path / "out", **wrong)
    assert not (tmp_path / "out").exists()


# ---------------------------------------------------------------- other places
@pytest.fixture
def store():
    """A store in memory, as fsspec has it, with two participants and what is none."""
    fsspec = pytest.importorskip("fsspec")
    system = fsspec.filesystem("memory")
    system.pipe({"/study/a/Activities.csv": a_list(), "/study/a/deep/notes.csv": b"x,y\n1,2\n"})
    system.pipe({"/study/b/Activities.csv": a_list(11.0), "/study/readme.txt": b"two of them"})
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def test_participants_of_a_remote_place_give_what_they_give_here(store, tmp_path: Path):
    found = run_quickly("memory://study", tmp_path / "out")
    assert found[["participant", "status", "files"]].to_numpy().tolist() == [["a", "assessed", 2], ["b", "assessed", 1]]
    here = write_lists(tmp_path / "here", "a", "b")
    (here / "a" / "deep").mkdir()
    (here / "a" / "deep" / "notes.csv").write_bytes(b"x,y\n1,2\n")
    (here / "readme.txt").write_bytes(b"two of them")
    run_quickly(here, tmp_path / "local")
    assert (tmp_path / "out" / "manifest.json").read_bytes() == (tmp_path / "local" / "manifest.json").read_bytes()


def test_more_than_one_participant_can_have_is_not_fetched(store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    bounds = cohort_tables.cohort_bounds() | {"fetched_bytes_at_most": 100}
    monkeypatch.setattr(participants, "cohort_bounds", lambda: bounds)
    found = run_quickly("memory://study", tmp_path / "out")
    assert found["status"].tolist() == ["failed"] * 2
    assert found["reason"].str.contains("more than 100 bytes").all()


def test_names_of_a_store_lead_nowhere_else(store, tmp_path: Path):
    store.store["/study/a/../../evil.csv"] = store.store["/study/a/Activities.csv"]
    row = ll.cohort.run("memory://study", tmp_path / "out", jobs=1).set_index("participant").loc["a"]
    assert row["status"] == "failed"
    assert "leads out of the folder" in row["reason"]


def test_a_place_that_fsspec_does_not_know_is_refused_without_its_password():
    pytest.importorskip("fsspec")
    with pytest.raises(UnreadableFile, match="not a place that fsspec can open") as refused:
        find_participants("nosuch://me:secret@host/study", Path("out"))
    assert "secret" not in str(refused.value)
