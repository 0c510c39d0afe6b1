"""A server that plays Alipay as each test tells it, and our channel in front of it."""

from collections.abc import AsyncIterator

import pytest
from tests.channels.alipay import peer
from tests.channels.alipay.peer import Peer

from feiqian.channels import Alipay
from feiqian.infra.http import HttpClient


@pytest.fixture
async def server() -> AsyncIterator[Peer]:
    async with peer.serving() as serving:
        yield serving


@pytest.fixture
async def channel(server: Peer) -> AsyncIterator[Alipay]:
    async with HttpClient() as http:
        yield Alipay(config=peer.config(server.base_url), http=http, timeout_s=0.5)


@pytest.fixture
async def certified(server: Peer) -> AsyncIterator[Alipay]:
    """The same in certificate mode."""
    async with HttpClient() as http:
        yield Alipay(config=peer.certificate_config(server.base_url), http=http, timeout_s=0.5)
