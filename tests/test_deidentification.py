"""What is shared of a log holds nothing that tells who it is of, and says the same of every rule."""

from __future__ import annotations

import pickle
import stat
import tomllib
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import loadlens as ll
from builders import build_activities, build_log
from loadlens.diary_words import diary_kinds, diary_tags
from loadlens.formats.profile_files import all_profiles
from loadlens.log import LogError, RunningLog, conform, describe_columns
from loadlens.studies.deidentification import (
    POLICIES,
    count_weeks,
    deidentify,
    describe,
    find_secret,
    pseudonym,
    sharing_rules,
)
from loadlens.words import LANGUAGES

SECRET = bytes(range(32))
DATA = Path(ll.__file__).parent / "data"
TABLES = [one.name for one in fields(RunningLog)]


@pytest.fixture(scope="module")
def log() -> RunningLog:
    return ll.read(Path(__file__).parents[1] / "sample_data" / "overload")


def text_columns(table: str) -> list[str]:
    """Columns that can hold any text at all."""
    return [n for n, spec in describe_columns()[table].items() if spec["dtype"] == "text" and "values" not in spec]


def all_text(log: RunningLog) -> str:
    """Everything a log holds, as text."""
    return "\n".join(getattr(log, name).to_csv() for name in TABLES) + repr(pickle.dumps(log))


# ---------------------------------------------------------------- the lists of columns
@pytest.mark.parametrize("table", TABLES)
def test_every_column_stands_in_exactly_one_list(table):
    listed = [column for policy in POLICIES for column in sharing_rules()[table].get(policy, ())]
    assert sorted(listed) == sorted(describe_columns()[table])
    assert set(sharing_rules()[table]) <= set(POLICIES)


@pytest.mark.parametrize("table", TABLES)
def test_text_is_kept_as_it_is_only_where_the_log_allows_a_fixed_list_of_words(table):
    columns = describe_columns()[table]
    kept = [name for name in sharing_rules()[table].get("keep", ()) if columns[name]["dtype"] == "text"]
    assert [name for name in kept if "values" not in columns[name]] == []


@pytest.mark.parametrize("table", TABLES)
def test_every_date_is_moved_and_no_instant_is_kept(table):
    columns = describe_columns()[table]
    rules = sharing_rules()[table]
    for name, spec in columns.items():
        if spec["dtype"] in ("date", "clock"):
            assert name in rules["shift"]
        if spec["dtype"] == "instant":
            assert name in rules["drop"]


def test_a_column_in_no_list_is_refused_rather_than_shared(monkeypatch, log):
    rules = sharing_rules() | {"days": {"shift": ["date"], "keep": ["state", "reason", "runs"]}}
    monkeypatch.setattr("loadlens.studies.deidentification.sharing_rules", lambda: rules)
    with pytest.raises(LogError, match=r"days: \['other_activities'\] stand in no list"):
        deidentify(log, "anna", SECRET)


def test_the_formats_that_may_be_named_are_those_of_the_package():
    accounts = [tomllib.loads(path.read_text("utf-8")) for path in (DATA / "accounts").glob("*.toml")]
    sessions = tomllib.loads((DATA / "sessions.toml").read_text("utf-8"))
    names = {profile.id for profile in all_profiles()} | {account["format"] for account in accounts}
    names |= {part["format"] for part in sessions.values() if "format" in part}
    names |= {
        tomllib.loads((DATA / f"{name}.toml").read_text("utf-8"))["format"]
        for name in ("garmin_account", "apple_health")
    }
    assert set(sharing_rules()["formats"]["known"]) == names | {"fit", "tcx", "gpx"}


# ---------------------------------------------------------------- nothing that was planted comes through
SIGN = "ZQX"  # no word of loadlens has these three letters in a row


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])  # of sixty texts each
@given(
    planted=st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12), min_size=60, max_size=60
    )
)
def test_no_text_that_was_planted_in_any_cell_of_any_table_is_left(planted):
    secrets = [f"{SIGN}{number}{text}" for number, text in enumerate(planted)]
    given_log = plant(secrets)
    assert all_text(given_log).count(SIGN) > 60  # they are there before
    shared = deidentify(given_log, f"{SIGN} participant", SECRET)
    assert SIGN not in all_text(shared)


