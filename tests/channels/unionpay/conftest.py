"""The simulator in its own process, and our channel in front of it; or a server that plays UnionPay as a test tells it."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import date, timedelta
from itertools import count
from pathlib import Path

import pytest
from tests.channels.unionpay import peer
from tests.channels.unionpay.peer import Peer
from tests.channels.unionpay.sandbox import SWITCHES, Sandbox

from feiqian.channels import UnionPay, unionpay_config_from_sandbox
from feiqian.infra.http import HttpClient

_tests = count()


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """(address, credentials) of a simulator."""
    place = tmp_path_factory.mktemp("simulator")
    command = [sys.executable, "-m", "feiqian.simulators.unionpay", "--port", "0", "--data-dir", str(place)]
    command += ["--clock", "2026-03-02T12:00:00+08:00"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            word, address = process.stdout.readline().split()
            assert word == "ready"
            yield address, place / "unionpay-sandbox" / "credentials.json"
        finally:
            process.terminate()


@pytest.fixture
async def sandbox(simulator: tuple[str, Path]) -> AsyncIterator[Sandbox]:
    """A well-behaved day that no other test uses."""
    address, credentials = simulator
    number = next(_tests)
    async with HttpClient() as http, peer.serving() as ours:
        channel = UnionPay(config=unionpay_config_from_sandbox(credentials, address), http=http, timeout_s=3)
        opened = Sandbox(
            address=address,
            channel=channel,
            http=http,
            ours=ours,
            day=date(2026, 3, 2) + timedelta(days=2 * number),
            number=f"test{number:04d}",
        )
        await opened.set_clock(opened.now)
        await opened.post("/sandbox/behaviour", dict.fromkeys(SWITCHES, "normal"))
        await opened.post("/sandbox/certificate", {"use": "normal"})
        yield opened


@pytest.fixture
async def server() -> AsyncIterator[Peer]:
    async with peer.serving() as serving:
        yield serving


@pytest.fixture
async def channel(server: Peer) -> AsyncIterator[UnionPay]:
    async with HttpClient() as http:
        yield UnionPay(config=peer.config(server.base_url), http=http, timeout_s=0.5)
