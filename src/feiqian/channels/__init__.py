"""Ways that money reaches the outside world: one package for each, one vocabulary for all.

A channel owns the wire: signing what we send, refusing what is not signed, and translating states, errors and
bills. It keeps nothing and decides nothing: it knows no payments, only orders by our number.

A call ends in one of three ways: it returns (succeeded), it raises ChannelFailed (not done, for certain), or
it raises ChannelUnknown (may have been done: query before anything else is tried). A callback is returned
only when its signature, age, key and merchant are right; a bill only when it is whole.
"""

from feiqian.channels.errors import (
    BillDamaged,
    BillFault,
    BillMissing,
    ChannelError,
    ChannelFailed,
    ChannelUnknown,
    Meaning,
    NoticeFault,
    NoticeRefused,
)
from feiqian.channels.model import (
    Bill,
    BillKind,
    BillLine,
    BillState,
    BillSummary,
    Channel,
    ChannelOutcome,
    ChannelPayment,
    ChannelPaymentState,
    ChannelRefund,
    ChannelRefundState,
    Notice,
    Prepaid,
    PrepayRequest,
    RefundRequest,
)
from feiqian.channels.wechatpay import WechatPay, WechatPayConfig, config_from_sandbox

__all__ = [
    "Bill",
    "BillDamaged",
    "BillFault",
    "BillKind",
    "BillLine",
    "BillMissing",
    "BillState",
    "BillSummary",
    "Channel",
    "ChannelError",
    "ChannelFailed",
    "ChannelOutcome",
    "ChannelPayment",
    "ChannelPaymentState",
    "ChannelRefund",
    "ChannelRefundState",
    "ChannelUnknown",
    "Meaning",
    "Notice",
    "NoticeFault",
    "NoticeRefused",
    "Prepaid",
    "PrepayRequest",
    "RefundRequest",
    "WechatPay",
    "WechatPayConfig",
    "config_from_sandbox",
]
