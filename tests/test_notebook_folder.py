"""The notebooks go where one asks, and never over what stands there."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadlens import notebook_folder, words
from loadlens.cli import main
from loadlens.notebook_folder import copy_notebooks, list_notebooks

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


def test_all_notebooks_are_copied_as_they_are(tmp_path: Path):
    written, there = copy_notebooks(tmp_path / "new" / "folder")
    assert [path.name for path in written] == [path.name for path in NOTEBOOKS]
    assert [path.read_bytes() for path in written] == [path.read_bytes() for path in NOTEBOOKS]
    assert there == []


def test_a_second_time_nothing_is_written(tmp_path: Path):
    written, _ = copy_notebooks(tmp_path)
    stamps = [path.stat().st_mtime_ns for path in written]
    assert copy_notebooks(tmp_path) == ([], written)
    assert [path.stat().st_mtime_ns for path in written] == stamps


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_what_was_changed_is_named_and_kept_and_nothing_else_is_written(tmp_path: Path, lang: str):
    mine = tmp_path / NOTEBOOKS[0].name
    mine.write_text("my own work", encoding="utf-8")
    with pytest.raises(FileExistsError, match=NOTEBOOKS[0].name):
        copy_notebooks(tmp_path, lang)
    assert mine.read_text("utf-8") == "my own work"
    assert list(tmp_path.iterdir()) == [mine]


def test_a_file_is_no_folder(tmp_path: Path):
    file = tmp_path / "file"
    file.write_text("", encoding="utf-8")
    with pytest.raises(NotADirectoryError, match="is a file; name a folder"):
        copy_notebooks(file)


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_the_command_says_how_many_and_how_to_open_them(tmp_path: Path, capsys: pytest.CaptureFixture[str], lang: str):
    folder = tmp_path / "my notebooks"
    assert main(["notebooks", str(folder), "--lang", lang]) == 0
    said = capsys.readouterr().out
    assert f"jupyter lab '{folder}'" in said
    assert str(len(NOTEBOOKS)) in said
    (folder / NOTEBOOKS[-1].name).write_text("", encoding="utf-8")
    assert main(["notebooks", str(folder), "--lang", lang]) == 1
    assert words.say("cli.notebooks_changed", lang, path=folder, files=NOTEBOOKS[-1].name) in capsys.readouterr().err


def test_an_installation_without_notebooks_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(notebook_folder, "CLONE", tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="this installation has no notebooks"):
        list_notebooks()
