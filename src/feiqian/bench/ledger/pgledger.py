"""pgledger beside us: its own SQL, given by path, in the same server, under the same trade."""

import random
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from feiqian.bench.ledger import store
from feiqian.bench.ledger.batches import ScenarioResult
from feiqian.bench.ledger.scenarios import ACCOUNT_COUNT, AMOUNT
from feiqian.bench.processes import BenchFailed, percentile
from feiqian.infra.database import Database, Transaction

BATCHES = (1, 100, 1_000)


async def measure_pgledger(admin: Database, files: Sequence[Path], *, seconds: float) -> list[ScenarioResult]:
    """Transfers between ten thousand accounts chosen uniformly, in arrays, over one connection as ours are.

    Raises: BenchFailed when the SQL cannot be read or is not pgledger's.
    """
    try:
        scripts = [file.read_text(encoding="utf-8") for file in files]
    except OSError as error:
        raise BenchFailed(f"pgledger's SQL cannot be read: {error}") from error
    accounts = await store.install_pgledger(admin, scripts, accounts=ACCOUNT_COUNT)
    return [await _measure(admin, accounts, batch, seconds=seconds) for batch in BATCHES]


async def _measure(admin: Database, accounts: Sequence[str], batch: int, *, seconds: float) -> ScenarioResult:
    choose = random.Random(1)
    size = await store.pgledger_bytes(admin)
    took: list[float] = []
    while sum(took) < seconds:
        pairs = [choose.sample(accounts, 2) for _ in range(batch)]
        begun = time.perf_counter()
        await admin.run(_transfer(pairs))
        took.append(time.perf_counter() - begun)
    posted = batch * len(took)
    return ScenarioResult(
        scenario=f"pgledger-{batch}",
        entries_before=0,
        transactions_per_s=round(posted / sum(took), 1),
        p50_ms=round(percentile(took, 50) * 1000, 2),
        p99_ms=round(percentile(took, 99) * 1000, 2),
        transactions=posted,
        refused=0,
        bytes_per_transaction=round((await store.pgledger_bytes(admin) - size) / posted, 1),
    )


def _transfer(pairs: Sequence[Sequence[str]]) -> Callable[[Transaction], Awaitable[None]]:
    async def run(tx: Transaction) -> None:
        await store.pgledger_transfer(tx, [pair[0] for pair in pairs], [pair[1] for pair in pairs], AMOUNT)

    return run
