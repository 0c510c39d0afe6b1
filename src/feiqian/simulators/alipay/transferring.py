"""Transfers out of the merchant's balance to Alipay accounts and bank cards, each done once under its out_biz_no.

Source: the documentation of alipay.fund.trans.uni.transfer and alipay.fund.trans.common.query.
"""

from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from feiqian.simulators.alipay.answers import business, fen, parse, yuan
from feiqian.simulators.alipay.balance import balance, move
from feiqian.simulators.alipay.calls import CERTIFICATE_MODE, Call, without_certificate
from feiqian.simulators.alipay.context import MOMENT, Simulator
from feiqian.simulators.kit.moments import beijing

LEAST_FEN = 10
"""0.10 yuan."""

TransferEnd = Literal["SUCCESS", "FAIL", "REFUND"]
"""How a transfer ends: the payee has it, it was not possible, the bank sent it back later."""

TURNS: dict[str, TransferEnd] = {"fails": "FAIL", "returned": "REFUND"}
"""What becomes of a transfer later, by the sandbox's mode."""

KINDS = {"DEALING": "转账", "FAIL": "转账退回", "REFUND": "转账退票"}
"""What the account bill calls the movement of each status."""


class Payee(msgspec.Struct, omit_defaults=True):
    """Who is paid."""

    identity: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    identity_type: Literal["ALIPAY_USER_ID", "ALIPAY_LOGON_ID", "ALIPAY_OPEN_ID", "BANKCARD_ACCOUNT"]
    name: str = ""


class TransferRequest(msgspec.Struct, omit_defaults=True):
    """biz_content of alipay.fund.trans.uni.transfer."""

    out_biz_no: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    trans_amount: Decimal
    product_code: Literal["TRANS_ACCOUNT_NO_PWD", "TRANS_BANKCARD_NO_PWD"]
    payee_info: Payee
    biz_scene: str = "DIRECT_TRANSFER"
    order_title: Annotated[str, msgspec.Meta(max_length=128)] = ""
    remark: Annotated[str, msgspec.Meta(max_length=200)] = ""


class TransferName(msgspec.Struct):
    """biz_content of alipay.fund.trans.common.query."""

    out_biz_no: str = ""
    order_id: str = ""
    pay_fund_order_id: str = ""


class Transfer(msgspec.Struct, frozen=True):
    """A row of ``transfers``; its columns are explained there."""

    id: int
    out_biz_no: str
    order_id: str
    request: bytes
    amount: int
    title: str
    identity: str
    status: str
    created_at: int
    ended_at: int | None
    turns_at: int | None
    turns_into: TransferEnd | None

    @property
    def pay_fund_order_id(self) -> str:
        return f"{self.order_id[:-10]}15{self.order_id[-8:]}"


COLUMNS = ", ".join(Transfer.__struct_fields__)


def transfer_named(simulator: Simulator, out_biz_no: str) -> Transfer | None:
    """By the merchant's number."""
    return _one(simulator, "out_biz_no = ?", out_biz_no)


def transfer(simulator: Simulator, call: Call, mode: str) -> dict[str, Any]:
    """alipay.fund.trans.uni.transfer; the same request again is answered as it stands now. In certificate mode only."""
    if call.mode != CERTIFICATE_MODE and mode != "without_certificate":
        raise without_certificate()
    wanted = parse(call.biz_content, TransferRequest)
    content = msgspec.json.encode(wanted)
    known = transfer_named(simulator, wanted.out_biz_no)
    if known is not None:
        if known.request != content:
            raise business("PAYMENT_INFO_INCONSISTENCY", "两次请求商户单号一样，但是参数不一致")
        return _answer(known)
    amount = _checked(simulator, wanted, mode)
    with simulator.books.atomically():
        made = _record(simulator, wanted, amount, content)
        if mode not in ("processing", "fails"):
            end(simulator, made, "SUCCESS")
        if mode in TURNS:
            simulator.books.write(
                "UPDATE transfers SET turns_at = ?, turns_into = ? WHERE id = ?",
                simulator.now_ms() + round(simulator.behaviour.seconds("late_s") * 1000),
                TURNS[mode],
                made.id,
            )
    return _answer(_with_id(simulator, made.id))


def end(simulator: Simulator, made: Transfer, status: TransferEnd) -> None:
    """End a transfer, or send a successful one back. Raises: Refused when it cannot end so."""
    allowed = {"DEALING": ("SUCCESS", "FAIL"), "SUCCESS": ("SUCCESS", "REFUND")}.get(
        made.status, (made.status,)
    )
    if status not in allowed:
        raise business("ORDER_STATUS_INVALID", f"转账已是 {made.status}")
    if status == made.status:
        return
    with simulator.books.atomically():
        simulator.books.write(
            "UPDATE transfers SET status = ?, ended_at = ?, turns_at = NULL, turns_into = NULL WHERE id = ?",
            status,
            simulator.now_ms(),
            made.id,
        )
        if status != "SUCCESS":
            _move(simulator, made, made.amount, KINDS[status])


