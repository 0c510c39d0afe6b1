"""`feiqian setup`: platforms, their keys, people and funders. Every command may be given again."""

import argparse
import getpass
import sys
from collections.abc import Awaitable, Callable

from feiqian.app.databases import DatabaseUrls, open_database
from feiqian.cli.running import run
from feiqian.infra.database import Database, Transaction
from feiqian.infra.settings import Settings
from feiqian.kernel.clock import SystemClock
from feiqian.lending import register_funder
from feiqian.members import (
    Role,
    Scope,
    issue_api_key,
    platform_of_name,
    register_platform,
    register_staff,
    set_webhook,
)
from feiqian.openapi import follow_members, new_secret

Step = Callable[[Transaction], Awaitable[str]]


def platform(settings: Settings, arguments: argparse.Namespace) -> int:
    """Register a platform; with an address, its events are delivered there, signed with a new secret."""

    async def step(tx: Transaction) -> str:
        now = SystemClock().now()
        id = await register_platform(tx, now=now, name=arguments.name)
        if arguments.webhook_url is None:
            return f"Platform {arguments.name} is registered."
        secret = new_secret()
        await set_webhook(tx, now=now, platform=id, url=arguments.webhook_url, secret=secret)
        return f"Platform {arguments.name} is registered; its events are signed with {secret}\nKeep it: it is shown once."

    return _run(settings, step)


def api_key(settings: Settings, arguments: argparse.Namespace) -> int:
    """Issue an API key; the one issued before under the same label stops working within half a minute."""
    scopes = [Scope(name) for name in arguments.scope] or list(Scope)

    async def step(tx: Transaction) -> str:
        found = await platform_of_name(tx, name=arguments.platform)
        key = await issue_api_key(
            tx, now=SystemClock().now(), platform=found.id, label=arguments.label, scopes=scopes
        )
        return f"{key}\nKeep it: it is shown once."

    return _run(settings, step)


def staff(settings: Settings, arguments: argparse.Namespace) -> int:
    """Add a member of staff, or set a new password for one. The password is asked for, or read from a pipe."""
    password = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")

    async def step(tx: Transaction) -> str:
        await register_staff(
            tx,
            now=SystemClock().now(),
            email=arguments.email,
            name=arguments.name,
            role=Role(arguments.role),
            password=password,
        )
        return f"{arguments.email} may sign in."

    return _run(settings, step)


def funder(settings: Settings, arguments: argparse.Namespace) -> int:
    """Register a funder; its deposits are booked over the API when the money has arrived."""

    async def step(tx: Transaction) -> str:
        await register_funder(tx, now=SystemClock().now(), funder_no=arguments.number, name=arguments.name)
        return f"Funder {arguments.number} is registered."

    return _run(settings, step)


def _run(settings: Settings, step: Step) -> int:
    with open_database(settings) as urls:
        print(run(_in_transaction(settings, urls, step)))
    return 0


async def _in_transaction(settings: Settings, urls: DatabaseUrls, step: Step) -> str:
    async with Database(urls.url, cell=settings.cell) as database:
        follow_members(database.events)
        return await database.run(step)
