"""Single calls through the HTTP API of a server of its own, which collapses them into batches."""

import asyncio
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from feiqian.bench.ledger.batches import ScenarioResult
from feiqian.bench.ledger.scenarios import AMOUNT, CURRENCY, new_ids
from feiqian.bench.ledger.wire import Connection, connect, request
from feiqian.bench.processes import BenchFailed, memory_peak_mb, percentile, started
from feiqian.infra.postgres import EmbeddedPostgres
from feiqian.kernel.clock import SystemClock

CLIENT_COUNT = 64
HTTP_ACCOUNT_COUNT = 1_000
START_TIMEOUT_S = 90
DROP_AFTER_S = 1.0
"""A request that could not be sent for so long, because all clients were waiting, is counted as dropped."""
WARM_UP_S = 8.0
"""Until PostgreSQL has looked at the young tables and plans for what is in them."""
CREATED = 201

LONE = "http-lone"
"""One client that waits for each answer."""
CLOSED = "http-64-closed"
"""64 clients that wait for each answer: the most that the server takes."""
OPEN = "http-64-open"
"""Requests that arrive at a fixed rate whatever the server does, over 64 connections; timed from when they were due."""
SINGLES = (LONE, CLOSED, OPEN)

_PATH = "/v1/ledger/transactions"
_BOOK = "bench"
_CODE = "own.bench"


class _Opened(msgspec.Struct, frozen=True):
    id: str


class _Sandbox(msgspec.Struct, frozen=True):
    api_key: str


async def measure_singles(
    server: EmbeddedPostgres,
    names: Sequence[str],
    *,
    seconds: float,
    rate: float,
    port: int,
    entries_before: int,
) -> list[ScenarioResult]:
    """Start a server on the bench's database, open accounts over its API, measure, and take it away.

    Raises: BenchFailed.
    """
    with TemporaryDirectory(prefix="feiqian-bench-") as place:
        data_dir = Path(place)
        with started(
            "serve",
            "--sandbox",
            data_dir=data_dir,
            FEIQIAN_PORT=str(port),
            FEIQIAN_DATABASE_URL=server.url,
            FEIQIAN_DATABASE_ADMIN_URL=server.admin_url,
            # A check of every invariant reads the whole ledger and has a core to itself while it does.
            FEIQIAN_INVARIANTS_EVERY_S="0",
        ) as process:
            await _until_up(port, data_dir)
            key = msgspec.json.decode((data_dir / "sandbox.json").read_bytes(), type=_Sandbox).api_key
            accounts = await _open_accounts(port, key)
            calls = _calls(accounts, key)
            results: list[ScenarioResult] = []
            for name in names:
                result = await _measure(name, port, calls, seconds=seconds, rate=rate)
                memory_mb = round(memory_peak_mb(process.pid), 1)
                results.append(
                    msgspec.structs.replace(result, entries_before=entries_before, memory_mb=memory_mb)
                )
            return results


async def _measure(
    name: str, port: int, calls: Iterator[bytes], *, seconds: float, rate: float
) -> ScenarioResult:
    connections = [await connect(port) for _ in range(1 if name == LONE else CLIENT_COUNT)]
    await _closed(connections, calls, WARM_UP_S)
    dropped = 0
    if name == OPEN:
        took, refused, dropped, lasted = await _open(connections, calls, seconds=seconds, rate=rate)
    else:
        took, refused, lasted = await _closed(connections, calls, seconds)
    for connection in connections:
        connection.close()
    return ScenarioResult(
        scenario=name,
        entries_before=0,
        transactions_per_s=round((len(took) - refused) / lasted, 1),
        p50_ms=round(percentile(took, 50) * 1000, 2),
        p99_ms=round(percentile(took, 99) * 1000, 2),
        transactions=len(took) - refused,
        refused=refused,
        dropped=dropped,
    )


