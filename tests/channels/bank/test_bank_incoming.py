"""Money that comes in to sub-accounts, and goes back: orders, notices, refunds."""

from datetime import timedelta

import msgspec
import pytest
from tests.channels.bank.bench import NOW, Bench, order, order_key, place_of, transfer
from tests.channels.bank.conftest import Opened
from tests.simulators.bank.platform import MAIN, SECOND, Inbox

from feiqian.channels import (
    Bank,
    ChannelFailed,
    ChannelPaymentState,
    ChannelRefundState,
    ChannelTransferState,
    ChannelUnknown,
    Notice,
    NoticeFault,
    NoticeRefused,
    PaymentMethod,
    RefundKey,
    RefundRequest,
)
from feiqian.kernel.errors import InvalidRequest

PAYER = {"payer_name": "韩梅梅", "payer_account": "6226000000000001"}


async def sub_account(bank: Bank, number: str) -> str:
    """Where the buyer of an order transfers to."""
    return place_of((await bank.prepay(order(number), now=NOW)).next_step).account_no


class TestAnOrder:
    async def test_has_a_number_of_its_own_that_stays_the_same(
        self, bench: Bench, opened: Opened, number: str
    ) -> None:
        place = place_of((await opened(bench).prepay(order(number), now=NOW)).next_step)
        again = place_of((await opened(bench).prepay(order(number), now=NOW)).next_step)
        other = await sub_account(opened(bench), f"{number}x")
        assert place == again
        assert place.account_no != other
        assert (place.account_name, place.bank_code) == ("飞钱平台科技有限公司", "313100000013")
        assert place.account_no.startswith("62284801")
        assert len(place.account_no) == 18

    async def test_is_open_until_money_comes(self, bench: Bench, opened: Opened, number: str) -> None:
        bank = opened(bench)
        assert (await bank.query(order_key(number), now=NOW)).state is ChannelPaymentState.NOT_PAID
        reference = bench.come_in(await sub_account(bank, number), 12_345, **PAYER)
        paid = await bank.query(order_key(number), now=NOW)
        assert (paid.state, paid.amount, paid.currency) == (ChannelPaymentState.PAID, 12_345, "CNY")
        assert (paid.transaction_no, paid.paid_at, paid.mchid) == (reference, NOW, MAIN)

    @pytest.mark.parametrize("amounts", [(12_344,), (12_346,), (12_345, 12_345), (1, 2, 3)])
    async def test_tells_what_came_be_it_less_or_more(
        self, bench: Bench, opened: Opened, number: str, amounts: tuple[int, ...]
    ) -> None:
        bank = opened(bench)
        account_no = await sub_account(bank, number)
        first, *_ = [bench.come_in(account_no, amount, **PAYER) for amount in amounts]
        paid = await bank.query(order_key(number), now=NOW)
        assert (paid.amount, paid.transaction_no) == (sum(amounts), first)

    async def test_is_found_days_later(self, bench: Bench, opened: Opened, number: str) -> None:
        bank = opened(bench)
        account_no = await sub_account(bank, number)
        bench.come_in(account_no, 5, **PAYER)
        bench.process.at("2026-03-04T09:00:00+08:00")
        bench.come_in(account_no, 7, **PAYER)
        bench.process.at("2026-03-12T09:00:00+08:00")
        assert (await bank.query(order_key(number), now=bench.now)).amount == 12

    async def test_is_not_denied_while_a_statement_is_missing(
        self, bench: Bench, opened: Opened, number: str
    ) -> None:
        bank = opened(bench)
        bench.come_in(await sub_account(bank, number), 5, **PAYER)
        bench.process.at("2026-03-03T00:10:00+08:00")
        with pytest.raises(ChannelFailed) as refused:
            await bank.query(order_key(number), now=bench.now)
        assert (refused.value.code, refused.value.retryable) == ("bill_missing", True)
        bench.process.at("2026-03-03T00:40:00+08:00")
        assert (await bank.query(order_key(number), now=bench.now)).amount == 5

    async def test_that_was_closed_and_paid_after_all_is_paid(
        self, bench: Bench, opened: Opened, number: str
    ) -> None:
        bank = opened(bench)
        account_no = await sub_account(bank, number)
        await bank.close(order_key(number), now=NOW)
        await bank.close(order_key(number), now=NOW)
        bench.come_in(account_no, 12_345, **PAYER)
        assert (await bank.query(order_key(number), now=NOW)).state is ChannelPaymentState.PAID

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"method": PaymentMethod.UNIONPAY_B2B}, "method"),
            ({"currency": "USD"}, "currency"),
            ({"amount": 0}, "amount"),
            ({"expires_at": NOW + timedelta(days=8)}, "expires_at"),
        ],
    )
    async def test_that_the_bank_cannot_take_is_refused(
        self, bench: Bench, opened: Opened, number: str, changes: dict[str, object], field: str
    ) -> None:
        with pytest.raises(InvalidRequest) as refused:
            await opened(bench).prepay(msgspec.structs.replace(order(number), **changes), now=NOW)
        assert refused.value.facts["field"] == field

    async def test_is_not_said_to_be_open_without_a_good_answer(
        self, bench: Bench, opened: Opened, number: str
    ) -> None:
        bank = opened(bench)
        for switches in ({"answer": "garbage"}, {"answer_signature": "bad"}, {"answer": "empty"}):
            bench.behave(**switches)
            with pytest.raises(ChannelUnknown):
                await bank.query(order_key(number), now=NOW)


