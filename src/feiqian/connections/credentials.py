"""Proposing credentials, testing them, putting them in force, and letting go of earlier ones."""

from datetime import datetime

import msgspec

from feiqian.channels import describe
from feiqian.connections import store
from feiqian.connections.model import (
    CREDENTIALS,
    Actor,
    Connection,
    ConnectionEvent,
    ConnectionState,
    CredentialsPending,
    CredentialsUntested,
    Outcome,
    Version,
    VersionState,
    VersionStateRefused,
)
from feiqian.connections.operations import check_reason, lock_connection, note, refuse_retired
from feiqian.infra.database import Transaction
from feiqian.infra.vault import Vault, key_id_of
from feiqian.kernel.errors import NotFound
from feiqian.members import Approvals, Proposal, ProposalState, Staff


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
    refuse_retired(connection)
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
    await note(tx, connection, now, actor, ConnectionEvent.PROPOSED, version=number, reason=proposal.reason)
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
    await note(
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
    refuse_retired(connection)
    version = await require_version(tx, connection, int(proposal.payload["version"]))
    if version.state is not VersionState.PROPOSED:
        raise VersionStateRefused(
            version=version.number, state=version.state.value, needed=VersionState.PROPOSED.value
        )
    if version.test_outcome is not Outcome.SUCCEEDED:
        raise CredentialsUntested(version=version.number)
    checker = Actor(proposal.checker_name or "", proposal.checker)
    await _use(tx, connection, version.number, approved_by=checker.name, now=now)
    await note(
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
    await note(tx, connection, now, who, event, version=number, reason=proposal.note)


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
    refuse_retired(connection)
    for version in await store.read_versions(tx, connection.id):
        if version.state is VersionState.PROPOSED:
            raise CredentialsPending(version=version.number)
    number = await _insert_version(tx, now, vault, connection, config, made_by=actor.name)
    await _use(tx, connection, number, approved_by=None, now=now)
    await note(tx, connection, now, actor, ConnectionEvent.IMPORTED, version=number)
    return await require_version(tx, connection, number)


async def retire_version(
    tx: Transaction, *, now: datetime, actor: Actor, code: str, number: int, reason: str
) -> Version:
    """Believe nothing any more that is signed or sealed with earlier credentials.

    Raises: ConnectionUnknown, NotFound, VersionStateRefused, InvalidRequest.
    """
    reason = check_reason(reason)
    connection = await lock_connection(tx, code)
    version = await require_version(tx, connection, number)
    if version.state is not VersionState.KEPT:
        raise VersionStateRefused(version=number, state=version.state.value, needed=VersionState.KEPT.value)
    await store.set_version_state(tx, connection.id, number, VersionState.RETIRED, retired_at=now)
    await note(tx, connection, now, actor, ConnectionEvent.VERSION_RETIRED, version=number, reason=reason)
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
