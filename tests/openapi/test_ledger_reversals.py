"""Reversals in a platform's own books over HTTP."""

import pytest

from tests.loop.house import House
from tests.openapi.ledger_books import PATH, Books

pytestmark = pytest.mark.anyio


class TestAReversal:
    async def test_takes_back_the_whole_or_a_part_never_more(self, house: House) -> None:
        books = await Books.begin(house)
        sale = await books.post(("bank", "alice", 100), reference="o1")
        table = [
            ({"amount": 30}, 201, 70),
            ({"amount": 71}, 409, 70),
            ({}, 409, 70),
            ({"amount": 0}, 422, 70),
            ({"amount": 70}, 201, 0),
            ({"amount": 1}, 409, 0),
        ]
        for asked, status, left in table:
            answer = await house.send("POST", f"{PATH}/{sale}/reverse", {"id": books.new(), **asked})
            assert answer.status == status, (asked, answer)
            assert await books.shown() == [left, left, 0]

    async def test_of_several_legs_names_them(self, house: House) -> None:
        books = await Books.begin(house)
        sale = await books.post(("bank", "alice", 100), ("bank", "bob", 10))
        path = f"{PATH}/{sale}/reverse"
        for asked, problem in (
            ({"amount": 5}, (400, "invalid_request")),
            ({"amount": 5, "legs": [{"leg": 0, "amount": 5}]}, (400, "invalid_request")),
            ({"legs": [{"leg": 2, "amount": 5}]}, (400, "invalid_request")),
            ({"legs": [{"leg": -1, "amount": 5}]}, (400, "invalid_request")),
            ({"legs": []}, (422, "no_legs")),
            ({"legs": [{"leg": 1, "amount": 11}]}, (409, "reversal_exceeded")),
        ):
            answer = await house.send("POST", path, {"id": books.new(), **asked})
            assert answer.problem == problem, asked
        assert await books.shown() == [110, 100, 10]
        body = {"id": books.new(), "legs": [{"leg": 1, "amount": 4}], "memo": "returned"}
        first = await house.send("POST", path, body)
        again = await house.send("POST", path, body)
        assert (first.status, again.status) == (201, 200)
        assert await books.shown() == [106, 100, 6]
        found = await house.ask("GET", f"{PATH}/{body['id']}")
        assert (found["reverses_id"], found["memo"], found["kind"]) == (sale, "returned", "reversal")
