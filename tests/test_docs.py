"""What the documentation shows can be done: its code runs, its links lead somewhere, its figures are made so."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from matplotlib.axes import Axes

import loadlens as ll
from loadlens import files, measures
from loadlens.findings import parameters_of
from loadlens.guidance import VERDICTS, read_guidance

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
ADDING = sorted((ROOT / "docs" / "adding").glob("*.md"))
BLOCK = re.compile(r"^(?:(?P<before>[^\n]*)\n\n)?```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!`)\[[^\]\n]*\]\(([^)\s]+)\)")

pytestmark = pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="no documentation beside this package")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """The anchors that headings get on GitHub."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page: Path):
    links = [link for link in LINK.findall(page.read_text("utf-8")) if not re.match(r"[a-z]+:", link)]
    lost = []
    for link in links:
        place, _, anchor = link.partition("#")
        target = page.parent / place if place else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            lost.append(link)
    assert lost == []


def test_the_index_leads_to_every_page():
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    pages = [str(page.relative_to(ROOT / "docs")) for page in PAGES if page != ROOT / "README.md"]
    assert [page for page in pages if page != "README.md" and f"({page})" not in index] == []


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder to work in, from which modules can be imported, and nothing left of it afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    known, measured = set(sys.modules), set(measures.MEASURES)
    yield tmp_path
    for measure in set(measures.MEASURES) - measured:
        del measures.MEASURES[measure]
    parameters_of.cache_clear()
    for module in set(sys.modules) - known:
        if str(tmp_path) in str(getattr(sys.modules[module], "__file__", "")):
            del sys.modules[module]
    plt.close("all")


def run_blocks(page: Path, folder: Path) -> int:
    """Save the blocks that a page says to save, run its other Python, and count what was run."""
    space: dict[str, object] = {"__name__": "__main__"}
    ran = 0
    for block in BLOCK.finditer(page.read_text("utf-8")):
        saved = re.search(r"Save as `([\w.]+)`:$", block["before"] or "")
        if saved:
            (folder / saved[1]).write_text(block["text"], encoding="utf-8")
        elif block["kind"] == "python":
            exec(compile(block["text"], name(page), "exec", dont_inherit=True), space)
            ran += 1
    return ran


@pytest.mark.parametrize("page", [page for page in ADDING if page.name != "format.md"], ids=name)
def test_the_code_of_a_page_on_adding_runs(page: Path, fresh: Path):
    assert run_blocks(page, fresh) > 0


def test_the_dates_in_the_readme_are_those_of_the_sample_it_offers():
    """Who follows it with ll.sample("overload") must find three months and a run there."""
    text = (ROOT / "README.md").read_text("utf-8")
    log = ll.sample("overload")
    first, last = (str(day.date()) for day in log.span)
    named = re.findall(r'"(\d{4}-\d\d(?:-\d\d)?)"', text)
    assert len(named) == 3
    assert all(first[: len(one)] <= one <= last for one in named)
    assert {one for one in named if len(one) == 10} <= set(log.runs["date"].dt.strftime("%Y-%m-%d"))


def test_the_measure_of_its_page_can_be_named_by_a_rule(fresh: Path):
    run_blocks(ROOT / "docs" / "adding" / "measure.md", fresh)
    run_blocks(ROOT / "docs" / "adding" / "rule.md", fresh)
    text = (fresh / "my_rules.toml").read_text("utf-8")
    changes = {
        'signal = ["wellness.sleep"]': 'signal = ["activities.distance"]',
        'measure = "sleep"': 'measure = "days_off"',
        re.search(r"parameters = .*", text)[0]: "parameters = { window_days = 7 }",
        'value = "mean"': 'value = "off"',
        re.search(r"units = .*", text)[0]: 'units = { off = "days" }',
        "{ mean = { below = 23_400 } }": "{ off = { at_most = 0 } }",
        "{mean}": "{off}",
    }
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    (fresh / "my_rules.toml").write_text(text, encoding="utf-8")
    found = ll.assess(ll.sample("decimal_comma"), read_guidance(fresh / "my_rules.toml"))
    assert (found.days["reason"] == "").any()


