"""Drawing one run: pace, heart rate, cadence and height over the same distance, and what the rules saw in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from loadlens import words
from loadlens.drawing import figure_style as style
from loadlens.drawing.figure_style import GRID, INK, MUTED, PAPER, RUN, RUN_SOFT, UNKNOWN
from loadlens.drawing.run_findings import Seen, see_run
from loadlens.drawing.run_trace import CHANNELS, Trace, trace_run

if TYPE_CHECKING:
    import datetime as dt

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from loadlens.findings import Assessment
    from loadlens.log import RunningLog

    Floats = NDArray[np.float64]

HEIGHTS = {"pace": 1.5, "heart_rate": 1.15, "cadence": 0.95, "height": 0.75}
"""Height of each lane [inch]."""

EMPTY, BARE, GAP, HEAD, FOOT, LINE = 0.04, 0.3, 0.34, 0.2, 0.5, 0.165
"""Height of a lane without data, of one that stands for all, room above a lane, of title, axis, line of text [inch]."""

SLOWEST = 15.0
"""Slower than this [min/km] is drawn at the edge: a stroll may not flatten the run."""

PACE_STEPS = (0.25, 0.5, 1.0, 2.0, 5.0)
"""Between the labels of paces [min/km]."""

NEW = 9.0
"""Width of a new figure [inch]."""

SIGNS_AN_INCH = 15.0

LAP_DASH: Any = (0, (1, 2))
STOP_DASH: Any = (0, (3, 2))
HARD_DASH: Any = (0, (5, 1.5, 1, 1.5))
USUAL_DASH: Any = (0, (4, 1.5))
LABEL: dict[str, Any] = {
    "fontsize": 7.2, "color": INK, "zorder": 6,
    "bbox": {"facecolor": PAPER, "edgecolor": "none", "alpha": 0.85, "pad": 0.8},
}  # fmt: skip


def plot_activity(
    log: RunningLog,
    activity: str | int | dt.date,
    ax: Axes | None = None,
    lang: str = "en",
    found: Assessment | None = None,
) -> Axes:
    """Draw one run: pace, heart rate, cadence and height along its distance, with its laps and stops.

    Drawn from the samples of the recording where it is at hand, else from the minutes the log keeps; the figure says
    which. Without a distance the lanes go along the time with the timer on. Stops are gaps, not a slow pace.

    Parameters
    ----------
    log : RunningLog
        The log.
    activity : str, int or date
        One of ``activities.activity``, the number of its row in ``log.activities``, or the date of a run.
    ax : Axes, optional
        Where to draw; its lanes are inset in it (``ax.child_axes``). A new figure when left out.
    lang : {"en", "nl"}
        Language.
    found : Assessment, optional
        Of this log: adds what the rules saw in this run, as limits, shaded stretches and sentences.

    Returns
    -------
    Axes
        The axes that hold the lanes.

    Raises
    ------
    LogError
        There is no such run, several runs are on that day, or `found` is of a log that does not have it.
    """
    trace = trace_run(log, activity)
    seen = Seen([]) if found is None else see_run(found, trace.activity, lang)
    lanes = _choose_lanes(trace)
    heights = {name: HEIGHTS[name] if trace.knows(column) else EMPTY for name, column in lanes.items()}
    if set(heights.values()) == {EMPTY}:  # four empty lanes say no more than one
        heights = {"pace": BARE}
    along, factor = _choose_axis(trace)
    with style.styled():
        inches = NEW - 0.6 if ax is None else style.width_of(ax)
        signs = max(24, int(inches * SIGNS_AN_INCH))
        head = [line for said in _tell_run(trace, lang) for line in style.fold(said, signs)]
        told = [line for said in seen.sentences for line in style.fold(said, signs)]
        total = HEAD + sum(heights.values()) + GAP * len(heights) + FOOT + LINE * (len(head) + len(told))
        ax = style.new_axes(ax, NEW, total + 0.4)
        ax.set_axis_off()
        _write(ax, [_title(trace, lang, signs)], total, total, color=INK, fontweight="bold", fontsize=9)
        _write(ax, head, total - 0.19, total, color=MUTED)
        at, length = total - HEAD - LINE * len(head), _length(trace, along, factor)
        drawn: list[Axes] = []
        for name, height in heights.items():
            at -= GAP + height
            lane = ax.inset_axes((0, at / total, 1, height / total))
            lane.set_xlim(0, length)
            drawn.append(lane)
            if trace.knows(lanes[name]):
                _draw_lane(lane, name, lanes[name], trace, (along, factor), seen, lang)
            else:
                _leave_empty(lane, lanes if len(heights) == 1 else {name: lanes[name]}, lang)
            if along == "distance":
                _shade_levels(lane, seen, factor, 0.07 / height)
        _name_marks(drawn[0], trace, seen, (along, factor), inches, lang)
        _finish_axis(drawn, along, inches, lang)
        _write(ax, told, LINE * len(told), total, color=INK)
        if keys := _keys(trace, seen, lang):
            style.legend_below(ax, keys, 0.05)
    return ax


def _choose_lanes(trace: Trace) -> dict[str, str]:
    """Give the column each lane draws; height where it is known, else the grade."""
    slope = "grade" if trace.knows("grade") and not trace.knows("altitude") else "altitude"
    return {"pace": "speed", "heart_rate": "heart_rate", "cadence": "cadence", "height": slope}


def _choose_axis(trace: Trace) -> tuple[str, float]:
    """Go along the distance where it is known throughout, else along the time; and the factor to km or minutes."""
    table, row = trace.table, trace.activity
    used = table[table[list(CHANNELS)].notna().any(axis=1)]
    known = len(used) and used["distance"].notna().all() and used["distance"].iloc[-1] > 0
    if known or (table.empty and row["distance"] > 0):
        return "distance", words.axis_unit("m")[1]
    return "time", 1 / 60


def _length(trace: Trace, along: str, factor: float) -> float:
    """Give the length of the axis: that of the trace or, without one, of the totals."""
    if len(trace.table):
        return max(float(trace.table[along].max()) * factor, 1e-3)
    total = float(trace.activity["distance" if along == "distance" else "duration"])
    return total * factor if total > 0 else 1.0


def _title(trace: Trace, lang: str, signs: int) -> str:
    row = trace.activity
    sport = words.say(f"activity.{row['sport']}", lang)
    said = words.say("activity.title", lang, name=sport, date=words.date(row["date"], lang))
    if pd.isna(row["title"]):
        return said
    return f"{said}: {style.drawable(row['title'], max(12, signs - len(said) - 8))}"


def _tell_run(trace: Trace, lang: str) -> list[str]:
    """Say how far, how long and how fast, of what kind, and what the figure is made of."""
    row = trace.activity
    numbers = [words.quantity(float(row["distance"]), "m", lang), words.quantity(float(row["duration"]), "s", lang)]
    if row["distance"] > 0 and row["duration"] > 0:
        numbers.append(words.quantity(float(row["distance"] / row["duration"]), "m/s", lang))
    kind = [] if pd.isna(row["sub_sport"]) else [words.say(f"sub_sports.{row['sub_sport']}", lang)]
    return [" · ".join([*numbers, *kind]), words.say(f"activity.made_of_{trace.made_of}", lang)]


def _write(ax: Axes, lines: list[str], top: float, total: float, **look: Any) -> None:
    """Write lines of text from a height [inch] downwards."""
    for number, line in enumerate(lines):
        at = (top - LINE * number) / total
        ax.text(0, at, line, transform=ax.transAxes, va="top", **{"fontsize": 8, **look})


def _draw_lane(
    lane: Axes, name: str, column: str, trace: Trace, axis: tuple[str, float], seen: Seen, lang: str
) -> None:
    """Draw one channel with the stops and the laps."""
    along, factor = axis
    lane.set_title(words.say(_key(name, column), lang))
    lane.grid(axis="x", color=GRID, linewidth=0.6)
    lane.set_axisbelow(True)
    x = trace.table[along].to_numpy(float) * factor
    values = trace.table[column].to_numpy(float)
    if name == "pace":
        _draw_pace(lane, x, values, seen, lang)
    elif name == "heart_rate":
        _draw_heart(lane, x, values, seen)
    elif name == "cadence":
        _draw_cadence(lane, x, values, trace.table["speed"].to_numpy(float), seen)
    else:
        foot = np.nanmin(values) if column == "altitude" else 0.0
        lane.fill_between(x, foot, values, color=RUN_SOFT, linewidth=0, zorder=2)
        lane.plot(x, values, color=RUN, linewidth=0.8, zorder=3)
        _frame(lane, values, 20.0 if column == "altitude" else 4.0)
    if name != "pace":
        lane.yaxis.set_major_locator(style.few_ticks(HEIGHTS[name]))
        style.localise(lane, lang)
    for at in trace.laps[along].dropna() * factor:
        lane.axvline(at, color=UNKNOWN, linewidth=0.7, linestyle=LAP_DASH, zorder=1)
    for at in trace.stops[along].dropna() * factor:
        lane.axvline(at, color=MUTED, linewidth=1.1, linestyle=STOP_DASH, zorder=1.5)


def _key(name: str, column: str) -> str:
    return f"activity.{column if name == 'height' else name}"


def _leave_empty(lane: Axes, lanes: dict[str, str], lang: str) -> None:
    """Say that channels were not recorded."""
    names = [words.say(_key(name, column), lang).partition(" (")[0] for name, column in lanes.items()]
    name = words.list_join([names[0], *(name.lower() for name in names[1:])], lang)
    said = words.say("activity.not_recorded", lang, name=name)
    lane.set_title(said, fontweight="normal", color=MUTED, fontsize=8.5)
    lane.set_yticks([])
    lane.spines["left"].set_visible(False)


def _draw_pace(lane: Axes, x: Floats, speed: Floats, seen: Seen, lang: str) -> None:
    """Draw minutes a kilometre, the fast ones on top."""
    pace = np.divide(1000 / 60, speed, out=np.full(len(speed), np.nan), where=speed > 0)
    pace = np.minimum(pace, SLOWEST)
    _plot(lane, x, pace)
    seen_paces = pace[np.isfinite(pace)]
    fast, slow = np.percentile(seen_paces, [0.5, 99.5])
    if "speed" in seen.hard_from:
        limit = 1000 / 60 / seen.hard_from["speed"]
        fast, slow = min(fast, limit), max(slow, limit)
        _draw_limit(lane, x, pace, limit, pace < limit)
    spread = max(slow - fast, 1.0)
    lane.set_ylim((slow + fast + 1.25 * spread) / 2, (slow + fast - 1.25 * spread) / 2)
    step = next((s for s in PACE_STEPS if 1.25 * spread / s <= 5), PACE_STEPS[-1])
    least, most = sorted(lane.get_ylim())
    first = max(np.ceil(least / step), 1.0)  # no pace is 0
    lane.yaxis.set_major_locator(FixedLocator(list(np.arange(first, most / step + 1e-9) * step)))
    lane.yaxis.set_major_formatter(FuncFormatter(lambda value, _=None: words.pace(1000 / 60 / value, lang)))


def _draw_heart(lane: Axes, x: Floats, beats: Floats, seen: Seen) -> None:
    _plot(lane, x, beats)
    limit = seen.hard_from.get("heart_rate")
    reach = beats if limit is None else np.append(beats, limit)
    _frame(lane, reach, 20.0)
    if limit is not None:
        _draw_limit(lane, x, beats, limit, beats > limit)


def _draw_limit(lane: Axes, x: Floats, values: Floats, limit: float, hard: NDArray[np.bool_]) -> None:
    """Draw where hard begins, and shade what lies beyond it."""
    lane.axhline(limit, color=INK, linewidth=0.9, linestyle=HARD_DASH, zorder=2.5)
    lane.fill_between(x, limit, values, where=list(hard), interpolate=True, color=RUN_SOFT, linewidth=0, zorder=2)


def _draw_cadence(lane: Axes, x: Floats, cadence: Floats, speed: Floats, seen: Seen) -> None:
    """Draw the cadence, and what the runner's own line gives at the same speeds."""
    _plot(lane, x, cadence)
    reach = cadence
    if seen.usual_cadence is not None:
        slope, intercept = seen.usual_cadence
        usual = np.where(np.isfinite(cadence), intercept + slope * speed, np.nan)
        lane.plot(x, usual, color=INK, linewidth=1.0, linestyle=USUAL_DASH, zorder=3.5)
        reach = np.append(reach, usual)
    _frame(lane, reach, 10.0)


