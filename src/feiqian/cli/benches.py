"""`feiqian bench`."""

import argparse
import sys

import msgspec

from feiqian.app.run import free_port
from feiqian.bench import BenchFailed, bench_payments, bench_replay
from feiqian.cli.running import run
from feiqian.infra.settings import Settings


def bench(_: Settings, arguments: argparse.Namespace) -> int:
    """Measure, print a table, and with --json one object on the last line."""
    try:
        if arguments.what == "payments":
            result = run(
                bench_payments(seconds=arguments.seconds, clients=arguments.clients, port=free_port())
            )
        else:
            result = bench_replay(orders=arguments.orders, days=arguments.days)
    except BenchFailed as error:
        print(f"feiqian bench: {error}", file=sys.stderr)
        return 1
    for name, value in msgspec.to_builtins(result).items():
        shown = (
            ", ".join(f"{part} {amount}" for part, amount in value.items())
            if isinstance(value, dict)
            else value
        )
        print(f"{name:<22} {shown}")
    if arguments.json:
        print(msgspec.json.encode(result).decode())
    return 0
