"""Notices of UnionPay: verified, checked, translated. No I/O.

They carry no time of their own, so that one which was recorded can be replayed: it says what is true, and only that again.
"""

from datetime import datetime

from feiqian.channels.errors import NoticeFault, NoticeRefused
from feiqian.channels.model import Notice
from feiqian.channels.unionpay.gateway import Gateway
from feiqian.channels.unionpay.messages import read_form
from feiqian.channels.unionpay.outcomes import payment_of, refund_of, transfer_of

PAYMENT, HOLD, REFUND, PAYOUT = "01", "02", "04", "12"
"""txnType of what we ask to be told of."""

_FAULTS = {
    NoticeFault.HEADER_MISSING: "it is not signed, or not in the way of version 5.1.0",
    NoticeFault.SERIAL_UNKNOWN: "its certificate is not one with which UnionPay signs now",
    NoticeFault.SIGNATURE_WRONG: "its signature does not fit its content",
}


def read_notice(gateway: Gateway, body: bytes, *, now: datetime) -> Notice:
    """The notice behind a form as it was posted. Raises: NoticeRefused."""
    try:
        fields = read_form(body)
    except ValueError as error:
        raise NoticeRefused(NoticeFault.MALFORMED, str(error)) from error
    fault = gateway.fault(fields, now=now)
    if fault is not None:
        raise NoticeRefused(fault, _FAULTS[fault])
    if fields.get("merId") != gateway.mer_id:
        raise NoticeRefused(NoticeFault.MERCHANT_WRONG, f"it is for merId {fields.get('merId')}")
    kind, code = fields.get("txnType", ""), fields.get("respCode", "")
    if kind not in (PAYMENT, HOLD, REFUND, PAYOUT):
        raise NoticeRefused(NoticeFault.EVENT_UNSUPPORTED, f"txnType {kind}")
    id = f"{kind}-{fields.get('queryId', '')}-{code}"
    try:
        if kind == REFUND:
            return Notice(id=id, event_type=kind, refund=refund_of(fields, code))
        if kind == PAYOUT:
            transfer = transfer_of(fields, code, fields.get("respMsg"))
            return Notice(id=id, event_type=kind, transfer=transfer)
        return Notice(id=id, event_type=kind, payments=(payment_of(fields, code),))
    except ValueError as error:
        raise NoticeRefused(NoticeFault.MALFORMED, str(error)) from error
