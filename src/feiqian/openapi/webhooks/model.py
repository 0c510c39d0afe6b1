"""Values of notifications: endpoints, events, and how far each event has come at each endpoint."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from feiqian.kernel.errors import Refusal
from feiqian.kernel.ids import show_id

SCHEDULE = "schedule"
"""Who asked for an attempt when nobody did."""
PLATFORM = "platform"
"""Who asked when it was the platform itself, over the API; members of staff go by their e-mail addresses."""


class Topic(StrEnum):
    """What platforms are told of. Later versions add topics: ignore those that you do not know."""

    PAYMENT_SUCCEEDED = "payment.succeeded"
    """The buyer paid and it is in the ledger. ``data`` is the payment."""
    PAYMENT_CLOSED = "payment.closed"
    """It ended unpaid. ``data`` is the payment."""
    PAYMENT_FAILED = "payment.failed"
    """The channel refused it. ``data`` is the payment."""
    PAYMENT_CONFLICTED = "payment.conflicted"
    """The buyer paid something else than was asked for; a person will decide. ``data`` is the payment."""
    REFUND_SUCCEEDED = "refund.succeeded"
    """The money is with the buyer. ``data`` is the refund."""
    REFUND_FAILED = "refund.failed"
    """The channel refused it and the money is back with the merchants. ``data`` is the refund."""
    TEST_PING = "test.ping"
    """A test that somebody asked for; sent once, to one endpoint, whatever topics it listens to."""


class EndpointState(StrEnum):
    """Whether events are sent to an endpoint."""

    ACTIVE = "active"
    """They are."""
    PAUSED = "paused"
    """They wait, and go out in order when it is active again."""
    DISABLED = "disabled"
    """It answered 410, or took nothing for days: what waited is given up and new events are not for it. The platform
    makes it active again, and has resent what it missed."""


class DisabledReason(StrEnum):
    """Why we stopped sending to an endpoint."""

    FAILURES = "failures"
    """Events were given up one after the other and nothing was taken for three days."""
    GONE = "gone"
    """It answered 410."""


class NotificationState(StrEnum):
    """How far an event has come at one endpoint."""

    PENDING = "pending"
    """It will be tried, for the first time or again."""
    DELIVERED = "delivered"
    """The endpoint answered 2xx."""
    FAILED = "failed"
    """Given up after its last attempt, or because the endpoint was disabled or deleted. It can be resent."""


class Outcome(StrEnum):
    """What became of one attempt."""

    UNDER_WAY = "under_way"
    """Being sent; if it stays so, the worker died before it could note the answer, and the next attempt follows."""
    DELIVERED = "delivered"
    """Answered 2xx."""
    REFUSED = "refused"
    """Answered anything else; redirects are not followed."""
    TIMED_OUT = "timed_out"
    """No answer in time."""
    UNREACHABLE = "unreachable"
    """No connection, or it broke; also where the address is not allowed."""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An address of a platform that is told of events."""

    id: UUID
    platform: UUID
    url: str
    description: str
    topics: tuple[str, ...]
    """Those it listens to; all of them when empty."""
    state: EndpointState
    disabled_reason: DisabledReason | None
    failing_since: datetime | None
    """The first failed attempt since the last that was taken; None while it takes what is sent."""
    given_up: int
    """Events given up since then."""
    created_at: datetime
    changed_at: datetime
    """When it was made, or its state changed last."""

    @property
    def shown_id(self) -> str:
        return show_id("endpoint", self.id)


class NewEndpoint(msgspec.Struct, frozen=True):
    """An endpoint to be made."""

    url: str
    """https; in the sandbox also http to 127.0.0.1, ::1 or localhost. Redirects are not followed."""
    description: str = ""
    """For people, at most 200 characters."""
    topics: tuple[Topic, ...] = ()
    """What it listens to; every topic when empty, later ones too."""


class EndpointChange(msgspec.Struct, frozen=True):
    """What is to be different; what is left out stays."""

    url: str | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType = msgspec.UNSET
    topics: tuple[Topic, ...] | msgspec.UnsetType = msgspec.UNSET
    state: EndpointState | msgspec.UnsetType = msgspec.UNSET
    """``active`` or ``paused``."""


class NewEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a platform is to be told, before it is written."""

    platform: UUID
    topic: str
    object: str
    """Outside id of what it is about; its events are numbered 1, 2, 3 …"""
    payload: Any
    at: datetime


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a platform is told."""

    id: UUID
    platform: UUID
    topic: str
    object: str
    version: int
    """1, 2, 3 … for each object, in the order in which it happened."""
    payload: Any
    """The object as it was then: ``data`` of the message."""
    occurred_at: datetime

    @property
    def shown_id(self) -> str:
        return show_id("event", self.id)


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One notification taken to be sent now."""

    event: UUID
    endpoint: UUID
    url: str
    secrets: tuple[str, ...]
    """Those that are valid, newest first."""
    topic: str
    object: str
    version: int
    payload: Any
    occurred_at: datetime
    attempt: int
    """1, 2, 3 … of this event at this endpoint."""
    step: int
    """The same since somebody last asked for it: its place in the schedule."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an attempt."""

    event: UUID
    endpoint: UUID
    attempt: int
    outcome: Outcome
    status: int | None
    error: str | None
    answer: str | None
    took_ms: int
    at: datetime
    next_at: datetime | None
    """When to try again; None when it was delivered or given up."""
    counts: bool
    """Whether it says something about the endpoint's health: a test does not."""

    @property
    def given_up(self) -> bool:
        return self.counts and self.outcome is not Outcome.DELIVERED and self.next_at is None


class EndpointExists(Refusal):
    """Another endpoint of the platform has this URL."""

    code = "endpoint_exists"
    status = 409
    english = "The endpoint {endpoint} has this URL already. Change that one, or delete it first."
    chinese = "通知地址 {endpoint} 已使用此 URL，请修改该地址，或先删除它。"


class EndpointsTooMany(Refusal):
    """The platform has as many endpoints as it may have."""

    code = "endpoints_too_many"
    status = 409
    english = "A platform has at most {limit} endpoints. Delete one that is not used."
    chinese = "每个平台最多 {limit} 个通知地址，请先删除不用的地址。"


class EndpointNotActive(Refusal):
    """Nothing can be sent to all endpoints where none takes events."""

    code = "endpoint_not_active"
    status = 409
    english = "No endpoint takes this event: none listens to it that is active or paused. Name one, or make one active."
    chinese = "没有可接收该通知的地址：请指定一个地址，或先启用地址。"
