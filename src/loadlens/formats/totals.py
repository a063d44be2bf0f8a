"""What a recording and its summary say together: local day, steps, minutes and totals, whatever the file format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from loadlens.formats.fit_sessions import fit_rules
from loadlens.formats.gait import counts_one_foot
from loadlens.formats.local_time import NO_PLACE, can_find_zones, is_place, to_local

if TYPE_CHECKING:
    from loadlens.formats.local_time import Place
    from loadlens.formats.recordings import Recording
    from loadlens.formats.source import Options, Reading

SHORTEST_RUN = 60.0  # s; a longer one that got nowhere was not measured


def read_clock(
    start: np.datetime64, offset: float, options: Options, reading: Reading, place: Place = NO_PLACE
) -> dict[str, Any]:
    """Return the start in UTC and on the local clock, the local day, and who told the time zone.

    Parameters
    ----------
    start : datetime64
        UTC.
    offset : float
        Seconds by which local time is ahead of UTC as the file says, NaN where it does not.
    options : Options
        The time zone of the user counts where neither the file nor the position says anything.
    reading : Reading
        Takes the ledger entry, once, when the day is not sure.
    place : (float, float), optional
        Where it began; it is used for the zone and kept nowhere.

    Returns
    -------
    dict
        start_utc, start_local, date, time_zone_from.
    """
    local, told = to_local(np.array([start]).astype("datetime64[s]"), offset, options.tz, place)
    if told == "assumed" and is_place(place) and not can_find_zones() and not is_noted(reading, "positions_not_used"):
        reading.note("positions_not_used", "noted", column="date")
    if told == "assumed" and not is_noted(reading, "local_day_unsure"):
        reading.note("local_day_unsure", "noted", column="date")
    return {
        "start_utc": start,
        "start_local": np.datetime64("NaT", "s") if told == "assumed" else local[0],
        "date": local[0].astype("datetime64[D]").astype("datetime64[s]"),
        "time_zone_from": told,
    }


def is_noted(reading: Reading, what: str) -> bool:
    """Say whether the ledger of a reading has such an entry."""
    return any(entry["what"] == what for entry in reading.ledger)


def count_steps(own: Recording, row: dict[str, Any], reading: Reading) -> float:
    """Turn strides of one foot into steps, in the samples and in the totals.

    Parameters
    ----------
    own : dict of str to array
        The recording; its cadence [1/min] is changed in place.
    row : dict
        Totals of the activity; cadence, max_cadence, steps and step_length are changed in place.
    reading : Reading
        Takes the ledger entry with the evidence.

    Returns
    -------
    float
        1 or 2: the factor of the totals, which may count differently from the samples.
    """
    recorded = own.get("cadence", np.empty(0))
    if np.isnan(row["step_length"]) and "step_length" in own:
        lengths = own["step_length"][own["step_length"] > 0]
        row["step_length"] = float(lengths.mean()) / 1000 if len(lengths) else np.nan
    known = row["sport"], row["duration"], row["distance"], row["step_length"]
    one_foot, evidence = counts_one_foot(recorded, *known)
    steps = recorded[recorded > 0] * (2 if one_foot else 1)
    if np.isnan(row["cadence"]):
        total_one_foot = one_foot
    elif len(steps):
        total_one_foot = row["cadence"] < np.sqrt(0.5) * float(np.mean(steps))  # nearer to half of it than to all
    else:
        total_one_foot, evidence = counts_one_foot(np.array([row["cadence"]]), *known)
    if one_foot:
        own["cadence"] = 2 * recorded
    factor = 2.0 if total_one_foot else 1.0
    row["cadence"] *= factor
    row["max_cadence"] *= factor
    expected = row["cadence"] * row["duration"] / 60
    if not abs(row["steps"] - expected) < abs(2 * row["steps"] - expected):  # also when the cadence is unknown
        row["steps"] *= 2
    if (one_foot or total_one_foot) and not is_noted(reading, "cadence_doubled"):
        reading.note("cadence_doubled", "converted", column="cadence", value=evidence)
    return factor


def fill_totals(row: dict[str, Any], totals: dict[str, float], foot: bool, reading: Reading) -> None:
    """Fill the totals that the watch left out from its recording, in place, and say where the two disagree.

    Parameters
    ----------
    row : dict
        Totals of the activity: m, s, m/s, bpm, steps/min; NaN where the watch said nothing.
    totals : dict
        Of `recordings.summarise_recording`.
    foot : bool
        Whether it was done on foot: then a distance of 0 over a minute or more was not measured.
    reading : Reading
        Takes the ledger entries.
    """
    if not row["duration"] > 0:
        row["duration"] = np.nan
    nowhere = foot and bool(np.fmax(row["duration"], totals.get("duration", 0.0)) >= SHORTEST_RUN)
    if nowhere and totals.get("distance") == 0:
        totals = totals | {"distance": np.nan, "speed": np.nan}
    recorded = totals.get("distance", np.nan)
    if nowhere and row["distance"] == 0 and not recorded > 0:
        row["distance"] = np.nan
        reading.note("zero_distance", "set_aside", column="distance", value=0)
    if row["distance"] == 0 and recorded > 0:
        row["distance"] = np.nan
        reading.note("totals_disagree", "repaired", column="distance", value=f"0 m; {recorded:.0f} m")
    if abs(recorded - row["distance"]) > fit_rules()["disagreement"] * row["distance"]:
        told = f"{row['distance']:.0f} m; {recorded:.0f} m"
        reading.note("totals_disagree", "noted", column="distance", value=told)
    for name, value in totals.items():
        if np.isnan(row.get(name, np.nan)):
            row[name] = value
    if np.isnan(row["speed"]) and row["duration"] > 0:
        row["speed"] = row["distance"] / row["duration"]
