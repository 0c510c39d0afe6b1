"""Statements: the entries of one account."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from feiqian.infra.database import Transaction
from feiqian.ledger.model import AccountRef


class StatementLine(msgspec.Struct, frozen=True, kw_only=True):
    """An entry with what its transaction says; amounts in minor units, signed in the account's direction."""

    sequence: int
    booked_at: datetime
    business_date: date
    kind: str
    amount: int
    balance: int
    transaction: UUID
    reference: str
    memo: str


async def statement(
    tx: Transaction, *, ref: AccountRef, before: int | None = None, limit: int = 50
) -> list[StatementLine]:
    """Entries of an account, newest first, those with a sequence below ``before``."""
    return await tx.all(
        StatementLine,
        "SELECT sequence, booked_at, business_date, kind, amount, balance, transaction, reference, memo"
        " FROM ledger.entry WHERE cell = %s AND account = %s AND sequence < %s ORDER BY sequence DESC LIMIT %s",
        (tx.cell, ref.id, 2**62 if before is None else before, limit),
    )


async def closing_balances(tx: Transaction, *, ref: AccountRef, first: date, last: date) -> dict[date, int]:
    """One account's balance at the end of each date on which it moved."""
    rows = await tx.connection.execute(
        "SELECT DISTINCT ON (business_date) business_date, balance FROM ledger.entry"
        " WHERE cell = %s AND account = %s AND business_date BETWEEN %s AND %s"
        " ORDER BY business_date, sequence DESC",
        (tx.cell, ref.id, first, last),
    )
    return dict(await rows.fetchall())
