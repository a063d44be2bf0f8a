"""Small groups in summaries: a count of few participants is not told, nor anything from which it follows.

A summary that is shared may not say of three people what they have; a total beside it may not give it away.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

SMALL = "small"
"""Stands for a count below the smallest group, but not 0."""

REST_SMALL = "rest_small"
"""Stands for a count of which all but a small group are part."""

WITHHELD = "withheld"
"""Stands for a count that is not small, and from which a small one would follow."""

Told = int | str
"""A count, or one of the three words that stand for one that is not told."""


@cache
def summary_rules() -> dict[str, Any]:
    """Return the numbers by which a cohort is summed up (``data/cohort_report.toml``)."""
    return tomllib.loads(files("loadlens").joinpath("data/cohort_report.toml").read_text("utf-8"))


def smallest_group() -> int:
    """Return how many participants a group must have for its count to be told."""
    return int(summary_rules()["disclosure"]["smallest_group"])


def is_small(count: int) -> bool:
    """Tell whether so many participants are few enough to be recognised: some, and fewer than the smallest group."""
    return 0 < count < smallest_group()


def hide_part(count: int, total: int) -> Told:
    """Return how many of a group have something, where the size of the group is told too.

    Parameters
    ----------
    count, total : int
        Participants who have it, and all of them.

    Returns
    -------
    int or str
        `SMALL` when few have it; `REST_SMALL` when few do not, for these would follow from the total; `WITHHELD` when
        the group itself is small.
    """
    if is_small(total):
        return WITHHELD
    if is_small(count):
        return SMALL
    return REST_SMALL if is_small(total - count) else count


def write_told(told: Told, total: int) -> int | str | None:
    """Return how a count is written where it may be told: a number, ``"<5"``, ``">35"``, or None.

    Parameters
    ----------
    told : int or str
        A count, or what stands for it.
    total : int
        Size of the group of which it is a part.
    """
    if told == SMALL:
        return f"<{smallest_group()}"
    if told == REST_SMALL:
        return f">{total - smallest_group()}"
    return None if told == WITHHELD else told


def hide_groups(counts: Mapping[str, int]) -> dict[str, Told]:
    """Return the sizes of groups that together are all participants, where the total is told too.

    Parameters
    ----------
    counts : mapping of str to int
        Group -> participants. Everybody is in exactly one.

    Returns
    -------
    dict of str to (int or str)
        In the same order. A small group is `SMALL`. Where the total would give it away, the next smallest group is
        `WITHHELD` too, and so on; where that is not enough, every group is.

    References
    ----------
    Primary and secondary suppression: Hundepool et al. 2012, Statistical Disclosure Control, Wiley, chapters 4 and 5.
    """
    told: dict[str, Told] = {name: SMALL if is_small(count) else count for name, count in counts.items()}
    others = sorted((name for name, count in counts.items() if count >= smallest_group()), key=counts.__getitem__)
    while _follows(counts, told) and others:
        told[others.pop(0)] = WITHHELD
    return dict.fromkeys(counts, WITHHELD) if _follows(counts, told) else told


def _follows(counts: Mapping[str, int], told: Mapping[str, Told]) -> bool:
    """Tell whether a small count, or that so few are hidden at all, follows from the total and what is told."""
    small = [counts[name] for name, value in told.items() if value == SMALL]
    withheld = [counts[name] for name, value in told.items() if value == WITHHELD]
    if not small:
        return False
    together = sum(small) + sum(withheld)
    least = len(small) + smallest_group() * len(withheld)
    most = None if withheld else (smallest_group() - 1) * len(small)  # a withheld count has no upper end
    alone = len(small) + len(withheld) < 2
    return alone or together < smallest_group() or together in (least, most)
