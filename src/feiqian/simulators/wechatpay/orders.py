"""Native orders: placed by the merchant, paid by the buyer, closed by the merchant or by time.

Source: the merchant documentation's pages on placing, querying and closing Native orders.
"""

import re
import secrets
import string
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web

from feiqian.kernel.money import AMOUNT_MAX
from feiqian.simulators.kit.hostility import NeverAnswered
from feiqian.simulators.kit.moments import beijing, rfc3339, to_ms
from feiqian.simulators.wechatpay.answers import (
    Refused,
    answer,
    encode,
    parameter_error,
    parse,
)
from feiqian.simulators.wechatpay.callbacks import misstated
from feiqian.simulators.wechatpay.context import SERIAL, Simulator, of

CODE_URL = "weixin://wxpay/bizpayurl?pr="
CODE_LIVES_MS = 2 * 3600 * 1000
"""A code cannot be scanned later; placing the same order again gives a new one."""

ORDER_LIVES = timedelta(days=7)
"""Of an order without time_expire."""

SANDBOX_BUYER = "oFeiqianSandboxBuyer00000001"
_CODE_ALPHABET = string.ascii_letters + string.digits
_OPENID = re.compile(r"[0-9A-Za-z_-]{1,128}\Z")

OUT_TRADE_NO = r"^[0-9A-Za-z_\-|*]{6,32}$"
NOTIFY_URL = r"^https?://[^/?#\s]+/[^?#\s]*$"
"""With a path, without a query; the real channel wants https and a public host too, a sandbox lives on loopback."""

Text32 = Annotated[str, msgspec.Meta(max_length=32)]


