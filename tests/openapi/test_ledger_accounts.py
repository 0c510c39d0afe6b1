"""A platform's own accounts over HTTP: opened, limited, frozen, closed, and what they had at any moment."""

import csv
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.loop.house import House
from tests.openapi.ledger_books import Books, download

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

pytestmark = pytest.mark.anyio


def moment(at: datetime, **later: float) -> str:
    """As it is written in a query."""
    return (at + timedelta(**later)).isoformat().replace("+00:00", "Z")


class TestASubject:
    async def test_is_defined_once(self, house: House) -> None:
        body = {
            "code": "own.float",
            "side": "debit",
            "overdraft": None,
            "chinese": "备用金",
            "english": "Float",
        }
        first = await house.ask("POST", "/v1/ledger/subjects", body)
        assert await house.ask("POST", "/v1/ledger/subjects", body) == first
        listed = (await house.ask("GET", "/v1/ledger/subjects"))["items"]
        assert [each["code"] for each in listed] == ["own.float"]
        answer = await house.send("POST", "/v1/ledger/subjects", {**body, "side": "credit"})
        assert answer.problem == (409, "exists_with_different_request")
        for code in ("float", "own.", "own.Float", "merchant.available"):
            answer = await house.send("POST", "/v1/ledger/subjects", {**body, "code": code})
            assert answer.problem == (400, "invalid_request"), code


