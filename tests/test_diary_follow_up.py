"""Events and follow-up from diaries: a silent diary is no diary without pain."""

from __future__ import annotations

import pandas as pd
import pytest

from cohort_frames import START, build_cohort
from loadlens.studies.diary_follow_up import find_stretches, follow_diaries
from loadlens.studies.exposure_tables import account_onsets, tabulate_exposures

WEEKLY = [(day, "pain", 0.0) for day in range(0, 141, 7)]


def diary_of(*entries: tuple[int, str, float | None], name: str = "a") -> pd.DataFrame:
    rows = [(name, START + pd.Timedelta(days=day), kind, value, "knee") for day, kind, value in sorted(entries)]
    return pd.DataFrame(rows, columns=["participant", "date", "kind", "value", "site"]).astype({"value": "float64"})


def days_of(length: int = 150, text: str = "r.") -> pd.DataFrame:
    return build_cohort(a=(text * length)[:length])[1]


def offsets(spans: pd.DataFrame) -> list[tuple[int, int]]:
    return [((a - START).days, (b - START).days) for a, b in zip(spans["first"], spans["last"], strict=True)]


def test_runners_are_followed_from_four_weeks_of_diary_to_its_last_entry():
    events, spans = follow_diaries(diary_of(*WEEKLY), days_of())
    assert events.empty
    assert offsets(spans) == [(28, 140)]


def test_an_onset_ends_the_stretch_and_the_next_begins_after_28_days_without_pain():
    """Pain on days 50 and 60: the first is the onset; free of pain for 28 days from day 89 on (60 + 28 < 89)."""
    events, spans = follow_diaries(diary_of(*WEEKLY, (50, "pain", 4.0), (60, "pain", 3.0)), days_of())
    assert [(date - START).days for date in events["date"]] == [50]
    assert offsets(spans) == [(28, 50), (89, 140)]


def test_days_of_a_silent_diary_are_not_followed_nor_is_the_day_on_which_it_speaks_again():
    """Nothing from day 56 to day 84: what began on day 84 began nobody knows when."""
    kept = [entry for entry in WEEKLY if not 56 < entry[0] < 84]
    entries = [*kept, (84, "pain", 6.0)]
    events, spans = follow_diaries(diary_of(*entries), days_of())
    assert [(date - START).days for date in events["date"]] == [84]
    assert offsets(spans) == [(28, 56), (113, 140)]
    activities, days = build_cohort(a="r." * 75)
    table = tabulate_exposures(activities, days, events, spans)
    assert account_onsets(table, events, days)["fate"].tolist() == ["not_at_risk"]


def test_a_diary_younger_than_four_weeks_has_no_onsets():
    events, spans = follow_diaries(diary_of(*WEEKLY, (20, "pain", 5.0)), days_of())
    assert events["reason"].tolist() == ["diary_too_young"]
    assert offsets(spans) == [(49, 140)]


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        ("r" * 51 + "." * 7 + "r" * 92, [""]),  # seven days without a run
        ("r" * 51 + "." * 6 + "r" * 93, []),  # ran on the seventh day: no time loss
        ("r" * 51 + "..?...." + "r" * 92, ["unknown_days"]),
        ("r" * 51 + "...", ["log_ends"]),
    ],
)
def test_time_loss_is_seven_days_without_a_run_and_unknown_days_leave_it_open(text, reasons):
    events, spans = follow_diaries(diary_of(*WEEKLY, (50, "injury", None)), build_cohort(a=text)[1], "time_loss")
    assert events["reason"].tolist() == reasons
    assert offsets(spans)[0] == (28, 49 if reasons and reasons[0] else 50), "what cannot be told ends it the day before"


def test_runners_without_a_diary_are_not_followed_at_all():
    activities, days = build_cohort(a="r." * 40, b="r." * 40)
    events, spans = follow_diaries(diary_of(*WEEKLY), days)
    table = tabulate_exposures(activities, days, events, spans)
    assert set(table["participant"]) == {"a"}
    nothing, nobody = follow_diaries(diary_of(*WEEKLY)[:0], days)
    assert nothing.empty
    assert tabulate_exposures(activities, days, nothing, nobody).empty


def test_stretches_are_days_in_a_row():
    days = pd.DatetimeIndex(["2024-02-28", "2024-02-29", "2024-03-02"])
    found = find_stretches(days)
    assert found["first"].dt.strftime("%d %b").tolist() == ["28 Feb", "02 Mar"]
    assert found["last"].dt.strftime("%d %b").tolist() == ["29 Feb", "02 Mar"]
    assert find_stretches(days[:0]).empty


def test_a_definition_nobody_knows_is_named():
    with pytest.raises(ValueError, match="definition 'sore'"):
        follow_diaries(diary_of(*WEEKLY), days_of(), "sore")