class Amount(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """In fen. The upper bound is this house's, the channel documents none."""

    total: Annotated[int, msgspec.Meta(ge=1, le=AMOUNT_MAX)]
    currency: Literal["CNY"] = "CNY"


class SettleInfo(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """How the money is settled."""

    profit_sharing: bool = False


class Prepay(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The body of POST /v3/pay/transactions/native. What this sandbox does not use is kept and compared only."""

    appid: Text32
    mchid: Text32
    description: Annotated[str, msgspec.Meta(min_length=1, max_length=127)]
    out_trade_no: Annotated[str, msgspec.Meta(pattern=OUT_TRADE_NO)]
    notify_url: Annotated[str, msgspec.Meta(pattern=NOTIFY_URL, max_length=255)]
    amount: Amount
    time_expire: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    attach: Annotated[str, msgspec.Meta(max_length=128)] = ""
    goods_tag: Text32 = ""
    limit_pay: list[str] = []
    support_fapiao: bool = False
    settle_info: SettleInfo = msgspec.field(default_factory=SettleInfo)
    detail: dict[str, Any] = {}
    scene_info: dict[str, Any] = {}


class Close(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a close."""

    mchid: Text32


class Order(msgspec.Struct, frozen=True):
    """A row of ``orders``; its columns are explained there."""

    id: int
    out_trade_no: str
    code: str
    code_issued_at: int
    request: bytes
    description: str
    attach: str
    notify_url: str
    serial: str
    total: int
    state: str
    created_at: int
    expires_at: int
    transaction_id: str | None
    paid_at: int | None
    openid: str | None
    fee: int | None
    fee_rate: str | None
    refunded: int
    refunds: int

    def state_at(self, now_ms: int) -> str:
        """trade_state: NOTPAY, SUCCESS, REFUND (something was refunded) or CLOSED (by the merchant or by time)."""
        if self.state == "NOTPAY" and now_ms >= self.expires_at:
            return "CLOSED"
        return "REFUND" if self.state == "SUCCESS" and self.refunded else self.state


COLUMNS = ", ".join(Order.__struct_fields__)
STATE_TEXTS = {
    "NOTPAY": "订单未支付",
    "SUCCESS": "支付成功",
    "REFUND": "订单发生过退款，退款详情请查询退款单",
    "CLOSED": "订单已关闭",
}


def order_named(simulator: Simulator, out_trade_no: str) -> Order | None:
    """By the merchant's number."""
    return _one(simulator, "out_trade_no = ?", out_trade_no)


def order_with_id(simulator: Simulator, order_id: int) -> Order:
    """By the books' number, which exists."""
    row = simulator.books.row(f"SELECT {COLUMNS} FROM orders WHERE id = ?", order_id)
    assert row is not None, "an order is never deleted"
    return Order(*row)


def order_of_transaction(simulator: Simulator, transaction_id: str) -> Order | None:
    """By WeChat Pay's number."""
    return _one(simulator, "transaction_id = ?", transaction_id)


def scan(simulator: Simulator, code_url: str) -> Order:
    """The order behind what the QR code says. Raises: Refused when the code is unknown or too old to pay with."""
    order = _one(simulator, "code = ?", code_url.strip().removeprefix(CODE_URL))
    if order is None:
        raise unknown_order()
    if order.state == "NOTPAY" and simulator.clock.now_ms() >= order.code_issued_at + CODE_LIVES_MS:
        raise Refused(400, "ORDER_CLOSED", "二维码已过期，请商户重新下单获取")
    return order


def unpaid_orders(simulator: Simulator, limit: int) -> list[Order]:
    """The newest orders that can be paid now."""
    rows = simulator.books.rows(
        f"SELECT {COLUMNS} FROM orders WHERE state = 'NOTPAY' AND expires_at > ? ORDER BY id DESC LIMIT ?",
        simulator.clock.now_ms(),
        limit,
    )
    return [Order(*row) for row in rows]


def place(simulator: Simulator, prepay: Prepay, serial: str) -> str:
    """Open an order, or find the same one again. Returns the code_url. Raises: Refused."""
    now_ms = simulator.clock.now_ms()
    known = order_named(simulator, prepay.out_trade_no)
    content = encode(prepay)
    if known is not None:
        return _place_again(simulator, known, content, now_ms)
    expires_at = to_ms(prepay.time_expire or simulator.clock.now() + ORDER_LIVES)
    if expires_at <= now_ms:
        raise parameter_error("/time_expire", "the order would expire before it begins")
    code = _new_code()
    with simulator.books.atomically():
        simulator.books.write(
            "INSERT INTO orders (out_trade_no, code, code_issued_at, request, description, attach, notify_url, serial,"
            " total, state, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'NOTPAY', ?, ?)",
            prepay.out_trade_no,
            code,
            now_ms,
            content,
            prepay.description,
            prepay.attach,
            prepay.notify_url,
            serial,
            prepay.amount.total,
            now_ms,
            expires_at,
        )
    return CODE_URL + code


def _place_again(simulator: Simulator, order: Order, content: bytes, now_ms: int) -> str:
    state = order.state_at(now_ms)
    if state in ("SUCCESS", "REFUND"):
        raise Refused(400, "ORDERPAID", "该订单已支付")
    if state == "CLOSED":
        raise Refused(400, "ORDER_CLOSED", "该订单已关闭，请重新下单")
    if content != order.request:
        raise Refused(400, "INVALID_REQUEST", "订单重入时，要求参数值与原请求一致，请确认参数问题")
    if now_ms < order.code_issued_at + CODE_LIVES_MS:
        return CODE_URL + order.code
    code = _new_code()
    with simulator.books.atomically():
        simulator.books.write(
            "UPDATE orders SET code = ?, code_issued_at = ? WHERE id = ?", code, now_ms, order.id
        )
    return CODE_URL + code


def pay(simulator: Simulator, order: Order, openid: str) -> Order:
    """The buyer pays; paying again changes nothing. Raises: Refused when the order is closed."""
    now_ms = simulator.clock.now_ms()
    state = order.state_at(now_ms)
    if state in ("SUCCESS", "REFUND"):
        return order
    if state == "CLOSED":
        raise Refused(400, "ORDER_CLOSED", "订单已关闭，无法支付")
    if _OPENID.match(openid) is None:
        raise parameter_error("/payer", "letters, digits, - and _, at most 128")
    transaction_id = f"4200{simulator.books.series}{beijing(now_ms, '%Y%m%d')}{order.id:010d}"
    with simulator.books.atomically():
        simulator.books.write(
            "UPDATE orders SET state = 'SUCCESS', transaction_id = ?, paid_at = ?, openid = ?, fee = ?, fee_rate = ?"
            " WHERE id = ?",
            transaction_id,
            now_ms,
            openid,
            simulator.fee(order.total),
            str(simulator.fee_rate),
            order.id,
        )
        paid = order_with_id(simulator, order.id)
        simulator.callbacks.enqueue(
            about=order.out_trade_no,
            kind="TRANSACTION.SUCCESS",
            url=order.notify_url,
            content=lambda lie: encode(misstated(view(simulator, paid, now_ms), lie)),
            now_ms=now_ms,
            signed_by=order.serial,
        )
    return paid


def close(simulator: Simulator, order: Order) -> None:
    """The merchant gives the order up; again changes nothing. Raises: Refused when it is paid."""
    if order.state == "SUCCESS":
        raise Refused(400, "ORDERPAID", "该订单已支付，无法关闭")
    if order.state == "NOTPAY":
        with simulator.books.atomically():
            simulator.books.write("UPDATE orders SET state = 'CLOSED' WHERE id = ?", order.id)


def view(simulator: Simulator, order: Order, now_ms: int) -> dict[str, Any]:
    """An order as queries and callbacks show it."""
    state = order.state_at(now_ms)
    shown: dict[str, Any] = {
        "amount": {"total": order.total, "currency": "CNY"},
        "appid": simulator.keys.appid,
        "attach": order.attach,
        "mchid": simulator.keys.mchid,
        "out_trade_no": order.out_trade_no,
        "promotion_detail": [],
        "trade_state": state,
        "trade_state_desc": STATE_TEXTS[state],
    }
    if order.paid_at is not None:
        shown["amount"] |= {"payer_total": order.total, "payer_currency": "CNY"}
        shown |= {
            "bank_type": "OTHERS",
            "payer": {"openid": order.openid},
            "success_time": rfc3339(order.paid_at),
            "trade_type": "NATIVE",
            "transaction_id": order.transaction_id,
        }
    return shown


async def answer_prepay(request: web.Request) -> web.Response:
    """POST /v3/pay/transactions/native"""
    simulator = of(request)
    mode = simulator.behaviour.take("prepay")
    if mode == "error":
        raise Refused(500, "SYSTEM_ERROR", "系统异常，请稍后重试")
    if mode == "rate_limited":
        raise Refused(429, "FREQUENCY_LIMITED", "频率限制，请降低频率后重试")
    prepay = parse(await request.read(), Prepay)
    check_mchid(simulator, prepay.mchid, "body")
    if prepay.appid != simulator.keys.appid:
        raise Refused(400, "APPID_MCHID_NOT_MATCH", "商户号mchid与appid不匹配")
    code_url = place(simulator, prepay, request[SERIAL])
    if mode == "timeout_after_success":
        raise NeverAnswered
    return answer({"code_url": code_url})


async def answer_query(request: web.Request) -> web.Response:
    """GET /v3/pay/transactions/out-trade-no/{out_trade_no} and …/id/{transaction_id}"""
    simulator = of(request)
    check_mchid(simulator, request.query.get("mchid", ""), "query")
    names = request.match_info
    if "transaction_id" in names:
        order = order_of_transaction(simulator, names["transaction_id"])
    else:
        order = order_named(simulator, names["out_trade_no"])
    if order is None:
        raise unknown_order()
    return answer(view(simulator, order, simulator.clock.now_ms()))


async def answer_close(request: web.Request) -> web.Response:
    """POST /v3/pay/transactions/out-trade-no/{out_trade_no}/close"""
    simulator = of(request)
    check_mchid(simulator, parse(await request.read(), Close).mchid, "body")
    order = order_named(simulator, request.match_info["out_trade_no"])
    if order is None:
        raise unknown_order()
    close(simulator, order)
    return web.Response(status=204)


def check_mchid(simulator: Simulator, mchid: str, location: str) -> None:
    """The request's merchant must be the one that signed it. Raises: Refused."""
    if mchid != simulator.keys.mchid:
        raise parameter_error("/mchid", "differs from the mchid in Authorization", location)


def unknown_order() -> Refused:
    """Nothing was ever placed under that number."""
    return Refused(404, "ORDER_NOT_EXIST", "订单不存在")


def _one(simulator: Simulator, condition: str, value: str) -> Order | None:
    row = simulator.books.row(f"SELECT {COLUMNS} FROM orders WHERE {condition}", value)
    return None if row is None else Order(*row)


def _new_code() -> str:
    return "".join(secrets.choice(_CODE_ALPHABET) for _ in range(9))
