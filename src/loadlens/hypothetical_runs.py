"""Runs that were not run yet: a log with days ahead, and the most that can be run on them under a rule.

Nothing here knows a number of any rule. A rule is measured on the log with a hypothetical run on it, and the distance
is what is looked for: so every guidance document can be planned with.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from loadlens.findings import judge_ends, parameters_of
from loadlens.guidance import LEVELS
from loadlens.load_bounds import bound_distance
from loadlens.log import empty_table, reading_rules
from loadlens.measures import MEASURES
from loadlens.signals import Signals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from loadlens.log import RunningLog
    from loadlens.rules import Rule
    from loadlens.windows import Floats

DISTANCE = "activities.distance"
LIMITED = ("note", "watch")
"""Levels below which a plan stays."""

_CODES = np.array([LEVELS.index(level) for level in LIMITED])
_FORGOTTEN = 366
"""Days beyond every window of a rule after which weighted means have forgotten what came before."""


class Limits(NamedTuple):
    """The most [m] that does not bring a rule to note or above, and to watch or above.

    Where missing load leaves it open: the most for certain, and (``_high``) the most at best. Infinite where no
    distance brings the rule there; NaN with a reason where it is not assessable. `clear` counts the days, from the
    first that is planned, on which the rule stands at note or above even without a run; NaN when it does on all.
    """

    note: float
    note_high: float
    watch: float
    watch_high: float
    reason: str = ""
    clear: float = 0


@dataclass(frozen=True)
class Ahead:
    """A log with days ahead: its signals, and the places of the days ahead that hold a run."""

    signals: Signals
    last: int
    places: tuple[int, ...]


def cut_past(log: RunningLog, rules: Iterable[Rule]) -> RunningLog:
    """Give the end of a log, as far back as any of the rules looks: plans of ten years are made as fast as of one.

    Parameters
    ----------
    log : RunningLog
        With at least one day.
    rules : iterable of Rule
        What will be measured. The names of their parameters tell which are days and which weeks.
    """
    reach = max((_sum_windows(rule.parameters) for rule in rules), default=0)
    first = log.span[1] - pd.Timedelta(days=reach + _FORGOTTEN + int(reading_rules()["bounds"]["days"]))
    kept = {
        name: getattr(log, name)[getattr(log, name)["date"] >= first].reset_index(drop=True)
        for name in ("activities", "days", "diary", "wellness")
    }
    return replace(log, minutes=empty_table("minutes"), laps=empty_table("laps"), **kept)


def _sum_windows(parameters: dict[str, Any]) -> int:
    total = 0
    for name, value in parameters.items():
        days = 7 if name.endswith("weeks") else 1 if name.endswith(("days", "nights")) else 0
        total += days * sum(value if isinstance(value, list) else [value]) if days else 0
    return int(total)


def look_ahead(log: RunningLog, days: int, run_on: Sequence[int] = ()) -> Ahead:
    """Give a log with so many days more: a run on some, rest on the others.

    Parameters
    ----------
    log : RunningLog
        With at least one day.
    days : int
        Days ahead.
    run_on : sequence of int
        Which of them hold a run; the first is 1.
    """
    last = len(log.days) - 1
    dates = log.span[1] + pd.to_timedelta(np.arange(1, days + 1), unit="D")
    ran = np.isin(np.arange(1, days + 1), run_on)
    state = np.where(ran, "run", "rest")
    table = _add_rows(log.days, days, date=dates, state=state, runs=ran.astype(int), other_activities=0)
    names = [f"ahead-{day}" for day in run_on]
    distance = 1.0  # replaced by every distance that is tried
    runs = _add_rows(log.activities, len(names), activity=names, date=dates[ran], sport="run", distance=distance)
    extended = replace(log, days=table, activities=runs)
    return Ahead(Signals(extended), last, tuple(last + int(day) for day in run_on))


def _add_rows(frame: pd.DataFrame, count: int, **values: Any) -> pd.DataFrame:
    """Give a table with so many rows more, of which these columns are known."""
    grown = frame.reset_index(drop=True).reindex(range(len(frame) + count))
    for name, value in values.items() if count else ():
        column = grown[name].copy()
        column.iloc[len(frame) :] = value
        grown[name] = column
    return grown


def measure_ahead(rule: Rule, ahead: Ahead) -> Callable[[float], pd.DataFrame]:
    """Give what a rule's measure says of a log with days ahead, as a function of the distance [m] of each run."""
    assert rule.measure is not None
    measure, takes = MEASURES[rule.measure], parameters_of(rule.measure)
    signals, places = ahead.signals, list(ahead.places)
    signal = signals.of(rule, rule.signal[0])
    asked = signals.take(takes)
    if "bounds" in takes and rule.signal[0] == DISTANCE:
        asked["bounds"] = bound_distance(signals.runs, signal, rule.per_day or "sum")

    def run(metres: float) -> pd.DataFrame:
        now = {name: _put(name, value, places, metres) for name, value in asked.items()}
        return measure(_put("signal", signal, places, metres), **now, **rule.parameters)

    return run


