"""Where payments, attempts and refunds can stand, and what may happen to them."""

from enum import StrEnum


class PaymentState(StrEnum):
    """Where a payment stands: it follows from its attempts (``rules.payment_state``).

    requires_method -> created -> awaiting_payment -> succeeded; any of the first three -> closed | failed | conflicted;
    created, awaiting_payment -> requires_method while another attempt may follow.
    closed, failed, conflicted -> succeeded when the channel says that the buyer paid after all: money that came is never
    denied.
    """

    REQUIRES_METHOD = "requires_method"
    """No attempt is open: the buyer, or the platform, has to choose how to pay."""
    CREATED = "created"
    """Recorded; whether the channel has the order is not known yet."""
    AWAITING_PAYMENT = "awaiting_payment"
    """The channel has the order; the buyer may pay."""
    SUCCEEDED = "succeeded"
    """Paid and in the ledger. Refunds do not change this."""
    CLOSED = "closed"
    """Expired or called off unpaid."""
    FAILED = "failed"
    """The channel did not take the order, and there is no other way."""
    CONFLICTED = "conflicted"
    """Paid, but amount, currency, merchant or application differ from the order: nothing posted, finance decides."""


class AttemptState(StrEnum):
    """Where one order at one connection stands.

    created -> awaiting_payment | unknown | succeeded | closed | failed; unknown -> awaiting_payment | succeeded | closed |
    failed; awaiting_payment -> succeeded | closed | failed. Whatever was not paid before -> succeeded, conflicted or
    duplicate, when the channel says that money came.
    """

    CREATED = "created"
    """Recorded; the channel has not been called, or has refused for the moment."""
    UNKNOWN = "unknown"
    """The channel was called and gave no certain answer: it is asked before anything else happens."""
    AWAITING_PAYMENT = "awaiting_payment"
    """The channel has the order; the buyer may pay."""
    SUCCEEDED = "succeeded"
    """Paid, and by it the payment succeeded."""
    CLOSED = "closed"
    """Not payable any more: closed at the channel, or never known there when its time was over."""
    FAILED = "failed"
    """The channel did not take the order, for certain."""
    CONFLICTED = "conflicted"
    """Paid, but not as ordered: nothing is posted, finance decides."""
    DUPLICATE = "duplicate"
    """Paid after the payment had succeeded by another attempt: the money is in payment.suspense, finance decides."""


class Standing(StrEnum):
    """Whether another attempt may follow those that a payment has."""

    OPEN = "open"
    """One may: somebody is choosing."""
    FIXED = "fixed"
    """None will: with the last attempt the payment ends."""
    ENDED = "ended"
    """The payment was called off, or its time is over."""


class RefundState(StrEnum):
    """Where a refund stands. pending -> processing -> succeeded | failed | abnormal."""

    PENDING = "pending"
    """Recorded, the money set aside; the channel has not confirmed that it has the request."""
    PROCESSING = "processing"
    """The channel has accepted it."""
    SUCCEEDED = "succeeded"
    """The buyer has the money."""
    FAILED = "failed"
    """The channel refused for good; the money set aside went back."""
    ABNORMAL = "abnormal"
    """The buyer's account does not take it; the money stays in transit until a person decides."""


class PaymentEvent(StrEnum):
    """What may happen to a payment: the words of its timeline, in the order in which they happen at one moment."""

    CREATED = "created"
    """The platform created it."""
    ATTEMPT_CLOSED = "attempt_closed"
    """One order was closed at its channel; the payment goes on."""
    CHANNEL_UNANSWERED = "channel_unanswered"
    """A call to the channel ended without an answer that can be trusted; it will be asked."""
    CHANNEL_REFUSED = "channel_refused"
    """The channel refused a call."""
    ATTEMPT_MADE = "attempt_made"
    """A way to pay was chosen that is not the first: a new order is placed."""
    CODE_ISSUED = "code_issued"
    """The channel took the order: the buyer can scan the code, or go on as the method asks."""
    PAID = "paid"
    """The channel reported the payment; it was posted."""
    CONFLICTED = "conflicted"
    """The channel reported a payment that differs from the order."""
    PAID_TWICE = "paid_twice"
    """The channel reported a second, different payment for the same order; finance decides."""
    PAID_AGAIN = "paid_again"
    """Another order of the same payment was paid too; its money was posted to payment.suspense, finance decides."""
    CLOSED = "closed"
    """Closed at the channel and here."""
    REFUND_REQUESTED = "refund_requested"
    """The platform asked for a refund; the money was set aside."""
    REFUND_ACCEPTED = "refund_accepted"
    """The channel works on the refund."""
    REFUND_SUCCEEDED = "refund_succeeded"
    """The buyer has the money."""
    REFUND_FAILED = "refund_failed"
    """The channel refused the refund; the money went back to where it came from."""
    REFUND_ABNORMAL = "refund_abnormal"
    """The refund needs a person's decision."""


class Actor(StrEnum):
    """Who made it happen."""

    PLATFORM = "platform"
    """The partner, through the API."""
    BUYER = "buyer"
    """Whoever has the payment's link, at the cashier."""
    HELPER = "helper"
    """Somebody whom the buyer asked to pay, at the cashier."""
    CHANNEL = "channel"
    """The channel, by a callback."""
    SCHEDULE = "schedule"
    """We asked the channel ourselves: at once, when it was due, or on request."""
