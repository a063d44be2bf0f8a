"""Workouts of Apple Health -> rows of the table activities; the same workout written by several apps is one row.

Older exports give the totals as attributes of a workout, newer ones as statistics within it, sometimes in pieces. The
duration leaves out pauses; time in motion is told only where pauses are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loadlens.formats.apple_days import merge_intervals
from loadlens.formats.apple_records import is_zone, to_local
from loadlens.formats.apple_stream import apple_rules, convert, parse_stamps
from loadlens.formats.export_profiles import find_sport
from loadlens.formats.local_time import are_set
from loadlens.log import reading_rules

if TYPE_CHECKING:
    from loadlens.formats.source import Reading

    Row = dict[str, Any]

_FOOT = ("run", "walk", "hike")
MOST_PARTS = 10_000  # statistics, events or routes kept of one workout
NEAR = 10  # workouts that begin one after the other, the same hour by several apps


@dataclass
class Workout:
    """One workout as it stands in the file."""

    attributes: dict[str, str]
    statistics: list[dict[str, str]] = field(default_factory=list)
    of_parts: list[dict[str, str]] = field(default_factory=list)
    events: list[dict[str, str]] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    routes: list[str] = field(default_factory=list)

    def add(self, depth: int, name: str, attributes: dict[str, str]) -> None:
        """Take an element within the workout; depth 3 is its child. What belongs to a part counts only without more."""
        if name == "WorkoutStatistics":
            _keep(self.statistics if depth == 3 else self.of_parts, attributes)
        elif name == "WorkoutEvent" and depth == 3:
            _keep(self.events, attributes)
        elif name == "MetadataEntry" and depth == 3 and len(self.metadata) < MOST_PARTS:
            self.metadata.setdefault(attributes.get("key", "")[:100], attributes.get("value", "")[:200])
        elif name == "FileReference":
            _keep(self.routes, attributes.get("path", "")[:300])


def _keep(parts: list[Any], part: Any) -> None:
    if len(parts) < MOST_PARTS:
        parts.append(part)


def read_workout(workout: Workout, row: int, reading: Reading) -> Row | None:
    """Return one activity, None where its time cannot be read; its place in the file goes to the ledger then."""
    told = workout.attributes
    (start, end), (offset, _) = parse_stamps([told.get("startDate", ""), told.get("endDate", "")])
    if not (np.isfinite(start) and are_set(np.asarray(np.datetime64(int(start), "s")))):
        reading.note("date_unreadable", "set_aside", row=row, column="start_utc", value=told.get("startDate"))
        return None
    found: Row = {"source_row": row, "activity": str(row), "device": told.get("sourceName", "").strip()[:200] or None}
    found |= _read_clock(start, offset, workout.metadata.get(apple_rules()["workout"]["zone"]), reading)
    found |= _read_sport(workout, reading)
    found |= _read_times(workout, start, end, reading)
    found |= _read_totals(workout, reading)
    if found["sport"] in _FOOT:
        found["cadence"] = found["steps"] / found["duration"] * 60 if found["duration"] > 0 else np.nan
    else:
        found["steps"] = np.nan
    if found["sport"] == "run" and found["distance"] == 0 and found["duration"] > 0:
        reading.note("run_without_distance", "set_aside", row=row, column="distance")
        found["distance"] = np.nan
    found["speed"] = found["distance"] / found["duration"] if found["duration"] > 0 else np.nan
    routes = [path.strip("/") for path in workout.routes if path.strip("/")]
    found["file"] = "; ".join(routes) or None
    if len(routes) > 1:
        reading.note("routes_more", "noted", row=row, column="file", value="; ".join(routes[1:]), count=len(routes) - 1)
    return found


def _read_clock(start: float, offset: float, zone: str | None, reading: Reading) -> Row:
    """Return UTC, local time and day: in the zone of the workout, else on the clock of the phone at export."""
    known = zone is not None and is_zone(zone)
    if zone is not None and not known:
        reading.note("zone_unknown", "set_aside", column="start_local", value=zone)
    number = np.array([0 if known else -1])
    local = to_local(np.array([start]), np.array([offset]), number, [zone or ""])[0]
    wall = pd.Timestamp(int(local), unit="s")
    return {
        "start_utc": pd.Timestamp(int(start), unit="s", tz="UTC"),
        "start_local": wall,
        "date": wall.normalize(),
        "time_zone_from": "record" if known else "file",
    }


def _read_sport(workout: Workout, reading: Reading) -> Row:
    rules, told = apple_rules()["workout"], workout.attributes.get("workoutActivityType", "")[:100]
    name = told.removeprefix(apple_rules()["sports"]["prefix"])
    listed = apple_rules()["sports"]["names"].get(name)
    kind: str | None = None
    if listed:
        sport = listed[0]
    else:
        words = "".join(f" {sign}" if sign.isupper() else sign for sign in name).strip()
        sport, kind, how = find_sport(words)
        if how != "listed":
            what, action = ("sport_guessed", "converted") if how == "guessed" else ("sport_unknown", "noted")
            reading.note(what, action, column="sport", value=told or "–")
    if workout.metadata.get(rules["indoor"]) == "1" and sport in rules["indoor_sports"]:
        kind = "indoor"
    kind = rules["waters"].get(workout.metadata.get(rules["water"], "").partition(" ")[0], kind)
    return {
        "sport": sport,
        "sub_sport": kind,
        "sport_as_exported": told or None,
        "title": workout.metadata.get(rules["title"], "").strip() or None,
        "source_id": workout.metadata.get(rules["id"], "").strip() or None,
    }


def _read_times(workout: Workout, start: float, end: float, reading: Reading) -> Row:
    """Return duration, elapsed and moving time. A duration that does not fit between start and end is replaced."""
    told = workout.attributes
    elapsed = end - start if end > start else np.nan
    paused = _sum_pauses(workout.events, start, end) if elapsed > 0 else np.nan
    duration = convert(told.get("duration"), told.get("durationUnit"), "time")
    if not duration > 0:
        duration = elapsed - np.nan_to_num(paused)
        if duration > 0:
            reading.note("duration_from_clock", "repaired", column="duration")
    elif duration > elapsed + apple_rules()["clock_slack"]:
        value = f"{told.get('duration')} {told.get('durationUnit')}"
        reading.note("duration_too_long", "repaired", column="duration", value=value)
        duration = elapsed - np.nan_to_num(paused)
    return {"duration": duration if duration > 0 else np.nan, "elapsed": elapsed, "moving": elapsed - paused}


def _sum_pauses(events: list[dict[str, str]], start: float, end: float) -> float:
    """Return the seconds paused, by hand or by the watch, each moment once; NaN where no pause is told.

    A pause that nothing ends lasts to the end of the workout.
    """
    begun: list[float] = []
    ended: list[float] = []
    for pause, resume in apple_rules()["workout"]["pauses"].items():
        own = [event for event in events if event.get("type") in (pause, resume)]
        times = parse_stamps([event.get("date", "") for event in own])[0]
        since = np.nan
        for event, time in zip(own, times, strict=True):
            lasted = convert(event.get("duration"), event.get("durationUnit"), "time")
            if event["type"] == pause and lasted > 0:  # some apps write a pause as one event with a length
                begun.append(time)
                ended.append(time + lasted)
            elif event["type"] == pause and np.isnan(since):
                since = time
            elif event["type"] == resume and since <= time:
                begun.append(since)
                ended.append(time)
                since = np.nan
        if since < end:
            begun.append(since)
            ended.append(end)
    if not begun:
        return np.nan
    known = np.isfinite(begun)
    first, last = merge_intervals(np.clip(begun, start, end)[known], np.clip(ended, start, end)[known])
    return float((last - first).sum())


def _read_totals(workout: Workout, reading: Reading) -> Row:
    """Return distance, heart rate and the rest: from the statistics, else from the attributes, and the metadata."""
    rules = apple_rules()["workout"]
    kinds = {one.get("type") for one in workout.statistics}
    parts = workout.statistics + [one for one in workout.of_parts if one.get("type") not in kinds]
    gathered: dict[str, list[tuple[float, float]]] = {}
    how: dict[str, str] = {}
    unread: set[tuple[str, str]] = set()
    for one in parts:
        (begin, end), _ = parse_stamps([one.get("startDate", ""), one.get("endDate", "")])
        for use in rules["statistics"].get(one.get("type"), ()):
            if use["part"] in one:
                value = convert(one[use["part"]], one.get("unit"), use["unit"])
                gathered.setdefault(use["column"], []).append((value, end - begin if end > begin else 1.0))
                how[use["column"]] = use["part"]
                unread |= {(use["column"], f"{one[use['part']]} {one.get('unit')}")} if np.isnan(value) else set()
    columns = {use["column"] for uses in rules["statistics"].values() for use in uses}
    row: Row = dict.fromkeys(columns | {"ascent", "descent", "temperature", "cadence"}, np.nan)
    row |= {column: _join(values, how[column]) for column, values in gathered.items()}
    for column, use in rules["attributes"].items():
        text = workout.attributes.get(use["value"])
        if text is not None and np.isnan(row[column]):
            row[column] = convert(text, workout.attributes.get(use["unit"]), use["table"])
            unread |= {(column, f"{text} {workout.attributes.get(use['unit'])}")} if np.isnan(row[column]) else set()
    for key, use in rules["metadata"].items():
        if key in workout.metadata:
            text, _, unit = workout.metadata[key].partition(" ")
            row[use["column"]] = convert(text, unit, use["unit"])
            unread |= {(use["column"], workout.metadata[key])} if np.isnan(row[use["column"]]) else set()
    for column, text in sorted(unread):
        reading.note("cell_unreadable", "set_aside", column=column, value=text)
    for column in columns - {"distance"}:
        row[column] = row[column] if row[column] > 0 else np.nan  # 0 is not measured
    return row


def _join(values: list[tuple[float, float]], part: str) -> float:
    """Join the pieces of one quantity: (value, seconds)."""
    value, lasted = np.array(values).T
    if part == "sum":
        return float(value.sum())
    if part == "maximum":
        return float(np.fmax.reduce(value))
    known = np.isfinite(value)
    return float((value[known] * lasted[known]).sum() / lasted[known].sum()) if known.any() else np.nan


def merge_apps(table: pd.DataFrame, reading: Reading) -> pd.DataFrame:
    """Join workouts that several apps wrote of the same: of each the row with the most values, filled from the others.

    Parameters
    ----------
    table : DataFrame
        Activities; ``device`` is the app or watch that wrote each.
    reading : Reading
        Takes an entry for each that was joined.

    Returns
    -------
    DataFrame
        Rows that start within ``start_seconds``, last as long up to ``share``, are both runs or both not, and come from
        different apps, are one. What one app lists twice stays two.
    """
    rules = reading_rules()["merging"]
    table = table.assign(_full=table.notna().sum(axis=1) + table["file"].notna() * len(table.columns))
    table = table.sort_values(["start_utc", "_full"], ascending=[True, False], kind="stable").reset_index(drop=True)
    start = find_starts(table)
    lasted = table["duration"].fillna(table["elapsed"]).to_numpy(float)
    runs, apps = (table["sport"] == "run").to_numpy(), table["device"].fillna("–").to_numpy(object)
    group = np.arange(len(table))
    members: dict[int, set[str]] = {place: {apps[place]} for place in group.tolist()}
    for one in range(len(table)):
        for other in range(one + 1, min(one + 1 + NEAR, len(table))):
            near = start[other] - start[one] <= rules["start_seconds"] and runs[one] == runs[other]
            alike = abs(lasted[one] - lasted[other]) <= rules["share"] * max(lasted[one], lasted[other])
            home = int(group[one])
            if near and alike and group[other] == other and apps[other] not in members[home]:
                group[other] = home
                members[home].add(apps[other])
    table["_group"] = group
    if len(set(group)) == len(table):
        return table.drop(columns=["_full", "_group"])
    table = table.sort_values(["_group", "_full"], ascending=[True, False], kind="stable")
    kept = table.drop_duplicates("_group").set_index("_group")
    for row, home in table.loc[table["_group"].duplicated(), ["source_row", "_group"]].itertuples(index=False):
        value = f"{kept['device'].fillna('–')[home]} #{kept['source_row'][home]}"
        reading.note("app_wrote_again", "merged", row=row, column="device", value=value)
    return table.groupby("_group", sort=False).first().reset_index(drop=True).drop(columns="_full")


def find_starts(table: pd.DataFrame) -> np.ndarray:
    """Return the starts of activities in seconds since 1970."""
    starts: np.ndarray = table["start_utc"].dt.tz_localize(None).to_numpy().astype("datetime64[s]").astype("int64")
    return starts
