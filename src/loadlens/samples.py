"""An activity of a log -> its recording, second by second, decoded anew from the file it was read from.

Minutes are what a log keeps, for ten years of seconds would fill the memory. A log read from files remembers where
these lie; the samples of one activity are taken from there when asked for, if the file is still what it was.
"""

from __future__ import annotations

import hashlib
import io
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loadlens.containers import Unopened, find_sources
from loadlens.formats import fit, tracks
from loadlens.formats.recordings import count_timer, to_seconds
from loadlens.formats.source import Source, UnreadableFile
from loadlens.log import LogError, conform

if TYPE_CHECKING:
    from pathlib import Path

    from loadlens.formats.source import Samples
    from loadlens.log import RunningLog

_RECORDINGS = {"fit": fit, "tcx": tracks, "gpx": tracks}
_POSITIONS = ["latitude", "longitude"]
_ROW = re.compile(r" #\d+$")
_AGAIN = re.compile(r" \(\d+\)$")
_NEAR = 120.0  # s by which the start of an activity and that of its recording may differ


def read_samples(log: RunningLog, activity: str, *, positions: bool = False) -> pd.DataFrame:
    """Return the samples of one activity; what they mean, and the errors, stand at `RunningLog.records`."""
    rows = log.activities[log.activities["activity"] == activity]
    if rows.empty:
        raise LogError(f"{activity}: no such activity in this log; would be right: one of activities.activity")
    row = rows.iloc[0]
    known = log.sources.set_index("path")
    places = str(row["merged_from"]).split("; ") if pd.notna(row["merged_from"]) else [str(row["source"])]
    recorded = [
        name
        for name in (_ROW.sub("", place) for place in places)
        if name in known.index and known.loc[name, "format"] in _RECORDINGS
    ]
    if not recorded:
        raise LogError(
            f"{activity}: {row['source']} has no recording of it; would be right: an activity read from FIT, TCX or GPX"
        )
    parts: list[pd.DataFrame] = []
    for name in recorded:
        source = _open(log, name, str(known.loc[name, "sha256"]))
        own = _find_own(_RECORDINGS[str(known.loc[name, "format"])].sample(source), row)
        if own is not None:
            parts.append(_tabulate(own, row))
    if not parts:
        raise LogError(f"{activity}: {recorded[0]} has its totals but no samples of it")
    table = conform("records", _put_together(parts))[0]
    return table if positions else table.drop(columns=_POSITIONS)


def _open(log: RunningLog, name: str, digest: str) -> Source:
    """Find the file again of which `name` stands in the table sources, with its content in memory."""
    given = [shown for shown in log.places if name == shown or name.startswith((f"{shown}/", f"{shown} ("))]
    if not given:
        raise LogError(f"{name}: this log does not know where the file lies; would be right: a log that read() gave")
    shown = max(given, key=len)
    path, content = log.places[shown], None
    try:
        content = _find_content(path, name[len(shown) :], digest)
    except (UnreadableFile, OSError) as error:
        raise LogError(f"{name}: cannot be read any more ({error}); read the export again") from error
    if content is None:
        raise LogError(f"{name}: is no longer at {path}, or has changed since it was read; read the export again")
    return Source(name, content[:0], lambda: io.BytesIO(content))


def _find_content(path: Path, within: str, digest: str) -> bytes | None:
    """Return the content with this digest among the files at `path`; None where none has it.

    `within` says where in `path` the file lies, and its digest that it is the one; a number behind it is there only to
    tell names apart.
    """
    plain = _AGAIN.sub("", within)
    for part in plain.split("/")[1:]:  # straight to a file that lies in a folder, which may hold thousands
        if path.is_dir() and part not in (".", "..") and (path / part).exists():
            path = path / part
    for offer in find_sources(path) if path.exists() else ():
        rest = offer.name.partition("/")[2]
        if not isinstance(offer, Unopened) and (plain.endswith(rest) or within.endswith(rest)):
            content = offer.read()
            if hashlib.sha256(content).hexdigest() == digest:
                return content
    return None


def _find_own(found: list[Samples], row: pd.Series[Any]) -> Samples | None:
    """Choose the recording of an activity among those of its file: the only one, or the one that begins with it."""
    if len(found) <= 1:
        return found[0] if found else None
    begun = [row["start_utc"].tz_localize(None) if one.is_utc else row["start_local"] for one in found]
    apart = [abs((pd.Timestamp(one.start) - start).total_seconds()) for one, start in zip(found, begun, strict=True)]
    nearest = int(np.nanargmin(apart)) if np.isfinite(apart).any() else 0
    return found[nearest] if apart[nearest] <= _NEAR else None


def _tabulate(own: Samples, row: pd.Series[Any]) -> pd.DataFrame:
    """Make a table of one recording; distance counts from its first sample."""
    records = own.records
    table = pd.DataFrame({name: values for name, values in records.items() if name != "time"})
    seconds = to_seconds(records["time"])
    times = pd.Series(records["time"]).astype("datetime64[us]")
    if not own.is_utc:  # the log may know the zone of the runner; else nobody does
        ahead = row["start_local"] - row["start_utc"].tz_localize(None)
        times = times - ahead if pd.notna(ahead) else times.where(times.isna())
    table["time_utc"] = times.dt.tz_localize("UTC")
    table["elapsed"] = seconds - seconds[0]
    if own.stops is not None:
        table["timer_time"] = count_timer(seconds, own.stops)
    return table


def _put_together(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Join the recordings of an activity in parts; of two watches at once the first one counts."""
    table = parts[0]
    for part in parts[1:]:
        first, last = part["time_utc"].min(), part["time_utc"].max()
        if last < table["time_utc"].min() or first > table["time_utc"].max():
            table = pd.concat([table, part], ignore_index=True).sort_values("time_utc", kind="stable")
            table["elapsed"] = (table["time_utc"] - table["time_utc"].iloc[0]).dt.total_seconds()
            table["timer_time"] = np.nan  # each watch had its own
    return table
