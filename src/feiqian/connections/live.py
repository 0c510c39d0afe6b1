"""The connections of a running process: opened channels, kept in step with the database.

One small row counts up with every change; each process reads it about every second and opens anew what has changed.
A call that is under way keeps the channel object with which it began.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec
import structlog

from feiqian.channels import (
    Channel,
    ChannelTerms,
    Notice,
    NoticeFault,
    NoticeRefused,
    NotifyingChannel,
    PaymentMethod,
    describe,
)
from feiqian.connections import store
from feiqian.connections.credentials import (
    place_of,
)
from feiqian.connections.model import (
    Connection,
    ConnectionNotOpen,
    ConnectionState,
    ConnectionUnknown,
    Offer,
    SealedVersion,
    Version,
    VersionState,
)
from feiqian.connections.rules import narrow
from feiqian.infra.database import Database
from feiqian.infra.http import HttpClient
from feiqian.infra.metrics import CONNECTION_EXPIRES, CONNECTION_USABLE
from feiqian.infra.vault import SecretUnreadable, Vault, VaultKeyUnusable
from feiqian.kernel.errors import InvalidRequest

FOLLOW_EVERY_S = 1.0
_OTHER_KEY = frozenset(
    {
        NoticeFault.SERIAL_UNKNOWN,
        NoticeFault.SIGNATURE_WRONG,
        NoticeFault.KEY_WRONG,
        NoticeFault.MERCHANT_WRONG,
    }
)
"""Why a notice is refused that was made for earlier credentials."""

log = structlog.get_logger(__name__)


class _Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A connection as this process has it."""

    connection: Connection
    channel: Channel | None
    terms: ChannelTerms | None
    kept: tuple[Channel, ...]
    """With earlier credentials, newest first."""
    fault: str | None
    """Why there is no channel."""


def open_channel(row: SealedVersion, *, cell: int, vault: Vault, http: HttpClient) -> Channel:
    """The channel behind stored credentials.

    Raises: SecretUnreadable, VaultKeyUnusable, InvalidRequest.
    """
    kind = describe(row.kind)
    content = vault.open(row.sealed, bound_to=place_of(cell, row.connection.hex, row.number))
    try:
        config = kind.decode(content)
    except msgspec.MsgspecError:
        # Without the cause: its words may quote the content.
        raise SecretUnreadable("The credentials are not in the form of this version of Feiqian.") from None
    try:
        return kind.open(config, http)
    except InvalidRequest:
        raise
    except Exception as error:
        # One connection's defect must not keep the others closed; its words may quote a key.
        raise InvalidRequest(field="credentials", reason=f"cannot be used ({type(error).__name__})") from None


