"""What a format is offered, and what it gives back.

A format is a module with ``sniff(head, name) -> bool`` and ``parse(source, options) -> Reading``. Both speak in the
two small types below, so that a format needs to know nothing of folders, zips or merging. A format whose files are too
large to be held in memory says ``STREAMS = True``; it is then given the stream itself, however long.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import pandas as pd

from loadlens import words
from loadlens.log import MOST_ALIKE

if TYPE_CHECKING:
    from loadlens.formats.export_profiles import Profile

HEAD_BYTES = 16_384
"""How much of a file ``sniff`` is shown."""

MAX_BYTES = 1 << 30
"""The most that ``Source.read`` takes into memory."""

COUNTED_ABOVE = 1 << 26
"""What may be longer than this is counted before it is taken into memory."""

BLOCK = 1 << 20
"""How much is read at a time where the whole is not wanted."""


class UnreadableFile(ValueError):
    """A file cannot be used. The sentence says where, what is wrong, and what would be right, in every language.

    Parameters
    ----------
    what : str
        Key of a sentence under ``[errors]`` in ``data/words.toml``; any other text is itself the sentence, in every
        language, as a format from another package may have it.
    **values : object
        One for each placeholder of the sentence. Of a mapping of language -> text each language takes its own; whole
        numbers are written as the language does.

    Attributes
    ----------
    texts : dict of str to str
        Language -> sentence. ``str(error)`` is the English one.
    """

    def __init__(self, what: str, /, **values: object) -> None:
        known = words.knows(f"errors.{what}")
        self.texts = {lang: _fill(what, lang, values) if known else what for lang in words.LANGUAGES}
        super().__init__(self.texts["en"])  # pickled with its attributes, so that a process pool keeps every language

    def tell(self, lang: str) -> str:
        """Return the sentence in a language."""
        return self.texts[lang]


def _fill(what: str, lang: str, values: Mapping[str, object]) -> str:
    return words.say(f"errors.{what}", lang, **{name: _resolve(value, lang) for name, value in values.items()})


def _resolve(value: object, lang: str) -> object:
    if isinstance(value, Mapping):
        return value[lang]
    return words.number(value, lang) if isinstance(value, int) else value


@dataclass(frozen=True)
class Options:
    """What the user may say about the files that the files do not say themselves."""

    tz: str | None = None
    """IANA time zone in which days are counted where a file gives no offset."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Heading in the file -> column name of loadlens, for exports we do not know."""
    profiles: tuple[Profile, ...] = ()
    """The user's own profiles of CSV exports; they come before those of loadlens."""


@dataclass(frozen=True)
class Source:
    """One file on offer: plain, from a zip, or gunzipped.

    Attributes
    ----------
    name : str
        Path as shown to the user; members of a zip as ``export.zip/activities/1.fit.gz``.
    head : bytes
        The first bytes, decompressed.
    opener : callable
        Gives a fresh binary stream of the whole content, decompressed.
    bound : int
        The stream never gives more bytes than this.
    """

    name: str
    head: bytes
    opener: Callable[[], BinaryIO]
    bound: int = MAX_BYTES

    def blocks(self) -> Iterator[bytes]:
        """Yield the whole content, `BLOCK` bytes at a time."""
        with self.opener() as stream:
            while block := stream.read(BLOCK):
                yield block

    def read(self, limit: int = MAX_BYTES) -> bytes:
        """Return the whole content.

        Raises
        ------
        UnreadableFile
            The content is longer than `limit` bytes.
        """
        if self.bound > COUNTED_ABOVE:
            self._refuse_above(limit)
        with self.opener() as stream:
            content = stream.read(limit + 1)
        if len(content) > limit:
            raise UnreadableFile("too_large", where=self.name, limit=limit)
        return content

    def _refuse_above(self, limit: int) -> None:
        """Raise when the content is longer than `limit`, before any of it is kept."""
        seen = 0
        for block in self.blocks():
            seen += len(block)
            if seen > limit:
                raise UnreadableFile("too_large", where=self.name, limit=limit)


@dataclass(frozen=True)
class Samples:
    """The recording of one activity, as a format's optional ``sample(source) -> list of Samples`` gives it.

    Attributes
    ----------
    start : datetime64
        When the activity began, on the clock of `records`.
    records : dict of str to array, shape (samples,)
        In order of time: ``time`` (datetime64) and any of the columns ``distance`` to ``longitude`` of the table
        ``records`` in ``data/columns.toml``.
    is_utc : bool
        Whether the times are UTC; else they stand on a local clock of which nothing is known.
    stops : array, shape (stops, 2), or None
        Stretches of stopped timer, in seconds since 1970; None where the file does not tell.
    """

    start: np.datetime64
    records: dict[str, np.ndarray]
    is_utc: bool = True
    stops: np.ndarray | None = None


@dataclass
class Reading:
    """What one source holds, in the columns and units of ``data/columns.toml``.

    Attributes
    ----------
    format : str
        Name of the format, e.g. ``"garmin_activities"``.
    tables : dict of str to DataFrame
        Any of activities, laps, minutes, wellness, gear, diary. `activities.activity` holds a key unique within this
        reading; laps and minutes refer to it. Columns may be missing; ``log.conform`` adds them.
    ledger : list of dict
        Made with `note`.
    facts : dict
        Columns of ``sources``: rows, used, set_aside, status, language, number_format; `units` as ``"distance km;
        ascent ft"``, the columns whose unit the format does not fix; `message` as a key of ``[messages]`` in
        ``data/words.toml``.
    """

    format: str
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    ledger: list[dict[str, object]] = field(default_factory=list)
    facts: dict[str, object] = field(default_factory=dict)
    _alike: Counter[tuple[str, str, str | None]] = field(default_factory=Counter, init=False, repr=False, compare=False)
    _beyond: dict[tuple[str, str, str | None], dict[str, object]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def note(
        self,
        what: str,
        action: str,
        *,
        row: int | None = None,
        column: str | None = None,
        value: object = None,
        count: int = 1,
    ) -> None:
        """Add one ledger row; beyond `MOST_ALIKE` of one kind, all that follow share one, without their rows.

        A damaged file can have half a million rows that are each wrong in the same way.

        Parameters
        ----------
        what : str
            Key of a sentence under ``[ledger]`` in ``data/words.toml``.
        action : {"set_aside", "repaired", "converted", "merged", "noted"}
            What was done.
        row : int, optional
            Row in the file as an editor counts it (the heading is row 1); none when it concerns the whole file.
        column, value : optional
            The field concerned, and what stood there.
        count : int
            How many rows or values this entry stands for.
        """
        kind = what, action, column
        self._alike[kind] += 1
        if kind in self._beyond:
            self._beyond[kind]["count"] = int(str(self._beyond[kind]["count"])) + count
            return
        entry: dict[str, object] = {
            "row": row,
            "field": column,
            "what": what,
            "value": None if value is None else _shorten(str(value)),
            "count": count,
            "action": action,
        }
        self.ledger.append(entry)
        if self._alike[kind] > MOST_ALIKE:
            self._beyond[kind] = entry | {"row": None}
            self.ledger[-1] = self._beyond[kind]


def _shorten(text: str, most: int = 200) -> str:
    """Cut what is too long for a row of the ledger, and show that it was cut."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
