"""Notifications: what platforms are told, where, how far it has come, and every attempt.

Owns endpoints with their secrets, events, one notification for each event at each endpoint, and one delivery for each
attempt. An event is written in the transaction of its fact, with a ``version`` that counts the events of its object. It is
sent at least once: ``NotificationState`` says how far it has come, ``EndpointState`` whether an endpoint is sent anything.
"""

from feiqian.openapi.webhooks.addresses import AddressRule
from feiqian.openapi.webhooks.delivery import AT_ONCE_MAX, Webhooks
from feiqian.openapi.webhooks.facts import follow_members
from feiqian.openapi.webhooks.model import (
    PLATFORM,
    DisabledReason,
    Endpoint,
    EndpointChange,
    EndpointState,
    Event,
    NewEndpoint,
    NewEvent,
    NotificationState,
    Outcome,
    Topic,
)
from feiqian.openapi.webhooks.operations import (
    change_endpoint,
    create_endpoint,
    delete_endpoint,
    require_endpoint,
    require_event,
    resend,
    rotate_secret,
    send_test,
)
from feiqian.openapi.webhooks.signing import NotGenuine, new_secret, sign, verify
from feiqian.openapi.webhooks.store.endpoints import list_endpoints, listening
from feiqian.openapi.webhooks.store.reading import (
    Delivery,
    EventFilter,
    Health,
    Notification,
    count_given_up,
    deliveries,
    health,
    list_events,
    notifications_of,
    waiting,
)
from feiqian.openapi.webhooks.store.writing import tell_platforms

__all__ = [
    "AT_ONCE_MAX",
    "PLATFORM",
    "AddressRule",
    "Delivery",
    "DisabledReason",
    "Endpoint",
    "EndpointChange",
    "EndpointState",
    "Event",
    "EventFilter",
    "Health",
    "NewEndpoint",
    "NewEvent",
    "NotGenuine",
    "Notification",
    "NotificationState",
    "Outcome",
    "Topic",
    "Webhooks",
    "change_endpoint",
    "count_given_up",
    "create_endpoint",
    "delete_endpoint",
    "deliveries",
    "follow_members",
    "health",
    "list_endpoints",
    "list_events",
    "listening",
    "new_secret",
    "notifications_of",
    "require_endpoint",
    "require_event",
    "resend",
    "rotate_secret",
    "send_test",
    "sign",
    "tell_platforms",
    "verify",
    "waiting",
]
