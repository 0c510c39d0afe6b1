"""Combined orders: the buyer pays several orders, also of several merchants, at once; each is its own afterwards.

Source: the merchant documentation's pages on combined payments.
"""

from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web

from feiqian.simulators.kit.hostility import NeverAnswered
from feiqian.simulators.kit.moments import beijing
from feiqian.simulators.wechatpay.answers import Refused, answer, encode, parameter_error, parse
from feiqian.simulators.wechatpay.callbacks import misstated
from feiqian.simulators.wechatpay.context import SERIAL, Simulator, of
from feiqian.simulators.wechatpay.messages import (
    OUT_TRADE_NO,
    Amount,
    Fen,
    Message,
    Moment,
    NotifyUrl,
    OpenId,
    Placement,
    SettleInfo,
    Text32,
)
from feiqian.simulators.wechatpay.orders import (
    COLUMNS,
    Order,
    check_mchid,
    collect,
    order_named,
    payer_view,
    unknown_order,
    view,
)
from feiqian.simulators.wechatpay.prepay import (
    KINDS,
    code_answer,
    expiry,
    keep_order,
    new_code,
    refuse_if_told,
)

Number = Annotated[str, msgspec.Meta(pattern=OUT_TRADE_NO)]


class SubAmount(Message):
    """In fen."""

    total_amount: Fen
    currency: Literal["CNY"]


class SubOrder(Message, kw_only=True):
    """One of the orders."""

    mchid: Text32
    attach: Annotated[str, msgspec.Meta(max_length=128)]
    amount: SubAmount
    out_trade_no: Number
    description: Annotated[str, msgspec.Meta(min_length=1, max_length=127)]
    sub_mchid: Text32 = ""
    sub_appid: Text32 = ""
    goods_tag: Text32 = ""
    detail: str = ""
    settle_info: SettleInfo = msgspec.field(default_factory=SettleInfo)


class CombinedPayer(Message):
    """Who has to pay, where the buyer is known beforehand."""

    openid: OpenId


class CombinedPrepay(Message, kw_only=True):
    """The body of POST /v3/combine-transactions/{native,jsapi,h5,app}."""

    combine_appid: Text32
    combine_mchid: Text32
    combine_out_trade_no: Number
    sub_orders: Annotated[tuple[SubOrder, ...], msgspec.Meta(min_length=1, max_length=50)]
    notify_url: NotifyUrl
    combine_payer_info: CombinedPayer | None = None
    scene_info: dict[str, Any] | None = None
    time_start: Moment | None = None
    time_expire: Moment | None = None


class ClosedOrder(Message, kw_only=True):
    """One of the orders in a close."""

    mchid: Text32
    out_trade_no: Number
    sub_mchid: Text32 = ""


class CombinedClose(Message):
    """The body of a close: it names every order."""

    combine_appid: Text32
    sub_orders: Annotated[tuple[ClosedOrder, ...], msgspec.Meta(min_length=1, max_length=50)]


class Combined(msgspec.Struct, frozen=True):
    """A row of ``combined``."""

    id: int
    out_trade_no: str
    trade_type: str
    code: str
    request: bytes
    notify_url: str
    serial: str
    payer: str
    created_at: int
    expires_at: int
    transaction_id: str | None


async def answer_prepay(request: web.Request) -> web.Response:
    """POST /v3/combine-transactions/{native,jsapi,h5,app}"""
    simulator = of(request)
    mode = simulator.behaviour.take("prepay")
    refuse_if_told(mode)
    kind = request.path.rpartition("/")[2]
    prepay = parse(await request.read(), CombinedPrepay)
    _check(simulator, prepay, kind)
    code = _place(simulator, prepay, KINDS[kind][0], request[SERIAL])
    if mode == "timeout_after_success":
        raise NeverAnswered
    return answer(code_answer(request, kind, code))


