"""Facts that payments tell the floors above, inside the transaction that made them true."""

from datetime import datetime
from uuid import UUID

import msgspec

from feiqian.payments.model import Attempt, Payment, Refund


class PaymentsSucceeded(msgspec.Struct, frozen=True):
    """Buyers paid and it is in the ledger; payments that were posted as one batch are told as one."""

    payments: tuple[Payment, ...]
    at: datetime


class AttemptRouted(msgspec.Struct, frozen=True):
    """An attempt was made at a connection that was chosen for it."""

    attempt: Attempt
    decision: UUID | None
    """Under which it is kept why."""
    trace: object
    """The reasons, as whoever chose gave them."""
    at: datetime


class PaymentClosed(msgspec.Struct, frozen=True):
    """A payment ended unpaid: closed or failed."""

    payment: Payment
    at: datetime


class PaymentConflicted(msgspec.Struct, frozen=True):
    """A buyer paid something else than the order said."""

    payment: Payment
    at: datetime


class RefundRequested(msgspec.Struct, frozen=True):
    """A refund was recorded and its money set aside; the channel is to be asked now."""

    refund: UUID


class RefundSettled(msgspec.Struct, frozen=True):
    """A refund succeeded or failed."""

    refund: Refund
    at: datetime
