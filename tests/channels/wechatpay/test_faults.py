"""Whatever comes back instead of an answer, to every kind of call: unknown, and a query says what is true."""

from collections.abc import Awaitable, Callable

import pytest
from tests.channels.wechatpay.sandbox import BUYER, Sandbox

from feiqian.channels import (
    ChannelPaymentState,
    ChannelRefundState,
    ChannelTransferState,
    ChannelUnknown,
    NoticeFault,
    NoticeRefused,
    Payee,
    PayeeKind,
    PaymentMethod,
    Receiver,
    ReceiverKind,
    SplitKey,
    SplitPart,
    SplitRequest,
    TransferKey,
    TransferRequest,
)

pytestmark = pytest.mark.anyio

Act = Callable[[Sandbox], Awaitable[tuple[Callable[[], Awaitable[object]], Callable[[], Awaitable[bool]]]]]
"""Prepares one act; returns (the act, whether WeChat Pay knows of it)."""

DONE = ["lost", "garbage", "huge", "empty", "slow"]
"""The answer is no answer, although the act was done."""


async def placing(sandbox: Sandbox) -> tuple[Callable[[], Awaitable[object]], Callable[[], Awaitable[bool]]]:
    order = sandbox.order(sandbox.number("p"), method=PaymentMethod.WECHATPAY_JSAPI)

    async def known() -> bool:
        found = await sandbox.channel.query(sandbox.key(order.out_trade_no), now=sandbox.now)
        return found.state is not ChannelPaymentState.UNKNOWN_TO_CHANNEL

    return lambda: sandbox.channel.prepay(order, now=sandbox.now), known


async def combining(
    sandbox: Sandbox,
) -> tuple[Callable[[], Awaitable[object]], Callable[[], Awaitable[bool]]]:
    number, orders = sandbox.number("c"), [sandbox.order(sandbox.number("sub"), 100) for _ in range(2)]

    async def known() -> bool:
        return bool(await sandbox.channel.query_combined(number, now=sandbox.now))

    return lambda: sandbox.channel.prepay_combined(number, orders, now=sandbox.now), known


async def refunding(
    sandbox: Sandbox,
) -> tuple[Callable[[], Awaitable[object]], Callable[[], Awaitable[bool]]]:
    number = sandbox.number("p")
    await sandbox.pay(number)
    key, refund_no = sandbox.key(number), sandbox.number("r")
    request = sandbox.refund_of(key, refund_no, 100)

    async def known() -> bool:
        found = await sandbox.channel.query_refund(sandbox.refund_key(key, refund_no), now=sandbox.now)
        return found.state is not ChannelRefundState.UNKNOWN_TO_CHANNEL

    return lambda: sandbox.channel.refund(request, now=sandbox.now), known


async def sharing(sandbox: Sandbox) -> tuple[Callable[[], Awaitable[object]], Callable[[], Awaitable[bool]]]:
    number = sandbox.number("p")
    paid = await sandbox.pay(number, shared=True)
    shop = Receiver(kind=ReceiverKind.MERCHANT, account_no="1800000777", name="示例商户", relation="STORE")
    await sandbox.channel.add_receiver(shop, now=sandbox.now)
    await sandbox.later(minutes=1)
    request = SplitRequest(
        order=sandbox.key(number, transaction_no=paid.transaction_no),
        out_split_no=sandbox.number("s"),
        parts=(SplitPart(kind=shop.kind, account_no=shop.account_no, amount=100, description="分账"),),
        finish=False,
        requested_at=sandbox.now,
    )
    key = SplitKey(order=request.order, out_split_no=request.out_split_no, requested_at=sandbox.now)

    async def known() -> bool:
        return (await sandbox.channel.query_split(key, now=sandbox.now)).known

    return lambda: sandbox.channel.split(request, now=sandbox.now), known


async def transferring(
    sandbox: Sandbox,
) -> tuple[Callable[[], Awaitable[object]], Callable[[], Awaitable[bool]]]:
    await sandbox.post("/sandbox/deposits", {"amount": 100_00})
    number = sandbox.number("t")
    request = TransferRequest(
        out_transfer_no=number,
        payee=Payee(kind=PayeeKind.WECHATPAY, account_no=BUYER, name="张三"),
        amount=100,
        currency="CNY",
        memo="货款",
        requested_at=sandbox.now,
    )
    key = TransferKey(out_transfer_no=number, requested_at=sandbox.now)

    async def known() -> bool:
        found = await sandbox.channel.query_transfer(key, now=sandbox.now)
        return found.state is not ChannelTransferState.UNKNOWN_TO_CHANNEL

    return lambda: sandbox.channel.transfer(request, now=sandbox.now), known


ACTS = pytest.mark.parametrize(
    "act", [placing, combining, refunding, sharing, transferring], ids=lambda act: act.__name__
)


class TestAnAct:
    @ACTS
    @pytest.mark.parametrize("fault", DONE)
    async def test_without_a_good_answer_is_unknown_and_done(
        self, sandbox: Sandbox, act: Act, fault: str
    ) -> None:
        do, known = await act(sandbox)
        await sandbox.behave(answer=fault, slow_s=3.5, only_next=1)
        with pytest.raises(ChannelUnknown) as unknown:
            await do()
        assert unknown.value.query_first
        await sandbox.behave_well()
        assert await known()
        await do()

    @ACTS
    @pytest.mark.parametrize("fault", ["error", "rate_limited"])
    async def test_refused_without_a_signature_is_unknown_and_not_done(
        self, sandbox: Sandbox, act: Act, fault: str
    ) -> None:
        do, known = await act(sandbox)
        await sandbox.behave(answer=fault, only_next=1)
        with pytest.raises(ChannelUnknown) as unknown:
            await do()
        assert unknown.value.query_first
        assert not await known()
        await do()
        assert await known()


class TestAQuery:
    @pytest.mark.parametrize("fault", [*DONE, "error"])
    async def test_without_a_good_answer_says_nothing(self, sandbox: Sandbox, fault: str) -> None:
        number = sandbox.number("p")
        await sandbox.pay(number)
        await sandbox.behave(answer=fault, slow_s=3.5, only_next=1)
        with pytest.raises(ChannelUnknown):
            await sandbox.channel.query(sandbox.key(number), now=sandbox.now)
        await sandbox.behave_well()
        found = await sandbox.channel.query(sandbox.key(number), now=sandbox.now)
        assert found.state is ChannelPaymentState.PAID


class TestACallback:
    async def test_that_is_late_is_still_believed(self, sandbox: Sandbox) -> None:
        number = sandbox.number("p")
        await sandbox.behave(callback="late", late_s=60, only_next=1)
        await sandbox.pay(number)
        await sandbox.later(minutes=1)
        assert (await sandbox.notice()).payments[0].out_trade_no == number

    async def test_may_come_after_what_happened_later(self, sandbox: Sandbox) -> None:
        first, second = sandbox.number("p"), sandbox.number("p")
        await sandbox.behave(callback="reordered", only_next=1)
        for number in (first, second):
            await sandbox.pay(number)
        read = [
            sandbox.channel.read_notice(headers=headers, body=body, now=sandbox.now).payments[0].out_trade_no
            for body, headers in await sandbox.callbacks(2)
        ]
        assert read == [second, first]

    async def test_about_another_application_is_refused(self, sandbox: Sandbox) -> None:
        await sandbox.behave(callback="wrong_appid", only_next=1)
        await sandbox.pay(sandbox.number("p"))
        with pytest.raises(NoticeRefused) as refused:
            await sandbox.notice()
        assert refused.value.reason is NoticeFault.MERCHANT_WRONG
