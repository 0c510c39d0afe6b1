"""Alipay for one application: all that the house asks of it."""

import asyncio
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

import msgspec

from feiqian.channels.alipay import wire
from feiqian.channels.alipay.bills import is_zip, parse_bill
from feiqian.channels.alipay.config import AlipayConfig
from feiqian.channels.alipay.errors import UNANSWERED, UNREACHABLE, UNREADABLE, error_of
from feiqian.channels.alipay.gateway import CALL_TIMEOUT_S, Gateway
from feiqian.channels.alipay.notices import NoticeReader
from feiqian.channels.alipay.sharing import Sharing
from feiqian.channels.alipay.terms import TERMS
from feiqian.channels.alipay.trading import Trading
from feiqian.channels.alipay.transferring import Transferring
from feiqian.channels.errors import BillMissing, ChannelFailed
from feiqian.channels.model import (
    Bill,
    ChannelIdentity,
    ChannelTerms,
    Notice,
    NoticeAnswer,
    OrderKey,
    PaymentMethod,
)
from feiqian.infra.http import HttpAnswer, HttpClient, HttpUnknown, HttpUnreachable
from feiqian.kernel.calendar import local

BILL_TIMEOUT_S = 300.0
BILL_BYTES_MAX = 100_000_000
"""Of the zip; about 3 million lines."""
BILL_LATE_HOUR = 12
"""Beijing time of the next day, from when a bill that is not there will not come: nothing moved."""
BILL_TRIES = 3
"""How often an address is asked for: each is good for 30 seconds only."""
_bill_link = msgspec.json.Decoder(wire.BillLink)


class _BillQuery(msgspec.Struct, frozen=True, kw_only=True):
    """biz_content of alipay.data.dataservice.bill.downloadurl.query."""

    bill_date: str
    bill_type: str = "trade"


class Alipay(Trading, Transferring, Sharing):
    """Alipay for one application; a ``TradeChannel`` that also transfers and splits. Keys are parsed here, once.

    Raises: InvalidRequest naming the setting that is wrong.
    """

    def __init__(self, *, config: AlipayConfig, http: HttpClient, timeout_s: float = CALL_TIMEOUT_S) -> None:
        self._config = config
        super().__init__(Gateway(config=config, http=http, timeout_s=timeout_s))
        self._notices = NoticeReader(app_id=config.app_id, seller_id=config.seller_id)

    @property
    def terms(self) -> ChannelTerms:
        """What Alipay allows."""
        return TERMS

    @property
    def identity(self) -> ChannelIdentity:
        """Our seller number and application."""
        return ChannelIdentity(self._config.seller_id, self._config.app_id)

    async def probe(self, *, now: datetime) -> None:
        """Ask about an order that does not exist: an answer shows that both sides' keys work."""
        key = OrderKey(out_trade_no="probe_of_the_keys", method=PaymentMethod.ALIPAY_QR, placed_at=now)
        await self.query(key, now=now)

    def read_notice(
        self,
        *,
        headers: Mapping[str, str],  # noqa: ARG002 (Alipay signs no headers)
        body: bytes,
        now: datetime,
    ) -> Notice:
        """The notice behind a notification; its headers say nothing. Raises: NoticeRefused."""
        return self._notices.read(body=body, keys=self._gateway.keys, now=now)

    def answer_notice(self, refusal: str | None) -> NoticeAnswer:
        """The bare word ``success``; after any other Alipay sends again, for 25 hours."""
        return NoticeAnswer(200, b"success" if refusal is None else b"fail", "text/plain")

    async def download_bill(self, day: date, *, now: datetime) -> Bill:
        """The trade bill of a day, ready about 9:00 Beijing time of the next day.

        Raises: BillMissing, BillDamaged, ChannelFailed, ChannelUnknown.
        """
        answer = await self._fetch_bill(day, now)
        for _ in range(BILL_TRIES - 1):
            if answer.status == 200 and is_zip(answer.body):
                break
            # The address had expired by the time it was used.
            answer = await self._fetch_bill(day, now)
        if answer.status >= 500:
            raise error_of(UNANSWERED, message=f"HTTP {answer.status}")
        if answer.status != 200 or not is_zip(answer.body):
            raise error_of(UNREADABLE, message=f"HTTP {answer.status}: no zip at the bill's address")
        return await asyncio.to_thread(parse_bill, answer.body, day=day, seller_id=self._config.seller_id)

    async def _fetch_bill(self, day: date, now: datetime) -> HttpAnswer:
        content = _BillQuery(bill_date=day.isoformat())
        method = "alipay.data.dataservice.bill.downloadurl.query"
        try:
            link = await self._gateway.call(method, content, _bill_link, now=now)
        except ChannelFailed as error:
            if error.code == "bill_missing":
                # Alipay says the same of a bill that is not ready and of a day without trade.
                final = now >= local(day + timedelta(days=1), BILL_LATE_HOUR)
                raise BillMissing(day=day, channel_code=error.channel_code, nothing_moved=final) from error
            raise
        url = urlsplit(link.bill_download_url)
        if url.scheme not in ("http", "https") or not url.netloc:
            raise error_of(UNREADABLE, message=f"bill_download_url is {link.bill_download_url!r}")
        try:
            # Another host, to which nothing of ours is sent: the address itself is the permission.
            return await self._gateway.http.request(
                method="GET",
                url=link.bill_download_url,
                headers={"User-Agent": "feiqian"},
                body=b"",
                timeout_s=BILL_TIMEOUT_S,
                response_bytes_max=BILL_BYTES_MAX,
            )
        except HttpUnreachable as error:
            raise error_of(UNREACHABLE, message=str(error)) from error
        except HttpUnknown as error:
            raise error_of(UNANSWERED, message=str(error)) from error
