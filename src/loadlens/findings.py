"""Where the log meets the guidance: signal -> measure -> level -> episode.

Every rule answers for every day of the log, also with "not assessable, because": silence never means safe. A day is
judged with what was known at its end.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loadlens import words
from loadlens.displays import Shown
from loadlens.guidance import LEVELS, Guidance, GuidanceError, Rule, read_guidance
from loadlens.load_bounds import bound_distance
from loadlens.measures import MEASURES
from loadlens.rules import builds_on
from loadlens.signals import Signals

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from matplotlib.axes import Axes

    from loadlens.log import RunningLog
    from loadlens.rules import Condition
    from loadlens.windows import Flags

ALARM_GAP_DAYS = 14
"""Two stretches at `watch` or above no further apart than this are one alarm, as in the measured alarm rates."""

_LEVEL = pd.CategoricalDtype(list(LEVELS), ordered=True)
_WATCH = LEVELS.index("watch")
_NO_VALUE = np.array(["no_data", "no_minutes", "no_runs", "no_diary", "no_resting_heart_rate", "no_sleep",
             "no_cadence", "no_vertical_oscillation", "no_ground_contact"], dtype=object)  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Assessment(Shown):
    """What the guidance says of a log, rule by rule.

    Attributes
    ----------
    days : DataFrame
        date, rule, value, level, reason: one row per rule and date.
    episodes : DataFrame
        rule, level, start, end, days, worst, reason: per rule they tile the span of the log.
    alarms : DataFrame
        rule, level (highest), start, end, days: stretches at `watch` or above, joined across gaps of 14 days or less.
    rules : DataFrame
        rule, level (on the last day), since, value, reason, days_above, days_assessable, alarms.
    details : dict of DataFrame
        Rule -> everything its measure gave, by date.
    """

    log: RunningLog
    guidance: Guidance
    days: pd.DataFrame
    episodes: pd.DataFrame
    alarms: pd.DataFrame
    rules: pd.DataFrame
    details: dict[str, pd.DataFrame]

    def tell(self, rule: str, date: pd.Timestamp | str | None = None, lang: str = "en") -> str:
        """Say in one sentence what a rule found on a day.

        Parameters
        ----------
        rule : str
            Id of the rule.
        date : Timestamp or str, optional
            A day of the log; its last day when left out.
        lang : {"en", "nl"}
            Language.

        Raises
        ------
        GuidanceError
            The guidance has no such rule.
        """
        if rule not in self.details:
            raise GuidanceError(f"{self.guidance.key}: no rule {rule!r}; it has {', '.join(self.details)}")
        frame = self.details[rule]
        day = pd.Timestamp(self.log.span[1] if date is None else date).normalize()
        row: dict[Any, Any] = frame.loc[day].to_dict() if day in frame.index else {"reason": "outside_log"}
        spec = self.guidance.rules[rule]
        if row["reason"]:
            reason = words.say(f"reasons.{row['reason']}", lang)
            said = words.say("report.not_assessable_because", lang, reason=reason)
            if not np.isfinite(row.get(f"{spec.value}_high", np.nan)):
                return said
            between = _show(row, spec.value, spec.units[spec.value], lang)
            return words.say("report.not_assessable_between", lang, said=said, between=between)
        shown = {column: _show(row, column, unit, lang) for column, unit in spec.units.items()}
        limits = {name: words.quantity(limit, unit, lang) for name, (limit, unit) in spec.limits.items()}
        missing = {column for column in spec.units if column in row and pd.isna(row[column])}
        sentence = _keep_known(spec.words[lang]["finding"], missing)
        told = [sentence.format(**shown, **limits), self.guidance.tell_moved(rule, lang)]
        return " ".join(filter(None, told))

    def plot(
        self, lang: str = "en", *, start: pd.Timestamp | str | None = None, end: pd.Timestamp | str | None = None
    ) -> Axes:
        """Draw the timeline with every episode, of the whole log or from `start` to `end`, such as ``"2024-05"``."""
        from loadlens.drawing.timeline import plot_timeline  # an assessment knows how to show itself only when asked

        axes: Axes = plot_timeline(self, lang=lang, start=start, end=end)
        return axes


def _keep_known(sentence: str, missing: set[str]) -> str:
    """Leave out each part in square brackets that speaks of a number the day does not have, and the other brackets."""

    def keep(part: re.Match[str]) -> str:
        return "" if missing & set(re.findall(r"{(\w+)", part[1])) else part[1]

    return re.sub(r"\[([^\[\]]*)\]", keep, sentence)


def _show(row: dict[Any, Any], column: str, unit: str, lang: str) -> str:
    """Write a number of a finding, or both ends of it where missing load leaves it open."""
    if unit == "text":
        return str(row[column])
    if unit == "date":
        return words.date(None if np.isnan(row[column]) else pd.Timestamp(row[column], unit="D"), lang)
    ends = sorted({row[column], row.get(f"{column}_high", row[column])})
    low, high = (words.quantity(end, unit, lang) for end in (ends[0], ends[-1]))
    return low if low == high else words.say("report.range", lang, low=low, high=high)


def assess(log: RunningLog, guidance: Guidance | None = None) -> Assessment:
    """Judge a log by a guidance document.

    Parameters
    ----------
    log : RunningLog
        With at least one day.
    guidance : Guidance, optional
        The bundled document on runner's knee when left out.

    Raises
    ------
    LogError
        The log has no days.
    GuidanceError
        A rule speaks of a column its measure does not give.
    """
    guidance = guidance or read_guidance()
    return conclude(log, guidance, measure_rules(log, guidance))


def conclude(log: RunningLog, guidance: Guidance, details: dict[str, pd.DataFrame]) -> Assessment:
    """Judge what measures gave, rule -> frame by date, and cut it into episodes and alarms."""
    days = pd.DatetimeIndex(log.days["date"], name="date")
    codes = {name: judge(guidance.rules[name], frame) for name, frame in details.items()}
    episodes = _join([_episodes(guidance.rules[n], details[n], codes[n]) for n in details])
    alarms = _join([_alarms(name, days, codes[name]) for name in details])
    return Assessment(
        log=log,
        guidance=guidance,
        days=_days(guidance, days, details, codes),
        episodes=episodes,
        alarms=alarms,
        rules=_join([_rule(guidance.rules[n], details[n], codes[n], alarms) for n in details]),
        details=details,
    )


# ---------------------------------------------------------------- signal -> measure
def measure_rules(log: RunningLog, guidance: Guidance, names: Iterable[str] | None = None) -> dict[str, pd.DataFrame]:
    """Give everything the measures say of a log, rule -> frame by date.

    Rules that build on other rules come after them, and see their level.

    Parameters
    ----------
    log : RunningLog
        With at least one day.
    guidance : Guidance
        Where the rules stand.
    names : iterable of str, optional
        Ids of the rules that are asked for; all of them when left out.

    Raises
    ------
    LogError
        The log has no days.
    GuidanceError
        A rule speaks of a column its measure does not give.
    """
    _ = log.span  # refuses a log without days
    signals = Signals(log)
    wanted = list(guidance.rules if names is None else names)
    needed = dict.fromkeys([*wanted, *(other for name in wanted for other in builds_on(guidance.rules[name]))])
    details: dict[str, pd.DataFrame] = {}
    for rule in sorted((guidance.rules[name] for name in needed), key=lambda rule: bool(builds_on(rule))):
        others = {name: (guidance.rules[name], details[name]) for name in builds_on(rule)}
        found = {name: frame.assign(level=judge(other, frame)) for name, (other, frame) in others.items()}
        details[rule.id] = _measure(rule, signals, found)
    return {name: details[name] for name in wanted}


@cache
def parameters_of(measure: str | None) -> Mapping[str, inspect.Parameter]:
    """Give what a measure takes, by name."""
    return {} if measure is None else inspect.signature(MEASURES[measure]).parameters


def _measure(rule: Rule, signals: Signals, found: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Give the rule's measure over the first of its signals that is assessable, day by day."""
    days = signals.days
    if rule.measure is None:
        begun = np.ones(len(days), dtype=bool)
        if rule.signal[0] == "diary":
            begun = days >= signals.diary.index.min()  # False without a diary: nothing is after NaT
        return pd.DataFrame({"value": np.nan, "reason": np.where(begun, "not_yet_computed", "no_diary")}, index=days)
    measure = MEASURES[rule.measure]
    takes = parameters_of(rule.measure)
    asked = signals.take(takes) | ({"found": found} if "found" in takes else {})
    frames: list[pd.DataFrame] = []
    for name in rule.signal:
        if name == "runs" and frames and not signals.bare.any():
            continue  # averages of whole runs serve only where runs lack their minutes
        signal = signals.of(rule, name)
        if "bounds" in takes and name == "activities.distance":
            asked["bounds"] = bound_distance(signals.runs, signal, rule.per_day or "sum")
        frame = measure(signal, **asked, **rule.parameters)
        missing = set(rule.units) - set(frame.columns)
        if missing:
            raise GuidanceError(f"rule {rule.id!r}: {rule.measure} gives no {sorted(missing)}; it gives {list(frame)}")
        frames.append(settle(rule, frame).assign(signal=name))
    chosen = frames[0]
    for name, frame in zip(rule.signal[1:], frames[1:], strict=False):
        before, after = _reasons(chosen), _reasons(frame)
        # a reason that speaks of values says more than one that there are none
        telling = np.isin(before, _NO_VALUE) & ~np.isin(after, _NO_VALUE)
        better = (before != "") & ((after == "") | telling)
        if name == "runs":
            better &= signals.bare
        if better.any():
            chosen = chosen.where(pd.Series(~better, index=chosen.index), frame)
    return chosen


