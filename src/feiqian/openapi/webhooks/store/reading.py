"""SQL that shows events, how far they have come, and how well endpoints take them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from feiqian.infra.database import Transaction
from feiqian.openapi.webhooks.model import Event, NotificationState, Outcome

_EVENT = (
    "SELECT e.id, e.platform, e.topic, e.object, e.version, e.payload, e.occurred_at FROM openapi.event e"
)


class EventFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which events are looked for; None does not narrow."""

    platform: UUID | None = None
    topic: str | None = None
    object: str | None = None
    id: UUID | None = None
    endpoint: UUID | None = None
    state: NotificationState | None = None
    """That have come so far at one endpoint at least (at ``endpoint`` when that is given)."""


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """How far an event has come at one endpoint."""

    event: UUID
    endpoint: UUID
    url: str
    """The endpoint's, also of one that was deleted."""
    state: NotificationState
    attempts: int
    next_at: datetime | None
    """When it is tried next; None when it is not."""
    delivered_at: datetime | None
    """When it was taken first."""
    last_error: str | None


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt."""

    endpoint: UUID
    attempt: int
    asked_by: str
    at: datetime
    outcome: Outcome
    status: int | None
    error: str | None
    answer: str | None
    took_ms: int | None


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How well an endpoint takes what it is sent."""

    endpoint: UUID
    pending: int
    waiting_since: datetime | None
    """Since when the oldest pending event waits."""
    delivered: int
    """Attempts that were taken since the given moment."""
    attempts: int
    """All attempts since then."""
    average_ms: int | None
    """Of the attempts that were taken since then."""
    last_delivered_at: datetime | None


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What has not been told yet."""

    pending: int
    oldest_at: datetime | None
    """When the oldest of it happened."""


async def list_events(tx: Transaction, *, only: EventFilter, before: UUID | None, limit: int) -> list[Event]:
    """Newest first."""
    return await tx.all(
        Event,
        _EVENT + " WHERE e.cell = %(cell)s AND (%(before)s::uuid IS NULL OR e.id < %(before)s)"
        " AND (%(platform)s::uuid IS NULL OR e.platform = %(platform)s)"
        " AND (%(topic)s::text IS NULL OR e.topic = %(topic)s)"
        " AND (%(object)s::text IS NULL OR e.object = %(object)s)"
        " AND (%(id)s::uuid IS NULL OR e.id = %(id)s)"
        " AND (%(endpoint)s::uuid IS NULL AND %(state)s::text IS NULL OR EXISTS ("
        "   SELECT FROM openapi.notification n WHERE n.cell = e.cell AND n.event = e.id"
        "   AND (%(endpoint)s::uuid IS NULL OR n.endpoint = %(endpoint)s)"
        "   AND (%(state)s::text IS NULL OR n.state = %(state)s)))"
        " ORDER BY e.id DESC LIMIT %(limit)s",
        {
            "cell": tx.cell,
            "before": before,
            "platform": only.platform,
            "topic": only.topic,
            "object": only.object,
            "id": only.id,
            "endpoint": only.endpoint,
            "state": only.state and only.state.value,
            "limit": limit,
        },
    )


async def read_event(tx: Transaction, id: UUID) -> Event | None:
    return await tx.maybe(Event, _EVENT + " WHERE e.cell = %s AND e.id = %s", (tx.cell, id))


async def notifications_of(tx: Transaction, events: Sequence[UUID]) -> dict[UUID, list[Notification]]:
    """Of each event, in the order in which its endpoints were made."""
    rows = await tx.all(
        Notification,
        "SELECT n.event, n.endpoint, p.url, n.state, n.attempts, n.next_at, n.delivered_at, n.last_error"
        " FROM openapi.notification n JOIN openapi.endpoint p ON p.cell = n.cell AND p.id = n.endpoint"
        " WHERE n.cell = %s AND n.event = ANY(%s) ORDER BY p.created_at, p.id",
        (tx.cell, list(events)),
    )
    found: dict[UUID, list[Notification]] = {event: [] for event in events}
    for row in rows:
        found[row.event].append(row)
    return found


async def deliveries(tx: Transaction, event: UUID) -> list[Delivery]:
    """Every attempt, oldest first."""
    return await tx.all(
        Delivery,
        "SELECT endpoint, attempt, asked_by, at, outcome, status, error, answer, took_ms FROM openapi.delivery"
        " WHERE cell = %s AND event = %s ORDER BY at, endpoint, attempt",
        (tx.cell, event),
    )


async def health(tx: Transaction, endpoints: Sequence[UUID], *, since: datetime) -> dict[UUID, Health]:
    rows = await tx.all(
        Health,
        "SELECT p.id AS endpoint, w.pending, w.waiting_since, d.delivered, d.attempts, d.average_ms, l.at AS last_delivered_at"
        " FROM openapi.endpoint p"
        " CROSS JOIN LATERAL (SELECT count(*) AS pending, min(e.occurred_at) AS waiting_since"
        "   FROM openapi.notification n JOIN openapi.event e ON e.cell = n.cell AND e.id = n.event"
        "   WHERE n.cell = p.cell AND n.endpoint = p.id AND n.next_at IS NOT NULL) w"
        " CROSS JOIN LATERAL (SELECT count(*) AS attempts, count(*) FILTER (WHERE outcome = 'delivered') AS delivered,"
        "   round(avg(took_ms) FILTER (WHERE outcome = 'delivered'))::int AS average_ms FROM openapi.delivery d"
        "   WHERE d.cell = p.cell AND d.endpoint = p.id AND d.at > %s) d"
        " LEFT JOIN LATERAL (SELECT at FROM openapi.delivery d WHERE d.cell = p.cell AND d.endpoint = p.id"
        "   AND d.outcome = 'delivered' ORDER BY at DESC LIMIT 1) l ON true"
        " WHERE p.cell = %s AND p.id = ANY(%s)",
        (since, tx.cell, list(endpoints)),
    )
    return {row.endpoint: row for row in rows}


async def waiting(tx: Transaction) -> Waiting:
    """Over all endpoints."""
    return await tx.one(
        Waiting,
        "SELECT count(*) AS pending, min(e.occurred_at) AS oldest_at FROM openapi.notification n"
        " JOIN openapi.event e ON e.cell = n.cell AND e.id = n.event WHERE n.cell = %s AND n.next_at IS NOT NULL",
        (tx.cell,),
    )


async def count_given_up(tx: Transaction, *, since: datetime) -> int:
    """Notifications of events since then that were given up and not resent."""
    return await tx.one(
        int,
        "SELECT count(*) FROM openapi.notification n JOIN openapi.event e ON e.cell = n.cell AND e.id = n.event"
        " WHERE n.cell = %s AND n.state = 'failed' AND e.occurred_at > %s",
        (tx.cell, since),
    )
