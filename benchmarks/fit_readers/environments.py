"""Environments of the readers: made once in the cache folder, versions as pinned in `peers.toml`."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
PINS = HERE / "peers.toml"


@dataclass(frozen=True)
class Reader:
    """One reader to measure.

    Attributes
    ----------
    name, version : str
        As the table shows them.
    python : pathlib.Path
        Interpreter of its environment.
    function : str
        Its name in `readers.py`.
    imports : str
        Module that a program using it imports.
    slow : bool
        Whether it reads a subset of the files.
    missing : str
        Why it could not be installed; empty when it was.
    """

    name: str
    version: str
    python: Path
    function: str
    imports: str
    slow: bool
    missing: str = ""


def read_pins() -> dict[str, Any]:
    """Read `peers.toml`."""
    return tomllib.loads(PINS.read_text("utf-8"))


def prepare_readers(say: Callable[[str], None]) -> list[Reader]:
    """Make the environments, or find those of an earlier run.

    Parameters
    ----------
    say : callable
        Called with what is being done.

    Returns
    -------
    list of Reader
        All of `peers.toml`; those not installed say why.
    """
    pins = read_pins()
    made = {name: _environment(name, entry["packages"], say) for name, entry in pins["environments"].items()}
    readers = []
    for name, entry in pins["readers"].items():
        python, failures = made[entry["environment"]]
        pinned = [
            pin for pin in pins["environments"][entry["environment"]]["packages"] if _package(pin) == entry["package"]
        ]
        version = "this checkout" if name == "loadlens" else pinned[0].partition("==")[2]
        missing = failures.get(entry["package"], "")
        slow = entry.get("slow", False)
        readers.append(Reader(name, version, python, entry["reader"], entry["imports"], slow, missing))
    return readers


def _package(pin: str) -> str:
    return pin.partition("==")[0]


def _environment(name: str, packages: list[str], say: Callable[[str], None]) -> tuple[Path, dict[str, str]]:
    """Make one environment; interpreter, and by package why it is not in it."""
    digest = hashlib.sha256("\n".join([sys.version, sys.prefix, *packages]).encode()).hexdigest()[:12]
    home = Path(tempfile.gettempdir()) / f"fit-readers-{name}-{digest}"
    python = home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    note = home / "failures.json"
    if note.exists():
        return python, json.loads(note.read_text("utf-8"))
    say(f"making the environment {name!r} in {home}")
    uv = shutil.which("uv")
    shutil.rmtree(home, ignore_errors=True)
    made = [uv, "venv", "-q", "-p", sys.executable, str(home)] if uv else [sys.executable, "-m", "venv", str(home)]
    subprocess.run(made, check=True)
    pip = [uv, "pip", "install", "-q", "-p", str(python)] if uv else [str(python), "-m", "pip", "install", "-q"]
    failures: dict[str, str] = {}
    if _install(pip, packages):  # one of them fails: find out which
        for package in packages:
            say(f"installing {package}")
            reason = _install(pip, [package])
            if reason:
                failures[_package(package)] = reason
    note.write_text(json.dumps(failures), "utf-8")
    return python, failures


def _install(pip: list[str], packages: list[str]) -> str:
    """Install; the last line of the complaint, empty when there is none."""
    done = subprocess.run([*pip, *packages], capture_output=True, text=True, check=False)
    complaint = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return (complaint or ["no reason given"])[-1][:200] if done.returncode else ""
