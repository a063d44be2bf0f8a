"""Daily values of several makers: one for each field over a stretch of days, the others kept and told."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from loadlens.daily_sources import merge_wellness
from loadlens.log import conform


def day(source, kind, **values):
    frame = pd.DataFrame([{"date": pd.Timestamp("2024-03-01"), "source": source} | values])
    return conform("wellness", frame)[0].assign(format=kind)


def test_steps_that_grow_through_the_files_of_a_day_count_once_and_whole():
    files = pd.concat([day("1.fit", "fit", steps=900.0), day("2.fit", "fit", steps=8000.0), day("3.fit", "fit")])
    merged, _, issues = merge_wellness(files.reset_index(drop=True))
    assert merged.loc[0, "steps"] == 8000
    assert issues == []


def test_wellness_of_one_day_takes_each_field_from_the_first_source_that_has_it():
    both = pd.concat([day("w.csv", "wellness", rhr_day=51.0, sleep=27_000.0), day("m.fit", "fit", rhr_day=50.0)])
    merged, _, issues = merge_wellness(both.reset_index(drop=True))
    assert merged.loc[0, ["rhr_day", "sleep", "source"]].tolist() == [50.0, 27_000.0, "m.fit; w.csv"]
    assert issues == [{"field": "rhr_day", "what": "wellness_differs", "count": 1, "action": "noted"}]


def series(kind: str, first: str, values: list[float | None], column: str = "rhr_day") -> pd.DataFrame:
    """Values of one maker on days that follow each other."""
    dates = pd.date_range(first, periods=len(values), freq="D")
    frame = pd.DataFrame(
        {"date": dates, column: pd.array(values, "Float64").astype("float64"), "source": f"{kind}.csv"}
    )
    return conform("wellness", frame.dropna(subset=[column]))[0].assign(format=kind)


def merge(*tables: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, list[dict[str, object]]]:
    return merge_wellness(pd.concat(tables, ignore_index=True))


def told(issues: list[dict[str, object]]) -> dict[str, object]:
    return {str(issue["what"]): issue.get("value") or issue["count"] for issue in issues}


def test_makers_never_take_turns_from_day_to_day():
    """The watch skips every third night; the ring measures 5 more. The watch's 40 days stay the watch's."""
    watch = series("garmin_account", "2024-01-01", [None if day % 3 == 2 else 50.0 for day in range(60)])
    ring = series("oura", "2024-01-11", [55.0] * 30)
    merged, by_source, issues = merge(watch, ring)
    assert set(merged["rhr_day"]) == {50.0}
    assert len(merged) == 40
    assert len(by_source) == 70
    assert told(issues) == {"wellness_differs": 20, "wellness_maker_kept": 10}


def test_a_new_watch_takes_over_once_and_the_ledger_says_when():
    old = series("apple_health", "2024-01-01", [52.0] * 60)
    new = series("garmin_account", "2024-02-10", [47.0] * 100)
    merged, _, issues = merge(old, new)
    values = merged.set_index("date")["rhr_day"]
    assert (values[:"2024-02-09"] == 52).all()
    assert (values["2024-02-10":] == 47).all()
    assert told(issues)["wellness_maker_changed"] == "2024-02-10: apple_health → garmin_account"


def test_another_maker_serves_a_long_silence_but_not_a_short_one():
    worn = [50.0] * 60
    watch = series("garmin_account", "2024-01-01", [*worn, *[None] * 27, *worn, *[None] * 28, *worn])
    ring = series("oura", "2024-02-25", [55.0] * 125)
    merged, _, issues = merge(watch, ring)
    assert (merged["rhr_day"] == 55).sum() == 28
    assert [issue["what"] for issue in issues].count("wellness_maker_changed") == 2


def test_two_exports_of_one_measurement_fill_each_others_gaps():
    files = series("fit", "2024-01-01", [50.0 + day % 4 for day in range(30)])
    account = series("garmin_account", "2024-01-05", [50.0 + day % 4 for day in range(4, 60)])
    account.loc[5, "rhr_day"] += 3  # nine in ten agree
    merged, _, issues = merge(files, account)
    assert len(merged) == 60
    assert told(issues) == {"wellness_differs": 1}
    assert merged["source"].tolist() == ["fit.csv"] * 30 + ["garmin_account.csv"] * 30


def test_two_exports_of_one_maker_need_no_shared_days():
    account = series("garmin_account", "2024-01-01", [50.0] * 20 + [None] * 10 + [50.0] * 20)
    table = series("garmin_sleep", "2024-01-21", [53.0] * 10)
    merged, _, issues = merge(account, table)
    assert len(merged) == 50
    assert issues == []
    files = series("fit", "2024-01-21", [53.0] * 10)  # of a watch of any maker
    assert len(merge(account, files)[0]) == 40


def test_the_rows_of_all_sources_are_kept_as_they_were_read():
    both = [series("oura", "2024-01-01", [55.0, 56.0]), series("fit", "2024-01-01", [50.0])]
    _, by_source, _ = merge(*both)
    assert by_source[["format", "rhr_day"]].values.tolist() == [["fit", 50.0], ["oura", 55.0], ["oura", 56.0]]


values = st.lists(st.one_of(st.none(), st.integers(45, 60).map(float)), min_size=1, max_size=90)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["fit", "oura", "whoop"]), st.integers(0, 60), values), min_size=1, max_size=4)
)
def test_whatever_the_sources_every_value_is_one_that_was_read_and_order_makes_no_difference(given_series):
    tables = [
        series(kind, str(pd.Timestamp("2024-01-01") + pd.Timedelta(days=first)), numbers).assign(source=f"{place}.csv")
        for place, (kind, first, numbers) in enumerate(given_series)
    ]
    merged, by_source, _ = merge(*tables)
    backward, _, _ = merge(*tables[::-1])
    pd.testing.assert_frame_equal(merged, backward)
    read = by_source.groupby("date")["rhr_day"].agg(set)
    assert all(value in read[date] for date, value in zip(merged["date"], merged["rhr_day"], strict=True))
    assert merged["date"].is_unique
    assert not np.isnan(merged["rhr_day"]).any()
