"""What is given back, and what a channel's bill should confirm."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from feiqian.kernel.ids import show_id
from feiqian.payments.model.states import RefundState


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """A row of payments.refund."""

    id: UUID
    payment: UUID
    attempt: int
    """Position of the attempt that was paid."""
    channel: str
    """Code of the connection that was paid, and pays back."""
    platform: UUID
    refund_no: str
    out_refund_no: str
    amount: int
    currency: str
    reason: str
    fee: int
    parts: tuple[int, ...]
    state: RefundState
    created_at: datetime
    succeeded_at: datetime | None
    channel_refund_no: str | None
    error: str | None
    checks: int

    @property
    def shown_id(self) -> str:
        return show_id("refund", self.id)


class ChannelLineKind(StrEnum):
    """Which of our facts a channel's bill should confirm."""

    PAYMENT = "payment"
    """A payment."""
    REFUND = "refund"
    """A refund."""


class ChannelLine(msgspec.Struct, frozen=True, kw_only=True):
    """One of our facts as reconciliation sees it."""

    kind: ChannelLineKind
    our_no: str
    """Our number at the channel: out_trade_no or out_refund_no."""
    our_id: str
    """payment_… or refund_…"""
    channel_no: str | None
    amount: int
    currency: str
    state: str
    occurred_at: datetime
    """The channel's time of success; our time of creation before that."""
