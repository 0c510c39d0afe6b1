"""The partners' face: the HTTP API under /v1, the channels' callbacks, events for platforms.

Owns idempotency keys, endpoints and events (``feiqian.openapi.webhooks``). Handlers are thin: they find the caller, give
the operation one transaction, and show the result with outside ids. OpenAPI 3.1 is served at /schema.
"""

from typing import Any

from feiqian.openapi.access import Access
from feiqian.openapi.callbacks import take_notice
from feiqian.openapi.days import DayController
from feiqian.openapi.ledger import LEDGER_CONTROLLERS
from feiqian.openapi.lending import CreditController, FunderController, LoanController
from feiqian.openapi.merchants import MerchantController
from feiqian.openapi.notifications import EndpointController, EventController
from feiqian.openapi.payment_links import PaymentCodeController, PaymentLinkController
from feiqian.openapi.payments import PaymentController, RefundController
from feiqian.openapi.problems import ProblemResponses
from feiqian.openapi.webhooks import (
    AT_ONCE_MAX,
    AddressRule,
    Delivery,
    DisabledReason,
    Endpoint,
    EndpointState,
    Event,
    EventFilter,
    Health,
    NewEvent,
    Notification,
    NotificationState,
    Outcome,
    Topic,
    Webhooks,
    count_given_up,
    deliveries,
    follow_members,
    health,
    list_endpoints,
    list_events,
    listening,
    new_secret,
    notifications_of,
    require_event,
    resend,
    tell_platforms,
    verify,
    waiting,
)

__all__ = [
    "AT_ONCE_MAX",
    "Access",
    "AddressRule",
    "Delivery",
    "DisabledReason",
    "Endpoint",
    "EndpointState",
    "Event",
    "EventFilter",
    "Health",
    "NewEvent",
    "Notification",
    "NotificationState",
    "Outcome",
    "ProblemResponses",
    "Topic",
    "Webhooks",
    "count_given_up",
    "deliveries",
    "follow_members",
    "health",
    "list_endpoints",
    "list_events",
    "listening",
    "new_secret",
    "notifications_of",
    "require_event",
    "resend",
    "routes",
    "tell_platforms",
    "verify",
    "waiting",
]


def routes() -> list[Any]:
    """Everything that partners and channels call."""
    return [
        MerchantController,
        PaymentController,
        RefundController,
        PaymentLinkController,
        PaymentCodeController,
        CreditController,
        LoanController,
        FunderController,
        DayController,
        EndpointController,
        EventController,
        *LEDGER_CONTROLLERS,
        take_notice,
    ]
