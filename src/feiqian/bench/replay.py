"""How long the story of an orders file takes, and how much memory its house needs."""

import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import msgspec

from feiqian.bench.processes import BenchFailed, memory_peak_mb, processor_time_s, started

LOOK_EVERY_S = 0.5


class ReplayResult(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured."""

    seconds: float
    """From the command's start to its end: database, server, trade, books, verification."""
    payments: int
    payments_per_s: float
    ledger_transactions: int
    ledger_verified: bool
    unexplained: int
    app_memory_mb: float
    cpu_s: dict[str, float]
    """Processor seconds by part; the story itself runs inside the app's process."""


def bench_replay(*, orders: Path | None, days: int | None) -> ReplayResult:
    """Tell the story in a place of its own and take it away.

    Raises: BenchFailed.
    """
    arguments = ["demo", "--json"]
    if orders is not None:
        arguments += ["--orders", str(orders.absolute())]
    if days is not None:
        arguments += ["--days", str(days)]
    with tempfile.TemporaryDirectory(prefix="feiqian-bench-") as name:
        data_dir = Path(name)
        data_dir.chmod(0o755)
        begun = time.monotonic()
        with started(*arguments, data_dir=data_dir) as process:
            watch = _Watch(process.pid)
            watch.start()
            output = process.communicate()[0]
            watch.stop()
        seconds = time.monotonic() - begun
        if process.returncode != 0:
            tail = (data_dir / "bench.log").read_text(errors="replace")[-2000:]
            raise BenchFailed(f"the story ended with {process.returncode}:\n{tail}")
    summary: dict[str, Any] = msgspec.json.decode(output.strip().splitlines()[-1])
    return ReplayResult(
        seconds=round(seconds, 1),
        payments=summary["payments"],
        payments_per_s=round(summary["payments"] / seconds, 1),
        ledger_transactions=summary["ledger_transactions"],
        ledger_verified=summary["ledger_verified"],
        unexplained=summary["unexplained"],
        app_memory_mb=round(watch.memory_mb, 1),
        cpu_s={part: round(s, 1) for part, s in sorted(watch.cpu_s.items())},
    )


class _Watch(threading.Thread):
    """Looks at a process again and again: once it has ended there is nothing to read."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self._process = process
        self._ended = threading.Event()
        self.memory_mb = 0.0
        self.cpu_s: dict[str, float] = {}

    def run(self) -> None:
        while not self._ended.wait(LOOK_EVERY_S):
            self.memory_mb = max(self.memory_mb, memory_peak_mb(self._process))
            for part, seconds in processor_time_s(self._process).items():
                self.cpu_s[part] = max(self.cpu_s.get(part, 0.0), seconds)

    def stop(self) -> None:
        self._ended.set()
        self.join()
