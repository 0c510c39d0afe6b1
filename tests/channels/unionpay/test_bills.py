"""Settlement files of UnionPay, and the bills made of them."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.channels.unionpay.sandbox import Sandbox

from feiqian.channels import BillDamaged, BillFault, BillKind, BillMissing, BillState
from feiqian.kernel.calendar import local

pytestmark = pytest.mark.anyio


class TestTheBill:
    async def test_lists_payments_and_refunds_and_leaves_payouts_to_the_settlement(
        self, sandbox: Sandbox
    ) -> None:
        paid = await sandbox.pay()
        await sandbox.channel.refund(sandbox.refund_of(paid, 3_334), now=sandbox.now)
        held = await sandbox.pay(sandbox.order(9_000, hold=True, out_trade_no=f"{sandbox.number}held"))
        captured = await sandbox.channel.capture(
            held, capture_no=f"{sandbox.number}c", amount=8_000, requested_at=sandbox.now, now=sandbox.now
        )
        await sandbox.channel.transfer(sandbox.payout(7_000, ending="out"), now=sandbox.now)
        await sandbox.open(sandbox.order(out_trade_no=f"{sandbox.number}open"))

        await sandbox.set_clock(local(sandbox.day + timedelta(days=1), 9))
        bill = await sandbox.channel.download_bill(sandbox.day, now=sandbox.now)
        number = sandbox.number
        assert [
            (line.kind, line.out_no, line.out_trade_no, line.amount, line.fee, line.state)
            for line in bill.lines
        ] == [
            (BillKind.PAYMENT, number, number, 10_000, 60, BillState.SUCCEEDED),
            (BillKind.REFUND, f"{number}r", number, 3_334, -20, BillState.SUCCEEDED),
            (BillKind.PAYMENT, f"{number}held", f"{number}held", 8_000, 48, BillState.SUCCEEDED),
        ]
        payment, refund, capture = bill.lines
        assert payment.channel_no == payment.transaction_no == refund.transaction_no == paid.transaction_no
        assert capture.transaction_no == captured.transaction_no
        summary = bill.summary
        assert (summary.line_count, summary.payment_amount, summary.refund_amount) == (3, 18_000, 3_334)
        assert summary.fee == 88

        settlement = await sandbox.channel.download_settlement(sandbox.day, now=sandbox.now)
        assert [each.kind.value for each in settlement.movements].count("payout") == 1
        assert len(settlement.movements) == summary.line_count + 1
        assert settlement.corrections == ()

    async def test_has_what_moved_from_eleven_in_the_evening_on_the_next_day(self, sandbox: Sandbox) -> None:
        late = datetime(sandbox.day.year, sandbox.day.month, sandbox.day.day, 15, 0, tzinfo=UTC)
        moments = {"before": late - timedelta(seconds=1), "after": late}
        for name, moment in moments.items():
            await sandbox.set_clock(moment)
            await sandbox.pay(sandbox.order(out_trade_no=f"{sandbox.number}{name}"))
        tomorrow = sandbox.day + timedelta(days=1)
        await sandbox.set_clock(local(tomorrow + timedelta(days=1), 9))
        for day, name in ((sandbox.day, "before"), (tomorrow, "after")):
            (line,) = (await sandbox.channel.download_bill(day, now=sandbox.now)).lines
            assert (line.out_no, line.occurred_at) == (f"{sandbox.number}{name}", moments[name])

    async def test_lets_reconciliation_wait_for_the_hour_before_midnight(self, sandbox: Sandbox) -> None:
        assert sandbox.channel.terms.day_cut >= timedelta(hours=1)

    async def test_is_there_from_nine_on(self, sandbox: Sandbox) -> None:
        await sandbox.pay()
        ready = local(sandbox.day + timedelta(days=1), 9)
        await sandbox.set_clock(ready - timedelta(seconds=1))
        with pytest.raises(BillMissing) as missing:
            await sandbox.channel.download_bill(sandbox.day, now=sandbox.now)
        assert (missing.value.channel_code, missing.value.nothing_moved) == ("98", False)
        await sandbox.set_clock(ready)
        assert len((await sandbox.channel.download_bill(sandbox.day, now=sandbox.now)).lines) == 1

    async def test_that_is_still_missing_at_noon_means_that_nothing_moved(self, sandbox: Sandbox) -> None:
        await sandbox.set_clock(local(sandbox.day + timedelta(days=1), 12))
        with pytest.raises(BillMissing) as missing:
            await sandbox.channel.download_bill(sandbox.day, now=sandbox.now)
        assert missing.value.nothing_moved

    async def two_paid(self, sandbox: Sandbox) -> None:
        for number in range(2):
            await sandbox.pay(sandbox.order(out_trade_no=f"{sandbox.number}{number}"))
        await sandbox.set_clock(local(sandbox.day + timedelta(days=1), 9))

    @pytest.mark.parametrize(
        ("behaviour", "fault"),
        [
            ("truncated", BillFault.LINE_UNREADABLE),
            ("bad_width", BillFault.LINE_UNREADABLE),
            ("bad_zip", BillFault.LINE_UNREADABLE),
            ("other_day", BillFault.OTHER_DAY),
        ],
    )
    async def test_is_refused_when_damaged(self, sandbox: Sandbox, behaviour: str, fault: BillFault) -> None:
        await self.two_paid(sandbox)
        await sandbox.behave(settlement_file=behaviour)
        with pytest.raises(BillDamaged) as damage:
            await sandbox.channel.download_bill(sandbox.day, now=sandbox.now)
        assert damage.value.fault is fault, damage.value
        assert len((await sandbox.channel.download_bill(sandbox.day, now=sandbox.now)).lines) == 2

    async def test_may_come_later(self, sandbox: Sandbox) -> None:
        await self.two_paid(sandbox)
        await sandbox.behave(settlement_file="missing")
        with pytest.raises(BillMissing):
            await sandbox.channel.download_bill(sandbox.day, now=sandbox.now)
        assert len((await sandbox.channel.download_bill(sandbox.day, now=sandbox.now)).lines) == 2

    @pytest.mark.parametrize(("behaviour", "lines"), [("extra_line", 3), ("amount_differs", 2)])
    async def test_may_honestly_disagree_with_us(self, sandbox: Sandbox, behaviour: str, lines: int) -> None:
        await self.two_paid(sandbox)
        await sandbox.behave(settlement_file=behaviour)
        bill = await sandbox.channel.download_bill(sandbox.day, now=sandbox.now)
        assert len(bill.lines) == lines
        assert [line.amount for line in bill.lines] != [10_000, 10_000]


class TestASettlement:
    async def test_tells_which_payout_came_back(self, sandbox: Sandbox) -> None:
        request = sandbox.payout(7_000)
        await sandbox.channel.transfer(request, now=sandbox.now)
        await sandbox.set_clock(sandbox.now + timedelta(days=1))
        await sandbox.post(f"/sandbox/orders/{sandbox.number}/return", {})
        await sandbox.set_clock(local(sandbox.day + timedelta(days=2), 9))
        first = await sandbox.channel.download_settlement(sandbox.day, now=sandbox.now)
        (paid,) = first.movements
        assert (paid.kind.value, paid.order_no, paid.amount) == ("payout", sandbox.number, 7_000)

        second = await sandbox.channel.download_settlement(sandbox.day + timedelta(days=1), now=sandbox.now)
        (correction,) = second.corrections
        assert (correction.amount, correction.settled) == (7_000, 7_000)
        assert (correction.original_trace_no, correction.original_at) == (paid.trace_no, paid.occurred_at)
        bill = await sandbox.channel.download_bill(sandbox.day + timedelta(days=1), now=sandbox.now)
        assert bill.lines == ()
