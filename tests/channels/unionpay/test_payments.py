"""Orders at UnionPay against the simulator: two independent readings of the same documentation, over real HTTP."""

from datetime import timedelta
from typing import Any

import pytest
from tests.channels.unionpay.sandbox import Sandbox

from feiqian.channels import (
    BuyerHints,
    ChannelFailed,
    ChannelPaymentState,
    ChannelUnknown,
    HoldingChannel,
    OrderKey,
    PaymentMethod,
    PostForm,
    TradeChannel,
)
from feiqian.kernel.errors import InvalidRequest

pytestmark = pytest.mark.anyio


class TestAPayment:
    async def test_is_placed_paid_reported_and_found(self, sandbox: Sandbox) -> None:
        sandbox.listen()
        request = sandbox.order(attach="A1 B2")
        key = sandbox.key(request)
        never = await sandbox.channel.query(key, now=sandbox.now)
        assert never.state is ChannelPaymentState.UNKNOWN_TO_CHANNEL
        assert (await sandbox.open(request)).status == 303
        before = await sandbox.channel.query(key, now=sandbox.now)
        assert (before.state, before.amount) == (ChannelPaymentState.NOT_PAID, 10_000)

        await sandbox.post("/sandbox/pay", {"order_id": request.out_trade_no})
        notice = await sandbox.notice()
        (payment,) = notice.payments
        assert (payment.out_trade_no, payment.amount, payment.currency) == (sandbox.number, 10_000, "CNY")
        assert (payment.state, payment.mchid) == (ChannelPaymentState.PAID, sandbox.channel.identity.mchid)
        assert payment.paid_at == sandbox.now
        assert await sandbox.channel.query(key, now=sandbox.now) == payment

    async def test_of_a_company_takes_two_people(self, sandbox: Sandbox) -> None:
        buyer = BuyerHints(return_url="https://shop.example.com/", bank_code="CMB")
        request = sandbox.order(method=PaymentMethod.UNIONPAY_B2B, buyer=buyer)
        assert (await sandbox.open(request)).status == 303
        await sandbox.post("/sandbox/pay", {"order_id": request.out_trade_no, "step": "enter"})
        key = sandbox.key(request)
        assert (await sandbox.channel.query(key, now=sandbox.now)).state is ChannelPaymentState.NOT_PAID
        await sandbox.post("/sandbox/pay", {"order_id": request.out_trade_no, "step": "confirm"})
        assert (await sandbox.channel.query(key, now=sandbox.now)).state is ChannelPaymentState.PAID

    async def test_that_the_checker_rejects_has_failed(self, sandbox: Sandbox) -> None:
        request = sandbox.order(method=PaymentMethod.UNIONPAY_B2B)
        await sandbox.open(request)
        for step in ("enter", "reject"):
            await sandbox.post("/sandbox/pay", {"order_id": request.out_trade_no, "step": step})
        payment = await sandbox.channel.query(sandbox.key(request), now=sandbox.now)
        assert payment.state is ChannelPaymentState.FAILED

    async def test_is_the_same_order_when_the_form_is_made_again(self, sandbox: Sandbox) -> None:
        request = sandbox.order()
        first = await sandbox.channel.prepay(request, now=sandbox.now)
        later = sandbox.now + timedelta(minutes=5)
        assert await sandbox.channel.prepay(request, now=later) == first
        places = [(await sandbox.open(request)).headers["location"] for _ in range(2)]
        assert places[0] == places[1]

    async def test_of_another_amount_is_refused_under_the_same_number(self, sandbox: Sandbox) -> None:
        request = sandbox.order()
        await sandbox.open(request)
        assert b"[12]" in (await sandbox.open(sandbox.order(9_999))).body
        assert (await sandbox.channel.query(sandbox.key(request), now=sandbox.now)).amount == 10_000

    async def test_is_found_by_query_when_the_notice_is_lost(self, sandbox: Sandbox) -> None:
        await sandbox.behave(callback="lost")
        key = await sandbox.pay()
        payment = await sandbox.channel.query(key, now=sandbox.now)
        assert payment.state is ChannelPaymentState.PAID
        assert payment.transaction_no == key.transaction_no

    async def test_is_found_by_its_number_and_its_time_only(self, sandbox: Sandbox) -> None:
        key = await sandbox.pay()
        other = OrderKey(
            out_trade_no=key.out_trade_no,
            method=key.method,
            placed_at=key.placed_at - timedelta(seconds=1),
        )
        payment = await sandbox.channel.query(other, now=sandbox.now)
        assert payment.state is ChannelPaymentState.UNKNOWN_TO_CHANNEL

    @pytest.mark.parametrize(
        ("behaviour", "state"),
        [
            ("processing", ChannelPaymentState.NOT_PAID),
            ("declined", ChannelPaymentState.FAILED),
            # UnionPay gives the money back by itself.
            ("late_charge", ChannelPaymentState.CLOSED),
        ],
    )
    async def test_may_not_come_about(
        self, sandbox: Sandbox, behaviour: str, state: ChannelPaymentState
    ) -> None:
        await sandbox.behave(payment=behaviour)
        payment = await sandbox.channel.query(await sandbox.pay(), now=sandbox.now)
        assert (payment.state, payment.paid_at) == (state, None)

    async def test_that_waited_for_the_bank_succeeds_later(self, sandbox: Sandbox) -> None:
        sandbox.listen()
        await sandbox.behave(payment="processing")
        key = await sandbox.pay()
        await sandbox.settle(key.out_trade_no, "00")
        (payment,) = (await sandbox.notice()).payments
        assert await sandbox.channel.query(key, now=sandbox.now) == payment
        assert payment.state is ChannelPaymentState.PAID

    @pytest.mark.parametrize(
        ("behaviour", "state"),
        [
            ("lagging", ChannelPaymentState.NOT_PAID),
            ("not_found", ChannelPaymentState.UNKNOWN_TO_CHANNEL),
        ],
    )
    async def test_may_be_asked_about_too_early(
        self, sandbox: Sandbox, behaviour: str, state: ChannelPaymentState
    ) -> None:
        key = await sandbox.pay()
        await sandbox.behave(query=behaviour)
        assert (await sandbox.channel.query(key, now=sandbox.now)).state is state
        assert (await sandbox.channel.query(key, now=sandbox.now)).state is ChannelPaymentState.PAID

    async def test_asked_about_too_often_says_to_wait(self, sandbox: Sandbox) -> None:
        key = await sandbox.pay()
        await sandbox.behave(query="too_often")
        with pytest.raises(ChannelFailed) as failed:
            await sandbox.channel.query(key, now=sandbox.now)
        assert (failed.value.code, failed.value.retryable) == ("channel_rate_limited", True)


