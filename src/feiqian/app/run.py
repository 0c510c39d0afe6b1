"""Running a house: the server, the worker, and both together with a simulated channel."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import structlog

from feiqian.app.server import build
from feiqian.app.services import Services
from feiqian.app.standing import expire_holds_forever, watch_invariants_forever
from feiqian.infra.server import Server
from feiqian.ledger import seal_forever
from feiqian.payments import check_forever

log = structlog.get_logger(__name__)

CHECK_EVERY_S = 1.0
WEBHOOKS_EVERY_S = 1.0
HOLDS_EVERY_S = 5.0
DAYS_EVERY_S = 15.0
FOLLOW_EVERY_S = 1.0
COUNT_EVERY_S = 5.0
FORGET_EVERY_S = 3600.0


@asynccontextmanager
async def in_background(*works: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
    """Run the works until the context ends; one that ends by itself is a defect and is raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def worker_parts(services: Services, *, with_days: bool) -> list[Coroutine[Any, Any, None]]:
    """What a worker does: jobs, questions to the channel, webhooks, holds, seals, and the days that are due."""
    parts: list[Coroutine[Any, Any, None]] = [
        services.jobs.work(),
        services.router.forget_forever(every_s=FORGET_EVERY_S),
        check_forever(services.gateway, every_s=CHECK_EVERY_S),
        services.webhooks.deliver_forever(every_s=WEBHOOKS_EVERY_S),
        expire_holds_forever(services.database, services.clock, every_s=HOLDS_EVERY_S),
    ]
    if services.settings.seal_every_s:
        parts.append(
            seal_forever(services.database, clock=services.clock, every_s=services.settings.seal_every_s)
        )
    if with_days:
        parts.append(services.days.run_forever(every_s=DAYS_EVERY_S))
    return parts


def following(services: Services) -> list[Coroutine[Any, Any, None]]:
    """What every process does: it sees within a second what was changed of connections, rules and breakers."""
    return [
        services.live.follow_forever(every_s=FOLLOW_EVERY_S),
        services.router.refresh_forever(every_s=FOLLOW_EVERY_S),
        services.channels.count_forever(services.database, services.clock, every_s=COUNT_EVERY_S),
    ]


def watching(services: Services, *, checking: bool) -> Coroutine[Any, Any, None]:
    """Who serves shows what the last check of the invariants found; only a worker checks."""
    every_s = services.settings.invariants_every_s if checking else 0
    return watch_invariants_forever(services.standing, services.clock, every_s=every_s)


async def work(services: Services) -> None:
    """`feiqian worker`: until cancelled."""
    async with in_background(
        *following(services), *worker_parts(services, with_days=True), watching(services, checking=True)
    ):
        await asyncio.Event().wait()


async def serve(services: Services) -> None:
    """`feiqian serve`: until SIGINT or SIGTERM."""
    settings = services.settings
    server = Server(build(services), host=settings.host, port=settings.port, owns_signals=True)
    parts = worker_parts(services, with_days=True) if settings.worker_inside else []
    async with in_background(
        *following(services), *parts, watching(services, checking=settings.worker_inside)
    ):
        await server.serve()


@asynccontextmanager
async def serving(services: Services, *, with_days: bool) -> AsyncGenerator[str]:
    """Serve inside another program, on loopback, for as long as the context lasts; gives the address."""
    server = Server(build(services), host="127.0.0.1", port=services.settings.port, owns_signals=False)
    async with in_background(*following(services), *worker_parts(services, with_days=with_days)):
        task = asyncio.create_task(server.serve())
        try:
            while not server.started:
                if task.done():
                    task.result()
                    raise RuntimeError("the server ended while starting")
                await asyncio.sleep(0.01)
            yield f"http://127.0.0.1:{services.settings.port}"
        finally:
            server.should_exit = True
            await task


def free_port() -> int:
    """A port that nobody listens on now: callbacks need to know it before the server starts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
