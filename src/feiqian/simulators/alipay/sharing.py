"""Royalties: receivers that were bound are given parts of a paid trade, and give back with refunds.

Source: the documentation of alipay.trade.royalty.relation.bind, unbind and batchquery, alipay.trade.order.settle and
alipay.trade.order.settle.query.
"""

from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from feiqian.kernel.money import Rounding, to_minor
from feiqian.simulators.alipay.answers import Refused, business, fen, invalid, parse, unknown_trade, yuan
from feiqian.simulators.alipay.balance import balance, move
from feiqian.simulators.alipay.calls import Call
from feiqian.simulators.alipay.context import MOMENT, Simulator
from feiqian.simulators.alipay.trades import Trade, find, trade_with_id
from feiqian.simulators.kit.moments import beijing

SHARED_MAX = Decimal("0.3")
"""Of a trade's amount, unless the merchant's contract says more."""
RECEIVERS_MAX = 20
"""Of one relation.bind."""

AccountType = Literal["userId", "loginName"]


class Receiver(msgspec.Struct):
    """Somebody who may be given royalties."""

    type: AccountType
    account: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    name: str = ""
    memo: str = ""


class Relation(msgspec.Struct):
    """biz_content of relation.bind and relation.unbind."""

    receiver_list: list[Receiver]
    out_request_no: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]


class Pages(msgspec.Struct):
    """biz_content of relation.batchquery."""

    out_request_no: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    page_num: int = 1
    page_size: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class Share(msgspec.Struct, omit_defaults=True):
    """One receiver's part: an amount in yuan, or a percentage of the trade."""

    trans_in: str
    trans_in_type: AccountType = "userId"
    trans_out: str = ""
    trans_out_type: str = ""
    amount: Decimal | None = None
    amount_percentage: Decimal | None = None
    desc: str = ""
    royalty_type: Literal["transfer", "replenish"] = "transfer"


class Finish(msgspec.Struct, omit_defaults=True):
    """``royalty_finish`` says that no more royalties follow."""

    royalty_finish: str = ""


class SettleRequest(msgspec.Struct, omit_defaults=True):
    """biz_content of alipay.trade.order.settle."""

    out_request_no: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    trade_no: str
    royalty_parameters: list[Share]
    extend_params: Finish = msgspec.field(default_factory=Finish)
    royalty_mode: Literal["", "sync", "async"] = ""


class SettlementName(msgspec.Struct):
    """biz_content of alipay.trade.order.settle.query: by settle_no, or by the other two."""

    settle_no: str = ""
    out_request_no: str = ""
    trade_no: str = ""


def bind(simulator: Simulator, call: Call) -> dict[str, Any]:
    """alipay.trade.royalty.relation.bind; again: the same answer."""
    relation = _relation(call)
    with simulator.books.atomically():
        for receiver in relation.receiver_list:
            simulator.books.write(
                "INSERT INTO receivers VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET name = excluded.name,"
                " memo = excluded.memo",
                receiver.type,
                receiver.account,
                receiver.name,
                receiver.memo,
            )
    return {"result_code": "SUCCESS"}


def unbind(simulator: Simulator, call: Call) -> dict[str, Any]:
    """alipay.trade.royalty.relation.unbind"""
    relation = _relation(call)
    with simulator.books.atomically():
        for receiver in relation.receiver_list:
            simulator.books.write(
                "DELETE FROM receivers WHERE type = ? AND account = ?", receiver.type, receiver.account
            )
    return {"result_code": "SUCCESS"}


