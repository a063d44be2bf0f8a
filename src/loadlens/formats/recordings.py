"""A second-by-second recording -> its minutes and its totals, whatever the watch and the file format.

A recording is a frame with one row per sample and these columns, all but `time` optional: time (UTC), distance [m,
counted on], speed [m/s], heart_rate [bpm], cadence [steps/min], altitude [m], vertical_oscillation [mm],
ground_contact [ms], power [W]. Watches sample every second or only when something changes, so everything here counts
**time**, never rows: a sample stands for the time until the next one.

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
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

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


def order_records(records: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """Put samples in order of time, one row for each instant.

    Parameters
    ----------
    records : DataFrame
        A recording (see the module); rows without a time are dropped.

    Returns
    -------
    records : DataFrame
        Times strictly increasing. Rows of one instant are joined, the last known value of each column wins. A heart
        rate of 0 is missing.
    found : dict
        How many rows were ``untimed``, ``disordered`` (earlier than the row before) and ``joined``.
    """
    timed = records[records["time"].notna()]
    steps = np.diff(timed["time"].to_numpy()).astype(np.int64)
    found = {"untimed": len(records) - len(timed), "disordered": int((steps < 0).sum()), "joined": 0}
    if found["disordered"]:
        timed = timed.sort_values("time", kind="stable")
    if not timed["time"].is_unique:
        joined = timed.groupby("time", as_index=False).last()
        found["joined"] = len(timed) - len(joined)
        timed = joined
    timed = timed.reset_index(drop=True)
    if "heart_rate" in timed:
        timed["heart_rate"] = timed["heart_rate"].where(timed["heart_rate"] > 0)
    return timed, found


def divide_minutes(
    records: pd.DataFrame, start: pd.Timestamp | None = None, stops: Numbers | None = None
) -> pd.DataFrame:
    """Divide a recording into the minutes since its start.

    Parameters
    ----------
    records : DataFrame
        A recording in order (`order_records`).
    start : Timestamp, optional
        Where minute 0 begins; by default, and when it is later, the first sample.
    stops : array of float, shape (stops, 2), optional
        Seconds since 1970 between which the timer was stopped, in order and apart; empty when it never was. Without
        it nothing is known of the timer.

    Returns
    -------
    DataFrame
        minute, recorded [s], moving [share], distance [m], speed [m/s], grade [%] and the values the recording has;
        one row for each minute in which something was recorded. Values are means over time; the cadence only over
        time with steps. The grade is the slope of the regression of altitude on distance.
    """
    if len(records) < 2:
        return pd.DataFrame({"minute": pd.Series(dtype="int64"), "recorded": pd.Series(dtype="float64")})
    time = _seconds(records["time"])
    origin = time[0] if start is None else min(time[0], pd.Timestamp(start).timestamp())
    time = time - origin
    stops = None if stops is None else np.asarray(stops, float).reshape(-1, 2) - origin
    column = {name: records[name].to_numpy(float) for name in records.columns if name != "time"}
    distance = _count_on(time, column.get("distance"), column.get("speed"))
    row, length, minute = _pieces(time, distance, stops)

    numbers, which = np.unique(minute, return_inverse=True)
    count = len(numbers)
    recorded = np.bincount(which, length, count)
    out: dict[str, Any] = {"minute": numbers, "recorded": np.minimum(recorded, 60.0)}
    moving = _is_moving(time, distance, column)[row]
    out["moving"] = _mean(moving, length, which, count)
    if distance is None:
        out["distance"] = out["speed"] = np.full(count, np.nan)
    else:
        whole = np.bincount(row, length, len(time))[row]
        out["distance"] = np.bincount(which, np.append(np.diff(distance), 0.0)[row] * length / whole, count)
        if count and distance[0] <= ON_FOOT[1] * (time[0] + float(np.median(np.diff(time)))):
            out["distance"][0] += distance[0]  # run before the first sample; more belongs to an earlier session
        out["speed"] = np.where(recorded >= SHORTEST_MINUTE, out["distance"] / recorded, np.nan)
    for name in VALUES:
        if name in column:
            values = column[name][row]
            known = values if name == "power" else np.where(values > 0, values, np.nan)  # no power is 0 W, no step 0
            out[name] = _mean(known, length, which, count)
    if "altitude" in column and distance is not None:
        height = column["altitude"][row]
        height = np.where((height > HEIGHTS[0]) & (height < HEIGHTS[1]), height, np.nan)
        slope = _slope(distance[row], height, length, which, count)
        out["grade"] = np.where(out["distance"] >= SHORTEST_SLOPE, 100.0 * slope, np.nan)
    return pd.DataFrame(out)


def summarise_recording(records: pd.DataFrame, minutes: pd.DataFrame) -> dict[str, float]:
    """Return the totals of a recording, for what the watch did not total itself.

    Parameters
    ----------
    records : DataFrame
        The recording, in order.
    minutes : DataFrame
        Its minutes.

    Returns
    -------
    dict of str to float
        elapsed, duration, moving [s], distance [m], speed, max_speed [m/s], max_heart_rate [bpm], max_cadence
        [steps/min] and the means of the values; NaN where the recording does not tell. Ascent is left out: it
        depends on smoothing that every maker does differently.
    """
    time, recorded = _seconds(records["time"]), minutes["recorded"].to_numpy(float)
    total = {"elapsed": float(time[-1] - time[0]) if len(time) else np.nan, "duration": float(recorded.sum())}
    if not total["duration"]:
        return total
    one = np.zeros(len(minutes), np.int64)
    moving = _mean(minutes["moving"].to_numpy(float), recorded, one, 1)[0]
    total["moving"] = float(moving * total["duration"])
    distance = minutes["distance"].to_numpy(float)
    total["distance"] = float(np.nansum(distance)) if np.isfinite(distance).any() else np.nan
    total["speed"] = total["distance"] / total["duration"]
    for name in VALUES:
        if name in minutes:
            weight = recorded * minutes["moving"].fillna(1.0).to_numpy(float) if name == "cadence" else recorded
            total[name] = float(_mean(minutes[name].to_numpy(float), weight, one, 1)[0])
    for name in ("speed", "heart_rate", "cadence"):
        if name in records:
            total[f"max_{name}"] = float(records[name].max())
    measured = ("elapsed", "duration", "moving", "distance")  # a mean of nothing but zeros was not
    return {name: value if value > 0 or name in measured else np.nan for name, value in total.items()}


def counts_one_foot(
    cadence: Numbers, on_foot: str, seconds: float = np.nan, distance: float = np.nan, step: float = np.nan
) -> tuple[bool, str]:
    """Say whether a cadence counts the strides of one foot, so that it must be doubled into steps.

    Parameters
    ----------
    cadence : array of float
        As recorded, per minute.
    on_foot : {"run", "walk", "hike"}
        Sport. Runners take 140 to 210 steps a minute, walkers 80 to 140; half of that counts one foot.
    seconds, distance, step : float, optional
        Duration [s], distance [m] and mean step length [m]. When all three are known they decide.

    Returns
    -------
    one_foot : bool
        Whether to double; False when nothing is known.
    evidence : str
        The numbers that decided, in figures only.
    """
    steps = cadence[cadence > 0]
    if not len(steps):
        return False, ""
    typical = float(np.median(steps))
    walked = float(np.mean(steps)) * seconds / 60 * step  # what the cadence makes of it, if it counts steps
    ratio = distance / walked if walked > 0 else np.nan
    if 0.8 < ratio < 1.25 or 1.6 < ratio < 2.5:
        factor = 2 if ratio > 1.5 else 1
        return factor == 2, (
            f"{factor} × {np.mean(steps):.1f}/min × {seconds / 60:.1f} min × {step:.2f} m"
            f" = {factor * walked:.0f} m; {distance:.0f} m"
        )
    limit = 120 if on_foot == "run" else 80
    return typical < limit, f"{typical:.0f}/min < {limit}/min" if typical < limit else ""


def measure_path(latitude: Numbers, longitude: Numbers, time: pd.Series[Any]) -> Numbers:
    """Count on the distance along positions.

    Parameters
    ----------
    latitude, longitude : array of float, shape (samples,)
        Degrees, NaN where there was no fix; (0, 0) is no fix either.
    time : Series of datetime, shape (samples,)
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
    steps[steps > FASTEST * np.diff(_seconds(time)[fix])] = 0.0
    out[fix] = np.append(0.0, np.cumsum(steps))
    return out


def _seconds(time: pd.Series[Any]) -> Numbers:
    """Seconds since 1970 of UTC times, with or without a zone, in whatever unit they are stored."""
    naive = time.dt.tz_localize(None) if time.dt.tz is not None else time
    return naive.to_numpy().astype("datetime64[us]").astype(np.int64) / 1e6


def _count_on(time: Numbers, distance: Numbers | None, speed: Numbers | None) -> Numbers | None:
    """Distance at every sample, never falling; from the speed where no distance was recorded, None without either."""
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
    edges = np.unique(np.concatenate((time, end, full, inside)))
    middle, length = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    row = np.searchsorted(time, middle) - 1
    on = middle < end[row]
    for stop, again in stops[(stops[:, 1] > time[0]) & (stops[:, 0] < time[-1])]:
        on[np.searchsorted(middle, stop) : np.searchsorted(middle, again)] = False
    return row[on], length[on], np.floor(middle[on] / 60).astype(np.int64)


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
