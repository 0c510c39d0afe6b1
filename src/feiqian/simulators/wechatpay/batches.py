"""The older merchant transfers in batches: /v3/transfer/batches.

Source: the merchant documentation's pages on transfers in batches.
"""

from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web

from feiqian.simulators.kit.hostility import NeverAnswered
from feiqian.simulators.kit.moments import beijing, rfc3339
from feiqian.simulators.wechatpay import accounts
from feiqian.simulators.wechatpay.answers import Refused, answer, encode, parameter_error, parse
from feiqian.simulators.wechatpay.callbacks import misstated
from feiqian.simulators.wechatpay.context import SERIAL, Simulator, of
from feiqian.simulators.wechatpay.messages import Fen, Message, NotifyUrl, OpenId, Text32
from feiqian.simulators.wechatpay.transfers import Transfer, end, keep_transfer, receiver_name

DETAILS_MAX = 1000
LISTED_MAX = 100

Number = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z]{5,32}$")]
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=32)]


class Detail(Message, kw_only=True):
    """One transfer of a batch."""

    out_detail_no: Number
    transfer_amount: Fen
    transfer_remark: Words
    openid: OpenId
    user_name: str = ""
    """Encrypted with WeChat Pay's key."""


class BatchRequest(Message, kw_only=True):
    """The body of POST /v3/transfer/batches."""

    appid: Text32
    out_batch_no: Number
    batch_name: Words
    batch_remark: Words
    total_amount: Fen
    total_num: Annotated[int, msgspec.Meta(ge=1, le=DETAILS_MAX)]
    transfer_detail_list: Annotated[tuple[Detail, ...], msgspec.Meta(min_length=1, max_length=DETAILS_MAX)]
    transfer_scene_id: str = ""
    notify_url: NotifyUrl | None = None


class Batch(msgspec.Struct, frozen=True):
    """A row of ``batches``."""

    id: int
    out_batch_no: str
    batch_no: str
    request: bytes
    name: str
    remark: str
    total: int
    count: int
    notify_url: str
    serial: str
    state: str
    close_reason: str
    created_at: int
    updated_at: int


async def answer_batch(request: web.Request) -> web.Response:
    """POST /v3/transfer/batches"""
    simulator = of(request)
    mode = simulator.behaviour.take("batch")
    if mode == "error":
        raise Refused(500, "SYSTEM_ERROR", "系统异常，请使用相同参数稍后重试")
    wish = parse(await request.read(), BatchRequest)
    plain = tuple(msgspec.structs.replace(detail, user_name="") for detail in wish.transfer_detail_list)
    content = encode(msgspec.structs.replace(wish, transfer_detail_list=plain))
    batch = batch_named(simulator, wish.out_batch_no)
    if batch is not None and batch.request != content:
        raise Refused(400, "ALREADY_EXISTS", "批次单号已存在，且参数与原请求不一致")
    shown = None if batch is None else _accepted(batch)
    if batch is None:
        batch = _keep(simulator, wish, content, request[SERIAL])
        shown = _accepted(batch)
        if mode != "processing":
            finish(simulator, batch, failing={"part_fails": 1, "all_fail": batch.count}.get(mode, 0))
    if mode == "timeout_after_success":
        raise NeverAnswered
    return answer(shown)


