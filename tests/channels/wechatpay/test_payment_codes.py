"""The shop scans the buyer's payment code: at once, after the password, or not at all; and takes it back."""

from typing import Any

import pytest
from tests.channels.wechatpay.sandbox import Sandbox

from feiqian.channels import (
    AlreadyPaid,
    AwaitBuyer,
    BillKind,
    BuyerHints,
    ChannelFailed,
    ChannelPaymentState,
    ChannelUnknown,
    NextStep,
    OrderKey,
    PaymentMethod,
    PrepayRequest,
)

pytestmark = pytest.mark.anyio

BARCODE = PaymentMethod.WECHATPAY_BARCODE


async def order(sandbox: Sandbox, number: str, amount: int = 100, **wish: Any) -> PrepayRequest:
    """An order for a code that the buyer has just opened; ``wish`` is what kind of buyer that is."""
    code = (await sandbox.post("/sandbox/auth-codes", wish))["auth_code"]
    hints = BuyerHints(auth_code=code, terminal_no="till-1", client_ip="10.0.0.7")
    return sandbox.order(number, amount, method=BARCODE, buyer=hints)


async def charge(sandbox: Sandbox, number: str, amount: int = 100, **wish: Any) -> NextStep:
    request = await order(sandbox, number, amount, **wish)
    return (await sandbox.channel.prepay(request, now=sandbox.now)).next_step


def key(sandbox: Sandbox, number: str) -> OrderKey:
    return sandbox.key(number, method=BARCODE)


async def state(sandbox: Sandbox, number: str) -> ChannelPaymentState:
    return (await sandbox.channel.query(key(sandbox, number), now=sandbox.now)).state


class TestAPaymentCode:
    async def test_pays_at_once(self, sandbox: Sandbox) -> None:
        number = sandbox.number()
        step = await charge(sandbox, number, 1000)
        assert isinstance(step, AlreadyPaid)
        assert step.payment == await sandbox.channel.query(key(sandbox, number), now=sandbox.now)
        assert (step.payment.amount, step.payment.mchid) == (1000, sandbox.credentials["mchid"])

    async def test_pays_a_service_providers_merchant(self, sandbox: Sandbox) -> None:
        merchant, number = sandbox.sub_merchant(), sandbox.number()
        request = await order(sandbox, number)
        hints = request.buyer
        partner = sandbox.order(number, 100, method=BARCODE, buyer=hints, sub_merchant=merchant)
        step = (await sandbox.channel.prepay(partner, now=sandbox.now)).next_step
        assert isinstance(step, AlreadyPaid)
        assert step.payment.mchid == merchant.mchid
        theirs = sandbox.key(number, method=BARCODE, sub_merchant=merchant)
        await sandbox.channel.close(theirs, now=sandbox.now)
        found = await sandbox.channel.query(theirs, now=sandbox.now)
        assert found.state is ChannelPaymentState.CLOSED

    @pytest.mark.parametrize(
        ("typed", "end"), [(True, ChannelPaymentState.PAID), (False, ChannelPaymentState.FAILED)]
    )
    async def test_waits_for_the_password(
        self, sandbox: Sandbox, typed: bool, end: ChannelPaymentState
    ) -> None:
        number = sandbox.number()
        assert await charge(sandbox, number, password=True) == AwaitBuyer()
        assert await state(sandbox, number) is ChannelPaymentState.NOT_PAID
        await sandbox.post(f"/sandbox/password/{number}", {"typed": typed})
        assert await state(sandbox, number) is end

    async def test_of_a_buyer_without_money_pays_nothing(self, sandbox: Sandbox) -> None:
        number = sandbox.number()
        with pytest.raises(ChannelFailed) as failed:
            await charge(sandbox, number, balance=99)
        assert failed.value.code == "channel_buyer_cannot_pay"
        assert await state(sandbox, number) is ChannelPaymentState.UNKNOWN_TO_CHANNEL

    async def test_pays_once(self, sandbox: Sandbox) -> None:
        first, second = sandbox.number(), sandbox.number()
        request = await order(sandbox, first)
        once = await sandbox.channel.prepay(request, now=sandbox.now)
        assert await sandbox.channel.prepay(request, now=sandbox.now) == once
        with pytest.raises(ChannelFailed) as failed:
            await sandbox.channel.prepay(
                sandbox.order(second, 100, method=BARCODE, buyer=request.buyer), now=sandbox.now
            )
        assert failed.value.code == "channel_auth_code_invalid"
        assert not failed.value.switch

    async def test_lives_for_a_minute(self, sandbox: Sandbox) -> None:
        request = await order(sandbox, sandbox.number())
        await sandbox.later(minutes=1)
        with pytest.raises(ChannelFailed) as failed:
            await sandbox.channel.prepay(request, now=sandbox.now)
        assert failed.value.code == "channel_auth_code_invalid"

    @pytest.mark.parametrize(
        "behaviour",
        [{"prepay": "timeout_after_success"}, {"answer": "lost", "answer_path": "/codepay"}],
        ids=["time-out", "lost"],
    )
    async def test_unanswered_may_have_paid(self, sandbox: Sandbox, behaviour: dict[str, str]) -> None:
        number = sandbox.number()
        request = await order(sandbox, number)
        await sandbox.behave(**behaviour, only_next=1)
        with pytest.raises(ChannelUnknown) as unknown:
            await sandbox.channel.prepay(request, now=sandbox.now)
        assert unknown.value.query_first
        assert await state(sandbox, number) is ChannelPaymentState.PAID


class TestTakingBack:
    async def test_gives_the_money_back(self, sandbox: Sandbox) -> None:
        before, number = await sandbox.available(), sandbox.number()
        await charge(sandbox, number, 10_000)
        for _ in range(2):
            await sandbox.channel.close(key(sandbox, number), now=sandbox.now)
        assert await state(sandbox, number) is ChannelPaymentState.CLOSED
        assert await sandbox.available() == before

    async def test_ends_a_wait_for_the_password(self, sandbox: Sandbox) -> None:
        number = sandbox.number()
        await charge(sandbox, number, password=True)
        await sandbox.channel.close(key(sandbox, number), now=sandbox.now)
        assert await state(sandbox, number) is ChannelPaymentState.CLOSED

    async def test_stands_in_the_bill_as_a_refund(self, sandbox: Sandbox) -> None:
        number = sandbox.number()
        await charge(sandbox, number, 10_000)
        await sandbox.channel.close(key(sandbox, number), now=sandbox.now)
        day = sandbox.day
        await sandbox.next_morning()
        bill = await sandbox.channel.download_bill(day, now=sandbox.now)
        assert [(line.kind, line.out_trade_no, line.amount) for line in bill.lines] == [
            (BillKind.PAYMENT, number, 10_000),
            (BillKind.REFUND, number, 10_000),
        ]