class LiveConnections:
    """Opened channels by code. ``refresh`` before the first use, then ``follow_forever``."""

    def __init__(self, *, database: Database, vault: Vault, http: HttpClient) -> None:
        self._database = database
        self._vault = vault
        self._http = http
        self._revision: int | None = None
        self._opened: dict[str, _Opened] = {}
        self._channels: dict[tuple[UUID, int], Channel] = {}

    async def refresh(self) -> bool:
        """Take what has changed; False when nothing has."""
        async with self._database.reading() as tx:
            if await store.read_revision(tx) == self._revision:
                return False
        async with self._database.snapshot() as tx:
            revision = await store.read_revision(tx)
            connections = await store.read_connections(tx)
            rows = await store.read_usable(tx)
            versions = [version for each in connections for version in await store.read_versions(tx, each.id)]
        opened, channels = {}, {}
        for connection in connections:
            own = [row for row in rows if row.connection == connection.id]
            opened[connection.code] = self._open(connection, own, channels)
        self._opened, self._channels, self._revision = opened, channels, revision
        _show_as_metrics(opened, versions)
        log.info("connections_refreshed", revision=revision, connections=len(opened))
        return True

    async def follow_forever(self, *, every_s: float = FOLLOW_EVERY_S) -> None:
        """Round after round, until cancelled. A round that fails is logged; what is open stays open."""
        while True:
            await asyncio.sleep(every_s)
            try:
                await self.refresh()
            except Exception:
                log.exception("connections_refresh_failed")

    @property
    def connections(self) -> list[Connection]:
        """All, by priority and code, as this process has them."""
        return [each.connection for each in self._opened.values()]

    def fault(self, code: str) -> str | None:
        """Why a connection cannot be used in this process; None when it can. Raises: ConnectionUnknown."""
        return self._find(code).fault

    def get(self, code: str) -> Channel:
        """The channel of an active or paused connection: for what is under way, also when it takes nothing new.

        Raises: ConnectionUnknown, ConnectionNotOpen.
        """
        opened = self._find(code)
        if opened.channel is None:
            raise ConnectionNotOpen(connection=code, reason=opened.fault or "it has no credentials in force")
        return opened.channel

    def connection(self, code: str) -> Connection:
        """Raises: ConnectionUnknown."""
        return self._find(code).connection

    def offers(self, method: PaymentMethod) -> list[Offer]:
        """Every connection whose channel is open, with what it offers of a method; also what is paused."""
        return [
            _offer(each, method, each.terms)
            for each in self._opened.values()
            if each.terms is not None and each.channel is not None
        ]

    def candidates(self, method: PaymentMethod) -> list[Offer]:
        """The active connections that offer a method, by priority and code."""
        return [offer for offer in self.offers(method) if offer.active and offer.terms is not None]

    def read_notice(self, code: str, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Verify a callback with the credentials in force, and if it was made for earlier ones, with those.

        Raises: NoticeRefused, ConnectionUnknown, ConnectionNotOpen.
        """
        current = self.get(code)
        if not isinstance(current, NotifyingChannel):
            raise NoticeRefused(NoticeFault.EVENT_UNSUPPORTED, f"{code} sends no notices")
        try:
            return current.read_notice(headers=headers, body=body, now=now)
        except NoticeRefused as refusal:
            if refusal.reason not in _OTHER_KEY:
                raise
            for earlier in self._find(code).kept:
                try:
                    if isinstance(earlier, NotifyingChannel):
                        return earlier.read_notice(headers=headers, body=body, now=now)
                except NoticeRefused as also:
                    log.info("notice_refused_by_kept_credentials", channel=code, reason=also.reason.value)
            raise

    def _find(self, code: str) -> _Opened:
        opened = self._opened.get(code)
        if opened is None:
            raise ConnectionUnknown(connection=code)
        return opened

    def _open(
        self, connection: Connection, rows: list[SealedVersion], channels: dict[tuple[UUID, int], Channel]
    ) -> _Opened:
        current: Channel | None = None
        kept: list[Channel] = []
        fault: str | None = None
        for row in rows:
            key = (row.connection, row.number)
            try:
                channel = self._channels.get(key) or open_channel(
                    row, cell=self._database.cell, vault=self._vault, http=self._http
                )
            except (SecretUnreadable, VaultKeyUnusable, InvalidRequest) as error:
                log.warning("connection_not_opened", channel=row.code, version=row.number, error=str(error))
                if row.state is VersionState.IN_FORCE:
                    fault = str(error)
                continue
            channels[key] = channel
            if row.state is VersionState.IN_FORCE:
                current = channel
            else:
                kept.append(channel)
        return _Opened(
            connection=connection,
            channel=current,
            terms=narrow(current.terms, connection.limits) if current is not None else None,
            kept=tuple(kept),
            fault=fault,
        )


def _offer(opened: _Opened, method: PaymentMethod, terms: ChannelTerms) -> Offer:
    connection = opened.connection
    return Offer(
        code=connection.code,
        kind=connection.kind,
        active=connection.state is ConnectionState.ACTIVE,
        terms=terms.methods.get(method),
        weight=connection.weight,
        priority=connection.priority,
        cost=connection.cost,
        holds=method in terms.holds,
        splits=terms.splits is not None,
        audience=connection.audience,
        amount_per_day=connection.limits.amount_per_day,
    )


def _show_as_metrics(opened: Mapping[str, _Opened], versions: list[Version]) -> None:
    CONNECTION_USABLE.clear()
    CONNECTION_EXPIRES.clear()
    codes = {each.connection.id: code for code, each in opened.items()}
    for code, each in opened.items():
        if each.connection.state in (ConnectionState.ACTIVE, ConnectionState.PAUSED):
            CONNECTION_USABLE.labels(channel=code).set(each.channel is not None)
    for version in versions:
        if version.state is VersionState.IN_FORCE and version.expires_at is not None:
            CONNECTION_EXPIRES.labels(channel=codes[version.connection]).set(version.expires_at.timestamp())
