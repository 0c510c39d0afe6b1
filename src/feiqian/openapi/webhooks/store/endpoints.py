"""SQL of endpoints and their secrets."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from feiqian.infra.database import Transaction
from feiqian.openapi.webhooks.model import Endpoint

_ENDPOINT = (
    "SELECT id, platform, url, description, topics, state, disabled_reason, failing_since, given_up, created_at,"
    " changed_at FROM openapi.endpoint"
)


async def insert_endpoint(tx: Transaction, endpoint: Endpoint) -> bool:
    """False when it is there already, by its id or its URL."""
    return bool(
        await tx.execute(
            "INSERT INTO openapi.endpoint (cell, id, platform, url, description, topics, state, created_at, changed_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (
                tx.cell,
                endpoint.id,
                endpoint.platform,
                endpoint.url,
                endpoint.description,
                list(endpoint.topics),
                endpoint.state.value,
                endpoint.created_at,
                endpoint.changed_at,
            ),
        )
    )


async def update_endpoint(tx: Transaction, endpoint: Endpoint) -> None:
    """What can be changed about an endpoint; one that was deleted is there again."""
    await tx.execute(
        "UPDATE openapi.endpoint SET url = %s, description = %s, topics = %s, state = %s, disabled_reason = %s,"
        " failing_since = %s, given_up = %s, changed_at = %s, deleted_at = NULL WHERE cell = %s AND id = %s",
        (
            endpoint.url,
            endpoint.description,
            list(endpoint.topics),
            endpoint.state.value,
            endpoint.disabled_reason and endpoint.disabled_reason.value,
            endpoint.failing_since,
            endpoint.given_up,
            endpoint.changed_at,
            tx.cell,
            endpoint.id,
        ),
    )


async def delete_endpoint(tx: Transaction, id: UUID, *, now: datetime) -> None:
    """The row stays for what was sent to it; its secrets go."""
    await tx.execute(
        "UPDATE openapi.endpoint SET deleted_at = %s WHERE cell = %s AND id = %s", (now, tx.cell, id)
    )
    await tx.execute("DELETE FROM openapi.endpoint_secret WHERE cell = %s AND endpoint = %s", (tx.cell, id))


async def lock_endpoint(tx: Transaction, id: UUID) -> Endpoint | None:
    await tx.execute("SELECT 1 FROM openapi.endpoint WHERE cell = %s AND id = %s FOR UPDATE", (tx.cell, id))
    return await read_endpoint(tx, id)


async def read_endpoint(tx: Transaction, id: UUID) -> Endpoint | None:
    return await tx.maybe(
        Endpoint, _ENDPOINT + " WHERE cell = %s AND id = %s AND deleted_at IS NULL", (tx.cell, id)
    )


async def find_endpoint(tx: Transaction, platform: UUID, url: str) -> Endpoint | None:
    return await tx.maybe(
        Endpoint,
        _ENDPOINT + " WHERE cell = %s AND platform = %s AND url = %s AND deleted_at IS NULL",
        (tx.cell, platform, url),
    )


async def list_endpoints(tx: Transaction, platform: UUID | None = None) -> list[Endpoint]:
    """In the order in which they were made."""
    return await tx.all(
        Endpoint,
        _ENDPOINT + " WHERE cell = %s AND deleted_at IS NULL AND (%s::uuid IS NULL OR platform = %s)"
        " ORDER BY created_at, id",
        (tx.cell, platform, platform),
    )


async def endpoint_urls(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, str]:
    """Of those that were deleted too."""
    rows = await tx.tuples(
        "SELECT id, url FROM openapi.endpoint WHERE cell = %s AND id = ANY(%s)", (tx.cell, list(ids))
    )
    return dict(rows)


async def listening(tx: Transaction, platforms: Sequence[UUID]) -> set[UUID]:
    """Which of these platforms have an endpoint."""
    return set(
        await tx.all(
            UUID,
            "SELECT DISTINCT platform FROM openapi.endpoint"
            " WHERE cell = %s AND platform = ANY(%s) AND deleted_at IS NULL",
            (tx.cell, list(platforms)),
        )
    )


async def insert_secret(tx: Transaction, endpoint: UUID, *, secret: str, now: datetime) -> int:
    """A secret from now on; returns its version."""
    return await tx.one(
        int,
        "INSERT INTO openapi.endpoint_secret (cell, endpoint, version, secret, created_at)"
        " SELECT %s, %s, coalesce(max(version), 0) + 1, %s, %s FROM openapi.endpoint_secret"
        " WHERE cell = %s AND endpoint = %s RETURNING version",
        (tx.cell, endpoint, secret, now, tx.cell, endpoint),
    )


async def end_secrets(tx: Transaction, endpoint: UUID, *, at: datetime) -> None:
    """Those that have no end yet sign until then."""
    await tx.execute(
        "UPDATE openapi.endpoint_secret SET signs_until = least(signs_until, %s) WHERE cell = %s AND endpoint = %s",
        (at, tx.cell, endpoint),
    )


async def give_up_waiting(tx: Transaction, endpoints: Sequence[UUID], *, reason: str) -> None:
    """What waits for these endpoints is not sent to them."""
    await tx.execute(
        "UPDATE openapi.notification SET state = 'failed', next_at = NULL, last_error = coalesce(last_error, %s)"
        " WHERE cell = %s AND endpoint = ANY(%s) AND next_at IS NOT NULL",
        (reason, tx.cell, list(endpoints)),
    )
