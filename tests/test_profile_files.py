"""A CSV export is added with one TOML file, and a wrong file is named with the place and the mend."""

from __future__ import annotations

import contextlib
import re
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import loadlens as ll
from csv_reading import noted, read
from loadlens.cli import main
from loadlens.formats import tabular
from loadlens.formats.profile_files import HOOKS, all_profiles, build_profile, read_profile, read_profiles
from loadlens.formats.source import UnreadableFile
from loadlens.log import describe_columns

PAGE = (Path(__file__).parents[1] / "docs" / "exports" / "adding_a_csv_export.md").read_text("utf-8")
TABLE = re.findall(r"```\n(Tag;.*?)```", PAGE, re.DOTALL)[0]
PROFILE, LONG = re.findall(r"```toml\n(id = .*?)```", PAGE, re.DOTALL)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    (tmp_path / "my_app.csv").write_text(TABLE)
    (tmp_path / "my_app.toml").write_text(PROFILE)
    return tmp_path


def test_the_export_of_the_documentation_is_read_with_its_one_file(written: Path):
    log = ll.read(written / "my_app.csv", profiles=written / "my_app.toml")
    run, ride = log.activities.to_dict("records")
    assert (run["sport"], run["distance"], run["duration"], run["cadence"]) == ("run", 10_200, 3120, 168)
    assert (ride["sport"], run["start_local"]) == ("ride", pd.Timestamp("2024-05-01 18:30"))
    # of ten steps to five: 2 is 1 + 4/9
    assert log.diary[["kind", "value"]].to_numpy().tolist() == [["soreness", pytest.approx(1 + 4 / 9)], ["soreness", 1]]
    assert log.sources["format"].tolist() == ["my_app"]
    assert log.sources["units"].tolist() == ["distance km"]


def test_without_the_profile_the_table_is_not_known(written: Path):
    with pytest.raises(UnreadableFile, match="no known export"):
        ll.read(written / "my_app.csv")


def test_the_command_line_takes_profiles_and_folders_of_them(written: Path, capsys):
    assert main(["check", str(written / "my_app.csv"), "--profile", str(written)]) == 0
    assert "my_app" in capsys.readouterr().out
    assert main(["check", str(written / "my_app.csv"), "--profile", str(written / "none.toml"), "--lang", "nl"]) == 1
    assert "none.toml" in capsys.readouterr().err


def test_a_long_table_gives_each_value_to_what_its_row_names(tmp_path: Path):
    (profile,) = [read_profile(LONG, "long.toml")]
    text = "Timestamp,Type,Value\n2024-05-01 07:00,Pulse,48\n2024-05-01 07:00,Sleep Hours,7.5\n"
    text += "2024-05-02 07:00,Mood,3\n2024-05-02 07:00,Pulse,--x\n2024-05-02 08:00,Pulse,50\n"
    text += "2024-05-02 09:00,Pulse,60\n"
    reading = read(text, "metrics.csv", profiles=(profile,))
    frame = reading.tables["wellness"].set_index("date")
    assert frame.loc["2024-05-01"].tolist() == [48, 27_000]
    assert frame.loc["2024-05-02", "rhr_day"] == 50
    assert (noted(reading, "quantity_not_used")[0]["value"], noted(reading, "date_repeated")[0]["count"]) == ("Mood", 1)
    assert (reading.facts["rows"], reading.facts["used"]) == (6, 4)


def test_a_profile_of_ones_own_comes_before_those_of_loadlens(tmp_path: Path):
    own = PROFILE.replace('"Tag"', '"Date"').replace('"Strecke"', '"Distance"').replace('id = "my_app"', 'id = "own"')
    text = "Activity Type,Date,Title,Distance,Time,Avg Pace\nRunning,2024-05-01 09:00:00,x,10,50:00,5:00\n"
    assert read(text).format == "garmin_activities"
    assert read(text, profiles=(read_profile(own, "own.toml"),)).format == "own"


