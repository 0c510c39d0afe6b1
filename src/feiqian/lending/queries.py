"""Reads of lending for its own operations, the faces and the story. Every amount comes from the ledger."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import msgspec

from feiqian import members
from feiqian.infra.database import Transaction
from feiqian.kernel.errors import NotFound
from feiqian.ledger import (
    Account,
    AccountCode,
    AccountRef,
    PostedTransaction,
    StatementLine,
    accounts_named,
    balances,
    code_balances,
    code_totals,
    day_totals,
    funder_book,
    statement,
    transactions,
)
from feiqian.lending import postings, store
from feiqian.lending.model import LENDING_CURRENCY, AccrualResult, Debt, Loan, LoanState

_PAGE = 500


class LoanPosition(msgspec.Struct, frozen=True, kw_only=True):
    """A loan as it is shown: its terms, and what the ledger says of it; minor units."""

    id: UUID
    loan_no: str
    platform: UUID
    merchant: UUID
    merchant_no: str
    merchant_name: str
    funder: str
    """The funder's number."""
    decision: UUID
    """The credit decision it was drawn under."""
    state: LoanState
    currency: str
    principal: int
    """As drawn."""
    principal_outstanding: int
    interest_outstanding: int
    penalty_outstanding: int
    interest_accrued: int
    """Posted so far, paid or not, without penalty interest."""
    interest_paid: int
    penalty_paid: int
    principal_paid: int
    annual_rate: Decimal
    penalty_rate: Decimal
    repayment_share: Decimal
    drawn_on: date
    due_on: date
    drawn_at: datetime
    accrued_through: date | None
    repaid_on: date | None


