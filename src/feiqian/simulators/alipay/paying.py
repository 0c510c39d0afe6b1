"""What happens to trades: offered by the merchant, met and paid by the buyer, closed by either or by time, finished by time.

Source: the documentation of alipay.trade.precreate, create, pay, page.pay, wap.pay, app.pay and close.
"""

import re
import secrets
import string
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

import msgspec

from feiqian.simulators.alipay.answers import business, fee_of, fen, invalid
from feiqian.simulators.alipay.balance import move
from feiqian.simulators.alipay.calls import Call
from feiqian.simulators.alipay.context import MOMENT, Simulator
from feiqian.simulators.alipay.notifications import notify
from feiqian.simulators.alipay.trades import BUYER_LOGON_ID, Trade, trade_named, trade_with_id
from feiqian.simulators.kit.moments import beijing, to_ms

LIVES = timedelta(days=15)
"""Of an order that names no end."""

_TIMEOUT = re.compile(r"([1-9]\d*)([mhdc])")
_TIMEOUT_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_CODE_ALPHABET = string.ascii_lowercase + string.digits


class Placement(msgspec.Struct, omit_defaults=True):
    """What all placing calls have in common. What this sandbox does not use is left alone."""

    out_trade_no: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_\-]{1,64}$")]
    total_amount: Decimal
    subject: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
    body: Annotated[str, msgspec.Meta(max_length=400)] = ""
    product_code: str = ""
    passback_params: Annotated[str, msgspec.Meta(max_length=512)] = ""
    timeout_express: str = ""
    time_expire: str = ""
    seller_id: str = ""
    buyer_id: str = ""
    scene: str = ""
    auth_code: str = ""


def place(simulator: Simulator, call: Call, placement: Placement) -> Trade:
    """Offer an order, or find the same one again. Raises: Refused."""
    total = fen(placement.total_amount, "total_amount")
    if placement.seller_id not in ("", simulator.keys.credentials.seller_id):
        raise business("ACQ.SELLER_NOT_EXIST", "卖家不存在")
    content = msgspec.json.encode([total, placement.subject, placement.body, placement.product_code])
    now_ms = simulator.now_ms()
    known = trade_named(simulator, placement.out_trade_no)
    if known is not None:
        _check_repetition(known, content, now_ms)
        return known
    expires_at = _expires_at(placement, now_ms)
    with simulator.books.atomically():
        trade_id = simulator.books.write(
            "INSERT INTO trades (out_trade_no, method, code, request, subject, body, passback_params, notify_url,"
            " return_url, charset, mode, total, state, offered_at, expires_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'OFFERED', ?, ?)",
            placement.out_trade_no,
            call.method,
            "bax" + "".join(secrets.choice(_CODE_ALPHABET) for _ in range(21)),
            content,
            placement.subject,
            placement.body,
            placement.passback_params,
            call.notify_url,
            call.return_url,
            call.charset,
            call.mode,
            total,
            now_ms,
            expires_at,
        )
    return trade_with_id(simulator, trade_id)


def meet(simulator: Simulator, trade: Trade) -> Trade:
    """The buyer sees the order: from now on it is a trade, WAIT_BUYER_PAY. Again: nothing. Raises: Refused, closed."""
    now_ms = simulator.now_ms()
    if trade.state_at(now_ms) == "TRADE_CLOSED":
        raise business("ACQ.TRADE_HAS_CLOSE", "交易已经关闭")
    if not trade.was_met:
        with simulator.books.atomically():
            simulator.books.write(
                "UPDATE trades SET state = 'WAIT_BUYER_PAY', trade_no = ?, created_at = ?, buyer_id = ? WHERE id = ?",
                simulator.number("220014", now_ms, trade.id),
                now_ms,
                simulator.keys.credentials.buyer_id,
                trade.id,
            )
    return trade_with_id(simulator, trade.id)


def pay(simulator: Simulator, trade: Trade) -> Trade:
    """The buyer pays; paying again changes nothing. Raises: Refused when it is closed."""
    if trade.paid_at is not None:
        return trade
    trade = meet(simulator, trade)
    now_ms = simulator.now_ms()
    fee = fee_of(trade.total, simulator.fee_rate)
    with simulator.books.atomically():
        simulator.books.write(
            "UPDATE trades SET state = 'TRADE_SUCCESS', paid_at = ?, fee = ?, finishes_at = ? WHERE id = ?",
            now_ms,
            fee,
            now_ms + round(simulator.refund_within.total_seconds() * 1000),
            trade.id,
        )
        paid = trade_with_id(simulator, trade.id)
        moved: dict[str, Any] = {
            "trade_no": paid.trade_no,
            "out_no": paid.out_trade_no,
            "title": paid.subject,
        }
        move(simulator, kind="在线支付", amount=paid.total, other=BUYER_LOGON_ID, **moved)
        move(simulator, kind="收费", amount=-fee, other="支付宝", **moved)
        notify(simulator, paid)
    return paid


def close(simulator: Simulator, trade: Trade) -> None:
    """The merchant gives an unpaid order up. Silent: Alipay does not notify of it."""
    with simulator.books.atomically():
        simulator.books.write(
            "UPDATE trades SET state = 'TRADE_CLOSED', closed_at = ? WHERE id = ?",
            simulator.now_ms(),
            trade.id,
        )


def finish_due(simulator: Simulator) -> None:
    """Payments whose time for refunds is over become TRADE_FINISHED, and are notified."""
    rows = simulator.books.rows(
        "SELECT id FROM trades WHERE state = 'TRADE_SUCCESS' AND finishes_at <= ?", simulator.now_ms()
    )
    for (trade_id,) in rows:
        with simulator.books.atomically():
            simulator.books.write(
                "UPDATE trades SET state = 'TRADE_FINISHED', closed_at = finishes_at WHERE id = ?", trade_id
            )
            notify(simulator, trade_with_id(simulator, trade_id))


def _check_repetition(trade: Trade, content: bytes, now_ms: int) -> None:
    if trade.paid_at is not None:
        raise business("ACQ.TRADE_HAS_SUCCESS", "交易已被支付")
    if trade.state_at(now_ms) == "TRADE_CLOSED":
        raise business("ACQ.TRADE_HAS_CLOSE", "交易已经关闭")
    if trade.request != content:
        raise business("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改")


def _expires_at(placement: Placement, now_ms: int) -> int:
    lives_ms = round(LIVES.total_seconds() * 1000)
    if placement.time_expire:
        try:
            at = to_ms(datetime.strptime(f"{placement.time_expire} +0800", f"{MOMENT} %z"))
        except ValueError as error:
            raise invalid("time_expire", "必须形如 2016-12-31 10:05:01") from error
        if at <= now_ms:
            raise business("ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR", "当前时间已超过允许支付的时间")
        return at
    if not placement.timeout_express:
        return now_ms + lives_ms
    match = _TIMEOUT.fullmatch(placement.timeout_express)
    if match is None:
        raise invalid("timeout_express", "必须形如 90m、2h、1d 或 1c")
    count, unit = int(match[1]), match[2]
    if unit == "c":
        midnight = datetime.strptime(f"{beijing(now_ms, '%Y-%m-%d')} +0800", "%Y-%m-%d %z") + timedelta(
            days=1
        )
        return to_ms(midnight)
    if len(match[1]) > 5:
        raise invalid("timeout_express", "最长 15 天")
    return now_ms + min(round(timedelta(**{_TIMEOUT_UNITS[unit]: count}).total_seconds() * 1000), lives_ms)
