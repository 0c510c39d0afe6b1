"""Posting: the one way in which a balance changes."""

import time
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import datetime
from uuid import UUID

from feiqian.infra.arrays import moment
from feiqian.infra.database import Transaction
from feiqian.kernel.calendar import business_date
from feiqian.kernel.ids import derived_id
from feiqian.ledger import store
from feiqian.ledger.archive.model import ArchivedContent, short_hashes, unpack_content
from feiqian.ledger.archive.store import read_archived
from feiqian.ledger.chart import CHART
from feiqian.ledger.counting import count_batch
from feiqian.ledger.deciding import decide
from feiqian.ledger.model import AccountRef, Action, Hold, NewTransaction, Outcome, Result
from feiqian.ledger.packing import pack_legs
from feiqian.ledger.positions import Books, HoldPosition, Original, Position
from feiqian.ledger.refusals import BY_CODE, ChainOpen, LedgerRefusal
from feiqian.ledger.rules import (
    Content,
    asked_content,
    is_account_name,
    posted_content,
    refuse_altered,
    refuse_malformed,
)


async def lock(tx: Transaction, *, refs: Sequence[AccountRef]) -> None:
    """Take the locks of accounts that a later posting will need, where other locks are taken in between.

    Whoever locks accounts first and its own rows afterwards, as the close does, never waits crosswise with another
    that keeps the same order. Accounts that are not open yet have nothing to lock.
    """
    await store.lock_accounts(tx, [ref.key for ref in refs])


async def post(tx: Transaction, *, now: datetime, transactions: Sequence[NewTransaction]) -> list[Result]:
    """Post a batch: each transaction is accepted or refused by itself, in order, or together with those it is linked with.

    Returns a Result for each, in order. Accounts of the chart open on first use. All accounts of the batch are locked
    once, in order of their ids, and stay locked until the caller's transaction ends. A refusal that depended on the
    state of the ledger is remembered with the caller's transaction: its id stays refused.
    """
    begun = time.perf_counter()
    first, repeated, known = _sort_out(transactions)
    asked = [transactions[index] for index in first.values()]
    books, fence = await _open_books(tx, asked, now)
    recalled = await _recall(tx, fence)
    for id, (content, refusal) in recalled.items():
        known[first[id]] = _refuse_replay(transactions[first[id]], content) or refusal
    for index, earlier in repeated.items():
        before = recalled.get(transactions[index].id)
        content, refusal = before or (asked_content(transactions[earlier]), None)
        altered = _refuse_replay(transactions[index], content)
        if before is not None or altered is not None:
            known[index] = altered or refusal
    refusals = decide(transactions, books, known, repeated)
    for index, earlier in repeated.items():
        # A chain that failed later on took the earlier one back.
        if index not in known:
            refusals[index] = refusals[earlier]
    await _write(tx, transactions, books, fence)
    fresh = (index for index in first.values() if index not in known)
    await _remember(tx, [(transactions[index], refusals[index]) for index in fresh], now)
    results = _results(transactions, refusals, known.keys() | repeated.keys())
    count_batch(results, time.perf_counter() - begun)
    return results


async def post_all(tx: Transaction, *, now: datetime, transactions: Sequence[NewTransaction]) -> list[Result]:
    """Post a batch that stands or falls as a whole: what a business fact does in its own transaction.

    Raises: the first LedgerRefusal; the caller's transaction rolls back and nothing has moved.
    """
    results = await post(tx, now=now, transactions=transactions)
    for result in results:
        if result.refusal is not None:
            raise result.refusal
    return results


async def expire_holds(tx: Transaction, *, now: datetime, limit: int = 1_000) -> int:
    """Let go what is left of holds whose time is over; returns how many. Run on a schedule."""
    due = await store.due_holds(tx, now=now, limit=limit)
    results = await post(
        tx,
        now=now,
        transactions=[
            NewTransaction(
                id=derived_id("hold_expiry", str(hold.id)),
                kind="hold_expiry",
                action=Action.EXPIRE,
                hold=hold.id,
                business_date=business_date(now),
                effective_at=hold.expires_at or now,
            )
            for hold in due
        ],
    )
    return sum(result.outcome is Outcome.POSTED for result in results)


