"""Transactions: what was posted."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from feiqian.infra.database import Transaction
from feiqian.ledger.model import PostedTransaction
from feiqian.ledger.store import read_posted


async def transactions(tx: Transaction, *, ids: Sequence[UUID]) -> list[PostedTransaction]:
    """Posted transactions by id, in order of booking."""
    return await read_posted(tx, ids)


async def count_transactions(tx: Transaction) -> int:
    """How many transactions have been posted."""
    return await tx.one(
        int, "SELECT count(*) FROM ledger.leg WHERE cell = %s AND number = 0 AND action IN (0, 2)", (tx.cell,)
    )


async def first_business_date(tx: Transaction) -> date | None:
    """The earliest date with a posting; None in an empty ledger."""
    return await tx.maybe(
        date,
        "SELECT business_date FROM ledger.leg WHERE cell = %s ORDER BY business_date LIMIT 1",
        (tx.cell,),
    )
