"""Credit decisions as staff see them: the outcome, each reason with its fact, the facts."""

from datetime import date, datetime
from decimal import Decimal

import msgspec

from feiqian.credit import Decision
from feiqian.infra.database import Transaction
from feiqian.lending import debts
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
    """A credit decision that explains itself; minor units."""

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
