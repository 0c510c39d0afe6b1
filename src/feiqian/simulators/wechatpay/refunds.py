"""Refunds: accepted, then settled by the sandbox as told.

Source: the merchant documentation's pages on applying for and querying refunds.
"""

from datetime import timedelta
from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web

from feiqian.simulators.kit.hostility import NeverAnswered
from feiqian.simulators.kit.moments import beijing, rfc3339
from feiqian.simulators.wechatpay import accounts
from feiqian.simulators.wechatpay.answers import Refused, answer, encode, parse
from feiqian.simulators.wechatpay.callbacks import misstated
from feiqian.simulators.wechatpay.context import SERIAL, Simulator, of
from feiqian.simulators.wechatpay.messages import Fen, Message, NotifyUrl, Text32
from feiqian.simulators.wechatpay.orders import (
    Order,
    merchant_of,
    order_named,
    order_of_transaction,
    order_with_id,
    parties,
)

REFUNDS_MAX = 50
"""Of one order."""

REVOKED = "revoked:"
"""Before the order's number: the out_refund_no of a reversal, which no merchant can give."""

RefundEnd = Literal["SUCCESS", "ABNORMAL", "CLOSED"]
"""How a refund ends: the buyer has it, the buyer's account cannot take it, it was given up."""


class Source(Message):
    """An account that pays for a part of a refund: AVAILABLE money, or what is UNAVAILABLE until it is settled."""

    account: Literal["AVAILABLE", "UNAVAILABLE"]
    amount: Fen


class RefundAmount(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """In fen."""

    refund: Fen
    total: Fen
    """The order's amount, repeated."""
    currency: Literal["CNY"]
    from_: list[Source] = msgspec.field(default_factory=list, name="from")


class Application(Message, kw_only=True):
    """The body of POST /v3/refund/domestic/refunds."""

    out_refund_no: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_\-|*@]{1,64}$")]
    amount: RefundAmount
    sub_mchid: Text32 = ""
    transaction_id: Text32 = ""
    out_trade_no: Text32 = ""
    reason: Annotated[str, msgspec.Meta(max_length=80)] = ""
    notify_url: NotifyUrl | None = None
    funds_account: Literal["AVAILABLE", "UNSETTLED", ""] = ""
    goods_detail: tuple[dict[str, Any], ...] = ()


class Refund(msgspec.Struct, frozen=True):
    """A row of ``refunds``; its columns are explained there."""

    id: int
    out_refund_no: str
    refund_id: str
    order_id: int
    request: bytes
    amount: int
    unfrozen: int
    sources: bytes
    funds_account: str
    notify_url: str
    serial: str
    status: str
    created_at: int
    succeeded_at: int | None
    fee: int
    received_by: str


COLUMNS = ", ".join(Refund.__struct_fields__)


def refund_named(simulator: Simulator, out_refund_no: str) -> Refund | None:
    """By the merchant's number."""
    row = simulator.books.row(f"SELECT {COLUMNS} FROM refunds WHERE out_refund_no = ?", out_refund_no)
    return None if row is None else Refund(*row)


def refunds_of(simulator: Simulator, order: Order) -> list[Refund]:
    """Every refund of an order, oldest first."""
    rows = simulator.books.rows(f"SELECT {COLUMNS} FROM refunds WHERE order_id = ? ORDER BY id", order.id)
    return [Refund(*row) for row in rows]


def apply(simulator: Simulator, application: Application, serial: str) -> tuple[Order, Refund]:
    """Accept a refund, or find the same one again. The new one is PROCESSING. Raises: Refused."""
    content = encode(application)
    known = refund_named(simulator, application.out_refund_no)
    if known is not None:
        if content != known.request:
            raise Refused(400, "INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试")
        return order_with_id(simulator, known.order_id), known
    order = _refundable(simulator, application)
    unfrozen = min(application.amount.refund, order.unsplit)
    accounts.require(
        simulator.books,
        merchant_of(simulator, order),
        application.amount.refund - unfrozen - _fee_of(simulator, order, application.amount.refund),
        "基本账户余额不足，请充值后重新发起",
    )
    with simulator.books.atomically():
        refund = _keep(simulator, order, application, content=content, serial=serial, unfrozen=unfrozen)
    return order_with_id(simulator, order.id), refund


