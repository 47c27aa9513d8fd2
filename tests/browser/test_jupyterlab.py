"""The learner's way: JupyterLab in a real browser, Run All, and the verdicts on the page."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, TimeoutError, sync_playwright

from kitlib.environments.embedded import EmbeddedProvider
from kitlib.lab import Course

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
COURSE = Path(__file__).resolve().parents[2]
LAB = "05-volume-claim-templates"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
# JupyterLab takes cells that are out of sight out of the page, unless it is told not to.
TRACKER = ".jupyter/lab/user-settings/@jupyterlab/notebook-extension/tracker.jupyterlab-settings"

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium: apt-get install chromium")


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """`kit jupyter` on a course whose learner's notebook is the solved one; yields the address it prints."""
    course = tmp_path / "course"
    for folder in ("labs", "solutions"):
        shutil.copytree(COURSE / folder, course / folder)
    notebook = json.loads((course / "solutions" / LAB / "lab.ipynb").read_text())
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}  # what is seen later was made by this run
    (course / "labs" / LAB / "lab.ipynb").write_text(json.dumps(notebook))
    settings = tmp_path / TRACKER
    settings.parent.mkdir(parents=True)
    settings.write_text('{"windowingMode": "none"}')
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "KIT_STATE_DIR": str(tmp_path / "state"),
        "KIT_COURSE_DIR": str(course),
    }
    kit = Path(sys.executable).parent / "kit"
    program = subprocess.Popen([kit, "jupyter"], cwd=course, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert program.stdout is not None
        lines = (line.split() for line in program.stdout)
        yield next(words[1] for words in lines if words[:1] == ["Open"])
    finally:
        program.send_signal(signal.SIGINT)
        program.wait(20)
        EmbeddedProvider(tmp_path / "state").delete()


def run_all(page: Page) -> None:
    """Click Run All until it takes: JupyterLab drops the click while the kernel's session is not quite there."""
    page.wait_for_selector('.jp-KernelName:has-text("Python 3")', timeout=30_000)
    for _ in range(6):
        asked = page.locator(".jp-Dialog button.jp-mod-accept")
        if asked.count():
            asked.first.click()  # a click that came too early is answered by the question which kernel to use
        page.click('li.lm-MenuBar-item:has-text("Run")')
        page.click('.lm-Menu li:has-text("Run All Cells")')
        with contextlib.suppress(TimeoutError):
            page.wait_for_selector('.jp-InputPrompt:has-text("[1]:")', timeout=10_000)
            return


def test_run_all_shows_every_verdict(address: str) -> None:
    checkpoints = Course.here().lab(LAB).spec().checkpoints
    points = sum(checkpoint.points for checkpoint in checkpoints)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page(viewport={"width": 1200, "height": 1000})
        page.goto(address.replace("/lab?", f"/lab/tree/{LAB}/lab.ipynb?") + "&reset")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
        page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="idle"]', timeout=60_000)
        run_all(page)
        try:
            full = f'.jp-OutputArea:has-text("{points:g} of {points:g} points")'
            score = page.wait_for_selector(full, timeout=60_000)
        except TimeoutError:
            pytest.fail(f"no full score on the page:\n{page.inner_text('.jp-Notebook')}")
        assert score is not None
        assert score.inner_text().count("✓ passed") == len(checkpoints)
        picture = page.wait_for_selector(".jp-OutputArea svg:has-text('claim www-web-0')", state="attached")
        assert picture is not None
        browser.close()
