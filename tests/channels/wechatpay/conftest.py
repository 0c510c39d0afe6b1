"""The WeChat Pay simulator, and our channel in front of it."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from tests.channels.wechat import serving
from tests.channels.wechatpay.sandbox import Sandbox, config, simulating

from feiqian.channels import WechatPay
from feiqian.infra.http import HttpClient


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """(address, credentials) of a simulator that all tests share, each on a day of its own."""
    with simulating(tmp_path_factory.mktemp("wechatpay")) as started:
        yield started


@asynccontextmanager
async def opened(simulator: tuple[str, Path], **changes: object) -> AsyncGenerator[Sandbox]:
    address, credentials = simulator
    async with HttpClient() as http, serving() as ours:

        async def accept(_: web.Request) -> web.StreamResponse:
            return web.Response(status=204)

        ours.handler = accept
        channel = WechatPay(config=config(address, credentials, **changes), http=http, timeout_s=3)
        sandbox = Sandbox(address=address, credentials=credentials, http=http, ours=ours, channel=channel)
        await sandbox.set_clock(sandbox.now)
        await sandbox.behave_well()
        yield sandbox


@pytest.fixture
async def sandbox(simulator: tuple[str, Path]) -> AsyncIterator[Sandbox]:
    async with opened(simulator) as sandbox:
        yield sandbox


@pytest.fixture
async def own_sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    """One whose keys may be changed, with platform certificates only."""
    with simulating(tmp_path) as started:
        async with opened(started, public_key=None, public_key_id=None) as sandbox:
            yield sandbox