def _results(
    transactions: Sequence[NewTransaction], refusals: Sequence[LedgerRefusal | None], before: Set[int]
) -> list[Result]:
    return [
        Result(transaction.id, Outcome.REFUSED, refusal)
        if refusal is not None
        else Result(transaction.id, Outcome.EXISTS if index in before else Outcome.POSTED)
        for index, (transaction, refusal) in enumerate(zip(transactions, refusals, strict=True))
    ]


def _sort_out(
    transactions: Sequence[NewTransaction],
) -> tuple[dict[UUID, int], dict[int, int], dict[int, LedgerRefusal | None]]:
    """(first place of each well-formed id, places that repeat an earlier id, refusals of what is malformed)."""
    first: dict[UUID, int] = {}
    repeated: dict[int, int] = {}
    known: dict[int, LedgerRefusal | None] = {}
    for index, transaction in enumerate(transactions):
        refusal = refuse_malformed(transaction)
        if refusal is not None:
            known[index] = refusal
        elif first.setdefault(transaction.id, index) != index:
            repeated[index] = first[transaction.id]
    last = len(transactions) - 1
    if transactions and transactions[last].linked and last not in known:
        known[last] = ChainOpen()
        if repeated.pop(last, None) is None:
            del first[transactions[last].id]
    return first, repeated, known


async def _open_books(
    tx: Transaction, asked: Sequence[NewTransaction], now: datetime
) -> tuple[Books, store.Fence]:
    """Lock everything the batch may touch, and read it."""
    named = [t.hold for t in asked if t.hold is not None]
    # A hold's accounts never change, so they may be read before the locks; what is left of it only after.
    held = await store.read_holds(tx, named) if named else []
    refs: dict[bytes, AccountRef] = {}
    for transaction in asked:
        for leg in transaction.legs:
            refs[leg.debit.key] = leg.debit
            refs[leg.credit.key] = leg.credit
    keys = sorted({*refs, *(key for hold in held for key in (hold.debit.bytes, hold.credit.bytes))})
    ids = [t.id.bytes for t in asked]
    await _open_unseen(tx, refs, now)
    fence = await store.take_fence(tx, keys=keys, ids=ids)
    # What was seen in a transaction that rolled back is not there after all.
    if len(fence.accounts) < len(keys) and await _open(tx, refs, {row[0] for row in fence.accounts}, now):
        fence = await store.take_fence(tx, keys=keys, ids=ids)
    holds = await _lock_holds(tx, held)
    names = refs if not held else {**await _names(tx, set(keys) - refs.keys()), **refs}
    books = Books(_positions(fence, names), now=now, holds={hold.id: HoldPosition(hold) for hold in holds})
    books.originals.update(await _originals(tx, asked))
    return books, fence


async def _open_unseen(tx: Transaction, refs: Mapping[bytes, AccountRef], now: datetime) -> None:
    """Open accounts before any lock is taken: an opener waits for another of the same account, and if it held locks by
    then, the other could be waiting for those. Accounts are never deleted, so each is looked for once a process."""
    seen = store.seen_accounts(tx)
    unseen = refs.keys() - seen
    if unseen:
        found = await store.read_existing(tx, unseen)
        seen |= found
        await _open(tx, {key: refs[key] for key in unseen}, found, now)


async def _open(tx: Transaction, refs: Mapping[bytes, AccountRef], found: Set[bytes], now: datetime) -> bool:
    """Open those of the chart that were not found; whether there were any."""
    openable = [
        ref for key, ref in refs.items() if key not in found and ref.code in CHART and is_account_name(ref)
    ]
    if openable:
        await store.open_accounts(tx, openable, now)
    return bool(openable)


def _positions(fence: store.Fence, refs: dict[bytes, AccountRef]) -> dict[bytes, Position]:
    return {row[0]: Position(refs[row[0]], row) for row in fence.accounts}


