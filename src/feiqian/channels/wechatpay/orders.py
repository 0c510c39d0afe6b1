"""What is sent to place an order, and what the buyer's side gets to go on. No I/O.

Source: the official pages of each way to pay, for direct merchants and for service providers, and the guide on the
client's signature (four lines; the last is ``prepay_id=…`` in a page or mini program, the bare id in an app).
"""

import re
import secrets
from datetime import datetime
from urllib.parse import quote

from feiqian.channels.model import (
    BuyerHints,
    InvokeApp,
    NextStep,
    PaymentMethod,
    PrepayRequest,
    Redirect,
    ShowCode,
    SubMerchant,
)
from feiqian.channels.wechatpay import wire
from feiqian.channels.wechatpay.config import WechatPayConfig
from feiqian.channels.wechatpay.signing import Signer
from feiqian.channels.wechatpay.terms import AMOUNT_MAX, TERMS
from feiqian.kernel.calendar import ZONE
from feiqian.kernel.errors import InvalidRequest
from feiqian.kernel.money import check_amount

PLACES = {
    PaymentMethod.WECHATPAY_NATIVE: "native",
    PaymentMethod.WECHATPAY_JSAPI: "jsapi",
    PaymentMethod.WECHATPAY_H5: "h5",
    PaymentMethod.WECHATPAY_APP: "app",
    PaymentMethod.WECHATPAY_BARCODE: "codepay",
}
"""Method -> the end of the address at which its orders are placed."""
CURRENCY = "CNY"
_DESCRIPTION_MAX = 127
_ORDER_NO = re.compile(r"[0-9A-Za-z_\-|*]{6,32}")
_AUTH_CODE = re.compile(r"1[0-5][0-9]{16}")

Parties = dict[str, str]
"""Who places an order, by the wire's names."""


def parties(config: WechatPayConfig, sub_merchant: SubMerchant | None) -> Parties:
    """Number and application: ours, or as a service provider ours and the merchant's."""
    if sub_merchant is None:
        return {"appid": config.appid, "mchid": config.mchid}
    named = {"sp_appid": config.appid, "sp_mchid": config.mchid, "sub_mchid": sub_merchant.mchid}
    return {**named, "sub_appid": sub_merchant.appid} if sub_merchant.appid else named


def order_of(request: PrepayRequest, config: WechatPayConfig) -> wire.Order:
    """The body that places an order. Raises: InvalidRequest."""
    _check(request)
    barcode = request.method is PaymentMethod.WECHATPAY_BARCODE
    return wire.Order(
        **parties(config, request.sub_merchant),
        description=one_line(request.description, _DESCRIPTION_MAX),
        out_trade_no=order_no(request.out_trade_no),
        amount=wire.OrderAmount(request.amount, request.currency),
        attach=request.attach,
        # A payment code is charged at once: it can be neither late nor reported.
        time_expire=None if barcode else moment(request.expires_at),
        notify_url=None if barcode else request.notify_url,
        payer=_payer(request),
        scene_info=scene_of(request.method, request.buyer, config.mchid),
        settle_info=wire.Settlement(profit_sharing=True) if request.shared else None,
    )


def scene_of(method: PaymentMethod, buyer: BuyerHints, mchid: str) -> wire.Scene | None:
    """Where the buyer stands, for the methods that must say it."""
    if method is PaymentMethod.WECHATPAY_H5:
        return wire.Scene(
            payer_client_ip=buyer.client_ip, h5_info=wire.H5Scene(type="Wap"), device_id=buyer.terminal_no
        )
    if method is PaymentMethod.WECHATPAY_BARCODE:
        return wire.Scene(
            device_id=buyer.terminal_no,
            device_ip=buyer.client_ip,
            store_info=wire.Store(out_id=buyer.terminal_no or mchid),
        )
    return None


