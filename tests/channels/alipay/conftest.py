"""A server that plays Alipay as each test tells it, the simulator, and our channel in front of either."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiohttp import web
from tests.channels.alipay import peer
from tests.channels.alipay.peer import Peer
from tests.channels.alipay.sandbox import Listener, Sandbox, simulating

from feiqian.channels import Alipay, alipay_config_from_sandbox
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


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    with simulating(tmp_path_factory.mktemp("alipay")) as started:
        yield started


@pytest.fixture
async def sandbox(simulator: tuple[str, Path]) -> AsyncIterator[Sandbox]:
    address, credentials = simulator
    listener = Listener()
    application = web.Application()
    application.router.add_post("/callbacks/alipay", listener.take)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    listener.notify_url = f"http://127.0.0.1:{runner.addresses[0][1]}/callbacks/alipay"
    try:
        async with HttpClient() as http:
            config = alipay_config_from_sandbox(credentials, address, certificate_mode=True)
            channel = Alipay(config=config, http=http, timeout_s=2)
            opened = Sandbox(address=address, channel=channel, http=http, listener=listener)
            await opened.behave_well()
            await opened.set_clock(opened.now)
            yield opened
            await opened.behave_well()
    finally:
        await runner.cleanup()
