"""Merchant transfers that the user confirms: /v3/fund-app/mch-transfer/transfer-bills.

Source: the merchant documentation's pages on merchant transfers in the mode in which the user confirms.
"""

import secrets
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

NAME_FROM = 2000_00
"""From this amount on, in fen, the receiver's name is required."""
NAME_NOT_BELOW = 30
"""Below this amount the name must not be given."""
CONFIRMED_WITHIN_MS = 24 * 3600 * 1000
"""A transfer that the user has not confirmed by then fails."""

TransferEnd = Literal["SUCCESS", "FAIL", "CANCELLED"]
OPEN = ("ACCEPTED", "PROCESSING", "WAIT_USER_CONFIRM", "TRANSFERING", "CANCELING")
FINISHED = "MCHTRANSFER.BILL.FINISHED"


class Report(Message):
    """What a transfer's scene asks for."""

    info_type: str
    info_content: str


class TransferRequest(Message, kw_only=True):
    """The body of POST /v3/fund-app/mch-transfer/transfer-bills."""

    appid: Text32
    out_bill_no: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z]{1,32}$")]
    transfer_scene_id: Literal["1000", "1002", "1004", "1005", "1009", "1010", "1011", "1013"]
    openid: OpenId
    transfer_amount: Fen
    transfer_remark: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    transfer_scene_report_infos: tuple[Report, ...] = ()
    user_name: str = ""
    """Encrypted with WeChat Pay's key."""
    notify_url: NotifyUrl | None = None
    user_recv_perception: str = ""


class Transfer(msgspec.Struct, frozen=True):
    """A row of ``transfers``."""

    id: int
    out_no: str
    transfer_no: str
    batch_id: int | None
    request: bytes
    openid: str
    user_name: str
    amount: int
    remark: str
    notify_url: str
    serial: str
    package_info: str
    state: str
    fail_reason: str
    created_at: int
    updated_at: int


async def answer_transfer(request: web.Request) -> web.Response:
    """POST /v3/fund-app/mch-transfer/transfer-bills"""
    simulator = of(request)
    mode = simulator.behaviour.take("transfer")
    if mode == "error":
        raise Refused(500, "SYSTEM_ERROR", "系统异常，请使用相同参数稍后重试")
    wish = parse(await request.read(), TransferRequest)
    transfer = _take(simulator, wish, request[SERIAL], mode)
    if mode == "timeout_after_success":
        raise NeverAnswered
    shown: dict[str, Any] = {
        "out_bill_no": transfer.out_no,
        "transfer_bill_no": transfer.transfer_no,
        "create_time": rfc3339(transfer.created_at),
        "state": transfer.state,
    }
    if transfer.state == "WAIT_USER_CONFIRM":
        shown["package_info"] = transfer.package_info
    if mode == "fails_after_accepted":
        end(simulator, transfer, "FAIL", "PAYEE_ACCOUNT_ABNORMAL")
    if mode == "confirmed_at_once":
        end(simulator, transfer, "SUCCESS")
    return answer(shown | ({"fail_reason": transfer.fail_reason} if transfer.fail_reason else {}))


def _take(simulator: Simulator, wish: TransferRequest, serial: str, mode: str) -> Transfer:
    """Accept a transfer, or find the same one again. Raises: Refused."""
    if wish.appid != simulator.keys.appid:
        raise Refused(400, "APPID_MCHID_NOT_MATCH", "商户号与appid不匹配")
    content = encode(msgspec.structs.replace(wish, user_name=""))
    known = transfer_named(simulator, wish.out_bill_no)
    if known is not None:
        if known.request != content:
            raise Refused(400, "ALREADY_EXISTS", "商户单号已存在，且参数与原请求不一致")
        return known
    if not wish.transfer_scene_report_infos:
        raise parameter_error("/transfer_scene_report_infos", "is required")
    name = receiver_name(simulator, wish.transfer_amount, wish.user_name, serial)
    accounts.require(
        simulator.books, simulator.keys.mchid, wish.transfer_amount, "资金不足，请充值后使用原单重试"
    )
    states = {"processing": "PROCESSING", "fails_after_accepted": "ACCEPTED", "accepted": "ACCEPTED"}
    with simulator.books.atomically():
        transfer_id = keep_transfer(
            simulator,
            out_no=wish.out_bill_no,
            batch_id=None,
            request=content,
            openid=wish.openid,
            user_name=name,
            amount=wish.transfer_amount,
            remark=wish.transfer_remark,
            notify_url=wish.notify_url or "",
            serial=serial,
            package_info=secrets.token_urlsafe(48),
            state=states.get(mode, "WAIT_USER_CONFIRM"),
        )
    return transfer_with_id(simulator, transfer_id)


