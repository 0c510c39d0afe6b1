"""Profit sharing: who gets what, what is set free, what comes back, and every rule that stops it."""

import pytest
from tests.channels.wechatpay.sandbox import Sandbox

from feiqian.channels import (
    ChannelFailed,
    ChannelSplit,
    ChannelUnknown,
    OrderKey,
    Receiver,
    ReceiverKind,
    SplitKey,
    SplitPart,
    SplitPartState,
    SplitRequest,
    SplitReturnRequest,
    SubMerchant,
)

pytestmark = pytest.mark.anyio

SHOP = Receiver(kind=ReceiverKind.MERCHANT, account_no="1800000777", name="示例商户", relation="STORE")
STAFF = Receiver(kind=ReceiverKind.PERSON, account_no="oStaff", name="张三", relation="配送员")


def part(amount: int, receiver: Receiver = SHOP) -> SplitPart:
    return SplitPart(
        kind=receiver.kind, account_no=receiver.account_no, amount=amount, description="分给门店"
    )


async def sharable(sandbox: Sandbox, sub_merchant: SubMerchant | None = None) -> OrderKey:
    """A paid order of 100.00 that waits for sharing, a minute later, and two receivers."""
    number = sandbox.number("o")
    paid = await sandbox.pay(number, shared=True, sub_merchant=sub_merchant)
    for receiver in (SHOP, STAFF):
        await sandbox.channel.add_receiver(receiver, sub_merchant=sub_merchant, now=sandbox.now)
    await sandbox.later(minutes=1)
    return sandbox.key(number, transaction_no=paid.transaction_no, sub_merchant=sub_merchant)


def asked(
    sandbox: Sandbox, order: OrderKey, number: str, *parts: SplitPart, finish: bool = False
) -> SplitRequest:
    return SplitRequest(
        order=order, out_split_no=number, parts=parts, finish=finish, requested_at=sandbox.now
    )


async def found(sandbox: Sandbox, order: OrderKey, number: str) -> ChannelSplit:
    key = SplitKey(order=order, out_split_no=number, requested_at=sandbox.now)
    return await sandbox.channel.query_split(key, now=sandbox.now)


def returning(
    sandbox: Sandbox, order: OrderKey, split_no: str, number: str, amount: int
) -> SplitReturnRequest:
    return SplitReturnRequest(
        split=SplitKey(order=order, out_split_no=split_no, requested_at=sandbox.now),
        out_return_no=number,
        account_no=SHOP.account_no,
        amount=amount,
        reason="用户退款",
        requested_at=sandbox.now,
    )


class TestASplit:
    async def test_gives_each_its_part_and_us_the_rest(self, sandbox: Sandbox) -> None:
        order, number = await sharable(sandbox), sandbox.number("s")
        ours, shops = await sandbox.available(), await sandbox.available(SHOP.account_no)
        request = asked(sandbox, order, number, part(2000), part(500, STAFF), finish=True)
        split = await sandbox.channel.split(request, now=sandbox.now)
        assert split.known
        assert {one.state for one in split.parts} <= {SplitPartState.PENDING, SplitPartState.SUCCEEDED}
        done = await found(sandbox, order, number)
        assert done.finished
        assert [(one.account_no, one.amount, one.state) for one in done.parts] == [
            (SHOP.account_no, 2000, SplitPartState.SUCCEEDED),
            ("oStaff", 500, SplitPartState.SUCCEEDED),
        ]
        assert await sandbox.available(SHOP.account_no) == shops + 2000
        assert await sandbox.available() == ours + 10_000 - 38 - 2500

    async def test_without_parts_sets_the_rest_free(self, sandbox: Sandbox) -> None:
        order, number = await sharable(sandbox), sandbox.number("s")
        ours = await sandbox.available()
        split = await sandbox.channel.split(asked(sandbox, order, number, finish=True), now=sandbox.now)
        assert split.known
        assert split.parts == ()
        assert await sandbox.available() == ours + 10_000 - 38

    async def test_again_is_the_same_split(self, sandbox: Sandbox) -> None:
        order, number = await sharable(sandbox), sandbox.number("s")
        request = asked(sandbox, order, number, part(100))
        first = await sandbox.channel.split(request, now=sandbox.now)
        again = await sandbox.channel.split(request, now=sandbox.now)
        assert again.channel_split_no == first.channel_split_no
        with pytest.raises(ChannelFailed) as failed:
            await sandbox.channel.split(asked(sandbox, order, number, part(101)), now=sandbox.now)
        assert failed.value.query_first

    async def test_finished_is_not_success_for_everybody(self, sandbox: Sandbox) -> None:
        order, number = await sharable(sandbox), sandbox.number("s")
        await sandbox.behave(sharing="part_fails", only_next=1)
        await sandbox.channel.split(
            asked(sandbox, order, number, part(500, STAFF), part(2000)), now=sandbox.now
        )
        done = await found(sandbox, order, number)
        assert done.finished
        assert [(one.state, one.error_code) for one in done.parts] == [
            (SplitPartState.SUCCEEDED, None),
            (SplitPartState.FAILED, "ACCOUNT_ABNORMAL"),
        ]

    async def test_may_take_its_time(self, sandbox: Sandbox) -> None:
        order, number = await sharable(sandbox), sandbox.number("s")
        await sandbox.behave(sharing="processing", only_next=1)
        await sandbox.channel.split(asked(sandbox, order, number, part(500)), now=sandbox.now)
        under_way = await found(sandbox, order, number)
        assert (under_way.known, under_way.finished) == (True, False)
        assert under_way.parts[0].state is SplitPartState.PENDING

    async def test_unanswered_is_unknown_until_queried(self, sandbox: Sandbox) -> None:
        order, number = await sharable(sandbox), sandbox.number("s")
        await sandbox.behave(sharing="timeout_after_success", only_next=1)
        with pytest.raises(ChannelUnknown):
            await sandbox.channel.split(asked(sandbox, order, number, part(500)), now=sandbox.now)
        assert (await found(sandbox, order, number)).known

    async def test_that_met_a_fault_may_not_have_been_made(self, sandbox: Sandbox) -> None:
        order, number = await sharable(sandbox), sandbox.number("s")
        await sandbox.behave(sharing="error", only_next=1)
        with pytest.raises(ChannelUnknown):
            await sandbox.channel.split(asked(sandbox, order, number, part(500)), now=sandbox.now)
        assert not (await found(sandbox, order, number)).known

    async def test_of_a_service_providers_merchant(self, sandbox: Sandbox) -> None:
        merchant = sandbox.sub_merchant()
        order, number = await sharable(sandbox, merchant), sandbox.number("s")
        await sandbox.channel.split(asked(sandbox, order, number, part(1000), finish=True), now=sandbox.now)
        done = await found(sandbox, order, number)
        assert [(one.account_no, one.state) for one in done.parts] == [
            (SHOP.account_no, SplitPartState.SUCCEEDED)
        ]


