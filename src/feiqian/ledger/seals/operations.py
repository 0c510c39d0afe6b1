"""Sealing: off the hot path, without a lock on any account."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby

import structlog

from feiqian.infra.database import Database, Transaction
from feiqian.kernel.calendar import ZONE
from feiqian.kernel.clock import Clock
from feiqian.ledger.seals import store
from feiqian.ledger.seals.model import GENESIS, Block, Sealed, SealState, Unsealed

LEGS_MAX = 100_000
"""Aimed at, not exact: where more is unsealed a block ends at a moment of booking, and what was booked at one moment
stays together."""
ENTRIES_MAX = 50_000
"""Entries of one account that one row of a block covers."""
RESOLUTION = timedelta(microseconds=1)
"""Of PostgreSQL's moments."""

log = structlog.get_logger(__name__)


async def seal(
    tx: Transaction, *, now: datetime, book: str | None = None, legs_max: int = LEGS_MAX
) -> Sealed:
    """Seal what has been posted since the last time: at most one block a book; call again while there is ``more``.

    The transaction must be fresh: it becomes one of a single moment. In it every account's entries are without gaps up
    to its sequence, for both were committed together; so what a block covers is found without a queue, and nothing that
    commits later can fall into it. Both sides of a leg are booked at one moment, so cutting at a moment keeps a block
    balanced. A block never reaches over the end of a month, so that months can be archived whole.
    """
    await store.begin_snapshot(tx)
    blocks: list[Block] = []
    more = False
    for name, rows in groupby(await store.read_unsealed(tx, book), key=lambda row: row.book):
        accounts = list(rows)
        through = await _cut(tx, accounts, legs_max)
        newest = [account.sequence for account in accounts]
        if through is not None:
            newest = await store.read_prefixes(tx, accounts, through)
            more = True
        blocks.append(await _write(tx, name, accounts, newest, now))
    return Sealed(blocks=blocks, more=more)


async def seal_all(database: Database, *, clock: Clock, legs_max: int = LEGS_MAX) -> list[Block]:
    """Seal all there is, each round in a transaction of its own."""
    blocks: list[Block] = []
    more = True
    while more:
        sealed = await database.run(lambda tx: seal(tx, now=clock.now(), legs_max=legs_max))
        blocks += sealed.blocks
        more = sealed.more
    return blocks


async def seal_forever(database: Database, *, clock: Clock, every_s: float) -> None:
    """Seal, round after round, until cancelled. A round that fails is logged, the next one goes on."""
    while True:
        try:
            await seal_all(database, clock=clock)
        except Exception:
            log.exception("seal_round_failed")
        await asyncio.sleep(every_s)


async def seal_state(tx: Transaction) -> list[SealState]:
    """How far each book is sealed, by book."""
    return await store.seal_states(tx)


async def _cut(tx: Transaction, accounts: Sequence[Unsealed], legs_max: int) -> datetime | None:
    """The moment of booking with which a block ends: a month's last, or about where it is full; None: with the newest."""
    newest = max(account.last_at for account in accounts)
    through = min(newest, _end_of_month(min(account.first_at for account in accounts)) - RESOLUTION)
    entries = sum(account.sequence - account.sealed for account in accounts)
    if entries > 2 * legs_max:
        busiest = max(accounts, key=lambda account: account.sequence - account.sealed)
        share = max(1, (busiest.sequence - busiest.sealed) * 2 * legs_max // entries)
        full = await store.booked_at(tx, account=busiest, sequence=busiest.sealed + share)
        through = min(through, full)
    return through if through < newest else None


async def _write(
    tx: Transaction, book: str, accounts: Sequence[Unsealed], newest: Sequence[int], now: datetime
) -> Block:
    before = await store.newest_block(tx, book)
    number = before.number + 1 if before else 1
    ranges = [
        piece for account, last in zip(accounts, newest, strict=True) for piece in _pieces(account, last)
    ]
    await store.write_heads(tx, book=book, number=number, ranges=ranges)
    return await store.write_block(
        tx,
        book=book,
        number=number,
        previous=before.root if before else GENESIS,
        sealed_at=now,
        first_at=min(account.first_at for account in accounts),
    )


def _pieces(account: Unsealed, newest: int) -> Iterator[tuple[Unsealed, int, int]]:
    for first in range(account.sealed + 1, newest + 1, ENTRIES_MAX):
        yield account, first, min(first + ENTRIES_MAX - 1, newest)


def _end_of_month(moment: datetime) -> datetime:
    """The first moment of the next month in the house's zone."""
    here = moment.astimezone(ZONE)
    year, month = (here.year + 1, 1) if here.month == 12 else (here.year, here.month + 1)
    return datetime(year, month, 1, tzinfo=ZONE)