async def _names(tx: Transaction, keys: Iterable[bytes]) -> dict[bytes, AccountRef]:
    rows = await store.read_accounts(tx, [UUID(bytes=key) for key in keys])
    return {row.id.bytes: row.ref for row in rows}


async def _lock_holds(tx: Transaction, held: Sequence[Hold]) -> list[Hold]:
    if not held:
        return []
    ids = [hold.id for hold in held]
    await store.lock_holds(tx, ids)
    return await store.read_holds(tx, ids)


async def _originals(tx: Transaction, asked: Sequence[NewTransaction]) -> dict[UUID, Original]:
    """What the batch's reversals may take back, behind the accounts' locks."""
    ids = list({t.reverses for t in asked if t.reverses is not None})
    if not ids:
        return {}
    taken: dict[UUID, dict[tuple[bytes, bytes], int]] = {}
    for reversal in await store.read_reversals(tx, ids):
        pairs = taken.setdefault(reversal.reverses or reversal.id, {})
        for debit, credit, amount in zip(reversal.debits, reversal.credits, reversal.amounts, strict=True):
            pair = (debit.bytes, credit.bytes)
            pairs[pair] = pairs.get(pair, 0) + amount
    posted = await store.read_posted(tx, ids)
    return {
        row.id: Original(row, taken.get(row.id, {}))
        for row in posted
        if row.action in (Action.POST, Action.CAPTURE)
    }


async def _recall(tx: Transaction, fence: store.Fence) -> dict[UUID, tuple[Content, LedgerRefusal | None]]:
    """What was asked before under the same ids, and the refusal of those that were not posted."""
    recalled: dict[UUID, tuple[Content, LedgerRefusal | None]] = {}
    unexplained = {*fence.refused, *fence.known}
    if fence.refused:
        for row in await store.read_refused(tx, fence.refused):
            recalled[row.id] = (row.request, BY_CODE[row.code](**row.facts))
            unexplained.discard(row.id)
    # Two requests of one id over different accounts do not wait for each other: one may be refused while the other is
    # posted. What was posted counts.
    if fence.known:
        for row in await store.read_posted(tx, fence.known):
            recalled[row.id] = (posted_content(row), None)
            unexplained.discard(row.id)
    unexplained |= set(fence.refused) & set(fence.known)
    # Archived before, in between, or up to now in one of its books only.
    if unexplained:
        for row in await read_archived(tx, list(unexplained)):
            recalled[row.id] = (unpack_content(row.content), None)
    return recalled


def _refuse_replay(transaction: NewTransaction, had: Content) -> LedgerRefusal | None:
    asked = asked_content(transaction)
    return refuse_altered(
        transaction.id, short_hashes(asked) if isinstance(had, ArchivedContent) else asked, had
    )


async def _write(
    tx: Transaction, transactions: Sequence[NewTransaction], books: Books, fence: store.Fence
) -> None:
    if not books.rows:
        return
    # Booking time never runs backwards in an account, also when a machine's clock does.
    booked_at = max(books.now, moment(max(row[-1] for row in fence.accounts)))
    await store.write_legs(tx, pack_legs(transactions, books.rows, cell=tx.cell, booked_at=booked_at))
    moved = [p for p in books.positions.values() if p.sequence != p.read_sequence]
    await store.write_counters(tx, moved, booked_at)
    holds = [hold for hold in books.holds.values() if hold.is_new or hold.changed]
    if holds:
        await store.write_holds(tx, holds, booked_at)


async def _remember(
    tx: Transaction, decided: Sequence[tuple[NewTransaction, LedgerRefusal | None]], now: datetime
) -> None:
    rows = [
        store.Refused(
            id=transaction.id,
            code=refusal.code,
            facts={
                name: value if isinstance(value, int) else str(value) for name, value in refusal.facts.items()
            },
            request=asked_content(transaction),
        )
        for transaction, refusal in decided
        if refusal is not None and refusal.remembered
    ]
    if rows:
        await store.write_refused(tx, rows, now)
