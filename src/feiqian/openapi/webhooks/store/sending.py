"""SQL of sending: who takes what to send, and what became of it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from feiqian.infra.database import Transaction
from feiqian.openapi.webhooks.model import Attempt, DisabledReason, Outcome, Result

AT_ONCE = 8
"""Attempts under way at one endpoint, over all workers."""
AT_ONCE_FAILING = 1
"""The same while it fails: one that hangs holds one place, not eight."""


async def lock_due_endpoints(tx: Transaction, *, now: datetime) -> list[UUID]:
    """Endpoints that something is due for, kept from other workers until the end of the transaction.

    Looks at the first of each endpoint's waiting rows only, however many there are.
    """
    return await tx.all(
        UUID,
        "SELECT p.id FROM openapi.endpoint p LEFT JOIN LATERAL ("
        "  SELECT true AS due FROM openapi.notification n WHERE n.cell = p.cell AND n.endpoint = p.id"
        "    AND n.next_at <= %(now)s AND (n.taken_until IS NULL OR n.taken_until <= %(now)s)"
        "  ORDER BY n.next_at, n.event LIMIT 1) w ON p.state = 'active' LEFT JOIN LATERAL ("
        "  SELECT true AS due FROM openapi.notification n WHERE n.cell = p.cell AND n.endpoint = p.id"
        "    AND n.asked_by <> 'schedule' AND n.next_at <= %(now)s"
        "    AND (n.taken_until IS NULL OR n.taken_until <= %(now)s) LIMIT 1) a ON p.state <> 'active'"
        " WHERE p.cell = %(cell)s AND p.deleted_at IS NULL AND coalesce(w.due, a.due) ORDER BY p.id"
        " FOR UPDATE OF p SKIP LOCKED",
        {"cell": tx.cell, "now": now},
    )


async def take_due(
    tx: Transaction,
    *,
    endpoints: Sequence[UUID],
    now: datetime,
    until: datetime,
    limit: int,
    under_way: Collection[tuple[UUID, UUID]],
) -> list[Attempt]:
    """Of each of the locked endpoints what is due first, up to what it may have at once, kept from others ``until`` then.

    A notification waits while an earlier version of its object has not had its first attempt at this endpoint, or has
    it just now. ``under_way`` are (event, endpoint) that this process still sends, whatever the clock says.
    """
    return await tx.all(
        Attempt,
        "WITH due AS MATERIALIZED ("
        "  SELECT n.event, n.endpoint, n.asked_by FROM openapi.endpoint p CROSS JOIN LATERAL ("
        "    SELECT n.event, n.endpoint, n.asked_by, n.next_at FROM openapi.notification n"
        "    WHERE n.cell = p.cell AND n.endpoint = p.id AND n.next_at <= %(now)s"
        "      AND (n.taken_until IS NULL OR n.taken_until <= %(now)s)"
        "      AND (p.state = 'active' OR n.asked_by <> 'schedule')"
        "      AND NOT EXISTS (SELECT FROM unnest(%(events)s::uuid[], %(places)s::uuid[]) AS u(event, endpoint)"
        "        WHERE u.event = n.event AND u.endpoint = n.endpoint)"
        "      AND NOT EXISTS (SELECT FROM openapi.notification e WHERE e.cell = n.cell AND e.endpoint = n.endpoint"
        "        AND e.object = n.object AND e.version < n.version AND e.next_at IS NOT NULL"
        "        AND (e.attempts = 0 OR e.attempts = 1 AND e.taken_until > %(now)s))"
        "    ORDER BY n.next_at, n.event"
        "    LIMIT greatest(0, CASE WHEN p.failing_since IS NULL THEN %(at_once)s ELSE %(failing)s END - ("
        "      SELECT count(*) FROM openapi.notification b"
        "      WHERE b.cell = p.cell AND b.endpoint = p.id AND b.next_at IS NOT NULL AND b.taken_until > %(now)s))"
        "    FOR UPDATE OF n SKIP LOCKED) n"
        "  WHERE p.cell = %(cell)s AND p.id = ANY(%(endpoints)s) LIMIT %(limit)s"
        "), taken AS ("
        "  UPDATE openapi.notification n"
        "  SET taken_until = %(until)s, attempts = n.attempts + 1, step = n.step + 1, asked_by = 'schedule'"
        "  FROM due WHERE n.cell = %(cell)s AND n.event = due.event AND n.endpoint = due.endpoint"
        "  RETURNING n.event, n.endpoint, n.attempts, n.step, due.asked_by"
        "), noted AS ("
        "  INSERT INTO openapi.delivery (cell, event, endpoint, attempt, asked_by, at, outcome)"
        "  SELECT %(cell)s, event, endpoint, attempts, asked_by, %(now)s, 'under_way' FROM taken"
        ") SELECT t.event, t.endpoint, t.attempts AS attempt, t.step, p.url, e.topic, e.object, e.version, e.payload,"
        "    e.occurred_at, (SELECT coalesce(array_agg(s.secret ORDER BY s.version DESC), '{}')"
        "      FROM openapi.endpoint_secret s WHERE s.cell = %(cell)s AND s.endpoint = t.endpoint"
        "      AND (s.signs_until IS NULL OR s.signs_until > %(now)s)) AS secrets"
        "  FROM taken t JOIN openapi.endpoint p ON p.cell = %(cell)s AND p.id = t.endpoint"
        "  JOIN openapi.event e ON e.cell = %(cell)s AND e.id = t.event ORDER BY e.occurred_at, e.id",
        {
            "cell": tx.cell,
            "endpoints": list(endpoints),
            "now": now,
            "until": until,
            "limit": limit,
            "at_once": AT_ONCE,
            "failing": AT_ONCE_FAILING,
            "events": [event for event, _ in under_way],
            "places": [endpoint for _, endpoint in under_way],
        },
    )


async def note_results(tx: Transaction, results: Sequence[Result]) -> None:
    """What became of attempts: on their rows, and on the notification unless it has been taken again or asked for anew.

    What another worker has taken since is that worker's; only that it was delivered counts in any case.
    """
    keys = {
        "cell": tx.cell,
        "events": [each.event for each in results],
        "endpoints": [each.endpoint for each in results],
        "attempts": [each.attempt for each in results],
        "outcomes": [each.outcome.value for each in results],
        "errors": [each.error for each in results],
    }
    await tx.execute(
        "UPDATE openapi.delivery d SET outcome = r.outcome, status = r.status, error = r.error, answer = r.answer,"
        " took_ms = r.took_ms FROM unnest(%(events)s::uuid[], %(endpoints)s::uuid[], %(attempts)s::int[],"
        "   %(outcomes)s::text[], %(statuses)s::int[], %(errors)s::text[], %(answers)s::text[], %(times)s::int[])"
        "   AS r(event, endpoint, attempt, outcome, status, error, answer, took_ms)"
        " WHERE d.cell = %(cell)s AND d.event = r.event AND d.endpoint = r.endpoint AND d.attempt = r.attempt",
        {
            **keys,
            "statuses": [each.status for each in results],
            "answers": [each.answer for each in results],
            "times": [each.took_ms for each in results],
        },
    )
    await tx.execute(
        "UPDATE openapi.notification n SET"
        " taken_until = CASE WHEN n.attempts = r.attempt THEN NULL ELSE n.taken_until END,"
        " last_error = CASE WHEN r.outcome = 'delivered' THEN NULL ELSE coalesce(r.error, r.outcome) END,"
        " delivered_at = coalesce(n.delivered_at, CASE WHEN r.outcome = 'delivered' THEN r.at END),"
        " state = CASE WHEN n.asked_by <> 'schedule' THEN 'pending' WHEN r.outcome = 'delivered' THEN 'delivered'"
        "   WHEN r.next_at IS NULL OR p.state = 'disabled' OR p.deleted_at IS NOT NULL THEN 'failed' ELSE 'pending' END,"
        " next_at = CASE WHEN n.asked_by <> 'schedule' THEN n.next_at"
        "   WHEN p.state <> 'disabled' AND p.deleted_at IS NULL THEN r.next_at END"
        " FROM unnest(%(events)s::uuid[], %(endpoints)s::uuid[], %(attempts)s::int[], %(outcomes)s::text[],"
        "   %(errors)s::text[], %(ats)s::timestamptz[], %(nexts)s::timestamptz[])"
        "   AS r(event, endpoint, attempt, outcome, error, at, next_at)"
        " JOIN openapi.endpoint p ON p.cell = %(cell)s AND p.id = r.endpoint"
        " WHERE n.cell = %(cell)s AND n.event = r.event AND n.endpoint = r.endpoint"
        " AND (n.attempts = r.attempt OR r.outcome = 'delivered')",
        {
            **keys,
            "ats": [each.at for each in results],
            "nexts": [each.next_at for each in results],
        },
    )


async def note_health(tx: Transaction, results: Sequence[Result]) -> None:
    """Since when endpoints fail and how many events were given up; one success begins anew."""
    counted = [each for each in results if each.counts]
    well = {each.endpoint for each in counted if each.outcome is Outcome.DELIVERED}
    failed = [each for each in counted if each.endpoint not in well]
    if well:
        await tx.execute(
            "UPDATE openapi.endpoint SET failing_since = NULL, given_up = 0"
            " WHERE cell = %s AND id = ANY(%s) AND failing_since IS NOT NULL",
            (tx.cell, sorted(well)),
        )
    if failed:
        await tx.execute(
            "UPDATE openapi.endpoint p SET failing_since = coalesce(p.failing_since, r.since),"
            " given_up = p.given_up + r.given_up FROM (SELECT endpoint, min(at) AS since, sum(given_up) AS given_up"
            "   FROM unnest(%s::uuid[], %s::timestamptz[], %s::int[]) AS u(endpoint, at, given_up) GROUP BY endpoint) r"
            " WHERE p.cell = %s AND p.id = r.endpoint AND (p.failing_since IS NULL OR r.given_up > 0)",
            (
                [each.endpoint for each in failed],
                [each.at for each in failed],
                [int(each.given_up) for each in failed],
                tx.cell,
            ),
        )


async def disable(
    tx: Transaction,
    *,
    now: datetime,
    endpoints: Sequence[UUID],
    reason: DisabledReason,
    given_up: int = 0,
    failing_before: datetime | None = None,
) -> list[UUID]:
    """Disable those of the endpoints that have given up so many events and failed since so long; returns them."""
    return await tx.all(
        UUID,
        "UPDATE openapi.endpoint SET state = 'disabled', disabled_reason = %s, changed_at = %s"
        " WHERE cell = %s AND id = ANY(%s) AND state <> 'disabled' AND given_up >= %s"
        " AND (%s::timestamptz IS NULL OR failing_since <= %s) RETURNING id",
        (reason.value, now, tx.cell, list(endpoints), given_up, failing_before, failing_before),
    )
