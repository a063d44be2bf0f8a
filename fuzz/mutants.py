"""Damage FIT files in every way that comes to mind, read what is left, and say what broke.

    python fuzz/mutants.py --count 100000 --seed 1
    python fuzz/mutants.py sample_data --count 10000

Without a folder the files are the small ones of `nasty.py`: some hundred bytes each, so that a mutation hits something.
Nothing but `UnreadableFile` may escape, a file under 1 MB takes under a second, and memory stays below 20 times the
file and 100 MB. Prints one line for each way in which that failed, with the seed that makes the mutant again.
"""

from __future__ import annotations

import argparse
import io
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from nasty import write_seeds

import loadlens
from loadlens.formats import fit
from loadlens.formats.fit_messages import decode
from loadlens.formats.source import Options, Source, UnreadableFile

SLOW = 1.0  # s
LONGEST = 20  # s of this process, after which a mutant hangs
TELLING = (0, 1, 2, 4, 7, 13, 0x0D, 0x40, 0x60, 0x7F, 0x80, 0x83, 0x84, 0x86, 0x88, 0xFD, 0xFE, 0xFF)
TOGETHER = 64  # mutants between two looks at the memory
SMALL = 6_000  # bytes; larger files are also tried as their beginning and end alone

Seed = tuple[str, bytes, list[int]]


def find_definitions(data: bytes) -> list[int]:
    """Return the places of the bytes that define messages: damage there changes most."""
    places: list[int] = []
    for block in decode(data)._found:
        triples = b"".join(bytes((number, size, base)) for number, size, base, _ in block.definition.fields)
        at = data.find(triples) if triples else -1
        if at >= 0:
            places += range(max(at - 6, 0), at + len(triples))
    return sorted(set(places))


def gather_seeds(paths: list[Path]) -> list[Seed]:
    """Return name, bytes and places of definitions of every FIT file, large ones also without their middle."""
    if not paths:
        return [(name, data, find_definitions(data)) for name, data in write_seeds().items()]
    seeds = []
    for path in sorted({file for folder in paths for file in ([folder] if folder.is_file() else folder.rglob("*"))}):
        if path.suffix.lower() != ".fit" or path.stat().st_size > 1 << 20:
            continue
        data = path.read_bytes()
        seeds.append((path.name, data, find_definitions(data)))
        if len(data) > SMALL:
            ends = data[: SMALL // 2] + data[-SMALL // 2 :]
            seeds += [
                (f"{path.name} (ends)", ends, find_definitions(ends))
            ] * 6  # small ones take their turn more often
    return seeds


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
    return bytes(data[: 1 << 20])


def read_mutant(data: bytes, through: str, folder: Path) -> str:
    """Read a mutant through the decoder, ``fit.parse`` or ``loadlens.read``; return what came of it."""
    try:
        if through == "decode":
            return _decode(data)
        if through == "parse":
            reading = fit.parse(Source("mutant.fit", data[:16384], lambda: io.BytesIO(data)), Options())
            facts = reading.facts
            if facts["used"] + facts["set_aside"] != facts["rows"]:  # type: ignore[operator]
                raise AssertionError(f"rows not accounted for: {facts}")
        else:
            path = folder / "mutant.fit"
            path.write_bytes(data)
            loadlens.read(path)
    except UnreadableFile:
        return "unreadable"
    return "read"


def _decode(data: bytes) -> str:
    """Decode every message and field, and look whether each column has a value for each message."""
    messages = decode(data, unknown=True)
    for name in messages.names:
        count = messages.count(name)
        wrong = [key for key, column in messages.columns(name).items() if len(column) != count]
        if wrong:
            raise AssertionError(f"{name}: not {count} values in {wrong}")
    return "damaged" if messages.problems else "sound"


def _stop(*_: object) -> None:
    raise TimeoutError(f"no end after {LONGEST} s")


def peak_memory() -> int:
    """Return the most bytes this process has ever used."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def used_memory() -> int:
    """Return the bytes this process uses now."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize()


def main() -> int:
    """Run as many mutants as asked for; 1 when any of them broke something."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--through", choices=("decode", "parse", "read"), default="parse", help="how far to read them")
    parser.add_argument("--keep", type=Path, help="folder for the mutants that broke something")
    given = parser.parse_args()
    seeds = gather_seeds(given.paths)
    signal.signal(signal.SIGPROF, _stop)
    came: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    slowest, most, longest = 0.0, 0, 0
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for _, data, _ in seeds:  # whole files first: they set the memory that is usual
            came[read_mutant(data, given.through, folder)] += 1
        usual, begun = peak_memory(), time.perf_counter()
        peak, before = usual, used_memory()
        for number in range(given.seed, given.seed + given.count):
            if time.perf_counter() - begun > given.seconds:
                break
            chance = random.Random(number)
            seed = chance.choice(seeds)
            mutant = mutate(seed, seeds, chance)
            start = time.process_time()
            signal.setitimer(signal.ITIMER_PROF, LONGEST)
            try:
                came[read_mutant(mutant, given.through, folder)] += 1
                problem = None
            except Exception as error:  # noqa: BLE001 whatever escapes is what we look for
                at = traceback.extract_tb(error.__traceback__)[-1]
                own = [frame for frame in traceback.extract_tb(error.__traceback__) if "loadlens" in frame.filename]
                problem = f"{type(error).__name__} in {own[-1].name} line {own[-1].lineno} ({at.name}): {error}"[:160]
            took = time.process_time() - start
            slowest = max(slowest, took)
            if problem is None and took > SLOW:
                problem = f"slow: {took:.1f} s for {len(mutant):,} bytes"
            longest = max(longest, len(mutant))
            if number % TOGETHER == 0:  # asking takes longer than reading a small mutant
                now = peak_memory()
                grown = now - before if now > peak else 0  # below an earlier peak is little enough
                if problem is None and grown > 20 * longest + 100_000_000:
                    problem = f"memory: {grown / 1e6:.0f} MB for {longest:,} bytes, here or in the {TOGETHER} before"
                peak, before, longest, most = now, used_memory(), 0, max(most, grown)
            if problem is not None:
                wrong[problem] += 1
                if wrong[problem] == 1:
                    print(f"{problem}\n    mutant {number} of {seed[0]}", flush=True)
                    if given.keep:
                        given.keep.mkdir(exist_ok=True)
                        (given.keep / f"{number}.fit").write_bytes(mutant)
        signal.setitimer(signal.ITIMER_PROF, 0)
        done = sum(came.values()) - len(seeds) + sum(wrong.values())
    print(
        f"{done:,} mutants of {len(seeds)} seeds, {dict(came)}, {sum(wrong.values())} broken in {len(wrong)} ways; "
        f"slowest {slowest:.2f} s; most memory for one {most / 1e6:.0f} MB, "
        f"in all {(peak_memory() - usual) / 1e6:.0f} MB above the {usual / 1e6:.0f} MB of whole files; "
        f"{time.perf_counter() - begun:.0f} s"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
