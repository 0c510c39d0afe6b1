"""Credentials from the server's settings, or from a sandbox's simulator, as a connection of their own."""

from datetime import datetime

import msgspec
import structlog

from feiqian.channels import ChannelKind, describe
from feiqian.connections import store
from feiqian.connections.credentials import (
    import_credentials,
    place_of,
    require_version,
)
from feiqian.connections.model import SETTINGS, Change, ConnectionState, Cost, Version, VersionState
from feiqian.connections.operations import (
    change_connection,
    create_connection,
    lock_connection,
)
from feiqian.infra.database import Transaction
from feiqian.infra.vault import SecretUnreadable, Vault

log = structlog.get_logger(__name__)


async def import_connection(
    tx: Transaction,
    *,
    now: datetime,
    vault: Vault,
    code: str,
    kind: ChannelKind,
    name: str,
    config: msgspec.Struct,
    cost: Cost | None = None,
) -> Version | None:
    """Make what the settings say the credentials in force; the same again changes nothing.

    Once a person has put credentials in force in the console, the settings do not count any more; neither do they
    while a proposal waits, or for a connection that was retired. ``cost`` is set when the connection is made.
    Returns the version in force; None where there is none. Raises: InvalidRequest.
    """
    if await store.read_connection(tx, code) is None:
        await create_connection(tx, now=now, actor=SETTINGS, code=code, kind=kind, name=name)
        if cost is not None:
            await change_connection(
                tx, now=now, actor=SETTINGS, code=code, change=Change(cost=cost), reason=f"{name} is new"
            )
    connection = await lock_connection(tx, code)
    if connection.state is ConnectionState.RETIRED:
        log.warning("settings_ignored", channel=code, reason="the connection is retired")
        return None
    versions = await store.read_versions(tx, connection.id)
    in_force = next((each for each in versions if each.state is VersionState.IN_FORCE), None)
    if in_force is not None and (
        in_force.approved_by is not None or await _equals(tx, in_force, vault, kind, config)
    ):
        return in_force
    if any(each.state is VersionState.PROPOSED for each in versions):
        log.warning("settings_ignored", channel=code, reason="a proposal waits for a checker")
        return in_force
    made = await import_credentials(tx, now=now, actor=SETTINGS, vault=vault, code=code, config=config)
    log.info("credentials_imported", channel=code, version=made.number)
    return await require_version(tx, connection, made.number)


async def _equals(
    tx: Transaction, version: Version, vault: Vault, kind: ChannelKind, config: msgspec.Struct
) -> bool:
    row = await store.read_sealed(tx, version.connection, version.number)
    assert row is not None
    try:
        content = vault.open(row.sealed, bound_to=place_of(tx.cell, row.connection.hex, row.number))
    except SecretUnreadable as error:
        # The settings have what the vault has lost: a house whose master key is gone starts again.
        log.warning("connection_not_opened", channel=row.code, version=row.number, error=str(error))
        return False
    return content == describe(kind).encode(config)
