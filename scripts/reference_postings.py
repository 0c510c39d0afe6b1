"""What every kind of ledger transaction debits and credits, made by the postings themselves, for reference.py."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import msgspec
from reference_words import flat, table

from feiqian.channels import BillKind, BuyerHints, PaymentMethod
from feiqian.clearing import Settlement
from feiqian.clearing import postings as clearing_postings
from feiqian.finance.wording import WORDING
from feiqian.ledger import PLATFORM_BOOK, AccountRef, NewTransaction
from feiqian.lending import DayCount, Debt, Deposit, Loan, LoanState
from feiqian.lending import postings as lending_postings
from feiqian.lending.rules import DayInterest
from feiqian.payments import Attempt, AttemptState, Payment, PaymentState, Refund, RefundState, Share
from feiqian.payments import postings as payment_postings
from feiqian.payments.rules import split_refund
from feiqian.reconciliation.model import Confirmation
from feiqian.reconciliation.postings import channel_settlement

POSTINGS = """# Postings

Every kind of ledger transaction with its legs, made by the `postings` modules themselves for one example: an order of
¥100.00, ¥70.00 of it merchant A's and ¥30.00 merchant B's, under a fee of 0.6 %; the same order paid again at another
channel; a refund of ¥10.00 that succeeds, or fails; then the settlement of A, once of its trade and once of refunds beyond
its trade; the bill; a deposit, a loan of ¥1,000.00, a day's interest, and what a share of a settlement repays. Accounts are
written as code / owner, those of a funder's own book with its name before them. The codes are explained in the [chart of
accounts](accounts.md).

