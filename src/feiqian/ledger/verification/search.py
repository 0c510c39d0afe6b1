"""The whole ledger cut into pieces of work, and what they find."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from uuid import UUID

from feiqian.infra.database import Transaction
from feiqian.infra.invariants import Finding, check
from feiqian.ledger.invariants import INVARIANTS
from feiqian.ledger.seals.model import SealedLeg
from feiqian.ledger.verification import store
from feiqian.ledger.verification.model import Fault, Part, Progress, Rule, Stretch

ENTRIES_PER_STRETCH = 250_000
PAGES_PER_SCAN = 20_000
ACCOUNTS_PER_CHAIN = 100_000
"""How much one statement does: enough that its cost is in the rows, little enough to sort in memory."""

_FIRST_ID, _LAST_ID = UUID(int=0), UUID(int=2**128 - 1)

Work = Callable[[Transaction], Awaitable[None]]


class Search:
    """What is found while the pieces are worked off, by several connections of one process."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._done = 0
        self.entries = 0
        self.blocks = 0
        self.parts: list[Part] = []
        self.faults: list[Fault] = []
        self.findings: list[Finding] = []

    async def plan(self, tx: Transaction) -> list[Work]:
        """The pieces, to be taken from the end: the long ones first."""
        loads = await store.account_loads(tx)
        self.entries = sum(load.entries for load in loads)
        works: list[Work] = [self._check_others]
        works += self._chains(await store.block_loads(tx))
        pages = await store.page_count(tx)
        starts = range(0, pages + 1, PAGES_PER_SCAN)
        works += [
            self._scan(first, None if first == starts[-1] else first + PAGES_PER_SCAN) for first in starts
        ]
        stretches = [stretch async for stretch in _stretches(tx, loads)]
        works += [
            self._recompute(stretch) for stretch in sorted(stretches, key=lambda stretch: stretch.entries)
        ]
        self._progress(0, self.entries)
        return works

    def _recompute(self, stretch: Stretch) -> Work:
        async def work(tx: Transaction) -> None:
            self.parts += await store.find_parts(tx, stretch)
            self._done += stretch.entries
            self._progress(self._done, self.entries)

        return work

    def _scan(self, first_page: int, end_page: int | None) -> Work:
        async def work(tx: Transaction) -> None:
            legs = await store.find_disagreeing_legs(tx, first_page=first_page, end_page=end_page)
            self.faults += [_disagreement(leg) for leg in legs]

        return work

    def _chains(self, blocks: list[tuple[str, int, int]]) -> Iterator[Work]:
        self.blocks = len(blocks)
        yield self._find_strays
        first = accounts = 0
        for index, (book, number, count) in enumerate(blocks):
            first = first or number
            accounts += count
            ends_book = index + 1 == len(blocks) or blocks[index + 1][0] != book
            if accounts >= ACCOUNTS_PER_CHAIN or ends_book:
                yield self._chain(book, first, number)
                first = accounts = 0

    def _chain(self, book: str, first: int, last: int) -> Work:
        async def work(tx: Transaction) -> None:
            for block in await store.find_blocks(tx, book=book, first=first, last=last):
                self.faults += _block_faults(block)

        return work

    async def _find_strays(self, tx: Transaction) -> None:
        self.faults += [
            Fault(
                rule=Rule.SEALS,
                what="the block is missing, its accounts' rows are there",
                book=book,
                block=number,
            )
            for book, number in await store.orphaned_blocks(tx)
        ]

        self.faults += [
            Fault(
                rule=Rule.SEALS,
                what="its history begins with other counters than were archived",
                account=account,
            )
            for account in await store.find_openings(tx)
        ]

    async def _check_others(self, tx: Transaction) -> None:
        """The invariants that are not recomputed piece by piece."""
        others = [invariant for invariant in INVARIANTS if invariant.name not in set(Rule)]
        found = {finding.name: finding for finding in await check(tx, domain="ledger", invariants=others)}
        self.findings = [
            found.get(invariant.name)
            or Finding(
                name=invariant.name,
                domain="ledger",
                english=invariant.english,
                chinese=invariant.chinese,
                violations=0,
                sample=[],
            )
            for invariant in INVARIANTS
        ]


async def _stretches(tx: Transaction, loads: list[store.AccountLoad]) -> AsyncIterator[Stretch]:
    """Accounts in order of id, together as many as make a stretch; a busy account is cut where it was sealed."""
    low, entries = _FIRST_ID, 0
    high = low
    for load in loads:
        if load.entries > 2 * ENTRIES_PER_STRETCH:
            if high != low:
                yield Stretch(low=low, high=high, after=None, through=None, entries=entries)
            for after, through, count in _cuts(load, await store.sealed_sequences(tx, load.id)):
                yield Stretch(low=high, high=load.id, after=after, through=through, entries=count)
            low, high, entries = load.id, load.id, 0
            continue
        high, entries = load.id, entries + load.entries
        if entries >= ENTRIES_PER_STRETCH:
            yield Stretch(low=low, high=high, after=None, through=None, entries=entries)
            low, entries = high, 0
    yield Stretch(low=low, high=_LAST_ID, after=None, through=None, entries=entries)


def _cuts(load: store.AccountLoad, sealed: list[int]) -> Iterator[tuple[int | None, int | None, int]]:
    """(after, through, entries) of the stretches of one account."""
    after: int | None = None
    begun, newest = load.begun, load.begun + load.entries
    for last in sealed:
        if last - begun >= ENTRIES_PER_STRETCH and newest - begun > ENTRIES_PER_STRETCH:
            yield after, last, last - begun
            after = begun = last
    yield after, None, newest - begun


def _disagreement(leg: SealedLeg) -> Fault:
    return Fault(
        rule=Rule.LEGS,
        what="contradicts the books, currencies or directions of its accounts, or the leg before it in its transaction",
        transaction=leg.transaction,
        number=leg.number,
        booked_at=leg.booked_at,
    )


def _block_faults(block: store.BlockFound) -> Iterator[Fault]:
    before = block.before or 0
    if not block.chained:
        missing = block.number - before - 1
        what = (
            f"{missing} blocks before it are missing"
            if missing
            else "does not name the root of the block before it"
        )
        yield Fault(rule=Rule.SEALS, what=what, field="previous", book=block.book, block=block.number)
    if not block.rooted:
        what = "is not the hash of the block's header"
        yield Fault(rule=Rule.SEALS, what=what, field="root", book=block.book, block=block.number)
    if not block.covered:
        what = "is not the hash of its accounts' rows"
        yield Fault(rule=Rule.SEALS, what=what, field="content", book=block.book, block=block.number)
    elif not block.counted:
        what = "are not what its accounts' rows count"
        yield Fault(rule=Rule.SEALS, what=what, field="accounts, legs", book=block.book, block=block.number)
