"""Posting in a platform's own books over HTTP: what was asked, what the accounts show after it."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from feiqian.infra.database import DatabaseUnavailable
from feiqian.kernel.ids import new_id, parse_id, show_id
from feiqian.ledger import NewTransaction, Result
from tests.loop.house import House
from tests.openapi.ledger_books import PATH, Books

pytestmark = pytest.mark.anyio


class TestATransaction:
    async def test_moves_what_it_says(self, house: House) -> None:
        books = await Books.begin(house)
        table = [
            # what                                                          bank alice bob
            ([("bank", "alice", 500)], [500, 500, 0]),
            ([("alice", "bob", 120)], [500, 380, 120]),
            ([("alice", "bank", 80), ("bob", "bank", 20)], [400, 300, 100]),
        ]
        for legs, expected in table:
            await books.post(*legs)
            assert await books.shown() == expected

    async def test_answers_201_once_and_200_ever_after(self, house: House) -> None:
        books = await Books.begin(house)
        asked = books.asked(("bank", "alice", 500))
        answers = [await house.send("POST", PATH, asked) for _ in range(3)]
        assert [answer.status for answer in answers] == [201, 200, 200]
        assert [answer.json for answer in answers] == [
            {"id": asked["id"], "outcome": outcome} for outcome in ("posted", "exists", "exists")
        ]
        plain = {**asked, "id": str(parse_id("transaction", asked["id"]))}
        answer = await house.send("POST", PATH, plain)
        assert (answer.status, answer.json["id"]) == (200, plain["id"])
        assert await books.shown() == [500, 500, 0]

    async def test_at_once_from_many_is_posted_once(self, house: House) -> None:
        books = await Books.begin(house)
        asked = books.asked(("bank", "alice", 500))
        answers = await asyncio.gather(*(house.send("POST", PATH, asked) for _ in range(20)))
        assert sorted(answer.status for answer in answers) == [200] * 19 + [201]
        assert await books.shown() == [500, 500, 0]

    async def test_of_many_callers_at_once_gives_each_its_own_answer(self, house: House) -> None:
        books = await Books.begin(house)
        await books.post(("bank", "alice", 50))
        answers = await asyncio.gather(*(books.send(("alice", "bob", amount)) for amount in (10, 60) * 10))
        assert [answer.status for answer in answers[1::2]] == [409] * 10
        assert sorted(answer.status for answer in answers[::2]) == [201] * 5 + [409] * 5
        assert await books.shown() == [50, 0, 50]

    async def test_that_is_refused_moves_nothing_and_says_why(self, house: House) -> None:
        books = await Books.begin(house)
        await books.open("alice", "own.wallet", currency="USD")
        await books.post(("bank", "alice", 100))
        now = new_id(house.clock.now())
        other = show_id("account", UUID(int=7))
        table: list[tuple[dict[str, Any], tuple[int, str]]] = [
            (books.asked(("alice", "bob", 101)), (409, "insufficient_funds")),
            (books.asked(("alice", "bob", 0)), (422, "amount_invalid")),
            (books.asked(("alice", "bob", -1)), (422, "amount_invalid")),
            (books.asked(("alice", "bob", 2**63)), (422, "amount_invalid")),
            (books.asked(("alice", "bob", 10**40)), (422, "amount_invalid")),
            (books.asked(("alice", "alice", 1)), (422, "same_account")),
            (books.asked(("alice", "alice USD", 1)), (422, "currency_mismatch")),
            (books.asked(("alice", "bob", 1, "USD")), (422, "currency_mismatch")),
            (books.asked(("alice", other, 1)), (404, "account_unknown")),
            (books.asked(("alice", "somebody", 1)), (404, "account_unknown")),
            (books.asked(), (422, "no_legs")),
            (books.asked(("alice", "bob", 1), kind=""), (422, "text_invalid")),
            (books.asked(("alice", "bob", 1), kind="k" * 65), (422, "text_invalid")),
            (books.asked(("alice", "bob", 1), memo="a\0b"), (422, "text_invalid")),
            (books.asked(("alice", "bob", 1), metadata={"k": "v" * 5000}), (422, "metadata_invalid")),
            (books.asked(("alice", "bob", 1), id=str(uuid4())), (422, "id_invalid")),
            (books.asked(("alice", "bob", 1), id="order-1"), (400, "invalid_request")),
            (books.asked(("alice", "bob", 1), id=f"payment_{str(now)[:26]}"), (400, "invalid_request")),
            (books.asked(("alice", "bob", 1), reverses=books.new()), (404, "reversed_unknown")),
            (books.asked(("alice", "bob", 1), action="hold", amount=1), (422, "action_invalid")),
            (books.asked(action="capture"), (422, "action_invalid")),
            (books.asked(action="capture", hold=books.new()), (404, "hold_unknown")),
            (books.asked(("alice", "bob", 1), action="burn"), (400, "invalid_request")),
            (books.asked(("alice", "bob", "1")), (400, "invalid_request")),
            (books.asked(("alice", "bob", 1.5)), (400, "invalid_request")),
            (books.asked(("alice", "bob", 1), effective_at="2026-03-01T00:00:00"), (400, "invalid_request")),
            *[
                (books.asked(("alice", "bob", 1), **{field: when}), (400, "invalid_request"))
                for field in ("effective_at", "expires_at")
                for when in ("0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-08:00")
            ],
            (books.asked(("alice", "bob", 1), business_date="9999-12-31"), (400, "invalid_request")),
            (books.asked(*[("alice", "bob", 1)] * 1001), (422, "too_many_legs")),
        ]
        for asked, problem in table:
            answer = await house.send("POST", PATH, asked)
            assert answer.problem == problem, asked
            assert answer.headers["Content-Type"] == "application/problem+json"
        assert await books.shown("bank", "alice", "bob", "alice USD") == [100, 100, 0, 0]

    async def test_under_a_used_id_with_other_content_is_refused_by_name(self, house: House) -> None:
        books = await Books.begin(house)
        asked = books.asked(("bank", "alice", 100), reference="o1", metadata={"a": "b"})
        assert (await house.send("POST", PATH, asked)).status == 201
        for altered, field in (
            ({"legs": [books.leg("bank", "alice", 101)]}, "amount"),
            ({"legs": [books.leg("bank", "bob", 100)]}, "credit_account"),
            ({"kind": "other"}, "kind"),
            ({"reference": "o2"}, "reference"),
            ({"metadata": {"a": "c"}}, "metadata"),
        ):
            answer = await house.send("POST", PATH, {**asked, **altered})
            assert answer.problem == (409, "exists_with_different_content"), field
            assert field in answer.json["detail"]
        assert await books.shown() == [100, 100, 0]

    async def test_refused_for_its_state_stays_refused(self, house: House) -> None:
        books = await Books.begin(house)
        asked = books.asked(("alice", "bob", 10))
        assert (await house.send("POST", PATH, asked)).problem == (409, "insufficient_funds")
        await books.post(("bank", "alice", 100))
        assert (await house.send("POST", PATH, asked)).problem == (409, "insufficient_funds")
        assert await books.shown() == [100, 100, 0]
        await books.post(("alice", "bob", 10))
        assert await books.shown() == [100, 90, 10]

    async def test_exchanges_currencies_through_positions(self, house: House) -> None:
        books = await Books.begin(house)
        for currency in ("CNY", "USD"):
            await books.open("fx", "own.position", currency=currency)
        await books.open("alice", "own.wallet", currency="USD")
        await books.post(("bank", "alice", 10_000))
        asked = books.asked(("alice", "fx", 7_200), ("fx USD", "alice USD", 1_000, "USD"))
        assert (await house.send("POST", PATH, asked)).status == 201
        assert await books.shown("alice", "fx", "fx USD", "alice USD") == [2_800, 7_200, -1_000, 1_000]
        rows = await house.ask("GET", "/v1/ledger/books/main/trial-balance")
        for total in rows["totals"]:
            assert total["closing_debit"] == total["closing_credit"], total
            assert total["debits"] == total["credits"], total

    async def test_is_found_again_by_what_is_known_of_it(self, house: House) -> None:
        books = await Books.begin(house)
        first = await books.post(("bank", "alice", 100), reference="o1", metadata={"till": "3", "shop": "A"})
        second = await books.post(
            ("bank", "bob", 7), reference="o2", kind="gift", effective_at="2019-05-02T23:30:00+08:00",
            metadata={"till": "3"}, memo="for you",
        )  # fmt: skip
        table = [
            ("reference=o1", [first]),
            ("kind=gift", [second]),
            ("metadata.till=3", [first, second]),
            ("metadata.till=3&metadata.shop=A", [first]),
            ("metadata.till=4", []),
            ("from=2019-05-02&to=2019-05-02", [second]),
            ("to=2019-05-01", []),
            ("", [first, second]),
        ]
        for query, expected in table:
            page = await house.ask("GET", f"{PATH}?{query}")
            assert [item["id"] for item in page["items"]] == expected, query
            assert page["next_cursor"] is None
        page = await house.ask("GET", f"{PATH}?limit=1")
        assert [item["id"] for item in page["items"]] == [first]
        page = await house.ask("GET", f"{PATH}?limit=1&cursor={page['next_cursor']}")
        assert [item["id"] for item in page["items"]] == [second]
        found = await house.ask("GET", f"{PATH}/{second}")
        assert (found["business_date"], found["effective_at"]) == ("2019-05-02", "2019-05-02T15:30:00Z")
        assert (found["kind"], found["memo"], found["metadata"]) == ("gift", "for you", {"till": "3"})
        assert [leg["amount"] for leg in found["legs"]] == [7]

    async def test_is_told_when_nobody_can_say_what_became_of_it(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        books = await Books.begin(house)
        asked = books.asked(("bank", "alice", 100))
        poster = house.services.poster
        posted = poster._run  # pyright: ignore[reportPrivateUsage] - the connection breaks between commit and answer

        async def lost(transactions: list[NewTransaction]) -> list[Result]:
            await posted(transactions)
            raise DatabaseUnavailable

        monkeypatch.setattr(poster._collapser, "_run", lost)  # pyright: ignore[reportPrivateUsage] - the same
        answers = await asyncio.gather(*(house.send("POST", PATH, asked) for _ in range(3)))
        assert {answer.problem for answer in answers} == {(503, "database_unavailable")}
        assert all(answer.json["retryable"] for answer in answers)
        monkeypatch.undo()
        assert (await house.send("POST", PATH, asked)).status == 200
        assert await books.shown() == [100, 100, 0]
