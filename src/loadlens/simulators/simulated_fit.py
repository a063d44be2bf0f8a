"""Writes synthetic runs and nights as FIT files.

It knows just enough of the format to write sound files; tests cut and bend its output into unsound ones. Which field of
which message has which number, type and scale stands in ``data/simulation.toml``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from loadlens.simulation import TABLES, SimulatedRunner, parameters

FIT_EPOCH = 631_065_600
"""Seconds from 1970 to the first second of FIT, 1989-12-31 00:00 UTC."""

SLEEP_EVENT = 74

Message = tuple[int, tuple[tuple[int, str], ...], tuple[Any, ...]]
"""A FIT message: global number, (field number, base type) of each field, raw values (None is "no value")."""


# ---------------------------------------------------------------- FIT: bytes


def fit_checksum(content: bytes) -> int:
    """Return the CRC-16/ARC of `content`, the checksum at the end of FIT headers and files."""
    crc = 0
    for byte in content:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 0xFF]
    return crc


def _checksum_step(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value


_CRC = [_checksum_step(value) for value in range(256)]


def fit_message(kind: str, **values: Any) -> Message:
    """Make one FIT message from named fields in their own units.

    Parameters
    ----------
    kind : str
        Name of a message under ``[fit]`` in ``data/simulation.toml``, e.g. ``"record"``.
    **values
        Field name to value; times as `pandas.Timestamp` (one without a zone is written as wall clock). None or NaN
        is written as the "no value" of the field's type.
    """
    layout: list[tuple[int, str]] = []
    raw: list[Any] = []
    for name, value in values.items():
        number, base, scale, offset = TABLES["fit"][kind][name]
        layout.append((number, base))
        if isinstance(value, pd.Timestamp):
            raw.append(round(value.timestamp()) - FIT_EPOCH)
        elif value is None or isinstance(value, str | bytes):
            raw.append(value)
        else:
            raw.append(None if np.isnan(value) else round((value + offset) * scale))
    return TABLES["fit"]["numbers"][kind], tuple(layout), tuple(raw)


def fit_file(messages: Iterable[Message], *, big_endian: bool = False, header_size: int = 14) -> bytes:
    """Return a whole FIT file: header, definitions where they are needed, data, checksum.

    A value given as bytes is written as it stands, in a field of that many bytes: the way to odd sizes and arrays.
    """
    order = ">" if big_endian else "<"
    body = bytearray()
    defined: dict[tuple[Any, ...], int] = {}
    for number, layout, values in messages:
        described, packed = [], []
        for (field, base), value in zip(layout, values, strict=True):
            code, letter, none = TABLES["fit"]["base_types"][base]
            if isinstance(value, str):
                value = value.encode() + b"\0"
            elif not isinstance(value, bytes):
                value = struct.pack(order + letter, none if value is None else value)
            described.append((field, len(value), code))
            packed.append(value)
        key = (number, *described)
        if key not in defined:
            if len(defined) == 16:  # local message types are four bits
                defined.clear()
            defined[key] = len(defined)
            body += struct.pack(f"{order}BBBHB", 0x40 | defined[key], 0, big_endian, number, len(described))
            body += b"".join(bytes(field) for field in described)
        body += bytes([defined[key]]) + b"".join(packed)
    header = struct.pack("<BBHI4s", header_size, 0x20, 2195, len(body), b".FIT")
    if header_size == 14:
        header += struct.pack("<H", fit_checksum(header))
    content = header + bytes(body)
    return content + struct.pack("<H", fit_checksum(content))


# ---------------------------------------------------------------- FIT: a run, and nights


def activity_fit(runner: SimulatedRunner, activity: str) -> bytes:
    """Return the recording of one run as a FIT file, in smart recording, with a lap at every km and no positions."""
    p = parameters(runner.name)
    row = runner.activities[runner.activities["activity"] == activity].to_dict("records")[0]
    minutes = runner.minutes[runner.minutes["activity"] == activity]
    stops = runner.pauses.loc[runner.pauses["activity"] == activity, ["start", "end"]].to_numpy()
    rng = np.random.default_rng([runner.seed, crc32(activity.encode())])
    start, elapsed = row["start_utc"], float(row["elapsed"])
    steps = rng.integers(p["smart_seconds"][0], p["smart_seconds"][1] + 1, int(elapsed))
    clock = np.concatenate([[0.0], np.cumsum(steps)])
    for begin, end in stops:
        clock = np.concatenate([clock[(clock <= begin) | (clock >= end)], [begin, end]])
    clock = np.unique(np.concatenate([clock[clock < elapsed], [elapsed]]))
    timer = _timer(clock, stops)
    samples = _samples(timer, minutes, rng)
    laps = _laps(clock, timer, samples)
    finish = start + pd.Timedelta(seconds=elapsed)
    maker = {"manufacturer": 255, "product": 1, "serial_number": p["serial"]}  # 255 is "development"
    messages = [
        fit_message("file_id", type=4, **maker, time_created=start),
        fit_message("file_creator", software_version=100),
        fit_message("device_info", timestamp=start, device_index=0, **maker, product_name=p["device"]),
        fit_message("event", timestamp=start, event=0, event_type=0),
    ]
    for i, second in enumerate(clock):
        moment = start + pd.Timedelta(seconds=float(second))
        if second in stops[:, 1]:
            messages.append(fit_message("event", timestamp=moment, event=0, event_type=0))
        values = {name: float(column[i]) for name, column in samples.items()}
        messages.append(fit_message("record", timestamp=moment, **values))
        if second in stops[:, 0] or i + 1 == len(clock):
            messages.append(fit_message("event", timestamp=moment, event=0, event_type=4))
        messages += [_lap(lap, start) for lap in laps if lap["row"] == i]
    messages.append(_session(row, finish, len(laps)))
    local = row["start_local"] + pd.Timedelta(seconds=elapsed)
    total = {"total_timer_time": row["duration"], "num_sessions": 1, "type": 0, "event": 26, "event_type": 1}
    messages.append(fit_message("activity", timestamp=finish, **total, local_timestamp=local))
    return fit_file(messages)


def _timer(clock: np.ndarray[Any, Any], stops: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Turn seconds since the start into seconds of running timer."""
    timer = clock.astype(float)
    for begin, end in stops:
        timer = timer - np.clip(clock - begin, 0, end - begin)
    return timer