def plant(texts: list[str]) -> RunningLog:
    """A log with a text in every cell that can hold any."""
    log = build_log(build_activities([("2024-03-01", 5000), ("2024-03-04", 7000)]))
    turn = iter(texts * 3)
    planted = {}
    for name in TABLES:
        table = getattr(log, name).copy()
        if table.empty:
            table = conform(name, pd.DataFrame(index=range(2)))[0]
        for column in text_columns(name):
            table[column] = pd.array([f"{next(turn)} {row}" for row in range(len(table))], dtype=table[column].dtype)
        planted[name] = table
    return replace(log, **planted).locate({f"{SIGN}/place": Path(f"/{SIGN}")})


def test_a_word_that_was_typed_is_dropped_and_one_of_the_lists_stays():
    diary = pd.DataFrame(
        {
            "date": pd.Timestamp("2024-03-02"),
            "kind": ["pain", "pain", "injury"],
            "value": [3.0, 4.0, 5.0],
            "site": ["knee", "Anna's old scar", "Kuit"],
            "tags": ["after, during", "swelling of Anna's knee", "Dr. Jansen"],
            "note": "called Anna on 0612345678",
        }
    )
    log = build_log(build_activities([("2024-03-01", 5000), ("2024-03-04", 7000)]), diary=diary)
    shared = deidentify(log, "anna", SECRET).diary
    assert shared["kind"].tolist() == ["pain", "pain", "injury"]
    assert shared["value"].tolist() == [3, 4, 5]
    assert shared["site"].fillna("").tolist() == ["knee", "", "kuit"]
    assert shared["tags"].fillna("").tolist() == ["after, during", "swelling", ""]
    assert shared["note"].isna().all()


def test_a_number_that_was_typed_is_kept_only_where_its_kind_can_have_it():
    entries = [("pain", 3.0), ("pain", 612345678.0), (None, 612345678.0), ("strength", 40.0), ("strength", 612345678.0)]
    entries += [("shoes", 640.0), ("circumstance", 4.0), ("pain", None)]
    diary = pd.DataFrame(entries, columns=["kind", "value"]).assign(date=pd.Timestamp("2024-03-02"))
    log = build_log(build_activities([("2024-03-01", 5000), ("2024-03-04", 7000)]), diary=diary)
    shared = deidentify(log, "anna", SECRET).diary["value"]
    assert shared.fillna(-1).tolist() == [3, -1, -1, 40, -1, 640, -1, -1]


def test_every_kind_and_every_tag_of_the_diary_comes_through():
    entries = [(kind, None) for kind in diary_kinds()] + [("signs", tag) for tag in sorted(diary_tags())]
    diary = pd.DataFrame(entries, columns=["kind", "tags"]).assign(date=pd.Timestamp("2024-03-02"))
    log = build_log(build_activities([("2024-03-01", 5000), ("2024-03-04", 7000)]), diary=diary)
    shared = deidentify(log, "anna", SECRET).diary
    assert shared["kind"].tolist() == [kind for kind, _ in entries]
    assert shared["tags"].dropna().tolist() == sorted(diary_tags())


def test_files_become_their_format_and_a_number_wherever_they_are_named(log):
    shared = deidentify(log, "anna", SECRET)
    assert shared.sources["path"].is_unique
    assert shared.sources["path"].tolist()[:4] == ["garmin_activities 1", "garmin_sleep 1", "fit 1", "fit 2"]
    assert set(shared.activities["source"]) <= set(shared.sources["path"])
    assert shared.wellness["source"].unique().tolist() == ["garmin_sleep 1"]
    assert shared.sources[["message", "message_nl", "sha256", "size", "language"]].isna().all(axis=None)


