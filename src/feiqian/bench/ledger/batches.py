"""Batches posted in process, one after the other without a pause: what the ledger can carry at most."""

import time
from itertools import islice

import msgspec

from feiqian.bench.ledger import postings, store
from feiqian.bench.ledger.scenarios import (
    ACCOUNT_COUNT,
    FUNDS,
    Scenario,
    account,
    new_ids,
    trade,
)
from feiqian.bench.processes import percentile
from feiqian.infra.database import Database
from feiqian.kernel.clock import Clock
from feiqian.ledger import NewTransaction, Outcome, post, post_all

WARM_UP_BATCHES = 2
GROWN_IN_COUNT = 400_000
"""Transactions posted after a table was filled in bulk, before anything is measured: its indexes were packed full, and each
account's end in them is split once."""
READY_COUNT = 40_000
"""Transactions made before the clock runs, again and again: making them is the caller's time, not the ledger's."""


class ScenarioResult(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured."""

    scenario: str
    entries_before: int
    """Already in the table when it began."""
    transactions_per_s: float
    p50_ms: float
    """Of one batch, or of one call."""
    p99_ms: float
    transactions: int
    refused: int
    dropped: int = 0
    """Requests that were due and could not be sent, because every client was still waiting."""
    bytes_per_transaction: float | None = None
    """Growth of the legs' table and all of its indexes; None where too little was written to say."""
    memory_mb: float | None = None
    """The most that the server has had resident; None where the bench itself posts."""
    verified: bool | None = None
    """Whether every balance was found right at the end."""


async def fund(database: Database, clock: Clock) -> None:
    """Open the accounts; those with a limit are given what they will spend."""
    now = clock.now()
    make_id = new_ids(now)
    for first in range(0, ACCOUNT_COUNT, 1_000):
        batch = [
            postings.funding(
                make_id(), account(number, limited=False), account(number, limited=True), FUNDS, now=now
            )
            for number in range(first, first + 1_000)
        ]
        await database.run(lambda tx, batch=batch: post_all(tx, now=now, transactions=batch))


async def grow_in(database: Database, clock: Clock) -> None:
    """Post until indexes are as they are where rows came one after the other."""
    scenario = Scenario(name="grow-in", batch=4_000)
    for batch in islice(trade(scenario, now=clock.now()), GROWN_IN_COUNT // scenario.batch):
        await _post(database, clock, batch)


async def measure(
    database: Database,
    admin: Database,
    scenario: Scenario,
    *,
    clock: Clock,
    seconds: float,
    entries_before: int,
) -> ScenarioResult:
    """Post for so long, then give the figures."""
    batches = trade(scenario, now=clock.now())
    for _ in range(WARM_UP_BATCHES):
        await _post(database, clock, next(batches))
    size = await store.leg_bytes(admin)
    took: list[float] = []
    posted = refused = 0
    ready: list[list[NewTransaction]] = []
    while sum(took) < seconds:
        if not ready:
            ready = [next(batches) for _ in range(max(2, READY_COUNT // scenario.batch) // 2 * 2)]
            ready.reverse()
        batch = ready.pop()
        begun = time.perf_counter()
        outcomes = await _post(database, clock, batch)
        took.append(time.perf_counter() - begun)
        accepted = outcomes.count(Outcome.POSTED)
        posted += accepted
        refused += len(outcomes) - accepted
    grown = await store.leg_bytes(admin) - size
    return ScenarioResult(
        scenario=scenario.name,
        entries_before=entries_before,
        transactions_per_s=round(posted / sum(took), 1),
        p50_ms=round(percentile(took, 50) * 1000, 2),
        p99_ms=round(percentile(took, 99) * 1000, 2),
        transactions=posted,
        refused=refused,
        bytes_per_transaction=round(grown / posted, 1) if posted >= READY_COUNT else None,
    )


async def _post(database: Database, clock: Clock, batch: list[NewTransaction]) -> list[Outcome]:
    now = clock.now()
    results = await database.run(lambda tx: post(tx, now=now, transactions=batch))
    return [result.outcome for result in results]
