"""A whole house under test: server, worker and database, with WeChat Pay beside it as a process of its own."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
import pytest

from feiqian.app.contracts import Contract
from feiqian.app.databases import DatabaseUrls
from feiqian.app.invariants import check_all
from feiqian.app.run import free_port, serving
from feiqian.app.sandbox import SandboxPlaces, contracts_in
from feiqian.app.server import build
from feiqian.app.services import Services, open_services
from feiqian.channels import ChannelKind
from feiqian.infra.database import Database, Transaction
from feiqian.infra.http import HttpAnswer, HttpClient
from feiqian.infra.server import Server
from feiqian.infra.settings import Settings
from feiqian.kernel.clock import ManualClock
from feiqian.kernel.ids import parse_id
from feiqian.ledger import CHART, PLATFORM_BOOK, AccountCode, Side, count_transactions
from feiqian.members import Scope, issue_api_key, register_merchant, register_platform
from feiqian.payments import history

PATIENCE_S = 30
"""How long a test waits for what must come; reached only when it does not."""
MERCHANTS = ("A", "B")
NAMES = {"receivable": "channel", "in_transit": "transit", "fee_income": "fee", "custody": "bank"}
"""Short names of accounts; the others go by the second half of their code."""

T = TypeVar("T")


class Answer(msgspec.Struct, frozen=True):
    """What came back over HTTP."""

    status: int
    headers: Mapping[str, str]
    json: Any

    @property
    def problem(self) -> tuple[int, str]:
        """(status, code) of a refusal."""
        return self.status, self.json["code"]


async def eventually(look: Callable[[], Awaitable[T]], wanted: Callable[[T], bool]) -> T:
    """Look until it is as wanted.

    Raises: AssertionError with what was seen last.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_S
    while True:
        seen = await look()
        if wanted(seen):
            return seen
        assert loop.time() < deadline, f"not within {PATIENCE_S} s; last seen: {seen}"
        await asyncio.sleep(0.02)