def _put(name: str, value: Any, places: list[int], metres: float) -> Any:
    """Give what a measure asks for with this distance on the days of the hypothetical runs."""
    if not places:
        return value
    if name == "bounds" or (name in ("signal", "distance") and isinstance(value, pd.Series)):
        value = value.copy()
        value.iloc[places] = metres
    elif name in ("runs", "activities"):  # the hypothetical ones come last
        value = value.copy()
        value.iloc[-len(places) :, value.columns.get_loc("distance")] = metres
    return value


def find_limits(rule: Rule, rest: Ahead, run: Ahead, span: tuple[int, int], farthest: int) -> Limits:
    """Give the most that can be run, in all, on the days of the hypothetical runs.

    A distance is too much when on any of the days ahead the rule stands at the level or above, and would not if those
    days were days of rest, or would stand less far above. What was run before is not held against a run that adds
    nothing to it. Where the rule stands there already on the first day of the span, it is what it comes to after the
    span that counts.

    Parameters
    ----------
    rule : Rule
        With a measure.
    rest, run : Ahead
        The same days ahead, without and with runs, each as long as the others.
    span : tuple of int
        First and last of the days ahead that are planned.
    farthest : int
        The farthest [m] that is tried.

    Returns
    -------
    Limits
        Whole metres.

    Notes
    -----
    Doubled distances are tried until one is too much; then the interval is halved down to a metre.
    """
    measured, ahead = measure_ahead(rule, run), slice(run.last + 1, None)
    frames: dict[int, pd.DataFrame] = {metres: measured(metres / len(run.places)) for metres in (1, farthest)}
    reasons = [str(reason) for reason in frames[farthest]["reason"].iloc[ahead]]
    why = next(filter(None, [reasons[run.places[0] - run.last - 1], *reasons]), "")
    if all((frame["reason"].iloc[ahead] != "").all() for frame in frames.values()):
        return Limits(np.nan, np.nan, np.nan, np.nan, why)
    still = measure_ahead(rule, rest)(0.0)
    before, usual = _stand(rule, still.iloc[ahead])
    begin, end = span[0] - 1, span[1] - 1
    counts = ~before[:, :, begin, None] | (np.arange(before.shape[2]) >= end)
    tried: dict[int, np.ndarray[Any, np.dtype[np.bool_]]] = {}

    def crosses(metres: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Tell of each level (rows) and end (columns) whether the distance is too much."""
        if metres not in tried:
            frame = frames[metres] if metres in frames else measured(metres / len(run.places))
            above, value = _stand(rule, frame.iloc[ahead])
            worse = value - usual > 1e-9 * np.abs(usual)
            tried[metres] = np.asarray((above & (~before | worse) & counts).any(axis=2))
        return tried[metres]

    steps = [1, 1000]
    while steps[-1] < farthest:
        steps.append(min(2 * steps[-1], farthest))
    found = np.full((len(LIMITED), 2), np.inf)
    for place in np.ndindex(*found.shape):
        first = next((number for number, step in enumerate(steps) if crosses(step)[place]), None)
        if first is not None:
            low, high = (steps[first - 1] if first else 0), steps[first]
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (low, middle) if crosses(middle)[place] else (middle, high)
            found[place] = low
    if np.isinf(found).all() and why:
        return Limits(np.nan, np.nan, np.nan, np.nan, why)
    (note, note_high), (watch, watch_high) = np.sort(found, axis=1)
    below = np.flatnonzero(~before[0, :, begin:].any(axis=0))
    clear = float(below[0]) if len(below) else np.nan
    return Limits(float(note), float(note_high), float(watch), float(watch_high), clear=clear)


def _stand(rule: Rule, frame: pd.DataFrame) -> tuple[np.ndarray[Any, np.dtype[np.bool_]], Floats]:
    """Tell whether a rule stands at each level or above (level x end x day), and its value: the more, the worse."""
    above = np.stack(judge_ends(rule, frame)) >= _CODES[:, None, None]
    ends = [frame[name if name in frame else rule.value] for name in (rule.value, f"{rule.value}_high")]
    sign = -1.0 if rule.worse == "lower" else 1.0
    return above, sign * np.stack([end.to_numpy(dtype=np.float64) for end in ends])
