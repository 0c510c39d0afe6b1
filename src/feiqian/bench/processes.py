"""Processes under measurement: started in a place of their own, their processor time and memory read from Linux."""

import os
import signal
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class BenchFailed(Exception):
    """The bench could not measure; the message says why."""


@contextmanager
def started(*arguments: str, data_dir: Path, **environment: str) -> Generator["subprocess.Popen[str]"]:
    """Run ``feiqian <arguments>`` in a data directory for as long as the context lasts."""
    log_path = data_dir / "bench.log"
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "feiqian.cli", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "FEIQIAN_DATA_DIR": str(data_dir), **environment},
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def processor_time_s(root: int) -> dict[str, float]:
    """Processor seconds so far of a process and everything below it, by part: app, simulator, postgres."""
    parts: dict[str, float] = {}
    children = _children()
    waiting = [root]
    while waiting:
        process = waiting.pop()
        waiting += children.get(process, [])
        seconds = _seconds(process)
        if seconds is not None:
            part = "app" if process == root else _part(process)
            parts[part] = parts.get(part, 0.0) + seconds
    return parts


def difference(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """What was used in between."""
    return {part: seconds - before.get(part, 0.0) for part, seconds in after.items()}


def memory_peak_mb(process: int) -> float:
    """The most memory that a running process has had resident; 0 once it has ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0.0
    peak = [line.split()[1] for line in lines if line.startswith("VmHWM")]
    return int(peak[0]) / 1024 if peak else 0.0


def own_memory_peak_mb() -> float:
    """The most memory that this process has had resident."""
    return memory_peak_mb(os.getpid())


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields is not None:
                found.setdefault(int(fields[1]), []).append(int(entry.name))
    return found


def _stat(process: int) -> list[str] | None:
    """The fields after the command's name; None when the process has gone."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return None


def _seconds(process: int) -> float | None:
    fields = _stat(process)
    # utime, stime, and the same of children that have ended and been waited for.
    return sum(int(field) for field in fields[11:15]) / _TICKS_PER_S if fields else None


def _part(process: int) -> str:
    try:
        command = Path(f"/proc/{process}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return "other"
    if "simulators" in command:
        return "simulator"
    return "postgres" if command.startswith(("postgres", "/")) and "postgres" in command else "other"


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that so many percent do not exceed; 0 where there is none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]
