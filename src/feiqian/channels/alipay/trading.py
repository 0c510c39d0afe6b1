"""Orders and refunds at Alipay.

Source: the official pages of alipay.trade.{page.pay,wap.pay,app.pay,precreate,pay,query,close,cancel,refund} and
alipay.trade.fastpay.refund.query; the guides on telling whether a refund succeeded and on payments by code.
"""

import re
from datetime import datetime
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec

from feiqian.channels.alipay import wire
from feiqian.channels.alipay.errors import AWAITING_BUYER, BUSY, ORDER_PAID, UNREADABLE, error_of
from feiqian.channels.alipay.gateway import Gateway
from feiqian.channels.alipay.terms import AMOUNT_MAX
from feiqian.channels.errors import ChannelError, ChannelFailed
from feiqian.channels.model import (
    AlreadyPaid,
    AwaitBuyer,
    ChannelPayment,
    ChannelPaymentState,
    ChannelRefund,
    ChannelRefundState,
    InvokeApp,
    OrderKey,
    PaymentMethod,
    Prepaid,
    PrepayRequest,
    Redirect,
    RefundKey,
    RefundRequest,
    ShowCode,
    SubMerchant,
)
from feiqian.kernel.errors import InvalidRequest
from feiqian.kernel.money import check_amount

ORDER_PARAMETER = "order_string"
"""The name under which ``InvokeApp`` hands over what the application's Alipay library takes as its order string."""
_SUBJECT_MAX = 256
_REASON_MAX = 256
_NUMBER = re.compile(r"[0-9A-Za-z_]{1,64}")
_REQUEST_NUMBER = re.compile(r"[0-9A-Za-z_\-]{1,64}")
_AUTH_CODE = re.compile(r"[0-9]{16,24}|fp[0-9A-Za-z]{33}")
_FORBIDDEN = str.maketrans({"/": " ", "=": " ", "&": " ", ",": "，"})
"""The first three Alipay refuses in a subject; a comma would break a line of its bill, which quotes nothing."""

