"""What was planted in a simulated runner is found in its exports, in time, and what was not planted is not."""

from __future__ import annotations

import pandas as pd
import pytest

import loadlens as ll
from loadlens.simulation import simulate
from loadlens.simulators.simulated_exports import write_export

RULES = {
    "weekly_volume": "two_week_volume",
    "longest_run": "longest_run",
    "resting_heart_rate": "resting_heart_rate",
    "cadence": "cadence",
}
"""Kind of what was planted -> the rule that should see it."""

EXPORTS = {
    "overload": ("garmin_csv_nl", "wellness_csv"),
    "long_run_spike": ("strava_archive_nl",),
    "resting_heart_rate_rise": ("garmin_csv_comma", "wellness_csv"),
    "cadence_drop": ("fit",),
}
APPLE = ("overload", "long_run_spike", "resting_heart_rate_rise", "cadence_drop")
"""Runners whose truth must show in the export of a phone alone."""


def alarms_of(name: str, kinds: tuple[str, ...], folder) -> tuple[dict, pd.DataFrame]:
    """Truth of a simulated runner, and the alarms found in the exports that it wrote."""
    runner = simulate(name, weeks=18 if name == "long_run_spike" else None)
    for kind in kinds:
        write_export(runner, folder, kind)
    return runner.truth, ll.assess(ll.read(folder)).alarms


@pytest.mark.parametrize(("name", "kinds"), [*EXPORTS.items(), *((name, ("apple_health",)) for name in APPLE)])
def test_what_was_planted_is_found_within_24_days_and_only_there(name, kinds, tmp_path):
    truth, alarms = alarms_of(name, kinds, tmp_path)
    found = alarms[alarms["rule"] == RULES[truth["kind"]]]
    delay = (found["start"] - truth["first"]).dt.days
    assert len(found) == 1
    assert delay.between(0, 24).all(), f"{delay.tolist()} days after it began"
    quiet = {RULES[kind] for kind in truth["must_not_fire"] if kind in RULES}
    assert quiet.isdisjoint(alarms["rule"])


def test_a_steady_year_raises_no_alarm_at_all(tmp_path):
    truth, alarms = alarms_of("steady", ("garmin_csv_en", "wellness_intervals"), tmp_path)
    assert truth["kind"] == "none"
    assert alarms.to_dict("records") == []


def test_a_beginner_below_ten_kilometres_a_week_gets_no_alarm_in_percent(tmp_path):
    _, alarms = alarms_of("novice", ("garmin_csv_en",), tmp_path)
    assert {"two_week_volume", "weekly_increase"}.isdisjoint(alarms["rule"])


def test_days_without_the_watch_are_not_assessable_rather_than_restful(tmp_path):
    runner = simulate("unworn_watch")
    for kind in ("fit", "monitoring_fit"):
        write_export(runner, tmp_path, kind)
    found = ll.assess(ll.read(tmp_path))
    resting = found.days[found.days["rule"] == "weekly_increase"].set_index("date")
    first, last = max(runner.truth["unknown"], key=lambda stretch: stretch[1] - stretch[0])
    assert (resting.loc[first + pd.Timedelta(days=6) : last, "level"] == "not_assessable").all()
