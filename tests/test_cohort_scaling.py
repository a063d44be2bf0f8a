"""What the benchmark of cohorts makes of measured times; worked by hand, without a run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("pyarrow")
sys.path.insert(0, str(Path(__file__).parents[1]))  # benchmarks are no part of the package

from benchmarks.cohort_scaling import measuring, page


def test_cost_is_split_into_what_a_run_costs_anyhow_and_what_each_participant_costs():
    line = measuring.fit_line([10, 20, 40], [7.0, 12.0, 22.0])  # 2 s and 0.5 s each
    assert (line["fixed"], line["each"]) == (pytest.approx(2.0), pytest.approx(0.5))
    assert line["off_at_most"] == pytest.approx(0.0, abs=1e-9)


def test_cost_that_grows_faster_lies_off_the_line():
    assert measuring.fit_line([10, 20, 40], [1.0, 4.0, 16.0])["off_at_most"] > 0.2


def test_a_projection_divides_by_processors_and_by_their_efficiency():
    assert measuring.project(1.8, 0.9, 50_000, 64) == pytest.approx(50_000 * 1.8 / 64 / 0.9 / 3600)


def test_a_smaller_cohort_is_the_first_of_a_larger_one(tmp_path: Path):
    many = tmp_path / "many"
    for name in ("P1", "P2"):
        (many / name).mkdir(parents=True)
        (many / name / "list.csv").write_text(name)
    (many / "P3.zip").write_bytes(b"zip")
    root = measuring.link_first(tmp_path / "two", many, 2)
    assert sorted(path.name for path in root.iterdir()) == ["P1", "P2"]
    assert (root / "P2" / "list.csv").read_text() == "P2"


def test_a_page_says_what_was_measured_and_what_follows(tmp_path: Path):
    one = {
        "processor": 20.0,
        "seconds": 21.0,
        "peak_bytes_of_a_process": 2e8,
        "disk": {"tables": 10**6, "staged": 10**7},
    }
    way = {"participants": 200, "reused": 0, "digest": "ab" * 32}
    found = {
        "machine": {"processors": 2, "python": "3.12.1", "load": 0.1},
        "weeks": 104,
        "counts": [5, 10, 20],
        "one_process": [one, one, one],
        "two_processes": one | {"seconds": 12.0},
        "line": {"fixed": 3.0, "each": 0.9, "off_at_most": 0.02},
        "efficiency": 21 / 24,
        "same_bytes": True,
        "ways": {"one process": way, "killed and resumed": way | {"reused": 90}},
    }  # fmt: skip
    text = page.write_page(found, tmp_path).read_text("utf-8")
    assert "3.0 s anyhow, and 0.90 s for each participant" in text
    assert "| 2 | 12.0 | 20.0 | 200 | 88% |" in text
    assert "| killed and resumed | 200 | 90 | `abababababababab…` |" in text
    assert f"| 64 | {50_000 * 0.9 / 64 / 0.875 / 3600:.2f} |" in text
    assert "The tables would take 2 GB" in text  # 1 MB for 20, 2,500 times as many
    assert (tmp_path / "cohort_scaling.json").exists()