class TestAReturn:
    async def test_brings_a_part_back(self, sandbox: Sandbox) -> None:
        order, split_no, number = await sharable(sandbox), sandbox.number("s"), sandbox.number("b")
        await sandbox.channel.split(asked(sandbox, order, split_no, part(2000), finish=True), now=sandbox.now)
        ours, shops = await sandbox.available(), await sandbox.available(SHOP.account_no)
        request = returning(sandbox, order, split_no, number, 1500)
        back = await sandbox.channel.return_split(request, now=sandbox.now)
        assert (back.state, back.amount) == (SplitPartState.SUCCEEDED, 1500)
        assert await sandbox.channel.query_split_return(request, now=sandbox.now) == back
        assert await sandbox.channel.return_split(request, now=sandbox.now) == back
        assert await sandbox.available() == ours + 1500
        assert await sandbox.available(SHOP.account_no) == shops - 1500

    @pytest.mark.parametrize(
        ("behaviour", "end"),
        [("processing", SplitPartState.PENDING), ("fails", SplitPartState.FAILED)],
    )
    async def test_may_not_come(self, sandbox: Sandbox, behaviour: str, end: SplitPartState) -> None:
        order, split_no = await sharable(sandbox), sandbox.number("s")
        await sandbox.channel.split(asked(sandbox, order, split_no, part(2000), finish=True), now=sandbox.now)
        await sandbox.behave(sharing_return=behaviour, only_next=1)
        request = returning(sandbox, order, split_no, sandbox.number("b"), 1500)
        await sandbox.channel.return_split(request, now=sandbox.now)
        back = await sandbox.channel.query_split_return(request, now=sandbox.now)
        assert back is not None
        assert back.state is end
        assert (back.error_code is not None) == (end is SplitPartState.FAILED)

    async def test_never_asked_for_is_none(self, sandbox: Sandbox) -> None:
        order, split_no = await sharable(sandbox), sandbox.number("s")
        await sandbox.channel.split(asked(sandbox, order, split_no, part(2000), finish=True), now=sandbox.now)
        request = returning(sandbox, order, split_no, sandbox.number("b"), 1)
        assert await sandbox.channel.query_split_return(request, now=sandbox.now) is None

    async def test_of_more_than_was_given_is_refused(self, sandbox: Sandbox) -> None:
        order, split_no = await sharable(sandbox), sandbox.number("s")
        await sandbox.channel.split(asked(sandbox, order, split_no, part(2000), finish=True), now=sandbox.now)
        shops = await sandbox.available(SHOP.account_no)
        with pytest.raises(ChannelFailed):
            await sandbox.channel.return_split(
                returning(sandbox, order, split_no, sandbox.number("b"), 2001), now=sandbox.now
            )
        assert await sandbox.available(SHOP.account_no) == shops


class TestTheRules:
    async def test_stop_a_split_above_thirty_percent(self, sandbox: Sandbox) -> None:
        order, number = await sharable(sandbox), sandbox.number("s")
        with pytest.raises(ChannelFailed) as failed:
            await sandbox.channel.split(asked(sandbox, order, number, part(3001)), now=sandbox.now)
        assert failed.value.code == "channel_trade_refused"
        assert not (await found(sandbox, order, number)).known

    async def test_stop_a_split_of_an_ordinary_order(self, sandbox: Sandbox) -> None:
        await sharable(sandbox)
        paid = await sandbox.pay(ordinary := sandbox.number("o"))
        await sandbox.later(minutes=1)
        order = sandbox.key(ordinary, transaction_no=paid.transaction_no)
        with pytest.raises(ChannelFailed) as failed:
            await sandbox.channel.split(asked(sandbox, order, sandbox.number("s"), part(1)), now=sandbox.now)
        assert failed.value.code == "channel_state_invalid"

    async def test_stop_a_split_after_thirty_days(self, sandbox: Sandbox) -> None:
        order = await sharable(sandbox)
        now = sandbox.now
        await sandbox.later(days=31)
        with pytest.raises(ChannelFailed):
            await sandbox.channel.split(asked(sandbox, order, sandbox.number("s"), part(1)), now=sandbox.now)
        await sandbox.set_clock(now)
