"""What platforms ask to be paid, the attempts to pay it, and whose it is."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from feiqian.channels import BuyerHints, NextStep, PaymentMethod, ShowCode
from feiqian.kernel.ids import show_id
from feiqian.payments.model.states import Actor, AttemptState, PaymentEvent, PaymentState

OPEN = frozenset({AttemptState.CREATED, AttemptState.UNKNOWN, AttemptState.AWAITING_PAYMENT})
"""States of an attempt that may be payable, or become so."""


class NewLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an order: who gets how much of it, in minor units."""

    merchant_no: str
    amount: int
    description: str = ""


class NewPayment(msgspec.Struct, frozen=True, kw_only=True):
    """What a platform asks for. The lines add up to the amount."""

    order_no: str
    amount: int
    currency: str
    description: str
    lines: list[NewLine]
    buyer: str | None = None
    expires_in_s: int = 7200
    metadata: dict[str, str] = {}
    method: PaymentMethod | None = None
    """How the buyer pays; the house's usual method when neither this nor ``methods`` is given."""
    methods: tuple[PaymentMethod, ...] = ()
    """From which the buyer chooses later; without ``method``, no order is placed before that."""
    payer: BuyerHints = BuyerHints()
    """What is known of the buyer, as far as the method needs it."""


class ChosenMethod(msgspec.Struct, frozen=True, kw_only=True):
    """How a buyer wants to pay a payment that is there already."""

    method: PaymentMethod
    payer: BuyerHints = BuyerHints()
    """What is known of the buyer, as far as the method needs it."""
    key: str | None = None
    """The asker's own: the same method under the same key makes one attempt, however often it is asked for."""


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """Where an attempt goes."""

    method: PaymentMethod
    channels: tuple[str, ...]
    """Codes of the connections that may take it, best first."""
    notify_url: str
    """Where the first of them reports."""
    lifetime_max: timedelta
    """How long its orders may stay payable."""
    decision: UUID | None = None
    """Of routing."""
    hints: BuyerHints = BuyerHints()
    key: str | None = None


class NewShare(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant's part of an order, before it is stored."""

    merchant: UUID
    amount: int
    fee: int


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A row of payments.share."""

    payment: UUID
    position: int
    merchant: UUID
    amount: int
    fee: int

    @property
    def net(self) -> int:
        """What the merchant is owed."""
        return self.amount - self.fee


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """A row of payments.attempt: one order at one connection."""

    payment: UUID
    position: int
    """1, 2, 3 … in its payment."""
    channel: str
    """Code of the connection."""
    method: PaymentMethod
    out_trade_no: str
    amount: int
    currency: str
    state: AttemptState
    next_step: NextStep | None
    hints: BuyerHints
    key: str | None
    notify_url: str
    next_channels: tuple[str, ...]
    decision: UUID | None
    placed_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    transaction_no: str | None
    payer: str | None
    error_code: str | None
    error: str | None
    checks: int

    @property
    def open(self) -> bool:
        """Whether it may be payable now, or become so."""
        return self.state in OPEN


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """A row of payments.payment, with the attempt that counts."""

    id: UUID
    platform: UUID
    order_no: str
    amount: int
    currency: str
    description: str
    buyer: str | None
    fee: int
    fee_rate: Decimal
    metadata: dict[str, str]
    method: PaymentMethod | None
    """What the platform chose; None: the buyer chooses."""
    methods: tuple[PaymentMethod, ...]
    """From which the buyer may choose; empty: the platform chose."""
    state: PaymentState
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    attempts: int
    """How many were made."""
    current: Attempt | None
    """The newest attempt, or the one that was paid; None before the first."""

    @property
    def shown_id(self) -> str:
        return show_id("payment", self.id)

    @property
    def order(self) -> Attempt:
        """The attempt that counts, of a payment that has one."""
        assert self.current is not None, "no way to pay has been chosen"
        return self.current

    @property
    def out_trade_no(self) -> str:
        """Our number at the channel."""
        return self.order.out_trade_no

    @property
    def channel(self) -> str:
        """Code of the connection that was paid, or will be."""
        return self.order.channel

    @property
    def transaction_no(self) -> str | None:
        """The channel's number."""
        return self.current.transaction_no if self.current else None

    @property
    def next_step(self) -> NextStep | None:
        """What the buyer's side does next, while it may pay."""
        return (
            self.current.next_step if self.current and self.state is PaymentState.AWAITING_PAYMENT else None
        )

    @property
    def code_url(self) -> str | None:
        """What the QR code says, while the buyer may pay by one."""
        return self.next_step.code_url if isinstance(self.next_step, ShowCode) else None


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """A row of payments.event."""

    payment: UUID
    id: UUID
    at: datetime
    event: PaymentEvent
    actor: Actor
    detail: str | None
    body: Any = None
