"""SQL of the connections domain."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from feiqian.channels import ShownField
from feiqian.connections.model import (
    Actor,
    Connection,
    ConnectionEvent,
    HistoryLine,
    Outcome,
    SealedVersion,
    Version,
    VersionState,
)
from feiqian.infra.database import Transaction

_CONNECTION = (
    "SELECT id, code, kind, name, state, weight, priority, cost_rate, cost_fixed, limits, audience, in_force,"
    " created_at FROM connections.connection"
)
_VERSION = (
    "SELECT connection, number, state, shown, key_id, made_by, made_at, proposal, tested_at, test_outcome,"
    " test_detail, test_ms, approved_by, in_force_since, retired_at FROM connections.version"
)
_SEALED = (
    "SELECT v.connection, c.code, c.kind, v.number, v.state, v.sealed FROM connections.version v"
    " JOIN connections.connection c ON c.cell = v.cell AND c.id = v.connection"
)


class _VersionRow(Version, frozen=True, kw_only=True):
    """A version as the driver gives it: moments inside JSON are still texts."""

    shown: Any

    def read(self) -> Version:
        return msgspec.structs.replace(self, shown=msgspec.convert(self.shown, tuple[ShownField, ...]))


async def bump_revision(tx: Transaction) -> None:
    """Tell every running process to look again. Changes wait for each other here, so the number tells their order."""
    await tx.execute(
        "INSERT INTO connections.revision (cell, number) VALUES (%s, 1)"
        " ON CONFLICT (cell) DO UPDATE SET number = connections.revision.number + 1",
        (tx.cell,),
    )


async def read_revision(tx: Transaction) -> int:
    return await tx.maybe(int, "SELECT number FROM connections.revision WHERE cell = %s", (tx.cell,)) or 0


async def insert_connection(tx: Transaction, connection: Connection) -> bool:
    """False when the code is taken."""
    inserted = await tx.execute(
        "INSERT INTO connections.connection (cell, id, code, kind, name, state, weight, priority, cost_rate,"
        " cost_fixed, limits, audience, in_force, created_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s::jsonb, %s, %s)"
        " ON CONFLICT (cell, code) DO NOTHING",
        (
            tx.cell,
            connection.id,
            connection.code,
            connection.kind.value,
            connection.name,
            connection.state.value,
            connection.weight,
            connection.priority,
            connection.cost_rate,
            connection.cost_fixed,
            _json(connection.limits),
            _json(connection.audience),
            connection.in_force,
            connection.created_at,
        ),
    )
    return bool(inserted)


async def lock_connection(tx: Transaction, code: str) -> None:
    await tx.execute(
        "SELECT 1 FROM connections.connection WHERE cell = %s AND code = %s FOR UPDATE", (tx.cell, code)
    )


async def read_connection(tx: Transaction, code: str) -> Connection | None:
    return await tx.maybe(Connection, _CONNECTION + " WHERE cell = %s AND code = %s", (tx.cell, code))


async def read_connections(tx: Transaction) -> list[Connection]:
    """All, by priority and code."""
    return await tx.all(Connection, _CONNECTION + " WHERE cell = %s ORDER BY priority, code", (tx.cell,))


async def update_connection(tx: Transaction, connection: Connection) -> None:
    await tx.execute(
        "UPDATE connections.connection SET name = %s, state = %s, weight = %s, priority = %s, cost_rate = %s,"
        " cost_fixed = %s, limits = %s::jsonb, audience = %s::jsonb, in_force = %s WHERE cell = %s AND id = %s",
        (
            connection.name,
            connection.state.value,
            connection.weight,
            connection.priority,
            connection.cost_rate,
            connection.cost_fixed,
            _json(connection.limits),
            _json(connection.audience),
            connection.in_force,
            tx.cell,
            connection.id,
        ),
    )


async def next_version(tx: Transaction, connection: UUID) -> int:
    return await tx.one(
        int,
        "SELECT coalesce(max(number), 0) + 1 FROM connections.version WHERE cell = %s AND connection = %s",
        (tx.cell, connection),
    )


async def insert_version(
    tx: Transaction,
    *,
    connection: UUID,
    number: int,
    sealed: bytes,
    key_id: str,
    shown: list[ShownField],
    made_by: str,
    now: datetime,
) -> None:
    await tx.execute(
        "INSERT INTO connections.version (cell, connection, number, state, sealed, key_id, shown, made_by, made_at)"
        " VALUES (%s, %s, %s, 'proposed', %s, %s, %s::jsonb, %s, %s)",
        (tx.cell, connection, number, sealed, key_id, _json(shown), made_by, now),
    )


async def set_proposal(tx: Transaction, connection: UUID, number: int, proposal: UUID) -> None:
    await tx.execute(
        "UPDATE connections.version SET proposal = %s WHERE cell = %s AND connection = %s AND number = %s",
        (proposal, tx.cell, connection, number),
    )


async def read_versions(tx: Transaction, connection: UUID) -> list[Version]:
    """Newest first."""
    rows = await tx.all(
        _VersionRow,
        _VERSION + " WHERE cell = %s AND connection = %s ORDER BY number DESC",
        (tx.cell, connection),
    )
    return [row.read() for row in rows]


async def read_version(tx: Transaction, connection: UUID, number: int) -> Version | None:
    row = await tx.maybe(
        _VersionRow,
        _VERSION + " WHERE cell = %s AND connection = %s AND number = %s",
        (tx.cell, connection, number),
    )
    return row.read() if row is not None else None


async def set_version_state(
    tx: Transaction, connection: UUID, number: int, state: VersionState, retired_at: datetime | None = None
) -> None:
    await tx.execute(
        "UPDATE connections.version SET state = %s, retired_at = %s"
        " WHERE cell = %s AND connection = %s AND number = %s",
        (state.value, retired_at, tx.cell, connection, number),
    )


async def set_in_force(
    tx: Transaction, connection: UUID, number: int, *, approved_by: str | None, now: datetime
) -> None:
    """The version before is kept for late notices."""
    await tx.execute(
        "UPDATE connections.version SET state = 'kept' WHERE cell = %s AND connection = %s AND state = 'in_force'",
        (tx.cell, connection),
    )
    await tx.execute(
        "UPDATE connections.version SET state = 'in_force', approved_by = %s, in_force_since = %s"
        " WHERE cell = %s AND connection = %s AND number = %s",
        (approved_by, now, tx.cell, connection, number),
    )


async def set_tested(
    tx: Transaction,
    connection: UUID,
    number: int,
    *,
    outcome: Outcome,
    detail: str,
    took_ms: int,
    now: datetime,
) -> None:
    await tx.execute(
        "UPDATE connections.version SET tested_at = %s, test_outcome = %s, test_detail = %s, test_ms = %s"
        " WHERE cell = %s AND connection = %s AND number = %s",
        (now, outcome.value, detail, took_ms, tx.cell, connection, number),
    )


async def read_sealed(tx: Transaction, connection: UUID, number: int) -> SealedVersion | None:
    return await tx.maybe(
        SealedVersion,
        _SEALED + " WHERE v.cell = %s AND v.connection = %s AND v.number = %s",
        (tx.cell, connection, number),
    )


async def read_usable(tx: Transaction) -> list[SealedVersion]:
    """What is in force and what is kept, of every connection that is not retired; newest first."""
    return await tx.all(
        SealedVersion,
        _SEALED + " WHERE v.cell = %s AND v.state IN ('in_force', 'kept') AND c.state <> 'retired'"
        " ORDER BY v.connection, v.number DESC",
        (tx.cell,),
    )


async def lock_all_sealed(tx: Transaction) -> list[SealedVersion]:
    """Every version there is, locked."""
    await tx.execute(
        "SELECT 1 FROM connections.version WHERE cell = %s ORDER BY connection, number FOR UPDATE", (tx.cell,)
    )
    return await tx.all(
        SealedVersion, _SEALED + " WHERE v.cell = %s ORDER BY v.connection, v.number", (tx.cell,)
    )


async def set_sealed(tx: Transaction, connection: UUID, number: int, *, sealed: bytes, key_id: str) -> None:
    await tx.execute(
        "UPDATE connections.version SET sealed = %s, key_id = %s WHERE cell = %s AND connection = %s AND number = %s",
        (sealed, key_id, tx.cell, connection, number),
    )


async def insert_event(
    tx: Transaction,
    connection: UUID,
    *,
    event: ConnectionEvent,
    actor: Actor,
    detail: dict[str, Any],
    now: datetime,
) -> None:
    """Under the connection's lock, so that lines are numbered without gaps."""
    await tx.execute(
        "INSERT INTO connections.event (cell, connection, number, at, event, actor, staff, detail)"
        " SELECT %s, %s, coalesce(max(number), 0) + 1, %s, %s, %s, %s, %s::jsonb FROM connections.event"
        " WHERE cell = %s AND connection = %s",
        (
            tx.cell,
            connection,
            now,
            event.value,
            actor.name,
            actor.staff,
            _json(detail),
            tx.cell,
            connection,
        ),
    )


async def read_history(tx: Transaction, connection: UUID, *, limit: int) -> list[HistoryLine]:
    """Newest first."""
    return await tx.all(
        HistoryLine,
        "SELECT at, event, actor, staff, detail FROM connections.event WHERE cell = %s AND connection = %s"
        " ORDER BY number DESC LIMIT %s",
        (tx.cell, connection, limit),
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
