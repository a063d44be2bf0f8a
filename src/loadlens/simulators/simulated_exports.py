"""Writes synthetic runners as the files that watches and platforms give: recordings, lists, nights, archives.

Same runner, same bytes: archives carry fixed dates and nothing asks the clock.
"""

from __future__ import annotations

import csv
import gzip
import io
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from loadlens.files import read
from loadlens.log import RunningLog
from loadlens.simulation import TABLES, SimulatedRunner, parameters, simulate
from loadlens.simulators.simulated_accounts import write_account, zipped
from loadlens.simulators.simulated_apple import write_apple
from loadlens.simulators.simulated_apps import APP_WRITERS
from loadlens.simulators.simulated_diary import diary_csv, diary_sheet_csv
from loadlens.simulators.simulated_fit import activity_fit, monitoring_fit
from loadlens.simulators.simulated_fit import fit_checksum as fit_checksum
from loadlens.simulators.simulated_fit import fit_file as fit_file
from loadlens.simulators.simulated_fit import fit_message as fit_message
from loadlens.simulators.simulated_platforms import WRITERS as PLATFORM_WRITERS
from loadlens.simulators.simulated_sessions import WRITERS as SESSION_WRITERS
from loadlens.simulators.simulated_tables import WRITERS as TABLE_WRITERS
from loadlens.simulators.simulated_tracks import track_gpx, track_tcx, write_tracks

MILE, FOOT, YARD = 1609.344, 0.3048, 0.9144


# ---------------------------------------------------------------- Garmin's lists


def garmin_activities_csv(runner: SimulatedRunner, kind: str) -> str:
    """Return the list export of Garmin Connect: local times, no units, labels that serve every sport, newest first.

    Parameters
    ----------
    runner : SimulatedRunner
    kind : str
        A key of ``[garmin.kinds]``: language of the headings, decimal mark, km or miles.
    """
    language, mark, units = TABLES["garmin"]["kinds"][kind]
    columns = TABLES["garmin"][language]["columns"]
    lines = [",".join(label for label, _ in columns)]
    for _, row in runner.activities[::-1].iterrows():
        cells = _garmin_cells(row, runner, language, statute=units == "statute")
        texts = [content[1:] if content[0] == "=" else cells[content] for _, content in columns]
        if mark == "comma":
            texts = [_swap_marks(text) if text.replace(".", "").replace(",", "").isdigit() else text for text in texts]
        lines.append(",".join([*texts[:3], *(f'"{text}"' for text in texts[3:])]))
    return "\n".join(lines) + "\n"


def _swap_marks(text: str) -> str:
    return text.translate(str.maketrans(".,", ",."))


def _number(value: float, digits: int = 0, missing: str = "--") -> str:
    return missing if np.isnan(value) else f"{value:,.{digits}f}"


def _time(seconds: float) -> str:
    minutes, second = divmod(round(seconds), 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}"


def _pace(row: pd.Series[Any], speed: float, unit: float) -> str:
    """Give what stands under "pace": minutes for those on foot and in water, a speed for those on wheels."""
    if np.isnan(speed):
        return "--"
    if row["sport"] == "ride":
        return f"{speed * 3600 / unit:.1f}"
    minutes, second = divmod(round((100 if row["sport"] == "swim" else unit) / speed), 60)
    return f"{minutes}:{second:02d}"