def _plot(lane: Axes, x: Floats, values: Floats) -> None:
    """Draw a line; single values between gaps have none, so they need a dot."""
    lane.plot(x, values, color=RUN, linewidth=1.1, zorder=3)
    known = np.concatenate(([False], np.isfinite(values), [False]))
    alone = known[1:-1] & ~known[:-2] & ~known[2:]
    style.draw_dots(lane, x, np.where(alone, values, np.nan), 1.8, RUN, zorder=3)


def _frame(lane: Axes, values: Floats, least: float) -> None:
    """Leave some room around the bulk of the values; noise may not fill a lane, nor a far value flatten it."""
    low, high = np.nanpercentile(values, [0.5, 99.5])
    middle, room = (low + high) / 2, max(high - low, least)
    lane.set_ylim(middle - 0.62 * room, middle + 0.62 * room)


def _shade_levels(lane: Axes, seen: Seen, factor: float, strip: float) -> None:
    """Colour the part of the run beyond each level, and mark the longest run of the days before."""
    end = lane.get_xlim()[1]
    starts = [*(start * factor for _, start in seen.levels_from), end]
    for (level, _), start, stop in zip(seen.levels_from, starts, starts[1:], strict=False):
        if start < min(stop, end):
            style.draw_band(lane, level, [(start, min(stop, end) - start)], min(strip, 1.0))
    if seen.longest_before * factor < end:
        lane.axvline(seen.longest_before * factor, color=INK, linewidth=1.2, zorder=4)


