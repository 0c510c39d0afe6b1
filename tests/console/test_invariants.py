"""The self-check: what the last check of every domain's invariants found, and the next one at will."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from feiqian.kernel.clock import ManualClock
from tests.conftest import NOW
from tests.console.conftest import OWN_PAGE, Client
from tests.console.shop import Shop

DOMAINS = {"ledger", "payments", "clearing", "reconciliation", "finance", "credit", "lending"}


async def report(console: Client) -> dict[str, Any]:
    answer = await console.get("/console/api/invariants")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def check(console: Client) -> dict[str, Any]:
    answer = await console.post("/console/api/invariants", headers=OWN_PAGE)
    assert answer.status_code == 202, answer.text
    assert answer.json()["running"]
    return await report(console)


def broken(found: dict[str, Any]) -> dict[str, int]:
    return {item["name"]: item["violations"] for item in found["items"] if item["violations"]}


@pytest.mark.anyio
class TestTheSelfCheck:
    async def test_has_nothing_to_say_before_the_first_check(self, console: Client) -> None:
        assert await report(console) == {"checked_at": None, "took_ms": 0, "running": False, "items": []}

    async def test_covers_every_domain_and_finds_sound_books(self, console: Client, shop: Shop) -> None:
        paid = await shop.pay("100", {"S10": 5_000})
        await shop.refund(paid, "R1", 700)
        found = await check(console)
        assert found["checked_at"] == "2026-03-02T04:00:00Z"
        assert {item["domain"] for item in found["items"]} == DOMAINS
        assert found["items"][0]["domain"] == "ledger"
        assert all(item["english"] and item["chinese"] for item in found["items"])
        assert broken(found) == {}

    async def test_says_what_the_last_check_found_until_the_next(
        self, console: Client, shop: Shop, clock: ManualClock, database_urls: tuple[str, str]
    ) -> None:
        await shop.pay("100", {"S10": 5_000})
        assert broken(await check(console)) == {}
        with psycopg.connect(database_urls[1], autocommit=True) as admin:
            admin.execute("UPDATE payments.share SET amount = amount + 1")
        assert broken(await report(console)) == {}
        clock.advance_to(NOW + timedelta(seconds=61))
        found = await check(console)
        assert found["checked_at"] == "2026-03-02T04:01:01Z"
        assert broken(found) == {"payment_shares_add_up": 1}
        (line,) = [item for item in found["items"] if item["violations"]]
        assert "subject=100" in line["sample"][0]
        assert line["broken_since"] == "2026-03-02T04:01:01Z"
        attention = (await console.get("/console/api/overview")).json()["attention"]
        assert attention == [{"kind": "invariant", "count": 1, "link": "/invariants"}]

    async def test_says_since_when_a_rule_is_broken(
        self, console: Client, shop: Shop, clock: ManualClock, database_urls: tuple[str, str]
    ) -> None:
        await shop.pay("100", {"S10": 5_000})
        since = []
        for minute, change in enumerate([1, 0, -1, 1]):
            with psycopg.connect(database_urls[1], autocommit=True) as admin:
                admin.execute("UPDATE payments.share SET amount = amount + %s", (change,))
            clock.advance_to(NOW + timedelta(minutes=minute))
            found = await check(console)
            since += [
                item["broken_since"] for item in found["items"] if item["name"] == "payment_shares_add_up"
            ]
        assert since == ["2026-03-02T04:00:00Z", "2026-03-02T04:00:00Z", None, "2026-03-02T04:03:00Z"]

    async def test_is_begun_by_nobody_from_outside(self, visitor: Client, console: Client) -> None:
        assert (await console.post("/console/api/invariants")).status_code == 403
        visitor.cookies.clear()
        answer = await visitor.post("/console/api/invariants", headers=OWN_PAGE)
        assert answer.status_code == 401
