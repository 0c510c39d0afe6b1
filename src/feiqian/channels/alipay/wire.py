"""Alipay's JSON as typed values, and its states in the house's vocabulary. No I/O.

Source: the official page of each method; alipay/alipay-sdk-python-all, domain and response. Amounts are yuan with two
decimals, moments Beijing time without an offset.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum

import msgspec

from feiqian.channels.model import (
    ChannelPayment,
    ChannelPaymentState,
    ChannelRefund,
    ChannelRefundState,
    ChannelTransfer,
    ChannelTransferState,
    SplitPartResult,
    SplitPartState,
)
from feiqian.kernel.calendar import ZONE
from feiqian.kernel.money import format_major, parse_major

CURRENCY = "CNY"
CERTIFICATE_DOWNLOAD = "alipay.open.app.alipaycert.download"
BARCODE_PAY = "alipay.trade.pay"
_MOMENT = "%Y-%m-%d %H:%M:%S"
_USER_ID = re.compile(r"2088[0-9]{12}")
_LOGIN_NAME = re.compile(r"[0-9+\-]{7,20}|[^@\s]+@[^@\s]+")

PAYMENT_STATES = {
    "WAIT_BUYER_PAY": ChannelPaymentState.NOT_PAID,
    "TRADE_SUCCESS": ChannelPaymentState.PAID,
    # Paid, and too old to be refunded.
    "TRADE_FINISHED": ChannelPaymentState.PAID,
    # Never paid, or paid and then wholly refunded: the time of payment tells them apart.
    "TRADE_CLOSED": ChannelPaymentState.CLOSED,
}
"""trade_status -> ours."""

TRANSFER_STATES = {
    "SUCCESS": ChannelTransferState.SUCCEEDED,
    "WAIT_PAY": ChannelTransferState.PROCESSING,
    "DEALING": ChannelTransferState.PROCESSING,
    "INIT": ChannelTransferState.PROCESSING,
    "FAIL": ChannelTransferState.FAILED,
    "CLOSED": ChannelTransferState.FAILED,
    # The payee's bank sent it back (退票).
    "REFUND": ChannelTransferState.RETURNED,
}
"""status of a transfer -> ours."""

SPLIT_STATES = {
    "SUCCESS": SplitPartState.SUCCEEDED,
    "PROCESSING": SplitPartState.PENDING,
    "INIT": SplitPartState.PENDING,
    "FAIL": SplitPartState.FAILED,
}
"""state of a part of a settlement -> ours."""


class AccountKind(Enum):
    """What names an Alipay account: Alipay's words for it in transfers and in splits."""

    USER_ID = ("ALIPAY_USER_ID", "userId")
    """2088 and twelve digits."""
    LOGIN_NAME = ("ALIPAY_LOGON_ID", "loginName")
    """A mail address or phone number."""
    OPEN_ID = ("ALIPAY_OPEN_ID", "openId")
    """The account's pseudonym towards this application."""

    def __init__(self, in_transfers: str, in_splits: str) -> None:
        self.in_transfers = in_transfers
        self.in_splits = in_splits


def kind_of_account(account_no: str) -> AccountKind:
    """Which of them a number is, by its form."""
    if _USER_ID.fullmatch(account_no):
        return AccountKind.USER_ID
    return AccountKind.LOGIN_NAME if _LOGIN_NAME.fullmatch(account_no) else AccountKind.OPEN_ID


class Status(msgspec.Struct, frozen=True):
    """How a call ended; in every answer."""

    code: str
    msg: str = ""
    sub_code: str = ""
    sub_msg: str = ""


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to alipay.trade.precreate."""

    out_trade_no: str
    qr_code: str


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to alipay.trade.pay, done or awaiting the buyer."""

    code: str
    out_trade_no: str


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """An order in the answer to alipay.trade.query; a notification is brought into this form."""

    out_trade_no: str
    trade_status: str
    trade_no: str | None = None
    total_amount: Decimal | None = None
    buyer_pay_amount: Decimal | None = None
    trans_currency: str | None = None
    send_pay_date: str | None = None
    buyer_user_id: str | None = None
    buyer_open_id: str | None = None


