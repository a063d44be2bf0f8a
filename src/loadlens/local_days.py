"""The local day of activities that give only UTC: the zone of the nearest activity in time, and how sure the day is."""

from __future__ import annotations

import numpy as np
import pandas as pd

from loadlens.log import reading_rules

_STATED = ("file", "record", "joined_file", "position")
_STEP = 900.0  # s; zones differ by quarters of an hour


def settle_days(activities: pd.DataFrame) -> tuple[pd.DataFrame, list[dict[str, object]]]:
    """Give activities without a zone that of their neighbour in time, and count the days that could be another.

    Parameters
    ----------
    activities : DataFrame
        The table of that name, each activity once.

    Returns
    -------
    activities : DataFrame
        Those with ``time_zone_from`` "assumed" have start_local, date and "neighbour" where a zone is known of an
        activity at most so many days away.
    issues : list of dict
        Ledger rows for each source: how many took the zone of a neighbour; and how many days would be another in a
        plausible zone, with ``value`` "so many/of all its activities". Plausible are the neighbours' own zones and an
        hour around them; else the zones of the whole log and an hour around them; else any.
    """
    rules = reading_rules()["local_day"]
    utc = _to_seconds(activities["start_utc"])
    local = _to_seconds(activities["start_local"])
    origin = activities["time_zone_from"]
    stated = np.isfinite(utc) & np.isfinite(local) & origin.isin(_STATED).to_numpy()
    unknown = (origin == "assumed").to_numpy()
    moment = np.where(np.isfinite(utc), utc, local)  # a wall time may be UTC as well
    low = np.full(len(activities), 3600.0 * rules["hours"][0])
    high = np.full(len(activities), 3600.0 * rules["hours"][1])
    settled = activities
    slack = 3600.0 * rules["neighbour_hours"]
    near = np.zeros(len(activities), bool)
    if stated.any() and unknown.any():
        order = np.argsort(utc[stated], kind="stable")
        known = utc[stated][order]
        offsets = _STEP * np.round((local - utc)[stated][order] / _STEP)
        low[:], high[:] = offsets.min() - slack, offsets.max() + slack
        after = np.clip(np.searchsorted(known, moment), 0, len(known) - 1)
        before = np.maximum(after - 1, 0)
        closer = np.where(np.abs(known[before] - moment) <= np.abs(known[after] - moment), before, after)
        most = 86_400.0 * rules["neighbour_days_at_most"]
        near = unknown & np.isfinite(utc) & (np.abs(known[closer] - moment) <= most)
        around = np.stack(
            [offsets[np.where(np.abs(known[one] - moment) <= most, one, closer)] for one in (before, after)]
        )
        low[near], high[near] = (around.min(axis=0) - slack)[near], (around.max(axis=0) + slack)[near]
        wall = pd.to_datetime(np.where(near, utc + offsets[closer], np.nan), unit="s").astype("datetime64[us]")
        settled = activities.copy()
        settled["start_local"] = settled["start_local"].mask(near, pd.Series(wall, index=activities.index))
        settled["date"] = settled["date"].mask(near, settled["start_local"].dt.normalize())
        settled["time_zone_from"] = settled["time_zone_from"].mask(near, "neighbour")
    day = np.floor_divide(np.stack([moment + low, moment + high]), 86_400.0)
    unsure = (unknown | near) & (day[0] != day[1])
    return settled, _tell(activities["source"], near, unsure)


def _to_seconds(times: pd.Series[pd.Timestamp]) -> np.ndarray:
    return (times - pd.Timestamp(0, tz=times.dt.tz)).dt.total_seconds().to_numpy("float64")


def _tell(source: pd.Series[str], near: np.ndarray, unsure: np.ndarray) -> list[dict[str, object]]:
    counts = (
        pd.DataFrame({"near": near, "unsure": unsure, "all": True}).groupby(source.to_numpy(object), sort=True).sum()
    )
    issues: list[dict[str, object]] = []
    for path, of_near, of_unsure, whole in counts.itertuples():
        entry = {"source": path, "field": "date", "action": "noted"}
        if of_near:
            issues.append(entry | {"what": "local_day_neighbour", "count": int(of_near)})
        if of_unsure:
            told = f"{of_unsure}/{whole}"
            issues.append(entry | {"what": "local_day_unsure", "count": int(of_unsure), "value": told})
    return issues
