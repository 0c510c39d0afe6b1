"""Trades as the books keep them, how they are found, and how queries show them.

An order that no buyer has met is no trade yet: queries say ACQ.TRADE_NOT_EXIST.
"""

from typing import Any

import msgspec

from feiqian.simulators.alipay.answers import invalid, unknown_trade, yuan
from feiqian.simulators.alipay.context import MOMENT, Simulator
from feiqian.simulators.kit.moments import beijing

BUYER_LOGON_ID = "fei***@sandbox.com"


class Trade(msgspec.Struct, frozen=True):
    """A row of ``trades``; its columns are explained there."""

    id: int
    out_trade_no: str
    method: str
    code: str
    request: bytes
    subject: str
    body: str
    passback_params: str
    notify_url: str
    return_url: str
    charset: str
    mode: str
    total: int
    state: str
    offered_at: int
    expires_at: int
    trade_no: str | None
    created_at: int | None
    paid_at: int | None
    closed_at: int | None
    buyer_id: str | None
    auth_code: str | None
    fee: int
    finishes_at: int | None
    refunded: int
    fee_returned: int
    shared: int
    shares_returned: int
    shares_finished: int

    def state_at(self, now_ms: int) -> str:
        """OFFERED or a trade_status; what was not paid in time is TRADE_CLOSED."""
        if self.state in ("OFFERED", "WAIT_BUYER_PAY") and now_ms >= self.expires_at:
            return "TRADE_CLOSED"
        return self.state

    @property
    def was_met(self) -> bool:
        """Whether it is a trade: the buyer has seen it, and queries know it."""
        return self.trade_no is not None

    @property
    def left(self) -> int:
        """What can still be refunded."""
        return self.total - self.refunded if self.paid_at is not None else 0


COLUMNS = ", ".join(Trade.__struct_fields__)


def trade_named(simulator: Simulator, out_trade_no: str) -> Trade | None:
    """By the merchant's number."""
    return _one(simulator, "out_trade_no = ?", out_trade_no)


def trade_coded(simulator: Simulator, code: str) -> Trade | None:
    """By what its QR code or its cashier's address says."""
    return _one(simulator, "code = ?", code)


def trade_with_id(simulator: Simulator, trade_id: int) -> Trade:
    """By the books' number, which exists."""
    found = _one(simulator, "id = ?", trade_id)
    assert found is not None, "a trade is never deleted"
    return found


def find(simulator: Simulator, trade_no: str, out_trade_no: str) -> Trade:
    """By either number, Alipay's first. Raises: Refused when no buyer has met a trade under it."""
    if not trade_no and not out_trade_no:
        raise invalid("trade_no, out_trade_no", "不能同时为空")
    if trade_no:
        found = _one(simulator, "trade_no = ?", trade_no)
    else:
        found = trade_named(simulator, out_trade_no)
    if found is None or not found.was_met:
        raise unknown_trade()
    return found


def unpaid(simulator: Simulator, limit: int) -> list[Trade]:
    """The newest trades and offers that can be paid now."""
    rows = simulator.books.rows(
        f"SELECT {COLUMNS} FROM trades WHERE state IN ('OFFERED', 'WAIT_BUYER_PAY') AND expires_at > ?"
        " ORDER BY id DESC LIMIT ?",
        simulator.now_ms(),
        limit,
    )
    return [Trade(*row) for row in rows]


def view(trade: Trade, now_ms: int) -> dict[str, Any]:
    """A trade as queries show it."""
    paid = yuan(trade.total if trade.paid_at is not None else 0)
    shown: dict[str, Any] = {
        "buyer_logon_id": BUYER_LOGON_ID,
        "buyer_pay_amount": paid,
        "buyer_user_id": trade.buyer_id,
        "buyer_user_type": "PRIVATE",
        "invoice_amount": paid,
        "out_trade_no": trade.out_trade_no,
        "point_amount": "0.00",
        "receipt_amount": paid,
        "subject": trade.subject,
        "total_amount": yuan(trade.total),
        "trade_no": trade.trade_no,
        "trade_status": trade.state_at(now_ms),
    }
    if trade.body:
        shown["body"] = trade.body
    if trade.paid_at is not None:
        shown["send_pay_date"] = beijing(trade.paid_at, MOMENT)
        shown["fund_bill_list"] = [{"amount": paid, "fund_channel": "ALIPAYACCOUNT"}]
    return shown


def _one(simulator: Simulator, condition: str, value: str | int) -> Trade | None:
    row = simulator.books.row(f"SELECT {COLUMNS} FROM trades WHERE {condition}", value)
    return None if row is None else Trade(*row)
