"""Placing orders: Native, JSAPI and mini programs, H5, APP; for a direct merchant or by a service provider.

Source: the merchant documentation's pages on placing orders.
"""

import secrets
import string
from datetime import timedelta
from urllib.parse import quote

from aiohttp import web

from feiqian.simulators.kit.hostility import NeverAnswered
from feiqian.simulators.kit.moments import beijing, to_ms
from feiqian.simulators.wechatpay.answers import Refused, answer, encode, parameter_error, parse
from feiqian.simulators.wechatpay.context import SERIAL, Simulator, of
from feiqian.simulators.wechatpay.messages import (
    CODE_URL,
    H5Prepay,
    JsapiPrepay,
    Moment,
    Payer,
    Placement,
    Prepay,
)
from feiqian.simulators.wechatpay.orders import (
    CODE_LIVES_MS,
    Order,
    check_mchid,
    is_partner,
    order_named,
)

ORDER_LIVES = timedelta(days=7)
"""Of an order without time_expire."""

_CODE_ALPHABET = string.ascii_letters + string.digits

DIRECT_PARTIES = ("appid", "mchid")
PARTNER_PARTIES = ("sp_appid", "sp_mchid", "sub_mchid")
PARTIES = (*DIRECT_PARTIES, *PARTNER_PARTIES, "sub_appid")

KINDS: dict[str, tuple[str, type[Prepay | H5Prepay]]] = {
    "native": ("NATIVE", Prepay),
    "jsapi": ("JSAPI", JsapiPrepay),
    "h5": ("MWEB", H5Prepay),
    "app": ("APP", Prepay),
}
"""By the path's last word: trade_type and the body."""


async def answer_prepay(request: web.Request) -> web.Response:
    """POST /v3/pay[/partner]/transactions/{native,jsapi,h5,app}"""
    simulator = of(request)
    mode = simulator.behaviour.take("prepay")
    refuse_if_told(mode)
    kind = request.path.rpartition("/")[2]
    trade_type, body = KINDS[kind]
    prepay = parse(await request.read(), body)
    check_parties(simulator, prepay, is_partner(request))
    payer = payer_of(prepay.payer, is_partner(request)) if isinstance(prepay, JsapiPrepay) else ""
    code = place(simulator, prepay, trade_type, payer, request[SERIAL])
    if mode == "timeout_after_success":
        raise NeverAnswered
    return answer(code_answer(request, kind, code))


def refuse_if_told(mode: str) -> None:
    """What the switch ``prepay`` refuses before anything is done. Raises: Refused."""
    if mode == "error":
        raise Refused(500, "SYSTEM_ERROR", "系统异常，请稍后重试")
    if mode == "rate_limited":
        raise Refused(429, "FREQUENCY_LIMITED", "频率限制，请降低频率后重试")


def code_answer(request: web.Request, kind: str, code: str) -> dict[str, str]:
    """What the merchant gets to lead the buyer on."""
    if kind == "native":
        return {"code_url": CODE_URL + code}
    if kind == "h5":
        return {"h5_url": f"{request.scheme}://{request.host}/phone/h5?prepay_id={quote(code)}"}
    return {"prepay_id": code}


def check_parties(simulator: Simulator, placement: Placement, as_partner: bool) -> None:
    """Merchant and application must be named in the mode's words and belong together. Raises: Refused."""
    given = [name for name in PARTIES if getattr(placement, name)]
    wanted = PARTNER_PARTIES if as_partner else DIRECT_PARTIES
    for name in wanted:
        if name not in given:
            raise parameter_error(f"/{name}", "is required")
    for name in given:
        if name not in wanted and not (as_partner and name == "sub_appid"):
            raise parameter_error(f"/{name}", "is not known here")
    mchid = placement.sp_mchid if as_partner else placement.mchid
    check_mchid(simulator, mchid, "body", "/sp_mchid" if as_partner else "/mchid")
    if (placement.sp_appid if as_partner else placement.appid) != simulator.keys.appid:
        raise Refused(400, "APPID_MCHID_NOT_MATCH", "商户号mchid与appid不匹配")
    if as_partner:
        simulator.keys.check_sub_merchant(placement.sub_mchid, placement.sub_appid)


