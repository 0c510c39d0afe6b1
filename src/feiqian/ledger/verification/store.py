"""SQL of verification: each statement recomputes a stretch of history and returns what does not agree."""

from typing import LiteralString
from uuid import UUID

import msgspec

from feiqian.infra.database import Transaction
from feiqian.ledger.model import Account
from feiqian.ledger.seals.model import SealedLeg
from feiqian.ledger.seals.store import BLOCK_ROOT, HEAD_HASH, LEG_COLUMNS, LEG_HASH
from feiqian.ledger.store import ACCOUNT
from feiqian.ledger.verification.model import SEQUENCE_MAX, HashedLeg, Part, State, Stretch

_POSTED: LiteralString = "CASE WHEN l.action IN (0, 2) THEN l.amount ELSE 0 END"
_HELD: LiteralString = "CASE l.action WHEN 0 THEN 0 WHEN 1 THEN l.amount ELSE -l.amount END"

# Entries and known states of counters as one stream: 0 where history begins, 1 an entry, 2 a seal, 3 the account itself.
# Between two states lies a part; what it sums to must lead from the one to the other.
_EVENTS: LiteralString = (
    "SELECT l.debit AS account, l.debit_sequence AS sequence, 1 AS kind, l.booked_at, l.debit_balance AS balance,"
    f" l.debit_sign * {_POSTED} AS net, {_POSTED} AS debits, 0::bigint AS credits, {_HELD} AS held_debits,"
    f" 0::bigint AS held_credits, l.debit_sign AS sign, {LEG_HASH} AS hash, NULL::bytea AS marks, NULL::bigint AS first"
    " FROM ledger.leg l WHERE l.cell = %(cell)s AND l.debit > %(low)s AND l.debit <= %(high)s"
    "  AND l.debit_sequence > %(after)s AND l.debit_sequence <= %(through)s"
    " UNION ALL"
    f" SELECT l.credit, l.credit_sequence, 1, l.booked_at, l.credit_balance, -l.credit_sign * {_POSTED}, 0, {_POSTED}, 0,"
    f" {_HELD}, l.credit_sign, NULL, NULL, NULL"
    " FROM ledger.leg l WHERE l.cell = %(cell)s AND l.credit > %(low)s AND l.credit <= %(high)s"
    "  AND l.credit_sequence > %(after)s AND l.credit_sequence <= %(through)s"
    " UNION ALL"
    " SELECT h.account, h.last, CASE WHEN h.last = %(after)s THEN 0 ELSE 2 END, h.booked_at,"
    "  a.sign * (h.debits - h.credits), 0, h.debits, h.credits, h.held_debits, h.held_credits, a.sign, h.digest, h.marks,"
    "  h.first"
    " FROM ledger.block_account h JOIN ledger.account a ON a.cell = h.cell AND a.id = h.account"
    " LEFT JOIN ledger.opening o ON o.cell = h.cell AND o.account = h.account"
    " WHERE h.cell = %(cell)s AND h.account > %(low)s AND h.account <= %(high)s"
    "  AND h.last >= %(after)s AND h.last <= %(through)s AND h.last > coalesce(o.sequence, 0)"
    " UNION ALL"
    " SELECT a.id, coalesce(o.sequence, 0), 0, coalesce(o.booked_at, '-infinity'),"
    "  a.sign * (coalesce(o.debits, 0) - coalesce(o.credits, 0)), 0, coalesce(o.debits, 0), coalesce(o.credits, 0),"
    "  coalesce(o.held_debits, 0), coalesce(o.held_credits, 0), a.sign, NULL, NULL, NULL"
    " FROM ledger.account a LEFT JOIN ledger.opening o ON o.cell = a.cell AND o.account = a.id"
    " WHERE a.cell = %(cell)s AND a.id > %(low)s AND a.id <= %(high)s AND %(from_start)s"
    " UNION ALL"
    " SELECT a.id, a.sequence, 3, a.booked_at, a.sign * (a.debits - a.credits), 0, a.debits, a.credits, a.held_debits,"
    "  a.held_credits, a.sign, NULL, NULL, NULL"
    " FROM ledger.account a"
    " WHERE a.cell = %(cell)s AND a.id > %(low)s AND a.id <= %(high)s AND %(to_end)s"
)
_RECOMPUTE: LiteralString = (
    "WITH event AS (" + _EVENTS + "), run AS ("
    " SELECT *, count(*) FILTER (WHERE kind <> 1) OVER w - (kind <> 1)::int AS part,"
    "  lag(sequence) OVER w AS sequence_before, lag(balance) OVER w AS balance_before, lag(booked_at) OVER w AS booked_before"
    " FROM event WINDOW w AS (PARTITION BY account ORDER BY sequence, kind ROWS UNBOUNDED PRECEDING)"
    "), part AS ("
    " SELECT account, part, count(*) FILTER (WHERE kind = 1) AS entries, max(kind) FILTER (WHERE kind <> 1) AS kind,"
    "  max(sequence) FILTER (WHERE kind <> 1) AS sequence, max(booked_at) AS booked_at,"
    "  min(first) AS first, min(sign) <> max(sign) AS signs_differ,"
    "  bool_or(CASE kind WHEN 0 THEN false"
    "   WHEN 1 THEN sequence <> sequence_before + 1 OR balance <> balance_before + net OR booked_at < booked_before"
    "   ELSE sequence <> sequence_before OR balance <> balance_before OR booked_at <> booked_before END)"
    "   AS breaks,"
    "  coalesce(sum(debits) FILTER (WHERE kind = 1), 0) AS debits_moved, max(debits) FILTER (WHERE kind <> 1) AS debits,"
    "  coalesce(sum(credits) FILTER (WHERE kind = 1), 0) AS credits_moved,"
    "  max(credits) FILTER (WHERE kind <> 1) AS credits,"
    "  coalesce(sum(held_debits) FILTER (WHERE kind = 1), 0) AS held_debits_moved,"
    "  max(held_debits) FILTER (WHERE kind <> 1) AS held_debits,"
    "  coalesce(sum(held_credits) FILTER (WHERE kind = 1), 0) AS held_credits_moved,"
    "  max(held_credits) FILTER (WHERE kind <> 1) AS held_credits,"
    "  string_agg(hash, '' ORDER BY sequence, kind) FILTER (WHERE kind = 1) AS hashes,"
    "  string_agg(substr(hash, 1, 8), '' ORDER BY sequence, kind) FILTER (WHERE kind = 1) AS marks_found,"
    "  string_agg(hash, '' ORDER BY sequence, kind) FILTER (WHERE kind = 2) AS digest,"
    "  string_agg(marks, '' ORDER BY sequence, kind) FILTER (WHERE kind = 2) AS marks"
    " FROM run GROUP BY account, part"
    "), compared AS ("
    " SELECT *, lag(sequence) OVER w AS after, lag(debits) OVER w AS debits_before, lag(credits) OVER w AS credits_before,"
    "  lag(held_debits) OVER w AS held_debits_before, lag(held_credits) OVER w AS held_credits_before"
    " FROM part WINDOW w AS (PARTITION BY account ORDER BY part)"
    ") SELECT account, coalesce(after, 0) AS after, sequence AS through, coalesce(kind = 2, false) AS sealed,"
    "  nullif(booked_at, '-infinity') AS booked_at FROM compared"
    " WHERE CASE"
    # Behind the account's newest entry, or of an account that does not exist.
    "  WHEN kind IS NULL THEN %(to_end)s"
    "  WHEN kind = 0 THEN entries > 0"
    "  ELSE (breaks OR signs_differ OR after IS NULL OR debits <> debits_before + debits_moved"
    "   OR credits <> credits_before + credits_moved OR held_debits <> held_debits_before + held_debits_moved"
    "   OR held_credits <> held_credits_before + held_credits_moved"
    "   OR kind = 2 AND (first <> after + 1 OR digest <> sha256(coalesce(hashes, '')) OR marks <> coalesce(marks_found, '')))"
    "  END ORDER BY account, part"
)


