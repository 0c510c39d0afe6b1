"""The first page: its figures are the ledger's, its warnings are what stands open."""

from datetime import date, timedelta
from typing import Any

import pytest

from feiqian.infra.database import Database
from feiqian.kernel.calendar import business_date, local
from feiqian.kernel.clock import ManualClock
from feiqian.ledger import AccountCode, code_balances, day_totals
from tests.conftest import NOW
from tests.console.conftest import Client, sign_in
from tests.console.shop import Shop

TODAY = business_date(NOW)
YESTERDAY = TODAY - timedelta(days=1)


async def overview(console: Client, day: date | None = None) -> dict[str, Any]:
    answer = await console.get("/console/api/overview", params={"date": day.isoformat()} if day else {})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def moved(database: Database, code: AccountCode, kind: str, day: date) -> int:
    """What the ledger moved on an account code on one date."""
    async with database.transaction() as tx:
        rows = await day_totals(tx, code=code, first=day, last=day)
    return sum(row.amount for row in rows if row.kind == kind)


async def trade(shop: Shop) -> None:
    """A week ago one order; today three, of which one is unpaid, and a refund."""
    await shop.pay("100", {"S10": 5_000}, at=local(TODAY - timedelta(days=7), 9))
    first = await shop.pay("101", {"S10": 10_000, "S20": 20_000}, at=local(TODAY, 9, 30), buyer="A")
    await shop.pay("102", {"S20": 40_000}, at=local(TODAY, 11), buyer="A")
    await shop.order("103", {"S30": 7_777}, at=local(TODAY, 11))
    await shop.refund(first, "R1", 3_000, at=local(TODAY, 11, 59))


@pytest.mark.anyio
class TestTheDay:
    async def test_is_the_current_business_date_and_equals_the_ledger(
        self, console: Client, shop: Shop, database: Database
    ) -> None:
        await trade(shop)
        page = await overview(console)
        assert (page["date"], page["currency"], page["sandbox"]) == ("2026-03-02", "CNY", True)
        assert page["today"] == {
            "payments": 2,
            "paid": 70_000,
            "refunds": 1,
            "refunded": 3_000,
            "fees": 180 + 240,
            "buyers": 1,
            "success_rate": pytest.approx(2 / 3),
        }
        receivable = AccountCode.CHANNEL_RECEIVABLE
        assert await moved(database, receivable, "payment", TODAY) == page["today"]["paid"]
        assert -await moved(database, receivable, "refund_succeeded", TODAY) == page["today"]["refunded"]
        assert await moved(database, AccountCode.PLATFORM_FEE, "payment", TODAY) == page["today"]["fees"]

    async def test_is_the_newest_with_trade_until_today_has_some(self, console: Client, shop: Shop) -> None:
        assert (await overview(console))["date"] == TODAY.isoformat()
        await shop.pay("100", {"S10": 5_000}, at=local(TODAY - timedelta(days=3), 9))
        await shop.order("101", {"S10": 1_000}, at=local(TODAY, 9))
        page = await overview(console)
        assert (page["date"], page["today"]["paid"]) == ((TODAY - timedelta(days=3)).isoformat(), 5_000)
        await shop.pay("102", {"S10": 2_000}, at=local(TODAY, 10))
        assert (await overview(console))["date"] == TODAY.isoformat()

    async def test_stands_beside_the_same_weekday_a_week_before(self, console: Client, shop: Shop) -> None:
        await trade(shop)
        page = await overview(console)
        assert (page["previous"]["payments"], page["previous"]["paid"]) == (1, 5_000)
        hours = {row["hour"]: row for row in page["hours"]}
        assert list(hours) == list(range(24))
        assert hours[9] == {"hour": 9, "paid": 30_000, "payments": 1, "previous_paid": 5_000}
        assert hours[11]["paid"] == 40_000
        assert sum(row["paid"] for row in page["hours"]) == page["today"]["paid"]

    async def test_shows_the_ledgers_balances(self, console: Client, shop: Shop, database: Database) -> None:
        await trade(shop)
        async with database.transaction() as tx:
            ledger = {row.code: row.balance for row in await code_balances(tx)}
        balances = (await overview(console))["balances"]
        assert balances == {
            "channel_receivable": ledger[AccountCode.CHANNEL_RECEIVABLE],
            "bank": 0,
            "merchants_pending": ledger[AccountCode.MERCHANT_PENDING],
            "merchants_available": 0,
            "refunds_in_transit": ledger[AccountCode.REFUND_IN_TRANSIT],
            "fee_income": ledger[AccountCode.PLATFORM_FEE],
            "loans_outstanding": 0,
        }
        assert balances["channel_receivable"] == 5_000 + 70_000 - 3_000

    async def test_of_the_past_shows_the_balances_of_its_close(self, console: Client, shop: Shop) -> None:
        await trade(shop)
        balances = (await overview(console, TODAY - timedelta(days=3)))["balances"]
        assert (balances["channel_receivable"], balances["fee_income"]) == (5_000, 30)

    async def test_ranks_merchants_by_what_they_sold(self, console: Client, shop: Shop) -> None:
        await trade(shop)
        assert (await overview(console))["top_merchants"] == [
            {"merchant_no": "S20", "name": "北方瓷业", "paid": 60_000, "payments": 2},
            {"merchant_no": "S10", "name": "春来茶行", "paid": 10_000, "payments": 1},
        ]

    async def test_without_trade_is_zero_and_has_no_rate(self, console: Client) -> None:
        page = await overview(console)
        assert page["today"]["paid"] == page["balances"]["fee_income"] == 0
        assert page["today"]["success_rate"] is None
        assert (page["days"], page["top_merchants"], page["attention"]) == ([], [], [])