def turn_due(simulator: Simulator) -> None:
    """Transfers that the sandbox turns later: those whose time has come."""
    rows = simulator.books.rows(f"SELECT {COLUMNS} FROM transfers WHERE turns_at <= ?", simulator.now_ms())
    for row in rows:
        made = Transfer(*row)
        assert made.turns_into is not None, "it turns into something"
        end(simulator, made, made.turns_into)


def answer_query(simulator: Simulator, call: Call) -> dict[str, Any]:
    """alipay.fund.trans.common.query"""
    name = parse(call.biz_content, TransferName)
    if name.order_id:
        made = _one(simulator, "order_id = ?", name.order_id)
    else:
        made = transfer_named(simulator, name.out_biz_no)
    if made is None:
        raise business("ORDER_NOT_EXIST", "转账订单不存在")
    shown: dict[str, Any] = {
        "order_fee": "0.00",
        "order_id": made.order_id,
        "out_biz_no": made.out_biz_no,
        "pay_fund_order_id": made.pay_fund_order_id,
        "status": made.status,
        "trans_amount": yuan(made.amount),
    }
    if made.ended_at is not None:
        shown["pay_date"] = beijing(made.ended_at, MOMENT)
    if made.status == "FAIL":
        shown |= {"error_code": "PAYEE_CARD_INFO_ERROR", "fail_reason": "收款账户信息有误"}
    if made.status == "REFUND":
        shown |= {"error_code": "PAYEE_CARD_INFO_ERROR", "fail_reason": "银行退票"}
    return shown


def _checked(simulator: Simulator, wanted: TransferRequest, mode: str) -> int:
    amount = fen(wanted.trans_amount, "trans_amount")
    is_card = wanted.payee_info.identity_type == "BANKCARD_ACCOUNT"
    if is_card != (wanted.product_code == "TRANS_BANKCARD_NO_PWD"):
        raise business("INVALID_PARAMETER", "参数有误：product_code 与 identity_type 不匹配")
    if amount < LEAST_FEN:
        raise business("EXCEED_LIMIT_SM_MIN_AMOUNT", "单笔最低转账金额0.1元")
    if wanted.payee_info.identity == simulator.keys.credentials.seller_id:
        raise business("PAYER_PAYEE_CANNOT_SAME", "收付款方不能相同")
    if mode == "payee_not_exist":
        raise business("PAYEE_NOT_EXIST", "收款账号不存在")
    if mode == "name_differs":
        raise business("PAYEE_USER_INFO_ERROR", "支付宝账号和姓名不匹配，请确认姓名是否正确")
    if amount > balance(simulator):
        raise business("PAYER_BALANCE_NOT_ENOUGH", "付款方余额不足")
    return amount


def _record(simulator: Simulator, wanted: TransferRequest, amount: int, content: bytes) -> Transfer:
    now_ms = simulator.now_ms()
    transfer_id = simulator.books.write(
        "INSERT INTO transfers (out_biz_no, order_id, request, amount, title, identity, status, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, 'DEALING', ?)",
        wanted.out_biz_no,
        wanted.out_biz_no,
        content,
        amount,
        wanted.order_title,
        wanted.payee_info.identity,
        now_ms,
    )
    order_id = simulator.number("110070000002", now_ms, transfer_id)
    simulator.books.write("UPDATE transfers SET order_id = ? WHERE id = ?", order_id, transfer_id)
    made = _with_id(simulator, transfer_id)
    _move(simulator, made, -amount, KINDS["DEALING"])
    return made


def _move(simulator: Simulator, made: Transfer, amount: int, kind: str) -> None:
    move(
        simulator,
        kind=kind,
        amount=amount,
        trade_no=made.order_id,
        out_no=made.out_biz_no,
        title=made.title,
        other=made.identity,
    )


def _answer(made: Transfer) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "amount": yuan(made.amount),
        "order_id": made.order_id,
        "out_biz_no": made.out_biz_no,
        "pay_fund_order_id": made.pay_fund_order_id,
        "status": made.status,
    }
    if made.ended_at is not None:
        shown["trans_date"] = beijing(made.ended_at, MOMENT)
    return shown


def _with_id(simulator: Simulator, transfer_id: int) -> Transfer:
    made = _one(simulator, "id = ?", transfer_id)
    assert made is not None, "a transfer is never deleted"
    return made


def _one(simulator: Simulator, condition: str, value: str | int) -> Transfer | None:
    row = simulator.books.row(f"SELECT {COLUMNS} FROM transfers WHERE {condition}", value)
    return None if row is None else Transfer(*row)
