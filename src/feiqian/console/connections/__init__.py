"""Channel connections: what they are, how they do, and everything that is done with them."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, SkipValidation

from feiqian import connections
from feiqian.channels import KINDS, ChannelKind
from feiqian.connections import (
    CREDENTIALS,
    HISTORY_SHOWN,
    Actor,
    Audience,
    Change,
    Connection,
    ConnectionDesk,
    Cost,
    Limits,
    LiveConnections,
)
from feiqian.console.approvals import GivenApprovals, show_proposal
from feiqian.console.connections.views import (
    ConnectionList,
    ConnectionPage,
    VersionView,
    read_health,
    show_kind,
    show_row,
    show_version,
)
from feiqian.console.given import GivenClock, GivenDatabase, GivenSettings
from feiqian.infra.database import Database, Transaction
from feiqian.members import Permission, Staff, open_proposals_of, permissions_of, require_permission

GivenDesk = NamedDependency[SkipValidation[ConnectionDesk]]
"""``connection_desk``: takes credentials in and tests them."""
GivenLive = NamedDependency[SkipValidation[LiveConnections]]
"""``live_connections``: the connections as this process has them open."""

Request_ = Request[Staff, Any, Any]


class NewConnection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A draft."""

    code: str
    kind: ChannelKind
    name: str


class Reasoned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why it is done."""

    reason: str


class AskedCost(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the channel charges."""

    rate: Decimal
    fixed: int


class AskedChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be different; what is left out stays."""

    reason: str
    name: str | None = None
    weight: int | None = None
    priority: int | None = None
    cost: AskedCost | None = None
    limits: Limits | None = None
    audience: Audience | None = None


class AskedCredentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person typed, pasted and uploaded, by the names of the kind's fields."""

    fields: dict[str, str]
    reason: str

    def __repr__(self) -> str:
        return f"AskedCredentials({sorted(self.fields)})"


