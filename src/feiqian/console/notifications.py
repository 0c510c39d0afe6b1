"""Notifications to platforms: every event with how far it has come, every attempt, and sending one again."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Controller, Request, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from feiqian.console.given import GivenClock, GivenDatabase
from feiqian.infra.database import Transaction
from feiqian.infra.paging import Cursor, Limit, SummedPage
from feiqian.kernel.errors import InvalidRequest
from feiqian.kernel.ids import parse_id, show_id
from feiqian.members import Permission, Staff, permissions_of, read_platform, require_permission
from feiqian.openapi import (
    DisabledReason,
    Endpoint,
    EndpointState,
    Event,
    EventFilter,
    Health,
    Notification,
    NotificationState,
    Outcome,
    Topic,
    count_given_up,
    deliveries,
    health,
    list_endpoints,
    list_events,
    notifications_of,
    require_event,
    resend,
    waiting,
)

HEALTH_OF = timedelta(days=1)
GIVEN_UP_SHOWN = timedelta(days=7)
"""What was given up longer ago is in the list, but nobody is reminded of it."""

Request_ = Request[Staff, Any, Any]


class EventRow(msgspec.Struct, frozen=True, kw_only=True):
    """An event in a list."""

    id: str
    platform: str
    """Its name."""
    topic: str
    object: str
    version: int
    occurred_at: datetime
    state: NotificationState | Literal["unheard"]
    """The least good of all its endpoints; ``unheard`` where none listens."""
    endpoints: int
    delivered: int
    """At how many of them it was taken."""
    attempts: int
    next_at: datetime | None
    last_error: str | None


class Undelivered(msgspec.Struct, frozen=True, kw_only=True):
    """What has not been told, whatever is filtered."""

    pending: int
    waiting_since: datetime | None
    """When the oldest of it happened."""
    given_up: int
    """In the last seven days."""


class NotificationView(msgspec.Struct, frozen=True, kw_only=True):
    """An event at one endpoint."""

    endpoint: str
    url: str
    state: NotificationState
    attempts: int
    next_at: datetime | None
    delivered_at: datetime | None
    last_error: str | None


class AttemptView(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt."""

    endpoint: str
    url: str
    number: int
    asked_by: str
    """``schedule``, ``platform``, or the e-mail address of a member of staff."""
    at: datetime
    outcome: Outcome
    status: int | None
    error: str | None
    answer: str | None
    took_ms: int | None