@pytest.mark.parametrize(
    ("change", "by", "says"),
    [
        ('id = "my_app"', "id = my_app", r"wrong\.toml: not a profile that can be read"),
        ('id = "my_app"', "", r"wrong\.toml: 'id' is missing; would be right: id = "),
        ('table = "activities"', 'table = "activites"', r"wrong\.toml: table: 'activites' .* right: activities"),
        ('hook = "list"', 'hook = "liste"', r"wrong\.toml: hook: 'liste' .* right: list"),
        ('kind = "clock"', 'kind = "clok"', r"fields\.start_local: kind: 'clok' .* right: clock"),
        ('kind = "clock"', "", r"fields\.start_local: 'kind' is missing"),
        ("aliases = [\"Tag\"]", "alias = [\"Tag\"]", r"fields\.start_local: 'alias' is not known here; .* aliases"),
        ("aliases = [\"Tag\"]", "aliases = []", r"fields\.start_local: 'aliases' is missing"),
        ("aliases = [\"Tag\"]", "aliases = [1]", r"fields\.start_local: any: \[1\] cannot be used"),
        ("[fields.heart_rate]", "[fields.hart_rate]", r"fields: 'hart_rate' .* right: heart_rate"),
        ("factor = 60", 'factor = "60"', r"fields\.duration: factor: '60' cannot be used; would be right: 1"),
        ('diary = "soreness"', 'diary = "sorenes"', r"fields\.soreness: diary: 'sorenes' .* right: soreness"),
        ("worst = 10", "worst = 1", r"fields\.soreness: scale: 1, 1 .* best = 1, worst = 4"),
        ("worst = 10", "wurst = 10", r"fields\.soreness: scale: 'wurst' is not known here; .* worst"),
        ('needs = ["start_local", ', 'needs = ["start", ', r"detect\.needs: 'start' .* right: start_local"),
        ("{ factor = 1609.344, words", "{ faktor = 1609.344, words", r"fields\.distance: units: 'faktor' is not known"),
        ("zero_is_missing = true", "zero_is_missing = 1", r"fields\.heart_rate: zero_is_missing: 1 .* right: true"),
    ],
)  # fmt: skip
def test_a_wrong_profile_is_named_with_the_place_and_the_mend(change, by, says):
    assert change in PROFILE
    with pytest.raises(UnreadableFile, match=says) as error:
        read_profile(PROFILE.replace(change, by, 1), "wrong.toml")
    assert error.value.texts["nl"] != error.value.texts["en"]


def places(tree: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


@settings(deadline=None)
@given(st.data(), VALUES, st.sampled_from([PROFILE, LONG]))
def test_no_profile_fails_in_any_other_way_than_with_a_sentence(data, value, text):
    tree = tomllib.loads(text)
    *path, last = data.draw(st.sampled_from([place for place in places(tree) if place]))
    owner = tree
    for key in path:
        owner = owner[key]
    owner[last] = value
    with contextlib.suppress(UnreadableFile):
        profile = build_profile(tree, "x.toml")
        with contextlib.suppress(UnreadableFile):
            read(TABLE, profiles=(profile,))


def test_a_folder_without_profiles_is_said(tmp_path: Path):
    with pytest.raises(UnreadableFile, match="no profile in this folder"):
        read_profiles(tmp_path)


def test_the_page_names_every_key_and_every_hook_is_there():
    assert set(HOOKS) == set(tabular.HOOKS)
    for key in ("clock", "instant", "offset", "only_with", "hours_first", "never_words", "refuse", "covers"):
        assert f"`{key}`" in PAGE or f".{key}`" in PAGE, key


def test_every_profile_of_loadlens_has_a_line_in_the_list_of_exports():
    page = (Path(__file__).parents[1] / "docs" / "exports" / "README.md").read_text("utf-8")
    for profile in all_profiles():
        assert f"`{profile.id}`" in page, profile.id
        assert set(profile.names) == {"en", "nl"}


def test_fields_of_profiles_are_columns_of_their_table():
    for profile in all_profiles():
        columns = describe_columns()[profile.table]
        for one in profile.fields.values():
            if one.kind in ("number", "duration") and not one.diary and profile.hook in ("none", "list"):
                assert one.name in columns, (profile.id, one.name)


def test_toml_blocks_of_the_page_are_sound():
    for block in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL):
        assert tomllib.loads(block)
