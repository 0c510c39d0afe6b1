"""Orders: found, paid by the buyer, closed by the merchant or by time, shown.

Source: the merchant documentation's pages on querying and closing orders and on the payment callback.
"""

import re
from typing import Any, NamedTuple

import msgspec
from aiohttp import web

from feiqian.simulators.kit.moments import beijing, rfc3339
from feiqian.simulators.wechatpay import accounts
from feiqian.simulators.wechatpay.answers import Refused, answer, encode, parameter_error, parse
from feiqian.simulators.wechatpay.callbacks import misstated
from feiqian.simulators.wechatpay.context import Simulator, of
from feiqian.simulators.wechatpay.messages import CODE_URL, Close, PartnerClose

CODE_LIVES_MS = 2 * 3600 * 1000
"""A code cannot be scanned later, a prepay_id not be used; placing the same order again gives a new one."""

SANDBOX_BUYER = "oFeiqianSandboxBuyer00000001"
_OPENID = re.compile(r"[0-9A-Za-z_-]{1,128}\Z")


class Order(msgspec.Struct, frozen=True):
    """A row of ``orders``; its columns are explained there."""

    id: int
    out_trade_no: str
    trade_type: str
    code: str
    code_issued_at: int
    request: bytes
    description: str
    attach: str
    notify_url: str
    serial: str
    total: int
    appid: str
    sub_mchid: str
    sub_appid: str
    payer: str
    combined_id: int | None
    profit_sharing: int
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
    unsplit: int
    shared: int
    sharings: int

    def state_at(self, now_ms: int) -> str:
        """trade_state: as the column, but CLOSED when its time is over, and REFUND when something was refunded."""
        if self.state == "NOTPAY" and now_ms >= self.expires_at:
            return "CLOSED"
        return "REFUND" if self.state == "SUCCESS" and self.refunded else self.state


class Owner(NamedTuple):
    """Whose order: a direct merchant's, or a merchant's behind a service provider."""

    is_partner: bool
    sub_mchid: str