"""
NOW = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)
DAY = date(2026, 11, 2)
FIRST, SECOND, SOME = UUID(int=1), UUID(int=2), UUID(int=3)
OWNERS = {str(FIRST): "A", str(SECOND): "B", str(SOME): "the loan"}


def sample_transactions() -> list[tuple[str, NewTransaction]]:
    """One transaction of each kind with what it says, made by the postings themselves."""
    attempt = Attempt(
        payment=SOME, position=1, channel="wechatpay", method=PaymentMethod.WECHATPAY_NATIVE, out_trade_no="P1",
        amount=10_000, currency="CNY", state=AttemptState.SUCCEEDED, next_step=None, hints=BuyerHints(), key=None,
        notify_url="https://shop.example/callbacks/wechatpay", next_channels=(), decision=None, placed_at=NOW,
        expires_at=NOW, paid_at=NOW, transaction_no="T1", payer=None, error_code=None, error=None, checks=0,
    )  # fmt: skip
    payment = Payment(
        id=SOME, platform=SOME, order_no="order-1", amount=10_000, currency="CNY", description="", buyer=None, fee=60,
        fee_rate=Decimal("0.006"), metadata={}, method=PaymentMethod.WECHATPAY_NATIVE, methods=(),
        state=PaymentState.SUCCEEDED, created_at=NOW, expires_at=NOW, paid_at=NOW, attempts=1, current=attempt,
    )  # fmt: skip
    shares = [
        Share(payment=SOME, position=0, merchant=FIRST, amount=7_000, fee=42),
        Share(payment=SOME, position=1, merchant=SECOND, amount=3_000, fee=18),
    ]
    fee, *parts = split_refund(1_000, payment, shares, [])
    refund = Refund(
        id=SOME, payment=SOME, attempt=1, channel="wechatpay", platform=SOME, refund_no="return-1", out_refund_no="R1",
        amount=1_000, currency="CNY", reason="", fee=fee, parts=tuple(parts), state=RefundState.PENDING, created_at=NOW,
        succeeded_at=None, channel_refund_no=None, error=None, checks=0,
    )  # fmt: skip
    return [
        *_trade(payment, shares, refund),
        *_settlements(),
        *_loans(),
    ]


def _trade(payment: Payment, shares: list[Share], refund: Refund) -> Iterator[tuple[str, NewTransaction]]:
    made = payment_postings.payment_succeeded(payment, shares, paid_at=NOW, now=NOW)
    yield said_by(payment_postings.payment_succeeded), made
    again = msgspec.structs.replace(payment.order, position=2, out_trade_no="P12", channel="alipay")
    made = payment_postings.payment_duplicate(again, order_no=payment.order_no, now=NOW)
    yield said_by(payment_postings.payment_duplicate), made
    made = payment_postings.refund_requested(refund, payment, shares, now=NOW)
    yield said_by(payment_postings.refund_requested), made
    made = payment_postings.refund_succeeded(refund, succeeded_at=NOW, now=NOW)
    yield said_by(payment_postings.refund_succeeded), made
    made = payment_postings.refund_failed(refund, payment, shares, now=NOW)
    yield said_by(payment_postings.refund_failed), made


def _settlements() -> Iterator[tuple[str, NewTransaction]]:
    for amount in (6_262, -500):
        each = Settlement(
            id=SOME, trade_date=DAY, currency="CNY", merchant=FIRST, amount=amount, settled_on=DAY
        )
        yield said_by(clearing_postings.settled), clearing_postings.settled(each, now=NOW)
    confirmed = [
        Confirmation(
            kind=kind,
            no=no,
            bill_day=DAY,
            our_day=DAY,
            resolved_on=DAY,
            amount=amount,
            currency="CNY",
            fee=fee,
        )
        for kind, no, amount, fee in (
            (BillKind.PAYMENT, "P1", 10_000, 60),
            (BillKind.REFUND, "R1", 1_000, -6),
        )
    ]
    settled = channel_settlement("wechatpay", DAY, 1, confirmed, now=NOW)
    assert settled is not None
    yield said_by(channel_settlement), settled


def _loans() -> Iterator[tuple[str, NewTransaction]]:
    deposit = Deposit(
        funder_no="bank-a", deposit_no="d1", currency="CNY", amount=10_000_000, deposited_at=NOW
    )
    loan = Loan(
        id=SOME, platform=SOME, loan_no="L-1", merchant=FIRST, funder_no="bank-a", currency="CNY", principal=100_000,
        product="merchant_flow", annual_rate=Decimal("0.1095"), penalty_rate=Decimal("0.16425"), day_count=DayCount.ACT_365,
        repayment_share=Decimal("0.2"), drawn_at=NOW, drawn_on=DAY, due_on=DAY, decision=SOME, line_limit=100_000,
        state=LoanState.ACTIVE, accrued_through=None, interest_numerator=Decimal(0), penalty_numerator=Decimal(0),
        repaid_on=None,
    )  # fmt: skip
    yield said_by(lending_postings.deposited), lending_postings.deposited(deposit, DAY)
    yield said_by(lending_postings.drawn), lending_postings.drawn(loan)
    for amount, is_penalty in ((30, False), (45, True)):
        interest = DayInterest(day=DAY, amount=amount, is_penalty=is_penalty)
        yield said_by(lending_postings.accrued), lending_postings.accrued(loan, interest, NOW)
    paid = Debt(penalty=45, interest=30, principal=1_177)
    yield (
        said_by(lending_postings.repaid),
        lending_postings.repaid(loan, paid, repayment=SOME, day=DAY, now=NOW),
    )


def said_by(posting: Callable[..., object]) -> str:
    """What a posting says of itself."""
    return flat(posting.__doc__ or "")


def postings() -> str:
    """What every kind of transaction debits and credits."""
    text, before = POSTINGS, ""
    for note, transaction in sample_transactions():
        wording = WORDING[transaction.kind]
        heading = f"## `{transaction.kind}` {wording.chinese}\n\n{wording.english}. {note}"
        rows = [(named(leg.debit), named(leg.credit), f"{leg.amount:,}") for leg in transaction.legs]
        text += heading if transaction.kind != before else "Or:"
        text += "\n\n" + table(("debit", "credit", "fen"), rows) + "\n\n"
        before = transaction.kind
    return text


def named(account: AccountRef) -> str:
    """An account as code and owner, with its book where that is not the platform's."""
    book = "" if account.book == PLATFORM_BOOK else f"{account.book} · "
    return f"{book}`{account.code}` / {OWNERS.get(account.owner, account.owner)}"
