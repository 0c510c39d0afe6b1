"""Statements: the entries of one account.

A page is merged from the two indexes of an account's sequence, as debited and as credited: it costs what it shows, however
long the account's history.
"""

from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from feiqian.infra.database import Transaction
from feiqian.ledger.model import AccountRef, Action
from feiqian.ledger.queries.accounts import account_by_id
from feiqian.ledger.queries.conditions import and_given
from feiqian.ledger.queries.moments import check_aware, places


class StatementLine(msgspec.Struct, frozen=True, kw_only=True):
    """An entry with what its transaction says; amounts in minor units, signed in the account's direction."""

    sequence: int
    booked_at: datetime
    business_date: date
    effective_at: datetime
    kind: str
    action: Action
    is_debit: bool
    amount: int
    """0 for what moves no posted counter: holds, releases, expiries."""
    balance: int
    held: int
    """What it added to the held counter of its side; below zero when it let go."""
    transaction: UUID
    reference: str
    memo: str
    reverses: UUID | None
    hold: UUID | None
    other: UUID
    """The account on the other side."""
    other_code: str
    other_owner: str


class EntryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries of an account are asked for; what is None does not matter."""

    since: datetime | None = None
    """Booked then or later."""
    until: datetime | None = None
    """Booked before."""
    first: date | None = None
    """Of this business date or a later one."""
    last: date | None = None
    """Of this business date or an earlier one."""
    kind: str | None = None
    amount_min: int | None = None
    """Smallest amount, without regard to its sign."""
    amount_max: int | None = None
    moved: bool | None = None
    """True: only what moved the balance; False: only holds and their releases."""


_LINE = (
    "SELECT e.sequence, e.booked_at, e.business_date, e.effective_at, e.kind, e.action, e.is_debit, e.amount, e.balance,"
    " e.held, e.transaction, e.reference, e.memo, e.reverses, e.hold, e.other, a.code AS other_code, a.owner AS other_owner"
)


async def statement(
    tx: Transaction,
    *,
    ref: AccountRef | UUID,
    before: int | None = None,
    limit: int = 50,
    only: EntryFilter | None = None,
) -> list[StatementLine]:
    """Entries of an account, newest first, those with a sequence below ``before``; none of an account never used."""
    account = ref if isinstance(ref, UUID) else ref.id
    conditions, values = await _conditions(tx, account, only or EntryFilter(), before=before)
    return await tx.all(
        StatementLine,
        _LINE
        + " FROM (SELECT * FROM ledger.entry WHERE cell = %s AND account = %s"
        + conditions
        + " ORDER BY sequence DESC LIMIT %s) e JOIN ledger.account a ON a.cell = e.cell AND a.id = e.other"
        " ORDER BY e.sequence DESC",
        (tx.cell, account, *values, limit),
    )


async def statement_lines(
    tx: Transaction, *, account: UUID, only: EntryFilter | None = None, chunk: int = 2_000
) -> AsyncIterator[list[StatementLine]]:
    """Entries of an account, oldest first, in lists of at most ``chunk``, up to its newest entry at the start.

    Raises: NotFound.
    """
    newest = (await account_by_id(tx, id=account)).sequence
    conditions, values = await _conditions(tx, account, only or EntryFilter())
    sql: LiteralString = (
        _LINE
        + " FROM (SELECT * FROM ledger.entry WHERE cell = %s AND account = %s"
        + conditions
        + " AND sequence > %s AND sequence <= %s ORDER BY sequence LIMIT %s) e"
        " JOIN ledger.account a ON a.cell = e.cell AND a.id = e.other ORDER BY e.sequence"
    )
    last = 0
    while True:
        lines = await tx.all(StatementLine, sql, (tx.cell, account, *values, last, newest, chunk))
        if lines:
            last = lines[-1].sequence
            yield lines
        if len(lines) < chunk:
            return


async def _conditions(
    tx: Transaction, account: UUID, only: EntryFilter, *, before: int | None = None
) -> tuple[LiteralString, list[Any]]:
    """Of ledger.entry. Booking times become places in the account's sequence, which its indexes are ordered by."""
    moments = [check_aware(moment) for moment in (only.since, only.until) if moment is not None]
    found = await places(tx, asked=[(account, moment) for moment in moments]) if moments else []
    place = {row.moment: row.sequence for row in found}
    return and_given(
        [
            ("sequence < %s", before),
            ("sequence > %s", None if only.since is None else place.get(only.since, 0)),
            ("sequence <= %s", None if only.until is None else place.get(only.until, 0)),
            ("business_date >= %s", only.first),
            ("business_date <= %s", only.last),
            ("kind = %s", only.kind),
            ("abs(amount) >= %s", only.amount_min),
            ("abs(amount) <= %s", only.amount_max),
            ("(action IN (0, 2)) = %s", only.moved),
        ]
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
