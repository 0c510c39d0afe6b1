"""A platform's own book over the API: what every test of it begins with."""

from typing import Any

from feiqian.infra.http import HttpClient
from feiqian.kernel.ids import new_id, show_id
from feiqian.members import Scope
from tests.loop.house import Answer, House
from tests.openapi.test_access import key_of

PATH = "/v1/ledger/transactions"


class Books:
    """Alice and Bob have wallets, the platform has cash at a bank, in CNY; and in USD where it is asked for."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.accounts: dict[str, str] = {}

    @classmethod
    async def begin(cls, house: House, book: str = "main") -> "Books":
        books = cls(house)
        for code, side, overdraft in (
            ("own.cash", "debit", None),
            ("own.wallet", "credit", 0),
            ("own.position", "credit", None),
        ):
            body = {"code": code, "side": side, "overdraft": overdraft, "chinese": code, "english": code}
            await house.ask("POST", "/v1/ledger/subjects", body)
        for name, code in (("bank", "own.cash"), ("alice", "own.wallet"), ("bob", "own.wallet")):
            await books.open(name, code, book=book)
        return books

    async def open(self, name: str, code: str, *, currency: str = "CNY", book: str = "main") -> str:
        """Open an account; its id."""
        body = {"book": book, "code": code, "owner": name, "currency": currency}
        account = await self.house.ask("POST", "/v1/ledger/accounts", body)
        key = name if currency == "CNY" else f"{name} {currency}"
        self.accounts[key] = account["id"]
        return account["id"]

    def leg(self, debit: str, credit: str, amount: int, currency: str = "CNY") -> dict[str, Any]:
        names = self.accounts
        return {
            "debit": names.get(debit, debit),
            "credit": names.get(credit, credit),
            "amount": amount,
            "currency": currency,
        }

    def asked(self, *legs: tuple[Any, ...], **more: Any) -> dict[str, Any]:
        """The body of a transaction with an id of its own."""
        body = {"id": self.new(), "kind": "test", "legs": [self.leg(*leg) for leg in legs], **more}
        return {name: value for name, value in body.items() if value != []}

    def new(self) -> str:
        return show_id("transaction", new_id(self.house.clock.now()))

    async def send(self, *legs: tuple[Any, ...], **more: Any) -> Answer:
        return await self.house.send("POST", PATH, self.asked(*legs, **more))

    async def post(self, *legs: tuple[Any, ...], **more: Any) -> str:
        """Post what must be posted; its id."""
        answer = await self.send(*legs, **more)
        assert answer.status == 201, answer
        return answer.json["id"]

    async def batch(self, *asked: dict[str, Any]) -> list[dict[str, Any]]:
        return (await self.house.ask("POST", f"{PATH}/batch", {"transactions": asked}))["items"]

    async def shown(self, *names: str) -> list[int]:
        """Balances, by the tests' names."""
        return [
            (await self.house.ask("GET", f"/v1/ledger/accounts/{self.accounts[name]}"))["balance"]
            for name in names or ("bank", "alice", "bob")
        ]

    async def account(self, name: str) -> dict[str, Any]:
        return await self.house.ask("GET", f"/v1/ledger/accounts/{self.accounts[name]}")


async def other_platform(house: House) -> dict[str, str]:
    """The headers of another platform's key."""
    return {"Authorization": f"Bearer {await key_of(house, 'another mall', *Scope)}"}


async def download(house: House, path: str) -> tuple[str, bytes]:
    """(content type, content) of a file."""
    async with HttpClient() as http:
        answer = await http.request(
            method="GET",
            url=house.url + path,
            headers={"Authorization": f"Bearer {house.api_key}", "Accept-Language": "en"},
            body=b"",
            timeout_s=30,
            response_bytes_max=4_000_000,
        )
    assert answer.status == 200, answer
    return answer.headers["Content-Type"], answer.body
