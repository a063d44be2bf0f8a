"""Daily values from several makers: one is chosen for each field over a whole stretch of days, the others are kept.

Makers measure the same body differently. Where they take turns from day to day, the series steps though nothing
changed, and a rule on resting heart rate would sound an alarm. Sources that say the same on days they share count as
one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from loadlens.log import conform, describe_columns, reading_rules
from loadlens.precedence import rank


def merge_wellness(wellness: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, list[dict[str, object]]]:
    """Choose one maker for each field of wellness, over a stretch of days.

    Parameters
    ----------
    wellness : DataFrame
        The conformed table of all sources together, with an extra column ``format``.

    Returns
    -------
    wellness : DataFrame
        One row per date with a value, in order.
    by_source : DataFrame
        The table wellness_by_source: all rows as they were read.
    issues : list of dict
        Ledger rows, for each field: on how many days makers differ, when another maker took over, and how many days
        have a value of another maker that was not used.
    """
    table = rank(wellness)
    by_source = conform("wellness_by_source", table.drop(columns="_rank").sort_values("date", kind="stable"))[0]
    if table.empty:
        return conform("wellness", pd.DataFrame())[0], by_source, []
    values = list(table.columns.drop(["date", "source", "format", "_rank"]))
    # One maker's files of a day grow through the day (steps), or hold a piece of it (sleep): the fullest one counts.
    grows = {
        name: "max" if describe_columns()["wellness"][name]["per_day"] in ("max", "sum") else "first" for name in values
    }
    by_maker = table.groupby(["date", "_rank"], sort=True)[values].agg(grows).reset_index()
    makers = dict(zip(table["_rank"], table["format"], strict=True))
    issues: list[dict[str, object]] = []
    chosen: dict[str, pd.Series[Any]] = {}
    used = []
    for name in values:
        wide = by_maker.pivot_table(index="date", columns="_rank", values=name, aggfunc="first")
        alike = _join_alike(wide, makers)
        chosen[name], who = _choose(wide, alike)
        used.append(pd.DataFrame({"date": who.index, "_rank": who.to_numpy()}).dropna())
        issues += _tell(name, wide, who, alike, makers)
    served = pd.concat(used).drop_duplicates().astype({"_rank": table["_rank"].dtype})
    names = table.merge(served, on=["date", "_rank"]).sort_values(["date", "_rank", "source"], kind="stable")
    source = names.groupby("date")["source"].agg(lambda given: "; ".join(dict.fromkeys(given)))
    merged = pd.DataFrame(chosen).assign(source=source).dropna(how="all")
    return conform("wellness", merged.rename_axis("date").reset_index())[0], by_source, issues


def _choose(wide: pd.DataFrame, groups: list[list[Any]]) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """Return the value of each date and the rank of the maker that gave it, from a column for each maker."""
    least = reading_rules()["merging"]["wellness"]["stretch_days_at_least"]
    value = pd.Series(np.nan, index=wide.index)
    who = pd.Series(np.nan, index=wide.index)
    for alike in sorted(groups, key=lambda makers: (-int(wide[makers].notna().any(axis=1).sum()), makers)):
        own = wide[alike].bfill(axis=1).iloc[:, 0]
        maker = wide[alike].notna().idxmax(axis=1)
        known = value.notna()
        free = own.notna() & ~known
        gap = known.cumsum()
        inside = (gap > 0) & (gap < int(known.sum()))
        days_in_gap = free.groupby(gap).transform("sum")
        take = free & (~inside | (days_in_gap >= least))
        value, who = value.mask(take, own), who.mask(take, maker.astype("float64"))
    return value, who


def _join_alike(wide: pd.DataFrame, makers: dict[Any, str]) -> list[list[Any]]:
    """Group sources of one maker, and those that say the same on the days they share: they pass one measurement on."""
    rules = reading_rules()["merging"]["wellness"]
    maker_of = {name: place for place, names in enumerate(rules["same_maker"]) for name in names}
    groups: list[list[Any]] = []
    for maker in wide:
        for group in groups:
            pairs = wide[[group[0], maker]].dropna().to_numpy("float64")
            apart = np.abs(np.diff(pairs, axis=1)[:, 0])
            one, other = (maker_of.get(makers[each], makers[each]) for each in (group[0], maker))
            same = apart <= rules["share"] * np.abs(pairs).max(axis=1, initial=0.0)
            enough = len(pairs) >= rules["shared_days_at_least"]
            if one == other or (enough and same.mean() >= rules["agreeing_at_least"]):
                group.append(maker)
                break
        else:
            groups.append([maker])
    return groups


def _tell(
    column: str, wide: pd.DataFrame, who: pd.Series[Any], alike: list[list[Any]], makers: dict[Any, str]
) -> list[dict[str, object]]:
    """Ledger rows for one field."""
    issues: list[dict[str, object]] = []
    differs = int((wide.max(axis=1) != wide.min(axis=1)).where(who.notna(), False).sum())
    if differs:
        issues.append({"field": column, "what": "wellness_differs", "count": differs, "action": "noted"})
    served = who.dropna()
    groups = served.map({maker: place for place, group in enumerate(alike) for maker in group})
    for date in groups.index[(groups != groups.shift()).to_numpy()][1:]:
        before = served[:date].iloc[-2]
        told = f"{date:%Y-%m-%d}: {makers[before]} → {makers[served[date]]}"
        issues.append({"field": column, "what": "wellness_maker_changed", "value": told, "count": 1, "action": "noted"})
    left = int((wide.notna().any(axis=1) & who.isna()).sum())
    if left:
        issues.append({"field": column, "what": "wellness_maker_kept", "count": left, "action": "set_aside"})
    return issues
