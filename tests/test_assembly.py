"""Many readings become one log: minutes and laps follow their activity, also where a run stands in parts."""

from __future__ import annotations

import pandas as pd
import pytest

from loadlens.assembly import Offered, assemble
from loadlens.formats.source import Reading


def offered(path: str, kind: str, start: str, minutes: int, *, recorded: bool, **more) -> Offered:
    """One file with one run at 12 km an hour, with minutes and a lap every five of them where it is a recording."""
    when = pd.Timestamp(start)
    row = {"activity": "1", "sport": "run", "start_local": when, "date": when.normalize(), "time_zone_from": "file"}
    row |= {"duration": 60.0 * minutes, "distance": 200.0 * minutes, "elapsed": 60.0 * minutes}
    tables = {"activities": pd.DataFrame([row | more])}
    if recorded:
        tables["minutes"] = pd.DataFrame({"activity": "1", "minute": range(minutes), "distance": 200.0})
        tables["laps"] = pd.DataFrame({"activity": "1", "lap": range(1, minutes // 5 + 1), "distance": 1000.0})
    facts = {"path": path, "format": kind, "status": "read", "rows": 1, "used": 1, "set_aside": 0}
    return Offered(facts, Reading(kind, tables))


PARTS = [
    offered("1.fit", "fit", "2024-03-01 07:00", 20, recorded=True),
    offered("2.fit", "fit", "2024-03-01 07:25", 40, recorded=True),
]


def test_minutes_and_laps_of_a_run_in_two_files_go_on_from_the_first_to_the_second():
    log = assemble([*PARTS, offered("list.csv", "garmin_activities", "2024-03-01 07:00", 60, recorded=False)])
    (name,) = log.activities["activity"]
    assert log.minutes["minute"].tolist() == [*range(20), *range(25, 65)]
    assert log.laps["lap"].tolist() == list(range(1, 13))
    assert set(log.minutes["activity"]) == set(log.laps["activity"]) == {name}
    assert log.minutes["distance"].sum() == log.activities["distance"].sum() == 12_000


def test_the_minutes_of_the_whole_are_used_where_it_has_any():
    log = assemble([*PARTS, offered("w.tcx", "tcx", "2024-03-01 07:00", 60, recorded=True)])
    assert len(log.activities) == 1
    assert log.minutes["minute"].tolist() == list(range(60))


def test_a_part_that_a_second_format_has_too_counts_once():
    again = offered("2.gpx", "gpx", "2024-03-01 07:25", 40, recorded=True)
    log = assemble([*PARTS, again, offered("l.csv", "garmin_activities", "2024-03-01 07:00", 60, recorded=False)])
    assert log.activities["distance"].tolist() == [12_000]
    assert log.activities.loc[0, "merged_from"] == "1.fit; 2.fit; 2.gpx; l.csv"
    assert len(log.minutes) == 60


def test_a_run_in_two_recordings_keeps_the_minutes_of_the_finer():
    gpx = offered("1.gpx", "gpx", "2024-03-01 07:00", 20, recorded=True)
    log = assemble([gpx, PARTS[0]])
    assert len(log.activities) == 1
    assert log.activities.loc[0, "source"] == "1.fit"
    assert len(log.minutes) == 20


def test_a_day_with_wellness_of_a_maker_that_was_not_chosen_is_still_a_day_on_which_a_watch_was_worn():
    dates = pd.date_range("2024-03-01", periods=60, freq="D")
    worn = pd.DataFrame({"date": dates, "rhr_day": [50.0] * 40 + [None] * 5 + [50.0] * 15})
    ring = pd.DataFrame({"date": dates[35:50], "rhr_day": 55.0})
    facts = {"status": "read", "rows": 1, "used": 1, "set_aside": 0}
    account, oura = ({"path": f"{kind}.csv", "format": kind} for kind in ("garmin_account", "oura"))
    log = assemble(
        [
            offered("1.fit", "fit", "2024-03-02 07:00", 20, recorded=True),
            offered("2.fit", "fit", "2024-04-27 07:00", 20, recorded=True),
            Offered(facts | account, Reading("garmin_account", {"wellness": worn})),
            Offered(facts | oura, Reading("oura", {"wellness": ring})),
        ]
    )
    assert log.wellness["rhr_day"].eq(50).all()
    days = log.days.set_index("date")
    assert (days.loc["2024-04-10":"2024-04-14", "reason"] == "watch_worn").all()
    assert log.daily("wellness.rhr_day")["2024-04-10":"2024-04-14"].isna().all()


@pytest.mark.parametrize("kinds", [("fit", "tcx"), ("tcx", "fit")])
def test_the_finer_recording_comes_first_in_whatever_order(kinds):
    offers = [offered(f"1.{kind}", kind, "2024-03-01 07:00", 20, recorded=True, title=kind) for kind in kinds]
    assert assemble(offers).activities["title"].tolist() == ["fit"]