class AccountLoad(msgspec.Struct, frozen=True):
    """How many entries of an account there are to recompute."""

    id: UUID
    begun: int
    """Sequence after which its history begins."""
    entries: int


class BlockFound(msgspec.Struct, frozen=True, kw_only=True):
    """A block that does not agree with itself, with what it covers, or with the block before it."""

    book: str
    number: int
    before: int | None
    """Number of the block before it that is there."""
    chained: bool
    """It names the root of the block before it, or it is the first and names none."""
    rooted: bool
    """Its root is the hash of its header."""
    covered: bool
    """Its content is the hash of its accounts' rows."""
    counted: bool
    """It counts its accounts and legs rightly."""


async def set_up(tx: Transaction) -> None:
    """Let a transaction sort in memory, plan each stretch by its own size, and wait for the others."""
    await tx.execute(
        "SELECT set_config(name, value, true) FROM (VALUES ('work_mem', '128MB'), ('jit', 'off'),"
        " ('max_parallel_workers_per_gather', '0'), ('plan_cache_mode', 'force_custom_plan'),"
        " ('idle_in_transaction_session_timeout', '0')) AS s (name, value)"
    )


async def export_snapshot(tx: Transaction) -> str:
    """The moment of this transaction, for others to read at."""
    return await tx.one(str, "SELECT pg_export_snapshot()")


