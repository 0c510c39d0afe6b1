"""A channel that takes every call and answers none: the others are asked as if it were not there."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from feiqian.channels import WechatPay
from feiqian.infra.http import HttpClient
from feiqian.kernel.ids import new_id
from feiqian.payments import Gateway, GatewayTerms, Payment, StaticChannels, check_forever
from feiqian.payments.gateway.checking import CHECKS_AT_ONCE
from feiqian.payments.model import Route
from feiqian.payments.operations import create_payment
from tests.channels.wechat import config
from tests.loop.house import eventually
from tests.payments.counter import NATIVE, Counter
from tests.payments.shop import FEE_RATE, asked

pytestmark = pytest.mark.anyio

WAITING_S = 60
"""How long a call to the hanging channel would wait: longer than the test."""


class Silence:
    """A server that accepts and reads, and says nothing."""

    def __init__(self) -> None:
        self.open = 0
        self.most = 0

    async def calls(self) -> int:
        """How many wait now."""
        return self.open

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            while await reader.read(1000):
                pass
        finally:
            self.open -= 1
            writer.close()


@asynccontextmanager
async def silent_server() -> AsyncGenerator[tuple[Silence, str]]:
    silence = Silence()
    server = await asyncio.start_server(silence.serve, "127.0.0.1", 0)
    try:
        yield silence, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def order_at(counter: Counter, channel: str, order_no: str) -> Payment:
    """An order that a process recorded before it died: due for a question."""
    route = Route(
        method=NATIVE,
        channels=(channel,),
        notify_url=f"https://feiqian.test/callbacks/{channel}",
        lifetime_max=timedelta(hours=2),
    )
    now = counter.clock.now()
    return await counter.shop.database.run(
        lambda tx: create_payment(
            tx,
            now=now,
            id=new_id(now),
            platform=counter.shop.platform,
            fee_rate=FEE_RATE,
            asked=asked(order_no, 1000),
            route=route,
        )
    )


class TestAChannelThatHangs:
    async def test_delays_no_question_to_another_and_takes_few_calls_at_once(self, counter: Counter) -> None:
        for number in range(3 * CHECKS_AT_ONCE):
            await order_at(counter, "hanging", f"h{number}")
        waiting = await order_at(counter, "first", "quick")
        counter.clock.advance_to(counter.clock.now() + timedelta(seconds=30))
        async with silent_server() as (silence, url), HttpClient() as http:
            hanging = WechatPay(config=config(url), http=http, timeout_s=WAITING_S)
            gateway = Gateway(
                database=counter.shop.database,
                channels=StaticChannels({"hanging": hanging, **counter.channels}),
                clock=counter.clock,
                terms=GatewayTerms(
                    callback_url="https://feiqian.test/callbacks",
                    currency="CNY",
                    fee_rate=FEE_RATE,
                    method=NATIVE,
                ),
            )
            checking = asyncio.create_task(check_forever(gateway, every_s=0.02))
            try:
                await self._paid_by_asking(counter, waiting)
                await eventually(silence.calls, lambda calls: calls == CHECKS_AT_ONCE)
                # And again, round after round, while the same six calls still wait.
                for number in range(3):
                    later = await order_at(counter, "first", f"later{number}")
                    counter.clock.advance_to(counter.clock.now() + timedelta(seconds=30))
                    await self._paid_by_asking(counter, later)
                assert silence.open == silence.most == CHECKS_AT_ONCE
            finally:
                checking.cancel()
                await asyncio.gather(checking, return_exceptions=True)

    async def _paid_by_asking(self, counter: Counter, payment: Payment) -> None:
        """Placed because it was asked about, paid unheard, and succeeded because it was asked about again."""
        placed = await eventually(
            lambda: counter.now(payment), lambda seen: seen.state.value == "awaiting_payment"
        )
        counter.pay(placed.order)
        counter.clock.advance_to(counter.clock.now() + timedelta(seconds=30))
        await eventually(lambda: counter.now(payment), lambda seen: seen.state.value == "succeeded")
