"""A worker as its own process, so that it can be killed: sends what is due once, at the moment when tests begin."""

import asyncio
import sys

from feiqian.infra.database import Database
from feiqian.infra.http import HttpClient
from feiqian.kernel.clock import ManualClock
from feiqian.openapi import AddressRule, Webhooks
from tests.conftest import NOW


async def main(url: str) -> None:
    rule = AddressRule(loopback=True)
    async with Database(url) as database, HttpClient(admits=rule.admits) as http:
        webhooks = Webhooks(
            database=database, http=http, clock=ManualClock(NOW), base_url="https://pay.example", rule=rule
        )
        await webhooks.deliver_due()


asyncio.run(main(sys.argv[1]))
