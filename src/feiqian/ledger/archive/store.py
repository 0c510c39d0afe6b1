"""SQL of the archive. What deletes runs as the owner of the schema: the application cannot delete history."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import LiteralString
from uuid import UUID

from feiqian.infra.database import Transaction
from feiqian.ledger.archive.model import ArchivedBlock, ArchivedTransaction, MarkedHead
from feiqian.ledger.seals.model import Block
from feiqian.ledger.seals.store import BLOCK

_POSTED: LiteralString = "action IN (0, 2)"


async def read_archivable(tx: Transaction, *, end: datetime) -> list[Block]:
    """Blocks that have entries booked before ``end`` and are not archived, by book and number."""
    return await tx.all(
        Block,
        BLOCK + " b WHERE cell = %s AND first_at < %s AND NOT EXISTS (SELECT FROM ledger.archive a"
        " WHERE a.cell = b.cell AND a.book = b.book AND a.block = b.number) ORDER BY book, number",
        (tx.cell, end),
    )


async def read_follower(tx: Transaction, *, book: str, number: int, end: datetime) -> int | None:
    """A block before this one that is of a later time and not archived."""
    return await tx.maybe(
        int,
        "SELECT number FROM ledger.block b WHERE cell = %s AND book = %s AND number < %s AND last_at >= %s"
        " AND NOT EXISTS (SELECT FROM ledger.archive a WHERE a.cell = b.cell AND a.book = b.book AND a.block = b.number)"
        " ORDER BY number LIMIT 1",
        (tx.cell, book, number, end),
    )


async def read_marked_heads(tx: Transaction, *, book: str, first: int, last: int) -> list[MarkedHead]:
    """The accounts' rows of blocks, by block, account and sequence."""
    return await tx.all(
        MarkedHead,
        "SELECT block, account, first, last, debits, credits, held_debits, held_credits, booked_at, digest, marks"
        " FROM ledger.block_account WHERE cell = %s AND book = %s AND block BETWEEN %s AND %s"
        " ORDER BY block, account, last",
        (tx.cell, book, first, last),
    )


async def read_archive(tx: Transaction) -> list[ArchivedBlock]:
    """What is archived, by file and block."""
    return await tx.all(
        ArchivedBlock,
        "SELECT book, block, month, legs, file FROM ledger.archive WHERE cell = %s ORDER BY file, block",
        (tx.cell,),
    )


async def read_archived(tx: Transaction, ids: Sequence[UUID]) -> list[ArchivedTransaction]:
    """Those of the ids that are archived."""
    return await tx.all(
        ArchivedTransaction,
        "SELECT id, content FROM ledger.archived_transaction WHERE cell = %s AND id = ANY(%s)",
        (tx.cell, list(ids)),
    )


async def read_ids(tx: Transaction, *, book: str, block: int) -> list[UUID]:
    """The transactions of a block's legs."""
    return await tx.all(
        UUID,
        "SELECT DISTINCT l.transaction FROM ledger.block_account h JOIN ledger.leg l ON l.cell = h.cell"
        " AND l.debit = h.account AND l.debit_sequence BETWEEN h.first AND h.last"
        " WHERE h.cell = %s AND h.book = %s AND h.block = %s",
        (tx.cell, book, block),
    )


async def write_transactions(
    tx: Transaction, *, month: date, ids: Sequence[UUID], contents: Sequence[bytes]
) -> None:
    """Keep these ids taken, with what was posted under them."""
    await tx.execute(
        "INSERT INTO ledger.archived_transaction (cell, id, month, content)"
        " SELECT %s, t.id, %s, t.content FROM unnest(%s::uuid[], %s::bytea[]) AS t (id, content) ON CONFLICT DO NOTHING",
        (tx.cell, month, list(ids), list(contents)),
    )


async def write_archived(tx: Transaction, *, archived: ArchivedBlock, now: datetime) -> None:
    """That a block's legs are in a file."""
    await tx.execute(
        "INSERT INTO ledger.archive (cell, book, block, month, archived_at, legs, file) VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (tx.cell, archived.book, archived.block, archived.month, now, archived.legs, archived.file),
    )


async def move_openings(tx: Transaction, *, book: str, block: int) -> None:
    """Let the history of the block's accounts begin with the counters after it."""
    await tx.execute(
        "INSERT INTO ledger.opening AS o"
        " (cell, account, sequence, debits, credits, held_debits, held_credits, booked_at)"
        " SELECT DISTINCT ON (account) cell, account, last, debits, credits, held_debits, held_credits, booked_at"
        " FROM ledger.block_account WHERE cell = %s AND book = %s AND block = %s ORDER BY account, last DESC"
        " ON CONFLICT (cell, account) DO UPDATE SET sequence = excluded.sequence, debits = excluded.debits,"
        " credits = excluded.credits, held_debits = excluded.held_debits, held_credits = excluded.held_credits,"
        " booked_at = excluded.booked_at",
        (tx.cell, book, block),
    )


async def delete_legs(tx: Transaction, *, book: str, block: int) -> int:
    """Delete a block's legs, keeping what they summed to by date and what they did to holds; returns how many these were."""
    return await tx.one(
        int,
        "WITH gone AS ("
        " DELETE FROM ledger.leg l USING ledger.block_account h WHERE h.cell = %s AND h.book = %s AND h.block = %s"
        "  AND l.cell = h.cell AND l.debit = h.account AND l.debit_sequence BETWEEN h.first AND h.last RETURNING l.*"
        "), totals AS ("
        " INSERT INTO ledger.archived_total AS t (cell, account, business_date, kind, debits, credits, transactions)"
        "  SELECT cell, account, business_date, kind, sum(debits), sum(credits), count(DISTINCT transaction) FROM ("
        "   SELECT cell, debit AS account, business_date, kind, amount AS debits, 0 AS credits, transaction FROM gone"
        "    WHERE " + _POSTED + " UNION ALL"
        "   SELECT cell, credit, business_date, kind, 0, amount, transaction FROM gone WHERE "
        + _POSTED
        + ") side"
        "  GROUP BY cell, account, business_date, kind"
        "  ON CONFLICT (cell, account, business_date, kind) DO UPDATE SET debits = t.debits + excluded.debits,"
        "   credits = t.credits + excluded.credits, transactions = t.transactions + excluded.transactions"
        "), holds AS ("
        " INSERT INTO ledger.archived_hold AS t (cell, id, amount, captured, released)"
        "  SELECT cell, coalesce(hold, transaction), coalesce(sum(amount) FILTER (WHERE action = 1), 0),"
        "   coalesce(sum(amount) FILTER (WHERE action = 2), 0), coalesce(sum(amount) FILTER (WHERE action IN (3, 4)), 0)"
        "  FROM gone WHERE action <> 0 GROUP BY cell, coalesce(hold, transaction)"
        "  ON CONFLICT (cell, id) DO UPDATE SET amount = t.amount + excluded.amount,"
        "   captured = t.captured + excluded.captured, released = t.released + excluded.released"
        ") SELECT count(*) FROM gone",
        (tx.cell, book, block),
    )
