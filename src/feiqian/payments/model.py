"""Values of the payments domain."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from feiqian.kernel.errors import Refusal
from feiqian.kernel.ids import show_id


class PaymentState(StrEnum):
    """Where a payment stands.

    created -> awaiting_payment -> succeeded; created, awaiting_payment -> closed | failed | conflicted.
    closed, failed -> succeeded when the channel says that the buyer paid after all: money that came is never denied.
    """

    CREATED = "created"
    """Recorded; whether the channel has the order is not known yet."""
    AWAITING_PAYMENT = "awaiting_payment"
    """The channel has the order; the buyer may pay."""
    SUCCEEDED = "succeeded"
    """Paid and in the ledger. Refunds do not change this."""
    CLOSED = "closed"
    """Expired or called off unpaid."""
    FAILED = "failed"
    """The channel did not take the order."""
    CONFLICTED = "conflicted"
    """Paid, but amount, currency or merchant differ from the order: nothing posted, finance decides."""


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
    CODE_ISSUED = "code_issued"
    """The channel took the order and gave the QR code."""
    CHANNEL_UNANSWERED = "channel_unanswered"
    """A call to the channel ended without an answer that can be trusted; it will be asked."""
    CHANNEL_REFUSED = "channel_refused"
    """The channel refused a call."""
    PAID = "paid"
    """The channel reported the payment; it was posted."""
    CONFLICTED = "conflicted"
    """The channel reported a payment that differs from the order."""
    PAID_TWICE = "paid_twice"
    """The channel reported a second, different payment for the same order; finance decides."""
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
    CHANNEL = "channel"
    """The channel, by a callback."""
    SCHEDULE = "schedule"
    """We asked the channel ourselves: at once, when it was due, or on request."""


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


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """A row of payments.payment."""

    id: UUID
    platform: UUID
    order_no: str
    out_trade_no: str
    channel: str
    method: str
    amount: int
    currency: str
    description: str
    notify_url: str
    buyer: str | None
    fee: int
    fee_rate: Decimal
    metadata: dict[str, str]
    state: PaymentState
    code_url: str | None
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    transaction_no: str | None
    checks: int

    @property
    def shown_id(self) -> str:
        return show_id("payment", self.id)


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """A row of payments.refund."""

    id: UUID
    payment: UUID
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


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """A row of payments.event."""

    payment: UUID
    id: UUID
    at: datetime
    event: PaymentEvent
    actor: Actor
    detail: str | None
    body: Any = None


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


class NotPayable(Refusal):
    """An order without an amount above zero cannot be paid."""

    code = "not_payable"
    status = 422
    english = "An order of {amount} minor units cannot be paid; the amount must be above zero."
    chinese = "金额为 {amount} 的订单无法支付，金额必须大于零。"


class LinesDiffer(Refusal):
    """The lines do not add up to the amount."""

    code = "lines_differ_from_amount"
    status = 422
    english = "The lines add up to {lines} minor units, the amount is {amount}. Send lines that add up."
    chinese = "明细合计 {lines} 与金额 {amount} 不一致，请使明细合计等于金额。"


class ShareNegative(Refusal):
    """A merchant's lines add up to less than nothing."""

    code = "share_negative"
    status = 422
    english = "The lines of merchant {merchant_no} add up to {amount}; a share cannot be below zero."
    chinese = "商户 {merchant_no} 的明细合计为 {amount}，分账金额不能为负。"


class NotRefundable(Refusal):
    """Only a paid payment can be refunded."""

    code = "payment_not_refundable"
    english = "The payment is {state}; only a succeeded payment can be refunded."
    chinese = "支付状态为 {state}，只有支付成功的订单才能退款。"


class RefundExceedsPayment(Refusal):
    """More was asked back than is left."""

    code = "refund_exceeds_payment"
    english = "{amount} minor units were asked back, {left} are left of the payment."
    chinese = "申请退款 {amount}，该支付剩余可退 {left}。"


class TooManyRefunds(Refusal):
    """The channel allows fifty refunds of one payment."""

    code = "too_many_refunds"
    english = "The payment already has {count} refunds; the channel allows no more."
    chinese = "该支付已有 {count} 笔退款，渠道不允许更多。"


class RefundTooLate(Refusal):
    """The channel refunds within a year."""

    code = "refund_too_late"
    english = "The payment was made more than {days} days ago; the channel refunds no more."
    chinese = "支付已超过 {days} 天，渠道不再支持退款。"


class NotClosable(Refusal):
    """Only an unpaid payment can be closed."""

    code = "payment_not_closable"
    english = "The payment is {state}; only an unpaid payment can be closed."
    chinese = "支付状态为 {state}，只有未支付的订单才能关闭。"


class NoticeUnmatched(Refusal):
    """A channel reports an order or refund that we do not have."""

    code = "notice_unmatched"
    status = 404
    english = "No order or refund has the number {number}."
    chinese = "没有编号为 {number} 的订单或退款。"