def bound(simulator: Simulator, call: Call) -> dict[str, Any]:
    """alipay.trade.royalty.relation.batchquery"""
    pages = parse(call.biz_content, Pages)
    total = len(simulator.books.rows("SELECT 1 FROM receivers"))
    rows = simulator.books.rows(
        "SELECT type, account, name, memo FROM receivers ORDER BY account LIMIT ? OFFSET ?",
        pages.page_size,
        (max(pages.page_num, 1) - 1) * pages.page_size,
    )
    return {
        "result_code": "SUCCESS",
        "receiver_list": [dict(zip(("type", "account", "name", "memo"), row, strict=True)) for row in rows],
        "total_page_num": -(-total // pages.page_size),
        "total_record_num": total,
        "current_page_num": pages.page_num,
        "current_page_size": len(rows),
    }


def settle(simulator: Simulator, call: Call, mode: str) -> dict[str, Any]:
    """alipay.trade.order.settle"""
    wanted = parse(call.biz_content, SettleRequest)
    trade = find(simulator, wanted.trade_no, "")
    content = msgspec.json.encode(wanted)
    known = simulator.books.row(
        "SELECT settle_no, request FROM settlements WHERE out_request_no = ?", wanted.out_request_no
    )
    if known is not None:
        if known[1] != content:
            raise business("ACQ.DISCORDANT_REPEAT_REQUEST", "流水号重复但明细不同")
        return {"settle_no": known[0], "trade_no": trade.trade_no}
    amounts = _amounts(simulator, trade, wanted)
    with simulator.books.atomically():
        settle_no = _record(simulator, trade, wanted, amounts, content)
        if mode != "processing":
            end(simulator, settle_no, part_fails=mode == "part_fails")
    return {"settle_no": settle_no, "trade_no": trade.trade_no}


def end(simulator: Simulator, settle_no: str, *, part_fails: bool) -> None:
    """End what is PROCESSING: receivers get their parts, unless the last one shall not or funds are short.

    Raises: Refused, unknown."""
    row = simulator.books.row(
        "SELECT id, trade_id, out_request_no FROM settlements WHERE settle_no = ?", settle_no
    )
    if row is None:
        raise unknown_trade()
    settlement_id, trade_id, out_request_no = row
    trade = trade_with_id(simulator, trade_id)
    shares = simulator.books.rows(
        "SELECT id, account, amount FROM royalties WHERE settlement_id = ? AND state = 'PROCESSING' ORDER BY id",
        settlement_id,
    )
    now_ms = simulator.now_ms()
    with simulator.books.atomically():
        for royalty_id, account, amount in shares:
            fails = (part_fails and royalty_id == shares[-1][0]) or amount > balance(simulator)
            simulator.books.write(
                "UPDATE royalties SET state = ?, ended_at = ? WHERE id = ?",
                "FAIL" if fails else "SUCCESS",
                now_ms,
                royalty_id,
            )
            if fails:
                simulator.books.write("UPDATE trades SET shared = shared - ? WHERE id = ?", amount, trade_id)
                continue
            move(
                simulator,
                kind="交易分账",
                amount=-amount,
                trade_no=trade.trade_no or "",
                out_no=out_request_no,
                title=trade.subject,
                other=account,
            )


def answer_query(simulator: Simulator, call: Call) -> dict[str, Any]:
    """alipay.trade.order.settle.query"""
    name = parse(call.biz_content, SettlementName)
    if name.settle_no:
        row = simulator.books.row(
            "SELECT id, settle_no, out_request_no, created_at FROM settlements WHERE settle_no = ?",
            name.settle_no,
        )
    else:
        trade = find(simulator, name.trade_no, "")
        row = simulator.books.row(
            "SELECT id, settle_no, out_request_no, created_at FROM settlements WHERE trade_id = ? AND out_request_no = ?",
            trade.id,
            name.out_request_no,
        )
    if row is None:
        raise unknown_trade()
    settlement_id, settle_no, out_request_no, created_at = row
    return {
        "settle_no": settle_no,
        "out_request_no": out_request_no,
        "operation_dt": beijing(created_at, MOMENT),
        "royalty_detail_list": _details(simulator, settlement_id, settle_no),
    }


def returnable(simulator: Simulator, trade: Trade, account: str) -> int:
    """What a receiver still has of a trade's royalties, in fen."""
    rows = simulator.books.rows(
        "SELECT r.amount - r.returned FROM royalties r JOIN settlements s ON s.id = r.settlement_id"
        " WHERE s.trade_id = ? AND r.account = ? AND r.state = 'SUCCESS'",
        trade.id,
        account,
    )
    return sum(left for (left,) in rows)


def give_back(simulator: Simulator, trade: Trade, wanted: dict[str, int]) -> None:
    """Receivers return parts of a trade's royalties to the merchant. Only inside ``atomically``."""
    for account, amount in wanted.items():
        rest = amount
        for royalty_id, left in simulator.books.rows(
            "SELECT r.id, r.amount - r.returned FROM royalties r JOIN settlements s ON s.id = r.settlement_id"
            " WHERE s.trade_id = ? AND r.account = ? AND r.state = 'SUCCESS' ORDER BY r.id",
            trade.id,
            account,
        ):
            part = min(rest, left)
            simulator.books.write(
                "UPDATE royalties SET returned = returned + ? WHERE id = ?", part, royalty_id
            )
            rest -= part
        if rest:
            raise business("ACQ.ALLOC_AMOUNT_VALIDATE_ERROR", "退分账金额超限")
        simulator.books.write(
            "UPDATE trades SET shares_returned = shares_returned + ? WHERE id = ?", amount, trade.id
        )
        move(
            simulator,
            kind="退分账",
            amount=amount,
            trade_no=trade.trade_no or "",
            out_no=trade.out_trade_no,
            title=trade.subject,
            other=account,
        )


def _relation(call: Call) -> Relation:
    relation = parse(call.biz_content, Relation)
    if not relation.receiver_list:
        raise business("ACQ.RECEIVER_LIST_EMPTY", "分账收款方列表为空")
    if len(relation.receiver_list) > RECEIVERS_MAX:
        raise business("ACQ.RELATION_QUANTITY_LIMIT", "达到分账关系集数量上限")
    return relation


def _amounts(simulator: Simulator, trade: Trade, wanted: SettleRequest) -> list[int]:
    """Each receiver's amount in fen. Raises: Refused when the trade or a receiver does not allow it."""
    if trade.state != "TRADE_SUCCESS" or trade.shares_finished:
        raise business("ACQ.ILLEGAL_SETTLE_STATE", "结算单状态不允许分账")
    if not wanted.royalty_parameters:
        raise invalid("royalty_parameters", "不能为空")
    amounts: list[int] = []
    for share in wanted.royalty_parameters:
        is_bound = simulator.books.row(
            "SELECT 1 FROM receivers WHERE type = ? AND account = ?", share.trans_in_type, share.trans_in
        )
        if is_bound is None:
            raise business("ACQ.ROYALTY_RECEIVER_INVALID", "收入方不在分账关系内")
        if share.amount is not None:
            amounts.append(fen(share.amount, "royalty_parameters.amount"))
        elif share.amount_percentage is not None and 0 < share.amount_percentage <= 100:
            amounts.append(to_minor(trade.total * share.amount_percentage / 100, Rounding.FLOOR))
        else:
            raise invalid("royalty_parameters", "amount 与 amount_percentage 必须传入一个")
    most = min(to_minor(trade.total * SHARED_MAX, Rounding.FLOOR), trade.left - trade.fee)
    if trade.shared - trade.shares_returned + sum(amounts) > most:
        raise _too_much()
    if sum(amounts) > balance(simulator):
        raise business("ACQ.TXN_RESULT_ACCOUNT_BALANCE_NOT_ENOUGH", "支付宝账户余额不足")
    return amounts


def _record(
    simulator: Simulator, trade: Trade, wanted: SettleRequest, amounts: list[int], content: bytes
) -> str:
    now_ms = simulator.now_ms()
    settlement_id = simulator.books.write(
        "INSERT INTO settlements (settle_no, trade_id, out_request_no, request, created_at) VALUES (?, ?, ?, ?, ?)",
        wanted.out_request_no,
        trade.id,
        wanted.out_request_no,
        content,
        now_ms,
    )
    settle_no = simulator.number("00253002", now_ms, settlement_id)
    simulator.books.write("UPDATE settlements SET settle_no = ? WHERE id = ?", settle_no, settlement_id)
    for share, amount in zip(wanted.royalty_parameters, amounts, strict=True):
        simulator.books.write(
            "INSERT INTO royalties (settlement_id, type, account, amount, description, state)"
            " VALUES (?, ?, ?, ?, ?, 'PROCESSING')",
            settlement_id,
            share.trans_in_type,
            share.trans_in,
            amount,
            share.desc,
        )
    simulator.books.write(
        "UPDATE trades SET shared = shared + ?, shares_finished = ? WHERE id = ?",
        sum(amounts),
        wanted.extend_params.royalty_finish == "true",
        trade.id,
    )
    return settle_no


def _details(simulator: Simulator, settlement_id: int, settle_no: str) -> list[dict[str, Any]]:
    details: list[dict[str, Any]] = []
    for royalty_id, kind, account, amount, state, ended_at in simulator.books.rows(
        "SELECT id, type, account, amount, state, ended_at FROM royalties WHERE settlement_id = ? ORDER BY id",
        settlement_id,
    ):
        detail = {
            "operation_type": "transfer",
            "trans_out": simulator.keys.credentials.seller_id,
            "trans_out_type": "userId",
            "trans_in": account,
            "trans_in_type": kind,
            "amount": yuan(amount),
            "state": state,
            "detail_id": f"{settle_no}{royalty_id:06d}",
        }
        if ended_at is not None:
            detail["execute_dt"] = beijing(ended_at, MOMENT)
        if state == "FAIL":
            detail |= {
                "error_code": "TXN_RESULT_ACCOUNT_STATUS_NOT_VALID",
                "error_desc": "分账接收方账户异常",
            }
        details.append(detail)
    return details


def _too_much() -> Refused:
    return business("ACQ.ALLOC_AMOUNT_VALIDATE_ERROR", "分账金额超过最大可分账金额")