class House:
    """One running house with two merchants, A and B, and what a test does to it."""

    def __init__(self, services: Services, *, url: str, api_key: str, http: HttpClient) -> None:
        assert services.sandbox is not None
        assert isinstance(services.clock, ManualClock)
        self.services = services
        self.database: Database = services.database
        self.url = url
        self.api_key = api_key
        self.clock: ManualClock = services.clock
        self.places = services.sandbox
        self._http = http

    async def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        base_url: str | None = None,
    ) -> Answer:
        """One request to the house as the partner, or to another address as nobody."""
        given = {"Content-Type": "application/json", "Accept-Language": "en"}
        if base_url is None:
            given["Authorization"] = f"Bearer {self.api_key}"
        answer = await self._http.request(
            method=method,
            url=(base_url or self.url) + path,
            headers={name: value for name, value in {**given, **(headers or {})}.items() if value},
            body=raw if raw is not None else b"" if body is None else msgspec.json.encode(body),
            timeout_s=PATIENCE_S,
            response_bytes_max=4_000_000,
        )
        return Answer(answer.status, answer.headers, _json(answer))

    async def send_large(self, path: str, body: bytes, headers: Mapping[str, str]) -> int:
        """POST a body that may be refused before it has been read; the status."""
        address = urlsplit(self.url)
        assert address.hostname is not None
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        lines = [f"POST {path} HTTP/1.1", f"Host: {address.netloc}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "Connection: close", "", ""]).encode())
        writer.write(body)
        status = int((await reader.readline()).split()[1])
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        return status

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        """A request that must succeed; its content."""
        answer = await self.send(method, path, body)
        assert answer.status < 300, (method, path, answer)
        return answer.json

    async def sandbox(
        self, method: str, path: str, body: object = None, *, kind: ChannelKind = ChannelKind.WECHATPAY
    ) -> Answer:
        """A request to a simulator's own controls."""
        return await self.send(method, path, body, base_url=self.places.url(kind))

    async def at(self, moment: datetime) -> None:
        """Set all clocks; the channels' first, so that no call of ours is ahead of them."""
        for kind in self.places.addresses:
            await self.sandbox("POST", "/sandbox/clock", {"now": max(moment, self.clock.now())}, kind=kind)
        self.clock.advance_to(moment)

    async def later(self, **how_much: float) -> None:
        """Let time pass."""
        await self.at(self.clock.now() + timedelta(**how_much))

    async def behave(self, **how: object) -> None:
        """Tell the channel how to misbehave."""
        answer = await self.sandbox("POST", "/sandbox/behaviour", how)
        assert answer.status == 200, answer

    async def create(self, order_no: str, *lines: int, **more: object) -> Any:
        """A payment whose first line is A's, whose second is B's, and so on around."""
        amounts = lines or (1000,)
        body = {
            "order_no": order_no,
            "amount": sum(amounts),
            "currency": "CNY",
            "description": f"Order {order_no}",
            "lines": [
                {"merchant_no": MERCHANTS[index % len(MERCHANTS)], "amount": amount}
                for index, amount in enumerate(amounts)
            ],
            **more,
        }
        return await self.ask("POST", "/v1/payments", body)

    async def pay(self, payment: Mapping[str, Any]) -> None:
        """The buyer scans the code and pays."""
        answer = await self.sandbox("POST", "/sandbox/pay", {"code_url": payment["code_url"]})
        assert answer.status == 200, answer

    async def pay_number(self, payment: Mapping[str, Any]) -> None:
        """The buyer pays an order whose code we never got to see."""
        answer = await self.sandbox("POST", "/sandbox/pay", {"out_trade_no": out_trade_no(payment)})
        assert answer.status == 200, answer

    async def paid(self, order_no: str, *lines: int, **more: object) -> Any:
        """A payment that succeeded."""
        payment = await self.create(order_no, *lines, **more)
        await self.pay(payment)
        return await self.payment_in("succeeded", payment)

    async def payment(self, payment: Mapping[str, Any]) -> Any:
        """The payment as it is now."""
        return await self.ask("GET", f"/v1/payments/{payment['id']}")

    async def payment_in(self, state: str, payment: Mapping[str, Any]) -> Any:
        """The payment once it is in a state."""
        return await eventually(lambda: self.payment(payment), lambda seen: seen["state"] == state)

    async def refund(self, payment: Mapping[str, Any], refund_no: str, amount: int) -> Any:
        """A refund that was asked for."""
        body = {"refund_no": refund_no, "amount": amount, "reason": "returned"}
        return await self.ask("POST", f"/v1/payments/{payment['id']}/refunds", body)

    async def refund_in(self, state: str, refund: Mapping[str, Any]) -> Any:
        """The refund once it is in a state."""
        return await eventually(
            lambda: self.ask("GET", f"/v1/refunds/{refund['id']}"), lambda seen: seen["state"] == state
        )

    async def refunded(self, payment: Mapping[str, Any], refund_no: str, amount: int) -> Any:
        """A refund that succeeded."""
        return await self.refund_in("succeeded", await self.refund(payment, refund_no, amount))

    async def order(self, payment: Mapping[str, Any]) -> Any:
        """What the channel knows of a payment: the order, its refunds, its callbacks with every attempt."""
        return (await self.sandbox("GET", f"/sandbox/orders/{out_trade_no(payment)}")).json

    async def attempts(self, payment: Mapping[str, Any]) -> list[tuple[str, int | None]]:
        """(form, our answer) of every attempt of every callback about a payment, in order."""
        found = await self.order(payment)
        return [
            (attempt["form"], attempt["status"])
            for callback in found["callbacks"]
            for attempt in callback["deliveries"]
        ]

    async def events(self, payment: Mapping[str, Any]) -> list[str]:
        """What happened to a payment, in order."""
        async with self.database.transaction() as tx:
            return [line.event.value for line in await history(tx, parse_id("payment", payment["id"]))]

    async def books(self) -> dict[str, int]:
        """Every balance that is not zero, each in its account's own direction; merchants by their numbers."""
        async with self.database.transaction() as tx:
            return await books(tx)

    async def posted(self) -> int:
        """How many ledger transactions there are."""
        async with self.database.transaction() as tx:
            return await count_transactions(tx)

    async def broken(self) -> list[str]:
        """Invariants that do not hold, of any domain."""
        async with self.database.transaction() as tx:
            return await broken(tx)


async def books(tx: Transaction) -> dict[str, int]:
    """Balances of the platform's book that are not zero: ``A pending`` of merchant A, ``channel`` of all channels, ``fee`` …"""
    rows = await tx.connection.execute(
        "SELECT m.merchant_no, a.code, a.debits - a.credits FROM ledger.account a"
        " LEFT JOIN members.merchant m ON m.cell = a.cell AND m.id::text = a.owner"
        " WHERE a.cell = %s AND a.debits <> a.credits AND a.book = %s ORDER BY 1, 2",
        (tx.cell, PLATFORM_BOOK),
    )
    found: dict[str, int] = {}
    for merchant_no, code, net in await rows.fetchall():
        name: str = code.partition(".")[2]
        name = f"{merchant_no} {name}" if merchant_no else NAMES.get(name, name)
        found[name] = found.get(name, 0) + (net if CHART[AccountCode(code)].side is Side.DEBIT else -net)
    return found


async def broken(tx: Transaction) -> list[str]:
    """Names and samples of the invariants that do not hold."""
    return [f"{f.domain}.{f.name}: {f.sample}" for f in await check_all(tx) if f.violations]


def out_trade_no(payment: Mapping[str, Any]) -> str:
    """Our number at the channel for a payment."""
    return "P" + payment["id"].removeprefix("payment_")


@asynccontextmanager
async def open_house(
    *,
    urls: tuple[str, str],
    data_dir: Path,
    sandbox_url: str,
    now: datetime,
    working: bool = True,
    webhook_url: str | None = None,
    places: SandboxPlaces | None = None,
    contracts: Sequence[Contract] | None = None,
) -> AsyncGenerator[House]:
    """A house over a migrated database; without ``working``, one whose worker has died.

    It is connected to WeChat Pay alone, or to every simulator of ``places``, or as ``contracts`` say.
    """
    settings = Settings(data_dir=data_dir, port=free_port(), connections_max=8)
    places = places or SandboxPlaces(data_dir=data_dir, addresses={ChannelKind.WECHATPAY: (sandbox_url,)})
    with pytest.MonkeyPatch.context() as patch:
        # What the worker looks for every second it finds sooner here; what is due when, the house's clock says.
        patch.setattr("feiqian.app.run.CHECK_EVERY_S", 0.1)
        patch.setattr("feiqian.app.run.WEBHOOKS_EVERY_S", 0.1)
        async with (
            HttpClient() as http,
            open_services(
                settings=settings,
                urls=DatabaseUrls(*urls),
                clock=ManualClock(now),
                contracts=contracts_in(places) if contracts is None else contracts,
                sandbox=places,
            ) as services,
        ):
            api_key = await set_up(services.database, now, webhook_url)
            async with serving(services, with_days=False) if working else serving_only(services) as url:
                house = House(services, url=url, api_key=api_key, http=http)
                await house.behave(callback="normal", prepay="normal", refund="normal", bill="normal")
                # The channel outlives houses: its clock is set back to where this one begins.
                for kind in places.addresses:
                    await house.sandbox("POST", "/sandbox/clock", {"now": now}, kind=kind)
                yield house


@asynccontextmanager
async def serving_only(services: Services) -> AsyncGenerator[str]:
    """The faces without a worker."""
    server = Server(build(services), host="127.0.0.1", port=services.settings.port, owns_signals=False)
    task = asyncio.create_task(server.serve())
    try:
        while not server.started:
            assert not task.done(), "the server ended while starting"
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{services.settings.port}"
    finally:
        server.should_exit = True
        await task


async def set_up(database: Database, now: datetime, webhook_url: str | None) -> str:
    """A platform with its merchants; returns its API key."""

    async def operation(tx: Transaction) -> str:
        platform: UUID = await register_platform(
            tx, now=now, name="mall", webhook_url=webhook_url, webhook_secret="a secret of the mall"
        )
        for merchant_no in MERCHANTS:
            await register_merchant(
                tx, now=now, platform=platform, merchant_no=merchant_no, name=f"Merchant {merchant_no}"
            )
        return await issue_api_key(tx, now=now, platform=platform, label="tests", scopes=tuple(Scope))

    return await database.run(operation)


def _json(answer: HttpAnswer) -> Any:
    kind = answer.headers.get("Content-Type", "")
    return msgspec.json.decode(answer.body) if "json" in kind and answer.body else None