def refund(number: str, amount: int) -> RefundRequest:
    """A refund of an order over 123.45."""
    return RefundRequest(
        order=order_key(number),
        out_refund_no=f"R{number}",
        amount=amount,
        total=12_345,
        currency="CNY",
        requested_at=NOW,
        reason="退货",
    )


def refund_key(number: str) -> RefundKey:
    return RefundKey(order=order_key(number), out_refund_no=f"R{number}", requested_at=NOW)


class TestARefund:
    @pytest.mark.parametrize("profile", ["sandbox-iso20022-1", "sandbox-soap-1", "sandbox-socket-1"])
    async def test_goes_back_to_the_account_that_paid(
        self, bench: Bench, opened: Opened, number: str, profile: str
    ) -> None:
        bank = opened(bench, profile)
        bench.come_in(await sub_account(bank, number), 12_345, **PAYER)
        before = bench.balance
        made = await bank.refund(refund(number, 2_345), now=NOW)
        assert (made.state, made.amount, made.out_trade_no) == (ChannelRefundState.SUCCEEDED, 2_345, number)
        assert (await bank.query_refund(refund_key(number), now=NOW)).state is ChannelRefundState.SUCCEEDED
        assert bench.balance == before - 2_345
        reference = (
            f"{bench.process.credentials['terminal']}20260302{number[-6:]}"
            if "socket" in profile
            else f"R{number}"
        )
        shown = bench.process.sandbox(f"orders/{reference}")["transfers"][0]
        assert (shown["creditor_name"], shown["creditor_account"]) == ("韩梅梅", "6226000000000001")

    async def test_never_exceeds_what_came(self, bench: Bench, opened: Opened, number: str) -> None:
        bank = opened(bench)
        bench.come_in(await sub_account(bank, number), 100, **PAYER)
        before = bench.balance
        with pytest.raises(InvalidRequest):
            await bank.refund(refund(number, 101), now=NOW)
        assert bench.balance == before

    async def test_of_money_from_two_accounts_is_for_a_person_to_decide(
        self, bench: Bench, opened: Opened, number: str
    ) -> None:
        bank = opened(bench)
        account_no = await sub_account(bank, number)
        bench.come_in(account_no, 100, **PAYER)
        bench.come_in(account_no, 100, payer_name="李雷", payer_account="6226000000000002")
        before = bench.balance
        with pytest.raises(ChannelFailed) as refused:
            await bank.refund(refund(number, 100), now=NOW)
        assert refused.value.code == "channel_payer_unclear"
        assert bench.balance == before

    async def test_that_never_was_is_unknown_to_the_bank(
        self, bench: Bench, opened: Opened, number: str
    ) -> None:
        asked = await opened(bench).query_refund(refund_key(number), now=NOW)
        assert asked.state is ChannelRefundState.UNKNOWN_TO_CHANNEL

    async def test_that_comes_back_needs_a_person(self, bench: Bench, opened: Opened, number: str) -> None:
        bank = opened(bench)
        bench.come_in(await sub_account(bank, number), 100, **PAYER)
        await bank.refund(refund(number, 100), now=NOW)
        bench.process.sandbox(f"transfers/R{number}", {"status": "returned"})
        assert (await bank.query_refund(refund_key(number), now=NOW)).state is ChannelRefundState.ABNORMAL


