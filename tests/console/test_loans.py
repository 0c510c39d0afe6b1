"""Loans and funders: what was lent, why, and what is owed."""

from datetime import timedelta

import pytest

from feiqian.credit import apply
from feiqian.kernel.calendar import business_date, end_of, local
from feiqian.kernel.clock import ManualClock
from feiqian.lending import LoanState, accrue_day, deposit, draw, loans, register_funder
from tests.conftest import NOW
from tests.console.conftest import Client, every_row, sign_in
from tests.console.shop import Shop

TODAY = business_date(NOW)
LIST = "/console/api/loans"


async def trade_and_apply(shop: Shop) -> None:
    """S10 sells for five days and gets a line."""
    for number in range(5, 0, -1):
        day = TODAY - timedelta(days=number)
        await shop.pay(f"T{number}", {"S10": 300_000}, at=local(day, 12))
        await shop.close(day)
    merchant = shop.merchants["S10"].id
    await shop.database.run(lambda tx: apply(tx, now=NOW, merchant_id=merchant, currency="CNY"))


async def lend(shop: Shop, *amounts: int) -> None:
    """A funder with 10,000.00 yuan lends to S10, one loan after the other."""
    await trade_and_apply(shop)
    await shop.database.run(lambda tx: register_funder(tx, now=NOW, funder_no="bank-a", name="甲银行"))
    await shop.database.run(
        lambda tx: deposit(tx, now=NOW, funder_no="bank-a", deposit_no="D1", amount=1_000_000, currency="CNY")
    )
    for number, amount in enumerate(amounts):
        await shop.database.run(
            lambda tx, number=number, amount=amount: draw(
                tx,
                now=NOW + timedelta(seconds=number),
                platform=shop.platform,
                loan_no=f"L{number}",
                merchant_id=shop.merchants["S10"].id,
                amount=amount,
            )
        )


@pytest.mark.anyio
class TestLoans:
    async def test_are_each_listed_once_with_their_sums(self, console: Client, shop: Shop) -> None:
        await lend(shop, 10_000, 20_000, 30_000)
        rows = await every_row(console, LIST)
        assert [(row["loan_no"], row["principal"], row["merchant_name"]) for row in rows] == [
            ("L2", 30_000, "春来茶行"),
            ("L1", 20_000, "春来茶行"),
            ("L0", 10_000, "春来茶行"),
        ]
        first = (await console.get(LIST, params={"limit": 1})).json()
        assert first["totals"] == {
            "count": 3,
            "principal": 60_000,
            "outstanding": 60_000,
            "interest_accrued": 0,
        }
        assert (rows[0]["annual_rate"], rows[0]["funder"], rows[0]["state"]) == (
            "0.1095",
            "bank-a",
            "active",
        )
        assert await every_row(console, LIST, state="repaid") == []

    async def test_show_why_they_were_granted_and_every_movement(self, console: Client, shop: Shop) -> None:
        await lend(shop, 100_000)
        await shop.database.run(lambda tx: accrue_day(tx, now=end_of(TODAY), day=TODAY))
        (row,) = await every_row(console, LIST)
        page = (await console.get(f"{LIST}/{row['id']}")).json()
        assert page["loan"] == row
        assert page["decision"]["outcome"] == "approved"
        assert page["decision"]["available"] == page["decision"]["limit"] - 100_000
        assert all(reason["passed"] and reason["chinese"] for reason in page["decision"]["reasons"])
        assert [(each["kind"], each["principal"], each["interest"]) for each in page["movements"]] == [
            ("loan_draw", 100_000, 0),
            ("interest", 0, 30),
        ]
        assert page["movements"][-1]["balance"] == row["principal_outstanding"] + 30
        drawn = page["transactions"][0]
        names = {leg[side]["owner_name"] for leg in drawn["legs"] for side in ("debit", "credit")}
        assert names == {"甲银行", "春来茶行", "L0"}

    async def test_stand_on_the_merchants_page(self, console: Client, shop: Shop) -> None:
        await lend(shop, 100_000)
        page = (await console.get("/console/api/merchants/S10")).json()
        assert (page["loan_outstanding"], len(page["loans"])) == (100_000, 1)
        assert page["credit"]["limit"] > 0
        (row,) = (await console.get("/console/api/merchants", params={"q": "S10"})).json()["items"]
        assert (row["loan_outstanding"], row["credit_limit"]) == (100_000, page["credit"]["limit"])

    async def test_that_are_overdue_ask_for_attention(
        self, console: Client, shop: Shop, clock: ManualClock
    ) -> None:
        await lend(shop, 100_000)
        async with shop.database.transaction() as tx:
            (loan,) = await loans(tx)
        clock.advance_to(end_of(loan.due_on) + timedelta(hours=1))
        await shop.database.run(lambda tx: accrue_day(tx, now=clock.now(), day=loan.due_on))
        await sign_in(console)
        attention = (await console.get("/console/api/overview")).json()["attention"]
        assert {"kind": "overdue", "count": 1, "link": "/loans?state=overdue"} in attention
        (row,) = await every_row(console, LIST, state=LoanState.OVERDUE.value)
        assert row["state"] == "overdue"


@pytest.mark.anyio
class TestAMerchantThatWasDeclined:
    async def test_shows_the_reasons(self, console: Client, shop: Shop) -> None:
        await shop.pay("100", {"S20": 1_000}, at=local(TODAY - timedelta(days=1), 9))
        await shop.close(TODAY - timedelta(days=1))
        merchant = shop.merchants["S20"].id
        await shop.database.run(lambda tx: apply(tx, now=NOW, merchant_id=merchant, currency="CNY"))
        credit = (await console.get("/console/api/merchants/S20")).json()["credit"]
        assert (credit["outcome"], credit["limit"], credit["available"]) == ("declined", 0, 0)
        assert any(not reason["passed"] for reason in credit["reasons"])


@pytest.mark.anyio
class TestFunders:
    async def test_show_their_position(self, console: Client, shop: Shop) -> None:
        await lend(shop, 100_000)
        (funder,) = (await console.get("/console/api/funders")).json()["items"]
        assert (funder["funder_no"], funder["deposited"], funder["available"]) == (
            "bank-a",
            1_000_000,
            900_000,
        )
        assert (funder["principal_outstanding"], funder["loans_active"]) == (100_000, 1)
        overview = (await console.get("/console/api/overview")).json()
        assert overview["balances"]["loans_outstanding"] == 100_000
        assert overview["balances"]["bank"] == 1_000_000
