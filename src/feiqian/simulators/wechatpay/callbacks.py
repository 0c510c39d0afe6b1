"""What is WeChat Pay's own about callbacks: encryption, signature, retries, and how they can misstate.

Source: the merchant documentation's pages on the payment and refund callbacks and on handling callbacks.
"""

import os
from base64 import b64encode
from typing import Any

from feiqian.simulators.kit.books import Books
from feiqian.simulators.kit.callbacks import Callback, Protocol
from feiqian.simulators.kit.clock import SandboxClock
from feiqian.simulators.kit.moments import beijing, rfc3339
from feiqian.simulators.wechatpay.answers import encode
from feiqian.simulators.wechatpay.credentials import KeyRing
from feiqian.simulators.wechatpay.signing import AEAD, SCHEME, answer_message, new_nonce, seal, sign

RETRY_AFTER_S = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
"""Pauses between an attempt that was not acknowledged and the next, on the simulator's clock."""

ANSWER_WITHIN_S = 5

STALE_S = 600
"""How old a stale callback's timestamp is: a merchant refuses five minutes."""

SUMMARIES = {
    "TRANSACTION.SUCCESS": "支付成功",
    "REFUND.SUCCESS": "退款成功",
    "REFUND.ABNORMAL": "退款异常",
    "REFUND.CLOSED": "退款关闭",
    "MCHTRANSFER.BILL.FINISHED": "商家转账单据终态通知",
    "MCHTRANSFER.BATCH.FINISHED": "商家转账批次完成通知",
    "MCHTRANSFER.BATCH.CLOSED": "商家转账批次关闭通知",
}

ORIGINAL_TYPES = {"TRANSACTION": "transaction", "REFUND": "refund", "MCHTRANSFER": "mch_payment"}
"""By the first word of the event: the resource's original_type, which is also the encryption's associated data."""


def protocol(books: Books, keys: KeyRing, clock: SandboxClock) -> Protocol:
    """How WeChat Pay calls back."""
    writer = _Writer(books, keys, clock)
    return Protocol(
        make=writer.make,
        is_acknowledged=lambda status, _body: status in (200, 204),
        retry_after_s=RETRY_AFTER_S,
        answer_within_s=ANSWER_WITHIN_S,
        forms={"tampered": ("tampered",), "stale": ("stale",), "signtest": ("signtest", "good")},
        probes=frozenset(["signtest"]),
        headers={"User-Agent": "Mozilla/4.0", "Accept": "*/*"},
    )


class _Writer:
    def __init__(self, books: Books, keys: KeyRing, clock: SandboxClock) -> None:
        self._books = books
        self._keys = keys
        self._clock = clock

    def make(self, callback: Callback, form: str) -> tuple[bytes, dict[str, str]]:
        """Body and headers of one attempt."""
        body = self._body(callback)
        timestamp = str(self._clock.now_ms() // 1000 - (STALE_S if form == "stale" else 0))
        nonce = new_nonce()
        serial = self._keys.present(callback.signed_by)
        if form == "signtest":
            signature = "WECHATPAY/SIGNTEST/" + b64encode(os.urandom(256)).decode()
        else:
            key = self._keys.signer(serial)
            assert key is not None, "the key in use is always there"
            signature = sign(key, answer_message(timestamp, nonce, body))
        if form == "tampered":
            body = _tampered(body)
        return body, {
            "Content-Type": "application/json",
            "Wechatpay-Timestamp": timestamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Signature": signature,
            "Wechatpay-Signature-Type": SCHEME,
            "Wechatpay-Serial": serial,
        }

    def _body(self, callback: Callback) -> bytes:
        nonce = new_nonce(12)
        stamp = beijing(callback.created_at, "%Y%m%d%H%M%S")
        original_type = ORIGINAL_TYPES[callback.kind.partition(".")[0]]
        return encode(
            {
                "id": f"EV-{stamp}{self._books.series}{callback.id}",
                "create_time": rfc3339(callback.created_at),
                "resource_type": "encrypt-resource",
                "event_type": callback.kind,
                "summary": SUMMARIES[callback.kind],
                "resource": {
                    "original_type": original_type,
                    "algorithm": AEAD,
                    "ciphertext": seal(self._keys.api_v3_key, nonce, original_type, callback.content),
                    "associated_data": original_type,
                    "nonce": nonce,
                },
            }
        )


def misstated(resource: dict[str, Any], mode: str) -> dict[str, Any]:
    """The content as the mode wants it: good, or with one lie in it."""
    if mode == "wrong_mchid":
        name = next(name for name in ("mchid", "mch_id", "sp_mchid", "combine_mchid") if name in resource)
        return {**resource, name: str(int(resource[name]) + 1)}
    if mode == "wrong_appid":
        names = [name for name in ("appid", "sp_appid", "combine_appid") if name in resource]
        return {**resource, **dict.fromkeys(names, "wx0000000000000000")}
    if mode != "wrong_amount":
        return resource
    for name in ("transfer_amount", "total_amount"):
        if name in resource:
            return {**resource, name: resource[name] + 1}
    if "sub_orders" in resource:
        first, *others = resource["sub_orders"]
        amount = {**first["amount"], "total_amount": first["amount"]["total_amount"] + 1}
        return {**resource, "sub_orders": [{**first, "amount": amount}, *others]}
    amount = dict(resource["amount"])
    for name in ("refund", "payer_refund") if "refund" in amount else ("total", "payer_total"):
        amount[name] += 1
    return {**resource, "amount": amount}


def _tampered(body: bytes) -> bytes:
    """The same message with one letter of its ciphertext changed."""
    mark = b'"ciphertext":"'
    at = body.index(mark) + len(mark)
    return body[:at] + (b"B" if body[at : at + 1] == b"A" else b"A") + body[at + 1 :]