def _keep(simulator: Simulator, wish: BatchRequest, content: bytes, serial: str) -> Batch:
    """Accept a new batch and take its money. Raises: Refused."""
    details = wish.transfer_detail_list
    if wish.appid != simulator.keys.appid:
        raise Refused(400, "APPID_MCHID_NOT_MATCH", "商户号与appid不匹配")
    if wish.total_num != len(details) or wish.total_amount != sum(one.transfer_amount for one in details):
        raise Refused(400, "PARAM_ERROR", "转账总金额或总笔数与明细不一致")
    if len({one.out_detail_no for one in details}) < len(details):
        raise parameter_error("/transfer_detail_list/out_detail_no", "is named twice")
    names = [receiver_name(simulator, one.transfer_amount, one.user_name, serial) for one in details]
    accounts.require(
        simulator.books, simulator.keys.mchid, wish.total_amount, "资金不足，请充值后使用原单重试"
    )
    now_ms, books = simulator.clock.now_ms(), simulator.books
    with books.atomically():
        batch_id = books.write(
            "INSERT INTO batches VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'ACCEPTED', '', ?, ?)",
            wish.out_batch_no,
            wish.out_batch_no,
            content,
            wish.batch_name,
            wish.batch_remark,
            wish.total_amount,
            wish.total_num,
            wish.notify_url or "",
            serial,
            now_ms,
            now_ms,
        )
        books.write(
            "UPDATE batches SET batch_no = ? WHERE id = ?",
            f"103{books.series}{beijing(now_ms, '%Y%m%d')}{batch_id:012d}",
            batch_id,
        )
        for detail, name in zip(details, names, strict=True):
            keep_transfer(
                simulator,
                out_no=detail.out_detail_no,
                batch_id=batch_id,
                request=b"",
                openid=detail.openid,
                user_name=name,
                amount=detail.transfer_amount,
                remark=detail.transfer_remark,
                notify_url="",
                serial=serial,
                package_info="",
                state="PROCESSING",
            )
    return _existing(simulator, wish.out_batch_no)


def finish(simulator: Simulator, batch: Batch, *, failing: int = 0) -> None:
    """All details end, the last ``failing`` of them without success. Raises: Refused when it is over."""
    if batch.state == "FINISHED":
        raise Refused(400, "INVALID_REQUEST", "批次已完成")
    details = _details(simulator, batch)
    now_ms = simulator.clock.now_ms()
    with simulator.books.atomically():
        for index, detail in enumerate(details):
            if index >= len(details) - failing:
                end(simulator, detail, "FAIL", "ACCOUNT_FROZEN")
            else:
                end(simulator, detail, "SUCCESS")
        simulator.books.write(
            "UPDATE batches SET state = 'FINISHED', updated_at = ? WHERE id = ?", now_ms, batch.id
        )
        ended = _existing(simulator, batch.out_batch_no)
        if ended.notify_url:
            simulator.callbacks.enqueue(
                about=ended.out_batch_no,
                kind="MCHTRANSFER.BATCH.FINISHED",
                url=ended.notify_url,
                content=lambda lie: encode(misstated(_callback_view(simulator, ended), lie)),
                now_ms=now_ms,
                signed_by=ended.serial,
            )


def batch_named(simulator: Simulator, out_batch_no: str) -> Batch | None:
    """By the merchant's number."""
    row = simulator.books.row("SELECT * FROM batches WHERE out_batch_no = ?", out_batch_no)
    return None if row is None else Batch(*row)


def _existing(simulator: Simulator, out_batch_no: str) -> Batch:
    batch = batch_named(simulator, out_batch_no)
    if batch is None:
        raise Refused(404, "NOT_FOUND", "记录不存在")
    return batch


def _details(simulator: Simulator, batch: Batch) -> list[Transfer]:
    rows = simulator.books.rows("SELECT * FROM transfers WHERE batch_id = ? ORDER BY id", batch.id)
    return [Transfer(*row) for row in rows]


def _accepted(batch: Batch) -> dict[str, str]:
    return {
        "out_batch_no": batch.out_batch_no,
        "batch_id": batch.batch_no,
        "create_time": rfc3339(batch.created_at),
        "batch_status": batch.state,
    }


def _sums(details: list[Transfer]) -> dict[str, int]:
    good = [one.amount for one in details if one.state == "SUCCESS"]
    bad = [one.amount for one in details if one.state == "FAIL"]
    return {
        "success_amount": sum(good),
        "success_num": len(good),
        "fail_amount": sum(bad),
        "fail_num": len(bad),
    }


def _callback_view(simulator: Simulator, batch: Batch) -> dict[str, Any]:
    return {
        "mchid": simulator.keys.mchid,
        "out_batch_no": batch.out_batch_no,
        "batch_id": batch.batch_no,
        "batch_status": batch.state,
        "total_num": batch.count,
        "total_amount": batch.total,
        **_sums(_details(simulator, batch)),
        "update_time": rfc3339(batch.updated_at),
    }


