"""Mutants of everything that is read but FIT: each comes from its number, so it can be made again."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from exports import LARGEST, name_kind
from odd import MARK, pick_cell
from spoil_archives import spoil_archive
from spoil_json import spoil_json
from spoil_markup import spoil_markup
from spoil_tables import spoil_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exports import Export

SIGNS = b'\0",;\n\r<>&{}[]:-.0 9\xff\xfe\x80'
ENDINGS = (".csv", ".txt", ".json", ".xml", ".gpx", ".tcx", ".fit", ".zip", ".gz", ".CSV", "", ".csv.gz", ".tsv")


def make_mutant(number: int, seeds: Sequence[Export]) -> tuple[str, bytes]:
    """Return the path and the bytes of a mutant: most are damaged as their format breaks, some byte by byte."""
    chance = random.Random(number)
    name, data = chance.choice(seeds)
    others = [content for path, content in seeds if name_kind(path) == name_kind(name)]
    fresh = spoil(name, data, others, chance)
    if chance.random() < 0.05:
        name = _rename(name, seeds, chance)
    return name, fresh[:LARGEST]


def spoil(name: str, data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """Return a damaged copy of a file."""
    if chance.random() < 0.15:
        return spoil_bytes(data, others, chance)
    match name_kind(name):
        case "lists":
            fresh = spoil_table(data, others, chance)
        case "json":
            fresh = spoil_json(data, others, chance)
        case "markup":
            fresh = spoil_markup(data, others, chance)
        case "archives":
            return spoil_archive(data, chance, lambda member, content: spoil(member, content, (), chance))
        case _:
            return spoil_bytes(data, others, chance)
    return spoil_bytes(fresh, others, chance) if chance.random() < 0.05 else fresh


def spoil_bytes(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """Return a copy with bytes changed, cut, left out, doubled, or taken from another file."""
    whole = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        one, other = sorted((chance.randrange(len(whole) + 1), chance.randrange(len(whole) + 1)))
        short = slice(one, min(other, one + chance.choice((1, 4, 30, 300, 1 << 20))))
        match chance.choice(("byte", "byte", "byte", "cut", "drop", "double", "splice", "fill", "odd", "empty")):
            case "byte" if whole:
                for _ in range(chance.choice((1, 2, 8, 40))):
                    whole[chance.randrange(len(whole))] = chance.choice(
                        (*b'\0",;\n\r<>&{}[]:-.0 9\xff\xfe\x80', one & 255)
                    )
            case "cut":
                del whole[other:]
            case "drop":
                del whole[short]
            case "double":
                whole[one:one] = whole[short]
            case "splice" if others:
                foreign = chance.choice(others)
                at = chance.randrange(len(foreign) + 1)
                whole[short] = foreign[at : at + chance.choice((4, 30, 300, 3000))]
            case "fill":
                whole[short] = chance.choice((b"\0", b" ", b"\n", b'"', b"\xff", b"9")) * len(whole[short])
            case "odd":
                whole[short] = pick_cell(chance).encode("utf-8", "surrogatepass")
            case "empty" if chance.random() < 0.1:
                whole.clear()
    return bytes(whole)


def _rename(name: str, seeds: Sequence[Export], chance: random.Random) -> str:
    """Give a file the name of another, another ending, or none that means anything."""
    folder, _, own = name.rpartition("/")
    stem = own.rpartition(".")[0] or own
    marked = f"<{MARK}>{own}", f'" {MARK}="{own}'
    fresh = chance.choice((f"{stem}{chance.choice(ENDINGS)}", f"{stem} (1).csv", *marked))
    return chance.choice((fresh, f"{folder}/{fresh}" if folder else fresh, chance.choice(seeds)[0]))
