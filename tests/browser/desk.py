"""A member of staff at the console: goes to pages, waits for what is shown, reads it as a person does."""

import os
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

PICTURES = os.environ.get("FEIQIAN_PICTURES")
PICTURE_BYTES_MAX = 300_000

ROWS = """table => [...table.tBodies[0].rows].map(row => Object.fromEntries(
    [...row.cells].map((cell, index) => [cell.dataset.label ?? String(index), cell.innerText.trim()])))
"""


class Desk:
    """A signed-in console on one page."""

    def __init__(self, page: Page, *, url: str) -> None:
        self.page = page
        self.url = url

    def open(self, path: str) -> None:
        """Load a page of the console and wait until it stands."""
        self.page.goto(f"{self.url}/console{path}", wait_until="domcontentloaded")
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is loading any more."""
        expect(self.page.locator("#content h1")).to_be_visible()
        expect(self.page.locator(".skeleton, [aria-busy=true], .chart:not(:has(canvas))")).to_have_count(0)

    def api(self, path: str) -> Any:
        """What the console's own JSON says."""
        answer = self.page.request.get(f"{self.url}/console/api{path}")
        assert answer.ok, f"{path}: {answer.status}"
        return answer.json()

    def go(self, path: re.Pattern[str]) -> None:
        """Wait until a click has led somewhere."""
        expect(self.page).to_have_url(path)
        self.settle()

    def figure(self, label: str) -> str:
        """A figure by its name, as it is written."""
        card = self.page.locator(".figure").filter(has=self.page.get_by_text(label, exact=True))
        return card.locator(".figure-value").inner_text()

    def fact(self, name: str) -> str:
        """A fact or a total by its name."""
        pair = self.page.locator("dl > div").filter(has=self.page.locator("dt").get_by_text(name, exact=True))
        return pair.locator("dd").inner_text()

    def rows(self, table: str) -> list[dict[str, str]]:
        """A table by its name for screen readers: the text of every row, by the heads of its columns."""
        return self.table(table).evaluate(ROWS)

    def flow(self) -> list[int]:
        """What the first drawn transaction moves, arrow by arrow."""
        drawn = self.page.locator("article.transaction").first.locator(".flow-edge text")
        return [fen(text) for text in drawn.all_text_contents()]

    def table(self, name: str) -> Locator:
        return self.page.get_by_role("region", name=name, exact=True).locator("table")


def fen(text: str) -> int:
    """The minor units of an amount as it is written: ``¥25,526.21``, ``−9.59``; – and nothing are zero."""
    digits = re.sub(r"[¥,\s+]", "", text).replace("−", "-")
    if digits in ("", "–"):
        return 0
    assert re.fullmatch(r"-?\d+\.\d\d", digits), f"not an amount: {text!r}"
    return int(digits.replace(".", ""))


def written(minor: int) -> str:
    """Minor units as the pages write them."""
    return f"{minor / 100:,.2f}" if minor else "–"


def keep_picture(page: Page, name: str) -> None:
    """A picture for the documentation; written where FEIQIAN_PICTURES says, measured in any case."""
    png = page.screenshot(animations="disabled")
    assert len(png) <= PICTURE_BYTES_MAX, f"{name}: {len(png)} bytes"
    if PICTURES:
        folder = Path(PICTURES)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.png").write_bytes(png)
