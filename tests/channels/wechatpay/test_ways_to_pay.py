"""Every way to pay, for ourselves and as a service provider: placed, opened on the buyer's side, paid, reported, found."""

import msgspec
import pytest
from tests.channels.wechatpay.sandbox import BUYER, Sandbox

from feiqian.channels import (
    BillKind,
    ChannelFailed,
    ChannelPaymentState,
    ChannelRefundState,
    ChannelUnknown,
    InvokeApp,
    PaymentMethod,
    Redirect,
)

pytestmark = pytest.mark.anyio

WAYS = [
    PaymentMethod.WECHATPAY_NATIVE,
    PaymentMethod.WECHATPAY_JSAPI,
    PaymentMethod.WECHATPAY_H5,
    PaymentMethod.WECHATPAY_APP,
]


class TestAnOrder:
    @pytest.mark.parametrize("way", WAYS)
    async def test_is_opened_paid_reported_and_found(self, sandbox: Sandbox, way: PaymentMethod) -> None:
        number = sandbox.number("pay")
        order = sandbox.order(number, 1299, method=way)
        prepaid = await sandbox.channel.prepay(order, now=sandbox.now)
        await sandbox.buyer_takes(prepaid.next_step)
        (payment,) = (await sandbox.notice()).payments
        assert (payment.out_trade_no, payment.amount, payment.currency) == (number, 1299, "CNY")
        assert (payment.mchid, payment.appid) == (
            sandbox.credentials["mchid"],
            sandbox.credentials["appid"],
        )
        assert payment == await sandbox.channel.query(sandbox.key(number, method=way), now=sandbox.now)

    @pytest.mark.parametrize("way", WAYS)
    async def test_may_be_placed_again_and_closed(self, sandbox: Sandbox, way: PaymentMethod) -> None:
        number = sandbox.number("again")
        order, key = sandbox.order(number, method=way), sandbox.key(number, method=way)
        for _ in range(2):
            await sandbox.channel.prepay(order, now=sandbox.now)
        for _ in range(2):
            await sandbox.channel.close(key, now=sandbox.now)
        assert (await sandbox.channel.query(key, now=sandbox.now)).state is ChannelPaymentState.CLOSED

    @pytest.mark.parametrize("way", WAYS)
    async def test_altered_is_refused_under_its_number(self, sandbox: Sandbox, way: PaymentMethod) -> None:
        number = sandbox.number("altered")
        order = sandbox.order(number, method=way)
        await sandbox.channel.prepay(order, now=sandbox.now)
        with pytest.raises(ChannelFailed) as failed:
            await sandbox.channel.prepay(msgspec.structs.replace(order, amount=1), now=sandbox.now)
        assert failed.value.query_first
        assert not failed.value.switch
        assert (await sandbox.channel.query(sandbox.key(number), now=sandbox.now)).amount == 10_000

    @pytest.mark.parametrize("way", WAYS)
    async def test_unanswered_is_unknown_until_queried(self, sandbox: Sandbox, way: PaymentMethod) -> None:
        number = sandbox.number("silent")
        await sandbox.behave(prepay="timeout_after_success", only_next=1)
        with pytest.raises(ChannelUnknown):
            await sandbox.channel.prepay(sandbox.order(number, method=way), now=sandbox.now)
        found = await sandbox.channel.query(sandbox.key(number), now=sandbox.now)
        assert found.state is ChannelPaymentState.NOT_PAID

    @pytest.mark.parametrize("way", WAYS)
    async def test_too_often_goes_elsewhere_for_certain(self, sandbox: Sandbox, way: PaymentMethod) -> None:
        number = sandbox.number("often")
        await sandbox.behave(prepay="rate_limited", only_next=1)
        with pytest.raises(ChannelFailed) as failed:
            await sandbox.channel.prepay(sandbox.order(number, method=way), now=sandbox.now)
        assert (failed.value.code, failed.value.switch) == ("channel_rate_limited", True)
        found = await sandbox.channel.query(sandbox.key(number), now=sandbox.now)
        assert found.state is ChannelPaymentState.UNKNOWN_TO_CHANNEL

    async def test_on_a_page_leads_back_to_the_shop(self, sandbox: Sandbox) -> None:
        order = sandbox.order(sandbox.number("h5"), method=PaymentMethod.WECHATPAY_H5)
        step = (await sandbox.channel.prepay(order, now=sandbox.now)).next_step
        assert isinstance(step, Redirect)
        assert step.url.endswith("&redirect_url=https%3A%2F%2Fshop.example%2Fdone%3Fa%3D1")

    async def test_in_a_page_is_for_its_buyer_only(self, sandbox: Sandbox) -> None:
        number = sandbox.number("mine")
        order = sandbox.order(number, method=PaymentMethod.WECHATPAY_JSAPI)
        step = (await sandbox.channel.prepay(order, now=sandbox.now)).next_step
        assert isinstance(step, InvokeApp)
        with pytest.raises(AssertionError, match="INVALID_REQUEST"):
            await sandbox.post("/sandbox/invoke", {"jsapi": step.parameters, "payer": "oSomebodyElse"})
        found = await sandbox.channel.query(sandbox.key(number), now=sandbox.now)
        assert found.state is ChannelPaymentState.NOT_PAID


