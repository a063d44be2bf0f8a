"""Feed bytes to the FIT decoder and to ``fit.parse``: nothing but UnreadableFile may escape, every row is accounted."""

from __future__ import annotations

import io
import sys

import atheris

with atheris.instrument_imports(include=["loadlens"]):
    from loadlens.formats import fit
    from loadlens.formats.fit_messages import decode
    from loadlens.formats.source import Options, Source, UnreadableFile


def read_bytes(data: bytes) -> None:
    """Decode every message, known or not, then read the file as the log does."""
    messages = decode(data, unknown=True)
    for name in messages.names:
        messages.columns(name)
    try:
        reading = fit.parse(Source("fuzz.fit", data[:16384], lambda: io.BytesIO(data)), Options())
    except UnreadableFile:
        return
    facts = reading.facts
    assert facts["used"] + facts["set_aside"] == facts["rows"], facts


if __name__ == "__main__":
    atheris.Setup(sys.argv, read_bytes)
    atheris.Fuzz()
