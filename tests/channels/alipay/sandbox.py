"""A simulator of Alipay in its own process, and one test's day at it: its clock, its levers, what it sends us."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

from aiohttp import web

from feiqian.channels import (
    Alipay,
    BuyerHints,
    OrderKey,
    PaymentMethod,
    PrepayRequest,
    RefundRequest,
    ShowCode,
)
from feiqian.infra.http import HttpClient

SWITCHES = (
    "callback",
    "answer",
    "signature",
    "place",
    "query",
    "close",
    "barcode",
    "refund",
    "settle",
    "transfer",
    "bill",
)
_days = count()
_auth_codes = count(280_000_000_000_000_001)
"""Each of the buyer's codes pays once."""


@contextmanager
def simulating(place: Path) -> Generator[tuple[str, Path]]:
    """(address, credentials)."""
    command = [sys.executable, "-m", "feiqian.simulators.alipay", "--port", "0", "--data-dir", str(place)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            word, address, *_ = process.stdout.readline().split()
            assert word == "ready"
            yield address, place / "alipay-sandbox" / "credentials.json"
        finally:
            process.terminate()


class Listener:
    """Our side of the notifications: takes every one and keeps its bytes."""

    def __init__(self) -> None:
        self.notify_url = ""
        self._bodies: list[bytes] = []
        self._arrived = asyncio.Event()

    async def take(self, request: web.Request) -> web.StreamResponse:
        self._bodies.append(await request.read())
        self._arrived.set()
        return web.Response(text="success")

    async def received(self, count: int) -> list[bytes]:
        async with asyncio.timeout(20):
            while len(self._bodies) < count:
                self._arrived.clear()
                await self._arrived.wait()
        return self._bodies


class Sandbox:
    """One test's day."""

    def __init__(self, *, address: str, channel: Alipay, http: HttpClient, listener: Listener) -> None:
        self._address = address
        self._http = http
        self.channel = channel
        self.listener = listener
        self.now = datetime(2026, 3, 2, 4, tzinfo=UTC) + timedelta(days=2 * next(_days))

    @property
    def day(self) -> date:
        return self.now.date()

    async def request(self, method: str, path: str, content: object = None) -> tuple[int, bytes]:
        answer = await self._http.request(
            method=method,
            url=self._address + path,
            headers={"Content-Type": "application/json"},
            body=b"" if content is None else json.dumps(content).encode(),
            timeout_s=10,
        )
        return answer.status, answer.body

    async def post(self, path: str, content: object) -> None:
        status, body = await self.request("POST", path, content)
        assert status == 200, body

    async def set_clock(self, moment: datetime) -> None:
        self.now = moment
        await self.post("/sandbox/clock", {"now": moment.isoformat()})

    async def behave(self, **behaviour: str) -> None:
        await self.post("/sandbox/behaviour", behaviour)

    async def behave_well(self) -> None:
        await self.behave(**dict.fromkeys(SWITCHES, "normal"))

    async def next_morning(self) -> date:
        """11:00 of the next day in Beijing, when the bill is ready; returns the day before."""
        day = self.day
        await self.set_clock(self.now + timedelta(hours=23))
        return day

    def order(
        self,
        number: str,
        method: PaymentMethod = PaymentMethod.ALIPAY_QR,
        *,
        amount: int = 10_000,
        shared: bool = False,
    ) -> PrepayRequest:
        barcode = method is PaymentMethod.ALIPAY_BARCODE
        return PrepayRequest(
            out_trade_no=number,
            method=method,
            placed_at=self.now,
            amount=amount,
            currency="CNY",
            description="口红,茶 & 米 × 2",
            expires_at=self.now + timedelta(hours=2),
            notify_url=self.listener.notify_url,
            attach="cell 1",
            buyer=BuyerHints(
                auth_code=str(next(_auth_codes)) if barcode else None,
                return_url=None if barcode else "http://127.0.0.1:9/back",
            ),
            shared=shared,
        )

    def key(
        self, number: str, method: PaymentMethod = PaymentMethod.ALIPAY_QR, transaction_no: str | None = None
    ) -> OrderKey:
        return OrderKey(out_trade_no=number, method=method, placed_at=self.now, transaction_no=transaction_no)

    async def pay(self, number: str, amount: int = 10_000, *, shared: bool = False) -> OrderKey:
        """A paid order, with Alipay's number."""
        prepaid = await self.channel.prepay(self.order(number, amount=amount, shared=shared), now=self.now)
        assert isinstance(prepaid.next_step, ShowCode)
        await self.post("/sandbox/pay", {"qr_code": prepaid.next_step.code_url})
        payment = await self.channel.query(self.key(number), now=self.now)
        return self.key(number, transaction_no=payment.transaction_no)

    def refund_of(self, order: OrderKey, number: str, amount: int) -> RefundRequest:
        return RefundRequest(
            order=order,
            out_refund_no=number,
            amount=amount,
            total=10_000,
            currency="CNY",
            requested_at=self.now,
            reason="退货",
        )
