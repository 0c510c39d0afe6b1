"""The channel against the simulator, two independent readings of the same documentation, over real HTTP."""

from datetime import timedelta

import pytest
from tests.channels.alipay.sandbox import Sandbox

from feiqian.channels import (
    AlreadyPaid,
    AwaitBuyer,
    ChannelFailed,
    ChannelPaymentState,
    ChannelRefundState,
    ChannelUnknown,
    NoticeFault,
    NoticeRefused,
    OrderKey,
    PaymentMethod,
    Redirect,
    RefundKey,
)

pytestmark = pytest.mark.anyio


class TestAPayment:
    async def test_by_code_is_placed_paid_reported_and_found(self, sandbox: Sandbox) -> None:
        channel, now = sandbox.channel, sandbox.now
        before = await channel.query(sandbox.key("P1"), now=now)
        assert before.state is ChannelPaymentState.UNKNOWN_TO_CHANNEL
        await sandbox.pay("P1")
        (body,) = await sandbox.listener.received(1)
        (told,) = channel.read_notice(headers={}, body=body, now=now).payments
        found = await channel.query(sandbox.key("P1"), now=now)
        assert (found.state, found.amount, found.paid_at) == (ChannelPaymentState.PAID, 10_000, now)
        for field in ("out_trade_no", "state", "transaction_no", "amount", "currency", "paid_at", "payer"):
            assert getattr(told, field) == getattr(found, field), field
        assert (told.mchid, told.appid) == (channel.identity.mchid, channel.identity.appid)

    @pytest.mark.parametrize("method", [PaymentMethod.ALIPAY_PAGE, PaymentMethod.ALIPAY_WAP])
    async def test_by_browser_exists_once_the_buyer_has_come(
        self, sandbox: Sandbox, method: PaymentMethod
    ) -> None:
        number = f"B_{method.value}"
        step = (await sandbox.channel.prepay(sandbox.order(number, method), now=sandbox.now)).next_step
        assert isinstance(step, Redirect)
        before = await sandbox.channel.query(sandbox.key(number, method), now=sandbox.now)
        assert before.state is ChannelPaymentState.UNKNOWN_TO_CHANNEL
        path = step.url.partition("/gateway.do")[2]
        status, _ = await sandbox.request("GET", f"/gateway.do{path}")
        assert status in (200, 302)
        await sandbox.post("/sandbox/pay", {"out_trade_no": number})
        after = await sandbox.channel.query(sandbox.key(number, method), now=sandbox.now)
        assert (after.state, after.amount) == (ChannelPaymentState.PAID, 10_000)

    async def test_cannot_be_closed_any_more(self, sandbox: Sandbox) -> None:
        order = await sandbox.pay("C1")
        with pytest.raises(ChannelFailed) as failed:
            await sandbox.channel.close(order, now=sandbox.now)
        assert failed.value.code == "channel_order_paid"

    async def test_that_the_buyer_has_not_begun_cannot_be_closed(self, sandbox: Sandbox) -> None:
        await sandbox.channel.prepay(sandbox.order("C2"), now=sandbox.now)
        with pytest.raises(ChannelFailed) as failed:
            await sandbox.channel.close(sandbox.key("C2"), now=sandbox.now)
        assert failed.value.code == "channel_order_unknown"

    async def test_begun_and_closed_stays_closed(self, sandbox: Sandbox) -> None:
        method = PaymentMethod.ALIPAY_PAGE
        step = (await sandbox.channel.prepay(sandbox.order("C3", method), now=sandbox.now)).next_step
        assert isinstance(step, Redirect)
        await sandbox.request("GET", "/gateway.do" + step.url.partition("/gateway.do")[2])
        await sandbox.post("/sandbox/scan", {"out_trade_no": "C3"})
        key = sandbox.key("C3", method)
        assert (await sandbox.channel.query(key, now=sandbox.now)).state is ChannelPaymentState.NOT_PAID
        for _ in range(2):
            await sandbox.channel.close(key, now=sandbox.now)
        assert (await sandbox.channel.query(key, now=sandbox.now)).state is ChannelPaymentState.CLOSED

    async def test_of_another_amount_is_refused_under_the_same_number(self, sandbox: Sandbox) -> None:
        await sandbox.pay("C4")
        with pytest.raises(ChannelFailed):
            await sandbox.channel.prepay(sandbox.order("C4", amount=9_999), now=sandbox.now)
        assert (await sandbox.channel.query(sandbox.key("C4"), now=sandbox.now)).amount == 10_000

    async def test_after_its_time_is_not_taken(self, sandbox: Sandbox) -> None:
        await sandbox.channel.prepay(sandbox.order("C5"), now=sandbox.now)
        await sandbox.set_clock(sandbox.now + timedelta(hours=3))
        status, _ = await sandbox.request("POST", "/sandbox/pay", {"out_trade_no": "C5"})
        assert status == 400
        payment = await sandbox.channel.query(sandbox.key("C5"), now=sandbox.now)
        assert payment.state in (ChannelPaymentState.CLOSED, ChannelPaymentState.UNKNOWN_TO_CHANNEL)


