"""Every notebook runs from top to bottom in a fresh kernel, without a warning, and is committed without output."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


def test_there_are_notebooks():
    assert NOTEBOOKS


def mark(path: Path) -> object:
    """A cohort of 40 runners is read in its notebook."""
    return pytest.param(path, marks=[pytest.mark.slow] if path.stem == "4_a_cohort" else [], id=path.stem)


@pytest.mark.parametrize("path", [mark(path) for path in NOTEBOOKS])
def test_it_runs_without_a_warning(path: Path, monkeypatch: pytest.MonkeyPatch):
    import nbformat  # with what it needs it takes as long to import as pandas: not where only names are asked for
    from nbclient import NotebookClient
    from traitlets.config import Config

    monkeypatch.setenv("TQDM_DISABLE", "1")  # on a busy machine reading shows its progress, on stderr as it should
    notebook = nbformat.read(path, as_version=4)
    with TemporaryDirectory() as folder:  # over TCP ipykernel 7 warns about itself; a path of a socket must be short
        config = Config(KernelManager={"transport": "ipc", "ip": f"{folder}/kernel"})
        place = {"metadata": {"path": str(path.parent)}}
        NotebookClient(notebook, config=config, kernel_name="python3", timeout=300, resources=place).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []
    drawing = [cell for cell in notebook.cells if cell.cell_type == "code" and "plot" in cell.source]
    shown = [any("image/png" in output.get("data", {}) for output in cell.outputs) for cell in drawing]
    assert shown == [True] * len(drawing) != [], "every cell that draws shows its picture, not only the first"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_committed_without_output(path: Path):
    code = [cell for cell in json.loads(path.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]
    assert code
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert "/home/" not in path.read_text("utf-8")
