"""Profit sharing: the money of an order is frozen, shared among receivers, and the rest set free.

Source: the merchant documentation's pages on profit sharing. FINISHED is not success: every receiver has a result.
"""

from datetime import timedelta
from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web

from feiqian.simulators.kit.hostility import NeverAnswered
from feiqian.simulators.kit.moments import beijing, rfc3339
from feiqian.simulators.wechatpay import accounts
from feiqian.simulators.wechatpay.answers import Refused, answer, encode, parameter_error, parse
from feiqian.simulators.wechatpay.context import SERIAL, Simulator, of
from feiqian.simulators.wechatpay.messages import Fen, Message, Text32
from feiqian.simulators.wechatpay.orders import Order, merchant_of, order_of_transaction, order_with_id
from feiqian.simulators.wechatpay.receivers import ReceiverType, is_receiver

FROM = timedelta(minutes=1)
"""How long after the payment sharing begins."""
UNTIL = timedelta(days=30)
"""How long after the payment it is possible."""
CALLS_MAX = 50
"""Of one order."""
RATIO_MAX = 3000
"""What of an order may be shared, in ten-thousandths: 30 %."""

Number = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_\-|*@]{1,64}$")]
Description = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]


class Part(Message, kw_only=True):
    """What one receiver gets."""

    type: ReceiverType
    account: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    amount: Fen
    description: Description
    name: str = ""
    """Encrypted with WeChat Pay's key."""


class SharingRequest(Message, kw_only=True):
    """The body of POST /v3/profitsharing/orders."""

    transaction_id: Text32
    out_order_no: Number
    unfreeze_unsplit: bool
    receivers: Annotated[tuple[Part, ...], msgspec.Meta(min_length=1, max_length=50)]
    appid: Text32 = ""
    sub_appid: Text32 = ""
    sub_mchid: Text32 = ""


class Unfreezing(Message, kw_only=True):
    """The body of POST /v3/profitsharing/orders/unfreeze."""

    transaction_id: Text32
    out_order_no: Number
    description: Description
    sub_mchid: Text32 = ""


class Sharing(msgspec.Struct, frozen=True):
    """A row of ``sharings``."""

    id: int
    out_order_no: str
    sharing_id: str
    order_id: int
    request: bytes
    unfreezes: int
    unfrozen: int
    state: str
    created_at: int
    finished_at: int | None


class SharedPart(msgspec.Struct, frozen=True):
    """A row of ``sharing_parts``."""

    id: int
    sharing_id: int
    type: str
    account: str
    amount: int
    description: str
    result: str
    fail_reason: str
    finished_at: int | None
    returned: int


async def answer_sharing(request: web.Request) -> web.Response:
    """POST /v3/profitsharing/orders"""
    simulator = of(request)
    wish = parse(await request.read(), SharingRequest)
    mode = _mode(simulator)
    content = encode(msgspec.structs.replace(wish, receivers=tuple(_plain(part) for part in wish.receivers)))
    known = sharing_named(simulator, wish.out_order_no)
    if known is not None:
        return _again(simulator, known, content)
    for part in wish.receivers:
        if part.name:
            simulator.keys.decrypted(request[SERIAL], "/receivers/name", part.name)
    order = _sharable(simulator, wish.transaction_id, wish.sub_mchid)
    _check_parts(simulator, order, wish)
    sharing = _keep(
        simulator,
        order,
        wish.out_order_no,
        content=content,
        parts=wish.receivers,
        unfreezes=wish.unfreeze_unsplit,
    )
    shown = view(simulator, sharing)
    if mode != "processing":
        finish(simulator, sharing, failing=1 if mode == "part_fails" else 0)
    if mode == "timeout_after_success":
        raise NeverAnswered
    return answer(shown)


async def answer_unfreeze(request: web.Request) -> web.Response:
    """POST /v3/profitsharing/orders/unfreeze"""
    simulator = of(request)
    wish = parse(await request.read(), Unfreezing)
    mode = _mode(simulator)
    content = encode(wish)
    known = sharing_named(simulator, wish.out_order_no)
    if known is not None:
        return _again(simulator, known, content)
    order = _sharing_order(simulator, wish.transaction_id, wish.sub_mchid)
    sharing = _keep(simulator, order, wish.out_order_no, content=content, unfreezes=True)
    shown = view(simulator, sharing)
    if mode != "processing":
        finish(simulator, sharing)
    if mode == "timeout_after_success":
        raise NeverAnswered
    return answer(shown)


def _mode(simulator: Simulator) -> str:
    mode = simulator.behaviour.take("sharing")
    if mode == "error":
        raise Refused(500, "SYSTEM_ERROR", "系统异常，请稍后重试")
    return mode


def _plain(part: Part) -> Part:
    """Without what changes at every encryption."""
    return msgspec.structs.replace(part, name="")