def _name_marks(lane: Axes, trace: Trace, seen: Seen, axis: tuple[str, float], inches: float, lang: str) -> None:
    """Write the numbers of laps and the lengths of stops where there is room, and what the longest run before was."""
    along, factor = axis
    end = lane.get_xlim()[1]
    if along == "distance" and seen.longest_before * factor < end:
        at = seen.longest_before * factor
        late = at > 0.5 * end
        lane.annotate(seen.labels["longest_before"], (at, 0.76), xycoords=lane.get_xaxis_transform(), **LABEL,
                      xytext=(-4 if late else 4, 0), textcoords="offset points", va="top",
                      ha="right" if late else "left")  # fmt: skip
    if not trace.knows("speed"):
        return
    laps = trace.laps.dropna(subset=[along])
    numbers = [(at * factor, words.number(lap, lang), -place) for place, (lap, at) in
               enumerate(zip(laps["lap"].astype(float), laps[along], strict=True))]  # fmt: skip
    style.draw_labels(lane, numbers, inches, rows=1, top=0.94, step=0.0)
    stops = trace.stops.dropna(subset=[along])
    lengths = [
        (at * factor, words.say("activity.stop", lang, length=words.quantity(length, "s", lang)), int(length))
        for at, length in zip(stops[along], stops["length"], strict=True)
    ]
    style.draw_labels(lane, lengths, inches, rows=1, top=0.13, step=0.0)


