"""A buyer changes the mind, and money that comes by both ways."""

import asyncio

import msgspec
import pytest

from feiqian.channels import ChannelError, ChannelPaymentState
from feiqian.kernel.calendar import business_date, end_of, start_of
from feiqian.payments import Attempt, channel_lines, count_states, find_by_order, find_channel_lines
from feiqian.payments.model import PaymentEnded
from tests.payments.counter import SCAN, Counter

pytestmark = pytest.mark.anyio

PAID = {"channel": 1000, "fee": 6, "A pending": 597, "B pending": 397}
"""The books after one payment of 600 for A and 400 for B."""
TWICE = {**PAID, "channel": 2000, "suspense": 1000}


class TestASwitch:
    async def test_after_the_buyer_paid_unheard_is_refused_and_the_payment_has_succeeded(
        self, counter: Counter
    ) -> None:
        payment = await counter.create()
        counter.pay(payment.order)
        with pytest.raises(PaymentEnded) as refused:
            await counter.choose(payment, SCAN)
        assert refused.value.facts == {"state": "succeeded"}
        assert await counter.shop.books() == PAID
        assert await counter.table(payment) == [("first", "succeeded")]
        assert counter.alipay.calls == []

    async def test_whose_close_is_not_answered_leaves_everything_as_it_is(self, counter: Counter) -> None:
        payment = await counter.create()
        counter.first.close_answers.append("unheard")
        with pytest.raises(ChannelError):
            await counter.choose(payment, SCAN)
        assert await counter.table(payment) == [("first", "awaiting_payment")]
        chosen = await counter.choose(payment, SCAN)
        assert await counter.table(payment) == [("first", "closed"), ("alipay", "awaiting_payment")]
        assert (await counter.paid(chosen)).state.value == "succeeded"

    async def test_from_an_unknown_order_asks_first(self, counter: Counter) -> None:
        counter.first.prepay_answers.append("lost")
        payment = await counter.create()
        chosen = await counter.choose(payment, SCAN)
        assert counter.calls() == ["first prepay", "first query", "alipay prepay"]
        assert chosen.channel == "alipay"
        assert await counter.table(payment) == [("first", "closed"), ("alipay", "awaiting_payment")]

    async def test_while_the_buyer_pays_ends_with_one_success_at_whichever_was_paid(
        self, counter: Counter
    ) -> None:
        for number, moment in enumerate(("close", "close answered", "prepay")):
            payment = await counter.create(str(number))
            old = payment.order

            async def pay(step: str, old: Attempt = old, moment: str = moment) -> None:
                order = counter.first.orders[old.out_trade_no]
                if step == moment and order.state is ChannelPaymentState.NOT_PAID:
                    counter.pay(old)
                    await counter.notice(old)

            counter.first.between = counter.alipay.between = pay
            try:
                await counter.choose(payment, SCAN)
            except PaymentEnded:
                assert (await counter.now(payment)).channel == "first"
            else:
                assert (await counter.now(payment)).channel == "alipay"
        assert (await counter.shop.books())["channel"] == 1000 * len(
            [o for o in counter.first.orders.values() if o.state is ChannelPaymentState.PAID]
        )

    async def test_while_the_old_order_is_still_being_placed_takes_that_back(self, counter: Counter) -> None:
        arrived, go = asyncio.Event(), asyncio.Event()

        async def hold(step: str) -> None:
            if step == "prepay" and not arrived.is_set():
                arrived.set()
                await go.wait()

        counter.first.between = hold
        placing = asyncio.create_task(counter.create())
        await arrived.wait()
        async with counter.shop.database.transaction() as tx:
            payment = await find_by_order(tx, counter.shop.platform, "1")
        assert payment is not None
        await counter.choose(payment, SCAN)
        go.set()
        await placing
        (order,) = counter.first.orders.values()
        assert order.state is ChannelPaymentState.CLOSED
        assert await counter.table(payment) == [("first", "closed"), ("alipay", "awaiting_payment")]


