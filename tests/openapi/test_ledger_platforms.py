"""Each platform is alone with its own books: it neither sees nor moves those of others, nor the house's."""

from uuid import UUID

import pytest

from feiqian.kernel.ids import show_id
from feiqian.members import Scope
from tests.loop.house import House
from tests.openapi.ledger_books import PATH, Books, other_platform
from tests.openapi.test_access import key_of

pytestmark = pytest.mark.anyio


class TestAPlatform:
    async def test_neither_sees_nor_moves_what_is_in_the_books_of_another(self, house: House) -> None:
        books = await Books.begin(house)
        paid = await books.post(("bank", "alice", 100), reference="o1")
        hold = await books.post(("alice", "bob", 50), action="hold")
        alice = books.accounts["alice"]
        headers = await other_platform(house)
        for path in (
            f"/v1/ledger/accounts/{alice}",
            f"/v1/ledger/accounts/{alice}/balance",
            f"/v1/ledger/accounts/{alice}/statement",
            f"/v1/ledger/accounts/{alice}/changes",
            f"/v1/ledger/holds?account={alice}",
            f"/v1/ledger/holds/{hold}",
            f"{PATH}/{paid}",
        ):
            answer = await house.send("GET", path, headers=headers)
            assert answer.problem == (404, "not_found"), path
        for path, body in (
            (f"/v1/ledger/accounts/{alice}/freeze", {"frozen": "both", "reason": "mine"}),
            (f"/v1/ledger/accounts/{alice}/overdraft", {"overdraft": 0, "reason": "mine"}),
            (f"/v1/ledger/accounts/{alice}/close", {"reason": "mine"}),
            ("/v1/ledger/groups/all/add", {"accounts": [alice]}),
            (f"{PATH}/{paid}/reverse", {"id": books.new()}),
        ):
            answer = await house.send("POST", path, body, headers=headers)
            assert answer.problem == (404, "not_found"), path
        for asked, problem in (
            (books.asked(("alice", "bob", 1)), (404, "account_unknown")),
            (books.asked(action="capture", hold=hold), (404, "hold_unknown")),
            (books.asked(action="release", hold=hold), (404, "hold_unknown")),
        ):
            answer = await house.send("POST", PATH, asked, headers=headers)
            assert answer.problem == problem, asked
        for path in ("/v1/ledger/accounts?book=main", f"{PATH}?reference=o1", PATH, "/v1/ledger/books"):
            assert (await house.send("GET", path, headers=headers)).json["items"] == [], path
        assert await books.shown() == [100, 100, 0]
        assert (await books.account("alice"))["held"] == 50

    async def test_has_its_own_accounts_under_the_same_names(self, house: House) -> None:
        mine = await Books.begin(house)
        key = house.api_key
        house.api_key = (await other_platform(house))["Authorization"].removeprefix("Bearer ")
        theirs = await Books.begin(house)
        assert theirs.accounts != mine.accounts
        await theirs.post(("bank", "alice", 7))
        house.api_key = key
        assert await mine.shown() == [0, 0, 0]

    async def test_reaches_no_book_but_its_own_by_any_name(self, house: House) -> None:
        await Books.begin(house)
        for book in ("platform:x", "own:mall:main", "../main", "Main", "", "a:b", "a" * 65):
            body = {"book": book, "code": "own.cash", "owner": "x", "currency": "CNY"}
            answer = await house.send("POST", "/v1/ledger/accounts", body)
            assert answer.problem == (400, "invalid_request"), book
        body = {"book": "main", "code": "merchant.available", "owner": "x", "currency": "CNY"}
        assert (await house.send("POST", "/v1/ledger/accounts", body)).problem == (422, "code_book_mismatch")

    async def test_whose_name_begins_as_a_book_of_another_owns_none_of_it(self, house: House) -> None:
        books = await Books.begin(house)
        await books.post(("bank", "alice", 5), reference="o1")
        for name in ("mall:main", "mal", "mall:"):
            headers = {"Authorization": f"Bearer {await key_of(house, name, *Scope)}"}
            key, house.api_key = house.api_key, headers["Authorization"].removeprefix("Bearer ")
            theirs = await Books.begin(house)
            await theirs.post(("bank", "alice", 7), reference="o1")
            assert len((await house.ask("GET", f"{PATH}?reference=o1"))["items"]) == 1, name
            answer = await house.send("POST", PATH, books.asked(("bank", "alice", 1)))
            assert answer.problem == (404, "account_unknown"), name
            house.api_key = key
            answer = await house.send("POST", PATH, theirs.asked(("bank", "alice", 1)))
            assert answer.problem == (404, "account_unknown"), name
            assert len((await house.ask("GET", f"{PATH}?reference=o1"))["items"]) == 1, name
            assert (await house.ask("GET", "/v1/ledger/books"))["items"] == [{"name": "main"}]
        assert await books.shown() == [5, 5, 0]

    async def test_posts_nothing_into_the_house(self, house: House) -> None:
        books = await Books.begin(house)
        await house.paid("1", 600, 400)
        before = await house.books()
        async with house.database.transaction() as tx:
            rows = await tx.all(UUID, "SELECT id FROM ledger.account WHERE book = 'platform'")
        for id in rows:
            name = show_id("account", id)
            answer = await books.send((name, "alice", 1))
            assert answer.problem == (404, "account_unknown")
            assert (await house.send("GET", f"/v1/ledger/accounts/{name}")).problem == (404, "not_found")
        assert await house.books() == before
