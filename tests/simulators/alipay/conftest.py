"""One simulator for each test module, standing at noon in Shanghai on Monday 2 March 2026 when a test begins."""

import http.client
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from alipay.aop.api.util import WebUtils
from tests.simulators.alipay.merchant import Inbox, Sandbox, Sdk

from feiqian.simulators.alipay.switches import SWITCHES

NOON = "2026-03-02T12:00:00+08:00"
_numbers = count(1)


@pytest.fixture(scope="module")
def module_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    sandbox = Sandbox(tmp_path_factory.mktemp("alipay"), "--clock", NOON)
    yield sandbox
    assert sandbox.stop() == 0


@pytest.fixture
def sandbox(module_sandbox: Sandbox) -> Sandbox:
    """Well behaved, at noon, with a full account."""
    module_sandbox.sandbox("clock", {"now": NOON})
    module_sandbox.behave(**dict.fromkeys(SWITCHES, "normal"), late_s=60)
    module_sandbox.sandbox("balance", {"balance_fen": 100_000_000})
    return module_sandbox


@pytest.fixture
def own_sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """A process that a test may kill and start again."""
    sandbox = Sandbox(tmp_path, "--clock", NOON)
    yield sandbox
    if sandbox.process.poll() is None:
        sandbox.stop()


@pytest.fixture
def sdk(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sdk:
    """Alipay's client; it knows only the ports 80 and 443, so the test gives it another connection."""

    def connect(url: str, query_string: str, timeout: int) -> tuple[str, http.client.HTTPConnection]:
        parts = urlsplit(url)
        assert parts.hostname is not None
        return f"{url}?{query_string}", http.client.HTTPConnection(
            parts.hostname, parts.port, timeout=timeout
        )

    monkeypatch.setattr(WebUtils, "get_http_connection", connect)
    return Sdk(sandbox)


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    inbox = Inbox()
    yield inbox
    inbox.close()


@pytest.fixture
def number() -> str:
    """An order number that no other test uses."""
    return f"order-{next(_numbers):06d}"
