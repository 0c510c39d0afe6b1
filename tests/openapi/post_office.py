"""Notifications without a house around them: a database, a clock, endpoints, and workers to send."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from uuid import UUID

from feiqian.infra.database import Database
from feiqian.infra.http import HttpClient
from feiqian.kernel.clock import ManualClock
from feiqian.kernel.ids import parse_id
from feiqian.members import platform_id, register_platform
from feiqian.openapi import AT_ONCE_MAX, AddressRule, Webhooks
from feiqian.openapi.webhooks import (
    Delivery,
    Endpoint,
    Event,
    EventFilter,
    NewEndpoint,
    NewEvent,
    Notification,
    Topic,
    create_endpoint,
    deliveries,
    list_endpoints,
    list_events,
    notifications_of,
    tell_platforms,
)
from tests.conftest import NOW

SANDBOX = AddressRule(loopback=True)
PLATFORM = platform_id("mall")


class PostOffice:
    """One worker with its own pool, and what a test does around it."""

    def __init__(self, database: Database, clock: ManualClock, webhooks: Webhooks) -> None:
        self.database = database
        self.clock = clock
        self.webhooks = webhooks

    async def add(self, url: str, *topics: Topic) -> tuple[Endpoint, str]:
        """An endpoint of the platform, with its secret."""
        endpoint, secret = await self.database.run(
            lambda tx: create_endpoint(
                tx,
                now=self.clock.now(),
                platform=PLATFORM,
                asked=NewEndpoint(url=url, topics=topics),
                rule=SANDBOX,
            )
        )
        assert secret is not None
        return endpoint, secret

    async def tell(self, *objects: str, topic: str = "payment.succeeded") -> None:
        """One event about each of the objects, in one transaction."""
        events = [
            NewEvent(platform=PLATFORM, topic=topic, object=each, payload={"id": each}, at=self.clock.now())
            for each in objects
        ]
        await self.database.run(lambda tx: tell_platforms(tx, events))

    async def events(self) -> list[Event]:
        """All of them, oldest first."""
        async with self.database.reading() as tx:
            return (await list_events(tx, only=EventFilter(), before=None, limit=200))[::-1]

    async def notifications(self) -> list[Notification]:
        """Of all events, oldest first."""
        events = await self.events()
        async with self.database.reading() as tx:
            found = await notifications_of(tx, [event.id for event in events])
        return [each for event in events for each in found[event.id]]

    async def attempts(self, event: UUID | str) -> list[Delivery]:
        """Every attempt to deliver an event."""
        id = parse_id("event", event) if isinstance(event, str) else event
        async with self.database.reading() as tx:
            return await deliveries(tx, id)

    async def endpoint(self, id: UUID) -> Endpoint:
        async with self.database.reading() as tx:
            (found,) = [each for each in await list_endpoints(tx, PLATFORM) if each.id == id]
        return found

    def later(self, **how_much: float) -> None:
        """Let time pass."""
        self.at(self.clock.now() + timedelta(**how_much))

    def at(self, moment: datetime) -> None:
        self.clock.advance_to(moment)


@asynccontextmanager
async def open_post_office(
    url: str, *, clock: ManualClock | None = None, rule: AddressRule = SANDBOX
) -> AsyncGenerator[PostOffice]:
    """A worker over a migrated database; with the clock of another one, beside that."""
    clock = clock or ManualClock(NOW)
    async with (
        Database(url) as database,
        HttpClient(connections_max=AT_ONCE_MAX, admits=rule.admits) as http,
    ):
        webhooks = Webhooks(
            database=database, http=http, clock=clock, base_url="https://pay.example", rule=rule
        )
        await database.run(lambda tx: register_platform(tx, now=NOW, name="mall"))
        yield PostOffice(database, clock, webhooks)
