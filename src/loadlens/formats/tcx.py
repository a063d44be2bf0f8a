"""Elements of a TCX file (Garmin's Training Center XML, version 2) -> its activities as they stand there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from loadlens.formats.trackpoints import (
    NAN,
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


def read_activities(elements: Iterable[Element], file: str) -> Findings:
    """Gather the activities of a TCX file, cut short or not.

    Parameters
    ----------
    elements : iterable
        Of `markup.read_elements`.
    file : str
        Name of the file, for the error.

    Returns
    -------
    Findings
        Courses are counted as routes; points between the legs of a multisport activity are stray.

    Raises
    ------
    UnreadableFile
        It holds more activities or laps than anyone has.
    """
    findings = Findings()
    points = track_rules()["points"]
    above: list[str] = []
    track: Track | None = None
    lap: dict[str, float] | None = None
    point: dict[str, float] | None = None
    segment = 0
    for name, attributes, text in elements:
        if attributes is not None:
            above.append(name)
            if name == "trackpoint":
                point = {"segment": segment}
            elif name == "track":
                segment += 1
            elif name == "activity":
                track = Track(sport=attributes.get("Sport"))
                findings.tracks.append(track)
                check_number(len(findings.tracks), findings.laps, file)
            elif name == "lap" and track is not None:
                lap = _start_lap(attributes, findings)
                track.laps.append(lap)
                findings.laps += 1
                check_number(len(findings.tracks), findings.laps, file)
            continue
        above.pop()
        parent = above[-1] if above else ""
        if point is not None:
            if name == "trackpoint":
                if track is None:
                    findings.stray += "course" not in above
                else:
                    add_point(track, point)
                point = None
            elif name == "time":
                point["time"], point["offset"] = parse_time(text, findings)
            elif (column := points.get(parent if name == "value" else name)) is not None:
                if text:
                    point[column] = parse_number(text, column, findings)
            else:
                note_unused(name, text, findings)
        elif name == "activity":
            track = lap = None
        elif name == "lap":
            lap = None
        elif name == "course":
            findings.routes += 1
        elif lap is not None:
            _tell_lap(lap, parent if name == "value" else name, text, findings)
        elif track is not None:
            _tell_activity(track, name, parent, text, findings)
    return findings


def _start_lap(attributes: dict[str, str], findings: Findings) -> dict[str, float]:
    start, offset = parse_time(attributes.get("StartTime", "").strip(), findings)
    return {"start": start, "offset": offset} | dict.fromkeys(track_rules()["laps"].values(), NAN)


def _tell_lap(lap: dict[str, float], name: str, text: str, findings: Findings) -> None:
    column = track_rules()["laps"].get(name)
    if column is not None and text:
        lap[column] = parse_number(text, column, findings)


def _tell_activity(track: Track, name: str, parent: str, text: str, findings: Findings) -> None:
    if name == "id" and parent == "activity":
        track.start = parse_time(text, findings)
    elif name == "notes" and parent == "activity":
        track.note = text or None
    elif name == "name" and parent == "creator":
        track.device = text or None
