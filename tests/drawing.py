"""What tests of figures share: a log made by hand, and questions to what was drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.text import Text

from builders import build_activities, build_log
from loadlens.log import RunningLog, conform, tally_gear


def new_axes(width: float = 9, height: float = 6) -> Axes:
    return Figure(figsize=(width, height), layout="constrained").add_subplot()


def made_log(days: int, *, gear: str | None = None) -> RunningLog:
    """Every second day a run: 8 km, each tenth one 18 km; resting heart rate and sleep every day; pain at the end."""
    dates = pd.date_range("2024-01-01", periods=days, freq="D")
    runs = [(str(day.date()), 18_000.0 if n % 10 == 9 else 8_000.0) for n, day in enumerate(dates[::2])]
    activities = build_activities(runs)
    if gear is not None:
        activities = conform("activities", activities.assign(gear=gear))[0]
    wellness = pd.DataFrame({"date": dates, "rhr_day": 50.0 + np.arange(days) % 3, "sleep": 27_000.0})
    diary = pd.DataFrame({"date": dates[-3:], "kind": "pain", "value": [2.0, 3.0, 4.0], "tags": "swelling"})
    log = build_log(activities, wellness, diary)
    return replace(log, gear=tally_gear(activities))


def hide(log: RunningLog, first: str, last: str) -> RunningLog:
    """The same log with a stretch of unknown days."""
    inside = log.days["date"].between(first, last)
    days = log.days.assign(state=log.days["state"].mask(inside, "unknown"))
    return replace(log, days=days)


def hatched(ax: Axes, hatch: str) -> list[PathPatch]:
    return [a for a in ax.findobj(PathPatch) if a.get_hatch() == hatch]


def written(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.findobj(Text) if text.get_text()]


def boxes(ax: Axes, colour: str) -> np.ndarray[Any, Any]:
    """Left, bottom, right and top of every rectangle of a colour and without a hatch, from left to right."""
    found = []
    for patch in ax.findobj(PathPatch):
        if np.allclose(patch.get_facecolor()[:3], to_rgb(colour), atol=1e-3) and patch.get_hatch() is None:
            corners = patch.get_path().vertices.reshape(-1, 5, 2)
            found += np.hstack([corners.min(axis=1), corners.max(axis=1)]).tolist()
    return np.array(sorted(found)).reshape(-1, 4)


def lane(ax: Axes, title: str) -> Axes:
    """The lane whose title begins so."""
    (found,) = [child for child in ax.child_axes if child.get_title(loc="left").startswith(title)]
    return found
