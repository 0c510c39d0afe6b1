"""Returns of shares: a receiving merchant gives back what it got, before the order is refunded.

Source: the merchant documentation's pages on returning shares and querying returns.
"""

from typing import Annotated, Any

import msgspec
from aiohttp import web

from feiqian.simulators.kit.hostility import NeverAnswered
from feiqian.simulators.kit.moments import beijing, rfc3339
from feiqian.simulators.wechatpay import accounts
from feiqian.simulators.wechatpay.answers import Refused, answer, encode, parse
from feiqian.simulators.wechatpay.context import Simulator, of
from feiqian.simulators.wechatpay.messages import Fen, Message, Text32
from feiqian.simulators.wechatpay.orders import merchant_of, order_with_id
from feiqian.simulators.wechatpay.sharing import Number, SharedPart, Sharing, parts_of, sharing_named


class ReturnRequest(Message, kw_only=True):
    """The body of POST /v3/profitsharing/return-orders; order_id or out_order_no."""

    out_return_no: Number
    return_mchid: Text32
    amount: Fen
    description: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    order_id: str = ""
    out_order_no: str = ""
    sub_mchid: Text32 = ""


class Return(msgspec.Struct, frozen=True):
    """A row of ``sharing_returns``."""

    id: int
    out_return_no: str
    return_id: str
    part_id: int
    request: bytes
    amount: int
    description: str
    result: str
    fail_reason: str
    created_at: int
    finished_at: int | None


async def answer_return(request: web.Request) -> web.Response:
    """POST /v3/profitsharing/return-orders"""
    simulator = of(request)
    wish = parse(await request.read(), ReturnRequest)
    mode = simulator.behaviour.take("sharing_return")
    if mode == "error":
        raise Refused(500, "SYSTEM_ERROR", "系统异常，请稍后重试")
    content = encode(wish)
    known = return_named(simulator, wish.out_return_no)
    if known is None:
        _make(simulator, wish, content, mode)
    elif known.request != content:
        raise Refused(400, "INVALID_REQUEST", "回退单号重复，且参数与原请求不一致")
    if mode == "timeout_after_success":
        raise NeverAnswered
    return answer(_view(simulator, _named(simulator, wish.out_return_no)))


def _make(simulator: Simulator, wish: ReturnRequest, content: bytes, mode: str) -> None:
    part, merchant = _returnable(simulator, wish)
    books, now_ms = simulator.books, simulator.clock.now_ms()
    short = accounts.balances(books, wish.return_mchid)[0] < wish.amount
    result = "PROCESSING" if mode == "processing" else "FAILED" if short or mode == "fails" else "SUCCESS"
    with books.atomically():
        return_id = books.write(
            "INSERT INTO sharing_returns (out_return_no, return_id, part_id, request, amount, description, result,"
            " fail_reason, created_at, finished_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            wish.out_return_no,
            wish.out_return_no,
            part.id,
            content,
            wish.amount,
            wish.description,
            result,
            {"FAILED": "BALANCE_NOT_ENOUGH" if short else "ACCOUNT_ABNORMAL"}.get(result, ""),
            now_ms,
            None if result == "PROCESSING" else now_ms,
        )
        books.write(
            "UPDATE sharing_returns SET return_id = ? WHERE id = ?",
            f"3009{books.series}{beijing(now_ms, '%Y%m%d')}{return_id:010d}",
            return_id,
        )
        if result != "FAILED":
            books.write("UPDATE sharing_parts SET returned = returned + ? WHERE id = ?", wish.amount, part.id)
        if result == "SUCCESS":
            _move(simulator, wish.return_mchid, merchant, wish.amount)


def _returnable(simulator: Simulator, wish: ReturnRequest) -> tuple[SharedPart, str]:
    """What the receiver got, and the merchant it goes back to. Raises: Refused."""
    sharing = _sharing(simulator, wish)
    if sharing is None:
        raise Refused(404, "RESOURCE_NOT_EXISTS", "分账单不存在")
    order = order_with_id(simulator, sharing.order_id)
    if order.sub_mchid != wish.sub_mchid:
        raise Refused(404, "RESOURCE_NOT_EXISTS", "分账单不存在")
    for part in parts_of(simulator, sharing):
        if (part.type, part.account, part.result) == ("MERCHANT_ID", wish.return_mchid, "SUCCESS"):
            if wish.amount > part.amount - part.returned:
                raise Refused(403, "NOT_ENOUGH", "回退金额超过可回退金额")
            return part, merchant_of(simulator, order)
    raise Refused(400, "INVALID_REQUEST", "回退方不是该分账单的成功接收方")


