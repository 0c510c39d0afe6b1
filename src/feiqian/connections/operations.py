"""Making, changing and switching connections; proposing credentials and putting them in force."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from feiqian.channels import ChannelKind, describe
from feiqian.connections import store
from feiqian.connections.model import (
    CREDENTIALS,
    Actor,
    Audience,
    Change,
    Connection,
    ConnectionEvent,
    ConnectionState,
    ConnectionStateRefused,
    ConnectionUnknown,
    CredentialsPending,
    CredentialsUntested,
    Limits,
    Outcome,
    Version,
    VersionState,
    VersionStateRefused,
)
from feiqian.connections.rules import check_change, check_code, check_move, check_name
from feiqian.infra.database import Transaction
from feiqian.infra.vault import Vault, key_id_of
from feiqian.kernel.errors import InvalidRequest, NotFound, ReplayAltered
from feiqian.kernel.ids import new_id
from feiqian.members import Approvals, Proposal, ProposalState, Staff

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
        await _note(tx, made, now, actor, ConnectionEvent.CREATED, kind=kind.value, name=made.name)
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
    reason = _reason(reason)
    connection = await lock_connection(tx, code)
    _refuse_retired(connection)
    check_change(change, connection.kind)
    changed = _applied(connection, change)
    before, after = _differences(connection, changed)
    if not after:
        return connection
    await store.update_connection(tx, changed)
    await _note(tx, changed, now, actor, ConnectionEvent.CHANGED, reason=reason, before=before, after=after)
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
    reason = _reason(reason)
    connection = await lock_connection(tx, code)
    if connection.state is to:
        return connection
    check_move(connection, to)
    in_force = None if to is ConnectionState.RETIRED else connection.in_force
    switched = msgspec.structs.replace(connection, state=to, in_force=in_force)
    await store.update_connection(tx, switched)
    await _note(tx, switched, now, actor, event, reason=reason)
    return switched


async def propose_credentials(
    tx: Transaction,
    *,
    now: datetime,
    vault: Vault,
    approvals: Approvals,
    maker: Staff,
    code: str,
    config: msgspec.Struct,
    reason: str,
) -> Version:
    """Keep new credentials, sealed, and lay them before the checkers. Nothing is used yet.

    Raises: ConnectionUnknown, ConnectionStateRefused, CredentialsPending, PermissionMissing, InvalidRequest.
    """
    connection = await lock_connection(tx, code)
    _refuse_retired(connection)
    for version in await store.read_versions(tx, connection.id):
        if version.state is VersionState.PROPOSED:
            raise CredentialsPending(version=version.number)
    number = await _insert_version(tx, now, vault, connection, config, made_by=maker.name)
    proposal = await approvals.propose(
        tx,
        now=now,
        maker=maker,
        kind=CREDENTIALS,
        subject=code,
        payload={"version": number},
        reason=reason,
    )
    await store.set_proposal(tx, connection.id, number, proposal.id)
    if connection.state is ConnectionState.DRAFT:
        connection = msgspec.structs.replace(connection, state=ConnectionState.TESTING)
        await store.update_connection(tx, connection)
    actor = Actor(maker.name, maker.id)
    await _note(tx, connection, now, actor, ConnectionEvent.PROPOSED, version=number, reason=proposal.reason)
    return await require_version(tx, connection, number)


async def record_probe(
    tx: Transaction,
    *,
    now: datetime,
    actor: Actor,
    code: str,
    number: int,
    outcome: Outcome,
    detail: str,
    took_ms: int,
) -> Version:
    """Keep what a probe came to. Raises: ConnectionUnknown, NotFound."""
    connection = await lock_connection(tx, code)
    await require_version(tx, connection, number)
    await store.set_tested(
        tx, connection.id, number, outcome=outcome, detail=detail, took_ms=took_ms, now=now
    )
    await _note(
        tx,
        connection,
        now,
        actor,
        ConnectionEvent.PROBED,
        version=number,
        outcome=outcome.value,
        said=detail,
    )
    return await require_version(tx, connection, number)


async def put_in_force(tx: Transaction, proposal: Proposal, now: datetime) -> None:
    """What an approval does: from now on calls are signed with these credentials; those before are kept.

    Raises: ConnectionStateRefused, VersionStateRefused, CredentialsUntested: the approval is taken back then.
    """
    connection = await lock_connection(tx, proposal.subject)
    _refuse_retired(connection)
    version = await require_version(tx, connection, int(proposal.payload["version"]))
    if version.state is not VersionState.PROPOSED:
        raise VersionStateRefused(
            version=version.number, state=version.state.value, needed=VersionState.PROPOSED.value
        )
    if version.test_outcome is not Outcome.SUCCEEDED:
        raise CredentialsUntested(version=version.number)
    checker = Actor(proposal.checker_name or "", proposal.checker)
    await _use(tx, connection, version.number, approved_by=checker.name, now=now)
    await _note(
        tx, connection, now, checker, ConnectionEvent.IN_FORCE, version=version.number, reason=proposal.note
    )


async def put_away(tx: Transaction, proposal: Proposal, now: datetime) -> None:
    """What a rejection or a withdrawal does: these credentials are never used."""
    connection = await lock_connection(tx, proposal.subject)
    number = int(proposal.payload["version"])
    withdrawn = proposal.state is ProposalState.WITHDRAWN
    state = VersionState.WITHDRAWN if withdrawn else VersionState.REJECTED
    event = ConnectionEvent.WITHDRAWN if withdrawn else ConnectionEvent.REJECTED
    who = (
        Actor(proposal.maker_name, proposal.maker)
        if withdrawn
        else Actor(proposal.checker_name or "", proposal.checker)
    )
    await store.set_version_state(tx, connection.id, number, state)
    await _note(tx, connection, now, who, event, version=number, reason=proposal.note)


async def import_credentials(
    tx: Transaction,
    *,
    now: datetime,
    actor: Actor,
    vault: Vault,
    code: str,
    config: msgspec.Struct,
) -> Version:
    """Put credentials in force without a checker, for whoever may set the server's settings.

    Raises: ConnectionUnknown, ConnectionStateRefused, InvalidRequest.
    """
    connection = await lock_connection(tx, code)
    _refuse_retired(connection)
    for version in await store.read_versions(tx, connection.id):
        if version.state is VersionState.PROPOSED:
            raise CredentialsPending(version=version.number)
    number = await _insert_version(tx, now, vault, connection, config, made_by=actor.name)
    await _use(tx, connection, number, approved_by=None, now=now)
    await _note(tx, connection, now, actor, ConnectionEvent.IMPORTED, version=number)
    return await require_version(tx, connection, number)


async def retire_version(
    tx: Transaction, *, now: datetime, actor: Actor, code: str, number: int, reason: str
) -> Version:
    """Believe nothing any more that is signed or sealed with earlier credentials.

    Raises: ConnectionUnknown, NotFound, VersionStateRefused, InvalidRequest.
    """
    reason = _reason(reason)
    connection = await lock_connection(tx, code)
    version = await require_version(tx, connection, number)
    if version.state is not VersionState.KEPT:
        raise VersionStateRefused(version=number, state=version.state.value, needed=VersionState.KEPT.value)
    await store.set_version_state(tx, connection.id, number, VersionState.RETIRED, retired_at=now)
    await _note(tx, connection, now, actor, ConnectionEvent.VERSION_RETIRED, version=number, reason=reason)
    return await require_version(tx, connection, number)


async def rewrap_credentials(tx: Transaction, *, vault: Vault) -> int:
    """Wrap every version's data key with the current master key; how many there are.

    Raises: SecretUnreadable naming none of them: nothing has changed then.
    """
    rows = await store.lock_all_sealed(tx)
    for row in rows:
        sealed = vault.rewrap(row.sealed, bound_to=place_of(tx.cell, row.connection.hex, row.number))
        await store.set_sealed(tx, row.connection, row.number, sealed=sealed, key_id=key_id_of(sealed))
    return len(rows)


async def require_version(tx: Transaction, connection: Connection, number: int) -> Version:
    """Raises: NotFound."""
    version = await store.read_version(tx, connection.id, number)
    if version is None:
        raise NotFound(what="version", name=f"{number} of the credentials of {connection.code}")
    return version


def place_of(cell: int, connection: str, number: int) -> str:
    """The one row in which sealed credentials open."""
    return f"connections.version/{cell}/{connection}/{number}"


async def _insert_version(
    tx: Transaction,
    now: datetime,
    vault: Vault,
    connection: Connection,
    config: msgspec.Struct,
    *,
    made_by: str,
) -> int:
    kind = describe(connection.kind)
    number = await store.next_version(tx, connection.id)
    sealed = vault.seal(kind.encode(config), bound_to=place_of(tx.cell, connection.id.hex, number))
    await store.insert_version(
        tx,
        connection=connection.id,
        number=number,
        sealed=sealed,
        key_id=key_id_of(sealed),
        shown=kind.show(config),
        made_by=made_by,
        now=now,
    )
    return number


async def _use(
    tx: Transaction, connection: Connection, number: int, *, approved_by: str | None, now: datetime
) -> None:
    fresh = connection.state in (ConnectionState.DRAFT, ConnectionState.TESTING)
    state = ConnectionState.ACTIVE if fresh else connection.state
    await store.set_in_force(tx, connection.id, number, approved_by=approved_by, now=now)
    await store.update_connection(tx, msgspec.structs.replace(connection, state=state, in_force=number))


async def _note(
    tx: Transaction,
    connection: Connection,
    now: datetime,
    actor: Actor,
    event: ConnectionEvent,
    **detail: Any,
) -> None:
    """A line of its history, and a word to every running process."""
    said = {name: value for name, value in detail.items() if value is not None}
    await store.insert_event(tx, connection.id, event=event, actor=actor, detail=said, now=now)
    await store.bump_revision(tx)


def _refuse_retired(connection: Connection) -> None:
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


def _reason(text: str) -> str:
    text = text.strip()
    if not 1 <= len(text) <= REASON_LENGTH_MAX:
        raise InvalidRequest(field="reason", reason=f"must be 1 to {REASON_LENGTH_MAX} characters")
    return text
