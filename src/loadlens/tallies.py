"""What was recorded, added up by month and by week: the numbers behind the timeline, as tables to be read or heard.

A sum over runs of which one lacks its distance is the least it can be, and says so; days that are unknown are counted,
and a stretch of nothing but such days has no sum at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from loadlens import words

if TYPE_CHECKING:
    from loadlens.findings import Assessment
    from loadlens.log import RunningLog


def tally_months(found: Assessment, lang: str = "en") -> list[dict[str, str]]:
    """Return a row for every month of the log, the newest first.

    Parameters
    ----------
    found : Assessment
        What `assess` returns.
    lang : {"en", "nl"}
        Language.

    Returns
    -------
    list of dict of str
        month, runs, distance, longest, heart (mean resting heart rate of the day), sleep (mean night), unknown (days)
        and outside (rules that stood clearly outside the guidance on a day of it); missing where nothing is known.
    """
    log = found.log
    month = log.days["date"].dt.to_period("M")
    runs = log.runs.groupby(log.runs["date"].dt.to_period("M"))["distance"]
    nights = log.wellness.groupby(log.wellness["date"].dt.to_period("M"))[["rhr_day", "sleep"]].mean()
    unknown = log.days["state"].eq("unknown").groupby(month).agg(["sum", "all"])
    above = found.days[found.days["level"] >= "watch"]
    outside = above.groupby(above["date"].dt.to_period("M"))["rule"].unique()
    names = {rule.id: rule.words[lang]["name"] for rule in found.guidance.rules.values()}
    groups = dict(iter(runs))
    return [
        {
            "month": f"{words.month(at.month, lang)} {at.year}",
            **_tell_distances(groups.get(at, pd.Series(dtype=float)), bool(unknown["all"][at]), lang),
            "heart": words.quantity(_mean(nights, at, "rhr_day"), "bpm", lang),
            "sleep": words.quantity(_mean(nights, at, "sleep"), "s", lang),
            "unknown": words.number(float(unknown["sum"][at]), lang),
            "outside": ", ".join(names[rule] for rule in names if rule in outside.get(at, ())) or words.MISSING,
        }
        for at in reversed(list(dict.fromkeys(month)))
    ]


def tally_weeks(log: RunningLog, count: int, lang: str = "en") -> list[dict[str, str]]:
    """Return a row for each of the last weeks of seven days, the newest first; fewer where the log is shorter.

    Parameters
    ----------
    log : RunningLog
        With at least one day.
    count : int
        How many weeks.
    lang : {"en", "nl"}
        Language.

    Returns
    -------
    list of dict of str
        first, last (dates), runs, distance, longest, unknown (days).
    """
    first, last = log.span
    rows = []
    for back in range(count):
        end = last - pd.Timedelta(weeks=back)
        start = end - pd.Timedelta(days=6)
        if start < first:
            break
        runs, days = (table[table["date"].between(start, end)] for table in (log.runs, log.days))
        unknown = days["state"] == "unknown"
        rows.append(
            {
                "first": words.date(start, lang, year=False),
                "last": words.date(end, lang),
                **_tell_distances(runs["distance"], bool(unknown.all()), lang),
                "unknown": words.number(float(unknown.sum()), lang),
            }
        )
    return rows


def _tell_distances(distances: pd.Series[float], unknown: bool, lang: str) -> dict[str, str]:
    """Say how many runs, how far together and how far the longest; a run without a distance makes both a least.

    Where every day is `unknown` nothing is said: no run that is known is not the same as no run.
    """
    if unknown:
        return dict.fromkeys(("runs", "distance", "longest"), words.MISSING)
    return {
        "runs": words.number(float(len(distances)), lang),
        "distance": tell_sum(distances, lang),
        "longest": _tell_least(distances, float(distances.max()), lang),
    }


def tell_sum(distances: pd.Series[float], lang: str = "en") -> str:
    """Say how far runs are together; at least so far where one lacks its distance.

    Parameters
    ----------
    distances : Series
        Of each run [m].
    lang : {"en", "nl"}
        Language.
    """
    return _tell_least(distances, float(distances.sum()), lang)


def _tell_least(distances: pd.Series[float], metres: float, lang: str) -> str:
    known = distances.notna()
    if len(distances) and not known.any():
        return words.MISSING
    shown = words.quantity(metres, "m", lang)
    return shown if known.all() else words.say("tallies.at_least", lang, value=shown)


def _mean(table: pd.DataFrame, at: Any, column: str) -> float:
    return float(table[column].get(at, float("nan")))
