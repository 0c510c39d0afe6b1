"""Refunds at WeChat Pay.

Source: the official pages on refunds and on refunds that the buyer's account does not take (异常退款), for direct
merchants and service providers.
"""

import re
from datetime import datetime
from urllib.parse import quote

import msgspec

from feiqian.channels.errors import ChannelFailed
from feiqian.channels.model import ChannelRefund, ChannelRefundState, RefundKey, RefundRequest, SubMerchant
from feiqian.channels.wechatpay import wire
from feiqian.channels.wechatpay.errors import UNREADABLE, error_of
from feiqian.channels.wechatpay.gateway import Gateway
from feiqian.channels.wechatpay.orders import check_currency, one_line, order_no
from feiqian.kernel.errors import InvalidRequest
from feiqian.kernel.money import check_amount

BASE = "/v3/refund/domestic/refunds"
_REASON_MAX = 80
_REFUND_NO = re.compile(r"[0-9A-Za-z_\-|*@]{1,64}")

_refund = msgspec.json.Decoder(wire.Refund)


class BankCard(msgspec.Struct, frozen=True, kw_only=True):
    """The buyer's card for a refund that the way it was paid does not take."""

    bank_type: str
    """WeChat Pay's name of the bank, such as ICBC_DEBIT."""
    account_no: str
    name: str
    """The holder's."""


class Refunding:
    """Gives money back."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def refund(self, request: RefundRequest, *, now: datetime) -> ChannelRefund:
        """Ask for a refund. ``out_refund_no`` is 1 to 64 of ``0-9A-Za-z_-|*@``."""
        check_amount(request.amount)
        check_currency(request.currency)
        order = wire.RefundOrder(
            out_trade_no=order_no(request.order.out_trade_no),
            out_refund_no=_refund_no(request.out_refund_no),
            amount=wire.RefundOrderAmount(request.amount, request.total, request.currency),
            sub_mchid=_mchid(request.order.sub_merchant),
            reason=one_line(request.reason, _REASON_MAX) if request.reason else None,
            notify_url=request.notify_url,
            funds_account=self._gateway.config.refund_funds_account,
        )
        refund = await self._gateway.post(BASE, order, _refund, now=now)
        return _read(refund, request.out_refund_no)

    async def query_refund(self, refund: RefundKey, *, now: datetime) -> ChannelRefund:
        """Where a refund stands."""
        out_refund_no = refund.out_refund_no
        target = f"{BASE}/{quote(_refund_no(out_refund_no), safe='')}"
        if refund.order.sub_merchant:
            target = f"{target}?sub_mchid={refund.order.sub_merchant.mchid}"
        try:
            found = await self._gateway.get(target, _refund, now=now)
        except ChannelFailed as error:
            if error.code == "channel_order_unknown":
                return ChannelRefund(out_refund_no=out_refund_no, state=ChannelRefundState.UNKNOWN_TO_CHANNEL)
            raise
        return _read(found, out_refund_no)

    async def redirect_refund(
        self, refund: RefundKey, *, channel_refund_no: str, card: BankCard | None, now: datetime
    ) -> ChannelRefund:
        """Send an ``abnormal`` refund to the buyer's card, or without one to our own (then we pay the buyer back).

        Raises: as any call; ``channel_state_invalid`` for a refund that is not abnormal.
        """
        keys = self._gateway.keys
        content = wire.AbnormalRefund(
            out_refund_no=_refund_no(refund.out_refund_no),
            type="USER_BANK_CARD" if card else "MERCHANT_BANK_CARD",
            sub_mchid=_mchid(refund.order.sub_merchant),
            bank_type=card.bank_type if card else None,
            bank_account=keys.encrypt(card.account_no) if card else None,
            real_name=keys.encrypt(card.name) if card else None,
        )
        target = f"{BASE}/{quote(channel_refund_no, safe='')}/apply-abnormal-refund"
        found = await self._gateway.post(target, content, _refund, now=now, encrypted_for=keys.preferred)
        return _read(found, refund.out_refund_no)


def _read(refund: wire.Refund, out_refund_no: str) -> ChannelRefund:
    if refund.out_refund_no != out_refund_no:
        raise error_of(UNREADABLE, message=f"the answer is about refund {refund.out_refund_no}")
    try:
        return wire.refund_of(refund)
    except ValueError as error:
        raise error_of(UNREADABLE, message=str(error)) from error


def _mchid(sub_merchant: SubMerchant | None) -> str | None:
    return sub_merchant.mchid if sub_merchant else None


def _refund_no(text: str) -> str:
    if not _REFUND_NO.fullmatch(text):
        raise InvalidRequest(field="out_refund_no", reason="must be 1 to 64 letters, digits or _ - | * @")
    return text
