"""Notifications for partners: where they are told of events, what they were told, and the same again."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from feiqian.infra.database import Transaction
from feiqian.infra.paging import Cursor, Limit, Page
from feiqian.kernel.ids import parse_id, show_id
from feiqian.members import Scope
from feiqian.openapi.access import needs
from feiqian.openapi.given import GivenCaller, GivenClock, GivenDatabase, GivenWebhooks
from feiqian.openapi.webhooks import (
    PLATFORM,
    Delivery,
    DisabledReason,
    Endpoint,
    EndpointChange,
    EndpointState,
    Event,
    EventFilter,
    NewEndpoint,
    Notification,
    NotificationState,
    Outcome,
    Topic,
    change_endpoint,
    create_endpoint,
    delete_endpoint,
    deliveries,
    list_endpoints,
    list_events,
    notifications_of,
    require_endpoint,
    require_event,
    resend,
    rotate_secret,
    send_test,
)


class EndpointView(msgspec.Struct, frozen=True, kw_only=True):
    """Where you are told of events."""

    id: str
    url: str
    description: str
    topics: tuple[str, ...]
    """What it listens to; every topic when empty."""
    state: EndpointState
    disabled_reason: DisabledReason | None
    """Why we stopped sending; null unless it is disabled."""
    failing_since: datetime | None
    """The first failed attempt since the last that you took; null while all is well."""
    created_at: datetime


class NewEndpointView(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint with its first secret."""

    endpoint: EndpointView
    secret: str | None
    """Shown this once; null when the endpoint was there before. Lost? Rotate."""


class SecretView(msgspec.Struct, frozen=True, kw_only=True):
    """A new secret."""

    secret: str
    """Shown this once."""
    version: int
    previous_signs_until: datetime | None
    """Until then every delivery carries a signature with the secret before, too."""


class NotificationView(msgspec.Struct, frozen=True, kw_only=True):
    """How far an event has come at one endpoint."""

    endpoint_id: str
    url: str
    state: NotificationState
    attempts: int
    next_at: datetime | None
    """When it is tried next."""
    delivered_at: datetime | None
    """When you took it first."""
    last_error: str | None


