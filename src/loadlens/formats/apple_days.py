"""Records of Apple Health -> one row per local date: of each quantity one source counts, and the ledger names the rest.

Phone, watch, scale and apps write the same day into Apple Health side by side. Adding them up would count steps and
sleep twice; so for each date one source is chosen by a rule that ``data/apple_health.toml`` states.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loadlens.formats.apple_records import Records, to_local
from loadlens.formats.apple_stream import apple_rules, convert
from loadlens.formats.local_time import are_set

if TYPE_CHECKING:
    from loadlens.formats.source import Reading

DAY = 86_400


def read_quantity(records: Records, reading: Reading) -> tuple[pd.DataFrame, int]:
    """Return the daily values of one quantity.

    Parameters
    ----------
    records : Records
        Of a type that has a rule ``day`` in ``[records]``.
    reading : Reading
        Takes the ledger entries.

    Returns
    -------
    days : DataFrame
        date and the column of the type. The date is that of the middle of a record: a record of a whole day stays on
        it, even when the phone was in another time zone at export.
    used : int
        Records that the values come from.
    """
    rule: dict[str, str] = apple_rules()["records"][records.kind]
    column = rule["column"]
    table = _in_our_unit(_sound(records, column, reading), records, rule, reading)
    again = table.duplicated(["start", "end", "value", "source"])
    _note(reading, "records_repeated", column, int(again.sum()))
    table = table[~again]
    middle = ((table["start"] + table["end"]) / 2).to_numpy()
    local = to_local(middle, table["offset"].to_numpy(), table["zone"].to_numpy(), records.zones.texts)
    table["date"] = (local // DAY).astype("int64")
    table = _choose_source(table, rule["source"], records.sources.texts, column, reading)
    if rule["day"] == "last":
        table = table.sort_values(["date", "end"], kind="stable")
        older = table["date"].duplicated(keep="last")
        _note(reading, "older_version", column, int(older.sum()))
        table = table[~older]
    days = table.groupby("date")["value"].agg(rule["day"]).rename(column).reset_index()
    return _dated(days), len(table)


def read_sleep(records: Records, reading: Reading) -> tuple[pd.DataFrame, int]:
    """Return the nights: time asleep and in each stage, by the date of waking.

    Parameters
    ----------
    records : Records
        The intervals of all sources.
    reading : Reading
        Takes the ledger entries.

    Returns
    -------
    nights : DataFrame
        date, sleep, sleep_deep, sleep_light, sleep_rem, sleep_awake [s]. Intervals of one source that overlap count
        once; of several sources one that knows stages counts first, then the one with the most nights. Being in bed is
        not sleep. What follows after a gap of ``night_gap`` is a night or nap of its own; both count for the date on
        which they end. The stages are NaN where the source does not tell all of them.
    used : int
        Intervals that the nights come from.
    """
    stages = list(apple_rules()["sleep"].values())
    table = _sound(records, "sleep", reading)
    table["stage"] = np.array([*stages, "?"], object)[table["value"].fillna(len(stages)).to_numpy("int64")]
    lasted = table["end"] - table["start"]
    odd = (table["stage"] == "?") | (lasted <= 0) | (lasted > apple_rules()["interval_at_most"])
    _note(reading, "sleep_unusable", "sleep", int(odd.sum()))
    in_bed = ~odd & (table["stage"] == "in_bed")
    _note(reading, "in_bed_not_asleep", "sleep", int(in_bed.sum()))
    table = table[~odd & ~in_bed]
    slept = table["source"].isin(table.loc[table["stage"] != "awake", "source"])
    parts = [_nights(part, records.zones.texts) for _, part in table[slept].groupby("source")]
    outside = int((~slept).sum()) + sum(count for _, count in parts)
    _note(reading, "sleep_outside_night", "sleep", outside)
    if not parts:
        return _dated(pd.DataFrame({"date": [], "sleep": []})), 0
    nights = pd.concat([part for part, _ in parts], ignore_index=True)
    chosen = _choose_nights(nights, records.sources.texts, reading)
    return _dated(chosen.drop(columns=["source", "intervals"])), int(chosen["intervals"].sum())


def _note(reading: Reading, what: str, column: str, count: int, value: object = None) -> None:
    if count:
        reading.note(what, "set_aside", column=column, count=count, value=value)


def _dated(days: pd.DataFrame) -> pd.DataFrame:
    days["date"] = days["date"].to_numpy("int64").astype("datetime64[D]").astype("datetime64[us]")
    return days


def _sound(records: Records, column: str, reading: Reading) -> pd.DataFrame:
    """Return the records with a start and an end; the others go to the ledger."""
    table = records.table()
    times = table[["start", "end"]].to_numpy()
    known = np.isfinite(times).all(axis=1)
    known[known] = are_set(times[known].astype("int64").astype("datetime64[s]")).all(axis=1)
    _note(reading, "records_without_day", column, int((~known).sum()))
    sound: pd.DataFrame = table[known].reset_index(drop=True)
    return sound


def _in_our_unit(table: pd.DataFrame, records: Records, rule: dict[str, str], reading: Reading) -> pd.DataFrame:
    """Return the records whose value and unit can be read, in the unit of the log."""
    names = records.units.texts
    factors = np.array([convert("1", name, rule["unit"]) for name in names] or [np.nan])
    value = table["value"] * factors[table["unit"]]
    for number in np.unique(table.loc[np.isnan(factors[table["unit"]]), "unit"]):
        _note(reading, "unit_unknown", rule["column"], int((table["unit"] == number).sum()), names[number] or "–")
    known = np.isfinite(factors[table["unit"]])
    least = 0 if rule["unit"] == "count" else np.nextafter(0, 1)  # of a heart or a body 0 is no measurement
    good = known & (value >= least)
    _note(reading, "records_without_number", rule["column"], int((known & ~good).sum()))
    sound: pd.DataFrame = table.assign(value=value)[good]
    return sound


def _choose_source(table: pd.DataFrame, rule: str, names: list[str], column: str, reading: Reading) -> pd.DataFrame:
    """Return the records of the one source that counts on each date."""
    per_day = table.groupby(["date", "source"])["value"].sum().rename("weight").reset_index()
    if rule == "main":
        per_day["weight"] = per_day.groupby("source")["date"].transform("size")
    per_day["order"] = _by_name(per_day["source"], names)
    best = per_day.sort_values(["date", "weight", "order"], ascending=[True, False, True]).drop_duplicates("date")
    chosen = table["date"].map(best.set_index("date")["source"]) == table["source"]
    _tell_sources(table["source"][chosen], table["source"][~chosen], names, column, reading)
    kept: pd.DataFrame = table[chosen]
    return kept


def _by_name(source: pd.Series[Any], names: list[str]) -> np.ndarray:
    """Return the place of each source in the order of names: of equals the first counts, whatever stands first."""
    order = sorted(range(len(names)), key=names.__getitem__)
    place: np.ndarray = np.argsort(order)[source.to_numpy("int64")]
    return place


def _tell_sources(
    used: pd.Series[Any], others: pd.Series[Any], names: list[str], column: str, reading: Reading
) -> None:
    """Name in the ledger which sources count, and of each how many records do not."""
    if len(used):
        told = ", ".join(names[int(number)] or "–" for number in used.value_counts().index.to_numpy())
        reading.note("sources_used", "noted", column=column, value=told, count=len(used))
    left = others.value_counts()
    for number, count in zip(left.index.to_numpy().tolist(), left.tolist(), strict=True):
        _note(reading, "source_not_chosen", column, count, names[number] or "–")


def merge_intervals(start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the intervals that cover the same time without overlapping, in order."""
    order = np.argsort(start, kind="stable")
    start, end = start[order], np.maximum.accumulate(end[order])
    first = np.flatnonzero(np.append(True, start[1:] > end[:-1])) if len(start) else np.empty(0, int)
    return start[first], end[np.append(first[1:] - 1, len(end) - 1)] if len(start) else end


