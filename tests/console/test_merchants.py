"""Merchants: what each has, its statement with the balance after every entry, its balance by day."""

from datetime import timedelta

import pytest

from feiqian.infra.database import Database
from feiqian.kernel.calendar import business_date, local
from feiqian.members import register_merchant, register_platform
from tests.conftest import NOW
from tests.console.conftest import Client, every_row
from tests.console.shop import Shop

TODAY = business_date(NOW)
LIST = "/console/api/merchants"


@pytest.mark.anyio
class TestTheList:
    async def test_shows_every_merchant_once_with_its_money(self, console: Client, shop: Shop) -> None:
        day = TODAY - timedelta(days=1)
        await shop.pay("100", {"S10": 10_000, "S20": 20_000}, at=local(day, 9))
        await shop.close(day)
        await shop.pay("101", {"S20": 1_000})
        rows = await every_row(console, LIST)
        assert [(row["merchant_no"], row["pending"], row["available"]) for row in rows] == [
            ("S10", 0, 9_940),
            ("S20", 994, 19_880),
            ("S30", 0, 0),
        ]
        assert {row["credit_limit"] for row in rows} == {None}
        assert {row["loan_outstanding"] for row in rows} == {0}

    async def test_shows_the_merchants_of_two_platforms_with_one_number(
        self, console: Client, shop: Shop, database: Database
    ) -> None:
        other = await database.run(lambda tx: register_platform(tx, now=NOW, name="other"))
        await database.run(
            lambda tx: register_merchant(tx, now=NOW, platform=other, merchant_no="S20", name="Другой")
        )
        rows = await every_row(console, LIST, limit=1)
        assert [row["merchant_no"] for row in rows] == ["S10", "S20", "S20", "S30"]
        answer = await console.get(f"{LIST}/S20")
        assert (answer.status_code, answer.json()["code"]) == (409, "merchant_ambiguous")

    async def test_finds_by_number_and_by_name(self, console: Client, shop: Shop) -> None:
        for text, expected in (("s1", ["S10"]), ("瓷", ["S20"]), ("S", ["S10", "S20", "S30"])):
            assert [row["merchant_no"] for row in await every_row(console, LIST, q=text)] == expected


@pytest.mark.anyio
class TestThePage:
    async def test_shows_the_balance_of_every_day_since_the_first_entry(
        self, console: Client, shop: Shop
    ) -> None:
        first = TODAY - timedelta(days=3)
        await shop.pay("100", {"S10": 10_000}, at=local(first, 9))
        await shop.close(first)
        await shop.pay("101", {"S10": 1_000})
        page = (await console.get(f"{LIST}/S10")).json()
        assert (page["pending"], page["available"], page["currency"]) == (994, 9_940, "CNY")
        assert page["merchant"]["name"] == "春来茶行"
        assert (page["credit"], page["loans"]) == (None, [])
        assert [(day["date"], day["pending"], day["available"]) for day in page["balance_by_day"]] == [
            ("2026-02-27", 9_940, 0),
            ("2026-02-28", 0, 9_940),
            ("2026-03-01", 0, 9_940),
            ("2026-03-02", 994, 9_940),
        ]

    async def test_begins_its_chart_with_what_the_merchant_had(self, console: Client, shop: Shop) -> None:
        await shop.pay("100", {"S10": 10_000}, at=local(TODAY - timedelta(days=80), 9))
        days = (await console.get(f"{LIST}/S10")).json()["balance_by_day"]
        assert (len(days), days[0]) == (60, {"date": "2026-01-02", "pending": 9_940, "available": 0})

    async def test_of_an_unknown_merchant_is_not_found(self, console: Client) -> None:
        assert (await console.get(f"{LIST}/S99")).status_code == 404


@pytest.mark.anyio
class TestAStatement:
    async def test_carries_the_balance_after_every_entry(self, console: Client, shop: Shop) -> None:
        for number in range(5):
            await shop.pay(f"{number}", {"S10": 1_000 + number}, at=NOW + timedelta(seconds=number))
        rows = await every_row(console, f"{LIST}/S10/statement", account="pending")
        assert [row["sequence"] for row in rows] == [5, 4, 3, 2, 1]
        balance = 0
        for row in reversed(rows):
            balance += row["amount"]
            assert row["balance"] == balance
        assert [row["memo"] for row in rows] == ["4", "3", "2", "1", "0"]
        assert rows[0]["transaction_id"].startswith("transaction_")

    async def test_is_of_the_available_balance_unless_asked_otherwise(
        self, console: Client, shop: Shop
    ) -> None:
        await shop.pay("100", {"S10": 1_000}, at=local(TODAY - timedelta(days=1), 9))
        await shop.close(TODAY - timedelta(days=1))
        (row,) = await every_row(console, f"{LIST}/S10/statement")
        assert (row["kind"], row["amount"], row["balance"]) == ("settlement", 994, 994)
        assert (await console.get(f"{LIST}/S10/statement", params={"account": "x"})).status_code == 400
