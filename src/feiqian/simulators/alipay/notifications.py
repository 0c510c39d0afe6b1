"""Asynchronous notifications: the trade's state posted as a form to its notify_url until the answer is ``success``.

Source: the documentation of asynchronous notifications of the payment products; recorded notifications: in certificate
mode they carry no SN, so that a rotation must be learnt from an answer.
"""

import secrets
from typing import Any
from urllib.parse import urlencode

import msgspec

from feiqian.kernel.money import parse_major
from feiqian.simulators.alipay.answers import yuan
from feiqian.simulators.alipay.context import MOMENT, Simulator
from feiqian.simulators.alipay.credentials import KeyRing
from feiqian.simulators.alipay.signing import SIGN_TYPE, notification_message, sign
from feiqian.simulators.alipay.trades import BUYER_LOGON_ID, Trade
from feiqian.simulators.kit.callbacks import Callback, Protocol
from feiqian.simulators.kit.clock import SandboxClock
from feiqian.simulators.kit.moments import beijing

RETRY_AFTER_S = (240, 600, 600, 3600, 7200, 21600, 54000)
"""4m 10m 10m 1h 2h 6h 15h between an attempt that was not acknowledged and the next, on the simulator's clock."""

ANSWER_WITHIN_S = 10


class RefundNews(msgspec.Struct, frozen=True):
    """What a notification says when a refund is its cause."""

    out_request_no: str
    given_back: int
    """Of the whole trade so far, in fen."""
    at_ms: int


def notify(simulator: Simulator, trade: Trade, refund: RefundNews | None = None) -> None:
    """Tell the merchant what a trade is now, where it wants to know. Only inside ``atomically``."""
    if not trade.notify_url:
        return
    now_ms = simulator.now_ms()
    notify_id = f"{beijing(now_ms, '%Y%m%d')}01222{beijing(now_ms, '%H%M%S')}{secrets.randbelow(10**15):015d}"
    said = _said(simulator, trade, refund) | {"notify_id": notify_id}
    simulator.callbacks.enqueue(
        about=trade.out_trade_no,
        kind=said["trade_status"],
        url=trade.notify_url,
        content=lambda mode: msgspec.json.encode(_misstated(said, trade, mode)),
        now_ms=now_ms,
        signed_by=trade.mode,
    )


def protocol(keys: KeyRing, clock: SandboxClock) -> Protocol:
    """How Alipay sends: signed anew at every attempt, with that attempt's notify_time."""

    def make(callback: Callback, form: str) -> tuple[bytes, dict[str, str]]:
        said = msgspec.json.decode(callback.content, type=dict[str, str])
        said["notify_time"] = beijing(clock.now_ms(), MOMENT)
        charset = said["charset"]
        signed_by = callback.signed_by if callback.signed_by == "key" else keys.current_sn
        signature = sign(keys.signer(signed_by), notification_message(said, charset))
        if form == "tampered":
            said["total_amount"] = f"1{said['total_amount']}"
        said |= {"sign": signature, "sign_type": SIGN_TYPE}
        body = urlencode(said, encoding=charset).encode()
        return body, {"Content-Type": f"application/x-www-form-urlencoded; charset={charset}"}

    return Protocol(
        make=make,
        is_acknowledged=lambda status, body: status == 200 and body.strip() == b"success",
        retry_after_s=RETRY_AFTER_S,
        answer_within_s=ANSWER_WITHIN_S,
        headers={"User-Agent": "Mozilla/4.0", "Accept": "text/plain"},
    )


def _said(simulator: Simulator, trade: Trade, refund: RefundNews | None) -> dict[str, str]:
    credentials = simulator.keys.credentials
    assert trade.created_at is not None, "a buyer has met every trade that is notified"
    said = {
        "app_id": credentials.app_id,
        "auth_app_id": credentials.app_id,
        "charset": trade.charset,
        "notify_type": "trade_status_sync",
        "version": "1.0",
        "seller_id": credentials.seller_id,
        "buyer_id": trade.buyer_id or "",
        "buyer_logon_id": BUYER_LOGON_ID,
        "out_trade_no": trade.out_trade_no,
        "trade_no": trade.trade_no or "",
        "trade_status": trade.state,
        "subject": trade.subject,
        "total_amount": yuan(trade.total),
        "buyer_pay_amount": yuan(trade.total),
        "receipt_amount": yuan(trade.total),
        "invoice_amount": yuan(trade.total),
        "point_amount": "0.00",
        "fund_bill_list": f'[{{"amount":"{yuan(trade.total)}","fundChannel":"ALIPAYACCOUNT"}}]',
        "gmt_create": beijing(trade.created_at, MOMENT),
    }
    if trade.paid_at is not None:
        said["gmt_payment"] = beijing(trade.paid_at, MOMENT)
    if trade.closed_at is not None:
        said["gmt_close"] = beijing(trade.closed_at, MOMENT)
    if trade.body:
        said["body"] = trade.body
    if trade.passback_params:
        said["passback_params"] = trade.passback_params
    if refund is not None:
        said["refund_fee"] = yuan(refund.given_back)
        said["out_biz_no"] = refund.out_request_no
        said["gmt_refund"] = f"{beijing(refund.at_ms, MOMENT)}.{refund.at_ms % 1000:03d}"
    return said


def _misstated(said: dict[str, str], trade: Trade, mode: str) -> dict[str, Any]:
    if mode == "wrong_app":
        return said | {"app_id": str(int(said["app_id"]) + 1), "auth_app_id": str(int(said["app_id"]) + 1)}
    if mode == "wrong_seller":
        return said | {"seller_id": str(int(said["seller_id"]) + 1)}
    if mode == "wrong_amount":
        if "refund_fee" in said:
            return said | {"refund_fee": yuan(parse_major(said["refund_fee"]) + 1)}
        wrong = yuan(trade.total + 1)
        return said | {"total_amount": wrong, "buyer_pay_amount": wrong, "receipt_amount": wrong}
    return said
