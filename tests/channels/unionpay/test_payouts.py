"""Payouts by UnionPay, one by one and in batches."""

from collections.abc import Mapping

import msgspec
import pytest
from tests.channels.unionpay.sandbox import COMPANY, PERSON, Sandbox

from feiqian.channels import (
    BatchTransferringChannel,
    ChannelFailed,
    ChannelTransfer,
    ChannelTransferState,
    ChannelUnknown,
    Payee,
    PayeeKind,
    TransferBatch,
    TransferringChannel,
)
from feiqian.kernel.errors import InvalidRequest

pytestmark = pytest.mark.anyio


class TestAPayout:
    @pytest.mark.parametrize("payee", [PERSON, COMPANY], ids=["to a person", "to a company"])
    async def test_is_accepted_reported_and_found(self, sandbox: Sandbox, payee: Payee) -> None:
        sandbox.listen()
        request = sandbox.payout(payee=payee)
        accepted = await sandbox.channel.transfer(request, now=sandbox.now)
        assert (accepted.state, accepted.amount) == (ChannelTransferState.PROCESSING, 5_000)
        transfer = (await sandbox.notice()).transfer
        assert transfer is not None
        assert transfer.state is ChannelTransferState.SUCCEEDED
        assert (transfer.out_transfer_no, transfer.amount, transfer.currency) == (
            sandbox.number,
            5_000,
            "CNY",
        )
        assert (transfer.channel_no, transfer.finished_at) == (accepted.channel_no, sandbox.now)
        found = await sandbox.channel.query_transfer(sandbox.payout_key(request), now=sandbox.now)
        assert found == transfer

    async def test_never_sent_is_unknown(self, sandbox: Sandbox) -> None:
        key = sandbox.payout_key(sandbox.payout())
        found = await sandbox.channel.query_transfer(key, now=sandbox.now)
        assert found.state is ChannelTransferState.UNKNOWN_TO_CHANNEL

    async def test_sent_again_has_to_be_queried(self, sandbox: Sandbox) -> None:
        request = sandbox.payout()
        await sandbox.channel.transfer(request, now=sandbox.now)
        with pytest.raises(ChannelUnknown) as unknown:
            await sandbox.channel.transfer(request, now=sandbox.now)
        assert unknown.value.code == "channel_number_used"

    @pytest.mark.parametrize(
        ("behaviour", "state"),
        [
            ("unknown_01", ChannelTransferState.SUCCEEDED),
            ("unknown_05", ChannelTransferState.SUCCEEDED),
            ("unknown_60", ChannelTransferState.SUCCEEDED),
            ("not_done_03", ChannelTransferState.UNKNOWN_TO_CHANNEL),
        ],
    )
    async def test_may_be_answered_with_nothing_certain(
        self, sandbox: Sandbox, behaviour: str, state: ChannelTransferState
    ) -> None:
        await sandbox.behave(payout=behaviour)
        request = sandbox.payout()
        with pytest.raises(ChannelUnknown) as unknown:
            await sandbox.channel.transfer(request, now=sandbox.now)
        assert unknown.value.query_first
        found = await sandbox.channel.query_transfer(sandbox.payout_key(request), now=sandbox.now)
        assert found.state is state

    @pytest.mark.parametrize(
        ("behaviour", "state", "code"),
        [
            ("processing", ChannelTransferState.PROCESSING, "05"),
            ("defective", ChannelTransferState.SUCCEEDED, None),
            ("fails_later", ChannelTransferState.FAILED, "61"),
        ],
    )
    async def test_may_go_otherwise(
        self, sandbox: Sandbox, behaviour: str, state: ChannelTransferState, code: str | None
    ) -> None:
        await sandbox.behave(payout=behaviour)
        request = sandbox.payout()
        await sandbox.channel.transfer(request, now=sandbox.now)
        found = await sandbox.channel.query_transfer(sandbox.payout_key(request), now=sandbox.now)
        assert (found.state, found.error_code) == (state, code)
        ended = state is not ChannelTransferState.PROCESSING
        assert found.finished_at == (sandbox.now if ended else None)

    async def test_to_an_account_that_does_not_exist_is_refused(self, sandbox: Sandbox) -> None:
        nobody = Payee(kind=PayeeKind.PERSON_BANK, account_no="621111", name="张三")
        request = sandbox.payout(payee=nobody)
        with pytest.raises(ChannelFailed) as failed:
            await sandbox.channel.transfer(request, now=sandbox.now)
        assert failed.value.code == "channel_account_refused"

    @pytest.mark.parametrize(
        ("payee", "field"),
        [
            (Payee(kind=PayeeKind.ALIPAY, account_no="2088", name="张三"), "payee.kind"),
            (Payee(kind=PayeeKind.PERSON_BANK, account_no="6226&a=b", name="张三"), "payee.account_no"),
            (Payee(kind=PayeeKind.PERSON_BANK, account_no="6226388000000095", name=""), "payee.name"),
            (Payee(kind=PayeeKind.PERSON_BANK, account_no="6226388000000095", name="a|b"), "payee.name"),
            (Payee(kind=PayeeKind.PERSON_BANK, account_no="6226388000000095", name="张" * 41), "payee.name"),
        ],
    )
    async def test_that_cannot_be_written_is_refused_by_name(
        self, sandbox: Sandbox, payee: Payee, field: str
    ) -> None:
        with pytest.raises(InvalidRequest) as refusal:
            await sandbox.channel.transfer(sandbox.payout(payee=payee), now=sandbox.now)
        assert refusal.value.facts["field"] == field

    async def test_is_one_of_the_channels_capabilities(self, sandbox: Sandbox) -> None:
        assert isinstance(sandbox.channel, TransferringChannel)
        assert isinstance(sandbox.channel, BatchTransferringChannel)