def _sharing(simulator: Simulator, wish: ReturnRequest) -> Sharing | None:
    if bool(wish.order_id) == bool(wish.out_order_no):
        raise Refused(400, "PARAM_ERROR", "order_id和out_order_no必须二选一")
    if wish.out_order_no:
        return sharing_named(simulator, wish.out_order_no)
    row = simulator.books.row("SELECT * FROM sharings WHERE sharing_id = ?", wish.order_id)
    return None if row is None else Sharing(*row)


def _move(simulator: Simulator, receiver: str, merchant: str, amount: int) -> None:
    accounts.add(simulator.books, receiver, -amount)
    accounts.add(simulator.books, merchant, amount)


def return_named(simulator: Simulator, out_return_no: str) -> Return | None:
    """By the merchant's number."""
    row = simulator.books.row("SELECT * FROM sharing_returns WHERE out_return_no = ?", out_return_no)
    return None if row is None else Return(*row)


def _named(simulator: Simulator, out_return_no: str) -> Return:
    found = return_named(simulator, out_return_no)
    if found is None:
        raise Refused(404, "RESOURCE_NOT_EXISTS", "回退单不存在")
    return found


def _view(simulator: Simulator, returned: Return) -> dict[str, Any]:
    row = simulator.books.row(
        "SELECT s.sharing_id, s.out_order_no, p.account, o.sub_mchid FROM sharing_parts p"
        " JOIN sharings s ON s.id = p.sharing_id JOIN orders o ON o.id = s.order_id WHERE p.id = ?",
        returned.part_id,
    )
    assert row is not None, "a return has its part"
    shown: dict[str, Any] = {"sub_mchid": row[3]} if row[3] else {}
    shown |= {
        "order_id": row[0],
        "out_order_no": row[1],
        "out_return_no": returned.out_return_no,
        "return_id": returned.return_id,
        "return_mchid": row[2],
        "amount": returned.amount,
        "description": returned.description,
        "result": returned.result,
        "create_time": rfc3339(returned.created_at),
        "finish_time": rfc3339(returned.finished_at or 0),
    }
    return shown | ({"fail_reason": returned.fail_reason} if returned.fail_reason else {})


async def answer_query(request: web.Request) -> web.Response:
    """GET /v3/profitsharing/return-orders/{out_return_no}?out_order_no=…"""
    simulator = of(request)
    shown = _view(simulator, _named(simulator, request.match_info["out_return_no"]))
    if shown["out_order_no"] != request.query.get("out_order_no"):
        raise Refused(404, "RESOURCE_NOT_EXISTS", "回退单不存在")
    return answer(shown)


class Ending(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /sandbox/sharing-returns/{out_return_no}."""

    succeeds: bool = True


async def answer_ending(request: web.Request) -> web.Response:
    """POST /sandbox/sharing-returns/{out_return_no}: end one that was left PROCESSING."""
    simulator = of(request)
    returned = _named(simulator, request.match_info["out_return_no"])
    ending = parse(await request.read() or b"{}", Ending)
    if returned.result != "PROCESSING":
        raise Refused(400, "INVALID_REQUEST", "回退单已完成")
    shown = _view(simulator, returned)
    with simulator.books.atomically():
        simulator.books.write(
            "UPDATE sharing_returns SET result = ?, fail_reason = ?, finished_at = ? WHERE id = ?",
            "SUCCESS" if ending.succeeds else "FAILED",
            "" if ending.succeeds else "TIME_OUT_CLOSED",
            simulator.clock.now_ms(),
            returned.id,
        )
        if ending.succeeds:
            merchant = shown.get("sub_mchid") or simulator.keys.mchid
            _move(simulator, shown["return_mchid"], merchant, returned.amount)
        else:
            simulator.books.write(
                "UPDATE sharing_parts SET returned = returned - ? WHERE id = ?",
                returned.amount,
                returned.part_id,
            )
    return answer(_view(simulator, _named(simulator, returned.out_return_no)))
