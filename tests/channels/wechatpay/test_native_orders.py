"""The channel against the simulator, two independent readings of the same documentation, over real HTTP."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.channels.orders import code_of, order_key, refund_key
from tests.channels.wechatpay.sandbox import Sandbox

from feiqian.channels import (
    BillDamaged,
    BillFault,
    BillKind,
    BillMissing,
    ChannelFailed,
    ChannelPaymentState,
    ChannelRefundState,
    ChannelUnknown,
    NoticeFault,
    NoticeRefused,
)
from feiqian.kernel.calendar import business_date

pytestmark = pytest.mark.anyio


class TestAPayment:
    async def test_is_placed_paid_reported_and_found(self, sandbox: Sandbox) -> None:
        prepaid = await sandbox.channel.prepay(sandbox.order("pay-0001"), now=sandbox.now)
        assert code_of(prepaid).startswith("weixin://wxpay/")
        assert await sandbox.channel.prepay(sandbox.order("pay-0001"), now=sandbox.now) == prepaid
        before = await sandbox.channel.query(order_key("pay-0001"), now=sandbox.now)
        assert before.state is ChannelPaymentState.NOT_PAID

        await sandbox.post("/sandbox/pay", {"code_url": code_of(prepaid)})
        (payment,) = (await sandbox.notice()).payments
        assert (payment.out_trade_no, payment.amount, payment.currency) == ("pay-0001", 10_000, "CNY")
        assert payment.paid_at == sandbox.now
        assert await sandbox.channel.query(order_key("pay-0001"), now=sandbox.now) == payment

    async def test_of_an_order_never_placed_is_unknown(self, sandbox: Sandbox) -> None:
        payment = await sandbox.channel.query(order_key("never-placed"), now=sandbox.now)
        assert payment.state is ChannelPaymentState.UNKNOWN_TO_CHANNEL

    async def test_cannot_be_closed_any_more(self, sandbox: Sandbox) -> None:
        await sandbox.pay("paid-1")
        with pytest.raises(ChannelFailed) as failed:
            await sandbox.channel.close(order_key("paid-1"), now=sandbox.now)
        assert failed.value.code == "channel_order_paid"

    async def test_of_another_amount_is_refused_under_the_same_number(self, sandbox: Sandbox) -> None:
        await sandbox.channel.prepay(sandbox.order("twice-1"), now=sandbox.now)
        with pytest.raises(ChannelFailed) as failed:
            await sandbox.channel.prepay(sandbox.order("twice-1", 9_999), now=sandbox.now)
        assert failed.value.query_first
        assert (await sandbox.channel.query(order_key("twice-1"), now=sandbox.now)).amount == 10_000

    async def test_unanswered_is_unknown_until_queried(self, sandbox: Sandbox) -> None:
        await sandbox.behave(prepay="timeout_after_success")
        with pytest.raises(ChannelUnknown):
            await sandbox.channel.prepay(sandbox.order("silent-1"), now=sandbox.now)
        await sandbox.behave_well()
        payment = await sandbox.channel.query(order_key("silent-1"), now=sandbox.now)
        assert payment.state is ChannelPaymentState.NOT_PAID

    async def test_is_found_by_query_when_the_callback_is_lost(self, sandbox: Sandbox) -> None:
        await sandbox.behave(callback="lost")
        await sandbox.pay("lost-1")
        assert (
            await sandbox.channel.query(order_key("lost-1"), now=sandbox.now)
        ).state is ChannelPaymentState.PAID

    async def test_closed_stays_closed(self, sandbox: Sandbox) -> None:
        await sandbox.channel.prepay(sandbox.order("close-1"), now=sandbox.now)
        await sandbox.channel.close(order_key("close-1"), now=sandbox.now)
        await sandbox.channel.close(order_key("close-1"), now=sandbox.now)
        assert (
            await sandbox.channel.query(order_key("close-1"), now=sandbox.now)
        ).state is ChannelPaymentState.CLOSED

    @pytest.mark.parametrize(
        ("behaviour", "kind", "code"),
        [
            ("error", ChannelUnknown, "channel_busy"),
            ("rate_limited", ChannelFailed, "channel_rate_limited"),
        ],
    )
    async def test_refused_is_translated(
        self, sandbox: Sandbox, behaviour: str, kind: type[ChannelFailed], code: str
    ) -> None:
        await sandbox.behave(prepay=behaviour)
        with pytest.raises(kind) as raised:
            await sandbox.channel.prepay(sandbox.order(f"refused-{behaviour}"), now=sandbox.now)
        assert raised.value.code == code


class TestACallback:
    async def test_comes_twice_with_the_same_content(self, sandbox: Sandbox) -> None:
        await sandbox.behave(callback="duplicated")
        await sandbox.pay("double-1")
        read = [
            sandbox.channel.read_notice(headers=headers, body=body, now=sandbox.now)
            for body, headers in await sandbox.callbacks(2)
        ]
        assert read[0] == read[1]

    async def test_with_a_wrong_amount_is_passed_on_as_it_is(self, sandbox: Sandbox) -> None:
        await sandbox.behave(callback="wrong_amount")
        await sandbox.pay("wrong-1")
        (payment,) = (await sandbox.notice()).payments
        assert payment.amount != 10_000
        assert (await sandbox.channel.query(order_key("wrong-1"), now=sandbox.now)).amount == 10_000

    @pytest.mark.parametrize(
        ("behaviour", "reason"),
        [
            ("wrong_mchid", NoticeFault.MERCHANT_WRONG),
            ("signtest", NoticeFault.PROBE),
            ("tampered", NoticeFault.SIGNATURE_WRONG),
            ("stale", NoticeFault.STALE),
        ],
    )
    async def test_that_is_not_right_is_refused(
        self, sandbox: Sandbox, behaviour: str, reason: NoticeFault
    ) -> None:
        await sandbox.behave(callback=behaviour)
        await sandbox.pay(f"bad-{behaviour}")
        body, headers = (await sandbox.callbacks())[0]
        with pytest.raises(NoticeRefused) as refusal:
            sandbox.channel.read_notice(headers=headers, body=body, now=sandbox.now)
        assert refusal.value.reason is reason


class TestARefund:
    async def test_is_accepted_reported_and_found(self, sandbox: Sandbox) -> None:
        await sandbox.behave(callback="lost")
        await sandbox.pay("back-1")
        await sandbox.behave_well()
        request = sandbox.refund_of(order_key("back-1"), "refund-1", 3_334)
        accepted = await sandbox.channel.refund(request, now=sandbox.now)
        assert (accepted.out_refund_no, accepted.amount) == ("refund-1", 3_334)

        refund = (await sandbox.notice()).refund
        assert refund is not None
        assert refund.state is ChannelRefundState.SUCCEEDED
        assert (refund.out_refund_no, refund.out_trade_no, refund.amount) == ("refund-1", "back-1", 3_334)
        assert await sandbox.channel.query_refund(refund_key("refund-1"), now=sandbox.now) == refund
        assert (
            await sandbox.channel.query(order_key("back-1"), now=sandbox.now)
        ).state is ChannelPaymentState.REFUNDED

        again = await sandbox.channel.refund(request, now=sandbox.now)
        assert again.channel_refund_no == accepted.channel_refund_no

    async def test_never_exceeds_what_is_left(self, sandbox: Sandbox) -> None:
        await sandbox.pay("left-1")
        await sandbox.channel.refund(sandbox.refund_of(order_key("left-1"), "left-a", 9_999), now=sandbox.now)
        with pytest.raises(ChannelFailed):
            await sandbox.channel.refund(sandbox.refund_of(order_key("left-1"), "left-b", 2), now=sandbox.now)
        refund = await sandbox.channel.query_refund(refund_key("left-b"), now=sandbox.now)
        assert refund.state is ChannelRefundState.UNKNOWN_TO_CHANNEL
        await sandbox.channel.refund(sandbox.refund_of(order_key("left-1"), "left-c", 1), now=sandbox.now)

    async def test_unanswered_is_unknown_until_queried(self, sandbox: Sandbox) -> None:
        await sandbox.pay("quiet-1")
        await sandbox.behave(refund="timeout_after_success")
        with pytest.raises(ChannelUnknown):
            await sandbox.channel.refund(
                sandbox.refund_of(order_key("quiet-1"), "quiet-a", 100), now=sandbox.now
            )
        await sandbox.behave_well()
        refund = await sandbox.channel.query_refund(refund_key("quiet-a"), now=sandbox.now)
        assert refund.amount == 100

    @pytest.mark.parametrize(
        ("behaviour", "state"),
        [("processing", ChannelRefundState.PROCESSING), ("abnormal", ChannelRefundState.ABNORMAL)],
    )
    async def test_may_not_arrive(self, sandbox: Sandbox, behaviour: str, state: ChannelRefundState) -> None:
        await sandbox.pay(f"stuck-{behaviour}")
        await sandbox.behave(refund=behaviour)
        request = sandbox.refund_of(order_key(f"stuck-{behaviour}"), behaviour, 100)
        await sandbox.channel.refund(request, now=sandbox.now)
        assert (await sandbox.channel.query_refund(refund_key(behaviour), now=sandbox.now)).state is state


class TestTheBill:
    async def test_lists_what_moved(self, sandbox: Sandbox) -> None:
        await sandbox.pay("bill-1")
        await sandbox.pay("bill-2", 1)
        await sandbox.channel.prepay(sandbox.order("bill-3"), now=sandbox.now)
        await sandbox.channel.refund(sandbox.refund_of(order_key("bill-1"), "bill-a", 3_334), now=sandbox.now)
        await sandbox.callbacks(3)
        day = business_date(sandbox.now)
        await sandbox.next_morning()
        bill = await sandbox.channel.download_bill(day, now=sandbox.now)
        assert {(line.kind, line.out_no, line.amount) for line in bill.lines} == {
            (BillKind.PAYMENT, "bill-1", 10_000),
            (BillKind.PAYMENT, "bill-2", 1),
            (BillKind.REFUND, "bill-a", 3_334),
        }
        assert bill.summary.payment_amount == 10_001
        assert bill.summary.refund_amount == 3_334
        assert bill.summary.fee == sum(line.fee for line in bill.lines)

    async def test_of_a_day_without_trade_is_missing(self, sandbox: Sandbox) -> None:
        with pytest.raises(BillMissing):
            await sandbox.channel.download_bill(sandbox.day - timedelta(days=1), now=sandbox.now)

    @pytest.mark.parametrize("behaviour", ["missing", "not_ready"])
    async def test_may_come_later(self, sandbox: Sandbox, behaviour: str) -> None:
        await sandbox.pay(f"late-{behaviour}")
        day = business_date(sandbox.now)
        await sandbox.next_morning()
        await sandbox.behave(bill=behaviour)
        with pytest.raises(BillMissing):
            await sandbox.channel.download_bill(day, now=sandbox.now)
        await sandbox.behave_well()
        assert len((await sandbox.channel.download_bill(day, now=sandbox.now)).lines) == 1

    @pytest.mark.parametrize(
        ("behaviour", "expected"),
        [
            ("bad_hash", lambda fault: fault is BillFault.HASH_DIFFERS),
            ("other_day", lambda fault: fault is BillFault.OTHER_DAY),
            ("truncated", lambda fault: fault is not BillFault.HASH_DIFFERS),
        ],
    )
    async def test_is_refused_when_damaged(
        self, sandbox: Sandbox, behaviour: str, expected: Callable[[BillFault], bool]
    ) -> None:
        for number in range(3):
            await sandbox.pay(f"harm-{behaviour}-{number}")
        day = business_date(sandbox.now)
        await sandbox.next_morning()
        await sandbox.behave(bill=behaviour)
        with pytest.raises(BillDamaged) as damage:
            await sandbox.channel.download_bill(day, now=sandbox.now)
        assert expected(damage.value.fault), damage.value

    @pytest.mark.parametrize(("behaviour", "lines"), [("extra_line", 3), ("amount_differs", 2)])
    async def test_may_honestly_disagree_with_us(self, sandbox: Sandbox, behaviour: str, lines: int) -> None:
        for number in range(2):
            await sandbox.pay(f"differ-{behaviour}-{number}")
        day = business_date(sandbox.now)
        await sandbox.next_morning()
        await sandbox.behave(bill=behaviour)
        bill = await sandbox.channel.download_bill(day, now=sandbox.now)
        assert len(bill.lines) == lines
        assert [line.amount for line in bill.lines] != [10_000, 10_000]
