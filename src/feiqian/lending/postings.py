"""Debits and credits of lending. Each fact moves the platform's book and the funder's book in one transaction."""

from datetime import date, datetime
from uuid import UUID

from feiqian.kernel.ids import derived_id, show_id
from feiqian.ledger import PLATFORM_BOOK, AccountCode, AccountRef, Leg, NewTransaction, funder_book
from feiqian.lending.model import Debt, Deposit, Loan
from feiqian.lending.rules import DayInterest


def funder_available(funder_no: str, currency: str) -> AccountRef:
    """The funder's money at the platform that may be lent."""
    return AccountRef(PLATFORM_BOOK, AccountCode.FUNDER_AVAILABLE, funder_no, currency)


def merchant_available(merchant: UUID, currency: str) -> AccountRef:
    """What the merchant may spend."""
    return AccountRef(PLATFORM_BOOK, AccountCode.MERCHANT_AVAILABLE, str(merchant), currency)


def principal_of(loan: Loan) -> AccountRef:
    """Principal that the loan owes."""
    return _of_loan(loan, AccountCode.LOAN_PRINCIPAL)


def interest_of(loan: Loan) -> AccountRef:
    """Interest accrued and not yet paid."""
    return _of_loan(loan, AccountCode.LOAN_INTEREST)


def penalty_of(loan: Loan) -> AccountRef:
    """Penalty interest accrued and not yet paid."""
    return _of_loan(loan, AccountCode.LOAN_PENALTY)


def deposited(deposit: Deposit, day: date) -> NewTransaction:
    """The funder's money arrives in the platform's custody account."""
    return NewTransaction(
        id=derived_id("funder_deposit", deposit.funder_no, deposit.deposit_no),
        kind="funder_deposit",
        legs=(
            Leg(
                AccountRef(PLATFORM_BOOK, AccountCode.BANK_CUSTODY, "bank", deposit.currency),
                funder_available(deposit.funder_no, deposit.currency),
                deposit.amount,
            ),
            Leg(
                _of_funder(deposit.funder_no, AccountCode.FUNDER_CASH, deposit.currency),
                _of_funder(deposit.funder_no, AccountCode.FUNDER_CAPITAL, deposit.currency),
                deposit.amount,
            ),
        ),
        business_date=day,
        effective_at=deposit.deposited_at,
        reference=f"{deposit.funder_no}/{deposit.deposit_no}",
    )


def drawn(loan: Loan) -> NewTransaction:
    """The funder's money becomes the merchant's, and the funder's cash a loan."""
    return NewTransaction(
        id=derived_id("loan_draw", str(loan.id)),
        kind="loan_draw",
        legs=(
            Leg(
                funder_available(loan.funder_no, loan.currency),
                merchant_available(loan.merchant, loan.currency),
                loan.principal,
            ),
            Leg(
                principal_of(loan),
                _of_funder(loan.funder_no, AccountCode.FUNDER_CASH, loan.currency),
                loan.principal,
            ),
        ),
        business_date=loan.drawn_on,
        effective_at=loan.drawn_at,
        reference=show_id("loan", loan.id),
        memo=loan.loan_no,
    )


def accrued(loan: Loan, interest: DayInterest, now: datetime) -> NewTransaction:
    """A day's interest is owed to the funder and is its income. It belongs to that day, whenever it is posted."""
    kind = "penalty" if interest.is_penalty else "interest"
    income = AccountCode.PENALTY_INCOME if interest.is_penalty else AccountCode.INTEREST_INCOME
    return NewTransaction(
        id=derived_id(kind, str(loan.id), interest.day.isoformat()),
        kind=kind,
        legs=(
            Leg(
                penalty_of(loan) if interest.is_penalty else interest_of(loan),
                _of_funder(loan.funder_no, income, loan.currency),
                interest.amount,
            ),
        ),
        business_date=interest.day,
        effective_at=now,
        reference=show_id("loan", loan.id),
        memo=loan.loan_no,
    )


def repayment_transaction(repayment: UUID, loan: Loan) -> UUID:
    """The ledger transaction by which a repayment pays a loan: a settlement may pay several."""
    return derived_id("loan_repayment", str(repayment), str(loan.id))


def repaid(loan: Loan, paid: Debt, *, repayment: UUID, day: date, now: datetime) -> NewTransaction:
    """The merchant's money becomes the funder's again; its cash replaces penalty, interest and principal."""
    cash = _of_funder(loan.funder_no, AccountCode.FUNDER_CASH, loan.currency)
    parts = (
        (penalty_of(loan), paid.penalty),
        (interest_of(loan), paid.interest),
        (principal_of(loan), paid.principal),
    )
    return NewTransaction(
        id=repayment_transaction(repayment, loan),
        kind="loan_repayment",
        legs=(
            Leg(
                merchant_available(loan.merchant, loan.currency),
                funder_available(loan.funder_no, loan.currency),
                paid.total,
            ),
            *(Leg(cash, receivable, amount) for receivable, amount in parts if amount > 0),
        ),
        business_date=day,
        effective_at=now,
        reference=show_id("loan", loan.id),
        memo=loan.loan_no,
    )


def _of_loan(loan: Loan, code: AccountCode) -> AccountRef:
    return AccountRef(funder_book(loan.funder_no), code, str(loan.id), loan.currency)


def _of_funder(funder_no: str, code: AccountCode, currency: str) -> AccountRef:
    return AccountRef(funder_book(funder_no), code, funder_no, currency)
