"""SQL of the ledger's writes. Each statement takes a whole batch."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from feiqian.infra.database import Transaction
from feiqian.ledger.model import Account, AccountRef, Entry, NewTransaction, PostedTransaction
from feiqian.ledger.rules import Position


async def lock_accounts(tx: Transaction, ids: Sequence[UUID]) -> int:
    """Take the batch's whole fence in one sorted statement; returns how many of the accounts exist."""
    return await tx.execute(
        "SELECT id FROM ledger.account WHERE cell = %s AND id = ANY(%s) ORDER BY id FOR UPDATE",
        (tx.cell, sorted(ids)),
    )


async def read_accounts(tx: Transaction, ids: Sequence[UUID]) -> list[Account]:
    """The accounts as they are now. A statement of its own: one that waited for locks reads an old snapshot."""
    return await tx.all(
        Account,
        "SELECT id, book, code, owner, currency, debits, credits, sequence FROM ledger.account"
        " WHERE cell = %s AND id = ANY(%s)",
        (tx.cell, list(ids)),
    )


async def open_accounts(tx: Transaction, refs: Iterable[AccountRef], now: datetime) -> None:
    """Open those that do not exist, in sorted order so that two openers never wait for each other crosswise."""
    rows = sorted(refs, key=lambda ref: ref.id)
    await tx.execute(
        "INSERT INTO ledger.account (cell, id, book, code, owner, currency, opened_at)"
        " SELECT %s, a.id, a.book, a.code, a.owner, a.currency, %s"
        " FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[])"
        " AS a (id, book, code, owner, currency) ON CONFLICT DO NOTHING",
        (
            tx.cell,
            now,
            [row.id for row in rows],
            [row.book for row in rows],
            [row.code.value for row in rows],
            [row.owner for row in rows],
            [row.currency for row in rows],
        ),
    )


async def read_transactions(tx: Transaction, ids: Sequence[UUID]) -> list[PostedTransaction]:
    """Those of the ids that are posted."""
    return await tx.all(
        PostedTransaction,
        "SELECT id, kind, business_date, effective_at, booked_at, reference, memo, reverses, debits, credits, amounts"
        " FROM ledger.transaction WHERE cell = %s AND id = ANY(%s)",
        (tx.cell, list(ids)),
    )


async def write(
    tx: Transaction,
    transactions: Sequence[NewTransaction],
    entries: Sequence[Entry],
    positions: Sequence[Position],
    now: datetime,
) -> None:
    """The batch's rows and its accounts' counters, in one round trip."""
    async with tx.connection.pipeline():
        for transaction in transactions:
            await tx.execute(
                "INSERT INTO ledger.transaction (cell, id, kind, business_date, effective_at, booked_at, reference,"
                " memo, reverses, debits, credits, amounts)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                (
                    tx.cell,
                    transaction.id,
                    transaction.kind,
                    transaction.business_date,
                    transaction.effective_at,
                    now,
                    transaction.reference,
                    transaction.memo,
                    transaction.reverses,
                    [leg.debit.id for leg in transaction.legs],
                    [leg.credit.id for leg in transaction.legs],
                    [leg.amount for leg in transaction.legs],
                ),
            )
        await tx.execute(
            "INSERT INTO ledger.entry (cell, account, sequence, transaction, amount, balance, business_date)"
            " SELECT %s, e.account, e.sequence, e.transaction, e.amount, e.balance, e.business_date"
            " FROM unnest(%s::uuid[], %s::bigint[], %s::uuid[], %s::bigint[], %s::bigint[], %s::date[])"
            " AS e (account, sequence, transaction, amount, balance, business_date)",
            (
                tx.cell,
                [entry.account for entry in entries],
                [entry.sequence for entry in entries],
                [entry.transaction for entry in entries],
                [entry.amount for entry in entries],
                [entry.balance for entry in entries],
                [entry.business_date for entry in entries],
            ),
        )
        await tx.execute(
            "UPDATE ledger.account AS a SET debits = n.debits, credits = n.credits, sequence = n.sequence"
            " FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::bigint[]) AS n (id, debits, credits, sequence)"
            " WHERE a.cell = %s AND a.id = n.id",
            (
                [position.ref.id for position in positions],
                [position.debits for position in positions],
                [position.credits for position in positions],
                [position.sequence for position in positions],
                tx.cell,
            ),
        )