class ConnectionController(Controller):
    """Our contracts with channels."""

    path = "/connections"

    @get()
    async def list_all(
        self, request: Request_, database: GivenDatabase, clock: GivenClock, live_connections: GivenLive
    ) -> ConnectionList:
        """By priority and code."""
        now = clock.now()
        async with database.reading() as tx:
            health = await read_health(tx, now)
            items = [
                show_row(
                    each,
                    await connections.read_versions(tx, each.id),
                    live=live_connections,
                    health=health,
                    now=now,
                )
                for each in await connections.read_connections(tx)
            ]
        return ConnectionList(
            items=items, kinds=[show_kind(kind) for kind in KINDS], may=permissions_of(request.user.role)
        )

    @post(status_code=201)
    async def create(
        self, data: JSONBody[NewConnection], request: Request_, database: GivenDatabase, clock: GivenClock
    ) -> dict[str, str]:
        """A draft. Raises: PermissionMissing, InvalidRequest, ReplayAltered."""
        require_permission(request.user, Permission.CONNECTIONS_CONFIGURE)
        made = await database.run(
            lambda tx: connections.create_connection(
                tx,
                now=clock.now(),
                actor=_actor(request),
                code=data.code,
                kind=data.kind,
                name=data.name,
            )
        )
        return {"code": made.code}

    @get("/{code:str}")
    async def read(
        self,
        code: FromPath[str],
        request: Request_,
        database: GivenDatabase,
        clock: GivenClock,
        settings: GivenSettings,
        approvals: GivenApprovals,
        live_connections: GivenLive,
    ) -> ConnectionPage:
        """Raises: ConnectionUnknown."""
        now = clock.now()
        async with database.reading() as tx:
            connection = await connections.require_connection(tx, code)
            versions = await connections.read_versions(tx, connection.id)
            history = await connections.read_history(tx, connection.id, limit=HISTORY_SHOWN)
            proposals = await open_proposals_of(tx, kind=CREDENTIALS, subject=code)
            health = await read_health(tx, now)
        return ConnectionPage(
            connection=show_row(connection, versions, live=live_connections, health=health, now=now),
            limits=connection.limits,
            audience=connection.audience,
            created_at=connection.created_at,
            callback_url=f"{settings.base_url}/callbacks/{code}",
            kind=show_kind(connection.kind),
            versions=[show_version(each, now) for each in versions],
            proposals=[show_proposal(each, approvals=approvals, staff=request.user) for each in proposals],
            history=history,
            may=permissions_of(request.user.role),
        )

    @post("/{code:str}/changes", status_code=204)
    async def change(
        self,
        code: FromPath[str],
        data: JSONBody[AskedChange],
        request: Request_,
        database: GivenDatabase,
        clock: GivenClock,
    ) -> None:
        """Takes effect in every process within a second or two. Raises: PermissionMissing, InvalidRequest."""
        configures = any(
            each is not None for each in (data.name, data.weight, data.priority, data.limits, data.audience)
        )
        if configures:
            require_permission(request.user, Permission.CONNECTIONS_CONFIGURE)
        if data.cost is not None:
            require_permission(request.user, Permission.CONNECTIONS_COST)
        change = Change(
            name=data.name,
            weight=data.weight,
            priority=data.priority,
            cost=Cost(rate=data.cost.rate, fixed=data.cost.fixed) if data.cost else None,
            limits=data.limits,
            audience=data.audience,
        )
        await database.run(
            lambda tx: connections.change_connection(
                tx, now=clock.now(), actor=_actor(request), code=code, change=change, reason=data.reason
            )
        )

    @post("/{code:str}/pause", status_code=204)
    async def pause(
        self,
        code: FromPath[str],
        data: JSONBody[Reasoned],
        request: Request_,
        database: GivenDatabase,
        clock: GivenClock,
    ) -> None:
        """Take no new payments. Raises: PermissionMissing, ConnectionStateRefused."""
        require_permission(request.user, Permission.CONNECTIONS_SWITCH)
        await _switch(connections.pause, database, clock.now(), request, code, data.reason)

    @post("/{code:str}/resume", status_code=204)
    async def resume(
        self,
        code: FromPath[str],
        data: JSONBody[Reasoned],
        request: Request_,
        database: GivenDatabase,
        clock: GivenClock,
    ) -> None:
        """Take new payments again. Raises: PermissionMissing, ConnectionStateRefused."""
        require_permission(request.user, Permission.CONNECTIONS_SWITCH)
        await _switch(connections.resume, database, clock.now(), request, code, data.reason)

    @post("/{code:str}/retire", status_code=204)
    async def retire(
        self,
        code: FromPath[str],
        data: JSONBody[Reasoned],
        request: Request_,
        database: GivenDatabase,
        clock: GivenClock,
    ) -> None:
        """End the contract. Raises: PermissionMissing, ConnectionStateRefused."""
        require_permission(request.user, Permission.CONNECTIONS_CONFIGURE)
        await _switch(connections.retire, database, clock.now(), request, code, data.reason)

    @post("/{code:str}/credentials", status_code=201)
    async def propose(
        self,
        code: FromPath[str],
        data: JSONBody[AskedCredentials],
        request: Request_,
        clock: GivenClock,
        connection_desk: GivenDesk,
    ) -> VersionView:
        """Propose new credentials. Raises: PermissionMissing, InvalidRequest naming the field, CredentialsPending."""
        require_permission(request.user, Permission.CREDENTIALS_PROPOSE)
        version = await connection_desk.propose(
            request.user, code=code, texts=data.fields, reason=data.reason
        )
        return show_version(version, clock.now())

    @post("/{code:str}/versions/{number:int}/probe", status_code=200)
    async def probe(
        self,
        code: FromPath[str],
        number: FromPath[int],
        request: Request_,
        clock: GivenClock,
        connection_desk: GivenDesk,
    ) -> VersionView:
        """Test credentials against the channel. Raises: PermissionMissing, ConnectionNotOpen."""
        may = permissions_of(request.user.role)
        if Permission.CREDENTIALS_APPROVE not in may:
            require_permission(request.user, Permission.CONNECTIONS_SWITCH)
        version = await connection_desk.probe(_actor(request), code=code, number=number)
        return show_version(version, clock.now())

    @post("/{code:str}/versions/{number:int}/retire", status_code=204)
    async def retire_version(
        self,
        code: FromPath[str],
        number: FromPath[int],
        data: JSONBody[Reasoned],
        request: Request_,
        database: GivenDatabase,
        clock: GivenClock,
    ) -> None:
        """Believe earlier credentials no more. Raises: PermissionMissing, VersionStateRefused."""
        require_permission(request.user, Permission.CONNECTIONS_CONFIGURE)
        await database.run(
            lambda tx: connections.retire_version(
                tx, now=clock.now(), actor=_actor(request), code=code, number=number, reason=data.reason
            )
        )


async def _switch(
    how: Callable[..., Awaitable[Connection]],
    database: Database,
    now: datetime,
    request: Request_,
    code: str,
    reason: str,
) -> None:
    async def switch(tx: Transaction) -> Connection:
        return await how(tx, now=now, actor=_actor(request), code=code, reason=reason)

    await database.run(switch)


def _actor(request: Request_) -> Actor:
    return Actor(request.user.name, request.user.id)
