"""Refunds: in whole or in parts, each done once under its out_request_no.

Source: the documentation of alipay.trade.refund and alipay.trade.fastpay.refund.query. A repeated request is answered
with fund_change N; a query of a refund that never was, or that failed, succeeds without refund_status.
"""

from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from feiqian.kernel.money import Rounding, to_minor
from feiqian.simulators.alipay.answers import Refused, business, fen, invalid, parse, yuan
from feiqian.simulators.alipay.balance import balance, move
from feiqian.simulators.alipay.calls import Call
from feiqian.simulators.alipay.context import MOMENT, Simulator
from feiqian.simulators.alipay.notifications import RefundNews, notify
from feiqian.simulators.alipay.sharing import give_back, returnable
from feiqian.simulators.alipay.trades import BUYER_LOGON_ID, Trade, find, trade_with_id
from feiqian.simulators.kit.moments import beijing

Number = Annotated[str, msgspec.Meta(max_length=64)]


class ReturnedRoyalty(msgspec.Struct, omit_defaults=True):
    """What a receiver of royalties gives back with a refund."""

    trans_out: str
    amount: Decimal


class Application(msgspec.Struct):
    """biz_content of alipay.trade.refund."""

    refund_amount: Decimal
    trade_no: str = ""
    out_trade_no: str = ""
    out_request_no: Number = ""
    refund_reason: Annotated[str, msgspec.Meta(max_length=256)] = ""
    refund_royalty_parameters: list[ReturnedRoyalty] = []


class RefundName(msgspec.Struct):
    """biz_content of alipay.trade.fastpay.refund.query."""

    out_request_no: Number
    trade_no: str = ""
    out_trade_no: str = ""


class RefundRequest(msgspec.Struct, frozen=True):
    """A refund whose amounts are in fen."""

    refund_amount: int
    out_request_no: str
    refund_reason: str
    royalties: dict[str, int] = {}
    """What receivers give back, by account."""


class Refund(msgspec.Struct, frozen=True):
    """A row of ``refunds``; its columns are explained there."""

    id: int
    trade_id: int
    out_request_no: str
    amount: int
    reason: str
    royalties: bytes
    status: str
    created_at: int
    succeeded_at: int | None
    fee: int


COLUMNS = ", ".join(Refund.__struct_fields__)


def refund_named(simulator: Simulator, trade: Trade, out_request_no: str) -> Refund | None:
    """By the merchant's number, which is unique within its trade."""
    row = simulator.books.row(
        f"SELECT {COLUMNS} FROM refunds WHERE trade_id = ? AND out_request_no = ?", trade.id, out_request_no
    )
    return None if row is None else Refund(*row)


def refunds_of(simulator: Simulator, trade: Trade) -> list[Refund]:
    """Every refund of a trade, oldest first."""
    rows = simulator.books.rows(f"SELECT {COLUMNS} FROM refunds WHERE trade_id = ? ORDER BY id", trade.id)
    return [Refund(*row) for row in rows]


