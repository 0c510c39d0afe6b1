"""One simulator for each test module, standing at noon in Shanghai on Monday 2 March 2026 when a test begins."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from tests.simulators.unionpay.inbox import Inbox
from tests.simulators.unionpay.merchant import Sandbox

NOON = "2026-03-02T12:00:00+08:00"
SWITCHES = (
    "callback",
    "answer",
    "certificate",
    "payment",
    "transaction",
    "payout",
    "query",
    "batch",
    "settlement_file",
)
_numbers = count(1)


@pytest.fixture(scope="module")
def module_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    sandbox = Sandbox(tmp_path_factory.mktemp("unionpay"), "--clock", NOON)
    yield sandbox
    assert sandbox.stop() == 0


@pytest.fixture
def sandbox(module_sandbox: Sandbox) -> Sandbox:
    """Well behaved, at noon."""
    module_sandbox.sandbox("clock", {"now": NOON})
    module_sandbox.sandbox("behaviour", dict.fromkeys(SWITCHES, "normal"))
    module_sandbox.sandbox("certificate", {"use": "normal"})
    return module_sandbox


@pytest.fixture
def own_sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """A process that a test may kill and start again."""
    sandbox = Sandbox(tmp_path, "--clock", NOON)
    yield sandbox
    if sandbox.process.poll() is None:
        sandbox.stop()


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    inbox = Inbox()
    yield inbox
    inbox.close()


@pytest.fixture
def number() -> str:
    """An order number that no other test uses."""
    return f"order{next(_numbers):06d}"