def _samples(
    timer: np.ndarray[Any, Any], minutes: pd.DataFrame, rng: np.random.Generator
) -> dict[str, np.ndarray[Any, Any]]:
    """Spread the minutes of a run over the moments of its recording; names as in the FIT record."""
    edges = np.concatenate([[0], np.cumsum(minutes["recorded"])])
    gone = np.concatenate([[0], np.cumsum(minutes["distance"])])
    height = np.concatenate([[0], np.cumsum(minutes["distance"] * minutes["grade"] / 100)])
    which = np.clip(np.searchsorted(edges, timer, side="left") - 1, 0, len(minutes) - 1)
    noise = rng.normal(size=(3, len(timer)))
    column = {name: minutes[name].to_numpy()[which] for name in minutes if name != "activity"}
    strides = np.round((column["cadence"] + noise[0]) / 2 * 128) / 128
    samples = {
        "distance": np.interp(timer, edges, gone),
        "enhanced_speed": column["speed"] * (1 + 0.02 * noise[1]),
        "enhanced_altitude": 12 + np.interp(timer, edges, height),
        "heart_rate": np.interp(timer, (edges[1:] + edges[:-1]) / 2, minutes["heart_rate"]),
        "cadence": np.floor(strides),
        "fractional_cadence": strides - np.floor(strides),
    }
    if "power" in column:
        samples["vertical_oscillation"] = column["vertical_oscillation"] + noise[2]
        samples["stance_time"] = column["ground_contact"] + 2 * noise[2]
        samples["power"] = column["power"] + 4 * noise[1]
    return samples


def _laps(
    clock: np.ndarray[Any, Any], timer: np.ndarray[Any, Any], samples: dict[str, np.ndarray[Any, Any]]
) -> list[dict[str, Any]]:
    """Cut the recording at the first sample beyond every km; each lap knows the row it ends on."""
    gone = samples["distance"]
    ends = sorted({int(np.searchsorted(gone, km)) for km in np.arange(1000, gone[-1], 1000)} | {len(clock) - 1})
    laps, begin = [], 0
    for number, end in enumerate(ends):
        part = slice(begin, end + 1)
        strides = float(np.mean(samples["cadence"][part] + samples["fractional_cadence"][part]))
        lap = {"message_index": number, "row": end, "begin": clock[begin], "end": clock[end]}
        lap["total_timer_time"] = timer[end] - timer[begin]
        lap["total_distance"] = gone[end] - gone[begin]
        lap["avg_heart_rate"] = np.mean(samples["heart_rate"][part])
        lap["max_heart_rate"] = np.max(samples["heart_rate"][part])
        lap |= {"avg_cadence": np.floor(strides), "avg_fractional_cadence": strides % 1 * 127 / 128}
        lap["lap_trigger"] = 7 if end == len(clock) - 1 else 2
        laps.append(lap)
        begin = end
    return laps


