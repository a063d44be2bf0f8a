"""Figures on the page are small and stay what they were."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from loadlens.page_figures import inline_figure, shorten_path


def test_a_box_takes_five_steps():
    """Along, up, back and closed; in tenths of a point."""
    assert shorten_path("M 10 20 \nL 14.04 20 \nL 14.04 17.5 \nL 10 17.5 \nz\n") == "m10 20h4v-2.5h-4z"


def test_after_a_closed_part_steps_count_from_where_it_began():
    assert shorten_path("M 1 1 L 3 1 z M 5 5 L 6 7") == "m1 1h2zm4 4l1 2"


@given(st.lists(st.tuples(*[st.floats(-9_999, 9_999)] * 2), min_size=2, max_size=40))
def test_no_point_moves_by_more_than_half_a_tenth_however_long_the_path(points: list[tuple[float, float]]):
    path = shorten_path(" ".join(f"{'L' if n else 'M'} {x!r} {y!r}" for n, (x, y) in enumerate(points)))
    at, reached = (0.0, 0.0), []
    for letter, rest in re.findall(r"([mlhv])([^mlhv]*)", path):
        step = [float(number) for number in rest.split()]
        dx, dy = {"h": (step[0], 0.0), "v": (0.0, step[0])}.get(letter, tuple(step))
        at = (at[0] + dx, at[1] + dy)
        reached.append(at)
    assert len(reached) == len(points)
    assert all(
        abs(a - b) <= 0.0501
        for got, meant in zip(reached, points, strict=True)
        for a, b in zip(got, meant, strict=True)
    )


def test_a_figure_comes_in_two_widths_and_the_same_each_time():
    def draw(ax):
        ax.plot([0, 1, 2], [0, 2, 1])
        ax.set_title("<b>&")
        return ax

    figure = inline_figure("name", draw, (2.0, 2.0), 'a "text"')
    assert re.findall(r'<svg class="(\w+)" role="img" aria-label="([^"]*)"', figure) == [
        ("wide", "a &#34;text&#34;"),
        ("narrow", "a &#34;text&#34;"),
    ]
    assert "&lt;b&gt;&amp;" in figure
    ids = re.findall(r'\bid="([^"]+)"', figure)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:url\(|href=")#([^)"]+)', figure)) <= set(ids)
    assert figure == inline_figure("name", draw, (2.0, 2.0), 'a "text"')