class TestABatch:
    def batch(self, sandbox: Sandbox, amounts: list[int], *, company_last: bool = False) -> TransferBatch:
        transfers = [
            sandbox.payout(
                amount, COMPANY if company_last and place == len(amounts) else PERSON, f"n{place:03d}"
            )
            for place, amount in enumerate(amounts, start=1)
        ]
        return TransferBatch(
            batch_no=f"batch-of-{sandbox.number}", requested_at=sandbox.now, transfers=tuple(transfers)
        )

    async def result(self, sandbox: Sandbox, batch: TransferBatch) -> Mapping[str, ChannelTransfer] | None:
        return await sandbox.channel.query_batch(
            batch.batch_no, requested_at=batch.requested_at, now=sandbox.now
        )

    async def test_is_paid_line_by_line(self, sandbox: Sandbox) -> None:
        batch = self.batch(sandbox, [100, 250, 7], company_last=True)
        assert await self.result(sandbox, batch) is None
        await sandbox.channel.transfer_batch(batch, now=sandbox.now)
        result = await self.result(sandbox, batch)
        assert result is not None
        assert {number: (each.state, each.amount) for number, each in result.items()} == {
            each.out_transfer_no: (ChannelTransferState.SUCCEEDED, each.amount) for each in batch.transfers
        }
        assert {each.finished_at for each in result.values()} == {sandbox.now}
        first = batch.transfers[0]
        found = await sandbox.channel.query_transfer(
            sandbox.payout_key(first, batch.batch_no), now=sandbox.now
        )
        assert found.channel_no == result[first.out_transfer_no].channel_no

    async def test_sent_again_has_to_be_queried(self, sandbox: Sandbox) -> None:
        batch = self.batch(sandbox, [100])
        await sandbox.channel.transfer_batch(batch, now=sandbox.now)
        with pytest.raises(ChannelUnknown) as unknown:
            await sandbox.channel.transfer_batch(batch, now=sandbox.now)
        assert unknown.value.code == "channel_number_used"
        result = await self.result(sandbox, batch)
        assert result is not None
        assert len(result) == 1

    async def test_may_fail_in_part(self, sandbox: Sandbox) -> None:
        await sandbox.behave(batch="part_fails")
        batch = self.batch(sandbox, list(range(101, 111)))
        await sandbox.channel.transfer_batch(batch, now=sandbox.now)
        result = await self.result(sandbox, batch)
        assert result is not None
        states = [result[each.out_transfer_no].state for each in batch.transfers]
        codes = {each.error_code for each in result.values()}
        assert states.count(ChannelTransferState.SUCCEEDED) == 7
        assert codes == {None, "61", "66", "60"}
        # 60 decides nothing for a payout: it is asked about until the settlement file has the last word.
        undecided = [
            each.error_code for each in result.values() if each.state is ChannelTransferState.PROCESSING
        ]
        assert undecided == ["60"]

    async def test_may_fail_whole(self, sandbox: Sandbox) -> None:
        await sandbox.behave(batch="all_fail")
        batch = self.batch(sandbox, [1, 2])
        await sandbox.channel.transfer_batch(batch, now=sandbox.now)
        result = await self.result(sandbox, batch)
        assert result is not None
        assert {each.state for each in result.values()} == {ChannelTransferState.FAILED}

    @pytest.mark.parametrize("behaviour", ["processing", "not_ready"])
    async def test_may_keep_its_result_back(self, sandbox: Sandbox, behaviour: str) -> None:
        await sandbox.behave(batch=behaviour)
        batch = msgspec.structs.replace(self.batch(sandbox, [100]), batch_no=sandbox.number[-4:])
        await sandbox.channel.transfer_batch(batch, now=sandbox.now)
        assert await self.result(sandbox, batch) == {}
        await sandbox.post(f"/sandbox/batches/{batch.batch_no}/settle", {})
        result = await self.result(sandbox, batch)
        assert result is not None
        assert [each.state for each in result.values()] == [ChannelTransferState.SUCCEEDED]

    @pytest.mark.parametrize("behaviour", ["result_short", "result_garbled"])
    async def test_is_not_judged_by_a_damaged_result(self, sandbox: Sandbox, behaviour: str) -> None:
        await sandbox.behave(batch=behaviour)
        batch = self.batch(sandbox, [1, 2, 3])
        await sandbox.channel.transfer_batch(batch, now=sandbox.now)
        with pytest.raises(ChannelUnknown) as unknown:
            await self.result(sandbox, batch)
        assert unknown.value.code == "channel_unreadable"

    async def test_pays_no_number_twice(self, sandbox: Sandbox) -> None:
        batch = self.batch(sandbox, [7, 8])
        await sandbox.channel.transfer_batch(batch, now=sandbox.now)
        again = TransferBatch(
            batch_no="another-batch", requested_at=batch.requested_at, transfers=batch.transfers
        )
        await sandbox.channel.transfer_batch(again, now=sandbox.now)
        result = await self.result(sandbox, again)
        assert result is not None
        assert {(each.state, each.error_code) for each in result.values()} == {
            (ChannelTransferState.PROCESSING, "12")
        }

    async def test_with_a_number_twice_is_refused(self, sandbox: Sandbox) -> None:
        one = sandbox.payout()
        batch = TransferBatch(batch_no="b", requested_at=sandbox.now, transfers=(one, one))
        with pytest.raises(InvalidRequest):
            await sandbox.channel.transfer_batch(batch, now=sandbox.now)
        assert await self.result(sandbox, batch) is None
