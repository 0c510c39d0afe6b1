"""Making, changing and switching connections."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from feiqian.channels import ChannelKind, describe
from feiqian.connections import store
from feiqian.connections.model import (
    Actor,
    Audience,
    Change,
    Connection,
    ConnectionEvent,
    ConnectionState,
    ConnectionStateRefused,
    ConnectionUnknown,
    Limits,
    VersionState,
)
from feiqian.connections.rules import check_change, check_code, check_move, check_name
from feiqian.infra.database import Transaction
from feiqian.kernel.errors import InvalidRequest, ReplayAltered
from feiqian.kernel.ids import new_id

HISTORY_SHOWN = 200
REASON_LENGTH_MAX = 500


async def create_connection(
    tx: Transaction, *, now: datetime, actor: Actor, code: str, kind: ChannelKind, name: str
) -> Connection:
    """A draft. The same code again returns the first. Raises: InvalidRequest, ReplayAltered."""
    describe(kind)
    made = Connection(
        id=new_id(now),
        code=check_code(code),
        kind=kind,
        name=check_name(name),
        state=ConnectionState.DRAFT,
        weight=100,
        priority=100,
        cost_rate=Decimal(0),
        cost_fixed=0,
        limits=Limits(),
        audience=Audience(),
        in_force=None,
        created_at=now,
    )
    if await store.insert_connection(tx, made):
        await note(tx, made, now, actor, ConnectionEvent.CREATED, kind=kind.value, name=made.name)
        return made
    found = await require_connection(tx, code)
    for field in ("kind", "name"):
        if getattr(found, field) != getattr(made, field):
            raise ReplayAltered(key=f"code {code}", field=field)
    return found


async def require_connection(tx: Transaction, code: str) -> Connection:
    """Raises: ConnectionUnknown."""
    connection = await store.read_connection(tx, code)
    if connection is None:
        raise ConnectionUnknown(connection=code)
    return connection


async def lock_connection(tx: Transaction, code: str) -> Connection:
    """A connection that nobody else changes meanwhile. Raises: ConnectionUnknown."""
    await store.lock_connection(tx, code)
    return await require_connection(tx, code)


async def change_connection(
    tx: Transaction, *, now: datetime, actor: Actor, code: str, change: Change, reason: str
) -> Connection:
    """Set what is given; the running processes take it within a second or two.

    Raises: ConnectionUnknown, ConnectionStateRefused, InvalidRequest.
    """
    reason = check_reason(reason)
    connection = await lock_connection(tx, code)
    refuse_retired(connection)
    check_change(change, connection.kind)
    changed = _applied(connection, change)
    before, after = _differences(connection, changed)
    if not after:
        return connection
    await store.update_connection(tx, changed)
    await note(tx, changed, now, actor, ConnectionEvent.CHANGED, reason=reason, before=before, after=after)
    return changed


async def pause(tx: Transaction, *, now: datetime, actor: Actor, code: str, reason: str) -> Connection:
    """Take no new payments; everything that is under way goes on. Again changes nothing.

    Raises: ConnectionUnknown, ConnectionStateRefused, InvalidRequest.
    """
    move = (ConnectionState.PAUSED, ConnectionEvent.PAUSED)
    return await _switch(tx, now=now, actor=actor, code=code, reason=reason, move=move)


async def resume(tx: Transaction, *, now: datetime, actor: Actor, code: str, reason: str) -> Connection:
    """Take new payments again. Again changes nothing. Raises: as ``pause``."""
    connection = await require_connection(tx, code)
    if connection.state is ConnectionState.TESTING:
        raise ConnectionStateRefused(
            connection=code, state=connection.state.value, needed=ConnectionState.PAUSED.value
        )
    move = (ConnectionState.ACTIVE, ConnectionEvent.RESUMED)
    return await _switch(tx, now=now, actor=actor, code=code, reason=reason, move=move)


async def retire(tx: Transaction, *, now: datetime, actor: Actor, code: str, reason: str) -> Connection:
    """End the contract: its credentials are used for nothing any more. Raises: as ``pause``."""
    move = (ConnectionState.RETIRED, ConnectionEvent.RETIRED)
    retired = await _switch(tx, now=now, actor=actor, code=code, reason=reason, move=move)
    for version in await store.read_versions(tx, retired.id):
        if version.state in (VersionState.IN_FORCE, VersionState.KEPT):
            await store.set_version_state(
                tx, retired.id, version.number, VersionState.RETIRED, retired_at=now
            )
    return retired


async def _switch(
    tx: Transaction,
    *,
    now: datetime,
    actor: Actor,
    code: str,
    reason: str,
    move: tuple[ConnectionState, ConnectionEvent],
) -> Connection:
    to, event = move
    reason = check_reason(reason)
    connection = await lock_connection(tx, code)
    if connection.state is to:
        return connection
    check_move(connection, to)
    in_force = None if to is ConnectionState.RETIRED else connection.in_force
    switched = msgspec.structs.replace(connection, state=to, in_force=in_force)
    await store.update_connection(tx, switched)
    await note(tx, switched, now, actor, event, reason=reason)
    return switched


async def note(
    tx: Transaction,
    connection: Connection,
    now: datetime,
    actor: Actor,
    event: ConnectionEvent,
    **detail: Any,
) -> None:
    """A line of its history, and a word to every running process; what is None is left out."""
    said = {name: value for name, value in detail.items() if value is not None}
    await store.insert_event(tx, connection.id, event=event, actor=actor, detail=said, now=now)
    await store.bump_revision(tx)


def refuse_retired(connection: Connection) -> None:
    if connection.state is ConnectionState.RETIRED:
        needed = " / ".join(state.value for state in ConnectionState if state is not ConnectionState.RETIRED)
        raise ConnectionStateRefused(connection=connection.code, state=connection.state.value, needed=needed)


def _applied(connection: Connection, change: Change) -> Connection:
    given = {
        "name": check_name(change.name) if change.name is not None else None,
        "weight": change.weight,
        "priority": change.priority,
        "cost_rate": change.cost.rate if change.cost else None,
        "cost_fixed": change.cost.fixed if change.cost else None,
        "limits": change.limits,
        "audience": change.audience,
    }
    return msgspec.structs.replace(
        connection, **{name: value for name, value in given.items() if value is not None}
    )


def _differences(before: Connection, after: Connection) -> tuple[dict[str, Any], dict[str, Any]]:
    """What was and what is, of the fields that differ."""
    old, new = msgspec.to_builtins(before), msgspec.to_builtins(after)
    names = [name for name in old if old[name] != new[name]]
    return {name: old[name] for name in names}, {name: new[name] for name in names}


def check_reason(text: str) -> str:
    text = text.strip()
    if not 1 <= len(text) <= REASON_LENGTH_MAX:
        raise InvalidRequest(field="reason", reason=f"must be 1 to {REASON_LENGTH_MAX} characters")
    return text
