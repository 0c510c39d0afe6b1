"""`feiqian bench`."""

import argparse
import sys
from collections.abc import Sequence

import msgspec

from feiqian.app.run import free_port
from feiqian.bench import (
    BenchFailed,
    LedgerTerms,
    bench_ledger,
    bench_payments,
    bench_replay,
    bench_routing,
)
from feiqian.cli.running import run
from feiqian.infra.settings import Settings


def bench(_: Settings, arguments: argparse.Namespace) -> int:
    """Measure, print a table, and with --json one object on the last line."""
    try:
        if arguments.what == "ledger":
            result = run(
                bench_ledger(
                    LedgerTerms(
                        name_part=arguments.scenario,
                        entries=arguments.entries,
                        seconds=arguments.seconds,
                        rate=arguments.rate,
                        port=free_port(),
                        pgledger=arguments.sql if arguments.against else (),
                    ),
                    say=_say,
                )
            )
            _print_scenarios(
                result.scenarios,
                (
                    "scenario",
                    "transactions_per_s",
                    "p50_ms",
                    "p99_ms",
                    "bytes_per_transaction",
                    "refused",
                    "dropped",
                ),
            )
        elif arguments.what == "payments":
            result = run(
                bench_payments(seconds=arguments.seconds, clients=arguments.clients, port=free_port())
            )
        elif arguments.what == "routing":
            result = bench_routing(seconds=arguments.seconds)
            _print_scenarios(
                result.scenarios, ("scenario", "decisions_per_s", "p50_ms", "p95_ms", "p99_ms", "routed")
            )
        else:
            result = bench_replay(orders=arguments.orders, days=arguments.days)
    except BenchFailed as error:
        print(f"feiqian bench: {error}", file=sys.stderr)
        return 1
    for name, value in msgspec.to_builtins(result).items():
        if isinstance(value, list):
            continue
        shown = (
            ", ".join(f"{part} {amount}" for part, amount in value.items())
            if isinstance(value, dict)
            else value
        )
        print(f"{name:<22} {shown}")
    if arguments.json:
        print(msgspec.json.encode(result).decode())
    return 0


def _print_scenarios(results: Sequence[object], columns: Sequence[str]) -> None:
    """A table: one row a scenario."""
    rows = [tuple(columns), *(tuple(_cell(getattr(result, name)) for name in columns) for result in results)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(columns))]
    for row in rows:
        print(
            "  ".join(
                cell.ljust(width) if place == 0 else cell.rjust(width)
                for place, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
        )


def _cell(value: object) -> str:
    return "–" if value is None else f"{value:,}" if isinstance(value, int | float) else str(value)


def _say(what: str) -> None:
    print(f"bench: {what}", file=sys.stderr, flush=True)
