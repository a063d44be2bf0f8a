"""The notebooks, put where somebody can open and change them."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from loadlens import words

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

CLONE = Path(__file__).parents[2] / "notebooks"
"""Where they lie in a clone of the repository; an installed package has them among its data."""


def list_notebooks() -> list[Traversable]:
    """Return the notebooks that come with loadlens, in order.

    Raises
    ------
    FileNotFoundError
        This installation has none.
    """
    inside = files("loadlens").joinpath("data", "notebooks")
    place: Traversable = inside if inside.is_dir() else CLONE
    found = [one for one in place.iterdir() if one.name.endswith(".ipynb")] if place.is_dir() else []
    if not found:
        raise FileNotFoundError(f"{place}: this installation has no notebooks; install loadlens again from its wheel")
    return sorted(found, key=lambda one: one.name)


def copy_notebooks(folder: str | Path, lang: str = "en") -> tuple[list[Path], list[Path]]:
    """Copy the notebooks into a folder, which is made when absent. What stands there already is never overwritten.

    Parameters
    ----------
    folder : path
        Where to.
    lang : {"en", "nl"}
        Language of the error.

    Returns
    -------
    written, there : list of Path
        New files, and those that were there already with the same content.

    Raises
    ------
    FileExistsError
        A file of the same name holds something else; the message names all of them, and nothing is written.
    NotADirectoryError
        `folder` is a file.
    """
    target = Path(folder).expanduser()
    if target.exists() and not target.is_dir():
        raise NotADirectoryError(words.say("cli.notebooks_file", lang, path=str(target)))
    content = {target / one.name: one.read_bytes() for one in list_notebooks()}
    there = [path for path in content if path.exists() or path.is_symlink()]
    changed = [path.name for path in there if not path.is_file() or path.read_bytes() != content[path]]
    if changed:
        listed = words.list_join(changed, lang)
        raise FileExistsError(words.say("cli.notebooks_changed", lang, path=str(target), files=listed))
    target.mkdir(parents=True, exist_ok=True)
    written = [path for path in content if path not in there]
    for path in written:
        with path.open("xb") as stream:  # not even what appeared a moment ago
            stream.write(content[path])
    return written, there
