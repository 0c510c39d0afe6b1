"""Holds in a platform's own books over HTTP."""

import pytest

from tests.loop.house import House
from tests.openapi.ledger_books import Books

pytestmark = pytest.mark.anyio


class TestAHold:
    async def test_is_captured_in_parts_and_let_go(self, house: House) -> None:
        books = await Books.begin(house)
        await books.post(("bank", "alice", 100))
        hold = await books.post(("alice", "bob", 80), action="hold", expires_at="2026-03-09T00:00:00Z")
        table = [
            # asked                                    status balance held available of alice, bob's balance
            ({"action": "capture", "amount": 30}, 201, (70, 50, 20), 30),
            ({"action": "capture", "amount": 51}, 409, (70, 50, 20), 30),
            ({"action": "release", "amount": 10}, 201, (70, 40, 30), 30),
            ({"action": "capture"}, 201, (30, 0, 30), 70),
            ({"action": "capture"}, 409, (30, 0, 30), 70),
        ]
        for asked, status, expected, bob in table:
            await house.later(seconds=1)
            answer = await books.send(hold=hold, **asked)
            assert answer.status == status, (asked, answer)
            alice = await books.account("alice")
            assert (alice["balance"], alice["held"], alice["available"]) == expected
            assert await books.shown("bob") == [bob]
        found = await house.ask("GET", f"/v1/ledger/holds/{hold}")
        assert (found["hold"]["captured"], found["hold"]["released"], found["hold"]["state"]) == (
            70,
            10,
            "captured",
        )
        assert [each["action"] for each in found["transactions"]] == ["hold", "capture", "release", "capture"]
        for query, expected in (("", [hold]), ("&state=captured", [hold]), ("&state=open", [])):
            page = await house.ask("GET", f"/v1/ledger/holds?account={books.accounts['alice']}{query}")
            assert [item["id"] for item in page["items"]] == expected

    async def test_may_be_captured_in_the_batch_that_makes_it(self, house: House) -> None:
        books = await Books.begin(house)
        await books.post(("bank", "alice", 100))
        hold = books.asked(("alice", "bob", 80), action="hold")
        outcomes = await books.batch(hold, books.asked(action="capture", hold=hold["id"], amount=50))
        assert [each["outcome"] for each in outcomes] == ["posted", "posted"]
        assert await books.shown() == [100, 50, 50]