def give_back(simulator: Simulator, order: Order) -> None:
    """The whole of a reversed payment goes back at once, without a callback."""
    amount = RefundAmount(refund=order.total, total=order.total, currency="CNY")
    application = Application(out_refund_no=REVOKED + order.out_trade_no, amount=amount)
    with simulator.books.atomically():
        refund = _keep(
            simulator, order, application, content=b"", serial=order.serial, unfrozen=order.unsplit
        )
        settle(simulator, refund, "SUCCESS")


def _keep(
    simulator: Simulator,
    order: Order,
    application: Application,
    *,
    content: bytes,
    serial: str,
    unfrozen: int,
) -> Refund:
    now_ms = simulator.clock.now_ms()
    amount = application.amount.refund
    simulator.books.write(
        "UPDATE orders SET refunded = refunded + ?, refunds = refunds + 1, unsplit = unsplit - ? WHERE id = ?",
        amount,
        unfrozen,
        order.id,
    )
    merchant = merchant_of(simulator, order)
    accounts.add(simulator.books, merchant, -amount)
    if unfrozen:
        accounts.freeze(simulator.books, merchant, -unfrozen)
    simulator.books.write(
        "INSERT INTO refunds (out_refund_no, refund_id, order_id, request, amount, unfrozen, sources, funds_account,"
        " notify_url, serial, status, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'PROCESSING', ?)",
        application.out_refund_no,
        # Unique without a counter of its own: the order's row and the refund's place among its refunds.
        f"503{simulator.books.series}{beijing(now_ms, '%Y%m%d')}{order.id:010d}{order.refunds:02d}",
        order.id,
        content,
        amount,
        unfrozen,
        encode(application.amount.from_),
        application.funds_account or ("UNSETTLED" if unfrozen else "AVAILABLE"),
        application.notify_url or "",
        serial,
        now_ms,
    )
    refund = refund_named(simulator, application.out_refund_no)
    assert refund is not None, "it was just written"
    return refund


def _fee_of(simulator: Simulator, order: Order, amount: int) -> int:
    """The fee that would come back with a refund, which the merchant need not have."""
    return min(simulator.fee(amount), order.fee or 0)


def _refundable(simulator: Simulator, application: Application) -> Order:
    """The paid order that has this much left. Raises: Refused."""
    if bool(application.transaction_id) == bool(application.out_trade_no):
        raise Refused(400, "PARAM_ERROR", "transaction_id和out_trade_no必须二选一")
    if application.transaction_id:
        order = order_of_transaction(simulator, application.transaction_id)
    else:
        order = order_named(simulator, application.out_trade_no)
    if order is None or order.paid_at is None or order.sub_mchid != application.sub_mchid:
        raise Refused(404, "RESOURCE_NOT_EXISTS", "订单不存在或未支付")
    amount = application.amount
    if amount.from_ and sum(source.amount for source in amount.from_) != amount.refund:
        raise Refused(400, "PARAM_ERROR", "退款出资账户金额之和与退款金额不一致")
    if order.state == "REVOKED":
        raise Refused(400, "INVALID_REQUEST", "订单已撤销")
    if amount.total != order.total:
        raise Refused(400, "INVALID_REQUEST", "订单金额与原订单金额不一致，请核实后再试")
    if order.refunded >= order.total:
        raise Refused(400, "INVALID_REQUEST", "订单已全额退款")
    if order.refunded + amount.refund > order.total:
        raise Refused(400, "INVALID_REQUEST", "申请退款金额大于订单可退金额")
    if order.refunds >= REFUNDS_MAX:
        raise Refused(400, "INVALID_REQUEST", f"单笔订单的退款次数不能超过{REFUNDS_MAX}次")
    if simulator.clock.now_ms() - order.paid_at > simulator.refund_within / timedelta(milliseconds=1):
        raise Refused(400, "INVALID_REQUEST", "订单已超过可退款的最大期限")
    return order


