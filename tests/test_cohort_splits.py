"""Splits: no runner on both sides, no day of the test in what is learned from."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadlens.log import LogError
from loadlens.studies.cohort_splits import LeakError, assign_folds, check_split, split_by_athlete, split_forward

NAMES = st.lists(st.text(min_size=1, max_size=6), min_size=12, max_size=60)


def rows_of(names: list[str], length: int = 3) -> pd.DataFrame:
    dates = pd.date_range("2024-01-01", periods=length, freq="40D")
    frame = pd.DataFrame([(name, date) for name in names for date in dates], columns=["participant", "date"])
    return frame.assign(last_date=frame["date"] + pd.Timedelta(days=6))


@settings(deadline=None)
@given(NAMES, st.integers(2, 6), st.integers(0, 9))
def test_no_runner_is_on_both_sides_and_every_row_is_tested_once(names, folds, seed):
    table = rows_of(names)
    if assign_folds(names, folds, seed).nunique() < 2:
        with pytest.raises(LogError, match="more participants"):
            list(split_by_athlete(table, folds, seed))
        return
    tested = []
    for train, test in split_by_athlete(table, folds, seed):
        assert set(train["participant"]).isdisjoint(test["participant"])
        assert len(train) + len(test) == len(table)
        check_split(train, test)
        tested += test.index.tolist()
    assert sorted(tested) == list(range(len(table)))


@settings(deadline=None)
@given(NAMES, NAMES, st.integers(0, 9))
def test_who_else_takes_part_changes_nobodys_fold(names, others, seed):
    alone, together = assign_folds(names, 5, seed), assign_folds([*others, *reversed(names)], 5, seed)
    assert alone.equals(together.reindex(alone.index))


def test_folds_are_the_same_on_every_machine():
    folds = {"anna": 1, "ben": 1, "cas": 3, "dirk": 4}
    assert assign_folds(["dirk", "anna", "ben", "cas"], 5, 0).to_dict() == folds


def test_another_seed_is_another_assignment_and_folds_are_about_equal():
    names = [f"runner-{number}" for number in range(1000)]
    first, second = assign_folds(names, 5, 0), assign_folds(names, 5, 1)
    assert 0.1 < (first == second).mean() < 0.3  # a fifth by chance
    assert first.value_counts().between(150, 250).all()


def test_what_is_learned_ends_thirty_days_before_the_test_begins():
    """Rows cover days 0 to 6, 40 to 46 and 80 to 86 from 1 January; the test begins on day 80."""
    train, test = split_forward(rows_of(["a", "b"]), "2024-03-21")
    assert train["date"].unique().tolist() == [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-02-10")]
    assert test["date"].unique().tolist() == [pd.Timestamp("2024-03-21")]
    check_split(train, test)
    near, _ = split_forward(rows_of(["a", "b"]), "2024-03-21", gap_days=34)  # day 46 is 34 days before day 80
    assert near["date"].unique().tolist() == [pd.Timestamp("2024-01-01")]


@settings(deadline=None)
@given(st.dates(pd.Timestamp("2024-02-20").date(), pd.Timestamp("2024-03-21").date()), st.integers(30, 40))
def test_no_day_of_a_longest_window_before_the_test_is_in_training(date, gap):
    train, test = split_forward(rows_of(["a", "b", "c"]), str(date), gap)
    assert test["date"].min() - train["last_date"].max() > pd.Timedelta(days=gap)


def test_dates_may_be_texts():
    table = rows_of(["a", "b"])
    texts = table.assign(date=table["date"].astype(str), last_date=table["last_date"].astype(str))
    for one, other in zip(split_forward(texts, "2024-03-21"), split_forward(table, "2024-03-21"), strict=True):
        assert one.index.equals(other.index)
    with pytest.raises(LogError, match=r"table\.date: .*would be right: local days"):
        split_forward(table.assign(date="someday"), "2024-03-21")


def test_a_gap_shorter_than_the_longest_window_is_refused():
    with pytest.raises(ValueError, match="gap_days 7: exposures look back further; would be right: 30 or more"):
        split_forward(rows_of(["a"]), "2024-03-21", gap_days=7)


@pytest.mark.parametrize(("date", "side"), [("2020-01-01", "before the gap"), ("2030-01-01", "from the date on")])
def test_an_empty_side_is_named(date, side):
    with pytest.raises(LogError, match=side):
        split_forward(rows_of(["a"]), date)


def test_a_random_split_of_rows_is_a_leak():
    table = rows_of(["a", "b", "c"])
    with pytest.raises(LeakError, match="3 runners are on both sides"):
        check_split(table.iloc[::2], table.iloc[1::2])


def test_tables_without_what_a_split_needs_are_named():
    with pytest.raises(LogError, match="no participant"):
        list(split_by_athlete(pd.DataFrame({"date": ["2024-01-01"]})))
    with pytest.raises(LogError, match="participant is missing in 1 rows"):
        list(split_by_athlete(pd.DataFrame({"participant": ["a", None]})))
    with pytest.raises(ValueError, match="folds 1"):
        assign_folds(["a"], 1)
