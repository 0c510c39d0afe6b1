"""What can be done with endpoints and events, each in the one transaction it is given."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from msgspec import UNSET
from msgspec.structs import replace

from feiqian.infra.database import Transaction
from feiqian.kernel.errors import InvalidRequest, NotFound, ReplayAltered
from feiqian.kernel.ids import derived_id, new_id, show_id
from feiqian.members import WebhookSet
from feiqian.openapi.webhooks.addresses import AddressRule
from feiqian.openapi.webhooks.model import (
    Endpoint,
    EndpointChange,
    EndpointExists,
    EndpointNotActive,
    EndpointState,
    EndpointsTooMany,
    Event,
    NewEndpoint,
    NewEvent,
    Topic,
)
from feiqian.openapi.webhooks.schedule import ROTATION_OVERLAP
from feiqian.openapi.webhooks.signing import new_secret
from feiqian.openapi.webhooks.store import endpoints, reading, writing

ENDPOINTS_MAX = 20
"""Of one platform."""
DESCRIPTION_LENGTH_MAX = 200


class NewSecret(NamedTuple):
    """A secret, to be shown once."""

    secret: str
    version: int
    previous_signs_until: datetime | None
    """Until when the one before signs beside it; None when there is none."""


async def create_endpoint(
    tx: Transaction, *, now: datetime, platform: UUID, asked: NewEndpoint, rule: AddressRule
) -> tuple[Endpoint, str | None]:
    """Send a platform's events to one more address; the same again returns the first.

    Returns the endpoint with its secret, which is None when the endpoint was there before.
    Raises: InvalidRequest, EndpointsTooMany, ReplayAltered.
    """
    rule.check(asked.url)
    _check_description(asked.description)
    endpoint = Endpoint(
        id=new_id(now),
        platform=platform,
        url=asked.url,
        description=asked.description,
        topics=_distinct(asked.topics),
        state=EndpointState.ACTIVE,
        disabled_reason=None,
        failing_since=None,
        given_up=0,
        created_at=now,
        changed_at=now,
    )
    if await endpoints.insert_endpoint(tx, endpoint):
        if len(await endpoints.list_endpoints(tx, platform)) > ENDPOINTS_MAX:
            raise EndpointsTooMany(limit=ENDPOINTS_MAX)
        secret = new_secret()
        await endpoints.insert_secret(tx, endpoint.id, secret=secret, now=now)
        return endpoint, secret
    had = await endpoints.find_endpoint(tx, platform, asked.url)
    assert had is not None, "nothing but the URL can have been taken"
    for field in ("description", "topics"):
        if getattr(had, field) != getattr(endpoint, field):
            raise ReplayAltered(key=f"url {asked.url}", field=field)
    return had, None


async def require_endpoint(tx: Transaction, id: UUID, *, platform: UUID, locked: bool = False) -> Endpoint:
    """A platform's endpoint. Raises: NotFound."""
    found = await (endpoints.lock_endpoint(tx, id) if locked else endpoints.read_endpoint(tx, id))
    if found is None or found.platform != platform:
        raise NotFound(what="endpoint", name=show_id("endpoint", id))
    return found


async def change_endpoint(
    tx: Transaction, *, now: datetime, platform: UUID, id: UUID, change: EndpointChange, rule: AddressRule
) -> Endpoint:
    """Set what is given; one that we disabled begins anew when it is made active.

    Raises: NotFound, InvalidRequest, EndpointExists.
    """
    changed = had = await require_endpoint(tx, id, platform=platform, locked=True)
    if change.url is not UNSET and change.url != had.url:
        rule.check(change.url)
        other = await endpoints.find_endpoint(tx, platform, change.url)
        if other is not None:
            raise EndpointExists(endpoint=other.shown_id)
        changed = replace(changed, url=change.url)
    if change.description is not UNSET:
        _check_description(change.description)
        changed = replace(changed, description=change.description)
    if change.topics is not UNSET:
        changed = replace(changed, topics=_distinct(change.topics))
    if change.state is EndpointState.DISABLED:
        raise InvalidRequest(field="state", reason="must be active or paused")
    if change.state is not UNSET and change.state is not had.state:
        changed = replace(changed, state=change.state, changed_at=now, disabled_reason=None)
        if had.state is EndpointState.DISABLED:
            changed = replace(changed, failing_since=None, given_up=0)
    if changed != had:
        await endpoints.update_endpoint(tx, changed)
    return changed