class TestABuyersCode:
    METHOD = PaymentMethod.ALIPAY_BARCODE

    async def test_pays_at_once(self, sandbox: Sandbox) -> None:
        prepaid = await sandbox.channel.prepay(sandbox.order("Q1", self.METHOD), now=sandbox.now)
        assert isinstance(prepaid.next_step, AlreadyPaid)
        assert prepaid.next_step.payment.amount == 10_000

    async def test_may_wait_for_the_password(self, sandbox: Sandbox) -> None:
        await sandbox.behave(barcode="waiting")
        prepaid = await sandbox.channel.prepay(sandbox.order("Q2", self.METHOD), now=sandbox.now)
        assert prepaid.next_step == AwaitBuyer()
        key = sandbox.key("Q2", self.METHOD)
        assert (await sandbox.channel.query(key, now=sandbox.now)).state is ChannelPaymentState.NOT_PAID
        await sandbox.post("/sandbox/pay", {"out_trade_no": "Q2"})
        assert (await sandbox.channel.query(key, now=sandbox.now)).state is ChannelPaymentState.PAID

    async def test_that_waits_too_long_is_cancelled(self, sandbox: Sandbox) -> None:
        await sandbox.behave(barcode="waiting")
        await sandbox.channel.prepay(sandbox.order("Q3", self.METHOD), now=sandbox.now)
        await sandbox.channel.close(sandbox.key("Q3", self.METHOD), now=sandbox.now)
        payment = await sandbox.channel.query(sandbox.key("Q3", self.METHOD), now=sandbox.now)
        assert payment.state is ChannelPaymentState.CLOSED

    @pytest.mark.parametrize("behaviour", ["unknown", "system_error_after", "timeout_after_success"])
    async def test_of_unknown_outcome_gives_the_money_back_when_cancelled(
        self, sandbox: Sandbox, behaviour: str
    ) -> None:
        number = f"Q_{behaviour}"
        await sandbox.behave(barcode=behaviour)
        with pytest.raises(ChannelUnknown):
            await sandbox.channel.prepay(sandbox.order(number, self.METHOD), now=sandbox.now)
        await sandbox.behave_well()
        key = sandbox.key(number, self.METHOD)
        await sandbox.channel.close(key, now=sandbox.now)
        payment = await sandbox.channel.query(key, now=sandbox.now)
        assert payment.state in (
            ChannelPaymentState.CLOSED,
            ChannelPaymentState.REFUNDED,
            ChannelPaymentState.UNKNOWN_TO_CHANNEL,
        )

    async def test_refused_is_refused_for_certain(self, sandbox: Sandbox) -> None:
        await sandbox.behave(barcode="refused")
        with pytest.raises(ChannelFailed):
            await sandbox.channel.prepay(sandbox.order("Q5", self.METHOD), now=sandbox.now)


class TestANotification:
    async def test_comes_twice_with_the_same_content(self, sandbox: Sandbox) -> None:
        await sandbox.behave(callback="duplicated")
        await sandbox.pay("N1")
        read = [
            sandbox.channel.read_notice(headers={}, body=body, now=sandbox.now)
            for body in await sandbox.listener.received(2)
        ]
        assert read[0].payments == read[1].payments

    async def test_with_a_wrong_amount_is_passed_on_as_it_is(self, sandbox: Sandbox) -> None:
        await sandbox.behave(callback="wrong_amount")
        await sandbox.pay("N2")
        body = (await sandbox.listener.received(1))[0]
        (payment,) = sandbox.channel.read_notice(headers={}, body=body, now=sandbox.now).payments
        assert payment.amount != 10_000
        assert (await sandbox.channel.query(sandbox.key("N2"), now=sandbox.now)).amount == 10_000

    @pytest.mark.parametrize(
        ("behaviour", "reason"),
        [
            ("wrong_app", NoticeFault.MERCHANT_WRONG),
            ("wrong_seller", NoticeFault.MERCHANT_WRONG),
            ("tampered", NoticeFault.SIGNATURE_WRONG),
        ],
    )
    async def test_that_is_not_right_is_refused(
        self, sandbox: Sandbox, behaviour: str, reason: NoticeFault
    ) -> None:
        await sandbox.behave(callback=behaviour)
        await sandbox.pay(f"N_{behaviour}")
        body = (await sandbox.listener.received(1))[0]
        with pytest.raises(NoticeRefused) as refusal:
            sandbox.channel.read_notice(headers={}, body=body, now=sandbox.now)
        assert refusal.value.reason is reason

    @pytest.mark.parametrize("behaviour", ["lost", "late", "reordered"])
    async def test_is_not_needed(self, sandbox: Sandbox, behaviour: str) -> None:
        await sandbox.behave(callback=behaviour)
        order = await sandbox.pay(f"N_{behaviour}")
        assert (await sandbox.channel.query(order, now=sandbox.now)).state is ChannelPaymentState.PAID


