"""A CSV as text, read by the tabular engine alone, for tests."""

from __future__ import annotations

import csv
import io

from loadlens.formats import tabular
from loadlens.formats.source import HEAD_BYTES, Options, Reading, Source


def source(text: str | bytes, name: str = "Activities.csv") -> Source:
    content = text if isinstance(text, bytes) else text.encode()
    return Source(name, content[:HEAD_BYTES], lambda: io.BytesIO(content))


def read(text: str | bytes, name: str = "Activities.csv", **options: object) -> Reading:
    offered = source(text, name)
    assert tabular.sniff(offered.head, name)
    reading = tabular.parse(offered, Options(**options))
    facts = reading.facts
    assert facts["used"] + facts["set_aside"] == facts["rows"]
    return reading


def noted(reading: Reading, what: str) -> list[dict[str, object]]:
    return [entry for entry in reading.ledger if entry["what"] == what]


def table(*rows: object, mark: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=mark, lineterminator="\n").writerows(rows)
    return out.getvalue()
