"""The sandbox: simulated channels as processes of their own, and what the story leaves for people to sign in with."""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO

import msgspec

from feiqian.app.contracts import Contract
from feiqian.channels import (
    ChannelKind,
    alipay_config_from_sandbox,
    config_from_sandbox,
    unionpay_config_from_sandbox,
)
from feiqian.connections import Cost
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
"""The story reaches back a little more than a year, which the real channels would refuse."""
_REFUND_WITHIN = ("--refund-within-days", str(REFUND_WITHIN_DAYS))
SIMULATOR_OPTIONS: Mapping[ChannelKind, tuple[str, ...]] = {
    ChannelKind.WECHATPAY: _REFUND_WITHIN,
    ChannelKind.ALIPAY: _REFUND_WITHIN,
    ChannelKind.UNIONPAY: _REFUND_WITHIN,
}
"""What a simulator is told besides where its place is."""


class SandboxContract(msgspec.Struct, frozen=True):
    """How the sandbox is connected to a simulator."""

    name: str
    config: Callable[[Path, str], msgspec.Struct]
    """From the simulator's credentials and its address."""
    cost: Cost


SANDBOX_CONTRACTS: Mapping[ChannelKind, SandboxContract] = {
    ChannelKind.WECHATPAY: SandboxContract(
        "微信支付 WeChat Pay", config_from_sandbox, Cost(rate=Decimal("0.0038"))
    ),
    ChannelKind.ALIPAY: SandboxContract(
        "支付宝 Alipay", alipay_config_from_sandbox, Cost(rate=Decimal("0.006"))
    ),
    ChannelKind.UNIONPAY: SandboxContract(
        "银联在线 UnionPay", unionpay_config_from_sandbox, Cost(rate=Decimal("0.006"))
    ),
}
SIMULATED = tuple(SANDBOX_CONTRACTS)
"""What a sandbox runs."""


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


class SandboxPlaces(msgspec.Struct, frozen=True, kw_only=True):
    """Where the simulators answer."""

    data_dir: Path
    """In which each keeps its credentials and books."""
    addresses: Mapping[ChannelKind, tuple[str, ...]]
    """Of each that runs: ``http://…``, and other places where it has some."""

    def url(self, kind: ChannelKind) -> str:
        """The web address of one that runs."""
        return self.addresses[kind][0]


@contextmanager
def open_simulators(
    data_dir: Path, kinds: Sequence[ChannelKind] = SIMULATED, *, offset: timedelta = timedelta()
) -> Generator[SandboxPlaces]:
    """Run simulators, each a process of its own, for as long as the context lasts.

    Raises: SandboxFailed.
    """
    log_path = data_dir / "simulator.log"
    with ExitStack() as stack:
        log = stack.enter_context(log_path.open("ab"))
        # All are started before the first is waited for.
        processes = {kind: stack.enter_context(_process(kind, data_dir, offset, log)) for kind in kinds}
        addresses: dict[ChannelKind, tuple[str, ...]] = {}
        for kind, process in processes.items():
            assert process.stdout is not None
            ready, *places = process.stdout.readline().split() or [""]
            if ready != "ready" or not places:
                raise SandboxFailed(f"The simulator of {kind.value} did not start; see {log_path}.")
            addresses[kind] = tuple(places)
        yield SandboxPlaces(data_dir=data_dir, addresses=addresses)


@contextmanager
def _process(
    kind: ChannelKind, data_dir: Path, offset: timedelta, log: BinaryIO
) -> Generator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [
            sys.executable, "-m", f"feiqian.simulators.{kind.value}",
            "--port", "0", "--data-dir", str(data_dir), "--clock-offset-s", str(offset.total_seconds()),
            *SIMULATOR_OPTIONS.get(kind, ()),
        ],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
        preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - a bare prctl, no Python state is touched
    )  # fmt: skip
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def contracts_in(places: SandboxPlaces) -> list[Contract]:
    """A connection to each simulator, with the credentials that it made."""
    return [_contract(kind, places) for kind in places.addresses]


def _contract(kind: ChannelKind, places: SandboxPlaces) -> Contract:
    credentials = places.data_dir / f"{kind.value}-sandbox" / "credentials.json"
    given = SANDBOX_CONTRACTS[kind]
    return Contract(
        code=kind.value,
        kind=kind,
        name=given.name,
        config=given.config(credentials, places.url(kind)),
        cost=given.cost,
    )
