"""A server that plays WeChat Pay as each test tells it, and our channel in front of it."""

from collections.abc import AsyncIterator

import pytest
from tests.channels import wechat
from tests.channels.wechat import Wechat

from feiqian.channels import WechatPay
from feiqian.infra.http import HttpClient


@pytest.fixture
async def server() -> AsyncIterator[Wechat]:
    async with wechat.serving() as serving:
        yield serving


@pytest.fixture
async def channel(server: Wechat) -> AsyncIterator[WechatPay]:
    async with HttpClient() as http:
        yield WechatPay(config=wechat.config(server.base_url), http=http, timeout_s=0.5)
