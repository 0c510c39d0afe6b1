"""Payment codes: the till scans the bar code on the buyer's phone; the merchant may take the payment back.

Source: the merchant documentation's pages on paying by code and on reversing in API v3. What a buyer who must type the
password, or is short of money, leads to is told by the HTTP status and code of the documentation's table of errors.
"""

import secrets
from typing import Annotated, Any

import msgspec
from aiohttp import web

from feiqian.simulators.kit.hostility import NeverAnswered
from feiqian.simulators.wechatpay.answers import Refused, answer, encode, parse
from feiqian.simulators.wechatpay.context import SERIAL, Simulator, of
from feiqian.simulators.wechatpay.messages import CodePlacement, Message, Text32
from feiqian.simulators.wechatpay.orders import (
    SANDBOX_BUYER,
    Order,
    Owner,
    check_mchid,
    collect,
    is_partner,
    order_named,
    order_with_id,
    owned,
    parties,
    view,
)
from feiqian.simulators.wechatpay.prepay import check_parties, expiry, keep_order, new_code, refuse_if_told
from feiqian.simulators.wechatpay.refunds import give_back

CODE_LIVES_MS = 60_000
"""A payment code is shown for a minute."""
ASKS_ABOVE = 1000_00
"""From here on, in fen, WeChat asks the buyer for the password."""


