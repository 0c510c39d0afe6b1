"""Archiving: sealed months move into files, and what they came to stays behind as what history goes on from."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from itertools import groupby
from pathlib import Path

from feiqian.infra.database import Database, Transaction
from feiqian.kernel.calendar import ZONE, start_of
from feiqian.kernel.clock import Clock
from feiqian.ledger.archive import files, store
from feiqian.ledger.archive.model import ArchivedBlock, ArchiveFailed, MarkedHead, pack_content
from feiqian.ledger.rules import posted_content
from feiqian.ledger.seals import seal_all
from feiqian.ledger.seals.model import Block
from feiqian.ledger.seals.store import read_sealed_legs
from feiqian.ledger.store import read_posted

LEGS_PER_FILE = 2_000_000


async def archive_months(
    database: Database, *, directory: Path, through: date, clock: Clock
) -> list[ArchivedBlock]:
    """Move every leg booked up to the end of the month of ``through`` into Parquet files.

    First everything is sealed. A file is written, read again and compared with the seals before any of its legs is
    deleted; then each block goes in a transaction of its own, together with the counters that its accounts' history goes
    on from. What was interrupted is taken up by the next call. ``database`` connects as the owner of the schema.
    Raises: ArchiveFailed.
    """
    end = _next_month(through)
    if clock.now() < end:
        raise ArchiveFailed(f"{through:%Y-%m} is not over yet")
    await seal_all(database, clock=clock)
    async with database.snapshot() as tx:
        blocks = await store.read_archivable(tx, end=end)
        await _refuse_split(tx, blocks, end)
    archived: list[ArchivedBlock] = []
    for group in _groups(blocks):
        archived += await _archive(database, directory, group, clock)
    return archived


async def find_archive_faults(tx: Transaction, directory: Path) -> AsyncIterator[str]:
    """What in the archive's files is not what was sealed."""
    rows = await store.read_archive(tx)
    for name, group in groupby(rows, key=lambda row: row.file):
        blocks = list(group)
        heads = await _heads(tx, blocks[0].book, [row.block for row in blocks])
        for fault in files.find_faults(directory / name, heads):
            yield fault


async def _archive(
    database: Database, directory: Path, blocks: Sequence[Block], clock: Clock
) -> list[ArchivedBlock]:
    month = _month(blocks[0])
    book, first, last = blocks[0].book, blocks[0].number, blocks[-1].number
    name = files.file_name(cell=database.cell, book=book, month=f"{month:%Y-%m}", first=first, last=last)
    async with database.snapshot() as tx:
        # A block's legs are read, written and forgotten before the next one's.
        with files.writer(directory / name) as write:
            for block in blocks:
                write(block, await read_sealed_legs(tx, block))
        heads = await _heads(tx, book, [block.number for block in blocks])
    for fault in files.find_faults(directory / name, heads):
        raise ArchiveFailed(f"{fault}; nothing of this file was deleted. Run `feiqian ledger verify`")
    rows = [
        ArchivedBlock(book=book, block=block.number, month=month, legs=block.legs, file=name)
        for block in blocks
    ]
    for row in rows:
        await database.run(lambda tx, row=row: _move(tx, row, clock.now()))
    return rows


async def _move(tx: Transaction, row: ArchivedBlock, now: datetime) -> None:
    await store.write_archived(tx, archived=row, now=now)
    ids = await store.read_ids(tx, book=row.book, block=row.block)
    # Also of the legs in other books: a transaction is compared whole when its id comes again.
    posted = await read_posted(tx, ids)
    await store.write_transactions(
        tx,
        month=row.month,
        ids=[transaction.id for transaction in posted],
        contents=[pack_content(posted_content(transaction)) for transaction in posted],
    )
    deleted = await store.delete_legs(tx, book=row.book, block=row.block)
    if deleted != row.legs:
        raise ArchiveFailed(
            f"block {row.block} of {row.book} has {row.legs} legs, {deleted} were there to delete"
        )
    await store.move_openings(tx, book=row.book, block=row.block)


async def _refuse_split(tx: Transaction, blocks: Sequence[Block], end: datetime) -> None:
    """A prefix of every chain, so that no transaction over two books is torn apart."""
    for book, group in groupby(blocks, key=lambda block: block.book):
        *_, last = group
        later = await store.read_follower(tx, book=book, number=last.number, end=end)
        if later is not None:
            raise ArchiveFailed(
                f"Block {last.number} of {book} was booked before {end:%Y-%m-%d} but sealed after block {later}, which was"
                " not: a clock ran backwards. Archive through a later month"
            )


async def _heads(tx: Transaction, book: str, numbers: Sequence[int]) -> dict[int, list[MarkedHead]]:
    rows = await store.read_marked_heads(tx, book=book, first=min(numbers), last=max(numbers))
    found: dict[int, list[MarkedHead]] = {number: [] for number in numbers}
    for row in rows:
        if row.block in found:
            found[row.block].append(row)
    return found


def _groups(blocks: Sequence[Block]) -> list[list[Block]]:
    """Blocks that share a file: of one book and month, up to a size."""
    groups: list[list[Block]] = []
    for block in blocks:
        group = groups[-1] if groups else None
        if (
            group is None
            or (group[0].book, _month(group[0])) != (block.book, _month(block))
            or sum(member.legs for member in group) + block.legs > LEGS_PER_FILE
        ):
            groups.append([block])
        else:
            group.append(block)
    return groups


def _month(block: Block) -> date:
    return block.first_at.astimezone(ZONE).date().replace(day=1)


def _next_month(day: date) -> datetime:
    first = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return start_of(first)