def settle(
    simulator: Simulator, refund: Refund, status: RefundEnd, received_by: str = "支付用户零钱"
) -> None:
    """End a refund that is PROCESSING and tell the merchant. Raises: Refused when it has ended."""
    if refund.status != "PROCESSING":
        raise Refused(400, "INVALID_REQUEST", f"退款单已是{refund.status}")
    order = order_with_id(simulator, refund.order_id)
    now_ms = simulator.clock.now_ms()
    fee = _returned_fee(simulator, order, refund) if status == "SUCCESS" else 0
    with simulator.books.atomically():
        simulator.books.write(
            "UPDATE refunds SET status = ?, succeeded_at = ?, fee = ?, received_by = ? WHERE id = ?",
            status,
            now_ms if status == "SUCCESS" else None,
            fee,
            received_by,
            refund.id,
        )
        if status == "CLOSED":
            _undo(simulator, order, refund)
        elif fee:
            accounts.add(simulator.books, merchant_of(simulator, order), fee)
        ended = refund_named(simulator, refund.out_refund_no)
        assert ended is not None, "it was just written"
        if ended.notify_url:
            simulator.callbacks.enqueue(
                about=order.out_trade_no,
                kind=f"REFUND.{status}",
                url=ended.notify_url,
                content=lambda lie: encode(misstated(_callback_view(simulator, order, ended), lie)),
                now_ms=now_ms,
                signed_by=ended.serial,
            )


def _undo(simulator: Simulator, order: Order, refund: Refund) -> None:
    simulator.books.write(
        "UPDATE orders SET refunded = refunded - ?, unsplit = unsplit + ? WHERE id = ?",
        refund.amount,
        refund.unfrozen,
        order.id,
    )
    accounts.add(simulator.books, merchant_of(simulator, order), refund.amount)
    if refund.unfrozen:
        accounts.freeze(simulator.books, merchant_of(simulator, order), refund.unfrozen)


def _returned_fee(simulator: Simulator, order: Order, refund: Refund) -> int:
    """The fee of the refunded amount, half up; never more than is left of it, all of it with the last fen."""
    row = simulator.books.row(
        "SELECT coalesce(sum(fee), 0), coalesce(sum(amount), 0) FROM refunds"
        " WHERE order_id = ? AND status = 'SUCCESS'",
        order.id,
    )
    assert row is not None, "a sum has one row"
    fee_returned, amount_returned = row
    left = (order.fee or 0) - fee_returned
    if amount_returned + refund.amount == order.total:
        return left
    return min(simulator.fee(refund.amount), left)


def view(order: Order, refund: Refund) -> dict[str, Any]:
    """A refund as applications and queries show it."""
    shown: dict[str, Any] = {
        "amount": {
            "currency": "CNY",
            "discount_refund": 0,
            "from": msgspec.json.decode(refund.sources),
            "payer_refund": refund.amount,
            "payer_total": order.total,
            "refund": refund.amount,
            "refund_fee": refund.fee,
            "settlement_refund": refund.amount,
            "settlement_total": order.total,
            "total": order.total,
        },
        "channel": "ORIGINAL",
        "create_time": rfc3339(refund.created_at),
        "funds_account": refund.funds_account,
        "out_refund_no": refund.out_refund_no,
        "out_trade_no": order.out_trade_no,
        "promotion_detail": [],
        "refund_id": refund.refund_id,
        "status": refund.status,
        "transaction_id": order.transaction_id,
        "user_received_account": refund.received_by,
    }
    if refund.succeeded_at is not None:
        shown["success_time"] = rfc3339(refund.succeeded_at)
    return shown