def receiver_name(simulator: Simulator, amount: int, encrypted: str, serial: str) -> str:
    """The receiver's name in clear, when the amount wants one. Raises: Refused."""
    if amount >= NAME_FROM and not encrypted:
        raise parameter_error("/user_name", "is required from 2,000 yuan on")
    if amount < NAME_NOT_BELOW and encrypted:
        raise parameter_error("/user_name", "must not be given below 0.3 yuan")
    return simulator.keys.decrypted(serial, "/user_name", encrypted) if encrypted else ""


def keep_transfer(
    simulator: Simulator,
    *,
    out_no: str,
    batch_id: int | None,
    request: bytes,
    openid: str,
    user_name: str,
    amount: int,
    remark: str,
    notify_url: str,
    serial: str,
    package_info: str,
    state: str,
) -> int:
    """Write a transfer and take its money; returns its id. Only inside ``atomically``."""
    now_ms, books = simulator.clock.now_ms(), simulator.books
    accounts.add(books, simulator.keys.mchid, -amount)
    transfer_id = books.write(
        "INSERT INTO transfers VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?, ?)",
        out_no,
        f"{batch_id or 0}:{out_no}",
        batch_id,
        request,
        openid,
        user_name,
        amount,
        remark,
        notify_url,
        serial,
        package_info,
        state,
        now_ms,
        now_ms,
    )
    books.write(
        "UPDATE transfers SET transfer_no = ? WHERE id = ?",
        f"{'104' if batch_id else '133'}{books.series}{beijing(now_ms, '%Y%m%d')}{transfer_id:012d}",
        transfer_id,
    )
    return transfer_id


def end(simulator: Simulator, transfer: Transfer, state: TransferEnd, reason: str = "") -> None:
    """It is over: the user has the money, or the merchant has it back, and hears of it. Raises: Refused when it was over."""
    if transfer.state not in OPEN:
        raise Refused(400, "INVALID_REQUEST", f"转账单已是{transfer.state}")
    now_ms = simulator.clock.now_ms()
    with simulator.books.atomically():
        simulator.books.write(
            "UPDATE transfers SET state = ?, fail_reason = ?, updated_at = ? WHERE id = ?",
            state,
            reason,
            now_ms,
            transfer.id,
        )
        if state != "SUCCESS":
            accounts.add(simulator.books, simulator.keys.mchid, transfer.amount)
        ended = transfer_with_id(simulator, transfer.id)
        if ended.notify_url and ended.batch_id is None:
            simulator.callbacks.enqueue(
                about=ended.out_no,
                kind=FINISHED,
                url=ended.notify_url,
                content=lambda lie: encode(misstated(_callback_view(simulator, ended), lie)),
                now_ms=now_ms,
                signed_by=ended.serial,
            )


def transfer_named(simulator: Simulator, out_bill_no: str) -> Transfer | None:
    """By the merchant's number, as it stands now: what was not confirmed in time has failed."""
    row = simulator.books.row(
        "SELECT * FROM transfers WHERE coalesce(batch_id, 0) = 0 AND out_no = ?", out_bill_no
    )
    return None if row is None else _overdue(simulator, Transfer(*row))


def transfer_with_id(simulator: Simulator, transfer_id: int) -> Transfer:
    """By the books' number, which exists."""
    row = simulator.books.row("SELECT * FROM transfers WHERE id = ?", transfer_id)
    assert row is not None, "a transfer is never deleted"
    return Transfer(*row)


def _overdue(simulator: Simulator, transfer: Transfer) -> Transfer:
    late = simulator.clock.now_ms() - transfer.created_at >= CONFIRMED_WITHIN_MS
    if transfer.state != "WAIT_USER_CONFIRM" or not late:
        return transfer
    end(simulator, transfer, "FAIL", "OVERDUE_CLOSE")
    return transfer_with_id(simulator, transfer.id)


