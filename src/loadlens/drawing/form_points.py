"""The minutes and runs behind the runner's own line of a rule on running form, for drawing them."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from loadlens.run_minutes import choose_minutes
from loadlens.running_form import average_runs, summarise_runs
from loadlens.signals import Signals

if TYPE_CHECKING:
    from loadlens.findings import Assessment
    from loadlens.guidance import Rule


@dataclass(frozen=True, eq=False)
class FormPoints:
    """What a rule on running form last compared: minutes and runs, indexed by date, with speed [m/s] and its column.

    Attributes
    ----------
    minutes_before, minutes_recent : DataFrame
        Steady minutes of the runs behind the line, and of the runs compared with it; empty where there are none.
    runs_before, runs_recent : DataFrame
        One point for each of these runs.
    """

    minutes_before: pd.DataFrame
    minutes_recent: pd.DataFrame
    runs_before: pd.DataFrame
    runs_recent: pd.DataFrame


def gather_form(found: Assessment, rule: Rule) -> FormPoints:
    """Gather the points that a rule with the measure `form_change` compared at its last run.

    Parameters
    ----------
    found : Assessment
        What `assess` returns.
    rule : Rule
        One of its guidance.
    """
    signals = Signals(found.log)
    column = str(rule.parameters["column"])
    minutes = signals.minutes.iloc[:0][["speed", column]]
    if found.details[rule.id]["signal"].iloc[-1] == "minutes":
        kept = choose_minutes(signals.minutes, ["speed", column], **_asked(rule, choose_minutes))
        runs = summarise_runs(kept, ("speed", column), rule.parameters["minimum_minutes"])
        minutes = kept[["speed", column]].dropna()
    else:
        runs = average_runs(signals.runs, column, **_asked(rule, average_runs))
    if runs.empty:
        return FormPoints(minutes.iloc[:0], minutes.iloc[:0], runs, runs)
    last = runs.index[-1]
    oldest, newest = (last - pd.Timedelta(days=days) for days in rule.parameters["baseline_days"])
    recent = runs.iloc[-rule.parameters["recent_runs"] :]
    return FormPoints(
        minutes_before=minutes[(minutes.index >= oldest) & (minutes.index <= newest)],
        minutes_recent=minutes[(minutes.index >= recent.index[0]) & (minutes.index <= last)],
        runs_before=runs[(runs.index >= oldest) & (runs.index <= newest)],
        runs_recent=recent,
    )


def _asked(rule: Rule, function: Any) -> dict[str, Any]:
    """Give the parameters of a rule that a function takes."""
    taken = inspect.signature(function).parameters
    return {name: value for name, value in rule.parameters.items() if name in taken and name != "column"}