class TestAServiceProvider:
    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize("appid", [False, True])
    async def test_takes_money_for_its_merchant(
        self, sandbox: Sandbox, way: PaymentMethod, appid: bool
    ) -> None:
        merchant, number = sandbox.sub_merchant(appid=appid), sandbox.number("sub")
        before = await sandbox.available(merchant.mchid)
        order = sandbox.order(number, 500, method=way, sub_merchant=merchant)
        prepaid = await sandbox.channel.prepay(order, now=sandbox.now)
        await sandbox.buyer_takes(prepaid.next_step)
        (payment,) = (await sandbox.notice()).payments
        assert (payment.out_trade_no, payment.amount, payment.mchid) == (number, 500, merchant.mchid)
        assert payment.appid == sandbox.credentials["appid"]
        key = sandbox.key(number, method=way, sub_merchant=merchant)
        assert payment == await sandbox.channel.query(key, now=sandbox.now)
        assert await sandbox.available(merchant.mchid) > before

    async def test_finds_its_merchants_orders_only_in_their_name(self, sandbox: Sandbox) -> None:
        number = sandbox.number("whose")
        await sandbox.pay(number, sub_merchant=sandbox.sub_merchant())
        found = await sandbox.channel.query(sandbox.key(number), now=sandbox.now)
        assert found.state is ChannelPaymentState.UNKNOWN_TO_CHANNEL

    async def test_closes_in_its_merchants_name(self, sandbox: Sandbox) -> None:
        merchant, number = sandbox.sub_merchant(), sandbox.number("close")
        await sandbox.channel.prepay(sandbox.order(number, sub_merchant=merchant), now=sandbox.now)
        key = sandbox.key(number, sub_merchant=merchant)
        await sandbox.channel.close(key, now=sandbox.now)
        assert (await sandbox.channel.query(key, now=sandbox.now)).state is ChannelPaymentState.CLOSED

    async def test_refunds_in_its_merchants_name(self, sandbox: Sandbox) -> None:
        merchant, number = sandbox.sub_merchant(), sandbox.number("back")
        await sandbox.behave(callback="lost")
        await sandbox.pay(number, 500, sub_merchant=merchant)
        await sandbox.behave_well()
        key = sandbox.key(number, sub_merchant=merchant)
        request = sandbox.refund_of(key, f"r{number}", 200, total=500)
        await sandbox.channel.refund(request, now=sandbox.now)
        refund = (await sandbox.notice()).refund
        assert refund is not None
        assert (refund.state, refund.amount) == (ChannelRefundState.SUCCEEDED, 200)
        found = await sandbox.channel.query_refund(sandbox.refund_key(key, f"r{number}"), now=sandbox.now)
        assert found == refund
        stranger = sandbox.refund_key(sandbox.key(number), f"r{number}")
        unknown = await sandbox.channel.query_refund(stranger, now=sandbox.now)
        assert unknown.state is ChannelRefundState.UNKNOWN_TO_CHANNEL

    async def test_places_none_for_a_stranger(self, sandbox: Sandbox) -> None:
        stranger = msgspec.structs.replace(sandbox.sub_merchant(), mchid="1900000001")
        number = sandbox.number("stranger")
        with pytest.raises(ChannelFailed) as failed:
            await sandbox.channel.prepay(sandbox.order(number, sub_merchant=stranger), now=sandbox.now)
        assert (failed.value.code, failed.value.switch) == ("channel_not_configured", True)


class TestTheBill:
    async def test_holds_every_way_to_pay_and_every_merchant(self, sandbox: Sandbox) -> None:
        expected = {}
        for index, way in enumerate(WAYS):
            for merchant in (None, sandbox.sub_merchant()):
                number = sandbox.number("bill")
                expected[number] = 1000 + index
                await sandbox.pay(number, expected[number], method=way, sub_merchant=merchant)
        day = sandbox.day
        await sandbox.next_morning()
        bill = await sandbox.channel.download_bill(day, now=sandbox.now)
        assert {line.out_no: line.amount for line in bill.lines} == expected
        assert {line.kind for line in bill.lines} == {BillKind.PAYMENT}

    async def test_whose_address_has_expired_is_asked_for_again(self, sandbox: Sandbox) -> None:
        await sandbox.pay(sandbox.number("once"))
        day = sandbox.day
        await sandbox.next_morning()
        await sandbox.behave(bill="expired_link", only_next=1)
        assert len((await sandbox.channel.download_bill(day, now=sandbox.now)).lines) == 1

    async def test_of_fund_flows_adds_up(self, own_sandbox: Sandbox) -> None:
        before = await own_sandbox.available()
        number = own_sandbox.number("flow")
        await own_sandbox.pay(number)
        await own_sandbox.channel.refund(
            own_sandbox.refund_of(own_sandbox.key(number), f"r{number}", 3_000), now=own_sandbox.now
        )
        balance = await own_sandbox.available()
        day = own_sandbox.day
        await own_sandbox.next_morning()
        flow = await own_sandbox.channel.download_fund_flow(day, now=own_sandbox.now)
        moved = sum(line.amount if line.direction == "in" else -line.amount for line in flow.lines)
        assert moved == balance - before
        assert flow.lines[-1].balance == balance
        assert BUYER not in str(flow)