COLUMNS = ", ".join(Order.__struct_fields__)
STATE_TEXTS = {
    "NOTPAY": "订单未支付",
    "USERPAYING": "需要用户输入支付密码",
    "SUCCESS": "支付成功",
    "REFUND": "订单发生过退款，退款详情请查询退款单",
    "CLOSED": "订单已关闭",
    "REVOKED": "订单已撤销",
    "PAYERROR": "支付失败，请撤销订单",
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


def merchant_of(simulator: Simulator, order: Order) -> str:
    """The merchant number whose money it is."""
    return order.sub_mchid or simulator.keys.mchid


def scan(simulator: Simulator, code_url: str) -> Order:
    """The order behind a code_url or a prepay_id. Raises: Refused when it is unknown or too old to pay with."""
    order = _one(simulator, "code = ?", code_url.strip().removeprefix(CODE_URL))
    if order is None:
        raise unknown_order()
    if order.state == "NOTPAY" and simulator.clock.now_ms() >= order.code_issued_at + CODE_LIVES_MS:
        raise Refused(400, "ORDER_CLOSED", "二维码已过期，请商户重新下单获取")
    return order


def unpaid_orders(simulator: Simulator, limit: int) -> list[Order]:
    """The newest orders that can be paid now, each by itself."""
    rows = simulator.books.rows(
        f"SELECT {COLUMNS} FROM orders WHERE state IN ('NOTPAY', 'USERPAYING') AND combined_id IS NULL AND expires_at > ?"
        " ORDER BY id DESC LIMIT ?",
        simulator.clock.now_ms(),
        limit,
    )
    return [Order(*row) for row in rows]


def pay(simulator: Simulator, order: Order, openid: str) -> Order:
    """The buyer pays; paying again changes nothing. Raises: Refused when the order is closed or another's."""
    now_ms = simulator.clock.now_ms()
    state = order.state_at(now_ms)
    if state in ("SUCCESS", "REFUND"):
        return order
    if state in ("CLOSED", "REVOKED", "PAYERROR"):
        raise Refused(400, "ORDER_CLOSED", "订单已关闭，无法支付")
    if order.combined_id is not None:
        raise Refused(400, "INVALID_REQUEST", "合单子单不能单独支付")
    with simulator.books.atomically():
        paid = collect(simulator, order, openid, now_ms)
        if order.notify_url:
            simulator.callbacks.enqueue(
                about=order.out_trade_no,
                kind="TRANSACTION.SUCCESS",
                url=order.notify_url,
                content=lambda lie: encode(misstated(view(simulator, paid, now_ms), lie)),
                now_ms=now_ms,
                signed_by=order.serial,
            )
    return paid


def collect(simulator: Simulator, order: Order, openid: str, now_ms: int) -> Order:
    """The money comes, without a word to the merchant. Only inside ``atomically``. Raises: Refused."""
    if _OPENID.match(openid) is None:
        raise parameter_error("/payer", "letters, digits, - and _, at most 128")
    if order.payer and openid not in (order.payer, SANDBOX_BUYER):
        raise Refused(400, "INVALID_REQUEST", "支付用户与下单时的openid不一致")
    fee = simulator.fee(order.total)
    unsplit = order.total - fee if order.profit_sharing else 0
    simulator.books.write(
        "UPDATE orders SET state = 'SUCCESS', transaction_id = ?, paid_at = ?, openid = ?, fee = ?, fee_rate = ?,"
        " unsplit = ? WHERE id = ?",
        f"4200{simulator.books.series}{beijing(now_ms, '%Y%m%d')}{order.id:010d}",
        now_ms,
        order.payer or openid,
        fee,
        simulator.fee_rate_text,
        unsplit,
        order.id,
    )
    accounts.add(simulator.books, merchant_of(simulator, order), order.total - fee)
    if unsplit:
        accounts.freeze(simulator.books, merchant_of(simulator, order), unsplit)
    return order_with_id(simulator, order.id)


def close(simulator: Simulator, order: Order) -> None:
    """The merchant gives the order up; again changes nothing. Raises: Refused when it is paid."""
    if order.state == "SUCCESS":
        raise Refused(400, "ORDERPAID", "该订单已支付，无法关闭")
    if order.state == "USERPAYING":
        raise Refused(400, "INVALID_REQUEST", "用户支付中，请使用撤销接口")
    if order.state == "NOTPAY":
        with simulator.books.atomically():
            simulator.books.write("UPDATE orders SET state = 'CLOSED' WHERE id = ?", order.id)


def view(simulator: Simulator, order: Order, now_ms: int) -> dict[str, Any]:
    """An order as queries and callbacks show it."""
    state = order.state_at(now_ms)
    shown: dict[str, Any] = {
        "amount": {"total": order.total, "currency": "CNY"},
        **parties(simulator, order),
        "attach": order.attach,
        "out_trade_no": order.out_trade_no,
        "promotion_detail": [],
        "trade_state": state,
        "trade_state_desc": STATE_TEXTS[state],
    }
    if order.paid_at is not None:
        shown["amount"] |= {"payer_total": order.total, "payer_currency": "CNY"}
        shown |= {
            "bank_type": "OTHERS",
            "payer": payer_view(order),
            "success_time": rfc3339(order.paid_at),
            "trade_type": order.trade_type,
            "transaction_id": order.transaction_id,
        }
    return shown


def parties(simulator: Simulator, order: Order) -> dict[str, str]:
    """Merchant and application, in the words of the order's mode."""
    if not order.sub_mchid:
        return {"appid": order.appid, "mchid": simulator.keys.mchid}
    shown = {"sp_appid": order.appid, "sp_mchid": simulator.keys.mchid, "sub_mchid": order.sub_mchid}
    return shown | ({"sub_appid": order.sub_appid} if order.sub_appid else {})


def payer_view(order: Order) -> dict[str, str]:
    """Who paid, in the words of the order's mode."""
    openid = order.openid or ""
    if not order.sub_mchid:
        return {"openid": openid}
    return {"sp_openid": openid, **({"sub_openid": f"sub-{openid}"} if order.sub_appid else {})}


async def answer_query(request: web.Request) -> web.Response:
    """GET /v3/pay[/partner]/transactions/out-trade-no/{out_trade_no} and …/id/{transaction_id}"""
    simulator = of(request)
    owner = asking(simulator, request)
    names = request.match_info
    if "transaction_id" in names:
        order = order_of_transaction(simulator, names["transaction_id"])
    else:
        order = order_named(simulator, names["out_trade_no"])
    return answer(view(simulator, owned(order, owner), simulator.clock.now_ms()))


async def answer_close(request: web.Request) -> web.Response:
    """POST /v3/pay[/partner]/transactions/out-trade-no/{out_trade_no}/close"""
    simulator = of(request)
    if is_partner(request):
        partner = parse(await request.read(), PartnerClose)
        check_mchid(simulator, partner.sp_mchid, "body", "/sp_mchid")
        owner = Owner(True, partner.sub_mchid)
    else:
        check_mchid(simulator, parse(await request.read(), Close).mchid, "body")
        owner = Owner(False, "")
    close(simulator, owned(order_named(simulator, request.match_info["out_trade_no"]), owner))
    return web.Response(status=204)


def is_partner(request: web.Request) -> bool:
    """Whether a service provider speaks: the path says so."""
    return request.path.startswith("/v3/pay/partner/")


def asking(simulator: Simulator, request: web.Request) -> Owner:
    """Who asks by query parameters. Raises: Refused when the merchant is not the one who signed."""
    if not is_partner(request):
        check_mchid(simulator, request.query.get("mchid", ""), "query")
        return Owner(False, "")
    check_mchid(simulator, request.query.get("sp_mchid", ""), "query", "/sp_mchid")
    return Owner(True, request.query.get("sub_mchid", ""))


def owned(order: Order | None, owner: Owner) -> Order:
    """The order, if it is this merchant's. Raises: Refused."""
    if order is None or order.sub_mchid != owner.sub_mchid or bool(order.sub_mchid) != owner.is_partner:
        raise unknown_order()
    return order


def check_mchid(simulator: Simulator, mchid: str, location: str, field: str = "/mchid") -> None:
    """The request's merchant must be the one that signed it. Raises: Refused."""
    if mchid != simulator.keys.mchid:
        raise parameter_error(field, "differs from the mchid in Authorization", location)


def unknown_order() -> Refused:
    """Nothing was ever placed under that number."""
    return Refused(404, "ORDER_NOT_EXIST", "订单不存在")


def _one(simulator: Simulator, condition: str, value: str) -> Order | None:
    row = simulator.books.row(f"SELECT {COLUMNS} FROM orders WHERE {condition}", value)
    return None if row is None else Order(*row)
