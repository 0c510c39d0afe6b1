"""Refunds at UnionPay, and amounts that are held first."""

from datetime import timedelta

import msgspec
import pytest
from tests.channels.unionpay.sandbox import Sandbox

from feiqian.channels import (
    ChannelFailed,
    ChannelPaymentState,
    ChannelRefundState,
    ChannelUnknown,
    OrderKey,
    PaymentMethod,
)
from feiqian.kernel.errors import InvalidRequest

pytestmark = pytest.mark.anyio


async def paid_silently(sandbox: Sandbox) -> OrderKey:
    """A paid order whose notice does not come."""
    await sandbox.behave(callback="lost")
    return await sandbox.pay()


class TestARefund:
    async def test_is_accepted_reported_and_found(self, sandbox: Sandbox) -> None:
        sandbox.listen()
        request = sandbox.refund_of(await paid_silently(sandbox), 3_334)
        accepted = await sandbox.channel.refund(request, now=sandbox.now)
        assert (accepted.out_refund_no, accepted.amount) == (request.out_refund_no, 3_334)
        assert accepted.state is ChannelRefundState.PROCESSING

        refund = (await sandbox.notice()).refund
        assert refund is not None
        assert refund.state is ChannelRefundState.SUCCEEDED
        assert (refund.out_refund_no, refund.amount, refund.currency) == (
            request.out_refund_no,
            3_334,
            "CNY",
        )
        assert refund.channel_refund_no == accepted.channel_refund_no
        assert refund.succeeded_at == sandbox.now
        found = await sandbox.channel.query_refund(sandbox.refund_key(request), now=sandbox.now)
        assert found == refund

    async def test_of_a_companys_payment_is_the_same(self, sandbox: Sandbox) -> None:
        request = sandbox.order(method=PaymentMethod.UNIONPAY_B2B)
        await sandbox.open(request)
        for step in ("enter", "confirm"):
            await sandbox.post("/sandbox/pay", {"order_id": request.out_trade_no, "step": step})
        known = await sandbox.known(request.out_trade_no)
        refund = sandbox.refund_of(sandbox.key(request, known["query_id"]), 10_000)
        await sandbox.channel.refund(refund, now=sandbox.now)
        found = await sandbox.channel.query_refund(sandbox.refund_key(refund), now=sandbox.now)
        assert found.state is ChannelRefundState.SUCCEEDED

    async def test_never_exceeds_what_is_left(self, sandbox: Sandbox) -> None:
        key = await sandbox.pay()
        await sandbox.channel.refund(sandbox.refund_of(key, 9_999, "a"), now=sandbox.now)
        above = sandbox.refund_of(key, 2, "b")
        with pytest.raises(ChannelFailed) as failed:
            await sandbox.channel.refund(above, now=sandbox.now)
        assert failed.value.code == "channel_limit_exceeded"
        refund = await sandbox.channel.query_refund(sandbox.refund_key(above), now=sandbox.now)
        assert refund.state is ChannelRefundState.UNKNOWN_TO_CHANNEL
        await sandbox.channel.refund(sandbox.refund_of(key, 1, "c"), now=sandbox.now)
        assert (await sandbox.known(key.out_trade_no))["used"] == 10_000

    async def test_asked_for_again_has_to_be_queried_and_moves_nothing(self, sandbox: Sandbox) -> None:
        key = await sandbox.pay()
        request = sandbox.refund_of(key, 4_000)
        await sandbox.channel.refund(request, now=sandbox.now)
        with pytest.raises(ChannelUnknown) as unknown:
            await sandbox.channel.refund(request, now=sandbox.now)
        assert (unknown.value.code, unknown.value.channel_code) == ("channel_number_used", "12")
        refund = await sandbox.channel.query_refund(sandbox.refund_key(request), now=sandbox.now)
        assert (refund.state, refund.amount) == (ChannelRefundState.SUCCEEDED, 4_000)
        assert (await sandbox.known(key.out_trade_no))["used"] == 4_000

    async def test_of_what_was_not_paid_is_refused(self, sandbox: Sandbox) -> None:
        request = sandbox.order()
        await sandbox.open(request)
        known = await sandbox.known(request.out_trade_no)
        key = sandbox.key(request, known["query_id"])
        with pytest.raises(ChannelFailed) as failed:
            await sandbox.channel.refund(sandbox.refund_of(key, 1), now=sandbox.now)
        assert (failed.value.code, failed.value.query_first) == ("channel_state_invalid", True)

    async def test_needs_the_channels_number_of_the_payment(self, sandbox: Sandbox) -> None:
        request = sandbox.refund_of(sandbox.key(), 1)
        with pytest.raises(InvalidRequest) as refusal:
            await sandbox.channel.refund(request, now=sandbox.now)
        assert refusal.value.facts["field"] == "order.transaction_no"

    async def test_is_possible_for_as_long_as_the_terms_say(self, sandbox: Sandbox) -> None:
        terms = sandbox.channel.terms.refunds
        assert terms is not None
        key = await sandbox.pay()
        await sandbox.set_clock(sandbox.now + terms.within)
        await sandbox.channel.refund(sandbox.refund_of(key, 1), now=sandbox.now)

    @pytest.mark.parametrize("code", ["03", "04", "05"])
    async def test_may_be_unknown_and_done(self, sandbox: Sandbox, code: str) -> None:
        request = sandbox.refund_of(await sandbox.pay(), 100)
        await sandbox.behave(transaction=f"unknown_{code}")
        with pytest.raises(ChannelUnknown) as unknown:
            await sandbox.channel.refund(request, now=sandbox.now)
        assert unknown.value.query_first
        refund = await sandbox.channel.query_refund(sandbox.refund_key(request), now=sandbox.now)
        assert (refund.state, refund.amount) == (ChannelRefundState.SUCCEEDED, 100)

    async def test_may_be_unknown_and_not_done_and_then_asked_for_again(self, sandbox: Sandbox) -> None:
        request = sandbox.refund_of(await sandbox.pay(), 100)
        await sandbox.behave(transaction="not_done_03")
        with pytest.raises(ChannelUnknown):
            await sandbox.channel.refund(request, now=sandbox.now)
        refund = await sandbox.channel.query_refund(sandbox.refund_key(request), now=sandbox.now)
        assert refund.state is ChannelRefundState.UNKNOWN_TO_CHANNEL
        await sandbox.channel.refund(request, now=sandbox.now)
        refund = await sandbox.channel.query_refund(sandbox.refund_key(request), now=sandbox.now)
        assert refund.state is ChannelRefundState.SUCCEEDED

    @pytest.mark.parametrize(
        ("behaviour", "state"),
        [
            ("processing", ChannelRefundState.PROCESSING),
            ("fails_later", ChannelRefundState.CLOSED),
            ("defective", ChannelRefundState.SUCCEEDED),
        ],
    )
    async def test_may_go_otherwise(
        self, sandbox: Sandbox, behaviour: str, state: ChannelRefundState
    ) -> None:
        request = sandbox.refund_of(await sandbox.pay(), 100)
        await sandbox.behave(transaction=behaviour)
        await sandbox.channel.refund(request, now=sandbox.now)
        refund = await sandbox.channel.query_refund(sandbox.refund_key(request), now=sandbox.now)
        assert refund.state is state

    async def test_that_fails_later_is_reported_too(self, sandbox: Sandbox) -> None:
        sandbox.listen()
        request = sandbox.refund_of(await paid_silently(sandbox), 100)
        await sandbox.behave(transaction="fails_later")
        await sandbox.channel.refund(request, now=sandbox.now)
        refund = (await sandbox.notice()).refund
        assert refund is not None
        assert (refund.state, refund.succeeded_at) == (ChannelRefundState.CLOSED, None)