def _nights(table: pd.DataFrame, zones: list[str]) -> tuple[pd.DataFrame, int]:
    """Return the dates on which one source's sleep ended, and how many intervals awake lie in no night.

    Of each date the time asleep and in each stage, and of how many intervals.
    """
    stage = table["stage"].to_numpy()
    start, end = table["start"].to_numpy(), table["end"].to_numpy()
    asleep = stage != "awake"
    begun, ended = merge_intervals(start[asleep], end[asleep])
    fresh = np.append(True, begun[1:] - ended[:-1] > apple_rules()["night_gap"])
    slept, woken = begun[fresh], ended[np.append(fresh[1:], True)]
    last = np.flatnonzero(asleep)[np.argsort(end[asleep], kind="stable")]
    waking = last[np.searchsorted(end[last], woken)]  # the record that ends with the night names its time zone
    local = to_local(woken, table["offset"].to_numpy()[waking], table["zone"].to_numpy()[waking], zones)
    date = (local // DAY).astype("int64")
    night = np.searchsorted(slept, start, side="right") - 1
    within = (night >= 0) & (end <= woken[night] + apple_rules()["night_gap"])
    nights = pd.DataFrame({"date": date, "sleep": _total(begun, ended, slept)})
    staged = np.bincount(night[asleep], stage[asleep] == "asleep", len(slept)) == 0
    for name in ("deep", "light", "rem"):
        own = stage == name
        nights[f"sleep_{name}"] = np.where(staged, _total(*merge_intervals(start[own], end[own]), slept), np.nan)
    own = (stage == "awake") & within
    nights["sleep_awake"] = np.where(staged, _total(*merge_intervals(start[own], end[own]), slept), np.nan)
    nights["intervals"] = np.bincount(night[within], minlength=len(slept))
    lacking = nights.isna().groupby(nights["date"]).max()
    told = nights.groupby("date").sum().mask(lacking.drop(columns="date")).reset_index()
    return told.assign(source=table["source"].iloc[0]), int((~within).sum())


def _total(start: np.ndarray, end: np.ndarray, slept: np.ndarray) -> np.ndarray:
    """Return the seconds that intervals give to each night, by where they begin."""
    night = np.maximum(np.searchsorted(slept, start, side="right") - 1, 0)
    return np.bincount(night, end - start, len(slept))


def _choose_nights(nights: pd.DataFrame, names: list[str], reading: Reading) -> pd.DataFrame:
    """Return one row for each date: of a source with stages first, then of the one that has the most nights."""
    nights["staged"] = nights["sleep_deep"].notna()
    nights["most"] = nights.groupby("source")["date"].transform("size")
    nights["order"] = _by_name(nights["source"], names)
    nights = nights.sort_values(
        ["date", "staged", "most", "order"], ascending=[True, False, False, True], ignore_index=True
    )
    best = ~nights["date"].duplicated()
    of_each = nights.loc[nights.index.repeat(nights["intervals"].astype("int64").tolist())]
    first = of_each.index.isin(nights.index[best])
    _tell_sources(of_each["source"][first], of_each["source"][~first], names, "sleep", reading)
    return nights[best].drop(columns=["staged", "most", "order"])
