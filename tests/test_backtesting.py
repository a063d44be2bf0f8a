"""Rules held against the starts of pain in a diary: counted before each start, and in stretches without pain."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from builders import build_activities, build_log
from loadlens import words
from loadlens.backtesting import backtest, tell_backtest
from loadlens.findings import Assessment, assess
from loadlens.guidance import read_guidance
from loadlens.log import RunningLog, conform
from loadlens.pain_starts import find_starts

START = pd.Timestamp("2022-01-03")
GUIDANCE = read_guidance()
RULES = replace(GUIDANCE, rules={name: GUIDANCE.rules[name] for name in ("longest_run", "weekly_increase", "swelling")})


def diary_of(*entries: tuple[int, str, float | None]) -> pd.DataFrame:
    days, kinds, values = zip(*entries, strict=True)
    frame = pd.DataFrame({"date": [START + pd.Timedelta(days=d) for d in days], "kind": kinds})
    return conform("diary", frame.assign(value=pd.array(values, dtype="Float64").astype("float64")))[0]


def log_of(weeks: int, long_weeks: tuple[int, ...], *entries: tuple[int, str, float | None]) -> RunningLog:
    """Four runs of 10 km a week, on some Sundays 16 km; a diary of fatigue from the first day to the last."""
    runs = []
    for week in range(weeks):
        for day in (0, 2, 4, 6):
            metres = 16_000.0 if day == 6 and week in long_weeks else 10_000.0
            runs.append((str((START + pd.Timedelta(days=7 * week + day)).date()), metres))
    always = [(0, "fatigue", 2.0), (7 * weeks - 1, "fatigue", 2.0)]
    return build_log(build_activities(runs), diary=diary_of(*sorted([*always, *entries])))


def day_after(week: int) -> int:
    """The Wednesday ten days after the Sunday of a week."""
    return 7 * week + 16


# ---------------------------------------------------------------- starts
def dates(log: RunningLog) -> list[int]:
    starts = find_starts(log.diary)
    return [(date - START).days for date in starts.loc[starts["reason"] == "", "date"]]


def test_a_start_is_the_first_entry_from_three_after_four_weeks_without():
    """Day 60 starts; 70 and 88 follow within 28 days of an entry; 116 is exactly 28 days later, 145 is 29."""
    log = log_of(30, (), *((day, "pain", 4.0) for day in (60, 70, 88, 116, 145)), (130, "pain", 2.0))
    assert dates(log) == [60, 145]


def test_milder_pain_and_other_entries_start_nothing():
    assert dates(log_of(30, (), (60, "pain", 2.9), (100, "soreness", 5.0), (140, "fatigue", 5.0))) == []


def test_an_injury_without_a_number_is_a_start_and_such_pain_is_not():
    assert dates(log_of(30, (), (60, "injury", None))) == [60]
    log = log_of(30, (), (60, "pain", None), (80, "pain", 5.0))
    assert dates(log) == [], "nobody knows how much it hurt on day 60, so day 80 does not come after four weeks without"


def test_pain_in_the_first_weeks_of_a_diary_is_set_aside_and_said():
    log = log_of(30, (), (10, "pain", 5.0), (90, "pain", 5.0))
    starts = find_starts(log.diary)
    assert starts["reason"].tolist() == ["diary_too_young", ""]
    found = assess(log, RULES)
    assert words.say("backtest.aside", "nl", count="1") in tell_backtest(backtest(found), found, "nl")


def test_a_log_without_a_diary_has_no_starts():
    log = build_log(build_activities([("2024-01-01", 5000.0), ("2024-03-01", 5000.0)]))
    assert find_starts(log.diary).empty
    table = backtest(assess(log, RULES))
    assert (table["starts"] == 0).all()
    assert (table["reason"] == "too_few_starts").all()


# ---------------------------------------------------------------- counting
@pytest.fixture(scope="module")
def found() -> Assessment:
    """Six starts of pain, each ten days after a long run but the last; one long run with nothing after it."""
    weeks = (20, 40, 60, 80, 100)
    entries = [(day_after(week), "pain", 5.0) for week in (*weeks, 120)]
    return assess(log_of(140, (*weeks, 112), *entries), RULES)


def test_a_rule_is_counted_before_starts_and_in_stretches_without_pain(found):
    row = backtest(found).set_index("rule").loc["longest_run"]
    assert (row["starts"], row["spoke"]) == (6, 5)
    assert row["share"] == pytest.approx(5 / 6)
    assert (row["low"], row["high"]) == pytest.approx((0.3588, 0.9958), abs=1e-4)  # Clopper-Pearson, 5 of 6
    assert row["lead_days"] == 10
    assert row["stretches"] >= 6
    assert row["stretches_spoke"] == 1, "the long run of week 112, a year after the weeks before the third start"
    assert row["stretches_share"] == 1 / row["stretches"]
    assert row["reason"] == ""


def test_only_rules_that_alarm_from_what_was_recorded_are_counted(found):
    assert backtest(found)["rule"].tolist() == ["longest_run"]


def test_stretches_lie_apart_where_nothing_hurt(found):
    from loadlens.backtesting import _match

    starts = find_starts(found.log.diary)["date"]
    before = [date - pd.Timedelta(days=28) for date in starts]
    quiet = _match(found.log, before)
    taken = [first + pd.Timedelta(days=d) for first in [*before, *quiet] for d in range(28)]
    assert len(taken) == len(set(taken)), "no day is in two windows"
    assert set(taken) & set(starts) == set()
    for first in quiet:
        end = first + pd.Timedelta(days=28)
        assert not starts.between(end - pd.Timedelta(days=28), end).any()
        apart = [abs(end.day_of_year - start.day_of_year) for start in starts]
        assert min(min(a, 365 - a) for a in apart) <= 61


def test_stretches_lie_where_the_diary_was_kept(found):
    """A diary that ends with the last start leaves nothing after it to call free of pain."""
    from loadlens.backtesting import _match

    log = found.log
    kept = replace(log, diary=log.diary[log.diary["kind"] == "pain"].reset_index(drop=True))
    first, last = kept.diary["date"].min(), kept.diary["date"].max()
    quiet = _match(kept, [date - pd.Timedelta(days=28) for date in find_starts(kept.diary)["date"]])
    assert quiet
    assert all(first <= day and day + pd.Timedelta(days=27) <= last for day in quiet)


def test_four_starts_are_too_few_for_a_share():
    weeks = (20, 40, 60, 80)
    found = assess(log_of(100, weeks, *((day_after(week), "pain", 5.0) for week in weeks)), RULES)
    row = backtest(found).iloc[0]
    assert (row["starts"], row["spoke"], row["reason"]) == (4, 4, "too_few_starts")
    assert row[["share", "low", "high", "stretches_share"]].isna().all()
    assert "too few" in tell_backtest(backtest(found), found)[1]


def test_starts_that_cannot_be_assessed_do_not_count(found):
    """A start in week 2 of the log: the longest run needs thirty days before it."""
    weeks = (20, 40, 60, 80, 100)
    early = assess(log_of(140, weeks, *((day_after(week), "pain", 5.0) for week in (3, *weeks))), RULES)
    assert len(dates(early.log)) == 6
    assert backtest(early).iloc[0]["starts"] == 5


@pytest.mark.parametrize(
    ("lang", "told"), [("en", "before 5 of 6 starts (36% to"), ("nl", "vóór 5 van de 6 keer (36% tot")]
)
def test_it_is_told_without_a_probability(found, lang, told):
    lines = tell_backtest(backtest(found), found, lang)
    assert told in lines[1]
    assert words.quantity(10, "days", lang) in lines[1]
    assert lines[-1] == words.say("backtest.no_claim", lang)
