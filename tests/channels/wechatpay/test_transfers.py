"""Merchant transfers that the payee confirms, end by end."""

import pytest
from tests.channels.wechatpay.sandbox import BUYER, Sandbox

from feiqian.channels import (
    ChannelFailed,
    ChannelTransfer,
    ChannelTransferState,
    ChannelUnknown,
    NoticeFault,
    NoticeRefused,
    Payee,
    PayeeKind,
    TransferKey,
    TransferRequest,
)
from feiqian.channels.wechatpay import TransferToConfirm

pytestmark = pytest.mark.anyio


@pytest.fixture
async def rich(sandbox: Sandbox) -> Sandbox:
    """A merchant with 100,000 yuan more."""
    await sandbox.post("/sandbox/deposits", {"amount": 100_000_00})
    return sandbox


def wish(sandbox: Sandbox, number: str, amount: int = 5000, *, name: str = "张三") -> TransferRequest:
    return TransferRequest(
        out_transfer_no=number,
        payee=Payee(kind=PayeeKind.WECHATPAY, account_no=BUYER, name=name),
        amount=amount,
        currency="CNY",
        memo="三月货款",
        requested_at=sandbox.now,
        notify_url=sandbox.notify_url,
    )


async def found(sandbox: Sandbox, number: str) -> ChannelTransfer:
    key = TransferKey(out_transfer_no=number, requested_at=sandbox.now)
    return await sandbox.channel.query_transfer(key, now=sandbox.now)


class TestATransfer:
    async def test_waits_for_its_payee_then_succeeds(self, rich: Sandbox) -> None:
        before, number = await rich.available(), rich.number("t")
        asked = await rich.channel.transfer(wish(rich, number), now=rich.now)
        assert isinstance(asked, TransferToConfirm)
        assert asked.state is ChannelTransferState.PROCESSING
        assert asked.confirm.parameters["mchId"] == rich.credentials["mchid"]
        package = asked.confirm.parameters["package"]
        await rich.post(f"/sandbox/transfers/{number}", {"package_info": package})
        told = (await rich.notice()).transfer
        assert told == await found(rich, number)
        assert told is not None
        assert (told.state, told.amount, told.finished_at) == (
            ChannelTransferState.SUCCEEDED,
            5000,
            rich.now,
        )
        assert await rich.available() == before - 5000

    async def test_from_2000_yuan_on_is_made_with_the_name_encrypted(self, rich: Sandbox) -> None:
        await rich.behave(transfer="confirmed_at_once", only_next=1)
        number = rich.number("t")
        await rich.channel.transfer(wish(rich, number, 2000_00), now=rich.now)
        assert (await found(rich, number)).state is ChannelTransferState.SUCCEEDED

    async def test_may_fail_after_it_was_accepted(self, rich: Sandbox) -> None:
        before, number = await rich.available(), rich.number("t")
        await rich.behave(transfer="fails_after_accepted", only_next=1)
        asked = await rich.channel.transfer(wish(rich, number), now=rich.now)
        assert asked.state is ChannelTransferState.PROCESSING
        told = (await rich.notice()).transfer
        assert told == await found(rich, number)
        assert told is not None
        assert (told.state, told.error_code) == (ChannelTransferState.FAILED, "PAYEE_ACCOUNT_ABNORMAL")
        assert await rich.available() == before

    async def test_may_be_under_way_for_long(self, rich: Sandbox) -> None:
        number = rich.number("t")
        await rich.behave(transfer="processing", only_next=1)
        await rich.channel.transfer(wish(rich, number), now=rich.now)
        now = rich.now
        await rich.later(days=7)
        assert (await found(rich, number)).state is ChannelTransferState.PROCESSING
        await rich.set_clock(now)

    async def test_that_nobody_confirms_fails_after_a_day(self, rich: Sandbox) -> None:
        before, number = await rich.available(), rich.number("t")
        await rich.channel.transfer(wish(rich, number), now=rich.now)
        await rich.later(days=1)
        late = await found(rich, number)
        assert (late.state, late.error_code) == (ChannelTransferState.FAILED, "OVERDUE_CLOSE")
        assert await rich.available() == before

    @pytest.mark.parametrize(
        "behaviour",
        [{"transfer": "timeout_after_success"}, {"answer": "garbage", "answer_path": "/transfer-bills"}],
        ids=["time-out", "garbage"],
    )
    async def test_is_made_once_though_its_answer_was_lost(
        self, rich: Sandbox, behaviour: dict[str, str]
    ) -> None:
        before, number = await rich.available(), rich.number("t")
        await rich.behave(**behaviour, only_next=1)
        with pytest.raises(ChannelUnknown):
            await rich.channel.transfer(wish(rich, number), now=rich.now)
        known = await found(rich, number)
        assert known.state is ChannelTransferState.PROCESSING
        again = await rich.channel.transfer(wish(rich, number), now=rich.now)
        assert again.channel_no == known.channel_no
        assert await rich.available() == before - 5000

    async def test_that_met_a_fault_is_asked_about_first(self, rich: Sandbox) -> None:
        number = rich.number("t")
        await rich.behave(transfer="error", only_next=1)
        with pytest.raises(ChannelUnknown) as unknown:
            await rich.channel.transfer(wish(rich, number), now=rich.now)
        assert unknown.value.query_first
        assert (await found(rich, number)).state is ChannelTransferState.UNKNOWN_TO_CHANNEL

    async def test_altered_is_refused_under_its_number(self, rich: Sandbox) -> None:
        before, number = await rich.available(), rich.number("t")
        await rich.channel.transfer(wish(rich, number), now=rich.now)
        with pytest.raises(ChannelFailed) as failed:
            await rich.channel.transfer(wish(rich, number, 5001), now=rich.now)
        assert (failed.value.code, failed.value.query_first) == ("channel_number_used", True)
        assert await rich.available() == before - 5000

    async def test_above_the_balance_moves_nothing(self, own_sandbox: Sandbox) -> None:
        number = own_sandbox.number("t")
        with pytest.raises(ChannelFailed) as failed:
            await own_sandbox.channel.transfer(wish(own_sandbox, number), now=own_sandbox.now)
        assert (failed.value.code, failed.value.retryable) == ("channel_balance_insufficient", True)
        assert (await found(own_sandbox, number)).state is ChannelTransferState.UNKNOWN_TO_CHANNEL


class TestATransfersNotice:
    async def test_of_another_merchant_is_refused(self, rich: Sandbox) -> None:
        await rich.behave(callback="wrong_mchid", transfer="confirmed_at_once", only_next=1)
        await rich.channel.transfer(wish(rich, rich.number("t")), now=rich.now)
        with pytest.raises(NoticeRefused) as refused:
            await rich.notice()
        assert refused.value.reason is NoticeFault.MERCHANT_WRONG

    async def test_with_a_wrong_amount_is_passed_on_as_it_is(self, rich: Sandbox) -> None:
        number = rich.number("t")
        await rich.behave(callback="wrong_amount", transfer="confirmed_at_once", only_next=1)
        await rich.channel.transfer(wish(rich, number), now=rich.now)
        told = (await rich.notice()).transfer
        assert told is not None
        assert told.amount != (await found(rich, number)).amount
