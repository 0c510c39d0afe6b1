"""A simulator's process: its arguments, its start, its ready line, its end."""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import uvloop
from aiohttp import web

from feiqian.simulators.kit.books import InUse, OtherVersion
from feiqian.simulators.kit.clock import ClockSetting
from feiqian.simulators.kit.sandbox import Sandbox


def parser(*, name: str, description: str, port: int) -> argparse.ArgumentParser:
    """The arguments that every simulator takes; the simulator adds its own."""
    made = argparse.ArgumentParser(prog=f"python -m feiqian.simulators.{name}", description=description)
    made.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    made.add_argument("--port", type=int, default=port, help=f"port to listen on, 0 for any (default {port})")
    made.add_argument(
        "--data-dir",
        type=Path,
        required=True,
        help=f"directory in which {name}-sandbox/ keeps the credentials and the books",
    )
    clock = made.add_mutually_exclusive_group()
    clock.add_argument(
        "--clock-offset-s", type=float, help="run this many seconds ahead of the system's time"
    )
    clock.add_argument(
        "--clock", type=_moment, help="stand at this moment, such as 2010-12-01T08:00:00+08:00"
    )
    return made


def clock_setting(options: argparse.Namespace) -> ClockSetting | None:
    """What the command line says about the clock; None when it goes on as it was last told."""
    if options.clock is not None:
        return ClockSetting(now=options.clock)
    return None if options.clock_offset_s is None else ClockSetting(offset_s=options.clock_offset_s)


def run(serving: Callable[[], Coroutine[Any, Any, None]]) -> int:
    """Run until SIGTERM or SIGINT; returns the process's exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serving())
    except (InUse, OtherVersion, OSError) as error:
        sys.stderr.write(f"cannot start: {error}\n")
        return 1
    return 0


async def serve(
    app: web.Application,
    sandbox: Sandbox,
    options: argparse.Namespace,
    *,
    workers: Sequence[Coroutine[Any, Any, None]] = (),
    listeners: Sequence[Callable[[], Awaitable[asyncio.Server]]] = (),
) -> None:
    """Listen until SIGTERM or SIGINT, then close the books.

    Prints ``ready http://host:port`` once requests are taken, followed by one ``tcp://host:port`` for each of
    ``listeners`` that are not HTTP. ``workers`` run for as long; callbacks and the folding of the books do so without
    being named. A worker that fails ends the process with its exception.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    running = [asyncio.create_task(worker) for worker in (sandbox.books.fold_forever(), *workers)]
    stopped = asyncio.create_task(stop.wait())
    servers: list[asyncio.Server] = []
    try:
        await web.TCPSite(runner, options.host, options.port, backlog=512).start()
        servers += [await listen() for listen in listeners]
        places = [f"http://{options.host}:{runner.addresses[0][1]}"]
        places += [f"tcp://{options.host}:{server.sockets[0].getsockname()[1]}" for server in servers]
        sys.stdout.write(f"ready {' '.join(places)}\n")
        sys.stdout.flush()
        await asyncio.wait([stopped, *running], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for server in servers:
            server.close()
        await runner.cleanup()
        for task in (stopped, *running):
            task.cancel()
        ends = await asyncio.gather(*running, return_exceptions=True)
        sandbox.books.close()
    for end in ends:
        if isinstance(end, Exception):
            raise end


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"not a moment: {text}") from error
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError("needs a zone, such as Z or +08:00")
    return moment