def _check(simulator: Simulator, prepay: CombinedPrepay, kind: str) -> None:
    check_mchid(simulator, prepay.combine_mchid, "body", "/combine_mchid")
    if prepay.combine_appid != simulator.keys.appid:
        raise Refused(400, "APPID_MCHID_NOT_MATCH", "商户号与appid不匹配")
    if kind == "jsapi" and prepay.combine_payer_info is None:
        raise parameter_error("/combine_payer_info/openid", "is required")
    if kind == "h5" and not (prepay.scene_info or {}).get("payer_client_ip"):
        raise parameter_error("/scene_info/payer_client_ip", "is required")
    numbers = {order.out_trade_no for order in prepay.sub_orders}
    if len(numbers) < len(prepay.sub_orders):
        raise Refused(400, "INVALID_REQUEST", "子单商户订单号重复")
    for order in prepay.sub_orders:
        check_mchid(simulator, order.mchid, "body", "/sub_orders/mchid")
        if order.sub_mchid:
            simulator.keys.check_sub_merchant(order.sub_mchid, order.sub_appid)


def _place(simulator: Simulator, prepay: CombinedPrepay, trade_type: str, serial: str) -> str:
    now_ms = simulator.clock.now_ms()
    content = encode([trade_type, prepay])
    known = combined_named(simulator, prepay.combine_out_trade_no)
    if known is not None:
        return _place_again(simulator, known, content, now_ms)
    for order in prepay.sub_orders:
        if order_named(simulator, order.out_trade_no) is not None:
            raise Refused(403, "OUT_TRADE_NO_USED", f"商户订单号重复：{order.out_trade_no}")
    code, expires_at = new_code(trade_type, now_ms), expiry(simulator, prepay.time_expire)
    payer = prepay.combine_payer_info.openid if prepay.combine_payer_info else ""
    with simulator.books.atomically():
        combined_id = simulator.books.write(
            "INSERT INTO combined VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
            prepay.combine_out_trade_no,
            trade_type,
            code,
            content,
            prepay.notify_url,
            serial,
            payer,
            now_ms,
            expires_at,
        )
        for index, order in enumerate(prepay.sub_orders):
            keep_order(
                simulator,
                _placement(prepay.combine_appid, order),
                trade_type=trade_type,
                code=f"{code}#{index}",
                request=content,
                notify_url="",
                serial=serial,
                payer=payer,
                now_ms=now_ms,
                expires_at=expires_at,
                combined_id=combined_id,
            )
    return code


def _placement(appid: str, order: SubOrder) -> Placement:
    return Placement(
        appid=appid,
        sub_mchid=order.sub_mchid,
        sub_appid=order.sub_appid,
        description=order.description,
        out_trade_no=order.out_trade_no,
        amount=Amount(total=order.amount.total_amount),
        attach=order.attach,
        settle_info=order.settle_info,
    )


def _place_again(simulator: Simulator, combined: Combined, content: bytes, now_ms: int) -> str:
    if combined.transaction_id is not None:
        raise Refused(400, "ORDERPAID", "该订单已支付")
    if all(order.state_at(now_ms) == "CLOSED" for order in sub_orders(simulator, combined)):
        raise Refused(400, "ORDER_CLOSED", "该订单已关闭，请重新下单")
    if content != combined.request:
        raise Refused(400, "INVALID_REQUEST", "订单重入时，要求参数值与原请求一致，请确认参数问题")
    return combined.code


def combined_named(simulator: Simulator, out_trade_no: str) -> Combined | None:
    """By the merchant's number."""
    return _one(simulator, "out_trade_no", out_trade_no)


def combined_with_code(simulator: Simulator, code: str) -> Combined | None:
    """By the pr= of its code_url or its prepay_id."""
    return _one(simulator, "code", code)


def sub_orders(simulator: Simulator, combined: Combined) -> list[Order]:
    """The orders in it."""
    rows = simulator.books.rows(
        f"SELECT {COLUMNS} FROM orders WHERE combined_id = ? ORDER BY id", combined.id
    )
    return [Order(*row) for row in rows]


