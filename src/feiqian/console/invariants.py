"""Whether the books are sound: every domain's standing invariants, checked on request and remembered for a minute."""

import asyncio
from datetime import datetime, timedelta
from typing import TypeAlias

import msgspec
from litestar import get
from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation

from feiqian import clearing, credit, finance, ledger, lending, payments, reconciliation
from feiqian.console.given import GivenClock, GivenDatabase
from feiqian.infra.database import Database
from feiqian.infra.invariants import Finding, Invariant, check

REMEMBERED_FOR = timedelta(seconds=60)
"""The check reads the whole history: many readers share one result."""
LOOKED_AT_EVERY = timedelta(minutes=10)
"""How old a result may be while somebody looks at the overview."""

CHECKED: dict[str, tuple[Invariant, ...]] = {
    "payments": payments.INVARIANTS,
    "clearing": clearing.INVARIANTS,
    "reconciliation": reconciliation.INVARIANTS,
    "finance": finance.INVARIANTS,
    "credit": credit.INVARIANTS,
    "lending": lending.INVARIANTS,
}
"""The ledger's own are checked first, by its ``verify``."""


class InvariantReport(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a check of everything."""

    checked_at: datetime
    items: list[Finding]

    @property
    def broken(self) -> int:
        """How many invariants do not hold."""
        return sum(1 for finding in self.items if finding.violations)


class InvariantWatch:
    """Checks all invariants, at most one check at a time."""

    def __init__(self) -> None:
        self.latest: InvariantReport | None = None
        """The newest result of this process, however old."""
        self._checking = asyncio.Lock()

    async def report(
        self, database: Database, now: datetime, *, fresh_for: timedelta = REMEMBERED_FOR
    ) -> InvariantReport:
        """The newest result if it is fresh, else a new one."""
        async with self._checking:
            # A story's clock may jump: a result from the future is as stale as an old one.
            if self.latest is None or not timedelta() <= now - self.latest.checked_at <= fresh_for:
                self.latest = await _check_all(database, now)
            return self.latest


GivenWatch: TypeAlias = NamedDependency[SkipValidation[InvariantWatch]]


def provide_watch() -> Provide:
    """One watch for each application."""
    only = InvariantWatch()
    return Provide(lambda: only, sync_to_thread=False)


@get("/invariants")
async def invariants(database: GivenDatabase, clock: GivenClock, watch: GivenWatch) -> InvariantReport:
    """What must always hold, and the first rows that break it."""
    return await watch.report(database, clock.now())


async def _check_all(database: Database, now: datetime) -> InvariantReport:
    # One snapshot for each domain: a check of one minute must not hold back what vacuum may clean for longer.
    async with database.reading() as tx:
        found = await ledger.verify(tx)
    for domain, invariants in CHECKED.items():
        async with database.reading() as tx:
            found += await check(tx, domain=domain, invariants=invariants)
    return InvariantReport(checked_at=now, items=found)
