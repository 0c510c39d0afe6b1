"""SQL of the seals."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from feiqian.infra.arrays import bigint_array, uuid_array
from feiqian.infra.database import Transaction
from feiqian.ledger.seals.model import AccountName, Block, Head, SealedLeg, SealState, Unsealed

LEG_HASH: LiteralString = (
    "sha256(record_send(ROW(l.cell, l.transaction, l.number, l.action, l.debit, l.credit, l.amount, l.debit_sequence,"
    " l.credit_sequence, l.debit_balance, l.credit_balance, l.debit_sign, l.credit_sign, l.effective_at, l.booked_at,"
    " l.business_date, l.kind, l.reference, l.memo, l.reverses, l.hold, l.metadata::text)))"
)
"""Of a row ``l`` of ledger.leg; ``encoding.leg_hash`` is the same in Python."""
LEG_COLUMNS: LiteralString = (
    "l.cell, l.transaction, l.number, l.action, l.debit, l.credit, l.amount, l.debit_sequence, l.credit_sequence,"
    " l.debit_balance, l.credit_balance, l.debit_sign, l.credit_sign, l.effective_at, l.booked_at, l.business_date,"
    " l.kind, l.reference, l.memo, l.reverses, l.hold, l.metadata::text AS metadata"
)
"""Of a row ``l`` of ledger.leg as a ``SealedLeg``."""
HEAD_HASH: LiteralString = (
    "sha256(record_send(ROW(h.account, h.first, h.last, h.debits, h.credits, h.held_debits, h.held_credits, h.booked_at,"
    " h.digest)))"
)
BLOCK_ROOT: LiteralString = (
    "sha256(record_send(ROW(b.cell, b.book, b.number, b.sealed_at, b.first_at, b.last_at, b.legs, b.accounts,"
    " b.previous, b.content)))"
)
BLOCK: LiteralString = (
    "SELECT book, number, sealed_at, first_at, last_at, legs, accounts, previous, content, root"
    " FROM ledger.block"
)
_NEWEST_HEAD: LiteralString = (
    "LEFT JOIN LATERAL (SELECT * FROM ledger.block_account WHERE cell = a.cell AND account = a.id"
    " ORDER BY last DESC LIMIT 1) h ON true"
)


async def begin_snapshot(tx: Transaction) -> None:
    """One moment for every statement of this transaction; must be its first."""
    await tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


async def read_unsealed(tx: Transaction, book: str | None) -> list[Unsealed]:
    """Accounts of a book, or of every book, that have moved since they were last sealed."""
    return await tx.all(
        Unsealed,
        "SELECT a.book, a.id AS account, coalesce(h.last, 0) AS sealed, coalesce(h.debits, 0) AS debits,"
        " coalesce(h.credits, 0) AS credits, coalesce(h.held_debits, 0) AS held_debits,"
        " coalesce(h.held_credits, 0) AS held_credits, a.sequence, coalesce(f.booked_at, a.booked_at) AS first_at,"
        " a.booked_at AS last_at"
        " FROM ledger.account a "
        + _NEWEST_HEAD
        + " LEFT JOIN LATERAL (SELECT booked_at FROM ledger.entry WHERE cell = a.cell AND account = a.id"
        "  AND sequence = coalesce(h.last, 0) + 1) f ON true"
        " WHERE a.cell = %s AND (%s::text IS NULL OR a.book = %s) AND a.sequence > coalesce(h.last, 0)"
        " ORDER BY a.book, a.id",
        (tx.cell, book, book),
    )


async def booked_at(tx: Transaction, *, account: Unsealed, sequence: int) -> datetime:
    """When an entry was booked; of the account's newest where that one is missing."""
    found = await tx.maybe(
        datetime,
        "SELECT booked_at FROM ledger.entry WHERE cell = %s AND account = %s AND sequence = %s",
        (tx.cell, account.account, sequence),
    )
    return found or account.last_at


