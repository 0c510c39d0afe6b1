"""What is done again and again however quiet the house is: holds expire, and the invariants are checked."""

import asyncio
from datetime import datetime, timedelta
from functools import partial

import structlog

from feiqian.infra.database import Database
from feiqian.infra.invariants import InvariantReport, StandingInvariants, show_as_metrics
from feiqian.infra.metrics import LEDGER_HOLDS_EXPIRED
from feiqian.kernel.clock import Clock
from feiqian.ledger import expire_holds

LOOK_EVERY_S = 15.0
"""How often a process looks what the last check found, and whether the next is due."""
REST_PER_CHECK = 4
"""A check that takes long is followed by a rest of so many times as long, whatever the schedule."""

log = structlog.get_logger(__name__)


async def expire_due_holds(database: Database, now: datetime) -> int:
    """Let go what is left of every hold whose time is over, a batch at a time; how many there were."""
    expired = 0
    while count := await database.run(partial(expire_holds, now=now)):
        LEDGER_HOLDS_EXPIRED.inc(count)
        expired += count
    if expired:
        log.info("holds_expired", count=expired)
    return expired


async def expire_holds_forever(database: Database, clock: Clock, *, every_s: float) -> None:
    """Round after round, until cancelled. A round that fails is logged, the next one goes on."""
    while True:
        try:
            await expire_due_holds(database, clock.now())
        except Exception:
            log.exception("hold_expiry_failed")
        await asyncio.sleep(every_s)


async def watch_invariants_forever(standing: StandingInvariants, clock: Clock, *, every_s: int) -> None:
    """Show what the last check found as metrics, and check when it is time, until cancelled.

    ``every_s`` is 0 in a process that leaves the checking to others.
    """
    while True:
        try:
            await watch_invariants(standing, clock.now(), every_s=every_s)
        except Exception:
            log.exception("invariant_round_failed")
        await asyncio.sleep(LOOK_EVERY_S)


async def watch_invariants(standing: StandingInvariants, now: datetime, *, every_s: int) -> None:
    """One look: a check if one is due, and then the metrics."""
    report = await standing.latest()
    if every_s and not report.running and is_due(report, now, every_s=every_s) and await standing.check(now):
        report = await standing.latest()
    show_as_metrics(report)


def is_due(report: InvariantReport, now: datetime, *, every_s: int) -> bool:
    """Whether it is time for the next check. One from the future, before the clock was set back, counts for nothing."""
    if report.checked_at is None or report.checked_at > now:
        return True
    rest = timedelta(seconds=max(every_s, REST_PER_CHECK * report.took_ms / 1000))
    return now - report.checked_at >= rest
