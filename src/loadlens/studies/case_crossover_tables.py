"""Case-crossover tables: the day of an onset beside other days of the same runner."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from loadlens.studies.at_risk import KNOWN_BEFORE, lay_out_days
from loadlens.studies.daily_exposures import finish_table
from loadlens.studies.exposure_rules import exposure_numbers
from loadlens.windows import Flags, Floats, first_reason, look_back

Referents = Literal["before", "month"]

COLUMNS = [
    *("participant", "stratum", "case", "controls", "date", "known_on"),
    *("spike", "spike_band", "spike_reason", "week_ratio", "week_ratio_band", "week_ratio_reason"),
    *("acute_chronic", "acute_chronic_band", "acute_chronic_coupled", "acute_chronic_ewma", "acute_chronic_reason"),
]
"""Columns of a case-crossover table, in order."""


def tabulate_case_crossover(
    activities: pd.DataFrame,
    days: pd.DataFrame,
    events: pd.DataFrame,
    follow_up: pd.DataFrame | None = None,
    *,
    referents: Referents = "before",
    hazard_days: int = 1,
) -> pd.DataFrame:
    """Set each onset beside other days of the same runner.

    Parameters
    ----------
    activities, days, events, follow_up : DataFrame
        As in `tabulate_exposures`.
    referents : {"before", "month"}
        ``before``: the same weekday of the 4 weeks before. ``month``: the same weekday in the same calendar month,
        before and after.
    hazard_days : int
        Days of the hazard window, the day itself included: 1 to 7, so that no two windows overlap. The spike is the
        largest of the runs in it; ratios are those of the day before it begins.

    Returns
    -------
    DataFrame
        participant; stratum: one number per onset; case: 1 on the day of the onset, 0 on referent days; controls: how
        many referent days the stratum has; date; known_on: last day whose data the exposures hold; exposures, bands and
        reasons as in `tabulate_exposures`.

    Raises
    ------
    LogError
        As in `tabulate_exposures`.
    ValueError
        An argument is unknown or out of range.

    Notes
    -----
    Referents of ``before`` are days at risk; of ``month``, known days of follow-up. An injury changes what is run
    after it, so that days after the onset do not show what the runner would have run: ``month``, which guards against
    trends in exposures nobody's illness changes, is here for comparison. ``before`` looks at no day after the onset,
    and trusts that running does not drift over four weeks: where it rises, the case looks more exposed than it is.

    References
    ----------
    Maclure 1991, Am J Epidemiol 133:144, doi:10.1093/oxfordjournals.aje.a115853. Lumley & Levy 2000, Environmetrics
    11:689 (strata of time).
    """
    rules = exposure_numbers()["case_crossover"]
    if referents not in ("before", "month"):
        raise ValueError(f"referents {referents!r}: not known; would be right: 'before' or 'month'")
    if not 1 <= hazard_days <= rules["spacing_days"]:
        most = rules["spacing_days"]
        raise ValueError(f"hazard_days {hazard_days}: windows would overlap; would be right: 1 to {most}")
    parts, stratum = [], 0
    for participant, frame in lay_out_days(activities, days, events, follow_up, 0):
        window = _look_at_windows(frame, hazard_days)
        for case in np.flatnonzero(frame["event"].to_numpy()).tolist():
            controls = _choose(frame, case, referents)
            rows = window.iloc[[case, *controls]].assign(participant=participant, stratum=stratum)
            parts.append(rows.assign(case=[1] + [0] * len(controls), controls=len(controls)))
            stratum += 1
    return finish_table(parts, COLUMNS)


def _choose(frame: pd.DataFrame, case: int, referents: Referents) -> list[int]:
    """Give the places of the referent days, latest first."""
    rules = exposure_numbers()["case_crossover"]
    spacing = rules["spacing_days"]
    if referents == "before":
        allowed: Flags = frame["at_risk"].to_numpy()
        asked = [case - spacing * back for back in range(1, rules["before"] + 1)]
    else:
        allowed = (frame["stretch"].to_numpy() >= 0) & (frame["state"].to_numpy() != "unknown")
        dates = pd.DatetimeIndex(frame.index)
        month = dates.to_period("M")
        same = (month == month[case]) & (dates.day_of_week == dates.day_of_week[case])
        asked = [place for place in np.flatnonzero(same)[::-1].tolist() if place != case]
    return [place for place in asked if place >= 0 and allowed[place]]


def _look_at_windows(frame: pd.DataFrame, length: int) -> pd.DataFrame:
    """Give each day the exposures of the window that ends on it."""
    place = np.arange(len(frame))
    ran = frame["run"].to_numpy() == place
    unknown = frame["state"].to_numpy() == "unknown"
    spike = np.where(ran, frame["spike"].to_numpy("float64"), np.nan)
    lacking = ran & np.isnan(spike)
    latest = np.maximum.accumulate(np.where(lacking, place, -1))

    def any_day(flags: Flags) -> Flags:
        return np.asarray(np.nansum(look_back(flags.astype(np.float64), length - 1), axis=1) > 0)

    largest: Floats = np.fmax.reduce(look_back(spike, length - 1), axis=1)
    reason = first_reason(
        (any_day(unknown), "unknown_days"),
        (any_day(lacking), "lacking"),
        (~any_day(ran), "no_run"),
    )
    told = frame["spike_reason"].to_numpy(object)
    reason = np.where(reason == "lacking", told[np.maximum(latest, 0)], reason)
    begin = np.maximum(place - length + 1, 0)
    before = {name: frame[name].to_numpy()[begin] for name in KNOWN_BEFORE}
    return pd.DataFrame(
        {"date": frame.index, "known_on": frame.index, "spike": np.where(reason == "", largest, np.nan)}
        | {"spike_reason": reason}
        | before
    )
