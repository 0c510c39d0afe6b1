"""The cashier: what a buyer's browser is told, and the code to scan."""

import re
from pathlib import Path

import pytest
from litestar.testing import AsyncTestClient

from feiqian.infra.database import Database
from feiqian.infra.settings import Settings
from feiqian.kernel.clock import ManualClock
from feiqian.kernel.ids import derived_id, show_id
from feiqian.payments import Payment
from tests.console.conftest import Client, application
from tests.console.shop import PLATFORM, Shop


def address(payment: Payment) -> str:
    return f"/cashier/api/{payment.shown_id.removeprefix('payment_')}"


@pytest.mark.anyio
class TestTheCashier:
    async def test_tells_the_buyer_what_is_to_be_paid_to_whom(self, visitor: Client, shop: Shop) -> None:
        order = await shop.order("100", {"S10": 10_000})
        answer = await visitor.get(address(order))
        assert answer.headers["cache-control"] == "no-store"
        assert answer.json() == {
            "state": "awaiting_payment",
            "amount": 10_000,
            "currency": "CNY",
            "description": "订单 100",
            "payee": PLATFORM,
            "order_no": "100",
            "expires_at": "2026-03-02T06:00:00Z",
            "paid_at": None,
            "device": "desktop",
            "methods": [],
            "current": {
                "method": "wechatpay_native",
                "kind": "wechatpay",
                "standing": "waiting",
                "next_step": {"kind": "show_code", "code_url": "weixin://wxpay/bizpayurl?pr=100&x=1"},
                "expires_at": "2026-03-02T06:00:00Z",
                "phone_url": "http://127.0.0.1:9/phone?code_url=weixin%3A%2F%2Fwxpay%2Fbizpayurl%3Fpr%3D100%26x%3D1",
            },
            "asked": None,
            "helped": False,
            "now": "2026-03-02T04:00:00Z",
        }

    async def test_turns_to_paid_and_takes_the_code_away(self, visitor: Client, shop: Shop) -> None:
        paid = await shop.pay("100", {"S10": 10_000})
        answer = (await visitor.get(address(paid))).json()
        assert (answer["state"], answer["paid_at"]) == ("succeeded", "2026-03-02T04:00:00Z")
        current = answer["current"]
        assert (current["standing"], current["next_step"], current["phone_url"]) == ("ended", None, None)
        assert answer["methods"] == []
        assert (await visitor.get(f"{address(paid)}/qr.svg")).status_code == 404

    async def test_draws_the_code_without_styles_of_its_own(self, visitor: Client, shop: Shop) -> None:
        order = await shop.order("100", {"S10": 10_000})
        answer = await visitor.get(f"{address(order)}/qr.svg")
        assert answer.headers["content-type"].startswith("image/svg+xml")
        assert "style" not in answer.text
        width, height = re.findall(r'viewBox="0 0 (\d+) (\d+)"', answer.text)[0]
        assert width == height

    async def test_knows_nothing_of_other_tokens(self, visitor: Client, shop: Shop) -> None:
        unknown = show_id("payment", derived_id("nobody")).removeprefix("payment_")
        for token in (unknown, "short", "Z" * 26, "0" * 27, "..%2f..%2fetc"):
            for path in ("", "/qr.svg", "/page.svg"):
                assert (await visitor.get(f"/cashier/api/{token}{path}")).status_code == 404, path

    async def test_has_no_simulated_phone_outside_the_sandbox(
        self, database: Database, clock: ManualClock, web_dist: Path, shop: Shop
    ) -> None:
        order = await shop.order("100", {"S10": 10_000})
        app = application(database, clock, web_dist, settings=Settings(), sandbox_url=None)
        async with AsyncTestClient(app) as client:
            answer = await client.get(address(order), params={"sandbox_url": "https://evil.example"})
        assert answer.json()["current"]["phone_url"] is None