async def account_loads(tx: Transaction) -> list[AccountLoad]:
    """Every account with its work, in order of id."""
    rows = await tx.tuples(
        "SELECT a.id, coalesce(o.sequence, 0), a.sequence - coalesce(o.sequence, 0) FROM ledger.account a"
        " LEFT JOIN ledger.opening o ON o.cell = a.cell AND o.account = a.id WHERE a.cell = %s ORDER BY a.id",
        (tx.cell,),
    )
    return [AccountLoad(*row) for row in rows]


async def sealed_sequences(tx: Transaction, account: UUID) -> list[int]:
    """Where the history of an account may be cut into stretches."""
    rows = await tx.tuples(
        "SELECT h.last FROM ledger.block_account h LEFT JOIN ledger.opening o ON o.cell = h.cell AND o.account = h.account"
        " WHERE h.cell = %s AND h.account = %s AND h.last > coalesce(o.sequence, 0) ORDER BY h.last",
        (tx.cell, account),
    )
    return [last for (last,) in rows]


async def find_parts(tx: Transaction, stretch: Stretch) -> list[Part]:
    """The parts of a stretch that do not lead from one known state to the next."""
    return await tx.all(
        Part,
        _RECOMPUTE,
        {
            "cell": tx.cell,
            "low": stretch.low,
            "high": stretch.high,
            "after": 0 if stretch.after is None else stretch.after,
            "through": SEQUENCE_MAX if stretch.through is None else stretch.through,
            "from_start": stretch.after is None,
            "to_end": stretch.through is None,
        },
    )


async def page_count(tx: Transaction) -> int:
    """How many pages the legs' table has, roughly."""
    return await tx.one(int, "SELECT relpages FROM pg_class WHERE oid = 'ledger.leg'::regclass")


async def find_disagreeing_legs(tx: Transaction, *, first_page: int, end_page: int | None) -> list[SealedLeg]:
    """Legs on these pages whose accounts are not of one book and currency, or which do not continue the leg before them
    in their transaction."""
    return await tx.all(
        SealedLeg,
        "SELECT " + LEG_COLUMNS + " FROM ledger.leg l"
        " LEFT JOIN ledger.account d ON d.cell = l.cell AND d.id = l.debit"
        " LEFT JOIN ledger.account c ON c.cell = l.cell AND c.id = l.credit"
        " WHERE l.cell = %s AND l.ctid >= %s::tid AND (%s OR l.ctid < %s::tid)"
        "  AND (d.id IS NULL OR c.id IS NULL OR d.sign <> l.debit_sign OR c.sign <> l.credit_sign OR d.book <> c.book"
        "   OR d.currency <> c.currency OR l.number < 0 OR l.number > 0 AND NOT EXISTS ("
        "    SELECT FROM ledger.leg p WHERE p.cell = l.cell AND p.transaction = l.transaction AND p.number = l.number - 1"
        "     AND (p.kind, p.action, p.business_date, p.effective_at, p.booked_at, p.reference, p.memo)"
        "      = (l.kind, l.action, l.business_date, l.effective_at, l.booked_at, l.reference, l.memo)"
        "     AND p.reverses IS NOT DISTINCT FROM l.reverses AND p.hold IS NOT DISTINCT FROM l.hold"
        # Looked up leg by leg: as a join it would read the whole table for each stretch.
        "    OFFSET 0)"
        # Of a transaction over several books one book may be archived before the other.
        "    AND NOT EXISTS (SELECT FROM ledger.archived_transaction a WHERE a.cell = l.cell AND a.id = l.transaction"
        "    OFFSET 0))",
        (tx.cell, f"({first_page},0)", end_page is None, f"({end_page or 0},0)"),
    )


async def block_loads(tx: Transaction) -> list[tuple[str, int, int]]:
    """(book, block, accounts in it), in order."""
    return await tx.tuples(
        "SELECT book, number, accounts FROM ledger.block WHERE cell = %s ORDER BY book, number", (tx.cell,)
    )


