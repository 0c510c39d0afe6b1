"""One simulator for each test module, standing at noon in Shanghai on Monday 2 March 2026 when a test begins."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from tests.simulators.merchant import Inbox, Sandbox

NOON = "2026-03-02T12:00:00+08:00"
_numbers = count(1)


@pytest.fixture(scope="module")
def module_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    sandbox = Sandbox(tmp_path_factory.mktemp("simulator"), "--clock", NOON)
    yield sandbox
    assert sandbox.stop() == 0


@pytest.fixture
def sandbox(module_sandbox: Sandbox) -> Sandbox:
    """Well behaved, at noon."""
    module_sandbox.sandbox("clock", {"now": NOON})
    modes = module_sandbox.sandbox("behaviour")
    normal = {name: "normal" for name, mode in modes.items() if isinstance(mode, str)}
    module_sandbox.sandbox("behaviour", normal | {"answer_path": "", "late_s": 60, "slow_s": 10})
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
    return f"order-{next(_numbers):06d}"
