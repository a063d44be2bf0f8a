"""A page on paper: PDF through a browser without a window or, where there is none, through WeasyPrint.

Nothing is fetched: the browser is told that no host exists, and its profile is a folder that is thrown away.
"""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

from loadlens import words

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
"""Browsers that print without a window: names on the search path, and places where they lie without being on it."""

FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-extensions",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pdf-header-footer",
    "--generate-pdf-document-outline",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)

SECONDS = 120.0
"""After so long a browser is taken to hang; ten years of running are printed in a few."""


def print_page(page: str, target: Path, lang: str = "en") -> bytes:
    """Return a page as PDF.

    Parameters
    ----------
    page : str
        HTML that stands on its own.
    target : Path
        Where the PDF is to go, for messages only; nothing is written there.
    lang : {"en", "nl"}
        Language of messages.

    Raises
    ------
    FileNotFoundError
        Neither Chromium or Chrome nor WeasyPrint is installed; the message says what to do.
    TimeoutError
        The browser did not end in time.
    OSError
        The browser ended without a PDF.
    """
    browser = find_browser()
    if browser is not None:
        return _print_by_browser(browser, page, target, lang)
    if find_spec("weasyprint") is not None:
        return _print_by_weasyprint(page)
    raise FileNotFoundError(words.say("paper.no_printer", lang, path=target))


def find_browser() -> str | None:
    """Return the program of a browser that prints without a window, or None."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def _print_by_browser(browser: str, page: str, target: Path, lang: str) -> bytes:
    program = Path(browser).name
    with tempfile.TemporaryDirectory(prefix="loadlens-", ignore_cleanup_errors=True) as folder:
        source, printed = Path(folder) / "page.html", Path(folder) / "page.pdf"
        source.write_text(page, encoding="utf-8")
        command = [browser, *FLAGS, f"--user-data-dir={Path(folder) / 'profile'}", f"--print-to-pdf={printed}"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--no-sandbox")  # Chromium refuses to start for root with it, as in most containers
        try:
            ended = subprocess.run([*command, source.as_uri()], capture_output=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            seconds = words.quantity(SECONDS, "s", lang)
            raise TimeoutError(
                words.say("paper.too_slow", lang, path=target, program=program, seconds=seconds)
            ) from error
        if ended.returncode or not printed.is_file():
            said = ended.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
            found = "".join(said)[:200] or str(ended.returncode)
            raise OSError(words.say("paper.failed", lang, path=target, program=program, found=found))
        return printed.read_bytes()


def _print_by_weasyprint(page: str) -> bytes:
    weasyprint = importlib.import_module("weasyprint")
    printed: bytes = weasyprint.HTML(string=settle_colours(page), url_fetcher=_refuse).write_pdf()
    return printed


def settle_colours(page: str) -> str:
    """Return a page whose variables stand for what they are by day: WeasyPrint knows none within figures.

    Parameters
    ----------
    page : str
        HTML whose style sheet begins with the variables by day.
    """
    day = page[page.index(":root {") : page.index("@media")]
    known = dict(re.findall(r"--([\w-]+):\s*([^;]+);", day))
    return re.sub(r"var\(--([\w-]+)\)", lambda name: known[name[1]].replace('"', "'"), page)


def _refuse(url: str, *_: object, **__: object) -> dict[str, object]:
    raise ValueError(f"{url}: a report fetches nothing")