async def read_prefixes(tx: Transaction, accounts: Sequence[Unsealed], through: datetime) -> list[int]:
    """For each account the sequence of its newest entry that was booked by then.

    Booking times never run backwards in an account, so what was booked by then is a prefix of its entries.
    """
    rows = await tx.tuples(
        "SELECT coalesce(least("
        "  (SELECT debit_sequence FROM ledger.leg WHERE cell = %s AND debit = r.id AND debit_sequence > r.sealed"
        "   AND booked_at > %s ORDER BY debit_sequence LIMIT 1),"
        "  (SELECT credit_sequence FROM ledger.leg WHERE cell = %s AND credit = r.id AND credit_sequence > r.sealed"
        "   AND booked_at > %s ORDER BY credit_sequence LIMIT 1)) - 1, r.sequence)"
        " FROM unnest(%s, %s, %s) WITH ORDINALITY AS r (id, sealed, sequence, place) ORDER BY r.place",
        (
            tx.cell,
            through,
            tx.cell,
            through,
            uuid_array([row.account.bytes for row in accounts]),
            bigint_array([row.sealed for row in accounts]),
            bigint_array([row.sequence for row in accounts]),
        ),
    )
    return [last for (last,) in rows]


async def newest_block(tx: Transaction, book: str) -> Block | None:
    """The head of a book's chain."""
    return await tx.maybe(
        Block, BLOCK + " WHERE cell = %s AND book = %s ORDER BY number DESC LIMIT 1", (tx.cell, book)
    )


async def write_heads(
    tx: Transaction, *, book: str, number: int, ranges: Sequence[tuple[Unsealed, int, int]]
) -> None:
    """Hash and sum the entries first … last of each account. The ranges of one account follow each other."""
    await tx.execute(
        "INSERT INTO ledger.block_account (cell, account, last, first, block, debits, credits, held_debits, held_credits,"
        "  booked_at, book, digest, marks)"
        " SELECT %s, r.account, r.last, r.first, %s, (r.debits + sum(d.amount) OVER w)::bigint,"
        "  (r.credits + sum(c.amount) OVER w)::bigint, (r.held_debits + sum(d.held) OVER w)::bigint,"
        "  (r.held_credits + sum(c.held) OVER w)::bigint, coalesce(greatest(d.booked_at, c.booked_at), r.booked_at), %s,"
        "  sha256(d.hashes), d.marks"
        " FROM unnest(%s, %s, %s, %s, %s, %s, %s, %s::timestamptz[])"
        "  AS r (account, first, last, debits, credits, held_debits, held_credits, booked_at)"
        " CROSS JOIN LATERAL ("
        "  SELECT coalesce(sum(amount) FILTER (WHERE action IN (0, 2)), 0) AS amount,"
        "   coalesce(sum(CASE action WHEN 0 THEN 0 WHEN 1 THEN amount ELSE -amount END), 0) AS held,"
        "   max(booked_at) AS booked_at, coalesce(string_agg(hash, '' ORDER BY debit_sequence), '') AS hashes,"
        "   coalesce(string_agg(substr(hash, 1, 8), '' ORDER BY debit_sequence), '') AS marks"
        "  FROM (SELECT l.debit_sequence, l.amount, l.action, l.booked_at, " + LEG_HASH + " AS hash"
        "   FROM ledger.leg l WHERE l.cell = %s AND l.debit = r.account AND l.debit_sequence BETWEEN r.first AND r.last"
        # Without the fence each hash would be computed twice.
        "   OFFSET 0) leg) d"
        " CROSS JOIN LATERAL ("
        "  SELECT coalesce(sum(amount) FILTER (WHERE action IN (0, 2)), 0) AS amount,"
        "   coalesce(sum(CASE action WHEN 0 THEN 0 WHEN 1 THEN amount ELSE -amount END), 0) AS held,"
        "   max(booked_at) AS booked_at"
        "  FROM ledger.leg WHERE cell = %s AND credit = r.account AND credit_sequence BETWEEN r.first AND r.last) c"
        " WINDOW w AS (PARTITION BY r.account ORDER BY r.last)",
        (
            tx.cell,
            number,
            book,
            uuid_array([row.account.bytes for row, _, _ in ranges]),
            bigint_array([first for _, first, _ in ranges]),
            bigint_array([last for _, _, last in ranges]),
            bigint_array([row.debits for row, _, _ in ranges]),
            bigint_array([row.credits for row, _, _ in ranges]),
            bigint_array([row.held_debits for row, _, _ in ranges]),
            bigint_array([row.held_credits for row, _, _ in ranges]),
            [row.first_at for row, _, _ in ranges],
            tx.cell,
            tx.cell,
        ),
    )