async def find_blocks(tx: Transaction, *, book: str, first: int, last: int) -> list[BlockFound]:
    """Blocks first … last of a book that are not what their own hash, their accounts' rows or the chain say."""
    return await tx.all(
        BlockFound,
        "SELECT * FROM (SELECT b.book, b.number, p.number AS before,"
        "  b.previous = coalesce(p.root, decode(repeat('00', 32), 'hex')) AND b.number = coalesce(p.number, 0) + 1 AS chained,"
        "  b.root = " + BLOCK_ROOT + " AS rooted,"
        "  b.content IS NOT DISTINCT FROM h.content AS covered,"
        "  b.accounts = h.accounts AND b.legs = h.legs AS counted"
        " FROM ledger.block b"
        " LEFT JOIN LATERAL (SELECT number, root FROM ledger.block WHERE cell = b.cell AND book = b.book"
        "  AND number < b.number ORDER BY number DESC LIMIT 1) p ON true"
        " CROSS JOIN LATERAL (SELECT count(*) AS accounts, coalesce(sum(length(h.marks)), 0) / 8 AS legs,"
        "  sha256(string_agg(" + HEAD_HASH + ", '' ORDER BY h.account, h.last)) AS content"
        "  FROM ledger.block_account h WHERE h.cell = b.cell AND h.book = b.book AND h.block = b.number) h"
        " WHERE b.cell = %s AND b.book = %s AND b.number BETWEEN %s AND %s) b"
        " WHERE NOT (chained AND rooted AND covered AND counted) ORDER BY number",
        (tx.cell, book, first, last),
    )


async def orphaned_blocks(tx: Transaction) -> list[tuple[str, int]]:
    """(book, number) of blocks that accounts' rows name and that are not there."""
    return await tx.tuples(
        "SELECT DISTINCT h.book, h.block FROM ledger.block_account h WHERE h.cell = %s AND NOT EXISTS"
        " (SELECT FROM ledger.block b WHERE b.cell = h.cell AND b.book = h.book AND b.number = h.block)",
        (tx.cell,),
    )


async def find_openings(tx: Transaction) -> list[UUID]:
    """Accounts whose history begins with other counters than those that were sealed, or not behind what is archived."""
    return await tx.all(
        UUID,
        "SELECT o.account FROM ledger.opening o JOIN ledger.account a ON a.cell = o.cell AND a.id = o.account"
        " LEFT JOIN ledger.block_account h ON h.cell = o.cell AND h.account = o.account AND h.last = o.sequence"
        " LEFT JOIN ledger.archive b ON b.cell = h.cell AND b.book = h.book AND b.block = h.block"
        " WHERE o.cell = %s AND (b.block IS NULL OR (o.debits, o.credits, o.held_debits, o.held_credits, o.booked_at)"
        "  <> (h.debits, h.credits, h.held_debits, h.held_credits, h.booked_at)) ORDER BY o.account",
        (tx.cell,),
    )


async def read_account(tx: Transaction, account: UUID) -> Account | None:
    """The account of a part."""
    return await tx.maybe(Account, ACCOUNT + " WHERE cell = %s AND id = %s", (tx.cell, account))


async def read_seal(tx: Transaction, *, account: UUID, last: int) -> State | None:
    """A seal of an account by the sequence at which it ends."""
    return await tx.maybe(
        State,
        "SELECT last AS sequence, debits, credits, held_debits, held_credits, booked_at, block, first, digest, marks"
        " FROM ledger.block_account WHERE cell = %s AND account = %s AND last = %s",
        (tx.cell, account, last),
    )


async def read_marks(tx: Transaction, *, account: UUID, sequence: int) -> bytes:
    """The marks of the legs that were sealed together with an entry; none where it is not sealed."""
    found = await tx.maybe(
        bytes,
        "SELECT marks FROM (SELECT first, marks FROM ledger.block_account WHERE cell = %s AND account = %s AND last >= %s"
        " ORDER BY last LIMIT 1) h WHERE first <= %s",
        (tx.cell, account, sequence, sequence),
    )
    return found or b""


async def read_opening(tx: Transaction, account: UUID) -> State | None:
    """Where an account's history begins after an archive."""
    return await tx.maybe(
        State,
        "SELECT sequence, debits, credits, held_debits, held_credits, booked_at FROM ledger.opening"
        " WHERE cell = %s AND account = %s",
        (tx.cell, account),
    )


async def read_legs(tx: Transaction, *, account: UUID, after: int, through: int) -> list[HashedLeg]:
    """Legs of an account with their hashes, in order of its sequence."""
    return await tx.all(
        HashedLeg,
        "SELECT * FROM (SELECT "
        + LEG_COLUMNS
        + ", l.debit_sequence AS place, "
        + LEG_HASH
        + " AS hash FROM ledger.leg l"
        "  WHERE l.cell = %s AND l.debit = %s AND l.debit_sequence > %s AND l.debit_sequence <= %s"
        " UNION ALL SELECT " + LEG_COLUMNS + ", l.credit_sequence, " + LEG_HASH + " FROM ledger.leg l"
        "  WHERE l.cell = %s AND l.credit = %s AND l.credit_sequence > %s AND l.credit_sequence <= %s) e"
        " ORDER BY place",
        (tx.cell, account, after, through, tx.cell, account, after, through),
    )
