"""SQL that writes events, each with a notification for every endpoint that listens."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from feiqian.infra.database import Jsonb, Transaction
from feiqian.kernel.ids import new_id
from feiqian.openapi.webhooks.model import NewEvent


async def tell_platforms(tx: Transaction, events: Sequence[NewEvent]) -> None:
    """All of them and their notifications in one statement.

    The object's row is locked by the fact's transaction, so its numbers are handed out one after the other; where it
    is not, the second writer of a number runs again.
    """
    await tx.execute(
        "WITH told AS ("
        "  SELECT t.*, row_number() OVER (PARTITION BY t.object ORDER BY t.place) + coalesce((SELECT max(e.version)"
        "    FROM openapi.event e WHERE e.cell = %(cell)s AND e.object = t.object), 0) AS version"
        "  FROM unnest(%(ids)s::uuid[], %(platforms)s::uuid[], %(topics)s::text[], %(objects)s::text[],"
        "    %(payloads)s::jsonb[], %(times)s::timestamptz[])"
        "    WITH ORDINALITY AS t(id, platform, topic, object, payload, at, place)"
        "), written AS ("
        "  INSERT INTO openapi.event (cell, id, platform, topic, object, version, payload, occurred_at)"
        "  SELECT %(cell)s, id, platform, topic, object, version, payload, at FROM told"
        "  RETURNING id, platform, topic, object, version, occurred_at"
        ") INSERT INTO openapi.notification (cell, event, endpoint, object, version, state, next_at)"
        "  SELECT %(cell)s, w.id, p.id, w.object, w.version, 'pending', w.occurred_at FROM written w"
        "  JOIN openapi.endpoint p ON p.cell = %(cell)s AND p.platform = w.platform AND p.deleted_at IS NULL"
        "    AND p.state <> 'disabled' AND (p.topics = '{}' OR w.topic = ANY(p.topics))",
        {
            "cell": tx.cell,
            "ids": [new_id(event.at) for event in events],
            "platforms": [event.platform for event in events],
            "topics": [event.topic for event in events],
            "objects": [event.object for event in events],
            "payloads": [Jsonb(event.payload) for event in events],
            "times": [event.at for event in events],
        },
    )


async def insert_event_for(tx: Transaction, event: NewEvent, *, id: UUID) -> None:
    """An event that no endpoint is told of by itself."""
    await tx.execute(
        "INSERT INTO openapi.event (cell, id, platform, topic, object, version, payload, occurred_at)"
        " SELECT %s, %s, %s, %s, %s, coalesce(max(version), 0) + 1, %s, %s FROM openapi.event"
        " WHERE cell = %s AND object = %s",
        (
            tx.cell,
            id,
            event.platform,
            event.topic,
            event.object,
            Jsonb(event.payload),
            event.at,
            tx.cell,
            event.object,
        ),
    )


async def ask_for(
    tx: Transaction, event: UUID, endpoints: Sequence[UUID], *, now: datetime, asked_by: str
) -> int:
    """Have an event sent to these endpoints now, from the beginning of the schedule; returns to how many."""
    return await tx.execute(
        "INSERT INTO openapi.notification (cell, event, endpoint, object, version, state, next_at, asked_by)"
        " SELECT e.cell, e.id, p.id, e.object, e.version, 'pending', %s, %s FROM openapi.event e"
        " JOIN openapi.endpoint p ON p.cell = e.cell AND p.platform = e.platform AND p.id = ANY(%s)"
        " WHERE e.cell = %s AND e.id = %s ORDER BY p.id"
        " ON CONFLICT (cell, event, endpoint) DO UPDATE"
        " SET state = 'pending', next_at = excluded.next_at, asked_by = excluded.asked_by, step = 0",
        (now, asked_by, list(endpoints), tx.cell, event),
    )


async def endpoints_of(tx: Transaction, event: UUID) -> list[UUID]:
    """The endpoints, disabled ones left out, that an event is for: those that listen to its topic, or were told of it."""
    return await tx.all(
        UUID,
        "SELECT p.id FROM openapi.event e JOIN openapi.endpoint p ON p.cell = e.cell AND p.platform = e.platform"
        " WHERE e.cell = %s AND e.id = %s AND p.deleted_at IS NULL AND p.state <> 'disabled'"
        " AND (e.topic <> 'test.ping' AND (p.topics = '{}' OR e.topic = ANY(p.topics)) OR EXISTS ("
        "   SELECT FROM openapi.notification n WHERE n.cell = e.cell AND n.event = e.id AND n.endpoint = p.id))"
        " ORDER BY p.id",
        (tx.cell, event),
    )
