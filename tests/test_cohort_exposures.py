"""Exposures of a cohort from its tables, in memory or as Parquet: the same, however they are split."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from loadlens import cohort
from loadlens.guidance import read_guidance
from loadlens.log import LogError
from loadlens.simulators.simulated_injuries import keep_diaries, plant_injuries, simulate_training, write_participants
from loadlens.studies import cohort_exposures

ACTIVITIES, DAYS, ONSETS = plant_injuries(*simulate_training(12, 200, seed=8), baseline=0.03, seed=8)
TABLES = {"activities": ACTIVITIES, "days": DAYS, "diary": keep_diaries(ONSETS, DAYS)}


@pytest.fixture
def pieces(monkeypatch: pytest.MonkeyPatch) -> str:
    """A folder whose Parquet files hold three groups of four participants."""
    names = sorted(DAYS["participant"].unique())

    def load_groups(out, table, columns):
        for first in (0, 4, 8):
            yield TABLES[table].loc[TABLES[table]["participant"].isin(names[first : first + 4]), columns]

    def load(out, table, participants, columns):
        return TABLES[table].loc[TABLES[table]["participant"].isin(participants), columns]

    monkeypatch.setattr(cohort_exposures, "load_groups", load_groups)
    monkeypatch.setattr(cohort_exposures, "load", load)
    return "somewhere"


def test_groups_of_participants_give_the_table_of_all(pieces: str):
    pd.testing.assert_frame_equal(cohort.exposures(pieces), cohort.exposures(TABLES))
    pd.testing.assert_frame_equal(
        cohort.exposures(pieces, ONSETS, unit="day"), cohort.exposures(TABLES, ONSETS, unit="day")
    )
    crossed = cohort.case_crossover(pieces)
    pd.testing.assert_frame_equal(crossed, cohort.case_crossover(TABLES))
    assert crossed["stratum"].nunique() == crossed["case"].sum(), "no two groups share a stratum"
    for one, other in zip(cohort.find_onsets(pieces), cohort.find_onsets(TABLES), strict=True):
        pd.testing.assert_frame_equal(one, other)


def test_onsets_of_the_diaries_count_unless_others_are_given():
    events, follow_up = cohort.find_onsets(TABLES)
    pd.testing.assert_frame_equal(cohort.exposures(TABLES), cohort.exposures(TABLES, events, follow_up))
    assert cohort.exposures(TABLES, ONSETS)["event"].sum() == ONSETS["participant"].nunique(), "the first of each"


def test_entries_without_a_date_are_left_out():
    undated = TABLES["diary"].head(1).assign(date=pd.NaT)
    more = TABLES | {"diary": pd.concat([TABLES["diary"], undated], ignore_index=True)}
    pd.testing.assert_frame_equal(cohort.exposures(more), cohort.exposures(TABLES))


def test_what_does_not_fit_is_named(pieces: str):
    stranger = pd.DataFrame({"participant": ["zoe"], "date": ["2024-02-01"]})
    for source in (pieces, TABLES):
        with pytest.raises(LogError, match="events: zoe has no days in this cohort"):
            cohort.exposures(source, stranger)
    with pytest.raises(ValueError, match="follow_up: given without events"):
        cohort.exposures(TABLES, follow_up=cohort.find_onsets(TABLES)[1])
    with pytest.raises(LogError, match="events: no column participant"):
        cohort.exposures(TABLES, stranger.drop(columns="participant"))
    with pytest.raises(LogError, match="tables: no diary"):
        cohort.exposures({"activities": ACTIVITIES, "days": DAYS})


def test_what_participants_hand_in_gives_the_exposures_it_was_drawn_with(tmp_path: Path):
    """Runs and diaries as files, read by a cohort run, against the same numbers that never were files."""
    rested = DAYS.assign(state=DAYS["state"].replace("unknown", "rest"))  # the list that is written counts as complete
    chosen = {"runner-00002", "runner-00003"}
    tables = {
        name: table[table["participant"].isin(chosen)].reset_index(drop=True)
        for name, table in (TABLES | {"days": rested}).items()
    }
    write_participants(tmp_path / "in", tables["activities"], tables["diary"])
    rules = read_guidance()
    quick = replace(rules, rules={"longest_run": rules.rules["longest_run"]})
    cohort.run(tmp_path / "in", tmp_path / "out", jobs=1, guidance=quick)
    found, drawn = cohort.exposures(tmp_path / "out"), cohort.exposures(tables)
    assert drawn["event"].sum() > 0
    pd.testing.assert_frame_equal(found, drawn)
    crossed = cohort.case_crossover(tmp_path / "out")
    pd.testing.assert_frame_equal(crossed, cohort.case_crossover(tables))
