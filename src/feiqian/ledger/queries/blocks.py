"""The chain of a book's sealed blocks."""

from feiqian.infra.database import Transaction
from feiqian.ledger.seals.model import Block
from feiqian.ledger.seals.store import BLOCK


async def blocks(tx: Transaction, *, book: str, before: int | None = None, limit: int = 50) -> list[Block]:
    """Headers of a book's blocks, newest first, those with a number below ``before``."""
    return await tx.all(
        Block,
        BLOCK + " WHERE cell = %s AND book = %s AND (%s::bigint IS NULL OR number < %s)"
        " ORDER BY number DESC LIMIT %s",
        (tx.cell, book, before, before, limit),
    )
