"""Interest by the day, order of repayment, available credit. Pure.

A day's interest stands on the principal at the close of that day. So the day of drawing bears interest and the day of
repayment does not, as banks count (算头不算尾); a loan drawn and repaid on one day bears none. From the due date on,
principal bears the penalty rate *in place of* the annual rate (银发〔2003〕251号: from the day it is overdue until
it is paid, at 130 % to 150 % of the contract's rate). Interest and penalty interest bear no interest themselves.

Interest is exact: whole numerators over (days of the year x 10^8) are added up, and what is posted for a day is the
rounded total so far less what was posted before. The sum posted is therefore never half a fen away from the exact one.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import msgspec

from feiqian.kernel.errors import InvalidRequest
from feiqian.kernel.money import Rounding, to_minor
from feiqian.lending.model import DayCount, Debt, Loan, LoanState, Product

RATE_SCALE = 10**8
"""Rates have at most eight decimal places."""


class DayInterest(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be posted for one loan and day; minor units above zero."""

    day: date
    amount: int
    is_penalty: bool


class Accrual(msgspec.Struct, frozen=True, kw_only=True):
    """A loan after some days of interest, and what each of them posts."""

    loan: Loan
    days: tuple[DayInterest, ...]


def accrue(loan: Loan, *, principal: int, through: date) -> Accrual:
    """Add the interest of every day after the last accrued one (or from the draw) through ``through``.

    ``principal`` is what stood at the close of each of these days. A loan that is accrued that far stays as it is.
    """
    interest, penalty = int(loan.interest_numerator), int(loan.penalty_numerator)
    denominator = denominator_of(loan.day_count)
    posted: list[DayInterest] = []
    state, accrued_through = loan.state, loan.accrued_through
    for day in _days_after(loan, through):
        overdue = day >= loan.due_on
        before = penalty if overdue else interest
        after = before + principal * rate_units(loan.penalty_rate if overdue else loan.annual_rate)
        if overdue:
            penalty, state = after, LoanState.OVERDUE
        else:
            interest = after
        amount = round_half_up(after, denominator) - round_half_up(before, denominator)
        if amount > 0:
            posted.append(DayInterest(day=day, amount=amount, is_penalty=overdue))
        accrued_through = day
    return Accrual(
        loan=msgspec.structs.replace(
            loan,
            state=state,
            accrued_through=accrued_through,
            interest_numerator=Decimal(interest),
            penalty_numerator=Decimal(penalty),
        ),
        days=tuple(posted),
    )


def _days_after(loan: Loan, through: date) -> Iterator[date]:
    day = loan.drawn_on if loan.accrued_through is None else loan.accrued_through + timedelta(days=1)
    while day <= through:
        yield day
        day += timedelta(days=1)


def denominator_of(day_count: DayCount) -> int:
    """What an interest numerator is divided by to be fen."""
    return day_count.days * RATE_SCALE


def rate_units(rate: Decimal) -> int:
    """A rate as a whole number of 10^-8."""
    return int(rate * RATE_SCALE)


def round_half_up(numerator: int, denominator: int) -> int:
    """The nearest whole number to a fraction that is not negative; a half goes up (四舍五入)."""
    return (2 * numerator + denominator) // (2 * denominator)


def allocate(amount: int, owed: Debt) -> Debt:
    """Divide a repayment: penalty interest first, then interest, then principal; never more than is owed."""
    penalty = min(amount, owed.penalty)
    interest = min(amount - penalty, owed.interest)
    principal = min(amount - penalty - interest, owed.principal)
    return Debt(penalty=penalty, interest=interest, principal=principal)


def share_of(settled: int, share: Decimal) -> int:
    """The part of a settlement that repays, floor."""
    return to_minor(settled * share, Rounding.FLOOR)


def check_product(product: Product) -> Product:
    """Return terms that may be published.

    Raises: InvalidRequest naming the field.
    """
    for field, rate in (
        ("annual_rate", product.annual_rate),
        ("penalty_rate", product.penalty_rate),
        ("repayment_share", product.repayment_share),
    ):
        if not 0 < rate <= 1 or rate * RATE_SCALE != rate_units(rate):
            raise InvalidRequest(
                field=field, reason="must be above 0, at most 1, with at most eight decimal places"
            )
    if product.penalty_rate < product.annual_rate:
        raise InvalidRequest(field="penalty_rate", reason="must not be below annual_rate, which it replaces")
    if product.term_days < 1:
        raise InvalidRequest(field="term_days", reason="must be at least 1")
    if product.amount_min < 1:
        raise InvalidRequest(field="amount_min", reason="must be at least 1 fen")
    return product
