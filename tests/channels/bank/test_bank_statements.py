"""Statements and bills of the simulated bank: whole, or not used."""

from collections.abc import Iterator
from datetime import date

import pytest
from tests.channels.bank.bench import NEXT_MORNING, NOON, NOW, Bench, order, order_key, place_of, transfer
from tests.channels.bank.conftest import Opened
from tests.simulators.bank.platform import MAIN, OPENING
from tests.simulators.bank.platform import Bank as Process

from feiqian.channels import (
    Bank,
    BillDamaged,
    BillFault,
    BillKind,
    BillMissing,
    ChannelUnknown,
    RefundRequest,
)

DAY = date(2026, 3, 2)
PAYER = {"payer_name": "韩梅梅", "payer_account": "6226000000000001"}
PROFILES = ["sandbox-iso20022-1", "sandbox-soap-1", "sandbox-socket-1"]


@pytest.fixture
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A bank of the test's own, in whose books nothing else stands."""
    process = Process(tmp_path_factory.mktemp("bank"), "--clock", NOON)
    yield Bench(process)
    process.stop()


async def trade(bank: Bank, bench: Bench) -> str:
    """Two transfers out, an order that is paid and refunded in part; its sub-account."""
    await bank.transfer(transfer("T000001", 10_010), now=NOW)
    await bank.transfer(transfer("T000002", 500), now=NOW)
    account_no = place_of((await bank.prepay(order("P1"), now=NOW)).next_step).account_no
    bench.come_in(account_no, 12_345, **PAYER)
    bench.come_in(MAIN, 7, **PAYER)
    request = RefundRequest(
        order=order_key("P1"),
        out_refund_no="R000003",
        amount=45,
        total=12_345,
        currency="CNY",
        requested_at=NOW,
    )
    await bank.refund(request, now=NOW)
    return account_no


class TestAStatement:
    @pytest.mark.parametrize("profile", PROFILES)
    async def test_adds_up_and_names_everything(self, bench: Bench, opened: Opened, profile: str) -> None:
        bank = opened(bench, profile)
        account_no = await trade(bank, bench)
        returned = (
            f"{bench.process.credentials['terminal']}20260302000002" if "socket" in profile else "T000002"
        )
        bench.process.sandbox(f"transfers/{returned}", {"status": "returned"})
        bench.process.at(NEXT_MORNING)
        statement = await bank.download_statement(DAY, now=bench.now)
        assert (statement.opening, statement.closing) == (OPENING, bench.balance)
        assert [(entry.kind, entry.amount, entry.number) for entry in statement.entries] == [
            ("transfer", -10_010, "T000001"),
            ("transfer", -500, "T000002"),
            ("credit", 12_345, None),
            ("credit", 7, None),
            ("transfer", -45, "R000003"),
            ("return", 500, "T000002"),
        ]
        assert [entry.refund for entry in statement.entries] == [False, False, False, False, True, False]
        assert statement.entries[2].credited_no == account_no
        assert (statement.entries[2].payer_name, statement.entries[2].booked_at) == ("韩梅梅", NOW)

    @pytest.mark.parametrize("profile", PROFILES)
    async def test_of_a_quiet_day_is_empty_and_adds_up(
        self, bench: Bench, opened: Opened, profile: str
    ) -> None:
        statement = await opened(bench, profile).download_statement(date(2026, 3, 1), now=NOW)
        assert (statement.opening, statement.closing, statement.entries) == (OPENING, OPENING, ())

    @pytest.mark.parametrize("profile", PROFILES)
    async def test_of_today_is_missing(self, bench: Bench, opened: Opened, profile: str) -> None:
        with pytest.raises(BillMissing):
            await opened(bench, profile).download_statement(DAY, now=NOW)


class TestABill:
    @pytest.mark.parametrize("profile", PROFILES)
    async def test_has_what_belongs_to_orders_and_nothing_else(
        self, bench: Bench, opened: Opened, profile: str
    ) -> None:
        bank = opened(bench, profile)
        account_no = await trade(bank, bench)
        paid = await bank.query(order_key("P1"), now=NOW)
        bench.process.at(NEXT_MORNING)
        bill = await bank.download_bill(DAY, now=bench.now)
        payment, refund = bill.lines
        assert (payment.kind, payment.out_no, payment.amount) == (BillKind.PAYMENT, account_no, 12_345)
        assert payment.transaction_no == payment.channel_no == paid.transaction_no
        assert (refund.kind, refund.out_no, refund.amount) == (BillKind.REFUND, "R000003", 45)
        assert (bill.summary.line_count, bill.summary.payment_amount, bill.summary.refund_amount) == (
            2,
            12_345,
            45,
        )

    @pytest.mark.parametrize(
        ("mode", "fault"),
        [("truncated", BillFault.LINE_UNREADABLE), ("amount_differs", BillFault.TOTAL_DIFFERS)],
    )
    async def test_of_a_spoiled_statement_is_not_used(
        self, bench: Bench, opened: Opened, mode: str, fault: BillFault
    ) -> None:
        bank = opened(bench)
        await trade(bank, bench)
        bench.process.at(NEXT_MORNING)
        bench.behave(statement=mode)
        with pytest.raises(BillDamaged) as damaged:
            await bank.download_bill(DAY, now=bench.now)
        assert damaged.value.fault is fault
        assert len((await bank.download_bill(DAY, now=bench.now)).lines) == 2

    async def test_that_is_missing_is_asked_for_again(self, bench: Bench, opened: Opened) -> None:
        bank = opened(bench)
        bench.process.at(NEXT_MORNING)
        bench.behave(statement="missing")
        with pytest.raises(BillMissing) as missing:
            await bank.download_bill(DAY, now=bench.now)
        assert missing.value.retryable
        assert (await bank.download_bill(DAY, now=bench.now)).lines == ()

    async def test_with_a_line_too_many_shows_it(self, bench: Bench, opened: Opened) -> None:
        bank = opened(bench)
        await trade(bank, bench)
        bench.process.at(NEXT_MORNING)
        whole = await bank.download_statement(DAY, now=bench.now)
        bench.behave(statement="extra_entry")
        spoiled = await bank.download_statement(DAY, now=bench.now)
        # It adds up by itself; that it differs shows in the balance, which the next day does not begin with.
        assert len(spoiled.entries) == len(whole.entries) + 1
        assert spoiled.closing != whole.closing == bench.balance

    async def test_under_a_wrong_signature_is_not_believed(self, bench: Bench, opened: Opened) -> None:
        bench.process.at(NEXT_MORNING)
        bench.behave(answer_signature="bad")
        with pytest.raises(ChannelUnknown):
            await opened(bench).download_bill(DAY, now=bench.now)
