"""Staff, a vault, and a server that plays WeChat Pay: everything that connections are made from."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from feiqian.infra.database import Database
from feiqian.infra.http import HttpClient
from feiqian.infra.vault import Vault, open_vault
from feiqian.kernel.clock import ManualClock
from tests.channels import wechat
from tests.channels.wechat import Wechat
from tests.conftest import NOW
from tests.connections.office import Office


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return open_vault(key_file=None, data_dir=tmp_path)


@pytest.fixture
async def server() -> AsyncIterator[Wechat]:
    async with wechat.serving() as serving:
        yield serving


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    async with HttpClient() as client:
        yield client


@pytest.fixture
async def office(
    database: Database, clock: ManualClock, vault: Vault, http: HttpClient, server: Wechat
) -> Office:
    return await Office(database=database, clock=clock, vault=vault, http=http, server=server).open()
