"""One reader in its own process: orders come in as lines of JSON, answers go out the same way.

Run as a file by the environment of the reader, with its name in `readers.py` as argument. Orders name files and
message types:

* `time`: reads each file in a plain loop, as a script would, and tells the seconds, frames released, or why it refused;
* `peak`: reads each file in a fork of its own and tells how far resident memory rose, in bytes.

The bytes are in memory before the clock starts. Automatic garbage collection stays on, as in any loop; a full
collection runs before each order, outside the clock.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from pathlib import Path
from time import perf_counter
from typing import Any


def _time(read: Any, files: list[str], kinds: tuple[str, ...]) -> list[dict[str, Any]]:
    contents = [Path(name).read_bytes() for name in files]
    gc.collect()
    return [_time_one(read, data, kinds) for data in contents]


def _time_one(read: Any, data: bytes, kinds: tuple[str, ...]) -> dict[str, Any]:
    start = perf_counter()
    try:
        frames = read(data, kinds)
        counts = [len(frame) for frame in frames]
        del frames
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # noqa: BLE001  a panic of a Rust reader is no Exception; the answer tells it
        return {"refused": f"{type(error).__name__}: {error}"[:120]}
    return {"seconds": perf_counter() - start, "counts": counts}


def _peak(read: Any, files: list[str], kinds: tuple[str, ...], warm: str) -> list[float | None]:
    """Bytes by which memory rises, the file itself included; None where it is refused or nothing can fork."""
    if not hasattr(os, "fork"):
        return [None] * len(files)
    return [_peak_one(read, name, kinds, warm) for name in files]


def _peak_one(read: Any, name: str, kinds: tuple[str, ...], warm: str) -> float | None:
    import resource

    inlet, outlet = os.pipe()
    child = os.fork()
    if not child:
        os.close(inlet)
        unit = 1 if sys.platform == "darwin" else 1024
        _time(read, [warm], kinds)  # so that code and libraries are in memory already
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        (answer,) = _time(read, [name], kinds)
        rise = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit
        os.write(outlet, json.dumps(None if "refused" in answer else rise).encode())
        os._exit(0)
    os.close(outlet)
    with os.fdopen(inlet, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    rise: float | None = json.loads(told) if told else None
    return rise


def main() -> None:
    """Serve orders until the input closes."""
    import readers

    read = getattr(readers, sys.argv[1])()
    answers, sys.stdout = sys.stdout, sys.stderr  # a reader may print; answers keep the pipe for themselves
    for line in sys.stdin:
        order = json.loads(line)
        task = {"time": _time, "peak": _peak}[order.pop("task")]
        order["kinds"] = tuple(order["kinds"])
        print(json.dumps(task(read, **order)), file=answers, flush=True)


if __name__ == "__main__":
    main()
