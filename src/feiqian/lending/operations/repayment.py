"""Repaying: a set share of every settlement, and what a merchant pays of its own will."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from feiqian.clearing import MerchantSettled
from feiqian.infra.database import Transaction
from feiqian.kernel.calendar import business_date
from feiqian.kernel.errors import NotFound, ReplayAltered
from feiqian.kernel.ids import derived_id
from feiqian.kernel.money import check_amount
from feiqian.ledger import balances, lock, post_all, transactions
from feiqian.lending import postings, queries, store
from feiqian.lending.model import (
    LENDING_CURRENCY,
    Debt,
    Loan,
    LoanRepaid,
    LoanState,
    Repayment,
    RepaymentSource,
)
from feiqian.lending.numbers import check_number
from feiqian.lending.operations.accrual import accrue_loans
from feiqian.lending.rules import allocate, share_of
from feiqian.lending.store import RepaymentRow


async def repay_from_settlement(tx: Transaction, event: MerchantSettled) -> None:
    """Take the set share of a settlement, inside the transaction that settles.

    The share is that of the merchant's oldest open loan, rounded down, and at most what the merchant has available.
    It pays loans oldest first, each penalty, interest, then principal, up to what is owed. A settlement repays once,
    and only loans that were drawn before it.
    """
    if event.currency != LENDING_CURRENCY or not await store.lock_open_loans(tx, event.merchant):
        return
    loans = [
        loan for loan in await store.read_open_loans(tx, event.merchant) if loan.drawn_at <= event.settled_at
    ]
    if not loans:
        return
    ref = postings.merchant_available(event.merchant, event.currency)
    available = (await balances(tx, refs=[ref]))[ref]
    row = RepaymentRow(
        id=derived_id("settlement_repayment", str(event.settlement), str(event.merchant)),
        source=RepaymentSource.SETTLEMENT,
        merchant=event.merchant,
        loan=None,
        repayment_no=None,
        settlement=event.settlement,
        amount=min(share_of(event.amount, loans[0].repayment_share), available),
        repaid_at=event.settled_at,
    )
    if not await store.insert_repayment(tx, row):
        return
    through = business_date(event.settled_at) - timedelta(days=1)
    loans = await accrue_loans(tx, now=event.settled_at, loans=loans, through=through)
    left = row.amount
    paid: dict[UUID, Debt] = {}
    owed = await queries.debts_of(tx, loans=loans)
    for loan in loans:
        paid[loan.id] = allocate(left, owed[loan.id])
        left -= paid[loan.id].total
    await _pay(tx, row=row, loans={loan.id: loan for loan in loans}, owed=owed, paid=paid)


async def repay(
    tx: Transaction, *, now: datetime, loan_id: UUID, amount: int, repayment_no: str
) -> Repayment:
    """The merchant pays up to ``amount`` fen of a loan from its available balance; what is not owed is not taken.

    Interest through yesterday is posted first, so paying all that is owed then ends the loan: the day of repayment
    bears no interest, and less than half a fen of exact interest is rounded away. The same number with the same
    amount again returns the first answer.

    Raises: InvalidRequest; NotFound; ReplayAltered; LoanRepaid; ledger.InsufficientFunds.
    """
    check_number("repayment_no", repayment_no)
    check_amount(amount)
    loan = await store.read_loan(tx, loan_id)
    if loan is None:
        raise NotFound(what="loan", name=loan_id)
    # The account before the loan, as the close takes them, so that the two never wait for each other crosswise.
    await lock(tx, refs=[postings.merchant_available(loan.merchant, loan.currency)])
    await store.lock_loan(tx, loan_id)
    loan = await store.read_loan(tx, loan_id)
    assert loan is not None
    id = derived_id("repayment", str(loan.id), repayment_no)
    before = await store.read_repayment(tx, id)
    if before is not None:
        if before.amount != amount:
            raise ReplayAltered(key=f"repayment_no {repayment_no}", field="amount")
        return await _as_recorded(tx, before, loan, repayment_no)
    if loan.state is LoanState.REPAID:
        raise LoanRepaid(loan_no=loan.loan_no, repaid_on=loan.repaid_on)
    (loan,) = await accrue_loans(tx, now=now, loans=[loan], through=business_date(now) - timedelta(days=1))
    row = RepaymentRow(
        id=id,
        source=RepaymentSource.MERCHANT,
        merchant=loan.merchant,
        loan=loan.id,
        repayment_no=repayment_no,
        settlement=None,
        amount=amount,
        repaid_at=now,
    )
    await store.insert_repayment(tx, row)
    owed = await queries.debts_of(tx, loans=[loan])
    paid = {loan.id: allocate(amount, owed[loan.id])}
    await _pay(tx, row=row, loans={loan.id: loan}, owed=owed, paid=paid)
    return await _as_recorded(tx, row, loan, repayment_no)


async def _pay(
    tx: Transaction,
    *,
    row: RepaymentRow,
    loans: Mapping[UUID, Loan],
    owed: Mapping[UUID, Debt],
    paid: Mapping[UUID, Debt],
) -> None:
    """Post what each loan gets, and end the loans that then owe nothing."""
    day = business_date(row.repaid_at)
    posted = [
        postings.repaid(loans[id], part, repayment=row.id, day=day, now=row.repaid_at)
        for id, part in paid.items()
        if part.total > 0
    ]
    if posted:
        await post_all(tx, now=row.repaid_at, transactions=posted)
    ended = [id for id, part in paid.items() if part.total == owed[id].total]
    if ended:
        await store.set_repaid(tx, ended, day)


async def _as_recorded(tx: Transaction, row: RepaymentRow, loan: Loan, repayment_no: str) -> Repayment:
    """A repayment with what it paid, read from its ledger transaction."""
    (posted,) = await transactions(tx, ids=[postings.repayment_transaction(row.id, loan)])
    by_account = dict(zip(posted.credits, posted.amounts, strict=True))
    return Repayment(
        id=row.id,
        loan=loan.id,
        repayment_no=repayment_no,
        amount=row.amount,
        paid=Debt(
            penalty=by_account.get(postings.penalty_of(loan).id, 0),
            interest=by_account.get(postings.interest_of(loan).id, 0),
            principal=by_account.get(postings.principal_of(loan).id, 0),
        ),
        repaid_at=row.repaid_at,
    )
