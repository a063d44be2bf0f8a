"""The running log of one athlete: ten plain DataFrames, and one gate that every table passes.

What a column means, its unit and the range a body and a watch can produce stand in ``data/columns.toml``. Readers give
raw frames in those columns; `conform` checks them, orders them and sets impossible values aside.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from loadlens.displays import Shown

TEXT = pd.StringDtype(na_value=np.nan)
DTYPES: dict[str, Any] = {
    "text": TEXT,
    "number": "float64",
    "integer": "Int64",
    "flag": "boolean",
    "date": "datetime64[us]",
    "clock": "datetime64[us]",
    "instant": pd.DatetimeTZDtype("us", "UTC"),
}
"""What a column's declared dtype is in pandas."""

MOST_ALIKE = 1_000
"""Rows of the ledger of one kind that a file gets, each for itself; what is beyond shares one more, which counts on."""

PerDay = Literal["sum", "mean", "max"]


class LogError(ValueError):
    """A table does not fit the log. The message says where, what is wrong, and what would be right."""


@cache
def describe_columns() -> dict[str, dict[str, dict[str, Any]]]:
    """Return every table's columns with their dtype, unit, range and names, as ``data/columns.toml`` has them.

    The table wellness_by_source has the columns of wellness, and the format of the source.
    """
    tables: dict[str, Any] = tomllib.loads(files("loadlens").joinpath("data/columns.toml").read_text("utf-8"))
    as_read = {
        name: {key: value for key, value in spec.items() if key != "per_day"}  # several rows of a day do not add up
        for name, spec in tables["wellness"].items()
    }
    return tables | {"wellness_by_source": as_read | {"format": tables["sources"]["format"]}}


def name_column(column: str, lang: str) -> str:
    """Return what a column is called in a language; a name that no table has is returned as it is."""
    names = (table[column][lang] for table in describe_columns().values() if column in table)
    return str(next(names, column))


@cache
def reading_rules() -> dict[str, Any]:
    """Return the numbers by which sources are joined and days accounted for (``data/reading.toml``)."""
    return tomllib.loads(files("loadlens").joinpath("data/reading.toml").read_text("utf-8"))


def conform(
    table: str, frame: pd.DataFrame, sources: Sequence[str] | None = None
) -> tuple[pd.DataFrame, list[dict[str, object]]]:
    """Give a table its declared columns, dtypes and order, and set impossible values aside.

    Parameters
    ----------
    table : str
        A table of ``data/columns.toml``.
    frame : DataFrame
        Any of the table's columns, in canonical units.
    sources : sequence of str, optional
        Source of each row, for the ledger, where the table itself has no column for it (laps, minutes).

    Returns
    -------
    frame : DataFrame
        All declared columns, in order, on a fresh RangeIndex.
    issues : list of dict
        Ledger rows for values outside the declared range, which are NaN in the result.

    Raises
    ------
    LogError
        The table or a column is not declared, a value is not of the column's type or vocabulary.
    """
    declared = describe_columns().get(table)
    if declared is None:
        raise LogError(f"{table}: no such table; known: {', '.join(describe_columns())}")
    stray = [str(name) for name in frame.columns if name not in declared]
    if stray:
        raise LogError(f"{table}: unknown columns {stray}; declared in data/columns.toml: {list(declared)}")
    frame = frame.reset_index(drop=True)
    out = {name: _cast(table, name, spec, frame) for name, spec in declared.items()}
    conformed = pd.DataFrame(out, index=frame.index)
    issues: list[dict[str, object]] = []
    for name, spec in declared.items():
        if "range" in spec:
            low, high = spec["range"]
            issues += _set_aside_impossible(conformed, name, low, high, sources)
    return conformed, issues


