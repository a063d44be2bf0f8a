"""Each reader the way its own page says to use it: bytes of a FIT file in, one DataFrame per message type out.

A function here imports its package and returns another, `read(data, kinds)`, which gives the frames of the message
types asked for. It runs in the reader's own process and environment, so nothing else of the benchmark is imported.
"""

from __future__ import annotations

import io
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Read = Callable[[bytes, tuple[str, ...]], list[pd.DataFrame]]


def _by_kind(messages: Iterable[tuple[str, dict[Any, Any]]], kinds: tuple[str, ...]) -> list[pd.DataFrame]:
    """Frames from messages one by one."""
    rows: defaultdict[str, list[dict[Any, Any]]] = defaultdict(list)
    for kind, values in messages:
        rows[kind].append(values)
    return [pd.DataFrame(rows[kind]) for kind in kinds]


def loadlens() -> Read:
    """Ours: one scan of the file, frames from it."""
    from loadlens.formats.fit_messages import decode

    def read(data: bytes, kinds: tuple[str, ...]) -> list[pd.DataFrame]:
        messages = decode(data)
        return [messages.frame(kind) for kind in kinds]

    return read


def fitfast() -> Read:
    """Columns of numbers by message type; each type is a decoding of its own (`parse` gives all, far slower)."""
    import fitfast as package

    def read(data: bytes, kinds: tuple[str, ...]) -> list[pd.DataFrame]:
        return [pd.DataFrame(package.records(data, message=kind)) for kind in kinds]

    return read


def pyfitparsernative() -> Read:
    """All messages as dicts."""
    import pyfitparsernative as package

    def read(data: bytes, kinds: tuple[str, ...]) -> list[pd.DataFrame]:
        messages = package.parse_fit_bytes(data)
        return _by_kind(((message["message_type"], message) for message in messages), kinds)

    return read


def activity_parser() -> Read:
    """Frames of every message type; checksums are not verified unless asked for."""
    import activity_parser as package

    def read(data: bytes, kinds: tuple[str, ...]) -> list[pd.DataFrame]:
        frames = package.parse_fit_raw(io.BytesIO(data))
        return [frames.get(kind, pd.DataFrame()) for kind in kinds]

    return read


def fittie() -> Read:
    """All messages as objects with a dict of fields."""
    from fittie import decode

    def read(data: bytes, kinds: tuple[str, ...]) -> list[pd.DataFrame]:
        found = decode(io.BytesIO(data))
        known = set(found.available_message_types)
        lists = [found.get_messages_by_type(kind) if kind in known else [] for kind in kinds]
        return [pd.DataFrame([message.fields for message in messages]) for messages in lists]

    return read


def garmin_fit_sdk() -> Read:
    """All messages as dicts, by type, and what is wrong beside them: a refusal only where nothing was read."""
    from garmin_fit_sdk import Decoder, Stream

    def read(data: bytes, kinds: tuple[str, ...]) -> list[pd.DataFrame]:
        messages, errors = Decoder(Stream.from_byte_array(bytearray(data))).read()
        if errors and not messages:
            raise errors[0]
        return [pd.DataFrame(messages.get(f"{kind}_mesgs", [])) for kind in kinds]

    return read


def fitdecode() -> Read:
    """Messages one by one."""
    import fitdecode as package

    def read(data: bytes, kinds: tuple[str, ...]) -> list[pd.DataFrame]:
        with package.FitReader(io.BytesIO(data)) as frames:
            found = (
                (frame.name, {field.name: field.value for field in frame.fields})
                for frame in frames
                if isinstance(frame, package.FitDataMessage) and frame.name in kinds
            )
            return _by_kind(found, kinds)

    return read


def fitparse() -> Read:
    """Messages one by one; of the same name in both distributions."""
    import fitparse as package

    def read(data: bytes, kinds: tuple[str, ...]) -> list[pd.DataFrame]:
        messages = package.FitFile(data).get_messages(list(kinds))
        return _by_kind(((message.name, message.get_values()) for message in messages), kinds)

    return read
