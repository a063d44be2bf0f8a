"""Records of Apple Health: kept as columns of numbers while the file streams by, whatever their number.

A record costs some forty bytes: its texts become numbers a batch at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from loadlens.formats.apple_stream import apple_rules, parse_stamps
from loadlens.formats.source import UnreadableFile

BATCH = 20_000  # records whose texts wait to become numbers
_COLUMNS = {
    "start": "float64",
    "end": "float64",
    "value": "float64",
    "offset": "float32",
    "source": "int16",
    "unit": "int16",
    "zone": "int16",
}


@dataclass
class Names:
    """Distinct texts as numbers, from 0 on, in the order in which they came."""

    file: str
    numbers: dict[str, int] = field(default_factory=dict)

    def number(self, text: str) -> int:
        """Return the number of a text.

        Raises
        ------
        UnreadableFile
            More distinct texts than any export has.
        """
        found = self.numbers.get(text)
        if found is None:
            if len(self.numbers) >= apple_rules()["names_at_most"]:
                raise UnreadableFile("apple_too_many", where=self.file, count=len(self.numbers))
            found = self.numbers[text] = len(self.numbers)
        return found

    @property
    def texts(self) -> list[str]:
        """The texts by number."""
        return list(self.numbers)


@dataclass
class Records:
    """The records of one type, as they stand in the file."""

    kind: str
    sources: Names
    units: Names
    zones: Names
    count: int = 0
    _waiting: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in _COLUMNS})
    _done: dict[str, list[np.ndarray]] = field(default_factory=lambda: {name: [] for name in _COLUMNS})

    def add(self, attributes: dict[str, str]) -> None:
        """Take one record."""
        waiting = self._waiting
        if len(waiting["zone"]) >= BATCH:  # not behind it: its zone may follow
            self._settle()
        waiting["start"].append(attributes.get("startDate", ""))
        waiting["end"].append(attributes.get("endDate", ""))
        waiting["value"].append(attributes.get("value", ""))
        waiting["source"].append(self.sources.number(attributes.get("sourceName", "")[:200]))
        waiting["unit"].append(self.units.number(attributes.get("unit", "")[:40]))
        waiting["zone"].append(-1)
        self.count += 1

    def place(self, zone: str) -> None:
        """Say in which time zone the record taken last was made."""
        if self._waiting["zone"]:
            self._waiting["zone"][-1] = self.zones.number(zone[:60])

    def _settle(self) -> None:
        """Turn the texts that wait into numbers."""
        if self.count > apple_rules()["records_at_most"]:
            raise UnreadableFile("apple_too_many", where=self.sources.file, count=self.count)
        found: dict[str, Any] = dict(self._waiting)
        found["start"], found["offset"] = parse_stamps(self._waiting["start"])
        found["end"], ending = parse_stamps(self._waiting["end"])
        found["offset"] = np.where(np.isfinite(ending), ending, found["offset"])
        found["value"] = read_values(self._waiting["value"], self.kind)
        for name, dtype in _COLUMNS.items():
            self._done[name].append(np.array(found[name], dtype=dtype))
        for texts in self._waiting.values():
            texts.clear()

    def table(self) -> pd.DataFrame:
        """Hand over start, end [s since 1970], value as written, offset [s], and the numbers of source, unit and zone.

        The value of sleep is the place of its stage in ``[sleep]``. What was handed over is kept no longer.
        """
        self._settle()
        return pd.DataFrame({name: np.concatenate(self._done.pop(name)) for name in _COLUMNS})


def read_values(texts: list[str], kind: str) -> np.ndarray:
    """Return the numbers written, NaN where there is none; of sleep the places of the stages in ``[sleep]``."""
    if "unit" not in apple_rules()["records"][kind]:
        places = {name: float(place) for place, name in enumerate(apple_rules()["sleep"])}
        return np.array([places.get(text, np.nan) for text in texts], dtype="float64")
    try:
        values = np.array(texts, dtype="float64")
    except ValueError:
        values = np.array([_number(text) for text in texts])
    values[~(np.abs(values) < 1e12)] = np.nan
    return values


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


@dataclass
class Elements:
    """What streams by: the records of use, and how many of each kind are of none."""

    file: str
    rows: int = 0
    records: dict[str, Records] = field(default_factory=dict)
    unused: Counter[str] = field(default_factory=Counter)
    takers: dict[str, Callable[[dict[str, str]], None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [Names(self.file) for _ in range(3)]
        sources, units, zones = names
        self.records = {kind: Records(kind, sources, units, zones) for kind in apple_rules()["records"]}
        self.takers = {kind: one.add for kind, one in self.records.items()}

    def pass_over(self, kind: str) -> None:
        """Count a record that is not used; of too many kinds the later ones count as one."""
        if kind in self.unused or len(self.unused) < apple_rules()["names_at_most"]:
            self.unused[kind] += 1
        else:
            self.unused["…"] += 1


def to_local(utc: np.ndarray, offset: np.ndarray, zone: np.ndarray, zones: list[str]) -> np.ndarray:
    """Return wall times as seconds since 1970: in the zone of each record where it names one, else as written.

    Parameters
    ----------
    utc, offset : array of float, shape (n,)
        Seconds since 1970, and seconds the clock of the phone was ahead of UTC.
    zone : array of int, shape (n,)
        Place in `zones`, negative where none is named.
    zones : list of str
        IANA names; one that does not exist counts as none.
    """
    local: np.ndarray = utc + offset
    for number in np.unique(zone[zone >= 0]):
        if not is_zone(zones[number]):
            continue
        here = np.flatnonzero((zone == number) & np.isfinite(utc))
        times = pd.DatetimeIndex(utc[here].astype("int64").astype("datetime64[s]")).tz_localize("UTC")
        wall = times.tz_convert(zones[number]).tz_localize(None).to_numpy()
        local[here] = wall.astype("datetime64[s]").astype("int64")
    return local


@lru_cache(maxsize=4096)
def is_zone(name: str) -> bool:
    """Say whether there is a time zone of that name."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError; a folder of zones gives an OSError
        return False
    return True