async def _closed(
    connections: Sequence[Connection], calls: Iterator[bytes], seconds: float
) -> tuple[list[float], int, float]:
    took: list[float] = []
    refused = 0
    begun = time.perf_counter()
    end = begun + seconds

    async def client(connection: Connection) -> None:
        nonlocal refused
        while (sent := time.perf_counter()) < end:
            status, _ = await connection.send(next(calls))
            took.append(time.perf_counter() - sent)
            refused += status != CREATED

    await asyncio.gather(*(client(connection) for connection in connections))
    return took, refused, time.perf_counter() - begun


async def _open(
    connections: Sequence[Connection], calls: Iterator[bytes], *, seconds: float, rate: float
) -> tuple[list[float], int, int, float]:
    took: list[float] = []
    refused = dropped = 0
    due: asyncio.Queue[float | None] = asyncio.Queue()
    begun = time.perf_counter()

    async def arrive() -> None:
        count = int(rate * seconds)
        sent = 0
        while sent < count:
            now = time.perf_counter()
            while sent < count and begun + sent / rate <= now:
                due.put_nowait(begun + sent / rate)
                sent += 1
            await asyncio.sleep(0.0005)
        for _ in connections:
            due.put_nowait(None)

    async def client(connection: Connection) -> None:
        nonlocal refused, dropped
        while (at := await due.get()) is not None:
            if time.perf_counter() - at > DROP_AFTER_S:
                dropped += 1
                continue
            status, _ = await connection.send(next(calls))
            took.append(time.perf_counter() - at)
            refused += status != CREATED

    await asyncio.gather(arrive(), *(client(connection) for connection in connections))
    return took, refused, dropped, time.perf_counter() - begun


def _calls(accounts: Sequence[str], key: str) -> Iterator[bytes]:
    choose = random.Random(1)
    make_id = new_ids(SystemClock().now())
    while True:
        debit, credit = choose.sample(accounts, 2)
        body = (
            f'{{"id":"{make_id()}","kind":"payment","legs":[{{"debit":"{debit}","credit":"{credit}",'
            f'"amount":{AMOUNT},"currency":"{CURRENCY}"}}]}}'
        )
        yield request("POST", _PATH, key=key, body=body.encode())


async def _open_accounts(port: int, key: str) -> list[str]:
    connections = [await connect(port) for _ in range(CLIENT_COUNT)]
    subject = {
        "code": _CODE,
        "side": "credit",
        "overdraft": None,
        "chinese": "压测账户",
        "english": "Bench account",
    }
    await _ask(connections[0], "/v1/ledger/subjects", key, subject)
    numbers = iter(range(HTTP_ACCOUNT_COUNT))
    opened: list[str] = []

    async def open_some(connection: Connection) -> None:
        for number in numbers:
            account = {
                "book": _BOOK,
                "code": _CODE,
                "owner": f"bench-{number:04d}",
                "currency": CURRENCY,
                "reason": "bench",
            }
            answer = await _ask(connection, "/v1/ledger/accounts", key, account)
            opened.append(msgspec.json.decode(answer, type=_Opened).id)

    await asyncio.gather(*(open_some(connection) for connection in connections))
    for connection in connections:
        connection.close()
    return opened


async def _ask(connection: Connection, path: str, key: str, body: object) -> bytes:
    status, answer = await connection.send(request("POST", path, key=key, body=msgspec.json.encode(body)))
    if status >= 300:
        raise BenchFailed(f"POST {path} was answered {status}: {answer[:300]!r}")
    return answer


async def _until_up(port: int, data_dir: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            connection = await connect(port)
        except OSError:
            if time.monotonic() > deadline:
                tail = (data_dir / "bench.log").read_text(errors="replace")[-2000:]
                raise BenchFailed(f"the server did not start:\n{tail}") from None
            await asyncio.sleep(0.1)
        else:
            status, _ = await connection.send(request("GET", "/health", key="-", body=b""))
            connection.close()
            if status < 300:
                return
            await asyncio.sleep(0.1)