def _finish_axis(lanes: list[Axes], along: str, inches: float, lang: str) -> None:
    """Label the axis below the last lane, and it alone."""
    for lane in lanes:
        lane.tick_params(labelbottom=lane is lanes[-1])
        lane.xaxis.set_major_locator(MaxNLocator(nbins=max(3, int(inches / 0.8)), steps=[1, 2, 2.5, 5, 10]))
    lanes[-1].xaxis.set_major_formatter(FuncFormatter(lambda value, _=None: write_number(value, lang)))
    lanes[-1].set_xlabel(words.say(f"activity.axis_{along}", lang), loc="right")


def write_number(value: float, lang: str) -> str:
    """Write a number of an axis with as many decimals as it needs."""
    digits = next((n for n in range(3) if np.isclose(value, round(value, n), atol=1e-9)), 3)
    return words.number(value, lang, digits)


def _keys(trace: Trace, seen: Seen, lang: str) -> list[Any]:
    """Give the entries of the legend that the figure holds."""
    marks = {
        "laps": (
            len(trace.laps) > 0 and len(trace.table) > 0,
            {"color": UNKNOWN, "linewidth": 0.7, "linestyle": LAP_DASH},
        ),
        "stops": (len(trace.stops) > 0, {"color": MUTED, "linewidth": 1.1, "linestyle": STOP_DASH}),
        "usual_cadence": (
            seen.usual_cadence is not None and trace.knows("cadence"),
            {"color": INK, "linewidth": 1.0, "linestyle": USUAL_DASH},
        ),
    }  # type: dict[str, tuple[bool, dict[str, Any]]]
    keys: list[Any] = [
        Line2D([], [], label=words.say(f"activity.{name}", lang), **look)
        for name, (there, look) in marks.items()
        if there
    ]
    if any(trace.knows(name) for name in seen.hard_from):
        keys.append(Line2D([], [], label=seen.labels["hard_from"], color=INK, linewidth=0.9, linestyle=HARD_DASH))
    length = float(trace.activity["distance"])
    return keys + [style.level_patch(level, lang) for level, start in seen.levels_from if start < length]
