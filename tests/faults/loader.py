"""A program that loads the ledger until it is told to stop: ``python -m tests.faults.loader URL JOURNAL CLOCK TIMEOUT``.

Each worker has one call under way at a time and sends it again, the same, as long as it is told to retry. After a kill it
begins with the batch that it has no answer to. With ``jumping`` for a clock every call happens at another time. The
time-out is that of a statement, in seconds.
"""

import asyncio
import signal
import sys
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random

from feiqian.infra.database import Database, DatabaseUnavailable
from feiqian.ledger import Result, post
from tests.conftest import NOW
from tests.faults.journal import Journal, workers
from tests.faults.orders import Batch

JUMPS = (timedelta(hours=-1), timedelta(days=-31), timedelta(seconds=1), timedelta(minutes=5))


def shown(result: Result) -> str:
    """``posted``, ``exists``, or the code of the refusal."""
    return result.refusal.code if result.refusal is not None else result.outcome.value


class Loader:
    """The workers over one pool."""

    def __init__(self, database: Database, journal: Journal, *, jumping: bool) -> None:
        self._database = database
        self._journal = journal
        self._jumping = jumping
        self._now = NOW
        self._dice = Random(1)
        self.stopping = asyncio.Event()

    async def work(self, worker: int) -> None:
        number = self._journal.next_number(worker)
        while not self.stopping.is_set():
            batch = Batch(worker, number)
            self._journal.write("asked", batch)
            results = await self._insist(batch)
            self._journal.write("acknowledged", batch, *map(shown, results))
            number += 1

    async def _insist(self, batch: Batch) -> list[Result]:
        transactions = batch.transactions()
        while True:
            now = self._tick()
            try:
                return await self._database.run(partial(post, now=now, transactions=transactions))
            except DatabaseUnavailable as refusal:
                self._journal.write("refused", batch, refusal.code)
                await asyncio.sleep(0.05)

    def _tick(self) -> datetime:
        self._now += self._dice.choice(JUMPS) if self._jumping else timedelta(milliseconds=1)
        return self._now


async def load(url: str, journal: Path, *, jumping: bool, statement_timeout_s: int) -> None:
    database = Database(url, statement_timeout_s=statement_timeout_s, connections_max=6)
    async with database:
        loader = Loader(database, Journal(journal), jumping=jumping)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, loader.stopping.set)
        async with asyncio.TaskGroup() as group:
            for worker in workers():
                group.create_task(loader.work(worker))


if __name__ == "__main__":
    url, journal, clock, timeout_s = sys.argv[1:]
    asyncio.run(load(url, Path(journal), jumping=clock == "jumping", statement_timeout_s=int(timeout_s)))
