"""`feiqian connections …` and `feiqian vault rotate`: channel connections without the console."""

import argparse
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from feiqian.app.databases import DatabaseUrls, open_database
from feiqian.app.sandbox import offset_now, read_state
from feiqian.cli.running import run
from feiqian.connections import (
    COMMAND_LINE,
    PROCEDURE,
    Connection,
    ConnectionDesk,
    Outcome,
    Version,
    VersionState,
    pause,
    read_connections,
    read_versions,
    resume,
    rewrap_credentials,
)
from feiqian.infra.database import Database, Transaction
from feiqian.infra.http import HttpClient
from feiqian.infra.settings import Settings
from feiqian.infra.vault import open_vault
from feiqian.kernel.clock import SystemClock
from feiqian.members import Approvals


def add(commands: Any) -> None:
    """The commands and their arguments."""
    command = commands.add_parser("connections", help="look after the connections to channels")
    actions = command.add_subparsers(metavar="ACTION", required=True)
    command = actions.add_parser("list", help="each with its state, weight, and when its credentials expire")
    command.set_defaults(run=show)
    for name, act, words in (
        ("pause", pause, "take no new payments; queries, refunds and notices go on"),
        ("resume", resume, "take new payments again"),
    ):
        command = actions.add_parser(name, help=words)
        command.add_argument("code", help="the connection's code")
        command.add_argument("--reason", required=True, help="kept in the connection's history")
        command.set_defaults(run=switch, act=act)
    command = actions.add_parser("probe", help="test credentials against the channel; exit 1 when it fails")
    command.add_argument("code", help="the connection's code")
    command.add_argument("--version", type=int, metavar="N", help="of its credentials (default: in force)")
    command.set_defaults(run=probe)
    command = commands.add_parser("vault", help="look after the master keys of what is sealed")
    actions = command.add_subparsers(metavar="ACTION", required=True)
    command = actions.add_parser(
        "rotate", help="make a new master key and wrap every secret's data key with it"
    )
    command.set_defaults(run=rotate)


def show(settings: Settings, _: argparse.Namespace) -> int:
    """List connections."""

    async def read(tx: Transaction) -> list[tuple[Connection, list[Version]]]:
        return [(each, await read_versions(tx, each.id)) for each in await read_connections(tx)]

    with open_database(settings) as urls:
        rows = run(_in_transaction(settings, urls, read))
    for connection, versions in rows:
        in_force = next((each for each in versions if each.state is VersionState.IN_FORCE), None)
        expires = f"{in_force.expires_at:%Y-%m-%d}" if in_force and in_force.expires_at else "-"
        print(
            f"{connection.code:<20} {connection.kind.value:<10} {connection.state.value:<8}"
            f" weight {connection.weight:<6} version {connection.in_force or '-':<4} expires {expires:<11}"
            f" {connection.name}"
        )
    print(f"{len(rows)} connections.")
    return 0


def switch(settings: Settings, arguments: argparse.Namespace) -> int:
    """Pause or resume; every process sees it within a second or two."""

    async def act(tx: Transaction) -> Connection:
        return await arguments.act(
            tx, now=_now(settings), actor=COMMAND_LINE, code=arguments.code, reason=arguments.reason
        )

    with open_database(settings) as urls:
        connection = run(_in_transaction(settings, urls, act))
    print(f"{connection.code} is {connection.state.value}.")
    return 0


def probe(settings: Settings, arguments: argparse.Namespace) -> int:
    """Test credentials against the channel."""
    with open_database(settings) as urls:
        version = run(_probe(settings, urls, arguments.code, arguments.version))
    said = f": {version.test_detail}" if version.test_detail else ""
    outcome = version.test_outcome or Outcome.UNKNOWN
    print(f"{arguments.code} version {version.number}: {outcome.value} in {version.test_ms} ms{said}")
    return 0 if outcome is Outcome.SUCCEEDED else 1


async def _probe(settings: Settings, urls: DatabaseUrls, code: str, number: int | None) -> Version:
    vault = open_vault(key_file=settings.vault_key_file, data_dir=settings.data_dir)
    approvals = Approvals()
    approvals.subscribe(PROCEDURE)
    async with Database(urls.url, cell=settings.cell) as database, HttpClient() as http:
        clock = SystemClock(offset_now(read_state(settings.data_dir)))
        desk = ConnectionDesk(database=database, vault=vault, http=http, clock=clock, approvals=approvals)
        return await desk.probe(COMMAND_LINE, code=code, number=number)


def rotate(settings: Settings, _: argparse.Namespace) -> int:
    """A new master key; the old one stays in the file for backups that need it."""
    vault = open_vault(key_file=settings.vault_key_file, data_dir=settings.data_dir)
    old = vault.current
    new = vault.add_key()
    with open_database(settings) as urls:
        count = run(_in_transaction(settings, urls, lambda tx: rewrap_credentials(tx, vault=vault)))
    print(f"{count} secrets are wrapped with master key {new}.")
    print(f"Master key {old} stays in the file: take its line away when no backup needs it any more.")
    return 0


def _now(settings: Settings) -> datetime:
    """Also in a sandbox, whose clock may be another than the machine's."""
    return SystemClock(offset_now(read_state(settings.data_dir))).now()


async def _in_transaction(
    settings: Settings, urls: DatabaseUrls, act: Callable[[Transaction], Awaitable[Any]]
) -> Any:
    async with Database(urls.url, cell=settings.cell) as database:
        return await database.run(act)
