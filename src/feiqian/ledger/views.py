"""Entries as partners and staff are shown them."""

from datetime import date, datetime

import msgspec

from feiqian.kernel.ids import show_id
from feiqian.ledger.queries import StatementLine


class EntryView(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a statement; amounts in minor units, positive raises the balance."""

    sequence: int
    booked_at: datetime
    business_date: date
    kind: str
    amount: int
    balance: int
    """After this entry."""
    transaction_id: str
    reference: str
    memo: str


def show_entry(line: StatementLine) -> EntryView:
    """A line of a statement with its transaction's outside id."""
    return EntryView(
        sequence=line.sequence,
        booked_at=line.booked_at,
        business_date=line.business_date,
        kind=line.kind,
        amount=line.amount,
        balance=line.balance,
        transaction_id=show_id("transaction", line.transaction),
        reference=line.reference,
        memo=line.memo,
    )