def _cast(table: str, name: str, spec: dict[str, Any], frame: pd.DataFrame) -> pd.Series[Any]:
    dtype = DTYPES[spec["dtype"]]
    if name not in frame or frame[name].isna().all():  # of nothing but gaps pandas cannot tell what they are gaps of
        return pd.Series(index=frame.index, dtype=dtype)
    try:
        column = frame[name]
        if spec["dtype"] == "integer":
            column = column.astype("Float64")
            if ((column % 1).fillna(0) != 0).any():  # the cast below would cut fractions off without a word
                raise ValueError("a fraction where whole numbers stand")
        column = column.astype(dtype)
    except (TypeError, ValueError) as error:
        raise LogError(f"{table}.{name}: {error}; would be right: {spec['dtype']}") from error
    if spec["dtype"] == "date":
        column = column.dt.normalize()
    if "values" in spec:
        wrong = column[column.notna() & ~column.isin(spec["values"])]
        if len(wrong):
            raise LogError(f"{table}.{name}: {wrong.iloc[0]!r} is not one of {spec['values']}")
    return column


def _set_aside_impossible(
    frame: pd.DataFrame, name: str, low: float, high: float, given: Sequence[str] | None
) -> list[dict[str, object]]:
    values = frame[name].to_numpy("float64", na_value=np.nan)
    wrong = (values < low) | (values > high)
    if not wrong.any():
        return []
    found = pd.DataFrame({"value": values[wrong], "source": None, "row": None})
    if "source" in frame:
        found["source"] = frame.loc[wrong, "source"].to_numpy(object)
    elif given is not None:
        found["source"] = np.asarray(given, object)[wrong]
    if "source_row" in frame:
        found["row"] = frame.loc[wrong, "source_row"].to_numpy(object)
    found["count"] = 1
    if "activity" in frame and "source" not in frame:  # laps and minutes: one entry for the column of a source
        counts = found.groupby("source", dropna=False, sort=False)["count"].transform("size")
        found = found.assign(count=counts)[~found["source"].duplicated()]
    elif len(found) > MOST_ALIKE:
        found = _join_beyond(found)
    frame.loc[wrong, name] = np.nan if frame[name].dtype == "float64" else pd.NA
    return [
        {
            "source": None if pd.isna(source) else source,
            "row": None if pd.isna(row) else row,
            "field": name,
            "what": "impossible_value",
            "value": f"{value:g}",
            "count": count,
            "action": "set_aside",
        }
        for value, source, row, count in found.itertuples(index=False)
    ]


def _join_beyond(found: pd.DataFrame) -> pd.DataFrame:
    """Let what is beyond `MOST_ALIKE` entries of a source share one, with the value of the first."""
    number = found.groupby("source", dropna=False, sort=False).cumcount()
    rest = int((number > MOST_ALIKE).sum())
    if not rest:
        return found
    last = number == MOST_ALIKE
    counts = found[number >= MOST_ALIKE].groupby("source", dropna=False, sort=False)["count"].transform("sum")
    found.loc[last, "count"], found.loc[last, "row"] = counts[last], None
    return found[number <= MOST_ALIKE]


