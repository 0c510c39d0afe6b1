"""The program that loads, and what must be true of the ledger once it has been through a fault."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from uuid import UUID

from feiqian.app.invariants import check_all
from feiqian.infra.database import Database, Transaction
from feiqian.ledger import post
from tests.conftest import NOW
from tests.faults.journal import Journal
from tests.faults.loader import shown
from tests.faults.orders import Batch, Counters, sums

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60


class Load:
    """A loader as a program of its own, and its journal. It may be begun again after it was killed."""

    def __init__(self, url: str, directory: Path, *, clock: str, statement_timeout_s: int) -> None:
        self.journal = Journal(directory / "journal.ndjson")
        self._arguments = [url, str(directory / "journal.ndjson"), clock, str(statement_timeout_s)]
        self._errors = directory / "loader.txt"
        self._program: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        with self._errors.open("ab") as errors:
            self._program = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.loader", *self._arguments], cwd=ROOT, stderr=errors
            )

    async def acknowledged(self, more: int) -> None:
        """Wait until so many more batches were answered."""
        enough = len(self.journal.acknowledged()) + more
        await self._until(lambda: len(self.journal.acknowledged()) >= enough)

    async def refused(self, more: int) -> None:
        """Wait until so many more calls were told to retry."""
        enough = len(self.journal.refusals()) + more
        await self._until(lambda: len(self.journal.refusals()) >= enough)

    def kill(self) -> None:
        """SIGKILL: the program dies between two instructions."""
        assert self._program is not None
        os.kill(self._program.pid, signal.SIGKILL)
        assert self._program.wait() == -signal.SIGKILL, self._errors.read_text()

    async def finish(self) -> None:
        """Let every call under way be answered, and end."""
        assert self._program is not None
        self._program.send_signal(signal.SIGTERM)
        await asyncio.to_thread(self._program.wait, PATIENCE_S)
        assert self._program.returncode == 0, self._errors.read_text()[-4000:]

    def close(self) -> None:
        if self._program is not None and self._program.poll() is None:
            self._program.kill()
            self._program.wait()

    async def _until(self, enough: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not enough():
            assert self._program is not None
            assert self._program.poll() is None, self._errors.read_text()[-4000:]
            assert time.monotonic() < deadline, f"still waiting after {PATIENCE_S} s"
            await asyncio.sleep(0.02)


@contextmanager
def loading(
    url: str, directory: Path, *, clock: str = "steady", statement_timeout_s: int = 30
) -> Generator[Load]:
    """A loader at work; what is left of it is killed at the end."""
    load = Load(url, directory, clock=clock, statement_timeout_s=statement_timeout_s)
    load.begin()
    try:
        yield load
    finally:
        load.close()


async def assert_settled(database: Database, journal: Journal) -> None:
    """Every acknowledged transaction is there once, no other twice; what is asked again changes nothing; sums agree."""
    asked, acknowledged = journal.asked(), journal.acknowledged()
    there = await recorded(database)
    assert len(acknowledged) > 0
    for batch, outcomes in acknowledged.items():
        assert [_once(outcome) for outcome in outcomes] == batch.expected()
        assert posted_ids(batch) <= there.keys()
    assert there.keys() <= {id for batch in asked for id in posted_ids(batch)}
    for batch in asked:
        assert there.keys() >= posted_ids(batch) or not there.keys() & posted_ids(batch), f"half of {batch}"
        again = partial(post, now=NOW, transactions=batch.transactions())
        outcomes = [shown(result) for result in await database.run(again)]
        replayed = "exists" if there.keys() >= posted_ids(batch) else "posted"
        assert outcomes == [replayed if outcome == "posted" else outcome for outcome in batch.expected()]
    assert await counters(database) == sums(asked)
    assert await broken(database) == []


def posted_ids(batch: Batch) -> set[UUID]:
    """The ids of a batch that must be recorded once it is answered."""
    pairs = zip(batch.transactions(), batch.expected(), strict=True)
    return {transaction.id for transaction, outcome in pairs if outcome == "posted"}


async def recorded(database: Database) -> dict[UUID, int]:
    """How many legs there are of each transaction."""
    async with database.reading() as tx:
        return dict(await tx.tuples("SELECT transaction, count(*) FROM ledger.leg GROUP BY transaction"))


async def counters(database: Database) -> dict[UUID, Counters]:
    """What every account that moved shows."""
    async with database.reading() as tx:
        rows = await tx.tuples(
            "SELECT id, debits, credits, held_debits, held_credits, sequence FROM ledger.account WHERE sequence > 0"
        )
    return {id: Counters(*figures) for id, *figures in rows}


async def broken(database: Database) -> list[str]:
    """Invariants that do not hold, of any domain."""

    async def look(tx: Transaction) -> list[str]:
        return [f"{found.name}: {found.sample}" for found in await check_all(tx) if found.violations]

    return await database.run(look)


def _once(outcome: str) -> str:
    """``exists`` answers a call whose first answer was lost."""
    return "posted" if outcome == "exists" else outcome