# ---------------------------------------------------------------- a format from another package
@pytest.fixture
def plugin(fresh: Path) -> Iterator[Path]:
    """The package of the page, as pip leaves it: the module, and beside it what names its entry point."""
    page = ROOT / "docs" / "adding" / "format.md"
    run_blocks(page, fresh)
    entry = re.search(r'\[project.entry-points."loadlens.formats"\]\n(.+)\n', page.read_text("utf-8"))[1]
    told = fresh / "loadlens_plainlog-0.1.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: loadlens-plainlog\nVersion: 0.1\n")
    (told / "entry_points.txt").write_text(f"[loadlens.formats]\n{entry.replace(chr(34), '')}\n")
    files.formats.cache_clear()
    yield fresh
    files.formats.cache_clear()


def test_a_format_from_another_package_is_read_with_its_rows_accounted_for(plugin: Path):
    file = plugin / "runs.plain"
    file.write_text("#plainlog\n2024-05-01T18:30 10200 3120\nnonsense\n2024-05-03T07:00 8000 2500\n")
    log = ll.read(file)
    assert log.runs[["distance", "duration"]].to_numpy().tolist() == [[10_200, 3120], [8000, 2500]]
    assert log.sources[["format", "rows", "used", "set_aside"]].to_numpy().tolist() == [["plainlog", 3, 2, 1]]
    assert log.ledger[["row", "action"]].to_numpy().tolist() == [[3, "set_aside"]]
    assert ll.assess(log).rules["level"].notna().all()


def test_what_that_format_refuses_is_told_as_it_says(plugin: Path):
    (plugin / "runs.plain").write_text("#plainlog\nnonsense\n")
    with pytest.raises(ll.UnreadableFile, match="no line could be read; a line is time, metres, seconds"):
        ll.read(plugin / "runs.plain")


def test_without_the_package_the_file_is_not_known(tmp_path: Path):
    (tmp_path / "runs.plain").write_text("#plainlog\n2024-05-01T18:30 10200 3120\n")
    with pytest.raises(ll.UnreadableFile):
        ll.read(tmp_path / "runs.plain")


# ---------------------------------------------------------------- what is claimed
@pytest.mark.parametrize("page", ["what_this_does_not_claim.md", "nl/wat_dit_niet_beweert.md"])
def test_the_counts_on_the_page_of_claims_are_those_of_the_guidance(page: str):
    text = (ROOT / "docs" / page).read_text("utf-8")
    guidance = read_guidance()
    verdicts = [one.verdict for one in guidance.statements.values()]
    assert {verdict: verdicts.count(verdict) for verdict in VERDICTS} == {
        "supports": 1, "mixed": 12, "contradicts": 1, "no_evidence_found": 35, "not_checkable": 2,
    }, "then both pages say other numbers"  # fmt: skip
    assert str(len(verdicts)) in text
    assert "35" in text
    decimal = "," if page.startswith("nl/") else "."
    assert f"{guidance.rules['two_week_volume'].alarms_per_year:.1f}".replace(".", decimal) in text


# ---------------------------------------------------------------- the gallery
def load_gallery():
    spec = importlib.util.spec_from_file_location("gallery", ROOT / "docs" / "gallery.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GALLERY = load_gallery()


@pytest.fixture(scope="module")
def prelude() -> dict[str, object]:
    return GALLERY.run_prelude()


@pytest.mark.parametrize("entry", GALLERY.ENTRIES, ids=lambda entry: entry.name)
def test_the_lines_of_the_gallery_draw(entry, prelude: dict[str, object], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ll, "budget", partial(ll.budget, twins=2))  # twenty, as shown, take long
    ax = GALLERY.draw(entry, dict(prelude))
    assert isinstance(ax, Axes)
    assert ax.get_figure() is not None
    plt.close("all")


def test_the_page_of_the_gallery_is_what_its_script_writes_and_its_pictures_are_small():
    assert (ROOT / "docs" / "gallery.md").read_text("utf-8") == GALLERY.write_page()
    pictures = [ROOT / "docs" / "figures" / f"{entry.name}.png" for entry in GALLERY.ENTRIES]
    assert [path.name for path in pictures if not 0 < path.stat().st_size < 80_000] == []


def test_every_figure_of_the_front_door_hangs_in_the_gallery():
    shown = " ".join(entry.code for entry in GALLERY.ENTRIES)
    assert [one for one in ll.__all__ if one.startswith("plot_") and f"ll.{one}(" not in shown] == []
