"""Several orders that the buyer pays at once."""

import msgspec
import pytest
from tests.channels.wechatpay.sandbox import Sandbox

from feiqian.channels import (
    ChannelFailed,
    ChannelPaymentState,
    ChannelUnknown,
    InvokeApp,
    NoticeFault,
    NoticeRefused,
    PaymentMethod,
    PrepayRequest,
    Redirect,
    ShowCode,
)

pytestmark = pytest.mark.anyio


def together(sandbox: Sandbox, *totals: int, **changes: object) -> list[PrepayRequest]:
    return [sandbox.order(sandbox.number("sub"), total, **changes) for total in totals]


class TestACombinedOrder:
    @pytest.mark.parametrize(
        ("way", "step"),
        [
            (PaymentMethod.WECHATPAY_NATIVE, ShowCode),
            (PaymentMethod.WECHATPAY_JSAPI, InvokeApp),
            (PaymentMethod.WECHATPAY_H5, Redirect),
            (PaymentMethod.WECHATPAY_APP, InvokeApp),
        ],
    )
    async def test_is_paid_whole_and_told_in_one_notice(
        self, sandbox: Sandbox, way: PaymentMethod, step: type
    ) -> None:
        number, orders = sandbox.number("all"), together(sandbox, 1000, 500, method=way)
        prepaid = await sandbox.channel.prepay_combined(number, orders, now=sandbox.now)
        assert isinstance(prepaid.next_step, step)
        await sandbox.post("/sandbox/pay", {"out_trade_no": number})
        payments = (await sandbox.notice()).payments
        assert [(one.out_trade_no, one.amount, one.state) for one in payments] == [
            (orders[0].out_trade_no, 1000, ChannelPaymentState.PAID),
            (orders[1].out_trade_no, 500, ChannelPaymentState.PAID),
        ]
        assert payments == await sandbox.channel.query_combined(number, now=sandbox.now)

    async def test_is_refunded_by_its_parts(self, sandbox: Sandbox) -> None:
        number, orders = sandbox.number("all"), together(sandbox, 1000, 500)
        prepaid = await sandbox.channel.prepay_combined(number, orders, now=sandbox.now)
        await sandbox.buyer_takes(prepaid.next_step)
        key = sandbox.key(orders[1].out_trade_no)
        request = sandbox.refund_of(key, sandbox.number("r"), 500, total=500)
        await sandbox.channel.refund(request, now=sandbox.now)
        states = [one.state for one in await sandbox.channel.query_combined(number, now=sandbox.now)]
        assert states == [ChannelPaymentState.PAID, ChannelPaymentState.REFUNDED]

    async def test_of_several_merchants_brings_each_its_own(self, sandbox: Sandbox) -> None:
        number, orders = sandbox.number("all"), together(sandbox, 1000, 2000)
        merchant = sandbox.sub_merchant()
        orders[1] = msgspec.structs.replace(orders[1], sub_merchant=merchant)
        before = await sandbox.available(merchant.mchid)
        prepaid = await sandbox.channel.prepay_combined(number, orders, now=sandbox.now)
        await sandbox.buyer_takes(prepaid.next_step)
        payments = (await sandbox.notice()).payments
        assert [one.mchid for one in payments] == [sandbox.credentials["mchid"], merchant.mchid]
        assert await sandbox.available(merchant.mchid) == before + 1992

    async def test_is_closed_whole(self, sandbox: Sandbox) -> None:
        number, orders = sandbox.number("all"), together(sandbox, 1000, 500)
        await sandbox.channel.prepay_combined(number, orders, now=sandbox.now)
        keys = [sandbox.key(order.out_trade_no) for order in orders]
        with pytest.raises(ChannelFailed):
            await sandbox.channel.close_combined(number, keys[:1], now=sandbox.now)
        for _ in range(2):
            await sandbox.channel.close_combined(number, keys, now=sandbox.now)
        states = {one.state for one in await sandbox.channel.query_combined(number, now=sandbox.now)}
        assert states == {ChannelPaymentState.CLOSED}

    async def test_never_placed_has_no_parts(self, sandbox: Sandbox) -> None:
        assert await sandbox.channel.query_combined(sandbox.number("none"), now=sandbox.now) == ()

    async def test_unanswered_is_unknown_until_queried(self, sandbox: Sandbox) -> None:
        number, orders = sandbox.number("all"), together(sandbox, 1000, 500)
        await sandbox.behave(prepay="timeout_after_success", only_next=1)
        with pytest.raises(ChannelUnknown):
            await sandbox.channel.prepay_combined(number, orders, now=sandbox.now)
        found = await sandbox.channel.query_combined(number, now=sandbox.now)
        assert {one.state for one in found} == {ChannelPaymentState.NOT_PAID}

    @pytest.mark.parametrize("fault", ["wrong_mchid", "wrong_appid"])
    async def test_is_not_believed_about_somebody_else(self, sandbox: Sandbox, fault: str) -> None:
        number, orders = sandbox.number("all"), together(sandbox, 1000, 500)
        prepaid = await sandbox.channel.prepay_combined(number, orders, now=sandbox.now)
        await sandbox.behave(callback=fault, only_next=1)
        await sandbox.buyer_takes(prepaid.next_step)
        with pytest.raises(NoticeRefused) as refused:
            await sandbox.notice()
        assert refused.value.reason is NoticeFault.MERCHANT_WRONG