def settle(rule: Rule, frame: pd.DataFrame) -> pd.DataFrame:
    """Where missing load leaves a number open, a day is assessable when both ends of it give the same level."""
    low, high = judge_ends(rule, frame)
    differ = low != high
    return frame.assign(reason=np.where(differ, "load_between", _reasons(frame))) if differ.any() else frame


def _reasons(frame: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.object_]]:
    return frame["reason"].to_numpy(dtype=object)


# ---------------------------------------------------------------- measure -> level -> episode
def judge(rule: Rule, frame: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Give each day its place in LEVELS: the highest level of which any condition holds."""
    assessable: Flags = np.asarray(_reasons(frame) == "", dtype=bool)
    codes = assessable.astype(np.int64)
    for level in LEVELS[2:]:
        for condition in rule.levels.get(level, ()):
            values = {column: frame[column].to_numpy(float) for column in condition}
            codes[assessable & holds(condition, values)] = LEVELS.index(level)
    return codes


def judge_ends(
    rule: Rule, frame: pd.DataFrame
) -> tuple[np.ndarray[Any, np.dtype[np.int64]], np.ndarray[Any, np.dtype[np.int64]]]:
    """Give each day its place in LEVELS at both ends of what is known; the same twice where no load is missing."""
    codes = judge(rule, frame)
    ends = [column for column in frame if str(column).endswith("_high")]
    if not ends:
        return codes, codes
    high = frame.assign(**{str(column).removesuffix("_high"): frame[column] for column in ends})
    return codes, judge(rule, high)


def holds(condition: Condition, values: Mapping[str, np.ndarray[Any, np.dtype[np.float64]]]) -> Flags:
    """Tell on which days all bounds of a condition hold; NaN is within no bound."""
    compare = {"above": np.greater, "at_least": np.greater_equal, "below": np.less, "at_most": np.less_equal}
    each = [
        compare[bound](values[column], limit) for column, bounds in condition.items() for bound, limit in bounds.items()
    ]
    return np.asarray(np.logical_and.reduce(each))


def _values(rule: Rule, frame: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.where(_reasons(frame) == "", frame[rule.value or "value"].to_numpy(float), np.nan)


def _days(
    guidance: Guidance,
    days: pd.DatetimeIndex,
    details: dict[str, pd.DataFrame],
    codes: dict[str, np.ndarray[Any, np.dtype[np.int64]]],
) -> pd.DataFrame:
    values = [_values(guidance.rules[name], frame) for name, frame in details.items()]
    levels = np.concatenate(list(codes.values()))
    return pd.DataFrame(
        {
            "date": np.tile(days.to_numpy(), len(details)),
            "rule": np.repeat(np.array(list(details), dtype=object), len(days)),
            "value": np.concatenate(values),
            "level": pd.Categorical.from_codes(levels.tolist(), dtype=_LEVEL),
            "reason": np.concatenate([_reasons(frame) for frame in details.values()]),
        }
    )


def _episodes(rule: Rule, frame: pd.DataFrame, codes: np.ndarray[Any, np.dtype[np.int64]]) -> pd.DataFrame:
    """Cut the timeline wherever the level, or the reason of not knowing, changes."""
    reasons = _reasons(frame)
    starts = np.flatnonzero(np.append(True, (np.diff(codes) != 0) | (reasons[1:] != reasons[:-1])))
    ends = np.append(starts[1:], len(codes)) - 1
    furthest = np.fmin if rule.worse == "lower" else np.fmax
    return pd.DataFrame(
        {
            "rule": rule.id,
            "level": pd.Categorical.from_codes(codes[starts].tolist(), dtype=_LEVEL),
            "start": frame.index[starts],
            "end": frame.index[ends],
            "days": ends - starts + 1,
            "worst": furthest.reduceat(_values(rule, frame), starts),
            "reason": reasons[starts],
        }
    )


def join_above(above: Flags) -> tuple[np.ndarray[Any, np.dtype[np.int64]], np.ndarray[Any, np.dtype[np.int64]]]:
    """Give the first and last place of each alarm: days above that are no further apart than the gap are one."""
    places = np.flatnonzero(above)
    if not len(places):
        return places, places
    cuts = np.flatnonzero(np.diff(places) > ALARM_GAP_DAYS + 1)
    return places[np.append(0, cuts + 1)], places[np.append(cuts, len(places) - 1)]


def _alarms(name: str, days: pd.DatetimeIndex, codes: np.ndarray[Any, np.dtype[np.int64]]) -> pd.DataFrame:
    starts, ends = join_above(codes >= _WATCH)
    highest = [int(codes[start : end + 1].max()) for start, end in zip(starts, ends, strict=True)]
    return pd.DataFrame(
        {
            "rule": pd.Series(name, index=range(len(starts)), dtype=str),
            "level": pd.Categorical.from_codes(highest, dtype=_LEVEL),
            "start": days[starts],
            "end": days[ends],
            "days": ends - starts + 1,
        }
    )


def _rule(
    rule: Rule, frame: pd.DataFrame, codes: np.ndarray[Any, np.dtype[np.int64]], alarms: pd.DataFrame
) -> pd.DataFrame:
    changed = np.flatnonzero(np.diff(codes))
    return pd.DataFrame(
        {
            "rule": [rule.id],
            "level": pd.Categorical.from_codes([int(codes[-1])], dtype=_LEVEL),
            "since": [frame.index[changed[-1] + 1 if len(changed) else 0]],
            "value": _values(rule, frame)[-1:],
            "reason": [frame["reason"].iloc[-1]],
            "days_above": [int((codes >= _WATCH).sum())],
            "days_assessable": [int((codes > 0).sum())],
            "alarms": [int((alarms["rule"] == rule.id).sum())],
        }
    )


def _join(frames: list[pd.DataFrame]) -> pd.DataFrame:
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled or frames[:1], ignore_index=True)