def test_a_day_from_two_files_names_both_and_a_file_that_is_not_of_the_log_is_dropped():
    sources = conform(
        "sources", pd.DataFrame({"path": ["a; b.csv", "c.csv", "d.csv"], "format": ["fit", "wellness", "anna"]})
    )[0]
    wellness = pd.DataFrame(
        {
            "date": pd.date_range("2024-03-01", periods=4),
            "rhr_day": 50.0,
            "source": ["c.csv; d.csv", "a; b.csv", "c.csv; anna.csv", "anna.csv"],
        }
    )
    log = replace(build_log(build_activities([("2024-03-01", 5000)]), wellness), sources=sources)
    shared = deidentify(log, "anna", SECRET)
    assert shared.sources["path"].tolist() == ["fit 1", "wellness 1", "file 1"]
    assert shared.sources["format"].fillna("").tolist() == ["fit", "wellness", ""]
    assert shared.wellness["source"].fillna("").tolist() == ["wellness 1; file 1", "fit 1", "wellness 1", ""]


def test_shoes_are_counted_and_stay_with_their_runs():
    activities = build_activities([("2024-03-01", 5000), ("2024-03-03", 6000), ("2024-03-05", 7000)])
    activities["gear"] = ["Anna's Pegasus", "second", "Anna's Pegasus"]
    shared = deidentify(build_log(activities), "anna", SECRET)
    assert shared.activities["gear"].tolist() == ["pair 1", "pair 2", "pair 1"]
    assert shared.gear[["gear", "distance_known"]].to_numpy().tolist() == [["pair 1", 12_000], ["pair 2", 6_000]]


# ---------------------------------------------------------------- dates
def test_all_dates_move_by_one_number_of_whole_weeks(log):
    shared = deidentify(log, "anna", SECRET)
    moved = shared.span[0] - log.span[0]
    assert moved.days % 7 == 0
    assert moved.days == 7 * count_weeks("anna", SECRET)
    for table in TABLES:
        for column in sharing_rules()[table].get("shift", ()):
            before, after = getattr(log, table)[column], getattr(shared, table)[column]
            pd.testing.assert_series_equal(after.dt.normalize(), before.dt.normalize() + moved)


def test_of_the_time_of_day_the_hour_is_left_and_of_the_time_zone_nothing(log):
    shared = deidentify(log, "anna", SECRET)
    before, after = log.activities["start_local"].dropna(), shared.activities["start_local"].dropna()
    assert (after.dt.hour == before.dt.hour).all()
    assert (after.dt.minute == 0).all()
    assert (after.dt.second == 0).all()
    assert shared.activities["start_utc"].isna().all()
    assert shared.laps["start_utc"].isna().all()


@given(st.text(min_size=1, max_size=30))
def test_weeks_lie_within_a_year_and_are_never_none(participant):
    assert 1 <= abs(count_weeks(participant, SECRET)) <= 52


def test_weeks_are_spread_over_the_whole_year_both_ways():
    weeks = pd.Series([count_weeks(str(n), SECRET) for n in range(10_400)]).value_counts()
    assert sorted(weeks.index) == [*range(-52, 0), *range(1, 53)]
    assert weeks.between(50, 150).all()  # a hundred each, give or take five standard deviations of ten


# ---------------------------------------------------------------- the secret
def test_the_same_secret_gives_the_same_log_and_another_secret_another_one(log):
    once, again, other = (deidentify(log, "anna", secret) for secret in (SECRET, SECRET, SECRET[::-1]))
    for table in TABLES:
        pd.testing.assert_frame_equal(getattr(once, table), getattr(again, table))
    assert once.activities["activity"].tolist() != other.activities["activity"].tolist()
    assert once.span != other.span


def test_pseudonyms_differ_by_participant_and_by_secret_and_tell_nothing():
    names = [pseudonym(name, SECRET) for name in ("anna", "ann", "a", "Anna")] + [pseudonym("anna", SECRET[::-1])]
    assert len(set(names)) == 5
    assert all(name[0] == "p" and len(name) == 17 and int(name[1:], 16) >= 0 for name in names)


