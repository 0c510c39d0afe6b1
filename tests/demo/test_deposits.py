"""The platform's own book in the story: what is asked of the ledger on each date, and that asking again asks the same."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from feiqian.demo import deposits
from feiqian.demo.api import PartnerApi
from feiqian.demo.errors import StoryError
from feiqian.infra.http import HttpClient

FIRST, SECOND = date(2026, 3, 2), date(2026, 3, 3)


class Ledger:
    """Answers as the ledger's API does, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.refuse = ""

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.json()
        if request.path.endswith("/batch"):
            self.asked += body["transactions"]
            return web.json_response(
                {
                    "items": [
                        {"id": each["id"], "outcome": "refused", "code": "insufficient_funds"}
                        if each["kind"] == self.refuse
                        else {"id": each["id"], "outcome": "posted"}
                        for each in body["transactions"]
                    ]
                }
            )
        return web.json_response({"id": f"account_{body.get('owner', '')}"})

    def kinds(self) -> list[tuple[str, str, str, int | None]]:
        """(shop, kind, action, amount), in the order asked."""
        return [
            (
                each["metadata"]["shop"],
                each["kind"],
                each.get("action", "post"),
                each["legs"][0]["amount"] if "legs" in each else each.get("amount"),
            )
            for each in self.asked
        ]


@pytest.fixture
async def ledger() -> AsyncIterator[tuple[Ledger, PartnerApi]]:
    told = Ledger()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", told.answer)
    async with TestServer(application) as server, HttpClient() as http:
        yield told, PartnerApi(http=http, base_url=str(server.make_url("")), api_key="key")


@pytest.mark.anyio
class TestTheDeposits:
    async def test_are_paid_in_and_held_on_the_first_date(self, ledger: tuple[Ledger, PartnerApi]) -> None:
        told, partner = ledger
        await deposits.keep(partner, today=FIRST, first=FIRST)
        assert told.kinds() == [
            ("shop-east", "paid_in", "post", 20_000),
            ("shop-east", "terminal_lent", "hold", 15_000),
            ("shop-south", "paid_in", "post", 20_000),
            ("shop-south", "terminal_lent", "hold", 15_000),
            ("shop-west", "paid_in", "post", 20_000),
            ("shop-west", "terminal_lent", "hold", 15_000),
        ]
        assert [each.get("linked", False) for each in told.asked] == [True, False] * 3

    async def test_are_captured_released_or_left_to_run_out_on_the_next(
        self, ledger: tuple[Ledger, PartnerApi]
    ) -> None:
        told, partner = ledger
        await deposits.keep(partner, today=FIRST, first=FIRST)
        lent = {
            each["metadata"]["shop"]: each["id"] for each in told.asked if each["kind"] == "terminal_lent"
        }
        told.asked.clear()
        await deposits.keep(partner, today=SECOND, first=FIRST)
        back = [each for each in told.asked if "hold" in each]
        assert [
            (each["metadata"]["shop"], each["action"], each["hold"], each.get("amount")) for each in back
        ] == [
            ("shop-east", "capture", lent["shop-east"], 3_250),
            ("shop-east", "release", lent["shop-east"], None),
            ("shop-south", "release", lent["shop-south"], None),
        ]

    async def test_told_again_are_the_same_requests(self, ledger: tuple[Ledger, PartnerApi]) -> None:
        told, partner = ledger
        await deposits.keep(partner, today=SECOND, first=FIRST)
        once = list(told.asked)
        told.asked.clear()
        await deposits.keep(partner, today=SECOND, first=FIRST)
        assert told.asked == once

    async def test_that_are_refused_end_the_story(self, ledger: tuple[Ledger, PartnerApi]) -> None:
        told, partner = ledger
        told.refuse = "terminal_lent"
        with pytest.raises(StoryError, match="insufficient_funds"):
            await deposits.keep(partner, today=FIRST, first=FIRST)
