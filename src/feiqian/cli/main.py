"""`feiqian`: every command with its help."""

import argparse
import asyncio
import sys
from datetime import date
from pathlib import Path
from typing import Any

import feiqian
from feiqian.app.contracts import KeyFileUnreadable
from feiqian.app.databases import open_database
from feiqian.app.sandbox import SANDBOX_CONTRACTS, SandboxFailed
from feiqian.cli import benches, connecting, ledger, ledger_import, serving, setting_up, simulating, story
from feiqian.demo import DirectoryInUse, OrdersFileError, StoryError
from feiqian.infra.logs import configure_logs
from feiqian.infra.migrations import migrate
from feiqian.infra.postgres import PostgresFailed
from feiqian.infra.settings import Settings, SettingsInvalid, load_settings
from feiqian.infra.vault import SecretUnreadable, VaultKeyUnusable
from feiqian.kernel.errors import Refusal
from feiqian.members import Role, Scope

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

DESCRIPTION = """Feiqian (飞钱): payments, one ledger, settlement, books and credit on your own servers.

Settings come from the environment (FEIQIAN_DATA_DIR, FEIQIAN_DATABASE_URL, FEIQIAN_PORT …) or from the TOML file that
FEIQIAN_CONFIG names; docs/operating lists them all."""


def _migrate(settings: Settings, _: argparse.Namespace) -> int:
    with open_database(settings) as urls:
        migrate(urls.admin_url)
    print("The schema is up to date.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="feiqian", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"feiqian {feiqian.__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    command = commands.add_parser("serve", help="run the console, the partner API and the cashier")
    command.add_argument(
        "--sandbox",
        action="store_true",
        help="with simulated channels, on the clock where the demo ended",
    )
    command.set_defaults(run=serving.serve)

    command = commands.add_parser("worker", help="work off jobs and close days, apart from `serve`")
    command.set_defaults(run=serving.work)

    command = commands.add_parser("migrate", help="bring the database schema to this version")
    command.set_defaults(run=_migrate)

    _add_setup(commands)
    _add_demo(commands)

    command = commands.add_parser("simulate", help="run a protocol-true stand-in for a channel")
    channels = command.add_subparsers(metavar="CHANNEL", required=True)
    for kind, port in simulating.PORTS.items():
        command = channels.add_parser(
            kind.value, help=f"{SANDBOX_CONTRACTS[kind].name}, with the buyer's side"
        )
        command.add_argument("--port", type=int, default=port, help=f"port on loopback (default {port})")
        command.set_defaults(run=simulating.simulate, kind=kind)

    connecting.add(commands)
    _add_ledger(commands)
    _add_bench(commands)
    return parser


def _month(text: str) -> date:
    return date.fromisoformat(f"{text}-01")


def _add_ledger(commands: Any) -> None:
    command = commands.add_parser("ledger", help="look after the ledger")
    actions = command.add_subparsers(metavar="ACTION", required=True)
    command = actions.add_parser(
        "verify",
        help="recompute every balance and every seal; exit 1 and name the rows at fault on a difference",
    )
    command.add_argument("--jobs", type=int, metavar="N", help="connections at work (default: one a core)")
    command.add_argument("--json", action="store_true", help="one JSON object on the last line")
    command.add_argument(
        "--archive", type=Path, metavar="DIR", help="check the archive's files in this directory too"
    )
    command.set_defaults(run=ledger.verify)
    command = actions.add_parser("seal", help="seal now what was posted since the last block")
    command.set_defaults(run=ledger.seal)
    command = actions.add_parser(
        "proof", help="write a signed proof of a period, for whoever checks our books"
    )
    command.add_argument("--book", required=True, help="such as platform or funder:<number>")
    command.add_argument("--from", dest="first", required=True, type=date.fromisoformat, metavar="DATE")
    command.add_argument("--through", dest="last", required=True, type=date.fromisoformat, metavar="DATE")
    command.add_argument("--output", required=True, type=Path, metavar="FILE")
    command.add_argument(
        "--with-legs", action="store_true", help="every movement too, not the counters alone"
    )
    command.set_defaults(run=ledger.proof)
    command = actions.add_parser(
        "archive", help="move whole months, sealed and checked, into Parquet files; needs the admin role"
    )
    command.add_argument("--through", required=True, type=_month, metavar="YYYY-MM")
    command.add_argument(
        "--directory", type=Path, metavar="DIR", help="default: archive in the data directory"
    )
    command.set_defaults(run=ledger.archive)
    command = actions.add_parser("check-proof", help="check a proof; needs no database")
    command.add_argument("file", type=Path)
    command.add_argument(
        "--public-key", required=True, metavar="KEY", help="64 hex digits, or the name of a PEM file"
    )
    command.set_defaults(run=ledger.check_proof_file)
    ledger_import.add(actions)


def _add_setup(commands: Any) -> None:
    command = commands.add_parser("setup", help="register platforms, API keys, staff and funders")
    kinds = command.add_subparsers(metavar="WHAT", required=True)
    command = kinds.add_parser("platform", help="a business that runs its trade on us")
    command.add_argument("name")
    command.add_argument(
        "--webhook-url", metavar="URL", help="where its events are delivered; a new secret is shown"
    )
    command.set_defaults(run=setting_up.platform)
    command = kinds.add_parser("api-key", help="a key of the partner API, shown once")
    command.add_argument("platform", help="the platform's name")
    command.add_argument("--label", default="default", help="a new key replaces the one of the same label")
    command.add_argument(
        "--scope",
        action="append",
        default=[],
        choices=[scope.value for scope in Scope],
        help="default: every scope",
    )
    command.set_defaults(run=setting_up.api_key)
    command = kinds.add_parser("staff", help="a person who signs in to the console")
    command.add_argument("email")
    command.add_argument("--name", required=True)
    command.add_argument("--role", required=True, choices=[role.value for role in Role])
    command.set_defaults(run=setting_up.staff)
    command = kinds.add_parser("funder", help="who lends")
    command.add_argument("number")
    command.add_argument("name")
    command.set_defaults(run=setting_up.funder)


def _add_demo(commands: Any) -> None:
    command = commands.add_parser(
        "demo",
        help="replay trade day by day through the API and the simulator",
        description="Replays trade on a clock of its own: payments, refunds, settlement, bills, vouchers, loans. The state"
        " stays in the data directory; `feiqian serve --sandbox` shows it. A run that was stopped goes on.",
    )
    command.add_argument(
        "--orders", type=Path, metavar="FILE", help="orders as csv or csv.xz in the Online Retail format"
    )
    command.add_argument(
        "--days",
        type=int,
        metavar="N",
        help="the first N dates with trade (default: all of a file, 7 without)",
    )
    command.add_argument(
        "--seed", type=int, default=1, help="of the generated trade, without --orders (default 1)"
    )
    command.add_argument(
        "--first-date", type=date.fromisoformat, help="of the generated trade, such as 2026-11-01"
    )
    command.add_argument(
        "--fresh", action="store_true", help="forget what the data directory holds and begin anew"
    )
    command.add_argument("--json", action="store_true", help="one JSON object on the last line")
    command.set_defaults(run=story.demo)


def _add_bench(commands: Any) -> None:
    command = commands.add_parser(
        "bench",
        help="measure this machine: the ledger, payments through the whole loop, routing, and the replay",
    )
    command.add_argument(
        "what",
        choices=("ledger", "payments", "replay", "routing"),
        help="ledger: batches and single calls; payments: create, callback, posted; replay: days of an orders file;"
        " routing: decisions by 200 rules over 20 channels",
    )
    command.add_argument(
        "--seconds", type=float, default=20, help="how long to measure, each scenario (default 20)"
    )
    command.add_argument(
        "--clients", type=int, default=32, help="payments: how many buyers at once (default 32)"
    )
    command.add_argument(
        "--scenario", default="", metavar="PART", help="ledger: only those with this in their name"
    )
    command.add_argument(
        "--entries",
        type=int,
        default=0,
        metavar="N",
        help="ledger: entries in the table before it begins (default 0)",
    )
    command.add_argument(
        "--rate",
        type=float,
        default=2_000,
        metavar="R",
        help="ledger: single calls offered a second (default 2000)",
    )
    command.add_argument("--against", choices=("pgledger",), help="ledger: measure another beside it")
    command.add_argument(
        "--sql",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="ledger: its SQL, in order of loading",
    )
    command.add_argument("--orders", type=Path, metavar="FILE", help="replay: the orders file")
    command.add_argument("--days", type=int, metavar="N", help="replay: the first N dates (default all)")
    command.add_argument("--json", action="store_true", help="one JSON object on the last line")
    command.set_defaults(run=benches.bench)


def main() -> None:
    """Entry point of the `feiqian` command."""
    arguments = _parser().parse_args()
    try:
        settings = load_settings()
        configure_logs(settings.log_format)
        sys.exit(arguments.run(settings, arguments))
    except SettingsInvalid as error:
        print(f"feiqian: {error}", file=sys.stderr)
        sys.exit(EXIT_USAGE)
    except Refusal as refusal:
        print(f"feiqian: {refusal.sentence('en')}", file=sys.stderr)
        sys.exit(EXIT_FAILED)
    except (
        PostgresFailed,
        KeyFileUnreadable,
        SandboxFailed,
        DirectoryInUse,
        OrdersFileError,
        StoryError,
        VaultKeyUnusable,
        SecretUnreadable,
    ) as error:
        print(f"feiqian: {error}", file=sys.stderr)
        sys.exit(EXIT_FAILED)
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(EXIT_INTERRUPTED)
