"""The whole of `feiqian bench ledger`: a database of its own, scenario after scenario, and the books verified at the end."""

import os
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from feiqian.bench.ledger import store
from feiqian.bench.ledger.batches import ScenarioResult, fund, grow_in, measure
from feiqian.bench.ledger.database import own_database
from feiqian.bench.ledger.pgledger import measure_pgledger
from feiqian.bench.ledger.scenarios import ACCOUNT_COUNT, account, scenarios
from feiqian.bench.ledger.singles import SINGLES, measure_singles
from feiqian.bench.processes import BenchFailed, own_memory_peak_mb, percentile
from feiqian.infra.database import Database
from feiqian.kernel.clock import SystemClock
from feiqian.ledger import statement, verify_all

STATEMENT_COUNT = 500
VERIFY_TIMEOUT_S = 3_600
BULK_TIMEOUT_S = 7_200


class LedgerResult(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured."""

    scenarios: list[ScenarioResult]
    entries: int
    """In the table at the end."""
    statement_p50_ms: float
    """A page of fifty entries of an account chosen at random, with the table as it is at the end."""
    statement_p99_ms: float
    verify_entries_per_s: float
    verified: bool
    """Every counter, balance and sequence recomputed and found right."""
    memory_mb: float
    """Of the process that posted the batches."""


class LedgerTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What to measure, and how."""

    name_part: str = ""
    """Only scenarios with this in their name."""
    entries: int = 0
    """In the table before it begins."""
    seconds: float
    """For each scenario."""
    rate: float
    """Single calls a second that are offered to the HTTP API."""
    port: int
    """Of the server that takes them."""
    pgledger: Sequence[Path] = ()
    """SQL files of pgledger, in order of loading; empty: not measured."""


async def bench_ledger(terms: LedgerTerms, *, say: Callable[[str], None]) -> LedgerResult:
    """Measure on a database of its own; ``say`` is told what is being done.

    Raises: BenchFailed.
    """
    clock = SystemClock()
    with own_database() as server:
        async with (
            Database(server.url, statement_timeout_s=300) as database,
            Database(server.admin_url, role=None, statement_timeout_s=BULK_TIMEOUT_S) as admin,
        ):
            held = 0
            if terms.entries:
                say(f"writing {terms.entries:,} entries")
                held = await store.preload(admin, entries=terms.entries)
            say("opening accounts")
            await fund(database, clock)
            if held:
                await grow_in(database, clock)
                await store.settle(admin)
            results: list[ScenarioResult] = []
            singles = [name for name in SINGLES if terms.name_part in name]
            if singles:
                say("single calls over HTTP")
                results += await measure_singles(
                    server,
                    singles,
                    seconds=terms.seconds,
                    rate=terms.rate,
                    port=terms.port,
                    entries_before=held,
                )
            for scenario in scenarios(terms.name_part):
                say(scenario.name)
                await store.settle(admin)
                results.append(
                    await measure(
                        database, admin, scenario, clock=clock, seconds=terms.seconds, entries_before=held
                    )
                )
            if terms.pgledger:
                say("pgledger")
                results += await measure_pgledger(admin, terms.pgledger, seconds=terms.seconds)
            if not results:
                raise BenchFailed(f"no scenario's name contains {terms.name_part!r}")
            say("statements, and every balance verified")
            return await _finish(database, results)


async def _finish(database: Database, results: list[ScenarioResult]) -> LedgerResult:
    memory_mb = own_memory_peak_mb()
    pages = await _statements(database)
    begun = time.perf_counter()
    report = await verify_all(database, jobs=os.cpu_count() or 1, progress=lambda _, __: None)
    took = time.perf_counter() - begun
    return LedgerResult(
        scenarios=[msgspec.structs.replace(result, verified=report.sound) for result in results],
        entries=report.entries,
        statement_p50_ms=round(percentile(pages, 50) * 1000, 2),
        statement_p99_ms=round(percentile(pages, 99) * 1000, 2),
        verify_entries_per_s=round(report.entries / took, 1),
        verified=report.sound,
        memory_mb=round(memory_mb, 1),
    )


async def _statements(database: Database) -> list[float]:
    choose = random.Random(1)
    took: list[float] = []
    async with database.reading() as tx:
        for _ in range(STATEMENT_COUNT):
            ref = account(choose.randrange(ACCOUNT_COUNT), limited=False)
            begun = time.perf_counter()
            await statement(tx, ref=ref, limit=50)
            took.append(time.perf_counter() - begun)
    return took
