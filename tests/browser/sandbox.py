"""A data directory with three days of trade, and `feiqian serve --sandbox` over it, as an operator starts them."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
DAYS = 3
FIRST_DATE, LAST_DATE, TODAY = "2026-11-01", "2026-11-03", "2026-11-04"
"""The trade's first and last business date, and the morning after, on which the server stands."""
READY_WITHIN_S = 60.0
COMMAND = [sys.executable, "-m", "feiqian.cli"]
OWN_BOOK = [sys.executable, "-m", "tests.console.wallets"]


class Refused(Exception):
    """The partner API answered with a problem."""


class Sandbox:
    """A running server, what it told its operator, and a partner's way in."""

    def __init__(self, *, url: str, data_dir: Path) -> None:
        state = json.loads((data_dir / "sandbox.json").read_bytes())
        self.url = url
        self.data_dir = data_dir
        self.summary: dict[str, Any] = json.loads((data_dir / "demo-summary.json").read_bytes())
        """What `feiqian demo --json` printed."""
        self.password: str = state["password"]
        self._api_key: str = state["api_key"]
        self._numbers = count(1)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """One call of the partner API.

        Raises: Refused.
        """
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._api_key}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise Refused(f"{method} {path}: {error.code} {error.read().decode()}") from None

    def merchant(self, merchant_no: str, name: str) -> Any:
        """A merchant of the platform."""
        return self.ask("POST", "/v1/merchants", {"merchant_no": merchant_no, "name": name})

    def payment(self, merchant_no: str, amount: int, description: str, **more: object) -> Any:
        """A new order of one merchant, with its cashier's address."""
        return self.ask(
            "POST",
            "/v1/payments",
            {
                "order_no": f"shop-{next(self._numbers):04d}",
                "amount": amount,
                "currency": "CNY",
                "description": description,
                "buyer": "陈小姐",
                "lines": [{"merchant_no": merchant_no, "amount": amount}],
                **more,
            },
        )


@contextmanager
def open_sandbox(data_dir: Path) -> Generator[Sandbox]:
    """Replay the trade, keep a book of the platform's own beside it, then serve both until the context ends."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FEIQIAN_")}
    environment |= {"FEIQIAN_DATA_DIR": str(data_dir), "FEIQIAN_PORT": str(port)}
    for command in ([*COMMAND, "demo", "--days", str(DAYS)], OWN_BOOK):
        told = subprocess.run(
            command,
            env=environment, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert told.returncode == 0, told.stderr
    log_path = data_dir / "serve.log"
    with log_path.open("wb") as log:
        server = subprocess.Popen(
            [*COMMAND, "serve", "--sandbox"],
            env=environment, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        url = f"http://localhost:{port}"
        await_server(server, url, log_path)
        yield Sandbox(url=url, data_dir=data_dir)
    finally:
        server.terminate()
        server.wait(timeout=30)


def await_server(server: subprocess.Popen[bytes], url: str, log_path: Path) -> None:
    """Until it answers."""
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until:
        assert server.poll() is None, f"the server ended: {log_path.read_text(encoding='utf-8')}"
        try:
            with urllib.request.urlopen(f"{url}/schema/openapi.json", timeout=5):
                return
        except urllib.error.URLError:
            time.sleep(0.05)
    raise AssertionError(f"the server did not answer within {READY_WITHIN_S:.0f} s")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
