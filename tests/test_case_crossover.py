"""Case-crossover tables: which days stand beside an onset, and what is known of them."""

from __future__ import annotations

import pandas as pd
import pytest

from cohort_frames import START, build_cohort, build_events, build_follow_up
from loadlens.studies.case_crossover_tables import COLUMNS, tabulate_case_crossover


def offsets(table: pd.DataFrame) -> list[int]:
    return [(date - START).days for date in table["date"]]


def test_referents_are_the_same_weekday_of_the_four_weeks_before():
    activities, days = build_cohort(a="r." * 40)
    table = tabulate_case_crossover(activities, days, build_events(("a", 62)))
    assert offsets(table) == [62, 55, 48, 41, 34]
    assert table["case"].tolist() == [1, 0, 0, 0, 0]
    assert table["controls"].tolist() == [4] * 5
    assert list(table.columns) == COLUMNS


def test_unknown_days_and_days_outside_follow_up_are_no_referents():
    text = "r." * 40
    text = text[:48] + "?" + text[49:]
    activities, days = build_cohort(a=text)
    table = tabulate_case_crossover(activities, days, build_events(("a", 62)), build_follow_up(("a", 40, 70)))
    assert offsets(table) == [62, 55, 41]


def test_days_after_the_onset_stand_beside_it_only_within_the_month_and_when_asked():
    """1 March is day 60: the onset on Monday 11 March is day 70; Mondays of March are days 63, 70, 77 and 84."""
    activities, days = build_cohort(a="r." * 50)
    table = tabulate_case_crossover(activities, days, build_events(("a", 70)), referents="month")
    assert offsets(table) == [70, 84, 77, 63]


def test_two_onsets_are_two_strata_and_no_day_after_the_first_is_a_referent_of_the_second_before_it_is_followed_again():
    activities, days = build_cohort(a="r." * 50)
    stretches = build_follow_up(("a", 0, 40), ("a", 60, 95))
    table = tabulate_case_crossover(activities, days, build_events(("a", 35), ("a", 70)), stretches)
    assert table.groupby("stratum")["date"].apply(lambda dates: [(d - START).days for d in dates]).tolist() == [
        [35, 28, 21, 14, 7],
        [70, 63],
    ]


def test_the_spike_of_a_window_is_the_largest_of_its_runs():
    """10 km every other day and 13 km on day 60: windows of 3 days hold it on days 60 to 62, and no longer."""
    metres = [10_000.0] * 40
    metres[30] = 13_000.0
    activities, days = build_cohort(a=("r." * 40, metres))
    spikes = {}
    for day in (60, 61, 62, 63):
        table = tabulate_case_crossover(activities, days, build_events(("a", day)), hazard_days=3)
        spikes[day] = table["spike"].iloc[0]
    assert spikes == {60: 1.3, 61: 1.3, 62: 1.3, 63: pytest.approx(10 / 13)}
    alone = tabulate_case_crossover(activities, days, build_events(("a", 61)))
    assert alone["spike_reason"].iloc[0] == "no_run"


def test_a_window_with_an_unknown_day_has_no_spike():
    text = "r." * 30 + "?" + ".r" * 10
    activities, days = build_cohort(a=text)
    table = tabulate_case_crossover(activities, days, build_events(("a", 62)), hazard_days=4)
    assert table["spike_reason"].iloc[0] == "unknown_days"
    assert table["spike"].isna().iloc[0]


def test_nothing_after_the_onset_changes_its_table():
    activities, days = build_cohort(a="r." * 50)
    events = build_events(("a", 62))
    last = START + pd.Timedelta(days=62)
    early = tabulate_case_crossover(activities[activities["date"] <= last], days[days["date"] <= last], events)
    pd.testing.assert_frame_equal(early, tabulate_case_crossover(activities, days, events))


def test_no_onset_gives_an_empty_table_with_its_columns():
    activities, days = build_cohort(a="r." * 50)
    table = tabulate_case_crossover(activities, days, build_events())
    assert table.empty
    assert list(table.columns) == COLUMNS


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"referents": "after"}, "referents 'after'"),
        ({"hazard_days": 8}, "hazard_days 8"),
        ({"hazard_days": 0}, "1 to 7"),
    ],
)
def test_arguments_that_mean_nothing_are_named(arguments, said):
    activities, days = build_cohort(a="r." * 50)
    with pytest.raises(ValueError, match=said):
        tabulate_case_crossover(activities, days, build_events(), **arguments)
