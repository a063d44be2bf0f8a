"""A small group is not told, and does not follow from what is."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadlens.studies.disclosure import (
    REST_SMALL,
    SMALL,
    WITHHELD,
    hide_groups,
    hide_part,
    is_small,
    smallest_group,
    write_told,
)


def test_the_smallest_group_is_five_and_nobody_is_no_group():
    assert smallest_group() == 5
    assert [is_small(count) for count in (0, 1, 4, 5)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("count", "total", "told"),
    [
        (0, 40, 0),
        (1, 40, SMALL),
        (4, 40, SMALL),
        (5, 40, 5),
        (35, 40, 35),
        (36, 40, REST_SMALL),  # four have it not
        (40, 40, 40),
        (3, 6, SMALL),
        (3, 3, WITHHELD),  # the group itself is small
        (0, 3, WITHHELD),
    ],
)
def test_a_part_is_hidden_when_it_or_the_rest_is_small(count, total, told):
    assert hide_part(count, total) == told


def test_what_is_told_says_how_far_it_goes():
    assert [write_told(told, 40) for told in (12, SMALL, REST_SMALL, WITHHELD)] == [12, "<5", ">35", None]


def test_one_small_group_takes_the_next_smallest_with_it():
    assert hide_groups({"a": 20, "b": 3, "c": 9, "d": 0}) == {"a": 20, "b": SMALL, "c": WITHHELD, "d": 0}


def test_two_small_groups_hide_each_other_unless_their_sum_tells_them():
    assert hide_groups({"a": 20, "b": 3, "c": 4}) == {"a": 20, "b": SMALL, "c": SMALL}
    assert hide_groups({"a": 20, "b": 4, "c": 4}) == {"a": WITHHELD, "b": SMALL, "c": SMALL}  # 8 is 4 and 4 only
    assert hide_groups({"a": 20, "b": 1, "c": 2}) == {"a": WITHHELD, "b": SMALL, "c": SMALL}  # 3 are few


def test_nothing_small_hides_nothing():
    assert hide_groups({"a": 5, "b": 0, "c": 1000}) == {"a": 5, "b": 0, "c": 1000}


def test_where_nothing_else_can_be_hidden_all_is():
    assert hide_groups({"a": 3}) == {"a": WITHHELD}
    assert hide_groups({"a": 3, "b": 0}) == {"a": WITHHELD, "b": WITHHELD}
    assert hide_groups({"a": 1, "b": 5}) == {"a": WITHHELD, "b": WITHHELD}  # 6 is 1 and 5, as 5 is the least withheld


@given(st.lists(st.integers(0, 12), min_size=1, max_size=5))
def test_no_small_count_can_be_worked_out_from_the_total(sizes):
    """Every way to fill the hidden groups is tried: each small one can be at least two numbers."""
    counts = {str(place): size for place, size in enumerate(sizes)}
    told = hide_groups(counts)
    small = [name for name, value in told.items() if value == SMALL]
    assert small or all(not is_small(counts[name]) for name, value in told.items() if value != WITHHELD)
    if not small:
        return
    hidden = [name for name, value in told.items() if isinstance(value, str)]
    together = sum(counts[name] for name in hidden)
    choices = [range(1, 5) if told[name] == SMALL else range(5, together + 1) for name in hidden]
    ways = [way for way in itertools.product(*choices) if sum(way) == together]
    for place, name in enumerate(hidden):
        if told[name] == SMALL:
            assert len({way[place] for way in ways}) > 1
