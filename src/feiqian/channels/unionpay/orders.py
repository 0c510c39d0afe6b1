"""The form with which an order begins, and the query by which every transaction is found again."""

from datetime import datetime

from feiqian.channels.errors import ChannelFailed
from feiqian.channels.model import PaymentMethod, PrepayRequest
from feiqian.channels.unionpay.errors import ORDER_UNKNOWN
from feiqian.channels.unionpay.gateway import QUERY, Gateway
from feiqian.channels.unionpay.messages import (
    AMOUNT_MAX,
    CURRENCY,
    CURRENCY_CODE,
    braced,
    order_no,
    plain_words,
    txn_time,
)
from feiqian.channels.unionpay.terms import TERMS
from feiqian.kernel.errors import InvalidRequest
from feiqian.kernel.money import check_amount

_BIZ_TYPES = {PaymentMethod.UNIONPAY_B2C: "000201", PaymentMethod.UNIONPAY_B2B: "000202"}
_DESCRIPTION_MAX = 60
_RESERVED_MAX = 1024
PURCHASE, HOLD = "01", "02"
"""txnType of a front transaction."""


def biz_type(method: PaymentMethod) -> str:
    """Which product a method is. Raises: InvalidRequest."""
    if method not in _BIZ_TYPES:
        raise InvalidRequest(field="method", reason=f"must be one of {', '.join(_BIZ_TYPES)} at UnionPay")
    return _BIZ_TYPES[method]


def front_fields(gateway: Gateway, request: PrepayRequest) -> dict[str, str]:
    """What the buyer's browser posts, unsigned. Raises: InvalidRequest."""
    product = biz_type(request.method)
    _check(request)
    kind = HOLD if request.hold else PURCHASE
    return gateway.common(kind, "01", product, at=request.placed_at) | {
        "orderId": order_no(request.out_trade_no),
        "currencyCode": CURRENCY_CODE,
        "txnAmt": str(request.amount),
        "payTimeout": txn_time(request.expires_at),
        "frontUrl": request.buyer.return_url or "",
        "backUrl": request.notify_url,
        "issInsCode": request.buyer.bank_code or "",
        "riskRateInfo": braced({"commodityName": plain_words(request.description, _DESCRIPTION_MAX)}),
        "reqReserved": request.attach or "",
    }


def _check(request: PrepayRequest) -> None:
    """Raises: InvalidRequest."""
    if check_amount(request.amount) > AMOUNT_MAX:
        raise InvalidRequest(field="amount", reason=f"must be at most {AMOUNT_MAX} fen at UnionPay")
    if request.currency != CURRENCY:
        raise InvalidRequest(field="currency", reason="must be CNY at UnionPay")
    if not request.buyer.return_url:
        raise InvalidRequest(field="buyer.return_url", reason="must be given at UnionPay")
    lifetime = request.expires_at - request.placed_at
    if lifetime > TERMS.methods[request.method].lifetime_max:
        raise InvalidRequest(field="expires_at", reason="is later than an order may stay payable")
    if request.hold and request.method not in TERMS.holds:
        raise InvalidRequest(field="hold", reason=f"is not possible with {request.method}")
    if request.shared or request.sub_merchant is not None:
        raise InvalidRequest(field="shared", reason="must not be asked of UnionPay, nor a sub-merchant")
    attach = request.attach or ""
    if attach != plain_words(attach, _RESERVED_MAX):
        raise InvalidRequest(field="attach", reason="must be words without & = { } [ ] | or quotes")


async def find(gateway: Gateway, number: str, *, at: datetime, now: datetime) -> dict[str, str] | None:
    """What UnionPay says of a transaction by number and time; None when it has none. Raises: ChannelFailed, ChannelUnknown."""
    asked = gateway.common("00", "00", "000000", at=at) | {"orderId": number}
    try:
        return await gateway.call(QUERY, asked, now=now)
    except ChannelFailed as error:
        if error.code == ORDER_UNKNOWN.our_code:
            return None
        raise
