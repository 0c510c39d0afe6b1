"""Callbacks of WeChat Pay: verified, decrypted, checked, translated. No I/O.

Source: the official callback guide; a callback is believed only after all of it has been checked.
"""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from feiqian.channels.errors import NoticeFault, NoticeRefused
from feiqian.channels.model import ChannelPayment, Notice
from feiqian.channels.wechatpay.signing import VerifyingKeys, open_sealed
from feiqian.channels.wechatpay.transferring import transfer_of
from feiqian.channels.wechatpay.wire import (
    Combined,
    NoticeEnvelope,
    RefundNotice,
    Transaction,
    TransferFound,
    payment_of,
    payments_of,
    refund_of,
)

PAYMENT_EVENTS = frozenset({"TRANSACTION.SUCCESS"})
REFUND_EVENTS = frozenset({"REFUND.SUCCESS", "REFUND.ABNORMAL", "REFUND.CLOSED"})
TRANSFER_EVENTS = frozenset({"MCHTRANSFER.BILL.FINISHED"})
_EVENTS = PAYMENT_EVENTS | REFUND_EVENTS | TRANSFER_EVENTS

_envelope = msgspec.json.Decoder(NoticeEnvelope)
_transaction = msgspec.json.Decoder(Transaction)
_combined = msgspec.json.Decoder(Combined)
_refund = msgspec.json.Decoder(RefundNotice)
_transfer = msgspec.json.Decoder(TransferFound)

_SIGNATURE_FAULTS = {
    NoticeFault.HEADER_MISSING: "the four Wechatpay headers must be there",
    NoticeFault.PROBE: "a probe with a wrong signature is refused as it should be",
    NoticeFault.STALE: "its timestamp is more than five minutes away",
    NoticeFault.SERIAL_UNKNOWN: "no key is configured for its serial",
    NoticeFault.SIGNATURE_WRONG: "its signature does not fit its content",
}


class NoticeReader:
    """Reads the callbacks of one merchant."""

    def __init__(self, *, mchid: str, appid: str, api_v3_key: bytes) -> None:
        self._mchid = mchid
        self._appid = appid
        self._key = AESGCM(api_v3_key)

    def read(self, *, headers: Mapping[str, str], body: bytes, keys: VerifyingKeys, now: datetime) -> Notice:
        """The notice behind a callback's headers and exact body bytes.

        Raises: NoticeRefused.
        """
        fault = keys.fault(headers=headers, body=body, now=now)
        if fault is not None:
            raise NoticeRefused(fault, _SIGNATURE_FAULTS[fault])
        try:
            envelope = _envelope.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise NoticeRefused(NoticeFault.MALFORMED, str(error)) from error
        if envelope.event_type not in _EVENTS:
            raise NoticeRefused(NoticeFault.EVENT_UNSUPPORTED, envelope.event_type)
        try:
            content = open_sealed(envelope.resource, self._key)
        except ValueError as error:
            raise NoticeRefused(NoticeFault.KEY_WRONG, str(error)) from error
        try:
            return self._translate(envelope, content)
        except (msgspec.MsgspecError, ValueError) as error:
            raise NoticeRefused(NoticeFault.MALFORMED, str(error)) from error

    def _translate(self, envelope: NoticeEnvelope, content: bytes) -> Notice:
        if envelope.event_type in PAYMENT_EVENTS:
            return Notice(id=envelope.id, event_type=envelope.event_type, payments=self._payments(content))
        if envelope.event_type in TRANSFER_EVENTS:
            transfer = _transfer.decode(content)
            self._check_merchant(transfer.mch_id, self._appid)
            return Notice(id=envelope.id, event_type=envelope.event_type, transfer=transfer_of(transfer))
        refund = _refund.decode(content)
        self._check_merchant(refund.mchid or refund.sp_mchid, self._appid)
        return Notice(id=envelope.id, event_type=envelope.event_type, refund=refund_of(refund))

    def _payments(self, content: bytes) -> tuple[ChannelPayment, ...]:
        transaction = _transaction.decode(content)
        if transaction.combine_out_trade_no is not None:
            combined = _combined.decode(content)
            self._check_merchant(combined.combine_mchid, combined.combine_appid)
            return payments_of(combined)
        if transaction.account is None or transaction.application is None:
            raise ValueError("it names no merchant and application")
        self._check_merchant(transaction.account, transaction.application)
        return (payment_of(transaction, appid=self._appid),)

    def _check_merchant(self, mchid: str, appid: str) -> None:
        if (mchid, appid) != (self._mchid, self._appid):
            raise NoticeRefused(NoticeFault.MERCHANT_WRONG, f"it is for mchid {mchid}, appid {appid}")