def _lap(lap: dict[str, Any], start: pd.Timestamp) -> Message:
    begin, end = (start + pd.Timedelta(seconds=float(lap[name])) for name in ("begin", "end"))
    rest = {name: value for name, value in lap.items() if name not in ("row", "begin", "end")}
    rest["enhanced_avg_speed"] = lap["total_distance"] / max(lap["total_timer_time"], 1)
    rest |= {"total_elapsed_time": lap["end"] - lap["begin"], "event": 9, "event_type": 1, "sport": 1}
    return fit_message("lap", timestamp=end, start_time=begin, **rest)


def _session(row: dict[Any, Any], finish: pd.Timestamp, laps: int) -> Message:
    strides, most = row["cadence"] / 2, row["max_cadence"] / 2
    return fit_message(
        "session",
        timestamp=finish,
        start_time=row["start_utc"],
        total_elapsed_time=row["elapsed"],
        total_timer_time=row["duration"],
        total_distance=row["distance"],
        total_cycles=row["steps"] / 2,
        total_calories=row["calories"],
        enhanced_avg_speed=row["speed"],
        enhanced_max_speed=row["max_speed"],
        avg_heart_rate=row["heart_rate"],
        max_heart_rate=row["max_heart_rate"],
        avg_cadence=np.floor(strides),
        avg_fractional_cadence=strides % 1,
        max_cadence=np.floor(most),
        max_fractional_cadence=most % 1,
        avg_power=row["power"],
        total_ascent=row["ascent"],
        total_descent=row["descent"],
        num_laps=laps,
        avg_vertical_oscillation=row["vertical_oscillation"],
        avg_stance_time=row["ground_contact"],
        avg_step_length=1000 * row["step_length"],
        message_index=0,
        event=8,
        event_type=1,
        sport=1,
        sub_sport={"treadmill": 1, "track": 4}.get(row["sub_sport"], 0),
    )


def monitoring_fit(runner: SimulatedRunner, nights: pd.DataFrame) -> bytes:
    """Return days of a watch's monitoring as one FIT file: steps, resting heart rate, sleep stages, rMSSD."""
    home = ZoneInfo(runner.zone)
    begin = nights["date"].iloc[0].tz_localize(home)
    maker = {"manufacturer": 255, "product": 1, "serial_number": parameters(runner.name)["serial"]}
    messages = [
        fit_message("file_id", type=32, **maker, time_created=begin),
        fit_message("monitoring_info", timestamp=begin, local_timestamp=nights["date"].iloc[0]),
    ]
    for night in nights.to_dict("records"):
        wake = (night["date"] + pd.Timedelta(hours=7)).tz_localize(home)
        if np.isfinite(night["sleep"]):
            slept = pd.Timedelta(seconds=night["sleep"])
            messages.append(fit_message("event", timestamp=wake - slept, event=SLEEP_EVENT, event_type=0))
            for share, level in TABLES["fit"]["night"]:  # a level ends at its time
                moment = wake - (1 - share) * slept
                messages.append(fit_message("sleep_level", timestamp=moment, sleep_level=level))
            messages.append(fit_message("event", timestamp=wake, event=SLEEP_EVENT, event_type=1))
            rest = {"resting_heart_rate": night["rhr_7d"], "current_day_resting_heart_rate": night["rhr_day"]}
            messages.append(fit_message("monitoring_hr_data", timestamp=wake, **rest))
            rmssd = night["hrv_rmssd"]
            messages.append(fit_message("hrv_status_summary", timestamp=wake, last_night_average=rmssd))
        for hour, share in TABLES["fit"]["day"]:
            moment = (night["date"] + pd.Timedelta(hours=hour)).tz_localize(home)
            steps = np.floor(night["steps"] * share)
            messages.append(fit_message("monitoring", timestamp=moment, cycles=steps, activity_type=6))
            low_bits = (round(moment.timestamp()) + 600 - FIT_EPOCH) & 0xFFFF
            messages.append(fit_message("monitoring", timestamp_16=low_bits, heart_rate=60 + 2 * hour % 11))
    return fit_file(messages)