class TestARefund:
    def key(self, order: OrderKey, number: str) -> RefundKey:
        return RefundKey(order=order, out_refund_no=number, requested_at=order.placed_at)

    async def test_is_made_and_found_and_not_made_twice(self, sandbox: Sandbox) -> None:
        order = await sandbox.pay("R1")
        request = sandbox.refund_of(order, "R1a", 3_334)
        made = await sandbox.channel.refund(request, now=sandbox.now)
        assert (made.state, made.amount) == (ChannelRefundState.SUCCEEDED, 3_334)
        again = await sandbox.channel.refund(request, now=sandbox.now)
        assert again.state is ChannelRefundState.PROCESSING
        found = await sandbox.channel.query_refund(self.key(order, "R1a"), now=sandbox.now)
        assert found == made
        rest = await sandbox.channel.refund(sandbox.refund_of(order, "R1b", 6_666), now=sandbox.now)
        assert rest.amount == 6_666
        payment = await sandbox.channel.query(order, now=sandbox.now)
        assert payment.state is ChannelPaymentState.REFUNDED

    async def test_never_exceeds_what_is_left(self, sandbox: Sandbox) -> None:
        order = await sandbox.pay("R2")
        await sandbox.channel.refund(sandbox.refund_of(order, "R2a", 9_999), now=sandbox.now)
        with pytest.raises(ChannelFailed):
            await sandbox.channel.refund(sandbox.refund_of(order, "R2b", 2), now=sandbox.now)
        refund = await sandbox.channel.query_refund(self.key(order, "R2b"), now=sandbox.now)
        assert refund.state is ChannelRefundState.UNKNOWN_TO_CHANNEL

    async def test_with_another_amount_under_its_number_is_refused(self, sandbox: Sandbox) -> None:
        order = await sandbox.pay("R3")
        await sandbox.channel.refund(sandbox.refund_of(order, "R3a", 100), now=sandbox.now)
        with pytest.raises(ChannelFailed) as failed:
            await sandbox.channel.refund(sandbox.refund_of(order, "R3a", 200), now=sandbox.now)
        assert failed.value.code == "channel_number_used"

    @pytest.mark.parametrize("behaviour", ["timeout_after_success", "system_error_after"])
    async def test_of_unknown_outcome_is_found(self, sandbox: Sandbox, behaviour: str) -> None:
        order = await sandbox.pay(f"R_{behaviour}")
        await sandbox.behave(refund=behaviour)
        with pytest.raises(ChannelUnknown):
            await sandbox.channel.refund(sandbox.refund_of(order, "Rx", 100), now=sandbox.now)
        await sandbox.behave_well()
        found = await sandbox.channel.query_refund(self.key(order, "Rx"), now=sandbox.now)
        assert (found.state, found.amount) == (ChannelRefundState.SUCCEEDED, 100)

    async def test_short_of_funds_can_be_repeated(self, sandbox: Sandbox) -> None:
        order = await sandbox.pay("R6")
        await sandbox.behave(refund="short_of_funds")
        with pytest.raises(ChannelFailed) as failed:
            await sandbox.channel.refund(sandbox.refund_of(order, "R6a", 100), now=sandbox.now)
        assert (failed.value.code, failed.value.retryable) == ("channel_balance_insufficient", True)
        await sandbox.behave_well()
        made = await sandbox.channel.refund(sandbox.refund_of(order, "R6a", 100), now=sandbox.now)
        assert made.state is ChannelRefundState.SUCCEEDED

    async def test_under_way_is_not_called_done(self, sandbox: Sandbox) -> None:
        order = await sandbox.pay("R7")
        await sandbox.behave(refund="processing")
        made = await sandbox.channel.refund(sandbox.refund_of(order, "R7a", 100), now=sandbox.now)
        assert made.state is ChannelRefundState.PROCESSING