class TradeChanged(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to alipay.trade.close and alipay.trade.cancel."""

    out_trade_no: str | None = None
    retry_flag: str = "N"
    """Y: a cancellation has to be asked for again."""
    action: str | None = None
    """What cancelling did: close or refund; absent when there was nothing to cancel."""


class RefundMade(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to alipay.trade.refund."""

    out_trade_no: str
    fund_change: str = "N"
    """Y: this call moved the money. N: it did not, for instance because an earlier one has."""
    refund_fee: Decimal | None = None
    """All that has been refunded of the order, this refund included."""
    gmt_refund_pay: str | None = None


class RefundFound(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to alipay.trade.fastpay.refund.query; nearly empty where no such refund succeeded."""

    out_trade_no: str | None = None
    out_request_no: str | None = None
    refund_status: str | None = None
    refund_amount: Decimal | None = None
    gmt_refund_pay: str | None = None


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer in the answers to alipay.fund.trans.uni.transfer and .common.query, and in alipay.fund.trans.order.changed."""

    status: str
    out_biz_no: str | None = None
    order_id: str | None = None
    trans_amount: Decimal | None = None
    order_fee: Decimal | None = None
    trans_date: str | None = None
    pay_date: str | None = None
    error_code: str | None = None
    fail_reason: str | None = None


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to alipay.trade.order.settle."""

    trade_no: str | None = None
    settle_no: str | None = None


class RoyaltyDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One movement of a settlement."""

    operation_type: str
    """transfer is a part that goes out; others give back or make up."""
    amount: Decimal
    state: str
    trans_in: str = ""
    trans_in_open_id: str | None = None
    detail_id: str | None = None
    error_code: str | None = None


class SettlementFound(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to alipay.trade.order.settle.query."""

    out_request_no: str | None = None
    royalty_detail_list: list[RoyaltyDetail] = []


class Bound(msgspec.Struct, frozen=True):
    """Answer to alipay.trade.royalty.relation.bind."""

    result_code: str = ""


class BillLink(msgspec.Struct, frozen=True):
    """Answer to alipay.data.dataservice.bill.downloadurl.query."""

    bill_download_url: str = ""


class CertificateQuery(msgspec.Struct, frozen=True):
    """alipay.open.app.alipaycert.download."""

    alipay_cert_sn: str


class DownloadedCertificate(msgspec.Struct, frozen=True):
    """Its answer."""

    alipay_cert_content: str
    """Base64 of PEM."""


def response_name(method: str) -> str:
    """The name of the inner object in the answer to a method."""
    return f"{method.replace('.', '_')}_response"


def beijing(moment: datetime) -> str:
    """A moment as Alipay writes it."""
    return moment.astimezone(ZONE).strftime(_MOMENT)


def utc(text: str) -> datetime:
    """A moment that Alipay wrote. Raises: ValueError."""
    return datetime.strptime(text, _MOMENT).replace(tzinfo=ZONE).astimezone(UTC)


def yuan(amount_fen: int) -> str:
    """An amount as Alipay reads it."""
    return format_major(amount_fen, CURRENCY)


def fen(exact: Decimal) -> int:
    """An amount that Alipay wrote, in yuan. Raises: ValueError unless it is whole fen and not negative."""
    amount = parse_major(str(exact), CURRENCY)
    if amount < 0:
        raise ValueError(f"{exact} is negative")
    return amount


def payment_of(trade: Trade, *, mchid: str | None = None, appid: str | None = None) -> ChannelPayment:
    """An order in the house's words; merchant and application where the message names them.

    Raises: ValueError when the state is unknown, or a paid order lacks number, amount or time.
    """
    state = PAYMENT_STATES.get(trade.trade_status)
    if state is None:
        raise ValueError(f"trade_status {trade.trade_status!r} is not known")
    if state is ChannelPaymentState.CLOSED and trade.send_pay_date:
        state = ChannelPaymentState.REFUNDED
    paid = state in (ChannelPaymentState.PAID, ChannelPaymentState.REFUNDED)
    if paid and not (trade.trade_no and trade.total_amount is not None and trade.send_pay_date):
        raise ValueError("a paid order needs trade_no, total_amount and the time of payment")
    return ChannelPayment(
        out_trade_no=trade.out_trade_no,
        state=state,
        transaction_no=trade.trade_no or None,
        amount=fen(trade.total_amount) if trade.total_amount is not None else None,
        payer_amount=fen(trade.buyer_pay_amount) if paid and trade.buyer_pay_amount is not None else None,
        currency=trade.trans_currency or CURRENCY,
        mchid=mchid,
        appid=appid,
        paid_at=utc(trade.send_pay_date) if paid and trade.send_pay_date else None,
        payer=trade.buyer_open_id or trade.buyer_user_id or None,
    )


def refund_of(found: RefundFound, *, out_refund_no: str, out_trade_no: str, now: datetime) -> ChannelRefund:
    """A refund that was asked about; a time that Alipay does not name is ``now``, when it became known.

    Raises: ValueError when it is about another refund, or a succeeded one lacks its amount.
    """
    if found.refund_status is None:
        # Either it never arrived or it failed: no money moved, and it may be asked for again under its number.
        return ChannelRefund(out_refund_no=out_refund_no, state=ChannelRefundState.UNKNOWN_TO_CHANNEL)
    if found.refund_status != "REFUND_SUCCESS":
        state = {"REFUND_PROCESSING": ChannelRefundState.PROCESSING, "REFUND_FAIL": ChannelRefundState.CLOSED}
        if found.refund_status not in state:
            raise ValueError(f"refund_status {found.refund_status!r} is not known")
        return ChannelRefund(
            out_refund_no=out_refund_no, out_trade_no=out_trade_no, state=state[found.refund_status]
        )
    if (found.out_request_no, found.out_trade_no) != (out_refund_no, out_trade_no):
        raise ValueError(f"the answer is about refund {found.out_request_no} of order {found.out_trade_no}")
    if found.refund_amount is None:
        raise ValueError("a succeeded refund needs refund_amount")
    return ChannelRefund(
        out_refund_no=out_refund_no,
        out_trade_no=out_trade_no,
        state=ChannelRefundState.SUCCEEDED,
        amount=fen(found.refund_amount),
        currency=CURRENCY,
        succeeded_at=utc(found.gmt_refund_pay) if found.gmt_refund_pay else now,
    )


def transfer_of(said: Transfer, *, out_transfer_no: str, now: datetime) -> ChannelTransfer:
    """A transfer; a time that Alipay does not name is ``now``, when it became known.

    Raises: ValueError when the state is unknown or it is about another transfer.
    """
    if said.out_biz_no != out_transfer_no:
        raise ValueError(f"the answer is about transfer {said.out_biz_no}")
    state = TRANSFER_STATES.get(said.status)
    if state is None:
        raise ValueError(f"status {said.status!r} is not known")
    when = said.pay_date or said.trans_date
    ended = state is not ChannelTransferState.PROCESSING
    return ChannelTransfer(
        out_transfer_no=out_transfer_no,
        state=state,
        channel_no=said.order_id or None,
        amount=fen(said.trans_amount) if said.trans_amount is not None else None,
        currency=CURRENCY,
        fee=fen(said.order_fee) if said.order_fee is not None else None,
        finished_at=(utc(when) if when else now) if ended else None,
        error_code=said.error_code or None,
        error_message=said.fail_reason or None,
    )


def part_of(detail: RoyaltyDetail) -> SplitPartResult:
    """Raises: ValueError when the state is unknown."""
    state = SPLIT_STATES.get(detail.state)
    if state is None:
        raise ValueError(f"state {detail.state!r} of a part is not known")
    return SplitPartResult(
        account_no=detail.trans_in or detail.trans_in_open_id or "",
        amount=fen(detail.amount),
        state=state,
        channel_no=detail.detail_id,
        error_code=detail.error_code or None,
    )


def trade_of_notice(fields: Mapping[str, str]) -> Trade:
    """A notification's fields in the form of a query's answer. Raises: KeyError, ValueError."""
    return Trade(
        out_trade_no=fields["out_trade_no"],
        trade_status=fields["trade_status"],
        trade_no=fields.get("trade_no"),
        total_amount=_decimal(fields.get("total_amount")),
        buyer_pay_amount=_decimal(fields.get("buyer_pay_amount")),
        trans_currency=fields.get("trans_currency"),
        send_pay_date=fields.get("gmt_payment"),
        buyer_user_id=fields.get("buyer_id"),
        buyer_open_id=fields.get("buyer_open_id"),
    )


def _decimal(text: str | None) -> Decimal | None:
    if not text:
        return None
    try:
        return Decimal(text)
    except ArithmeticError as error:
        raise ValueError(f"not an amount: {text!r}") from error