def _again(simulator: Simulator, known: Sharing, content: bytes) -> web.Response:
    if known.request != content:
        raise Refused(400, "INVALID_REQUEST", "分账单号重复，且参数与原请求不一致")
    return answer(view(simulator, known))


def _sharing_order(simulator: Simulator, transaction_id: str, sub_mchid: str) -> Order:
    order = order_of_transaction(simulator, transaction_id)
    if order is None or order.sub_mchid != sub_mchid:
        raise Refused(404, "RESOURCE_NOT_EXISTS", "订单不存在")
    if not order.profit_sharing:
        raise Refused(400, "INVALID_REQUEST", "非分账订单不支持分账")
    return order


def _sharable(simulator: Simulator, transaction_id: str, sub_mchid: str) -> Order:
    """The order, when it may be shared now. Raises: Refused."""
    order = _sharing_order(simulator, transaction_id, sub_mchid)
    age_ms = simulator.clock.now_ms() - (order.paid_at or 0)
    if age_ms < FROM / timedelta(milliseconds=1):
        raise Refused(403, "RULE_LIMIT", "订单支付成功未满1分钟，请稍后再请求分账")
    if age_ms > UNTIL / timedelta(milliseconds=1):
        raise Refused(400, "INVALID_REQUEST", "订单已超过分账期限")
    if order.sharings >= CALLS_MAX:
        raise Refused(403, "RULE_LIMIT", "订单分账次数已达上限")
    return order


def _check_parts(simulator: Simulator, order: Order, wish: SharingRequest) -> None:
    total = sum(part.amount for part in wish.receivers)
    if len({(part.type, part.account) for part in wish.receivers}) < len(wish.receivers):
        raise parameter_error("/receivers", "names a receiver twice")
    for part in wish.receivers:
        if not is_receiver(simulator.books, merchant_of(simulator, order), part.type, part.account):
            raise Refused(400, "INVALID_REQUEST", "分账接收方关系不存在，请先添加分账接收方")
    if (order.shared + total) * 10_000 > order.total * RATIO_MAX:
        raise Refused(403, "RULE_LIMIT", "分账金额超过最大分账比例")
    if total > order.unsplit:
        raise Refused(403, "NOT_ENOUGH", "订单剩余待分金额不足")


def _keep(
    simulator: Simulator,
    order: Order,
    out_order_no: str,
    *,
    content: bytes,
    parts: tuple[Part, ...] = (),
    unfreezes: bool,
) -> Sharing:
    now_ms = simulator.clock.now_ms()
    total = sum(part.amount for part in parts)
    books = simulator.books
    with books.atomically():
        books.write(
            "UPDATE orders SET unsplit = unsplit - ?, shared = shared + ?, sharings = sharings + ? WHERE id = ?",
            total,
            total,
            1 if parts else 0,
            order.id,
        )
        sharing_id = books.write(
            "INSERT INTO sharings (out_order_no, sharing_id, order_id, request, unfreezes, state, created_at)"
            " VALUES (?, ?, ?, ?, ?, 'PROCESSING', ?)",
            out_order_no,
            out_order_no,
            order.id,
            content,
            int(unfreezes),
            now_ms,
        )
        books.write(
            "UPDATE sharings SET sharing_id = ? WHERE id = ?",
            f"3008{books.series}{beijing(now_ms, '%Y%m%d')}{sharing_id:010d}",
            sharing_id,
        )
        for part in parts:
            books.write(
                "INSERT INTO sharing_parts (sharing_id, type, account, amount, description, result, fail_reason)"
                " VALUES (?, ?, ?, ?, ?, 'PENDING', '')",
                sharing_id,
                part.type,
                part.account,
                part.amount,
                part.description,
            )
    kept = sharing_named(simulator, out_order_no)
    assert kept is not None, "it was just written"
    return kept


def finish(simulator: Simulator, sharing: Sharing, *, failing: int = 0) -> None:
    """Everyone gets their part but the last ``failing``, whose accounts are abnormal. Raises: Refused when it is over."""
    if sharing.state != "PROCESSING":
        raise Refused(400, "INVALID_REQUEST", "分账单已完成")
    now_ms, books = simulator.clock.now_ms(), simulator.books
    order = order_with_id(simulator, sharing.order_id)
    merchant = merchant_of(simulator, order)
    parts = parts_of(simulator, sharing)
    with books.atomically():
        for index, part in enumerate(parts):
            fails = index >= len(parts) - failing
            books.write(
                "UPDATE sharing_parts SET result = ?, fail_reason = ?, finished_at = ? WHERE id = ?",
                "CLOSED" if fails else "SUCCESS",
                "ACCOUNT_ABNORMAL" if fails else "",
                now_ms,
                part.id,
            )
            if fails:
                books.write(
                    "UPDATE orders SET unsplit = unsplit + ?, shared = shared - ? WHERE id = ?",
                    part.amount,
                    part.amount,
                    order.id,
                )
                continue
            accounts.freeze(books, merchant, -part.amount)
            accounts.add(books, merchant, -part.amount)
            if part.type == "MERCHANT_ID":
                accounts.add(books, part.account, part.amount)
        unfrozen = order_with_id(simulator, order.id).unsplit if sharing.unfreezes else 0
        if unfrozen:
            books.write("UPDATE orders SET unsplit = 0 WHERE id = ?", order.id)
            accounts.freeze(books, merchant, -unfrozen)
        books.write(
            "UPDATE sharings SET state = 'FINISHED', finished_at = ?, unfrozen = ? WHERE id = ?",
            now_ms,
            unfrozen,
            sharing.id,
        )