async def delete_endpoint(tx: Transaction, *, now: datetime, platform: UUID, id: UUID) -> None:
    """Send nothing more there; what was sent stays listed. Raises: NotFound."""
    await require_endpoint(tx, id, platform=platform, locked=True)
    await endpoints.delete_endpoint(tx, id, now=now)
    await endpoints.give_up_waiting(tx, [id], reason="the endpoint was deleted")


async def rotate_secret(tx: Transaction, *, now: datetime, platform: UUID, id: UUID) -> NewSecret:
    """A new secret; those before sign beside it for a day. Raises: NotFound."""
    await require_endpoint(tx, id, platform=platform, locked=True)
    until = now + ROTATION_OVERLAP
    await endpoints.end_secrets(tx, id, at=until)
    secret = new_secret()
    version = await endpoints.insert_secret(tx, id, secret=secret, now=now)
    return NewSecret(secret, version, until if version > 1 else None)


async def send_test(tx: Transaction, *, now: datetime, platform: UUID, id: UUID, asked_by: str) -> Event:
    """Send one endpoint an event that means nothing, whatever it listens to and whether or not it is active.

    Raises: NotFound.
    """
    endpoint = await require_endpoint(tx, id, platform=platform, locked=True)
    event = NewEvent(
        platform=platform,
        topic=Topic.TEST_PING.value,
        object=endpoint.shown_id,
        payload={"id": endpoint.shown_id, "url": endpoint.url, "description": endpoint.description},
        at=now,
    )
    event_id = new_id(now)
    await writing.insert_event_for(tx, event, id=event_id)
    await writing.ask_for(tx, event_id, [id], now=now, asked_by=asked_by)
    return await require_event(tx, event_id)


async def require_event(tx: Transaction, id: UUID, *, platform: UUID | None = None) -> Event:
    """An event, of that platform when one is given. Raises: NotFound."""
    event = await reading.read_event(tx, id)
    if event is None or (platform is not None and event.platform != platform):
        raise NotFound(what="event", name=show_id("event", id))
    return event


async def resend(
    tx: Transaction, *, now: datetime, event: Event, endpoint: UUID | None, asked_by: str
) -> None:
    """Send an event now, to one endpoint or to all that it is for, and by the schedule until it is taken.

    To one endpoint also where that is paused or disabled.

    Raises: NotFound, EndpointNotActive.
    """
    if endpoint is not None:
        await require_endpoint(tx, endpoint, platform=event.platform)
    ids = [endpoint] if endpoint is not None else await writing.endpoints_of(tx, event.id)
    if not ids:
        raise EndpointNotActive
    await writing.ask_for(tx, event.id, ids, now=now, asked_by=asked_by)


async def take_webhook(tx: Transaction, event: WebhookSet) -> None:
    """The endpoint that the operator sets up for a platform; setting it again replaces its address and its secret.

    Raises: EndpointExists.
    """
    id = derived_id("endpoint", str(event.platform))
    other = await endpoints.find_endpoint(tx, event.platform, event.url)
    if other is not None and other.id != id:
        raise EndpointExists(endpoint=other.shown_id)
    endpoint = Endpoint(
        id=id,
        platform=event.platform,
        url=event.url,
        description="",
        topics=(),
        state=EndpointState.ACTIVE,
        disabled_reason=None,
        failing_since=None,
        given_up=0,
        created_at=event.at,
        changed_at=event.at,
    )
    if not await endpoints.insert_endpoint(tx, endpoint):
        await endpoints.update_endpoint(tx, endpoint)
    await endpoints.end_secrets(tx, id, at=event.at)
    await endpoints.insert_secret(tx, id, secret=event.secret, now=event.at)


def _distinct(topics: Sequence[Topic]) -> tuple[str, ...]:
    return tuple(sorted({topic.value for topic in topics}))


def _check_description(text: str) -> None:
    if len(text) > DESCRIPTION_LENGTH_MAX or (text and not text.isprintable()):
        raise InvalidRequest(
            field="description", reason=f"must be at most {DESCRIPTION_LENGTH_MAX} printable characters"
        )
