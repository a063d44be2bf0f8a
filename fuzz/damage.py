"""Small FIT files, and mutants of them: each comes from its number, so it can be made again."""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING, Any

from nasty import write_seeds

from loadlens.formats.fit_messages import decode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TELLING = (0, 1, 2, 4, 7, 13, 0x0D, 0x40, 0x60, 0x7F, 0x80, 0x83, 0x84, 0x86, 0x88, 0xFD, 0xFE, 0xFF)
LARGEST = 1 << 20  # bytes of a mutant
SMALL = 6_000  # bytes; larger files are also tried as their beginning and end alone

Seed = tuple[str, bytes, list[int]]


def gather_seeds(paths: list[Path]) -> list[Seed]:
    """Return name, bytes and places of definitions of the files of `nasty.py` and of every FIT file in `paths`.

    Large ones come also without their middle, and so more often: small files are read sooner and hit harder.
    """
    seeds = [(name, data, find_definitions(data)) for name, data in write_seeds().items()]
    for path in sorted({file for folder in paths for file in ([folder] if folder.is_file() else folder.rglob("*"))}):
        if path.suffix.lower() != ".fit" or path.stat().st_size > LARGEST:
            continue
        data = path.read_bytes()
        seeds.append((path.name, data, find_definitions(data)))
        if len(data) > SMALL:
            ends = data[: SMALL // 2] + data[-SMALL // 2 :]
            seeds += [(f"{path.name} (ends)", ends, find_definitions(ends))] * 6
    return seeds


def name_seeds(seeds: Sequence[Any]) -> str:
    """Return a digest of the seeds: with the number of a mutant it tells what the mutant is."""
    return hashlib.sha256(b"".join(hashlib.sha256(data).digest() for _, data, *_ in seeds)).hexdigest()[:12]


def find_definitions(data: bytes) -> list[int]:
    """Return the places of the bytes that define messages: damage there changes most."""
    places: list[int] = []
    for block in decode(data)._found:
        triples = b"".join(bytes((number, size, base)) for number, size, base, _ in block.definition.fields)
        at = data.find(triples) if triples else -1
        if at >= 0:
            places += range(max(at - 6, 0), at + len(triples))
    return sorted(set(places))


def make_mutant(number: int, seeds: list[Seed]) -> tuple[str, bytes]:
    """Return the name of the seed and the bytes of a mutant."""
    chance = random.Random(number)
    seed = chance.choice(seeds)
    return seed[0], mutate(seed, seeds, chance)


def mutate(seed: Seed, others: list[Seed], chance: random.Random) -> bytes:
    """Return a damaged copy."""
    data, definitions = bytearray(seed[1]), seed[2]
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        if not data:
            break
        one, other = sorted((chance.randrange(len(data) + 1), chance.randrange(len(data) + 1)))
        short = slice(one, min(other, one + chance.choice((1, 4, 30, 300, 1 << 20))))
        match chance.choice(("byte", "byte", "define", "define", "define", "cut", "drop", "double", "splice", "fill")):
            case "byte":
                for _ in range(chance.choice((1, 2, 8, 40))):
                    data[chance.randrange(len(data))] = chance.choice((*TELLING, chance.randrange(256)))
            case "define":
                for _ in range(chance.choice((1, 1, 2, 5))):
                    place = chance.choice(definitions) if definitions else chance.randrange(len(data))
                    data[min(place, len(data) - 1)] = chance.choice((*TELLING, chance.randrange(256)))
            case "cut":
                del data[other:]
            case "drop":
                del data[short]
            case "double":
                data[one:one] = data[short]
            case "splice":
                foreign = chance.choice(others)[1]
                at = chance.randrange(len(foreign) + 1)
                data[short] = foreign[at : at + chance.choice((4, 30, 300, 3000))]
            case "fill":
                data[short] = bytes([chance.choice(TELLING)]) * len(data[short])
    return bytes(data[:LARGEST])