def sharing_named(simulator: Simulator, out_order_no: str) -> Sharing | None:
    """By the merchant's number."""
    row = simulator.books.row("SELECT * FROM sharings WHERE out_order_no = ?", out_order_no)
    return None if row is None else Sharing(*row)


def parts_of(simulator: Simulator, sharing: Sharing) -> list[SharedPart]:
    """Who gets what."""
    rows = simulator.books.rows("SELECT * FROM sharing_parts WHERE sharing_id = ? ORDER BY id", sharing.id)
    return [SharedPart(*row) for row in rows]


def view(simulator: Simulator, sharing: Sharing) -> dict[str, Any]:
    """As answers and queries show it."""
    order = order_with_id(simulator, sharing.order_id)
    shown: dict[str, Any] = {"sub_mchid": order.sub_mchid} if order.sub_mchid else {}
    shown |= {
        "transaction_id": order.transaction_id,
        "out_order_no": sharing.out_order_no,
        "order_id": sharing.sharing_id,
        "state": sharing.state,
        "receivers": [_part_view(sharing, part) for part in parts_of(simulator, sharing)],
    }
    return shown


def _part_view(sharing: Sharing, part: SharedPart) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "type": part.type,
        "account": part.account,
        "amount": part.amount,
        "description": part.description,
        "result": part.result,
        "detail_id": f"3601{sharing.sharing_id[4:]}{part.id:08d}",
        "create_time": rfc3339(sharing.created_at),
        "finish_time": rfc3339(part.finished_at or 0),
    }
    return shown | ({"fail_reason": part.fail_reason} if part.fail_reason else {})


async def answer_query(request: web.Request) -> web.Response:
    """GET /v3/profitsharing/orders/{out_order_no}?transaction_id=…"""
    simulator = of(request)
    sharing = sharing_named(simulator, request.match_info["out_order_no"])
    if sharing is not None:
        shown = view(simulator, sharing)
        wanted = (request.query.get("transaction_id"), request.query.get("sub_mchid", ""))
        if (shown["transaction_id"], shown.get("sub_mchid", "")) == wanted:
            return answer(shown)
    raise Refused(404, "RESOURCE_NOT_EXISTS", "分账单不存在")


async def answer_amounts(request: web.Request) -> web.Response:
    """GET /v3/profitsharing/transactions/{transaction_id}/amounts"""
    order = order_of_transaction(of(request), request.match_info["transaction_id"])
    if order is None or not order.profit_sharing:
        raise Refused(400, "INVALID_REQUEST", "非分账订单不支持此查询")
    return answer({"transaction_id": order.transaction_id, "unsplit_amount": order.unsplit})


async def answer_configuration(request: web.Request) -> web.Response:
    """GET /v3/profitsharing/merchant-configs/{sub_mchid}: what of an order its merchant may share."""
    sub_mchid = request.match_info["sub_mchid"]
    of(request).keys.check_sub_merchant(sub_mchid, "")
    return answer({"sub_mchid": sub_mchid, "max_ratio": RATIO_MAX})


class Ending(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /sandbox/sharings/{out_order_no}."""

    result: Literal["SUCCESS", "PART_FAILS", "FAIL"] = "SUCCESS"


async def answer_ending(request: web.Request) -> web.Response:
    """POST /sandbox/sharings/{out_order_no}: finish one that was left PROCESSING."""
    simulator = of(request)
    sharing = sharing_named(simulator, request.match_info["out_order_no"])
    if sharing is None:
        raise Refused(404, "RESOURCE_NOT_EXISTS", "分账单不存在")
    ending = parse(await request.read() or b"{}", Ending)
    count = len(parts_of(simulator, sharing))
    finish(simulator, sharing, failing={"SUCCESS": 0, "PART_FAILS": 1, "FAIL": count}[ending.result])
    return answer(view(simulator, sharing_named(simulator, sharing.out_order_no) or sharing))
