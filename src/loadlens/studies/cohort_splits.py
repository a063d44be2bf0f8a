"""Splits of a cohort that do not leak: no runner on both sides, or no day of the test known while learning."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from loadlens.log import LogError
from loadlens.studies.exposure_rules import exposure_numbers, take_columns


class LeakError(LogError):
    """A table or a split tells what nobody could have known. The message says what, and what would be right."""

    report: pd.DataFrame | None = None
    """What `leak_audit.audit_leaks` found, check by check."""


def assign_folds(participants: Iterable[str], folds: int = 5, seed: int = 0) -> pd.Series[int]:
    """Give each participant a fold that depends on nothing but its name and the seed.

    Participants who join later change nobody's fold, nor does the order of rows or the machine. Folds are therefore
    equal in size only about: a cohort of 100 in 5 folds has some 12 to 28 in each.

    Parameters
    ----------
    participants : iterable of str
        Names; each may come more than once.
    folds : int
        At least 2.
    seed : int
        Another seed is another assignment.

    Returns
    -------
    Series of int
        0 to folds - 1, by participant, in order of name.

    Raises
    ------
    ValueError
        Fewer than 2 folds.
    """
    if folds < 2:
        raise ValueError(f"folds {folds}: nothing is held out; would be right: 2 or more")
    names = sorted({str(name) for name in participants})
    hashed = [
        hashlib.blake2b(f"{seed}\n{name}".encode("utf-8", "surrogatepass"), digest_size=8).digest() for name in names
    ]
    return pd.Series([int.from_bytes(one) % folds for one in hashed], index=pd.Index(names), dtype="int64", name="fold")


def split_by_athlete(table: pd.DataFrame, folds: int = 5, seed: int = 0) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Give training and test rows of each fold; all rows of a runner are on one side.

    Parameters
    ----------
    table : DataFrame
        With the column participant.
    folds, seed : int
        As in `assign_folds`.

    Yields
    ------
    train, test : DataFrame
        Rows of the table, in order. Folds without a runner are left out.

    Raises
    ------
    LogError
        The table names no participant, or all of them fall in one fold.
    """
    _need(table, "participant")
    names = table["participant"].astype(str)
    fold = names.map(assign_folds(names, folds, seed))
    if fold.nunique() < 2:
        raise LogError(f"table: {fold.nunique()} of {folds} folds hold a runner; would be right: more participants")
    for number in range(folds):
        if (fold == number).any():
            yield table[fold != number], table[fold == number]


def split_forward(
    table: pd.DataFrame, date: pd.Timestamp | str, gap_days: int | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Learn from what lies before a date, test on what begins on it or later.

    Parameters
    ----------
    table : DataFrame
        With the columns date and last_date (or date alone): the days a row covers.
    date : Timestamp or str
        First day of the test.
    gap_days : int, optional
        Days before it that are on neither side; by default, and at least, the longest window of an exposure: no day
        is then in the exposures of both sides.

    Returns
    -------
    train, test : DataFrame
        Rows that end before the gap, and rows that begin on the date or later. The same runners may be on both sides:
        a model that is to serve new runners is tested with `split_by_athlete`, or with both.

    Raises
    ------
    LogError
        The table has no dates, or one side is empty.
    ValueError
        The gap is shorter than the longest window.
    """
    first, last = _take_dates(table)
    least = exposure_numbers()["split"]["gap_days"]
    gap = least if gap_days is None else gap_days
    if gap < least:
        raise ValueError(f"gap_days {gap}: exposures look back further; would be right: {least} or more")
    day = pd.Timestamp(date).normalize()
    train, test = table[last < day - pd.Timedelta(days=gap)], table[first >= day]
    for side, rows in (("before the gap", train), ("from the date on", test)):
        if rows.empty:
            raise LogError(f"table: no row {side} ({day.date()}); would be right: a date inside the study")
    return train, test


def check_split(train: pd.DataFrame, test: pd.DataFrame) -> None:
    """Pass a split in which no runner is on both sides, or no day; else raise.

    Parameters
    ----------
    train, test : DataFrame
        With participant, and date (and last_date).

    Raises
    ------
    LeakError
        A runner is on both sides and the training rows do not all end before the first test row.
    """
    for rows in (train, test):
        _need(rows, "participant")
    both = sorted(set(train["participant"].astype(str)) & set(test["participant"].astype(str)))
    reached, begun = _take_dates(train)[1].max(), _take_dates(test)[0].min()
    if both and reached >= begun:
        raise LeakError(
            f"split: {len(both)} runners are on both sides ({', '.join(both[:3])} ...), and training reaches "
            f"{reached.date()} while the test begins on {begun.date()}; would be right: split_by_athlete, split_forward"
        )


def _take_dates(table: pd.DataFrame) -> tuple[pd.Series[pd.Timestamp], pd.Series[pd.Timestamp]]:
    """Give the first and last day of each row."""
    _need(table, "date")
    last = "last_date" if "last_date" in table else "date"
    rows = pd.DataFrame({"participant": "", "date": table["date"], "last": table[last]})
    dated = take_columns("table", rows, ["participant", "date", "last"], ["date", "last"])
    return dated["date"], dated["last"]


def _need(table: pd.DataFrame, *columns: str) -> None:
    lacking = [column for column in columns if column not in table]
    if lacking or table.empty:
        raise LogError(f"table: no {', '.join(lacking) or 'rows'}; would be right: a table of tabulate_exposures")
    empty = [column for column in columns if table[column].isna().any()]
    if empty:
        raise LogError(f"table: {empty[0]} is missing in {int(np.sum(table[empty[0]].isna()))} rows; name it in all")
