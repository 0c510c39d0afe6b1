"""The SQL of routing."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from feiqian.infra.database import Jsonb, Transaction
from feiqian.routing.health import Breaker, BreakerState
from feiqian.routing.model import Decision, MinuteCount, RouteAsk, RuleSet, StoredDecision


class BreakerRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of routing.breaker."""

    code: str
    state: BreakerState
    since: datetime
    until: datetime | None
    openings: int
    reason: str

    @property
    def breaker(self) -> Breaker:
        return Breaker(
            state=self.state, since=self.since, until=self.until, openings=self.openings, reason=self.reason
        )


async def newest_version(tx: Transaction) -> int:
    """The number of the rules in force; 0 before any were set."""
    return await tx.one(
        int, "SELECT coalesce(max(version), 0) FROM routing.rule_set WHERE cell = %s", (tx.cell,)
    )


async def read_rule_set(tx: Transaction, version: int) -> RuleSet | None:
    return await tx.maybe(
        RuleSet,
        "SELECT version, rules, note, made_by, made_at FROM routing.rule_set WHERE cell = %s AND version = %s",
        (tx.cell, version),
    )


async def list_rule_sets(tx: Transaction, *, before: int | None, limit: int) -> list[RuleSet]:
    """Newest first."""
    return await tx.all(
        RuleSet,
        "SELECT version, rules, note, made_by, made_at FROM routing.rule_set"
        " WHERE cell = %s AND (%s::int IS NULL OR version < %s) ORDER BY version DESC LIMIT %s",
        (tx.cell, before, before, limit),
    )


async def insert_rule_set(tx: Transaction, rule_set: RuleSet) -> int:
    """0 when somebody else has set that version meanwhile."""
    return await tx.execute(
        "INSERT INTO routing.rule_set (cell, version, rules, note, made_by, made_at) VALUES (%s, %s, %s, %s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        (
            tx.cell,
            rule_set.version,
            Jsonb(msgspec.to_builtins(rule_set.rules)),
            rule_set.note,
            rule_set.made_by,
            rule_set.made_at,
        ),
    )


async def insert_decision(
    tx: Transaction, *, id: UUID, payment: UUID, at: datetime, ask: RouteAsk, decision: Decision
) -> None:
    await tx.execute(
        "INSERT INTO routing.decision (cell, id, payment, at, ask, decision) VALUES (%s, %s, %s, %s, %s, %s)",
        (
            tx.cell,
            id,
            payment,
            at,
            Jsonb(msgspec.to_builtins(ask)),
            Jsonb(msgspec.to_builtins(decision)),
        ),
    )


async def decisions_of(tx: Transaction, payment: UUID) -> list[StoredDecision]:
    """The decisions for a payment, oldest first."""
    return await tx.all(
        StoredDecision,
        "SELECT id, payment, at, ask, decision FROM routing.decision WHERE cell = %s AND payment = %s ORDER BY id",
        (tx.cell, payment),
    )


async def read_breakers(tx: Transaction) -> list[BreakerRow]:
    return await tx.all(
        BreakerRow,
        'SELECT code, state, since, "until", openings, reason FROM routing.breaker WHERE cell = %s',
        (tx.cell,),
    )


async def write_breaker(tx: Transaction, code: str, breaker: Breaker) -> None:
    """Keep the latest word about a connection; an older one changes nothing."""
    await tx.execute(
        'INSERT INTO routing.breaker AS b (cell, code, state, since, "until", openings, reason)'
        " VALUES (%s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (cell, code) DO UPDATE SET state = excluded.state, since = excluded.since,"
        ' "until" = excluded."until", openings = excluded.openings, reason = excluded.reason'
        " WHERE excluded.since >= b.since",
        (
            tx.cell,
            code,
            breaker.state.value,
            breaker.since,
            breaker.until,
            breaker.openings,
            breaker.reason,
        ),
    )


async def add_counts(tx: Transaction, counts: Sequence[MinuteCount]) -> None:
    """Add what a process has counted since it last did."""
    await tx.execute(
        "INSERT INTO routing.minute AS m (cell, minute, code, method, succeeded, refused, faults, took_ms)"
        " SELECT %s, c.minute, c.code, c.method, c.succeeded, c.refused, c.faults, c.took_ms FROM unnest(%s::timestamptz[],"
        " %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])"
        " AS c (minute, code, method, succeeded, refused, faults, took_ms)"
        " ON CONFLICT (cell, minute, code, method) DO UPDATE SET succeeded = m.succeeded + excluded.succeeded,"
        " refused = m.refused + excluded.refused, faults = m.faults + excluded.faults,"
        " took_ms = m.took_ms + excluded.took_ms",
        (
            tx.cell,
            [each.minute for each in counts],
            [each.code for each in counts],
            [each.method.value for each in counts],
            [each.succeeded for each in counts],
            [each.refused for each in counts],
            [each.faults for each in counts],
            [each.took_ms for each in counts],
        ),
    )


async def forget_counts(tx: Transaction, before: datetime) -> None:
    await tx.execute("DELETE FROM routing.minute WHERE cell = %s AND minute < %s", (tx.cell, before))


async def counts_since(tx: Transaction, since: datetime) -> list[MinuteCount]:
    """Minute by minute, oldest first."""
    return await tx.all(
        MinuteCount,
        "SELECT minute, code, method, succeeded, refused, faults, took_ms FROM routing.minute"
        " WHERE cell = %s AND minute >= %s ORDER BY minute, code, method",
        (tx.cell, since),
    )
