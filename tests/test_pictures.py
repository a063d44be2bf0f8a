"""Five figures look as they looked when somebody last looked at them.

After a change that is meant to be seen, draw them anew, look at every one, and commit them:

    uv run pytest -n 0 tests/test_pictures.py --mpl-generate-path=tests/baseline

Letters are drawn by the FreeType inside matplotlib, so a picture can be compared only with one that the same versions
drew; each carries theirs, and under others its test is skipped and says so.

The tolerance is a root mean square over all pixels, of 0 to 255. The same versions give 0.0; hiding any single word or
number of these five gives 0.9 or more. A shape as small as a hatched day or two of the timeline can be missed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib import ft2font
from matplotlib.figure import Figure
from PIL import Image

import loadlens as ll
from loadlens.drawing.figure_style import styled
from loadlens.drawing.plan_figure import measure_plan
from loadlens.drawing.timeline import fit_timeline

BASELINE = Path(__file__).parent / "baseline"
VERSIONS = f"matplotlib {mpl.__version__.rpartition('.')[0]}, FreeType {ft2font.__freetype_version__}"
WIDTH = 7.3  # inches: A4 between its margins


def compare(test: Callable[..., Figure]) -> Callable[..., Figure]:
    mark = pytest.mark.mpl_image_compare(
        baseline_dir="baseline",
        filename=f"{test.__name__.removeprefix('test_')}.png",
        tolerance=0.4,
        style={"font.sans-serif": ["DejaVu Sans"]},  # comes with matplotlib
        backend="agg",
        deterministic=False,
        savefig_kwargs={
            "dpi": 60,
            "metadata": {"Software": VERSIONS},
            "pil_kwargs": {"optimize": True, "compress_level": 9},
        },
    )
    marked: Callable[..., Figure] = mark(test)
    return marked


@pytest.fixture(autouse=True)
def same_versions(request: pytest.FixtureRequest) -> None:
    """Skip where the letters of the baseline were drawn by others; a new baseline is drawn by any."""
    if request.config.getoption("--mpl-generate-path") is not None:
        return
    picture = BASELINE / f"{request.node.name.removeprefix('test_')}.png"
    with Image.open(picture) as image:
        drawn_by = image.info["Software"]
    if drawn_by != VERSIONS:
        pytest.skip(f"{picture.name} was drawn by {drawn_by}, here is {VERSIONS}: letters differ, nothing to compare")


@pytest.fixture(scope="module")
def diary() -> ll.Assessment:
    return ll.assess(ll.sample("diary"))


@pytest.fixture(scope="module")
def unworn() -> ll.Assessment:
    return ll.assess(ll.sample("unworn_watch"))


def draw(plot: Callable[..., Any], *given: Any, height: float, **more: Any) -> Figure:
    with styled():
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        plot(*given, ax=figure.add_subplot(), **more)
    return figure


@compare
def test_timeline(diary: ll.Assessment) -> Figure:
    return draw(fit_timeline, diary, height=WIDTH, lang="nl")


@compare
def test_rule(diary: ll.Assessment) -> Figure:
    return draw(ll.plot_rule, diary, "two_week_volume", height=3.1)


@compare
def test_guidance(diary: ll.Assessment) -> Figure:
    return draw(ll.plot_guidance, diary, height=8)


@compare
def test_calendar(unworn: ll.Assessment) -> Figure:
    return draw(ll.plot_calendar, unworn.log, height=2.2)


@compare
def test_plan(diary: ll.Assessment) -> Figure:
    table = ll.plan(diary.log, diary.guidance)
    return draw(ll.plot_plan, table, diary.guidance, height=measure_plan(table)[0])