class TestANotice:
    @pytest.fixture
    def listening(self, bench: Bench, inbox: Inbox) -> Bench:
        bench.process.listen(inbox)
        return bench

    def heard(self, bank: Bank, bench: Bench, inbox: Inbox) -> Notice:
        received = inbox.next()
        return bank.read_notice(headers=received.headers, body=received.body, now=bench.now)

    async def test_tells_which_sub_account_got_how_much_from_whom(
        self, listening: Bench, opened: Opened, inbox: Inbox, number: str
    ) -> None:
        bank = opened(listening)
        account_no = await sub_account(bank, number)
        reference = listening.come_in(account_no, 12_345, **PAYER, memo="订单 9")
        notice = self.heard(bank, listening, inbox)
        (credit,) = notice.credits
        assert (credit.channel_no, credit.account_no, credit.amount) == (reference, account_no, 12_345)
        assert (credit.payer_name, credit.payer_account_no, credit.memo) == (
            "韩梅梅",
            "6226000000000001",
            "订单 9",
        )
        assert (credit.currency, credit.booked_at) == ("CNY", NOW)
        assert (await bank.query(order_key(number), now=NOW)).transaction_no == credit.channel_no
        assert bank.answer_notice(None).status == 204

    async def test_of_a_return_names_the_transfer_and_is_no_credit(
        self, listening: Bench, opened: Opened, inbox: Inbox, number: str
    ) -> None:
        bank = opened(listening)
        await bank.transfer(transfer(number), now=NOW)
        listening.process.sandbox(f"transfers/{number}", {"status": "returned", "reason": "AC04"})
        notice = self.heard(bank, listening, inbox)
        assert notice.credits == ()
        assert notice.transfer is not None
        assert (notice.transfer.out_transfer_no, notice.transfer.state) == (
            number,
            ChannelTransferState.RETURNED,
        )
        assert (notice.transfer.amount, notice.transfer.error_code) == (10_000, "AC04")

    async def test_of_a_stranger_who_writes_our_number_returns_nothing(
        self, listening: Bench, opened: Opened, inbox: Inbox, number: str
    ) -> None:
        bank = opened(listening, "sandbox-socket-1")
        listening.come_in(MAIN, 1, memo=f"退款：[{number}]")
        notice = self.heard(bank, listening, inbox)
        assert (notice.transfer, len(notice.credits)) == (None, 1)

    async def test_sent_twice_has_one_number(self, listening: Bench, opened: Opened, inbox: Inbox) -> None:
        bank = opened(listening)
        listening.behave(callback="duplicated")
        listening.come_in(MAIN, 100)
        assert self.heard(bank, listening, inbox) == self.heard(bank, listening, inbox)

    @pytest.mark.parametrize(
        ("mode", "reason"),
        [
            ("tampered", NoticeFault.SIGNATURE_WRONG),
            ("stale", NoticeFault.STALE),
            ("garbage", NoticeFault.MALFORMED),
            ("wrong_account", NoticeFault.MERCHANT_WRONG),
            ("wrong_currency", NoticeFault.MERCHANT_WRONG),
        ],
    )
    async def test_that_cannot_be_ours_is_refused(
        self, listening: Bench, opened: Opened, inbox: Inbox, mode: str, reason: NoticeFault
    ) -> None:
        bank = opened(listening)
        listening.behave(callback=mode)
        listening.come_in(MAIN, 100)
        with pytest.raises(NoticeRefused) as refused:
            self.heard(bank, listening, inbox)
        assert refused.value.reason is reason
        assert bank.answer_notice("why").status == 400

    async def test_of_a_wrong_amount_differs_from_what_the_query_says(
        self, listening: Bench, opened: Opened, inbox: Inbox, number: str
    ) -> None:
        bank = opened(listening)
        listening.behave(callback="wrong_amount")
        listening.come_in(await sub_account(bank, number), 100, **PAYER)
        assert self.heard(bank, listening, inbox).credits[0].amount == 101
        assert (await bank.query(order_key(number), now=NOW)).amount == 100

    async def test_about_another_account_of_ours_is_for_its_own_connection(
        self, bench: Bench, opened: Opened, inbox: Inbox
    ) -> None:
        bench.process.listen(inbox, SECOND)
        bench.come_in(SECOND, 100)
        received = inbox.next()
        bench.process.sandbox("accounts", {"number": SECOND, "notify_url": ""})
        with pytest.raises(NoticeRefused):
            opened(bench).read_notice(headers=received.headers, body=received.body, now=NOW)
        other = opened(bench, account_no=SECOND)
        assert (
            other.read_notice(headers=received.headers, body=received.body, now=NOW).credits[0].amount == 100
        )

    @pytest.mark.parametrize("header", ["X-Signature", "X-Timestamp", "X-Certificate"])
    async def test_without_a_header_is_refused(
        self, listening: Bench, opened: Opened, inbox: Inbox, header: str
    ) -> None:
        listening.come_in(MAIN, 100)
        received = inbox.next()
        headers = {name: value for name, value in received.headers.items() if name.lower() != header.lower()}
        with pytest.raises(NoticeRefused):
            opened(listening).read_notice(headers=headers, body=received.body, now=NOW)
