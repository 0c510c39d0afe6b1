"""What connections report by themselves, and barcode orders, which they do not report."""

import pytest

from feiqian.channels import AwaitBuyer, ChannelPaymentState
from feiqian.kernel.errors import Refusal
from feiqian.payments import Actor, NotClosable, NoticeUnmatched
from tests.payments.counter import BARCODE, Counter

pytestmark = pytest.mark.anyio

PAID = {"channel": 1000, "fee": 6, "A pending": 597, "B pending": 397}
"""The books after one payment of 600 for A and 400 for B."""


class TestANotice:
    async def test_by_another_connection_is_about_nothing_there(self, counter: Counter) -> None:
        payment = await counter.create()
        counter.pay(payment.order)
        counter.second.orders.update(counter.first.orders)
        with pytest.raises(NoticeUnmatched):
            await counter.notice(payment.order, code="second")
        assert await counter.shop.books() == {}
        await counter.notice(payment.order)
        assert await counter.shop.books() == PAID

    @pytest.mark.parametrize(
        ("state", "after"),
        [
            (ChannelPaymentState.NOT_PAID, "awaiting_payment"),
            (ChannelPaymentState.CLOSED, "closed"),
            (ChannelPaymentState.FAILED, "failed"),
        ],
    )
    async def test_of_no_money_takes_none_and_conflicts_with_nothing(
        self, counter: Counter, state: ChannelPaymentState, after: str
    ) -> None:
        payment = await counter.create()
        counter.first.orders[payment.order.out_trade_no].state = state
        await counter.notice(payment.order)
        assert await counter.table(payment) == [("first", after)]
        assert await counter.shop.books() == {}

    async def test_of_no_money_about_nothing_of_ours_is_refused(self, counter: Counter) -> None:
        with pytest.raises(NoticeUnmatched):
            await counter.gateway.take_notice("first", {}, b"P-unknown")

    async def test_that_an_order_was_closed_after_it_was_paid_and_refunded_changes_nothing(
        self, counter: Counter
    ) -> None:
        payment = await counter.paid(await counter.create())
        counter.first.orders[payment.order.out_trade_no].state = ChannelPaymentState.CLOSED
        await counter.notice(payment.order)
        assert await counter.table(payment) == [("first", "succeeded")]
        assert await counter.shop.books() == PAID

    async def test_at_an_address_of_no_connection_is_refused(self, counter: Counter) -> None:
        payment = await counter.create()
        with pytest.raises(Refusal) as refused:
            await counter.notice(payment.order, code="nobody")
        assert refused.value.status == 404
        assert await counter.shop.books() == {}


class TestABarcode:
    async def test_may_be_paid_by_the_call_itself(self, counter: Counter) -> None:
        counter.alipay.prepay_answers.append("at_once")
        payment = await counter.choose(await counter.choosing(), BARCODE, auth_code="28123")
        assert payment.state.value == "succeeded"
        assert await counter.shop.books() == PAID

    async def test_is_asked_about_every_few_seconds(self, counter: Counter) -> None:
        payment = await counter.choose(await counter.choosing(), BARCODE, auth_code="28123")
        assert isinstance(payment.next_step, AwaitBuyer)
        assert await counter.later(seconds=2) == 0
        assert await counter.later(seconds=1) == 1
        counter.pay(payment.order)
        assert await counter.later(seconds=5) == 1
        assert (await counter.now(payment)).state.value == "succeeded"

    async def test_whose_answer_was_lost_is_not_scanned_again_while_the_buyer_types(
        self, counter: Counter
    ) -> None:
        counter.alipay.prepay_answers.append("unheard")
        payment = await counter.choose(await counter.choosing(), BARCODE, auth_code="28123")
        assert payment.state.value == "created"
        await counter.later(seconds=3)
        payment = await counter.now(payment)
        assert (payment.state.value, payment.next_step) == ("awaiting_payment", AwaitBuyer())
        assert [call.split()[0] for call in counter.alipay.calls] == ["prepay", "query"]

    async def test_that_was_paid_is_not_given_back_by_closing_it(self, counter: Counter) -> None:
        payment = await counter.choose(await counter.choosing(), BARCODE, auth_code="28123")
        counter.pay(payment.order)
        with pytest.raises(NotClosable):
            await counter.gateway.close(payment, actor=Actor.PLATFORM)
        assert "alipay close" not in counter.calls()
        assert await counter.shop.books() == PAID

    async def test_that_the_bank_refuses_fails_and_another_may_be_scanned(self, counter: Counter) -> None:
        payment = await counter.choose(await counter.choosing(), BARCODE, auth_code="28123")
        counter.alipay.orders[payment.out_trade_no].state = ChannelPaymentState.FAILED
        await counter.later(seconds=3)
        payment = await counter.now(payment)
        assert (payment.state.value, payment.order.error_code) == ("requires_method", "payment_refused")
        again = await counter.choose(payment, BARCODE, auth_code="28999")
        assert (await counter.paid(again)).state.value == "succeeded"
