"""Standing invariants: SELECTs that must return no row. Each domain lists its own; the worker checks all on a schedule."""

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import LiteralString

import msgspec
import structlog
from psycopg.rows import dict_row

from feiqian.infra.database import Database, Jsonb, Transaction
from feiqian.infra.metrics import INVARIANT_VIOLATIONS, INVARIANTS_CHECK_SECONDS, INVARIANTS_CHECKED

log = structlog.get_logger(__name__)

SAMPLE_COUNT_MAX = 5
STATEMENT_TIMEOUT_S = 3600
"""Of one rule over the whole history."""
_LOCK = 1_229_870_669
"""Who holds this advisory lock, beside the cell, is checking: it ends with the transaction, however that ends."""


class Invariant(msgspec.Struct, frozen=True, kw_only=True):
    """One statement about the data that must always be true. ``sql`` returns the rows that break it."""

    name: str
    english: str
    chinese: str
    sql: LiteralString


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Result of checking one invariant; ``violations`` is 0 when it holds."""

    name: str
    domain: str
    english: str
    chinese: str
    violations: int
    sample: list[str]
    broken_since: datetime | None = None
    """The first of the checks in a row that found it broken; None while it holds, and in a check's own result."""


class InvariantReport(msgspec.Struct, frozen=True, kw_only=True):
    """The last check of everything."""

    checked_at: datetime | None
    """None: never."""
    took_ms: int
    running: bool
    """A check is under way, in any process."""
    items: list[Finding]

    @property
    def broken(self) -> int:
        """How many invariants do not hold."""
        return sum(1 for finding in self.items if finding.violations)


Checks = Callable[[Transaction], Awaitable[list[Finding]]]
"""Checks the invariants of every domain; reads only."""


async def check(
    tx: Transaction,
    *,
    domain: str,
    invariants: Iterable[Invariant],
    parameters: Mapping[str, object] | None = None,
) -> list[Finding]:
    """Run the invariants of a domain. Their SQL may use ``%(cell)s`` and what ``parameters`` names."""
    findings: list[Finding] = []
    for invariant in invariants:
        async with tx.connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(invariant.sql, {"cell": tx.cell, **(parameters or {})})
            rows = await cursor.fetchall()
        findings.append(
            Finding(
                name=invariant.name,
                domain=domain,
                english=invariant.english,
                chinese=invariant.chinese,
                violations=len(rows),
                sample=[", ".join(f"{k}={v}" for k, v in row.items()) for row in rows[:SAMPLE_COUNT_MAX]],
            )
        )
    return findings


class StandingInvariants:
    """All invariants as they were found last, and the one way to find them anew: kept in the database, for all processes."""

    def __init__(self, database: Database, checks: Checks) -> None:
        self._database = database
        self._checks = checks

    async def latest(self) -> InvariantReport:
        """The last check, of any process."""
        async with self._database.reading() as tx:
            rows = await tx.all(_Row, _LATEST, (tx.cell,))
            running = await tx.one(bool, _RUNNING, (_LOCK, tx.cell))
        return InvariantReport(
            checked_at=max((row.checked_at for row in rows), default=None),
            took_ms=max((row.took_ms for row in rows), default=0),
            running=running,
            items=[
                msgspec.convert(msgspec.structs.asdict(row), Finding, from_attributes=True) for row in rows
            ],
        )

    async def check(self, now: datetime) -> bool:
        """Check everything and keep what was found. False: another check is under way, and nothing was done.

        What is broken is logged with its first rows.
        """
        async with self._database.inspecting(statement_timeout_s=STATEMENT_TIMEOUT_S) as tx:
            if not await tx.one(bool, "SELECT pg_try_advisory_xact_lock(%s, %s)", (_LOCK, tx.cell)):
                return False
            begun = time.perf_counter()
            findings = await self._checks(tx)
            took_ms = round((time.perf_counter() - begun) * 1000)
            await self._database.run(lambda kept: _keep(kept, findings, now=now, took_ms=took_ms))
        for finding in findings:
            if finding.violations:
                log.warning(
                    "invariant_broken",
                    domain=finding.domain,
                    name=finding.name,
                    violations=finding.violations,
                    sample=finding.sample,
                )
        return True


def show_as_metrics(report: InvariantReport) -> None:
    """Let this process's metrics say what the last check found, whoever made it."""
    if report.checked_at is None:
        return
    INVARIANT_VIOLATIONS.clear()
    for finding in report.items:
        INVARIANT_VIOLATIONS.labels(domain=finding.domain, name=finding.name).set(finding.violations)
    INVARIANTS_CHECKED.set(report.checked_at.timestamp())
    INVARIANTS_CHECK_SECONDS.set(report.took_ms / 1000)


class _Row(Finding, frozen=True, kw_only=True):
    """A row of standing.invariant."""

    checked_at: datetime
    took_ms: int


_LATEST = (
    "SELECT name, domain, english, chinese, violations, sample, broken_since, checked_at, took_ms"
    " FROM standing.invariant WHERE cell = %s ORDER BY number"
)
_RUNNING = (
    "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = %s AND objid = %s"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
)


async def _keep(tx: Transaction, findings: Sequence[Finding], *, now: datetime, took_ms: int) -> None:
    await tx.execute(
        "DELETE FROM standing.invariant WHERE cell = %s AND name <> ALL(%s)",
        (tx.cell, [finding.name for finding in findings]),
    )
    await tx.execute(
        "INSERT INTO standing.invariant AS i (cell, name, number, domain, english, chinese, violations, sample,"
        " broken_since, checked_at, took_ms)"
        " SELECT %(cell)s, f.name, f.number, f.domain, f.english, f.chinese, f.violations, f.sample,"
        " CASE WHEN f.violations > 0 THEN %(now)s::timestamptz END, %(now)s, %(took_ms)s"
        " FROM ROWS FROM (jsonb_to_recordset(%(found)s) AS (name text, domain text, english text, chinese text,"
        " violations bigint, sample jsonb)) WITH ORDINALITY AS f (name, domain, english, chinese, violations, sample,"
        " number)"
        " ON CONFLICT (cell, name) DO UPDATE SET number = excluded.number, domain = excluded.domain,"
        " english = excluded.english, chinese = excluded.chinese, violations = excluded.violations,"
        " sample = excluded.sample, checked_at = excluded.checked_at, took_ms = excluded.took_ms,"
        " broken_since = CASE WHEN excluded.violations > 0 THEN coalesce(i.broken_since, excluded.checked_at) END",
        {"cell": tx.cell, "now": now, "took_ms": took_ms, "found": Jsonb(msgspec.to_builtins(findings))},
    )
