"""Bills and statements: what a channel says moved on one of its days."""

from datetime import date, datetime
from enum import StrEnum

import msgspec


class BillKind(StrEnum):
    """Which of our facts a bill line speaks of."""

    PAYMENT = "payment"
    """The buyer paid."""
    REFUND = "refund"
    """The buyer got money back."""


class BillState(StrEnum):
    """How a bill line ended."""

    SUCCEEDED = "succeeded"
    """The money moved."""
    PROCESSING = "processing"
    """A refund under way."""
    FAILED = "failed"
    """A refund that did not happen."""


class BillLine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One movement on the channel's bill."""

    kind: BillKind
    out_no: str
    """Our number: out_trade_no of a payment, out_refund_no of a refund."""
    channel_no: str
    """The channel's number of this movement."""
    out_trade_no: str
    """Our number of the order that was paid or refunded from."""
    transaction_no: str
    """The channel's number of that payment."""
    amount: int
    """What we asked for; positive for both kinds."""
    currency: str
    state: BillState
    fee: int
    """The channel's fee, minor units; negative where it is given back."""
    rate: str
    """The fee's rate as the bill prints it, such as ``0.60%``."""
    occurred_at: datetime


class BillSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The totals that the channel printed, found equal to the sums of the lines."""

    line_count: int
    payment_amount: int
    refund_amount: int
    fee: int


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the channel says moved on one of its days."""

    day: date
    """The channel's day: Beijing time."""
    lines: tuple[BillLine, ...]
    summary: BillSummary
