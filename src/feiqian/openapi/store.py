"""SQL of the partners' face: idempotency keys."""

from datetime import datetime
from uuid import UUID

import msgspec

from feiqian.infra.database import Transaction


class Claim(msgspec.Struct, frozen=True):
    """What an idempotency key was first used for."""

    fingerprint: bytes
    resource: str


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
