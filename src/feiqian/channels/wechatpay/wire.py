"""WeChat Pay's JSON as typed values, and its states in the house's vocabulary. No I/O.

Source: TheNorthMemory/wechatpay-openapi, docs/v3 (schemas of the official API).
"""

from datetime import UTC, datetime
from typing import Annotated

import msgspec

from feiqian.channels.model import ChannelPayment, ChannelPaymentState, ChannelRefund, ChannelRefundState
from feiqian.channels.wechatpay.signing import Sealed

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
"""RFC 3339 with an offset; WeChat Pay writes +08:00."""

PAYMENT_STATES = {
    "SUCCESS": ChannelPaymentState.PAID,
    "REFUND": ChannelPaymentState.REFUNDED,
    "NOTPAY": ChannelPaymentState.NOT_PAID,
    # The buyer is typing the password, or the debit has been accepted but not made.
    "USERPAYING": ChannelPaymentState.NOT_PAID,
    "ACCEPT": ChannelPaymentState.NOT_PAID,
    "CLOSED": ChannelPaymentState.CLOSED,
    "REVOKED": ChannelPaymentState.CLOSED,
    "PAYERROR": ChannelPaymentState.FAILED,
}
"""trade_state -> ours."""

REFUND_STATES = {
    "PROCESSING": ChannelRefundState.PROCESSING,
    "SUCCESS": ChannelRefundState.SUCCEEDED,
    "CLOSED": ChannelRefundState.CLOSED,
    "ABNORMAL": ChannelRefundState.ABNORMAL,
}
"""status of a refund (refund_status in callbacks) -> ours."""


class OrderAmount(msgspec.Struct, frozen=True):
    total: int
    currency: str


class NativeOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """POST /v3/pay/transactions/native."""

    appid: str
    mchid: str
    description: str
    out_trade_no: str
    time_expire: str
    notify_url: str
    amount: OrderAmount
    attach: str | None = None


class CodeUrl(msgspec.Struct, frozen=True):
    """Its answer."""

    code_url: Annotated[str, msgspec.Meta(min_length=1)]


class CloseOrder(msgspec.Struct, frozen=True):
    """POST /v3/pay/transactions/out-trade-no/{out_trade_no}/close; answered 204 without a body."""

    mchid: str


class RefundOrderAmount(msgspec.Struct, frozen=True):
    refund: int
    total: int
    currency: str


class RefundOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """POST /v3/refund/domestic/refunds."""

    out_trade_no: str
    out_refund_no: str
    amount: RefundOrderAmount
    reason: str | None = None
    notify_url: str | None = None


class TransactionAmount(msgspec.Struct, frozen=True):
    total: int
    currency: str = "CNY"
    payer_total: int | None = None


class Payer(msgspec.Struct, frozen=True):
    openid: str | None = None


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """An order in a query's answer and in a TRANSACTION.SUCCESS callback."""

    out_trade_no: str
    trade_state: str
    mchid: str
    appid: str
    transaction_id: str | None = None
    success_time: Moment | None = None
    amount: TransactionAmount | None = None
    """Absent or partial while the order is not paid."""
    payer: Payer | None = None


class RefundAmount(msgspec.Struct, frozen=True):
    refund: int
    total: int
    currency: str = "CNY"
    """Callbacks leave it out: domestic refunds are in CNY."""


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """A refund in the answers to POST and GET /v3/refund/domestic/refunds."""

    out_refund_no: str
    out_trade_no: str
    refund_id: str
    status: str
    amount: RefundAmount
    success_time: Moment | None = None


class RefundNotice(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a REFUND.* callback."""

    mchid: str
    out_refund_no: str
    out_trade_no: str
    refund_id: str
    refund_status: str
    amount: RefundAmount
    success_time: Moment | None = None


class NoticeEnvelope(msgspec.Struct, frozen=True, kw_only=True):
    """A callback as it arrives."""

    id: Annotated[str, msgspec.Meta(min_length=1)]
    event_type: str
    resource: Sealed


class BillLink(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to GET /v3/bill/tradebill."""

    hash_type: str
    hash_value: str
    download_url: str


class SealedCertificate(msgspec.Struct, frozen=True, kw_only=True):
    serial_no: str
    effective_time: Moment
    encrypt_certificate: Sealed


class CertificateList(msgspec.Struct, frozen=True):
    """Answer to GET /v3/certificates."""

    data: list[SealedCertificate]


class Problem(msgspec.Struct, frozen=True):
    """The body of an answer that is no 2xx."""

    code: str = ""
    message: str = ""


def payment_of(transaction: Transaction) -> ChannelPayment:
    """Raises: ValueError when the state is unknown, or a paid order lacks number, amount or time."""
    state = PAYMENT_STATES.get(transaction.trade_state)
    if state is None:
        raise ValueError(f"trade_state {transaction.trade_state!r} is not known")
    amount = transaction.amount
    if state in (ChannelPaymentState.PAID, ChannelPaymentState.REFUNDED) and not (
        transaction.transaction_id and amount and transaction.success_time
    ):
        raise ValueError("a paid order needs transaction_id, amount and success_time")
    return ChannelPayment(
        out_trade_no=transaction.out_trade_no,
        state=state,
        transaction_no=transaction.transaction_id,
        amount=amount.total if amount else None,
        payer_amount=amount.payer_total if amount else None,
        currency=amount.currency if amount else None,
        mchid=transaction.mchid,
        appid=transaction.appid,
        paid_at=_utc(transaction.success_time),
        payer=transaction.payer.openid if transaction.payer else None,
    )


def refund_of(refund: Refund | RefundNotice) -> ChannelRefund:
    """Raises: ValueError when the state is unknown, or a succeeded refund lacks its time."""
    status = refund.refund_status if isinstance(refund, RefundNotice) else refund.status
    state = REFUND_STATES.get(status)
    if state is None:
        raise ValueError(f"refund status {status!r} is not known")
    if state is ChannelRefundState.SUCCEEDED and refund.success_time is None:
        raise ValueError("a succeeded refund needs success_time")
    return ChannelRefund(
        out_refund_no=refund.out_refund_no,
        out_trade_no=refund.out_trade_no,
        state=state,
        channel_refund_no=refund.refund_id,
        amount=refund.amount.refund,
        currency=refund.amount.currency,
        succeeded_at=_utc(refund.success_time) if state is ChannelRefundState.SUCCEEDED else None,
    )


def _utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC) if moment else None
