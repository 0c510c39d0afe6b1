"""The console over a real database, in a small application that provides what the console asks for."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.testing import AsyncTestClient

from feiqian.app.invariants import check_all
from feiqian.app.services import gateway_terms
from feiqian.console import routes
from feiqian.infra.database import Database
from feiqian.infra.invariants import StandingInvariants
from feiqian.infra.settings import Settings
from feiqian.infra.web import HANDLERS
from feiqian.kernel.clock import ManualClock
from feiqian.payments import Gateway, StaticChannels
from tests.conftest import NOW
from tests.console.shop import EMAIL, PASSWORD, Shop

PAGES = {
    "console/index.html": "<!doctype html><title>console</title>",
    "console/assets/main-Ab3_x-9Z.js": "console.log(1)",
    "cashier/index.html": "<!doctype html><title>cashier</title>",
    "cashier/assets/main-00000000.css": "body{}",
}
OWN_PAGE = {"X-Feiqian": "console"}

Client = AsyncTestClient[Litestar]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def shop(database: Database, clock: ManualClock) -> Shop:
    return await Shop(database, clock).open({"S10": "春来茶行", "S20": "北方瓷业", "S30": "蜡烛铺"})


@pytest.fixture
def web_dist(tmp_path: Path) -> Path:
    for name, text in PAGES.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return tmp_path


def application(
    database: Database, clock: ManualClock, web_dist: Path, *, settings: Settings, sandbox_url: str | None
) -> Litestar:
    given: dict[str, Any] = {
        "database": database,
        "clock": clock,
        "settings": settings,
        "gateway": Gateway(
            database=database, channels=StaticChannels({}), clock=clock, terms=gateway_terms(settings)
        ),
        "standing": StandingInvariants(database, check_all),
        "sandbox_url": sandbox_url,
    }
    return Litestar(
        route_handlers=routes(web_dist=web_dist),
        dependencies={name: _giver(value) for name, value in given.items()},
        exception_handlers=HANDLERS,
        openapi_config=None,
    )


def _giver(value: object) -> Provide:
    return Provide(lambda: value, sync_to_thread=False)


@pytest.fixture
async def visitor(database: Database, clock: ManualClock, web_dist: Path) -> AsyncGenerator[Client]:
    """Nobody is signed in."""
    app = application(database, clock, web_dist, settings=Settings(), sandbox_url="http://127.0.0.1:9")
    async with AsyncTestClient(app) as client:
        yield client


@pytest.fixture
async def console(visitor: Client, shop: Shop) -> Client:
    """A member of staff is signed in."""
    await sign_in(visitor)
    return visitor


async def sign_in(client: Client) -> None:
    answer = await client.post(
        "/console/api/session", json={"email": EMAIL, "password": PASSWORD}, headers=OWN_PAGE
    )
    assert answer.status_code == 200, answer.text


async def every_row(console: Client, path: str, **query: str | int) -> list[dict[str, Any]]:
    """Walk a list by its cursor, two rows a page."""
    rows: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        more = {"cursor": cursor} if cursor else {}
        answer = await console.get(path, params={"limit": 2, **query, **more})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["items"]) <= 2
        rows += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return rows
