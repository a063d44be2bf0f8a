"""What holds for every log, whatever the files were: dtypes, ranges, days, keys, accounts; and no cell is markup."""

from __future__ import annotations

from dataclasses import fields
from html.parser import HTMLParser

import numpy as np
import pandas as pd
from odd import MARK

import loadlens
from loadlens.log import RunningLog, describe_columns, empty_table
from loadlens.words import LANGUAGES, knows

ASSESSED_OF, REPORTED_OF = 8, 300
"""Of so many logs one is assessed, and one becomes a page: that takes longer than reading."""


def check_log(log: RunningLog) -> None:
    """Raise AssertionError where a log is not what a log is."""
    for one in fields(RunningLog):
        check_table(one.name, getattr(log, one.name))
    check_rows(log.sources)
    _hold(log.activities["activity"].is_unique, "activities: an id stands twice")
    _hold(log.activities["date"].notna().all(), "activities: one without a date")
    for name in ("laps", "minutes"):
        known = getattr(log, name)["activity"].isin(log.activities["activity"])
        _hold(known.all(), f"{name}: of no activity")
    _hold(not log.minutes.duplicated(["activity", "minute"]).any(), "minutes: one stands twice")
    check_days(log)
    _hold(log.wellness["date"].is_unique and log.wellness["date"].notna().all(), "wellness: a date twice, or none")
    _hold(log.ledger["action"].notna().all() and log.ledger["what"].notna().all(), "ledger: an entry says nothing")
    unknown = [what for what in log.ledger["what"].unique() if not knows(f"ledger.{what}")]
    _hold(not unknown, f"ledger: no sentence for {unknown}")
    _hold((log.ledger["count"].fillna(1) >= 0).all(), "ledger: an entry counts less than nothing")
    _hold(log.ledger["source"].dropna().isin(log.sources["path"]).all(), "ledger: of no source")
    failed = log.sources["message"].str.contains("a fault of loadlens", na=False)
    _hold(not failed.any(), f"a reader failed: {' '.join(log.sources.loc[failed, 'message'].head(1))[-130:]}")


def check_table(name: str, table: pd.DataFrame) -> None:
    """Look at dtypes, finiteness, ranges, vocabularies and texts."""
    _hold(table.dtypes.equals(empty_table(name).dtypes), f"{name}: dtypes are not those declared")
    _hold(isinstance(table.index, pd.RangeIndex) and table.index.start == 0, f"{name}: its index does not count rows")
    for column, told in describe_columns()[name].items():
        values = table[column].dropna()
        if told["dtype"] in ("number", "integer"):
            numbers = values.to_numpy("float64")
            _hold(np.isfinite(numbers).all(), f"{name}.{column}: is infinite")
            low, high = told.get("range", (-np.inf, np.inf))
            _hold(((numbers >= low) & (numbers <= high)).all(), f"{name}.{column}: out of its range")
        elif told["dtype"] in ("date", "clock", "instant"):
            years = values.dt.year
            _hold(
                years.between(1970, 2100).all(),
                f"{name}.{column}: another age: {values.min()}, {values.max()}",
            )
        elif told["dtype"] == "text":
            "".join(values).encode()  # half a surrogate pair can be written nowhere
            _hold(values.isin(told["values"]).all() if "values" in told else True, f"{name}.{column}: no such word")


def check_rows(sources: pd.DataFrame) -> None:
    """Look whether every row of every file is accounted for."""
    rows = sources[["used", "set_aside", "rows"]].fillna(0)
    wrong = (rows["used"] + rows["set_aside"] != rows["rows"]) | (rows < 0).any(axis=1)
    if wrong.any():
        told = sources.loc[wrong, ["path", "format", "status", "rows", "used", "set_aside"]].iloc[0]
        raise AssertionError(f"rows not accounted for: {told.drop('path').to_dict()} {told['path']}")
    silent = sources["status"].isin(["unreadable", "empty", "ignored"]) & sources["message"].isna()
    _hold(not silent.any(), f"sources: no reason given: {sources.loc[silent].head(1).to_dict('records')}")


def check_days(log: RunningLog) -> None:
    """Look whether the days follow each other without a gap and hold every run."""
    dates = log.days["date"]
    _hold((dates.diff().dropna() == pd.Timedelta(days=1)).all(), "days: a gap, or one twice")
    _hold(log.days["state"].notna().all(), "days: one without a state")
    runs = log.runs["date"].dropna()
    running = dates[log.days["state"] == "run"]
    _hold(set(running) == set(runs), "days: not the days with runs")


def look_further(log: RunningLog, number: int) -> None:
    """Assess some of the logs, and make pages of a few: nothing may raise, and no cell may become markup."""
    if number % ASSESSED_OF:
        return
    found = loadlens.assess(log)
    check_markup(log._repr_html_())
    if number % REPORTED_OF < ASSESSED_OF:
        for lang in LANGUAGES:
            check_markup(str(loadlens.report(found, lang=lang)))


def check_markup(page: str) -> None:
    """Raise AssertionError where something of a file became an element or an attribute of a page."""
    looker = _Looker()
    looker.feed(page)
    _hold(not looker.found, f"markup got through: {looker.found[:1]}")
    page.encode()


class _Looker(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in (MARK, "script") or any(name == MARK for name, _ in attrs):
            self.found.append(self.get_starttag_text() or tag)


def _hold(good: object, what: str) -> None:
    if not good:
        raise AssertionError(what)
