"""Posting: the one way in which a balance changes."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from feiqian.infra.database import Transaction
from feiqian.ledger import store
from feiqian.ledger.model import AccountRef, NewTransaction, Outcome, PostedTransaction, Result
from feiqian.ledger.rules import Position, decide, refuse_altered, refuse_malformed


async def lock(tx: Transaction, *, refs: Sequence[AccountRef]) -> None:
    """Take the locks of accounts that a later posting will need, where other locks are taken in between.

    Whoever locks accounts first and its own rows afterwards, as the close does, never waits crosswise with another
    that keeps the same order. Accounts that are not open yet have nothing to lock.
    """
    await store.lock_accounts(tx, [ref.id for ref in refs])


async def post(tx: Transaction, *, now: datetime, transactions: Sequence[NewTransaction]) -> list[Result]:
    """Post a batch: each transaction is accepted or refused by itself, in order; accounts open on first use.

    Returns a Result for each, in order. Ids must differ within a batch (ValueError). All accounts of the batch
    are locked once, in order of their ids, and stay locked until the caller's transaction ends.
    """
    if len({transaction.id for transaction in transactions}) != len(transactions):
        raise ValueError("a batch names the same transaction id twice")
    results: dict[UUID, Result] = {}
    fresh: list[NewTransaction] = []
    well_formed: list[NewTransaction] = []
    for transaction in transactions:
        refusal = refuse_malformed(transaction)
        if refusal is None:
            well_formed.append(transaction)
        else:
            results[transaction.id] = Result(transaction.id, Outcome.REFUSED, refusal)
    refs = {ref.id: ref for t in well_formed for leg in t.legs for ref in (leg.debit, leg.credit)}
    positions = await _lock(tx, refs, now)
    # Read after the fence: whoever posted one of these ids before us has committed by now.
    posted = {row.id: row for row in await store.read_transactions(tx, [t.id for t in well_formed])}
    for transaction in well_formed:
        if transaction.id in posted:
            results[transaction.id] = _replayed(transaction, posted[transaction.id])
        else:
            fresh.append(transaction)
    refusals, entries = decide(fresh, positions)
    accepted: list[NewTransaction] = []
    for transaction, refusal in zip(fresh, refusals, strict=True):
        if refusal is None:
            accepted.append(transaction)
        outcome = Outcome.POSTED if refusal is None else Outcome.REFUSED
        results[transaction.id] = Result(transaction.id, outcome, refusal)
    if accepted:
        touched = {entry.account for entry in entries}
        await store.write(tx, accepted, entries, [positions[id] for id in touched], now)
    return [results[transaction.id] for transaction in transactions]


async def post_all(tx: Transaction, *, now: datetime, transactions: Sequence[NewTransaction]) -> list[Result]:
    """Post a batch that stands or falls as a whole: what a business fact does in its own transaction.

    Raises: the first LedgerRefusal; the caller's transaction rolls back and nothing has moved.
    """
    results = await post(tx, now=now, transactions=transactions)
    for result in results:
        if result.refusal is not None:
            raise result.refusal
    return results


async def _lock(tx: Transaction, refs: dict[UUID, AccountRef], now: datetime) -> dict[UUID, Position]:
    if not refs:
        return {}
    ids = list(refs)
    if await store.lock_accounts(tx, ids) < len(ids):
        known = {account.id for account in await store.read_accounts(tx, ids)}
        await store.open_accounts(tx, (refs[id] for id in ids if id not in known), now)
        await store.lock_accounts(tx, ids)
    return {
        account.id: Position(account.ref, account.debits, account.credits, account.sequence)
        for account in await store.read_accounts(tx, ids)
    }


def _replayed(transaction: NewTransaction, posted: PostedTransaction) -> Result:
    refusal = refuse_altered(transaction, posted)
    return Result(transaction.id, Outcome.REFUSED if refusal else Outcome.EXISTS, refusal)
