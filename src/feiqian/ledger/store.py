"""SQL of the ledger's writes. Each statement takes a whole batch."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from feiqian.infra.arrays import bigint_array, raw_cursor, uuid_array
from feiqian.infra.database import Jsonb, Transaction
from feiqian.ledger.chart import CHART
from feiqian.ledger.model import Account, AccountRef, Hold, PostedTransaction
from feiqian.ledger.packing import COLUMNS
from feiqian.ledger.positions import HoldPosition, Position

_SELECT_POSTED = (
    "SELECT transaction AS id, kind, action, business_date, effective_at, booked_at, reference, memo, reverses, hold,"
    " (array_agg(metadata ORDER BY number))[1] AS metadata, array_agg(debit ORDER BY number) AS debits,"
    " array_agg(credit ORDER BY number) AS credits, array_agg(amount ORDER BY number) AS amounts FROM ledger.leg"
)
_GROUP_POSTED = " GROUP BY transaction, kind, action, business_date, effective_at, booked_at, reference, memo, reverses, hold"
ACCOUNT = (
    "SELECT id, book, code, owner, currency, sign, debits, credits, held_debits, held_credits, sequence, overdraft,"
    " frozen, booked_at, opened_at, closed_at FROM ledger.account"
)
_HOLD = "SELECT id, debit, credit, amount, captured, released, expires_at, opened_at, state FROM ledger.hold"


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ledger.refusal."""

    id: UUID
    code: str
    facts: dict[str, Any]
    request: dict[str, Any]


