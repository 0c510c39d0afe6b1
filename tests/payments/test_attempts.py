"""One payment, several orders at several channels: what is tried when, and that it is paid once."""

import asyncio
from typing import Any

import pytest

from feiqian.channels import ChannelPaymentState, Redirect, ShowCode
from feiqian.kernel.errors import ReplayAltered
from feiqian.payments import Actor
from feiqian.payments.model import MethodNotAllowed, NoChannel, PaymentEnded
from tests.payments.counter import JSAPI, NATIVE, PAGE, SCAN, Counter
from tests.payments.paper import BAD, BUSY, DOWN, SILENT, Answer

pytestmark = pytest.mark.anyio

PAID = {"channel": 1000, "fee": 6, "A pending": 597, "B pending": 397}
"""The books after one payment of 600 for A and 400 for B."""


class TestAPaymentWithItsMethod:
    async def test_is_placed_at_the_first_connection_under_the_number_of_the_payment(
        self, counter: Counter
    ) -> None:
        payment = await counter.create()
        (attempt,) = await counter.attempts(payment)
        assert payment.order == attempt
        assert (attempt.channel, attempt.state.value, payment.state.value) == (
            "first",
            "awaiting_payment",
            "awaiting_payment",
        )
        assert attempt.out_trade_no == "P" + payment.shown_id.removeprefix("payment_")
        assert len(attempt.out_trade_no) == 27
        assert attempt.next_step == ShowCode(f"code:{attempt.out_trade_no}")
        assert counter.first.orders[attempt.out_trade_no].request.notify_url.endswith("/callbacks/first")
        assert counter.calls() == ["first prepay"]

    @pytest.mark.parametrize(
        ("answers", "second", "state", "table"),
        [
            ([DOWN], [], "awaiting_payment", [("first", "failed"), ("second", "awaiting_payment")]),
            ([DOWN], [DOWN], "failed", [("first", "failed"), ("second", "failed")]),
            ([DOWN], [BAD], "failed", [("first", "failed"), ("second", "failed")]),
            ([DOWN], ["lost"], "created", [("first", "failed"), ("second", "unknown")]),
            ([BAD], [], "failed", [("first", "failed")]),
            ([BUSY], [], "created", [("first", "created")]),
            ([SILENT], [], "created", [("first", "unknown")]),
            (["lost"], [], "created", [("first", "unknown")]),
            (["unheard"], [], "created", [("first", "unknown")]),
        ],
    )
    async def test_goes_to_the_next_only_when_the_first_refused_for_a_reason_of_its_own(
        self,
        counter: Counter,
        answers: list[Answer],
        second: list[Answer],
        state: str,
        table: list[tuple[str, str]],
    ) -> None:
        counter.first.prepay_answers[:] = answers
        counter.second.prepay_answers[:] = second
        payment = await counter.create()
        assert payment.state.value == state
        assert await counter.table(payment) == table
        assert await counter.now(payment) == payment
        assert len({each.out_trade_no for each in await counter.attempts(payment)}) == len(table)
        assert await counter.shop.books() == {}

    async def test_whose_first_connection_is_down_succeeds_at_the_second_and_refunds_there(
        self, counter: Counter
    ) -> None:
        counter.first.prepay_answers.append(DOWN)
        payment = await counter.paid(await counter.create())
        assert (payment.state.value, payment.channel) == ("succeeded", "second")
        assert await counter.shop.books() == PAID
        refund = await counter.gateway.request_refund(
            platform=counter.shop.platform, payment_id=payment.id, refund_no="r", amount=1000, reason=""
        )
        assert (await counter.gateway.submit_refund(refund.id)).state.value == "succeeded"
        assert refund.out_refund_no in counter.second.refunds
        assert counter.first.refunds == {}
        assert await counter.shop.books() == {}
        assert await counter.events(payment) == [
            "created",
            "channel_refused",
            "attempt_made",
            "code_issued",
            "paid",
            "refund_requested",
            "refund_succeeded",
        ]

    async def test_that_is_unknown_is_asked_about_before_it_goes_elsewhere(self, counter: Counter) -> None:
        counter.first.prepay_answers[:] = ["lost", DOWN]
        payment = await counter.create()
        assert await counter.later(seconds=30) == 1
        assert counter.calls() == ["first prepay", "first query", "first prepay", "second prepay"]
        payment = await counter.now(payment)
        assert (payment.state.value, payment.channel) == ("awaiting_payment", "second")

    async def test_that_its_channel_has_is_closed_there_before_it_goes_elsewhere(
        self, counter: Counter
    ) -> None:
        counter.first.prepay_answers[:] = ["unheard", DOWN]
        payment = await counter.create()
        await counter.later(seconds=30)
        first, second = await counter.attempts(payment)
        assert counter.first.orders[first.out_trade_no].state is ChannelPaymentState.CLOSED
        assert (first.state.value, second.state.value) == ("failed", "awaiting_payment")

    async def test_that_was_paid_unheard_succeeds_without_being_placed_again(self, counter: Counter) -> None:
        counter.first.prepay_answers.append("unheard")
        payment = await counter.create()
        counter.pay(payment.order)
        await counter.later(seconds=30)
        assert (await counter.now(payment)).state.value == "succeeded"
        assert counter.calls() == ["first prepay", "first query"]
        assert await counter.shop.books() == PAID

    async def test_that_no_connection_takes_is_refused_and_nothing_is_recorded(
        self, counter: Counter
    ) -> None:
        with pytest.raises(NoChannel):
            await counter.create(method=JSAPI)
        assert counter.calls() == []
        payment = await counter.create()
        del counter.channels["second"], counter.channels["alipay"]
        assert (await counter.create()).id == payment.id

    @pytest.mark.parametrize(
        ("field", "more"),
        [("method", {"method": SCAN}), ("methods", {"method": NATIVE, "methods": (NATIVE, SCAN)})],
    )
    async def test_sent_again_otherwise_is_refused_by_field(
        self, counter: Counter, field: str, more: dict[str, Any]
    ) -> None:
        payment = await counter.create()
        with pytest.raises(ReplayAltered) as refused:
            await counter.create(**more)
        assert refused.value.facts["field"] == field
        assert await counter.table(payment) == [("first", "awaiting_payment")]


