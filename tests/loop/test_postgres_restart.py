"""PostgreSQL is restarted and killed while payments are made: what was acknowledged is there once, the rest is told to retry."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, MutableMapping, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from feiqian.infra.migrations import migrate
from feiqian.infra.postgres import EmbeddedPostgres
from tests.conftest import NOW
from tests.loop.house import Answer, House, eventually, open_house

pytestmark = pytest.mark.anyio

CLIENTS = 6


class Buyers:
    """Six of them order and pay without pause; each request is sent again as long as it is told to retry."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.answers: Counter[tuple[int, str | None]] = Counter()
        """(status, code) of every answer to every request."""
        self.acknowledged: dict[str, Any] = {}
        """Order number -> payment, of every order that was answered with 201."""
        self.paid: set[str] = set()
        """Orders whose buyer has paid at the channel."""
        self._numbers = count(1)
        self._closing = asyncio.Event()

    async def shop(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(CLIENTS):
                group.create_task(self._buy_and_buy())

    def close(self) -> None:
        self._closing.set()

    async def refused(self, times: int) -> None:
        """Wait until so many requests were told to retry."""
        before = self.answers[503, "database_unavailable"]
        await eventually(self._refusals, lambda seen: seen >= before + times)

    async def served(self, times: int) -> None:
        """Wait until so many more orders were paid."""
        before = len(self.paid)
        await eventually(self._payments, lambda seen: seen >= before + times)

    async def _refusals(self) -> int:
        return self.answers[503, "database_unavailable"]

    async def _payments(self) -> int:
        return len(self.paid)

    async def _buy_and_buy(self) -> None:
        while not self._closing.is_set():
            order_no = str(next(self._numbers))
            body = {
                "order_no": order_no,
                "amount": 1000,
                "currency": "CNY",
                "description": "x",
                "lines": [{"merchant_no": "A", "amount": 1000}],
            }
            payment = await self._insist("POST", "/v1/payments", body)
            while payment["code_url"] is None:
                payment = await self._insist("POST", f"/v1/payments/{payment['id']}/query")
            self.acknowledged[order_no] = payment
            await self.house.pay(payment)
            self.paid.add(order_no)

    async def _insist(self, method: str, path: str, body: object = None) -> Any:
        while True:
            answer = await self.house.send(method, path, body)
            self.answers[answer.status, _code(answer)] += 1
            if answer.status < 300:
                return answer.json
            assert answer.json["retryable"], answer
            await asyncio.sleep(0.01)


def _code(answer: Answer) -> str | None:
    return answer.json.get("code") if answer.status >= 300 else None


@pytest.fixture
def server(public_dir: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(public_dir)


@pytest.fixture
async def house(
    server: EmbeddedPostgres, channel_dir: Path, sandbox_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[House]:
    # The worker gives PostgreSQL up soon, so that it has to find its way back.
    monkeypatch.setattr("feiqian.infra.jobs.CONNECT_WITHIN_S", 0.5)
    with server:
        migrate(server.admin_url)
        urls = (server.url, server.admin_url)
        async with open_house(urls=urls, data_dir=channel_dir, sandbox_url=sandbox_url, now=NOW) as opened:
            yield opened
            assert await opened.broken() == []


def restart(server: EmbeddedPostgres) -> None:
    server.stop()


def kill(server: EmbeddedPostgres) -> None:
    """The postmaster dies without a word; its children notice."""
    assert server.process_id is not None
    os.kill(server.process_id, signal.SIGKILL)
    server.stop()


class TestPaymentsWhilePostgresGoesAway:
    @pytest.mark.parametrize("end", [restart, kill])
    async def test_are_each_made_once_or_told_to_retry(
        self, house: House, server: EmbeddedPostgres, end: Callable[[EmbeddedPostgres], None]
    ) -> None:
        buyers = Buyers(house)
        shopping = asyncio.create_task(buyers.shop())
        for _ in range(2):
            await buyers.served(10)
            with capture_logs() as logs:
                end(server)
                await buyers.refused(1)
                await eventually(partial(_worker_ended, logs), bool)
            server.start()
        await buyers.served(10)
        buyers.close()
        await shopping
        assert set(buyers.answers) == {(201, None), (503, "database_unavailable")} | (
            set(buyers.answers) & {(200, None)}
        )
        assert set(buyers.acknowledged) == buyers.paid
        await drained(house, buyers)
        assert await house.books() == {
            "channel": 1000 * len(buyers.paid),
            "fee": 6 * len(buyers.paid),
            "A pending": 994 * len(buyers.paid),
        }
        # The worker has found its way back as well: no clock moves, so no schedule helps.
        refund = await house.refund(buyers.acknowledged["1"], "r1", 1000)
        await house.refund_in("succeeded", refund)


async def _worker_ended(logs: Sequence[MutableMapping[str, Any]]) -> bool:
    return any(line["event"] == "worker_ended" for line in logs)


async def drained(house: House, buyers: Buyers) -> None:
    """Callbacks that were turned away come again, and what never came is asked for: every paid order succeeds."""
    for _ in range(4):
        await house.later(seconds=30)
        await eventually(house.services.gateway.check_due, lambda asked: asked == 0)
    async with house.database.transaction() as tx:
        rows = await tx.connection.execute("SELECT order_no, state FROM payments.payment")
        states = dict(await rows.fetchall())
    assert {order_no for order_no, state in states.items() if state == "succeeded"} == buyers.paid
    assert len(states) == len(buyers.acknowledged)