class TestAHold:
    async def held(self, sandbox: Sandbox) -> OrderKey:
        return await sandbox.pay(sandbox.order(hold=True))

    async def test_is_reported_like_a_payment(self, sandbox: Sandbox) -> None:
        sandbox.listen()
        key = await self.held(sandbox)
        notice = await sandbox.notice()
        assert notice.event_type == "02"
        (payment,) = notice.payments
        assert (payment.state, payment.amount) == (ChannelPaymentState.PAID, 10_000)
        assert await sandbox.channel.query(key, now=sandbox.now) == payment

    @pytest.mark.parametrize("known", [True, False])
    async def test_is_captured_in_part_and_then_refunded(self, sandbox: Sandbox, known: bool) -> None:
        key = await self.held(sandbox)
        captured = await sandbox.channel.capture(
            key if known else msgspec.structs.replace(key, transaction_no=None),
            capture_no=f"{sandbox.number}c",
            amount=8_000,
            requested_at=sandbox.now,
            now=sandbox.now,
        )
        assert (captured.state, captured.amount) == (ChannelPaymentState.PAID, 8_000)
        assert captured.out_trade_no == key.out_trade_no
        assert captured.transaction_no != key.transaction_no
        order = msgspec.structs.replace(key, transaction_no=captured.transaction_no)
        request = sandbox.refund_of(order, 8_000, total=8_000)
        await sandbox.channel.refund(request, now=sandbox.now)
        refund = await sandbox.channel.query_refund(sandbox.refund_key(request), now=sandbox.now)
        assert refund.state is ChannelRefundState.SUCCEEDED

    async def test_is_captured_once_however_often_it_is_asked(self, sandbox: Sandbox) -> None:
        key, moment = await self.held(sandbox), sandbox.now
        number = f"{sandbox.number}c"
        done = [
            await sandbox.channel.capture(
                key, capture_no=number, amount=8_000, requested_at=moment, now=moment
            )
            for _ in range(2)
        ]
        assert done[0] == done[1]
        with pytest.raises(ChannelFailed) as failed:
            await sandbox.channel.capture(
                key, capture_no=f"{number}2", amount=1, requested_at=moment, now=moment
            )
        assert failed.value.code == "channel_state_invalid"

    async def test_may_be_captured_unknowingly(self, sandbox: Sandbox) -> None:
        key, number = await self.held(sandbox), f"{sandbox.number}c"
        await sandbox.behave(transaction="unknown_03")
        with pytest.raises(ChannelUnknown):
            await sandbox.channel.capture(
                key, capture_no=number, amount=8_000, requested_at=sandbox.now, now=sandbox.now
            )
        captured = await sandbox.channel.capture(
            key, capture_no=number, amount=8_000, requested_at=sandbox.now, now=sandbox.now
        )
        assert (captured.state, captured.amount) == (ChannelPaymentState.PAID, 8_000)

    async def test_may_be_under_capture_for_a_while(self, sandbox: Sandbox) -> None:
        key, number = await self.held(sandbox), f"{sandbox.number}c"
        await sandbox.behave(transaction="processing")
        first = await sandbox.channel.capture(
            key, capture_no=number, amount=8_000, requested_at=sandbox.now, now=sandbox.now
        )
        assert first.state is ChannelPaymentState.NOT_PAID
        await sandbox.settle(number, "00")
        then = await sandbox.channel.capture(
            key, capture_no=number, amount=8_000, requested_at=sandbox.now, now=sandbox.now
        )
        assert then.state is ChannelPaymentState.PAID

    async def test_is_not_captured_with_another_holds_number(self, sandbox: Sandbox) -> None:
        key, number = await self.held(sandbox), f"{sandbox.number}c"
        other = await sandbox.pay(sandbox.order(hold=True, out_trade_no=f"{sandbox.number}x"))
        await sandbox.channel.capture(
            key, capture_no=number, amount=8_000, requested_at=sandbox.now, now=sandbox.now
        )
        with pytest.raises(ChannelUnknown) as unknown:
            await sandbox.channel.capture(
                other, capture_no=number, amount=8_000, requested_at=sandbox.now, now=sandbox.now
            )
        assert unknown.value.code == "channel_number_used"
        assert (await sandbox.known(other.out_trade_no))["used"] == 0

    async def test_is_released_whole_and_can_then_not_be_captured(self, sandbox: Sandbox) -> None:
        key, moment = await self.held(sandbox), sandbox.now + timedelta(days=3)
        await sandbox.set_clock(moment)
        for _ in range(2):
            released = await sandbox.channel.release(
                key, release_no=f"{sandbox.number}f", requested_at=moment, now=moment
            )
            assert released.state is ChannelPaymentState.CLOSED
        with pytest.raises(ChannelFailed):
            await sandbox.channel.capture(
                key, capture_no=f"{sandbox.number}c", amount=1, requested_at=moment, now=moment
            )

    @pytest.mark.parametrize("code", ["01", "30"])
    async def test_whose_release_was_refused_afterwards_is_still_held(
        self, sandbox: Sandbox, code: str
    ) -> None:
        key, moment, number = await self.held(sandbox), sandbox.now, f"{sandbox.number}f"
        await sandbox.behave(transaction="processing")
        waiting = await sandbox.channel.release(key, release_no=number, requested_at=moment, now=moment)
        await sandbox.settle(number, code)
        refused = await sandbox.channel.release(key, release_no=number, requested_at=moment, now=moment)
        assert [waiting.state, refused.state] == [ChannelPaymentState.NOT_PAID, ChannelPaymentState.FAILED]
        captured = await sandbox.channel.capture(
            key, capture_no=f"{sandbox.number}c", amount=1, requested_at=moment, now=moment
        )
        assert captured.state is ChannelPaymentState.PAID

    async def test_that_nobody_gave_cannot_be_released(self, sandbox: Sandbox) -> None:
        with pytest.raises(ChannelFailed) as failed:
            await sandbox.channel.release(
                sandbox.key(), release_no=f"{sandbox.number}f", requested_at=sandbox.now, now=sandbox.now
            )
        assert failed.value.code == "channel_order_unknown"
