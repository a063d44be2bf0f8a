"""Writes synthetic runs as TCX and GPX files, with the habits of the platforms that write them."""

from __future__ import annotations

import gzip
from typing import Any
from xml.sax.saxutils import escape, quoteattr
from zlib import crc32

import numpy as np
import pandas as pd

from loadlens.simulation import TABLES, SimulatedRunner, parameters

EARTH = 6_371_008.8  # m, mean radius (IUGG)


def track_gpx(runner: SimulatedRunner, activity: str, *, sport: str | None = "running") -> bytes:
    """Return one run as a GPX file: positions in UTC, a new segment after each pause, strides of one foot.

    Parameters
    ----------
    runner : SimulatedRunner
    activity : str
        Id of one of its runs.
    sport : str, optional
        The type of the track; Strava writes ``"9"``, others nothing.
    """
    p, row, samples = parameters(runner.name), find_run(runner, activity), sample_run(runner, activity)
    segments: dict[int, list[str]] = {}
    for point in samples:
        inner = f"<ele>{point['altitude']:.1f}</ele><time>{_stamp(point['time'])}</time>"
        inner += "<extensions><gpxtpx:TrackPointExtension>"
        inner += f"<gpxtpx:hr>{point['heart_rate']:.0f}</gpxtpx:hr>" if np.isfinite(point["heart_rate"]) else ""
        inner += f"<gpxtpx:cad>{point['cadence'] / 2:.0f}</gpxtpx:cad></gpxtpx:TrackPointExtension></extensions>"
        place = f'lat="{point["latitude"]:.7f}" lon="{point["longitude"]:.7f}"'
        segments.setdefault(point["segment"], []).append(f"<trkpt {place}>{inner}</trkpt>\n")
    body = "".join(f"<trkseg>\n{''.join(points)}</trkseg>\n" for points in segments.values())
    kind = "" if sport is None else f"<type>{escape(sport)}</type>\n"
    head = TABLES["tracks"]["gpx_head"].strip().format(creator=quoteattr(p["device"]))
    return f"{head}\n<trk>\n<name>{escape(row['title'])}</name>\n{kind}{body}</trk>\n</gpx>\n".encode()


def track_route(runner: SimulatedRunner, activity: str) -> bytes:
    """Return one run as a route of Apple Health: a GPX file of positions and speed alone, its pauses unmarked.

    Parameters
    ----------
    runner : SimulatedRunner
    activity : str
        Id of one of its runs.
    """
    points = []
    for point in sample_run(runner, activity):
        place = f'lon="{point["longitude"]:.6f}" lat="{point["latitude"]:.6f}"'
        inner = f"<ele>{point['altitude']:.6f}</ele><time>{_stamp(point['time'])[:19]}Z</time>"
        inner += f"<extensions><speed>{point['speed']:.6f}</speed><course>0</course><hAcc>3.1</hAcc></extensions>"
        points.append(f"   <trkpt {place}>{inner}</trkpt>\n")
    start = find_run(runner, activity)["start_utc"]
    text = str(TABLES["apple"]["route"]).strip().format(name=f"Route {start:%Y-%m-%d %H:%M}", points="".join(points))
    return f"{text}\n".encode()


def track_tcx(runner: SimulatedRunner, activity: str, *, blanks: int = 0) -> bytes:
    """Return one run as a TCX file: one lap, no positions, a new track after each pause, strides of one foot.

    Parameters
    ----------
    runner : SimulatedRunner
    activity : str
        Id of one of its runs.
    blanks : int
        Blanks before the declaration, as some uploads have in Strava's archives.
    """
    p, row, samples = parameters(runner.name), find_run(runner, activity), sample_run(runner, activity)
    segments: dict[int, list[str]] = {}
    for point in samples:
        inner = f"<Time>{_stamp(point['time'])}</Time><AltitudeMeters>{point['altitude']:.1f}</AltitudeMeters>"
        inner += f"<DistanceMeters>{point['distance']:.2f}</DistanceMeters>"
        inner += _beats("HeartRateBpm", point["heart_rate"])
        inner += f"<Extensions><ns3:TPX><ns3:Speed>{point['speed']:.3f}</ns3:Speed>"
        inner += f"<ns3:RunCadence>{point['cadence'] / 2:.0f}</ns3:RunCadence></ns3:TPX></Extensions>"
        segments.setdefault(point["segment"], []).append(f"<Trackpoint>{inner}</Trackpoint>\n")
    lap = f"<TotalTimeSeconds>{row['duration']:.1f}</TotalTimeSeconds>"
    lap += f"<DistanceMeters>{row['distance']:.2f}</DistanceMeters><Calories>{row['calories']:.0f}</Calories>"
    lap += _beats("AverageHeartRateBpm", row["heart_rate"]) + _beats("MaximumHeartRateBpm", row["max_heart_rate"])
    lap += "\n" + "".join(f"<Track>\n{''.join(points)}</Track>\n" for points in segments.values())
    lap += "<Extensions><ns3:LX>"
    lap += f"<ns3:AvgRunCadence>{row['cadence'] / 2:.0f}</ns3:AvgRunCadence><ns3:Steps>{row['steps']:.0f}</ns3:Steps>"
    lap += "</ns3:LX></Extensions>"
    start = _stamp(row["start_utc"])
    text = str(TABLES["tracks"]["tcx"]).strip().format(start=start, lap=lap, device=escape(p["device"]))
    return f"{' ' * blanks}{text}\n".encode()


