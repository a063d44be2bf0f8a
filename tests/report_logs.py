"""A log whose every text would do harm on a page that let it through."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from builders import build_activities, build_log
from loadlens.log import RunningLog, conform, tally_gear

OVERRIDE = "\N{RIGHT-TO-LEFT OVERRIDE}"
HOSTILE = (
    f"<script>alert('x')</script>\"><img src=x onerror=alert(1)> {{{{7*7}}}} {{% raw %}} {OVERRIDE}abc {'w' * 300}"
)
"""Markup, a template, a sign that turns the direction of writing, and a word longer than any screen."""

SHOWN = HOSTILE.replace(OVERRIDE, "")


def made_log(days: int = 120, *, tags: str = "", diary: bool = True) -> RunningLog:
    """A run of 8 km every second day, 20 km on the last one; texts that would be markup if they were let through."""
    dates = pd.date_range("2024-03-01", periods=days, freq="D")
    runs = [(str(day.date()), 8_000.0) for day in dates[:-1:2]] + [(str(dates[-1].date()), 20_000.0)]
    activities = build_activities(runs).assign(gear=HOSTILE, title=HOSTILE, note=HOSTILE)
    activities = conform("activities", activities)[0]
    wellness = pd.DataFrame({"date": dates, "rhr_day": 50.0 + np.arange(days) % 3, "sleep": 27_000.0})
    entries = pd.DataFrame({"date": dates[-1:], "kind": "pain", "value": [4.0], "tags": tags, "note": HOSTILE})
    log = build_log(activities, wellness, entries if diary else None)
    sources = {"path": f"{HOSTILE}.csv", "format": "list", "status": "read", "message": HOSTILE, "rows": 60, "used": 60}
    ledger = {
        "source": HOSTILE,
        "field": "distance",
        "what": "impossible_value",
        "value": HOSTILE,
        "action": "set_aside",
    }
    return replace(
        log,
        gear=tally_gear(activities),
        sources=conform("sources", pd.DataFrame([sources | {"set_aside": 0}]))[0],
        ledger=conform("ledger", pd.DataFrame([ledger, {**ledger, "what": "a_key_from_outside"}]))[0],
    )