class TestAnOrderThatNobodyPays:
    async def test_cannot_be_closed_while_it_may_still_be_paid(self, sandbox: Sandbox) -> None:
        request = sandbox.order()
        key = sandbox.key(request)
        for opened in (False, True):
            if opened:
                await sandbox.open(request)
            with pytest.raises(ChannelFailed) as failed:
                await sandbox.channel.close(key, now=sandbox.now)
            assert (failed.value.code, failed.value.query_first) == ("channel_order_still_payable", True)

    async def test_is_closed_by_its_time(self, sandbox: Sandbox) -> None:
        request = sandbox.order()
        await sandbox.open(request)
        await sandbox.set_clock(request.expires_at)
        await sandbox.channel.close(sandbox.key(request), now=sandbox.now)
        payment = await sandbox.channel.query(sandbox.key(request), now=sandbox.now)
        assert payment.state is ChannelPaymentState.CLOSED

    async def test_whose_form_was_never_posted_is_closed_when_none_can_be_posted(
        self, sandbox: Sandbox
    ) -> None:
        request = sandbox.order()
        await sandbox.set_clock(sandbox.now + timedelta(days=1))
        await sandbox.channel.close(sandbox.key(request), now=sandbox.now)

    async def test_gets_no_form_any_more(self, sandbox: Sandbox) -> None:
        request = sandbox.order()
        with pytest.raises(ChannelFailed) as failed:
            await sandbox.channel.prepay(request, now=request.expires_at)
        assert failed.value.code == "channel_order_closed"

    async def test_that_was_paid_after_all_cannot_be_closed(self, sandbox: Sandbox) -> None:
        key = await sandbox.pay()
        with pytest.raises(ChannelFailed) as failed:
            await sandbox.channel.close(key, now=sandbox.now)
        assert failed.value.code == "channel_order_paid"


