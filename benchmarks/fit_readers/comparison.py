"""Compare with fitparse, value by value: counts of records, laps and sessions, and every number in them."""

from __future__ import annotations

import math
import re
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

sys.path.insert(0, str(Path(__file__).parents[2] / "src"))
KINDS = ("record", "lap", "session")
_EPOCH = 631065600  # second 0 of FIT, in Unix time
_NEAREST = 1e-12  # of the value: the last bits of a division done in another order


@dataclass
class Compared:
    """What a comparison found in one file.

    Attributes
    ----------
    refused : str
        Why fitparse does not read the file; empty where it does.
    counts : dict
        Message types of which the counts differ: fitparse's and ours.
    equal : int
        Numbers that are equal.
    different : Counter
        Numbers that are not, by message type and field.
    examples : dict
        One difference of each: row, fitparse's value and ours.
    """

    refused: str = ""
    counts: dict[str, tuple[int, int]] = field(default_factory=dict)
    equal: int = 0
    different: Counter[str] = field(default_factory=Counter)
    examples: dict[str, tuple[int, Any, Any]] = field(default_factory=dict)


def compare(data: bytes) -> Compared:
    """Compare how fitparse and loadlens read one file."""
    import fitparse

    from loadlens.formats.fit_messages import decode

    found = Compared()
    theirs: defaultdict[str, list[Any]] = defaultdict(list)
    try:
        for message in fitparse.FitFile(data).get_messages(list(KINDS)):
            theirs[message.name].append(message)
    except Exception as error:  # noqa: BLE001  whatever stops the other reader is what is reported
        found.refused = f"{type(error).__name__}: {error}"
        return found
    ours = decode(data, unknown=True)
    for kind in KINDS:
        if len(theirs[kind]) != ours.count(kind):
            found.counts[kind] = (len(theirs[kind]), ours.count(kind))
            continue
        columns = ours.columns(kind)
        for row, message in enumerate(theirs[kind]):
            for value in message.fields:
                _compare_field(found, kind, row, value, columns)
    return found


def _compare_field(found: Compared, kind: str, row: int, their: Any, columns: dict[str, np.ndarray]) -> None:
    """Compare one number; text, labels and times are not numbers, and None is no value."""
    if isinstance(their.value, bool) or not isinstance(their.value, (int, float)) or their.name is None:
        return
    column = columns.get(column_name(their, columns))
    value, ours = _in_our_unit(their), None if column is None else column[row]
    if isinstance(ours, np.datetime64):  # fitparse leaves seconds of a clock that was not set as they are
        ours = int(ours.astype(np.int64)) - _EPOCH
    if isinstance(ours, (int, float)) and (math.isclose(value, ours, rel_tol=_NEAREST) or math.isnan(value + ours)):
        found.equal += 1
        return
    key = f"{kind}.{their.name}"
    found.different[key] += 1
    found.examples.setdefault(key, (row, value, ours))


def column_name(their: Any, columns: dict[str, np.ndarray]) -> str:
    """Our name of a field of fitparse's.

    Developer fields go by words joined with underscores; and fitparse repeats `speed` as `enhanced_speed` in files
    that have no such field, and the like.
    """
    name = str(their.name)
    if their.field is not None and their.field.field_type == "devfield":
        plain = re.sub(r"\W+", "_", name.lower()).strip("_")
        return f"{plain}_dev" if f"{plain}_dev" in columns else plain
    if name in columns:
        return name
    return name.removeprefix("enhanced_")


def _in_our_unit(their: Any) -> float:
    """Give fitparse's value in our unit: positions in degrees, computed as we do."""
    return float(their.value / (2**31 / 180) if their.units == "semicircles" else their.value)


def compare_files(paths: Sequence[Path], tell: Callable[[str], None]) -> int:
    """Compare all files and print what differs; 0 when nothing does."""
    totals: Counter[str] = Counter()
    for number, path in enumerate(paths):
        tell(f"file {number + 1} of {len(paths)}")
        found = compare(path.read_bytes())
        totals["refused" if found.refused else "read"] += 1
        totals["equal"] += found.equal
        totals["different"] += sum(found.different.values())
        totals["files"] += bool(found.different or found.counts)
        if found.refused:
            print(f"{path.name}: fitparse refuses it ({found.refused[:80]})")
        for kind, (theirs, ours) in found.counts.items():
            print(f"{path.name}: {theirs} {kind} messages by fitparse, {ours} by loadlens")
        for key, count in found.different.items():
            row, theirs, ours = found.examples[key]
            print(f"{path.name}: {count} x {key}, first in row {row}: {theirs!r} by fitparse, {ours!r} by loadlens")
    print(f"{len(paths)} files: fitparse reads {totals['read']} and refuses {totals['refused']};")
    print(f"numbers: {totals['equal']} equal, {totals['different']} not, in {totals['files']} files")
    return int(totals["files"] > 0)
