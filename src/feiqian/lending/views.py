"""Loans and credit decisions as partners and staff are shown them: outside ids, exact rates as text."""

from datetime import date, datetime
from decimal import Decimal

import msgspec

from feiqian.credit import Decision
from feiqian.infra.database import Transaction
from feiqian.kernel.ids import show_id
from feiqian.lending.model import LoanState
from feiqian.lending.queries import LoanPosition, debts
from feiqian.members import read_merchants


class ReasonView(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule made of one fact."""

    code: str
    english: str
    chinese: str
    passed: bool
    fact: str
    value: Decimal | None
    """None when the fact is missing."""
    threshold: Decimal


class DecisionView(msgspec.Struct, frozen=True, kw_only=True):
    """A credit decision that explains itself; amounts in minor units."""

    merchant_no: str
    outcome: str
    """approved, declined or referred."""
    limit: int
    available: int
    """The limit less the principal that is owed, while the line is in force."""
    reasons: list[ReasonView]
    facts: dict[str, str | int | None]
    decided_at: datetime
    valid_until: datetime | None
    """None unless approved."""
    rules_version: int


class LoanView(msgspec.Struct, frozen=True, kw_only=True):
    """A loan; amounts in minor units, read from the ledger."""

    id: str
    loan_no: str
    merchant_no: str
    merchant_name: str
    funder: str
    """The funder's number."""
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
    annual_rate: str
    """A part of one: 0.1095 is 10.95 % a year, ACT/365."""
    penalty_rate: str
    repayment_share: str
    """Of each settlement, while anything is owed."""
    drawn_on: date
    due_on: date
    drawn_at: datetime
    repaid_on: date | None


async def show_decision(tx: Transaction, decision: Decision, *, now: datetime) -> DecisionView:
    """A decision, and what is left of its line now."""
    (merchant,) = await read_merchants(tx, [decision.merchant])
    owed = (await debts(tx, merchants=[merchant.id]))[merchant.id].principal
    return DecisionView(
        merchant_no=merchant.merchant_no,
        outcome=decision.outcome.value,
        limit=decision.limit,
        available=max(decision.limit - owed, 0) if decision.in_force(now) else 0,
        reasons=[ReasonView(**msgspec.structs.asdict(reason)) for reason in decision.reasons],
        facts={
            name: str(value) if isinstance(value, Decimal | date) else value
            for name, value in msgspec.structs.asdict(decision.facts).items()
        },
        decided_at=decision.decided_at,
        valid_until=decision.valid_until,
        rules_version=decision.rules_version,
    )


def show_loan(loan: LoanPosition) -> LoanView:
    """A loan with outside ids and exact rates."""
    facts = msgspec.structs.asdict(loan)
    shown = {field: facts[field] for field in LoanView.__struct_fields__}
    rates = {field: str(facts[field]) for field in ("annual_rate", "penalty_rate", "repayment_share")}
    return LoanView(**{**shown, **rates, "id": show_id("loan", loan.id)})