@dataclass(frozen=True, eq=False, repr=False)
class RunningLog(Shown):
    """One athlete's log. Every attribute is a DataFrame; ``data/columns.toml`` describes its columns.

    Attributes
    ----------
    activities : DataFrame
        One row per session of any sport, oldest first.
    laps, minutes : DataFrame
        Laps, and one row per recorded minute of foot sports; both refer to ``activities.activity``.
    wellness : DataFrame
        One row per local date: each field from one maker over a whole stretch of days.
    gear : DataFrame
        Shoes, with the distance that is certain and the distance that is possible.
    diary : DataFrame
        One row per entry.
    days : DataFrame
        One row per local date of the span: run, rest or unknown, and why.
    sources, ledger : DataFrame
        Every file offered; everything set aside, repaired, converted or merged.
    wellness_by_source : DataFrame
        The days of wellness as every source gave them, before one was chosen: one row per date and source.
    """

    activities: pd.DataFrame
    laps: pd.DataFrame
    minutes: pd.DataFrame
    wellness: pd.DataFrame
    gear: pd.DataFrame
    diary: pd.DataFrame
    days: pd.DataFrame
    sources: pd.DataFrame
    ledger: pd.DataFrame
    wellness_by_source: pd.DataFrame = field(default_factory=lambda: empty_table("wellness_by_source"))

    def __post_init__(self) -> None:
        for entry in fields(self):
            expected = list(describe_columns()[entry.name])
            if list(getattr(self, entry.name).columns) != expected:
                raise LogError(f"{entry.name}: columns differ from data/columns.toml; pass it through conform()")

    @property
    def runs(self) -> pd.DataFrame:
        """Activities that are runs, of any kind."""
        return self.activities[self.activities["sport"] == "run"]

    @property
    def span(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        """First and last local date of the log.

        Raises
        ------
        LogError
            The log has no days.
        """
        if self.days.empty:
            raise LogError("log: it has no days; read a source with at least one activity or one day")
        return self.days["date"].iloc[0], self.days["date"].iloc[-1]

    def daily(self, column: str, per_day: PerDay | None = None) -> pd.Series[float]:
        """Return one value for each day of the span.

        Parameters
        ----------
        column : str
            ``"table.column"``, of activities (runs only) or wellness.
        per_day : {"sum", "mean", "max"}, optional
            How the rows of one day add up; by default as ``data/columns.toml`` says.

        Returns
        -------
        Series of float, shape (days,)
            In the column's unit, on a daily DatetimeIndex. For activities 0 on rest days (NaN for a mean); NaN on
            unknown days, and on days where a value is missing from a run.

        Raises
        ------
        LogError
            No such column, or it has no daily form.
        """
        table, _, name = column.partition(".")
        spec = describe_columns().get(table, {}).get(name)
        how = per_day or (spec or {}).get("per_day")
        if spec is None or how is None or table not in ("activities", "wellness"):
            raise LogError(f"{column}: has no daily value; would be right: activities.distance, wellness.sleep ...")
        rows = self.runs if table == "activities" else self.wellness
        groups = rows.groupby("date")[name]
        per_date = groups.agg(how)
        index = pd.DatetimeIndex(self.days["date"], name="date")
        # A run without the value is not a run of 0, nor is a night without one: pandas adds up nothing to 0.
        per_date = per_date.where(groups.count() == groups.size() if table == "activities" else groups.count() > 0)
        series = per_date.reindex(index)
        if table == "activities" and how != "mean":
            rest = (self.days["state"] == "rest").to_numpy()
            series = series.mask(rest, 0.0)
        return series.astype("float64").rename(column)

    def records(self, activity: str, *, positions: bool = False) -> pd.DataFrame:
        """Return the samples of one activity, decoded anew from its FIT, TCX or GPX file.

        Parameters
        ----------
        activity : str
            One of ``activities.activity``.
        positions : bool, optional
            Also latitude and longitude. A position tells where someone lives, so nothing has it unless asked for.

        Returns
        -------
        DataFrame
            One row per sample, in the columns of the table ``records`` in ``data/columns.toml``; what the watch did
            not record is NaN. Watches write every second or only when something changes. ``elapsed`` counts from
            the first sample; ``timer_time`` leaves out stops of the timer, NaN where the file tells none.

        Raises
        ------
        LogError
            No such activity; it has no recording (a row of a list, an entry by hand); its file is no longer where it
            was or has changed; or this log was not read from files.
        """
        from loadlens.samples import read_samples  # the log reads files again only when asked

        return read_samples(self, activity, positions=positions)

    @property
    def places(self) -> Mapping[str, Path]:
        """Where the files lie: what ``sources.path`` begins with -> path given to ``read``. Shown nowhere."""
        known: Mapping[str, Path] = self.__dict__.get("_places", {})
        return known

    def locate(self, places: Mapping[str, Path]) -> RunningLog:
        """Return the same log, which knows where its files lie."""
        located = replace(self)
        object.__setattr__(located, "_places", dict(places))
        return located

    def until(self, date: pd.Timestamp | str) -> RunningLog:
        """Return the log as it was at the end of a day: nothing later is in it.

        Parameters
        ----------
        date : Timestamp or str
            The last local date to keep.
        """
        last = pd.Timestamp(date).normalize()
        activities = self.activities[self.activities["date"] <= last]
        kept = {
            name: getattr(self, name)[getattr(self, name)["date"] <= last].reset_index(drop=True)
            for name in ("wellness", "wellness_by_source", "diary", "days")
        }
        for name in ("laps", "minutes"):
            table = getattr(self, name)
            kept[name] = table[table["activity"].isin(activities["activity"])].reset_index(drop=True)
        starts = self.gear[["gear", "start_distance"]]
        activities = activities.reset_index(drop=True)
        earlier = replace(self, activities=activities, gear=tally_gear(activities, starts), **kept)
        return earlier.locate(self.places)


def tally_gear(activities: pd.DataFrame, starts: pd.DataFrame | None = None) -> pd.DataFrame:
    """Add up the running distance of every pair of shoes.

    Parameters
    ----------
    activities : DataFrame
        The table of that name.
    starts : DataFrame, optional
        Columns gear and start_distance [m]: distance on the shoes before the log, and shoes without runs.

    Returns
    -------
    DataFrame
        The table gear. ``distance_possible`` adds what `farthest` says of every run in the pair without a distance,
        and of every run that names no shoes and lies within the days on which the pair was worn; it is unknown where
        such a run has no limit.
    """
    runs = activities[activities["sport"] == "run"]
    runs = runs.assign(most=farthest(runs["distance"], runs["duration"]))
    named = runs[runs["gear"].notna()]
    grouped = named.groupby("gear")
    table = pd.DataFrame(
        {
            "first_date": grouped["date"].min(),
            "last_date": grouped["date"].max(),
            "runs": grouped.size(),
            "distance_known": grouped["distance"].sum(),
            "most": grouped["most"].sum(),
        }
    )
    if starts is not None and len(starts):
        table = table.reindex(table.index.union(pd.Index(starts["gear"].unique()), sort=False))
        table["start_distance"] = starts.groupby("gear")["start_distance"].max()
    unnamed = runs.loc[runs["gear"].isna(), ["date", "most"]]
    possible = [
        unnamed.loc[unnamed["date"].between(first, last), "most"].sum()
        for first, last in zip(table["first_date"], table["last_date"], strict=True)
    ]
    before = table["start_distance"].fillna(0.0) if "start_distance" in table else 0.0
    table["distance_known"] = table["distance_known"].fillna(0.0) + before
    most = table.pop("most").fillna(0.0) + before + possible
    table["distance_possible"] = most.where(np.isfinite(most))
    table["runs"] = table["runs"].fillna(0)
    return conform("gear", table.rename_axis("gear").reset_index().sort_values("first_date", kind="stable"))[0]


def farthest(distance: pd.Series[Any], duration: pd.Series[Any]) -> np.ndarray:
    """Return how far each run can have gone.

    Parameters
    ----------
    distance, duration : Series, shape (runs,)
        m and s, NaN where unknown; oldest first.

    Returns
    -------
    array, shape (runs,)
        The distance; without one, the duration at the fastest average speed of any run so far; infinite where no
        duration, or no earlier speed, tells a limit.
    """
    known = distance.to_numpy("float64")
    lasted = duration.to_numpy("float64")
    speed = np.divide(known, lasted, out=np.zeros(len(known)), where=(known > 0) & (lasted > 0))
    fastest = np.maximum.accumulate(speed) if len(speed) else speed
    limit = np.where((fastest > 0) & (lasted > 0), fastest * lasted, np.inf)
    return np.where(np.isnan(known), limit, known)


def empty_table(table: str) -> pd.DataFrame:
    """Return a table without rows."""
    return _empty(table).copy()


@cache
def _empty(table: str) -> pd.DataFrame:
    return conform(table, pd.DataFrame())[0]
