"""Transfers, splits, bills and faults against the simulator."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.channels.alipay.sandbox import Sandbox

from feiqian.channels import (
    Alipay,
    BillDamaged,
    BillFault,
    BillKind,
    BillMissing,
    ChannelError,
    ChannelFailed,
    ChannelPaymentState,
    ChannelTransferState,
    ChannelUnknown,
    OrderKey,
    Payee,
    PayeeKind,
    PaymentMethod,
    Receiver,
    ReceiverKind,
    SplitKey,
    SplitPart,
    SplitPartState,
    SplitRequest,
    TransferKey,
    TransferRequest,
    alipay_config_from_sandbox,
)
from feiqian.infra.http import HttpClient

pytestmark = pytest.mark.anyio


class TestATransfer:
    def request(self, sandbox: Sandbox, number: str, kind: PayeeKind = PayeeKind.ALIPAY) -> TransferRequest:
        account = "2088722003899169" if kind is PayeeKind.ALIPAY else "6222020000000000"
        return TransferRequest(
            out_transfer_no=number,
            payee=Payee(kind=kind, account_no=account, name="张三"),
            amount=1_234,
            currency="CNY",
            memo="货款",
            requested_at=sandbox.now,
        )

    def key(self, sandbox: Sandbox, number: str) -> TransferKey:
        return TransferKey(out_transfer_no=number, requested_at=sandbox.now)

    @pytest.mark.parametrize("kind", [PayeeKind.ALIPAY, PayeeKind.PERSON_BANK])
    async def test_is_made_and_found(self, sandbox: Sandbox, kind: PayeeKind) -> None:
        number = f"T_{kind.value}"
        made = await sandbox.channel.transfer(self.request(sandbox, number, kind), now=sandbox.now)
        assert made.state in (ChannelTransferState.SUCCEEDED, ChannelTransferState.PROCESSING)
        found = await sandbox.channel.query_transfer(self.key(sandbox, number), now=sandbox.now)
        assert (found.amount, found.channel_no) == (1_234, made.channel_no)

    async def test_never_accepted_is_unknown(self, sandbox: Sandbox) -> None:
        found = await sandbox.channel.query_transfer(self.key(sandbox, "T0"), now=sandbox.now)
        assert found.state is ChannelTransferState.UNKNOWN_TO_CHANNEL

    async def test_changed_under_its_number_is_refused(self, sandbox: Sandbox) -> None:
        await sandbox.channel.transfer(self.request(sandbox, "T2"), now=sandbox.now)
        other = self.request(sandbox, "T2", PayeeKind.PERSON_BANK)
        with pytest.raises(ChannelFailed):
            await sandbox.channel.transfer(other, now=sandbox.now)

    @pytest.mark.parametrize(
        ("behaviour", "code"),
        [("payee_not_exist", "channel_payee_refused"), ("name_differs", "channel_payee_refused")],
    )
    async def test_to_the_wrong_payee_is_refused(self, sandbox: Sandbox, behaviour: str, code: str) -> None:
        await sandbox.behave(transfer=behaviour)
        with pytest.raises(ChannelFailed) as failed:
            await sandbox.channel.transfer(self.request(sandbox, f"T_{behaviour}"), now=sandbox.now)
        assert failed.value.code == code

    @pytest.mark.parametrize(
        ("behaviour", "state"),
        [
            ("processing", ChannelTransferState.PROCESSING),
            ("fails", ChannelTransferState.FAILED),
            ("returned", ChannelTransferState.RETURNED),
        ],
    )
    async def test_ends_as_the_query_says(
        self, sandbox: Sandbox, behaviour: str, state: ChannelTransferState
    ) -> None:
        number = f"T_{behaviour}"
        await sandbox.behave(transfer=behaviour)
        await sandbox.channel.transfer(self.request(sandbox, number, PayeeKind.PERSON_BANK), now=sandbox.now)
        found = await sandbox.channel.query_transfer(self.key(sandbox, number), now=sandbox.now)
        if found.state is not state:
            await sandbox.set_clock(sandbox.now + timedelta(days=1))
            found = await sandbox.channel.query_transfer(self.key(sandbox, number), now=sandbox.now)
        assert found.state is state

    @pytest.mark.parametrize("behaviour", ["timeout_after_success", "system_error_after"])
    async def test_of_unknown_outcome_is_found(self, sandbox: Sandbox, behaviour: str) -> None:
        number = f"T_{behaviour}"
        await sandbox.behave(transfer=behaviour)
        with pytest.raises(ChannelUnknown):
            await sandbox.channel.transfer(self.request(sandbox, number), now=sandbox.now)
        await sandbox.behave_well()
        found = await sandbox.channel.query_transfer(self.key(sandbox, number), now=sandbox.now)
        assert found.state is ChannelTransferState.SUCCEEDED


class TestASplit:
    RECEIVER = "2088722003899169"

    async def paid(self, sandbox: Sandbox, number: str) -> OrderKey:
        receiver = Receiver(
            kind=ReceiverKind.MERCHANT, account_no=self.RECEIVER, name="供应商", relation="SUPPLIER"
        )
        for _ in range(2):
            await sandbox.channel.add_receiver(receiver, now=sandbox.now)
        return await sandbox.pay(number, shared=True)

    def request(self, order: OrderKey, number: str, amount: int = 1_000) -> SplitRequest:
        part = SplitPart(
            kind=ReceiverKind.MERCHANT, account_no=self.RECEIVER, amount=amount, description="供货"
        )
        return SplitRequest(
            order=order, out_split_no=number, parts=(part,), finish=True, requested_at=order.placed_at
        )

    def key(self, order: OrderKey, number: str) -> SplitKey:
        return SplitKey(order=order, out_split_no=number, requested_at=order.placed_at)

    async def test_is_accepted_and_found(self, sandbox: Sandbox) -> None:
        order = await self.paid(sandbox, "S1")
        before = await sandbox.channel.query_split(self.key(order, "S1a"), now=sandbox.now)
        assert not before.known
        assert (await sandbox.channel.split(self.request(order, "S1a"), now=sandbox.now)).known
        found = await sandbox.channel.query_split(self.key(order, "S1a"), now=sandbox.now)
        assert found.finished
        assert [(part.account_no, part.amount, part.state) for part in found.parts] == [
            (self.RECEIVER, 1_000, SplitPartState.SUCCEEDED)
        ]

    async def test_never_exceeds_the_order(self, sandbox: Sandbox) -> None:
        order = await self.paid(sandbox, "S2")
        with pytest.raises(ChannelFailed):
            await sandbox.channel.split(self.request(order, "S2a", 10_001), now=sandbox.now)

    @pytest.mark.parametrize(
        ("behaviour", "finished", "state"),
        [("processing", False, SplitPartState.PENDING), ("part_fails", True, SplitPartState.FAILED)],
    )
    async def test_may_not_end_well(
        self, sandbox: Sandbox, behaviour: str, finished: bool, state: SplitPartState
    ) -> None:
        order = await self.paid(sandbox, f"S_{behaviour}")
        await sandbox.behave(settle=behaviour)
        number = f"S_{behaviour}_a"
        await sandbox.channel.split(self.request(order, number), now=sandbox.now)
        found = await sandbox.channel.query_split(self.key(order, number), now=sandbox.now)
        assert (found.finished, found.parts[0].state) == (finished, state)

    @pytest.mark.parametrize("behaviour", ["timeout_after_success", "system_error_after"])
    async def test_of_unknown_outcome_is_found(self, sandbox: Sandbox, behaviour: str) -> None:
        order = await self.paid(sandbox, f"S_{behaviour}")
        await sandbox.behave(settle=behaviour)
        number = f"S_{behaviour}_a"
        with pytest.raises(ChannelUnknown):
            await sandbox.channel.split(self.request(order, number), now=sandbox.now)
        await sandbox.behave_well()
        assert (await sandbox.channel.query_split(self.key(order, number), now=sandbox.now)).known


class TestTheBill:
    async def test_lists_what_moved(self, sandbox: Sandbox) -> None:
        order = await sandbox.pay("L1")
        await sandbox.pay("L2", 1)
        await sandbox.channel.prepay(sandbox.order("L3"), now=sandbox.now)
        await sandbox.channel.refund(sandbox.refund_of(order, "L1a", 3_334), now=sandbox.now)
        day = await sandbox.next_morning()
        bill = await sandbox.channel.download_bill(day, now=sandbox.now)
        assert {(line.kind, line.out_no, line.amount) for line in bill.lines} == {
            (BillKind.PAYMENT, "L1", 10_000),
            (BillKind.PAYMENT, "L2", 1),
            (BillKind.REFUND, "L1a", 3_334),
        }
        assert (bill.summary.payment_amount, bill.summary.refund_amount) == (10_001, 3_334)
        fees = {line.out_no: line.fee for line in bill.lines}
        assert fees["L1"] > 0 >= fees["L1a"]

    async def test_may_come_by_an_address_that_has_expired(self, sandbox: Sandbox) -> None:
        await sandbox.pay("L4")
        day = await sandbox.next_morning()
        await sandbox.post("/sandbox/behaviour", {"bill": "expired", "only_next": 1})
        assert len((await sandbox.channel.download_bill(day, now=sandbox.now)).lines) == 1

    async def test_whose_addresses_all_expire_is_not_had(self, sandbox: Sandbox) -> None:
        await sandbox.pay("L5")
        day = await sandbox.next_morning()
        await sandbox.behave(bill="expired")
        with pytest.raises(ChannelError):
            await sandbox.channel.download_bill(day, now=sandbox.now)

    @pytest.mark.parametrize("behaviour", ["missing", "not_ready"])
    async def test_may_come_later(self, sandbox: Sandbox, behaviour: str) -> None:
        await sandbox.pay(f"L_{behaviour}")
        day = await sandbox.next_morning()
        await sandbox.behave(bill=behaviour)
        with pytest.raises(BillMissing):
            await sandbox.channel.download_bill(day, now=sandbox.now)
        await sandbox.behave_well()
        assert len((await sandbox.channel.download_bill(day, now=sandbox.now)).lines) == 1

    @pytest.mark.parametrize(
        ("behaviour", "faults"),
        [
            ("bad_zip", {BillFault.HASH_DIFFERS}),
            ("truncated", set(BillFault)),
            ("other_day", {BillFault.OTHER_DAY}),
        ],
    )
    async def test_is_refused_when_damaged(
        self, sandbox: Sandbox, behaviour: str, faults: set[BillFault]
    ) -> None:
        for number in range(3):
            await sandbox.pay(f"L_{behaviour}_{number}")
        day = await sandbox.next_morning()
        await sandbox.behave(bill=behaviour)
        with pytest.raises(BillDamaged) as damaged:
            await sandbox.channel.download_bill(day, now=sandbox.now)
        assert damaged.value.fault in faults, damaged.value

    @pytest.mark.parametrize(("behaviour", "lines"), [("extra_line", 3), ("amount_differs", 2)])
    async def test_may_honestly_disagree_with_us(self, sandbox: Sandbox, behaviour: str, lines: int) -> None:
        for number in range(2):
            await sandbox.pay(f"L_{behaviour}_{number}")
        day = await sandbox.next_morning()
        await sandbox.behave(bill=behaviour)
        bill = await sandbox.channel.download_bill(day, now=sandbox.now)
        assert len(bill.lines) == lines
        assert [line.amount for line in bill.lines] != [10_000, 10_000]


class TestWhatCannotBeTrusted:
    @pytest.mark.parametrize(
        ("switch", "behaviour", "code"),
        [
            ("answer", "lost", "channel_unanswered"),
            ("answer", "garbage", "channel_unreadable"),
            ("answer", "huge", "channel_unanswered"),
            ("answer", "empty", "channel_unreadable"),
            ("answer", "slow", "channel_unanswered"),
            ("answer", "error", "channel_"),
            ("signature", "tampered", "channel_untrusted"),
            ("signature", "missing", "channel_untrusted"),
            ("place", "system_error", "channel_busy"),
            ("place", "system_error_after", "channel_busy"),
            ("place", "timeout_after_success", "channel_unanswered"),
        ],
    )
    async def test_is_unknown(self, sandbox: Sandbox, switch: str, behaviour: str, code: str) -> None:
        await sandbox.behave(**{switch: behaviour})
        with pytest.raises(ChannelUnknown) as unknown:
            await sandbox.channel.prepay(sandbox.order(f"U_{switch}_{behaviour}"), now=sandbox.now)
        assert unknown.value.code.startswith(code)
        assert unknown.value.query_first

    @pytest.mark.parametrize(
        "behaviour", ["error", "system_error", "system_error_after", "timeout_after_success"]
    )
    async def test_about_an_order_is_asked_again(self, sandbox: Sandbox, behaviour: str) -> None:
        await sandbox.behave(barcode="waiting")
        barcode = PaymentMethod.ALIPAY_BARCODE
        number = f"V_{behaviour}"
        await sandbox.channel.prepay(sandbox.order(number, barcode), now=sandbox.now)
        await sandbox.behave(query=behaviour, close=behaviour)
        key = sandbox.key(number, barcode)
        for call in (sandbox.channel.query, sandbox.channel.close):
            with pytest.raises(ChannelError) as raised:
                await call(key, now=sandbox.now)
            assert raised.value.retryable
        await sandbox.behave_well()
        await sandbox.channel.close(key, now=sandbox.now)
        assert (await sandbox.channel.query(key, now=sandbox.now)).state is ChannelPaymentState.CLOSED

    async def test_is_told_from_a_limit_on_calls(self, sandbox: Sandbox) -> None:
        await sandbox.behave(answer="rate_limited")
        with pytest.raises(ChannelFailed) as failed:
            await sandbox.channel.prepay(sandbox.order("U1"), now=sandbox.now)
        assert failed.value.code == "channel_rate_limited"


class TestTheKeys:
    async def test_may_be_bare(self, sandbox: Sandbox, simulator: tuple[str, Path]) -> None:
        async with HttpClient() as http:
            channel = Alipay(config=alipay_config_from_sandbox(simulator[1], simulator[0]), http=http)
            await channel.probe(now=sandbox.now)

    async def test_rotate_while_orders_are_open(self, sandbox: Sandbox) -> None:
        await sandbox.pay("K1")
        await sandbox.post("/sandbox/rotate", {})
        order = await sandbox.pay("K2")
        assert (await sandbox.channel.query(order, now=sandbox.now)).state is ChannelPaymentState.PAID
        for body in await sandbox.listener.received(2):
            assert sandbox.channel.read_notice(headers={}, body=body, now=sandbox.now).payments
