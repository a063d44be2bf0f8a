"""One pass over the message headers of a FIT part: where the messages of each definition stand.

Each message starts with a one-byte message header:

* a **definition** (bit 6, see `fit_definitions`) says for one of 16 *local types* which message follows under it;
* a **data** message is the header byte with its local type, then the fields back to back. Its size is known from
  the definition alone, so a walk over the headers finds every message without looking inside one;
* a **compressed-timestamp** data message (bit 7) has two bits of local type and the lowest five bits of its time.

Watches write the same few messages in turn for hours, so the walk looks for a *period*: once a sequence of headers
recurs, a strided slice of the bytes tells at C speed how often. Elsewhere it goes message by message.

A walk that meets a local type nobody defined has lost its way: bytes are missing or too many. It then looks for the
next place from which messages make sense, with times that go on from those before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from loadlens.formats.fit_definitions import LONGEST_PERIOD, Block, Definition, read_definition
from loadlens.formats.fit_parts import Problem

_LOCAL_TYPE = bytes(h & 0xE0 if h & 0x80 else h for h in range(256))  # headers without their five bits of time
_TRIAL = 16  # repeats that must hold before a period is followed
_WITNESSES = 8  # messages that must make sense after damage
_TIMED = 3  # of which with a time
_DAY = 86400
_EFFORT = 1 << 16  # messages looked at in search of a place to go on, beyond 3 for 8 bytes of the file
_START = 32  # messages to which the start of a search comes
_DEFINITIONS = 4096  # in the parts of a file; real files have tens in each
_FIELDS = 1 << 15  # of all different definitions of a file; real files have hundreds, seldom thousands
_ORDERS = (b"\0\0", b"\0\1")  # a reserved byte, then little or big end first


@dataclass(slots=True)
class Allowance:
    """What a file may still ask for beyond a plain pass over its headers; all its parts share it.

    Without it bytes made for the purpose could be searched, or give definitions, for minutes.

    Attributes
    ----------
    effort : int
        Messages that may still be looked at in search of a place to go on.
    definitions, fields : int
        Definitions that may still come, and fields in those that are new to the file.
    known : set of Definition
        Those that are not.
    """

    effort: int
    definitions: int = _DEFINITIONS
    fields: int = _FIELDS
    known: set[Definition] = field(default_factory=set)

    @classmethod
    def of(cls, data: bytes) -> Allowance:
        """Allow what grows no faster than the file does."""
        return cls(_EFFORT + 3 * len(data) // 8)

    def take(self, definition: Definition) -> None:
        """Count a definition of one more part."""
        self.definitions -= 1
        if definition not in self.known:
            self.known.add(definition)
            self.fields -= len(definition.fields) + len(definition.developer)


def _timed(local: int) -> slice:
    """Headers of a local type that hold five bits of time."""
    return slice(0x80 + 32 * local, 0xA0 + 32 * local)


class Walk:
    """One pass over the message headers of a part, as far as they make sense.

    Attributes
    ----------
    blocks : list of Block
        What was found, by definition.
    problems : list of Problem
        Where the walk lost its way.
    """

    def __init__(self, data: bytes, part: int, body: int, end: int, allowance: Allowance) -> None:
        self.problems: list[Problem] = []
        self._allowance = allowance
        self._data, self._part, self._end = data, part, end
        self._plain: dict[Definition, Block] = {}  # messages under plain headers, and
        self._timed: dict[Definition, Block] = {}  # under those that hold five bits of time
        self._steps = [0] * 256  # by header: bytes to the next header, 0 where no local type is defined
        self._places: list[Block | None] = [None] * 256  # by header: where its messages are noted
        self._defined: list[Definition | None] = [None] * 16  # by local type
        self._varied: set[int] = set()  # local types that messages have under other headers than the plain one
        self._floor = body  # messages from here on are in the blocks that headers lead to now
        self._notes: list[Any] = [None] * 256  # by header: the append method of that block's singles
        at: int | None = body
        while at is not None and at < end:
            at = self._run(at)
        blocks = (*self._plain.values(), *self._timed.values())
        self.blocks = [block for block in blocks if block.singles or block.runs]

    def _run(self, at: int) -> int | None:
        """Walk from `at` to the end or the first damage; return where to go on, None where nowhere."""
        data, steps, end, patience, allowance = self._data, self._steps, self._end, 256, self._allowance
        self._floor = at
        while at < end:
            header = data[at]
            if not steps[header]:
                if header & 0xC0 != 0x40:
                    local = header >> 5 & 3 if header & 0x80 else header & 15
                    definition = self._defined[local]
                    if definition is None:
                        return self._lost(at, "local_type", f"local type {local} used before it is defined")
                    self._varied.add(local)
                    if header & 0x80:
                        self._bind_timed(local, definition)
                    else:
                        self._bind(header, definition)
                    continue
                read = read_definition(data, at, end)
                if read is None:
                    return self._lost(at, "truncated", "definition cut short")
                definition, length = read
                if allowance.definitions <= 0 or allowance.fields <= 0:
                    detail = (
                        f"over {_DEFINITIONS} definitions or {_FIELDS} fields in one file; nothing is read from here"
                    )
                    self.problems.append(Problem(at, "definition", detail))
                    return None
                if (data[at + 1] or data[at + 2] > 1) and self._is_disguise(at, length, definition):
                    return self._lost(at, "definition", "no definition, or messages stand where it would")
                local = header & 15
                self._defined[local] = definition
                self._bind(local, definition)
                if local in self._varied:
                    self._unbind(local)
                self._floor = at
                at += length
                continue
            after = at + steps[header]
            if after >= end or not steps[data[after]]:  # alone between two definitions
                self._notes[header](at)
                at = after
                continue
            after = self._follow_period(at) if end - at >= _TRIAL * steps[header] else at
            if after > at:
                at, patience = after, 256
            else:
                at = self._step(at, min(end, at + patience))
                patience = min(2 * patience, 1 << 20)
        return self._lost(self._active()[-1].take_back(), "truncated", "message cut short") if at > end else None

    def _step(self, at: int, stop: int) -> int:
        """Note message after message until `stop` or a header that is no data message."""
        data, steps, notes = self._data, self._steps, self._notes
        while at < stop:
            header = data[at]
            size = steps[header]
            if not size:
                break
            notes[header](at)
            at += size
        return at

    def _follow_period(self, at: int) -> int:
        """Note as many repeats of a sequence of headers as stand at `at`; return where they end."""
        data, steps, end = self._data, self._steps, self._end
        heads, offsets, place = bytearray(), list[int](), at
        while len(heads) <= LONGEST_PERIOD and place < end and steps[data[place]]:
            head = _LOCAL_TYPE[data[place]]
            if heads and head == heads[0]:
                stride = place - at
                last = at + (_TRIAL - 1) * stride
                if last >= end:
                    break  # nor can a longer sequence recur often enough
                repeats = self._count_repeats(at, stride, heads, offsets) if _LOCAL_TYPE[data[last]] == head else 0
                if repeats:
                    for known, offset in zip(heads, offsets, strict=True):
                        block = self._places[known]
                        if block is not None:
                            block.runs.append((at + offset, repeats, stride))
                    return at + repeats * stride
            heads.append(head)
            offsets.append(place - at)
            place += steps[head]
        return at

    def _count_repeats(self, at: int, stride: int, heads: bytearray, offsets: list[int]) -> int:
        """How often the sequence stands back to back from `at`; 0 when fewer than the trial asks.

        The windows grow while the sequence holds, so the bytes looked at are a small multiple of those passed.
        """
        most, done, window = (self._end - at) // stride, 0, _TRIAL
        while done < most:
            window = min(window, most - done)
            base, whole = at + done * stride, window
            for head, offset in zip(heads, offsets, strict=True):
                first = base + offset
                seen = self._data[first : first + (whole - 1) * stride + 1 : stride].translate(_LOCAL_TYPE)
                whole = len(seen) - len(seen.lstrip(bytes((head,))))
                if not whole:
                    break
            done += whole
            if whole < window or done < _TRIAL:
                break
            window *= 8
        return done if done >= _TRIAL else 0

    def _is_disguise(self, at: int, length: int, definition: Definition) -> bool:
        """Whether an odd definition is none: it makes no sense itself, or messages do from within it."""
        if self._allowance.effort <= 0:
            return False
        self._allowance.effort -= _START // 4
        times = self._last_times()
        if not times or not definition.is_plausible:
            return bool(times)
        return self._search(range(at + 1, at + length), times) is not None

    def _bind(self, header: int, definition: Definition) -> None:
        """Note messages under this header in the block of `definition`."""
        block = self._plain.get(definition)
        if block is None:
            block = self._plain[definition] = Block(definition, self._part, False)
            self._allowance.take(definition)
        self._steps[header] = 1 + definition.size
        self._places[header] = block
        self._notes[header] = block.singles.append

    def _bind_timed(self, local: int, definition: Definition) -> None:
        """Note messages under all headers of this local type that hold five bits of time."""
        block = self._timed.get(definition)
        if block is None:
            block = self._timed[definition] = Block(definition, self._part, True)
            self._allowance.take(definition)
        headers = _timed(local)
        self._steps[headers], self._places[headers] = [1 + definition.size] * 32, [block] * 32
        self._notes[headers] = [block.singles.append] * 32

    def _unbind(self, local: int) -> None:
        """Forget the other headers of a local type; they are bound anew when one comes."""
        self._varied.remove(local)
        for headers in (slice(local + 16, 64, 16), *([_timed(local)] if local < 4 else [])):
            count = len(self._steps[headers])
            self._steps[headers], self._places[headers] = [0] * count, [None] * count

    def _active(self) -> list[Block]:
        """Blocks that some header leads to and that hold messages: a few at most, the latest last."""
        blocks = {block for block in self._places if block is not None and (block.singles or block.runs)}
        return sorted(blocks, key=lambda block: block.last)

    def _lost(self, at: int, kind: str, detail: str) -> int | None:
        """Report damage at `at`, and find the place from which messages make sense again.

        Where a byte is missing, the message around it still looks whole and only its successor does not: messages
        just before `at` with times out of all order are taken back and searched too.
        """
        self._allowance.effort -= _START
        search, taken = at, 0
        while self._allowance.effort > 0 and taken < _WITNESSES and (place := self._out_of_order()) is not None:
            self._active()[-1].take_back()
            search, taken = place, taken + 1
        times = self._last_times() if self._allowance.effort > 0 else []
        again = self._search(range(search + 1, self._end), times) if times else None
        if taken:
            detail += f"; {taken} before it taken back for their times"
        if again is not None:
            detail += f"; messages make sense again from byte {again}"
        elif self._allowance.effort <= 0:
            detail += "; too much damage to search further"
        self.problems.append(Problem(at, kind, detail))
        return again

    def _out_of_order(self) -> int | None:
        """Place of the last message when its time is a day or more from all others before it, else None."""
        block = next(reversed(self._active()), None)
        if block is None or block.last < self._floor or block.definition.time_place is None:
            return None
        own = self._time(block.last, block.definition)
        others = self._last_times()
        others.remove(own)
        return block.last if others and all(abs(own - other) >= _DAY for other in others) else None

    def _last_times(self) -> list[int]:
        """Read the times of the last two messages of each definition."""
        return [
            self._time(place, block.definition)
            for block in self._active()
            if block.definition.time_place is not None
            for place in block.last_two
        ]

    def _time(self, at: int, definition: Definition) -> int:
        """Seconds since 1989-12-31 in the message at `at`."""
        start = at + 1 + (definition.time_place or 0)
        return int.from_bytes(self._data[start : start + 4], "little" if definition.order == "<" else "big")

    def _search(self, places: range, times: list[int]) -> int | None:
        """Find the first place from which messages make sense, as far as the allowance goes."""
        data, defined, allowance = self._data, self._defined, self._allowance
        least, most, found, place = min(times), max(times) + _DAY, None, places.start
        for place in places:
            header = data[place]
            if header & 0xC0 == 0x40:
                if data[place + 1 : place + 3] not in _ORDERS:
                    continue
            else:
                first = defined[header >> 5 & 3 if header & 0x80 else header & 15]
                if first is None or (first.time_place is not None and not least <= self._time(place, first) < most):
                    continue
            if allowance.effort <= 0:
                break
            if self._makes_sense(place, times):
                found = place
                break
        allowance.effort -= (place - places.start) // 4  # most places are dismissed at a glance
        return found

    def _makes_sense(self, at: int, times: list[int]) -> bool:
        """Whether the messages from `at` are defined, end with the data, and have times that follow `times`."""
        defined: dict[int, Definition] = {}
        seen: list[int] = []
        for _ in range(_WITNESSES):
            self._allowance.effort -= 1
            if at >= self._end:
                break
            header = self._data[at]
            if header & 0xC0 == 0x40:
                reserved_and_order = self._data[at + 1 : at + 3]
                read = read_definition(self._data, at, self._end) if reserved_and_order in _ORDERS else None
                if read is None or not read[0].is_plausible:
                    return False
                defined[header & 15] = read[0]
                at += read[1]
                continue
            local = header >> 5 & 3 if header & 0x80 else header & 15
            definition = defined.get(local) or self._defined[local]
            if definition is None:
                return False
            if definition.time_place is not None:
                seen.append(self._time(at, definition))
                if not any(0 <= seen[-1] - time < _DAY for time in (seen[-2:-1] or times)):
                    return False
            at += 1 + definition.size
        return at <= self._end and len(seen) >= _TIMED