class LoanTotals(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over a list of loans; minor units."""

    count: int
    principal: int
    """As drawn."""
    outstanding: int
    """Principal, interest and penalty interest owed."""
    interest_accrued: int
    """Interest and penalty interest posted so far."""


class LoanMovement(msgspec.Struct, frozen=True, kw_only=True):
    """One ledger transaction on a loan: what it changed of each part that is owed, and what is owed after it."""

    transaction: UUID
    date: date
    booked_at: datetime
    kind: str
    principal: int
    interest: int
    penalty: int
    balance: int


class FunderView(msgspec.Struct, frozen=True, kw_only=True):
    """A funder's position, read from its book and its account at the platform; minor units."""

    funder_no: str
    name: str
    currency: str
    deposited: int
    available: int
    principal_outstanding: int
    interest_receivable: int
    penalty_receivable: int
    interest_income: int
    penalty_income: int
    loans_active: int
    """Loans that are not repaid, overdue ones among them."""


class LendingTotals(msgspec.Struct, frozen=True, kw_only=True):
    """All lending in five numbers: ``lent + interest - repaid = outstanding``; minor units."""

    loans: int
    lent: int
    repaid: int
    """Principal, interest and penalty interest paid."""
    interest: int
    """Interest and penalty interest posted."""
    outstanding: int
    """Principal, interest and penalty interest owed."""


async def debts_of(tx: Transaction, *, loans: Sequence[Loan]) -> dict[UUID, Debt]:
    """What each loan owes, as far as interest is posted."""
    parts = (postings.penalty_of, postings.interest_of, postings.principal_of)
    found = await balances(tx, refs=[part(loan) for loan in loans for part in parts])
    return {
        loan.id: Debt(
            penalty=found[postings.penalty_of(loan)],
            interest=found[postings.interest_of(loan)],
            principal=found[postings.principal_of(loan)],
        )
        for loan in loans
    }


async def debts(tx: Transaction, *, merchants: Sequence[UUID]) -> dict[UUID, Debt]:
    """What each merchant owes over all its loans; merchants without open loans owe nothing. Available credit is a
    line's limit less ``principal``."""
    loans = await store.read_open_loans_of(tx, merchants)
    owed = await debts_of(tx, loans=loans)
    sums = {merchant: [0, 0, 0] for merchant in merchants}
    for loan in loans:
        debt = owed[loan.id]
        for index, amount in enumerate((debt.penalty, debt.interest, debt.principal)):
            sums[loan.merchant][index] += amount
    return {
        merchant: Debt(penalty=penalty, interest=interest, principal=principal)
        for merchant, (penalty, interest, principal) in sums.items()
    }


async def accrued_on(tx: Transaction, *, day: date) -> AccrualResult:
    """The interest of one business date over all funders."""
    interest = penalty = loans = 0
    for row in await code_totals(tx, day=day):
        if row.code == AccountCode.LOAN_INTEREST and row.kind == "interest":
            interest += row.debit
            loans += row.transactions
        elif row.code == AccountCode.LOAN_PENALTY and row.kind == "penalty":
            penalty += row.debit
            loans += row.transactions
    return AccrualResult(day=day, interest=interest, penalty=penalty, loans=loans)


async def repaid_on(tx: Transaction, *, day: date) -> int:
    """What loan repayments took from merchants on one business date."""
    return sum(
        row.debit
        for row in await code_totals(tx, day=day)
        if row.code == AccountCode.MERCHANT_AVAILABLE and row.kind == "loan_repayment"
    )


async def loan_of_id(tx: Transaction, *, id: UUID, platform: UUID | None = None) -> LoanPosition:
    """One loan; with ``platform`` only if it is that platform's.

    Raises: NotFound.
    """
    loan = await store.read_loan(tx, id)
    if loan is None or (platform is not None and loan.platform != platform):
        raise NotFound(what="loan", name=id)
    return (await _views(tx, [loan]))[0]


async def loans(
    tx: Transaction,
    *,
    platform: UUID | None = None,
    merchant: UUID | None = None,
    state: LoanState | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> list[LoanPosition]:
    """Loans, newest first; ``before`` is the last id of the page before."""
    rows = await store.read_loans(
        tx, platform=platform, merchant=merchant, state=state, before=before, limit=limit
    )
    return await _views(tx, rows)


async def loan_totals(
    tx: Transaction,
    *,
    platform: UUID | None = None,
    merchant: UUID | None = None,
    state: LoanState | None = None,
) -> LoanTotals:
    """Sums over the same loans, all pages together."""
    rows = await store.read_loans(
        tx, platform=platform, merchant=merchant, state=state, before=None, limit=None
    )
    accounts = await _accounts(tx, rows)
    interest = sum(
        account.debits for account in accounts.values() if account.code != AccountCode.LOAN_PRINCIPAL
    )
    return LoanTotals(
        count=len(rows),
        principal=sum(row.principal for row in rows),
        outstanding=sum(account.balance for account in accounts.values()),
        interest_accrued=interest,
    )


async def loan_movements(tx: Transaction, *, id: UUID) -> list[LoanMovement]:
    """Everything that changed what a loan owes, oldest first, from the entries of its accounts.

    Raises: NotFound.
    """
    loan = await store.read_loan(tx, id)
    if loan is None:
        raise NotFound(what="loan", name=id)
    parts: dict[UUID, dict[str, int]] = {}
    lines: dict[UUID, StatementLine] = {}
    for part, ref in (
        ("principal", postings.principal_of(loan)),
        ("interest", postings.interest_of(loan)),
        ("penalty", postings.penalty_of(loan)),
    ):
        for line in await _every_line(tx, ref):
            lines[line.transaction] = line
            parts.setdefault(line.transaction, {})[part] = line.amount
    ordered = sorted(
        lines.values(),
        key=lambda line: (line.business_date, line.booked_at, line.kind != "loan_draw", line.sequence),
    )
    movements: list[LoanMovement] = []
    balance = 0
    for line in ordered:
        changed = parts[line.transaction]
        balance += sum(changed.values())
        movements.append(
            LoanMovement(
                transaction=line.transaction,
                date=line.business_date,
                booked_at=line.booked_at,
                kind=line.kind,
                principal=changed.get("principal", 0),
                interest=changed.get("interest", 0),
                penalty=changed.get("penalty", 0),
                balance=balance,
            )
        )
    return movements


async def loan_transactions(tx: Transaction, *, id: UUID) -> list[PostedTransaction]:
    """The ledger transactions of a loan in the order of its movements: both books' legs.

    Raises: NotFound.
    """
    ids = [movement.transaction for movement in await loan_movements(tx, id=id)]
    posted = {transaction.id: transaction for transaction in await transactions(tx, ids=ids)}
    return [posted[transaction] for transaction in ids]


async def _every_line(tx: Transaction, ref: AccountRef) -> list[StatementLine]:
    lines: list[StatementLine] = []
    before: int | None = None
    while page := await statement(tx, ref=ref, before=before, limit=_PAGE):
        lines += page
        before = page[-1].sequence
    return lines


async def funders(tx: Transaction, *, funder_no: str | None = None) -> list[FunderView]:
    """Every funder's position, or the named one's, by number."""
    by_book = {(row.book, row.code): row.balance for row in await code_balances(tx)}
    counts = await store.count_open_loans(tx)
    views: list[FunderView] = []
    for funder in await store.read_funders(tx, funder_no):
        book = funder_book(funder.funder_no)
        # A funder's cash in its own book is what the platform owes it: a standing invariant of the ledger.
        views.append(
            FunderView(
                funder_no=funder.funder_no,
                name=funder.name,
                currency=LENDING_CURRENCY,
                deposited=by_book.get((book, AccountCode.FUNDER_CAPITAL), 0),
                available=by_book.get((book, AccountCode.FUNDER_CASH), 0),
                principal_outstanding=by_book.get((book, AccountCode.LOAN_PRINCIPAL), 0),
                interest_receivable=by_book.get((book, AccountCode.LOAN_INTEREST), 0),
                penalty_receivable=by_book.get((book, AccountCode.LOAN_PENALTY), 0),
                interest_income=by_book.get((book, AccountCode.INTEREST_INCOME), 0),
                penalty_income=by_book.get((book, AccountCode.PENALTY_INCOME), 0),
                loans_active=counts.get(funder.funder_no, 0),
            )
        )
    return views


async def funder_of_no(tx: Transaction, *, funder_no: str) -> FunderView:
    """One funder's position.

    Raises: NotFound.
    """
    found = await funders(tx, funder_no=funder_no)
    if not found:
        raise NotFound(what="funder", name=funder_no)
    return found[0]


async def lending_totals(tx: Transaction) -> LendingTotals:
    """All lending so far, over every loan and funder."""
    moved: dict[str, int] = {}
    for code in (AccountCode.LOAN_PRINCIPAL, AccountCode.LOAN_INTEREST, AccountCode.LOAN_PENALTY):
        for row in await day_totals(tx, code=code, first=date.min, last=date.max):
            moved[row.kind] = moved.get(row.kind, 0) + row.amount
    totals = await loan_totals(tx)
    return LendingTotals(
        loans=totals.count,
        lent=moved.get("loan_draw", 0),
        repaid=-moved.get("loan_repayment", 0),
        interest=moved.get("interest", 0) + moved.get("penalty", 0),
        outstanding=totals.outstanding,
    )


async def _accounts(tx: Transaction, rows: Sequence[Loan]) -> Mapping[UUID, Account]:
    parts = (postings.principal_of, postings.interest_of, postings.penalty_of)
    return await accounts_named(tx, ids=[part(loan).id for loan in rows for part in parts])


async def _views(tx: Transaction, rows: Sequence[Loan]) -> list[LoanPosition]:
    accounts = await _accounts(tx, rows)
    merchants = {
        merchant.id: merchant
        for merchant in await members.read_merchants(tx, list({loan.merchant for loan in rows}))
    }
    return [_view(loan, merchants[loan.merchant], accounts) for loan in rows]


def _view(loan: Loan, merchant: members.Merchant, accounts: Mapping[UUID, Account]) -> LoanPosition:
    principal = accounts.get(postings.principal_of(loan).id)
    interest = accounts.get(postings.interest_of(loan).id)
    penalty = accounts.get(postings.penalty_of(loan).id)
    return LoanPosition(
        id=loan.id,
        loan_no=loan.loan_no,
        platform=loan.platform,
        merchant=loan.merchant,
        merchant_no=merchant.merchant_no,
        merchant_name=merchant.name,
        funder=loan.funder_no,
        decision=loan.decision,
        state=loan.state,
        currency=loan.currency,
        principal=loan.principal,
        principal_outstanding=principal.balance if principal else 0,
        interest_outstanding=interest.balance if interest else 0,
        penalty_outstanding=penalty.balance if penalty else 0,
        interest_accrued=interest.debits if interest else 0,
        interest_paid=interest.credits if interest else 0,
        penalty_paid=penalty.credits if penalty else 0,
        principal_paid=principal.credits if principal else 0,
        annual_rate=loan.annual_rate,
        penalty_rate=loan.penalty_rate,
        repayment_share=loan.repayment_share,
        drawn_on=loan.drawn_on,
        due_on=loan.due_on,
        drawn_at=loan.drawn_at,
        accrued_through=loan.accrued_through,
        repaid_on=loan.repaid_on,
    )
