"""One bank for each test module, standing at noon in Shanghai on Monday 2 March 2026 when a test begins."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from tests.simulators.bank.platform import MAIN, SECOND, Bank, Inbox

NOON = "2026-03-02T12:00:00+08:00"
KINDS = ("callback", "answer", "answer_signature", "payment", "statement", "socket")
_numbers = count(1)


@pytest.fixture(scope="module")
def module_bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    bank = Bank(tmp_path_factory.mktemp("bank"), "--clock", NOON)
    yield bank
    assert bank.stop() == 0


@pytest.fixture
def bank(module_bank: Bank) -> Bank:
    """Well behaved, at noon, telling nobody."""
    module_bank.at(NOON)
    module_bank.sandbox("behaviour", dict.fromkeys(KINDS, "normal"))
    for number in (MAIN, SECOND):
        module_bank.sandbox("accounts", {"number": number, "notify_url": ""})
    return module_bank


@pytest.fixture
def own_bank(tmp_path: Path) -> Iterator[Bank]:
    """A process of the test's own, which it may kill and start again."""
    bank = Bank(tmp_path, "--clock", NOON)
    yield bank
    if bank.process.poll() is None:
        bank.stop()


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    inbox = Inbox()
    yield inbox
    inbox.close()


@pytest.fixture
def number() -> str:
    """A number that no other test uses."""
    return f"B{next(_numbers):06d}"
