"""What a platform is told of its payments and refunds: signed, again until it is heard, and no more than that."""

import asyncio
import base64
import hashlib
import hmac
import json
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import msgspec
import pytest

from tests.conftest import NOW
from tests.loop.house import House, eventually, open_house

pytestmark = pytest.mark.anyio

SECRET = b"a secret of the mall"
SCHEDULE_S = (60, 300, 300, 600, 600, 600, 600, 600, 3600, 3600, 3600, 3600, 3600, 21600, 21600, 21600)
"""The pauses after each failed delivery, about a day in all."""


class Told(msgspec.Struct, frozen=True):
    """One delivery as it arrived."""

    headers: dict[str, str]
    body: bytes

    @property
    def content(self) -> Any:
        return json.loads(self.body)

    @property
    def is_genuine(self) -> bool:
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + self.body
        digest = hmac.new(SECRET, signed, hashlib.sha256).digest()
        return self.headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


class Platform:
    """A platform's own server: keeps what it is told, and answers 200 or what it was set to."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.answers: Queue[int] = Queue()
        platform = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                platform.told.append(
                    Told({name.lower(): value for name, value in self.headers.items()}, body)
                )
                self.send_response(200 if platform.answers.empty() else platform.answers.get())
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/events"

    async def heard(self, count: int) -> list[Told]:
        """Everything it was told, once it was told so often."""

        async def look() -> list[Told]:
            return list(self.told)

        return await eventually(look, lambda told: len(told) >= count)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def platform() -> Iterator[Platform]:
    opened = Platform()
    yield opened
    opened.close()


@pytest.fixture
async def house(
    database_urls: tuple[str, str], channel_dir: Path, sandbox_url: str, platform: Platform
) -> AsyncIterator[House]:
    async with open_house(
        urls=database_urls, data_dir=channel_dir, sandbox_url=sandbox_url, now=NOW, webhook_url=platform.url
    ) as opened:
        yield opened
        assert await opened.broken() == []


async def outbox(house: House) -> list[tuple[str, int, bool, str | None]]:
    """(topic, attempts, whether it was delivered, the last error) of every event, in order."""
    async with house.database.transaction() as tx:
        rows = await tx.connection.execute(
            "SELECT topic, attempts, delivered_at IS NOT NULL, last_error FROM openapi.outbox ORDER BY id"
        )
        return await rows.fetchall()


async def attempt(house: House) -> tuple[int, datetime | None]:
    """How often the only event was tried, and when it will be tried again; None when it was delivered or given up."""
    async with house.database.transaction() as tx:
        rows = await tx.connection.execute("SELECT attempts, next_at FROM openapi.outbox")
        ((attempts, next_at),) = await rows.fetchall()
        return attempts, next_at


class TestAnEvent:
    async def test_is_told_once_signed_and_whole(self, house: House, platform: Platform) -> None:
        payment = await house.paid("1", 600, 400)
        refund = await house.refunded(payment, "r1", 500)
        told = await platform.heard(2)
        assert all(each.is_genuine for each in told)
        assert {each.content["type"]: each.content["data"]["id"] for each in told} == {
            "payment.succeeded": payment["id"],
            "refund.succeeded": refund["id"],
        }
        (first,) = [each for each in told if each.content["type"] == "payment.succeeded"]
        assert first.content["data"] == payment
        assert first.headers["webhook-timestamp"] == str(int(NOW.timestamp()))
        assert len({each.headers["webhook-id"] for each in told}) == 2
        await eventually(lambda: outbox(house), lambda rows: all(delivered for _, _, delivered, _ in rows))
        await house.later(hours=30)
        assert await house.services.webhooks.deliver_due() == 0
        assert len(platform.told) == 2

    async def test_is_told_of_what_was_closed_or_conflicts(self, house: House, platform: Platform) -> None:
        closed = await house.create("1", 1000)
        await house.ask("POST", f"/v1/payments/{closed['id']}/close")
        conflicted = await house.create("2", 1000)
        await house.behave(callback="wrong_amount", only_next=1)
        await house.pay(conflicted)
        await house.payment_in("conflicted", conflicted)
        told = await platform.heard(2)
        assert {each.content["type"] for each in told} == {"payment.closed", "payment.conflicted"}

    async def test_is_told_once_however_often_the_channel_said_it(
        self, house: House, platform: Platform
    ) -> None:
        payment = await house.create("1", 1000)
        await house.behave(callback="duplicated", only_next=1)
        await house.pay(payment)
        await platform.heard(1)
        await eventually(lambda: house.attempts(payment), lambda seen: len(seen) == 2)
        assert [topic for topic, *_ in await outbox(house)] == ["payment.succeeded"]

    async def test_that_was_not_heard_is_told_again_when_it_is_due(
        self, house: House, platform: Platform
    ) -> None:
        platform.answers.put(500)
        platform.answers.put(404)
        payment = await house.paid("1", 1000)
        await platform.heard(1)
        await eventually(lambda: outbox(house), lambda rows: rows[0][3] is not None)
        assert await outbox(house) == [("payment.succeeded", 1, False, "answered 500")]
        await house.later(seconds=59)
        assert await house.services.webhooks.deliver_due() == 0
        await house.later(seconds=1)
        await platform.heard(2)
        await eventually(lambda: outbox(house), lambda rows: rows[0][3] == "answered 404")
        await house.later(seconds=300)
        told = await platform.heard(3)
        await eventually(lambda: outbox(house), lambda rows: rows[0][2])
        assert await outbox(house) == [("payment.succeeded", 3, True, None)]
        # The same event each time, so that the platform can tell.
        assert len({each.headers["webhook-id"] for each in told}) == 1
        assert len({each.body for each in told}) == 1
        assert [each.is_genuine for each in told] == [True] * 3
        assert told[0].content["data"]["id"] == payment["id"]

    async def test_that_is_never_heard_is_given_up_visibly_after_a_day(
        self, house: House, platform: Platform
    ) -> None:
        platform.close()
        await house.paid("1", 1000)
        for number, pause_s in enumerate(SCHEDULE_S, start=1):
            due = house.clock.now() + timedelta(seconds=pause_s)
            await eventually(lambda: attempt(house), lambda seen, made=(number, due): seen == made)
            await house.at(due)
        await eventually(lambda: attempt(house), lambda seen: seen == (len(SCHEDULE_S) + 1, None))
        await house.later(days=7)
        assert await house.services.webhooks.deliver_due() == 0
        ((topic, attempts, delivered, error),) = await outbox(house)
        assert (topic, attempts, delivered) == ("payment.succeeded", 17, False)
        assert error is not None
        assert "Cannot connect" in error

    async def test_is_told_by_one_of_many_deliverers(self, house: House, platform: Platform) -> None:
        for number in range(3):
            await house.paid(str(number), 1000)
        await asyncio.gather(*(house.services.webhooks.deliver_due() for _ in range(5)))
        await eventually(lambda: outbox(house), lambda rows: all(delivered for _, _, delivered, _ in rows))
        assert [attempts for _, attempts, _, _ in await outbox(house)] == [1, 1, 1]
        assert len(platform.told) == 3


class TestAPlatformThatOnlyAsks:
    async def test_is_told_nothing(
        self, database_urls: tuple[str, str], channel_dir: Path, sandbox_url: str
    ) -> None:
        async with open_house(
            urls=database_urls, data_dir=channel_dir, sandbox_url=sandbox_url, now=NOW
        ) as house:
            await house.paid("1", 1000)
            assert await outbox(house) == []