PRODUCTS = {
    PaymentMethod.ALIPAY_PAGE: ("alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
    PaymentMethod.ALIPAY_WAP: ("alipay.trade.wap.pay", "QUICK_WAP_WAY"),
    PaymentMethod.ALIPAY_APP: ("alipay.trade.app.pay", "QUICK_MSECURITY_PAY"),
    PaymentMethod.ALIPAY_BARCODE: (wire.BARCODE_PAY, "FACE_TO_FACE_PAYMENT"),
}
"""Method -> Alipay's method and the product that must be signed for it; that of codes is a setting."""

_T = TypeVar("_T")

_placed = msgspec.json.Decoder(wire.Placed)
_taken = msgspec.json.Decoder(wire.Taken)
_trade = msgspec.json.Decoder(wire.Trade)
_changed = msgspec.json.Decoder(wire.TradeChanged)
_refund_made = msgspec.json.Decoder(wire.RefundMade)
_refund_found = msgspec.json.Decoder(wire.RefundFound)


class _Frozen(msgspec.Struct, frozen=True):
    royalty_freeze: str = "true"
    """The money stays frozen until it has been split."""


class _Order(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """biz_content of every method that places an order."""

    out_trade_no: str
    total_amount: str
    subject: str
    product_code: str
    time_expire: str
    seller_id: str | None = None
    passback_params: str | None = None
    extend_params: _Frozen | None = None
    scene: str | None = None
    auth_code: str | None = None
    terminal_id: str | None = None
    quit_url: str | None = None


class _OrderNo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """biz_content of alipay.trade.query, close and cancel."""

    out_trade_no: str


class _Refund(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """biz_content of alipay.trade.refund."""

    out_trade_no: str
    out_request_no: str
    refund_amount: str
    refund_reason: str | None = None


class _RefundNo(msgspec.Struct, frozen=True, kw_only=True):
    """biz_content of alipay.trade.fastpay.refund.query."""

    out_trade_no: str
    out_request_no: str
    query_options: tuple[str, ...] = ("gmt_refund_pay",)


class Trading:
    """Takes money from buyers and gives it back."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def prepay(self, request: PrepayRequest, *, now: datetime) -> Prepaid:
        """Place an order. ``out_trade_no`` is 1 to 64 letters, digits and ``_``.

        For page, wap and app nothing is sent: what the buyer's side takes to Alipay is signed. A payment by the buyer's code
        is believed only when a query says so, for Alipay may still roll back what the call itself reported.
        """
        content = self._order(request, now)
        match request.method:
            case PaymentMethod.ALIPAY_PAGE | PaymentMethod.ALIPAY_WAP:
                parameters = self._signed(request, content, now)
                return Prepaid(Redirect(f"{self._gateway.url}?{urlencode(parameters)}"))
            case PaymentMethod.ALIPAY_APP:
                parameters = self._signed(request, content, now)
                return Prepaid(InvokeApp({ORDER_PARAMETER: urlencode(parameters)}))
            case PaymentMethod.ALIPAY_QR:
                placed = await self._gateway.call(
                    "alipay.trade.precreate", content, _placed, now=now, notify_url=request.notify_url
                )
                _check_order(placed.out_trade_no, request.out_trade_no)
                return Prepaid(ShowCode(placed.qr_code))
            case _:
                return await self._take(request, content, now)

    async def query(self, order: OrderKey, *, now: datetime) -> ChannelPayment:
        """Where an order stands.

        Alipay has none before the buyer scans the code, signs in or confirms: ``unknown_to_channel`` does not mean
        that it can no longer be paid before it expires.
        """
        _refuse_sub_merchant(order.sub_merchant)
        content = _OrderNo(out_trade_no=_order_no(order.out_trade_no))
        try:
            trade = await self._gateway.call("alipay.trade.query", content, _trade, now=now)
        except ChannelFailed as error:
            if error.code == "channel_order_unknown":
                return ChannelPayment(
                    out_trade_no=order.out_trade_no, state=ChannelPaymentState.UNKNOWN_TO_CHANNEL
                )
            raise
        _check_order(trade.out_trade_no, order.out_trade_no)
        try:
            return wire.payment_of(trade)
        except ValueError as error:
            raise error_of(UNREADABLE, message=str(error)) from error

    async def close(self, order: OrderKey, *, now: datetime) -> None:
        """Make an unpaid order unpayable; one by the buyer's code is cancelled: if it was paid, the money goes back.

        Raises: ChannelFailed with ``channel_order_unknown`` for an order that the buyer has not begun: Alipay cannot
        close it, and it stays payable until it expires.
        """
        _refuse_sub_merchant(order.sub_merchant)
        content = _OrderNo(out_trade_no=_order_no(order.out_trade_no))
        if order.method is PaymentMethod.ALIPAY_BARCODE:
            changed = await self._gateway.call("alipay.trade.cancel", content, _changed, now=now)
            _check_order(changed.out_trade_no or order.out_trade_no, order.out_trade_no)
            if changed.retry_flag != "N":
                raise error_of(BUSY, message="Alipay asks for the cancellation to be repeated")
            return
        try:
            await self._gateway.call("alipay.trade.close", content, _changed, now=now)
        except ChannelFailed as error:
            if error.code not in ("channel_state_invalid", "channel_order_closed"):
                raise
            # The refusal does not say whether it is closed already or paid.
            match (await self.query(order, now=now)).state:
                case ChannelPaymentState.CLOSED:
                    return
                case ChannelPaymentState.PAID | ChannelPaymentState.REFUNDED:
                    raise error_of(
                        ORDER_PAID, code=error.channel_code, message=error.channel_message
                    ) from error
                case _:
                    raise

    async def refund(self, request: RefundRequest, *, now: datetime) -> ChannelRefund:
        """Ask for a refund. ``out_refund_no`` is 1 to 64 letters, digits, ``_`` and ``-``.

        Succeeded only when the answer says that this call moved the money; otherwise a query decides.
        """
        _refuse_sub_merchant(request.order.sub_merchant)
        check_amount(request.amount)
        _check_currency(request.currency)
        content = _Refund(
            out_trade_no=_order_no(request.order.out_trade_no),
            out_request_no=_refund_no(request.out_refund_no),
            refund_amount=wire.yuan(request.amount),
            refund_reason=one_line(request.reason, _REASON_MAX) if request.reason else None,
        )
        made = await self._gateway.call("alipay.trade.refund", content, _refund_made, now=now)
        _check_order(made.out_trade_no, request.order.out_trade_no)
        moved = made.fund_change == "Y"
        try:
            if moved and made.refund_fee is not None and wire.fen(made.refund_fee) < request.amount:
                raise ValueError(f"{made.refund_fee} yuan refunded in all is less than this refund")
            succeeded_at = wire.utc(made.gmt_refund_pay) if made.gmt_refund_pay else now
        except ValueError as error:
            raise error_of(UNREADABLE, message=str(error)) from error
        return ChannelRefund(
            out_refund_no=request.out_refund_no,
            out_trade_no=request.order.out_trade_no,
            state=ChannelRefundState.SUCCEEDED if moved else ChannelRefundState.PROCESSING,
            amount=request.amount,
            currency=request.currency,
            succeeded_at=succeeded_at if moved else None,
        )

    async def query_refund(self, refund: RefundKey, *, now: datetime) -> ChannelRefund:
        """Where a refund stands. Alipay asks not to be asked within ten seconds of the refund."""
        _refuse_sub_merchant(refund.order.sub_merchant)
        content = _RefundNo(
            out_trade_no=_order_no(refund.order.out_trade_no),
            out_request_no=_refund_no(refund.out_refund_no),
        )
        try:
            found = await self._gateway.call(
                "alipay.trade.fastpay.refund.query", content, _refund_found, now=now
            )
        except ChannelFailed as error:
            if error.code == "channel_order_unknown":
                return ChannelRefund(
                    out_refund_no=refund.out_refund_no, state=ChannelRefundState.UNKNOWN_TO_CHANNEL
                )
            raise
        try:
            return wire.refund_of(
                found, out_refund_no=refund.out_refund_no, out_trade_no=refund.order.out_trade_no, now=now
            )
        except ValueError as error:
            raise error_of(UNREADABLE, message=str(error)) from error

    async def _take(self, request: PrepayRequest, content: _Order, now: datetime) -> Prepaid:
        taken = await self._gateway.call(
            wire.BARCODE_PAY, content, _taken, now=now, notify_url=request.notify_url
        )
        _check_order(taken.out_trade_no, request.out_trade_no)
        if taken.code == AWAITING_BUYER:
            return Prepaid(AwaitBuyer())
        key = OrderKey(out_trade_no=request.out_trade_no, method=request.method, placed_at=request.placed_at)
        try:
            payment = await self.query(key, now=now)
        except ChannelError:
            # The order is placed for certain; whoever awaits the buyer asks again in a few seconds.
            return Prepaid(AwaitBuyer())
        return Prepaid(AlreadyPaid(payment) if payment.state is ChannelPaymentState.PAID else AwaitBuyer())

    def _signed(self, request: PrepayRequest, content: _Order, now: datetime) -> dict[str, str]:
        method, _ = PRODUCTS[request.method]
        in_browser = request.method is not PaymentMethod.ALIPAY_APP
        return self._gateway.signed(
            method,
            content,
            now=now,
            notify_url=request.notify_url,
            return_url=request.buyer.return_url if in_browser else None,
        )

    def _order(self, request: PrepayRequest, now: datetime) -> _Order:
        _check(request, now)
        barcode = request.method is PaymentMethod.ALIPAY_BARCODE
        if barcode and not _AUTH_CODE.fullmatch(request.buyer.auth_code or ""):
            raise InvalidRequest(field="auth_code", reason="must be the 16 to 24 digits of the buyer's code")
        product = (
            self._gateway.config.qr_product_code
            if request.method is PaymentMethod.ALIPAY_QR
            else PRODUCTS[request.method][1]
        )
        return _Order(
            out_trade_no=_order_no(request.out_trade_no),
            total_amount=wire.yuan(request.amount),
            subject=one_line(request.description, _SUBJECT_MAX),
            product_code=product,
            time_expire=wire.beijing(request.expires_at),
            # alipay.trade.page.pay documents no seller_id.
            seller_id=None if request.method is PaymentMethod.ALIPAY_PAGE else self._gateway.config.seller_id,
            passback_params=quote(request.attach, safe="") if request.attach else None,
            extend_params=_Frozen() if request.shared else None,
            scene="bar_code" if barcode else None,
            auth_code=request.buyer.auth_code if barcode else None,
            terminal_id=request.buyer.terminal_no if barcode else None,
            quit_url=request.buyer.return_url if request.method is PaymentMethod.ALIPAY_WAP else None,
        )


def one_line(text: str, length_max: int) -> str:
    """Words as Alipay accepts them: printable, without what it forbids, not too long."""
    return "".join(c if c.isprintable() else " " for c in text.translate(_FORBIDDEN))[:length_max]


def _check(request: PrepayRequest, now: datetime) -> None:
    if request.method not in PRODUCTS and request.method is not PaymentMethod.ALIPAY_QR:
        raise InvalidRequest(field="method", reason="must be one of Alipay's")
    if check_amount(request.amount) > AMOUNT_MAX:
        raise InvalidRequest(field="amount", reason=f"must be at most {AMOUNT_MAX} fen at Alipay")
    _check_currency(request.currency)
    _refuse_sub_merchant(request.sub_merchant)
    if request.expires_at <= now:
        raise InvalidRequest(field="expires_at", reason="must lie ahead")
    if request.hold:
        raise InvalidRequest(field="hold", reason="amounts cannot be reserved with this method")


def _check_order(said: str, asked: str) -> None:
    if said != asked:
        raise error_of(UNREADABLE, message=f"the answer is about order {said}")


def _order_no(text: str) -> str:
    if not _NUMBER.fullmatch(text):
        raise InvalidRequest(field="out_trade_no", reason="must be 1 to 64 letters, digits or _")
    return text


def _refund_no(text: str) -> str:
    if not _REQUEST_NUMBER.fullmatch(text):
        raise InvalidRequest(field="out_refund_no", reason="must be 1 to 64 letters, digits, _ or -")
    return text


def _check_currency(currency: str) -> None:
    if currency != wire.CURRENCY:
        raise InvalidRequest(field="currency", reason="must be CNY at Alipay")


def _refuse_sub_merchant(sub_merchant: SubMerchant | None) -> None:
    if sub_merchant is not None:
        raise InvalidRequest(
            field="sub_merchant", reason="is not known at Alipay: connect the merchant itself"
        )
