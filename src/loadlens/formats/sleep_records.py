"""Sleeps in the records of an archive -> one night for each day of waking; a nap belongs to no night."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from loadlens.formats.json_records import dig, measure, read_code, read_id, show
from loadlens.formats.record_times import Kept, Table, read_clock, read_stamps, to_times
from loadlens.formats.source import Options, Reading

NAP_AT_MOST = 3 * 3600.0  # s; a sleep that is longer is a night, or a part of one
MORNING = 9  # h; a short sleep that begins later, and ends before midnight, is a nap even when the day has no other


def read_nights(kept: Kept, table: Table, reading: Reading, options: Options) -> tuple[pd.DataFrame, int]:
    """Return one row for each day of waking, naps set aside; and how many records were used."""
    begin = read_clock(kept, table["start"], table, options)
    end = read_clock(kept, table["end"], table, options)
    days = end["local"].dt.normalize()
    if "date" in table:
        named = to_times(read_stamps(kept, table["date"])[0])
        days = pd.Series(pd.DatetimeIndex(named)).fillna(days)
    good = days.notna().to_numpy()
    for place in np.flatnonzero(~good).tolist():
        row, record = kept[place]
        reading.note("date_unreadable", "set_aside", row=row, column="date", value=show(dig(record, table["end"])))
    unsure = int((good & (end["told"] == "assumed") & end["utc"].notna()).sum())
    if unsure or table.get("unsure"):
        reading.note("wellness_day_unsure", "noted", column="date", count=unsure or int(good.sum()))
    rows = [record for (_, record), one in zip(kept, good, strict=True) if one]
    frame = pd.DataFrame({"date": days[good].reset_index(drop=True)})
    for column, one in table["fields"].items():
        frame[column], _ = measure(rows, column, one, reading)
    by_day = _is_by_day(begin["local"], end["local"])[good].reset_index(drop=True)
    main = pd.Series([dig(record, table["main"]) if "main" in table else None for record in rows], dtype=object)
    return _join_nights(frame.assign(_rows=1), by_day, main, reading)


def read_stages(kept: Kept, table: Table, reading: Reading, options: Options) -> tuple[pd.DataFrame, int]:
    """Return nights from a table with one row for each stage of a sleep; and how many rows were used."""
    begin = read_clock(kept, table["start"], table, options)
    end = read_clock(kept, table["end"], table, options)
    names = [read_code(dig(record, table["stage"])) for _, record in kept]
    stages = pd.Series([table["stages"].get(name) for name in names], dtype=object)
    length = (end["utc"] - begin["utc"]).dt.total_seconds()
    night = pd.Series([read_id(dig(record, table["id"])) for _, record in kept], dtype=object)
    good = (stages.notna() & night.notna() & (length > 0)).to_numpy()
    for place in np.flatnonzero(~good).tolist():
        row, record = kept[place]
        reading.note("record_unreadable", "set_aside", row=row, value=show(record))
    pieces = pd.DataFrame({"night": night, "stage": stages, "length": length})[good]
    begun = begin["local"][good].groupby(night[good]).min()
    ended = end["local"][good].groupby(night[good]).max()
    frame = pieces.pivot_table(index="night", columns="stage", values="length", aggfunc="sum", observed=True)
    frame = frame.reindex(columns=sorted(set(table["stages"].values())))
    asleep = frame.drop(columns="sleep_awake").sum(axis=1)
    frame["sleep"] = asleep.where(asleep > 0)
    unsure = int((end["told"][good] == "assumed").sum())
    if unsure:
        reading.note("wellness_day_unsure", "noted", column="date", count=len(frame))
    rows = pieces.groupby("night").size().reindex(frame.index)
    frame = frame.assign(date=ended.dt.normalize(), _rows=rows).reset_index(drop=True)
    by_day = _is_by_day(begun, ended).reset_index(drop=True)
    return _join_nights(frame, by_day, pd.Series([None] * len(frame), dtype=object), reading)


def _is_by_day(begin: pd.Series[Any], end: pd.Series[Any]) -> pd.Series[bool]:
    by_day: pd.Series[bool] = (begin.dt.hour >= MORNING) & (begin.dt.normalize() == end.dt.normalize())
    return by_day


def _join_nights(
    frame: pd.DataFrame, by_day: pd.Series[bool], main: pd.Series[Any], reading: Reading
) -> tuple[pd.DataFrame, int]:
    """Set naps aside, and join the parts of a night: lengths add up, the rest is that of the longest part.

    Column ``_rows`` says of how many rows of the file each sleep was made; those of the nights are the second result.
    """
    columns = [str(column) for column in frame if column not in ("date", "_rows")]
    empty = frame[columns].isna().all(axis=1)
    if empty.any():
        reading.note("record_without_values", "set_aside", column="sleep", count=int(frame["_rows"][empty].sum()))
    length = frame["sleep"].fillna(0.0)
    nap = ~empty & (((length < NAP_AT_MOST) & by_day & main.isna()) | main.eq(False))
    if nap.any():
        told = f"{length[nap].iloc[0] / 60:.0f} min"
        reading.note("nap_apart", "set_aside", column="sleep", value=told, count=int(nap.sum()))
    nights = frame[~nap & ~empty].assign(_length=-length).sort_values(["date", "_length"], kind="stable")
    parts = int(nights["date"].duplicated().sum())
    if parts:
        reading.note("night_in_parts", "merged", column="sleep", count=parts)
    total = [column for column in columns if column.startswith("sleep")]
    grouped = nights.groupby("date")
    whole = grouped[columns].first()
    whole[total] = grouped[total].sum(min_count=1)
    return whole.reset_index(), int(nights["_rows"].sum())