@pytest.mark.anyio
class TestTheTradeDates:
    async def test_show_what_was_paid_refunded_and_settled(self, console: Client, shop: Shop) -> None:
        await trade(shop)
        week_ago = TODAY - timedelta(days=7)
        await shop.close(week_ago)
        assert (await overview(console))["days"] == [
            {
                "date": week_ago.isoformat(),
                "paid": 5_000,
                "payments": 1,
                "refunded": 0,
                "fees": 30,
                "settled": 4_970,
            },
            {
                "date": TODAY.isoformat(),
                "paid": 70_000,
                "payments": 2,
                "refunded": 3_000,
                "fees": 420,
                "settled": 0,
            },
        ]

    async def test_are_the_newest_thirty(self, console: Client, shop: Shop) -> None:
        for number in range(32):
            await shop.pay(f"{number}", {"S10": 100}, at=local(TODAY - timedelta(days=number), 8))
        days = [row["date"] for row in (await overview(console))["days"]]
        assert days == [(TODAY - timedelta(days=number)).isoformat() for number in reversed(range(30))]


@pytest.mark.anyio
class TestAttention:
    async def test_names_what_needs_a_person_and_where_to_look(
        self, console: Client, shop: Shop, clock: ManualClock
    ) -> None:
        paid = await shop.pay("100", {"S10": 5_000}, at=local(YESTERDAY, 10))
        missing = await shop.pay("101", {"S10": 6_000}, at=local(YESTERDAY, 12))
        await shop.pay("102", {"S10": 7_000}, paid=6_999)
        await shop.refuse_refund(await shop.ask_refund(paid, "R1", 100))
        clock.advance_to(local(TODAY, 13))
        assert [item["kind"] for item in (await overview(console))["attention"]] == [
            "conflicted",
            "refund_failed",
            "not_reconciled",
        ]
        await shop.reconcile(YESTERDAY, without=missing.out_trade_no)
        assert (await overview(console))["attention"] == [
            {"kind": "unexplained", "count": 1, "link": f"/reconciliation/{YESTERDAY}?channel=wechatpay"},
            {"kind": "conflicted", "count": 1, "link": "/payments?state=conflicted"},
            {"kind": "refund_failed", "count": 1, "link": f"/payments/{paid.shown_id}"},
        ]

    async def test_does_not_ask_for_a_bill_before_it_is_out(
        self, console: Client, shop: Shop, clock: ManualClock
    ) -> None:
        await shop.pay("100", {"S10": 5_000}, at=local(TODAY, 12))
        for hour, kinds in ((12, []), (13, ["not_reconciled"])):
            clock.advance_to(local(TODAY + timedelta(days=1), hour))
            await sign_in(console)
            assert [item["kind"] for item in (await overview(console))["attention"]] == kinds
