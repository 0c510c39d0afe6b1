"""The simulated bank, a process for each test module at noon in Shanghai on Monday 2 March 2026, and our channel at it."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from itertools import count

import pytest
from tests.channels.bank.bench import KINDS, NOON, Bench
from tests.simulators.bank.platform import MAIN, Inbox
from tests.simulators.bank.platform import Bank as Process

from feiqian.channels import Bank
from feiqian.infra.http import HttpClient

_numbers = count(1)

Opened = Callable[..., Bank]


@pytest.fixture(scope="module")
def bcd_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    process = Process(tmp_path_factory.mktemp("bank"), "--clock", NOON)
    yield process
    assert process.stop() == 0


@pytest.fixture
def bench(bcd_process: Process) -> Bench:
    """Well behaved, at noon, telling nobody."""
    bcd_process.at(NOON)
    bcd_process.sandbox("behaviour", dict.fromkeys(KINDS, "normal"))
    bcd_process.sandbox("accounts", {"number": MAIN, "notify_url": ""})
    return Bench(bcd_process)


@pytest.fixture
async def opened() -> AsyncIterator[Opened]:
    """``opened(bench, "sandbox-soap-1")``: a channel that ends with the test."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(HttpClient())

        def open_channel(bench: Bench, profile: str = "sandbox-iso20022-1", **changes: str) -> Bank:
            bank = Bank(config=bench.config(profile, **changes), http=http, timeout_s=1.0)
            stack.push_async_callback(bank.close_connections)
            return bank

        yield open_channel


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    inbox = Inbox()
    yield inbox
    inbox.close()


@pytest.fixture
def number() -> str:
    """A number that no other test uses, with a trace number at its end."""
    return f"T20260302{next(_numbers):06d}"
