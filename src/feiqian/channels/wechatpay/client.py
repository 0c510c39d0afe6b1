"""WeChat Pay for one merchant: all that the house asks of it."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from feiqian.channels.errors import NoticeFault, NoticeRefused
from feiqian.channels.model import (
    ChannelIdentity,
    ChannelTerms,
    Notice,
    NoticeAnswer,
    OrderKey,
    PaymentMethod,
)
from feiqian.channels.wechatpay.billing import Billing
from feiqian.channels.wechatpay.callbacks import NoticeReader
from feiqian.channels.wechatpay.combining import Combining
from feiqian.channels.wechatpay.config import WechatPayConfig
from feiqian.channels.wechatpay.gateway import CALL_TIMEOUT_S, Gateway
from feiqian.channels.wechatpay.refunding import Refunding
from feiqian.channels.wechatpay.sharing import Sharing
from feiqian.channels.wechatpay.terms import TERMS
from feiqian.channels.wechatpay.trading import Trading
from feiqian.channels.wechatpay.transferring import Transferring
from feiqian.infra.http import HttpClient

_encode = msgspec.json.Encoder().encode


class WechatPay(Trading, Combining, Refunding, Billing, Transferring, Sharing):
    """WeChat Pay for one merchant or service provider; a ``TradeChannel`` that also transfers and splits.

    An order or refund with a sub-merchant goes the service provider's way. Keys are parsed here, once.
    Raises: InvalidRequest naming the setting that is wrong.
    """

    def __init__(
        self, *, config: WechatPayConfig, http: HttpClient, timeout_s: float = CALL_TIMEOUT_S
    ) -> None:
        self._config = config
        super().__init__(Gateway(config=config, http=http, timeout_s=timeout_s))
        self._notices = NoticeReader(
            mchid=config.mchid, appid=config.appid, api_v3_key=config.api_v3_key.encode()
        )

    @property
    def terms(self) -> ChannelTerms:
        """What WeChat Pay allows."""
        return TERMS

    @property
    def identity(self) -> ChannelIdentity:
        """Our merchant number and application."""
        return ChannelIdentity(self._config.mchid, self._config.appid)

    async def probe(self, *, now: datetime) -> None:
        """Ask about an order that does not exist: an answer shows that both sides' keys work."""
        key = OrderKey(out_trade_no="probe-of-the-keys", method=PaymentMethod.WECHATPAY_NATIVE, placed_at=now)
        await self.query(key, now=now)

    async def refresh_certificates(self, *, now: datetime) -> tuple[str, ...]:
        """Take the platform certificates in force for those known so far; returns all serials that now count."""
        return await self._gateway.refresh_certificates(now=now)

    def answer_notice(self, refusal: str | None) -> NoticeAnswer:
        """204 without a body, or WeChat Pay's own shape of an error."""
        if refusal is None:
            return NoticeAnswer(204, b"", "application/json")
        return NoticeAnswer(400, _encode({"code": "FAIL", "message": refusal}), "application/json")

    def read_notice(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """The notice behind a callback. Raises: NoticeRefused.

        One that is signed with a certificate not known yet is refused; WeChat Pay sends it again, and by then the
        certificate has been fetched with another call.
        """
        try:
            return self._notices.read(headers=headers, body=body, keys=self._gateway.keys, now=now)
        except NoticeRefused as refused:
            if refused.reason is NoticeFault.SERIAL_UNKNOWN:
                self._gateway.notice_came_with(serial_of(headers))
            raise


def serial_of(headers: Mapping[str, str]) -> str:
    """The serial that a callback names, whatever the case of its headers."""
    return next((value for name, value in headers.items() if name.lower() == "wechatpay-serial"), "")
