"""Routing as pages show it; amounts in minor units."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec

from feiqian.channels import METHODS, ChannelKind, PaymentMethod
from feiqian.connections import Connection, ConnectionState, Cost, LiveConnections
from feiqian.infra.database import Transaction
from feiqian.kernel.ids import show_id
from feiqian.members import Permission
from feiqian.payments import Attempt
from feiqian.routing import (
    BreakerRow,
    BreakerState,
    Decision,
    MinuteCount,
    RouteAsk,
    Rule,
    RuleSet,
    StoredDecision,
    counts_since,
    read_breakers,
)

SHORT, LONG = 5, 60
"""Minutes that are summed, the one under way included."""


class RuleSetRow(msgspec.Struct, frozen=True, kw_only=True):
    """A version of the rules in the history."""

    version: int
    count: int
    """How many rules it has."""
    note: str
    made_by: str
    made_at: datetime | None


class RuleSetView(msgspec.Struct, frozen=True, kw_only=True):
    """A version of the rules; version 0 is that nobody has set any yet."""

    version: int
    rules: tuple[Rule, ...]
    note: str
    """Why it was changed."""
    made_by: str
    """E-mail of the member of staff."""
    made_at: datetime | None


class CallCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What calls came to."""

    calls: int
    succeeded: int
    refused: int
    """Answered, and refused for a reason of its own."""
    faults: int
    """Not answered, or not so that it can be trusted."""
    success_rate: float | None
    """0 to 1; null without calls."""
    mean_ms: int | None


class MethodHealth(msgspec.Struct, frozen=True, kw_only=True):
    """Calls for one method."""

    method: PaymentMethod
    minutes_5: CallCounts
    minutes_60: CallCounts


class MinutePoint(msgspec.Struct, frozen=True, kw_only=True):
    """Calls of one minute, all methods together; minutes without calls are left out."""

    at: datetime
    succeeded: int
    refused: int
    faults: int


class BreakerView(msgspec.Struct, frozen=True, kw_only=True):
    """A circuit breaker."""

    state: BreakerState
    since: datetime
    until: datetime | None
    """When it may be probed; while open."""
    openings: int
    reason: str


class RoutedConnection(msgspec.Struct, frozen=True, kw_only=True):
    """A connection as routing sees it."""

    code: str
    kind: ChannelKind
    name: str
    state: ConnectionState
    weight: int
    priority: int
    cost: Cost
    fault: str | None
    """Why this process cannot use it."""
    breaker: BreakerView | None
    """None: it never opened."""
    methods: list[MethodHealth]
    """Those that were called."""
    minutes_5: CallCounts
    minutes_60: CallCounts
    minutes: list[MinutePoint]


class MethodView(msgspec.Struct, frozen=True, kw_only=True):
    """A way to pay."""

    method: PaymentMethod
    kind: ChannelKind
    chinese: str
    english: str


