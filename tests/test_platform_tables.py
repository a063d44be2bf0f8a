"""Plain tables of platforms, each a profile and no code: TrainingPeaks, Oura, MapMyRun."""

from __future__ import annotations

import pandas as pd
import pytest

import loadlens as ll
from loadlens.simulation import simulate
from loadlens.simulators.simulated_exports import write_export


@pytest.fixture(scope="module")
def runner():
    return simulate("novice", weeks=4)


def read_back(runner, folder, kind):
    write_export(runner, folder, kind)
    return ll.read(folder, tz=runner.zone)


@pytest.mark.parametrize(("kind", "precision"), [("trainingpeaks", 0.001), ("mapmyrun", 0.01)])
def test_lists_of_days_come_back_as_they_were_simulated(kind, precision, runner, tmp_path):
    log = read_back(runner, tmp_path, kind)
    found, truth = log.activities, runner.activities.sort_values(["date", "distance"])
    found = found.sort_values(["date", "distance"])
    assert found["date"].tolist() == truth["date"].tolist()
    assert found["sport"].tolist() == truth["sport"].tolist()
    assert found["distance"].to_numpy(float) == pytest.approx(truth["distance"].to_numpy(float), abs=precision)
    assert found["duration"].to_numpy(float) == pytest.approx(truth["duration"].to_numpy(float), abs=0.5)
    assert found["start_local"].isna().all()


def test_plans_and_days_off_are_set_aside_with_a_reason(runner, tmp_path):
    log = read_back(runner, tmp_path, "trainingpeaks")
    sundays = int((runner.activities["date"].dt.day_of_week == 6).sum())
    aside = log.ledger[log.ledger["action"] == "set_aside"].set_index("what")["count"]
    assert (aside["planned_only"], aside["row_of_another_kind"]) == (sundays, sundays)
    source = log.sources.set_index("format").loc["trainingpeaks_workouts"]
    assert source["rows"] == len(runner.activities) + 2 * sundays
    assert source["set_aside"] == 2 * sundays


def test_strides_of_one_foot_are_doubled_for_runs_only(runner, tmp_path):
    log = read_back(runner, tmp_path, "trainingpeaks")
    truth = runner.activities[runner.activities["sport"] == "run"]
    assert log.runs["cadence"].tolist() == pytest.approx(truth["cadence"].tolist())


def test_quantities_of_trainingpeaks_stand_one_in_a_row(runner, tmp_path):
    found = read_back(runner, tmp_path, "trainingpeaks").wellness.set_index("date")
    truth = runner.wellness.set_index("date")
    for column in ("rhr_day", "hrv_rmssd", "sleep"):
        assert found[column].dropna().to_dict() == pytest.approx(truth[column].dropna().to_dict(), abs=0.1)


def test_metrics_say_which_variability_was_assumed_and_what_was_not_used(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text("Timestamp,Type,Value\n2024-03-01 00:00:00,HRV,62\n2024-03-01 00:00:00,Stress Level,Min : 1\n")
    ledger = ll.read(path).ledger.set_index("what")
    assert {"hrv_kind_assumed", "quantity_not_used"} <= set(ledger.index)
    assert ledger.loc["quantity_not_used", "value"] == "Stress Level"


def test_hours_with_a_decimal_comma_are_hours(tmp_path):
    path = tmp_path / "workouts.csv"
    path.write_text(
        "Title;WorkoutType;PlannedDuration;WorkoutDay;DistanceInMeters;TimeTotalInHours;HeartRateAverage\n"
        "Easy;Run;1;2024-03-01;10120,5;1,05;140\nLong;Run;;2024-03-03;15000,25;1,5;141\n"
    )
    runs = ll.read(path).runs
    assert runs["duration"].tolist() == [3780.0, 5400.0]
    assert runs["distance"].tolist() == [10_120.5, 15_000.25]


def test_days_of_oura_come_back_as_they_were_simulated(runner, tmp_path):
    found = read_back(runner, tmp_path, "oura").wellness.set_index("date")
    truth = runner.wellness.set_index("date")
    for column in ("rhr_day", "hrv_rmssd", "sleep", "sleep_score", "steps"):
        assert found[column].dropna().to_dict() == pytest.approx(truth[column].dropna().to_dict()), column
    assert (found["rhr_sleep"] - found["rhr_day"]).dropna().tolist() == pytest.approx([4.3] * truth["rhr_day"].count())
    stages = found[["sleep_deep", "sleep_light", "sleep_rem"]].sum(axis=1)
    assert stages[found["sleep"].notna()].tolist() == found["sleep"].dropna().tolist()


def test_mapmyrun_in_kilometres_and_with_months_in_words(tmp_path):
    path = tmp_path / "user_workout_history.csv"
    path.write_text(
        "Date Submitted,Workout Date,Activity Type,Calories Burned (kCal),Distance (km),Workout Time (seconds),"
        "Avg Speed (km/h),Notes,Source,Link\n"
        '"Nov. 12, 2018","Nov. 11, 2018",Run,400,5.5,1900,10.42,"Pegasus, wet",Map My Fitness,http://x/1\n'
        '"Sept. 2, 2018","Sept. 2, 2018",Walk,100,1.0,1200,3,,Map My Fitness,http://x/2\n'
    )
    log = ll.read(path)
    assert log.activities["date"].tolist() == [pd.Timestamp("2018-09-02"), pd.Timestamp("2018-11-11")]
    assert log.runs["distance"].tolist() == [5500.0]
    assert log.runs["speed"].tolist() == pytest.approx([10.42 / 3.6])
    assert log.runs["gear"].isna().all()


def test_a_list_of_days_beside_recordings_adds_no_activity(runner, tmp_path):
    """The same four weeks from a coach's calendar and from a watch are the same four weeks, told apart by their day."""
    for kind in ("trainingpeaks", "mapmyrun", "samsung_health"):
        write_export(runner, tmp_path, kind)
    log = ll.read(tmp_path, tz=runner.zone, cache=False)
    assert log.activities["date"].tolist() == runner.activities["date"].tolist()
    assert log.activities["start_local"].tolist() == runner.activities["start_local"].tolist()
    truth = runner.activities.loc[runner.activities["sport"] == "run", "distance"]
    assert log.runs["distance"].sum() == pytest.approx(truth.sum(), abs=1)
    assert log.runs["rpe"].tolist() == runner.activities.loc[runner.activities["sport"] == "run", "rpe"].tolist()


def test_two_runs_of_one_day_that_differ_stay_two(tmp_path):
    (tmp_path / "workouts.csv").write_text(
        "Title,WorkoutType,PlannedDuration,WorkoutDay,DistanceInMeters,TimeTotalInHours,HeartRateAverage\n"
        "Early,Run,,2024-03-01,5000,0.5,140\nLate,Run,,2024-03-01,9000,0.9,141\n"
    )
    heads = "type,startTime,sportTime(s),distance(m)"
    (tmp_path / "SPORT_1.csv").write_text(f"{heads}\n1,2024-03-01 17:00:00+0000,3245,9010\n")
    runs = ll.read(tmp_path, tz="Europe/Amsterdam", cache=False).runs.sort_values("distance")
    assert len(runs) == 2
    assert runs["title"].tolist() == ["Early", "Late"]
    assert runs["start_local"].notna().tolist() == [False, True]