class TestAnAccount:
    async def test_is_the_same_however_often_it_is_opened(self, house: House) -> None:
        books = await Books.begin(house)
        first = await books.account("alice")
        assert await books.open("alice", "own.wallet") == first["id"]
        assert (first["book"], first["code"], first["owner"], first["side"]) == (
            "main",
            "own.wallet",
            "alice",
            "credit",
        )
        assert (first["balance"], first["available"], first["overdraft"], first["entries"]) == (0, 0, 0, 0)
        for altered, problem in (
            ({"code": "own.unknown"}, (404, "subject_unknown")),
            ({"currency": "XXX"}, (400, "invalid_request")),
            ({"owner": ""}, (400, "invalid_request")),
            ({"owner": "o" * 129}, (400, "invalid_request")),
        ):
            body = {"book": "main", "code": "own.wallet", "owner": "x", "currency": "CNY", **altered}
            assert (await house.send("POST", "/v1/ledger/accounts", body)).problem == problem, altered

    async def test_is_listed_with_filters(self, house: House) -> None:
        books = await Books.begin(house)
        await books.open("carol", "own.wallet", book="other")
        await books.post(("bank", "alice", 5))
        table = [
            ("book=main", ["bank", "alice", "bob"]),
            ("book=other", ["carol"]),
            ("book=main&code=own.wallet", ["alice", "bob"]),
            ("book=main&owner_prefix=b", ["bank", "bob"]),
            ("book=main&non_zero=true", ["bank", "alice"]),
            ("book=main&frozen=true", []),
        ]
        for query, expected in table:
            page = await house.ask("GET", f"/v1/ledger/accounts?{query}")
            assert [item["owner"] for item in page["items"]] == expected, query
        seen: list[str] = []
        cursor = ""
        while True:
            page = await house.ask("GET", f"/v1/ledger/accounts?book=main&limit=1{cursor}")
            seen += [item["owner"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert seen == ["bank", "alice", "bob"]
        assert (await house.ask("GET", "/v1/ledger/books"))["items"] == [{"name": "main"}, {"name": "other"}]

    async def test_refuses_while_it_is_frozen_and_says_who_froze_it(self, house: House) -> None:
        books = await Books.begin(house)
        await books.post(("bank", "alice", 100))
        path = f"/v1/ledger/accounts/{books.accounts['alice']}"
        table = [
            # frozen   in   out
            ("debits", 201, 409),
            ("credits", 409, 201),
            ("both", 409, 409),
            ("no", 201, 201),
        ]
        for frozen, into, out in table:
            account = await house.ask("POST", f"{path}/freeze", {"frozen": frozen, "reason": "case 7"})
            assert account["frozen"] == frozen
            assert (
                (await books.send(("bank", "alice", 1))).status,
                (await books.send(("alice", "bob", 1))).status,
            ) == (into, out)
        changes = (await house.ask("GET", f"{path}/changes"))["items"]
        assert len(changes) == 5
        frozen = [each for each in changes if each["what"] == "frozen"]
        assert {(each["reason"], each["changed_by"]) for each in frozen} == {("case 7", "platform:mall")}

    async def test_goes_below_zero_only_to_its_limit(self, house: House) -> None:
        books = await Books.begin(house)
        path = f"/v1/ledger/accounts/{books.accounts['alice']}/overdraft"
        assert (await house.ask("POST", path, {"overdraft": 50, "reason": "trusted"}))["available"] == 50
        assert (await books.send(("alice", "bob", 51))).problem == (409, "insufficient_funds")
        await books.post(("alice", "bob", 50))
        answer = await house.send("POST", path, {"overdraft": 49, "reason": "less"})
        assert answer.problem == (409, "overdraft_in_use")
        assert (await house.ask("POST", path, {"overdraft": None, "reason": "more"}))["available"] is None
        await books.post(("alice", "bob", 1000))
        assert await books.shown("alice", "bob") == [-1050, 1050]

    async def test_is_closed_empty_and_for_good(self, house: House) -> None:
        books = await Books.begin(house)
        await books.post(("bank", "alice", 1))
        path = f"/v1/ledger/accounts/{books.accounts['alice']}/close"
        assert (await house.send("POST", path, {"reason": "left"})).problem == (409, "account_not_empty")
        await books.post(("alice", "bob", 1))
        assert (await house.ask("POST", path, {"reason": "left"}))["closed_at"] is not None
        assert (await books.send(("bank", "alice", 1))).problem == (409, "account_closed")
        assert await books.shown() == [1, 0, 1]


class TestABalance:
    async def test_is_known_for_every_moment_and_every_date(self, house: House) -> None:
        books = await Books.begin(house)
        begun = house.clock.now()
        await house.later(hours=1)
        await books.post(("bank", "alice", 100))
        first = house.clock.now()
        await house.later(days=1)
        await books.post(("bank", "alice", 10))
        await books.post(("bank", "bob", 1), business_date="2026-02-20", effective_at="2026-02-20T04:00:00Z")
        await house.later(days=1)

        async def at(query: str) -> list[int]:
            return [
                (await house.ask("GET", f"/v1/ledger/accounts/{books.accounts[name]}/balance{query}"))[
                    "balance"
                ]
                for name in ("bank", "alice", "bob")
            ]

        table = [
            # asked                                          bank alice bob
            ("", [111, 110, 1]),
            (f"?at={moment(begun)}", [0, 0, 0]),
            (f"?at={moment(first)}", [0, 0, 0]),
            (f"?at={moment(first, seconds=1)}", [100, 100, 0]),
            ("?business_date=2026-02-19", [0, 0, 0]),
            ("?business_date=2026-02-20", [1, 0, 1]),
            ("?business_date=2026-03-02", [101, 100, 1]),
            ("?business_date=2026-03-03", [111, 110, 1]),
        ]
        for query, expected in table:
            assert await at(query) == expected, query
        path = f"/v1/ledger/accounts/{books.accounts['bank']}/balance"
        for query in (f"?at={moment(first)}&business_date=2026-03-02", "?at=2026-03-02T00:00:00", "?at=x"):
            assert (await house.send("GET", path + query)).problem == (400, "invalid_request"), query

    async def test_of_a_group_and_a_book_adds_up(self, house: House) -> None:
        books = await Books.begin(house)
        members = [books.accounts[name] for name in ("alice", "bob")]
        await house.ask("POST", "/v1/ledger/groups/people/add", {"accounts": members})
        await books.post(("bank", "alice", 100))
        await books.post(("bank", "bob", 10), business_date="2026-02-20")

        def closing(found: Any) -> list[tuple[str, int, int]]:
            return [(row["code"], row["closing_debit"], row["closing_credit"]) for row in found["rows"]]

        group = "/v1/ledger/groups/people/balance"
        book = "/v1/ledger/books/main/trial-balance"
        assert closing(await house.ask("GET", group)) == [("own.wallet", 0, 110)]
        assert closing(await house.ask("GET", f"{group}?business_date=2026-02-20")) == [("own.wallet", 0, 10)]
        assert closing(await house.ask("GET", book)) == [("own.cash", 110, 0), ("own.wallet", 0, 110)]
        assert closing(await house.ask("GET", f"{book}?at={moment(house.clock.now())}")) == []
        (total,) = (await house.ask("GET", book))["totals"]
        assert total == {
            "currency": "CNY", "debits": 110, "credits": 110, "closing_debit": 110, "closing_credit": 110,
        }  # fmt: skip
        await house.ask("POST", "/v1/ledger/groups/people/remove", {"accounts": members[1:]})
        assert closing(await house.ask("GET", group)) == [("own.wallet", 0, 100)]
        page = await house.ask("GET", "/v1/ledger/accounts?book=main&group=people")
        assert [item["owner"] for item in page["items"]] == ["alice"]


class TestAStatement:
    async def test_shows_the_balance_after_every_entry(self, house: House) -> None:
        books = await Books.begin(house)
        await books.post(("bank", "alice", 100), reference="o1")
        hold = await books.post(("alice", "bob", 40), action="hold")
        await books.send(action="capture", hold=hold, amount=15)
        path = f"/v1/ledger/accounts/{books.accounts['alice']}/statement"
        lines = (await house.ask("GET", path))["items"]
        assert [
            (each["sequence"], each["action"], each["amount"], each["held"], each["balance"])
            for each in lines
        ] == [
            (3, "capture", -15, -15, 85),
            (2, "hold", 0, 40, 100),
            (1, "post", 100, 0, 100),
        ]
        assert lines[0]["hold_id"] == hold
        table = [
            ("moved=true", [3, 1]),
            ("from=2026-03-02&to=2026-03-02", [3, 2, 1]),
            ("to=2026-03-01", []),
            ("kind=nothing", []),
        ]
        for query, expected in table:
            page = await house.ask("GET", f"{path}?{query}")
            assert [item["sequence"] for item in page["items"]] == expected, query
        page = await house.ask("GET", f"{path}?limit=2")
        page = await house.ask("GET", f"{path}?limit=2&cursor={page['next_cursor']}")
        assert [item["sequence"] for item in page["items"]] == [1]

    async def test_is_kept_as_a_file(self, house: House) -> None:
        books = await Books.begin(house)
        await books.post(("bank", "alice", 12_345), reference="o1", memo="=1+1")
        await books.post(
            ("alice", "bob", 45), business_date="2026-03-01", effective_at="2026-03-01T04:00:00Z"
        )
        path = f"/v1/ledger/accounts/{books.accounts['alice']}/statement"
        kind, content = await download(house, f"{path}.csv?from=2026-03-01&to=2026-03-02")
        assert kind.startswith("text/csv")
        rows = list(csv.reader(content.decode("utf-8-sig").splitlines()))
        assert [(row[5], row[7], row[8], row[9]) for row in rows[2:-1]] == [
            ("o1", "", "123.45", "123.45"),
            ("", "0.45", "", "123.00"),
        ]
        assert rows[-1][6:10] == [rows[-1][6], "0.45", "123.45", "123.00"]
        assert "'=1+1" in content.decode()
        kind, content = await download(house, f"{path}.xlsx")
        assert (kind, content[:2]) == (XLSX, b"PK")
        kind, content = await download(house, f"{path}.pdf")
        assert (kind, content[:5]) == ("application/pdf", b"%PDF-")


class TestTheHouse:
    async def test_keeps_its_days_whatever_platforms_post(self, house: House) -> None:
        books = await Books.begin(house)
        await house.paid("1", 600, 400)
        await books.post(("bank", "alice", 100), effective_at="2015-01-01T00:00:00Z")
        await books.post(("bank", "alice", 100))
        await house.later(days=2)
        for step in ("close", "reconcile"):
            await house.ask("POST", f"/v1/days/2026-03-02/{step}")
        assert (await house.send("POST", "/v1/days/2015-01-01/close")).problem == (422, "day_before_trade")