def next_step(
    placed: wire.Placed, request: PrepayRequest, *, config: WechatPayConfig, signer: Signer, now: datetime
) -> NextStep:
    """How the buyer goes on. Raises: ValueError when the answer lacks what the method needs."""
    match request.method:
        case PaymentMethod.WECHATPAY_NATIVE:
            return ShowCode(_present(placed.code_url, "code_url"))
        case PaymentMethod.WECHATPAY_H5:
            return Redirect(_h5_url(_present(placed.h5_url, "h5_url"), request.buyer.return_url))
        case PaymentMethod.WECHATPAY_JSAPI:
            prepay_id = _present(placed.prepay_id, "prepay_id")
            return _page(prepay_id, _appid(config, request.sub_merchant), signer, now)
        case _:
            prepay_id = _present(placed.prepay_id, "prepay_id")
            mchid = request.sub_merchant.mchid if request.sub_merchant else config.mchid
            return _app(prepay_id, _appid(config, request.sub_merchant), mchid, signer, now)


def moment(at: datetime) -> str:
    """RFC 3339 in Beijing time."""
    return at.astimezone(ZONE).isoformat(timespec="seconds")


def order_no(text: str) -> str:
    """Raises: InvalidRequest."""
    if not _ORDER_NO.fullmatch(text):
        raise InvalidRequest(field="out_trade_no", reason="must be 6 to 32 letters, digits or _ - | *")
    return text


def check_currency(currency: str) -> None:
    """Raises: InvalidRequest."""
    if currency != CURRENCY:
        raise InvalidRequest(field="currency", reason="must be CNY at WeChat Pay")


def one_line(text: str, length_max: int) -> str:
    """Words for people as WeChat Pay accepts them: printable and not too long."""
    return "".join(c if c.isprintable() else " " for c in text)[:length_max]


def _check(request: PrepayRequest) -> None:
    terms = TERMS.methods.get(request.method)
    if terms is None:
        raise InvalidRequest(field="method", reason="must be one of WeChat Pay's")
    if check_amount(request.amount) > AMOUNT_MAX:
        raise InvalidRequest(field="amount", reason=f"must be at most {AMOUNT_MAX} fen at WeChat Pay")
    check_currency(request.currency)
    if request.hold:
        raise InvalidRequest(field="hold", reason="amounts cannot be reserved with this method")
    for need in terms.needs:
        if not getattr(request.buyer, need):
            raise InvalidRequest(field=need, reason=f"must be given for {request.method}")
    code = request.buyer.auth_code
    if request.method is PaymentMethod.WECHATPAY_BARCODE and not _AUTH_CODE.fullmatch(code or ""):
        raise InvalidRequest(field="auth_code", reason="must be the 18 digits of the buyer's code")


def _payer(request: PrepayRequest) -> wire.OrderPayer | None:
    """An openid belongs to the application in which it was learned: the merchant's where the order names one."""
    if request.method is PaymentMethod.WECHATPAY_BARCODE:
        return wire.OrderPayer(auth_code=request.buyer.auth_code)
    if request.method is not PaymentMethod.WECHATPAY_JSAPI:
        return None
    if request.sub_merchant is None:
        return wire.OrderPayer(openid=request.buyer.openid)
    if request.sub_merchant.appid:
        return wire.OrderPayer(sub_openid=request.buyer.openid)
    return wire.OrderPayer(sp_openid=request.buyer.openid)


def _appid(config: WechatPayConfig, sub_merchant: SubMerchant | None) -> str:
    return (sub_merchant.appid if sub_merchant else None) or config.appid


def _present(text: str | None, name: str) -> str:
    if not text:
        raise ValueError(f"the answer has no {name}")
    return text


def _h5_url(h5_url: str, return_url: str | None) -> str:
    if not return_url:
        return h5_url
    joint = "&" if "?" in h5_url else "?"
    return f"{h5_url}{joint}redirect_url={quote(return_url, safe='')}"


def _page(prepay_id: str, appid: str, signer: Signer, now: datetime) -> InvokeApp:
    signed = {
        "appId": appid,
        "timeStamp": str(int(now.timestamp())),
        "nonceStr": secrets.token_hex(16),
        "package": f"prepay_id={prepay_id}",
    }
    return InvokeApp({**signed, "signType": "RSA", "paySign": signer.sign_lines(*signed.values())})


def _app(prepay_id: str, appid: str, mchid: str, signer: Signer, now: datetime) -> InvokeApp:
    signed = {
        "appid": appid,
        "timestamp": str(int(now.timestamp())),
        "noncestr": secrets.token_hex(16),
        "prepayid": prepay_id,
    }
    sign = signer.sign_lines(*signed.values())
    return InvokeApp({**signed, "partnerid": mchid, "package": "Sign=WXPay", "sign": sign})
