"""Feed bytes under a changing name to ``loadlens.read``: a log or UnreadableFile, whatever the format is taken for."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["loadlens"]):
    import loadlens.files  # the front door imports it only when asked

NAMES = ("a.fit", "Activities.csv", "activities.csv", "a.zip", "a.fit.gz", "a.tcx", "a.gpx", "a.json", "a")


def read_bytes(data: bytes) -> None:
    """Read one file; its first byte chooses the name."""
    if not data:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, NAMES[data[0] % len(NAMES)])
        path.write_bytes(data[1:])
        try:
            loadlens.read(path)
        except loadlens.UnreadableFile:
            return


if __name__ == "__main__":
    atheris.Setup(sys.argv, read_bytes)
    atheris.Fuzz()
