"""What only a browser can tell: the page holds its shape, reads for everyone, prints as it should; notebooks run."""

from __future__ import annotations

import io
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import unicodedata
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from loadlens import words
from loadlens.findings import Assessment, assess
from loadlens.paper import find_browser, print_page
from loadlens.reports import report
from report_logs import SHOWN, made_log

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "3_your_own_rule.ipynb"
WIDTHS = (375, 1280)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium or Chrome on this machine")
    driver = pytest.importorskip("playwright.sync_api", reason="no Playwright on this machine")
    quiet = ["--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update"]
    with driver.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=program, args=quiet)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def found() -> Assessment:
    """Half a year with every red flag, rules outside the guidance, and hostile texts wherever a file can put one."""
    return assess(made_log(180, tags="swelling giving_way fever locking sudden_severe_pain audible_pop"))


@pytest.fixture(scope="module")
def written(found: Assessment, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    return {lang: Path(report(found, folder / f"{lang}.html", lang, name="n" * 500)) for lang in words.LANGUAGES}


def open_page(browser: Any, path: Path, **context: Any) -> tuple[Any, list[str]]:
    """Open a page; what it says on the console and whom it asks for anything is noted."""
    page = browser.new_context(**context).new_page()
    noted: list[str] = []
    page.on("console", lambda message: noted.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: noted.append(f"error: {error}"))
    page.on("dialog", lambda dialog: (noted.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda request: noted.append(f"request: {request.url}"))
    page.goto(path.as_uri())
    noted.remove(f"request: {path.as_uri()}")
    return page, noted


UNFOLD = "for (const fold of document.querySelectorAll('details')) fold.open = true"
EMPTY = "for (const drawn of document.querySelectorAll('svg')) drawn.replaceChildren()"
"""axe-core weighs the colours of HTML, not of SVG: what is drawn would only cost it time. Names of figures stay."""


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_the_page_reads_for_everyone_by_day_and_by_night(browser: Any, written: dict[str, Path], lang: str):
    """No violation of WCAG that axe-core knows, contrast of 4.5 to 1 included, with every fold open.

    The two languages share the four looks of the page: what one of them shows narrow, the other shows wide.
    """
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe-core on this machine").Axe()
    told = []
    for scheme, width in zip(("light", "dark"), WIDTHS if lang == "en" else WIDTHS[::-1], strict=True):
        size = {"width": width, "height": 900}
        page, _ = open_page(browser, written[lang], color_scheme=scheme, viewport=size, bypass_csp=True)
        page.evaluate(UNFOLD)
        page.evaluate(EMPTY)
        answer = axe.run(page)
        assert len(answer.response["passes"]) > 20, "axe-core looked at the page"
        assert "color-contrast" in {check["id"] for check in answer.response["passes"]}
        told += [
            (scheme, width, rule["id"], node["html"][:120], node["failureSummary"][:200])
            for rule in answer.response["violations"]
            for node in rule["nodes"][:4]
        ]
        page.context.close()
    assert told == []


@pytest.mark.parametrize("lang", words.LANGUAGES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_is_no_wider_than_its_window_and_asks_for_nothing(
    browser: Any, written: dict[str, Path], lang: str, width: int
):
    page, noted = open_page(browser, written[lang], viewport={"width": width, "height": 900})
    page.evaluate(UNFOLD)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    wide, narrow = (page.locator(f"svg.{name}").first.is_visible() for name in ("wide", "narrow"))
    assert (wide, narrow) == (width > 704, width <= 704)
    assert noted == []
    page.context.close()


def test_what_a_file_says_is_shown_as_text_and_runs_nowhere(browser: Any, written: dict[str, Path]):
    page, noted = open_page(browser, written["en"], bypass_csp=True)
    page.evaluate(UNFOLD)
    page.wait_for_timeout(200)
    assert noted == []
    assert page.locator("script, img, iframe").count() == 0
    assert SHOWN in page.locator("main").inner_text()
    page.context.close()


def test_folds_open_by_key_and_by_link_without_a_script(browser: Any, written: dict[str, Path]):
    page, _ = open_page(browser, written["nl"], viewport={"width": 1280, "height": 900})
    page.keyboard.press("Tab")
    assert page.locator(":focus").get_attribute("href") == "#content"
    assert page.locator(":focus").is_visible()
    sheet = page.locator("details:has(> summary #h-sheet)")
    assert sheet.get_attribute("open") is None
    page.locator("nav a[href='#sheet']").click()
    page.wait_for_function("document.querySelector('#sheet').closest('details').open")
    heading = page.locator("#h-sheet").bounding_box()
    assert heading is not None
    assert 0 <= heading["y"] < 200, "the heading stands in view, above what the link leads to"
    flags = page.locator("details:has(> summary #h-red-flags)")
    flags.locator("> summary").focus()
    page.keyboard.press("Enter")
    assert flags.get_attribute("open") is None
    page.context.close()


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_on_paper_a_letter_of_one_page_comes_first_and_all_the_rest_follows(
    browser: Any, found: Assessment, written: dict[str, Path], lang: str
):
    reader = pytest.importorskip("pypdf", reason="no PDF reader on this machine")
    pages = [page.extract_text() for page in reader.PdfReader(io.BytesIO(print_of(written[lang]))).pages]
    title, appendix = words.say("letter.title", lang), words.say("page.appendix", lang)
    assert title in pages[0]
    assert [number for number, text in enumerate(pages) if title in text] == [0]
    assert [number for number, text in enumerate(pages) if appendix in text.splitlines()[:3]] == [1]
    assert squeeze(words.say("letter.footer", lang)) in squeeze(pages[0]), "the letter is whole: its last line is there"
    rest = squeeze(" ".join(pages[1:]))
    assert all(squeeze(one.words[lang]["says"]) in rest for one in found.guidance.statements.values())
    assert squeeze(words.say("report.no_claim_silence", lang)) in rest


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_the_letter_keeps_to_its_page_whatever_stands_in_it(browser: Any, written: dict[str, Path], lang: str):
    """Red flags, pain with long notes, a name without an end: the lists give way, the page does not overflow."""
    page, _ = open_page(browser, written[lang], viewport={"width": 680, "height": 900})  # as wide as A4 between margins
    page.emulate_media(media="print")
    height, content = page.evaluate("(e => [e.clientHeight, e.scrollHeight])(document.querySelector('.letter'))")
    assert content <= height
    assert page.locator(".letter .grave").count() >= 2
    assert page.locator(".letter .more").count() >= 1
    page.context.close()


def print_of(path: Path) -> bytes:
    return print_page(path.read_text("utf-8"), path.with_suffix(".pdf"))


def squeeze(text: str) -> str:
    """Take white space and joined letters out: where lines break, and what is one sign, is the printer's."""
    return re.sub(r"[\s\xad-]+", "", unicodedata.normalize("NFKC", text))


# ---------------------------------------------------------------- a notebook as its reader meets it
@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start JupyterLab over a folder with the first notebook, with settings and kernels of its own; its address."""
    pytest.importorskip("jupyterlab", reason="no JupyterLab on this machine")
    if find_browser() is None:
        pytest.skip("no Chromium or Chrome on this machine")
    folder = tmp_path_factory.mktemp("lab")
    (folder / "work" / "notebooks").mkdir(parents=True)
    shutil.copy(NOTEBOOK, folder / "work" / "notebooks")
    shutil.copytree(NOTEBOOK.parents[1] / "sample_data", folder / "work" / "sample_data")
    settings = folder / "settings" / "@jupyterlab"
    (settings / "notebook-extension").mkdir(parents=True)
    (settings / "apputils-extension").mkdir()
    write = {"notebook-extension/tracker": {"windowingMode": "none"},
             "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False}}  # fmt: skip
    for name, values in write.items():
        (settings / f"{name}.jupyterlab-settings").write_text(json.dumps(values))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    places = {f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    quiet = {"TQDM_DISABLE": "1", "LOADLENS_CACHE": "off", "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings")}
    given = {"ip": "127.0.0.1", "port": port, "port_retries": 0, "root_dir": folder / "work", "open_browser": False,
             "allow_root": True}  # fmt: skip
    options = [f"--ServerApp.{name}={value}" for name, value in given.items()]
    command = [sys.executable, "-m", "jupyterlab", *options, f"--IdentityProvider.token={token}"]
    with (folder / "log").open("w") as told:
        server = subprocess.Popen(command, env=os.environ | places | quiet, stdout=told, stderr=told)
    try:
        await_server(f"http://127.0.0.1:{port}/api/status?token={token}", server, folder / "log")
        yield f"http://127.0.0.1:{port}/lab/tree/notebooks/{NOTEBOOK.name}?token={token}"
    finally:
        server.terminate()
        server.wait(30)


def await_server(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(720):
        assert server.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.25)
    raise TimeoutError(log.read_text())


WRONG = "[data-mime-type='application/vnd.jupyter.error'], [data-mime-type='application/vnd.jupyter.stderr']"
"""Outputs of a cell that say that something went wrong."""


def test_a_notebook_runs_from_top_to_bottom_in_jupyterlab(browser: Any, lab: str, tmp_path: Path):
    code = [cell for cell in json.loads(NOTEBOOK.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]
    drawing = sum("plot" in "".join(cell["source"]) for cell in code)
    page = browser.new_context(viewport={"width": 1280, "height": 1000}).new_page()
    page.goto(lab)
    page.locator(".jp-Notebook .jp-CodeCell").nth(len(code) - 1).wait_for(state="attached", timeout=120_000)
    page.get_by_text("| Idle").wait_for(timeout=120_000)  # cells that are run before the kernel is there stay unrun
    page.locator("#jp-MainMenu >> text='Run'").click()
    page.locator("[data-command='runmenu:run-all']").click()
    prompts = "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(prompt => prompt.textContent)"
    done = f"{prompts}.filter(text => /\\[\\d+\\]/.test(text)).length == {len(code)}"
    page.wait_for_function(f"{done} || document.querySelector({json.dumps(WRONG)})", timeout=180_000)
    assert [one.inner_text() for one in page.locator(WRONG).all()] == []
    pictures = page.locator(".jp-CodeCell .jp-RenderedImage img")
    assert pictures.count() >= drawing > 0
    assert all(picture.evaluate("it => it.naturalWidth") > 300 for picture in pictures.all())
    page.context.close()
