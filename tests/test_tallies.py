"""Months and weeks add up what was recorded; a distance that is missing makes a sum the least it can be."""

from __future__ import annotations

import numpy as np
import pandas as pd

from builders import build_activities, build_log
from loadlens.findings import assess
from loadlens.log import conform
from loadlens.report_sections import summary
from loadlens.tallies import tally_months, tally_weeks

NBSP = "\N{NO-BREAK SPACE}"


def runs(*rows: tuple[str, float]) -> pd.DataFrame:
    return conform("activities", build_activities(list(rows)))[0]


def test_a_month_has_its_runs_distance_and_longest_run():
    found = assess(build_log(runs(("2024-01-30", 5_000), ("2024-02-01", 8_000), ("2024-02-20", 12_000))))
    february, january = tally_months(found, "nl")
    assert (february["month"], february["runs"], february["distance"]) == ("feb 2024", "2", f"20,0{NBSP}km")
    assert february["longest"] == f"12,0{NBSP}km"
    assert (january["month"], january["distance"]) == ("jan 2024", f"5,0{NBSP}km")
    assert (january["heart"], january["sleep"]) == ("–", "–")


def test_a_run_without_a_distance_makes_a_sum_the_least_it_can_be():
    log = build_log(runs(("2024-02-01", 8_000), ("2024-02-02", np.nan), ("2024-02-14", 4_000)))
    found = assess(log)
    assert tally_months(found)[0]["distance"] == f"at least 12.0{NBSP}km"
    assert summary(found, "nl")["distance"] == f"ten minste 12,0{NBSP}km"


def test_weeks_end_on_the_last_day_and_a_part_of_a_week_is_left_out():
    """Sixteen days: two whole weeks, which end on the 16th and on the 9th."""
    log = build_log(runs(("2024-02-01", 8_000), ("2024-02-09", np.nan), ("2024-02-16", 4_000)))
    weeks = tally_weeks(log, 6)
    assert [(week["last"], week["runs"], week["distance"]) for week in weeks] == [
        ("16 Feb 2024", "1", f"4.0{NBSP}km"),
        ("9 Feb 2024", "1", "–"),
    ]


def test_days_of_which_nothing_is_known_are_counted():
    log = build_log(runs(("2024-02-01", 8_000), ("2024-02-16", 4_000)))
    days = log.days.assign(state=log.days["state"].where(log.days["date"] != "2024-02-12", "unknown"))
    object.__setattr__(log, "days", days)
    assert tally_weeks(log, 1)[0]["unknown"] == str(int((days.tail(7)["state"] == "unknown").sum()))
    assert tally_weeks(log, 1)[0]["unknown"] != "0"


def test_weeks_and_months_of_unknown_days_have_no_sum():
    """A list that ends on 1 March, and nights up to 30 April: how far was run in April is unknown, not nought."""
    nights = pd.DataFrame({"date": pd.date_range("2024-03-01", "2024-04-30"), "sleep": 27_000.0})
    log = build_log(build_activities([("2024-02-01", 8_000.0), ("2024-03-01", 5_000.0)]), nights)
    april, march, february = tally_months(assess(log))
    assert [april[key] for key in ("runs", "distance", "longest", "unknown")] == ["–", "–", "–", "30"]
    assert (march["distance"], march["unknown"]) == (f"5.0{NBSP}km", "9")
    assert february["runs"] == "1"
    assert [tally_weeks(log, 1)[0][key] for key in ("runs", "distance", "unknown")] == ["–", "–", "7"]
