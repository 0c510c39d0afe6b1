"""What staff do with credentials: proposing them, and testing them against the channel before they are used."""

import time
from collections.abc import Mapping

from feiqian.channels import ChannelError, ChannelUnknown, describe
from feiqian.connections import store
from feiqian.connections.credentials import (
    place_of,
    propose_credentials,
    put_away,
    put_in_force,
    record_probe,
    require_version,
)
from feiqian.connections.live import open_channel
from feiqian.connections.model import CREDENTIALS, Actor, ConnectionNotOpen, Outcome, Version
from feiqian.connections.operations import (
    require_connection,
)
from feiqian.infra.database import Database
from feiqian.infra.http import HttpClient
from feiqian.infra.vault import SecretUnreadable, Vault, VaultKeyUnusable
from feiqian.kernel.clock import Clock
from feiqian.kernel.errors import InvalidRequest
from feiqian.members import Approvals, Permission, Procedure, Staff

DETAIL_LENGTH_MAX = 500
HIDDEN = "•••"

PROCEDURE = Procedure(
    kind=CREDENTIALS,
    chinese="渠道凭证",
    english="Channel credentials",
    maker=Permission.CREDENTIALS_PROPOSE,
    checker=Permission.CREDENTIALS_APPROVE,
    execute=put_in_force,
    dismiss=put_away,
)
"""New credentials are proposed by one person and put in force by another."""


class ConnectionDesk:
    """Takes credentials in, and calls channels between two transactions."""

    def __init__(
        self, *, database: Database, vault: Vault, http: HttpClient, clock: Clock, approvals: Approvals
    ) -> None:
        self._database = database
        self._vault = vault
        self._http = http
        self._clock = clock
        self._approvals = approvals

    async def propose(self, maker: Staff, *, code: str, texts: Mapping[str, str], reason: str) -> Version:
        """Credentials as the form of the kind gives them. Raises: as ``propose_credentials``."""
        async with self._database.reading() as tx:
            kind = describe((await require_connection(tx, code)).kind)
        config = kind.config_from_texts(texts)
        # Keys that do not parse are refused here, not when they are first needed.
        kind.open(config, self._http)
        return await self._database.run(
            lambda tx: propose_credentials(
                tx,
                now=self._clock.now(),
                vault=self._vault,
                approvals=self._approvals,
                maker=maker,
                code=code,
                config=config,
                reason=reason,
            )
        )

    async def probe(self, actor: Actor, *, code: str, number: int | None = None) -> Version:
        """Try a version against the channel, by default the one in force, and keep what came of it.

        Raises: ConnectionUnknown, NotFound; ConnectionNotOpen when there is none or it does not open.
        """
        async with self._database.reading() as tx:
            connection = await require_connection(tx, code)
            number = number if number is not None else connection.in_force
            if number is None:
                raise ConnectionNotOpen(connection=code, reason="it has no credentials in force")
            await require_version(tx, connection, number)
            row = await store.read_sealed(tx, connection.id, number)
        assert row is not None
        begun = time.perf_counter()
        try:
            channel = open_channel(row, cell=self._database.cell, vault=self._vault, http=self._http)
            await channel.probe(now=self._clock.now())
            outcome, said = Outcome.SUCCEEDED, ""
        except ChannelError as error:
            unknown = isinstance(error, ChannelUnknown)
            outcome, said = (Outcome.UNKNOWN if unknown else Outcome.FAILED), str(error)
        except InvalidRequest as error:
            outcome, said = Outcome.FAILED, str(error)
        except (SecretUnreadable, VaultKeyUnusable) as error:
            raise ConnectionNotOpen(connection=code, reason=str(error)) from error
        took_ms = int((time.perf_counter() - begun) * 1000)
        secrets = self._secrets(row) if said else []
        for secret in secrets:
            said = said.replace(secret, HIDDEN)
        return await self._database.run(
            lambda tx: record_probe(
                tx,
                now=self._clock.now(),
                actor=actor,
                code=code,
                number=row.number,
                outcome=outcome,
                detail=said[:DETAIL_LENGTH_MAX],
                took_ms=took_ms,
            )
        )

    def _secrets(self, row: store.SealedVersion) -> list[str]:
        """What a channel may have quoted."""
        kind = describe(row.kind)
        content = self._vault.open(
            row.sealed, bound_to=place_of(self._database.cell, row.connection.hex, row.number)
        )
        return kind.secrets(kind.decode(content))
