"""The calls that place, look up and give up trades.

Source: the documentation of alipay.trade.precreate, create, pay, query, close and cancel.
"""

import re
from datetime import timedelta
from typing import Any

import msgspec

from feiqian.simulators.alipay.answers import Refused, business, invalid, parse, yuan
from feiqian.simulators.alipay.calls import Call
from feiqian.simulators.alipay.context import MOMENT, Simulator
from feiqian.simulators.alipay.paying import Placement, close, meet, pay, place
from feiqian.simulators.alipay.refunding import RefundRequest, refund
from feiqian.simulators.alipay.trades import (
    BUYER_LOGON_ID,
    Trade,
    find,
    trade_coded,
    trade_named,
    trade_with_id,
    view,
)
from feiqian.simulators.kit.moments import beijing

QR_CODE = "https://qr.alipay.com/"
"""How what is in a QR code begins."""

CANCELLED_WITHIN = timedelta(days=1)
"""How old a trade may be cancelled; later it is closed or refunded."""

_AUTH_CODE = re.compile(r"(2[5-9]|30)\d{14,22}")


class TradeName(msgspec.Struct):
    """Which trade, by Alipay's number or the merchant's."""

    trade_no: str = ""
    out_trade_no: str = ""


def scan(simulator: Simulator, code: str) -> Trade:
    """The order behind what a QR code or a cashier's address says. Raises: Refused."""
    trade = trade_coded(simulator, code.strip().removeprefix(QR_CODE))
    if trade is None:
        raise business("ACQ.TRADE_NOT_EXIST", "无法识别的二维码")
    return trade


def precreate(simulator: Simulator, call: Call) -> dict[str, Any]:
    """alipay.trade.precreate: an order behind a QR code; a trade once the buyer scans it."""
    trade = place(simulator, call, parse(call.biz_content, Placement))
    return {"out_trade_no": trade.out_trade_no, "qr_code": QR_CODE + trade.code}


def create(simulator: Simulator, call: Call) -> dict[str, Any]:
    """alipay.trade.create: a trade for a buyer who is known already."""
    placement = parse(call.biz_content, Placement)
    if placement.buyer_id not in ("", simulator.keys.credentials.buyer_id):
        raise business("ACQ.BUYER_NOT_EXIST", "买家不存在")
    trade = meet(simulator, place(simulator, call, placement))
    return {"out_trade_no": trade.out_trade_no, "trade_no": trade.trade_no}


def pay_barcode(simulator: Simulator, call: Call, mode: str) -> dict[str, Any]:
    """alipay.trade.pay: the shop has scanned the buyer's payment code."""
    placement = parse(call.biz_content, Placement)
    if _AUTH_CODE.fullmatch(placement.auth_code) is None:
        raise business(
            "ACQ.PAYMENT_AUTH_CODE_INVALID", "支付失败，获取顾客账户信息失败，请顾客刷新付款码后重新收款"
        )
    used = simulator.books.row("SELECT out_trade_no FROM trades WHERE auth_code = ?", placement.auth_code)
    if used is not None and used[0] != placement.out_trade_no:
        raise business(
            "ACQ.PAYMENT_AUTH_CODE_INVALID", "支付失败，付款码已被使用，请顾客刷新付款码后重新收款"
        )
    trade = meet(simulator, place(simulator, call, placement))
    with simulator.books.atomically():
        simulator.books.write("UPDATE trades SET auth_code = ? WHERE id = ?", placement.auth_code, trade.id)
    numbers = {"out_trade_no": trade.out_trade_no, "trade_no": trade.trade_no or ""}
    if mode == "refused":
        raise business("ACQ.BUYER_BALANCE_NOT_ENOUGH", "支付失败，顾客余额不足，请换其他方式付款", **numbers)
    if mode == "waiting":
        return {
            "code": "10003",
            **numbers,
            "buyer_logon_id": BUYER_LOGON_ID,
            "buyer_user_id": trade.buyer_id,
            "total_amount": yuan(trade.total),
        }
    paid = pay(simulator, trade)
    if mode == "unknown":
        raise Refused("20000", "isp.unknow-error", "系统繁忙")
    assert paid.paid_at is not None, "just paid"
    left_out = ("send_pay_date", "subject", "body", "trade_status", "buyer_user_type")
    shown = {name: value for name, value in view(paid, paid.paid_at).items() if name not in left_out}
    return shown | {"gmt_payment": beijing(paid.paid_at, MOMENT)}


def query(simulator: Simulator, call: Call) -> dict[str, Any]:
    """alipay.trade.query"""
    name = parse(call.biz_content, TradeName)
    return view(find(simulator, name.trade_no, name.out_trade_no), simulator.now_ms())


def close_trade(simulator: Simulator, call: Call) -> dict[str, Any]:
    """alipay.trade.close: of a trade that waits for the buyer."""
    name = parse(call.biz_content, TradeName)
    trade = find(simulator, name.trade_no, name.out_trade_no)
    if trade.state_at(simulator.now_ms()) != "WAIT_BUYER_PAY":
        raise business("ACQ.REASON_TRADE_STATUS_INVALID", "交易状态不合法")
    close(simulator, trade)
    return {"out_trade_no": trade.out_trade_no, "trade_no": trade.trade_no}


def cancel(simulator: Simulator, call: Call) -> dict[str, Any]:
    """alipay.trade.cancel: whatever became of an order, undo it. Action close or refund; again: the same answer.

    Of an order that is not known it succeeds without an action, as the real one does.
    """
    name = parse(call.biz_content, TradeName)
    if not name.trade_no and not name.out_trade_no:
        raise invalid("trade_no, out_trade_no", "不能同时为空")
    trade = find(simulator, name.trade_no, "") if name.trade_no else trade_named(simulator, name.out_trade_no)
    done: dict[str, Any] = {"out_trade_no": name.out_trade_no, "retry_flag": "N"}
    if trade is None:
        return done
    done["out_trade_no"] = trade.out_trade_no
    if trade.was_met:
        done["trade_no"] = trade.trade_no
    if trade.paid_at is None:
        if trade.state != "TRADE_CLOSED":
            close(simulator, trade)
        return done | {"action": "close"}
    if trade.state == "TRADE_FINISHED":
        raise business("ACQ.TRADE_HAS_FINISHED", "交易已完结")
    if trade.left > 0:
        if trade.refunded:
            raise business("ACQ.REASON_TRADE_REFUND_FEE_ERR", "退款金额无效，已发生退款的交易不能撤销")
        if simulator.now_ms() > trade.paid_at + CANCELLED_WITHIN.total_seconds() * 1000:
            raise business("ACQ.TRADE_CANCEL_TIME_OUT", "超过撤销时间范围")
        wanted = RefundRequest(
            refund_amount=trade.total, out_request_no=trade.out_trade_no, refund_reason="撤销"
        )
        refund(simulator, trade, wanted, is_processing=False)
    closed_at = trade_with_id(simulator, trade.id).closed_at
    assert closed_at is not None, "a trade whose whole amount is refunded is closed"
    return done | {"action": "refund", "gmt_refund_pay": beijing(closed_at, MOMENT)}
