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

PAID_STATES = (ChannelPaymentState.PAID, ChannelPaymentState.REFUNDED)

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


class OrderPayer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    openid: str | None = None
    sp_openid: str | None = None
    sub_openid: str | None = None
    auth_code: str | None = None


class H5Scene(msgspec.Struct, frozen=True):
    type: str
    """iOS, Android or Wap."""


class Store(msgspec.Struct, frozen=True):
    out_id: str
    """The shop, by our name for it."""


class Scene(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    payer_client_ip: str | None = None
    device_id: str | None = None
    h5_info: H5Scene | None = None
    device_ip: str | None = None
    """Payment codes only: the till's address."""
    store_info: Store | None = None


class Settlement(msgspec.Struct, frozen=True):
    profit_sharing: bool
    """The money stays frozen until it has been shared or set free."""


class Order(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """POST /v3/pay/transactions/{native,jsapi,h5,app,codepay}, and the same under /v3/pay/partner/transactions."""

    appid: str | None = None
    mchid: str | None = None
    sp_appid: str | None = None
    sp_mchid: str | None = None
    sub_appid: str | None = None
    sub_mchid: str | None = None
    description: str
    out_trade_no: str
    amount: OrderAmount
    time_expire: str | None = None
    notify_url: str | None = None
    attach: str | None = None
    payer: OrderPayer | None = None
    scene_info: Scene | None = None
    settle_info: Settlement | None = None


class Placed(msgspec.Struct, frozen=True):
    """The answer: one of them, by the way to pay."""

    code_url: str | None = None
    h5_url: str | None = None
    prepay_id: str | None = None


class CloseOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """POST …/out-trade-no/{out_trade_no}/close (numbers only, answered 204) and …/reverse (applications, too)."""

    appid: str | None = None
    mchid: str | None = None
    sp_appid: str | None = None
    sp_mchid: str | None = None
    sub_appid: str | None = None
    sub_mchid: str | None = None


class Reversed(msgspec.Struct, frozen=True):
    """Answer to …/reverse."""

    out_trade_no: str


class RefundOrderAmount(msgspec.Struct, frozen=True):
    refund: int
    total: int
    currency: str


class RefundOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """POST /v3/refund/domestic/refunds."""

    out_trade_no: str
    out_refund_no: str
    amount: RefundOrderAmount
    sub_mchid: str | None = None
    reason: str | None = None
    funds_account: str | None = None
    notify_url: str | None = None


class AbnormalRefund(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """POST /v3/refund/domestic/refunds/{refund_id}/apply-abnormal-refund."""

    out_refund_no: str
    type: str
    sub_mchid: str | None = None
    bank_type: str | None = None
    bank_account: str | None = None
    real_name: str | None = None


class TransactionAmount(msgspec.Struct, frozen=True):
    total: int
    currency: str = "CNY"
    payer_total: int | None = None


class Payer(msgspec.Struct, frozen=True):
    openid: str | None = None
    sp_openid: str | None = None
    sub_openid: str | None = None

    @property
    def number(self) -> str | None:
        """The buyer, under the application in which the order was placed."""
        return self.openid or self.sp_openid or self.sub_openid


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """An order in a query's answer, in that of a payment code, and in a TRANSACTION.SUCCESS callback."""

    out_trade_no: str = ""
    trade_state: str = ""
    mchid: str | None = None
    appid: str | None = None
    sp_mchid: str | None = None
    sp_appid: str | None = None
    sub_mchid: str | None = None
    transaction_id: str | None = None
    success_time: Moment | None = None
    amount: TransactionAmount | None = None
    """Absent or partial while the order is not paid."""
    payer: Payer | None = None
    combine_out_trade_no: str | None = None
    """Present when this is no order but several that were paid at once."""

    @property
    def account(self) -> str | None:
        """The merchant number that placed the order."""
        return self.sp_mchid if self.mchid is None else self.mchid

    @property
    def application(self) -> str | None:
        """The application of that merchant."""
        return self.sp_appid if self.appid is None else self.appid


class SubOrderAmount(msgspec.Struct, frozen=True):
    total_amount: int
    currency: str = "CNY"
    payer_amount: int | None = None


class SubOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One of the orders of a combined one."""

    mchid: str
    out_trade_no: str
    trade_state: str
    sub_mchid: str | None = None
    transaction_id: str | None = None
    success_time: Moment | None = None
    amount: SubOrderAmount | None = None
    sub_openid: str | None = None


class Combined(msgspec.Struct, frozen=True, kw_only=True):
    """A combined order in a query's answer and in a TRANSACTION.SUCCESS callback."""

    combine_out_trade_no: str
    combine_mchid: str
    combine_appid: str
    combine_payer_info: Payer | None = None
    sub_orders: list[SubOrder]


class TransferPlaced(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to POST /v3/fund-app/mch-transfer/transfer-bills."""

    out_bill_no: str
    transfer_bill_no: str
    state: str
    fail_reason: str | None = None
    package_info: str | None = None


class TransferFound(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer in a query's answer and in a MCHTRANSFER.BILL.FINISHED callback."""

    mch_id: str
    out_bill_no: str
    transfer_bill_no: str
    state: str
    transfer_amount: int
    update_time: Moment
    fail_reason: str | None = None


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

    mchid: str = ""
    sp_mchid: str = ""
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
    """Answer to GET /v3/bill/tradebill and /v3/bill/fundflowbill."""

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


def payment_of(transaction: Transaction, *, appid: str) -> ChannelPayment:
    """``appid`` stands where the answer names none, as that of a payment code may.

    Raises: ValueError when the state is unknown, or a paid order lacks number, amount or time.
    """
    state = payment_state(transaction.trade_state)
    if not (transaction.out_trade_no and transaction.account):
        raise ValueError("an order needs out_trade_no and mchid")
    amount = transaction.amount
    if state in PAID_STATES and not (transaction.transaction_id and amount and transaction.success_time):
        raise ValueError("a paid order needs transaction_id, amount and success_time")
    return ChannelPayment(
        out_trade_no=transaction.out_trade_no,
        state=state,
        transaction_no=transaction.transaction_id,
        amount=amount.total if amount else None,
        payer_amount=amount.payer_total if amount else None,
        currency=amount.currency if amount else None,
        mchid=transaction.sub_mchid or transaction.account,
        appid=transaction.application or appid,
        paid_at=utc(transaction.success_time),
        payer=transaction.payer.number if transaction.payer else None,
    )


def payments_of(combined: Combined) -> tuple[ChannelPayment, ...]:
    """Raises: ValueError when there is none, or as ``payment_of``."""
    payer = combined.combine_payer_info
    whole = Transaction(mchid=combined.combine_mchid, appid=combined.combine_appid, payer=payer)
    if not combined.sub_orders:
        raise ValueError("a combined order needs sub_orders")
    return tuple(
        payment_of(
            msgspec.structs.replace(
                whole,
                out_trade_no=one.out_trade_no,
                trade_state=one.trade_state,
                mchid=one.mchid,
                sub_mchid=one.sub_mchid,
                transaction_id=one.transaction_id,
                success_time=one.success_time,
                amount=TransactionAmount(
                    one.amount.total_amount, one.amount.currency, one.amount.payer_amount
                )
                if one.amount
                else None,
            ),
            appid=combined.combine_appid,
        )
        for one in combined.sub_orders
    )


def payment_state(trade_state: str) -> ChannelPaymentState:
    """Raises: ValueError when it is unknown."""
    state = PAYMENT_STATES.get(trade_state)
    if state is None:
        raise ValueError(f"trade_state {trade_state!r} is not known")
    return state


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
        succeeded_at=utc(refund.success_time) if state is ChannelRefundState.SUCCEEDED else None,
    )


def utc(moment: datetime | None) -> datetime | None:
    """The moment in UTC, if there is one."""
    return moment.astimezone(UTC) if moment else None