class EventPage(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one event."""

    event: EventRow
    notifications: list[NotificationView]
    attempts: list[AttemptView]
    """Oldest first."""
    data: Any
    may_resend: bool


class EndpointRow(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint and how well it takes what it is sent."""

    id: str
    platform: str
    url: str
    description: str
    topics: tuple[str, ...]
    state: EndpointState
    disabled_reason: DisabledReason | None
    failing_since: datetime | None
    given_up: int
    """Since it fails."""
    changed_at: datetime
    pending: int
    waiting_since: datetime | None
    attempts: int
    """In the last 24 hours."""
    delivered: int
    """Of those."""
    average_ms: int | None
    last_delivered_at: datetime | None


class Resend(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where to send it."""

    endpoint: str | None = None
    """All that it is for when left out."""


class NotificationController(Controller):
    """What platforms are told."""

    path = "/notifications"

    @get()
    async def list_all(
        self,
        database: GivenDatabase,
        clock: GivenClock,
        topic: FromQuery[Topic | None] = None,
        in_state: Annotated[NotificationState | None, QueryParameter(name="state")] = None,
        endpoint: Annotated[str | None, QueryParameter(max_length=100)] = None,
        q: Annotated[str | None, QueryParameter(max_length=100)] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> SummedPage[EventRow, Undelivered]:
        """Newest first; ``q`` is the whole id of an event, or of what it is about."""
        before = None if cursor is None else parse_id("event", cursor)
        only = EventFilter(
            topic=topic and topic.value,
            state=in_state,
            endpoint=None if endpoint is None else parse_id("endpoint", endpoint),
            **_meant_by(q),
        )
        now = clock.now()
        async with database.reading() as tx:
            found = await list_events(tx, only=only, before=before, limit=limit + 1)
            items = await _show(tx, found[:limit])
            left = await waiting(tx)
            given_up = await count_given_up(tx, since=now - GIVEN_UP_SHOWN)
        return SummedPage(
            items=items,
            next_cursor=items[-1].id if len(found) > limit else None,
            totals=Undelivered(pending=left.pending, waiting_since=left.oldest_at, given_up=given_up),
        )

    @get("/{event_id:str}")
    async def read(self, event_id: FromPath[str], request: Request_, database: GivenDatabase) -> EventPage:
        async with database.reading() as tx:
            return await _page(tx, parse_id("event", event_id), request.user)

    @post("/{event_id:str}/resend", status_code=200)
    async def again(
        self,
        event_id: FromPath[str],
        data: JSONBody[Resend],
        request: Request_,
        database: GivenDatabase,
        clock: GivenClock,
    ) -> EventPage:
        """It goes out in a moment. Raises: PermissionMissing, NotFound, EndpointNotActive."""
        require_permission(request.user, Permission.NOTIFICATIONS_RESEND)
        now, id = clock.now(), parse_id("event", event_id)
        endpoint = None if data.endpoint is None else parse_id("endpoint", data.endpoint)

        async def ask(tx: Transaction) -> EventPage:
            event = await require_event(tx, id)
            await resend(tx, now=now, event=event, endpoint=endpoint, asked_by=request.user.email)
            return await _page(tx, id, request.user)

        return await database.run(ask)


@get("/endpoints")
async def endpoints(database: GivenDatabase, clock: GivenClock) -> list[EndpointRow]:
    """Of all platforms, in the order in which they were made."""
    since = clock.now() - HEALTH_OF
    async with database.reading() as tx:
        found = await list_endpoints(tx)
        names = await _platforms(tx, [each.platform for each in found])
        well = await health(tx, [each.id for each in found], since=since)
    return [_endpoint(each, names[each.platform], well[each.id]) for each in found]


async def disabled_endpoints(tx: Transaction) -> int:
    """How many take nothing any more until their platforms look after them."""
    return sum(each.state is EndpointState.DISABLED for each in await list_endpoints(tx))


def _meant_by(text: str | None) -> dict[str, Any]:
    text = (text or "").strip()
    if not text:
        return {}
    if text.startswith("event_"):
        try:
            return {"id": parse_id("event", text)}
        except InvalidRequest:
            return {"object": text}
    return {"object": text}


async def _platforms(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, str]:
    names: dict[UUID, str] = {}
    for id in set(ids):
        platform = await read_platform(tx, id)
        assert platform is not None, "platforms are never deleted"
        names[id] = platform.name
    return names


async def _show(tx: Transaction, events: Sequence[Event]) -> list[EventRow]:
    found = await notifications_of(tx, [event.id for event in events])
    names = await _platforms(tx, [event.platform for event in events])
    return [_row(event, found[event.id], names[event.platform]) for event in events]


def _row(event: Event, sent: Sequence[Notification], platform: str) -> EventRow:
    states = {each.state for each in sent}
    worst: NotificationState | Literal["unheard"] = "unheard"
    for state in (NotificationState.DELIVERED, NotificationState.PENDING, NotificationState.FAILED):
        if state in states:
            worst = state
    return EventRow(
        id=event.shown_id,
        platform=platform,
        topic=event.topic,
        object=event.object,
        version=event.version,
        occurred_at=event.occurred_at,
        state=worst,
        endpoints=len(sent),
        delivered=sum(each.state is NotificationState.DELIVERED for each in sent),
        attempts=sum(each.attempts for each in sent),
        next_at=min((each.next_at for each in sent if each.next_at), default=None),
        last_error=next((each.last_error for each in sent if each.last_error), None),
    )


async def _page(tx: Transaction, id: UUID, staff: Staff) -> EventPage:
    event = await require_event(tx, id)
    sent = (await notifications_of(tx, [id]))[id]
    (row,) = await _show(tx, [event])
    urls = {each.endpoint: each.url for each in sent}
    return EventPage(
        event=row,
        notifications=[
            NotificationView(
                endpoint=show_id("endpoint", each.endpoint),
                url=each.url,
                state=each.state,
                attempts=each.attempts,
                next_at=each.next_at,
                delivered_at=each.delivered_at,
                last_error=each.last_error,
            )
            for each in sent
        ],
        attempts=[
            AttemptView(
                endpoint=show_id("endpoint", each.endpoint),
                url=urls[each.endpoint],
                number=each.attempt,
                asked_by=each.asked_by,
                at=each.at,
                outcome=each.outcome,
                status=each.status,
                error=each.error,
                answer=each.answer,
                took_ms=each.took_ms,
            )
            for each in await deliveries(tx, id)
        ],
        data=event.payload,
        may_resend=Permission.NOTIFICATIONS_RESEND in permissions_of(staff.role),
    )


def _endpoint(endpoint: Endpoint, platform: str, well: Health) -> EndpointRow:
    return EndpointRow(
        id=endpoint.shown_id,
        platform=platform,
        url=endpoint.url,
        description=endpoint.description,
        topics=endpoint.topics,
        state=endpoint.state,
        disabled_reason=endpoint.disabled_reason,
        failing_since=endpoint.failing_since,
        given_up=endpoint.given_up,
        changed_at=endpoint.changed_at,
        pending=well.pending,
        waiting_since=well.waiting_since,
        attempts=well.attempts,
        delivered=well.delivered,
        average_ms=well.average_ms,
        last_delivered_at=well.last_delivered_at,
    )
