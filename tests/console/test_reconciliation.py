"""The days' reconciliations and their lines."""

from datetime import timedelta

import pytest

from feiqian.kernel.calendar import business_date, local
from feiqian.reconciliation import record_failure
from tests.conftest import NOW
from tests.console.conftest import Client, every_row
from tests.console.shop import CHANNEL, Shop

TODAY = business_date(NOW)
DAY = TODAY - timedelta(days=1)
LIST = "/console/api/reconciliation"


@pytest.mark.anyio
class TestTheDays:
    async def test_are_each_listed_once_newest_first(self, console: Client, shop: Shop) -> None:
        for number in range(5, 0, -1):
            day = TODAY - timedelta(days=number)
            await shop.pay(f"{number}", {"S10": 1_000 * number}, at=local(day, 12))
            await shop.reconcile(day)
        rows = await every_row(console, LIST)
        assert [(row["date"], row["state"], row["matched"], row["bill_amount"]) for row in rows] == [
            ((TODAY - timedelta(days=number)).isoformat(), "balanced", 1, 1_000 * number)
            for number in range(1, 6)
        ]
        assert {(row["channel"], row["error"]) for row in rows} == {("wechatpay", None)}

    async def test_show_trade_that_nobody_has_compared(self, console: Client, shop: Shop) -> None:
        await shop.pay("100", {"S10": 1_000}, at=local(DAY - timedelta(days=1), 12))
        await shop.reconcile(DAY - timedelta(days=1))
        await shop.pay("101", {"S10": 2_000}, at=local(DAY, 12))
        await shop.pay("102", {"S10": 3_000})
        rows = (await console.get(LIST)).json()["items"]
        assert [(row["date"], row["state"], row["our_amount"]) for row in rows] == [
            (DAY.isoformat(), "pending", 2_000),
            ((DAY - timedelta(days=1)).isoformat(), "balanced", 1_000),
        ]
        page = (await console.get(f"{LIST}/{DAY}")).json()
        assert (page["day"]["state"], page["items"]) == ("pending", [])

    async def test_show_why_a_bill_was_not_to_be_had(self, console: Client, shop: Shop) -> None:
        await shop.pay("100", {"S10": 1_000}, at=local(DAY, 12))
        await shop.database.run(
            lambda tx: record_failure(
                tx, now=NOW, channel=CHANNEL, day=DAY, error_code="BILL_MISSING", error="not ready"
            )
        )
        (row,) = (await console.get(LIST)).json()["items"]
        assert (row["state"], row["error"], row["bill_lines"]) == ("failed", "not ready", 0)
        attention = (await console.get("/console/api/overview")).json()["attention"]
        assert attention == [{"kind": "not_reconciled", "count": 1, "link": "/reconciliation"}]


@pytest.mark.anyio
class TestADay:
    async def test_lists_every_line_once_with_both_sides(self, console: Client, shop: Shop) -> None:
        paid = [
            await shop.pay(f"{number}", {"S10": 1_000 + number}, at=local(DAY, 10 + number))
            for number in range(3)
        ]
        refund = await shop.refund(paid[0], "R1", 400, at=local(DAY, 15))
        await shop.reconcile(DAY, without=paid[1].out_trade_no)
        rows = await every_row(console, f"{LIST}/{DAY}")
        assert sorted(
            (row["our_no"], row["status"], row["our_amount"], row["their_amount"]) for row in rows
        ) == sorted(
            [
                (paid[0].out_trade_no, "matched", 1_000, 1_000),
                (paid[1].out_trade_no, "ours_only", 1_001, None),
                (paid[2].out_trade_no, "matched", 1_002, 1_002),
                (refund.out_refund_no, "matched", 400, 400),
            ]
        )
        assert {(row["kind"], row["platform_no"], row["payment_id"]) for row in rows} == {
            ("payment", "0", paid[0].shown_id),
            ("payment", "1", paid[1].shown_id),
            ("payment", "2", paid[2].shown_id),
            ("refund", "R1", paid[0].shown_id),
        }
        day = (await console.get(f"{LIST}/{DAY}")).json()["day"]
        assert (day["state"], day["bill_lines"], day["unexplained"]) == ("differences", 3, 1)
        assert (day["bill_amount"], day["our_amount"]) == (1_602, 2_603)
        assert day["by_status"]["ours_only"] == {"count": 1, "amount": 1_001}

    async def test_shows_one_status_and_says_why_in_the_readers_language(
        self, console: Client, shop: Shop
    ) -> None:
        paid = await shop.pay("100", {"S10": 1_000}, at=local(DAY, 12))
        await shop.pay("101", {"S10": 1_000}, at=local(DAY, 12))
        await shop.reconcile(DAY, without=paid.out_trade_no)
        (row,) = await every_row(console, f"{LIST}/{DAY}", status="ours_only")
        assert (row["our_id"], row["note"]) == (paid.shown_id, "渠道账单无此笔")
        answer = await console.get(
            f"{LIST}/{DAY}", params={"status": "ours_only"}, headers={"Accept-Language": "en"}
        )
        assert answer.json()["items"][0]["note"] == "Not in the channel's bill"

    async def test_without_trade_is_not_found(self, console: Client) -> None:
        assert (await console.get(f"{LIST}/2020-01-01")).status_code == 404
        assert (await console.get(f"{LIST}/yesterday")).status_code in (400, 404)
