"""What a query's answer or a notice says of a transaction, in the house's vocabulary. No I/O.

A query tells the outcome in ``origRespCode``, a notice in ``respCode``; all other fields are the same.
"""

from collections.abc import Mapping
from datetime import datetime

from feiqian.channels.model import (
    ChannelPayment,
    ChannelPaymentState,
    ChannelRefund,
    ChannelRefundState,
    ChannelTransfer,
    ChannelTransferState,
)
from feiqian.channels.unionpay.errors import LAPSED, PAYOUT_UNDECIDED, SUCCESS, UNDECIDED
from feiqian.channels.unionpay.messages import amount_of, currency_of, moment_near, moment_of

Fields = Mapping[str, str]


def payment_of(fields: Fields, code: str) -> ChannelPayment:
    """An order, also one that only reserves: then PAID says that the amount is held.

    One whose time is over is CLOSED, one that the bank refused is FAILED. Raises: ValueError when a field is
    missing or malformed.
    """
    if code in SUCCESS:
        state = ChannelPaymentState.PAID
    elif code in UNDECIDED:
        state = ChannelPaymentState.NOT_PAID
    else:
        state = ChannelPaymentState.CLOSED if code in LAPSED else ChannelPaymentState.FAILED
    paid = state is ChannelPaymentState.PAID
    return ChannelPayment(
        out_trade_no=_required(fields, "orderId"),
        state=state,
        transaction_no=_required(fields, "queryId") if paid else fields.get("queryId"),
        amount=_amount(fields, required=paid),
        currency=_currency(fields, required=paid),
        mchid=_required(fields, "merId"),
        paid_at=_moment(fields) if paid else None,
    )


def refund_of(fields: Fields, code: str) -> ChannelRefund:
    """A refund; one that failed is CLOSED: the money stays with us. Raises: ValueError."""
    if code in SUCCESS:
        state = ChannelRefundState.SUCCEEDED
    else:
        state = ChannelRefundState.PROCESSING if code in UNDECIDED else ChannelRefundState.CLOSED
    return ChannelRefund(
        out_refund_no=_required(fields, "orderId"),
        state=state,
        channel_refund_no=fields.get("queryId"),
        amount=_amount(fields, required=True),
        currency=_currency(fields, required=False),
        succeeded_at=_moment(fields) if state is ChannelRefundState.SUCCEEDED else None,
    )


def transfer_of(fields: Fields, code: str, words: str | None) -> ChannelTransfer:
    """A payout. One that the payee's bank sends back stays a success here: the settlement file's errors tell.

    One that failed before it was processed has no time but its own. Raises: ValueError.
    """
    state = transfer_state(code)
    succeeded = state is ChannelTransferState.SUCCEEDED
    finished_at: datetime | None = None
    if succeeded or (state is ChannelTransferState.FAILED and fields.get("traceTime")):
        finished_at = _moment(fields)
    elif state is ChannelTransferState.FAILED:
        finished_at = moment_of(_required(fields, "txnTime"))
    return ChannelTransfer(
        out_transfer_no=_required(fields, "orderId"),
        state=state,
        channel_no=fields.get("queryId"),
        amount=_amount(fields, required=succeeded),
        currency=_currency(fields, required=False),
        finished_at=finished_at,
        error_code=None if succeeded else code,
        error_message=None if succeeded else words,
    )


def transfer_state(code: str) -> ChannelTransferState:
    """The state that an outcome's code means for a payout."""
    if code in SUCCESS:
        return ChannelTransferState.SUCCEEDED
    return ChannelTransferState.PROCESSING if code in PAYOUT_UNDECIDED else ChannelTransferState.FAILED


def _required(fields: Fields, name: str) -> str:
    value = fields.get(name)
    if not value:
        raise ValueError(f"{name} is missing")
    return value


def _amount(fields: Fields, *, required: bool) -> int | None:
    text = _required(fields, "txnAmt") if required else fields.get("txnAmt")
    return amount_of(text) if text else None


def _currency(fields: Fields, *, required: bool) -> str | None:
    code = _required(fields, "currencyCode") if required else fields.get("currencyCode")
    return currency_of(code) if code else None


def _moment(fields: Fields) -> datetime:
    """When UnionPay processed it: ``traceTime`` tells no year, the transaction's own time does."""
    return moment_near(_required(fields, "traceTime"), moment_of(_required(fields, "txnTime")))
