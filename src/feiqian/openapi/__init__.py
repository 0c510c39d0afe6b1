"""The partners' face: the HTTP API under /v1, the channels' callbacks, events for platforms.

Owns idempotency keys and the outbox. Handlers are thin: they find the caller, give the operation one transaction, and
show the result with outside ids. OpenAPI 3.1 is served at /schema.
"""

from typing import Any

from feiqian.openapi.access import Access
from feiqian.openapi.callbacks import take_notice
from feiqian.openapi.days import DayController
from feiqian.openapi.ledger import LEDGER_CONTROLLERS
from feiqian.openapi.lending import CreditController, FunderController, LoanController
from feiqian.openapi.merchants import MerchantController
from feiqian.openapi.payments import PaymentController, RefundController
from feiqian.openapi.problems import ProblemResponses
from feiqian.openapi.webhooks import Webhooks

__all__ = ["Access", "ProblemResponses", "Webhooks", "routes"]


def routes() -> list[Any]:
    """Everything that partners and channels call."""
    return [
        MerchantController,
        PaymentController,
        RefundController,
        CreditController,
        LoanController,
        FunderController,
        DayController,
        *LEDGER_CONTROLLERS,
        take_notice,
    ]