def payer_of(payer: Payer, as_partner: bool) -> str:
    """The openid that has to pay. Raises: Refused when it is not named in the mode's words."""
    if not as_partner:
        if not payer.openid or payer.sp_openid or payer.sub_openid:
            raise parameter_error("/payer/openid", "is required")
        return payer.openid
    given = payer.sp_openid or payer.sub_openid
    if payer.openid or not given:
        raise parameter_error("/payer/sp_openid", "give sp_openid or sub_openid")
    return given.removeprefix("sub-") if payer.sp_openid is None else given


def place(simulator: Simulator, prepay: Prepay | H5Prepay, trade_type: str, payer: str, serial: str) -> str:
    """Open an order, or find the same one again. Returns its code or prepay_id. Raises: Refused."""
    now_ms = simulator.clock.now_ms()
    known = order_named(simulator, prepay.out_trade_no)
    content = encode([trade_type, prepay])
    if known is not None:
        return _place_again(simulator, known, content, now_ms)
    code = new_code(trade_type, now_ms)
    with simulator.books.atomically():
        keep_order(
            simulator,
            prepay,
            trade_type=trade_type,
            code=code,
            request=content,
            notify_url=prepay.notify_url,
            serial=serial,
            payer=payer,
            now_ms=now_ms,
            expires_at=expiry(simulator, prepay.time_expire),
        )
    return code


def expiry(simulator: Simulator, time_expire: Moment | None) -> int:
    """When an order ends by itself. Raises: Refused when that is over already."""
    expires_at = to_ms(time_expire or simulator.clock.now() + ORDER_LIVES)
    if expires_at <= simulator.clock.now_ms():
        raise parameter_error("/time_expire", "the order would expire before it begins")
    return expires_at


def keep_order(
    simulator: Simulator,
    placement: Placement,
    *,
    trade_type: str,
    code: str,
    request: bytes,
    notify_url: str,
    serial: str,
    payer: str,
    now_ms: int,
    expires_at: int,
    combined_id: int | None = None,
    state: str = "NOTPAY",
) -> int:
    """Write a new order; returns its id. Only inside ``atomically``."""
    return simulator.books.write(
        "INSERT INTO orders (out_trade_no, trade_type, code, code_issued_at, request, description, attach, notify_url,"
        " serial, total, appid, sub_mchid, sub_appid, payer, combined_id, profit_sharing, state, created_at, expires_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        placement.out_trade_no,
        trade_type,
        code,
        now_ms,
        request,
        placement.description,
        placement.attach,
        notify_url,
        serial,
        placement.amount.total,
        placement.appid or placement.sp_appid,
        placement.sub_mchid,
        placement.sub_appid,
        payer,
        combined_id,
        int(placement.settle_info.profit_sharing),
        state,
        now_ms,
        expires_at,
    )


def _place_again(simulator: Simulator, order: Order, content: bytes, now_ms: int) -> str:
    state = order.state_at(now_ms)
    if state in ("SUCCESS", "REFUND"):
        raise Refused(400, "ORDERPAID", "该订单已支付")
    if order.combined_id is not None or order.trade_type == "MICROPAY":
        raise Refused(403, "OUT_TRADE_NO_USED", "商户订单号重复")
    if state != "NOTPAY":
        raise Refused(400, "ORDER_CLOSED", "该订单已关闭，请重新下单")
    if content != order.request:
        raise Refused(400, "INVALID_REQUEST", "订单重入时，要求参数值与原请求一致，请确认参数问题")
    if now_ms < order.code_issued_at + CODE_LIVES_MS:
        return order.code
    code = new_code(order.trade_type, now_ms)
    with simulator.books.atomically():
        simulator.books.write(
            "UPDATE orders SET code = ?, code_issued_at = ? WHERE id = ?", code, now_ms, order.id
        )
    return code


def new_code(trade_type: str, now_ms: int) -> str:
    """The pr= of a code_url for Native, a prepay_id for the others."""
    if trade_type == "NATIVE":
        return "".join(secrets.choice(_CODE_ALPHABET) for _ in range(9))
    return f"wx{beijing(now_ms, '%d%H%M%S')}{secrets.token_hex(13)}"