class RoutingPage(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the page shows first."""

    now: datetime
    rules: RuleSetView
    connections: list[RoutedConnection]
    methods: list[MethodView]
    may: list[Permission]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A connection beside a decision."""

    code: str
    weight: int
    cost: int
    """What it would charge, minor units."""
    calls: int
    """Of the last minutes, for the method."""
    succeeded: int
    open: bool
    """Its breaker is."""
    first_percent: int
    """How often it would come first, over even draws."""


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """A decision with its trace, and what it was made from."""

    ask: RouteAsk
    at: datetime
    draw: float
    decision: Decision
    standings: list[Standing]


class RoutedAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt that came of a decision."""

    position: int
    channel: str
    state: str


class DecisionView(msgspec.Struct, frozen=True, kw_only=True):
    """A decision that was made for a payment."""

    id: str
    at: datetime
    chinese: str
    """What the method is called."""
    english: str
    ask: RouteAsk
    decision: Decision
    attempts: list[RoutedAttempt]
    """In their order: the next of the decision was tried when the one before refused for a reason of its own."""


def show_rule_set(found: RuleSet) -> RuleSetView:
    return RuleSetView(
        version=found.version,
        rules=found.rules,
        note=found.note,
        made_by=found.made_by,
        made_at=found.made_at,
    )


def show_rule_set_row(found: RuleSet) -> RuleSetRow:
    return RuleSetRow(
        version=found.version,
        count=len(found.rules),
        note=found.note,
        made_by=found.made_by,
        made_at=found.made_at,
    )


def show_decision(stored: StoredDecision, attempts: Iterable[Attempt]) -> DecisionView:
    return DecisionView(
        id=show_id("decision", stored.id),
        at=stored.at,
        chinese=METHODS[stored.ask.method].chinese,
        english=METHODS[stored.ask.method].english,
        ask=stored.ask,
        decision=stored.decision,
        attempts=[
            RoutedAttempt(position=each.position, channel=each.channel, state=each.state.value)
            for each in attempts
            if each.decision == stored.id
        ],
    )


def show_methods() -> list[MethodView]:
    return [
        MethodView(method=method, kind=nature.kind, chinese=nature.chinese, english=nature.english)
        for method, nature in METHODS.items()
    ]


class ShownHealth(msgspec.Struct, frozen=True, kw_only=True):
    """The calls of the last hour by connection, and every breaker."""

    counts: Mapping[str, list[MinuteCount]]
    breakers: Mapping[str, BreakerRow]
    short_since: datetime


def short_since(now: datetime) -> datetime:
    """The first of the last minutes, the one under way included."""
    return _since(now, SHORT)


async def read_shown_health(tx: Transaction, now: datetime) -> ShownHealth:
    """Of all processes together."""
    counts: dict[str, list[MinuteCount]] = defaultdict(list)
    for each in await counts_since(tx, _since(now, LONG)):
        counts[each.code].append(each)
    return ShownHealth(
        counts=counts,
        breakers={each.code: each for each in await read_breakers(tx)},
        short_since=short_since(now),
    )


def show_connection(
    connection: Connection, *, live: LiveConnections, health: ShownHealth
) -> RoutedConnection:
    code = connection.code
    counts = health.counts.get(code, [])
    recent = [each for each in counts if each.minute >= health.short_since]
    opened = {each.code for each in live.connections}
    methods = sorted({each.method for each in counts})
    return RoutedConnection(
        code=code,
        kind=connection.kind,
        name=connection.name,
        state=connection.state,
        weight=connection.weight,
        priority=connection.priority,
        cost=connection.cost,
        fault=live.fault(code) if code in opened else None,
        breaker=_show_breaker(health.breakers.get(code)),
        methods=[
            MethodHealth(
                method=method,
                minutes_5=_sum(each for each in recent if each.method is method),
                minutes_60=_sum(each for each in counts if each.method is method),
            )
            for method in methods
        ],
        minutes_5=_sum(recent),
        minutes_60=_sum(counts),
        minutes=_points(counts),
    )


def _since(now: datetime, minutes: int) -> datetime:
    return now.replace(second=0, microsecond=0) - timedelta(minutes=minutes - 1)


def _show_breaker(row: BreakerRow | None) -> BreakerView | None:
    if row is None:
        return None
    return BreakerView(
        state=row.state, since=row.since, until=row.until, openings=row.openings, reason=row.reason
    )


def _sum(counts: Iterable[MinuteCount]) -> CallCounts:
    succeeded = refused = faults = took_ms = 0
    for each in counts:
        succeeded += each.succeeded
        refused += each.refused
        faults += each.faults
        took_ms += each.took_ms
    calls = succeeded + refused + faults
    return CallCounts(
        calls=calls,
        succeeded=succeeded,
        refused=refused,
        faults=faults,
        success_rate=succeeded / calls if calls else None,
        mean_ms=round(took_ms / calls) if calls else None,
    )


def _points(counts: Iterable[MinuteCount]) -> list[MinutePoint]:
    sums: dict[datetime, list[int]] = defaultdict(lambda: [0, 0, 0])
    for each in counts:
        for place, count in enumerate((each.succeeded, each.refused, each.faults)):
            sums[each.minute][place] += count
    return [
        MinutePoint(at=at, succeeded=succeeded, refused=refused, faults=faults)
        for at, (succeeded, refused, faults) in sorted(sums.items())
    ]