class Fence(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch finds once its locks are taken."""

    accounts: list[tuple[Any, ...]]
    """(key, sign, overdraft, frozen, closed, debits, credits, held_debits, held_credits, sequence, microseconds of
    booked_at): what Position takes."""
    known: list[UUID]
    """Ids that were posted before."""
    refused: list[UUID]
    """Ids that were refused before, or whose legs have been archived."""


async def lock_accounts(tx: Transaction, keys: Iterable[bytes]) -> None:
    """Take a whole fence in one sorted statement."""
    await tx.execute(
        "SELECT FROM ledger.account WHERE cell = %s AND id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
        (tx.cell, uuid_array(sorted(keys))),
    )


async def take_fence(tx: Transaction, *, keys: Sequence[bytes], ids: Sequence[bytes]) -> Fence:
    """Lock the accounts, given in order of their ids; then, each in a statement of its own that sees what others committed
    while the locks were waited for, read them and look the ids up. One round trip."""
    accounts, known = uuid_array(keys), uuid_array(ids)
    async with tx.connection.pipeline():
        await tx.execute(
            "SELECT FROM ledger.account WHERE cell = %s AND id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
            (tx.cell, accounts),
        )
        read = raw_cursor(tx.connection)
        await read.execute(
            "SELECT id, sign, overdraft, frozen, closed_at IS NOT NULL, debits, credits, held_debits,"
            " held_credits, sequence, booked_at FROM ledger.account WHERE cell = %s AND id = ANY(%s)",
            (tx.cell, accounts),
        )
        posted = tx.connection.cursor(binary=True)
        await posted.execute(
            "SELECT transaction FROM ledger.leg WHERE cell = %s AND transaction = ANY(%s) AND number = 0",
            (tx.cell, known),
        )
        refused = tx.connection.cursor(binary=True)
        await refused.execute(
            "SELECT id FROM ledger.refusal WHERE cell = %s AND id = ANY(%s)"
            " UNION ALL SELECT id FROM ledger.archived_transaction WHERE cell = %s AND id = ANY(%s)",
            (tx.cell, known, tx.cell, known),
        )
        return Fence(
            accounts=await read.fetchall(),
            known=[id for (id,) in await posted.fetchall()],
            refused=[id for (id,) in await refused.fetchall()],
        )


SEEN_COUNT_MAX = 500_000
"""Accounts of a database that are remembered to be open; about 80 bytes each."""
_seen: dict[tuple[str, int, str, int], set[bytes]] = {}


def seen_accounts(tx: Transaction) -> set[bytes]:
    """Accounts of this database and cell that this process has seen open."""
    info = tx.connection.info
    seen = _seen.setdefault((info.host, info.port, info.dbname, tx.cell), set())
    if len(seen) > SEEN_COUNT_MAX:
        seen.clear()
    return seen


async def read_existing(tx: Transaction, keys: Iterable[bytes]) -> set[bytes]:
    """Which of the accounts are open."""
    rows = await tx.tuples(
        "SELECT uuid_send(id) FROM ledger.account WHERE cell = %s AND id = ANY(%s)",
        (tx.cell, uuid_array(sorted(keys))),
    )
    return {key for (key,) in rows}


async def open_accounts(tx: Transaction, refs: Iterable[AccountRef], now: datetime) -> None:
    """Open those that do not exist, by the chart, in sorted order so that two openers never wait crosswise."""
    rows = sorted(refs, key=lambda ref: ref.key)
    subjects = [CHART[row.code] for row in rows]
    await tx.execute(
        "INSERT INTO ledger.account (cell, id, sign, overdraft, book, code, owner, currency, booked_at, opened_at)"
        " SELECT %s, a.id, a.sign, a.overdraft, a.book, a.code, a.owner, a.currency, %s, %s"
        " FROM unnest(%s::uuid[], %s::smallint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[])"
        " AS a (id, sign, overdraft, book, code, owner, currency) ON CONFLICT DO NOTHING",
        (
            tx.cell,
            now,
            now,
            [row.id for row in rows],
            [subject.sign for subject in subjects],
            [subject.overdraft.value for subject in subjects],
            [row.book for row in rows],
            [str(row.code) for row in rows],
            [row.owner for row in rows],
            [row.currency for row in rows],
        ),
    )


async def read_accounts(tx: Transaction, ids: Sequence[UUID]) -> list[Account]:
    """Accounts by id."""
    return await tx.all(Account, ACCOUNT + " WHERE cell = %s AND id = ANY(%s)", (tx.cell, list(ids)))


async def read_posted(tx: Transaction, ids: Sequence[UUID]) -> list[PostedTransaction]:
    """Those of the ids that are recorded, in order of booking."""
    return await tx.all(
        PostedTransaction,
        _SELECT_POSTED
        + " WHERE cell = %s AND transaction = ANY(%s)"
        + _GROUP_POSTED
        + " ORDER BY booked_at, id",
        (tx.cell, list(ids)),
    )


async def read_reversals(tx: Transaction, ids: Sequence[UUID]) -> list[PostedTransaction]:
    """What has taken back parts of these transactions."""
    return await tx.all(
        PostedTransaction,
        _SELECT_POSTED + " WHERE cell = %s AND reverses = ANY(%s)" + _GROUP_POSTED,
        (tx.cell, list(ids)),
    )


async def read_refused(tx: Transaction, ids: Sequence[UUID]) -> list[Refused]:
    """The remembered refusals among the ids."""
    return await tx.all(
        Refused,
        "SELECT id, code, facts, request FROM ledger.refusal WHERE cell = %s AND id = ANY(%s)",
        (tx.cell, list(ids)),
    )


async def read_holds(tx: Transaction, ids: Sequence[UUID]) -> list[Hold]:
    """Holds as they are now; their accounts never change, their counters need the lock."""
    return await tx.all(Hold, _HOLD + " WHERE cell = %s AND id = ANY(%s)", (tx.cell, list(ids)))


async def lock_holds(tx: Transaction, ids: Sequence[UUID]) -> None:
    """Take the holds' locks, in order of their ids; after those of the accounts."""
    await tx.execute(
        "SELECT FROM ledger.hold WHERE cell = %s AND id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
        (tx.cell, sorted(ids)),
    )


async def due_holds(tx: Transaction, *, now: datetime, limit: int) -> list[Hold]:
    """Open holds whose time is over, oldest first."""
    return await tx.all(
        Hold,
        _HOLD + " WHERE cell = %s AND state = 'open' AND expires_at <= %s ORDER BY expires_at LIMIT %s",
        (tx.cell, now, limit),
    )


async def write_legs(tx: Transaction, data: bytes) -> None:
    """Rows packed by ``packing.pack_legs``."""
    await tx.copy_in(f"COPY ledger.leg ({COLUMNS}) FROM STDIN (FORMAT binary)", data)


async def write_counters(tx: Transaction, positions: Sequence[Position], booked_at: datetime) -> None:
    """One update an account, however often the batch touched it."""
    await tx.execute(
        "UPDATE ledger.account AS a SET debits = n.debits, credits = n.credits, held_debits = n.held_debits,"
        " held_credits = n.held_credits, sequence = n.sequence, booked_at = %s"
        " FROM unnest(%s, %s, %s, %s, %s, %s) AS n (id, debits, credits, held_debits, held_credits, sequence)"
        " WHERE a.cell = %s AND a.id = n.id",
        (
            booked_at,
            uuid_array([position.key for position in positions]),
            bigint_array([position.debits for position in positions]),
            bigint_array([position.credits for position in positions]),
            bigint_array([position.held_debits for position in positions]),
            bigint_array([position.held_credits for position in positions]),
            bigint_array([position.sequence for position in positions]),
            tx.cell,
        ),
    )


async def write_holds(tx: Transaction, holds: Sequence[HoldPosition], now: datetime) -> None:
    """New holds, and what is left of those that were captured or let go."""
    new = [hold for hold in holds if hold.is_new]
    if new:
        await tx.execute(
            "INSERT INTO ledger.hold (cell, id, debit, credit, amount, captured, released, expires_at, opened_at, state)"
            " SELECT %s, h.id, h.debit, h.credit, h.amount, h.captured, h.released, h.expires_at, %s, h.state"
            " FROM unnest(%s, %s, %s, %s, %s, %s, %s::timestamptz[], %s::text[])"
            " AS h (id, debit, credit, amount, captured, released, expires_at, state)",
            (
                tx.cell,
                now,
                uuid_array([hold.id.bytes for hold in new]),
                uuid_array([hold.debit for hold in new]),
                uuid_array([hold.credit for hold in new]),
                bigint_array([hold.amount for hold in new]),
                bigint_array([hold.captured for hold in new]),
                bigint_array([hold.released for hold in new]),
                [hold.expires_at for hold in new],
                [hold.state.value for hold in new],
            ),
        )
    changed = [hold for hold in holds if hold.changed and not hold.is_new]
    if changed:
        await tx.execute(
            "UPDATE ledger.hold AS h SET captured = n.captured, released = n.released, state = n.state"
            " FROM unnest(%s, %s, %s, %s::text[]) AS n (id, captured, released, state)"
            " WHERE h.cell = %s AND h.id = n.id",
            (
                uuid_array([hold.id.bytes for hold in changed]),
                bigint_array([hold.captured for hold in changed]),
                bigint_array([hold.released for hold in changed]),
                [hold.state.value for hold in changed],
                tx.cell,
            ),
        )


async def write_refused(tx: Transaction, rows: Sequence[Refused], now: datetime) -> None:
    """Remember refusals: these ids stay refused."""
    await tx.execute(
        "INSERT INTO ledger.refusal (cell, id, refused_at, code, facts, request)"
        " SELECT %s, r.id, %s, r.code, r.facts, r.request"
        " FROM unnest(%s::uuid[], %s::text[], %s::jsonb[], %s::jsonb[]) AS r (id, code, facts, request)",
        (
            tx.cell,
            now,
            [row.id for row in rows],
            [row.code for row in rows],
            [Jsonb(row.facts) for row in rows],
            [Jsonb(row.request) for row in rows],
        ),
    )
