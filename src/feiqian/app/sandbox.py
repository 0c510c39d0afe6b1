"""The sandbox: a simulated channel as a process of its own, and what the story leaves for people to sign in with."""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from feiqian.channels import WechatPayConfig, config_from_sandbox
from feiqian.infra.children import die_with_parent
from feiqian.infra.database import Database
from feiqian.kernel.clock import SystemClock
from feiqian.lending import register_funder
from feiqian.members import Role, Scope, issue_api_key, register_platform, register_staff

PLATFORM_NAME = "锦程批发 Jincheng Wholesale"
FUNDER_NO = "bank-a"
FUNDER_NAME = "甲银行 Bank A"
STAFF = (
    ("admin@feiqian.dev", "管理员 Admin", Role.ADMIN),
    ("finance@feiqian.dev", "财务 Finance", Role.FINANCE),
    ("operations@feiqian.dev", "运营 Operations", Role.OPERATIONS),
)
REFUND_WITHIN_DAYS = 400
"""The story reaches back a little more than a year, which the real WeChat Pay would refuse."""


class SandboxFailed(Exception):
    """The simulator did not start; the message says why."""


class SandboxState(msgspec.Struct, kw_only=True):
    """Kept in the data directory, readable by its owner only."""

    api_key: str
    password: str
    """Of every sandbox member of staff."""
    offset_s: float | None = None
    """How far the sandbox's clock is from the machine's; None while a story has its own clock."""


def state_path(data_dir: Path) -> Path:
    """Where the sandbox's state is kept."""
    return data_dir / "sandbox.json"


def read_state(data_dir: Path) -> SandboxState | None:
    """The sandbox of a data directory; None where there is none."""
    path = state_path(data_dir)
    return msgspec.json.decode(path.read_bytes(), type=SandboxState) if path.exists() else None


def write_state(data_dir: Path, state: SandboxState) -> None:
    """Replace the state whole, so that a kill leaves the old or the new."""
    path = state_path(data_dir)
    new = path.with_suffix(".new")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(state)))
    new.replace(path)


async def set_up(database: Database, data_dir: Path, now: datetime) -> SandboxState:
    """A platform, its API key, people and a funder; again changes nothing."""
    state = read_state(data_dir)
    platform = await database.run(lambda tx: register_platform(tx, now=now, name=PLATFORM_NAME))
    await database.run(lambda tx: register_funder(tx, now=now, funder_no=FUNDER_NO, name=FUNDER_NAME))
    if state is not None:
        return state
    password = secrets.token_urlsafe(9)
    for email, name, role in STAFF:
        await database.run(
            lambda tx, email=email, name=name, role=role: register_staff(
                tx, now=now, email=email, name=name, role=role, password=password
            )
        )
    key = await database.run(
        lambda tx: issue_api_key(tx, now=now, platform=platform, label="sandbox", scopes=tuple(Scope))
    )
    state = SandboxState(api_key=key, password=password)
    write_state(data_dir, state)
    return state


def offset_now(state: SandboxState | None) -> timedelta:
    """How far the sandbox's clock is from the machine's."""
    return timedelta(seconds=state.offset_s or 0) if state else timedelta()


def offset_of(moment: datetime) -> float:
    """The offset, in seconds, of a clock that shows ``moment`` now."""
    return (moment - SystemClock().now()).total_seconds()


@contextmanager
def open_simulator(data_dir: Path, *, port: int = 0, offset: timedelta = timedelta()) -> Generator[str]:
    """Run the WeChat Pay simulator for as long as the context lasts; gives its address.

    Raises: SandboxFailed.
    """
    log_path = data_dir / "simulator.log"
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            [
                sys.executable, "-m", "feiqian.simulators.wechatpay",
                "--port", str(port), "--data-dir", str(data_dir),
                "--clock-offset-s", str(offset.total_seconds()),
                "--refund-within-days", str(REFUND_WITHIN_DAYS),
            ],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
            preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - a bare prctl, no Python state is touched
        )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline().split()
        if len(line) != 2 or line[0] != "ready":
            raise SandboxFailed(f"The WeChat Pay simulator did not start; see {log_path}.")
        yield line[1]
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def sandbox_wechatpay(data_dir: Path, url: str) -> WechatPayConfig:
    """The credentials that the simulator made."""
    return config_from_sandbox(data_dir / "wechatpay-sandbox" / "credentials.json", url)