def transfer_view(simulator: Simulator, transfer: Transfer) -> dict[str, Any]:
    """As queries show it."""
    shown: dict[str, Any] = {
        "mch_id": simulator.keys.mchid,
        "out_bill_no": transfer.out_no,
        "transfer_bill_no": transfer.transfer_no,
        "appid": simulator.keys.appid,
        "state": transfer.state,
        "transfer_amount": transfer.amount,
        "transfer_remark": transfer.remark,
        "openid": transfer.openid,
        "create_time": rfc3339(transfer.created_at),
        "update_time": rfc3339(transfer.updated_at),
    }
    return shown | ({"fail_reason": transfer.fail_reason} if transfer.fail_reason else {})


def _callback_view(simulator: Simulator, transfer: Transfer) -> dict[str, Any]:
    shown = transfer_view(simulator, transfer)
    return {name: value for name, value in shown.items() if name not in ("appid", "transfer_remark")}


async def answer_query(request: web.Request) -> web.Response:
    """GET /v3/fund-app/mch-transfer/transfer-bills/out-bill-no/{out_bill_no} and …/transfer-bill-no/{transfer_bill_no}"""
    simulator = of(request)
    if "out_bill_no" in request.match_info:
        transfer = transfer_named(simulator, request.match_info["out_bill_no"])
    else:
        row = simulator.books.row(
            "SELECT out_no FROM transfers WHERE transfer_no = ? AND batch_id IS NULL",
            request.match_info["transfer_bill_no"],
        )
        transfer = None if row is None else transfer_named(simulator, row[0])
    if transfer is None:
        raise Refused(404, "NOT_FOUND", "记录不存在")
    return answer(transfer_view(simulator, transfer))


async def answer_cancel(request: web.Request) -> web.Response:
    """POST /v3/fund-app/mch-transfer/transfer-bills/out-bill-no/{out_bill_no}/cancel: CANCELING, then CANCELLED."""
    simulator = of(request)
    transfer = transfer_named(simulator, request.match_info["out_bill_no"])
    if transfer is None:
        raise Refused(404, "NOT_FOUND", "记录不存在")
    if transfer.state not in ("ACCEPTED", "WAIT_USER_CONFIRM", "CANCELING", "CANCELLED"):
        raise Refused(400, "INVALID_REQUEST", "当前单据状态不允许撤销")
    if transfer.state in ("ACCEPTED", "WAIT_USER_CONFIRM"):
        end(simulator, transfer, "CANCELLED")
    return answer(
        {
            "out_bill_no": transfer.out_no,
            "transfer_bill_no": transfer.transfer_no,
            "state": "CANCELLED" if transfer.state == "CANCELLED" else "CANCELING",
            "update_time": rfc3339(simulator.clock.now_ms()),
        }
    )


class Confirmation(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /sandbox/transfers/{out_bill_no}: the user confirms, or it fails."""

    state: Literal["WAIT_USER_CONFIRM", "SUCCESS", "FAIL"] = "SUCCESS"
    """WAIT_USER_CONFIRM brings one on that was left ACCEPTED or PROCESSING."""
    fail_reason: str = "PAYEE_ACCOUNT_ABNORMAL"
    package_info: str | None = None
    """When given it must be the transfer's: what the merchant's client opened WeChat with."""


async def answer_confirmation(request: web.Request) -> web.Response:
    """POST /sandbox/transfers/{out_bill_no}"""
    simulator = of(request)
    transfer = transfer_named(simulator, request.match_info["out_bill_no"])
    if transfer is None:
        raise Refused(404, "NOT_FOUND", "记录不存在")
    confirmation = parse(await request.read() or b"{}", Confirmation)
    if confirmation.package_info not in (None, transfer.package_info):
        raise Refused(400, "INVALID_REQUEST", "package_info错误")
    if confirmation.state == "WAIT_USER_CONFIRM":
        with simulator.books.atomically():
            simulator.books.write(
                "UPDATE transfers SET state = 'WAIT_USER_CONFIRM' WHERE id = ? AND state IN ('ACCEPTED', 'PROCESSING')",
                transfer.id,
            )
    else:
        reason = confirmation.fail_reason if confirmation.state == "FAIL" else ""
        end(simulator, transfer, confirmation.state, reason)
    return answer(transfer_view(simulator, transfer_with_id(simulator, transfer.id)))
