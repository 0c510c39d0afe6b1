"""The demo is killed with SIGKILL again and again, at any moment, alone or with all that it runs on, and goes on.

What it adds up to in the end is what an undisturbed run adds up to, and every invariant of every domain holds.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest

from feiqian.demo.generate import Shape, orders_text
from feiqian.infra.postgres import EmbeddedPostgres

SHAPE = Shape(seed=7, days=5, orders_a_day=15)
"""78 invoices: enough trade for loans, few enough to be quick."""
VICTIMS = ("process", "everything", "group", "process", "everything")
"""Who is killed: the story's process; its simulator too; PostgreSQL as well."""
PATIENCE_S = 120


class Telling:
    """A story in a directory of its own, told by a process of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "data"
        self.directory.mkdir()
        self.directory.chmod(0o755)
        self.orders = directory / "orders.csv"
        self.orders.write_text(orders_text(SHAPE))
        self._errors = directory / "errors.txt"
        self._admin_url = EmbeddedPostgres(self.directory).admin_url

    def begin(self, *arguments: str) -> "subprocess.Popen[str]":
        """Run `feiqian` in a process group of its own."""
        with self._errors.open("ab") as errors:
            return subprocess.Popen(
                [sys.executable, "-m", "feiqian.cli", *arguments],
                env={**os.environ, "FEIQIAN_DATA_DIR": str(self.directory)},
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )

    def tell(self) -> "subprocess.Popen[str]":
        return self.begin("demo", "--orders", str(self.orders), "--json")

    def finish(self, *arguments: str) -> dict[str, Any]:
        """Run `feiqian` to its end; the JSON object on its last line."""
        process = self.begin(*arguments) if arguments else self.tell()
        output, _ = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, self.errors
        return json.loads(output.splitlines()[-1])

    @property
    def errors(self) -> str:
        """What was said last."""
        return self._errors.read_text()[-4000:]

    def facts(self) -> int | None:
        """How much is recorded: events and postings; None while there is nobody to ask."""
        with contextlib.suppress(psycopg.Error), psycopg.connect(self._admin_url, connect_timeout=2) as admin:
            row = admin.execute(
                "SELECT (SELECT count(*) FROM payments.event) + (SELECT count(*) FROM ledger.transaction)"
            ).fetchone()
            return row[0] if row else None
        return None

    def wait_for_cluster(self, process: "subprocess.Popen[str]") -> None:
        """Until the database is being made."""
        deadline = time.monotonic() + PATIENCE_S
        while not (self.directory / "postgres.new").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def wait(self, process: "subprocess.Popen[str]", facts: int) -> int:
        """Until so many facts are recorded, or the process has ended; how many there are."""
        deadline = time.monotonic() + PATIENCE_S
        seen = 0
        while process.poll() is None and seen < facts:
            assert time.monotonic() < deadline, f"{seen} of {facts} facts"
            seen = self.facts() or 0
        return seen

    def kill(self, process: "subprocess.Popen[str]", victims: str) -> None:
        """End them without a word."""
        if victims == "everything":
            with contextlib.suppress(OSError, ValueError, IndexError):
                pid = int((self.directory / "postgres" / "postmaster.pid").read_text().split()[0])
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            (os.kill if victims == "process" else os.killpg)(process.pid, signal.SIGKILL)
        process.communicate(timeout=PATIENCE_S)


@pytest.fixture
def calm(public_dir: Path) -> dict[str, Any]:
    """What an undisturbed run adds up to."""
    (public_dir / "calm").mkdir(mode=0o755)
    return Telling(public_dir / "calm").finish()


class TestAStoryThatIsKilledOverAndOver:
    @pytest.mark.timeout(300)
    def test_adds_up_to_what_it_would_have_been(self, public_dir: Path, calm: dict[str, Any]) -> None:
        # The story has all that may be lost: payments, refunds, settlements, bills, loans and what they repaid.
        assert calm["payments"] > 50
        assert min(calm["refunds"], calm["settled"], calm["lent"], calm["repaid"], calm["vouchers"]) > 0
        assert calm["bill_lines"] == calm["matched"] == calm["payments"] + calm["refunds"]
        channels: dict[str, dict[str, int]] = calm["by_channel"]
        assert sorted(channels) == ["alipay", "unionpay", "wechatpay"]
        for channel in channels.values():
            assert min(channel["payments"], channel["refunds"]) > 0
            assert channel["bill_lines"] == channel["matched"] == channel["payments"] + channel["refunds"]
        for key in ("payments", "paid", "refunds", "refunded", "bill_lines", "matched"):
            assert sum(channel[key] for channel in channels.values()) == calm[key]
        (public_dir / "storm").mkdir(mode=0o755)
        telling, dice = Telling(public_dir / "storm"), Random(20101201)
        process = telling.tell()
        telling.wait_for_cluster(process)
        telling.kill(process, "group")
        assert process.returncode == -signal.SIGKILL
        seen = 0
        for victims in VICTIMS:
            process = telling.tell()
            # Spread over the story, and a little further than any fixed place in it.
            seen = telling.wait(process, seen + dice.randrange(10, 70))
            time.sleep(dice.random() * 0.05)
            telling.kill(process, victims)
            assert process.returncode == -signal.SIGKILL, telling.errors
        assert seen > 0
        stormy = telling.finish()
        assert {**stormy, "seconds": 0} == {**calm, "seconds": 0}
        verified = telling.finish("ledger", "verify", "--json")
        assert (verified["verified"], verified["transactions"]) == (True, calm["ledger_transactions"])
