"""The audit: sound tables pass, planted leaks raise, and what cannot be told is said."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from loadlens.log import LogError
from loadlens.simulators.simulated_injuries import plant_injuries, simulate_training
from loadlens.studies.case_crossover_tables import tabulate_case_crossover
from loadlens.studies.cohort_splits import LeakError
from loadlens.studies.exposure_tables import tabulate_exposures
from loadlens.studies.leak_audit import COLUMNS, audit_leaks, tell_audit
from loadlens.studies.missingness import (
    count_at_risk,
    find_risk_sets,
    measure_auc,
    move_events,
    name_patterns,
    sort_rows,
)
from loadlens.words import LANGUAGES


class Study(NamedTuple):
    """Sixty simulated runners with planted onsets, and their table as it should be and with a leak."""

    activities: pd.DataFrame
    days: pd.DataFrame
    events: pd.DataFrame
    table: pd.DataFrame
    leaky: pd.DataFrame


@pytest.fixture(scope="module")
def study() -> Study:
    planted = plant_injuries(*simulate_training(60, 300, seed=3), baseline=0.02, seed=3)
    table = tabulate_exposures(*planted)
    return Study(*planted, table, table.assign(spike=table["spike"].mask(table["event"] == 1)))


def verdict(report: pd.DataFrame, check: str, column: str | None = None) -> str:
    rows = report[report["check"] == check]
    return (rows if column is None else rows[rows["column"] == column])["verdict"].item()


# ---------------------------------------------------------------- missing values that tell who gets hurt
def test_a_sound_table_passes_with_every_check_told(study: Study):
    report = audit_leaks(study.table, study.days)
    assert list(report.columns) == COLUMNS
    assert set(report["verdict"]) == {"sound"}
    assert set(report["check"]) == {"rows", "look_ahead", "unknown_days", "missingness"}
    assert (report["count"][report["column"] == "spike"] == study.table["spike"].isna().sum()).all(), (
        "values are missing"
    )


def test_exposures_missing_on_injuries_alone_are_a_leak(study: Study):
    """As where the days before an injury were cut out, so that no window of 28 days could be filled for it."""
    with pytest.raises(LeakError, match=r"spike: the .* missing values alone tell who gets hurt when") as caught:
        audit_leaks(study.leaky, study.days)
    assert verdict(caught.value.report, "missingness", "spike") == "leak"
    assert verdict(caught.value.report, "missingness", "week_ratio") == "sound"


def test_exposures_there_on_injuries_alone_are_a_leak_too(study: Study):
    rng = np.random.default_rng(0)
    kept = (study.table["event"] == 1) | (rng.random(len(study.table)) < 0.5)
    with pytest.raises(LeakError, match="spike"):
        audit_leaks(study.table.assign(spike=study.table["spike"].fillna(1.0).where(kept)), columns=["spike"])


def test_runners_whose_data_are_missing_because_they_were_injured_are_a_leak(study: Study):
    """Missing on half the rows of those who get hurt within 80 days, and on no other: known only at their end."""
    early = study.table[study.table["stop"] <= 80]
    hurt = early["participant"].isin(early.loc[early["event"] == 1, "participant"])
    half = np.random.default_rng(1).random(len(early)) < 0.5
    assert 20 <= early["event"].sum() <= 40, "some get hurt, some do not"
    with pytest.raises(LeakError, match="week_ratio"):
        audit_leaks(early.assign(week_ratio=early["week_ratio"].fillna(1.0).mask(hurt & half)), columns=["week_ratio"])


def test_a_history_that_is_too_short_for_all_at_once_is_no_leak(study: Study):
    """Nobody has 42 days on day 20: whoever gets hurt then is compared with others on that day."""
    early = study.table[study.table["stop"] <= 80]
    assert early.loc[early["event"] == 1, "acute_chronic"].isna().mean() > 0.3
    assert set(audit_leaks(early, columns=["acute_chronic"])["verdict"]) <= {"sound", "not_assessable"}


def test_a_table_of_rows_and_outcomes_alone_is_audited_too(study: Study):
    rows = study.leaky[["participant", "event", "spike", "week_ratio"]]
    with pytest.raises(LeakError, match="spike"):
        audit_leaks(rows)
    shuffled = rows.assign(spike=study.table["spike"].sample(frac=1, random_state=1).to_numpy()).drop(
        columns="week_ratio"
    )
    report = audit_leaks(shuffled)
    assert verdict(report, "missingness", "spike") == "sound"
    assert verdict(report, "look_ahead") == "not_assessable"


def test_strata_of_a_case_crossover_table_are_compared_within(study: Study):
    table = tabulate_case_crossover(study.activities, study.days, study.events)
    known = table.assign(week_ratio=table["week_ratio"].fillna(1.0))
    assert verdict(audit_leaks(known, columns=["week_ratio"]), "missingness") == "sound"
    with pytest.raises(LeakError, match=r"case: .*week_ratio"):
        audit_leaks(known.assign(week_ratio=known["week_ratio"].mask(known["case"] == 1)), columns=["week_ratio"])


def test_a_spike_is_not_missing_where_it_is_known_that_nobody_ran(study: Study):
    """Onsets begin with a run, so that a day of rest is never one: without its reason that looks like a leak."""
    table = tabulate_case_crossover(study.activities, study.days, study.events)
    assert verdict(audit_leaks(table, columns=["spike"]), "missingness") == "sound"
    with pytest.raises(LeakError, match="spike"):
        audit_leaks(table.drop(columns="spike_reason"), columns=["spike"])
    per_day = tabulate_exposures(study.activities, study.days, study.events, unit="day")
    assert verdict(audit_leaks(per_day, study.days, columns=["spike"]), "missingness") == "sound"


def test_too_few_events_tell_nothing(study: Study):
    few = study.table[(study.table["event"] == 0) | (study.table["event"].cumsum() <= 19)]
    report = audit_leaks(few, study.days)
    told = report[report["check"] == "missingness"]
    assert set(told["verdict"]) == {"not_assessable"}
    assert set(told["reason"]) == {"too_few_events"}


def test_the_same_seed_audits_alike(study: Study):
    pd.testing.assert_frame_equal(audit_leaks(study.table, seed=4), audit_leaks(study.table, seed=4))


# ---------------------------------------------------------------- rows
def test_rows_that_come_twice_or_overlap_are_a_leak(study: Study):
    with pytest.raises(LeakError, match="1 rows come twice"):
        audit_leaks(pd.concat([study.table, study.table.tail(1)]), columns=[])
    longer = study.table.assign(stop=study.table["stop"].where(study.table.index != 0, study.table["stop"] + 3))
    with pytest.raises(LeakError, match="rows come twice, overlap"):
        audit_leaks(longer, columns=[])


def test_exposures_that_were_known_after_their_row_began_are_a_leak(study: Study):
    later = study.table["known_on"] + pd.Timedelta(days=1)
    with pytest.raises(LeakError, match=f"{len(study.table):,} rows hold exposures from days after they began"):
        audit_leaks(study.table.assign(known_on=later), columns=[])


def test_time_at_risk_on_an_unknown_day_is_a_leak(study: Study):
    row = study.table[study.table["last_date"] > study.table["date"]].iloc[0]
    inside = (study.days["participant"] == row["participant"]) & (study.days["date"] == row["last_date"])
    with pytest.raises(LeakError, match="1 unknown days count as time at risk"):
        audit_leaks(study.table, study.days.assign(state=study.days["state"].mask(inside, "unknown")), columns=[])


def test_what_is_no_table_of_outcomes_is_named(study: Study):
    with pytest.raises(LogError, match=r"table\.event: missing"):
        audit_leaks(study.table.drop(columns="event"))
    with pytest.raises(LogError, match=r"table\.event: not only 0 and 1"):
        audit_leaks(study.table.assign(event=2))
    with pytest.raises(LogError, match="no column sleep"):
        audit_leaks(study.table, columns=["sleep"])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_line_of_a_report_can_be_said(lang, study: Study):
    with pytest.raises(LeakError) as caught:
        audit_leaks(study.leaky.assign(week_ratio=1.0))
    lines = tell_audit(caught.value.report, lang)
    assert len(lines) == len(caught.value.report)
    assert ("alle kolommen samen" if lang == "nl" else "all columns together") in lines[-1]


# ---------------------------------------------------------------- the statistic, by hand
def hand_made(*rows: tuple[str, float, float, int, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["participant", "start", "stop", "event", "missing"])


def test_rows_at_risk_are_those_that_began_before_and_had_not_ended():
    table = hand_made(("a", 0, 2, 1, 0), ("b", 0, 5, 0, 1), ("c", 2, 5, 1, 0), ("d", 1, 3, 0, 0))
    sets = find_risk_sets(table, 2, 0)
    counts = count_at_risk(sets, table["missing"].to_numpy(), 2)
    assert counts.sum(axis=1).tolist() == [[2, 1], [1, 1]]  # at 2: a, d and b; at 5: c and b


def test_the_area_counts_how_often_the_event_looks_more_like_one():
    """Two folds of one event each, beside two rows with a value and one without: each fold teaches the other."""
    counts = np.array([[[2.0, 1.0], [2.0, 1.0]]])  # one set; per fold two rows there, one missing
    one = np.array([0, 0]), np.array([0, 1])
    assert measure_auc(counts, *one, np.array([1, 1])) == 1.0
    # One on a value, one on a missing value: each learns the wrong thing. 1 tie in 2 rows, and 0 in 2: (1/4 + 0) / 2.
    assert measure_auc(counts, *one, np.array([0, 1])) == 0.125
    assert np.isnan(measure_auc(np.array([[[1.0], [0.0]]]), np.array([0]), np.array([0]), np.array([0])))


def test_events_move_to_runners_who_were_at_risk_at_that_time(study: Study):
    sets = find_risk_sets(study.table, 5, 0)
    rng = np.random.default_rng(0)
    order = sort_rows(sets)
    moved = np.array([move_events(sets, order, rng) for _ in range(20)])
    assert (sets.begin[moved] < sets.event_set).all()
    assert (sets.end[moved] >= sets.event_set).all()
    assert (sets.runner[moved] != sets.runner[sets.event_row]).mean() > 0.8


def test_rows_with_the_same_missing_values_share_a_pattern():
    missing = pd.DataFrame({"a": [True, False, True, False], "b": [False, False, False, True]})
    assert name_patterns(missing).tolist() == [2, 0, 2, 1]
