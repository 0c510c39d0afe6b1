"""What every channel says, in one vocabulary. Amounts are minor units; times are aware, in UTC."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

import msgspec


class ChannelOutcome(StrEnum):
    """What became of a call."""

    SUCCEEDED = "succeeded"
    """The channel answered, and the answer can be trusted."""
    FAILED = "failed"
    """The channel did not do it, for certain."""
    UNKNOWN = "unknown"
    """It may have been done: nothing is retried elsewhere before a query has answered."""


class ChannelPaymentState(StrEnum):
    """Where an order stands at the channel."""

    NOT_PAID = "not_paid"
    """The order is open; the buyer may still pay."""
    PAID = "paid"
    """The money has been taken."""
    REFUNDED = "refunded"
    """Paid, and at least one refund exists; how much, the refunds say."""
    CLOSED = "closed"
    """The order can no longer be paid."""
    FAILED = "failed"
    """The channel or the buyer's bank refused; the order cannot be paid any more."""
    UNKNOWN_TO_CHANNEL = "unknown_to_channel"
    """The channel has no such order: it was never placed."""


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


class PrepayRequest(msgspec.Struct, frozen=True, kw_only=True):
    """An order to be placed at the channel."""

    out_trade_no: str
    """Our number; repeating it with the same content gives the same answer."""
    amount: int
    currency: str
    description: str
    """What the buyer reads on the phone and on the channel's bill."""
    expires_at: datetime
    """From then on the order cannot be paid."""
    notify_url: str
    """Where the channel reports the payment: public, without a query."""
    attach: str | None = None
    """Returned unchanged with the payment."""


class Prepaid(msgspec.Struct, frozen=True):
    """An order that waits for its buyer."""

    code_url: str
    """The content of the QR code that the buyer scans."""


class ChannelPayment(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the channel has it. The reader compares number, amount, currency and merchant."""

    out_trade_no: str
    state: ChannelPaymentState
    transaction_no: str | None = None
    """The channel's number of the payment; present once paid."""
    amount: int | None = None
    """The amount of the order; present once paid."""
    payer_amount: int | None = None
    """What the buyer paid after the channel's coupons."""
    currency: str | None = None
    mchid: str | None = None
    """The merchant number that was credited."""
    appid: str | None = None
    """The application in which the order was placed."""
    paid_at: datetime | None = None
    """Present once paid."""
    payer: str | None = None
    """The channel's pseudonym of the buyer."""


class RefundRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Money to be given back. A repetition must keep ``out_refund_no`` and content."""

    out_trade_no: str
    out_refund_no: str
    amount: int
    total: int
    """The amount of the order that is refunded from."""
    currency: str
    reason: str | None = None
    """What the buyer reads."""
    notify_url: str | None = None


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


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """A verified and decrypted callback: exactly one of payment and refund. It may come more than once."""

    id: str
    """The channel's number of the notice; the same in every repetition."""
    event_type: str
    """The channel's own name of the event."""
    payment: ChannelPayment | None = None
    refund: ChannelRefund | None = None


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


class Channel(Protocol):
    """A way that money reaches the outside world. Every call carries our number, every moment is passed in.

    All raise ChannelFailed (this call was refused: for a query that says nothing about the payment) and
    ChannelUnknown (it may have been done).
    """

    async def prepay(self, request: PrepayRequest, *, now: datetime) -> Prepaid:
        """Place an order."""
        ...

    async def query(self, out_trade_no: str, *, now: datetime) -> ChannelPayment:
        """Where an order stands; ``unknown_to_channel`` when it was never placed."""
        ...

    async def close(self, out_trade_no: str, *, now: datetime) -> None:
        """Make an unpaid order unpayable; closing twice is no error."""
        ...

    async def refund(self, request: RefundRequest, *, now: datetime) -> ChannelRefund:
        """Ask for a refund; it usually ends ``processing`` and is reported later."""
        ...

    async def query_refund(self, out_refund_no: str, *, now: datetime) -> ChannelRefund:
        """Where a refund stands; ``unknown_to_channel`` when it was never accepted."""
        ...

    async def download_bill(self, day: date, *, now: datetime) -> Bill:
        """The bill of a past day. Raises also BillMissing and BillDamaged."""
        ...

    def read_notice(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Verify, decrypt and check a callback; no I/O. Raises NoticeRefused."""
        ...