class TestABuyerWhoChooses:
    async def test_is_asked_before_any_order_is_placed(self, counter: Counter) -> None:
        payment = await counter.choosing()
        assert (payment.state.value, payment.current, counter.calls()) == ("requires_method", None, [])
        chosen = await counter.choose(payment, PAGE, return_url="https://shop.test/back")
        assert isinstance(chosen.next_step, Redirect)
        assert (chosen.channel, chosen.order.hints.return_url) == ("alipay", "https://shop.test/back")
        assert (await counter.paid(chosen)).state.value == "succeeded"
        assert await counter.shop.books() == PAID

    async def test_may_choose_again_when_the_order_before_is_closed_at_its_channel(
        self, counter: Counter
    ) -> None:
        payment = await counter.choose(await counter.choosing(), NATIVE)
        await counter.later(seconds=1)
        chosen = await counter.choose(payment, SCAN)
        assert await counter.table(payment) == [("first", "closed"), ("alipay", "awaiting_payment")]
        assert counter.first.orders[payment.out_trade_no].state is ChannelPaymentState.CLOSED
        assert chosen.out_trade_no == payment.out_trade_no + "2"
        assert (await counter.paid(chosen)).channel == "alipay"
        assert await counter.shop.books() == PAID
        assert await counter.events(payment) == [
            "created",
            "attempt_made",
            "code_issued",
            "attempt_closed",
            "attempt_made",
            "code_issued",
            "paid",
        ]

    async def test_gets_one_order_however_often_the_same_is_asked_for(self, counter: Counter) -> None:
        payment = await counter.choosing()
        for key in (None, None, "k", "k", "k"):
            await counter.choose(payment, NATIVE, key=key)
        # The first without a key was open; another key means another order.
        assert await counter.table(payment) == [("first", "closed"), ("first", "awaiting_payment")]
        await counter.choose(payment, SCAN)
        again = await counter.choose(payment, NATIVE, key="k")
        assert again.channel == "alipay"
        assert len(await counter.attempts(payment)) == 3

    async def test_gets_one_order_when_ten_ask_at_once(self, counter: Counter) -> None:
        payment = await counter.choosing()
        answers = await asyncio.gather(*(counter.choose(payment, NATIVE) for _ in range(10)))
        assert {each.current and each.current.position for each in answers} == {1}
        assert await counter.table(payment) == [("first", "awaiting_payment")]

    async def test_who_changes_to_and_fro_has_one_open_order_in_the_end(self, counter: Counter) -> None:
        payment = await counter.choosing()
        await asyncio.gather(
            *(counter.choose(payment, method) for method in (NATIVE, SCAN, PAGE)), return_exceptions=True
        )
        open_orders = [
            order
            for channel in counter.channels.values()
            for order in channel.orders.values()
            if order.state is ChannelPaymentState.NOT_PAID
        ]
        assert len(open_orders) == 1
        assert len([each for each in await counter.attempts(payment) if each.open]) == 1

    async def test_whose_method_is_refused_chooses_another(self, counter: Counter) -> None:
        counter.alipay.prepay_answers.append(BAD)
        payment = await counter.choosing()
        refused = await counter.choose(payment, SCAN)
        assert refused.state.value == "requires_method"
        chosen = await counter.choose(payment, NATIVE)
        assert chosen.state.value == "awaiting_payment"
        assert await counter.table(payment) == [("alipay", "failed"), ("first", "awaiting_payment")]

    async def test_may_not_choose_what_the_platform_left_out(self, counter: Counter) -> None:
        payment = await counter.choose(await counter.choosing("1", NATIVE, SCAN), NATIVE)
        with pytest.raises(MethodNotAllowed):
            await counter.choose(payment, PAGE)
        assert await counter.table(payment) == [("first", "awaiting_payment")]
        assert "first close" not in counter.calls()

    async def test_who_chooses_what_nobody_takes_keeps_the_order_that_is_open(self, counter: Counter) -> None:
        payment = await counter.create()
        with pytest.raises(NoChannel):
            await counter.choose(payment, JSAPI)
        assert await counter.table(payment) == [("first", "awaiting_payment")]

    @pytest.mark.parametrize("end", ["paid", "closed", "expired"])
    async def test_cannot_choose_after_the_end(self, counter: Counter, end: str) -> None:
        payment = await counter.choose(await counter.choosing(), NATIVE)
        if end == "paid":
            await counter.paid(payment)
        elif end == "closed":
            await counter.gateway.close(payment, actor=Actor.PLATFORM)
        else:
            await counter.later(hours=2)
        books, attempts = await counter.shop.books(), await counter.attempts(payment)
        with pytest.raises(PaymentEnded):
            await counter.choose(payment, SCAN)
        assert (await counter.shop.books(), await counter.attempts(payment)) == (books, attempts)

    async def test_who_never_chooses_lets_it_expire(self, counter: Counter) -> None:
        payment = await counter.choosing()
        await counter.later(minutes=119)
        assert (await counter.now(payment)).state.value == "requires_method"
        await counter.later(minutes=1)
        assert (await counter.now(payment)).state.value == "closed"
        assert await counter.events(payment) == ["created", "closed"]

    async def test_is_asked_no_more_when_it_is_called_off(self, counter: Counter) -> None:
        payment = await counter.choosing()
        assert (await counter.gateway.close(payment, actor=Actor.PLATFORM)).state.value == "closed"
        chosen = await counter.choose(await counter.choosing("2"), NATIVE)
        closed = await counter.gateway.close(chosen, actor=Actor.PLATFORM)
        assert closed.state.value == "closed"
        assert await counter.table(chosen) == [("first", "closed")]
        with pytest.raises(AssertionError):
            counter.pay(chosen.order)
