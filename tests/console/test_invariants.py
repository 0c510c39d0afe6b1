"""The self-check: every domain's invariants, remembered for a minute, and seen when one is broken."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from feiqian.kernel.clock import ManualClock
from tests.conftest import NOW
from tests.console.conftest import Client
from tests.console.shop import Shop

DOMAINS = {"ledger", "payments", "clearing", "reconciliation", "finance", "credit", "lending"}


async def report(console: Client) -> dict[str, Any]:
    answer = await console.get("/console/api/invariants")
    assert answer.status_code == 200, answer.text
    return answer.json()


def broken(found: dict[str, Any]) -> dict[str, int]:
    return {item["name"]: item["violations"] for item in found["items"] if item["violations"]}


@pytest.mark.anyio
class TestTheSelfCheck:
    async def test_covers_every_domain_and_finds_sound_books(self, console: Client, shop: Shop) -> None:
        paid = await shop.pay("100", {"S10": 5_000})
        await shop.refund(paid, "R1", 700)
        found = await report(console)
        assert {item["domain"] for item in found["items"]} == DOMAINS
        assert all(item["english"] and item["chinese"] for item in found["items"])
        assert broken(found) == {}

    async def test_names_what_is_broken_once_its_minute_is_over(
        self, console: Client, shop: Shop, clock: ManualClock, database_urls: tuple[str, str]
    ) -> None:
        await shop.pay("100", {"S10": 5_000})
        assert broken(await report(console)) == {}
        with psycopg.connect(database_urls[1], autocommit=True) as admin:
            admin.execute("UPDATE payments.share SET amount = amount + 1")
        assert (await report(console))["checked_at"] == "2026-03-02T04:00:00Z"
        assert broken(await report(console)) == {}
        clock.advance_to(NOW + timedelta(seconds=61))
        found = await report(console)
        assert found["checked_at"] == "2026-03-02T04:01:01Z"
        assert broken(found) == {"payment_shares_add_up": 1}
        (sample,) = [item["sample"] for item in found["items"] if item["violations"]]
        assert "subject=100" in sample[0]
        attention = (await console.get("/console/api/overview")).json()["attention"]
        assert attention == [{"kind": "invariant", "count": 1, "link": "/invariants"}]

    async def test_goes_on_by_itself_while_somebody_looks_at_the_overview(
        self, console: Client, shop: Shop, database_urls: tuple[str, str]
    ) -> None:
        await shop.pay("100", {"S10": 5_000})
        with psycopg.connect(database_urls[1], autocommit=True) as admin:
            admin.execute("UPDATE ledger.leg SET debit_balance = debit_balance + 1")
        seen = [(await console.get("/console/api/overview")).json()["attention"] for _ in range(2)]
        assert [[item["kind"] for item in items] for items in seen] == [[], ["invariant"]]
