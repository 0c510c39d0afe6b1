"""Accounts: what they are and what they have now."""

from collections.abc import Sequence
from uuid import UUID

from feiqian.infra.database import Transaction
from feiqian.ledger.model import Account, AccountRef
from feiqian.ledger.store import ACCOUNT, read_accounts


async def balances(tx: Transaction, *, refs: Sequence[AccountRef]) -> dict[AccountRef, int]:
    """Current balances in each account's own direction; accounts never used are zero."""
    rows = await tx.all(
        Account, ACCOUNT + " WHERE cell = %s AND id = ANY(%s)", (tx.cell, [ref.id for ref in refs])
    )
    found = {row.ref: row.balance for row in rows}
    return {ref: found.get(ref, 0) for ref in refs}


async def accounts_named(tx: Transaction, *, ids: Sequence[UUID]) -> dict[UUID, Account]:
    """Accounts by id: who they belong to."""
    return {row.id: row for row in await read_accounts(tx, ids)}