class CodeWish(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /sandbox/auth-codes."""

    payer: str = SANDBOX_BUYER
    password: bool = False
    """Whether the buyer has to type it, however small the amount."""
    balance: Annotated[int, msgspec.Meta(ge=0)] = 1_000_000_00
    """What the buyer can pay with, in fen."""


class Reversal(Message):
    """The body of a reverse."""

    appid: Text32 = ""
    mchid: Text32 = ""
    sp_appid: Text32 = ""
    sp_mchid: Text32 = ""
    sub_mchid: Text32 = ""
    sub_appid: Text32 = ""


class AuthCode(msgspec.Struct, frozen=True):
    """A row of ``auth_codes``."""

    code: str
    openid: str
    asks: int
    balance: int
    created_at: int
    used_by: str | None


async def answer_auth_code(request: web.Request) -> web.Response:
    """POST /sandbox/auth-codes: the buyer opens the payment code."""
    simulator = of(request)
    return answer({"auth_code": new_auth_code(simulator, parse(await request.read() or b"{}", CodeWish))})


def new_auth_code(simulator: Simulator, wish: CodeWish) -> str:
    """A payment code: 18 digits that work once, within a minute."""
    code = f"13{secrets.randbelow(10**16):016d}"
    with simulator.books.atomically():
        simulator.books.write(
            "INSERT INTO auth_codes VALUES (?, ?, ?, ?, ?, NULL)",
            code,
            wish.payer,
            int(wish.password),
            wish.balance,
            simulator.clock.now_ms(),
        )
    return code


async def answer_codepay(request: web.Request) -> web.Response:
    """POST /v3/pay[/partner]/transactions/codepay"""
    simulator = of(request)
    mode = simulator.behaviour.take("prepay")
    refuse_if_told(mode)
    placement = parse(await request.read(), CodePlacement)
    check_parties(simulator, placement, is_partner(request))
    order = _take(simulator, placement, request[SERIAL])
    if mode == "timeout_after_success":
        raise NeverAnswered
    if order.state == "USERPAYING":
        raise Refused(202, "USERPAYING", "需要用户输入支付密码")
    return answer(view(simulator, order, simulator.clock.now_ms()))


def _take(simulator: Simulator, placement: CodePlacement, serial: str) -> Order:
    """Charge the code's owner, or find the same order again. Raises: Refused."""
    now_ms = simulator.clock.now_ms()
    content = encode(["MICROPAY", placement])
    known = order_named(simulator, placement.out_trade_no)
    if known is not None:
        return _again(known, content)
    code = _usable(simulator, placement.payer.auth_code, now_ms)
    if code.balance < placement.amount.total:
        raise Refused(403, "NOTENOUGH", "用户账号余额不足")
    asks = bool(code.asks) or placement.amount.total > ASKS_ABOVE
    with simulator.books.atomically():
        simulator.books.write(
            "UPDATE auth_codes SET used_by = ? WHERE code = ?", placement.out_trade_no, code.code
        )
        order_id = keep_order(
            simulator,
            placement,
            trade_type="MICROPAY",
            code=new_code("MICROPAY", now_ms),
            request=content,
            notify_url="",
            serial=serial,
            payer=code.openid,
            now_ms=now_ms,
            expires_at=expiry(simulator, placement.time_expire),
            state="USERPAYING" if asks else "NOTPAY",
        )
        order = order_with_id(simulator, order_id)
        return order if asks else collect(simulator, order, code.openid, now_ms)


def _again(order: Order, content: bytes) -> Order:
    if order.request != content:
        raise Refused(403, "OUT_TRADE_NO_USED", "商户订单号重复")
    if order.state in ("REVOKED", "CLOSED", "PAYERROR"):
        raise Refused(400, "ORDER_CLOSED", "订单已关闭")
    return order


def _usable(simulator: Simulator, auth_code: str, now_ms: int) -> AuthCode:
    row = simulator.books.row("SELECT * FROM auth_codes WHERE code = ?", auth_code)
    if row is None:
        raise Refused(400, "AUTH_CODE_INVALID", "付款码无效，请扫描微信支付的条形码或二维码")
    code = AuthCode(*row)
    if code.used_by is not None:
        raise Refused(400, "AUTH_CODE_ERROR", "每个二维码仅限使用一次，请刷新再试")
    if now_ms >= code.created_at + CODE_LIVES_MS:
        raise Refused(400, "AUTHCODEEXPIRE", "二维码已过期，请用户在微信上刷新后再试")
    return code


class Password(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /sandbox/password/{out_trade_no}."""

    typed: bool = True
    """False: the buyer gives up."""


async def answer_password(request: web.Request) -> web.Response:
    """POST /sandbox/password/{out_trade_no}: the buyer types the password that is being waited for, or gives up."""
    simulator = of(request)
    order = order_named(simulator, request.match_info["out_trade_no"])
    if order is None or order.state != "USERPAYING":
        raise Refused(400, "INVALID_REQUEST", "订单不在等待用户输入密码")
    password = parse(await request.read() or b"{}", Password)
    with simulator.books.atomically():
        if password.typed:
            collect(simulator, order, order.payer, simulator.clock.now_ms())
        else:
            simulator.books.write("UPDATE orders SET state = 'PAYERROR' WHERE id = ?", order.id)
    return answer({"state": order_with_id(simulator, order.id).state})


async def answer_reverse(request: web.Request) -> web.Response:
    """POST /v3/pay[/partner]/transactions/out-trade-no/{out_trade_no}/reverse"""
    simulator = of(request)
    reversal = parse(await request.read(), Reversal)
    partner = is_partner(request)
    check_mchid(simulator, reversal.sp_mchid if partner else reversal.mchid, "body")
    order = owned(
        order_named(simulator, request.match_info["out_trade_no"]), Owner(partner, reversal.sub_mchid)
    )
    return answer(_reverse(simulator, order))


def _reverse(simulator: Simulator, order: Order) -> dict[str, Any]:
    """Close what is unpaid, give back what is paid; again changes nothing. Raises: Refused."""
    if order.trade_type != "MICROPAY":
        raise Refused(400, "INVALID_REQUEST", "仅付款码支付订单可以撤销")
    if order.state == "SUCCESS":
        if order.refunded:
            raise Refused(400, "INVALID_REQUEST", "订单已发生退款，无法撤销")
        give_back(simulator, order)
    if order.state != "REVOKED":
        with simulator.books.atomically():
            simulator.books.write("UPDATE orders SET state = 'REVOKED' WHERE id = ?", order.id)
    return {**parties(simulator, order), "out_trade_no": order.out_trade_no}
