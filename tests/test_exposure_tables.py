"""Counting-process tables: intervals, events and exposures worked by hand, and nothing known too early."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohort_frames import START, build_cohort, build_events, build_follow_up
from loadlens.log import LogError
from loadlens.studies.case_crossover_tables import COLUMNS as CROSSED
from loadlens.studies.daily_exposures import measure_exposures
from loadlens.studies.exposure_rules import exposure_numbers, sort_by_band
from loadlens.studies.exposure_tables import COLUMNS, account_onsets, indicate_bands, tabulate_exposures
from loadlens.words import LANGUAGES

EXPOSURES = ["spike", "week_ratio", "acute_chronic", "acute_chronic_coupled", "acute_chronic_ewma"]
NOBODY = build_events()


def spans(table: pd.DataFrame) -> list[tuple[float, float, int]]:
    return list(zip(table["start"], table["stop"], table["event"], strict=True))


# ---------------------------------------------------------------- bands
def test_bands_are_those_of_frandsen_2025_and_limits_belong_to_the_band_below():
    ratio = pd.Series([0.0, 1.1, 12.1 / 11, 1.1001, 1.3, 1.301, 2.0, 2.001, np.nan])
    expected = ["reference"] * 3 + ["small"] * 2 + ["moderate"] * 2 + ["large"]
    band = sort_by_band(ratio)
    assert band[:-1].tolist() == expected
    assert pd.isna(band.iloc[-1]), "what cannot be assessed is in no band"


# ---------------------------------------------------------------- exposures of a day
def measure(text: str, metres: list[float]) -> pd.DataFrame:
    activities, days = build_cohort(a=(text, metres))
    return measure_exposures(activities, days)


def test_a_run_is_compared_with_the_longest_of_the_30_days_before():
    """Runs of 8, 8, 8, 8 and 9 km on days 0 to 12, then 12 km on day 31: the 9 km run counts, 12 / 9 = 1.333."""
    text = "r..r..r..r..r" + "." * 18 + "r"
    frame = measure(text, [8000, 8000, 8000, 8000, 9000, 12_000])
    assert frame["spike"].iloc[-1] == pytest.approx(12 / 9)
    assert frame["spike"].iloc[-2:-1].isna().all()
    assert frame["spike_reason"].iloc[[0, 1, -1]].tolist() == ["history_too_short", "no_run", ""]


def test_a_longer_run_31_days_ago_no_longer_counts():
    text = "r....r..r..r..r" + "." * 16 + "r"  # 20 km on day 0, run of 12 km on day 31
    frame = measure(text, [20_000, 8000, 8000, 8000, 9000, 12_000])
    assert frame["spike"].iloc[-1] == pytest.approx(12 / 9)


def test_ratios_are_those_of_the_day_before():
    """Six weeks of 3 runs of 10 km, then 4 runs: at its end 40 / 30 = 1.333, seen on the day after and not before."""
    text = "r.r.r.." * 6 + "r.r.r.r" + "r."
    frame = measure(text, [10_000.0] * (18 + 4) + [50_000.0])
    after = frame.iloc[49]  # the day after week 7, with a run of 50 km of its own
    assert after["week_ratio"] == pytest.approx(40 / 30)
    assert after["acute_chronic"] == pytest.approx(40 / 30)  # three weeks before of 30 km
    assert after["acute_chronic_coupled"] == pytest.approx(40 / ((40 + 90) / 4))
    assert frame["week_ratio"].iloc[48] == pytest.approx(1.0)
    assert frame["week_ratio"].iloc[50] == pytest.approx(80 / 30)  # days 43 to 49: 3 x 10 + 50, after 30


def test_a_run_without_distance_leaves_what_needs_it_unassessed():
    text = "r.r.r.." * 6
    metres = [10_000.0] * 18
    metres[12] = np.nan  # day 28
    frame = measure(text, metres)
    assert frame["spike_reason"].iloc[28] == "no_distance"
    assert frame["spike_reason"].iloc[[30, 32]].tolist() == ["no_distance", "no_distance"]
    assert frame["spike"].iloc[28:].isna().all()


def test_two_runs_of_a_day_are_one_day_with_its_longest():
    activities, days = build_cohort(a=("r..r..r..r" + "." * 20 + "r", [8000.0] * 5))
    second = activities.tail(1).assign(distance=10_000.0)
    frame = measure_exposures(pd.concat([activities, second], ignore_index=True), days)
    assert frame["spike"].iloc[-1] == pytest.approx(1.25)
    assert frame["distance"].iloc[-1] == 18_000


# ---------------------------------------------------------------- rows per run
def test_a_run_lasts_until_the_next_and_an_event_ends_its_row():
    activities, days = build_cohort(a="r.r..r....")
    table = tabulate_exposures(activities, days, build_events(("a", 3)))
    assert spans(table) == [(0, 2, 0), (2, 4, 1)]  # the onset is on the fourth day: at risk to its end
    assert table["last_date"].iloc[-1] == START + pd.Timedelta(days=3)
    assert list(table.columns) == COLUMNS


def test_a_run_counts_for_seven_days_at_most():
    activities, days = build_cohort(a="r............r.")
    assert spans(tabulate_exposures(activities, days, NOBODY)) == [(0, 7, 0), (13, 15, 0)]


def test_an_unknown_day_is_not_at_risk_and_the_run_before_it_counts_no_longer():
    activities, days = build_cohort(a="r..?..r.")
    table = tabulate_exposures(activities, days, build_events(("a", 4)))
    assert spans(table) == [(0, 3, 0)], "days 4 and 5 may follow a run nobody recorded; the onset on day 4 ended all"
    assert spans(tabulate_exposures(activities, days, NOBODY)) == [(0, 3, 0), (6, 8, 0)]


def test_a_day_that_the_table_of_days_leaves_out_is_unknown():
    activities, days = build_cohort(a="r..?..r.")
    left_out = days[days["state"] != "unknown"]
    assert spans(tabulate_exposures(activities, left_out, NOBODY)) == [(0, 3, 0), (6, 8, 0)]


def test_an_onset_on_the_day_of_a_run_counts_to_it_or_with_a_lag_to_the_run_before():
    activities, days = build_cohort(a="r..r..")
    same = tabulate_exposures(activities, days, build_events(("a", 3)))
    later = tabulate_exposures(activities, days, build_events(("a", 3)), lag_days=1)
    assert same.loc[same["event"] == 1, "known_on"].tolist() == [START + pd.Timedelta(days=3)]
    assert later.loc[later["event"] == 1, "known_on"].tolist() == [START]
    assert spans(later) == [(1, 4, 1)], "the first run is known from its next day on"


def test_time_begins_with_the_first_day_at_risk_and_recurrences_need_a_stretch_of_their_own():
    activities, days = build_cohort(a="r.r.r.r.r.r.")
    events = build_events(("a", 4), ("a", 5), ("a", 9))
    alone = tabulate_exposures(activities, days, events)
    assert spans(alone) == [(0, 2, 0), (2, 4, 0), (4, 5, 1)]
    stretches = build_follow_up(("a", 2, 4), ("a", 7, 11))
    followed = tabulate_exposures(activities, days, events, stretches)
    assert spans(followed) == [(0, 2, 0), (2, 3, 1), (5, 6, 0), (6, 8, 1)]
    assert followed["onsets_before"].tolist() == [0, 0, 2, 2]


def test_events_that_were_written_to_a_csv_and_read_back_are_the_same_events():
    activities, days = build_cohort(a="r.r.")
    back = build_events(("a", 2)).assign(reason=float("nan"))  # so pandas reads a column of empty cells
    assert tabulate_exposures(activities, days, back)["event"].tolist() == [0, 1]


def test_an_onset_before_the_log_is_an_earlier_one_and_one_after_it_is_not():
    activities, days = build_cohort(a="r.r.", b="r.r.")
    table = tabulate_exposures(activities, days, build_events(("a", -5), ("b", 20)))
    before = table.groupby("participant")["onsets_before"].unique()
    assert [before["a"].tolist(), before["b"].tolist()] == [[1], [0]], "nobody can know what is still to come"


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        ("runs", [(0, 1, 0), (1, 2, 0), (2, 3, 1)]),
        ("distance", [(0, 10_000, 0), (10_000, 15_000, 0), (15_000, 35_000, 1)]),
        ("duration", [(0, 4000, 0), (4000, 6000, 0), (6000, 14_000, 1)]),  # at 2.5 m/s
    ],
)
def test_time_can_be_counted_in_runs_metres_and_seconds(scale, expected):
    activities, days = build_cohort(a=("r..r..r...r", [10_000, 5000, 20_000, 7000]))
    assert spans(tabulate_exposures(activities, days, build_events(("a", 8)), scale=scale)) == expected


def test_on_the_scale_of_distance_a_run_of_unknown_length_has_no_place():
    activities, days = build_cohort(a=("r..r..r", [10_000, np.nan, 20_000]))
    table = tabulate_exposures(activities, days, build_events(("a", 4)), scale="distance")
    assert spans(table) == [(0, 10_000, 0)]
    fate = account_onsets(table, build_events(("a", 4)), days)["fate"]
    assert fate.tolist() == ["not_at_risk"]


# ---------------------------------------------------------------- rows per day
def test_rows_per_day_carry_the_last_run_and_say_when_there_is_none():
    activities, days = build_cohort(a="r..r..r..r" + "." * 20 + "r.." + "." * 8)
    table = tabulate_exposures(activities, days, NOBODY, unit="day")
    assert len(table) == 41
    carried = table.iloc[30:]
    assert carried["spike"].notna().tolist() == [True] * 7 + [False] * 4
    assert set(carried["spike_reason"].iloc[7:]) == {"no_run"}
    assert carried["known_on"].iloc[0] == START + pd.Timedelta(days=30)


# ---------------------------------------------------------------- every event
def test_every_event_is_accounted_for():
    activities, days = build_cohort(a="r..?..r..r", b="r.r.r.", c="........")
    events = build_events(("a", 3), ("b", 3), ("b", 5), ("c", 2), ("a", 400))
    told = account_onsets(tabulate_exposures(activities, days, events), events, days)
    assert dict(zip(zip(told["participant"], told["date"], strict=True), told["fate"], strict=True)) == {
        ("a", START + pd.Timedelta(days=3)): "unknown_day",
        ("b", START + pd.Timedelta(days=3)): "counted",
        ("b", START + pd.Timedelta(days=5)): "earlier_onset",
        ("c", START + pd.Timedelta(days=2)): "not_at_risk",
        ("a", START + pd.Timedelta(days=400)): "outside_log",
    }


def test_what_could_not_be_told_is_no_event():
    activities, days = build_cohort(a="r.r.r.")
    events = build_events(("a", 2), ("a", 4)).assign(reason=["log_ends", ""])
    assert tabulate_exposures(activities, days, events)["event"].tolist() == [0, 0, 1]


# ---------------------------------------------------------------- bands for a regression
def test_a_missing_band_is_missing_in_every_indicator_and_never_the_reference():
    table = pd.DataFrame({"spike_band": ["reference", "small", None, "large"]})
    coded = indicate_bands(table)
    assert coded.columns.tolist() == ["spike_small", "spike_moderate", "spike_large"]
    assert coded.iloc[[0, 1, 3]].to_numpy().tolist() == [[0, 0, 0], [1, 0, 0], [0, 0, 1]]
    assert coded.iloc[2].isna().all()


# ---------------------------------------------------------------- columns
def test_every_column_of_the_tables_is_described_in_both_languages():
    told = exposure_numbers()["columns"]
    assert set(told) == set(COLUMNS) | set(CROSSED)
    assert all(column[lang] for column in told.values() for lang in LANGUAGES)


# ---------------------------------------------------------------- properties
LETTERS = st.text(alphabet="rrr...?", min_size=50, max_size=90)


@st.composite
def cohorts(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame | None]:
    text = draw(LETTERS)
    metres = draw(st.lists(st.integers(3, 30), min_size=text.count("r"), max_size=text.count("r")))
    activities, days = build_cohort(a=(text, [1000.0 * m for m in metres]))
    events = build_events(*(("a", day) for day in draw(st.sets(st.integers(0, len(text) - 1), max_size=4))))
    if draw(st.booleans()):
        return activities, days, events, None
    first, middle = draw(st.integers(0, 10)), draw(st.integers(12, 40))
    return activities, days, events, build_follow_up(("a", first, middle), ("a", middle + 2, len(text) + 5))


@settings(max_examples=40, deadline=None)
@given(cohorts(), st.sampled_from([0, 1]))
def test_rows_per_run_are_the_rows_per_day_on_which_a_run_counts(cohort, lag):
    activities, days, events, follow_up = cohort
    per_run = tabulate_exposures(activities, days, events, follow_up, lag_days=lag)
    per_day = tabulate_exposures(activities, days, events, follow_up, lag_days=lag, unit="day")
    with_run = per_day[per_day["run_length"].notna()]
    assert (per_run["stop"] - per_run["start"]).sum() == len(with_run)
    assert per_run["event"].sum() == with_run["event"].sum()
    assert (per_run["start"].to_numpy()[1:] >= per_run["stop"].to_numpy()[:-1]).all(), "no row overlaps the next"
    covered = [date for a, b in zip(per_run["date"], per_run["last_date"], strict=True) for date in pd.date_range(a, b)]
    assert covered == with_run["date"].tolist()


@settings(max_examples=40, deadline=None)
@given(cohorts(), st.integers(5, 60), st.sampled_from([0, 1]), st.sampled_from(["run", "day"]))
def test_what_comes_later_changes_nothing_in_what_was_known(cohort, cut, lag, unit):
    activities, days, events, follow_up = cohort
    last = START + pd.Timedelta(days=min(cut, days["date"].nunique() - 1))
    whole = tabulate_exposures(activities, days, events, follow_up, unit=unit, lag_days=lag)
    known = (activities["date"] <= last, days["date"] <= last, events["date"] <= last)
    cut_off = [table[mask] for table, mask in zip((activities, days, events), known, strict=True)]
    early = tabulate_exposures(*cut_off, follow_up, unit=unit, lag_days=lag)
    kept = whole[whole["last_date"] <= last].reset_index(drop=True)
    pd.testing.assert_frame_equal(early[: len(kept)], kept)


@settings(max_examples=25, deadline=None)
@given(cohorts(), st.floats(2, 5))
def test_ratios_do_not_know_the_run_of_their_own_day(cohort, factor):
    activities, days, _, _ = cohort
    if activities.empty:
        return
    last = activities["date"].max()
    changed = activities.assign(distance=activities["distance"].where(activities["date"] != last, 1e5 * factor))
    ratios = [name for name in EXPOSURES if name != "spike"]
    before = measure_exposures(activities, days).loc[last, ratios]
    pd.testing.assert_series_equal(measure_exposures(changed, days).loc[last, ratios], before)


@settings(max_examples=25, deadline=None)
@given(cohorts())
def test_an_exposure_is_there_or_its_reason_is(cohort):
    table = tabulate_exposures(*cohort, unit="day")
    for name in ("spike", "week_ratio", "acute_chronic"):
        assert (table[name].isna() == (table[f"{name}_reason"] != "")).all()
        assert (table[f"{name}_band"].isna() == table[name].isna()).all()


# ---------------------------------------------------------------- what is wrong is said
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda a, d, e: (a.drop(columns="distance"), d, e), r"activities: no column distance; would be right"),
        (lambda a, d, e: (a, pd.concat([d, d.head(1)]), e), r"days: a has 2024-01-01 twice"),
        (lambda a, d, e: (a, d, pd.concat([e, e])), r"events: a has two on 2024-01-03"),
        (lambda a, d, e: (a, d, e.assign(participant="z")), r"events: z has no row in days"),
        (lambda a, d, e: (a, d, e.assign(date="soon")), r"events\.date: .*would be right: local days"),
        (lambda a, d, e: (a, d, e.assign(date=pd.NaT)), r"events\.date: missing in row 0"),
    ],
)
def test_tables_that_do_not_fit_are_named(change, said):
    activities, days = build_cohort(a="r.r.r.")
    with pytest.raises(LogError, match=said):
        tabulate_exposures(*change(activities, days, build_events(("a", 2))))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"unit": "week"}, "unit 'week'"),
        ({"scale": "km"}, "scale 'km'"),
        ({"lag_days": 2}, "lag_days 2"),
        ({"unit": "day", "scale": "runs"}, "stands still"),
    ],
)
def test_arguments_that_mean_nothing_are_named(arguments, said):
    activities, days = build_cohort(a="r.r.r.")
    with pytest.raises(ValueError, match=said):
        tabulate_exposures(activities, days, NOBODY, **arguments)


def test_stretches_of_follow_up_that_overlap_are_named():
    activities, days = build_cohort(a="r.r.r.")
    with pytest.raises(LogError, match=r"follow_up: a, 2024-01-03 to 2024-01-05"):
        tabulate_exposures(activities, days, NOBODY, build_follow_up(("a", 0, 3), ("a", 2, 4)))
