"""Notices to a transaction's backUrl: form posts, signed anew for every attempt.

Source: the notes on backUrl in UnionPay's demo projects: answer HTTP 200 or 302 within 10 seconds; five attempts in
all, with 0, 1, 2 and 4 minutes between them.
"""

import msgspec

from feiqian.simulators.kit.books import Books
from feiqian.simulators.kit.callbacks import Callback, Protocol
from feiqian.simulators.unionpay.credentials import KeyRing
from feiqian.simulators.unionpay.messages import write_form

RETRY_AFTER_S = (0, 60, 120, 240)
ANSWER_WITHIN_S = 10


def protocol(keys: KeyRing, books: Books) -> Protocol:
    """How this channel's callbacks are made and acknowledged."""

    def make(callback: Callback, form: str) -> tuple[bytes, dict[str, str]]:
        fields = msgspec.json.decode(callback.content, type=dict[str, str])
        name = form if form in ("expired", "foreign") else books.setting("certificate") or "normal"
        signed = keys.signer(name).signed(fields)
        if form == "tampered":
            signed["settleAmt"] = str(int(signed["settleAmt"]) + 1)
        content_type = "application/x-www-form-urlencoded;charset=UTF-8"
        return write_form(signed), {"Content-Type": content_type}

    return Protocol(
        make=make,
        is_acknowledged=lambda status, _body: status in (200, 302),
        retry_after_s=RETRY_AFTER_S,
        answer_within_s=ANSWER_WITHIN_S,
        forms={
            "tampered": ("tampered",),
            "expired_certificate": ("expired",),
            "foreign_certificate": ("foreign",),
        },
        headers={"User-Agent": "Mozilla/4.0"},
    )
