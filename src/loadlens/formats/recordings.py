"""A second-by-second recording -> its minutes and its totals, whatever the watch and the file format.

A recording is a dict of equally long arrays, one value per sample, all but `time` optional: time (datetime64, UTC),
distance [m, counted on], speed [m/s], heart_rate [bpm], cadence [steps/min], altitude [m], vertical_oscillation [mm],
ground_contact [ms], power [W]; numbers are float64, NaN where unknown. Watches sample every second or only when
something changes, so everything here counts **time**, never rows: a sample stands for the time until the next one.

Time between two samples counts as recorded

* never where the timer is known to have stopped, and whole where it is known to have run;
* whole, when nothing is known of the timer and it is a usual step: at most `LONGEST_STEP` seconds, or three times the
  median step (smart recording writes steps of one to some eight seconds; some platforms one in 15 or 60 seconds);
* whole, when it is longer but the distance went on through it at the speed of a runner: the signal was lost, not the
  run;
* else as one median step: the watch paused by itself, or was off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Times = NDArray[np.datetime64]
    Recording = dict[str, NDArray[Any]]

LONGEST_STEP = 10.0  # s, see above
LONGEST_BRIDGE = 3600.0  # s; nobody runs an hour between two samples
ON_FOOT = (0.8, 8.0)  # m/s through a gap: from a stroll to a fast kilometre
STANDING = 0.5  # m/s; slower is no walk, and GPS at rest drifts up to this
SHORTEST_MINUTE = 5.0  # s recorded; of less no speed is given
SHORTEST_SLOPE = 20.0  # m; over less, altitude noise outweighs the slope
FASTEST = 40.0  # m/s; what is faster was not moved
LONGEST_JUMP = 2000.0  # m; shorter jumps are a signal found again, longer ones are damage
HEIGHTS = (-500.0, 9000.0)  # m; the surface of the earth
NEW_COUNT = 100.0  # m; a distance that falls by more starts again from zero, by less it was corrected
EARTH = 6_371_008.8  # m, mean radius (IUGG)

VALUES = ("heart_rate", "cadence", "vertical_oscillation", "ground_contact", "power")
MEASURES = ("moving", "distance", "speed", "grade", *VALUES)


def order_records(records: Recording) -> tuple[Recording, dict[str, int]]:
    """Put samples in order of time, one for each instant.

    Parameters
    ----------
    records : dict of str to array, shape (samples,)
        A recording (see the module); samples without a time are dropped.

    Returns
    -------
    records : dict of str to array
        Times strictly increasing. Samples of one instant are joined, the last known value of each column wins. A
        heart rate of 0 is missing.
    found : dict
        How many samples were ``untimed``, ``disordered`` (earlier than the one before) and ``joined``.
    """
    timed = ~np.isnat(records["time"])
    found = {"untimed": int((~timed).sum()), "disordered": 0, "joined": 0}
    if found["untimed"]:
        records = {name: column[timed] for name, column in records.items()}
    steps = np.diff(records["time"]).astype(np.int64)
    found["disordered"] = int((steps < 0).sum())
    if found["disordered"]:
        order = np.argsort(records["time"], kind="stable")
        records = {name: column[order] for name, column in records.items()}
        steps = np.diff(records["time"]).astype(np.int64)
    if not steps.all():
        first = np.flatnonzero(np.append(True, steps > 0))
        found["joined"] = len(steps) + 1 - len(first)
        records = {name: _last_known(column, first) for name, column in records.items()}
    if "heart_rate" in records:
        rate = records["heart_rate"]
        records = records | {"heart_rate": np.where(rate > 0, rate, np.nan)}
    return records, found


def _last_known(column: NDArray[Any], first: NDArray[np.intp]) -> NDArray[Any]:
    """Join the values from each row `first` up to the next: the last known one, missing where all are."""
    known = np.where(column == column, np.arange(len(column)), -1)  # what is missing differs from itself
    last = np.maximum.reduceat(known, first)
    return column[np.where(last < 0, first, last)]


def divide_minutes(records: Recording, start: float | None = None, stops: Numbers | None = None) -> Recording:
    """Divide a recording into the minutes since its start.

    Parameters
    ----------
    records : dict of str to array, shape (samples,)
        A recording in order (`order_records`).
    start : float, optional
        Seconds since 1970 at which minute 0 begins; by default, and when it is later, the first sample.
    stops : array of float, shape (stops, 2), optional
        Seconds since 1970 between which the timer was stopped, in order and apart; empty when it never was. Without
        it nothing is known of the timer.

    Returns
    -------
    dict of str to array, shape (minutes,)
        minute, recorded [s], moving [share], distance [m], speed [m/s], grade [%] and the `VALUES`, NaN where the
        recording does not tell; one for each minute in which something was recorded. Values are means over time; the
        cadence only over time with steps. The grade is the slope of the regression of altitude on distance.
    """
    if len(records["time"]) < 2:
        return {"minute": np.empty(0, np.int64)} | {name: np.empty(0) for name in ("recorded", *MEASURES)}
    time = to_seconds(records["time"])
    origin = time[0] if start is None else min(time[0], start)
    time = time - origin
    stops = None if stops is None else np.asarray(stops, float).reshape(-1, 2) - origin
    distance = count_distance(time, records.get("distance"), records.get("speed"))
    row, length, minute = _pieces(time, distance, stops)

    new = np.append(True, np.diff(minute) > 0)[: len(minute)]
    numbers, which = minute[new], np.cumsum(new) - 1
    count = len(numbers)
    recorded = np.bincount(which, length, count)
    out: Recording = {"minute": numbers, "recorded": np.minimum(recorded, 60.0)}
    out |= {name: np.full(count, np.nan) for name in MEASURES}
    out["moving"] = _mean(_is_moving(time, distance, records)[row], length, which, count)
    if distance is not None:
        whole = np.bincount(row, length, len(time))[row]
        out["distance"] = np.bincount(which, np.append(np.diff(distance), 0.0)[row] * length / whole, count)
        if count and distance[0] <= ON_FOOT[1] * (time[0] + float(np.median(np.diff(time)))):
            out["distance"][0] += distance[0]  # run before the first sample; more belongs to an earlier session
        np.divide(out["distance"], recorded, out=out["speed"], where=recorded >= SHORTEST_MINUTE)
    for name in VALUES:
        if name in records:
            values = records[name][row]
            known = values if name == "power" else np.where(values > 0, values, np.nan)  # no power is 0 W, no step 0
            out[name] = _mean(known, length, which, count)
    if "altitude" in records and distance is not None:
        height = records["altitude"][row]
        height = np.where((height > HEIGHTS[0]) & (height < HEIGHTS[1]), height, np.nan)
        slope = _slope(distance[row], height, length, which, count)
        out["grade"] = np.where(out["distance"] >= SHORTEST_SLOPE, 100.0 * slope, np.nan)
    return out


def summarise_recording(records: Recording, minutes: Recording) -> dict[str, float]:
    """Return the totals of a recording, for what the watch did not total itself.

    Parameters
    ----------
    records : dict of str to array
        The recording, in order.
    minutes : dict of str to array
        Its minutes.

    Returns
    -------
    dict of str to float
        elapsed, duration, moving [s], distance [m], speed, max_speed [m/s], max_heart_rate [bpm], max_cadence
        [steps/min] and the means of the values; NaN where the recording does not tell. Ascent is left out: it
        depends on smoothing that every maker does differently.
    """
    time, recorded = to_seconds(records["time"]), minutes["recorded"]
    total = {"elapsed": float(time[-1] - time[0]) if len(time) else np.nan, "duration": float(recorded.sum())}
    if not total["duration"]:
        return total
    total["moving"] = mean_of(minutes["moving"], recorded) * total["duration"]
    distance = minutes["distance"]
    total["distance"] = float(np.nansum(distance)) if np.isfinite(distance).any() else np.nan
    total["speed"] = total["distance"] / total["duration"]
    for name in VALUES:
        weight = recorded * np.nan_to_num(minutes["moving"], nan=1.0) if name == "cadence" else recorded
        total[name] = mean_of(minutes[name], weight)
    for name in ("speed", "heart_rate", "cadence"):
        known = records[name][np.isfinite(records[name])] if name in records else np.empty(0)
        total[f"max_{name}"] = float(known.max()) if len(known) else np.nan
    measured = ("elapsed", "duration", "moving", "distance")  # a mean of nothing but zeros was not
    return {name: value if value > 0 or name in measured else np.nan for name, value in total.items()}


def mean_of(values: Numbers, weight: Numbers) -> float:
    """Weighted mean of the known values, NaN where none is known."""
    known = np.isfinite(values)
    total = float(weight[known].sum())
    return float(values[known] @ weight[known]) / total if total > 0 else np.nan


def measure_path(latitude: Numbers, longitude: Numbers, time: Times) -> Numbers:
    """Count on the distance along positions.

    Parameters
    ----------
    latitude, longitude : array of float, shape (samples,)
        Degrees, NaN where there was no fix; (0, 0) is no fix either.
    time : array of datetime64, shape (samples,)
        When; a jump faster than `FASTEST` is an error of the position and adds nothing.

    Returns
    -------
    array of float, shape (samples,)
        Metres from the first fix, by the haversine formula on a sphere (R. W. Sinnott, Sky and Telescope 68, 1984,
        p. 159); NaN where there is no fix.
    """
    fix = np.isfinite(latitude) & np.isfinite(longitude) & ((latitude != 0) | (longitude != 0))
    out = np.full(len(latitude), np.nan)
    if not fix.any():
        return out
    north, east = np.radians(latitude[fix]), np.radians(longitude[fix])
    chord = np.sin(np.diff(north) / 2) ** 2 + np.cos(north[1:]) * np.cos(north[:-1]) * np.sin(np.diff(east) / 2) ** 2
    steps = 2 * EARTH * np.arcsin(np.sqrt(np.minimum(chord, 1.0)))
    steps[steps > FASTEST * np.diff(to_seconds(time)[fix])] = 0.0
    out[fix] = np.append(0.0, np.cumsum(steps))
    return out


def to_seconds(time: Times) -> Numbers:
    """Seconds since 1970, in whatever unit the times are stored."""
    return time.astype("datetime64[us]").astype(np.int64) / 1e6


def count_distance(time: Numbers, distance: Numbers | None, speed: Numbers | None) -> Numbers | None:
    """Distance [m] at every sample, never falling; from the speed where none was recorded, None without either."""
    known = np.isfinite(distance) if distance is not None else np.zeros(0, bool)
    if distance is not None and known.any():
        counted = distance[known]
        fall = np.minimum(np.diff(counted), 0.0)
        jump = np.diff(counted) > np.maximum(FASTEST * np.diff(time[known]), LONGEST_JUMP)
        counted = counted - np.append(0.0, np.cumsum(np.where((fall < -NEW_COUNT) | jump, np.diff(counted), 0.0)))
        counted = np.maximum.accumulate(counted)
        if counted[-1] > counted[0] or speed is None or not np.nansum(speed):
            return np.interp(time, time[known], counted)
    if speed is None or not np.isfinite(speed).any():
        return None
    steps = np.nan_to_num(speed[:-1]) * np.minimum(np.diff(time), LONGEST_STEP)
    return np.append(0.0, np.cumsum(steps))


def _pieces(
    time: Numbers, distance: Numbers | None, stops: Numbers | None
) -> tuple[NDArray[np.intp], Numbers, NDArray[np.int64]]:
    """Cut the recorded time at samples, at full minutes and at stops: row, seconds and minute of every piece."""
    step = np.diff(time)
    usual = float(np.median(step))
    end = time[1:].copy()
    counted = step <= LONGEST_BRIDGE
    if stops is None:
        counted &= step <= max(LONGEST_STEP, 3 * usual)
        if distance is not None:
            through = np.diff(distance) / step
            counted |= (through >= ON_FOOT[0]) & (through <= ON_FOOT[1]) & (step <= LONGEST_BRIDGE)
        stops = np.empty((0, 2))
    elif len(stops):
        counted |= step - _stopped(time, stops) <= LONGEST_BRIDGE
    end[~counted] = np.minimum(time[:-1] + min(usual, LONGEST_BRIDGE), end)[~counted]
    first = np.floor(time[:-1] / 60).astype(np.int64) + 1
    borders = np.maximum(np.ceil(end / 60).astype(np.int64) - first, 0)
    within = np.arange(borders.sum()) - np.repeat(np.cumsum(borders) - borders, borders)
    full = 60.0 * (np.repeat(first, borders) + within)
    inside = stops.ravel()[(stops.ravel() > time[0]) & (stops.ravel() < time[-1])]
    edges = np.unique(np.concatenate((time, end[end < time[1:]], full, inside)))
    middle, length = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    row = np.clip(np.searchsorted(time, middle, side="right") - 1, 0, len(end) - 1)
    on = middle < end[row]
    if len(stops):
        begun, ended = (np.bincount(np.searchsorted(middle, at), minlength=len(middle) + 1) for at in stops.T)
        on &= np.cumsum(begun - ended)[:-1] == 0
    return row[on], length[on], np.floor(middle[on] / 60).astype(np.int64)


def count_timer(time: Numbers, stops: Numbers) -> Numbers:
    """Count the seconds with the timer on from the first sample to each.

    Parameters
    ----------
    time : array of float, shape (samples,)
        Seconds since 1970.
    stops : array of float, shape (stops, 2)
        Stretches of stopped timer, in the same seconds.
    """
    on = np.diff(time) - (_stopped(time, stops) if len(stops) else 0.0)
    return np.append(0.0, np.cumsum(on))


def _stopped(time: Numbers, stops: Numbers) -> Numbers:
    """Seconds of stopped timer between each sample and the next."""
    ends = np.sort(stops.ravel())  # stops do not overlap, so starts and ends take turns
    before = np.append(0.0, np.cumsum(np.diff(ends) * (np.arange(len(ends) - 1) % 2 == 0)))
    return np.diff(np.interp(time, ends, before))


def _is_moving(time: Numbers, distance: Numbers | None, column: Mapping[str, Numbers]) -> Numbers:
    """1 at samples in motion, 0 at rest, NaN where nothing tells: by speed, else by distance, else by steps."""
    speed = column.get("speed")
    if (speed is None or not np.isfinite(speed).any()) and distance is not None and distance[-1] > distance[0]:
        ahead, behind = (np.interp(time + shift, time, distance) for shift in (5.0, -5.0))
        speed = (ahead - behind) / (np.minimum(time + 5.0, time[-1]) - np.maximum(time - 5.0, time[0]))
    moving = np.full(len(time), np.nan)
    if "cadence" in column:
        moving = np.where(np.isfinite(column["cadence"]), column["cadence"] > 0, np.nan)
    if speed is not None:
        moving = np.where(np.isfinite(speed), speed >= STANDING, moving)
    return moving


def _mean(values: Numbers, weight: Numbers, which: NDArray[np.intp] | NDArray[np.int64], count: int) -> Numbers:
    """Weighted mean of the known values in each group, NaN where none is known."""
    known = np.isfinite(values)
    total = np.bincount(which[known], weight[known], count)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0, np.bincount(which[known], (values * weight)[known], count) / total, np.nan)


def _slope(x: Numbers, y: Numbers, weight: Numbers, which: NDArray[np.intp], count: int) -> Numbers:
    """Slope of the weighted regression of y on x in each group; NaN with fewer than three values."""
    known = np.isfinite(y) & np.isfinite(x)
    x, y, weight, which = x[known], y[known], weight[known], which[known]
    dx = x - _mean(x, weight, which, count)[which]
    dy = y - _mean(y, weight, which, count)[which]
    spread = np.bincount(which, weight * dx * dx, count)
    enough = (np.bincount(which, minlength=count) >= 3) & (spread > 1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(enough, np.bincount(which, weight * dx * dy, count) / spread, np.nan)
