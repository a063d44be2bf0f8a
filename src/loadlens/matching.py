"""Which rows of several sources are one and the same activity: by id, by start and length, by clocks a zone apart.

Every find is a pair of rows with how sure it is; `unite` makes groups of them, in which a source never stands twice: a
list is taken at its word.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from loadlens.log import reading_rules

_DURATIONS = ("duration", "moving", "elapsed")
_FIGURES = re.compile(r"\d+")


class Pair(NamedTuple):
    """Two rows that are one activity; the smaller `doubt` (kind of evidence, then seconds apart), the surer."""

    doubt: tuple[int, float]
    one: int
    other: int


def find_named(table: pd.DataFrame, same_as: Mapping[str, str]) -> list[Pair]:
    """Pair the row of a list with the recording that it names, and rows that bear the same id.

    Parameters
    ----------
    table : DataFrame
        The activities of all sources, in order of rank, on a RangeIndex.
    same_as : mapping of str to str
        Name of a file -> name of the file with the same content that was read in its place.

    Returns
    -------
    list of Pair
        A recording named by its path beside the list, or, where that is not there, by a number that is in the name of
        just one recording; and equal ids, of two sources, that start within a day of each other.
    """
    sources, files = table["source"].tolist(), table["file"].tolist()
    recordings = {source: place for place, source in enumerate(sources) if pd.isna(files[place])}
    by_id = _find_ids(table)
    seconds = read_clocks(table)
    pairs = []
    for place in np.flatnonzero(table["file"].notna().to_numpy()).tolist():
        folder, _, _ = str(sources[place]).rpartition("/")
        for file in str(files[place]).split("; "):  # one activity may have several, such as the routes of a workout
            target = f"{folder}/{file.lstrip('/')}".lstrip("/")
            target = same_as.get(target, target)
            named = [recordings[target]] if target in recordings else _find_moved(file, by_id)
            pairs += [
                Pair((0, 0.0), *sorted((one, place)))
                for one in named
                if sources[one] != sources[place] and are_near(seconds, one, place)
            ]
    for rows in by_id.values():
        for step in range(1, min(len(rows), reading_rules()["merging"]["neighbours_at_most"])):
            pairs += [
                Pair((1, 0.0), one, other)
                for one, other in zip(rows, rows[step:], strict=False)
                if sources[one] != sources[other] and are_near(seconds, one, other)
            ]
    return pairs


def _find_ids(table: pd.DataFrame) -> dict[str, list[int]]:
    """Return rows by the ids they have: a platform's own, and of a recording the long numbers in its name."""
    least = reading_rules()["merging"]["id_figures_at_least"]
    found: dict[str, list[int]] = defaultdict(list)
    rows = zip(table["source_id"].tolist(), table["source"].tolist(), table["source_row"].isna(), strict=True)
    for place, (own, source, recorded) in enumerate(rows):
        ids = {str(own)} if not pd.isna(own) else set()
        if recorded:  # of a list the name says nothing of one row
            ids |= set(_FIGURES.findall(str(source).rpartition("/")[2]))
        for one in ids:
            if len(one) >= least:
                found[one].append(place)
    return found


def _find_moved(file: str, by_id: Mapping[str, list[int]]) -> list[int]:
    """Return the recording with the number of a file that no longer lies where the list says; none of several."""
    least = reading_rules()["merging"]["id_figures_at_least"]
    numbers = [one for one in _FIGURES.findall(file.rpartition("/")[2]) if len(one) >= least]
    rows = [place for one in numbers for place in by_id.get(one, ())]
    return rows if len(rows) == 1 else []