async def write_block(
    tx: Transaction,
    *,
    book: str,
    number: int,
    previous: bytes,
    sealed_at: datetime,
    first_at: datetime,
) -> Block:
    """The header over the heads that were written."""
    await tx.execute(
        "INSERT INTO ledger.block (cell, book, number, sealed_at, first_at, last_at, legs, accounts, previous, content, root)"
        " SELECT b.*, " + BLOCK_ROOT + " FROM ("
        "  SELECT %s::smallint AS cell, %s AS book, %s::bigint AS number, %s::timestamptz AS sealed_at,"
        "   %s::timestamptz AS first_at, max(h.booked_at) AS last_at, (sum(length(h.marks)) / 8)::bigint AS legs,"
        "   count(*) AS accounts, %s::bytea AS previous,"
        "   sha256(string_agg(" + HEAD_HASH + ", '' ORDER BY h.account, h.last)) AS content"
        "  FROM ledger.block_account h WHERE h.cell = %s AND h.book = %s AND h.block = %s) b",
        (tx.cell, book, number, sealed_at, first_at, previous, tx.cell, book, number),
    )
    return await tx.one(
        Block, BLOCK + " WHERE cell = %s AND book = %s AND number = %s", (tx.cell, book, number)
    )


async def read_blocks(tx: Transaction, *, book: str, begin: datetime, end: datetime) -> list[Block]:
    """The blocks of a book that have entries of a period, and those between them, in order."""
    return await tx.all(
        Block,
        BLOCK + " WHERE cell = %s AND book = %s AND number BETWEEN"
        " (SELECT min(number) FROM ledger.block WHERE cell = %s AND book = %s AND last_at >= %s AND first_at < %s) AND"
        " (SELECT max(number) FROM ledger.block WHERE cell = %s AND book = %s AND last_at >= %s AND first_at < %s)"
        " ORDER BY number",
        (tx.cell, book, *(tx.cell, book, begin, end), *(tx.cell, book, begin, end)),
    )


async def read_heads(tx: Transaction, block: Block) -> list[Head]:
    """The accounts' rows of a block, in the order in which they are hashed."""
    return await tx.all(
        Head,
        "SELECT account, first, last, debits, credits, held_debits, held_credits, booked_at, digest"
        " FROM ledger.block_account WHERE cell = %s AND book = %s AND block = %s ORDER BY account, last",
        (tx.cell, block.book, block.number),
    )


async def read_sealed_legs(tx: Transaction, block: Block) -> list[SealedLeg]:
    """The legs that a block covers, in the order in which they are hashed."""
    return await tx.all(
        SealedLeg,
        "SELECT "
        + LEG_COLUMNS
        + " FROM ledger.block_account h JOIN ledger.leg l ON l.cell = h.cell AND l.debit = h.account"
        " AND l.debit_sequence BETWEEN h.first AND h.last WHERE h.cell = %s AND h.book = %s AND h.block = %s"
        " ORDER BY l.debit, l.debit_sequence",
        (tx.cell, block.book, block.number),
    )


async def read_names(tx: Transaction, accounts: Sequence[UUID]) -> list[AccountName]:
    """Whose these accounts are."""
    return await tx.all(
        AccountName,
        "SELECT id, code, owner, currency FROM ledger.account WHERE cell = %s AND id = ANY(%s)",
        (tx.cell, list(accounts)),
    )


async def seal_states(tx: Transaction) -> list[SealState]:
    """How far each book is sealed. Both accounts of a leg are in one book, so two unsealed entries are one leg."""
    return await tx.all(
        SealState,
        "SELECT a.book, coalesce(b.number, 0) AS number, b.sealed_at, coalesce(encode(b.root, 'hex'), '') AS root,"
        " a.unsealed AS unsealed_legs"
        " FROM (SELECT a.cell, a.book, (sum(a.sequence - coalesce(h.last, 0)) / 2)::bigint AS unsealed"
        "  FROM ledger.account a " + _NEWEST_HEAD + " WHERE a.cell = %s GROUP BY a.cell, a.book) a"
        " LEFT JOIN LATERAL (SELECT number, sealed_at, root FROM ledger.block WHERE cell = a.cell AND book = a.book"
        "  ORDER BY number DESC LIMIT 1) b ON true ORDER BY a.book",
        (tx.cell,),
    )