class TestAnOrder:
    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"amount": 0}, "amount"),
            ({"amount": 1_000_000_000_000}, "amount"),
            ({"currency": "USD"}, "currency"),
            ({"out_trade_no": "short"}, "out_trade_no"),
            ({"out_trade_no": "with-dashes"}, "out_trade_no"),
            ({"out_trade_no": "1" * 33}, "out_trade_no"),
            ({"method": PaymentMethod.ALIPAY_WAP}, "method"),
            ({"buyer": BuyerHints()}, "buyer.return_url"),
            ({"hold": True, "method": PaymentMethod.UNIONPAY_B2B}, "hold"),
            ({"shared": True}, "shared"),
            ({"attach": "a&b=c"}, "attach"),
        ],
    )
    async def test_that_unionpay_would_not_take_is_refused_by_name(
        self, sandbox: Sandbox, change: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(InvalidRequest) as refusal:
            await sandbox.channel.prepay(sandbox.order(**change), now=sandbox.now)
        assert refusal.value.facts["field"] == field

    async def test_may_not_stay_payable_for_long(self, sandbox: Sandbox) -> None:
        for method, days in ((PaymentMethod.UNIONPAY_B2C, 1), (PaymentMethod.UNIONPAY_B2B, 7)):
            longest = sandbox.now + timedelta(days=days)
            await sandbox.channel.prepay(sandbox.order(method=method, expires_at=longest), now=sandbox.now)
            longer = sandbox.order(method=method, expires_at=longest + timedelta(seconds=1))
            with pytest.raises(InvalidRequest):
                await sandbox.channel.prepay(longer, now=sandbox.now)

    async def test_is_a_form_of_unionpays_fields(self, sandbox: Sandbox) -> None:
        form = (await sandbox.channel.prepay(sandbox.order(), now=sandbox.now)).next_step
        assert isinstance(form, PostForm)
        assert form.url.endswith("/gateway/api/frontTransReq.do")
        expected = {
            "version": "5.1.0", "txnType": "01", "txnSubType": "01", "bizType": "000201", "signMethod": "01",
            "orderId": sandbox.number, "txnAmt": "10000", "currencyCode": "156",
            "txnTime": f"{sandbox.day:%Y%m%d}120000", "payTimeout": f"{sandbox.day:%Y%m%d}140000",
            "frontUrl": "https://shop.example.com/paid?a=1&b=2", "backUrl": sandbox.notify_url,
            "riskRateInfo": "{commodityName=口红   茶 × 2}",
        }  # fmt: skip
        assert {name: form.fields[name] for name in expected} == expected
        assert all(form.fields.values())


class TestTheChannel:
    async def test_has_the_capabilities_of_a_trade_channel_and_of_holds(self, sandbox: Sandbox) -> None:
        assert isinstance(sandbox.channel, TradeChannel)
        assert isinstance(sandbox.channel, HoldingChannel)

    async def test_shows_that_the_keys_work(self, sandbox: Sandbox) -> None:
        await sandbox.channel.probe(now=sandbox.now)

    async def test_shows_that_they_do_not(self, sandbox: Sandbox) -> None:
        await sandbox.behave(certificate="foreign")
        with pytest.raises(ChannelUnknown) as unknown:
            await sandbox.channel.probe(now=sandbox.now)
        assert unknown.value.code == "channel_untrusted"
