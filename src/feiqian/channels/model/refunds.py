"""Refunds at a channel. Amounts are minor units; times are aware, in UTC."""

from datetime import datetime
from enum import StrEnum

import msgspec

from feiqian.channels.model.orders import OrderKey


class ChannelRefundState(StrEnum):
    """Where a refund stands at the channel."""

    PROCESSING = "processing"
    """Accepted; the money is on its way back."""
    SUCCEEDED = "succeeded"
    """The buyer has the money."""
    CLOSED = "closed"
    """Given up; the money stays with us."""
    ABNORMAL = "abnormal"
    """The buyer's account does not take it; a person has to decide where the money goes."""
    UNKNOWN_TO_CHANNEL = "unknown_to_channel"
    """The channel has no such refund: it was never accepted."""


class RefundRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Money to be given back. A repetition must keep ``out_refund_no`` and content."""

    order: OrderKey
    """The order that is refunded from, with the channel's number."""
    out_refund_no: str
    amount: int
    total: int
    """The amount of the order that is refunded from."""
    currency: str
    requested_at: datetime
    """When the refund was asked for: the same in every repetition."""
    reason: str | None = None
    """What the buyer reads."""
    notify_url: str | None = None


class RefundKey(msgspec.Struct, frozen=True, kw_only=True):
    """By what a refund is found again at its channel."""

    order: OrderKey
    out_refund_no: str
    requested_at: datetime


class ChannelRefund(msgspec.Struct, frozen=True, kw_only=True):
    """A refund as the channel has it."""

    out_refund_no: str
    state: ChannelRefundState
    out_trade_no: str | None = None
    channel_refund_no: str | None = None
    amount: int | None = None
    currency: str | None = None
    succeeded_at: datetime | None = None
    """Present once succeeded."""
