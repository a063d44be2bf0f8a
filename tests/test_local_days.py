"""The day of an activity that knows only UTC: its neighbour's zone, and how sure that is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loadlens.formats import local_time
from loadlens.formats.local_time import find_zone, to_local
from loadlens.local_days import settle_days
from loadlens.log import conform

NEW_YORK, UNKNOWN = -5, None


def runs(*given: tuple[str, int | None]) -> pd.DataFrame:
    """Runs by start in UTC and hours of their zone, where it is known."""
    utc = pd.to_datetime([start for start, _ in given])
    local = pd.Series(
        [start + pd.Timedelta(hours=h) if h is not None else pd.NaT for start, (_, h) in zip(utc, given, strict=True)]
    )
    frame = pd.DataFrame(
        {
            "activity": [str(number) for number in range(len(given))],
            "sport": "run",
            "start_utc": utc.tz_localize("UTC"),
            "start_local": local,
            "date": local.fillna(pd.Series(utc)),
            "time_zone_from": ["assumed" if hours is None else "file" for _, hours in given],
            "source": "activities.csv",
        }
    )
    return conform("activities", frame)[0]


def test_a_run_without_a_zone_takes_that_of_the_nearest_run_in_time():
    """A quarter past two at night in UTC is a quarter past nine the evening before in New York."""
    settled, issues = settle_days(
        runs(("2024-01-10 02:15", NEW_YORK), ("2024-01-12 02:15", None), ("2024-03-20 02:15", 1))
    )
    row = settled.iloc[1]
    assert (row["start_local"], row["date"]) == (pd.Timestamp("2024-01-11 21:15"), pd.Timestamp("2024-01-11"))
    assert row["time_zone_from"] == "neighbour"
    entry = {"source": "activities.csv", "field": "date", "action": "noted", "count": 1}
    assert issues == [entry | {"what": "local_day_neighbour"}]


def test_a_neighbour_of_one_zone_makes_the_day_sure_except_near_midnight():
    given = [
        ("2024-01-10 12:00", NEW_YORK),
        ("2024-01-11 12:00", None),
        ("2024-01-12 04:30", None),
        ("2024-01-13 12:00", NEW_YORK),
    ]
    _, issues = settle_days(runs(*given))
    assert [(issue["what"], issue["count"], issue.get("value")) for issue in issues] == [
        ("local_day_neighbour", 2, None),
        ("local_day_unsure", 1, "1/4"),
    ]


def test_a_neighbour_of_half_a_year_ago_is_none_and_the_zones_of_the_log_say_which_days_are_unsure():
    """In zones from -5 to 1, an hour more or less, noon stays the same day and 3 o'clock does not."""
    given = [
        ("2024-01-10 12:00", NEW_YORK),
        ("2024-01-11 12:00", 1),
        ("2024-07-12 12:00", None),
        ("2024-07-13 03:00", None),
    ]
    settled, issues = settle_days(runs(*given))
    assert settled["time_zone_from"].tolist() == ["file", "file", "assumed", "assumed"]
    assert [(issue["what"], issue["value"]) for issue in issues] == [("local_day_unsure", "1/4")]


@pytest.mark.parametrize("hour", range(24))
def test_where_nothing_is_known_no_hour_of_the_day_is_safe(hour):
    """Some zones are twelve hours behind UTC, others fourteen ahead."""
    _, issues = settle_days(runs((f"2024-01-10 {hour:02d}:30", None)))
    assert [(issue["what"], issue["value"]) for issue in issues] == [("local_day_unsure", "1/1")]


def test_stated_zones_are_left_alone():
    table = runs(("2024-01-10 02:15", NEW_YORK), ("2024-01-12 02:15", 9))
    settled, issues = settle_days(table)
    pd.testing.assert_frame_equal(settled, table)
    assert issues == []


# ---------------------------------------------------------------- positions


class Map:
    """Knows two places."""

    def timezone_at(self, *, lat: float, lng: float) -> str | None:
        return {(52.4, 4.9): "Europe/Amsterdam", (0.5, 1.0): "Mars/Olympus"}.get((lat, lng))


@pytest.fixture
def mapped(monkeypatch):
    monkeypatch.setattr(local_time, "_load_finder", lambda: Map())


NOON = np.array(["2024-07-01T22:30:00"], "datetime64[s]")


def test_the_file_comes_before_the_position_and_the_position_before_the_user(mapped):
    amsterdam = (52.4, 4.9)
    assert to_local(NOON, 3600.0, "Asia/Tokyo", amsterdam)[1] == "file"
    local, told = to_local(NOON, np.nan, "Asia/Tokyo", amsterdam)
    assert (str(local[0]), told) == ("2024-07-02T00:30:00", "position")
    assert to_local(NOON, np.nan, "Asia/Tokyo", (10.0, 10.0))[1] == "user"
    assert to_local(NOON, np.nan, None, (10.0, 10.0))[1] == "assumed"


@pytest.mark.parametrize("place", [(0.0, 0.0), (np.nan, 4.9), (95.0, 4.9), (52.4, 200.0), (0.5, 1.0)])
def test_no_zone_comes_from_a_place_that_is_none_or_from_a_zone_that_is_unknown(mapped, place):
    assert find_zone(place) is None


def test_without_the_package_positions_say_nothing():
    assert find_zone((52.4, 4.9)) is None


def test_the_real_map_knows_amsterdam(monkeypatch):
    finder = pytest.importorskip("timezonefinder").TimezoneFinder(in_memory=True)
    monkeypatch.setattr(local_time, "_load_finder", lambda: finder)
    assert find_zone((52.37, 4.9)) == "Europe/Amsterdam"