def read_clocks(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return start_utc and start_local in seconds since 2000, NaN where unknown."""
    clocks = {}
    for name in ("start_utc", "start_local"):
        origin = pd.Timestamp("2000-01-01", tz=table[name].dt.tz)
        clocks[name] = (table[name] - origin).dt.total_seconds().to_numpy("float64")
    return clocks


def are_near(clocks: Mapping[str, np.ndarray], one: int, other: int) -> bool:
    """Say whether two rows start within a day of each other, as far as their clocks tell."""
    most = 3600.0 * reading_rules()["merging"]["id_hours_at_most"]
    apart = [abs(clock[one] - clock[other]) for clock in clocks.values()]
    known = [seconds for seconds in apart if not np.isnan(seconds)]
    return not known or min(known) <= most


def find_same_starts(table: pd.DataFrame) -> list[Pair]:
    """Pair rows that start together on one clock, last as long, and are not two different sports.

    Pairs of one and the same source are among them: they are for the ledger.
    """
    found: dict[tuple[int, int], Pair] = {}
    for clock in read_clocks(table).values():
        for pair in _find_on_clock(table, clock):
            rows = pair.one, pair.other
            found[rows] = min(found.get(rows, pair), pair)
    return sorted(found.values())


def _find_on_clock(table: pd.DataFrame, clock: np.ndarray) -> list[Pair]:
    rules = reading_rules()["merging"]
    places = np.flatnonzero(np.isfinite(clock))
    places = places[np.argsort(clock[places], kind="stable")]
    seconds, lengths, kinds = clock[places], read_lengths(table), read_kinds(table)
    pairs = []
    for step in range(1, rules["neighbours_at_most"] + 1):
        apart = seconds[step:] - seconds[:-step]
        near = np.flatnonzero(apart <= rules["start_seconds"])
        if not len(near):
            break
        first, second = np.sort(np.stack([places[near], places[near + step]]), axis=0)
        alike = are_alike(kinds, first, second)
        alike &= last_as_long(lengths, first, second, apart[near] * rules["duration_over_gap"], rules["share"])
        found = (apart[near][alike], first[alike], second[alike])
        pairs += [Pair((2, gap), one, other) for gap, one, other in zip(*(a.tolist() for a in found), strict=True)]
    return pairs


def read_kinds(table: pd.DataFrame) -> np.ndarray:
    """Return what tells sports apart: 2 for a run, 1 for another sport, 0 for "other", which may be any."""
    named = table["sport"].notna() & (table["sport"] != "other")
    return np.where(table["sport"] == "run", 2, named.astype(int)).astype(np.int8)


def are_alike(kinds: np.ndarray, one: Any, other: Any) -> Any:
    """Say whether rows may be one sport; a run is no other sport."""
    return (kinds[one] == kinds[other]) | (kinds[one] == 0) | (kinds[other] == 0)


def read_lengths(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return durations [s] and distance [m] as arrays."""
    return {name: table[name].to_numpy("float64") for name in (*_DURATIONS, "distance")}


def last_as_long(lengths: Mapping[str, np.ndarray], one: Any, other: Any, least: Any, share: float) -> Any:
    """Say whether any of the durations, of `least` seconds or more, agree; without any, whether the distances do.

    Parameters
    ----------
    lengths : mapping of str to array
        Of `read_lengths`.
    one, other : int or array of int
        Rows to compare.
    least : float or array of float
        Shortest duration that tells [s].
    share : float
        Share of the larger by which they may differ.
    """
    known, same = np.zeros(np.shape(one), bool), np.zeros(np.shape(one), bool)
    for a in _DURATIONS:
        for b in _DURATIONS:
            both = (lengths[a][one] > 0) & (lengths[b][other] > 0)  # NaN is not > 0
            enough = np.minimum(lengths[a][one], lengths[b][other]) >= least
            known |= both
            same |= both & enough & agree(lengths[a][one], lengths[b][other], share)
    a, b = lengths["distance"][one], lengths["distance"][other]
    return np.where(known, same, (a > 0) & (b > 0) & agree(a, b, share))


def agree(one: Any, other: Any, share: float) -> Any:
    """Say whether measures are equal within a share of the larger; what is missing agrees with nothing."""
    return np.abs(one - other) <= share * np.maximum(one, other)


def find_shifted(table: pd.DataFrame, sources: Sequence[frozenset[str]]) -> list[Pair]:
    """Pair rows whose clocks are a time zone apart: a list in wall time without a zone, and any other source.

    Parameters
    ----------
    table : DataFrame
        The activities of all sources, in order of rank.
    sources : sequence of frozenset of str
        For each row the sources that are already joined with it.

    Returns
    -------
    list of Pair
        Starts that differ by the offset of a zone, with equal durations and distances. Of several candidates the one
        whose offset most activities share; none where that leaves a choice. Where the other has a wall time as well,
        only an offset that several activities share is believed.
    """
    rules = reading_rules()["merging"]["clocks"]
    clocks = read_clocks(table)
    wall = np.flatnonzero(np.isnan(clocks["start_utc"]) & np.isfinite(clocks["start_local"]))
    other_clock = np.where(np.isfinite(clocks["start_utc"]), clocks["start_utc"], clocks["start_local"])
    certain = np.isfinite(clocks["start_local"])  # of another's UTC alone, any zone may be true
    order = np.argsort(other_clock, kind="stable")
    order = order[: int(np.isfinite(other_clock).sum())]
    lengths, kinds, formats = read_lengths(table), read_kinds(table), table["format"].tolist()
    low, high = (3600.0 * hours for hours in rules["hours"])
    slack = reading_rules()["merging"]["start_seconds"]
    moments = other_clock[order]
    first = np.searchsorted(moments, clocks["start_local"][wall] - high - slack)
    last = np.searchsorted(moments, clocks["start_local"][wall] - low + slack, side="right")
    found = []
    for row, begin, end in zip(wall.tolist(), first.tolist(), last.tolist(), strict=True):
        if end - begin > 100:  # nobody does so much in a day: a hostile file would cost minutes here
            continue
        for other in order[begin:end].tolist():
            offset = _find_offset(clocks["start_local"][row] - other_clock[other], slack)
            if (
                offset is not None
                and formats[row] != formats[other]
                and not sources[row] & sources[other]
                and (offset != 0 or np.isfinite(clocks["start_utc"][other]))
                and are_alike(kinds, row, other)
                and _are_equal(lengths, row, other)
            ):
                found.append((row, other, offset))
    return _choose_offsets(found, formats, certain)


def find_same_days(table: pd.DataFrame) -> list[Pair]:
    """Pair a row that has no time of day with rows of the same date that are as long, and are no other sport.

    Lists of days (a training diary, a coach's calendar) know no more; of several rows that fit, the nearest in time
    and distance is the surest.
    """
    clocks = read_clocks(table)
    bare = np.isnan(clocks["start_utc"]) & np.isnan(clocks["start_local"])
    lengths, kinds, sources = read_lengths(table), read_kinds(table), table["source"].tolist()
    by_date: dict[Any, list[int]] = defaultdict(list)
    for place, date in enumerate(table["date"].tolist()):
        if not pd.isna(date):
            by_date[date].append(place)
    found = []
    for places in by_date.values():
        if len(places) > 100:  # nobody does so much in a day: a hostile file would cost minutes here
            continue
        for row in (place for place in places if bare[place]):
            for other in places:
                alike = kinds[row] == kinds[other] or "" in (kinds[row], kinds[other])
                if sources[row] != sources[other] and alike and _are_equal(lengths, row, other):
                    apart = [abs(lengths[name][row] - lengths[name][other]) for name in ("duration", "distance")]
                    found.append(Pair((4, float(np.nansum(apart))), *sorted((row, other))))
    return sorted(set(found))


def _find_offset(seconds: float, slack: float) -> int | None:
    """Return the offset of a zone, in minutes, that two clocks are apart; None where no zone is like that."""
    rules = reading_rules()["merging"]["clocks"]
    hours = round(seconds / 3600)
    allowed = [60 * hours] if rules["hours"][0] <= hours <= rules["hours"][1] else []
    near = [one for one in (*allowed, *rules["odd_minutes"]) if abs(seconds - 60 * one) <= slack]
    return near[0] if near else None


def _are_equal(lengths: Mapping[str, np.ndarray], one: int, other: int) -> bool:
    rules = reading_rules()["merging"]
    a, b = lengths["distance"][one], lengths["distance"][other]
    if a > 0 and b > 0:
        return bool(agree(a, b, rules["share"]) and last_as_long(lengths, one, other, 0.0, rules["share"]))
    apart = abs(lengths["duration"][one] - lengths["duration"][other])
    return bool(apart <= rules["clocks"]["duration_seconds"])


def _choose_offsets(found: Sequence[tuple[int, int, int]], formats: Sequence[Any], certain: np.ndarray) -> list[Pair]:
    """Of the candidates of each row, and for each, take the one with the offset that most activities share."""
    shared: Counter[tuple[Any, Any, int]] = Counter()
    seen: set[tuple[int, Any, int]] = set()
    for row, other, offset in found:
        if (row, formats[other], offset) not in seen:
            seen.add((row, formats[other], offset))
            shared[formats[row], formats[other], offset] += 1
    least = reading_rules()["merging"]["clocks"]["support_at_least"]
    votes = {
        (row, other): shared[formats[row], formats[other], offset]
        for row, other, offset in found
        if not certain[other] or shared[formats[row], formats[other], offset] >= least
    }
    best: dict[tuple[str, int, Any], list[int]] = defaultdict(list)
    for (row, other), count in votes.items():
        best["row", row, formats[other]].append(count)
        best["other", other, formats[row]].append(count)
    pairs = []
    for (row, other), count in votes.items():
        rivals = (best["row", row, formats[other]], best["other", other, formats[row]])
        if all(count == max(counts) and counts.count(count) == 1 for counts in rivals):
            pairs.append(Pair((3, -float(count)), *sorted((row, other))))
    return sorted(pairs)


def unite(sources: Sequence[frozenset[str]], pairs: Sequence[Pair]) -> list[int]:
    """Return for each row the number of its group.

    Parameters
    ----------
    sources : sequence of frozenset of str
        Where each row comes from.
    pairs : sequence of Pair
        The surest are joined first; a pair whose groups have a source in common is not joined.

    Returns
    -------
    list of int
        The place of the first row of the group.
    """
    parent, within = list(range(len(sources))), list(sources)

    def find(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    for _, one, other in sorted(pairs):
        a, b = sorted((find(one), find(other)))
        if a != b and not within[a] & within[b]:
            parent[b] = a
            within[a] |= within[b]
    return [find(row) for row in range(len(sources))]
