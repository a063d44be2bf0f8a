"""Tracks as they stand in a TCX or GPX file -> the recording of each activity, in order of time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loadlens.formats import recordings
from loadlens.formats.fit_sessions import DAY, choose
from loadlens.formats.local_time import are_set
from loadlens.formats.trackpoints import FAR, check_number, track_rules

if TYPE_CHECKING:
    from loadlens.formats.recordings import Recording
    from loadlens.formats.source import Reading
    from loadlens.formats.trackpoints import Track

    Piece = tuple[Track, Recording]


def find_pieces(tracks: list[Track], kind: str, name: str, reading: Reading) -> list[Piece]:
    """Return one recording for each activity; sets tracks aside that have none.

    Parameters
    ----------
    tracks : list of Track
        As they stand in the file.
    kind : {"tcx", "gpx"}
        A track of TCX is one activity. One of GPX is divided where it rests for hours, and joined with the next one
        that follows at once.
    name : str
        Name of the file, for the error.
    reading : Reading
        Takes the ledger entries, and counts in its facts what was set aside.

    Raises
    ------
    UnreadableFile
        There are more activities than anyone has.
    """
    pieces: list[Piece] = []
    for track in tracks:
        records = _order_points(track, reading)
        if kind == "tcx":
            pieces.append((track, _keep_longest(records, reading)))
        elif not len(records["time"]):
            what = "track_without_times" if track.count else "too_few_records"
            set_track_aside(reading, what, track.title or track.count)
        else:
            starts = _find_stretches(records["time"], track_rules()["tracks"]["longest_pause"])
            check_number(len(pieces) + len(starts), 0, name)
            ends = [*starts[1:], len(records["time"])]
            pieces += [(track, _cut(records, *edges)) for edges in zip(starts, ends, strict=True)]
    return _join_laps(pieces, reading) if kind == "gpx" else pieces


def set_track_aside(reading: Reading, what: str, value: object) -> None:
    """Note a track that is no activity, and count it."""
    reading.note(what, "set_aside", column="track", value=value)
    reading.facts["set_aside"] = int(str(reading.facts["set_aside"])) + 1


def _order_points(track: Track, reading: Reading) -> Recording:
    """Return the points that have a time as a recording in order (see `recordings`), with offset and segment."""
    points: Recording = {name: np.asarray(values) for name, values in track.columns.items()}
    seconds = points.pop("time", np.full(track.count, np.nan))
    sane = np.abs(seconds) < FAR
    times = np.full(len(seconds), np.datetime64("NaT", "ms"))
    times[sane] = np.round(seconds[sane] * 1000).astype(np.int64).astype("datetime64[ms]")
    wrong = sane & ~are_set(times)
    if wrong.any():
        reading.note("clock_not_set", "set_aside", column="record", value=times[wrong][0], count=int(wrong.sum()))
    records, found = recordings.order_records(choose({"time": times} | points, ~wrong))
    if len(records["time"]):
        for what, action, count in (
            ("records_without_time", "set_aside", found["untimed"]),
            ("records_reordered", "repaired", found["disordered"]),
            ("records_joined", "merged", found["joined"]),
        ):
            if count:
                reading.note(what, action, column="record", count=count)
    return records


def _find_stretches(times: np.ndarray, pause: float) -> list[int]:
    """Return where stretches begin, the first at 0; a new one follows a pause of more than so many seconds."""
    return [0, *(np.flatnonzero(np.diff(times) / np.timedelta64(1, "s") > pause) + 1).tolist()]


def _cut(records: Recording, first: int, last: int) -> Recording:
    return {name: values[first:last] for name, values in records.items()}


def _keep_longest(records: Recording, reading: Reading) -> Recording:
    """Keep the longest stretch without a silent day: a clock that jumped is no ultra."""
    edges = [*_find_stretches(records["time"], DAY), len(records["time"])]
    if len(edges) == 2:
        return records
    longest = int(np.diff(edges).argmax())
    own = _cut(records, edges[longest], edges[longest + 1])
    count = len(records["time"]) - len(own["time"])
    reading.note("records_outside_session", "set_aside", column="record", count=count)
    return own


def _join_laps(pieces: list[Piece], reading: Reading) -> list[Piece]:
    """Join tracks of one kind that follow each other at once: some apps write a track for each lap."""
    groups: list[list[Piece]] = []
    for track, records in sorted(pieces, key=lambda piece: piece[1]["time"][0]):
        if groups and groups[-1][-1][0].sport == track.sport:
            pause = (records["time"][0] - groups[-1][-1][1]["time"][-1]) / np.timedelta64(1, "s")
            if 0 < pause <= track_rules()["tracks"]["shortest_break"]:
                groups[-1].append((track, records))
                continue
        groups.append([(track, records)])
    joined = sum(len(group) - 1 for group in groups)
    if joined:
        reading.note("tracks_joined", "merged", column="track", count=joined)
    return [(group[0][0], _stack([records for _, records in group])) for group in groups]


def _stack(parts: list[Recording]) -> Recording:
    if len(parts) == 1:
        return parts[0]
    empty = [np.full(len(part["time"]), np.nan) for part in parts]
    pairs = list(zip(parts, empty, strict=True))
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: np.concatenate([part.get(name, nan) for part, nan in pairs]) for name in names}
