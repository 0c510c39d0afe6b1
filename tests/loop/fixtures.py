"""Fixtures of every test that needs a running house."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest

from feiqian.app.sandbox import open_simulators
from feiqian.channels import ChannelKind, WechatPay
from tests.conftest import NOW
from tests.loop.house import House, open_house


@pytest.fixture(scope="session")
def channel_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the simulator keeps its credentials and books."""
    return tmp_path_factory.mktemp("channel")


@pytest.fixture(scope="session")
def sandbox_url(channel_dir: Path) -> Iterator[str]:
    """WeChat Pay, simulated, as a process of its own."""
    with open_simulators(channel_dir, [ChannelKind.WECHATPAY]) as places:
        yield places.url(ChannelKind.WECHATPAY)


@pytest.fixture
async def house(database_urls: tuple[str, str], channel_dir: Path, sandbox_url: str) -> AsyncIterator[House]:
    """A running house over a database of its own. When the test is over, every invariant of every domain holds."""
    async with open_house(
        urls=database_urls, data_dir=channel_dir, sandbox_url=sandbox_url, now=NOW
    ) as opened:
        yield opened
        assert await opened.broken() == []


@pytest.fixture
async def hasty_house(
    database_urls: tuple[str, str], channel_dir: Path, sandbox_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[House]:
    """A house that waits for its channel's answer for two seconds only: for tests in which none comes."""
    monkeypatch.setattr("feiqian.channels.kinds.wechatpay.WechatPay", partial(WechatPay, timeout_s=2.0))
    async with open_house(
        urls=database_urls, data_dir=channel_dir, sandbox_url=sandbox_url, now=NOW
    ) as opened:
        yield opened
        assert await opened.broken() == []


@pytest.fixture
def public_dir() -> Iterator[Path]:
    """A directory that the account which runs PostgreSQL may enter."""
    with tempfile.TemporaryDirectory(prefix="feiqian-test-") as name:
        place = Path(name)
        place.chmod(0o755)
        yield place
