"""Vouchers and the trial balance as accountants open them."""

from datetime import timedelta
from typing import Any

import pytest

from feiqian.finance import write_day
from feiqian.kernel.calendar import business_date, end_of, local
from feiqian.kernel.clock import ManualClock
from tests.conftest import NOW
from tests.console.conftest import Client, every_row, sign_in
from tests.console.shop import Shop

DAY = business_date(NOW) - timedelta(days=1)
LIST = "/console/api/vouchers"
SUMS = ("opening_debit", "opening_credit", "debit", "credit", "closing_debit", "closing_credit")


async def keep_books(shop: Shop) -> None:
    """A day of trade, its vouchers."""
    paid = await shop.pay("100", {"S10": 10_000, "S20": 20_000}, at=local(DAY, 9))
    await shop.refund(paid, "R1", 3_000, at=local(DAY, 10))
    await shop.close(DAY)
    await shop.database.run(lambda tx: write_day(tx, now=end_of(DAY) + timedelta(hours=10), day=DAY))


async def trial_balance(console: Client, **query: str) -> dict[str, Any]:
    answer = await console.get("/console/api/trial-balance", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.anyio
class TestVouchers:
    async def test_are_each_listed_once_newest_number_first(self, console: Client, shop: Shop) -> None:
        await keep_books(shop)
        rows = await every_row(console, LIST)
        assert [(row["number"], row["kind"], row["total"]) for row in rows] == [
            ("记-2026-03-0003", "refund_succeeded", 3_000),
            ("记-2026-03-0002", "refund_requested", 3_000),
            ("记-2026-03-0001", "payment", 30_000),
        ]
        for query, count in (({"month": "2026-03"}, 3), ({"month": "2026-02"}, 0), ({"date": str(DAY)}, 3)):
            assert len(await every_row(console, LIST, **query)) == count
        assert (await console.get(LIST, params={"month": "March"})).status_code == 400

    async def test_show_lines_whose_debits_equal_their_credits(self, console: Client, shop: Shop) -> None:
        await keep_books(shop)
        row = (await every_row(console, LIST))[-1]
        voucher = (await console.get(f"{LIST}/{row['id']}")).json()
        assert [(line["subject_code"], line["debit"], line["credit"]) for line in voucher["lines"]] == [
            ("112201", 30_000, 0),
            ("224101", 0, 29_820),
            ("600101", 0, 180),
        ]
        assert voucher["total"] == 30_000
        assert voucher["source"] == {"transactions": 1, "business_date": str(DAY), "kind": "payment"}
        assert {key: voucher[key] for key in row if key != "lines"} == {
            key: row[key] for key in row if key != "lines"
        }


@pytest.mark.anyio
class TestTheTrialBalance:
    async def test_of_the_last_vouchered_date_agrees_with_the_ledger(
        self, console: Client, shop: Shop
    ) -> None:
        await keep_books(shop)
        page = await trial_balance(console)
        assert (page["date"], page["book"], page["agrees"]) == (str(DAY), "platform", True)
        assert page["books"] == [{"book": "platform", "name": "平台账套"}]
        closing = {row["subject_code"]: row["ledger_closing"] for row in page["rows"]}
        assert closing["112201"] == 27_000
        assert all(row["agrees"] for row in page["rows"])
        for name in SUMS:
            assert page["totals"][name] == sum(row[name] for row in page["rows"])
        assert page["totals"]["closing_debit"] == page["totals"]["closing_credit"]

    async def test_shows_where_vouchers_are_missing(
        self, console: Client, shop: Shop, clock: ManualClock
    ) -> None:
        await keep_books(shop)
        await shop.pay("101", {"S10": 500})
        clock.advance_to(NOW + timedelta(days=1))
        await sign_in(console)
        page = await trial_balance(console, date=str(business_date(NOW)))
        assert page["agrees"] is False
        assert {row["subject_code"] for row in page["rows"] if not row["agrees"]} >= {"112201", "600101"}

    async def test_is_empty_before_anything_was_booked(self, console: Client) -> None:
        page = await trial_balance(console)
        assert (page["date"], page["rows"], page["books"]) == (str(business_date(NOW)), [], [])