def pay(simulator: Simulator, combined: Combined, openid: str) -> Combined:
    """The buyer pays all that are not closed; again changes nothing. Raises: Refused."""
    now_ms = simulator.clock.now_ms()
    if combined.transaction_id is not None:
        return combined
    unpaid = [order for order in sub_orders(simulator, combined) if order.state_at(now_ms) == "NOTPAY"]
    if not unpaid:
        raise Refused(400, "ORDER_CLOSED", "订单已关闭，无法支付")
    with simulator.books.atomically():
        for order in unpaid:
            collect(simulator, order, openid, now_ms)
        simulator.books.write(
            "UPDATE combined SET transaction_id = ? WHERE id = ?",
            f"4300{simulator.books.series}{beijing(now_ms, '%Y%m%d')}{combined.id:010d}",
            combined.id,
        )
        paid = combined_named(simulator, combined.out_trade_no)
        assert paid is not None, "it was just changed"
        simulator.callbacks.enqueue(
            about=combined.out_trade_no,
            kind="TRANSACTION.SUCCESS",
            url=combined.notify_url,
            content=lambda lie: encode(misstated(combined_view(simulator, paid, now_ms), lie)),
            now_ms=now_ms,
            signed_by=combined.serial,
        )
    return paid


def combined_view(simulator: Simulator, combined: Combined, now_ms: int) -> dict[str, Any]:
    """As queries and callbacks show it."""
    orders = sub_orders(simulator, combined)
    shown: dict[str, Any] = {
        "combine_appid": simulator.keys.appid,
        "combine_mchid": simulator.keys.mchid,
        "combine_out_trade_no": combined.out_trade_no,
        "sub_orders": [_sub_view(simulator, order, now_ms) for order in orders],
    }
    paid = next((order for order in orders if order.openid), None)
    if combined.transaction_id is not None and paid is not None:
        shown["combine_transaction_id"] = combined.transaction_id
        shown["combine_payer_info"] = {"openid": paid.openid}
    return shown


def _sub_view(simulator: Simulator, order: Order, now_ms: int) -> dict[str, Any]:
    whole = view(simulator, order, now_ms)
    shown: dict[str, Any] = {
        "mchid": simulator.keys.mchid,
        "trade_type": order.trade_type,
        "trade_state": whole["trade_state"],
        "attach": order.attach,
        "out_trade_no": order.out_trade_no,
        "amount": {"total_amount": order.total, "currency": "CNY"},
    }
    if order.sub_mchid:
        shown |= {"sub_mchid": order.sub_mchid, "sub_appid": order.sub_appid}
    if order.paid_at is not None:
        shown["amount"] |= {"payer_amount": order.total, "payer_currency": "CNY"}
        shown |= {name: whole[name] for name in ("bank_type", "success_time", "transaction_id")}
        if order.sub_appid:
            shown["sub_openid"] = payer_view(order)["sub_openid"]
    return shown


async def answer_query(request: web.Request) -> web.Response:
    """GET /v3/combine-transactions/out-trade-no/{combine_out_trade_no}"""
    simulator = of(request)
    combined = combined_named(simulator, request.match_info["combine_out_trade_no"])
    if combined is None:
        raise unknown_order()
    return answer(combined_view(simulator, combined, simulator.clock.now_ms()))


async def answer_close(request: web.Request) -> web.Response:
    """POST /v3/combine-transactions/out-trade-no/{combine_out_trade_no}/close"""
    simulator = of(request)
    wish = parse(await request.read(), CombinedClose)
    combined = combined_named(simulator, request.match_info["combine_out_trade_no"])
    if combined is None:
        raise unknown_order()
    if combined.transaction_id is not None:
        raise Refused(400, "ORDERPAID", "该订单已支付，无法关闭")
    named = {order.out_trade_no for order in wish.sub_orders}
    if named != {order.out_trade_no for order in sub_orders(simulator, combined)}:
        raise Refused(400, "INVALID_REQUEST", "关单的子单信息与下单不一致")
    with simulator.books.atomically():
        simulator.books.write(
            "UPDATE orders SET state = 'CLOSED' WHERE combined_id = ? AND state = 'NOTPAY'", combined.id
        )
    return web.Response(status=204)


def _one(simulator: Simulator, column: Literal["out_trade_no", "code"], value: str) -> Combined | None:
    row = simulator.books.row(f"SELECT * FROM combined WHERE {column} = ?", value)
    return None if row is None else Combined(*row)
