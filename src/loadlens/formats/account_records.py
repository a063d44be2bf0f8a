"""Records of a platform's archive -> activities and days, as the table of the platform says.

Times become local days by the offset that stands beside them, else by what the user says; what neither tells is stated
in the ledger.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from loadlens.formats.export_profiles import find_sport
from loadlens.formats.gait import counts_one_foot
from loadlens.formats.json_records import Record, dig, measure, read_code, read_id, read_text, show
from loadlens.formats.local_time import to_local
from loadlens.formats.record_times import Kept, Table, read_clock, read_stamps, to_times
from loadlens.formats.source import Options, Reading

SHORTEST = 60.0  # s; a longer run that got nowhere was not measured
FOOT = ("run", "walk", "hike")


# ------------------------------------------------------------------ activities


def read_activities(kept: Kept, table: Table, reading: Reading, options: Options) -> tuple[pd.DataFrame, int]:
    """Return one row for each activity that has a start, in m, s, bpm, steps/min; and how many records were used."""
    kept = _without_deleted(kept, table, reading)
    times = read_clock(kept, table["start"], table, options)
    known = times["local"].notna().to_numpy(copy=True)
    seen: dict[str, int] = {}
    for place, (row, record) in enumerate(kept):
        number = read_id(dig(record, table["id"])) if "id" in table else None
        if not known[place]:
            told = show(dig(record, table["start"]))
            reading.note("date_unreadable", "set_aside", row=row, column="start_utc", value=told)
        elif number is not None and seen.setdefault(number, row) != row:
            reading.note("row_repeated", "set_aside", row=row, value=seen[number])
            known[place] = False
    kept = [one for one, good in zip(kept, known, strict=True) if good]
    times = times[known].reset_index(drop=True)
    rows = [record for _, record in kept]
    frame = pd.DataFrame(
        {
            "start_utc": times["utc"].dt.tz_localize("UTC"),
            "start_local": times["local"].mask((times["told"] == "assumed") & times["utc"].notna()),
            "date": times["local"].dt.normalize(),
            "time_zone_from": times["told"],
            "source_row": [row for row, _ in kept],
        }
    )
    frame["activity"] = frame["source_row"].astype(str)
    _note_clock(times, table, reading)
    if "id" in table:
        frame["source_id"] = [read_id(dig(record, table["id"])) for record in rows]
    for column, path in table.get("texts", {}).items():
        frame[column] = [read_text(dig(record, path)) for record in rows]
    frame["sport"], frame["sub_sport"], frame["sport_as_exported"] = _read_sports(rows, table, reading)
    for column, one in table["fields"].items():
        frame[column], _ = measure(rows, column, one, reading)
        if one.get("foot"):
            _keep_steps(frame, column, reading)
    if "scale" in table:
        frame[table["scale"]["field"]] *= _scale(rows, table["scale"], reading)
    frame = _settle(frame, kept, table, reading)
    return frame, len(frame)


def _without_deleted(kept: Kept, table: Table, reading: Reading) -> Kept:
    if "deleted" not in table:
        return kept
    gone = [row for row, record in kept if dig(record, table["deleted"]) is not None]
    if gone:
        reading.note("activity_deleted", "set_aside", row=gone[0], count=len(gone))
    return [(row, record) for row, record in kept if dig(record, table["deleted"]) is None]


def _note_clock(times: pd.DataFrame, table: Table, reading: Reading) -> None:
    unsure = int(((times["told"] == "assumed") & times["utc"].notna()).sum())
    if unsure:
        reading.note("local_day_unsure", "noted", column="date", count=unsure)
    if table["clock"] == "assumed" and len(times):
        reading.note("clock_assumed_local", "noted", column="start_local", count=len(times))


def _read_sports(
    rows: Sequence[Record], table: Table, reading: Reading
) -> tuple[list[str], list[str | None], list[str | None]]:
    codes = table.get("codes")
    names = [read_code(dig(record, table["sport"])) for record in rows]
    known = {name: find_sport(codes.get(name, "") if codes is not None else name or "") for name in set(names)}
    counts = Counter(names)
    for name in sorted(known, key=str):
        if known[name][2] != "listed":
            reading.note(f"sport_{known[name][2]}", "noted", column="sport", value=name or "–", count=counts[name])
    return [known[name][0] for name in names], [known[name][1] for name in names], names


def _keep_steps(frame: pd.DataFrame, column: str, reading: Reading) -> None:
    """Keep what counts steps of those on foot, in place, and double a cadence of one foot."""
    foot = frame["sport"].isin(FOOT)
    other = frame[column].notna() & ~foot
    if other.any():
        reading.note("cadence_not_steps", "set_aside", column=column, count=int(other.sum()))
    frame[column] = frame[column].where(foot)
    if "cadence" in column:
        runs = frame.loc[frame["sport"] == "run", column].to_numpy(float)
        one_foot, evidence = counts_one_foot(runs, "run")
        if one_foot:
            frame[column] *= 2
            reading.note("cadence_doubled", "converted", column=column, value=evidence, count=int(foot.sum()))


def _scale(rows: Sequence[Record], told: Table, reading: Reading) -> np.ndarray:
    """Return the unit of each row in metres; NaN, and a word in the ledger, where it is none that is known."""
    units, field = told["units"], told["field"]
    names = [read_text(dig(record, told["by"])) or "" for record in rows]
    lost = [name for name, record in zip(names, rows, strict=True) if name not in units and dig(record, field)]
    if lost:
        reading.note("unit_unknown", "set_aside", column=field, value=lost[0] or "–", count=len(lost))
    signs = sorted({units[name][0] for name in names if name in units})
    reading.facts["units"] = f"{field} {', '.join(signs)}" if signs else None
    return np.array([units[name][1] if name in units else np.nan for name in names], dtype=float)


def _settle(frame: pd.DataFrame, kept: Kept, table: Table, reading: Reading) -> pd.DataFrame:
    """Fill the time from start and end, and the speed; a run of distance 0 is one of unknown distance."""
    for column in ("distance", "duration", "elapsed", "speed"):
        if column not in frame:
            frame[column] = np.nan
    if "end" in table:
        wall, written = read_stamps(kept, table["end"])
        start = read_stamps(kept, table["start"])
        between = (wall - np.nan_to_num(written)) - (start[0] - np.nan_to_num(start[1]))
        between[~(between > 0)] = np.nan
        frame["elapsed"] = frame["elapsed"].fillna(pd.Series(between, index=frame.index))
    lacking = frame["duration"].isna() & frame["elapsed"].notna()
    if lacking.any():
        reading.note("duration_from", "noted", column="duration", value="elapsed", count=int(lacking.sum()))
    frame["duration"] = frame["duration"].fillna(frame["elapsed"])
    nowhere = (frame["sport"] == "run") & frame["distance"].isna() & (frame["duration"] > SHORTEST)
    if nowhere.any():
        reading.note("run_without_distance", "noted", column="distance", count=int(nowhere.sum()))
    frame["speed"] = frame["speed"].fillna(frame["distance"] / frame["duration"])
    return frame


# ------------------------------------------------------------------ days


def read_days(kept: Kept, table: Table, reading: Reading, options: Options) -> tuple[pd.DataFrame, int]:
    """Return one row for each date with a value, of several the first or the largest; and how many records it took."""
    dates = _read_dates(kept, table, reading, options)
    good = dates.notna().to_numpy()
    rows = [record for (_, record), one in zip(kept, good, strict=True) if one]
    frame = pd.DataFrame({"date": dates[good].reset_index(drop=True)})
    columns = list(table["fields"])
    for column, one in table["fields"].items():
        frame[column], _ = measure(rows, column, one, reading)
    some = frame[columns].notna().any(axis=1)
    if not some.all():
        reading.note("record_without_values", "set_aside", column="; ".join(columns), count=int((~some).sum()))
    frame = frame[some].sort_values("date", kind="stable")
    how = "max" if table.get("largest") else "first"
    repeats = int(frame["date"].duplicated().sum())
    if repeats:
        reading.note("date_repeated" if how == "first" else "largest_of_date", "merged", column="date", count=repeats)
    return frame.groupby("date", as_index=False)[columns].agg(how), len(frame)


def _read_dates(kept: Kept, table: Table, reading: Reading, options: Options) -> pd.Series[Any]:
    """Return the local day of each record; a record without one goes to the ledger unless it has no value either."""
    clock, path = table["clock"], table["date"]
    if clock in ("date", "local"):
        seconds, _ = read_stamps(kept, path)
        local = to_times(seconds)
    elif clock == "midnight":
        local = _read_midnights(kept, path, reading, options)
    else:
        times = read_clock(kept, path, table, options)
        unsure = int(((times["told"] == "assumed") & times["local"].notna()).sum())
        if unsure:
            reading.note("wellness_day_unsure", "noted", column="date", count=unsure)
        local = times["local"].to_numpy()
    dates = pd.Series(pd.DatetimeIndex(local)).dt.normalize()
    unread = [(row, dig(record, path)) for (row, record), lost in zip(kept, dates.isna(), strict=True) if lost]
    nothing = [row for row, value in unread if value is None]
    if nothing:
        column = "; ".join(table["fields"])
        reading.note("record_without_values", "set_aside", row=nothing[0], column=column, count=len(nothing))
    for row, value in unread:
        if value is not None:
            reading.note("date_unreadable", "set_aside", row=row, column="date", value=show(value))
    return dates


def _read_midnights(kept: Kept, path: str, reading: Reading, options: Options) -> np.ndarray:
    """Return local dates written as midnight: in UTC, when all are, else local midnight given in UTC.

    Of the latter the nearest midnight is meant, unless the user names the zone; that is right within 12 h of UTC.
    """
    wall, written = read_stamps(kept, path)
    utc = to_times(wall - np.nan_to_num(written))
    known = ~np.isnat(utc)
    if not known.any() or (utc[known] == utc[known].astype("datetime64[D]")).all():
        return utc
    if options.tz is None:
        reading.note("midnight_elsewhere", "noted", column="date", value=utc[known][0], count=int(known.sum()))
        return utc + np.timedelta64(12, "h")
    return to_local(utc, np.nan, options.tz)[0]
