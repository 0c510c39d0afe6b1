"""Notifications of Alipay: verified, checked, translated. No I/O.

Source: the official guide on asynchronous notifications: after the signature, application, seller and order are held
against what we know. A notification of a refund says what has been refunded of the order in all (refund_fee) and nothing
final about one refund, so it is passed on as the order's state only; refunds are judged by query.
"""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qsl

import msgspec

from feiqian.channels.alipay import wire
from feiqian.channels.alipay.signing import VerifyingKeys, signed_text
from feiqian.channels.errors import NoticeFault, NoticeRefused
from feiqian.channels.model import ChannelPaymentState, Notice

TRADE_CHANGED = "trade_status_sync"
"""notify_type of everything that happens to an order."""
TRANSFER_CHANGED = "alipay.fund.trans.order.changed"
"""msg_method of everything that happens to a transfer."""
FIELDS_MAX = 200
_UNSIGNED = frozenset({"sign", "sign_type"})
_transfer = msgspec.json.Decoder(wire.Transfer)

_SIGNATURE_FAULTS = {
    NoticeFault.HEADER_MISSING: "it has no signature",
    NoticeFault.SERIAL_UNKNOWN: "no certificate is configured for its alipay_cert_sn",
    NoticeFault.SIGNATURE_WRONG: "its signature does not fit its content",
}


class NoticeReader:
    """Reads the notifications about one application."""

    def __init__(self, *, app_id: str, seller_id: str) -> None:
        self._app_id = app_id
        self._seller_id = seller_id

    def read(self, *, body: bytes, keys: VerifyingKeys, now: datetime) -> Notice:
        """The notice behind a notification's exact body bytes.

        It carries no protection against being sent again, and needs none: it may come more than once anyway.
        Raises: NoticeRefused.
        """
        fields = _fields(body)
        fault = keys.fault(
            signed_text(fields, without=_UNSIGNED),
            signature=fields.get("sign", ""),
            cert_sn=fields.get("alipay_cert_sn"),
        )
        if fault is not None:
            raise NoticeRefused(fault, _SIGNATURE_FAULTS[fault])
        if fields.get("app_id") != self._app_id:
            raise NoticeRefused(NoticeFault.MERCHANT_WRONG, f"it is for app_id {fields.get('app_id')}")
        try:
            if fields.get("notify_type") == TRADE_CHANGED:
                return self._trade(fields)
            if fields.get("msg_method") == TRANSFER_CHANGED:
                return _transfer_notice(fields, now)
        except KeyError as error:
            raise NoticeRefused(NoticeFault.MALFORMED, f"it has no {error.args[0]}") from error
        except (msgspec.MsgspecError, ValueError) as error:
            raise NoticeRefused(NoticeFault.MALFORMED, str(error)) from error
        kind = fields.get("notify_type") or fields.get("msg_method") or "of no kind"
        raise NoticeRefused(NoticeFault.EVENT_UNSUPPORTED, kind)

    def _trade(self, fields: Mapping[str, str]) -> Notice:
        seller_id = fields["seller_id"]
        if seller_id != self._seller_id:
            raise NoticeRefused(NoticeFault.MERCHANT_WRONG, f"it is for seller_id {seller_id}")
        payment = wire.payment_of(wire.trade_of_notice(fields), mchid=seller_id, appid=fields["app_id"])
        if payment.state is ChannelPaymentState.PAID and fields.get("refund_fee"):
            payment = msgspec.structs.replace(payment, state=ChannelPaymentState.REFUNDED)
        return Notice(id=fields["notify_id"], event_type=fields["trade_status"], payments=(payment,))


def _fields(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=FIELDS_MAX,
        )
    except ValueError as error:
        raise NoticeRefused(NoticeFault.MALFORMED, f"it is no form: {error}") from error
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise NoticeRefused(NoticeFault.MALFORMED, "a field stands in it twice")
    return fields


def _transfer_notice(fields: Mapping[str, str], now: datetime) -> Notice:
    said = _transfer.decode(fields["biz_content"])
    if not said.out_biz_no:
        raise ValueError("it has no out_biz_no")
    return Notice(
        id=fields["notify_id"],
        event_type=TRANSFER_CHANGED,
        transfer=wire.transfer_of(said, out_transfer_no=said.out_biz_no, now=now),
    )
