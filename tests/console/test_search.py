"""One search finds everything by whatever is at hand."""

from datetime import timedelta
from typing import Any

import pytest

from feiqian.finance import write_day
from feiqian.kernel.calendar import business_date, local
from feiqian.kernel.ids import show_id
from tests.conftest import NOW
from tests.console.conftest import Client
from tests.console.shop import Shop
from tests.console.test_loans import lend

DAY = business_date(NOW) - timedelta(days=1)


async def search(console: Client, text: str) -> list[dict[str, Any]]:
    answer = await console.get("/console/api/search", params={"q": text})
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def found(console: Client, text: str) -> list[tuple[str, str]]:
    return [(hit["kind"], hit["title"]) for hit in await search(console, text)]


@pytest.mark.anyio
class TestASearch:
    async def test_finds_a_payment_by_every_number_it_has(self, console: Client, shop: Shop) -> None:
        paid = await shop.pay("ORDER-77", {"S10": 123_450}, buyer="buyer-9")
        await shop.pay("OTHER", {"S10": 99_900})
        for text in (
            "ORDER-77",
            "order-7",
            paid.transaction_no or "",
            paid.out_trade_no,
            paid.shown_id,
            "buyer-9",
            "1234.50",
            "1,234.50",
            "1234.5",
            "¥1,234.50",
        ):
            (hit,) = await search(console, text)
            assert (hit["kind"], hit["id"], hit["title"]) == ("payment", paid.shown_id, "ORDER-77"), text
            assert (hit["amount"], hit["link"]) == (123_450, f"/payments/{paid.shown_id}")

    async def test_finds_a_refund_by_its_number_and_the_channels(self, console: Client, shop: Shop) -> None:
        paid = await shop.pay("100", {"S10": 5_000})
        refund = await shop.refund(paid, "RF-1", 700)
        for text in ("rf-1", refund.channel_refund_no or "", refund.out_refund_no):
            (hit,) = await search(console, text)
            assert (hit["kind"], hit["title"], hit["amount"]) == ("refund", "RF-1", 700)
            assert hit["link"] == f"/payments/{paid.shown_id}"

    async def test_finds_merchants_by_number_and_name(self, console: Client, shop: Shop) -> None:
        assert await found(console, "茶") == [("merchant", "春来茶行")]
        assert await found(console, "s20") == [("merchant", "北方瓷业")]

    async def test_finds_vouchers_and_transactions(self, console: Client, shop: Shop) -> None:
        paid = await shop.pay("100", {"S10": 5_000}, at=local(DAY, 9))
        await shop.database.run(lambda tx: write_day(tx, now=NOW, day=DAY))
        assert await found(console, "记-2026-03-0001") == [("voucher", "记-2026-03-0001")]
        page = (await console.get(f"/console/api/payments/{paid.shown_id}")).json()
        (transaction,) = page["transactions"]
        (hit,) = await search(console, transaction["id"])
        assert (hit["kind"], hit["amount"], hit["subtitle"]) == ("transaction", 5_000, "100")

    async def test_finds_loans_and_funders(self, console: Client, shop: Shop) -> None:
        await lend(shop, 100_000)
        (hit,) = await search(console, "l0")
        assert (hit["kind"], hit["title"], hit["subtitle"]) == ("loan", "L0", "春来茶行")
        assert await found(console, hit["id"]) == [("loan", "L0")]
        assert await found(console, "甲银行") == [("funder", "甲银行")]

    async def test_finds_nothing_where_nothing_is(self, console: Client, shop: Shop) -> None:
        unknown = show_id("payment", shop.platform)
        for text in ("", "  ", "nothing", unknown, "payment_rubbish", "记-2026-13-0001", "9" * 14):
            assert await search(console, text) == [], text