class Listing(msgspec.Struct):
    """The query of a batch."""

    need_query_detail: Literal["true", "false"] = "false"
    offset: Annotated[int, msgspec.Meta(ge=0)] = 0
    limit: Annotated[int, msgspec.Meta(ge=20, le=LISTED_MAX)] = 20
    detail_status: Literal["ALL", "SUCCESS", "FAIL"] = "ALL"


async def answer_query(request: web.Request) -> web.Response:
    """GET /v3/transfer/batches/out-batch-no/{out_batch_no} and …/batch-id/{batch_id}"""
    simulator = of(request)
    batch = _asked(simulator, request)
    try:
        listing = msgspec.convert(dict(request.query), Listing, strict=False)
    except msgspec.ValidationError as error:
        raise parameter_error("/", str(error), "query") from error
    details = _details(simulator, batch)
    shown = {
        "transfer_batch": {
            "mchid": simulator.keys.mchid,
            **_accepted(batch),
            "appid": simulator.keys.appid,
            "batch_type": "API",
            "batch_name": batch.name,
            "batch_remark": batch.remark,
            "total_amount": batch.total,
            "total_num": batch.count,
            **_sums(details),
            "update_time": rfc3339(batch.updated_at),
        }
    }
    if listing.need_query_detail == "false":
        return answer(shown)
    wanted = [one for one in details if listing.detail_status in ("ALL", one.state)]
    listed = wanted[listing.offset : listing.offset + listing.limit]
    return answer(
        shown
        | {
            "transfer_detail_list": [
                {"detail_id": one.transfer_no, "out_detail_no": one.out_no, "detail_status": one.state}
                for one in listed
            ],
            "offset": listing.offset,
            "limit": listing.limit,
        }
    )


async def answer_detail(request: web.Request) -> web.Response:
    """GET …/out-batch-no/{out_batch_no}/details/out-detail-no/{out_detail_no} and …/batch-id/…/detail-id/…"""
    simulator = of(request)
    batch = _asked(simulator, request)
    names = request.match_info
    for detail in _details(simulator, batch):
        if names.get("detail_no") in (detail.out_no, detail.transfer_no):
            break
    else:
        raise Refused(404, "NOT_FOUND", "记录不存在")
    shown = {
        "mchid": simulator.keys.mchid,
        "appid": simulator.keys.appid,
        "out_batch_no": batch.out_batch_no,
        "batch_id": batch.batch_no,
        "out_detail_no": detail.out_no,
        "detail_id": detail.transfer_no,
        "detail_status": detail.state,
        "transfer_amount": detail.amount,
        "transfer_remark": detail.remark,
        "openid": detail.openid,
        "initiate_time": rfc3339(detail.created_at),
        "update_time": rfc3339(detail.updated_at),
    }
    return answer(shown | ({"fail_reason": detail.fail_reason} if detail.fail_reason else {}))


def _asked(simulator: Simulator, request: web.Request) -> Batch:
    names = request.match_info
    if "out_batch_no" in names:
        return _existing(simulator, names["out_batch_no"])
    row = simulator.books.row("SELECT * FROM batches WHERE batch_no = ?", names["batch_id"])
    if row is None:
        raise Refused(404, "NOT_FOUND", "记录不存在")
    return Batch(*row)


class Ending(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /sandbox/batches/{out_batch_no}."""

    failing: Annotated[int, msgspec.Meta(ge=0)] = 0
    """How many of the last details fail."""


async def answer_ending(request: web.Request) -> web.Response:
    """POST /sandbox/batches/{out_batch_no}: end one that was left under way."""
    simulator = of(request)
    batch = _existing(simulator, request.match_info["out_batch_no"])
    finish(simulator, batch, failing=parse(await request.read() or b"{}", Ending).failing)
    return answer(_accepted(_existing(simulator, batch.out_batch_no)))
