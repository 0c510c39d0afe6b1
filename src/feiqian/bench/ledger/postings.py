"""What the bench posts."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from feiqian.kernel.calendar import business_date
from feiqian.ledger import AccountRef, Action, Leg, NewTransaction


def funding(
    id: UUID, source: AccountRef, account: AccountRef, amount: int, *, now: datetime
) -> NewTransaction:
    """What an account with a limit is given before the clock runs."""
    return NewTransaction(
        id=id,
        kind="funding",
        legs=(Leg(source, account, amount),),
        business_date=business_date(now),
        effective_at=now,
    )


def payment(
    id: UUID,
    debit: AccountRef,
    credit: AccountRef,
    amount: int,
    *,
    now: datetime,
    reference: str,
    metadata: Mapping[str, object] | None,
) -> NewTransaction:
    """One leg, posted at once."""
    return NewTransaction(
        id=id,
        kind="payment",
        legs=(Leg(debit, credit, amount),),
        business_date=business_date(now),
        effective_at=now,
        reference=reference,
        metadata=metadata,
    )


def hold(id: UUID, debit: AccountRef, credit: AccountRef, amount: int, *, now: datetime) -> NewTransaction:
    """One leg, reserved."""
    return NewTransaction(
        id=id,
        kind="hold",
        legs=(Leg(debit, credit, amount),),
        business_date=business_date(now),
        effective_at=now,
        action=Action.HOLD,
    )


def capture(id: UUID, hold: UUID, *, now: datetime) -> NewTransaction:
    """All of a hold."""
    return NewTransaction(
        id=id,
        kind="capture",
        business_date=business_date(now),
        effective_at=now,
        action=Action.CAPTURE,
        hold=hold,
    )