class AttemptView(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt."""

    endpoint_id: str
    number: int
    asked_by: str
    """``schedule``, ``platform`` for you, or ``staff`` for the operator's."""
    at: datetime
    outcome: Outcome
    status: int | None
    """The HTTP status that you answered with."""
    error: str | None
    answer: str | None
    """The first 1,000 characters of your answer."""
    took_ms: int | None


class EventView(msgspec.Struct, frozen=True, kw_only=True):
    """Something that you are told."""

    id: str
    """The header ``webhook-id``, the same in every attempt."""
    topic: str
    object: str
    """Id of what it is about."""
    version: int
    """1, 2, 3 … for each object: what has the higher one is newer."""
    occurred_at: datetime
    notifications: list[NotificationView]
    """One for each endpoint that it is for."""


class EventPage(msgspec.Struct, frozen=True, kw_only=True):
    """An event with what is sent and every attempt."""

    event: EventView
    data: Any
    """The object as it was then."""
    attempts: list[AttemptView]
    """Oldest first."""


class Resend(msgspec.Struct, frozen=True):
    """Where an event is to be sent again."""

    endpoint_id: str | None = None
    """One endpoint, also one that is paused or disabled; without it all that the event is for."""


class EndpointController(Controller):
    """Where you are told of events."""

    path = "/v1/webhook-endpoints"
    tags = ("notifications",)
    opt = needs(Scope.PAYMENTS)

    @post(summary="Create an endpoint")
    async def create(
        self,
        data: JSONBody[NewEndpoint],
        caller: GivenCaller,
        database: GivenDatabase,
        clock: GivenClock,
        webhooks: GivenWebhooks,
    ) -> NewEndpointView:
        """It is told of what happens from now on. The same URL with the same content again returns the first."""
        now = clock.now()
        endpoint, secret = await database.run(
            lambda tx: create_endpoint(tx, now=now, platform=caller.platform, asked=data, rule=webhooks.rule)
        )
        return NewEndpointView(endpoint=show_endpoint(endpoint), secret=secret)

    @get(summary="List your endpoints")
    async def list(self, caller: GivenCaller, database: GivenDatabase) -> Page[EndpointView]:
        """In the order in which they were made; there are at most twenty."""
        async with database.reading() as tx:
            found = await list_endpoints(tx, caller.platform)
        return Page(items=[show_endpoint(each) for each in found])

    @get("/{endpoint_id:str}", summary="Get an endpoint")
    async def read(
        self, endpoint_id: FromPath[str], caller: GivenCaller, database: GivenDatabase
    ) -> EndpointView:
        id = parse_id("endpoint", endpoint_id)
        async with database.reading() as tx:
            return show_endpoint(await require_endpoint(tx, id, platform=caller.platform))

    @patch("/{endpoint_id:str}", summary="Change, pause or resume an endpoint")
    async def change(
        self,
        endpoint_id: FromPath[str],
        data: JSONBody[EndpointChange],
        caller: GivenCaller,
        database: GivenDatabase,
        clock: GivenClock,
        webhooks: GivenWebhooks,
    ) -> EndpointView:
        """What is left out stays. A paused endpoint keeps what happens meanwhile; one that we disabled does not, so
        have it resent."""
        now, id = clock.now(), parse_id("endpoint", endpoint_id)
        changed = await database.run(
            lambda tx: change_endpoint(
                tx, now=now, platform=caller.platform, id=id, change=data, rule=webhooks.rule
            )
        )
        return show_endpoint(changed)

    @delete("/{endpoint_id:str}", summary="Delete an endpoint")
    async def remove(
        self, endpoint_id: FromPath[str], caller: GivenCaller, database: GivenDatabase, clock: GivenClock
    ) -> None:
        """What waits for it is given up."""
        now, id = clock.now(), parse_id("endpoint", endpoint_id)
        await database.run(lambda tx: delete_endpoint(tx, now=now, platform=caller.platform, id=id))

    @post("/{endpoint_id:str}/secret", summary="Rotate an endpoint's secret")
    async def rotate(
        self, endpoint_id: FromPath[str], caller: GivenCaller, database: GivenDatabase, clock: GivenClock
    ) -> SecretView:
        """For 24 hours deliveries carry signatures with both, so you may change over at any moment between."""
        now, id = clock.now(), parse_id("endpoint", endpoint_id)
        made = await database.run(lambda tx: rotate_secret(tx, now=now, platform=caller.platform, id=id))
        return SecretView(
            secret=made.secret, version=made.version, previous_signs_until=made.previous_signs_until
        )

    @post("/{endpoint_id:str}/test", summary="Send a test event")
    async def test(
        self, endpoint_id: FromPath[str], caller: GivenCaller, database: GivenDatabase, clock: GivenClock
    ) -> EventView:
        """``test.ping``, sent once in a moment; what you answered is at the event."""
        now, id = clock.now(), parse_id("endpoint", endpoint_id)
        event = await database.run(
            lambda tx: send_test(tx, now=now, platform=caller.platform, id=id, asked_by=PLATFORM)
        )
        async with database.reading() as tx:
            (view,) = await show_events(tx, [event])
        return view


class EventController(Controller):
    """What you are told."""

    path = "/v1/events"
    tags = ("notifications",)
    opt = needs(Scope.PAYMENTS)

    @get(summary="List events, newest first")
    async def list(
        self,
        caller: GivenCaller,
        database: GivenDatabase,
        topic: FromQuery[Topic | None] = None,
        object: Annotated[str | None, QueryParameter(max_length=100)] = None,
        in_state: Annotated[NotificationState | None, QueryParameter(name="state")] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[EventView]:
        """``object`` is the id of a payment or refund; ``state`` one in which the event is at one endpoint at least.
        Events are kept from your first endpoint on."""
        only = EventFilter(
            platform=caller.platform, topic=topic and topic.value, object=object, state=in_state
        )
        before = None if cursor is None else parse_id("event", cursor)
        async with database.reading() as tx:
            found = await list_events(tx, only=only, before=before, limit=limit + 1)
            views = await show_events(tx, found[:limit])
        return Page(items=views, next_cursor=views[-1].id if len(found) > limit else None)

    @get("/{event_id:str}", summary="Get an event with every attempt")
    async def read(self, event_id: FromPath[str], caller: GivenCaller, database: GivenDatabase) -> EventPage:
        async with database.reading() as tx:
            event = await require_event(tx, parse_id("event", event_id), platform=caller.platform)
            (view,) = await show_events(tx, [event])
            made = await deliveries(tx, event.id)
        return EventPage(event=view, data=event.payload, attempts=[_attempt(each) for each in made])

    @post("/{event_id:str}/resend", summary="Send an event again", status_code=202)
    async def again(
        self,
        event_id: FromPath[str],
        data: JSONBody[Resend],
        caller: GivenCaller,
        database: GivenDatabase,
        clock: GivenClock,
    ) -> EventView:
        """It goes out in a moment, under the same ``webhook-id`` and with the same content, and then by the schedule
        until it is taken."""
        now, id = clock.now(), parse_id("event", event_id)
        endpoint = parse_id("endpoint", data.endpoint_id) if data.endpoint_id is not None else None

        async def ask(tx: Transaction) -> Event:
            event = await require_event(tx, id, platform=caller.platform)
            await resend(tx, now=now, event=event, endpoint=endpoint, asked_by=PLATFORM)
            return event

        event = await database.run(ask)
        async with database.reading() as tx:
            (view,) = await show_events(tx, [event])
        return view


def show_endpoint(endpoint: Endpoint) -> EndpointView:
    """An endpoint as its platform sees it."""
    return EndpointView(
        id=endpoint.shown_id,
        url=endpoint.url,
        description=endpoint.description,
        topics=endpoint.topics,
        state=endpoint.state,
        disabled_reason=endpoint.disabled_reason,
        failing_since=endpoint.failing_since,
        created_at=endpoint.created_at,
    )


async def show_events(tx: Transaction, events: list[Event]) -> list[EventView]:
    """Events with how far they have come, in the order given."""
    found = await notifications_of(tx, [event.id for event in events])
    return [
        EventView(
            id=event.shown_id,
            topic=event.topic,
            object=event.object,
            version=event.version,
            occurred_at=event.occurred_at,
            notifications=[_notification(each) for each in found[event.id]],
        )
        for event in events
    ]


def _notification(notification: Notification) -> NotificationView:
    return NotificationView(
        endpoint_id=show_id("endpoint", notification.endpoint),
        url=notification.url,
        state=notification.state,
        attempts=notification.attempts,
        next_at=notification.next_at,
        delivered_at=notification.delivered_at,
        last_error=notification.last_error,
    )


def _attempt(delivery: Delivery) -> AttemptView:
    return AttemptView(
        endpoint_id=show_id("endpoint", delivery.endpoint),
        number=delivery.attempt,
        # Who of the operator's staff it was is not the platform's business.
        asked_by="staff" if "@" in delivery.asked_by else delivery.asked_by,
        at=delivery.at,
        outcome=delivery.outcome,
        status=delivery.status,
        error=delivery.error,
        answer=delivery.answer,
        took_ms=delivery.took_ms,
    )
