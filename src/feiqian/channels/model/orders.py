"""Orders and what becomes of them at a channel. Amounts are minor units; times are aware, in UTC."""

from datetime import datetime
from enum import StrEnum

import msgspec

from feiqian.channels.model.methods import PaymentMethod


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


class BuyerHints(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the buyer and the place; which of it a method needs, its ``MethodTerms`` say."""

    openid: str | None = None
    """The channel's number of the buyer: WeChat's openid, Alipay's buyer_id or open_id."""
    auth_code: str | None = None
    """The digits of the code on the buyer's phone that the shop scanned."""
    client_ip: str | None = None
    return_url: str | None = None
    """Where the buyer's browser comes back to."""
    bank_code: str | None = None
    """Which bank's page to open, where the buyer has chosen one already."""
    terminal_no: str | None = None
    """The shop's terminal."""


class SubMerchant(msgspec.Struct, frozen=True, kw_only=True):
    """For whom a service provider places an order (特约商户)."""

    mchid: str
    appid: str | None = None


class PrepayRequest(msgspec.Struct, frozen=True, kw_only=True):
    """An order to be placed at the channel."""

    out_trade_no: str
    """Our number; repeating it with the same content gives the same answer."""
    method: PaymentMethod
    amount: int
    currency: str
    description: str
    """What the buyer reads on the phone and on the channel's bill."""
    placed_at: datetime
    """When the attempt was made: the same in every repetition, for some channels know an order by number and time."""
    expires_at: datetime
    """From then on the order cannot be paid."""
    notify_url: str
    """Where the channel reports the payment: public, without a query."""
    attach: str | None = None
    """Returned unchanged with the payment."""
    buyer: BuyerHints = BuyerHints()
    sub_merchant: SubMerchant | None = None
    shared: bool = False
    """Part of it will go to receivers of splits: the channel keeps the money until they are made or given up."""
    hold: bool = False
    """Only reserve the amount (预授权): it is captured or released later."""


class OrderKey(msgspec.Struct, frozen=True, kw_only=True):
    """By what an order is found again at its channel."""

    out_trade_no: str
    method: PaymentMethod
    placed_at: datetime
    transaction_no: str | None = None
    """The channel's number, once known."""
    sub_merchant: SubMerchant | None = None


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
