"""One server, one browser and one signed-in session for the whole folder; every test has a tab of its own.

The fixtures last as long as the package, no longer: Playwright keeps an event loop running meanwhile.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.desk import Desk
from tests.browser.sandbox import ROOT, Sandbox, open_sandbox
from tests.browser.watch import Watch

WEB_DIST = ROOT / "web" / "dist"
CHROMIUM = os.environ.get("FEIQIAN_CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1",
]
DESKTOP = {"width": 1440, "height": 900}
FINANCE = "finance@feiqian.dev"
SESSION = "/console/api/session"
STEP_MS = 15_000
"""How long a click or a wait may take on a busy machine."""

OPTIONS: dict[str, Any] = {
    "viewport": DESKTOP,
    "locale": "zh-CN",
    "timezone_id": "Asia/Shanghai",
    "reduced_motion": "reduce",
}

Window = Callable[..., tuple[Page, Watch]]


@pytest.fixture(scope="package")
def sandbox() -> Iterator[Sandbox]:
    for face in ("console", "cashier"):
        assert (WEB_DIST / face / "index.html").is_file(), "The pages are not built: run `make test`."
    place = Path(tempfile.mkdtemp(prefix="feiqian-browser-"))
    place.chmod(0o755)
    with open_sandbox(place) as opened:
        yield opened
    shutil.rmtree(place)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    assert Path(CHROMIUM).exists(), f"There is no Chromium at {CHROMIUM}: set FEIQIAN_CHROMIUM."
    expect.set_options(timeout=STEP_MS)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, headless=True)
        yield opened
        opened.close()


@pytest.fixture(scope="package")
def office(browser: Browser, sandbox: Sandbox) -> Iterator[tuple[BrowserContext, Watch]]:
    """A browser in which finance has signed in; it keeps the pages' files, so that only the first load is slow."""
    context = browser.new_context(**OPTIONS)
    context.set_default_timeout(STEP_MS)
    answer = context.request.post(
        sandbox.url + SESSION,
        data={"email": FINANCE, "password": sandbox.password},
        headers={"X-Feiqian": "console"},
    )
    assert answer.ok, answer.text()
    yield context, Watch(context)
    context.close()


@pytest.fixture
def window(browser: Browser) -> Iterator[Window]:
    """Opens a browser window of its own; at the end nothing may have gone wrong in any."""
    with ExitStack() as opened:
        watches: list[Watch] = []

        def open_window(**options: Any) -> tuple[Page, Watch]:
            context = browser.new_context(**{**OPTIONS, **options})
            opened.callback(context.close)
            context.set_default_timeout(STEP_MS)
            watches.append(Watch(context))
            return context.new_page(), watches[-1]

        yield open_window
    assert [complaint for watch in watches for complaint in watch.complaints] == []


@pytest.fixture
def desk(office: tuple[BrowserContext, Watch], sandbox: Sandbox) -> Iterator[Desk]:
    """Finance at a desktop, with a fresh tab and no choices remembered; at the end nothing may have gone wrong."""
    context, watch = office
    watch.complaints.clear()
    page = context.new_page()
    yield Desk(page, url=sandbox.url)
    page.evaluate("localStorage.clear()")
    page.close()
    assert watch.complaints == []
