"""A process dies between any two steps of a payment; whoever comes after finds every order again and posts it once."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from feiqian.channels import ChannelPaymentState, PaymentMethod
from feiqian.infra.database import Database, Transaction
from feiqian.payments import Actor, Gateway, Payment
from tests.payments.counter import BARCODE, NATIVE, SCAN, Counter
from tests.payments.paper import DOWN, nothing
from tests.payments.shop import asked

pytestmark = pytest.mark.anyio

T = TypeVar("T")
METHODS = (NATIVE, SCAN, BARCODE)
STEPS_MIN, STEPS_MAX = 4, 40
"""How many steps a story has at least, and how many are tried."""


class Killed(Exception):
    """The process is gone."""


class Fate:
    """Dies at one step of those that are counted: after a commit, before a call arrives, before its answer is heard."""

    def __init__(self, dies_at: int) -> None:
        self.left = dies_at

    async def step(self, _: str = "") -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed


class MortalDatabase(Database):
    """The database of a process that dies."""

    def __init__(self, url: str, fate: Fate) -> None:
        super().__init__(url)
        self._fate = fate

    async def run(self, operation: Callable[[Transaction], Awaitable[T]]) -> T:
        result = await super().run(operation)
        await self._fate.step()
        return result


Story = Callable[[Counter, Gateway, str], Awaitable[None]]


async def create(counter: Counter, gateway: Gateway, order_no: str, *methods: PaymentMethod) -> Payment:
    order = asked(order_no, 600, 400, methods=methods)
    return await gateway.create(platform=counter.shop.platform, asked=order)


async def pay_by_native(counter: Counter, gateway: Gateway, order_no: str) -> None:
    """Created, placed, asked about."""
    await gateway.query(await create(counter, gateway, order_no))


async def pay_where_it_is_not_down(counter: Counter, gateway: Gateway, order_no: str) -> None:
    """The first connection refuses, the second takes it."""
    counter.first.prepay_answers[:] = [DOWN]
    await create(counter, gateway, order_no)


async def change_the_mind(counter: Counter, gateway: Gateway, order_no: str) -> None:
    """Chosen, chosen again, and once more."""
    payment = await create(counter, gateway, order_no, *METHODS)
    payment = await counter.choose(payment, NATIVE, gateway=gateway)
    payment = await counter.choose(payment, SCAN, gateway=gateway)
    await counter.choose(payment, BARCODE, gateway=gateway, auth_code="28123")


async def call_off(counter: Counter, gateway: Gateway, order_no: str) -> None:
    """Created, switched, closed."""
    payment = await create(counter, gateway, order_no)
    payment = await counter.choose(payment, SCAN, gateway=gateway)
    await gateway.close(payment, actor=Actor.PLATFORM)


STORIES: tuple[Story, ...] = (pay_by_native, pay_where_it_is_not_down, change_the_mind, call_off)


class TestAProcessThatDies:
    @pytest.mark.parametrize("story", STORIES)
    @pytest.mark.parametrize("pays_at_once", [True, False])
    async def test_leaves_nothing_that_is_not_found_again(
        self, counter: Counter, database_urls: tuple[str, str], story: Story, pays_at_once: bool
    ) -> None:
        for dies_at in range(1, STEPS_MAX):
            killed = await self._told(counter, database_urls[0], story, Fate(dies_at), str(dies_at))
            if pays_at_once:
                pay_everything(counter)
            await self._come_back(counter, str(dies_at), METHODS if story is change_the_mind else ())
            if not killed:
                assert dies_at > STEPS_MIN
                return
        pytest.fail("the story has more steps than were tried")

    async def _told(self, counter: Counter, url: str, story: Story, fate: Fate, order_no: str) -> bool:
        """Whether it was killed on the way."""
        for channel in counter.channels.values():
            channel.between = fate.step
        try:
            async with MortalDatabase(url, fate) as database:
                await story(counter, counter.open(database), order_no)
        except Killed:
            return True
        finally:
            for channel in counter.channels.values():
                channel.between = nothing
                channel.prepay_answers.clear()
        return False

    async def _come_back(self, counter: Counter, order_no: str, methods: tuple[PaymentMethod, ...]) -> None:
        """Another process: the platform asks again, buyers pay, time passes, and both sides must agree."""
        payment = await create(counter, counter.gateway, order_no, *methods)
        await counter.later(seconds=40)
        pay_everything(counter)
        for _ in range(3):
            await counter.later(hours=1)
        payment = await counter.now(payment)
        attempts = await counter.attempts(payment)
        paid = [
            each
            for each in attempts
            if counter.channels[each.channel].word(each.out_trade_no).state is ChannelPaymentState.PAID
        ]
        assert (payment.state.value, len(paid)) in (("succeeded", 1), ("closed", 0))
        assert not any(each.open for each in attempts)
        taken = sum(channel.taken() for channel in counter.channels.values())
        assert (await counter.shop.books()).get("channel", 0) == taken
        assert ChannelPaymentState.NOT_PAID not in {
            order.state for channel in counter.channels.values() for order in channel.orders.values()
        }


def pay_everything(counter: Counter) -> None:
    """Buyers who pay every order that can be paid, and nobody hears of it."""
    for channel in counter.channels.values():
        for number, order in channel.orders.items():
            if order.state is ChannelPaymentState.NOT_PAID:
                channel.pay(number, counter.clock.now())