def apply(simulator: Simulator, call: Call, mode: str) -> dict[str, Any]:
    """alipay.trade.refund"""
    application = parse(call.biz_content, Application)
    trade = find(simulator, application.trade_no, application.out_trade_no)
    amount = fen(application.refund_amount, "refund_amount")
    if not application.out_request_no and amount != trade.total:
        raise business("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "部分退款必须传入退款请求号 out_request_no")
    wanted = RefundRequest(
        refund_amount=amount,
        out_request_no=application.out_request_no or trade.out_trade_no,
        refund_reason=application.refund_reason,
        royalties=_royalties(application),
    )
    known = refund_named(simulator, trade, wanted.out_request_no)
    if known is not None and known.status != "FAIL":
        if (known.amount, known.royalties) != (amount, msgspec.json.encode(wanted.royalties, order="sorted")):
            raise business("ACQ.DISCORDANT_REPEAT_REQUEST", "请求信息不一致")
        return _answer(simulator, trade, known, fund_change="N")
    if mode == "short_of_funds":
        raise _short_of_funds()
    made = refund(simulator, trade, wanted, is_processing=mode == "processing")
    trade = trade_with_id(simulator, trade.id)
    return _answer(simulator, trade, made, fund_change="N" if made.status == "PROCESSING" else "Y")


def refund(simulator: Simulator, trade: Trade, wanted: RefundRequest, *, is_processing: bool) -> Refund:
    """Give money back, now or when the sandbox settles it. Raises: Refused, and nothing has moved."""
    _check(simulator, trade, wanted)
    with simulator.books.atomically():
        simulator.books.write(
            "INSERT INTO refunds (trade_id, out_request_no, amount, reason, royalties, status, created_at)"
            " VALUES (?, ?, ?, ?, ?, 'PROCESSING', ?) ON CONFLICT DO UPDATE SET amount = excluded.amount,"
            " reason = excluded.reason, royalties = excluded.royalties, status = excluded.status,"
            " created_at = excluded.created_at",
            trade.id,
            wanted.out_request_no,
            wanted.refund_amount,
            wanted.refund_reason,
            msgspec.json.encode(wanted.royalties, order="sorted"),
            simulator.now_ms(),
        )
        simulator.books.write(
            "UPDATE trades SET refunded = refunded + ? WHERE id = ?", wanted.refund_amount, trade.id
        )
        if not is_processing:
            settle(simulator, _known(simulator, trade, wanted.out_request_no), "SUCCESS")
    return _known(simulator, trade, wanted.out_request_no)


def settle(simulator: Simulator, made: Refund, status: Literal["SUCCESS", "FAIL"]) -> None:
    """End a refund that is being processed. Raises: Refused when it has ended otherwise, or funds are short."""
    if made.status == status:
        return
    if made.status != "PROCESSING":
        raise business("ACQ.REASON_TRADE_STATUS_INVALID", f"退款已是 {made.status}")
    trade = trade_with_id(simulator, made.trade_id)
    with simulator.books.atomically():
        if status == "SUCCESS":
            _succeed(simulator, trade, made)
            return
        simulator.books.write("UPDATE refunds SET status = 'FAIL' WHERE id = ?", made.id)
        simulator.books.write("UPDATE trades SET refunded = refunded - ? WHERE id = ?", made.amount, trade.id)


def answer_query(simulator: Simulator, call: Call) -> dict[str, Any]:
    """alipay.trade.fastpay.refund.query"""
    name = parse(call.biz_content, RefundName)
    trade = find(simulator, name.trade_no, name.out_trade_no)
    made = refund_named(simulator, trade, name.out_request_no)
    shown: dict[str, Any] = {"out_trade_no": trade.out_trade_no, "trade_no": trade.trade_no}
    if made is None or made.succeeded_at is None:
        return shown
    shown |= {
        "gmt_refund_pay": beijing(made.succeeded_at, MOMENT),
        "out_request_no": made.out_request_no,
        "refund_amount": yuan(made.amount),
        "refund_reason": made.reason,
        "refund_status": "REFUND_SUCCESS",
        "send_back_fee": yuan(made.amount),
        "total_amount": yuan(trade.total),
    }
    royalties = msgspec.json.decode(made.royalties, type=dict[str, int])
    if royalties:
        shown["refund_royaltys"] = [
            {
                "refund_amount": yuan(amount),
                "royalty_type": "transfer",
                "result_code": "SUCCESS",
                "trans_out": account,
                "trans_in": simulator.keys.credentials.seller_id,
            }
            for account, amount in royalties.items()
        ]
    return shown


def _succeed(simulator: Simulator, trade: Trade, made: Refund) -> None:
    now_ms = simulator.now_ms()
    given_back = _given_back(simulator, trade) + made.amount
    returned = to_minor(Decimal(trade.fee * given_back) / trade.total, Rounding.HALF_UP)
    fee = returned - trade.fee_returned
    royalties = msgspec.json.decode(made.royalties, type=dict[str, int])
    give_back(simulator, trade, royalties)
    if balance(simulator) < made.amount:
        raise _short_of_funds()
    is_whole = given_back == trade.total
    simulator.books.write(
        "UPDATE refunds SET status = 'SUCCESS', succeeded_at = ?, fee = ? WHERE id = ?", now_ms, fee, made.id
    )
    simulator.books.write(
        "UPDATE trades SET fee_returned = ?, state = ?, closed_at = ? WHERE id = ?",
        returned,
        "TRADE_CLOSED" if is_whole else trade.state,
        now_ms if is_whole else trade.closed_at,
        trade.id,
    )
    moved: dict[str, Any] = {
        "trade_no": trade.trade_no,
        "out_no": made.out_request_no,
        "title": trade.subject,
    }
    move(simulator, kind="交易退款", amount=-made.amount, other=BUYER_LOGON_ID, **moved)
    move(simulator, kind="退费", amount=fee, other="支付宝", **moved)
    notify(simulator, trade_with_id(simulator, trade.id), RefundNews(made.out_request_no, given_back, now_ms))


def _given_back(simulator: Simulator, trade: Trade) -> int:
    return sum(made.amount for made in refunds_of(simulator, trade) if made.status == "SUCCESS")


def _check(simulator: Simulator, trade: Trade, wanted: RefundRequest) -> None:
    if trade.paid_at is None:
        if trade.state_at(simulator.now_ms()) == "TRADE_CLOSED":
            raise business("ACQ.TRADE_HAS_CLOSE", "交易已关闭")
        raise business("ACQ.TRADE_STATUS_ERROR", "交易状态非法")
    if trade.state == "TRADE_CLOSED":
        raise business("ACQ.TRADE_HAS_CLOSE", "交易已关闭")
    if trade.state == "TRADE_FINISHED":
        raise business("ACQ.TRADE_HAS_FINISHED", "交易已完结")
    if wanted.refund_amount > trade.left:
        raise business("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限")
    if sum(wanted.royalties.values()) > wanted.refund_amount:
        raise business("ACQ.ALLOC_AMOUNT_VALIDATE_ERROR", "退分账金额超限")
    for account, amount in wanted.royalties.items():
        if amount > returnable(simulator, trade, account):
            raise business("ACQ.ALLOC_AMOUNT_VALIDATE_ERROR", "退分账金额超限")
    if balance(simulator) + sum(wanted.royalties.values()) < wanted.refund_amount:
        raise _short_of_funds()


def _royalties(application: Application) -> dict[str, int]:
    given: dict[str, int] = {}
    for royalty in application.refund_royalty_parameters:
        if royalty.trans_out in given:
            raise invalid("refund_royalty_parameters", "同一转出方只能出现一次")
        given[royalty.trans_out] = fen(royalty.amount, "refund_royalty_parameters.amount")
    return given


def _answer(
    simulator: Simulator, trade: Trade, made: Refund, *, fund_change: Literal["Y", "N"]
) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "buyer_logon_id": BUYER_LOGON_ID,
        "buyer_user_id": trade.buyer_id,
        "fund_change": fund_change,
        "out_trade_no": trade.out_trade_no,
        "refund_fee": yuan(_given_back(simulator, trade)),
        "send_back_fee": yuan(made.amount if fund_change == "Y" else 0),
        "trade_no": trade.trade_no,
    }
    if made.succeeded_at is not None:
        shown["gmt_refund_pay"] = beijing(made.succeeded_at, MOMENT)
    return shown


def _short_of_funds() -> Refused:
    return business("ACQ.SELLER_BALANCE_NOT_ENOUGH", "卖家余额不足")


def _known(simulator: Simulator, trade: Trade, out_request_no: str) -> Refund:
    made = refund_named(simulator, trade, out_request_no)
    assert made is not None, "just written"
    return made
