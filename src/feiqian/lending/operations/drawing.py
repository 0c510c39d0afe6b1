"""Drawing on a line: from the decision to money in the merchant's balance, without a person, in one transaction."""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from feiqian import credit
from feiqian.infra.database import Transaction
from feiqian.kernel.calendar import business_date
from feiqian.kernel.errors import NotFound, ReplayAltered
from feiqian.kernel.ids import new_id
from feiqian.kernel.money import check_amount
from feiqian.ledger import balances, lock, post_all
from feiqian.lending import postings, store
from feiqian.lending.model import (
    DEFAULT_PRODUCT,
    LENDING_CURRENCY,
    BorrowerOverdue,
    DrawTooSmall,
    Loan,
    LoanState,
    NoCreditLine,
    OverCreditLine,
    Product,
    ProductUnknown,
)
from feiqian.lending.numbers import check_number
from feiqian.lending.rules import check_product


async def draw(
    tx: Transaction,
    *,
    now: datetime,
    platform: UUID,
    loan_no: str,
    merchant_id: UUID,
    amount: int,
    funder_no: str | None = None,
) -> Loan:
    """Lend ``amount`` fen to a merchant on its line; without a ``funder_no`` the funder with the most money lends.

    The line is locked, so that draws at the same moment follow each other and together never exceed it. The same
    number with the same content again returns the loan.

    Raises: InvalidRequest; ReplayAltered; NoCreditLine; ProductUnknown; DrawTooSmall; BorrowerOverdue;
    OverCreditLine; NotFound for the funder; ledger.InsufficientFunds when the funder has less than that.
    """
    check_number("loan_no", loan_no)
    check_amount(amount)
    # The account before the line, as the close takes accounts before its own rows.
    await lock(tx, refs=[postings.merchant_available(merchant_id, LENDING_CURRENCY)])
    line = await credit.lock_line(tx, now=now, merchant_id=merchant_id, currency=LENDING_CURRENCY)
    before = await store.read_loan_by_no(tx, platform, loan_no)
    if before is not None:
        return _replayed(before, merchant_id=merchant_id, amount=amount, funder_no=funder_no)
    if line is None:
        raise NoCreditLine
    today = business_date(now)
    product = await store.read_product(tx, DEFAULT_PRODUCT, today)
    if product is None:
        raise ProductUnknown(product=DEFAULT_PRODUCT, day=today)
    if amount < product.amount_min:
        raise DrawTooSmall(amount=amount, amount_min=product.amount_min)
    await _check_line(tx, merchant_id=merchant_id, amount=amount, limit=line.limit, now=now)
    loan = Loan(
        id=new_id(now),
        platform=platform,
        loan_no=loan_no,
        merchant=merchant_id,
        funder_no=await _choose_funder(tx, funder_no),
        currency=LENDING_CURRENCY,
        principal=amount,
        product=product.code,
        annual_rate=product.annual_rate,
        penalty_rate=product.penalty_rate,
        day_count=product.day_count,
        repayment_share=product.repayment_share,
        drawn_at=now,
        drawn_on=today,
        due_on=today + timedelta(days=product.term_days),
        decision=line.id,
        line_limit=line.limit,
        state=LoanState.ACTIVE,
        accrued_through=None,
        interest_numerator=Decimal(0),
        penalty_numerator=Decimal(0),
        repaid_on=None,
    )
    await store.insert_loan(tx, loan)
    await post_all(tx, now=now, transactions=[postings.drawn(loan)])
    return loan


def _replayed(loan: Loan, *, merchant_id: UUID, amount: int, funder_no: str | None) -> Loan:
    for field, asked, had in (
        ("merchant", merchant_id, loan.merchant),
        ("amount", amount, loan.principal),
        ("funder", funder_no or loan.funder_no, loan.funder_no),
    ):
        if asked != had:
            raise ReplayAltered(key=f"loan_no {loan.loan_no}", field=field)
    return loan


async def _check_line(tx: Transaction, *, merchant_id: UUID, amount: int, limit: int, now: datetime) -> None:
    """Available credit is the limit less all principal that the merchant owes; none while a loan is overdue."""
    loans = await store.read_open_loans(tx, merchant_id)
    for loan in loans:
        if loan.due_on < business_date(now):
            raise BorrowerOverdue(loan_no=loan.loan_no, due_on=loan.due_on)
    owed = await balances(tx, refs=[postings.principal_of(loan) for loan in loans])
    available = max(limit - sum(owed.values()), 0)
    if amount > available:
        raise OverCreditLine(amount=amount, available=available, limit=limit)


async def _choose_funder(tx: Transaction, funder_no: str | None) -> str:
    """The named funder, or the one with the most money to lend (the first by number among equals)."""
    funders = await store.read_funders(tx, funder_no)
    if not funders:
        raise NotFound(what="funder", name=funder_no or LENDING_CURRENCY)
    refs = [postings.funder_available(funder.funder_no, LENDING_CURRENCY) for funder in funders]
    money = await balances(tx, refs=refs)
    return max(refs, key=lambda ref: money[ref]).owner


async def publish_product(tx: Transaction, *, product: Product) -> Product:
    """Add terms that hold for loans drawn from ``valid_from`` on; loans that run keep theirs.

    Raises: InvalidRequest; ReplayAltered when that product has terms from that date already.
    """
    check_number("code", product.code)
    check_product(product)
    before = await store.read_product(tx, product.code, product.valid_from)
    if before is not None and before.valid_from == product.valid_from:
        if before != product:
            raise ReplayAltered(key=f"product {product.code} of {product.valid_from}", field="terms")
        return before
    await store.insert_product(tx, product)
    return product