def _beats(name: str, value: float) -> str:
    return f"<{name}><Value>{value:.0f}</Value></{name}>" if np.isfinite(value) else ""


def _stamp(moment: pd.Timestamp) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def find_run(runner: SimulatedRunner, activity: str) -> dict[Any, Any]:
    """Return the totals of one run."""
    return next(row for row in runner.activities.to_dict("records") if row["activity"] == activity)


def sample_run(runner: SimulatedRunner, activity: str) -> list[dict[Any, Any]]:
    """Spread the minutes of a run over a sample every few seconds, round and round a circle.

    Each has time, segment, distance and speed [m, m/s], heart_rate, cadence [steps/min], altitude [m], latitude and
    longitude [degrees].
    """
    settings, row = TABLES["tracks"], find_run(runner, activity)
    minutes = runner.minutes[runner.minutes["activity"] == activity]
    stops = runner.pauses.loc[runner.pauses["activity"] == activity, ["start", "end"]].to_numpy()
    rng = np.random.default_rng([runner.seed, crc32(activity.encode()), 2])
    ends = np.concatenate([stops.ravel(), [0.0, row["elapsed"]]])
    clock = np.unique(np.concatenate([np.arange(0.0, row["elapsed"], settings["step"]), ends]))
    for begin, end in stops:
        clock = clock[(clock <= begin) | (clock >= end)]
    timer = clock - sum((np.clip(clock - begin, 0, end - begin) for begin, end in stops), np.zeros(len(clock)))
    edges = np.concatenate([[0], np.cumsum(minutes["recorded"])])
    which = np.clip(np.searchsorted(edges, timer) - 1, 0, len(minutes) - 1)
    distance = np.interp(timer, edges, np.concatenate([[0], np.cumsum(minutes["distance"])]))
    angle = distance / settings["radius"]
    north = settings["radius"] / EARTH * np.sin(angle)
    east = settings["radius"] / EARTH * (1 - np.cos(angle)) / np.cos(np.radians(settings["latitude"]))
    columns = {
        "segment": np.searchsorted(stops[:, 1], clock, side="right"),
        "distance": distance,
        "speed": minutes["speed"].to_numpy()[which],
        "heart_rate": np.interp(timer, (edges[1:] + edges[:-1]) / 2, minutes["heart_rate"]),
        "cadence": minutes["cadence"].to_numpy()[which] + rng.normal(size=len(clock)),
        "altitude": 12 + 6 * np.sin(angle),
        "latitude": settings["latitude"] + np.degrees(north),
        "longitude": settings["longitude"] + np.degrees(east),
    }
    times = {"time": [row["start_utc"] + pd.Timedelta(seconds=float(second)) for second in clock]}
    return pd.DataFrame(times | columns).to_dict("records")


def write_tracks(runner: SimulatedRunner, kind: str, *, packed: bool = False) -> dict[str, bytes]:
    """Return the runs as files, name to content.

    Parameters
    ----------
    runner : SimulatedRunner
    kind : {"tcx", "tcx_blanks", "gpx", "gpx_without_type"}
        ``tcx_blanks`` begins with blanks; ``gpx_without_type`` names no sport.
    packed : bool
        Whether to gzip each file.
    """
    runs = runner.activities[runner.activities["sport"] == "run"]
    files: dict[str, bytes] = {}
    for start, activity in zip(runs["start_local"], runs["activity"], strict=True):
        if kind.startswith("tcx"):
            content = track_tcx(runner, activity, blanks=10 if kind == "tcx_blanks" else 0)
        else:
            content = track_gpx(runner, activity, sport=None if kind == "gpx_without_type" else "running")
        name = f"activities/{start:%Y-%m-%d-%H-%M-%S}.{kind[:3]}"
        files[name + ".gz" if packed else name] = gzip.compress(content, mtime=0) if packed else content
    return files
