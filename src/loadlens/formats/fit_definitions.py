"""Definition messages of a FIT file: which message follows under a local type, and with which fields.

After its header byte a definition has a reserved byte, the byte order, the message number (`record` is 20), the count
of fields, and for each field its number, its size in bytes and its base type; with bit 5 of the header also the same
for developer fields, which `field_description` messages in the file itself name.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

from loadlens.formats.fit_profile import BASE_TYPES


@dataclass(frozen=True, eq=False)
class Definition:
    """A definition message.

    Attributes
    ----------
    number : int
        Which message of the profile.
    order : str
        Byte order, `<` or `>`.
    size : int
        Bytes of a message, without its header byte.
    fields : tuple of (number, size, base type, place)
        Place counts from the byte after the header.
    developer : tuple of (number, size, developer data index, place)
        The fields that the file describes itself.
    """

    number: int
    order: str
    size: int
    fields: tuple[tuple[int, int, int, int], ...]
    developer: tuple[tuple[int, int, int, int], ...]

    @property
    def is_plausible(self) -> bool:
        """Whether every field has a base type and a size that goes with it, and none comes twice."""
        kinds = [(size, kind & 0x1F) for _, size, kind, _ in self.fields]
        sound = all(size and kind < len(BASE_TYPES) and not size % BASE_TYPES[kind].width for size, kind in kinds)
        return sound and 0 < len(kinds) == len({number for number, *_ in self.fields})

    @cached_property
    def time_place(self) -> int | None:
        """Where the time stands (field 253), None where the definition has none."""
        return next((at for number, size, _, at in self.fields if number == 253 and size == 4), None)


@lru_cache(maxsize=4096)
def _definition(content: bytes, has_developer: bool) -> Definition:
    """Read a definition without its header byte; cached, for watches repeat theirs from file to file."""
    native = 5 + 3 * content[4]
    starts = [*range(5, native, 3), *(range(native + 1, len(content), 3) if has_developer else ())]
    places, at = [], 0
    for start in starts:
        number, size, kind = content[start : start + 3]
        places.append((number, size, kind, at))
        at += size
    order = ">" if content[1] else "<"
    number = int.from_bytes(content[2:4], "big" if content[1] else "little")
    return Definition(number, order, at, tuple(places[: content[4]]), tuple(places[content[4] :]))


def read_definition(data: bytes, at: int, end: int) -> tuple[Definition, int] | None:
    """Read the definition at `at`; with its length, None when the data end before it does."""
    has_developer = bool(data[at] & 0x20)
    if at + 6 > end:
        return None
    length = 6 + 3 * data[at + 5]
    if has_developer:
        if at + length >= end:
            return None
        length += 1 + 3 * data[at + length]
    if at + length > end:
        return None
    return _definition(data[at + 1 : at + length], has_developer), length
