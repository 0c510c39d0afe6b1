"""Bills of WeChat Pay: asked for, downloaded, checked, read.

Source: the official pages on /v3/bill/tradebill, /v3/bill/fundflowbill and on downloading.
"""

import asyncio
from collections.abc import Callable
from datetime import date, datetime
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from feiqian.channels.errors import BillMissing, ChannelFailed
from feiqian.channels.model import Bill
from feiqian.channels.wechatpay import wire
from feiqian.channels.wechatpay.bills import check_hash, parse_bill
from feiqian.channels.wechatpay.errors import UNREADABLE, error_of
from feiqian.channels.wechatpay.fundflow import FundFlow, parse_fund_flow
from feiqian.channels.wechatpay.gateway import Gateway
from feiqian.infra.http import HttpAnswer

BILL_TIMEOUT_S = 300.0
BILL_BYTES_MAX = 300_000_000
"""About 800,000 lines."""
BILL_TRIES = 3
"""How often an address is asked for: it may have expired by the time it is used."""

_T = TypeVar("_T")
_bill_link = msgspec.json.Decoder(wire.BillLink)


class Billing:
    """Fetches what moved on a day."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def download_bill(self, day: date, *, now: datetime) -> Bill:
        """The trade bill of a day, ready from 10:00 Beijing time of the next day, kept three months.

        Of a service provider it holds the orders of all its merchants.
        Raises: BillMissing, BillDamaged, ChannelFailed, ChannelUnknown.
        """
        mchid = self._gateway.config.mchid
        target = f"/v3/bill/tradebill?bill_date={day.isoformat()}&bill_type=ALL"
        return await self._download(
            target, day, lambda content: parse_bill(content, day=day, mchid=mchid), now=now
        )

    async def download_fund_flow(self, day: date, *, now: datetime) -> FundFlow:
        """Every movement of our money at WeChat Pay on a day, with the balance after each; ready as the trade bill.

        Raises: as ``download_bill``.
        """
        target = f"/v3/bill/fundflowbill?bill_date={day.isoformat()}&account_type=BASIC"
        return await self._download(target, day, lambda content: parse_fund_flow(content, day=day), now=now)

    async def _download(self, target: str, day: date, parse: Callable[[bytes], _T], *, now: datetime) -> _T:
        link, answer = await self._fetch(target, day, now)
        for _ in range(BILL_TRIES - 1):
            if not 400 <= answer.status < 500:
                break
            link, answer = await self._fetch(target, day, now)
        if answer.status != 200:
            raise self._gateway.error(answer, now)

        def read() -> _T:
            # The file itself is not signed: its hash is, in the answer before.
            check_hash(answer.body, day=day, hash_type=link.hash_type, hash_value=link.hash_value)
            return parse(answer.body)

        return await asyncio.to_thread(read)

    async def _fetch(self, target: str, day: date, now: datetime) -> tuple[wire.BillLink, HttpAnswer]:
        try:
            link = await self._gateway.get(target, _bill_link, now=now)
        except ChannelFailed as error:
            if error.code == "bill_missing":
                raise BillMissing(
                    day=day,
                    channel_code=error.channel_code,
                    nothing_moved=error.channel_code == "NO_STATEMENT_EXIST",
                ) from error
            raise
        # Only path and query are taken, so that our signature is never sent to another host.
        place = urlsplit(link.download_url)._replace(scheme="", netloc="", fragment="").geturl()
        if not place.startswith("/"):
            raise error_of(UNREADABLE, message=f"download_url is {link.download_url!r}")
        answer = await self._gateway.send(
            "GET", place, now=now, timeout_s=BILL_TIMEOUT_S, response_bytes_max=BILL_BYTES_MAX
        )
        return link, answer