def _garmin_cells(row: pd.Series[Any], runner: SimulatedRunner, language: str, *, statute: bool) -> dict[str, str]:
    place = parameters(runner.name)["place"]
    run, swim = row["sport"] == "run", row["sport"] == "swim"
    sport = row["sub_sport"] if row["sub_sport"] in ("treadmill", "track") else row["sport"]
    name = TABLES["garmin"]["types"][language][sport]
    unit, height = (MILE, FOOT) if statute else (1000.0, 1.0)
    if swim or sport == "track":  # shown in metres, or yards, whatever the other rows do
        distance = _number(row["distance"] / (YARD if statute else 1))
    else:
        distance = _number(row["distance"] / unit, 2)
    laps = max(1, int(-(-row["distance"] // unit))) if run else 1
    coldest, warmest = (57.2, 66.2) if statute else (14.0, 19.0)
    cadence = [_number(row["cadence"]), _number(row["max_cadence"])]
    return {
        "type": name,
        "date": f"{row['start_local']:%Y-%m-%d %H:%M:%S}",
        "favorite": "false",
        "title": f"{place} {name}",
        "distance": distance,
        "calories": _number(row["calories"]),
        "time": _time(row["duration"]),
        "hr": _number(row["heart_rate"]),
        "max_hr": _number(row["max_heart_rate"]),
        "te": _number(min(5.0, row["duration"] / 1500 + row["heart_rate"] / 150), 1),
        "cadence": cadence[0],
        "max_cadence": cadence[1],
        "other_cadence": "83" if row["sport"] == "ride" else "--",
        "other_max_cadence": "101" if row["sport"] == "ride" else "--",
        "pace": _pace(row, row["speed"], unit),
        "best_pace": _pace(row, row["max_speed"], unit),
        "ascent": _number(row["ascent"] / height),
        "descent": _number(row["descent"] / height),
        "stride": _number(row["step_length"], 2, "0.00"),
        "vratio": _number(row["vertical_ratio"], 1, "0.0"),
        "vosc": _number(row["vertical_oscillation"] / 10, 1, "0.0"),
        "gct": _number(row["ground_contact"], 0, "--" if run else "0"),
        "balance": "50.3% L / 49.7% R" if row["ground_contact"] > 0 else "--",
        "tss": "0.0",
        "np": _number(row["power"], 0, "--"),
        "power": _number(row["power"], 0, "0"),
        "max_power": _number(row["power"] * 1.4, 0, "0"),
        "strokes": "1,088" if swim else "--",
        "swolf": "56" if swim else "--",
        "stroke_rate": "29" if swim else "--",
        "min_temp": _number(coldest, 1) if run else "0.0",
        "max_temp": _number(warmest, 1) if run else "0.0",
        "best_lap": f"{_time(row['duration'] / laps * 0.95)}.4",
        "laps": str(laps),
        "moving": _time(row["moving"]),
        "elapsed": _time(row["elapsed"]),
        "min_elevation": _number(3 / height),
        "max_elevation": _number(17 / height),
        "missing": "--",
    }


def garmin_sleep_csv(runner: SimulatedRunner) -> str:
    """Return Garmin's daily sleep export; the first heading names the report and stands over the dates."""
    lines = [",".join(TABLES["garmin_sleep"]["columns"])]
    for _, day in runner.wellness[::-1].iterrows():
        cells = [f"{day['date']:%Y-%m-%d}", *["--"] * 11]
        if np.isfinite(day["sleep"]):
            up = pd.Timestamp("2000-01-02 07:00")
            bed = up - pd.Timedelta(seconds=float(day["sleep"]))
            hours = "{}h {}min".format(*divmod(int(day["sleep"]) // 60, 60))
            quality = next(word for word, low in TABLES["garmin_sleep"]["quality"] if day["sleep_score"] >= low)
            cells[1:4] = [
                f"{day['sleep_score']:.0f}",
                f"{day['rhr_day']:.0f}",
                f'"+{day["sleep_score"] * 0.6:.0f}"',
            ]
            cells[4:8] = ["95.80", "14.20", f"{day['hrv_rmssd']:.0f}", quality]
            cells[8:12] = [hours, "8h 0min", f"{bed:%I:%M %p}".lstrip("0"), f"{up:%I:%M %p}".lstrip("0")]
        lines.append(",".join(cells))
    return "\n".join(lines) + "\n"


def intervals_wellness_csv(runner: SimulatedRunner) -> str:
    """Return days as intervals.icu writes them: ISO dates, bpm, rMSSD in ms, seconds of sleep, steps."""
    columns = TABLES["intervals_wellness"]["columns"]
    table = runner.wellness[list(columns.values())].set_axis(list(columns), axis=1)
    text: str = table.to_csv(index=False, float_format="%.0f", date_format="%Y-%m-%d", lineterminator="\n")
    return text


# ---------------------------------------------------------------- Strava's archive


_RECORDERS: dict[str, tuple[str, Callable[[SimulatedRunner, str], bytes]]] = {
    "fit": ("fit", activity_fit),
    "tcx": ("tcx", partial(track_tcx, blanks=10)),  # as Strava keeps the uploads of some makers
    "gpx": ("gpx", partial(track_gpx, sport="9")),  # as Strava writes those of its own app
    "gpx_without_type": ("gpx", partial(track_gpx, sport=None)),
}


def strava_archive(runner: SimulatedRunner, language: str, kinds: Sequence[str] = ("fit",)) -> dict[str, bytes]:
    """Return the members of a Strava archive: path to content.

    Dates are UTC and say so nowhere; the first block speaks the account's language, the second the computer's;
    cadence is one foot's; a recording's number is not the activity's; some rows have no recording.
    """
    labels = TABLES["strava"]["labels"]
    rng = np.random.default_rng([runner.seed, 77])
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(labels[language])
    members: dict[str, bytes] = {}
    for number, (_, row) in enumerate(runner.activities.iterrows()):
        file = ""
        if row["sport"] == "run" and rng.random() > 0.05:
            ending, record = _RECORDERS[kinds[number % len(kinds)]]
            file = f"activities/{11_200_000_000 + 7919 * number}.{ending}.gz"
            members[file] = gzip.compress(record(runner, row["activity"]), mtime=0)
        first, second = _strava_cells(row, 10_400_000_000 + 6007 * number, language, file)
        cells = []
        for label in labels["en"]:
            cells.append(first.pop(label, "") if label in first else second.get(label, ""))
        table.writerow(cells)
    shoes = "Shoe Name,Shoe Brand,Shoe Model,Shoe Default Sport Types\n"
    shoes += "".join(f"{name},Simulus,{name.split()[-1]},Run\n" for name in runner.shoes["gear"])
    texts = {"activities.csv": out.getvalue(), "shoes.csv": shoes} | TABLES["strava"]["other_members"]
    return {name: text.encode() for name, text in texts.items()} | members


def _strava_cells(row: pd.Series[Any], number: int, language: str, file: str) -> tuple[dict[str, str], dict[str, str]]:
    """Give the first and the second standing of each heading that has something to say."""
    run, metres = row["sport"] == "run", row["sport"] == "swim"
    human = _number(row["distance"] / (1 if metres else 1000), 0 if metres else 2)
    when = row["start_utc"]
    dates, months = TABLES["strava"]["dates"], TABLES["strava"]["months"]
    date = dates[language].format(
        t=when, month=months.get(language, months["en"])[when.month - 1], hour=when.hour % 12 or 12
    )

    def plain(name: str, factor: float = 1.0) -> str:
        return "" if pd.isna(row[name]) else str(round(float(row[name]) * factor, 6))

    first = {
        "Activity ID": str(number),
        "Activity Date": date,
        "Activity Name": str(row["title"]),
        "Activity Type": TABLES["strava"]["types"][language][row["sport"]],
        "Elapsed Time": f"{row['elapsed']:.0f}",
        "Distance": human if language == "en" else _swap_marks(human),
        "Max Heart Rate": plain("max_heart_rate").removesuffix(".0"),
        "Commute": "false",
        "Activity Gear": row["gear"] or "",
        "Filename": file,
    }
    second = {
        "Elapsed Time": plain("elapsed"),
        "Moving Time": plain("moving", 0.995),
        "Distance": plain("distance"),
        "Max Speed": plain("max_speed"),
        "Average Speed": plain("speed"),
        "Elevation Gain": plain("ascent"),
        "Elevation Loss": plain("descent"),
        "Average Cadence": plain("cadence", 0.5),
        "Max Cadence": plain("max_cadence", 0.5),
        "Average Heart Rate": plain("heart_rate"),
        "Calories": plain("calories"),
        "Perceived Exertion": plain("rpe") if number % 3 == 0 else "",
        "Commute": "0.0",
        "From Upload": "1.0" if file else "0.0",
        "Total Steps": plain("steps") if run else "",
        "Timer Time": plain("duration") if file else "",
    }
    return first, second


# ---------------------------------------------------------------- to disk


def _fit_files(runner: SimulatedRunner) -> dict[str, bytes]:
    runs = runner.activities[runner.activities["sport"] == "run"]
    return {
        f"activities/{start:%Y-%m-%d-%H-%M-%S}.fit": activity_fit(runner, activity)
        for start, activity in zip(runs["start_local"], runs["activity"], strict=True)
    }


def _damaged_fit(runner: SimulatedRunner) -> dict[str, bytes]:
    """Cut the last recording short, as a watch that lost power does; the one before it stays whole."""
    files = dict(list(_fit_files(runner).items())[-2:])
    last = max(files)
    return files | {last: files[last][: len(files[last]) * 3 // 5]}


def _monitoring_files(runner: SimulatedRunner) -> dict[str, bytes]:
    weeks = [nights for _, nights in runner.wellness.groupby(runner.wellness["date"].dt.to_period("W-SUN"))]
    return {f"monitoring/{w['date'].iloc[0]:%Y-%m-%d}.fit": monitoring_fit(runner, w) for w in weeks}


WRITERS: dict[str, Callable[[SimulatedRunner], dict[str, bytes]]] = (
    {
        "fit": _fit_files,
        "fit_damaged": _damaged_fit,
        "monitoring_fit": _monitoring_files,
        "garmin_account": write_account,
        "apple_health": write_apple,
        "apple_health_miles": lambda runner: write_apple(runner, units="statute"),
        "wellness_csv": lambda runner: {"Sleep.csv": garmin_sleep_csv(runner).encode()},
        "wellness_intervals": lambda runner: {"wellness.csv": intervals_wellness_csv(runner).encode()},
        "diary_en": lambda runner: {"diary.csv": diary_csv(runner, "en").encode()},
        "diary_nl": lambda runner: {"dagboek.csv": diary_csv(runner, "nl").encode()},
        "diary_sheet_en": lambda runner: {"how_it_felt.csv": diary_sheet_csv(runner, "en").encode()},
        "diary_sheet_nl": lambda runner: {"hoe_het_voelde.csv": diary_sheet_csv(runner, "nl").encode()},
        "strava_archive_en": lambda runner: strava_archive(runner, "en"),
        "strava_archive_nl": lambda runner: strava_archive(runner, "nl"),
        "strava_archive_de": lambda runner: strava_archive(runner, "de"),
        "strava_archive_mixed": lambda runner: {
            "export_4101.zip": zipped(strava_archive(runner, "en", tuple(_RECORDERS)))
        },
        "strava_archive_zip": lambda runner: {"export_4100.zip": zipped(strava_archive(runner, "nl"))},
    }
    | APP_WRITERS
    | {
        kind: lambda runner, kind=kind: write_tracks(runner, kind)
        for kind in ("tcx", "tcx_blanks", "gpx", "gpx_without_type")
    }
    | {
        kind: lambda runner, kind=kind: {"Activities.csv": garmin_activities_csv(runner, kind).encode()}
        for kind in TABLES["garmin"]["kinds"]
    }
    | PLATFORM_WRITERS
    | SESSION_WRITERS
    | TABLE_WRITERS
)
"""Kind of export to the function that gives its files."""

SAMPLES = Path(__file__).parents[3] / "sample_data"
"""What `write_samples` wrote into a clone of the repository; a package that was installed has no such folder."""


def write_export(
    runner: SimulatedRunner, folder: str | Path, kind: str, *, last_weeks: int | None = None
) -> list[Path]:
    """Write one kind of export into a folder and return the paths.

    Parameters
    ----------
    runner : SimulatedRunner
    folder : path
        Made when absent.
    kind : str
        A key of `WRITERS`.
    last_weeks : int, optional
        Only the last so many weeks of the log.

    Raises
    ------
    ValueError
        The kind is unknown.
    """
    if kind not in WRITERS:
        raise ValueError(f"write_export: no export called {kind!r}; known are {', '.join(WRITERS)}")
    if last_weeks:
        since = runner.wellness["date"].max() - pd.Timedelta(weeks=last_weeks)
        later = {name: getattr(runner, name) for name in ("activities", "wellness")}
        runner = replace(runner, **{name: table[table["date"] > since] for name, table in later.items()})
    paths = []
    for name, content in WRITERS[kind](runner).items():
        path = Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        paths.append(path)
    return paths


def write_samples(folder: str | Path, *, seed: int = 0) -> list[Path]:
    """Write the sample folders of ``data/simulation.toml`` and a README that tells what each is; return the paths."""
    paths, told = [], [TABLES["readme"]["opening"].strip(), ""]
    for name, sample in TABLES["samples"].items():
        paths += _write_sample(name, Path(folder), seed)
        told.append(f"- `{name}/`: {sample['says']}")
    readme = Path(folder) / "README.md"
    readme.write_bytes("\n".join([*told, ""]).encode())
    return [*paths, readme]


def _write_sample(name: str, folder: Path, seed: int) -> list[Path]:
    told = TABLES["samples"][name]
    runner = simulate(told["runner"], seed=seed, weeks=told.get("weeks"))
    parts = [
        write_export(runner, folder / name, kind, last_weeks=last_weeks or None) for kind, last_weeks in told["kinds"]
    ]
    return [path for part in parts for path in part]


def sample(name: str = "overload", *, seed: int = 0) -> RunningLog:
    """Return the log of one sample folder: simulated, written as real exports, and read as those are.

    A clone of the repository has the folders already; elsewhere they are written first, which takes some seconds.

    Raises
    ------
    ValueError
        There is no sample folder of that name.
    """
    if name not in TABLES["samples"]:
        raise ValueError(f"sample: no sample called {name!r}; known are {', '.join(TABLES['samples'])}")
    zone = parameters(TABLES["samples"][name]["runner"])["zone"]
    if seed == 0 and (SAMPLES / name).is_dir():
        return read(SAMPLES / name, tz=zone)
    with tempfile.TemporaryDirectory() as folder:
        _write_sample(name, Path(folder), seed)
        return read(Path(folder) / name, tz=zone)
