"""Interest by the day."""

from collections.abc import Sequence
from datetime import date, datetime

from feiqian.clearing import DayNotOver
from feiqian.infra.database import Transaction
from feiqian.kernel.calendar import end_of
from feiqian.ledger import balances, post_all
from feiqian.lending import postings, queries, store
from feiqian.lending.model import AccrualResult, Loan
from feiqian.lending.rules import accrue


async def accrue_day(tx: Transaction, *, now: datetime, day: date) -> AccrualResult:
    """Post the interest of a business date that is over, for every open loan; missed days before it are made up.

    Each day's interest carries that day as its business date. Again for the same day posts nothing and returns the
    same result. Loans whose principal stands at the close of their due date become overdue.

    Raises: clearing.DayNotOver.
    """
    if now < end_of(day):
        raise DayNotOver(day=day.isoformat())
    if await store.lock_open_loans(tx):
        await accrue_loans(tx, now=now, loans=await store.read_open_loans(tx), through=day)
    return await queries.accrued_on(tx, day=day)


async def accrue_loans(tx: Transaction, *, now: datetime, loans: Sequence[Loan], through: date) -> list[Loan]:
    """Bring loans, locked by the caller, to the close of ``through``; returns them as they are then.

    Whoever changes a loan's principal calls this first with the day before, so that the principal which the ledger
    shows now is what stood at the close of every day that is still to be accrued.
    """
    behind = [loan for loan in loans if loan.accrued_through is None or loan.accrued_through < through]
    principal = await balances(tx, refs=[postings.principal_of(loan) for loan in behind])
    accruals = {
        loan.id: accrue(loan, principal=principal[postings.principal_of(loan)], through=through)
        for loan in behind
    }
    transactions = [
        postings.accrued(accrual.loan, interest, now)
        for accrual in accruals.values()
        for interest in accrual.days
    ]
    if transactions:
        await post_all(tx, now=now, transactions=transactions)
    if accruals:
        await store.update_accruals(tx, [accrual.loan for accrual in accruals.values()])
    return [accruals[loan.id].loan if loan.id in accruals else loan for loan in loans]
