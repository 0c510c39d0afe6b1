"""Connections and their credentials as pages show them; amounts in minor units."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from feiqian.channels import KINDS, METHODS, ChannelKind, CredentialField, PaymentMethod, ShownField
from feiqian.connections import (
    EXPIRES_SOON,
    Audience,
    Connection,
    ConnectionState,
    Cost,
    HistoryLine,
    Limits,
    LiveConnections,
    Outcome,
    Version,
    VersionState,
)
from feiqian.console.approvals import ProposalView
from feiqian.infra.database import Transaction
from feiqian.members import Permission
from feiqian.routing import BreakerState, counts_since, read_breakers

HEALTH_OF = timedelta(hours=1)


class HealthView(msgspec.Struct, frozen=True, kw_only=True):
    """How calls for payments went in the last hour, at all processes together."""

    succeeded: int
    refused: int
    """Refused for certain: the buyer, the amount, the order."""
    faults: int
    """Not answered, or not answered well."""
    breaker: BreakerState
    """Open: routing leaves it out until its time is over."""


class ConnectionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A connection in the list."""

    code: str
    kind: ChannelKind
    name: str
    state: ConnectionState
    weight: int
    priority: int
    cost: Cost
    in_force: int | None
    expires_at: datetime | None
    """When the first certificate of the credentials in force expires."""
    expires_soon: bool
    proposed: int | None
    """The version that waits for a checker."""
    tested_at: datetime | None
    """Of the version in force."""
    test_outcome: Outcome | None
    fault: str | None
    """Why this process cannot use it."""
    health: HealthView


class KindView(msgspec.Struct, frozen=True, kw_only=True):
    """A kind that can be connected, with the form of its credentials."""

    kind: ChannelKind
    chinese: str
    english: str
    fields: tuple[CredentialField, ...]
    methods: list["MethodView"]


class MethodView(msgspec.Struct, frozen=True, kw_only=True):
    """A way to pay of a kind."""

    method: PaymentMethod
    chinese: str
    english: str


class ConnectionList(msgspec.Struct, frozen=True, kw_only=True):
    """All connections, what can be connected, and what whoever looks may do."""

    items: list[ConnectionRow]
    kinds: list[KindView]
    may: list[Permission]


class VersionView(msgspec.Struct, frozen=True, kw_only=True):
    """Credentials without anything secret."""

    number: int
    state: VersionState
    shown: tuple[ShownField, ...]
    made_by: str
    from_settings: bool
    made_at: datetime
    tested_at: datetime | None
    test_outcome: Outcome | None
    test_detail: str | None
    test_ms: int | None
    approved_by: str | None
    in_force_since: datetime | None
    retired_at: datetime | None
    expires_at: datetime | None
    expires_soon: bool
    key_id: str


class ConnectionPage(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one connection; ``offered`` is what it takes now, by method."""

    connection: ConnectionRow
    limits: Limits
    audience: Audience
    created_at: datetime
    callback_url: str
    kind: KindView
    versions: list[VersionView]
    """Newest first."""
    proposals: list[ProposalView]
    """That wait for a checker."""
    history: list[HistoryLine]
    """Newest first."""
    may: list[Permission]


def show_kind(kind: ChannelKind) -> KindView:
    described = KINDS[kind]
    return KindView(
        kind=kind,
        chinese=described.chinese,
        english=described.english,
        fields=described.fields,
        methods=[
            MethodView(method=method, chinese=nature.chinese, english=nature.english)
            for method, nature in METHODS.items()
            if nature.kind is kind
        ],
    )


async def read_health(tx: Transaction, now: datetime) -> Mapping[str, HealthView]:
    """By the connections' codes; nothing of those that were not called."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for each in await counts_since(tx, now - HEALTH_OF):
        for place, count in enumerate((each.succeeded, each.refused, each.faults)):
            sums[each.code][place] += count
    breakers = {each.code: each.state for each in await read_breakers(tx)}
    return {
        code: HealthView(
            succeeded=sums[code][0],
            refused=sums[code][1],
            faults=sums[code][2],
            breaker=breakers.get(code, BreakerState.CLOSED),
        )
        for code in {*sums, *breakers}
    }


def show_row(
    connection: Connection,
    versions: list[Version],
    *,
    live: LiveConnections,
    health: Mapping[str, HealthView],
    now: datetime,
) -> ConnectionRow:
    in_force = next((each for each in versions if each.state is VersionState.IN_FORCE), None)
    proposed = next((each for each in versions if each.state is VersionState.PROPOSED), None)
    known = {each.code for each in live.connections}
    expires_at = in_force.expires_at if in_force else None
    return ConnectionRow(
        code=connection.code,
        kind=connection.kind,
        name=connection.name,
        state=connection.state,
        weight=connection.weight,
        priority=connection.priority,
        cost=connection.cost,
        in_force=connection.in_force,
        expires_at=expires_at,
        expires_soon=_expires_soon(expires_at, now),
        proposed=proposed.number if proposed else None,
        tested_at=in_force.tested_at if in_force else None,
        test_outcome=in_force.test_outcome if in_force else None,
        fault=live.fault(connection.code) if connection.code in known else None,
        health=health.get(connection.code, _NO_CALLS),
    )


def show_version(version: Version, now: datetime) -> VersionView:
    return VersionView(
        number=version.number,
        state=version.state,
        shown=version.shown,
        made_by=version.made_by,
        from_settings=version.proposal is None,
        made_at=version.made_at,
        tested_at=version.tested_at,
        test_outcome=version.test_outcome,
        test_detail=version.test_detail,
        test_ms=version.test_ms,
        approved_by=version.approved_by,
        in_force_since=version.in_force_since,
        retired_at=version.retired_at,
        expires_at=version.expires_at,
        expires_soon=_expires_soon(version.expires_at, now),
        key_id=version.key_id,
    )


def _expires_soon(expires_at: datetime | None, now: datetime) -> bool:
    return expires_at is not None and expires_at - now < EXPIRES_SOON


_NO_CALLS = HealthView(succeeded=0, refused=0, faults=0, breaker=BreakerState.CLOSED)
