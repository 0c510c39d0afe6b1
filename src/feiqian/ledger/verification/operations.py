"""`feiqian ledger verify`: everything recomputed from the legs alone."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from feiqian.infra.database import Database, Transaction
from feiqian.infra.invariants import SAMPLE_COUNT_MAX, Finding, check
from feiqian.ledger.invariants import INVARIANTS
from feiqian.ledger.seals.model import MARK_BYTES
from feiqian.ledger.verification import store
from feiqian.ledger.verification.model import SEQUENCE_MAX, Fault, Part, Progress, State
from feiqian.ledger.verification.naming import Named, Place, name_faults
from feiqian.ledger.verification.search import Search, Work

NAMED_MAX = 1_000
"""Parts in which rows are looked for, the oldest: where more is broken, these are enough to begin with."""

_NOWHERE = State(sequence=0, debits=0, credits=0, held_debits=0, held_credits=0)
_FAR = datetime.max.replace(tzinfo=UTC)


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What a whole verification found."""

    entries: int
    """Entries that were recomputed."""
    blocks: int
    findings: list[Finding]
    """One for each standing invariant of the ledger."""
    faults: list[Fault]
    """The first first: by block, then by time of booking."""

    @property
    def sound(self) -> bool:
        return not self.faults and all(finding.violations == 0 for finding in self.findings)


async def verify(tx: Transaction) -> list[Finding]:
    """Check every invariant of the ledger over the whole history. A sound ledger has no violations."""
    return await check(tx, domain="ledger", invariants=INVARIANTS)


async def verify_all(database: Database, *, jobs: int, progress: Progress) -> Verified:
    """Recompute every counter, balance, sequence and seal over ``jobs`` connections at one common moment, and name the
    rows at fault."""
    search = Search(progress)
    async with database.snapshot() as tx:
        await store.set_up(tx)
        works = await search.plan(tx)
        moment = await store.export_snapshot(tx)
        helpers = [asyncio.create_task(_help(database, moment, works)) for _ in range(jobs - 1)]
        try:
            await _work_off(tx, works)
            await asyncio.gather(*helpers)
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
        faults = await _name(tx, search)
    return Verified(
        entries=search.entries,
        blocks=search.blocks,
        findings=[_with_faults(finding, faults) for finding in search.findings],
        faults=faults,
    )


async def _help(database: Database, moment: str, works: list[Work]) -> None:
    async with database.snapshot(moment) as tx:
        await store.set_up(tx)
        await _work_off(tx, works)


async def _work_off(tx: Transaction, works: list[Work]) -> None:
    while works:
        await works.pop()(tx)


async def _name(tx: Transaction, search: Search) -> list[Fault]:
    """The faults of every part, each row once, the first first."""
    oldest = sorted(search.parts, key=lambda part: part.booked_at or _FAR)[:NAMED_MAX]
    parts = [(part, await _name_part(tx, part)) for part in oldest]
    altered = [(part, [one for one in named if not await _is_as_sealed(tx, one)]) for part, named in parts]
    # A leg that is still what was sealed is not at fault where another is: it only stands beside that one.
    if any(named for _, named in altered) or search.faults:
        parts = altered
    explained = {side for _, named in parts for one in named for side in one.sides}
    faults = list(search.faults)
    for part, named in parts:
        end = SEQUENCE_MAX if part.through is None else part.through
        known = any(account == part.account and part.after < place <= end for account, place in explained)
        faults += [one.fault for one in named if one.sides or not known]
    return sorted(_each_row_once(faults), key=_place_in_time)


async def _is_as_sealed(tx: Transaction, named: Named) -> bool:
    if named.leg is None:
        return False
    marks = await store.read_marks(tx, account=named.leg.debit, sequence=named.leg.debit_sequence)
    return named.leg.hash[:MARK_BYTES] in {
        marks[at : at + MARK_BYTES] for at in range(0, len(marks), MARK_BYTES)
    }


async def _name_part(tx: Transaction, part: Part) -> list[Named]:
    account = await store.read_account(tx, part.account)
    opening = await store.read_opening(tx, part.account) or _NOWHERE
    before = await store.read_seal(tx, account=part.account, last=part.after) if part.after else None
    if before is None or opening.sequence == part.after:
        before = opening
    after = None
    if part.sealed and part.through is not None:
        after = await store.read_seal(tx, account=part.account, last=part.through)
    elif part.through is not None and account is not None:
        after = State(
            sequence=part.through,
            debits=account.debits,
            credits=account.credits,
            held_debits=account.held_debits,
            held_credits=account.held_credits,
            booked_at=account.booked_at,
        )
    legs = await store.read_legs(
        tx,
        account=part.account,
        after=part.after,
        through=SEQUENCE_MAX if part.through is None else part.through,
    )
    place = Place(id=part.account, account=account, before=before, after=after, sealed=part.sealed)
    return name_faults(place, legs)


def _each_row_once(faults: Iterable[Fault]) -> list[Fault]:
    """Both accounts of a leg may name it: the one that says which field, and in which block, is kept."""
    rows: dict[object, Fault] = {}
    for place, fault in enumerate(faults):
        key = place if fault.transaction is None else (fault.transaction, fault.number)
        other = rows.get(key)
        if other is None or _says_more(fault, other):
            rows[key] = fault
    return list(rows.values())


def _says_more(one: Fault, other: Fault) -> bool:
    return (bool(one.field), one.block is not None, bool(one.book)) > (
        bool(other.field),
        other.block is not None,
        bool(other.book),
    )


def _place_in_time(fault: Fault) -> tuple[bool, int, datetime, int, int]:
    return (
        fault.block is None,
        fault.block or 0,
        fault.booked_at or _FAR,
        fault.number or 0,
        fault.sequence or 0,
    )


def _with_faults(finding: Finding, faults: Sequence[Fault]) -> Finding:
    mine = [fault for fault in faults if fault.rule == finding.name]
    if not mine:
        return finding
    return msgspec.structs.replace(
        finding, violations=len(mine), sample=[str(fault) for fault in mine[:SAMPLE_COUNT_MAX]]
    )