def _callback_view(simulator: Simulator, order: Order, refund: Refund) -> dict[str, Any]:
    shown: dict[str, Any] = {
        **{name: value for name, value in parties(simulator, order).items() if name.endswith("mchid")},
        "out_trade_no": order.out_trade_no,
        "transaction_id": order.transaction_id,
        "out_refund_no": refund.out_refund_no,
        "refund_id": refund.refund_id,
        "refund_status": refund.status,
        "amount": {
            "total": order.total,
            "refund": refund.amount,
            "payer_total": order.total,
            "payer_refund": refund.amount,
        },
        "user_received_account": refund.received_by,
    }
    if refund.succeeded_at is not None:
        shown["success_time"] = rfc3339(refund.succeeded_at)
    return shown


async def answer_application(request: web.Request) -> web.Response:
    """POST /v3/refund/domestic/refunds"""
    simulator = of(request)
    mode = simulator.behaviour.take("refund")
    if mode == "error":
        raise Refused(500, "SYSTEM_ERROR", "系统异常，请使用相同参数稍后重试")
    application = parse(await request.read(), Application)
    with simulator.books.atomically():
        is_new = refund_named(simulator, application.out_refund_no) is None
        order, refund = apply(simulator, application, request[SERIAL])
        if is_new and mode != "processing":
            settle(simulator, refund, "ABNORMAL" if mode == "abnormal" else "SUCCESS")
    if mode == "timeout_after_success":
        raise NeverAnswered
    return answer(view(order, refund))


async def answer_query(request: web.Request) -> web.Response:
    """GET /v3/refund/domestic/refunds/{out_refund_no}"""
    simulator = of(request)
    refund = refund_named(simulator, request.match_info["out_refund_no"])
    order = None if refund is None else order_with_id(simulator, refund.order_id)
    if refund is None or order is None or order.sub_mchid != request.query.get("sub_mchid", ""):
        raise Refused(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
    return answer(view(order, refund))


class AbnormalRefund(Message, kw_only=True):
    """The body of …/apply-abnormal-refund: where the money goes that the buyer's account could not take."""

    out_refund_no: str
    type: Literal["USER_BANK_CARD", "MERCHANT_BANK_CARD"]
    sub_mchid: Text32 = ""
    bank_type: Text32 = ""
    bank_account: str = ""
    """Encrypted with WeChat Pay's key."""
    real_name: str = ""
    """Encrypted with WeChat Pay's key."""


async def answer_abnormal(request: web.Request) -> web.Response:
    """POST /v3/refund/domestic/refunds/{refund_id}/apply-abnormal-refund"""
    simulator = of(request)
    wish = parse(await request.read(), AbnormalRefund)
    refund = refund_named(simulator, wish.out_refund_no)
    if refund is None or refund.refund_id != request.match_info["refund_id"]:
        raise Refused(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
    if refund.status != "ABNORMAL":
        raise Refused(400, "INVALID_REQUEST", "退款单状态不是退款异常")
    received_by = "商户银行账户"
    if wish.type == "USER_BANK_CARD":
        account = simulator.keys.decrypted(request[SERIAL], "/bank_account", wish.bank_account)
        simulator.keys.decrypted(request[SERIAL], "/real_name", wish.real_name)
        received_by = f"{wish.bank_type}{account[-4:]}"
    with simulator.books.atomically():
        simulator.books.write("UPDATE refunds SET status = 'PROCESSING' WHERE id = ?", refund.id)
    again = refund_named(simulator, wish.out_refund_no)
    assert again is not None, "it was just changed"
    shown = view(order_with_id(simulator, refund.order_id), again)
    settle(simulator, again, "SUCCESS", received_by)
    return answer(shown)
