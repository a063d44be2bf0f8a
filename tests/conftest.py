"""Shared by all tests: where real exports lie, when this machine has them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import pytest
from hypothesis import settings

mpl.use("agg")
os.environ["LOADLENS_CACHE"] = "off"  # tests of the cache name a folder of their own

# Workers, kernels, pools and servers are started by the dozen: each would compile pandas and itself anew where an
# environment forbids Python to keep what it compiled.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

settings.register_profile("untimed", deadline=None)  # how fast a machine is, is not what a test is about
settings.load_profile("untimed")

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Folder of real exports beside the checkout; the test is skipped where there is none."""
    for folder in (ROOT.parent / "shared" / "corpus", ROOT / "shared" / "corpus"):
        if folder.is_dir():
            return folder
    pytest.skip("no real exports beside this checkout")


@pytest.fixture(scope="session", autouse=True)
def no_map_of_zones() -> Iterator[None]:
    """Read as without the optional package of time zones, whether it is installed or not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("loadlens.formats.local_time._load_finder", lambda: None)
        yield
