"""`feiqian serve` and `feiqian worker`."""

import argparse
import sys
from datetime import datetime

import msgspec

from feiqian.app import run as house
from feiqian.app.contracts import contracts_of
from feiqian.app.databases import DatabaseUrls, open_database
from feiqian.app.sandbox import (
    REFUND_WITHIN_DAYS,
    STAFF,
    SandboxPlaces,
    SandboxState,
    contracts_in,
    offset_now,
    open_simulators,
    read_state,
    set_up,
)
from feiqian.app.services import Services, open_services
from feiqian.cli.running import run
from feiqian.infra.migrations import migrate
from feiqian.infra.settings import Settings
from feiqian.kernel.calendar import ZONE
from feiqian.kernel.clock import SystemClock


def serve(settings: Settings, arguments: argparse.Namespace) -> int:
    """Run the faces; in the sandbox with a simulated channel, else with the configured one."""
    with open_database(settings) as urls:
        migrate(urls.admin_url)
        if arguments.sandbox:
            _serve_sandbox(settings, urls)
        else:
            run(_serve(settings, urls))
    return 0


def work(settings: Settings, _: argparse.Namespace) -> int:
    """Work off jobs, ask channels, deliver webhooks, close days."""
    with open_database(settings) as urls:
        run(_work(settings, urls))
    return 0


async def _serve(settings: Settings, urls: DatabaseUrls) -> None:
    clock = SystemClock(offset_now(read_state(settings.data_dir)))
    async with open_services(
        settings=settings, urls=urls, clock=clock, contracts=contracts_of(settings)
    ) as services:
        print(f"Console  {settings.base_url}/console/", file=sys.stderr)
        await house.serve(services)


async def _work(settings: Settings, urls: DatabaseUrls) -> None:
    async with open_services(
        settings=settings, urls=urls, clock=SystemClock(), contracts=contracts_of(settings)
    ) as services:
        await house.work(services)


def _serve_sandbox(settings: Settings, urls: DatabaseUrls) -> None:
    settings = msgspec.structs.replace(settings, refund_within_days=REFUND_WITHIN_DAYS)
    offset = offset_now(read_state(settings.data_dir))
    with open_simulators(settings.data_dir, offset=offset) as places:
        run(_serve_with(settings, urls, SystemClock(offset), places))


async def _serve_with(
    settings: Settings, urls: DatabaseUrls, clock: SystemClock, places: SandboxPlaces
) -> None:
    async with open_services(
        settings=settings,
        urls=urls,
        clock=clock,
        contracts=contracts_in(places),
        sandbox=places,
    ) as services:
        state = await set_up(services.database, settings.data_dir, clock.now())
        _greet(services, places, state, clock.now())
        await house.serve(services)


def _greet(services: Services, places: SandboxPlaces, state: SandboxState, now: datetime) -> None:
    base_url = services.settings.base_url
    lines = [
        "",
        f"  Console           {base_url}/console/",
        *(f"  sign in           {email}  {state.password}   ({role.value})" for email, _, role in STAFF),
        f"  Partner API       {base_url}/schema  (OpenAPI 3.1)",
        f"  API key           {state.api_key}",
        *(f"  buyer's side of   {places.url(kind)}/phone   ({kind.value})" for kind in places.addresses),
        f"  The sandbox's day {now.astimezone(ZONE):%Y-%m-%d %H:%M} (Asia/Shanghai)",
        "",
        "  Ctrl-C ends it; the state stays in " + str(services.settings.data_dir),
        "",
    ]
    print("\n".join(lines), file=sys.stderr, flush=True)
