"""Reads what running watches export and shows overload patterns against published guidance.

>>> import loadlens as ll
>>> log = ll.sample("overload")        # or ll.read("export.zip")
>>> found = ll.assess(log)
>>> ll.report(found, "report.html", lang="nl")  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from loadlens import cohort
    from loadlens.alarm_budget import budget, fit_budget, tell_budget
    from loadlens.backtesting import backtest, tell_backtest
    from loadlens.drawing.activity_figure import plot_activity
    from loadlens.drawing.cadence_figure import plot_cadence
    from loadlens.drawing.plan_figure import plot_plan
    from loadlens.drawing.rate_figure import plot_budget
    from loadlens.drawing.sheet_figure import plot_sheet
    from loadlens.exploration import explore
    from loadlens.figures import plot_calendar, plot_guidance, plot_rule, plot_timeline
    from loadlens.files import read
    from loadlens.findings import Assessment, assess
    from loadlens.formats.source import UnreadableFile
    from loadlens.guidance import Guidance, GuidanceError, Rule, read_guidance
    from loadlens.guidance_text import write_rule
    from loadlens.log import LogError, RunningLog
    from loadlens.planning import plan, tell_plan
    from loadlens.reports import report
    from loadlens.robustness import recount, tell_recount
    from loadlens.rule_trials import try_limits
    from loadlens.simulation import simulate
    from loadlens.simulators.simulated_exports import sample
    from loadlens.summaries import show

# Nothing heavy is imported before it is asked for: `import loadlens` costs next to nothing.
_HOMES = {
    "read": "files",
    "assess": "findings",
    "Assessment": "findings",
    "report": "reports",
    "read_guidance": "guidance",
    "Guidance": "guidance",
    "Rule": "guidance",
    "GuidanceError": "guidance",
    "RunningLog": "log",
    "LogError": "log",
    "UnreadableFile": "formats.source",
    "sample": "simulators.simulated_exports",
    "simulate": "simulation",
    "budget": "alarm_budget",
    "fit_budget": "alarm_budget",
    "tell_budget": "alarm_budget",
    "backtest": "backtesting",
    "tell_backtest": "backtesting",
    "plan": "planning",
    "tell_plan": "planning",
    "recount": "robustness",
    "tell_recount": "robustness",
    "plot_timeline": "figures",
    "plot_guidance": "figures",
    "plot_rule": "figures",
    "plot_calendar": "figures",
    "plot_budget": "drawing.rate_figure",
    "plot_plan": "drawing.plan_figure",
    "show": "summaries",
    "explore": "exploration",
    "try_limits": "rule_trials",
    "write_rule": "guidance_text",
    "plot_activity": "drawing.activity_figure",
    "plot_cadence": "drawing.cadence_figure",
    "plot_sheet": "drawing.sheet_figure",
}

_MODULES = ("cohort",)

__all__ = [
    "Assessment",
    "Guidance",
    "GuidanceError",
    "LogError",
    "Rule",
    "RunningLog",
    "UnreadableFile",
    "assess",
    "backtest",
    "budget",
    "cohort",
    "explore",
    "fit_budget",
    "plan",
    "plot_activity",
    "plot_budget",
    "plot_cadence",
    "plot_calendar",
    "plot_guidance",
    "plot_plan",
    "plot_rule",
    "plot_sheet",
    "plot_timeline",
    "read",
    "read_guidance",
    "recount",
    "report",
    "sample",
    "show",
    "simulate",
    "tell_backtest",
    "tell_budget",
    "tell_plan",
    "tell_recount",
    "try_limits",
    "write_rule",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"loadlens.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'loadlens' has no attribute {name!r}")
    value = getattr(import_module(f"loadlens.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
