"""Tables for injury studies from what a cohort run wrote, a group of participants at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from loadlens.log import LogError
from loadlens.studies.case_crossover_tables import Referents, tabulate_case_crossover
from loadlens.studies.cohort_tables import load, load_groups
from loadlens.studies.diary_follow_up import Definition, follow_diaries
from loadlens.studies.exposure_rules import take_columns
from loadlens.studies.exposure_tables import Scale, Unit, tabulate_exposures

Tables = Mapping[str, pd.DataFrame]

NEEDED = {
    "activities": ["participant", "date", "sport", "distance", "duration"],
    "days": ["participant", "date", "state"],
    "diary": ["participant", "date", "kind", "value", "site"],
}
"""Tables and columns of a cohort that exposures are made from."""


def exposures(
    source: str | Path | Tables,
    events: pd.DataFrame | None = None,
    follow_up: pd.DataFrame | None = None,
    *,
    definition: Definition = "pain",
    unit: Unit = "run",
    scale: Scale = "days",
    lag_days: Literal[0, 1] = 0,
) -> pd.DataFrame:
    """Lay out the time at risk of a cohort with what each runner was exposed to.

    Parameters
    ----------
    source : path, or mapping of DataFrames
        The folder that `loadlens.cohort.run` wrote, or its tables activities, days and diary by name.
    events : DataFrame, optional
        participant, date: your own onsets. Those of the diaries when left out, with the follow-up they allow.
    follow_up : DataFrame, optional
        participant, first, last: where an event of `events` would have been noticed; the whole log when left out.
    definition : {"pain", "time_loss"}
        What an event in a diary is (`follow_diaries`); has no meaning beside `events`.
    unit, scale, lag_days
        As in `tabulate_exposures`.

    Returns
    -------
    DataFrame
        As `tabulate_exposures` gives it, all participants in order of name.

    Raises
    ------
    LogError
        As `tabulate_exposures`; an event or a stretch of follow-up belongs to a participant without days.
    ValueError
        An argument is unknown, or there is follow-up without events.
    """

    def make(tables: Tables, onsets: pd.DataFrame, spells: pd.DataFrame | None) -> pd.DataFrame:
        return tabulate_exposures(
            tables["activities"], tables["days"], onsets, spells, unit=unit, scale=scale, lag_days=lag_days
        )

    return _tabulate(source, events, follow_up, definition, make)


def case_crossover(
    source: str | Path | Tables,
    events: pd.DataFrame | None = None,
    follow_up: pd.DataFrame | None = None,
    *,
    definition: Definition = "pain",
    referents: Referents = "before",
    hazard_days: int = 1,
) -> pd.DataFrame:
    """Set each onset of a cohort beside other days of the same runner.

    Parameters
    ----------
    source, events, follow_up, definition
        As in `exposures`.
    referents, hazard_days
        As in `tabulate_case_crossover`.

    Returns
    -------
    DataFrame
        As `tabulate_case_crossover` gives it; strata are numbered through the whole cohort.

    Raises
    ------
    LogError, ValueError
        As in `exposures`.
    """
    strata = 0

    def make(tables: Tables, onsets: pd.DataFrame, spells: pd.DataFrame | None) -> pd.DataFrame:
        nonlocal strata
        table = tabulate_case_crossover(
            tables["activities"], tables["days"], onsets, spells, referents=referents, hazard_days=hazard_days
        )
        numbered = table.assign(stratum=table["stratum"] + strata)
        strata += table["stratum"].nunique()
        return numbered

    return _tabulate(source, events, follow_up, definition, make)


def find_onsets(source: str | Path | Tables, definition: Definition = "pain") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Find the events in the diaries of a cohort, and the days on which one would have been noticed.

    Parameters
    ----------
    source, definition
        As in `exposures`.

    Returns
    -------
    events, follow_up : DataFrame
        As `follow_diaries` gives them.
    """
    found = [follow_diaries(tables["diary"], tables["days"], definition) for tables in _split(source)]
    events, spells = zip(*found, strict=True)
    return pd.concat(events, ignore_index=True), pd.concat(spells, ignore_index=True)


def _tabulate(
    source: str | Path | Tables,
    events: pd.DataFrame | None,
    follow_up: pd.DataFrame | None,
    definition: Definition,
    make: Callable[[Tables, pd.DataFrame, pd.DataFrame | None], pd.DataFrame],
) -> pd.DataFrame:
    if events is None and follow_up is not None:
        raise ValueError("follow_up: given without events; would be right: both, or neither to take both from diaries")
    given = {"events": events, "follow_up": follow_up}
    known: set[str] = set()
    parts = []
    for tables in _split(source):
        here = set(tables["days"]["participant"])
        known |= here
        spells: pd.DataFrame | None
        if events is None:
            onsets, spells = follow_diaries(tables["diary"], tables["days"], definition)
        else:
            onsets = _of("events", events, here)
            spells = None if follow_up is None else _of("follow_up", follow_up, here)
        parts.append(make(tables, onsets, spells))
    for name, table in given.items():
        stray = set() if table is None else set(table["participant"].astype(str)) - known
        if stray:
            raise LogError(f"{name}: {min(stray)} has no days in this cohort; would be right: its participants")
    return pd.concat(parts, ignore_index=True)


def _of(name: str, table: pd.DataFrame, participants: set[str]) -> pd.DataFrame:
    if "participant" not in table:
        raise LogError(f"{name}: no column participant; would be right: whose each row is")
    return table[table["participant"].astype(str).isin(participants)]


def _split(source: str | Path | Tables) -> Iterator[dict[str, Any]]:
    """Yield the tables of a group of participants at a time; entries without a date are left out, as in a ledger."""
    if isinstance(source, Mapping):
        lacking = [name for name in NEEDED if name not in source]
        if lacking:
            raise LogError(f"tables: no {', '.join(lacking)}; would be right: {', '.join(NEEDED)}")
        yield {name: _dated(name, source[name]) for name in NEEDED}
        return
    for days in load_groups(source, "days", columns=NEEDED["days"]):
        group = {"days": _dated("days", days)}
        names = set(group["days"]["participant"])
        for name in ("activities", "diary"):
            group[name] = _dated(name, load(source, name, names, NEEDED[name]))
        yield group


def _dated(name: str, table: pd.DataFrame) -> pd.DataFrame:
    if "date" not in table:
        raise LogError(f"{name}: no column date; would be right: {', '.join(NEEDED[name])}")
    return take_columns(name, table[table["date"].notna()], NEEDED[name], ["date"])
