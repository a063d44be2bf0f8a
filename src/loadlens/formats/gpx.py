"""Elements of a GPX file (version 1.0 or 1.1) -> its tracks as they stand there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from loadlens.formats.trackpoints import (
    Findings,
    Track,
    add_point,
    check_number,
    note_unused,
    parse_number,
    parse_time,
    track_rules,
)

if TYPE_CHECKING:
    from loadlens.formats.markup import Element

_TOLD = {"type": "sport", "name": "title", "desc": "note", "cmt": "note"}


def read_tracks(elements: Iterable[Element], file: str) -> Findings:
    """Gather the tracks of a GPX file, cut short or not.

    Parameters
    ----------
    elements : iterable
        Of `markup.read_elements`.
    file : str
        Name of the file, for the error.

    Returns
    -------
    Findings
        Routes are counted; the writer of the file (`creator`) is the device of its tracks.

    Raises
    ------
    UnreadableFile
        It holds more tracks than anyone has.
    """
    findings = Findings()
    points = track_rules()["points"]
    above: list[str] = []
    track: Track | None = None
    point: dict[str, float] | None = None
    device, title, segment = None, None, 0
    for name, attributes, text in elements:
        if attributes is not None:
            above.append(name)
            if name == "trkpt":
                point = {"segment": segment}
                for short, column in (("lat", "latitude"), ("lon", "longitude")):
                    point[column] = parse_number(attributes.get(short, "").strip(), column, findings)
            elif name == "trkseg":
                segment += 1
            elif name == "trk":
                track = Track(title=title, device=device)
                findings.tracks.append(track)
                check_number(len(findings.tracks), findings.laps, file)
            elif name == "gpx":
                device = attributes.get("creator", "").strip() or None
            continue
        above.pop()
        if point is not None:
            if name == "trkpt":
                if track is None:
                    findings.stray += 1
                else:
                    add_point(track, point)
                point = None
            elif name == "time":
                point["time"], point["offset"] = parse_time(text, findings)
            elif (column := points.get(name)) is not None:
                if text:
                    point[column] = parse_number(text, column, findings)
            else:
                note_unused(name, text, findings)
        elif name == "trk":
            track = None
        elif name == "rte":
            findings.routes += 1
        elif above and above[-1] == "trk" and track is not None and name in _TOLD and text:
            setattr(track, _TOLD[name], text)
        elif above and above[-1] in ("metadata", "gpx") and name == "name":
            title = text or None
    return findings