class TestMoneyThatComesTwice:
    async def both(self, counter: Counter) -> tuple[Attempt, Attempt]:
        """Two orders of one payment, the first paid although its channel had closed it."""
        payment = await counter.create()
        await counter.choose(payment, SCAN)
        first, second = await counter.attempts(payment)
        counter.first.orders[first.out_trade_no].state = ChannelPaymentState.NOT_PAID
        counter.pay(first)
        counter.pay(second)
        return first, second

    async def test_is_kept_in_suspense_and_the_payment_stays_as_it_is(self, counter: Counter) -> None:
        first, second = await self.both(counter)
        for _ in range(3):
            await counter.notice(second)
            await counter.notice(first)
        assert await counter.shop.books() == TWICE
        payment = await counter.payment_of(first)
        assert (payment.state.value, payment.channel) == ("succeeded", "alipay")
        assert await counter.table(payment) == [("first", "duplicate"), ("alipay", "succeeded")]
        assert (await counter.events(payment))[-2:] == ["paid", "paid_again"]

    async def test_makes_it_succeed_by_whichever_is_heard_first(self, counter: Counter) -> None:
        first, second = await self.both(counter)
        await counter.notice(first)
        await counter.notice(second)
        payment = await counter.payment_of(first)
        assert payment.channel == "first"
        assert await counter.table(payment) == [("first", "succeeded"), ("alipay", "duplicate")]
        assert await counter.shop.books() == TWICE

    async def test_and_is_said_by_two_notices_and_a_query_at_once_is_posted_once_each(
        self, counter: Counter
    ) -> None:
        first, second = await self.both(counter)
        payment = await counter.payment_of(first)
        await asyncio.gather(
            counter.notice(first),
            counter.notice(second),
            counter.notice(second),
            counter.gateway.query(payment),
            counter.gateway.check_due(),
        )
        assert await counter.shop.books() == TWICE
        assert await counter.shop.posted() == 2

    async def test_is_kept_from_coming_by_closing_what_is_still_open(self, counter: Counter) -> None:
        payment = await counter.create()
        await counter.choose(payment, SCAN)
        first, second = await counter.attempts(payment)
        counter.first.orders[first.out_trade_no].state = ChannelPaymentState.NOT_PAID
        counter.pay(first)
        await counter.notice(first)
        assert (await counter.now(payment)).channel == "first"
        await counter.gateway.check_due()
        assert counter.alipay.orders[second.out_trade_no].state is ChannelPaymentState.CLOSED
        assert await counter.table(payment) == [("first", "succeeded"), ("alipay", "closed")]
        assert await counter.shop.books() == PAID

    async def test_is_expected_on_the_bills_of_both_channels(self, counter: Counter) -> None:
        first, second = await self.both(counter)
        await counter.notice(second)
        await counter.notice(first)
        day = business_date(counter.clock.now())
        for attempt in (first, second):
            async with counter.shop.database.transaction() as tx:
                lines = await channel_lines(tx, channel=attempt.channel, first=start_of(day), end=end_of(day))
                found = await find_channel_lines(
                    tx, channel=attempt.channel, payment_nos=[attempt.out_trade_no], refund_nos=[]
                )
            assert lines == found
            assert [(line.our_no, line.amount, line.state) for line in lines] == [
                (attempt.out_trade_no, 1000, "succeeded")
            ]

    async def test_needs_a_person(self, counter: Counter) -> None:
        first, second = await self.both(counter)
        await counter.notice(second)
        await counter.notice(first)
        async with counter.shop.database.transaction() as tx:
            assert (await count_states(tx))["duplicate"] == 1

    async def test_of_another_amount_conflicts_and_is_posted_nowhere(self, counter: Counter) -> None:
        first, second = await self.both(counter)
        await counter.notice(second)
        order = counter.first.orders[first.out_trade_no]
        order.request = msgspec.structs.replace(order.request, amount=999)
        await counter.notice(first)
        payment = await counter.payment_of(first)
        assert payment.state.value == "succeeded"
        assert await counter.table(payment) == [("first", "conflicted"), ("alipay", "succeeded")]
        assert await counter.shop.books() == PAID
