"""What the benchmark of FIT readers makes of measured times; worked by hand, without the peers."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # benchmarks are no part of the package

from benchmarks.fit_readers import environments, page, readers, summary, worker  # noqa: E402
from benchmarks.fit_readers.comparison import compare  # noqa: E402


def rounds(*seconds: float, counts: tuple[int, ...] = (10, 1, 1)) -> list[dict[str, object]]:
    return [{"seconds": each, "counts": list(counts)} for each in seconds]


REFUSED = [{"refused": "FitError: bad"}]


def test_a_ratio_is_the_median_over_the_rounds_of_totals_over_common_files():
    ours = {"a": rounds(1.0, 1.0, 2.0), "b": rounds(1.0, 1.0, 2.0), "c": rounds(9.0, 9.0, 9.0)}
    theirs = {"a": rounds(2.0, 4.0, 8.0), "b": rounds(4.0, 4.0, 8.0), "c": REFUSED * 3}
    # totals of a and b: ours 2, 2, 4; theirs 6, 8, 16
    assert summary.ratio(ours, theirs, ["a", "b", "c"]) == {
        "median": 4.0, "least": 3.0, "most": 4.0, "rounds": 3, "files": 2,
    }  # fmt: skip


def test_a_reader_with_fewer_rounds_is_compared_in_those():
    found = summary.ratio({"a": rounds(1.0, 2.0, 100.0)}, {"a": rounds(3.0, 3.0)}, ["a"])
    assert (found["median"], found["rounds"]) == (2.25, 2)


def test_nothing_in_common_gives_no_ratio():
    assert summary.ratio({"a": rounds(1.0)}, {"a": REFUSED}, ["a"]) is None
    assert summary.ratio({"a": rounds(1.0)}, {}, ["a"]) is None


def test_files_are_classed_by_records_and_each_of_the_first_three_classes_once():
    classes = summary.classify({"a": 199, "b": 200, "c": 2000, "d": 2001})
    assert list(classes.values()) == [["a"], ["b", "c"], ["d"], ["b", "c", "d"]]


def test_refused_files_and_other_counts_are_told():
    ours = {name: rounds(1.0) for name in "abc"}
    theirs = {"a": rounds(1.0), "b": rounds(1.0, counts=(9, 1, 1)), "c": REFUSED}
    assert summary.reading(ours, theirs) == {
        "offered": 3, "read": 2, "refused": 1, "reasons": {"FitError": 1}, "equal": 1, "different": ["b"],
    }  # fmt: skip


def test_memory_is_in_times_the_size():
    found = summary.memory({"a": 300.0, "b": 800.0, "c": None}, {"a": 100, "b": 200, "c": 5})
    assert found == {"median": 3.5, "most": 4.0, "files": 2}
    assert summary.memory({"c": None}, {"c": 5}) is None


def test_a_subset_has_files_of_all_sizes_within_its_budget():
    sizes = {f"f{size}": size for size in range(10, 110, 10)}
    assert summary.spread_evenly(sizes, 1000) == sorted(sizes, key=sizes.get)
    assert [sizes[name] for name in summary.spread_evenly(sizes, 300)] == [20, 40, 60, 80, 100]
    assert [sizes[name] for name in summary.spread_evenly(sizes, 299)] == [20, 50, 80]


def test_targets_are_met_or_not_or_not_measured():
    ratios = {"fitfast": {"records": {"200 and more": {"median": 3.2}, "under 200 records": {"median": 0.5}}}}
    met = {row["target"]: row["met"] for row in summary.check_targets(ratios, {"most": 4.0}, 0.030)}
    assert met["3 x fitfast, records, 200 and more"] is True
    assert met["0.9 x fitfast, records, under 200 records"] is False
    assert met["200 x fitparse, records, 200 and more"] is None
    assert met["memory at most 6 x the file"] is True
    assert met["import under 20 ms beyond NumPy and pandas"] is False


def test_pinned_readers_exist_and_the_two_distributions_of_fitparse_live_apart():
    pins = environments.read_pins()
    for name, entry in pins["readers"].items():
        packages = pins["environments"][entry["environment"]]["packages"]
        assert [pin for pin in packages if pin.startswith(f"{entry['package']}==")], name
        assert callable(getattr(readers, entry["reader"])), name
    assert pins["readers"]["fitparse"]["environment"] != pins["readers"]["python-fitparse"]["environment"]


def test_a_reader_that_is_not_there_is_listed_with_the_reason():
    found = {"readers": {"loadlens": {"version": "x"}, "gone": {"version": "1.0", "missing": "no wheel"}}}
    found["readers"].pop("loadlens")
    assert "no wheel" in page.reading_table(found)
    assert "not installed" in page.speed_table(found, "records")


@pytest.fixture(scope="module")
def two_files() -> list[str]:
    files = sorted((ROOT / "sample_data").rglob("*.fit"), key=lambda path: path.stat().st_size)
    assert len(files) >= 2
    return [str(files[0]), str(files[-1])]


def test_our_reader_is_timed_on_two_files_and_gives_three_frames(two_files):
    answers = worker._time(readers.loadlens(), two_files, ("record", "session", "lap"))
    assert all(answer["seconds"] > 0 for answer in answers)
    assert answers[1]["counts"][0] > 100
    assert answers[1]["counts"][1] == 1


def test_a_reader_that_fails_is_refused_with_its_reason(two_files):
    def read(data: bytes, kinds: tuple[str, ...]) -> list[object]:
        raise ValueError("odd size")

    assert worker._time(read, two_files[:1], ("record",)) == [{"refused": "ValueError: odd size"}]


def test_values_equal_those_of_fitparse():
    run = next(iter(sorted((ROOT / "sample_data" / "damaged").rglob("*.fit"))))  # the whole one
    found = compare(run.read_bytes())
    assert found.refused == ""
    assert (found.counts, dict(found.different)) == ({}, {})
    assert found.equal > 100
