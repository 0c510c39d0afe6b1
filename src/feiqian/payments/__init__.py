"""Payments: what buyers are asked to pay, how it is shared, and what is given back.

Owns payments with their shares, refunds, and the history of both. States are documented at ``PaymentState`` and
``RefundState``. A payment's state and its ledger transaction change in one database transaction; the channel is
called between transactions only, and an unknown outcome is asked about before anything else happens.

Invariants (``INVARIANTS``): shares add up; every succeeded payment and refund is in the ledger once, with its amount;
refunds never exceed their payment; money in transit equals the refunds that are under way.
"""

from feiqian.payments.events import (
    PaymentClosed,
    PaymentConflicted,
    PaymentsSucceeded,
    RefundRequested,
    RefundSettled,
)
from feiqian.payments.gateway import Gateway, GatewayTerms, check_forever
from feiqian.payments.invariants import INVARIANTS
from feiqian.payments.model import (
    Actor,
    ChannelLine,
    ChannelLineKind,
    Happened,
    NewLine,
    NewPayment,
    NotClosable,
    NoticeUnmatched,
    Payment,
    PaymentEvent,
    PaymentState,
    Refund,
    RefundState,
    Share,
)
from feiqian.payments.operations import require_payment
from feiqian.payments.postings import failed_id, refunded_id, requested_id, succeeded_id
from feiqian.payments.queries import (
    DayTotal,
    HourTotal,
    MerchantTotal,
    PaymentFilter,
    PaymentRow,
    PaymentTotals,
    PlatformNo,
    RefundTotal,
    TradeTotal,
    channel_lines,
    count_states,
    day_totals,
    failed_refunds,
    find_channel_lines,
    find_refund,
    history,
    hour_totals,
    list_payments,
    merchant_totals,
    platform_nos,
    read_payments,
    refund_total,
    search_refunds,
    total_payments,
    trade_total,
)
from feiqian.payments.refunds import request_refund
from feiqian.payments.store import find_by_order, find_refund_by_no, read_refunds, read_shares
from feiqian.payments.views import PaymentView, RefundView, show_payments, show_refunds

__all__ = [
    "INVARIANTS",
    "Actor",
    "ChannelLine",
    "ChannelLineKind",
    "DayTotal",
    "Gateway",
    "GatewayTerms",
    "Happened",
    "HourTotal",
    "MerchantTotal",
    "NewLine",
    "NewPayment",
    "NotClosable",
    "NoticeUnmatched",
    "Payment",
    "PaymentClosed",
    "PaymentConflicted",
    "PaymentEvent",
    "PaymentFilter",
    "PaymentRow",
    "PaymentState",
    "PaymentTotals",
    "PaymentView",
    "PaymentsSucceeded",
    "PlatformNo",
    "Refund",
    "RefundRequested",
    "RefundSettled",
    "RefundState",
    "RefundTotal",
    "RefundView",
    "Share",
    "TradeTotal",
    "channel_lines",
    "check_forever",
    "count_states",
    "day_totals",
    "failed_id",
    "failed_refunds",
    "find_by_order",
    "find_channel_lines",
    "find_refund",
    "find_refund_by_no",
    "history",
    "hour_totals",
    "list_payments",
    "merchant_totals",
    "platform_nos",
    "read_payments",
    "read_refunds",
    "read_shares",
    "refund_total",
    "refunded_id",
    "request_refund",
    "requested_id",
    "require_payment",
    "search_refunds",
    "show_payments",
    "show_refunds",
    "succeeded_id",
    "total_payments",
    "trade_total",
]