def test_the_pseudonym_is_the_keyed_digest_of_rfc_2104():
    # hmac.new(b"\0"*16, 8 bytes length + "participant" + 8 bytes length + "anna"), computed with openssl dgst -sha256
    assert pseudonym("anna", bytes(16)) == "pc40a445c078b30bf"


@pytest.mark.parametrize(("participant", "secret", "said"), [("anna", b"short", "5 bytes"), ("", SECRET, "no name")])
def test_a_short_secret_and_a_nameless_participant_are_refused(log, participant, secret, said):
    for refuse in (lambda: pseudonym(participant, secret), lambda: deidentify(log, participant, secret)):
        with pytest.raises(LogError, match=said):
            refuse()


def test_a_secret_is_made_once_and_only_its_owner_may_read_it(tmp_path):
    path = tmp_path / "study.key"
    secret = find_secret(path)
    assert len(secret) == 32
    assert find_secret(path) == secret
    assert find_secret(tmp_path / "other.key") != secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "no secret", "abcd"])
def test_a_file_that_is_no_secret_is_refused(tmp_path, content):
    path = tmp_path / "study.key"
    path.write_text(content)
    with pytest.raises(LogError, match="would be right"):
        find_secret(path)
    assert path.read_text() == content


# ---------------------------------------------------------------- what is left is worth something
@pytest.mark.parametrize("name", ["overload", "diary"])
def test_findings_are_those_of_the_whole_log_on_moved_dates(name):
    log = ll.read(Path(__file__).parents[1] / "sample_data" / name)
    shared = deidentify(log, "anna", SECRET)
    moved = shared.span[0] - log.span[0]
    before, after = ll.assess(log), ll.assess(shared)
    for table, dates in (("days", ["date"]), ("episodes", ["start", "end"]), ("alarms", ["start", "end"])):
        expected = getattr(before, table).copy()
        expected[dates] = expected[dates] + moved
        pd.testing.assert_frame_equal(getattr(after, table), expected)


def test_numbers_stay_and_those_that_point_to_a_place_or_a_body_are_rounded(log):
    shared = deidentify(log, "anna", SECRET)
    for column in ("distance", "duration", "heart_rate", "cadence"):
        pd.testing.assert_series_equal(shared.activities[column], log.activities[column])
    ascent = shared.activities["ascent"].dropna()
    assert (ascent % 10 == 0).all()
    assert np.abs(ascent - log.activities["ascent"].dropna()).max() <= 5
    assert shared.activities["calories"].isna().all()
    wellness = pd.DataFrame({"date": [pd.Timestamp("2024-03-01")], "mass": [67.4]})
    heavy = build_log(build_activities([("2024-03-01", 5000)]), wellness)
    assert deidentify(heavy, "anna", SECRET).wellness["mass"].tolist() == [65]


def test_laps_and_minutes_stay_with_their_activity(log):
    shared = deidentify(log, "anna", SECRET)
    for table in ("laps", "minutes"):
        place = pd.Index(log.activities["activity"]).get_indexer(pd.Index(getattr(log, table)["activity"]))
        again = pd.Index(shared.activities["activity"]).get_indexer(pd.Index(getattr(shared, table)["activity"]))
        assert (place >= 0).all()
        assert place.tolist() == again.tolist()


def test_there_is_no_way_back_to_the_recordings(log):
    recorded = log.minutes["activity"].iloc[0]
    assert len(log.records(recorded))
    shared = deidentify(log, "anna", SECRET)
    assert shared.places == {}
    with pytest.raises(LogError, match="does not know where the file lies"):
        shared.records(shared.minutes["activity"].iloc[0])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_was_done_and_what_is_still_possible_is_said_in_every_language(lang):
    said = describe(lang)
    assert len(said) == 10
    assert all(text.endswith(".") for text in said)
    assert "52" in " ".join(said)
    assert {"en": "not anonymous", "nl": "niet anoniem"}[lang] in " ".join(said)
