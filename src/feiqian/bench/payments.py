"""How many payments a machine carries from create to posted, with the simulated channel on the same machine.

Buyers follow each other without a pause; each creates a payment over the API and pays on the simulated phone; the
callback posts it. What is posted is counted by the house's own metric, and at the end against its list.
"""

import asyncio
import subprocess
import tempfile
import time
from pathlib import Path

import msgspec

from feiqian.bench.processes import (
    BenchFailed,
    difference,
    memory_peak_mb,
    percentile,
    processor_time_s,
    started,
)
from feiqian.infra.http import HttpClient, HttpUnknown, HttpUnreachable

MERCHANTS = 3
"""Each order is shared by so many suppliers."""
AMOUNT = 12_345
START_TIMEOUT_S = 90
DRAIN_TIMEOUT_S = 60
REQUEST_TIMEOUT_S = 30
SAMPLE_EVERY = 25
"""Of so many payments one is followed to measure how long it takes from payment to posted."""
WARM_UP_S = 3.0


class PaymentsResult(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured."""

    payments_per_s: float
    """Posted, over the time from the first create to the last posting."""
    payments: int
    seconds: float
    create_p50_ms: float
    create_p99_ms: float
    posted_p50_ms: float
    """From the buyer's payment until the API says succeeded."""
    posted_p99_ms: float
    cpu_ms_per_payment: dict[str, float]
    """Processor time by part; the bench's own buyers are left out."""
    app_memory_mb: float
    failed: int
    """Requests that were refused or lost."""


class _Sandbox(msgspec.Struct, frozen=True):
    api_key: str


class _Payment(msgspec.Struct, frozen=True):
    id: str
    state: str
    code_url: str | None


class _Buyers:
    def __init__(self, http: HttpClient, *, base_url: str, phone_url: str, key: str) -> None:
        self._http = http
        self._base_url = base_url
        self._phone_url = phone_url
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self.created_ms: list[float] = []
        self.posted_ms: list[float] = []
        self.paid = 0
        self.failed = 0

    async def register(self) -> None:
        for number in range(MERCHANTS):
            merchant = {"merchant_no": f"M{number}", "name": f"Bench merchant {number}"}
            await self._send("POST", f"{self._base_url}/v1/merchants", merchant)

    async def buy_until(self, end: float, buyer: int) -> None:
        number = 0
        while time.monotonic() < end:
            number += 1
            try:
                await self._buy(f"B{buyer}-{int(end * 1000)}-{number}")
            except (HttpUnknown, HttpUnreachable, BenchFailed):
                self.failed += 1

    async def posted(self) -> int:
        """What the house has posted since it started."""
        answer = await self._send("GET", f"{self._base_url}/metrics", None)
        for line in answer.decode().splitlines():
            if line.startswith("feiqian_notices_total") and 'outcome="taken"' in line:
                return int(float(line.rpartition(" ")[2]))
        return 0

    async def _buy(self, order_no: str) -> None:
        share = AMOUNT // MERCHANTS
        order = {
            "order_no": order_no,
            "amount": AMOUNT,
            "currency": "CNY",
            "description": "bench",
            "lines": [{"merchant_no": f"M{number}", "amount": share} for number in range(MERCHANTS)],
        }
        begun = time.perf_counter()
        answer = await self._send("POST", f"{self._base_url}/v1/payments", order)
        self.created_ms.append((time.perf_counter() - begun) * 1000)
        payment = msgspec.json.decode(answer, type=_Payment)
        begun = time.perf_counter()
        await self._send("POST", f"{self._phone_url}/sandbox/pay", {"code_url": payment.code_url})
        self.paid += 1
        if self.paid % SAMPLE_EVERY == 0:
            await self._follow(payment.id, begun)

    async def _follow(self, payment_id: str, begun: float) -> None:
        for _ in range(2000):
            answer = await self._send("GET", f"{self._base_url}/v1/payments/{payment_id}", None)
            if msgspec.json.decode(answer, type=_Payment).state == "succeeded":
                self.posted_ms.append((time.perf_counter() - begun) * 1000)
                return
            await asyncio.sleep(0.002)
        self.failed += 1

    async def _send(self, method: str, url: str, body: object) -> bytes:
        """One request. Raises: HttpUnknown, HttpUnreachable, BenchFailed for anything but 2xx."""
        content = b"" if body is None else msgspec.json.encode(body)
        answer = await self._http.request(
            method=method, url=url, headers=self._headers, body=content, timeout_s=REQUEST_TIMEOUT_S
        )
        if answer.status >= 300:
            raise BenchFailed(f"{method} {url} was answered {answer.status}: {answer.body[:300]!r}")
        return answer.body


async def bench_payments(*, seconds: float, clients: int, port: int) -> PaymentsResult:
    """Start a sandbox in a place of its own, measure, and take everything away.

    Raises: BenchFailed.
    """
    with tempfile.TemporaryDirectory(prefix="feiqian-bench-") as name:
        data_dir = Path(name)
        # The embedded PostgreSQL may run under another account, which has to reach its files.
        data_dir.chmod(0o755)
        base_url = f"http://127.0.0.1:{port}"
        with started("serve", "--sandbox", data_dir=data_dir, FEIQIAN_PORT=str(port)) as process:
            async with HttpClient() as http:
                await _until_up(http, base_url, data_dir, process)
                key = msgspec.json.decode((data_dir / "sandbox.json").read_bytes(), type=_Sandbox).api_key
                phone_url = _phone_url(data_dir)
                buyers = _Buyers(http, base_url=base_url, phone_url=phone_url, key=key)
                await buyers.register()
                return await _measure(buyers, seconds=seconds, clients=clients, process=process.pid)


async def _measure(buyers: _Buyers, *, seconds: float, clients: int, process: int) -> PaymentsResult:
    await _round(buyers, WARM_UP_S, clients)
    await _drained(buyers)
    warm = await buyers.posted()
    buyers.created_ms.clear()
    buyers.posted_ms.clear()
    buyers.failed = 0
    before, begun = processor_time_s(process), time.monotonic()
    await _round(buyers, seconds, clients)
    await _drained(buyers)
    took = time.monotonic() - begun
    used = difference(before, processor_time_s(process))
    posted = await buyers.posted() - warm
    return PaymentsResult(
        payments_per_s=round(posted / took, 1),
        payments=posted,
        seconds=round(took, 2),
        create_p50_ms=round(percentile(buyers.created_ms, 50), 2),
        create_p99_ms=round(percentile(buyers.created_ms, 99), 2),
        posted_p50_ms=round(percentile(buyers.posted_ms, 50), 2),
        posted_p99_ms=round(percentile(buyers.posted_ms, 99), 2),
        cpu_ms_per_payment={part: round(s * 1000 / max(posted, 1), 2) for part, s in sorted(used.items())},
        app_memory_mb=round(memory_peak_mb(process), 1),
        failed=buyers.failed,
    )


async def _round(buyers: _Buyers, seconds: float, clients: int) -> None:
    end = time.monotonic() + seconds
    await asyncio.gather(*(buyers.buy_until(end, buyer) for buyer in range(clients)))


async def _drained(buyers: _Buyers) -> None:
    """Wait until every payment is posted: what is slow must not be left out."""
    deadline = time.monotonic() + DRAIN_TIMEOUT_S
    while await buyers.posted() < buyers.paid:
        if time.monotonic() > deadline:
            raise BenchFailed(f"{buyers.paid} were paid, only {await buyers.posted()} are posted")
        await asyncio.sleep(0.02)


async def _until_up(
    http: HttpClient, base_url: str, data_dir: Path, process: "subprocess.Popen[str]"
) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            await http.request(method="GET", url=f"{base_url}/health", headers={}, body=b"", timeout_s=5)
        except (HttpUnreachable, HttpUnknown):
            if process.poll() is not None or time.monotonic() > deadline:
                tail = (data_dir / "bench.log").read_text(errors="replace")[-2000:]
                raise BenchFailed(f"the server did not start:\n{tail}") from None
            await asyncio.sleep(0.1)
        else:
            return


def _phone_url(data_dir: Path) -> str:
    """Where the simulated phone is, as the server says at its start."""
    for line in (data_dir / "bench.log").read_text(errors="replace").splitlines():
        if "(wechatpay)" in line:
            return next(word for word in line.split() if word.startswith("http")).removesuffix("/phone")
    raise BenchFailed("the server did not say where the simulated phone is")
