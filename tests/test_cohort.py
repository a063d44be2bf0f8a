"""Many participants: the same bytes however they are run, and a row for each that fails."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import loadlens as ll
from cohort_folders import a_list, one_rule, run_quickly, write_lists
from loadlens.cli import main
from loadlens.formats.source import UnreadableFile
from loadlens.rule_trials import list_movable, move_limits
from loadlens.simulators.simulated_cohort import write_cohort
from loadlens.studies import cohort_tables, cohort_tasks

pytest.importorskip("pyarrow")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three participants of forty weeks, the first with recordings."""
    folder = tmp_path_factory.mktemp("cohort") / "root"
    write_cohort(folder, 3, seed=3, weeks=40)
    return folder


@pytest.fixture(scope="module")
def done(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same three, assessed in this process."""
    out = tmp_path_factory.mktemp("done") / "out"
    ll.cohort.run(root, out, jobs=1)
    return out


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four participants with a list of two runs each."""
    return write_lists(tmp_path_factory.mktemp("lists") / "root", *"abcd")


@pytest.fixture(scope="module")
def whole(lists: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a run of those four gives that nothing stopped, in this process."""
    out = tmp_path_factory.mktemp("whole") / "out"
    ll.cohort.run(lists, out, jobs=1)
    return bytes_of(out)


def bytes_of(out: Path) -> dict[str, bytes]:
    """All that must be the same: every table, and the manifest."""
    paths = [*out.glob("tables/*/*"), out / "manifest.json"]
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in paths}


def told(out: Path, name: str) -> dict:
    return json.loads((out / f"{name}.json").read_text("utf-8"))


# ---------------------------------------------------------------- the same bytes
@pytest.mark.slow
def test_two_processes_give_the_bytes_of_one(root: Path, done: Path, tmp_path: Path):
    ll.cohort.run(root, tmp_path / "out", jobs=2)
    assert bytes_of(tmp_path / "out") == bytes_of(done)


def test_any_executor_gives_the_bytes_of_our_own(lists: Path, whole: dict[str, bytes], tmp_path: Path):
    with ThreadPoolExecutor(3) as pool:
        ll.cohort.run(lists, tmp_path / "out", pool)
    assert bytes_of(tmp_path / "out") == whole


@pytest.mark.filterwarnings("default")  # of packages that Dask uses
def test_a_dask_cluster_gives_the_bytes_of_one_process(lists: Path, whole: dict[str, bytes], tmp_path: Path):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None, protocol="inproc://"
    ) as cluster:
        address = cluster.scheduler_address
        assert main(["cohort", str(lists), "-o", str(tmp_path / "out"), "--scheduler", address]) == 0
    assert bytes_of(tmp_path / "out") == whole


@pytest.mark.slow
def test_a_run_that_was_killed_goes_on_and_gives_the_bytes_of_a_whole_one(
    lists: Path, whole: dict[str, bytes], tmp_path: Path
):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "loadlens.cli", "cohort", str(lists), "-o", str(out), "--jobs", "1"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        deadline = time.monotonic() + 120
        while len(list(out.glob(".state/*/*"))) < 2 and child.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        child.kill()
    assert not (out / "manifest.json").exists(), "it was killed too late to show anything"
    with pytest.raises(UnreadableFile, match=r"no finished cohort here"):
        ll.cohort.load(out, "days")
    ll.cohort.run(lists, out, jobs=1)
    assert 1 <= told(out, "run")["reused"] < 4
    assert bytes_of(out) == whole


def test_control_c_leaves_a_state_that_the_next_run_continues(
    lists: Path,
    whole: dict[str, bytes],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    calls = iter([cohort_tasks.assess, interrupt])
    monkeypatch.setattr(cohort_tasks, "assess", lambda *given: next(calls)(*given))
    words = ["cohort", str(lists), "-o", str(tmp_path / "out"), "--jobs", "1"]
    assert main(words) == 130
    assert "give the same command again" in capsys.readouterr().err
    monkeypatch.undo()
    assert main(words) == 0
    assert told(tmp_path / "out", "run")["reused"] == 1
    assert bytes_of(tmp_path / "out") == whole


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_only_what_changed_is_done_again_and_who_is_taken_out_leaves_no_trace(tmp_path: Path):
    root, out = write_lists(tmp_path / "root", "a", "b", "c"), tmp_path / "out"
    run_quickly(root, out)
    (root / "b" / "Activities.csv").write_bytes(a_list(21.1))
    shutil.rmtree(root / "c")
    found = run_quickly(root, out)
    assert told(out, "run")["reused"] == 1
    assert list(found["participant"]) == ["a", "b"]
    assert ll.cohort.load(out, "activities", ["b"])["distance"].tolist() == [21_100.0, 8_000.0]
    assert len([path for path in out.glob(".state/*/*") if path.is_file()]) == 2


@pytest.mark.parametrize("argument", [{"tz": "Asia/Tokyo"}, {"secret": bytes(range(32))}])
def test_another_argument_is_another_result(tmp_path: Path, argument):
    root, out = write_lists(tmp_path / "root", "a"), tmp_path / "out"
    run_quickly(root, out)
    before = told(out, "manifest")
    run_quickly(root, out, **argument)
    assert told(out, "run")["reused"] == 0
    assert told(out, "manifest")["arguments"] != before["arguments"]


def test_another_guidance_is_another_result_also_where_one_limit_moved_and_its_version_did_not(tmp_path: Path):
    root, out = write_lists(tmp_path / "root", "a"), tmp_path / "out"
    run_quickly(root, out)
    before = told(out, "manifest")["arguments"]["guidance"]
    guidance = one_rule()
    longest = guidance.rules["longest_run"]
    moved = move_limits(longest, dict.fromkeys(list_movable(longest)[:1], 1.2))
    run_quickly(root, out, guidance=replace(guidance, rules={"longest_run": moved}))
    after = told(out, "manifest")["arguments"]["guidance"]
    assert (before["id"] == after["id"], before["sha256"] == after["sha256"]) == (True, False)
    assert told(out, "run")["reused"] == 0


def test_a_staged_file_that_was_cut_off_is_made_anew(tmp_path: Path):
    root, out = write_lists(tmp_path / "root", "a", "b"), tmp_path / "out"
    run_quickly(root, out)
    whole = bytes_of(out)
    staged = min(out.glob(".state/*/*"))
    staged.write_bytes(staged.read_bytes()[:-40])
    run_quickly(root, out)
    assert bytes_of(out) == whole
    assert told(out, "run")["reused"] == 1


def test_many_participants_stand_in_several_parts_and_groups_in_the_order_of_their_names(tmp_path: Path):
    root, out = write_lists(tmp_path / "root", *[f"p{number}" for number in (3, 1, 5, 2, 4)]), tmp_path / "out"
    with pytest.MonkeyPatch.context() as patch:
        small = cohort_tables.cohort_bounds() | {"participants_per_part": 2, "rows_per_group": 1}
        for module in ("cohort", "studies.cohort_staging"):
            patch.setattr(f"loadlens.{module}.cohort_bounds", lambda: small)
        run_quickly(root, out)
    assert [path.name for path in cohort_tables.list_parts(out, "days")] == [f"part-0000{n}.parquet" for n in range(3)]
    groups = list(ll.cohort.load_groups(out, "days", columns=["participant", "date"]))
    assert [list(group["participant"].unique()) for group in groups] == [["p1"], ["p2"], ["p3"], ["p4"], ["p5"]]
    assert ll.cohort.load(out, "days", ["p4", "p1", "p9"], ["participant"])["participant"].tolist() == [
        *["p1"] * 3, *["p4"] * 3
    ]  # fmt: skip
    run_quickly(root, out)  # in one part, as the bounds have it
    assert len(cohort_tables.list_parts(out, "days")) == 1


# ---------------------------------------------------------------- the command line
def test_the_command_line_says_what_was_done_who_failed_and_where_the_results_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    root = write_lists(tmp_path / "root", "a", "b")
    (root / "leeg").mkdir()
    assert main(["cohort", str(root), "-o", str(tmp_path / "out"), "--jobs", "1", "--lang", "nl"]) == 0
    said = capsys.readouterr().out
    assert "Deelnemers beoordeeld: 2; mislukt: 1." in said
    assert "\n  leeg: helemaal geen bestanden; noem het bestand" in said
    assert str(tmp_path / "out") in said
    assert told(tmp_path / "out", "manifest")["digest"] in said
    assert (tmp_path / "out" / "report.html").is_file()


def test_nobody_assessed_is_no_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "root" / "a").mkdir(parents=True)
    assert main(["cohort", str(tmp_path / "root"), "-o", str(tmp_path / "out"), "--jobs", "1"]) == 1
    assert "failed: 1" in capsys.readouterr().out


def test_de_identified_results_leave_their_key_beside_them_and_say_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    root, out = write_lists(tmp_path / "root", "a"), tmp_path / "out"
    words = ["cohort", str(root), "-o", str(out), "--jobs", "1"]
    assert main([*words, "--deidentify"]) == 0
    assert str(tmp_path / "out.key") in capsys.readouterr().out
    first = bytes_of(out)
    shutil.rmtree(out)
    assert main([*words, "--deidentify", "--key-file", str(tmp_path / "out.key")]) == 0
    assert bytes_of(out) == first
    assert main([*words, "--key-file", str(tmp_path / "out.key")]) == 1


# ---------------------------------------------------------------- the tables
def test_tables_hold_what_each_participant_gives_alone(root: Path, done: Path):
    log = ll.read(root / "P00001")
    found = ll.assess(log)
    kept = {name: getattr(log, name) for name in cohort_tables.OF_THE_LOG}
    kept |= {"assessments": found.days, "episodes": found.episodes, "alarms": found.alarms}
    for name, frame in kept.items():
        loaded = ll.cohort.load(done, name, ["P00001"]).drop(columns="participant")
        pd.testing.assert_frame_equal(
            loaded, frame.reset_index(drop=True), check_dtype=name in cohort_tables.OF_THE_LOG
        )


def test_the_row_of_a_participant_counts_what_is_in_its_tables(done: Path):
    row = ll.cohort.load(done, "participants").set_index("participant").loc["P00003"]
    days = ll.cohort.load(done, "days", ["P00003"])
    activities = ll.cohort.load(done, "activities", ["P00003"])
    assert row[["status", "entry"]].tolist() == ["assessed", "P00003"]
    assert row["days"] == len(days) == 280
    assert row[["days_run", "days_rest", "days_unknown"]].sum() == 280
    assert row["runs"] == (activities["sport"] == "run").sum()
    assert (row["first_date"], row["last_date"]) == (days["date"].min(), days["date"].max())


def test_every_table_has_its_schema_also_when_nobody_has_rows(tmp_path: Path):
    (tmp_path / "root" / "a").mkdir(parents=True)
    found = run_quickly(tmp_path / "root", tmp_path / "out")
    assert found["status"].tolist() == ["failed"]
    for name, columns in ll.cohort.describe_tables().items():
        frame = ll.cohort.load(tmp_path / "out", name)
        assert list(frame.columns) == list(columns)
        assert len(frame) == (name == "participants")


def test_a_column_of_dates_is_one_and_numbers_carry_their_unit():
    schema = cohort_tables.arrow_schema("activities")
    assert str(schema.field("date").type) == "date32[day]"
    assert schema.field("distance").metadata == {b"unit": b"m"}
    assert schema.names[0] == "participant"


@pytest.mark.parametrize(("table", "column", "said"), [("dayz", "date", "no table 'dayz'"), ("days", "daet", "'daet'")])
def test_what_no_table_has_is_refused(done: Path, table, column, said):
    with pytest.raises(UnreadableFile, match=said):
        ll.cohort.load(done, table, columns=[column])


def test_the_manifest_names_every_file_and_nothing_of_this_machine(root: Path, done: Path):
    text = (done / "manifest.json").read_text("utf-8")
    manifest = json.loads(text)
    assert set(manifest["files"]) == set(bytes_of(done)) - {"manifest.json"}
    assert manifest["participants"] == {"found": 3, "assessed": 3, "failed": 0}
    assert manifest["tables"]["participants"]["rows"] == 3
    assert str(root) not in text
    assert str(done) not in text


def test_a_simulated_cohort_is_the_same_to_the_byte_and_grows_at_its_end(root: Path, tmp_path: Path):
    truth = write_cohort(tmp_path, 2, seed=3, weeks=40)
    assert truth["runner"].tolist() == ["steady", "overload"]
    again = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*.*")}
    assert {path.suffix for path in again} == {".csv", ".fit"}
    assert all((root / name).read_bytes() == content for name, content in again.items())
