"""Transactions: what was posted, by id or by what is known about it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from feiqian.infra.database import Jsonb, Transaction
from feiqian.kernel.errors import NotFound
from feiqian.kernel.ids import show_id
from feiqian.ledger.model import Action, PostedTransaction
from feiqian.ledger.queries.conditions import and_given
from feiqian.ledger.queries.moved import OF_THE_HOUSE
from feiqian.ledger.store import read_posted

TransactionKey = tuple[date, UUID]
"""(business date, id): the order of lists of transactions, and their cursor."""


class TransactionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which transactions are asked for; what is None does not matter."""

    reference: str | None = None
    kind: str | None = None
    metadata: Mapping[str, Any] | None = None
    """What its metadata must contain, at any depth given."""
    first: date | None = None
    """Of this business date or a later one."""
    last: date | None = None
    """Of this business date or an earlier one."""
    reverses: UUID | None = None
    book_prefix: str | None = None
    """How the name of its book begins."""
    action: Action | None = None


async def transactions(tx: Transaction, *, ids: Sequence[UUID]) -> list[PostedTransaction]:
    """Posted transactions by id, in order of booking."""
    return await read_posted(tx, ids)


async def transaction_by_id(tx: Transaction, *, id: UUID) -> PostedTransaction:
    """One transaction.

    Raises: NotFound.
    """
    rows = await read_posted(tx, [id])
    if not rows:
        raise NotFound(what="transaction", name=show_id("transaction", id))
    return rows[0]


async def find_transactions(
    tx: Transaction,
    *,
    only: TransactionFilter | None = None,
    before: TransactionKey | None = None,
    limit: int = 50,
) -> list[PostedTransaction]:
    """Transactions, newest business date first and then by id, those behind ``before``.

    A page by reference, metadata or what is reversed is read from an index of that; any other from the index of dates,
    where it costs the sorting of the dates it touches.
    """
    asked = only or TransactionFilter()
    conditions, values = and_given(
        [
            ("reference = %s", asked.reference or None),
            ("kind = %s", asked.kind),
            ("metadata @> %s", None if asked.metadata is None else Jsonb(asked.metadata)),
            ("business_date >= %s", asked.first),
            ("business_date <= %s", asked.last),
            ("reverses = %s", asked.reverses),
            (_IN_BOOKS, asked.book_prefix),
            ("action = %s", None if asked.action is None else int(asked.action)),
            ("(business_date, transaction) < (%s, %s)", before),
        ]
    )
    ids = await tx.all(
        UUID,
        "SELECT transaction FROM ledger.leg WHERE cell = %s AND number = 0"
        + conditions
        + " ORDER BY business_date DESC, transaction DESC LIMIT %s",
        (tx.cell, *values, limit),
    )
    found = {row.id: row for row in await read_posted(tx, ids)}
    return [found[id] for id in ids]


_IN_BOOKS: LiteralString = (
    "EXISTS (SELECT FROM ledger.account a"
    " WHERE a.cell = leg.cell AND a.id = leg.debit AND starts_with(a.book, %s))"
)


async def count_transactions(tx: Transaction) -> int:
    """How many transactions have been posted."""
    return await tx.one(
        int, "SELECT count(*) FROM ledger.leg WHERE cell = %s AND number = 0 AND action IN (0, 2)", (tx.cell,)
    )


async def first_business_date(tx: Transaction) -> date | None:
    """The earliest date with a posting in a book of the house; None before the first.

    Read from the index of dates, past every earlier leg of platforms' own books.
    """
    return await tx.maybe(
        date,
        "SELECT l.business_date FROM ledger.leg l JOIN ledger.account a ON a.cell = l.cell AND a.id = l.debit"
        " WHERE l.cell = %s AND" + OF_THE_HOUSE + " ORDER BY l.business_date LIMIT 1",
        (tx.cell,),
    )
