"""SQL of the partners' face: idempotency keys and the outbox of events."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from feiqian.infra.database import Jsonb, Transaction


class Claim(msgspec.Struct, frozen=True):
    """What an idempotency key was first used for."""

    fingerprint: bytes
    resource: str


class OutboxEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event that a platform is to be told."""

    id: UUID
    platform: UUID
    topic: str
    payload: dict[str, Any]
    occurred_at: datetime
    attempts: int


async def claim_key(
    tx: Transaction, *, platform: UUID, key: str, fingerprint: bytes, resource: str, now: datetime
) -> Claim:
    """Bind a key to a request, unless it is bound; returns what it is bound to."""
    await tx.execute(
        "INSERT INTO openapi.idempotency (cell, platform, key, fingerprint, resource, created_at)"
        " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (tx.cell, platform, key, fingerprint, resource, now),
    )
    return await tx.one(
        Claim,
        "SELECT fingerprint, resource FROM openapi.idempotency WHERE cell = %s AND platform = %s AND key = %s",
        (tx.cell, platform, key),
    )


async def insert_event(tx: Transaction, event: OutboxEvent) -> None:
    await tx.execute(
        "INSERT INTO openapi.outbox (cell, id, platform, topic, payload, occurred_at, next_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (
            tx.cell,
            event.id,
            event.platform,
            event.topic,
            Jsonb(event.payload),
            event.occurred_at,
            event.occurred_at,
        ),
    )


async def take_due(tx: Transaction, *, now: datetime, until: datetime, limit: int) -> list[OutboxEvent]:
    """Events whose delivery is due, oldest first, kept from other deliverers ``until`` a moment."""
    return await tx.all(
        OutboxEvent,
        "WITH due AS (SELECT id FROM openapi.outbox WHERE cell = %s AND next_at <= %s"
        "   ORDER BY next_at, id LIMIT %s FOR UPDATE SKIP LOCKED)"
        " UPDATE openapi.outbox o SET next_at = %s, attempts = attempts + 1 FROM due"
        " WHERE o.cell = %s AND o.id = due.id"
        " RETURNING o.id, o.platform, o.topic, o.payload, o.occurred_at, o.attempts",
        (tx.cell, now, limit, until, tx.cell),
    )


async def set_delivered(tx: Transaction, ids: Sequence[UUID], now: datetime) -> None:
    await tx.execute(
        "UPDATE openapi.outbox SET delivered_at = %s, next_at = NULL, last_error = NULL"
        " WHERE cell = %s AND id = ANY(%s)",
        (now, tx.cell, list(ids)),
    )


async def set_undelivered(tx: Transaction, id: UUID, *, error: str, next_at: datetime | None) -> None:
    await tx.execute(
        "UPDATE openapi.outbox SET last_error = %s, next_at = %s WHERE cell = %s AND id = %s",
        (error, next_at, tx.cell, id),
    )
