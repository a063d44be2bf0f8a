"""What rules look at: the signals of a log, and everything else a measure may ask for of it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loadlens.measures import FROM_THE_LOG
from loadlens.rules import FRAMES
from loadlens.training_load import session_load, session_minutes
from loadlens.windows import not_yet, on_days

if TYPE_CHECKING:
    from collections.abc import Iterable

    from loadlens.log import RunningLog
    from loadlens.rules import Rule
    from loadlens.windows import Flags


class Signals:
    """What a measure may ask for of a log, indexed by date; each is made when it is first asked for.

    Parameters
    ----------
    log : RunningLog
        With at least one day.
    """

    def __init__(self, log: RunningLog) -> None:
        self._log = log

    def of(self, rule: Rule, name: str) -> Any:
        """Return one of the signals of a rule: a table indexed by date, or a daily Series."""
        if name == "days":
            return self._log.days.set_index("date")
        return getattr(self, name) if name in FRAMES else self._log.daily(name, rule.per_day)

    def take(self, names: Iterable[str]) -> dict[str, Any]:
        """Return those that are made of the log alone: bounds depend on the signal, what was found on other rules."""
        return {name: getattr(self, name) for name in names if name in FROM_THE_LOG and hasattr(type(self), name)}

    @cached_property
    def days(self) -> pd.DatetimeIndex:
        """All dates."""
        return pd.DatetimeIndex(self._log.days["date"], name="date")

    @cached_property
    def state(self) -> pd.Series[str]:
        """Run, rest or unknown."""
        return self._log.days.set_index("date")["state"]

    @cached_property
    def activities(self) -> pd.DataFrame:
        """Activities of every sport."""
        return self._log.activities.set_index("date")

    @cached_property
    def runs(self) -> pd.DataFrame:
        """Activities that are runs."""
        return self.activities[self.activities["sport"] == "run"]

    @cached_property
    def _run_of_minute(self) -> np.ndarray[Any, np.dtype[np.intp]]:
        """Which run each row of `minutes` is of; -1 where of none."""
        run: np.ndarray[Any, np.dtype[np.intp]] = pd.Index(self.runs["activity"]).get_indexer(
            pd.Index(self._log.minutes["activity"])
        )
        return run

    @cached_property
    def minutes(self) -> pd.DataFrame:
        """Minutes of runs, with the number of the run in the place of its id: every measure groups by it."""
        run = self._run_of_minute
        minutes = self._log.minutes[run >= 0].assign(activity=run[run >= 0])
        for name in ("date", "sub_sport", "temperature"):
            column = self._log.runs[name]
            minutes[name] = (column.astype("category") if name == "sub_sport" else column).array[run[run >= 0]]
        return minutes.set_index("date")

    @cached_property
    def bare(self) -> Flags:
        """From each day on, whether a run without minutes has been."""
        bare = ~np.isin(np.arange(len(self.runs)), self._run_of_minute)
        return ~not_yet(on_days(self.runs.index[bare], np.ones(int(bare.sum())), self.days) > 0)

    @cached_property
    def diary(self) -> pd.DataFrame:
        """Rows of the diary that have a date."""
        return self._log.diary.dropna(subset=["date"]).set_index("date")

    @property
    def gear(self) -> pd.DataFrame:
        """Pairs of shoes."""
        return self._log.gear

    @cached_property
    def distance(self) -> pd.Series[float]:
        """Metres run on each day."""
        return self._log.daily("activities.distance")

    @cached_property
    def sleep(self) -> pd.Series[float]:
        """Sleep of each night [s]."""
        return self._log.daily("wellness.sleep")

    @cached_property
    def session_load(self) -> pd.Series[float]:
        """Perceived exertion times minutes of each day."""
        return session_load(self.activities, self.diary, self.state)

    @cached_property
    def session_minutes(self) -> pd.Series[float]:
        """Minutes of the sessions of each day."""
        return session_minutes(self.activities, self.state)
