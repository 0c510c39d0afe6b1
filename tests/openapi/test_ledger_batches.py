"""Batches over HTTP: many transactions in one call, each answered by itself."""

from typing import Any

import pytest

from tests.loop.house import House
from tests.openapi.ledger_books import PATH, Books

pytestmark = pytest.mark.anyio


class TestABatch:
    async def test_answers_each_by_itself_in_order(self, house: House) -> None:
        books = await Books.begin(house)
        paid = books.asked(("bank", "alice", 100))
        outcomes = await books.batch(
            paid,
            books.asked(("alice", "bob", 101)),
            books.asked(("alice", "nobody", 1)),
            books.asked(("alice", "bob", 40)),
            paid,
            {**paid, "kind": "other"},
            books.asked(("alice", "bob", 1), id="x"),
        )
        assert [(each["outcome"], each.get("code"), each.get("field")) for each in outcomes] == [
            ("posted", None, None),
            ("refused", "insufficient_funds", None),
            ("refused", "account_unknown", None),
            ("posted", None, None),
            ("exists", None, None),
            ("refused", "exists_with_different_content", "kind"),
            ("refused", "invalid_request", "id"),
        ]
        assert outcomes[1]["retryable"] is True
        assert "1" in outcomes[1]["detail"]
        assert set(outcomes[0]) == {"id", "outcome"}
        assert await books.shown() == [100, 60, 40]

    async def test_keeps_chains_whole(self, house: House) -> None:
        books = await Books.begin(house)
        await books.post(("bank", "alice", 100))

        def linked(*leg: Any) -> dict[str, Any]:
            return books.asked(leg, linked=True)

        table = [
            # a chain that stands, one that falls by its last, one by what cannot be read, one that is left open
            ([linked("alice", "bob", 10), books.asked(("bob", "alice", 5))], ["", ""]),
            ([linked("alice", "bob", 10), books.asked(("alice", "bob", 999))], ["linked_failed", "insufficient_funds"]),
            ([linked("alice", "nobody", 1), books.asked(("alice", "bob", 1))], ["account_unknown", "linked_failed"]),
            ([linked("alice", "bob", 1), linked("alice", "bob", 1)], ["linked_failed", "chain_open"]),
        ]  # fmt: skip
        for asked, codes in table:
            outcomes = await books.batch(books.asked(("bank", "bob", 1)), *asked)
            assert [each.get("code", "") for each in outcomes] == ["", *codes]
        assert await books.shown() == [104, 95, 9]

    # The tests' client advises against what is meant here: one large body.
    @pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
    async def test_of_thousands_is_one_call_and_of_too_many_none(self, house: House) -> None:
        books = await Books.begin(house)
        many = [books.asked(("bank", "alice", 1)) for _ in range(8_001)]
        answer = await house.send("POST", f"{PATH}/batch", {"transactions": many})
        assert answer.problem == (400, "invalid_request")
        assert await books.shown() == [0, 0, 0]
        outcomes = await books.batch(*many[:8_000])
        assert {each["outcome"] for each in outcomes} == {"posted"}
        assert [each["id"] for each in outcomes] == [each["id"] for each in many[:8_000]]
        assert await books.shown() == [8_000, 8_000, 0]
        assert await books.batch() == []

    async def test_that_is_no_such_json_is_refused_whole_with_the_place(self, house: House) -> None:
        books = await Books.begin(house)
        good, bad = books.asked(("bank", "alice", 1)), books.asked(("bank", "alice", "1"))
        answer = await house.send("POST", f"{PATH}/batch", {"transactions": [good, bad]})
        assert answer.problem == (400, "invalid_request")
        assert "transactions[1].legs[0].amount" in answer.json["detail"]
        assert await books.shown() == [0, 0, 0]
